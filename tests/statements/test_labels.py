"""A label has a statement, a proof, code and a page; and nothing has a label that is not registered."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
import sympy

import derivations
from derivations import PROOFS
from simtheory.analytic import implementations
from simtheory.analytic.symbolic import STATEMENTS
from simtheory.equations import EQUATIONS, TOPICS, cite, label_of
from tests.statements.cases import CASES

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "theory"


def topic_of_statement(label: str) -> str:
    (topic,) = (
        topic
        for topic in TOPICS
        for statement in import_module(f"simtheory.analytic.symbolic.{topic}").STATEMENTS
        if statement.label == label
    )
    return topic


def printed_on(page: Path) -> list[str]:
    return re.findall(r"\{statement\} (\S+)", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("label", sorted(EQUATIONS))
def test_a_label_is_whole(label: str) -> None:
    topic = EQUATIONS[label].topic
    assert topic_of_statement(label) == topic
    assert PROOFS[label].__module__ == f"derivations.{topic}"
    module, name = implementations()[label].split(":")
    assert label_of(getattr(import_module(module), name)) == label
    assert label in printed_on(PAGES / f"{topic}.md"), f"docs/theory/{topic}.md prints no {label}"
    assert cite(label)


def test_there_are_no_orphans() -> None:
    registered = set(EQUATIONS)
    assert set(STATEMENTS) == registered
    assert set(PROOFS) == registered
    assert set(implementations()) == registered
    assert set(CASES) == registered
    pages = [label for page in PAGES.glob("*.md") for label in printed_on(page)]
    assert sorted(pages) == sorted(registered), "each label is printed once"


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


@pytest.mark.parametrize("label", sorted(EQUATIONS))
def test_the_code_says_which_label_it_implements(label: str) -> None:
    module, name = implementations()[label].split(":")
    assert f"``{label}``" in getattr(import_module(module), name).__doc__


def test_the_proofs_are_a_package_of_their_own() -> None:
    """They rest on the statements alone, so that no code can prove itself."""
    for path in Path(derivations.__file__).parent.glob("*.py"):
        imported = re.findall(
            r"^\s*(?:from|import) (simtheory[\w.]*)", path.read_text("utf-8"), re.M
        )
        assert all(name.startswith("simtheory.analytic.symbolic") for name in imported), path
