"""Codes: the coordinates that stand for a value of a concept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from simtheory._checks import frozen, positive_int
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import TaskError

__all__ = ["CODES", "Code", "OneHot", "Presence", "Signed"]


@face
class Code(ABC):
    """What stands for a value of a concept, before its strength multiplies it.

    A code of your own gives `name` and `words`; make it a frozen dataclass.
    """

    __slots__ = ()

    name: ClassVar[str]

    @abstractmethod
    def words(self, values: int) -> Array:
        """Return the coordinates of every value of one concept.

        Parameters
        ----------
        values : int
            Number of values of the concept, at least 2.

        Returns
        -------
        ndarray, shape (values, width)
            A row for each value.
        """


def _at_least_two(values: int) -> int:
    if positive_int("values", values) < 2:
        raise TaskError(f"Argument `values` must be at least 2, but it is {values}.")
    return values


@face
@dataclass(frozen=True, slots=True)
class Presence(Code):
    """Zero for the first value and an indicator for each other: 0 and 1 for two values.

    Examples
    --------
    >>> Presence().words(3)
    array([[0., 0.],
           [1., 0.],
           [0., 1.]])
    """

    name: ClassVar[str] = "presence"

    def words(self, values: int) -> Array:
        """Return the coordinates of every value of one concept."""
        return np.eye(_at_least_two(values))[:, 1:]


@face
@dataclass(frozen=True, slots=True)
class Signed(Code):
    """Corners of a regular simplex around zero, of length 1: −1 and 1 for two values.

    Examples
    --------
    >>> Signed().words(2).ravel()
    array([-1.,  1.])
    """

    name: ClassVar[str] = "signed"

    def words(self, values: int) -> Array:
        """Return the coordinates of every value of one concept."""
        k = _at_least_two(values)
        corners = np.zeros((k, k - 1))
        for j in range(
            k - 1
        ):  # later corners agree up to j, and the mean of them and this one is 0
            corners[j, j] = -np.sqrt(1.0 - np.sum(corners[j, :j] ** 2))
            corners[j + 1 :, j] = -corners[j, j] / (k - 1 - j)
        return corners


@face
@dataclass(frozen=True, slots=True)
class OneHot(Code):
    """An indicator for every value.

    Examples
    --------
    >>> OneHot().words(2)
    array([[1., 0.],
           [0., 1.]])
    """

    name: ClassVar[str] = "onehot"

    def words(self, values: int) -> Array:
        """Return the coordinates of every value of one concept."""
        return np.eye(_at_least_two(values))


CODES: dict[str, Code] = {code.name: code for code in (Presence(), Signed(), OneHot())}
"""Every code by its name, which files keep."""

PRESENCE: Code = CODES["presence"]
"""The default code of graphs."""


@lru_cache(maxsize=16)
def words_of(code: Code, count: int) -> Array:
    """Return the words of a code, which the methods of a graph ask for again and again."""
    return frozen(code.words(count))
