"""Concepts as coordinates: the SIM task's clusters, each under a condition of its own.

Problem
-------
A denoiser learns points under a condition that says which concepts each holds. It sees the clusters of the
SIM task, one for each single concept and one for none, and is then asked for the combination that it
never saw.

Symbols
-------
mu_k : signal strength of concept k; v : concept values, 1 present and 0 absent; sigma_k : spread.

Result
------
The data are :math:`x = \\mu \\circ v + \\sigma z` and the condition is :math:`\\mu \\circ v`: a strength
scales the condition as well. Were only the data scaled, a net without that scale in its input would
learn the concepts at nearly the same time. The concept coordinate of a sample is
:math:`c_k = x_k/\\mu_k`; concept k counts as present above ½.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, inf, sqrt

import numpy as np

from simtheory._checks import as_finite, as_seed, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ShapeError, TaskError
from simtheory.tasks import SIMTask
from simtheory.validation.nets.diffusion.worlds import Judge, World

__all__ = ["ConceptVectors"]


@face
@dataclass(frozen=True, slots=True)
class ConceptVectors(World, Judge):
    """Vectors that hold concepts, conditioned on the concepts they hold.

    Parameters
    ----------
    task : SIMTask
        The training clusters; ``origin=True`` adds the one without concepts.

    Raises
    ------
    TaskError
        If a concept has no signal.

    Examples
    --------
    >>> world = ConceptVectors(SIMTask(mu=(0.2, 0.8), sigma=0.08, origin=True))
    >>> world.condition([[1, 1]])
    array([[0.2, 0.8]])
    """

    task: SIMTask

    def __post_init__(self) -> None:
        if not isinstance(self.task, SIMTask):
            raise TaskError(f"Argument `task` must be a SIMTask, but got {self.task!r}.")
        if not self.task.mu.all():
            raise TaskError(
                "A concept without signal has no coordinate, but `mu` is 0 for concept "
                f"{int(np.argmin(self.task.mu))}."
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the concepts."""
        return tuple(f"concept {k + 1}" for k in range(self.task.n_concepts))

    @property
    def strengths(self) -> Array:
        """Signal strengths, shape (n,)."""
        return self.task.mu

    @property
    def trained(self) -> Array:
        """Concept values of the training clusters, shape (K, n)."""
        n = self.task.n_concepts
        return np.eye(self.task.weights.size, n)

    @property
    def description(self) -> str:
        """All that decides the data, as text."""
        return f"ConceptVectors({self.task.to_dict()})"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one data point."""
        return (self.task.dim,)

    @property
    def held_out(self) -> Array:
        """Share of the data whose concept k is read rightly at ½, shape (n,)."""
        n = self.task.n_concepts
        ratios = [
            mu / s if s else inf for mu, s in zip(self.task.mu, self.task.sigma[:n], strict=True)
        ]
        return np.array([0.5 * (1.0 + erf(r / sqrt(8.0))) for r in ratios])

    def judge(self) -> ConceptVectors:
        """Return itself: coordinates are read off."""
        return self

    def condition(self, values: ArrayLike) -> Array:
        """Return the conditions that the denoiser is given.

        Parameters
        ----------
        values : array_like, shape (P, n)
            Concept values; any numbers, so that a prompt may ask for more than there is.

        Returns
        -------
        ndarray, shape (P, n)
            Strength times value.
        """
        marks = as_finite("values", values)
        if marks.ndim != 2 or marks.shape[1] != self.task.n_concepts:
            raise ShapeError(
                f"Argument `values` must have shape (P, {self.task.n_concepts}), "
                f"but its shape is {marks.shape}."
            )
        return np.asarray(marks * self.task.mu)

    def data(self, samples: int, *, seed: int) -> tuple[Array, Array]:
        """Return the training set of a seed.

        Parameters
        ----------
        samples : int
            Points per cluster.
        seed : int
            The seed.

        Returns
        -------
        x : ndarray, shape (N, dim)
            The points.
        condition : ndarray, shape (N, n)
            Their conditions.
        """
        stream = np.random.SeedSequence(as_seed("seed", seed), spawn_key=(0,))
        x, cluster = self.task.sample(
            positive_int("samples", samples), rng=np.random.default_rng(stream)
        )
        return x, self.condition(self.trained)[cluster]

    def place(self, points: Array) -> Array:
        """Return where points lie in concept space.

        Parameters
        ----------
        points : ndarray, shape (N, dim)
            Samples.

        Returns
        -------
        ndarray, shape (N, n)
            Concept coordinates, 0 for absent and 1 for present.
        """
        along = self.task.to_concept_axes(points)[:, : self.task.n_concepts]
        return np.asarray(along / self.task.mu)
