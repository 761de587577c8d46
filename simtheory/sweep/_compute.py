"""What a task's cells come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from simtheory._typing import Array
from simtheory.analytic import one_layer, tied
from simtheory.errors import ArgumentError, SimTheoryError, SolveError
from simtheory.sim import Flow, OneLayer, Status, Tied, integrate
from simtheory.sweep._cells import Cell, Run, cells_of, run_of, with_last_times
from simtheory.sweep.measures import MEASURES, Runs, Variable
from simtheory.sweep.spec import Spec
from simtheory.tasks import SIMTask

__all__ = ["Outcome", "check", "compute", "core_sizes", "variables"]

Made = TypeVar("Made")

# Closed forms, and the flow that each is about.
_THEORIES: dict[str, tuple[type[Flow], Callable[..., Any]]] = {
    "tied.pivots": (Tied, tied.pivots),
    "tied.first_order": (Tied, tied.first_order),
    "one_layer.solution": (OneLayer, one_layer.solution),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task's cells, in their order.

    Parameters
    ----------
    values : dict of str to ndarray
        Each variable, one row a cell; NaN or −1 where it is not known.
    reasons : dict of int to str
        Why a cell failed, by its place in the task.
    """

    values: dict[str, Array]
    reasons: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a cell has no numbers."""

    reason: str


def variables(spec: Spec) -> dict[str, Variable]:
    """Return what the store of a spec holds."""
    if spec.function is not None:
        return {name: Variable(name) for name in spec.variables}
    found = {}
    for name in spec.measure:
        variable = MEASURES[name].variable
        if isinstance(variable.boundary, str):
            level = spec.tables["observe"][variable.boundary]
            variable = replace(variable, boundary=level)
        found[name] = variable
    if spec.theory is not None:
        for name in spec.measure:
            meaning = f"{found[name].meaning}, by {spec.theory}"
            found[f"{name}_theory"] = replace(found[name], meaning=meaning)
    return found


def core_sizes(spec: Spec) -> dict[str, int]:
    """Return the lengths of the axes that variables have beyond the cells'."""
    if spec.function is not None:
        return {}
    return {"concept": len(spec.tables["task"]["mu"]), "point": spec.tables["time"]["points"]}


def check(spec: Spec) -> None:
    """Refuse a spec none of whose cells can start: the slip is the spec's, not the cells'."""
    if spec.function is not None:
        return
    first: _Failure | None = None
    for task in range(spec.grid.tasks):
        memory: dict[Any, Any] = {}
        for cell in cells_of(spec, task):
            run = _try(run_of, spec, cell, memory)
            if not isinstance(run, _Failure):
                return
            first = first or run
    assert first is not None  # a grid has cells
    raise ArgumentError(f"No cell of this sweep can start. {first.reason}")


def compute(spec: Spec, task: int) -> Outcome:
    """Compute all cells of a task; a cell that fails says why and leaves the others alone."""
    cells, sizes = cells_of(spec, task), core_sizes(spec)
    outcome = Outcome(
        {
            name: np.full(
                (len(cells), *(sizes[axis] for axis in variable.core)),
                -1.0 if variable.whole else np.nan,
            )
            for name, variable in variables(spec).items()
        }
    )
    if spec.function is not None:
        _call(spec, cells, outcome)
    else:
        _integrate(spec, cells, outcome)
    return outcome


def _call(spec: Spec, cells: Sequence[Cell], outcome: Outcome) -> None:
    """Let the user's function compute the cells, one by one."""
    assert spec.function is not None
    for k, cell in enumerate(cells):
        try:
            found = spec.function(cell)
            numbers = {name: float(found[name]) for name in spec.variables}
        except MemoryError:
            raise  # the machine's trouble, not the cell's
        except Exception as reason:
            outcome.reasons[k] = f"{type(reason).__name__}: {reason}"
            continue
        for name, number in numbers.items():
            outcome.values[name][k] = number


def _integrate(spec: Spec, cells: Sequence[Cell], outcome: Outcome) -> None:
    """Integrate cells of one shape as one ensemble, and measure them together.

    Time runs in shares of each run's last time, and its rates are as much larger: so runs of any
    length have one grid.
    """
    share = np.linspace(0.0, 1.0, spec.tables["time"]["points"])
    memory: dict[Any, Any] = {}
    runs = _sort(outcome, range(len(cells)), [_try(run_of, spec, c, memory) for c in cells])
    timeless = {k: run for k, run in runs.items() if np.isnan(run.t_max)}
    runs = {k: run for k, run in runs.items() if k not in timeless}
    for places in _alike(timeless, lambda run: id(run.task)):
        members = [timeless[k] for k in places]
        runs |= _sort(outcome, places, _together(with_last_times, members))
    for places in _alike(runs, lambda run: run.flow):
        members = [runs[k] for k in places]
        maps = _sort(outcome, places, _together(partial(_solve, spec, share), members))
        _measure(spec, outcome, "", runs, maps, share)
        if spec.theory is not None:
            forms = {k: _try(_closed_form, spec.theory, runs[k], share) for k in maps}
            known = {k: W for k, W in forms.items() if not isinstance(W, _Failure)}
            _measure(spec, outcome, "_theory", runs, known, share)


