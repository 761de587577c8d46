"""Resummations of the tied flow for a small start: each concept grows from its pivot."""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_times
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import (
    closed_form,
    leave_regime,
    map_from_concepts,
    weights_on_concepts,
)
from simtheory.analytic._shared.logistic import time_learned
from simtheory.analytic._shared.rows import (
    adjacent_ratio,
    by_rate,
    logit_factor,
    row_cosine,
    row_factor,
    spread_factor,
)
from simtheory.errors import RegimeError
from simtheory.labels import implements
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "logit_pivots",
    "pivots",
    "schur",
    "schur_pivots",
]

_LEARNED = 0.5
"""Largest eigenvalue of W(0) for the pivots' form. Beyond, its error is no longer small."""


@implements(
    "ldl-logit",
    title="Tied net: the pivots' resummation",
    exactness="O(ω^(1−ρ)), ω the size of W(0), ρ the largest ratio of adjacent rates",
    regime="W(0) < I, small ω, any width",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
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
    :math:`\Lambda_{ij}\exp[-(a_j-a_i)(t+\tfrac14(\ell_i-\ell_j))]` with :math:`\ell_k =
    \ln\frac{1+\pi_ke^{2a_kt}}{1+\pi_k}/a_k`, and :math:`W = Y(I+Y)^{-1}`.

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
    weights = _pivots(task.rates, U, times)
    return closed_form(
        pivots, task, times, map_from_concepts(task, weights), stats=stats, probes=probes
    )


def _pivot_error(rates: Array, U: Array) -> dict[str, Array | float]:
    """Return the error estimate of the pivots' form and its parameters."""
    W0 = U @ np.swapaxes(U, -1, -2)
    omega, rho = np.diagonal(W0, axis1=-2, axis2=-1).max(axis=-1), adjacent_ratio(rates)
    # Only rows of different rates that lean on one another make an error.
    apart = np.abs(rates[:, None] - rates) > 1e-12 * rates.max()
    leaning = row_cosine(np.where(apart | np.eye(rates.size, dtype=bool), W0, 0.0)) > 1e-12
    return {
        "small_parameter": omega,
        "rate_ratio": rho,
        "error_estimate": np.where(leaning, omega ** (1.0 - rho), 0.0),
    }


_LOST = 0.5
"""Error estimate above which the Schur form is refused."""


@implements(
    "schur-form",
    title="Tied net: sequential Schur complements",
    exactness="O(ω^(1−ρ)), ω the size of W(0), ρ the largest ratio of adjacent rates",
    regime="small ω, distinct rates, any width",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
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
    weights = _schur(task.rates, U, times)
    return closed_form(
        schur, task, times, map_from_concepts(task, weights), stats=stats, probes=probes
    )


def _schur_error(rates: Array, U: Array) -> dict[str, Array | float]:
    """Return the error estimate of the Schur form and its parameters."""
    W0 = U @ np.swapaxes(U, -1, -2)
    omega = np.diagonal(W0, axis1=-2, axis2=-1).max(axis=-1)
    # Two rows that lean on one another make an error, unless nothing moves either of them.
    moving = (rates[:, None] > 0) | (rates > 0)
    leaning = row_cosine(np.where(moving, W0, W0 * np.eye(rates.size))) > 1e-12
    falling = np.sort(rates[rates > 0])[::-1]
    rho = float(np.max(falling[1:] / falling[:-1], initial=0.0)) if falling.size else 0.0
    estimate = np.minimum(omega, 1.0) ** (1.0 - rho)
    return {
        "small_parameter": omega,
        "rate_ratio": rho,
        "error_estimate": np.where(leaning, estimate, 0.0),
    }


@face
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
    order, back = by_rate(task.rates)
    roots = np.diagonal(row_factor(U[..., order, :]), axis1=-2, axis2=-1)
    return np.asarray(roots[..., back][..., : task.n_concepts] ** 2)


@face
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
        ones the exact flow loses, `tied.learnable` says.

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
    order, back = by_rate(task.rates)
    roots = np.diagonal(logit_factor(U[..., order, :]), axis1=-2, axis2=-1)
    return np.asarray(roots[..., back][..., : task.n_concepts] ** 2)


def largest_eigenvalue(U: Array) -> float:
    """Return the largest eigenvalue of W(0) over the ensemble; one or more has no logit matrix."""
    largest = float(np.linalg.norm(U, 2, axis=(-2, -1)).max(initial=0.0)) ** 2
    if largest >= 1.0 - 1e-14:
        raise RegimeError(
            "The logit matrix needs W(0) < I, but the largest eigenvalue of W(0) is "
            f"{largest:g}. Scale U0 down, or integrate the flow."
        )
    return largest


def _pivots(rates: Array, U: Array, t: Array) -> Array:
    """Return the pivots' resummation of W, shape (..., T, d, d).

    With Y(0) = Λ diag(π) Λᵀ, rows by decreasing rate, the pivots grow as π_k e^{2a_kt} and the
    factor Λ_ij shrinks as exp[−(a_j − a_i)(t + ¼(ℓ_i − ℓ_j))]; then W = Y(I + Y)⁻¹.
    """
    order, back = by_rate(rates)
    X, rest = spread_factor(rates[order], logit_factor(U[..., order, :]), t)
    # W = X (1/(1+π) + XᵀX)⁻¹ Xᵀ, the inner matrix by its QR factor so that 0 ≤ W ≤ I survives.
    stacked = np.concatenate([rest[..., None] * np.eye(len(rates)), X], axis=-2)
    # The raw factor holds Rᵀ in its lower triangle, ready to be solved with.
    raw, _ = np.linalg.qr(stacked, mode="raw")
    lower = raw[..., : len(rates)] * np.tri(len(rates))
    Z = np.linalg.solve(lower, np.swapaxes(X, -1, -2))[..., back]
    return np.asarray(np.swapaxes(Z, -1, -2) @ Z)


def _schur(rates: Array, U: Array, t: Array) -> Array:
    """Return the sequential Schur complements' form of W, shape (..., T, d, d).

    With S_ij S_ik / S_ii = L_ji L_ki each seed is a sum Σ_i Z_ji Z_ki in which nothing cancels, and
    Z carries its share of every exponential, so that none overflows.
    """
    order, back = by_rate(rates)
    a = rates[order]
    lower = row_factor(U[..., order, :])[..., None, :, :]
    root = np.diagonal(lower, axis1=-2, axis2=-1)
    learned = time_learned(a, root[..., 0, :] ** 2, t)
    time, ell = t[:, None, None], learned[..., None, :]
    a_j, a_i = a[:, None], a
    gone = np.tril(lower, -1)
    spent = -0.25 * (a_i + a_j) * ell
    faded = gone * np.exp(np.where(gone == 0, 0.0, spent))
    Z = gone * np.exp(np.where(gone == 0, 0.0, spent + a_j * time))

    # Off the diagonal, entry (k, j) with j the stronger; its own column is not yet taken away.
    own = np.where(gone == 0, 0.0, (a_i + a_j) * time - 0.25 * (3.0 * a_i + a_j) * ell)
    later = 0.25 * (3.0 * a_j + a_i) * learned[..., :, None]
    before = np.exp(-later - 0.25 * (3.0 * a_i + a_j) * ell)
    weights = np.tril(Z @ np.swapaxes(Z, -1, -2), -1) * before
    weights += gone * root[..., None, :] * np.exp(own - later)
    weights += np.swapaxes(weights, -1, -2)

    # On it, a mode from the seed: both halves of the fraction are scaled by e^{−2at}.
    pivot, grown = root**2, np.sum(Z**2, axis=-1)
    rest = 1.0 + grown - (pivot + np.sum(faded**2, axis=-1))
    scale = np.where(pivot > 0, np.exp(-2.0 * a * t[:, None]), 1.0)
    places = np.arange(a.size)
    weights[..., places, places] = (grown * scale + pivot) / (rest * scale + pivot)
    return np.asarray(weights[..., back, :][..., back])
