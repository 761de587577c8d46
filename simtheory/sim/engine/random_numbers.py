"""Random numbers of compiled code: Philox4x64-10, a function of a key and a counter.

Every draw has an address, the four words of its counter, so no draw waits for another one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from simtheory._typing import Array
from simtheory.sim.engine.compilation import leaf, merged
from simtheory.sim.engine.lanes import INT

_ROUNDS = 10
_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)


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
