"""The exact laws of the tied net as a test of runs: what they pass, what they catch, what they mask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simtheory import inits, observe, sim
from simtheory.errors import ArgumentError
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask, yang2024

ACCURATE = 1e-8  # rounding where eigenvalues above 1e-7 are read, see `observe.laws`
R = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
T = np.linspace(0.0, 4.0, 401)  # until 1 − ω ~ 1e-4, which divides the error of W, 1e-12


@pytest.fixture(scope="module")
def figure_10() -> tuple[SIMTask, np.ndarray]:
    setup = yang2024.figure_10(convention="released")
    return setup.task, inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)


def of_weights(task: SIMTask, t: np.ndarray, weights: np.ndarray) -> Trajectory:
    return Trajectory.from_weights(t, weights, task, origin="sim", exact=False)


@pytest.mark.parametrize("rotation", [None, R], ids=["plain", "turned"])
def test_the_integrator_passes_and_doing_nothing_does_not(rotation) -> None:
    task = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05, rotation=rotation)
    starts = inits.gaussian((4, 3, 5), scale=0.4, rng=np.random.default_rng(0))
    run = sim.solve(sim.Tied(), task, starts, T, rtol=1e-12)
    found = observe.law_residuals(run)
    assert found.det_law.shape == found.cone.shape == (4, T.size)
    assert found.eigen_logit.shape == (4, T.size, 3)
    assert np.isfinite(found.det_law).all()
    assert np.nanmax(np.abs(found.det_law)) < ACCURATE
    # Simpson's rule on steps of 0.01: h⁴ times the fourth derivative of 2qᵀAq, about 1e3.
    assert np.nanmax(np.abs(found.eigen_logit)) < 1e-5
    assert found.cone.max() < 1e-12
    still = of_weights(task, T, np.broadcast_to(run.weights[:, :1], run.weights.shape))
    lazy = observe.law_residuals(still)
    assert np.abs(lazy.det_law[:, -1]).min() > 10 * ACCURATE
    assert np.abs(lazy.eigen_logit[:, -1]).max() > 10 * 1e-5


def test_the_eigen_logit_residual_is_the_quadrature_alone() -> None:
    """A grid twice as fine: Simpson's h⁴ with its ends, h³ at the worst."""
    task = SIMTask(mu=(1.0, 1.5), sigma=0.05)
    U0 = inits.correlated((2, 2), cosine=0.8, scale=0.2, rng=np.random.default_rng(0))
    coarse, fine = (
        np.nanmax(np.abs(observe.law_residuals(sim.solve(sim.Tied(), task, U0, t)).eigen_logit))
        for t in (np.linspace(0.0, 4.0, 41), np.linspace(0.0, 4.0, 81))
    )
    assert coarse > 7 * fine


def test_euler_on_the_map_is_caught(figure_10) -> None:
    task, U0 = figure_10
    euler = sim.descend(sim.Tied(), task, U0, steps=200, lr=0.01, loss="recurrence")
    exact = sim.solve(sim.Tied(), task, U0, euler.t[1:51])
    caught, passed = observe.law_residuals(euler), observe.law_residuals(exact)
    assert caught.cone.max() > 1e-6
    assert euler.t[np.flatnonzero(caught.cone)[0]] == pytest.approx(0.32)
    # Before it leaves the cone its determinant is already wrong.
    before = np.abs(caught.det_law[1:31])
    assert before[-1] > 0.1
    assert np.isnan(caught.det_law[32])
    assert passed.cone.max() < 1e-12
    assert np.nanmax(np.abs(passed.det_law)) < ACCURATE


def test_descent_follows_the_laws_to_first_order_in_its_step() -> None:
    task = SIMTask(mu=(1.0, 1.5), sigma=0.05)
    U0 = inits.correlated((2, 2), cosine=0.8, scale=0.2, rng=np.random.default_rng(0))
    errors = []
    for lr in (0.02, 0.01, 0.005):
        run = sim.descend(sim.Tied(), task, U0, steps=round(1.0 / lr), lr=lr)
        errors.append(np.abs(observe.law_residuals(run).det_law).max())
    ratios = np.divide(errors[:-1], errors[1:])
    np.testing.assert_allclose(ratios, 2.0, rtol=0.05)  # the next order, about lr · a


def test_a_wrong_second_moment_is_caught(figure_10) -> None:
    task, U0 = figure_10
    run = sim.solve(sim.Tied(), task, U0, np.linspace(0.0, 0.5, 51))
    other = replace(task, mu=1.001 * task.mu)
    found = observe.law_residuals(replace(run, task=other)).det_law
    assert np.abs(found[-1]) > 10 * ACCURATE


def test_what_cannot_be_read_is_not_a_number() -> None:
    task = SIMTask(mu=(1.0, 2.0), sigma=0.0)
    t = np.array([0.0, 1.0, 2.0])
    singular = observe.law_residuals(of_weights(task, t, np.zeros((3, 2, 2))))
    assert np.isnan(singular.det_law).all()
    assert np.all(singular.cone == 0)
    late = np.array([[0.2, 0.3], [0.5, 1 - 1e-9], [0.9, 0.9]])[:, :, None] * np.eye(2)
    found = observe.law_residuals(of_weights(task, t, late))
    np.testing.assert_array_equal(np.isnan(found.det_law), [False, True, False])
    outside = observe.law_residuals(
        of_weights(task, t, 1.5 * np.broadcast_to(np.eye(2), (3, 2, 2)))
    )
    np.testing.assert_allclose(outside.cone, 0.5)


def test_one_time_is_enough() -> None:
    task = SIMTask(mu=1.0, sigma=0.0)
    found = observe.law_residuals(of_weights(task, np.array([0.5]), np.full((1, 1, 1), 0.3)))
    assert found.det_law.tolist() == [0.0]
    assert not found.det_law.flags.writeable


def test_a_network_without_a_map_is_refused() -> None:
    task = SIMTask(mu=1.0, sigma=0.0)
    run = of_weights(task, np.array([0.0, 1.0]), np.full((2, 1, 1), 0.3))
    with pytest.raises(ArgumentError, match="must have weights"):
        observe.law_residuals(replace(run, weights=None))


def test_the_laws_count_from_the_first_time_of_a_run() -> None:
    task = SIMTask(mu=(1.0, 1.5), sigma=0.1)
    start = np.array([[0.4, 0.1], [0.05, 0.3]])
    run = sim.solve(sim.Tied(), task, start, np.linspace(0.0, 2.0, 201), rtol=1e-12)
    later = replace(
        run, t=run.t[100:], outputs=run.outputs[100:], weights=run.weights[100:], arrays={}
    )
    found = observe.law_residuals(later)
    assert np.abs(found.det_law).max() < ACCURATE
    assert (
        np.abs(2.0 * np.trace(task.second_moment) * later.t[0]) > 1e7 * ACCURATE
    )  # what it would miss
