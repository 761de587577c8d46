"""The runs behind the claims about compositions, each made once for all claims that read it.

Samplers with exact scores run compiled; trained nets run through `simtheory.assess`. Chains start from
noise, and a seed draws its own chains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory._faces import face
from simtheory._typing import Array
from simtheory.analytic.composition import target_law
from simtheory.analytic.composition.freezing import FreezeOut, freeze_out
from simtheory.analytic.composition.freezing import cell_masses as true_masses
from simtheory.assess.experts import sample as walk
from simtheory.noise import DDIM, DDPM, HMC, MALA, ULA, Level, Levels, Sampler
from simtheory.noise import sample as descend
from simtheory.observe import cell_masses
from simtheory.results import Samples
from simtheory.sim import composition as sim
from simtheory.tasks import Composition, GaussianMixture, du2023
from simtheory.validation.claims.experiment import Budget, experiment
from simtheory.validation.composition.nets import EnergyNet, ScoreNet
from simtheory.validation.composition.training import train_expert

__all__ = [
    "CENTRES",
    "CLASSES",
    "CLOCK",
    "GUIDANCE_LEVELS",
    "LEVELS",
    "METHODS",
    "MODES",
    "RELEASED",
    "BlobRun",
    "LearnedRun",
    "PlaneRun",
    "affine_samples",
    "blob_run",
    "classes",
    "classified_run",
    "frame_shares",
    "freezing",
    "frozen_masses",
    "gaussian_samples",
    "guidance_run",
    "learned_run",
    "line_pairs",
    "plane_run",
    "posterior_variances",
    "seeds_of",
    "slot_means",
    "times_of",
    "wandering",
]

CENTRES = du2023.ring_centres()
LEVELS = Levels.geometric(4.0, 1e-4, 100)
"""Levels of annealed chains; the last is clean. Below 1e-4 the ring's modes are as sharp as they get."""
CLOCK = Levels.geometric(100.0, 1e-5, 400)
"""Levels of reverse diffusion in the plane."""
RELEASED = Levels.cosine(100)
"""The released programs' levels, which end at the noise 6.3e-4."""

METHODS: dict[str, tuple[Any, Levels]] = {
    "reverse": (sim.Reverse(churn=1.0), CLOCK),
    **{f"MALA {n}": (sim.Annealed(MALA(), steps=n), LEVELS) for n in (1, 5, 10, 20, 50)},
    "ULA 10": (sim.Annealed(ULA(), steps=10), LEVELS),
    "released MALA": (sim.Annealed(MALA(step=0.001, scale="fixed"), steps=10), RELEASED),
    "released HMC": (
        sim.Annealed(HMC(step=0.03, scale="fixed", convention="released"), steps=10),
        RELEASED,
    ),
    "corrected": (sim.Corrected(ess=0.5, islands=8), Levels.geometric(100.0, 1e-5, 500)),
}
"""Samplers of ring times bar with their levels, by name."""


@face
def seeds_of(budget: Budget, standard: int, full: int) -> range:
    """Return the seeds of an experiment.

    Parameters
    ----------
    budget : Budget
        How much it may spend.
    standard, full : int
        How many seeds the quick and the standard ledger take, and the full one.

    Returns
    -------
    range
        The seeds.
    """
    return range(full if budget.name == "full" else standard)


@face
@dataclass(frozen=True, slots=True, eq=False)
class PlaneRun:
    """Draws from ring times bar.

    Parameters
    ----------
    samples : list of Samples
        One for each seed.
    masses : ndarray, shape (S, 8)
        Share of the draws nearest to each centre of the ring, weighted.
    truth : ndarray, shape (8,)
        Exact masses.
    """

    samples: list[Samples]
    masses: Array
    truth: Array

    @property
    def distances(self) -> Array:
        """Total variation distance of the masses from the truth, shape (S,)."""
        return np.asarray(0.5 * np.abs(self.masses - self.truth).sum(axis=1))

    @property
    def grouped(self) -> Array:
        """Masses of top and bottom, of the diagonals and of the sides, shape (S, 3)."""
        return np.stack(
            [
                self.masses[:, 2::4].sum(axis=1),
                self.masses[:, 1::2].sum(axis=1),
                self.masses[:, ::4].sum(axis=1),
            ],
            axis=1,
        )


@experiment
def plane_run(budget: Budget, name: str, n: int, standard: int, full: int) -> PlaneRun:
    """Ring times bar with exact scores, by the method of that name."""
    method, levels = METHODS[name]
    c = du2023.ring_times_bar()
    samples = [
        sim.sample(method, c, n, levels=levels, rng=seed)
        for seed in seeds_of(budget, standard, full)
    ]
    masses = np.array([cell_masses(one, CENTRES) for one in samples])
    return PlaneRun(samples, masses, true_masses(c, CENTRES))


