"""What is exact about diffusion: the schedule's identities, the samplers, the linear denoiser.

Float64 rounds by 1e-16 a step, and nothing here takes more than 1e4 steps of a contraction: `TIGHT`
leaves two digits.
"""

from itertools import pairwise

import numpy as np
import pytest

from simtheory.analytic import denoiser as dn
from simtheory.errors import ArgumentError, RegimeError, ShapeError, SolveError
from simtheory.tasks import DenoisingTask
from simtheory.validation.denoiser.training import (
    log_levels,
    sampled_covariance,
    train_linear,
)
from simtheory.validation.nets.diffusion.schedule import (
    DDIM,
    Ancestral,
    Schedule,
    data_share,
    noise_share,
    sample,
)

pytestmark = pytest.mark.slow

TIGHT = 1e-10
TASK = DenoisingTask((0.1, 1.0, 10.0), sigma_min=0.02, sigma_max=20.0)
RNG = np.random.default_rng(0)


def gap(a, b):
    return float(np.abs(np.asarray(a) - np.asarray(b)).max())


def test_the_schedule_preserves_variance_and_names_its_levels():
    u = np.linspace(0.01, 0.99, 99)
    alpha, s = data_share(u), noise_share(u)
    assert gap(alpha**2 + s**2, 1.0) < 1e-15
    # the velocity gives the clean data back: x = α z − s v, and so does the noise
    x, noise = RNG.standard_normal((2, 99))
    z, v = alpha * x + s * noise, alpha * noise - s * x
    assert gap(alpha * z - s * v, x) < 1e-14
    assert gap(s * z + alpha * v, noise) < 1e-14
    times = Schedule().times(20)
    assert times[0] == 0.98
    assert times[-1] == pytest.approx(0.02, rel=1e-12)
    assert gap(Schedule().levels(20), noise_share(times) / data_share(times)) < 1e-13


def test_a_ddim_step_is_an_euler_step_of_the_probability_flow():
    u, r = np.array(0.7), np.array(0.6)
    z, clean = RNG.standard_normal((2, 50))
    level, lower = noise_share(u) / data_share(u), noise_share(r) / data_share(r)
    y = z / data_share(u)
    euler = y + (lower - level) * (y - clean) / level
    assert gap(DDIM().step(z, clean, u, r, None) / data_share(r), euler) < 1e-14
    assert gap(y, euler) > 0.1  # standing still


def test_an_ancestral_step_draws_the_posterior():
    # z_r given z_u and x is Gaussian: its regression on (z_u, x) from the joint covariance of
    # z_r = α_r x + s_r ε' and z_u = a z_r + b ε'', a = α_u/α_r
    u, r = np.array(0.7), np.array(0.6)
    a = data_share(u) / data_share(r)
    slope = a * noise_share(r) ** 2 / noise_share(u) ** 2
    variance = noise_share(r) ** 2 - slope * a * noise_share(r) ** 2
    z, clean, noise = RNG.standard_normal((3, 50))
    wanted = data_share(r) * clean + slope * (z - data_share(u) * clean)
    got = Ancestral().step(z, clean, u, r, noise)
    assert gap(got, wanted + np.sqrt(variance) * noise) < 1e-14
    assert gap(got, DDIM().step(z, clean, u, r, None)) > 0.1  # another sampler
    level, lower = np.tan(0.5 * np.pi * np.array([0.7, 0.6]))  # the form in the module's docstring
    assert variance == pytest.approx((noise_share(r) / level) ** 2 * (level**2 - lower**2))


@pytest.mark.parametrize("sampler", [DDIM(7), Ancestral(7)])
def test_both_samplers_are_exact_on_a_single_point(sampler):
    # the guess is exact then, so each step keeps the marginal N(α x, s²) that it starts from
    times = Schedule().times(7)
    n = 40_000
    z = data_share(times[0]) * 3.0 + noise_share(times[0]) * RNG.standard_normal(n)
    end = sample(sampler, lambda z, u: 3.0 + 0.0 * z, z, times, noise=RNG.standard_normal((7, n)))
    spread = noise_share(times[-1])
    assert abs(end.mean() - 3.0 * data_share(times[-1])) < 4.0 * spread / np.sqrt(n)
    assert abs(end.std() / spread - 1.0) < 4.0 / np.sqrt(2 * n)
    assert abs(z.std() / spread - 1.0) > 40.0 / np.sqrt(2 * n)  # the start


def best(task, levels):
    """The exact guess of every level, for Gaussian data."""
    return np.stack([task.target(sigma=s) for s in levels])


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
    times = 2.0 / np.pi * np.arctan(levels)
    z = RNG.standard_normal((5, 3))
    k = iter(range(30))

    def guess(z, u):
        return z / data_share(u) @ weights[next(k)].T

    # the same starts, in the units of y = z/α; DDIM is linear, so the ratio is exact
    end = sample(DDIM(29), guess, z * noise_share(times[0]), times) / data_share(times[-1])
    scale = np.sqrt(np.diagonal(sampled_covariance(weights, levels)))
    assert gap(end, z * scale) < TIGHT
    assert gap(end, z * levels[0]) > 1.0


def test_ancestral_sampling_has_the_variance_of_its_recursion():
    # y' = ψ y + κ (1 − ψ) y + noise of variance σ'² (1 − σ'²/σ²), κ = σ'²/σ²; started from σ_max²
    times = Schedule(0.05, 0.95).times(40)
    levels = np.tan(0.5 * np.pi * times)
    lam, n = 0.3, 40_000
    variance = levels[0] ** 2
    for high, low in pairwise(levels):
        psi, kept = lam / (lam + high**2), (low / high) ** 2
        variance = (psi + kept * (1 - psi)) ** 2 * variance + low**2 * (1 - kept)

    def guess(z, u):
        y, level = z / data_share(u), noise_share(u) / data_share(u)
        return lam / (lam + level**2) * y

    z = noise_share(times[0]) * RNG.standard_normal(n)
    end = sample(Ancestral(40), guess, z, times, noise=RNG.standard_normal((40, n)))
    measured = (end / data_share(times[-1])).var()
    error = variance * np.sqrt(2.0 / n)
    assert abs(measured - variance) < 4.0 * error
    assert abs(lam - variance) > 10.0 * error  # the data's variance: a posterior of x is narrower
    # the forward process has variance λ + σ²; steps of finite size fall short of it
    assert variance < lam + levels[-1] ** 2


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
        record=7,
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
        dn.TiedDenoiser(0.05), TASK, levels=levels, steps=200, lr=1e-3, record=range(201)
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
        run = train_linear(net, TASK, levels=levels, steps=round(0.5 / lr), lr=lr, record=6)
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
    with pytest.raises(ArgumentError, match="noise"):
        sample(Ancestral(2), lambda z, u: z, np.ones(2), (0.5, 0.4, 0.3))
    with pytest.raises(ArgumentError, match="low < high"):
        Schedule(0.9, 0.1)
