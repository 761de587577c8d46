r"""Logistic modes of the tied net as functions of arrays, in the concept axes and in stable arithmetic.

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

from simtheory._typing import Array


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
