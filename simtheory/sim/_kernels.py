"""The compiled integrator: an adaptive Runge-Kutta pair with a controlled interpolant, on lanes.

Eight nets are carried side by side, each with its own time and step; a lane whose net is done takes
the next one. A lane's numbers never depend on its neighbours', so neither do the results.

Symbols are those of `_fields`. A slope is always multiplied with the step h; the rows of the
tableau are those of the stages, of the error estimates, and of the interpolant.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba.extending import register_jitable

from simtheory._typing import Array, IntArray
from simtheory.sim._compile import entry
from simtheory.sim._fields import Lanes, Places
from simtheory.sim._lanes import (
    LANES,
    call,
    fma,
    get,
    larger,
    load,
    magnitude,
    put,
    root,
    splat,
    store,
    table,
    where,
)
from simtheory.sim._tiles import combine

Starts: TypeAlias = tuple[Array, Array, Array, IntArray]
Results: TypeAlias = tuple[Array, IntArray, Array, IntArray]
Book: TypeAlias = tuple[IntArray, Array, Array, Array, Array]

# Copies of `methods.Status`, for the compiler.
OK, NON_FINITE, STEP_TOO_SMALL, BUDGET_SPENT, OUT_OF_TIME = 0, 1, 2, 3, 4
ACCEPTED, REJECTED, EVALUATIONS, DONE = 0, 1, 2, 3

_STAGES = 12  # of the step; four more rows hold the slope at its end and those of the interpolant
_ROWS = 16
_SAFETY, _SHRINK, _GROW = 0.9, 0.2, 8.0
_FIRST = 0.1  # largest relative change in the first trial step
_TOO_FAST = 1e100  # relative change per unit of time: only weights that are far too large do so
_CAP = 16.0  # of the exponents of the frame; beyond, its interpolant drowns in rounding
_DEFECT_AT = (0.7, 0.95)  # where it is large: between them they see 0.8 of its maximum


@register_jitable
def step(m: int, at: Places, nodes: Array) -> None:
    """Take a step from y to y_new in every lane; f_new is h times the slope there."""
    n, h, last = at.n, load(m, at.h), at.slopes + _STAGES * at.n
    call(at.enter, m, at, 0, 0)
    for p in range(n):
        store(m, at.slopes + p, splat(0.0) if at.is_framed else h * load(m, at.f + p))
    for s in range(1, _STAGES + 1):
        out = at.stage if s < _STAGES else at.v_new
        combine(m, at, at.base, s, out)
        store(m, at.x, splat(nodes[s]))
        call(at.slope, m, at, out, at.slopes + s * n)
    for p in range(n):
        if at.is_framed:
            store(m, at.y_new + p, load(m, at.value + p))
            store(m, at.f_new + p, load(m, at.spare + p))
        else:
            store(m, at.f_new + p, load(m, last + p))


@register_jitable
def largest(m: int, at: Places, v: int) -> Lanes:
    """Return the largest entry of v over its scale; NaN if one is not a number."""
    call(at.lift, m, at, v, 0)
    worst, doubt = splat(0.0), splat(0.0)
    for p in range(at.n):
        one = load(m, v + p)
        worst = larger(worst, magnitude(one) * load(m, at.scale + p))
        doubt = fma(one, splat(0.0), doubt)
    return worst + doubt


@register_jitable
def step_error(m: int, at: Places) -> Lanes:
    """Estimate the error of a step from the embedded pair of orders 5 and 3, over the scale."""
    combine(m, at, at.zero, _ROWS, at.stage)
    fifth = largest(m, at, at.stage)
    combine(m, at, at.zero, _ROWS + 1, at.stage)
    third = splat(0.1) * largest(m, at, at.stage)
    both = root(fma(fifth, fifth, third * third))
    return where(both, fifth * (fifth / both), both)


@register_jitable
def extend(m: int, at: Places, nodes: Array) -> None:
    """Write the coefficients of the interpolant of a step."""
    n, F = at.n, at.dense
    for s in range(_STAGES + 1, _ROWS):
        combine(m, at, at.base, s, at.stage)
        store(m, at.x, splat(nodes[s]))
        call(at.slope, m, at, at.stage, at.slopes + s * n)
    for r in range(4):
        combine(m, at, at.zero, _ROWS + 2 + r, F + (3 + r) * n)
    for p in range(n):
        rise = load(m, at.v_new + p) - load(m, at.base + p)
        begin, end = load(m, at.slopes + p), load(m, at.slopes + _STAGES * n + p)
        store(m, F + p, rise)
        store(m, F + n + p, begin - rise)
        store(m, F + 2 * n + p, rise + rise - (end + begin))


@register_jitable
def interpolate(m: int, at: Places, out: int) -> None:
    """Write the state, or the frame's V, at the fraction x of the step."""
    n, x = at.n, load(m, at.x)
    y = splat(1.0) - x
    for p in range(n):
        c = at.dense + p
        v = load(m, c + 6 * n) * x
        v = (v + load(m, c + 5 * n)) * y
        v = (v + load(m, c + 4 * n)) * x
        v = (v + load(m, c + 3 * n)) * y
        v = (v + load(m, c + 2 * n)) * x
        v = (v + load(m, c + n)) * y
        v = (v + load(m, c)) * x
        store(m, out + p, load(m, at.base + p) + v)


