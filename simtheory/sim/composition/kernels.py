"""Annealed chains, compiled: groups of chains go through levels and moves together.

Chains do not exchange data. A state is a point, the composed score at it and the composed log-density.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory._typing import Array
from simtheory.sim.composition.draws import START
from simtheory.sim.composition.fields import (
    ACCEPTANCE,
    COMPOSED,
    CONVENTION,
    DIM,
    DRAW,
    KEPT,
    KIND,
    LEAPFROG,
    MIDDLE,
    POINTS,
    TALLY,
    V,
    X,
    Y,
    Z,
)
from simtheory.sim.engine.arithmetic import exp, fma, larger, where
from simtheory.sim.engine.compilation import entry, leaf
from simtheory.sim.engine.lanes import call, get, load, put, splat, store, table, wide, width

HOPS, GLIDES = 0, 1  # Langevin steps, leapfrog steps
FREE, ENERGY, LINE = 0, 1, 2  # acceptance: none, by the energy, by a line integral of the score
STATED, RELEASED, IN_PLACE = 0, 1, 2


@leaf
def _line(m: Any, at: Any, level: int) -> Any:
    """Return the log-density at y less that at x, from scores on the line between them."""
    d, points = at[DIM], at[POINTS]
    total = splat(m, 0.0)
    for k in range(points):
        u = k / (points - 1.0)
        share = (0.5 if k in (0, points - 1) else 1.0) / (points - 1.0)
        score = at[X] + d if k == 0 else at[Y] + d
        if 0 < k < points - 1:
            for i in range(d):
                store(
                    m,
                    at[MIDDLE] + i,
                    fma(load(m, at[Y] + i) - load(m, at[X] + i), u, load(m, at[X] + i)),
                )
            call(at[COMPOSED], m, at, at[MIDDLE], level)
            score = at[MIDDLE] + d
        for i in range(d):
            step = load(m, at[Y] + i) - load(m, at[X] + i)
            total = fma(load(m, score + i), share * step, total)
    return total


@leaf
def _langevin(m: Any, at: Any, level: int, size: float) -> Any:
    """Propose y from x and return log α."""
    d = at[DIM]
    shake = np.sqrt(2.0 * size)
    forward = splat(m, 0.0)
    for i in range(d):
        z = load(m, at[Z] + i)
        y = fma(load(m, at[X] + d + i), size, load(m, at[X] + i))
        store(m, at[Y] + i, fma(z, shake, y))
        forward = fma(z, z, forward)
    call(at[COMPOSED], m, at, at[Y], level)
    if at[ACCEPTANCE] == FREE:
        return splat(m, 0.0)
    gain = load(m, at[Y] + 2 * d) - load(m, at[X] + 2 * d)
    if at[ACCEPTANCE] == LINE:
        gain = _line(m, at, level)
    back = splat(m, 0.0)
    for i in range(d):
        gap = load(m, at[X] + i) - load(m, at[Y] + i)
        gap = fma(load(m, at[Y] + d + i), -size, gap)
        back = fma(gap, gap, back)
    over = 1.0 / (4.0 * size)
    if at[CONVENTION] == RELEASED:
        over = 1.0 / (2.0 * size * size)
    return gain - over * (back - 2.0 * size * forward)


@leaf
def _leapfrog(m: Any, at: Any, level: int, size: float, damping: float) -> Any:
    """Propose y and a velocity from x, after refreshing the velocity, and return log α."""
    d = at[DIM]
    fresh = np.sqrt(1.0 - damping * damping)
    before, after = splat(m, 0.0), splat(m, 0.0)
    for i in range(d):
        v = fma(load(m, at[Z] + i), fresh, load(m, at[V] + i) * damping)
        store(m, at[KEPT] + i, v)
        store(m, at[V] + i, v)
        store(m, at[Y] + i, load(m, at[X] + i))
        store(m, at[Y] + d + i, load(m, at[X] + d + i))
        before = fma(v, v, before)
    for _ in range(at[LEAPFROG]):
        for i in range(d):
            v = fma(load(m, at[Y] + d + i), 0.5 * size, load(m, at[V] + i))
            store(m, at[V] + i, v)
            store(m, at[Y] + i, fma(v, size, load(m, at[Y] + i)))
        call(at[COMPOSED], m, at, at[Y], level)
        for i in range(d):
            store(m, at[V] + i, fma(load(m, at[Y] + d + i), 0.5 * size, load(m, at[V] + i)))
    if at[ACCEPTANCE] == FREE:
        return splat(m, 0.0)
    for i in range(d):
        v = load(m, at[V] + i)
        after = fma(v, v, after)
    gain = load(m, at[Y] + 2 * d) - load(m, at[X] + 2 * d)
    if at[ACCEPTANCE] == LINE:
        gain = _line(m, at, level)
    if at[CONVENTION] == IN_PLACE:
        return gain
    return gain + 0.5 * (before - after)


@leaf
def _settle(m: Any, at: Any, d: int, log_alpha: Any) -> None:
    """Keep the proposal with probability min(1, α)."""
    fraction = at[Z] + 2 * ((d + 1) // 2)
    # A proposal that is no number has no probability: `larger` then gives its second argument.
    least = larger(log_alpha, -700.0)
    chance = exp(0.0 - larger(0.0 - least, 0.0))
    store(m, at[TALLY], load(m, at[TALLY]) + chance)
    taken = chance - load(m, fraction)
    for i in range(2 * d + 1):
        store(m, at[X] + i, where(taken, load(m, at[Y] + i), load(m, at[X] + i)))
    if at[KIND] == GLIDES and at[CONVENTION] != IN_PLACE:
        back = 1.0 if at[CONVENTION] == RELEASED else -1.0
        for i in range(d):
            store(m, at[V] + i, where(taken, load(m, at[V] + i), back * load(m, at[KEPT] + i)))


@leaf
def _level(
    m: Any, at: Any, level: int, size: float, damping: float, first: int, moves: int,
    chain: int,
) -> None:  # fmt: skip
    """Move a group of chains at one level."""
    d = at[DIM]
    call(at[COMPOSED], m, at, at[X], level)
    for k in range(moves):
        call(at[DRAW], m, at, first + k, chain)
        if at[KIND] == HOPS:
            log_alpha = _langevin(m, at, level, size)
        else:
            log_alpha = _leapfrog(m, at, level, size, damping)
        if at[ACCEPTANCE] == FREE:
            for i in range(2 * d + 1):
                store(m, at[X] + i, load(m, at[Y] + i))
            store(m, at[TALLY], load(m, at[TALLY]) + 1.0)
        else:
            _settle(m, at, d, log_alpha)


@entry
def anneal(
    addresses: tuple[int, int], damping: float, sizes: Array, carry: Array, moves: int,
    chain: int, points: Array, path: Array, accepted: Array, done: Any, stop: Any,
) -> None:  # fmt: skip
    """Run the chains of a block from `points`, shape (n, d), through all levels, and leave them there.

    Parameters
    ----------
    addresses : tuple of int
        Those of m and at.
    damping : float
        Share of the velocity that a move keeps.
    sizes, carry : ndarray, shape (T,)
        Step at each level, and the factor of the points on arriving there.
    moves : int
        Moves at each level.
    chain : int
        Number of the first chain.
    path : ndarray, shape (T, n, d), or (0, n, d)
        Room for the points at each level.
    accepted : ndarray, shape (T,)
        Sums of the probabilities of acceptance over chains and moves.
    done : ndarray of int, shape (1,)
        Chains that reached the end.
    stop : ndarray of int, shape (1,)
        Not zero when the run is to end.
    """
    m, at = wide(addresses[0]), table(addresses[1])
    lanes = width(m)
    n, d = points.shape
    recorded = path.shape[0] > 0
    for begin in range(0, n, lanes):
        here = min(lanes, n - begin)
        for lane in range(lanes):
            for i in range(d):
                put(m, (at[X] + i) * lanes + lane, points[begin + min(lane, here - 1), i])
        call(at[DRAW], m, at, START, chain + begin)
        for i in range(d):
            store(m, at[V] + i, load(m, at[Z] + i))
        for level in range(sizes.size):
            if stop[0]:
                return
            for i in range(d):
                store(m, at[X] + i, carry[level] * load(m, at[X] + i))
            store(m, at[TALLY], 0.0)
            _level(m, at, level, sizes[level], damping, level * moves, moves, chain + begin)
            for lane in range(here):
                accepted[level] += get(m, at[TALLY] * lanes + lane)
                if recorded:
                    for i in range(d):
                        path[level, begin + lane, i] = get(m, (at[X] + i) * lanes + lane)
        for lane in range(here):
            for i in range(d):
                points[begin + lane, i] = get(m, (at[X] + i) * lanes + lane)
        done[0] += here
