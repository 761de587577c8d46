"""Two directives that keep the docs and the code from drifting apart.

``{statement} label`` prints the equation of a label from its SymPy statement, with its symbols, its
error and regime, and links to its code, its proof and its source. ``{proof} label`` prints the steps
of its proof, as ``python -m derivations`` checks them.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.nodes import nested_parse_with_titles

from derivations import PROOFS
from simtheory.analytic import implementations
from simtheory.analytic.symbolic import STATEMENTS
from simtheory.equations import EQUATIONS, equation


class _Labelled(Directive):
    required_arguments = 1
    css_class = "proof"

    def parse(self, lines: list[str]) -> list[nodes.Node]:
        holder = nodes.container(classes=[self.css_class])
        holder.document = self.state.document
        nested_parse_with_titles(self.state, StringList(lines, source="labels"), holder)
        return [holder]


class StatementDirective(_Labelled):
    """Print one labelled result."""

    css_class = "statement"

    def run(self) -> list[nodes.Node]:
        label = self.arguments[0]
        facts, statement = equation(label), STATEMENTS[label]
        module, name = implementations()[label].split(":")
        shown = ".".join(module.split(".")[:3])  # a subject's package shows the names of its files
        lines = [
            f"(statement-{label})=",
            f"**{facts.title}** · `{label}`",
            "",
            "$$",
            statement.latex(),
            "$$",
            "",
        ]
        symbols = [f"${symbol}$: {meaning}" for symbol, meaning in statement.glossary()]
        lines.append("; ".join(symbols) + ".")
        lines += [
            "",
            f"*{'Exact' if facts.exact else 'Error: ' + facts.error}; holds for: {facts.regime}.*",
            "",
            f"[code](#{shown}.{name}) · [proof](#proof-{label}) · source: {{cite:t}}`{facts.source}`, {facts.where}",
        ]
        return self.parse(lines)


class ProofDirective(_Labelled):
    """Print the steps of one proof."""

    def run(self) -> list[nodes.Node]:
        label = self.arguments[0]
        lines = [
            f"(proof-{label})=",
            f"**{equation(label).title}** · [`{label}`](#statement-{label})",
            "",
        ]
        lines += [f"{n}. {step.text}" for n, step in enumerate(PROOFS[label](), start=1)]
        return self.parse(lines)


class AllProofsDirective(_Labelled):
    """Print every proof, in the order of the register."""

    required_arguments = 0

    def run(self) -> list[nodes.Node]:
        lines = [line for label in EQUATIONS for line in ("```{proof} " + label, "```", "")]
        return self.parse(lines)


def headings_to_rubrics(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Keep the textbook headings of module docstrings out of the page's table of contents."""
    if what == "module":
        for k in range(len(lines) - 1, 0, -1):
            if lines[k] and set(lines[k]) == {"-"} and lines[k - 1].istitle():
                lines[k - 1 : k + 1] = [f".. rubric:: {lines[k - 1]}", ""]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("statement", StatementDirective)
    app.add_directive("proof", ProofDirective)
    app.add_directive("all-proofs", AllProofsDirective)
    app.connect("autodoc-process-docstring", headings_to_rubrics, priority=900)
    return {"parallel_read_safe": True}
