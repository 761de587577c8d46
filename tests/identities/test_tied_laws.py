"""Exact identities of the structure of the tied net: limits, symmetries, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ortho_group

from simtheory import SIMTask, inits, sim
from simtheory.analytic import tied
from simtheory.errors import ArgumentError, RegimeError, ShapeError

EPS = 1e-11  # factorisations of 3×3 matrices of moderate condition
T = np.linspace(0.0, 12.0, 25)
R = ortho_group.rvs(3, random_state=1)
TASK = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)
COLUMNS = ortho_group.rvs(3, random_state=2)[:, :2]
DENSE = R @ np.diag([0.3, 1.0, 2.0]) @ R.T


def inside(seed: int, d: int = 3) -> np.ndarray:
    Q = ortho_group.rvs(d, random_state=seed)
    return Q @ np.diag(np.random.default_rng(seed).uniform(0.1, 0.9, d)) @ Q.T


def blocks_start(rng: np.random.Generator) -> np.ndarray:
    U = np.zeros((3, 3))
    U[[0, 2], :2], U[1, 2] = 0.3 * rng.standard_normal((2, 2)), 0.2
    return U


# Each form: task, start, and the function of (task, start, times).
BLOCKS = SIMTask(mu=(1.0, 1.5, 1.0), sigma=0.05)


def test_a_projector_stays_one_and_ends_at_the_strongest() -> None:
    W = tied.projector(TASK, COLUMNS, [0.0, 1.0, 5.0, 1e3, 1e6]).weights
    np.testing.assert_allclose(W @ W, W, atol=1e-14)
    np.testing.assert_allclose(W[-1], np.diag([0.0, 1.0, 1.0]), atol=1e-14)
    assert tied.learnable(TASK, COLUMNS).tolist() == [False, True, True]


def test_a_projector_of_full_rank_or_equal_rates_rests() -> None:
    whole = tied.projector(TASK, R, T).weights
    np.testing.assert_allclose(whole, np.broadcast_to(np.eye(3), whole.shape), atol=1e-14)
    equal = SIMTask(mu=(1.0, 1.0, 1.0), sigma=0.1)
    found = tied.projector(equal, COLUMNS, T).weights
    np.testing.assert_allclose(found, np.broadcast_to(found[0], found.shape), atol=1e-14)


def test_a_projector_with_a_zero_row_never_learns_it() -> None:
    U0 = np.array([[0.6], [0.8], [0.0]])
    last = tied.projector(TASK, U0, [1e3]).weights[0]
    np.testing.assert_allclose(last, np.diag([0.0, 1.0, 0.0]), atol=1e-14)


def test_blocks_hold_the_isotropic_net_and_the_modes() -> None:
    equal, U0 = SIMTask(mu=np.ones(3), sigma=0.1), inits.torch_uniform((3, 3), scale=0.5, seed=1)
    np.testing.assert_array_equal(
        tied.blocks(equal, U0, T).weights, tied.isotropic(equal, U0, T).weights
    )
    modes = tied.mode(TASK.rates, np.array([0.1, 0.02, 0.5]) ** 2, T).T
    found = tied.blocks(TASK, np.diag([0.1, 0.02, 0.5]), T).weights
    np.testing.assert_allclose(found, modes[:, :, None] * np.eye(3), atol=EPS)


def test_the_identity_as_target_is_the_isotropic_net() -> None:
    task, U0 = SIMTask(mu=np.zeros(3), sigma=0.5), inits.torch_uniform((3, 2), scale=0.9, seed=1)
    found = tied.whitened_teacher(np.eye(3), U0, T, rate=0.25)
    np.testing.assert_allclose(found, tied.isotropic(task, U0, T).weights, atol=EPS)


def test_the_positive_part_of_a_target_is_learned() -> None:
    B = R @ np.diag([2.0, -1.0, 0.5]) @ R.T
    starts = 0.1 * np.random.default_rng(0).standard_normal((4, 3, 3))
    found = tied.whitened_teacher(B, starts, [0.0, 200.0])
    positive = R @ np.diag([2.0, 0.0, 0.5]) @ R.T
    np.testing.assert_allclose(found[:, 0], starts @ np.swapaxes(starts, -1, -2), atol=1e-14)
    np.testing.assert_allclose(found[:, 1], np.broadcast_to(positive, (4, 3, 3)), atol=1e-10)
    at_once = tied.whitened_teacher(B, starts[1], [200.0])[0]
    np.testing.assert_allclose(at_once, found[1, 1], atol=EPS)


def test_a_target_of_zero_forgets_as_a_power_of_time() -> None:
    found = tied.whitened_teacher([[0.0]], [[0.5]], T, rate=2.0)[:, 0, 0]
    np.testing.assert_allclose(found, 0.25 / (1 + 4 * 0.25 * T), rtol=1e-13)


def test_no_decay_is_the_mode_and_much_decay_is_death() -> None:
    a = np.array([0.3, 1.0, 5.0])
    np.testing.assert_allclose(
        tied.decayed_mode(a, 0.01, T, decay=0.0), tied.mode(a, 0.01, T), rtol=1e-13
    )
    late = tied.decayed_mode(a, 0.01, [1e4], decay=1.0)[:, 0]
    level = tied.decayed_level(a, decay=1.0)
    np.testing.assert_allclose(level, [0.0, 0.0, 0.8])
    # At κ = a exactly the mode dies as 1/(2at) only.
    np.testing.assert_allclose(late, [0.0, 1 / (100 + 2e4), 0.8], atol=1e-14)


@pytest.mark.parametrize("decay", [0.0, 0.5, 2.0, 3.0])
def test_a_mode_with_decay_runs_on_from_where_it_is(decay: float) -> None:
    whole = tied.decayed_mode(2.0, 0.03, [1.0, 3.0], decay=decay, teacher=1.2)
    rest = tied.decayed_mode(2.0, whole[0], [2.0], decay=decay, teacher=1.2)
    assert rest[0] == pytest.approx(whole[1], rel=1e-13)


def test_width_one_with_decay_of_one_dimension_is_the_mode() -> None:
    task = SIMTask(mu=(1.0,), sigma=0.5)
    W = tied.rank_one_decay(task, [0.1], T, decay=0.4).weights[:, 0, 0]
    np.testing.assert_allclose(W, tied.decayed_mode(task.rates[0], 0.01, T, decay=0.4), rtol=1e-9)


def test_width_one_with_decay_takes_rows_zeros_and_rates_of_zero() -> None:
    rows = np.array([[0.1, -0.2, 0.05], [0.0, 0.3, 0.0], [0.0, 0.0, 0.0]])
    whole = tied.rank_one_decay(TASK, rows, T, decay=0.1)
    columns = tied.rank_one_decay(TASK, rows[..., None], T, decay=0.1)
    np.testing.assert_array_equal(whole.weights, columns.weights)
    np.testing.assert_array_equal(whole.weights[2], 0.0)
    np.testing.assert_array_equal(whole.weights[1][:, [0, 2]], 0.0)
    flat = SIMTask(mu=np.zeros(3), sigma=(1.0, 0.0, 0.0))
    still = tied.rank_one_decay(flat, [0.0, 0.3, 0.4], T, decay=0.0).weights
    np.testing.assert_allclose(still, np.broadcast_to(still[0], still.shape), atol=1e-15)
    start = tied.rank_one_decay(TASK, rows[0], [0.0], decay=0.1).weights
    np.testing.assert_allclose(start[0], np.outer(rows[0], rows[0]), atol=1e-16)


def test_eigen_logit_rates_sum_to_the_determinant_law() -> None:
    rates = tied.eigen_logit_rates([inside(0), inside(1)], DENSE)
    np.testing.assert_allclose(rates.sum(axis=-1), 2 * np.trace(DENSE), rtol=1e-13)
    commuting = tied.eigen_logit_rates(np.diag([0.2, 0.9, 0.5]), np.diag([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(commuting, [2.0, 6.0, 4.0], rtol=1e-13)


def test_a_reflection_of_a_reflection_is_the_run() -> None:
    U0 = inits.torch_uniform((3, 3), scale=0.3, seed=1)
    run = sim.solve(sim.Tied(), TASK, U0, T)
    there = tied.reflect(run)
    back = tied.reflect(there)
    np.testing.assert_allclose(back.weights, run.weights, atol=1e-15)
    np.testing.assert_allclose(back.t, run.t, atol=1e-14)
    assert there.exact
    np.testing.assert_allclose(there.outputs[0], TASK.probes - run.outputs[-1], atol=1e-12)


def test_the_logit_field_is_that_of_the_map() -> None:
    W, A = inside(3), DENSE
    N = np.linalg.inv(np.eye(3) - W)
    np.testing.assert_allclose(tied.logit_field(N, A), N @ tied.field(W, A) @ N, atol=EPS)
    # Linear at both ends, V ≈ AY + YA for Y = N − I: what is left is O(Y²) below, O(1) above.
    for size, left in ((1e-6, 1e-11), (1e6, 30.0)):
        Y = size * inside(4)
        found = tied.logit_field(np.eye(3) + Y, A)
        np.testing.assert_allclose(found, A @ Y + Y @ A, atol=left)
        assert np.abs(found).max() > 10 * left


def test_two_concepts_that_are_not_tied_stay_so() -> None:
    laws = tied.plane_laws(np.diag([0.2, 0.7]), [1.0, 2.0])
    assert laws.log_tie == -np.inf
    assert laws.log_ratio == pytest.approx(np.log(0.14 / 0.24))
    assert tied.plane_determinant(0.9, laws.log_ratio) == pytest.approx(0.14)
    far = tied.plane_determinant([1.5, 0.5], [800.0, -800.0])
    np.testing.assert_allclose(far, [0.5, 0.0])


def test_the_interaction_is_that_of_the_forces() -> None:
    a, W = np.array([0.3, 1.0, 2.0]), inside(5)
    direct = np.diag(tied.field_terms(W, a).interaction)
    np.testing.assert_allclose(tied.diagonal_interaction(W, a), direct, atol=EPS)


def test_bounds_meet_the_modes_where_nothing_is_tied() -> None:
    U0 = np.diag([0.1, 0.2, 0.3])
    modes = tied.mode(TASK.rates, np.diag(U0) ** 2, T).T
    np.testing.assert_allclose(tied.diagonal_bound(TASK, U0, T), modes, rtol=1e-13)
    same = SIMTask(mu=np.ones(3), sigma=0.1)
    floor = tied.eigenvalue_floor(same, U0, T)
    np.testing.assert_allclose(floor, tied.mode(same.rates[0], 0.01, T), rtol=1e-13)
    assert tied.eigenvalue_floor(TASK, U0[:, :2], T).max() == 0.0
    assert tied.eigenvalue_floor(TASK, 3 * np.eye(3), T).min() == 1.0


def test_what_a_start_can_learn() -> None:
    rng = np.random.default_rng(0)
    starts = rng.standard_normal((2, 3, 2))
    assert tied.learnable(TASK, starts).tolist() == [[False, True, True]] * 2
    assert tied.learnable(TASK, rng.standard_normal((3, 3))).all()
    assert not tied.learnable(TASK, np.zeros((3, 3))).any()
    # Where the rank runs out among equal rates, a mixture is learned and neither concept whole.
    equal = SIMTask(mu=(2.0, 1.0, 1.0), sigma=0.1)
    assert tied.learnable(equal, starts[0]).tolist() == [True, False, False]
    unseen = SIMTask(mu=(2.0, 1.0, 0.0), sigma=0.0)
    assert tied.learnable(unseen, np.eye(3)).tolist() == [True, True, False]


def test_modified_time_ends_at_the_flow() -> None:
    flow = tied.time_to_level(2.0, 0.01, level=0.9)
    assert tied.modified_time(2.0, 0.01, 0.9, step=1e-12) == pytest.approx(float(flow))
    assert tied.modified_time(2.0, 0.01, 0.01, step=0.1) == 0.0
    back = tied.modified_time(2.0, 0.9, 0.01, step=0.1)
    assert back == pytest.approx(-float(tied.modified_time(2.0, 0.01, 0.9, step=0.1)))


def test_calls_outside_a_regime_are_refused() -> None:
    with pytest.raises(RegimeError, match="orthonormal columns"):
        tied.projector(TASK, 0.5 * COLUMNS, T)
    with pytest.raises(RegimeError, match="orthogonal where rates differ"):
        tied.blocks(TASK, 0.5 * R @ np.diag([1.0, 0.5, 0.2]), T)
    with pytest.raises(RegimeError, match="R = 1"):
        tied.plane_determinant(1.0, 0.0)
    with pytest.raises(RegimeError, match="eigenvalue of W"):
        tied.plane_laws(np.eye(2), [1.0, 2.0])
    with pytest.raises(RegimeError, match="tied"):
        tied.plane_hamiltonian(np.diag([0.2, 0.7]), [1.0, 2.0])
    with pytest.raises(RegimeError, match="rates of zero"):
        tied.plane_halfway(0.5 * np.eye(2), [0.0, 0.0])
    with pytest.raises(RegimeError, match="invertible"):
        tied.logit_field(np.zeros((2, 2)), np.eye(2))
    with pytest.raises(RegimeError, match="smaller step"):
        tied.modified_time(2.0, 0.1, 0.5, step=0.5)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ArgumentError, match="symmetric"):
        tied.whitened_teacher([[1.0, 0.5], [0.0, 1.0]], np.eye(2), T)
    with pytest.raises(ShapeError, match="`teacher`"):
        tied.whitened_teacher(np.ones((2, 3)), np.eye(2), T)
    with pytest.raises(ShapeError, match="`u0`"):
        tied.rank_one_decay(TASK, COLUMNS, T, decay=0.1)
    with pytest.raises(ArgumentError, match="`decay`"):
        tied.rank_one_decay(TASK, [0.1, 0.1, 0.1], T, decay=-0.1)
    with pytest.raises(ArgumentError, match="`rates`"):
        tied.plane_laws(0.5 * np.eye(2), [1.0, 2.0, 3.0])
    with pytest.raises(ArgumentError, match="`level`"):
        tied.modified_time(1.0, 0.1, 1.0, step=0.1)
    run = sim.solve(sim.Tied(), TASK, 0.1 * np.eye(3), T)
    with pytest.raises(ArgumentError, match="weights"):
        tied.reflect(replace(run, weights=None))
