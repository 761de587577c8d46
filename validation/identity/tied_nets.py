"""What the figures of the tied net share: closed form, flow, trained nets and the released loop.

All of them begin at the start that the released script draws from its seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import simtheory as st
from validation.common import SEEDS, Figure, mean_and_error

Setup = st.tasks.yang2024.Setup
GREY, INK = st.plot.GREY, st.plot.INK
LINES = """Solid: integrated flow. Dashed: closed form, built on the pivots of W(0). Dotted: nets trained
by gradient descent on ten data sets (grey band: their range). Canonical time is that of gradient flow, the
same for all."""
TIMES = """Right: when each concept (colour) is half learned, over the time of the integrated flow, as
trained nets have it, as the pivots of W(0) predict it (what elimination, strongest concept first, leaves
on the diagonal), and as its diagonal entry alone would"""


def released_start(setup: Setup) -> np.ndarray:
    """Return the weights U(0) that the released script draws from its seed, exactly."""
    return st.inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)


def second_moment_points(task: st.SIMTask, n: int, seeds: Sequence[int]) -> Any:
    """Return training data of the task, n points per cluster.

    For squared rates, which no clusters have as second moment, the points are Gaussian.
    """
    if not task.squared_rates:
        return st.validation.Samples(n)
    shape = (n * task.weights.size, task.dim)
    draws = [np.random.default_rng(seed).standard_normal(shape) for seed in seeds]
    return st.validation.Points(np.array(draws) * np.sqrt(task.rates))


@dataclass(frozen=True)
class Tied:
    """A theory figure's run on all roads, from the released start."""

    setup: Setup
    exact: st.Trajectory
    law: st.Trajectory
    nets: st.Trajectory
    euler: st.Trajectory


def tied(setup: Setup, *, lr: float = 0.005, stretch: float = 1.5) -> Tied:
    """Run one figure of the theory as closed form, flow, trained nets and the released loop."""
    task, U0 = setup.task, released_start(setup)
    strong = task.rates[: task.n_concepts]
    last = float(st.analytic.tied.learning_times(task, U0)[strong > 0].max())
    end = stretch * last
    t = np.union1d(np.linspace(0.0, end, 1201), np.geomspace(1e-2, end, 1200))
    steps = int(end / (2 * lr))  # canonical time of a tied net is 2 · lr · step
    early = np.geomspace(1.0, steps, 300).astype(int)
    nets = st.validation.train(
        st.validation.MLP(depth=2, width=setup.width, tied=True),
        replace(task, squared_rates=False),  # squared or not, the rates are those of the data
        steps=steps,
        lr=lr,
        seeds=SEEDS,
        data=second_moment_points(task, 1000, SEEDS),
        init=(U0,),
        looks=np.union1d(np.linspace(0, steps, 300).astype(int), early),
    )
    euler = st.sim.descend(
        st.sim.Tied(), task, U0, steps=setup.steps, lr=setup.clock.lr, loss="recurrence"
    )
    exact = st.sim.solve(st.sim.Tied(), task, U0, t)
    return Tied(setup, exact, st.analytic.tied.pivots(task, U0, t), nets, euler)


def tied_numbers(run: Tied) -> dict[str, Any]:
    """Return learning times and rises of the run on every road."""
    first = float(st.observe.loss(run.exact)[0])
    diagonal = (released_start(run.setup) ** 2).sum(axis=1)[: run.setup.task.n_concepts]
    rates = run.setup.task.rates[: run.setup.task.n_concepts]
    nets = [run.nets.member(k) for k in range(run.nets.ensemble[0])]
    return {
        "task": repr(run.setup.task),
        "seed": run.setup.seed,
        "seeds_of_nets": list(SEEDS),
        "rates": run.setup.task.rates,
        "first_loss": first,
        "learning_times": {
            "flow": st.observe.learning_times(run.exact),
            "pivots": st.observe.learning_times(run.law),
            "nets, mean": st.observe.learning_times(run.nets).mean(axis=0),
            "diagonal alone": np.log((1 - diagonal) / diagonal) / (2 * rates),
        },
        "rises": {
            "flow": _rises(run.exact),
            "pivots": _rises(run.law),
            "released loop": _rises(run.euler),
            "nets, number of each seed": [len(_rises(net)) for net in nets],
        },
        "largest_rise": {
            "flow": st.observe.largest_rise(run.exact),
            "pivots": st.observe.largest_rise(run.law),
            "released loop": st.observe.largest_rise(run.euler),
            "nets": st.observe.largest_rise(run.nets),
        },
        "error_of_pivots": float(np.abs(run.law.weights - run.exact.weights).max()),
    }


def _rises(traj: st.Trajectory) -> list[list[float]]:
    """Return start, end and relative size of every rise of the test loss."""
    return [[r.t_min, r.t_max, r.relative] for r in st.observe.swing_by(traj).rises]


