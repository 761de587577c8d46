"""Exact solutions of the tied net: equal rates, blocks of equal rates, a projector, any teacher.

Every map here is W = Z Zᵀ, with Z from a QR factor: positive semidefinite in spite of rounding. Growth enters as
ratios of exponentials, of a stronger to a weaker direction, so none overflows.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite, as_matrix, as_times, positive, rounding
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic._shared.axes import closed_form, map_from_concepts, weights_on_concepts
from simtheory.analytic._shared.logistic import logistic
from simtheory.analytic._shared.rows import DEPENDENT, by_rate, new_direction, row_cosine
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.labels import implements
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "blocks",
    "isotropic",
    "projector",
    "whitened_teacher",
]


@implements(
    "tied-isotropic",
    title="Tied net: equal rates",
    regime="all rates equal, any start",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def isotropic(
    task: SIMTask, U0: ArrayLike, t: ArrayLike, *, probes: ArrayLike | None = None
) -> Trajectory:
    r"""Return the exact trajectory of a tied net all of whose rates are equal.

    :math:`W(t) = e^{2at}W(0)\,(I + (e^{2at}-1)W(0))^{-1}`: every eigenvalue of W(0) is a mode.

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
    weights = _isotropic(float(rates.mean()), U, times)
    return closed_form(
        isotropic, task, times, map_from_concepts(task, weights), exact=True, probes=probes
    )


