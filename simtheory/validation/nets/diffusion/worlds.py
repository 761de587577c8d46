"""What a conditional diffusion model learns: data, their conditions, and a judge of samples.

A *world* has n values, numbers that say what a data point holds; a *prompt* is a row of values that is
asked for. The values may be marks, 1 present and 0 absent, or any numbers. A world brings its own *judge*,
which reads the values off a sample and says which of them are as asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import product
from typing import Any

import numpy as np

from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray

__all__ = ["Judge", "World"]


@face
class Judge(ABC):
    """What reads the values off samples and says whether they are right."""

    __slots__ = ()

    @abstractmethod
    def place(self, points: Array) -> Array:
        """Return the values that samples show.

        Parameters
        ----------
        points : ndarray, shape (N, ...)
            Samples.

        Returns
        -------
        ndarray, shape (N, n)
            Their values, any numbers.
        """

    def right(self, placed: Array, asked: Array) -> Any:
        """Return which values are as asked for: by default, on the same side of ½.

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
        return (placed > 0.5) == (asked > 0.5)

    @property
    def held_out(self) -> Array | None:
        """Share of data whose values it reads rightly, shape (n,); None if it is not known."""
        return None


@face
class World(ABC):
    """Data to learn with their conditions, and the judge of samples.

    A world of your own gives `names`, `shape`, `condition`, `data` and `judge`, and overrides the rest
    where its values are not marks 0 and 1. Make it a frozen dataclass: its printed form decides whether
    a stored run is one of this world.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the n values."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one data point."""

    @abstractmethod
    def condition(self, values: ArrayLike) -> Array:
        """Return the conditions that the denoiser is given.

        Parameters
        ----------
        values : array_like, shape (P, n)
            Values; any numbers, so that a prompt may ask for more than there is.

        Returns
        -------
        ndarray, shape (P, c)
            The conditions.
        """

    @abstractmethod
    def data(self, samples: int, *, seed: int) -> tuple[Array, Array]:
        """Return the training set of a seed.

        Parameters
        ----------
        samples : int
            Points per training class.
        seed : int
            The seed.

        Returns
        -------
        x : ndarray, shape (N, ...)
            The points.
        condition : ndarray, shape (N, c)
            Their conditions.
        """

    @abstractmethod
    def judge(self) -> Judge:
        """Return what judges samples.

        Returns
        -------
        Judge
            The judge; the same one at every call.
        """

    @property
    def prompts(self) -> Array:
        """Values that are asked for unless others are: all 2ⁿ rows of 0 and 1, shape (P, n)."""
        return np.array(list(product((0.0, 1.0), repeat=len(self.names))))

    @property
    def trained(self) -> Array:
        """Values of the training classes, shape (K, n); no rows where values are drawn at large."""
        return np.zeros((0, len(self.names)))

    @property
    def strengths(self) -> Any:
        """Signal strength of each value, shape (n,)."""
        return np.ones(len(self.names))

    @property
    def weights(self) -> Any:
        """Frequency of each training class in a batch, shape (K,); None where all points are as frequent.

        Where they are given, `data` holds the same number of points of every class, class after class.
        """
        return None

    def words(self, value: int) -> IntArray:
        """Return which entries of the condition say a value; hidden, they are zero.

        Parameters
        ----------
        value : int
            Place of the value among `names`.

        Returns
        -------
        ndarray of int
            By default the one entry of the same place.
        """
        return np.array([value], dtype=np.intp)

    @property
    def precision(self) -> str:
        """Numbers that nets train in, ``"float64"`` or ``"float32"``."""
        return "float64"

    @property
    def description(self) -> str:
        """All that decides the data, as text."""
        return repr(self)
