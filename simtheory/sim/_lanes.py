"""Eight numbers at once: a SIMD type for Numba, and the matrix product built on it.

A small matrix leaves the vector units of a processor idle, but an ensemble holds many of them. So
eight nets, the *lanes*, are carried side by side: the eight copies of one number lie next to each
other in memory, are read with one `load`, and `+`, `*` or `fma` act on all of them. No lane sees
its neighbours, which is why a net's result does not depend on the company it is in.

Two blocks of memory hold an integration. m, numbers in groups of eight lanes, is given by its
address, a multiple of 64 bytes. at, a table of whole numbers, says where in m each array begins and
how long it is; its head has names (``at.y``), its tail is read by index (``at[k]``).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_builtin,
    lower_getattr_generic,
    models,
    register_jitable,
    register_model,
    type_callable,
)

from simtheory._typing import Array
from simtheory.sim._places import NAMES

LANES = 8

_VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_BITS = ir.VectorType(ir.IntType(64), LANES)
_INT = ir.IntType(64)
_WIDTHS = (12, 4, 1)  # of sums that are carried together through a combination
_TILE = 4  # 4 x 4 sums stay in the 32 registers of AVX-512 and use each number read four times


class _Lanes(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"Lanes({LANES})")


class _Places(types.Type):
    def __init__(self) -> None:
        super().__init__(name="Places")


lanes, places = _Lanes(), _Places()
PART = types.intp(types.intp, places, types.intp, types.intp)  # signature of what `call` calls


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


@register_model(_Places)
class _PlacesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _INT.as_pointer())


def room(n: int) -> Array:
    """Return n groups of eight zeros, flat, from a multiple of 64 bytes on."""
    raw = np.zeros(n * LANES + LANES)
    first = -raw.ctypes.data % 64 // 8
    return raw[first : first + n * LANES]


def _number(n: int) -> Any:
    return ir.Constant(_INT, n)


def _entry(builder: Any, at: Any, index: Any) -> Any:
    """Read the table, which nobody writes while compiled code runs: so it is read only once."""
    value = builder.load(builder.gep(at, [index]))
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


def _named(builder: Any, at: Any, name: str) -> Any:
    return _entry(builder, at, _number(NAMES.index(name)))


@intrinsic
def table(typing: Any, address: Any) -> Any:
    """Return the table of places at an address."""
    return places(types.intp), lambda _, builder, __, args: builder.inttoptr(
        args[0], _INT.as_pointer()
    )


@infer_getattr
class _PlacesNames(AttributeTemplate):
    key = _Places

    def generic_resolve(self, kind: Any, name: str) -> Any:
        return types.intp if name in NAMES else None


@lower_getattr_generic(_Places)
def _name_of_places(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
    return _named(builder, value, name)


@type_callable(operator.getitem)
def _entry_kind(context: Any) -> Any:
    return lambda at, k: (
        types.intp if isinstance(at, _Places) and isinstance(k, types.Integer) else None
    )


@lower_builtin(operator.getitem, _Places, types.Integer)
def _entry_of_places(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    index = context.cast(builder, args[1], signature.args[1], types.intp)
    return _entry(builder, args[0], index)


@intrinsic
def call(typing: Any, part: Any, m: Any, at: Any, i: Any, j: Any) -> Any:
    """Call the compiled part at an address, so that this code need not contain it."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(_INT, [_INT, _INT.as_pointer(), _INT, _INT])
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])

    return types.intp(types.intp, types.intp, places, types.intp, types.intp), code


def _vector(builder: Any, m: Any, index: Any) -> Any:
    return builder.gep(builder.inttoptr(m, _VECTOR.as_pointer()), [index])


def _scalar(builder: Any, m: Any, index: Any) -> Any:
    return builder.gep(builder.inttoptr(m, ir.DoubleType().as_pointer()), [index])


def _read(builder: Any, place: Any) -> Any:
    value = builder.load(place)
    value.align = 64
    return value


def _write(builder: Any, value: Any, place: Any) -> None:
    builder.store(value, place).align = 64


@intrinsic
def load(typing: Any, m: Any, place: Any) -> Any:
    """Return the lanes at a place of m."""
    return lanes(types.intp, types.intp), lambda _, b, __, args: _read(b, _vector(b, *args))


@intrinsic
def store(typing: Any, m: Any, place: Any, x: Any) -> Any:
    """Write the lanes x to a place of m."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _write(builder, args[2], _vector(builder, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, lanes), code


@intrinsic
def get(typing: Any, m: Any, index: Any) -> Any:
    """Return one number of m; index 8 k + l is lane l at place k."""
    kind = types.float64(types.intp, types.intp)
    return kind, lambda _, b, __, args: b.load(_scalar(b, *args))


@intrinsic
def put(typing: Any, m: Any, index: Any, x: Any) -> Any:
    """Write one number of m."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _scalar(builder, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.float64), code


def _everywhere(builder: Any, x: Any) -> Any:
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, x, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, nothing, zeros)


