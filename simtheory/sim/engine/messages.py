"""Messages of sum-product over lanes, written as LLVM instructions: sums along lists, scales, and answers.

A message is a row of numbers. Four messages are computed side by side: they share the list of products, so
that an entry of it is read once, and no sum waits for another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from simtheory.sim.engine.lanes import INT, LANES, Writer, entry_of, number, places, scalar_of
from simtheory.sim.engine.loops import apart, covered, summed, transposed

_ABREAST = {1: (4, 1)}  # messages that are computed side by side


@intrinsic
def pair_sums(
    typing: Any,
    m: Any,
    at: Any,
    first: Any,
    pairs: Any,
    rows: Any,
    x: Any,
    x_step: Any,
    y: Any,
    y_step: Any,
    out: Any,
    count: Any,
) -> Any:
    """Write `count` messages of `rows` numbers, one after the other, from place `out` on.

    Number b of message i is Σ_k X[i x_step + left_k] Y[i y_step + right_k], where X and Y begin at places x
    and y, k runs from at[first + b] to before at[first + b + 1], and the pair stands at at[pairs + 2 k].
    """
    return types.void(m, places, *[types.intp] * 9), apart("pair_sums", _pair_sums)


def _pair_sums(w: Writer, *arguments: Any) -> None:
    m, at, first, pairs, rows, x, x_step, y, y_step, out, count = arguments
    b = w.b

    def part(i: Any, width: int) -> None:
        def begun(start: Any, step: Any) -> list[Any]:
            each = [b.add(start, b.mul(b.add(i, number(c)), step)) for c in range(width)]
            return [w.address(m, place) for place in each]

        ones, others, sums = begun(x, x_step), begun(y, y_step), begun(out, rows)
        with cgutils.for_range(b, rows, intp=INT) as row:
            here = b.add(first, row.index)

            def terms(k: Any) -> list[tuple[Any, Any]]:
                pair = b.add(pairs, b.shl(k, number(1)))
                left, right = entry_of(b, at, pair), entry_of(b, at, b.add(pair, number(1)))
                return [
                    (w.read(one, left), w.read(other, right))
                    for one, other in zip(ones, others, strict=True)
                ]

            ends = entry_of(b, at, here), entry_of(b, at, b.add(here, number(1)))
            totals = summed(w, *ends, [w.zero] * width, terms, may_be_empty=True)
            for place, total in zip(sums, totals, strict=True):
                w.write(place, row.index, total)

    covered(w, count, _ABREAST, part)


def _folded(
    w: Writer,
    n: Any,
    start: float,
    width: int,
    step: Callable[[Any, Any], Any],
    terms: Callable[[Any], Sequence[Any]],
) -> list[Any]:
    """Return, for each of `width` messages, its terms(0) ... terms(n - 1) taken one by one by `step`."""
    b = w.b
    held = [cgutils.alloca_once(b, w.kind) for _ in range(width)]
    for one in held:
        b.store(w.constant(start), one)
    with cgutils.for_range(b, n, intp=INT) as loop:
        for one, term in zip(held, terms(loop.index), strict=True):
            b.store(step(b.load(one), term), one)
    return [b.load(one) for one in held]


def _smaller(w: Writer, x: Any, y: Any) -> Any:
    return w.b.select(w.b.fcmp_ordered("<", x, y), x, y)


@intrinsic
def settle(typing: Any, m: Any, start: Any, n: Any, count: Any, out: Any) -> Any:
    """Bring `count` messages of n numbers, one after the other from place `start` on, to sums in [1, 2).

    Each is multiplied with a power of two. The places from `out` on take the sum of the exponents, the
    least sum or 1, the sum of the sums, and the least number or 1. What is not finite, and sums of 2^1021 or
    more, are seen in the third, what is negative in the last.
    """
    return types.void(m, *[types.intp] * 4), apart("settle", _settling)


def _settling(w: Writer, m: Any, start: Any, n: Any, count: Any, out: Any) -> None:
    b = w.b
    held = [w.address(m, b.add(out, number(k))) for k in range(4)]
    for place, begin in zip(held, (w.zero, w.constant(1.0), w.zero, w.constant(1.0)), strict=True):
        w.write(place, number(0), begin)

    def part(i: Any, width: int) -> None:
        each = [b.add(start, b.mul(b.add(i, number(c)), n)) for c in range(width)]
        lines = [w.address(m, place) for place in each]

        def terms(a: Any) -> list[Any]:
            return [w.read(line, a) for line in lines]

        sums = _folded(w, n, 0.0, width, b.fadd, terms)
        least = _folded(w, n, 1.0, width, lambda low, x: _smaller(w, x, low), terms)
        units = [w.unit(z) for z in sums]
        with cgutils.for_range(b, n, intp=INT) as loop:
            for line, unit in zip(lines, units, strict=True):
                w.write(line, loop.index, b.fmul(unit, w.read(line, loop.index)))
        bits, low, whole, smallest = (w.read(place, number(0)) for place in held)
        for z in sums:
            bits, low, whole = b.fadd(bits, w.exponent(z)), _smaller(w, z, low), b.fadd(whole, z)
        for one in least:
            smallest = _smaller(w, one, smallest)
        values = bits, low, whole, smallest
        for place, value in zip(held, values, strict=True):
            w.write(place, number(0), value)

    covered(w, count, _ABREAST, part)


def _answers(name: str, *, products: bool) -> Any:
    @intrinsic
    def tell(typing: Any, m: Any, x: Any, y: Any, n: Any, count: Any, starts: Any, out: Any) -> Any:
        """Write the shares of `count` messages of n numbers, over their sums, to a row for each lane.

        The messages begin at place x; with `products` they are products with those at place y. The rows
        begin at the addresses that stand at address `starts`. Place `out` takes the least sum or 1; four
        places after it are used.
        """
        return types.void(m, *[types.intp] * 6), apart(name, partial(_telling, products=products))

    return tell


tell = _answers("tell", products=False)
tell_products = _answers("tell_products", products=True)


def _telling(w: Writer, *arguments: Any, products: bool) -> None:
    m, x, y, n, count, starts, out = arguments
    b, table = w.b, w.b.inttoptr(starts, INT.as_pointer())
    rows = [b.load(b.gep(table, [number(lane)])) for lane in range(LANES)]
    starts_of = (x, y)[: 1 + products]
    w.write(m, out, w.constant(1.0))

    def term(places: list[Any], a: Any) -> Any:
        one, *other = (w.read(place, a) for place in places)
        return b.fmul(one, *other) if other else one

    def part(i: Any, width: int) -> None:
        shifts = [b.mul(b.add(i, number(c)), n) for c in range(width)]
        places = [[w.address(m, b.add(start, o)) for start in starts_of] for o in shifts]
        sums = _folded(w, n, 0.0, width, b.fadd, lambda a: [term(one, a) for one in places])
        low = w.read(m, out)
        for z in sums:
            low = _smaller(w, z, low)
        w.write(m, out, low)
        for c, z in enumerate(sums):
            w.write(m, b.add(out, number(1 + c)), b.fdiv(w.constant(1.0), z))
        with cgutils.for_range(
            b, number(width), intp=INT
        ) as loop:  # unrolled, it would be compiled 4 times
            whole = w.read(m, b.add(out, b.add(number(1), loop.index)))
            shift = b.mul(b.add(i, loop.index), n)
            mine = [w.address(m, b.add(start, shift)) for start in starts_of]
            lines = [scalar_of(b, row, shift) for row in rows]

            def written(a: Any, span: int) -> None:
                columns = [b.fmul(whole, term(mine, b.add(a, number(k)))) for k in range(span)]
                if span == LANES:
                    for line, row in zip(lines, transposed(b, columns), strict=True):
                        place = b.bitcast(b.gep(line, [a]), w.kind.as_pointer())
                        b.store(row, place).align = 8
                    return
                for lane, line in enumerate(lines):
                    b.store(b.extract_element(columns[0], number(lane)), b.gep(line, [a]))

            covered(w, n, {1: (LANES, 1)}, written)

    covered(w, count, _ABREAST, part)
