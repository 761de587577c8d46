"""Nearest training string of each sample: how far a model has moved from what it has seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simtheory._checks import as_strings, positive_int
from simtheory._faces import face
from simtheory._typing import ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError
from simtheory.results import axes
from simtheory.results.axes import over
from simtheory.sim.engine.threads import work

__all__ = ["Nearest", "nearest"]

_WIDTH = 512
"""References that a token is compared with at once; their tokens stay in the nearest cache."""

_SLICE = 256
"""Strings of a chunk."""

_SHORT = 10**8
"""Comparisons of tokens from which on chunks go to threads."""


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Nearest:
    """Of each string the nearest one among references.

    Parameters
    ----------
    distance : ndarray of int, shape (N,)
        Number of places at which they differ; 0 for a copy.
    index : ndarray of int, shape (N,)
        Which reference it is, the first of equally near ones.
    """

    distance: IntArray = field(metadata=over("string", allow="integer"))
    index: IntArray = field(metadata=over("string", allow="integer"))

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict
    shown = ("copies", "mean")

    def __post_init__(self) -> None:
        axes.settle(self)

    @property
    def copies(self) -> float:
        """Share of the strings that are among the references."""
        return float((self.distance == 0).mean()) if self.distance.size else float("nan")

    @property
    def mean(self) -> float:
        """Mean distance."""
        return float(self.distance.mean()) if self.distance.size else float("nan")

    def __repr__(self) -> str:
        return f"Nearest(N={self.distance.size}, copies={self.copies:.4g}, mean={self.mean:.4g})"


@face(but=("strings", "references"))
def nearest(strings: ArrayLike, references: ArrayLike, *, threads: int | None = None) -> Nearest:
    """Find the nearest reference of each string, by the number of places at which they differ.

    Parameters
    ----------
    strings : array_like of int, shape (N, d)
        Strings, such as samples of a model.
    references : array_like of int, shape (R, d)
        Strings, such as the training set.
    threads : int, optional
        Threads that share the strings. Default: all cores.

    Returns
    -------
    Nearest
        Distances, and which reference it is.

    Raises
    ------
    ShapeError, ArgumentError
        If they are no strings of integers of one length, or there are no references.

    Notes
    -----
    All pairs are compared, N R d tokens, in memory for the two sets alone.

    Examples
    --------
    >>> found = nearest([[0, 1, 2], [2, 2, 2]], [[0, 1, 1], [2, 2, 2]])
    >>> found.distance.tolist(), found.index.tolist(), found.copies
    ([1, 0], [0, 1], 0.5)
    """
    most = np.iinfo(np.uint16).max
    asked = as_strings("strings", strings, most)
    known = as_strings("references", references, most)
    if asked.shape[1] != known.shape[1]:
        raise ShapeError(
            f"Arguments `strings` and `references` must have strings of one length, but they have "
            f"{asked.shape[1]} and {known.shape[1]} tokens."
        )
    if not len(known):
        raise ArgumentError("Argument `references` must hold strings, but it holds none.")
    from simtheory.sim.hierarchy import kernels  # loads Numba

    workers = None if threads is None else positive_int("threads", threads)
    length = asked.shape[1]
    alphabet = max(int(x.max(initial=0)) for x in (asked, known))
    kind: Any = np.uint8 if max(alphabet, length) < 255 else np.uint16
    blocks = -(-len(known) // _WIDTH)
    table = np.full((blocks * _WIDTH, length), np.iinfo(kind).max, dtype=kind)
    table[: len(known)] = known
    table = np.ascontiguousarray(table.reshape(blocks, _WIDTH, length).swapaxes(1, 2))
    tokens = asked.astype(kind)
    distance = np.full(len(asked), length + 1, dtype=np.int64)
    index = np.zeros(len(asked), dtype=np.int64)

    def job(part: slice) -> Any:
        def run() -> None:
            differences = np.empty(_WIDTH, dtype=kind)
            kernels.nearest(tokens[part], table, differences, distance[part], index[part])

        return run

    jobs = [job(slice(first, first + _SLICE)) for first in range(0, len(asked), _SLICE)]
    if len(asked) * len(known) * length < _SHORT or workers == 1:
        for one in jobs:
            one()
    else:
        work(jobs, np.zeros(1, dtype=np.uint8), None, workers, alone=False)
    return Nearest(distance, index)
