"""The compiled driver: nets side by side, each with its own time and step, from start to end.

A lane whose net is done takes the next one. Lanes do not exchange data, so the result of a net does
not depend on the nets beside it. Symbols are those of `fields`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.engine.arithmetic import fma, fused, larger, root, where
from simtheory.sim.engine.compilation import common, entry
from simtheory.sim.engine.lanes import (
    call,
    get,
    load,
    nets,
    put,
    splat,
    squares,
    store,
    stream,
    table,
    wide,
    width,
)
from simtheory.sim.flows.fields import Places
from simtheory.sim.flows.stepper import (
    ROWS,
    STAGES,
    defect,
    extend,
    interpolate,
    largest,
    step,
    step_error,
)

Starts: TypeAlias = tuple[Array, Array, Array, Array, IntArray]
Results: TypeAlias = tuple[Array, IntArray, Array, IntArray]

# Copies of `engine.Status`, for the compiler.
OK, NON_FINITE, STEP_TOO_SMALL, BUDGET_SPENT, OUT_OF_TIME = 0, 1, 2, 3, 4
ACCEPTED, REJECTED, EVALUATIONS, DONE = 0, 1, 2, 3

_SAFETY = 0.9  # of the step that the error allows; a larger share is rejected more often
_SHRINK, _GROW = 0.2, 8.0  # least and largest factor from step to step; factors beyond are clipped
_FIRST = 0.1  # largest relative change in the first trial step
_TOO_FAST = 1e100  # relative change per unit of time; beyond it the net ends as NON_FINITE
_DEFECT_AT = (0.7, 0.95)  # fractions of the step; the larger value there is 0.8 of the maximum


@common
def put_all(m: int, at: Places, place: int, lane: int, x: float) -> None:
    """Write x to every lane of the net of a lane."""
    for one in range(lane, width(m), nets(m, at)):
        put(m, place * width(m) + one, x)


@common
def read(m: int, at: Places, y: int) -> int:
    """Return where the numbers begin that the reading selects from, for the state y."""
    W = call(at.mapped, m, at, y, 0)
    if nets(m, at) == 1:
        for r in range(at.n_sums):
            entry = 0.0
            for q in range(at[at.ends + r], at[at.ends + r + 1]):
                w = get(m, W * width(m) + at[at.entries + q])
                entry = fused(get(m, at.factors * width(m) + q), w, entry)
            put(m, at.sums * width(m) + r, entry)
        return at.sums if at.n_sums > 0 else W
    for r in range(at.n_sums):
        total = splat(m, 0.0)
        for q in range(at[at.ends + r], at[at.ends + r + 1]):
            factor = get(m, at.factors * width(m) + q)
            total = fma(factor, load(m, W + at[at.entries + q]), total)
        store(m, at.sums + r, total)
    return at.sums if at.n_sums > 0 else W


@common
def write(m: int, at: Places, lane: int, begin: int, out: int, first: int) -> None:
    """Write what the net of a lane reads to the address `out`, from number `first` on."""
    for r in range(at.n_selected):
        number = at[at.select + r] * nets(m, at) + lane
        stream(out, first + r, get(m, begin * width(m) + number))


@common
def release(m: int, at: Places, lane: int, ending: int, results: Results, member: IntArray) -> None:
    """Write down how the net of a lane ended, and free the lane."""
    _, status, times, counts = results
    k = member[lane]
    status[k] = ending
    times[k] = get(m, at.now * width(m) + lane)
    counts[k, ACCEPTED] = int(get(m, at.accepted * width(m) + lane))
    counts[k, REJECTED] = int(get(m, at.rejected * width(m) + lane))
    counts[k, EVALUATIONS] = int(get(m, at.evaluations * width(m) + lane))
    member[lane] = -1
    # The lane takes further steps with the numbers it holds; no grid point is due, so none is written.
    put_all(m, at, at.h, lane, 1.0)
    put_all(m, at, at.due, lane, np.inf)
    for place in (at.now, at.accepted, at.rejected):
        put_all(m, at, place, lane, 0.0)


@common
def admit(
    m: int, at: Places, starts: Starts, t: Array, results: Results, member: IntArray, waiting: int
) -> int:
    """Put the nets that wait into idle lanes; return the first one that still waits."""
    states, rates, axes, teachers, slots = starts
    values, _, _, counts = results
    before = waiting
    for lane in range(nets(m, at)):
        fresh = member[lane] < 0 and waiting < len(states)
        put_all(m, at, at.share, lane, 1.0 if fresh else 0.0)
        if not fresh:
            continue
        member[lane] = slots[waiting]
        put_all(m, at, at.h, lane, 1.0)
        for p in range(states.shape[1]):
            put(m, at.y * width(m) + p * nets(m, at) + lane, states[waiting, p])
        for i in range(at.d):
            put(m, at.rates * width(m) + i * nets(m, at) + lane, rates[waiting, i])
            if at.is_turned:
                for j in range(at.d):
                    number = (j * at.line + i) * nets(m, at) + lane
                    put(m, at.axes * width(m) + number, axes[waiting, i, j])
            if at.is_aimed:
                for j in range(at.d):
                    number = (i * at.d + j) * nets(m, at) + lane
                    put(m, at.teacher * width(m) + number, teachers[waiting, i, j])
        waiting += 1
    if waiting == before:
        return waiting
    call(at.prepare, m, at, 0, 0)
    call(at.field, m, at, at.y, at.f_new)
    for p in range(at.n):
        store(m, at.y_new + p, load(m, at.y + p))
    call(at.weigh, m, at, 0, 0)
    fresh = load(m, at.share)
    for p in range(at.n):
        store(m, at.f + p, where(fresh, load(m, at.f_new + p), load(m, at.f + p)))
    store(m, at.error, largest(m, at, at.f_new))
    begin = read(m, at, at.y)
    for lane in range(nets(m, at)):
        if get(m, at.share * width(m) + lane) == 0.0:
            continue
        k, done = member[lane], 0
        for place in (at.now, at.accepted, at.rejected):
            put_all(m, at, place, lane, 0.0)
        put_all(m, at, at.evaluations, lane, 1.0)
        speed_here = get(m, at.error * width(m) + lane)
        put_all(m, at, at.h, lane, min(t[-1], _FIRST / speed_here))
        if not speed_here < _TOO_FAST:
            release(m, at, lane, NON_FINITE, results, member)
            continue
        if t[0] == 0.0:
            write(m, at, lane, begin, values.ctypes.data, k * t.size * at.n_selected)
            done = 1
        counts[k, DONE] = done
        if done < t.size:
            put_all(m, at, at.due, lane, t[done])
        else:
            release(m, at, lane, OK, results, member)
    return waiting


@common
def aim(
    m: int, at: Places, end: float, max_steps: int, results: Results, member: IntArray, stop: bool
) -> int:
    """Set where each step ends; release nets whose budget is spent; return how many go on."""
    call(at.cap, m, at, 0, 0)
    h, now = load(m, at.h), load(m, at.now)
    near = fma(h, 1.01, now) - end
    then = where(near, end, now + h)
    store(m, at.then, then)
    store(m, at.h, then - now)
    # Positive where the step is lost in the rounding of the time, or the last one was spent.
    store(m, at.share, 1e-15 * now - h)
    left = (max_steps - 0.5) - load(m, at.accepted) - load(m, at.rejected)
    store(m, at.error, left)
    busy = 0
    for lane in range(nets(m, at)):
        if member[lane] < 0:
            put_all(m, at, at.h, lane, 1.0)
        elif stop:
            release(m, at, lane, OUT_OF_TIME, results, member)
        elif get(m, at.error * width(m) + lane) < 0.0:
            release(m, at, lane, BUDGET_SPENT, results, member)
        elif get(m, at.share * width(m) + lane) >= 0.0:
            release(m, at, lane, STEP_TOO_SMALL, results, member)
        else:
            busy += 1
    return busy


@common
def emit(m: int, at: Places, t: Array, results: Results, member: IntArray) -> None:
    """Write the readings at the points of the grid inside the steps that passed."""
    values, _, _, counts = results
    out, now, h = values.ctypes.data, load(m, at.now), load(m, at.h)
    # Lanes whose step failed end where they began, before their next point.
    then = where(load(m, at.passed), load(m, at.then), now)
    while True:
        due = load(m, at.due)
        store(m, at.share, due - then)
        some = False
        for lane in range(nets(m, at)):
            some = some or get(m, at.share * width(m) + lane) <= 0.0
        if not some:
            return
        store(m, at.x, (due - now) / h)
        interpolate(m, at, at.stage)
        call(at.leave, m, at, at.stage, at.value)
        begin = read(m, at, at.value if at.is_framed else at.stage)
        for lane in range(nets(m, at)):
            if get(m, at.share * width(m) + lane) <= 0.0:
                k = member[lane]
                g = counts[k, DONE]
                write(m, at, lane, begin, out, (k * t.size + g) * at.n_selected)
                counts[k, DONE] = g + 1
                put_all(m, at, at.due, lane, t[g + 1] if g + 1 < t.size else np.inf)


@common
def advance(m: int, at: Places, results: Results, member: IntArray) -> None:
    """Move on where the step passed, set the next steps, and free the lanes that are done."""
    passed, h, error = load(m, at.passed), load(m, at.h), load(m, at.error)
    for p in range(at.n):
        store(m, at.y + p, where(passed, load(m, at.y_new + p), load(m, at.y + p)))
        store(m, at.f + p, where(passed, load(m, at.f_new + p) / h, load(m, at.f + p)))
    store(m, at.now, where(passed, load(m, at.then), load(m, at.now)))
    store(m, at.accepted, load(m, at.accepted) + passed)
    store(m, at.rejected, load(m, at.rejected) + 1.0 - passed)
    # The eighth root, for a method of order eight; factors of 0 and infinity are clipped as well.
    factor = _SAFETY / root(root(root(error)))
    factor = where(_GROW - factor, larger(factor, _SHRINK), _GROW)
    store(m, at.h, h * factor)
    for lane in range(nets(m, at)):
        if member[lane] >= 0 and get(m, at.due * width(m) + lane) == np.inf:
            release(m, at, lane, OK, results, member)


@common
def settle(
    m: int, at: Places, t: Array, tolerance: float, results: Results, member: IntArray
) -> None:
    """Write the rest of the grid for nets that are at rest, and free their lanes."""
    values, _, _, counts = results
    store(m, at.share, tolerance)
    call(at.rest, m, at, 0, 0)
    some = False
    for lane in range(nets(m, at)):
        some = some or (member[lane] >= 0 and get(m, at.share * width(m) + lane) == 0.0)
    if not some:
        return
    begin = read(m, at, at.y)
    for lane in range(nets(m, at)):
        k = member[lane]
        if k < 0 or get(m, at.share * width(m) + lane) != 0.0:
            continue
        for g in range(counts[k, DONE], t.size):
            write(m, at, lane, begin, values.ctypes.data, (k * t.size + g) * at.n_selected)
        counts[k, DONE] = t.size
        put_all(m, at, at.now, lane, t[-1])
        release(m, at, lane, OK, results, member)


@common
def judge(m: int, at: Places, nodes: Array, step_tolerance: float, defect_tolerance: float) -> bool:
    """Write the error of each lane's step, 1 being allowed, and whether it passed; say if any did.

    The interpolant is made, and its defect counts, where the step itself passed; also where the grid
    has no point, since the defect sees what the estimate misses at the limit of stability.
    """
    error = step_error(m, at) / step_tolerance
    error = where(np.inf - error, error, np.inf)  # a NaN counts as an infinite error
    store(m, at.evaluations, load(m, at.evaluations) + float(STAGES))
    good = where(error - 1.0, splat(m, 0.0), 1.0)
    store(m, at.passed, good)
    some = False
    for lane in range(nets(m, at)):
        some = some or get(m, at.passed * width(m) + lane) > 0.0
    if some:
        extend(m, at, nodes)
        for x in _DEFECT_AT:
            missed = defect(m, at, x) / defect_tolerance
            missed = where(np.inf - missed, missed, np.inf)
            error = where(good, larger(error, missed), error)
        more = float(ROWS - STAGES - 1 + len(_DEFECT_AT))
        store(m, at.evaluations, fma(good, more, load(m, at.evaluations)))
    store(m, at.error, error)
    store(m, at.passed, where(error - 1.0, splat(m, 0.0), 1.0))
    return some


@common
def carry(
    m: int,
    address: int,
    nodes: Array,
    starts: Starts,
    t: Array,
    limits: tuple[float, float, int],
    results: Results,
    member: IntArray,
    stop: Array,
) -> tuple[int, int]:
    """Carry nets from time 0 through the grid t; return the rounds taken and the lanes busy in them.

    `m` and `address` are the addresses of the memory and of the table of places. `starts` holds the
    states (members, n), rates (members, d), axes and teachers (members, d, d) or none, and their places
    in `results`, the arrays to fill: readings (members, T, numbers), status, last good times, counts.
    `member` keeps the net of each lane, -1 for none. `stop[0]` is raised from outside.
    """
    at = table(address)
    step_tolerance, defect_tolerance, max_steps = limits
    waiting, rounds, worked = 0, 0, 0
    store(m, at.due, np.inf)
    store(m, at.h, 1.0)
    while True:
        waiting = admit(m, at, starts, t, results, member, waiting)
        busy = aim(m, at, t[-1], max_steps, results, member, stop[0] != 0)
        if busy == 0:
            if waiting == len(starts[0]):
                return rounds, worked
            continue
        rounds += 1
        worked += busy
        step(m, at, nodes)
        call(at.weigh, m, at, 0, 0)
        if judge(m, at, nodes, step_tolerance, defect_tolerance):
            emit(m, at, t, results, member)
        advance(m, at, results, member)
        if at.may_rest:
            settle(m, at, t, step_tolerance, results, member)


@entry
def follow(m: int, *rest: Any) -> tuple[int, int]:
    """Carry a net in each lane."""
    return carry(m, *rest)


@entry
def follow_wide(m: int, *rest: Any) -> tuple[int, int]:
    """Carry nets in wide groups, for the smallest matrices."""
    return carry(wide(m), *rest)


@entry
def follow_single(m: int, *rest: Any) -> tuple[int, int]:
    """Carry one net at a time, for the largest matrices; only where squares are wider than registers."""
    return carry(squares(m), *rest)
