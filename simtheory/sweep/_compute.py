"""The cells of one chunk: whether any can start, and their results."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory.errors import ArgumentError
from simtheory.sweep.family import Failure, Outcome, attempt
from simtheory.sweep.spec import Spec

__all__ = ["check", "compute"]


def check(spec: Spec) -> None:
    """Refuse a spec none of whose cells can start: then the slip is in the spec."""
    first: Failure | None = None
    for chunk in range(spec.grid.chunks):
        memory: dict[Any, Any] = {}
        for cell in spec.cells(chunk):
            found = attempt(spec.family.start, spec, cell, memory)
            if not isinstance(found, Failure):
                return
            first = first or found
    assert first is not None  # a grid has cells
    raise ArgumentError(f"No cell of this sweep can start. {first.reason}")


def compute(spec: Spec, chunk: int) -> Outcome:
    """Compute all cells of a chunk; a cell that fails says why and leaves the others alone."""
    cells, sizes = spec.cells(chunk), spec.family.sizes(spec)
    outcome = Outcome(
        {
            name: np.full(
                (len(cells), *(sizes[axis] for axis in variable.core)),
                -1.0 if variable.whole else np.nan,
            )
            for name, variable in spec.family.variables(spec).items()
        }
    )
    spec.family.compute(spec, cells, outcome)
    return outcome
