"""Figures 13 and 14 of Yang et al. (2024): three linear layers in three dimensions.

Whether the test loss rises depends on the seed here too.
"""

from dataclasses import replace

import simtheory as st
from validation.common import CONVENTIONS, Figure
from validation.identity.trained_nets import SWING, swing_figure

FIGURE = Figure(
    __file__,
    section="A loss that rises on its way down",
    title="Three linear layers in three dimensions: a rise depends on the seed"
    " (Yang et al. 2024, Figs. 13 and 14)",
    alt="Paths and test losses of ten nets of three linear layers in three dimensions",
    caption=f"""
A linear net of three layers of 3 units learns to copy points of two concepts in three dimensions, with
signals 1 and 2 (Fig. 13) or 2 and 4 (Fig. 14), and is tested where both meet (star). {SWING} Top, as the
paper states it: σ = 0.05 a standard deviation, no bias. Bottom, as its script is released: σ² = 0.05,
biases, a third cluster at the origin.""",
)


def setup(mu: tuple[float, float], convention: str) -> st.tasks.yang2024.Setup:
    """Return the set-up of figure 3 with three layers, dimensions and units."""
    base = st.tasks.yang2024.figure_3(2, convention=convention)
    task = st.SIMTask(mu=mu, sigma=tuple(base.task.sigma), dim=3, origin=base.task.origin)
    clock = replace(base.clock, lr=0.01, dim=3)
    return replace(base, task=task, clock=clock, depth=3, width=3)


def main() -> None:
    """Train both signals in both conventions, print the rises, write record and picture."""
    setups = {
        f"as {c}, μ = ({mu[0]:g}, {mu[1]:g})": setup(mu, c)
        for c in CONVENTIONS
        for mu in ((1.0, 2.0), (2.0, 4.0))
    }
    swing_figure(FIGURE, "13 and 14", setups)


if __name__ == "__main__":
    main()
