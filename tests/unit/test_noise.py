"""What is exact about schedules, levels, predictions and samplers. Float64 rounds by 1e-16 a step."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from simtheory.errors import ArgumentError
from simtheory.noise import (
    DDIM,
    DDPM,
    EDM,
    HMC,
    MALA,
    PREDICTIONS,
    UHMC,
    ULA,
    VE,
    Ancestral,
    CosineVP,
    Level,
    Levels,
    Line,
    LinearVP,
    Sampler,
    Schedule,
    Straight,
    clean_of,
    sample,
    target_of,
)

SCHEDULES = [CosineVP(), LinearVP(), VE(), EDM(), Straight()]
RNG = np.random.default_rng(0)


def gap(a, b):
    return float(np.abs(np.asarray(a) - np.asarray(b)).max())


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_levels_fall_and_shares_say_whether_variance_is_preserved(schedule):
    levels = Levels.of(schedule, 50)
    assert len(levels) == 51
    assert np.all(np.diff(levels.values) < 0)
    assert np.all(np.diff(levels.time) < 0)
    assert (levels.time[-1], levels.time[0]) == pytest.approx(schedule.ends, rel=1e-12)
    assert gap(levels.values / schedule.level(levels.time), 1.0) < 1e-12
    size = levels.alpha**2 + levels.sigma**2
    assert schedule.preserves_variance == (gap(size, 1.0) < 1e-12)
    here = schedule.at(np.array(0.3)).normalised
    assert here.alpha**2 + here.sigma**2 == pytest.approx(1.0, rel=1e-14)
    assert here.value == pytest.approx(schedule.level(np.array(0.3)), rel=1e-13)


def test_each_schedule_is_what_its_name_says():
    u = np.linspace(0.01, 0.99, 99)
    assert gap(CosineVP().level(u), np.tan(0.5 * np.pi * u) ** 2) < 1e-8  # up to 4e3
    # alpha² obeys d ln alpha² / du = −beta(u), here by central differences: O(h²)
    h, linear = 1e-4, LinearVP(0.1, 20.0)
    slope = (np.log(linear.alpha(u + h)) - np.log(linear.alpha(u - h))) / h
    assert gap(slope, -(0.1 + 19.9 * u)) < 1e-5
    assert gap(np.diff(np.log(Levels.of(VE(), 20).sigma), 2), 0.0) < 1e-13
    assert gap(np.diff(Levels.of(EDM(rho=7.0), 20).sigma ** (1 / 7), 2), 0.0) < 1e-14
    for schedule in (VE(0.1, 3.0), EDM(0.1, 3.0)):
        assert Levels.of(schedule, 4).sigma[[0, -1]] == pytest.approx([3.0, 0.1], rel=1e-13)
    assert gap(Straight().alpha(u) + Straight().sigma(u), 1.0) < 1e-15


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_the_three_predictions_give_the_same_guess(schedule):
    # of data N(m, c) the conditional means are linear: E x = m + c alpha / (alpha² c + sigma²) (z − alpha m)
    m, c = 0.7, 0.4
    u = np.linspace(*schedule.ends, 7)[1:-1]
    level = schedule.at(u)
    x, noise = RNG.standard_normal((2, 5))
    z = level.alpha * x + level.sigma * noise
    pull = (z - level.alpha * m) / (level.alpha**2 * c + level.sigma**2)
    wanted = m + c * level.alpha * pull
    means = {"x0": wanted, "eps": level.sigma * pull}
    means["v"] = level.alpha * means["eps"] - level.sigma * means["x0"]
    assert set(means) == set(PREDICTIONS)
    for name in PREDICTIONS:
        assert gap(clean_of(name, means[name], z, level), wanted) < 1e-10
        assert gap(clean_of(name, target_of(name, x, noise, level), z, level), x) < 1e-10
        assert gap(clean_of(name, 0.0 * z, z, level), wanted) > 1e-3  # a net that says nothing
    with pytest.raises(ArgumentError, match="did you mean"):
        target_of("x", x, noise, level)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_a_ddim_step_is_an_euler_step_of_the_probability_flow(schedule):
    here, there = schedule.at(np.array(0.7)), schedule.at(np.array(0.6))
    z, clean = RNG.standard_normal((2, 50))
    y = z / here.alpha
    euler = y + (there.ratio - here.ratio) * (y - clean) / here.ratio
    assert gap(DDIM().step(z, clean, here, there, None) / there.alpha, euler) < 1e-12
    assert gap(y, euler) > 0.1  # standing still


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_ddim_is_exact_for_a_guess_that_stays(schedule):
    levels = Levels.of(schedule, 9)
    z = levels.sigma[0] * RNG.standard_normal(50)
    end = sample(DDIM(9), lambda z, level: 3.0 + 0.0 * z, z, levels)
    exact = levels.alpha[-1] * 3.0 + levels.sigma[-1] / levels.sigma[0] * (z - levels.alpha[0] * 3)
    assert gap(end, exact) < 1e-12
    assert gap(z, exact) > 0.5  # the sampler that does nothing


def test_ddim_with_the_exact_linear_guess_reaches_the_flow_at_first_order():
    # data N(0, c): the flow takes y with variance c + ratio² to the same at the last level
    c, wanted, errors = 0.5, None, []
    for steps in (100, 200, 400):
        levels = Levels.of(VE(0.05, 20.0), steps)
        guess = lambda z, level: c / (c + level.value) * z  # noqa: E731
        end = sample(DDIM(steps), guess, np.ones(1), levels)[0]
        wanted = np.sqrt((c + levels.values[-1]) / (c + levels.values[0]))
        errors.append(abs(end / wanted - 1.0))
    assert errors[-1] < 0.01
    assert errors[0] / errors[1] > 1.8  # Euler's method: halving the step halves the error
    assert errors[1] / errors[2] > 1.8
    assert abs(1.0 / wanted - 1.0) > 1.0  # the sampler that does nothing


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_the_variances_of_ddpm_are_those_of_gaussian_conditioning(schedule):
    # z_r = alpha_r x + sigma_r e, z_u = a z_r + b e': condition the joint normal of (z_r, z_u) given x
    here, there = schedule.at(np.array(0.7)), schedule.at(np.array(0.6))
    a = here.alpha / there.alpha
    step = here.sigma**2 - a**2 * there.sigma**2  # b², what the step up adds
    covariance = np.array(
        [[there.sigma**2, a * there.sigma**2], [a * there.sigma**2, here.sigma**2]]
    )
    slope = covariance[0, 1] / covariance[1, 1]
    posterior = covariance[0, 0] - slope * covariance[0, 1]
    z, clean, noise = RNG.standard_normal((3, 50))
    mean = there.alpha * clean + slope * (z - here.alpha * clean)
    for sampler, variance in ((DDPM(), posterior), (DDPM(variance="beta"), step)):
        got = sampler.step(z, clean, here, there, noise)
        assert gap(got, mean + np.sqrt(variance) * noise) < 1e-12
        assert gap(got, DDIM().step(z, clean, here, there, None)) > 1e-3
    assert posterior < step
    assert Ancestral(7) == DDPM(7, variance="posterior")


@pytest.mark.parametrize("sampler", [DDIM(7), DDPM(7)], ids=repr)
def test_samplers_are_exact_on_a_single_point(sampler):
    # the guess is exact then, so each step keeps the marginal N(alpha x, sigma²) that it starts from
    levels, n = Levels.of(CosineVP(), 7), 40_000
    z = levels.alpha[0] * 3.0 + levels.sigma[0] * RNG.standard_normal(n)
    noise = RNG.standard_normal((7, n))
    end = sample(sampler, lambda z, level: 3.0 + 0.0 * z, z, levels, noise=noise)
    spread = levels.sigma[-1]
    assert abs(end.mean() - 3.0 * levels.alpha[-1]) < 4.0 * spread / np.sqrt(n)
    assert abs(end.std() / spread - 1.0) < 4.0 / np.sqrt(2 * n)
    assert abs(z.std() / spread - 1.0) > 40.0 / np.sqrt(2 * n)  # the start


def test_the_variance_beta_is_exact_on_standard_normal_data():
    # the guess is alpha z then, and each step draws z_r given z_u without knowing x
    levels, n = Levels.of(CosineVP(), 30), 40_000
    z, noise = RNG.standard_normal(n), RNG.standard_normal((30, n))
    guess = lambda z, level: level.alpha * z  # noqa: E731
    end = sample(DDPM(30, variance="beta"), guess, z, levels, noise=noise)
    narrow = sample(DDPM(30), guess, z, levels, noise=noise)
    error = np.sqrt(2.0 / n)
    assert abs(end.var() - 1.0) < 4 * error
    assert narrow.var() < 1.0 - 10 * error  # the posterior of a known x is narrower


def test_ancestral_sampling_has_the_variance_of_its_recursion():
    # y' = psi y + k (1 − psi) y + noise of variance low² (1 − k), k = low²/high²; from high² on
    levels, lam, n = Levels.of(CosineVP(0.05, 0.95), 40), 0.3, 40_000
    variance = levels.values[0]
    for high, low in pairwise(levels.values):
        psi, kept = lam / (lam + high), low / high
        variance = (psi + kept * (1 - psi)) ** 2 * variance + low * (1 - kept)
    z = levels.sigma[0] * RNG.standard_normal(n)
    noise = RNG.standard_normal((40, n))
    guess = lambda z, level: lam / (lam + level.value) * z / level.alpha  # noqa: E731
    measured = (sample(DDPM(40), guess, z, levels, noise=noise) / levels.alpha[-1]).var()
    error = variance * np.sqrt(2.0 / n)
    assert abs(measured - variance) < 4.0 * error
    assert abs(lam - variance) > 10.0 * error  # the data's variance
    assert variance < lam + levels.values[-1]  # steps of finite size fall short of the flow


@dataclass(frozen=True)
class Half(Schedule):
    """A user's own schedule: shares of equal size at u = 1/2."""

    def alpha(self, u):
        return (1.0 - u) ** 0.5

    def sigma(self, u):
        return u**0.5

    @property
    def ends(self):
        return 0.1, 0.9


