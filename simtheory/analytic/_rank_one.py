r"""The tied net of width one: one quadrature and one inversion.

Symbols
-------
u : the weight vector, (d,); g = |u|²; s : slowed time, in which u turns as power iteration does;
:math:`\varphi(s) = u_0^T e^{2As}u_0`; :math:`X = \varphi/\sqrt{1-g_0}`;
:math:`q = X/\sqrt{X^2+4}`, so that canonical time is :math:`t = s + \int_0^s q\,ds'`.

q never falls, runs from 0 to 1, and may do so within a sliver of a long interval. Panels are halved
until two nested rules that both see the panel's ends agree; a monotone function has nowhere to hide.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from simtheory._typing import Array
from simtheory.errors import SolveError

TOLERANCE = 1e-13
"""Disagreement of the two rules allowed per panel, relative to its right end; the finer one is better."""


def _clenshaw_curtis(n: int) -> tuple[Array, Array]:
    """Return nodes and weights of the n-interval rule on [0, 1], n even."""
    angles = np.pi * np.arange(n + 1) / n
    even = np.arange(0, n + 1, 2)
    moments = np.where(even == 0, 1.0, 2.0 / (1.0 - even**2.0))
    moments[-1] /= 2.0
    weights = np.cos(np.outer(angles, even)) @ moments / n
    weights[[0, -1]] /= 2.0
    return 0.5 * (1.0 - np.cos(angles)), weights


_NODES, _FINE = _clenshaw_curtis(16)
_COARSE = np.zeros(17)
_COARSE[::2] = _clenshaw_curtis(8)[1]
_GAUSS, _GAUSS_WEIGHTS = (0.5 * v for v in np.polynomial.legendre.leggauss(16))
_GAUSS = _GAUSS + 0.5


def rank_one(rates: Array, u0: Array, t: Array) -> Array:
    """Return the weight vector of one net of width one, shape (T, d), in the concept axes.

    Parameters
    ----------
    rates : ndarray, shape (d,)
        Rates.
    u0 : ndarray, shape (d,)
        Start, of length below one.
    t : ndarray, shape (T,)
        Canonical times, increasing.

    Returns
    -------
    ndarray, shape (T, d)
        The weights over time.
    """
    u = np.zeros((t.size, u0.size))
    present = u0 != 0
    if not present.any():
        return u
    a, size = rates[present], np.log(np.abs(u0[present]))
    gap = -0.5 * np.log1p(-np.sum(u0**2))  # X = φ e^gap
    top = float(a.max())

    def log_x(s: Array) -> Array:
        """Return ln X; rates count from the top one, so that equal rates cancel exactly."""
        shares = 2.0 * ((a - top) * s[..., None] + size)
        return np.asarray(2.0 * top * s + logsumexp(shares, axis=-1) + gap)

    s = _slowed_time(log_x, t)
    level = log_x(s)
    exponent = (a - top) * s[:, None] + size
    share = exponent - 0.5 * logsumexp(2.0 * exponent, axis=-1, keepdims=True)
    # g = 2X/(X + √(X²+4)), written for the side of X = 1 on which nothing overflows.
    below, above = np.minimum(level, 0.0), np.maximum(level, 0.0)
    log_g = np.where(
        level < 0,
        below - np.arcsinh(0.5 * np.exp(below)),
        np.log(2.0) - np.log1p(np.sqrt(1.0 + 4.0 * np.exp(-2.0 * above))),
    )
    u[:, present] = np.sign(u0[present]) * np.exp(share + 0.5 * log_g[:, None])
    return u


def _slowed_time(log_x, t: Array) -> Array:  # type: ignore[no-untyped-def]
    """Return the s at which s + ∫₀ˢ q = t, for each t."""

    def q(s: Array) -> Array:
        level = log_x(s)
        up, down = np.maximum(level, 0.0), np.minimum(level, 0.0)
        x = np.exp(down)
        return np.where(
            level > 0, 1.0 / np.sqrt(1.0 + 4.0 * np.exp(-2.0 * up)), x / np.sqrt(x**2 + 4.0)
        )

    edges, integral = _panels(q, float(t[-1]))
    clock = edges + integral
    panel = np.clip(np.searchsorted(clock, t, side="right") - 1, 0, max(edges.size - 2, 0))
    left, start = edges[panel], clock[panel]
    # dt/ds lies in [1, 2] and hardly varies inside a panel: Newton's step converges in a few.
    width = t - start
    for _ in range(60):
        nodes = left[:, None] + width[:, None] * _GAUSS
        reached = width * (1.0 + q(nodes) @ _GAUSS_WEIGHTS)
        step = (t - start - reached) / (1.0 + q(left + width))
        width = np.clip(width + step, 0.0, t - start)
        if np.all(np.abs(step) <= 1e-14 * t):
            return np.asarray(left + width)
    raise SolveError(
        "The slowed time of the width-one solution did not converge; please report the task and start.",
        time=float(t[0]),
    )


def _panels(q, end: float) -> tuple[Array, Array]:  # type: ignore[no-untyped-def]
    """Return panel edges on [0, end] on which `q` is resolved, and the integral of `q` up to each."""
    left, right = np.array([0.0]), np.array([end])
    starts, areas = [], []
    while left.size:
        width = right - left
        values = q(left[:, None] + width[:, None] * _NODES)
        fine, coarse = width * (values @ _FINE), width * (values @ _COARSE)
        middle = 0.5 * (left + right)
        done = (np.abs(fine - coarse) <= TOLERANCE * right) | (middle <= left) | (middle >= right)
        starts.append(np.stack([left[done], right[done]]))
        areas.append(fine[done])
        left, right = (
            np.concatenate([left[~done], middle[~done]]),
            np.concatenate([middle[~done], right[~done]]),
        )
    spans, area = np.concatenate(starts, axis=1), np.concatenate(areas)
    order = np.argsort(spans[0])
    edges = np.concatenate([[0.0], spans[1, order]])
    return edges, np.concatenate([[0.0], np.cumsum(area[order])])
