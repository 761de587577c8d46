"""The claims about concept diffusion, with small denoisers trained on vectors of concepts.

The text's phenomena, order by strength, the bend and the return, the slowdown, in a world where training
takes seconds. A quick budget trains half as many seeds as it does of plain networks.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from simtheory import plot
from simtheory.validation.claims.claim import Budget, Evidence, claims_of
from simtheory.validation.concept_diffusion.experiments import vector_run, vector_task
from simtheory.validation.nets.diffusion import (
    ConceptRun,
    bend_and_return,
    learning_steps,
    strength_order,
    terminal_slowdown,
)

__all__ = ["CLAIMS"]

_STRENGTHS = (0.2, 0.4, 0.8)  # of the first concept; the second has 0.8


def _run(strength: float, budget: Budget) -> ConceptRun:
    return _trained(strength, max(5, budget.seeds // 2), budget.device)


@cache
def _trained(strength: float, seeds: int, device: str) -> ConceptRun:
    return vector_run(strength, seeds=range(seeds), device=device)


def _order(budget: Budget) -> Evidence:
    runs = [_run(strength, budget) for strength in _STRENGTHS]
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


def _path(run: ConceptRun, strength: float, ax: Any) -> None:
    plot.concept_space(run.trajectory(vector_task(strength)), ax=ax)


def _bends(budget: Budget) -> Evidence:
    weak, even = _run(0.2, budget), _run(0.8, budget)
    return Evidence(
        predicted=0.0,
        values=bend_and_return(weak).beside.tolist(),
        null=float(np.nanmean(bend_and_return(even).beside)),
        seeds=list(weak.seeds),
        draw=lambda ax: _path(weak, 0.2, ax),
    )


def _returns(budget: Budget) -> Evidence:
    run = _run(0.2, budget)
    bend = bend_and_return(run)
    return Evidence(
        predicted=1.0,
        values=bend.end.tolist(),
        null=float(np.nanmean(bend.beside)),
        seeds=list(run.seeds),
        draw=lambda ax: _path(run, 0.2, ax),
    )


def _strong_first(budget: Budget) -> Evidence:
    run = _run(0.4, budget)
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


def _slows(budget: Budget) -> Evidence:
    run = _run(0.4, budget)
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


_claim = claims_of("diffusion", "yang2024")

CLAIMS = (
    _claim(
        "order-by-strength",
        "Section 5, Fig. 6",
        "The stronger a concept, the sooner a diffusion model learns it in a combination that it never saw.",
        "exponent of the step when it is learned in its strength, from 0.2 to 0.8, denoiser of vectors",
        _order,
        (-3.0, -1.0),
        "strength plays no part",
    ),
    _claim(
        "strong-first",
        "Section 5, Fig. 6",
        "Of two concepts the stronger one is learned first in the unseen combination.",
        "share of seeds in which it is, strengths 0.4 and 0.8, denoiser of vectors",
        _strong_first,
        (0.9, 1.0),
        "chance",
    ),
    _claim(
        "bends",
        "Section 5, Fig. 6",
        "On the way to the unseen combination the samples bend towards the strong concept alone.",
        "coordinate of the weak concept (0.2) when the strong one (0.8) is learned, denoiser of vectors",
        _bends,
        (-0.2, 0.4),
        "the way of two concepts of the same strength",
    ),
    _claim(
        "returns",
        "Section 5, Fig. 6",
        "After the bend the samples return to the unseen combination.",
        "coordinate of the weak concept at the end of training, denoiser of vectors",
        _returns,
        (0.8, 1.1),
        "where it is when the strong concept is learned",
    ),
    _claim(
        "slows-down",
        "Section 5, Fig. 6",
        "The samples slow down as they come near what was asked for.",
        "speed from one half to one quarter of the distance over that from three quarters to one half, denoiser of "
        "vectors, strong concept alone",
        _slows,
        (0.2, 0.9),
        "constant speed",
    ),
)
