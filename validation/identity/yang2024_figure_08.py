"""Figure 8 of Yang et al. (2024): three concepts, and a test loss that falls three times.

The caption and the released script have different signals, spreads and rates; both are run from the
released start, replayed exactly.
"""

import simtheory as st
from validation.common import CONVENTIONS, Figure
from validation.identity.tied_nets import LINES, TIMES, tied_figure

FIGURE = Figure(
    __file__,
    section="More concepts",
    title="Three concepts, each learned in its turn: the test loss falls three times (Yang et al. 2024, Fig. 8)",
    alt="Entries of W, test loss and learning times of a tied net of three concepts",
    caption=f"""
A tied linear net W = UUᵀ learns three concepts of different signal from a small positive start. Left:
entries of W; every off-diagonal entry grows with the stronger of its two concepts and is suppressed
before the weaker one is learned. Middle: loss at the test point that holds all three, each rise marked
with its size as a share of the first loss. {TIMES}: a weak concept waits longer than its own entry says,
for the stronger ones take from it first. {LINES} Top, as the paper states it. Bottom, as its script is
released: other signals and spreads, rates squared.""",
)

if __name__ == "__main__":
    tied_figure(FIGURE, "8", {c: st.tasks.yang2024.figure_8(convention=c) for c in CONVENTIONS})
