"""``simtheory predict``, topic identity: a table, a picture and curves from a task, a net and a start."""

from __future__ import annotations

import csv
import functools
import io
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import click
import numpy as np

from simtheory import inits, observe, plot
from simtheory._checks import (
    nearest,
    non_negative_int,
    number,
    one_of,
    positive,
    positive_int,
)
from simtheory._files import given_toml, write_text
from simtheory._typing import Array
from simtheory.analytic import deep, one_layer, tied, untied
from simtheory.cli._flags import in_flags, with_picture, writable, written
from simtheory.cli._json import as_json
from simtheory.errors import ArgumentError, RegimeError, RegimeWarning, SolveError
from simtheory.results import Trajectory
from simtheory.sim import Deep, Flow, OneLayer, Status, Tied, Untied, solve
from simtheory.tasks import SIMTask
from simtheory.units import LOSSES, Clock

__all__ = ["identity"]

_ROUNDS = 12
"""Rounds of finer times, each of which divides an interval by eight. Numbers that twelve do not resolve,
1e11 times finer than the first grid, come with a warning."""
_LONGER = 4
"""Spans of time that are tried by default, each twice as long as the one before, until the flow has learned
what theory says that it learns. Later learning is "not yet"."""
_SPAN = 10.0
"""Ratio of rates from which on pictures have a logarithmic axis of time."""


