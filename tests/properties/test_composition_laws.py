"""Laws of compositions that hypothesis draws: products, noise, repairs, flows, freezing, validity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simtheory.analytic import composition as cp
from simtheory.analytic.composition.line import _flow, fast_score
from simtheory.tasks import Composition, GaussianMixture

seeds = st.integers(0, 2**32 - 1)
POINTS = np.random.default_rng(5).normal(size=(6, 2))


def mixture(rng: np.random.Generator, k: int, d: int = 2) -> GaussianMixture:
    A = rng.normal(size=(k, d, d))
    spreads = 0.3 * A @ np.swapaxes(A, 1, 2) + 0.05 * np.eye(d)
    return GaussianMixture(rng.dirichlet(np.ones(k)), rng.normal(size=(k, d)), spreads)


@given(seeds)
@settings(max_examples=15)
def test_products_are_associative(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, q, r = (mixture(rng, int(k)) for k in rng.integers(1, 4, size=3))
    whole = cp.product(p * q * r, prune=0.0)
    first = cp.product(p * q, prune=0.0)
    after = cp.product(first.mixture * r, prune=0.0)
    assert after.log_partition + first.log_partition == pytest.approx(
        whole.log_partition, rel=1e-9, abs=1e-9
    )
    np.testing.assert_allclose(
        after.mixture.log_density(POINTS), whole.mixture.log_density(POINTS), rtol=1e-8, atol=1e-8
    )


@given(seeds, st.integers(1, 3), st.integers(1, 4))
@settings(max_examples=15)
def test_the_gap_at_high_noise_is_the_same_for_all_gaussians(seed: int, d: int, K: int) -> None:
    rng, level = np.random.default_rng(seed), 1e7
    experts = [mixture(rng, 1, d) for _ in range(K)]
    right = cp.target_law(Composition(experts))
    summed = cp.target_law(Composition([e.noised(level) for e in experts]))
    noised = right.covariance + level * np.eye(d)
    ratio = np.linalg.solve(summed.covariance, noised)
    apart = right.mean - summed.mean
    gap = 0.5 * (np.trace(ratio) - d - np.linalg.slogdet(ratio)[1])
    gap += 0.5 * apart @ np.linalg.solve(summed.covariance, apart)
    assert gap == pytest.approx(cp.high_noise_gap(d, K), abs=1e-4)


@given(seeds, st.floats(0.01, 10.0), st.floats(-0.2, 3.0), st.floats(0.5, 3.0))
@settings(max_examples=20)
def test_the_repaired_score_is_that_of_the_diffused_product(
    seed: int, level: float, first: float, second: float
) -> None:
    rng = np.random.default_rng(seed)
    c = Composition([mixture(rng, 1), mixture(rng, 1)], (second, first))
    assume(cp.normalizable(c))
    exact = cp.target_law(c)
    score = -np.linalg.solve(
        exact.covariance + level * np.eye(2), (POINTS - exact.mean).T
    ).T  # fmt: skip
    for curvature in (cp.Gaussian(), cp.Tweedie()):
        found = cp.repaired_score(c, POINTS, level=level, curvature=curvature)
        np.testing.assert_allclose(found, score, rtol=1e-6, atol=1e-6 * np.abs(score).max())


@given(seeds, st.floats(0.3, 3.0))
@settings(max_examples=8)
def test_the_flow_of_densities_keeps_mass_and_sign(seed: int, churn: float) -> None:
    rng = np.random.default_rng(seed)
    c = mixture(rng, 2, 1) * mixture(rng, 2, 1)
    kappa = min(float(e.variances.min()) for e in c.experts)
    z = np.linspace(-40.0, 40.0, 401)
    edges = np.linspace(np.log(kappa + 50.0), np.log(kappa), 41)
    end = _flow(fast_score(c), z, np.exp(-0.5 * z**2), edges, kappa, churn**2)
    assert end.sum() * (z[1] - z[0]) == pytest.approx(1.0, abs=1e-11)
    assert end.min() >= 0.0


@given(seeds, st.integers(2, 4))
@settings(max_examples=8)
def test_rates_of_freezing_keep_the_exact_masses(seed: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    places = np.cumsum(rng.uniform(0.8, 1.5, m))[:, None]
    g = GaussianMixture(rng.dirichlet(3.0 * np.ones(m)), places, rng.uniform(0.02, 0.1, m))
    c = g * GaussianMixture([1.0], [float(places.mean())], [4.0])
    found = cp.freeze_out(c, places, [0.3, 0.05], [5.0, 5.0])
    scale = np.abs(found.rates).max(axis=(1, 2))[:, None]
    assert np.all(np.abs(found.rates.sum(axis=2)) <= 1e-12 * scale)
    assert np.all(np.abs(np.einsum("tm,tmn->tn", found.exact, found.rates)) <= 1e-12 * scale)
    np.testing.assert_allclose(found.masses.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(found.masses[0], found.exact[0], atol=1e-9)


@given(st.floats(0.5, 5.0), st.floats(0.05, 0.4), st.floats(0.3, 0.95), st.integers(1, 3))
@settings(max_examples=15)
def test_validity_changes_at_its_root(a: float, b: float, w: float, d: int) -> None:
    root = (w * a - b) / (1.0 - w)  # 1/(a + λ) = w/(b + λ)
    assume(root > 0.01)
    wide, narrow = (GaussianMixture([1.0], np.zeros((1, d)), [v]) for v in (a, b))
    c = Composition((wide, narrow), (1.0, -w))
    found = cp.validity(c)
    assert not found.holds
    assert found.level == pytest.approx(root, rel=1e-6)
    assert cp.normalizable(c, level=1.001 * root)
    assert not cp.normalizable(c, level=0.999 * root)
