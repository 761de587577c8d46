"""Figure 9 of Yang et al. (2024): four concepts, and a test loss that falls up to four times.

The caption gives the strongest concept ten times the spread that the released script gives it; both are
run from the released start, replayed exactly. Writes ``yang2024_figure_09.json`` and ``.svg``.
"""

import common

from simtheory.tasks import yang2024

TITLE = "Four concepts: as many descents as concepts need squared rates (Yang et al. 2024, Fig. 9)"
CAPTION = """
A tied linear net W = UUᵀ learns four concepts from a small positive start. Left: entries of W. Middle:
loss at the test point that holds all four, each rise marked with its size as a share of the first loss.
Right: when each concept (colour) is half learned, over the time of the integrated flow, as trained nets
have it, as the pivots of W(0) predict it (what elimination, strongest concept first, leaves on the
diagonal), and as its diagonal entry alone would. Solid: integrated flow. Dashed: closed form, built on
the pivots, which makes the first rise too large. Dotted: nets trained by gradient descent on ten data
sets (grey band: their range). Canonical time is that of gradient flow, on a logarithmic axis. Top, as the
paper states it: the loss falls three times. Bottom, as its script is released: rates squared, a smaller
spread of the strongest concept, and the loss falls four times. The number of concepts bounds the number
of descents; most starts of this kind have two or three."""


def main() -> None:
    """Run both conventions, print what the text says, write record and figure."""
    common.tied_figure(
        __file__,
        figure="9",
        runs={c: common.tied(yang2024.figure_9(convention=c)) for c in common.CONVENTIONS},
        title=TITLE,
        caption=CAPTION,
        first_time=0.03,
    )


if __name__ == "__main__":
    main()
