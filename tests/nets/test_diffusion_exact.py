"""Exact properties of the linear denoiser, trained and sampled.

Float64 rounds by 1e-16 a step, and nothing here takes more than 1e4 steps of a contraction: `TIGHT`
leaves two digits.
"""

import numpy as np
import pytest

from simtheory.analytic import denoiser as dn
from simtheory.errors import ArgumentError, RegimeError, ShapeError, SolveError
from simtheory.noise import DDIM, sample
from simtheory.tasks import DenoisingTask
from simtheory.validation.denoiser.training import (
    log_levels,
    sampled_covariance,
    train_linear,
)

pytestmark = pytest.mark.slow

TIGHT = 1e-10
TASK = DenoisingTask((0.1, 1.0, 10.0), sigma_min=0.02, sigma_max=20.0)
RNG = np.random.default_rng(0)


def gap(a, b):
    return float(np.abs(np.asarray(a) - np.asarray(b)).max())


def best(task, levels):
    """The exact guess of every level, for Gaussian data."""
    return np.stack([task.target(sigma=s) for s in levels.ratios])


def test_ddim_with_the_exact_guess_reaches_the_flow_at_first_order():
    wanted = dn.asymptotic_variance(TASK)
    errors = []
    for count in (200, 400, 800):
        levels = log_levels(TASK, count)
        variance = np.diagonal(sampled_covariance(best(TASK, levels), levels))
        errors.append(np.abs(variance / wanted - 1.0).max())
    assert errors[-1] < 0.01
    # Euler's method: halving the step halves the error
    assert errors[0] / errors[1] > 1.8
    assert errors[1] / errors[2] > 1.8
    assert np.abs(20.0**2 / wanted - 1.0).min() > 0.1  # the start: noise of the highest level


def test_drawing_with_the_sampler_is_what_the_covariance_says():
    levels = log_levels(TASK, 30)
    weights = best(TASK, levels)
    z = RNG.standard_normal((5, 3))
    k = iter(range(30))

    def guess(z, level):
        return z @ weights[next(k)].T

    # DDIM is linear, so the ratio to the start is exact
    end = sample(DDIM(29), guess, z * levels.sigma[0], levels)
    scale = np.sqrt(np.diagonal(sampled_covariance(weights, levels)))
    assert gap(end, z * scale) < TIGHT
    assert gap(end, z * levels.sigma[0]) > 1.0
    assert gap(sampled_covariance(weights, levels), sampled_covariance(weights, levels.ratios)) == 0


@pytest.mark.parametrize("sample_size", [None, 12])
def test_one_layer_follows_descent_on_its_own_moment(sample_size):
    turned = DenoisingTask([[2.0, 0.7], [0.7, 0.6]], sigma_min=0.1, sigma_max=4.0)
    levels = np.array([4.0, 1.0, 0.1])
    run = train_linear(
        dn.OneLayerDenoiser(0.2),
        turned,
        levels=levels,
        steps=300,
        lr=0.01,
        samples=sample_size,
        looks=7,
    )
    assert (sample_size is None) == (gap(run.moment, turned.second_moment) < 1e-12)
    for k, sigma in enumerate(levels):
        pull = run.moment + sigma**2 * np.eye(2)
        end = run.moment @ np.linalg.inv(pull)
        start = 0.2 * np.eye(2)
        exact = [
            end + (start - end) @ np.linalg.matrix_power(np.eye(2) - 0.02 * pull, int(step))
            for step in run.steps
        ]
        assert gap(run.weights[:, k], exact) < TIGHT
        assert gap(start, exact) > 10 * TIGHT


def test_a_tied_mode_follows_its_recursion():
    levels = np.array([4.0, 1.0, 0.1])
    run = train_linear(
        dn.TiedDenoiser(0.05), TASK, levels=levels, steps=200, lr=1e-3, looks=range(201)
    )
    w = np.full((3, 3), 0.05)  # level, mode
    path = [w]
    for _ in range(200):
        w = w * (1 + 4e-3 * (TASK.variances - (TASK.variances + levels[:, None] ** 2) * w)) ** 2
        path.append(w)
    modes = np.diagonal(run.weights, axis1=2, axis2=3)
    assert gap(modes, path) < TIGHT
    assert gap(modes[0], path) > 10 * TIGHT


@pytest.mark.parametrize("net", [dn.OneLayerDenoiser(0.1), dn.TiedDenoiser(0.1)])
def test_what_a_trained_net_generates_is_the_law(net):
    # two errors, O(lr) of the steps and O(1/K) of the sampler: both halved, the whole is halved
    errors = []
    for count, lr in ((200, 5e-4), (400, 2.5e-4)):
        levels = log_levels(TASK, count)
        run = train_linear(net, TASK, levels=levels, steps=round(0.5 / lr), lr=lr, looks=6)
        sampled = sampled_covariance(run.weights, levels)
        variance = np.diagonal(sampled, axis1=1, axis2=2)
        law = dn.generated_variance(TASK, net, run.t)
        errors.append(np.abs(np.log(variance / law)).max())
    assert errors[1] < 0.03
    assert errors[0] / errors[1] > 1.7
    # the untrained net, and the data's own variance in its place
    assert np.abs(np.log(law[0] / law)).max() > 10 * errors[1]
    assert np.abs(np.log(TASK.variances / law)).max() > 10 * errors[1]


def test_mistakes_of_the_linear_denoiser_are_answered():
    settings = {"levels": (2.0, 1.0), "steps": 5, "lr": 0.01}
    with pytest.raises(ArgumentError, match="OneLayer"):
        train_linear("one layer", TASK, **settings)
    moved = DenoisingTask((1.0,), sigma_min=0.1, sigma_max=1.0, mean=1.0)
    with pytest.raises(RegimeError, match="without mean"):
        train_linear(dn.OneLayerDenoiser(0.1), moved, **settings)
    with pytest.raises(ArgumentError, match="fall strictly"):
        train_linear(dn.OneLayerDenoiser(0.1), TASK, **settings | {"levels": (1.0, 2.0)})
    with pytest.raises(SolveError, match="stable below"):
        train_linear(dn.OneLayerDenoiser(0.1), TASK, **settings | {"lr": 9.0, "steps": 2000})
    with pytest.raises(ShapeError, match="weights"):
        sampled_covariance(np.eye(2), (2.0, 1.0))


@pytest.mark.parametrize("tied", [False, True])
def test_the_gradient_written_out_is_the_derived_one(tied):
    import jax
    import jax.numpy as jnp

    from simtheory.validation.denoiser._learner import MapsLearner, Moments
    from simtheory.validation.nets.devices import computing_on
    from simtheory.validation.nets.optimisers import SGD

    with computing_on(jax.devices("cpu")[0]):
        learner = MapsLearner(SGD(), tied)
        maps = jnp.asarray(np.random.default_rng(1).standard_normal((2, 3, 3)))
        noise, weight = jnp.asarray([4.0, 0.1]), jnp.asarray([1.0, 0.3])
        moments = Moments(jnp.asarray(TASK.second_moment), noise, weight)
        derived = jax.grad(learner.loss)(maps, moments, None, None)
        assert gap(learner.slope(maps, moments, None, None)[1], derived) < 1e-11
        assert gap(0.0, derived) > 1.0  # no step at all
