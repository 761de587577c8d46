r"""Linear denoisers through training, and the affine maps by which they sample.

Problem
-------
At each noise level the weights W of a denoiser that is linear in :math:`\varphi = (1, c, z)` follow the gradient
flow of half the squared error from zero. A sampler applies one denoiser after the other.

Result
------
.. math:: W(T) = B A^{-1}(I - e^{-AT}), \qquad A = \mathrm E\varphi\varphi^T, \quad B = \mathrm Ey\varphi^T .

With rows :math:`L` of the features, :math:`A = L^TL`, the singular values of L are the roots of the rates; so
small rates keep their digits. A graph that no permutation of its concepts changes splits into two problems
of one coordinate each: the mean of all coordinates, and any contrast between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simtheory._typing import Array
from simtheory.noise import Level, Levels, Sampler, clean_of, target_of
from simtheory.tasks.emergence import ConceptGraph

__all__ = ["Flow", "Symmetric", "flow_of", "several"]


class Flow(NamedTuple):
    """Every noise level in the eigenvectors of its moment, and the sampler's steps as affine maps.

    With rates :math:`\\lambda_j` the weights at T are :math:`\\sum_j (1 - e^{-\\lambda_jT})\\,P_j`. Arrays
    of several graphs begin with an axis of graphs.
    """

    rates: Array  # (..., K, J)
    parts: Array  # (..., K, J, m * (1 + 2 m)): P_j in the features (1, c, z)
    gains: Array  # (K, 3): what a prediction, z and noise give to the next z
    start: Array  # (..., m): standard deviations of the start
    units: Array  # (..., m): standard deviations of standard noise

    def maps(self, t: Array) -> tuple[Array, Array]:
        """Return means as maps of (1, class), shape (..., T, m, 1 + m), and covariances (..., T, m, m).

        Times have shape (..., T).
        """
        m = self.start.shape[-1]
        i, rates = np.arange(m), self.rates[..., None, :]
        with np.errstate(invalid="ignore"):
            spent = t[..., None, :, None] * rates
        np.copyto(spent, 0.0, where=rates == 0.0)
        np.negative(spent, out=spent)
        risen = np.negative(np.expm1(spent, out=spent), out=spent)
        given, kept, drawn = self.gains.T
        push = risen @ (given[:, None, None] * self.parts)
        push = push.reshape(*push.shape[:-1], m, 1 + 2 * m)  # (..., K, T, m, 1 + 2 m)
        push[..., i, 1 + m + i] += kept[:, None, None]
        known = np.zeros((*t.shape, 1 + 2 * m, 1 + 2 * m))  # one and the class, and below the state
        known[..., range(1 + m), range(1 + m)] = 1.0
        state = known[..., 1 + m :, :]
        state[..., i, 1 + m + i] = self.start[..., None, :]
        noise = np.zeros((*t.shape, m, m)) if drawn.any() else None
        for k, size in enumerate(drawn):
            state[...] = push[..., k, :, :, :] @ known
            if noise is not None:
                turn = push[..., k, :, :, 1 + m :]
                noise = turn @ noise @ np.swapaxes(turn, -1, -2)
                noise[..., i, i] += np.square(size * self.units[..., None, :])
        maps, factor = state[..., : 1 + m], state[..., 1 + m :]
        covariance = factor @ np.swapaxes(factor, -1, -2)
        return maps, covariance if noise is None else covariance + noise

    @property
    def span(self) -> tuple[float, float]:
        """Times before which nothing, and after which nothing more, is learned, of one graph."""
        sizes = np.abs(self.parts).max(axis=2)
        moving = (self.rates > 0.0) & (sizes > 1e-13 * sizes.max())
        return 1e-3 / float(self.rates[moving].max()), 40.0 / float(self.rates[moving].min())

    def of(self, graph: int) -> Flow:
        """Return the flow of one graph of several."""
        return Flow(
            self.rates[graph], self.parts[graph], self.gains, self.start[graph], self.units[graph]
        )

    def in_units(self, mu: Array) -> Flow:
        """Return the same flow in units of strengths (..., m), of data and of classes."""
        m = mu.shape[-1]
        sizes = np.concatenate([np.ones_like(mu[..., :1]), mu, mu], axis=-1)
        shape = (*self.parts.shape[:-1], m, 1 + 2 * m)
        ratios = sizes[..., None, :] / mu[..., None]
        parts = self.parts.reshape(shape) * ratios[..., None, None, :, :]
        return self._replace(
            parts=parts.reshape(self.parts.shape), start=self.start / mu, units=self.units / mu
        )


class Symmetric(NamedTuple):
    """Flow of a graph that no permutation of its concepts changes: that of the mean, and of any contrast."""

    mean: Flow
    contrast: Flow
    dim: int

    def maps(self, t: Array) -> tuple[Array, Array]:
        """Return the mean as a map of (1, class), shape (T, m, 1 + m), and the covariance (T, m, m)."""
        m = self.dim
        (along, spread), (across, other) = self.mean.maps(t), self.contrast.maps(t)
        maps = np.empty((t.size, m, 1 + m))
        maps[..., 0] = along[..., 0] / np.sqrt(m)
        maps[..., 1:] = _shared(along[:, 0, 1], across[:, 0, 1], m)
        return maps, _shared(spread[:, 0, 0], other[:, 0, 0], m)

    @property
    def span(self) -> tuple[float, float]:
        """Times before which nothing, and after which nothing more, is learned."""
        (a, b), (c, d) = self.mean.span, self.contrast.span
        return min(a, c), max(b, d)


def _shared(along: Array, across: Array, m: int) -> Array:
    """Return matrices (T, m, m) with one eigenvalue for the mean and one for every contrast."""
    return np.asarray((along - across)[:, None, None] / m + across[:, None, None] * np.eye(m))


def flow_of(
    graph: ConceptGraph, levels: Levels, sampler: Sampler, prediction: str, bias: bool
) -> Flow | Symmetric:
    """Return the flow of all levels."""
    classes = _weighted(graph, bias)
    m, same = graph.dim, np.ptp(graph.mu) == 0.0 and np.ptp(graph.sigma) == 0.0
    if same and m == graph.n > 1:
        moment = classes.T @ classes
        off = moment[1:, 1:][~np.eye(m, dtype=bool)]
        parts = moment[0, 1:], np.diagonal(moment)[1:], off
        if all(np.ptp(part) <= 1e-14 * moment.max() for part in parts):
            first, own, shared = (float(part.mean()) for part in parts)
            factor = np.array(
                [[moment[0, 0], np.sqrt(m) * first], [np.sqrt(m) * first, own + (m - 1) * shared]]
            )
            sizes, axes = np.linalg.eigh(factor)
            rows = np.sqrt(np.maximum(sizes, 0.0))[:, None] * axes.T
            contrast = np.array([[0.0, np.sqrt(max(own - shared, 0.0))]])
            mean, other = (
                _flow(known, graph.spread[:1], levels, sampler, prediction)
                for known in (rows, contrast)
            )
            return Symmetric(mean, other, m)
    rows = np.asarray(np.linalg.qr(classes, mode="r"))
    return _flow(rows, graph.spread, levels, sampler, prediction)


def several(
    graphs: Sequence[ConceptGraph], levels: Levels, sampler: Sampler, prediction: str, bias: bool
) -> Flow:
    """Return the flows of graphs of one size in units of their strengths."""
    known = np.zeros((len(graphs), 1 + graphs[0].dim, 1 + graphs[0].dim))
    for graph, room in zip(graphs, known, strict=True):
        rows = np.linalg.qr(_weighted(graph, bias), mode="r")
        room[: len(rows)] = rows
    spread, mu = (
        np.stack([getattr(graph, name)[graph.concepts] for graph in graphs])
        for name in ("sigma", "mu")
    )
    return _flow(known, spread, levels, sampler, prediction).in_units(mu)


def _weighted(graph: ConceptGraph, bias: bool) -> Array:
    """Return the constant and the trained classes, times the roots of their frequencies, shape (K, 1 + m)."""
    one = np.full((len(graph.train), 1), float(bias))
    return np.asarray(
        np.concatenate([one, graph.centroids], axis=1) * np.sqrt(graph.weights)[:, None]
    )


def _flow(known: Array, spread: Array, levels: Levels, sampler: Sampler, prediction: str) -> Flow:
    """Return the flow of data whose constant and class have the moment ``known.T @ known``.

    `known` has shape (..., R, 1 + m), and `spread` (..., m). The rates are squares of the singular values of
    the features, so that small ones keep their digits.
    """
    m, count = spread.shape[-1], known.shape[-2]
    lead = spread.shape[:-1]
    i = np.arange(m)
    clean, noise = np.zeros((2, *lead, count + 2 * m, m))
    clean[..., :count, :] = known[..., 1:]
    clean[..., count + i, i] = spread
    noise[..., count + m + i, i] = 1.0
    here, there = (
        Level(levels.time[part], levels.alpha[part], levels.sigma[part])
        for part in (slice(None, -1), slice(1, None))
    )
    one, zero = np.ones(here.time.size), np.zeros(here.time.size)
    clean, noise = clean[..., None, :, :], noise[..., None, :, :]
    rows = np.zeros((*lead, here.time.size, count + 2 * m, 1 + 2 * m))
    rows[..., :count, : 1 + m] = known[..., None, :, :]
    rows[..., 1 + m :] = here.alpha[:, None, None] * clean + here.sigma[:, None, None] * noise
    of_clean = target_of(prediction, one, zero, here)[:, None, None]
    of_noise = target_of(prediction, zero, one, here)[:, None, None]
    target = of_clean * clean + of_noise * noise
    left, sizes, right = np.linalg.svd(rows, full_matrices=False)
    sure = sizes > 1e-14 * sizes[..., :1]
    inverse = np.where(sure, 1.0, 0.0) / np.where(sure, sizes, 1.0)
    heads = np.swapaxes(left, -1, -2) @ target * inverse[..., None]
    guessed, noised = (clean_of(prediction, *pair, here) for pair in ((one, zero), (zero, one)))
    given = sampler.step(zero, one, here, there, zero)
    kept = sampler.step(one, zero, here, there, zero)
    drawn = sampler.step(zero, zero, here, there, one) if sampler.is_random else zero
    return Flow(
        rates=np.where(sure, sizes, 0.0) ** 2,
        parts=(heads[..., :, None] * right[..., None, :]).reshape(*sizes.shape, -1),
        gains=np.stack([given * guessed, given * noised + kept, drawn], axis=1),
        start=np.full((*lead, m), float(np.hypot(here.alpha[0], here.sigma[0]))),
        units=np.ones((*lead, m)),
    )
