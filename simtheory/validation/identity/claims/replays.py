"""The figures of the tied net replayed from published seeds, and formulas of the text checked."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simtheory import observe, plot
from simtheory._typing import Array
from simtheory.analytic import one_layer, tied
from simtheory.analytic.yang2024 import recurrence_gap, theorem_4_1
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask, yang2024
from simtheory.validation.claims.claim import Evidence, Topic, gathered
from simtheory.validation.claims.experiment import Budget, experiment
from simtheory.validation.claims.record import Verdict
from simtheory.validation.identity.experiments import (
    figure_5_flow,
    figure_10_flow,
    hierarchy_violation,
    released_start,
    seeds_of,
)
from simtheory.validation.nets.architectures import MLP, SmallInit
from simtheory.validation.nets.train import train

__all__ = ["CLAIMS"]

_claim = Topic("identity", paper="yang2024").claim

_FIGURE_5 = yang2024.figure_5()
_FIGURE_10 = yang2024.figure_10(convention="released")


@_claim(
    "figure-5-rise",
    where="Section 4.2, Fig. 5",
    statement="With the rates of the text, the start of Fig. 5 gives the rise of the test loss that the figure shows.",
    quantity="largest rise of the test loss as a share of its first value, exact flow from the released start, rates "
    "as stated",
    band=(0.03, 0.07),
    null="the loss falls all the way",
    reads=[figure_5_flow.of("stated", 20.0, 4001), figure_5_flow.of("released", 20.0, 4001)],
    budget="quick",
    expected=Verdict.DISAGREES,
    reason="The released script steps with the squares of the rates. With the rates of the text the rise is a "
    "hundred times smaller.",
    errata="squared-rates",
)
def figure_5_rise(stated: Trajectory, released: Trajectory) -> Evidence:
    law = tied.pivots(_FIGURE_5.task, released_start(_FIGURE_5), stated.t)

    def draw(ax: Any) -> None:
        plot.loss(stated, ax=ax, label="rates of the text")
        plot.loss(released, ax=ax, ls="--", label="squared rates")
        ax.legend()

    return Evidence(
        predicted=float(observe.largest_rise(law)),
        stated=float(observe.largest_rise(released)),
        values=[float(observe.largest_rise(stated))],
        null=0.0,
        seeds=[_FIGURE_5.seed],
        draw=draw,
    )


@_claim(
    "figure-10-time",
    where="Appendix E.3, Fig. 10",
    statement="The exact flow of Fig. 10 learns its weakest concept, at t ≈ 144 in the released rates.",
    quantity="canonical time at which w₁₁ reaches one half",
    band=(142.0, 147.0),
    null="the diagonal entry alone",
    reads=[figure_10_flow],
    budget="quick",
)
def figure_10_time(run: Trajectory) -> Evidence:
    start, rates = released_start(_FIGURE_10), _FIGURE_10.task.rates
    diagonal = float(start[0] @ start[0])
    return Evidence(
        predicted=float(tied.learning_times(_FIGURE_10.task, start)[0]),
        values=[float(observe.learning_times(run)[0])],
        null=float(np.log((1 - diagonal) / diagonal) / (2 * rates[0])),
        seeds=[_FIGURE_10.seed],
        draw=lambda ax: plot.weights(run, ax=ax),
    )


class _Euler(NamedTuple):
    """Smallest eigenvalue of W (T,) by Euler steps on W, at canonical times t (T,)."""

    t: Array
    lowest: Array


@experiment
def _euler_on_the_map(budget: Budget) -> _Euler:
    """The released recurrence W ← W + ηV(W) from the start of Fig. 10, until t = 10."""
    start, A, step = released_start(_FIGURE_10), _FIGURE_10.task.second_moment, 0.01
    W = start @ start.T
    visited = [W]
    for _ in range(1000):
        W = W + step * tied.field(W, A)
        visited.append(W)
    return _Euler(0.01 * np.arange(1001.0), np.linalg.eigvalsh(np.array(visited))[:, 0])


@_claim(
    "figure-10-euler",
    where="Appendix E.3, Fig. 10",
    statement="Euler steps of 0.01 on W, as released for Fig. 10, leave the positive cone before t = 0.4.",
    quantity="canonical time of the first negative eigenvalue of W; predicted is the latest",
    band=(0.0, 0.4),
    null="W stays in the cone, as in the exact flow",
    reads=[_euler_on_the_map, figure_10_flow],
    budget="quick",
)
def figure_10_euler(euler: _Euler, flow: Trajectory) -> Evidence:
    outside = np.flatnonzero(euler.lowest < 0)
    left = float(euler.t[outside[0]]) if outside.size else float(euler.t[-1])

    def draw(ax: Any) -> None:
        early, exact = euler.t <= 2.0, flow.t <= 2.0
        ax.plot(euler.t[early], euler.lowest[early], label="Euler on W, step 0.01")
        ax.plot(flow.t[exact], observe.min_eigenvalue(flow)[exact], "--", label="exact flow")
        ax.axhline(0.0, color="0.6", lw=0.8)
        ax.set(xlabel="canonical time t", ylabel="smallest eigenvalue of W")
        ax.legend()

    return Evidence(
        predicted=0.4,
        values=[left],
        null=float(euler.t[-1]),
        seeds=[_FIGURE_10.seed],
        draw=draw,
    )


@_claim(
    "figure-10-failure",
    where="Appendix E.3, Fig. 10",
    statement="A minor entry that grows too large keeps a concept from ever being learned.",
    quantity="w₁₁ at t = 400 in the exact flow of Fig. 10, released rates",
    band=(-0.05, 0.1),
    null="the concept is learned in the end",
    reads=[figure_10_flow],
    budget="quick",
    expected=Verdict.DISAGREES,
    reason="The exact flow learns the concept: the failure comes from Euler steps on W that leave the "
    "positive cone.",
    errata="figure-10",
)
def figure_10_failure(run: Trajectory) -> Evidence:
    assert run.weights is not None  # a linear net has them
    return Evidence(
        predicted=1.0,
        stated=0.0,
        values=[float(run.weights[-1, 0, 0])],
        null=1.0,
        seeds=[_FIGURE_10.seed],
        draw=lambda ax: plot.weights(run, ax=ax),
    )


# -- the hierarchy of losses ------------------------------------------------------------------


@experiment
def _small_one_layer(budget: Budget) -> Trajectory:
    return train(
        MLP(depth=1),
        _FIGURE_5.task,
        steps=2000,
        lr=0.01,
        seeds=range(budget.seeds),
        init=SmallInit(1e-6),
        device=budget.device,
    )


_early_flow_of_figure_5 = figure_5_flow.of("stated", 10.0, 2001)


def _draw_vertices(run: Trajectory, ax: Any) -> None:
    for vertex, look in (((1, 0), "-"), ((0, 1), "--"), ((1, 1), ":")):
        losses = observe.loss(run, vertex=vertex)
        ax.plot(run.t, losses, look, color=plot.colour(2), label=str(vertex))
    ax.set(xlabel="canonical time $t$", ylabel="loss at a vertex")
    ax.legend()


@_claim(
    "hierarchy-one-layer",
    where="Appendix B, Fig. 7",
    statement="A one-layer net from a small start never has a lower loss at a vertex than at one that holds fewer "
    "concepts.",
    quantity="largest excess of the loss at a vertex over that at one with more concepts, over the first loss, "
    "one-layer net",
    band=(0.0, 0.005),
    null="the excess in the tied net of Fig. 5",
    reads=[_small_one_layer, _early_flow_of_figure_5],
)
def hierarchy_one_layer(net: Trajectory, flow: Trajectory) -> Evidence:
    return Evidence(
        predicted=0.0,
        values=hierarchy_violation(net).tolist(),
        null=float(hierarchy_violation(flow)),
        seeds=seeds_of(net),
        draw=lambda ax: _draw_vertices(net.member(0), ax),
    )


@_claim(
    "hierarchy-tied",
    where="Appendix B, Fig. 7",
    statement="All along training, the loss at a vertex is the larger the more concepts it holds.",
    quantity="largest excess of the loss at a vertex over that at one with more concepts, over the first loss, tied flow "
    "of Fig. 5 with the rates of the text",
    band=(0.0, 0.02),
    null="the opposite order, at the first time",
    reads=[_early_flow_of_figure_5],
    budget="quick",
    expected=Verdict.DISAGREES,
    reason="While the off-diagonal entry stands in for the weak concept, the loss where both concepts meet lies "
    "below that on the weak concept alone.",
    errata="hierarchy",
)
def hierarchy_tied(run: Trajectory) -> Evidence:
    single, both = (observe.loss(run, vertex=v)[0] for v in ((1, 0), (1, 1)))
    law = tied.pivots(_FIGURE_5.task, released_start(_FIGURE_5), run.t)
    return Evidence(
        predicted=float(hierarchy_violation(law)),
        stated=0.0,
        values=[float(hierarchy_violation(run))],
        null=float((both - single) / both),
        seeds=[_FIGURE_5.seed],
        draw=lambda ax: _draw_vertices(run, ax),
    )


# -- formulas as printed ----------------------------------------------------------------------


class _Printed(NamedTuple):
    """Outputs (seeds, T, 4) of the exact flow and of the printed formula, at times t."""

    t: Array
    exact: Array
    printed: Array


@experiment
def _printed_formula(budget: Budget) -> _Printed:
    task, t = SIMTask(mu=(1.0, 1.5), sigma=0.05, dim=4), np.linspace(0.0, 6.0, 121)
    flows, formulas = [], []
    for seed in range(budget.seeds):
        rng = np.random.default_rng(seed)
        W0, z = rng.normal(size=(4, 4)) / 2, rng.normal(size=4)
        flows.append(one_layer.solution(task, W0, t, probes=[z]).outputs[:, 0])
        growth, noise = theorem_4_1(task, W0, t, probe=z)
        beyond = np.where(np.arange(4) < 2, 0.0, z)
        formulas.append(growth + noise - (np.exp(-task.rates * t[:, None]) * beyond) @ W0.T)
    return _Printed(t, np.array(flows), np.array(formulas))


@_claim(
    "equation-4-2-as-printed",
    where="Theorem 4.1, Eq. 4.2",
    statement="The second term of the closed form of a one-layer net is a sum over the s concepts.",
    quantity="largest distance of the printed formula from the flow, over the largest output, for inputs with components "
    "beyond the concepts",
    band=(0.0, 0.1),
    null="the output stays where it is",
    reads=[_printed_formula],
    budget="quick",
    expected=Verdict.DISAGREES,
    reason="The sum has to run over all d coordinates of the input; it is then exact.",
    errata="equation-4-2",
)
def equation_4_2_as_printed(found: _Printed) -> Evidence:
    t, exact, printed = found
    sizes = np.abs(exact).max(axis=(1, 2))
    off = np.abs(printed - exact).max(axis=(1, 2)) / sizes
    still = np.abs(exact - exact[:, :1]).max(axis=(1, 2)) / sizes

    def draw(ax: Any) -> None:
        for k in range(4):
            ax.plot(t, exact[-1, :, k], color=plot.colour(k), label=f"output {k + 1}")
            ax.plot(t, printed[-1, :, k], "--", color=plot.colour(k))
        ax.set(xlabel="canonical time $t$", ylabel="output: exact, and as printed (dashed)")
        ax.legend()

    return Evidence(
        stated=0.0,
        values=off.tolist(),
        null=float(still.mean()),
        seeds=list(range(len(exact))),
        draw=draw,
    )


@experiment
def _recurrence_steps(budget: Budget) -> tuple[Array, Array]:
    """Distance of one step of the recurrence from a gradient step on U, and the size of the latter."""
    task, lr = SIMTask(mu=(1.0, 2.0), sigma=0.1), 0.05
    starts = np.array(
        [np.random.default_rng(s).normal(size=(2, 2)) / 2 for s in range(budget.seeds)]
    )
    gap = recurrence_gap(starts, task.second_moment, lr=lr)
    W = starts @ np.swapaxes(starts, -1, -2)
    step = lr * tied.field(W, task.second_moment)
    distance, size = (np.linalg.norm(part, axis=(-2, -1)) for part in (gap, step + gap))
    return distance, size


@_claim(
    "recurrence-is-descent",
    where="Appendix D",
    statement="The recurrence W ← W + ηV(W) is gradient descent on U.",
    quantity="distance of one step of the recurrence from one gradient step on U, over the size of that step, η = 0.05",
    band=(0.0, 0.005),
    null="no step at all",
    reads=[_recurrence_steps],
    budget="quick",
    expected=Verdict.DISAGREES,
    reason="A gradient step on U adds the positive semidefinite term (η²/4) g gᵀ; without it W can leave the "
    "positive cone.",
    errata="recurrence",
)
def recurrence_is_descent(steps: tuple[Array, Array]) -> Evidence:
    distance, size = steps

    def draw(ax: Any) -> None:
        ax.plot(size, distance, "o", color=plot.colour(0))
        ax.set(xscale="log", yscale="log", xlabel="size of the gradient step, on W")
        ax.set_ylabel("distance of the recurrence from it")

    return Evidence(
        stated=0.0,
        values=(distance / size).tolist(),
        null=1.0,
        seeds=list(range(len(size))),
        draw=draw,
    )


CLAIMS = gathered(vars())
