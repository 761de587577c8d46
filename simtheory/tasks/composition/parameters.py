"""Weights and covariances of a mixture: what they must be."""

from __future__ import annotations

import numpy as np

from simtheory._checks import (
    as_finite,
    rounding,
)
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ShapeError, TaskError

_SUM = 1e-9
"""How far the weights of a mixture may be from summing to one."""


def as_weights(weights: ArrayLike, normalised: bool) -> Array:
    pi = as_finite("weights", weights, error=TaskError)
    if pi.ndim != 1 or not pi.size:
        raise ShapeError(
            f"Argument `weights` must have shape (k,), one for each component, but its shape is {pi.shape}."
        )
    if pi.min() < 0.0:
        raise TaskError(
            f"Argument `weights` must not be negative, but its smallest entry is {pi.min():g} "
            f"(component {int(pi.argmin())})."
        )
    total = float(pi.sum())
    if total <= 0.0 or (normalised and abs(total - 1.0) > _SUM):
        raise TaskError(
            f"Argument `weights` must sum to 1, but its sum is {total:.12g}. Pass normalised=False to "
            "divide the weights by their sum."
        )
    return pi / total


def is_diagonal(covariances: Array) -> bool:
    d = covariances.shape[-1]
    return not np.any(covariances[:, ~np.eye(d, dtype=bool)])


def as_covariances(covariances: ArrayLike, k: int, d: int) -> tuple[Array, Array, Array | None]:
    """Return full covariances, their eigenvalues, and their eigenvectors if these are no coordinate axes."""
    given = as_finite("covariances", covariances, error=TaskError)
    if given.shape not in ((k,), (k, d), (k, d, d)):
        raise ShapeError(
            f"Argument `covariances` must have shape ({k},), ({k}, {d}) or ({k}, {d}, {d}), but its "
            f"shape is {given.shape}."
        )
    axes = None
    if given.ndim == 3:
        flipped = np.swapaxes(given, 1, 2)
        skew = np.abs(given - flipped).reshape(k, -1).max(axis=1)
        worst = int(np.argmax(skew - rounding(covariances, double=1e-10) * _sizes(given)))
        if skew[worst] > rounding(covariances, double=1e-10) * _sizes(given)[worst]:
            raise TaskError(
                f"Argument `covariances` must hold symmetric matrices, but that of component {worst} "
                f"differs from its transpose by {skew[worst]:g}."
            )
        given = 0.5 * (given + flipped)
        if is_diagonal(given):
            variances = np.array(np.diagonal(given, axis1=1, axis2=2))
        else:
            variances, axes = np.linalg.eigh(given)
    else:
        variances = np.array(given if given.ndim == 2 else np.repeat(given[:, None], d, axis=1))
        given = variances[:, :, None] * np.eye(d)
    least = variances.min(axis=1)
    floor = 0.0 if axes is None else 1e-14 * _sizes(given)  # rounding of eigh
    if np.any(least <= floor):
        bad = int(np.argmin(least - floor))
        raise TaskError(
            "Argument `covariances` must be positive definite, but that of component "
            f"{bad} has the eigenvalue {least[bad]:g}. Add a small variance, or drop the direction."
        )
    return given, variances, axes


def _sizes(matrices: Array) -> Array:
    return np.asarray(np.abs(matrices).reshape(len(matrices), -1).max(axis=1))
