"""Sweeps: a grid of cells, computed anywhere, kept as a labelled Zarr store.

Problem
-------
A phase diagram over strengths, starts, widths and seeds is thousands to millions of small runs. They
take minutes on a laptop or hours on a cluster, and either may be interrupted.

Result
------
A `Spec` names the axes and how a cell's task, start and flow come from them; `run` computes the cells
that a store lacks, in this process, a pool (`processes`), a cluster (`dask`) or one share of them;
`read` returns everything as a dataset with the names of the spec.

Reading
-------
Cells are computed in *tasks*, boxes of neighbours that a worker integrates as one ensemble. A task
lands in the store whole or not at all, and what has landed is never computed again: to go on after
whatever interruption, run the same sweep again. The seed of a run derives from the entropy of the
spec, its cell and its number, so the store is the same to the last byte whoever computes it.
"""

from simtheory.sweep._cells import Cell
from simtheory.sweep.measures import MEASURES, Measure, Variable
from simtheory.sweep.results import Progress, read, status
from simtheory.sweep.running import dask, processes, run
from simtheory.sweep.spec import Spec
from simtheory.sweep.store import CellStatus

__all__ = [
    "MEASURES",
    "Cell",
    "CellStatus",
    "Measure",
    "Progress",
    "Spec",
    "Variable",
    "dask",
    "processes",
    "read",
    "run",
    "status",
]
