"""Exact identities of the closed forms of the tied net."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import ortho_group

from simtheory import SIMTask, inits
from simtheory.analytic import tied
from simtheory.errors import ArgumentError, RegimeError, RegimeWarning, ShapeError

EPS = 1e-11  # factorisations of 3×3 matrices of moderate condition
T = np.linspace(0.0, 12.0, 25)
FORMS = [tied.pivots, tied.first_order]


@pytest.fixture
def task() -> SIMTask:
    return SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)


@pytest.fixture
def U0() -> np.ndarray:
    return inits.torch_uniform((3, 3), scale=0.1, seed=233333)


@pytest.fixture
def wide() -> np.ndarray:
    """A start with nearly orthogonal rows."""
    rows, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 3)))
    return 0.1 * (rows.T + 0.02 * np.random.default_rng(1).standard_normal((3, 6)))


def quietly(form, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RegimeWarning)
        return form(*arguments, strict=False, **options)


def test_the_field_is_the_sum_of_its_forces(task: SIMTask, U0: np.ndarray) -> None:
    W = 10 * U0 @ U0.T
    growth, suppression, interaction = tied.field_terms(W, task.rates)
    whole = tied.field(W, task.second_moment)
    np.testing.assert_allclose(growth - suppression - interaction, whole, atol=EPS)
    a, w = task.rates, W
    by_hand = 0.5 * w[0, 2] * w[2, 1] * (a[0] + a[1] + 2 * a[2])
    assert interaction[0, 1] == pytest.approx(by_hand, rel=1e-10)
    alone = 2 * a * np.diag(w) * (1 - np.diag(w))
    np.testing.assert_allclose(np.diag(growth - suppression), alone, rtol=1e-10)


def test_learning_is_reversible(task: SIMTask, U0: np.ndarray) -> None:
    W, A = 10 * U0 @ U0.T, task.second_moment
    np.testing.assert_allclose(tied.field(np.eye(3) - W, A), tied.field(W, A), atol=EPS)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_ends_at_the_identity(form, task: SIMTask, U0: np.ndarray) -> None:
    last = quietly(form, task, U0, [0.0, 1e3]).weights[-1]
    np.testing.assert_allclose(last, np.eye(3), atol=EPS)


@pytest.mark.parametrize("form", FORMS)
def test_a_diagonal_start_stays_on_its_modes(form, task: SIMTask) -> None:
    U = np.diag([0.1, 0.02, 0.5])
    modes = tied.mode(task.rates, np.diag(U) ** 2, T).T
    found = form(task, U, T).weights
    np.testing.assert_allclose(found, modes[:, :, None] * np.eye(3), atol=EPS)


def test_pivots_obey_the_determinant_law(task: SIMTask, U0: np.ndarray) -> None:
    grid = np.linspace(0.0, 6.0, 13)  # until 1 − w ~ 1e-8, where I − W has lost its digits
    found = tied.log_det_ratio(tied.pivots(task, U0, grid).weights)
    law = tied.det_law(task.second_moment, U0 @ U0.T, grid)
    np.testing.assert_allclose(found, law, atol=1e-6)  # eps/(1 − w), 1 − w ≥ 1e-9
    first = quietly(tied.first_order, task, U0, grid).weights[-1]
    assert abs(np.linalg.slogdet(first)[1] - law[-1]) > 1e-5  # the next-lower form does not


def test_det_law_of_the_published_start(task: SIMTask, U0: np.ndarray) -> None:
    law = tied.det_law(task.second_moment, U0 @ U0.T, [0.0, 3.0])
    assert law[1] - law[0] == pytest.approx(16.2250, abs=5e-5)  # printed digits
    assert tied.sum_rule(U0 @ U0.T) == pytest.approx(17.5213, abs=5e-5)


def test_log_det_rate_is_the_slope_of_the_determinant(task: SIMTask) -> None:
    """Where the form is exact, by a central difference: error h² ~ 1e-8."""
    U, h = np.diag([0.3, 0.5, 0.2]), 1e-4
    W = tied.pivots(task, U, [1.0 - h, 1.0, 1.0 + h]).weights
    slope = np.diff(np.linalg.slogdet(W)[1][[0, 2]])[0] / (2 * h)
    assert tied.log_det_rate(W[1], task.second_moment) == pytest.approx(slope, rel=1e-6)


def test_the_sum_rule_of_modes() -> None:
    """For one mode ∫ 2a(1 − w) dt = ln 1/w(0), by Simpson's rule: error h⁴ ~ 1e-8."""
    from scipy.integrate import simpson

    t = np.linspace(0.0, 40.0, 4001)
    task = SIMTask(mu=(1.0, 1.2), sigma=0.0)
    W = tied.pivots(task, np.diag([0.1, 0.2]), t).weights
    total = simpson(tied.log_det_rate(W, task.second_moment), x=t)
    assert total == pytest.approx(float(tied.sum_rule(W[0])), abs=1e-6)


