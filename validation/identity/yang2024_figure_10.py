"""Figure 10 of Yang et al. (2024): the released run never learns one concept, every exact road does.

The released loop steps W itself by Euler. Here it is replayed from the released start and followed until
it fails, beside the exact flow, gradient descent on U with the same step, and trained nets.
"""

from dataclasses import replace

import numpy as np

import simtheory as st
from validation.common import CONVENTIONS, Figure
from validation.identity import tied_nets
from validation.identity.tied_nets import GREY, INK, LINES

EULER = "#b3401f"
FIGURE = Figure(
    __file__,
    section="More concepts",
    title="A concept that is never learned is an artefact of the step (Yang et al. 2024, Fig. 10)",
    alt="The weakest diagonal entry, the smallest eigenvalue and the test loss, with the released loop beside the flow",
    caption=f"""
Three concepts of signals 0.7, 1.7 and 3 in a tied linear net W = UUᵀ. Left: the diagonal entry of the
weakest concept; 1 is learned. Middle: the smallest eigenvalue of W in the first steps, which cannot be
negative for W = UUᵀ. Right: loss at the test point that holds all three, each rise marked with its size
as a share of the first loss. Red: the released loop, Euler steps of 0.01 on W. {LINES} Bottom, as the
script is released: with squared rates a step of 0.01 makes an eigenvalue negative by t = 0.32; later the
entry turns negative too, and the run ends in infinity. The flow, and gradient descent on U, wait until
t ≈ 144 and learn the concept. Top, as the paper states it: with the rates of its text the same step only
delays it a little.""",
)


def outcomes(convention: str) -> tuple[tied_nets.Tied, dict]:
    """Run one convention on all roads, and the released loop until it ends."""
    setup = st.tasks.yang2024.figure_10(convention=convention)
    run = tied_nets.tied(setup)
    start = tied_nets.released_start(setup)
    steps = max(setup.steps, round(run.exact.t[-1] / setup.clock.lr))
    long, blow_up = tied_nets.euler_to_the_end(replace(setup, steps=steps), start)
    lowest = st.observe.min_eigenvalue(long)
    outside = np.flatnonzero(lowest < 0)
    descent = st.sim.descend(
        st.sim.Tied(), setup.task, start, steps=10_000, lr=setup.clock.lr / 2, loss="half_sum"
    )
    exact = st.sim.solve(st.sim.Tied(), setup.task, start, [0.0, 100.0, 400.0])
    numbers = tied_nets.tied_numbers(run) | {
        "released loop leaves the positive cone at t": long.t[outside[0]] if outside.size else None,
        "released loop, w_11 at t = 100": long.weights[10_000, 0, 0],
        "released loop, blows up at t": blow_up,
        "gradient descent on U, w_11 at t = 100": descent.weights[-1, 0, 0],
        "flow, w_11 at t = 100 and 400": exact.weights[1:, 0, 0],
    }
    return replace(run, euler=long), numbers


def main() -> None:
    """Run both conventions, print the numbers, write record and picture."""
    runs = {c: outcomes(c) for c in CONVENTIONS}
    record = {f"as {c}": numbers for c, (_, numbers) in runs.items()}
    for name, numbers in record.items():
        tied_nets.print_tied(name, numbers)
        for key in list(numbers)[-5:]:
            value = "never" if numbers[key] is None else np.round(numbers[key], 4)
            print(f"  {key}: {value}")
    FIGURE.write({"figure": "10", **record})
    with FIGURE.sheet(widths=(4.0, 3.7, 3.7), rows=2, height=3.2) as axes:
        for row, (convention, (run, _)) in enumerate(runs.items()):
            entry, eigenvalue, loss = axes[3 * row : 3 * row + 3]
            draw_entry(entry, run)
            draw_eigenvalue(eigenvalue, run)
            tied_nets.draw_losses(loss, run)
            released = {"color": EULER, "lw": 0.9, "zorder": 1, "label": "released loop"}
            loss.plot(run.euler.t, st.observe.loss(run.euler), **released)
            loss.legend()
            loss.set(xscale="log", xlim=(0.05, run.exact.t[-1]), ylim=(-0.1, 6.0))
            entry.set_title(f"as {convention}: weakest concept")
            eigenvalue.set_title(f"as {convention}: the first steps")
            loss.set_title(f"as {convention}: loss at the test point")


def draw_entry(ax, run: tied_nets.Tied) -> None:
    """Draw w_11 on every road."""
    dotted = {"ls": (0, (0.1, 2)), "dash_capstyle": "round"}
    nets = run.nets.weights[..., 0, 0]
    ax.axhline(0.0, color=GREY, lw=0.6)
    ax.plot(run.exact.t, run.exact.weights[:, 0, 0], color=INK, label="flow (integrated)")
    ax.plot(
        run.law.t, run.law.weights[:, 0, 0], "--", color=INK, lw=0.9, label="pivots (closed form)"
    )
    ax.plot(
        run.nets.t,
        np.median(nets, axis=0),
        color=INK,
        lw=1.8,
        label="trained nets, median",
        **dotted,
    )
    ax.fill_between(run.nets.t, nets.min(axis=0), nets.max(axis=0), color=GREY, alpha=0.3, lw=0)
    ax.plot(
        run.euler.t, run.euler.weights[:, 0, 0], color=EULER, label="released loop (Euler on W)"
    )
    ax.set(xlabel="canonical time $t$", ylabel="$w_{11}$", ylim=(-0.35, 1.1))
    ax.set_xlim(0.0, run.exact.t[-1])
    ax.legend()


def draw_eigenvalue(ax, run: tied_nets.Tied) -> None:
    """Draw the smallest eigenvalue of W for t <= 2."""
    early = run.euler.t <= 2.0
    start = tied_nets.released_start(run.setup)
    exact = st.sim.solve(st.sim.Tied(), run.setup.task, start, run.euler.t[early])
    ax.axhline(0.0, color=GREY, lw=0.6)
    ax.plot(exact.t, st.observe.min_eigenvalue(exact), color=INK, label="flow")
    lowest = st.observe.min_eigenvalue(run.euler)[early]
    ax.plot(run.euler.t[early], lowest, color=EULER, label="released loop")
    ax.set(xlabel="canonical time $t$", ylabel="smallest eigenvalue of $W$")
    ax.legend()


if __name__ == "__main__":
    main()
