"""What a sweep is: axes, and how a cell's task, start, flow and grid of times come from them."""

from __future__ import annotations

import hashlib
import inspect
import json
import pickle
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._checks import nearest, one_of, positive, positive_int
from simtheory.errors import ArgumentError, SimTheoryError
from simtheory.sweep._axes import axis_values, length
from simtheory.sweep._expressions import evaluated, names_in
from simtheory.sweep._grid import Grid
from simtheory.sweep.measures import MEASURES

__all__ = ["Spec"]

TABLES = {
    "task": ("mu", "sigma", "dim", "weights", "origin", "rotation", "squared_rates"),
    "init": ("init", "scale", "width", "cosine", "seed", "weights", "balanced"),
    "flow": ("flow", "depth", "rtol", "max_steps"),
    "time": ("t_max", "points"),
    "observe": ("level", "threshold"),
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "task": {},
    "init": {"init": "uniform", "scale": 0.1, "cosine": 0.9},
    "flow": {"flow": "Tied", "rtol": 1e-9, "max_steps": 100_000},
    "time": {"points": 401},
    "observe": {"level": 0.5, "threshold": 1e-3},
}
# Fields that hold a word: an axis of that name, or the word itself. In all others text is arithmetic.
WORDS = {
    "init": ("uniform", "gaussian", "correlated", "torch_uniform", "explicit"),
    "flow": ("OneLayer", "Tied", "Untied", "Deep"),
}
# Fields that are true or false; text names an axis of such values.
FLAGS = ("squared_rates", "balanced")
# Fields that are one for the whole sweep: they give the arrays of the store their shapes.
FIXED = ("points", "rtol", "max_steps", "level", "threshold")
THEORIES = ("tied.pivots", "tied.first_order", "one_layer.solution")
_MOST_TASKS = 1_000_000
_LARGEST_MAP = 2**27  # entries of W over time: a gigabyte, for one cell
_SINGLE = ("axes", *TABLES, "measure", "theory", "seeds", "entropy", "cells_per_task")


