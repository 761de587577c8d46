"""What all tasks share: plain numbers and lists, equality, and a short text of an array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from inspect import signature
from typing import Any, ClassVar, Self

import numpy as np

from simtheory._checks import nearest
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import TaskError


@face
class Plain:
    """What every class of tasks is: told in plain numbers, made from them, and equal if its arguments are.

    A class names itself in `_noun`, for messages. Its dataclass fields are the arguments of its
    constructor, but for those that it computes (``field(init=False)``). Whose arguments are more than
    numbers and arrays writes its own `to_dict`, and undoes it in `_parsed`.
    """

    __slots__ = ()

    _noun: ClassVar[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the arguments of the constructor as plain numbers and lists, ready for JSON or TOML.

        Returns
        -------
        dict
            From names to numbers, words and lists; what is None is left out.
        """
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in _arguments(self)
            if value is not None
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make a task from a mapping, such as a TOML table.

        Parameters
        ----------
        values : mapping
            Arguments of the constructor, as `to_dict` returns them.

        Returns
        -------
        task
            An object of this class.

        Raises
        ------
        TaskError
            If an argument is unknown, missing or wrong.
        """
        given = cls._parsed(dict(values))
        arguments = signature(cls).parameters
        for name in given:
            if name not in arguments:
                raise TaskError(
                    f"A {cls._noun} has no argument {name!r}; {nearest(name, arguments)}"
                )
        for name, argument in arguments.items():
            if argument.default is argument.empty and name not in given:
                raise TaskError(f"A {cls._noun} needs the argument {name!r}, which is missing.")
        return cls(**given)

    @classmethod
    def _parsed(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments as the constructor takes them."""
        return values

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return bool(self._key() == other._key())

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return tuple(_hashable(value) for _, value in _arguments(self))


def _arguments(task: Any) -> list[tuple[str, Any]]:
    """Return names and values of the fields that the constructor takes."""
    return [(each.name, getattr(task, each.name)) for each in fields(task) if each.init]


def _hashable(value: Any) -> Any:
    """Return what two values share if and only if they are equal; a negative zero is a zero."""
    if isinstance(value, np.ndarray):
        return value.shape, (value + 0).tobytes()
    if isinstance(value, tuple):
        return tuple(map(_hashable, value))
    return tuple(value.items()) if isinstance(value, Mapping) else value


def short(values: Array) -> str:
    """Return the first six values as the text of a tuple."""
    shown = ", ".join(f"{v:g}" for v in values[:6])
    return f"({shown}{', …' if values.size > 6 else ''}{',' if values.size == 1 else ''})"
