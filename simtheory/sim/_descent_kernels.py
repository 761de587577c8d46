"""The compiled optimiser: many linear nets trained side by side, eight of them in one register.

Nets of an ensemble do the same arithmetic on other numbers. So eight of them, the *lanes*, go
through every operation together: entry i of a matrix is a vector of eight numbers, one for each
lane, and all matrices of a group of eight stand in one flat array `w`, addressed in such vectors. A
net is never mixed with another one, and its numbers do not depend on which others run beside it.

Random numbers come from Philox4x64-10, a function of a key and a counter. The counter
is (block, sample, step, stream), so every draw has an address and no draw waits for another.

Nothing here calls compiled code of another file, because the cache would not notice an edit there.

Symbols
-------
d : dimension; view : (place, row stride, column stride) of a matrix in `w`; columns : what is sent
through a net at once, a batch of samples, or the d unit vectors when only the second moment of the
batch matters; A : sum of x xᵀ over a batch; C : sum of y xᵀ, with the labels y.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, models, register_model
from numba.np.arrayobj import make_array

from simtheory._typing import Array, IntArray

View: TypeAlias = tuple[Any, Any, Any]
Room: TypeAlias = tuple[int, ...]
Law: TypeAlias = tuple[Array, Array, Array, float]
Batch: TypeAlias = tuple[Any, ...]
Scratch: TypeAlias = tuple[Any, ...]
Rule: TypeAlias = tuple[float, float, float]

LANES = 8
CHAIN, TIED, MAP = 0, 1, 2  # what is trained: layers, U of W = U Uᵀ, or W by the tied recurrence
BLOCK = 16  # samples whose products are summed at once
FULL, MINIBATCH, FRESH = 0, 1, 2  # where a step's gradient comes from

# No reassociation, so that all lanes and all builds round alike; and NaN has to be seen.
_FLAGS = {"contract", "arcp", "nsz"}

_leaf = njit(  # called from compiled code only
    error_model="numpy", fastmath=_FLAGS, no_cpython_wrapper=True, no_cfunc_wrapper=True
)
_part = njit(inline="always")  # compiled as part of its caller only
_entry = njit(cache=True, nogil=True, error_model="numpy", fastmath=_FLAGS, no_cfunc_wrapper=True)

_VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_INT64 = ir.IntType(64)
_ROUNDS = 10
_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_ALL_ONES = np.uint64(
    0xFFFFFFFFFFFFFFFF
)  # as a sample: the choice of a batch; as a step: a data set


class _Vector(types.Type):
    """Eight numbers in one register."""

    def __init__(self) -> None:
        super().__init__(name="simtheory.Vector")


_vector = _Vector()


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    data = make_array(kind)(context, builder, array).data
    place = builder.gep(data, [builder.mul(index, ir.Constant(index.type, LANES))])
    return builder.bitcast(place, _VECTOR.as_pointer())


@intrinsic
def _load(typing: Any, w: Any, index: Any) -> Any:
    """Return vector `index` of w."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], args[0], args[1])
        return builder.load(place, align=8)

    return _vector(w, index), generate


@intrinsic
def _store(typing: Any, w: Any, index: Any, x: Any) -> Any:
    """Make x vector `index` of w."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], args[0], args[1])
        builder.store(args[2], place, align=8)
        return context.get_dummy_value()

    return types.void(w, index, x), generate


@intrinsic
def _splat(typing: Any, x: Any) -> Any:
    """Return the vector that holds x eight times."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.Constant(_VECTOR, ir.Undefined)
        for lane in range(LANES):
            vector = builder.insert_element(vector, args[0], ir.Constant(ir.IntType(32), lane))
        return vector

    return _vector(types.float64), generate


