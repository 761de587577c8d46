"""A label has the texts that its kind asks for, and no text speaks of a label that no function wears."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import sympy

import derivations
import simtheory
from derivations import PROOFS
from simtheory import SIMTask, cite, sim
from simtheory.analytic import tied
from simtheory.analytic.symbolic import STATEMENTS
from simtheory.errors import ArgumentError
from simtheory.labels import (
    PROVED,
    Card,
    Cited,
    Computed,
    Constant,
    card_of,
    cards,
    implements,
    label_of,
)
from tests.statements import cases
from tests.statements.cases import CASES, REFERENCES, SIMULATIONS

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "theory"


def subjects_in(package: str, name: str) -> dict[str, str]:
    """Return the subject in whose file each label of a table stands."""
    folder = Path(import_module(package).__file__).parent
    found = {}
    for path in sorted(folder.rglob("[!_]*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        for entry in getattr(import_module(".".join([package, *parts])), name, ()):
            found[entry if isinstance(entry, str) else entry.label] = parts[0]
    return found


STATED = subjects_in("simtheory.analytic.symbolic", "STATEMENTS")
CASED, REFERRED, SIMULATED = (
    subjects_in(cases.__name__, name) for name in ("CASES", "REFERENCES", "SIMULATIONS")
)
PROVEN = {label: proof.__module__.split(".")[1] for label, proof in PROOFS.items()}


def pages_of(subject: str) -> list[Path]:
    """Return the pages that may print the labels of a subject; what they leave out is appended."""
    return [
        path
        for path in (PAGES / f"{subject}.md", *sorted((PAGES / subject).glob("*.md")))
        if path.exists()
    ]


TEXTS: dict[str, Callable[[Card], bool]] = {
    "statement": lambda card: STATED.get(card.label) == card.subject,
    "proof": lambda card: PROVEN.get(card.label) == card.subject,
    "case": lambda card: CASED.get(card.label) == card.subject,
    "reference": lambda card: REFERRED.get(card.label) == card.subject,
    "simulation": lambda card: SIMULATED.get(card.label) == card.subject,
    "page": lambda card: bool(pages_of(card.subject)),
}


def missing(card: Card) -> list[str]:
    """Return the texts that the kind of a card asks for and that do not exist."""
    return [text for text in card.kind.texts if not TEXTS[text](card)]


@pytest.mark.parametrize("label", sorted(cards()))
def test_a_label_is_whole(label: str) -> None:
    card = cards()[label]
    assert not missing(card)
    module, name = card.home.split(":")
    assert card_of(getattr(import_module(module), name)) == card
    assert all([card.title, card.regime, card.where, card.exactness])
    assert cite(label)
    if isinstance(card.kind, Computed):
        assert card.kind.definition
    if isinstance(card.kind, Cited):
        source = card.kind.constant.source
        assert card.kind.constant.error > 0
        assert (ROOT / source).exists() if "/" in source else source == card.source


def test_there_are_no_orphans() -> None:
    proved = {label for label, card in cards().items() if card.kind == PROVED}
    computed = {label for label, card in cards().items() if isinstance(card.kind, Computed)}
    cited = {label for label, card in cards().items() if isinstance(card.kind, Cited)}
    assert set(STATEMENTS) == set(PROOFS) == set(CASES) == proved
    assert set(REFERENCES) == computed
    assert set(SIMULATIONS) == cited
    placed = [
        (label, path)
        for path in PAGES.rglob("*.md")
        for label in re.findall(r"\{statement\} (\S+)", path.read_text(encoding="utf-8"))
    ]
    assert len({label for label, _ in placed}) == len(placed), "a label is placed on two pages"
    assert all(path in pages_of(cards()[label].subject) for label, path in placed)


def a_card(kind: object) -> Card:
    return Card(
        label="no-such-label", kind=kind, title="", exactness="exact", regime="", source="yang2024",
        where="", home="nowhere:nothing", subject="nowhere",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (PROVED, ["statement", "proof", "case", "page"]),
        (Computed(r"p = \sum_x p(x)"), ["reference", "page"]),
        (Cited(Constant(0.5927, 1e-4, "yang2024")), ["simulation", "page"]),
    ],
)
def test_a_label_without_its_texts_is_noticed(kind: object, texts: list[str]) -> None:
    assert missing(a_card(kind)) == texts
    assert missing(replace(a_card(kind), subject="tied")) == [t for t in texts if t != "page"]


def test_a_text_in_the_file_of_another_subject_is_noticed() -> None:
    moved = replace(cards()["det-law"], subject="untied")
    assert missing(moved) == ["statement", "proof", "case"]


@pytest.mark.parametrize("label", sorted(STATEMENTS))
def test_every_printed_symbol_is_explained(label: str) -> None:
    statement = STATEMENTS[label]
    assert statement.label == label
    assert statement.latex()
    assert all(meaning for _, meaning in statement.glossary())
    # Quantities with an index are explained once: a_k stands for a_i and a_j too.
    explained = {str(symbol).split("_")[0] for symbol in statement.symbols}
    used = {
        str(symbol).split("_")[0]
        for equation in statement.equations
        for symbol in equation.lhs.free_symbols | equation.rhs.free_symbols
        if not isinstance(symbol, sympy.Indexed)
    }
    assert used <= explained


@pytest.mark.parametrize("label", sorted(cards()))
def test_the_docstring_prints_the_card(label: str) -> None:
    module, name = cards()[label].home.split(":")
    doc = getattr(import_module(module), name).__doc__
    assert " ".join(doc.split()).count("Implements ``") == 1
    assert cards()[label].line in " ".join(doc.split())


def test_the_line_stands_before_the_first_section() -> None:
    def code() -> None:
        """Return nothing.

        Parameters
        ----------
        nothing : None
        """

    wear = implements("x", title="X", regime="r", source="s", where="Eq. 1", subject="tied")
    kept = code.__doc__.split("\n\n")
    worn = wear(code)
    assert worn is code
    first, line, sections = worn.__doc__.split("\n\n")
    assert [first, sections] == kept
    assert line == "        Implements ``x`` (s, Eq. 1): exact; holds for: r."

    def short() -> None:
        """Return nothing."""

    briefly = wear(short).__doc__
    assert briefly.splitlines()[0] == "Return nothing."
    assert "Implements ``x``" in briefly
    short.__doc__ = None  # as under python -OO
    assert wear(short).__doc__ is None


def test_two_functions_cannot_wear_one_label(monkeypatch: pytest.MonkeyPatch) -> None:
    def second() -> None:
        """Return nothing."""

    second.__module__ = tied.laws.__name__
    worn = implements("tied-mode", title="", regime="", source="", where="")(second)
    monkeypatch.setattr(tied.laws, "second", worn, raising=False)
    cards.cache_clear()
    try:
        with pytest.raises(ValueError, match=r"'tied-mode' is worn by .*laws:.* and .*modes:mode"):
            cards()
    finally:
        cards.cache_clear()


def test_citing() -> None:
    software = cite()
    assert software.startswith("@software{simtheory,")
    assert simtheory.__version__ in software
    assert cite("tied-mode").startswith("@inproceedings{saxe2014,")
    derived = cite(tied.pivots)
    assert derived.startswith("% ldl-logit was derived in simtheory from the model of yang2024.")
    assert software in derived
    assert "@inproceedings{yang2024," in derived
    task = SIMTask(mu=(1.0, 2.0), sigma=0.0)
    closed = tied.pivots(task, 0.01 * np.eye(2), [0.0, 1.0])
    assert derived == cite("ldl-logit") == cite(closed)
    assert cite(closed, sim.solve(sim.Tied(), task, 0.01 * np.eye(2), [0.0, 1.0])) == derived
    assert cite(replace(closed, label=None)) == software
    whole = cite(tied)
    assert whole.count("@inproceedings{yang2024,") == 1
    assert "saxe2014" in whole
    assert label_of(cite) is None
    for wrong in ("ldl-logti", cite, 3.0, simtheory.errors):
        with pytest.raises(ArgumentError, match=r"ldl-logit|implements no labelled result"):
            cite(wrong)


def test_the_proofs_are_a_package_of_their_own() -> None:
    """They rest on the statements alone, so that no code can prove itself."""
    for path in Path(derivations.__file__).parent.rglob("*.py"):
        imported = re.findall(
            r"^\s*(?:from|import) (simtheory[\w.]*)", path.read_text("utf-8"), re.M
        )
        assert all(name.startswith("simtheory.analytic.symbolic") for name in imported), path
