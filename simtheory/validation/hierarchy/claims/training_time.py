"""Claims about nets in training time."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import plot
from simtheory.validation.claims.claim import Claim, Evidence, Topic, gathered
from simtheory.validation.hierarchy import experiments as runs
from simtheory.validation.hierarchy.training import DenoiserRun, learning_steps

__all__ = ["CLAIMS"]

_favero = Topic("hierarchy", paper="favero2025").claim


def _ratios(found: list[DenoiserRun], upper: int) -> list[float]:
    """Steps to share ¼ of a level over those of the level below; one not reached counts as at the end."""
    steps = np.array(
        [np.minimum(learning_steps(run, level=0.25)[0], run.steps[-1]) for run in found]
    )
    return (steps[:, upper - 1] / steps[:, upper - 2]).tolist()


def _learned(found: list[DenoiserRun], upper: int) -> Evidence:
    def draw(ax: Any) -> None:
        for k, run in enumerate(found):
            for l in range(run.shares.shape[-1]):
                name = f"level {l + 1}" if k == 0 else "_nolegend_"
                ax.plot(run.steps, run.shares[0, :, l], color=plot.colour(l), label=name, alpha=0.7)
        ax.axhline(0.25, ls=":", color=plot.GREY)
        ax.set(xscale="log", xlabel="step", ylabel="level share")
        ax.legend()

    return Evidence(
        values=_ratios(found, upper), null=1.0, seeds=list(range(len(found))), draw=draw
    )


def _in_time(name: str, kind: str, upper: int, band: tuple[float, float], budget: str) -> Claim:
    under = " under masks" if kind == "mask" else ""
    return _favero(
        name,
        where="Section on training time",
        statement=f"A denoiser learns the levels of the grammar one by one in training time{under}.",
        quantity=f"steps to a share of a quarter of level {upper} over those of level {upper - 1}{under}; "
        "v = 8, m = 2, L = 3",
        band=band,
        null="all levels at once, as the mixture of P_0 and P_L",
        reads=[runs.in_time.of(kind)],
        budget=budget,
    )(lambda found: _learned(found, upper))


levels_in_time = _in_time("levels-in-time", "uniform", 2, (1.5, 8.0), "standard")
levels_in_time_top = _in_time("levels-in-time-top", "uniform", 3, (1.5, 10.0), "standard")
masked = _in_time("masked", "mask", 2, (1.5, 8.0), "full")


@_favero(
    "foreign-ladder",
    where="Section on training time",
    statement="Shares of levels belong to one grammar: nets that learned the strings of another have none.",
    quantity="mean over the levels of the shares after 1600 steps; v = 8, m = 2, L = 3",
    band=(-0.1, 0.1),
    null="the ladder does not tell grammars apart, so that shares are as of the own strings, near 1",
    reads=[runs.foreign],
    budget="full",
)
def foreign_ladder(found: list[DenoiserRun]) -> Evidence:
    """Hold nets of other grammars against a ladder."""
    shares = np.array([run.shares[0, -1] for run in found])

    def draw(ax: Any) -> None:
        for k, row in enumerate(shares):
            ax.plot(np.arange(1, row.size + 1), row, "o", color=plot.colour(k))
        ax.axhspan(-0.1, 0.1, color=plot.GREY, alpha=0.2)
        ax.set(xlabel="level", ylabel="level share", ylim=(-0.5, 1.0))

    return Evidence(
        values=shares.mean(axis=1).tolist(),
        predicted=0.0,
        null=1.0,
        seeds=list(range(len(found))),
        draw=draw,
    )


CLAIMS = gathered(globals())
