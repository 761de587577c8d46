"""The expansions in 1/n approach the exact mean over training sets at the power they claim.

In one and two dimensions that mean is known: the second moment of n Gaussian samples is a product of
χ² variables and a normal one (Bartlett), which Gauss's rules integrate to rounding.
"""

from __future__ import annotations

import numpy as np
import pytest

from simtheory import SIMTask
from simtheory.analytic import finite_sample
from simtheory.analytic.finite_sample.high_dimension import mean_decay


def gauss(alpha: float | None, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights for a Gamma(alpha + 1) variable, or for a standard normal one."""
    k = np.arange(points)
    if alpha is None:
        matrix = np.diag(np.sqrt(k[1:]), 1)
        matrix = matrix + matrix.T
    else:
        matrix = np.diag(2.0 * k + 1.0 + alpha)
        beside = np.diag(np.sqrt(k[1:] * (k[1:] + alpha)), 1)
        matrix = matrix + beside + beside.T
    nodes, vectors = np.linalg.eigh(matrix)
    return nodes, vectors[0] ** 2


def moments_of_two_modes(a: np.ndarray, n: int, t: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean and variance of W(t), and the mean of the larger eigenvalue, over samples of size n."""
    c1, w1 = gauss(n / 2 - 1, 24)
    c2, w2 = gauss((n - 1) / 2 - 1, 24)
    z, w3 = gauss(None, 24)
    weight = np.einsum("i,j,k->ijk", w1, w2, w3)[..., None, None]
    lower = np.zeros((24, 24, 24, 2, 2))
    lower[..., 0, 0] = np.sqrt(2 * c1)[:, None, None]
    lower[..., 1, 1] = np.sqrt(2 * c2)[None, :, None]
    lower[..., 1, 0] = z
    lower *= np.sqrt(a / n)[:, None]
    values, axes = np.linalg.eigh(lower @ np.swapaxes(lower, -1, -2))
    W = (axes * -np.expm1(-values * t)[..., None, :]) @ np.swapaxes(axes, -1, -2)
    mean = np.sum(weight * W, axis=(0, 1, 2))
    square = np.sum(weight * (W - mean) ** 2, axis=(0, 1, 2))
    return mean, square, float(np.sum(weight[..., 0, 0] * values[..., 1]))


SIZES = (100, 200, 400, 800)


def test_means_and_variances_err_as_one_over_n_squared() -> None:
    """Doubling n divides both errors by 4; the next order is 1/n, a few percent at n = 100."""
    a, t = np.array([1.0, 0.4]), 1.5
    task = SIMTask(mu=(0.0, 0.0), sigma=np.sqrt(a))
    errors, nulls = [], []
    for n in SIZES:
        mean, variance, top = moments_of_two_modes(a, n, t)
        found = finite_sample.perturbation(task, n, [t])
        shift = finite_sample.rate_shift(task, n)[0]
        naive = np.diag(1 - np.exp(-a * t))
        errors.append([
            *np.diag(found.mean[0] - mean),
            *(found.variance[0] - variance)[np.triu_indices(2)],
            shift - (top - 1.0),
        ])  # fmt: skip
        nulls.append([*np.diag(naive - mean), *variance[np.triu_indices(2)], top - 1.0])
        # The claim of relative size: variances are off by at most 1.5 ε².
        share = np.abs(found.variance[0] / variance - 1.0)
        assert share.max() < 1.5 * found.parameter[0] ** 2
        assert abs(mean[0, 1]) < 1e-12
    ratios = np.array(errors)[:-1] / np.array(errors)[1:]
    np.testing.assert_allclose(ratios[-1], 4.0, rtol=0.05)
    # Power: without the correction the error only halves, and at n = 800 is ten times as large.
    null_ratios = np.array(nulls)[:-1] / np.array(nulls)[1:]
    np.testing.assert_allclose(null_ratios[-1], 2.0, rtol=0.05)
    assert np.all(np.abs(nulls[-1]) > 10 * np.abs(errors[-1]))


def test_one_mode_is_known_in_closed_form() -> None:
    """E e^(−ât) = (1 + 2at/n)^(−n/2): the rules above are right, and so is the bias."""
    mean, _, _ = moments_of_two_modes(np.array([1.0, 0.4]), 100, 1.5)
    task = SIMTask(mu=(0.0,), sigma=1.0)
    errors = []
    for n in SIZES:
        exact = (1 + 2 * 1.5 / n) ** (-n / 2)
        found = finite_sample.perturbation(task, n, [1.5]).mean[0, 0, 0]
        errors.append(1 - exact - found)
    np.testing.assert_allclose(np.array(errors[:-1]) / errors[1:], 4.0, rtol=0.05)
    assert mean[0, 0] < 1 - np.exp(-1.5)


def test_the_proportional_limit_errs_as_one_over_n() -> None:
    """At d/n = 1/2 with d doubled, n times the error of the mean over equal rates stays put.

    Compared within three standard errors of the draws, which are a few percent of it; an error that
    fell as n^(−1/2) or as n^(−2) would double or halve it.
    """
    rng, t, scaled, errors = np.random.default_rng(0), 2.0, [], []
    for d, runs in ((10, 12_000), (20, 8000), (40, 4000)):
        n = 2 * d
        x = rng.standard_normal((runs, n, d))
        values = np.linalg.eigvalsh(np.swapaxes(x, -1, -2) @ x / n)
        left = np.exp(-values * t).mean(axis=1)
        found = mean_decay(np.ones(d), n, np.array([t]))[0, 0]
        scaled.append(n * (left.mean() - found))
        errors.append(n * left.std(ddof=1) / np.sqrt(runs))
        assert abs(left.mean() - np.exp(-t)) > 10 * abs(left.mean() - found)
    assert max(errors) < 0.08 * min(scaled)
    assert np.all(np.abs(np.diff(scaled)) < 3 * np.hypot(errors[1:], errors[:-1]))


def test_many_samples_join_the_two_expansions() -> None:
    """With d fixed both forms tend to the flow as 1/n, and differ from each other as 1/n, too.

    Their first corrections are Σ_j a_ia_j f[a_i, a_i, a_j]/n, with the pair i = j counted once in the
    limit of many dimensions and twice (Gaussian fourth moments) in the expansion.
    """
    a, t = np.linspace(0.5, 1.5, 12), 1.0
    task = SIMTask(mu=np.zeros(12), sigma=np.sqrt(a))
    for n in (10**5, 10**6):
        large = 1 - mean_decay(a, n, np.array([t]))[0]
        small = np.diag(finite_sample.perturbation(task, n, [t]).mean[0])
        twice = a**2 * t**2 * np.exp(-a * t) / 2 / n
        np.testing.assert_allclose(large - small, twice, rtol=0, atol=40 / n**2 + 1e-11)
        assert twice.min() > 1e-8
    assert twice.max() == pytest.approx(2.7e-7, rel=0.1)
