"""The random numbers of the optimiser: words of bits, normal numbers, samples, choices of a batch.

They come from Philox4x64-10, a function of a key and a counter. The counter is (block, sample, step,
stream), the stream being the number of a member: so every draw has an address, and none waits for
another.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from simtheory._typing import Array, IntArray
from simtheory.sim._arithmetic import fused
from simtheory.sim._compile import entry, leaf, merged
from simtheory.sim._lanes import INT, LANES

Law: TypeAlias = tuple[Array, Array, Array, float]

_ROUNDS = 10
_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_APART = np.uint64(0xFFFFFFFFFFFFFFFF)  # as a sample: the choice of a batch; as a step: a data set


@intrinsic
def _high_word(typing: Any, x: Any, y: Any) -> Any:
    """Return the upper 64 bits of the product of two 64-bit numbers."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), INT)

    return types.uint64(types.uint64, types.uint64), code


@merged
def philox(k0: Any, k1: Any, c0: Any, c1: Any, c2: Any, c3: Any) -> Any:
    """Return four random 64-bit words, Philox4x64-10 of a key and a counter."""
    for _ in range(_ROUNDS):
        high0, low0 = _high_word(_M0, c0), _M0 * c0
        high1, low1 = _high_word(_M1, c2), _M1 * c2
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = k0 + _W0, k1 + _W1
    return c0, c1, c2, c3


@leaf
def fraction(word: Any) -> float:
    """Return a multiple of 2⁻⁵³ in [0, 1)."""
    return float(word >> np.uint64(11)) * 2.0**-53


@leaf
def normals(key: Any, first: int, sample: Any, step: Any, stream: Any, out: Array) -> None:
    """Fill `out` with independent standard normal numbers, by Box and Muller."""
    for i in range(0, out.size, 4):
        words = philox(key[0], key[1], np.uint64(first + i // 4), sample, step, stream)
        for j in range(2):
            radius = math.sqrt(-2.0 * math.log(1.0 - fraction(words[2 * j])))
            angle = 2.0 * math.pi * fraction(words[2 * j + 1])
            if i + 2 * j < out.size:
                out[i + 2 * j] = radius * math.cos(angle)
            if i + 2 * j + 1 < out.size:
                out[i + 2 * j + 1] = radius * math.sin(angle)


@leaf
def sample_of(law: Law, key: Any, sample: Any, step: Any, stream: Any, x: Array, y: Array) -> None:
    """Draw one input x of the task, in the concept axes, and its label y."""
    centres, shares, spread, label_spread = law
    d = x.size
    u = fraction(philox(key[0], key[1], np.uint64(0), sample, step, stream)[0])
    cluster = 0
    while cluster < shares.size - 1 and u >= shares[cluster]:
        cluster += 1
    normals(key, np.intp(1), sample, step, stream, x)
    if label_spread > 0.0:
        normals(key, 1 + (d + 3) // 4, sample, step, stream, y)
    for i in range(d):
        x[i] = fused(spread[i], x[i], centres[cluster, i])
        y[i] = fused(label_spread, y[i], x[i]) if label_spread > 0.0 else x[i]


@merged
def choose(
    key: Any, step: int, streams: Any, order: IntArray, swaps: IntArray, words: Any, picks: IntArray
) -> None:
    """Pick distinct samples for each lane: the first steps of a shuffle of `order`, then undone.

    The draws of a member are counted through all steps, four to a block of the generator; `words`
    holds the block at hand.
    """
    n, count = order.size, swaps.size
    for lane in range(LANES):
        for s in range(count):
            draw = step * count + s
            if draw % 4 == 0:
                block = np.uint64(draw // 4)
                fresh = philox(key[0], key[1], block, _APART, _APART, streams[lane])
                for j in range(4):
                    words[lane, j] = fresh[j]
            swap = s + int(fraction(words[lane, draw % 4]) * (n - s))
            picks[lane, s] = order[swap]
            if count > 1:  # a single pick leaves the order as it is
                order[s], order[swap], swaps[s] = order[swap], order[s], swap
        if count > 1:
            for s in range(count):
                order[s], order[swaps[s]] = s, swaps[s]


@entry
def draw(law: Law, key: Any, streams: Any, x: Array, y: Array) -> None:
    """Draw data sets x and their labels y, both of shape (streams, n, d)."""
    for k in range(streams.size):
        for s in range(x.shape[1]):
            sample_of(law, key, np.uint64(s), _APART, streams[k], x[k, s], y[k, s])
