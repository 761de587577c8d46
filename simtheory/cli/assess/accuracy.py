"""``simtheory assess accuracy``: which law describes accuracies over the number of examples."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click
import numpy as np

from simtheory import assess, plot
from simtheory._typing import Array
from simtheory.cli.assess._answer import Answer, answered, printed
from simtheory.report import Part

__all__ = ["accuracy"]

_LINES = 4  # laws in a picture
_WORDS = (
    "reach: how far from an example a query is answered, in pixels or sides; of a law with an exponent, its "
    "factor before that power of sigma",
    "AIC: deviance over the overdispersion, plus twice the number of parameters; more: above the best law",
    "fits: whether the spread over seeds explains what the law leaves over",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--laws", help="Laws to compare, such as coverage,percolation. Default: all.")
@click.option("--level", default=0.95, show_default=True, help="Confidence of the intervals.")
@answered
def accuracy(file: Path, laws: str | None, level: float) -> Answer:
    """Say which law describes right answers over the number of training examples.

    FILE is a CSV table with columns n, right and asked, and any of sigma, side, seed and
    tolerance. The laws are coverage, scaled coverage, factorised, percolation and weibull.

    \b
    simtheory assess accuracy accuracy.csv --out laws
    """
    wanted = "all" if laws is None else [name.strip() for name in laws.split(",")]
    found = assess.laws(assess.counts(file), laws=wanted, level=level)
    head, rows = found.rows()
    short = found.summary()
    if found.by_seed:
        said = ", ".join(f"{seed} {round(v, 1) + 0.0:+.1f}" for seed, v in found.by_seed.items())
        short.append(f"Runs over the best law by seed, in standard deviations: {said}.")
    fitted = Part("Laws", [f"{len(found.counts.n)} runs"], head, rows)
    others, answer = Part("Other parameters", found.others()), Part("In short", short)
    return Answer(
        title="Accuracy over the number of examples",
        text=printed(fitted, others, answer),
        parts=(answer, fitted, others, Part("Words", _WORDS)),
        values=found.to_dict(),
        pictures={
            "Accuracy over the examples in reach of a query, by the best law": (
                "Points of all runs over n π ρ²/N², and the best law",
                lambda ax: _draw_collapse(found, ax),
            ),
            "Accuracy over the number of examples, and the laws": (
                "Measured accuracies over n, one colour for each width, and lines of the laws",
                lambda ax: _draw_laws(found, ax),
            ),
        },
    )


def _groups(found: assess.Laws) -> list[tuple[str, Any]]:
    """Return rows of one width and side, with a name."""
    counts = found.counts
    given = {
        name: getattr(counts, name)
        for name in ("sigma", "side")
        if getattr(counts, name) is not None and np.ptp(getattr(counts, name)) > 0
    }
    if not given:
        return [("runs", np.arange(len(counts.n)))]
    keys = np.stack(list(given.values()), axis=1)
    known, place = np.unique(keys, axis=0, return_inverse=True)
    return [
        (
            ", ".join(f"{name} {value:g}" for name, value in zip(given, key, strict=True)),
            np.flatnonzero(place.ravel() == k),
        )
        for k, key in enumerate(known)
    ]


def _mark(ax: Any, x: Array) -> None:
    """Make the axis logarithmic, with few marks that are read as numbers."""
    low, high = (float(each) for each in (x.min(), x.max()))
    steps = (1, 2, 5) if high < 300 * low else (1,)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    marks = [k * 10.0**d for d in decades for k in steps]
    ax.set_xscale("log")
    inside = [mark for mark in marks if low / 1.2 <= mark <= high * 1.2]
    ax.set_xticks(inside, labels=[f"{mark:g}" for mark in inside])
    ax.minorticks_off()


def _draw_collapse(found: assess.Laws, ax: Any) -> None:
    for k, (name, rows) in enumerate(_groups(found)):
        ax.plot(
            found.collapsed[rows],
            found.counts.accuracy[rows],
            "o",
            color=plot.colour(k),
            label=name,
        )
    order = np.argsort(found.collapsed)
    ax.plot(
        found.collapsed[order],
        found.best.predicted[order],
        "-",
        color=plot.INK,
        label=found.best.name,
    )
    _mark(ax, found.collapsed)
    ax.set(xlabel="n π ρ²/N²", ylabel="accuracy", ylim=(-0.02, 1.05))
    ax.legend()


def _draw_laws(found: assess.Laws, ax: Any) -> None:
    styles = ("-", "--", ":", "-.")
    for k, (name, rows) in enumerate(_groups(found)):
        n = found.counts.n[rows]
        ax.plot(n, found.counts.accuracy[rows], "o", color=plot.colour(k), label=name)
        for law, style in zip(found.table[:_LINES], styles, strict=False):
            at, first = np.unique(n, return_index=True)
            ax.plot(
                at, law.predicted[rows][first], style, color=plot.colour(k),
                label=None if k else law.name,
            )  # fmt: skip
    _mark(ax, found.counts.n)
    ax.set(xlabel="examples n", ylabel="accuracy", ylim=(-0.02, 1.05))
    ax.legend(fontsize="x-small")
