"""The compiled driver: nets side by side, each with its own time and step, from start to end.

A lane whose net is done takes the next one. Lanes do not exchange data, so the result of a net does
not depend on the nets beside it. Symbols are those of `fields`.
"""

from __future__ import annotations

import numpy as np

from simtheory.sim.engine.arithmetic import fma, fused, larger, root, where
from simtheory.sim.engine.compilation import common, entry
from simtheory.sim.engine.lanes import (
    call,
    get,
    load,
    nets,
    number_of,
    put,
    put_lanes,
    put_number,
    put_whole,
    raised,
    some,
    splat,
    squares,
    store,
    stream,
    table,
    whole,
    wide,
    width,
)
from simtheory.sim.flows.fields import Lanes, Places
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

# Copies of `engine.Status`, for the compiler.
OK, NON_FINITE, STEP_TOO_SMALL, BUDGET_SPENT, OUT_OF_TIME = 0, 1, 2, 3, 4
ACCEPTED, REJECTED, EVALUATIONS, DONE = 0, 1, 2, 3  # counts of a member, of which there are:
COUNTS = 4

_SAFETY = 0.9  # of the step that the error allows; a larger share is rejected more often
_SHRINK, _GROW = 0.2, 8.0  # least and largest factor from step to step; factors beyond are clipped
_FIRST = 0.1  # largest relative change in the first trial step
_TOO_FAST = 1e100  # relative change per unit of time; beyond it the net ends as NON_FINITE
_DEFECT_AT = (0.7, 0.95)  # fractions of the step; the larger value there is 0.8 of the maximum


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
def write(m: int, at: Places, lane: int, begin: int, k: int, g: int) -> None:
    """Write what the net of a lane reads as point g of the grid of member k."""
    first = (k * at.n_times + g) * at.n_selected
    for r in range(at.n_selected):
        stream(at.values, first + r, number_of(m, at, begin, lane, at[at.select + r]))


@common
def release(m: int, at: Places, lane: int, ending: int) -> None:
    """Write down how the net of a lane ended, and free the lane."""
    k = whole(at.member, lane)
    put_whole(at.status, k, ending)
    put(at.reached, k, number_of(m, at, at.now, lane, 0))
    counts = COUNTS * k
    put_whole(at.counts, counts + ACCEPTED, number_of(m, at, at.accepted, lane, 0))
    put_whole(at.counts, counts + REJECTED, number_of(m, at, at.rejected, lane, 0))
    put_whole(at.counts, counts + EVALUATIONS, number_of(m, at, at.evaluations, lane, 0))
    put_whole(at.member, lane, -1)
    # The lane takes further steps with the numbers it holds; no grid point is due, so none is written.
    put_lanes(m, at, at.h, lane, 1.0)
    put_lanes(m, at, at.due, lane, np.inf)
    for place in (at.now, at.accepted, at.rejected):
        put_lanes(m, at, place, lane, 0.0)


@common
def enter(m: int, at: Places, lane: int, one: int) -> None:
    """Put a start into a lane."""
    d = at.d
    for p in range(at.n_given):
        put_number(m, at, at.y, lane, p, get(at.states, one * at.n_given + p))
    for i in range(d):
        row = (one * d + i) * d
        put_number(m, at, at.rates, lane, i, get(at.given_rates, one * d + i))
        if at.is_turned:
            for j in range(d):
                put_number(m, at, at.axes, lane, j * at.line + i, get(at.given_axes, row + j))
        if at.is_aimed:
            for j in range(d):
                put_number(m, at, at.teacher, lane, i * d + j, get(at.teachers, row + j))


@common
def admit(m: int, at: Places, waiting: int) -> int:
    """Put the nets that wait into idle lanes; return the first one that still waits."""
    before = waiting
    for lane in range(nets(m, at)):
        fresh = whole(at.member, lane) < 0 and waiting < at.n_members
        put_lanes(m, at, at.share, lane, 1.0 if fresh else 0.0)
        if fresh:
            put_whole(at.member, lane, whole(at.slots, waiting))
            put_lanes(m, at, at.h, lane, 1.0)
            enter(m, at, lane, waiting)
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
        if number_of(m, at, at.share, lane, 0) == 0.0:
            continue
        k, done = whole(at.member, lane), 0
        for place in (at.now, at.accepted, at.rejected):
            put_lanes(m, at, place, lane, 0.0)
        put_lanes(m, at, at.evaluations, lane, 1.0)
        speed_here = number_of(m, at, at.error, lane, 0)
        first, end = _FIRST / speed_here, get(at.grid, at.n_times - 1)
        put_lanes(m, at, at.h, lane, first if first < end else end)
        if not speed_here < _TOO_FAST:
            release(m, at, lane, NON_FINITE)
            continue
        if get(at.grid, 0) == 0.0:
            write(m, at, lane, begin, k, 0)
            done = 1
        put_whole(at.counts, COUNTS * k + DONE, done)
        if done < at.n_times:
            put_lanes(m, at, at.due, lane, get(at.grid, done))
        else:
            release(m, at, lane, OK)
    return waiting


