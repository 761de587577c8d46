"""A world of which few data are known: some classes show the same few points again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory._checks import positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError
from simtheory.validation.nets.diffusion.worlds import Judge, World

__all__ = ["Thinned"]


@face
@dataclass(frozen=True, slots=True)
class Thinned(World):
    """Another world, with a number of points for each training class.

    A class is as frequent as it has points: those with few are rare, and their points are always the same.

    Parameters
    ----------
    world : World
        The other world, whose data come class after class.
    counts : tuple of int
        Points of each training class.

    Raises
    ------
    ArgumentError
        If the counts are not one positive number for each training class.

    Examples
    --------
    >>> from simtheory.validation.nets.diffusion import ConceptImages
    >>> world = Thinned(ConceptImages(("colour", "size")), (100, 100, 3))
    >>> world.weights.round(3)
    array([0.493, 0.493, 0.015])
    """

    world: World
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        given = tuple(positive_int("counts", count) for count in self.counts)
        if len(given) != len(self.world.trained):
            raise ArgumentError(
                f"Argument `counts` must hold one number for each of {len(self.world.trained)} training "
                f"classes, but it holds {len(given)}."
            )
        object.__setattr__(self, "counts", given)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the values."""
        return self.world.names

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one data point."""
        return self.world.shape

    @property
    def prompts(self) -> Array:
        """Values that are asked for unless others are."""
        return self.world.prompts

    @property
    def trained(self) -> Array:
        """Values of the training classes, shape (K, n)."""
        return self.world.trained

    @property
    def strengths(self) -> Any:
        """Signal strength of each value, shape (n,)."""
        return self.world.strengths

    @property
    def precision(self) -> str:
        """Numbers that nets train in."""
        return self.world.precision

    @property
    def description(self) -> str:
        """All that decides the data, as text."""
        return f"Thinned({self.world.description}, {self.counts})"

    @property
    def weights(self) -> Any:
        """Frequency of each training class, in proportion to its points, shape (K,)."""
        counts = np.array(self.counts, dtype=np.float64)
        return counts / counts.sum()

    def words(self, value: int) -> IntArray:
        """Return which entries of the condition say a value."""
        return self.world.words(value)

    def condition(self, values: ArrayLike) -> Array:
        """Return the conditions that the denoiser is given."""
        return self.world.condition(values)

    def judge(self) -> Judge:
        """Return what judges samples."""
        return self.world.judge()

    def data(self, samples: int, *, seed: int) -> tuple[Array, Array]:
        """Return the training set of a seed.

        Parameters
        ----------
        samples : int
            Points per class; the few of a class are repeated until there are so many.
        seed : int
            The seed.

        Returns
        -------
        x : ndarray, shape (N, ...)
            The points.
        condition : ndarray, shape (N, c)
            Their conditions.
        """
        x, condition = self.world.data(max(samples, max(self.counts)), seed=seed)
        each = len(x) // len(self.counts)
        rows = [
            k * each + np.arange(max(samples, max(self.counts))) % count
            for k, count in enumerate(self.counts)
        ]
        kept = np.concatenate(rows)
        return x[kept], condition[kept]
