"""Figure 5 of Yang et al. (2024): two concepts, a tied two-layer net, and one rise of the test loss.

The released start is replayed exactly, once with the rates of the text and once with their squares, as the
released script has them. Integrated flow, closed form (built on the pivots of the start) and nets trained
on data agree. The size of the rise depends on the rates: with those of the text it is 0.05%.
"""

import simtheory as st
from validation.common import CONVENTIONS, Figure
from validation.identity import tied_nets
from validation.identity.tied_nets import LINES

FIGURE = Figure(
    __file__,
    section="A loss that rises on its way down",
    title="A weak concept seems learned, is forgotten, and is learned again (Yang et al. 2024, Fig. 5)",
    alt="Entries of W, test loss and path of the output of a tied net of two concepts",
    caption=f"""
A tied linear net W = UUᵀ learns to copy its input from two clusters, one for each concept, with signals 1
and 1.5, and is tested where both concepts meet (star). Left: entries of W. Middle: loss at the test
point, its rise marked with its size as a share of the first loss. Right: path of the output, dots equally
spaced in time. While the strong concept 2 is learned, the off-diagonal entry grows too and stands in for
concept 1; then it is suppressed, the path bends towards the strong cluster, and the loss rises until the
diagonal entry of concept 1 takes over. {LINES} Top, as the paper states it: with the rates of its text
the rise is too small to see. Bottom, as its script is released: with squared rates, which drew the
published figure, it is about 5%.""",
)


def main() -> None:
    """Run both conventions, print the numbers, write record and picture."""
    runs = {c: tied_nets.tied(st.tasks.yang2024.figure_5(convention=c)) for c in CONVENTIONS}
    record = {f"as {c}": tied_nets.tied_numbers(run) for c, run in runs.items()}
    for name, numbers in record.items():
        tied_nets.print_tied(name, numbers)
    FIGURE.write({"figure": "5", **record})
    with FIGURE.sheet(widths=(4.0, 4.0, 3.6), rows=2, height=3.4) as axes:
        for row, (convention, run) in enumerate(runs.items()):
            entries, loss, path = axes[3 * row : 3 * row + 3]
            tied_nets.draw_entries(entries, run)
            tied_nets.draw_losses(loss, run)
            st.plot.concept_space(run.exact, ax=path)
            st.plot.concept_space(run.law, ax=path, markers=0, lw=0.9)
            st.plot.concept_space(run.nets, ax=path)
            entries.set_title(f"as {convention}: entries of W")
            loss.set_title(f"as {convention}: loss at the test point")
            path.set_title(f"as {convention}: path of the output")


if __name__ == "__main__":
    main()
