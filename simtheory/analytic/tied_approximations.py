r"""More closed forms of the tied net, each good for one thing that the pivots' form does not show.

Problem
-------
The tied flow :math:`\dot W = AW + WA - \tfrac12(AW^2 + W^2A + 2WAW)` has no known solution for distinct
rates and a dense start. `tied.pivots` is the form to use for the whole curve. The forms here are
for reading: they say which entry seeds which, what an off-diagonal entry costs a diagonal one, when
the test loss turns, and what another target or weight decay changes.

Symbols
-------
a : rates, (d,); t : canonical time, (T,); U : weights, (..., d, h); omega : size of W(0); rho :
ratio of a weaker to the next stronger rate; eps : largest cosine between two rows of U(0); delta :
pivot of W(0), its diagonal when the rows of stronger concepts are eliminated; D : denominator of a
logistic, 1 + w(0)(e^{2at} − 1); b : what a diagonal entry ends at.

Result
------
======================  =============================================  ===========================
function                holds for                                      error
======================  =============================================  ===========================
`schur`                 small start, distinct rates                    O(omega^(1−rho))
`second_order`          nearly orthogonal rows                         O(eps³), O(eps⁴) for d = 2
`early_correction`      the same, the weaker concept still small       the same, and w_jj
`bump_top`              two concepts, rho ≤ 0.45                       leading order
`first_order_target`    nearly orthogonal rows, any target and decay   O(eps²)
======================  =============================================  ===========================

Reading
-------
While a strong concept is learned, it takes from every weaker one the part that points its way: the
seed of the weak concept falls from w(0) to its pivot, the Schur complement. The off-diagonal entry
does the taking, and its square is as large as the weak entry itself, however small the start.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import hyp2f1

from simtheory._checks import as_finite, as_times
from simtheory._typing import Array, ArrayLike
from simtheory.analytic import _tied_approximations as approximations
from simtheory.analytic import _tied_forms as forms
from simtheory.analytic._axes import leave_regime, map_from_concepts, recorded, weights_on_concepts
from simtheory.analytic._bump_top import BumpTop, bump_top
from simtheory.equations import implements
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "BumpTop",
    "bump_top",
    "diagonal_correction",
    "early_correction",
    "first_order_target",
    "schur",
    "schur_pivots",
    "second_order",
]

_LOST = 0.5
"""An estimated error of a half says nothing any more."""

_COSINE = 0.1
"""Rows count as nearly orthogonal up to this cosine."""


@implements("schur-form")
def schur(
    task: SIMTask,
    U0: ArrayLike,
    t: ArrayLike,
    *,
    strict: bool = True,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the trajectory of a tied net by sequential Schur complements of its start.

    Rows by decreasing rate: while concept i is learned it takes :math:`S_{ij}S_{ik}/S_{ii}` from
    the seed of every weaker entry jk, where S is W(0) with the stronger rows eliminated. Each entry
    then grows from its seed as the first-order form does, with the pivot in place of w(0) in D.
    Implements ``schur-form`` (derived from yang2024, Eq. 4.3).

    Parameters
    ----------
    task : SIMTask
        What is learned.
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
        the concept axes), ``rate_ratio`` (rho, 1 when two rates are equal) and ``error_estimate`` =
        omega^(1−rho), an order of magnitude from above; it is zero where the form is exact.

    Raises
    ------
    RegimeError
        If strict and the error estimate exceeds one half; `tied.pivots` takes equal rates too.

    Notes
    -----
    It shares its leading order with `tied.pivots`, which is two to three times as accurate. What it
    shows is which entry takes how much from which.

    Examples
    --------
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.0)
    >>> schur(task, 0.01 * np.eye(2), [0.0, 5.0]).weights[1].diagonal().round(4)
    array([0.0146, 1.    ])
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    stats = _schur_error(task.rates, U)
    worst = float(np.max(stats["error_estimate"], initial=0.0))
    if worst > _LOST:
        leave_regime(
            "The Schur form needs a small start and distinct rates, omega^(1−rho) at most 0.5, but "
            f"that is {worst:.3g}; use `tied.pivots`.",
            strict=strict,
        )
    weights = approximations.schur(task.rates, U, times)
    return _trajectory(task, times, weights, "schur", stats=stats, probes=probes)


def _schur_error(rates: Array, U: Array) -> dict[str, Array | float]:
    """Return what the Schur form says about its own error."""
    W0 = U @ np.swapaxes(U, -1, -2)
    omega = np.diagonal(W0, axis1=-2, axis2=-1).max(axis=-1)
    # Two rows that lean on one another make an error, unless nothing moves either of them.
    moving = (rates[:, None] > 0) | (rates > 0)
    leaning = forms.row_cosine(np.where(moving, W0, W0 * np.eye(rates.size))) > 1e-12
    falling = np.sort(rates[rates > 0])[::-1]
    rho = float(np.max(falling[1:] / falling[:-1], initial=0.0)) if falling.size else 0.0
    estimate = np.minimum(omega, 1.0) ** (1.0 - rho)
    return {
        "small_parameter": omega,
        "rate_ratio": rho,
        "error_estimate": np.where(leaning, estimate, 0.0),
    }


def schur_pivots(task: SIMTask, U0: ArrayLike) -> Array:
    """Return the pivots of W(0), rows by decreasing rate, listed in concept order.

    They are the seeds from which the concepts grow: what `tied.logit_pivots` gives for
    W(0)(I − W(0))⁻¹, and equal to it to leading order in a small start. Their product over all
    coordinates is det W(0).

    Parameters
    ----------
    task : SIMTask
        What is learned.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.

    Returns
    -------
    ndarray, shape (..., s)
        Pivot of each concept; zero for a concept that the start has lost.

    Examples
    --------
    >>> schur_pivots(SIMTask(mu=(1.0, 2.0), sigma=0.0), [[0.1], [0.1]]).round(4)
    array([0.  , 0.01])
    """
    U = weights_on_concepts(task, U0)
    order, back = forms.by_rate(task.rates)
    roots = np.diagonal(forms.row_factor(U[..., order, :]), axis1=-2, axis2=-1)
    return np.asarray(roots[..., back][..., : task.n_concepts] ** 2)


@implements("second-order-diagonal")
def second_order(
    task: SIMTask,
    U0: ArrayLike,
    t: ArrayLike,
    *,
    strict: bool = True,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the trajectory of a tied net to second order on its diagonal.

    The first-order form, and on the diagonal :math:`-\sum_j(a_i+a_j)w_{ij}^2` carried along the
    linearised mode, an integral over the past (`diagonal_correction`). Implements
    ``second-order-diagonal`` (derived from yang2024, Eq. 4.3).

    Parameters
    ----------
    task : SIMTask
        What is learned; zero and equal rates are fine.
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
        and ``error_estimate``: eps⁴ on the diagonal for two coordinates, (d−2) eps³ for more, where
        third entries feed the off-diagonal ones.

    Raises
    ------
    RegimeError
        If eps exceeds 0.1 and `strict`; use `tied.pivots`.

    Notes
    -----
    The off-diagonal entries are those of `tied.first_order`. With three or more coordinates they
    are good to first order only, and a weak tie may come out wrong by as much as it is.
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    W0 = U @ np.swapaxes(U, -1, -2)
    cosine = forms.row_cosine(W0)
    if cosine.max(initial=0.0) > _COSINE:
        leave_regime(_too_close("second-order", cosine), strict=strict)
    third = max(task.dim - 2, 0) * cosine**3
    stats = {"small_parameter": cosine, "error_estimate": cosine**4 + third}
    weights = forms.first_order(task.rates, W0, times)
    places = np.arange(task.dim)
    weights[..., places, places] += approximations.diagonal_correction(task.rates, W0, times)
    return _trajectory(task, times, weights, "second_order", stats=stats, probes=probes)


def diagonal_correction(task: SIMTask, U0: ArrayLike, t: ArrayLike) -> Array:
    r"""Return what second order adds to the diagonal of W in the concept axes; never positive.

    :math:`\xi_i = -\frac{e^{2a_it}}{D_i^2}\sum_{j\ne i}(a_i+a_j)w_{ij}(0)^2\int_0^t
    e^{2a_js}D_i^{(a_i-a_j)/2a_i}D_j^{-3/2-a_i/2a_j}\,ds`.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.

    Returns
    -------
    ndarray, shape (..., T, d)
        Correction of each diagonal entry, by quadrature to a relative 1e-11.
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    W0 = U @ np.swapaxes(U, -1, -2)
    return approximations.diagonal_correction(task.rates, W0, times)


