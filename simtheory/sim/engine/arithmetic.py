"""Arithmetic of lanes: operators, and functions that act on all lanes at once."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, type_callable

from simtheory.sim.engine.compilation import common
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
# Exponent and mantissa: of a positive number x = 2^k r with r in [1, 2), k and r; k = -1023 of zero.
exponent = _function(lambda w, x: w.exponent(x), 1)
_mantissa = _function(
    lambda w, x: w.b.bitcast(
        w.b.or_(w.b.and_(w.b.bitcast(x, w.bits), w.whole((1 << 52) - 1)), w.whole(1023 << 52)),
        w.kind,
    ),
    1,
)

unit_of = _function(lambda w, x: w.unit(x), 1)


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


@common
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


@common
def mean_growth(x: Any, e: Any) -> Any:
    """Return (e^x - 1)/x, the mean of exp over [0, x], given e = e^x; 1 at x = 0."""
    factorial = 39916800.0
    p = 0.0 * x + 1.0 / factorial
    for n in range(11, 1, -1):
        factorial /= n
        p = fma(p, x, 1.0 / factorial)
    return where(magnitude(x) - 0.25, (e - 1.0) / x, p)


@common
def log(x: Any) -> Any:
    """Return the natural logarithm to two units in the last place, for normal x > 0."""
    k, r = exponent(x), _mantissa(x)
    above = r - 1.4142135623730951
    k, r = where(above, k + 1.0, k), where(above, 0.5 * r, r)
    s = (r - 1.0) / (r + 1.0)
    square = s * s
    p = 0.0 * s + 2.0 / 23.0
    for n in range(21, 1, -2):
        p = fma(p, square, 2.0 / n)
    return fma(k, _LN2_HIGH, fma(k, _LN2_LOW, fma(s * square, p, 2.0 * s)))


@common
def turn(u: Any) -> Any:
    """Return cosine and sine of 2πu for u in [0, 1], each to 1e-15."""
    x = 1.5707963267948966 * u - 0.7853981633974483  # a quarter of the angle less half a turn
    square = x * x
    factorial = 20922789888000.0  # 16!
    cosine, sine = 0.0 * x + 1.0 / factorial, 0.0 * x + 1.0 / (17.0 * factorial)
    for n in range(14, -1, -2):
        factorial /= (n + 1.0) * (n + 2.0)
        sign = 1.0 - n % 4
        cosine = fma(cosine, square, sign / factorial)
        sine = fma(sine, square, sign / (factorial * (n + 1.0)))
    sine = sine * x
    for _ in range(2):  # twice the angle, then twice that
        cosine, sine = fma(-2.0 * sine, sine, 1.0), 2.0 * sine * cosine
    return 0.0 - cosine, 0.0 - sine
