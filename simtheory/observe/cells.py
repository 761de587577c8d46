r"""Masses of cells: where drawn points are, how far that is from the truth, and how dense they are.

A *cell* is what lies nearest to one of some centres. Masses are compared by their total variation,
:math:`\tfrac12\sum|mass - truth|`, which even exact draws do not bring to zero: its mean for n exact
draws is the *floor*.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simtheory._checks import as_finite, kind_of, not_negative, number
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError
from simtheory.observe.moments import effective_size
from simtheory.results import Samples
from simtheory.results.axes import html, over, settle, text, to_dict

__all__ = [
    "LogDensity",
    "MassDistance",
    "cell_masses",
    "log_density",
    "mass_distance",
    "mode_variances",
]


@face
@dataclass(frozen=True, slots=True, eq=False)
class MassDistance:
    """How far masses are from the truth.

    Parameters
    ----------
    value : array_like, shape (...)
        Total variation, from 0 to 1.
    floor : array_like, shape (...)
        Its mean for as many exact draws: the exact mean of the multinomial.
    error : array_like, shape (...)
        Standard error of the value.
    """

    value: Array = field(metadata=over("*ensemble"))
    floor: Array = field(metadata=over("*ensemble"))
    error: Array = field(metadata=over("*ensemble"))

    def __post_init__(self) -> None:
        settle(self)

    __str__ = text
    _repr_html_ = html
    to_dict = to_dict


@face
@dataclass(frozen=True, slots=True, eq=False)
class LogDensity:
    """Log-densities of drawn points under a target. The mean is ruined by a few strays, the median not.

    Parameters
    ----------
    mean : array_like, shape (...)
        Weighted mean.
    median : array_like, shape (...)
        Weighted median.
    error : array_like, shape (...)
        Standard error of the mean.
    """

    mean: Array = field(metadata=over("*ensemble"))
    median: Array = field(metadata=over("*ensemble"))
    error: Array = field(metadata=over("*ensemble"))

    def __post_init__(self) -> None:
        settle(self)

    __str__ = text
    _repr_html_ = html
    to_dict = to_dict


@face
def cell_masses(samples: Samples, centres: ArrayLike) -> Array:
    """Return the share of the weights in each cell.

    Parameters
    ----------
    samples : Samples
        Any road's.
    centres : array_like, shape (m, d)
        One point in each cell, which holds what is nearest to it.

    Returns
    -------
    ndarray, shape (..., m)
        Shares, which sum to one.

    Examples
    --------
    >>> drawn = Samples([[0.1], [0.2], [0.9], [1.5]], origin="sim")
    >>> cell_masses(drawn, [[0.0], [1.0]])
    array([0.5, 0.5])
    """
    where, count = _cells(samples, centres), len(np.asarray(centres))
    rows = where.reshape(-1, where.shape[-1])
    weights = samples.weights.reshape(rows.shape)
    masses = [
        np.bincount(row, weights=w, minlength=count) for row, w in zip(rows, weights, strict=True)
    ]
    return np.reshape(masses, (*where.shape[:-1], count))


@face
def mass_distance(samples: Samples, truth: ArrayLike | Samples, centres: ArrayLike) -> MassDistance:
    r"""Return the total variation between the masses of cells and the true ones.

    Parameters
    ----------
    samples : Samples
        Any road's.
    truth : array_like, shape (m,), or Samples
        True masses, which sum to one; or exact draws, whose masses are taken.
    centres : array_like, shape (m, d)
        One point in each cell.

    Returns
    -------
    MassDistance
        The value, what exact draws would give, and the standard error.

    Raises
    ------
    ArgumentError
        If the true masses do not sum to one.

    Notes
    -----
    Weighted points count as many as their effective size. The error takes the signs of the differences
    for known, so it is too large where the value is close to the floor.

    Examples
    --------
    >>> drawn = Samples([[0.1], [0.2], [0.9], [1.5]], origin="sim")
    >>> found = mass_distance(drawn, [0.25, 0.75], [[0.0], [1.0]])
    >>> float(found.value), float(found.floor.round(3)), float(found.error)
    (0.25, 0.158, 0.25)
    """
    masses = cell_masses(samples, centres)
    if isinstance(truth, Samples):
        exact = cell_masses(truth, centres)
    else:
        exact = not_negative("truth", truth)
        if exact.ndim != 1 or exact.shape != masses.shape[-1:]:
            raise ShapeError(
                f"Argument `truth` must have shape ({masses.shape[-1]},), a mass for each centre, but "
                f"its shape is {exact.shape}."
            )
        if abs(exact.sum() - 1.0) > 1e-6:
            raise ArgumentError(
                f"Argument `truth` must sum to 1, but its sum is {exact.sum():.9g}."
            )
    size = effective_size(samples)
    signs = np.sign(masses - exact)
    mean = (masses * signs).sum(axis=-1)
    spread = (masses * signs**2).sum(axis=-1) - mean**2
    return MassDistance(
        0.5 * np.abs(masses - exact).sum(axis=-1),
        _floor(exact, size),
        0.5 * np.sqrt(np.maximum(spread, 0.0) / size),
    )


@face
def mode_variances(samples: Samples, centres: ArrayLike) -> Array:
    """Return the variance of each coordinate inside each cell, about the mean of the cell.

    Parameters
    ----------
    samples : Samples
        Any road's.
    centres : array_like, shape (m, d)
        One point in each cell.

    Returns
    -------
    ndarray, shape (..., m, d)
        Weighted variances; NaN for a cell without points.

    Examples
    --------
    >>> drawn = Samples([[0.1], [0.3], [0.9], [1.1]], origin="sim")
    >>> mode_variances(drawn, [[0.0], [1.0]]).round(3)
    array([[0.01],
           [0.01]])
    """
    where = _cells(samples, centres)
    found = np.full((*where.shape[:-1], len(np.asarray(centres)), samples.points.shape[-1]), np.nan)
    for member in np.ndindex(where.shape[:-1]):
        points, weights = samples.points[member], samples.weights[member]
        for cell in range(found.shape[-2]):
            inside = where[member] == cell
            total = weights[inside].sum()
            if total > 0.0:
                share = weights[inside] / total
                apart = points[inside] - share @ points[inside]
                found[(*member, cell)] = share @ apart**2
    return found


@face
def log_density(samples: Samples, target: Any, *, log_partition: float = 0.0) -> LogDensity:
    """Return how dense a target is where points were drawn: mean, median, and the mean's error.

    Parameters
    ----------
    samples : Samples
        Any road's.
    target : GaussianMixture, Composition, or any object with ``log_density(x)``
        What should have been drawn.
    log_partition : float
        Logarithm of the integral of the target's density, for a composition that is not normalised.

    Returns
    -------
    LogDensity
        Of each member of the ensemble.

    Raises
    ------
    ArgumentError
        If the target has no log-density, or one that is NaN or infinite at a point.
    """
    if isinstance(target, type) or not callable(getattr(target, "log_density", None)):
        raise ArgumentError(
            "Argument `target` must have `log_density`, as a GaussianMixture has, but it is "
            f"{kind_of(target)}."
        )
    shift, points = number("log_partition", log_partition), samples.points
    values = np.asarray(target.log_density(points.reshape(-1, points.shape[-1])))
    logs = as_finite("target.log_density(points)", values).reshape(points.shape[:-1]) - shift
    weights = samples.weights
    mean = (weights * logs).sum(axis=-1)
    order = np.argsort(logs, axis=-1)
    ranked = np.take_along_axis(logs, order, axis=-1)
    summed = np.cumsum(np.take_along_axis(weights, order, axis=-1), axis=-1)
    below = (summed < 0.5 - 1e-12).sum(axis=-1, keepdims=True)
    until = (summed <= 0.5 + 1e-12).sum(axis=-1, keepdims=True)
    last = logs.shape[-1] - 1
    middle = 0.5 * (
        np.take_along_axis(ranked, np.minimum(below, last), axis=-1)
        + np.take_along_axis(ranked, np.minimum(until, last), axis=-1)
    )
    error = np.sqrt((weights**2 * (logs - mean[..., np.newaxis]) ** 2).sum(axis=-1))
    return LogDensity(mean, middle[..., 0], error)


def _cells(samples: Samples, centres: ArrayLike) -> IntArray:
    """Return the cell of each point, shape (..., n)."""
    points, places = samples.points, as_finite("centres", centres)
    d = points.shape[-1]
    if places.ndim != 2 or places.shape[1] != d or not len(places):
        raise ShapeError(
            f"Argument `centres` must have shape (m, {d}), but its shape is {places.shape}."
        )
    if not points.shape[-2]:
        raise ArgumentError("Argument `samples` must hold points, but it holds none.")
    middle = places.mean(axis=0)  # squares of a common shift would cancel
    apart, around = points - middle, places - middle
    return np.asarray(((around**2).sum(axis=1) - 2.0 * apart @ around.T).argmin(axis=-1))


def _floor(truth: Array, size: Array) -> Array:
    """Return the mean of ½ Σ |k_i/n − p_i| for multinomial counts k of n draws.

    E|k − np| = 2 (1 − p) j P(k = j) with j = ⌊np⌋ + 1: the mean deviation of a binomial.
    """
    from scipy.stats import binom  # half a second

    n = np.maximum(np.floor(size + 1e-9), 1.0)[..., np.newaxis]
    j = np.floor(n * truth) + 1.0
    mean = 2.0 * (1.0 - truth) * j * binom.pmf(j, n, truth)
    return np.asarray(0.5 * (mean / n).sum(axis=-1))
