"""Measured curves, their observables and their unit of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from simtheory import observe
from simtheory._checks import as_finite, as_times, frozen, one_of, positive, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError
from simtheory.fit._tables import (
    INCOMPLETE,
    UNITS,
    Table,
    of_arrays,
    of_frame,
    read_csv,
    read_jsonl,
    take,
)
from simtheory.results import Trajectory, axes
from simtheory.results.axes import over
from simtheory.results.recorder import Recorder, is_recorded
from simtheory.units import Clock

__all__ = ["OBSERVED", "Curves", "curves"]

OBSERVED = ("concepts", "target", "loss")


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Curves:
    """Curves measured over a training, ready to be fitted.

    Parameters
    ----------
    t : array_like, shape (T,)
        Times, increasing and not negative.
    values : array_like, shape (T, C)
        One column for each concept, or one loss.
    names : tuple of str
        Names of the columns.
    observed : {"concepts", "target", "loss"}
        What a column is. ``concepts``: the output on an input that holds concept k alone, along
        concept k, as a share of what it should be: 1 is learned. ``target``: the same share of the
        output on the input that holds all concepts. ``loss``: half the squared distance of the
        output from that input.
    mu : array_like, shape (s,), optional
        Signal strengths. Needed to tell the ties between concepts from outputs at the target, and
        to predict a swing-by. A loss without them has its amplitudes fitted.
    unit : {"t", "step", "epoch"}
        Whether times are canonical, optimiser steps or epochs.
    clock : Clock, optional
        How steps become canonical time; without it rates are per step. Its `tied` is set by the
        model that is fitted.
    concepts : int, optional
        Number of concepts behind a loss without `mu`. Default: one.
    note : str, optional
        Columns and rows of the source that were left out.

    Raises
    ------
    ShapeError
        If the columns do not fit the times, the names or `mu`.
    ArgumentError
        If an entry is not finite or a name is unknown.
    """

    t: Array = field(metadata=over("t", labels=True))
    values: Array = field(metadata=over("t", "column"))
    names: tuple[str, ...] = field(metadata=over("column", allow="words", labels=True))
    observed: str = "concepts"
    mu: Array | None = field(default=None, metadata=over("concept"))
    unit: str = "t"
    clock: Clock | None = None
    concepts: int | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        t, values = as_times(self.t), as_finite("values", self.values)
        one_of("observed", self.observed, OBSERVED)
        one_of("unit", self.unit, ("t", "step", "epoch"))
        if values.ndim != 2 or values.shape != (t.size, len(self.names)):
            raise ShapeError(
                f"Argument `values` must have shape (T, C) = ({t.size}, {len(self.names)}), but its "
                f"shape is {values.shape}."
            )
        mu = self.mu
        if mu is not None:
            mu = np.atleast_1d(as_finite("mu", mu))
            if mu.ndim != 1 or mu.min(initial=1.0) <= 0:
                raise ArgumentError(
                    f"Argument `mu` must hold positive signal strengths, but it is {mu}."
                )
        if self.observed == "loss":
            if len(self.names) != 1:
                raise ShapeError(
                    f"One loss is fitted at a time, but there are {len(self.names)} columns: "
                    f"{', '.join(self.names)}."
                )
            given = 1 if self.concepts is None else positive_int("concepts", self.concepts)
            count = given if mu is None else mu.size
        else:
            count = len(self.names)
            if mu is not None and mu.size != count:
                raise ShapeError(
                    f"Argument `mu` must have one entry for each of the {count} columns, but it has "
                    f"{mu.size}."
                )
        if self.clock is not None and self.unit != "step":
            came = "canonical already" if self.unit == "t" else "epochs. Pass `steps_per_epoch`"
            raise ArgumentError(f"Argument `clock` converts steps, but the times are {came}.")
        for name, value in (("t", frozen(t)), ("values", frozen(values)), ("concepts", count)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "mu", mu if mu is None else frozen(mu))

    @property
    def n_concepts(self) -> int:
        """Number of concepts behind the columns."""
        assert self.concepts is not None  # set by __post_init__
        return self.concepts

    def until(self, t: float) -> Curves:
        """Return the part that was measured up to a time.

        Parameters
        ----------
        t : float
            Last time that is kept.

        Returns
        -------
        Curves
            The first rows.
        """
        kept = self.t <= float(as_finite("t", t))
        if not kept.any():
            raise ArgumentError(
                f"Argument `t` must leave some times, but the first is {self.t[0]:g} and it is {t:g}."
            )
        return replace(self, t=self.t[kept], values=self.values[kept])

    def __repr__(self) -> str:
        return f"Curves({self.observed}, T={self.t.size}, columns={', '.join(self.names)})"

    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict


@face
def curves(
    source: Any,
    *,
    observed: str | None = None,
    columns: Sequence[str] | None = None,
    mu: ArrayLike | None = None,
    clock: Clock | None = None,
    concepts: int | None = None,
    time: str | None = None,
    steps_per_epoch: float | None = None,
    incomplete: str = "refuse",
) -> Curves:
    """Read measured curves from a file, a dataset, named arrays or a trajectory.

    Parameters
    ----------
    source : str, Path, Trajectory, xarray.Dataset, pandas.DataFrame or mapping of str to array_like
        A ``.csv`` or ``.tsv`` file with a header, its columns separated by commas, semicolons, tabs,
        bars or blanks; a ``.jsonl`` file, one object a line, or of a `Recorder`; a ``.npz`` file, of arrays or a saved
        trajectory; a dataset, of curves or of a trajectory; a table; named arrays. Times are called t
        or time where they are canonical, and step, steps, global_step or iteration where they count
        optimiser steps.
    observed : {"concepts", "target", "loss"}, optional
        What a column is, see `Curves`. Default: a loss if the only column is called so, else
        concepts.
    columns : sequence of str, optional
        Columns to take, in the order of the concepts. Default: all but those that loggers add, such
        as epoch, lr, wall time and a nameless index; `Curves.note` names these.
    mu : array_like, shape (s,), optional
        Signal strengths; those of the task if the source is a trajectory.
    clock : Clock, optional
        How steps become canonical time.
    concepts : int, optional
        Number of concepts behind a loss whose `mu` is not known.
    time : str, optional
        The column of times, such as ``"epoch"``. Default: the one that is called so. Names that are
        not known count steps.
    steps_per_epoch : float, optional
        Makes steps of epochs.
    incomplete : {"refuse", "drop"}
        What becomes of rows in which a wanted number is missing. Neighbouring rows of one time that
        complete one another count as one row.

    Returns
    -------
    Curves
        Checked: sorted, finite, without gaps.

    Raises
    ------
    ArgumentError
        If something is missing, doubled, unsorted or not a number; file, line and column are named.

    Examples
    --------
    >>> read = curves({"step": [0, 10, 20], "size": [0.1, 0.4, 0.8]})
    >>> read
    Curves(concepts, T=3, columns=size)
    """
    if observed is not None:
        one_of("observed", observed, OBSERVED)
    one_of("incomplete", incomplete, INCOMPLETE)
    found = _found(source)
    if isinstance(found, Trajectory):
        _only_of_tables(
            columns=columns,
            mu=mu,
            clock=clock,
            concepts=concepts,
            time=time,
            steps_per_epoch=steps_per_epoch,
        )
        return _from_trajectory(found, observed or "concepts")
    read = take(found, time, columns, incomplete)
    t, unit = read.t, read.unit
    if steps_per_epoch is not None:
        if unit != "epoch":
            raise ArgumentError(
                "Argument `steps_per_epoch` makes steps of epochs, but the times are "
                f"{'canonical' if unit == 't' else 'steps'}. Pass time='epoch', too."
            )
        t, unit = t * positive("steps_per_epoch", steps_per_epoch), "step"
    if observed is None:
        only = next(iter(read.columns)) if len(read.columns) == 1 else ""
        observed = "loss" if "loss" in only.lower() else "concepts"
    return Curves(
        t=t,
        values=np.stack(list(read.columns.values()), axis=1),
        names=tuple(read.columns),
        observed=observed,
        mu=mu,  # type: ignore[arg-type]
        unit=unit,
        clock=clock,
        concepts=concepts,
        note="; ".join(read.notes) or None,
    )


def _found(source: Any) -> Table | Trajectory:
    """Return a trajectory, or the columns of anything else."""
    if isinstance(source, Trajectory):
        return source
    if isinstance(source, str | Path):
        return _from_file(Path(source))
    if hasattr(source, "data_vars") and hasattr(source, "coords"):
        return _from_dataset(source)
    if isinstance(source, Mapping):
        return of_arrays(source, lambda row: f"Entry {row}", source="The mapping")
    if hasattr(source, "iloc") and hasattr(source, "columns"):
        return of_frame(source)
    raise ArgumentError(
        "Argument `source` must be a .csv, .tsv, .jsonl or .npz file, a Trajectory, an xarray Dataset, "
        f"a pandas DataFrame or a mapping of names to arrays, but it is a {type(source).__name__}."
    )


def _from_file(path: Path) -> Table | Trajectory:
    kind = path.suffix.lower()
    if kind not in (".csv", ".tsv", ".jsonl", ".npz"):
        raise ArgumentError(f"The file {path} must end in .csv, .tsv, .jsonl or .npz.")
    if not path.is_file():
        raise ArgumentError(f"The file {path} does not exist.")
    if kind == ".jsonl" and is_recorded(path):
        return Recorder.load(path).trajectory()
    if kind != ".npz":
        return read_jsonl(path) if kind == ".jsonl" else read_csv(path)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile) as reason:
        raise ArgumentError(f"The file {path} holds no arrays that NumPy reads.") from reason
    if "header" in arrays:
        return Trajectory.load(path)
    return of_arrays(arrays, lambda row: f"{path}, entry {row}", source=str(path))


def _from_dataset(dataset: Any) -> Table | Trajectory:
    if "outputs" in dataset.data_vars and "task" in dataset.attrs:
        return Trajectory.from_xarray(dataset)
    named = {str(name): dataset[name].values for name in dataset.coords if name in UNITS}
    for name, variable in dataset.data_vars.items():
        first = [axis for axis in variable.dims if axis in UNITS]
        labels = [axis for axis in variable.dims if axis not in UNITS]
        values = variable.transpose(*first, *labels).values
        if values.ndim == 2 and labels[0] in dataset.coords:
            each = dataset[labels[0]].values.tolist()
            named |= {str(label): values[:, k] for k, label in enumerate(each)}
        else:
            named[str(name)] = values
    return of_arrays(named, lambda row: f"Entry {row} of the dataset", source="The dataset")


def _only_of_tables(**given: Any) -> None:
    """Refuse arguments that a trajectory already determines."""
    for name, value in given.items():
        if value is not None:
            raise ArgumentError(
                f"Argument `{name}` does not go with a trajectory: it knows its signals, and its "
                "times are canonical."
            )


def _from_trajectory(traj: Trajectory, observed: str) -> Curves:
    if traj.ensemble:
        raise ShapeError(
            f"Argument `source` must be a single run, but it is an ensemble of shape {traj.ensemble}. "
            "Take one with traj.member(k)."
        )
    task, s = traj.task, traj.task.n_concepts
    names = tuple(f"concept_{k + 1}" for k in range(s))
    if observed == "loss":
        return Curves(traj.t, observe.loss(traj)[:, None], ("loss",), observed, task.mu)
    if not task.mu.all():
        raise ArgumentError("A concept without signal has no share to fit, but one has mu = 0.")
    if observed == "target":
        values = observe.concept_outputs(traj) / task.mu
    else:
        own = [
            observe.concept_outputs(traj, vertex=tuple(row))[:, k]
            for k, row in enumerate(np.eye(s))
        ]
        values = np.stack(own, axis=1) / task.mu
    return Curves(traj.t, values, names, observed, task.mu)
