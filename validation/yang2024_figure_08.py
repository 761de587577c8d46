"""Figure 8 of Yang et al. (2024): three concepts, and a test loss that falls three times.

The caption and the released script have different signals, spreads and rates; both are run from the
released start, replayed exactly. Writes ``yang2024_figure_08.json`` and ``.svg``.
"""

import common

from simtheory.tasks import yang2024

TITLE = "Three concepts, each learned in its turn: the test loss falls three times (Yang et al. 2024, Fig. 8)"
CAPTION = """
A tied linear net W = UUᵀ learns three concepts of different signal from a small positive start. Left:
entries of W; every off-diagonal entry grows with the stronger of its two concepts and is suppressed
before the weaker one is learned. Middle: loss at the test point that holds all three, each rise marked
with its size as a share of the first loss. Right: when each concept (colour) is half learned, over the
time of the integrated flow, as trained nets have it, as the pivots of W(0) predict it (what elimination,
strongest concept first, leaves on the diagonal), and as its diagonal entry alone would: a weak concept
waits longer than its own entry says, for the stronger ones take from it first. Solid: integrated flow.
Dashed: closed form, built on the pivots. Dotted: nets trained by gradient descent on ten data sets (grey
band: their range). Canonical time is that of gradient flow, the same for all. Top, as the paper states
it. Bottom, as its script is released: other signals and spreads, rates squared."""


def main() -> None:
    """Run both conventions, print what the text says, write record and figure."""
    common.tied_figure(
        __file__,
        figure="8",
        runs={c: common.tied(yang2024.figure_8(convention=c)) for c in common.CONVENTIONS},
        title=TITLE,
        caption=CAPTION,
    )


if __name__ == "__main__":
    main()