@experiment
def freezing(budget: Budget, levels: str) -> FreezeOut:
    """Rates between the cells of ring times bar at the levels of that name; nothing is random."""
    path = {"annealed": LEVELS, "released": RELEASED}[levels]
    return freeze_out(du2023.ring_times_bar(), CENTRES, path, 0.0)


@face
def frozen_masses(found: FreezeOut, name: str, run: PlaneRun) -> Array:
    """Return the masses that a method of `METHODS` is predicted to leave, from its mean acceptance.

    Parameters
    ----------
    found : FreezeOut
        Rates at the levels of the method.
    name : str
        Of the method.
    run : PlaneRun
        Its draws, of which the acceptance alone is read.

    Returns
    -------
    ndarray, shape (8,)
        The masses.
    """
    from scipy.linalg import expm

    acceptance = np.mean([one.arrays["acceptance"] for one in run.samples], axis=0)
    masses = found.exact[0]
    for rates, time in zip(found.rates, times_of(name, acceptance), strict=True):
        masses = masses @ expm(rates * time)
    return np.asarray(masses)


@face
def times_of(name: str, acceptance: Array) -> Array:
    """Return the Langevin time that a method of `METHODS` spends at each level of ring times bar.

    Parameters
    ----------
    name : str
        Of the method.
    acceptance : ndarray, shape (T,)
        Mean acceptance at each level.

    Returns
    -------
    ndarray, shape (T,)
        Moves times step times acceptance; the step of L leapfrog steps h is (Lh)²/2.
    """
    method, levels = METHODS[name]
    kernel = method.kernel
    units = sim.narrowest(du2023.ring_times_bar(), levels.values)
    size = np.asarray(kernel.size(units, alpha=levels.alpha))
    step = size if kernel.power == 1.0 else 0.5 * (kernel.leapfrog * size) ** 2
    return np.asarray(method.steps * step * acceptance)


# -- Gaussians --------------------------------------------------------------------------------


@experiment
def gaussian_samples(
    budget: Budget, kind: str, steps: int, standard: int, full: int
) -> list[tuple[Array, float]]:
    """Two equal Gaussians of variance 0.05 under a discrete sampler: draws, and the target's variance."""
    both = Composition((GaussianMixture([1.0], [0.0], [0.05]),) * 2)
    sampler: Sampler = DDIM(steps) if kind == "DDIM" else DDPM(steps, variance="beta")
    return [
        (affine_samples(both, sampler, 4000, seed=seed), 0.025)
        for seed in seeds_of(budget, standard, full)
    ]


@face
def affine_samples(c: Composition, sampler: Sampler, n: int, *, seed: int) -> Array:
    """Return draws of a discrete sampler down the cosine schedule, with summed scores.

    Parameters
    ----------
    c : Composition
        The experts.
    sampler : Sampler
        DDPM or DDIM.
    n : int
        Number of draws.
    seed : int
        Of the draws.

    Returns
    -------
    ndarray, shape (n, d)
        The draws, at level 0.
    """
    rng = np.random.default_rng(seed)
    levels = Levels.cosine(sampler.steps, clean=True)

    def guess(z: Array, here: Level) -> Array:
        y = z / here.alpha
        return y + float(here.value) * c.score(y, level=float(here.value))

    shape = (n, c.dim)
    noise = None
    if sampler.is_random:
        noise = rng.standard_normal((len(levels) - 1, *shape))
    found = descend(sampler, guess, rng.standard_normal(shape), levels, noise=noise)
    return np.asarray(found)


@experiment
def posterior_variances(budget: Budget, k: int, standard: int, full: int) -> Array:
    """Variance of reverse diffusion on k posteriors N(0, .1) over a prior N(0, 1), over the true one."""
    prior, one = (GaussianMixture([1.0], [0.0], [v]) for v in (1.0, 0.1))
    c = Composition.over([one] * k, prior)
    truth = float(target_law(c).covariance[0, 0])
    levels = Levels.geometric(1000.0, 1e-5, 1600)
    return np.array(
        [
            sim.sample(sim.Reverse(churn=1.0), c, 8000, levels=levels, rng=seed).points.var()
            / truth
            for seed in seeds_of(budget, standard, full)
        ]
    )


