"""The random numbers of the optimiser: their generator, their law and their addresses."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from scipy import stats

from simtheory.sim.descent.draws import choose
from simtheory.sim.descent.gradients import as_gradients
from simtheory.sim.engine.random_numbers import normals, philox
from simtheory.tasks import SIMTask

KEY = np.array([2**63 + 11, 7], dtype=np.uint64)


@njit
def words_at(key, counter):
    return philox(key[0], key[1], counter[0], counter[1], counter[2], counter[3])


@njit
def normals_at(key, n, size):
    out = np.empty((n, size))
    for k in range(n):
        normals(key, 1, np.uint64(k), np.uint64(3), np.uint64(5), out[k])
    return out


@njit
def choices(key, steps, size, batch):
    order, swaps = np.arange(size), np.zeros(batch, dtype=np.intp)
    words, streams = np.zeros((8, 4), dtype=np.uint64), np.arange(8).astype(np.uint64)
    picks, out = np.zeros((8, batch), dtype=np.intp), np.empty((steps, batch), dtype=np.intp)
    for step in range(steps):
        choose(key, step, streams, order, swaps, words, picks)
        out[step] = picks[3]
    return out, order


def test_words_are_those_of_philox() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        key, counter = rng.integers(0, 2**64, (2, 4), dtype=np.uint64)
        counter[0] |= np.uint64(1)  # NumPy counts up before it draws
        before = counter.copy()
        before[0] -= np.uint64(1)
        expected = np.random.Philox(key=key[:2], counter=before).random_raw(4)
        np.testing.assert_array_equal(words_at(key[:2], counter), expected)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 8])
def test_normals_are_normal_and_independent(size: int) -> None:
    n = 200_000 // size
    draws = normals_at(KEY, n, size)
    assert stats.kstest(draws.ravel(), "norm").pvalue > 1e-3
    # Errors of a mean of n numbers: 1/√n, √2/√n, and √15/√n and √96/√n for the next two.
    for power, mean, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((draws**power).mean() - mean) < 4 * np.sqrt(spread / draws.size)
    products = draws.T @ draws / n - np.eye(size)
    assert np.abs(products).max() < 5 * np.sqrt(2 / n)
    lagged = (draws[1:] * draws[:-1]).mean(axis=0)
    assert np.abs(lagged).max() < 4.5 / np.sqrt(n)
    # Power: uniform numbers of the same mean and variance fail.
    flat = np.sqrt(12) * (np.random.default_rng(1).random(draws.size) - 0.5)
    assert stats.kstest(flat, "norm").pvalue < 1e-6
    assert abs((flat**4).mean() - 3) > 40 * np.sqrt(96 / draws.size)


def test_samples_follow_the_task() -> None:
    turn = np.linalg.qr(np.random.default_rng(4).standard_normal((4, 4)))[0]
    task = SIMTask(
        mu=(1.0, 2.0, 1.5),
        sigma=(0.3, 0.1, 0.2, 0.4),
        dim=4,
        weights=(0.2, 0.5, 0.3),
        rotation=turn,
    )
    n = 40_000
    source = as_gradients(task, None, n, 0.25, np.random.default_rng(5))
    found = source.inputs((2,), np.arange(2, dtype=np.uint64))
    x, y = (np.stack(points) for points in found.examples)
    assert x.shape == y.shape == (2, n, 4)
    plain = SIMTask(mu=task.mu, sigma=task.sigma, dim=4, weights=task.weights)
    # An entry is a mean of n products with a spread below E|x|^2, about 3: four of their errors.
    for points in x:
        np.testing.assert_allclose(points.mean(axis=0), plain.mean, atol=12 / np.sqrt(n))
        np.testing.assert_allclose(points.T @ points / n, plain.second_moment, atol=12 / np.sqrt(n))
    noise = (y - x).reshape(-1, 4)
    np.testing.assert_allclose(
        noise.T @ noise / len(noise), 0.25 * np.eye(4), atol=1.5 / np.sqrt(n)
    )
    for k in range(3):
        share = (np.abs(x[0] - plain.centroids[k]).max(axis=1) < 1.0 / 2).mean()
        assert share > 0.5 * task.weights[k]
    assert np.abs(x[0] - x[1]).max() > 0.5
    np.testing.assert_allclose(found.moments[1, 1], y[1].T @ x[1] / n, rtol=1e-13)


def test_batches_are_distinct_uniform_and_leave_no_trace() -> None:
    steps, size, batch = 20_000, 7, 5
    picks, order = choices(KEY, steps, size, batch)
    np.testing.assert_array_equal(order, np.arange(size))
    assert all(len(set(row)) == batch for row in picks[:200].tolist())
    for column in picks.T:
        assert stats.chisquare(np.bincount(column, minlength=size)).pvalue > 1e-3
    pairs = np.bincount(size * picks[:, 0] + picks[:, 4], minlength=size**2)
    assert stats.chisquare(pairs[pairs > 0]).pvalue > 1e-3
    assert np.count_nonzero(pairs) == size * (size - 1)
    np.testing.assert_array_equal(choices(KEY, 1, 3, 3)[0].sum(axis=1), 3)
