r"""The last time at which a sum of exponentials is not above a level.

Problem
-------
A share is :math:`s(t) = o + \sum_jc_j(1 - e^{-\lambda_jt})`. When is it above a level for good? It may cross
more than once, so the last crossing is sought: on an even grid in :math:`\ln t`, then inside its cell. A
minimum inside a cell, whose ends are both above, is found by the sign of the slope.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simtheory._typing import Array

__all__ = ["last_crossing"]

_CELLS = 24
"""Cells of the grid in each factor e of time: two extrema inside one cell are not seen."""

_BLOCK = 2**18
"""Entries of the largest intermediate array: more leave the processor's cache, and rows are taken in blocks."""

_ROUNDS = 60
"""Most steps inside a cell of ln t: after as many halvings float64 has no number between its ends."""

_CLOSE = 1e-14
"""Step of ln t that is as small as rounding."""

_ROUNDING = 1e-12
"""Relative distance of a final share to the level below which it counts as not above."""


def last_crossing(weights: Array, rates: Array, offsets: Array, level: float) -> Array:
    """Return when each share is above the level for good.

    Parameters
    ----------
    weights : ndarray, shape (R, J)
        The coefficients c of each row.
    rates : ndarray, shape (J,)
        The rates, not negative.
    offsets : ndarray, shape (R,)
        Shares at t = 0.
    level : float
        The level.

    Returns
    -------
    ndarray, shape (R,)
        Times: 0 if the share is above from the start on, inf if it never is for good.
    """
    moving = rates > 0
    weights, rates = weights[:, moving], rates[moving]
    scale = np.abs(weights).sum(axis=1) + np.abs(offsets) + abs(level)
    ahead = offsets + weights.sum(axis=1) - level
    times = np.where(ahead > _ROUNDING * scale, 0.0, np.inf)
    rows = np.flatnonzero(times == 0)
    if not rows.size or not rates.size:
        return times
    # beyond this time what is missing of the limit is smaller than its distance to the level
    left = np.log(np.maximum(scale[rows] / ahead[rows], 2.0)).max() / rates.min()
    first = 1e-3 / rates.max()
    count = int(np.ceil(_CELLS * np.log(2.0 * left / first))) + 2
    grid = np.geomspace(first, 2.0 * left, count)
    risen = -np.expm1(-np.outer(rates, grid))
    falling = rates[:, None] * np.exp(-np.outer(rates, grid))
    size = max(1, _BLOCK // count)
    for start in range(0, rows.size, size):
        here = rows[start : start + size]
        times[here] = _found(weights[here], rates, offsets[here] - level, grid, risen, falling)
    return times


def _found(
    weights: Array, rates: Array, starts: Array, grid: Array, risen: Array, falling: Array
) -> Array:
    """Return the last crossing of zero of each row, on the grid and then inside a cell."""
    shares = weights @ risen
    shares += starts[:, None]
    below = shares <= 0
    last = below.shape[1] - 1 - below[:, ::-1].argmax(axis=1)
    last[~below.any(axis=1)] = -1
    slopes = weights @ falling
    dips = (slopes[:, :-1] < 0) & (slopes[:, 1:] > 0) & (np.arange(grid.size - 1) > last[:, None])
    # only where the fall inside the cell could reach the level: its slope hardly changes in 4 % of time
    dips &= shares[:, :-1] < -2.0 * slopes[:, :-1] * np.diff(grid)
    low, high = np.log(grid[last]), np.log(grid[np.minimum(last + 1, grid.size - 1)])
    which, cells = np.nonzero(dips)  # cells rise within a row, so later ones overwrite
    if which.size:
        inner = weights[which]
        deepest = _root(
            lambda t: _slope(inner, rates, t), np.log(grid[cells]), np.log(grid[cells + 1])
        )
        touched = _share(inner, rates, deepest) + starts[which] <= 0
        which, cells, deepest = which[touched], cells[touched], deepest[touched]
        low[which], high[which], last[which] = np.log(deepest), np.log(grid[cells + 1]), cells
    # a crossing before the first point of the grid, where the share is nearly a straight line
    early = np.flatnonzero((last < 0) & (starts < 0))
    if early.size:
        straight = -starts[early] / (weights[early] @ rates)
        low[early], high[early] = np.log(0.5 * np.minimum(straight, grid[0])), np.log(grid[0])
    found = np.zeros(len(weights))
    rows = np.flatnonzero((last >= 0) | (starts < 0))
    if rows.size:
        inner, begun = weights[rows], starts[rows]

        def lifted(t: Array) -> tuple[Array, Array]:
            return _share(inner, rates, t) + begun, _slope(inner, rates, t)[0]

        found[rows] = _root(lifted, low[rows], high[rows])
    return found


def _share(weights: Array, rates: Array, t: Array) -> Array:
    """Return what each row has risen by at its own time."""
    return np.asarray(np.einsum("rj,rj->r", weights, -np.expm1(-t[:, None] * rates)))


def _slope(weights: Array, rates: Array, t: Array) -> tuple[Array, Array]:
    """Return the slope of each row at its own time, and the slope of that."""
    terms = weights * rates * np.exp(-t[:, None] * rates)
    return terms.sum(axis=1), -(terms @ rates)


def _root(value: Callable[[Array], tuple[Array, Array]], low: Array, high: Array) -> Array:
    """Return where a function of time rises through zero, between two logarithms of times.

    Newton's steps in ln t; one that leaves the bracket is replaced by its middle.
    """
    low, high = low.copy(), high.copy()
    at = 0.5 * (low + high)
    for _ in range(_ROUNDS):
        height, slope = value(np.exp(at))
        low = np.where(height > 0, low, at)
        high = np.where(height > 0, at, high)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = height / (slope * np.exp(at))
        there = at - step
        inside = (there > low) & (there < high)
        there = np.where(inside, there, 0.5 * (low + high))
        moved = np.abs(there - at).max()
        at = there
        if moved <= _CLOSE:
            break
    return np.exp(at)
