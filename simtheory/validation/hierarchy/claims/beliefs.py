"""Claims about exact beliefs: samplers, the class transition, and what noise hides."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import plot
from simtheory._typing import Array
from simtheory.analytic import hierarchy as forms
from simtheory.validation.claims.claim import Evidence, Topic, gathered
from simtheory.validation.claims.record import Verdict
from simtheory.validation.hierarchy import experiments as runs

__all__ = ["CLAIMS"]

_favero = Topic("hierarchy", paper="favero2025").claim
_sclocchi = Topic("hierarchy", paper="sclocchi2025").claim


@_favero(
    "cavity-not-posterior",
    where="Appendix on the D3PM loss",
    statement="The reverse process needs the cavity as weight; with perfect beliefs the posterior fails.",
    quantity="share of valid strings with cavity weights less that with posterior weights; v = 8, m = 3, L = 3, T = 100",
    band=(0.65, 0.95),
    null="the weights make no difference",
    reads=[runs.sampled.of(100)],
    budget="quick",
)
def cavity_not_posterior(found: runs.Noisy) -> Evidence:
    """What the evidence of the own site costs where it counts twice."""
    cavity, posterior = found.cavity[:, 0], found.posterior[:, 0]

    def draw(ax: Any) -> None:
        x = np.arange(cavity.size)
        ax.plot(x, cavity, "o", color=plot.colour(0), label="cavity")
        ax.plot(x, posterior, "o", color=plot.colour(1), label="posterior")
        ax.set(xlabel="grammar", ylabel="share of valid strings", ylim=(0, 1.05))
        ax.legend()

    return Evidence(
        values=(cavity - posterior).tolist(), null=0.0, seeds=list(range(cavity.size)), draw=draw
    )


_CEILING = np.array([0.896, 0.959, 0.987, 0.996, 0.997])
_CEILING_STEPS = (25, 50, 100, 200, 400)


@_favero(
    "sampler-ceiling",
    where="Appendix on sampling",
    statement="A finite number of steps bounds the share of valid strings, even with exact beliefs.",
    quantity="largest distance of the share of valid strings at T = 25 ... 400 from .896 .959 .987 .996 .997; v = 8, "
    "m = 3, L = 3",
    band=(0.0, 0.015),
    null="a perfect sampler",
    reads=[runs.sampled.of(*_CEILING_STEPS)],
)
def sampler_ceiling(found: runs.Noisy) -> Evidence:
    """Validity of strings drawn with exact beliefs over the number of steps."""
    mean = found.cavity.mean(axis=0)

    def draw(ax: Any) -> None:
        ax.plot(found.steps, 1.0 - found.cavity.T, "o", ms=3, color=plot.colour(0), alpha=0.6)
        ax.plot(found.steps, 1.0 - _CEILING, "--", color=plot.INK, label="stated before")
        ax.set(xscale="log", xlabel="steps T", ylabel="share of invalid strings")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=[float(np.abs(mean - _CEILING).max())],
        null=float(1.0 - _CEILING.min()),
        seeds=[0],
        draw=draw,
    )


@_sclocchi(
    "class-transition",
    where="Eq. 22",
    statement="The belief in the class is lost at the noise that the annealed map tells.",
    quantity="mean belief of exact BP less the map's, at ε = .65 or .76, where it is further off; v = 32, m = 8, L = 7",
    band=(-0.03, 0.03),
    null="no transition: beliefs as at the tokens",
    reads=[runs.class_beliefs],
    budget="quick",
)
def class_transition(found: runs.Beliefs) -> Evidence:
    """Exact beliefs about the class around the threshold."""
    places = [int(np.argmin(np.abs(found.epsilon - e))) for e in (0.65, 0.76)]
    apart = found.beliefs - found.law
    k = max(places, key=lambda k: abs(apart[:, k].mean()))

    def draw(ax: Any) -> None:
        ax.plot(found.epsilon, found.beliefs.T, ".", color=plot.colour(0), alpha=0.4)
        ax.plot(
            found.epsilon,
            np.nanmean(found.beliefs, axis=0),
            "o",
            color=plot.colour(0),
            label="exact",
        )
        ax.plot(found.epsilon, found.law, "--", color=plot.INK, label="annealed map")
        ax.axvline(float(forms.class_threshold(v=32, m=8).noise), ls=":", color=plot.GREY)
        ax.set(xlabel="noise ε", ylabel="belief in the true class")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=apart[:, k].tolist(),
        null=min((float(found.start[k] - found.law[k]) for k in places), key=abs),
        seeds=list(range(len(apart))),
        draw=draw,
    )


def _half(x: Array, y: Array) -> float:
    """Where falling values cross ½."""
    k = int(np.argmax(y < 0.5))
    return float(x[k - 1] + (y[k - 1] - 0.5) / (y[k - 1] - y[k]) * (x[k] - x[k - 1]))


@_sclocchi(
    "class-threshold-under-real-noise",
    where="threshold of the ε-process",
    statement="Noise hides the class at the threshold of the ε-process.",
    quantity="share of masked tokens at which the mean belief in the class is ½; v = 16, m = 4, L = 7",
    band=(0.75, 0.85),
    null="a grammar without transition, whose class any noise hides",
    reads=[runs.lost_roots],
    expected=Verdict.DISAGREES,
    reason="Evidence fluctuates under real noise, while the ε-process takes its mean: the class is lost near a share "
    "of .47 of masks, and near .28 of tokens replaced, against ε⋆ = .80.",
    errata="rhm-real-noise",
)
def class_threshold_under_real_noise(found: runs.Lost) -> Evidence:
    """Where masks hide the class."""
    law = float(forms.class_threshold(v=16, m=4).noise)

    def draw(ax: Any) -> None:
        for k, (name, rows) in enumerate((("uniform", found.uniform), ("mask", found.mask))):
            ax.plot(found.noise, rows.mean(axis=0), "o-", color=plot.colour(k), label=name)
        ax.axvline(law, ls=":", color=plot.GREY, label="ε⋆")
        ax.set(xlabel="noise", ylabel="belief in the true class")
        ax.legend()

    return Evidence(
        predicted=law,
        values=[_half(found.noise, row) for row in found.mask],
        null=0.0,
        seeds=list(range(len(found.mask))),
        draw=draw,
    )


@_sclocchi(
    "class-nu",
    where="Eq. 54, as quoted",
    statement="The correlation length of the class transition diverges with ν = 1.78 at v = 32, m = 8.",
    quantity="ln s over the logarithm of the slope of the iterated map at its unstable fixed point",
    band=(1.75, 1.81),
    null="the exponent of v = 16, m = 4",
    reads=[runs.class_growth],
    budget="quick",
    expected=Verdict.DISAGREES,
    reason="ln 2 / ln F'(p⋆) is 1.893 with F'(p⋆) = 1.4422.",
    errata="rhm-nu",
)
def class_nu(gaps: Array) -> Evidence:
    """Growth of a small distance from the fixed point over seven levels."""
    measured = float(np.log(2.0) / (np.log(gaps[-1] / gaps[0]) / 7))

    def draw(ax: Any) -> None:
        ax.plot(range(8), gaps, "o", color=plot.colour(0), label="iterated map")
        ax.plot(
            range(8),
            gaps[0] * 2.0 ** (np.arange(8) / 1.78),
            "--",
            color=plot.GREY,
            label="ν = 1.78",
        )
        ax.set(yscale="log", xlabel="level", ylabel="distance of two beliefs")
        ax.legend()

    return Evidence(
        predicted=float(forms.class_threshold(v=32, m=8).nu),
        stated=1.78,
        values=[measured],
        null=float(forms.class_threshold(v=16, m=4).nu),
        seeds=[0],
        draw=draw,
    )


CLAIMS = gathered(globals())
