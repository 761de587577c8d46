"""Types of lanes and memory for Numba, and the instructions that read and write them.

Eight lanes fill a register of 512 bits. The smallest matrices take groups of 32, four registers for
each number: they need so little arithmetic that finding a number is most of the work. Eight large
matrices exceed the caches, so a large net is carried alone: its lanes hold eight neighbours in a row
of a matrix, and a number of the net (its step, its time) stands in all eight.

Two blocks of memory hold an integration. m, numbers in groups of lanes, is given by its address, a
multiple of 64 bytes; its type says what a group holds (a plain address means eight nets). at, a table
of whole numbers, says where in m each array begins and how long it is; its head has names
(``at.y``), its tail is read by index (``at[k]``).
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_builtin,
    lower_getattr_generic,
    models,
    register_model,
    type_callable,
)

from simtheory._typing import Array
from simtheory.errors import SimTheoryError
from simtheory.sim.engine.layout import ABREAST, LANES, NAMES, SINGLE, WIDE, Group

if config.DISABLE_JIT:  # lanes are instructions of the processor, which Python has not
    raise SimTheoryError(
        "Simulations run compiled code only, but the environment variable NUMBA_DISABLE_JIT is set. "
        "Unset it and start Python again."
    )

INT = ir.IntType(64)

_LINE = 64
"""Bytes of a line of the caches, from whose start memory begins; wider groups are aligned to it only."""


class Lanes(types.Type):
    def __init__(self, width: int) -> None:
        super().__init__(name=f"Lanes({width})")
        self.width = width


class _Memory(types.Type):
    """Address of m, where groups are not of the usual kind."""

    def __init__(self, group: Group) -> None:
        super().__init__(name=f"Memory{tuple(group)}")
        self.group = group


class _Places(types.Type):
    def __init__(self) -> None:
        super().__init__(name="Places")


OF_WIDTH = {group.width: Lanes(group.width) for group in (ABREAST, WIDE, SINGLE)}
_MEMORY = {ABREAST: types.intp, WIDE: _Memory(WIDE), SINGLE: _Memory(SINGLE)}
places = _Places()


def part_of(group: Group) -> Any:
    """Return the signature of what `call` calls."""
    return types.intp(_MEMORY[group], places, types.intp, types.intp)


def group_of(m: Any) -> Group:
    """Return what a group of a memory holds."""
    return m.group if isinstance(m, _Memory) else ABREAST


def width_of(kind: Any) -> int:
    """Return how wide the groups of a memory, or some lanes, are."""
    return kind.width if isinstance(kind, Lanes) else group_of(kind).width


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, ir.VectorType(ir.DoubleType(), kind.width))


@register_model(_Memory)
class _MemoryModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, INT)


@register_model(_Places)
class _PlacesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, INT.as_pointer())


def room(n: int, width: int = LANES) -> Array:
    """Return n groups of zeros, flat, from the start of a line of the caches on."""
    raw = np.zeros(n * width + _LINE // 8)
    first = -raw.ctypes.data % _LINE // 8
    return raw[first : first + n * width]


def number(n: int) -> Any:
    return ir.Constant(INT, n)


def entry_of(builder: Any, at: Any, index: Any) -> Any:
    """Read the table. It does not change while compiled code runs, so an entry is loaded once."""
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


class Writer:
    """Writes instructions on lanes of one width."""

    def __init__(self, builder: Any, width: int) -> None:
        self.b, self.width = builder, width
        self.kind = ir.VectorType(ir.DoubleType(), width)
        self.bits = ir.VectorType(INT, width)
        self.zero = self.constant(0.0)
        self.align = min(8 * width, _LINE)

    def constant(self, x: float) -> Any:
        """Return x in every lane, known when compiling."""
        return ir.Constant(self.kind, [x] * self.width)

    def whole(self, n: int) -> Any:
        """Return a whole number in every lane."""
        return ir.Constant(self.bits, [n] * self.width)

    def everywhere(self, x: Any) -> Any:
        """Return x in every lane."""
        nothing = ir.Constant(self.kind, ir.Undefined)
        first = self.b.insert_element(nothing, x, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return self.b.shuffle_vector(first, nothing, zeros)

    def _place(self, m: Any, index: Any) -> Any:
        return self.b.gep(self.b.inttoptr(m, self.kind.as_pointer()), [index])

    def address(self, m: Any, place: Any) -> Any:
        """Return the address of a place of m, as that of a memory."""
        return self.b.ptrtoint(self._place(m, place), INT)

    def read(self, m: Any, place: Any) -> Any:
        """Return the lanes at a place of m."""
        value = self.b.load(self._place(m, place))
        value.align = self.align
        return value

    def write(self, m: Any, place: Any, value: Any) -> None:
        """Write lanes to a place of m."""
        self.b.store(value, self._place(m, place)).align = self.align

    def one(self, m: Any, place: Any, k: Any) -> Any:
        """Return number k, alone, from a place of m on."""
        start = self.b.mul(place, number(self.width))
        return self.b.load(scalar_of(self.b, m, self.b.add(start, k)))

    def exponent(self, x: Any) -> Any:
        """Return k of a positive number x with 2^k ≤ x < 2^(k+1); -1023 of zero."""
        bits = self.b.lshr(self.b.bitcast(x, self.bits), self.whole(52))
        return self.b.sitofp(self.b.sub(bits, self.whole(1023)), self.kind)

    def unit(self, x: Any) -> Any:
        """Return 2^-k of a positive x that is not subnormal, with 2^k ≤ x < 2^(k+1), k at most 1021."""
        bits = self.b.and_(self.b.bitcast(x, self.bits), self.whole(0x7FF << 52))
        return self.b.bitcast(self.b.sub(self.whole(2046 << 52), bits), self.kind)

    def apply(self, name: str, *args: Any) -> Any:
        """Return one of LLVM's own functions of vectors."""
        kind = ir.FunctionType(self.kind, [self.kind] * len(args))
        name = f"llvm.{name}.v{self.width}f64"
        return self.b.call(cgutils.get_or_insert_function(self.b.module, kind, name), args)


