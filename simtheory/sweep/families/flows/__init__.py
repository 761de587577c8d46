"""Gradient flows of linear nets: a cell is a task, a start, a flow and a last time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, TypeVar

import numpy as np

from simtheory._checks import positive, positive_int
from simtheory._faces import face
from simtheory._names import public
from simtheory._typing import Array
from simtheory.analytic import one_layer, tied
from simtheory.errors import ArgumentError, SimTheoryError, SolveError
from simtheory.sim import Flow, OneLayer, Status, Tied, integrate
from simtheory.sweep._expressions import evaluated
from simtheory.sweep.families.flows.observables import OBSERVABLES, Runs
from simtheory.sweep.families.flows.runs import (
    FLOWS,
    STARTS,
    TASK_FIELDS,
    Run,
    run_of,
    with_last_times,
)
from simtheory.sweep.family import Cell, Failure, Family, Field, Outcome, Request, Variable, attempt

__all__ = ["Flows"]

Made = TypeVar("Made")

THEORIES: dict[str, tuple[type[Flow], Callable[..., Any]]] = {
    "tied.pivots": (Tied, tied.pivots),
    "tied.first_order": (Tied, tied.first_order),
    "one_layer.solution": (OneLayer, one_layer.solution),
}
"""Closed forms by name, each with the flow that it solves."""

_LARGEST_MAP = 2**27
"""Entries of W over time of one cell, a gigabyte: a spec that asks for more is refused."""


@face
class Flows(Family):
    """Linear nets under gradient flow, and the closed forms about them."""

    kind = "flows"
    tables: ClassVar[dict[str, dict[str, Field]]] = {
        "task": TASK_FIELDS,
        "init": {
            "init": Field("uniform", words=STARTS),
            "scale": Field(0.1),
            "width": Field(),
            "cosine": Field(0.9),
            "seed": Field(),
            "weights": Field(),
            "balanced": Field(flag=True),
        },
        "flow": {
            "flow": Field("Tied", words=tuple(FLOWS)),
            "depth": Field(),
            "rtol": Field(1e-9, fixed=positive),
            "max_steps": Field(100_000, fixed=positive_int),
        },
        "time": {"t_max": Field(), "points": Field(401, fixed=positive_int)},
        "observe": {
            "level": Field(0.5, fixed=positive),
            "threshold": Field(1e-6, fixed=positive),
        },
    }
    observables = OBSERVABLES
    theories = tuple(THEORIES)

    @property
    def axes(self) -> tuple[str, ...]:
        """A concept, or a point of the grid of times."""
        return ("concept", "point")

    def check(self, spec: Request) -> None:
        """Refuse strengths that are no list, a missing last time, and cells that fill a machine."""
        mu = spec.tables["task"]["mu"]
        if not isinstance(mu, list):
            raise ArgumentError(
                f"Key `mu` of [task] must be a list with an entry for each concept, but it is {mu!r}."
            )
        if "t_max" not in spec.tables["time"] and set(spec.choices("flow", "flow")) != {"Tied"}:
            raise ArgumentError(
                "The table [time] needs the key 't_max': only of the tied net does theory say when "
                "all is learned."
            )
        d, points = _largest_sizes(spec)[0], spec.tables["time"]["points"]
        if points * d * d > _LARGEST_MAP:
            raise ArgumentError(
                f"One cell would keep {points * d * d * 8 / 2**30:.3g} GB of maps, {d} × {d} at "
                f"{points} times: lower `points` of [time]."
            )

    def variables(self, spec: Request) -> dict[str, Variable]:
        """Return the measured observables, and the same of the closed form."""
        found = {name: spec.with_boundary(OBSERVABLES[name].variable) for name in spec.measure}
        if spec.theory is not None:
            for name in spec.measure:
                meaning = f"{found[name].meaning}, by {spec.theory}"
                found[f"{name}_theory"] = replace(found[name], meaning=meaning)
        return found

    def sizes(self, spec: Request) -> dict[str, int]:
        """Return the number of concepts and of times."""
        return {"concept": len(spec.tables["task"]["mu"]), "point": spec.tables["time"]["points"]}

    def cost(self, spec: Request) -> tuple[float, int]:
        """Count the entries of the maps over time and the work of a step."""
        d, h = _largest_sizes(spec)
        points = spec.tables["time"]["points"]
        seconds = 1e-4 + 4e-8 * points * d * d + 5e-8 * d * d * (d + h)
        if spec.theory is not None:
            seconds += 5e-4
        return seconds, 2**22 // (points * d * d)  # 32 MB of maps

    def start(self, spec: Request, cell: Cell, memory: dict[Any, Any]) -> Run:
        """Return what is integrated."""
        return run_of(spec, cell, memory)

    def compute(self, spec: Request, cells: Sequence[Cell], outcome: Outcome) -> None:
        """Integrate cells of one shape as one ensemble, and read the observables off them together.

        Time runs in shares of each run's last time, and its rates are as much larger: so runs of any
        length have one grid.
        """
        share = np.linspace(0.0, 1.0, spec.tables["time"]["points"])
        memory: dict[Any, Any] = {}
        started = [attempt(run_of, spec, cell, memory) for cell in cells]
        runs = outcome.sort(range(len(cells)), started)
        timeless = {k: run for k, run in runs.items() if np.isnan(run.t_max)}
        runs = {k: run for k, run in runs.items() if k not in timeless}
        for places in _alike(timeless, lambda run: id(run.task)):
            members = [timeless[k] for k in places]
            runs |= outcome.sort(places, _together(with_last_times, members))
        for places in _alike(runs, lambda run: run.flow):
            members = [runs[k] for k in places]
            maps = outcome.sort(places, _together(partial(_solve, spec, share), members))
            _read(spec, outcome, "", runs, maps, share)
            if spec.theory is not None:
                forms = {k: attempt(_closed_form, spec.theory, runs[k], share) for k in maps}
                known = {k: W for k, W in forms.items() if not isinstance(W, Failure)}
                _read(spec, outcome, "_theory", runs, known, share)


def _largest_sizes(spec: Request) -> tuple[int, int]:
    """Return dimension and width at the cell with the largest value of every axis."""
    values = {n: v[0] if isinstance(v[0], str) else max(v) for n, v in spec.coordinates.items()}
    d = len(spec.tables["task"]["mu"])
    try:
        d = int(evaluated(spec.tables["task"].get("dim", d), values))
        return d, int(evaluated(spec.tables["init"].get("width", d), values))
    except (SimTheoryError, ValueError):
        return d, d  # the cells will say what is wrong


def _alike(runs: dict[int, Run], key: Callable[[Run], Any]) -> list[list[int]]:
    """Return the places of runs with starts of one shape and the same key, group by group."""
    groups: dict[Any, list[int]] = {}
    for k, run in runs.items():
        shapes = tuple(layer.shape for layer in run.layers)
        groups.setdefault((key(run), shapes), []).append(k)
    return list(groups.values())


def _solve(spec: Request, share: Array, runs: Sequence[Run]) -> list[Array | Failure]:
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


def _stopped(run: Run, W: Array, status: Status, share: Array) -> Failure:
    """Say when a run stopped and what to try; W is NaN from there."""
    reached = np.isfinite(W).all(axis=(-2, -1))
    time = run.t_max * float(share[reached].max(initial=0.0))
    return Failure(f"The integration stopped after time {time:g}. {status.advice}")


def _closed_form(theory: str, run: Run, share: Array) -> Array:
    flow, form = THEORIES[theory]
    if not isinstance(run.flow, flow):
        raise SimTheoryError("The form is about another flow.")
    weights: Array = form(run.task, run.layers[0], share * run.t_max).weights
    return weights


def _read(
    spec: Request,
    outcome: Outcome,
    suffix: str,
    runs: dict[int, Run],
    maps: dict[int, Array],
    share: Array,
) -> None:
    """Read all observables off the maps of some runs, and put them in their places."""
    if not maps:
        return
    batch = Runs(
        share=share,
        t_max=np.array([runs[k].t_max for k in maps]),
        weights=np.stack([runs[k].on_concepts(W) for k, W in maps.items()]),
        mu=np.stack([runs[k].task.mu for k in maps]),
        level=spec.tables["observe"]["level"],
        threshold=spec.tables["observe"]["threshold"],
    )
    for name in spec.measure:
        outcome.values[name + suffix][list(maps)] = OBSERVABLES[name].read(batch)


def _together(
    function: Callable[[Sequence[Run]], Sequence[Made | Failure]], runs: Sequence[Run]
) -> list[Made | Failure]:
    """Return what a function makes of several runs at once; of each alone, if one of them fails."""
    found = attempt(function, runs)
    if not isinstance(found, Failure):
        return list(found)
    if len(runs) == 1:
        return [found]
    return [part for run in runs for part in _together(function, [run])]


public(__name__)
