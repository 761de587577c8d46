r"""The tied net's closed forms as functions of arrays, in the concept axes and in stable arithmetic.

Symbols
-------
a : rates, (d,); w0 : diagonal of W(0), (..., d); U : weights, (..., d, h); t : canonical times,
(T,); :math:`\ell_k = \int_0^t 2w_k\,ds` for a logistic :math:`w_k` : the time that mode k has spent
learned, twice; Y = W(I−W)⁻¹ : the logit matrix.

Every exponential here has a bounded exponent: growth appears as 1 + w₀(e^{2at} − 1), whose logarithm
is taken as a whole, so no rate, scale or time overflows.
"""

from __future__ import annotations

import numpy as np

from simtheory._typing import Array, IntArray

DEPENDENT = 1e-13
"""A row counts as a combination of the stronger rows when no more than this share of it is new."""


def log_growth(rates: Array, w0: Array, t: Array) -> Array:
    """Return ln(1 + w0 (e^{2at} − 1)) for w0 ≥ 0, shape (..., T, d)."""
    x, start = 2.0 * rates * t[:, None], w0[..., None, :]
    early = np.log1p(start * np.expm1(np.minimum(x, 1.0)))
    # Where w0 = 0 the sum may underflow; one stands in and the result is zero.
    inner = np.where(start > 0, start + (1.0 - start) * np.exp(-x), 1.0)
    return np.where(start > 0, np.where(x < 1.0, early, x + np.log(inner)), 0.0)


def time_learned(rates: Array, w0: Array, t: Array) -> Array:
    """Return ℓ = ∫₀ᵗ 2w ds of logistic modes from w0, shape (..., T, d); 2 w0 t at rate zero."""
    moving = rates > 0
    quotient = log_growth(rates, w0, t) / np.where(moving, rates, 1.0)
    return np.where(moving, quotient, 2.0 * w0[..., None, :] * t[:, None])


def logistic(rates: Array, w0: Array, t: Array) -> Array:
    """Return w0 / (w0 + (1 − w0) e^{−2at}) for w0 ≥ 0, shape (..., T, d)."""
    start = w0[..., None, :]
    below = start + (1.0 - start) * np.exp(-2.0 * rates * t[:, None])
    return np.asarray(start / np.where(start > 0, below, 1.0))


def isotropic(rate: float, U: Array, t: Array) -> Array:
    """Return W of equal rates, shape (..., T, d, d): every eigenvalue of W(0) is a logistic mode."""
    axes, sizes, _ = np.linalg.svd(U, full_matrices=False)
    # A direction that is there by rounding alone would be learned all the same, if late.
    sizes = np.where(sizes > DEPENDENT * sizes[..., :1], sizes, 0.0)
    values = logistic(np.full(sizes.shape[-1], rate), sizes**2, t)
    spread = axes[..., None, :, :]
    return np.asarray((spread * values[..., None, :]) @ np.swapaxes(spread, -1, -2))


def first_order(rates: Array, W0: Array, t: Array) -> Array:
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


def logit_factor(U: Array) -> Array:
    """Return the lower Cholesky factor L of Y(0) = W(0)(I − W(0))⁻¹ = L Lᵀ, shape (..., d, d).

    The pivots are the squares of its diagonal.
    """
    d, h = U.shape[-2:]
    if h > d:
        U = np.swapaxes(np.linalg.qr(np.swapaxes(U, -1, -2), mode="r"), -1, -2)
        h = d
    turned = np.swapaxes(U, -1, -2)
    root = np.linalg.cholesky(np.eye(h) - turned @ U)
    return row_factor(np.swapaxes(np.linalg.solve(root, turned), -1, -2))


def row_factor(V: Array) -> Array:
    """Return the lower Cholesky factor of V Vᵀ, shape (..., d, d), without forming the product.

    A row that depends on those above it has a zero pivot and a zero column. Rows are orthogonalised
    one by one, twice each, so that a small row keeps its relative accuracy beside large ones.
    """
    frame, pivots = np.zeros_like(V), np.zeros(V.shape[:-1])
    for k in range(V.shape[-2]):
        row = V[..., k, :]
        new = row
        for _ in range(2):
            along = (frame @ new[..., None])[..., 0]
            new = new - (along[..., None, :] @ frame)[..., 0, :]
        size = np.linalg.norm(new, axis=-1)
        size = np.where(size > DEPENDENT * np.linalg.norm(row, axis=-1), size, 0.0)
        frame[..., k, :] = new / np.where(size > 0, size, 1.0)[..., None] * (size > 0)[..., None]
        pivots[..., k] = size
    lower = np.tril(V @ np.swapaxes(frame, -1, -2), -1)
    return np.asarray(lower + pivots[..., None] * np.eye(V.shape[-2]))


def by_rate(rates: Array) -> tuple[IntArray, IntArray]:
    """Return the order of decreasing rates, and the order that undoes it."""
    order = np.argsort(-rates, kind="stable")
    return order, np.argsort(order)


def pivots(rates: Array, U: Array, t: Array) -> Array:
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


def spread_factor(
    a: Array, factor: Array, t: Array, *, log_ratio: Array | float = 0.0
) -> tuple[Array, Array]:
    """Return X = Λ √(π/(1+π)) and √(1/(1+π)) at all times, for falling rates a.

    `factor` is Λ√π at the start, and `log_ratio` is added to the exponents of Λ, (..., T, d, d).
    """
    lower = factor[..., None, :, :]
    root = np.diagonal(lower, axis1=-2, axis2=-1)
    present = root > 0
    log_pivot = 2.0 * np.log(np.where(present, root, 1.0))
    w0 = np.where(present, root**2 / (1.0 + root**2), 0.0)[..., 0, :]
    learned = time_learned(a, w0, t)
    x = 2.0 * a * t[:, None]
    # Straight from L = Λ√π(0): no division by a small pivot.
    grown = np.where(present, -0.5 * np.logaddexp(-x, log_pivot), 0.0)
    turning = log_ratio - (a - a[:, None]) * (
        t[:, None, None] + 0.25 * (learned[..., :, None] - learned[..., None, :])
    )
    below = np.tri(len(a), dtype=bool)
    X = lower * np.exp(np.where(below, grown[..., None, :] + turning, -np.inf))
    rest = np.where(present, np.exp(-0.5 * np.logaddexp(0.0, log_pivot + x)), 1.0)
    return X, rest


def row_cosine(W0: Array) -> Array:
    """Return the largest cosine between two rows of U(0), shape (...); a zero row is tied to none."""
    w0 = np.sqrt(np.diagonal(W0, axis1=-2, axis2=-1))
    size = w0[..., :, None] * w0[..., None, :]
    cosine = np.where(size > 0, np.abs(W0) / np.where(size > 0, size, 1.0), 0.0)
    cosine = cosine * (1.0 - np.eye(W0.shape[-1]))
    return np.asarray(cosine.max(axis=(-2, -1)))


def adjacent_ratio(rates: Array) -> float:
    """Return the largest ratio of two neighbouring distinct rates; 0 when all are equal."""
    falling = np.sort(rates)[::-1]
    distinct = falling[:-1] - falling[1:] > 1e-12 * falling[:-1]
    if not distinct.any():
        return 0.0
    return float((falling[1:][distinct] / falling[:-1][distinct]).max())
