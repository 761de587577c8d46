"""``simtheory assess evaluations``: when classes are learned, in which order, and by which rule."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from simtheory import assess, plot
from simtheory._text import numeral
from simtheory.cli.assess._answer import Answer, answered, printed
from simtheory.report import Part

__all__ = ["evaluations"]

_DRAWN = 4  # classes whose curves are drawn, those farthest from the trained ones


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--train", type=click.Path(path_type=Path), help="TOML file of the trained classes.")
@click.option("--level", default=0.5, show_default=True, help="Share of the ceiling to be passed.")
@click.option("--hold", default=3, show_default=True, help="Evaluations in a row that must pass.")
@click.option("--n", type=int, help="Samples behind each accuracy, without a column n.")
@click.option("--joint", help='For JSON lines, such as "color_attr = two_object * colors^2".')
@click.option(
    "--ceiling", type=float, help="Joint accuracy of the judge on real data.  [default: 1]"
)
@click.option(
    "--same-samples/--other-samples",
    default=True,
    help="Whether joint and marginals of a row were counted on the same samples.",
)
@answered
def evaluations(
    files: tuple[Path, ...],
    train: Path | None,
    level: float,
    hold: int,
    n: int | None,
    joint: str | None,
    ceiling: float | None,
    same_samples: bool,
) -> Answer:
    """Say when classes are learned, in which order, and whether the joint accuracy is a product.

    FILES are tables with named columns, a row for each sample (step, seed, class, sample, and 0 or 1
    for each concept) or for each cell (step, seed, class, the accuracy of each concept, joint, n);
    a column strength tells prompts apart, 1 is the plain one. Or JSON lines with --joint.

    \b
    simtheory assess evaluations runs.csv --train classes.toml --out report
    simtheory assess evaluations geneval.jsonl \\
        --joint "color_attr = two_object * colors^2"
    """
    acc = assess.accuracies(
        files, train=train, n=n, joint=joint, ceiling=ceiling, same_samples=same_samples
    )
    found = assess.overview(acc, level=level, hold=hold)
    pictures, figures = _pictures(found)
    read, classes, words = Part("", [acc.sentence()]), *_classes(found)
    return Answer(
        title="Evaluations through training",
        text=printed(read, *(Part("", [line]) for line in found.sentences()), classes, words),
        parts=[Part("In short", [acc.sentence(), *found.sentences()]), classes, words],
        values=found.to_dict(),
        pictures=pictures,
        name="emergence",
        figures=figures,
    )


def _classes(found: assess.Overview) -> tuple[Part, Part]:
    """Return a table of the classes, the earliest first, and what its words mean."""
    acc, times = found.acc, found.times
    last = [column[~np.isnan(column)][-1:].mean() for column in _means(acc.joint).T]
    head, rows = ["class", "joint, last", "lean"], []
    many = acc.steps.size > 1
    if many:
        head += ["learned", "95 %", "censored"]
    if found.order is not None:
        head += ["distance", *(["expected"] if many else [])]
    for k in np.argsort(times.median, kind="stable"):
        name = acc.classes[k]
        row = [
            name if len(name) <= 28 else f"{name[:27]}…",
            f"{last[k]:.3f}",
            _lean(found.law.leans[k]),
        ]
        if many:
            low, high = times.interval[k]
            between = f"{_number(low)}-{_number(high)}" if times.bounded[k] else "–"
            early = "≤ " if 2 * times.at_start[:, k].sum() >= len(acc.seeds) else ""
            lost = int(times.censored[:, k].sum())
            row += [f"{early}{_number(times.median[k])}", between, f"{lost}/{len(acc.seeds)}"]
        if found.order is not None:
            row.append(f"{found.order.distances[k]:.0f}")
            if many:
                row.append(_number(found.order.expected[k]))
        rows.append(row)
    notes = [
        "lean: 0 where the joint accuracy is the product, 1 where it is the weakest concept's."
    ]
    if many:
        notes.append(
            "learned: median step over seeds; ≤: at the first evaluation or before; inf: not within the run, or never."
        )
    if many and found.order is not None:
        notes.append(
            "expected: step by linear theory, its clock set on trained classes; –: none was seen being learned."
        )
    return Part("Classes", [], head, rows), Part("Words", notes)


def _lean(value: float) -> str:
    return "–" if np.isnan(value) else f"{round(float(value), 2) + 0.0:.2f}"  # no -0.00


def _number(value: float) -> str:
    return "–" if np.isnan(value) else numeral(value, 3)


def _means(values: Any) -> Any:
    seen = ~np.isnan(values)
    total = np.nansum(values, axis=0)
    return np.where(seen.any(axis=0), total / np.maximum(seen.sum(axis=0), 1), np.nan)


def _pictures(found: assess.Overview) -> tuple[dict[str, tuple[str, Any]], dict[str, str]]:
    acc = found.acc
    pictures: dict[str, tuple[str, Any]] = {}
    figures: dict[str, str] = {}

    def add(caption: str, alt: str, stem: str, draw: Any) -> None:
        pictures[caption], figures[caption] = (alt, draw), stem

    if acc.steps.size > 1:
        late = np.argsort(
            -np.where(np.isnan(found.times.median), -1.0, found.times.median), kind="stable"
        )
        if found.order is not None:
            late = np.lexsort((-found.times.median, -found.order.distances))
        for k, place in enumerate(late[:_DRAWN]):
            name = acc.classes[place]
            add(
                f"Class {name}: joint accuracy, marginals, their product and the weakest concept",
                f"Curves of class {name} over steps",
                f"class_{k + 1}",
                partial(_curves, acc, name),
            )
        told = found.order is not None and np.isfinite(found.order.clock)
        expected = found.order.expected if found.order is not None and told else None
        more = (
            "" if expected is None else "; crosses: linear theory, its clock set on trained classes"
        )
        add(
            "Steps at which classes are learned: seeds (open: not within the run), medians with intervals of "
            f"95 %, arrows where these go on{more}",
            "Medians over seeds with bars",
            "times",
            partial(_times, found.times, expected),
        )
    if found.hidden is not None:
        add(
            "Step of the plain prompt over that of the best one; open: not within the run",
            "A dot for each seed and class",
            "prompts",
            partial(_prompts, found.hidden),
        )
    return pictures, figures


def _curves(acc: assess.Accuracies, name: str, ax: Any) -> None:
    plot.class_curves(acc, name, ax=ax)


def _times(times: assess.EmergenceTimes, expected: Any, ax: Any) -> None:
    plot.emergence_times(times, expected=expected, ax=ax)


def _prompts(hidden: assess.HiddenCapability, ax: Any) -> None:
    plot.prompt_steps(hidden, ax=ax)
