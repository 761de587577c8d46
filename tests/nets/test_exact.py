"""Linear nets against what is exact at finite steps: closed forms, and the simulated optimiser.

On points whose second moment is the population's, full-batch training is descent on the population,
and agreements are to rounding over the whole run. Fresh batches are held against the exact mean.
"""

import numpy as np
import pytest

from simtheory import inits
from simtheory.analytic import descent
from simtheory.sim import Deep, Tied, Untied, descend
from simtheory.tasks import SIMTask
from simtheory.validation.nets.architectures import MLP, SmallInit
from simtheory.validation.nets.data import Fresh, Points, Samples
from simtheory.validation.nets.optimisers import SGD, Adam
from tests.nets.teaching import EYE, TASK, TIGHT, exact_points, gap, moment, teach

pytestmark = pytest.mark.slow

TURNED = SIMTask(
    mu=(1.0, 1.5, 2.0),
    sigma=(0.2, 0.3, 0.4),
    rotation=np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0],
)


@pytest.mark.parametrize("task", [TASK, TURNED], ids=["plain", "turned"])
def test_points_have_the_moments_of_the_population(task):
    x = exact_points(task)
    assert gap(x.T @ x / len(x), task.second_moment) < 1e-14
    assert gap(x.mean(axis=0), task.mean) < 1e-14


@pytest.mark.parametrize(
    ("optimiser", "loss"),
    [
        (SGD(), "half_sum"),
        (SGD(), "mean"),
        (SGD(momentum=0.9), "half_sum"),
        (SGD(momentum=0.9, nesterov=True), "sum"),
    ],
    ids=repr,
)
def test_one_layer_follows_the_closed_form_over_the_whole_run(optimiser, loss):
    settings = {"data": Points(exact_points(TURNED)), "optimiser": optimiser, "lr": 0.02}
    run = teach(MLP(depth=1), TURNED, loss=loss, steps=2000, looks="log", **settings)
    momentum = {"momentum": optimiser.momentum, "nesterov": optimiser.nesterov}
    for s in range(2):
        steps = run.arrays["steps"]
        exact = descent.solution(TURNED, run.weights[s, 0], steps, lr=0.02, loss=loss, **momentum)
        assert gap(run.weights[s], exact.weights) < TIGHT
        assert gap(run.outputs[s], exact.outputs) < TIGHT
        assert gap(run.t, exact.t) < TIGHT
        assert gap(run.weights[s, 0], exact.weights) > 10 * TIGHT  # nothing learned
        other = descent.solution(TURNED, run.weights[s, 0], steps, lr=0.019, loss=loss, **momentum)
        assert gap(run.weights[s], other.weights) > 10 * TIGHT


@pytest.mark.parametrize(
    ("net", "flow", "loss"),
    [
        (MLP(2, 4, tied=True), Tied(), "mean"),
        (MLP(2, 4), Untied(), "sum"),
        (MLP(4, 4), Deep(depth=4), "half_sum"),
    ],
    ids=repr,
)
def test_deeper_linear_nets_follow_the_simulated_descent(net, flow, loss):
    rng = np.random.default_rng(3)
    shapes = [(3, 4)] if net.tied else net.shapes(3)
    layers = tuple(inits.gaussian(shape, scale=0.5, rng=rng) for shape in shapes)
    settings = {"data": Points(exact_points(TURNED)), "init": layers, "loss": loss, "seeds": (0,)}
    run = teach(net, TURNED, steps=1000, looks=np.arange(0, 1001, 50), **settings)
    start = layers[0] if net.tied else layers
    exact = descend(flow, TURNED, start, steps=1000, lr=0.05, loss=loss, every=50)
    # growth from small starts magnifies rounding by its 10 to 100
    assert gap(run.weights[0], exact.weights) < TIGHT
    assert gap(run.t, exact.t) < TIGHT  # the tied net's clock runs twice as fast
    assert gap(run.weights[0, 0], exact.weights) > 10 * TIGHT  # nothing learned


@pytest.mark.parametrize("noise", [0.0, 0.25])
def test_fresh_batches_follow_the_exact_second_moment(noise):
    """The loss over seeds lies within three standard errors of its exact mean."""
    settings = {"data": Fresh(watched=1, label_noise=noise), "batch": 4, "seeds": range(600)}
    run = teach(
        MLP(depth=1),
        TURNED,
        init=(np.zeros((3, 3)),),
        lr=0.1,
        steps=80,
        looks=[0, 1, 5, 20, 80],
        seeds_as="batch",
        **settings,
    )
    error = EYE - run.weights
    loss = 0.5 * np.einsum("stij,jk,stik->st", error, TURNED.second_moment, error)
    steps = run.arrays["steps"]
    exact = descent.sgd_moments(
        TURNED, np.zeros((3, 3)), steps, lr=0.1, batch=4, label_noise=noise
    ).loss
    late = slice(1, None)  # all seeds start alike
    bar = loss.std(axis=0, ddof=1)[late] / np.sqrt(len(loss))
    assert np.all(np.abs(loss.mean(axis=0) - exact)[late] < 3 * bar)
    assert np.all(np.abs(exact[0] - exact[late]) > 30 * bar)  # nothing learned
    plain = descent.solution(TURNED, np.zeros((3, 3)), steps, lr=0.1)
    error = EYE - plain.weights
    smooth = 0.5 * np.einsum("tij,jk,tik->t", error, TURNED.second_moment, error)
    if noise:  # descent without noise has no floor
        assert abs(smooth - exact)[-1] > 30 * bar[-1]


