"""Swing-by: when the test loss rises before it falls again, and what has no part in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simtheory import inits, observe, plot
from simtheory._typing import Array
from simtheory.analytic import tied
from simtheory.observe import arrays
from simtheory.results import Trajectory
from simtheory.sim import Tied, Untied, solve
from simtheory.tasks import SIMTask
from simtheory.validation.claims.claim import Evidence, Topic, gathered
from simtheory.validation.claims.experiment import Budget, experiment
from simtheory.validation.claims.record import Verdict
from simtheory.validation.identity.experiments import (
    WEAK_AND_STRONG,
    rows,
    seeds_of,
    swing_nets,
    two_layers,
)
from simtheory.validation.nets.architectures import MLP
from simtheory.validation.nets.data import Points, Samples
from simtheory.validation.nets.train import train

__all__ = ["CLAIMS"]

_claim = Topic("identity", paper="yang2024").claim

_RISE = 0.01  # of the first loss: more counts as a swing-by
_SHOWN = 25  # members of an ensemble that a figure shows


@experiment
def _swing_flow(budget: Budget, kind: str) -> Trajectory:
    t = np.linspace(0.0, 20.0, 801)
    return solve(Tied(), WEAK_AND_STRONG, rows(kind, budget.starts), t)


def _draw_losses(run: Trajectory, ax: Any) -> None:
    ax.plot(run.t, observe.loss(run)[:_SHOWN].T, color="0.2", lw=0.8, alpha=0.5)
    ax.set(xlabel="canonical time $t$", ylabel=r"test loss ½$\,\|f(\hat x)-\hat x\|^2$")


def _share_that_swings(run: Trajectory, *, predicted: float, seeds: list[int]) -> Evidence:
    return Evidence(
        predicted=predicted,
        values=(observe.largest_rise(run) > _RISE).astype(float).tolist(),
        null=1.0 - predicted,
        seeds=seeds,
        draw=lambda ax: _draw_losses(run, ax),
    )


@_claim(
    "swing-by-correlated-flow",
    where="Section 3.3, Fig. 5",
    statement="With strongly correlated rows the test loss of the tied flow rises before it falls again.",
    quantity="share of starts (row cosines 0.85 to 0.98) whose test loss rises by more than 1% of its first value, "
    "tied flow",
    band=(0.95, 1.0),
    null="the loss falls all the way",
    reads=[_swing_flow.of("correlated")],
)
def swing_by_correlated_flow(flow: Trajectory) -> Evidence:
    return _share_that_swings(flow, predicted=1.0, seeds=[0])


@_claim(
    "initial-growth",
    where="Section 4.2.1",
    statement="At first a minor entry wᵢⱼ of the tied flow grows at the rate aᵢ + aⱼ, the mean of those of the two major "
    "entries.",
    quantity="growth rate of w₁₂ over the first tenth of a time unit, over a₁ + a₂, tied flow, row cosines 0.85 to 0.98",
    band=(0.85, 1.05),
    null="it grows as the weak major entry does, at 2a₁",
    reads=[_swing_flow.of("correlated")],
)
def initial_growth(flow: Any) -> Evidence:
    rates, early = flow.task.rates, int(np.searchsorted(flow.t, 0.1))
    minor = flow.weights[..., 0, 1]
    growth = np.log(minor[:, early] / minor[:, 0]) / flow.t[early]

    def draw(ax: Any) -> None:
        shown = flow.t <= 4.0
        path = minor[:_SHOWN, shown] / minor[:_SHOWN, :1]
        ax.plot(flow.t[shown], path.T, color="0.2", lw=0.8, alpha=0.5)
        law = np.exp(rates.sum() * flow.t[shown])
        ax.plot(flow.t[shown], law, "--", color=plot.colour(0), label="exp((a₁ + a₂)t)")
        ax.set(yscale="log", ylim=(0.5, 40.0), xlabel="canonical time $t$")
        ax.set_ylabel("minor entry w₁₂, over its first value")
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(growth / rates.sum()).tolist(),
        null=float(2 * rates.min() / rates.sum()),
        seeds=[0],
        draw=draw,
    )


@_claim(
    "swing-by-correlated-net",
    where="Section 3.3, Fig. 5",
    statement="With strongly correlated rows the test loss of a trained linear net rises before it falls again.",
    quantity="share of seeds (row cosines 0.85 to 0.98) whose test loss rises by more than 1% of its first value, "
    "two-layer linear net",
    band=(0.95, 1.0),
    null="the loss falls all the way",
    reads=[swing_nets.of("correlated")],
    budget="quick",
)
def swing_by_correlated_net(run: Trajectory) -> Evidence:
    return _share_that_swings(run, predicted=1.0, seeds=seeds_of(run))


@_claim(
    "swing-by-wide-flow",
    where="Appendix E.2",
    statement="With wide Gaussian weights, whose rows are nearly orthogonal, the tied flow does not swing by.",
    quantity="share of starts (width 64) whose test loss rises by more than 1% of its first value, tied flow",
    band=(0.0, 0.05),
    null="every start swings by",
    reads=[_swing_flow.of("wide")],
)
def swing_by_wide_flow(flow: Trajectory) -> Evidence:
    return _share_that_swings(flow, predicted=0.0, seeds=[0])


@_claim(
    "swing-by-wide-net",
    where="Appendix E.2",
    statement="With wide Gaussian weights, whose rows are nearly orthogonal, a trained linear net does not swing by.",
    quantity="share of seeds (width 64) whose test loss rises by more than 1% of its first value, two-layer linear net",
    band=(0.0, 0.05),
    null="every start swings by",
    reads=[swing_nets.of("wide")],
)
def swing_by_wide_net(run: Trajectory) -> Evidence:
    return _share_that_swings(run, predicted=0.0, seeds=seeds_of(run))


@_claim(
    "train-loss-monotone",
    where="Fig. 17",
    statement="The training loss falls all the way in the very runs whose test loss rises.",
    quantity="largest rise of the training loss as a share of its first value, two-layer linear net",
    band=(0.0, 0.001),
    null="the training loss rises as the test loss does",
    reads=[swing_nets.of("correlated")],
    budget="quick",
)
def train_loss_monotone(run: Trajectory) -> Evidence:
    train_loss = run.arrays["train_loss"]
    climb = arrays.climb(train_loss) / train_loss[:, 0]

    def draw(ax: Any) -> None:
        plot.loss(run.member(0), ax=ax, label="test loss")
        ax.plot(run.t, train_loss[0], color="grey", label="training loss")
        ax.set_ylabel("loss")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=climb.tolist(),
        null=float(observe.largest_rise(run).mean()),
        seeds=seeds_of(run),
        draw=draw,
    )


@experiment
def _nets_without_noise(budget: Budget) -> tuple[Trajectory, Trajectory]:
    """Nets on points with exactly the population's second moment, and the flow from their starts."""
    task = WEAK_AND_STRONG
    points = Points(np.sqrt(task.dim) * np.diag(np.sqrt(task.rates)))
    run = two_layers("correlated", budget, data=points)
    flow = solve(Untied(), task, inits.balanced(rows("correlated", budget.seeds)), run.t)
    return run, flow


