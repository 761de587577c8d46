"""The runs that the claims about emergence read: linear denoisers by SGD, small nets on vectors and images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic import emergence as forms
from simtheory.sim import emergence
from simtheory.tasks import ConceptGraph, okawa2023, park2024
from simtheory.tasks.emergence import Code, Presence, Signed
from simtheory.validation.claims.experiment import Budget, experiment
from simtheory.validation.nets.diffusion.captions import Mask
from simtheory.validation.nets.diffusion.denoisers import Denoiser, MLPDenoiser
from simtheory.validation.nets.diffusion.images import ConceptImages
from simtheory.validation.nets.diffusion.runs import ConceptRun
from simtheory.validation.nets.diffusion.thinning import Thinned
from simtheory.validation.nets.diffusion.train import train
from simtheory.validation.nets.diffusion.vectors import ConceptVectors
from simtheory.validation.nets.diffusion.worlds import World
from simtheory.validation.nets.optimisers import SGD, Adam, Optimiser

__all__ = [
    "FARTHEST",
    "GAINS",
    "Judged",
    "adversarial",
    "ball",
    "hidden",
    "image_run",
    "images",
    "judged",
    "linear",
    "linear_run",
    "main_split",
    "normal",
    "rare",
    "thinned",
    "vector_run",
    "vectors",
]

FARTHEST = (1, 1, 1)
"""The class of the main split that differs from every trained one in two concepts."""

GAINS = (1.0, 1.5, 2.5, 3.5, 4.5)
"""Factors of the weak concept in a prompt, the plain one first."""

_LEVELS = 20


class Judged(NamedTuple):
    """How right the samples of linear denoisers are.

    Parameters
    ----------
    t : ndarray, shape (T,)
        Canonical times.
    joint : ndarray, shape (S, T, P)
        Probability that all concepts are right.
    marginals : ndarray, shape (S, T, P, n)
        The same of each concept.
    z : ndarray, shape (S, T, P, n)
        Distance of the mean from the boundary, in standard deviations.
    correlations : ndarray, shape (S, T, P, n, n)
        Of the distances of a sample from its boundaries.
    """

    t: Array
    joint: Array
    marginals: Array
    z: Array
    correlations: Array


@face
def judged(run: emergence.LinearDenoisers, classes: ArrayLike) -> Judged:
    """Return how right the samples of linear denoisers are, exactly: they are Gaussian.

    Parameters
    ----------
    run : LinearDenoisers
        Denoisers of concepts with two values.
    classes : array_like of int, shape (P, n)
        Classes that are asked for.

    Returns
    -------
    Judged
        Probabilities.
    """
    walls = run.task.boundaries(classes)
    mean = run.mean(classes)
    shares = np.einsum("stpm,prm->stpr", mean, walls.normals) + walls.offsets
    moved = np.einsum("prm,stmk->stprk", walls.normals, run.spreads)
    covariance = np.einsum("stprk,stpqk->stprq", moved, moved)
    spread = np.sqrt(np.einsum("...rr->...r", covariance))
    z = (shares - 0.5) / spread
    correlations = covariance / (spread[..., :, None] * spread[..., None, :])
    marginals = normal(z)
    return Judged(run.t, forms.orthant(z, correlations), marginals, z, correlations)


@face
def normal(z: ArrayLike) -> Array:
    """Return the probability that a standard normal number is at most z.

    Parameters
    ----------
    z : array_like, shape (...)
        Limits.

    Returns
    -------
    ndarray, shape (...)
        Probabilities.
    """
    from scipy.special import ndtr  # slow to import

    return np.asarray(ndtr(z))


@face
def main_split(
    *,
    sigma: float = 0.15,
    f: float = 1.0,
    code: Code = Presence(),  # noqa: B008 (frozen)
) -> ConceptGraph:
    """Return the main split of three concepts, with the class 001 thinned.

    Parameters
    ----------
    sigma : float
        Spread of the data.
    f : float
        Frequency of 001 in units of that of the other trained classes.
    code : Code
        Code of the values.

    Returns
    -------
    ConceptGraph
        000, 100, 010 and 001, in this order.
    """
    shares = np.array([1.0, 1.0, 1.0, f])
    train = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    return ConceptGraph(train, sigma=sigma, weights=shares / shares.sum(), code=code)


@face
def linear_run(
    graph: ConceptGraph,
    *,
    until: float,
    lr: float = 0.02,
    runs: int = 8,
    looks: int = 100,
    prediction: str = "x0",
    bias: bool = True,
) -> emergence.LinearDenoisers:
    """Return linear denoisers by SGD, looked at in times that are even in the logarithm.

    Parameters
    ----------
    graph : ConceptGraph
        What is learned.
    until : float
        Canonical time of the end.
    lr : float
        Learning rate.
    runs : int
        Number of runs.
    looks : int
        Number of looks, at most.
    prediction : {"x0", "v", "eps"}
        What is predicted.
    bias : bool
        Whether there is a constant feature.

    Returns
    -------
    LinearDenoisers
        The runs.
    """
    steps = round(until / lr)
    grid = np.unique(np.rint(np.geomspace(max(1.0, 0.1 / lr), steps, looks)).astype(np.intp))
    return emergence.descend(
        graph,
        steps=steps,
        lr=lr,
        batch=64,
        rng=0,
        prediction=prediction,
        levels=_LEVELS,
        runs=runs,
        bias=bias,
        looks=grid,
    )


@experiment
def linear(budget: Budget, f: float, until: float) -> Judged:
    """Linear denoisers of the main split, σ = .15, judged on 001, 011, 110 and 111."""
    runs = {"quick": 8, "standard": 8}.get(budget.name, 32)
    found = linear_run(main_split(f=f), until=until, runs=runs)
    return judged(found, [(0, 0, 1), (0, 1, 1), (1, 1, 0), FARTHEST])


@experiment
def ball(budget: Budget) -> emergence.LinearDenoisers:
    """Regressions of the ball n = 4, radius 2, by SGD."""
    runs = {"quick": 8, "standard": 8}.get(budget.name, 32)
    return emergence.descend(
        ConceptGraph.ball(4, 2),
        steps=600,
        lr=2.5e-3,
        batch=64,
        rng=0,
        levels=0,
        runs=runs,
        looks=np.arange(0, 601, 2),
    )


@face
def vector_run(
    graph: ConceptGraph,
    *,
    seeds: Iterable[int],
    steps: int = 6000,
    lr: float = 0.02,
    optimiser: Optimiser = SGD(),  # noqa: B008 (frozen)
    looks: IntArray | None = None,
    prompts: Any = None,
    draws: int = 256,
    mask: Mask | None = None,
    start: ConceptRun | None = None,
    device: str = "auto",
    progress: bool = False,
) -> ConceptRun:
    """Return perceptrons trained on vectors of a concept graph: seconds a seed.

    Parameters
    ----------
    graph : ConceptGraph
        Classes, frequencies, strengths, spread and code.
    seeds : iterable of int
        Seeds.
    steps : int
        Optimiser steps.
    lr : float
        Learning rate.
    optimiser : SGD or Adam
        The optimiser.
    looks : ndarray of int, optional
        Steps of the looks. Default: a hundred, closer in the first quarter.
    prompts : array_like, shape (P, n), optional
        Prompts. Default: all classes.
    draws : int
        Samples of a prompt at a look.
    mask : Mask, optional
        Words that captions leave out.
    start : ConceptRun, optional
        Where to begin.
    device : {"auto", "cpu", "gpu"}
        Where to train.
    progress : bool
        Show a progress bar, on a terminal only.

    Returns
    -------
    ConceptRun
        The run.
    """
    return train(
        MLPDenoiser(64),
        ConceptVectors(graph),
        steps=steps,
        lr=lr,
        seeds=seeds,
        optimiser=optimiser,
        draws=draws,
        prompts=prompts,
        looks=_looks(steps) if looks is None else looks,
        mask=mask,
        start=start,
        device=device,
        progress=progress,
    )


def _looks(steps: int) -> IntArray:
    """Two looks in three in the first quarter of a run."""
    early = np.linspace(0, steps / 4, 51)
    late = np.linspace(steps / 4, steps, 51)
    return np.unique(np.rint(np.concatenate([early, late]))).astype(np.intp)


def _seeds(budget: Budget, *, quick: int, standard: int, full: int) -> range:
    return range({"quick": quick, "standard": standard, "full": full}[budget.name])


@experiment
def vectors(budget: Budget, optimiser: str = "SGD") -> ConceptRun:
    """Nets on vectors of the main split, presence code, σ = .2; the quick budget asks for 111 alone.

    The samples of a prompt do not depend on which others are asked.
    """
    adam = optimiser == "Adam"
    return vector_run(
        main_split(sigma=0.2),
        seeds=_seeds(budget, quick=1, standard=5, full=20),
        steps=3000 if adam else 6000,
        lr=1e-3 if adam else 0.02,
        optimiser=Adam() if adam else SGD(),
        prompts=[FARTHEST] if budget.name == "quick" else None,
        device=budget.device,
    )


@experiment
def rare(budget: Budget, f: float, code: str, steps: int) -> ConceptRun:
    """Nets on vectors of the main split with 001 thinned to f, σ = .2."""
    return vector_run(
        main_split(sigma=0.2, f=f, code=Signed() if code == "signed" else Presence()),
        seeds=_seeds(budget, quick=1, standard=3, full=5),
        steps=steps,
        device=budget.device,
    )


@experiment
def hidden(budget: Budget, weak: float, steps: int) -> ConceptRun:
    """Nets on vectors of a weak concept beside one of strength 0.8, asked for 11 with the weak word made stronger."""
    return vector_run(
        park2024.two_concepts(weak, sigma=0.08),
        seeds=_seeds(budget, quick=1, standard=3, full=5),
        steps=steps,
        prompts=[(gain, 1.0) for gain in GAINS],
        draws=128,
        device=budget.device,
    )


@face
def image_run(
    *,
    seeds: Iterable[int],
    steps: int = 4000,
    net: Denoiser = MLPDenoiser(256, blocks=2),  # noqa: B008 (frozen)
    trained_classes: Any = None,
    counts: Any = None,
    lr: float = 1e-3,
    start: ConceptRun | None = None,
    device: str = "auto",
    progress: bool = False,
) -> ConceptRun:
    """Return denoisers of images with a background, a colour and a size: about a quarter of a minute a seed.

    Parameters
    ----------
    seeds : iterable of int
        Seeds.
    steps : int
        Optimiser steps, of Adam.
    net : Denoiser
        The denoiser.
    trained_classes : tuple of tuple of int, optional
        Training classes. Default: at most one concept on.
    counts : tuple of int, optional
        Images of each, which are as frequent as there are images. Default: a thousand.
    lr : float
        Learning rate.
    start : ConceptRun, optional
        Where to begin.
    device : {"auto", "cpu", "gpu"}
        Where to train.
    progress : bool
        Show a progress bar, on a terminal only.

    Returns
    -------
    ConceptRun
        The run.
    """
    world: World = ConceptImages(("background", "colour", "size"), trained_classes=trained_classes)
    return train(
        net,
        world if counts is None else Thinned(world, counts),
        steps=steps,
        lr=lr,
        seeds=seeds,
        optimiser=Adam(),
        draws=64,
        looks=np.unique(np.rint(np.linspace(0, steps, 41))).astype(np.intp),
        start=start,
        device=device,
        progress=progress,
    )


@experiment
def images(budget: Budget) -> ConceptRun:
    """Denoisers of images of the main split."""
    return image_run(seeds=_seeds(budget, quick=1, standard=2, full=3), device=budget.device)


@experiment
def thinned(budget: Budget, images: int) -> ConceptRun:
    """Denoisers of images of the main split, with few images of the class 010."""
    return image_run(
        seeds=_seeds(budget, quick=1, standard=1, full=2),
        counts=(1000, 1000, images, 1000),
        device=budget.device,
    )


@experiment
def adversarial(budget: Budget) -> tuple[ConceptRun, ConceptRun]:
    """Nets on vectors of the adversarial split, σ = .2, and the same nets tuned on 110 alone."""
    seeds = _seeds(budget, quick=1, standard=3, full=5)
    graph = okawa2023.adversarial_split(sigma=0.2)
    first = vector_run(graph, seeds=seeds, device=budget.device)
    alone = ConceptGraph([[1, 1, 0]], sigma=0.2, names=graph.names)
    return first, vector_run(alone, seeds=seeds, steps=4000, start=first, device=budget.device)
