r"""Label sets: what of the space of labels is covered, what is connected, and where to add examples.

Problem
-------
A training set has labels, such as places, or an embedding. Which share of the queries has an example near it, do the
examples connect, and where would the next ones help most?

Symbols
-------
n : number of examples; r : radius below which examples are linked; τ : distance below which a query is covered;
A : area of the space of labels.

Result
------
The covered share, the clusters, the share of the largest cluster against the share of examples that is kept, the
largest gaps, and the next examples. Beside them stand the same of as many examples at random places: the covered share
of those is :math:`1 - e^{-n\pi\tau^2/A}` on a torus.

Reading
-------
Coverage and connection are different: a few dense islands are covered and not connected, a few lines are connected and
cover little. Which of them a net needs is measured (`simtheory.assess.laws`), not assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simtheory._checks import as_finite, as_generator, positive, positive_int
from simtheory._faces import face
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic.factorization import NextExamples, next_examples
from simtheory.errors import ArgumentError, ShapeError
from simtheory.results import Curve, axes
from simtheory.results.axes import over

__all__ = ["LabelSet", "labels"]

_KEPT = np.linspace(0.1, 1.0, 10)
_WIDEST = 1e9  # space of labels over the radius; beyond, squares of distances lose the radius
_DRAWS = 60  # orders in which examples are kept
_RANDOM = 12  # sets of as many random examples
_STEPS = (
    167  # of the grid along an axis, on which gaps and coverage are looked for; fits no lattice
)
_GAPS = 5  # largest gaps that are named
_SIZES = 6  # largest clusters that are named


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LabelSet:
    """What a set of examples covers and connects.

    Parameters
    ----------
    covered : float
        Share of the queries, or of the space of labels, with an example within the tolerance; NaN for
        an embedding in more than two dimensions without queries.
    covered_null : float
        The same of as many examples at random places; NaN as above.
    sizes : array_like of int, shape (C,)
        Sizes of the clusters, falling.
    largest : Curve
        Share of the largest cluster among the examples that are kept, against the share that is kept.
    largest_null : float
        Share of the largest cluster of as many examples at random places.
    half : float
        Share of examples to keep for a largest cluster of one half; NaN if it is not reached.
    gaps : array_like, shape (G, d)
        Places that lie farthest from all examples, the worst first: queries, or points of the space.
    distances : array_like, shape (G,)
        Their distance to the nearest example; all are above the tolerance.
    next : NextExamples or None
        Where to add examples; None in more than two dimensions.
    examples, queries : int
        Number of examples, and of queries that were given; 0 if the space itself was asked.
    radius, tolerance : float
        Distances that were used.
    """

    covered: float
    covered_null: float
    sizes: IntArray = field(metadata=over("cluster", allow="integer"))
    largest: Curve
    largest_null: float
    half: float
    gaps: Array = field(metadata=over("gap", "factor"))
    distances: Array = field(metadata=over("gap"))
    next: NextExamples | None
    examples: int
    queries: int
    radius: float
    tolerance: float

    def __post_init__(self) -> None:
        axes.settle(self)
        positive("radius", self.radius)
        positive("tolerance", self.tolerance)

    @property
    def connected(self) -> float:
        """Share of the examples in the largest cluster."""
        return float(self.sizes[0] / self.sizes.sum())

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain numbers and lists, ready for strict JSON.

        Returns
        -------
        dict
            What is not known is None.
        """

        def known(value: float) -> float | None:
            return None if np.isnan(value) else float(value)

        return {
            "covered": known(self.covered),
            "covered_null": known(self.covered_null),
            "clusters": len(self.sizes),
            "sizes": self.sizes.tolist(),
            "connected": self.connected,
            "connected_null": known(self.largest_null),
            "kept": self.largest.x.tolist(),
            "largest": self.largest.row("largest").tolist(),
            "half": known(self.half),
            "half_reached": not np.isnan(self.half),
            "gaps": self.gaps.tolist(),
            "distances": self.distances.tolist(),
            "next": None if self.next is None else self.next.to_dict(),
            "examples": self.examples,
            "queries": self.queries,
            "radius": self.radius,
            "tolerance": self.tolerance,
        }

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values, for a table.

        Returns
        -------
        list of (str, str)
            One entry for each line.
        """
        what = f"of {self.queries} queries" if self.queries else "of the space"
        found = []
        if np.isnan(self.covered):
            found.append(("covered", "not known: pass queries"))
        else:
            found.append(
                (
                    f"covered within {self.tolerance:g}",
                    f"{self.covered:.3f} {what}; at random places {self.covered_null:.3f}",
                )
            )
        sizes = ", ".join(map(str, self.sizes[:_SIZES]))
        more = f", and {len(self.sizes) - _SIZES} more" if len(self.sizes) > _SIZES else ""
        found.append((f"clusters within {self.radius:g}", f"{len(self.sizes)}: {sizes}{more}"))
        found.append(
            ("in the largest", f"{self.connected:.3f}; at random places {self.largest_null:.3f}")
        )
        half = "at no share kept" if np.isnan(self.half) else f"at {self.half:.2f} of the examples"
        found.append(("half of them in one", half))
        for place, distance in zip(self.gaps, self.distances, strict=True):
            found.append(("gap", f"{_point(place)}, {distance:.3g} from the nearest example"))
        if self.next is not None:
            for place, share in zip(self.next.cover, self.next.covered[1:], strict=True):
                found.append(("add to cover", f"{_point(place)}: {share:.3f} covered"))
            for place, share in zip(self.next.connect, self.next.largest[1:], strict=True):
                found.append(("add to connect", f"{_point(place)}: {share:.3f} in the largest"))
        return found

    def __str__(self) -> str:
        return rows_as_text(f"Label set of {self.examples} examples", self.rows())

    def _repr_html_(self) -> str:
        return rows_as_html(f"Label set of {self.examples} examples", self.rows())

    def __repr__(self) -> str:
        return f"LabelSet(examples={self.examples}, covered={self.covered:.3g}, connected={self.connected:.3g})"


@face
def labels(
    labels: ArrayLike,
    *,
    radius: float,
    tolerance: float,
    queries: ArrayLike | None = None,
    side: float | None = None,
    period: float | None = None,
    add: int = 3,
    rng: np.random.Generator | int,
) -> LabelSet:
    """Return what a set of examples covers and connects, and where to add some.

    Parameters
    ----------
    labels : array_like, shape (n, d)
        Labels of the examples, or an embedding of them.
    radius : float
        Examples at most this far apart are linked, such as
        `simtheory.analytic.percolation.link_radius`.
    tolerance : float
        A query is covered within this distance of an example.
    queries : array_like, shape (q, d), optional
        What the net is asked. Default: the space of labels, in two dimensions.
    side : float, optional
        Side of the space of labels, which begins at 0. Default: the box around the labels.
    period : float, optional
        Side of the torus on which the labels lie. Default: no torus.
    add : int
        Number of examples to propose.
    rng : numpy.random.Generator or int
        Source of the examples that are kept, and of those at random places.

    Returns
    -------
    LabelSet
        Covered share, clusters, gaps and proposals, beside those of random places.

    Raises
    ------
    ShapeError
        If labels or queries are no rows of one length.
    ArgumentError
        If a length is not positive, a side and a period are given, or half the period is below the
        radius.

    Examples
    --------
    >>> grid = np.stack([each.ravel() for each in np.indices((4, 4))], axis=1) * 2.0
    >>> found = labels(grid, radius=2.0, tolerance=1.0, period=8.0, rng=0)
    >>> found.sizes.tolist(), round(found.covered, 1)
    ([16], 0.8)
    """
    from simtheory.sim import percolation  # slow to import

    points = as_finite("labels", labels)
    if points.ndim != 2 or not points.size:
        raise ShapeError(
            f"Argument `labels` must have shape (n, d), one row for each example, but its shape is "
            f"{points.shape}."
        )
    link, near = positive("radius", radius), positive("tolerance", tolerance)
    wanted, source = positive_int("add", add), as_generator(rng)
    if side is not None and period is not None:
        raise ArgumentError(
            "Arguments `side` and `period` must not both be given: one is the space."
        )
    low, high = _space(points, side, period)
    if (high - low).max() > _WIDEST * link:
        raise ArgumentError(
            f"Argument `radius` must not be below 1e-9 of the space of labels, {(high - low).max():g}, but "
            f"it is {link:g}."
        )
    asked = None if queries is None else as_finite("queries", queries)
    if asked is not None and (
        asked.ndim != 2 or asked.shape[1] != points.shape[1] or not asked.size
    ):
        raise ShapeError(
            f"Argument `queries` must have shape (q, {points.shape[1]}), as many columns as `labels`, but its "
            f"shape is {asked.shape}."
        )
    flat = points.shape[1] == 2 and bool(np.all(high > low))
    where = asked if asked is not None else _grid(low, high, period) if flat else None
    numbers = percolation.clusters(points, link, period=period)
    largest = percolation.mass_ratio(points, link, _KEPT, draws=_DRAWS, period=period, rng=source)
    covered = covered_null = np.nan
    gaps, distances = np.zeros((0, points.shape[1])), np.zeros(0)
    if where is not None:
        apart = _distance(points, where, period)
        covered = float((apart <= near).mean())
        gaps, distances = _gaps(where, apart, near, period)
    shares, masses = [], []
    for _ in range(_RANDOM):
        random = low + (high - low) * source.random(points.shape)
        masses.append(np.bincount(percolation.clusters(random, link, period=period))[0])
        if where is not None:
            shares.append((_distance(random, where, period) <= near).mean())
    if shares:
        covered_null = float(np.mean(shares))
    proposed = None
    if flat:
        proposed = next_examples(
            points, wanted, radius=link, tolerance=near, side=side, period=period
        )
    return LabelSet(
        covered,
        covered_null,
        np.bincount(numbers),
        largest,
        float(np.mean(masses) / len(points)),
        _half(largest.row("largest")),
        gaps,
        distances,
        proposed,
        len(points),
        0 if asked is None else len(asked),
        link,
        near,
    )


def _space(points: Array, side: float | None, period: float | None) -> tuple[Array, Array]:
    """Return the ends of the space of labels."""
    edge = side if side is not None else period
    if edge is None:
        return points.min(axis=0), points.max(axis=0)
    end = positive("side" if side is not None else "period", edge)
    if side is not None and (points.min() < 0.0 or points.max() > end):
        raise ArgumentError(
            f"Argument `labels` must lie between 0 and the side {end:g}, but they run from "
            f"{points.min():g} to {points.max():g}."
        )
    return np.zeros(points.shape[1]), np.full(points.shape[1], end)


def _grid(low: Array, high: Array, period: float | None) -> Array:
    """Return points of the space, with its edges unless it is a torus."""
    along = [
        np.linspace(a, b, _STEPS, endpoint=period is None) for a, b in zip(low, high, strict=True)
    ]
    return np.stack([each.ravel() for each in np.meshgrid(*along, indexing="ij")], axis=1)


def _distance(points: Array, where: Array, period: float | None) -> Array:
    from scipy.spatial import cKDTree  # slow to import

    if period is not None:
        points, where = (_wrapped(each, period) for each in (points, where))
    return np.asarray(cKDTree(points, boxsize=period).query(where)[0])


def _wrapped(points: Array, period: float) -> Array:
    moved = np.mod(points, period)
    moved[moved == period] = 0.0  # mod rounds up to the period itself
    return moved


def _gaps(where: Array, apart: Array, near: float, period: float | None) -> tuple[Array, Array]:
    """Return the places farthest from all examples, each outside the empty discs before it."""
    left = apart.copy()
    places: list[Array] = []
    distances: list[float] = []
    while len(places) < _GAPS and left.max() > near:
        k = int(left.argmax())
        places.append(where[k])
        distances.append(float(apart[k]))
        offset = where - where[k]
        if period is not None:
            offset -= period * np.round(offset / period)
        left[np.sqrt((offset**2).sum(axis=1)) <= apart[k]] = 0.0
    return np.array(places).reshape(-1, where.shape[1]), np.array(distances)


def _half(row: Array) -> float:
    """Return the share kept at which the largest cluster first holds half of what is kept."""
    above = np.flatnonzero(row >= 0.5)
    if not above.size:
        return float("nan")
    k = int(above[0])
    return float(_KEPT[0] if k == 0 else np.interp(0.5, row[k - 1 : k + 1], _KEPT[k - 1 : k + 1]))


def _point(place: Array) -> str:
    return f"({', '.join(f'{x:.3g}' for x in place[:6])}{', ...' if len(place) > 6 else ''})"