def reference(weights, matrix, update, steps):
    """One layer under some update of (W, gradient, step), step by step."""
    seen = [weights]
    for k in range(steps):
        seen.append(update(seen[-1], (seen[-1] - EYE) @ matrix, k))
    return np.array(seen)


def adam_with_decay(share, lr):
    first, second = np.zeros((3, 3)), np.zeros((3, 3))

    def update(weights, slope, k):
        nonlocal first, second
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        mean, square = first / (1 - 0.9 ** (k + 1)), second / (1 - 0.999 ** (k + 1))
        return weights - lr * (mean / (np.sqrt(square) + 1e-8) + share * weights)

    return update


def clipped(norm, lr):
    def update(weights, slope, _):
        return weights - lr * slope * min(1.0, norm / np.linalg.norm(slope))

    return update


def decayed(share, lr):
    return lambda weights, slope, _: weights - lr * (slope + share * weights)


@pytest.mark.parametrize(
    ("optimiser", "make", "plain"),
    [
        (Adam(weight_decay=0.3), adam_with_decay(0.3, 0.05), Adam()),
        (SGD(weight_decay=0.3), decayed(0.3, 0.05), SGD()),
        (SGD(clip=0.5), clipped(0.5, 0.05), SGD()),
    ],
    ids=["decoupled", "coupled", "clipped"],
)
def test_decay_and_clipping_are_what_they_say(optimiser, make, plain):
    settings = {"steps": 60, "looks": 61, "seeds": (2,), "init": SmallInit(0.5)}
    run = teach(MLP(depth=1), optimiser=optimiser, **settings)
    exact = reference(run.weights[0, 0], moment(TASK, 2), make, 60)
    assert gap(run.weights[0], exact) < TIGHT
    assert gap(exact[0], exact) > 10 * TIGHT  # nothing learned
    without = teach(MLP(depth=1), optimiser=plain, **settings)
    assert gap(without.weights[0], exact) > 1e-3


def test_adam_on_tied_weights_does_not_know_the_rates():
    task = SIMTask(mu=(1.0, 3.0), sigma=0.0)
    start = 0.1 * np.eye(2)
    settings = {"data": Points(exact_points(task)), "init": (start,), "seeds": (0,), "lr": 0.01}
    run = teach(MLP(2, 2, tied=True), task, optimiser=Adam(eps=1e-14), **settings)
    exact = descent.adam(task, start, run.arrays["steps"], lr=0.01, tied=True)
    # a gradient g moves with eps as eps/g, and g falls to 1e-4 near the solution: 1e-10 a step
    assert gap(run.weights[0], exact.weights) < 1e-9
    assert gap(run.weights[0, 0], exact.weights) > 1e-2


def test_mup_of_two_linear_layers_is_a_change_of_scale():
    """W₂W₁ = (W₂√r)(W₁/√r), and the factors on the steps make that plain descent."""
    rng = np.random.default_rng(5)
    first, second = rng.standard_normal((8, 3)) / 3, rng.standard_normal((3, 8)) / 3
    scaled = teach(MLP(2, 8, mup=2), init=(2 * first, second / 2))
    plain = teach(MLP(2, 8), init=(first, second))
    assert gap(scaled.weights, plain.weights) < TIGHT
    assert gap(scaled.weights, teach(MLP(2, 8), init=(2 * first, second / 2)).weights) > 1e-3
    assert gap(plain.weights[:, 0], plain.weights[:, -1]) > 1e-1  # something is learned


@pytest.mark.parametrize(("optimiser", "lr"), [(SGD(), 0.1), (Adam(), 0.005)], ids=["SGD", "Adam"])
def test_mup_learns_alike_at_any_width(optimiser, lr):
    """Training losses of nets of width 64 and 256, mean over seeds, while they fall."""

    def losses(width, mup):
        net = MLP(3, width, "relu", mup=mup)
        settings = {"steps": 20, "looks": [10, 20], "seeds": range(5), "data": Samples(10)}
        run = teach(net, optimiser=optimiser, lr=lr, **settings)
        return run.arrays["train_loss"].mean(axis=0)

    alike, apart = (gap(np.log(losses(64, mup)), np.log(losses(256, mup))) for mup in (16, None))
    # five starts scatter the mean loss by some percent; in the standard scaling it is several-fold
    assert alike < 0.15
    assert apart > 10 * alike