@common
def aim(m: int, at: Places) -> int:
    """Set where each step ends; release nets whose budget is spent; return how many go on."""
    end, stop = get(at.grid, at.n_times - 1), raised(at.stop)
    call(at.cap, m, at, 0, 0)
    h, now = load(m, at.h), load(m, at.now)
    near = fma(h, 1.01, now) - end
    then = where(near, end, now + h)
    store(m, at.then, then)
    store(m, at.h, then - now)
    # Positive where the step is lost in the rounding of the time, or the last one was spent.
    store(m, at.share, 1e-15 * now - h)
    left = (at.max_steps - 0.5) - load(m, at.accepted) - load(m, at.rejected)
    store(m, at.error, left)
    busy = 0
    for lane in range(nets(m, at)):
        if whole(at.member, lane) < 0:
            put_lanes(m, at, at.h, lane, 1.0)
        elif stop:
            release(m, at, lane, OUT_OF_TIME)
        elif number_of(m, at, at.error, lane, 0) < 0.0:
            release(m, at, lane, BUDGET_SPENT)
        elif number_of(m, at, at.share, lane, 0) >= 0.0:
            release(m, at, lane, STEP_TOO_SMALL)
        else:
            busy += 1
    return busy


@common
def emit(m: int, at: Places) -> None:
    """Write the readings at the points of the grid inside the steps that passed."""
    now, h = load(m, at.now), load(m, at.h)
    # Lanes whose step failed end where they began, before their next point.
    then = where(load(m, at.passed), load(m, at.then), now)
    while True:
        due = load(m, at.due)
        ahead = due - then
        if not some(ahead):
            return
        store(m, at.share, ahead)
        store(m, at.x, (due - now) / h)
        interpolate(m, at, at.stage)
        call(at.leave, m, at, at.stage, at.value)
        begin = read(m, at, at.value if at.is_framed else at.stage)
        for lane in range(nets(m, at)):
            if number_of(m, at, at.share, lane, 0) <= 0.0:
                k = whole(at.member, lane)
                g = whole(at.counts, COUNTS * k + DONE)
                write(m, at, lane, begin, k, g)
                g += 1
                put_whole(at.counts, COUNTS * k + DONE, g)
                put_lanes(m, at, at.due, lane, get(at.grid, g) if g < at.n_times else np.inf)


@common
def advance(m: int, at: Places) -> None:
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
        if whole(at.member, lane) >= 0 and number_of(m, at, at.due, lane, 0) == np.inf:
            release(m, at, lane, OK)


@common
def settle(m: int, at: Places, tolerance: float) -> None:
    """Write the rest of the grid for nets that are at rest, and free their lanes."""
    store(m, at.share, tolerance)
    call(at.rest, m, at, 0, 0)
    begin = -1
    for lane in range(nets(m, at)):
        k = whole(at.member, lane)
        if k < 0 or number_of(m, at, at.share, lane, 0) != 0.0:
            continue
        if begin < 0:
            begin = read(m, at, at.y)
        for g in range(whole(at.counts, COUNTS * k + DONE), at.n_times):
            write(m, at, lane, begin, k, g)
        put_whole(at.counts, COUNTS * k + DONE, at.n_times)
        put_lanes(m, at, at.now, lane, get(at.grid, at.n_times - 1))
        release(m, at, lane, OK)


@common
def judge(m: int, at: Places, step_tolerance: float, defect_tolerance: float) -> bool:
    """Write the error of each lane's step, 1 being allowed, and whether it passed; say if any did.

    The interpolant is made, and its defect counts, where the step itself passed; also where the grid
    has no point, since the defect sees what the estimate misses at the limit of stability.
    """
    error = finite(step_error(m, at) / step_tolerance)
    store(m, at.evaluations, load(m, at.evaluations) + float(STAGES))
    over = error - 1.0
    good = where(over, splat(m, 0.0), 1.0)
    any_good = some(over)
    if any_good:
        extend(m, at)
        for x in _DEFECT_AT:
            missed = finite(defect(m, at, x) / defect_tolerance)
            error = where(good, larger(error, missed), error)
        more = float(ROWS - STAGES - 1 + len(_DEFECT_AT))
        store(m, at.evaluations, fma(good, more, load(m, at.evaluations)))
    store(m, at.error, error)
    store(m, at.passed, where(error - 1.0, splat(m, 0.0), 1.0))
    return any_good


@common
def finite(error: Lanes) -> Lanes:
    """Return an error; infinity for a NaN."""
    return where(np.inf - error, error, np.inf)


@common
def carry(m: int, address: int, step_tolerance: float, defect_tolerance: float) -> tuple[int, int]:
    """Carry nets from time 0 through the grid; return the rounds taken and the lanes busy in them.

    `m` and `address` are the addresses of the memory and of the table of places, which names the
    arrays outside of m, too (`layout.OUTSIDE`).
    """
    at = table(address)
    waiting, rounds, worked = 0, 0, 0
    store(m, at.due, np.inf)
    store(m, at.h, 1.0)
    while True:
        waiting = admit(m, at, waiting)
        busy = aim(m, at)
        if busy == 0:
            if waiting == at.n_members:
                return rounds, worked
            continue
        rounds += 1
        worked += busy
        step(m, at)
        call(at.weigh, m, at, 0, 0)
        if judge(m, at, step_tolerance, defect_tolerance):
            emit(m, at)
        advance(m, at)
        if at.may_rest:
            settle(m, at, step_tolerance)


@entry
def follow(m: int, address: int, step_tolerance: float, defect_tolerance: float) -> tuple[int, int]:
    """Carry a net in each lane."""
    return carry(m, address, step_tolerance, defect_tolerance)


@entry
def follow_wide(
    m: int, address: int, step_tolerance: float, defect_tolerance: float
) -> tuple[int, int]:
    """Carry nets in wide groups, for the smallest matrices."""
    return carry(wide(m), address, step_tolerance, defect_tolerance)


@entry
def follow_single(
    m: int, address: int, step_tolerance: float, defect_tolerance: float
) -> tuple[int, int]:
    """Carry one net at a time, for the largest matrices; only where squares are wider than registers."""
    return carry(squares(m), address, step_tolerance, defect_tolerance)
