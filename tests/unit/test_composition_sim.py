"""Samplers of compositions: their laws, their keys, their answers to mistakes."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory.analytic.composition import repaired_score
from simtheory.errors import ArgumentError, RegimeError, ShapeError, SolveError
from simtheory.sim import composition as sp
from simtheory.tasks import Composition, GaussianMixture, du2023

LEVELS = sp.Levels.geometric(4.0, 1e-4, 100)
PRODUCT = du2023.ring_times_bar()
CENTRES = du2023.ring_centres()
# Top and bottom, diagonals, sides of ring times bar.
EXACT = np.array([0.9761, 0.0237, 0.00015])


def sectors(samples) -> np.ndarray:
    """Masses of the eight modes, anticlockwise from the right."""
    near = ((samples.points[:, None] - CENTRES) ** 2).sum(-1).argmin(1)
    return np.bincount(near, weights=samples.weights, minlength=8)


def folded(samples) -> np.ndarray:
    mass = sectors(samples)
    return np.array([mass[[2, 6]].sum(), mass[1::2].sum(), mass[[0, 4]].sum()])


def distance(samples) -> float:
    """Total variation of the masses."""
    truth = np.array([EXACT[2] / 2, EXACT[1] / 4, EXACT[0] / 2, EXACT[1] / 4] * 2)
    return 0.5 * float(np.abs(sectors(samples) - truth).sum())


def gaussian(variance: float, mean: float = 0.0) -> GaussianMixture:
    return GaussianMixture([1.0], [[mean]], [variance])


@pytest.mark.parametrize(
    ("method", "low", "high"),
    [
        # Reverse diffusion misses the product: between .305 and .327 on three seeds.
        (sp.Reverse(), 0.28, 0.345),
        # Masses freeze on the way: .309, .139, .093, .065 and .044 predicted for 1, 5, 10, 20, 50 moves.
        (sp.Annealed(sp.MALA(), steps=1), 0.28, 0.34),
        (sp.Annealed(sp.MALA(), steps=5), 0.115, 0.165),
        (sp.Annealed(sp.MALA(), steps=20), 0.05, 0.09),
        (sp.Annealed(sp.HMC(step=0.5**0.5)), 0.03, 0.07),
        (sp.Annealed(sp.ULA()), 0.075, 0.125),
        (sp.Annealed(sp.UHMC(step=0.5**0.5)), 0.04, 0.09),
        (sp.Repaired(sp.Gaussian()), 0.25, 0.31),
    ],
)
def test_masses_of_ring_times_bar(method, low, high):
    reverse = isinstance(method, sp.Reverse | sp.Repaired)
    levels = sp.Levels.geometric(100.0, 1e-5, 400) if reverse else LEVELS
    drawn = sp.sample(method, PRODUCT, 4000, levels=levels, rng=1)
    assert low < distance(drawn) < high
    assert drawn.points.shape == (4000, 2)
    assert not drawn.exact


def test_released_settings_land_where_they_were_measured():
    levels = sp.Levels.cosine(100)  # ends at λ = 6.3e-4, as the released programs do
    mala = sp.sample(sp.Annealed(sp.MALA(1e-3, scale="fixed")), PRODUCT, 8000, levels=levels, rng=0)
    # Three standard errors of a share of .73 among 8000 are .015.
    assert folded(mala) == pytest.approx([0.728, 0.245, 0.027], abs=0.018)
    released = sp.HMC(0.03, scale="fixed", convention="released")
    hmc = sp.sample(sp.Annealed(released), PRODUCT, 8000, levels=levels, rng=0)
    assert folded(hmc) == pytest.approx([0.868, 0.126, 0.007], abs=0.015)
    # The last level leaves a mode 1.636 times as wide as it should be.
    top = mala.points[((mala.points - CENTRES[2]) ** 2).sum(1) < 0.04]
    assert top[:, 0].var() / 8.4309e-4 == pytest.approx(1.636, abs=0.12)


def test_weights_correct_the_masses():
    levels = sp.Levels.geometric(100.0, 1e-5, 500)
    drawn = sp.sample(sp.Corrected(islands=8), PRODUCT, 16000, levels=levels, rng=0)
    assert drawn.log_weights is not None
    # Diagonals over eight islands of 2000: .0237, measured .0256 ± .006; reverse diffusion has .28.
    assert folded(drawn)[1] == pytest.approx(0.0237, abs=0.008)
    size = drawn.arrays["effective_size"]
    assert size.shape == (499,)
    assert size.min() > 3000
    # The mean weight estimates the integral of a composition, of Gaussians in closed form.
    pair = gaussian(1.0, -1.0) * gaussian(0.25, 1.0)
    weighed = sp.sample(sp.Corrected(islands=4), pair, 4000, levels=levels, rng=0)
    exact = -0.5 * (4.0 / 1.25 + np.log(2.0 * np.pi * 1.25))
    assert weighed.stats["log_partition"] == pytest.approx(exact, abs=0.25)  # heavy tails
    assert weighed.weights @ weighed.points[:, 0] == pytest.approx(0.6, abs=0.05)
    even = drawn.resampled(0)
    assert even.log_weights is None
    # Three standard deviations of a share of .02 among 16 000 draws, the most that resampling adds.
    assert folded(even) == pytest.approx(folded(drawn), abs=3.4e-3)
    # Without weights the same points are reverse diffusion.
    plain = sp.sample(sp.Corrected(ess=0.0), PRODUCT, 4000, levels=levels, rng=0)
    uneven = sectors(plain)
    assert (
        0.5
        * abs(uneven - sectors(sp.sample(sp.Oracle(), PRODUCT, 4000, levels=levels, rng=0))).sum()
        < 0.2
    )


def test_gaussians_follow_their_closed_laws():
    pair = gaussian(1.0, -1.0) * gaussian(0.25, 1.0)
    levels, n = sp.Levels.geometric(1e4, 1e-5, 400), 20_000
    naive = sp.sample(sp.Reverse(), pair, n, levels=levels, rng=0).points
    # Three standard errors, and the bias of 400 steps of 5 %.
    assert naive.mean() == pytest.approx(0.43440501, abs=0.012)
    assert naive.var() == pytest.approx(0.14480168, abs=0.006)
    repaired = sp.sample(sp.Repaired(sp.Gaussian()), pair, n, levels=levels, rng=0).points
    assert repaired.mean() == pytest.approx(0.6, abs=0.012)
    assert repaired.var() == pytest.approx(0.2, abs=0.01)
    # With the curvature at the points it is the same score on Gaussians.
    few = sp.Levels.geometric(1e4, 1e-2, 30)
    by_point = sp.sample(sp.Repaired(sp.Tweedie()), pair, 4000, levels=few, rng=0).points
    by_whole = sp.sample(sp.Repaired(sp.Gaussian()), pair, 4000, levels=few, rng=0).points
    assert by_point.mean() == pytest.approx(by_whole.mean(), abs=0.05)
    assert by_point.var() == pytest.approx(by_whole.var(), rel=0.15)
    # Churn: .6667 and .8889 of the variance of the square for η = 1 and 2.
    fine = sp.Levels.geometric(1e4, 1e-4, 1500)
    for churn, share in ((1.0, 0.6667), (2.0, 0.8889)):
        drawn = sp.sample(sp.Reverse(churn=churn), gaussian(0.05) ** 2, 8000, levels=fine, rng=0)
        assert drawn.points.var() / 0.025 == pytest.approx(share, abs=0.045)
    # Under DDIM a plain product ends in a point: log10 of the ratio of variances, T = 100.
    equal = gaussian(0.05) ** 2
    ddim = sp.sample(
        sp.Reverse(churn=0.0), equal, 2000, levels=sp.Levels.cosine(100, clean=True), rng=0
    )
    assert -8.9 < np.log10(ddim.points.var() / 0.025) < -8.0


def test_the_score_repaired_at_the_point_is_the_repaired_score_of_theory():
    rng = np.random.default_rng(0)
    root = 0.4 * rng.normal(size=(4, 3, 3))
    full = root @ root.transpose(0, 2, 1) + 0.05 * np.eye(3)
    kinds = Composition(
        (
            GaussianMixture(np.full(4, 0.25), rng.normal(size=(4, 3)), full),
            GaussianMixture([0.3, 0.7], rng.normal(size=(2, 3)), full[[0, 0]]),
            GaussianMixture([0.5, 0.5], rng.normal(size=(2, 3)), rng.random((2, 3)) + 0.1),
        ),
        (1.0, 0.7, -0.2),
    )
    here, there = 0.5, 0.2
    for c in (PRODUCT, kinds):
        y = rng.normal(size=(200, c.dim))
        ode = sp.Repaired(sp.Tweedie(), churn=0.0)
        levels = sp.Levels.geometric(here, there, 2, clean=False)
        moved = sp.sample(ode, c, len(y), levels=levels, rng=0, start=y).points - y
        score = moved / (here * (1.0 - (there / here) ** 0.5))
        exact = repaired_score(c, y, level=here)
        size = np.abs(exact).max()
        # rounding, times the condition of the matrices
        assert np.abs(score - exact).max() < 1e-12 * size
        assert np.abs(c.score(y, level=here) - exact).max() > 0.5 * size  # the sum of scores


def test_kernels_of_a_gaussian_have_their_stationary_variances():
    levels, one = sp.Levels([1.0, 0.0], [1.0, 1.0], [1e-9, 0.0]), gaussian(1.0)
    n = 10_000
    start = np.random.default_rng(1).standard_normal((n, 1))
    three = 3.0 * np.sqrt(2.0 / n)

    def variance(kernel) -> float:
        drawn = sp.sample(sp.Annealed(kernel, steps=100), one, n, levels=levels, rng=0, start=start)
        return float(drawn.points.var())

    for step, factor in ((0.1, 1.053), (0.3, 1.176), (1.0, 2.0)):
        assert variance(sp.ULA(step)) == pytest.approx(factor, rel=three)
    assert variance(sp.UHMC(0.7)) == pytest.approx(1.0 / (1.0 - 0.49 / 4.0), rel=three)
    for kernel in (
        sp.MALA(1.0),
        sp.HMC(0.7),
        sp.HMC(1.3, leapfrog=2),
        sp.MALA(1.0, density=sp.Line()),
    ):
        assert variance(kernel) == pytest.approx(1.0, rel=three)
    # Faults of released programs: these variances should be 1.
    assert variance(sp.MALA(0.3, convention="released")) > 20.0
    assert variance(sp.HMC(1.8, convention="released")) == pytest.approx(1.487, rel=0.1)
    assert variance(sp.HMC(0.5, damping=0.7, convention="in_place")) == pytest.approx(
        0.458, rel=0.1
    )


def test_acceptance_is_that_of_the_closed_form():
    n, levels = 512, sp.Levels([1.0, 0.0], [1.0, 1.0], [1e-9, 0.0])
    for kernel, d, share in (
        (sp.MALA(0.3), 10, 0.857),
        (sp.HMC(0.7), 10, 0.867),
        (sp.HMC(0.5, leapfrog=5), 50, 0.895),
    ):
        target = GaussianMixture([1.0], np.zeros((1, d)), np.ones((1, d)))
        start = np.random.default_rng(0).standard_normal((n, d))
        drawn = sp.sample(
            sp.Annealed(kernel, steps=100), target, n, levels=levels, rng=0, start=start
        )
        assert drawn.acceptance[-1] == pytest.approx(share, abs=0.005)


def test_superposed_scores_mix_and_agree():
    left, right = du2023.blobs()
    levels = sp.Levels.geometric(100.0, 1e-5, 1000)
    drawn = sp.sample(
        sp.SuperposedOr(), Composition((left, right), (1.0, 3.0)), 2000, levels=levels, rng=0
    )
    six = (drawn.points[:, 0] > 0) * 3 + np.digitize(drawn.points[:, 1], [-0.3, 0.3])
    shares = np.bincount(six, minlength=6) / 2000
    assert shares == pytest.approx(np.repeat([0.25 / 3, 0.25], 3), abs=0.03)
    followed = drawn.arrays["log_densities"]
    own = np.where(drawn.points[:, 0] > 0, followed[:, 1], followed[:, 0])
    exact = np.where(
        drawn.points[:, 0] > 0, right.log_density(drawn.points), left.log_density(drawn.points)
    )
    # Left-point sums of 1000 steps: .391 predicted.
    assert np.sqrt(np.mean((own - exact) ** 2)) == pytest.approx(0.391, abs=0.05)
    # Equal densities are not the product, whose standard deviation is .045.
    pair = gaussian(0.05**2) * gaussian(0.1**2)
    equal = sp.sample(sp.SuperposedAnd(), pair, 2000, levels=levels, rng=0)
    gap = equal.arrays["log_densities"]
    assert np.abs(gap[:, 0] - gap[:, 1]).max() < 1e-4
    three = gaussian(0.01) * gaussian(0.02) * gaussian(0.03)
    gap = sp.sample(sp.SuperposedAnd(), three, 64, levels=levels, rng=0).arrays["log_densities"]
    assert np.ptp(gap, axis=1).max() < 1e-3


@pytest.mark.parametrize(
    "method",
    [
        sp.Annealed(sp.MALA(), steps=2),
        sp.Annealed(sp.HMC(), steps=1),
        sp.Reverse(),
        sp.Repaired(sp.Tweedie()),
        sp.Corrected(islands=3),
        sp.SuperposedOr(),
        sp.SuperposedAnd(),
        sp.Oracle(),
    ],
    ids=lambda method: type(method).__name__,
)
def test_the_same_key_gives_the_same_bytes_for_any_number_of_threads(method):
    levels = sp.Levels.geometric(4.0, 1e-2, 8)
    one, two, other = (
        sp.sample(method, PRODUCT, 300, levels=levels, rng=rng, threads=threads, record=True)
        for rng, threads in ((5, 1), (5, 4), (6, 4))
    )
    assert one.points.tobytes() == two.points.tobytes() != other.points.tobytes()
    assert one.key == two.key != other.key
    if one.path is not None:
        assert one.path.shape == (8, 300, 2)
        assert np.array_equal(one.path[-1], one.points)
    if not isinstance(method, sp.Corrected | sp.Oracle):
        fewer = sp.sample(method, PRODUCT, 130, levels=levels, rng=5)
        assert fewer.points == pytest.approx(one.points[:130], rel=1e-12, abs=1e-12)


def test_full_covariances_follow_a_turned_frame():
    """A rotation of all experts rotates the draws' law; shared and unshared covariances agree."""
    rng = np.random.default_rng(3)
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    means = rng.standard_normal((4, 3))
    diagonal = GaussianMixture(np.full(4, 0.25), means, rng.uniform(0.2, 1.0, (4, 3)))
    broad = GaussianMixture([1.0], np.zeros((1, 3)), [[1.0, 2.0, 3.0]])
    levels = sp.Levels.geometric(9.0, 0.05, 30)
    n, method = 6000, sp.Annealed(sp.HMC(), steps=4)
    straight = sp.sample(method, diagonal * broad, n, levels=levels, rng=0).points
    turned = sp.sample(
        method, diagonal.moved(turn) * broad.moved(turn), n, levels=levels, rng=0
    ).points
    back = turned @ turn
    error = 4.0 * straight.std(axis=0) / np.sqrt(n / 2)
    assert np.all(np.abs(back.mean(axis=0) - straight.mean(axis=0)) < error)
    assert np.cov(back.T) == pytest.approx(np.cov(straight.T), abs=0.08)


