"""Moves of annealed chains, compiled alone: a kernel is the part that a run calls by its address.

A state is a point, the composed score at it and the composed log-density. A move draws nothing: it finds
its random numbers at Z. It proposes y from x and writes log α to GAIN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory.sim.composition.fields import (
    ACCEPTANCE,
    COMPOSED,
    CONVENTION,
    DATA,
    DIM,
    GAIN,
    KEPT,
    LEAPFROG,
    LINE,
    MIDDLE,
    NUMBERS,
    POINTS,
    V,
    X,
    Y,
    Z,
)
from simtheory.sim.engine.arithmetic import fma
from simtheory.sim.engine.compilation import leaf
from simtheory.sim.engine.lanes import call, get, load, splat, store

FREE, ENERGY, BY_LINE = 0, 1, 2  # acceptance: none, by the energy, by a line integral of the score
STATED, RELEASED, IN_PLACE = 0, 1, 2


def line(m: Any, at: Any, level: int, _: int) -> int:
    """Write the log-density at y less that at x, from scores on the line between them."""
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
    store(m, at[GAIN], total)
    return 0


@leaf
def _rise(m: Any, at: Any, level: int) -> Any:
    """Return the log-density at y less that at x."""
    if at[ACCEPTANCE] == BY_LINE:
        call(at[LINE], m, at, level, 0)
        return load(m, at[GAIN])
    return load(m, at[Y] + 2 * at[DIM]) - load(m, at[X] + 2 * at[DIM])


def hop(m: Any, at: Any, level: int, _: int) -> int:
    """Propose by a Langevin step."""
    d, size = at[DIM], get(at[DATA], at[NUMBERS] + 1 + level)
    shake = np.sqrt(2.0 * size)
    forward = splat(m, 0.0)
    for i in range(d):
        z = load(m, at[Z] + i)
        y = fma(load(m, at[X] + d + i), size, load(m, at[X] + i))
        store(m, at[Y] + i, fma(z, shake, y))
        forward = fma(z, z, forward)
    call(at[COMPOSED], m, at, at[Y], level)
    if at[ACCEPTANCE] == FREE:
        return 0
    gain = _rise(m, at, level)
    back = splat(m, 0.0)
    for i in range(d):
        gap = load(m, at[X] + i) - load(m, at[Y] + i)
        gap = fma(load(m, at[Y] + d + i), -size, gap)
        back = fma(gap, gap, back)
    over = 1.0 / (4.0 * size)
    if at[CONVENTION] == RELEASED:
        over = 1.0 / (2.0 * size * size)
    store(m, at[GAIN], gain - over * (back - 2.0 * size * forward))
    return 0


def glide(m: Any, at: Any, level: int, _: int) -> int:
    """Propose by leapfrog steps, after refreshing the velocity."""
    d, size = at[DIM], get(at[DATA], at[NUMBERS] + 1 + level)
    damping = get(at[DATA], at[NUMBERS])
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
        return 0
    for i in range(d):
        v = load(m, at[V] + i)
        after = fma(v, v, after)
    gain = _rise(m, at, level)
    if at[CONVENTION] != IN_PLACE:
        gain = gain + 0.5 * (before - after)
    store(m, at[GAIN], gain)
    return 0
