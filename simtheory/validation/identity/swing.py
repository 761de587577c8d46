"""Swing-by: when the test loss rises before it falls again, and what has no part in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simtheory import inits, observe, plot
from simtheory._typing import Array
from simtheory.analytic import tied
from simtheory.results import Trajectory
from simtheory.sim import Tied, Untied, solve
from simtheory.tasks import SIMTask
from simtheory.validation.claims.claim import Budget, Evidence, claims_of
from simtheory.validation.claims.record import Verdict
from simtheory.validation.nets.architectures import MLP
from simtheory.validation.nets.data import Data, Points, Samples
from simtheory.validation.nets.train import train

__all__ = ["CLAIMS"]

_WEAK_AND_STRONG = SIMTask(mu=(0.6**0.5, 2.0**0.5), sigma=0.05)
_SIZE = 0.03**0.5  # length of a row of U(0): diagonal .03 of W(0)


def _rows(name: str, n: int) -> Array:
    """Random starts: rows with cosines from .85 to .98 (width 2), or nearly orthogonal (width 64)."""
    rng = np.random.default_rng(0)
    if name == "correlated":
        cosines = rng.uniform(0.85, 0.98, n)
        starts = [inits.correlated((2, 2), cosine=c, scale=_SIZE, rng=rng) for c in cosines]
        return np.array(starts)
    return inits.gaussian((n, 2, 64), scale=_SIZE, rng=rng)


def _swing_by_flow(name: str, *, predicted: float) -> Callable[[Budget], Evidence]:
    def measure(budget: Budget) -> Evidence:
        t = np.linspace(0.0, 20.0, 801)
        run = solve(Tied(), _WEAK_AND_STRONG, _rows(name, budget.starts), t)
        return _share_that_swings(run, predicted=predicted, seeds=[0])

    return measure


def _swing_by_net(name: str, *, predicted: float) -> Callable[[Budget], Evidence]:
    def measure(budget: Budget) -> Evidence:
        run = _trained_pair(name, budget)
        return _share_that_swings(run, predicted=predicted, seeds=run.arrays["seeds"].tolist())

    return measure


def _trained_pair(
    name: str, budget: Budget, task: SIMTask = _WEAK_AND_STRONG, data: Data | None = None
) -> Trajectory:
    """Two-layer linear nets trained by gradient descent from those starts, one per seed."""
    start = inits.balanced(_rows(name, budget.seeds))
    net = MLP(depth=2, width=start[1].shape[-1])
    seeds = range(budget.seeds)
    return train(
        net,
        task,
        steps=2000,
        lr=0.01,
        seeds=seeds,
        data=Samples() if data is None else data,
        init=start,
        device=budget.device,
    )


def _share_that_swings(run: Trajectory, *, predicted: float, seeds: list[int]) -> Evidence:
    return Evidence(
        predicted=predicted,
        values=(observe.largest_rise(run) > 0.01).astype(float).tolist(),
        null=1.0 - predicted,
        seeds=seeds,
        draw=lambda ax: plot.loss(run, ax=ax),
    )


def _train_loss_monotone(budget: Budget) -> Evidence:
    run = _trained_pair("correlated", budget)
    train_loss = run.arrays["train_loss"]
    climb = (train_loss - np.minimum.accumulate(train_loss, axis=1)).max(axis=1) / train_loss[:, 0]

    def draw(ax: Any) -> None:
        plot.loss(run.member(0), ax=ax, label="test loss")
        ax.plot(run.t, train_loss[0], color="grey", label="training loss")
        ax.set_ylabel("loss")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=climb.tolist(),
        null=float(observe.largest_rise(run).mean()),
        seeds=run.arrays["seeds"].tolist(),
        draw=draw,
    )


def _without_noise(budget: Budget) -> Evidence:
    """Nets on points that have the population's second moment exactly, against the flow."""
    task = _WEAK_AND_STRONG
    points = Points(np.sqrt(task.dim) * np.diag(np.sqrt(task.rates)))
    run = _trained_pair("correlated", budget, data=points)
    flow = solve(Untied(), task, inits.balanced(_rows("correlated", budget.seeds)), run.t)
    return Evidence(
        predicted=1.0,
        values=(observe.largest_rise(run) / observe.largest_rise(flow)).tolist(),
        null=0.0,
        seeds=run.arrays["seeds"].tolist(),
        draw=lambda ax: plot.prediction(flow.member(0), run.member(0), ax=ax),
    )


