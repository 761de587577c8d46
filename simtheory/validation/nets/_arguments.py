"""Checks of the arguments of `train`: all of them before anything is compiled."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._checks import as_finite, as_second_moment, one_of, positive_int, warn_caller
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError, TaskError, TrainingWarning
from simtheory.tasks import LinearTask, SIMTask
from simtheory.validation.nets._job import Job, stability_bound
from simtheory.validation.nets.architectures import MLP
from simtheory.validation.nets.data import Data
from simtheory.validation.nets.devices import free_memory
from simtheory.validation.nets.optimisers import Optimiser

_LOG_LOOKS = 200


def checked_task(task: SIMTask | LinearTask, net: MLP) -> SIMTask | LinearTask:
    """Return the task if data can have it, and a tied net its teacher."""
    if isinstance(task, LinearTask):
        return _reached(task, net)
    if not isinstance(task, SIMTask):
        raise TaskError(f"Argument `task` must be a SIMTask or a LinearTask, but got {task!r}.")
    if task.squared_rates:
        raise TaskError(
            "Argument `task` must not have squared_rates=True: a network learns from data, and the "
            "rates of data are not squared. Train on the same task without it."
        )
    return task


def _reached(task: LinearTask, net: MLP) -> LinearTask:
    if not net.tied:
        return task
    if task.n_outputs != task.dim:
        raise TaskError(
            "Argument `task` must have as many outputs as inputs for a tied net, but it has "
            f"{task.n_outputs} and {task.dim}. Take tied=False."
        )
    if net.is_linear:
        try:
            as_second_moment(task.teacher, name="task.teacher")
        except ArgumentError as reason:
            raise TaskError(
                f"{reason} A tied linear net reaches no other; take tied=False."
            ) from reason
    return task


def checked_seeds(seeds: Any) -> tuple[int, ...]:
    """Return the seeds, all different; a number n stands for the seeds 0 to n - 1."""
    if isinstance(seeds, int | np.integer) and not isinstance(seeds, bool):
        seeds = range(positive_int("seeds", int(seeds)))
    if isinstance(seeds, str) or not isinstance(seeds, Iterable):
        raise ArgumentError(
            "Argument `seeds` must be a number of seeds, such as 5, or hold integers, such as "
            f"range(20), but it is {seeds!r}."
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
    known: set[int] = set()
    for seed in values:
        if seed in known:
            raise ArgumentError(
                f"Argument `seeds` must hold each seed once, but {seed} comes twice."
            )
        known.add(seed)
    return tuple(int(seed) for seed in values)


def checked_optimiser(optimiser: Any) -> Optimiser:
    """Return the optimiser, an object."""
    if isinstance(optimiser, str):
        one_of("optimiser", optimiser, ("SGD()", "Adam()"))
    if not isinstance(optimiser, Optimiser):
        raise ArgumentError(
            f"Argument `optimiser` must be an object, SGD() or Adam(), but got {optimiser!r}."
        )
    return optimiser


def checked_data(data: Any) -> Data:
    """Return the data, an object."""
    if isinstance(data, str):
        one_of("data", data, ("Samples()", "Points()", "Fresh()"))
    if not isinstance(data, Data):
        raise ArgumentError(
            "Argument `data` must be an object, Samples(n), Points(x) or Fresh(), "
            f"but got {data!r}."
        )
    return data


def checked_batch(
    batch: int | None, data: Data, task: SIMTask | LinearTask, points: int
) -> int | None:
    """Return the points of a step; None stands for all of them."""
    if batch is None:
        if data.source(task) is not None:
            raise ArgumentError(
                "Argument `batch` is needed with fresh data: it says how many points a step draws."
            )
        return None
    if positive_int("batch", batch) > points and data.source(task) is None:
        raise ArgumentError(
            f"Argument `batch` must not exceed the {points} data points of a seed, but it is {batch}."
        )
    return int(batch)


def checked_looks(looks: int | str | ArrayLike, steps: int) -> IntArray:
    """Return the step numbers of the looks."""
    if isinstance(looks, str):
        one_of("looks", looks, ("log",))
        grid = np.geomspace(1, steps, _LOG_LOOKS).round().astype(np.intp)
        return np.union1d(0, grid)
    if isinstance(looks, int | np.integer) and not isinstance(looks, bool):
        if looks < 2:
            raise ArgumentError(
                f"Argument `looks` must be at least 2, the start and the end, but it is {looks}."
            )
        return np.unique(np.rint(np.linspace(0, steps, int(looks))).astype(np.intp))
    stops = np.asarray(looks)
    if stops.ndim != 1 or stops.size == 0 or not np.issubdtype(stops.dtype, np.integer):
        raise ArgumentError(
            'Argument `looks` must be a number of looks, "log" or an array of step numbers, '
            f"but got {looks!r}."
        )
    if stops.min() < 0 or stops.max() > steps:
        raise ArgumentError(
            f"Argument `looks` must lie between 0 and the {steps} steps, "
            f"but it runs from {stops.min()} to {stops.max()}."
        )
    if np.any(np.diff(stops) <= 0):
        raise ArgumentError("Argument `looks` must increase strictly; pass np.unique(looks).")
    return stops.astype(np.intp)


def checked_probes(probes: ArrayLike | None, task: SIMTask | LinearTask) -> Array:
    """Return the inputs on which outputs are watched."""
    points = task.probes if probes is None else as_finite("probes", probes)
    if points.ndim != 2 or points.shape[1] != task.dim or len(points) == 0:
        raise ShapeError(
            f"Argument `probes` must have shape (P, {task.dim}), but its shape is {points.shape}."
        )
    return points


def checked_path(checkpoint: str | os.PathLike[str] | None) -> Path | None:
    """Return where checkpoints go, a file in a folder that can be written to."""
    if checkpoint is None:
        return None
    path = Path(checkpoint)
    path = path if path.suffix or path.is_dir() else path.with_suffix(".npz")
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ArgumentError(
            "Argument `checkpoint` must name a file in a folder that exists and can be written to, "
            f"but it is {str(checkpoint)!r}."
        )
    return path


def check_memory(job: Job) -> None:
    """Raise if what a run holds at a time does not fit."""
    free = free_memory(job.device)
    needed = _bytes(job)
    if free is not None and needed > free:
        most = int(len(job.seeds) * free / needed)
        raise ArgumentError(
            f"Argument `seeds` asks for more than fits into memory: {len(job.seeds)} seeds need about "
            f"{needed / 1e9:.3g} GB and {free / 1e9:.3g} GB are free. "
            + (
                f"Train at most {most} seeds at a time"
                if most
                else "Take a narrower net, fewer points"
            )
            + ", or look less often."
        )


def warn_if_unstable(job: Job) -> None:
    """Warn if the learning rate is beyond the bound of the linear net."""
    bound = stability_bound(job.net, job.task, job.optimiser, job.loss)
    if bound is not None and job.lr > bound:
        warn_caller(
            f"Argument `lr` is {job.lr:g}, beyond the bound {bound:.3g} = 2/(depth · a_max) of a linear "
            f"net in the units of this loss and optimiser: near the solution it does not converge.",
            TrainingWarning,
        )


def _bytes(job: Job) -> float:
    """Return about how many bytes a run holds at a time."""
    seeds, n, d = job.data.shape(job.task, seeds=job.seeds)
    p, looks, k = len(job.probes), job.stops.size, job.task.n_outputs
    points = (
        n * d * (2 if getattr(job.data, "label_noise", True) else 1)
    )  # with targets of their own
    look = p * k + k * d * (int(job.net.is_linear) + (p if job.jacobians else 0))
    weights = sum(out * (into + job.net.bias) for out, into in job.net.shapes(d, k))
    if job.net.tied:
        weights //= 2
    # with the gradient and at most two numbers that an optimiser keeps, four a weight; what was seen is
    # copied when the trajectory is made
    kept = seeds * (points + 2 * looks * look + 4 * weights)
    # activations and their gradients, on all points wherever the loss is looked at
    widths = sum(out for out, _ in job.net.shapes(d, k))
    worked_on = 2 * (d if job.condenses else n) * widths * (seeds if job.batched else 1)
    return 8.0 * kept + (8.0 if job.precision == "float64" else 4.0) * worked_on
