"""Starts and targets of the tied net that have a closed form, as functions of arrays in stable arithmetic.

Every map here is W = Z Zᵀ, with Z from a QR factor: positive whatever the rounding. Growth enters as
ratios of exponentials, of a stronger to a weaker direction, so none overflows.
"""

from __future__ import annotations

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.analytic import _tied_forms as forms


def echelon(U: Array) -> Array:
    """Return L of U = L F with orthonormal rows in F: lower trapezoidal, shape (..., d, d).

    L Lᵀ = U Uᵀ. Column k begins at row k with the share of row k that is new to the rows above; it
    is zero when nothing is. Rows keep their relative accuracy.
    """
    d, h = U.shape[-2:]
    frame, lower = np.zeros((*U.shape[:-2], d, h)), np.zeros((*U.shape[:-1], d))
    for k in range(d):
        row = U[..., k, :]
        new = row
        for _ in range(2):  # twice is enough
            along = (frame @ new[..., None])[..., 0]
            new = new - (along[..., None, :] @ frame)[..., 0, :]
        size = np.linalg.norm(new, axis=-1)
        size = np.where(size > forms.DEPENDENT * np.linalg.norm(row, axis=-1), size, 0.0)
        frame[..., k, :] = new / np.where(size > 0, size, 1.0)[..., None] * (size > 0)[..., None]
        lower[..., k] = (U @ frame[..., k, :, None])[..., 0]
        lower[..., :k, k] = 0.0
        lower[..., k, k] = size
    return lower


def projector(rates: Array, U: Array, t: Array) -> Array:
    """Return the projector onto the columns of e^{At/2} U, shape (..., T, d, d)."""
    order, back = forms.by_rate(rates)
    a = rates[order]
    lower = echelon(U[..., order, :])[..., None, :, :]
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


def equal_rates(rates: Array) -> IntArray:
    """Return the number of each coordinate's block: coordinates of one rate, to rounding."""
    order, back = forms.by_rate(rates)
    falling = rates[order]
    new = falling[:-1] - falling[1:] > 1e-12 * falling[:-1]
    return np.concatenate([[0], np.cumsum(new)])[back]


def blocks(rates: Array, block: IntArray, U: Array, t: Array) -> Array:
    """Return W when no entry of W(0) ties two blocks, shape (..., T, d, d)."""
    d = rates.size
    weights = np.zeros((*U.shape[:-2], t.size, d, d))
    for b in np.unique(block):
        rows = np.flatnonzero(block == b)
        part = forms.isotropic(float(rates[rows].mean()), U[..., rows, :], t)
        weights[..., rows[:, None], rows] = part
    return weights


def whitened(rate: float, levels: Array, U: Array, t: Array) -> Array:
    """Return W of the target diag(levels), shape (..., T, d, d).

    With U = L F, rows by decreasing level, E = e^{abt} and Φ = (e^{2abt} − 1)/b, the map is
    E L (I + LᵀΦL)⁻¹ Lᵀ E. Its columns are scaled by σ_k = (1 + Φ_k L_kk²)^{−½}.
    """
    order, back = forms.by_rate(levels)
    b = levels[order]
    lower = echelon(U[..., order, :])[..., None, :, :]
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
