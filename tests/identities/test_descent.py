"""Exact identities of descent on one layer, and for one layer with a target or a bias."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

from simtheory import SIMTask
from simtheory.analytic import descent, one_layer
from simtheory.errors import ArgumentError, RegimeError, ShapeError

EPS = 1e-12  # products of a dozen roundings of numbers of size one
EYE = np.eye(3)
MOMENTA = [{}, {"momentum": 0.8}, {"momentum": 0.8, "nesterov": True}]


@pytest.fixture
def task() -> SIMTask:
    return SIMTask(mu=(1.0, 2.0), sigma=(0.3, 0.1, 0.2), dim=3, weights=(0.7, 0.3))


@pytest.fixture
def W0() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((3, 3))


def turned(task: SIMTask) -> SIMTask:
    rotation = ortho_group.rvs(3, random_state=3)
    return SIMTask(mu=task.mu, sigma=task.sigma, dim=3, weights=task.weights, rotation=rotation)


@pytest.mark.parametrize("options", MOMENTA)
def test_descent_starts_at_the_start_and_ends_at_the_identity(task, W0, options) -> None:
    found = descent.solution(task, W0, [0, 10**5], lr=0.1, **options).weights
    np.testing.assert_allclose(found[0], W0, atol=EPS)
    np.testing.assert_allclose(found[1], EYE, atol=EPS)


@pytest.mark.parametrize("options", MOMENTA)
def test_a_step_depends_on_the_product_of_rate_and_step_size_only(options) -> None:
    k = [0, 1, 7, 50]
    np.testing.assert_allclose(
        descent.error(0.25, k, lr=0.5, **options), descent.error(2.0, k, lr=0.0625, **options), rtol=EPS
    )  # fmt: skip


def test_plain_descent_composes(task, W0) -> None:
    half = descent.solution(task, W0, [7], lr=0.1).weights[0]
    whole = descent.solution(task, W0, [17], lr=0.1).weights[0]
    np.testing.assert_allclose(descent.solution(task, half, [10], lr=0.1).weights[0], whole, atol=EPS)  # fmt: skip


@pytest.mark.parametrize("options", MOMENTA)
def test_small_steps_are_the_flow(options) -> None:
    """The gap to the flow halves with the step: at η a = 1e-5 and 5e-6 the ratio is 2 within a percent."""
    gaps = []
    for lr in (1e-5, 5e-6):
        steps = round(1.0 / lr * (1.0 - options.get("momentum", 0.0)))
        left = descent.error(1.0, [steps], lr=lr, **options)[0]
        gaps.append(abs(left - np.exp(-1.0)))
    assert gaps[0] / gaps[1] == pytest.approx(2.0, rel=0.01)
    assert 1.0 - np.exp(-1.0) > 10 * gaps[0]


def test_critical_momentum_is_the_fastest() -> None:
    best = float(descent.critical_momentum(0.1, lr=0.4))
    late = [
        abs(descent.error(0.1, [99, 100], lr=0.4, momentum=beta)).max()
        for beta in (best - 0.1, best, best + 0.1)
    ]
    assert late[1] < 0.1 * min(late[0], late[2])
    with pytest.raises(RegimeError, match="critical momentum"):
        descent.critical_momentum(3.0, lr=0.4)


def test_large_batches_are_plain_descent(task, W0) -> None:
    """Their difference is O(1/n)."""
    plain = EYE - descent.solution(task, W0, [25], lr=0.1).weights[0]
    exact = plain.T @ plain
    gaps = [
        np.abs(descent.sgd_moments(task, W0, [25], lr=0.1, batch=n).moment[0] - exact).max()
        for n in (10**6, 10**7)
    ]
    assert gaps[0] / gaps[1] == pytest.approx(10.0, rel=1e-3)


def test_sgd_moments_start_at_the_start_and_stay_positive(task, W0) -> None:
    for data in (task, turned(task)):
        found = descent.sgd_moments(data, W0, [0, 1, 5, 300], lr=0.1, batch=1, label_noise=0.2)
        np.testing.assert_allclose(found.moment[0], (EYE - W0).T @ (EYE - W0), atol=EPS)
        assert np.linalg.eigvalsh(found.moment).min() > 0
        loss = 0.5 * np.einsum("kij,ji->k", found.moment, data.second_moment)
        np.testing.assert_allclose(found.loss, loss, rtol=EPS)


def test_sgd_is_one_step_after_the_other(task, W0) -> None:
    """The recursion itself, with the fourth moment on its own."""
    for data in (task, turned(task)):
        A, V, h, n = data.second_moment, (EYE - W0).T @ (EYE - W0), 0.1, 3
        for _ in range(10):
            fourth = descent.fourth_moment(data, V)
            V = V - h * (A @ V + V @ A) + h**2 * ((1 - 1 / n) * A @ V @ A + fourth / n)
            V = V + h**2 / n * 0.4 * 3 * A
        found = descent.sgd_moments(data, W0, [10], lr=h, batch=n, label_noise=0.4)
        np.testing.assert_allclose(found.moment[0], V, atol=EPS)


def test_where_sgd_settles_it_stays(task) -> None:
    end = descent.stationary(turned(task), lr=0.1, batch=2, label_noise=0.3)
    late = descent.sgd_moments(turned(task), EYE, [0, 10**5], lr=0.1, batch=2, label_noise=0.3)
    np.testing.assert_allclose(late.moment[1], end.moment[0], rtol=0, atol=EPS)
    assert late.loss[0] < 1e-30


def test_sgd_that_does_not_settle_is_refused() -> None:
    gauss = SIMTask(mu=(0.0, 0.0), sigma=1.0)
    # f = 2/(2 − 1.5η) and η f/n < 1 fails at n = 2 from η = 2/2.5 on.
    assert descent.stationary(gauss, lr=0.79, batch=2, label_noise=1.0).loss[0] > 10
    with pytest.raises(RegimeError, match="lower `lr`"):
        descent.stationary(gauss, lr=0.81, batch=2, label_noise=1.0)
    with pytest.raises(RegimeError, match="rate is zero"):
        descent.stationary(SIMTask(mu=(1.0,), sigma=0.0, dim=2), lr=0.1, batch=2, label_noise=1.0)
    with pytest.raises(RegimeError, match="not stable"):
        descent.sgd_moments(gauss, np.zeros((2, 2)), [0, 10**5], lr=1.9, batch=1)
    with pytest.raises(RegimeError, match="not stable"):
        descent.solution(gauss, np.zeros((2, 2)), [0, 10**5], lr=2.1)


def test_adam_and_sign_descent_do_not_know_the_rates() -> None:
    steps = range(301)
    curves = [
        descent.adam(SIMTask(mu=(0.0,), sigma=a**0.5), [[0.1]], steps, lr=0.01).weights
        for a in (1.0, 0.01)
    ]
    np.testing.assert_array_equal(*curves)
    still = descent.adam(SIMTask(mu=(1.0,), sigma=0.0, dim=2), 0.1 * np.eye(2), steps, lr=0.01)
    np.testing.assert_array_equal(still.weights[:, 1, 1], 0.1)
    # Sign descent from 0 by 0.1: one up to rounding at step 10, then back and forth.
    walk = descent.sign_descent(0.05, range(13), lr=0.1)
    np.testing.assert_allclose(walk[:11], 0.05 + 0.1 * np.arange(11), atol=EPS)
    np.testing.assert_allclose(walk[10:], [1.05, 0.95, 1.05], atol=EPS)
    np.testing.assert_allclose(descent.sign_descent(2.0, [0, 3], lr=0.25), [2.0, 1.25])
    np.testing.assert_array_equal(descent.sign_descent(0.0, [4, 5, 9], lr=0.25), 1.0)


def test_adam_refuses_what_brings_the_rates_back(task) -> None:
    for data, start in ((task, np.ones((3, 3))), (turned(task), EYE), (task, np.zeros((3, 4)))):
        with pytest.raises(RegimeError, match="diagonal start of unrotated data"):
            descent.adam(data, start, [0, 1], lr=0.1)


def test_the_identity_is_one_target_of_many(task, W0) -> None:
    t = np.linspace(0.0, 6.0, 13)
    for data in (task, turned(task)):
        A = data.second_moment
        plain = one_layer.solution(data, W0, t).weights
        np.testing.assert_allclose(one_layer.general(A, A, W0, t), plain, atol=EPS)
        np.testing.assert_allclose(one_layer.decayed(data, W0, t, decay=0.0).weights, plain, atol=EPS)  # fmt: skip
        decayed = one_layer.decayed(data, W0, t, decay=0.4).weights
        np.testing.assert_allclose(one_layer.general(A, A, W0, t, decay=0.4), decayed, atol=EPS)


def test_decay_ends_below_the_identity(task, W0) -> None:
    end = one_layer.decayed(task, W0, [200.0], decay=0.5).weights[0]
    np.testing.assert_allclose(end, np.diag(task.rates / (task.rates + 0.5)), atol=EPS)


def test_a_direction_without_data_keeps_its_start() -> None:
    A = np.array([[1.0, 1.0], [1.0, 1.0]])
    found = one_layer.general(A, A, [[0.3, -0.5]] * 2, [1e6])[0]
    np.testing.assert_allclose(found @ [1.0, -1.0], 0.8, atol=EPS)
    np.testing.assert_allclose(found @ [1.0, 1.0], 1.0, atol=1e-9)  # eps times the time


def test_bias_rates_interlace_the_concepts(task) -> None:
    for data in (task, turned(task)):
        found, rates = one_layer.affine_rates(data), np.sort(task.rates)[::-1]
        assert np.all(found.rates[:-1] >= rates * (1 - EPS))
        assert np.all(found.rates[1:] <= rates * (1 + EPS))
        M = np.block([[data.second_moment, data.mean[:, None]], [data.mean, 1.0]])
        np.testing.assert_allclose(M @ found.axes, found.axes * found.rates, atol=EPS)


def test_a_bias_of_data_without_a_mean_dies_alone(W0) -> None:
    task, t = SIMTask(mu=(0.0, 0.0, 0.0), sigma=(1.0, 0.5, 0.2)), np.linspace(0.0, 4.0, 9)
    run = one_layer.affine(task, W0, t, bias=[1.0, 2.0, 3.0])
    np.testing.assert_allclose(run.arrays["map"], one_layer.solution(task, W0, t).weights, atol=EPS)
    np.testing.assert_allclose(run.arrays["bias"], np.exp(-t)[:, None] * [1.0, 2.0, 3.0], atol=EPS)


def test_clusters_without_spread_leave_one_direction_of_a_bias_free() -> None:
    """Every point of such data lies on a plane that misses the origin, so M is singular."""
    found = one_layer.affine_rates(SIMTask(mu=(1.0, 2.0), sigma=0.0)).rates
    assert found[-1] == 0.0
    assert found[1] > 0.1


def test_ensembles_are_their_members(task) -> None:
    starts = np.random.default_rng(2).standard_normal((2, 4, 3, 3))
    bias = np.arange(3.0)
    whole = one_layer.affine(task, starts, [0.5, 1.0], bias=bias)
    alone = one_layer.affine(task, starts[1, 2], [0.5, 1.0], bias=bias)
    np.testing.assert_allclose(whole.member((1, 2)).outputs, alone.outputs, atol=EPS)
    np.testing.assert_allclose(whole.member((1, 2)).arrays["bias"], alone.arrays["bias"], atol=EPS)
    many = descent.sgd_moments(task, starts, [0, 4], lr=0.1, batch=2)
    one = descent.sgd_moments(task, starts[1, 2], [0, 4], lr=0.1, batch=2)
    np.testing.assert_allclose(many.moment[1, 2], one.moment, atol=EPS)
    np.testing.assert_allclose(many.loss[1, 2], one.loss, atol=EPS)


def test_wrong_arguments_are_refused(task) -> None:
    squared = SIMTask(mu=(1.0, 2.0), sigma=0.1, squared_rates=True)
    for call in (
        lambda: one_layer.affine(squared, np.zeros((2, 2)), [1.0]),
        lambda: descent.sgd_moments(squared, np.zeros((2, 2)), [1], lr=0.1, batch=1),
        lambda: descent.error(-1.0, [1], lr=0.1),
        lambda: descent.error(1.0, [0.5], lr=0.1),
        lambda: descent.error(1.0, [1, 1], lr=0.1),
        lambda: descent.error(1.0, [1], lr=0.1, momentum=1.0),
        lambda: one_layer.decayed(task, EYE, [1.0], decay=-1.0),
        lambda: descent.stationary(task, lr=0.1, batch=1, label_noise=-1.0),
    ):
        with pytest.raises(ArgumentError):
            call()
    for call in (
        lambda: one_layer.general(np.ones((2, 1, 1)), [[1.0]], [[1.0]], [1.0]),
        lambda: one_layer.general(np.eye(2), np.zeros((1, 3)), np.zeros((1, 2)), [1.0]),
        lambda: one_layer.general(np.eye(2), np.zeros((1, 2)), np.zeros((2, 2)), [1.0]),
        lambda: one_layer.affine(task, EYE, [1.0], bias=[1.0]),
        lambda: one_layer.affine(task, EYE, [1.0], probes=[1.0]),
        lambda: descent.error(1.0, 3, lr=0.1),
    ):
        with pytest.raises(ShapeError):
            call()


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_smallest_momentum_is_none(nesterov: bool) -> None:
    k = np.arange(5)
    plain = descent.error([1.0, 2.0], k, lr=0.01)
    for beta in (1e-300, 5e-324):
        found = descent.error([1.0, 2.0], k, lr=0.01, momentum=beta, nesterov=nesterov)
        np.testing.assert_allclose(found, plain, rtol=1e-15)