def test_the_sum_rule_needs_every_coordinate_to_be_learned() -> None:
    """A coordinate of rate zero keeps its share of ln 1/det W(0) for ever."""
    task = SIMTask(mu=(1.0, 0.0), sigma=0.0)
    W = tied.pivots(task, np.diag([0.1, 0.2]), [0.0, 100.0]).weights
    left = tied.sum_rule(W[0]) - tied.sum_rule(np.diag(W[0, 0, :1]))
    assert -np.linalg.slogdet(W[1])[1] == pytest.approx(float(left), rel=1e-12)


def test_isotropic_pivots_are_exact() -> None:
    task = SIMTask(mu=(1.0, 1.0, 1.0), sigma=0.1)
    U = inits.uniform((3, 3), scale=0.5, rng=np.random.default_rng(3))
    exact = tied.isotropic(task, U, T)
    assert exact.exact
    assert tied.pivots(task, U, T).arrays["error_estimate"] == 0
    np.testing.assert_allclose(tied.pivots(task, U, T).weights, exact.weights, atol=EPS)


def test_isotropic_solves_the_flow() -> None:
    """Central differences of the formula against the field: error h² ~ 1e-8."""
    task = SIMTask(mu=(1.0, 1.0), sigma=0.3)
    U, h = np.array([[0.3, 0.1, 0.2], [1.2, -0.4, 0.1]]), 1e-4  # W(0) need not lie below I
    W = tied.isotropic(task, U, [0.5 - h, 0.5, 0.5 + h]).weights
    slope = (W[2] - W[0]) / (2 * h)
    np.testing.assert_allclose(slope, tied.field(W[1], task.second_moment), atol=1e-7)


@pytest.mark.parametrize("sigma", [(1.0, 0.7, 0.0), (0.9, 0.9, 0.2)])
def test_rank_one_solves_the_flow(sigma: tuple[float, ...]) -> None:
    """Central differences against the field: error h² ~ 1e-8 and quadrature 1e-10/h ~ 1e-6."""
    R = ortho_group.rvs(3, random_state=2)
    task, h = SIMTask(mu=np.zeros(3), sigma=sigma, rotation=R), 1e-4
    for centre in (0.5, 3.0, 6.0):
        W = tied.rank_one(task, [0.1, -0.2, 0.05], [centre - h, centre, centre + h]).weights
        slope = (W[2] - W[0]) / (2 * h)
        np.testing.assert_allclose(slope, tied.field(W[1], task.second_moment), atol=1e-6)


def test_rank_one_of_one_dimension_is_the_mode() -> None:
    task = SIMTask(mu=(1.0,), sigma=0.5)
    w = tied.rank_one(task, [0.1], T).weights[:, 0, 0]
    np.testing.assert_allclose(w, tied.mode(task.rates[0], 0.01, T), rtol=1e-10)


def test_rank_one_takes_a_column_and_an_ensemble(task: SIMTask) -> None:
    starts = 0.1 * np.random.default_rng(0).standard_normal((4, 3))
    rows = tied.rank_one(task, starts, T)
    assert rows.ensemble == (4,)
    np.testing.assert_array_equal(tied.rank_one(task, starts[..., None], T).weights, rows.weights)
    np.testing.assert_array_equal(tied.rank_one(task, np.zeros(3), T).weights, 0.0)


def test_time_to_level_is_when_the_mode_is_there() -> None:
    a, w0 = np.array([0.3, 1.0, 5.0]), np.array([1e-12, 0.1, 0.4])
    when = tied.time_to_level(a, w0, level=0.6)
    for rate, start, time in zip(a, w0, when, strict=True):
        assert tied.mode(rate, start, [time])[0] == pytest.approx(0.6, rel=1e-12)
    np.testing.assert_array_equal(
        tied.time_to_level([1.0, 0.0, 1.0], [0.0, 0.1, 0.7]), [np.inf, np.inf, 0.0]
    )


def test_learning_times_of_a_diagonal_start_are_half_times(task: SIMTask) -> None:
    U = np.diag([0.1, 0.02, 0.3])
    half = tied.time_to_level(task.rates, np.diag(U) ** 2)
    np.testing.assert_allclose(tied.learning_times(task, U), half, rtol=1e-12)


