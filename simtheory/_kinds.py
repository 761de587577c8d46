"""Kinds of values that an annotation allows, each a phrase for messages and a test."""

from __future__ import annotations

import ast
import inspect
import itertools
import os
import types
import typing
from collections import abc
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from simtheory._checks import as_generator, as_numbers, called, flag, is_integer, kind_of, shown
from simtheory.errors import ArgumentError

Test = Callable[[str, Any], "str | None"]
"""Says why a value is of another kind: in words, or by an empty text; None where it is of the kind."""


class Kind(NamedTuple):
    """One alternative of an annotation."""

    wanted: str  # in words
    test: Test  # returns None for a value of this kind, "" for another one, or the whole message
    numbers: bool = False


def came(value: Any) -> str:
    """Return what came, for the end of a message."""
    plain = isinstance(value, str | bytes | bool | int | float | complex)
    return shown(value) if plain else kind_of(value)


def kinds_of(annotation: Any, space: dict[str, Any]) -> list[Kind] | None:
    """Return the alternatives of an annotation, or None if it allows anything."""
    if annotation is inspect.Parameter.empty:
        return None
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return _kinds_of_type(annotation, space)
    kinds: list[Kind] = []
    parts = _alternatives(ast.parse(annotation, mode="eval").body)
    for part in parts:
        try:
            found = eval(part, space)
        except NameError:  # imported for type checkers only
            kinds.append(_named(part.split("[")[0].split(".")[-1]))
            continue
        more = _kinds_of_type(found, space)
        if more is None:
            return None
        kinds.extend(more)
    return _with_seeds(kinds)


def _with_seeds(kinds: list[Kind]) -> list[Kind]:
    """Return alternatives with an integer beside a generator as its seed."""
    if not any(kind.wanted == _GENERATOR for kind in kinds):
        return kinds
    integer = _SIMPLE[int]
    seeded = [_SEED if kind.wanted == _GENERATOR else kind for kind in kinds if kind is not integer]
    return seeded if integer in kinds else kinds


