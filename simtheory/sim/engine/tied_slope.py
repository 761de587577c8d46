"""The slope of a tied net's W, written as LLVM instructions.

With m_ij = (a_i + a_j)/2 and Z = m ∘ W the slope is 2Z - WZ - ZW, and ZW is the transpose of WZ. It
is written in three ways: without a loop for small matrices, whose triangle is cut into tiles so that
each sum is made once and fits the registers; in loops over tiles; and for a single large net column
of squares after column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from simtheory.sim.engine.lanes import INT, LANES, Writer, named, number, places
from simtheory.sim.engine.layout import SINGLE, SMALL, SQUARE, WIDE
from simtheory.sim.engine.loops import apart, covered, summed, transposed
from simtheory.sim.engine.products import ROWS, SIDES, square_row, unfolding, unfolding_of_squares

LARGEST = 8  # dimension up to which a slope is written out; beyond it is a loop over tiles
_PAIRS = {1: (2, 1)}  # columns, where each entry takes two sums

_Entries: TypeAlias = Callable[[int, int], Any]


@intrinsic
def tied_slope(typing: Any, m: Any, at: Any, y: Any, out: Any) -> Any:
    """Write h times the slope of a tied net's W, both triangles.

    With m_ij = (a_i + a_j)/2 and Z = m ∘ W it is h (2Z - WZ - ZW), and ZW is the transpose of WZ.
    """
    kind = types.void(m, places, types.intp, types.intp)
    others = {WIDE: _unrolled, SINGLE: _of_squares}
    return kind, apart("tied", _tied_slope, others)


def _tied_slope(w: Writer, m: Any, at: Any, y: Any, out: Any) -> None:
    b = w.b
    d, W = named(b, at, "d"), named(b, at, "work")
    with b.if_then(b.icmp_signed("<=", d, number(LARGEST))):
        _unrolled(w, m, at, y, out)
        b.ret_void()
    h, Z = w.read(m, named(b, at, "h")), b.add(W, b.mul(d, d))
    unfolding(w, m, at, y, W, Z)

    def tile(i: Any, height: int, j: Any, width: int, *, on_diagonal: bool) -> None:
        rows = [b.add(i, number(r)) for r in range(height)]
        columns = [b.add(j, number(c)) for c in range(width)]
        entries = [(r, c) for r in range(height) for c in range(width) if c <= r or not on_diagonal]
        # Both products sum the same on the diagonal, where one is enough.
        unequal = [(r, c) for r, c in entries if r != c or not on_diagonal]

        def terms(k: Any) -> list[tuple[Any, Any]]:
            (w_rows, z_rows), (w_columns, z_columns) = (
                [[w.read(m, b.add(X, b.add(b.mul(line, d), k))) for line in lines] for X in (W, Z)]
                for lines in (rows, columns)
            )
            left = [(w_rows[r], z_columns[c]) for r, c in entries]
            return left + [(z_rows[r], w_columns[c]) for r, c in unequal]

        sums = summed(w, number(0), d, [w.zero] * (len(entries) + len(unequal)), terms)
        second = dict(zip(unequal, sums[len(entries) :], strict=True))
        for (r, c), first in zip(entries, sums, strict=False):
            row, column = rows[r], columns[c]
            z = w.read(m, b.add(Z, b.add(b.mul(row, d), column)))
            slope = b.fsub(b.fadd(z, z), b.fadd(first, second.get((r, c), first)))
            p = b.add(b.lshr(b.mul(row, b.add(row, number(1))), number(1)), column)
            w.write(m, b.add(out, p), b.fmul(h, slope))

    def band(i: Any, height: int) -> None:
        covered(w, i, _PAIRS, lambda j, width: tile(i, height, j, width, on_diagonal=False))
        tile(i, height, i, height, on_diagonal=True)

    covered(w, d, SIDES, band)


def _unrolled(w: Writer, m: Any, at: Any, y: Any, out: Any) -> None:
    """Write h times the slope; a wide group is worked off register by register."""
    b, count = w.b, w.width // LANES
    for dim in range(1, (LARGEST if count == 1 else SMALL) + 1):
        with (
            b.if_then(b.icmp_signed("==", named(b, at, "d"), number(dim))),
            cgutils.for_range(b, number(count), intp=INT) as registers,
        ):
            _written(b, m, at, y, out, dim, count, registers.index)


def _written(
    b: Any, m: Any, at: Any, y: Any, out: Any, dim: int, count: int, register: Any
) -> None:
    w = Writer(b, LANES)
    pairs = [(i, j) for i in range(dim) for j in range(i + 1)]

    def place(start: Any, p: int) -> Any:
        return b.add(b.add(b.mul(start, number(count)), register), number(p * count))

    def triangle(start: Any) -> _Entries:
        def entry(i: int, j: int) -> Any:
            return w.read(m, place(start, pairs.index((max(i, j), min(i, j)))))

        return entry

    W, means, work = triangle(y), triangle(named(b, at, "means")), named(b, at, "work")
    products = {pair: b.fmul(means(*pair), W(*pair)) for pair in pairs}
    if dim <= SMALL:  # everything stays in registers
        held = {pair: W(*pair) for pair in pairs}
        W, Z = _held(held), _held(products)
    else:
        for p, product in enumerate(products.values()):
            w.write(m, place(work, p), product)
        Z = triangle(work)
    h = w.read(m, place(named(b, at, "h"), 0))
    cut = [0, dim] if dim <= SMALL else [0, (dim + 1) // 2, dim]
    blocks = [range(*ends) for ends in pairwise(cut)]
    for rows in blocks:
        for columns in blocks:
            tile = [(i, j) for i in rows for j in columns if j <= i]
            for pair, slope in _tile(w, W, Z, dim, tile).items():
                w.write(m, place(out, pairs.index(pair)), b.fmul(h, slope))


def _held(entries: dict[tuple[int, int], Any]) -> _Entries:
    return lambda i, j: entries[max(i, j), min(i, j)]


def _tile(
    w: Writer, W: _Entries, Z: _Entries, dim: int, tile: list[tuple[int, int]]
) -> dict[tuple[int, int], Any]:
    """Return the slopes of some entries, without h."""
    b = w.b
    # On the diagonal both sums are the same: one is made, and doubled with 2Z at the end.
    totals = {(i, j): Z(i, j) for i, j in tile}
    totals = {(i, j): z if i == j else b.fadd(z, z) for (i, j), z in totals.items()}
    for k in range(dim):
        rows = {i: (b.fneg(W(i, k)), b.fneg(Z(i, k))) for i in sorted({i for i, _ in tile})}
        columns = {j: (Z(j, k), W(j, k)) for j in sorted({j for _, j in tile})}
        for i, j in tile:
            for one, other in list(zip(rows[i], columns[j], strict=True))[: 1 if i == j else 2]:
                totals[i, j] = w.apply("fma", one, other, totals[i, j])
    return {(i, j): b.fadd(t, t) if i == j else t for (i, j), t in totals.items()}


def _of_squares(w: Writer, m: Any, at: Any, y: Any, out: Any) -> None:
    """Write h times the slope, one column of squares after the other.

    What the squares of a column share, a_k w_kj, is written behind W first.
    """
    b, half = w.b, w.constant(0.5)
    d, across, rates, means = (named(b, at, name) for name in ("d", "across", "rates", "means"))
    W = named(b, at, "work")
    unfolding_of_squares(w, m, at, y, W)
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
            p = square_row(b, row, j)
            here, mean = entry(row, j), w.read(m, b.add(means, p))
            slope = b.fsub(b.fmul(mean, b.fsub(b.fadd(here, here), square)), weighted)
            w.write(m, b.add(out, p), b.fmul(h, slope))

    with cgutils.for_range(b, across, intp=INT) as columns:
        j = columns.index
        corner, a = b.mul(j, number(SQUARE)), w.read(m, b.add(rates, j))
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

        sums = list(sums_of(corner, SQUARE, halves, 1))
        whole = [b.fadd(*pair) for pair in zip(sums, transposed(b, sums), strict=True)]
        put(corner, j, [(w.zero, total) for total in whole])
        covered(w, d, ROWS, below, start=b.add(corner, number(SQUARE)))
