r"""One layer on a finite training set: its mean, its spread, and what few samples hide.

Problem
-------
Closed forms speak of infinite data. With n samples the layer follows the flow of their second moment
:math:`\hat A` in place of A. Everything here is about f(x) = Wx from W(0) = 0, so
:math:`W(t) = I - e^{-\hat At}`.

Symbols
-------
n : samples; d : dimension; :math:`\gamma = d/n`; a : rates, (d,); :math:`v_{ij}` : variance of entry
(i, j) of :math:`\hat A`, (d, d); t : canonical time, (T,); :math:`\nu^2` : variance of label noise.

Result
------
=====================  =====================================  ===================================
function               holds for                              gives
=====================  =====================================  ===================================
`perturbation`         n large, d fixed; short enough times   mean and variance of W(t), to O(1/n)
`rate_shift`           n large, rates well apart              mean shift of the rates, to O(1/n)
`best_stop`            noisy labels                           when to stop each mode
`proportional`         d and n large, any ratio               mean of W(t), to O(1/n)
`spike`                d and n large, isotropic noise         what samples show of one direction
=====================  =====================================  ===================================

Reading
-------
Finite data alone mix concepts: off-diagonal entries rise and fall, a swing-by in one layer. Rates
repel one another. And a concept whose signal is weaker than :math:`\sigma^2\sqrt{d/n}` leaves no
trace in the leading directions of the samples.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_times, positive_int
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._axes import leave_regime, map_from_concepts
from simtheory.analytic._finite_large import mean_decay
from simtheory.analytic._finite_moments import (
    FiniteSample,
    best_stop,
    moment_variance,
    perturbation,
    rate_shift,
)
from simtheory.equations import implements
from simtheory.errors import ArgumentError, RegimeError
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "FiniteSample",
    "Spike",
    "best_stop",
    "moment_variance",
    "perturbation",
    "proportional",
    "rate_shift",
    "spike",
    "spikes",
]

_MANY = 10
"""Dimensions from which d counts as large: the mean is then known to a tenth of its correction."""


@implements("finite-n-proportional")
def proportional(
    task: SIMTask,
    n: int,
    t: ArrayLike,
    *,
    probes: ArrayLike | None = None,
    strict: bool = True,
) -> Trajectory:
    r"""Return the mean of one layer trained on n samples, where n is of the size of the dimension.

    :math:`\mathbb{E}\,e^{-\hat At}` as an integral, round the spectrum of the samples, of the
    deterministic equivalent of its resolvent. Implements ``finite-n-proportional`` (derived from
    yang2024, Theorem 4.1; O(1/n) with d/n fixed).

    Parameters
    ----------
    task : SIMTask
        What is learned, from W(0) = 0.
    n : int
        Number of samples; fewer than dimensions are fine.
    t : array_like, shape (T,)
        Canonical times of the flow on these samples.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.
    strict : bool
        Whether to refuse fewer than ten dimensions with variance, or to warn.

    Returns
    -------
    Trajectory
        The mean of W(t). `stats` holds the ratio d/n and, as the small parameter, 1/d.

    Raises
    ------
    RegimeError
        If there are fewer than ten dimensions with variance and `strict` is true.
    SolveError
        If the integral does not converge; it does for all rates and times that were tried.

    Notes
    -----
    An error of 1/n stands beside a correction of d/n. The integral is good to 1e-11.

    Examples
    --------
    >>> task = SIMTask(mu=np.zeros(20), sigma=1.0)
    >>> run = proportional(task, 40, [1.0], probes=np.eye(20)[:1])
    >>> run.weights[0, 0, 0].round(4)
    np.float64(0.5475)
    """
    size, times = positive_int("n", n), as_times(t)
    dim = int(np.count_nonzero(task.rates))
    if dim < _MANY:
        leave_regime(
            f"The proportional limit needs at least {_MANY} dimensions with variance, but there are "
            f"{dim}; use `perturbation`.",
            strict=strict,
        )
    learned = 1.0 - mean_decay(task.rates, size, times)
    return Trajectory.from_weights(
        times,
        map_from_concepts(task, learned[:, :, None] * np.eye(task.dim)),
        task,
        origin="analytic.finite_sample.proportional",
        exact=False,
        probes=probes,
        stats={"samples": size, "ratio": dim / size, "small_parameter": 1.0 / max(dim, 1)},
    )


class Spike(NamedTuple):
    """What many samples in many dimensions show of one direction.

    Parameters
    ----------
    eigenvalue : ndarray, shape (...)
        Eigenvalue that belongs to it: the rate at which the layer learns along it.
    overlap : ndarray, shape (...)
        Squared cosine between its eigenvector and the direction.
    learnable : ndarray of bool, shape (...)
        Whether it stands out at all.
    """

    eigenvalue: Array
    overlap: Array
    learnable: Array


@implements("spike-bbp")
def spike(strength: ArrayLike, noise: ArrayLike, ratio: ArrayLike) -> Spike:
    r"""Return what a sample covariance shows of one direction above isotropic noise.

    It stands out if :math:`g > \sigma^2\sqrt\gamma`; then its eigenvalue is
    :math:`a(1 + \gamma\sigma^2/g)` and its squared overlap
    :math:`(1 - \gamma\sigma^4/g^2)/(1 + \gamma\sigma^2/g)`. Otherwise the largest eigenvalue is the
    edge of the noise, :math:`\sigma^2(1 + \sqrt\gamma)^2`, and knows nothing of the direction.
    Implements ``spike-bbp`` (known since Baik, Ben Arous and Péché, 2005; asymptotic in d at fixed γ).

    Parameters
    ----------
    strength : array_like, shape (...)
        Strength g of the direction: its second moment is σ² + g. Not negative.
    noise : array_like, shape (...)
        Variance σ² in all directions, positive.
    ratio : array_like, shape (...)
        Dimensions over samples, γ = d/n, positive.

    Returns
    -------
    Spike
        Eigenvalue, squared overlap, and whether the direction stands out.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    Examples
    --------
    >>> found = spike(1.35, 0.25, 0.5)
    >>> found.eigenvalue.round(3), found.overlap.round(3)
    (np.float64(1.748), np.float64(0.9))
    """
    g, variance, gamma = np.broadcast_arrays(
        as_finite("strength", strength), as_finite("noise", noise), as_finite("ratio", ratio)
    )
    for name, value, low in (("strength", g, g < 0), ("noise", variance, variance <= 0), ("ratio", gamma, gamma <= 0)):  # fmt: skip
        if np.any(low):
            raise ArgumentError(
                f"Argument `{name}` must be {'not negative' if name == 'strength' else 'positive'}, "
                f"but its smallest entry is {value.min():g}."
            )
    critical = variance * np.sqrt(gamma)
    learnable = g > critical
    x = critical / np.where(learnable, g, critical)  # σ²√γ/g, at most one
    root = np.sqrt(gamma) * x
    eigenvalue = np.where(
        learnable, (variance + g) * (1.0 + root), variance * (1.0 + np.sqrt(gamma)) ** 2
    )
    overlap = np.where(learnable, (1.0 - x) * (1.0 + x) / (1.0 + root), 0.0)
    return Spike(eigenvalue, overlap, learnable)


def spikes(task: SIMTask, n: int, *, strict: bool = True) -> Spike:
    r"""Return what n samples of a task show of each concept, where its noise is isotropic.

    The strength of concept k is :math:`p_k\mu_k^2`.

    Parameters
    ----------
    task : SIMTask
        Where the data come from; its spread must be the same in all dimensions.
    n : int
        Number of samples.
    strict : bool
        Whether to refuse fewer than ten dimensions, or to warn.

    Returns
    -------
    Spike
        Eigenvalue, squared overlap and whether it stands out, of each concept, shape (s,).

    Raises
    ------
    RegimeError
        If the spread differs between dimensions or is zero, or if there are fewer than ten
        dimensions and `strict` is true.

    Examples
    --------
    >>> task = SIMTask(mu=(2.0, 0.5), sigma=np.ones(100), dim=100)
    >>> spikes(task, 200).learnable
    array([ True, False])
    """
    size, noise = positive_int("n", n), task.sigma**2
    if task.squared_rates or noise.min() <= 0.0 or np.ptp(noise) > 1e-12 * noise.max():
        raise RegimeError(
            "Spikes need noise of one positive variance in all dimensions, but it runs from "
            f"{noise.min():g} to {noise.max():g}{', with rates squared' if task.squared_rates else ''}."
        )
    if task.dim < _MANY:
        leave_regime(
            f"Spikes need at least {_MANY} dimensions, but there are {task.dim}.", strict=strict
        )
    strength = task.weights[: task.n_concepts] * task.mu**2
    return spike(strength, noise[0], task.dim / size)
