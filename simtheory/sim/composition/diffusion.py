"""Reverse diffusion, compiled: with summed or repaired scores, with weights, and superposed.

A step from one level to the next adds `pull` times a score and `shake` times a normal number.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.composition.draws import RESAMPLING
from simtheory.sim.composition.fields import (
    COMPOSED,
    DATA,
    DIM,
    DRAW,
    EACH,
    EXPERTS,
    KEY,
    LOGS,
    SCORES,
    TALLY,
    WEIGHTS,
    WORD,
    WORK,
    X,
    Y,
    Z,
)
from simtheory.sim.engine.arithmetic import exp, fma, larger
from simtheory.sim.engine.compilation import entry, leaf
from simtheory.sim.engine.lanes import call, get, load, put, splat, store, table, wide, width
from simtheory.sim.engine.random_numbers import fraction, philox

OR, AND = 0, 1


@leaf
def _enter(m: Any, at: Any, points: Array, begin: int) -> int:
    """Bring points into the lanes, the last one into lanes that are left over; return how many."""
    lanes, d = width(m), at[DIM]
    here = min(lanes, points.shape[0] - begin)
    for lane in range(lanes):
        for i in range(d):
            put(m, (at[X] + i) * lanes + lane, points[begin + min(lane, here - 1), i])
    return here


@leaf
def _leave(m: Any, at: Any, points: Array, begin: int, here: int) -> None:
    """Bring points out of the lanes."""
    lanes = width(m)
    for lane in range(here):
        for i in range(at[DIM]):
            points[begin + lane, i] = get(m, (at[X] + i) * lanes + lane)


@leaf
def _matrix_sum(m: Any, at: Any, matrices: Array) -> None:
    """Write Σ M_i s_i behind the point."""
    d = at[DIM]
    for i in range(d):
        row = splat(m, 0.0)
        for e in range(at[EXPERTS]):
            for j in range(d):
                row = fma(load(m, at[SCORES] + e * d + j), matrices[e, i, j], row)
        store(m, at[X] + d + i, row)


@entry
def reverse(
    addresses: tuple[int, int], pulls: Array, shakes: Array, matrices: Array, chain: int,
    points: Array, path: Array, done: IntArray, stop: Any,
) -> None:  # fmt: skip
    """Bring the chains of a block from `points`, shape (n, d), down all levels.

    Parameters
    ----------
    addresses : tuple of int
        Those of m and at.
    pulls, shakes : ndarray, shape (T - 1,)
        Numbers of each step.
    matrices : ndarray, shape (T - 1, K, d, d), or (0, K, d, d)
        Factors of the experts' scores at each step; none for their weights.
    chain : int
        Number of the first chain.
    path : ndarray, shape (T, n, d), or (0, n, d)
        Room for the points at each level.
    done : ndarray of int, shape (1,)
        Chains that reached the end.
    stop : ndarray of int, shape (1,)
        Not zero when the run is to end.
    """
    m, at = wide(addresses[0]), table(addresses[1])
    lanes, d = width(m), at[DIM]
    for begin in range(0, points.shape[0], lanes):
        here = _enter(m, at, points, begin)
        for level in range(pulls.size):
            if stop[0]:
                return
            if path.shape[0] > 0:
                _leave(m, at, path[level], begin, here)
            if matrices.shape[0] > 0:
                call(at[EACH], m, at, at[X], level)
                _matrix_sum(m, at, matrices[level])
            else:
                call(at[COMPOSED], m, at, at[X], level)
            call(at[DRAW], m, at, level, chain + begin)
            for i in range(d):
                x = fma(load(m, at[X] + d + i), pulls[level], load(m, at[X] + i))
                store(m, at[X] + i, fma(load(m, at[Z] + i), shakes[level], x))
        if path.shape[0] > 0:
            _leave(m, at, path[pulls.size], begin, here)
        _leave(m, at, points, begin, here)
        done[0] += here


@leaf
def _gain(m: Any, at: Any, level: int, fall: float, start: float) -> None:
    """Write the composed score behind the points, and to `tally` what their log-weights gain.

    This is the defect times the fall of the level, and at the first level the composed density over
    that of N(0, start I) as well.
    """
    d, data = at[DIM], at[DATA]
    call(at[EACH], m, at, at[X], level)
    squares, gain = splat(m, 0.0), splat(m, 0.0)
    for i in range(d):
        total = splat(m, 0.0)
        for e in range(at[EXPERTS]):
            score, power = load(m, at[SCORES] + e * d + i), get(data, at[WEIGHTS] + e)
            total = fma(score, power, total)
            squares = fma(score * power, score, squares)
        store(m, at[X] + d + i, total)
        gain = fma(total, total, gain)
    gain = (0.5 * fall) * (gain - squares)
    if level == 0 and start > 0.0:
        for e in range(at[EXPERTS]):
            gain = fma(load(m, at[LOGS] + e), get(data, at[WEIGHTS] + e), gain)
        for i in range(d):
            x = load(m, at[X] + i)
            gain = fma(x * (0.5 / start), x, gain)
    store(m, at[TALLY], gain)


@leaf
def _effective(logs: Array) -> float:
    """Return the effective share of weights, 1/(n Σ w²); NaN if one is not a number."""
    top = -math.inf
    for k in range(logs.size):
        top = max(top, logs[k])
    total, squares = 0.0, 0.0
    for k in range(logs.size):
        share = math.exp(logs[k] - top)
        total += share
        squares += share * share
    return total * total / (logs.size * squares)


@leaf
def _resample(points: Array, spare: Array, logs: Array, u: float) -> None:
    """Replace points by copies in number to their weights, at even distances from u on."""
    n, top = logs.size, -math.inf
    for k in range(n):
        top = max(top, logs[k])
    total = 0.0
    for k in range(n):
        total += math.exp(logs[k] - top)
    source, sum_ = 0, math.exp(logs[0] - top) / total
    for k in range(n):
        while (k + u) / n >= sum_ and source < n - 1:
            source += 1
            sum_ += math.exp(logs[source] - top) / total
        for i in range(points.shape[1]):
            spare[k, i] = points[source, i]
    mean = top + math.log(total / n)  # kept, so that islands weigh as they should beside each other
    for k in range(n):
        logs[k] = mean
        for i in range(points.shape[1]):
            points[k, i] = spare[k, i]


@entry
def correct(
    addresses: tuple[int, int], pulls: Array, shakes: Array, falls: Array, start: float, ess: float,
    chain: int, points: Array, spare: Array, logs: Array, effective: Array, path: Array,
    done: IntArray, stop: Any,
) -> None:  # fmt: skip
    """Bring the particles of an island down all levels, with their log-weights.

    Parameters
    ----------
    addresses : tuple of int
        Those of m and at.
    pulls, shakes, falls : ndarray, shape (T - 1,)
        Numbers of each step.
    start : float
        Variance of the start, whose density the weights are relative to; 0 for a start of equal weights.
    ess : float
        Effective share below which the island is resampled.
    chain : int
        Number of the first particle.
    spare : ndarray, shape (n, d)
        Room.
    logs : ndarray, shape (n,)
        Log-weights.
    effective : ndarray, shape (T - 1,)
        Room for the effective share after each step, before resampling.
    path : ndarray, shape (T, n, d), or (0, n, d)
        Room for the points at each level.
    done, stop : ndarray of int, shape (1,)
        As for `reverse`.
    """
    m, at = wide(addresses[0]), table(addresses[1])
    lanes, d, n = width(m), at[DIM], points.shape[0]
    for level in range(pulls.size):
        if stop[0]:
            return
        if path.shape[0] > 0:
            for k in range(n):
                for i in range(d):
                    path[level, k, i] = points[k, i]
        for begin in range(0, n, lanes):
            here = _enter(m, at, points, begin)
            _gain(m, at, level, falls[level], start)
            call(at[DRAW], m, at, level, chain + begin)
            for i in range(d):
                x = fma(load(m, at[X] + d + i), pulls[level], load(m, at[X] + i))
                store(m, at[X] + i, fma(load(m, at[Z] + i), shakes[level], x))
            _leave(m, at, points, begin, here)
            for lane in range(here):
                logs[begin + lane] += get(m, at[TALLY] * lanes + lane)
        effective[level] = _effective(logs)
        if effective[level] < ess and level < pulls.size - 1:
            words = philox(
                np.uint64(at[KEY]), np.uint64(at[WORD]), np.uint64(0), np.uint64(level),
                np.uint64(chain), np.uint64(RESAMPLING),
            )  # fmt: skip
            _resample(points, spare, logs, fraction(words[0]))
    if path.shape[0] > 0:
        for k in range(n):
            for i in range(d):
                path[pulls.size, k, i] = points[k, i]
    done[0] += n


@leaf
def _dot(m: Any, one: int, other: int, d: int) -> Any:
    total = splat(m, 0.0)
    for i in range(d):
        total = fma(load(m, one + i), load(m, other + i), total)
    return total


@leaf
def _mixture_drift(m: Any, at: Any) -> None:
    """Write Σ κ s with κ = softmax(log w + log q) behind the point; log q stand in the logs."""
    d, data, count, kappa = at[DIM], at[DATA], at[EXPERTS], at[WORK]
    top = splat(m, -1e300)
    for e in range(count):
        logit = load(m, at[LOGS] + e) + math.log(get(data, at[WEIGHTS] + e))
        store(m, kappa + e, logit)
        top = larger(logit, top)
    total = splat(m, 0.0)
    for e in range(count):
        share = exp(larger(load(m, kappa + e) - top, -700.0))
        store(m, kappa + e, share)
        total = total + share
    for i in range(d):
        drift = splat(m, 0.0)
        for e in range(count):
            drift = fma(load(m, kappa + e), load(m, at[SCORES] + e * d + i), drift)
        store(m, at[X] + d + i, drift / total)


@leaf
def _equal_drift(m: Any, at: Any, fall: float) -> None:
    """Write the drift under which all log-densities change alike behind the point.

    It is s₀ + Σ κ_e g_e with g_e = s_e − s₀, where κ solves
    Σ_f ⟨g_e, g_f⟩ κ_f = ½(|s_e|² − |s₀|²) − ⟨g_e, s₀⟩ − ⟨g_e, ξ⟩/√fall, by elimination without
    pivots: the matrix is symmetric and made positive definite.
    """
    d, r = at[DIM], at[EXPERTS] - 1
    s, matrix = at[SCORES], at[WORK]
    right = matrix + r * r
    over = 1.0 / math.sqrt(fall)
    first = _dot(m, s, s, d)
    for e in range(1, r + 1):  # scores become differences
        here = s + e * d
        value = 0.5 * (_dot(m, here, here, d) - first)
        for i in range(d):
            gap = load(m, here + i) - load(m, s + i)
            store(m, here + i, gap)
            value = value - gap * (load(m, s + i) + over * load(m, at[Z] + i))
        store(m, right + e - 1, value)
    for e in range(r):
        for f in range(r):
            store(m, matrix + e * r + f, _dot(m, s + (e + 1) * d, s + (f + 1) * d, d))
        diagonal = matrix + e * r + e
        store(m, diagonal, fma(load(m, diagonal), 1.0 + 1e-12, 1e-12))
    for e in range(r):
        inverse = 1.0 / load(m, matrix + e * r + e)
        for f in range(e + 1, r):
            factor = load(m, matrix + f * r + e) * inverse
            for k in range(e, r):
                entry_ = matrix + f * r + k
                store(m, entry_, load(m, entry_) - factor * load(m, matrix + e * r + k))
            store(m, right + f, load(m, right + f) - factor * load(m, right + e))
    for back in range(r):
        e = r - 1 - back
        value = load(m, right + e)
        for k in range(e + 1, r):
            value = value - load(m, matrix + e * r + k) * load(m, right + k)
        store(m, right + e, value / load(m, matrix + e * r + e))
    for i in range(d):
        drift = load(m, s + i)
        for e in range(r):
            drift = fma(load(m, right + e), load(m, s + (e + 1) * d + i), drift)
        store(m, at[X] + d + i, drift)
    for e in range(1, r + 1):  # differences become scores again
        for i in range(d):
            here = s + e * d + i
            store(m, here, load(m, here) + load(m, s + i))


@entry
def superpose(
    addresses: tuple[int, int], falls: Array, kind: int, chain: int, points: Array,
    densities: Array, path: Array, done: IntArray, stop: Any,
) -> None:  # fmt: skip
    """Bring the chains of a block down all levels with superposed scores; follow all log-densities.

    Parameters
    ----------
    addresses : tuple of int
        Those of m and at.
    falls : ndarray, shape (T - 1,)
        How far the level falls in each step.
    kind : int
        `OR` or `AND`.
    chain : int
        Number of the first chain.
    densities : ndarray, shape (n, K)
        Log-density of each expert, from the start on.
    path : ndarray, shape (T, n, d), or (0, n, d)
        Room for the points at each level.
    done, stop : ndarray of int, shape (1,)
        As for `reverse`.
    """
    m, at = wide(addresses[0]), table(addresses[1])
    lanes, d, count = width(m), at[DIM], at[EXPERTS]
    for begin in range(0, points.shape[0], lanes):
        here = _enter(m, at, points, begin)
        for lane in range(lanes):
            for e in range(count):
                put(m, (at[Y] + e) * lanes + lane, densities[begin + min(lane, here - 1), e])
        for level in range(falls.size):
            if stop[0]:
                return
            if path.shape[0] > 0:
                _leave(m, at, path[level], begin, here)
            fall = falls[level]
            call(at[EACH], m, at, at[X], level)
            call(at[DRAW], m, at, level, chain + begin)
            for e in range(count):
                store(m, at[LOGS] + e, load(m, at[Y] + e))
            if kind == OR:
                _mixture_drift(m, at)
            else:
                _equal_drift(m, at, fall)
            shake = math.sqrt(fall)
            for i in range(d):
                step = fma(load(m, at[X] + d + i), fall, shake * load(m, at[Z] + i))
                store(m, at[X] + d + i, step)
                store(m, at[X] + i, load(m, at[X] + i) + step)
            for e in range(count):
                s = at[SCORES] + e * d
                gain = _dot(m, s, at[X] + d, d) - (0.5 * fall) * _dot(m, s, s, d)
                store(m, at[Y] + e, load(m, at[Y] + e) + gain)
        if path.shape[0] > 0:
            _leave(m, at, path[falls.size], begin, here)
        _leave(m, at, points, begin, here)
        for lane in range(here):
            for e in range(count):
                densities[begin + lane, e] = get(m, (at[Y] + e) * lanes + lane)
        done[0] += here
