"""Figure 17 of Yang et al. (2024): the training loss of the run of figure 5 falls all the way."""

import numpy as np

import simtheory as st
from validation.common import CONVENTIONS, SEEDS, Figure
from validation.identity import tied_nets
from validation.identity.tied_nets import GREY, INK, LINES

TRAIN = "#0072b2"
FIGURE = Figure(
    __file__,
    section="A loss that rises on its way down",
    title="While the test loss rises, the training loss falls (Yang et al. 2024, Fig. 17)",
    alt="Test loss and training loss of the net of figure 5",
    caption=f"""
The run of figure 5: a tied linear net, two concepts, trained on the two clusters that hold one concept
each and tested where both meet. Black: loss at the test point. Blue: loss over the training clusters,
which falls all the way; the rise of the test loss is therefore no sign of a step too large or of noise.
{LINES} Left, as the paper states it: rates of its text. Right, as its script is released: rates
squared.""",
)


def numbers_of(run: tied_nets.Tied) -> dict:
    """Return the rises of both losses on every road, as shares of their first values."""
    roads = {"flow": run.exact, "pivots": run.law}
    found = {
        name: {"test": st.observe.largest_rise(traj), "train": rise(st.observe.train_loss(traj))}
        for name, traj in roads.items()
    }
    trained = np.array([rise(row) for row in st.observe.train_loss(run.nets)])
    found["nets"] = {"test": st.observe.largest_rise(run.nets), "train": trained}
    return {"task": repr(run.setup.task), "seed": run.setup.seed, "largest_rise": found}


def rise(loss: np.ndarray) -> float:
    """Return the largest climb of a loss above an earlier value, as a share of the first."""
    return float(st.observe.arrays.climb(loss) / loss[0])


def main() -> None:
    """Run both conventions, print the numbers, write record and picture."""
    runs = {c: tied_nets.tied(st.tasks.yang2024.figure_5(convention=c)) for c in CONVENTIONS}
    record = {f"as {c}": numbers_of(run) for c, run in runs.items()}
    for name, numbers in record.items():
        for road, rises in numbers["largest_rise"].items():
            test, train = (np.mean(rises[kind]) for kind in ("test", "train"))
            print(
                f"{name}, {road:<7} largest rise: test loss {test:.4f}, training loss {train:.2g}"
            )
    FIGURE.write({"figure": "17", "seeds_of_nets": list(SEEDS), **record})
    with FIGURE.sheet(widths=(4.6, 4.6), height=3.9) as axes:
        for ax, (convention, run) in zip(axes, runs.items(), strict=True):
            tied_nets.draw_losses(ax, run)
            style = {"color": TRAIN, "dash_capstyle": "round"}
            ax.plot(run.exact.t, st.observe.train_loss(run.exact), label="training loss", **style)
            ax.plot(run.law.t, st.observe.train_loss(run.law), "--", lw=0.9, **style)
            trained = st.observe.train_loss(run.nets)
            ax.plot(run.nets.t, np.median(trained, axis=0), ls=(0, (0.1, 2)), lw=1.8, **style)
            ax.fill_between(
                run.nets.t, trained.min(axis=0), trained.max(axis=0), color=GREY, alpha=0.3, lw=0
            )
            ax.lines[0].set(label="test loss, flow", color=INK)
            ax.set(title=f"as {convention}", ylabel="loss, ½ squared distance")
            ax.legend()


if __name__ == "__main__":
    main()
