"""Names of the types that the signatures use."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Array", "ArrayLike", "Expert", "IntArray", "Task"]

Array: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.intp]


@runtime_checkable
class Task(Protocol):
    """What is learned: any object with these three.

    To be read back from a file, its class also needs ``from_dict(values)``.
    """

    @property
    def dim(self) -> int:
        """Number of coordinates of an input."""

    @property
    def kind(self) -> str:
        """Name of its class in files, the same for all tasks of the class."""

    def to_dict(self) -> dict[str, Any]:
        """Return the arguments of the constructor as plain numbers, words and lists."""


@runtime_checkable
class Expert(Protocol):
    """What a composition asks of an expert: a dimension and the scores at every level.

    A Metropolis correction also needs ``log_density(x, level=)``, up to a constant at each level.
    """

    @property
    def dim(self) -> int:
        """Number of coordinates."""

    def score(self, x: ArrayLike, *, level: float = 0.0) -> Array:
        """Return the scores (n, d) of points (n, d) with noise of variance `level`."""
