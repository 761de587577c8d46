"""The cells of a grid: from values of the axes to a task, a flow, a start and a last time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from simtheory import inits
from simtheory._checks import positive, positive_int
from simtheory._typing import Array
from simtheory.analytic import tied
from simtheory.errors import ArgumentError
from simtheory.sim import Deep, Flow, OneLayer, Tied, Untied
from simtheory.sweep._expressions import evaluated
from simtheory.sweep.spec import WORDS, Spec
from simtheory.tasks import SIMTask

__all__ = ["Cell", "Run", "cells_of", "run_of", "with_last_times"]


@dataclass(frozen=True)
class Cell:
    """One cell of a sweep, as a function of your own gets it.

    Parameters
    ----------
    number : int
        Its place in the grid without the seeds, the last axis running fastest.
    values : mapping
        The value of each axis; ``cell["ratio"]`` is short for ``cell.values["ratio"]``.
    seed : int
        Which of the runs of the cell this is.
    entropy : int
        The entropy of the sweep.
    """

    number: int
    values: Mapping[str, Any]
    seed: int = 0
    entropy: int = 0

    def __getitem__(self, axis: str) -> Any:
        return self.values[axis]

    @cached_property
    def rng(self) -> np.random.Generator:
        """Generator of this run alone, the same in whatever process and order."""
        sequence = np.random.SeedSequence(self.entropy, spawn_key=(self.number, self.seed))
        return np.random.default_rng(sequence)


@dataclass(frozen=True, slots=True)
class Run:
    """A cell, as what is integrated.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    moment : ndarray, shape (d, d)
        Its second moment.
    flow : Flow
        By which flow.
    layers : tuple of ndarray
        The start, first layer first.
    t_max : float
        Last canonical time; NaN until `with_last_times` asks theory when all is learned.
    """

    task: SIMTask
    moment: Array
    flow: Flow
    layers: tuple[Array, ...]
    t_max: float


def cells_of(spec: Spec, task: int) -> list[Cell]:
    """Return the cells of a task, in the order of the grid."""
    names, axes = list(spec.axes), list(spec.axes.values())
    shape = [len(values) for values in axes]
    cells = []
    for index in spec.grid.indices(task):
        place, seed = (index[:-1], index[-1]) if spec.seeds else (index, 0)
        values = {n: axis[k] for n, axis, k in zip(names, axes, place, strict=True)}
        if spec.seeds:
            values["seed"] = seed
        number = int(np.ravel_multi_index(place, shape))
        cells.append(Cell(number, values, seed, spec.entropy))
    return cells


def run_of(spec: Spec, cell: Cell, memory: dict[Any, Any]) -> Run:
    """Return what a cell integrates; `memory` keeps what cells of a task have in common."""

    def part(table: str, make: Callable[[dict[str, Any]], Any]) -> Any:
        key = (table, *(cell.values[axis] for axis in spec.uses[table]))
        if key not in memory:
            memory[key] = make(_at(cell, spec.tables[table]))
        return memory[key]

    (task, moment), flow = part("task", _task), part("flow", _flow)
    layers = _start(flow, task.dim, part("init", dict), cell)
    return Run(task, moment, flow, layers, part("time", _last_time))


def with_last_times(runs: Sequence[Run]) -> list[Run]:
    """Return runs of one task and shape until all is learned, as theory has it, and half as long."""
    times = tied.learning_times(runs[0].task, np.stack([run.layers[0] for run in runs]))
    last = np.max(times, axis=-1, where=np.isfinite(times), initial=1.0)
    return [replace(run, t_max=1.5 * float(t)) for run, t in zip(runs, last, strict=True)]


def _at(cell: Cell, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with words and arithmetic replaced by their values at a cell."""
    return {
        key: cell.values.get(value, value) if key in WORDS else evaluated(value, cell.values)
        for key, value in table.items()
    }


def _task(table: Mapping[str, Any]) -> tuple[SIMTask, Array]:
    task = SIMTask(**table)
    return task, task.second_moment


def _last_time(table: Mapping[str, Any]) -> float:
    return positive("t_max", table["t_max"]) if "t_max" in table else np.nan


def _flow(table: Mapping[str, Any]) -> Flow:
    match table["flow"]:
        case "OneLayer":
            return OneLayer()
        case "Tied":
            return Tied()
        case "Untied":
            return Untied()
    return Deep(positive_int("depth", table.get("depth", 3)))


def _start(flow: Flow, d: int, table: Mapping[str, Any], cell: Cell) -> tuple[Array, ...]:
    width = positive_int("width", table.get("width", d))
    if table["init"] == "explicit":
        given = table.get("weights", [])
        return tuple(inits.explicit(W) for W in (given if flow.depth > 1 else [given]))
    if isinstance(flow, Tied):
        return _draw([(d, width)], table, cell)
    if table.get("balanced"):
        return _balanced(flow, *_draw([(d, width)], table, cell))
    sizes = [d, *[width] * (flow.depth - 1), d]
    return _draw([(n, m) for m, n in pairwise(sizes)], table, cell)


def _balanced(flow: Flow, U0: Array) -> tuple[Array, ...]:
    """Start as the tied net does that starts from U0."""
    if isinstance(flow, OneLayer):
        return (U0 @ U0.T,)
    if isinstance(flow, Untied):
        return inits.balanced(U0)
    raise ArgumentError(f"Key `balanced` of [init] needs one or two layers, but got {flow.name}.")


def _draw(
    shapes: Sequence[tuple[int, int]], table: Mapping[str, Any], cell: Cell
) -> tuple[Array, ...]:
    """Draw layers one after the other, from the cell's generator or a seed that the spec names."""
    kind, scale, seed = table["init"], table["scale"], table.get("seed")
    if kind == "torch_uniform":
        ends = np.cumsum([n * m for n, m in shapes])
        stream = inits.torch_uniform(
            (1, int(ends[-1])), scale=scale, seed=cell.seed if seed is None else seed
        )
        parts = np.split(stream[0], ends[:-1])
        return tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
    rng = cell.rng if seed is None else _seeded(seed)
    if kind == "correlated":
        cosine = table["cosine"]
        return tuple(inits.correlated(s, cosine=cosine, scale=scale, rng=rng) for s in shapes)
    draw = inits.uniform if kind == "uniform" else inits.gaussian
    return tuple(draw(shape, scale=scale, rng=rng) for shape in shapes)


def _seeded(seed: Any) -> np.random.Generator:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ArgumentError(f"Key `seed` of [init] must be a non-negative integer, not {seed!r}.")
    return np.random.default_rng(seed)
