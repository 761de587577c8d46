"""What the figures of trained nets share: nets from random starts, beside flow and closed form."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import simtheory as st
from validation.common import CONVENTIONS, SEEDS, Figure, mean_and_error

yang2024, initial_layers = st.tasks.yang2024, st.validation.initial_layers
Setup, MLP = yang2024.Setup, st.validation.MLP
GREY, INK = st.plot.GREY, st.plot.INK


def trained(setup: Setup, *, end: float, seeds: Sequence[int] = SEEDS) -> st.Trajectory:
    """Train a figure's net on the data of each seed until canonical time `end`, at most as long as stated."""
    steps = min(setup.steps, max(1, round(end / setup.clock.step)))
    return st.validation.train(
        _net(setup),
        setup.task,
        steps=steps,
        lr=setup.clock.lr,
        seeds=seeds,
        data=st.validation.Samples(setup.samples, order="once"),
        batch=setup.batch,
        loss=setup.clock.loss,
        looks=min(steps + 1, 400),
        progress=True,
    )


def flow_of(setup: Setup, t: np.ndarray, *, seeds: Sequence[int] = SEEDS) -> st.Trajectory:
    """Return the flow of the linear net without biases from the starts of those seeds."""
    linear = replace(setup, activation="linear", bias=False)
    layers = [weight for weight, _ in initial_layers(_net(linear), setup.task.dim, list(seeds))]
    flow = st.sim.Untied() if setup.depth == 2 else st.sim.Deep(setup.depth)
    return st.sim.solve(flow, setup.task, tuple(layers), t, rtol=1e-8)


def _net(setup: Setup) -> MLP:
    width = setup.width if setup.depth > 1 else None
    return MLP(setup.depth, width, activation=setup.activation, bias=setup.bias)


SIGNALS, DIVERSITIES = (1.0, 2.0, 3.0), (0.05, 0.5, 2.0)
ORDER = """Each panel shows how the output on the test point, where both concepts meet (star), moves during
training; black dots are equally spaced in time, so they bunch up where learning slows down. Left three: the
signal μ₁ grows from 1 to 3, and the path changes sides; the concept with the larger signal is learned
first. Right three: with μ₁ = 1 the diversity σ₁ of the weak concept grows, and again the order turns
round. Dotted black: mean of ten nets trained by stochastic gradient descent; grey: each of them."""
ORDER_ROWS = """Top, as the paper states it: no bias, σ a standard deviation. Bottom, as its script is
released: trained biases, a third cluster at the origin, σ read as a variance; training ends before the
weakest concepts are quite learned."""
SWING = """Left of each pair: path of the output. Right: test loss over its first value; its title counts
the seeds whose loss rises by more than 1% of the first. Dotted: ten nets; solid: the flow of the net without
biases from the same starts. Nets are trained by stochastic gradient descent, and their losses averaged over
nine records before rises are counted. Canonical time is that of gradient flow. No closed form is known for
starts of this size."""


def order_setups(**changes: Any) -> dict[str, dict[str, Setup]]:
    """Return the set-ups of figure 2(a, b) by convention and panel; `changes` replaces fields."""
    return {
        c: {
            **{
                f"μ₁ = {m:g}": replace(yang2024.figure_2a(m, convention=c), **changes)
                for m in SIGNALS
            },
            **{
                f"σ₁ = {s:g}": replace(yang2024.figure_2b(s, convention=c), **changes)
                for s in DIVERSITIES
            },
        }
        for c in CONVENTIONS
    }


def order_figure(figure: Figure, number: str, **changes: Any) -> None:
    """Draw and record in which order two concepts are learned, a panel for each set-up."""
    setups = order_setups(**changes)
    record: dict[str, Any] = {"figure": number, "seeds": list(SEEDS)}
    runs = {c: [_order_run(setup) for setup in row.values()] for c, row in setups.items()}
    for c, row in setups.items():
        record[f"as {c}"] = {}
        for name, (nets, reference) in zip(row, runs[c], strict=True):
            numbers = _order_numbers(nets, reference)
            record[f"as {c}"][name] = numbers
            times = [numbers[k] for k in ("time_1_over_time_2, nets", "time_1_over_time_2, theory")]
            print(
                f"{c:<9} {name:<12} t1/t2: nets {mean_and_error(times[0])}, theory {times[1]:.3g}"
            )
    figure.write(record)
    panels = len(next(iter(runs.values())))
    with figure.sheet(widths=(2.3,) * panels, rows=len(runs), height=2.9) as axes:
        places = [(c, k) for c in runs for k in range(panels)]
        for ax, (c, k) in zip(axes, places, strict=True):
            nets, reference = runs[c][k]
            draw_path(ax, nets, reference)
            ax.set_title(f"as {c}: {list(setups[c])[k]}")


