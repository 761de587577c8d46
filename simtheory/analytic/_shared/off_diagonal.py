r"""Off-diagonal entries of a balanced net's map, to first order: two linear equations for each pair.

Symbols
-------
L : depth; w, a : modes and rates, (d,); i, j : index arrays of the pairs, i < j; :math:`B = W_{ij}`,
:math:`\bar B = W_{ji}`; z : what stands for a mode while it is integrated, its logit at L = 2 and
:math:`w^{-(L-2)/L}` above. Both move at a constant speed until the mode saturates, so the long wait
of a small start costs neither steps nor digits.
"""

from __future__ import annotations

import numpy as np

from simtheory._later import special
from simtheory._typing import Array, IntArray
from simtheory.analytic._shared.axes import leave_regime
from simtheory.analytic._shared.depth_clock import mode
from simtheory.analytic._shared.layers import end_to_end, require_balanced
from simtheory.errors import RegimeError

_RTOL, _ATOL = 1e-12, 1e-14
"""Tolerances of the integration; entries are in units of their start."""


def divided(w_i: Array, w_j: Array, q: float) -> Array:
    """Return (w_i^2q − w_j^2q) / (w_i² − w_j²), and its limit q w^(2q−2) at equal arguments."""
    high = np.maximum(w_i, w_j)
    x = 2.0 * np.log(np.minimum(w_i, w_j) / high)
    equal = x == 0
    ratio = np.where(equal, q, np.expm1(q * x) / np.where(equal, 1.0, np.expm1(x)))
    return np.asarray(high ** (2.0 * q - 2.0) * ratio)


def velocity(
    a: tuple[Array, Array], w: tuple[Array, Array], B: tuple[Array, Array], depth: int
) -> Array:
    """Return dB/dt of entry (i, j), given B and its partner; swap all pairs for the partner's."""
    (a_i, a_j), (w_i, w_j), (entry, partner) = a, w, B
    outputs = w_i * partner + w_j * entry  # entry (i, j) of WWᵀ
    inputs = w_i * entry + w_j * partner  # and of WᵀW
    g_i, g_j = a_i * (1.0 - w_i), a_j * (1.0 - w_j)
    total = np.zeros_like(entry)
    for l in range(1, depth + 1):
        alpha, gamma = (l - 1) / depth, (depth - l) / depth
        before, after = w_i ** (2.0 * alpha), w_j ** (2.0 * gamma)
        total += divided(w_i, w_j, alpha) * outputs * g_j * after
        total += before * (g_i * divided(w_i, w_j, gamma) * inputs - a_j * entry * after)
    return total


def integrate(rates: Array, W0: Array, t: Array, depth: int) -> Array:
    """Return the off-diagonal entries of W over time, shape (T, d, d), zero on the diagonal."""
    d = rates.size
    i, j = np.triu_indices(d, 1)
    w0 = np.diagonal(W0)
    unit = np.maximum(np.abs(W0[i, j]), np.abs(W0[j, i]))
    unit = np.where(unit > 0, unit, 1.0)
    start = np.concatenate([_stand_in(w0, depth), W0[i, j] / unit, W0[j, i] / unit])
    values = _solved(start, rates, (i, j), t, depth)
    weights = np.zeros((t.size, d, d))
    weights[:, i, j] = values[:, d : d + i.size] * unit
    weights[:, j, i] = values[:, d + i.size :] * unit
    return weights


def _solved(
    start: Array, rates: Array, pairs: tuple[IntArray, IntArray], t: Array, depth: int
) -> Array:
    """Return the state on the grid: LSODA, because learned concepts are stiff beside slow ones."""
    if t[-1] == 0.0 or not pairs[0].size:
        return np.tile(start, (t.size, 1))
    i, j = pairs
    d, n = rates.size, i.size

    def slope(_: float, state: Array) -> Array:
        z, B, partner = state[:d], state[d : d + n], state[d + n :]
        w = _mode(z, depth)
        return np.concatenate(
            [
                2.0 * rates if depth == 2 else -(depth - 2.0) * rates * (1.0 - w),
                velocity((rates[i], rates[j]), (w[i], w[j]), (B, partner), depth),
                velocity((rates[j], rates[i]), (w[j], w[i]), (partner, B), depth),
            ]
        )

    from scipy.integrate import solve_ivp  # loading it takes a quarter of a second

    found = solve_ivp(slope, (0.0, t[-1]), start, "LSODA", t, rtol=_RTOL, atol=_ATOL)
    if not found.success or not np.all(np.isfinite(found.y)):
        raise RegimeError(
            f"The pair equations could not be integrated up to t = {t[-1]:g}: {found.message} "
            "Ask for earlier times."
        )
    return np.asarray(found.y.T)


def _stand_in(w: Array, depth: int) -> Array:
    return np.asarray(special.logit(w) if depth == 2 else w ** (-(depth - 2.0) / depth))


def _mode(z: Array, depth: int) -> Array:
    if depth == 2:
        return np.asarray(np.maximum(special.expit(z), 1e-300))
    return np.asarray(np.maximum(z, 1.0) ** (-depth / (depth - 2.0)))


_NEARLY = 0.1
"""Largest off-diagonal entry relative to √(w_ii w_jj). Beyond, the error of the diagonal exceeds 1 %."""


def balanced_first_order(
    rates: Array, chain: list[Array], t: Array, *, strict: bool, tolerance: float
) -> tuple[Array, dict[str, Array]]:
    """Return W to first order in its off-diagonals, (..., T, d, d), and what it says of its error."""
    require_balanced(chain, tolerance)
    W0 = end_to_end(chain)
    w0 = np.diagonal(W0, axis1=-2, axis2=-1)
    if w0.size and not 0.0 < w0.min() <= w0.max() < 1.0:
        raise RegimeError(
            "The first-order form needs a diagonal of W(0) inside (0, 1), but it runs from "
            f"{w0.min():g} to {w0.max():g}."
        )
    depth = len(chain)
    d = rates.size
    members = [integrate(rates, each, t, depth) for each in W0.reshape(-1, d, d)]
    weights = np.reshape(members, (*W0.shape[:-2], t.size, d, d))
    modes = mode(rates[:, None], w0[..., None], t, float(depth))
    size = np.sqrt(modes[..., :, None, :] * modes[..., None, :, :])
    tilt = np.abs(np.moveaxis(weights, -3, -1) / size).max(axis=(-3, -2, -1))
    if tilt.max(initial=0.0) > _NEARLY:
        leave_regime(
            f"The first-order form needs |W_ij| to stay below {_NEARLY:g} √(w_ii w_jj), but it reaches "
            f"{tilt.max():.3g} of that.",
            strict=strict,
        )
    k = np.arange(d)
    weights[..., k, k] = np.swapaxes(modes, -1, -2)
    return weights, {"small_parameter": tilt, "error_estimate": tilt**2}