class Spec:
    """A grid of cells, and what is computed at each.

    Every argument is what a TOML file holds under the same name; `docs/sweeps` teaches them.

    Parameters
    ----------
    axes : mapping of str to sequence or mapping
        Values of each axis, the last running fastest: a list of numbers, words or truth values,
        ``{"linspace": [first, last, n]}``, or ``{"logspace": [first, last, n]}`` with both ends as
        they are, not their logarithms.
    task, init, flow, time, observe : mapping, optional
        The cell's task, start, flow, grid of times and thresholds. A text among their values is
        arithmetic of the axes, such as ``"sqrt(2 * ratio)"``.
    measure : sequence of str
        What is kept of each run: names of `simtheory.sweep.MEASURES`.
    theory : str, optional
        A closed form, such as ``"tied.pivots"``, on which everything is measured too, as
        ``<measure>_theory``.
    seeds : int, optional
        How often each cell is run, every time from a seed of its own; an axis ``seed`` counts them.
    entropy : int
        From which all seeds derive.
    cells_per_task : int, optional
        Size of a task, at most. Default: a fraction of a second to a second of work, counted from
        the spec and not timed.
    function : callable, optional
        Instead of `task` to `theory`: computes a `Cell`, and returns a mapping from the names of
        `variables` to numbers. It must be importable by other processes.
    variables : sequence of str
        Names of the numbers that the function returns.

    Raises
    ------
    ArgumentError
        If a name is unknown, an axis is used nowhere, or a number breaks a rule.

    Examples
    --------
    >>> spec = Spec(
    ...     axes={"ratio": {"linspace": [0.1, 0.9, 5]}, "cosine": [0.5, 0.9]},
    ...     task={"mu": [1.0, "sqrt(ratio)"], "sigma": 0.0},
    ...     init={"init": "correlated", "cosine": "cosine"},
    ...     measure=["largest_rise"],
    ... )
    >>> spec
    Spec(ratio: 5 × cosine: 2, 10 cells in 1 task)
    """

    def __init__(
        self,
        *,
        axes: Mapping[str, Any],
        task: Mapping[str, Any] | None = None,
        init: Mapping[str, Any] | None = None,
        flow: Mapping[str, Any] | None = None,
        time: Mapping[str, Any] | None = None,
        observe: Mapping[str, Any] | None = None,
        measure: Sequence[str] = (),
        theory: str | None = None,
        seeds: int | None = None,
        entropy: int = 0,
        cells_per_task: int | None = None,
        function: Callable[..., Mapping[str, float]] | None = None,
        variables: Sequence[str] = (),
    ) -> None:
        self.axes = {
            name: axis_values(name, values) for name, values in _table("axes", axes).items()
        }
        if not self.axes:
            raise ArgumentError("Argument `axes` must hold at least one axis, but it is empty.")
        self.seeds = None if seeds is None else length("seeds", seeds)
        if isinstance(entropy, bool) or not isinstance(entropy, int) or entropy < 0:
            raise ArgumentError(
                f"Argument `entropy` must be a non-negative integer, but it is {entropy!r}."
            )
        self._check_names([*self.axes], [*variables], seeds is not None)
        self.entropy = entropy
        self.function = function
        self.uses: dict[str, tuple[str, ...]] = {}  # which axes a table names
        self.theory = theory
        given = {"task": task, "init": init, "flow": flow, "time": time, "observe": observe}
        if function is None:
            self.variables: tuple[str, ...] = ()
            self.measure = _words("measure", measure, MEASURES)
            if theory is not None:
                one_of("theory", theory, THEORIES)
            self.tables = {name: self._filled(name, given[name] or {}) for name in TABLES}
            self._check_use()
            self._check_memory()
        else:
            self.variables = _words("variables", variables, None)
            self.measure, self.tables = (), {}
            crowd = [n for n, v in {**given, "measure": measure, "theory": theory}.items() if v]
            if crowd:
                raise ArgumentError(
                    f"With `function` there is no use for `{crowd[0]}`: the function does all."
                )
            self._fingerprint  # noqa: B018 - says now that a function cannot be sent to workers
        wanted = None if cells_per_task is None else positive_int("cells_per_task", cells_per_task)
        shape = tuple(len(values) for values in self.coordinates.values())
        self.grid = Grid.cut(shape, wanted or self._task_size(shape))
        if self.grid.tasks > _MOST_TASKS:
            raise ArgumentError(
                f"A sweep can have at most {_MOST_TASKS} tasks, but {self.grid.cells} cells make "
                f"{self.grid.tasks}. Split the grid, or set `cells_per_task` higher."
            )

    @classmethod
    def from_toml(cls, path: str | Path) -> Spec:
        """Read a spec from a TOML file.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        Spec
            What it describes.

        Raises
        ------
        ArgumentError
            If the file cannot be read, or does not describe a sweep.
        """
        try:
            document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as reason:
            raise ArgumentError(f"The file {path} is no readable TOML: {reason}") from reason
        for name in document:
            if name not in _SINGLE:
                raise ArgumentError(
                    f"The file {path} has no place for {name!r}; {nearest(name, _SINGLE)}"
                )
        if "axes" not in document:
            raise ArgumentError(f"The file {path} needs a table [axes] with the axes of the grid.")
        return cls(**document)

    @property
    def coordinates(self) -> dict[str, tuple[Any, ...]]:
        """Values along each axis of the grid, that of the seeds included."""
        return {**self.axes, **({"seed": tuple(range(self.seeds))} if self.seeds else {})}

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as plain numbers, words and lists.

        Returns
        -------
        dict
            What fixes the numbers and the layout of a store; a function stands in by its name and
            a digest of its source.
        """
        plain: dict[str, Any] = {
            "axes": [[name, list(values)] for name, values in self.axes.items()],
            "seeds": self.seeds,
            "entropy": self.entropy,
            "cells_per_task": list(self.grid.box),
        }
        if self.function is None:
            plain |= {"measure": list(self.measure), "theory": self.theory, **self.tables}
        else:
            plain |= {"function": self._fingerprint, "variables": list(self.variables)}
        return plain

    @property
    def digest(self) -> str:
        """SHA-256 of `to_dict`, by which a store knows its spec."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def __repr__(self) -> str:
        axes = " × ".join(f"{name}: {len(values)}" for name, values in self.coordinates.items())
        n = self.grid.tasks
        return f"Spec({axes}, {self.grid.cells} cells in {n} task{'s' if n > 1 else ''})"

    @cached_property
    def _fingerprint(self) -> str:
        """Name of the function, and a digest of what it is."""
        function: Any = self.function
        try:
            content = pickle.dumps(function)
        except Exception as reason:
            raise ArgumentError(
                "Argument `function` must be importable by other processes: define it at the top of "
                f"a module, not inside another function. ({reason})"
            ) from reason
        with suppress(OSError, TypeError):  # without a source its pickle is all there is
            content = inspect.getsource(function).encode()
        name = getattr(function, "__qualname__", type(function).__qualname__)
        return f"{name} {hashlib.sha256(content).hexdigest()}"

    def _filled(self, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
        for key in _table(table, values):
            if key not in TABLES[table]:
                raise ArgumentError(
                    f"The table [{table}] has no key {key!r}; {nearest(key, TABLES[table])}"
                )
        filled: dict[str, Any] = _plain({**DEFAULTS[table], **values})
        if table == "task":
            for needed in ("mu", "sigma"):
                if needed not in filled:
                    raise ArgumentError(f"The table [task] needs the key {needed!r}.")
            if not isinstance(filled["mu"], list):
                raise ArgumentError(
                    f"Key `mu` of [task] must be a list with an entry for each concept, but it is {filled['mu']!r}."
                )
        for key, value in filled.items():
            kinds = {type(leaf) for leaf in _leaves(value)}
            if (bool in kinds) != (key in FLAGS) and kinds != {str}:
                rule = "must be" if key in FLAGS else "must not be"
                raise ArgumentError(
                    f"Key `{key}` of [{table}] {rule} true or false, but it is {value!r}."
                )
        if table == "time":
            positive_int("points", filled["points"])
        if table == "flow":
            positive_int("max_steps", filled["max_steps"])
        for key in FIXED:
            if key in filled:
                positive(key, filled[key])
        return filled

    @staticmethod
    def _check_names(axes: list[str], variables: list[str], seeds: bool) -> None:
        """Refuse names that the store needs itself."""
        taken = {"status", "concept", "point", "reasons", "partial", *(["seed"] if seeds else [])}
        for name in axes + variables:
            if name in taken or (name in axes and (name in MEASURES or name in variables)):
                raise ArgumentError(
                    f"Nothing can be called {name!r} here: the store has another use for the name."
                )

    def _check_use(self) -> None:
        """Refuse words that nothing is called, and axes that nothing uses; note which table does."""
        known = set(self.coordinates)
        for name, table in self.tables.items():
            used = set()
            for key, value in table.items():
                if key in WORDS:
                    for word in self._choices(key):
                        one_of(key, word, WORDS[key])
                    used |= known & {value}
                elif key not in FIXED:
                    for text in (leaf for leaf in _leaves(value) if isinstance(leaf, str)):
                        used |= names_in(text, known=known)
            self.uses[name] = tuple(sorted(used))
        if "t_max" not in self.tables["time"] and set(self._choices("flow")) != {"Tied"}:
            raise ArgumentError(
                "The table [time] needs the key 't_max': only of the tied net does theory say when "
                "all is learned."
            )
        idle = set(self.axes).difference(*self.uses.values())
        if idle:
            raise ArgumentError(
                f"The axis {min(idle)!r} is used nowhere: it would repeat the cells."
            )

    def _check_memory(self) -> None:
        """Refuse a cell whose maps alone would fill a machine."""
        d, points = self._largest_sizes()[0], self.tables["time"]["points"]
        if points * d * d > _LARGEST_MAP:
            raise ArgumentError(
                f"One cell would keep {points * d * d * 8 / 2**30:.3g} GB of maps, {d} × {d} at "
                f"{points} times: lower `points` of [time]."
            )

    def _choices(self, key: str) -> tuple[str, ...]:
        """Return the words that a key takes over the grid."""
        value = self.tables[key][key]
        return self.axes[value] if isinstance(value, str) and value in self.axes else (value,)

    def _largest_sizes(self) -> tuple[int, int]:
        """Return dimension and width at the cell with the largest value of every axis."""
        values = {n: v[0] if isinstance(v[0], str) else max(v) for n, v in self.coordinates.items()}
        d = len(self.tables["task"]["mu"])
        try:
            d = int(evaluated(self.tables["task"].get("dim", d), values))
            return d, int(evaluated(self.tables["init"].get("width", d), values))
        except (SimTheoryError, ValueError):
            return d, d  # the cells will say what is wrong

    def _task_size(self, shape: tuple[int, ...]) -> int:
        """Return how many cells make a task: the same on every machine, so counted and not timed.

        A task should take a second, and a small sweep still be many tasks, but not so small that
        handing them out costs more than 0.1 s of work.
        """
        cells = int(np.prod(shape))
        if self.function is not None:
            return -(-cells // 256)
        d, h = self._largest_sizes()
        points = self.tables["time"]["points"]
        seconds = 1e-4 + 4e-8 * points * d * d + 5e-8 * d * d * (d + h)
        if self.theory is not None:
            seconds += 5e-4
        wanted = min(1.0, max(0.15, cells * seconds / 64))
        fits = 2**22 // (points * d * d)  # 32 MB of maps
        return max(1, min(int(wanted / seconds), fits))


def _table(name: str, values: Any) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        raise ArgumentError(f"Argument `{name}` must be a table, but it is {values!r}.")
    return values


def _words(name: str, words: Any, known: Mapping[str, Any] | None) -> tuple[str, ...]:
    listed = isinstance(words, Sequence) and not isinstance(words, str) and len(words) > 0
    if not listed or not all(isinstance(word, str) and word.isidentifier() for word in words):
        some = f", such as {', '.join(list(known)[:3])}" if known else ""
        raise ArgumentError(
            f"Argument `{name}` must be a list of names{some}, but it is {words!r}."
        )
    for word in words if known else ():
        one_of(name, word, known)  # type: ignore[arg-type]
    if len(set(words)) < len(words):
        raise ArgumentError(f"Argument `{name}` names something twice: {', '.join(words)}.")
    return tuple(words)


def _plain(value: Any) -> Any:
    """Return numbers, lists and tables without NumPy's types."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, bool | int | float | str):
        return value
    raise ArgumentError(f"A spec must hold numbers, words and lists, but it holds {value!r}.")


def _leaves(value: Any) -> list[Any]:
    """Return all entries of a value, in lists within lists."""
    return (
        [leaf for part in value for leaf in _leaves(part)] if isinstance(value, list) else [value]
    )
