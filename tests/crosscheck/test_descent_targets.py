"""Optimisers on linear tasks, and the layers that they leave, against the same steps in NumPy."""

import numpy as np
import pytest

import simtheory as st
from simtheory import observe, sim
from simtheory.errors import ArgumentError, ShapeError
from tests.crosscheck.test_layers_and_targets import drawn, slopes

STEPS, LR = 40, 0.02


def stepped(layers, moments, *, tied, momentum=0.0, decay=0.0, scale=1.0):
    """Heavy-ball steps on the gradient of ½E|Wx − y|², from E[xxᵀ] and E[yxᵀ] of each step."""
    layers = [layer.copy() for layer in layers]
    velocity = [0.0 * layer for layer in layers]
    found = [[layer.copy() for layer in layers]]
    for A, C in moments:
        B = C @ np.linalg.pinv(A)
        moves = slopes(layers, A, B, tied=tied)
        for k, move in enumerate(moves):
            velocity[k] = momentum * velocity[k] - scale * LR * move + LR * decay * layers[k]
            layers[k] = layers[k] - velocity[k]
        found.append([layer.copy() for layer in layers])
    return [np.stack(each) for each in zip(*found, strict=True)]


@pytest.mark.parametrize(("k", "d"), [(5, 3), (3, 3), (2, 3)])
@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_descent_of_the_population(k, d, momentum):
    A, B, layers = drawn(k, k, d, (4,))
    run = sim.descend(
        sim.Untied(), st.LinearTask(B, A), tuple(layers), steps=STEPS, lr=LR, momentum=momentum,
        weight_decay=0.01, layers=True,
    )  # fmt: skip
    expected = stepped(layers, [(A, B @ A)] * STEPS, tied=False, momentum=momentum, decay=0.01)
    for found, layer in zip(observe.layers(run), expected, strict=True):
        np.testing.assert_allclose(found, layer, rtol=0, atol=1e-12)
    np.testing.assert_allclose(run.weights, expected[1] @ expected[0], rtol=0, atol=1e-12)
    assert abs(run.weights[-1] - run.weights[0]).max() > 0.1


def test_descent_of_a_tied_net():
    A, G, _ = drawn(2, 3, 3, ())
    B, U = G @ G.T, 0.3 * np.random.default_rng(1).normal(size=(3, 2))
    run = sim.descend(sim.Tied(), st.LinearTask(B, A), U, steps=STEPS, lr=LR, layers=True)
    (expected,) = stepped([U], [(A, B @ A)] * STEPS, tied=True, scale=2.0)
    np.testing.assert_allclose(run.arrays["U"], expected, rtol=0, atol=1e-12)
    W = expected @ expected.mT
    step = sim.descend(
        sim.Tied(), st.LinearTask(B, A), U, steps=1, lr=LR, loss="recurrence"
    ).weights[-1]
    move = (B - W[0]) @ A
    move = 0.5 * (move + move.T)
    h = st.units.Clock(LR, "recurrence", dim=3, tied=True).step
    np.testing.assert_allclose(step, W[0] + h * (move @ W[0] + W[0] @ move), rtol=0, atol=1e-12)


