"""Good arguments of every public entry, a file for each topic (the package above says what one declares)."""

from __future__ import annotations

import inspect
import pkgutil
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.properties.doors.entries import Entry

TOPICS = [
    import_module(f"{__name__}.{found.name}")
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name)
]


def _gathered(name: str) -> dict[str, Any]:
    """Return the mapping of this name of all topics; a key stands in one file."""
    every: dict[str, Any] = {}
    for topic in TOPICS:
        more = vars(topic).get(name, {})
        twice = set(every) & set(more)
        assert not twice, f"{topic.__name__} gives {name} of {sorted(twice)} again"
        every |= more
    return every


COMMON = _gathered("COMMON")
OWN = _gathered("OWN")
FILLING = _gathered("FILLING")
LEFT_OUT = _gathered("LEFT_OUT")
COSTLY = frozenset().union(*(vars(topic).get("COSTLY", ()) for topic in TOPICS))
MAY_BE_NAN = re.compile(
    "|".join(f"({each})" for topic in TOPICS for each in vars(topic).get("MAY_BE_NAN", ()))
)


def good(entry: Entry) -> dict[str, Any]:
    """Return good arguments of an entry: all that it requires, and those that are its own."""
    path = entry.name.removeprefix("simtheory.")
    own: dict[str, Any] = {}
    parts = path.split(".")
    for count in range(1, len(parts) + 1):
        own |= OWN.get(".".join(parts[:count]), {})
    found = {name: value for name, value in own.items() if name in entry.required or path in OWN}
    rest = path == "sweep.Spec"  # further keywords
    found = {name: value for name, value in found.items() if rest or name in entry.parameters}
    for name in entry.required:
        if name in found:
            continue
        annotation = re.sub(r"ForwardRef\('(.*)'\)", r"\1", entry.annotations[name])
        filled = next((k for k in FILLING if re.match(rf"{re.escape(k)}(?!\w)", annotation)), None)
        if inspect.isclass(entry.call) and path not in OWN and filled is not None:
            found[name] = FILLING[filled]
        elif name in COMMON:
            found[name] = COMMON[name]
    return found