def test_a_narrow_net_loses_the_weakest_concepts(task: SIMTask) -> None:
    U = inits.gaussian((3, 1), scale=0.1, rng=np.random.default_rng(0))
    times = tied.learning_times(task, U)
    assert np.isinf(times[:2]).all()
    assert np.isfinite(times[2])
    final = tied.pivots(task, U, [0.0, 1e4]).weights[-1]
    assert np.trace(final) == pytest.approx(1.0, abs=EPS)


def test_a_strong_concept_with_a_zero_row_is_the_one_that_is_lost(task: SIMTask) -> None:
    U = inits.gaussian((3, 2), scale=0.1, rng=np.random.default_rng(0))
    U[2] = 0.0
    np.testing.assert_array_equal(np.isinf(tied.learning_times(task, U)), [False, False, True])
    np.testing.assert_allclose(
        tied.pivots(task, U, [1e4]).weights[-1], np.diag([1.0, 1.0, 0.0]), atol=EPS
    )


def test_the_pivots_multiply_to_the_determinant(task: SIMTask, U0: np.ndarray) -> None:
    log_ratio = tied.log_det_ratio(U0 @ U0.T)
    assert np.log(tied.logit_pivots(task, U0)).sum() == pytest.approx(float(log_ratio), rel=1e-10)


def test_the_swing_peak_is_the_top_of_the_first_order_curve() -> None:
    """The weaker entry stays below 1e-6, so the full first-order curve peaks there to that order."""
    task = SIMTask(mu=np.zeros(2), sigma=np.sqrt([1.0, 0.2]))
    U = np.array([[1e-2, 0.0], [1e-4, 1e-5]])
    peak = tied.swing_peak(task, U, 0, 1)
    t = peak.time + np.array([-0.05, 0.0, 0.05])
    curve = quietly(tied.first_order, task, U, t).weights[:, 0, 1]
    assert curve.argmax() == 1
    assert float(peak.height) == pytest.approx(curve[1], rel=1e-5)
    swapped = tied.swing_peak(task, U, 1, 0)
    assert swapped.time == peak.time


def test_a_form_refuses_what_lies_outside_its_regime(task: SIMTask, U0: np.ndarray) -> None:
    big = U0 * 3.5  # W(0) < I, but a direction is more than half learned
    with pytest.raises(RegimeError, match="half learned"):
        tied.pivots(task, big, T)
    with pytest.warns(RegimeWarning, match="half learned"):
        tied.pivots(task, big, T, strict=False)
    with pytest.raises(RegimeError, match=r"W\(0\) < I"):
        quietly(tied.pivots, task, U0 * 10, T)
    with pytest.raises(RegimeError, match="use `pivots`"):
        tied.first_order(task, U0, T)
    with pytest.warns(RegimeWarning, match="cosines"):
        tied.first_order(task, U0, T, strict=False)
    with pytest.raises(RegimeError, match="isotropic form"):
        tied.isotropic(task, U0, T)
    with pytest.raises(RegimeError, match=r"\|u0\| < 1"):
        tied.rank_one(task, [1.0, 0.0, 0.0], T)
    with pytest.raises(RegimeError, match="rate ratio"):
        tied.swing_peak(task, U0, 0, 2)
    with pytest.warns(RegimeWarning, match="rate ratio"):
        tied.swing_peak(task, U0, 0, 2, strict=False)
    with pytest.raises(RegimeError, match="distinct"):
        tied.swing_peak(SIMTask(mu=(1.0, 1.0), sigma=0.1), U0[:2], 0, 1, strict=False)
    with pytest.raises(RegimeError, match="singular"):
        tied.sum_rule(np.zeros((2, 2)))
    with pytest.raises(RegimeError, match="eigenvalue of W"):
        tied.log_det_ratio(np.eye(2))
    with pytest.raises(RegimeError, match="must not be negative"):
        tied.mode(-1.0, 0.1, T)


def test_wrong_arguments_are_refused(task: SIMTask, U0: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="`U0`"):
        tied.pivots(task, U0[:2], T)
    with pytest.raises(ShapeError, match="`u0`"):
        tied.rank_one(task, U0[:, :2], T)
    with pytest.raises(ArgumentError, match="`level`"):
        tied.time_to_level(1.0, 0.1, level=1.0)
    with pytest.raises(ArgumentError, match="`j`"):
        tied.swing_peak(task, U0, 0, 3)


def test_a_trajectory_names_its_origin(task: SIMTask, wide: np.ndarray) -> None:
    found = tied.first_order(task, wide, T)
    assert not found.exact
    assert found.origin == "analytic.tied.first_order"
    assert 0 < found.arrays["small_parameter"] <= 0.1
    assert tied.rank_one(task, [0.1, 0.1, 0.1], T).exact
    watched = tied.pivots(task, wide, T, probes=np.eye(3))
    assert watched.probes.shape == (3, 3)
