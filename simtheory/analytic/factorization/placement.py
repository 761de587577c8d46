"""Where to add examples: places that cover the most, and places that join clusters.

Coverage and connection ask for different places, so both are answered. Which of them a network gains from is
measured.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import as_finite, positive, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError
from simtheory.results import axes

__all__ = ["NextExamples", "next_examples"]

_STEPS = 6
"""Steps of the grid of queries in a tolerance: a disc then holds about 113 of them."""
_MOST = 600
"""Most steps of the grid along an axis; a finer one would take seconds an example."""


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NextExamples:
    """Places for further examples, the most useful first, and what they bring.

    Parameters
    ----------
    cover : ndarray, shape (c, 2)
        Places that cover most, one after the other; fewer than n if all is covered before.
    covered : ndarray, shape (c + 1,)
        Share of the space within the tolerance of an example, before them and after each.
    connect : ndarray, shape (k, 2)
        Places that join clusters to the largest one, at most n; none where all are one cluster, or where the
        nearest gap needs more.
    largest : ndarray, shape (k + 1,)
        Share of the examples in the largest cluster, before them and after each.
    """

    cover: Array = field(metadata=axes.over("example", "factor"))
    covered: Array = field(metadata=axes.over("added"))
    connect: Array = field(metadata=axes.over("bridge", "factor"))
    largest: Array = field(metadata=axes.over("joined"))

    title: ClassVar[str] = "Where to add examples"
    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)

    def __repr__(self) -> str:
        return (
            f"NextExamples(covered {self.covered[0]:.3g} to {self.covered[-1]:.3g}, "
            f"largest {self.largest[0]:.3g} to {self.largest[-1]:.3g})"
        )


@face
def next_examples(
    labels: ArrayLike,
    n: int,
    *,
    radius: float,
    tolerance: float,
    side: float | None = None,
    period: float | None = None,
) -> NextExamples:
    """Propose places of further examples: n that cover most, and up to n that connect most.

    Both are found one after the other, each the best for the examples before it.

    Parameters
    ----------
    labels : array_like, shape (m, 2)
        Labels of the examples that there are.
    n : int
        Number of places.
    radius : float
        Examples at most this far apart are linked.
    tolerance : float
        A query is covered within this distance of an example.
    side : float, optional
        Side of the space of labels, which begins at 0. Default: the box around the labels.
    period : float, optional
        Side of the torus on which the labels lie. Default: no torus.

    Returns
    -------
    NextExamples
        The places, and the shares after each. Shares are those of a grid of queries, six steps a tolerance.

    Raises
    ------
    ShapeError
        If the labels are no pairs.
    ArgumentError
        If a length is not positive, a side and a period are given, half the period is below the radius, or
        the labels span no area.

    Examples
    --------
    >>> found = next_examples([[2.0, 2.0], [2.0, 6.0], [6.0, 2.0]], 1, radius=4.0, tolerance=2.5, side=8.0)
    >>> found.cover.round()
    array([[6., 6.]])
    """
    places = as_finite("labels", labels)
    if places.ndim != 2 or places.shape[1] != 2 or not len(places):
        raise ShapeError(
            f"Argument `labels` must have shape (m, 2), but its shape is {places.shape}."
        )
    count, far = positive_int("n", n), positive("radius", radius)
    tau = positive("tolerance", tolerance)
    low, high, box = _space(places, far, side, period)
    if box is not None:
        places = _wrapped(places, box)
    cover, covered = _covering(places, count, tau, low, high, torus=box is not None)
    connect, largest = _joining(places, count, far, box)
    return NextExamples(cover, covered, connect, largest)


def _space(
    places: Array, far: float, side: float | None, period: float | None
) -> tuple[Array, Array, float | None]:
    """Return both corners of the space, and the period."""
    if period is not None:
        if side is not None:
            raise ArgumentError(
                "Arguments `side` and `period` must not both be given, but they are."
            )
        box = positive("period", period)
        if box < 2.0 * far:
            raise ArgumentError(
                f"Argument `period` must be at least twice the radius, {2 * far:g}, but it is {box:g}."
            )
        return np.zeros(2), np.full(2, box), box
    if side is not None:
        return np.zeros(2), np.full(2, positive("side", side)), None
    low, high = places.min(axis=0), places.max(axis=0)
    if not (high > low).all():
        raise ArgumentError(
            "Argument `labels` must span an area, but along an axis all are equal. Give `side`, the side of "
            "the space."
        )
    return low, high, None


def _wrapped(places: Array, box: float) -> Array:
    turned = np.mod(places, box)
    return np.where(turned >= box, 0.0, turned)  # mod rounds up to the period itself


def _covering(
    places: Array, count: int, tau: float, low: Array, high: Array, *, torus: bool
) -> tuple[Array, Array]:
    """Return the places that cover most, and the covered shares."""
    from scipy.spatial import cKDTree  # slow to import

    span = high - low
    steps = np.clip(np.ceil(span * _STEPS / tau), 1, _MOST).astype(int)
    width = span / steps
    grids = [low[k] + (np.arange(steps[k]) + 0.5) * width[k] for k in range(2)]
    queries = np.stack(np.meshgrid(*grids, indexing="ij"), axis=-1)
    tree = cKDTree(places, boxsize=high if torus else None)
    open_ = tree.query(queries.reshape(-1, 2), distance_upper_bound=tau)[0].reshape(steps) > tau
    disc = _disc(tau, width, steps, torus=torus)
    gain = np.zeros(steps, dtype=np.intp)
    for i, j in disc:
        gain += np.roll(open_, (-i, -j), axis=(0, 1)) if torus else _shifted(open_, i, j)
    found, shares = [], [1.0 - open_.mean()]
    for _ in range(count):
        best = np.array(np.unravel_index(gain.argmax(), gain.shape))
        if not gain[tuple(best)]:
            break  # all is covered
        found.append(queries[tuple(best)])
        near = _inside(best + disc, steps, torus=torus)
        new = near[open_[tuple(near.T)]]
        open_[tuple(new.T)] = False
        around = (new[:, None, :] + disc).reshape(-1, 2)
        around = _inside(around, steps, torus=torus)
        np.subtract.at(gain, tuple(around.T), 1)
        shares.append(1.0 - open_.mean())
    return np.array(found).reshape(-1, 2), np.array(shares)


def _disc(tau: float, width: Array, steps: NDArray[np.intp], *, torus: bool) -> NDArray[np.intp]:
    """Return the steps of the grid to all queries within the tolerance of one, each once."""
    reach = np.minimum(np.floor(tau / width).astype(int), steps - 1)
    i, j = np.meshgrid(*(np.arange(-k, k + 1) for k in reach), indexing="ij")
    inside = (i * width[0]) ** 2 + (j * width[1]) ** 2 <= tau**2
    found = np.stack([i[inside], j[inside]], axis=-1)
    if torus:  # a wide disc meets itself
        found = np.unique(found % steps, axis=0)
    return found


def _inside(cells: NDArray[np.intp], steps: NDArray[np.intp], *, torus: bool) -> NDArray[np.intp]:
    """Return the cells on the grid: those beyond its edge are dropped, or wrapped."""
    if torus:
        return cells % steps
    return cells[((cells >= 0) & (cells < steps)).all(axis=1)]


def _shifted(marked: NDArray[np.bool_], i: int, j: int) -> NDArray[np.bool_]:
    """Return what stands so many rows and columns further, False beyond the edge."""
    rows, columns = marked.shape
    moved = np.zeros_like(marked)
    moved[max(-i, 0) : rows + min(-i, 0), max(-j, 0) : columns + min(-j, 0)] = marked[
        max(i, 0) : rows + min(i, 0), max(j, 0) : columns + min(j, 0)
    ]
    return moved


def _joining(places: Array, count: int, far: float, box: float | None) -> tuple[Array, Array]:
    """Return bridges to the largest cluster, the cluster with most examples a bridge first."""
    from scipy.spatial import cKDTree

    found: list[Array] = []
    everyone = places
    shares: list[float] = []
    while True:
        part = _clusters(everyone, far, box)
        sizes = np.bincount(part)
        main = int(sizes.argmax())
        shares = [*shares[: len(found)], sizes[main] / len(everyone)]
        if len(sizes) == 1 or len(found) == count:
            break
        inside = np.flatnonzero(part == main)
        outside = np.flatnonzero(part != main)
        gap, nearest = cKDTree(everyone[inside], boxsize=box).query(everyone[outside])
        needed = np.maximum(np.ceil(gap / far * (1.0 - 1e-12)).astype(int) - 1, 1)
        worth = np.where(needed <= count - len(found), sizes[part[outside]] / needed, 0.0)
        best = int(np.lexsort((gap, -worth))[0])
        if worth[best] == 0.0:
            break
        start = everyone[inside[nearest[best]]]
        way = everyone[outside[best]] - start
        if box is not None:
            way -= box * np.round(way / box)
        steps = np.arange(1, needed[best] + 1)
        bridge = start + steps[:, None] / (needed[best] + 1) * way
        if box is not None:
            bridge = _wrapped(bridge, box)
        shares += [(sizes[main] + k) / (len(everyone) + k) for k in steps[:-1]]
        found += list(bridge)
        everyone = np.concatenate([everyone, bridge])
    return np.array(found).reshape(-1, 2), np.array(shares)


def _clusters(places: Array, far: float, box: float | None) -> NDArray[np.intp]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    pairs = cKDTree(places, boxsize=box).query_pairs(far, output_type="ndarray")
    size = len(places)
    graph = coo_array(
        (np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(size, size)
    )
    return np.asarray(connected_components(graph, directed=False)[1])
