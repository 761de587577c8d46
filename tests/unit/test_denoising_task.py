"""The denoising task: its moments, and the arguments that it refuses."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from scipy.stats import ortho_group

from simtheory.errors import ArgumentError, ShapeError, TaskError
from simtheory.tasks import DenoisingTask

ENDS = {"sigma_min": 0.002, "sigma_max": 80.0}
AXIS = DenoisingTask((2.0, 0.5, 0.1), mean=(1.0, -0.5, 0.3), **ENDS)
TURN = ortho_group.rvs(3, random_state=0)
DENSE = DenoisingTask((TURN * [0.1, 0.5, 2.0]) @ TURN.T, **ENDS)


def test_variances_along_the_axes_keep_their_order() -> None:
    np.testing.assert_array_equal(AXIS.variances, [2.0, 0.5, 0.1])
    np.testing.assert_array_equal(AXIS.axes, np.eye(3))
    np.testing.assert_array_equal(AXIS.matrix, np.diag([2.0, 0.5, 0.1]))
    assert AXIS.dim == 3


def test_a_matrix_has_its_eigenvalues_and_eigenvectors() -> None:
    np.testing.assert_allclose(DENSE.variances, [0.1, 0.5, 2.0], rtol=1e-13)
    np.testing.assert_allclose(
        (DENSE.axes * DENSE.variances) @ DENSE.axes.T, DENSE.matrix, atol=1e-15
    )


def test_the_second_moment_is_uncentred() -> None:
    np.testing.assert_allclose(
        AXIS.second_moment, AXIS.matrix + np.outer(AXIS.mean, AXIS.mean), rtol=1e-15
    )


@pytest.mark.parametrize("task", [AXIS, DENSE])
def test_the_target_is_the_best_linear_denoiser(task: DenoisingTask) -> None:
    best = task.matrix @ np.linalg.inv(task.matrix + 0.3 * np.eye(3))
    np.testing.assert_allclose(task.target(sigma=0.3**0.5), best, atol=1e-14)


@pytest.mark.parametrize("task", [AXIS, DENSE])
def test_samples_have_the_moments(task: DenoisingTask) -> None:
    n = 200_000
    x = task.sample(n, rng=np.random.default_rng(0))
    # Five standard errors of a second moment of size 2.
    np.testing.assert_allclose(np.cov(x.T), task.matrix, atol=5 * 2 * (2 / n) ** 0.5)
    np.testing.assert_allclose(x.mean(axis=0), task.mean, atol=5 * (2 / n) ** 0.5)


def test_it_is_frozen_and_can_be_replaced() -> None:
    with pytest.raises(FrozenInstanceError):
        AXIS.sigma_min = 1.0  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        AXIS.covariance[0] = 1.0
    assert replace(AXIS, sigma_min=0.1).sigma_min == 0.1
    assert replace(AXIS, sigma_min=0.1) != AXIS


@pytest.mark.parametrize("task", [AXIS, DENSE])
def test_it_survives_a_dictionary_and_a_pickle(task: DenoisingTask) -> None:
    for copy in (DenoisingTask.from_dict(task.to_dict()), pickle.loads(pickle.dumps(task))):
        assert copy == task
        assert hash(copy) == hash(task)
    assert task != "task"


def test_equal_tasks_have_one_hash_whatever_the_sign_of_a_zero() -> None:
    zero, negative = (
        DenoisingTask([1.0], sigma_min=0.1, sigma_max=2.0, mean=[sign * 0.0])
        for sign in (1.0, -1.0)
    )
    assert zero == negative
    assert hash(zero) == hash(negative)
    assert hash(zero) != hash(replace(zero, mean=[1.0]))


def test_it_prints_shortly() -> None:
    assert repr(AXIS) == (
        "DenoisingTask((2, 0.5, 0.1), sigma_min=0.002, sigma_max=80, mean=(1, -0.5, 0.3))"
    )
    assert repr(DENSE) == "DenoisingTask(<3×3>, sigma_min=0.002, sigma_max=80)"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"covariance": (1.0, 0.0)}, TaskError, "must be positive definite, .* is 0"),
        ({"covariance": [[1.0, 2.0], [2.0, 1.0]]}, TaskError, "positive definite, .* is -1"),
        ({"covariance": [[1.0, 0.5], [0.0, 1.0]]}, TaskError, "symmetric, .* by 0.5"),
        ({"covariance": [[1.0, 0.5]]}, ShapeError, r"\(d,\) or \(d, d\)"),
        ({"covariance": ()}, ShapeError, r"\(d,\) or \(d, d\)"),
        ({"covariance": (1.0, np.nan)}, TaskError, "`covariance` must be finite"),
        ({"mean": (1.0, 2.0, 3.0)}, ShapeError, r"`mean` must be a scalar or have shape \(2,\)"),
        ({"mean": np.inf}, TaskError, "`mean` must be finite"),
        ({"sigma_min": 0.0}, TaskError, "`sigma_min` must be a positive number"),
        ({"sigma_max": -1.0}, TaskError, "`sigma_max` must be a positive number"),
        ({"sigma_min": 1e-200}, TaskError, "where their squares exist"),
        ({"sigma_max": 1e200}, TaskError, "where their squares exist"),
        ({"sigma_min": 80.0}, TaskError, "`sigma_min` must lie below `sigma_max`"),
    ],
)
def test_tasks_that_cannot_exist(arguments: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        DenoisingTask(**({"covariance": (1.0, 2.0)} | ENDS | arguments))


def test_the_ends_of_the_schedule_have_no_default() -> None:
    with pytest.raises(TypeError, match="sigma_m"):
        DenoisingTask((1.0, 2.0))  # type: ignore[call-arg]


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(TaskError, match="no argument 'sigma_mix'; did you mean"):
        DenoisingTask.from_dict({"covariance": [1.0], "sigma_mix": 1.0})
    with pytest.raises(TaskError, match="needs the argument 'sigma_max'"):
        DenoisingTask.from_dict({"covariance": [1.0], "sigma_min": 1.0})
    with pytest.raises(ArgumentError, match="`sigma` must be a positive number"):
        AXIS.target(sigma=0.0)
    with pytest.raises(ArgumentError, match="`n` must be a positive integer"):
        AXIS.sample(0, rng=np.random.default_rng(0))
