"""One layer and more: the order in which concepts are learned, and how learning ends."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from simtheory import observe, plot
from simtheory._typing import Array
from simtheory.analytic import one_layer
from simtheory.tasks import SIMTask
from simtheory.validation.claims.claim import Budget, Evidence, claims_of
from simtheory.validation.nets.architectures import MLP, SmallInit
from simtheory.validation.nets.data import Samples
from simtheory.validation.nets.train import train

__all__ = ["CLAIMS"]

_THREE = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)


def _order_by_signal(activation: str, budget: Budget) -> Evidence:
    seeds = list(range(budget.seeds))
    net = MLP(depth=2, width=16, activation=activation)
    run = train(
        net, _THREE, steps=800, lr=0.02, seeds=seeds, init=SmallInit(0.1), device=budget.device
    )
    right = np.argsort(-_THREE.rates)
    hits = (observe.order(run) == right).all(axis=-1)
    return Evidence(
        predicted=1.0,
        values=hits.astype(float).tolist(),
        null=1.0 / 6.0,
        seeds=seeds,
        draw=lambda ax: plot.concept_space(run, ax=ax, concepts=(0, 2)),
    )


def _order_by_diversity(budget: Budget) -> Evidence:
    seeds = list(range(budget.seeds))
    variances = np.array([1.0, 1.25, 1.5, 1.75, 2.0])
    mu, sigma_2 = (1.0, 2.0), 0.05
    lead = []  # how much faster concept 1 is; 1/t is proportional to the rate, so linear in σ₁²
    for variance in variances:
        task = SIMTask(mu=mu, sigma=(np.sqrt(variance), sigma_2))
        run = train(
            MLP(depth=1),
            task,
            steps=300,
            lr=0.004,
            seeds=seeds,
            init=SmallInit(1e-3),
            device=budget.device,
        )
        times = observe.learning_times(run)
        lead.append(1.0 / times[:, 0] - 1.0 / times[:, 1])
    crossings = [_zero(variances, np.array(lead)[:, k]) - sigma_2**2 for k in range(len(seeds))]
    predicted = (mu[1] ** 2 - mu[0] ** 2) / 2
    return Evidence(
        predicted=predicted,
        values=crossings,
        null=0.0,
        seeds=seeds,
        draw=lambda ax: plot.crossing(
            variances - sigma_2**2,
            np.array(lead),
            predicted=predicted,
            xlabel="σ₁² − σ₂²",
            ylabel="1/t₁ − 1/t₂, learning times of the concepts",
            ax=ax,
        ),
    )


def _zero(x: Array, y: Array) -> float:
    """Place where the straight line through (x, y) crosses zero."""
    slope, height = np.polyfit(x, y, 1)
    return float(-height / slope)


def _one_layer_loss(budget: Budget) -> Evidence:
    seeds = list(range(budget.seeds))
    task = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.3)
    run = train(
        MLP(depth=1),
        task,
        steps=1000,
        lr=0.01,
        seeds=seeds,
        data=Samples(2000),
        device=budget.device,
    )
    assert run.weights is not None  # a linear net has them
    closed = one_layer.solution(task, run.weights[:, 0], run.t, probes=run.probes)
    measured, predicted = observe.loss(run), observe.loss(closed)
    start = measured[:, :1]
    return Evidence(
        predicted=0.0,
        values=(np.abs(measured - predicted) / start).max(axis=1).tolist(),
        null=float((np.abs(measured - start) / start).max(axis=1).mean()),
        seeds=seeds,
        draw=lambda ax: plot.prediction(closed.member(0), run.member(0), ax=ax),
    )


def _terminal_rate(budget: Budget) -> Evidence:
    seeds = list(range(budget.seeds))
    task = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)
    run = train(
        MLP(depth=1),
        task,
        steps=1500,
        lr=0.01,
        seeds=seeds,
        data=Samples(2000),
        init=SmallInit(1e-3),
        device=budget.device,
    )
    vertices = [tuple(row) for row in np.eye(3)]
    window = (1e-4, 1e-1)

    def draw(ax: Any) -> None:
        closed = one_layer.solution(task, np.zeros((3, 3)), run.t)
        for k, vertex in enumerate(vertices):
            plot.loss(run.member(0), vertex=vertex, ax=ax, color=plot.colour(k))
            plot.loss(closed, vertex=vertex, ax=ax, color=plot.colour(k))
        ax.set(yscale="log", ylim=(1e-8, 10.0), ylabel="loss on the centroid of each concept")

    rates = np.stack(
        [observe.terminal_rate(run, vertex=v, window=window) for v in vertices], axis=1
    )
    return Evidence(
        predicted=1.0,
        values=(rates / (2 * task.rates)).mean(axis=1).tolist(),
        null=float((task.rates.max() / task.rates).mean()),
        seeds=seeds,
        draw=draw,
    )


def _speed_at_equal_loss(budget: Budget) -> Evidence:
    """Speed of the output on two centroids when their losses are the same share of the first."""
    seeds = list(range(budget.seeds))
    task = SIMTask(mu=(1.0, 2.0), sigma=0.05)
    run = train(
        MLP(depth=1),
        task,
        steps=1500,
        lr=0.01,
        seeds=seeds,
        init=SmallInit(1e-3),
        record=751,
        device=budget.device,
    )
    vertices = ((1.0, 0.0), (0.0, 1.0))
    share = 0.01
    speeds = np.array([_speed(run, k, v, share) for k, v in enumerate(vertices)])

    def draw(ax: Any) -> None:
        for k, vertex in enumerate(vertices):
            path = observe.concept_outputs(run.member(0), vertex=vertex)[:, k] / task.mu[k]
            loss = observe.loss(run.member(0), vertex=vertex)
            speed = np.gradient(path, run.t)
            ax.plot(loss / loss[0], speed, color=plot.colour(k), label=f"concept {k + 1}")
        ax.axvline(share, color="0.6", lw=0.8)
        ax.set(xscale="log", yscale="log", xlim=(1.2, 1e-4), ylim=(1e-3, 4))
        ax.set(xlabel="loss on the centroid, over its first value", ylabel="speed of the output")
        ax.legend()

    return Evidence(
        predicted=float(task.rates[1] / task.rates[0]),
        values=(speeds[1] / speeds[0]).tolist(),
        null=1.0,
        seeds=seeds,
        draw=draw,
    )


def _speed(run: Any, concept: int, vertex: tuple[float, ...], share: float) -> Array:
    """Speed of the output of every seed, per signal, where the loss passes a share of its first."""
    path = observe.concept_outputs(run, vertex=vertex)[..., concept] / run.task.mu[concept]
    losses = observe.loss(run, vertex=vertex)
    speed = np.gradient(path, run.t, axis=-1)
    passed = (losses <= share * losses[:, :1]).argmax(axis=-1)
    return np.asarray(np.take_along_axis(speed, passed[:, None], axis=-1)[:, 0])


_claim = claims_of("identity", "yang2024")

CLAIMS = (
    _claim(
        "order-by-signal",
        "Section 3.1, Fig. 2(a)",
        "Concepts are learned in the order of their signal strength.",
        "share of seeds in which a trained two-layer linear net learns three concepts in the order of their rates",
        partial(_order_by_signal, "linear"),
        (0.95, 1.0),
        "chance, one order in six",
    ),
    _claim(
        "order-by-signal-relu",
        "Appendix F.2, Fig. 12",
        "ReLU nets, too, learn concepts in the order of their signal strength.",
        "share of seeds in which a trained two-layer ReLU net learns three concepts in the order of their rates",
        partial(_order_by_signal, "relu"),
        (0.95, 1.0),
        "chance, one order in six",
    ),
    _claim(
        "order-by-diversity",
        "Section 3.1, Fig. 2(b)",
        "More diversity along the weaker concept speeds it up and reverses the order at "
        "σ₁² − σ₂² = (μ₂² − μ₁²)/s.",
        "difference of variances σ₁² − σ₂² at which a trained one-layer net learns both concepts at once",
        _order_by_diversity,
        (1.4, 1.6),
        "diversity alone sets the order",
    ),
    _claim(
        "one-layer-loss",
        "Theorem 4.1, Eq. 4.2",
        "The test loss of a one-layer linear net follows the closed form.",
        "largest distance between the test loss of a net trained by gradient descent and the closed form, "
        "as a share of the first loss",
        _one_layer_loss,
        (0.0, 0.03),
        "nothing is learned",
    ),
    _claim(
        "terminal-rate",
        "Section 3.2",
        "Learning slows down in the end: the loss of concept k decays at the rate 2aₖ.",
        "fitted rate of the loss on the centroid of concept k over 2aₖ, mean over three concepts, one-layer net",
        _terminal_rate,
        (0.95, 1.05),
        "one rate for all concepts, the strongest one's",
    ),
    _claim(
        "slowdown-by-rate",
        "Section 3.2",
        "How much learning has slowed down depends on the data and on time, not on the loss alone: where two "
        "concepts have the same loss, their speeds are as their rates.",
        "speed of the output on the centroid of the strong concept over that of the weak one, per signal, both at "
        "1% of the first loss, one-layer net",
        _speed_at_equal_loss,
        (3.5, 4.5),
        "the loss alone sets the speed",
    ),
)
