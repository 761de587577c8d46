"""Every public docstring has all its sections, and its examples run."""

from __future__ import annotations

import doctest
import enum
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest
from numpydoc.validate import validate

import simtheory

# numpydoc's codes. Left out: where the summary starts and a one-liner ends, See Also and Examples
# (where they help), and how a return's sentence begins and ends (it may be a formula).
CHECKS = {
    *("GL03", "GL05", "GL06", "GL07", "GL08", "GL09"),  # there, no double blank lines, sections
    *("SS01", "SS02", "SS03", "SS04", "SS06"),  # a summary: one line, a capital, a full stop
    *("PR01", "PR02", "PR03", "PR04", "PR05", "PR07", "PR10"),  # all parameters, in order
    *("RT01", "RT03", "YD01"),  # what is returned or yielded
}


def public_modules() -> list[str]:
    names = [m.name for m in pkgutil.walk_packages(simtheory.__path__, "simtheory.")]
    return [n for n in names if not any(part.startswith("_") for part in n.split("."))]


def public_objects(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Functions and classes that the module shows and defines, and their public members.

    What it shows from a private module beside it is its own. A member that a base class has too is
    documented there.
    """
    beside = f"{module.__name__.rpartition('.')[0]}._"
    for name in getattr(module, "__all__", []):
        thing = getattr(module, name)
        home = getattr(thing, "__module__", None) or ""
        if home != module.__name__ and not home.startswith(beside):
            continue
        if not (inspect.isclass(thing) or inspect.isroutine(thing)):
            continue
        path = f"{module.__name__}.{name}"
        yield path, thing
        if inspect.isclass(thing):
            for member, value in vars(thing).items():
                shown = inspect.isroutine(value) or isinstance(value, property)
                inherited = any(hasattr(base, member) for base in thing.__bases__)
                if shown and not member.startswith("_") and not inherited:
                    yield f"{path}.{member}", value


def excused(code: str, thing: object) -> bool:
    """A property has no Returns section; an enumeration has no constructor to document."""
    enumeration = inspect.isclass(thing) and issubclass(thing, enum.Enum)
    return (code == "RT01" and isinstance(thing, property)) or (code == "PR01" and enumeration)


@pytest.mark.parametrize("name", public_modules())
def test_docstrings_have_all_sections(name: str) -> None:
    module = importlib.import_module(name)
    faults = [
        f"{path}: {code} {text}"
        for path, thing in public_objects(module)
        for code, text in validate(path)["errors"]
        if code in CHECKS and not excused(code, thing)
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", public_modules())
def test_examples_run(name: str) -> None:
    module = importlib.import_module(name)
    homes = {thing.__module__ for path, thing in public_objects(module) if inspect.isroutine(thing)}
    for home in {name, *homes}:
        assert doctest.testmod(importlib.import_module(home)).failed == 0


def test_the_check_finds_public_objects() -> None:
    """A walk that finds nothing would pass everything above."""
    wanted = (
        "simtheory.tasks.identity.SIMTask.sample",
        "simtheory.observe.swing.swing_by",
        "simtheory.observe.agreement.agreement",
        "simtheory.plot.trajectories.loss",
    )
    assert {"simtheory.tasks.identity", "simtheory.units"} <= set(public_modules())
    for path in wanted:
        home = path.removesuffix(".sample").rpartition(".")[0]
        assert path in dict(public_objects(importlib.import_module(home)))
