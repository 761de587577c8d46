"""Checks of the numbers that describe a random hierarchy, as arrays that broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory._checks import as_finite
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, RegimeError, TaskError

__all__ = ["hierarchy", "learnable", "level_of", "whole"]


def whole(name: str, value: ArrayLike, *, least: int) -> Array:
    """Return whole numbers, not below `least`, as an array of floats."""
    array = as_finite(name, value)
    if array.size and (array.min() < least or (array != np.round(array)).any()):
        raise ArgumentError(
            f"Argument `{name}` must hold whole numbers, {least} or more, but it holds "
            f"{array[(array < least) | (array != np.round(array))].flat[0]:g}."
        )
    return array


def hierarchy(v: ArrayLike, m: ArrayLike, s: ArrayLike) -> tuple[Array, Array, Array, Array]:
    """Return v, m, s and the share f of tuples that some rule writes."""
    v, m, s = (whole(name, x, least=k) for name, x, k in (("v", v, 2), ("m", m, 1), ("s", s, 2)))
    with np.errstate(over="ignore"):
        if not np.isfinite(v**s).all():
            raise TaskError("Arguments `v` and `s` must have a v**s below 1e308, but it is larger.")
    f = m * v ** (1.0 - s)
    if f.size and f.max() > 1.0:
        most = np.broadcast_to(v ** (s - 1.0), f.shape)[f > 1.0].flat[0]
        raise TaskError(
            f"Argument `m` must be at most v**(s-1) = {most:g}, because the tuples of two symbols "
            f"differ, but it is {np.broadcast_to(m, f.shape)[f > 1.0].flat[0]:g}."
        )
    return v, m, s, f


def learnable(v: ArrayLike, m: ArrayLike, s: ArrayLike) -> tuple[Array, Array, Array, Array]:
    """Return v, m, s and f where correlations tell symbols apart: some tuples have no rule, f < 1."""
    v, m, s, f = hierarchy(v, m, s)
    if f.size and f.max() >= 1.0:
        raise RegimeError(
            "Argument `m` must be below v**(s-1): if every tuple is written, tokens are not correlated, "
            "and no number of strings is enough."
        )
    return v, m, s, f


def level_of(name: str, value: Any, *, least: int, most: int) -> int:
    """Return a level as an int from `least` to `most`."""
    if not isinstance(value, int | np.integer) or not least <= value <= most:
        raise ArgumentError(
            f"Argument `{name}` must be a level from {least} to {most}, but it is {value!r}."
        )
    return int(value)
