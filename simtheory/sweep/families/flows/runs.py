"""What a cell of a sweep of flows integrates: a task, a flow, a start and a last time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from itertools import pairwise
from typing import Any

import numpy as np

from simtheory import inits
from simtheory._checks import non_negative_int, positive, positive_int
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.analytic import tied
from simtheory.errors import ArgumentError
from simtheory.sim import Deep, Flow, OneLayer, Tied, Untied
from simtheory.sweep.family import Cell, Field, Request
from simtheory.tasks import SIMTask

__all__ = ["FLOWS", "STARTS", "TASK_FIELDS", "Run", "run_of", "with_last_times"]

FLOWS: dict[str, Callable[[Mapping[str, Any]], Flow]] = {
    "OneLayer": lambda table: OneLayer(),
    "Tied": lambda table: Tied(),
    "Untied": lambda table: Untied(),
    "Deep": lambda table: Deep(positive_int("depth", table.get("depth", 3))),
}
"""Flows by name, each made from the table [flow] at a cell."""

STARTS = (*inits.DRAWS, "torch_uniform", "explicit")
"""Words of the key `init`: the draws from a generator, a published seed, and given weights."""

TASK_FIELDS = {
    name: Field(needed=argument.default is argument.empty, flag=argument.annotation == "bool")
    for name, argument in signature(SIMTask).parameters.items()
}
"""Keys of the table [task]: the arguments of the task."""


@face
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

    def on_concepts(self, W: Array) -> Array:
        """Return maps in the axes of the concepts.

        Parameters
        ----------
        W : ndarray, shape (T, d, d)
            Maps in the coordinates of the data.

        Returns
        -------
        ndarray, shape (T, d, d)
            The maps.
        """
        axes = self.task.rotation
        return W if axes is None else axes.T @ W @ axes


@face
def run_of(spec: Request, cell: Cell, memory: dict[Any, Any]) -> Run:
    """Return what a cell integrates.

    Parameters
    ----------
    spec : Spec
        The spec.
    cell : Cell
        One of its cells.
    memory : dict
        Keeps what cells of a chunk have in common, such as the task.

    Returns
    -------
    Run
        Its task, flow, start and last time.
    """

    def part(table: str, make: Callable[[dict[str, Any]], Any]) -> Any:
        key = (table, *(cell.values[axis] for axis in spec.uses[table]))
        if key not in memory:
            memory[key] = make(spec.table_at(table, cell))
        return memory[key]

    (task, moment), flow = part("task", _task), part("flow", _flow)
    layers = _start(flow, task.dim, part("init", dict), cell)
    return Run(task, moment, flow, layers, part("time", _last_time))


@face
def with_last_times(runs: Sequence[Run]) -> list[Run]:
    """Return runs that last 1.5 times as long as the tied net needs by theory to learn all concepts.

    Parameters
    ----------
    runs : sequence of Run
        Runs of one task, with starts of one shape.

    Returns
    -------
    list of Run
        The same with their last times.
    """
    times = tied.learning_times(runs[0].task, np.stack([run.layers[0] for run in runs]))
    last = np.max(times, axis=-1, where=np.isfinite(times), initial=1.0)
    return [replace(run, t_max=1.5 * float(t)) for run, t in zip(runs, last, strict=True)]


def _task(table: Mapping[str, Any]) -> tuple[SIMTask, Array]:
    task = SIMTask(**table)
    return task, task.second_moment


def _last_time(table: Mapping[str, Any]) -> float:
    return positive("t_max", table["t_max"]) if "t_max" in table else np.nan


def _flow(table: Mapping[str, Any]) -> Flow:
    return FLOWS[table["flow"]](table)


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
    rng = cell.rng
    if seed is not None:
        rng = np.random.default_rng(non_negative_int("Key `seed` of [init]", seed))
    draw = partial(inits.DRAWS[kind], scale=scale, rng=rng)
    if kind == "correlated":
        draw = partial(draw, cosine=table["cosine"])
    return tuple(draw(shape) for shape in shapes)
