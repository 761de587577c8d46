r"""Statistics over an ensemble that is never held in memory.

Members go through the integrator in blocks; of each block only sums, extremes and counts are kept.
So a million members cost the memory of one block, and the result does not depend on threads.

Examples
--------
>>> import numpy as np
>>> from simtheory.sim.networks import Tied
>>> from simtheory.sim.flows.readings import Diagonal
>>> def starts(first, last):
...     rng = [np.random.default_rng((7, k)) for k in range(first, last)]
...     return np.stack([0.1 * r.standard_normal((2, 2)) for r in rng])
>>> found = summarize(Tied(), np.diag([0.5, 2.0]), starts, [0.0, 2.0], read=Diagonal(), members=100)
>>> found.mean.round(3)
array([[0.02 , 0.022],
       [0.077, 0.925]])
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from tqdm import tqdm

from simtheory._checks import as_finite, frozen, positive_int, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError, SolveError
from simtheory.sim.flows.integration import integrate
from simtheory.sim.flows.readings import Reading
from simtheory.sim.networks import Flow, Init

__all__ = ["Summary", "summarize"]

Blocks: TypeAlias = Callable[[int, int], Init]  # from first and last member to a block of them


@face
@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Statistics over the members of an ensemble, of each of some numbers.

    Parameters
    ----------
    count : int
        Members that were integrated to the end.
    failed : tuple of int
        Numbers of the members that failed; the statistics leave them out.
    mean, std, minimum, maximum : ndarray
        Of each number; `std` divides by the count less one, and is NaN for a single member.
    edges : ndarray, shape (bins + 1,), or None
        Edges of the histogram.
    histogram : ndarray of int, shape (..., bins + 2), or None
        Members in each bin, of each number; the first and last bin hold those beyond the edges.
    """

    count: int
    failed: tuple[int, ...]
    mean: Array
    std: Array
    minimum: Array
    maximum: Array
    edges: Array | None
    histogram: IntArray | None

    def quantile(self, q: float) -> Array:
        """Return a quantile of each number, right to the width of a bin of the histogram.

        Parameters
        ----------
        q : float
            Between 0 and 1.

        Returns
        -------
        ndarray
            Interpolated inside its bin; the extreme itself where it lies beyond the edges.

        Raises
        ------
        ArgumentError
            If there is no histogram, or q is no share.
        """
        if self.edges is None or self.histogram is None:
            raise ArgumentError("A quantile needs a histogram: pass `edges=` to summarize.")
        share("q", q, ends="[]")
        below = self.histogram.cumsum(axis=-1)
        wanted = q * self.count
        bin_ = np.minimum((below < wanted).sum(axis=-1), self.edges.size)[..., np.newaxis]
        inside = np.take_along_axis(self.histogram, bin_, axis=-1)[..., 0]
        before = np.take_along_axis(below, bin_, axis=-1)[..., 0] - inside
        part = (wanted - before) / np.maximum(inside, 1)
        lower = np.concatenate([[-np.inf], self.edges])[bin_[..., 0]]
        upper = np.concatenate([self.edges, [np.inf]])[bin_[..., 0]]
        lower, upper = np.maximum(lower, self.minimum), np.minimum(upper, self.maximum)
        return np.asarray(lower + part * (upper - lower))


@face(but=("flow", "read"))
def summarize(
    flow: Flow,
    second_moment: ArrayLike | Blocks,
    init: Init | Blocks,
    t: ArrayLike,
    *,
    read: Reading,
    members: int | None = None,
    measure: Callable[[Array], Array] | None = None,
    edges: ArrayLike | None = None,
    block: int = 4096,
    progress: bool = False,
    **budgets: Any,
) -> Summary:
    """Integrate an ensemble and keep statistics of it only.

    Parameters
    ----------
    flow : Flow
        `OneLayer`, `Tied`, `Untied` or `Deep`.
    second_moment : array_like, shape (d, d) or (members, d, d), or callable
        Second moments, or ``second_moment(first, last)``, those of the members from first to
        before last.
    init : array_like, shape (members, d, h), tuple of them, or callable
        Weights at time 0, as for `integrate` with one leading axis, or ``init(first, last)``.
    t : array_like, shape (T,)
        Canonical times.
    read : Reading
        What is read off W, shape (members, T, k).
    members : int, optional
        Number of members; needed if `init` is a callable.
    measure : callable, optional
        From readings of a block, shape (members, T, k), to the finite numbers that statistics are
        of, shape (members, ...), such as learning times. Default: the readings themselves.
    edges : array_like, shape (bins + 1,), optional
        Edges of a histogram, for quantiles and counts.
    block : int
        Members that are held in memory.
    progress : bool
        Show a bar, on a terminal.
    **budgets
        `rtol`, `max_steps`, `max_seconds` (of a block) and `threads` of `integrate`.

    Returns
    -------
    Summary
        Statistics of all members that were integrated to the end.

    Raises
    ------
    ShapeError, ArgumentError
        If an argument does not fit.
    SolveError
        If no member could be integrated.

    Notes
    -----
    Sums are taken block by block, so another `block` moves the last bits of mean and std; threads
    move none.
    """
    size = positive_int("block", block)
    total = _count(init, members)
    bins = None if edges is None else _edges(edges)
    running = _Running(bins)
    failed: list[int] = []
    last_failure: SolveError | None = None
    with tqdm(total=total, unit="net", disable=None if progress else True) as bar:
        for first in range(0, total, size):
            last = min(first + size, total)
            moments, starts = _part(second_moment, first, last), _part(init, first, last)
            if isinstance(moments, np.ndarray) and moments.ndim == 2:
                moments = moments[np.newaxis]
            try:
                readings = integrate(flow, moments, starts, t, read=read, **budgets)
                ended = np.ones(last - first, dtype=bool)
            except SolveError as reason:
                readings, ended, last_failure = reason.partial, reason.status == 0, reason
                failed.extend((first + np.flatnonzero(~ended)).tolist())
            if len(readings) != last - first:
                raise ShapeError(
                    f"Argument `init` must give {last - first} members from {first} on, "
                    f"but it gives {len(readings)}."
                )
            if ended.any():
                running.add(readings[ended] if measure is None else measure(readings[ended]))
            bar.update(last - first)
    if not running.count:
        assert last_failure is not None
        raise last_failure
    return running.summary(tuple(failed))


