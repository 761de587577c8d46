"""Times of events in a tied net: learning times, the peak of a swing, the top of the test loss."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import leave_regime, require_coordinates, weights_on_concepts
from simtheory.analytic._shared.rows import row_factor
from simtheory.analytic.tied.resummation import logit_pivots
from simtheory.errors import RegimeError, ShapeError
from simtheory.labels import implements
from simtheory.results import axes
from simtheory.results.axes import over
from simtheory.tasks import SIMTask

__all__ = [
    "BumpTop",
    "SwingPeak",
    "bump_top",
    "learning_times",
    "swing_peak",
]


@implements(
    "learning-time",
    title="Tied net: learning times",
    exactness="relative O(ω^(1−ρ)) in the pivot",
    regime="W(0) < I, small ω, any width",
    source="yang2024",
    where="derived here from the pivots' resummation",
)
@face
def learning_times(task: SIMTask, U0: ArrayLike) -> Array:
    r"""Return when each concept is half learned, to leading order in a small start.

    :math:`t_k = -\ln(\pi_k)/(2a_k)`, where the growing pivot passes one. The relative error of the
    pivot it stands for is O(omega^(1−rho)).

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
        pivot; see `tied.learnable`) or a zero rate, negative for a concept that was past one
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


@face
@dataclass(frozen=True, slots=True, eq=False)
class SwingPeak:
    """Time and height of the peak of an off-diagonal entry of W.

    Parameters
    ----------
    time : ndarray, shape (...)
        Canonical time of the peak.
    height : ndarray, shape (...)
        The entry there, with its sign.
    """

    time: Array = field(metadata=over("*ensemble", allow="real"))
    height: Array = field(metadata=over("*ensemble", allow="real"))

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)


@implements(
    "swing-peak",
    title="Tied net: peak of an off-diagonal entry",
    exactness="leading order; w_jj still small at the peak",
    regime="rate ratio ρ ≤ 0.5, ω ≤ 0.01",
    source="yang2024",
    where="derived here from the first-order form",
)
@face
def swing_peak(task: SIMTask, U0: ArrayLike, i: int, j: int, *, strict: bool = True) -> SwingPeak:
    r"""Return the peak of the entry of W that ties two concepts, while the weaker is still small.

    With i the stronger concept, :math:`w_0 = w_{ii}(0)` and :math:`B =
    (3a_i+a_j)(1-w_0)/(a_i-a_j)`: :math:`t = \ln(1+(B-1)/w_0)/2a_i`, height
    :math:`w_{ij}(0)\,e^{(a_i+a_j)t}B^{-(3a_i+a_j)/4a_i}`.

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
    require_coordinates(task, i=i, j=j)
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


@face
@dataclass(frozen=True, slots=True, eq=False)
class BumpTop:
    """Time and height of the largest test loss of a swing-by.

    Parameters
    ----------
    time : ndarray, shape (...)
        Canonical time of the maximum.
    loss : ndarray, shape (...)
        Half the squared distance of the output from the test point there.
    """

    time: Array = field(metadata=over("*ensemble", allow="real"))
    loss: Array = field(metadata=over("*ensemble", allow="real"))

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)


@implements(
    "bump-top",
    title="Tied net: top of the bump in the test loss",
    exactness="leading order; a fraction of a percent for a small start and distant rates",
    regime="two concepts, w₁₂(0) > 0, rate ratio ρ ≤ 0.45",
    source="yang2024",
    where="derived here from the Schur form",
)
@face
def bump_top(task: SIMTask, U0: ArrayLike, *, strict: bool = True) -> BumpTop:
    r"""Return the top of the bump in the test loss of two concepts.

    After the stronger concept 1 is learned, :math:`w_{12} = \hat Y e^{-(a_1-a_2)t/2}` still fakes
    part of coordinate 2, while :math:`w_{22}` grows from its pivot :math:`\delta`. The missing part
    is largest at :math:`t = \frac{2}{a_1+3a_2}\ln\frac{(a_1-a_2)\mu_1\hat Y}{4a_2\mu_2\delta}`.

    Parameters
    ----------
    task : SIMTask
        Two concepts with signals; further coordinates are ignored.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.
    strict : bool
        Refuse a start outside the regime; False evaluates it with a `RegimeWarning`.

    Returns
    -------
    BumpTop
        Time and loss, each of shape (...).

    Raises
    ------
    RegimeError
        Always if the rates are equal or the weaker is zero, if the two rows do not lean towards one
        another (w_12(0) ≤ 0: no bump), or if the weaker one has no part of its own. If strict, also
        when the rate ratio exceeds 0.45 or the top would come within 1/a_1 of the peak of w_12,
        where the loss has hardly begun to rise.

    Notes
    -----
    Measured at a cosine of 0.9 the time is off by 1.4, 0.2 and 0.1 % at a rate ratio of 0.1 and
    starts of size 0.1, 0.01 and 0.001, and by 26, 8 and 3 % at a ratio of 0.45.
    """
    if task.n_concepts != 2:
        raise ShapeError(f"The bump's top needs two concepts, but the task has {task.n_concepts}.")
    rates, mu = task.rates[:2], task.mu
    strong, weak = (0, 1) if rates[0] >= rates[1] else (1, 0)
    a, b = float(rates[strong]), float(rates[weak])
    if not 0.0 < b < a * (1.0 - 1e-12) or not mu.min() > 0:
        raise RegimeError(
            "The bump's top needs two distinct rates above zero and two signals, but the rates are "
            f"{a:g} and {b:g} and the smaller signal is {mu.min():g}."
        )
    U = weights_on_concepts(task, U0)[..., [strong, weak], :]
    factor = row_factor(U)
    x0, tie = factor[..., 0, 0] ** 2, factor[..., 0, 0] * factor[..., 1, 0]
    delta = factor[..., 1, 1] ** 2
    if np.any(tie <= 0) or np.any(delta <= 0):
        raise RegimeError(
            "The bump's top needs rows that lean towards one another without being parallel, but "
            f"the smallest w_12(0) is {tie.min():g} and the smallest pivot {delta.min():g}."
        )
    fake = np.log(tie) - (3.0 * a + b) / (4.0 * a) * np.log(x0)
    ratio = mu[strong] / mu[weak]
    time = 2.0 / (a + 3.0 * b) * (np.log((a - b) * ratio / (4.0 * b)) + fake - np.log(delta))
    peak = np.log(np.maximum(2.0 * (a + b) / (a - b) * (1.0 / x0 - 1.0), 1.0)) / (2.0 * a)
    early = float(np.min(time - peak, initial=np.inf)) * a
    if b > 0.45 * a or early < 1.0:
        leave_regime(
            "The bump's top needs a rate ratio of at most 0.45 and a top that comes 1/a_1 after the "
            f"peak of w_12, but the ratio is {b / a:.3g} and the top comes {early:.3g}/a_1 after.",
            strict=strict,
        )
    tied = np.exp(fake - 0.5 * (a - b) * time)
    own = delta / (delta + (1.0 - delta) * np.exp(-2.0 * b * time))
    return BumpTop(time, 0.5 * mu[weak] ** 2 * (1.0 - own - ratio * tied) ** 2)
