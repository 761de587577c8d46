"""Sweeps: a grid of cells, computed anywhere, kept as a labelled Zarr store.

Problem
-------
A phase diagram over strengths, starts, widths and seeds is thousands to millions of small runs. They
take minutes on a laptop or hours on a cluster, and may be interrupted on either.

Result
------
A `Spec` names the axes, the *family* of its cells (what is computed, such as flows) and how the tables
of a cell come from the axes; `run` computes the cells that a store lacks, in this process, a pool
(`processes`), a cluster (`dask`) or one shard of them; `read` returns everything as a dataset with the
names of the spec.

Reading
-------
Cells are computed in *chunks*, boxes of neighbours that a worker computes together. A chunk is written
whole or not at all, and a finished chunk is never computed again: to go on after an interruption, run
the same sweep again. The seed of a run derives from the entropy of the spec, its cell and its number,
so the store is the same to the last byte wherever it is computed.
"""

from simtheory._names import public
from simtheory.sweep.families import FAMILIES
from simtheory.sweep.family import Cell, Family, Field, Observable, Outcome, Variable
from simtheory.sweep.results import Progress, read, status
from simtheory.sweep.running import dask, processes, run
from simtheory.sweep.spec import Spec
from simtheory.sweep.store import CellStatus

__all__ = [
    "FAMILIES",
    "Cell",
    "CellStatus",
    "Family",
    "Field",
    "Observable",
    "Outcome",
    "Progress",
    "Spec",
    "Variable",
    "dask",
    "processes",
    "read",
    "run",
    "status",
]

public(__name__)
