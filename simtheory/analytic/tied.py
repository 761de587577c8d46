r"""The tied net f(x) = U Uᵀ x: exact structure, and closed forms for what has no exact solution.

Problem
-------
Two layers share their weights: :math:`W = UU^T`. Gradient flow on :math:`\tfrac12E\|Wx - x\|^2`, on
the canonical clock, moves W along the field (Implements ``tied-field``)

.. math:: \dot W = V(W) = AW + WA - \tfrac12\left(AW^2 + W^2A + 2WAW\right).

Symbols
-------
U : weights, (..., d, h); W : end-to-end map, (..., d, d); A : uncentred second moment, (d, d); a :
rates, its diagonal in the concept axes, (d,); t : canonical time, (T,); omega : size of W(0);
rho : ratio of a weaker to the next stronger rate; eps : largest cosine between two rows of U(0);
pi : *pivots*, the diagonal of the LDLᵀ factor of W(0)(I−W(0))⁻¹ with rows by decreasing rate.

Result
------
=================  ==============================================  ================================
function           holds                                            error
=================  ==============================================  ================================
`isotropic`        all rates equal, any start                       none
`rank_one`         width 1, any second moment                       none
`mode`             W(0) commutes with A                             none
`det_law`          any start of full rank                           none
`pivots`           W(0) < I                                         O(omega^(1−rho)); W in [0, I]
`first_order`      nearly orthogonal rows                           O(eps²), *however small* omega is
=================  ==============================================  ================================

Reading
-------
What seeds a weak concept is not its diagonal entry of W(0) but its *pivot*: what is left of it once
the stronger concepts have been learned and have taken away the part that points their way. So
correlated rows delay weak concepts by an amount that a small start does not cure.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simtheory._checks import as_times
from simtheory._typing import Array, ArrayLike
from simtheory.analytic import _tied_forms as forms
from simtheory.analytic._axes import (
    leave_regime,
    map_from_concepts,
    recorded,
    weights_on_concepts,
    width_one_on_concepts,
)
from simtheory.analytic._rank_one import rank_one as _width_one
from simtheory.analytic._tied_laws import (
    FieldTerms,
    det_law,
    field,
    field_terms,
    log_det_rate,
    log_det_ratio,
    mode,
    sum_rule,
    time_to_level,
)
from simtheory.analytic._tied_times import (
    SwingPeak,
    largest_eigenvalue,
    learning_times,
    logit_pivots,
    swing_peak,
)
from simtheory.equations import implements
from simtheory.errors import RegimeError
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "FieldTerms",
    "SwingPeak",
    "det_law",
    "field",
    "field_terms",
    "first_order",
    "isotropic",
    "learning_times",
    "log_det_rate",
    "log_det_ratio",
    "logit_pivots",
    "mode",
    "pivots",
    "rank_one",
    "sum_rule",
    "swing_peak",
    "time_to_level",
]

_LEARNED = 0.5
"""The pivots' form wants no direction of W(0) more than half learned."""


