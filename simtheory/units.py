r"""Optimiser steps and canonical time.

A theory runs in canonical time, an optimiser counts steps, and the loss that it minimises may be
summed or averaged, with or without the factor one half. A curve plotted over the wrong time is off by
a factor that depends on the loss, the network and the dimension; this module holds that factor.

Symbols
-------
k : step number; :math:`\eta` : learning rate; d : number of outputs; :math:`\beta` : momentum.

Result
------
One plain gradient-descent step advances canonical time by :math:`c\,m\,\eta`, with c from the loss
and m = 2 for a tied net, in which the weight occurs twice:

==============  =============================================  =====
``loss``        what is minimised, over a population            c
==============  =============================================  =====
``half_sum``    :math:`\tfrac12 E\|f(x)-x\|^2`                  1
``sum``         :math:`E\|f(x)-x\|^2`                           2
``mean``        the mean over the d outputs, too                2/d
==============  =============================================  =====

``recurrence`` is not a loss: it is the update :math:`W \leftarrow W + \eta V(W)` of the tied field
itself, as in appendix D of the paper and in its released scripts; there a step is :math:`\eta`.
With heavy-ball momentum the late effective step is :math:`\eta/(1-\beta)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simtheory._checks import as_finite, one_of, positive, positive_int, share
from simtheory._faces import face
from simtheory._names import public
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.labels import implements

__all__ = ["LOSSES", "Clock"]

LOSSES = ("half_sum", "sum", "mean", "recurrence")


@face
@implements(
    "unit-map",
    title="Optimiser steps and canonical time",
    regime="learning rate to zero",
    source="yang2024",
    where="derived here from the loss of section 2.1",
    subject="identity",
)
@dataclass(frozen=True, slots=True)
class Clock:
    """The conversion between the steps of an optimiser and canonical time.

    Parameters
    ----------
    lr : float
        Learning rate of the optimiser.
    loss : {"half_sum", "sum", "mean", "recurrence"}
        What is minimised: ½E‖f−x‖², E‖f−x‖², the mean over outputs as well, or the recurrence
        W ← W + lr V(W) of a tied net.
    dim : int, optional
        Number of outputs; needed for ``loss="mean"`` only.
    tied : bool
        Whether the net is f = U Uᵀ x.
    momentum : float
        Heavy-ball momentum in [0, 1); the clock is then the late-time one.

    Raises
    ------
    ArgumentError
        If a number is out of range, the loss is unknown, or ``dim`` is missing.

    Notes
    -----
    Exact as lr → 0; at finite lr gradient descent and flow differ by O(lr).

    Examples
    --------
    >>> clock = Clock(lr=0.1, loss="mean", dim=64)
    >>> clock.step
    0.003125
    >>> clock.time([0, 320])
    array([0., 1.])
    """

    lr: float
    loss: str = "half_sum"
    dim: int | None = None
    tied: bool = False
    momentum: float = 0.0

    def __post_init__(self) -> None:
        positive("lr", self.lr)
        one_of("loss", self.loss, LOSSES)
        if self.loss == "mean" and self.dim is None:
            raise ArgumentError(
                'Argument `dim` is needed with loss="mean": its mean runs over outputs.'
            )
        if self.dim is not None:
            positive_int("dim", self.dim)
        if self.loss == "recurrence" and not self.tied:
            raise ArgumentError(
                'Argument `loss="recurrence"` is the update of a tied net: pass tied=True.'
            )
        share("momentum", self.momentum, ends="[)")
        if not math.isfinite(self.step):
            raise ArgumentError(
                "Arguments `lr` and `momentum` must give a step whose time float64 can hold, but "
                f"lr / (1 - momentum) = {self.lr:g} / {1.0 - self.momentum:g} does not."
            )

    @property
    def step(self) -> float:
        """Canonical time that one optimiser step takes."""
        if self.loss == "recurrence":
            return self.lr / (1.0 - self.momentum)
        factor = {"half_sum": 1.0, "sum": 2.0, "mean": 2.0 / (self.dim or 1)}[self.loss]
        return (2.0 if self.tied else 1.0) * factor * self.lr / (1.0 - self.momentum)

    def time(self, steps: ArrayLike) -> Array:
        """Return the canonical time after `steps` optimiser steps.

        Parameters
        ----------
        steps : array_like
            Step numbers, counted from 0.

        Returns
        -------
        ndarray
            Canonical times, of the shape of `steps`.

        Raises
        ------
        ArgumentError
            If a time is beyond float64.
        """
        with np.errstate(over="ignore"):
            found = as_finite("steps", steps) * self.step
        if not np.isfinite(found).all():
            raise ArgumentError(
                "Argument `steps` must give times that float64 can hold, but its largest entry takes "
                f"{np.max(np.abs(steps)):g} times {self.step:g}."
            )
        return found

    def steps(self, t: ArrayLike) -> Array:
        """Return the number of optimiser steps (a float) that reach canonical time `t`.

        Parameters
        ----------
        t : array_like
            Canonical times.

        Returns
        -------
        ndarray
            Step numbers, of the shape of `t`; round them as you need.
        """
        return np.asarray(as_finite("t", t) / self.step)


public(__name__)
