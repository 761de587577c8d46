"""Arithmetic of lanes: operators, and functions that act on all lanes at once."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, register_jitable, type_callable

from simtheory.sim.engine.lanes import OF_WIDTH, Lanes, Writer, width_of


def _typed(given: Sequence[Any], build: Callable[..., Any]) -> Any:
    """Return the signature and the code of a function of lanes, some of whose arguments are numbers."""
    size = max(width_of(kind) for kind in given if isinstance(kind, Lanes))
    kinds = [kind if isinstance(kind, Lanes) else types.float64 for kind in given]

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        writer = Writer(builder, size)
        values = (
            value if isinstance(kind, Lanes) else writer.everywhere(value)
            for kind, value in zip(signature.args, args, strict=True)
        )
        return build(writer, *values)

    return OF_WIDTH[size](*kinds), code


def _function(build: Callable[..., Any], arguments: int) -> Any:
    """Make a function of lanes from what builds its instruction."""
    if arguments == 1:
        return intrinsic(lambda typing, x: _typed((x,), build))
    if arguments == 2:
        return intrinsic(lambda typing, x, y: _typed((x, y), build))
    return intrinsic(lambda typing, x, y, z: _typed((x, y, z), build))


@intrinsic
def fused(typing: Any, x: Any, y: Any, z: Any) -> Any:
    """Return x y + z of three numbers, rounded once."""
    return types.float64(*[types.float64] * 3), lambda _, b, __, args: b.fma(*args)


@intrinsic
def highest(typing: Any, x: Any) -> Any:
    """Return the largest of all lanes in every lane; NaN if one is not a number."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        (top,) = args
        width = signature.return_type.width
        for shift in (width >> k for k in range(1, width.bit_length())):
            turn = [(lane + shift) % width for lane in range(width)]
            mask = ir.Constant(ir.VectorType(ir.IntType(32), width), turn)
            other = builder.shuffle_vector(top, top, mask)
            kept = builder.or_(
                builder.fcmp_ordered(">", top, other), builder.fcmp_unordered("uno", top, top)
            )
            top = builder.select(kept, top, other)
        return top

    return x(x), code


fma = _function(lambda w, x, y, z: w.apply("fma", x, y, z), 3)
magnitude = _function(lambda w, x: w.apply("fabs", x), 1)
root = _function(lambda w, x: w.apply("sqrt", x), 1)
# The smaller of two; of a NaN and a number one or the other.
smaller = _function(lambda w, x, y: w.b.select(w.b.fcmp_ordered("<", x, y), x, y), 2)
# The larger of two; of a NaN and a number one or the other.
larger = _function(lambda w, x, y: w.b.select(w.b.fcmp_ordered(">", x, y), x, y), 2)
# Where x is positive y, elsewhere z.
where = _function(lambda w, x, y, z: w.b.select(w.b.fcmp_ordered(">", x, w.zero), y, z), 3)
# y 2^k, where x = 1.5 2^52 + k holds the whole number k in its last bits.
_scaled = _function(
    lambda w, x, y: w.b.bitcast(
        w.b.add(w.b.shl(w.b.bitcast(x, w.bits), w.whole(52)), w.b.bitcast(y, w.bits)), w.kind
    ),
    2,
)

_EXPONENT = 0x7FF << 52
# 2^-k of a positive x that is not subnormal, with 2^k ≤ x < 2^(k+1), k at most 1021.
unit_of = _function(
    lambda w, x: w.b.bitcast(
        w.b.sub(w.whole(2046 << 52), w.b.and_(w.b.bitcast(x, w.bits), w.whole(_EXPONENT))),
        w.kind,
    ),
    1,
)
# That k; -1023 of zero and of subnormal numbers.
exponent = _function(
    lambda w, x: w.b.fsub(
        w.b.bitcast(
            w.b.or_(
                w.b.lshr(w.b.and_(w.b.bitcast(x, w.bits), w.whole(_EXPONENT)), w.whole(52)),
                w.whole(0x433 << 52),
            ),
            w.kind,
        ),
        w.constant(2.0**52 + 1023.0),
    ),
    1,
)


def _teach(symbol: Any, instruction: str) -> None:
    """Let one of Python's operators act on lanes, and on lanes and numbers."""

    @type_callable(symbol)
    def kind(context: Any) -> Any:
        def typer(x: Any, y: Any) -> Any:
            lanes = [kind for kind in (x, y) if isinstance(kind, Lanes)]
            fits = all(isinstance(kind, Lanes | types.Number) for kind in (x, y))
            return lanes[0] if lanes and fits else None

        return typer

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        writer = Writer(builder, signature.return_type.width)
        values = (
            value
            if isinstance(kind, Lanes)
            else writer.everywhere(context.cast(builder, value, kind, types.float64))
            for kind, value in zip(signature.args, args, strict=True)
        )
        return getattr(builder, instruction)(*values)

    for one, other in ((Lanes, Lanes), (Lanes, types.Number), (types.Number, Lanes)):
        lower_builtin(symbol, one, other)(code)


_teach(operator.add, "fadd")
_teach(operator.sub, "fsub")
_teach(operator.mul, "fmul")
_teach(operator.truediv, "fdiv")

_ROUNDER = 1.5 * 2.0**52  # added to a number, it leaves the nearest integer in the last bits
_LOG2E, _LN2_HIGH, _LN2_LOW = 1.4426950408889634, 0.6931471805598903, 5.497923018708371e-14


@register_jitable
def exp(x: Any) -> Any:
    """Return e^x to two units in the last place, for |x| < 700."""
    shifted = fma(x, _LOG2E, _ROUNDER)
    k = shifted - _ROUNDER
    r = fma(k, -_LN2_LOW, fma(k, -_LN2_HIGH, x))
    factorial = 479001600.0
    p = 0.0 * r + 1.0 / factorial
    for n in range(12, 0, -1):
        factorial /= n
        p = fma(p, r, 1.0 / factorial)
    return _scaled(shifted, p)


@register_jitable
def mean_growth(x: Any, e: Any) -> Any:
    """Return (e^x - 1)/x, the mean of exp over [0, x], given e = e^x; 1 at x = 0."""
    factorial = 39916800.0
    p = 0.0 * x + 1.0 / factorial
    for n in range(11, 1, -1):
        factorial /= n
        p = fma(p, x, 1.0 / factorial)
    return where(magnitude(x) - 0.25, (e - 1.0) / x, p)
