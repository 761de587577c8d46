"""The grid of cells, and how it is cut into chunks.

A chunk is a box of neighbouring cells: the last axes whole, a stretch of one axis, one value of each
axis before. A box is one chunk of every array in the store, so no two chunks ever write to one file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

__all__ = ["Grid"]


@dataclass(frozen=True, slots=True)
class Grid:
    """The shape of a sweep and of its chunks.

    Parameters
    ----------
    shape : tuple of int
        Length of each axis.
    box : tuple of int
        Length of a chunk along each axis; the last chunk along an axis may be shorter.
    """

    shape: tuple[int, ...]
    box: tuple[int, ...]

    @classmethod
    def cut(cls, shape: Sequence[int], per_chunk: int) -> Grid:
        """Cut a grid into boxes of at most `per_chunk` cells, as even as they come."""
        box: list[int] = []
        room = max(1, per_chunk)
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
        """Number of chunks along each axis."""
        return tuple(math.ceil(n / b) for n, b in zip(self.shape, self.box, strict=True))

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return math.prod(self.counts)

    def place(self, chunk: int) -> tuple[int, ...]:
        """Return the place of a chunk among the chunks, one number per axis."""
        place = []
        for count in reversed(self.counts):
            chunk, k = divmod(chunk, count)
            place.append(k)
        return tuple(reversed(place))

    def ranges(self, chunk: int) -> list[range]:
        """Return the indices that a chunk covers along each axis."""
        return [
            range(k * b, min((k + 1) * b, n))
            for k, b, n in zip(self.place(chunk), self.box, self.shape, strict=True)
        ]

    def extent(self, chunk: int) -> tuple[int, ...]:
        """Return the shape of a chunk."""
        return tuple(len(r) for r in self.ranges(chunk))

    def size(self, chunk: int) -> int:
        """Return the number of a chunk's cells."""
        return math.prod(self.extent(chunk))

    def indices(self, chunk: int) -> list[tuple[int, ...]]:
        """Return the indices of a chunk's cells, the last axis running fastest."""
        return list(product(*self.ranges(chunk)))
