"""Names that users type: which are public, and which comes nearest to one that does not exist."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

__all__ = ["nearest", "public"]


_LISTED = 20  # known names that a message lists; of more it says how many


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which of the `known` names come nearest to `name`."""
    import difflib

    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    if close:
        return f"did you mean {' or '.join(close)}?"
    more = len(names) - _LISTED
    rest = f" and {more} more" if more > 0 else ""
    return f"known are {', '.join(names[:_LISTED])}{rest}."


class _Public(ModuleType):
    """A module that lists its ``__all__`` and answers another name with the nearest one."""

    def __getattr__(self, name: str) -> Any:
        message = f"module {self.__name__!r} has no attribute {name!r}"
        if not name.startswith("_"):
            message = f"{message}; {nearest(name, self.__all__)}"
        raise AttributeError(message, name=name, obj=self)

    def __dir__(self) -> list[str]:
        return sorted([*self.__all__, *(n for n in vars(self) if n.startswith("__"))])


def public(name: str) -> None:
    """Let a package, and the modules in it that are loaded, show their public names only.

    The last line of a package calls this with its ``__name__``. Python allows to set the class of a
    module; lookups of names that exist cost the same as before.
    """
    for found, module in list(sys.modules.items()):
        inside = found == name or found.startswith(f"{name}.")
        if inside and "__all__" in vars(module) and type(module) is ModuleType:
            module.__class__ = _Public
