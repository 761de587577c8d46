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
from numba.extending import intrinsic, models, register_jitable, register_model
from numba.np.arrayobj import make_array

from simtheory._typing import Array, IntArray

View: TypeAlias = tuple[int, int, int]
Room: TypeAlias = tuple[int, ...]
Law: TypeAlias = tuple[Array, Array, Array, float]
Batch: TypeAlias = tuple[Any, ...]
Rule: TypeAlias = tuple[float, float, float]

LANES = 8
CHAIN, TIED, MAP = 0, 1, 2  # what is trained: layers, U of W = U Uᵀ, or W by the tied recurrence
BLOCK = 16  # samples whose products are summed at once
FULL, MINIBATCH, FRESH = 0, 1, 2  # where a step's gradient comes from

# No reassociation, so that all lanes and all builds round alike; and NaN has to be seen.
_FLAGS = {"contract", "arcp", "nsz"}

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
def _high_word(typing: Any, x: Any, y: Any) -> Any:
    """Return the upper 64 bits of the product of two 64-bit numbers."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), _INT64)

    return types.uint64(types.uint64, types.uint64), generate


@register_jitable
def philox(k0: Any, k1: Any, c0: Any, c1: Any, c2: Any, c3: Any) -> Any:
    """Return four random 64-bit words, Philox4x64-10 of a key and a counter."""
    for _ in range(_ROUNDS):
        high0, low0 = _high_word(_M0, c0), _M0 * c0
        high1, low1 = _high_word(_M1, c2), _M1 * c2
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = k0 + _W0, k1 + _W1
    return c0, c1, c2, c3


@register_jitable
def _fraction(word: Any) -> float:
    """Return a multiple of 2⁻⁵³ in [0, 1)."""
    return float(word >> np.uint64(11)) * 2.0**-53


@register_jitable
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


@register_jitable
def _sample(law: Law, key: Array, sample: Any, step: Any, stream: Any, x: Array, y: Array) -> None:
    """Draw one input x of the task, in the concept axes, and its label y."""
    centres, shares, spread, label_spread = law
    d = x.size
    u = _fraction(philox(key[0], key[1], np.uint64(0), sample, step, stream)[0])
    cluster = 0
    while cluster < shares.size - 1 and u >= shares[cluster]:
        cluster += 1
    _normals(key, 1, sample, step, stream, x)
    if label_spread > 0.0:
        _normals(key, 1 + (d + 3) // 4, sample, step, stream, y)
    for i in range(d):
        x[i] = centres[cluster, i] + spread[i] * x[i]
        y[i] = x[i] + label_spread * y[i] if label_spread > 0.0 else x[i]


@register_jitable
def _choose(
    key: Array,
    step: Any,
    stream: Any,
    order: IntArray,
    swaps: IntArray,
    picks: IntArray,
    lane: int,
) -> None:
    """Pick distinct samples: the first steps of a shuffle of `order`, which is then undone."""
    n, count = order.size, swaps.size
    for block in range(0, count, 4):
        words = philox(key[0], key[1], np.uint64(block // 4), _ALL_ONES, step, stream)
        for j in range(min(4, count - block)):
            s = block + j
            swap = s + int(_fraction(words[j]) * (n - s))
            order[s], order[swap] = order[swap], order[s]
            swaps[s], picks[lane, s] = swap, order[s]
    for s in range(count - 1, -1, -1):
        order[s], order[swaps[s]] = order[swaps[s]], order[s]


@register_jitable
def _multiply(w: Array, x: View, y: View, out: View, m: int, k: int, n: int, add: bool) -> None:
    """out = x y, or out += x y, for views of shapes (m, k), (k, n) and (m, n).

    Four rows and two columns at a time: their eight sums stay in registers.
    """
    zero = _splat(0.0)
    for i in range(0, m - 3, 4):
        for j in range(0, n - 1, 2):
            at, below = out[0] + i * out[1] + j * out[2], out[1]
            right = at + out[2]
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = zero
            if add:
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
            a0 = a1 = a2 = a3 = zero
            if add:
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
            total = _load(w, at) if add else zero
            px, py = x[0] + i * x[1], y[0] + j * y[2]
            for _ in range(k):
                total = _fma(_load(w, px), _load(w, py), total)
                px, py = px + x[2], py + y[1]
            _store(w, at, total)


@register_jitable
def _add(w: Array, c: float, x: int, e: float, out: int, n: int) -> None:
    """out = c x + e out, over n vectors."""
    scale, keep, zero = _splat(c), _splat(e), _splat(0.0)
    for i in range(n):
        kept = _fma(_load(w, out + i), keep, zero) if e != 0.0 else zero
        _store(w, out + i, _fma(_load(w, x + i), scale, kept))


@register_jitable
def _symmetrise(w: Array, x: int, d: int) -> None:
    """x = (x + xᵀ)/2."""
    half, zero = _splat(0.5), _splat(0.0)
    for i in range(d):
        for j in range(i):
            upper, lower = _load(w, x + j * d + i), _load(w, x + i * d + j)
            mean = _fma(half, upper, _fma(half, lower, zero))
            _store(w, x + j * d + i, mean)
            _store(w, x + i * d + j, mean)


@register_jitable
def _watch_and_scale(w: Array, x: int, n: int, c: float, sick: int, first: bool) -> None:
    """x = c x, over n vectors; `sick` becomes NaN in the lanes where an entry is not finite."""
    zero, scale = _splat(0.0), _splat(c)
    total = zero if first else _load(w, sick)
    for i in range(n):
        entry = _load(w, x + i)
        total = _fma(entry, zero, total)
        _store(w, x + i, _fma(entry, scale, zero))
    _store(w, sick, total)


@register_jitable
def _note(w: Array, sick: int, step: int, stopped: IntArray) -> None:
    """Write the step to the lanes that have just become sick."""
    for lane in range(stopped.size):
        if w[sick * LANES + lane] != 0.0 and stopped[lane] < 0:
            stopped[lane] = step


@register_jitable
def _into_target(w: Array, rule: Rule, theta: int, velocity: int, n: int) -> int:
    """Apply momentum and decay to n weights; return where the gradient is to be added."""
    _, momentum, decay = rule
    if momentum > 0.0:
        _add(w, -decay, theta, momentum, velocity, n)
        return velocity
    if decay > 0.0:
        _add(w, 1.0 - decay, theta, 0.0, theta, n)
    return theta


@register_jitable
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
            _multiply(w, (layer, m, 1), (place, wide, 1), (free, wide, 1), n, m, wide, False)
            place = free
        layer += n * m
    places[stop] = place
    return place


@register_jitable
def _end_to_end(w: Array, kind: int, sizes: IntArray, at: Room, places: IntArray) -> int:
    """Compute W and return where it is."""
    if kind == MAP:
        return at[0]
    if kind == CHAIN:
        return _forward(w, sizes, at, sizes.size - 1, 0, places)
    d, h = sizes[0], sizes[1]
    _multiply(w, (at[0], h, 1), (at[0], 1, h), (at[5], d, 1), d, h, d, False)
    return at[5]


@register_jitable
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
            _multiply(w, (layer, 1, m), (here, wide, 1), (other, wide, 1), m, n, wide, False)
        target = _into_target(w, rule, layer, layer + at[1], n * m)
        if l > 1 or columns > 0:
            below = places[l - 1]
            _multiply(w, (here, wide, 1), (below, 1, wide), (target, m, 1), n, wide, m, True)
        else:
            _add(w, 1.0, here, 1.0, target, n * m)
        here, other = other, here
        if l > 1:
            layer -= m * sizes[l - 2]


@register_jitable
def _step_on_samples(
    w: Array, kind: int, sizes: IntArray, at: Room, n: int, places: IntArray, rule: Rule
) -> None:
    """Take a step on n samples: x, and −y in `left`, stand where `_inputs` says."""
    d, h, left, right = sizes[0], sizes[1], at[6], at[7]
    if kind == TIED:
        U, error, x = (at[0], h, 1), (left, 2 * n, 1), (left + n, 2 * n, 1)
        z, back = (right, 1, h), (right + n * h, 1, h)
        _multiply(w, (at[0], 1, h), x, z, h, d, n, False)
        _multiply(w, U, z, error, d, h, n, True)
        for i in range(d):
            _watch_and_scale(w, left + 2 * n * i, n, -0.5 * rule[0] / n, at[2], i == 0)
        _multiply(w, (at[0], 1, h), error, back, h, d, n, False)
        target = _into_target(w, rule, at[0], at[1], d * h)
        _multiply(w, (left, 2 * n, 1), (right, h, 1), (target, h, 1), d, 2 * n, h, True)
    else:
        last = sizes.size - 2
        below, m = _forward(w, sizes, at, last, n, places), sizes[last]
        _multiply(w, (at[1] - d * m, m, 1), (below, n, 1), (left, n, 1), d, m, n, True)
        _watch_and_scale(w, left, d * n, -rule[0] / n, at[2], True)
        _back(w, sizes, at, n, places, rule)


@register_jitable
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
    _multiply(w, (W, d, 1), (at[3], d, 1), (left, d, 1), d, d, d, True)
    _watch_and_scale(w, left, d * d, -rule[0] / n, at[2], True)
    if kind == CHAIN:
        _back(w, sizes, at, 0, places, rule)
        return
    _symmetrise(w, left, d)
    if kind == TIED:
        _add(w, 1.0, at[0], 0.0, right, d * h)
        target = _into_target(w, rule, at[0], at[1], d * h)
        _multiply(w, (left, d, 1), (right, h, 1), (target, h, 1), d, d, h, True)
    else:
        _multiply(w, (left, d, 1), (at[0], d, 1), (right, d, 1), d, d, d, False)
        _symmetrise(w, right, d)  # to the last bit, or what is left of the skew part would grow
        target = _into_target(w, rule, at[0], at[1], d * d)
        _add(w, 2.0, right, 1.0, target, d * d)


@register_jitable
def _inputs(
    w: Array, x: View, y: View, sign: float, first: int, count: int, step: int, batch: Batch
) -> None:
    """Write the samples `first`, `first` + 1, … of this step, and `sign` times their labels."""
    source, examples, law, key, streams, sets, picks, one, two = batch
    for lane in range(LANES):
        for s in range(count):
            if source == FRESH:
                _sample(law, key, np.uint64(first + s), np.uint64(step), streams[lane], one, two)
            else:
                data, pick = sets[lane], picks[lane, first + s]
                for i in range(one.size):
                    one[i] = examples[0][data, pick, i]
                    two[i] = examples[1][data, pick, i]
            for i in range(one.size):
                w[(x[0] + i * x[1] + s * x[2]) * LANES + lane] = one[i]
                w[(y[0] + i * y[1] + s * y[2]) * LANES + lane] = sign * two[i]


@register_jitable
def _moments(w: Array, d: int, at: Room, n: int, noisy: bool, step: int, batch: Batch) -> None:
    """Sum A and C over the n samples of this step, a few at a time."""
    x, y = at[9], at[9] + BLOCK * d
    for first in range(0, n, BLOCK):
        count = min(BLOCK, n - first)
        _inputs(w, (x, 1, d), (y, 1, d), 1.0, first, count, step, batch)
        _multiply(w, (x, 1, d), (x, d, 1), (at[3], d, 1), d, count, d, first > 0)
        if noisy:
            _multiply(w, (y, 1, d), (x, d, 1), (at[4], d, 1), d, count, d, first > 0)


@register_jitable
def _aligned(vectors: int) -> Array:
    """Return room for some vectors that begins on a cache line."""
    room = np.zeros((vectors + 1) * LANES)
    skip = (64 - room.ctypes.data % 64) % 64 // 8
    return room[skip : skip + vectors * LANES]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FLAGS)
def draw(law: Law, key: Array, streams: Array, x: Array, y: Array) -> None:
    """Draw data sets x and their labels y, both of shape (streams, n, d)."""
    for k in range(streams.size):
        for s in range(x.shape[1]):
            _sample(law, key, np.uint64(s), _ALL_ONES, streams[k], x[k, s], y[k, s])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FLAGS)
def train(
    kind: int,
    sizes: IntArray,
    weights: Array,
    sets: IntArray,
    streams: Array,
    moments: Array,
    examples: tuple[Array, Array],
    law: Law,
    key: Array,
    plan: tuple[int, int, int, int, bool],
    rule: Rule,
    maps: Array,
    stopped: IntArray,
) -> None:
    """Train all members of an ensemble, eight at a time.

    Parameters
    ----------
    kind : int
        `CHAIN`, `TIED` or `MAP`.
    sizes : ndarray of int
        Dimension and the widths after each layer: (d, h) for a tied net.
    weights : ndarray, shape (M, P)
        Weights of each member at the start, its layers one after the other.
    sets : ndarray of int, shape (M,)
        The data set, or the pair of moments, of each member.
    streams : ndarray of uint64, shape (M,)
        The random numbers of each member.
    moments : ndarray, shape (S, 2, d, d)
        A and C per sample, for a `FULL` gradient.
    examples : tuple of two ndarray, shape (S, n, d)
        Inputs and labels, for a `MINIBATCH`.
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
    maps : ndarray, shape (M, T, d, d)
        Takes W at the recorded steps.
    stopped : ndarray of int, shape (M,)
        Takes the step at which W was no longer finite, −1 if there was none.
    """
    source, steps, every, n, noisy = plan
    members, P = weights.shape
    d, widest = sizes[0], sizes.max()
    direct = source != FULL and kind != MAP and 2 * n <= d
    # Where the vectors of a group are: weights, velocity, sick, A, C, W, left, right, below, samples.
    sick = 2 * P
    A = sick + 1
    left = A + 3 * d * d
    below = left + 2 * widest * d
    rows = below + d * sizes.sum()
    at = (0, P, sick, A, A + d * d, A + 2 * d * d, left, left + widest * d, below, rows)
    w = _aligned(rows + 2 * BLOCK * d)
    places = np.zeros(sizes.size, dtype=np.intp)
    lane_stopped = np.zeros(LANES, dtype=np.intp)
    lane_sets = np.zeros(LANES, dtype=np.intp)
    lane_streams = np.zeros(LANES, dtype=np.uint64)
    order = np.arange(examples[0].shape[1])
    picks = np.zeros((LANES, n), dtype=np.intp)
    swaps = np.zeros(n, dtype=np.intp)
    one, two = np.zeros(d), np.zeros(d)
    batch = (source, examples, law, key, lane_streams, lane_sets, picks, one, two)
    for group in range(0, members, LANES):
        for lane in range(LANES):
            member = min(group + lane, members - 1)
            lane_stopped[lane] = -1
            lane_sets[lane], lane_streams[lane] = sets[member], streams[member]
            for i in range(P):
                w[i * LANES + lane] = weights[member, i]
                w[(P + i) * LANES + lane] = 0.0
            if source == FULL:
                for i in range(d):
                    for j in range(d):
                        entry = (A + i * d + j) * LANES + lane
                        w[entry] = moments[sets[member], 0, i, j]
                        w[entry + d * d * LANES] = moments[sets[member], 1, i, j]
        for step in range(steps + 1):
            if step % every == 0 or step == steps:
                W = _end_to_end(w, kind, sizes, at, places)
                _watch_and_scale(w, W, d * d, 1.0, sick, True)
                _note(w, sick, step, lane_stopped)
            if step % every == 0:
                for lane in range(min(LANES, members - group)):
                    for i in range(d):
                        for j in range(d):
                            entry = w[(W + i * d + j) * LANES + lane]
                            maps[group + lane, step // every, i, j] = entry
            if step == steps or lane_stopped.min() >= 0:
                break
            if source == MINIBATCH:
                for lane in range(LANES):
                    _choose(key, np.uint64(step), lane_streams[lane], order, swaps, picks, lane)
            if direct:
                x = (left + n, 2 * n, 1) if kind == TIED else (below, n, 1)
                y = (left, 2 * n if kind == TIED else n, 1)
                _inputs(w, x, y, -1.0, 0, n, step, batch)
                _step_on_samples(w, kind, sizes, at, n, places, rule)
            else:
                if source != FULL:
                    _moments(w, d, at, n, noisy, step, batch)
                _step_on_moments(w, kind, sizes, at, n, noisy, places, rule)
            _note(w, sick, step, lane_stopped)
            if rule[1] > 0.0:
                _add(w, 1.0, P, 1.0, 0, P)
        for lane in range(min(LANES, members - group)):
            stopped[group + lane] = lane_stopped[lane]
