"""Sums and products over lanes, and data turned into lanes, written in the compiler's own language.

A few loops carry nearly all the arithmetic of a run. Each keeps a tile of sums in registers while it
reads the numbers that they share, which no compiler finds by itself. They are functions of their own:
copied to every place they are called from, they would make the compiler work for a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from simtheory.sim._lanes import (
    INT,
    LANES,
    Writer,
    entry_of,
    named,
    number,
    places,
    scalar_of,
    width_of,
)

# How many numbers are summed together: 16 registers hold sums, of one to four each.
_SUMS = {1: (12, 6, 3, 1), 4: (3, 1)}  # in a combination
_SIDES = {1: (4, 2, 1), 4: (2, 1)}  # rows or columns of a product
_LINES = {1: (8, 4, 2, 1), 4: (2, 1)}  # columns, where there is one row
_PAIRS = {1: (2, 1), 4: (1,)}  # columns, where each entry takes two sums


def _apart(name: str, body: Callable[..., None]) -> Callable[..., Any]:
    """Turn `body(writer, *arguments)` into a function that no caller takes in."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        width = width_of(signature.args[0])
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in args])
        whole = f"simtheory.{name}.{width}"
        function = cgutils.get_or_insert_function(builder.module, kind, whole)
        if function.is_declaration:
            function.linkage = "linkonce_odr"
            function.attributes.add("noinline")
            inside = ir.IRBuilder(function.append_basic_block("entry"))
            body(Writer(inside, width), *function.args)
            inside.ret_void()
        builder.call(function, args)
        return context.get_dummy_value()

    return code


