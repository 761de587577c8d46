"""Pictures of the explorer as numbers: which topics there are, and what each draws of which values."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from simtheory._checks import one_of
from simtheory._faces import face
from simtheory._names import nearest
from simtheory.errors import ArgumentError
from simtheory.explore._parts import Chart, Table, Topic

__all__ = ["TOPICS", "Picture", "picture"]

TOPICS = ("identity", "composition", "hierarchy", "percolation", "emergence", "denoiser")


@face
@dataclass(frozen=True, slots=True)
class Picture:
    """What the explorer shows of one topic, as numbers.

    Parameters
    ----------
    charts : tuple of Chart
        Each with a title, labels, and lines of x and y.
    tables : tuple of Table
        Each with rows and columns of numbers.
    notes : tuple of str
        Warnings: what is outside its regime, or not resolved.
    code : str
        Python that makes the same picture.
    """

    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    code: str

    def __str__(self) -> str:
        return self.code


@face
def picture(topic: str, *, values: Mapping[str, Any] | None = None) -> Picture:
    """Return the numbers that the explorer shows of a topic, and the code that makes them.

    Parameters
    ----------
    topic : str
        One of `TOPICS`.
    values : mapping, optional
        Values of controls by name, such as ``{"sigma": 0.1}``; the others stay as at first.

    Returns
    -------
    Picture
        Charts, tables, notes and code.

    Raises
    ------
    ArgumentError
        If the topic, a name or a value is unknown or out of range.

    Examples
    --------
    >>> shown = picture("identity", values={"mu": (1.0, 2.0)})
    >>> [chart.title for chart in shown.charts]
    ['Test loss', 'Path in concept space', 'Entries of W']
    """
    tab = topic_of(topic)
    return made(tab, checked(tab, values or {}))


def topic_of(name: str) -> Topic:
    """Return a topic by its name."""
    one_of("topic", name, TOPICS)
    topic: Topic = import_module(f"simtheory.explore._topics.{name}").TOPIC
    return topic


def checked(tab: Topic, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of all controls of a topic."""
    controls = {control.name: control for control in tab.controls}
    found = tab.start()
    for name, value in values.items():
        if name not in controls:
            raise ArgumentError(f"No control is called {name!r}; {nearest(str(name), controls)}")
        found[name] = controls[name].check(value)
    return found


def made(tab: Topic, values: Mapping[str, Any]) -> Picture:
    """Return the picture of checked values; warnings become notes."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        charts, tables = tab.draw(values)
    notes = tuple(dict.fromkeys(str(each.message) for each in said))
    return Picture(charts, tables, notes, tab.code(values))
