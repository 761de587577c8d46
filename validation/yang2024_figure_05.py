"""Figure 5 of Yang et al. (2024): two concepts, a tied two-layer net, and one rise of the test loss.

The released start is replayed exactly, once with the rates of the text and once with their squares,
as the released script has them. Three roads stand on top of each other: the integrated flow, the
closed form built on the pivots of the start, and nets trained on data. Writes
``yang2024_figure_05.json`` and ``.svg``.
"""

import common

import simtheory as st
from simtheory.tasks import yang2024

TITLE = (
    "A weak concept seems learned, is forgotten, and is learned again (Yang et al. 2024, Fig. 5)"
)
CAPTION = """
A tied linear net W = UUᵀ learns to copy its input from two clusters, one for each concept, with signals 1
and 1.5, and is tested where both concepts meet (star). Left: entries of W. Middle: loss at the test
point, its rise marked with its size as a share of the first loss. Right: path of the output, dots equally
spaced in time. While the strong concept 2 is learned, the off-diagonal entry grows too and stands in for
concept 1; then it is suppressed, the path bends towards the strong cluster, and the loss rises until the
diagonal entry of concept 1 takes over. Solid: integrated flow. Dashed: closed form, built on the pivots
of W(0). Dotted: nets trained by gradient descent on ten data sets (grey band: their range). Canonical
time is that of gradient flow, the same for all. Top, as the paper states it: with the rates of its text
the rise is too small to see. Bottom, as its script is released: with squared rates, which drew the
published figure, it is about 5%."""


def main() -> None:
    """Run both conventions, print what the text says, write record and figure."""
    runs = {c: common.tied(yang2024.figure_5(convention=c)) for c in common.CONVENTIONS}
    record = {f"as {c}": common.tied_numbers(run) for c, run in runs.items()}
    for name, numbers in record.items():
        common.print_tied(name, numbers)
    common.write(__file__, {"figure": "5", **record})
    with common.sheet(
        __file__, title=TITLE, caption=CAPTION, widths=(4.0, 4.0, 3.6), rows=2, height=3.4
    ) as axes:
        for row, (convention, run) in enumerate(runs.items()):
            entries, loss, path = axes[3 * row : 3 * row + 3]
            common.draw_entries(entries, run)
            common.draw_losses(loss, run)
            st.plot.concept_space(run.exact, ax=path)
            st.plot.concept_space(run.law, ax=path, markers=0, lw=0.9)
            st.plot.concept_space(run.nets, ax=path)
            entries.set_title(f"as {convention}: entries of W")
            loss.set_title(f"as {convention}: loss at the test point")
            path.set_title(f"as {convention}: path of the output")


if __name__ == "__main__":
    main()
