"""Finite samples on hostile input: right, or a clear refusal; never NaN."""

from __future__ import annotations

import warnings

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simtheory import SIMTask
from simtheory.analytic import finite_sample
from simtheory.analytic.finite_sample.high_dimension import mean_decay
from simtheory.analytic.finite_sample.moments import _first_difference, _second_difference
from simtheory.errors import ArgumentError, RegimeError, RegimeWarning
from tests.properties.strategies import rates, seeds, tasks

sizes = st.integers(1, 5)
spans = st.floats(-9.0, 4.0)


def differences(a: float, b: float, t: float) -> tuple[float, float]:
    """f[a, b] and f[a, a, b] of e^(−xt) on 200 digits, by their definitions and limits."""
    with mpmath.workdps(200):
        a, b, t = mpmath.mpf(a), mpmath.mpf(b), mpmath.mpf(t)
        low = mpmath.exp(-a * t)
        if a == b:
            return float(-t * low), float(t**2 * low / 2)
        first = (low - mpmath.exp(-b * t)) / (a - b)
        return float(first), float((first + t * low) / (b - a))


@given(rates(2), spans)
def test_divided_differences_of_any_rates(a, log_span) -> None:
    t = 10.0**log_span / max(a.max(), 1e-100)
    first = _first_difference(a, np.array([t]))[0]
    second = _second_difference(a, np.array([t]))[0]
    for i in range(2):
        for j in range(2):
            exact = differences(a[i], a[j], t)
            # at itself is rounded before it is put into the exponent
            slack = 1e-12 * (1 + a.max() * t)
            assert abs(first[i, j] - exact[0]) <= slack * abs(exact[0]) + 1e-300
            assert abs(second[i, j] - exact[1]) <= slack * abs(exact[1]) + 1e-300


@given(sizes.flatmap(tasks), seeds, st.integers(1, 10**9), spans, st.floats(0, 10))
def test_the_expansion_is_finite_or_refused(task, seed, n, log_span, noise) -> None:
    rng = np.random.default_rng(seed)
    task = SIMTask(mu=np.sqrt(task.rates * rng.random(task.dim)), sigma=task.sigma)
    t = np.array([0.0, 10.0**log_span / max(task.rates.max(), 1e-100)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RegimeWarning)
        found = finite_sample.perturbation(task, n, t, label_noise=noise, strict=False)
    assert np.all(np.isfinite(found.mean))
    assert np.all(found.variance >= 0)
    assert np.all(found.mean[0] == 0)
    assert np.all(found.variance[0] == 0)
    if found.parameter[1] > 0.5:
        with pytest.raises(RegimeError, match="small parameter"):
            finite_sample.perturbation(task, n, t)
    else:
        # Convexity: a fluctuating rate learns less, by at most ε² of what could be learned.
        learned = -np.expm1(-task.rates * t[1])
        bias = learned - np.diag(found.mean[1])
        assert np.all(bias >= -1e-12)
        assert np.all(bias <= found.parameter[1] ** 2 + 1e-12)


@given(rates(4), st.integers(1, 1000), st.floats(-6.0, 4.0))
def test_the_contour_for_rates_of_any_ratio(a, n, log_span) -> None:
    t = np.array([0.0, 10.0**log_span / max(a.max(), 1e-100)])
    left = mean_decay(a, n, t)
    np.testing.assert_allclose(left[0], 1.0, atol=1e-9)
    assert np.all((left >= 0) & (left <= 1))
    # By convexity what is left is more than with infinite data.
    assert np.all(left[1] >= np.exp(-a * t[1]) - 1e-9)
    order = np.argsort(a, kind="stable")
    # Faster coordinates have less left, in the mean as in each sample.
    assert np.all(np.diff(left[1][order]) <= 1e-9)


@given(st.floats(-8, 8), st.floats(-6, 6), st.floats(-6, 6))
def test_a_spike_of_any_strength(log_strength, log_noise, log_ratio) -> None:
    noise, ratio = 10.0**log_noise, 10.0**log_ratio
    g = noise * 10.0**log_strength
    found = finite_sample.spike(g, noise, ratio)
    assert 0 <= found.overlap <= 1
    edge = noise * (1 + ratio**0.5) ** 2
    assert found.eigenvalue >= edge * (1 - 1e-12)
    assert found.learnable == (g > noise * np.sqrt(ratio))
    # Continuous at the threshold.
    near = finite_sample.spike(noise * np.sqrt(ratio) * (1 + 1e-9), noise, ratio)
    np.testing.assert_allclose(near.eigenvalue, edge, rtol=1e-8)
    assert near.overlap < 1e-8


def test_what_cannot_be_answered_is_refused() -> None:
    equal = SIMTask(mu=(1.0, 1.0), sigma=0.5)
    near = SIMTask(mu=(1.0, 1.001), sigma=0.5)
    with pytest.raises(RegimeError, match="two rates are equal"):
        finite_sample.rate_shift(equal, 100)
    with pytest.raises(RegimeError, match="further apart"):
        finite_sample.rate_shift(near, 100)
    with pytest.warns(RegimeWarning, match="further apart"):
        finite_sample.rate_shift(near, 100, strict=False)
    with pytest.raises(RegimeError, match="at least 10 dimensions"):
        finite_sample.proportional(equal, 100, [1.0])
    with pytest.raises(RegimeError, match="at least 10 dimensions"):
        finite_sample.spikes(equal, 100)
    with pytest.raises(RegimeError, match="one positive variance"):
        finite_sample.spikes(SIMTask(mu=(1.0,), sigma=0.5, dim=20), 100)
    with pytest.raises(ArgumentError, match="`noise` must be positive"):
        finite_sample.spike(1.0, 0.0, 1.0)
    with pytest.raises(ArgumentError, match="`strength` must be not negative"):
        finite_sample.spike(-1.0, 1.0, 1.0)
    with pytest.raises(ArgumentError, match="squared_rates"):
        finite_sample.moment_variance(SIMTask(mu=(1.0,), sigma=0.1, squared_rates=True), 10)
    silent = finite_sample.best_stop(equal, 100, label_noise=0.0)
    assert np.all(np.isinf(silent))
