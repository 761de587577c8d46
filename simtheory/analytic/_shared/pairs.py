r"""Probabilities of two standard normal variables, :math:`\Phi_2(h, k; \rho)`, and of one in single precision.

Result
------
Plackett's identity from ρ = 0, in :math:`\tau` with :math:`\rho = 2\tau/(1 + \tau^2)`, by few nodes; Owen's function near \|ρ\| = 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from simtheory._checks import frozen
from simtheory._later import special
from simtheory._typing import Array, IntArray

__all__ = ["CHUNK", "Ends", "chance", "owen", "parts", "rule", "two"]

CHUNK = 2**14
"""Numbers in one array of a computation, few enough for the processor's cache."""

NODES = ((0.2, 7), (0.4, 9), (0.6, 12), (0.8, 18))
r"""Nodes up to some \|τ\|, to 1e-12; beyond, Owen's function takes less time."""

TAIL = (1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.319381530)
"""Coefficients of Abramowitz and Stegun 26.2.17."""

SHARED: dict[type[np.floating], tuple[tuple[float, int], ...]] = {
    np.float32: ((0.2, 3), (0.4, 4), (0.6, 6), (0.8, 9), (0.9, 13), (0.95, 17), (0.98, 25)),
    np.float64: (*NODES, (0.9, 26), (0.95, 36), (0.98, 54)),
}  # fmt: skip
"""The same where many points share ρ, to 2e-7 and to 1e-12: a node then takes a tenth of the time."""


def two(h: Array, k: Array, r: Array) -> Array:
    """Return Φ₂(h, k; r) of arrays that broadcast."""
    p, q = special.ndtr(h), special.ndtr(k)
    h, k, r = np.broadcast_arrays(h, k, r)
    shape, (h, k, r) = r.shape, (x.ravel() for x in (h, k, r))
    tau = _tau(r)
    size, low = np.abs(tau), -1.0
    found = np.empty(len(r))
    for high, nodes in NODES:
        chosen = np.flatnonzero((size > low) & (size <= high))
        low = high
        for part in parts(chosen, nodes):
            found[part] = _grown(h[part], k[part], tau[part], nodes)
    found = found.reshape(shape) + p * q
    near = size > low
    if near.any():
        found[near.reshape(shape)] = owen(h[near], k[near], r[near])
    return np.clip(found, np.maximum(p + q - 1.0, 0.0), np.minimum(p, q))


def _grown(h: Array, k: Array, tau: Array, nodes: int) -> Array:
    r"""Return Φ₂ − ΦΦ by Plackett's identity over :math:`\rho = 2\tau/(1 + \tau^2)`, which is far from its singularity."""
    s, w = (x[:, None] for x in rule(nodes))
    t = (0.5 + 0.5 * s) * tau
    square = t * t
    plus = square + 1.0
    t *= -4.0 * h * k
    slope = (h * h + k * k) * plus
    slope += t
    slope *= plus
    square -= 1.0
    square *= square
    slope /= square
    slope *= -0.5
    np.exp(slope, out=slope)
    slope /= plus
    slope *= w
    return np.asarray(np.sum(slope, axis=0) * tau / (2.0 * np.pi))


def owen(h: Array, k: Array, r: Array) -> Array:
    """Return Φ₂ by Owen's function, for any correlation."""
    h, k = np.where(h == 0.0, 1e-200, h), np.where(k == 0.0, 1e-200, k)
    root = np.maximum(np.sqrt(np.maximum((1.0 - r) * (1.0 + r), 0.0)), 1e-100)
    with np.errstate(over="ignore"):
        slopes = (k - r * h) / (h * root), (h - r * k) / (k * root)
    halves = 0.5 * (special.ndtr(h) + special.ndtr(k))
    found = halves - special.owens_t(h, slopes[0]) - special.owens_t(k, slopes[1])
    return np.where((h < 0.0) != (k < 0.0), found - 0.5, found)


