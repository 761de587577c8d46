"""Axes of a result's fields, declared once; checks, members, files and print follow from them.

A result is a frozen dataclass. A field that holds an array says over which axes it runs::

    outputs: Array = field(metadata=over("*ensemble", "t", "probe", "output"))

Fields that name the same axis must agree on its length. ``*ensemble`` stands for any number of
leading axes: members of a sweep, seeds of a training. What a road measures beside its outputs is
kept in a field `arrays`, an `Arrays`, which carries the axes of each of its entries; plain facts
(numbers and words) are kept in a field `stats`.

The functions here are the methods of `Trajectory`, `Curve` and `Samples`: each class names those
that it takes. Answers of functions, such as an agreement, take `settle`, `text`, `html` and
`to_dict`. There is no base class.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import as_finite, frozen
from simtheory._faces import face
from simtheory._text import Rows, rows_as_html, rows_as_text
from simtheory._typing import ArrayLike
from simtheory.errors import ArgumentError, ShapeError

__all__ = [
    "Arrays",
    "ensemble",
    "html",
    "member",
    "named_by",
    "over",
    "settle",
    "text",
    "to_dict",
]

R = TypeVar("R")
Named: TypeAlias = NDArray[Any]
"""A named array: float64, integers or truth values."""

ENSEMBLE = "*ensemble"


@dataclass(frozen=True, slots=True)
class _Declared:
    """What `over` said of a field."""

    name: str
    axes: tuple[str, ...]
    allow: str
    labels: bool
    note: str


@face
def over(
    *axes: str, allow: str = "finite", labels: bool = False, note: str = ""
) -> dict[str, tuple[Any, ...]]:
    """Return the metadata of a field that holds an array over some axes.

    Parameters
    ----------
    *axes : str
        Names of the axes; ``"*ensemble"``, which may come first, stands for all leading ones.
    allow : {"finite", "nan", "real", "integer", "words"}
        Entries that the field may hold: finite numbers; these and NaN; these and infinities;
        integers; or words, which are kept as a tuple of str.
    labels : bool
        Whether the entries label the axis. Such a field is the coordinate of the axis in xarray.
    note : str
        Said when the field is printed.

    Returns
    -------
    dict
        For ``dataclasses.field(metadata=...)``.
    """
    return {"over": (axes, allow, labels, note)}


@face
def named_by(field: str) -> dict[str, str]:
    """Return the metadata of a field that holds one answer for each word of another field.

    Parameters
    ----------
    field : str
        Name of the field that holds the words.

    Returns
    -------
    dict
        For ``dataclasses.field(metadata=...)``.
    """
    return {"named_by": field}


def declared(kind: Any) -> dict[str, _Declared]:
    """What a class declares of its fields, by name."""
    return _read(kind)


@cache
def _read(kind: Any) -> dict[str, _Declared]:
    return {
        f.name: _Declared(f.name, *f.metadata["over"])
        for f in _fields(kind)
        if "over" in f.metadata
    }


def _fields(kind: Any) -> tuple[Field[Any], ...]:
    return fields(kind)


@face
class Arrays(Mapping[str, Named]):
    """Arrays by name, each with its axes; read-only.

    Parameters
    ----------
    named : mapping, optional
        From a name to (axes, values). The axes are names, in one string or in a sequence, such as
        ``"*ensemble t"``. Floats become float64; integers and truth values stay.

    Raises
    ------
    ArgumentError
        If a name or an axis is no identifier, or values are not real numbers.
    ShapeError
        If values have another number of axes than were named.

    Examples
    --------
    >>> found = Arrays({"seeds": ("*ensemble", [3, 4]), "steps": ("t", [0, 10, 20])})
    >>> found["seeds"], found.axes("steps")
    (array([3, 4]), ('t',))
    """

    __slots__ = ("_axes", "_values")

    def __init__(self, named: Any = None) -> None:
        given: Any = {} if named is None else named
        if isinstance(given, Arrays):
            given = given.declared()
        if not isinstance(given, Mapping):
            raise ArgumentError(
                "Argument `arrays` must map names to (axes, values), but it is a "
                f"{type(given).__name__}."
            )
        self._axes: dict[str, tuple[str, ...]] = {}
        self._values: dict[str, Named] = {}
        for name, pair in given.items():
            if not (isinstance(pair, tuple) and len(pair) == 2):
                raise ArgumentError(
                    f"Argument `arrays` must map names to (axes, values), but {name!r} has a "
                    f"{type(pair).__name__}. Name the axes, such as ('*ensemble t', values)."
                )
            axes = tuple(pair[0].split() if isinstance(pair[0], str) else pair[0])
            _check_names(name, axes)
            array = _as_named(_entry(name), pair[1])
            _bind(_entry(name), axes, array.shape, {})
            self._axes[name], self._values[name] = axes, frozen(array)

    def __getitem__(self, name: str) -> Named:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __or__(self, more: Any) -> Arrays:
        return Arrays(self.declared() | Arrays(more).declared())

    def __reduce__(self) -> tuple[Any, ...]:
        return Arrays, (self.declared(),)

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}: {' '.join(axes) or '()'}" for name, axes in self._axes.items())
        return f"Arrays({inside})"

    def axes(self, name: str) -> tuple[str, ...]:
        """Return the axes of one array.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        tuple of str
            Names of the axes.
        """
        return self._axes[name]

    def declared(self) -> dict[str, tuple[tuple[str, ...], Named]]:
        """Return all arrays with their axes, as the constructor takes them.

        Returns
        -------
        dict
            From names to (axes, values).
        """
        return {name: (self._axes[name], array) for name, array in self._values.items()}


@face
def settle(self: Any, **known: int) -> None:
    """Check a result that is being made, convert its arrays to float64 and freeze them.

    This is the ``__post_init__`` of results and answers.

    Parameters
    ----------
    **known : int
        Lengths of axes that follow from other fields.

    Raises
    ------
    ShapeError
        If lengths of axes do not agree.
    ArgumentError
        If an entry is not allowed, or a fact is neither number nor word.
    """
    sizes: dict[str, Any] = dict(known)
    for name, spec in declared(type(self)).items():
        value = getattr(self, name)
        if value is None and _default(self, name) is None:
            continue
        if spec.allow == "words":
            settled: Any = _as_words(name, value)
            shape: tuple[int, ...] = (len(settled),)
        else:
            settled = frozen(_as_allowed(name, value, spec.allow))
            shape = settled.shape
        _bind(name, spec.axes, shape, sizes)
        object.__setattr__(self, name, settled)
    names = {f.name for f in _fields(self)}
    if "arrays" in names:
        arrays = Arrays(self.arrays)
        for name, (axes, array) in arrays.declared().items():
            taken = names | set(sizes)
            if (name in taken and axes != (name,)) or name in names:
                raise ArgumentError(
                    f"Argument `arrays` must not name an array {name!r}: it is a field or an axis of "
                    f"{type(self).__name__}."
                )
            _bind(_entry(name), axes, array.shape, sizes)
        object.__setattr__(self, "arrays", arrays)
    if "stats" in names:
        object.__setattr__(self, "stats", _settled_stats(self.stats))


def _default(self: Any, name: str) -> Any:
    """The default of a field; a field without one that is annotated with None may be None too."""
    (found,) = [f for f in _fields(self) if f.name == name]
    return None if "None" in str(found.type) else found.default


@face
def ensemble(self: Any) -> tuple[int, ...]:
    """Shape of the leading axes; () for a single run.

    Returns
    -------
    tuple of int
        Their lengths.
    """
    for name, spec in declared(type(self)).items():
        if spec.axes[0] == ENSEMBLE and (value := getattr(self, name)) is not None:
            return tuple(value.shape[: value.ndim + 1 - len(spec.axes)])
    return ()


@face
def member(self: R, index: int | tuple[int, ...]) -> R:
    """Return one member of the ensemble as a result of its own.

    Parameters
    ----------
    index : int or tuple of int
        Place on the leading axes.

    Returns
    -------
    Trajectory, Curve or Samples
        The member: of every array that runs over the ensemble its part; the facts stay those of the
        whole ensemble.

    Raises
    ------
    ArgumentError
        If there is no such member.
    """
    result: Any = self
    place = index if isinstance(index, tuple) else (index,)
    shape = ensemble(result)
    if len(place) != len(shape) or not all(
        isinstance(k, int | np.integer) and -m <= k < m for k, m in zip(place, shape, strict=True)
    ):
        raise ArgumentError(
            f"Argument `index` must name a place on the leading axes {shape}, but it is {index!r}."
        )

    def part(axes: tuple[str, ...], value: Any) -> Any:
        return value[place] if axes[:1] == (ENSEMBLE,) and value is not None else value

    changed = {
        name: part(spec.axes, getattr(result, name))
        for name, spec in declared(type(result)).items()
    }
    changed["arrays"] = {
        name: (axes, part(axes, array)) for name, (axes, array) in result.arrays.declared().items()
    }
    return replace(result, **changed)


@face
def text(self: Any) -> str:
    """Return the result as aligned lines of names and values.

    Returns
    -------
    str
        A title and one line for each field.
    """
    return rows_as_text(_title(self), _rows(self))


@face
def html(self: Any) -> str:
    """Return the result as an HTML table, for notebooks.

    Returns
    -------
    str
        A table with one row for each field.
    """
    return rows_as_html(_title(self), _rows(self))


@face
def to_dict(self: Any) -> dict[str, Any]:
    """Return the answer as plain numbers, words, lists and tables, ready for JSON.

    Returns
    -------
    dict
        One entry for each field; arrays are nested lists.
    """
    return {f.name: plain(getattr(self, f.name)) for f in _fields(self)}


def reduce(self: Any) -> tuple[Any, ...]:
    """Pickle a result by its fields: what is unpickled or copied is checked and frozen again."""
    return _remade, (type(self), {f.name: _thawed(getattr(self, f.name)) for f in _fields(self)})


def _remade(cls: type, values: dict[str, Any]) -> Any:
    return cls(**values)


def facts_of(kind: Any) -> list[Field[Any]]:
    """Fields that hold neither arrays nor labels of an axis."""
    over_axes = declared(kind if isinstance(kind, type) else type(kind))
    return [f for f in _fields(kind) if f.name not in over_axes and f.name != "arrays"]


def dimensions(axes: tuple[str, ...], n: int) -> list[str]:
    """Names of axes, with one for each of n ensemble axes."""
    if axes[:1] != (ENSEMBLE,):
        return list(axes)
    return [*(["member"] if n == 1 else [f"member_{k}" for k in range(n)]), *axes[1:]]


def _bind(name: str, axes: tuple[str, ...], shape: tuple[int, ...], sizes: dict[str, Any]) -> None:
    """Compare a shape with the lengths of axes that are known, and learn the others."""
    leading = axes[:1] == (ENSEMBLE,)
    own = axes[1:] if leading else axes
    cut = len(shape) - len(own)
    fits = cut >= 0 if leading else cut == 0
    found: dict[str, Any] = dict(sizes)
    if fits:
        parts: list[tuple[str, Any]] = list(zip(own, shape[cut:], strict=True))
        if leading:
            parts.append((ENSEMBLE, shape[:cut]))
        fits = all(found.setdefault(axis, length) == length for axis, length in parts)
    if not fits:
        lead = [*map(str, sizes[ENSEMBLE])] if ENSEMBLE in sizes else ["..."]
        wanted = [*(lead if leading else []), *(str(sizes.get(axis, axis)) for axis in own)]
        inside = ", ".join(wanted) + ("," if len(wanted) == 1 else "")
        raise ShapeError(f"Argument `{name}` must have shape ({inside}), but its shape is {shape}.")
    sizes.update(found)


def _entry(name: str) -> str:
    return f'arrays["{name}"]'


def _check_names(name: Any, axes: tuple[Any, ...]) -> None:
    """Names become variables and dimensions of datasets, where they must not meet."""
    if not (isinstance(name, str) and name.isidentifier()):
        raise ArgumentError(
            f"Argument `arrays` must have names that are identifiers, but one is {name!r}."
        )
    own = axes[1:] if axes[:1] == (ENSEMBLE,) else axes
    for axis in own:
        if not (isinstance(axis, str) and axis.isidentifier()) or axis.startswith("member"):
            raise ArgumentError(
                f"Argument `{_entry(name)}` must name its axes by identifiers other than member, "
                f"and {ENSEMBLE!r} only first, but its axes are {axes!r}."
            )
    if len(set(own)) != len(own):
        raise ArgumentError(
            f"Argument `{_entry(name)}` must name each axis once, but its axes are {axes!r}."
        )


def _as_allowed(name: str, value: Any, allow: str) -> Named:
    if allow == "finite":
        return as_finite(name, value)
    if allow == "integer":
        array = np.asarray(value)
        if array.dtype.kind not in "iu" and array.size:
            raise ArgumentError(f"Argument `{name}` must hold integers, but got {value!r}.")
        kept = array.flags.owndata and not array.flags.writeable  # nothing can change it
        return array.astype(np.intp, copy=not kept)
    array = _as_named(name, value).astype(np.float64)
    if allow == "nan" and np.isinf(array).any():
        raise ArgumentError(
            f"Argument `{name}` must be finite, or NaN where nothing is known, but it is infinite in "
            f"{int(np.isinf(array).sum())} of {array.size} entries."
        )
    return array


def _as_named(name: str, value: ArrayLike) -> Named:
    """Return a copy: float64 of floats, else integers or truth values as they are."""
    try:
        array = np.array(value)
    except (TypeError, ValueError):
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        raise ArgumentError(
            f"Argument `{name}` must be an array of real numbers, but got {value!r}."
        )
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _as_words(name: str, value: Iterable[Any]) -> tuple[str, ...]:
    words = (value,) if isinstance(value, str) else tuple(str(word) for word in value)
    if len(set(words)) != len(words):
        raise ArgumentError(f"Argument `{name}` must name each entry once, but it is {words!r}.")
    return words


def _settled_stats(stats: Any) -> Mapping[str, Any]:
    if not isinstance(stats, Mapping):
        raise ArgumentError(f"Argument `stats` must be a mapping, but it is {stats!r}.")
    return MappingProxyType(
        {str(name): _settled(value, str(name)) for name, value in stats.items()}
    )


def _settled(value: Any, where: str) -> Any:
    """Return a fact that nothing can change and that JSON gives back."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return tuple(_settled(part, where) for part in value)
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return MappingProxyType({name: _settled(part, where) for name, part in value.items()})
    raise ArgumentError(
        f"Argument `stats` must hold numbers, words, and lists and tables of them, but {where!r} is a "
        f"{type(value).__name__}. Pass arrays in `arrays=`, with their axes."
    )


