"""Claims about linear denoisers and regressions by SGD, which have closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import plot
from simtheory._typing import Array
from simtheory.analytic import emergence as forms
from simtheory.observe import arrays
from simtheory.sim.emergence import LinearDenoisers
from simtheory.tasks import ConceptGraph
from simtheory.validation.claims.claim import Evidence, Topic, gathered
from simtheory.validation.emergence import experiments as runs
from simtheory.validation.emergence.experiments import FARTHEST, Judged

__all__ = ["CLAIMS"]

_okawa = Topic("emergence", paper="okawa2023").claim

_CLASSES = [(0, 0, 1), FARTHEST]
_PLACES = (0, 3)  # of these among the classes of `runs.linear`


def _times(found: Judged, level: float = 0.9) -> Array:
    """Times (S, P) from which the joint accuracy keeps a level."""
    return arrays.crossings(found.t, np.moveaxis(found.joint, 1, -1), level)


def _theory(until: float, *, f: float = 1.0, bias: bool = True) -> Any:
    return forms.diffusion(
        runs.main_split(f=f), np.geomspace(0.1, until, 80), classes=_CLASSES, bias=bias
    )


def _curves(found: Judged, f: float) -> Any:
    def draw(ax: Any) -> None:
        law = _theory(float(found.t[-1]), f=f)
        for k, (place, name) in enumerate(zip(_PLACES, ("001", "111"), strict=True)):
            ax.plot(found.t, found.joint[:, :, place].T, color=plot.colour(k), lw=0.6, alpha=0.6)
            ax.plot(law.t, law.joint[:, k], "--", color=plot.INK, lw=1.0)
            ax.plot([], [], color=plot.colour(k), label=f"{name}, SGD")
        ax.plot([], [], "--", color=plot.INK, label="closed form")
        ax.set(xscale="log", xlabel="learning rate × steps", ylabel="joint accuracy")
        ax.legend()

    return draw


@_okawa(
    "order-linear-sgd",
    where="Section 4.1",
    statement="Classes emerge in the order of their distance from the training classes: a linear denoiser needs "
    "longer for two further changes by the ratio of its closed form.",
    quantity="time to joint accuracy 0.9 of 111 over that of 001, linear diffusion by SGD, σ = 0.15",
    band=(5.2, 6.1),
    null="no constant feature",
    reads=[runs.linear.of(1.0, 20.0)],
    budget="quick",
)
def order_linear_sgd(found: Judged) -> Evidence:
    times = _times(found)
    theory, blind = (_theory(30.0, bias=bias).times(0.9) for bias in (True, False))
    return Evidence(
        predicted=float(theory[1] / theory[0]),
        values=(times[:, 3] / times[:, 0]).tolist(),
        null=float(blind[1] / blind[0]),
        seeds=list(range(len(times))),
        draw=_curves(found, 1.0),
    )


@_okawa(
    "time-linear-sgd",
    where="Section 4.3",
    statement="A class that is shown less often emerges later, by the closed form of the linear denoiser.",
    quantity="learning rate times steps to joint accuracy 0.9 of 001 at a tenth of the others' frequency, SGD",
    band=(26.5, 28.2),
    null="blind to frequency",
    reads=[runs.linear.of(0.1, 45.0)],
)
def time_linear_sgd(found: Judged) -> Evidence:
    times = _times(found)
    return Evidence(
        predicted=float(_theory(60.0, f=0.1).times(0.9)[0]),
        values=times[:, 0].tolist(),
        null=float(_theory(30.0).times(0.9)[0]),
        seeds=list(range(len(times))),
        draw=_curves(found, 0.1),
    )


@_okawa(
    "order-not-universal",
    where="Section 4.1",
    statement="Order by distance is a matter of the split: with all classes of at most two changes trained, four "
    "changes are learned before one.",
    quantity="time of 1111 over that of 1000, regression by SGD, n = 4, radius 2",
    band=(0.70, 0.79),
    null="the star of four concepts",
    reads=[runs.ball],
    budget="quick",
)
def order_not_universal(found: LinearDenoisers) -> Evidence:
    asked = [(1, 1, 1, 1), (1, 0, 0, 0)]
    outputs = found.mean(asked)[..., 0]
    times = arrays.crossings(found.t, np.moveaxis(outputs, 1, -1), 0.5)
    law, star = (
        forms.learning_times(graph, classes=asked) for graph in (found.task, ConceptGraph.star(4))
    )

    def draw(ax: Any) -> None:
        for k, name in enumerate(("1111", "1000")):
            ax.plot(found.t, outputs[:, :, k].T, color=plot.colour(k), lw=0.6)
            ax.axvline(law[k], ls="--", color=plot.colour(k))
            ax.plot([], [], color=plot.colour(k), label=name)
        ax.axhline(0.5, ls=":", color=plot.GREY)
        ax.set(xlabel="learning rate × steps", ylabel="output of the first concept")
        ax.legend()

    return Evidence(
        predicted=float(law[0] / law[1]),
        values=(times[:, 0] / times[:, 1]).tolist(),
        null=float(star[0] / star[1]),
        seeds=list(range(len(times))),
        draw=draw,
    )


@_okawa(
    "product-gap",
    where="Section 4.2",
    statement="Joint accuracy is the product of the concepts' own but for a gap of first order in the correlations "
    "of their errors.",
    quantity="slope of joint accuracy less product on its first-order form, classes 011, 110 and 111, linear diffusion by SGD",
    band=(0.85, 1.15),
    null="the product exactly",
    reads=[runs.linear.of(1.0, 20.0)],
)
def product_gap(found: Judged) -> Evidence:
    gap = found.joint - found.marginals.prod(axis=-1)
    first = forms.product_gap(found.z, found.correlations)
    part = np.s_[:, :, 1:]  # the trained class has a gap of 2e-4
    slopes = (gap[part] * first[part]).sum(axis=(1, 2)) / (first[part] ** 2).sum(axis=(1, 2))

    def draw(ax: Any) -> None:
        for k, name in enumerate(("011", "110", "111")):
            ax.plot(
                first[:, :, 1 + k].ravel(), gap[:, :, 1 + k].ravel(), ".", ms=3,
                color=plot.colour(k), label=name,
            )  # fmt: skip
        ends = [float(first.min()), 0.0]
        ax.plot(ends, ends, "--", color=plot.INK, label="first order")
        ax.set(xlabel="first order in the correlations", ylabel="joint − product")
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=slopes.tolist(),
        null=0.0,
        seeds=list(range(len(slopes))),
        draw=draw,
    )


CLAIMS = gathered(vars())