@pytest.mark.parametrize(
    "method",
    [
        sp.Annealed(sp.MALA(), steps=2),
        sp.Annealed(sp.HMC(), steps=2),
        sp.Reverse(churn=0.5),
        sp.Repaired(sp.Gaussian()),
        sp.Repaired(sp.Tweedie()),
        sp.Corrected(islands=2),
        sp.SuperposedOr(),
    ],
    ids=lambda method: type(method).__name__,
)
def test_scale_and_place_do_not_matter(method):
    """With x → 2x and λ → 4λ the same draws give points that are twice as far out; a shift shifts."""
    narrow = sp.Levels.geometric(4.0, 1e-2, 12)
    wide = sp.Levels.geometric(16.0, 4e-2, 12)
    twice = Composition([expert.moved(2.0) for expert in PRODUCT.experts])
    one = sp.sample(method, PRODUCT, 100, levels=narrow, rng=0).points
    other = sp.sample(method, twice, 100, levels=wide, rng=0).points
    # A chain whose acceptance hangs on the last bit would part; at 1e-9 none of these does.
    assert other == pytest.approx(2.0 * one, abs=1e-9)
    if not isinstance(method, sp.SuperposedOr | sp.Corrected):
        start, far = np.random.default_rng(0).standard_normal((100, 2)), np.array([1e4, -1e4])
        moved = Composition([expert.moved(1.0, far) for expert in PRODUCT.experts])
        here = sp.sample(method, PRODUCT, 100, levels=narrow, rng=0, start=start).points
        there = sp.sample(method, moved, 100, levels=narrow, rng=0, start=start + far).points
        assert there - far == pytest.approx(here, abs=1e-6)


