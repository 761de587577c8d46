"""The compiled integrator: an adaptive Runge-Kutta pair with a controlled interpolant.

Every function here is plain Python that Numba can compile, so tests may call it uncompiled. Only
the two entries at the end, `tied` and `deep`, are compiled and cached; they share the stepper and
differ in the right-hand side. Nothing here calls compiled code of another file, because the cache
would not notice an edit there: the tableau comes in as arrays.

Symbols
-------
y : state of one net, flat, shape (n,); K : slopes of the stages, shape (16, n); h : step; rates :
eigenvalues a of the second moment, shape (d,); sizes : the widths that give the state its shape;
net : (rates, sizes, work), what a right-hand side needs to know; group : for each entry of y, the
group whose common norm its error is measured against; problem : what all nets of an ensemble share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numba import njit
from numba.extending import register_jitable

from simtheory._typing import Array, IntArray

Field: TypeAlias = Callable[..., None]
Net: TypeAlias = tuple[Array, IntArray, Array]
Groups: TypeAlias = tuple[IntArray, int, float]
Tableau: TypeAlias = tuple[Array, Array, Array]
Limits: TypeAlias = tuple[float, float, int]
Problem: TypeAlias = tuple[Array, IntArray, Groups, Tableau, Limits]
Solution: TypeAlias = tuple[Array, IntArray, Array, IntArray]

# Copies of `methods.Status`: a compiled file must not depend on another one.
OK, NON_FINITE, STEP_TOO_SMALL, BUDGET_SPENT = 0, 1, 2, 3
ACCEPTED, REJECTED, EVALUATIONS, DONE = 0, 1, 2, 3

_STAGES = 12  # of the step; four more rows hold the slope at its end and those of the interpolant
_SAFETY, _SHRINK, _GROW = 0.9, 0.2, 8.0
_FIRST = 0.1  # largest relative change in the first trial step
_DEFECT_AT = (0.7, 0.95)  # where it is large: between them they see 0.8 of its maximum


@register_jitable
def tied_map(y: Array, w: Array, net: Net) -> None:
    """W = U Uᵀ. The state is Uᵀ, shape (h, d), so that all inner loops run along memory."""
    _, sizes, _ = net
    d, h = sizes[0], sizes[1]
    x = y.reshape(h, d)
    w[:] = 0.0
    for k in range(h):
        for i in range(d):
            for j in range(d):
                w[i, j] += x[k, i] * x[k, j]


@register_jitable
def tied_field(y: Array, slope: Array, net: Net) -> None:
    """U' = (A − (WA + AW)/2) U."""
    rates, sizes, work = net
    d, h = sizes[0], sizes[1]
    m = work[: d * d].reshape(d, d)
    tied_map(y, m, net)
    for i in range(d):
        for j in range(d):
            m[i, j] *= -0.5 * (rates[i] + rates[j])
        m[i, i] += rates[i]
    _times(y.reshape(h, d), m, slope.reshape(h, d))


@register_jitable
def deep_map(y: Array, w: Array, net: Net) -> None:
    """W = W_L … W_1. The state is the layers one after the other, first layer first."""
    d = net[1][0]
    done = _forward(y, net)
    _copy(net[2][done : done + d * d], w.reshape(d * d))


@register_jitable
def _forward(y: Array, net: Net) -> int:
    """Fill `work` with W_1, W_2 W_1, …, one after the other; return where W begins."""
    _, sizes, work = net
    d, at, done = sizes[0], 0, 0
    _copy(y[: sizes[1] * d], work[: sizes[1] * d])
    for l in range(1, sizes.size - 1):
        n, m = sizes[l + 1], sizes[l]
        at += m * sizes[l - 1]
        _times(
            y[at : at + n * m].reshape(n, m),
            work[done : done + m * d].reshape(m, d),
            work[done + m * d : done + (m + n) * d].reshape(n, d),
        )
        done += m * d
    return done


