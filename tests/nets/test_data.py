"""Data of training and their order; seeds in turn and side by side; both precisions."""

import numpy as np
import pytest

from simtheory.tasks import SIMTask
from simtheory.validation.nets import _training
from simtheory.validation.nets._job import Job
from simtheory.validation.nets.architectures import MLP
from simtheory.validation.nets.data import Fresh, Points, Samples, condensed
from simtheory.validation.nets.optimisers import SGD
from tests.nets.teaching import TASK, TIGHT, gap, inputs, moment, teach

pytestmark = pytest.mark.slow

TINY = 1e-9  # a step this small leaves W = 0 as it is to 1e-8, and shows the batch's own moment


def moments_of_steps(data, steps, batch=4, **changes):
    """Second moments of the batches of one seed, shape (steps, 3, 3)."""
    settings = {"init": (np.zeros((3, 3)),), "seeds": (3,), "lr": TINY, "looks": steps + 1}
    run = teach(MLP(depth=1), data=data, batch=batch, steps=steps, **(settings | changes))
    return np.diff(run.weights[0], axis=0) / TINY


@pytest.mark.parametrize("order", ["epochs", "once", "independent"])
def test_a_pass_takes_every_point_once(order):
    # ten points in batches of 4, 4 and 2: weighted so, their moments make that of all points
    drawn = moments_of_steps(Points(inputs(TASK, 3)[::12], order=order), 9)
    x = inputs(TASK, 3)[::12]
    passes = drawn.reshape(3, 3, 3, 3)
    whole = np.einsum("b,pbij->pij", np.array([0.4, 0.4, 0.2]), passes)
    far = gap(whole, x.T @ x / len(x))
    assert far < 1e-7 if order != "independent" else far > 1e-2
    repeats = gap(passes[0], passes[1])
    assert repeats < 1e-7 if order == "once" else repeats > 1e-2
    assert gap(passes[0, 0], passes[0, 1]) > 1e-2


def test_seeds_shuffle_apart():
    points = Points(inputs(TASK, 3)[::12], order="once")
    one, other = (moments_of_steps(points, 1, seeds=(seed,)) for seed in (3, 4))
    assert gap(one, other) > 1e-2


def test_label_noise_of_a_finite_set_is_kept():
    """Training ends at the regression on the noisy labels."""
    data = Samples(40, label_noise=0.25)
    x, y = data.draw(TASK, seeds=(0, 1))
    assert gap(x[0], inputs(TASK, 0)) == 0.0
    # 2 · 120 · 3 squares of normal numbers: their mean to a share √(2/720) of 0.25
    assert abs(((y - x) ** 2).mean() - 0.25) < 4 * 0.25 * np.sqrt(2 / 720)
    run = teach(MLP(depth=1), data=data, lr=0.3, steps=2000, looks=3)
    for s in range(2):
        fit = np.linalg.lstsq(x[s], y[s], rcond=None)[0].T
        assert gap(run.weights[s, -1], fit) < TIGHT
        assert gap(np.eye(3), fit) > 10 * TIGHT  # the identity, which noise hides
        residual = 0.5 * ((y[s] - x[s] @ fit.T) ** 2).sum(axis=1).mean()
        assert abs(run.arrays["train_loss"][s, -1] - residual) < TIGHT


def test_fresh_points_are_drawn_from_the_task():
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    task = SIMTask(mu=(1.0, 2.0), sigma=(0.3, 0.2, 0.5), dim=3, weights=(0.7, 0.3), rotation=turn)
    settings = {"seeds": range(5), "init": (np.zeros((3, 3)),), "lr": 1.0, "looks": [0, 1]}
    run = teach(MLP(depth=1), task, data=Fresh(watched=1), batch=20_000, steps=1, **settings)
    drawn = run.weights[:, 1]
    # entries are means of 1e5 products: of x_i x_j, whose spread is below E‖x‖² ~ 2
    assert gap(drawn.mean(axis=0), task.second_moment) < 4 * 2 / np.sqrt(1e5)
    assert gap(0.0, task.second_moment) > 40 * 2 / np.sqrt(1e5)  # nothing drawn
    assert gap(drawn[0], drawn[1]) > 1e-3  # seeds draw apart


def test_loss_of_fresh_data_is_watched_on_points_of_its_own():
    run = teach(MLP(depth=1), data=Fresh(watched=40, label_noise=0.3), batch=5, seeds=(6,))
    error = np.eye(3) - run.weights[0]
    loss = 0.5 * np.einsum("tij,jk,tik->t", error, moment(TASK, 6), error)
    assert gap(run.arrays["train_loss"][0], loss) < TIGHT
    assert np.ptp(loss) > 10 * TIGHT