@intrinsic
def splat(typing: Any, x: Any) -> Any:
    """Return x in every lane."""
    return lanes(types.float64), lambda _, b, __, args: _everywhere(b, args[0])


def _external(builder: Any, name: str, arguments: int) -> Any:
    """Return one of LLVM's own functions of vectors."""
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * arguments)
    return cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f64")


def _function(build: Callable[..., Any], arguments: int) -> Any:
    """Make a function of lanes from what builds its instruction."""

    def typed(*given: Any) -> Any:
        return lanes(*[lanes] * arguments), lambda _, builder, __, args: build(builder, *args)

    if arguments == 1:
        return intrinsic(lambda typing, x: typed(x))
    if arguments == 2:
        return intrinsic(lambda typing, x, y: typed(x, y))
    return intrinsic(lambda typing, x, y, z: typed(x, y, z))


_ZERO = ir.Constant(_VECTOR, [0.0] * LANES)
fma = _function(lambda b, x, y, z: b.call(_external(b, "fma", 3), [x, y, z]), 3)
magnitude = _function(lambda b, x: b.call(_external(b, "fabs", 1), [x]), 1)
root = _function(lambda b, x: b.call(_external(b, "sqrt", 1), [x]), 1)
# The larger of two; of a NaN and a number one or the other.
larger = _function(lambda b, x, y: b.select(b.fcmp_ordered(">", x, y), x, y), 2)
# Where x is positive y, elsewhere z.
where = _function(lambda b, x, y, z: b.select(b.fcmp_ordered(">", x, _ZERO), y, z), 3)
# y 2^k, where x = 1.5 2^52 + k holds the whole number k in its last bits.
_scaled = _function(
    lambda b, x, y: b.bitcast(
        b.add(b.shl(b.bitcast(x, _BITS), ir.Constant(_BITS, [52] * LANES)), b.bitcast(y, _BITS)),
        _VECTOR,
    ),
    2,
)


def _teach(symbol: Any, instruction: str) -> None:
    """Let one of Python's operators act on lanes."""

    @type_callable(symbol)
    def kind(context: Any) -> Any:
        return lambda x, y: lanes if isinstance(x, _Lanes) and isinstance(y, _Lanes) else None

    @lower_builtin(symbol, _Lanes, _Lanes)
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*args)


_teach(operator.add, "fadd")
_teach(operator.sub, "fsub")
_teach(operator.mul, "fmul")
_teach(operator.truediv, "fdiv")

_ROUNDER = 1.5 * 2.0**52  # added to a number, it leaves the nearest integer in the last bits
_LOG2E, _LN2_HIGH, _LN2_LOW = 1.4426950408889634, 0.6931471805598903, 5.497923018708371e-14


@register_jitable
def exp(x: Any) -> Any:
    """Return e^x to two units in the last place, for |x| < 700."""
    shifted = fma(x, splat(_LOG2E), splat(_ROUNDER))
    k = shifted - splat(_ROUNDER)
    r = fma(k, splat(-_LN2_LOW), fma(k, splat(-_LN2_HIGH), x))
    factorial = 479001600.0
    p = splat(1.0 / factorial)
    for n in range(12, 0, -1):
        factorial /= n
        p = fma(p, r, splat(1.0 / factorial))
    return _scaled(shifted, p)


@register_jitable
def mean_growth(x: Any, e: Any) -> Any:
    """Return (e^x - 1)/x, the mean of exp over [0, x], given e = e^x; 1 at x = 0."""
    factorial = 39916800.0
    p = splat(1.0 / factorial)
    for n in range(11, 1, -1):
        factorial /= n
        p = fma(p, x, splat(1.0 / factorial))
    return where(magnitude(x) - splat(0.25), (e - splat(1.0)) / x, p)


