"""The statements: every proved label as SymPy equations, under the name of its subject.

`STATEMENTS` maps each label to its `Statement`. See `simtheory.analytic.symbolic._statement` for
how to write one.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from simtheory._names import public
from simtheory.analytic.symbolic._statement import Statement

__all__ = ["STATEMENTS", "Statement"]

STATEMENTS: dict[str, Statement] = {
    statement.label: statement
    for module in pkgutil.walk_packages(__path__, f"{__name__}.")
    if not module.ispkg and "._" not in module.name
    for statement in import_module(module.name).STATEMENTS
}

public(__name__)
