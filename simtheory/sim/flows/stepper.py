"""One step of the method in every lane, its error, its interpolant, and the defect of that.

Symbols are those of `fields`. A slope is always multiplied with the step h; the rows of the
tableau are those of the stages; then come, as blocks, those of the errors and of the interpolant.
"""

from __future__ import annotations

from simtheory.sim.engine.arithmetic import fma, highest, larger, magnitude, root, where
from simtheory.sim.engine.compilation import common
from simtheory.sim.engine.lanes import call, get, load, nets, splat, store
from simtheory.sim.engine.products import combine, combine_four, combine_two
from simtheory.sim.flows.fields import Lanes, Places

STAGES = 12  # of the step; four more rows hold the slope at its end and those of the interpolant
ROWS = 16


@common
def step(m: int, at: Places) -> None:
    """Take a step from y to y_new in every lane; f_new is h times the slope there."""
    n, h, last = at.n, load(m, at.h), at.slopes + STAGES * at.n
    zero = splat(m, 0.0)
    call(at.enter, m, at, 0, 0)
    for p in range(n):
        store(m, at.slopes + p, zero if at.is_framed else h * load(m, at.f + p))
    for s in range(1, STAGES + 1):
        out = at.stage if s < STAGES else at.v_new
        combine(m, at, at.base, s, out)
        store(m, at.x, get(at.nodes, s))
        call(at.slope, m, at, out, at.slopes + s * n)
    for p in range(n):
        if at.is_framed:
            store(m, at.y_new + p, load(m, at.value + p))
            store(m, at.f_new + p, load(m, at.spare + p))
        else:
            store(m, at.f_new + p, load(m, last + p))


@common
def largest(m: int, at: Places, v: int) -> Lanes:
    """Return each net's largest entry of v over its scale; NaN if one is not a number."""
    worst, doubt = splat(m, 0.0), splat(m, 0.0)
    for p in range(at.n):
        one = load(m, v + p)
        worst = larger(worst, magnitude(one) * load(m, at.scale + p))
        doubt = fma(one, 0.0, doubt)
    return highest(worst + doubt) if nets(m, at) == 1 else worst + doubt


@common
def step_error(m: int, at: Places) -> Lanes:
    """Estimate the error of a step from the embedded pair of orders 5 and 3, over the scale."""
    first, second = at.errors, at.errors + at.n
    combine_two(m, at, ROWS, first)
    call(at.lift, m, at, first, 0)
    call(at.lift, m, at, second, 0)
    fifth, third = largest(m, at, first), 0.1 * largest(m, at, second)
    both = root(fma(fifth, fifth, third * third))
    return where(both, fifth * (fifth / both), both)


@common
def extend(m: int, at: Places) -> None:
    """Write the coefficients of the interpolant of a step."""
    n, F = at.n, at.dense
    for s in range(STAGES + 1, ROWS):
        combine(m, at, at.base, s, at.stage)
        store(m, at.x, get(at.nodes, s))
        call(at.slope, m, at, at.stage, at.slopes + s * n)
    combine_four(m, at, ROWS + 1, F + 3 * n)
    for p in range(n):
        rise = load(m, at.v_new + p) - load(m, at.base + p)
        begin, end = load(m, at.slopes + p), load(m, at.slopes + STAGES * n + p)
        store(m, F + p, rise)
        store(m, F + n + p, begin - rise)
        store(m, F + 2 * n + p, rise + rise - (end + begin))


@common
def interpolate(m: int, at: Places, out: int) -> None:
    """Write the state, or the frame's V, at the fraction x of the step."""
    n, x = at.n, load(m, at.x)
    y = 1.0 - x
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


@common
def defect(m: int, at: Places, fraction: float) -> Lanes:
    """Return by how much the interpolant misses the flow at a fraction x, over the scale."""
    n, x, y = at.n, splat(m, fraction), splat(m, 1.0 - fraction)
    store(m, at.x, x)
    interpolate(m, at, at.stage)
    call(at.slope, m, at, at.stage, at.errors)
    for p in range(n):
        v, s = splat(m, 0.0), splat(m, 0.0)
        for r in range(6, -1, -1):
            v = v + load(m, at.dense + r * n + p)
            if r % 2 == 0:
                s = fma(s, x, v)
                v = v * x
            else:
                s = s * y - v
                v = v * y
        store(m, at.errors + p, s - load(m, at.errors + p))
    call(at.lift, m, at, at.errors, 0)
    return largest(m, at, at.errors)
