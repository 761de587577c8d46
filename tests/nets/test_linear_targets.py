"""Nets trained on linear tasks, against the same steps in NumPy."""

import numpy as np
import pytest

import simtheory as st
from simtheory.errors import ShapeError, TaskError
from simtheory.validation import MLP, train
from simtheory.validation.nets.data import Fresh, Points, Samples

TASK = st.LinearTask(np.random.default_rng(0).normal(size=(3, 2)), [[2.0, 0.5], [0.5, 1.0]])
STEPS, LR = 60, 0.05


def stepped(W1, W2, x, y):
    """Two linear layers by full-batch descent of ½|W₂W₁x − y|²."""
    found = [W2 @ W1]
    for _ in range(STEPS):
        miss = (x @ (W2 @ W1).T - y).T @ x / len(x)
        W1, W2 = W1 - LR * W2.T @ miss, W2 - LR * miss @ W1.T
        found.append(W2 @ W1)
    return np.stack(found)


@pytest.mark.parametrize("labelled", [False, True])
def test_a_linear_net_learns_another_map(labelled):
    rng = np.random.default_rng(1)
    x, start = (
        rng.normal(size=(40, 2)),
        (0.3 * rng.normal(size=(4, 2)), 0.3 * rng.normal(size=(3, 4))),
    )
    y = rng.normal(size=(40, 3)) if labelled else x @ TASK.teacher.T
    data = Points(x, labels=y if labelled else None)
    run = train(
        MLP(depth=2, width=4),
        TASK,
        steps=STEPS,
        lr=LR,
        seeds=2,
        data=data,
        init=start,
        looks=range(STEPS + 1),
    )
    expected = stepped(*start, x, y)
    for member in run.weights:
        np.testing.assert_allclose(member, expected, rtol=0, atol=1e-12)
    assert abs(expected[-1] - expected[0]).max() > 0.1
    np.testing.assert_allclose(
        run.outputs, np.broadcast_to(expected.mT, run.outputs.shape), atol=1e-12
    )
    loss = 0.5 * ((x @ expected[-1].T - y) ** 2).sum(axis=1).mean()
    assert run.arrays["train_loss"][0, -1] == pytest.approx(loss, rel=1e-10)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_fresh_points_have_the_answers_of_the_task(noise):
    """One step from zero shows the correlation of outputs with inputs, to the error of the mean."""
    batch, lr = 20_000, 0.1
    run = train(
        MLP(depth=1),
        TASK,
        steps=1,
        lr=lr,
        seeds=1,
        data=Fresh(watched=50, label_noise=noise),
        batch=batch,
        init=(np.zeros((3, 2)),),
        looks=[0, 1],
    )
    rates, aim = TASK.second_moment, TASK.teacher
    wanted = aim @ rates
    spread = np.einsum("ij,jk,ik->i", aim, rates, aim)[:, None] + noise
    error = np.sqrt((spread * np.diag(rates) + wanted**2) / batch)
    assert np.all(np.abs(run.weights[0, 1] / lr - wanted) < 4 * error)
    # Power: targets that are inputs, and outputs in other axes.
    assert np.abs(wanted[:2] - rates).max() > 40 * error.max()
    assert np.abs(wanted - aim).max() > 40 * error.max()
    x, y = Fresh(watched=50).draw(TASK, seeds=(0,))
    np.testing.assert_array_equal(y, x @ aim.T)
    assert run.arrays["train_loss"][0, 0] == pytest.approx(0.5 * (y**2).sum(-1).mean())


def test_targets_that_a_net_does_not_reach():
    settings = {"steps": 1, "lr": 0.1, "seeds": 1}
    with pytest.raises(TaskError, match="as many outputs as inputs"):
        train(MLP(2, 4, tied=True), TASK, **settings)
    with pytest.raises(TaskError, match=r"positive semidefinite.*reaches no other"):
        train(MLP(2, 4, tied=True), st.LinearTask(-np.eye(2)), **settings)
    with pytest.raises(ShapeError, match="labels of 3 outputs"):
        train(MLP(2, 4), TASK, **settings, data=Points(np.eye(2), labels=np.eye(2)))
    assert Samples(5).draw(TASK, seeds=(0,))[1].shape == (1, 5, 3)
