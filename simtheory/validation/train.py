r"""Train small networks on a task: the third road to a trajectory.

Problem
-------
A theory describes the population and the limit of small steps. A trained network has neither: each
seed draws its own data and its own start, and takes finite steps. Several seeds, side by side, tell
how far the theory carries.

Symbols
-------
S : number of seeds; T : number of records; P : number of probes; n : number of data points of one
seed; d : dimension of the task; k : step number; :math:`\eta` : learning rate.

Result
------
Full-batch descent of one linear layer has a closed form to hold training against, with the second
moment :math:`\hat A = \frac1n \sum_i x_i x_i^T` of the *seed's own* data and c from
`simtheory.units`:

.. math:: I - W_k = (I - W_0)(I - c\,\eta \hat A)^k .

`training_data` and `nets.initial_layers` give the data and the start of any seed, so that every run
can be repeated by other means.

Reading
-------
Everything is float64, and a seed's result depends on the seed, not on the seeds beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from simtheory._checks import as_finite, one_of, positive, positive_int, require
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError, SolveError, TaskError
from simtheory.tasks import SIMTask
from simtheory.trajectory import Trajectory
from simtheory.units import LOSSES, Clock
from simtheory.validation.devices import find_device, float64_on
from simtheory.validation.nets import MLP, Init, Layer, initial_layers
from simtheory.validation.optimisers import SGD, Adam, Optimiser

__all__ = ["train", "training_data"]

_LOSSES = tuple(name for name in LOSSES if name != "recurrence")
_CHUNKS = 20  # pieces of a run, between which the bar moves and a run without a finite seed ends


def train(
    net: MLP,
    task: SIMTask,
    *,
    steps: int,
    lr: float,
    seeds: Iterable[int],
    optimiser: Optimiser = SGD(),  # noqa: B008 (frozen)
    samples: int = 1000,
    batch: int | None = None,
    loss: str = "half_sum",
    init: Init | None = None,
    records: int | ArrayLike = 200,
    probes: ArrayLike | None = None,
    device: str = "auto",
    progress: bool = False,
) -> Trajectory:
    r"""Train a network on a task, once for each seed.

    The loss is the mean over the data of the squared distance from output to input, as `loss`
    counts it; targets are the inputs.

    Parameters
    ----------
    net : MLP
        The network.
    task : SIMTask
        The task; each seed draws its own data from it.
    steps : int
        Optimiser steps.
    lr : float
        Learning rate.
    seeds : iterable of int
        Seeds, all different; the leading axis of the result.
    optimiser : SGD or Adam
        The optimiser. Default: ``SGD()``, gradient descent without momentum.
    samples : int
        Points per cluster.
    batch : int, optional
        Points per step, drawn from the seed's data uniformly and with replacement, so that steps
        are independent. Default: all of the data in every step.
    loss : {"half_sum", "sum", "mean"}
        What is minimised, as in `units.Clock`: half the sum over outputs, the sum, or the mean.
    init : DefaultInit, SmallInit or sequence of array_like, optional
        Where the weights start; see `nets.initial_layers`.
    records : int or array_like of int
        Number of records, evenly spaced with the first at step 0 and the last at the end, or the
        step numbers themselves. Training ends with the last record.
    probes : array_like, shape (P, d), optional
        Inputs on which outputs are watched. Default: ``task.probes``.
    device : {"auto", "cpu", "gpu"}
        Where to train; ``"auto"`` takes a GPU if there is one.
    progress : bool
        Show a progress bar, on a terminal only.

    Returns
    -------
    Trajectory
        Outputs (S, T, P, d) over canonical time and, if the network is linear without biases, its
        end-to-end map (S, T, d, d). `stats` holds the seeds, the training loss (S, T) on all of a
        seed's data, the recorded steps (S, T), and the settings.

    Raises
    ------
    ArgumentError, ShapeError, TaskError
        If an argument breaks a rule; nothing is trained then.
    SolveError
        If a seed diverges; `partial` holds the seeds that stayed finite.
    MissingExtraError
        If JAX, Equinox or Optax are not installed.

    Notes
    -----
    Time is ``units.Clock(lr, loss, d, momentum)``: exact for lr → 0, and late for momentum. With
    `Adam`, which has no canonical clock, t = lr · k; ``stats["clock"]`` says which it is.

    Only the recorded steps are kept. The loop over steps is compiled once for each shape of the
    problem; learning rate and number of steps do not count as shape.

    Examples
    --------
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.1)
    >>> run = train(MLP(depth=1), task, steps=100, lr=0.1, seeds=range(3), samples=50, records=11)
    >>> run.outputs.shape, run.t[-1]
    ((3, 11, 4, 2), np.float64(10.0))
    """
    if not isinstance(net, MLP):
        raise ArgumentError(f"Argument `net` must be an MLP, but got {net!r}.")
    job = _Job(
        net=net,
        task=_checked_task(task),
        lr=positive("lr", lr),
        seeds=_checked_seeds(seeds),
        optimiser=_checked_optimiser(optimiser),
        batch=_checked_batch(batch, positive_int("samples", samples), task),
        samples=samples,
        loss=one_of("loss", loss, _LOSSES),
        stops=_checked_records(records, positive_int("steps", steps)),
        probes=_checked_probes(probes, task),
        device=find_device(device),
    )
    layers = initial_layers(net, task.dim, job.seeds, init)
    for module in ("equinox", "optax"):
        require(module, extra="nets")
    return job.result(_descend(job, layers, progress=progress))


def training_data(task: SIMTask, *, samples: int, seed: int) -> Array:
    """Return the data on which `train` trains one seed.

    Parameters
    ----------
    task : SIMTask
        The task.
    samples : int
        Points per cluster.
    seed : int
        The seed.

    Returns
    -------
    ndarray, shape (n, d)
        Inputs, which are the targets too.
    """
    stream = np.random.SeedSequence(seed, spawn_key=(0,))  # shares nothing with the start's
    points, _ = task.sample(samples, rng=np.random.default_rng(stream))
    return points


@dataclass(frozen=True, slots=True)
class _Seen:
    """What training left, for the records it reached: all of them, unless every seed diverged."""

    outputs: Array
    loss: Array
    weights: Array | None

    @property
    def finite(self) -> Any:
        """Whether a seed is finite at a record, shape (S, T)."""
        good = np.isfinite(self.loss) & np.isfinite(self.outputs).all(axis=(-1, -2))
        return good if self.weights is None else good & np.isfinite(self.weights).all(axis=(-1, -2))


@dataclass(frozen=True, slots=True)
class _Job:
    """The checked arguments of one call of `train`."""

    net: MLP
    task: SIMTask
    lr: float
    seeds: tuple[int, ...]
    optimiser: Optimiser
    batch: int | None
    samples: int
    loss: str
    stops: IntArray
    probes: Array
    device: Any

    @property
    def t(self) -> Array:
        """Time of the records."""
        return self.optimiser.time(self.stops, lr=self.lr, loss=self.loss, dim=self.task.dim)

    def result(self, seen: _Seen) -> Trajectory:
        """Return the trajectory, or raise if a seed diverged."""
        finite = seen.finite
        whole = finite.all(axis=1)
        if whole.all():
            return self.trajectory(seen, whole)
        lost = [seed for seed, good in zip(self.seeds, whole, strict=True) if not good]
        first = int((~finite).any(axis=0).argmax())
        rate = float(np.linalg.eigvalsh(self.task.second_moment)[-1])
        raise SolveError(
            f"Training diverged for {len(lost)} of {len(self.seeds)} seeds "
            f"({', '.join(map(str, lost[:8]))}{', …' if len(lost) > 8 else ''}): numbers that are not "
            f"finite were met first at step {self.stops[first]}, time {self.t[first]:g}. "
            + self.optimiser.advice(loss=self.loss, dim=self.task.dim, rate=rate),
            time=float(self.t[max(first - 1, 0)]),
            partial=self.trajectory(seen, whole) if whole.any() else None,
        )

    def trajectory(self, seen: _Seen, keep: Any) -> Trajectory:
        """Return the trajectory of the seeds marked in `keep`."""
        stats = {
            "seeds": np.array(self.seeds)[keep],
            "train_loss": seen.loss[keep],
            "steps": np.tile(self.stops, (int(keep.sum()), 1)),
            "lr": self.lr,
            "clock": self.optimiser.clock,
            "loss": self.loss,
            "optimiser": repr(self.optimiser),
            "samples": self.samples,
            "batch": "all" if self.batch is None else self.batch,
            "device": self.device.platform,
        }
        return Trajectory(
            t=self.t,
            probes=self.probes,
            outputs=seen.outputs[keep],
            weights=None if seen.weights is None else seen.weights[keep],
            task=self.task,
            origin=f"validation.train({self.net!r})",
            exact=False,
            stats=stats,
        )


def _descend(job: _Job, layers: tuple[Layer, ...], *, progress: bool) -> _Seen:
    """Run the compiled loop over the records, in pieces of one size."""
    import jax
    import jax.numpy as jnp

    from simtheory.validation._descent import Plan, advance, start

    # the last record is repeated to fill the last piece: no step is made for it, and it is cut off
    size = -(-job.stops.size // _CHUNKS)
    pieces = np.pad(job.stops, (0, -job.stops.size % size), mode="edge").reshape(-1, size)
    data = [training_data(job.task, samples=job.samples, seed=seed) for seed in job.seeds]
    seen = []
    hidden = not (progress and sys.stderr.isatty())
    with (
        float64_on(job.device),
        tqdm(total=int(job.stops[-1]), unit="step", disable=hidden, leave=False) as bar,
    ):
        plan = Plan(job.optimiser, job.batch, job.net.is_linear)
        state = start(job.net, layers, job.optimiser, job.lr)
        points, probes = jnp.asarray(np.stack(data)), jnp.asarray(job.probes)
        keys = jax.vmap(jax.random.key)(jnp.asarray(job.seeds))
        lr = jnp.asarray(job.lr)
        factor = jnp.asarray(0.5 * Clock(lr=1.0, loss=job.loss, dim=job.task.dim).step)
        for piece in pieces:
            state, records = advance(
                plan, state, points, keys, probes, jnp.asarray(piece), lr=lr, factor=factor
            )
            seen.append(jax.tree.map(np.asarray, records))
            bar.update(int(piece[-1]) - bar.n)
            if not np.isfinite(seen[-1].loss[-1]).any():
                break  # no seed is left
    return _Seen(*(_joined(parts, job.stops.size) for parts in zip(*seen, strict=True)))


def _joined(parts: tuple[Any, ...], records: int) -> Any:
    """Join pieces (T', S, ...) to one array (S, T, ...)."""
    if parts[0] is None:
        return None
    return np.swapaxes(np.concatenate(parts)[:records], 0, 1)


def _checked_task(task: SIMTask) -> SIMTask:
    if not isinstance(task, SIMTask):
        raise TaskError(f"Argument `task` must be a SIMTask, but got {task!r}.")
    if task.squared_rates:
        raise TaskError(
            "Argument `task` must not have squared_rates=True: a network learns from data, and the "
            "rates of data are not squared. Train on the same task without it."
        )
    return task


def _checked_seeds(seeds: Any) -> tuple[int, ...]:
    if isinstance(seeds, str) or not isinstance(seeds, Iterable):
        raise ArgumentError(
            f"Argument `seeds` must hold integers, such as range(20), but it is {seeds!r}."
        )
    values = tuple(seeds)
    for seed in values:
        if (
            isinstance(seed, bool)
            or not isinstance(seed, int | np.integer)
            or not 0 <= seed < 2**32
        ):
            raise ArgumentError(
                f"Argument `seeds` must hold integers from 0 to 2**32 - 1, but it holds {seed!r}."
            )
    if not values:
        raise ArgumentError("Argument `seeds` must hold at least one seed, but it is empty.")
    repeated = [seed for k, seed in enumerate(values) if seed in values[:k]]
    if repeated:
        raise ArgumentError(
            f"Argument `seeds` must hold each seed once, but {repeated[0]} comes twice."
        )
    return tuple(int(seed) for seed in values)


def _checked_optimiser(optimiser: Any) -> Optimiser:
    if isinstance(optimiser, str):
        one_of("optimiser", optimiser, ("SGD()", "Adam()"))
    if not isinstance(optimiser, SGD | Adam):
        raise ArgumentError(
            f"Argument `optimiser` must be an object, SGD() or Adam(), but got {optimiser!r}."
        )
    return optimiser


def _checked_batch(batch: int | None, samples: int, task: SIMTask) -> int | None:
    if batch is None:
        return None
    points = samples * task.weights.size
    if positive_int("batch", batch) > points:
        raise ArgumentError(
            f"Argument `batch` must not exceed the {points} data points of a seed "
            f"({samples} for each of {task.weights.size} clusters), but it is {batch}."
        )
    return int(batch)


def _checked_records(records: int | ArrayLike, steps: int) -> IntArray:
    if isinstance(records, int | np.integer) and not isinstance(records, bool):
        if records < 2:
            raise ArgumentError(
                f"Argument `records` must be at least 2, the start and the end, but it is {records}."
            )
        return np.unique(np.rint(np.linspace(0, steps, int(records))).astype(np.intp))
    stops = np.asarray(records)
    if stops.ndim != 1 or stops.size == 0 or not np.issubdtype(stops.dtype, np.integer):
        raise ArgumentError(
            "Argument `records` must be a number of records or an array of step numbers, "
            f"but got {records!r}."
        )
    if stops.min() < 0 or stops.max() > steps:
        raise ArgumentError(
            f"Argument `records` must lie between 0 and the {steps} steps, "
            f"but it runs from {stops.min()} to {stops.max()}."
        )
    if np.any(np.diff(stops) <= 0):
        raise ArgumentError("Argument `records` must increase strictly; pass np.unique(records).")
    return stops.astype(np.intp)


def _checked_probes(probes: ArrayLike | None, task: SIMTask) -> Array:
    points = task.probes if probes is None else as_finite("probes", probes)
    if points.ndim != 2 or points.shape[1] != task.dim or len(points) == 0:
        raise ShapeError(
            f"Argument `probes` must have shape (P, {task.dim}), but its shape is {points.shape}."
        )
    return points
