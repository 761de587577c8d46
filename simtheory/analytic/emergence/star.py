r"""Splits that do not change when concepts are permuted: closed forms, and when order by distance holds.

Problem
-------
The presence code of n concepts, equal strengths, and trained classes whose frequencies do not change when
concepts are permuted. Affine regression then splits into two *even* modes, which see how many concepts are
on, and one *odd* rate, at which concepts are told apart.

Symbols
-------
n : concepts; d : concepts that are on in the class; a : chance that a concept is on in the data; b : chance
that two given concepts are on together; c = a + (n − 1)b + σ²; :math:`\Delta = \sqrt{(1-c)^2 + 4na^2}`;
:math:`\lambda_\pm = (1 + c \pm \Delta)/2` : even rates; a − b + σ² : odd rate.

Reading
-------
Order by distance holds at time t where the even part of the strength lags behind the odd one
(`order_criterion`). It does on the star, and it is reversed where all pairs of concepts are trained.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simtheory._checks import (
    as_times,
    non_negative,
    non_negative_int,
    positive,
    positive_int,
    share,
)
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.labels import implements

__all__ = [
    "Outputs",
    "Parts",
    "exchangeable",
    "farthest_time",
    "order_criterion",
    "star",
    "time_without_bias",
]

_MOST = 10**8
"""Most concepts: beyond it the slow rate, about 1/n², drowns in the rounding of the fast one."""


@face
class Outputs(NamedTuple):
    """Outputs for a class, as shares of the strength.

    Parameters
    ----------
    on : ndarray, shape (T,)
        Of a concept that is on in the class; nan for a class without one.
    off : ndarray, shape (T,)
        Of a concept that is off; nan for a class without one.
    """

    on: Array
    off: Array


@face
class Parts(NamedTuple):
    """What decides the order: how much of the even and of the odd part has been learned.

    Parameters
    ----------
    even : ndarray, shape (T,)
        Share by which each further concept that is on lifts all outputs, S(t).
    odd : ndarray, shape (T,)
        Share of the differences between concepts, A(t).
    ordered : ndarray of bool, shape (T,)
        Whether a class with more concepts on has a smaller output, S < A.
    """

    even: Array
    odd: Array
    ordered: Any


class _Even(NamedTuple):
    """Rates of the even modes, fast and slow, and the parts of their outputs."""

    rates: Array  # (2,)
    constant: Array  # (2,): of the bias
    lift: Array  # (2,): of each concept that is on, times n


def _even(n: int, a: float, c: float, determinant: float) -> _Even:
    gap = np.hypot(1.0 - c, 2.0 * a * np.sqrt(n))
    fast = 0.5 * (1.0 + c + gap)
    slow = determinant / fast
    if gap == 0.0:  # a = 0 and c = 1: equal rates, nothing is mixed
        return _Even(np.array([1.0, 1.0]), np.zeros(2), np.array([1.0, 0.0]))
    # c - slow without cancellation where c < 1: fast + slow = 1 + c
    above = 0.5 * (c - 1.0 + gap) if c > 1.0 else 2.0 * n * a * a / (1.0 - c + gap)
    return _Even(
        np.array([fast, slow]), np.array([a, -a]) / gap, np.array([above, gap - above]) / gap
    )


def _outputs(n: int, d: int, t: Array, even: _Even, odd: float) -> Outputs:
    risen = -np.expm1(-np.outer(t, even.rates))
    common = risen @ (even.constant + even.lift * d / n)
    apart = -np.expm1(-odd * t)
    none = np.full(t.shape, np.nan)
    return Outputs(
        common + (1.0 - d / n) * apart if d else none, common - d / n * apart if d < n else none
    )


def _numbers(n: int, a: float, b: float, sigma: float) -> tuple[float, float, float]:
    """Return c, the determinant of the even part, and the odd rate of checked numbers."""
    if positive_int("n", n) > _MOST:
        raise ArgumentError(f"Argument `n` must be at most {_MOST}, but it is {n}.")
    a, b = share("a", a, ends="[]"), share("b", b, ends="[]")
    variance = non_negative("sigma", sigma) ** 2
    spread = a + (n - 1) * b - n * a * a  # of the number of concepts that are on, over n
    if b > a or spread < -1e-12:
        raise ArgumentError(
            f"Arguments `a` and `b` must be the chances of one and of two concepts in some split of {n}, "
            f"n a² ≤ a + (n - 1)b and b ≤ a, but they are {a:g} and {b:g}."
        )
    return a + (n - 1) * b + variance, max(spread, 0.0) + variance, a - b + variance


def _count(n: int, d: int) -> int:
    if non_negative_int("d", d) > n:
        raise ArgumentError(f"Argument `d` must be at most `n` = {n}, but it is {d}.")
    return d


@implements(
    "affine-exchangeable",
    title="Affine regression on splits that do not change under permutation",
    regime="presence code, equal strengths 1, gradient flow from zero",
    source="okawa2023",
    where="derived here from affine regression",
)
@face
def exchangeable(
    n: int, d: int, t: ArrayLike, *, a: float, b: float, sigma: float = 0.0
) -> Outputs:
    """Return the outputs of affine regression on a split that does not change under permutation.

    Parameters
    ----------
    n : int
        Number of concepts.
    d : int
        Number of concepts that are on in the class.
    t : array_like, shape (T,)
        Canonical times.
    a : float
        Chance that a given concept is on in the data.
    b : float
        Chance that two given concepts are on together, at most a.
    sigma : float
        Spread of the data.

    Returns
    -------
    Outputs
        Of a concept that is on, and of one that is off.

    Raises
    ------
    ArgumentError
        If no split has these chances, or d exceeds n.

    Notes
    -----
    n + 1 classes stand for 2ⁿ; the cost does not depend on n.

    Examples
    --------
    >>> exchangeable(4, 4, [0.93], a=4 / 11, b=1 / 11).on.round(3)
    array([0.5])
    """
    times = as_times(t)
    c, determinant, odd = _numbers(n, a, b, sigma)
    return _outputs(n, _count(n, d), times, _even(n, a, c, determinant), odd)


@implements(
    "affine-star",
    title="Affine regression on the star: no concept or one",
    regime="equal frequencies 1/(n+1), strengths 1, no spread, presence code, flow from zero",
    source="okawa2023",
    where="derived here from affine regression",
)
@face
def star(n: int, d: int, t: ArrayLike) -> Outputs:
    """Return the outputs of affine regression on the star of n concepts.

    Trained are the class without a concept and those with one, equally often.

    Parameters
    ----------
    n : int
        Number of concepts.
    d : int
        Number of concepts that are on in the class.
    t : array_like, shape (T,)
        Canonical times.

    Returns
    -------
    Outputs
        Of a concept that is on, and of one that is off.

    Raises
    ------
    ArgumentError
        If d exceeds n.

    Examples
    --------
    >>> star(3, 1, [1.865]).on.round(4), star(3, 3, [3.920]).on.round(4)
    (array([0.5]), array([0.5]))
    """
    times = as_times(t)
    p = _frequency(n)
    return _outputs(n, _count(n, d), times, _even(n, p, p, p * p), p)


def _frequency(n: int) -> float:
    if positive_int("n", n) > _MOST:
        raise ArgumentError(f"Argument `n` must be at most {_MOST}, but it is {n}.")
    return 1.0 / (n + 1)


@implements(
    "affine-star-asymptote",
    title="Time of the class with all concepts on, on the star",
    exactness="e^(−T) of the fast mode: to four digits from n = 4",
    regime="the star, n ≥ 2; T₁ → ln 2 (n+1) and T_n → ln 2 (n+1)² for large n",
    source="okawa2023",
    where="derived here from affine-star",
)
@face
def farthest_time(n: int) -> float:
    r"""Return when the slow mode alone lets the class with all concepts cross ½, on the star.

    Parameters
    ----------
    n : int
        Number of concepts, at least 2.

    Returns
    -------
    float
        :math:`\ln(2c)/\lambda_-`, canonical time.

    Raises
    ------
    ArgumentError
        If n is below 2.

    Examples
    --------
    >>> [round(farthest_time(n), 2) for n in (8, 12, 20)]
    [42.56, 98.37, 276.49]
    """
    p = _frequency(n)
    if n < 2:
        raise ArgumentError(f"Argument `n` must be at least 2, but it is {n}.")
    even = _even(n, p, p, p * p)
    return float(np.log(2.0 * (even.constant[1] + even.lift[1])) / even.rates[1])


@implements(
    "bias-free-degeneracy",
    title="Without a bias all classes of the star are learned together",
    regime="the star, equal frequencies, strengths and spread, presence code, flow from zero",
    source="okawa2023",
    where="derived here from one-layer-flow",
)
@face
def time_without_bias(n: int, *, mu: float = 1.0, sigma: float = 0.0) -> float:
    """Return when every class of the star crosses ½, without a constant feature.

    Parameters
    ----------
    n : int
        Number of concepts.
    mu : float
        Strength of the concepts.
    sigma : float
        Spread of the data.

    Returns
    -------
    float
        Canonical time, the same for each class but that without a concept, which is right from the
        start.

    Examples
    --------
    >>> round(time_without_bias(3), 3)
    2.773
    """
    p = _frequency(n)
    rate = p * positive("mu", mu) ** 2 + non_negative("sigma", sigma) ** 2
    return float(np.log(2.0) / rate)


@face
def order_criterion(n: int, t: ArrayLike, *, a: float, b: float, sigma: float = 0.0) -> Parts:
    """Return what decides whether classes are ordered by the number of concepts that are on.

    The output of a concept that is on changes by (S − A)/n with each further concept that is on. So
    order by distance holds at time t if and only if S(t) < A(t).

    Parameters
    ----------
    n : int
        Number of concepts.
    t : array_like, shape (T,)
        Canonical times.
    a : float
        Chance that a given concept is on in the data.
    b : float
        Chance that two given concepts are on together, at most a.
    sigma : float
        Spread of the data.

    Returns
    -------
    Parts
        S and A, and whether S < A.

    Raises
    ------
    ArgumentError
        If no split has these chances.

    Examples
    --------
    >>> parts = order_criterion(3, [1.865], a=1 / 4, b=0.0)
    >>> parts.even.round(3), parts.odd.round(3), parts.ordered
    (array([0.231]), array([0.373]), array([ True]))
    """
    times = as_times(t)
    c, determinant, odd = _numbers(n, a, b, sigma)
    even = _even(n, a, c, determinant)
    common = -np.expm1(-np.outer(times, even.rates)) @ even.lift
    apart = -np.expm1(-odd * times)
    return Parts(common, apart, common < apart)
