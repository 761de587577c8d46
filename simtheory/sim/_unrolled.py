"""Slopes of small matrices, written out without a loop.

With m_ij = (a_i + a_j)/2 and Z = m ∘ W the slope of a tied net's W is 2Z - WZ - ZW. Its triangle is
cut into tiles, so that no sum is made twice and each fits the registers.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeAlias

from numba.core import cgutils

from simtheory.sim._lanes import INT, LANES, Writer, named, number
from simtheory.sim._places import SMALL

LARGEST = 8  # dimension

_Entries: TypeAlias = Callable[[int, int], Any]


def tied_slope(w: Writer, m: Any, at: Any, y: Any, out: Any) -> None:
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
