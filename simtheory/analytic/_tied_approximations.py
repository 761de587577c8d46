r"""Approximate forms of the tied net as functions of arrays, in the concept axes.

Symbols
-------
a : rates, (d,); b : what each diagonal entry ends at, (d,); U : weights, (..., d, h); W0 : start
U Uᵀ, (..., d, d); t : canonical times, (T,); :math:`\ell_k = \int_0^t 2w_k\,ds` : twice the time that
mode k has spent learned; L : lower Cholesky factor of W(0), rows by decreasing rate.
"""

from __future__ import annotations

import numpy as np
from scipy.special import exprel

from simtheory._typing import Array
from simtheory.analytic import _tied_forms as forms

# Nodes of the double-exponential rule on (0, 1): distances from both ends, and weights. They crowd
# at the ends doubly fast, so a feature there is resolved whatever its width.
_STEP = 0.05
_PLACE = np.arange(-3.3, 3.3 + _STEP / 2, _STEP)
FROM_LEFT = 1.0 / (1.0 + np.exp(-np.pi * np.sinh(_PLACE)))
FROM_RIGHT = FROM_LEFT[::-1]
WEIGHT = _STEP * np.pi * np.cosh(_PLACE) * FROM_LEFT * FROM_RIGHT


def schur(rates: Array, U: Array, t: Array) -> Array:
    """Return the sequential Schur complements' form of W, shape (..., T, d, d).

    With S_ij S_ik / S_ii = L_ji L_ki each seed is a sum Σ_i Z_ji Z_ki in which nothing cancels, and
    Z carries its share of every exponential, so that none overflows.
    """
    order, back = forms.by_rate(rates)
    a = rates[order]
    lower = forms.row_factor(U[..., order, :])[..., None, :, :]
    root = np.diagonal(lower, axis1=-2, axis2=-1)
    learned = forms.time_learned(a, root[..., 0, :] ** 2, t)
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


def drive(rates: Array, target: Array, decay: float) -> Array:
    """Return a b = a·target − decay: half the speed at which each small diagonal entry grows."""
    return np.asarray(rates * target - decay)


def grown_time(drives: Array, t: Array) -> Array:
    """Return (e^{2gt} − 1)/2g, shape (T, d), for 2gt of at most one; t at g = 0."""
    x = np.minimum(2.0 * drives * t[:, None], 1.0)
    return np.asarray(t[:, None] * exprel(x))


def first_order_target(rates: Array, drives: Array, W0: Array, t: Array) -> Array:
    """Return W to first order in its off-diagonal entries for any target and decay.

    With g = a b the mode's denominator is 1 + 2a w(0) (e^{2gt} − 1)/2g, which is fine at g = 0, for
    a dying mode (g < 0), and at rate zero.
    """
    w0 = np.diagonal(W0, axis1=-2, axis2=-1)
    start, x = w0[..., None, :], 2.0 * drives * t[:, None]
    moved = 2.0 * rates * start * grown_time(drives, t)
    falling = np.exp(-np.maximum(x, 0.0))
    late = (x > 1.0) & (start > 0)  # a concept that starts at nothing stays there
    ceiling = np.where(late, rates / np.where(drives > 0, drives, 1.0), 0.0)
    below = np.where(late, falling + start * ceiling * (1.0 - falling), 1.0)
    log_growth = np.where(late, x + np.log(below), np.log1p(moved))
    early = start * np.exp(np.minimum(x, 1.0)) / (1.0 + moved)
    modes = np.where(late, start / below, early)

    still = rates == 0
    learned = np.where(
        still, 2.0 * start * grown_time(drives, t), log_growth / np.where(still, 1.0, rates)
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


def diagonal_correction(rates: Array, W0: Array, t: Array) -> Array:
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
    learned = forms.time_learned(rates, w0, nodes.ravel()).reshape(*nodes.shape, 2)
    a_i, a_j = rates
    square = 2.0 * (a_i + a_j) * nodes - 0.5 * (
        (3.0 * a_i + a_j) * learned[..., 0] + (3.0 * a_j + a_i) * learned[..., 1]
    )
    now = forms.time_learned(rates, w0, t)[:, None, None, 0]
    carried = 2.0 * a_i * ((t[:, None, None] - nodes) - (now - learned[..., 0]))
    total = np.sum(gaps * WEIGHT * np.exp(square + carried), axis=(1, 2))
    return np.asarray((a_i + a_j) * start[1] ** 2 * total)


def _half_time(rate: float, w0: float) -> float:
    """Return when a mode is half learned; infinity for one that never is."""
    if rate <= 0:
        return np.inf
    return float(np.log((1.0 - min(w0, 0.5)) / max(w0, 1e-300)) / (2.0 * rate))
