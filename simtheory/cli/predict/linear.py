"""``simtheory predict linear``: when layers learn which mode of a linear map that a user brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import click
import numpy as np

from simtheory import plot
from simtheory._checks import number, positive, positive_int
from simtheory._files import given_toml
from simtheory._typing import Array
from simtheory.analytic import deep, untied
from simtheory.cli._flags import in_flags, with_picture, writable, written
from simtheory.cli._json import as_json
from simtheory.errors import ArgumentError
from simtheory.observe import arrays
from simtheory.results import Trajectory
from simtheory.sim import Deep, solve
from simtheory.tasks import LinearTask, Modes, saxe2019
from simtheory.units import Clock

__all__ = ["linear"]

_FURTHER = 1.5
"""Last time that the flow runs to, as a multiple of the last predicted one."""
_POINTS = 401


@click.command()
@click.argument(
    "task_file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--branching", help="A hierarchy of items in place of a file, such as 2,2.")
@click.option("--depth", type=int, help="Layers. Default: 2.")
@click.option("--start", type=float, help="Where each mode starts. Default: 0.01.")
@click.option("--imbalance", type=float, help="W₂ᵀW₂ − W₁W₁ᵀ of two layers, λ. Default: 0.")
@click.option("--level", type=float, help="Share of a mode that counts as learned. Default: 0.5.")
@click.option("--lr", type=float, help="Learning rate: times are optimiser steps of ½|Wx − y|².")
@with_picture
@in_flags
@as_json
def linear(
    task_file: Path | None,
    branching: str | None,
    depth: int | None,
    start: float | None,
    imbalance: float | None,
    level: float | None,
    lr: float | None,
    picture: Path | None,
    json: bool,
) -> dict[str, Any]:
    """Say when layers that start along the modes of a linear map learn which mode, by theory and by the flow.

    The file is TOML with `teacher` and maybe `second_moment`, or with `second_moment` and `cross_moment`; or an
    NPZ with arrays x and y, an example a row. Modes exist where the map's right singular vectors are
    eigenvectors of the inputs' second moment.

    \b
    simtheory predict linear --branching 2,2
    simtheory predict linear pairs.npz --depth 3 --start 0.001 --lr 0.01
    """
    writable(picture, plot.FORMATS)
    task = _task(task_file, branching)
    modes = task.modes()
    layers = 2 if depth is None else positive_int("depth", depth)
    w0 = 0.01 if start is None else positive("start", start)
    gap = 0.0 if imbalance is None else number("imbalance", imbalance)
    bar = 0.5 if level is None else level
    if gap and layers != 2:
        raise ArgumentError(f"Option --imbalance is of two layers, but --depth is {layers}.")
    if gap:
        speeds, shares = modes.rates * modes.strengths, modes.strengths
        deep.aligned_times(task, w0, depth=2, level=bar)  # checks start and level
        predicted = untied.imbalanced_time(speeds, w0 / shares, imbalance=gap / shares, level=bar)
    else:
        predicted = deep.aligned_times(task, w0, depth=layers, level=bar)
    run = _flow(task, modes, layers, w0, gap, predicted)
    grown = _shares(run, modes)
    measured = arrays.crossings(run.t, grown, bar)
    clock = None if lr is None else Clock(positive("lr", lr), dim=task.n_outputs)
    found = {
        "task": task.to_dict(),
        "depth": layers,
        "start": w0,
        "imbalance": gap,
        "level": bar,
        "unit": "canonical time" if clock is None else "optimiser step",
        "modes": [
            {
                "mode": k + 1,
                "strength": modes.strengths[k],
                "rate": modes.rates[k],
                "predicted": _in(clock, predicted[k]),
                "exact_flow": _in(clock, measured[k]),
                "never": not bool(np.isfinite(predicted[k])),
            }
            for k in range(modes.strengths.size)
        ],
    }
    if not json:
        click.echo(_text(task, found))
    if picture is not None:
        with written(), plot.picture(picture, widths=(4.6,)) as axes:
            for k, share in enumerate(grown):
                axes[0].plot(run.t, share, color=plot.colour(k), label=f"mode {k + 1}")
                axes[0].axvline(predicted[k], color=plot.colour(k), lw=0.8, ls="--")
            axes[0].set(xlabel="time t", ylabel="share of the mode (dashed: predicted)")
            axes[0].legend()
        click.echo(f"\n{picture}", err=json)
    return found


def _task(file: Path | None, branching: str | None) -> LinearTask:
    """Return the task that the arguments describe."""
    if (file is None) == (branching is None):
        raise ArgumentError("A prediction needs a file, or --branching, and not both.")
    if branching is not None:
        try:
            sizes = tuple(int(part) for part in branching.split(","))
        except ValueError as reason:
            raise ArgumentError(
                f"Option --branching must be whole numbers with commas between, but it is {branching!r}."
            ) from reason
        return saxe2019.hierarchy(sizes)
    assert file is not None
    if file.suffix == ".npz":
        return _of_data(file)
    values = given_toml(file)
    if "cross_moment" in values:
        if values.keys() != {"cross_moment", "second_moment"}:
            raise ArgumentError(
                f"The file {file} must hold `second_moment` beside `cross_moment`, and nothing else, but it "
                f"holds {', '.join(sorted(values))}."
            )
        return LinearTask.from_moments(values["second_moment"], values["cross_moment"])
    return LinearTask.from_dict(values)


def _of_data(file: Path) -> LinearTask:
    """Return the task of the arrays x and y of a file."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as held:
            tables = {name: held[name] for name in held.files}
    except (OSError, ValueError, EOFError, TypeError, AttributeError, BadZipFile) as reason:
        raise ArgumentError(f"Cannot read {file} as NPZ: {reason}.") from reason
    if not tables.keys() >= {"x", "y"}:
        raise ArgumentError(
            f"The file {file} must hold the arrays x and y, but it holds {', '.join(sorted(tables))}."
        )
    return LinearTask.from_data(tables["x"], tables["y"])