@pytest.mark.parametrize(
    "changes",
    [
        {"batch": 16, "optimiser": SGD(0.9, weight_decay=0.1, clip=1.0), "jacobians": True},
        {"data": Fresh(40, label_noise=0.1), "batch": 16},
    ],
    ids=["epochs", "fresh"],
)
def test_seeds_one_by_one_and_side_by_side_agree(changes):
    net = MLP(2, 6, activation="gelu", bias=True)
    loop, batch = (teach(net, seeds=(0, 5), seeds_as=how, **changes) for how in ("loop", "batch"))
    assert gap(loop.outputs, batch.outputs) < TIGHT
    assert gap(loop.arrays["train_loss"], batch.arrays["train_loss"]) < TIGHT
    assert gap(loop.outputs[0], loop.outputs[1]) > 10 * TIGHT  # nor is it one seed twice
    if "jacobians" in changes:
        assert gap(loop.arrays["jacobians"], batch.arrays["jacobians"]) < TIGHT


def test_single_precision_is_a_choice():
    double, single = (teach(MLP(2, 6), precision=p) for p in ("float64", "float32"))
    far = gap(double.outputs, single.outputs)
    # eps is 6e-8; a step rounds outputs of size two by a few of them, over some hundred steps
    assert 1e-9 < far < 1e-4
    assert gap(double.outputs[:, :1], double.outputs) > 10 * far
    assert single.stats["precision"] == "float32"


def test_looks_in_equal_ratios():
    run = teach(MLP(depth=1), steps=5000, looks="log")
    steps = run.arrays["steps"]
    assert steps[:4].tolist() == [0, 1, 2, 3]
    assert steps[-1] == 5000
    late = steps[steps > 100]
    assert np.allclose(late[1:] / late[:-1], 5000 ** (1 / 199), atol=0.01)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_as_many_points_as_dimensions_give_the_same_gradients(noise):
    data = Samples(40, label_noise=noise)
    x, y = data.draw(TASK, seeds=(0, 1))
    few, targets, rest = condensed(x, y)
    assert few.shape == targets.shape == (2, 3, 3)
    W = np.random.default_rng(5).standard_normal((2, 3, 3))

    def loss_and_slope(inputs, targets):
        miss = inputs @ np.swapaxes(W, -1, -2) - targets
        n = inputs.shape[1]
        return (miss**2).sum(axis=(1, 2)) / n, 2 * np.swapaxes(miss, -1, -2) @ inputs / n

    wanted, found = loss_and_slope(x, y), loss_and_slope(few, targets)
    # both are sums of 120 products of order one: a rounding error of some eps
    assert gap(wanted[0], found[0] + rest) < 1e-12
    assert gap(wanted[1], found[1]) < 1e-12
    assert gap(wanted[1], loss_and_slope(x[:, :3], y[:, :3])[1]) > 1e-2  # any three points
    if noise:
        assert gap(wanted[0], found[0]) > 1e-2  # without what the inputs do not reach


def test_training_on_condensed_points_is_training_on_all(monkeypatch):
    settings = {
        "data": Samples(40, label_noise=0.2),
        "optimiser": SGD(momentum=0.5, weight_decay=0.01, clip=0.5),
    }
    for net in (MLP(1), MLP(4, 5, tied=True), MLP(3, 8, mup=4)):
        few = teach(net, **settings)
        with monkeypatch.context() as patch:
            patch.setattr(Job, "condenses", False)
            whole = teach(net, **settings)
        assert gap(few.weights, whole.weights) < TIGHT
        assert gap(few.arrays["train_loss"], whole.arrays["train_loss"]) < TIGHT
        assert gap(few.weights, few.weights[:, :1]) > 10 * TIGHT  # nothing learned


def test_only_nets_that_see_moments_alone_are_condensed(monkeypatch):
    def condense(*_):
        raise AssertionError("condensed")

    monkeypatch.setattr(_training, "condensed", condense)
    for net, changes in (
        (MLP(1, bias=True), {}),
        (MLP(2, 4, activation="relu"), {}),
        (MLP(1), {"batch": 8}),
        (MLP(1), {"data": Samples(1)}),
    ):
        teach(net, steps=2, looks=2, **changes)
    with pytest.raises(AssertionError, match="condensed"):
        teach(MLP(1), steps=2, looks=2)
