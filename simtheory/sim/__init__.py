"""The second road: gradient flows integrated, and the optimiser itself, step by step."""

from simtheory.sim.cache import KernelCache, clear_cache, kernel_cache, warmup
from simtheory.sim.descent import descend
from simtheory.sim.flows import Deep, Flow, OneLayer, Tied, Untied
from simtheory.sim.methods import Status
from simtheory.sim.readings import Diagonal, Entries, Losses, LowerTriangle, Outputs, Reading
from simtheory.sim.solve import integrate, solve
from simtheory.sim.summary import Summary, summarize

__all__ = [
    "Deep",
    "Diagonal",
    "Entries",
    "Flow",
    "KernelCache",
    "Losses",
    "LowerTriangle",
    "OneLayer",
    "Outputs",
    "Reading",
    "Status",
    "Summary",
    "Tied",
    "Untied",
    "clear_cache",
    "descend",
    "integrate",
    "kernel_cache",
    "solve",
    "summarize",
    "warmup",
]
