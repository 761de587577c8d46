"""What a topic of the explorer is made of: controls, a function from their values to a picture, and code.

A control knows its range, reads what a user types, and places its value on sliders. A picture is
numbers: lines of charts and columns of tables. Neither knows the page that shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np

from simtheory import fit
from simtheory._checks import is_integer, number, one_of
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, SimTheoryError

__all__ = [
    "Chart",
    "Choice",
    "Column",
    "Control",
    "File",
    "Line",
    "Number",
    "Numbers",
    "Table",
    "Topic",
    "Uploaded",
    "Whole",
]

_DIGITS = 3
"""Significant digits of a value that a slider gives; typed values keep all of theirs."""


@dataclass(frozen=True, slots=True)
class Slider:
    """Where a slider stands, and between which ends it moves.

    Parameters
    ----------
    position, low, high, step : float
        In the slider's own scale.
    """

    position: float
    low: float
    high: float
    step: float


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a range, on a linear or a logarithmic slider.

    Parameters
    ----------
    name : str
        Name of the argument.
    label : str
        What it is, with its unit.
    start : float
        Value at first.
    low, high : float
        Ends of the range, both included.
    logarithmic : bool
        Whether the slider is.
    """

    name: str
    label: str
    start: float
    low: float
    high: float
    logarithmic: bool = False

    def check(self, value: Any) -> float:
        """Return the value, or say why it is refused."""
        return _within(self.name, number(self.name, value), self.low, self.high)

    def read(self, text: str) -> float:
        """Return the value that was typed."""
        return self.check(_number(self.name, text))

    def text(self, value: float) -> str:
        """Return what the field shows."""
        return repr(value).removesuffix(".0")

    def sliders(self, value: float) -> tuple[Slider, ...]:
        """Return where the slider stands."""
        return (_slider(value, self.low, self.high, self.logarithmic),)

    def moved(self, value: float, place: int, position: float) -> float:
        """Return the value after the slider has moved."""
        return _value(position, self.low, self.high, self.logarithmic)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in a range.

    Parameters
    ----------
    name : str
        Name of the argument.
    label : str
        What it is.
    start, low, high : int
        Value at first, and the ends of the range, both included.
    """

    name: str
    label: str
    start: int
    low: int
    high: int

    def check(self, value: Any) -> int:
        """Return the value, or say why it is refused."""
        if not is_integer(value):
            raise ArgumentError(
                f"Argument `{self.name}` must be a whole number, but it is {value!r}."
            )
        return int(_within(self.name, int(value), self.low, self.high))

    def read(self, text: str) -> int:
        """Return the value that was typed."""
        value = _number(self.name, text)
        return self.check(int(value) if value.is_integer() else value)

    def text(self, value: int) -> str:
        """Return what the field shows."""
        return str(value)

    def sliders(self, value: int) -> tuple[Slider, ...]:
        """Return where the slider stands."""
        return (Slider(value, self.low, self.high, 1),)

    def moved(self, value: int, place: int, position: float) -> int:
        """Return the value after the slider has moved."""
        return round(position)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Several numbers in a range, each with a slider; typing sets how many.

    Parameters
    ----------
    name : str
        Name of the argument.
    label : str
        What they are, with their unit.
    start : tuple of float
        Values at first.
    low, high : float
        Ends of the range, both included.
    most, least : int
        Greatest and smallest count.
    logarithmic : bool
        Whether the sliders are.
    """

    name: str
    label: str
    start: tuple[float, ...]
    low: float
    high: float
    most: int
    least: int = 1
    logarithmic: bool = False

    def check(self, value: Any) -> tuple[float, ...]:
        """Return the values, or say why they are refused."""
        listed = isinstance(value, list | tuple | np.ndarray)
        if not listed or not self.least <= len(value) <= self.most:
            count = f"{self.least} to {self.most}" if self.least < self.most else str(self.most)
            raise ArgumentError(
                f"Argument `{self.name}` must be {count} numbers with commas between, but it is {value!r}."
            )
        return tuple(
            _within(self.name, number(self.name, each), self.low, self.high) for each in value
        )

    def read(self, text: str) -> tuple[float, ...]:
        """Return the values that were typed, with commas between."""
        return self.check([_number(self.name, part) for part in text.split(",")])

    def text(self, value: Sequence[float]) -> str:
        """Return what the field shows."""
        return ", ".join(repr(each).removesuffix(".0") for each in value)

    def sliders(self, value: Sequence[float]) -> tuple[Slider, ...]:
        """Return where the sliders stand."""
        return tuple(_slider(each, self.low, self.high, self.logarithmic) for each in value)

    def moved(self, value: Sequence[float], place: int, position: float) -> tuple[float, ...]:
        """Return the values after one slider has moved."""
        changed = list(value)
        changed[place] = _value(position, self.low, self.high, self.logarithmic)
        return tuple(changed)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words.

    Parameters
    ----------
    name : str
        Name of the argument.
    label : str
        What it is.
    words : tuple of str
        Which there are; the first is chosen at first.
    """

    name: str
    label: str
    words: tuple[str, ...]

    @property
    def start(self) -> str:
        """Value at first."""
        return self.words[0]

    def check(self, value: Any) -> str:
        """Return the word, or say which are known."""
        return one_of(self.name, value, self.words)


@dataclass(frozen=True, slots=True, eq=False)
class Uploaded:
    """Curves that a user brought.

    Parameters
    ----------
    name : str
        Name of the file.
    curves : Curves
        What it holds.
    """

    name: str
    curves: fit.Curves


@dataclass(frozen=True, slots=True)
class File:
    """A file of measured curves, or none.

    Parameters
    ----------
    name : str
        Name of the argument.
    label : str
        What it is.
    suffixes : tuple of str
        How names of files end.
    start : None
        No file at first.
    """

    name: str
    label: str
    suffixes: tuple[str, ...] = (".csv", ".tsv", ".jsonl", ".npz")
    start: None = None

    def check(self, value: Any) -> Uploaded | None:
        """Return the curves, reading them where a path is given."""
        if value is None or isinstance(value, Uploaded):
            return value
        if not isinstance(value, str | Path):
            raise ArgumentError(
                f"Argument `{self.name}` must be a path or None, but it is {value!r}."
            )
        return Uploaded(str(value), fit.curves(value))

    def read(self, name: str, content: bytes) -> Uploaded:
        """Return the curves of a file that was dropped on the page."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            path.write_bytes(content)
            try:
                return Uploaded(path.name, fit.curves(path))
            except SimTheoryError as reason:
                said = str(reason).replace(f"{folder}/", "")
                raise type(reason)(said) from None


