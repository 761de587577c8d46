"""The law of a discrete sampler, step by step."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from simtheory._checks import (
    positive,
)
from simtheory._faces import face
from simtheory.analytic.composition.naive import GaussianLaw, gaussians
from simtheory.labels import implements
from simtheory.noise import DDIM, Levels, Sampler, Schedule
from simtheory.tasks.composition.compositions import Composition

__all__ = ["discrete_law"]


@implements(
    "ddpm-affine",
    title="Discrete samplers on Gaussians, step by step",
    regime="single Gaussians, any levels",
    source="du2023",
    where="derived here from affine steps",
)
@face
def discrete_law(
    c: Composition,
    schedule: Levels | Schedule,
    sampler: Sampler = DDIM(),  # noqa: B008
    *,
    start: float | None = None,
) -> GaussianLaw:
    r"""Return the law of a discrete sampler with summed scores on Gaussian experts, step by step.

    A step maps :math:`z \mapsto az + b\hat x + s\xi` with the guess
    :math:`\hat x = (z + \sigma^2S)/\alpha`, which is affine in z.

    Parameters
    ----------
    c : Composition
        Of single Gaussians.
    schedule : Levels or Schedule
        The levels that are visited, or a schedule, of which the sampler's number of steps is taken.
    sampler : Sampler
        ``DDIM()`` or ``DDPM(variance=...)``.
    start : float, optional
        Variance of z at the first level. Default: 1 where the levels preserve variance, else σ².

    Returns
    -------
    GaussianLaw
        Of z/α at the last level.

    Raises
    ------
    RegimeError
        If an expert is no single Gaussian.
    """
    weights, means, covariances = gaussians(c, "ddpm-affine")
    levels = schedule if isinstance(schedule, Levels) else Levels.of(schedule, sampler.steps)
    points = list(levels)
    first = points[0]
    keeps = abs(first.alpha**2 + first.sigma**2 - 1.0) < 1e-9
    if start is None:
        begin = 1.0 if keeps else float(first.sigma) ** 2
    else:
        begin = positive("start", start)
    eye = np.eye(c.dim)
    mean, spread = np.zeros(c.dim), begin * eye
    for here, there in pairwise(points):
        inverse = np.linalg.inv(here.alpha**2 * covariances + here.sigma**2 * eye)
        P = np.einsum("k,kij->ij", weights, inverse)
        h = here.alpha * np.einsum("k,kij,kj->i", weights, inverse, means)
        kept, guessed, noise = (
            float(sampler.step(z, clean, here, there, size))
            for z, clean, size in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
        )
        guess = (eye - here.sigma**2 * P) / here.alpha
        A = kept * eye + guessed * guess
        mean = A @ mean + guessed * here.sigma**2 / here.alpha * h
        spread = A @ spread @ A.T + noise**2 * eye
    last = float(points[-1].alpha)
    return GaussianLaw(mean / last, 0.5 * (spread + spread.T) / last**2)