def _alternatives(node: ast.expr) -> list[str]:
    """Return the sides of ``a | b | c`` as text."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    return [ast.unparse(node)]


def _named(name: str) -> Kind:
    """Return the kind of a class that is known by its name only."""

    def test(_: str, value: Any) -> str | None:
        return None if any(c.__name__ == name for c in type(value).__mro__) else ""

    return Kind(f"of the kind {name}", test)


def _passes(found: bool) -> str | None:
    return None if found else ""


def _array(name: str, value: Any) -> str | None:
    if type(value) is np.ndarray and value.dtype.kind == "f":
        return None
    if type(value) is float:
        return None
    try:
        as_numbers(name, value)
    except ArgumentError as reason:
        return str(reason)
    return None


def _truths(_: str, value: Any) -> str | None:
    return _passes(
        isinstance(value, bool | np.bool_ | np.ndarray) and np.asarray(value).dtype == bool
    )


def _integers(_: str, value: Any) -> str | None:
    if not isinstance(value, np.ndarray | list | tuple | int | np.integer) or _no_plain(value):
        return ""
    try:
        given = np.asarray(value)
    except ValueError:
        return ""
    return _passes(given.dtype.kind in "iu" or not given.size)


def _no_plain(value: Any) -> bool:
    return isinstance(value, bool | np.ma.MaskedArray)


def _number(name: str, value: Any) -> str | None:
    if type(value) is float or (type(value) is int and abs(value) < 2**53):
        return None
    if isinstance(value, str | bytes | bool | np.bool_) or value is None:
        return ""
    try:
        return _passes(as_numbers(name, value).ndim == 0)
    except ArgumentError:
        beyond = isinstance(value, int)
        return f"{called(name)} must be a number below 2**53." if beyond else ""


def _integer(_: str, value: Any) -> str | None:
    return _passes(is_integer(value))


def _flag(name: str, value: Any) -> str | None:
    try:
        flag(name, value)
    except ArgumentError as reason:
        return str(reason)
    return None


def _path(_: str, value: Any) -> str | None:
    return _passes(isinstance(value, os.PathLike))


def _seed(name: str, value: Any) -> str | None:
    try:
        as_generator(value, name=name)
    except ArgumentError as reason:
        return str(reason)
    return None


_GENERATOR = "of the kind Generator"


_SEED = Kind("a seed or generator", _seed)


_ARRAY = Kind("an array of real numbers", _array, numbers=True)


_ARRAY_LIKE = typing.get_args(ArrayLike)


_SIMPLE: dict[Any, Kind] = {
    float: Kind("a number", _number, numbers=True),
    int: Kind("an integer", _integer, numbers=True),
    bool: Kind("True or False", _flag),
    str: Kind("a word", lambda _, value: _passes(isinstance(value, str))),
    type(None): Kind("None", lambda _, value: _passes(value is None)),
    None: Kind("None", lambda _, value: _passes(value is None)),
}


def _kinds_of_type(found: Any, space: dict[str, Any]) -> list[Kind] | None:
    """Return the alternatives of an evaluated annotation, or None if it allows anything."""
    if isinstance(found, str | typing.ForwardRef):
        return kinds_of(found, space)
    if found is Any or found is object or isinstance(found, TypeVar):
        return None
    origin = typing.get_origin(found)
    inside = typing.get_args(found)
    if found is np.ndarray or origin is np.ndarray:
        held = typing.get_args(inside[1])[0] if len(inside) == 2 else None
        if held is np.intp:
            return [Kind("an array of integers", _integers, numbers=True)]
        if held is np.bool_:
            return [Kind("an array of truth values", _truths)]
        return None if held is Any else [_ARRAY]
    if isinstance(found, type | None) and found in _SIMPLE:
        return [_SIMPLE[found]]
    if origin in (typing.Union, types.UnionType):
        if set(_ARRAY_LIKE) <= set(inside):  # a union of unions is one flat union
            others = [side for side in inside if side not in _ARRAY_LIKE]
            more = _kinds_of_type(typing.Union[tuple(others)], space) if others else []  # noqa: UP007
            return None if more is None else [_ARRAY, *more]
        every = [_kinds_of_type(side, space) for side in inside]
        if None in every:
            return None
        return _with_seeds([kind for side in every if side for kind in side])
    if origin is typing.Literal:
        wanted = " or ".join(map(repr, inside))
        return [Kind(wanted, lambda _, value: _passes(value in inside))]
    if origin is type or found is type:
        return [Kind("a class", lambda _, value: _passes(isinstance(value, type)))]
    if origin is abc.Callable or found is abc.Callable:
        return [Kind("a function", lambda _, value: _passes(callable(value)))]
    kind = origin or found
    if not isinstance(kind, type) or kind.__module__ == "typing":  # typing.TextIO has no instances
        return None
    if issubclass(kind, os.PathLike):
        return [Kind("a path", _path)]
    if issubclass(kind, abc.Mapping):
        return [_mapping(inside, space)]
    if kind in _GROUPS:
        return [_group(kind, inside, space)]
    if getattr(kind, "_is_protocol", False) and not getattr(kind, "_is_runtime_protocol", False):
        return None
    return [Kind(_phrase(kind), lambda _, value: _passes(isinstance(value, kind)))]


def _mapping(inside: tuple[Any, ...], space: dict[str, Any]) -> Kind:
    """Return the kind of a mapping, whose values are checked too."""
    kinds = _kinds_of_type(inside[1], space) if len(inside) == 2 else None

    def test(name: str, value: Any) -> str | None:
        if not isinstance(value, abc.Mapping):
            return ""
        for key, entry in itertools.islice(value.items(), _MANY if kinds else 0):
            why = _refused(kinds or [], f"{name}[{shown(key)}]", entry)
            if why is not None:
                return why
        return None

    return Kind("a mapping", test)


def _refused(kinds: list[Kind], name: str, value: Any) -> str | None:
    """Return the message about an entry of a container that is of none of some kinds, or None."""
    reasons = [kind.test(name, value) for kind in kinds]
    if None in reasons:
        return None
    wanted = " or ".join(kind.wanted for kind in kinds)
    given = next((reason for reason in reasons if reason), None)
    return given or f"{called(name)} must be {wanted}, but it is {came(value)}."


def _phrase(kind: type) -> str:
    return f"of the kind {kind.__name__}"


_MANY = 64
"""Entries of an array in place of a sequence that are checked one by one; the rest are of their type."""


_GROUPS = (tuple, list, abc.Sequence, abc.Iterable, abc.Iterator, abc.Collection)


def _group(kind: type, inside: tuple[Any, ...], space: dict[str, Any]) -> Kind:
    """Return the kind of a sequence, whose entries are checked too where it has a length."""
    entries = [side for side in inside if side is not Ellipsis]
    tests: list[Any] = [_kinds_of_type(side, space) for side in entries]
    same = bool(entries) and (kind is not tuple or Ellipsis in inside)
    ordered = kind is not abc.Iterable and kind is not abc.Iterator
    length = None if same or not entries else len(entries)
    wanted = (
        "an iterable" if not ordered else "a sequence" if length is None else f"{length} values"
    )

    def test(name: str, value: Any) -> str | None:
        if isinstance(value, str | bytes | bytearray | abc.Mapping):
            return ""
        if not isinstance(value, abc.Iterable):
            return ""
        if isinstance(value, memoryview) and (value.itemsize == 1 or value.ndim != 1):
            return ""  # a view on bytes, or on rows, which Python does not walk through
        if ordered and not (hasattr(value, "__len__") and hasattr(value, "__getitem__")):
            return ""
        if isinstance(value, np.ma.MaskedArray) or hasattr(value, "toarray"):
            return ""
        if length is not None and len(value) != length:  # type: ignore[arg-type]
            return ""
        if isinstance(value, np.ndarray) and not value.ndim:
            return ""
        if isinstance(value, np.ndarray):
            if value.dtype.kind in "OV" and any(k.numbers for t in tests if t for k in t):
                return ""
            if value.size > _MANY:  # one entry of an array speaks for all
                value = value[:_MANY]
        elif not ordered:
            return None  # its entries may be gone once they are looked at
        elif not isinstance(value, list | tuple):
            value = list(itertools.islice(value, _MANY))
        for index, entry in enumerate(value):
            kinds = tests[0 if same else index] if same or index < len(tests) else None
            why = _refused(kinds, f"{name}[{index}]", entry) if kinds else None
            if why is not None:
                return why
        return None

    return Kind(wanted, test)