Control: TypeAlias = Number | Whole | Numbers | Choice | File


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line or points of a chart.

    Parameters
    ----------
    name : str
        Its entry in the legend; lines of one name share it.
    x, y : ndarray, shape (n,)
        Where it runs.
    colour : str
        Hexadecimal RGB.
    dash : {"solid", "dashed", "dotted"}
        Solid is a flow or a law, dashed a closed form beside it, dotted what was measured.
    width : float
        In pixels; 0 for points alone.
    marker : float
        Diameter of points in pixels; 0 for none.
    """

    name: str
    x: Array
    y: Array
    colour: str
    dash: str = "solid"
    width: float = 2.0
    marker: float = 0.0

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            values = np.array(getattr(self, name), dtype=np.float64).reshape(-1)
            values.flags.writeable = False
            object.__setattr__(self, name, values)


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines between two axes.

    Parameters
    ----------
    title : str
        What is shown.
    x, y : str
        Labels of the axes, with units.
    lines : tuple of Line
        In the order of drawing.
    logarithmic : str
        Which axes are: any of "x" and "y".
    equal : bool
        Whether both axes have one scale.
    hint : str
        What the legend does not say.
    """

    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    logarithmic: str = ""
    equal: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column of numbers.

    Parameters
    ----------
    title : str
        What they are, with their unit.
    values : ndarray, shape (rows,)
        The numbers.
    source : str
        The expression that gives them, in the names of the picture's code.
    infinite : str
        What an infinite number is called.
    """

    title: str
    values: ArrayLike
    source: str
    infinite: str = "never"

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64).reshape(-1)
        values.flags.writeable = False
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of numbers, with a name for each row.

    Parameters
    ----------
    title : str
        What the rows are.
    rows : tuple of str
        Their names.
    columns : tuple of Column
        Of as many numbers as there are rows.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[Column, ...]


Drawn: TypeAlias = tuple[tuple[Chart, ...], tuple[Table, ...]]


@dataclass(frozen=True, slots=True)
class Topic:
    """A tab of the explorer.

    Parameters
    ----------
    name : str
        One word.
    title : str
        Its heading.
    text : str
        One or two sentences of what is shown.
    controls : tuple of Control
        What moves.
    draw : callable
        From values by name to charts and tables.
    code : callable
        From values by name to the Python that makes the same picture.
    """

    name: str
    title: str
    text: str
    controls: tuple[Control, ...]
    draw: Callable[[Mapping[str, Any]], Drawn]
    code: Callable[[Mapping[str, Any]], str]

    def start(self) -> dict[str, Any]:
        """Return the values at first."""
        return {control.name: control.start for control in self.controls}


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ArgumentError(f"Argument `{name}` must be a number, but it is {text!r}.") from None


def _within(name: str, value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ArgumentError(
            f"Argument `{name}` must lie in [{low:g}, {high:g}], but it is {value:g}."
        )
    return value


def _slider(value: float, low: float, high: float, logarithmic: bool) -> Slider:
    if logarithmic:
        low, high, value = np.log10(low), np.log10(high), np.log10(value)
    return Slider(float(value), float(low), float(high), float(high - low) / 200)


def _value(position: float, low: float, high: float, logarithmic: bool) -> float:
    value = 10.0**position if logarithmic else position
    digits = _DIGITS if logarithmic else _DIGITS + 1
    return float(np.clip(float(f"{value:.{digits}g}"), low, high))
