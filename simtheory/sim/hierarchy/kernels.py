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
from simtheory.sim.engine.messages import pair_sums, settle, tell, tell_products
from simtheory.sim.engine.products import gather
from simtheory.sim.engine.random_numbers import fraction, philox
from simtheory.sim.hierarchy.tree import (
    BRANCHES,
    DOWN,
    FIELDS,
    FIRST,
    FREE,
    LISTS,
    NODES,
    NUMBERS,
    PAIRS,
    PARENTS,
    PRIOR,
    RULES,
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
SETTLED = 5
"""First of five places for what `settle` and `tell` say."""

_TINY = 1e-280  # smallest sum of likelihoods at a site that is brought to [1, 2) by a power of two
_HUGE = 1e290  # largest of their sums over the sites
_LN2 = math.log(2.0)
_TREE, _NOISE = np.uint64(1), np.uint64(2)  # what a draw is for


@leaf
def _settled(m: int, at: Any, start: int, n: int, count: int, used: int) -> Any:
    """Bring messages to sums in [1, 2); add to the range that is used up, and return the exponents."""
    found = at[FREE] + SETTLED
    settle(m, start, n, count, found)
    store(m, used, load(m, used) + exponent(load(m, found + 1)))
    return load(m, found)


@leaf
def _rise(m: int, at: Any, l: int) -> None:
    """Compute the upward messages of level l from those of level l - 1."""
    f, g, numbers, free = FIELDS * l, FIELDS * (l - 1), at[NUMBERS], at[FREE]
    n, s, below, nodes = at[f + SYMBOLS], at[f + BRANCHES], at[g + SYMBOLS], at[f + NODES]
    first, words, weights = at[f + FIRST], at[f + WORDS], numbers + at[f + WEIGHTS]
    if at[f + LISTS]:
        up, child, step = at[f + UP], at[g + UP], s * below
        pair_sums(m, at, first, words, n, child, step, child, step, up, nodes)
    else:
        for i in range(nodes):
            here, child = at[f + UP] + i * n, at[g + UP] + i * s * below
            for a in range(n):
                total = splat(m, 0.0)
                for r in range(at[first + a], at[first + a + 1]):
                    product = splat(m, get(m, weights + r))
                    for j in range(s):
                        product = product * load(m, child + at[words + s * r + j])
                    total = total + product
                store(m, here + a, total)
    gained = _settled(m, at, at[f + UP], n, nodes, free + USED)
    store(m, free + BITS, load(m, free + BITS) + gained)


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
    """Compute the downward messages of level l - 1 from those of level l."""
    f, g, numbers = FIELDS * l, FIELDS * (l - 1), at[NUMBERS]
    n, s, below, nodes = at[f + SYMBOLS], at[f + BRANCHES], at[g + SYMBOLS], at[f + NODES]
    first, words, weights = at[f + FIRST], at[f + WORDS], numbers + at[f + WEIGHTS]
    if at[f + LISTS]:
        above, child, step, lists = at[f + DOWN], at[g + UP], s * below, at[f + LISTS]
        here = at[g + DOWN]
        pair_sums(m, at, lists, at[f + PAIRS], step, above, n, child, step, here, nodes)
    else:
        for i in range(nodes):
            above, child = at[f + DOWN] + i * n, at[g + UP] + i * s * below
            here = at[g + DOWN] + i * s * below
            for b in range(s * below):
                store(m, here + b, 0.0)
            for a in range(n):
                flow = load(m, above + a)
                for r in range(at[first + a], at[first + a + 1]):
                    w, share = words + s * r, get(m, weights + r)
                    for j in range(s):
                        product = share * flow
                        for k in range(s):
                            if k != j:
                                product = product * load(m, child + at[w + k])
                        store(m, here + at[w + j], product + load(m, here + at[w + j]))
    _settled(m, at, at[g + DOWN], below, s * nodes, at[FREE] + SPENT_HERE)


def upward(m: int, at: Any, before: int, level: int) -> int:
    """Compute upward messages of the levels after `before` up to `level`; with before = -1 read likelihoods.

    A string with likelihoods that are negative or not finite, or too small or too large at a site, has
    used up its range.
    """
    free = at[FREE]
    if before < 0:
        store(m, free + USED, 0.0)
        store(m, free + BITS, _settled(m, at, at[UP], at[SYMBOLS], at[NODES], free + USED))
        low, whole, least = (
            load(m, free + SETTLED + 1),
            load(m, free + SETTLED + 2),
            load(m, free + SETTLED + 3),
        )
        spent = splat(m, -math.inf)
        used = where(low - _TINY, where(_HUGE - whole, 0.0 * low, spent), spent)
        store(m, free + USED, where(-1.0 * least, spent, used))
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


def believe(m: int, at: Any, what: int, starts: int) -> int:
    """Write beliefs at the nodes of level `what`, or with -1 the downward messages at the leaves over their sums.

    At address `starts` stand those of a row for each string.
    """
    level = max(what, 0)
    f, found = FIELDS * level, at[FREE] + SETTLED
    x, y, n, nodes = at[f + DOWN], at[f + UP], at[f + SYMBOLS], at[f + NODES]
    if what < 0:
        tell(m, x, y, n, nodes, starts, found)
    else:
        tell_products(m, x, y, n, nodes, starts, found)
    used = at[FREE] + SPENT_HERE
    store(m, used, load(m, used) + exponent(load(m, found)))
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

    The likelihoods stand at an address. ``outs[t, 0]`` is the address of the downward messages at the
    leaves, and ``outs[t, l + 1]`` that of the beliefs at the nodes of level l; 0 where they are not wanted.
    `evidence` and `used` have a column for each of `tops`; `idle` is room for a row of an absent string.
    """
    at = table(table_at)
    free = at[FREE] * LANES
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
            for l in range(-1, top + 1):
                out, f = outs[t, l + 1], FIELDS * max(l, 0)
                if out:
                    row = 8 * at[f + NODES] * at[f + SYMBOLS]
                    for lane in range(LANES):
                        absent = idle.ctypes.data
                        starts[lane] = out + row * (first + lane) if lane < here else absent
                    call(parts[2], m, at, np.intp(l), starts.ctypes.data)
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
            if not used[first + lane] >= SPENT:
                continue
            number = stream + np.uint64(first + lane)
            symbols[depth % 2, 0] = _root(
                m, at, depth, lane, _word(key, np.intp(0), depth + 1, number)
            )
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
    what = np.intp(0) if posterior else np.intp(-1)
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
            for lane in range(LANES):
                starts[lane] = weights.ctypes.data + 8 * sites * n * lane
            call(parts[2], m, at, what, starts.ctypes.data)
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
