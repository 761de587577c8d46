"""What a network put out on some inputs, over time.

A closed form, an integrated flow and a trained network all end in the same frozen `Trajectory`.
What they share is the *output on probes*, not the weights: a multilayer perceptron has no W.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

import numpy as np

from simtheory._checks import as_finite, as_times
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, Task
from simtheory.errors import ArgumentError, ShapeError
from simtheory.results import axes, files
from simtheory.results.axes import Arrays, over

__all__ = ["Trajectory"]


@face(but=("arrays",))
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Trajectory:
    """Outputs on probes over time, from any road.

    Parameters
    ----------
    t : array_like, shape (T,)
        Canonical times, increasing.
    probes : array_like, shape (P, d)
        Inputs on which the outputs were watched.
    outputs : array_like, shape (..., T, P, k)
        Outputs; leading axes are ensembles (members of a sweep, seeds of a training). On an
        identity task k = d.
    weights : array_like, shape (..., T, k, d), or None
        End-to-end map of a linear network.
    task : Task
        What was learned: any object with `dim`, `kind` and `to_dict`.
    origin : str
        Road and method, such as ``"analytic.tied.pivots"`` or ``"sim.solve(Tied)"``.
    exact : bool
        Whether the road claims no error beyond rounding or the requested tolerance.
    stats : mapping, optional
        Plain facts: what the road was asked and what it counted, such as steps and tolerance.
        Numbers, words, and lists and tables of them.
    arrays : mapping, optional
        What else was measured or estimated, each array with its axes:
        ``{"train_loss": ("*ensemble t", losses), "seeds": ("*ensemble", [0, 1])}``.
    label : str, optional
        Label of the closed form that was evaluated, for `cite`.

    Raises
    ------
    ShapeError
        If shapes do not fit one another.
    ArgumentError
        If an entry is not finite, the times are unsorted or negative, the task is none, or a fact
        is neither number nor word.
    """

    t: Array = field(metadata=over("t", labels=True, note="canonical"))
    probes: Array = field(metadata=over("probe", "coordinate"))
    outputs: Array = field(metadata=over("*ensemble", "t", "probe", "output"))
    weights: Array | None = field(metadata=over("*ensemble", "t", "output", "coordinate"))
    task: Any
    origin: str
    exact: bool
    stats: Mapping[str, Any] = field(default_factory=dict)
    _: KW_ONLY
    arrays: Arrays = field(default_factory=Arrays)
    label: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.task, Task):
            raise ArgumentError(
                "Argument `task` must be a task, with `dim`, `kind` and `to_dict`, but it is a "
                f"{type(self.task).__name__}."
            )
        as_times(self.t)
        axes.settle(self, coordinate=self.task.dim)

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    ensemble = property(axes.ensemble)
    member = axes.member
    to_xarray = files.to_xarray
    from_xarray: ClassVar[Callable[..., Trajectory]] = classmethod(files.from_xarray)  # type: ignore[assignment]
    save = files.save
    load: ClassVar[Callable[..., Trajectory]] = classmethod(files.load)  # type: ignore[assignment]

    @classmethod
    def from_outputs(
        cls,
        t: ArrayLike,
        outputs: ArrayLike,
        task: Task,
        *,
        probes: ArrayLike | None = None,
        weights: ArrayLike | None = None,
        origin: str = "elsewhere",
        stats: Mapping[str, Any] | None = None,
        arrays: Mapping[str, Any] | None = None,
    ) -> Trajectory:
        """Make the trajectory of a network that was trained elsewhere, from its outputs.

        Parameters
        ----------
        t : array_like, shape (T,)
            Canonical times; ``st.units.Clock(lr=..., loss=...).time(steps)`` converts steps.
        outputs : array_like, shape (..., T, P, k)
            Output at each time on each probe; leading axes are seeds or other members.
        task : Task
            What was learned.
        probes : array_like, shape (P, d), optional
            Inputs on which the outputs were recorded. Default: ``task.probes``.
        weights : array_like, shape (..., T, k, d), optional
            End-to-end map of a linear network.
        origin : str
            Where the run comes from, as prints name it. Plots draw ``"elsewhere"``, or
            ``"elsewhere.torch"``, as they draw trained networks.
        stats : mapping, optional
            Plain facts, such as the learning rate.
        arrays : mapping, optional
            Named arrays with their axes, such as ``{"train_loss": ("*ensemble t", losses)}``.

        Returns
        -------
        Trajectory
            Which observables, comparisons and plots take as they take any other.

        Raises
        ------
        ShapeError
            If the outputs are not of one shape with times and probes.
        ArgumentError
            If an entry is not finite, or the task names no probes and none are given.

        Examples
        --------
        >>> from simtheory.tasks import SIMTask
        >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.1)
        >>> learned = [[0.0, 0.0], [0.4, 1.9], [1.0, 2.0]]
        >>> Trajectory.from_outputs([0.0, 1.0, 2.0], np.reshape(learned, (3, 1, 2)), task, probes=[task.target])
        Trajectory(elsewhere, T=3, P=1, d=2)
        """
        inputs = watched(task, probes)
        values = as_finite("outputs", outputs)
        times = as_times(t)
        if values.ndim < 3 or values.shape[-3:-1] != (times.size, len(inputs)):
            raise ShapeError(
                f"Argument `outputs` must have shape (..., T, P, k) with T = {times.size} times and "
                f"P = {len(inputs)} probes, but its shape is {values.shape}."
            )
        return cls(
            times,
            inputs,
            values,
            None if weights is None else as_finite("weights", weights),
            task,
            origin,
            False,
            stats or {},
            arrays=Arrays(arrays),
        )

    @classmethod
    def from_weights(
        cls,
        t: ArrayLike,
        weights: ArrayLike,
        task: Task,
        *,
        origin: str,
        exact: bool,
        probes: ArrayLike | None = None,
        stats: Mapping[str, Any] | None = None,
        arrays: Mapping[str, Any] | None = None,
        label: str | None = None,
    ) -> Trajectory:
        """Make the trajectory of a linear network from its end-to-end map.

        Parameters
        ----------
        t : array_like, shape (T,)
            Canonical times.
        weights : array_like, shape (..., T, k, d)
            End-to-end map W over time.
        task : Task
            What was learned.
        origin : str
            Road and method.
        exact : bool
            Whether the road claims no error.
        probes : array_like, shape (P, d), optional
            Inputs to watch. Default: ``task.probes``.
        stats : mapping, optional
            Plain facts.
        arrays : mapping, optional
            Named arrays with their axes.
        label : str, optional
            Label of the closed form that was evaluated.

        Returns
        -------
        Trajectory
            With outputs W(t) x on every probe x.
        """
        maps = np.asarray(weights, dtype=np.float64)  # `cls` copies it and checks its entries
        if maps.ndim < 3 or maps.shape[-1] != task.dim:
            raise ShapeError(
                f"Argument `weights` must have shape (..., T, output, {task.dim}), "
                f"but its shape is {maps.shape}."
            )
        if maps.shape[-3] != as_times(t).size:
            raise ShapeError(
                f"Argument `weights` must have shape (..., T, output, {task.dim}) with a T for each of the "
                f"{np.size(t)} times of `t`, but its shape is {maps.shape}."
            )
        inputs = watched(task, probes)
        with np.errstate(invalid="ignore", over="ignore"):
            outputs = inputs @ np.swapaxes(maps, -1, -2)
        if not np.isfinite(outputs).all():
            as_finite("weights", maps)  # names them, not the outputs, as the cause
        return cls(
            t,  # type: ignore[arg-type]
            inputs,
            outputs,
            maps,
            task,
            origin,
            exact,
            stats or {},
            arrays=Arrays(arrays),
            label=label,
        )

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
        ndarray, shape (..., T, k)
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

    def __repr__(self) -> str:
        ensemble = f", ensemble={self.ensemble}" if self.ensemble else ""
        return f"Trajectory({self.origin}, T={self.t.size}, P={len(self.probes)}, d={self.task.dim}{ensemble})"


def watched(task: Task, probes: ArrayLike | None) -> Array:
    """Return the checked inputs to watch: those that are given, or the task's own."""
    if not isinstance(task, Task):
        raise ArgumentError(
            "Argument `task` must be a task, with `dim`, `kind` and `to_dict`, but it is a "
            f"{type(task).__name__}."
        )
    given = getattr(task, "probes", None) if probes is None else probes
    if given is None:
        raise ArgumentError(
            f"Argument `probes` must be given, because tasks of the class {type(task).__name__} "
            "name none."
        )
    inputs = as_finite("probes", given)
    if inputs.ndim != 2 or inputs.shape[1] != task.dim:
        raise ShapeError(
            f"Argument `probes` must have shape (P, {task.dim}), but its shape is {inputs.shape}."
        )
    return inputs
