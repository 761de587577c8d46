r"""One concept by itself: how strength, spread and frequency set the time of learning.

Symbols
-------
p : frequency of the classes in which the concept is on; mu : strength; sigma : spread; a = σ² + pμ² : rate;
w₀ : start of the tied net's mode; T : budget, in canonical time.

Reading
-------
Times are canonical: a tied mode is a logistic of rate 2a. The flow of half the squared norm over two tied
layers without that convention has rate 4a and takes half of these times.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import (
    all_positive,
    non_negative,
    not_negative,
    positive,
    shares,
)
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.labels import implements

__all__ = [
    "HalfTimes",
    "critical_frequency",
    "frequency_slope",
    "frequency_width",
    "half_times",
]


@face
class HalfTimes(NamedTuple):
    """Times at which a concept is half learned.

    Parameters
    ----------
    one_layer : ndarray
        By one layer from zero.
    tied : ndarray
        By two tied layers from w₀.
    """

    one_layer: Array
    tied: Array


def _start(w0: float) -> float:
    found = positive("w0", w0)
    if found >= 0.5:
        raise ArgumentError(
            f"Argument `w0` must lie below ½, the level of learning, but it is {w0:g}."
        )
    return found


@implements(
    "sim-modes",
    title="Half times of a concept: one layer and two tied ones",
    regime="gradient flow, one concept by itself; one layer from 0, tied from w₀ < ½",
    source="yang2024",
    where="derived here from one-layer-flow and tied-mode",
)
@face
def half_times(
    p: ArrayLike, *, mu: ArrayLike = 1.0, sigma: ArrayLike = 0.0, w0: float = 1e-3
) -> HalfTimes:
    r"""Return when a concept is half learned, :math:`\ln 2/a` and :math:`\ln(1/w_0 - 1)/(2a)`.

    Parameters
    ----------
    p : array_like
        Frequency of the concept, in (0, 1].
    mu : array_like
        Strength.
    sigma : array_like
        Spread.
    w0 : float
        Start of the tied mode, below ½.

    Returns
    -------
    HalfTimes
        Canonical times, of the broadcast shape.

    Examples
    --------
    >>> half_times([0.25, 0.5]).tied.round(3)
    array([13.814,  6.907])
    """
    rate = _rate(p, mu, sigma)
    start = _start(w0)
    return HalfTimes(
        np.asarray(np.log(2.0) / rate),
        np.asarray((np.log1p(-start) - np.log(start)) / (2.0 * rate)),
    )


def _rate(p: ArrayLike, mu: ArrayLike, sigma: ArrayLike) -> Array:
    return np.asarray(
        not_negative("sigma", sigma) ** 2 + shares("p", p, ends="(]") * all_positive("mu", mu) ** 2
    )


@implements(
    "frequency-law",
    title="Slope of the time of learning in the frequency",
    regime="one concept by itself, one layer or two tied ones; −1 without spread",
    source="okawa2023",
    where="derived here from sim-modes",
)
@face
def frequency_slope(p: ArrayLike, *, mu: ArrayLike = 1.0, sigma: ArrayLike = 0.0) -> Array:
    r"""Return :math:`d\ln T/d\ln p = -p\mu^2/(\sigma^2 + p\mu^2)`, the local slope of the time in the frequency.

    On a graph the time of a class in the tail follows the slower of its rare and its far concepts.

    Parameters
    ----------
    p : array_like
        Frequency of the concept, in (0, 1].
    mu : array_like
        Strength.
    sigma : array_like
        Spread.

    Returns
    -------
    ndarray
        The slope, from −1 to 0.

    Examples
    --------
    >>> frequency_slope([0.1, 0.01], sigma=0.1).round(3)
    array([-0.909, -0.5  ])
    """
    frequency, strength = shares("p", p, ends="(]"), all_positive("mu", mu)
    with np.errstate(over="ignore"):  # a strength that vanishes beside the spread has slope 0
        noise = (not_negative("sigma", sigma) / strength) ** 2 / frequency
    return np.asarray(-1.0 / (1.0 + noise))


@implements(
    "critical-frequency",
    title="Frequency at which a budget just suffices, and how sharply",
    regime="tied two-layer net, gradient flow from w₀ < ½",
    source="okawa2023",
    where="derived here from tied-mode",
)
@face
def critical_frequency(budget: ArrayLike, *, w0: float, mu: float, sigma: float) -> Array:
    r"""Return the frequency at which a concept is half learned at the end of a budget.

    :math:`p_c = (C/T - \sigma^2)/\mu^2`, :math:`C = \frac12\ln(1/w_0 - 1)`. What looks like a critical number of
    samples is this: the output at the end is a logistic of p of width 1/(2μ²T), `frequency_width`.

    Parameters
    ----------
    budget : array_like
        Canonical time T of training, positive.
    w0 : float
        Start of the mode, below ½.
    mu : float
        Strength.
    sigma : float
        Spread.

    Returns
    -------
    ndarray, shape of budget
        The frequency; below 0 where the spread alone suffices, above 1 where no frequency does.

    Examples
    --------
    >>> critical_frequency([20.0, 40.0], w0=1e-3, mu=1.0, sigma=0.1).round(4)
    array([0.1627, 0.0763])
    """
    start = _start(w0)
    constant = 0.5 * (np.log1p(-start) - np.log(start))
    rate = constant / all_positive("budget", budget)
    return np.asarray((rate - non_negative("sigma", sigma) ** 2) / positive("mu", mu) ** 2)


@face
def frequency_width(budget: ArrayLike, *, mu: float) -> Array:
    """Return the width of the logistic of the output in the frequency, 1/(2μ²T).

    Parameters
    ----------
    budget : array_like
        Canonical time T of training, positive.
    mu : float
        Strength.

    Returns
    -------
    ndarray, shape of budget
        The width.

    Examples
    --------
    >>> frequency_width(40.0, mu=1.0)
    array(0.0125)
    """
    return np.asarray(0.5 / (positive("mu", mu) ** 2 * all_positive("budget", budget)))
