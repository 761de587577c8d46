"""Results as files and as datasets, nothing lost on the way.

A file is ``.npz``: one member for each array, a header with all that is no array, and a checksum. A
dataset is an ``xarray.Dataset``, which also goes into netCDF and Zarr. Both follow from the axes that
the fields of a result declare.

The functions here are the methods of `Trajectory`, `Curve` and `Samples`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from simtheory import tasks as known_tasks
from simtheory._checks import require
from simtheory._faces import face
from simtheory._files import read_arrays, write_arrays
from simtheory.errors import ArgumentError
from simtheory.results.axes import Named, declared, dimensions, ensemble, facts_of, plain

__all__ = ["from_xarray", "load", "load_beside", "save", "save_beside", "to_xarray"]

R = TypeVar("R")
_VERSION = 2


@face
def to_xarray(self: Any) -> Any:
    """Return the result as a labelled dataset that holds all of it.

    Returns
    -------
    xarray.Dataset
        One variable for each array. Ensemble axes are ``member`` (or ``member_0``, ``member_1``,
        ...). Named arrays of integers over one axis, such as seeds, are coordinates. Where concepts lie
        along the outputs, the coordinate ``concept`` numbers them from 1 and is 0 for an output
        without concept: ``data.swap_dims(output="concept").sel(concept=2)``. Facts are attributes: words as they are, the others as JSON, because netCDF knows neither truth values
        nor tables. `from_xarray` gives the result back.

    Raises
    ------
    MissingExtraError
        If xarray is not installed.
    """
    xarray = require("xarray", extra="sweep")
    n = len(ensemble(self))
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {}
    for name, spec in declared(type(self)).items():
        value = getattr(self, name)
        if value is None:
            continue
        if spec.allow == "words":  # as objects: fixed-length words have no place in Zarr's format 3
            value = np.array(value, dtype=object)
        target = coordinates if spec.labels else variables
        target[spec.axes[0] if spec.labels else name] = (dimensions(spec.axes, n), value)
    for name, (axes, array) in self.arrays.declared().items():
        labels = len(axes) == 1 and array.ndim == 1 and array.dtype.kind in "iu"
        target = coordinates if labels else variables
        target[name] = (dimensions(axes, n), array, {"axes": " ".join(axes)})
    if (concept := _concepts(self)) is not None:
        coordinates["concept"] = ("output", concept)
    attributes = {"format": _format(type(self))}
    for f in facts_of(self):
        value = plain(getattr(self, f.name))
        if value is not None:
            attributes[f.name] = value if _is_word(f) else json.dumps(value)
    return xarray.Dataset(variables, coords=coordinates, attrs=attributes)


@face
def from_xarray(cls: type[R], dataset: Any, *, tasks: Sequence[type] = ()) -> R:
    """Return the result that `to_xarray` made a dataset of.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `to_xarray`, also by way of netCDF or Zarr.
    tasks : sequence of classes, optional
        Your own tasks that may occur, each with a `kind` and a `from_dict`.

    Returns
    -------
    Trajectory, Curve or Samples
        Equal to what the dataset was made of, to the last bit.

    Raises
    ------
    ArgumentError
        If the dataset is of another kind.
    """
    found = getattr(dataset, "attrs", {}).get("format")
    if found != _format(cls):
        raise ArgumentError(
            f"Argument `dataset` must be made by {cls.__name__}.to_xarray, but its attribute "
            f"`format` is {found!r}."
        )
    values: dict[str, Any] = {}
    variables = set(map(str, dataset.variables))
    for name, spec in declared(cls).items():
        key = spec.axes[0] if spec.labels else name
        if key in variables:
            variables.discard(key)
            values[name] = dataset[key].values
    values["arrays"] = {
        name: (dataset[name].attrs["axes"], dataset[name].values)
        for name in sorted(variables, key=list(map(str, dataset.variables)).index)
        if "axes" in dataset[name].attrs
    }
    for f in facts_of(cls):
        if f.name in dataset.attrs:
            raw = dataset.attrs[f.name]
            values[f.name] = str(raw) if _is_word(f) else json.loads(raw)
    return _assembled(cls, values, tasks)


@face
def save(self: Any, path: str | Path) -> Path:
    """Write the result to one ``.npz`` file, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Where to; ``.npz`` is added if the name has no suffix.

    Returns
    -------
    Path
        The file.
    """
    return save_beside(self, path, facts={}, arrays={})


@face
def save_beside(
    self: Any, path: str | Path, *, facts: Mapping[str, Any], arrays: Mapping[str, Named]
) -> Path:
    """Write the result to one ``.npz`` file together with what does not belong to it.

    `load` gives the result alone; `load_beside` gives all. A checkpoint keeps the state of a
    training in this way.

    Parameters
    ----------
    path : str or Path
        Where to; ``.npz`` is added if the name has no suffix.
    facts : mapping
        Plain numbers, words, lists and tables.
    arrays : mapping
        Arrays by name.

    Returns
    -------
    Path
        The file.
    """
    header: dict[str, Any] = {"format": _format(type(self)), "beside": plain(facts), "arrays": {}}
    members: dict[str, Any] = {f"beside/{name}": array for name, array in arrays.items()}
    for name, spec in declared(type(self)).items():
        if (value := getattr(self, name)) is not None:
            (header if spec.allow == "words" else members)[name] = value
    for name, (axes, array) in self.arrays.declared().items():
        header["arrays"][name] = axes
        members[f"arrays/{name}"] = array
    header |= {f.name: plain(getattr(self, f.name)) for f in facts_of(self)}
    return write_arrays(path, json.dumps(header), members)


@face
def load(cls: type[R], path: str | Path, *, tasks: Sequence[type] = ()) -> R:
    """Read a result that `save` wrote, and verify it.

    Parameters
    ----------
    path : str or Path
        The file.
    tasks : sequence of classes, optional
        Your own tasks that may occur, each with a `kind` and a `from_dict`.

    Returns
    -------
    Trajectory, Curve or Samples
        Equal to what was saved, to the last bit.

    Raises
    ------
    ArgumentError
        If the file holds something else, or is damaged.
    MissingFileError
        If there is no file.
    """
    return load_beside(cls, path, tasks=tasks)[0]


@face
def load_beside(
    cls: type[R], path: str | Path, *, tasks: Sequence[type] = ()
) -> tuple[R, dict[str, Any], dict[str, Named]]:
    """Read what `save_beside` wrote, and verify it.

    Parameters
    ----------
    path : str or Path
        The file.
    tasks : sequence of classes, optional
        Your own tasks that may occur, each with a `kind` and a `from_dict`.

    Returns
    -------
    result : Trajectory, Curve or Samples
        Equal to what was saved, to the last bit.
    facts : dict
        As they were given to `save_beside`.
    arrays : dict
        As they were given to `save_beside`.

    Raises
    ------
    ArgumentError
        If the file holds something else, or is damaged.
    MissingFileError
        If there is no file.
    """
    header, members = read_arrays(path, _format(cls), f"a saved {cls.__name__}")
    facts = header.pop("beside")
    beside = {name: members.pop(f"beside/{name}") for name in _below("beside/", members)}
    named = {
        name: (axes, members.pop(f"arrays/{name}")) for name, axes in header.pop("arrays").items()
    }
    return _assembled(cls, header | members | {"arrays": named}, tasks), facts, beside


def _concepts(self: Any) -> Any:
    """Number the concepts along the outputs, 0 for none; None where outputs are no concepts."""
    task, outputs = getattr(self, "task", None), getattr(self, "outputs", None)
    if not isinstance(task, known_tasks.SIMTask) or task.rotation is not None:
        return None
    if outputs is None or outputs.shape[-1] != task.dim or "concept" in self.arrays:
        return None
    concept = np.arange(1, task.dim + 1)
    return np.where(concept <= task.n_concepts, concept, 0)


def _below(prefix: str, names: Iterable[str]) -> list[str]:
    return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


def _assembled(cls: type[R], values: dict[str, Any], tasks: Sequence[type]) -> R:
    if "task" in values:
        values = values | {"task": task_of(values["task"], tasks)}
    absent = dict.fromkeys(set(declared(cls)) - set(values))
    return cls(**absent, **values)


def task_of(stored: Mapping[str, Any], own: Sequence[Any]) -> Any:
    kind, values = stored["kind"], stored["values"]
    for task in own:
        if getattr(task, "kind", None) == kind:
            return task.from_dict(values)
    return known_tasks.from_dict(kind, values)


def _format(cls: type) -> str:
    return f"simtheory.{cls.__name__}/{_VERSION}"


def _is_word(field: Field[Any]) -> bool:
    return str(field.type).split(" | ")[0] == "str"