def _wide_clusters(budget: Budget) -> Evidence:
    """The same rates with half the signal: clusters so wide that they cover the test point."""
    narrow, half = _WEAK_AND_STRONG, _WEAK_AND_STRONG.mu / 2
    wide = SIMTask(mu=half, sigma=np.sqrt(narrow.rates - half**2 / 2))
    runs = [_trained_pair("correlated", budget, task, Samples(2000)) for task in (narrow, wide)]
    rises = [observe.largest_rise(run) for run in runs]

    def draw(ax: Any) -> None:
        for run, label, k in zip(runs, ("narrow clusters", "wide clusters"), (0, 1), strict=True):
            losses = observe.loss(run)
            ax.plot(run.t, (losses / losses[:, :1]).T, color=plot.colour(k), lw=0.8, alpha=0.6)
            ax.plot([], [], color=plot.colour(k), label=f"{label}, σ/μ = {_spread(run.task)}")
        ax.set(xlabel="canonical time $t$", ylabel="test loss, over its first value")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=(rises[1] / rises[0]).tolist(),
        null=1.0,
        seeds=runs[0].arrays["seeds"].tolist(),
        draw=draw,
    )


def _spread(task: SIMTask) -> str:
    return " and ".join(f"{s / m:.2g}" for s, m in zip(task.sigma, task.mu, strict=True))


def _truncated(budget: Budget) -> Evidence:
    """Training points near the test point replaced by others of the same clusters."""
    task = SIMTask(mu=_WEAK_AND_STRONG.mu, sigma=0.4)
    n, radius = 1000, float(task.mu.min()) / 2
    drawn = [task.sample(2 * n, rng=np.random.default_rng(seed))[0] for seed in range(budget.seeds)]
    far = [x[np.linalg.norm(x - task.target, axis=1) > radius] for x in drawn]
    removed = 1.0 - np.mean([len(x) / (4 * n) for x in far])
    shuffled = [np.random.default_rng(seed).permutation(x)[: 2 * n] for seed, x in enumerate(far)]
    whole = [np.random.default_rng(seed).permutation(x)[: 2 * n] for seed, x in enumerate(drawn)]
    runs = [
        _trained_pair("correlated", budget, task, Points(np.array(x))) for x in (whole, shuffled)
    ]
    rises = [observe.largest_rise(run) for run in runs]

    def draw(ax: Any) -> None:
        for run, label, k in zip(runs, ("all points", "truncated"), (0, 1), strict=True):
            ax.plot(run.t, observe.loss(run).T, color=plot.colour(k), lw=0.8, alpha=0.6)
            ax.plot([], [], color=plot.colour(k), label=label)
        ax.set(xlabel="canonical time $t$", ylabel="test loss")
        ax.set_title(
            f"{100 * removed:.1f}% of the points lie within {radius:.2g} of the test point"
        )
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(rises[1] / rises[0]).tolist(),
        null=0.0,
        seeds=runs[0].arrays["seeds"].tolist(),
        draw=draw,
    )


_STRONG = (0.0, 1.0)  # the centre of the strong concept's cluster


def _stray(run: Trajectory) -> Array:
    """Part of the output on the strong centre along the weak concept, per signal."""
    return np.asarray(observe.concept_outputs(run, vertex=_STRONG)[..., 0] / run.task.mu[1])


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


def _centres_bend(budget: Budget) -> Evidence:
    run, law = _centres(budget)
    return Evidence(
        predicted=1.0,
        values=(_stray(run).max(axis=-1) / _stray(law).max(axis=-1)).tolist(),
        null=0.0,
        seeds=run.arrays["seeds"].tolist(),
        draw=_draw_stray(run, law),
    )


def _centres_time(budget: Budget) -> Evidence:
    run, law = _centres(budget)
    ratio = [_peak(traj) / _top(traj) for traj in (run, law)]
    return Evidence(
        predicted=float(ratio[1].mean()),
        values=ratio[0].tolist(),
        null=1.0,
        seeds=run.arrays["seeds"].tolist(),
        draw=_draw_stray(run, law),
    )


def _centres(budget: Budget) -> tuple[Trajectory, Trajectory]:
    """Tied nets from correlated starts, and the law of the pivots from the same."""
    starts = _rows("correlated", budget.seeds)
    run = train(
        MLP(depth=2, width=2, tied=True),
        _WEAK_AND_STRONG,
        steps=2000,
        lr=0.005,
        seeds=range(budget.seeds),
        init=(starts,),
        device=budget.device,
    )
    return run, tied.pivots(_WEAK_AND_STRONG, starts, run.t)


