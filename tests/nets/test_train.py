"""Trained networks against what is exact for finite data and finite steps, and the rules of `train`.

Linear descent on a seed's own data has closed forms, so most agreements here are to rounding.
"""

import os
import subprocess
import sys

import jax
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simtheory import inits
from simtheory.errors import SolveError, TrainingWarning
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask
from simtheory.validation.nets.architectures import MLP, DefaultInit, SmallInit, initial_layers
from simtheory.validation.nets.data import Samples
from simtheory.validation.nets.optimisers import SGD, Adam
from tests.nets.teaching import EYE, TASK, TIGHT, gap, inputs, moment, teach

pytestmark = pytest.mark.slow


def descended(error, matrix, steps):
    """Error after each of the steps, E (1 − matrix)^k."""
    return np.array(
        [error @ np.linalg.matrix_power(np.eye(len(matrix)) - matrix, int(k)) for k in steps]
    )


@pytest.mark.parametrize(("loss", "c"), [("half_sum", 1.0), ("sum", 2.0), ("mean", 2.0 / 3.0)])
def test_one_layer_is_descent_on_the_seeds_own_moment(loss, c):
    run = teach(MLP(depth=1), loss=loss)
    for s in range(2):
        start = EYE - run.weights[s, 0]
        exact = descended(start, c * 0.05 * moment(TASK, s), run.arrays["steps"])
        error = EYE - run.weights[s]
        assert gap(error, exact) < TIGHT
        assert gap(error, start) > 10 * TIGHT  # nothing learned
        other = descended(start, c * 0.05 * TASK.second_moment, run.arrays["steps"])
        assert gap(error, other) > 10 * TIGHT  # the population in place of the sample
        assert gap(run.outputs[s], run.probes @ run.weights[s].swapaxes(1, 2)) < 1e-14
        # train_loss: c/2 tr(E A Eᵀ)
        bill = 0.5 * c * np.einsum("tij,jk,tik->t", exact, moment(TASK, s), exact)
        assert gap(run.arrays["train_loss"][s], bill) < TIGHT
    assert np.allclose(run.t, c * 0.05 * run.arrays["steps"])


def test_one_layer_with_a_bias_is_descent_on_the_affine_moment():
    run = teach(MLP(depth=1, bias=True))
    ((weight, bias),) = initial_layers(MLP(depth=1, bias=True), 3, seeds=(0, 1))
    for s in range(2):
        x = inputs(TASK, s)
        x = np.hstack([x, np.ones((len(x), 1))])
        start = np.column_stack([EYE - weight[s], -bias[s]])
        points = np.hstack([run.probes, np.ones((len(run.probes), 1))])
        error = run.probes - run.outputs[s]
        exact = descended(start, 0.05 * x.T @ x / len(x), run.arrays["steps"])
        assert gap(error, points @ exact.swapaxes(1, 2)) < TIGHT
        unbiased = descended(EYE - weight[s], 0.05 * moment(TASK, s), run.arrays["steps"])
        assert gap(error, run.probes @ unbiased.swapaxes(1, 2)) > 10 * TIGHT
    assert run.weights is None


def heavy_ball(x, beta, steps):
    """Mode of heavy ball from rest; x is learning rate times rate."""
    first, second = np.roots([1.0, -(1.0 + beta - x), beta]).astype(complex)
    share = (1.0 - x - second) / (first - second)
    return (share * first**steps + (1.0 - share) * second**steps).real


def test_momentum_is_heavy_ball_from_rest():
    beta, lr = 0.9, 0.02
    assert heavy_ball(0.09, beta, np.array([20]))[0] == pytest.approx(0.341225, abs=5e-7)
    run = teach(MLP(depth=1), optimiser=SGD(momentum=beta), lr=lr)
    steps = run.arrays["steps"]
    for s in range(2):
        values, axes = np.linalg.eigh(moment(TASK, s))
        modes = np.array([heavy_ball(lr * a, beta, steps) for a in values])
        start = EYE - run.weights[s, 0]
        exact = np.einsum("ij,jm,mt,km->tik", start, axes, modes, axes)
        assert gap(EYE - run.weights[s], exact) < TIGHT
        plain = descended(start, lr * moment(TASK, s), steps)
        assert gap(EYE - run.weights[s], plain) > 10 * TIGHT
    assert np.allclose(run.t, lr * steps / (1.0 - beta))
    assert "late clock" in run.stats["clock"]


