"""The structure of the tied net at its extremes: never a NaN or an overflow, always right or refused."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from simtheory import SIMTask
from simtheory.analytic import tied
from tests.properties.strategies import rates, seeds, starts, tasks

times = st.floats(-6.0, 6.0).map(
    lambda x: np.concatenate([[0.0], np.geomspace(1e-9, 1.0, 12)]) * 10.0**x
)
dimensions = st.integers(1, 5)
problems = dimensions.flatmap(lambda d: st.tuples(tasks(d), starts(d)))
logs = st.floats(-6.0, 6.0)

ROUNDING = 1e-12  # a few d² eps of slack on quantities of size one


@given(problems, times)
def test_a_projector_stays_one(problem, t) -> None:
    task, U = problem
    frame = np.linalg.qr(U[:, : task.dim] + np.eye(*U.shape)[:, : task.dim])[0]
    W = tied.projector(task, frame, t).weights
    np.testing.assert_allclose(W @ W, W, atol=ROUNDING)
    np.testing.assert_allclose(np.trace(W, axis1=1, axis2=2), frame.shape[1], atol=ROUNDING)
    np.testing.assert_allclose(W[0], frame @ frame.T, atol=1e-10)


@given(st.floats(-6.0, 6.0), st.floats(-8.0, -1.0), st.floats(-15.0, 6.0), times)
def test_a_projector_on_a_line_turns_as_its_ratio_says(level, tilt, gap, t) -> None:
    """One column in the plane: tan of its angle grows by e^{(a₁−a₂)t/2}."""
    a = 10.0**level * np.array([1.0 + 10.0**gap, 1.0])
    task = SIMTask(mu=np.zeros(2), sigma=np.sqrt(a))
    u = np.array([10.0**tilt, 1.0]) / np.hypot(10.0**tilt, 1.0)
    W = tied.projector(task, u[:, None], t).weights
    gaps = (task.rates[0] - task.rates[1]) * t
    log_ratio = 2 * tilt * np.log(10.0) + gaps
    strong = np.exp(-np.logaddexp(0.0, -log_ratio))
    # The exponent is known to eps times the growth, a t.
    slack = 1e-12 + 1e-15 * np.abs(gaps)
    assert np.all(np.abs(W[:, 0, 0] - strong) <= slack)


@given(rates(3), st.integers(1, 5), seeds, times)
def test_blocks_stay_between_zero_and_the_identity(a, h, seed, t) -> None:
    task = SIMTask(mu=np.zeros(3), sigma=np.sqrt(a))
    rows = np.linalg.qr(np.random.default_rng(seed).standard_normal((max(h, 3), 3)))[0].T
    W = tied.blocks(task, 0.5 * rows, t).weights
    values = np.linalg.eigvalsh(W)
    assert values.min() >= -ROUNDING
    assert values.max() <= 1.0 + ROUNDING
    np.testing.assert_allclose(W[0], 0.25 * np.eye(3), atol=ROUNDING)


@given(
    dimensions.flatmap(
        lambda d: st.tuples(st.lists(st.floats(-3.0, 3.0), min_size=d, max_size=d), starts(d))
    ),
    logs,
    times,
)
def test_a_target_is_approached_from_inside(problem, log_rate, t) -> None:
    """0 ≤ W ≤ max(1, B): neither indefinite targets, zeros nor long times overflow."""
    levels, U = np.array(problem[0]), problem[1]
    W = tied.whitened_teacher(np.diag(levels), U, t, rate=10.0**log_rate)
    values = np.linalg.eigvalsh(W)
    assert np.isfinite(W).all()
    assert values.min() >= -1e-9
    assert values.max() <= max(1.0, levels.max()) * (1.0 + 1e-9)
    size = np.sqrt(np.diagonal(U @ U.T))
    assert np.all(np.abs(W[0] - U @ U.T) <= 1e-10 * np.outer(size, size))


@given(st.lists(st.floats(-2.0, 2.0), min_size=3, max_size=3), seeds, st.floats(-2.0, 1.0))
def test_a_target_can_be_stopped_and_gone_on_with(levels, seed, log_t) -> None:
    """A semigroup: the state after t₁ + t₂ is that after t₂ from the state after t₁."""
    B, t = np.diag(levels), 10.0**log_t
    U = 0.3 * np.random.default_rng(seed).standard_normal((3, 3))
    assume(np.linalg.svd(U, compute_uv=False)[-1] > 1e-2)
    first = tied.whitened_teacher(B, U, [t])[0]
    values, axes = np.linalg.eigh(first)
    half = axes * np.sqrt(values.clip(min=0.0))
    whole = tied.whitened_teacher(B, U, [2 * t])[0]
    again = tied.whitened_teacher(B, half, [t])[0]
    # Directions that shrank to w are known to eps/w when they grow again; they do not grow here.
    np.testing.assert_allclose(again, whole, atol=1e-9)


@given(logs, st.floats(-300.0, 2.0), st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), times)
def test_a_mode_with_decay_moves_to_its_level(log_rate, log_start, ratio, target, t) -> None:
    a, w0 = 10.0**log_rate, 10.0**log_start
    kappa = a * abs(ratio)
    w = tied.decayed_mode(a, w0, t, decay=kappa, teacher=target)
    level = tied.decayed_level(a, decay=kappa, teacher=target)
    assert np.isfinite(w).all()
    assert np.all(w >= 0)
    assert w[0] == w0
    assert np.all(np.abs(w - level) <= max(abs(w0 - level), 1e-300) * (1 + 1e-12) + 1e-15)
    assert np.all(np.diff(np.sign(level - w0) * w) >= -1e-13 * max(w0, level))


@given(dimensions.flatmap(lambda d: st.tuples(rates(d), seeds)), st.floats(-8.0, 0.3), logs, times)
def test_width_one_with_decay_is_finite_and_below_its_bound(problem, log_scale, ratio, t) -> None:
    a, seed = problem
    assume(a.max() > 0)
    u0 = np.random.default_rng(seed).standard_normal(a.size)
    u0 *= 10.0**log_scale / np.linalg.norm(u0)
    kappa = a.max() * 10.0 ** (ratio / 3)
    task = SIMTask(mu=np.zeros(a.size), sigma=np.sqrt(a))
    W = tied.rank_one_decay(task, u0, t, decay=kappa).weights
    g = np.trace(W, axis1=1, axis2=2)
    # g' ≤ 2g(a_max − κ − a g) and more decay than none: the fastest mode is a bound.
    bound = np.maximum(g[0], 1.0)
    assert np.isfinite(W).all()
    assert np.all(g <= bound * (1 + 1e-8))
    np.testing.assert_allclose(W[0], np.outer(u0, u0), rtol=1e-12, atol=0)


@given(logs, st.floats(-300.0, -1e-3), st.floats(1e-9, 0.999), st.floats(-12.0, -1e-3))
def test_modified_time_is_finite_and_between_known_times(log_rate, log_start, level, log_step):
    a, c = 10.0**log_rate, 0.5 * 10.0**log_step
    w0 = 10.0**log_start
    assume(w0 < level)
    time = float(tied.modified_time(a, w0, level, step=2 * c / a))
    flow = float(tied.time_to_level(a, w0, level=level))
    # 1 − c(1 − 3w) lies between 1 − c and 1 + 2c.
    assert flow / (1 + 2 * c) * (1 - 1e-12) - 1e-15 / a <= time
    assert time <= flow / (1 - c) * (1 + 1e-12) + 1e-15 / a


@given(problems, times)
def test_bounds_are_in_order(problem, t) -> None:
    task, U = problem
    bound = tied.diagonal_bound(task, U, t)
    floor = tied.eigenvalue_floor(task, U, t)
    assert np.all((bound >= 0) & (bound <= 1))
    assert np.all((floor >= 0) & (floor <= 1))
    assert np.all(floor <= bound.min(axis=1) * (1 + 1e-10) + 1e-300)
    learned = tied.learnable(task, U)
    assert learned.sum() <= np.linalg.matrix_rank(U, tol=0.0)
    assert not learned[task.rates == 0].any()


@given(st.tuples(logs, logs), st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.0, 3.1))
def test_the_plane_is_finite_everywhere(log_rates, x, y, angle) -> None:
    a = 10.0 ** np.array(log_rates)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    W = turn @ np.diag([x, y]) @ turn.T
    laws = tied.plane_laws(W, a)
    assert np.isfinite(laws.log_ratio)
    assert not np.isnan(laws.log_tie)
    assume(abs(laws.log_ratio) > 1e-3)
    found = tied.plane_determinant(np.trace(W), laws.log_ratio)
    assert abs(found - x * y) < 1e-11 / abs(laws.log_ratio)
    half = tied.plane_halfway(W, a)
    assert np.sign(half) == np.sign(1 - np.trace(W))
