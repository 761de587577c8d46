r"""How the error of one mode falls, step by step: gradient descent, heavy ball, Nesterov.

Symbols
-------
x = ηa : canonical learning rate times rate; :math:`\beta` : momentum; k : steps; e : error of the
mode relative to its start; :math:`\zeta` : roots of :math:`\zeta^2 - S\zeta + P`.

A slow mode has a root near 1, so the roots are found by their distance u = 1 − ζ from it, which
solves u² − (2 − S)u + x = 0 for both kinds of momentum; 2 − S is a sum of positive terms. The
discriminant S² − 4P is taken in factors. With z the larger root and w the other,
e = zᵏ + (e₁ − z)(zᵏ − wᵏ)/(z − w), which has a limit where the roots meet.
"""

from __future__ import annotations

import numpy as np

from simtheory._typing import Array


def errors(x: Array, beta: float, k: Array, *, nesterov: bool) -> Array:
    """Return the error of modes after k steps, relative to the start.

    Parameters
    ----------
    x : ndarray, shape (...)
        Canonical learning rate times rate, not negative.
    beta : float
        Momentum in [0, 1).
    k : ndarray, shape (K,)
        Steps, whole numbers.
    nesterov : bool
        Nesterov's momentum in place of the heavy ball's.

    Returns
    -------
    ndarray, shape (..., K)
        The errors; infinite where they outgrow float64.
    """
    with np.errstate(over="ignore"):
        if beta == 0.0:
            return power(x[..., None], k)
        found = [_with_momentum(v, beta, k, nesterov=nesterov) for v in x.ravel().tolist()]
    return np.asarray(found, dtype=np.float64).reshape(*x.shape, k.size)


def power(u: Array | float, k: Array) -> Array:
    """Return (1 − u)ᵏ; a small u keeps its digits."""
    slow = np.exp(k * np.log1p(-np.minimum(u, 0.5)))
    return np.asarray(np.where(np.asarray(u) < 0.5, slow, np.power(1.0 - np.asarray(u), k)))


def _with_momentum(x: float, beta: float, k: Array, *, nesterov: bool) -> Array:
    """Return the error of one mode, shape (K,), for a momentum above zero."""
    rest, more, root_x = 1.0 - beta, 1.0 + beta, np.sqrt(x)
    if nesterov:
        two_minus_sum, product, first = rest + x * more, beta * (1.0 - x), 1.0 - x * more
        gap = (1.0 - x) * (rest - root_x * more) * (rest + root_x * more)
    else:
        two_minus_sum, product, first = rest + x, beta, 1.0 - x
        edge = rest / (1.0 + np.sqrt(beta))  # 1 − √β
        gap = (edge - root_x) * (edge + root_x) * ((1.0 + np.sqrt(beta)) ** 2 - x)
    total = 2.0 - two_minus_sum
    if gap < 0.0:
        return _oscillating(first, total, product, gap, k)
    root = np.sqrt(gap)
    far = 0.5 * (two_minus_sum + root)
    u = x / far if total > 0.0 else far  # of the root of larger size
    z = 1.0 - u
    if z == 0.0:
        return np.where(k == 0, 1.0, np.where(k == 1, first, 0.0))
    w = product / z
    lead = beta * u * w / z if nesterov else u * w  # e₁ − z
    if product > 0.0:
        q = min(root / abs(z), 1.0)
        spread = k if q == 0.0 else -np.expm1(k * np.log1p(-q)) / q
        return power(u, k) * (1.0 + lead / z * spread)
    return power(u, k) * (1.0 + lead * (1.0 - np.power(w / z, k)) / (z - w))


def _oscillating(first: float, total: float, product: float, gap: float, k: Array) -> Array:
    """Return the error of a mode whose roots are complex: a damped oscillation."""
    size = np.sqrt(product)
    height = 0.5 * np.sqrt(-gap)
    angle = np.arctan2(height, 0.5 * abs(total))
    sign = 1.0 if total >= 0.0 else -1.0
    wave = np.cos(k * angle) + sign * (first - 0.5 * total) * np.sin(k * angle) / height
    flips = np.where((sign < 0.0) & (k % 2 == 1), -1.0, 1.0)
    return np.asarray(flips * np.exp(k * np.log(size)) * wave)