def _exit_status(command: Callable[..., Any]) -> Callable[..., None]:
    """End with status 1, after the answer, where the flow failed."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        command(*args, **options)
        if click.get_current_context().meta.get("simtheory.failed"):
            sys.exit(1)

    return run


@click.command()
@click.argument(
    "task_file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--mu", help="Signal strengths, such as 1,1.5,2.2.")
@click.option("--sigma", help="Standard deviations: one, or one per concept or coordinate.")
@click.option("--dim", type=int, help="Ambient dimension. Default: the number of concepts.")
@click.option("--weights", help="Cluster probabilities, such as 0.5,0.3,0.2.")
@click.option("--origin", is_flag=True, default=None, help="Add a cluster at the origin.")
@click.option("--net", help="tied, one-layer, untied or deep. Default: tied.")
@click.option("--depth", type=int, help="Number of layers of the deep net. Default: 3.")
@click.option("--init", help=f"{', '.join(inits.DRAWS)}. Default: uniform.")
@click.option("--scale", type=float, help="Scale of the init. Default: 0.1.")
@click.option("--width", type=int, help="Hidden width. Default: dim.")
@click.option(
    "--cosine", type=float, help="Cosine between rows, for the correlated init. Default: 0.9."
)
@click.option("--seed", type=int, help="Seed of the init. Default: 0.")
@click.option("--t-max", type=float, help="Last canonical time. Default: until all is learned.")
@click.option("--points", type=int, help="Points of the CSV's time grid. Default: 1001.")
@click.option("--lr", type=float, help="Learning rate: the answer is in optimiser steps.")
@click.option("--loss", help="What is minimised: half_sum, sum or mean. Default: half_sum.")
@click.option("--momentum", type=float, help="Heavy-ball momentum. Default: 0.")
@click.option(
    "--concepts", help="The two concepts whose plane is drawn, such as 1,3. Default: 1,2."
)
@with_picture
@click.option(
    "--csv",
    "table",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write loss and entries over time.",
)
@_exit_status
@in_flags
@as_json
def identity(
    task_file: Path | None, picture: Path | None, table: Path | None, json: bool, **flags: Any
) -> dict[str, Any]:
    """Predict when a linear net learns which concept. `simtheory predict TOPIC` asks of another topic:
    emergence, classes of a concept graph; factorization, examples of two factors; hierarchy, strings that show
    each level; linear, modes of any linear map.

    The task comes from flags, or from a TOML file with the tables [task], [init] and [time], whose
    keys are the names of the flags; a flag overrides the file. A tied net starts from the drawn U;
    one layer and an untied net from drawn layers; a deep net balanced, with W = U Uᵀ.

    \b
    simtheory predict --mu 1,1.5,2.2 --sigma 0.05 --plot out.png
    simtheory predict --mu 1,2 --sigma 0.1 --net untied --lr 0.01
    """
    writable(picture, plot.FORMATS)
    writable(table, (".csv",))
    forecast = _Forecast.make(_settings(task_file, flags))
    click.get_current_context().meta["simtheory.failed"] = forecast.exact is None
    if not json:
        click.echo(forecast.text())
    with written():
        if table is not None:
            write_text(table, forecast.csv())
            click.echo(f"\n{table}", err=json)
        if picture is not None:
            forecast.draw(picture)
            click.echo(f"\n{picture}", err=json)
    return forecast.to_dict()


_TABLES = {
    "task": tuple(signature(SIMTask).parameters),
    "init": ("net", "depth", "init", "scale", "width", "cosine", "seed"),
    "time": ("t_max", "points", "lr", "loss", "momentum"),
}
_DEFAULTS = {
    "net": "tied",
    "init": "uniform",
    "scale": 0.1,
    "cosine": 0.9,
    "seed": 0,
    "points": 1001,
}


def _settings(task_file: Path | None, flags: dict[str, Any]) -> dict[str, Any]:
    """Return the defaults, overridden by the file, overridden by the flags."""
    settings: dict[str, Any] = dict(_DEFAULTS)
    if task_file is not None:
        document = given_toml(task_file)
        for name, values in document.items():
            if name not in _TABLES or not isinstance(values, dict):
                raise ArgumentError(
                    f"The file {task_file} has no place for {name!r}; {nearest(name, _TABLES)}"
                )
            for key, value in values.items():
                if key not in _TABLES[name]:
                    raise ArgumentError(
                        f"The table [{name}] has no key {key!r}; {nearest(key, _TABLES[name])}"
                    )
                settings[key] = value
    for key, value in flags.items():
        if value is not None:
            settings[key] = _numbers(key, value) if key in ("mu", "sigma", "weights") else value
    if "mu" not in settings or "sigma" not in settings:
        raise ArgumentError("A prediction needs --mu and --sigma, or a TOML file with a [task].")
    return settings


def _numbers(name: str, text: str) -> float | tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError as reason:
        raise ArgumentError(
            f"Option --{name} must be numbers with commas between, but it is {text!r}."
        ) from reason
    return values[0] if len(values) == 1 and name == "sigma" else values


def _plane(task: SIMTask, text: str | None) -> tuple[int, int]:
    """Return the concepts along the axes of the plane, counted from 0."""
    words = ["1", "2"] if text is None else [word.strip() for word in text.split(",")]
    known = {str(k + 1): k for k in range(task.n_concepts)}
    if text is not None and (
        len(set(words)) != 2 or len(words) != 2 or not known.keys() >= set(words)
    ):
        raise ArgumentError(
            f"Option --concepts must name two different ones of the {task.n_concepts} concepts, such "
            f"as 1,2, but it is {text!r}."
        )
    first, second = (known.get(word, 0) for word in words)
    return first, second


def _drawn(settings: dict[str, Any], shapes: list[tuple[int, int]]) -> list[Array]:
    """Draw matrices one after the other from one generator."""
    rng = np.random.default_rng(non_negative_int("Option --seed", settings["seed"]))
    name = one_of("Option --init", settings["init"], inits.DRAWS)
    more = {"cosine": settings["cosine"]} if name == "correlated" else {}
    return [inits.DRAWS[name](s, scale=settings["scale"], rng=rng, **more) for s in shapes]


@dataclass(frozen=True, slots=True)
class _Net:
    """A net with its start, and what theory says of it.

    Parameters
    ----------
    title : str
        What it is.
    flow : Flow
        Its flow.
    start : ndarray or tuple of ndarray
        Where it starts.
    closed : callable
        The closed form, from times to a trajectory.
    scales : ndarray
        About when concepts are learned.
    predicted : ndarray or None
        When they are by theory; None where that is read off the closed form.
    pivots : ndarray or None
        Pivots of the start of a tied net.
    """

    title: str
    flow: Flow
    start: Any
    closed: Callable[[Array], Trajectory]
    scales: Array
    predicted: Array | None = None
    pivots: Array | None = None


def _tied(task: SIMTask, settings: dict[str, Any]) -> _Net:
    (U0,) = _drawn(settings, [(task.dim, settings.get("width", task.dim))])
    times = tied.learning_times(task, U0)
    title = f"tied net of width {U0.shape[-1]}"
    pivots = tied.logit_pivots(task, U0)
    return _Net(title, Tied(), U0, lambda t: tied.pivots(task, U0, t), times, times, pivots)


def _one_layer(task: SIMTask, settings: dict[str, Any]) -> _Net:
    if "width" in settings:
        raise ArgumentError(
            "Option --width is of no use with --net one-layer, which has no hidden layer."
        )
    (W0,) = _drawn(settings, [(task.dim, task.dim)])
    with np.errstate(divide="ignore"):
        times = np.log(2.0) / task.rates[: task.n_concepts]
    return _Net("one layer", OneLayer(), W0, lambda t: one_layer.solution(task, W0, t), times)


def _untied(task: SIMTask, settings: dict[str, Any]) -> _Net:
    d, width = task.dim, settings.get("width", task.dim)
    layers = tuple(_drawn(settings, [(width, d), (d, width)]))
    times = tied.learning_times(task, untied.effective_start(layers))
    return _Net(
        f"untied net of width {width}",
        Untied(),
        layers,
        lambda t: untied.ldr(task, layers, t, strict=False),
        times,
    )


def _deep(task: SIMTask, settings: dict[str, Any]) -> _Net:
    depth = positive_int("depth", settings.get("depth", 3))
    (U0,) = _drawn(settings, [(task.dim, settings.get("width", task.dim))])
    sizes, vectors = np.linalg.eigh(U0 @ U0.T)
    root = (vectors * np.maximum(sizes, 0.0) ** (1.0 / depth)) @ vectors.T
    layers = (root,) * depth
    axes = task.to_concept_axes(U0.T)[:, : task.n_concepts]
    entries = np.sum(axes**2, axis=0)
    times = deep.time_to_level(task.rates[: task.n_concepts], entries, depth=depth)
    return _Net(
        f"balanced net of {depth} layers",
        Deep(depth),
        layers,
        lambda t: deep.off_diagonals(task, layers, t, strict=False),
        times,
        times,
    )


_NETS = {"tied": _tied, "one-layer": _one_layer, "untied": _untied, "deep": _deep}


@dataclass(frozen=True, slots=True)
class _Forecast:
    """Prediction and exact flow of one task, net and start, on times that resolve them."""

    task: SIMTask
    net: _Net
    grid: Array
    closed: Trajectory | None
    exact: Trajectory | None
    notes: tuple[str, ...]
    clock: Clock | None
    plane: tuple[int, int]

    @classmethod
    def make(cls, settings: dict[str, Any]) -> _Forecast:
        """Evaluate closed form and flow, by default until all is learned that can be."""
        task = SIMTask.from_dict({k: settings[k] for k in _TABLES["task"] if k in settings})
        kind = one_of("Option --net", settings["net"], _NETS)
        if "depth" in settings and kind != "deep":
            raise ArgumentError(
                f"Option --depth is of no use with --net {kind}; it needs --net deep."
            )
        plane = _plane(task, settings.get("concepts"))
        clock = _clock(task, kind, settings)
        net = _NETS[kind](task, settings)
        points, last = positive_int("points", settings["points"]), settings.get("t_max")
        if last is not None:
            return cls._until(positive("t_max", last), points, task, net, clock, plane)
        last = 1.5 * float(np.max(net.scales, where=np.isfinite(net.scales), initial=1.0))
        for _ in range(_LONGER):
            forecast = cls._until(last, points, task, net, clock, plane)
            late = ~np.isfinite(observe.learning_times(forecast._run)) & np.isfinite(net.scales)
            if forecast.exact is None or not late.any():
                break
            last *= 2.0
        return forecast

    @classmethod
    def _until(
        cls,
        last: float,
        points: int,
        task: SIMTask,
        net: _Net,
        clock: Clock | None,
        plane: tuple[int, int],
    ) -> _Forecast:
        """Evaluate closed form and flow until a last time, at finer times until both are resolved."""
        grid = np.linspace(0.0, last, points)
        known = net.scales[np.isfinite(net.scales)]
        events = np.multiply.outer(known, np.geomspace(1e-2, 3.0, 60)).ravel()
        notes: dict[str, None] = {}
        t = np.union1d(grid, events[(events > 0) & (events < last)])

        def resolved(name: str, road: Callable[[Array], Trajectory]) -> Trajectory | None:
            """Evaluate a road at finer times until they resolve it; they serve the next road, too."""
            nonlocal t
            for _ in range(_ROUNDS):
                run = _evaluated(name, road, t, notes)
                finer = t if run is None or t.size == 1 else observe.finer_times(run)
                if finer.size == t.size:
                    return run
                t = finer
            return _evaluated(name, road, t, notes)

        def flow(t: Array) -> Trajectory:
            return solve(net.flow, task, net.start, t)

        exact = resolved(
            "The exact flow", flow
        )  # first, because it costs less than some closed forms
        closed = resolved("The closed form", net.closed)
        if exact is None and closed is None:
            raise ArgumentError(" ".join(notes))
        if exact is not None and exact.t.size < t.size:
            exact = _evaluated("The exact flow", flow, t, notes)
        return cls(task, net, grid, closed, exact, tuple(notes), clock, plane)

    @property
    def _run(self) -> Trajectory:
        """The flow, or the closed form where the flow failed."""
        run = self.closed if self.exact is None else self.exact
        assert run is not None  # `make` refuses where both failed
        return run

    def _times(self) -> tuple[Array, Array]:
        """Learning times by theory and on the flow; NaN where a road failed."""
        unknown = np.full(self.task.n_concepts, np.nan)
        predicted, measured = self.net.predicted, unknown
        if predicted is None:
            predicted = unknown if self.closed is None else observe.learning_times(self.closed)
        if self.exact is not None:
            measured = observe.learning_times(self.exact)
        return predicted, measured

    def _shown(self, time: float, otherwise: str = "–") -> str:
        """A time in the unit of the answer."""
        if not np.isfinite(time):
            return "–" if np.isnan(time) else otherwise
        return f"{time:.4g}" if self.clock is None else f"{float(self.clock.steps(time)):.0f}"

    def _converted(self, times: Any) -> Array:
        """Times in the unit of the answer; infinite ones stay so."""
        step = 1.0 if self.clock is None else self.clock.step
        return np.asarray(times) / step

    @property
    def unit(self) -> str:
        """Symbol of the unit of the answer."""
        return "t" if self.clock is None else "step"

    def text(self) -> str:
        """Return the table for the terminal."""
        predicted, measured = self._times()
        pivots = self.net.pivots
        column = "" if pivots is None else "pivot      "
        gap = " " * len(column)
        rows = [f"{self.task}, {self.net.title}", ""]
        if self.clock is not None:
            rows.insert(1, f"steps of descent at lr {self.clock.lr:g}, loss {self.clock.loss}")
        rows += [
            f"concept   mu      rate      {column}learned at {self.unit}",
            f"                            {gap}predicted   exact flow",
        ]
        for k in range(self.task.n_concepts):
            pivot = "" if pivots is None else f"{pivots[k]:<10.3g} "
            rows.append(
                f"{k + 1:<9} {self.task.mu[k]:<7.4g} {self.task.rates[k]:<9.4g} {pivot}"
                f"{self._shown(predicted[k], 'never'):<11} {self._shown(measured[k], 'not yet')}"
            )
        swing = observe.swing_by(self._run)
        order = " → ".join(str(k + 1) for k in self._order()) or "none"
        by = "" if self.exact is not None else ", by the closed form"
        rows += [
            "",
            f"order of learning until {self.unit} = {self._shown(self._run.t[-1])}{by}: {order}",
            f"descents of the test loss{by}: {swing.descents}",
        ]
        rows += [
            f"  rise from {self.unit} = {self._shown(rise.t_min)} to {self._shown(rise.t_max)}, "
            f"by {100 * rise.relative:.2g}% of the first loss"
            for rise in swing.rises
        ]
        return "\n".join([*rows, *(f"\nNote: {note}" for note in self.notes)])

    def _order(self) -> list[int]:
        times = observe.learning_times(self._run)
        return [int(k) for k in observe.order(self._run) if np.isfinite(times[k])]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers of the table; times that do not come are infinite."""
        convert = self._converted
        predicted, measured = map(self._converted, self._times())
        swing = observe.swing_by(self._run)
        found: dict[str, Any] = {
            "task": self.task.to_dict(),
            "net": self.net.title,
            "unit": "canonical time" if self.clock is None else "optimiser step",
            "until": float(convert(self._run.t[-1])),
            "concepts": [
                {
                    "concept": k + 1,
                    "mu": self.task.mu[k],
                    "rate": self.task.rates[k],
                    "predicted": predicted[k],
                    "exact_flow": measured[k],
                }
                for k in range(self.task.n_concepts)
            ],
            "order": [k + 1 for k in self._order()],
            "descents": swing.descents,
            "rises": [
                {
                    "from": float(convert(rise.t_min)),
                    "to": float(convert(rise.t_max)),
                    "share": rise.relative,
                }
                for rise in swing.rises
            ],
            "notes": list(self.notes),
        }
        if self.net.pivots is not None:
            for entry, pivot in zip(found["concepts"], self.net.pivots, strict=True):
                entry["pivot"] = pivot
        return found

    def csv(self) -> str:
        """Return loss and entries over the grid of times, predicted and exact, as CSV."""
        d = self.task.dim
        symmetric = isinstance(self.net.flow, Tied)
        pairs = [(i, j) for i in range(d) for j in range(i if symmetric else 0, d)]
        here = np.isin(self._run.t, self.grid)
        columns, header = [self.grid], ["t"]
        if self.clock is not None:
            columns.append(self.clock.steps(self.grid))
            header.append("step")
        for road, run in (("predicted", self.closed), ("exact", self.exact)):
            if run is None:
                continue
            assert run.weights is not None  # closed form and flow are of linear nets
            entries = [run.weights[here, i, j] for i, j in pairs]
            columns += [observe.loss(run)[here], *entries]
            header += [f"{road}_loss", *(f"{road}_w_{i + 1}{j + 1}" for i, j in pairs)]
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([f"{value:.12g}" for value in row] for row in np.stack(columns, axis=1))
        return stream.getvalue()

    def draw(self, path: Path) -> None:
        """Write the picture: loss, path in concept space, entries of W."""
        pair = self.task.n_concepts > 1  # one concept gives no plane to draw
        roads = [run for run in (self.exact, self.closed) if run is not None]
        with plot.picture(path, widths=(4.2, 3.4, 4.2) if pair else (4.2, 4.2)) as axes:
            if self.closed is not None and self.exact is not None:
                plot.prediction(self.closed, self.exact, ax=axes[0])
            else:
                plot.loss(self._run, ax=axes[0])
            for run in roads:
                plot.weights(run, ax=axes[-1])
                if pair:
                    plot.concept_space(run, ax=axes[1], concepts=self.plane)
            for ax in (axes[0], axes[-1]):
                self._time_axis(ax)

    def _time_axis(self, ax: Any) -> None:
        """Make the axis of time logarithmic if rates are far apart, and add one of steps."""
        rates = self.task.rates[: self.task.n_concepts]
        rates = rates[rates > 0]
        known = self.net.scales[np.isfinite(self.net.scales) & (self.net.scales > 0)]
        if rates.size and known.size and rates.max() > _SPAN * rates.min():
            ax.set_xscale("log")
            ax.set_xlim(0.1 * float(known.min()), float(self._run.t[-1]))
        if self.clock is not None:
            above = ax.secondary_xaxis("top", functions=(self.clock.steps, self.clock.time))
            above.set_xlabel("optimiser step")


