"""Where the gradients of a descent come from: a law, or data sets, and the key of all draws.

The kernel works in the concept axes, where the spread of a cluster is a number for each coordinate;
so all arrays here are turned into them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_generator, positive_int
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError
from simtheory.sim.networks import widened
from simtheory.tasks import LinearTask, SIMTask

FULL, MINIBATCH, FRESH = 0, 1, 2  # where a step's gradient comes from


class Inputs(NamedTuple):
    """The data of an ensemble, as the kernel takes them.

    Parameters
    ----------
    kind : int
        `FULL`, `MINIBATCH` or `FRESH`.
    samples : int
        Samples of a step; one for a full gradient.
    noisy : bool
        Whether labels differ from inputs.
    sets : ndarray of int, shape (M,)
        Data set, or pair of moments, of each member.
    moments : ndarray, shape (S, 2, d, d)
        Means of x xᵀ and of y xᵀ over each set.
    examples : tuple of two ndarray, shape (S, n, d)
        Inputs and labels of each set.
    law : tuple
        Centres, summed probabilities, spread, spread of label noise, and teacher, empty for the identity.
    key : ndarray of uint64, shape (2,)
        Key of all draws.
    """

    kind: int
    samples: int
    noisy: bool
    sets: IntArray
    moments: Array
    examples: tuple[Array, Array]
    law: tuple[Array, Array, Array, float, Array]
    key: Any


@dataclass(frozen=True, slots=True)
class Gradients:
    """Where the gradients of a descent come from.

    Parameters
    ----------
    task : SIMTask or LinearTask
        What is learned.
    teacher : ndarray, shape (k, d), or None
        Its target in the axes of the kernel; None for the identity.
    turns : bool
        Whether outputs are turned into the principal axes too, as inputs are.
    batch : int or None
        Samples of a step.
    data : None, int or ndarray, shape (..., n, d)
        No data set, the size of each member's own, or the sets.
    labels : ndarray, shape (..., n, k), or None
        Labels of given sets; None for the answers of the task.
    label_noise : float
        Variance of the noise of labels.
    rng : numpy.random.Generator or None
        Gives the key, and the labels of given data.
    """

    task: SIMTask | LinearTask
    teacher: Array | None
    turns: bool
    batch: int | None
    data: int | Array | None
    labels: Array | None
    label_noise: float
    rng: np.random.Generator | None

    @property
    def ensemble(self) -> tuple[int, ...]:
        """Leading axes of the data sets."""
        return self.data.shape[:-2] if isinstance(self.data, np.ndarray) else ()

    @property
    def size(self) -> int:
        """Samples of a data set; zero if there is none."""
        return self.data.shape[-2] if isinstance(self.data, np.ndarray) else self.data or 0

    def inputs(self, ensemble: tuple[int, ...], numbers: Any) -> Inputs:
        """Draw what is drawn beforehand, for members of these numbers."""
        from simtheory.sim.descent.draws import draw  # loads Numba

        d = self.task.dim if self.teacher is None else max(self.teacher.shape)
        key = np.zeros(2, dtype=np.uint64)
        if self.rng is not None:
            key = self.rng.integers(0, 2**64, size=2, dtype=np.uint64)
        law = self._law(d)
        sets = np.zeros(numbers.size, dtype=np.intp)
        x = y = np.zeros((1, 1, d))
        moments = np.zeros((1, 2, d, d))
        if self.data is None:
            A = widened(np.diag(self.task.rates), d, d)
            moments[0] = A, A if self.teacher is None else widened(self.teacher, d, d) @ A
        elif isinstance(self.data, np.ndarray):
            x, y = self._examples(law[3])
            x, y = (widened(points, self.size, d) for points in (x, y))
            places = np.arange(len(x)).reshape(self.ensemble)
            sets = np.array(np.broadcast_to(places, ensemble), dtype=np.intp).ravel()
        else:
            x, y = np.empty((2, numbers.size, self.size, d))
            draw(law, key, numbers, x, y)
            sets = np.arange(numbers.size)
        if self.data is not None and self.batch is None:
            turned = np.swapaxes(x, 1, 2)
            moments = np.stack([turned @ x, np.swapaxes(y, 1, 2) @ x], axis=1) / self.size
        kind = FULL if self.batch is None else FRESH
        if self.batch is not None and self.data is not None:
            kind = MINIBATCH
        noisy = self.label_noise > 0.0 or self.teacher is not None or self.labels is not None
        return Inputs(kind, self.batch or 1, noisy, sets, moments, (x, y), law, key)

    def _law(self, side: int) -> tuple[Array, Array, Array, float, Array]:
        """Return the law of samples in the axes of the kernel; those of a `LinearTask` are Gaussian."""
        task, noise = self.task, float(np.sqrt(self.label_noise))
        if isinstance(task, LinearTask):
            centres, weights, spread = np.zeros((1, task.dim)), np.ones(1), np.sqrt(task.rates)
        else:
            centres, weights = task.to_concept_axes(task.centroids), task.weights
            spread = np.array(task.sigma)
        shares = np.cumsum(weights)
        teacher = np.zeros((0, 0))
        if self.teacher is not None:
            teacher = widened(self.teacher, len(self.teacher), side)
        return (
            np.ascontiguousarray(widened(centres, len(centres), side)),
            shares / shares[-1],
            widened(spread[np.newaxis], 1, side)[0],
            noise,
            teacher,
        )

    def _examples(self, noise: float) -> tuple[Array, Array]:
        """Return the given sets and their labels in the axes of the kernel, (S, n, d) and (S, n, k)."""
        axes = self.task.rotation
        x = np.asarray(self.data)
        x = np.ascontiguousarray(x if axes is None else x @ axes).reshape(-1, *x.shape[-2:])
        y = x if self.teacher is None else x @ self.teacher.T
        if self.labels is not None:
            y = self.labels if axes is None or not self.turns else self.labels @ axes
            y = np.ascontiguousarray(y).reshape(-1, *y.shape[-2:])
        if self.label_noise:
            y = y + noise * as_generator(self.rng).standard_normal(y.shape)
        return x, y


def as_gradients(
    task: SIMTask | LinearTask,
    batch: int | None,
    data: int | ArrayLike | None,
    label_noise: float,
    rng: np.random.Generator | int | None,
    *,
    teacher: Array | None = None,
    labels: ArrayLike | None = None,
    turns: bool = True,
) -> Gradients:
    """Return the gradients that the arguments of `descend` describe, checked."""
    size = None if batch is None else positive_int("batch", batch)
    points: int | Array | None = None
    if isinstance(data, int | np.integer) and not isinstance(data, bool):
        points = positive_int("data", int(data))
    elif data is not None:
        points = as_finite("data", data)
        if points.ndim < 2 or points.shape[-1] != task.dim or not points.shape[-2]:
            raise ShapeError(
                f"Argument `data` must be a number of samples or have shape (..., n, {task.dim}), "
                f"but its shape is {points.shape}."
            )
    source = None if rng is None else as_generator(rng)
    answers = None if labels is None else _as_labels(labels, points, task.n_outputs)
    found = Gradients(task, teacher, turns, size, points, answers, label_noise, source)
    if size is not None and points is not None and size > found.size:
        raise ArgumentError(
            f"Argument `batch` must not exceed the {found.size} samples of `data`, whose samples are "
            f"distinct within a batch, but it is {size}. For the gradient of all data leave it out."
        )
    if label_noise and size is None and points is None:
        raise ArgumentError(
            "Argument `label_noise` needs samples, for it leaves the gradient of the population as it "
            f"is, but it is {label_noise:g}. Give `batch`, `data`, or both."
        )
    drawn = isinstance(points, int) or (points is None and size is not None)
    if drawn and isinstance(task, SIMTask) and task.squared_rates:
        raise ArgumentError(
            f"Argument `{'data' if size is None else 'batch'}` needs a task whose samples have its "
            "rates, but squared_rates=True changes the rates alone. Use the population gradient, "
            "batch=None, or give the samples."
        )
    if drawn or size is not None or label_noise:
        as_generator(rng)
    return found


def _as_labels(labels: ArrayLike, points: int | Array | None, outputs: int) -> Array:
    """Return the labels of given samples."""
    if not isinstance(points, np.ndarray):
        raise ArgumentError(
            "Argument `labels` needs the samples that it belongs to, but `data` is "
            f"{points!r}. Give them in `data`."
        )
    values, wanted = as_finite("labels", labels), (*points.shape[:-1], outputs)
    if values.shape != wanted:
        raise ShapeError(
            f"Argument `labels` must have shape {wanted}, a label for each sample of `data`, but its "
            f"shape is {values.shape}."
        )
    return values