@intrinsic
def _fma(typing: Any, x: Any, y: Any, z: Any) -> Any:
    """Return x y + z."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        product = builder.fmul(args[0], args[1], flags=["contract"])
        return builder.fadd(product, args[2], flags=["contract"])

    return _vector(x, y, z), generate


@intrinsic
def _gather(typing: Any, array: Any, places: Any, index: Any) -> Any:
    """Return the vector of array[places[lane] + index], with places counted from the first entry."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        entries = make_array(signature.args[0])(context, builder, args[0]).data
        starts = make_array(signature.args[1])(context, builder, args[1]).data
        vector = ir.Constant(_VECTOR, ir.Undefined)
        for lane in range(LANES):
            start = builder.load(builder.gep(starts, [ir.Constant(_INT64, lane)]))
            entry = builder.load(builder.gep(entries, [builder.add(start, args[2])]))
            vector = builder.insert_element(vector, entry, ir.Constant(ir.IntType(32), lane))
        return vector

    return _vector(array, places, index), generate


@intrinsic
def _high_word(typing: Any, x: Any, y: Any) -> Any:
    """Return the upper 64 bits of the product of two 64-bit numbers."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), _INT64)

    return types.uint64(types.uint64, types.uint64), generate


@_leaf
def philox(k0: Any, k1: Any, c0: Any, c1: Any, c2: Any, c3: Any) -> Any:
    """Return four random 64-bit words, Philox4x64-10 of a key and a counter."""
    for _ in range(_ROUNDS):
        high0, low0 = _high_word(_M0, c0), _M0 * c0
        high1, low1 = _high_word(_M1, c2), _M1 * c2
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = k0 + _W0, k1 + _W1
    return c0, c1, c2, c3


@_leaf
def _fraction(word: Any) -> float:
    """Return a multiple of 2⁻⁵³ in [0, 1)."""
    return float(word >> np.uint64(11)) * 2.0**-53


@_leaf
def _normals(key: Array, first: int, sample: Any, step: Any, stream: Any, out: Array) -> None:
    """Fill `out` with independent standard normal numbers, by Box and Muller."""
    for i in range(0, out.size, 4):
        words = philox(key[0], key[1], np.uint64(first + i // 4), sample, step, stream)
        for j in range(2):
            radius = math.sqrt(-2.0 * math.log(1.0 - _fraction(words[2 * j])))
            angle = 2.0 * math.pi * _fraction(words[2 * j + 1])
            if i + 2 * j < out.size:
                out[i + 2 * j] = radius * math.cos(angle)
            if i + 2 * j + 1 < out.size:
                out[i + 2 * j + 1] = radius * math.sin(angle)


@_leaf
def _sample(law: Law, key: Array, sample: Any, step: Any, stream: Any, x: Array, y: Array) -> None:
    """Draw one input x of the task, in the concept axes, and its label y."""
    centres, shares, spread, label_spread = law
    d = x.size
    u = _fraction(philox(key[0], key[1], np.uint64(0), sample, step, stream)[0])
    cluster = 0
    while cluster < shares.size - 1 and u >= shares[cluster]:
        cluster += 1
    _normals(key, np.intp(1), sample, step, stream, x)
    if label_spread > 0.0:
        _normals(key, 1 + (d + 3) // 4, sample, step, stream, y)
    for i in range(d):
        x[i] = centres[cluster, i] + spread[i] * x[i]
        y[i] = x[i] + label_spread * y[i] if label_spread > 0.0 else x[i]


@_leaf
def _choose(
    key: Array,
    step: int,
    streams: Any,
    order: IntArray,
    swaps: IntArray,
    words: Any,
    picks: IntArray,
) -> None:
    """Pick distinct samples for each lane: the first steps of a shuffle of `order`, then undone.

    The draws of a member are counted through all steps, four to a block of the generator.
    """
    n, count = order.size, swaps.size
    for lane in range(LANES):
        for s in range(count):
            draw = step * count + s
            if draw % 4 == 0:
                block = np.uint64(draw // 4)
                fresh = philox(key[0], key[1], block, _ALL_ONES, _ALL_ONES, streams[lane])
                for j in range(4):
                    words[lane, j] = fresh[j]
            swap = s + int(_fraction(words[lane, draw % 4]) * (n - s))
            order[s], order[swap] = order[swap], order[s]
            swaps[s], picks[lane, s] = swap, order[s]
        for s in range(count):
            order[s], order[swaps[s]] = s, swaps[s]


@_leaf
def _rows(place: int, columns: int) -> View:
    """Return the view of a matrix that is stored row by row."""
    return (place, columns, np.intp(1))


@_leaf
def _turned(place: int, rows: int) -> View:
    """Return the view of the transpose of a matrix that is stored row by row."""
    return (place, np.intp(1), rows)


@_leaf
def _multiply(w: Array, x: View, y: View, out: View, m: int, k: int, n: int) -> None:
    """out = out + x y, for views of shapes (m, k), (k, n) and (m, n).

    Four rows and two columns at a time: their eight sums stay in registers.
    """
    for i in range(0, m - 3, 4):
        for j in range(0, n - 1, 2):
            at, below = out[0] + i * out[1] + j * out[2], out[1]
            right = at + out[2]
            a0, b0 = _load(w, at), _load(w, right)
            a1, b1 = _load(w, at + below), _load(w, right + below)
            a2, b2 = _load(w, at + 2 * below), _load(w, right + 2 * below)
            a3, b3 = _load(w, at + 3 * below), _load(w, right + 3 * below)
            px, py = x[0] + i * x[1], y[0] + j * y[2]
            for _ in range(k):
                left, top = _load(w, py), _load(w, py + y[2])
                r0, r1 = _load(w, px), _load(w, px + x[1])
                r2, r3 = _load(w, px + 2 * x[1]), _load(w, px + 3 * x[1])
                a0, b0 = _fma(r0, left, a0), _fma(r0, top, b0)
                a1, b1 = _fma(r1, left, a1), _fma(r1, top, b1)
                a2, b2 = _fma(r2, left, a2), _fma(r2, top, b2)
                a3, b3 = _fma(r3, left, a3), _fma(r3, top, b3)
                px, py = px + x[2], py + y[1]
            _store(w, at, a0)
            _store(w, at + below, a1)
            _store(w, at + 2 * below, a2)
            _store(w, at + 3 * below, a3)
            _store(w, right, b0)
            _store(w, right + below, b1)
            _store(w, right + 2 * below, b2)
            _store(w, right + 3 * below, b3)
        for j in range(n - n % 2, n):
            at, below = out[0] + i * out[1] + j * out[2], out[1]
            a0, a1 = _load(w, at), _load(w, at + below)
            a2, a3 = _load(w, at + 2 * below), _load(w, at + 3 * below)
            px, py = x[0] + i * x[1], y[0] + j * y[2]
            for _ in range(k):
                left = _load(w, py)
                a0, a1 = _fma(_load(w, px), left, a0), _fma(_load(w, px + x[1]), left, a1)
                a2 = _fma(_load(w, px + 2 * x[1]), left, a2)
                a3 = _fma(_load(w, px + 3 * x[1]), left, a3)
                px, py = px + x[2], py + y[1]
            _store(w, at, a0)
            _store(w, at + below, a1)
            _store(w, at + 2 * below, a2)
            _store(w, at + 3 * below, a3)
    for i in range(m - m % 4, m):
        for j in range(n):
            at = out[0] + i * out[1] + j * out[2]
            total = _load(w, at)
            px, py = x[0] + i * x[1], y[0] + j * y[2]
            for _ in range(k):
                total = _fma(_load(w, px), _load(w, py), total)
                px, py = px + x[2], py + y[1]
            _store(w, at, total)


@_leaf
def _clear(w: Array, x: int, n: int) -> None:
    """x = 0, over n vectors."""
    zero = _splat(0.0)
    for i in range(n):
        _store(w, x + i, zero)


@_leaf
def _add(w: Array, c: float, x: int, e: float, out: int, n: int) -> None:
    """out = c x + e out, over n vectors."""
    scale, keep, zero = _splat(c), _splat(e), _splat(0.0)
    for i in range(n):
        kept = _fma(_load(w, out + i), keep, zero) if e != 0.0 else zero
        _store(w, out + i, _fma(_load(w, x + i), scale, kept))


@_leaf
def _symmetrise(w: Array, x: int, d: int) -> None:
    """x = (x + xᵀ)/2."""
    half, zero = _splat(0.5), _splat(0.0)
    for i in range(d):
        for j in range(i):
            upper, lower = _load(w, x + j * d + i), _load(w, x + i * d + j)
            mean = _fma(half, upper, _fma(half, lower, zero))
            _store(w, x + j * d + i, mean)
            _store(w, x + i * d + j, mean)


@_leaf
def _watch_and_scale(w: Array, x: View, m: int, n: int, c: float, sick: int) -> None:
    """x = c x, for a view of shape (m, n); `sick` is NaN where an entry is not finite, else zero."""
    total = zero = _splat(0.0)
    scale = _splat(c)
    for i in range(m):
        for j in range(n):
            at = x[0] + i * x[1] + j * x[2]
            entry = _load(w, at)
            total = _fma(entry, zero, total)
            _store(w, at, _fma(entry, scale, zero))
    _store(w, sick, total)


@_leaf
def _note(w: Array, sick: int, step: int, stopped: IntArray) -> bool:
    """Write the step to the lanes that have just become sick; return whether one is well."""
    well = False
    for lane in range(LANES):
        if w[sick * LANES + lane] != 0.0 and stopped[lane] < 0:
            stopped[lane] = step
        well = well or stopped[lane] < 0
    return well


@_leaf
def _into_target(w: Array, rule: Rule, theta: int, velocity: int, n: int) -> int:
    """Apply momentum and decay to n weights; return where the gradient is to be added."""
    _, momentum, decay = rule
    if momentum > 0.0:
        _add(w, -decay, theta, momentum, velocity, n)
        return velocity
    if decay > 0.0:
        _add(w, 1.0 - decay, theta, 0.0, theta, n)
    return theta


@_leaf
def _forward(w: Array, sizes: IntArray, at: Room, stop: int, columns: int, places: IntArray) -> int:
    """Send columns through the first `stop` layers; return where they arrive.

    With columns = 0 these are the d unit vectors: they become the product of the layers, and the
    first layer is its own product.
    """
    d, layer, free = sizes[0], at[0], at[8]
    place = layer if columns == 0 else free
    wide = d if columns == 0 else columns
    for l in range(1, stop + 1):
        n, m = sizes[l], sizes[l - 1]
        places[l - 1] = place
        free += d * m
        if l > 1 or columns > 0:
            _clear(w, free, n * wide)
            _multiply(w, _rows(layer, m), _rows(place, wide), _rows(free, wide), n, m, wide)
            place = free
        layer += n * m
    places[stop] = place
    return place


@_leaf
def _end_to_end(w: Array, kind: int, sizes: IntArray, at: Room, places: IntArray) -> int:
    """Compute W and return where it is."""
    if kind == MAP:
        return at[0]
    if kind == CHAIN:
        return _forward(w, sizes, at, sizes.size - 1, np.intp(0), places)
    d, h = sizes[0], sizes[1]
    _clear(w, at[5], d * d)
    _multiply(w, _rows(at[0], h), _turned(at[0], h), _rows(at[5], d), d, h, d)
    return at[5]


@_part
def _back(w: Array, sizes: IntArray, at: Room, columns: int, places: IntArray, rule: Rule) -> None:
    """Send the scaled errors of the columns, which stand in `left`, back through the layers.

    A layer is changed as soon as the errors have passed it.
    """
    d, here, other = sizes[0], at[6], at[7]
    wide = d if columns == 0 else columns
    layer = at[1] - d * sizes[sizes.size - 2]
    for l in range(sizes.size - 1, 0, -1):
        n, m = sizes[l], sizes[l - 1]
        if l > 1:
            _clear(w, other, m * wide)
            _multiply(w, _turned(layer, m), _rows(here, wide), _rows(other, wide), m, n, wide)
        target = _into_target(w, rule, layer, layer + at[1], n * m)
        if l > 1 or columns > 0:
            below = places[l - 1]
            _multiply(w, _rows(here, wide), _turned(below, wide), _rows(target, m), n, wide, m)
        else:
            _add(w, 1.0, here, 1.0, target, n * m)
        here, other = other, here
        if l > 1:
            layer -= m * sizes[l - 2]


@_part
def _step_on_samples(
    w: Array, kind: int, sizes: IntArray, at: Room, n: int, places: IntArray, rule: Rule
) -> None:
    """Take a step on n samples: x, and −y in `left`, stand where `_inputs` says."""
    d, h, left, right = sizes[0], sizes[1], at[6], at[7]
    if kind == TIED:
        U, error, x = _rows(at[0], h), _rows(left, 2 * n), _rows(left + n, 2 * n)
        z, back = _turned(right, h), _turned(right + n * h, h)
        _clear(w, right, 2 * n * h)
        _multiply(w, _turned(at[0], h), x, z, h, d, n)
        _multiply(w, U, z, error, d, h, n)
        _watch_and_scale(w, error, d, n, -0.5 * rule[0] / n, at[2])
        _multiply(w, _turned(at[0], h), error, back, h, d, n)
        target = _into_target(w, rule, at[0], at[1], d * h)
        _multiply(w, _rows(left, 2 * n), _rows(right, h), _rows(target, h), d, 2 * n, h)
    else:
        last = sizes.size - 2
        below, m = _forward(w, sizes, at, last, n, places), sizes[last]
        _multiply(w, _rows(at[1] - d * m, m), _rows(below, n), _rows(left, n), d, m, n)
        _watch_and_scale(w, _rows(left, n), d, n, -rule[0] / n, at[2])
        _back(w, sizes, at, n, places, rule)


@_part
def _step_on_moments(
    w: Array,
    kind: int,
    sizes: IntArray,
    at: Room,
    n: int,
    noisy: bool,
    places: IntArray,
    rule: Rule,
) -> None:
    """Take a step on the moments A and C, sums over n samples."""
    d, h, left, right = sizes[0], sizes[1], at[6], at[7]
    W = _end_to_end(w, kind, sizes, at, places)
    _add(w, -1.0, at[4] if noisy else at[3], 0.0, left, d * d)
    _multiply(w, _rows(W, d), _rows(at[3], d), _rows(left, d), d, d, d)
    _watch_and_scale(w, _rows(left, d), d, d, -rule[0] / n, at[2])
    if kind == CHAIN:
        _back(w, sizes, at, 0, places, rule)
        return
    _symmetrise(w, left, d)
    if kind == TIED:
        _add(w, 1.0, at[0], 0.0, right, d * h)
        target = _into_target(w, rule, at[0], at[1], d * h)
        _multiply(w, _rows(left, d), _rows(right, h), _rows(target, h), d, d, h)
    else:
        _clear(w, right, d * d)
        _multiply(w, _rows(left, d), _rows(at[0], d), _rows(right, d), d, d, d)
        _symmetrise(w, right, d)  # to the last bit, or what is left of the skew part would grow
        target = _into_target(w, rule, at[0], at[1], d * d)
        _add(w, 2.0, right, 1.0, target, d * d)


@_leaf
def _inputs(
    w: Array, x: View, y: View, sign: float, first: int, count: int, step: int, batch: Batch
) -> None:
    """Write the samples `first`, `first` + 1, … of this step, and `sign` times their labels."""
    source, noisy, points, labels, law, key, streams, sets, picks, starts, one, two = batch
    n, d = points.shape[1], points.shape[2]
    zero, signs = _splat(0.0), _splat(sign)
    for s in range(count):
        at_x, at_y = x[0] + s * x[2], y[0] + s * y[2]
        if source == FRESH:
            for lane in range(LANES):
                _sample(law, key, np.uint64(first + s), np.uint64(step), streams[lane], one, two)
                for i in range(d):
                    w[(at_x + i * x[1]) * LANES + lane] = one[i]
                    w[(at_y + i * y[1]) * LANES + lane] = sign * two[i]
        else:
            for lane in range(LANES):
                starts[lane] = (sets[lane] * n + picks[lane, first + s]) * d
            for i in range(d):
                entry = _gather(points, starts, i)
                _store(w, at_x + i * x[1], entry)
                if noisy:
                    entry = _gather(labels, starts, i)
                _store(w, at_y + i * y[1], _fma(entry, signs, zero))


@_part
def _moments(w: Array, d: int, at: Room, n: int, noisy: bool, step: int, batch: Batch) -> None:
    """Sum A and C over the n samples of this step, a few at a time."""
    x, y = at[9], at[9] + BLOCK * d
    _clear(w, at[3], 2 * d * d)
    for first in range(0, n, BLOCK):
        count = min(BLOCK, n - first)
        _inputs(w, _turned(x, d), _turned(y, d), 1.0, first, count, step, batch)
        _multiply(w, _turned(x, d), _rows(x, d), _rows(at[3], d), d, count, d)
        if noisy:
            _multiply(w, _turned(y, d), _rows(x, d), _rows(at[4], d), d, count, d)


def rooms(sizes: IntArray, weights: int) -> Room:
    """Return where the vectors of a group are, and last their number.

    In order: weights, their velocity, which lanes are sick, A, C, W, two rooms for errors and what
    they become on their way back, columns on their way through the layers, samples.
    """
    d, widest = int(sizes[0]), int(sizes.max())
    sick = 2 * weights
    left = sick + 1 + 3 * d * d
    below = left + 2 * widest * d
    samples = below + d * int(sizes.sum())
    moments = (sick + 1, sick + 1 + d * d, sick + 1 + 2 * d * d)
    end = samples + 2 * BLOCK * d
    return (0, weights, sick, *moments, left, left + widest * d, below, samples, end)


def scratch(sizes: IntArray, weights: int, examples: int, batch: int) -> Scratch:
    """Return the memory that `train` works in, whose vectors begin on cache lines."""
    vectors = rooms(sizes, weights)[-1]
    w = np.zeros((vectors + 1) * LANES)
    skip = -w.ctypes.data % 64 // 8
    lanes = np.zeros((3, LANES), dtype=np.intp)
    return (
        w[skip : skip + vectors * LANES],
        np.zeros(sizes.size, dtype=np.intp),
        np.arange(examples),
        np.zeros(batch, dtype=np.intp),
        np.zeros((LANES, 4), dtype=np.uint64),
        np.zeros((LANES, batch), dtype=np.intp),
        lanes[0],
        lanes[1],
        np.zeros(LANES, dtype=np.uint64),
        lanes[2],
        np.zeros(int(sizes[0])),
        np.zeros(int(sizes[0])),
    )


@_entry
def draw(law: Law, key: Array, streams: Array, x: Array, y: Array) -> None:
    """Draw data sets x and their labels y, both of shape (streams, n, d)."""
    for k in range(streams.size):
        for s in range(x.shape[1]):
            _sample(law, key, np.uint64(s), _ALL_ONES, streams[k], x[k, s], y[k, s])


@_entry
def train(
    kind: int,
    sizes: IntArray,
    at: Room,
    weights: Array,
    sets: IntArray,
    streams: Any,
    moments: Array,
    points: Array,
    labels: Array,
    law: Law,
    key: Any,
    plan: tuple[int, int, int, int, bool],
    rule: Rule,
    scratch: Scratch,
    maps: Array,
    ends: IntArray,
) -> None:
    """Train all members of an ensemble, eight at a time.

    Parameters
    ----------
    kind : int
        `CHAIN`, `TIED` or `MAP`.
    sizes : ndarray of int
        Dimension and the widths after each layer: (d, h) for a tied net.
    at : tuple of int
        The `rooms` of a group.
    weights : ndarray, shape (M, P)
        Weights of each member at the start, its layers one after the other.
    sets : ndarray of int, shape (M,)
        The data set, or the pair of moments, of each member.
    streams : ndarray of uint64, shape (M,)
        The random numbers of each member.
    moments : ndarray, shape (S, 2, d, d)
        A and C per sample, for a `FULL` gradient.
    points, labels : ndarray, shape (S, n, d)
        Data sets, for a `MINIBATCH`.
    law : tuple
        Centres (s, d), summed probabilities (s,) and spread (d,) of the clusters, and the spread of
        label noise, for `FRESH` samples.
    key : ndarray of uint64, shape (2,)
        Key of all draws.
    plan : tuple
        Source of the gradient, steps, steps from record to record, samples in a step (one for a
        `FULL` gradient), and whether the labels differ from the inputs.
    rule : tuple of float
        Canonical step, momentum, and the share of a weight that decays in a step.
    scratch : tuple
        Memory to work in, of this thread alone.
    maps : ndarray, shape (M, T, d, d)
        Takes W at the recorded steps.
    ends : ndarray of int, shape (M,)
        Takes the step at which W was no longer finite, −1 if there was none.
    """
    source, steps, every, n, noisy = plan
    members, P, d = maps.shape[0], weights.shape[1], sizes[0]
    w, places, order, swaps, words, picks, stopped, which, numbers, starts, one, two = scratch
    direct = source != FULL and kind != MAP and 2 * n <= d
    sick, A, left, below = at[2], at[3], at[6], at[8]
    batch = (source, noisy, points, labels, law, key, numbers, which, picks, starts, one, two)
    for group in range(0, members, LANES):
        for lane in range(LANES):
            member = min(group + lane, members - 1)
            stopped[lane], which[lane], numbers[lane] = -1, sets[member], streams[member]
            for i in range(P):
                w[i * LANES + lane] = weights[member, i]
                w[(P + i) * LANES + lane] = 0.0
            if source == FULL:
                for i in range(d):
                    for j in range(d):
                        entry = (A + i * d + j) * LANES + lane
                        w[entry] = moments[sets[member], 0, i, j]
                        w[entry + d * d * LANES] = moments[sets[member], 1, i, j]
        well = True
        for step in range(steps + 1):
            if step % every == 0 or step == steps:
                W = _end_to_end(w, kind, sizes, at, places)
                _watch_and_scale(w, _rows(W, d), d, d, 1.0, sick)
                well = _note(w, sick, step, stopped)
                if step % every == 0:
                    for lane in range(min(LANES, members - group)):
                        for i in range(d):
                            for j in range(d):
                                entry = (W + i * d + j) * LANES + lane
                                maps[group + lane, step // every, i, j] = w[entry]
            if step == steps or not well:
                break
            if source == MINIBATCH:
                _choose(key, step, numbers, order, swaps, words, picks)
            if direct:
                x, y = _rows(below, n), _rows(left, n)
                if kind == TIED:
                    x, y = _rows(left + n, 2 * n), _rows(left, 2 * n)
                _inputs(w, x, y, -1.0, np.intp(0), n, step, batch)
                _step_on_samples(w, kind, sizes, at, n, places, rule)
            else:
                if source != FULL:
                    _moments(w, d, at, n, noisy, step, batch)
                _step_on_moments(w, kind, sizes, at, n, noisy, places, rule)
            well = _note(w, sick, step, stopped)
            if rule[1] > 0.0:
                _add(w, 1.0, P, 1.0, at[0], P)
        for lane in range(min(LANES, members - group)):
            ends[group + lane] = stopped[lane]
