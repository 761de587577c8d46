"""Figures 2(c) and 3 of Yang et al. (2024): four linear layers in 64 dimensions and in two.

Writes ``yang2024_figure_03.json`` and ``.svg``.
"""

import trained_nets
from common import CONVENTIONS

from simtheory.tasks import yang2024

TITLE = (
    "Four linear layers: in two dimensions some seeds swing by, in 64 none does (Figs. 2c and 3)"
)
CAPTION = """
A linear net of four layers learns to copy points of two concepts, with signals 1 and 2 as stated or 2 and 4 as
released, and is tested where both meet (star). Left: path of the output, each of ten seeds a dotted line, the flow from the
same starts solid. Right: test loss over its first value; the number of seeds whose loss rises by more than 1%
of the first stands in the title, for nets and flow. In 64 dimensions (64 units) the loss only slows down. In two
dimensions (4 units) a rise depends on the random start: a single seed proves nothing. Nets are trained by
stochastic gradient descent, as released with biases, and their losses averaged over nine records before rises
are counted. No closed form is known for starts of this size."""


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