def untied_flow(first, second, matrix, t):
    """End-to-end map of the two-layer flow, integrated to 1e-10."""
    shapes = first.shape, second.shape

    def field(_, y):
        w1, w2 = y[: first.size].reshape(shapes[0]), y[first.size :].reshape(shapes[1])
        pull = (np.eye(len(w2)) - w2 @ w1) @ matrix
        return np.concatenate([(w2.T @ pull).ravel(), (pull @ w1.T).ravel()])

    y0 = np.concatenate([first.ravel(), second.ravel()])
    y = solve_ivp(field, (0.0, t[-1]), y0, "DOP853", t, rtol=1e-11, atol=1e-13).y.T
    w1, w2 = y[:, : first.size].reshape(-1, *shapes[0]), y[:, first.size :].reshape(-1, *shapes[1])
    return w2 @ w1


def test_two_layers_approach_the_untied_flow_as_the_step_shrinks():
    layers = inits.balanced(inits.gaussian((3, 5), scale=0.4, rng=np.random.default_rng(2)))
    far = []
    for lr in (0.02, 0.01, 0.005):
        run = teach(MLP(2, 5), init=layers, seeds=(3,), steps=round(8 / lr), lr=lr)
        flow = untied_flow(*layers, moment(TASK, 3), run.t)
        far.append(gap(run.weights[0], flow))
        assert gap(flow[0], flow) > 10 * far[-1]  # nothing learned
    # the gap is O(lr): halving lr halves it, up to the next order, 1/8 at the largest lr
    assert np.all(np.abs(np.array(far[:-1]) / far[1:] - 2.0) < 0.25)


def test_loss_conventions_are_one_run_on_the_canonical_clock():
    net = MLP(2, 6, activation="relu")
    runs = [
        teach(net, loss=w, lr=lr) for w, lr in (("half_sum", 0.06), ("sum", 0.03), ("mean", 0.09))
    ]
    for run in runs[1:]:
        assert gap(run.t, runs[0].t) < 1e-12
        assert gap(run.outputs, runs[0].outputs) < TIGHT
    assert gap(runs[0].outputs, teach(net, loss="sum", lr=0.06).outputs) > 10 * TIGHT


def test_adam_erases_the_order_that_descent_keeps():
    # clusters without spread on the axes: the moment is diagonal on any sample, rates 1/2 and 9/2
    task = SIMTask(mu=(1.0, 3.0), sigma=0.0)
    zero = (np.zeros((2, 2)),)
    settings = {
        "init": zero,
        "steps": 60,
        "lr": 0.02,
        "looks": 61,
        "seeds": (0,),
        "data": Samples(5),
    }
    adam = teach(MLP(depth=1), task, optimiser=Adam(eps=1e-12), **settings)
    plain = teach(MLP(depth=1), task, **settings)
    # the curves differ by eps over the gradient, 1e-12 / (0.5 · 0.1), in each of 60 steps of 0.02
    assert gap(adam.weights[..., 0, 0], adam.weights[..., 1, 1]) < 1e-10
    assert gap(plain.weights[..., 0, 0], plain.weights[..., 1, 1]) > 0.1
    assert adam.weights[0, -1, 0, 0] > 0.5
    assert "no canonical clock" in adam.stats["clock"]
    assert np.allclose(adam.t, 0.02 * adam.arrays["steps"])


def test_relu_network_learns():
    run = teach(MLP(2, 32, activation="relu"), steps=1000, lr=0.1)
    cost = run.arrays["train_loss"]
    assert np.all(cost[:, -1] < 0.1 * cost[:, 0])
    assert run.weights is None
    assert run.outputs.shape == (2, 41, 8, 3)