def draw_entries(ax: Any, run: Tied) -> None:
    """Draw the entries of W: flow solid, closed form dashed, nets dotted."""
    st.plot.weights(run.exact, ax=ax)
    st.plot.weights(run.law, ax=ax, lw=0.9)
    st.plot.weights(run.nets.member(0), ax=ax, lw=1.8)
    ax.set_xlim(0.0, run.exact.t[-1])
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 0.1), handlelength=1.4, labelspacing=0.3)


def draw_losses(ax: Any, run: Tied) -> None:
    """Draw the test loss of every road, and mark the rises of the flow."""
    losses = st.observe.loss(run.nets)
    ax.fill_between(run.nets.t, losses.min(axis=0), losses.max(axis=0), color=GREY, alpha=0.3, lw=0)
    style = {"color": INK, "ls": (0, (0.1, 2)), "dash_capstyle": "round", "lw": 1.8}
    st.plot.loss(run.exact, ax=ax, label="flow (integrated)")
    ax.plot(
        run.law.t, st.observe.loss(run.law), "--", color=INK, lw=0.9, label="pivots (closed form)"
    )
    ax.plot(
        run.nets.t, np.median(losses, axis=0), label=f"{len(losses)} trained nets, median", **style
    )
    ax.set_xlim(0.0, run.exact.t[-1])
    ax.legend()


def draw_times(ax: Any, run: Tied) -> None:
    """Draw when each concept is half learned: nets, pivots and diagonal entries, over the flow."""
    times = tied_numbers(run)["learning_times"]
    exact = np.asarray(times["flow"])
    ax.axhline(1.0, color=GREY, lw=0.8)
    marks = {"nets, mean": "o", "pivots": "D", "diagonal alone": "x"}
    for place, (road, mark) in enumerate(marks.items()):
        for k, ratio in enumerate(np.asarray(times[road]) / exact):
            ax.plot([place + 0.12 * (k - 1)], [ratio], mark, ms=6, color=st.plot.colour(k))
    ax.set_xticks(range(len(marks)), ["trained\nnets", "pivots", "diagonal\nalone"])
    ax.set(xlim=(-0.5, 2.5), ylim=(0.4, 1.2), ylabel="time learned, over that of the flow")


def print_tied(name: str, numbers: dict[str, Any]) -> None:
    """Print learning times and rises of one run."""
    print(f"\n{name}: {numbers['task']}")
    for road, times in numbers["learning_times"].items():
        print(f"  learned at, {road:<16}", " ".join(f"{v:8.3f}" for v in np.asarray(times)))
    for road in ("flow", "pivots", "released loop"):
        rises = numbers["rises"][road]
        sizes = "  ".join(f"{100 * s:.2g}% from {a:.2f} to {b:.2f}" for a, b, s in rises)
        print(f"  rises, {road:<21} {sizes or 'none above 0.1%'}")
    nets = numbers["largest_rise"]["nets"]
    print(
        f"  largest rise: flow {numbers['largest_rise']['flow']:.4f}, nets {mean_and_error(nets)}"
    )


def tied_figure(
    figure: Figure, number: str, setups: dict[str, Setup], *, first_time: float | None = None
) -> None:
    """Run both conventions, print their numbers, write the record, draw entries, loss and times.

    With `first_time` the axes of time are logarithmic and start there.
    """
    runs = {convention: tied(setup) for convention, setup in setups.items()}
    record = {f"as {c}": tied_numbers(run) for c, run in runs.items()}
    for name, numbers in record.items():
        print_tied(name, numbers)
    figure.write({"figure": number, **record})
    with figure.sheet(widths=(4.3, 4.3, 2.7), rows=2, height=3.4) as axes:
        for row, (convention, run) in enumerate(runs.items()):
            entries, loss, times = axes[3 * row : 3 * row + 3]
            draw_entries(entries, run)
            draw_losses(loss, run)
            draw_times(times, run)
            if first_time is not None:
                for ax in (entries, loss):
                    ax.set(xscale="log", xlim=(first_time, run.exact.t[-1]))
                entries.legend(loc="upper left")
            entries.set_title(f"as {convention}: entries of W")
            loss.set_title(f"as {convention}: loss at the test point")
            times.set_title(f"as {convention}: when learned")


def euler_to_the_end(setup: Setup, start: np.ndarray) -> tuple[st.Trajectory, float | None]:
    """Run the released loop; return its finite part, and the time at which it ends in infinity."""
    try:
        loop = st.sim.descend(
            st.sim.Tied(),
            setup.task,
            start,
            steps=setup.steps,
            lr=setup.clock.lr,
            loss="recurrence",
        )
    except st.errors.SolveError as failure:
        loop, end = failure.partial, float(failure.partial.t[-1])
        kept = int(np.argmax(np.abs(loop.weights).max(axis=(1, 2)) > 1e3)) or loop.t.size
        return st.Trajectory.from_weights(
            loop.t[:kept], loop.weights[:kept], loop.task, origin=loop.origin, exact=False
        ), end
    return loop, None
