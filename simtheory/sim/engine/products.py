"""Sums and products over lanes, and data turned into lanes, written as LLVM instructions.

A few loops carry nearly all the arithmetic of a run. Each keeps a tile of sums in registers while it
reads the numbers that they share, which the compiler does not find. They are functions of
their own: copied to every place they are called from, they would take a minute to compile.

A symmetric matrix of a single net stands in squares of eight by eight, those on and below the
diagonal: a square is read as eight rows, and its mirror image is those rows turned in registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from simtheory.sim.engine.lanes import (
    INT,
    LANES,
    Writer,
    entry_of,
    named,
    number,
    places,
    scalar_of,
)
from simtheory.sim.engine.layout import SINGLE, SQUARE
from simtheory.sim.engine.loops import apart, covered, summed, transposed

# How many numbers are summed together: 16 registers hold sums, of one to four each.
_SUMS = {  # in combinations of one, two and four rows
    1: {1: (12, 6, 3, 1), 4: (3, 1)},
    2: {1: (8, 4, 2, 1), 4: (2, 1)},
    4: {1: (4, 2, 1), 4: (1,)},
}
SIDES = {1: (4, 2, 1), 4: (2, 1)}  # rows or columns of a product
_LINES = {1: (8, 4, 2, 1), 4: (2, 1)}  # columns, where there is one row
ROWS = {1: (SQUARE, 4, 2, 1)}  # rows of a single net's product


@intrinsic
def combine(typing: Any, m: Any, at: Any, base: Any, row: Any, out: Any) -> Any:
    """Write base + Σ_s weight_s K_s to place `out`, with the weights of a row of the tableau.

    All have at.n entries; slope K_s begins at place at.slopes + s at.n. The entries of the tableau
    that are not zero stand row after row: those of a row begin at at[at.first + row], their stages
    at at[at.stages], their weights at place at.weights.
    """
    kind = types.void(m, places, types.intp, types.intp, types.intp)
    return kind, apart("combine", _combination)


def _block(count: int) -> Any:
    """Return what writes Σ_s weight_s K_s of a block of rows to `out`, one after the other.

    The entries of a block stand column after column, so that each slope is read once.
    """

    @intrinsic
    def combine_block(typing: Any, m: Any, at: Any, row: Any, out: Any) -> Any:
        def body(w: Writer, m: Any, at: Any, row: Any, out: Any) -> None:
            _combination(w, m, at, None, row, out, count)

        return types.void(m, places, types.intp, types.intp), apart(f"combine{count}", body)

    return combine_block


combine_two, combine_four = _block(2), _block(4)


def _combination(w: Writer, m: Any, at: Any, base: Any, row: Any, out: Any, count: int = 1) -> None:
    b = w.b
    n, slopes, stages = (named(b, at, name) for name in ("n", "slopes", "stages"))
    begin = b.add(named(b, at, "first"), row)
    first, last = entry_of(b, at, begin), entry_of(b, at, b.add(begin, number(1)))
    columns = b.sdiv(b.sub(last, first), number(count))
    weights = b.mul(named(b, at, "weights"), number(w.width))

    def part(p: Any, width: int) -> None:
        def lying(start: Any) -> list[Any]:
            line = b.add(start, p)
            return [b.add(line, number(c)) for c in range(width)]

        def terms(k: Any) -> list[tuple[Any, Any]]:
            column = b.add(first, b.mul(k, number(count)))
            q = [b.add(column, number(r)) for r in range(count)]
            factors = [w.everywhere(b.load(scalar_of(b, m, b.add(weights, one)))) for one in q]
            slope = b.add(slopes, b.mul(n, entry_of(b, at, b.add(stages, q[0]))))
            line = [w.read(m, place) for place in lying(slope)]
            return [(factor, one) for factor in factors for one in line]

        before = [w.read(m, place) for place in lying(base)] if base else [w.zero] * (count * width)
        sums = summed(w, number(0), columns, before, terms)
        rows = [b.add(out, b.mul(n, number(r))) for r in range(count)]
        for total, place in zip(sums, [p for t in rows for p in lying(t)], strict=True):
            w.write(m, place, total)

    covered(w, n, _SUMS[count], part)


def _multiplication(name: str, *, adding: bool) -> Any:
    """Return what writes the product X Y of shape (rows, columns) to place `out`, row after row.

    Entry (i, k) of X is at place x + i x_row + k x_column, and so for Y: a transposed matrix is one
    with its two strides exchanged. In the memory of one net, where nothing is added, the strides
    count numbers; rows of Y and of the product begin at places, so y_column is 1.
    """

    @intrinsic
    def product(
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
        others = {} if adding else {SINGLE: _product_of_rows}
        kind = types.void(m, *[types.intp] * 10)
        return kind, apart(name, partial(_product, adding=adding), others)

    return product


multiply = _multiplication("multiply", adding=False)
add_product = _multiplication("add_product", adding=True)  # to what is at `out`


def _product(w: Writer, *arguments: Any, adding: bool) -> None:
    m, x, x_row, x_column, y, y_row, y_column, out, rows, inner, columns = arguments
    b = w.b

    def along(start: Any, count: Any, stride: Any) -> Any:
        return b.add(start, b.mul(count, stride))

    def tile(i: Any, height: int, j: Any, width: int) -> None:
        lines = [along(x, b.add(i, number(r)), x_row) for r in range(height)]
        stacks = [along(y, b.add(j, number(c)), y_column) for c in range(width)]

        def terms(k: Any) -> list[tuple[Any, Any]]:
            left = [w.read(m, along(line, k, x_column)) for line in lines]
            right = [w.read(m, along(stack, k, y_row)) for stack in stacks]
            return [(one, other) for one in left for other in right]

        def written() -> list[Any]:
            starts = [b.add(along(out, b.add(i, number(r)), columns), j) for r in range(height)]
            return [b.add(start, number(c)) for start in starts for c in range(width)]

        before = [w.read(m, p) for p in written()] if adding else [w.zero] * (height * width)
        sums = summed(w, number(0), inner, before, terms)
        for total, place in zip(sums, written(), strict=True):
            w.write(m, place, total)

    def band(i: Any, height: int) -> None:
        widths = SIDES if height > 1 else _LINES
        covered(w, columns, widths, lambda j, width: tile(i, height, j, width))

    covered(w, rows, SIDES, band)


def _product_of_rows(w: Writer, *arguments: Any) -> None:
    """Write the product of a single net's matrices; the arguments are those of `multiply`."""
    m, x, x_row, x_column, y, y_row, _, out, rows, inner, columns = arguments
    b = w.b
    across = b.sdiv(b.add(columns, number(SQUARE - 1)), number(SQUARE))
    between = b.sdiv(y_row, number(SQUARE))

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

    covered(w, rows, ROWS, band)


