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

VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_BITS = ir.VectorType(ir.IntType(64), LANES)
INT = ir.IntType(64)


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
        super().__init__(manager, kind, VECTOR)


@register_model(_Places)
class _PlacesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, INT.as_pointer())


def room(n: int) -> Array:
    """Return n groups of eight zeros, flat, from a multiple of 64 bytes on."""
    raw = np.zeros(n * LANES + LANES)
    first = -raw.ctypes.data % 64 // 8
    return raw[first : first + n * LANES]


def number(n: int) -> Any:
    return ir.Constant(INT, n)


def entry_of(builder: Any, at: Any, index: Any) -> Any:
    """Read the table, which nobody writes while compiled code runs: so it is read only once."""
    value = builder.load(builder.gep(at, [index]))
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


def named(builder: Any, at: Any, name: str) -> Any:
    return entry_of(builder, at, number(NAMES.index(name)))


@intrinsic
def table(typing: Any, address: Any) -> Any:
    """Return the table of places at an address."""
    return places(types.intp), lambda _, builder, __, args: builder.inttoptr(
        args[0], INT.as_pointer()
    )


@infer_getattr
class _PlacesNames(AttributeTemplate):
    key = _Places

    def generic_resolve(self, kind: Any, name: str) -> Any:
        return types.intp if name in NAMES else None


@lower_getattr_generic(_Places)
def _name_of_places(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
    return named(builder, value, name)


@type_callable(operator.getitem)
def _entry_kind(context: Any) -> Any:
    return lambda at, k: (
        types.intp if isinstance(at, _Places) and isinstance(k, types.Integer) else None
    )


@lower_builtin(operator.getitem, _Places, types.Integer)
def _entry_of_places(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    index = context.cast(builder, args[1], signature.args[1], types.intp)
    return entry_of(builder, args[0], index)


@intrinsic
def call(typing: Any, part: Any, m: Any, at: Any, i: Any, j: Any) -> Any:
    """Call the compiled part at an address, so that this code need not contain it."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(INT, [INT, INT.as_pointer(), INT, INT])
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])

    return types.intp(types.intp, types.intp, places, types.intp, types.intp), code


def place_of(builder: Any, m: Any, index: Any) -> Any:
    return builder.gep(builder.inttoptr(m, VECTOR.as_pointer()), [index])


def scalar_of(builder: Any, m: Any, index: Any) -> Any:
    return builder.gep(builder.inttoptr(m, ir.DoubleType().as_pointer()), [index])


def read(builder: Any, place: Any) -> Any:
    value = builder.load(place)
    value.align = 64
    return value


def write(builder: Any, value: Any, place: Any) -> None:
    builder.store(value, place).align = 64


@intrinsic
def load(typing: Any, m: Any, place: Any) -> Any:
    """Return the lanes at a place of m."""
    return lanes(types.intp, types.intp), lambda _, b, __, args: read(b, place_of(b, *args))


@intrinsic
def store(typing: Any, m: Any, place: Any, x: Any) -> Any:
    """Write the lanes x to a place of m."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        write(builder, args[2], place_of(builder, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, lanes), code


@intrinsic
def get(typing: Any, m: Any, index: Any) -> Any:
    """Return one number of m; index 8 k + l is lane l at place k."""
    kind = types.float64(types.intp, types.intp)
    return kind, lambda _, b, __, args: b.load(scalar_of(b, *args))


@intrinsic
def put(typing: Any, m: Any, index: Any, x: Any) -> Any:
    """Write one number of m."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], scalar_of(builder, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.float64), code


def everywhere(builder: Any, x: Any) -> Any:
    nothing = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, x, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, nothing, zeros)


@intrinsic
def splat(typing: Any, x: Any) -> Any:
    """Return x in every lane."""
    return lanes(types.float64), lambda _, b, __, args: everywhere(b, args[0])


def external(builder: Any, name: str, arguments: int) -> Any:
    """Return one of LLVM's own functions of vectors."""
    kind = ir.FunctionType(VECTOR, [VECTOR] * arguments)
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


ZERO = ir.Constant(VECTOR, [0.0] * LANES)
fma = _function(lambda b, x, y, z: b.call(external(b, "fma", 3), [x, y, z]), 3)
magnitude = _function(lambda b, x: b.call(external(b, "fabs", 1), [x]), 1)
root = _function(lambda b, x: b.call(external(b, "sqrt", 1), [x]), 1)
# The larger of two; of a NaN and a number one or the other.
larger = _function(lambda b, x, y: b.select(b.fcmp_ordered(">", x, y), x, y), 2)
# Where x is positive y, elsewhere z.
where = _function(lambda b, x, y, z: b.select(b.fcmp_ordered(">", x, ZERO), y, z), 3)
# y 2^k, where x = 1.5 2^52 + k holds the whole number k in its last bits.
_scaled = _function(
    lambda b, x, y: b.bitcast(
        b.add(b.shl(b.bitcast(x, _BITS), ir.Constant(_BITS, [52] * LANES)), b.bitcast(y, _BITS)),
        VECTOR,
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
