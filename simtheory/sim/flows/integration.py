"""Integrated gradient flows: from a task and a start to a trajectory.

The start is turned into the axes of the second moment, which are those of the task or come from one
diagonalisation, and the result is turned back; all flows commute with such a turn. Each member of an ensemble takes its own steps.

Accuracy is that of the result, not of a step. The error of an entry is measured against the rows it
belongs to, because W starts small and an error of the start grows as the concept does. The
interpolant is held to the flow inside every step as well: the grid lies there, and the defect sees
what the embedded estimate misses, a relaxed mode on a step near the limit of stability, where that
estimate passes through zero. The requested `rtol` then bounds the error of W on the grid.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, overload

import numpy as np

from simtheory._checks import as_finite, as_second_moment, as_times, flag, positive, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError, SolveError
from simtheory.results import Trajectory
from simtheory.sim.engine.status import Status
from simtheory.sim.flows.methods import DOP853
from simtheory.sim.flows.readings import Reading, block, numbered
from simtheory.sim.flows.running import Result, blank, follow_states, relax
from simtheory.sim.flows.states import states_of
from simtheory.sim.networks import (
    Flow,
    Gram,
    Init,
    Layers,
    ensemble_of,
    layers_of,
    named,
    teacher_of,
    widened,
    widened_layers,
)
from simtheory.tasks import LinearTask, SIMTask

__all__ = ["integrate", "solve"]

_RTOL = (1e-12, 1e-2)


@face(but=("flow", "max_steps"))
def solve(
    flow: Flow,
    task: SIMTask | LinearTask,
    init: Init,
    t: ArrayLike,
    *,
    rtol: float = 1e-11,
    max_steps: int = 100_000,
    max_seconds: float | None = None,
    threads: int | None = None,
    probes: ArrayLike | None = None,
    layers: bool = False,
) -> Trajectory:
    """Integrate the gradient flow of a linear network on a task.

    The exact population dynamics, up to a controlled error in W.

    Parameters
    ----------
    flow : Flow
        `OneLayer`, `Tied`, `Untied` or `Deep`.
    task : SIMTask or LinearTask
        What is learned.
    init : array_like or tuple of array_like
        Weights at time 0: W₀ of shape (..., k, d) for `OneLayer`, U₀ of shape (..., d, h) for
        `Tied`, and the layers, first layer first, for `Untied` and `Deep`; on a `SIMTask` k = d.
        Leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times, increasing and not negative.
    rtol : float
        Error wanted in the entries of W, relative to the larger of them and 1; 1e-12 to 1e-2.
    max_steps : int
        Budget of steps, tried ones included, for each member.
    max_seconds : float, optional
        Budget of seconds for the whole ensemble. Default: none.
    threads : int, optional
        Threads over the members. Default: as many as the process may use. Results do not depend
        on it, to the last bit.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.
    layers : bool
        Whether to keep the layers too, which `observe.layers`, `observe.grams`,
        `observe.tangent_kernel` and `observe.alignment` read.

    Returns
    -------
    Trajectory
        With weights; `stats` holds the method, the tolerance and the counts over all members, and
        `arrays` the layers if they were asked for: ``W1``, ``W2``, …, or the ``U`` of a tied net.

    Raises
    ------
    ShapeError, ArgumentError
        If an argument does not fit.
    SolveError
        If a member could not be integrated. Its `partial` is the trajectory on the times that all
        members reached, its `status` says of each member how it ended, and its `finished` is the
        trajectory of those that reached the end, one after the other.

    Notes
    -----
    Seventeen evaluations of the right-hand side a step, for a group of members at once. Rates far
    apart make long grids stiff: learned concepts keep the steps below about 6 / (depth a_max),
    except those of tied nets, which then go in an exponential frame. The time that a deep net from
    a small start needs to leave the origin, and with it the error, grows with its depth.

    Examples
    --------
    >>> import numpy as np
    >>> from simtheory.sim import OneLayer
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.5)
    >>> trajectory = solve(OneLayer(), task, np.zeros((2, 2)), [0.0, 1.0])
    >>> trajectory.weights[-1].diagonal().round(6)
    array([0.527633, 0.894601])
    """
    times, keep = as_times(t), flag("layers", layers)
    budgets = _budgets(rtol, max_steps, max_seconds, threads)
    data = _Data(*_concept_axes(task), _teacher(flow, task))
    found = _run(flow, data, init, times, None, budgets, layers=keep)
    result, ensemble = found.result, found.ensemble
    steps, rejected, evaluations, _ = result.counts.sum(axis=0)
    stats = {
        "method": DOP853.name if flow.depth > 1 else "closed form",
        "rtol": float(rtol),
        "steps": int(steps),
        "rejected": int(rejected),
        "field_evaluations": int(evaluations),
    }

    def trajectory(weights: Array, kept: Layers, done: int) -> Trajectory:
        return Trajectory.from_weights(
            times[:done],
            weights[..., :done, :, :],
            task,
            origin=f"sim.solve({flow.name})",
            exact=True,
            probes=probes,
            stats=stats,
            arrays=named(flow, tuple(x[..., :done, :, :] for x in kept)) if kept else None,
        )

    maps, each = found.numbers, found.layers
    whole = maps.reshape(*ensemble, *maps.shape[1:])
    if result.status.any():
        failure = _failure(result, ensemble)
        done = int(result.counts[:, -1].min())
        ended = result.status == Status.OK
        failure.partial = trajectory(whole, found.shaped(), done) if done else None
        some = tuple(layer[ended] for layer in each)
        failure.finished = trajectory(maps[ended], some, times.size) if ended.any() else None
        raise failure
    return trajectory(whole, found.shaped(), times.size)


@overload
def integrate(
    flow: Flow,
    second_moment: ArrayLike,
    init: Init,
    t: ArrayLike,
    *,
    teacher: ArrayLike | None = ...,
    rtol: float = ...,
    max_steps: int = ...,
    max_seconds: float | None = ...,
    threads: int | None = ...,
    read: Reading | None = ...,
    layers: Literal[False] = ...,
) -> Array: ...


@overload
def integrate(
    flow: Flow,
    second_moment: ArrayLike,
    init: Init,
    t: ArrayLike,
    *,
    teacher: ArrayLike | None = ...,
    rtol: float = ...,
    max_steps: int = ...,
    max_seconds: float | None = ...,
    threads: int | None = ...,
    read: None = ...,
    layers: Literal[True],
) -> Layers: ...


@face(but=("flow", "read", "max_steps"))
def integrate(
    flow: Flow,
    second_moment: ArrayLike,
    init: Init,
    t: ArrayLike,
    *,
    teacher: ArrayLike | None = None,
    rtol: float = 1e-11,
    max_steps: int = 100_000,
    max_seconds: float | None = None,
    threads: int | None = None,
    read: Reading | None = None,
    layers: bool = False,
) -> Array | Layers:
    """Integrate the gradient flow of a linear network, from arrays to an array.

    Parameters
    ----------
    flow : Flow
        `OneLayer`, `Tied`, `Untied` or `Deep`.
    second_moment : array_like, shape (..., d, d)
        Uncentred second moment of the inputs; symmetric, positive semidefinite.
    init : array_like or tuple of array_like
        Weights at time 0, as for `solve`; leading axes broadcast against the second moment's.
    t : array_like, shape (T,)
        Canonical times, increasing and not negative.
    teacher : array_like, shape (..., k, d), optional
        What W is drawn to; symmetric, positive semidefinite for a tied net. Leading axes broadcast
        too. Default: the identity.
    rtol : float
        Error wanted in the entries of W, relative to the larger of them and 1; 1e-12 to 1e-2.
    max_steps : int
        Budget of steps, tried ones included, for each member.
    max_seconds : float, optional
        Budget of seconds for the whole ensemble. Default: none.
    threads : int, optional
        Threads over the members. Default: as many as the process may use. Results do not depend
        on it, to the last bit.
    read : Reading, optional
        What to keep of W, such as ``Diagonal()`` or ``Losses(task.vertices())``. Default: all of it.
    layers : bool
        Whether to return the layers over time, of which W is the product, in place of W.

    Returns
    -------
    ndarray, shape (..., T, k, d), or tuple of ndarray
        End-to-end map W over time; with `read` its numbers, shape (..., T, m); with `layers` a tuple
        of the trained matrices over time, first layer first, U alone of a tied net.

    Raises
    ------
    ShapeError, ArgumentError
        If an argument does not fit.
    SolveError
        If a member could not be integrated. Its `status` says of each member how it ended; its
        `partial` is what would be returned, with NaN from where a member stopped.

    Examples
    --------
    Two layers on whitened inputs; the flow keeps W₁W₁ᵀ − W₂ᵀW₂:

    >>> import numpy as np
    >>> from simtheory.sim import Untied
    >>> start, B = ([[0.1, 0.0]], [[0.1]]), [[3.0, 4.0]]
    >>> W1, W2 = integrate(Untied(), np.eye(2), start, [0.0, 9.0], teacher=B, layers=True)
    >>> (W2 @ W1)[-1].round(6)
    array([[3., 4.]])
    >>> np.allclose(W1 @ np.swapaxes(W1, -1, -2), W2**2)
    True
    """
    if read is not None and not isinstance(read, Reading):
        raise ArgumentError(
            f"Argument `read` must be a reading, such as sim.Diagonal(), but it is {read!r}."
        )
    if flag("layers", layers) and read is not None:
        raise ArgumentError(
            "Argument `read` selects numbers of W, so it must be None with layers=True, but it is "
            f"{read!r}."
        )
    moment, times = as_second_moment(second_moment), as_times(t)
    d = moment.shape[-1]
    aim = None if teacher is None else teacher_of(flow, teacher, d)
    if read is not None and aim is not None and aim.shape[-2] != d:
        raise ShapeError(
            "Argument `read` needs a square W, but the shape of `teacher` is "
            f"{aim.shape}. Keep all of W, read=None."
        )
    budgets = _budgets(rtol, max_steps, max_seconds, threads)
    data = _Data(*_principal_axes(moment), aim)
    found = _run(flow, data, init, times, read, budgets, layers=layers)
    answer: Array | Layers = found.shaped()
    if not layers:
        answer = found.numbers.reshape(*found.ensemble, *found.numbers.shape[1:])
        if read is not None:
            answer = (read if aim is None else read.toward(aim)).finish(answer)
    if found.result.status.any():
        failure = _failure(found.result, found.ensemble)
        failure.partial = answer
        raise failure
    return answer


_YEAR = 3.2e7  # seconds; a clock takes no time far beyond it


def _budgets(
    rtol: float, max_steps: int, max_seconds: float | None, threads: int | None
) -> dict[str, Any]:
    """Return the checked budgets."""
    number = as_finite("rtol", rtol)
    if number.ndim != 0 or not _RTOL[0] <= number <= _RTOL[1]:
        raise ArgumentError(
            f"Argument `rtol` must lie in [{_RTOL[0]:g}, {_RTOL[1]:g}], but it is {rtol!r}. "
            "Float64 gives no more, and the flow needs no less."
        )
    return {
        "rtol": float(number),
        "max_steps": positive_int("max_steps", max_steps),
        "max_seconds": None
        if max_seconds is None
        else min(positive("max_seconds", max_seconds), _YEAR),
        "threads": None if threads is None else positive_int("threads", threads),
    }


class _Data(NamedTuple):
    """What a flow sees of the data: rates, eigenvectors unless the axes' own, teacher unless I."""

    rates: Array
    axes: Array | None
    teacher: Array | None


