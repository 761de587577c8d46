r"""The compiled optimiser of linear denoisers: all noise levels of many runs, eight runs in one register.

A step needs the moments of its batch only, and their law is known: of B points with class numbers, and
g = (z, ε) of 2d independent normal numbers each, X = (indicators of the classes, g) has XᵀX = RᵀR with

    a row for each class that occurs:  its √count, then 2d normal numbers;
    a row for each normal number i:    χ of B − classes − i degrees, then normal numbers to its right

(Bartlett's factor). So a step draws R, with a few dozen numbers, where the points take 2 d B of them; the
law of the step is the same, exactly, for every B.

Symbols
-------
m : memory of a group of eight runs, by its address; K : classes; c : features of a class's condition;
d : coordinates of a data point; B : points of a batch; L : noise levels; F = 1 + c + d : features of a net;
rows : min(K, B) + 2 d rows of R.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.engine.arithmetic import fma, log, root, turn
from simtheory.sim.engine.compilation import entry, leaf
from simtheory.sim.engine.lanes import LANES, get, load, put, splat, store
from simtheory.sim.engine.random_numbers import fraction, philox

_COUNTS, _POINTS, _NOISE, _CHI = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3)
_HALF = np.uint64(0xFFFFFFFF)


class Rooms(NamedTuple):
    """Where in m the arrays of a group begin."""

    weights: int  # (L, d, F)
    roots: int  # (slots,) √count
    classes: int  # (slots, c + d) features and mean of the class of each slot
    factor: int  # (rows, 2 d) R without its first columns
    left: int  # (F,) a row of R in the features of the net
    error: int  # (d,) its residual
    slope: int  # (d, F)
    words: int
    sick: int
    end: int


def rooms(slots: int, c: int, d: int, levels: int) -> Rooms:
    """Return where everything is."""
    F, rows = 1 + c + d, slots + 2 * d
    lengths = (
        *(levels * d * F, slots, slots * (c + d), rows * 2 * d),
        *(F, d, d * F, 4 * ((rows * d + 3) // 4), 1),
    )
    return Rooms(*(int(k) for k in np.cumsum([0, *lengths])))


@leaf
def _normals(m: int, place: int, n: int, key: Any, step: int, runs: Any, stream: Any) -> None:
    """Fill ⌈n/4⌉ fours of places with normal numbers, by Box and Muller."""
    blocks = (n + 3) // 4
    for lane in range(LANES):
        for block in range(blocks):
            words = philox(key[0], key[1], np.uint64(block), np.uint64(step), runs[lane], stream)
            for j in range(4):
                put(m, (place + 4 * block + j) * LANES + lane, fraction(words[j]))
    for pair in range(2 * blocks):
        radius = root(-2.0 * log(1.0 - load(m, place + 2 * pair)))
        cosine, sine = turn(load(m, place + 2 * pair + 1))
        store(m, place + 2 * pair, radius * cosine)
        store(m, place + 2 * pair + 1, radius * sine)


@leaf
def _chi(n: int, key: Any, draw: Any, step: int, run: Any) -> float:
    """Draw χ of n degrees of freedom: Marsaglia and Tsang's method for the gamma law of n/2."""
    shape = 0.5 * n if n > 1 else 1.5
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    trial = 0
    while True:
        words = philox(
            key[0], key[1], (np.uint64(draw) << np.uint64(32)) + np.uint64(trial), np.uint64(step),
            run, _CHI,
        )  # fmt: skip
        x = math.sqrt(-2.0 * math.log(1.0 - fraction(words[0]))) * math.cos(
            2.0 * math.pi * fraction(words[1])
        )
        v = (1.0 + c * x) ** 3
        u = 1.0 - fraction(words[2])
        if v > 0.0 and math.log(u) < 0.5 * x * x + d * (1.0 - v + math.log(v)):
            gamma = d * v
            if n == 1:  # shape ½ from shape 3/2
                gamma *= (1.0 - fraction(words[3])) ** 2
            return math.sqrt(2.0 * gamma)
        trial += 1