@intrinsic
def unfold(typing: Any, m: Any, at: Any, y: Any, W: Any) -> Any:
    """Write the full matrix W of the triangle y.

    That of one net stands in squares of eight by eight; on the diagonal their upper halves are not
    read.
    """
    kind = types.void(m, places, types.intp, types.intp)
    return kind, apart("unfold", unfolding, {SINGLE: unfolding_of_squares})


def unfolding(w: Writer, m: Any, at: Any, y: Any, W: Any, Z: Any = None) -> None:
    """Write W and, if a place is given for it, Z = m ∘ W."""
    b = w.b
    d, means = named(b, at, "d"), named(b, at, "means")
    with cgutils.for_range(b, d, intp=INT) as rows:
        i = rows.index
        above, line = b.add(i, number(1)), b.mul(i, d)
        start = b.lshr(b.mul(i, above), number(1))
        with cgutils.for_range(b, above, intp=INT) as columns:
            j = columns.index
            p = b.add(start, j)
            entry = w.read(m, b.add(y, p))
            full = [(W, entry)]
            if Z is not None:
                full.append((Z, b.fmul(w.read(m, b.add(means, p)), entry)))
            for place, one in full:
                w.write(m, b.add(place, b.add(line, j)), one)
                w.write(m, b.add(place, b.add(b.mul(j, d), i)), one)


