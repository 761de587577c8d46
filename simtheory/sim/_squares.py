"""Products of a single net's matrices, whose rows are cut into lanes.

A symmetric matrix stands in squares of eight by eight, those on and below the diagonal: a square is
read as eight rows, and its mirror image is those rows turned in registers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from simtheory.sim._lanes import INT, LANES, Writer, named, number
from simtheory.sim._loops import covered, summed, transposed

_ROWS = {1: (LANES, 4, 2, 1)}  # that are summed together


def product(w: Writer, *arguments: Any) -> None:
    """Write a product of matrices, whose arguments `_tiles` tells."""
    m, x, x_row, x_column, y, y_row, _, out, rows, inner, columns = arguments
    b = w.b
    across = b.sdiv(b.add(columns, number(LANES - 1)), number(LANES))
    between = b.sdiv(y_row, number(LANES))

    def tile(i: Any, height: int, j: Any, width: int) -> None:
        lines = [b.mul(b.add(i, number(r)), x_row) for r in range(height)]

        def terms(k: Any) -> list[tuple[Any, Any]]:
            along, row = b.mul(k, x_column), b.add(y, b.add(b.mul(k, between), j))
            left = [w.everywhere(w.one(m, x, b.add(line, along))) for line in lines]
            right = [w.read(m, b.add(row, number(c))) for c in range(width)]
            return [(one, other) for one in left for other in right]

        sums = summed(w, number(0), inner, [w.zero] * (height * width), terms)
        for e, total in enumerate(sums):
            line = b.mul(b.add(i, number(e // width)), across)
            w.write(m, b.add(out, b.add(line, b.add(j, number(e % width)))), total)

    def band(i: Any, height: int) -> None:
        covered(w, across, {1: (2, 1)}, lambda j, width: tile(i, height, j, width))

    covered(w, rows, _ROWS, band)


def unfolding(w: Writer, m: Any, at: Any, y: Any, W: Any) -> None:
    """Write the full matrix W of a triangle; of squares on the diagonal half is read."""
    b = w.b
    across = named(b, at, "across")

    def square(i: Any, j: Any) -> list[Any]:
        first = b.add(y, _line(b, b.mul(i, number(LANES)), j))
        return [w.read(m, b.add(first, number(r))) for r in range(LANES)]

    def put(i: Any, j: Any, rows: Sequence[Any]) -> None:
        for r, row in enumerate(rows):
            line = b.mul(b.add(b.mul(i, number(LANES)), number(r)), across)
            w.write(m, b.add(W, b.add(line, j)), row)

    with cgutils.for_range(b, across, intp=INT) as outer:
        i = outer.index
        with cgutils.for_range(b, i, intp=INT) as inner:
            rows = square(i, inner.index)
            put(i, inner.index, rows)
            put(inner.index, i, transposed(b, rows))
        rows = square(i, i)
        bits = ir.VectorType(ir.IntType(1), LANES)
        below = [ir.Constant(bits, [c <= r for c in range(LANES)]) for r in range(LANES)]
        turned = transposed(b, rows)
        put(i, i, [b.select(mask, *pair) for mask, *pair in zip(below, rows, turned, strict=True)])


def _line(b: Any, row: Any, j: Any) -> Any:
    """Return where in a triangle of squares a row stands in column j of them."""
    i, inside = b.lshr(row, number(3)), b.and_(row, number(LANES - 1))
    before = b.add(b.lshr(b.mul(i, b.add(i, number(1))), number(1)), j)
    return b.add(b.mul(before, number(LANES)), inside)


def tied_slope(w: Writer, m: Any, at: Any, y: Any, out: Any) -> None:
    """Write h times the slope, one column of squares after the other.

    What the squares of a column share, a_k w_kj, is written behind W first.
    """
    b, half = w.b, w.constant(0.5)
    d, across, rates, means = (named(b, at, name) for name in ("d", "across", "rates", "means"))
    W = named(b, at, "work")
    unfolding(w, m, at, y, W)
    h, scaled = w.read(m, named(b, at, "h")), b.add(W, b.mul(named(b, at, "line"), across))

    def entry(k: Any, j: Any) -> Any:  # W is symmetric: its rows are its columns
        return w.read(m, b.add(W, b.add(b.mul(k, across), j)))

    def sums_of(
        i: Any, height: int, right: Callable[[Any], Sequence[Any]], count: int
    ) -> Sequence[Any]:
        """Return the sums of w_ki x over k, for each row i and each x of right(k)."""

        def terms(k: Any) -> list[tuple[Any, Any]]:
            row = b.add(W, b.mul(k, across))
            left = [w.everywhere(w.one(m, row, b.add(i, number(r)))) for r in range(height)]
            return [(one, other) for other in right(k) for one in left]

        return summed(w, number(0), d, [w.zero] * (height * count), terms)

    def put(i: Any, j: Any, products: Sequence[tuple[Any, Any]]) -> None:
        for r, (square, weighted) in enumerate(products):
            row = b.add(i, number(r))
            p = _line(b, row, j)
            here, mean = entry(row, j), w.read(m, b.add(means, p))
            slope = b.fsub(b.fmul(mean, b.fsub(b.fadd(here, here), square)), weighted)
            w.write(m, b.add(out, p), b.fmul(h, slope))

    with cgutils.for_range(b, across, intp=INT) as columns:
        j = columns.index
        corner, a = b.mul(j, number(LANES)), w.read(m, b.add(rates, j))
        with cgutils.for_range(b, d, intp=INT) as inner:
            k = inner.index
            rate = w.everywhere(w.one(m, rates, k))
            w.write(m, b.add(scaled, k), b.fmul(rate, entry(k, j)))

        def both(k: Any) -> list[Any]:
            return [entry(k, j), w.read(m, b.add(scaled, k))]

        def halves(k: Any) -> list[Any]:
            """On the diagonal the sum of (a_j + a_k)/2 w_ik w_kj and its transpose is enough."""
            plain, weighted = both(k)
            return [b.fmul(half, w.apply("fma", a, plain, weighted))]

        def below(i: Any, height: int) -> None:
            sums = sums_of(i, height, both, 2)
            put(i, j, list(zip(sums[:height], sums[height:], strict=True)))

        sums = list(sums_of(corner, LANES, halves, 1))
        whole = [b.fadd(*pair) for pair in zip(sums, transposed(b, sums), strict=True)]
        put(corner, j, [(w.zero, total) for total in whole])
        covered(w, d, _ROWS, below, start=b.add(corner, number(LANES)))