def scalar_of(builder: Any, m: Any, index: Any) -> Any:
    """Return where one number of m stands."""
    return builder.gep(builder.inttoptr(m, ir.DoubleType().as_pointer()), [index])


@intrinsic
def wide(typing: Any, address: Any) -> Any:
    """Return the memory at an address, in wide groups."""
    return _MEMORY[WIDE](types.intp), lambda _, builder, __, args: args[0]


@intrinsic
def squares(typing: Any, address: Any) -> Any:
    """Return the memory at an address, in groups of a single net."""
    return _MEMORY[SINGLE](types.intp), lambda _, builder, __, args: args[0]


@intrinsic
def width(typing: Any, m: Any) -> Any:
    """Return how wide the groups of a memory are."""
    return types.intp(m), lambda _, __, signature, ___: number(width_of(signature.args[0]))


@intrinsic
def nets(typing: Any, m: Any, at: Any) -> Any:
    """Return how many nets a group holds; known when compiling only where groups are wide."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        group = group_of(signature.args[0])
        return number(group.nets) if group == WIDE else named(builder, args[1], "nets")

    return types.intp(m, places), code


@intrinsic
def single(typing: Any, m: Any) -> Any:
    """Return 1 where a memory holds one net, else 0; known when compiling."""
    return types.intp(m), lambda _, __, signature, ___: number(
        int(group_of(signature.args[0]) == SINGLE)
    )


@intrinsic
def call(typing: Any, part: Any, m: Any, at: Any, i: Any, j: Any) -> Any:
    """Call the compiled part at an address, so that this code need not contain it."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(INT, [INT, INT.as_pointer(), INT, INT])
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])

    return types.intp(types.intp, m, places, types.intp, types.intp), code


@intrinsic
def load(typing: Any, m: Any, place: Any) -> Any:
    """Return the lanes at a place of m."""
    size = width_of(m)
    kind = OF_WIDTH[size](m, types.intp)
    return kind, lambda _, b, __, args: Writer(b, size).read(*args)


@intrinsic
def store(typing: Any, m: Any, place: Any, x: Any) -> Any:
    """Write lanes, or a number for all of them, to a place of m."""
    size = width_of(m)

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        writer = Writer(builder, size)
        lanes = isinstance(signature.args[2], Lanes)
        value = args[2] if lanes else writer.everywhere(args[2])
        writer.write(args[0], args[1], value)
        return context.get_dummy_value()

    return types.void(m, types.intp, x if isinstance(x, Lanes) else types.float64), code


@intrinsic
def spread(typing: Any, m: Any, place: Any, k: Any) -> Any:
    """Return number k of the array at a place, in every lane of its net."""
    group = group_of(m)

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        writer, (m, place, k) = Writer(builder, group.width), args
        if group != SINGLE:
            return writer.read(m, builder.add(place, k))
        return writer.everywhere(writer.one(m, place, k))

    return OF_WIDTH[group.width](m, types.intp, types.intp), code


