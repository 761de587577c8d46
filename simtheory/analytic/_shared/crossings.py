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

_BLOCK = 2**22
"""Entries of the largest intermediate array; more rows are taken in blocks."""

_HALVINGS = 60
"""Halvings of a cell of ln t: beyond these float64 has no number between its ends."""

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
    dips = (slopes[:, :-1] < 0) & (slopes[:, 1:] > 0) & ~below[:, :-1] & ~below[:, 1:]
    dips &= np.arange(grid.size - 1) > last[:, None]
    low, high = np.log(grid[last]), np.log(grid[np.minimum(last + 1, grid.size - 1)])
    which, cells = np.nonzero(dips)  # cells rise within a row, so later ones overwrite
    if which.size:
        deepest = _root(
            lambda x: np.sum(weights[which] * rates * np.exp(-rates * x[:, None]), axis=1),
            np.log(grid[cells]),
            np.log(grid[cells + 1]),
        )
        depth = np.sum(weights[which] * -np.expm1(-rates * np.exp(deepest)[:, None]), axis=1)
        touched = depth + starts[which] <= 0
        which, cells, deepest = which[touched], cells[touched], deepest[touched]
        low[which], high[which], last[which] = deepest, np.log(grid[cells + 1]), cells
    found = np.zeros(len(weights))
    rows = np.flatnonzero(last >= 0)
    if rows.size:
        inner = weights[rows]
        found[rows] = np.exp(
            _root(
                lambda x: np.sum(inner * -np.expm1(-rates * x[:, None]), axis=1) + starts[rows],
                low[rows],
                high[rows],
            )
        )
    # crossings before the first point of the grid, where the share is a straight line
    early = (last < 0) & (starts < 0)
    if early.any():
        slope = weights[early] @ rates
        found[early] = -starts[early] / slope
    return found


def _root(value: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Return where a function of time rises through zero, between two logarithms of times."""
    low, high = low.copy(), high.copy()
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        above = value(np.exp(middle)) > 0
        high = np.where(above, middle, high)
        low = np.where(above, low, middle)
    return high