@implements("tied-isotropic")
def isotropic(
    task: SIMTask, U0: ArrayLike, t: ArrayLike, *, probes: ArrayLike | None = None
) -> Trajectory:
    r"""Return the exact trajectory of a tied net all of whose rates are equal.

    :math:`W(t) = e^{2at}W(0)\,(I + (e^{2at}-1)W(0))^{-1}`: every eigenvalue of W(0) is a mode.
    Implements ``tied-isotropic`` (derived from yang2024, Eq. 4.3; exact).

    Parameters
    ----------
    task : SIMTask
        What is learned; its rates must be equal in all dimensions.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact, for any start and width.

    Raises
    ------
    RegimeError
        If the rates differ; `pivots` takes them as they are.
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    rates = task.rates
    if np.ptp(rates) > 1e-12 * rates.max():
        raise RegimeError(
            "The isotropic form needs equal rates in all dimensions, but they run from "
            f"{rates.min():g} to {rates.max():g}. Use `pivots`."
        )
    weights = forms.isotropic(float(rates.mean()), U, times)
    return _trajectory(task, times, weights, "isotropic", exact=True, probes=probes)


@implements("tied-rank-one")
def rank_one(
    task: SIMTask, u0: ArrayLike, t: ArrayLike, *, probes: ArrayLike | None = None
) -> Trajectory:
    r"""Return the exact trajectory of a tied net of width one.

    In a slowed time s the weight vector turns as power iteration does: with
    :math:`\varphi = u_0^T e^{2As}u_0`, :math:`X = \varphi/\sqrt{1-|u_0|^2}` and
    :math:`g = 2X/(X+\sqrt{X^2+4})`, :math:`u = \sqrt{g/\varphi}\,e^{As}u_0` at
    :math:`t = \int_0^s ds'/(1-g/2)`. Implements ``tied-rank-one`` (derived from yang2024, Eq. 4.3).

    Parameters
    ----------
    task : SIMTask
        What is learned.
    u0 : array_like, shape (..., d) or (..., d, 1)
        Start, shorter than one; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact up to a quadrature, whose error is below 1e-10.

    Raises
    ------
    RegimeError
        If a start has length one or more.
    """
    u, times = width_one_on_concepts(task, u0), as_times(t)
    longest = float(np.linalg.norm(u, axis=-2).max(initial=0.0))
    if longest >= 1.0:
        raise RegimeError(
            f"The width-one form needs |u0| < 1, but the longest start has {longest:g}."
        )
    members = [_width_one(task.rates, each, times) for each in u.reshape(-1, task.dim)]
    path = np.reshape(members, (*u.shape[:-2], times.size, task.dim))
    weights = path[..., :, None] * path[..., None, :]
    return _trajectory(task, times, weights, "rank_one", exact=True, probes=probes)


@implements("ldl-logit")
def pivots(
    task: SIMTask,
    U0: ArrayLike,
    t: ArrayLike,
    *,
    strict: bool = True,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the trajectory of a tied net by the pivots' resummation: the form to use by default.

    Factor :math:`W(0)(I-W(0))^{-1} = \Lambda\,\mathrm{diag}(\pi)\,\Lambda^T`, rows by decreasing
    rate. Pivots grow as :math:`\pi_ke^{2a_kt}`, the factor shrinks as
    :math:`\Lambda_{ij}\exp[-(a_j-a_i)(t+\tfrac14(\ell_i-\ell_j))]` with
    :math:`\ell_k = \ln\frac{1+\pi_ke^{2a_kt}}{1+\pi_k}/a_k`, and :math:`W = Y(I+Y)^{-1}`.
    Implements ``ldl-logit`` (derived from yang2024, Eq. 4.3).

    Parameters
    ----------
    task : SIMTask
        What is learned; equal and zero rates are fine.
    U0 : array_like, shape (..., d, h)
        Start, of any width and rank; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    strict : bool
        Refuse a start outside the regime; False evaluates it with a `RegimeWarning`.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Approximate; `arrays` holds ``small_parameter`` (omega, the largest diagonal entry of W(0) in
        the concept axes), ``rate_ratio`` (rho) and ``error_estimate`` = omega^(1−rho), an order of
        magnitude from above; it is zero where the form is exact.

    Raises
    ------
    RegimeError
        If W(0) has an eigenvalue of one or more, always: the logit matrix does not exist. If strict,
        also above one half, unless rates or rows make the form exact.

    Notes
    -----
    Exact when all rates are equal, when W(0) commutes with A, in the early phase of any start, and
    for the determinant law; 0 ≤ W ≤ I always. Width one has an exact form, `rank_one`.
    Adjacent rates that are close but distinct (rho > 0.9) at small width are its worst case.

    Examples
    --------
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.0)
    >>> pivots(task, 0.01 * np.eye(2), [0.0, 5.0]).weights[1].diagonal().round(4)
    array([0.0146, 1.    ])
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    largest = largest_eigenvalue(U)
    stats = _pivot_error(task.rates, U)
    if largest > _LEARNED and np.max(stats["error_estimate"]) > 0:
        leave_regime(
            "The pivots' form needs a start with no direction more than half learned, but the "
            f"largest eigenvalue of W(0) is {largest:g}.",
            strict=strict,
        )
    weights = forms.pivots(task.rates, U, times)
    return _trajectory(task, times, weights, "pivots", stats=stats, probes=probes)


def _pivot_error(rates: Array, U: Array) -> dict[str, Array | float]:
    """Return what the pivots' form says about its own error."""
    W0 = U @ np.swapaxes(U, -1, -2)
    omega, rho = np.diagonal(W0, axis1=-2, axis2=-1).max(axis=-1), forms.adjacent_ratio(rates)
    # Only rows of different rates that lean on one another make an error.
    apart = np.abs(rates[:, None] - rates) > 1e-12 * rates.max()
    leaning = forms.row_cosine(np.where(apart | np.eye(rates.size, dtype=bool), W0, 0.0)) > 1e-12
    return {
        "small_parameter": omega,
        "rate_ratio": rho,
        "error_estimate": np.where(leaning, omega ** (1.0 - rho), 0.0),
    }


@implements("first-order")
def first_order(
    task: SIMTask,
    U0: ArrayLike,
    t: ArrayLike,
    *,
    strict: bool = True,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the trajectory of a tied net to first order in the off-diagonal entries.

    Diagonal entries are isolated modes, and
    :math:`w_{ij} = w_{ij}(0)\,e^{(a_i+a_j)t}D_i^{-(3a_i+a_j)/4a_i}D_j^{-(3a_j+a_i)/4a_j}` with
    :math:`D_k = 1 + w_{kk}(0)(e^{2a_kt}-1)`. Implements ``first-order`` (derived from yang2024,
    Eq. 4.3).

    Parameters
    ----------
    task : SIMTask
        What is learned; zero rates are fine.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    strict : bool
        Refuse a start outside the regime; False evaluates it with a `RegimeWarning`.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Approximate; `arrays` holds ``small_parameter`` (eps, the largest cosine between two rows)
        and ``error_estimate`` = eps²/4, the size found for the diagonal.

    Raises
    ------
    RegimeError
        If eps exceeds 0.1 and `strict`: for correlated rows this form is wrong by O(1) *however
        small* the start is; use `pivots`.
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    W0 = U @ np.swapaxes(U, -1, -2)
    cosine = forms.row_cosine(W0)
    if cosine.max(initial=0.0) > 0.1:
        leave_regime(
            "The first-order form needs rows of U(0) with cosines of at most 0.1, but the largest "
            f"is {cosine.max():.3g}; use `pivots`.",
            strict=strict,
        )
    stats = {"small_parameter": cosine, "error_estimate": 0.25 * cosine**2}
    weights = forms.first_order(task.rates, W0, times)
    return _trajectory(task, times, weights, "first_order", stats=stats, probes=probes)


def _trajectory(
    task: SIMTask,
    t: Array,
    weights: Array,
    name: str,
    *,
    probes: ArrayLike | None,
    exact: bool = False,
    stats: Mapping[str, Array | float] | None = None,
) -> Trajectory:
    return Trajectory.from_weights(
        t,
        map_from_concepts(task, weights),
        task,
        origin=f"analytic.tied.{name}",
        exact=exact,
        probes=probes,
        **recorded(stats),
    )