def _alike(runs: dict[int, Run], key: Callable[[Run], Any]) -> list[list[int]]:
    """Return the places of runs with starts of one shape and the same key, group by group."""
    groups: dict[Any, list[int]] = {}
    for k, run in runs.items():
        shapes = tuple(layer.shape for layer in run.layers)
        groups.setdefault((key(run), shapes), []).append(k)
    return list(groups.values())


def _solve(spec: Spec, share: Array, runs: Sequence[Run]) -> list[Array | _Failure]:
    """Return W of each run over time, or why it has none."""
    table = spec.tables["flow"]
    layers = tuple(np.stack(layer) for layer in zip(*(r.layers for r in runs), strict=True))
    try:
        maps = integrate(
            runs[0].flow,
            np.stack([run.moment * run.t_max for run in runs]),
            layers if len(layers) > 1 else layers[0],
            share,
            rtol=table["rtol"],
            max_steps=table["max_steps"],
            threads=1,
        )
    except SolveError as reason:
        ends = zip(runs, reason.partial, reason.status, strict=True)
        return [_stopped(run, W, Status(k), share) if k else W for run, W, k in ends]
    return list(maps)


def _stopped(run: Run, W: Array, status: Status, share: Array) -> _Failure:
    """Say when a run stopped and what to try; W is NaN from there."""
    reached = np.isfinite(W).all(axis=(-2, -1))
    time = run.t_max * float(share[reached].max(initial=0.0))
    return _Failure(f"The integration stopped after time {time:g}. {status.advice}")


def _closed_form(theory: str, run: Run, share: Array) -> Array:
    flow, form = _THEORIES[theory]
    if not isinstance(run.flow, flow):
        raise SimTheoryError("The form is about another flow.")
    weights: Array = form(run.task, run.layers[0], share * run.t_max).weights
    return weights


def _measure(
    spec: Spec,
    outcome: Outcome,
    suffix: str,
    runs: dict[int, Run],
    maps: dict[int, Array],
    share: Array,
) -> None:
    """Read all measures off the maps of some runs, and put them in their places."""
    if not maps:
        return
    batch = Runs(
        share=share,
        t_max=np.array([runs[k].t_max for k in maps]),
        weights=np.stack([_on_concepts(runs[k].task, W) for k, W in maps.items()]),
        mu=np.stack([runs[k].task.mu for k in maps]),
        level=spec.tables["observe"]["level"],
        threshold=spec.tables["observe"]["threshold"],
    )
    for name in spec.measure:
        outcome.values[name + suffix][list(maps)] = MEASURES[name].read(batch)


def _on_concepts(task: SIMTask, W: Array) -> Array:
    return W if task.rotation is None else task.rotation.T @ W @ task.rotation


def _try(function: Callable[..., Made], *arguments: Any) -> Made | _Failure:
    """Return what a function gives, or why a cell has nothing."""
    try:
        return function(*arguments)
    except SimTheoryError as reason:
        return _Failure(str(reason))
    except (ArithmeticError, TypeError, ValueError) as reason:  # a spec can ask for strange things
        return _Failure(f"{type(reason).__name__}: {reason}")


def _together(
    function: Callable[[Sequence[Run]], Sequence[Made | _Failure]], runs: Sequence[Run]
) -> list[Made | _Failure]:
    """Return what a function makes of several runs at once; of each alone, if one of them fails."""
    found = _try(function, runs)
    if not isinstance(found, _Failure):
        return list(found)
    if len(runs) == 1:
        return [found]
    return [part for run in runs for part in _together(function, [run])]


def _sort(
    outcome: Outcome, places: Sequence[int], found: Sequence[Made | _Failure]
) -> dict[int, Made]:
    """Return what was found by place; note the reasons of the others."""
    good = {}
    for k, part in zip(places, found, strict=True):
        if isinstance(part, _Failure):
            outcome.reasons[k] = part.reason
        else:
            good[k] = part
    return good
