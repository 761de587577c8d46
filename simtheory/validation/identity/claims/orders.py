"""One layer and more: the order in which concepts are learned, and how learning ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import observe, plot
from simtheory._typing import Array
from simtheory.analytic import one_layer
from simtheory.observe import arrays
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask
from simtheory.validation.claims.claim import Evidence, Topic, gathered
from simtheory.validation.claims.experiment import Budget, experiment
from simtheory.validation.identity.experiments import seeds_of
from simtheory.validation.nets.architectures import MLP, SmallInit
from simtheory.validation.nets.data import Samples
from simtheory.validation.nets.train import train

__all__ = ["CLAIMS"]

_claim = Topic("identity", paper="yang2024").claim

_THREE = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)


@experiment
def _three_concepts(budget: Budget, activation: str) -> Trajectory:
    return train(
        MLP(depth=2, width=16, activation=activation),
        _THREE,
        steps=800,
        lr=0.02,
        seeds=range(budget.seeds),
        init=SmallInit(0.1),
        device=budget.device,
    )


def _in_order(run: Trajectory) -> Evidence:
    """Share of seeds that learn the concepts from the largest rate to the smallest."""
    hits = (observe.order(run) == np.argsort(-_THREE.rates)).all(axis=-1)
    return Evidence(
        predicted=1.0,
        values=hits.astype(float).tolist(),
        null=1.0 / 6.0,
        seeds=seeds_of(run),
        draw=lambda ax: plot.concept_space(run, ax=ax, concepts=(0, 2)),
    )


order_by_signal = _claim(
    "order-by-signal",
    where="Section 3.1, Fig. 2(a)",
    statement="Concepts are learned in the order of their signal strength.",
    quantity="share of seeds in which a trained two-layer linear net learns three concepts in the order of their rates",
    band=(0.95, 1.0),
    null="chance, one order in six",
    reads=[_three_concepts.of("linear")],
    budget="quick",
)(_in_order)

order_by_signal_relu = _claim(
    "order-by-signal-relu",
    where="Appendix F.2, Fig. 12",
    statement="ReLU nets, too, learn concepts in the order of their signal strength.",
    quantity="share of seeds in which a trained two-layer ReLU net learns three concepts in the order of their rates",
    band=(0.95, 1.0),
    null="chance, one order in six",
    reads=[_three_concepts.of("relu")],
)(_in_order)


_MU, _SIGMA_2 = (1.0, 2.0), 0.05
_VARIANCES = np.array([1.0, 1.25, 1.5, 1.75, 2.0])  # of the first concept


@experiment
def _diversities(budget: Budget) -> Array:
    """How much faster concept 1 is, 1/t₁ − 1/t₂, at each of its variances and for every seed."""
    lead = []
    for variance in _VARIANCES:
        run = train(
            MLP(depth=1),
            SIMTask(mu=_MU, sigma=(np.sqrt(variance), _SIGMA_2)),
            steps=300,
            lr=0.004,
            seeds=range(budget.seeds),
            init=SmallInit(1e-3),
            device=budget.device,
        )
        times = observe.learning_times(run)
        lead.append(1.0 / times[:, 0] - 1.0 / times[:, 1])
    return np.array(lead)


def _zero(x: Array, y: Array) -> float:
    """Return where the straight line through (x, y) crosses zero."""
    return float(x.mean() - y.mean() / arrays.slope(x, y))


@_claim(
    "order-by-diversity",
    where="Section 3.1, Fig. 2(b)",
    statement="More diversity along the weaker concept speeds it up and reverses the order at "
    "σ₁² − σ₂² = (μ₂² − μ₁²)/s.",
    quantity="difference of variances σ₁² − σ₂² at which a trained one-layer net learns both concepts at once",
    band=(1.4, 1.6),
    null="diversity alone sets the order",
    reads=[_diversities],
    budget="quick",
)
def order_by_diversity(lead: Array) -> Evidence:
    # 1/t is proportional to the rate, so the lead is linear in the variance
    crossings = [_zero(_VARIANCES, seed) - _SIGMA_2**2 for seed in lead.T]
    predicted = (_MU[1] ** 2 - _MU[0] ** 2) / 2
    return Evidence(
        predicted=predicted,
        values=crossings,
        null=0.0,
        seeds=list(range(len(crossings))),
        draw=lambda ax: plot.crossing(
            _VARIANCES - _SIGMA_2**2,
            lead,
            predicted=predicted,
            xlabel="σ₁² − σ₂²",
            ylabel="1/t₁ − 1/t₂, learning times of the concepts",
            ax=ax,
        ),
    )


@experiment
def _one_layer_on_samples(budget: Budget) -> Trajectory:
    return train(
        MLP(depth=1),
        SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.3),
        steps=1000,
        lr=0.01,
        seeds=range(budget.seeds),
        data=Samples(2000),
        device=budget.device,
    )


@_claim(
    "one-layer-loss",
    where="Theorem 4.1, Eq. 4.2",
    statement="The test loss of a one-layer linear net follows the closed form.",
    quantity="largest distance between the test loss of a net trained by gradient descent and the closed form, "
    "as a share of the first loss",
    band=(0.0, 0.03),
    null="nothing is learned",
    reads=[_one_layer_on_samples],
    budget="quick",
)
def one_layer_loss(run: Trajectory) -> Evidence:
    assert run.weights is not None  # a linear net has them
    closed = one_layer.solution(run.task, run.weights[:, 0], run.t, probes=run.probes)
    measured, predicted = observe.loss(run), observe.loss(closed)
    start = measured[:, :1]
    return Evidence(
        predicted=0.0,
        values=(np.abs(measured - predicted) / start).max(axis=1).tolist(),
        null=float((np.abs(measured - start) / start).max(axis=1).mean()),
        seeds=seeds_of(run),
        draw=lambda ax: plot.prediction(closed.member(0), run.member(0), ax=ax),
    )


@experiment
def _one_layer_to_the_end(budget: Budget) -> Trajectory:
    return train(
        MLP(depth=1),
        _THREE,
        steps=1500,
        lr=0.01,
        seeds=range(budget.seeds),
        data=Samples(2000),
        init=SmallInit(1e-3),
        device=budget.device,
    )


@_claim(
    "terminal-rate",
    where="Section 3.2",
    statement="Learning slows down in the end: the loss of concept k decays at the rate 2aₖ.",
    quantity="fitted rate of the loss on the centroid of concept k over 2aₖ, mean over three concepts, one-layer net",
    band=(0.95, 1.05),
    null="one rate for all concepts, the strongest one's",
    reads=[_one_layer_to_the_end],
)
def terminal_rate(run: Trajectory) -> Evidence:
    vertices = [tuple(row) for row in np.eye(3)]
    window = (1e-4, 1e-1)

    def draw(ax: Any) -> None:
        closed = one_layer.solution(_THREE, np.zeros((3, 3)), run.t)
        for k, vertex in enumerate(vertices):
            plot.loss(run.member(0), vertex=vertex, ax=ax, color=plot.colour(k))
            plot.loss(closed, vertex=vertex, ax=ax, color=plot.colour(k))
        ax.set(yscale="log", ylim=(1e-8, 10.0), ylabel="loss on the centroid of each concept")

    rates = np.stack(
        [observe.terminal_rate(run, vertex=v, window=window) for v in vertices], axis=1
    )
    return Evidence(
        predicted=1.0,
        values=(rates / (2 * _THREE.rates)).mean(axis=1).tolist(),
        null=float((_THREE.rates.max() / _THREE.rates).mean()),
        seeds=seeds_of(run),
        draw=draw,
    )


@experiment
def _two_centroids(budget: Budget) -> Trajectory:
    return train(
        MLP(depth=1),
        SIMTask(mu=(1.0, 2.0), sigma=0.05),
        steps=1500,
        lr=0.01,
        seeds=range(budget.seeds),
        init=SmallInit(1e-3),
        looks=751,
        device=budget.device,
    )


def _speed(run: Any, concept: int, vertex: tuple[float, ...], share: float) -> Array:
    """Speed of the output of every seed, per signal, where the loss passes a share of its first."""
    path = observe.concept_outputs(run, vertex=vertex)[..., concept] / run.task.mu[concept]
    losses = observe.loss(run, vertex=vertex)
    speed = np.gradient(path, run.t, axis=-1)
    passed = (losses <= share * losses[:, :1]).argmax(axis=-1)
    return np.asarray(np.take_along_axis(speed, passed[:, None], axis=-1)[:, 0])


@_claim(
    "slowdown-by-rate",
    where="Section 3.2",
    statement="How much learning has slowed down depends on the data and on time, not on the loss alone: where two "
    "concepts have the same loss, their speeds are as their rates.",
    quantity="speed of the output on the centroid of the strong concept over that of the weak one, per signal, both at "
    "1% of the first loss, one-layer net",
    band=(3.5, 4.5),
    null="the loss alone sets the speed",
    reads=[_two_centroids],
)
def slowdown_by_rate(run: Any) -> Evidence:
    vertices, share = ((1.0, 0.0), (0.0, 1.0)), 0.01
    speeds = np.array([_speed(run, k, vertex, share) for k, vertex in enumerate(vertices)])

    def draw(ax: Any) -> None:
        for k, vertex in enumerate(vertices):
            path = observe.concept_outputs(run.member(0), vertex=vertex)[:, k] / run.task.mu[k]
            loss = observe.loss(run.member(0), vertex=vertex)
            speed = np.gradient(path, run.t)
            ax.plot(loss / loss[0], speed, color=plot.colour(k), label=f"concept {k + 1}")
        ax.axvline(share, color="0.6", lw=0.8)
        ax.set(xscale="log", yscale="log", xlim=(1.2, 1e-4), ylim=(1e-3, 4))
        ax.set(xlabel="loss on the centroid, over its first value", ylabel="speed of the output")
        ax.legend()

    return Evidence(
        predicted=float(run.task.rates[1] / run.task.rates[0]),
        values=(speeds[1] / speeds[0]).tolist(),
        null=1.0,
        seeds=seeds_of(run),
        draw=draw,
    )


CLAIMS = gathered(vars())