@implements(
    "tied-projector",
    title="Tied net: a start at a projector",
    regime="W(0)² = W(0), any second moment",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def projector(
    task: SIMTask, U0: ArrayLike, t: ArrayLike, *, probes: ArrayLike | None = None
) -> Trajectory:
    r"""Return the exact trajectory of a tied net that starts at a projector.

    W stays one and turns towards the strongest concepts: :math:`W(t) = X(X^TX)^{-1}X^T` with
    :math:`X = e^{At/2}U_0`, the flow of Oja's rule.

    Parameters
    ----------
    task : SIMTask
        What is learned; any rates.
    U0 : array_like, shape (..., d, h)
        Start with orthonormal columns, h ≤ d; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact. Where a row of U(0) depends on stronger ones but for a share δ, what grows out of δ
        is known to eps/δ.

    Raises
    ------
    RegimeError
        If the columns are not orthonormal to 1e-10.

    Examples
    --------
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.0)
    >>> projector(task, [[0.8], [0.6]], [0.0, 2.0]).weights[1].diagonal().round(4)
    array([0.0813, 0.9187])
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    overlap = np.swapaxes(U, -1, -2) @ U - np.eye(U.shape[-1])
    off = float(np.abs(overlap).max(initial=0.0))
    if off > rounding(U0, double=1e-10):
        raise RegimeError(
            "The projector's form needs a U(0) with orthonormal columns, so that W(0)² = W(0), but "
            f"UᵀU differs from I by {off:.3g}. Orthonormalise them: numpy.linalg.qr(U0)[0]."
        )
    return closed_form(
        projector,
        task,
        times,
        map_from_concepts(task, _projector(task.rates, U, times)),
        exact=True,
        probes=probes,
    )


@implements(
    "tied-blocks",
    title="Tied net: blocks of equal rates",
    regime="W(0) ties equal rates only",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def blocks(
    task: SIMTask, U0: ArrayLike, t: ArrayLike, *, probes: ArrayLike | None = None
) -> Trajectory:
    r"""Return the exact trajectory of a start that ties only concepts of equal rates.

    Every block with one rate :math:`a_b` is on its own: :math:`W_b(t) = e^{2a_bt}W_b(0)\,(I +
    (e^{2a_bt}-1)W_b(0))^{-1}`. With blocks of size one these are the modes, with one block the
    isotropic net.

    Parameters
    ----------
    task : SIMTask
        What is learned; concepts of equal rates make a block.
    U0 : array_like, shape (..., d, h)
        Start whose rows are orthogonal where rates differ; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact.

    Raises
    ------
    RegimeError
        If rows of different rates have a cosine above 1e-12; `tied.pivots` takes them as they are.
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    block = _equal_rates(task.rates)
    W0 = U @ np.swapaxes(U, -1, -2)
    apart = (block[:, None] != block) | np.eye(task.dim, dtype=bool)
    cosine = float(row_cosine(np.where(apart, W0, 0.0)).max(initial=0.0))
    if cosine > rounding(U0, double=1e-12):
        raise RegimeError(
            "The form by blocks needs rows of U(0) that are orthogonal where rates differ, but there "
            f"is a cosine of {cosine:.3g}. Use `tied.pivots`."
        )
    return closed_form(
        blocks,
        task,
        times,
        map_from_concepts(task, _blocks(task.rates, block, U, times)),
        exact=True,
        probes=probes,
    )


@implements(
    "tied-whitened-target",
    title="Tied net: any symmetric teacher on whitened inputs",
    regime="second moment aI, symmetric teacher, any start",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def whitened_teacher(
    teacher: ArrayLike, U0: ArrayLike, t: ArrayLike, *, rate: float = 1.0
) -> Array:
    r"""Return the exact map of a tied net that learns any symmetric teacher on whitened inputs.

    The loss is :math:`\tfrac a2\|UU^T-B\|^2`; with :math:`\Phi = B^{-1}(e^{2aBt}-I)`, :math:`W(t) =
    e^{aBt}W(0)(I+\Phi W(0))^{-1}e^{aBt}`. A start of full rank ends at the positive part of B:
    negative directions of a teacher cannot be learned.

    Parameters
    ----------
    teacher : array_like, shape (d, d)
        Target B, symmetric; it may be indefinite or singular.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    rate : float
        The one rate a: the second moment is aI.

    Returns
    -------
    ndarray, shape (..., T, d, d)
        W over time.

    Raises
    ------
    ArgumentError
        If the teacher is not symmetric.

    Examples
    --------
    >>> whitened_teacher([[2.0, 0.0], [0.0, -1.0]], 0.1 * np.eye(2), [9.0])[0].round(6) + 0.0
    array([[2., 0.],
           [0., 0.]])
    """
    B = as_finite("teacher", teacher)
    if B.ndim != 2 or B.shape[0] != B.shape[1]:
        raise ShapeError(f"Argument `teacher` must have shape (d, d), but its shape is {B.shape}.")
    skew = float(np.abs(B - B.T).max(initial=0.0))
    if skew > rounding(teacher, double=1e-10) * float(np.abs(B).max(initial=0.0)):
        raise ArgumentError(
            f"Argument `teacher` must be symmetric, but it differs from its transpose by {skew:g}."
        )
    U = as_matrix("U0", U0, rows=len(B))
    levels, axes = np.linalg.eigh(0.5 * (B + B.T))
    turned = _whitened(positive("rate", rate), levels, axes.T @ U, as_times(t))
    return np.asarray(axes @ turned @ axes.T)


def _isotropic(rate: float, U: Array, t: Array) -> Array:
    """Return W of equal rates, shape (..., T, d, d): every eigenvalue of W(0) is a logistic mode."""
    axes, sizes, _ = np.linalg.svd(U, full_matrices=False)
    # A direction that only rounding put there would still be learned, but late.
    sizes = np.where(sizes > DEPENDENT * sizes[..., :1], sizes, 0.0)
    values = logistic(np.full(sizes.shape[-1], rate), sizes**2, t)
    spread = axes[..., None, :, :]
    return np.asarray((spread * values[..., None, :]) @ np.swapaxes(spread, -1, -2))


def _echelon(U: Array) -> Array:
    """Return L of U = L F with orthonormal rows in F: lower trapezoidal, shape (..., d, d).

    L Lᵀ = U Uᵀ. Column k begins at row k with the share of row k that is new to the rows above; it
    is zero when nothing is. Rows keep their relative accuracy.
    """
    d, h = U.shape[-2:]
    frame, lower = np.zeros((*U.shape[:-2], d, h)), np.zeros((*U.shape[:-1], d))
    for k in range(d):
        frame[..., k, :], size, _ = new_direction(frame, U[..., k, :])
        lower[..., k] = (U @ frame[..., k, :, None])[..., 0]
        lower[..., :k, k] = 0.0
        lower[..., k, k] = size
    return lower


def _projector(rates: Array, U: Array, t: Array) -> Array:
    """Return the projector onto the columns of e^{At/2} U, shape (..., T, d, d)."""
    order, back = by_rate(rates)
    a = rates[order]
    lower = _echelon(U[..., order, :])[..., None, :, :]
    # Column k over its growth e^{a_k t/2}: what stands below it is weaker and falls.
    fall = np.where(np.tri(a.size, dtype=bool), a - a[:, None], 0.0)
    X = lower * np.exp(-0.5 * fall * t[:, None, None])
    size = np.linalg.norm(X, axis=-2, keepdims=True)
    X = X / np.where(size > 0, size, 1.0)
    # Zero columns are moved to the end, where QR cannot lean on them.
    last = np.argsort(size == 0, axis=-1, kind="stable")
    X = np.take_along_axis(X, np.broadcast_to(last, X.shape), axis=-1)
    frame = np.linalg.qr(X)[0] * (np.take_along_axis(size, last, axis=-1) > 0)
    frame = frame[..., back, :]
    return np.asarray(frame @ np.swapaxes(frame, -1, -2))


def _equal_rates(rates: Array) -> IntArray:
    """Return the number of each coordinate's block: coordinates of one rate, to rounding."""
    order, back = by_rate(rates)
    falling = rates[order]
    new = falling[:-1] - falling[1:] > 1e-12 * falling[:-1]
    return np.concatenate([[0], np.cumsum(new)])[back]


def _blocks(rates: Array, block: IntArray, U: Array, t: Array) -> Array:
    """Return W when no entry of W(0) ties two blocks, shape (..., T, d, d)."""
    d = rates.size
    weights = np.zeros((*U.shape[:-2], t.size, d, d))
    for b in np.unique(block):
        rows = np.flatnonzero(block == b)
        part = _isotropic(float(rates[rows].mean()), U[..., rows, :], t)
        weights[..., rows[:, None], rows] = part
    return weights


def _whitened(rate: float, levels: Array, U: Array, t: Array) -> Array:
    """Return W of the teacher diag(levels), shape (..., T, d, d).

    With U = L F, rows by decreasing level, E = e^{abt} and Φ = (e^{2abt} − 1)/b, the map is
    E L (I + LᵀΦL)⁻¹ Lᵀ E. Its columns are scaled by σ_k = (1 + Φ_k L_kk²)^{−½}.
    """
    order, back = by_rate(levels)
    b = levels[order]
    lower = _echelon(U[..., order, :])[..., None, :, :]
    up, x = np.maximum(b, 0.0), 2.0 * rate * b * t[:, None]
    size = np.where(x == 0, 1.0, np.abs(x))
    mean = np.where(x == 0, 1.0, -np.expm1(-size) / size)
    with np.errstate(divide="ignore"):  # ln 0 = −∞ at t = 0 and for a pivot of zero
        log_phi = np.log(2.0 * rate * t[:, None] * mean)  # less its growth, 2a max(b, 0) t
        log_pivot = 2.0 * np.log(np.diagonal(lower, axis1=-2, axis2=-1))
    growth = 2.0 * rate * up * t[:, None]
    log_scale = -0.5 * np.logaddexp(-growth, log_phi + log_pivot)  # σ less its own
    # Growths enter as differences: rounding of a long time times a level would spoil their ratio.
    down = np.where(lower != 0, log_scale[..., None, :], -np.inf)
    clock = rate * t[:, None, None]
    X = lower * np.exp(clock * (b[:, None] - up) + down)
    held = lower * np.exp(clock * (up[:, None] - up) + 0.5 * log_phi[:, :, None] + down)
    rest = np.exp(log_scale - 0.5 * growth)[..., None] * np.eye(b.size)
    inner = np.linalg.qr(np.concatenate([rest, held], axis=-2), mode="r")
    Z = np.linalg.solve(np.swapaxes(inner, -1, -2), np.swapaxes(X, -1, -2))[..., back]
    return np.asarray(np.swapaxes(Z, -1, -2) @ Z)
