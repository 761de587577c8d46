r"""One layer on a finite training set, to first order in 1/n: mean, variance, rates, when to stop.

Symbols
-------
n : samples; :math:`\hat A` : their second moment; A : the population's, a its rates, (d,);
:math:`v_{ij} = \mathrm{Var}\,\hat A_{ij}`, (d, d); f(x) = e^{−xt}; f[x, y], f[x, x, y] : its divided
differences; :math:`\varepsilon(t) = t\,(\max_i\sum_j v_{ij})^{1/2}` : the small parameter.

From a zero start W = 1 − f(Â). The expansion of a function of a matrix is written in divided
differences, which have no poles where rates meet.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simtheory._checks import as_times, non_negative, positive_int
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import leave_regime
from simtheory.errors import ArgumentError, RegimeError
from simtheory.labels import implements
from simtheory.tasks import SIMTask

__all__ = [
    "FiniteSample",
    "best_stop",
    "moment_variance",
    "perturbation",
    "rate_shift",
]

_LIMIT = 0.5
"""Largest small parameter. There the neglected order is about a third of the kept one."""


_SERIES = np.array([1.0 / math.factorial(k + 2) for k in range(16)])
"""Of (eᶻ − 1 − z)/z², to rounding for |z| < 1/2."""


@face
class FiniteSample(NamedTuple):
    """Mean and spread, over training sets, of one layer that starts at zero; in the concept axes.

    Parameters
    ----------
    mean : ndarray, shape (T, d, d)
        Mean of W(t), which is diagonal.
    variance : ndarray, shape (T, d, d)
        Variance of each entry of W(t).
    parameter : ndarray, shape (T,)
        Small parameter ε(t); what is left out is of relative size ε², up to a factor of about 1.5.
    """

    mean: Array
    variance: Array
    parameter: Array


@face
def moment_variance(task: SIMTask, n: int) -> Array:
    r"""Return the variance of each entry of the second moment of n samples, in the concept axes.

    Parameters
    ----------
    task : SIMTask
        Where the data come from; each sample draws its cluster.
    n : int
        Number of samples.

    Returns
    -------
    ndarray, shape (d, d)
        The variances.

    Examples
    --------
    >>> moment_variance(SIMTask(mu=(0.0,), sigma=1.0), 100)
    array([[0.02]])
    """
    size = positive_int("n", n)
    if task.squared_rates:
        raise ArgumentError(
            "Argument `task` must have data with its rates, but squared_rates=True changes the rates alone."
        )
    s, spread = task.n_concepts, task.sigma**2
    share, square = np.zeros(task.dim), np.zeros(task.dim)
    share[:s], square[:s] = task.weights[:s], task.mu**2
    signal = share * square
    variance = np.outer(spread, spread) + np.outer(signal, spread) + np.outer(spread, signal)
    own = 2.0 * spread**2 + 4.0 * signal * spread + signal * (1.0 - share) * square
    np.fill_diagonal(variance, own)
    return variance / size


def _first_difference(rates: Array, t: Array) -> Array:
    """Return f[a_i, a_j] of f(x) = e^{−xt}, shape (T, d, d)."""
    low = np.minimum(rates[:, None], rates)
    gap = np.abs(rates[:, None] - rates)
    time = t[:, None, None]
    return np.asarray(-time * np.exp(-low * time) * special.exprel(-gap * time))


def _second_difference(rates: Array, t: Array) -> Array:
    """Return f[a_i, a_i, a_j] of f(x) = e^{−xt}, shape (T, d, d)."""
    time, own, other = t[:, None, None], rates[:, None], rates
    z = (own - other) * time
    near = np.abs(z) < 0.5
    powers = np.where(near, z, 0.0)[..., None] ** np.arange(_SERIES.size)
    series = np.exp(-own * time) * (powers @ _SERIES)
    far = np.exp(-other * time) - np.exp(-own * time) * (1.0 + z)
    return np.asarray(time**2 * np.where(near, series, far / np.where(near, 1.0, z) ** 2))


@implements(
    "finite-n-perturbation",
    title="Finite samples: mean, variance, shifted rates and noisy labels",
    exactness="O(1/n): relative ε², ε = t (max_i Σ_j v_ij)^(1/2)",
    regime="one layer from zero, n samples with drawn clusters, ε ≤ 0.5",
    source="yang2024",
    where="derived here from Theorem 4.1",
)
@face
def perturbation(
    task: SIMTask, n: int, t: ArrayLike, *, label_noise: float = 0.0, strict: bool = True
) -> FiniteSample:
    r"""Return mean and variance of one layer trained on n samples, to first order in 1/n.

    :math:`\mathbb{E}W_{ii} = 1 - f - \sum_j v_{ij} f[a_i, a_i, a_j]` and
    :math:`\mathrm{Var}\,W_{ij} = v_{ij} f[a_i, a_j]^2 + \nu^2(1 - e^{-a_jt})^2/(na_j)`.

    Parameters
    ----------
    task : SIMTask
        What is learned, from W(0) = 0.
    n : int
        Number of samples, each with a cluster drawn anew.
    t : array_like, shape (T,)
        Canonical times of the flow on these samples.
    label_noise : float
        Variance ν² of independent noise on each label.
    strict : bool
        Whether to refuse times at which the small parameter exceeds 0.5, or to warn.

    Returns
    -------
    FiniteSample
        Mean, variance and the small parameter.

    Raises
    ------
    RegimeError
        If the small parameter exceeds 0.5 and `strict` is true.

    Notes
    -----
    Finite data alone make off-diagonal entries, of a size that first grows and then falls: a swing
    in one layer. It is largest at t = ln(a_i/a_j)/(a_i − a_j).

    Examples
    --------
    >>> task = SIMTask(mu=(2.0, 1.2, 0.8), sigma=(0.5, 0.4, 0.3))
    >>> found = perturbation(task, 400, [1.0])
    >>> (found.mean[0].diagonal() - 1 + np.exp(-task.rates)).round(5)
    array([-0.0015 , -0.00079, -0.00037])
    """
    times, noise = as_times(t), non_negative("label_noise", label_noise)
    variance, rates = moment_variance(task, n), task.rates
    parameter = times * np.sqrt(variance.sum(axis=1).max())
    if parameter[-1] > _LIMIT:
        leave_regime(
            f"The expansion in 1/n needs a small parameter of at most {_LIMIT}, but it is "
            f"{parameter[-1]:.3g} at t = {times[-1]:g}: take more samples or shorter times.",
            strict=strict,
        )
    x = rates * times[:, None]
    learned = -np.expm1(-x)
    bias = np.sum(variance * _second_difference(rates, times), axis=-1)
    # (1 − e^{−at})²/a, which is zero at rate zero.
    noisy = noise / n * learned * times[:, None] * special.exprel(-x)
    return FiniteSample(
        mean=(learned - bias)[:, :, None] * np.eye(task.dim),
        variance=variance * _first_difference(rates, times) ** 2 + noisy[:, None, :],
        parameter=parameter,
    )


@face
def rate_shift(task: SIMTask, n: int, *, strict: bool = True) -> Array:
    r"""Return the mean shift of the eigenvalues of the second moment of n samples, to O(1/n).

    :math:`\sum_{j\ne i} v_{ij}/(a_i - a_j)`: rates repel each other, fast ones look faster and slow
    ones slower than they are.

    Parameters
    ----------
    task : SIMTask
        Where the data come from; its rates must differ.
    n : int
        Number of samples.
    strict : bool
        Whether to refuse rates nearer to each other than twice the spread of the entry between
        them, or to warn.

    Returns
    -------
    ndarray, shape (d,)
        Shift of each rate.

    Raises
    ------
    RegimeError
        If two rates are equal, or too near and `strict` is true.

    Examples
    --------
    >>> rate_shift(SIMTask(mu=(2.0, 1.2, 0.8), sigma=(0.5, 0.4, 0.3)), 400).round(5)
    array([ 0.00137, -0.00031, -0.00106])
    """
    variance, rates = moment_variance(task, n), task.rates
    np.fill_diagonal(variance, 0.0)
    gap = rates[:, None] - rates
    coupled = variance > 0.0
    if np.any(coupled & (gap == 0.0)):
        raise RegimeError("The shift of a rate is undefined where two rates are equal.")
    safe = np.where(coupled, gap, 1.0)
    parameter = float(np.sqrt((variance / safe**2).max()))
    if parameter > _LIMIT:
        leave_regime(
            "The shift of a rate needs rates further apart than twice the spread of the entry "
            f"between them, but their gap is {1.0 / parameter:.3g} times it.",
            strict=strict,
        )
    return np.asarray(np.sum(variance / safe, axis=1))


@face
def best_stop(task: SIMTask, n: int, *, label_noise: float) -> Array:
    r"""Return when to stop each mode, trained on noisy labels: later it learns more noise than signal.

    :math:`e^{-at} = \nu'/(1 + \nu')` with :math:`\nu' = \nu^2/(na)`.

    Parameters
    ----------
    task : SIMTask
        What is learned, from W(0) = 0.
    n : int
        Number of samples.
    label_noise : float
        Variance ν² of independent noise on each label.

    Returns
    -------
    ndarray, shape (d,)
        Canonical time for each rate; infinite without noise. At rate zero it is the limit n/ν².

    Examples
    --------
    >>> best_stop(SIMTask(mu=(0.0, 0.0), sigma=(1.0, 0.1)), 100, label_noise=1.0).round(3)
    array([ 4.615, 69.315])
    """
    noise, size = non_negative("label_noise", label_noise), positive_int("n", n)
    rates = task.rates
    if noise == 0.0:
        return np.full(task.dim, np.inf)
    moving = np.where(rates > 0.0, rates, 1.0)
    return np.where(rates > 0.0, np.log1p(size * moving / noise) / moving, size / noise)
