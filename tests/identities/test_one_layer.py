"""Exact identities of one linear layer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import ortho_group

from simtheory import SIMTask
from simtheory.analytic import one_layer
from simtheory.errors import ArgumentError, ShapeError

EPS = 1e-12  # products of a dozen roundings of numbers of size one
T = np.linspace(0.0, 6.0, 13)


@pytest.fixture
def task() -> SIMTask:
    return SIMTask(mu=(1.0, 2.0), sigma=(0.3, 0.1, 0.2), dim=3, weights=(0.7, 0.3))


@pytest.fixture
def W0() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((3, 3))


@pytest.mark.parametrize("turned", [False, True])
def test_it_is_the_matrix_exponential(task: SIMTask, W0: np.ndarray, turned: bool) -> None:
    if turned:
        rotation = ortho_group.rvs(3, random_state=3)
        task = SIMTask(mu=task.mu, sigma=task.sigma, dim=3, weights=task.weights, rotation=rotation)
    found = one_layer.solution(task, W0, T)
    direct = [np.eye(3) + (W0 - np.eye(3)) @ expm(-task.second_moment * t) for t in T]
    np.testing.assert_allclose(found.weights, direct, rtol=0, atol=EPS)
    assert found.exact
    # Power: no learning at all is wrong by far.
    assert np.abs(W0 - direct).max() > 10 * EPS


def test_it_starts_at_the_start_and_ends_at_the_identity(task: SIMTask, W0: np.ndarray) -> None:
    found = one_layer.solution(task, W0, [0.0, 1e6]).weights
    np.testing.assert_array_equal(found[0], W0)
    np.testing.assert_allclose(found[1], np.eye(3), atol=EPS)


def test_a_coordinate_without_variance_keeps_its_weights(W0: np.ndarray) -> None:
    task = SIMTask(mu=(1.0, 2.0), sigma=0.1, dim=3)
    found = one_layer.solution(task, W0, [0.0, 1e6]).weights[-1]
    np.testing.assert_array_equal(found[:, 2], W0[:, 2])


def test_two_halves_make_a_whole(task: SIMTask, W0: np.ndarray) -> None:
    half = one_layer.solution(task, W0, [0.7]).weights[0]
    whole = one_layer.solution(task, W0, [1.4]).weights[0]
    np.testing.assert_allclose(one_layer.solution(task, half, [0.7]).weights[0], whole, atol=EPS)


def test_an_ensemble_is_its_members(task: SIMTask) -> None:
    starts = np.random.default_rng(2).standard_normal((2, 4, 3, 3))
    whole = one_layer.solution(task, starts, T, probes=np.eye(3))
    assert whole.outputs.shape == (2, 4, T.size, 3, 3)
    alone = one_layer.solution(task, starts[1, 2], T)
    np.testing.assert_allclose(whole.weights[1, 2], alone.weights, atol=EPS)


def test_losses_from_a_zero_start(task: SIMTask) -> None:
    found = one_layer.zero_start_loss(task, T)
    missing = np.eye(3) - one_layer.solution(task, np.zeros((3, 3)), T).weights
    np.testing.assert_allclose(
        found.test, 0.5 * np.sum((missing @ task.target) ** 2, axis=-1), rtol=EPS
    )
    train = 0.5 * np.einsum("tij,jk,tik->t", missing, task.second_moment, missing)
    np.testing.assert_allclose(found.train, train, rtol=EPS)
    assert np.all(np.diff(found.test) < 0)


def test_losses_with_squared_rates_weigh_the_data_as_they_are() -> None:
    task = SIMTask(mu=(1.0, 2.0), sigma=0.1, squared_rates=True)
    data = SIMTask(mu=(1.0, 2.0), sigma=0.1)
    found = one_layer.zero_start_loss(task, [0.0, 1.0])
    assert found.train[0] == pytest.approx(0.5 * np.trace(data.second_moment), rel=EPS)
    decay = np.exp(-2 * data.rates**2)
    assert found.train[1] == pytest.approx(0.5 * data.rates @ decay, rel=EPS)


def test_a_large_start_can_make_the_test_loss_rise() -> None:
    """μ = (1, 1), a = (1, .3), W(0) = [[0,1],[0,1]]: zero at first, .0873 at t = ln(1/.3)/.7."""
    task = SIMTask(mu=(1.0, 1.0), sigma=0.0, weights=(0.5, 0.5))
    rates = np.array([1.0, 0.3])
    weights = one_layer.flow(rates, np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([0.0, 1.72]))
    loss = 0.5 * np.sum(((weights - np.eye(2)) @ task.target) ** 2, axis=-1)
    assert loss[0] == 0.0
    assert loss[1] == pytest.approx(0.0873, abs=5e-5)  # printed to three digits


def test_wrong_shapes_and_times_are_refused(task: SIMTask) -> None:
    with pytest.raises(ShapeError, match="W0"):
        one_layer.solution(task, np.zeros((3, 2)), T)
    with pytest.raises(ArgumentError, match="`t`"):
        one_layer.solution(task, np.zeros((3, 3)), [1.0, 0.5])
