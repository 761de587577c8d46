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

from typing import Any

import numpy as np

from simtheory._checks import as_finite, as_second_moment, as_times, positive, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, SolveError
from simtheory.results import Trajectory
from simtheory.sim.engine.status import Status
from simtheory.sim.flows.methods import DOP853
from simtheory.sim.flows.readings import Entries, Reading
from simtheory.sim.flows.running import Result, blank, follow_states, relax
from simtheory.sim.flows.states import states_of
from simtheory.sim.networks import Flow, Init, ensemble_of, layers_of
from simtheory.tasks import SIMTask

__all__ = ["integrate", "solve"]

_RTOL = (1e-12, 1e-2)


@face(but=("flow", "max_steps"))
def solve(
    flow: Flow,
    task: SIMTask,
    init: Init,
    t: ArrayLike,
    *,
    rtol: float = 1e-11,
    max_steps: int = 100_000,
    max_seconds: float | None = None,
    threads: int | None = None,
    probes: ArrayLike | None = None,
) -> Trajectory:
    """Integrate the gradient flow of a linear network on a task.

    The exact population dynamics, up to a controlled error in W.

    Parameters
    ----------
    flow : Flow
        `OneLayer`, `Tied`, `Untied` or `Deep`.
    task : SIMTask
        What is learned.
    init : array_like or tuple of array_like
        Weights at time 0: W₀ of shape (..., d, d) for `OneLayer`, U₀ of shape (..., d, h) for
        `Tied`, and the layers, first layer first, for `Untied` and `Deep`. Leading axes are an
        ensemble.
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

    Returns
    -------
    Trajectory
        With weights; `stats` holds the method, the tolerance and the counts over all members.

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
    times = as_times(t)
    budgets = _budgets(rtol, max_steps, max_seconds, threads)
    result, ensemble = _run(flow, _concept_axes(task), init, times, Entries(), budgets)
    maps = result.values.reshape(-1, times.size, task.dim, task.dim)
    steps, rejected, evaluations, _ = result.counts.sum(axis=0)
    stats = {
        "method": DOP853.name if flow.depth > 1 else "closed form",
        "rtol": float(rtol),
        "steps": int(steps),
        "rejected": int(rejected),
        "field_evaluations": int(evaluations),
    }

    def trajectory(weights: Array, done: int) -> Trajectory:
        return Trajectory.from_weights(
            times[:done],
            weights[..., :done, :, :],
            task,
            origin=f"sim.solve({flow.name})",
            exact=True,
            probes=probes,
            stats=stats,
        )

    whole = maps.reshape(*ensemble, *maps.shape[1:])
    if result.status.any():
        failure = _failure(result, ensemble)
        done = int(result.counts[:, -1].min())
        ended = result.status == Status.OK
        failure.partial = trajectory(whole, done) if done else None
        failure.finished = trajectory(maps[ended], times.size) if ended.any() else None
        raise failure
    return trajectory(whole, times.size)


@face(but=("flow", "read", "max_steps"))
def integrate(
    flow: Flow,
    second_moment: ArrayLike,
    init: Init,
    t: ArrayLike,
    *,
    rtol: float = 1e-11,
    max_steps: int = 100_000,
    max_seconds: float | None = None,
    threads: int | None = None,
    read: Reading | None = None,
) -> Array:
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

    Returns
    -------
    ndarray, shape (..., T, d, d)
        End-to-end map W over time; with `read` its numbers, shape (..., T, k).

    Raises
    ------
    ShapeError, ArgumentError
        If an argument does not fit.
    SolveError
        If a member could not be integrated. Its `status` says of each member how it ended; its
        `partial` is the array, with NaN from where a member stopped.
    """
    if read is not None and not isinstance(read, Reading):
        raise ArgumentError(
            f"Argument `read` must be a reading, such as sim.Diagonal(), but it is {read!r}."
        )
    reading = Entries() if read is None else read
    moment, times = as_second_moment(second_moment), as_times(t)
    budgets = _budgets(rtol, max_steps, max_seconds, threads)
    result, ensemble = _run(flow, _principal_axes(moment), init, times, reading, budgets)
    d = moment.shape[-1]
    numbers = result.values if read is None else reading.finish(result.values)
    shape = (d, d) if read is None else numbers.shape[2:]
    numbers = numbers.reshape(*ensemble, times.size, *shape)
    if result.status.any():
        failure = _failure(result, ensemble)
        failure.partial = numbers
        raise failure
    return numbers


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


def _run(
    flow: Flow,
    basis: tuple[Array, Array | None],
    init: Init,
    times: Array,
    reading: Reading,
    budgets: dict[str, Any],
) -> tuple[Result, tuple[int, ...]]:
    """Integrate; return the members' numbers one after the other, and the ensemble's shape.

    `basis` holds the eigenvalues and the eigenvectors of the second moment.
    """
    rates, axes = basis
    d = rates.shape[-1]
    rows = reading.rows(d)
    layers = layers_of(flow, init, d)
    ensemble = ensemble_of(rates[..., np.newaxis], *layers)
    if 0 in ensemble:
        return blank(0, times, rows), ensemble
    with np.errstate(over="ignore", invalid="ignore"):  # the integrator says what is too large
        if axes is not None:
            layers = flow.parametrisation.turned(layers, axes)
            axes = _members(axes, ensemble, 2)
        rates = _members(rates, ensemble, 1)
        layers = tuple(_members(layer, ensemble, 2) for layer in layers)
        if flow.depth == 1:
            return relax(layers[0], rates, axes, times, rows), ensemble
        states = states_of(flow, layers, budgets["rtol"])
    return follow_states(states, rates, axes, times, rows, **budgets), ensemble


def _members(array: Array, ensemble: tuple[int, ...], core: int) -> Array:
    """Broadcast the leading axes to the ensemble and flatten them into one.

    Always a copy: the kernel would be compiled a second time for a read-only view.
    """
    shape = array.shape[array.ndim - core :]
    return np.array(np.broadcast_to(array, (*ensemble, *shape)), order="C").reshape(-1, *shape)


def _concept_axes(task: SIMTask) -> tuple[Array, Array | None]:
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
