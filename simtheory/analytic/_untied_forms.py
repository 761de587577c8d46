r"""The untied two-layer net's exact forms as functions of arrays, in stable arithmetic.

Symbols
-------
W_1, W_2 : layers, (h, n) and (m, h); :math:`Q = [W_1^T; W_2]`, (n+m, h); lambda : imbalance;
Sigma : target, (m, n); :math:`F = [[-\lambda/2, \Sigma^T], [\Sigma, \lambda/2]]`; f : eigenvalues
of F; q : rows of Q(0) in the eigenvectors of F.

Every exponential here is taken together with what it is divided by, so no time overflows.
"""

from __future__ import annotations

import numpy as np

from simtheory._typing import Array

DEPENDENT = 1e-14
"""A row counts as a combination of those above it when no more than this share of it is new."""


def imbalanced(rate: Array, w0: Array, imbalance: Array, t: Array) -> Array:
    r"""Return w of ẇ = a(1−w)√(λ²+4w²) from w0 ≥ 0; arguments broadcast.

    In :math:`V = w + \sqrt{w^2+\lambda^2/4}` the flow is :math:`\dot V = -a(V-V_+)(V-V_-)` with
    :math:`V_\pm = 1 \pm \sqrt{1+\lambda^2/4}`, and w follows from V − |λ|/2, a sum of positive terms.
    """
    half = 0.5 * np.abs(imbalance)
    root, top = np.hypot(w0, half), np.hypot(1.0, half)
    low = -(half**2) / (1.0 + top)
    start = w0 + root
    moving = start > 0
    start = np.where(moving, start, 1.0)
    ahead = (1.0 - w0) * (1.0 + (1.0 + w0) / (top + root))
    behind = start - low
    x = 2.0 * rate * top * t
    grown = ahead * behind * -np.expm1(-x) / (behind + ahead * np.exp(-x))
    first = w0 + w0 * (w0 / np.where(moving, root + half, 1.0))  # V(0) − |λ|/2
    excess = first + grown
    V = half + excess
    w = 0.5 * excess * ((V + half) / np.where(moving, V, 1.0))
    return np.asarray(np.where(moving, w, 0.0))


def riccati(Q: Array, target: Array, imbalance: Array, t: Array) -> Array:
    """Return W of λ-balanced layers on whitened inputs, shape (..., T, m, n).

    Q Qᵀ = e^{Ft} Q₀ (I + Q₀ᵀφQ₀)⁻¹ Q₀ᵀ e^{Ft} with φ = ∫₀ᵗ e^{2Fs} ds. In the eigenvectors of F, rows
    by falling eigenvalue, Q₀ is a lower factor times an orthonormal one, which drops out; each column
    of the factor is scaled by the growth of its pivot, which leaves numbers of order one.
    """
    m, n = target.shape[-2:]
    size = n + m
    F = np.zeros((*np.broadcast_shapes(target.shape[:-2], imbalance.shape), size, size))
    F[..., n:, :n] = target
    F[..., :n, n:] = np.swapaxes(target, -1, -2)
    F += 0.5 * imbalance[..., None, None] * np.diag(np.repeat([-1.0, 1.0], [n, m]))
    values, vectors = np.linalg.eigh(F)
    f, P = values[..., ::-1], vectors[..., ::-1]
    lower = _lower_factor(np.swapaxes(P, -1, -2) @ Q)[..., None, :, :]
    # Of every exponent the part that grows in time is set apart, so that equal parts cancel exactly.
    rise, rest = np.maximum(f, 0.0), _log_time(f, t)
    pivot = np.abs(np.diagonal(lower, axis1=-2, axis2=-1))
    present = pivot > 0
    log_pivot = np.log(np.where(present, pivot, 1.0))
    steady = 0.5 * np.logaddexp(-2.0 * _over(rise, t), 2.0 * (rest + log_pivot))
    grown = lower * _exp(_between(f, rise, t) - steady[..., None, :], lower)
    spent = lower * _exp(_between(rise, rise, t) + rest[..., :, None] - steady[..., None, :], lower)
    scale = np.where(present, _over(rise, t) + steady, 0.0)
    stacked = np.concatenate([np.exp(-scale)[..., None] * np.eye(size), spent], axis=-2)
    inner = np.linalg.qr(stacked, mode="r")
    half = np.linalg.solve(np.swapaxes(inner, -1, -2), np.swapaxes(grown, -1, -2))
    outer = P[..., None, :, :] @ np.swapaxes(half, -1, -2)
    return np.asarray(outer[..., n:, :] @ np.swapaxes(outer[..., :n, :], -1, -2))


def _over(f: Array, t: Array) -> Array:
    return np.asarray(f[..., None, :] * t[:, None])


def _between(f: Array, g: Array, t: Array) -> Array:
    """Return (f_i − g_j) t, shape (..., T, k, k)."""
    return np.asarray((f[..., :, None] - g[..., None, :])[..., None, :, :] * t[:, None, None])


def _exp(exponent: Array, lower: Array) -> Array:
    """Return the exponential where the factor has an entry; elsewhere it may be beyond all numbers."""
    return np.exp(np.where(lower == 0, 0.0, exponent))


def _log_time(f: Array, t: Array) -> Array:
    """Return ½ ln ∫₀ᵗ e^{2fs} ds, less f t where f > 0, shape (..., T, k); −∞ at t = 0."""
    x = 2.0 * np.abs(_over(f, t))
    still = x < 1e-300
    share = np.where(still, 1.0, -np.expm1(-x) / np.where(still, 1.0, x))
    with np.errstate(divide="ignore"):
        return np.asarray(0.5 * np.log(share * t[:, None]))


def _lower_factor(rows: Array) -> Array:
    """Return the lower triangular L of rows = L G with orthonormal or zero rows of G, (..., k, k).

    Rows are orthogonalised one by one, twice each, so a small row keeps its accuracy beside large
    ones. A row that depends on those above it has a zero pivot and a zero column.
    """
    k = rows.shape[-2]
    frame, lower = np.zeros_like(rows), np.zeros((*rows.shape[:-1], k))
    for i in range(k):
        row = rows[..., i, :]
        new = row
        for _ in range(2):
            along = (frame @ new[..., None])[..., 0]
            new = new - (along[..., None, :] @ frame)[..., 0, :]
            lower[..., i, :] += along
        size = np.linalg.norm(new, axis=-1)
        size = np.where(size > DEPENDENT * np.linalg.norm(row, axis=-1), size, 0.0)
        frame[..., i, :] = new / np.where(size > 0, size, 1.0)[..., None] * (size > 0)[..., None]
        lower[..., i, i] = size
    return lower
