"""Displacements between cells of a grid: which are compared, their cosines, and weights of resamples.

A *displacement* leads from one cell to another that differs from it in one factor. A test compares two
displacements, so it is four cells. All of a test are enumerated, or drawn where there are too many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simtheory._typing import Array, IntArray

__all__ = ["Test", "along", "cosines", "crossed", "disjoint", "resampled"]

_STILL = (
    1e-12  # squared size of a displacement, over that of the layer, below which it has no direction
)


@dataclass(frozen=True)
class Test:
    """Pairs of displacements, each from one cell to another."""

    cells: IntArray  # shape (4, T): from, to, from, to


def _some(sizes: tuple[int, ...], most: int, rng: np.random.Generator) -> tuple[IntArray, ...]:
    """Return all index tuples below `sizes`, or as many as `most`, drawn with replacement."""
    count = 1
    for size in sizes:
        count *= size
    if count <= most:
        return tuple(each.ravel() for each in np.indices(sizes))
    return tuple(rng.integers(size, size=most) for size in sizes)


def _columns(shape: tuple[int, ...], factor: int) -> IntArray:
    """Return the cells by level of a factor and by values of the others, shape (G, C / G)."""
    cells = np.arange(int(np.prod(shape))).reshape(shape)
    return np.moveaxis(cells, factor, 0).reshape(shape[factor], -1)


def along(shape: tuple[int, ...], factor: int, most: int, rng: np.random.Generator) -> Test:
    """One step of a factor at two values of the others."""
    table = _columns(shape, factor)
    steps, places = (np.stack(np.triu_indices(size, 1)) for size in table.shape)
    step, place = _some((steps.shape[1], places.shape[1]), most, rng)
    (a, b), (here, there) = steps[:, step], places[:, place]
    return Test(np.stack([table[a, here], table[b, here], table[a, there], table[b, there]]))


def disjoint(shape: tuple[int, ...], factor: int, most: int, rng: np.random.Generator) -> Test:
    """Two steps of a factor of disjoint pairs of values, at one value of the others."""
    table = _columns(shape, factor)
    steps = np.stack(np.triu_indices(table.shape[0], 1))
    first, second, place = _some((steps.shape[1], steps.shape[1], table.shape[1]), most, rng)
    (a, b), (c, d) = steps[:, first], steps[:, second]
    apart = (a != c) & (a != d) & (b != c) & (b != d) & (first < second)
    cells = np.stack([table[a, place], table[b, place], table[c, place], table[d, place]])
    return Test(cells[:, apart])


def crossed(
    shape: tuple[int, ...], factors: tuple[int, int], most: int, rng: np.random.Generator
) -> Test:
    """A step of one factor and a step of another, without a common cell."""
    one, other = (_columns(shape, factor) for factor in factors)
    steps, across = (np.stack(np.triu_indices(table.shape[0], 1)) for table in (one, other))
    sizes = (steps.shape[1], one.shape[1], across.shape[1], other.shape[1])
    step, here, turn, there = _some(sizes, most, rng)
    (a, b), (c, d) = steps[:, step], across[:, turn]
    cells = np.stack([one[a, here], one[b, here], other[c, there], other[d, there]])
    apart = ~((cells[:2, None] == cells[None, 2:]).any(axis=(0, 1)))
    return Test(cells[:, apart])


def cosines(test: Test, gram: Array, cell: IntArray | None = None) -> Array:
    """Return the cosine of each pair of displacements, shape (T,); NaN where one has no length.

    `gram` holds the products of the cells' rows, `cell` the row that stands in for each cell.
    """
    i, j, k, l = test.cells if cell is None else cell[test.cells]
    own = np.diagonal(gram)
    product = gram[j, l] - gram[j, k] - gram[i, l] + gram[i, k]
    first = own[i] + own[j] - 2.0 * gram[i, j]
    second = own[k] + own[l] - 2.0 * gram[k, l]
    still = np.minimum(first, second) < _STILL * own.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(still, np.nan, product / np.sqrt(first * second))


def resampled(test: Test, found: Array, shape: tuple[int, ...], counts: list[Array]) -> Array:
    """Return the mean of cosines in each resample of levels, shape (R,).

    `counts` says, for each factor, how often each level was drawn, shape (levels, R). A pair of
    displacements counts as often as the levels that it meets were drawn together.
    """
    from scipy import sparse  # slow to import

    known = ~np.isnan(found)
    at = np.stack(np.unravel_index(test.cells[:, known], shape))  # (k, 4, T)
    with np.errstate(divide="ignore"):
        logs = np.maximum(np.log(np.concatenate(counts)), -1e3)  # a level that was not drawn
    offsets = np.concatenate([[0], np.cumsum(shape)[:-1]])
    columns = (at + offsets[:, None, None]).reshape(-1, at.shape[-1])
    rows = np.broadcast_to(np.arange(at.shape[-1]), columns.shape)
    meets = sparse.csr_array(
        (np.ones(columns.size), (rows.ravel(), columns.ravel())),
        shape=(at.shape[-1], int(np.sum(shape))),
    )
    meets.data[:] = 1.0  # each level once, however many of the four cells have it
    weights = np.exp(meets @ logs)
    total = weights.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(total > 0, (found[known] @ weights) / total, np.nan))
