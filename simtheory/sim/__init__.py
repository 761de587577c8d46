"""The second road: gradient flows integrated, and the optimiser itself, step by step."""

from simtheory.sim.descent import descend
from simtheory.sim.flows import Deep, Flow, OneLayer, Tied, Untied
from simtheory.sim.methods import Status
from simtheory.sim.readings import Diagonal, Entries, Losses, LowerTriangle, Outputs, Reading
from simtheory.sim.solve import integrate, solve

__all__ = [
    "Deep",
    "Diagonal",
    "Entries",
    "Flow",
    "Losses",
    "LowerTriangle",
    "OneLayer",
    "Outputs",
    "Reading",
    "Status",
    "Tied",
    "Untied",
    "descend",
    "integrate",
    "solve",
]
