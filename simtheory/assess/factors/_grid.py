"""Labels that form a full grid of factor values, and the mean activations of its cells."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory._checks import as_finite, positive
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError

__all__ = ["Grid", "grid_of", "rows_of"]

_SAME = 1e-9  # of the range of a factor: values closer than this are one level
_CELLS = 40_000  # cells of a grid; beyond, an answer takes minutes
_NAMED = 3  # missing cells that a message lists


@dataclass(frozen=True)
class Grid:
    """The cells of a full grid of factor values."""

    names: tuple[str, ...]
    levels: tuple[Array, ...]
    cell: IntArray  # of each row, shape (P,)
    counts: IntArray  # rows of each cell, shape (C,)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of levels of each factor."""
        return tuple(len(each) for each in self.levels)

    def means(self, rows: Array) -> Array:
        """Return the mean row of each cell, shape (C, d)."""
        order = np.argsort(self.cell, kind="stable")
        starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        return np.asarray(np.add.reduceat(rows[order], starts, axis=0) / self.counts[:, None])


def rows_of(name: str, value: Any, count: int | None = None) -> Array:
    """Return activations as rows (P, d) that differ, moved and scaled to a mean of 0 and a size of 1."""
    given = as_finite(name, value)
    if given.ndim != 2 or not given.size:
        raise ShapeError(
            f"Argument `{name}` must have shape (P, d), one row for each image or input, but its shape is "
            f"{given.shape}."
        )
    if count is not None and len(given) != count:
        raise ShapeError(
            f"Argument `{name}` must have {count} rows, one for each row of `labels`, but it has "
            f"{len(given)}."
        )
    size = float(np.abs(given).max())
    moved = given / size if size else given
    moved = moved - moved.mean(axis=0)
    spread = float(np.sqrt((moved**2).sum(axis=1).mean()))
    if spread < 1e-13:
        raise ArgumentError(
            f"Argument `{name}` must vary from row to row, but all {len(given)} rows are equal to "
            "rounding."
        )
    return np.asarray(moved / spread)


def grid_of(labels: ArrayLike, period: Any) -> Grid:
    """Return the grid that labels (P, k) form; a period makes values that differ by it one level."""
    given = as_finite("labels", labels)
    if given.ndim != 2 or not given.size:
        raise ShapeError(
            "Argument `labels` must have shape (P, k), one column for each factor, but its shape is "
            f"{given.shape}."
        )
    k = given.shape[1]
    if k < 2:
        raise ShapeError(
            "Argument `labels` must have at least two columns, one for each factor, but it has one. "
            "Factorisation is a statement about two factors or more."
        )
    names = tuple(
        "xyz"[f] if k <= 3 else string.ascii_lowercase[f] if k <= 26 else f"f{f + 1}"
        for f in range(k)
    )
    periods = _periods(period, k)
    levels, places = [], []
    for column, name, around in zip(given.T, names, periods, strict=True):
        found, place = _levels(column, around)
        if len(found) < 2:
            raise ArgumentError(
                f"Argument `labels` must hold at least two values of each factor, but factor {name} is "
                f"{found[0]:g} in all rows. Leave out its column."
            )
        levels.append(found)
        places.append(place)
    shape = tuple(len(each) for each in levels)
    cells = 1
    for length in shape:
        cells *= length
    missing = cells - len(np.unique(np.stack(places, axis=1), axis=0))
    if missing:
        raise ArgumentError(_no_grid(shape, levels, places, names, missing))
    if cells > _CELLS:
        raise ArgumentError(
            f"Argument `labels` must form at most {_CELLS} cells, but it forms {cells}, "
            f"{' x '.join(map(str, shape))}. Take every second level of a factor."
        )
    cell = np.ravel_multi_index(tuple(places), shape)
    return Grid(names, tuple(levels), cell, np.bincount(cell, minlength=cells))


def _periods(period: Any, k: int) -> list[float | None]:
    if period is None:
        return [None] * k
    if isinstance(period, tuple | list | np.ndarray) and np.ndim(period) == 1:
        if len(period) != k:
            raise ShapeError(
                f"Argument `period` must be one number, or one for each of {k} factors, but it has "
                f"{len(period)}."
            )
        return [None if each is None else positive("period", each) for each in period]
    return [positive("period", period)] * k


def _levels(column: Array, period: float | None) -> tuple[Array, IntArray]:
    """Return the levels of a factor, increasing, and the level of each row."""
    values = column if period is None else np.mod(column, period)
    span = float(np.ptp(values)) if period is None else period
    if period is not None:
        values = np.where(values > period * (1.0 - _SAME), 0.0, values)
    sorted_values, inverse = np.unique(values, return_inverse=True)
    fresh = np.concatenate([[True], np.diff(sorted_values) > _SAME * span])
    return sorted_values[fresh], (np.cumsum(fresh) - 1)[inverse].astype(np.intp)


def _no_grid(
    shape: tuple[int, ...],
    levels: list[Array],
    places: list[IntArray],
    names: tuple[str, ...],
    missing: int,
) -> str:
    """Return what is said of labels that form no full grid, with the first cells that are missing."""
    have = set(map(tuple, np.stack(places, axis=1).tolist()))
    absent: list[tuple[int, ...]] = []
    for cell in np.ndindex(shape):
        if cell not in have:
            absent.append(cell)
            if len(absent) == _NAMED:
                break
    said = "; ".join(
        ", ".join(
            f"{name} = {each[at]:g}" for name, each, at in zip(names, levels, cell, strict=True)
        )
        for cell in absent
    )
    more = "" if missing <= len(absent) else f", and {missing - len(absent)} more"
    return (
        f"Argument `labels` must form a full grid of factor values, {' x '.join(map(str, shape))}, but "
        f"{missing} cells have no row: {said}{more}. Evaluate the net on a grid of labels."
    )
