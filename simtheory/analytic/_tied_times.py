"""When a tied net learns what: the pivots of the start, learning times, and the swing's peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simtheory._checks import frozen
from simtheory._typing import Array, ArrayLike
from simtheory.analytic import _tied_forms as forms
from simtheory.analytic._axes import leave_regime, weights_on_concepts
from simtheory.equations import implements
from simtheory.errors import ArgumentError, RegimeError
from simtheory.tasks import SIMTask


def logit_pivots(task: SIMTask, U0: ArrayLike) -> Array:
    """Return the pivots of W(0)(I − W(0))⁻¹, rows by decreasing rate, listed in concept order.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.

    Returns
    -------
    ndarray, shape (..., s)
        Pivot of each concept; zero for a concept that the start has lost to leading order. Which
        ones the exact flow loses, `tied_laws.learnable` says.

    Raises
    ------
    RegimeError
        If W(0) has an eigenvalue of one or more.

    Examples
    --------
    >>> logit_pivots(SIMTask(mu=(1.0, 2.0), sigma=0.0), [[0.1], [0.1]]).round(4)
    array([0.    , 0.0102])
    """
    U = weights_on_concepts(task, U0)
    largest_eigenvalue(U)
    order, back = forms.by_rate(task.rates)
    roots = np.diagonal(forms.logit_factor(U[..., order, :]), axis1=-2, axis2=-1)
    return np.asarray(roots[..., back][..., : task.n_concepts] ** 2)


@implements("learning-time")
def learning_times(task: SIMTask, U0: ArrayLike) -> Array:
    r"""Return when each concept is half learned, to leading order in a small start.

    :math:`t_k = -\ln(\pi_k)/(2a_k)`, where the growing pivot passes one. Implements
    ``learning-time`` (derived from yang2024, Eq. 4.3); the relative error of the pivot it stands
    for is O(omega^(1−rho)).

    Parameters
    ----------
    task : SIMTask
        What is learned.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.

    Returns
    -------
    ndarray, shape (..., s)
        Canonical times in concept order; infinite for a concept lost to leading order (a zero
        pivot; see `tied_laws.learnable`) or a zero rate, negative for a concept that was past one
        half before the start.

    Raises
    ------
    RegimeError
        If W(0) has an eigenvalue of one or more.
    """
    pivot, rates = logit_pivots(task, U0), task.rates[: task.n_concepts]
    alive = (pivot > 0) & (rates > 0)
    times = -np.log(np.where(alive, pivot, 1.0)) / np.where(rates > 0, 2.0 * rates, 1.0)
    return np.where(alive, times, np.inf)


@dataclass(frozen=True, slots=True, eq=False)
class SwingPeak:
    """When an off-diagonal entry of W turns round, and how high it got.

    Parameters
    ----------
    time : ndarray, shape (...)
        Canonical time of the peak.
    height : ndarray, shape (...)
        The entry there, with its sign.
    """

    time: Array
    height: Array

    def __post_init__(self) -> None:
        for name in ("time", "height"):
            object.__setattr__(self, name, frozen(np.array(getattr(self, name))))


@implements("swing-peak")
def swing_peak(task: SIMTask, U0: ArrayLike, i: int, j: int, *, strict: bool = True) -> SwingPeak:
    r"""Return the peak of the entry of W that ties two concepts, while the weaker is still small.

    With i the stronger concept, :math:`w_0 = w_{ii}(0)` and :math:`B = (3a_i+a_j)(1-w_0)/(a_i-a_j)`:
    :math:`t = \ln(1+(B-1)/w_0)/2a_i`, height
    :math:`w_{ij}(0)\,e^{(a_i+a_j)t}B^{-(3a_i+a_j)/4a_i}`. Implements ``swing-peak`` (derived from
    the first-order form).

    Parameters
    ----------
    task : SIMTask
        What is learned.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.
    i, j : int
        Two concepts, in either order.
    strict : bool
        Refuse a start outside the regime; False evaluates it with a `RegimeWarning`.

    Returns
    -------
    SwingPeak
        Time and height, each of shape (...). From a start past the peak both are those at t = 0.

    Raises
    ------
    RegimeError
        If the two rates are equal, for there is no peak then; if strict, also when the weaker rate
        exceeds half of the stronger, or the largest entry of W(0) exceeds 0.01.
    """
    for name, index in (("i", i), ("j", j)):
        if not 0 <= index < task.dim:
            raise ArgumentError(
                f"Argument `{name}` must be a coordinate from 0 to {task.dim - 1}, but it is {index!r}."
            )
    U, rates = weights_on_concepts(task, U0), task.rates
    strong, weak = (i, j) if rates[i] >= rates[j] else (j, i)
    a, b = float(rates[strong]), float(rates[weak])
    if a - b <= 1e-12 * a:
        raise RegimeError(
            f"The peak needs two distinct rates, but concepts {i} and {j} both have {a:g}."
        )
    w0 = np.sum(U[..., strong, :] ** 2, axis=-1)
    tie = np.sum(U[..., strong, :] * U[..., weak, :], axis=-1)
    size = float(np.sum(U**2, axis=-1).max(initial=0.0))
    if b > 0.5 * a or size > 1e-2:
        leave_regime(
            "The peak formula needs a rate ratio of at most 0.5 and entries of W(0) of at most "
            f"0.01, but they are {b / a:.3g} and {size:.3g}.",
            strict=strict,
        )
    bulk = np.maximum((3.0 * a + b) * (1.0 - w0) / (a - b), 1.0)
    started = w0 > 0
    time = np.where(
        started, np.log1p((bulk - 1.0) / np.where(started, w0, 1.0)) / (2.0 * a), np.inf
    )
    power = (a + b) * np.where(started, time, 0.0) - (3.0 * a + b) / (4.0 * a) * np.log(bulk)
    return SwingPeak(time, tie * np.exp(power))


def largest_eigenvalue(U: Array) -> float:
    """Return the largest eigenvalue of W(0) over the ensemble; one or more has no logit matrix."""
    largest = float(np.linalg.norm(U, 2, axis=(-2, -1)).max(initial=0.0)) ** 2
    if largest >= 1.0 - 1e-14:
        raise RegimeError(
            "The logit matrix needs W(0) < I, but the largest eigenvalue of W(0) is "
            f"{largest:g}. Scale U0 down, or integrate the flow."
        )
    return largest
