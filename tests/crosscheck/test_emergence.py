"""Concept graphs against 50 digits: moments summed over classes, modes by mpmath, the sampler written out.

Graphs are drawn with strengths from 1e-3 to 1e3, frequencies over six decades, with and without spread, and with
moments that are singular.
"""

from __future__ import annotations

from itertools import pairwise

import mpmath
import numpy as np
import pytest

from simtheory import ConceptGraph
from simtheory.analytic import emergence as em
from simtheory.noise import DDIM, DDPM, CosineVP, Levels
from simtheory.tasks.emergence import CODES

pytestmark = pytest.mark.slow
DIGITS = 50


def drawn(rng: np.random.Generator, most: int) -> ConceptGraph:
    n = int(rng.integers(1, most + 1))
    values = rng.integers(2, 4, n)
    train = np.unique(rng.integers(0, values, (rng.integers(1, 2 * n + 3), n)), axis=0)
    weights = 10.0 ** rng.uniform(-6.0, 0.0, len(train))
    mu = 10.0 ** rng.uniform(-3.0, 3.0, n)
    sigma = mu * 10.0 ** rng.uniform(-1.5, 0.0, n) * rng.integers(0, 2)
    code = CODES[("presence", "signed", "onehot")[rng.integers(3)]]
    return ConceptGraph(
        train, mu=mu, sigma=sigma, weights=weights / weights.sum(), values=values, code=code
    )


def modes(A: mpmath.matrix) -> tuple[list[mpmath.mpf], mpmath.matrix]:
    """Return eigenvalues, those of rounding as zeros, and eigenvectors."""
    values, axes = mpmath.eigsy(A)
    floor = mpmath.mpf(10) ** -38 * max(values)
    return [value if value > floor else mpmath.mpf(0) for value in values], axes


def whole(array: np.ndarray) -> mpmath.matrix:
    return mpmath.matrix(np.asarray(array, float).tolist())


def numbers(matrix: mpmath.matrix) -> np.ndarray:
    return np.array(matrix.tolist(), float)


def moment(graph: ConceptGraph, bias: int) -> mpmath.matrix:
    """Return the second moment of one and class, without the spread."""
    total = mpmath.zeros(bias + graph.dim)
    for p, c in zip(graph.weights, graph.centroids, strict=True):
        row = whole([[1.0] * bias + c.tolist()])
        total += mpmath.mpf(float(p)) * (row.T * row)
    return total


