"""Modes of a linear task whose layers start along them: shares of the strength, and W of them."""

from __future__ import annotations

import numpy as np

from simtheory._checks import not_negative
from simtheory._typing import Array, ArrayLike
from simtheory.errors import RegimeError, ShapeError
from simtheory.tasks import LinearTask, Modes


def mode_starts(task: LinearTask, w0: ArrayLike) -> tuple[Modes, Array]:
    """Return the modes of a task, and the share of its strength at which each starts, (..., r)."""
    modes = task.modes()
    start, r = not_negative("w0", w0), modes.strengths.size
    if start.ndim and start.shape[-1] not in (1, r):
        raise ShapeError(
            f"Argument `w0` must be one number or have shape (..., {r}), a start for each mode of the "
            f"task, but its shape is {start.shape}."
        )
    start = np.broadcast_to(start, (*start.shape[:-1], r)) / modes.strengths
    if r and start.max(initial=0.0) > 1.0:
        k = int(np.unravel_index(np.argmax(start), start.shape)[-1])
        raise RegimeError(
            f"A mode must start between 0 and its strength, but mode {k}, of strength "
            f"{modes.strengths[k]:g}, starts at {start.max() * modes.strengths[k]:g}."
        )
    return modes, start


def map_of_modes(modes: Modes, shares: Array) -> Array:
    """Return W over time, shape (..., T, k, d), from the share of each mode, shape (..., r, T)."""
    scaled = np.swapaxes(shares, -1, -2)[..., np.newaxis, :] * (modes.outputs * modes.strengths)
    return np.asarray(scaled @ modes.inputs.T)
