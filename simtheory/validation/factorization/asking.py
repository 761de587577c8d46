"""Train a net on the labels of a seed, ask it for others, and count what is right by each criterion."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from simtheory._faces import face
from simtheory._typing import Array
from simtheory.validation.factorization.worlds import BumpImages
from simtheory.validation.nets.diffusion import ConceptRun, Denoiser, train
from simtheory.validation.nets.optimisers import CosineAdam

__all__ = ["KNOWN", "ROWS", "Answers", "ask"]

ROWS = 2048
"""Rows of every training set, whatever its number of labels: one shape, one compiled loop."""
KNOWN = 100
"""Training labels that a net is asked for; the queries follow them."""
_QUERIES = 300


class Answers(NamedTuple):
    """What trained nets answer; S seeds.

    The criteria are, in this order: the centre within 1 pixel and within ½ pixel of the label on both axes, and a
    cosine with the true image above .9.

    Parameters
    ----------
    known : ndarray, shape (S, 3)
        Shares of training labels that are answered rightly.
    right : ndarray, shape (S, 3)
        Shares of the queries.
    axes : ndarray, shape (S, 2, 2)
        Shares of the queries whose x, and whose y, is within 1 and within ½ pixel.
    covered : ndarray, shape (S, 2)
        Shares of the queries with an example within 1 and within ½ pixel on both axes.
    """

    known: Array
    right: Array
    axes: Array
    covered: Array


@face
def ask(
    net: Denoiser,
    world: BumpImages,
    *,
    seed: int,
    steps: int,
    device: str = "auto",
) -> tuple[ConceptRun, Answers]:
    """Train a net on a seed's labels, ask for labels it saw and for queries, and judge.

    Parameters
    ----------
    net : Denoiser
        The net.
    world : BumpImages
        What it learns.
    seed : int
        Draws labels, start, batches and noise.
    steps : int
        Steps of `CosineAdam`, batch 64, peak 2e-3; 2 or more.
    device : {"auto", "cpu", "gpu"}
        Where it trains.

    Returns
    -------
    run : ConceptRun
        The run of the one seed; its prompts are 100 training labels in view, then 300 queries of the task. Where
        no training label is in view, queries stand in for them.
    answers : Answers
        Shares of right answers.

    Examples
    --------
    >>> import simtheory as st
    >>> f = st.validation.factorization
    >>> world = f.BumpImages(st.BumpTask(8, layout=st.tasks.factorization.Random(20), periodic=True))
    >>> run, answers = f.ask(f.Decoder(16), world, seed=0, steps=20)
    >>> run.prompts.shape, answers.right.shape
    ((400, 2), (1, 3))
    """
    rng = np.random.default_rng((seed, 1))
    labels = world.labels(seed=seed)
    low, high = world.task.space.view
    shown = labels[((labels >= low) & (labels <= high)).all(axis=1)]
    wanted = world.task.queries(_QUERIES, rng=rng)
    known = shown[rng.integers(0, len(shown), KNOWN)] if len(shown) else wanted[:KNOWN]
    run = train(
        net,
        world,
        steps=steps,
        lr=2e-3,
        seeds=[seed],
        optimiser=CosineAdam(steps, warmup=max(min(100, steps // 10), 1)),
        samples=ROWS * -(-len(labels) // ROWS),
        draws=1,
        prompts=np.concatenate([known, wanted]),
        looks=[steps],
        device=device,
    )
    judge, samples = world.judge(), run.examples[0, -1]
    placed = judge.place(samples)
    near, nearer = (
        replace(judge, tolerance=tolerance).right(placed, run.prompts) for tolerance in (1.0, 0.5)
    )
    alike = judge.alike(samples, run.prompts) > 0.9
    each = np.stack([near.all(axis=1), nearer.all(axis=1), alike], axis=1)
    apart = np.abs(wanted[:, None] - labels)
    if world.task.periodic:
        apart = np.minimum(apart, world.task.extent - apart)
    distance = apart.max(axis=2).min(axis=1)
    return run, Answers(
        each[:KNOWN].mean(axis=0, keepdims=True),
        each[KNOWN:].mean(axis=0, keepdims=True),
        np.stack([near, nearer])[None, :, KNOWN:].mean(axis=2),
        np.array([[(distance < 1.0).mean(), (distance < 0.5).mean()]]),
    )
