"""When concepts are learned, in which order, and how fast the rest of the loss decays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simtheory._checks import as_finite, share
from simtheory._faces import face
from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError
from simtheory.observe import _given, arrays
from simtheory.observe.curves import concept_outputs, loss
from simtheory.results import Trajectory

__all__ = ["learning_times", "order", "terminal_rate"]


@face
def learning_times(traj: Trajectory, *, level: float = 0.5) -> Array:
    """Return when each concept is learned, on its own training cluster.

    Concept k counts as learned when the output on its centroid mu_k e_k, along concept k, first
    reaches level · mu_k. For a linear network that is the first time at which w_kk = level. Between
    two points of the grid the output is taken to run straight.

    Parameters
    ----------
    traj : Trajectory
        Any road's; without weights, the centroids must be among its probes.
    level : float
        Share of mu_k that has to be reached, in (0, 1).

    Returns
    -------
    ndarray, shape (..., s)
        Canonical times: ``t[0]`` if the level is reached at the start, inf if not on this grid.

    Raises
    ------
    ArgumentError
        If the level is out of range, or a concept has no signal (mu_k = 0).
    """
    bar, mu = share("level", level), _given.trajectory(traj).task.mu
    if not mu.all():
        raise ArgumentError(
            "A concept without signal has no learning time, but `mu` is 0 for concept "
            f"{int(np.argmin(mu))}."
        )
    presence = np.eye(mu.size)
    learned = [
        concept_outputs(traj, vertex=tuple(presence[k]))[..., k] / mu[k] for k in range(mu.size)
    ]
    return np.stack([arrays.crossings(traj.t, w, bar) for w in learned], axis=-1)


@face
def order(traj: Trajectory, *, level: float = 0.5) -> IntArray:
    """Return the concepts in the order in which they are learned.

    Parameters
    ----------
    traj : Trajectory
        Any road's; without weights, the centroids must be among its probes.
    level : float
        Share of mu_k at which concept k counts as learned, in (0, 1).

    Returns
    -------
    ndarray of int, shape (..., s)
        Indices of concepts, first learned first; those not learned on this grid come last, and
        ties keep the order of the task.
    """
    return np.argsort(learning_times(traj, level=level), axis=-1, kind="stable")


@face
def terminal_rate(
    traj: Trajectory,
    *,
    vertex: Sequence[float] | None = None,
    window: tuple[float, float] = (1e-8, 1e-4),
) -> Array:
    """Return the rate at which the loss decays in the end.

    Minus the slope of log L over time, by least squares over the last stretch of the run in which
    L / L(t[0]) lies inside the window. A one-layer network tends to 2 a_k and a balanced two-layer
    one, in canonical time, to 4 a_k, with a_k the slowest rate among the concepts that the vertex
    holds.

    Parameters
    ----------
    traj : Trajectory
        Any road's, with or without ensemble axes.
    vertex : sequence of {0, 1}, length s, optional
        Which concepts the test point holds. Default: all, the target.
    window : (float, float)
        Lower and upper end of the stretch, as shares of the loss at the first time. The upper end
        has to lie where one mode is left, the lower end above the floor of noise or rounding.

    Returns
    -------
    ndarray, shape (...)
        Rates, in units of inverse canonical time.

    Raises
    ------
    ArgumentError
        If the window is no interval inside (0, 1], or a run has fewer than three times in it.

    Notes
    -----
    Two windows that give the same rate show that the decay is exponential.
    """
    lowest, highest = _window(window)
    values = loss(traj, vertex=vertex)
    runs = values.reshape(-1, traj.t.size)
    rates = np.empty(len(runs))
    for k, run in enumerate(runs):
        above = np.flatnonzero(run > highest * run[0])
        tail = np.arange(above[-1] + 1 if above.size else 0, run.size)
        below = np.flatnonzero(run[tail] < lowest * run[0])
        tail = tail[: below[0]] if below.size else tail
        if tail.size < 3 or run[0] == 0.0:
            where = np.unravel_index(k, traj.ensemble) if traj.ensemble else ()
            member = f" of member {tuple(int(i) for i in where)}" if where else ""
            raise ArgumentError(
                f"Argument `window` must hold at least three times of the tail, but the loss{member} "
                f"has {tail.size} between {lowest:g} and {highest:g} of its start; it ends at "
                f"{run[-1]:.3g} from {run[0]:.3g}. Widen the window, or run longer on a finer grid."
            )
        rates[k] = -arrays.slope(traj.t[tail], np.log(run[tail]))
    return rates.reshape(traj.ensemble)


def _window(window: tuple[float, float]) -> tuple[float, float]:
    ends = as_finite("window", window)
    if ends.shape != (2,) or not 0.0 < ends[0] < ends[1] <= 1.0:
        raise ArgumentError(
            f"Argument `window` must be (low, high) with 0 < low < high <= 1, but it is {window!r}."
        )
    return float(ends[0]), float(ends[1])