@register_jitable
def deep_field(y: Array, slope: Array, net: Net) -> None:
    """W_l' = (W_L … W_{l+1})ᵀ (I − W) A (W_{l-1} … W_1)ᵀ, by back-propagation."""
    rates, sizes, work = net
    d = sizes[0]
    done = _forward(y, net)
    w = work[done : done + d * d].reshape(d, d)
    buffers = work[done + d * d :]  # two, which take turns to hold (W_L … W_{l+1})ᵀ (I − W) A
    here, other = buffers[: buffers.size // 2], buffers[buffers.size // 2 :]
    for i in range(d):
        for j in range(d):
            here[i * d + j] = -w[i, j] * rates[j]
        here[i * d + i] += rates[i]
    at = y.size
    for l in range(sizes.size - 2, 0, -1):
        n, m = sizes[l + 1], sizes[l]
        at -= n * m
        done -= m * d
        back = here[: n * d].reshape(n, d)
        below = work[done : done + m * d].reshape(m, d)
        _times_transposed(back, below, slope[at : at + n * m].reshape(n, m))
        _transposed_times(y[at : at + n * m].reshape(n, m), back, other[: m * d].reshape(m, d))
        here, other = other, here
    _copy(here[: sizes[1] * d], slope[: sizes[1] * d])


@register_jitable
def _copy(x: Array, out: Array) -> None:
    for i in range(x.size):  # `out[:] = x` would take seconds to compile
        out[i] = x[i]


@register_jitable
def _times(x: Array, y: Array, out: Array) -> None:
    out[:] = 0.0
    for i in range(x.shape[0]):
        for k in range(x.shape[1]):
            for j in range(y.shape[1]):
                out[i, j] += x[i, k] * y[k, j]


@register_jitable
def _transposed_times(x: Array, y: Array, out: Array) -> None:
    out[:] = 0.0
    for k in range(x.shape[0]):
        for i in range(x.shape[1]):
            for j in range(y.shape[1]):
                out[i, j] += x[k, i] * y[k, j]


@register_jitable
def _times_transposed(x: Array, y: Array, out: Array) -> None:
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            total = 0.0
            for k in range(x.shape[1]):
                total += x[i, k] * y[j, k]
            out[i, j] = total


@register_jitable
def combine(y: Array, h: float, weights: Array, K: Array, terms: int, out: Array) -> None:
    """out = y + h Σ_s weights_s K_s, over the first `terms` slopes."""
    _copy(y, out)
    for s in range(terms):
        c = h * weights[s]
        if c != 0.0:
            for i in range(y.size):
                out[i] += c * K[s, i]


@register_jitable
def step(
    field: Field, y: Array, h: float, stages: Array, K: Array, stage: Array, y_new: Array, net: Net
) -> None:
    """Take one step of size h from y, whose slope is K[0], to y_new."""
    for s in range(1, _STAGES):
        combine(y, h, stages[s], K, s, stage)
        field(stage, K[s], net)
    combine(y, h, stages[_STAGES], K, _STAGES, y_new)


@register_jitable
def extend(
    field: Field,
    y: Array,
    y_new: Array,
    h: float,
    stages: Array,
    dense: Array,
    K: Array,
    stage: Array,
    F: Array,
    net: Net,
) -> None:
    """Write the coefficients of the interpolant of a step into F, shape (7, n)."""
    for s in range(_STAGES + 1, len(stages)):
        combine(y, h, stages[s], K, s, stage)
        field(stage, K[s], net)
    stage[:] = 0.0
    for r in range(len(dense)):
        combine(stage, h, dense[r], K, len(stages), F[3 + r])
    for i in range(y.size):
        rise = y_new[i] - y[i]
        F[0, i] = rise
        F[1, i] = h * K[0, i] - rise
        F[2, i] = 2.0 * rise - h * (K[_STAGES, i] + K[0, i])


@register_jitable
def interpolate(y: Array, F: Array, x: float, value: Array, slope: Array) -> None:
    """Evaluate the interpolant at the fraction x of the step, and its derivative by x."""
    for i in range(y.size):
        v, s = 0.0, 0.0
        for r in range(6, -1, -1):
            v += F[r, i]
            if r % 2 == 0:
                s = s * x + v
                v *= x
            else:
                s = s * (1.0 - x) - v
                v *= 1.0 - x
        value[i] = y[i] + v
        slope[i] = s


@register_jitable
def scales(y: Array, y_new: Array, group: IntArray, floor: float, out: Array) -> bool:
    """Write the norm of each group, the larger of its two ends; say whether all are finite."""
    old, new = np.zeros(out.size), np.zeros(out.size)
    for i in range(y.size):
        old[group[i]] += y[i] * y[i]
        new[group[i]] += y_new[i] * y_new[i]
    good = True
    for g in range(out.size):
        out[g] = max(floor, np.sqrt(max(old[g], new[g])))
        good = good and np.isfinite(old[g]) and np.isfinite(new[g])
    return good


@register_jitable
def relative(x: Array, group: IntArray, scale: Array) -> float:
    """Return the largest norm of a group of x over its scale; infinite if it is not a number."""
    norm = np.zeros(scale.size)
    for i in range(x.size):
        norm[group[i]] += x[i] * x[i]
    worst = 0.0
    for g in range(scale.size):
        worst = max(worst, np.sqrt(norm[g]) / scale[g])
        if not np.isfinite(norm[g]):
            return np.inf
    return worst


@register_jitable
def step_error(
    K: Array, h: float, embedded: Array, group: IntArray, scale: Array, spare: Array
) -> float:
    """Estimate the error of a step from the embedded pair of orders 5 and 3, relative to scale."""
    spare[:] = 0.0
    combine(spare, h, embedded[0], K, _STAGES, spare)
    fifth = relative(spare, group, scale)
    spare[:] = 0.0
    combine(spare, h, embedded[1], K, _STAGES, spare)
    third = relative(spare, group, scale)
    if not np.isfinite(fifth + third):
        return np.inf
    if fifth == 0.0:
        return 0.0
    return fifth * (fifth / np.hypot(fifth, 0.1 * third))


@register_jitable
def defect(
    field: Field,
    y: Array,
    h: float,
    F: Array,
    group: IntArray,
    scale: Array,
    value: Array,
    slope: Array,
    spare: Array,
    net: Net,
) -> float:
    """Return by how much the interpolant misses the flow inside the step, relative to scale."""
    worst = 0.0
    for x in _DEFECT_AT:
        interpolate(y, F, x, value, slope)
        field(value, spare, net)
        for i in range(y.size):
            spare[i] = slope[i] - h * spare[i]
        worst = max(worst, relative(spare, group, scale))
    return worst


@register_jitable
def follow(
    field: Field,
    mapping: Field,
    start: Array,
    problem: Problem,
    net: Net,
    out: Array,
    counts: IntArray,
) -> tuple[int, float]:
    """Carry one net from time 0 through the grid; return the status and the last good time."""
    t, _, groups, tableau, limits = problem
    group, n_groups, floor = groups
    stages, embedded, dense = tableau
    step_tolerance, defect_tolerance, max_steps = limits
    n = start.size
    K, F = np.empty((len(stages), n)), np.empty((7, n))
    y, y_new, stage, slope = start.copy(), np.empty(n), np.empty(n), np.empty(n)
    scale = np.empty(n_groups)
    now, end = 0.0, t[-1]
    field(y, K[0], net)
    counts[EVALUATIONS] += 1
    speed = relative(K[0], group, scale) if scales(y, y, group, floor, scale) else np.inf
    if not np.isfinite(speed):
        return NON_FINITE, now
    h = min(end, _FIRST / speed)
    done = 0
    if t[0] == 0.0:
        mapping(y, out[0], net)
        done = 1
    counts[DONE] = done
    while done < t.size:
        if counts[ACCEPTED] + counts[REJECTED] >= max_steps:
            return BUDGET_SPENT, now
        if h <= 1e-15 * now:
            return STEP_TOO_SMALL, now
        then = now + h
        if now + 1.01 * h >= end:
            then = end
        h = then - now
        step(field, y, h, stages, K, stage, y_new, net)
        counts[EVALUATIONS] += _STAGES - 1
        error = np.inf
        if scales(y, y_new, group, floor, scale):
            error = step_error(K, h, embedded, group, scale, stage) / step_tolerance
        if error <= 1.0:
            field(y_new, K[_STAGES], net)
            counts[EVALUATIONS] += 1
            if not np.isfinite(relative(K[_STAGES], group, scale)):
                error = np.inf
        if error <= 1.0:
            extend(field, y, y_new, h, stages, dense, K, stage, F, net)
            missed = defect(field, y, h, F, group, scale, stage, slope, K[-1], net)
            error = max(error, missed / defect_tolerance)
            counts[EVALUATIONS] += len(stages) - _STAGES - 1 + len(_DEFECT_AT)
        if error <= 1.0:
            while done < t.size and t[done] < then:
                interpolate(y, F, (t[done] - now) / h, stage, slope)
                mapping(stage, out[done], net)
                done += 1
            if done < t.size and t[done] == then:
                mapping(y_new, out[done], net)
                done += 1
            counts[ACCEPTED] += 1
            counts[DONE] = done
            _copy(y_new, y)
            _copy(K[_STAGES], K[0])
            now = then
        else:
            counts[REJECTED] += 1
        factor = _SAFETY * error ** (-1.0 / 8.0)
        h *= min(_GROW, max(_SHRINK, factor))
    return OK, now


@register_jitable
def follow_all(
    field: Field, mapping: Field, starts: Array, rates: Array, problem: Problem
) -> Solution:
    """Carry nets one after the other, each with its own steps."""
    sizes = problem[1]
    members, d = rates.shape
    values = np.empty((members, problem[0].size, d, d))
    status, times = np.zeros(members, np.intp), np.zeros(members)
    counts = np.zeros((members, 4), np.intp)
    total, widest = 0, 0
    for size in sizes:
        total += size
        widest = max(widest, size)
    work = np.empty(d * (total + 2 * widest))
    for m in range(members):
        net = (rates[m], sizes, work)
        status[m], times[m] = follow(field, mapping, starts[m], problem, net, values[m], counts[m])
    return values, status, times, counts


@njit(cache=True, nogil=True, error_model="numpy")
def tied(starts: Array, rates: Array, problem: Problem) -> Solution:
    """Integrate tied nets, states (members, h d); return values, status, times and counts."""
    return follow_all(tied_field, tied_map, starts, rates, problem)


@njit(cache=True, nogil=True, error_model="numpy")
def deep(starts: Array, rates: Array, problem: Problem) -> Solution:
    """Integrate deep nets, states (members, n); return values, status, times and counts."""
    return follow_all(deep_field, deep_map, starts, rates, problem)
