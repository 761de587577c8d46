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
from simtheory.tasks import SIMTask

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
        Centres, summed probabilities, spread, and spread of label noise.
    key : ndarray of uint64, shape (2,)
        Key of all draws.
    """

    kind: int
    samples: int
    noisy: bool
    sets: IntArray
    moments: Array
    examples: tuple[Array, Array]
    law: tuple[Array, Array, Array, float]
    key: Any


@dataclass(frozen=True, slots=True)
class Gradients:
    """Where the gradients of a descent come from.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    batch : int or None
        Samples of a step.
    data : None, int or ndarray, shape (..., n, d)
        No data set, the size of each member's own, or the sets.
    label_noise : float
        Variance of the noise of labels.
    rng : numpy.random.Generator or None
        Gives the key, and the labels of given data.
    """

    task: SIMTask
    batch: int | None
    data: int | Array | None
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

        task, d = self.task, self.task.dim
        key = np.zeros(2, dtype=np.uint64)
        if self.rng is not None:
            key = self.rng.integers(0, 2**64, size=2, dtype=np.uint64)
        shares = np.cumsum(task.weights)
        law = (
            np.ascontiguousarray(task.to_concept_axes(task.centroids)),
            shares / shares[-1],
            np.array(task.sigma),
            float(np.sqrt(self.label_noise)),
        )
        sets = np.zeros(numbers.size, dtype=np.intp)
        x = y = np.zeros((1, 1, d))
        moments = np.zeros((1, 2, d, d))
        if self.data is None:
            moments[:] = np.diag(task.rates)
        elif isinstance(self.data, np.ndarray):
            x = y = np.ascontiguousarray(task.to_concept_axes(self.data)).reshape(-1, self.size, d)
            if self.label_noise:
                y = x + law[3] * as_generator(self.rng).standard_normal(x.shape)
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
        noisy = self.label_noise > 0.0
        return Inputs(kind, self.batch or 1, noisy, sets, moments, (x, y), law, key)


def as_gradients(
    task: SIMTask,
    batch: int | None,
    data: int | ArrayLike | None,
    label_noise: float,
    rng: np.random.Generator | int | None,
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
    found = Gradients(task, size, points, label_noise, source)
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
    if drawn and task.squared_rates:
        raise ArgumentError(
            f"Argument `{'data' if size is None else 'batch'}` needs a task whose samples have its "
            "rates, but squared_rates=True changes the rates alone. Use the population gradient, "
            "batch=None, or give the samples."
        )
    if drawn or size is not None or label_noise:
        as_generator(rng)
    return found
