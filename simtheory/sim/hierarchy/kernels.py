"""Compiled sum-product on a tree: messages of eight strings abreast, up, down, and what is drawn from them.

Every message is multiplied with a power of two so that its sum lies in [1, 2): this is exact, and the
exponents add up to the evidence. A product of small numbers may leave the range of float64 all the
same. So each direction keeps, for each string, the smallest sum of every level; the product of these
bounds how much the range has been used up, and a string that comes near its end is told apart
(`SPENT`) and computed again in logarithms.

Symbols
-------
m : memory of a group of eight strings, by its address; at : table of a grammar (`tree`); l : level;
u : upward message, what the tokens below a node say; D : downward message, what all others say;
z : sum of a message.

Three parts do the arithmetic (`upward`, `downward`, `believe`); entries read likelihoods, call them,
and write or draw. Parts are compiled once, entries that call them stay short.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.engine.arithmetic import exponent, fma, fused, smaller, unit_of, where
from simtheory.sim.engine.compilation import entry, leaf
from simtheory.sim.engine.lanes import LANES, call, get, load, put, splat, store, table
from simtheory.sim.engine.products import gather, scatter
from simtheory.sim.engine.random_numbers import fraction, philox
from simtheory.sim.hierarchy.tree import (
    BRANCHES,
    DOWN,
    EVEN,
    FIELDS,
    FIRST,
    FREE,
    NODES,
    NUMBERS,
    PARENTS,
    PRIOR,
    RULES,
    SPARE,
    SYMBOLS,
    TRIE,
    UP,
    WEIGHTS,
    WORDS,
)

SPENT = -900.0
"""Binary exponent that a string may use up. Down to it underflow takes less than 1e-50 of what is left."""

# Places from `FREE` on: exponents so far, and range used so far, of the upward messages; exponents of the
# evidence, what is left of it, and range used, with those of the downward messages.
BITS, USED, EVIDENCE, REST, SPENT_HERE = 0, 1, 2, 3, 4

_TINY = 1e-280  # smallest sum of likelihoods at a site that is brought to [1, 2) by a power of two
_LN2 = math.log(2.0)
_TREE, _NOISE = np.uint64(1), np.uint64(2)  # what a draw is for


@leaf
def _settle(m: int, here: int, n: int, z: Any) -> Any:
    """Bring a message of sum z to a sum in [1, 2); return the exponent."""
    unit = unit_of(z)
    for a in range(n):
        store(m, here + a, unit * load(m, here + a))
    return exponent(z)


@leaf
def _rise(m: int, at: Any, l: int) -> None:
    """Compute the upward messages of level l from those of level l - 1."""
    f, g, numbers, bits, used = (
        FIELDS * l,
        FIELDS * (l - 1),
        at[NUMBERS],
        at[FREE] + BITS,
        at[FREE] + USED,
    )
    n, s, below = at[f + SYMBOLS], at[f + BRANCHES], at[g + SYMBOLS]
    first, words, weights = at[f + FIRST], at[f + WORDS], numbers + at[f + WEIGHTS]
    even = at[f + EVEN] == 1
    gained, low = load(m, bits), splat(m, 1.0)
    for i in range(at[f + NODES]):
        here, child = at[f + UP] + i * n, at[g + UP] + i * s * below
        z = splat(m, 0.0)
        for a in range(n):
            total = splat(m, 0.0)
            if even and s == 2:
                for r in range(at[first + a], at[first + a + 1]):
                    w = words + 2 * r
                    one = load(m, child + at[w])
                    total = fma(one, load(m, child + at[w + 1]), total)
            else:
                for r in range(at[first + a], at[first + a + 1]):
                    w = words + s * r
                    product = load(m, child + at[w])
                    for j in range(1, s):
                        product = product * load(m, child + at[w + j])
                    total = fma(product, 1.0 if even else get(m, weights + r), total)
            store(m, here + a, total)
            z = z + total
        gained = gained + _settle(m, here, n, z)
        low = smaller(z, low)
    store(m, bits, gained)
    store(m, used, load(m, used) + exponent(low))


@leaf
def _start(m: int, at: Any, l: int) -> None:
    """Write the prior of level l as its downward messages; compute the evidence of its blocks."""
    f, free = FIELDS * l, at[FREE]
    n, prior = at[f + SYMBOLS], at[NUMBERS] + at[f + PRIOR]
    gained, rest, low = load(m, free + BITS), splat(m, 1.0), splat(m, 1.0)
    for i in range(at[f + NODES]):
        z = splat(m, 0.0)
        for a in range(i * n, i * n + n):
            share = get(m, prior + a)
            store(m, at[f + DOWN] + a, share)
            z = fma(load(m, at[f + UP] + a), share, z)
        low = smaller(z, low)
        product = rest * z
        gained = gained + exponent(product)
        rest = product * unit_of(product)
    store(m, free + EVIDENCE, gained)
    store(m, free + REST, rest)
    store(m, free + SPENT_HERE, load(m, free + USED) + exponent(low))


@leaf
def _fall(m: int, at: Any, l: int) -> None:
    """Compute the downward messages of level l - 1 from those of level l.

    Rule after rule adds to the messages of its children: lists of rules for each child's symbol would
    differ in length, and the processor would not foresee where they end.
    """
    f, g, numbers = FIELDS * l, FIELDS * (l - 1), at[NUMBERS]
    n, s, below = at[f + SYMBOLS], at[f + BRANCHES], at[g + SYMBOLS]
    first, words, weights = at[f + FIRST], at[f + WORDS], numbers + at[f + WEIGHTS]
    even = at[f + EVEN] == 1
    low = splat(m, 1.0)
    for i in range(at[f + NODES]):
        above, child = at[f + DOWN] + i * n, at[g + UP] + i * s * below
        here = at[g + DOWN] + i * s * below
        for b in range(s * below):
            store(m, here + b, 0.0)
        for a in range(n):
            flow = load(m, above + a)
            for r in range(at[first + a], at[first + a + 1]):
                w = words + s * r
                if even and s == 2:
                    one, two = at[w], at[w + 1]
                    left, right = load(m, child + one), load(m, child + two)
                    store(m, here + one, fma(flow, right, load(m, here + one)))
                    store(m, here + two, fma(flow, left, load(m, here + two)))
                    continue
                share = 1.0 if even else get(m, weights + r)
                for j in range(s):
                    product = share * flow
                    for k in range(s):
                        if k != j:
                            product = product * load(m, child + at[w + k])
                    store(m, here + at[w + j], product + load(m, here + at[w + j]))
        for j in range(s):
            z = splat(m, 0.0)
            for b in range(j * below, (j + 1) * below):
                z = z + load(m, here + b)
            _settle(m, here + j * below, below, z)
            low = smaller(z, low)
    used = at[FREE] + SPENT_HERE
    store(m, used, load(m, used) + exponent(low))


def upward(m: int, at: Any, before: int, level: int) -> int:
    """Compute upward messages of the levels after `before` up to `level`; with before = -1 read likelihoods.

    A string whose likelihoods are too small at a site has used up its range.
    """
    free = at[FREE]
    if before < 0:
        n, up = at[SYMBOLS], at[UP]
        gained, low = splat(m, 0.0), splat(m, 1.0)
        for i in range(at[NODES]):
            z = splat(m, 0.0)
            for a in range(n):
                z = z + load(m, up + i * n + a)
            gained = gained + _settle(m, up + i * n, n, z)
            low = smaller(z, low)
        store(m, free + BITS, gained)
        store(m, free + USED, where(low - _TINY, 0.0 * low, splat(m, 2.0 * SPENT)))
        before = 0
    for l in range(before + 1, level + 1):
        _rise(m, at, l)
    return 0


def downward(m: int, at: Any, level: int, end: int) -> int:
    """Compute downward messages from the prior at `level` to level `end`."""
    _start(m, at, level)
    for l in range(level, end, -1):
        _fall(m, at, l)
    return 0


def believe(m: int, at: Any, level: int, cavity: int) -> int:
    """Write the beliefs at the nodes of a level to the scratch, or the downward messages over their sums."""
    f, out = FIELDS * level, at[SPARE]
    n, x, y = at[f + SYMBOLS], at[f + DOWN], at[f + UP]
    low = splat(m, 1.0)
    for i in range(at[f + NODES]):
        z = splat(m, 0.0)
        for a in range(i * n, i * n + n):
            one = load(m, x + a)
            if cavity == 0:
                one = one * load(m, y + a)
            store(m, out + a, one)
            z = z + one
        low = smaller(z, low)
        whole = 1.0 / z
        for a in range(i * n, i * n + n):
            store(m, out + a, whole * load(m, out + a))
    used = at[FREE] + SPENT_HERE
    store(m, used, load(m, used) + exponent(low))
    return 0


@entry
def beliefs(
    m: int,
    table_at: int,
    parts: tuple[int, int, int],
    likelihood: int,
    count: int,
    tops: IntArray,
    outs: IntArray,
    even: Array,
    evidence: Array,
    used: Array,
    starts: IntArray,
    idle: Array,
    stop: Any,
) -> None:
    """Compute beliefs of `count` strings with the prior at each level of `tops` in turn, from low to high.

    The likelihoods stand at an address. ``outs[t, l]`` is the address of the beliefs at the nodes of level
    l, and ``outs[t, -1]`` that of the downward messages at the leaves; 0 where they are not wanted.
    `evidence` and `used` have a column for each of `tops`; `idle` is room for a row of an absent string.
    """
    at = table(table_at)
    sites, free = at[NODES] * at[SYMBOLS], at[FREE] * LANES
    for first in range(0, count, LANES):
        if stop[0]:
            return
        here = min(LANES, count - first)
        _gathered(m, at, likelihood, first, here, starts)
        risen = -1
        for t in range(tops.size):
            top = tops[t]
            call(parts[0], m, at, risen, top)
            call(parts[1], m, at, top, np.intp(0))
            risen = top
            for l in range(top + 1):
                if outs[t, l]:
                    call(parts[2], m, at, np.intp(l), np.intp(0))
                    row = at[FIELDS * l + NODES] * at[FIELDS * l + SYMBOLS]
                    _scattered(m, at, row, outs[t, l], first, here, starts, idle)
            if outs[t, outs.shape[1] - 1]:
                call(parts[2], m, at, np.intp(0), np.intp(1))
                _scattered(m, at, sites, outs[t, outs.shape[1] - 1], first, here, starts, idle)
            for lane in range(here):
                bits = get(m, free + EVIDENCE * LANES + lane)
                rest = get(m, free + REST * LANES + lane)
                evidence[first + lane, t] = math.log(rest) + bits * _LN2 + even[top]
                used[first + lane, t] = get(m, free + SPENT_HERE * LANES + lane)


@leaf
def _gathered(m: int, at: Any, likelihood: int, first: int, here: int, starts: IntArray) -> None:
    """Read the likelihoods of eight strings; an absent string repeats the first of them."""
    sites = at[NODES] * at[SYMBOLS]
    for lane in range(LANES):
        row = first + (lane if lane < here else 0)
        starts[lane] = likelihood + 8 * sites * row
    gather(m, at[UP], np.intp(1), sites, starts.ctypes.data)


@leaf
def _scattered(
    m: int, at: Any, row: int, out: int, first: int, here: int, starts: IntArray, idle: Array
) -> None:
    """Write what stands in the scratch to the rows of eight strings; those of absent ones go to `idle`."""
    for lane in range(LANES):
        starts[lane] = out + 8 * row * (first + lane) if lane < here else idle.ctypes.data
    scatter(m, at[SPARE], np.intp(1), row, starts.ctypes.data)


@entry
def draw(
    m: int,
    table_at: int,
    parts: tuple[int, int, int],
    depth: int,
    likelihood: int,
    key: Any,
    stream: Any,
    strings: IntArray,
    used: Array,
    starts: IntArray,
    symbols: IntArray,
    stop: Any,
) -> None:
    """Draw a string from the posterior of each; the draws of a string depend on its number alone.

    `symbols` has a row for the symbols of a level, and one for those of the next.
    """
    at = table(table_at)
    for first in range(0, strings.shape[0], LANES):
        if stop[0]:
            return
        here = min(LANES, strings.shape[0] - first)
        _gathered(m, at, likelihood, first, here, starts)
        call(parts[0], m, at, np.intp(-1), depth)
        call(parts[1], m, at, depth, depth)
        for lane in range(here):
            used[first + lane] = get(m, (at[FREE] + SPENT_HERE) * LANES + lane)
            if used[first + lane] < SPENT:
                continue
            number = stream + np.uint64(first + lane)
            symbols[depth % 2, 0] = _root(m, at, depth, lane, _word(key, 0, depth + 1, number))
            for l in range(depth, 0, -1):
                _expand(m, at, l, lane, key, number, symbols[l % 2], symbols[1 - l % 2])
            for i in range(at[NODES]):
                strings[first + lane, i] = symbols[0, i]


@leaf
def _word(key: Any, node: int, level: int, number: Any) -> float:
    """Return the draw of a node, in [0, 1)."""
    return fraction(philox(key[0], key[1], np.uint64(node), np.uint64(level), number, _TREE)[0])


@leaf
def _root(m: int, at: Any, depth: int, lane: int, u: float) -> int:
    """Draw the symbol of the root."""
    up, down = at[FIELDS * depth + UP], at[FIELDS * depth + DOWN]
    n, total, found = at[FIELDS * depth + SYMBOLS], 0.0, 0
    for a in range(n):
        total += get(m, (up + a) * LANES + lane) * get(m, (down + a) * LANES + lane)
    left = total * u
    for a in range(n):
        chance = get(m, (up + a) * LANES + lane) * get(m, (down + a) * LANES + lane)
        if chance > 0.0:  # so that rounding cannot end at an impossible symbol
            found = a
            if left < chance:
                break
        left -= chance
    return found


@leaf
def _expand(
    m: int, at: Any, l: int, lane: int, key: Any, number: Any, above: IntArray, below: IntArray
) -> None:
    """Draw a rule for each node of level l, and write the symbols of its children."""
    f, g = FIELDS * l, FIELDS * (l - 1)
    s, n, words, numbers = at[f + BRANCHES], at[g + SYMBOLS], at[f + WORDS], at[NUMBERS]
    for i in range(at[f + NODES]):
        child = at[g + UP] + i * s * n
        begin, end = at[at[f + FIRST] + above[i]], at[at[f + FIRST] + above[i] + 1]
        u, total, left, found = _word(key, i, l, number), 0.0, 0.0, begin
        for turn in range(2):
            left = total * u
            for r in range(begin, end):
                chance = get(m, numbers + at[f + WEIGHTS] + r)
                for j in range(s):
                    chance *= get(m, (child + at[words + s * r + j]) * LANES + lane)
                if turn == 0:
                    total += chance
                    continue
                if chance > 0.0:
                    found = r
                    if left < chance:
                        break
                left -= chance
        for j in range(s):
            below[i * s + j] = at[words + s * found + j] - j * n


@entry
def generate(
    m: int,
    table_at: int,
    parts: tuple[int, int, int],
    top: int,
    kept: Array,
    posterior: bool,
    key: Any,
    stream: Any,
    strings: IntArray,
    used: Array,
    starts: IntArray,
    weights: Array,
    stop: Any,
) -> None:
    """Take strings of random tokens down the reverse process of uniform noise, with shares ᾱ_0 … ᾱ_T.

    `weights` is room for those of eight strings.
    """
    at = table(table_at)
    n, sites, up = at[SYMBOLS], at[NODES], at[UP]
    cavity = np.intp(0) if posterior else np.intp(1)
    for first in range(0, strings.shape[0], LANES):
        here = min(LANES, strings.shape[0] - first)
        for lane in range(here):
            used[first + lane] = 0.0
        for t in range(kept.size - 1, 0, -1):
            if stop[0]:
                return
            rest = (1.0 - kept[t]) / n
            for i in range(sites * n):
                store(m, up + i, rest)
            for lane in range(LANES):  # an absent string repeats the first one
                row = first + (lane if lane < here else 0)
                for i in range(sites):
                    put(m, (up + i * n + strings[row, i]) * LANES + lane, kept[t] + rest)
            call(parts[0], m, at, np.intp(-1), top)
            call(parts[1], m, at, top, np.intp(0))
            call(parts[2], m, at, np.intp(0), cavity)
            for lane in range(LANES):
                starts[lane] = weights.ctypes.data + 8 * sites * n * lane
            scatter(m, at[SPARE], np.intp(1), sites * n, starts.ctypes.data)
            for lane in range(here):
                spent = get(m, (at[FREE] + SPENT_HERE) * LANES + lane)
                used[first + lane] = min(used[first + lane], spent)
                number = stream + np.uint64(first + lane)
                _step(weights[lane], kept, t, key, number, strings[first + lane], sites, n)


@leaf
def _step(
    weights: Array, kept: Array, t: int, key: Any, number: Any, string: Any, sites: int, n: int
) -> None:
    """Draw x_{t-1} of a string from x_t and weights w of clean tokens, site after site.

    Its chances are [(1 - b) 1[a = x_t] + b/n] [ᾱ_{t-1} w_a + (1 - ᾱ_{t-1})/n] over their sum.
    """
    change, stay = (1.0 - kept[t] / kept[t - 1]) / n, kept[t] / kept[t - 1]
    before, rest = kept[t - 1], (1.0 - kept[t - 1]) / n
    words = (number, number, number, number)
    for i in range(sites):
        if i % 4 == 0:
            words = philox(key[0], key[1], np.uint64(i // 4), np.uint64(t), number, _NOISE)
        mine = stay * fused(before, weights[i * n + string[i]], rest)
        left = fraction(words[i % 4]) * (mine + change)
        if left < mine:
            continue
        left = (left - mine) / change
        for a in range(n):
            chance = fused(before, weights[i * n + a], rest)
            if chance > 0.0:  # so that rounding cannot end at an impossible token
                string[i] = a
                if left < chance:
                    break
            left -= chance


@entry
def step(
    weights: Array, kept: Array, t: int, key: Any, stream: Any, strings: IntArray, n: int
) -> None:
    """Take one step of the reverse process with given weights of clean tokens, a row for each string."""
    for row in range(strings.shape[0]):
        number = stream + np.uint64(row)
        _step(weights[row], kept, t, key, number, strings[row], strings.shape[1], n)


@entry
def climb(table_at: int, l: int, below: Any, symbols: Any, rules: Any) -> None:
    """Find the symbols of the nodes of level l from those below, and their rules where there is room; else -1.

    The nodes of all strings stand one after the other.
    """
    at = table(table_at)
    f, width = FIELDS * l, at[FIELDS * (l - 1) + SYMBOLS] + 1
    s, trie, found = at[f + BRANCHES], at[f + TRIE] + 1, at[f + PARENTS]
    for k in range(symbols.size):
        state = 1
        for j in range(s):
            state = at[trie + state * width + below[k * s + j]]
        symbols[k] = at[found + state]
        if rules.size:
            rules[k] = at[at[f + RULES] + state]


@entry
def nearest(
    queries: Any, blocks: Any, differences: Any, distance: IntArray, index: IntArray
) -> None:
    """Find the nearest reference of each query, by the number of places at which they differ.

    The references stand in blocks of shape (d, width), token after token, so that a token of a query is
    compared with many at once. The first of equally near ones is named.
    """
    count, sites = queries.shape
    width = blocks.shape[2]
    for block in range(blocks.shape[0]):
        for q in range(count):
            for k in range(width):
                differences[k] = 0
            for i in range(sites):
                token = queries[q, i]
                for k in range(width):
                    differences[k] += token != blocks[block, i, k]
            least = differences[0]
            for k in range(width):
                least = min(least, differences[k])
            if least < distance[q]:
                distance[q] = least
                for k in range(width):
                    if differences[k] == least:
                        index[q] = block * width + k
                        break
