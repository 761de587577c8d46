"""Where the closed forms stand: public functions in public files, few rooms, no file too long."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from simtheory import analytic
from tests.unit.test_docstrings import public_modules

ROOM = Path(analytic.__file__).parent
MODULES = [name for name in public_modules() if name.startswith(analytic.__name__)]


def hidden(module: ModuleType) -> list[str]:
    """Return the names that a module shows and that stand in a file whose name begins with `_`."""
    things = ((name, getattr(module, name)) for name in module.__all__)
    return [
        name
        for name, thing in things
        if (inspect.isclass(thing) or inspect.isfunction(thing))
        and any(part.startswith("_") for part in thing.__module__.split("."))
    ]


@pytest.mark.parametrize("name", [n for n in MODULES if ".symbolic" not in n])
def test_what_a_module_shows_stands_in_a_public_file(name: str) -> None:
    assert hidden(import_module(name)) == []


def test_a_hidden_function_is_noticed() -> None:
    module = ModuleType("room")
    module.__all__ = ["closed_form"]
    module.closed_form = import_module("simtheory.analytic._shared.axes").closed_form
    assert hidden(module) == ["closed_form"]


def test_a_package_shows_every_public_name_of_its_files() -> None:
    for package in (m for m in pkgutil.iter_modules(analytic.__path__) if m.ispkg):
        if package.name in ("symbolic", "_shared"):
            continue
        whole = import_module(f"{analytic.__name__}.{package.name}")
        files = [
            import_module(f"{whole.__name__}.{m.name}")
            for m in pkgutil.iter_modules(whole.__path__)
        ]
        assert sorted(whole.__all__) == sorted(name for file in files for name in file.__all__)
        assert all(
            getattr(whole, name) is getattr(file, name) for file in files for name in file.__all__
        )


def test_the_top_floor_has_at_most_twenty_rooms() -> None:
    rooms = [path for path in ROOM.iterdir() if not path.name.startswith("__")]
    assert 9 <= len(rooms) <= 20


def test_no_file_is_longer_than_600_lines() -> None:
    lengths = {
        path: len(path.read_text(encoding="utf-8").splitlines()) for path in ROOM.rglob("*.py")
    }
    assert max(lengths.values()) <= 600, max(lengths, key=lambda path: lengths[path])
