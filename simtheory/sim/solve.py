"""Integrated gradient flows: from a task and a start to a trajectory.

The second moment is diagonalised once, the start is turned into its axes and the result back; all
flows commute with such a turn. Each member of an ensemble takes its own steps.

Accuracy is that of the result, not of a step. The error of a step is measured row by row, relative
to the row, because W starts small and an error of the start grows as the concept does. The
interpolant is held to the flow inside every step as well: the grid lies there, and the defect sees
what the embedded estimate misses, a relaxed mode on a step near the limit of stability, where that
estimate passes through zero. The requested `rtol` then bounds the error of W on the grid.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_second_moment, as_times, positive_int
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, SolveError
from simtheory.sim.flows import Flow, Init, ensemble_of, require_flow
from simtheory.sim.methods import DOP853, Status
from simtheory.tasks import SIMTask
from simtheory.trajectory import Trajectory

__all__ = ["integrate", "solve"]

# The share of the requested error that a step and the defect of its interpolant may take, both in
# the kernel's norm. Errors of steps add up and grow; the interpolant's own error is a fifth of its
# defect. Over 390 drawn tied nets (d 2..16, widths 1..64, starts 1e-4..1) and rtol 1e-12..1e-2 the
# error of W came out at 0.08 to 0.21 of the request, over 120 deep ones (depth 1..4) at up to 0.45.
_STEP_SHARE, _DEFECT_SHARE = 1.0 / 20.0, 1.0
_RTOL = (1e-12, 1e-2)


class _Result(NamedTuple):
    weights: Array
    status: IntArray
    times: Array
    counts: IntArray


def solve(
    flow: Flow,
    task: SIMTask,
    init: Init,
    t: ArrayLike,
    *,
    rtol: float = 1e-11,
    max_steps: int = 100_000,
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
        members reached.

    Notes
    -----
    Seventeen evaluations of the right-hand side a step. Rates far apart make long grids stiff:
    learned concepts keep the steps below about 6 / (depth a_max). The time that a deep net from a
    small start needs to leave the origin, and with it the error, grows with its depth.

    Examples
    --------
    >>> import numpy as np
    >>> from simtheory.sim.flows import OneLayer
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.5)
    >>> trajectory = solve(OneLayer(), task, np.zeros((2, 2)), [0.0, 1.0])
    >>> trajectory.weights[-1].diagonal().round(6)
    array([0.527633, 0.894601])
    """
    times = as_times(t)
    result = _run(flow, task.second_moment, init, times, rtol, max_steps)
    steps, rejected, evaluations, _ = result.counts.sum(axis=0)
    stats = {
        "method": DOP853.name,
        "rtol": float(rtol),
        "steps": int(steps),
        "rejected": int(rejected),
        "field_evaluations": int(evaluations),
    }

    def trajectory(done: int) -> Trajectory:
        return Trajectory.from_weights(
            times[:done],
            result.weights[..., :done, :, :],
            task,
            origin=f"sim.solve({flow.name})",
            exact=True,
            probes=probes,
            stats=stats,
        )

    failure = _failure(result)
    if failure is not None:
        done = int(result.counts[:, -1].min())
        failure.partial = trajectory(done) if done else None
        raise failure
    return trajectory(times.size)


def integrate(
    flow: Flow,
    second_moment: ArrayLike,
    init: Init,
    t: ArrayLike,
    *,
    rtol: float = 1e-11,
    max_steps: int = 100_000,
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

    Returns
    -------
    ndarray, shape (..., T, d, d)
        End-to-end map W over time.

    Raises
    ------
    ShapeError, ArgumentError
        If an argument does not fit.
    SolveError
        If a member could not be integrated.
    """
    result = _run(flow, as_second_moment(second_moment), init, as_times(t), rtol, max_steps)
    failure = _failure(result)
    if failure is not None:
        raise failure
    return result.weights


def _run(
    flow: Flow,
    moment: Array,
    init: Init,
    times: Array,
    rtol: float,
    max_steps: int,
) -> _Result:
    d = moment.shape[-1]
    tolerance = _tolerance(rtol)
    budget = positive_int("max_steps", max_steps)
    layers = require_flow(flow).layers(init, d)
    ensemble = ensemble_of(moment, *layers)
    rates, axes = _principal_axes(moment)
    if axes is not None:
        layers = flow.turned(layers, axes)
    state = flow.state(layers)
    starts = np.concatenate(
        [_members(b, ensemble, 2).reshape(-1, b.shape[-2] * b.shape[-1]) for b in state.blocks],
        axis=1,
    )
    from simtheory.sim import _kernels  # loads Numba

    problem = (
        times,
        state.sizes,
        (state.group, int(state.group.max()) + 1, state.floor),
        (DOP853.stages, DOP853.embedded, DOP853.dense),
        (tolerance * _STEP_SHARE, tolerance * _DEFECT_SHARE, budget),
    )
    kernel = getattr(_kernels, flow.kernel)
    values, status, reached, counts = kernel(starts, _members(rates, ensemble, 1), problem)
    weights = values.reshape(*ensemble, times.size, d, d)
    if axes is not None:
        turn = axes[..., np.newaxis, :, :]
        weights = turn @ weights @ np.swapaxes(turn, -1, -2)
    return _Result(weights, status.reshape(ensemble), reached.reshape(ensemble), counts)


def _tolerance(rtol: float) -> float:
    number = as_finite("rtol", rtol)
    if number.ndim != 0 or not _RTOL[0] <= number <= _RTOL[1]:
        raise ArgumentError(
            f"Argument `rtol` must lie in [{_RTOL[0]:g}, {_RTOL[1]:g}], but it is {rtol!r}. "
            "Float64 gives no more, and the flow needs no less."
        )
    return float(number)


def _members(array: Array, ensemble: tuple[int, ...], core: int) -> Array:
    """Broadcast the leading axes to the ensemble and flatten them into one.

    Always a copy: the kernel would be compiled a second time for a read-only view.
    """
    shape = array.shape[array.ndim - core :]
    return np.array(np.broadcast_to(array, (*ensemble, *shape)), order="C").reshape(-1, *shape)


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


def _failure(result: _Result) -> SolveError | None:
    """Return the error of the first member that did not reach the end, or None."""
    bad = np.argwhere(result.status != Status.OK)
    if not len(bad):
        return None
    place = tuple(int(i) for i in bad[0])
    time = float(result.times[place])
    who = f"Member {place[0] if len(place) == 1 else place}" if place else "The integration"
    more = f" ({len(bad)} of {result.status.size} members failed.)" if len(bad) > 1 else ""
    advice = Status(int(result.status[place])).advice
    return SolveError(f"{who} stopped at time {time:g}. {advice}{more}", time=time)
