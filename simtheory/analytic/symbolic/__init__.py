"""The statements: every labelled result as SymPy equations, one module per topic.

`STATEMENTS` maps each label to its `Statement`. See `simtheory.analytic.symbolic._statement` for
how to write one.
"""

from __future__ import annotations

from simtheory.analytic.symbolic import identity, one_layer, tied
from simtheory.analytic.symbolic._statement import Statement

__all__ = ["STATEMENTS", "Statement"]

STATEMENTS: dict[str, Statement] = {
    statement.label: statement
    for topic in (identity, one_layer, tied)
    for statement in topic.STATEMENTS
}
