"""Slow libraries, loaded when a function first needs one: `simtheory claims` lists without SciPy."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["mpmath", "special"]


class _Later:
    """A module that is imported when one of its names is first asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        value = getattr(import_module(self._name), name)
        setattr(self, name, value)  # the next lookup finds it here
        return value


mpmath: Any = _Later("mpmath")
special: Any = _Later("scipy.special")
