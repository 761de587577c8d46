r"""Whether the times of a trajectory resolve what is read off it, and finer times where they do not.

Problem
-------
A trajectory is known at its times alone. A concept that is learned within one interval of them has its
learning time somewhere in that interval, and a loss that rises and falls within one shows no rise.

Result
------
A share that moves by J from one time to the next, h later, and is at s of the way when it reaches the
level l, is off by at most :math:`hJs(1-s)/l(1-l)` if it is drawn straight (`arrays.crossing_errors`);
a smooth maximum lies at most an eighth of the larger step beside it above the highest sampled value
(`arrays.turn_errors`). Observables warn where these errors matter, and `finer_times` puts times where
the trajectory moves fast, so that another evaluation resolves it.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

import numpy as np

from simtheory._checks import positive_int, share, warn_caller
from simtheory._faces import face
from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError, GridWarning
from simtheory.observe import _given, arrays
from simtheory.observe.curves import concept_outputs, loss
from simtheory.results import Trajectory

__all__ = ["finer_times"]

_TIMES = 0.02
"""Error of a learning time, as a share of it, beyond which an observable warns."""
_RISES = 0.05
"""Error of the size of a rise, as a share of it, beyond which an observable warns."""
_SMALL = 1e-4
"""Error of the size of a rise, as a share of the first loss, below which it is no reason to warn:
rounding and ripples would give one."""
_FALL = 0.5
"""Share of the first loss by which a loss may move from one time to the next; a larger move can hide
a rise."""
_REMEDY = "Evaluate the trajectory again at t = observe.finer_times(trajectory)."


@face
def finer_times(
    traj: Trajectory, *, level: float = 0.5, step: float = 0.05, parts: int = 8
) -> Array:
    """Return the times of a trajectory and more, where it moves too fast to be read off them.

    An interval is divided where the share learned of a concept, or the loss at the target as a share
    of its first value, moves by more than `step`; where a learning time is uncertain by more than
    1 %; and beside a turn of the loss whose height is uncertain by more than 2 %. Evaluate the
    trajectory again at these times, and repeat until no time is added.

    Parameters
    ----------
    traj : Trajectory
        Any road's; without weights, the centroids and the target must be among its probes.
    level : float
        Share at which a concept counts as learned, in (0, 1).
    step : float
        Largest move from one time to the next, in (0, 1).
    parts : int
        Number of parts into which an interval is divided, 2 or more.

    Returns
    -------
    ndarray, shape (T,)
        The times; those of the trajectory itself if they resolve it.

    Raises
    ------
    ArgumentError
        If a share is no share, or the parts are fewer than 2.

    Examples
    --------
    >>> from simtheory.tasks import SIMTask
    >>> task = SIMTask(mu=(1.0,), sigma=0.0)
    >>> maps = np.array([0.0, 1.0, 1.0]).reshape(3, 1, 1)
    >>> coarse = Trajectory.from_weights([0, 1, 2], maps, task, origin="sim", exact=True)
    >>> finer_times(coarse, parts=4)
    array([0.  , 0.25, 0.5 , 0.75, 1.  , 2.  ])
    """
    most, reached = share("step", step), share("level", level)
    number = positive_int("parts", parts)
    if number == 1:
        raise ArgumentError("Argument `parts` must be at least 2, but it is 1.")
    t = _given.trajectory(traj).t
    if t.size < 2:
        return t
    shares = learned(traj)
    losses = loss(traj)
    losses = losses.reshape(-1, t.size)
    first = np.where(losses[:, :1] > 0, losses[:, :1], 1.0)
    moved = [np.diff(shares, axis=-1).reshape(-1, t.size - 1), np.diff(losses / first, axis=-1)]
    coarse = np.asarray((np.abs(np.concatenate(moved)) > most).any(axis=0))
    flat = shares.reshape(-1, t.size)
    place = arrays.crossings(t, flat, reached)
    since = np.where(np.isfinite(place), place - t[0], inf)
    late = arrays.crossing_errors(t, flat, reached) > 0.5 * _TIMES * since
    coarse[np.searchsorted(t, place[late]) - 1] = True
    for run, start in zip(losses, first[:, 0], strict=True):
        for low, high in arrays.rises(run, _SMALL * float(start)):
            for turn in (low, high):
                beyond = float(arrays.turn_errors(run, np.asarray(turn)))
                if beyond > 0.4 * _RISES * (run[high] - run[low]):
                    coarse[turn - 1 : turn + 1] = True
    more = np.linspace(t[:-1][coarse], t[1:][coarse], number + 1, axis=-1)
    return np.unique(np.concatenate([t, more[:, 1:-1].ravel()]))


def learned(traj: Trajectory) -> Array:
    """Return the share learned of each concept with signal, on its own cluster, shape (..., s, T)."""
    mu = traj.task.mu
    presence = np.eye(mu.size)
    found = [
        concept_outputs(traj, vertex=tuple(presence[k]))[..., k] / mu[k] for k in np.flatnonzero(mu)
    ]
    return np.stack(found, axis=-2) if found else np.empty((*traj.ensemble, 0, traj.t.size))


def warn_of_crossings(t: Array, shares: Array, level: float) -> None:
    """Warn if a learning time of shares, shape (..., s, T), is off by more than a straight line may be."""
    place = arrays.crossings(t, shares, level)
    error = arrays.crossing_errors(t, shares, level)
    since = np.where(np.isfinite(place), place - t[0], inf)
    worst = np.divide(error, since, out=np.zeros_like(error), where=since > 0)
    if worst.max(initial=0.0) <= _TIMES:
        return
    where = np.unravel_index(int(worst.argmax()), worst.shape)
    after = int(np.searchsorted(t, place[where]))
    _warn(
        f"The times are too coarse for a learning time: concept {int(where[-1]) + 1} is learned between "
        f"t = {t[after - 1]:.4g} and {t[after]:.4g}, and t = {place[where]:.4g} may be off by "
        f"{error[where]:.2g}. {_REMEDY}"
    )


def warn_of_turns(
    t: Array, losses: Array, first: Array, turns: Iterable[tuple[int | IntArray, int | IntArray]]
) -> None:
    """Warn if the size of a rise of losses, shape (..., T), is not known from these times."""
    for ends in turns:
        low, high = (np.asarray(end) for end in ends)
        at = [np.take_along_axis(losses, end[..., None], axis=-1)[..., 0] for end in (low, high)]
        error = arrays.turn_errors(losses, low) + arrays.turn_errors(losses, high)
        size = at[1] - at[0]
        poor = (error > _RISES * size) & (error > _SMALL * first) & (size > 0)
        if poor.any():
            where = tuple(int(i) for i in np.argwhere(poor)[0])
            _warn(
                f"The times are too coarse for a rise of the loss: that to t = {t[high[where]]:.4g} is "
                f"{size[where]:.3g} high on them, and may be off by {error[where]:.2g}. {_REMEDY}"
            )
            return
    warn_of_falls(t, losses, first)


def warn_of_falls(t: Array, losses: Array, first: Array) -> None:
    """Warn if losses, shape (..., T), move so much from one time to the next that a rise could hide."""
    moved = np.abs(np.diff(losses, axis=-1))
    hidden = moved > _FALL * np.where(first > 0, first, inf)[..., None]
    if hidden.any():
        k = int(np.argwhere(hidden)[0][-1])
        _warn(
            f"The times are too coarse for rises of the loss: between t = {t[k]:.4g} and {t[k + 1]:.4g} "
            f"it moves by more than half of its start, which can hide a rise. {_REMEDY}"
        )


def _warn(message: str) -> None:
    """Warn at the line that calls the observable, which calls a function of this module."""
    warn_caller(message, GridWarning)
