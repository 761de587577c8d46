"""When concepts are learned, in which order, and how fast the rest of the loss decays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simtheory._checks import as_finite, share, warn_caller
from simtheory._faces import face
from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError, ReadingWarning
from simtheory.observe import _given, arrays, resolution
from simtheory.observe.curves import loss
from simtheory.results import Trajectory

__all__ = ["learning_times", "order", "terminal_rate"]

_BEND = 0.05
"""Difference between the slopes of two halves of a line, as a share of the larger, beyond which it is
no line."""


@face
def learning_times(traj: Trajectory, *, level: float = 0.5) -> Array:
    """Return when each concept is learned, on its own training cluster.

    Concept k counts as learned when the output on its centroid mu_k e_k, along concept k, first
    reaches level · mu_k. For a linear network that is the first time at which w_kk = level. Between
    two times of the grid the output is taken to run straight.

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

    Warns
    -----
    GridWarning
        If a straight line may miss a learning time by more than 2 %, because the concept is learned
        within an interval of the grid. `finer_times` gives a grid that resolves it.
    """
    bar, mu = share("level", level), _given.trajectory(traj).task.mu
    if not mu.all():
        raise ArgumentError(
            "A concept without signal has no learning time, but `mu` is 0 for concept "
            f"{int(np.argmin(mu))}."
        )
    learned = resolution.learned(traj)
    resolution.warn_of_crossings(traj.t, learned, bar)
    return arrays.crossings(traj.t, learned, bar)


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

    Warns
    -----
    ReadingWarning
        If log L is no straight line in the window: the slopes of its two halves differ by more than
        5 % of the larger one. A power law, a second mode or a floor of noise bends it.

    Notes
    -----
    Two windows that give the same rate show that the decay is exponential.
    """
    lowest, highest = _window(window)
    values = loss(traj, vertex=vertex)
    runs = values.reshape(-1, traj.t.size)
    rates = np.empty(len(runs))
    bent = ""
    for k, run in enumerate(runs):
        above = np.flatnonzero(run > highest * run[0])
        tail = np.arange(above[-1] + 1 if above.size else 0, run.size)
        below = np.flatnonzero(run[tail] < lowest * run[0])
        tail = tail[: below[0]] if below.size else tail
        if tail.size < 3 or run[0] == 0.0:
            raise ArgumentError(
                "Argument `window` must hold at least three times of the tail, but the "
                f"loss{_member(traj, k)} "
                f"has {tail.size} between {lowest:g} and {highest:g} of its start; it ends at "
                f"{run[-1]:.3g} from {run[0]:.3g}. Widen the window, or run longer on a finer grid."
            )
        logs = np.log(run[tail])
        rates[k] = -arrays.slope(traj.t[tail], logs)
        bent = bent or _bend(traj.t[tail], logs, _member(traj, k))
    if bent:
        warn_caller(f"{bent} Choose another `window`.", ReadingWarning)
    return rates.reshape(traj.ensemble)


def _bend(t: Array, logs: Array, member: str) -> str:
    """Return how far the logarithm of a loss is from a straight line, if it is far; else nothing."""
    middle = t.size // 2
    halves = (slice(0, middle + 1), slice(middle, t.size))
    early, late = (-float(arrays.slope(t[half], logs[half])) for half in halves)
    if abs(early - late) <= _BEND * max(abs(early), abs(late)):
        return ""
    return (
        f"The logarithm of the loss{member} is no straight line in the window, so it has no rate: its "
        f"slope goes from {-early:.4g} to {-late:.4g} between t = {t[0]:.4g} and {t[-1]:.4g}."
    )


def _member(traj: Trajectory, k: int) -> str:
    """Name the k-th member of an ensemble; nothing for a single run."""
    if not traj.ensemble:
        return ""
    return f" of member {tuple(int(i) for i in np.unravel_index(k, traj.ensemble))}"


def _window(window: tuple[float, float]) -> tuple[float, float]:
    ends = as_finite("window", window)
    if ends.shape != (2,) or not 0.0 < ends[0] < ends[1] <= 1.0:
        raise ArgumentError(
            f"Argument `window` must be (low, high) with 0 < low < high <= 1, but it is {window!r}."
        )
    return float(ends[0]), float(ends[1])
