"""Named columns over time from a file or a dataset; errors name the cell."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from simtheory._checks import nearest
from simtheory._typing import Array
from simtheory.errors import ArgumentError

TIMES = {"t": "t", "time": "t", "step": "step", "steps": "step"}
"""Names of a time column, and the unit that each of them means."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A time column and the others; `where` names a row for errors."""

    unit: str
    t: Array
    columns: dict[str, Array]
    where: Callable[[int], str]


def read_csv(path: Path) -> Table:
    """Read a CSV file with a header; errors name a bad cell by line and column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as reason:
        raise ArgumentError(f"The file {path} cannot be read: {reason}.") from reason
    reader = csv.reader(text.splitlines())
    header = [name.strip() for name in next(reader, [])]
    if not any(header):
        raise ArgumentError(f"The file {path} must start with a line of column names.")
    doubled = [name for k, name in enumerate(header) if name in header[:k]]
    if doubled:
        raise ArgumentError(f"{path}, line 1: there are two columns {doubled[0]!r}.")
    rows, lines = [], []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        place = f"{path}, line {reader.line_num}"
        if len(cells) != len(header):
            raise ArgumentError(
                f"{place}: there are {len(cells)} cells, but the header names {len(header)} columns."
            )
        rows.append([_number(c, place, name) for c, name in zip(cells, header, strict=True)])
        lines.append(reader.line_num)
    if not rows:
        raise ArgumentError(f"The file {path} has column names but no numbers.")
    values = np.array(rows)
    named = {name: values[:, k] for k, name in enumerate(header)}
    return as_table(named, lambda row: f"{path}, line {lines[row]}", source=str(path))


def as_table(named: Mapping[str, Any], where: Callable[[int], str], *, source: str) -> Table:
    """Split named arrays into a time column and the others, and check both."""
    arrays: dict[str, Array] = {}
    for name, value in named.items():
        try:
            array = np.asarray(value)
            if np.iscomplexobj(array):  # NumPy would drop the imaginary part
                raise TypeError("complex")
            array = np.array(array, dtype=np.float64)
        except (TypeError, ValueError) as reason:
            raise ArgumentError(f"Column {name!r} of {source} must hold real numbers.") from reason
        if array.ndim == 2:  # one column for each concept
            arrays |= {f"{name}_{k + 1}": column for k, column in enumerate(array.T)}
        else:
            arrays[name] = array
    clocks = [name for name in arrays if name.lower() in TIMES]
    if len(clocks) != 1:
        came = f"{len(clocks)} of them" if clocks else f"columns {', '.join(map(repr, arrays))}"
        raise ArgumentError(
            f"{source} must have one column of times, named {' or '.join(TIMES)}, but it has {came}."
        )
    t = arrays.pop(clocks[0])
    for name, column in arrays.items():
        if column.shape != t.shape or t.ndim != 1:
            raise ArgumentError(
                f"Column {name!r} of {source} must run over the {t.size} times, but its shape is "
                f"{column.shape}."
            )
    for name, column in {clocks[0]: t, **arrays}.items():
        bad = np.flatnonzero(~np.isfinite(column))
        if bad.size:
            raise ArgumentError(
                f"{where(int(bad[0]))}, column {name!r}: the number must be finite, but it is "
                f"{column[bad[0]]}. Leave the row out; times need not be evenly spaced."
            )
    _check_times(t, clocks[0], where)
    return Table(TIMES[clocks[0].lower()], t, arrays, where)


def pick(table: Table, columns: Sequence[str] | None) -> dict[str, Array]:
    """Return the named columns, or all; refuse losses beside outputs."""
    if columns is None:
        losses = [name for name in table.columns if "loss" in name.lower()]
        if losses and len(table.columns) > 1:
            raise ArgumentError(
                f"Argument `columns` is needed: losses ({', '.join(losses)}) stand beside other "
                f"columns ({', '.join(n for n in table.columns if n not in losses) or 'none'}), and "
                "one fit takes one loss, or outputs only."
            )
        columns = list(table.columns)
    for k, name in enumerate(columns):
        if name in columns[:k]:
            raise ArgumentError(f"Argument `columns` names {name!r} twice.")
        if name not in table.columns:
            raise ArgumentError(
                f"Argument `columns` names {name!r}, which is no column; "
                f"{nearest(name, table.columns)}"
            )
    if not columns:
        raise ArgumentError("There must be a column beside the times, but there is none.")
    return {name: table.columns[name] for name in columns}


def _number(cell: str, place: str, name: str) -> float:
    if not cell.strip():
        _refuse_cell(place, name, "it is empty. Leave the row out; times need not be evenly spaced")
    try:
        return float(cell)
    except ValueError:
        _refuse_cell(place, name, f"it is {cell.strip()!r}")


def _refuse_cell(place: str, name: str, came: str) -> NoReturn:
    raise ArgumentError(f"{place}, column {name!r}: the cell must be a number, but {came}.")


def _check_times(t: Array, name: str, where: Callable[[int], str]) -> None:
    if t.size and t[0] < 0:
        raise ArgumentError(
            f"{where(0)}, column {name!r}: times must not be negative, but this is {t[0]:g}."
        )
    steps = np.diff(t)
    if np.any(steps <= 0):
        k = int(np.argmax(steps <= 0))
        rule = "repeats" if steps[k] == 0 else "comes after"
        raise ArgumentError(
            f"{where(k + 1)}, column {name!r}: times must increase, but {t[k + 1]:g} {rule} {t[k]:g}. "
            "Sort the rows, and keep or average one row per time."
        )