def unfolding_of_squares(w: Writer, m: Any, at: Any, y: Any, W: Any) -> None:
    """Write the full matrix W of a triangle; of squares on the diagonal half is read."""
    b = w.b
    across = named(b, at, "across")

    def square(i: Any, j: Any) -> list[Any]:
        first = b.add(y, square_row(b, b.mul(i, number(SQUARE)), j))
        return [w.read(m, b.add(first, number(r))) for r in range(SQUARE)]

    def put(i: Any, j: Any, rows: Sequence[Any]) -> None:
        for r, row in enumerate(rows):
            line = b.mul(b.add(b.mul(i, number(SQUARE)), number(r)), across)
            w.write(m, b.add(W, b.add(line, j)), row)

    with cgutils.for_range(b, across, intp=INT) as outer:
        i = outer.index
        with cgutils.for_range(b, i, intp=INT) as inner:
            rows = square(i, inner.index)
            put(i, inner.index, rows)
            put(inner.index, i, transposed(b, rows))
        rows = square(i, i)
        bits = ir.VectorType(ir.IntType(1), SQUARE)
        below = [ir.Constant(bits, [c <= r for c in range(SQUARE)]) for r in range(SQUARE)]
        turned = transposed(b, rows)
        put(i, i, [b.select(mask, *pair) for mask, *pair in zip(below, rows, turned, strict=True)])


def square_row(b: Any, row: Any, j: Any) -> Any:
    """Return where in a triangle of squares a row stands in column j of them."""
    i, inside = b.sdiv(row, number(SQUARE)), b.and_(row, number(SQUARE - 1))
    before = b.add(b.lshr(b.mul(i, b.add(i, number(1))), number(1)), j)
    return b.add(b.mul(before, number(SQUARE)), inside)


@intrinsic
def gather(typing: Any, m: Any, place: Any, stride: Any, count: Any, starts: Any) -> Any:
    """Write `count` numbers of each lane to the places `place`, `place` + `stride`, ….

    At address `starts` stand as many more as there are lanes, those from which on the numbers of a lane lie in a row.
    As many numbers of all lanes as there are lanes are read as rows and turned in registers.
    """
    return types.void(*[types.intp] * 5), apart("gather", _gathering)


def _gathering(w: Writer, m: Any, place: Any, stride: Any, count: Any, starts: Any) -> None:
    b, table = w.b, w.b.inttoptr(starts, INT.as_pointer())
    lines = [b.load(b.gep(table, [number(lane)])) for lane in range(LANES)]

    def part(i: Any, width: int) -> None:
        firsts = [scalar_of(b, line, i) for line in lines]
        if width == LANES:
            rows = [b.load(b.bitcast(start, w.kind.as_pointer()), align=8) for start in firsts]
            columns = transposed(b, rows)
        else:
            columns = [w.zero]
            for lane, start in enumerate(firsts):
                columns[0] = b.insert_element(columns[0], b.load(start), number(lane))
        for c, column in enumerate(columns):
            w.write(m, b.add(place, b.mul(stride, b.add(i, number(c)))), column)

    covered(w, count, {1: (LANES, 1)}, part)


@intrinsic
def scatter(typing: Any, m: Any, place: Any, stride: Any, count: Any, starts: Any) -> Any:
    """Write what stands at the places `place`, `place` + `stride`, … to a row for each lane.

    At address `starts` stand as many more as there are lanes, those from which on the `count` numbers of a lane go.
    """
    return types.void(*[types.intp] * 5), apart("scatter", _scattering)


def _scattering(w: Writer, m: Any, place: Any, stride: Any, count: Any, starts: Any) -> None:
    b, table = w.b, w.b.inttoptr(starts, INT.as_pointer())
    lines = [b.load(b.gep(table, [number(lane)])) for lane in range(LANES)]

    def part(i: Any, width: int) -> None:
        columns = [
            w.read(m, b.add(place, b.mul(stride, b.add(i, number(c))))) for c in range(width)
        ]
        if width == LANES:
            for line, row in zip(lines, transposed(b, columns), strict=True):
                start = b.bitcast(scalar_of(b, line, i), w.kind.as_pointer())
                b.store(row, start).align = 8
        else:
            for lane, line in enumerate(lines):
                b.store(b.extract_element(columns[0], number(lane)), scalar_of(b, line, i))

    covered(w, count, {1: (LANES, 1)}, part)