@experiment
def wandering(budget: Budget, steps: int, standard: int, full: int) -> Array:
    """Variance of chains on N(0, 1) after some moves of MALA as released, δ = .3, from the origin."""
    normal = Composition((GaussianMixture([1.0], [0.0], [1.0]),))
    method = sim.Annealed(MALA(step=0.3, scale="fixed", convention="released"), steps=steps // 2)
    levels = Levels.geometric(2e-9, 1e-9, 2, clean=False)
    return np.array(
        [
            sim.sample(method, normal, 4000, levels=levels, rng=seed).points.var()
            for seed in seeds_of(budget, standard, full)
        ]
    )


# -- mixtures, pairs, slots, frames, classes ---------------------------------------------------

MODES = np.concatenate([du2023.blobs()[side].means for side in (0, 1)])
"""Centres of the six blobs, the left ones first."""
_REACH = 0.15  # three standard deviations of a blob: farther draws belong to none


@face
@dataclass(frozen=True, slots=True, eq=False)
class BlobRun:
    """Draws from a mixture of two experts of three blobs each.

    Parameters
    ----------
    masses : ndarray, shape (S, 7)
        Share of the draws within three standard deviations of each blob, and of the others.
    truth : ndarray, shape (7,)
        Exact masses.
    """

    masses: Array
    truth: Array

    @property
    def distances(self) -> Array:
        """Total variation distance of the masses from the truth, shape (S,)."""
        return np.asarray(0.5 * np.abs(self.masses - self.truth).sum(axis=1))


@experiment
def blob_run(budget: Budget, offset: float, averaged: bool, standard: int, full: int) -> BlobRun:
    """The mixture of two experts under reverse diffusion, one energy lowered by an offset.

    Averaged: the scores are averaged instead.
    """
    left, right = du2023.blobs()
    share = 1.0 / (1.0 + np.exp(-offset))
    mixed = GaussianMixture(
        np.concatenate([share * left.weights, (1.0 - share) * right.weights]),
        np.concatenate([left.means, right.means]),
        np.concatenate([left.covariances, right.covariances]),
    )
    c = Composition((left, right), (0.5, 0.5)) if averaged else Composition((mixed,))
    masses = []
    for seed in seeds_of(budget, standard, full):
        x = sim.sample(sim.Reverse(churn=1.0), c, 4000, levels=CLOCK, rng=seed).points
        gaps = np.linalg.norm(x[:, None] - MODES, axis=2)
        near = np.where(gaps.min(axis=1) < _REACH, gaps.argmin(axis=1), len(MODES))
        masses.append(np.bincount(near, minlength=len(MODES) + 1) / len(x))
    inside = 1.0 - np.exp(-0.5 * 3.0**2)
    return BlobRun(np.array(masses), np.array([*(inside * mixed.weights), 1.0 - inside]))


@experiment
def line_pairs(budget: Budget, standard: int, full: int) -> Array:
    """Spread of x under equal-density AND of N(0, .05²) and N(.1, .05²), over that of the product."""
    a, b = (GaussianMixture([1.0], [[x, 0.0]], [0.05**2]) for x in (0.0, 0.1))
    levels = Levels.geometric(100.0, 1e-5, 1000)
    return np.array(
        [
            sim.sample(sim.SuperposedAnd(), a * b, 4000, levels=levels, rng=seed).points[:, 0].std()
            / (0.05 / 2**0.5)
            for seed in seeds_of(budget, standard, full)
        ]
    )


@experiment
def slot_means(budget: Budget, k: int, background: str, standard: int, full: int) -> Array:
    """Mean of the k composed slots over a background, under reverse diffusion."""
    c = du2023.slots(k, background=background)
    return np.array(
        [
            sim.sample(sim.Reverse(churn=1.0), c, 1000, levels=CLOCK, rng=seed).points[:, :k].mean()
            for seed in seeds_of(budget, standard, full)
        ]
    )


@experiment
def frame_shares(budget: Budget, name: str, standard: int, full: int) -> Array:
    """Share of the draws of the frame inside the box of half width 0.3 that was taken out."""
    method, levels = METHODS[name]
    return np.array(
        [
            (np.abs(sim.sample(method, du2023.frame(), 4000, levels=levels, rng=seed).points) < 0.3)
            .all(axis=1)
            .mean()
            for seed in seeds_of(budget, standard, full)
        ]
    )


CLASSES = np.array([0, 0, 0, 1])


@face
def classes() -> GaussianMixture:
    """Return four blobs in a row, three of the first class and the last of the second.

    Returns
    -------
    GaussianMixture
        Means 0, 1, 2 and 2.5 along x, standard deviation 0.25.
    """
    x = np.array([0.0, 1.0, 2.0, 2.5])
    return GaussianMixture(np.full(4, 0.25), np.stack([x, 0.0 * x], axis=1), np.full(4, 0.0625))


@experiment
def classified_run(budget: Budget, name: str, gamma: float, standard: int, full: int) -> BlobRun:
    """The row of blobs under guidance by its exact classifier: masses of its four cells."""
    method, levels = METHODS[name]
    mixture = classes()
    c = Composition.classified(mixture, CLASSES, 0, gamma=gamma)
    masses = [
        cell_masses(sim.sample(method, c, 8000, levels=levels, rng=seed), mixture.means)
        for seed in seeds_of(budget, standard, full)
    ]
    return BlobRun(np.array(masses), true_masses(c, mixture.means))


# -- trained nets -----------------------------------------------------------------------------

GUIDANCE_LEVELS = Levels.geometric(400.0, 1e-4, 400, clean=False)
_COND = GaussianMixture([1.0], [1.0], [0.04])
_UNCOND = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.04, 0.04])


