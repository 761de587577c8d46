"""Checks that the forms about discrete optimisers share."""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError


def as_steps(steps: ArrayLike) -> Array:
    """Return whole, increasing step numbers from 0 on, shape (K,), as floats."""
    k = as_finite("steps", steps)
    if k.ndim != 1 or k.size == 0:
        raise ShapeError(
            f"Argument `steps` must be a one-dimensional list of step numbers, but its shape is {k.shape}."
        )
    if np.any(k != np.rint(k)) or k[0] < 0 or np.any(np.diff(k) <= 0):
        raise ArgumentError(
            "Argument `steps` must hold whole numbers from 0 on that increase strictly, but it is "
            f"{np.array2string(k, threshold=6)}."
        )
    return k
