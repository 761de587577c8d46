r"""When a linear diffusion model shows classes for good: the last time at which an accuracy is not above a level.

Problem
-------
Accuracies may cross a level more than once, so the last crossing is sought: on an even grid in :math:`\ln t`,
then inside its cell. Many graphs of one size are searched at once.

Reading
-------
A joint accuracy lies between :math:`1 - \sum_i(1 - q_i)` and :math:`\min_iq_i`, whatever the correlations.
Outside these bounds the grid needs no orthant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simtheory._later import special
from simtheory._typing import Array, IntArray
from simtheory.analytic._shared.linear_sampling import Flow, Symmetric
from simtheory.analytic._shared.orthants import EXACT
from simtheory.analytic._shared.walls import BATCH, Walls, joint_of, marginals_of, means_of

__all__ = ["READINGS", "Alone", "Together", "last_times"]

CELLS = 8
"""Cells of the grid in each factor e of time, on which crossings are sought: two inside one cell are not seen."""

SURE = 1e-9
"""Distance of a bound of the joint accuracy from the level below which the accuracy itself is computed."""

READINGS: dict[str, Callable[[Array, Array, IntArray], tuple[Array, Array | float]]] = {
    "joint": lambda z, R, concepts: joint_of(z, R),
    "product": lambda z, R, concepts: (np.prod(marginals_of(z, R, concepts), axis=1), 0.0),
    "marginals": lambda z, R, concepts: (marginals_of(z, R, concepts), 0.0),
}
"""What is read off limits (B, R) and correlations (B, R, R), shape (B,) or (B, n), and its error."""

ROUNDING = 1e-13
"""Distance from the height at which a crossing without an error is found; one with an error is at a tenth of it."""


class Flows(Protocol):
    """The flows of some graphs of one size."""

    @property
    def spans(self) -> tuple[Array, Array]:
        """Times before which nothing, and after which nothing more, is learned, each (G,)."""
        ...

    def maps(self, t: Array) -> tuple[Array, Array]:
        """Return maps (G, T, m, 1 + m) and covariances (G, T, m, m) at times (G, T)."""
        ...


class Alone(NamedTuple):
    """The flow of one graph."""

    flow: Flow | Symmetric

    @property
    def spans(self) -> tuple[Array, Array]:
        """Times before which nothing, and after which nothing more, is learned, each (1,)."""
        first, last = self.flow.span
        return np.array([first]), np.array([last])

    def maps(self, t: Array) -> tuple[Array, Array]:
        """Return maps (1, T, m, 1 + m) and covariances (1, T, m, m) at times (1, T)."""
        maps, covariance = self.flow.maps(t[0])
        return maps[None], covariance[None]


class Together(NamedTuple):
    """The flows of several graphs, whose arrays begin with an axis of graphs."""

    flow: Flow

    @property
    def spans(self) -> tuple[Array, Array]:
        """Times before which nothing, and after which nothing more, is learned, each (G,)."""
        each = [self.flow.of(k).span for k in range(len(self.flow.rates))]
        first, last = np.array(each).T
        return first, last

    def maps(self, t: Array) -> tuple[Array, Array]:
        """Return maps (G, T, m, 1 + m) and covariances (G, T, m, m) at times (G, T)."""
        return self.flow.maps(t)


def last_times(
    flows: Flows, own: Array, prompts: Array, walls: Walls, reading: str, height: float
) -> Array:
    """Return the last times at which a reading is not above a height, shape (G, P) or (G, P, n).

    0 if there is none, inf if it is not above after all training. The grid takes the times `own` as well.
    """
    value = READINGS[reading]
    first, last = flows.spans
    cells = int(np.ceil(CELLS * np.log((last / first).max()))) + 1
    grid = np.geomspace(first, last, cells, axis=-1)
    extra = np.tile(own[own > 0.0], (len(grid), 1))
    grid = np.sort(np.concatenate([grid, extra], axis=1), axis=1)
    ends = np.zeros((len(grid), 1)), np.full((len(grid), 1), np.inf)
    grid = np.concatenate([ends[0], grid, ends[1]], axis=1)
    maps, covariance = flows.maps(grid)
    mean = means_of(maps, prompts)
    mean = mean.reshape(-1, *mean.shape[2:])
    covariance = covariance.reshape(-1, *covariance.shape[2:])
    below: NDArray[np.bool_]
    if reading == "joint":
        below = _joint_below(mean, covariance, walls, grid.shape, height)
    else:
        problems = walls.problems(walls.limits(mean, covariance), covariance)
        read = np.concatenate([value(z, R, walls.concepts)[0] for z, R in problems])
        below = np.asarray(read.reshape(*grid.shape, len(prompts), *read.shape[1:]) <= height)
    count = grid.shape[1]
    place = count - 1 - below[:, ::-1].argmax(axis=1)  # (G, P, ...)
    some = below.any(axis=1)
    times = np.where(some, np.inf, 0.0)
    rows = np.nonzero(some & (place < count - 1))
    if not rows[0].size:
        return times
    graphs, classes, *rest = rows  # sorted by graph

    def each(t: Array, some: IntArray) -> tuple[Array, Array]:
        """Readings of some rows less the height, each of its own class and graph at its own time, and their errors."""
        which, asked = graphs[some], classes[some]
        slots = np.arange(some.size) - np.searchsorted(which, which)
        padded = np.tile(first[:, None], (1, int(slots.max()) + 1))
        padded[which, slots] = t
        maps, covariance = flows.maps(padded)
        found, doubt = np.empty((2, some.size))
        for k in range(0, some.size, BATCH):
            part = slice(k, k + BATCH)
            place = which[part], slots[part]
            mine = maps[place]
            mean = mine[..., 0] + (mine[..., 1:] @ prompts[asked[part]][..., None])[..., 0]
            read, error = value(*walls.paired(mean, covariance[place], asked[part]), walls.concepts)
            found[part] = read[(np.arange(len(read)), *(axis[some[part]] for axis in rest))]
            doubt[part] = error
        return found - height, doubt

    low, high = grid[graphs, place[rows]], grid[graphs, place[rows] + 1]
    high = np.where(np.isinf(high), 1e3 * last[graphs], high)
    times[rows] = _roots(each, low, high)
    return times


def _joint_below(
    mean: Array, covariance: Array, walls: Walls, grid: tuple[int, ...], height: float
) -> NDArray[np.bool_]:
    """Return where joint accuracies are not above a height, right from the last such time on, (G, T, P).

    Earlier points, whose bounds do not decide, count as below: they do not move the last one.
    """
    limits = walls.limits(mean, covariance)
    shape = (*grid, limits.shape[1])
    most = special.ndtr(limits.min(axis=-1)).reshape(shape)
    least = 1.0 - special.ndtr(-limits).sum(axis=-1).reshape(shape)
    below = most <= height - SURE
    later = below[:, ::-1].cumsum(axis=1)[:, ::-1] == 0
    open_ = later & (least <= height + SURE)
    graphs, times, classes = np.nonzero(open_)
    rows = graphs * grid[1] + times
    for k in range(0, rows.size, BATCH):
        part = slice(k, k + BATCH)
        here, asked = rows[part], classes[part]
        z, R = walls.paired(mean[here, asked], covariance[here], asked)
        below[graphs[part], times[part], asked] = joint_of(z, R)[0] <= height
    return np.asarray(below)


def _roots(
    value: Callable[[Array, IntArray], tuple[Array, Array]], low: Array, high: Array
) -> Array:
    """Return where readings rise through zero between two times, by false positions that halve a stale end.

    `value` returns readings of some rows at a time each, and their errors.
    """
    low, high = low.copy(), high.copy()
    left = np.arange(low.size)
    (below, _), (above, _) = value(low, left), value(high, left)
    found, side = high.copy(), np.zeros(low.size)
    for _ in range(60):
        a, b = low[left], high[left]
        with np.errstate(divide="ignore", invalid="ignore"):
            at = a - below[left] * (b - a) / (above[left] - below[left])
        at = np.clip(np.where(np.isfinite(at), at, b), a, b)
        found[left] = at
        new, error = value(at, left)
        up, before = new > 0.0, side[left]
        above[left] = np.where(up, new, np.where(before == -1, 0.5 * above[left], above[left]))
        below[left] = np.where(up, np.where(before == 1, 0.5 * below[left], below[left]), new)
        high[left], low[left] = np.where(up, at, b), np.where(up, a, at)
        side[left] = np.where(up, 1, -1)
        near = np.where(error > EXACT, 0.1 * error, ROUNDING)
        left = left[(high[left] - low[left] > 1e-12 * high[left]) & (np.abs(new) >= near)]
        if not left.size:
            break
    return found