def early_correction(
    task: SIMTask, U0: ArrayLike, t: ArrayLike, *, i: int, j: int, strict: bool = True
) -> Array:
    r"""Return what a weaker concept j takes from the diagonal entry i, while w_jj is still small.

    The integral of `diagonal_correction` with :math:`D_j = 1`, in closed form:
    :math:`\frac{a_i+a_j}{2a_j}\left(\frac{w_{ij}(0)e^{a_it}}{D_i}\right)^2
    \left[H(0) - e^{2a_jt}D_i^{(a_i-a_j)/2a_i}H(t)\right]` with
    :math:`H = {}_2F_1(1, \frac{a_j-a_i}{2a_i}; 1+\frac{a_j}{a_i}; m_i)` and :math:`m_i` the isolated
    mode.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    i, j : int
        The stronger and the weaker concept.
    strict : bool
        Refuse times outside the regime; False evaluates them with a `RegimeWarning`.

    Returns
    -------
    ndarray, shape (..., T)
        Correction of w_ii; never positive.

    Raises
    ------
    RegimeError
        If a_j is zero or not below a_i, always; if strict, when w_jj passes 0.01 within the times:
        the relative error is about two times w_jj.

    Notes
    -----
    Up to t the two terms of the bracket cancel to 2 a_j t of their size; below a_j t of 1e-4 the
    quadrature of `diagonal_correction` keeps more digits.
    """
    _coordinates(task, i, j)
    U, times, rates = weights_on_concepts(task, U0), as_times(t), task.rates
    a, b = float(rates[i]), float(rates[j])
    if not 0.0 < b < a:
        raise RegimeError(
            "The early correction needs rates 0 < a_j < a_i, but "
            f"a_i is {a:g} and a_j is {b:g}; use `diagonal_correction`."
        )
    W0 = U @ np.swapaxes(U, -1, -2)
    w0 = np.diagonal(W0, axis1=-2, axis2=-1)[..., [i, j]]
    modes = forms.logistic(np.array([a, b]), w0, times)
    largest = float(modes[..., 1].max(initial=0.0))
    if largest > 0.01:
        leave_regime(
            "The early correction needs the weaker concept below 0.01, but within these times it "
            f"reaches {largest:.3g}; use `diagonal_correction`.",
            strict=strict,
        )
    q, r = (a - b) / (2.0 * a), b / a
    mode, learned = modes[..., 0], forms.time_learned(np.array([a, b]), w0, times)[..., 0]
    tie = W0[..., i, j, None]
    # Only from w_ii(0) = 0 could these grow without bound, and then there is no tie.
    carried = np.exp(np.where(tie == 0, 0.0, 2.0 * a * (times - learned)))
    grown = np.exp(np.where(tie == 0, 0.0, 2.0 * (a + b) * times - (2.0 - q) * a * learned))
    then = carried * hyp2f1(1.0, -q, 1.0 + r, w0[..., :1])
    now = grown * hyp2f1(1.0, -q, 1.0 + r, mode)
    return np.asarray((a + b) / (2.0 * b) * tie**2 * (then - now))


