r"""Geometry of a representation of two factors or more: is it factorised, and is it continuous?

Problem
-------
A net was shown inputs on a full grid of factor values, and the activations of a layer were kept. Does the
layer represent each factor by itself, and do near values of a factor stay near?

Symbols
-------
h(x, y) : mean activation of a cell of the grid; Δx : difference of two cells that differ in x alone;
SS : sums of squares of the analysis of variance of the cells; λ : eigenvalues of the cells' covariance.

Result
------
===================  ==============================================================  =======  ============
measure              definition                                                      noise    two circles
===================  ==============================================================  =======  ============
participation ratio  :math:`(\sum\lambda)^2/\sum\lambda^2`                           many     4
interaction          share of the variance that no sum of functions of one factor    near 1   0
                     explains; SS_xy/(SS_x + SS_y + SS_xy) for two factors
parallelism          mean cosine of Δx at two values of y, and so on                 0        1
orthogonality        mean abs. cosine of Δx and Δy without a common cell             √(2/πd)  0
continuity           mean abs. cosine of Δx of two disjoint pairs of values          √(2/πd)  2/π
===================  ==============================================================  =======  ============

Reading
-------
A code that is fed to a net may be factorised by construction, so the first null of a trained net is the
untrained one (``baseline=``). The other null shuffles the labels. A shuffled layer has the same participation
ratio, so there the null is noise in as many dimensions. Displacements that share a cell are left out:
noise would give them a mean cosine of one half.

Intervals resample the levels of the factors, with replacement, and so hold the spread of repeats within
cells, too. They are moved to have the value as their median, because repeated levels lower the
participation ratio and the interaction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from simtheory._checks import as_generator, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.assess.factors._displacements import (
    Cells,
    Test,
    along,
    crossed,
    disjoint,
    resampled,
)
from simtheory.assess.factors._grid import Grid, grid_of, rows_of
from simtheory.assess.factors.answers import FEWEST, Estimate, Factor, Geometry, Pair

__all__ = ["activations"]

_TUPLES = 10_000  # displacements that a mean is taken over; of more a sample is drawn
_SHUFFLES = 40  # shuffles of the labels
_RESAMPLES = 200  # resamples of the levels


@face
def activations(
    activations: ArrayLike,
    labels: ArrayLike,
    *,
    period: float | Sequence[float | None] | None = None,
    baseline: ArrayLike | None = None,
    level: float = 0.95,
    rng: np.random.Generator | int,
) -> Geometry:
    """Return how a layer represents the factors of its inputs.

    Parameters
    ----------
    activations : array_like, shape (P, d)
        Activations of a layer, one row for each input.
    labels : array_like, shape (P, k)
        Values of the k factors of each input. They form a full grid; a cell may have several rows,
        which are averaged.
    period : float or sequence, optional
        Period of the labels, or one for each factor (None for one that is not periodic). Values that
        differ by it are one level.
    baseline : array_like, shape (P, e), optional
        The same inputs before training, or the inputs themselves.
    level : float
        Confidence of the intervals.
    rng : numpy.random.Generator or int
        Source of shuffles, resamples and, on grids with many displacements, of those that are taken.

    Returns
    -------
    Geometry
        Participation ratio, interaction, parallelism, orthogonality and continuity, each with its
        interval and its null.

    Raises
    ------
    ShapeError
        If activations, baseline and labels differ in rows, or there is one factor.
    ArgumentError
        If labels form no full grid, a factor has one level, or activations do not vary.

    Notes
    -----
    Means over displacements take at most 10 000 of them. A layer of 1024 cells takes about a second, one of
    10 000 cells about ten.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = (each.ravel() for each in np.meshgrid(*[np.arange(8)] * 2, indexing="ij"))
    >>> turn = 2j * np.pi / 8
    >>> torus = np.stack([np.exp(turn * x), np.exp(turn * y)], axis=1).view(float)
    >>> found = activations(torus, np.stack([x, y], axis=1), period=8, rng=0)
    >>> found.interaction.value < 1e-12, round(found.interaction.null, 1)
    (True, 0.8)
    >>> round(found.parallelism.value, 6), round(found.participation_ratio.value, 6)
    (1.0, 4.0)
    """
    from threadpoolctl import threadpool_limits

    source = as_generator(rng)
    confidence = share("level", level)
    grid = grid_of(labels, period)
    rows = rows_of("activations", activations, len(grid.cell))
    before = None if baseline is None else rows_of("baseline", baseline, len(grid.cell))
    whole = period is not None and not (np.ndim(period) == 1 and None in tuple(period))  # type: ignore[arg-type]
    plan = _Plan.of(grid, confidence, periodic=whole, rng=source)
    with threadpool_limits(1, user_api="blas"):  # many small products: threads cost six times more
        first = None if before is None else plan.measure(before, None)
        return plan.measure(rows, first)


class _Plan(NamedTuple):
    """What a layer and its baseline have in common: the displacements, shuffles and resamples."""

    grid: Grid
    level: float
    periodic: bool
    parallel: list[Test]
    continuous: list[Test]
    crossed: list[Test]
    shuffles: list[IntArray]
    counts: list[Array] | None  # of each factor, how often each level was drawn: (levels, R)

    @classmethod
    def of(cls, grid: Grid, level: float, *, periodic: bool, rng: np.random.Generator) -> _Plan:
        shape = grid.shape
        factors = range(len(shape))
        counts = None
        if min(shape) >= FEWEST:
            counts = [
                rng.multinomial(size, np.full(size, 1.0 / size), size=_RESAMPLES).T.astype(float)
                for size in shape
            ]
        return cls(
            grid,
            level,
            periodic,
            [along(shape, f, _TUPLES, rng) for f in factors],
            [disjoint(shape, f, _TUPLES, rng) for f in factors],
            [crossed(shape, pair, _TUPLES, rng) for pair in combinations(factors, 2)],
            [rng.permutation(len(grid.cell)) for _ in range(_SHUFFLES)],
            counts,
        )

    def measure(self, rows: Array, baseline: Geometry | None) -> Geometry:
        """Return the geometry of a layer."""
        grid, shape = self.grid, self.grid.shape
        cells = grid.means(rows)
        layer = Cells.of(cells)
        tests = [*self.parallel, *self.continuous, *self.crossed]
        signed = len(self.parallel)

        def means(cosine: list[Array]) -> list[float]:
            return [_mean(each if k < signed else np.abs(each)) for k, each in enumerate(cosine)]

        whole = tuple(range(len(shape)))
        pairs = list(combinations(whole, 2))
        sets = pairs if len(pairs) == 1 else [*pairs, whole]

        def shares(table: Array) -> list[float]:
            return [interaction_of(_over(table, shape, some), None) for some in sets]

        seen = [layer.cosines(test) for test in tests]
        values = [*means(seen), *shares(cells)]
        nulls = []
        for order in self.shuffles:
            if grid.counts.max() > 1:
                mixed = grid.means(rows[order])
                other, place = Cells.of(mixed), None
            else:  # a shuffle of rows is one of cells, whose products are known
                mixed, other, place = cells[order], layer, order
            angles = means([other.cosines(test, place) for test in tests])
            nulls.append([*angles, *shares(mixed)])
        drawn: list[Array | None] = [None] * len(values)
        if self.counts is not None:
            for k, test in enumerate(tests):
                known = seen[k] if k < signed else np.abs(seen[k])
                drawn[k] = resampled(test, known, shape, self.counts)
            for k, some in enumerate(sets, start=len(tests)):
                drawn[k] = self._resampled_shares(cells, some)
        found = [
            _Draws(value, null, more)
            for value, null, more in zip(values, np.array(nulls).T, drawn, strict=True)
        ]
        factors = len(shape)
        parallel, continuous = found[:factors], found[factors : 2 * factors]
        cross, shared = found[2 * factors : len(tests)], found[len(tests) :]
        interaction = shared[-1]
        shared = shared[: len(pairs)]
        estimate = self._estimate
        return Geometry(
            estimate(self._participation(cells), 1.0, math.inf),
            estimate(interaction, 0.0, 1.0),
            estimate(_pooled(parallel), -1.0, 1.0),
            estimate(_pooled(cross), 0.0, 1.0),
            estimate(_pooled(continuous), 0.0, 1.0),
            tuple(
                Factor(name, size, estimate(one, -1.0, 1.0), estimate(other, 0.0, 1.0))
                for name, size, one, other in zip(
                    grid.names, shape, parallel, continuous, strict=True
                )
            ),
            tuple(
                Pair(
                    f"{grid.names[a]}, {grid.names[b]}",
                    estimate(one, 0.0, 1.0),
                    estimate(other, 0.0, 1.0),
                )
                for (a, b), one, other in zip(pairs, shared, cross, strict=True)
            ),
            shape,
            rows.shape[0],
            rows.shape[1],
            self.level,
            self.periodic,
            baseline,
        )

    def _resampled_shares(self, cells: Array, factors: tuple[int, ...]) -> Array | None:
        if self.counts is None:
            return None
        found = []
        for k in range(_RESAMPLES):
            weights = [each[:, k] / each[:, k].sum() for each in self.counts]
            part = _over(cells, self.grid.shape, factors, weights)
            found.append(interaction_of(part, [weights[f] for f in factors]))
        return np.array(found)

    def _participation(self, cells: Array) -> _Draws:
        moved = cells - cells.mean(axis=0)
        null = np.array([_noise(len(cells), int(np.linalg.matrix_rank(moved)))])
        value = participation_of(cells, None)
        if self.counts is None:
            return _Draws(value, null, None)
        drawn = []
        for k in range(_RESAMPLES):
            weights = self.counts[0][:, k]
            for more in self.counts[1:]:
                weights = np.multiply.outer(weights, more[:, k])
            flat = weights.ravel()
            some = flat > 0
            drawn.append(participation_of(cells[some], flat[some] / flat.sum()))
        return _Draws(value, null, np.array(drawn))

    def _estimate(self, found: _Draws, low: float, high: float) -> Estimate:
        """Return the estimate, with the interval clipped to what the measure can be."""
        null = found.null[~np.isnan(found.null)]
        centre = float(null.mean()) if null.size else math.nan
        spread = float(null.std()) if null.size else math.nan
        ends = math.nan, math.nan
        if found.drawn is not None and not math.isnan(found.value):
            known = found.drawn[~np.isnan(found.drawn)]
            tails = np.array([(1.0 - self.level) / 2.0, (1.0 + self.level) / 2.0])
            moved = np.quantile(known, tails) - np.median(known) if known.size else np.zeros(2)
            both = np.clip(found.value + moved, min(low, found.value), max(high, found.value))
            ends = float(both[0]), float(both[1])
        return Estimate(found.value, *ends, centre, spread)


class _Draws(NamedTuple):
    """A measure of a layer, of its shuffles, and of its resamples."""

    value: float
    null: Array
    drawn: Array | None


def _mean(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan


def _pooled(parts: list[_Draws]) -> _Draws:
    """Return the mean of a measure over factors, or pairs of them, for which it is defined."""
    known = [part for part in parts if not math.isnan(part.value)] or parts
    drawn = [part.drawn for part in known if part.drawn is not None]
    return _Draws(
        float(np.mean([part.value for part in known])),
        np.mean([part.null for part in known], axis=0),
        np.mean(drawn, axis=0) if drawn else None,
    )


def _over(
    cells: Array, shape: tuple[int, ...], factors: tuple[int, ...], weights: Any = None
) -> Array:
    """Return cells (C, d) as a table over some factors, averaged over the others."""
    table = cells.reshape(*shape, -1)
    for f in reversed(range(len(shape))):
        if f not in factors:
            some = np.full(shape[f], 1.0 / shape[f]) if weights is None else weights[f]
            table = np.tensordot(some, table, axes=(0, f))
    return table


def interaction_of(table: Array, weights: list[Array] | None) -> float:
    """Return the share of the variance of a table (G_1, ..., d) that no sum over one axis explains."""
    axes = range(table.ndim - 1)
    if weights is None:
        weights = [np.full(table.shape[a], 1.0 / table.shape[a]) for a in axes]
    centred = table - _contracted(table, weights, ())
    rest = centred
    for a in axes:
        main = _contracted(centred, weights, (a,))
        rest = rest - main.reshape([-1 if b == a else 1 for b in axes] + [table.shape[-1]])
    parts = [_contracted((each**2).sum(-1)[..., None], weights, ()) for each in (rest, centred)]
    return float(parts[0][0] / parts[1][0]) if parts[1][0] > 0 else math.nan


def _contracted(table: Array, weights: list[Array], kept: tuple[int, ...]) -> Array:
    """Return weighted means over all factors but those that are kept."""
    for a in reversed(range(len(weights))):
        if a not in kept:
            table = np.tensordot(weights[a], table, axes=(0, a))
    return table


def participation_of(cells: Array, weights: Array | None) -> float:
    """Return the participation ratio of the covariance of rows, which may be weighted."""
    some = np.full(len(cells), 1.0 / len(cells)) if weights is None else weights
    moved = (cells - some @ cells) * np.sqrt(some)[:, None]
    products = moved @ moved.T if len(moved) < moved.shape[1] else moved.T @ moved
    second = float((products**2).sum())
    return float(np.trace(products)) ** 2 / second if second > 0 else math.nan


def _noise(n: int, dim: int) -> float:
    """Participation ratio of n rows of Gaussian noise: the ratio of both means, for Wishart matrices."""
    free = n - 1
    return (free * dim + 2.0) / (free + dim + 1.0)
