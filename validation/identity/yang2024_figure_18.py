"""Figure 18 of Yang et al. (2024): outputs on the training centres bend too, at other times.

They bend before the output on the test point does.
"""

import numpy as np

import simtheory as st
from validation.common import CONVENTIONS, SEEDS, Figure
from validation.identity import tied_nets
from validation.identity.tied_nets import GREY

FIGURE = Figure(
    __file__,
    section="A loss that rises on its way down",
    title="Outputs on the training centres bend too, at other times (Yang et al. 2024, Fig. 18)",
    alt="Outputs of the net of figure 5 on the centres of the training clusters, and their parts along the other concept",
    caption="""
The run of figure 5: a tied linear net, two concepts. Left: the output on the centre of the weak concept's
training cluster (blue) and of the strong one's (orange), and on the test point where both meet (grey,
star); dots are equally spaced in time. The output on the strong centre carries a part along concept 1,
and that on the weak centre a part along concept 2, because the off-diagonal entry of W is not zero while
concepts are being learned. Right: these stray parts over time; they peak together, before the test loss
turns (grey: its rise, if it is above 0.1% of the first loss). Solid: integrated flow. Dashed: closed form,
built on the pivots of W(0). Dotted: ten trained nets. Canonical time is that of gradient flow, the same for
all. Top, as the paper states it: rates of its text. Bottom, as its script is released: rates squared.""",
)
CENTRES = ((1, 0), (0, 1))


def stray(traj: st.Trajectory) -> np.ndarray:
    """Return the part of each centre's output along the other concept, shape (..., 2, T)."""
    parts = [st.observe.concept_outputs(traj, vertex=v)[..., 1 - k] for k, v in enumerate(CENTRES)]
    return np.stack(parts, axis=-2)


def numbers_of(run: tied_nets.Tied) -> dict:
    """Return height and time of the stray parts on every road, and the rise of the test loss."""
    found = {}
    for name, traj in {"flow": run.exact, "pivots": run.law, "nets": run.nets}.items():
        parts = stray(traj)
        found[name] = {
            "largest stray part": parts.max(axis=-1),
            "at t": traj.t[parts.argmax(axis=-1)],
        }
    rises = [[r.t_min, r.t_max, r.relative] for r in st.observe.swing_by(run.exact).rises]
    return {"task": repr(run.setup.task), "seed": run.setup.seed, **found, "test_rises": rises}


def main() -> None:
    """Run both conventions, print the numbers, write record and picture."""
    runs = {c: tied_nets.tied(st.tasks.yang2024.figure_5(convention=c)) for c in CONVENTIONS}
    record = {f"as {c}": numbers_of(run) for c, run in runs.items()}
    for name, numbers in record.items():
        for road in ("flow", "pivots", "nets"):
            height, at = (
                np.asarray(numbers[road][key]).reshape(-1, 2).mean(axis=0)
                for key in ("largest stray part", "at t")
            )
            print(f"{name}, {road:<7} stray parts {height.round(4)} at t = {at.round(3)}")
        for begin, end, size in numbers["test_rises"]:
            print(f"{name}, the test loss rises by {size:.1%} from t = {begin:.2f} to {end:.2f}")
    FIGURE.write({"figure": "18", "seeds_of_nets": list(SEEDS), **record})
    with FIGURE.sheet(widths=(4.2, 4.8), rows=2, height=3.5) as axes:
        for row, (convention, run) in enumerate(runs.items()):
            path, time = axes[2 * row : 2 * row + 2]
            draw_paths(path, run)
            draw_stray(time, run)
            path.set_title(f"as {convention}: outputs on the training centres")
            time.set_title(f"as {convention}: part along the other concept")


def draw_paths(ax, run: tied_nets.Tied) -> None:
    """Draw the paths of the output on both centres, and on the test point."""
    st.plot.concept_space(run.exact, ax=ax, markers=0, color=GREY, lw=1.0)
    for k, vertex in enumerate(CENTRES):
        look = {"ax": ax, "vertex": vertex, "color": st.plot.colour(k)}
        st.plot.concept_space(run.exact, markers=16, **look)
        st.plot.concept_space(run.law, markers=0, lw=0.9, **look)
        st.plot.concept_space(run.nets, **look)


def draw_stray(ax, run: tied_nets.Tied) -> None:
    """Draw the stray parts over time, and the interval in which the test loss rises."""
    for rise in st.observe.swing_by(run.exact).rises:
        ax.axvspan(rise.t_min, rise.t_max, color="0.9", lw=0, label="test loss rises")
    roads = ((run.exact, {"label": True}), (run.law, {"lw": 0.9}), (run.nets, {"lw": 1.8}))
    for traj, style in roads:
        parts = stray(traj)
        parts = parts if parts.ndim == 2 else np.median(parts, axis=0)
        for k, values in enumerate(parts):
            name = f"on the centre of concept {k + 1}" if style.get("label") else None
            ax.plot(
                traj.t,
                values,
                ls=st.plot.dash(traj),
                lw=style.get("lw", 1.6),
                color=st.plot.colour(k),
                label=name,
                dash_capstyle="round",
            )
    ax.set(xlabel="canonical time $t$", ylabel="output along the other concept")
    ax.set_xlim(0.0, run.exact.t[-1])
    ax.legend()


if __name__ == "__main__":
    main()
