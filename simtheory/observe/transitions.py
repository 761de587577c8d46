"""Where the rows of a curve cross a level, how wide their transitions are, and how steep they run."""

from __future__ import annotations

import numpy as np

from simtheory._checks import number, of_kind
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.observe import arrays
from simtheory.results import Curve

__all__ = ["crossings", "slopes", "widths"]


@face
def crossings(curve: Curve, *, level: float) -> Array:
    """Return where each row of a curve first reaches a level, running straight between two places.

    Parameters
    ----------
    curve : Curve
        Any road's. A NaN reaches no level.
    level : float
        What the values have to reach.

    Returns
    -------
    ndarray, shape (..., R)
        Places on x: ``x[0]`` if the first value is there already, inf if none is.

    Examples
    --------
    >>> found = Curve([0.0, 1.0], [[0.0], [1.0]], rows=["share"], x_name="p", origin="sim")
    >>> crossings(found, level=0.25)
    array([0.25])
    """
    values = _rows(curve)
    return arrays.crossings(curve.x, values, number("level", level))


@face
def widths(curve: Curve, *, low: float, high: float) -> Array:
    """Return how far each row of a curve takes from one level to a higher one.

    Parameters
    ----------
    curve : Curve
        Any road's. A NaN reaches no level.
    low, high : float
        The two levels.

    Returns
    -------
    ndarray, shape (..., R)
        Distance on x between the first crossings; inf where the higher level is not reached.

    Raises
    ------
    ArgumentError
        If the lower level is not below the higher one.
    """
    values, ends = _rows(curve), (number("low", low), number("high", high))
    if not ends[0] < ends[1]:
        raise ArgumentError(
            f"Argument `low` must be below `high`, but they are {ends[0]:g} and {ends[1]:g}."
        )
    return arrays.widths(curve.x, values, *ends)


@face
def slopes(curve: Curve, *, logarithmic: bool = False) -> Array:
    """Return the slope of each row of a curve, by least squares over all places.

    Parameters
    ----------
    curve : Curve
        Any road's, without NaN.
    logarithmic : bool
        Whether logarithms are compared with logarithms: the slope is then the power of x.

    Returns
    -------
    ndarray, shape (..., R)
        The slopes.

    Raises
    ------
    ArgumentError
        If there are fewer than two places, a value is NaN, or a logarithm is asked of a number that
        is not positive.

    Examples
    --------
    >>> squares = Curve([1.0, 2.0, 4.0], [[1.0], [4.0], [16.0]], rows=["y"], x_name="n", origin="sim")
    >>> slopes(squares, logarithmic=True)
    array([2.])
    """
    x, values = of_kind("curve", curve, Curve).x, _rows(curve)
    if x.size < 2 or np.isnan(values).any():
        raise ArgumentError(
            "Argument `curve` must have two places or more and no NaN, but it has "
            f"{x.size} and {int(np.isnan(values).sum())} NaN."
        )
    if not logarithmic:
        return arrays.slope(x, values)
    if x[0] <= 0 or values.min(initial=np.inf) <= 0:
        raise ArgumentError(
            "Argument `curve` must be positive for a logarithmic slope, but its smallest x is "
            f"{x[0]:g} and its smallest value {values.min():g}."
        )
    return arrays.slope(np.log(x), np.log(values))


def _rows(curve: Curve) -> Array:
    """Values with x on the last axis, shape (..., R, X)."""
    return np.swapaxes(of_kind("curve", curve, Curve).values, -1, -2)