class Ends(NamedTuple):
    r"""Nodes of Plackett's identity for correlations (B,) that many points share.

    The exponent is

    .. math:: -\frac{(h \mp k)^2(1 + t^2)^2}{2(1 - t^2)^2} \mp \frac{hk(1 + t^2)}{(1 + |t|)^2},

    the upper sign for t > 0: a product of nodes and points, and of terms that do not cancel.
    """

    r: Array
    signs: Array  # (B, 1)
    nodes: list[tuple[slice, Array, Array]]  # rows, rates (b, nodes, 2), weights (b, 1, nodes)
    far: slice  # rows without nodes

    @classmethod
    def of(cls, r: Array, kind: type[np.floating]) -> Ends:
        """Return the nodes of correlations that increase in size, in a precision."""
        tau = _tau(r)
        size, nodes, begin = np.abs(tau), [], 0
        for high, count in SHARED[kind]:
            rows = slice(begin, int(np.searchsorted(size, high, side="right")))
            begin = rows.stop
            if rows.stop > rows.start:
                s, w = rule(count)
                t = (0.5 + 0.5 * s) * size[rows, None]
                plus = 1.0 + t * t
                rates = np.stack([-0.5 * (plus / (1.0 - t * t)) ** 2, -plus / (1.0 + t) ** 2], 2)
                weights = (w / plus * (tau[rows, None] / (2.0 * np.pi)))[:, None]
                nodes.append((rows, rates.astype(kind), weights.astype(kind)))
        return cls(r, np.sign(tau)[:, None].astype(kind), nodes, slice(begin, len(r)))

    def chance(self, h: Array, k: Array) -> Array:
        """Return Φ₂(h, k; r) of points (B, M)."""
        found = chance(h)
        found *= chance(k)
        points = np.empty((len(h), 2, h.shape[1]), h.dtype)
        own = self.signs * k
        np.multiply(h, own, out=points[:, 1])
        np.subtract(h, own, out=own)
        np.multiply(own, own, out=points[:, 0])
        for rows, rates, weights in self.nodes:
            step = max(1, CHUNK // (rates.shape[1] * h.shape[1]))
            for begin in range(0, len(rates), step):
                some = slice(begin, begin + step)
                slope = rates[some] @ points[rows][some]
                found[rows][some] += (weights[some] @ np.exp(slope, out=slope))[:, 0]
        if self.far.stop > self.far.start:
            far = self.far
            found[far] = owen(h[far].astype(float), k[far].astype(float), self.r[far, None])
        return np.asarray(np.maximum(found, 0.0, out=found))


def _tau(r: Array) -> Array:
    """Return τ of correlations."""
    return np.asarray(r / (1.0 + np.sqrt(np.maximum((1.0 - r) * (1.0 + r), 0.0))))


@cache
def rule(nodes: int) -> tuple[Array, Array]:
    """Return the nodes and weights of Gauss and Legendre, which few numbers of nodes ask for."""
    s, w = special.roots_legendre(nodes)
    return frozen(s), frozen(w)


def parts(rows: IntArray, each: int) -> Iterator[IntArray]:
    """Yield rows in parts of about `CHUNK` numbers, `each` in a row."""
    size = max(1, CHUNK // each)
    yield from (rows[k : k + size] for k in range(0, len(rows), size))


def chance(x: Array) -> Array:
    """Return Φ(x): in single precision by Abramowitz and Stegun 26.2.17, to 7.5e-8."""
    if x.dtype == np.float64:
        return np.asarray(special.ndtr(x))
    t = np.abs(x)
    t *= 0.2316419
    t += 1.0
    np.reciprocal(t, out=t)
    first, *rest = (-each / math.sqrt(2.0 * math.pi) for each in TAIL)
    above = t * first
    for factor in rest:
        above += factor
        above *= t
    np.multiply(x, x, out=t)
    t *= -0.5
    above *= np.exp(t, out=t)
    above += 0.5
    np.copysign(above, x, out=above)
    above += 0.5
    return above
