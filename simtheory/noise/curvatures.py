r"""Curvatures: where the repaired score of a composition takes the precision of each expert from.

The repaired score is :math:`S = L^{-1}\sum_i w_iA_is_i` with
:math:`L = \sum_i w_iA_i + (1 - W)I/\lambda`, where :math:`A_i` is the precision of the clean point given the
noised one. Theory (`simtheory.analytic.composition`) and simulation (`simtheory.sim.composition`) read
which one is meant.
"""

from __future__ import annotations

from dataclasses import dataclass

from simtheory._faces import face

__all__ = ["Gaussian", "Tweedie"]


@face
@dataclass(frozen=True, slots=True)
class Gaussian:
    r"""The precision of the Gaussian of the same covariance, :math:`A_i = C_i^{-1} + I/\lambda`."""


@face
@dataclass(frozen=True, slots=True)
class Tweedie:
    r"""The precision at the point itself, :math:`A_i = (\lambda I + \lambda^2\nabla s_i)^{-1}`.

    By the second-order formula of Tweedie it is exact for Gaussians, and follows the modes of a mixture.
    """
