r"""One factor: n random values on a segment or a circle, linked where a gap is at most a.

Gaps of random points are spacings: the chance that j given gaps all exceed a is :math:`(1-ja)^{n-1}` on
a circle and :math:`(1-ja)^n` on a segment, both of length one. The rest is inclusion and exclusion. The
sums alternate and may cancel to many digits; then they are summed again with the digits they need.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from simtheory._checks import as_finite, positive
from simtheory._faces import face
from simtheory._later import mpmath, special
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.labels import implements

__all__ = [
    "circle_connected",
    "circle_gaps",
    "half_number",
    "line_cluster",
    "ring_clusters",
    "segment_clusters",
    "segment_connected",
    "segment_covered",
]

_KEPT = 1e-4
"""Smallest share of the largest term at which a sum in float64 is taken. Terms are right to 1e-13, so that
the sum has nine digits; below it the sum is repeated with more digits."""
_SMALLEST = 340
"""Decimal digits below one at which a probability counts as zero: float64 holds none below 1e-324."""


def _counts(name: str, value: ArrayLike, least: int = 1) -> Array:
    given = as_finite(name, value)
    if given.size and not (np.all(given == np.floor(given)) and given.min() >= least):
        raise ArgumentError(
            f"Argument `{name}` must be whole and at least {least}, but it is {value!r}."
        )
    return given


def _gaps(name: str, value: ArrayLike) -> Array:
    given = as_finite(name, value)
    if given.size and given.min() <= 0.0:
        raise ArgumentError(
            f"Argument `{name}` must be positive, but its smallest entry is {given.min():g}."
        )
    return given


def _alternating(
    first: int, most: int, choose: Callable[[int], int], power: int, a: float
) -> float:
    """Return Σ_j (−1)^(j − first) choose(j) (1 − ja)^power over j from `first` to `most` with ja < 1."""
    last = most if a * most < 1.0 else math.ceil(1.0 / a) - 1
    if last < first:
        return 0.0
    j = np.arange(first, last + 1)
    logs = np.array([_log(choose(int(k))) for k in j])
    with np.errstate(divide="ignore"):
        logs = logs + power * np.log1p(-np.minimum(j * a, 1.0))
    if logs.max() < 700.0:
        terms = np.exp(logs)
        total = math.fsum(np.where((j - first) % 2 == 0, terms, -terms))
        if total > _KEPT * terms.max():
            return total
    digits = 30
    while True:
        with mpmath.workdps(digits):
            step = mpmath.mpf(a)
            parts = [
                (-1) ** int(k - first) * choose(int(k)) * (1 - int(k) * step) ** power
                for k in j
                if int(k) * step < 1
            ]
            total, largest = mpmath.fsum(parts), max(map(abs, parts))
            # The rounding of the sum is largest · 10^-digits; twelve digits of the total must lie above.
            if abs(total) > largest * mpmath.mpf(10) ** (12 - digits) * len(parts) or not largest:
                return float(total)
            if digits > _SMALLEST + mpmath.log10(largest):
                return 0.0
        digits *= 2


def _log(count: int) -> float:
    """Logarithm of a whole number of any size."""
    if count == 0:
        return -math.inf
    bits = max(0, count.bit_length() - 900)
    return math.log(count >> bits) + bits * math.log(2.0)


def _each(function: Callable[[int, float], float], n: ArrayLike, a: ArrayLike) -> Array:
    counts, gaps = np.broadcast_arrays(_counts("n", n), _gaps("a", a))
    found = [function(int(k), float(x)) for k, x in zip(counts.flat, gaps.flat, strict=True)]
    return np.clip(np.array(found).reshape(counts.shape), 0.0, 1.0)


@implements(
    "gaps-circle",
    title="number of gaps of random points on a circle that are longer than a",
    regime="n independent uniform points",
    source="stevens1939",
    where="equation of the paper, recomputed here",
)
@face
def circle_gaps(n: ArrayLike, a: ArrayLike, *, count: int) -> Array:
    """Probability that so many of the n gaps on a circle are longer than a.

    Parameters
    ----------
    n : array_like of int
        Number of points.
    a : array_like
        Length, as a share of the circumference; it broadcasts with `n`.
    count : int
        Number of longer gaps; with none the points are linked all round, with at most one they are one
        cluster.

    Returns
    -------
    ndarray
        Probabilities, to eight digits in the tails too.

    Raises
    ------
    ArgumentError
        If a number is not whole and positive, or a length not positive.

    Examples
    --------
    >>> [float(circle_gaps(12, 0.12, count=k).round(4)) for k in (1, 2, 3)]
    [0.0346, 0.2666, 0.4519]
    """
    gaps = int(_counts("count", count, 0))

    def chance(k: int, x: float) -> float:
        if gaps > k or (gaps == 0 and k * x <= 1.0):  # gaps that short do not add up to the circle
            return 0.0
        total = _alternating(gaps, k, lambda j: math.comb(k - gaps, j - gaps), k - 1, x)
        return math.comb(k, gaps) * total

    return _each(chance, n, a)


@face
def circle_connected(n: ArrayLike, a: ArrayLike) -> Array:
    """Probability that no gap of n random points on a circle is longer than a.

    Parameters
    ----------
    n : array_like of int
        Number of points.
    a : array_like
        Length, as a share of the circumference; it broadcasts with `n`.

    Returns
    -------
    ndarray
        Probabilities: `circle_gaps` with a count of 0.

    Raises
    ------
    ArgumentError
        If a number is not whole and positive, or a length not positive.

    Examples
    --------
    >>> float(circle_connected(40, 0.1).round(5))
    0.46389
    """
    return circle_gaps(n, a, count=0)


@implements(
    "chain-segment",
    title="chance that random points on a segment form one chain",
    regime="n independent uniform points",
    source="liang2024",
    where="derived here from spacings",
)
@face
def segment_connected(n: ArrayLike, a: ArrayLike) -> Array:
    """Probability that n random points on a segment are one cluster: all n - 1 inner gaps at most a.

    Parameters
    ----------
    n : array_like of int
        Number of points.
    a : array_like
        Length up to which neighbours are linked, as a share of the segment; it broadcasts with `n`.

    Returns
    -------
    ndarray
        Probabilities, to eight digits in the tails too.

    Raises
    ------
    ArgumentError
        If a number is not whole and positive, or a length not positive.

    Examples
    --------
    >>> float(segment_connected(40, 0.1).round(5))
    0.51633
    """
    return _each(lambda k, x: _alternating(0, k - 1, lambda j: math.comb(k - 1, j), k, x), n, a)


@implements(
    "cover-segment",
    title="chance that random points leave no gap on a segment, its ends included",
    regime="n independent uniform points",
    source="liang2024",
    where="derived here from spacings",
)
@face
def segment_covered(n: ArrayLike, a: ArrayLike) -> Array:
    """Probability that all gaps of n random points on a segment, and both ends, are at most a.

    Parameters
    ----------
    n : array_like of int
        Number of points.
    a : array_like
        Length, as a share of the segment; it broadcasts with `n`.

    Returns
    -------
    ndarray
        Probabilities, to eight digits in the tails too.

    Raises
    ------
    ArgumentError
        If a number is not whole and positive, or a length not positive.

    Examples
    --------
    >>> float(segment_covered(40, 0.1).round(5))
    0.49633
    """

    def chance(k: int, x: float) -> float:
        if (k + 1) * x <= 1.0:  # gaps that short do not add up to the segment
            return 0.0
        return _alternating(0, k + 1, lambda j: math.comb(k + 1, j), k, x)

    return _each(chance, n, a)


@implements(
    "clusters-segment",
    title="mean number of clusters of random points on a segment",
    regime="n independent uniform points, a at most 1",
    source="liang2024",
    where="derived here from spacings",
)
@face
def segment_clusters(n: ArrayLike, a: ArrayLike) -> Array:
    r"""Mean number of clusters of n random points on a segment, :math:`1 + (n-1)(1-a)^n`.

    Parameters
    ----------
    n : array_like of int
        Number of points.
    a : array_like
        Length up to which neighbours are linked, as a share of the segment; it broadcasts with `n`.

    Returns
    -------
    ndarray
        Mean numbers.

    Raises
    ------
    ArgumentError
        If a number is not whole and positive, or a length not positive.

    Examples
    --------
    >>> float(segment_clusters(40, 0.1).round(4))
    1.5765
    """
    count, gap = _counts("n", n), _gaps("a", a)
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 + (count - 1.0) * np.exp(count * np.log1p(-np.minimum(gap, 1.0))))


@implements(
    "chain-half-number",
    title="number of random points that form a chain with probability one half",
    regime="a far below 1",
    exactness="of the order a ln(1/a): 1.8 % at a = 0.1, 0.2 % at 0.01",
    source="liang2024",
    where="derived here from the Poisson limit",
)
@face
def half_number(a: float, *, exact: bool = True) -> float:
    r"""Number of random points on a segment that are one chain with probability one half.

    In the Poisson limit it solves :math:`n e^{-na} = \ln 2`: it grows as (1/a) ln(1/a).

    Parameters
    ----------
    a : float
        Length up to which neighbours are linked, as a share of the segment, in (0, 1).
    exact : bool
        Whether to return the smallest n from which on `segment_connected` stays at one half or above
        (a whole number), or the solution in the Poisson limit.

    Returns
    -------
    float
        The number.

    Raises
    ------
    ArgumentError
        If a is not positive.

    Examples
    --------
    >>> [half_number(a) for a in (0.1, 0.05, 0.01)]
    [40.0, 99.0, 689.0]
    """
    gap = positive("a", a)
    if (
        gap * math.log(2.0) >= 1.0 / math.e
    ):  # no solution: even two points are linked more often than not
        limit = 1.0
    else:
        limit = float(-special.lambertw(-gap * math.log(2.0), -1).real / gap)
    if not exact:
        return limit

    def linked(n: int) -> bool:
        return float(segment_connected(n, gap)) >= 0.5

    # One point is a chain; the probability falls with the first points and rises with the last.
    n = max(1, math.ceil(limit))
    while not linked(n):
        n += 1
    while n > 1 and linked(n - 1):
        n -= 1
    return float(n)


@implements(
    "clusters-line",
    title="mean size of the cluster of a random point on an infinite line",
    regime="points of a Poisson process",
    source="liang2024",
    where="derived here from exponential gaps",
)
@face
def line_cluster(linked: ArrayLike) -> Array:
    r"""Mean size of the cluster of a point, when points lie on a line at random.

    Sizes are geometric with :math:`q = 1 - e^{-\rho r}`, so the mean over points is
    :math:`(1+q)/(1-q) = 2e^{\rho r} - 1`: finite at every density, there is no threshold.

    Parameters
    ----------
    linked : array_like
        ρr, the mean number of points within reach on one side.

    Returns
    -------
    ndarray
        Mean sizes.

    Raises
    ------
    ArgumentError
        If a number is negative.

    Examples
    --------
    >>> float(line_cluster(2.0).round(2))
    13.78
    """
    mean = as_finite("linked", linked)
    if mean.size and mean.min() < 0.0:
        raise ArgumentError(
            f"Argument `linked` must not be negative, but one entry is {mean.min():g}."
        )
    return np.asarray(2.0 * np.exp(mean) - 1.0)


@implements(
    "clusters-ring",
    title="mean number of clusters of kept sites on a ring",
    regime="up to the ring that is linked all round and the empty set",
    source="liang2024",
    where="derived here from the gaps of kept sites",
)
@face
def ring_clusters(sites: ArrayLike, p: ArrayLike, *, reach: int = 1) -> Array:
    r"""Mean number of clusters on a ring of sites, kept with probability p: :math:`M p (1-p)^k`.

    Parameters
    ----------
    sites : array_like of int
        Number M of sites.
    p : array_like
        Probability that a site is kept; it broadcasts with `sites`.
    reach : int
        Kept sites at most k apart are linked.

    Returns
    -------
    ndarray
        Mean numbers of gaps longer than the reach.

    Raises
    ------
    ArgumentError
        If a number is not whole and positive, or a share outside [0, 1].

    Examples
    --------
    >>> float(ring_clusters(64, 0.2, reach=5).round(4))
    4.1943
    """
    count, far = _counts("sites", sites), int(_counts("reach", reach))
    kept = as_finite("p", p)
    if kept.size and (kept.min() < 0.0 or kept.max() > 1.0):
        raise ArgumentError(f"Argument `p` must lie between 0 and 1, but it is {p!r}.")
    return np.asarray(count * kept * (1.0 - kept) ** far)
