"""Flows over many relaxation times, and rates that are far apart, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory import sim
from simtheory.analytic import one_layer
from simtheory.tasks import SIMTask

TURN = np.array([[0.6, -0.8], [0.8, 0.6]])


def test_a_rotated_task_keeps_rates_that_are_far_apart() -> None:
    task = SIMTask(mu=(0.0, 0.0), sigma=(1e3, 1e-3), rotation=TURN)  # rates 1e6 and 1e-6
    W0, t = np.array([[0.3, 0.1], [-0.2, 0.4]]), np.array([0.0, 1e-6, 1.0, 1e5, 1e6])
    exact = one_layer.solution(task, W0, t).weights
    run = sim.solve(sim.OneLayer(), task, W0, t)
    np.testing.assert_allclose(run.weights, exact, rtol=0, atol=1e-15)
    # The second moment itself no longer tells the small rate.
    blind = sim.integrate(sim.OneLayer(), task.second_moment, W0, t)
    assert np.abs(blind - exact).max() > 1e-7


@pytest.mark.parametrize("flow", [sim.Tied(), sim.Untied(), sim.Deep(3)])
def test_a_rotated_task_is_the_plain_task_turned(flow) -> None:
    plain = SIMTask(mu=(1.0, 2.0), sigma=0.3)
    turned = SIMTask(mu=(1.0, 2.0), sigma=0.3, rotation=TURN)
    layers = tuple(
        0.3 * np.random.default_rng(l).standard_normal((2, 2)) for l in range(flow.depth)
    )
    init, there = layers, [layers[0] @ TURN.T, *layers[1:]]
    there[-1] = TURN @ there[-1]
    if flow == sim.Tied():
        init, there = layers[0], TURN @ layers[0]
    t = np.linspace(0.0, 4.0, 9)
    here = sim.solve(flow, plain, init, t).weights
    run = sim.solve(flow, turned, there if flow == sim.Tied() else tuple(there), t).weights
    np.testing.assert_allclose(run, TURN @ here @ TURN.T, rtol=0, atol=1e-11)


def logistic(start, rate, t):
    return 1 / (1 + (1 / start - 1) * np.exp(-2 * rate * t))


@pytest.mark.parametrize("rtol", [1e-3, 1e-11])
@pytest.mark.parametrize("d", [3, 9, 30])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("start", ["regular", "near singular"])
def test_a_tied_net_that_has_come_to_rest_takes_no_more_steps(rtol, d, turned, start) -> None:
    rates = np.geomspace(0.2, 1.0, d)
    values = np.full(d, 1e-3) if start == "regular" else np.geomspace(1e-8, 1e-3, d)
    turn = np.linalg.qr(np.random.default_rng(d).standard_normal((d, d)))[0]
    Q = turn if turned else np.eye(d)
    # Off the diagonal a start without a closed form; without it the concepts are logistic.
    U0, t = np.diag(np.sqrt(values)), np.concatenate([np.linspace(0.0, 100.0, 11), [1e4, 1e9]])
    A = (Q * rates) @ Q.T
    W = sim.integrate(sim.Tied(), (A + A.T) / 2, Q @ U0, t, rtol=rtol, max_steps=4000)
    exact = np.array([np.diag(logistic(values, rates, now)) for now in t])
    found = Q.T @ W @ Q
    # Beside a rotation that is known to rounding only: 1e-15 over the start, grown.
    np.testing.assert_allclose(found, exact, rtol=0, atol=max(rtol, 1e-9 if turned else 0.0))
    np.testing.assert_allclose(W[-1], np.eye(d), rtol=0, atol=rtol)
    np.testing.assert_array_equal(W[-2], W[-1])


def test_rest_does_not_come_before_the_slowest_concept() -> None:
    rates, values = np.array([1.0, 1e-3]), np.array([0.1, 0.2])
    t = np.array([0.0, 100.0, 500.0, 1000.0, 5000.0, 1e9])
    W = sim.integrate(sim.Tied(), np.diag(rates), np.diag(np.sqrt(values)), t)
    exact = np.array([np.diag(logistic(values, rates, now)) for now in t])
    np.testing.assert_allclose(W, exact, rtol=0, atol=1e-11)
    assert 0.1 < 1 - exact[3, 1, 1] < 0.4


@pytest.mark.parametrize("turned", [False, True])
def test_a_saddle_is_not_rest(turned) -> None:
    # One hidden unit on the slower concept, with a trace of the faster one, which wins in the end.
    t, Q = np.array([0.0, 50.0, 1e7]), TURN if turned else np.eye(2)
    A = (Q * [1.0, 0.5]) @ Q.T
    A = (A + A.T) / 2
    if not turned:
        saddle = sim.integrate(sim.Tied(), A, np.array([[1e-17], [0.5]]), t)
        np.testing.assert_allclose(saddle[1], np.diag([0.0, 1.0]), rtol=0, atol=1e-6)
        np.testing.assert_allclose(saddle[2], np.diag([1.0, 0.0]), rtol=0, atol=1e-11)
        stays = sim.integrate(sim.Tied(), A, np.array([[0.0], [0.5]]), t)
        np.testing.assert_allclose(stays[2], np.diag([0.0, 1.0]), rtol=0, atol=1e-11)
    end = sim.integrate(sim.Tied(), A, Q @ np.array([[0.3], [0.5]]), t)[-1]
    np.testing.assert_allclose(Q.T @ end @ Q, np.diag([1.0, 0.0]), rtol=0, atol=1e-11)
