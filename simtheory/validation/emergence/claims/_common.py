"""What the claims about nets share: distances, censored steps, and the order of classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import plot
from simtheory._typing import Array
from simtheory.validation.nets.diffusion import ConceptRun, emergence_steps

__all__ = ["distances", "order_figure", "order_of", "within"]


def distances(run: ConceptRun) -> Array:
    """Changes of each prompt from the nearest training class, shape (P,)."""
    known = run.prompts[run.trained]
    return np.array([np.abs(known - row).sum(axis=1).min() for row in run.prompts])


def within(steps: Array, run: ConceptRun) -> Array:
    """Steps, the end of the run where it was not reached."""
    return np.minimum(steps, float(run.steps[-1]))


def order_of(run: ConceptRun) -> tuple[Array, Array]:
    """Return the mean steps to half accuracy by distance (S, 3), and which seeds have them rising (S,)."""
    steps, distance = within(emergence_steps(run).joint, run), distances(run)
    means = np.stack([steps[:, distance == k].mean(axis=1) for k in range(3)], axis=1)
    return means, np.asarray((means[:, 1:] > means[:, :-1]).all(axis=1))


def order_figure(run: ConceptRun) -> Any:
    """Return what draws the joint accuracy, a colour for each distance."""

    def draw(ax: Any) -> None:
        for k in range(3):
            which = distances(run) == k
            ax.plot(run.steps, run.joint[:, :, which].mean(axis=2).T, color=plot.colour(k), lw=0.7)
            ax.plot([], [], color=plot.colour(k), label=f"{k} changes from the nearest trained")
        ax.set(xscale="symlog", xlabel="optimiser step", ylabel="joint accuracy, mean over classes")
        ax.legend()

    return draw
