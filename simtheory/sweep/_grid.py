"""The grid of cells, and how it is cut into tasks.

A task is a box of neighbouring cells: the last axes whole, a stretch of one axis, one value of each
axis before. A box is one chunk of every array in the store, so no two tasks ever write to one file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

__all__ = ["Grid"]


@dataclass(frozen=True, slots=True)
class Grid:
    """The shape of a sweep and of its tasks.

    Parameters
    ----------
    shape : tuple of int
        Length of each axis.
    box : tuple of int
        Length of a task along each axis; the last task along an axis may be shorter.
    """

    shape: tuple[int, ...]
    box: tuple[int, ...]

    @classmethod
    def cut(cls, shape: Sequence[int], per_task: int) -> Grid:
        """Cut a grid into boxes of at most `per_task` cells, as even as they come."""
        box: list[int] = []
        room = max(1, per_task)
        for size in reversed(shape):
            length = math.ceil(size / math.ceil(size / room))
            box.append(length)
            room = room // length if length == size else 1
        return cls(tuple(shape), tuple(reversed(box)))

    @property
    def cells(self) -> int:
        """Number of cells."""
        return math.prod(self.shape)

    @property
    def counts(self) -> tuple[int, ...]:
        """Number of tasks along each axis."""
        return tuple(math.ceil(n / b) for n, b in zip(self.shape, self.box, strict=True))

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return math.prod(self.counts)

    def place(self, task: int) -> tuple[int, ...]:
        """Return the place of a task among the tasks, one number per axis."""
        place = []
        for count in reversed(self.counts):
            task, k = divmod(task, count)
            place.append(k)
        return tuple(reversed(place))

    def ranges(self, task: int) -> list[range]:
        """Return the indices that a task covers along each axis."""
        return [
            range(k * b, min((k + 1) * b, n))
            for k, b, n in zip(self.place(task), self.box, self.shape, strict=True)
        ]

    def extent(self, task: int) -> tuple[int, ...]:
        """Return the shape of a task."""
        return tuple(len(r) for r in self.ranges(task))

    def size(self, task: int) -> int:
        """Return the number of a task's cells."""
        return math.prod(self.extent(task))

    def indices(self, task: int) -> list[tuple[int, ...]]:
        """Return the indices of a task's cells, the last axis running fastest."""
        return list(product(*self.ranges(task)))