def plain(value: Any) -> Any:
    """Return a value as numbers, words, lists and tables, ready for JSON."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if hasattr(value, "kind") and hasattr(value, "to_dict"):
        return {"kind": value.kind, "values": value.to_dict()}
    if is_dataclass(value) and not isinstance(value, type):
        return to_dict(value)
    return value


def _thawed(value: Any) -> Any:
    if isinstance(value, MappingProxyType):
        return {name: _thawed(part) for name, part in value.items()}
    return tuple(_thawed(part) for part in value) if type(value) is tuple else value


def _title(self: Any) -> str:
    return str(getattr(self, "title", type(self).__name__))


def _rows(self: Any) -> Rows:
    """Names and values of all fields that hold something, then of the properties that the class names."""
    over_axes, found = declared(type(self)), list[tuple[str, str]]()
    exact = {True: " (exact)", False: " (approximate)", None: ""}[getattr(self, "exact", None)]
    for f in _fields(self):
        name, value = f.name.replace("_", " "), getattr(self, f.name)
        if f.name in over_axes:
            spec = over_axes[f.name]
            found.append((name, "none" if value is None else _described(value, spec.axes, spec)))
        elif f.name == "arrays":
            found += [(key, _described(a, axes)) for key, (axes, a) in value.declared().items()]
        elif f.name == "stats":
            found += [(key, _brief(part)) for key, part in value.items()]
        elif f.name == "origin":
            found.append((name, f"{value}{exact}"))
        elif isinstance(value, tuple) and value and all(map(is_dataclass, value)):
            labels = f.metadata.get("named_by")
            known = getattr(self, labels) if labels else range(1, len(value) + 1)
            found += [
                (str(getattr(part, "name", f"{name}, {label}")), _brief(part))
                for label, part in zip(known, value, strict=True)
            ]
        elif f.name != "exact" and not _empty(value):
            found.append((name, _brief(value)))
    for name in getattr(type(self), "shown", ()):
        if not _empty(value := getattr(self, name)):
            found.append((name.replace("_", " "), _brief(value)))
    return found or [("", "nothing")]


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, tuple | str) and not value)


def _described(value: Any, axes: tuple[str, ...], spec: _Declared | None = None) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    labels = spec is not None and spec.labels
    if value.size <= (2 if labels else 6) and value.ndim <= 1:
        return np.array2string(value, precision=4)
    if value.size == 0:
        return f"empty, shape {value.shape}"
    good = value[np.isfinite(value)].astype(float)
    span = f"from {good.min():g} to {good.max():g}" if good.size else "nowhere finite"
    if spec is not None and labels:
        return f"{value.size} points {span}" + (f" ({spec.note})" if spec.note else "")
    n = value.ndim - len(axes) + (axes[:1] == (ENSEMBLE,))
    over_axes = ", ".join(dimensions(axes, n))
    unknown = value.size - good.size
    return f"array of shape {value.shape} over {over_axes}, {span}" + (
        f", {unknown} not finite" if unknown else ""
    )


def _brief(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        written = not hasattr(kind.__repr__, "__wrapped__")  # by hand, so it fits a line
        if kind.__str__ is text or written:  # a result inside a result has a long form, too
            return repr(value)
        if kind.__str__ is not object.__str__:
            return str(value)
        named = ((f.name.replace("_", " "), getattr(value, f.name)) for f in _fields(value))
        return ", ".join(f"{name} {_brief(part)}" for name, part in named)
    if isinstance(value, tuple):
        return f"({', '.join(map(_brief, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_brief(part)}" for name, part in value.items())
    return str(value)