@_claim(
    "swing-by-without-noise",
    where="Sections 3.3 and 4.2.2",
    statement="Swing-by is not epoch-wise double descent: it needs no label noise, no sampling noise and no more "
    "weights than the task has.",
    quantity="rise of the test loss of nets of width 2 trained on the exact second moment, over the rise in the flow "
    "from the same start",
    band=(0.9, 1.1),
    null="noise makes the rise: none without it",
    reads=[_nets_without_noise],
)
def swing_by_without_noise(runs: tuple[Trajectory, Trajectory]) -> Evidence:
    run, flow = runs
    return Evidence(
        predicted=1.0,
        values=(observe.largest_rise(run) / observe.largest_rise(flow)).tolist(),
        null=0.0,
        seeds=seeds_of(run),
        draw=lambda ax: plot.prediction(flow.member(0), run.member(0), ax=ax),
    )


@experiment
def _narrow_and_wide_clusters(budget: Budget) -> tuple[Trajectory, Trajectory]:
    """The same rates with the signal, and with half of it: clusters that cover the test point."""
    narrow, half = WEAK_AND_STRONG, WEAK_AND_STRONG.mu / 2
    wide = SIMTask(mu=half, sigma=np.sqrt(narrow.rates - half**2 / 2))
    return (
        two_layers("correlated", budget, task=narrow, data=Samples(2000)),
        two_layers("correlated", budget, task=wide, data=Samples(2000)),
    )


