"""Figures 2(c) and 3 of Yang et al. (2024): four linear layers in 64 dimensions and in two.

From a random start, whether the test loss rises depends on the seed; in 64 dimensions it never rises.
"""

import simtheory as st
from validation.common import CONVENTIONS, Figure
from validation.identity.trained_nets import SWING, swing_figure

FIGURE = Figure(
    __file__,
    section="A loss that rises on its way down",
    title="Four linear layers: in two dimensions some seeds swing by, in 64 none does"
    " (Yang et al. 2024, Figs. 2c and 3)",
    alt="Paths and test losses of ten nets of four linear layers, in 64 dimensions and in two",
    caption=f"""
A linear net of four layers learns to copy points of two concepts and is tested where both meet (star). To
swing by is to come near the test point, to turn back towards the cluster of the strong concept (orange),
and only then to return, so that the test loss rises on its way down. In 64 dimensions (64 units) the loss
only slows down. In two dimensions (4 units) a rise depends on the random start: a single seed proves
nothing. {SWING} Top, as the paper states it: signals 1 and 2, no bias. Bottom, as its script is released:
signals 2 and 4, biases, a third cluster at the origin.""",
)


def main() -> None:
    """Train both dimensions in both conventions, print the rises, write record and picture."""
    setups = {
        f"as {c}, d = {dim}": st.tasks.yang2024.figure_3(dim, convention=c)
        for c in CONVENTIONS
        for dim in (64, 2)
    }
    swing_figure(FIGURE, "2(c) and 3", setups)


if __name__ == "__main__":
    main()
