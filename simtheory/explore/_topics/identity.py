"""A tied net on the structured identity mapping: closed form against exact flow."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from simtheory import inits, observe
from simtheory._typing import Array
from simtheory.analytic import tied
from simtheory.errors import ArgumentError
from simtheory.explore._parts import (
    Chart,
    Choice,
    Column,
    Drawn,
    File,
    Line,
    Number,
    Numbers,
    Table,
    Topic,
    Uploaded,
    Whole,
)
from simtheory.plot.style import GREY, INK, colour
from simtheory.results import Trajectory
from simtheory.sim import Tied, solve
from simtheory.tasks import SIMTask
from simtheory.units import Clock

_TIMES = 401
_FURTHER = 1.5
"""Last time that is drawn, as a multiple of the last learning time."""
_DOTS = 12
"""Dots on a path after the first, equally spaced in time."""


def _draw(values: Mapping[str, Any]) -> Drawn:
    task = SIMTask(mu=values["mu"], sigma=values["sigma"])
    name, more = _start(values)
    U0 = inits.DRAWS[name]((task.dim, values["width"]), **more)
    times = tied.learning_times(task, U0)
    t = np.linspace(0.0, _FURTHER * np.max(times[np.isfinite(times)], initial=0.1), _TIMES)
    exact, closed = solve(Tied(), task, U0, t), tied.pivots(task, U0, t)
    roads = {"exact flow": exact, "closed form": closed}
    yours = _yours(values["curves"], task, values["lr"])
    swing, off = observe.swing_by(exact), observe.agreement(closed, exact)
    concepts = Table(
        "Concepts",
        tuple(f"concept {k + 1}" for k in range(task.n_concepts)),
        (
            Column("signal μ", task.mu, "task.mu"),
            Column("rate, 1/t", task.rates, "task.rates"),
            Column("learned at t, closed form", times, "times"),
            Column(
                "learned at t, exact flow",
                observe.learning_times(exact),
                "st.observe.learning_times(exact)",
                infinite="not yet",
            ),
        ),
    )
    rises = swing.rises
    swings = Table(
        "Swing-by: rises of the test loss",
        tuple(f"rise {k + 1}" for k in range(len(rises))),
        (
            Column("from t", [r.t_min for r in rises], "[r.t_min for r in swing.rises]"),
            Column("to t", [r.t_max for r in rises], "[r.t_max for r in swing.rises]"),
            Column(
                "share of the first loss",
                [r.relative for r in rises],
                "[r.relative for r in swing.rises]",
            ),
        ),
    )
    whole = Table(
        "Closed form against exact flow",
        ("outputs",),
        (
            Column("descents of the loss", [swing.descents], "swing.descents"),
            Column("largest error", [off.max_error], "off.max_error"),
            Column("r.m.s. error", [off.rms_error], "off.rms_error"),
        ),
    )
    charts = [
        Chart("Test loss", "time t", "½ ‖output − target‖²", (*_losses(roads), *yours["loss"]))
    ]
    if task.n_concepts > 1:
        charts.append(
            Chart(
                "Path in concept space",
                "output along concept 1",
                "output along concept 2",
                (*_paths(task, roads), *yours["path"]),
                equal=True,
            )
        )
    charts.append(
        Chart(
            "Entries of W",
            "time t",
            "entry",
            (*_entries(task, roads), *yours["entries"]),
            hint="dashed: closed form",
        )
    )
    return tuple(charts), (concepts, swings, whole)


def _start(values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the name of the draw and its arguments."""
    name, width, concepts = values["start"], values["width"], len(values["mu"])
    more = {"scale": values["scale"], "rng": values["seed"]}
    if name != "correlated":
        return name, more
    if width < concepts:
        raise ArgumentError(
            f"Argument `width` must be at least {concepts} for {concepts} correlated rows, but it is {width}."
        )
    return name, {"cosine": values["cosine"]} | more


_DASHES = {"exact flow": "solid", "closed form": "dashed"}


def _losses(roads: Mapping[str, Trajectory]) -> list[Line]:
    lines = []
    for name, run in roads.items():
        values, dash = observe.loss(run), _DASHES[name]
        lines.append(Line(name, run.t, values, INK, dash))
        for rise in observe.swing_by(run).rises:
            span = (run.t >= rise.t_min) & (run.t <= rise.t_max)
            lines.append(Line("rises", run.t[span], values[span], INK, dash, width=4.0))
    return lines


def _paths(task: SIMTask, roads: Mapping[str, Trajectory]) -> list[Line]:
    x, y = task.mu[:2]
    lines = [
        Line("all in between", np.array([0, x, x, 0, 0]), np.array([0, 0, y, y, 0]), GREY, width=0.7),
    ]  # fmt: skip
    for name, run in roads.items():
        path = task.to_concept_axes(run.output(task.target))[:, :2]
        times = np.linspace(run.t[0], run.t[-1], _DOTS + 1)
        dots = [np.interp(times, run.t, path[:, axis]) for axis in (0, 1)]
        lines.append(Line(name, path[:, 0], path[:, 1], INK, _DASHES[name]))
        lines.append(Line("equal steps of time", dots[0], dots[1], INK, width=0.0, marker=5.0))
    lines.append(Line("concept 1", np.array([x]), np.zeros(1), colour(0), width=0.0, marker=9.0))
    lines.append(Line("concept 2", np.zeros(1), np.array([y]), colour(1), width=0.0, marker=9.0))
    lines.append(Line("target", np.array([x]), np.array([y]), INK, width=0.0, marker=9.0))
    return lines


