"""The API pages: every public name stands in one table, and every name of a table exists."""

import re
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

import simtheory as st

API = Path(__file__).parents[2] / "docs" / "api"
LISTED = Counter(
    name
    for page in sorted(API.glob("*.md"))
    for name in re.findall(r"^   ~(simtheory\.[\w.]+)$", page.read_text(), flags=re.MULTILINE)
)
ROOMS = [
    "simtheory.analytic.deep", "simtheory.analytic.denoiser", "simtheory.analytic.descent",
    "simtheory.analytic.finite_sample", "simtheory.analytic.flow_matching",
    "simtheory.analytic.one_layer", "simtheory.analytic.tied", "simtheory.analytic.untied",
    "simtheory.analytic.yang2024", "simtheory.assess", "simtheory.assess.evaluations",
    "simtheory.assess.experts",
    "simtheory.errors", "simtheory.fit", "simtheory.inits",
    "simtheory.labels", "simtheory.noise", "simtheory.observe", "simtheory.observe.arrays",
    "simtheory.plot", "simtheory.report", "simtheory.results", "simtheory.sim", "simtheory.sim.hierarchy",
    "simtheory.sweep", "simtheory.tasks", "simtheory.units", "simtheory.validation",
    "simtheory.validation.composition",
    "simtheory.validation.factorization", "simtheory.validation.hierarchy",
    "simtheory.validation.nets.diffusion",
]  # fmt: skip


def things(names):
    """Return objects with their names; numbers and words are told apart by name alone."""
    found = {}
    for name in names:
        home, _, last = name.rpartition(".")
        try:
            found[name] = getattr(import_module(home), last)
        except AttributeError:
            found[name] = import_module(name)
    return found


def test_every_public_name_is_in_a_table():
    listed = things(LISTED)
    known = {id(thing) for thing in listed.values()}
    public = [f"simtheory.{name}" for name in st.__all__]
    public += [f"{room}.{name}" for room in ROOMS for name in import_module(room).__all__]
    rooms = {
        f"simtheory.{room}"
        for room in ("analytic", "observe", "plot", "sim", "tasks", "validation")
    }
    rooms |= {"simtheory.assess", "simtheory.errors", "simtheory.noise"}
    rooms |= {
        f"simtheory.validation.{room}"
        for room in (
            "composition",
            "concept_diffusion",
            "denoiser",
            "diffusion",
            "factorization",
            "hierarchy",
        )
    }
    missing = [
        n for n, thing in things(public).items() if id(thing) not in known and n not in rooms
    ]
    assert missing == []


def test_no_name_stands_in_two_tables():
    assert [name for name, times in LISTED.items() if times > 1] == []
    assert len(LISTED) > 250


@pytest.mark.parametrize("template", ["base", "class", "function", "module"])
def test_object_pages_have_a_template(template):
    assert (API.parent / "_templates" / "autosummary" / f"{template}.rst").is_file()
