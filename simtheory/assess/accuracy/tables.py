"""Tables of right answers over the number of examples: how they are read and checked."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._checks import all_positive, as_finite
from simtheory._faces import face
from simtheory._names import nearest
from simtheory._typing import Array
from simtheory.errors import ArgumentError, FitError, ShapeError
from simtheory.results import axes
from simtheory.results.axes import over

__all__ = ["Counts", "counts"]

_NEEDED = ("n", "right", "asked")
_OPTIONAL = ("sigma", "side", "seed", "tolerance")


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Counts:
    """Right answers out of those asked for, over the number of training examples.

    Parameters
    ----------
    n : array_like, shape (R,)
        Number of training examples of each run.
    right, asked : array_like, shape (R,)
        Queries that were answered right, and queries.
    sigma : array_like, shape (R,), optional
        Width of the shapes, in pixels.
    side : array_like, shape (R,), optional
        Side of the space of labels, in pixels.
    seed : array_like, shape (R,), optional
        Seed of the run: runs that differ in it alone are repeats.
    tolerance : array_like, shape (R,), optional
        Distance, in pixels, up to which an answer is right.
    """

    n: Array = field(metadata=over("run"))
    right: Array = field(metadata=over("run"))
    asked: Array = field(metadata=over("run"))
    sigma: Array | None = field(default=None, metadata=over("run"))
    side: Array | None = field(default=None, metadata=over("run"))
    seed: Array | None = field(default=None, metadata=over("run"))
    tolerance: Array | None = field(default=None, metadata=over("run"))

    def __post_init__(self) -> None:
        axes.settle(self)
        if not self.n.size:
            raise FitError("A table of counts must have rows, but it has none. Measure some runs.")
        for name in ("n", "asked", "sigma", "side", "tolerance"):
            value = getattr(self, name)
            if value is not None:
                all_positive(name, value)
        for name in ("right", "asked"):
            value = getattr(self, name)
            broken = np.flatnonzero(value != np.round(value))
            if broken.size:
                raise ArgumentError(
                    f"Argument `{name}` must hold whole numbers, but row {broken[0] + 1} has "
                    f"{value[broken[0]]:g}. Give counts, not shares."
                )
        wrong = np.flatnonzero((self.right > self.asked) | (self.right < 0))
        if wrong.size:
            k = wrong[0]
            raise FitError(
                f"Argument `right` must lie between 0 and `asked`, but row {k + 1} has {self.right[k]:g} of "
                f"{self.asked[k]:g}. Give how many of the queries asked were answered right."
            )

    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict

    def __repr__(self) -> str:
        return f"Counts(runs={len(self.n)})"

    @property
    def accuracy(self) -> Array:
        """Share of right answers of each run, shape (R,)."""
        return np.asarray(self.right / self.asked)


@face
def counts(source: object) -> Counts:
    """Read right answers over the number of examples.

    Parameters
    ----------
    source : str, Path, mapping, DataFrame or Counts
        A CSV file with a head, a mapping from names to columns, or a table of pandas. Columns: ``n``,
        ``right`` and ``asked``, and any of ``sigma``, ``side``, ``seed`` and ``tolerance``; others
        are passed over.

    Returns
    -------
    Counts
        The columns, checked.

    Raises
    ------
    FitError
        If a column that is needed is missing, there are no rows, or more are right than were asked.
    ArgumentError
        If the file cannot be read, or a number is wrong; the message names the row.
    ShapeError
        If columns differ in length.

    Examples
    --------
    >>> counts({"n": [20, 40], "right": [31, 55], "asked": [100, 100]}).accuracy
    array([0.31, 0.55])
    """
    return as_counts("source", source)


def as_counts(argument: str, source: Any) -> Counts:
    """Return what an argument holds as counts; messages name the argument."""
    if isinstance(source, Counts):
        return source
    if isinstance(source, str | Path):
        columns: dict[str, Any] = _from_csv(Path(source))
    elif isinstance(source, Mapping):
        columns = {str(name): value for name, value in source.items()}
    elif hasattr(source, "columns") and hasattr(source, "to_numpy"):
        table: Any = source
        columns = {str(name): table[name].to_numpy() for name in table.columns}
    else:
        raise ArgumentError(
            f"Argument `{argument}` must be the path of a CSV file, a mapping of columns or a table of "
            f"pandas, but it is of the kind {type(source).__name__}."
        )
    for name in _NEEDED:
        if name not in columns:
            near = nearest(name, columns) if columns else "there are no columns."
            raise FitError(
                f"The table must have columns n (examples), right and asked, but {name} is missing; {near}"
            )
    known = {
        name: as_finite(name, columns[name]) for name in (*_NEEDED, *_OPTIONAL) if name in columns
    }
    for name, value in known.items():
        if value.shape != known["n"].shape or value.ndim != 1:
            raise ShapeError(
                f"Argument `{name}` must be a column as long as `n`, but their shapes are {value.shape} and "
                f"{known['n'].shape}."
            )
    return Counts(**known)


def _from_csv(path: Path) -> dict[str, Array]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as reason:
        raise ArgumentError(f"The file {path} is no readable table: {reason}") from reason
    if not rows:
        raise FitError(f"The file {path} must hold a head and rows, but it is empty.")
    names = [cell.strip().lower() for cell in rows[0]]
    columns: dict[str, list[float]] = {name: [] for name in names if name in (*_NEEDED, *_OPTIONAL)}
    for place, row in enumerate(rows[1:], start=2):
        if len(row) != len(names):
            raise ShapeError(
                f"The file {path} must have {len(names)} cells in each row, but row {place} has {len(row)}."
            )
        for name, cell in zip(names, row, strict=True):
            if name in columns:
                try:
                    columns[name].append(float(cell))
                except ValueError as reason:
                    raise ArgumentError(
                        f"The file {path} must hold numbers in column {name}, but row {place} has {cell!r}."
                    ) from reason
    missing = {name: np.zeros(0) for name in names if name not in columns}
    return {name: np.array(column) for name, column in columns.items()} | missing
