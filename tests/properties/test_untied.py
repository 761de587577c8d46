"""The untied net's closed forms on hostile input: right, or a clear refusal; never NaN."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simtheory.analytic import untied
from simtheory.analytic._shared.rows import adjacent_ratio
from simtheory.errors import RegimeError
from tests.properties.strategies import scales, seeds, tasks

powers = st.floats(-6.0, 6.0).map(lambda x: 10.0**x)
times = st.floats(-6.0, 6.0).map(
    lambda x: np.concatenate([[0.0], np.geomspace(1e-9, 1.0, 12)]) * 10.0**x
)
starts = st.one_of(st.floats(-300.0, 3.0).map(lambda x: 10.0**x), st.just(0.0))
levels = st.one_of(st.floats(-300.0, 6.0).map(lambda x: 10.0**x), st.just(0.0))


@given(powers, starts, levels, times)
def test_an_imbalanced_mode_moves_towards_one(rate, w0, lam, t) -> None:
    w = untied.imbalanced_mode(rate, w0, t, imbalance=lam)
    assert np.all(np.isfinite(w))
    gap = np.abs(1.0 - w)
    slack = 1e-14 * (1.0 + lam + w0)  # V holds λ as well as w: its rounding
    assert np.all(np.diff(gap) <= slack)
    low = (
        w0 * (1 - 1e-14) if w0 < 1.0 else 1.0 - slack
    )  # small starts keep their relative precision
    assert np.all((w >= low) & (w <= max(w0, 1.0) + slack))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), seeds, scales, powers, times)
def test_riccati_is_finite_and_bounded_by_start_and_target(n, h, m, seed, scale, size, t) -> None:
    """Balanced: |W| never exceeds the larger of start and target."""
    rng = np.random.default_rng(seed)
    rank = min(n, h, m)
    inner, inputs, outputs = (
        np.linalg.qr(rng.standard_normal((k, k)))[0][:, :rank] for k in (h, n, m)
    )
    share = scale * rng.random(rank)
    layers = (inner * share @ inputs.T, outputs * share @ inner.T)
    target = size * rng.standard_normal((m, n))
    if rng.random() < 0.3:
        target[:, 0] = 0.0
    weights = untied.riccati(layers, target, t)
    assert np.all(np.isfinite(weights))
    bound = max(np.linalg.norm(target, 2), np.linalg.norm(layers[1] @ layers[0], 2))
    assert np.linalg.norm(weights, 2, axis=(1, 2)).max() <= bound * (1 + 1e-9)
    np.testing.assert_allclose(weights[0], layers[1] @ layers[0], atol=1e-13 * scale**2)


@given(st.integers(1, 4).flatmap(tasks), st.integers(1, 5), seeds, scales, times)
def test_the_early_form_is_small_or_refuses(task, h, seed, scale, t) -> None:
    rng = np.random.default_rng(seed)
    layers = (
        scale * rng.standard_normal((h, task.dim)),
        scale * rng.standard_normal((task.dim, h)),
    )
    try:
        found = untied.early(task, layers, t)
    except RegimeError:
        grown = np.exp(2.0 * min(task.rates.max() * t[-1], 300.0)) * scale**2
        assert grown * 50 * h * task.dim > 0.1
        return
    assert np.linalg.norm(found.weights, 2, axis=(1, 2)).max() <= 0.1


@given(
    powers,
    st.floats(-6.0, -5e-4),
    st.floats(-12.0, -0.01),
    st.floats(-1, 1),
    st.floats(-1, 1),
    times,
)
def test_a_crossing_is_finite_and_dies(rate, log_ratio, log_w0, entry, partner, t) -> None:
    gain = untied.crossing(
        (rate, rate * 10.0**log_ratio), 10.0**log_w0, t / rate, start=(entry, partner)
    )
    assert np.all(np.isfinite(gain))
    # Growth is at most that of an early entry, e^((a_i+a_j)t), until x is of order one.
    assert np.abs(gain).max() <= 10.0 * 10.0**-log_w0


@settings(max_examples=20)
@given(st.integers(1, 3).flatmap(tasks), seeds, st.floats(-8.0, -0.1), st.floats(-1.0, 3.0))
def test_the_first_order_form_is_finite_or_refuses(task, seed, log_scale, log_time) -> None:
    rng = np.random.default_rng(seed)
    U = np.eye(task.dim) + 1e-4 * rng.standard_normal((task.dim, task.dim))
    U *= 10.0 ** (0.5 * log_scale)
    t = np.array([0.0, 0.5, 1.0]) * 10.0**log_time / max(task.rates.max(), 1e-300)
    try:
        found = untied.first_order(task, (U.T, U), t)
    except RegimeError:
        return
    assert np.abs(found.weights).max() <= 1.0 + 1e-12


@settings(max_examples=40)
@given(st.integers(1, 4).flatmap(tasks), st.integers(1, 5), seeds, scales, times)
def test_the_two_factors_are_finite_and_stay_near_the_unit_ball(task, h, seed, scale, t) -> None:
    """Any width, rank and scale, rates equal or not, and times far beyond the last concept."""
    rng = np.random.default_rng(seed)
    layers = (
        scale * rng.standard_normal((h, task.dim)),
        scale * rng.standard_normal((task.dim, h)),
    )
    try:
        found = untied.ldr(task, layers, t)
    except RegimeError:
        large = max(np.linalg.norm(layer, 2) for layer in layers) > 0.3
        assert large or adjacent_ratio(task.rates) > 0.8
        return
    assert np.all(np.isfinite(found.weights))
    assert np.linalg.norm(found.weights, 2, axis=(1, 2)).max() <= 1.1
    U = untied.effective_start(layers)
    np.testing.assert_allclose(found.weights[0], U @ U.T, atol=1e-12 * scale**2)
