"""The runs that the documentation and the ledger show, by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from simtheory._checks import non_negative, positive_int
from simtheory._faces import face
from simtheory._typing import IntArray
from simtheory.tasks import SIMTask
from simtheory.validation.nets.diffusion.denoisers import Denoiser, MLPDenoiser
from simtheory.validation.nets.diffusion.images import ConceptImages
from simtheory.validation.nets.diffusion.runs import ConceptRun
from simtheory.validation.nets.diffusion.train import train
from simtheory.validation.nets.diffusion.vectors import ConceptVectors
from simtheory.validation.nets.optimisers import SGD, Adam

__all__ = ["STRONG", "even_looks", "image_run", "log_looks", "vector_run", "vector_task"]

STRONG = 0.8
"""Strength of the strong concept of the vectors."""


@face
def log_looks(steps: int, *, first: int = 10, count: int = 49) -> IntArray:
    """Return steps at which to look, 0 and then evenly spaced in the logarithm.

    Parameters
    ----------
    steps : int
        The last.
    first : int
        The first after 0.
    count : int
        How many after 0, less those that coincide.

    Returns
    -------
    ndarray of int
        The steps.
    """
    last = positive_int("steps", steps)
    grid = np.geomspace(min(positive_int("first", first), last), last, positive_int("count", count))
    return np.unique(np.concatenate([[0], np.rint(grid)]).astype(np.intp))


@face
def even_looks(steps: int, *, every: int = 100) -> IntArray:
    """Return steps at which to look, evenly spaced, and three more between the first two.

    Parameters
    ----------
    steps : int
        The last.
    every : int
        Distance between two looks.

    Returns
    -------
    ndarray of int
        The steps.
    """
    last = positive_int("steps", steps)
    early = np.arange(0, positive_int("every", every), max(every // 4, 1))
    grid = np.concatenate([early, np.arange(every, last, every), [last]])
    return np.unique(grid[grid <= last]).astype(np.intp)


@face
def vector_task(strength: float) -> SIMTask:
    """Return the task of `vector_run`.

    Parameters
    ----------
    strength : float
        Signal strength of the first concept; the second has `STRONG`.

    Returns
    -------
    SIMTask
        Two concepts with spread 0.08, and a cluster without either.
    """
    return SIMTask(mu=(non_negative("strength", strength), STRONG), sigma=0.08, origin=True)


@face
def vector_run(
    strength: float,
    *,
    seeds: Iterable[int] = range(5),
    steps: int = 8000,
    device: str = "auto",
    progress: bool = False,
) -> ConceptRun:
    """Return a run on vectors: seconds on a CPU.

    A perceptron of width 64, by SGD, whose learning times keep the order of the strengths (`Adam`
    makes them more alike).

    Parameters
    ----------
    strength : float
        Signal strength of the first concept; the second has `STRONG`.
    seeds : iterable of int
        Seeds.
    steps : int
        Optimiser steps.
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
        ConceptVectors(vector_task(strength)),
        steps=steps,
        lr=0.02,
        seeds=seeds,
        optimiser=SGD(),
        draws=128,
        looks=log_looks(steps),
        device=device,
        progress=progress,
    )


@face
def image_run(
    colour: float,
    *,
    net: Denoiser = MLPDenoiser(256, blocks=2),  # noqa: B008 (frozen)
    seeds: Iterable[int] = range(5),
    steps: int = 4000,
    store: str | Path | None = None,
    device: str = "auto",
    progress: bool = False,
) -> ConceptRun:
    """Return a run on images of a disc, whose colour and size are the concepts.

    Parameters
    ----------
    colour : float
        Distance of the two colours; the radii differ by 0.4.
    net : MLPDenoiser or UNetDenoiser
        The denoiser: a perceptron trains in seconds, a U-Net in minutes.
    seeds : iterable of int
        Seeds.
    steps : int
        Optimiser steps, of Adam.
    store : path, optional
        Folder from which an interrupted run goes on.
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
        net,
        ConceptImages(("colour", "size"), strengths=(colour, 0.4)),
        steps=steps,
        lr=2e-3 if net.convolves else 1e-3,
        seeds=seeds,
        optimiser=Adam(),
        draws=32,
        looks=even_looks(steps),
        store=store,
        device=device,
        progress=progress,
    )
