"""``simtheory predict``: a table, a picture and curves from a task and a start."""

from __future__ import annotations

import csv
import io
import tomllib
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import click
import numpy as np

from simtheory import inits, observe, plot
from simtheory._checks import nearest, non_negative_int, one_of, positive, positive_int
from simtheory._files import write_text
from simtheory._typing import Array
from simtheory.analytic import tied
from simtheory.errors import ArgumentError
from simtheory.results import Trajectory
from simtheory.sim import Tied, solve
from simtheory.tasks import SIMTask

__all__ = ["predict"]


@click.command()
@click.argument(
    "task_file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--mu", help="Signal strengths, such as 1,1.5,2.2.")
@click.option("--sigma", help="Standard deviations: one, or one per concept or coordinate.")
@click.option("--dim", type=int, help="Ambient dimension. Default: the number of concepts.")
@click.option("--weights", help="Cluster probabilities, such as 0.5,0.3,0.2.")
@click.option("--origin", is_flag=True, default=None, help="Add a cluster at the origin.")
@click.option("--init", help=f"{', '.join(inits.DRAWS)}. Default: uniform.")
@click.option("--scale", type=float, help="Scale of the init. Default: 0.1.")
@click.option("--width", type=int, help="Hidden width of the tied net. Default: dim.")
@click.option(
    "--cosine", type=float, help="Cosine between rows, for the correlated init. Default: 0.9."
)
@click.option("--seed", type=int, help="Seed of the init. Default: 0.")
@click.option("--t-max", type=float, help="Last canonical time. Default: until all is learned.")
@click.option("--points", type=int, help="Points of the time grid. Default: 1001.")
@click.option(
    "--plot",
    "picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a picture (png, svg, pdf).",
)
@click.option(
    "--csv",
    "table",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write loss and entries over time.",
)
def predict(task_file: Path | None, picture: Path | None, table: Path | None, **flags: Any) -> None:
    """Predict when a tied linear net learns which concept.

    The task comes from flags, or from a TOML file with the tables [task], [init] and [time], whose
    keys are the names of the flags; a flag overrides the file.

    \b
    simtheory predict --mu 1,1.5,2.2 --sigma 0.05 --plot out.png
    """
    for path, suffixes in ((picture, plot.FORMATS), (table, (".csv",))):
        if path is not None and path.suffix not in suffixes:
            raise ArgumentError(f"The name {path} must end in {' or '.join(suffixes)}.")
        if path is not None and not path.absolute().parent.is_dir():
            raise ArgumentError(f"The folder of {path} does not exist.")
    forecast = _Forecast.make(_settings(task_file, flags))
    click.echo(forecast.text())
    try:
        if table is not None:
            write_text(table, forecast.csv())
            click.echo(f"\n{table}")
        if picture is not None:
            forecast.draw(picture)
            click.echo(f"\n{picture}")
    except OSError as reason:
        raise ArgumentError(f"Cannot write {reason.filename}: {reason.strerror}.") from reason


_TABLES = {
    "task": tuple(signature(SIMTask).parameters),
    "init": ("init", "scale", "width", "cosine", "seed"),
    "time": ("t_max", "points"),
}
_DEFAULTS = {"init": "uniform", "scale": 0.1, "cosine": 0.9, "seed": 0, "points": 1001}


def _settings(task_file: Path | None, flags: dict[str, Any]) -> dict[str, Any]:
    """Return the defaults, overridden by the file, overridden by the flags."""
    settings: dict[str, Any] = dict(_DEFAULTS)
    if task_file is not None:
        try:
            document = tomllib.loads(task_file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as reason:
            raise ArgumentError(f"The file {task_file} is no readable TOML: {reason}") from reason
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


def _start(task: SIMTask, settings: dict[str, Any]) -> Array:
    rng = np.random.default_rng(non_negative_int("Option --seed", settings["seed"]))
    shape = (task.dim, settings.get("width", task.dim))
    scale = settings["scale"]
    name = one_of("Option --init", settings["init"], inits.DRAWS)
    more = {"cosine": settings["cosine"]} if name == "correlated" else {}
    return inits.DRAWS[name](shape, scale=scale, rng=rng, **more)


@dataclass(frozen=True, slots=True)
class _Forecast:
    """Prediction and exact flow of one task and start."""

    task: SIMTask
    U0: Array
    closed: Trajectory
    exact: Trajectory

    @classmethod
    def make(cls, settings: dict[str, Any]) -> _Forecast:
        task = SIMTask.from_dict({k: settings[k] for k in _TABLES["task"] if k in settings})
        U0 = _start(task, settings)
        last = settings.get("t_max")
        if last is None:
            times = tied.learning_times(task, U0)
            last = 1.5 * float(np.max(times[np.isfinite(times)], initial=1.0))
        points = positive_int("points", settings["points"])
        t = np.linspace(0.0, positive("t_max", last), points)
        return cls(task, U0, tied.pivots(task, U0, t), solve(Tied(), task, U0, t))

    def text(self) -> str:
        """Return the table for the terminal."""
        predicted = tied.learning_times(self.task, self.U0)
        measured = observe.learning_times(self.exact)
        rows = [
            f"{self.task}, tied net of width {self.U0.shape[-1]}",
            "",
            "concept   mu      rate      pivot      learned at t",
            "                                       predicted   exact flow",
        ]
        for k, pivot in enumerate(tied.logit_pivots(self.task, self.U0)):
            rows.append(
                f"{k + 1:<9} {self.task.mu[k]:<7.4g} {self.task.rates[k]:<9.4g} {pivot:<10.3g} "
                f"{_time(predicted[k], 'never'):<11} {_time(measured[k], 'not yet')}"
            )
        swing = observe.swing_by(self.exact)
        learned = [k for k in observe.order(self.exact) if np.isfinite(measured[k])]
        order = " → ".join(str(k + 1) for k in learned) or "none"
        rows += [
            "",
            f"order of learning until t = {self.exact.t[-1]:.4g}: {order}",
            f"descents of the test loss: {swing.descents}",
        ]
        rows += [
            f"  rise from t = {rise.t_min:.4g} to {rise.t_max:.4g}, by {100 * rise.relative:.2g}% of the first loss"
            for rise in swing.rises
        ]
        return "\n".join(rows)

    def csv(self) -> str:
        """Return loss and entries over time, predicted and exact, as CSV."""
        d = self.task.dim
        names = [f"w_{i + 1}{j + 1}" for i in range(d) for j in range(i, d)]
        upper = np.triu_indices(d)
        columns = [self.exact.t]
        header = ["t"]
        for road, trajectory in (("predicted", self.closed), ("exact", self.exact)):
            assert trajectory.weights is not None  # closed form and flow are of linear nets
            columns += [observe.loss(trajectory), *trajectory.weights[:, *upper].T]
            header += [f"{road}_loss", *(f"{road}_{name}" for name in names)]
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([f"{value:.12g}" for value in row] for row in np.stack(columns, axis=1))
        return stream.getvalue()

    def draw(self, path: Path) -> None:
        """Write the picture: loss, path in concept space, entries of W."""
        pair = self.task.n_concepts > 1  # one concept gives no plane to draw
        with plot.picture(path, widths=(4.2, 3.4, 4.2) if pair else (4.2, 4.2)) as axes:
            plot.prediction(self.closed, self.exact, ax=axes[0])
            for road in (self.exact, self.closed):
                plot.weights(road, ax=axes[-1])
                if pair:
                    plot.concept_space(road, ax=axes[1])


def _time(value: float, otherwise: str) -> str:
    return f"{value:.4g}" if np.isfinite(value) else otherwise
