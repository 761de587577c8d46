"""Rows of a start, by falling rate: their triangular factors, their cosines, the ratios of their rates."""

from __future__ import annotations

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.analytic._shared.logistic import time_learned

DEPENDENT = 1e-13
"""Share of a row independent of the stronger rows, below which the row counts as their combination."""


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
    frame, _pivots = np.zeros_like(V), np.zeros(V.shape[:-1])
    for k in range(V.shape[-2]):
        frame[..., k, :], _pivots[..., k], _ = new_direction(frame, V[..., k, :])
    lower = np.tril(V @ np.swapaxes(frame, -1, -2), -1)
    return np.asarray(lower + _pivots[..., None] * np.eye(V.shape[-2]))


def new_direction(
    frame: Array, row: Array, *, dependent: float = DEPENDENT
) -> tuple[Array, Array, Array]:
    """Return what of rows is new to a frame: its direction, its size, and the shares along the frame.

    The frame has orthonormal or zero rows, (..., k, h), the rows are (..., h). Direction and size of a row
    that is independent of the frame by a smaller share than `dependent` are zero. Twice is enough for a small row to keep its relative accuracy.
    """
    new, shares = row, np.zeros(frame.shape[:-1])
    for _ in range(2):
        along = (frame @ new[..., None])[..., 0]
        new = new - (along[..., None, :] @ frame)[..., 0, :]
        shares += along
    size = np.linalg.norm(new, axis=-1)
    size = np.where(size > dependent * np.linalg.norm(row, axis=-1), size, 0.0)
    unit = new / np.where(size > 0, size, 1.0)[..., None] * (size > 0)[..., None]
    return unit, size, shares


def by_rate(rates: Array) -> tuple[IntArray, IntArray]:
    """Return the order of decreasing rates, and the order that undoes it."""
    order = np.argsort(-rates, kind="stable")
    return order, np.argsort(order)


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
