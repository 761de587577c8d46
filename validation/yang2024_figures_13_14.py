"""Figures 13 and 14 of Yang et al. (2024): three linear layers in three dimensions.

Writes ``yang2024_figures_13_14.json`` and ``.svg``.
"""

from dataclasses import replace

import trained_nets
from common import CONVENTIONS

import simtheory as st
from simtheory.tasks import yang2024

TITLE = (
    "Three linear layers in three dimensions: a rise is a matter of the seed"
    " (Yang et al. 2024, Figs. 13 and 14)"
)
CAPTION = """
A linear net of three layers of 3 units learns to copy points of two concepts in three dimensions, with
signals 1 and 2 (Fig. 13) or 2 and 4 (Fig. 14), and is tested where both meet (star). Left of each pair:
path of the output. Right: test loss over its first value; its title counts the seeds whose loss rises by
more than 1% of the first. Dotted: ten nets; solid: the flow of the net without biases from the same
starts. Nets are trained by stochastic gradient descent, and their losses averaged over nine records
before rises are counted. Canonical time is that of gradient flow. Top, as the paper states it: σ = 0.05 a
standard deviation, no bias. Bottom, as its script is released: σ² = 0.05, biases, a third cluster at the
origin. No closed form is known for starts of this size."""


def setup(mu: tuple[float, float], convention: str) -> yang2024.Setup:
    """Return the set-up of figure 3 with three layers, dimensions and units."""
    base = yang2024.figure_3(2, convention=convention)
    task = st.SIMTask(mu=mu, sigma=tuple(base.task.sigma), dim=3, origin=base.task.origin)
    clock = replace(base.clock, lr=0.01, dim=3)
    return replace(base, task=task, clock=clock, depth=3, width=3)


def main() -> None:
    """Train both signals in both conventions, print the rises, write record and figure."""
    setups = {
        f"as {c}, μ = ({mu[0]:g}, {mu[1]:g})": setup(mu, c)
        for c in CONVENTIONS
        for mu in ((1.0, 2.0), (2.0, 4.0))
    }
    trained_nets.swing_figure(
        __file__, figure="13 and 14", setups=setups, title=TITLE, caption=CAPTION
    )


if __name__ == "__main__":
    main()
