"""Linear tasks: published numbers, closed forms on them, and what they refuse."""

import json

import numpy as np
import pytest
from scipy.integrate import quad

import simtheory as st
from simtheory import analytic, observe, sim
from simtheory.errors import ArgumentError, RegimeError, ShapeError, TaskError

WORLD = st.tasks.saxe2019.hierarchy()


def chain(task, w0, depth):
    """Balanced layers along the modes of a task."""
    modes = task.modes()
    root = np.broadcast_to(w0, modes.strengths.shape) ** (1.0 / depth)
    return (root[:, None] * modes.inputs.T, *[np.diag(root)] * (depth - 2), modes.outputs * root)


def turned(rates, strengths, k, seed):
    """A task with given rates and strengths along drawn axes."""
    rng = np.random.default_rng(seed)
    V = np.linalg.qr(rng.normal(size=(len(rates), len(rates))))[0]
    U = np.linalg.qr(rng.normal(size=(k, k)))[0][:, : len(rates)]
    return st.LinearTask((U * strengths) @ V.T, (V * rates) @ V.T)


def test_the_toy_world_of_the_paper():
    modes = WORLD.modes()
    np.testing.assert_allclose(modes.strengths**2, [7.0, 3.0, 1.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(
        (modes.outputs * modes.strengths) @ modes.inputs.T, WORLD.teacher, atol=1e-12
    )
    # what all share, then plants against animals
    np.testing.assert_allclose(abs(modes.inputs[:, 0]), 0.5, atol=1e-12)
    np.testing.assert_allclose(
        modes.inputs[:, 1] * modes.inputs[0, 1] * 4, [1, 1, -1, -1], atol=1e-12
    )
    three = st.tasks.saxe2019.hierarchy((2, 3, 2))
    assert three.teacher.shape == (1 + 2 + 6 + 12, 12)
    assert (three.teacher.sum(axis=0) == 4).all()


def test_published_half_times():
    """saxe2019: t = τ/(2s) ln[u_f(s − u_0)/(u_0(s − u_f))], with s the correlation and τ = 1 here."""
    u0, found = 0.003, analytic.deep.aligned_times(WORLD, 0.003 * np.ones(4), depth=2)
    s, a = WORLD.modes().strengths, 0.25
    np.testing.assert_allclose(
        found, np.log((s / 2) * (s - u0) / (u0 * (s / 2))) / (2 * a * s), rtol=1e-12
    )
    grid = np.linspace(0.0, 30.0, 3001)
    run = sim.solve(sim.Untied(), WORLD, chain(WORLD, u0, 2), grid)
    modes = WORLD.modes()
    shares = np.einsum("ka,tkd,da->at", modes.outputs, run.weights, modes.inputs) / s[:, None]
    for share, time in zip(shares, found, strict=True):
        assert np.interp(time, grid, share) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_aligned_layers_of_any_depth(depth):
    task = turned([2.0, 1.0, 0.5], [0.5, 1.5, 2.5], 4, depth)
    w0 = np.array([0.02, 0.05, 0.1])
    t = np.linspace(0.0, 20.0, 41)
    flow = {1: sim.OneLayer(), 2: sim.Untied(), 3: sim.Deep()}[depth]
    start = chain(task, w0, depth)
    if depth == 1:
        modes = task.modes()
        start = (modes.outputs * w0) @ modes.inputs.T
    exact = sim.solve(flow, task, start, t).weights
    form = analytic.deep.aligned(task, w0, t, depth=depth)
    np.testing.assert_allclose(form.weights, exact, rtol=0, atol=1e-9)
    assert abs(exact[-1] - exact[0]).max() > 0.5
    assert form.label == "depth-mode"


@pytest.mark.parametrize("gap", [0.0, 0.4, -3.0])
def test_layers_of_unequal_size(gap):
    task = turned([2.0, 1.0], [0.8, 2.0], 3, 5)
    modes, t = task.modes(), np.linspace(0.0, 8.0, 33)
    w0 = np.array([0.01, 0.03])
    big, small = (np.sqrt((np.hypot(gap, 2 * w0) + sign * gap) / 2) for sign in (1, -1))
    start = (small[:, None] * modes.inputs.T, modes.outputs * big)
    exact = sim.solve(sim.Untied(), task, start, t).weights
    form = analytic.untied.aligned(task, w0, t, imbalance=gap)
    np.testing.assert_allclose(form.weights, exact, rtol=0, atol=1e-9)
    other = analytic.untied.aligned(task, w0, t, imbalance=gap + 1.0).weights
    assert abs(other - exact).max() > 1e-2


def test_equal_rates_and_any_teacher():
    rng = np.random.default_rng(0)
    task = st.LinearTask(rng.normal(size=(2, 3)), 1.7 * np.eye(3))
    start = 0.2 * np.linalg.qr(rng.normal(size=(3, 3)))[0], np.zeros((2, 3))
    with pytest.raises(RegimeError, match="multiple of the identity"):
        analytic.untied.isotropic(task, (start[0] * [[1], [2], [3]], start[1]), [0.0, 1.0])
    t = np.linspace(0.0, 6.0, 13)
    form = analytic.untied.isotropic(task, start, t)
    exact = sim.solve(sim.Untied(), task, start, t).weights
    np.testing.assert_allclose(form.weights, exact, rtol=0, atol=1e-9)
    assert abs(exact[-1] - task.teacher).max() < 0.1 < abs(exact[0] - task.teacher).max()


@pytest.mark.parametrize("gap", [0.0, 1e-3, 0.5, 4.0])
def test_time_to_a_loss_against_imbalance(gap):
    """A mode reaches ½a(s − w)² = loss sooner, the more the layers differ; by quadrature and by steps."""
    s, a, w0, loss = 1.5, 0.8, 1e-3, 1e-3
    end = s - np.sqrt(2 * loss / a)
    time = float(analytic.untied.imbalanced_time(a * s, w0 / s, imbalance=gap / s, level=end / s))
    expected, _ = quad(
        lambda y: np.exp(y) / (a * (s - np.exp(y)) * np.hypot(gap, 2 * np.exp(y))),
        np.log(w0),
        np.log(end),
        epsabs=1e-13,
        epsrel=1e-12,
        limit=200,
    )
    assert time == pytest.approx(expected, rel=1e-10)
    task = st.LinearTask([[s]], [[a]])
    root = np.hypot(gap, 2 * w0)
    start = [[np.sqrt((root - gap) / 2)]], [[np.sqrt((root + gap) / 2)]]
    lr = time / 4000
    run = sim.descend(sim.Untied(), task, start, steps=8000, lr=lr)
    steps = int(np.argmax(observe.train_loss(run) <= loss))
    assert steps == pytest.approx(4000, rel=5e-3)
    # A net with as large a rate but balanced layers takes another time.
    balanced = float(analytic.untied.imbalanced_time(a * s, w0 / s, imbalance=0.0, level=end / s))
    assert gap < 0.1 or balanced > 1.3 * time


def test_correlations_and_data_give_the_same_task():
    rng = np.random.default_rng(1)
    x, B = rng.normal(size=(50, 3)) * [3.0, 1.0, 0.0], rng.normal(size=(2, 3))
    y = x @ B.T
    task = st.LinearTask.from_data(x, y)
    np.testing.assert_allclose(task.teacher[:, :2], B[:, :2], atol=1e-12)
    assert (task.teacher[:, 2] == 0.0).all()  # an input that is never seen
    np.testing.assert_allclose(task.cross_moment, y.T @ x / 50, atol=1e-12)
    np.testing.assert_allclose(task.answers(x), y, atol=1e-12)
    again = st.LinearTask.from_dict(json.loads(json.dumps(task.to_dict())))
    assert again == task
    assert hash(again) == hash(task)
    drawn, answers = task.sample(20000, rng=0)
    np.testing.assert_allclose(drawn.T @ drawn / 20000, task.second_moment, atol=0.4)
    np.testing.assert_allclose(answers, drawn @ task.teacher.T, atol=1e-12)
    np.testing.assert_array_equal(st.SIMTask(mu=(1.0, 2.0), sigma=0.1).teacher, np.eye(2))


def test_what_a_linear_task_refuses():
    with pytest.raises(ShapeError, match=r"`second_moment` must have shape \(2, 2\)"):
        st.LinearTask(np.ones((3, 2)), np.eye(3))
    with pytest.raises(ShapeError, match=r"`cross_moment` must have shape \(outputs, 2\)"):
        st.LinearTask.from_moments(np.eye(2), np.ones((2, 3)))
    with pytest.raises(ArgumentError, match="zero along inputs whose second moment is zero"):
        st.LinearTask.from_moments(np.diag([1.0, 0.0]), [[1.0, 1.0]])
    with pytest.raises(ArgumentError, match="symmetric"):
        st.LinearTask(np.eye(2), [[1.0, 1.0], [0.0, 1.0]])
    with pytest.raises(ShapeError, match="a row for each of 3 rows"):
        st.LinearTask.from_data(np.ones((3, 2)), np.ones((4, 1)))
    with pytest.raises(TaskError, match="at most 4096"):
        st.tasks.saxe2019.hierarchy((10,) * 9)
    with pytest.raises(RegimeError, match="off the diagonal"):
        st.LinearTask(np.diag([1.0, 2.0]), [[2.0, 1.0], [1.0, 3.0]]).modes()
    with pytest.raises(RegimeError, match="between 0 and its strength"):
        analytic.deep.aligned(WORLD, 1.5, [0.0, 1.0], depth=2)
    with pytest.raises(ShapeError, match="a start for each mode"):
        analytic.deep.aligned_times(WORLD, [0.1, 0.1], depth=2)