@implements("first-order-target")
def first_order_target(
    task: SIMTask,
    U0: ArrayLike,
    t: ArrayLike,
    *,
    target: ArrayLike = 1.0,
    decay: float = 0.0,
    strict: bool = True,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the trajectory of a tied net that learns another target, or learns with weight decay.

    Concept k is to be returned scaled by :math:`B_k`, and U decays at the rate :math:`\kappa`. Then
    the diagonal entry ends at :math:`b_k = B_k - \kappa/a_k`, and to first order
    :math:`w_{ij} = w_{ij}(0)\,e^{(a_ib_i+a_jb_j)t}D_i^{-(3a_i+a_j)/4a_i}D_j^{-(3a_j+a_i)/4a_j}`
    with :math:`D_k = 1 + \frac{w_{kk}(0)}{b_k}(e^{2a_kb_kt}-1)`. Implements ``first-order-target``
    (derived from yang2024, Eq. 4.3).

    Parameters
    ----------
    task : SIMTask
        What is learned; zero rates are fine.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    target : array_like, shape () or (d,)
        Target of each concept, any real number; 1 is the identity.
    decay : float
        Weight decay kappa on U, in units of inverse canonical time: U falls as e^{−kappa t} where
        nothing holds it. Not negative. A concept with a_k B_k ≤ kappa dies.
    strict : bool
        Refuse a start outside the regime; False evaluates it with a `RegimeWarning`.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Approximate; `arrays` holds ``small_parameter`` (eps, the largest cosine between two rows),
        ``error_estimate`` = eps²/4 times the larger of the largest absolute b of a concept with a rate and
        the largest diagonal entry of W(0), and ``ends_at`` = max(b, 0), zero at rate zero.

    Raises
    ------
    RegimeError
        If eps exceeds 0.1 and `strict`.

    Examples
    --------
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.0)
    >>> run = first_order_target(task, 0.1 * np.eye(2), [0.0, 80.0], decay=0.25)
    >>> run.weights[1].diagonal().round(4)
    array([0.5  , 0.875])
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    aim, kappa = as_finite("target", target), as_finite("decay", decay)
    if aim.shape not in ((), (task.dim,)):
        raise ShapeError(
            f"Argument `target` must have shape () or ({task.dim},), but its shape is {aim.shape}."
        )
    if kappa.ndim != 0 or kappa < 0:
        raise ArgumentError(f"Argument `decay` must be a number not below 0, but it is {decay!r}.")
    W0 = U @ np.swapaxes(U, -1, -2)
    cosine = forms.row_cosine(W0)
    if cosine.max(initial=0.0) > _COSINE:
        leave_regime(_too_close("first-order", cosine), strict=strict)
    rates = task.rates
    drives = approximations.drive(rates, aim, float(kappa))
    ends = np.where(rates > 0, drives / np.where(rates > 0, rates, 1.0), 0.0)
    height = np.maximum(np.abs(ends).max(), np.diagonal(W0, axis1=-2, axis2=-1).max(axis=-1))
    stats = {
        "small_parameter": cosine,
        "error_estimate": 0.25 * cosine**2 * height,
        "ends_at": np.maximum(ends, 0.0),
    }
    weights = approximations.first_order_target(rates, drives, W0, times)
    return _trajectory(task, times, weights, "first_order_target", stats=stats, probes=probes)


def _too_close(form: str, cosine: Array) -> str:
    return (
        f"The {form} form needs rows of U(0) with cosines of at most {_COSINE}, but the largest is "
        f"{cosine.max():.3g}; use `tied.pivots`."
    )


def _coordinates(task: SIMTask, i: int, j: int) -> None:
    for name, index in (("i", i), ("j", j)):
        if not 0 <= index < task.dim:
            raise ArgumentError(
                f"Argument `{name}` must be a coordinate from 0 to {task.dim - 1}, but it is {index!r}."
            )


def _trajectory(
    task: SIMTask,
    t: Array,
    weights: Array,
    name: str,
    *,
    stats: Mapping[str, Array | float],
    probes: ArrayLike | None,
) -> Trajectory:
    return Trajectory.from_weights(
        t,
        map_from_concepts(task, weights),
        task,
        origin=f"analytic.tied_approximations.{name}",
        exact=False,
        probes=probes,
        **recorded(stats),
    )