class _Found(NamedTuple):
    """What was integrated, the members one after the other, and the shape of their ensemble."""

    result: Result
    numbers: Array  # W (members, T, k, d), or what is read of it (members, T, m)
    layers: Layers  # (members, T, rows, columns) each; none unless they were asked for
    ensemble: tuple[int, ...]

    def shaped(self) -> Layers:
        """Return the layers with the axes of the ensemble."""
        return tuple(layer.reshape(*self.ensemble, *layer.shape[1:]) for layer in self.layers)


def _run(
    flow: Flow,
    data: _Data,
    init: Init,
    times: Array,
    reading: Reading | None,
    budgets: dict[str, Any],
    *,
    layers: bool,
) -> _Found:
    """Integrate a flow; without a reading all of W is kept."""
    rates, axes, teacher = data
    d = rates.shape[-1]
    k = d if teacher is None else teacher.shape[-2]
    start = layers_of(flow, init, d, k)
    leading = [rates[..., np.newaxis], *start, *([] if teacher is None else [teacher])]
    ensemble, side = ensemble_of(*leading), max(d, k)
    if side > d or side > k:
        rates, axes, teacher, start = _square(rates, axes, teacher, start, side)
    count = sum(layer.shape[-2] * layer.shape[-1] for layer in start)
    rows = block(k, d, side) if reading is None else reading.rows(d)
    keeps = layers and flow.depth > 1
    if keeps:
        rows = numbered(count)
    with np.errstate(over="ignore", invalid="ignore"):  # the integrator says what is too large
        if teacher is not None:
            if axes is not None:
                teacher = np.swapaxes(axes, -1, -2) @ teacher @ axes
            teacher = _members(teacher, ensemble, 2)
        if axes is not None:
            start = flow.parametrisation.turned(start, axes)
            axes = _members(axes, ensemble, 2)
        rates = _members(rates, ensemble, 1)
        start = tuple(_members(layer, ensemble, 2) for layer in start)
        if 0 in ensemble:
            result = blank(0, times, rows)
        elif flow.depth == 1:
            result = relax(start[0], rates, axes, times, rows, teacher)
        else:
            whole = keeps or teacher is not None
            states = states_of(flow, start, budgets["rtol"], factored=whole)
            result = follow_states(
                states,
                rates,
                None if keeps else axes,
                times,
                rows,
                teachers=teacher,
                layers=keeps,
                **budgets,
            )
        if not keeps:
            numbers = result.values
            if reading is None:
                numbers = numbers.reshape(-1, times.size, k, d)
            return _Found(result, numbers, (numbers,) if layers else (), ensemble)
        kept = _layers(flow, result.values, start, axes)
        if not d == k == side:
            kept = (kept[0][..., :d], *kept[1:])
            kept = (*kept[:-1], kept[-1][..., :k, :])
        return _Found(result, flow.parametrisation.weights(kept), kept, ensemble)


