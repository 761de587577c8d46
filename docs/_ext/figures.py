"""Pictures: a directive that prints the papers' figures, and text for those that cells draw.

``{figures} TOPIC ...`` prints every figure that a script in ``validation/`` declares: a heading for each
topic with the introduction of its folder, a heading for each section, and below it the pictures, each with
the docstring of its script and the command that draws it. Topics that are named come first, in that order;
the others follow.

A picture that an executed cell draws is described for those who cannot see it: by the heading above it and by
the names of axes, curves and plots in the source of the cell.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.nodes import nested_parse_with_titles

from validation.common import Figure, found, introduction


def page(figures: list[Figure], first: list[str], *, docs: Path) -> list[str]:
    """Return the MyST lines that show the figures, topic by topic and section by section.

    Parameters
    ----------
    figures : list of Figure
        What to show, by topic and name.
    first : list of str
        Topics that come first, in this order.
    docs : Path
        Folder of the page, from which the paths of pictures begin.

    Returns
    -------
    list of str
        Lines of Markdown; every figure stands on them once.
    """
    topics = list(dict.fromkeys([*first, *(figure.topic for figure in figures)]))
    lines: list[str] = []
    for topic in topics:
        shown = [figure for figure in figures if figure.topic == topic]
        title, text = introduction(topic, Path(shown[0].script).parents[1])
        lines += [f"## {title}", "", *text.splitlines(), ""]
        for section in dict.fromkeys(figure.section for figure in shown):
            lines += [f"### {section}", ""] if section else []
            for figure in shown:
                lines += _figure(figure, docs) if figure.section == section else []
    return lines


def _figure(figure: Figure, docs: Path) -> list[str]:
    """Return the lines of one figure."""
    return [
        f"```{{figure}} {Path(os.path.relpath(figure.picture, docs)).as_posix()}",
        f":target: _images/{figure.picture.name}",
        f":alt: {figure.alt}",
        "",
        *figure.text.splitlines(),
        "",
        f"`python -m validation.{figure.topic}.{figure.name}`",
        "```",
        "",
    ]


class FiguresDirective(Directive):
    """Print all figures."""

    optional_arguments = 20

    def run(self) -> list[nodes.Node]:
        """Parse the lines of the page in place."""
        env = self.state.document.settings.env
        figures = found()
        for figure in figures:
            env.note_dependency(figure.script)
        lines = page(figures, self.arguments, docs=Path(env.srcdir))
        holder = nodes.section()
        holder.document = self.state.document
        nested_parse_with_titles(self.state, StringList(lines, source="figures"), holder)
        return holder.children


def described(heading: str, source: str) -> str:
    """Return a text for the picture that a cell draws.

    Parameters
    ----------
    heading : str
        The heading under which the cell stands.
    source : str
        The source of the cell.

    Returns
    -------
    str
        The heading, then each axis, curve, title and plot once.
    """
    found = re.findall(r"""(?:label|title)="([^"]+)"|\bplot\.(?!style\b)(\w+)\(""", source)
    words = dict.fromkeys(text or name.replace("_", " ") for text, name in found)
    return f"{heading}: {', '.join(words)}" if words else heading


def describe_cells(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give each picture of an executed cell its text."""
    for cell in doctree.findall(
        lambda node: "cell" in getattr(node, "attributes", {}).get("classes", ())
    ):
        section = cell.parent
        while not (isinstance(section, nodes.section) or section.parent is None):
            section = section.parent
        title = section.next_node(nodes.title)
        source = cell.next_node(nodes.literal_block)
        for image in cell.findall(nodes.image):
            image.setdefault(
                "alt",
                described(title.astext() if title else docname, source.astext() if source else ""),
            )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("figures", FiguresDirective)
    app.connect("doctree-resolved", describe_cells)
    return {"parallel_read_safe": True}