def evaluate(c: Composition, x: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Score and log-density of the compiled code, by the part that all kernels call."""
    import ctypes

    from simtheory.sim.composition.fields import COMPOSED, X, field_of
    from simtheory.sim.composition.tables import LANES, tables_of

    d = c.dim
    field = field_of(c.experts, c.weights, np.array([level]), np.zeros(d))
    tables = tables_of(field, np.zeros(2, dtype=np.uint64))
    part = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 4)(int(tables.at[COMPOSED]))
    found = np.empty((len(x), d + 1))
    for first in range(0, len(x), LANES):
        m, block = tables.room(), x[first : first + LANES]
        state = m.reshape(-1, LANES)[int(tables.at[X]) :]
        state[:d, : len(block)] = block.T
        part(m.ctypes.data, tables.at.ctypes.data, int(tables.at[X]), 0)
        found[first : first + LANES] = state[d : 2 * d + 1, : len(block)].T
    return found[:, :d], found[:, d]


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_compiled_fields_are_those_of_the_task(d):
    rng = np.random.default_rng(d)
    A = rng.standard_normal((3, d, d))
    full = GaussianMixture(
        [0.2, 0.3, 0.5], rng.standard_normal((3, d)), A @ np.swapaxes(A, 1, 2) + 0.1 * np.eye(d)
    )
    diagonal = GaussianMixture([0.5, 0.5], rng.standard_normal((2, d)), rng.uniform(0.1, 1, (2, d)))
    shared = GaussianMixture([0.9, 0.1], rng.standard_normal((2, d)), [0.3, 0.3])
    c = Composition((full, diagonal, shared), (1.0, 2.0, -0.2))
    x = np.concatenate([rng.standard_normal((20, d)), 1e3 * rng.standard_normal((4, d))])
    for level in (0.0, 0.3, 100.0):
        score, log_density = evaluate(c, x, level)
        assert score == pytest.approx(c.score(x, level=level), rel=1e-10, abs=1e-10)
        assert log_density == pytest.approx(c.log_density(x, level=level), rel=1e-10, abs=1e-10)


def test_mistakes_are_answered():
    pair = gaussian(1.0) * gaussian(0.25)
    levels = sp.Levels.geometric(4.0, 0.1, 4)

    def call(method, c=pair, n=10, levels=levels, **more):
        return lambda: sp.sample(method, c, n, levels=levels, rng=0, **more)

    quotient = gaussian(1.0) / gaussian(2.0)
    # Of total weight 1.5, but 2/(.5 + λ) is below .5/(.01 + λ) at levels below .16.
    bad = Composition((gaussian(0.5), gaussian(0.01)), (2.0, -0.5))
    ring = du2023.ring()
    broad = GaussianMixture(np.full(20, 0.05), np.linspace(-0.1, 0.1, 20)[:, None], np.ones(20))
    fixed = sp.Annealed(sp.ULA(10.0, scale="fixed"))
    for act, words, kind in (
        (call(sp.Annealed(sp.MALA()), n=0), "`n`", ArgumentError),
        (call(sp.Annealed(sp.MALA()), quotient), "positive total weight", ArgumentError),
        (call(sp.Corrected(islands=1), quotient), "W = 0", ArgumentError),
        (call(sp.Annealed(sp.MALA()), bad), r"at the level .* direction \(1\)", RegimeError),
        (call(sp.Oracle(), ring**0.5), "gmm-power", RegimeError),
        (call(sp.Oracle(), broad**4), "20000 components", RegimeError),
        (call(sp.Oracle(), ring / ring), "gmm-divide-gaussian", RegimeError),
        (call(sp.Corrected(islands=20)), "20 islands", ArgumentError),
        (call(fixed), "`step` must be below 2 v at every level", ArgumentError),
        (call(sp.Annealed(sp.HMC(1.0))), "resonant", ArgumentError),
        (call(sp.Annealed(sp.UHMC(0.684, leapfrog=9))), "resonant", ArgumentError),
        (call(sp.Reverse(), start=np.zeros((3, 1))), "`start`", ShapeError),
        (call(sp.SuperposedAnd(), gaussian(1.0)), "two experts", ArgumentError),
        (call(sp.SuperposedOr(), quotient), "positive weights", ArgumentError),
        (call(sp.Annealed(sp.MALA()), levels=[1.0, 0.5]), "`levels`", ArgumentError),
        (lambda: sp.Reverse(churn=-1.0), "`churn`", ArgumentError),
        (lambda: sp.Corrected(ess=1.5), "`ess`", ArgumentError),
        (lambda: sp.Annealed(sp.MALA(), steps=0), "`steps`", ArgumentError),
        (lambda: sp.sample(sp.Reverse(), pair, 3, levels=levels, rng=None), "`rng`", ArgumentError),
    ):
        with pytest.raises(kind, match=words):
            act()


def test_what_is_finished_in_time_is_kept(monkeypatch):
    levels = sp.Levels.geometric(4.0, 1e-4, 100)
    method = sp.Annealed(sp.HMC(), steps=10)
    whole = sp.sample(method, PRODUCT, 256, levels=levels, rng=0)
    with pytest.raises(SolveError, match=r"0\.1 seconds") as caught:
        sp.sample(method, PRODUCT, 100_000, levels=levels, rng=0, threads=1, max_seconds=0.1)
    partial = caught.value.partial
    assert partial is not None
    assert 0 < len(partial.points) < 100_000
    assert len(partial.points) % 128 == 0
    assert partial.points[:256].tobytes() == whole.points[: len(partial.points)].tobytes()

    import simtheory.sim.composition.running as running

    def interrupted(jobs, *_, **__):
        jobs[0]()
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "work", interrupted)
    with pytest.raises(KeyboardInterrupt) as stopped:
        sp.sample(method, PRODUCT, 256, levels=levels, rng=0)
    assert stopped.value.partial.points.tobytes() == whole.points[:128].tobytes()


def test_samples_say_how_they_were_made():
    drawn = sp.sample(sp.Annealed(sp.MALA(), steps=3), PRODUCT, 64, levels=LEVELS, rng=0)
    assert drawn.origin == "sim.composition.sample(Annealed)"
    assert drawn.acceptance.shape == (100,)
    assert 0.9 < drawn.acceptance.min() < 1.0
    assert drawn.evaluations == 100 * 4
    assert "MALA(step=0.3" in drawn.method
    assert len(drawn.key) == 2
    assert drawn.path is None
    assert np.array_equal(drawn.levels, LEVELS.values)
    assert drawn.weights == pytest.approx(np.full(64, 1 / 64))
    free = sp.sample(sp.Annealed(sp.ULA(), steps=1), PRODUCT, 2, levels=LEVELS, rng=0)
    assert free.acceptance is None
    assert free.log_weights is None
    assert sp.narrowest(PRODUCT, [0.0])[0] == pytest.approx(1 / (1 / 9e-4 + 75), rel=1e-12)
