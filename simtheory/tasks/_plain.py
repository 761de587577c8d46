"""Conversions that tasks share: to plain numbers and lists, from them, and to a short text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from inspect import signature
from typing import Any, TypeVar

import numpy as np

from simtheory._checks import nearest
from simtheory._typing import Array
from simtheory.errors import TaskError

Task = TypeVar("Task")


def to_plain(task: Any) -> dict[str, Any]:
    """Return the fields of a task as plain numbers and lists; what is None is left out."""
    values = {f.name: getattr(task, f.name) for f in fields(task)}
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in values.items()
        if value is not None
    }


def from_plain(kind: type[Task], noun: str, values: Mapping[str, Any]) -> Task:
    """Make a task of that kind, or say which argument is unknown or missing."""
    arguments = signature(kind).parameters
    for name in values:
        if name not in arguments:
            raise TaskError(f"A {noun} has no argument {name!r}; {nearest(name, arguments)}")
    for name, argument in arguments.items():
        if argument.default is argument.empty and name not in values:
            raise TaskError(f"A {noun} needs the argument {name!r}, which is missing.")
    return kind(**values)


def short(values: Array) -> str:
    """Return the first six values as the text of a tuple."""
    shown = ", ".join(f"{v:g}" for v in values[:6])
    return f"({shown}{', …' if values.size > 6 else ''}{',' if values.size == 1 else ''})"
