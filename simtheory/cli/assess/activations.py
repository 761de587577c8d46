"""``simtheory assess activations``: how a layer represents the factors of its inputs."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import click
import numpy as np

from simtheory import assess, plot
from simtheory._typing import Array
from simtheory.cli.assess._answer import Answer, answered, printed
from simtheory.errors import ArgumentError
from simtheory.report import Part

__all__ = ["activations"]

_NAMES = ("activations", "labels", "baseline")
_WORDS = (
    "null: the same measure where the labels are shuffled, and of noise for the participation ratio; baseline: "
    "the measure of the baseline in the file",
    "circles: what a layer gives that holds each factor as a circle, in planes that are orthogonal",
    "interaction: share of the variance that no sum of functions of one factor gives",
    "parallelism: mean cosine of one step of a factor at two values of another",
    "orthogonality: mean absolute cosine of a step of one factor and one of another; continuity: of two steps "
    "of one factor",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--period", help="Period of the labels, such as 16, or one for each: 16,-.")
@click.option("--topology", is_flag=True, help="Betti numbers, too (ripser, the extra topology).")
@click.option("--level", default=0.95, show_default=True, help="Confidence of the intervals.")
@click.option("--seed", default=0, show_default=True, help="Of shuffles and resamples.")
@answered
def activations(file: Path, period: str | None, topology: bool, level: float, seed: int) -> Answer:
    """Say whether a layer is factorised, whether it is continuous, and whether it is a torus.

    FILE is an npz file with activations (P, d) and labels (P, k), whose rows form a full grid of
    factor values, with or without repeats; and baseline (P, e): the untrained net, or the inputs.

    \b
    simtheory assess activations activations.npz --period 16 --out geometry
    """
    held = _read(file)
    found = assess.activations(
        held["activations"],
        held["labels"],
        period=_period(period),
        baseline=held.get("baseline"),
        level=level,
        rng=seed,
    )
    head, rows = found.table()
    cells = " x ".join(map(str, found.shape))
    size = f"{cells} cells, {found.rows} rows of {found.dim} numbers"
    measured = Part("Measures", [size], head, rows)
    said = [measured, Part("In short", found.summary())]
    values = found.to_dict()
    pictures: dict[str, tuple[str, Any]] = {
        "Measures, their intervals and nulls": (
            "A row for each measure: its value and interval, the null and the baseline",
            lambda ax: _draw(found, ax),
        ),
        "Leading components, coloured by x": (
            "Cells in the plane of the two leading principal components, coloured by the first factor",
            lambda ax: _draw_plane(held["activations"], held["labels"], ax),
        ),
    }
    if topology:
        shape = assess.topology(held["activations"], rng=seed)
        said.append(Part("Topology", str(shape).splitlines()))
        values["topology"] = shape.to_dict() | {"torus": shape.torus}
        pictures["Bars of loops and hollows, and the longest of noise"] = (
            "Lengths of the longest bars of components, loops and hollows over those of the nulls",
            lambda ax: _draw_bars(shape, ax),
        )
    return Answer(
        title="A layer and the factors of its inputs",
        text=printed(*said),
        parts=(said[1], measured, *said[2:], Part("Words", _WORDS)),
        values=values,
        pictures=pictures,
    )


def _read(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as held:
            found = {name: held[name] for name in _NAMES if name in held}
            names = list(held)
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as reason:
        raise ArgumentError(f"The file {path} is no readable npz file: {reason}") from reason
    for name in _NAMES[:2]:
        if name not in found:
            raise ArgumentError(
                f"The file {path} must hold activations (P, d) and labels (P, k), but it holds "
                f"{', '.join(names) or 'nothing'}. Write it by np.savez(path, activations=..., "
                "labels=...)."
            )
    return found


def _period(text: str | None) -> Any:
    if text is None:
        return None
    try:
        parts = [None if part.strip() == "-" else float(part) for part in text.split(",")]
    except ValueError as reason:
        raise ArgumentError(
            f"Option --period must be a number, or one for each factor with commas between and - for "
            f"none, but it is {text!r}."
        ) from reason
    return parts[0] if len(parts) == 1 else parts


def _draw(found: assess.Geometry, ax: Any) -> None:
    shown = {name: each for name, each in found.named.items() if "ratio" not in name}
    before = {} if found.baseline is None else found.baseline.named
    for k, (name, each) in enumerate(shown.items()):
        if math.isnan(each.value):
            continue
        first = k == 0
        if not math.isnan(each.low):
            ax.plot([each.low, each.high], [k, k], color=plot.INK)
        ax.plot(each.value, k, "o", color=plot.INK, label="layer" if first else None)
        ax.plot(each.null, k, "|", ms=12, color=plot.GREY, label="null" if first else None)
        if name in before:
            ax.plot(
                before[name].value, k, "s", mfc="none", color=plot.colour(0),
                label="baseline" if first else None,
            )  # fmt: skip
    ax.set(yticks=range(len(shown)), yticklabels=list(shown), xlim=(-0.15, 1.05))
    ax.figure.subplots_adjust(left=0.34)  # room for the names
    ax.invert_yaxis()
    ax.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3
    )  # inside, its marks look like data


def _draw_plane(rows: Array, labels: Array, ax: Any) -> None:
    moved = np.asarray(rows, dtype=float) - np.mean(rows, axis=0)
    left, sizes, _ = np.linalg.svd(moved, full_matrices=False)
    plane = (left * sizes)[:, :2]
    if plane.shape[1] < 2:
        plane = np.hstack([plane, np.zeros_like(plane)])
    ax.scatter(*plane.T, c=np.asarray(labels)[:, 0], s=9, cmap="twilight_shifted", rasterized=True)
    ax.set(xlabel="component 1", ylabel="component 2", aspect="equal")


def _draw_bars(found: assess.Topology, ax: Any) -> None:
    for k, (row, null) in enumerate(zip(found.lengths, found.null, strict=True)):
        at = k + 0.08 * np.arange(len(row)) - 0.28
        ax.bar(at, row, 0.06, color=plot.colour(k))
        ax.plot(at[[0, -1]], [null, null], "--", color=plot.INK, label=None if k else "noise")
    ax.set(xticks=range(3), xticklabels=["components", "loops", "hollows"], ylabel="length")
    ax.legend()
