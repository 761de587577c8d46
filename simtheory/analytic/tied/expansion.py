r"""Expansions of the tied net in the cosines between rows of U(0): first and second order, any teacher.

Symbols
-------
a : rates, (d,); b : what each diagonal entry ends at, (d,); U : weights, (..., d, h); W0 : start
U Uᵀ, (..., d, d); t : canonical times, (T,); :math:`\ell_k = \int_0^t 2w_k\,ds` : twice the time that
mode k has spent learned; L : lower Cholesky factor of W(0), rows by decreasing rate.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite, as_times
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import (
    closed_form,
    leave_regime,
    map_from_concepts,
    require_coordinates,
    weights_on_concepts,
)
from simtheory.analytic._shared.logistic import logistic, time_learned
from simtheory.analytic._shared.rows import row_cosine
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.labels import implements
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "diagonal_correction",
    "early_correction",
    "first_order",
    "first_order_teacher",
    "second_order",
]


@implements(
    "first-order",
    title="Tied net: first order in the off-diagonals",
    exactness="O(ε²) on the diagonal, ε the largest cosine between rows of U(0)",
    regime="nearly orthogonal rows (ε ≲ 0.1)",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def first_order(
    task: SIMTask,
    U0: ArrayLike,
    t: ArrayLike,
    *,
    strict: bool = True,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the trajectory of a tied net to first order in the off-diagonal entries.

    Diagonal entries are isolated modes, and :math:`w_{ij} =
    w_{ij}(0)\,e^{(a_i+a_j)t}D_i^{-(3a_i+a_j)/4a_i}D_j^{-(3a_j+a_i)/4a_j}` with :math:`D_k = 1 +
    w_{kk}(0)(e^{2a_kt}-1)`.

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
    cosine = row_cosine(W0)
    if cosine.max(initial=0.0) > 0.1:
        leave_regime(
            "The first-order form needs rows of U(0) with cosines of at most 0.1, but the largest "
            f"is {cosine.max():.3g}; use `pivots`.",
            strict=strict,
        )
    stats = {"small_parameter": cosine, "error_estimate": 0.25 * cosine**2}
    weights = _first_order(task.rates, W0, times)
    return closed_form(
        first_order, task, times, map_from_concepts(task, weights), stats=stats, probes=probes
    )


_COSINE = 0.1
"""Largest cosine between rows of the start. Beyond, the neglected order may change the diagonal by O(1)."""


@implements(
    "second-order-diagonal",
    title="Tied net: second order on the diagonal",
    exactness="O(ε³), O(ε⁴) in two dimensions, ε the largest cosine between rows of U(0)",
    regime="nearly orthogonal rows (ε ≲ 0.1); the early form while the weaker concept is small",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
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
    linearised mode, an integral over the past (`diagonal_correction`).

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
    cosine = row_cosine(W0)
    if cosine.max(initial=0.0) > _COSINE:
        leave_regime(_too_close("second-order", cosine), strict=strict)
    third = max(task.dim - 2, 0) * cosine**3
    stats = {"small_parameter": cosine, "error_estimate": cosine**4 + third}
    weights = _first_order(task.rates, W0, times)
    places = np.arange(task.dim)
    weights[..., places, places] += _diagonal_correction(task.rates, W0, times)
    return closed_form(
        second_order, task, times, map_from_concepts(task, weights), stats=stats, probes=probes
    )


@face
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
    return _diagonal_correction(task.rates, W0, times)


@face
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
    require_coordinates(task, i=i, j=j)
    U, times, rates = weights_on_concepts(task, U0), as_times(t), task.rates
    a, b = float(rates[i]), float(rates[j])
    if not 0.0 < b < a:
        raise RegimeError(
            "The early correction needs rates 0 < a_j < a_i, but "
            f"a_i is {a:g} and a_j is {b:g}; use `diagonal_correction`."
        )
    W0 = U @ np.swapaxes(U, -1, -2)
    w0 = np.diagonal(W0, axis1=-2, axis2=-1)[..., [i, j]]
    modes = logistic(np.array([a, b]), w0, times)
    largest = float(modes[..., 1].max(initial=0.0))
    if largest > 0.01:
        leave_regime(
            "The early correction needs the weaker concept below 0.01, but within these times it "
            f"reaches {largest:.3g}; use `diagonal_correction`.",
            strict=strict,
        )
    q, r = (a - b) / (2.0 * a), b / a
    mode, learned = modes[..., 0], time_learned(np.array([a, b]), w0, times)[..., 0]
    tie = W0[..., i, j, None]
    # Only from w_ii(0) = 0 could these grow without bound, and then there is no tie.
    carried = np.exp(np.where(tie == 0, 0.0, 2.0 * a * (times - learned)))
    grown = np.exp(np.where(tie == 0, 0.0, 2.0 * (a + b) * times - (2.0 - q) * a * learned))
    then = carried * special.hyp2f1(1.0, -q, 1.0 + r, w0[..., :1])
    now = grown * special.hyp2f1(1.0, -q, 1.0 + r, mode)
    return np.asarray((a + b) / (2.0 * b) * tie**2 * (then - now))


@implements(
    "first-order-target",
    title="Tied net: first order with another teacher and weight decay",
    exactness="O(ε²) on the diagonal, ε the largest cosine between rows of U(0)",
    regime="nearly orthogonal rows (ε ≲ 0.1)",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def first_order_teacher(
    task: SIMTask,
    U0: ArrayLike,
    t: ArrayLike,
    *,
    teacher: ArrayLike = 1.0,
    decay: float = 0.0,
    strict: bool = True,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the trajectory of a tied net that learns another teacher, or learns with weight decay.

    Concept k is to be returned scaled by :math:`B_k`, and U decays at the rate :math:`\kappa`. Then
    the diagonal entry ends at :math:`b_k = B_k - \kappa/a_k`, and to first order :math:`w_{ij} =
    w_{ij}(0)\,e^{(a_ib_i+a_jb_j)t}D_i^{-(3a_i+a_j)/4a_i}D_j^{-(3a_j+a_i)/4a_j}` with :math:`D_k = 1
    + \frac{w_{kk}(0)}{b_k}(e^{2a_kb_kt}-1)`.

    Parameters
    ----------
    task : SIMTask
        What is learned; zero rates are fine.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    teacher : array_like, shape () or (d,)
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
    >>> run = first_order_teacher(task, 0.1 * np.eye(2), [0.0, 80.0], decay=0.25)
    >>> run.weights[1].diagonal().round(4)
    array([0.5  , 0.875])
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    aim, kappa = as_finite("teacher", teacher), as_finite("decay", decay)
    if aim.shape not in ((), (task.dim,)):
        raise ShapeError(
            f"Argument `teacher` must have shape () or ({task.dim},), but its shape is {aim.shape}."
        )
    if kappa.ndim != 0 or kappa < 0:
        raise ArgumentError(f"Argument `decay` must be a number not below 0, but it is {decay!r}.")
    W0 = U @ np.swapaxes(U, -1, -2)
    cosine = row_cosine(W0)
    if cosine.max(initial=0.0) > _COSINE:
        leave_regime(_too_close("first-order", cosine), strict=strict)
    rates = task.rates
    drives = _drive(rates, aim, float(kappa))
    ends = np.where(rates > 0, drives / np.where(rates > 0, rates, 1.0), 0.0)
    height = np.maximum(np.abs(ends).max(), np.diagonal(W0, axis1=-2, axis2=-1).max(axis=-1))
    stats = {
        "small_parameter": cosine,
        "error_estimate": 0.25 * cosine**2 * height,
        "ends_at": np.maximum(ends, 0.0),
    }
    weights = _first_order_target(rates, drives, W0, times)
    return closed_form(
        first_order_teacher,
        task,
        times,
        map_from_concepts(task, weights),
        stats=stats,
        probes=probes,
    )


def _too_close(form: str, cosine: Array) -> str:
    return (
        f"The {form} form needs rows of U(0) with cosines of at most {_COSINE}, but the largest is "
        f"{cosine.max():.3g}; use `tied.pivots`."
    )


def _first_order(rates: Array, W0: Array, t: Array) -> Array:
    """Return W to first order in its off-diagonal entries, shape (..., T, d, d)."""
    w0 = np.diagonal(W0, axis1=-2, axis2=-1)
    learned = time_learned(rates, w0, t)
    a_i, a_j = rates[:, None], rates
    # −¼[(3a_i + a_j) ℓ_i + (3a_j + a_i) ℓ_j]: each diagonal entry suppresses its row and column.
    suppression = (3.0 * a_i + a_j) * learned[..., :, None] + (3.0 * a_j + a_i) * learned[
        ..., None, :
    ]
    exponent = (a_i + a_j) * t[:, None, None] - 0.25 * suppression
    # Only an entry with a w_ii = 0 beside it can grow without bound, and such an entry is zero.
    weights = W0[..., None, :, :] * np.exp(np.where(W0[..., None, :, :] == 0, 0.0, exponent))
    diagonal = np.arange(len(rates))
    weights[..., diagonal, diagonal] = logistic(rates, w0, t)
    return np.asarray(weights)


# Nodes of the double-exponential rule on (0, 1): distances from both ends, and weights. They crowd
# at the ends doubly fast, so a feature there is resolved whatever its width.
_STEP = 0.05


_PLACE = np.arange(-3.3, 3.3 + _STEP / 2, _STEP)


FROM_LEFT = 1.0 / (1.0 + np.exp(-np.pi * np.sinh(_PLACE)))


FROM_RIGHT = FROM_LEFT[::-1]


WEIGHT = _STEP * np.pi * np.cosh(_PLACE) * FROM_LEFT * FROM_RIGHT


def _drive(rates: Array, teacher: Array, decay: float) -> Array:
    """Return a b = a·teacher − decay: half the speed at which each small diagonal entry grows."""
    return np.asarray(rates * teacher - decay)


def _grown_time(drives: Array, t: Array) -> Array:
    """Return (e^{2gt} − 1)/2g, shape (T, d), for 2gt of at most one; t at g = 0."""
    x = np.minimum(2.0 * drives * t[:, None], 1.0)
    return np.asarray(t[:, None] * special.exprel(x))


def _first_order_target(rates: Array, drives: Array, W0: Array, t: Array) -> Array:
    """Return W to first order in its off-diagonal entries for any teacher and decay.

    With g = a b the mode's denominator is 1 + 2a w(0) (e^{2gt} − 1)/2g, which is fine at g = 0, for
    a dying mode (g < 0), and at rate zero.
    """
    w0 = np.diagonal(W0, axis1=-2, axis2=-1)
    start, x = w0[..., None, :], 2.0 * drives * t[:, None]
    moved = 2.0 * rates * start * _grown_time(drives, t)
    falling = np.exp(-np.maximum(x, 0.0))
    late = (x > 1.0) & (start > 0)  # a concept that starts at nothing stays there
    ceiling = np.where(late, rates / np.where(drives > 0, drives, 1.0), 0.0)
    below = np.where(late, falling + start * ceiling * (1.0 - falling), 1.0)
    log_growth = np.where(late, x + np.log(below), np.log1p(moved))
    early = start * np.exp(np.minimum(x, 1.0)) / (1.0 + moved)
    modes = np.where(late, start / below, early)

    still = rates == 0
    learned = np.where(
        still, 2.0 * start * _grown_time(drives, t), log_growth / np.where(still, 1.0, rates)
    )
    a_i, a_j = rates[:, None], rates
    suppression = (3.0 * a_i + a_j) * learned[..., :, None]
    suppression = suppression + np.swapaxes(suppression, -1, -2)
    exponent = (drives[:, None] + drives) * t[:, None, None] - 0.25 * suppression
    tied = W0[..., None, :, :]
    weights = tied * np.exp(np.where(tied == 0, 0.0, exponent))
    places = np.arange(rates.size)
    weights[..., places, places] = modes
    return np.asarray(weights)


def _diagonal_correction(rates: Array, W0: Array, t: Array) -> Array:
    """Return the second-order correction of the diagonal of W, shape (..., T, d); never positive."""
    d = rates.size
    starts = W0.reshape(-1, d, d)
    found = np.zeros((len(starts), t.size, d))
    for member, start in enumerate(starts):
        for i in range(d):
            for j in range(d):
                if i != j and start[i, j] != 0:
                    found[member, :, i] -= _taken(rates[[i, j]], start[[i, i, j], [i, j, j]], t)
    return found.reshape(*W0.shape[:-2], t.size, d)


def _taken(rates: Array, start: Array, t: Array) -> Array:
    """Return what concept j takes from the diagonal entry i, shape (T,), by quadrature.

    A unit taken at time s has become e^{2a_i(t−s)} (D_i(s)/D_i(t))² at t. The logarithm of the
    integrand is nearly a broken line, which bends where a concept is half learned: each piece is
    integrated on its own.
    """
    w0 = start[[0, 2]]
    bends = [_half_time(a, w) for a, w in zip(rates, w0, strict=True)]
    edges = np.sort(
        np.clip([np.zeros_like(t), bends[0] + 0 * t, bends[1] + 0 * t, t], 0, t), axis=0
    )
    left, gaps = edges[:-1].T[..., None], np.diff(edges, axis=0).T[..., None]
    nodes = np.where(FROM_LEFT < 0.5, left + gaps * FROM_LEFT, left + gaps * (1.0 - FROM_RIGHT))
    learned = time_learned(rates, w0, nodes.ravel()).reshape(*nodes.shape, 2)
    a_i, a_j = rates
    square = 2.0 * (a_i + a_j) * nodes - 0.5 * (
        (3.0 * a_i + a_j) * learned[..., 0] + (3.0 * a_j + a_i) * learned[..., 1]
    )
    now = time_learned(rates, w0, t)[:, None, None, 0]
    carried = 2.0 * a_i * ((t[:, None, None] - nodes) - (now - learned[..., 0]))
    total = np.sum(gaps * WEIGHT * np.exp(square + carried), axis=(1, 2))
    return np.asarray((a_i + a_j) * start[1] ** 2 * total)


def _half_time(rate: float, w0: float) -> float:
    """Return when a mode is half learned; infinity for one that never is."""
    if rate <= 0:
        return np.inf
    return float(np.log((1.0 - min(w0, 0.5)) / max(w0, 1e-300)) / (2.0 * rate))