@intrinsic
def get(typing: Any, m: Any, index: Any) -> Any:
    """Return one number of m; index k width + l is lane l at place k."""
    kind = types.float64(m, types.intp)
    return kind, lambda _, b, __, args: b.load(scalar_of(b, *args))


@intrinsic
def put(typing: Any, m: Any, index: Any, x: Any) -> Any:
    """Write one number of m."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], scalar_of(builder, *args[:2]))
        return context.get_dummy_value()

    return types.void(m, types.intp, types.float64), code


def _number_at(builder: Any, kind: Any, m: Any, at: Any, place: Any, lane: Any, p: Any) -> Any:
    """Return where number p of an array of the net of a lane stands."""
    group = group_of(kind)
    count = number(group.nets) if group == WIDE else named(builder, at, "nets")
    first = builder.add(builder.mul(place, number(group.width)), lane)
    return scalar_of(builder, m, builder.add(first, builder.mul(p, count)))


@intrinsic
def number_of(typing: Any, m: Any, at: Any, place: Any, lane: Any, p: Any) -> Any:
    """Return number p of the array at a place, of the net of a lane."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_number_at(builder, signature.args[0], *args))

    return types.float64(m, places, *[types.intp] * 3), code


@intrinsic
def put_number(typing: Any, m: Any, at: Any, place: Any, lane: Any, p: Any, x: Any) -> Any:
    """Write number p of the array at a place, of the net of a lane."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[-1], _number_at(builder, signature.args[0], *args[:-1]))
        return context.get_dummy_value()

    return types.void(m, places, *[types.intp] * 3, types.float64), code


@intrinsic
def put_lanes(typing: Any, m: Any, at: Any, place: Any, lane: Any, x: Any) -> Any:
    """Write x at a place, to every lane of the net of a lane."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        m, at, place, lane, x = args
        group = group_of(signature.args[0])
        count = number(group.nets) if group == WIDE else named(builder, at, "nets")
        first, end = builder.mul(place, number(group.width)), number(group.width)
        with cgutils.for_range_slice(builder, lane, end, count, intp=INT) as (one, _):
            builder.store(x, scalar_of(builder, m, builder.add(first, one)))
        return context.get_dummy_value()

    return types.void(m, places, types.intp, types.intp, types.float64), code


@intrinsic
def whole(typing: Any, address: Any, k: Any) -> Any:
    """Return whole number k from an address on."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.gep(builder.inttoptr(args[0], INT.as_pointer()), [args[1]]))

    return types.intp(types.intp, types.intp), code


@intrinsic
def put_whole(typing: Any, address: Any, k: Any, n: Any) -> Any:
    """Write whole number k from an address on; n may be a float that is whole."""
    kind = types.float64 if isinstance(n, types.Float) else types.intp

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address, k, n = args
        value = builder.fptosi(n, INT) if signature.args[2] == types.float64 else n
        builder.store(value, builder.gep(builder.inttoptr(address, INT.as_pointer()), [k]))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, kind), code


@intrinsic
def raised(typing: Any, address: Any) -> Any:
    """Return whether the byte at an address, which another thread may write, is not zero."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = ir.IntType(8)
        flag = builder.load(builder.inttoptr(args[0], byte.as_pointer()))
        return builder.icmp_unsigned("!=", flag, ir.Constant(byte, 0))

    return types.boolean(types.intp), code


@intrinsic
def some(typing: Any, x: Any) -> Any:
    """Return whether some lane is not above zero; a NaN does not count."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        size = signature.args[0].width
        bits = ir.IntType(size)
        met = builder.fcmp_ordered("<=", args[0], Writer(builder, size).zero)
        return builder.icmp_unsigned("!=", builder.bitcast(met, bits), ir.Constant(bits, 0))

    return types.boolean(x), code


@intrinsic
def stream(typing: Any, m: Any, index: Any, x: Any) -> Any:
    """Write one number past the caches, because compiled code does not read it again."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.bitcast(scalar_of(builder, *args[:2]), INT.as_pointer())
        written = builder.store(builder.bitcast(args[2], INT), place)
        once = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
        written.set_metadata("nontemporal", once)
        return context.get_dummy_value()

    return types.void(m, types.intp, types.float64), code


@intrinsic
def splat(typing: Any, m: Any, x: Any) -> Any:
    """Return x in every lane of the width of m."""
    size = width_of(m)
    kind = OF_WIDTH[size](m, types.float64)
    return kind, lambda _, b, __, args: Writer(b, size).everywhere(args[1])
