"""Directives that print labelled results and their proofs from the code.

``{statement} label`` prints one result: the equation of a proved label from its SymPy statement with
its symbols, the definition of a computed one, the value of a cited one; then its error and regime,
and links to its code, its proof and its source. ``{proof} label`` prints the steps of its proof, as
``python -m derivations`` checks them. The results of a subject that its pages do not place by hand
are appended to the page of the subject.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.nodes import nested_parse_with_titles

from derivations import PROOFS
from simtheory.analytic.symbolic import STATEMENTS
from simtheory.labels import Card, Cited, Computed, Proved, card, cards


@cache
def listed() -> frozenset[str]:
    """Return the names that the pages of the API list."""
    pages = (Path(__file__).resolve().parents[1] / "api").glob("*.md")
    return frozenset(re.findall(r"^ +~(\S+)$", "\n".join(map(Path.read_text, pages)), re.MULTILINE))


def result_lines(worn: Card) -> list[str]:
    """Return the Markdown of one labelled result."""
    module, name = worn.home.split(":")
    shown = ".".join(module.split(".")[:3])  # a subject's package shows the names of its files
    homes = [f"{place}.{name}" for place in (shown, module, "simtheory")]
    target = next((home for home in homes if home in listed()), homes[0])
    lines = [f"(statement-{worn.label})=", f"**{worn.title}** · `{worn.label}`", ""]
    links = [f"[code](#{target})"]
    if isinstance(worn.kind, Proved):
        statement = STATEMENTS[worn.label]
        symbols = [f"${symbol}$: {meaning}" for symbol, meaning in statement.glossary()]
        lines += ["$$", statement.latex(), "$$", "", "; ".join(symbols) + ".", ""]
        links.append(f"[proof](#proof-{worn.label})")
        how = ""
    elif isinstance(worn.kind, Computed):
        lines += ["$$", worn.kind.definition, "$$", ""]
        how = "Computed from its definition. "
    else:
        constant = worn.kind.constant
        lines += [f"$${constant.value:g} \\pm {constant.error:g}$$", ""]
        how = "Cited. "
    error = "Exact" if worn.exact else f"Error: {worn.exactness}"
    lines += [f"*{how}{error}; holds for: {worn.regime}.*", ""]
    record = isinstance(worn.kind, Cited) and "/" in worn.kind.constant.source
    source = f"`{worn.kind.constant.source}`" if record else f"{{cite:t}}`{worn.source}`"
    return [*lines, " · ".join([*links, f"source: {source}, {worn.where}"])]


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
        return self.parse(result_lines(card(self.arguments[0])))


class ProofDirective(_Labelled):
    """Print the steps of one proof."""

    def run(self) -> list[nodes.Node]:
        label = self.arguments[0]
        lines = [
            f"(proof-{label})=",
            f"**{card(label).title}** · [`{label}`](#statement-{label})",
            "",
        ]
        lines += [f"{n}. {step.text}" for n, step in enumerate(PROOFS[label](), start=1)]
        return self.parse(lines)


class AllProofsDirective(_Labelled):
    """Print every proof, subject by subject."""

    required_arguments = 0

    def run(self) -> list[nodes.Node]:
        lines = [line for label in PROOFS for line in ("```{proof} " + label, "```", "")]
        return self.parse(lines)


def not_placed(theory: Path, subject: str) -> list[str]:
    """Return the labels of a subject that no page under `theory` places by hand."""
    pages = [path.read_text(encoding="utf-8") for path in theory.rglob("*.md")]
    placed = {label for page in pages for label in re.findall(r"\{statement\} (\S+)", page)}
    return [
        label for label, worn in cards().items() if worn.subject == subject and label not in placed
    ]


def append_results(app: Sphinx, docname: str, source: list[str]) -> None:
    """Append the results that the pages of a subject do not place to the page of the subject."""
    if not docname.startswith("theory/"):
        return
    subject = docname.removeprefix("theory/").removesuffix("/index")
    left = not_placed(Path(app.srcdir) / "theory", subject)
    if left:
        printed = "\n".join("```{statement} " + label + "\n```\n" for label in left)
        source[0] = f"{source[0].rstrip()}\n\n## Further results\n\n{printed}"


def headings_to_rubrics(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Keep the textbook headings of module docstrings out of the page's table of contents."""
    if what == "module":
        for k in range(len(lines) - 1, 0, -1):
            if lines[k] and set(lines[k]) == {"-"} and lines[k - 1].istitle():
                lines[k - 1 : k + 1] = [f".. rubric:: {lines[k - 1]}", ""]


class NumberEquations(SphinxTransform):
    """Number every displayed equation of the theory pages, and make it a target.

    MyST numbers only equations that carry a label; here all do, so that a reader can name each.
    """

    default_priority = 100

    def apply(self, **_: Any) -> None:
        """Number the equations in the order of the page."""
        docname = self.env.docname
        if not docname.startswith("theory/"):
            return
        domain = self.env.domains["math"]
        for count, equation in enumerate(self.document.findall(nodes.math_block), start=1):
            if equation.get("number") is None:
                label = f"{docname}:{count}"
                domain.note_equation(docname, label, location=equation)
                equation["number"] = domain.get_equation_number_for(label)
                equation["label"], equation["docname"] = label, docname
                equation["ids"] = [nodes.make_id(f"equation-{label}")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("statement", StatementDirective)
    app.add_directive("proof", ProofDirective)
    app.add_directive("all-proofs", AllProofsDirective)
    app.add_transform(NumberEquations)
    app.connect("source-read", append_results)
    app.connect("autodoc-process-docstring", headings_to_rubrics, priority=900)
    return {"parallel_read_safe": True}