def _peak(run: Trajectory) -> Array:
    return np.asarray(run.t[_stray(run).argmax(axis=-1)])


def _top(run: Trajectory) -> Array:
    """Time of the top of the rise of every run's test loss."""
    rises = [observe.swing_by(run.member(k)).rises for k in range(run.ensemble[0])]
    return np.array([found[0].t_max if found else np.nan for found in rises])


_claim = claims_of("identity", "yang2024")

CLAIMS = (
    _claim(
        "swing-by-correlated-flow",
        "Section 3.3, Fig. 5",
        "With strongly correlated rows the test loss of the tied flow rises before it falls again.",
        "share of starts (row cosines 0.85 to 0.98) whose test loss rises by more than 1% of its first value, tied flow",
        _swing_by_flow("correlated", predicted=1.0),
        (0.95, 1.0),
        "the loss falls all the way",
    ),
    _claim(
        "swing-by-correlated-net",
        "Section 3.3, Fig. 5",
        "With strongly correlated rows the test loss of a trained linear net rises before it falls again.",
        "share of seeds (row cosines 0.85 to 0.98) whose test loss rises by more than 1% of its first value, two-layer linear net",
        _swing_by_net("correlated", predicted=1.0),
        (0.95, 1.0),
        "the loss falls all the way",
    ),
    _claim(
        "swing-by-wide-flow",
        "Appendix E.2",
        "With wide Gaussian weights, whose rows are nearly orthogonal, the tied flow does not swing by.",
        "share of starts (width 64) whose test loss rises by more than 1% of its first value, tied flow",
        _swing_by_flow("wide", predicted=0.0),
        (0.0, 0.05),
        "every start swings by",
    ),
    _claim(
        "swing-by-wide-net",
        "Appendix E.2",
        "With wide Gaussian weights, whose rows are nearly orthogonal, a trained linear net does not swing by.",
        "share of seeds (width 64) whose test loss rises by more than 1% of its first value, two-layer linear net",
        _swing_by_net("wide", predicted=0.0),
        (0.0, 0.05),
        "every start swings by",
    ),
    _claim(
        "train-loss-monotone",
        "Fig. 17",
        "The training loss falls all the way in the very runs whose test loss rises.",
        "largest rise of the training loss as a share of its first value, two-layer linear net",
        _train_loss_monotone,
        (0.0, 0.001),
        "the training loss rises as the test loss does",
    ),
    _claim(
        "swing-by-without-noise",
        "Sections 3.3 and 4.2.2",
        "Swing-by is not epoch-wise double descent: it needs no label noise, no sampling noise and no more weights "
        "than the task has.",
        "rise of the test loss of nets of width 2 trained on the exact second moment, over the rise in the flow from "
        "the same start",
        _without_noise,
        (0.9, 1.1),
        "noise makes the rise: none without it",
    ),
    _claim(
        "swing-by-in-distribution",
        "Section 4.2.2",
        "Clusters so wide that the test point is in distribution make the swing-by go away.",
        "rise of the test loss with half the signal and the same rates, over that with narrow clusters, two-layer "
        "linear net",
        _wide_clusters,
        (0.0, 0.7),
        "only the rates count",
        expected=Verdict.DISAGREES,
        reason="In a linear net only the rates count. Wider clusters weaken the swing-by where they bring the rates "
        "closer to each other, and strengthen it where they set them further apart.",
        errata="in-distribution",
    ),
    _claim(
        "truncated-data",
        "Appendix F.3, Fig. 16",
        "Without the training points near the test point the rise of the test loss stays about the same.",
        "rise of the test loss without the points within μ₁/2 of the test point, over that with them, two-layer "
        "linear net, σ = 0.4",
        _truncated,
        (0.7, 1.4),
        "the points near the test point make the rise",
    ),
    _claim(
        "training-centres-bend",
        "Appendix F.4, Fig. 18",
        "The output on the centre of a training cluster bends too, by the off-diagonal entry of W.",
        "largest part of the output on the strong centre along the weak concept, over that of the pivots' law, tied net",
        _centres_bend,
        (0.9, 1.1),
        "the output on a training centre goes straight",
    ),
    _claim(
        "training-centres-earlier",
        "Appendix F.4, Fig. 18",
        "It bends at another time than the output on the test point: the stray part is largest before the test "
        "loss has risen.",
        "time of the largest stray part, over the time of the top of the rise of the test loss, tied net",
        _centres_time,
        (0.2, 0.8),
        "at the same time",
    ),
)