@dataclass(frozen=True)
class Stay(Sampler):
    """A user's own sampler, which goes to its guess at once."""

    steps: int = 3

    @property
    def is_random(self):
        return False

    def step(self, z, clean, here, there, noise):
        return there.alpha * clean


def test_a_schedule_and_a_sampler_of_ones_own_work():
    levels = Levels.of(Half(), 3)
    assert levels.values == pytest.approx(levels.time / (1 - levels.time))
    end = sample(Stay(), lambda z, level: 0.0 * z + 2.0, np.ones(2), levels)
    assert end == pytest.approx([2.0 * levels.alpha[-1]] * 2)
    with pytest.raises(TypeError, match="abstract"):
        Schedule()
    with pytest.raises(TypeError, match="abstract"):
        Sampler()


def test_levels_of_ratios_and_their_points():
    levels = Levels.of_ratios([3.0, 1.0, 0.1])
    assert [level.value for level in levels] == pytest.approx([9.0, 1.0, 0.01])
    assert isinstance(next(iter(levels)), Level)
    assert repr(levels) == "Levels(3 from λ = 9 down to 0.01)"
    with pytest.raises(ValueError, match="read-only"):
        levels.sigma[0] = 1.0


def test_levels_by_a_factor_and_of_the_cosine_steps():
    levels = Levels.geometric(4.0, 1e-4, 100)
    assert len(levels) == 100
    assert levels.values[-1] == 0.0
    assert levels.values[-2] == pytest.approx(1e-4, rel=1e-14)
    factors = levels.values[1:-1] / levels.values[:-2]
    assert factors == pytest.approx(factors[0] * np.ones(98), rel=1e-12)
    # The literal numbers of released schedules.
    ends = Levels.cosine(100).values[[0, -1]], Levels.cosine(1000).values[[0, -1]]
    assert ends[0] == pytest.approx([4.1176e6, 6.3168e-4], rel=1e-4)
    assert ends[1] == pytest.approx([4.1173e8, 4.1286e-5], rel=1e-4)
    assert Levels.cosine(100).sigma[-1] ** 2 == pytest.approx(6.313e-4, rel=1e-4)
    clean = Levels.cosine(100, clean=True)
    assert len(clean) == 101
    assert clean.values[-1] == 0.0