class _Running:
    """Sums over the blocks so far."""

    def __init__(self, edges: Array | None) -> None:
        self.edges, self.count = edges, 0
        self.mean: Any = 0.0
        self.squares: Any = 0.0
        self.minimum: Any = np.inf
        self.maximum: Any = -np.inf
        self.histogram: Any = 0

    def add(self, numbers: Array) -> None:
        """Take in a block, shape (members, ...)."""
        values = as_finite("measure", numbers)
        n = len(values)
        mean = values.mean(axis=0)
        off = mean - self.mean
        self.squares += ((values - mean) ** 2).sum(axis=0) + off**2 * (
            self.count * n / (self.count + n)
        )
        self.count += n
        self.mean += off * (n / self.count)
        self.minimum = np.minimum(self.minimum, values.min(axis=0))
        self.maximum = np.maximum(self.maximum, values.max(axis=0))
        if self.edges is not None:
            cells = values[0].size
            bin_ = np.searchsorted(self.edges, values, side="right").reshape(n, cells)
            width = self.edges.size + 1
            counts = np.bincount((bin_ + width * np.arange(cells)).ravel(), minlength=width * cells)
            self.histogram = self.histogram + counts.reshape(*values.shape[1:], width)

    def summary(self, failed: tuple[int, ...]) -> Summary:
        """Return the statistics."""
        with np.errstate(invalid="ignore", divide="ignore"):
            std = np.sqrt(self.squares / np.float64(self.count - 1))
        histogram: IntArray | None = None
        if self.edges is not None:
            histogram = self.histogram
            histogram.setflags(write=False)
        return Summary(
            self.count,
            failed,
            frozen(self.mean),
            frozen(std),
            frozen(self.minimum),
            frozen(self.maximum),
            self.edges,
            histogram,
        )


def _count(init: Init | Blocks, members: int | None) -> int:
    if callable(init):
        if members is None:
            raise ArgumentError("Argument `members` is needed if `init` is a callable.")
        return positive_int("members", members)
    layers = init if isinstance(init, tuple | list) else (init,)
    lengths = {np.shape(layer)[0] for layer in layers if np.ndim(layer) == 3}
    if len(lengths) != 1 or any(np.ndim(layer) != 3 for layer in layers):
        shapes = ", ".join(str(np.shape(layer)) for layer in layers)
        raise ShapeError(
            "Argument `init` must have one leading axis, the members, in every layer, but its "
            f"shapes are {shapes}."
        )
    (count,) = lengths
    if not count:
        raise ArgumentError("Argument `init` must hold members, but it holds none.")
    if members is not None and members != count:
        raise ArgumentError(f"Argument `members` is {members}, but `init` holds {count} of them.")
    return int(count)


def _part(given: Any, first: int, last: int) -> Any:
    """Return the members from first to before last."""
    if callable(given):
        return given(first, last)
    if isinstance(given, tuple | list) and given and isinstance(given[0], np.ndarray):
        return tuple(layer[first:last] for layer in given)
    array = np.asarray(given)
    return array if array.ndim < 3 else array[first:last]


def _edges(edges: ArrayLike) -> Array:
    found = as_finite("edges", edges)
    if found.ndim != 1 or found.size < 2 or (np.diff(found) <= 0).any():
        raise ArgumentError(
            "Argument `edges` must hold two increasing numbers or more, such as "
            f"np.linspace(0, 1, 101), but it is {edges!r}."
        )
    return frozen(found)