def test_small_batches_are_fair_draws_of_the_data():
    seeds, lr, size = range(1200), 0.1, 4
    start, independent = np.zeros((3, 3)), Samples(10, order="independent")
    run = teach(
        MLP(depth=1),
        init=(start,),
        steps=1,
        lr=lr,
        batch=size,
        seeds=seeds,
        data=independent,
        seeds_as="batch",
    )

    drawn = run.weights[:, 1] / lr  # from zero, the first step is lr times the batch's moment
    whole = np.array([moment(TASK, s, samples=10) for s in seeds])
    error = (drawn - whole).std(axis=0) / np.sqrt(len(seeds))
    assert np.all(np.abs((drawn - whole).mean(axis=0)) < 4 * error)
    assert np.all(np.diag(whole.mean(axis=0)) > 40 * np.diag(error))  # no step at all would fail
    # the variance over batches is that over points, divided by the size of the batch
    points = [inputs(TASK, s, samples=10) for s in seeds]
    single = np.array([np.var(x**2, axis=0) for x in points]).mean(axis=0)
    spread = ((drawn - whole) ** 2).mean(axis=0).diagonal()
    # 1200 squares of heavy tails: their mean is known to about 10 %
    assert np.allclose(spread, single / size, rtol=0.4)
    assert not np.allclose(spread, single, rtol=0.4)


def test_small_batches_differ_from_step_to_step():
    start = (np.zeros((3, 3)),)
    run = teach(MLP(depth=1), init=start, steps=2, lr=1e-9, batch=1, seeds=range(20), looks=3)
    first, second = run.weights[:, 1] / 1e-9, (run.weights[:, 2] - run.weights[:, 1]) / 1e-9
    assert np.all(np.abs(first - second).max(axis=(1, 2)) > 1e-3)


@pytest.mark.parametrize("batch", [None, 8])
def test_a_seed_does_not_depend_on_the_seeds_beside_it(batch):
    net = MLP(2, 8, activation="relu", bias=True)
    many, one = teach(net, seeds=(0, 1, 2), batch=batch), teach(net, seeds=(1,), batch=batch)
    assert gap(many.outputs[1], one.outputs[0]) < TIGHT
    assert gap(many.outputs[0], one.outputs[0]) > 10 * TIGHT
    assert gap(many.arrays["train_loss"][1], one.arrays["train_loss"][0]) < TIGHT


def test_a_run_repeats_to_the_last_bit():
    net = MLP(2, 8, activation="relu")
    one, other = teach(net, batch=8), teach(net, batch=8)
    assert np.array_equal(one.outputs, other.outputs)


def test_looks_do_not_change_the_run():
    dense, sparse = teach(MLP(2, 4), looks=201), teach(MLP(2, 4), looks=[0, 3, 50, 199])
    assert np.array_equal(dense.arrays["steps"], np.arange(201))
    assert gap(dense.weights[:, [0, 3, 50, 199]], sparse.weights) < TIGHT
    assert gap(dense.t[[0, 3, 50, 199]], sparse.t) == 0.0
    every = teach(MLP(2, 4), steps=5, looks=200)  # fewer steps than looks: each is kept
    assert np.array_equal(every.arrays["steps"], np.arange(6))
    late = teach(MLP(2, 4), looks=[7])
    assert gap(dense.weights[:, [7]], late.weights) < TIGHT


def test_probes_are_watched():
    x = np.array([[0.5, -1.0, 2.0]])
    net = MLP(2, 8, activation="relu")
    alone, beside = teach(net, probes=x), teach(net, probes=np.vstack([TASK.probes, x]))
    assert gap(alone.outputs, beside.outputs[..., -1:, :]) < TIGHT
    assert np.array_equal(alone.probes, x)


