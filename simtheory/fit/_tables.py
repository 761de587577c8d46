"""Named columns over time from a file or a dataset; errors name the cell.

A source is a `Table` of raw cells. Only the columns that are wanted become numbers, so text and gaps
in other columns do no harm.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from simtheory._checks import nearest
from simtheory._files import TIMES, UNITS, is_bookkeeping
from simtheory._typing import Array
from simtheory.errors import ArgumentError

INCOMPLETE = ("refuse", "drop")

_GAPS = {"", "nan", "na", "n/a", "null", "none"}
"""Cells that say that nothing was measured, in lower case."""

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*")

_LEAVE_OUT = (
    "Leave the row out, or pass incomplete='drop' (--incomplete drop); times need not be evenly "
    "spaced."
)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Raw columns; `where` names a row for errors, `number` reads a cell."""

    source: str
    raw: Mapping[str, Any]
    where: Callable[[int], str]
    number: Callable[[Any], float] = field(default=lambda cell: _as_number(cell))


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The wanted columns as numbers, their times, and what was left out."""

    unit: str
    t: Array
    columns: dict[str, Array]
    notes: tuple[str, ...]


def read_csv(path: Path) -> Table:
    """Read a file of separated values with a header; the separator is the one that the header has."""
    text = _text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(
        _SEPARATORS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), []))
    )
    if separator in first or len(first.split()) < 2:
        reader = csv.reader(text.splitlines(), delimiter=separator)
        lines = [(reader.line_num, cells) for cells in reader]
    else:  # blanks between columns
        separator = " "
        lines = [(k, line.split()) for k, line in enumerate(text.splitlines(), 1)]
    header = [name.strip() for name in lines[0][1]] if lines else []
    if not any(header):
        raise ArgumentError(f"The file {path} must start with a line of column names.")
    doubled = [name for k, name in enumerate(header) if name in header[:k]]
    if doubled:
        raise ArgumentError(f"{path}, line 1: there are two columns {doubled[0]!r}.")
    rows = [(number, cells) for number, cells in lines[1:] if any(c.strip() for c in cells)]
    for number, cells in rows:
        if len(cells) != len(header):
            blank = "blank" if separator == " " else _SEPARATORS[separator]
            raise ArgumentError(
                f"{path}, line {number}: there are {len(cells)} cells, but the header names "
                f"{len(header)} columns. The separator is the {blank}, as in the header."
            )
    if not rows:
        raise ArgumentError(f"The file {path} has column names but no numbers.")
    raw = {name: [cells[k] for _, cells in rows] for k, name in enumerate(header)}
    comma = separator != "," and any(
        _DECIMAL_COMMA.fullmatch(c) for _, cells in rows for c in cells
    )
    return Table(
        str(path),
        raw,
        lambda row: f"{path}, line {rows[row][0]}",
        lambda cell: float(cell.replace(",", ".") if comma else cell),
    )


def read_jsonl(path: Path) -> Table:
    """Read a file with one JSON object a line, as loggers write; a name that a line lacks is a gap."""
    found: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as reason:
            raise ArgumentError(f"{path}, line {number}: this is no JSON: {reason}.") from reason
        if not isinstance(entry, dict):
            raise ArgumentError(
                f"{path}, line {number}: there must be an object of names and numbers, but it is "
                f"{line.strip()[:40]!r}."
            )
        found.append((number, entry))
    if not found:
        raise ArgumentError(f"The file {path} has no lines.")
    names = dict.fromkeys(name for _, entry in found for name in entry)
    raw = {name: [entry.get(name) for _, entry in found] for name in names}
    return Table(str(path), raw, lambda row: f"{path}, line {found[row][0]}")


def of_frame(frame: Any) -> Table:
    """Return the columns of a pandas DataFrame; a named index is one of them."""
    raw = {str(name): frame.iloc[:, k].to_numpy() for k, name in enumerate(frame.columns)}
    if len(raw) < len(frame.columns):
        raise ArgumentError("The DataFrame must have different column names, but one comes twice.")
    if str(frame.index.name).lower() in UNITS:
        raw = {str(frame.index.name): frame.index.to_numpy(), **raw}
    return Table("The DataFrame", raw, lambda row: f"Row {row} of the DataFrame")


def of_arrays(named: Mapping[Any, Any], where: Callable[[int], str], *, source: str) -> Table:
    """Return named arrays as columns; a matrix is one column for each concept."""
    raw: dict[str, Any] = {}
    for name, value in named.items():
        if np.ma.isMaskedArray(value):
            raise ArgumentError(
                f"Column {name!r} of {source} must hold real numbers, but it is a masked array. "
                "Leave masked rows out."
            )
        try:
            array = np.asarray(value)
        except ValueError:  # rows of unequal length
            array = np.empty((), dtype=object)
        if array.ndim > 2 or array.ndim == 0 or array.dtype.kind not in "iufO":
            raise ArgumentError(
                f"Column {name!r} of {source} must hold real numbers, one for each time, but it is "
                f"{_shown(value)}."
            )
        if array.ndim == 2:
            raw |= {f"{name}_{k + 1}": column for k, column in enumerate(array.T)}
        else:
            raw[str(name)] = array
    return Table(source, raw, where)


def take(table: Table, time: str | None, columns: Sequence[str] | None, incomplete: str) -> Columns:
    """Return the times and the wanted columns as numbers."""
    clock = _time_column(table, time)
    wanted, notes = _wanted(table, clock, columns)
    read = {name: _numbers(table, name) for name in (clock, *wanted)}
    for name, column in read.items():
        if column.shape != read[clock].shape:
            raise ArgumentError(
                f"Column {name!r} of {table.source} must run over the {read[clock].size} times, but its "
                f"shape is {column.shape}."
            )
    rows, joined = _joined(np.stack(list(read.values()), axis=1))
    gaps = np.isnan(rows.numbers).any(axis=1)
    if gaps.any() and incomplete == "refuse":
        row = int(np.argmax(gaps))
        name = list(read)[int(np.argmax(np.isnan(rows.numbers[row])))]
        _refuse_gap(table, name, rows.first[row])
    if gaps.all():
        _empty_handed(table, wanted)
    if joined:
        notes.append(f"{joined} rows completed others of the same time")
    if gaps.any():
        notes.append(f"{int(gaps.sum())} incomplete rows left out")
    kept, first = rows.numbers[~gaps], rows.first[~gaps]
    _check_times(kept[:, 0], clock, lambda row: table.where(int(first[row])))
    return Columns(
        UNITS.get(clock.lower(), "step"),
        kept[:, 0],
        {name: kept[:, k + 1] for k, name in enumerate(wanted)},
        tuple(notes),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    numbers: Array
    first: Any
    """The row of the source that each row begins in."""


def _joined(numbers: Array) -> tuple[_Rows, int]:
    """Join neighbouring rows of one time whose gaps complete one another, and count those that went."""
    kept: list[Array] = []
    first: list[int] = []
    for k, row in enumerate(numbers):
        if kept and row[0] == kept[-1][0]:
            doubled = ~np.isnan(row[1:]) & ~np.isnan(kept[-1][1:])
            if not doubled.any():
                kept[-1] = np.where(np.isnan(kept[-1]), row, kept[-1])
                continue
        kept.append(row)
        first.append(k)
    return _Rows(np.array(kept).reshape(-1, numbers.shape[1]), np.array(first)), len(numbers) - len(
        kept
    )


def _time_column(table: Table, time: str | None) -> str:
    if time is not None:
        if time not in table.raw:
            raise ArgumentError(
                f"Argument `time` names {time!r}, which is no column; {nearest(time, table.raw)}"
            )
        return time
    found = [name for name in table.raw if name.lower() in TIMES]
    if len(found) == 1:
        return found[0]
    came = f"{len(found)} of them" if found else f"columns {', '.join(map(repr, table.raw))}"
    epochs = [name for name in table.raw if name.lower() in UNITS]
    advice = (
        "Name it in `time` (--time)."
        if found or len(table.raw) > 1
        else (f"Columns are separated by a {', a '.join(_SEPARATORS.values())} or blanks.")
    )
    if not found and epochs:
        advice = f"To count epochs pass time={epochs[0]!r} (--time {epochs[0]})."
    raise ArgumentError(
        f"{table.source} must have one column of times, named {' or '.join(TIMES)}, but it has {came}. "
        f"{advice}"
    )


def _wanted(table: Table, clock: str, columns: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """Return the named columns, or all that are measured, and what to say of the others."""
    if columns is not None:
        for k, name in enumerate(columns):
            if name in columns[:k]:
                raise ArgumentError(f"Argument `columns` names {name!r} twice.")
            known = [other for other in table.raw if other != clock]
            if name not in known:
                what = "the column of times" if name == clock else "no column"
                raise ArgumentError(
                    f"Argument `columns` names {name!r}, which is {what}; {nearest(name, known)}"
                )
        if not columns:
            raise ArgumentError("Argument `columns` must name a column, but it is empty.")
        return list(columns), []
    others = [name for name in table.raw if name != clock]
    left = [name for name in others if is_bookkeeping(name) or _is_words(table, name)]
    found = [name for name in others if name not in left]
    if not found:
        raise ArgumentError(
            f"{table.source} must have a column beside the times, but it has {_listed(left) or 'none'}."
        )
    losses = [name for name in found if "loss" in name.lower()]
    if losses and len(found) > 1:
        raise ArgumentError(
            f"Argument `columns` is needed: losses ({', '.join(losses)}) stand beside other "
            f"columns ({', '.join(n for n in found if n not in losses) or 'none'}), and "
            "one fit takes one loss, or outputs only."
        )
    notes = [f"columns that are no concepts left out: {_listed(left)}"] if left else []
    return found, notes


def _is_words(table: Table, name: str) -> bool:
    """Tell whether a column holds words and no number at all, such as the name of the run."""
    cells = [c for c in table.raw[name] if isinstance(c, str) and c.strip().lower() not in _GAPS]
    return bool(cells) and len(cells) == len(table.raw[name]) and not any(map(_reads(table), cells))


def _reads(table: Table) -> Callable[[Any], bool]:
    def reads(cell: Any) -> bool:
        try:
            table.number(cell)
        except (TypeError, ValueError):
            return False
        return True

    return reads


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name or "a nameless one" for name in names)


def _numbers(table: Table, name: str) -> Array:
    """Return a column as float64, NaN where a cell is a gap; infinities and words are refused."""
    cells = table.raw[name]
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iuf":
        values = cells.astype(np.float64)
    else:
        values = np.array([_cell(table, name, row, cell) for row, cell in enumerate(cells)])
    bad = np.flatnonzero(np.isinf(values))
    if bad.size:
        raise ArgumentError(
            f"{table.where(int(bad[0]))}, column {name!r}: the number must be finite, but it is "
            f"{values[bad[0]]}."
        )
    return values


def _cell(table: Table, name: str, row: int, cell: Any) -> float:
    if cell is None or str(cell).strip().lower() in _GAPS or type(cell).__name__ == "NAType":
        return np.nan
    try:
        return table.number(cell)
    except (TypeError, ValueError, OverflowError) as reason:
        raise ArgumentError(
            f"{table.where(row)}, column {name!r}: the cell must be a number, but it is "
            f"{_shown(cell.strip() if isinstance(cell, str) else cell)}."
        ) from reason


def _as_number(cell: Any) -> float:
    """Read a cell that is an object: numbers only, no words and no truth values."""
    if isinstance(cell, bool) or not isinstance(cell, Real | np.integer | np.floating):
        raise TypeError
    return float(cell)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"


def _refuse_gap(table: Table, name: str, row: int) -> NoReturn:
    cell = table.raw[name][row]
    came = "it is empty" if cell is None or not str(cell).strip() else f"it is {str(cell).strip()}"
    raise ArgumentError(
        f"{table.where(row)}, column {name!r}: the cell must be a finite number, but {came}. "
        f"{_LEAVE_OUT}"
    )


def _empty_handed(table: Table, wanted: list[str]) -> NoReturn:
    raise ArgumentError(
        f"{table.source} must have rows in which {', '.join(wanted)} and the time are all given, but it "
        "has none. Ask for fewer columns."
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as reason:
        raise ArgumentError(f"The file {path} cannot be read: {reason}.") from reason


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