def _spread(task: Any) -> str:
    return " and ".join(f"{s / m:.2g}" for s, m in zip(task.sigma, task.mu, strict=True))


@_claim(
    "swing-by-in-distribution",
    where="Section 4.2.2",
    statement="Clusters so wide that the test point is in distribution make the swing-by go away.",
    quantity="rise of the test loss with half the signal and the same rates, over that with narrow clusters, two-layer "
    "linear net",
    band=(0.0, 0.7),
    null="only the rates count",
    reads=[_narrow_and_wide_clusters],
    expected=Verdict.DISAGREES,
    reason="In a linear net only the rates count. Wider clusters weaken the swing-by where they bring the rates "
    "closer to each other, and strengthen it where they set them further apart.",
    errata="in-distribution",
)
def swing_by_in_distribution(runs: tuple[Trajectory, Trajectory]) -> Evidence:
    rises = [observe.largest_rise(run) for run in runs]

    def draw(ax: Any) -> None:
        for run, label, k in zip(runs, ("narrow clusters", "wide clusters"), (0, 1), strict=True):
            losses = observe.loss(run)[:_SHOWN]
            ax.plot(run.t, (losses / losses[:, :1]).T, color=plot.colour(k), lw=0.8, alpha=0.6)
            ax.plot([], [], color=plot.colour(k), label=f"{label}, σ/μ = {_spread(run.task)}")
        ax.set(xlabel="canonical time $t$", ylabel="test loss, over its first value")
        ax.legend()

    return Evidence(
        predicted=1.0,
        stated=0.0,
        values=(rises[1] / rises[0]).tolist(),
        null=1.0,
        seeds=seeds_of(runs[0]),
        draw=draw,
    )


_RADIUS = float(WEAK_AND_STRONG.mu.min()) / 2  # round the test point, without training points


@experiment
def _truncated_data(budget: Budget) -> tuple[Trajectory, Trajectory, float]:
    """Nets on all points, and on others of the same clusters in place of those near the test point.

    The last entry is the share of the points that lie near it.
    """
    task, n = SIMTask(mu=WEAK_AND_STRONG.mu, sigma=0.4), 1000
    drawn = [task.sample(2 * n, rng=np.random.default_rng(seed))[0] for seed in range(budget.seeds)]
    far = [x[np.linalg.norm(x - task.target, axis=1) > _RADIUS] for x in drawn]
    removed = 1.0 - np.mean([len(x) / (4 * n) for x in far])
    points = [
        np.array([np.random.default_rng(s).permutation(x)[: 2 * n] for s, x in enumerate(sets)])
        for sets in (drawn, far)
    ]
    whole, truncated = (two_layers("correlated", budget, task=task, data=Points(x)) for x in points)
    return whole, truncated, float(removed)


@_claim(
    "truncated-data",
    where="Appendix F.3, Fig. 16",
    statement="Without the training points near the test point the rise of the test loss stays about the same.",
    quantity="rise of the test loss without the points within μ₁/2 of the test point, over that with them, two-layer "
    "linear net, σ = 0.4",
    band=(0.7, 1.4),
    null="the points near the test point make the rise",
    reads=[_truncated_data],
)
def truncated_data(found: tuple[Trajectory, Trajectory, float]) -> Evidence:
    *runs, removed = found
    rises = [observe.largest_rise(run) for run in runs]

    def draw(ax: Any) -> None:
        for run, label, k in zip(runs, ("all points", "truncated"), (0, 1), strict=True):
            losses = observe.loss(run)[:_SHOWN]
            ax.plot(run.t, losses.T, color=plot.colour(k), lw=0.8, alpha=0.6)
            ax.plot([], [], color=plot.colour(k), label=label)
        ax.set(xlabel="canonical time $t$", ylabel="test loss")
        ax.set_title(
            f"{100 * removed:.1f}% of the points lie within {_RADIUS:.2g} of the test point"
        )
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(rises[1] / rises[0]).tolist(),
        null=0.0,
        seeds=seeds_of(runs[0]),
        draw=draw,
    )