def _evaluated(
    name: str, road: Callable[[Array], Trajectory], t: Array, notes: dict[str, None]
) -> Trajectory | None:
    """Return a trajectory, or None and a note if there is none; a note also beyond its regime."""
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", RegimeWarning)
            found = road(t)
    except SolveError as reason:
        notes[
            f"{name} stopped at t = {reason.time:.4g}, because it needs too many steps: rates far apart "
            "make it stiff. End it earlier with --t-max."
            if np.all(np.isin(reason.status, (Status.OK, Status.BUDGET_SPENT)))
            else f"{name} failed. {reason}"
        ] = None
        return None
    except RegimeError as reason:
        notes[f"{name} does not hold here. {reason}"] = None
        return None
    for warning in said:
        notes[f"{name} is outside its regime. {warning.message}"] = None
    return found


def _clock(task: SIMTask, kind: str, settings: dict[str, Any]) -> Clock | None:
    if "lr" not in settings:
        for name in ("loss", "momentum"):
            if name in settings:
                raise ArgumentError(f"Option --{name} says how steps become time; it needs --lr.")
        return None
    known = [name for name in LOSSES if name != "recurrence" or kind == "tied"]
    return Clock(
        lr=settings["lr"],
        loss=one_of("loss", settings.get("loss", "half_sum"), known),
        dim=task.dim,
        tied=kind == "tied",
        momentum=number("momentum", settings.get("momentum", 0.0)),
    )
