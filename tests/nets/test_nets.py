"""Starts of networks: their families, their streams, and the compiled network against NumPy."""

import numpy as np
import pytest

from simtheory.tasks import SIMTask
from simtheory.validation.nets import ACTIVATIONS, MLP, DefaultInit, SmallInit, initial_layers
from simtheory.validation.optimisers import SGD, Adam
from simtheory.validation.train import train, training_data

TASK = SIMTask(mu=(1.0, 2.0), sigma=0.3, dim=3)


@pytest.mark.parametrize(
    ("net", "shapes", "is_linear"),
    [
        (MLP(depth=1), ((3, 3),), True),
        (MLP(depth=1, activation="relu"), ((3, 3),), True),  # nothing lies between layers
        (MLP(depth=1, bias=True), ((3, 3),), False),
        (MLP(depth=3, width=5), ((5, 3), (5, 5), (3, 5)), True),
        (MLP(depth=2, width=5, activation="relu"), ((5, 3), (3, 5)), False),
    ],
)
def test_shapes_and_kind(net, shapes, is_linear):
    assert net.shapes(3) == shapes
    assert net.is_linear is is_linear


def test_repr_names_what_matters():
    assert repr(MLP(depth=1, width=8)) == "MLP(depth=1)"
    net = MLP(depth=2, width=64, activation="relu", bias=True)
    assert repr(net) == "MLP(depth=2, width=64, activation='relu', bias=True)"
    assert eval(repr(net)) == net


def test_relu():
    x = np.array([-2.0, 0.0, 3.0])
    assert np.array_equal(ACTIVATIONS["relu"](x), [0.0, 0.0, 3.0])


def test_default_init_is_uniform_in_one_over_root_inputs():
    net = MLP(depth=2, width=50, bias=True)
    (w1, b1), (w2, b2) = initial_layers(net, 4, seeds=range(200))
    for values, inputs in ((w1, 4), (b1, 4), (w2, 50), (b2, 50)):
        bound = inputs**-0.5
        assert np.abs(values).max() <= bound
        # the mean of m uniform squares is bound²/3 with standard error bound² sqrt(4/45/m)
        error = bound**2 * np.sqrt(4 / 45 / values.size)
        assert abs((values**2).mean() - bound**2 / 3) < 4 * error
        assert abs((values**2).mean() - bound**2) > 40 * error  # ±bound coin flips would fail


def test_small_init_keeps_its_promise_on_outputs():
    scale, depth, x = 0.5, 2, np.array([1.0, -2.0, 0.5])
    layers = initial_layers(MLP(depth, width=7), 3, seeds=range(4000), init=SmallInit(scale))
    y = x
    for weight, bias in layers:
        assert bias is None
        y = np.einsum("soi,...si->so", weight, np.broadcast_to(y, (4000, weight.shape[-1])))
    size = (y**2).sum(axis=-1)
    error = size.std() / np.sqrt(size.size)
    promise = scale ** (2 * depth) * (x @ x)
    assert abs(size.mean() - promise) < 4 * error
    assert abs(size.mean() - promise / scale) > 40 * error  # one layer less or more would fail


def test_small_init_has_no_bias_at_the_start():
    _, (_, bias) = initial_layers(MLP(2, 5, bias=True), 3, seeds=(0,), init=SmallInit(1.0))
    assert np.array_equal(bias, np.zeros((1, 3)))


def test_start_of_a_seed_depends_on_nothing_else():
    net = MLP(depth=2, width=5, bias=True)
    together = initial_layers(net, 3, seeds=(4, 7), init=DefaultInit())
    alone = initial_layers(net, 3, seeds=(7,))
    for (w, b), (v, c) in zip(together, alone, strict=True):
        assert np.array_equal(w[1], v[0])
        assert np.array_equal(b[1], c[0])
        assert not np.allclose(w[0], v[0])


def test_streams_of_start_and_data_are_apart():
    plain = np.random.default_rng(7).standard_normal((2, 3, 3))
    (weight, _), *_ = initial_layers(MLP(depth=1), 3, seeds=(7,), init=SmallInit(3**0.5))
    flat = SIMTask(mu=(0.0,) * 3, sigma=1.0)
    noise = training_data(flat, samples=1, seed=7)
    for one, other in ((weight[0], plain[0]), (noise, plain[0]), (noise, weight[0])):
        assert np.abs(one - other).min() > 1e-6


def test_explicit_layers_are_shared_or_one_per_seed():
    rng = np.random.default_rng(0)
    w1, w2 = rng.standard_normal((5, 3)), rng.standard_normal((2, 3, 5))
    (a, _), (b, bias) = initial_layers(MLP(2, 5, bias=True), 3, seeds=(8, 9), init=[w1, w2])
    assert np.array_equal(a, [w1, w1])
    assert np.array_equal(b, w2)
    assert np.array_equal(bias, np.zeros((2, 3)))


@pytest.mark.slow
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_first_record_is_the_network_that_numpy_computes(activation, bias):
    net = MLP(depth=3, width=6, activation=activation, bias=bias)
    seeds, probes = (3, 5), np.random.default_rng(1).standard_normal((4, 3))
    run = train(net, TASK, steps=1, lr=1e-3, seeds=seeds, samples=20, probes=probes, device="cpu")
    for s in range(2):
        y = probes
        for k, (weight, offset) in enumerate(initial_layers(net, 3, seeds)):
            y = y if k == 0 else ACTIVATIONS[activation](y)
            y = y @ weight[s].T + (0.0 if offset is None else offset[s])
        # three products of at most six terms of size one
        assert np.abs(run.outputs[s, 0] - y).max() < 1e-14
        assert np.abs(y).max() > 1e-2  # outputs of zero would fail
    assert (run.weights is None) is (not net.is_linear)
    if run.weights is not None:
        assert np.abs(probes @ run.weights[:, 0].swapaxes(1, 2) - run.outputs[:, 0]).max() < 1e-14


def test_clock_of_an_optimiser():
    steps = np.array([0, 10])
    assert np.allclose(SGD().time(steps, lr=0.1, loss="mean", dim=4), [0.0, 0.5])
    assert np.allclose(SGD(0.5).time(steps, lr=0.1, loss="sum", dim=4), [0.0, 4.0])
    assert np.allclose(Adam().time(steps, lr=0.1, loss="sum", dim=4), [0.0, 1.0])
    assert SGD().clock == "canonical"
    assert "late" in SGD(0.5).clock
    assert "no canonical clock" in Adam().clock
