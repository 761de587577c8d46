"""The error of drawn masses, and its three parts."""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ShapeError
from simtheory.labels import implements

__all__ = ["error_parts"]


@implements(
    "error-split",
    title="Errors of target, sampler and score add",
    regime="masses of the same cells",
    source="du2023",
    where="derived here: a sum of differences and the triangle inequality",
)
@face
def error_parts(
    meant: ArrayLike, exact: ArrayLike, sampled: ArrayLike, learned: ArrayLike
) -> Array:
    r"""Return the errors of target, sampler and score in each cell, whose sum is the whole error.

    .. math:: p_{learned} - p_{meant} = (p_{exact} - p_{meant}) + (p_{sampled} - p_{exact})
        + (p_{learned} - p_{sampled}),

    so that the total variation distance of the draws from what was meant is at most the sum of those of the parts; it
    is less where errors cancel.

    Parameters
    ----------
    meant : array_like, shape (..., m)
        Masses of what was meant.
    exact : array_like, shape (..., m)
        Masses of what was composed.
    sampled : array_like, shape (..., m)
        Masses of draws with exact scores.
    learned : array_like, shape (..., m)
        Masses of draws with the given scores, by the same sampler.

    Returns
    -------
    ndarray, shape (3, ..., m)
        Errors of target, sampler and score; leading axes broadcast.

    Raises
    ------
    ShapeError
        If they are not masses of the same cells.

    Examples
    --------
    >>> parts = error_parts([0.5, 0.5], [0.9, 0.1], [0.8, 0.2], [0.85, 0.15])
    >>> (0.5 * abs(parts).sum(axis=1)).round(3)
    array([0.4 , 0.1 , 0.05])
    >>> (0.5 * abs(parts.sum(axis=0)).sum()).round(3)
    np.float64(0.35)
    """
    given = {"meant": meant, "exact": exact, "sampled": sampled, "learned": learned}
    masses = [as_finite(name, value) for name, value in given.items()]
    try:
        p, q, r, s = np.broadcast_arrays(*masses)
    except ValueError:
        p = np.zeros(())
    if p.ndim == 0 or any(each.shape[-1:] != p.shape[-1:] for each in masses):
        shapes = ", ".join(str(each.shape) for each in masses)
        raise ShapeError(
            "Arguments `meant`, `exact`, `sampled` and `learned` must hold masses of the same cells along the "
            f"last axis, but their shapes are {shapes}."
        )
    return np.stack([q - p, r - q, s - r])