def test_trajectory_tells_what_was_done(tmp_path):
    run = teach(MLP(2, 4), seeds=(5, 2), batch=8, loss="mean", init=SmallInit(0.1))
    assert run.origin == "validation.train(MLP(depth=2, width=4, activation='linear'))"
    assert run.road == "validation"
    assert not run.exact
    assert run.arrays["seeds"].tolist() == [5, 2]
    assert run.arrays["train_loss"].shape == (2, 41)
    expected = {"lr": 0.05, "loss": "mean", "optimiser": repr(SGD()), "batch": 8}
    expected |= {"device": "cpu", "precision": "float64", "clock": "canonical", "diverged": ()}
    expected |= {"data": "Samples(per_cluster=40, order='epochs', label_noise=0.0)"}
    assert {name: run.stats[name] for name in expected} == expected
    again = Trajectory.load(run.save(tmp_path / "run"))
    assert np.array_equal(again.outputs, run.outputs)
    assert np.array_equal(again.arrays["train_loss"], run.arrays["train_loss"])


@pytest.mark.parametrize("seeds_as", ["loop", "batch"])
def test_a_diverged_seed_is_left_out_and_reported(seeds_as):
    # seed 7 starts at the solution, where the gradient is zero to the last bit
    start = (np.stack([np.zeros((3, 3)), EYE]),)
    settings = {"lr": 1.9, "steps": 1000, "looks": [0, 100, 1000], "seeds_as": seeds_as}
    with pytest.warns(TrainingWarning) as warned:
        run = teach(MLP(depth=1), seeds=(4, 7), init=start, **settings)
    beyond, diverged = (str(w.message) for w in warned)
    bound = 2 / TASK.rates.max()
    assert f"`lr` is 1.9, beyond the bound {bound:.3g} = 2/(depth · a_max)" in beyond
    assert "diverged for 1 of 2 seeds (4)" in diverged
    assert f"stable below about {bound:.3g}" in diverged
    assert run.arrays["seeds"].tolist() == [7]
    assert gap(run.weights, EYE) == 0.0
    assert run.arrays["train_loss"].shape == (1, 3)
    # the loss grows by |1 − lr a|² a step, and a million-fold long before it overflows
    ((seed, step),) = run.stats["diverged"]
    growth = 1.9 * np.linalg.eigvalsh(moment(TASK, 4))[-1] - 1.0
    expected = np.log(1e6) / (2 * np.log(growth))
    assert seed == 4
    assert expected < step < expected + 3 * 20  # it is looked for every 20 steps
    assert run.member(0).stats["diverged"] == run.stats["diverged"]


def test_it_is_an_error_when_every_seed_diverges():
    with (
        pytest.warns(TrainingWarning, match="beyond the bound"),
        pytest.raises(SolveError, match="diverged for 2 of 2 seeds") as caught,
    ):
        teach(MLP(depth=1), lr=3.0, steps=10**7, looks=1000)  # ends early, or takes a minute
    assert caught.value.partial is None
    assert np.isfinite(caught.value.time)


def test_adam_gives_its_own_advice():
    with pytest.raises(SolveError, match="an Adam step moves every weight by about that much"):
        teach(MLP(depth=1), lr=1e200, optimiser=Adam(), init=DefaultInit())


def test_the_users_settings_are_left_alone():
    before = jax.config.jax_enable_x64, dict(os.environ)
    run = teach(MLP(depth=1), steps=2)
    assert run.outputs.dtype == np.float64
    assert (jax.config.jax_enable_x64, dict(os.environ)) == before
    assert jax.numpy.ones(1).dtype == (np.float64 if before[0] else np.float32)


def test_describing_a_network_loads_no_jax():
    code = (
        "import sys; from simtheory.validation.nets.architectures import MLP, initial_layers;"
        "import simtheory.validation.nets.train; initial_layers(MLP(2, 4), 3, (0,));"
        "print('jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("progress", "terminal"), [(True, True), (True, False), (False, True)])
def test_a_bar_is_shown_on_a_terminal_only(progress, terminal, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    teach(MLP(depth=1), progress=progress)
    out, err = capsys.readouterr()
    assert out == ""
    assert bool(err) is (progress and terminal)
    assert ("200" in err) is (progress and terminal)
