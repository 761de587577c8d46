"""The description of a sweep: axes, and how the tables of a cell come from them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._checks import nearest, non_negative_int, one_of, positive_int
from simtheory._faces import face
from simtheory._files import digest, given_toml
from simtheory.errors import ArgumentError
from simtheory.sweep._axes import axis_values, length
from simtheory.sweep._expressions import evaluated, names_in
from simtheory.sweep._grid import Grid
from simtheory.sweep.families import FAMILIES
from simtheory.sweep.families.functions import Function, imported
from simtheory.sweep.family import Cell, Family, Variable

__all__ = ["STORED_BOX", "Spec"]

_DEFAULT_KIND = "flows"
"""Family of a spec that names none; stores do not write it."""

_MOST_CHUNKS = 1_000_000
"""A sweep of more chunks is refused: each is a file for every variable of its store."""

_KEYS = (
    "kind", "axes", "measure", "theory", "function", "variables", "seeds", "entropy",
    "cells_per_chunk",
)  # fmt: skip
"""Keys of a TOML file beside the tables of the family."""

STORED_BOX = "cells_per_task"
"""Name of the box of a chunk in a store, the same since the first format."""


@face(but=("variables",))
class Spec:
    """A grid of cells, and what is computed at each.

    Every argument is what a TOML file holds under the same name; `docs/sweeps` teaches them.

    Parameters
    ----------
    axes : mapping of str to sequence or mapping
        Values of each axis, the last running fastest: a list of numbers, words or truth values,
        ``{"linspace": [first, last, n]}``, or ``{"logspace": [first, last, n]}`` with both ends as
        they are, not their logarithms.
    kind : str
        What the cells are: a family of `simtheory.sweep.FAMILIES`.
    measure : sequence of str
        What is kept of each run: names of the family's observables.
    theory : str, optional
        A closed form of the family, such as ``"tied.pivots"``, off which everything is read too, as
        ``<observable>_theory``.
    seeds : int, optional
        How often each cell is run, every time from a seed of its own; an axis ``seed`` counts them.
    entropy : int
        From which all seeds derive.
    cells_per_chunk : int, optional
        Size of a chunk, at most. Default: a fraction of a second to a second of work, counted from
        the spec and not timed.
    function : callable or str, optional
        Instead of a family: computes a `Cell`, and returns a mapping from the names of `variables`
        to numbers or arrays. It must be importable by other processes. A text ``"module:name"`` is
        imported, if `allow_code` permits.
    variables : sequence of str, or mapping of str to mapping of str to int
        Names of the numbers that the function returns; for arrays with the names and lengths of
        their axes, such as ``{"loss": {}, "spectrum": {"mode": 8}}``.
    allow_code : bool
        Whether a function that is given by its name may be imported, which runs its module.
    **tables : mapping
        The tables of the family, for flows `task`, `init`, `flow`, `time` and `observe`. A text
        among their values is arithmetic of the axes, such as ``"sqrt(2 * ratio)"``.

    Raises
    ------
    ArgumentError
        If a name is unknown, an axis is used nowhere, a number breaks a rule, or the spec names
        code that may not run.

    Examples
    --------
    >>> spec = Spec(
    ...     axes={"ratio": {"linspace": [0.1, 0.9, 5]}, "cosine": [0.5, 0.9]},
    ...     task={"mu": [1.0, "sqrt(ratio)"], "sigma": 0.0},
    ...     init={"init": "correlated", "cosine": "cosine"},
    ...     measure=["largest_rise"],
    ... )
    >>> spec
    Spec(ratio: 5 × cosine: 2, 10 cells in 1 chunk)
    """

    def __init__(
        self,
        *,
        axes: Mapping[str, Any],
        kind: str | None = None,
        measure: Sequence[str] = (),
        theory: str | None = None,
        seeds: int | None = None,
        entropy: int = 0,
        cells_per_chunk: int | None = None,
        function: Callable[..., Mapping[str, Any]] | str | None = None,
        variables: Sequence[str] | Mapping[str, Mapping[str, int]] = (),
        allow_code: bool = False,
        **tables: Any,
    ) -> None:
        self.axes = {
            name: axis_values(name, values) for name, values in _table("axes", axes).items()
        }
        if not self.axes:
            raise ArgumentError("Argument `axes` must hold at least one axis, but it is empty.")
        self.seeds = None if seeds is None else length("seeds", seeds)
        self.entropy = non_negative_int("entropy", entropy)
        self.theory = theory
        self.uses: dict[str, tuple[str, ...]] = {}  # which axes a table names
        self.measure: tuple[str, ...] = ()
        self.family: Family
        if function is None:
            self.family = FAMILIES[
                one_of("kind", _DEFAULT_KIND if kind is None else kind, FAMILIES)
            ]
            for name in tables:
                if name not in self.family.tables:
                    known = (*_KEYS, *self.family.tables)
                    raise ArgumentError(f"A spec has no place for {name!r}; {nearest(name, known)}")
            if not (isinstance(variables, Sequence | Mapping) and not variables):
                raise ArgumentError(
                    "Argument `variables` says what `function` returns, but there is no function."
                )
            self._check_names()
            self.measure = _words("measure", measure, self.family.observables)
            if theory is not None:
                one_of("theory", theory, self.family.theories)
            self.tables = {
                name: self._filled(name, tables.get(name) or {}) for name in self.family.tables
            }
            self._check_use()
        else:
            given = {"kind": kind, **tables, "measure": measure, "theory": theory}
            crowd = [name for name, value in given.items() if value]
            if crowd:
                raise ArgumentError(
                    f"With `function` there is no use for `{crowd[0]}`: the function computes the cells."
                )
            shapes = _shapes(variables)
            self.family = Function(imported(function, allow_code=allow_code), shapes)
            self.tables = {}
            self._check_names()
        self.family.check(self)
        wanted = None
        if cells_per_chunk is not None:
            wanted = positive_int("cells_per_chunk", cells_per_chunk)
        shape = tuple(len(values) for values in self.coordinates.values())
        self.grid = Grid.cut(shape, wanted or self._chunk_size(shape))
        if self.grid.chunks > _MOST_CHUNKS:
            raise ArgumentError(
                f"A sweep can have at most {_MOST_CHUNKS} chunks, but {self.grid.cells} cells make "
                f"{self.grid.chunks}. Split the grid, or set `cells_per_chunk` higher."
            )

    @classmethod
    def from_toml(cls, path: str | Path, *, allow_code: bool = False) -> Spec:
        """Read a spec from a TOML file.

        Parameters
        ----------
        path : str or Path
            The file.
        allow_code : bool
            Whether a function that the file names may be imported, which runs its module.

        Returns
        -------
        Spec
            What it describes.

        Raises
        ------
        ArgumentError
            If the file cannot be read, does not describe a sweep, or names code that may not run.
        """
        document = given_toml(path)
        kind = one_of("kind", document.get("kind", _DEFAULT_KIND), FAMILIES)
        known = (*_KEYS, *FAMILIES[kind].tables)
        for name in document:
            if name not in known:
                raise ArgumentError(
                    f"The file {path} has no place for {name!r}; {nearest(name, known)}"
                )
        if "axes" not in document:
            raise ArgumentError(f"The file {path} needs a table [axes] with the axes of the grid.")
        return cls(**{**document, "allow_code": allow_code})

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
            STORED_BOX: list(self.grid.box),
        }
        if isinstance(self.family, Function):
            shapes = {name: dict(shape) for name, shape in self.family.shapes.items()}
            variables = shapes if any(shapes.values()) else list(shapes)
            return plain | {"function": self.family.fingerprint, "variables": variables}
        if self.family.kind != _DEFAULT_KIND:
            plain["kind"] = self.family.kind
        return plain | {"measure": list(self.measure), "theory": self.theory, **self.tables}

    @property
    def digest(self) -> str:
        """SHA-256 of `to_dict`, by which a store knows its spec."""
        return digest(json.dumps(self.to_dict(), sort_keys=True))

    def __repr__(self) -> str:
        axes = " × ".join(f"{name}: {len(values)}" for name, values in self.coordinates.items())
        n = self.grid.chunks
        return f"Spec({axes}, {self.grid.cells} cells in {n} chunk{'s' if n > 1 else ''})"

    def choices(self, table: str, key: str) -> tuple[str, ...]:
        """Return the words that a key takes over the grid.

        Parameters
        ----------
        table, key : str
            A key whose values are words.

        Returns
        -------
        tuple of str
            The values of the axis that it names, or its own.
        """
        found = self.tables[one_of("table", table, self.tables)]
        value = found[one_of("key", key, found)]
        return self.axes[value] if isinstance(value, str) and value in self.axes else (value,)

    def table_at(self, table: str, cell: Cell) -> dict[str, Any]:
        """Return a table with words and arithmetic replaced by their values at a cell.

        Parameters
        ----------
        table : str
            Its name.
        cell : Cell
            A cell of this spec.

        Returns
        -------
        dict
            By key.
        """
        known = self.family.tables[one_of("table", table, self.tables)]
        return {
            key: cell.values.get(value, value)
            if known[key].words
            else evaluated(value, cell.values)
            for key, value in self.tables[table].items()
        }

    def with_boundary(self, variable: Variable) -> Variable:
        """Return a variable whose boundary and meaning hold the numbers of the tables that they name.

        Parameters
        ----------
        variable : Variable
            As the family declares it.

        Returns
        -------
        Variable
            As the store holds it.
        """
        meaning = re.sub(
            r"\{(\w+)\.(\w+)\}", lambda m: f"{self.tables[m[1]][m[2]]:g}", variable.meaning
        )
        boundary = variable.boundary
        if isinstance(boundary, str):
            table, _, key = boundary.partition(".")
            boundary = self.tables[table][key]
        return replace(variable, meaning=meaning, boundary=boundary)

    def cells(self, chunk: int) -> list[Cell]:
        """Return the cells of a chunk, in the order of the grid.

        Parameters
        ----------
        chunk : int
            Its number.

        Returns
        -------
        list of Cell
            The cells.
        """
        names, axes = list(self.axes), list(self.axes.values())
        shape = [len(values) for values in axes]
        cells = []
        for index in self.grid.indices(chunk):
            place, seed = (index[:-1], index[-1]) if self.seeds else (index, 0)
            values = {n: axis[k] for n, axis, k in zip(names, axes, place, strict=True)}
            if self.seeds:
                values["seed"] = seed
            number = int(np.ravel_multi_index(place, shape))
            cells.append(Cell(number, values, seed, self.entropy))
        return cells

    def _filled(self, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a table with its defaults; refuse what its fields do not take."""
        known = self.family.tables[table]
        for key in _table(table, values):
            if key not in known:
                raise ArgumentError(
                    f"The table [{table}] has no key {key!r}; {nearest(key, known)}"
                )
        defaults = {key: f.default for key, f in known.items() if f.default is not None}
        filled: dict[str, Any] = _plain({**defaults, **values})
        for key, field in known.items():
            if field.needed and key not in filled:
                raise ArgumentError(f"The table [{table}] needs the key {key!r}.")
        for key, value in filled.items():
            kinds, flag = {type(leaf) for leaf in _leaves(value)}, known[key].flag
            if (bool in kinds) != flag and kinds != {str}:
                rule = "must be" if flag else "must not be"
                raise ArgumentError(
                    f"Key `{key}` of [{table}] {rule} true or false, but it is {value!r}."
                )
        for key, value in filled.items():
            check = known[key].fixed
            if check is not None:
                check(key, value)
        return filled

    def _check_names(self) -> None:
        """Refuse names that the store needs itself."""
        measured = self.family.observables
        taken = {"status", "reasons", "partial", *self.family.axes}
        own = list(self.family.shapes) if isinstance(self.family, Function) else []
        if self.seeds is not None:
            taken.add("seed")
        for name in (*self.axes, *own):
            if name in taken or (name in self.axes and (name in measured or name in own)):
                raise ArgumentError(
                    f"Nothing can be called {name!r} here: the store has another use for the name."
                )

    def _check_use(self) -> None:
        """Refuse unknown words and axes that no table uses; note which axes each table uses."""
        known = set(self.coordinates)
        for name, table in self.tables.items():
            used = set()
            for key, value in table.items():
                field = self.family.tables[name][key]
                if field.words:
                    for word in self.choices(name, key):
                        one_of(key, word, field.words)
                    used |= known & {value}
                elif field.fixed is None:
                    for text in (leaf for leaf in _leaves(value) if isinstance(leaf, str)):
                        used |= names_in(text, known=known)
            self.uses[name] = tuple(sorted(used))
        idle = set(self.axes).difference(*self.uses.values())
        if idle:
            raise ArgumentError(
                f"The axis {min(idle)!r} is used nowhere: it would repeat the cells."
            )

    def _chunk_size(self, shape: tuple[int, ...]) -> int:
        """Return how many cells make a chunk: the same on every machine, so counted and not timed.

        A chunk should take a second, and a small sweep still be many chunks, but not so small that
        handing them out costs more than 0.1 s of work.
        """
        cells = int(np.prod(shape))
        cost = self.family.cost(self)
        if cost is None:
            return -(-cells // 256)
        seconds, fits = cost
        wanted = min(1.0, max(0.15, cells * seconds / 64))
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


def _shapes(variables: Any) -> dict[str, dict[str, int]]:
    """Return the further axes of each variable of a function, by name and length."""
    names = _words(
        "variables", list(variables) if isinstance(variables, Mapping) else variables, None
    )
    if not isinstance(variables, Mapping):
        return {name: {} for name in names}
    shapes = {}
    for name, shape in variables.items():
        axes = _table(f"variables.{name}", shape)
        shapes[name] = {
            axis: axes[axis] for axis in (_words(name, list(axes), None) if axes else ())
        }
    return shapes


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
