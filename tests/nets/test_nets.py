"""Starts of networks: their families, their streams, and the compiled network against NumPy."""

import numpy as np
import pytest
from scipy.special import erf

from simtheory.analytic import descent
from simtheory.tasks import SIMTask
from simtheory.validation.nets.architectures import (
    ACTIVATIONS,
    MLP,
    DefaultInit,
    SmallInit,
    initial_layers,
)
from simtheory.validation.nets.data import Samples
from simtheory.validation.nets.optimisers import SGD, Adam
from simtheory.validation.nets.train import train

TASK = SIMTask(mu=(1.0, 2.0), sigma=0.3, dim=3)


@pytest.mark.parametrize(
    ("net", "shapes", "is_linear"),
    [
        (MLP(depth=1), ((3, 3),), True),
        (MLP(depth=1, activation="relu"), ((3, 3),), True),  # nothing lies between layers
        (MLP(depth=1, bias=True), ((3, 3),), False),
        (MLP(depth=3, width=5), ((5, 3), (5, 5), (3, 5)), True),
        (MLP(depth=2, width=5, activation="relu"), ((5, 3), (3, 5)), False),
        (MLP(depth=2, width=5, tied=True), ((5, 3), (3, 5)), True),
    ],
)
def test_shapes_and_kind(net, shapes, is_linear):
    assert net.shapes(3) == shapes
    assert net.is_linear is is_linear


def test_repr_names_what_matters():
    assert repr(MLP(depth=1, width=8)) == "MLP(depth=1)"
    net = MLP(depth=2, width=64, activation="relu", bias=True)
    assert repr(net) == "MLP(depth=2, width=64, activation='relu', bias=True)"
    for other in (net, MLP(2, 8, tied=True), MLP(3, 8, "tanh", mup=4)):
        assert eval(repr(other)) == other


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


def test_small_init_bounds_the_outputs():
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
    noise = Samples(1).draw(flat, seeds=(7,))[0][0]
    for one, other in ((weight[0], plain[0]), (noise, plain[0]), (noise, weight[0])):
        assert np.abs(one - other).min() > 1e-6


def test_explicit_layers_are_shared_or_one_per_seed():
    rng = np.random.default_rng(0)
    w1, w2 = rng.standard_normal((5, 3)), rng.standard_normal((2, 3, 5))
    (a, _), (b, bias) = initial_layers(MLP(2, 5, bias=True), 3, seeds=(8, 9), init=[w1, w2])
    assert np.array_equal(a, [w1, w1])
    assert np.array_equal(b, w2)
    assert np.array_equal(bias, np.zeros((2, 3)))


PHI = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0.0),
    "gelu": lambda x: 0.5 * x * (1.0 + erf(x / np.sqrt(2.0))),
    "tanh": np.tanh,
}


def forward(net, layers, x):
    """The network as its page writes it, on one seed's layers."""
    matrices = [weight for weight, _ in layers]
    for k, weight in enumerate(matrices):
        if weight is None:
            matrices[k] = matrices[net.depth - 1 - k].T
    for k, (weight, (_, bias)) in enumerate(zip(matrices, layers, strict=True)):
        x = x if k == 0 else PHI[net.activation](x)
        x = x @ weight.T + (0.0 if bias is None else bias)
    return x


@pytest.mark.slow
@pytest.mark.parametrize(
    "net",
    [
        MLP(depth=3, width=6),
        MLP(depth=2, width=6, tied=True),
        MLP(depth=3, width=6, activation="relu", bias=True, mup=2),
        MLP(depth=2, width=6, activation="gelu"),
        MLP(depth=4, width=6, activation="tanh", bias=True, tied=True),
        MLP(depth=6, width=6, activation="tanh"),
    ],
    ids=repr,
)
def test_first_look_is_the_network_that_numpy_computes(net):
    assert tuple(PHI) == ACTIVATIONS
    seeds, probes = (3, 5), np.random.default_rng(1).standard_normal((4, 3))
    settings = {"data": Samples(20), "probes": probes, "jacobians": True, "device": "cpu"}
    run = train(net, TASK, steps=1, lr=1e-3, seeds=seeds, **settings)
    for s in range(2):
        layers = [
            tuple(None if a is None else a[s] for a in layer)
            for layer in initial_layers(net, 3, seeds)
        ]
        y = forward(net, layers, probes)
        # six products of at most six terms of size one
        assert np.abs(run.outputs[s, 0] - y).max() < 1e-13
        assert np.abs(y).max() > 1e-3  # outputs of zero would fail
        # central differences over 1e-5 err by 1e-10 third derivatives, and 1e-11 from rounding
        slopes = [
            (forward(net, layers, probes + 1e-5 * e) - forward(net, layers, probes - 1e-5 * e))
            / 2e-5
            for e in np.eye(3)
        ]
        assert np.abs(run.arrays["jacobians"][s, 0] - np.stack(slopes, axis=-1)).max() < 1e-8
        assert np.abs(slopes).max() > 1e-3
    assert (run.weights is None) is (not net.is_linear)
    if run.weights is not None:
        assert np.abs(probes @ run.weights[:, 0].swapaxes(1, 2) - run.outputs[:, 0]).max() < 1e-14
        assert np.abs(run.arrays["jacobians"] - run.weights[:, :, None]).max() < 1e-14