def _apart(name: str, body: Callable[..., None]) -> Callable[..., Any]:
    """Turn `body(builder, *arguments)` into a function of its own, which no caller takes in.

    Copied to every place it is called from, it would make the compiler work for a minute.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in args])
        function = cgutils.get_or_insert_function(builder.module, kind, f"simtheory.{name}")
        if function.is_declaration:
            function.linkage = "linkonce_odr"
            function.attributes.add("noinline")
            inside = ir.IRBuilder(function.append_basic_block("entry"))
            body(inside, *function.args)
            inside.ret_void()
        builder.call(function, args)
        return context.get_dummy_value()

    return code


@intrinsic
def combine(typing: Any, m: Any, at: Any, base: Any, row: Any, out: Any) -> Any:
    """Write base + Σ_s weight_s K_s to place `out`, with the weights of a row of the tableau.

    All have at.n entries; slope K_s begins at place at.slopes + s at.n. The entries of the tableau
    that are not zero stand row after row: those of a row begin at at[at.first + row], their stages
    at at[at.stages], their weights at place at.weights.
    """
    kind = types.void(types.intp, places, types.intp, types.intp, types.intp)
    return kind, _apart("combine", _combination)


def _combination(b: Any, m: Any, at: Any, base: Any, row: Any, out: Any) -> None:
    n, slopes, stages = (_named(b, at, name) for name in ("n", "slopes", "stages"))
    begin = b.add(_named(b, at, "first"), row)
    first, last = _entry(b, at, begin), _entry(b, at, b.add(begin, _number(1)))
    weights = b.mul(_named(b, at, "weights"), _number(LANES))

    def part(p: Any, width: int) -> None:
        before = b.block
        loop = b.append_basic_block("combine.terms")
        after = b.append_basic_block("combine.part")
        starts = [_read(b, _vector(b, m, b.add(b.add(base, p), _number(c)))) for c in range(width)]
        b.branch(loop)
        b.position_at_end(loop)
        q = b.phi(_INT)
        q.add_incoming(first, before)
        sums = [b.phi(_VECTOR) for _ in starts]
        weight = _everywhere(b, b.load(_scalar(b, m, b.add(weights, q))))
        slope = b.add(slopes, b.add(p, b.mul(n, _entry(b, at, b.add(stages, q)))))
        for c, phi in enumerate(sums):
            phi.add_incoming(starts[c], before)
            term = _read(b, _vector(b, m, b.add(slope, _number(c))))
            sums[c] = b.call(_external(b, "fma", 3), [weight, term, phi])
            phi.add_incoming(sums[c], loop)
        following = b.add(q, _number(1))
        q.add_incoming(following, loop)
        b.cbranch(b.icmp_signed("<", following, last), loop, after)
        b.position_at_end(after)
        for c, total in enumerate(sums):
            _write(b, total, _vector(b, m, b.add(b.add(out, p), _number(c))))

    done = _number(0)
    for width in _WIDTHS:
        until = b.sub(n, b.srem(b.sub(n, done), _number(width)))
        with cgutils.for_range_slice(b, done, until, _number(width), intp=_INT) as (p, _):
            part(p, width)
        done = until


@intrinsic
def multiply(
    typing: Any,
    m: Any,
    x: Any,
    x_row: Any,
    x_column: Any,
    y: Any,
    y_row: Any,
    y_column: Any,
    out: Any,
    rows: Any,
    inner: Any,
    columns: Any,
) -> Any:
    """Write the product X Y of shape (rows, columns) to place `out`, row after row.

    Entry (i, k) of X is at place x + i x_row + k x_column, and so for Y: a transposed matrix is one
    with its two strides exchanged. The sums of a tile of up to 4 x 4 entries stay in registers.
    """
    return types.void(*[types.intp] * 11), _apart("multiply", _product)


def _product(
    b: Any,
    m: Any,
    x: Any,
    x_row: Any,
    x_column: Any,
    y: Any,
    y_row: Any,
    y_column: Any,
    out: Any,
    rows: Any,
    inner: Any,
    columns: Any,
) -> None:
    def entry(base: Any, count: Any, stride: Any) -> Any:
        return b.add(base, b.mul(count, stride))

    def tile(i: Any, height: int, j: Any, width: int) -> None:
        before = b.block
        loop = b.append_basic_block("product.inner")
        after = b.append_basic_block("product.tile")
        lines = [entry(x, b.add(i, _number(r)), x_row) for r in range(height)]
        stacks = [entry(y, b.add(j, _number(c)), y_column) for c in range(width)]
        b.branch(loop)
        b.position_at_end(loop)
        k = b.phi(_INT)
        k.add_incoming(_number(0), before)
        sums = [[b.phi(_VECTOR) for _ in stacks] for _ in lines]
        left = [_read(b, _vector(b, m, entry(line, k, x_column))) for line in lines]
        right = [_read(b, _vector(b, m, entry(stack, k, y_row))) for stack in stacks]
        for row, one in zip(sums, left, strict=True):
            for c, other in enumerate(right):
                phi = row[c]
                phi.add_incoming(_ZERO, before)
                row[c] = b.call(_external(b, "fma", 3), [one, other, phi])
                phi.add_incoming(row[c], loop)
        following = b.add(k, _number(1))
        k.add_incoming(following, loop)
        b.cbranch(b.icmp_signed("<", following, inner), loop, after)
        b.position_at_end(after)
        for r, row in enumerate(sums):
            line = b.add(entry(out, b.add(i, _number(r)), columns), j)
            for c, total in enumerate(row):
                _write(b, total, _vector(b, m, b.add(line, _number(c))))

    def covered(size: Any, part: Callable[[Any, int], None]) -> None:
        """Cover 0 ... size - 1 by parts of 4, then by one of 2 and one of 1 as needed."""
        whole = b.and_(size, _number(-_TILE))
        with cgutils.for_range_slice(b, _number(0), whole, _number(_TILE), intp=_INT) as (i, _):
            part(i, _TILE)
        for width in (2, 1):
            with b.if_then(b.icmp_signed("!=", b.and_(size, _number(width)), _number(0))):
                part(b.and_(size, _number(-2 * width)), width)

    covered(rows, lambda i, height: covered(columns, lambda j, width: tile(i, height, j, width)))