@leaf
def _counts(key: Any, step: int, run: Any, batch: int, shares: Any, counts: IntArray) -> None:
    """Draw how often each class occurs in a batch; `shares` are summed up, in units of 2⁻³²."""
    counts[:] = 0
    last = shares.size - 1
    for first in range(0, batch, 8):
        words = philox(key[0], key[1], np.uint64(first // 8), np.uint64(step), run, _COUNTS)
        for j in range(min(8, batch - first)):
            word = words[j // 2]
            u = word & _HALF if j % 2 == 0 else word >> np.uint64(32)
            low, high = 0, last
            while low < high:
                middle = (low + high) // 2
                if u < shares[middle]:
                    high = middle
                else:
                    low = middle + 1
            counts[low] += 1


@leaf
def _choose(
    m: int, at: Any, lane: int, law: Any, slots: int, counts: IntArray, used: IntArray
) -> None:
    """Put the classes that occur, and the roots of their counts, into the slots of a lane."""
    _, conditions, means, _ = law
    K, c = conditions.shape
    d, slot, n = means.shape[1], 0, 0
    for k in range(K):
        if counts[k] > 0 or slots == K:
            put(m, (at.roots + slot) * LANES + lane, math.sqrt(float(counts[k])))
            if slots < K:
                place = at.classes + slot * (c + d)
                for i in range(c):
                    put(m, (place + i) * LANES + lane, conditions[k, i])
                for i in range(d):
                    put(m, (place + c + i) * LANES + lane, means[k, i])
            slot += 1
        if counts[k] > 0:
            n += 1
    for rest in range(slot, slots):
        put(m, (at.roots + rest) * LANES + lane, 0.0)
    used[lane] = n


@leaf
def _columns(
    m: int, at: Any, half: int, slots: int, d: int, batch: int, key: Any, step: int, runs: Any,
    used: IntArray,
) -> None:  # fmt: skip
    """Draw d columns of R: those of the points (half 0), or those of the noise (half 1)."""
    n, first = 2 * d, half * d
    _normals(m, at.words, (slots + 2 * d) * d, key, step, runs, _POINTS if half == 0 else _NOISE)
    for r in range(slots + n):
        for j in range(d):
            place = at.factor + r * n + first + j
            drawn = at.words + r * d + j
            if r < slots or r - slots < first + j:
                store(m, place, load(m, drawn))
            else:
                store(m, place, 0.0)
    for lane in range(LANES):
        for r in range(slots):
            if get(m, (at.roots + r) * LANES + lane) == 0.0:
                for j in range(d):
                    put(m, (at.factor + r * n + first + j) * LANES + lane, 0.0)
        for i in range(first + d):
            free = batch - used[lane] - i
            if free < 1:
                for j in range(d):
                    put(m, (at.factor + (slots + i) * n + first + j) * LANES + lane, 0.0)
            elif i >= first:
                chi = _chi(free, key, i, step, runs[lane])
                put(m, (at.factor + (slots + i) * n + i) * LANES + lane, chi)


@leaf
def _descend(m: int, at: Any, level: int, slots: int, law: Any, mix: Any, rate: float) -> None:
    """Take the step of one level on the moments that R holds."""
    _, conditions, means, spread = law
    alpha, sigma, a, b, constant = mix
    c, d = conditions.shape[1], means.shape[1]
    F, n = 1 + c + d, 2 * d
    weights = at.weights + level * d * F
    for i in range(d * F):
        store(m, at.slope + i, 0.0)
    for r in range(slots + n):
        row, marked = at.factor + r * n, r < slots
        start = 0 if marked else 1 + c  # a row of a normal number has no class
        if marked:
            size, place = load(m, at.roots + r), at.classes + r * (c + d)
            store(m, at.left, constant * size)
            for i in range(c):
                store(m, at.left + 1 + i, size * load(m, place + i))
        for j in range(d):
            x = spread[j] * load(m, row + j)
            if marked:
                x = fma(load(m, at.roots + r), load(m, at.classes + r * (c + d) + c + j), x)
            noise = load(m, row + d + j)
            store(m, at.left + 1 + c + j, fma(alpha, x, sigma * noise))
            store(m, at.error + j, fma(-a, x, -b * noise))
        for j in range(d):
            total = load(m, at.error + j)
            for i in range(start, F):
                total = fma(load(m, weights + j * F + i), load(m, at.left + i), total)
            for i in range(start, F):
                place = at.slope + j * F + i
                store(m, place, fma(total, load(m, at.left + i), load(m, place)))
    for i in range(d * F):
        store(m, weights + i, fma(-rate, load(m, at.slope + i), load(m, weights + i)))


@entry
def train(
    m: int,
    at: Rooms,
    law: tuple[Any, Array, Array, Array],
    mixes: Array,
    plan: tuple[int, int, float],
    key: Any,
    runs: Any,
    shared: bool,
    looks: IntArray,
    scratch: tuple[Any, IntArray, IntArray],
    weights: Array,
    ends: IntArray,
    stop: Array,
) -> None:
    """Train linear denoisers, eight at a time.

    Parameters
    ----------
    m : int
        Address of ``at.end`` groups of lanes to work in.
    at : Rooms
        Where in m everything is.
    law : tuple
        Shares of the classes, summed up, in units of 2⁻³² (K,); conditions (K, c), means (K, d), and
        standard deviations (d,) of the points.
    mixes : ndarray, shape (L, 5)
        Of each level the shares of data and noise in the input, those in the target, and the constant
        feature, 1 or 0.
    plan : tuple
        Slots for classes, points of a batch, learning rate.
    key : ndarray of uint64, shape (2,)
        Key of all draws.
    runs : ndarray of uint64, shape (S,)
        Number of each run.
    shared : bool
        Whether all levels see the same points.
    looks : ndarray of int, shape (T,)
        Steps at which to record, rising; the last ends the training.
    scratch : tuple
        Room: lanes' runs (8,) of uint64, counts (K,), classes that occur (8,).
    weights : ndarray, shape (S, T, L, d, F)
        Takes the weights.
    ends : ndarray of int, shape (S,)
        Takes the first look at which weights were not finite, −1 if there was none.
    stop : ndarray of uint8, shape (1,)
        When it is raised from outside, everything is left as it is.
    """
    slots, batch, rate = plan
    lanes, counts, used = scratch
    shares, conditions, means, _ = law
    K, c = conditions.shape
    d, levels = means.shape[1], mixes.shape[0]
    size = levels * d * (1 + c + d)
    for group in range(0, runs.size, LANES):
        here = min(LANES, runs.size - group)
        for lane in range(LANES):
            lanes[lane] = runs[group + min(lane, here - 1)]
            ends[group + min(lane, here - 1)] = -1
        for i in range(size):
            store(m, at.weights + i, 0.0)
        if slots == K:
            for k in range(K):
                for i in range(c):
                    store(m, at.classes + k * (c + d) + i, conditions[k, i])
                for i in range(d):
                    store(m, at.classes + k * (c + d) + c + i, means[k, i])
        step = 0
        for look in range(looks.size):
            while step < looks[look]:
                if stop[0] != 0:
                    return
                for level in range(levels):
                    draw = step * levels + level
                    if level == 0 or not shared:
                        for lane in range(LANES):
                            _counts(key, draw, lanes[lane], batch, shares, counts)
                            _choose(m, at, lane, law, slots, counts, used)
                        _columns(m, at, 0, slots, d, batch, key, draw, lanes, used)
                    _columns(m, at, 1, slots, d, batch, key, draw, lanes, used)
                    mix = mixes[level]
                    _descend(
                        m, at, level, slots, law, (mix[0], mix[1], mix[2], mix[3], mix[4]),
                        rate / batch,
                    )  # fmt: skip
                step += 1
            total = splat(m, 0.0)
            for i in range(size):
                total = fma(load(m, at.weights + i), 0.0, total)
            store(m, at.sick, total)
            for lane in range(here):
                if get(m, at.sick * LANES + lane) != 0.0 and ends[group + lane] < 0:
                    ends[group + lane] = look
                flat = weights[group + lane, look]
                for level in range(levels):
                    for j in range(d):
                        for i in range(1 + c + d):
                            place = at.weights + (level * d + j) * (1 + c + d) + i
                            flat[level, j, i] = get(m, place * LANES + lane)
