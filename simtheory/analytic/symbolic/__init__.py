"""The statements: every labelled result as SymPy equations, one module per topic.

`STATEMENTS` maps each label to its `Statement`. See `simtheory.analytic.symbolic._statement` for
how to write one.
"""

from __future__ import annotations

from importlib import import_module

from simtheory.analytic.symbolic._statement import Statement
from simtheory.equations import TOPICS

__all__ = ["STATEMENTS", "TOPICS", "Statement"]

STATEMENTS: dict[str, Statement] = {
    statement.label: statement
    for topic in TOPICS
    for statement in import_module(f"{__name__}.{topic}").STATEMENTS
}
