"""Claims about composition and interpolation: what nets draw where combinations, or values, are held out."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import plot
from simtheory._typing import IntArray
from simtheory.validation.claims.claim import Evidence, gathered
from simtheory.validation.claims.record import Verdict
from simtheory.validation.factorization import experiments as runs
from simtheory.validation.factorization.asking import Answers
from simtheory.validation.factorization.claims._common import doubt, liang

__all__ = ["CLAIMS"]

_NET = "MLP of 192×2, images of 16×16 on a torus"


def _bars(ax: Any, found: Answers) -> None:
    names = ("both, 1 px", "both, ½ px", "x, ½ px", "y, ½ px")
    shares = np.column_stack([found.right[:, :2], found.axes[:, 1]])
    for k, (name, share) in enumerate(zip(names, shares.T, strict=True)):
        ax.plot(np.full(share.size, k), share, "o", color=plot.colour(k), label=name)
    for k in (0, 1):
        ax.plot([k - 0.3, k + 0.3], [found.covered[:, k].mean()] * 2, "--", color=plot.INK)
    ax.set(xticks=range(4), xticklabels=names, ylabel="share of right answers", ylim=(0, 1.05))


@liang(
    "stripes-compose",
    where="Fig. 4 and 12",
    statement="Nets compose crossing stripes: they draw combinations that they never saw.",
    quantity=f"share of right answers inside a 4×4 hole, stripes, centre within 1 pixel; {_NET}",
    band=(0.97, 1.0),
    null="the nearest example",
    reads=[runs.held_out.of("stripes", "hole")],
)
def stripes_compose(found: Answers) -> Evidence:
    """Stripes inside a hole of combinations."""
    return Evidence(
        predicted=1.0,
        values=found.right[:, 0].tolist(),
        null=float(found.covered[:, 0].mean()),
        seeds=list(range(len(found.right))),
        draw=lambda ax: _bars(ax, found),
        doubt=doubt([found]),
    )


@liang(
    "bumps-do-not",
    where="Fig. 12",
    statement="Nets do not compose bumps: they draw what the nearest example shows.",
    quantity=f"share of right answers inside a 4×4 hole over the nearest example's, bumps, centre within ½ pixel; {_NET}",
    band=(0.7, 1.4),
    null="composing",
    reads=[runs.held_out.of("bump", "hole")],
    expected=Verdict.DISAGREES,
    reason="The net interpolates over about a pixel from the rim, so that it is right more often than the nearest "
    "example within ½ pixel, and more so the longer it is trained: 1.05 times after 1000 steps, 1.6 after 2500. "
    "It does not compose: further inside it fails.",
    errata="bumps-interpolate",
)
def bumps_do_not(found: Answers) -> Evidence:
    """Bumps inside a hole of combinations."""
    return Evidence(
        predicted=1.0,
        values=(found.right[:, 1] / found.covered[:, 1]).tolist(),
        null=float((1.0 / found.covered[:, 1]).mean()),
        seeds=list(range(len(found.right))),
        draw=lambda ax: _bars(ax, found),
        doubt=doubt([found]),
    )


@liang(
    "lesion-one-factor",
    where="Fig. 11",
    statement="Where values of x are held out nets fail in x and stand in y.",
    quantity="share right in y less that in x inside a lesion in x of width 4, stripes, within ½ pixel; "
    + _NET,
    band=(0.5, 1.0),
    null="both factors coupled",
    reads=[runs.held_out.of("stripes", "lesion")],
)
def lesion_one_factor(found: Answers) -> Evidence:
    """Each factor inside a lesion of one of them."""
    return Evidence(
        predicted=1.0 - float(found.covered[:, 1].mean()),
        values=(found.axes[:, 1, 1] - found.axes[:, 1, 0]).tolist(),
        null=0.0,
        seeds=list(range(len(found.right))),
        draw=lambda ax: _bars(ax, found),
        doubt=doubt([found]),
    )


@liang(
    "few-examples",
    where="Fig. 10",
    statement="With all stripes of one factor, a few images of both make nets compose.",
    quantity="share of right answers where both stripes are in view, with 5 such images over none; stripes, window of "
    "16 on a canvas of 22, centre within 1 pixel",
    band=(1.2, 1000.0),
    null="five images of both alone, without stripes of one factor",
    reads=[runs.few],
    expected=Verdict.DISAGREES,
    reason="Stripes of one factor alone are enough, as for every additive learner: without a single image of both the "
    "net draws all of them.",
    errata="few-examples",
)
def few_examples(found: tuple[IntArray, list[Answers], Answers]) -> Evidence:
    """Accuracy over the number of images that show both factors."""
    numbers, answers, alone = found
    right = np.array([each.right[:, 0] for each in answers])
    five, none = int(np.flatnonzero(numbers == 5)[0]), np.maximum(right[0], 1.0 / 300)

    def draw(ax: Any) -> None:
        ax.plot(numbers, right, "o", color=plot.colour(0))
        ax.plot(numbers, right.mean(axis=1), color=plot.colour(0), label="with stripes")
        ax.plot([5], [alone.right[:, 0].mean()], "s", color=plot.colour(1), label="without stripes")
        ax.set(xlabel="images of both factors m", ylabel="share of right answers", ylim=(0, 1.05))
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(right[five] / none).tolist(),
        null=float((alone.right[:, 0] / none).mean()),
        seeds=list(range(right.shape[1])),
        draw=draw,
        doubt=doubt([*answers, alone]),
    )


CLAIMS = gathered(globals())
