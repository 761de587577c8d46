"""Concepts as coordinates: classes of points, each under a condition of its own.

Problem
-------
A denoiser learns points under a condition that says which concepts each holds. It sees some classes, and is
then asked for combinations that it never saw. The classes are the clusters of the SIM task, one for each
single concept and one for none, or those of a concept graph, of any split, frequency and code.

Symbols
-------
mu_k : signal strength of concept k; v : concept values, counted from 0; c(v) : their code, for the SIM task
the values themselves; sigma_k : spread.

Result
------
The data are :math:`x = \\mu \\circ c(v) + \\sigma z` and the condition is :math:`\\mu \\circ c(v)`: a
strength scales the condition as well. Were only the data scaled, a net without that scale in its input would
learn the concepts at nearly the same time. The concept coordinate of a sample runs from 0 at the code of the
value 0 to 1 at that of the value 1, and the values are told apart at ½; of a concept with more than two
values it is the value whose code is nearest.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, inf, sqrt
from typing import Any

import numpy as np

from simtheory._checks import as_finite, as_seed, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ShapeError, TaskError
from simtheory.tasks import ConceptGraph, SIMTask
from simtheory.validation.nets.diffusion.worlds import Judge, World

__all__ = ["ConceptVectors"]


@face
@dataclass(frozen=True, slots=True)
class ConceptVectors(World, Judge):
    """Vectors that hold concepts, conditioned on the concepts they hold.

    Parameters
    ----------
    task : SIMTask or ConceptGraph
        The training classes. Of a SIMTask, ``origin=True`` adds the one without concepts.

    Raises
    ------
    TaskError
        If a concept has no signal.

    Examples
    --------
    >>> world = ConceptVectors(SIMTask(mu=(0.2, 0.8), sigma=0.08, origin=True))
    >>> world.condition([[1, 1]])
    array([[0.2, 0.8]])
    >>> from simtheory.tasks import ConceptGraph
    >>> rare = ConceptVectors(ConceptGraph([[0, 0], [1, 0], [0, 1]], weights=(0.45, 0.45, 0.1)))
    >>> rare.condition([[1, 1], [1, 2]])  # 2 asks for twice the value 1
    array([[1., 1.],
           [1., 2.]])
    """

    task: SIMTask | ConceptGraph

    def __post_init__(self) -> None:
        if not isinstance(self.task, SIMTask | ConceptGraph):
            raise TaskError(
                f"Argument `task` must be a SIMTask or a ConceptGraph, but got {self.task!r}."
            )
        if not self.task.mu.all():
            raise TaskError(
                "A concept without signal has no coordinate, but `mu` is 0 for concept "
                f"{int(np.argmin(self.task.mu))}."
            )

    @property
    def _space(self) -> _Clusters | _Classes:
        return _Clusters(self.task) if isinstance(self.task, SIMTask) else _Classes(self.task)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the concepts."""
        return self._space.names

    @property
    def strengths(self) -> Array:
        """Signal strengths, shape (n,)."""
        return self.task.mu

    @property
    def prompts(self) -> Array:
        """All classes, shape (P, n)."""
        return self._space.prompts

    @property
    def trained(self) -> Array:
        """Concept values of the training classes, shape (K, n)."""
        return self._space.trained

    @property
    def weights(self) -> Any:
        """Frequency of each training class of a graph, shape (K,); None of the clusters of a SIMTask."""
        return self._space.weights

    @property
    def description(self) -> str:
        """All that decides the data, as text."""
        return f"ConceptVectors({self.task.to_dict()})"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one data point."""
        return (self.task.dim,)

    @property
    def held_out(self) -> Array | None:
        """Share of the data whose concept k is read rightly, shape (n,); None with more than two values."""
        gaps = self._space.gaps
        if gaps is None:
            return None
        spread = self.task.sigma[: gaps.size]
        ratios = [gap / s if s else inf for gap, s in zip(gaps, spread, strict=True)]
        return np.array([0.5 * (1.0 + erf(r / sqrt(8.0))) for r in ratios])

    def judge(self) -> ConceptVectors:
        """Return itself: coordinates are read off."""
        return self

    def words(self, value: int) -> IntArray:
        """Return which entries of the condition say the value of a concept."""
        return self._space.words(value)

    def condition(self, values: ArrayLike) -> Array:
        """Return the conditions that the denoiser is given.

        Parameters
        ----------
        values : array_like, shape (P, n)
            Concept values; of a concept with two values any numbers, so that a prompt may ask for more
            than there is.

        Returns
        -------
        ndarray, shape (P, c)
            Strength times code.
        """
        marks = as_finite("values", values)
        n = len(self.names)
        if marks.ndim != 2 or marks.shape[1] != n:
            raise ShapeError(
                f"Argument `values` must have shape (P, {n}), but its shape is {marks.shape}."
            )
        return self._space.condition(marks)

    def data(self, samples: int, *, seed: int) -> tuple[Array, Array]:
        """Return the training set of a seed.

        Parameters
        ----------
        samples : int
            Points per class.
        seed : int
            The seed.

        Returns
        -------
        x : ndarray, shape (N, dim)
            The points.
        condition : ndarray, shape (N, c)
            Their conditions.
        """
        stream = np.random.SeedSequence(as_seed("seed", seed), spawn_key=(0,))
        count = positive_int("samples", samples)
        x, rows = self._space.draw(count, np.random.default_rng(stream))
        return x, self.condition(self.trained)[rows]

    def place(self, points: Array) -> Array:
        """Return where points lie in concept space.

        Parameters
        ----------
        points : ndarray, shape (N, dim)
            Samples.

        Returns
        -------
        ndarray, shape (N, n)
            Concept coordinates, 0 for the first value and 1 for the second; the nearest value of a
            concept with more.
        """
        return self._space.place(points)

    def right(self, placed: Array, asked: Array) -> Any:
        """Return which values are as asked for.

        Parameters
        ----------
        placed : ndarray, shape (..., n)
            Values that samples show.
        asked : ndarray, shape (..., n)
            Values of their prompts; the shapes broadcast.

        Returns
        -------
        ndarray of bool, shape (..., n)
            Whether each is right.
        """
        return self._space.right(placed, asked)


@dataclass(frozen=True, slots=True)
class _Clusters:
    """The clusters of a SIM task."""

    task: SIMTask

    weights = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"concept {k + 1}" for k in range(self.task.n_concepts))

    @property
    def prompts(self) -> Array:
        n = self.task.n_concepts
        return np.stack(np.unravel_index(np.arange(2**n), (2,) * n), axis=-1).astype(np.float64)

    @property
    def trained(self) -> Array:
        return np.eye(self.task.weights.size, self.task.n_concepts)

    @property
    def gaps(self) -> Array:
        return self.task.mu

    def words(self, value: int) -> IntArray:
        return np.array([value], dtype=np.intp)

    def condition(self, marks: Array) -> Array:
        return np.asarray(marks * self.task.mu)

    def draw(self, samples: int, rng: np.random.Generator) -> tuple[Array, IntArray]:
        return self.task.sample(samples, rng=rng)

    def place(self, points: Array) -> Array:
        along = self.task.to_concept_axes(points)[:, : self.task.n_concepts]
        return np.asarray(along / self.task.mu)

    def right(self, placed: Array, asked: Array) -> Any:
        return (placed > 0.5) == (asked > 0.5)


@dataclass(frozen=True, slots=True)
class _Classes:
    """The classes of a concept graph."""

    task: ConceptGraph

    @property
    def names(self) -> tuple[str, ...]:
        return self.task.concept_names

    @property
    def prompts(self) -> Array:
        return self.task.classes.astype(np.float64)

    @property
    def trained(self) -> Array:
        return self.task.train.astype(np.float64)

    @property
    def weights(self) -> Array:
        return self.task.weights

    @property
    def gaps(self) -> Array | None:
        """Distance between the data of the two values of each concept."""
        if self.task.values.max() > 2:
            return None
        square = (self._ends[1] - self._ends[0]) ** 2
        return np.sqrt(np.bincount(self.task.concepts, weights=square, minlength=self.task.n))

    @property
    def _ends(self) -> Array:
        """Codes of the first and of the second value of all concepts, times strength, shape (2, m)."""
        return self.task.encode(np.array([[0] * self.task.n, [1] * self.task.n]))

    def words(self, value: int) -> IntArray:
        return np.flatnonzero(self.task.concepts == value)

    def condition(self, marks: Array) -> Array:
        two = self.task.values == 2
        whole = np.where(two, 0.0, marks)
        found = self.task.encode(whole)
        low, high = self._ends
        line = low + marks[:, self.task.concepts] * (high - low)
        return np.where(two[self.task.concepts], line, found)

    def draw(self, samples: int, rng: np.random.Generator) -> tuple[Array, IntArray]:
        rows = np.repeat(np.arange(len(self.task.train)), samples)
        noise = rng.standard_normal((rows.size, self.task.dim))
        return self.task.centroids[rows] + self.task.spread * noise, rows

    def place(self, points: Array) -> Array:
        two = self.task.values == 2
        low, high = self._ends
        way = (points - low) * (high - low)
        square = np.bincount(self.task.concepts, weights=(high - low) ** 2, minlength=self.task.n)
        along = np.stack(
            [way[:, self.task.concepts == k].sum(axis=1) for k in range(self.task.n)], axis=1
        )
        nearest = self.task.decode(points).astype(np.float64)
        return np.where(two, along / square, nearest)

    def right(self, placed: Array, asked: Array) -> Any:
        two = self.task.values == 2
        return np.where(two, (placed > 0.5) == (asked > 0.5), placed == asked)
