"""What a concept graph prints of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simtheory._text import Rows
from simtheory.tasks._plain import short

if TYPE_CHECKING:
    from simtheory.tasks.emergence.graph import ConceptGraph

__all__ = ["one_or_all", "rows_of"]

_SHOWN = 16
"""Most trained classes that a printed graph lists."""


def rows_of(graph: ConceptGraph) -> Rows:
    """Return names and values of what a graph prints: concepts, strengths and trained classes."""
    rows = [(name, ", ".join(words)) for name, words in (graph.names or {}).items()]
    if not rows:
        rows = [("concepts", str(graph.n)), ("values", one_or_all(graph.values))]
    rows += [("mu", one_or_all(graph.mu)), ("sigma", one_or_all(graph.sigma))]
    rows += [("code", str(graph.code)), ("classes", str(graph.n_classes))]
    rows += [
        (f"trained {i + 1}", f"{graph.name(one)}: {weight:.4g}")
        for i, (one, weight) in enumerate(zip(graph.train, graph.weights, strict=True))
        if i < _SHOWN
    ]
    if len(graph.train) > _SHOWN:
        rows.append(("", f"and {len(graph.train) - _SHOWN} more"))
    return rows


def one_or_all(values: Any) -> str:
    """Return the one value that all have, or the first six of them."""
    return f"{values[0]:g}" if np.ptp(values) == 0 else short(values)