def _square(
    rates: Array, axes: Array | None, teacher: Array | None, start: Layers, side: int
) -> tuple[Array, Array | None, Array | None, Layers]:
    """Return the same flow with as many inputs as outputs; see `networks.widened`."""
    d = rates.shape[-1]
    assert teacher is not None  # the identity is square
    if axes is not None:
        own = np.eye(side)
        own[:d, :d] = 0.0
        axes = widened(axes, side, side) + own
    rates = widened(rates[..., np.newaxis, :], 1, side)[..., 0, :]
    return rates, axes, widened(teacher, side, side), widened_layers(start, side)


def _layers(flow: Flow, values: Array, start: Layers, axes: Array | None) -> Layers:
    """Return the layers over time, in the axes of the data, from the numbers of the states."""
    ends = np.cumsum([layer.shape[-2] * layer.shape[-1] for layer in start])
    parts = np.split(values, ends[:-1], axis=-1)
    if flow.parametrisation == Gram():  # the state holds Uᵀ
        d, h = start[0].shape[-2:]
        found: Layers = (np.swapaxes(parts[0].reshape(*values.shape[:-1], h, d), -1, -2),)
    else:
        found = tuple(
            part.reshape(*values.shape[:-1], *layer.shape[-2:])
            for part, layer in zip(parts, start, strict=True)
        )
    if axes is None:
        return found
    return flow.parametrisation.turned(found, np.swapaxes(axes, -1, -2)[:, np.newaxis])


