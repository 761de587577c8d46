"""``simtheory assess labels``: what a label set covers and connects, and where to add examples."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import numpy as np

from simtheory import assess, plot
from simtheory._typing import Array
from simtheory.cli.assess._answer import Answer, answered, wrapped
from simtheory.errors import ArgumentError
from simtheory.report import Part

__all__ = ["labels"]

_BOOKS = {
    "accuracy", "asked", "correct", "epoch", "id", "index", "iteration", "loss", "lr", "right", "seed",
    "step", "steps",
}  # fmt: skip
"""Words that name a column of a log or of results. Distances in such a column say nothing, so a table with
one is refused; what has no head is taken as labels."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--radius", type=float, required=True, help="Examples this near are linked.")
@click.option("--tolerance", type=float, required=True, help="Queries this near are covered.")
@click.option("--queries", type=click.Path(path_type=Path), help="What the net is asked.")
@click.option("--side", type=float, help="Side of the space of labels, which begins at 0.")
@click.option("--period", type=float, help="Side of the torus on which the labels lie.")
@click.option("--add", default=3, show_default=True, help="Examples to propose.")
@click.option("--seed", default=0, show_default=True, help="Of random places and shares kept.")
@answered
def labels(
    file: Path,
    radius: float,
    tolerance: float,
    queries: Path | None,
    side: float | None,
    period: float | None,
    add: int,
    seed: int,
) -> Answer:
    """Say what a label set covers and connects, and where to add examples.

    FILE and the queries are CSV tables of numbers, with or without a head, or npy files, one row
    for each example: labels, or an embedding. Columns that keep the books of runs, such as step, n,
    loss or seed, are refused.

    \b
    simtheory assess labels labels.csv --radius 3.5 --tolerance 1 --out covered
    """
    points = _read(file)
    asked = None if queries is None else _read(queries)
    found = assess.labels(
        points,
        radius=radius,
        tolerance=tolerance,
        queries=asked,
        side=side,
        period=period,
        add=add,
        rng=seed,
    )
    pictures: dict[str, tuple[str, Any]] = {
        "Share of the largest cluster against the share of examples kept": (
            "A rising curve from few examples kept to all, and a line at random places",
            lambda ax: _draw_kept(found, ax),
        )
    }
    if points.shape[1] == 2:
        pictures["Examples, gaps and places to add"] = (
            "Points of the examples, crosses at gaps, and marks where examples would help",
            lambda ax: _draw_plane(points, found, ax),
        )
    return Answer(
        title="What a label set covers and connects",
        text=wrapped(str(found).splitlines()),
        parts=[
            Part(f"{found.examples} examples", [f"{name}: {value}" for name, value in found.rows()])
        ],
        values=found.to_dict(),
        pictures=pictures,
    )


def _read(path: Path) -> Array:
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, ValueError, EOFError) as reason:
        raise ArgumentError(f"The file {path} is no readable table: {reason}") from reason
    rows: list[list[float]] = []
    for place, line in enumerate(lines, start=1):
        try:
            rows.append([float(cell) for cell in line.split(",")])
        except ValueError as reason:
            if place > 1:
                raise ArgumentError(
                    f"The file {path} must hold numbers, but line {place} is {line!r}."
                ) from reason
            _check_head(path, line)
        if rows and len(rows[-1]) != len(rows[0]):
            raise ArgumentError(
                f"The file {path} must hold rows of one length, but line {place} has {len(rows[-1])} numbers "
                f"and the first {len(rows[0])}."
            )
    if not rows:
        raise ArgumentError(f"The file {path} holds no rows of numbers.")
    return np.array(rows)


def _check_head(path: Path, line: str) -> None:
    """Refuse columns that are no coordinates."""
    names = [name.strip().strip("\"'") for name in line.split(",")]
    books = [
        name
        for name in names
        if name.lower() == "n" or _BOOKS & set(re.split(r"[^a-z]+", name.lower()))
    ]
    if books:
        counts = {"n", "right", "asked"} <= {name.lower() for name in names}
        raise ArgumentError(
            f"The file {path} must hold labels or an embedding, one row for each example, but {', '.join(books)} "
            + ("is no coordinate." if len(books) == 1 else "are no coordinates.")
            + (
                " Accuracies are read by `simtheory assess accuracy`."
                if counts
                else " Leave such columns out, or rename one that is a label."
            )
        )


def _draw_kept(found: assess.LabelSet, ax: Any) -> None:
    ax.plot(found.largest.x, found.largest.row("largest"), "o-", color=plot.INK, label="examples")
    ax.plot([1.0], [found.largest_null], "s", mfc="none", color=plot.GREY, label="random places")
    ax.set(xlabel="share of examples kept", ylabel="share of the largest cluster", ylim=(0, 1.05))
    ax.legend()


def _draw_plane(points: Array, found: assess.LabelSet, ax: Any) -> None:
    ax.plot(*np.asarray(points).T, ".", color=plot.GREY, label="examples")
    if len(found.gaps):
        ax.plot(*found.gaps.T, "x", color=plot.INK, label="gaps")
    if found.next is not None:
        for k, (name, places) in enumerate(
            {"to cover": found.next.cover, "to connect": found.next.connect}.items()
        ):
            if len(places):
                ax.plot(*places.T, "o^"[k], mfc="none", color=plot.colour(k), label=f"add {name}")
    ax.set(xlabel="x", ylabel="y", aspect="equal")
    ax.legend(fontsize="x-small")