def test_steps_of_kernels_follow_the_narrowest_direction():
    assert MALA(0.3).size([1.0, 0.04]) == pytest.approx([0.3, 0.012])
    assert HMC(0.7).size([1.0, 0.04]) == pytest.approx([0.7, 0.14])
    # A fixed step is one of z = αy.
    assert ULA(1e-3, scale="fixed").size([1.0, 9.0], alpha=[1.0, 0.1]) == pytest.approx([1e-3, 0.1])
    assert UHMC(0.03, scale="fixed").size(1.0, alpha=0.1) == pytest.approx(0.3)
    # A move of one leapfrog step of h = √v turns a Gaussian by a sixth of a circle; three, by half.
    assert HMC(1.0).angles([1.0, 4.0]) == pytest.approx([np.pi, 3.0 * np.arccos(0.875)])
    assert [kernel.corrected for kernel in (ULA, MALA, UHMC, HMC)] == [False, True, False, True]


def test_mistakes_are_answered():
    for make, words in (
        (lambda: CosineVP(0.9, 0.1), "low < high"),
        (lambda: CosineVP(0.1, 1.0), "low < high < 1"),
        (lambda: LinearVP(low=0.0), "low < high"),
        (lambda: LinearVP(2.0, 1.0), "`beta_max`"),
        (lambda: VE(1.0, 0.5), "`sigma_max` must exceed"),
        (lambda: EDM(rho=0.0), "`rho`"),
        (lambda: DDIM(0), "`steps`"),
        (lambda: DDPM(variance="betas"), "did you mean beta"),
        (lambda: Levels.of_ratios([1.0, 2.0]), "fall strictly"),
        (lambda: Levels.of_ratios([1.0]), "at least 2"),
        (lambda: Levels.of(CosineVP(), 0), "`steps`"),
        (lambda: Levels.geometric(1.0, 2.0, 5), "levels that fall"),
        (lambda: Levels.geometric(1.0, 0.1, 2), "before the clean one"),
        (lambda: Levels.geometric(1.0, 0.0, 5), "`low`"),
        (lambda: Levels.cosine(1), "`T` must be at least 2"),
        (lambda: Levels([1, 0.5, 0], [1, 1, 1], [1, 0, 0]), "fall strictly"),
        (lambda: ULA(2.0), "`step` must be below 2 v"),
        (lambda: HMC(2.5), "`step` must be below 2 √v"),
        (lambda: UHMC(leapfrog=0), "`leapfrog`"),
        (lambda: HMC(damping=1.0), "`damping`"),
        (lambda: MALA(density="score"), "Line"),
        (lambda: MALA(convention="release"), "did you mean released"),
        (lambda: Line(1), "`points` must be at least 2"),
        (lambda: HMC(0.5).angles([1.0], size=2.0), "stable"),
        (
            lambda: sample(DDPM(2), lambda z, level: z, np.ones(2), Levels.of(CosineVP(), 2)),
            "noise",
        ),
    ):
        with pytest.raises(ArgumentError, match=words):
            make()