def _teacher(flow: Flow, task: SIMTask | LinearTask) -> Array | None:
    """Return what a task teaches; None for the identity."""
    return teacher_of(flow, task.teacher, task.dim) if isinstance(task, LinearTask) else None


def _members(array: Array, ensemble: tuple[int, ...], core: int) -> Array:
    """Broadcast the leading axes to the ensemble and flatten them into one.

    Always a copy: the kernel would be compiled a second time for a read-only view.
    """
    shape = array.shape[array.ndim - core :]
    return np.array(np.broadcast_to(array, (*ensemble, *shape)), order="C").reshape(-1, *shape)


def _concept_axes(task: SIMTask | LinearTask) -> tuple[Array, Array | None]:
    """Return the rates of a task and its own axes; no axes where there is nothing to turn.

    Eigenvalues of the second moment would be wrong by the rounding of the largest one, which may
    exceed a small rate.
    """
    moment = task.second_moment
    if np.count_nonzero(moment) == np.count_nonzero(np.diagonal(moment)):
        return np.diagonal(moment).clip(min=0.0), None
    return task.rates, task.rotation


def _principal_axes(moment: Array) -> tuple[Array, Array | None]:
    """Return the eigenvalues and eigenvectors; no vectors where there is nothing to turn."""
    diagonal = np.diagonal(moment, axis1=-2, axis2=-1)
    straight = (moment == diagonal[..., np.newaxis] * np.eye(moment.shape[-1])).all(axis=(-2, -1))
    if straight.all():
        return diagonal.clip(min=0.0), None
    rates, axes = np.linalg.eigh(moment)
    rates = np.where(straight[..., np.newaxis], diagonal, rates)
    axes = np.where(straight[..., np.newaxis, np.newaxis], np.eye(moment.shape[-1]), axes)
    return rates.clip(min=0.0), axes


def _failure(result: Result, ensemble: tuple[int, ...]) -> SolveError:
    """Return the error that names the first member that did not reach the end."""
    bad = np.flatnonzero(result.status)
    place = tuple(int(i) for i in np.unravel_index(bad[0], ensemble)) if ensemble else ()
    time = float(result.times[bad[0]])
    who = f"Member {place[0] if len(place) == 1 else place}" if place else "The integration"
    more = f" ({len(bad)} of {result.status.size} members failed.)" if len(bad) > 1 else ""
    advice = Status(int(result.status[bad[0]])).advice
    status = result.status.reshape(ensemble)
    return SolveError(f"{who} stopped at time {time:g}. {advice}{more}", time=time, status=status)