def _order_run(setup: Setup) -> tuple[st.Trajectory, st.Trajectory]:
    """Train the nets of a set-up; return them and the paths that theory predicts from their starts."""
    rates = setup.task.rates[: setup.task.n_concepts]
    nets = trained(setup, end=float(8.0 / rates.min()))
    return nets, reference_of(setup, nets.t)


def reference_of(setup: Setup, t: np.ndarray) -> st.Trajectory:
    """Return the closed form of one layer, or the flow of more layers, from the starts of the nets."""
    if setup.depth > 1:
        return flow_of(setup, t)
    ((weights, bias),) = initial_layers(_net(setup), setup.task.dim, list(SEEDS))
    if bias is None:
        return st.analytic.one_layer.solution(setup.task, weights, t)
    return st.analytic.one_layer.affine(setup.task, weights, t, bias=bias)


def _order_numbers(nets: st.Trajectory, reference: st.Trajectory) -> dict[str, Any]:
    times, theory = st.observe.learning_times(nets), st.observe.learning_times(reference)
    theory = theory if theory.ndim == 1 else np.median(theory, axis=0)
    return {
        "task": repr(nets.task),
        "rates": nets.task.rates[: nets.task.n_concepts],
        "learned_at, nets": times,
        "learned_at, theory": theory,
        "time_1_over_time_2, nets": times[:, 0] / times[:, 1],
        "time_1_over_time_2, theory": float(theory[0] / theory[1]),
        "first_concept_first, share of nets": float((times[:, 0] < times[:, 1]).mean()),
    }


def draw_path(ax: Any, nets: st.Trajectory, reference: st.Trajectory) -> None:
    """Draw the path of every net (thin), their mean path with dots, and the path of the theory."""
    st.plot.concept_space(mean_of(nets), ax=ax, markers=16)
    st.plot.concept_space(nets, ax=ax, color=GREY, lw=0.5, alpha=0.5, ls="-")
    st.plot.concept_space(mean_of(reference), ax=ax, markers=0, color="#b3401f", lw=1.1)
    ax.margins(0.16, 0.25)  # the names of the concepts stand beside the last points


def mean_of(traj: st.Trajectory) -> st.Trajectory:
    """Return the mean over the ensemble as one run."""
    if not traj.ensemble:
        return traj
    outputs = traj.outputs.mean(axis=0)
    return st.Trajectory(traj.t, traj.probes, outputs, None, traj.task, traj.origin, False)


def swing_figure(figure: Figure, number: str, setups: dict[str, Setup]) -> None:
    """Draw and record path and test loss of deep nets, seed by seed, beside the flow."""
    record: dict[str, Any] = {"figure": number, "seeds": list(SEEDS), "threshold": 0.01}
    runs = {}
    for name, setup in setups.items():
        nets = trained(setup, end=float(8.0 / setup.task.rates[: setup.task.n_concepts].min()))
        runs[name] = nets, flow_of(setup, nets.t)
        rises = [st.observe.largest_rise(nets, smooth=9), st.observe.largest_rise(runs[name][1])]
        record[name] = {
            "task": repr(setup.task),
            "largest_rise, nets": rises[0],
            "largest_rise, flow": rises[1],
            "share_above_threshold": {
                "nets": (rises[0] > 0.01).mean(),
                "flow": (rises[1] > 0.01).mean(),
            },
        }
        print(
            f"{name}: seeds with a rise: nets {(rises[0] > 0.01).sum()}, flow {(rises[1] > 0.01).sum()}"
        )
        print(f"  largest rise: nets {rises[0].max():.3f}, flow {rises[1].max():.3f}")
    figure.write(record)
    with figure.sheet(widths=(2.6, 3.4) * 2, rows=2, height=3.4) as axes:
        for k, (name, (nets, flow)) in enumerate(runs.items()):
            path, loss = axes[2 * k : 2 * k + 2]
            st.plot.concept_space(nets, ax=path)
            st.plot.concept_space(flow, ax=path, color=GREY)
            path.set_title(name)
            draw_relative_losses(loss, nets, flow)
            share = record[name]["share_above_threshold"]
            counts = [round(len(SEEDS) * share[road]) for road in ("nets", "flow")]
            n = len(SEEDS)
            loss.set_title(f"the loss rises in {counts[0]}/{n} nets, {counts[1]}/{n} flows")


def draw_relative_losses(ax: Any, nets: st.Trajectory, flow: st.Trajectory) -> None:
    """Draw the test loss of every seed over its first value: nets dotted, flow solid."""
    for name, traj, look in (
        ("flow, each start", flow, {"color": GREY, "ls": "-"}),
        ("trained nets", nets, {"color": INK, "ls": (0, (1, 1.5))}),
    ):
        losses = st.observe.loss(traj)
        lines = ax.plot(traj.t, (losses / losses[:, :1]).T, lw=0.9, **look)
        lines[0].set_label(name)
    ax.legend()
    ax.set(xlabel="canonical time $t$", ylabel="test loss, over its first value", ylim=(-0.03, 1.1))
