"""One layer on finite samples, against drawn samples, exact means and reference numbers.

The literal numbers are compared to the digits to which they were noted; what is drawn is compared
within standard errors, all seeds fixed.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import ortho_group

from simtheory import SIMTask
from simtheory.analytic import finite_sample
from simtheory.analytic.finite_sample.high_dimension import mean_decay


@pytest.fixture
def task() -> SIMTask:
    return SIMTask(mu=(2.0, 1.2, 0.8), sigma=(0.5, 0.4, 0.3))


def second_moments(task: SIMTask, n: int, runs: int, rng: np.random.Generator) -> np.ndarray:
    """Second moments of `runs` training sets whose clusters are drawn anew, shape (runs, d, d)."""
    cluster = rng.choice(task.weights.size, size=(runs, n), p=task.weights)
    noise = rng.standard_normal((runs, n, task.dim)) * task.sigma
    x = task.centroids[cluster] + noise
    return np.swapaxes(x, -1, -2) @ x / n


def test_noted_biases_and_shifts(task: SIMTask) -> None:
    found = finite_sample.perturbation(task, 400, [1.0])
    bias = np.diag(found.mean[0]) - 1 + np.exp(-task.rates)
    np.testing.assert_allclose(bias, [-1.50e-3, -7.9e-4, -3.7e-4], atol=5e-6)
    shift = finite_sample.rate_shift(task, 400)
    np.testing.assert_allclose(shift, [1.37e-3, -3.1e-4, -1.06e-3], atol=5e-6)


def test_mean_and_variance_of_drawn_samples(task: SIMTask) -> None:
    """4000 training sets of 400: variances within 5 %, biases within four standard errors.

    A variance of 4000 draws is known to √(2/4000) = 2.2 %; the order left out is relative 1.5 ε²,
    with ε = 0.12 at t = 1 another 2 %. The shift of a rate has the same standard error.
    """
    moments = second_moments(task, 400, 4000, np.random.default_rng(1))
    values, axes = np.linalg.eigh(moments)
    W = (axes * -np.expm1(-values)[:, None, :]) @ np.swapaxes(axes, -1, -2)
    found = finite_sample.perturbation(task, 400, [1.0])
    variance = W.var(axis=0, ddof=1)
    np.testing.assert_allclose(found.variance[0] / variance, 1.0, atol=0.08)
    error = np.sqrt(variance / len(W))
    assert np.all(np.abs(W.mean(axis=0) - found.mean[0]) < 4 * error)
    drawn = moments.var(axis=0, ddof=1)
    np.testing.assert_allclose(finite_sample.moment_variance(task, 400) / drawn, 1.0, atol=0.12)
    shift = values[:, ::-1].mean(axis=0) - task.rates
    spread = values[:, ::-1].std(axis=0, ddof=1) / np.sqrt(len(values))
    assert np.all(np.abs(shift - finite_sample.rate_shift(task, 400)) < 4 * spread)
    # Power: infinite data have no variance at all, and the strongest concept's bias shows.
    assert np.abs(0.0 / variance - 1.0).min() > 10 * 0.08
    assert abs(W[:, 0, 0].mean() - 1 + np.exp(-task.rates[0])) > 3 * error[0, 0]


def test_label_noise_of_drawn_samples() -> None:
    """W = (A + N)φ₁ with N = mean ξxᵀ: what noise adds is within 8 % of the form at n = 1000."""
    rng, n, noise, t = np.random.default_rng(2), 1000, 0.5, 2.0
    task = SIMTask(mu=(0.0, 0.0), sigma=np.sqrt([1.0, 0.3]))
    x = rng.standard_normal((4000, n, 2)) * task.sigma
    labels = np.sqrt(noise) * rng.standard_normal((4000, n))
    values, axes = np.linalg.eigh(np.swapaxes(x, -1, -2) @ x / n)
    grown = (axes * (-np.expm1(-values * t) / values)[:, None, :]) @ np.swapaxes(axes, -1, -2)
    added = np.einsum("rn,rnj,rjk->rk", labels / n, x, grown)
    quiet = finite_sample.perturbation(task, n, [t])
    noisy = finite_sample.perturbation(task, n, [t], label_noise=noise)
    stated = (noisy.variance - quiet.variance)[0]
    np.testing.assert_allclose(stated / added.var(axis=0), 1.0, atol=0.08)
    np.testing.assert_allclose(stated[0], stated[1], rtol=1e-12)


def test_the_contour_is_the_law_of_marchenko_and_pastur() -> None:
    """Equal rates: the mean is an integral over a density that is known in closed form."""
    for ratio, n in ((0.5, 40), (0.1, 200), (1.0, 20), (3.0, 10)):
        low, high = (1 - ratio**0.5) ** 2, (1 + ratio**0.5) ** 2
        for t in (0.1, 1.0, 5.0):

            def integrand(angle: float, t=t, low=low, high=high, ratio=ratio) -> float:
                x = (low + high) / 2 - (high - low) / 2 * np.cos(angle)
                root = (high - low) / 2 * np.sin(angle)
                return np.exp(-x * t) * root**2 / (2 * np.pi * ratio * max(x, 1e-300))

            exact = quad(integrand, 0.0, np.pi, epsabs=1e-13, limit=400)[0]
            exact += max(0.0, 1 - 1 / ratio)
            found = mean_decay(np.ones(round(ratio * n)), n, np.array([t]))[0]
            np.testing.assert_allclose(found, exact, rtol=0, atol=1e-11)  # the rule's tolerance
            assert abs(np.exp(-t) - exact) > 1e-4


def test_the_contour_is_the_resolvent_integrated_the_plain_way() -> None:
    """A circle in z, with k found at each of its points by iteration."""
    a, n, t = np.linspace(0.2, 2.0, 12), 60, 1.5
    centre, radius = 1.9, 1.9 - 1e-2
    z = centre + radius * np.exp(2j * np.pi * (np.arange(4000) + 0.5) / 4000)
    k = -z
    for _ in range(400):
        k = -z / (1.0 - np.sum(a / (a + k[:, None]), axis=1) / n)
    assert np.abs(-k * (1 - np.sum(a / (a + k[:, None]), axis=1) / n) - z).max() < 1e-12
    resolvent = -(k / z)[:, None] / (a + k[:, None])
    exact = -np.mean((np.exp(-z * t) * (z - centre))[:, None] * resolvent, axis=0).real
    found = mean_decay(a, n, np.array([t]))[0]
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-10)
    assert np.abs(np.exp(-a * t) - exact).max() > 1e-2


def test_two_samples_a_dimension() -> None:
    """Six draws of d = 200, n = 400: off by their own noise (noted: .030), infinite data by .149."""
    a, rng = np.linspace(0.05, 2.0, 200), np.random.default_rng(3)
    rotation = ortho_group.rvs(200, random_state=4)
    task = SIMTask(mu=np.zeros(200), sigma=np.sqrt(a), rotation=rotation)
    drawn = np.zeros(200)
    for _ in range(6):
        x = rng.standard_normal((400, 200)) * np.sqrt(a)
        values, axes = np.linalg.eigh(x.T @ x / 400)
        drawn += axes**2 @ np.exp(-2.0 * values) / 6
    run = finite_sample.proportional(task, 400, [2.0], probes=np.zeros((1, 200)))
    found = 1.0 - np.diag(rotation.T @ run.weights[0] @ rotation)
    deviation = np.abs(drawn - found)
    assert deviation.max() == pytest.approx(0.030, abs=0.01)
    naive = np.abs(drawn - np.exp(-2.0 * a))
    assert naive.max() == pytest.approx(0.149, abs=0.01)
    # The mean over the rates averages the draws' noise out.
    assert abs(np.mean(drawn - found)) < 0.1 * abs(np.mean(drawn - np.exp(-2.0 * a)))


@pytest.mark.slow
def test_a_spike_of_drawn_samples() -> None:
    found = finite_sample.spike(1.35, 0.25, 0.5)
    assert found.eigenvalue == pytest.approx(1.748, abs=5e-4)
    assert found.overlap == pytest.approx(0.900, abs=5e-4)
    rng, scale = np.random.default_rng(5), np.full(100, 0.5)
    scale[0] = 1.6**0.5
    x = rng.standard_normal((200, 200, 100)) * scale
    values, axes = np.linalg.eigh(np.swapaxes(x, -1, -2) @ x / 200)
    for drawn, stated, naive in (
        (values[:, -1], found.eigenvalue, 1.6),
        (axes[:, 0, -1] ** 2, found.overlap, 1.0),
    ):
        error = drawn.std(ddof=1) / np.sqrt(len(drawn))
        assert abs(drawn.mean() - stated) < 3 * error
        assert abs(drawn.mean() - naive) > 10 * error
    # Below the threshold 0.25 √0.5 = 0.177 the edge is all there is.
    scale = np.full(400, 0.5)
    scale[0] = 0.35**0.5
    x = rng.standard_normal((800, 400)) * scale
    values, axes = np.linalg.eigh(x.T @ x / 800)
    hidden = finite_sample.spike(0.1, 0.25, 0.5)
    assert not hidden.learnable
    assert values[-1] == pytest.approx(hidden.eigenvalue, rel=0.03)  # n^(−2/3) = 1.2 %
    assert axes[0, -1] ** 2 < 0.1
