"""Swing-by: where the loss at a test point rises before it falls again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simtheory._checks import non_negative, positive_int
from simtheory._faces import face
from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError, ShapeError
from simtheory.observe import _given, arrays, resolution
from simtheory.observe.curves import loss
from simtheory.results import Trajectory, axes

__all__ = ["Rise", "SwingBy", "descents", "largest_rise", "swing_by"]


@face
@dataclass(frozen=True, slots=True)
class Rise:
    """One rise of the loss.

    Parameters
    ----------
    t_min, t_max : float
        Canonical times of the minimum where it starts and the maximum where it ends.
    size : float
        Loss at the maximum minus loss at the minimum.
    relative : float
        The size as a share of the loss at the first time.
    """

    t_min: float
    t_max: float
    size: float
    relative: float

    def __str__(self) -> str:
        return f"from t = {self.t_min:.4g} to {self.t_max:.4g}, by {self.size:.3g} ({self.relative:.3g})"


@face
@dataclass(frozen=True, slots=True)
class SwingBy:
    """The rises of one run's loss.

    Parameters
    ----------
    rises : tuple of Rise
        In order of time.
    threshold : float
        Share of the loss at the first time that a rise had to exceed to be counted.
    """

    rises: tuple[Rise, ...]
    threshold: float

    shown: ClassVar[tuple[str, ...]] = ("descents",)
    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict

    @property
    def descents(self) -> int:
        """Number of descents, one more than there are rises."""
        return len(self.rises) + 1


@face
def swing_by(
    traj: Trajectory,
    *,
    vertex: Sequence[float] | None = None,
    threshold: float = 1e-3,
    smooth: int = 1,
) -> SwingBy:
    """Return the rises of one run's loss.

    The detector runs through the loss once. While the loss falls it keeps the lowest point; a rise
    starts there as soon as the loss stands higher by more than threshold · L(t[0]). While it rises
    it keeps the highest point; the rise ends there as soon as the loss stands lower by more than
    the same amount, or at the last time. Ripples smaller than that neither make a rise nor split
    one.

    Parameters
    ----------
    traj : Trajectory
        A single run.
    vertex : sequence of {0, 1}, length s, optional
        Which concepts the test point holds. Default: all, the target.
    threshold : float
        Smallest rise that is counted, as a share of the loss at the first time.
    smooth : int
        Odd number of points of a moving average taken first; 1 leaves the loss as it is.

    Returns
    -------
    SwingBy
        The rises, and the number of descents.

    Raises
    ------
    ShapeError
        If the trajectory is an ensemble.

    Notes
    -----
    Times are those of the grid. A loss that rises from its very first point counts as a rise, and
    one that still rises at the end as a descent to come.
    """
    if _given.trajectory(traj).ensemble:
        raise ShapeError(
            f"Argument `traj` must be a single run, but it is an ensemble of shape {traj.ensemble}. "
            "Take one with traj.member(k), or count them all with observe.descents(traj)."
        )
    t, values, start = _smoothed_loss(traj, vertex, smooth)
    share = non_negative("threshold", threshold)
    rises = []
    found = arrays.rises(values, share * float(start))
    resolution.warn_of_turns(t, values, start, [(low, high) for low, high in found])
    for low, high in found:
        size = float(values[high] - values[low])
        relative = size / float(start) if start > 0 else np.inf
        rises.append(Rise(float(t[low]), float(t[high]), size, relative))
    return SwingBy(tuple(rises), share)


@face
def descents(
    traj: Trajectory,
    *,
    vertex: Sequence[float] | None = None,
    threshold: float = 1e-3,
    smooth: int = 1,
) -> IntArray:
    """Return the number of descents of every run's loss, as `swing_by` counts them.

    Parameters
    ----------
    traj : Trajectory
        Any road's, with or without ensemble axes.
    vertex : sequence of {0, 1}, length s, optional
        Which concepts the test point holds. Default: all, the target.
    threshold : float
        Smallest rise that is counted, as a share of the loss at the first time.
    smooth : int
        Odd number of points of a moving average taken first.

    Returns
    -------
    ndarray of int, shape (...)
        Rises plus one.
    """
    t, values, start = _smoothed_loss(traj, vertex, smooth)
    least = non_negative("threshold", threshold) * start
    resolution.warn_of_falls(t, values, start)
    counts = [
        1 + len(arrays.rises(run, float(bar)))
        for run, bar in zip(values.reshape(-1, values.shape[-1]), least.ravel(), strict=True)
    ]
    return np.array(counts, dtype=np.intp).reshape(traj.ensemble)


@face
def largest_rise(
    traj: Trajectory, *, vertex: Sequence[float] | None = None, smooth: int = 1
) -> Array:
    """Return how far every run's loss ever climbs above an earlier value.

    Parameters
    ----------
    traj : Trajectory
        Any road's, with or without ensemble axes.
    vertex : sequence of {0, 1}, length s, optional
        Which concepts the test point holds. Default: all, the target.
    smooth : int
        Odd number of points of a moving average taken first.

    Returns
    -------
    ndarray, shape (...)
        max over t' < t of L(t) − L(t'), as a share of the loss at the first time; 0 if the loss
        never rises. With one rise it is that rise's `relative`.
    """
    t, values, start = _smoothed_loss(traj, vertex, smooth)
    resolution.warn_of_turns(t, values, start, [arrays.climbed(values)])
    height = arrays.climb(values)
    never = np.where(height > 0, np.inf, 0.0)
    return np.divide(height, start, out=never, where=start > 0)


def _smoothed_loss(
    traj: Trajectory, vertex: Sequence[float] | None, smooth: int
) -> tuple[Array, Array, Array]:
    """Times, loss averaged over `smooth` points, and the loss itself at the first time."""
    width = positive_int("smooth", smooth)
    _given.trajectory(traj)
    if width % 2 == 0 or width > traj.t.size:
        raise ArgumentError(
            f"Argument `smooth` must be odd and at most the number of times, {traj.t.size}, "
            f"but it is {width}."
        )
    raw = loss(traj, vertex=vertex)
    half = width // 2
    times = traj.t[half : traj.t.size - half]
    return times, arrays.smoothed(raw, width), np.asarray(raw[..., 0])
