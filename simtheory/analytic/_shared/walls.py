r"""Accuracies of normal samples: the boundaries of classes, and where the samples lie.

Problem
-------
The samples of a class are normal. Each boundary between its value and another is a plane. How likely is a
sample on the right side of one, or of all?

Symbols
-------
:math:`z` : limit of a boundary, below which a standard normal variable is where the concept is right; T :
times; P : classes; R : boundaries; m : coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.analytic._shared.orthants import probabilities
from simtheory.tasks.emergence import ConceptGraph

__all__ = ["BATCH", "Walls", "joint_of", "marginals_of", "means_of", "walls_of"]

TOLERANCE = 1e-4
"""Error of a joint accuracy above which more points are taken."""

BATCH = 4096
"""Orthant problems that are computed at once."""

LIMITS = 2**15
"""Limits that are computed at once: more leave the processor's cache."""


class Walls(NamedTuple):
    """The boundaries of classes: a share is ``slopes * x[coordinates]`` or ``normals @ x``, plus offsets."""

    normals: Array  # (P, R, m)
    offsets: Array  # (P, R)
    concepts: IntArray  # (R,)
    single: tuple[Array, IntArray] | None  # slopes (P, R), coordinates (R,), if each reads one

    def limits(self, mean: Array, covariance: Array) -> Array:
        """Return the limits (T, P, R) below which standard normal variables are right; mean is (T, P, m)."""
        if self.single is None:
            normals = self.normals
            shares = np.einsum("tpm,prm->tpr", mean, normals, optimize=True) + self.offsets
            squares = np.einsum("prm,tml,prl->tpr", normals, covariance, normals, optimize=True)
            return np.asarray((shares - 0.5) / np.sqrt(np.maximum(squares, 1e-300)))
        slopes, coordinates = self.single
        slopes = slopes.T  # classes are next to each other in memory
        sides, starts = np.sign(slopes), (self.offsets.T - 0.5) / np.abs(slopes)
        spread = np.sqrt(np.diagonal(covariance, 0, -2, -1)[..., coordinates])
        spread = np.maximum(spread, 1e-150)[..., None]
        found = np.empty((len(mean), *slopes.shape))
        step = max(1, LIMITS // max(slopes.size, 1))
        for k in range(0, len(mean), step):
            here, at = found[k : k + step], np.swapaxes(mean[k : k + step], 1, 2)
            np.multiply(at[:, coordinates], sides, out=here)
            here += starts
            here /= spread[k : k + step]
        return np.swapaxes(found, 1, 2)

    def correlations(self, covariance: Array) -> Array:
        """Return the correlations (T, P, R, R) of the boundaries at all times."""
        if self.single is None:
            C = np.einsum(
                "prm,tml,psl->tprs", self.normals, covariance, self.normals, optimize=True
            )
            return _correlations(C)
        sides, coordinates = np.sign(self.single[0]), self.single[1]
        R = _correlations(covariance[:, coordinates[:, None], coordinates])
        return np.asarray(R[:, None] * (sides[:, :, None] * sides[:, None, :]))

    def paired(self, mean: Array, covariance: Array, rows: IntArray) -> tuple[Array, Array]:
        """Return limits (N, R) and correlations (N, R, R) of classes, each with its own law."""
        normals = self.normals[rows]
        C = normals @ covariance @ np.swapaxes(normals, 1, 2)
        spread = np.sqrt(np.maximum(np.diagonal(C, 0, 1, 2), 1e-300))
        shares = (normals @ mean[..., None])[..., 0] + self.offsets[rows]
        return (shares - 0.5) / spread, _correlations(C)

    def problems(self, limits: Array, covariance: Array) -> Iterator[tuple[Array, Array]]:
        """Yield limits (B, R) with their correlations (B, R, R), some times of all classes at once."""
        times, classes, size = limits.shape
        step = max(1, BATCH // max(classes, 1))
        for k in range(0, times, step):
            R = self.correlations(covariance[k : k + step])
            yield limits[k : k + step].reshape(-1, size), R.reshape(-1, size, size)


def _correlations(C: Array) -> Array:
    """Return the correlations of covariances (..., R, R)."""
    spread = np.sqrt(np.maximum(np.diagonal(C, 0, -2, -1), 1e-300))
    found = np.clip(C / (spread[..., :, None] * spread[..., None, :]), -1.0, 1.0)
    i = np.arange(C.shape[-1])
    found[..., i, i] = 1.0
    return np.asarray(found)


def walls_of(graph: ConceptGraph, classes: IntArray) -> Walls:
    """Return the boundaries of classes."""
    found = graph.boundaries(classes)
    used = (found.normals != 0.0).any(axis=0)  # (R, m)
    single = None
    if (used.sum(axis=1) == 1).all():
        coordinates = used.argmax(axis=1)
        places = coordinates[None, :, None]
        single = np.take_along_axis(found.normals, places, axis=2)[..., 0], coordinates
    return Walls(found.normals, found.offsets, found.concepts, single)


def means_of(maps: Array, prompts: Array) -> Array:
    """Return the means (..., P, m) of classes from maps (..., m, 1 + m)."""
    *lead, m, width = maps.shape
    inputs = np.concatenate([np.ones((len(prompts), 1)), prompts], axis=1)
    flat = maps.reshape(-1, width) @ inputs.T
    return np.swapaxes(flat.reshape(*lead, m, -1), -1, -2)


def joint_of(z: Array, R: Array) -> tuple[Array, Array]:
    """Return joint accuracies and their errors, each (B,)."""
    return probabilities(z, R, tolerance=TOLERANCE)


def marginals_of(z: Array, R: Array, concepts: IntArray) -> Array:
    """Return accuracies (B, n) of the concepts; several boundaries of one are an orthant."""
    places = [np.flatnonzero(concepts == i) for i in range(int(concepts[-1]) + 1)]
    found = [joint_of(z[:, mine], R[:, mine[:, None], mine])[0] for mine in places]
    return np.stack(found, axis=1)
