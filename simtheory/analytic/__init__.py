"""The closed forms, one package or module per subject, in numerically stable NumPy.

A function that takes a task returns a `Trajectory`; the formula below it is a pure function of arrays.
What each one states is its *label*: see `simtheory.labels`. A law, a solution or an approximation of
a network stands in the package of that network, in the file that says which of them it is.
"""

from __future__ import annotations

from importlib import import_module

from simtheory import labels
from simtheory._names import public
from simtheory.analytic import (
    composition,
    deep,
    denoiser,
    descent,
    emergence,
    factorization,
    finite_sample,
    flow_matching,
    hierarchy,
    one_layer,
    percolation,
    tied,
    untied,
    yang2024,
)
from simtheory.analytic.advice import advice

__all__ = [
    "advice",
    "composition",
    "deep",
    "denoiser",
    "descent",
    "emergence",
    "factorization",
    "finite_sample",
    "flow_matching",
    "hierarchy",
    "one_layer",
    "percolation",
    "tied",
    "untied",
    "yang2024",
]


def _latex(label: str) -> str:
    """Return the equation of a statement; the first call loads SymPy."""
    statements = import_module("simtheory.analytic.symbolic").STATEMENTS
    return str(statements[label].latex())


labels._readers[:] = [_latex]
public(__name__)
