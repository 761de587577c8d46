"""The second road: flows and optimisers, samplers of compositions, concept graphs, trees, and percolation."""

from simtheory._names import public
from simtheory.sim import composition, emergence, hierarchy, percolation
from simtheory.sim.cache import KernelCache, clear_cache, kernel_cache, warmup
from simtheory.sim.descent import descend
from simtheory.sim.engine.status import Status
from simtheory.sim.flows import (
    Diagonal,
    Entries,
    Losses,
    LowerTriangle,
    Outputs,
    Reading,
    Rows,
    Summary,
    integrate,
    solve,
    summarize,
)
from simtheory.sim.networks import (
    Deep,
    Flow,
    Gram,
    OneLayer,
    Parametrisation,
    Product,
    Tied,
    Untied,
)

__all__ = [
    "Deep",
    "Diagonal",
    "Entries",
    "Flow",
    "Gram",
    "KernelCache",
    "Losses",
    "LowerTriangle",
    "OneLayer",
    "Outputs",
    "Parametrisation",
    "Product",
    "Reading",
    "Rows",
    "Status",
    "Summary",
    "Tied",
    "Untied",
    "clear_cache",
    "composition",
    "descend",
    "emergence",
    "hierarchy",
    "integrate",
    "kernel_cache",
    "percolation",
    "solve",
    "summarize",
    "warmup",
]

public(__name__)
