"""Figures 2(c) and 3 of Yang et al. (2024): four linear layers in 64 dimensions and in two.

Writes ``yang2024_figure_03.json`` and ``.svg``.
"""

import trained_nets
from common import CONVENTIONS

from simtheory.tasks import yang2024

TITLE = (
    "Four linear layers: in two dimensions some seeds swing by, in 64 none does"
    " (Yang et al. 2024, Figs. 2c and 3)"
)
CAPTION = """
A linear net of four layers learns to copy points of two concepts and is tested where both meet (star). To
swing by is to come near the test point, to turn back towards the cluster of the strong concept (orange),
and only then to return, so that the test loss rises on its way down. Left of each pair: path of the
output. Right: test loss over its first value; its title counts the seeds whose loss rises by more than 1%
of the first. Dotted: ten nets; solid: the flow of the net without biases from the same starts. In 64
dimensions (64 units) the loss only slows down. In two dimensions (4 units) a rise depends on the random
start: a single seed proves nothing. Nets are trained by stochastic gradient descent, and their losses
averaged over nine records before rises are counted. Canonical time is that of gradient flow. Top, as the
paper states it: signals 1 and 2, no bias. Bottom, as its script is released: signals 2 and 4, biases, a
third cluster at the origin. No closed form is known for starts of this size."""


def main() -> None:
    """Train both dimensions in both conventions, print the rises, write record and figure."""
    setups = {
        f"as {c}, d = {dim}": yang2024.figure_3(dim, convention=c)
        for c in CONVENTIONS
        for dim in (64, 2)
    }
    trained_nets.swing_figure(
        __file__, figure="2(c) and 3", setups=setups, title=TITLE, caption=CAPTION
    )


if __name__ == "__main__":
    main()
