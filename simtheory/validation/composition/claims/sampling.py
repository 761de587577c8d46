"""Claims about samplers of products, with exact scores: what reverse diffusion and MCMC return."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import plot
from simtheory._typing import Array
from simtheory.analytic.composition import discrete_law, naive_law, target_law
from simtheory.analytic.composition.freezing import FreezeOut
from simtheory.noise import DDIM, DDPM, Levels
from simtheory.observe import mode_variances
from simtheory.tasks import Composition, GaussianMixture
from simtheory.validation.claims.claim import Evidence, gathered
from simtheory.validation.claims.record import Verdict
from simtheory.validation.composition.claims._common import bars, dots, of_paper
from simtheory.validation.composition.experiments import (
    CENTRES,
    PlaneRun,
    freezing,
    frozen_masses,
    gaussian_samples,
    plane_run,
    posterior_variances,
)

__all__ = ["CLAIMS"]

_du, _skreta = of_paper("du2023"), of_paper("skreta2025")
_STEPS = (1, 5, 10, 20, 50)
_ANNEALED = [plane_run.of(f"MALA {n}", 2000, 3, 10) for n in _STEPS]


def _seeds(run: PlaneRun) -> list[int]:
    return list(range(len(run.samples)))


def _distance(masses: Array, truth: Array) -> float:
    return 0.5 * float(np.abs(masses - truth).sum())


@_du(
    "reverse-misses",
    where="Section 3, Fig. 2",
    statement="Reverse diffusion with summed scores misses the product, with exact scores too.",
    quantity="total variation distance of eight masses of ring times bar from the truth, 400 levels",
    band=(0.28, 0.345),
    null="exact draws",
    reads=[plane_run.of("reverse", 4000, 5, 20)],
    budget="quick",
)
def reverse_misses(run: PlaneRun) -> Evidence:
    return Evidence(
        predicted=0.31,
        values=run.distances.tolist(),
        null=0.01,
        seeds=_seeds(run),
        draw=bars({"exact": run.truth, "reverse diffusion": run.masses.mean(axis=0)}),
    )


_NARROW = Composition((GaussianMixture([1.0], [0.0], [0.05]),) * 2)


def _discrete(sampler: Any) -> float:
    """Return the variance that a discrete sampler leaves of the product of two equal Gaussians, over its own."""
    law = discrete_law(_NARROW, Levels.cosine(sampler.steps, clean=True), sampler)
    return float(law.covariance[0, 0]) / 0.025


@_du(
    "variance-shrinks",
    where="Section 3",
    statement="Summed scores of equal Gaussians sample too narrow a product: K/(2K − 1) of its variance.",
    quantity="sampled variance over that of the product, two Gaussians of variance 0.05, DDPM of 1000 steps",
    band=(0.641, 0.701),
    null="the product's own variance",
    reads=[gaussian_samples.of("DDPM", 1000, 5, 20)],
    budget="quick",
)
def variance_shrinks(runs: list[tuple[Array, float]]) -> Evidence:
    values = [float(x.var()) / target for x, target in runs]
    law = _discrete(DDPM(1000, variance="beta"))
    return Evidence(
        predicted=law,
        values=values,
        null=1.0,
        seeds=list(range(len(values))),
        draw=dots({"sampled": values}, line=law, ylabel="variance over the product's"),
    )


@_du(
    "ddim-collapses",
    where="Section 3",
    statement="A plain product under DDIM ends in one point.",
    quantity="decimal logarithm of the sampled variance over that of the product, two Gaussians, DDIM of 100 steps",
    band=(-8.6, -8.3),
    null="the product's own variance",
    reads=[gaussian_samples.of("DDIM", 100, 3, 5)],
    budget="quick",
)
def ddim_collapses(runs: list[tuple[Array, float]]) -> Evidence:
    values = [float(np.log10(x.var() / target)) for x, target in runs]
    law = float(np.log10(_discrete(DDIM(100))))
    return Evidence(
        predicted=law,
        values=values,
        null=0.0,
        seeds=list(range(len(values))),
        draw=dots({"sampled": values}, line=law, ylabel="log₁₀ of variance over the product's"),
    )


@_du(
    "mcmc-is-exact",
    where="Abstract",
    statement="MCMC samplers fix the product: with ten moves a level the draws have its masses.",
    quantity="total variation distance of eight masses of ring times bar from the truth, MALA, ten moves a level",
    band=(0.0, 0.02),
    null="reverse diffusion",
    reads=[plane_run.of("MALA 10", 2000, 3, 10), freezing.of("annealed")],
    budget="quick",
    expected=Verdict.DISAGREES,
    reason="Masses stop where the chains stop to hop between modes, far above level 0; the error falls slowly "
    "with the number of moves and is predicted by the freeze-out.",
    errata="sampler-not-model",
)
def mcmc_is_exact(run: PlaneRun, rates: FreezeOut) -> Evidence:
    law = frozen_masses(rates, "MALA 10", run)
    return Evidence(
        predicted=_distance(law, run.truth),
        stated=0.0,
        values=run.distances.tolist(),
        null=0.31,
        seeds=_seeds(run),
        draw=bars(
            {"exact": run.truth, "MALA, ten moves": run.masses.mean(axis=0), "freeze-out": law}
        ),
    )


@_du(
    "freeze-out",
    where="Section 5",
    statement="The masses of annealed chains stop where the rates between modes freeze, without a fitted number.",
    quantity="largest gap of measured and predicted distance from the truth, MALA with 1, 5, 10, 20, 50 moves a level",
    band=(0.0, 0.035),
    null="chains that reach the truth",
    reads=[freezing.of("annealed"), *_ANNEALED],
    budget="quick",
)
def freeze_out(rates: FreezeOut, *runs: PlaneRun) -> Evidence:
    laws = np.array(
        [
            _distance(frozen_masses(rates, f"MALA {n}", run), run.truth)
            for n, run in zip(_STEPS, runs, strict=True)
        ]
    )
    measured = np.array([run.distances for run in runs])

    def draw(ax: Any) -> None:
        ax.plot(_STEPS, measured, "o", ms=3, color=plot.colour(0))
        ax.plot([], [], "o", color=plot.colour(0), label="measured")
        ax.plot(_STEPS, laws, "--", color=plot.INK, label="freeze-out")
        ax.set(xscale="log", xlabel="moves a level", ylabel="distance of the masses from the truth")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=np.abs(measured - laws[:, None]).max(axis=0).tolist(),
        null=float(laws.max()),
        seeds=_seeds(runs[0]),
        draw=draw,
    )


@_du(
    "error-falls-slowly",
    where="Fig. 5",
    statement="Ten times as many moves leave a third of the error: the curve of the multi-object experiment.",
    quantity="distance of the masses from the truth with 50 moves a level over that with 5, MALA",
    band=(0.2, 0.45),
    null="an error that falls as one over the moves",
    reads=[_ANNEALED[1], _ANNEALED[4], freezing.of("annealed")],
)
def error_falls_slowly(few: PlaneRun, many: PlaneRun, rates: FreezeOut) -> Evidence:
    laws = [
        _distance(frozen_masses(rates, name, run), run.truth)
        for name, run in (("MALA 5", few), ("MALA 50", many))
    ]
    values = (many.distances / few.distances.mean()).tolist()
    return Evidence(
        predicted=laws[1] / laws[0],
        values=values,
        null=0.1,
        seeds=_seeds(few),
        draw=dots(
            {"measured": values}, line=laws[1] / laws[0], ylabel="error at 50 over error at 5"
        ),
    )


def spread_of_top(run: PlaneRun) -> Array:
    """Return the variance of x in the top cell, shape (S,)."""
    return np.array([mode_variances(one, CENTRES)[2, 0] for one in run.samples])


@_du(
    "metropolis-helps",
    where="Section 4.2",
    statement="The Metropolis correction removes the bias that the step gives to the width of a mode.",
    quantity="variance of the top mode along x under ULA over that under MALA, ten moves a level",
    band=(1.05, 1.25),
    null="no bias",
    reads=[plane_run.of("ULA 10", 4000, 3, 10), plane_run.of("MALA 10", 4000, 3, 10)],
)
def metropolis_helps(free: PlaneRun, corrected: PlaneRun) -> Evidence:
    values = (spread_of_top(free) / spread_of_top(corrected)).tolist()
    return Evidence(
        predicted=1.0 / (1.0 - 0.5 * 0.3),
        values=values,
        null=1.0,
        seeds=_seeds(free),
        draw=dots({"measured": values}, line=1.0 / 0.85, ylabel="variance, ULA over MALA"),
    )


@_du(
    "metropolis-leaves-weights",
    where="Section 4.2",
    statement="The Metropolis correction does not improve the masses of the modes.",
    quantity="distance of the masses from the truth under ULA over that under MALA, ten moves a level",
    band=(0.7, 1.3),
    null="a correction that halves the error",
    reads=[plane_run.of("ULA 10", 4000, 3, 10), plane_run.of("MALA 10", 4000, 3, 10)],
)
def metropolis_leaves_weights(free: PlaneRun, corrected: PlaneRun) -> Evidence:
    values = (free.distances / corrected.distances.mean()).tolist()
    return Evidence(
        predicted=1.0,
        values=values,
        null=2.0,
        seeds=_seeds(free),
        draw=bars(
            {
                "exact": free.truth,
                "ULA": free.masses.mean(axis=0),
                "MALA": corrected.masses.mean(axis=0),
            }
        ),
    )


@_skreta(
    "correctors",
    where="Section 3",
    statement="Weights that follow the defect turn reverse diffusion into draws from the product.",
    quantity="weighted mass of the diagonals of ring times bar, eight islands of 2000",
    band=(0.0157, 0.0317),
    null="reverse diffusion without weights",
    reads=[plane_run.of("corrected", 16000, 8, 32)],
)
def correctors(run: PlaneRun) -> Evidence:
    truth = float(run.truth[1::2].sum())
    values = run.grouped[:, 1].tolist()
    return Evidence(
        predicted=truth,
        values=values,
        null=0.28,
        seeds=_seeds(run),
        draw=bars({"exact": run.truth, "weighted": run.masses.mean(axis=0)}),
    )


@_du(
    "many-posteriors",
    where="Section 3",
    statement="Summed scores of many posteriors over one prior sample half the true variance.",
    quantity="sampled variance over the true one, ten posteriors N(0, 0.1) over N(0, 1), reverse SDE",
    band=(0.502, 0.562),
    null="the true variance",
    reads=[posterior_variances.of(10, 5, 20)],
    budget="quick",
)
def many_posteriors(values: Array) -> Evidence:
    prior, one = (GaussianMixture([1.0], [0.0], [v]) for v in (1.0, 0.1))
    c = Composition.over([one] * 10, prior)
    law = float(naive_law(c).covariance[0, 0] / target_law(c).covariance[0, 0])
    return Evidence(
        predicted=law,
        values=values.tolist(),
        null=1.0,
        seeds=list(range(len(values))),
        draw=dots({"sampled": values}, line=law, ylabel="variance over the true one"),
    )


CLAIMS = gathered(vars())
