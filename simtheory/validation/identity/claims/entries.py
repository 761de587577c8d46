"""The tied net: when concepts are learned, how often the loss falls, where the flow ends."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simtheory import inits, observe, plot
from simtheory._typing import Array, IntArray
from simtheory.analytic import tied
from simtheory.sim import Diagonal, Tied, integrate, solve
from simtheory.tasks import SIMTask
from simtheory.validation.claims.claim import Evidence, Topic, gathered
from simtheory.validation.claims.experiment import Budget, experiment

__all__ = ["CLAIMS"]

_claim = Topic("identity", paper="yang2024").claim

_TWO = SIMTask(mu=(1.0, 1.5), sigma=0.05)
_THREE = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)
_FOUR = SIMTask(mu=(1.0, 1.5, 2.2, 2.7), sigma=0.05)


def _small_starts(budget: Budget, dim: int) -> Array:
    return inits.uniform((budget.starts, dim, dim), scale=0.1, rng=np.random.default_rng(0))


class _Times(NamedTuple):
    """Learning times (M, s) of the flow, of the pivots, and of each diagonal entry alone."""

    measured: Array
    pivots: Array
    diagonal: Array


@experiment
def _learning_times(budget: Budget) -> _Times:
    starts = _small_starts(budget, 3)
    predicted = tied.learning_times(_THREE, starts)
    # A start may be as good as singular, so its weakest concept as good as lost: all are watched
    # until the last of them is learned.
    t = np.linspace(0.0, 1.2 * predicted.max(), 4001)
    measured = observe.learning_times(solve(Tied(), _THREE, starts, t, probes=_THREE.probes[:1]))
    diagonal = np.sum(starts**2, axis=-1)
    alone = np.log((1 - diagonal) / diagonal) / (2 * _THREE.rates)
    return _Times(measured, predicted, alone)


@_claim(
    "learning-times",
    where="Section 4.2",
    statement="The tied flow learns concept k at the time −ln(Dₖ)/(2aₖ), with D the pivots of W(0)(I − W(0))⁻¹.",
    quantity="time at which the weakest of three concepts is half learned, over the predicted time, tied flow",
    band=(0.95, 1.05),
    null="each diagonal entry alone",
    reads=[_learning_times],
    budget="quick",
)
def learning_times(times: _Times) -> Evidence:
    weakest = 0
    shown = slice(None, 300)  # members; more only lie on top of each other
    return Evidence(
        predicted=1.0,
        values=(times.measured[:, weakest] / times.pivots[:, weakest]).tolist(),
        null=float((times.diagonal[:, weakest] / times.pivots[:, weakest]).mean()),
        seeds=[0],
        draw=lambda ax: plot.scatter(
            times.pivots[shown], times.measured[shown], noun="learning time", ax=ax
        ),
    )


@experiment
def _descents(budget: Budget, concepts: int) -> IntArray:
    """Number of descents (M,) of the test loss from small random starts."""
    task = {2: _TWO, 3: _THREE, 4: _FOUR}[concepts]
    t = np.linspace(0.0, 40.0, 1601)
    run = solve(Tied(), task, _small_starts(budget, concepts), t, probes=task.probes[-1:])
    return observe.descents(run)


def _draw_descents(counts: list[IntArray], concepts: list[int], ax: Any) -> None:
    labels = [f"{s} concepts" for s in concepts]
    plot.counts(counts, labels=labels, xlabel="descents of the test loss", ax=ax)


@_claim(
    "descents",
    where="Appendix E.1, Figs. 8 and 9",
    statement="The test loss has at most as many descents as there are concepts, and reaches that number.",
    quantity="largest number of descents over random starts, divided by the number of concepts, for two and "
    "three concepts",
    band=(0.99, 1.01),
    null="one descent always",
    reads=[_descents.of(2), _descents.of(3)],
    budget="quick",
)
def descents(two: IntArray, three: IntArray) -> Evidence:
    return Evidence(
        predicted=1.0,
        values=[float(two.max()) / 2, float(three.max()) / 3],
        null=float(np.mean([1 / 2, 1 / 3])),
        seeds=[0],
        draw=lambda ax: _draw_descents([two, three], [2, 3], ax),
    )


@_claim(
    "four-descents-are-rare",
    where="Appendix E.1, Fig. 9",
    statement="The quadruple descent of Fig. 9 needs a tuned seed: few random starts of four concepts show it.",
    quantity="share of random starts whose test loss falls four times, four concepts, rates of the text, tied flow",
    band=(0.0, 0.05),
    null="as many descents as concepts are the rule",
    reads=[_descents.of(4)],
)
def four_descents_are_rare(four: IntArray) -> Evidence:
    return Evidence(
        predicted=0.01,
        values=(four == 4).astype(float).tolist(),
        null=1.0,
        seeds=[0],
        draw=lambda ax: _draw_descents([four], [4], ax),
    )


# the sum rule bounds the time: what is not learned shrinks as ln(1/det W(0)) runs out
_UNTIL_LEARNED = np.geomspace(0.05, 400.0, 200)


@experiment
def _diagonals(budget: Budget, width: int) -> Array:
    """Diagonal of W (M, T, 3) from starts of full rank (width 3) or with one unit too few (2)."""
    rng = np.random.default_rng(0)
    scale = np.exp(rng.uniform(np.log(0.03), np.log(1.5), (budget.starts, 1, 1)))
    starts = scale * inits.gaussian((budget.starts, 3, width), scale=1.0, rng=rng)
    A = _THREE.second_moment
    return integrate(Tied(), A, starts, _UNTIL_LEARNED, rtol=1e-8, read=Diagonal())


@_claim(
    "every-concept-in-the-end",
    where="Appendix E.3",
    statement="From a start of full rank the exact flow learns every concept in the end; a concept is lost only "
    "where the start has no rank for it.",
    quantity="share of random starts of width 3, row sizes 0.03 to 1.5, with all of three concepts learned to 99% at "
    "t = 400, tied flow",
    band=(0.99, 1.0),
    null="width 2, too few for three concepts",
    reads=[_diagonals.of(3), _diagonals.of(2)],
)
def every_concept_in_the_end(full: Array, narrow: Array) -> Evidence:
    learned = [(entries[:, -1] > 0.99).all(axis=-1) for entries in (full, narrow)]

    def draw(ax: Any) -> None:
        for entries, name, dash in ((full, "width 3", "-"), (narrow, "width 2", "--")):
            middle = np.median(entries[:, :, 0], axis=0)
            ax.plot(_UNTIL_LEARNED, middle, dash, color=plot.colour(0), label=name)
        ax.set(xscale="log", xlabel="canonical time $t$", ylabel="$w_{11}$, median over starts")
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=learned[0].astype(float).tolist(),
        null=float(learned[1].mean()),
        seeds=[0],
        draw=draw,
    )


CLAIMS = gathered(vars())
