"""Where outputs show a class."""

from __future__ import annotations

from dataclasses import dataclass

from simtheory._checks import as_finite, frozen
from simtheory._faces import face
from simtheory._typing import Array, IntArray
from simtheory.tasks.emergence._arguments import as_whole

__all__ = ["Boundaries"]


@face
@dataclass(frozen=True, slots=True, eq=False)
class Boundaries:
    """Where an output shows a class rather than one that differs in one concept.

    The *share* of a boundary is the way from the other value to the own one: 0 at the code of the
    other, 1 at the own. The concept is right where all its shares exceed ½.

    Parameters
    ----------
    normals : ndarray, shape (P, R, m)
        Share of an output x: ``normals @ x + offsets``.
    offsets : ndarray, shape (P, R)
        Its constant.
    concepts : ndarray of int, shape (R,)
        Concept of each boundary, rising; a concept of k values has k − 1.
    """

    normals: Array
    offsets: Array
    concepts: IntArray

    def __post_init__(self) -> None:
        for name in ("normals", "offsets"):
            object.__setattr__(self, name, frozen(as_finite(name, getattr(self, name))))
        object.__setattr__(self, "concepts", frozen(as_whole("concepts", self.concepts)))