@register_jitable
def defect(m: int, at: Places, fraction: float) -> Lanes:
    """Return by how much the interpolant misses the flow at a fraction x, over the scale."""
    n, x, y = at.n, splat(fraction), splat(1.0 - fraction)
    store(m, at.x, x)
    interpolate(m, at, at.stage)
    call(at.slope, m, at, at.stage, at.miss)
    for p in range(n):
        v, s = splat(0.0), splat(0.0)
        for r in range(6, -1, -1):
            v = v + load(m, at.dense + r * n + p)
            if r % 2 == 0:
                s = fma(s, x, v)
                v = v * x
            else:
                s = s * y - v
                v = v * y
        store(m, at.miss + p, s - load(m, at.miss + p))
    return largest(m, at, at.miss)


@register_jitable
def read(m: int, at: Places, y: int) -> int:
    """Return where the numbers begin that the reading selects from, for the state y."""
    W = call(at.mapped, m, at, y, 0)
    for r in range(at.n_sums):
        total = splat(0.0)
        for q in range(at[at.ends + r], at[at.ends + r + 1]):
            factor = splat(get(m, at.factors * LANES + q))
            total = fma(factor, load(m, W + at[at.entries + q]), total)
        store(m, at.sums + r, total)
    return at.sums if at.n_sums > 0 else W


@register_jitable
def write(m: int, at: Places, lane: int, source: int, values: Array, k: int, g: int) -> None:
    """Write what net k, in this lane, reads at point g of the grid."""
    for r in range(at.n_selected):
        values[k, g, r] = get(m, (source + at[at.select + r]) * LANES + lane)


@register_jitable
def admit(
    m: int, at: Places, starts: Starts, t: Array, results: Results, book: Book, waiting: int
) -> int:
    """Put the nets that wait into idle lanes; return the first one that still waits."""
    states, rates, axes, slots = starts
    values, status, _, counts = results
    member, now, _, _, fresh = book
    some = False
    for lane in range(LANES):
        fresh[lane] = 0.0
        if member[lane] < 0 and waiting < len(states):
            some = True
            fresh[lane] = 1.0
            member[lane] = slots[waiting]
            now[lane] = 0.0
            put(m, at.h * LANES + lane, 1.0)
            for p in range(at.n):
                put(m, (at.y + p) * LANES + lane, states[waiting, p])
            for i in range(at.d):
                put(m, (at.rates + i) * LANES + lane, rates[waiting, i])
                if at.is_turned:
                    for j in range(at.d):
                        put(m, (at.axes + i * at.d + j) * LANES + lane, axes[waiting, i, j])
            waiting += 1
    if not some:
        return waiting
    call(at.prepare, m, at, 0, 0)
    call(at.field, m, at, at.y, at.f_new)
    for p in range(at.n):
        store(m, at.y_new + p, load(m, at.y + p))
    call(at.weigh, m, at, 0, 0)
    speeds, doubt = splat(0.0), splat(0.0)
    for p in range(at.n):
        f = load(m, at.f_new + p)
        speeds = larger(speeds, magnitude(f) * load(m, at.scale + p))
        doubt = fma(f, splat(0.0), doubt)
    store(m, at.share, speeds + doubt)
    source = read(m, at, at.y)
    for lane in range(LANES):
        if fresh[lane] == 0.0:
            continue
        k = member[lane]
        counts[k, EVALUATIONS] += 1
        for p in range(at.n):
            put(m, (at.f + p) * LANES + lane, get(m, (at.f_new + p) * LANES + lane))
        speed = get(m, at.share * LANES + lane)
        put(m, at.h * LANES + lane, min(t[-1], _FIRST / speed))
        if not speed < _TOO_FAST:
            status[k] = NON_FINITE
            member[lane] = -1
        elif t[0] == 0.0:
            write(m, at, lane, source, values, k, 0)
            counts[k, DONE] = 1
            if t.size == 1:
                member[lane] = -1
    return waiting


