"""Loops over lanes, written as LLVM instructions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from simtheory.sim.engine.lanes import INT, LANES, Writer, group_of, number
from simtheory.sim.engine.layout import Group


def apart(
    name: str,
    body: Callable[..., None],
    others: Mapping[Group, Callable[..., None]] = MappingProxyType({}),
) -> Callable[..., Any]:
    """Turn `body(writer, *arguments)` into a function that is not inlined into its callers.

    For some kinds of groups another body may take its place.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        group = group_of(signature.args[0])
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in args])
        whole = f"simtheory.{name}.{group.width}.{group.nets}"
        function = cgutils.get_or_insert_function(builder.module, kind, whole)
        if function.is_declaration:
            function.linkage = "linkonce_odr"
            function.attributes.add("noinline")
            inside = ir.IRBuilder(function.append_basic_block("entry"))
            others.get(group, body)(Writer(inside, group.width), *function.args)
            inside.ret_void()
        builder.call(function, args)
        return context.get_dummy_value()

    return code


def covered(
    w: Writer,
    end: Any,
    widths: Mapping[int, Sequence[int]],
    part: Callable[[Any, int], None],
    start: Any = None,
) -> None:
    """Cover start ... end - 1 by parts of the first width, what is left by the next, and so on."""
    done = start or number(0)
    for width in widths.get(w.width // LANES, widths[1]):
        until = w.b.sub(end, w.b.srem(w.b.sub(end, done), number(width)))
        with cgutils.for_range_slice(w.b, done, until, number(width), intp=INT) as (k, _):
            part(k, width)
        done = until


def summed(
    w: Writer,
    first: Any,
    last: Any,
    sums: Sequence[Any],
    terms: Callable[[Any], Sequence[tuple[Any, Any]]],
    *,
    may_be_empty: bool = False,
) -> Sequence[Any]:
    """Return sums + Σ_k x y over the pairs (x, y) of `terms(k)`, k from first to before last."""
    b, before = w.b, w.b.block
    loop, after = b.append_basic_block("sum"), b.append_basic_block("summed")
    if may_be_empty:
        b.cbranch(b.icmp_signed("<", first, last), loop, after)
    else:
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
    if not may_be_empty:
        return grown
    found = [b.phi(w.kind) for _ in sums]
    for phi, start, end in zip(found, sums, grown, strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(end, loop)
    return found


def transposed(b: Any, rows: list[Any]) -> list[Any]:
    """Transpose a square of rows: exchange halves, then halves of halves, to neighbours."""
    side = len(rows)
    for span in (n for n in (4, 2, 1) if n < side):
        kept = [k + (side - span if k & span else 0) for k in range(side)]
        moved = [k + (side if k & span else span) for k in range(side)]
        masks = [ir.Constant(ir.VectorType(ir.IntType(32), side), mask) for mask in (kept, moved)]
        rows = [
            b.shuffle_vector(rows[r & ~span], rows[r | span], masks[bool(r & span)])
            for r in range(side)
        ]
    return rows
