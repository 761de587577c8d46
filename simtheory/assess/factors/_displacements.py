"""Displacements between cells of a grid: which are compared, their cosines, and weights of resamples.

A *displacement* leads from one cell to another that differs from it in one factor. A test compares two
displacements, so it is four cells. All of a test are enumerated, or drawn where there are too many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simtheory._typing import Array, IntArray

__all__ = ["Cells", "Test", "along", "crossed", "disjoint", "resampled"]

_PRODUCTS = 2048  # cells whose products are kept; beyond, displacements are formed one by one
_BLOCK = 1024  # displacements that are held at once
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


@dataclass(frozen=True)
class Cells:
    """The rows of all cells, and their products where these are few enough."""

    rows: Array
    gram: Array | None
    size: float  # mean squared length

    @classmethod
    def of(cls, rows: Array) -> Cells:
        """Take the rows of cells, shape (C, d)."""
        gram = rows @ rows.T if len(rows) <= _PRODUCTS else None
        return cls(rows, gram, float((rows**2).sum() / len(rows)))

    def cosines(self, test: Test, order: IntArray | None = None) -> Array:
        """Return the cosine of each pair of displacements, shape (T,); NaN where one has no length.

        `order` holds the row that stands in for each cell.
        """
        cells = test.cells if order is None else order[test.cells]
        product, first, second = self._products(cells)
        still = np.minimum(first, second) < _STILL * self.size
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(still, np.nan, product / np.sqrt(first * second))

    def _products(self, cells: IntArray) -> tuple[Array, Array, Array]:
        """Return the product of both displacements, and the squared length of each."""
        i, j, k, l = cells
        if self.gram is not None:
            gram, own = self.gram, np.diagonal(self.gram)
            product = gram[j, l] - gram[j, k] - gram[i, l] + gram[i, k]
            return (
                product,
                own[i] + own[j] - 2.0 * gram[i, j],
                own[k] + own[l] - 2.0 * gram[k, l],
            )
        found = np.empty((3, cells.shape[1]))
        for start in range(0, cells.shape[1], _BLOCK):
            part = slice(start, start + _BLOCK)
            first = self.rows[j[part]] - self.rows[i[part]]
            second = self.rows[l[part]] - self.rows[k[part]]
            for row, (a, b) in zip(
                found, ((first, second), (first, first), (second, second)), strict=True
            ):
                row[part] = np.einsum("td,td->t", a, b)
        return found[0], found[1], found[2]


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
