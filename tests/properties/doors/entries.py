"""The public entries: every function and class in the `__all__` of a module."""

from __future__ import annotations

import enum
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import simtheory
from tests.properties.doors.good import LEFT_OUT


@dataclass(frozen=True)
class Entry:
    """A public callable and the names of its parameters."""

    name: str
    call: Callable[..., Any]
    parameters: tuple[str, ...]
    required: tuple[str, ...]
    annotations: Mapping[str, str]

    @property
    def short(self) -> str:
        return self.name.rsplit(".", 1)[1]


def entries() -> Iterator[Entry]:
    """Yield every public callable once, under its shortest name."""
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
    for name, value in sorted(found.values(), key=lambda pair: pair[0]):
        home = f"{value.__module__}.{value.__name__}"
        if any(f"{place}.".startswith(f"{out}.") for out in LEFT_OUT for place in (name, home)):
            continue
        abstract = inspect.isclass(value) and (
            inspect.isabstract(value) or issubclass(value, enum.Enum)
        )
        if abstract or getattr(value, "_is_protocol", False):
            continue
        signature = inspect.signature(value)
        usual = [
            p
            for p in signature.parameters.values()
            if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ]
        if usual:
            yield Entry(
                name,
                value,
                tuple(p.name for p in usual),
                tuple(p.name for p in usual if p.default is p.empty),
                {p.name: str(p.annotation) for p in usual},
            )
