r"""The arithmetic of observables, on arrays alone.

Every number that is read off a curve is computed here: by `observe` for a trajectory, by `sweep`
for a batch of cells, by `fit` for measured curves, and by the claims.

Symbols
-------
t or x : what was varied, shape (T,); values : numbers over it, shape (..., T), on the last axis.

Result
------
The functions trust their input: shapes and ranges are checked by those who call them.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import positive_int
from simtheory._faces import face
from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError

__all__ = [
    "climb",
    "climbed",
    "crossing_errors",
    "crossings",
    "held",
    "losses",
    "population_losses",
    "rises",
    "slope",
    "smoothed",
    "symmetric",
    "turn_errors",
    "widths",
]


@face
def losses(outputs: Array, points: Array) -> Array:
    """Return the loss ½‖f − x‖² of outputs at points.

    Parameters
    ----------
    outputs : ndarray, shape (..., d)
        Outputs f.
    points : ndarray, shape (..., d)
        Points x; the leading axes broadcast.

    Returns
    -------
    ndarray, shape (...)
        The loss: with the ½, summed over coordinates.

    Examples
    --------
    >>> losses(np.zeros(2), np.array([1.0, 2.0]))
    array(2.5)
    """
    return np.asarray(0.5 * np.sum((outputs - points) ** 2, axis=-1))


@face
def population_losses(weights: Array, second_moment: Array, teacher: Array | None = None) -> Array:
    """Return the loss ½ tr (W − B) A (W − B)ᵀ of maps over a population of inputs.

    Parameters
    ----------
    weights : ndarray, shape (..., k, d)
        Maps W.
    second_moment : ndarray, shape (d, d)
        Second moment A of the inputs.
    teacher : ndarray, shape (k, d), optional
        B. Default: the identity.

    Returns
    -------
    ndarray, shape (...)
        The loss: with the ½, summed over coordinates, mean over inputs.

    Examples
    --------
    >>> population_losses(np.zeros((2, 2)), np.diag([1.0, 3.0]))
    array(2.)
    """
    miss = weights - (np.eye(weights.shape[-1]) if teacher is None else teacher)
    return np.asarray(0.5 * np.sum((miss @ second_moment) * miss, axis=(-2, -1)))


@face
def symmetric(weights: Array) -> Array:
    """Return the symmetric part of matrices.

    Parameters
    ----------
    weights : ndarray, shape (..., d, d)
        Matrices W.

    Returns
    -------
    ndarray, shape (..., d, d)
        ½ (W + Wᵀ).
    """
    return np.asarray(0.5 * (weights + np.swapaxes(weights, -1, -2)))


@face
def smoothed(values: Array, width: int) -> Array:
    """Return moving averages.

    Parameters
    ----------
    values : ndarray, shape (..., T)
        Numbers.
    width : int
        Number of points of a window, at most T.

    Returns
    -------
    ndarray, shape (..., T - width + 1)
        Mean of every whole window.

    Raises
    ------
    ArgumentError
        If there is no whole window.

    Examples
    --------
    >>> smoothed(np.array([0.0, 3.0, 0.0, 6.0]), 3)
    array([1., 3.])
    """
    if positive_int("width", width) > values.shape[-1]:
        raise ArgumentError(
            f"Argument `width` must be at most the number of points, {values.shape[-1]}, but it is {width}."
        )
    windows = np.lib.stride_tricks.sliding_window_view(values, width, axis=-1)
    return np.asarray(windows.mean(axis=-1))


@face
def climb(values: Array) -> Array:
    """Return how far numbers ever climb above an earlier one.

    Parameters
    ----------
    values : ndarray, shape (..., T)
        Numbers in order.

    Returns
    -------
    ndarray, shape (...)
        max over t' ≤ t of values(t) − values(t'); 0 if they never rise.

    Examples
    --------
    >>> climb(np.array([3.0, 1.0, 2.5, 0.5, 1.0]))
    array(1.5)
    """
    return np.asarray((values - np.minimum.accumulate(values, axis=-1)).max(axis=-1))


@face
def climbed(values: Array) -> tuple[IntArray, IntArray]:
    """Return where numbers climb furthest above an earlier one: `climb` is the difference there.

    Parameters
    ----------
    values : ndarray, shape (..., T)
        Numbers in order.

    Returns
    -------
    low, high : ndarray of int, shape (...)
        Places of the minimum and of the maximum.

    Examples
    --------
    >>> climbed(np.array([3.0, 1.0, 2.5, 0.5, 1.0]))
    (array(1), array(2))
    """
    lowest = np.minimum.accumulate(values, axis=-1)
    high = np.argmax(values - lowest, axis=-1)
    floor = np.take_along_axis(lowest, high[..., None], axis=-1)
    return np.asarray(np.argmax(values == floor, axis=-1)), np.asarray(high)


@face
def rises(values: Array, least: float) -> list[tuple[int, int]]:
    """Return where numbers rise by more than some least size.

    One pass: while the numbers fall, the lowest is kept; a rise starts there as soon as one stands
    higher by more than `least`. While they rise, the highest is kept; the rise ends there as soon
    as one stands lower by more than `least`, or at the last one.

    Parameters
    ----------
    values : ndarray, shape (T,)
        Numbers in order.
    least : float
        Size that a rise has to exceed.

    Returns
    -------
    list of (int, int)
        Places of the minimum and the maximum of every rise.

    Examples
    --------
    >>> rises(np.array([3.0, 1.0, 2.5, 0.5, 1.0]), 0.6)
    [(1, 2)]
    """
    moves = np.flatnonzero(np.diff(values))
    turns = moves[1:][np.diff(np.sign(np.diff(values)[moves])) != 0]
    found: list[tuple[int, int]] = []
    low = high = 0
    rising = False
    for k in [*turns.tolist(), values.size - 1]:
        if rising:
            if values[k] > values[high]:
                high = k
            elif values[high] - values[k] > least:
                found.append((low, high))
                low, rising = k, False
        elif values[k] < values[low]:
            low = k
        elif values[k] - values[low] > least:
            high, rising = k, True
    return [*found, (low, high)] if rising else found


@face
def crossings(t: Array, values: Array, level: float) -> Array:
    """Return where numbers first reach a level, running straight between two points.

    Parameters
    ----------
    t : ndarray, shape (T,)
        What was varied, increasing.
    values : ndarray, shape (..., T)
        Numbers over it.
    level : float
        What they have to reach.

    Returns
    -------
    ndarray, shape (...)
        Places on t: ``t[0]`` if the first number is there already, inf if none is.

    Examples
    --------
    >>> crossings(np.array([0.0, 1.0, 3.0]), np.array([0.0, 0.2, 0.6]), 0.4)
    array(2.)
    """
    return held(t, values, np.asarray(level), 1)


@face
def held(t: Array, values: Array, level: Array, count: int) -> Array:
    """Return where numbers first reach a level and keep it for some points in a row.

    Parameters
    ----------
    t : ndarray, shape (T,)
        What was varied, increasing.
    values : ndarray, shape (..., T)
        Numbers over it.
    level : ndarray, shape (...)
        What they have to reach; broadcasts against the leading axes of `values`.
    count : int
        Points in a row, at most T.

    Returns
    -------
    ndarray, shape (...)
        Places on t, on the straight line to the first of these points from the one before; ``t[0]`` if
        they are the first ones, inf if there are none.

    Examples
    --------
    >>> values = np.array([0.0, 0.5, 0.1, 0.3, 0.5, 0.6])
    >>> held(np.arange(6.0), values, np.array(0.4), 2)
    array(3.5)
    """
    positive_int("count", count)
    wanted = np.broadcast_to(level, values.shape[:-1])
    windows = np.lib.stride_tricks.sliding_window_view(values >= wanted[..., None], count, axis=-1)
    reached = windows.all(axis=-1)
    after = np.argmax(reached, axis=-1)
    before = np.maximum(after - 1, 0)
    high = np.take_along_axis(values, after[..., None], axis=-1)[..., 0]
    low = np.take_along_axis(values, before[..., None], axis=-1)[..., 0]
    step = high - low
    # where the point before is unknown, NaN, there is no line: the first of the points itself counts
    rises = (after > 0) & (low < wanted)
    share = np.divide(wanted - low, step, out=np.zeros_like(step), where=rises)
    share = np.where((after > 0) & ~rises, 1.0, share)
    found = t[before] + share * (t[after] - t[before])
    return np.where(reached.any(axis=-1), found, np.inf)


@face
def crossing_errors(t: Array, values: Array, level: float) -> Array:
    r"""Return by how much a straight line may misplace the crossing of a level, for shares learned.

    Parameters
    ----------
    t : ndarray, shape (T,)
        Times, increasing.
    values : ndarray, shape (..., T)
        Shares that are learned, mostly from 0 to 1.
    level : float
        Share that they have to reach, in (0, 1).

    Returns
    -------
    ndarray, shape (...)
        Errors, in units of t, of `crossings`; 0 where the first number is there already or none is.

    Notes
    -----
    A share that moves by J in an interval h has at the level l a relative curvature
    :math:`|f''/f'|` of about :math:`J/(h\,l(1-l))` or less, if it is logistic or exponential. Where
    the chord reaches the level at the part s of the interval, it is off by half of
    :math:`hJs(1-s)/l(1-l)`; twice as much covers what the curvature changes within the interval. The
    error is never more than the longer part of the interval.

    Examples
    --------
    >>> crossing_errors(np.array([0.0, 1.0]), np.array([0.0, 1.0]), 0.5)
    array(0.5)
    """
    place = crossings(t, values, level)
    after = np.argmax(values >= level, axis=-1)
    before = np.maximum(after - 1, 0)
    high = np.take_along_axis(values, after[..., None], axis=-1)[..., 0]
    low = np.take_along_axis(values, before[..., None], axis=-1)[..., 0]
    h = t[after] - t[before]
    known = np.isfinite(place) & (after > 0)
    s = np.divide(place - t[before], h, out=np.zeros_like(place), where=known)
    bend = (high - low) * s * (1.0 - s) / (level * (1.0 - level))
    return np.where(known, h * np.minimum(bend, np.maximum(s, 1.0 - s)), 0.0)


@face
def turn_errors(values: Array, turn: IntArray) -> Array:
    """Return how far a smooth curve may run beyond its value at a turn of the sampled one.

    Parameters
    ----------
    values : ndarray, shape (..., T)
        Numbers at places that are about evenly spaced around the turn.
    turn : ndarray of int, shape (...)
        Place of a minimum or a maximum.

    Returns
    -------
    ndarray, shape (...)
        An eighth of the larger step beside it, which a parabola through the three does not exceed;
        0 at the first place and the last one.

    Examples
    --------
    >>> turn_errors(np.array([0.0, 4.0, 4.0]), np.array(1))
    array(0.5)
    """
    ends = np.pad(np.abs(np.diff(values, axis=-1)), [(0, 0)] * (values.ndim - 1) + [(1, 1)])
    places = np.asarray(turn)[..., None] + np.array([0, 1])
    beside = np.take_along_axis(ends, places, axis=-1).max(axis=-1)
    inner = (turn > 0) & (turn < values.shape[-1] - 1)
    return np.where(inner, beside / 8.0, 0.0)


@face
def widths(t: Array, values: Array, low: float, high: float) -> Array:
    """Return how long numbers take from one level to a higher one.

    Parameters
    ----------
    t : ndarray, shape (T,)
        What was varied, increasing.
    values : ndarray, shape (..., T)
        Numbers over it.
    low, high : float
        The two levels.

    Returns
    -------
    ndarray, shape (...)
        First crossing of the higher level minus first crossing of the lower one; inf where the
        higher one is not reached.

    Examples
    --------
    >>> widths(np.array([0.0, 1.0, 2.0]), np.array([0.0, 0.5, 1.0]), 0.25, 0.75)
    array(1.)
    """
    last = crossings(t, values, high)
    first = crossings(t, values, low)
    return np.subtract(last, first, out=np.full_like(last, np.inf), where=np.isfinite(last))


@face
def slope(x: Array, values: Array) -> Array:
    """Return the slope of the straight line through points, by least squares.

    Parameters
    ----------
    x : ndarray, shape (T,)
        Where; at least two different places.
    values : ndarray, shape (..., T)
        Numbers there.

    Returns
    -------
    ndarray, shape (...)
        The slope.

    Examples
    --------
    >>> slope(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0]))
    array(2.)
    """
    shift = x - x.mean()
    return np.asarray((values @ shift) / (shift @ shift))
