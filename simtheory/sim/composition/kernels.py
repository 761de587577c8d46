"""Annealed chains, compiled: groups of chains go through levels and moves together.

Chains do not exchange data.
"""

from __future__ import annotations

from typing import Any

from simtheory._typing import Array, IntArray
from simtheory.sim.composition.draws import START
from simtheory.sim.composition.fields import (
    ACCEPTANCE,
    COMPOSED,
    CONVENTION,
    DRAW,
    GAIN,
    KEPT,
    MOVE,
    TALLY,
    V,
    X,
    Y,
    Z,
)
from simtheory.sim.composition.moves import FREE, IN_PLACE, RELEASED
from simtheory.sim.engine.arithmetic import exp, larger, where
from simtheory.sim.engine.compilation import entry, leaf
from simtheory.sim.engine.lanes import call, get, load, put, store, table, wide, width


@leaf
def _settle(m: Any, at: Any, d: int) -> None:
    """Keep the proposal with probability min(1, α)."""
    fraction = at[Z] + 2 * ((d + 1) // 2)
    # A proposal that is no number has no probability: `larger` then gives its second argument.
    least = larger(load(m, at[GAIN]), -700.0)
    chance = exp(0.0 - larger(0.0 - least, 0.0))
    store(m, at[TALLY], load(m, at[TALLY]) + chance)
    taken = chance - load(m, fraction)
    for i in range(2 * d + 1):
        store(m, at[X] + i, where(taken, load(m, at[Y] + i), load(m, at[X] + i)))
    if at[CONVENTION] != IN_PLACE:
        back = 1.0 if at[CONVENTION] == RELEASED else -1.0
        for i in range(d):
            store(m, at[V] + i, where(taken, load(m, at[V] + i), back * load(m, at[KEPT] + i)))


@entry
def anneal(
    addresses: tuple[int, int], carry: Array, moves: int,
    chain: int, points: Array, path: Array, accepted: Array, done: IntArray, stop: Any,
) -> None:  # fmt: skip
    """Run the chains of a block from `points`, shape (n, d), through all levels, and leave them there.

    Parameters
    ----------
    addresses : tuple of int
        Those of m and at.
    carry : ndarray, shape (T,)
        Factor of the points on arriving at each level.
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
        for level in range(carry.size):
            if stop[0]:
                return
            for i in range(d):
                store(m, at[X] + i, carry[level] * load(m, at[X] + i))
            store(m, at[TALLY], 0.0)
            call(at[COMPOSED], m, at, at[X], level)
            for k in range(moves):
                call(at[DRAW], m, at, level * moves + k, chain + begin)
                call(at[MOVE], m, at, level, 0)
                if at[ACCEPTANCE] == FREE:
                    for i in range(2 * d + 1):
                        store(m, at[X] + i, load(m, at[Y] + i))
                else:
                    _settle(m, at, d)
            for lane in range(here):
                accepted[level] += get(m, at[TALLY] * lanes + lane)
                if recorded:
                    for i in range(d):
                        path[level, begin + lane, i] = get(m, (at[X] + i) * lanes + lane)
        for lane in range(here):
            for i in range(d):
                points[begin + lane, i] = get(m, (at[X] + i) * lanes + lane)
        done[0] += here
