"""Integrated gradient flows: single ones, ensembles, and statistics over ensembles."""

from simtheory._names import public
from simtheory.sim.flows.integration import integrate, solve
from simtheory.sim.flows.readings import (
    Diagonal,
    Entries,
    Losses,
    LowerTriangle,
    Outputs,
    Reading,
    Rows,
)
from simtheory.sim.flows.summary import Summary, summarize

__all__ = [
    "Diagonal",
    "Entries",
    "Losses",
    "LowerTriangle",
    "Outputs",
    "Reading",
    "Rows",
    "Summary",
    "integrate",
    "solve",
    "summarize",
]

public(__name__)
