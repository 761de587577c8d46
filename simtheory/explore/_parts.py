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
    "Table",
    "Topic",
    "Uploaded",
]

_DIGITS = 3
"""Significant digits of a value that a slider gives; typed values keep all of theirs."""
_STEPS = 200
"""Steps of a slider between its ends; a finer one would not be met by a hand."""


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
    """A number in a range, or several, each with a slider; typing sets how many.

    Parameters
    ----------
    name : str
        Name of the argument.
    label : str
        What it is, with its unit.
    start : float, int or tuple
        Value at first: a tuple if there may be several.
    low, high : float
        Ends of the range, both included.
    logarithmic : bool
        Whether the sliders are.
    whole : bool
        Whether only whole numbers are taken.
    least, most : int
        Smallest and greatest count of numbers; the value is a single number where at most one is taken.
    """

    name: str
    label: str
    start: Any
    low: float
    high: float
    logarithmic: bool = False
    whole: bool = False
    least: int = 1
    most: int = 1

    @property
    def single(self) -> bool:
        """Whether the value is one number, not a tuple."""
        return self.most == 1

    def check(self, value: Any) -> Any:
        """Return the value, or say why it is refused."""
        if self.single:
            return self._one(value)
        listed = isinstance(value, list | tuple | np.ndarray)
        if not listed or not self.least <= len(value) <= self.most:
            count = f"{self.least} to {self.most}" if self.least < self.most else str(self.most)
            raise ArgumentError(
                f"Argument `{self.name}` must be {count} numbers with commas between, but it is {value!r}."
            )
        return tuple(map(self._one, value))

    def read(self, text: str) -> Any:
        """Return what was typed; several numbers have commas between."""
        found = [_number(self.name, part) for part in ([text] if self.single else text.split(","))]
        return self.check(found[0] if self.single else found)

    def text(self, value: Any) -> str:
        """Return what the field shows."""
        return ", ".join(repr(each).removesuffix(".0") for each in self._several(value))

    def sliders(self, value: Any) -> tuple[Slider, ...]:
        """Return where the sliders stand."""
        low, high = self._position(self.low), self._position(self.high)
        step = 1.0 if self.whole else (high - low) / _STEPS
        return tuple(Slider(self._position(each), low, high, step) for each in self._several(value))

    def moved(self, value: Any, place: int, position: float) -> Any:
        """Return the value after one slider has moved."""
        if self.whole:
            given: float = round(position)
        else:
            there = 10.0**position if self.logarithmic else position
            digits = _DIGITS if self.logarithmic else _DIGITS + 1
            given = float(np.clip(float(f"{there:.{digits}g}"), self.low, self.high))
        changed = [*self._several(value)]
        changed[place] = given
        return given if self.single else tuple(changed)

    def _several(self, value: Any) -> Sequence[float]:
        return (value,) if self.single else tuple(value)

    def _position(self, value: float) -> float:
        return float(np.log10(value)) if self.logarithmic else float(value)

    def _one(self, value: Any) -> float:
        """Return one number of the range, or say why it is refused."""
        found = number(self.name, value)
        if self.whole:
            if not (is_integer(value) or (isinstance(value, float) and value.is_integer())):
                raise ArgumentError(
                    f"Argument `{self.name}` must be a whole number, but it is {value!r}."
                )
            found = int(found)
        if not self.low <= found <= self.high:
            raise ArgumentError(
                f"Argument `{self.name}` must lie in [{self.low:g}, {self.high:g}], but it is {found:g}."
            )
        return found


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


Control: TypeAlias = Number | Choice | File


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
