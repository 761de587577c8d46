"""Claims that hold coverage against percolation: an MLP at 16×16 tests the mechanism, not the paper's U-Net at 32×32."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import plot
from simtheory.validation.claims.claim import Evidence, gathered
from simtheory.validation.claims.record import Verdict
from simtheory.validation.factorization import experiments as runs
from simtheory.validation.factorization.asking import Answers
from simtheory.validation.factorization.claims._common import (
    doubt,
    exponent,
    liang,
    needed_each,
)

__all__ = ["CLAIMS"]

_NET = "MLP of 192×2, images of 16×16 on a torus, centre within 1 pixel"


def _everyone(found: runs.Scaling) -> list[Answers]:
    return [answers for row in found.answers for answers in row]


def _curves(ax: Any, found: runs.Scaling, names: list[str]) -> None:
    for k, (numbers, row) in enumerate(zip(found.numbers, found.answers, strict=True)):
        right = np.array([answers.right[:, 0] for answers in row])
        ax.plot(numbers, right, "o", ms=3, color=plot.colour(k), alpha=0.5)
        ax.plot(numbers, right.mean(axis=1), color=plot.colour(k), label=names[k])
    ax.axhline(0.5, ls=":", color=plot.GREY)
    ax.set(xscale="log", xlabel="examples n", ylabel="share of right answers")
    ax.legend()


def _widths(found: runs.Scaling) -> list[str]:
    return [f"σ = {width:g}" for width in found.sizes]


@liang(
    "wider-needs-less",
    where="Fig. 6",
    statement="Wider bumps need fewer examples.",
    quantity=f"examples for half of the queries at σ = 2.8 over those at σ = .7; {_NET}",
    band=(0.0, 0.8),
    null="coverage within a fixed tolerance",
    reads=[runs.by_number],
)
def wider_needs_less(found: runs.Scaling) -> Evidence:
    """Examples needed by wide and by narrow bumps."""
    half = needed_each(found)
    return Evidence(
        values=(half[-1] / half[0]).tolist(),
        null=1.0,
        seeds=list(range(half.shape[1])),
        draw=lambda ax: _curves(ax, found, _widths(found)),
        doubt=doubt(_everyone(found)),
    )


@liang(
    "percolation-slope",
    where="Fig. 6e",
    statement="The number of examples needed falls with the width of the bumps as at percolation.",
    quantity=f"exponent in σ of the examples for half of the queries; {_NET}",
    band=(-2.4, -1.6),
    null="coverage within a fixed tolerance",
    reads=[runs.by_number],
    expected=Verdict.DISAGREES,
    reason="Judged by the centre the exponent is near -.3. A cosine with the true image above .9 has a tolerance that grows "
    "with the width: the same nets show -1.7 by it, and coverage alone gives -2.",
    errata="percolation-slope",
)
def percolation_slope(found: runs.Scaling) -> Evidence:
    """The exponent by the centre; the figure shows the one by the cosine beside it."""
    half = needed_each(found)

    def draw(ax: Any) -> None:
        for k, (name, criterion) in enumerate((("centre", 0), ("cosine above .9", 2))):
            number = needed_each(found, criterion=criterion)
            slope = np.mean(exponent(found.sizes, number))
            ax.plot(found.sizes, number, "o", ms=3, color=plot.colour(k), alpha=0.5)
            ax.plot(
                found.sizes, number.mean(axis=1), color=plot.colour(k), label=f"{name}: {slope:.2f}"
            )
        ax.plot(
            found.sizes,
            half[0].mean() * (found.sizes / found.sizes[0]) ** -2.0,
            "--",
            color=plot.GREY,
            label="percolation: -2",
        )
        ax.set(xscale="log", yscale="log", xlabel="width σ (px)", ylabel="examples for one half")
        ax.legend()

    return Evidence(
        predicted=-2.0,
        values=exponent(found.sizes, half),
        null=0.0,
        seeds=list(range(half.shape[1])),
        draw=draw,
        doubt=doubt(_everyone(found)),
    )


@liang(
    "reach",
    where="Fig. 5c",
    statement="Without stripes the number of examples needed grows as the square of the side.",
    quantity="exponent in N of the examples for half of the queries, N = 16, 24, 32, σ = 2; centre within 1 pixel",
    band=(1.5, 2.4),
    null="each factor learned alone",
    reads=[runs.by_side],
    budget="full",
)
def reach(found: runs.Scaling) -> Evidence:
    """Examples needed at three sides."""
    half = needed_each(found)
    return Evidence(
        predicted=2.0,
        values=exponent(found.sizes, half),
        null=1.0,
        seeds=list(range(half.shape[1])),
        draw=lambda ax: _curves(ax, found, [f"N = {side:g}" for side in found.sizes]),
        doubt=doubt(_everyone(found)),
    )


@liang(
    "sudden-onset",
    where="abstract and Fig. 6: accuracy appears suddenly",
    statement="The onset of accuracy with the number of examples is that of coverage, and sharpens with no size.",
    quantity="n_80/n_20 at N = 24 over that at N = 16, σ = 2; centre within 1 pixel",
    band=(0.85, 1.2),
    null="percolation, whose onset sharpens as (N/r)^(-3/4)",
    reads=[runs.by_side],
    budget="full",
)
def sudden_onset(found: runs.Scaling) -> Evidence:
    """Width of the onset at two sides."""
    width = needed_each(found, level=0.8) / needed_each(found, level=0.2)
    return Evidence(
        predicted=1.0,
        values=(width[1] / width[0]).tolist(),
        null=float((found.sizes[0] / found.sizes[1]) ** 0.75),
        seeds=list(range(width.shape[1])),
        draw=lambda ax: _curves(ax, found, [f"N = {side:g}" for side in found.sizes]),
        doubt=doubt(_everyone(found)),
    )


def _labels(ax: Any, parted: runs.Parted) -> None:
    ax.plot(*parted.labels.T, ".", color=plot.colour(0), label="examples")
    ends = (0, parted.side)
    ax.set(xlabel="x (px)", ylabel="y (px)", aspect="equal", xlim=ends, ylim=ends)
    ax.legend()


@liang(
    "percolation-not-needed",
    where="abstract and Fig. 6: percolation as the condition",
    statement="A net answers only where its examples percolate.",
    quantity=f"share of right answers inside dense islands of 4×4 that are not connected; {_NET}",
    band=(0.0, 0.5),
    null="coverage",
    reads=[runs.islands],
    budget="quick",
    expected=Verdict.DISAGREES,
    reason="Queries inside an island are answered, .99 of them, though the largest connected share of the examples is .25.",
    errata="not-needed",
)
def percolation_not_needed(found: runs.Parted) -> Evidence:
    """Accuracy inside islands that are covered and not connected."""
    return Evidence(
        predicted=float(found.largest.mean()),
        values=found.inside.tolist(),
        null=1.0,
        seeds=list(range(found.inside.size)),
        draw=lambda ax: _labels(ax, found),
        doubt=doubt([found.answers]),
    )


@liang(
    "percolation-not-enough",
    where="abstract and Fig. 6: percolation as the condition",
    statement="A net answers everywhere once its examples percolate.",
    quantity=f"share of right answers to queries anywhere, examples on three lines that are all connected; {_NET}",
    band=(0.8, 1.0),
    null="coverage",
    reads=[runs.lines],
    budget="quick",
    expected=Verdict.DISAGREES,
    reason="The examples are one cluster, and about as many queries are answered as an example lies near to: .38.",
    errata="not-enough",
)
def percolation_not_enough(found: runs.Parted) -> Evidence:
    """Accuracy with lines that are connected and do not cover."""
    return Evidence(
        predicted=float(found.largest.mean()),
        values=found.answers.right[:, 0].tolist(),
        null=float(found.answers.covered[:, 0].mean()),
        seeds=list(range(len(found.answers.right))),
        draw=lambda ax: _labels(ax, found),
        doubt=doubt([found.answers]),
    )


@liang(
    "coverage",
    where="Fig. 6",
    statement="A net answers as many queries as have an example near them.",
    quantity="share of right answers over the covered share, queries anywhere, for lines and for islands; "
    f"{_NET}",
    band=(0.9, 1.3),
    null="the largest connected share",
    reads=[runs.lines, runs.islands],
    budget="quick",
)
def coverage(crossing: runs.Parted, apart: runs.Parted) -> Evidence:
    """Accuracy against coverage for both layouts."""
    both = (crossing, apart)
    ratios = [part.answers.right[:, 0] / part.answers.covered[:, 0] for part in both]
    nulls = [float((part.largest / part.answers.covered[:, 0]).mean()) for part in both]

    def draw(ax: Any) -> None:
        for k, (name, part) in enumerate((("lines", crossing), ("islands", apart))):
            ax.plot(
                part.answers.covered[:, 0],
                part.answers.right[:, 0],
                "o",
                color=plot.colour(k),
                label=name,
            )
            ax.plot(
                part.largest, part.answers.right[:, 0], "x", color=plot.colour(k),
                label=f"{name}: largest cluster",
            )  # fmt: skip
        ax.plot([0, 1], [0, 1], ":", color=plot.GREY)
        ax.set(xlabel="covered share, or largest connected share", ylabel="share of right answers")
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=np.concatenate(ratios).tolist(),
        null=min(nulls, key=lambda null: abs(null - 1.0)),
        seeds=[seed for part in both for seed in range(len(part.answers.right))],
        draw=draw,
        doubt=doubt([part.answers for part in both]),
    )


@liang(
    "stripes-data",
    where="Fig. 5c",
    statement="With stripes in the data the number of examples needed grows as the side, without as its square.",
    quantity="exponent in N of the examples for .6 of the queries without stripes, less that with a margin of N/4 "
    "that shows stripes; N = 12, 16, 24, σ = 2; centre within 1 pixel",
    band=(0.6, 1.4),
    null="stripes make no difference",
    reads=[runs.with_stripes],
    budget="full",
    expected=Verdict.DISAGREES,
    reason="The exponents differ by .46, -.09 and .93 in three seeds: .43 with a standard error of .30, between no "
    "difference and the one stated. Three sides within a factor of two fix an exponent poorly; more seeds would decide.",
    errata="stripes-data",
)
def stripes_data(found: tuple[runs.Scaling, runs.Scaling]) -> Evidence:
    """Exponents with and without stripes."""
    plain, striped = (
        np.array(exponent(each.sizes, needed_each(each, level=0.6))) for each in found
    )

    def draw(ax: Any) -> None:
        for k, (name, each) in enumerate(zip(("bumps", "bumps and stripes"), found, strict=True)):
            number = needed_each(each, level=0.6)
            ax.plot(each.sizes, number.mean(axis=1), "o-", color=plot.colour(k), label=name)
        ax.plot(found[0].sizes, 60 * (found[0].sizes / 16) ** 2, "--", color=plot.GREY, label="N²")
        ax.plot(found[0].sizes, 60 * found[0].sizes / 16, ":", color=plot.GREY, label="N")
        ax.set(xscale="log", yscale="log", xlabel="side N (px)", ylabel="examples for .6")
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(plain - striped).tolist(),
        null=0.0,
        seeds=list(range(plain.size)),
        draw=draw,
        doubt=doubt([answers for each in found for answers in _everyone(each)]),
    )


CLAIMS = gathered(globals())
