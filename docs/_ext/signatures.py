"""Signatures with the types that the source names, each linked where it has a page.

Types are printed as they are written (``ArrayLike | None``), not evaluated, which would spell out what
an alias stands for. A type is linked if exactly one documented class has its name; others, of NumPy or
the standard library, are text.
"""

from __future__ import annotations

import inspect
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.inspect import stringify_signature
from sphinx.util.nodes import make_refnode


def as_written(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Return the arguments and the returned type as the source writes them."""
    if what not in ("function", "method", "class") or signature is None:
        return None
    try:
        found = inspect.signature(obj)
    except (TypeError, ValueError):
        return None
    given = list(found.parameters.values())
    if what == "method" and given and given[0].name in ("self", "cls"):
        given = given[1:]
    annotation = found.return_annotation
    shown = annotation if isinstance(annotation, str) and what != "class" else None
    arguments = stringify_signature(
        found.replace(parameters=given, return_annotation=inspect.Signature.empty)
    )
    return arguments, shown or ""


def link_type(app: Sphinx, env: Any, node: Any, content: nodes.Node) -> nodes.Node | None:
    """Link a type of a signature to the one class of its name, or leave it as text."""
    if node.get("refdomain") != "py" or not _in_signature(node):
        return None
    name = node["reftarget"].rpartition(".")[2]
    known = env.domains["py"].objects
    homes = {
        entry.docname: (full, entry)
        for full, entry in known.items()
        if full.rpartition(".")[2] == name and entry.objtype in ("class", "exception", "data")
    }
    if len(homes) != 1:
        return content
    ((full, entry),) = homes.values()
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content, full)


class AmbiguousTypes(SphinxPostTransform):
    """Take the link from types of signatures whose name several classes have, such as `Samples`."""

    default_priority = 5  # before references are resolved

    def run(self, **_: Any) -> None:
        """Leave such a type as text."""
        _unlink_ambiguous(self.env, self.document)


def _unlink_ambiguous(env: Any, doctree: nodes.document) -> None:
    known = env.domains["py"].objects
    for node in list(doctree.findall(addnodes.pending_xref)):
        name = node.get("reftarget", "")
        if node.get("refdomain") == "py" and "." not in name and _in_signature(node):
            homes = {e.docname for full, e in known.items() if full.rpartition(".")[2] == name}
            if len(homes) > 1:
                node.replace_self(nodes.Text(name))


def _in_signature(node: Any) -> bool:
    while node is not None:
        if isinstance(node, addnodes.desc_signature):
            return True
        node = node.parent
    return False


def setup(app: Sphinx) -> dict[str, Any]:
    """Register all three."""
    app.connect("autodoc-process-signature", as_written)
    app.connect("missing-reference", link_type)
    app.add_post_transform(AmbiguousTypes)
    return {"parallel_read_safe": True}
