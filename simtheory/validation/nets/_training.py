"""Train the seeds of one job: put data, starts and keys on the device, and drive the loop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from simtheory.results import Trajectory
from simtheory.validation.nets._job import Job, Seen
from simtheory.validation.nets.data import condensed
from simtheory.validation.nets.devices import computing_on, random_stream
from simtheory.validation.nets.running import Engine, Group, drive
from simtheory.validation.nets.store import Store

__all__ = ["descend"]


def descend(job: Job, *, checkpoint: Path | None, progress: bool) -> Seen:
    """Train until the last look, from the checkpoint on if there is one."""
    seen = Seen.empty(job)
    # without a file nothing is compared, and the digest of the random numbers takes a second to compile
    settings = {} if checkpoint is None else job.settings | {"random_stream": random_stream()}
    store = Store(checkpoint, Trajectory, settings, argument="checkpoint")
    hidden = not (progress and sys.stderr.isatty())
    with (
        computing_on(job.device, precision=job.precision),
        tqdm(total=int(job.stops[-1]), unit="step", disable=hidden, leave=False) as bar,
    ):
        drive(_engine(job), job.pieces, seen, store, moved=bar.update)
    return seen


def _engine(job: Job) -> Engine:
    import jax
    import jax.numpy as jnp

    from simtheory.validation.nets import loop
    from simtheory.validation.nets._perceptron import Network, Points, PointsLearner, Watch

    learner = PointsLearner(
        optimiser=job.optimiser,
        layer_factors=job.net.step_factors(adaptive=job.optimiser.adaptive),
        order=job.data.order,
        size=job.batch,
        is_linear=job.net.is_linear,
        jacobians=job.jacobians,
    )
    watch = Watch(np.asarray(job.factor), job.probes, job.data.source(job.task))
    common = jax.tree.map(jnp.asarray, loop.Common(np.asarray(job.lr), watch))

    def begin(layers: Any, points: Any, key: Any) -> Any:
        net = Network(jax.tree.map(jnp.asarray, layers), job.net.activation)
        return loop.start(learner, net, common.lr, order=learner.first_order(points, key))

    x, y = job.data.draw(job.task, seeds=job.seeds)
    rest = np.zeros(len(job.seeds))
    if job.condenses:
        x, y, rest = condensed(x, y)
    seeds = np.array(job.seeds, dtype=np.uint32)
    make = jax.vmap if job.batched else lambda function: function
    groups: list[Group] = []
    for part in [slice(None)] if job.batched else list(range(len(job.seeds))):
        points = jnp.asarray(x[part])
        data = Points(points, points if y is x else jnp.asarray(y[part]), jnp.asarray(rest[part]))
        key = make(jax.random.key)(jnp.asarray(seeds[part]))
        layers = jax.tree.map(lambda a, part=part: jnp.asarray(a[part]), job.layers)
        groups.append((make(begin)(layers, points, key), data, key))
    return Engine(learner, groups, common, batched=job.batched)
