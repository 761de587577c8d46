r"""One layer trained on few samples in many dimensions: d and n large, their ratio fixed.

Symbols
-------
n : samples; a : rates of the population, (d,); :math:`\gamma = d/n`; z : a point beside the spectrum
of the samples' second moment Â; k(z) : the rate at which the population has to be damped to look
like Â at z; :math:`F(k) = \tfrac1n\sum_j a_j/(a_j+k)`, :math:`G(k) = \tfrac1n\sum_j a_j^2/(a_j+k)^2`.

The mean of a function of Â is an integral round its spectrum of the resolvent, whose deterministic
equivalent is :math:`(\hat A - z)^{-1} \approx -\tfrac kz (A + k)^{-1}` with z = −k(1 − F(k)). We
integrate over k, where z is explicit and nothing has to be solved. The circle through the two real
points with G = 1, which are the edges of the spectrum, winds round it once: on a circle G is a convex
function of the cosine of the angle, so it stays below one. At the lower edge −zt is at a saddle, so
the integrand is largest there and falls along the circle. Points are spread evenly in the logarithm
of the tangent of the half angle, which resolves rates of any ratio; then the trapezoidal rule
converges exponentially.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from simtheory._typing import Array
from simtheory.errors import SolveError

_TOLERANCE = 1e-11
"""Allowed disagreement of two rules, of which one has twice the points of the other."""


def mean_decay(rates: Array, n: int, t: Array) -> Array:
    """Return the diagonal of E e^{−Ât} in the eigenbasis of A, shape (T, d)."""
    found = np.ones((t.size, rates.size))  # a coordinate without variance keeps its start
    seen = rates > 0.0
    if not seen.any():
        return found
    a = rates[seen] / rates.max()
    found[:, seen] = _contour(a, n, t * rates.max())
    return found


def edge(a: Array, n: int, *, upper: bool) -> float:
    """Return the distance x from the nearest −a at which G = 1, beyond all of them."""
    offset = a.max() - a if upper else a - a.min()

    def excess(log_x: float) -> float:
        return float(np.log(np.sum((a / (offset + np.exp(log_x))) ** 2) / n))

    near = a.max() if upper else a.min()
    low, high = np.log(near / np.sqrt(n)), 0.5 * np.log(np.sum(a**2) / n)
    return float(np.exp(brentq(excess, low - 1e-9, high + 1e-9, xtol=1e-15, rtol=1e-14)))


def _contour(a: Array, n: int, t: Array) -> Array:
    left, right = -a.max() - edge(a, n, upper=True), edge(a, n, upper=False) - a.min()
    atom = _atom(a, n)
    step = 0.25
    total = _trapezoid(a, n, t, left, right, step, shift=0.0)
    for _ in range(9):
        finer = 0.5 * (total + _trapezoid(a, n, t, left, right, step, shift=0.5))
        step *= 0.5
        if np.abs(finer - total).max() <= _TOLERANCE:
            return np.asarray(np.clip(finer + atom, 0.0, 1.0))
        total = finer
    raise SolveError(
        f"The contour integral did not converge for n={n}, rates from {a.min():.3g} to {a.max():.3g} "
        "of the largest. Take shorter times.",
        time=float(t[-1]),
    )


def _atom(a: Array, n: int) -> Array:
    """Return the share of each coordinate that no sample sees: κ/(a + κ) with F(κ) = 1 if d > n."""
    if a.size <= n:
        return np.zeros(a.size)
    high = a.sum() / n
    kappa = brentq(lambda k: np.sum(a / (a + k)) / n - 1.0, 0.0, high, xtol=1e-15, rtol=1e-14)
    return np.asarray(kappa / (a + kappa))


def _trapezoid(
    a: Array, n: int, t: Array, left: float, right: float, step: float, *, shift: float
) -> Array:
    """Return the sum over points spaced by `step`, shape (T, d)."""
    u = step * (np.arange(-round(40 / step), round(40 / step)) + shift)
    w = -1j * np.exp(u)
    k = (right + left * w) / (1.0 + w)
    slope = (left - right) * w / (1.0 + w) ** 2  # dk/du
    # a + k without cancellation near the lower edge: (right + a) + (left − right) w/(1 + w).
    beside = (right + a) + ((left - right) * w / (1.0 + w))[:, None]
    share = a / beside
    z = -k * (1.0 - share.sum(axis=1) / n)
    speed = np.sum(share**2, axis=1) / n - 1.0  # dz/dk
    weight = (k * speed * slope / z)[:, None] / beside
    return np.asarray(step / np.pi * (np.exp(-np.outer(t, z)) @ weight).imag)
