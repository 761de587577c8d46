"""Random numbers of the chains of a group: each has an address, so they depend on no other chain.

The counter of the generator is (block, move, chain, stream). A block gives four numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory.sim.composition.fields import DIM, KEY, WORD, Z
from simtheory.sim.engine.arithmetic import log, root, turn
from simtheory.sim.engine.lanes import load, put, store, width
from simtheory.sim.engine.random_numbers import fraction, philox

START = -1  # number of the move whose draws begin a chain
MOVES, RESAMPLING = 0, 1  # streams


def words_of(d: int) -> int:
    """Return how many groups of lanes the draws of a move take: pairs of normals, and a fraction."""
    return 4 * ((2 * ((d + 1) // 2) + 1 + 3) // 4)


def draw(m: Any, at: Any, move: int, chain: int) -> int:
    """Write d normals for chains `chain`, `chain` + 1, …, and after pairs of them a fraction."""
    lanes, d, z = width(m), at[DIM], at[Z]
    pairs = (d + 1) // 2
    for lane in range(lanes):
        for block in range((2 * pairs + 1 + 3) // 4):
            words = philox(
                np.uint64(at[KEY]), np.uint64(at[WORD]), np.uint64(block), np.uint64(move),
                np.uint64(chain + lane), np.uint64(MOVES),
            )  # fmt: skip
            for j in range(4):
                put(m, (z + 4 * block + j) * lanes + lane, fraction(words[j]))
    for p in range(pairs):
        radius = root(-2.0 * log(1.0 - load(m, z + 2 * p)))
        cosine, sine = turn(load(m, z + 2 * p + 1))
        store(m, z + 2 * p, radius * cosine)
        store(m, z + 2 * p + 1, radius * sine)
    return 0
