"""Figure 7 of Yang et al. (2024): the loss at all sixteen combinations of four concepts.

A point with more concepts has the larger loss; the tied net of figure 5 breaks this order while it swings
by.
"""

from itertools import product

import numpy as np

import simtheory as st
from validation.common import CONVENTIONS, SEEDS, Figure
from validation.identity import trained_nets
from validation.identity.trained_nets import GREY, INK

FIGURE = Figure(
    __file__,
    section="More concepts",
    title="A point with more concepts has the larger loss, but not during a swing-by (Yang et al. 2024, Fig. 7)",
    alt="Loss at the sixteen combinations of four concepts through training, and a tied net that breaks their order",
    caption="""
A net learns to copy points of four clusters, one for each of four concepts of signals 1, 2, 3, 4. Each
cell is a test point that holds the concepts marked 1 and not those marked 0; its number is the loss
there, mean over ten nets, and its shade the share of the largest loss on the panel. Left to right: the
start, and the ends of epochs 1, 3 and 5. A point with one concept more has the larger loss, but for
differences below 0.1, which the random start leaves (single nets: up to 0.65). Top, as the paper states
it: two layers with ReLU units. Bottom, as its script is released: one linear layer with biases (its
"epoch 1" is the start). One layer from zero keeps this order exactly in theory. Right: the tied net of
figure 5 (rates of the text) breaks the order while it swings by: for a while the loss where both concepts
meet, (1, 1), lies below that of concept 1 alone, (1, 0). Solid: integrated flow; dashed: closed form,
built on the pivots of W(0); dotted: a trained net. Canonical time is that of gradient flow, the same for
all.""",
)
VERTICES = list(product((0, 1), repeat=4))
EPOCHS = (0, 1, 3, 5)


def losses_of(setup: st.tasks.yang2024.Setup) -> tuple[np.ndarray, st.Trajectory]:
    """Train the nets; return the loss at every vertex after the epochs, (seeds, epochs, 16)."""
    end = setup.clock.step * setup.steps
    nets = trained_nets.trained(setup, end=end)
    per_vertex = np.stack([st.observe.loss(nets, vertex=v) for v in VERTICES], axis=-1)
    at = [int(np.argmin(np.abs(nets.t - end * epoch / EPOCHS[-1]))) for epoch in EPOCHS]
    return per_vertex[:, at], nets


def violations(losses: np.ndarray) -> float:
    """Return the largest excess of the loss at a vertex over that at one with more concepts."""
    pairs = [
        (i, j)
        for i, u in enumerate(VERTICES)
        for j, v in enumerate(VERTICES)
        if i != j and all(a <= b for a, b in zip(u, v, strict=True))
    ]
    return max(float((losses[..., i] - losses[..., j]).max()) for i, j in pairs)


def tied_run() -> tuple[st.Trajectory, st.Trajectory, st.Trajectory]:
    """Return flow, closed form and one trained net of figure 5."""
    setup = st.tasks.yang2024.figure_5()
    U0 = st.inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)
    t = np.linspace(0.0, 6.0, 1201)
    net = st.validation.train(
        st.validation.MLP(depth=2, width=3, tied=True),
        setup.task,
        steps=600,
        lr=0.005,
        seeds=SEEDS,
        init=(U0,),
    )
    return (
        st.sim.solve(st.sim.Tied(), setup.task, U0, t),
        st.analytic.tied.pivots(setup.task, U0, t),
        net,
    )