@pytest.mark.parametrize("seed", range(24))
def test_affine_regression(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph, bias = drawn(rng, 6), int(rng.integers(2))
    asked = graph.classes[rng.permutation(graph.n_classes)[:5]]
    walls = graph.boundaries(asked)
    strength = graph.mu[graph.concepts]
    with mpmath.workdps(DIGITS):
        A = moment(graph, bias)
        for i, spread in enumerate(graph.spread):
            A[bias + i, bias + i] += mpmath.mpf(float(spread)) ** 2
        rates, axes = modes(A)
        told = whole(np.column_stack([np.ones((len(asked), bias)), graph.encode(asked)])) * axes

        def outputs(t: float) -> mpmath.matrix:
            risen = mpmath.diag([-mpmath.expm1(-rate * t) for rate in rates])
            return (told * risen * axes.T)[:, bias:]

        def ahead(t: float, k: int) -> float:
            """How far the worst share of a class is above ½."""
            out = outputs(t)[k, :]
            each = [
                (out * whole([normal]).T)[0] + float(offset) - 0.5
                for normal, offset in zip(walls.normals[k], walls.offsets[k], strict=True)
            ]
            return float(min(each))

        moving = [float(rate) for rate in rates if rate > 0] or [1.0]
        t = np.array([0.0, 0.3 / max(moving), (max(moving) * min(moving)) ** -0.5, 1e30])
        found = em.regression(graph, np.unique(t), classes=asked, bias=bool(bias))
        for one, now in zip(found, np.unique(t), strict=True):
            exact = numbers(outputs(now)) / strength
            assert np.abs((one - exact) / (1.0 + np.abs(exact))).max() < 1e-9
        times = em.learning_times(graph, classes=asked, bias=bool(bias))
        for k, time in enumerate(times):
            if np.isinf(time):
                assert ahead(1e60, k) < 1e-11
            elif time > 0:
                assert ahead(time * (1 - 1e-9), k) < 0 < ahead(time * (1 + 1e-9), k)
            else:
                assert min(ahead(now, k) for now in 10.0 ** np.arange(-9.0, 12.0)) > -1e-11


@pytest.mark.parametrize("seed", range(18))
def test_linear_diffusion(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    graph, bias = drawn(rng, 2), int(rng.integers(2))
    prediction = ("x0", "v", "eps")[seed % 3]
    sampler = (DDIM(5), DDPM(4), DDPM(4, variance="beta"))[seed // 3 % 3]
    levels, m = Levels.of(CosineVP(), sampler.steps), graph.dim
    w = float(rng.uniform(0.0, 3.0))
    with mpmath.workdps(DIGITS):
        known, one = moment(graph, bias), mpmath.eye(m)
        data = known[bias:, bias:].copy()
        for i, spread in enumerate(graph.spread):
            data[i, i] += mpmath.mpf(float(spread)) ** 2
        T = 1.0 / float(max(data[i, i] for i in range(m)) or 1.0)
        state, noise = one, mpmath.zeros(m)  # of the start, and what the steps have drawn
        fixed, asked = mpmath.zeros(m, 1), mpmath.zeros(m)
        for here, there in pairwise(levels):
            a, s, a2, s2 = (
                mpmath.mpf(float(x)) for x in (here.alpha, here.sigma, there.alpha, there.sigma)
            )
            A = mpmath.zeros(bias + 2 * m)
            A[: bias + m, : bias + m] = known
            A[: bias + m, bias + m :] = a * known[:, bias:]
            A[bias + m :, : bias + m] = a * known[:, bias:].T
            A[bias + m :, bias + m :] = a**2 * data + s**2 * one
            clean, drawn_noise = mpmath.zeros(m, bias + 2 * m), mpmath.zeros(m, bias + 2 * m)
            clean[:, : bias + m] = known[:, bias:].T
            clean[:, bias + m :] = a * data
            drawn_noise[:, bias + m :] = s * one
            target = {"x0": clean, "eps": drawn_noise, "v": a * drawn_noise - s * clean}
            rates, axes = modes(A)
            risen = [
                -mpmath.expm1(-rate * T) / rate if rate > 0 else mpmath.mpf(0) for rate in rates
            ]
            W = target[prediction] * axes * mpmath.diag(risen) * axes.T
            # (1 + w) f(class) - w f(none)
            parts = [W[:, :bias], (1 + mpmath.mpf(w)) * W[:, bias : bias + m], W[:, bias + m :]]
            given, kept = {"x0": (1, 0), "eps": (-s / a, 1 / a), "v": (-s, a)}[prediction]
            parts = [given * part for part in parts]
            parts[2] += kept * one
            hold = s2 / s if isinstance(sampler, DDIM) else a * s2**2 / (a2 * s**2)
            turn = (a2 - hold * a) * parts[2] + hold * one
            if bias:
                fixed = turn * fixed + (a2 - hold * a) * parts[0]
            asked = turn * asked + (a2 - hold * a) * parts[1]
            state = turn * state
            size = mpmath.mpf(0)
            if sampler.is_random:
                size = s**2 - (a / a2 * s2) ** 2
                size *= (s2 / s) ** 2 if sampler.variance == "posterior" else 1
            noise = turn * noise * turn.T + size * one
        covariance = numbers(state * state.T + noise)
        mean = numbers(fixed)[:, 0] + graph.encode(graph.classes) @ numbers(asked).T
    found = em.diffusion(
        graph, [T], prediction=prediction, sampler=sampler, guidance=w, bias=bool(bias)
    )
    sizes = np.sqrt(np.diag(covariance))
    scale = np.abs(mean) + sizes + graph.mu[graph.concepts]
    assert np.abs((found.mean[0] - mean) / scale).max() < 1e-9
    assert np.abs((found.covariance[0] - covariance) / np.outer(sizes, sizes)).max() < 1e-9
    start = em.diffusion(graph, [0.0], prediction=prediction, sampler=sampler, bias=bool(bias))
    assert np.abs((start.covariance[0] - covariance) / np.outer(sizes, sizes)).max() > 1e-8
