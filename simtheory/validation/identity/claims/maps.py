"""Where swing-by depends on the start: maps over row cosine, width and depth."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simtheory import inits, observe, plot
from simtheory._typing import Array
from simtheory.analytic import tied
from simtheory.observe import arrays
from simtheory.results import Trajectory
from simtheory.sim import Deep, Losses, Tied, integrate, solve
from simtheory.tasks import SIMTask
from simtheory.validation.claims.claim import Evidence, Topic, gathered
from simtheory.validation.claims.experiment import Budget, experiment
from simtheory.validation.identity.experiments import ROW, WEAK_AND_STRONG, deep_nets, seeds_of
from simtheory.validation.nets.architectures import MLP, initial_layers
from simtheory.validation.nets.data import Points
from simtheory.validation.nets.train import train

__all__ = ["CLAIMS"]

_claim = Topic("identity", paper="yang2024").claim

_RISE = 0.01  # of the first loss: more counts as a swing-by


def _with_cosines(cosines: Array) -> Array:
    rng = np.random.default_rng(0)
    return np.array([inits.correlated((2, 2), cosine=c, scale=ROW, rng=rng) for c in cosines])


class _ByCosine(NamedTuple):
    """Rises of trained nets over their cosines, and of flow and law over a fine grid of cosines."""

    cosines: Array
    nets: Array
    seeds: list[int]
    fine: Array
    flow: Array
    law: Array


@experiment
def _by_cosine(budget: Budget) -> _ByCosine:
    cosines = (np.arange(budget.seeds) + 0.5) / budget.seeds
    run = train(
        MLP(depth=2, width=2, tied=True),
        WEAK_AND_STRONG,
        steps=2500,
        lr=0.005,
        seeds=range(budget.seeds),
        init=(_with_cosines(cosines),),
        device=budget.device,
    )
    fine, t = np.linspace(0.0, 0.99, 100), np.linspace(0.0, 25.0, 1001)
    law = observe.largest_rise(tied.pivots(WEAK_AND_STRONG, _with_cosines(fine), t))
    flow = observe.largest_rise(solve(Tied(), WEAK_AND_STRONG, _with_cosines(fine), t))
    return _ByCosine(cosines, observe.largest_rise(run), seeds_of(run), fine, flow, law)


@_claim(
    "swing-by-map-cosine",
    where="Section 3.3, Fig. 5",
    statement="Whether the test loss swings by is decided by the start: it does beyond a cosine of the rows that the "
    "pivots of the start tell.",
    quantity="share of seeds (cosines 0 to 1) in which a trained tied net swings by just where the pivots' law says so",
    band=(0.9, 1.0),
    null="the same guess for every cosine",
    reads=[_by_cosine],
    budget="quick",
)
def swing_by_map_cosine(found: _ByCosine) -> Evidence:
    boundary = float(found.fine[np.argmax(found.law > _RISE)])
    beyond = found.cosines > boundary

    def draw(ax: Any) -> None:
        ax.plot(found.cosines, 100 * found.nets, "o", color=plot.colour(0), label="trained nets")
        ax.plot(found.fine, 100 * found.flow, color="0.4", label="flow (integrated)")
        ax.plot(found.fine, 100 * found.law, "--", color="0.1", label="pivots (closed form)")
        ax.axvline(boundary, color="0.6", lw=0.8)
        ax.axhline(100 * _RISE, color="0.6", lw=0.8)
        ax.set(xlabel="cosine of the rows of U(0)", ylabel="rise of the test loss, % of its first")
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=((found.nets > _RISE) == beyond).astype(float).tolist(),
        null=max(float(beyond.mean()), float((~beyond).mean())),
        seeds=found.seeds,
        draw=draw,
    )


_WIDTHS = (2, 3, 4, 6, 8, 16, 32, 64)


@experiment
def _by_width(budget: Budget) -> tuple[Array, Array]:
    """Rises (widths, M) of the flow and of the closed form, from Gaussian starts."""
    task = SIMTask(mu=(1.0, 2.0), sigma=0.05)
    t = np.linspace(0.0, 30.0, 901)
    flows, laws = [], []
    for width in _WIDTHS:
        rng = np.random.default_rng(width)
        starts = inits.gaussian((budget.starts, 2, width), scale=ROW, rng=rng)
        read = Losses([task.target])
        losses = integrate(Tied(), task.second_moment, starts, t, rtol=1e-8, read=read)[..., 0]
        flows.append(arrays.climb(losses) / losses[..., 0])
        laws.append(observe.largest_rise(tied.pivots(task, starts, t)))
    return np.array(flows), np.array(laws)


@_claim(
    "swing-by-map-width",
    where="Appendix E.2",
    statement="The wider the Gaussian start, the rarer the swing-by, and the pivots tell which starts have one.",
    quantity="share of Gaussian starts of width 2 to 6 for which the flow swings by just where the pivots' law says so",
    band=(0.95, 1.0),
    null="no start swings by",
    reads=[_by_width],
)
def swing_by_map_width(rises: tuple[Array, Array]) -> Evidence:
    flow, law = (each > _RISE for each in rises)
    narrow = 4  # of the widths, where both happen; wide starts agree trivially

    def draw(ax: Any) -> None:
        ax.plot(_WIDTHS, flow.mean(axis=1), "o-", color="0.3", label="flow (integrated)")
        ax.plot(_WIDTHS, law.mean(axis=1), "x--", color="0.1", label="pivots (closed form)")
        ax.set(xscale="log", xlabel="width of U(0), Gaussian", ylabel="share that swings by")
        ax.set_xticks(_WIDTHS, [str(w) for w in _WIDTHS])
        ax.set_xticks([], minor=True)
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(flow == law)[:narrow].astype(float).ravel().tolist(),
        null=float(1.0 - flow[:narrow].mean()),
        seeds=list(_WIDTHS[:narrow]),
        draw=draw,
    )


_WIDE = (16, 32, 64, 128)


@experiment
def _peaks_by_width(budget: Budget) -> Array:
    """Root mean square of the largest off-diagonal entry, ten parts of the starts at each width."""
    t = np.linspace(0.0, 12.0, 241)
    heights = []
    for width in _WIDE:
        rng = np.random.default_rng(width)
        starts = inits.gaussian((budget.starts * 4, 2, width), scale=ROW, rng=rng)
        run = solve(Tied(), WEAK_AND_STRONG, starts, t, rtol=1e-8)
        assert run.weights is not None  # a flow of weights has them
        peaks = np.abs(run.weights[..., 0, 1]).max(axis=-1)
        heights.append([np.sqrt((part**2).mean()) for part in np.array_split(peaks, 10)])
    return np.array(heights)


@_claim(
    "off-diagonal-by-width",
    where="Appendix E.2",
    statement="The off-diagonal entries that make the swing-by shrink with the width h of a Gaussian start as h^(−1/2).",
    quantity="slope of the peak of |w₁₂|, root mean square over starts, against the width, both in logarithms, tied flow",
    band=(-0.56, -0.44),
    null="the width plays no part",
    reads=[_peaks_by_width],
)
def off_diagonal_by_width(heights: Array) -> Evidence:
    slopes = arrays.slope(np.log(_WIDE), np.log(heights).T)

    def draw(ax: Any) -> None:
        ax.plot(_WIDE, heights, "o", ms=3, color=plot.colour(0), alpha=0.6)
        ax.plot(_WIDE, heights[0].mean() * (np.array(_WIDE) / _WIDE[0]) ** -0.5, "--", color="0.3")
        ax.set(xscale="log", yscale="log", xlabel="width of U(0), Gaussian")
        ax.set_ylabel("peak of |w₁₂|, root mean square")

    return Evidence(predicted=-0.5, values=slopes.tolist(), null=0.0, seeds=list(_WIDE), draw=draw)


_DEPTHS = (1, 2, 3, 4, 6)


@_claim(
    "swing-by-map-depth",
    where="Section 3.3, Fig. 3",
    statement="The deeper a narrow net, the more often the test loss swings by.",
    quantity="share of seeds with a rise above 1% at six layers, less that at two, linear nets of width 4",
    band=(0.15, 0.9),
    null="depth plays no part",
    reads=[deep_nets.of(depth) for depth in _DEPTHS],
)
def swing_by_map_depth(*runs: Trajectory) -> Evidence:
    rises = np.array([observe.largest_rise(run) for run in runs])

    def draw(ax: Any) -> None:
        ax.plot(_DEPTHS, (rises > _RISE).mean(axis=1), "o-", color="0.3")
        ax.set(
            xlabel="layers of a linear net of width 4, usual start", ylabel="share that swings by"
        )
        ax.set_xticks(_DEPTHS)
        ax.set_ylim(0.0, 1.0)

    deep, shallow = (rises[_DEPTHS.index(depth)] > _RISE for depth in (6, 2))
    return Evidence(
        predicted=0.5,
        values=(deep.astype(float) - shallow).tolist(),
        null=0.0,
        seeds=seeds_of(runs[0]),
        draw=draw,
    )


@experiment
def _nets_in_64_dimensions(budget: Budget) -> Trajectory:
    task = SIMTask(mu=(2.0, 4.0), sigma=0.05**0.5, dim=64, origin=True)
    # two points have the second moment of the two concepts; the other coordinates are empty
    points = Points(np.sqrt(2.0) * np.sqrt(task.rates)[:2, None] * np.eye(64)[:2])
    return train(
        MLP(depth=6, width=64),
        task,
        steps=1000,
        lr=0.01,
        seeds=range(budget.seeds),
        data=points,
        device=budget.device,
    )


@_claim(
    "swing-by-dimension",
    where="Section 3.3, Fig. 3",
    statement="In 64 dimensions a deep net of the usual start does not swing by; its loss only slows down.",
    quantity="largest rise of the test loss as a share of its first value, six layers of 64 units in 64 dimensions",
    band=(0.0, 0.01),
    null="the mean rise in two dimensions at width 4",
    reads=[_nets_in_64_dimensions, deep_nets.of(6)],
)
def swing_by_dimension(run: Trajectory, narrow: Trajectory) -> Evidence:
    seeds = seeds_of(run)

    def draw(ax: Any) -> None:
        for each, name, k in ((narrow, "d = 2, width 4", 1), (run, "d = 64, width 64", 0)):
            losses = observe.loss(each)[: min(len(seeds), 25)]
            ax.plot(each.t, (losses / losses[:, :1]).T, color=plot.colour(k), lw=0.8, alpha=0.7)
            ax.plot([], [], color=plot.colour(k), label=name)
        ax.set(xlim=(0.0, 10.0), xlabel="canonical time $t$")
        ax.set_ylabel("test loss, over its first value")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=observe.largest_rise(run).tolist(),
        null=float(observe.largest_rise(narrow).mean()),
        seeds=seeds,
        draw=draw,
    )


@_claim(
    "swing-by-deep-flow",
    where="Section 3.3, Fig. 3",
    statement="The rise in a deep net is that of the deep gradient flow from the same start.",
    quantity="distance of the largest rise in a trained net of six layers from that in the flow, shares of the first "
    "loss",
    band=(0.0, 0.005),
    null="no start swings by",
    reads=[deep_nets.of(6)],
)
def swing_by_deep_flow(run: Any) -> Evidence:
    seeds = seeds_of(run)
    layers = [weight for weight, _ in initial_layers(MLP(depth=6, width=4), run.task.dim, seeds)]
    flow = solve(Deep(6), run.task, tuple(np.asarray(w) for w in layers), run.t, rtol=1e-8)
    measured, predicted = observe.largest_rise(run), observe.largest_rise(flow)

    def draw(ax: Any) -> None:
        ax.plot([0, predicted.max()], [0, predicted.max()], "--", color="0.5", label="agreement")
        ax.plot(predicted, measured, "o", color=plot.colour(0), label="seeds")
        ax.set(xlabel="rise in the flow, share of the first loss", ylabel="rise in the trained net")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=np.abs(measured - predicted).tolist(),
        null=float(predicted.mean()),
        seeds=seeds,
        draw=draw,
    )


CLAIMS = gathered(vars())