def main() -> None:
    """Train both conventions, print the violations, write record and picture."""
    record, tables = {"figure": "7", "seeds": list(SEEDS), "vertices": VERTICES}, {}
    for c in CONVENTIONS:
        setup = st.tasks.yang2024.figure_7(convention=c)
        losses, nets = losses_of(setup)
        tables[c] = losses.mean(axis=0)
        record[f"as {c}"] = {
            "setup": repr(setup),
            "loss, mean over seeds": tables[c],
            "largest violation, each seed": [violations(seed) for seed in losses],
            "largest violation of the mean": violations(tables[c]),
        }
        print(f"as {c}: largest violation of the mean {violations(tables[c]):.3g}")
        if c == "released":
            closed = trained_nets.reference_of(setup, nets.t)
            gap = np.abs(st.observe.loss(closed) - st.observe.loss(nets)).max()
            record["as released"]["distance of the closed form, over the first loss"] = float(
                gap / st.observe.loss(nets)[:, 0].max()
            )
    flow, law, net = tied_run()
    gap = st.observe.loss(flow, vertex=(1, 0)) - st.observe.loss(flow, vertex=(1, 1))
    record["tied net of figure 5"] = {
        "violated from t": flow.t[int(np.argmax(gap > 0))],
        "largest violation": gap.max(),
        "first loss": st.observe.loss(flow)[0],
        "largest violation, nets": st.observe.hierarchy_violation(net).max(axis=-1),
    }
    for name, value in record["tied net of figure 5"].items():
        print(f"tied net of figure 5, {name}:", np.round(value, 3))
    FIGURE.write(record)
    with FIGURE.sheet(widths=(2.3,) * 4 + (3.6,), rows=2, height=2.7) as axes:
        for row, c in enumerate(CONVENTIONS):
            for k, epoch in enumerate(EPOCHS):
                draw_table(axes[5 * row + k], tables[c][k])
                when = "the start" if epoch == 0 else f"epoch {epoch}"
                axes[5 * row + k].set_title(f"as {c}: {when}")
        draw_tied(axes[4], (flow, law, net))
        draw_gap(axes[9], (flow, law, net))


def draw_table(ax, losses: np.ndarray) -> None:
    """Draw the sixteen losses as a table: concepts 1 and 2 down, 3 and 4 across."""
    table = losses.reshape(4, 4)
    share = table / table.max()
    ax.imshow(share, cmap="Blues", vmin=0.0, vmax=1.2)
    for i, j in np.ndindex(4, 4):
        text = f"{table[i, j]:.3f}".lstrip("0") if table[i, j] < 0.9995 else f"{table[i, j]:.1f}"
        shade = "white" if share[i, j] > 0.7 else "black"
        ax.text(j, i, text, ha="center", va="center", fontsize=7, color=shade)
    names = ["00", "01", "10", "11"]
    ax.set_xticks(range(4), names)
    ax.set_yticks(range(4), names)
    ax.set(xlabel="concepts 3, 4", ylabel="concepts 1, 2")
    ax.tick_params(length=0)


def draw_tied(ax, runs: tuple) -> None:
    """Draw the loss on three vertices of the tied net."""
    for traj in runs:
        for vertex, hue in (((1, 0), 0), ((0, 1), 1), ((1, 1), None)):
            loss = st.observe.loss(traj, vertex=vertex)
            loss = loss if loss.ndim == 1 else loss[0]
            name = f"vertex {vertex}" if traj is runs[0] else None
            look = {"color": INK if hue is None else st.plot.colour(hue)}
            ax.plot(traj.t, loss, ls=st.plot.dash(traj), lw=1.2, label=name, **look)
    ax.set(xlabel="canonical time $t$", ylabel="loss", title="tied net of figure 5")
    ax.legend()


def draw_gap(ax, runs: tuple) -> None:
    """Draw the loss at (1, 0) minus the loss at (1, 1)."""
    for traj in runs:
        gap = st.observe.loss(traj, vertex=(1, 0)) - st.observe.loss(traj, vertex=(1, 1))
        gap = gap if gap.ndim == 1 else gap[0]
        ax.plot(traj.t, gap, ls=st.plot.dash(traj), color=INK, lw=1.2)
    ax.axhline(0.0, color=GREY, lw=0.7)
    ax.set(xlabel="canonical time $t$", ylabel="loss at (1, 0) − at (1, 1)")
    ax.set_title("above zero the order is broken")


if __name__ == "__main__":
    main()
