"""Every dotted name and every path that README, CONTRIBUTING and the docs mention exists."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest

import simtheory as st

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if not {"_build", "jupyter_execute"} & set(page.parts)]
FILES = {"md", "py", "json", "svg", "png", "csv", "npz", "toml", "html", "zarr"}
DOTTED = re.compile(r"(?<![\w/.-])(?:st|simtheory)((?:\.[A-Za-z_]\w*)+)")
SHORT = re.compile(rf"`((?:{'|'.join(st.__all__)})(?:\.[A-Za-z_]\w*)+)")
PATHS = re.compile(r"`((?:simtheory|derivations|validation|tests|docs|examples)/[\w./-]*)`")


def names(text: str) -> set[str]:
    """Return the dotted names in a text, without the package; names of files are left out."""
    found = {name.lstrip(".") for name in DOTTED.findall(text)} | set(SHORT.findall(text))
    return {name for name in found if name.rpartition(".")[2] not in FILES}


def resolve(name: str) -> object:
    """Return the object with a dotted name inside the package; raise AttributeError if there is none."""
    parts = ["simtheory", *name.split(".")]
    for cut in range(len(parts), 0, -1):  # a module may share its name with a function beside it
        try:
            found = importlib.import_module(".".join(parts[:cut]))
            for part in parts[cut:]:
                fields = getattr(found, "__dataclass_fields__", {})
                found = fields[part] if part in fields else getattr(found, part)
        except (ImportError, AttributeError):
            continue
        return found
    raise AttributeError(f"simtheory.{name} does not exist")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_dotted_names_on_a_page_resolve(page):
    for name in sorted(names(page.read_text(encoding="utf-8"))):
        resolve(name)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_paths_on_a_page_exist(page):
    for path in PATHS.findall(page.read_text(encoding="utf-8")):
        if not {"x", "_build"} & set(re.split(r"[/.]", path)):  # x stands for any topic
            assert (ROOT / path).exists(), path


def test_a_name_that_does_not_exist_is_noticed():
    assert names("`st.observe.loss(x)` and `sim.solve`") == {"observe.loss", "sim.solve"}
    assert names("see fit.png, ../simtheory.md and `fit.json`") == set()
    with pytest.raises(AttributeError, match=r"simtheory\.observe\.lost does not exist"):
        resolve("observe.lost")
    with pytest.raises(AttributeError, match=r"simtheory\.sim\.lanes"):
        resolve("sim.lanes.anything")


def test_the_layers_in_contributing_are_those_of_the_contract():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][0]
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = text.partition("Imports run down these layers")[2].partition("Fences:")[0]
    assert re.findall(r"^    (.+)$", block, flags=re.MULTILINE) == contract["layers"]
