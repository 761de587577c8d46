r"""Accuracy without any generalisation: a model that shows the nearest training example.

An answer is right where the example it shows lies within the tolerance τ of the query. In a hole or a lesion
both coordinates must agree (a box); elsewhere the distance counts. Queries are uniform and continuous: on a
lattice of queries, with a strict inequality, the values are lower.
"""

from __future__ import annotations

import math

import numpy as np

from simtheory._checks import all_positive, not_negative, one_of
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.labels import Computed, implements

__all__ = [
    "nearest_factorised",
    "nearest_hole",
    "nearest_lattice",
    "nearest_lesion",
    "nearest_random",
]

_RIMS = {"interior": 2.0, "corner": 1.0}
"""Number of opposite rims of a hole from which examples reach into it, along each axis."""


def _ratio(tolerance: Array, length: Array) -> Array:
    with np.errstate(over="ignore"):  # a tolerance above every float times the length covers all
        return np.asarray(tolerance / length)


def _cover(ratio: Array) -> Array:
    """Return the share of a unit cell within `ratio` of the nearest lattice point."""
    reach = np.minimum(ratio, math.sqrt(0.5))
    cut = np.maximum(reach, 0.5)  # above one half neighbouring discs overlap
    lens = cut**2 * np.arccos(0.5 / cut) - 0.5 * np.sqrt((cut - 0.5) * (cut + 0.5))
    return np.asarray(np.where(ratio >= math.sqrt(0.5), 1.0, np.pi * reach**2 - 4.0 * lens))


@implements(
    "nearest-lesion",
    kind=Computed(r"\min(1,\, 2\tau / w)"),
    title="accuracy of the nearest example inside a lesion",
    regime="dense examples up to both rims; queries uniform in the lesion",
    source="liang2024",
    where="derived here from the distance to the rim",
)
@face
def nearest_lesion(width: ArrayLike, *, tolerance: ArrayLike) -> Array:
    """Accuracy of the nearest example where a strip of values of one factor is held out.

    Parameters
    ----------
    width : array_like
        Width of the strip, in pixels.
    tolerance : array_like
        Tolerance of an answer, in pixels; it broadcasts with `width`.

    Returns
    -------
    ndarray
        Share of the queries that are answered; 1 up to a width of twice the tolerance, so a narrower
        lesion tests nothing.

    Raises
    ------
    ArgumentError
        If a length is not positive.

    Examples
    --------
    >>> nearest_lesion([3.5, 5.0, 8.0], tolerance=1.0).round(3)
    array([0.571, 0.4  , 0.25 ])
    """
    wide, tau = all_positive("width", width), all_positive("tolerance", tolerance)
    return np.asarray(np.minimum(2.0 * _ratio(tau, wide), 1.0))


@implements(
    "nearest-hole",
    kind=Computed(
        r"1 - \left(\frac{(W - c\,\tau)_+}{W}\right)^{2},\quad"
        r" c = 2 \text{ (interior)},\; 1 \text{ (corner)}"
    ),
    title="accuracy of the nearest example inside a square hole",
    regime="dense examples up to the rim, which is kept; queries uniform in the hole",
    source="liang2024",
    where="derived here from the distance to the rim",
)
@face
def nearest_hole(width: ArrayLike, *, tolerance: ArrayLike, place: str = "interior") -> Array:
    """Accuracy of the nearest example where a square of combinations is held out.

    Where the rim itself is removed from a lattice of labels, the tolerance is less by its spacing.

    Parameters
    ----------
    width : array_like
        Width of the hole, in pixels.
    tolerance : array_like
        Tolerance of an answer along each axis, in pixels; it broadcasts with `width`.
    place : {"interior", "corner"}
        Whether examples surround the hole, or border two of its sides.

    Returns
    -------
    ndarray
        Share of the queries that are answered.

    Raises
    ------
    ArgumentError
        If a length is not positive, or the place is unknown.

    Examples
    --------
    >>> float(nearest_hole(8.0, tolerance=1.0))
    0.4375
    """
    wide, tau = all_positive("width", width), all_positive("tolerance", tolerance)
    rims = _RIMS[one_of("place", place, _RIMS)]
    reached = np.minimum(rims * _ratio(tau, wide), 1.0)
    return np.asarray(reached * (2.0 - reached))


