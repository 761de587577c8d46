"""The public entries: every function and class in the `__all__` of a module."""

from __future__ import annotations

import enum
import functools
import inspect
import pkgutil
from abc import ABC
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import simtheory
from tests.properties.doors.good import LEFT_OUT, good


@dataclass(frozen=True)
class Entry:
    """A public callable and the names of its parameters."""

    name: str
    code: Any
    call: Callable[..., Any]
    parameters: tuple[str, ...]
    required: tuple[str, ...]
    annotations: Mapping[str, str]
    beside: tuple[str, ...] = ()
    """Parameters of the object on which a method is called."""

    @property
    def short(self) -> str:
        return self.name.rsplit(".", 1)[1]

    @classmethod
    def of(cls, name: str, code: Any, call: Callable[..., Any], *, bound: bool = False) -> Entry:
        """Return the entry of a function or class; `bound` leaves out the first parameter."""
        every = list(inspect.signature(code).parameters.values())[bound:]
        usual = [p for p in every if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        return cls(
            name,
            code,
            call,
            tuple(p.name for p in usual),
            tuple(p.name for p in usual if p.default is p.empty),
            {p.name: str(p.annotation) for p in usual},
        )


def entries() -> Iterator[Entry]:
    """Yield every public callable once, under its shortest name: functions, classes and their methods."""
    for name, value in sorted(_found().values(), key=lambda pair: pair[0]):
        if _left_out(name, f"{value.__module__}.{value.__name__}"):
            continue
        if not inspect.isclass(value):
            entry = Entry.of(name, value, value)
            if entry.parameters:
                yield entry
        elif not _without_objects(value):
            owner = Entry.of(name, value, value)
            if owner.parameters:
                yield owner
            yield from _methods(owner)


def _found() -> dict[int, tuple[str, Any]]:
    """Return functions and classes in the `__all__` of a module, each under its shortest name."""
    found: dict[int, tuple[str, Any]] = {}
    modules = [m.name for m in pkgutil.walk_packages(simtheory.__path__, "simtheory.")]
    for module in ["simtheory", *modules]:
        if "._" in module or module.endswith("start_worker"):
            continue
        room = import_module(module)
        for name in getattr(room, "__all__", ()):
            value = getattr(room, name)
            kept = inspect.isclass(value) or inspect.isfunction(value)
            home = getattr(value, "__module__", "") or ""
            if not kept or not home.startswith("simtheory"):
                continue
            if id(value) not in found or len(module) < len(found[id(value)][0].rsplit(".", 1)[0]):
                found[id(value)] = (f"{module}.{name}", value)
    return found


def _methods(owner: Entry) -> Iterator[Entry]:
    """Yield the public methods of a class that take arguments."""
    for name in dir(owner.call):
        held = inspect.getattr_static(owner.call, name)
        code = held.__func__ if isinstance(held, classmethod | staticmethod) else held
        if (
            name.startswith("_")
            or not inspect.isfunction(code)
            or _left_out(f"{owner.name}.{name}")
        ):
            continue
        if not code.__module__.startswith("simtheory"):
            continue
        if isinstance(held, classmethod | staticmethod):
            call = getattr(owner.call, name)
        else:
            call = functools.partial(_on_an_object, owner, name)
        entry = Entry.of(
            f"{owner.name}.{name}", code, call, bound=not isinstance(held, staticmethod)
        )
        if call is not getattr(owner.call, name):
            entry = replace(entry, beside=owner.parameters)
        if entry.parameters:
            yield entry


def _on_an_object(owner: Entry, name: str, /, *args: Any, **kwargs: Any) -> Any:
    return getattr(owner.call(**good(owner)), name)(*args, **kwargs)


def _left_out(*names: str) -> bool:
    return any(f"{name}.".startswith(f"{out}.") for out in LEFT_OUT for name in names)


def _without_objects(value: type) -> bool:
    """Return whether no user calls this class: a base of others, an enumeration or a protocol."""
    base = inspect.isabstract(value) or ABC in value.__bases__
    return base or issubclass(value, enum.Enum) or bool(getattr(value, "_is_protocol", False))