def test_tied_layers_are_given_and_drawn_once():
    net = MLP(4, 5, tied=True, bias=True)
    layers = initial_layers(net, 3, seeds=(1, 2))
    assert [None if w is None else w.shape for w, _ in layers] == [None, None, (2, 5, 5), (2, 3, 5)]
    assert [b.shape for _, b in layers] == [(2, 5), (2, 5), (2, 5), (2, 3)]
    U = np.random.default_rng(0).standard_normal((3, 5))
    (first, _), (second, _) = initial_layers(MLP(2, 5, tied=True), 3, seeds=(1, 2), init=(U,))
    assert first is None
    assert np.array_equal(second, [U, U])


def test_mup_shrinks_the_last_layer_and_keeps_the_biases():
    narrow, wide = (
        initial_layers(MLP(3, h, "relu", bias=True, mup=16), 4, seeds=range(100)) for h in (16, 256)
    )
    plain = initial_layers(MLP(3, 16, "relu", bias=True), 4, seeds=range(100))
    for (w, b), (v, c) in zip(narrow, plain, strict=True):
        assert np.array_equal(w, v)
        assert np.array_equal(b, c)
    # the largest of m uniform numbers misses their bound by 1/m, and here are 400 or more
    ratio = [np.abs(w).max() / np.abs(v).max() for (w, _), (v, _) in zip(wide, narrow, strict=True)]
    assert ratio == pytest.approx([1.0, 1.0 / 4.0, 1.0 / 16.0], rel=0.01)
    biases = [
        np.abs(b).max() / np.abs(c).max() for (_, b), (_, c) in zip(wide, narrow, strict=True)
    ]
    assert biases == pytest.approx([1.0, 1.0, 1.0], rel=0.02)


@pytest.mark.parametrize("optimiser", [SGD(), SGD(0.9), SGD(0.9, nesterov=True)], ids=repr)
def test_bound_of_the_learning_rate_parts_growth_from_decay(optimiser):
    bound = optimiser.stable_below(loss="mean", dim=4, tied=False, depth=1, rate=0.7)
    momentum, nesterov = optimiser.momentum, optimiser.nesterov
    for share, grows in ((0.99, False), (1.01, True)):
        size = share * bound * 2.0 / 4.0  # the loss is a mean over four outputs
        late = descent.error(0.7, [5000], lr=size, momentum=momentum, nesterov=nesterov)
        assert (abs(late[0]) > 1e2) if grows else (abs(late[0]) < 1e-2)
    tied = SGD().stable_below(loss="half_sum", dim=4, tied=True, depth=2, rate=0.7)
    assert tied == pytest.approx(2.0 / (2 * 0.7 * 2))  # |1 − 2a · 2 lr| = 1


def test_clock_of_an_optimiser():
    of = {"loss": "mean", "dim": 4, "tied": False}
    assert SGD().clock(0.1, **of).time(10) == pytest.approx(0.5)
    assert SGD(0.5).clock(0.1, **(of | {"loss": "sum"})).time(10) == pytest.approx(4.0)
    assert SGD().clock(0.1, **(of | {"tied": True})).time(10) == pytest.approx(1.0)
    assert Adam().clock(0.1, **of).time(10) == pytest.approx(1.0)
    assert SGD().time_axis == "canonical"
    assert "late" in SGD(0.5).time_axis
    assert "no canonical clock" in Adam().time_axis