# -- what the output on a training cluster does meanwhile -------------------------------------

_STRONG = (0.0, 1.0)  # the centre of the strong concept's cluster


@experiment
def _tied_nets(budget: Budget) -> tuple[Trajectory, Trajectory]:
    """Tied nets from correlated starts, and the law of the pivots from the same starts."""
    starts = rows("correlated", budget.seeds)
    run = train(
        MLP(depth=2, width=2, tied=True),
        WEAK_AND_STRONG,
        steps=2000,
        lr=0.005,
        seeds=range(budget.seeds),
        init=(starts,),
        device=budget.device,
    )
    return run, tied.pivots(WEAK_AND_STRONG, starts, run.t)


def _stray(run: Any) -> Array:
    """Part of the output on the strong centre along the weak concept, per signal."""
    return np.asarray(observe.concept_outputs(run, vertex=_STRONG)[..., 0] / run.task.mu[1])


def _peak(run: Trajectory) -> Array:
    return np.asarray(run.t[_stray(run).argmax(axis=-1)])


def _top(run: Trajectory) -> Array:
    """Time of the top of the rise of every run's test loss."""
    rises = [observe.swing_by(run.member(k)).rises for k in range(run.ensemble[0])]
    return np.array([found[0].t_max if found else np.nan for found in rises])


def _draw_stray(run: Trajectory, law: Trajectory) -> Callable[[Any], object]:
    def draw(ax: Any) -> None:
        ax.plot(run.t, _stray(run)[0], color=plot.colour(0), label="trained net")
        ax.plot(law.t, _stray(law)[0], "--", color=plot.colour(0), label="pivots (closed form)")
        losses = observe.loss(run)[0]
        ax.plot(run.t, losses / losses[0], color="0.6", lw=1.0, label="test loss, over its first")
        ax.set(
            xlabel="canonical time $t$", ylabel="output on the strong centre, along the weak one"
        )
        ax.legend()

    return draw


@_claim(
    "training-centres-bend",
    where="Appendix F.4, Fig. 18",
    statement="The output on the centre of a training cluster bends too, by the off-diagonal entry of W.",
    quantity="largest part of the output on the strong centre along the weak concept, over that of the pivots' law, "
    "tied net",
    band=(0.9, 1.1),
    null="the output on a training centre goes straight",
    reads=[_tied_nets],
)
def training_centres_bend(runs: tuple[Trajectory, Trajectory]) -> Evidence:
    run, law = runs
    return Evidence(
        predicted=1.0,
        values=(_stray(run).max(axis=-1) / _stray(law).max(axis=-1)).tolist(),
        null=0.0,
        seeds=seeds_of(run),
        draw=_draw_stray(run, law),
    )


@_claim(
    "training-centres-earlier",
    where="Appendix F.4, Fig. 18",
    statement="It bends at another time than the output on the test point: the stray part is largest before the test "
    "loss has risen.",
    quantity="time of the largest stray part, over the time of the top of the rise of the test loss, tied net",
    band=(0.2, 0.8),
    null="at the same time",
    reads=[_tied_nets],
)
def training_centres_earlier(runs: tuple[Trajectory, Trajectory]) -> Evidence:
    run, law = runs
    ratio = [_peak(each) / _top(each) for each in runs]
    return Evidence(
        predicted=float(ratio[1].mean()),
        values=ratio[0].tolist(),
        null=1.0,
        seeds=seeds_of(run),
        draw=_draw_stray(run, law),
    )


CLAIMS = gathered(vars())