def _flow(
    task: LinearTask, modes: Modes, depth: int, w0: float, imbalance: float, times: Array
) -> Trajectory:
    """Return the integrated flow of layers along the modes, on times that resolve the predicted ones."""
    r = modes.strengths.size
    first = np.sqrt(0.5 * (np.hypot(imbalance, 2.0 * w0) - imbalance)) if imbalance else None
    below = w0 ** (1.0 / depth) if first is None else first
    above = w0 ** (1.0 / depth) if first is None else w0 / first
    inner = [np.eye(r) * w0 ** (1.0 / depth)] * max(depth - 2, 0)
    chain = [below * modes.inputs.T, *inner, above * modes.outputs]
    if depth == 1:
        chain = [w0 * modes.outputs @ modes.inputs.T]
    known = times[np.isfinite(times)]
    last = _FURTHER * float(known.max(initial=0.0)) or 1.0
    near = np.multiply.outer(known, np.linspace(0.9, 1.1, 41)).ravel()
    t = np.union1d(np.linspace(0.0, last, _POINTS), near[near <= last])
    return solve(Deep(depth), task, tuple(chain), t)


def _shares(run: Trajectory, modes: Modes) -> Array:
    """Return the share of its strength that each mode has reached, shape (r, T)."""
    assert run.weights is not None  # a flow of layers has a map
    along = np.einsum("ir,tij,jr->rt", modes.outputs, run.weights, modes.inputs)
    return np.asarray(along / modes.strengths[:, np.newaxis])


def _in(clock: Clock | None, time: float) -> float:
    """Return a time in the unit of the answer."""
    return float(time if clock is None or not np.isfinite(time) else clock.steps(time))


def _text(task: LinearTask, found: dict[str, Any]) -> str:
    """Return the table for the terminal."""
    unit, layers = found["unit"], found["depth"]
    gap = f", λ = {found['imbalance']:g}" if found["imbalance"] else ", balanced" * (layers > 1)
    chain = "one layer" if layers == 1 else f"{layers} layers"
    rows = [
        f"{task}, {chain} along its modes from {found['start']:g}{gap}",
        "",
        f"{'mode':<6}{'strength':<11}{'rate':<11}learned to {found['level']:g} at {unit}",
        f"{'':<28}{'predicted':<12}exact flow",
    ]
    shown = "{:.0f}" if unit == "optimiser step" else "{:.4g}"
    for mode in found["modes"]:
        times = [
            shown.format(mode[name]) if np.isfinite(mode[name]) else word
            for name, word in (("predicted", "never"), ("exact_flow", "not yet"))
        ]
        rows.append(
            f"{mode['mode']:<6}{mode['strength']:<11.4g}{mode['rate']:<11.4g}{times[0]:<12}{times[1]}"
        )
    return "\n".join(rows)