@implements(
    "nearest-random",
    title="accuracy of the nearest of n random examples",
    regime="a torus; a tolerance of at most half its side; a Poisson number of examples of mean n",
    exactness="exact there; for exactly n examples above it, by the order n τ⁴/N⁴",
    source="liang2024",
    where="derived here from coverage",
)
@face
def nearest_random(n: ArrayLike, *, side: ArrayLike, tolerance: ArrayLike) -> Array:
    r"""Accuracy of the nearest example with n examples at random places: coverage.

    The numbers for 80 % and for 20 % differ by the same factor 7.21 at every size of the space. A wider
    disc than the torus is counted once, so the share stays exact for every tolerance.

    Parameters
    ----------
    n : array_like
        Mean number of examples.
    side : array_like
        Side of the torus of labels, in pixels; it broadcasts with `n`.
    tolerance : array_like
        Largest distance from the query at which an answer is right, in pixels; it broadcasts with `n`.

    Returns
    -------
    ndarray
        Share of the queries that are answered.

    Raises
    ------
    ArgumentError
        If a length is not positive, or the number of examples negative.

    Examples
    --------
    >>> float(nearest_random(299, side=32.0, tolerance=1.0).round(3))
    0.6
    """
    number = not_negative("n", n)
    edge, tau = all_positive("side", side), all_positive("tolerance", tolerance)
    return np.asarray(-np.expm1(-number * _cover(_ratio(tau, edge))))


@implements(
    "lattice-coverage",
    kind=Computed(
        r"1 \;\; (d \le \sqrt2\,\tau), \qquad \frac{\pi\tau^2}{d^2} \;\; (d \ge 2\tau), \qquad"
        r" \frac{\pi\tau^2 - 4\left(\tau^2\alpha - \tfrac d2\sqrt{\tau^2 - d^2/4}\right)}{d^2},"
        r"\;\; \alpha = \arccos\frac{d}{2\tau} \;\;\text{(between)}"
    ),
    title="accuracy of the nearest example of a square lattice",
    regime="an infinite square lattice; queries uniform in the plane",
    source="liang2024",
    where="derived here from the overlaps of discs",
)
@face
def nearest_lattice(spacing: ArrayLike, *, tolerance: ArrayLike) -> Array:
    """Accuracy of the nearest example with examples on a square lattice of labels.

    Parameters
    ----------
    spacing : array_like
        Spacing of the lattice, in pixels.
    tolerance : array_like
        Largest distance from the query at which an answer is right, in pixels; it broadcasts with
        `spacing`.

    Returns
    -------
    ndarray
        Share of the plane within the tolerance of a lattice point.

    Raises
    ------
    ArgumentError
        If a length is not positive.

    Examples
    --------
    >>> nearest_lattice([1.0, 1.5, 1.8, 2.5], tolerance=1.0).round(4)
    array([1.    , 0.9933, 0.8971, 0.5027])
    """
    step, tau = all_positive("spacing", spacing), all_positive("tolerance", tolerance)
    return _cover(_ratio(tau, step))


@implements(
    "nearest-factorised",
    title="accuracy of two memories, one for each factor",
    regime="a torus of side 2τ or more; a Poisson number of examples of mean n for each factor",
    exactness="exact there",
    source="liang2024",
    where="derived here from coverage of each factor",
)
@face
def nearest_factorised(n: ArrayLike, *, side: ArrayLike, tolerance: ArrayLike) -> Array:
    """Accuracy of a model that learns each factor alone, from n random examples of each.

    The number it needs grows as the side of the space, that of `nearest_random` as its square.

    Parameters
    ----------
    n : array_like
        Mean number of examples of each factor.
    side : array_like
        Side of the torus of labels, in pixels; it broadcasts with `n`.
    tolerance : array_like
        Tolerance of an answer along each axis, in pixels; it broadcasts with `n`.

    Returns
    -------
    ndarray
        Share of the queries that are answered along both axes.

    Raises
    ------
    ArgumentError
        If a length is not positive, or the number of examples negative.

    Examples
    --------
    >>> float(nearest_factorised(23.84, side=32.0, tolerance=1.0).round(3))
    0.6
    """
    number = not_negative("n", n)
    edge, tau = all_positive("side", side), all_positive("tolerance", tolerance)
    covered = np.minimum(2.0 * _ratio(tau, edge), 1.0)
    return np.asarray(np.expm1(-number * covered) ** 2)