@experiment
def guidance_run(budget: Budget) -> dict[str, Array]:
    """Means of the draws of trained pairs of nets under guidance, one for each seed, by what was drawn.

    The conditional net learned the mode at 1, the other one both modes, ±1.
    """
    seeds = seeds_of(budget, 3, 10)
    cond, uncond = (
        train_expert(
            ScoreNet(48, 3), mixture, levels=(1e-4, 400.0), seeds=seeds, device=budget.device
        )
        for mixture in (_COND, _UNCOND)
    )
    means: dict[str, list[float]] = {"ODE 2": [], "SDE 2": [], "ODE 16": []}
    for seed, a, b in zip(seeds, cond.experts, uncond.experts, strict=True):
        for name, kept in means.items():
            road, gamma = name.split()
            method = sim.Reverse(churn=1.0 if road == "SDE" else 0.0)
            c = Composition.guided(a, b, gamma=float(gamma))
            found = walk(method, c, 4000, levels=GUIDANCE_LEVELS, rng=seed)
            kept.append(float(found.points.mean()))
    return {name: np.array(kept) for name, kept in means.items()}


_LEARNED = Levels.geometric(4.0, 1e-4, 60)


@face
@dataclass(frozen=True, slots=True, eq=False)
class LearnedRun:
    """MALA with ten moves a level on trained energies, and on the exact ones.

    Parameters
    ----------
    learned, exact : ndarray, shape (S, 8)
        Masses of the draws.
    predicted : ndarray, shape (S, 8)
        Masses that the freeze-out of each trained energy predicts.
    truth : ndarray, shape (8,)
        Exact masses of the product.
    by_level : dict of ndarray
        Distance of the trained energies' masses from the exact ones, by quadrature, at some levels.
    """

    learned: Array
    exact: Array
    predicted: Array
    truth: Array
    by_level: dict[float, Array]


@experiment
def learned_run(budget: Budget) -> LearnedRun:
    """Trained energies of ring and bar under MALA, their freeze-out, and their masses by quadrature."""
    seeds = seeds_of(budget, 1, 5)
    ring, bar = (
        train_expert(EnergyNet(), mixture, seeds=seeds, device=budget.device)
        for mixture in (du2023.ring(), du2023.bar())
    )
    exact = du2023.ring_times_bar()
    method = sim.Annealed(MALA(), steps=10)
    units = sim.narrowest(exact, _LEARNED.values)
    truth = true_masses(exact, CENTRES)
    learned, predicted, drawn = [], [], []
    gaps: dict[float, list[float]] = {1e-4: [], 1e-3: [], 5e-3: []}
    for seed, *pair in zip(seeds, ring.experts, bar.experts, strict=True):
        c = Composition(pair)
        found = walk(method, c, 2000, levels=_LEARNED, rng=seed)
        learned.append(cell_masses(found, CENTRES))
        times = 10 * 0.3 * units * found.arrays["acceptance"]
        predicted.append(freeze_out(c, CENTRES, _LEARNED, times).masses[-1])
        other = sim.sample(method, exact, 2000, levels=_LEARNED, rng=seed)
        drawn.append(cell_masses(other, CENTRES))
        for level, kept in gaps.items():
            own, right = (true_masses(one, CENTRES, level=level) for one in (c, exact))
            kept.append(0.5 * float(np.abs(own - right).sum()))
    return LearnedRun(
        np.array(learned),
        np.array(drawn),
        np.array(predicted),
        truth,
        {level: np.array(kept) for level, kept in gaps.items()},
    )
