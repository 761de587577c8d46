r"""What is kept of an integrated ensemble: a few numbers of W instead of all of it.

A phase diagram over a million members asks for learning times or losses, and the memory that holds
:math:`d^2` entries of every W at every time costs more than the integration. A *reading* is a list
of linear functions of W. The integrator evaluates it from the interpolant of each step, and only
its numbers are stored.

Examples
--------
>>> import numpy as np
>>> from simtheory.sim.networks import Tied
>>> from simtheory.sim.flows.integration import integrate
>>> A, U0 = np.diag([0.5, 2.0]), 0.1 * np.eye(2)
>>> integrate(Tied(), A, U0, [0.0, 9.0], read=Diagonal()).round(4)
array([[0.01  , 0.01  ],
       [0.9879, 1.    ]])
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, frozen
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError

__all__ = ["Diagonal", "Entries", "Losses", "LowerTriangle", "Outputs", "Reading", "Rows"]


@face
class Rows(NamedTuple):
    """Linear functions of W, as sparse rows.

    Number r is the sum of ``factors[q]`` times entry ``entries[q]`` of W, counted i d + j, over q from
    ``ends[r]`` to before ``ends[r + 1]``.

    Parameters
    ----------
    ends : ndarray of int, shape (m + 1,)
        Where each row begins, and the last one ends.
    entries : ndarray of int, shape (q,)
        Entries of W.
    factors : ndarray, shape (q,)
        Their factors.
    """

    ends: IntArray
    entries: IntArray
    factors: Array

    @classmethod
    def of(cls, functions: ArrayLike) -> Rows:
        """Return the sparse rows of linear functions that are given in full.

        Parameters
        ----------
        functions : array_like, shape (m, d, d)
            Factors of the entries of W, for each of m numbers; none of them zero everywhere.

        Returns
        -------
        Rows
            The same, without zeros.

        Raises
        ------
        ShapeError, ArgumentError
            If they do not have this shape, or one of them is zero.
        """
        given = as_finite("functions", functions)
        if given.ndim != 3 or given.shape[1] != given.shape[2] or not given.size:
            raise ShapeError(
                f"Argument `functions` must have shape (m, d, d), but its shape is {given.shape}."
            )
        flat = given.reshape(len(given), -1)
        row, entries = np.nonzero(flat)
        counts = np.bincount(row, minlength=len(flat))
        if not counts.all():
            raise ArgumentError(
                "Argument `functions` must not hold a function that is zero everywhere, but number "
                f"{int(np.argmin(counts))} is."
            )
        return cls(np.cumsum([0, *counts]), entries, flat[row, entries])

    @property
    def plain(self) -> bool:
        """Whether every row is just one entry of W."""
        return self.entries.size == self.ends.size - 1 and bool((self.factors == 1.0).all())


def _plain(entries: IntArray) -> Rows:
    return Rows(np.arange(entries.size + 1), entries, np.ones(entries.size))


def numbered(count: int) -> Rows:
    """Return one row for each of the first numbers."""
    return _plain(np.arange(count))


def block(rows: int, columns: int, side: int) -> Rows:
    """Return one row for each entry of the first rows and columns of a matrix of dimension `side`."""
    return _plain((side * np.arange(rows)[:, np.newaxis] + np.arange(columns)).ravel())


@face
class Reading(ABC):
    """Numbers read off W at each time; `integrate` takes one as `read`.

    A subclass defines `rows`, the linear functions of W that are stored, and may define `finish`,
    which makes the readings of them. `Rows.of` turns functions given in full into rows.

    Examples
    --------
    The trace of W:

    >>> class Trace(Reading):
    ...     def rows(self, dim):
    ...         return Rows.of(np.eye(dim)[np.newaxis])
    >>> from simtheory import sim
    >>> sim.integrate(sim.Tied(), np.diag([0.5, 2.0]), 0.1 * np.eye(2), [9.0], read=Trace()).round(4)
    array([[1.9879]])
    """

    __slots__ = ()

    @abstractmethod
    def rows(self, dim: int) -> Rows:
        """Return the linear functions of W that are stored.

        Parameters
        ----------
        dim : int
            Dimension d of the inputs.

        Returns
        -------
        Rows
            One sparse row for each number.
        """

    def finish(self, numbers: Array) -> Array:
        """Return the readings, given the stored numbers.

        Parameters
        ----------
        numbers : ndarray, shape (..., m)
            Linear functions of W.

        Returns
        -------
        ndarray, shape (..., k)
            The readings.
        """
        return numbers

    def toward(self, teacher: Array) -> Reading:
        """Return the reading of nets that learn a teacher; only readings that know the answers differ.

        Parameters
        ----------
        teacher : ndarray, shape (..., d, d)
            What W is drawn to, with the leading axes of the ensemble.

        Returns
        -------
        Reading
            This one, unless a subclass says otherwise.

        Raises
        ------
        ArgumentError
            If the teacher is not finite.
        """
        as_finite("teacher", teacher)
        return self


@face
@dataclass(frozen=True, slots=True)
class Entries(Reading):
    """Every entry of W, row after row: d² numbers."""

    def rows(self, dim: int) -> Rows:
        """Return one row for each entry."""
        return _plain(np.arange(dim * dim))


@face
@dataclass(frozen=True, slots=True)
class LowerTriangle(Reading):
    """The entries of W on and below the diagonal, row after row, which determine the W of a tied net."""

    def rows(self, dim: int) -> Rows:
        """Return one row for each entry."""
        i, j = np.tril_indices(dim)
        return _plain(i * dim + j)


@face
@dataclass(frozen=True, slots=True)
class Diagonal(Reading):
    """The diagonal of W: how far each concept is learned."""

    def rows(self, dim: int) -> Rows:
        """Return one row for each entry."""
        return _plain(np.arange(dim) * (dim + 1))


@face
@dataclass(frozen=True, slots=True, eq=False)
class Outputs(Reading):
    """The outputs W x on some inputs x, one after the other: P d numbers.

    Parameters
    ----------
    probes : array_like, shape (P, d)
        The inputs.
    """

    probes: Array

    def __init__(self, probes: ArrayLike) -> None:
        x = as_finite("probes", probes)
        if x.ndim != 2 or x.size == 0:
            raise ShapeError(
                f"Argument `probes` must have shape (P, d), but its shape is {x.shape}."
            )
        object.__setattr__(self, "probes", frozen(x))

    def rows(self, dim: int) -> Rows:
        """Return one row for each coordinate of each output."""
        count, d = self.probes.shape
        if d != dim:
            raise ShapeError(
                f"Argument `probes` must have shape (P, {dim}), but its shape is {self.probes.shape}."
            )
        entries = np.tile(np.arange(d * d), count)
        factors = np.repeat(self.probes, d, axis=0).ravel()
        return Rows(np.arange(0, entries.size + 1, d), entries, factors)


@face
@dataclass(frozen=True, slots=True, eq=False)
class Losses(Reading):
    """The losses ½‖W x − y‖² on some inputs x, such as a task's vertices.

    The answers y are the inputs, or B x where the nets learn a teacher B.

    Parameters
    ----------
    probes : array_like, shape (P, d)
        The inputs.
    answers : array_like, shape (..., P, d), optional
        The answers, with leading axes that broadcast against the ensemble. Default: what is learned.
    """

    outputs: Outputs
    answers: Array | None

    def __init__(self, probes: ArrayLike, answers: ArrayLike | None = None) -> None:
        found = Outputs(probes)
        object.__setattr__(self, "outputs", found)
        y = None if answers is None else as_finite("answers", answers)
        if y is not None and y.shape[-2:] != found.probes.shape:
            raise ShapeError(
                f"Argument `answers` must have shape (..., {found.probes.shape[0]}, "
                f"{found.probes.shape[1]}), an answer for each probe, but its shape is {y.shape}."
            )
        object.__setattr__(self, "answers", None if y is None else frozen(y))

    def rows(self, dim: int) -> Rows:
        """Return one row for each coordinate of each output."""
        return self.outputs.rows(dim)

    def toward(self, teacher: Array) -> Losses:
        """Return the reading whose answers are the teacher's, unless answers are given."""
        if self.answers is not None:
            return self
        x = self.outputs.probes
        aim = as_finite("teacher", teacher)
        return Losses(x, x @ np.swapaxes(aim, -1, -2))

    def finish(self, numbers: Array) -> Array:
        """Return the loss on each input."""
        x = self.outputs.probes
        y = x if self.answers is None else self.answers[..., np.newaxis, :, :]
        off = numbers.reshape(*numbers.shape[:-1], *x.shape) - y
        return np.asarray(0.5 * np.einsum("...i,...i->...", off, off))