def _entries(task: SIMTask, roads: Mapping[str, Trajectory]) -> list[Line]:
    lines = []
    for name, run in roads.items():
        assert run.weights is not None  # both roads are linear
        turn = task.from_concept_axes(np.eye(task.dim))
        W = turn @ run.weights @ turn.T
        dash = _DASHES[name]
        for i, j in combinations(range(task.n_concepts), 2):  # W is symmetric
            lines.append(Line("between concepts", run.t, W[:, i, j], GREY, dash, width=1.2))
        for k in range(task.n_concepts):
            lines.append(Line(f"concept {k + 1}", run.t, W[:, k, k], colour(k), dash))
    return lines


def _yours(given: Uploaded | None, task: SIMTask, lr: float) -> dict[str, list[Line]]:
    """Return lines of measured curves, by the chart that shows them."""
    lines: dict[str, list[Line]] = {"loss": [], "path": [], "entries": []}
    if given is None:
        return lines
    curves = given.curves
    if curves.unit == "epoch":
        raise ArgumentError(
            f"The times of {given.name} must be steps or canonical, but they are epochs. Multiply them "
            "by the steps of an epoch, and call the column step."
        )
    t = Clock(lr=lr, tied=True).time(curves.t) if curves.unit == "step" else curves.t
    if curves.observed == "loss":
        lines["loss"] = [_measured("yours", t, curves.values[:, 0], INK)]
        return lines
    if len(curves.names) != task.n_concepts:
        raise ArgumentError(
            f"The file {given.name} must have a column for each of the {task.n_concepts} concepts of "
            f"`mu`, but it has {len(curves.names)}: {', '.join(curves.names)}."
        )
    if curves.observed == "target" and task.n_concepts > 1:
        x, y = (curves.values[:, :2] * task.mu[:2]).T
        lines["path"] = [_measured("yours", x, y, INK)]
    if curves.observed == "concepts":
        lines["entries"] = [
            _measured(f"yours, {name}", t, curves.values[:, k], colour(k))
            for k, name in enumerate(curves.names)
        ]
    return lines


def _measured(name: str, x: Array, y: Array, ink: str) -> Line:
    return Line(name, x, y, ink, "dotted", width=2.0, marker=4.0)


def _code(values: Mapping[str, Any]) -> str:
    mu = values["mu"]
    widths = "(4.2, 3.4, 4.2)" if len(mu) > 1 else "(4.2, 4.2)"
    name, more = _start(values)
    given = ", ".join(f"{word}={value}" for word, value in more.items())
    lines = [
        "import numpy as np, simtheory as st",
        f"task = st.SIMTask(mu={mu}, sigma={values['sigma']})",
        f"U0 = st.inits.{name}({(len(mu), values['width'])}, {given})",
        "times = st.analytic.tied.learning_times(task, U0)",
        f"t = np.linspace(0, {_FURTHER} * np.max(times[np.isfinite(times)], initial=0.1), {_TIMES})",
        "exact, closed = st.sim.solve(st.sim.Tied(), task, U0, t), st.analytic.tied.pivots(task, U0, t)",
        "swing, off = st.observe.swing_by(exact), st.agreement(closed, exact)",
        f'with st.plot.picture("identity.svg", widths={widths}) as axes:',
        "    for run in (exact, closed):",
        "        st.plot.loss(run, ax=axes[0]), st.plot.weights(run, ax=axes[-1])",
    ]
    if len(mu) > 1:
        lines.append("        st.plot.concept_space(run, ax=axes[1])")
    return "\n".join([*lines, *_mine(values), "print(times, swing, off)"])


def _mine(values: Mapping[str, Any]) -> list[str]:
    """Return the lines of code that draw measured curves."""
    given = values["curves"]
    if given is None:
        return []
    curves = given.curves
    clock = f"st.units.Clock(lr={values['lr']}, tied=True).time(mine.t)"
    lines = [
        f"    mine = st.fit.curves({given.name!r})",
        f"    t_mine = {clock if curves.unit == 'step' else 'mine.t'}",
    ]
    if curves.observed == "target":
        return [*lines, '    axes[1].plot(*(mine.values[:, :2] * task.mu[:2]).T, ".:")']
    place = "0" if curves.observed == "loss" else "-1"
    return [*lines, f'    axes[{place}].plot(t_mine, mine.values, ".:")']


TOPIC = Topic(
    name="identity",
    title="Identity",
    text="A tied net f(x) = U Uᵀ x learns concepts one after the other. Its test loss may rise on the "
    "way: the output swings by a stronger concept, because entries between concepts decay before the "
    "weaker one is learned.",
    controls=(
        Numbers("mu", "signal strengths μ", (1.0, 1.7, 3.0), 0.2, 5.0, most=6),
        Number("sigma", "diversity σ", 0.05, 0.0, 1.0),
        Whole("width", "hidden width", 3, 1, 64),
        Choice("start", "start", tuple(inits.DRAWS)),
        Number("scale", "its scale", 0.15, 0.001, 1.0, logarithmic=True),
        Number("cosine", "its correlation, if correlated", 0.95, 0.0, 1.0),
        Whole("seed", "its seed", 0, 0, 99),
        File("curves", "your curves: csv, jsonl, npz"),
        Number("lr", "your learning rate, for steps", 0.01, 1e-5, 1.0, logarithmic=True),
    ),
    draw=_draw,
    code=_code,
)
