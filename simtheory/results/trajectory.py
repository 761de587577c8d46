"""One result for three roads: what a network put out on some inputs, over time.

A closed form, an integrated flow and a trained network all end in the same frozen `Trajectory`.
What they share is the *output on probes*, not the weights: a multilayer perceptron has no W.
Observables, comparisons and plots know this class and nothing of the road.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from simtheory._checks import as_finite, as_times, frozen, require
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError
from simtheory.tasks import SIMTask

__all__ = ["Trajectory"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Trajectory:
    """Outputs on probes over time, from any road.

    Parameters
    ----------
    t : array_like, shape (T,)
        Canonical times, increasing.
    probes : array_like, shape (P, d)
        Inputs on which the outputs were watched.
    outputs : array_like, shape (..., T, P, d)
        Outputs; leading axes are ensembles (members of a sweep, seeds of a training).
    weights : array_like, shape (..., T, d, d), optional
        End-to-end map of a linear network.
    task : SIMTask
        What was learned.
    origin : str
        Road and method, such as ``"analytic.tied.pivots"`` or ``"sim.solve(Tied)"``.
    exact : bool
        Whether the road claims no error beyond rounding or the requested tolerance.
    stats : mapping, optional
        What the road counted: steps, tolerance, seeds, losses on the training set. Values are
        numbers, strings, or arrays; an array whose leading axes are the ensemble's runs over it.

    Raises
    ------
    ShapeError
        If shapes do not fit one another.
    ArgumentError
        If an entry is not finite, or the times are unsorted or negative.
    """

    t: Array
    probes: Array
    outputs: Array
    weights: Array | None
    task: SIMTask
    origin: str
    exact: bool
    stats: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        t = as_times(self.t)
        probes, d = as_finite("probes", self.probes), self.task.dim
        weights = None if self.weights is None else as_finite("weights", self.weights)
        outputs = as_finite("outputs", self.outputs)
        if probes.ndim != 2 or probes.shape[1] != d:
            raise ShapeError(
                f"Argument `probes` must have shape (P, {d}), but its shape is {probes.shape}."
            )
        wanted = (t.size, len(probes), d)
        if outputs.shape[-3:] != wanted:
            raise ShapeError(
                f"Argument `outputs` must have shape (..., {', '.join(map(str, wanted))}), "
                f"but its shape is {outputs.shape}."
            )
        if weights is not None and weights.shape != (*outputs.shape[:-3], t.size, d, d):
            raise ShapeError(
                f"Argument `weights` must have shape {(*outputs.shape[:-3], t.size, d, d)}, "
                f"but its shape is {weights.shape}."
            )
        for name, array in (
            ("t", t),
            ("probes", probes),
            ("outputs", outputs),
            ("weights", weights),
        ):
            object.__setattr__(self, name, array if array is None else frozen(array))
        object.__setattr__(self, "stats", MappingProxyType(dict(self.stats)))

    @classmethod
    def from_weights(
        cls,
        t: ArrayLike,
        weights: ArrayLike,
        task: SIMTask,
        *,
        origin: str,
        exact: bool,
        probes: ArrayLike | None = None,
        stats: Mapping[str, Any] | None = None,
    ) -> Trajectory:
        """Make the trajectory of a linear network from its end-to-end map.

        Parameters
        ----------
        t : array_like, shape (T,)
            Canonical times.
        weights : array_like, shape (..., T, d, d)
            End-to-end map W over time.
        task : SIMTask
            What was learned.
        origin : str
            Road and method.
        exact : bool
            Whether the road claims no error.
        probes : array_like, shape (P, d), optional
            Inputs to watch. Default: ``task.probes``.
        stats : mapping, optional
            What the road counted.

        Returns
        -------
        Trajectory
            With outputs W(t) x on every probe x.
        """
        maps = np.asarray(weights, dtype=np.float64)  # `cls` copies it and checks its entries
        if maps.shape[-2:] != (task.dim, task.dim):
            raise ShapeError(
                f"Argument `weights` must have shape (..., T, {task.dim}, {task.dim}), "
                f"but its shape is {maps.shape}."
            )
        watched = task.probes if probes is None else as_finite("probes", probes)
        if watched.ndim != 2 or watched.shape[1] != task.dim:
            raise ShapeError(
                f"Argument `probes` must have shape (P, {task.dim}), but its shape is {watched.shape}."
            )
        with np.errstate(invalid="ignore", over="ignore"):
            outputs = watched @ np.swapaxes(maps, -1, -2)
        return cls(as_times(t), watched, outputs, maps, task, origin, exact, stats or {})

    @property
    def ensemble(self) -> tuple[int, ...]:
        """Shape of the leading axes; () for a single run."""
        return self.outputs.shape[:-3]

    @property
    def road(self) -> str:
        """First part of the origin: analytic, sim or validation."""
        return self.origin.split(".")[0]

    def output(self, probe: ArrayLike) -> Array:
        """Return the output on one input over time.

        Parameters
        ----------
        probe : array_like, shape (d,)
            One of the probes; any input at all if the trajectory has weights.

        Returns
        -------
        ndarray, shape (..., T, d)
            The output.

        Raises
        ------
        ArgumentError
            If the input was not watched and there are no weights to compute it from.
        """
        x = as_finite("probe", probe)
        if x.shape != (self.task.dim,):
            raise ShapeError(
                f"Argument `probe` must have shape ({self.task.dim},), but its shape is {x.shape}."
            )
        if self.weights is not None:
            return np.asarray(self.weights @ x)
        distance = np.abs(self.probes - x).max(axis=1)
        nearest = int(np.argmin(distance))
        if distance[nearest] > 1e-12 * max(1.0, float(np.abs(x).max())):
            raise ArgumentError(
                f"Argument `probe` must be one of the {len(self.probes)} probes, because this trajectory "
                f"has no weights, but {np.array2string(x, precision=4)} was not watched. "
                "Pass it in `probes=` when you make the trajectory."
            )
        return self.outputs[..., nearest, :]

    def member(self, index: int | tuple[int, ...]) -> Trajectory:
        """Return one member of the ensemble as a trajectory of its own.

        Parameters
        ----------
        index : int or tuple of int
            Place on the leading axes.

        Returns
        -------
        Trajectory
            The member, and of every array in `stats` that runs over the ensemble its part; the
            other counts stay those of the whole ensemble.

        Raises
        ------
        ArgumentError
            If there is no such member.
        """
        place = index if isinstance(index, tuple) else (index,)
        n = len(self.ensemble)
        if len(place) != n or not all(
            -m <= k < m for k, m in zip(place, self.ensemble, strict=True)
        ):
            raise ArgumentError(
                f"Argument `index` must name a place on the leading axes {self.ensemble}, but it is {index!r}."
            )
        stats = {
            name: value[place] if n and _runs_over(value, self.ensemble) else value
            for name, value in self.stats.items()
        }
        weights = None if self.weights is None else self.weights[place]
        return Trajectory(
            self.t,
            self.probes,
            self.outputs[place],
            weights,
            self.task,
            self.origin,
            self.exact,
            stats,
        )

    def to_xarray(self) -> Any:
        """Return the trajectory as a labelled dataset.

        Returns
        -------
        xarray.Dataset
            Variables `outputs` and, if there are any, `weights`; ensemble axes are ``member`` (or
            ``member_0``, ``member_1``, ...).

        Raises
        ------
        MissingExtraError
            If xarray is not installed.
        """
        xarray = require("xarray", extra="sweep")
        n = len(self.ensemble)
        members = ["member"] if n == 1 else [f"member_{k}" for k in range(n)]
        variables: dict[str, Any] = {
            "outputs": ([*members, "t", "probe", "coordinate"], self.outputs),
            "probes": (["probe", "coordinate"], self.probes),
        }
        if self.weights is not None:
            variables["weights"] = ([*members, "t", "row", "column"], self.weights)
        attributes = {
            "origin": self.origin,
            "exact": int(self.exact),
            "task": json.dumps(self.task.to_dict()),
        }
        return xarray.Dataset(variables, coords={"t": ("t", self.t)}, attrs=attributes)

    def save(self, path: str | Path) -> Path:
        """Write the trajectory to one ``.npz`` file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            Where to; ``.npz`` is added if the name has no suffix.

        Returns
        -------
        Path
            The file.
        """
        target = Path(path)
        if not target.suffix:
            target = target.with_suffix(".npz")
        arrays: dict[str, Any] = {"t": self.t, "probes": self.probes, "outputs": self.outputs}
        if self.weights is not None:
            arrays["weights"] = self.weights
        numbers = {}
        for name, value in self.stats.items():
            if isinstance(value, np.ndarray):
                arrays[f"stats/{name}"] = value
            else:
                numbers[name] = value.item() if isinstance(value, np.generic) else value
        header = {
            "format": "simtheory.Trajectory/1",
            "task": self.task.to_dict(),
            "origin": self.origin,
            "exact": self.exact,
            "stats": numbers,
        }
        partial = target.with_name(target.name + ".part")
        try:
            with partial.open("wb") as stream:
                np.savez_compressed(stream, header=np.array(json.dumps(header)), **arrays)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return target

    @classmethod
    def load(cls, path: str | Path) -> Trajectory:
        """Read a trajectory that `save` wrote.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        Trajectory
            Equal to what was saved, to the last bit.

        Raises
        ------
        ArgumentError
            If the file holds something else.
        """
        source = Path(path)
        try:
            # Opened here, because np.load leaves a damaged file open.
            with source.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            header = json.loads(str(arrays.pop("header")))
            if header["format"] != "simtheory.Trajectory/1":
                raise KeyError(header["format"])
        except FileNotFoundError:
            raise
        except Exception as reason:
            raise ArgumentError(
                f"Argument `path` must name a saved trajectory, but {source} is none."
            ) from reason
        stats = dict(header["stats"])
        for name in [n for n in arrays if n.startswith("stats/")]:
            stats[name.removeprefix("stats/")] = arrays.pop(name)
        return cls(
            arrays["t"],
            arrays["probes"],
            arrays["outputs"],
            arrays.get("weights"),
            SIMTask.from_dict(header["task"]),
            header["origin"],
            header["exact"],
            stats,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # The read-only view of `stats` cannot be pickled; a process pool has to.
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return Trajectory, tuple((values | {"stats": dict(self.stats)}).values())

    def __repr__(self) -> str:
        ensemble = f", ensemble={self.ensemble}" if self.ensemble else ""
        return f"Trajectory({self.origin}, T={self.t.size}, P={len(self.probes)}, d={self.task.dim}{ensemble})"

    def __str__(self) -> str:
        return rows_as_text("Trajectory", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("Trajectory", self._rows())

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            ("task", repr(self.task)),
            ("origin", f"{self.origin} ({'exact' if self.exact else 'approximate'})"),
            ("time", f"{self.t.size} points from {self.t[0]:g} to {self.t[-1]:g} (canonical)"),
            ("outputs", f"{self.outputs.shape} on {len(self.probes)} probes"),
            ("weights", "none" if self.weights is None else f"{self.weights.shape}"),
        ]
        return rows + [(name, _brief(value)) for name, value in self.stats.items()]


def _runs_over(value: Any, ensemble: tuple[int, ...]) -> bool:
    return isinstance(value, np.ndarray) and value.shape[: len(ensemble)] == ensemble


def _brief(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > 6:
        return f"array of shape {value.shape}, from {value.min():g} to {value.max():g}"
    return f"{value:g}" if isinstance(value, float) else str(value)
