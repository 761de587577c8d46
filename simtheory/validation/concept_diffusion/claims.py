"""The claims about concept diffusion, with small denoisers trained on vectors of concepts.

The text's phenomena, order by strength, the bend and the return, the slowdown, in a world where training
takes seconds. A denoiser trains for half as many seeds as the budget has, and for three at least.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import plot
from simtheory.validation.claims.claim import Evidence, Topic, gathered
from simtheory.validation.claims.experiment import Budget, experiment
from simtheory.validation.concept_diffusion.experiments import vector_run, vector_task
from simtheory.validation.nets.diffusion import (
    ConceptRun,
    bend_and_return,
    learning_steps,
    strength_order,
    terminal_slowdown,
)

__all__ = ["CLAIMS"]

_claim = Topic("diffusion", paper="yang2024").claim


@experiment
def _vectors(budget: Budget, strength: float) -> ConceptRun:
    """Denoisers of two concepts: the first of this strength, the second of 0.8."""
    return vector_run(strength, seeds=range(max(3, budget.seeds // 2)), device=budget.device)


def _path(run: ConceptRun, strength: float, ax: Any) -> None:
    plot.concept_space(run.trajectory(vector_task(strength)), ax=ax)


@_claim(
    "order-by-strength",
    where="Section 5, Fig. 6",
    statement="The stronger a concept, the sooner a diffusion model learns it in a combination that it never saw.",
    quantity="exponent of the step when it is learned in its strength, from 0.2 to 0.8, denoiser of vectors",
    band=(-3.0, -1.0),
    null="strength plays no part",
    reads=[_vectors.of(0.2), _vectors.of(0.4), _vectors.of(0.8)],
)
def order_by_strength(*runs: ConceptRun) -> Evidence:
    found = strength_order(runs)

    def draw(ax: Any) -> None:
        for k, steps in enumerate((found.combined, found.other)):
            ax.plot(found.strengths, steps, "o", ms=3, color=plot.colour(k), alpha=0.6)
            ax.plot([], [], "o", color=plot.colour(k), label=runs[0].names[k])
        ax.set(xscale="log", yscale="log", xlabel="strength of concept 1; concept 2 has 0.8")
        ax.set_ylabel("step when learned, in the unseen combination")
        ax.legend()

    return Evidence(
        predicted=-2.0,
        values=found.exponent.tolist(),
        null=0.0,
        seeds=list(runs[0].seeds),
        draw=draw,
    )


@_claim(
    "strong-first",
    where="Section 5, Fig. 6",
    statement="Of two concepts the stronger one is learned first in the unseen combination.",
    quantity="share of seeds in which it is, strengths 0.4 and 0.8, denoiser of vectors",
    band=(0.9, 1.0),
    null="chance",
    reads=[_vectors.of(0.4)],
    budget="quick",
)
def strong_first(run: ConceptRun) -> Evidence:
    steps = learning_steps(run)

    def draw(ax: Any) -> None:
        for k, name in enumerate(run.names):
            ax.plot(run.steps, run.coordinates[:, :, 3, k].T, color=plot.colour(k), lw=0.7)
            ax.plot([], [], color=plot.colour(k), label=f"{name}, strength {run.strengths[k]:g}")
        ax.set(xscale="symlog", xlabel="optimiser step", ylabel="coordinate, both asked for")
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(steps[:, 1] < steps[:, 0]).astype(float).tolist(),
        null=0.5,
        seeds=list(run.seeds),
        draw=draw,
    )


@_claim(
    "bends",
    where="Section 5, Fig. 6",
    statement="On the way to the unseen combination the samples bend towards the strong concept alone.",
    quantity="coordinate of the weak concept (0.2) when the strong one (0.8) is learned, denoiser of vectors",
    band=(-0.2, 0.4),
    null="the way of two concepts of the same strength",
    reads=[_vectors.of(0.2), _vectors.of(0.8)],
)
def bends(weak: ConceptRun, even: ConceptRun) -> Evidence:
    return Evidence(
        predicted=0.0,
        values=bend_and_return(weak).beside.tolist(),
        null=float(np.nanmean(bend_and_return(even).beside)),
        seeds=list(weak.seeds),
        draw=lambda ax: _path(weak, 0.2, ax),
    )


@_claim(
    "returns",
    where="Section 5, Fig. 6",
    statement="After the bend the samples return to the unseen combination.",
    quantity="coordinate of the weak concept at the end of training, denoiser of vectors",
    band=(0.8, 1.1),
    null="where it is when the strong concept is learned",
    reads=[_vectors.of(0.2)],
)
def returns(run: ConceptRun) -> Evidence:
    bend = bend_and_return(run)
    return Evidence(
        predicted=1.0,
        values=bend.end.tolist(),
        null=float(np.nanmean(bend.beside)),
        seeds=list(run.seeds),
        draw=lambda ax: _path(run, 0.2, ax),
    )


@_claim(
    "slows-down",
    where="Section 5, Fig. 6",
    statement="The samples slow down as they come near what was asked for.",
    quantity="speed from one half to one quarter of the distance over that from three quarters to one half, denoiser of "
    "vectors, strong concept alone",
    band=(0.2, 0.9),
    null="constant speed",
    reads=[_vectors.of(0.4)],
    budget="quick",
)
def slows_down(run: ConceptRun) -> Evidence:
    slow = terminal_slowdown(run, prompt=(0, 1))

    def draw(ax: Any) -> None:
        place = run.place((0, 1))
        gap = np.linalg.norm(run.coordinates[:, :, place] - run.prompts[place], axis=-1)
        ax.plot(run.steps, gap.T, color="0.3", lw=0.8, alpha=0.7)
        ax.set(yscale="log", xlabel="optimiser step")
        ax.set_ylabel("distance to the strong concept, asked for alone")

    return Evidence(
        predicted=float(np.log(1.5) / np.log(2.0)),
        values=slow.ratio.tolist(),
        null=1.0,
        seeds=list(run.seeds),
        draw=draw,
    )


CLAIMS = gathered(vars())