def _covered(
    w: Writer,
    end: Any,
    widths: Mapping[int, Sequence[int]],
    part: Callable[[Any, int], None],
) -> None:
    """Cover 0 ... end - 1 by parts of the first width, what is left by the next, and so on."""
    done = number(0)
    for width in widths[w.width // LANES]:
        until = w.b.sub(end, w.b.srem(w.b.sub(end, done), number(width)))
        with cgutils.for_range_slice(w.b, done, until, number(width), intp=INT) as (k, _):
            part(k, width)
        done = until


def _summed(
    w: Writer,
    first: Any,
    last: Any,
    sums: Sequence[Any],
    terms: Callable[[Any], Sequence[tuple[Any, Any]]],
) -> Sequence[Any]:
    """Return sums + Σ_k x y over the pairs (x, y) of `terms(k)`, k from first to before last."""
    b, before = w.b, w.b.block
    loop, after = b.append_basic_block("sum"), b.append_basic_block("summed")
    b.branch(loop)
    b.position_at_end(loop)
    k = b.phi(INT)
    k.add_incoming(first, before)
    running = [b.phi(w.kind) for _ in sums]
    grown = [w.apply("fma", x, y, r) for (x, y), r in zip(terms(k), running, strict=True)]
    for phi, start, end in zip(running, sums, grown, strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(end, loop)
    following = b.add(k, number(1))
    k.add_incoming(following, loop)
    b.cbranch(b.icmp_signed("<", following, last), loop, after)
    b.position_at_end(after)
    return grown


@intrinsic
def combine(typing: Any, m: Any, at: Any, base: Any, row: Any, out: Any) -> Any:
    """Write base + Σ_s weight_s K_s to place `out`, with the weights of a row of the tableau.

    All have at.n entries; slope K_s begins at place at.slopes + s at.n. The entries of the tableau
    that are not zero stand row after row: those of a row begin at at[at.first + row], their stages
    at at[at.stages], their weights at place at.weights.
    """
    kind = types.void(m, places, types.intp, types.intp, types.intp)
    return kind, _apart("combine", _combination)


def _combination(w: Writer, m: Any, at: Any, base: Any, row: Any, out: Any) -> None:
    b = w.b
    n, slopes, stages = (named(b, at, name) for name in ("n", "slopes", "stages"))
    begin = b.add(named(b, at, "first"), row)
    first, last = entry_of(b, at, begin), entry_of(b, at, b.add(begin, number(1)))
    weights = b.mul(named(b, at, "weights"), number(w.width))

    def part(p: Any, width: int) -> None:
        def lying(start: Any) -> list[Any]:
            line = b.add(start, p)
            return [b.add(line, number(c)) for c in range(width)]

        def terms(q: Any) -> list[tuple[Any, Any]]:
            weight = w.everywhere(b.load(scalar_of(b, m, b.add(weights, q))))
            slope = b.add(slopes, b.mul(n, entry_of(b, at, b.add(stages, q))))
            return [(weight, w.read(m, place)) for place in lying(slope)]

        sums = _summed(w, first, last, [w.read(m, place) for place in lying(base)], terms)
        for total, place in zip(sums, lying(out), strict=True):
            w.write(m, place, total)

    _covered(w, n, _SUMS, part)


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
    with its two strides exchanged.
    """
    return types.void(m, *[types.intp] * 10), _apart("multiply", partial(_product, adding=False))


@intrinsic
def add_product(
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
    """Add the product X Y, given as for `multiply`, to what is at place `out`."""
    kind = types.void(m, *[types.intp] * 10)
    return kind, _apart("add_product", partial(_product, adding=True))


def _product(
    w: Writer,
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
    *,
    adding: bool,
) -> None:
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
        sums = _summed(w, number(0), inner, before, terms)
        for total, place in zip(sums, written(), strict=True):
            w.write(m, place, total)

    def band(i: Any, height: int) -> None:
        widths = _SIDES if height > 1 else _LINES
        _covered(w, columns, widths, lambda j, width: tile(i, height, j, width))

    _covered(w, rows, _SIDES, band)


@intrinsic
def gather(typing: Any, m: Any, place: Any, stride: Any, count: Any, starts: Any) -> Any:
    """Write `count` numbers of each of eight lanes to the places `place`, `place` + `stride`, ….

    At address `starts` stand eight more, those from which on the numbers of a lane lie in a row.
    Eight numbers of all lanes are read as eight rows and turned in registers.
    """
    return types.void(*[types.intp] * 5), _apart("gather", _gathering)


def _gathering(w: Writer, m: Any, place: Any, stride: Any, count: Any, starts: Any) -> None:
    b, table = w.b, w.b.inttoptr(starts, INT.as_pointer())
    lines = [b.load(b.gep(table, [number(lane)])) for lane in range(LANES)]

    def part(i: Any, width: int) -> None:
        sources = [scalar_of(b, line, i) for line in lines]
        if width == LANES:
            rows = [b.load(b.bitcast(source, w.kind.as_pointer()), align=8) for source in sources]
            columns = _transposed(b, rows)
        else:
            columns = [w.zero]
            for lane, source in enumerate(sources):
                columns[0] = b.insert_element(columns[0], b.load(source), number(lane))
        for c, column in enumerate(columns):
            w.write(m, b.add(place, b.mul(stride, b.add(i, number(c)))), column)

    _covered(w, count, {1: (LANES, 1)}, part)


def _transposed(b: Any, rows: list[Any]) -> list[Any]:
    """Transpose eight rows: exchange halves, then halves of halves, then neighbours."""
    for span in (4, 2, 1):
        kept = [k + (LANES - span if k & span else 0) for k in range(LANES)]
        moved = [k + (LANES if k & span else span) for k in range(LANES)]
        masks = [ir.Constant(ir.VectorType(ir.IntType(32), LANES), mask) for mask in (kept, moved)]
        rows = [
            b.shuffle_vector(rows[r & ~span], rows[r | span], masks[bool(r & span)])
            for r in range(LANES)
        ]
    return rows


@intrinsic
def tied_slope(typing: Any, m: Any, at: Any, W: Any, out: Any) -> Any:
    """Write h times the slope of a tied net's W, given full at place W, packed to place `out`.

    With m_ij = (a_i + a_j)/2 it is h (m_ij (2W - WW)_ij - (WAW)_ij): both products are symmetric,
    so the triangle is enough, and both use the same numbers.
    """
    return types.void(m, places, types.intp, types.intp), _apart("tied", _tied_slope)


def _tied_slope(w: Writer, m: Any, at: Any, W: Any, out: Any) -> None:
    b = w.b
    d, rates, means = (named(b, at, name) for name in ("d", "rates", "means"))
    h = w.read(m, named(b, at, "h"))

    def tile(i: Any, height: int, j: Any, width: int) -> None:
        rows = [b.add(i, number(r)) for r in range(height)]
        columns = [b.add(j, number(c)) for c in range(width)]

        def terms(k: Any) -> list[tuple[Any, Any]]:
            a = w.read(m, b.add(rates, k))
            left, right = (
                [w.read(m, b.add(W, b.add(b.mul(row, d), k))) for row in group]
                for group in (rows, columns)
            )
            scaled = [b.fmul(a, other) for other in right]
            return [(one, other) for group in (right, scaled) for one in left for other in group]

        sums = _summed(w, number(0), d, [w.zero] * (2 * height * width), terms)
        for e, (row, column) in enumerate((row, column) for row in rows for column in columns):
            square, weighted = sums[e], sums[height * width + e]
            above = b.icmp_signed(">", column, row)  # at the diagonal, where tiles stick out
            high, low = b.select(above, column, row), b.select(above, row, column)
            p = b.add(b.lshr(b.mul(high, b.add(high, number(1))), number(1)), low)
            here = w.read(m, b.add(W, b.add(b.mul(row, d), column)))
            mean = w.read(m, b.add(means, p))
            slope = b.fsub(b.fmul(mean, b.fsub(b.fadd(here, here), square)), weighted)
            w.write(m, b.add(out, p), b.fmul(h, slope))

    _covered(
        w,
        d,
        _SIDES,
        lambda i, height: _covered(
            w, b.add(i, number(height)), _PAIRS, lambda j, width: tile(i, height, j, width)
        ),
    )