@register_jitable
def aim(
    m: int, at: Places, end: float, max_steps: int, results: Results, book: Book, stop: bool
) -> int:
    """Set where each step ends; let go of nets whose budget is spent; return how many go on."""
    _, status, times, counts = results
    member, now, then, _, _ = book
    busy = 0
    for lane in range(LANES):
        k = member[lane]
        if k < 0:
            put(m, at.h * LANES + lane, 1.0)  # whatever it holds goes on moving, unread
            continue
        h = get(m, at.h * LANES + lane)
        if at.is_framed:
            fastest = 0.0
            for i in range(at.d):
                slack = 1.0 - 2.0 * get(m, (at.y + i * (i + 3) // 2) * LANES + lane)
                fastest = max(fastest, get(m, (at.rates + i) * LANES + lane) * abs(slack))
            h = min(h, _CAP / fastest)
        then[lane] = end if now[lane] + 1.01 * h >= end else now[lane] + h
        put(m, at.h * LANES + lane, then[lane] - now[lane])
        if stop:
            status[k] = OUT_OF_TIME
        elif counts[k, ACCEPTED] + counts[k, REJECTED] >= max_steps:
            status[k] = BUDGET_SPENT
        elif h <= 1e-15 * now[lane]:
            status[k] = STEP_TOO_SMALL
        if status[k] == OK:
            busy += 1
        else:
            times[k] = now[lane]
            member[lane] = -1
    return busy


@register_jitable
def emit(m: int, at: Places, t: Array, results: Results, book: Book) -> None:
    """Write the readings at the points of the grid inside the steps that passed."""
    values, _, _, counts = results
    member, now, then, error, _ = book
    while True:
        some = False
        for lane in range(LANES):
            x = -1.0
            if member[lane] >= 0 and error[lane] <= 1.0:
                g = counts[member[lane], DONE]
                if g < t.size and t[g] <= then[lane]:
                    x = (t[g] - now[lane]) / (then[lane] - now[lane])
                    some = True
            put(m, at.x * LANES + lane, x)
        if not some:
            return
        interpolate(m, at, at.stage)
        call(at.leave, m, at, at.stage, at.value)
        source = read(m, at, at.value if at.is_framed else at.stage)
        for lane in range(LANES):
            if get(m, at.x * LANES + lane) >= 0.0:
                k = member[lane]
                write(m, at, lane, source, values, k, counts[k, DONE])
                counts[k, DONE] += 1


@register_jitable
def advance(m: int, at: Places, points: int, results: Results, book: Book) -> None:
    """Move on where the step passed, set the next steps, and free the lanes that are done."""
    _, _, times, counts = results
    member, now, then, error, _ = book
    for lane in range(LANES):
        put(m, at.share * LANES + lane, 1.0 if error[lane] <= 1.0 else 0.0)
    passed, h = load(m, at.share), load(m, at.h)
    for p in range(at.n):
        store(m, at.y + p, where(passed, load(m, at.y_new + p), load(m, at.y + p)))
        store(m, at.f + p, where(passed, load(m, at.f_new + p) / h, load(m, at.f + p)))
    for lane in range(LANES):
        k = member[lane]
        if k < 0:
            continue
        if error[lane] <= 1.0:
            counts[k, ACCEPTED] += 1
            now[lane] = times[k] = then[lane]
            if counts[k, DONE] == points:
                member[lane] = -1
        else:
            counts[k, REJECTED] += 1
        factor = min(_GROW, max(_SHRINK, _SAFETY * error[lane] ** (-1.0 / 8.0)))
        put(m, at.h * LANES + lane, factor * get(m, at.h * LANES + lane))


@entry
def follow(
    m: int,
    address: int,
    nodes: Array,
    starts: Starts,
    t: Array,
    limits: tuple[float, float, int],
    results: Results,
    book: Book,
    stop: Array,
) -> tuple[int, int]:
    """Carry nets from time 0 through the grid t; return the rounds taken and the lanes busy in them.

    `m` and `address` are the addresses of the memory and of the table of places. `starts` holds the
    states (members, n), rates (members, d), axes (members, d, d) or none, and their places in `results`,
    the arrays to fill: readings (members, T, numbers), status, last good times, counts. `book` keeps of each lane
    its net, time, end of the step, error, and whether it is new. `stop[0]` is raised from outside.
    """
    at = table(address)
    step_tolerance, defect_tolerance, max_steps = limits
    counts = results[3]
    member, _, _, error, _ = book
    waiting, rounds, worked = 0, 0, 0
    while True:
        waiting = admit(m, at, starts, t, results, book, waiting)
        busy = aim(m, at, t[-1], max_steps, results, book, stop[0] != 0)
        if busy == 0:
            if waiting == len(starts[0]):
                return rounds, worked
            continue
        rounds += 1
        worked += busy
        step(m, at, nodes)
        call(at.weigh, m, at, 0, 0)
        store(m, at.share, step_error(m, at) / splat(step_tolerance))
        some = False
        for lane in range(LANES):
            miss = get(m, at.share * LANES + lane)
            error[lane] = miss if miss < np.inf else np.inf
            if member[lane] >= 0:
                counts[member[lane], EVALUATIONS] += _STAGES
                some = some or miss <= 1.0
        if some:
            extend(m, at, nodes)
            missed = splat(0.0)
            for x in _DEFECT_AT:
                one = defect(m, at, x)
                missed = larger(one, missed) + splat(0.0) * one
            store(m, at.share, missed / splat(defect_tolerance))
            for lane in range(LANES):
                if member[lane] >= 0 and error[lane] <= 1.0:
                    counts[member[lane], EVALUATIONS] += _ROWS - _STAGES - 1 + len(_DEFECT_AT)
                    miss = get(m, at.share * LANES + lane)
                    error[lane] = max(error[lane], miss) if miss < np.inf else np.inf
            emit(m, at, t, results, book)
        advance(m, at, t.size, results, book)