@pytest.mark.parametrize("k", [2, 4])
def test_descent_on_labelled_data_in_full_and_in_batches(k):
    _, B, layers = drawn(k, k, 3, (4,))
    rng = np.random.default_rng(k)
    x = rng.normal(size=(30, 3)) @ rng.normal(size=(3, 3))
    y = x @ B.T + 0.1 * rng.normal(size=(30, k))
    task = st.LinearTask.from_data(x, y)
    settings = {"steps": STEPS, "lr": LR, "data": x, "labels": y, "layers": True}
    run = sim.descend(sim.Untied(), task, tuple(layers), **settings)
    expected = stepped(layers, [(x.T @ x / 30, y.T @ x / 30)] * STEPS, tied=False)
    np.testing.assert_allclose(run.arrays["W1"], expected[0], rtol=0, atol=1e-12)
    population = sim.descend(sim.Untied(), task, tuple(layers), steps=STEPS, lr=LR)
    np.testing.assert_allclose(run.weights, population.weights, rtol=0, atol=1e-12)
    whole = sim.descend(sim.Untied(), task, tuple(layers), **settings, batch=30, rng=0)
    np.testing.assert_allclose(whole.weights, run.weights, rtol=0, atol=1e-11)
    own = sim.descend(sim.Untied(), task, tuple(layers), steps=STEPS, lr=LR, data=x)
    # What no linear map reaches is orthogonal to the inputs, all together; in a batch it is not.
    np.testing.assert_allclose(own.weights, run.weights, rtol=0, atol=1e-12)
    few = {"steps": STEPS, "lr": LR, "data": x, "batch": 5, "rng": 0}
    noisy, answers, plain = (
        sim.descend(sim.Untied(), task, tuple(layers), labels=given, **few).weights
        for given in (y, x @ task.teacher.T, None)
    )
    np.testing.assert_allclose(plain, answers, rtol=0, atol=1e-12)
    assert abs(noisy - plain).max() > 1e-4


@pytest.mark.parametrize("k", [2, 4])
def test_fresh_samples_have_the_moments_of_the_task(k):
    A, B, _ = drawn(9, k, 3, ())
    task, W0 = st.LinearTask(B, A), np.zeros((k, 3))
    run = sim.descend(
        sim.OneLayer(), task, np.zeros((64, k, 3)), steps=1, lr=LR, batch=2000, label_noise=0.5, rng=3
    )  # fmt: skip
    mean = run.weights[:, -1].mean(axis=0) / LR  # the first step is the correlation of a batch
    error = run.weights[:, -1].std(axis=0) / LR / np.sqrt(64)
    assert (abs(mean - B @ A) < 5 * error).all()
    assert abs(B @ A - W0).max() > 10 * error.max()
    # of the whole training set, drawn by each member
    own = sim.descend(
        sim.OneLayer(), task, np.zeros((64, k, 3)), steps=1, lr=LR, data=2000, rng=3
    ).weights[:, -1]
    assert (abs(own.mean(axis=0) / LR - B @ A) < 5 * own.std(axis=0) / LR / 8).all()


def test_small_steps_follow_the_flow_of_a_hierarchy():
    task = st.tasks.saxe2019.hierarchy()
    start = (
        st.inits.gaussian((4, 4), scale=0.05, rng=0),
        st.inits.gaussian((7, 4), scale=0.05, rng=1),
    )
    errors = []
    for steps in (1000, 2000):
        run = sim.descend(
            sim.Untied(), task, start, steps=steps, lr=30.0 / steps, every=steps // 10
        )
        flow = sim.solve(sim.Untied(), task, start, run.t)
        errors.append(abs(run.weights - flow.weights).max())
    assert errors[1] < 0.55 * errors[0] < 0.02


def test_arguments_that_do_not_fit():
    task, start = st.LinearTask(np.ones((3, 2))), (np.eye(2), np.ones((3, 2)))
    with pytest.raises(ArgumentError, match="`labels` needs the samples"):
        sim.descend(sim.Untied(), task, start, steps=1, lr=LR, labels=np.ones((4, 3)))
    with pytest.raises(ShapeError, match=r"`labels` must have shape \(4, 3\)"):
        sim.descend(
            sim.Untied(), task, start, steps=1, lr=LR, data=np.ones((4, 2)), labels=np.ones((4, 2))
        )
    with pytest.raises(ArgumentError, match="steps W itself"):
        sim.descend(
            sim.Tied(), st.LinearTask(np.eye(2)), np.eye(2), steps=1, lr=LR, loss="recurrence",
            layers=True,
        )  # fmt: skip
    with pytest.warns(st.errors.RegimeWarning, match="near the teacher descent is stable"):
        sim.descend(sim.Untied(), task, start, steps=1, lr=0.6)
