"""Closed forms and numerics of compositions: literal numbers, references, refused arguments."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import norm

from simtheory import Composition, GaussianMixture, noise
from simtheory.analytic import composition as cp
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.tasks import du2023
from simtheory.tasks.composition.tails import weakest_tail

RING_BAR, CENTRES = du2023.ring_times_bar(), du2023.ring_centres()


def gaussian(mean: float, variance: float) -> GaussianMixture:
    return GaussianMixture([1.0], [mean], [variance])


PAIR = gaussian(-1.0, 1.0) * gaussian(1.0, 0.25)
EQUAL = gaussian(0.0, 0.05)


def two(first: tuple, second: tuple) -> Composition:
    return GaussianMixture(*first) * GaussianMixture(*second)


EVEN = ((0.5, 0.5), (-1.0, 1.0))
LINES = {
    "uneven": two((*EVEN, (0.04, 0.04)), ((0.8, 0.2), (-1.0, 1.0), (0.04, 0.04))),
    "by .3": two((*EVEN, (0.01, 0.01)), ((1.0,), (0.3,), (0.1,))),
    "by .1": two((*EVEN, (0.01, 0.01)), ((1.0,), (0.1,), (0.1,))),
    "three": two(((1 / 3, 1 / 3, 1 / 3), (-1.0, 0.0, 1.0), (0.01,) * 3), ((1.0,), (0.0,), (0.05,))),
    "widths": two((*EVEN, (0.01, 0.1)), (*EVEN, (0.01, 0.1))),
    "apart": two((*EVEN, (0.04, 0.04)), ((0.5, 0.5), (-1.0, 3.0), (0.04, 0.04))),
}


def seeded() -> list[GaussianMixture]:
    """The three mixtures of the reference case."""
    rng, found = np.random.default_rng(0), []
    for k in (3, 4, 2):
        A = 0.4 * rng.standard_normal((k, 2, 2))
        weights = rng.dirichlet(np.ones(k))
        means = rng.standard_normal((k, 2))
        found.append(GaussianMixture(weights, means, A @ np.swapaxes(A, 1, 2) + 0.05 * np.eye(2)))
    return found


def test_an_expert_without_weight_does_not_set_the_scale_of_offsets() -> None:
    np.testing.assert_array_equal(cp.offset_weights((1.0, 0.0), (0.0, 800.0)), [1.0, 0.0])
    with pytest.raises(ArgumentError, match="one weight above zero"):
        cp.offset_weights((0.0, 0.0), (0.0, 1.0))


def test_summed_posteriors_of_the_narrowest_variances() -> None:
    """The ratio depends on the narrow variance no more, down to the ends of the floats."""
    for churn in (1.0, 100.0):
        near, least = (
            cp.many_posteriors(3, variance=v, prior=1.0, churn=churn) for v in (1e-9, 1e-300)
        )
        assert least == pytest.approx(near, rel=1e-7)


def test_factors_with_more_weights_than_means_are_refused() -> None:
    one = [[0.0]], [[[1.0]]]
    with pytest.raises(ShapeError, match=r"must describe the same components.*\(2,\), \(1, 1\)"):
        cp.multiply(([0.0, 0.0], [0.0]), (one[0], one[0]), (one[1], one[1]))


def test_the_seeded_product_has_its_numbers() -> None:
    a, b, c = seeded()
    whole = a * b * c
    found = cp.product(whole)
    assert found.mixture.components == 24
    assert found.log_partition == pytest.approx(-8.67324063974, abs=5e-11)
    x = np.random.default_rng(1).normal(size=(40, 2))
    expected = whole.log_density(x) - found.log_partition
    np.testing.assert_allclose(found.mixture.log_density(x), expected, atol=1e-10)
    np.testing.assert_allclose(found.mixture.score(x), whole.score(x), rtol=1e-12, atol=1e-10)
    again = cp.product(cp.product(a * b).mixture * c)
    np.testing.assert_allclose(again.mixture.log_density(x), expected, atol=1e-10)


def test_the_noised_product_is_not_the_product_of_noised_experts() -> None:
    """The divergences of the reference case, by draws of a grid in two dimensions."""
    a, b, c = seeded()
    target = cp.product(a * b * c).mixture
    found = []
    for level in (0.01, 0.1, 0.5, 1.0, 4.0, 25.0):
        exact = target.noised(level)
        path = cp.product(a.noised(level) * b.noised(level) * c.noised(level)).mixture
        middle, half = exact.mean, 7.0 * np.sqrt(exact.covariance.diagonal())
        sides = [np.linspace(m - h, m + h, 161) for m, h in zip(middle, half, strict=True)]
        mesh = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 2)
        p, q = exact.log_density(mesh), path.log_density(mesh)
        cell = (sides[0][1] - sides[0][0]) * (sides[1][1] - sides[1][0])
        found.append(float((np.exp(p) * (p - q)).sum() * cell))
    np.testing.assert_allclose(found, [0.0152, 0.2884, 0.5852, 0.6909, 0.8463, 0.8944], atol=1e-4)
    assert cp.high_noise_gap(2, 3) == pytest.approx(0.9014, abs=1e-4)
    assert cp.high_noise_gap(2, 3) > found[-1]


def test_powers_and_quotients() -> None:
    g = seeded()[0]
    x = np.random.default_rng(1).normal(size=(9, 2))
    cube = cp.power(g, 3)
    np.testing.assert_allclose(
        cube.mixture.log_density(x) + cube.log_partition, 3.0 * g.log_density(x), atol=1e-10
    )
    half = cp.power(gaussian(1.0, 0.3), 0.5)
    assert half.mixture.variances[0, 0] == pytest.approx(0.6)
    assert half.log_partition == pytest.approx(0.25 * np.log(2 * np.pi * 0.3) - 0.5 * np.log(0.5))
    wide = GaussianMixture([1.0], [[0.1, 0.2]], [20.0])
    ratio = cp.quotient(g, wide)
    np.testing.assert_allclose(
        ratio.mixture.log_density(x) + ratio.log_partition, (g / wide).log_density(x), atol=1e-10
    )
    posteriors = Composition.over([gaussian(0.5, 0.1)] * 5, gaussian(0.0, 1.0))
    assert cp.product(posteriors).mixture.variances[0, 0] == pytest.approx(1 / 46)


def test_tweedie_gives_the_posterior_covariance() -> None:
    g, x = GaussianMixture((0.3, 0.7), (-1.0, 0.5), (0.2, 0.1)), np.array([[0.2]])
    clean = np.linspace(-4.0, 4.0, 4001)
    joint = np.exp(g.log_density(clean[:, None])) * norm.pdf(0.2, clean, np.sqrt(0.3))
    mean = (clean * joint).sum() / joint.sum()
    exact = ((clean - mean) ** 2 * joint).sum() / joint.sum()
    assert cp.posterior_covariance(g, x, level=0.3)[0, 0, 0] == pytest.approx(exact, rel=1e-9)


def test_gaussian_laws_have_their_numbers() -> None:
    target, sde = cp.target_law(PAIR), cp.naive_law(PAIR)
    np.testing.assert_allclose([target.mean[0], target.covariance[0, 0]], [0.6, 0.2], atol=1e-14)
    found = [sde.mean[0], sde.covariance[0, 0]]
    np.testing.assert_allclose(found, [0.43440501233787515, 0.14480167077929168], atol=1e-12)
    for start, variance in ((10.0, 0.02217295), (100.0, 0.00246907), (1e4, 2.499688e-5)):
        law = cp.naive_law(PAIR, churn=0.0, start=start)
        assert law.covariance[0, 0] == pytest.approx(variance, rel=2e-6)
    assert law.mean[0] == pytest.approx(1 / 3, abs=1e-6)
    for eta2, ratio in ((1.0, 0.6667), (4.0, 0.8889), (16.0, 0.9697)):
        law = cp.naive_law(EQUAL * EQUAL, churn=eta2**0.5)
        assert law.covariance[0, 0] / 0.025 == pytest.approx(ratio, abs=5e-5)
        assert cp.equal_shrink(2, churn=eta2**0.5) == pytest.approx(ratio, abs=5e-5)
    assert cp.churned_variance(0.05, 2, churn=2.0) == pytest.approx(0.025 * 8 / 9)
    assert cp.ode_variance((1.0, 0.25), (1.0, 1.0), start=10.0) == pytest.approx(
        0.02217295, rel=1e-6
    )
    shrinks = [cp.equal_shrink(K) for K in (2, 3, 4, 8)]
    np.testing.assert_allclose(shrinks, [0.6667, 0.6, 0.5714, 0.5333], atol=5e-5)
    assert cp.equal_shrink(2, churn=0.0) == 0.0


def test_covariances_without_common_axes_are_integrated() -> None:
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(2, 2)))[0]
    a = GaussianMixture([1.0], [[1.0, 0.0]], [turn @ np.diag([0.3, 1.0]) @ turn.T])
    b = GaussianMixture([1.0], [[0.0, 2.0]], [[0.2, 0.7]])
    c = GaussianMixture([1.0], [[0.0, 2.0]], [turn @ np.diag([0.2, 0.7]) @ turn.T])
    from simtheory.analytic.composition import naive

    parts = naive.gaussians(a * c, "gaussian-sde")
    closed, flow = cp.naive_law(a * c), naive._matrix_law(*parts, 1.0, np.inf)
    np.testing.assert_allclose(closed.mean, flow.mean, rtol=1e-7)
    np.testing.assert_allclose(closed.covariance, flow.covariance, rtol=1e-7)
    crossed = cp.naive_law(a * b)
    assert np.abs(crossed.covariance - cp.target_law(a * b).covariance).max() > 0.01
    limit = cp.naive_law(Composition.guided(a, b, gamma=2.0), churn=0.0)
    finite = cp.naive_law(Composition.guided(a, b, gamma=2.0), churn=0.0, start=1e8)
    np.testing.assert_allclose(limit.covariance, finite.covariance, rtol=1e-6)
    np.testing.assert_allclose(limit.mean, finite.mean, rtol=2e-4)  # as Λ^(−1/2)


@pytest.mark.parametrize(
    ("K", "T", "beta", "posterior"),
    [
        (2, 100, 0.713, 0.502),
        (2, 1000, 0.671, 0.643),
        (3, 100, 0.651, 0.412),
        (3, 1000, 0.605, 0.571),
        (2, 10_000, 0.667, 0.664),
        (3, 10_000, 0.6005, 0.5965),
        (1, 100, 1.054, 0.871),
    ],
)
def test_discrete_laws_are_the_table(K: int, T: int, beta: float, posterior: float) -> None:
    c, levels = EQUAL**K, noise.Levels.cosine(T, clean=True)
    for variance, ratio in (("beta", beta), ("posterior", posterior)):
        law = cp.discrete_law(c, levels, noise.DDPM(variance=variance))
        assert law.covariance[0, 0] / (0.05 / K) == pytest.approx(ratio, abs=5.1e-4)
    if (K, T) == (2, 100):
        ddim = cp.discrete_law(c, levels, noise.DDIM()).covariance[0, 0] / 0.025
        assert ddim == pytest.approx(3.6e-9, rel=0.02)


def test_guidance_is_the_table_of_eighteen() -> None:
    table = {
        2.0: (0.6667, 0.58333, 0.5, 1.3333, 1.5, 1.6232),
        3.0: (0.5, 0.3875, 0.25, 1.5, 1.75, 2.0),
        5.0: (0.33333, 0.22179, 0.0625, 1.6667, 1.9375, 2.3333),
    }
    for gamma, row in table.items():
        laws = [cp.guidance_law(gamma, churn=churn) for churn in (np.inf, 1.0, 0.0)]
        found = [law.covariance[0, 0] for law in laws] + [law.mean[0] for law in laws]
        np.testing.assert_allclose(found, row, atol=4e-5)
        c = Composition.guided(gaussian(1.0, 1.0), gaussian(0.0, 2.0), gamma=gamma)
        general = [cp.target_law(c), cp.naive_law(c), cp.naive_law(c, churn=0.0)]
        for one, other in zip(laws, general, strict=True):
            np.testing.assert_allclose(one.mean, other.mean, rtol=1e-10)
            np.testing.assert_allclose(one.covariance, other.covariance, rtol=1e-10)
    assert cp.guidance_law(0.5).covariance[0, 0] == pytest.approx(2.0 * np.log(2.0))


def test_many_posteriors_are_the_worst_case_of_weight_one() -> None:
    ratios = [cp.many_posteriors(K, variance=0.1, prior=1.0) for K in (2, 5, 10, 30, 100)]
    np.testing.assert_allclose(ratios, [0.703, 0.568, 0.532, 0.510, 0.503], atol=5e-4)
    ode = [cp.many_posteriors(K, variance=0.1, prior=1.0, churn=0.0) for K in (2, 5, 10)]
    np.testing.assert_allclose(ode, [0.19, 4.6e-4, 9.1e-9], rtol=0.02)
    c = Composition.over([gaussian(0.3, 0.1)] * 5, gaussian(0.0, 1.0))
    law = cp.naive_law(c).covariance / cp.target_law(c).covariance
    assert law[0, 0] == pytest.approx(ratios[1], rel=1e-12)


def test_guidance_is_an_ode_and_langevin() -> None:
    np.testing.assert_array_equal(cp.guidance_parts((7.5, -6.5), 0), [14.0, -13.0])
    rng = np.random.default_rng(0)
    s, w = rng.normal(size=(3, 5)), np.array([1.2, 0.4, -0.6])
    v = cp.guidance_parts(w, 1)
    # Half the score of the ODE's model, and half that of the Langevin part, are the whole drift.
    np.testing.assert_allclose(0.5 * s[1] + 0.5 * v @ s, w @ s, atol=1e-14)


@pytest.mark.parametrize(
    ("case", "masses", "distance"),
    [
        ("uneven", (0.802, 0.0, 0.198), 0.0975),
        ("by .3", (0.276, 0.0, 0.724), 0.3688),
        ("by .1", (0.421, 0.0, 0.579), 0.4076),
        ("three", (0.028, 0.943, 0.028), 0.0809),
        ("widths", (0.528, 0.002, 0.470), 0.2362),
        ("apart", (0.736, 0.002, 0.262), 0.2641),
    ],
)
def test_terminal_laws_are_the_table(case: str, masses: tuple, distance: float) -> None:
    law = cp.terminal_law(LINES[case], start=400.0)
    cuts = (-np.inf, -0.5, 0.5, np.inf)
    found = [law.mass(a, b) for a, b in pairwise(cuts)]
    np.testing.assert_allclose(found, masses, atol=1e-3)
    assert sum(found) == pytest.approx(1.0, abs=1e-9)
    target = cp.product(LINES[case]).mixture
    assert law.distance(lambda x: np.exp(target.log_density(x[:, None]))) == pytest.approx(
        distance, abs=1e-3
    )


@pytest.mark.parametrize("start", [np.inf, 10.0])
@pytest.mark.parametrize("churn", [20.0, 25.0, 100.0])
def test_laws_under_much_churn_tend_to_the_target(churn: float, start: float) -> None:
    found, law = cp.naive_law(PAIR, churn=churn, start=start), cp.terminal_law(PAIR, churn=churn)
    np.testing.assert_allclose(
        [found.mean[0], found.covariance[0, 0]], [law.mean, law.variance], rtol=1e-6
    )
    assert found.mean[0] == pytest.approx(0.6 - 0.384 / churn**2, abs=5.0 / churn**4)
    assert found.covariance[0, 0] == pytest.approx(0.2, abs=0.1 / churn**2)


def test_much_churn_takes_no_tiny_steps_where_covariances_have_no_common_frame() -> None:
    tilted = GaussianMixture([1.0], [[1.0, 2.0]], [[[0.5, -0.2], [-0.2, 0.9]]])
    both = GaussianMixture([1.0], [[-1.0, 0.0]], [[[1.0, 0.3], [0.3, 0.8]]]) * tilted
    found, target = cp.naive_law(both, churn=1e6), cp.target_law(both)
    np.testing.assert_allclose(found.mean, target.mean, rtol=1e-10)
    np.testing.assert_allclose(found.covariance, target.covariance, rtol=1e-10)


def test_terminal_laws_of_gaussians_are_closed() -> None:
    law, exact = cp.terminal_law(PAIR), cp.naive_law(PAIR)
    assert law.mean == pytest.approx(exact.mean[0], abs=1e-6)
    assert law.variance == pytest.approx(exact.covariance[0, 0], abs=1e-6)
    law, exact = (
        cp.terminal_law(PAIR, churn=0.0, start=10.0),
        cp.naive_law(PAIR, churn=0.0, start=10.0),
    )
    assert law.mean == pytest.approx(exact.mean[0], abs=1e-6)
    assert law.variance == pytest.approx(exact.covariance[0, 0], rel=1e-4)


def test_guidance_of_two_modes() -> None:
    cond, uncond = gaussian(1.0, 0.04), GaussianMixture(*EVEN, (0.04, 0.04))
    for gamma, mean, deviation in (
        (2.0, 1.116, 0.141),
        (16.0, 1.6253, 0.0784),
        (256.0, 3.237, 0.042),
    ):
        law = cp.terminal_law(Composition.guided(cond, uncond, gamma=gamma), churn=0.0, start=400.0)
        assert law.mean == pytest.approx(mean, abs=1e-3)
        assert law.variance**0.5 == pytest.approx(deviation, abs=1e-3)
    law = cp.terminal_law(Composition.guided(cond, uncond, gamma=2.0), start=400.0)
    assert (law.mean, law.variance**0.5) == pytest.approx((1.028, 0.197), abs=1.5e-3)


def test_the_ode_splits_mass_at_separatrices() -> None:
    masses = cp.separatrix_weights(LINES["by .1"], cuts=[-0.5, 0.5], start=400.0)
    np.testing.assert_allclose(masses, [0.053, 0.0, 0.947], atol=5e-4)
    law = cp.terminal_law(LINES["by .1"], churn=0.0, start=400.0)
    assert law.mass(-np.inf, -0.5) == pytest.approx(masses[0], abs=2e-4)


def test_kernels_have_their_numbers() -> None:
    variances = [float(cp.stationary_variance(noise.ULA(step=s), 1.0)) for s in (0.1, 0.3, 1.0)]
    np.testing.assert_allclose(variances, [1.053, 1.176, 2.0], atol=5e-4)
    assert cp.stationary_variance(noise.UHMC(step=1.0, leapfrog=2), 1.0) == pytest.approx(4 / 3)
    np.testing.assert_array_equal(cp.stationary_variance(noise.MALA(), [1.0, 2.0]), [1.0, 2.0])
    assert cp.acceptance(noise.MALA(step=0.3), np.ones(10)) == pytest.approx(0.854, abs=5e-4)
    assert cp.acceptance(noise.HMC(step=0.7), np.ones(10)) == pytest.approx(0.862, abs=5e-4)
    assert cp.acceptance(noise.HMC(step=0.5, leapfrog=5), np.ones(50)) == pytest.approx(
        0.895, abs=5e-4
    )
    assert cp.acceptance(noise.ULA(), np.ones(10)) == 1.0


def test_the_last_level_leaves_noise() -> None:
    last = float(du2023.planar_levels("released").values[-1])
    across, along = (1.0, 0.0), (0.0, 1.0)
    kernels = (None, noise.ULA(step=0.001, scale="fixed"), noise.UHMC(step=0.03, scale="fixed"))
    found = [cp.last_level_bias(RING_BAR, last, across, kernel=k) for k in kernels]
    np.testing.assert_allclose(found, [1.6361, 2.5664, 1.9550], atol=1e-4)
    found = [cp.last_level_bias(RING_BAR, last, along, kernel=k) for k in kernels]
    np.testing.assert_allclose(found, [1.644, 2.558, 1.959], atol=5e-4)


def test_lines_give_differences_of_energies() -> None:
    g, x, y = seeded()[0], np.array([0.1, 0.2]), np.array([0.3, -0.1])
    share = np.linspace(0.0, 1.0, 401)[:, None]
    scores = g.score(x + share * (y - x))
    exact = g.log_density(y) - g.log_density(x)
    assert cp.line_integral(scores, y - x) == pytest.approx(float(exact), abs=1e-5)
    assert abs(exact) > 1e-3
    with pytest.raises(ShapeError, match="two points"):
        cp.line_integral(scores[:1], y - x)


def test_the_repaired_score_of_gaussians_is_that_of_the_noised_product() -> None:
    a = GaussianMixture([1.0], [[1.0, 0.0]], [[[0.5, 0.2], [0.2, 0.3]]])
    b = GaussianMixture([1.0], [[0.0, 2.0]], [[0.2, 0.7]])
    x = np.random.default_rng(0).normal(size=(6, 2))
    for weights in ((1.7, 0.6), (2.0, -0.3), (1.0, 0.0)):
        c = Composition((a, b), weights)
        exact = cp.product(c).mixture.score(x, level=0.7)
        for curvature in (cp.Gaussian(), cp.Tweedie()):
            found = cp.repaired_score(c, x, level=0.7, curvature=curvature)
            np.testing.assert_allclose(found, exact, atol=1e-12)
        assert weights[1] == 0.0 or np.abs(c.score(x, level=0.7) - exact).max() > 0.1
    np.testing.assert_array_equal(cp.repaired_score(c, x, level=0.0), c.score(x))


def test_slots_and_offsets() -> None:
    modes = [cp.slot_mode(k) for k in (1, 2, 3, 5, 9)]
    np.testing.assert_allclose(modes, [1.0, 0.5, 1 / 3, 0.2, 1 / 9])
    c = du2023.slots(3, background="unconditional")
    at = np.zeros((1, 9))
    at[0, :3] = cp.slot_mode(3)
    assert np.abs(c.score(at)).max() < 1e-6
    np.testing.assert_allclose(cp.offset_weights((0.5, 0.5), (1.0, 0.0))[0], 0.731, atol=5e-4)
    np.testing.assert_allclose(cp.offset_weights((0.5, 0.5), (2.0, 0.0))[0], 0.881, atol=5e-4)


def test_a_mixture_needs_no_chain() -> None:
    left, right = du2023.blobs()
    x = np.random.default_rng(0).normal(size=(7, 2))
    np.testing.assert_allclose(
        cp.mixture_score([left, right], x, level=0.3),
        (left | right).score(x, level=0.3),
        rtol=1e-10,
    )
    shifted = cp.mixture_score([left, right], x, level=0.3, offsets=(1.0, 0.0))
    weights = cp.offset_weights((0.5, 0.5), (1.0, 0.0))
    np.testing.assert_allclose(
        shifted, cp.mixture_score([left, right], x, level=0.3, weights=weights), rtol=1e-10
    )
    with pytest.raises(ArgumentError, match="normalised=True"):
        cp.mixture_score([left, left * right], x, level=0.3)


def test_errors_of_ito_sums() -> None:
    found = [
        cp.ito_error(noise.Levels.geometric(high, low, count), 0.0025, 2)
        for high, low, count in ((100.0, 1e-5, 1001), (100.0, 1e-5, 201), (4.0, 1e-4, 1001))
    ]
    np.testing.assert_allclose(found, [0.391, 0.849, 0.262], atol=1e-3)


def test_ito_sums_follow_log_densities() -> None:
    g, levels = gaussian(0.3, 0.05), np.append(np.geomspace(4.0, 1e-4, 2000), 0.0)
    rng = np.random.default_rng(0)
    y = [rng.normal(scale=2.0, size=(400, 1))]
    for here, there in pairwise(levels):
        clean = y[-1] + here * g.score(y[-1], level=float(here))
        spread = np.sqrt(here - there)
        y.append(clean + there / here * (y[-1] - clean) + spread * rng.normal(size=(400, 1)))
    points = np.stack(y)
    change = cp.ito_log_density(g, points, levels)
    exact = g.log_density(points[-1]) - g.log_density(points[0], level=4.0)
    error = np.sqrt(np.mean((change - exact) ** 2))
    assert error == pytest.approx(cp.ito_error(levels, 0.05, 1), rel=0.3)
    assert np.sqrt(np.mean(exact**2)) > 5.0 * error


def test_equal_densities_are_not_the_product() -> None:
    rng = np.random.default_rng(0)
    first, second, dW = rng.normal(size=(3, 6, 2))
    kappa = cp.equal_density_weight(first, second, dW, 0.1)[:, None]
    step = 0.1 * (kappa * first + (1.0 - kappa) * second) + dW
    changes = [(s * step).sum(axis=1) - 0.05 * (s**2).sum(axis=1) for s in (first, second)]
    np.testing.assert_allclose(*changes, atol=1e-12)
    apart = first - second
    unit = apart / np.linalg.norm(apart, axis=1, keepdims=True)
    kept = dW - (dW * unit).sum(axis=1, keepdims=True) * unit
    np.testing.assert_allclose(step, 0.05 * (first + second) + kept, atol=1e-12)


def test_defects_in_their_forms() -> None:
    rng = np.random.default_rng(0)
    s = rng.normal(size=(3, 5, 2))
    np.testing.assert_allclose(cp.defect(s[:2], (1.0, 1.0)), (s[0] * s[1]).sum(axis=1))
    pairs = cp.defect_of_pairs(s[:2], s[2])
    np.testing.assert_allclose(cp.defect(s, (1.0, 1.0, -1.0)), pairs, atol=1e-12)
    np.testing.assert_allclose(cp.defect(s[:2], (3.0, -2.0)), cp.guidance_defect(s[0], s[1], 3.0))
    np.testing.assert_allclose(cp.defect(s[:1], (1.0,)), 0.0, atol=1e-15)
    base, added = s[0, 0], s[1, 0]
    np.testing.assert_allclose(cp.factorised(base, added), base + added)
    assert np.abs(cp.defect_of_pairs(base + np.diag(added), base)).max() == 0.0
    x = rng.normal(size=(5, 2))
    scores = np.stack([e.score(x, level=0.1) for e in RING_BAR.experts])
    np.testing.assert_allclose(cp.defect(scores, RING_BAR.weights), RING_BAR.defect(x, level=0.1))


def test_corrector_weights_repair_gaussians() -> None:
    """Weighted particles of reverse diffusion have the moments of the product."""
    levels = np.append(np.geomspace(50.0, 1e-3, 400), 0.0)
    rng, n = np.random.default_rng(0), 8_000
    y = [rng.normal(scale=np.sqrt(50.0 / 2), size=(n, 1))]
    for here, there in pairwise(levels):
        drop = here - there
        y.append(
            y[-1]
            + drop * PAIR.score(y[-1], level=float(here))
            + np.sqrt(drop) * rng.normal(size=(n, 1))
        )
    logs = cp.corrector_weights(PAIR, np.stack(y), levels)
    w = np.exp(logs - logs.max())
    w /= w.sum()
    mean = float(w @ y[-1][:, 0])
    assert mean == pytest.approx(0.6, abs=0.06)
    assert float(y[-1].mean()) == pytest.approx(0.434, abs=0.03)


def test_one_clock() -> None:
    y, level = cp.clock([1.0, 2.0], alpha=0.5, sigma=1.0)
    assert (y.tolist(), level) == ([2.0, 4.0], 4.0)
    assert noise.Levels.cosine(100).values[0] == pytest.approx(4.1176e6, rel=1e-4)
    assert noise.Levels.cosine(1000).values[0] == pytest.approx(4.1173e8, rel=1e-4)


def test_validity() -> None:
    wide, narrow = gaussian(0.0, 1.0), gaussian(0.0, 0.25)
    assert cp.normalizable(narrow / wide)
    assert not cp.normalizable(wide / narrow)
    found = cp.validity(Composition((wide, narrow), (1.0, -0.4)))
    # 1/(1 + λ) − .4/(.25 + λ) = 0 at λ = .25
    assert (found.holds, found.level) == (False, pytest.approx(0.25))
    np.testing.assert_allclose(found.largest, [1.0, -0.4], rtol=1e-4)
    flat = cp.validity(wide / wide)
    assert (flat.holds, flat.level, flat.total_weight) == (False, np.inf, 0.0)
    good = cp.validity(RING_BAR)
    assert good.holds
    assert good.samplers == {"ddim": False, "ddpm": True, "annealed": True}
    assert all(cp.validity(Composition.guided(wide, wide, gamma=2.0)).samplers.values())
    # The slowest component of a mixture rules its tail, of negative experts too.
    mixed = GaussianMixture((0.5, 0.5), (0.0, 0.0), (1.0, 0.1))
    assert cp.normalizable(Composition((mixed, gaussian(0.0, 0.9)), (1.0, -0.8)))
    assert not cp.normalizable(Composition((gaussian(0.0, 2.0), mixed), (1.0, -0.6)))
    tilted = GaussianMixture([1.0], [[0.0, 0.0]], [[[1.0, 0.8], [0.8, 1.0]]])
    round_ = GaussianMixture([1.0], [[0.0, 0.0]], [0.5])
    found = cp.validity(Composition((tilted, round_), (1.0, -0.4)))
    assert not found.holds
    np.testing.assert_allclose(np.abs(found.direction), [0.5**0.5, 0.5**0.5], atol=1e-9)


def test_the_weakest_direction_of_full_covariances_is_exact_in_the_plane() -> None:
    """Against a fine scan of angles; the least value often lies where two components fall alike."""
    rng = np.random.default_rng(3)
    angle = np.linspace(0.0, np.pi, 20_001)
    u = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    crossed = 0
    for _ in range(12):
        roots = rng.normal(size=(3, 3, 2, 2))
        spreads = 0.3 * roots @ np.swapaxes(roots, 2, 3) + 0.05 * np.eye(2)
        experts = [GaussianMixture(np.ones(3) / 3, np.zeros((3, 2)), spread) for spread in spreads]
        c = Composition(experts, (1.0, 0.7, -0.9))
        falls = [
            np.einsum("ni,kij,nj->nk", u, np.linalg.inv(spread + 0.1 * np.eye(2)), u)
            for spread in spreads
        ]
        scan = sum(w * fall.min(axis=1) for w, fall in zip(c.weights, falls, strict=True))
        tail = weakest_tail(c, level=0.1)
        assert scan.min() - 1e-3 * np.ptp(scan) <= tail.value <= scan.min() + 1e-12
        two = np.sort(falls[2][scan.argmin()])[:2]
        crossed += bool(two[1] - two[0] < 1e-2 * two[0])
    assert crossed >= 2


def test_advice_says_what_samplers_return() -> None:
    found = cp.advice(PAIR)
    np.testing.assert_allclose(found.laws["target"].covariance, 0.2)
    np.testing.assert_allclose(found.laws["ddpm"].covariance, 0.1448, atol=1e-4)
    assert (found.exact, found.sampler, found.distances) == (True, "Oracle()", None)
    ring = cp.advice(RING_BAR)
    assert not ring.exact
    assert np.all(np.diff(ring.distances) < 0.0)
    assert "take" in str(ring)
    assert "Oracle()" in ring._repr_html_()
    cond, uncond = gaussian(1.0, 0.04), GaussianMixture(*EVEN, (0.04, 0.04))
    guided = cp.advice(Composition.guided(cond, uncond, gamma=7.5), budget=400)
    assert guided.sampler == "Annealed(MALA(step=0.3), steps=10)"
    assert guided.laws["ddim"].mean[0] > 1.3
    refused = cp.advice(Composition((gaussian(0.0, 1.0), gaussian(0.0, 0.25)), (1.0, -0.4)))
    assert refused.sampler == "none"
    assert "0.25" in refused.reason
    assert cp.advice(du2023.slots(2, background="cluttered")).sampler == "Reverse()"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: cp.product(RING_BAR, max_components=71), RegimeError, r"`max_components`.*72.*71.*factored"),
        (lambda: cp.product(du2023.ring() ** 0.5), RegimeError, "gmm-power.*8 components.*0.5"),
        (lambda: cp.product(EQUAL / LINES["by .1"]), RegimeError, "gmm-divide-gaussian"),
        (lambda: cp.quotient(gaussian(0.0, 1.0), gaussian(0.0, 0.5)), RegimeError, r"level 0.*direction \(1\).*-1.*Weights below \(1, -0.5\)"),
        (lambda: cp.target_law(EQUAL**-1), RegimeError, "normalizable"),
        (lambda: cp.naive_law(PAIR, churn=0.0), RegimeError, r"validity-rule.*c\^W Λ\^\(1−W\), here 0\.25 Λ\^-1"),
        (lambda: cp.naive_law(EQUAL**0.4), RegimeError, r"1/\(1 \+ η²\) = 0\.5.*W is 0\.4"),
        (lambda: cp.naive_law(PAIR, start=-1.0), ArgumentError, "`start` must be a positive level"),
        (lambda: cp.naive_law(PAIR, churn=-1.0), ArgumentError, "`churn` must not be negative"),
        (lambda: cp.naive_law(RING_BAR), RegimeError, r"gaussian-sde.*experts\[0\] has 8 components"),
        (lambda: cp.terminal_law(RING_BAR), RegimeError, "one-dimensional.*dimension is 2.*particles"),
        (lambda: cp.terminal_law(PAIR, churn=0.0), RegimeError, "validity-rule"),
        (lambda: cp.terminal_law(PAIR, steps=-1), ArgumentError, "`steps` must be"),
        (lambda: cp.terminal_law(PAIR, points=2), ArgumentError, "`points` must be at least 3"),
        (lambda: cp.terminal_law(PAIR, churn=1e9), ArgumentError, "`churn` must be at most 1e"),
        (lambda: cp.separatrix_weights(PAIR, cuts=[1e300], start=1.0), ArgumentError, "`cuts` must lie"),
        (lambda: cp.separatrix_weights(PAIR, cuts=[0.5, 0.5], start=1.0), ArgumentError, "`cuts`"),
        (lambda: cp.cell_masses(du2023.slots(2, background="empty"), np.eye(9)), RegimeError, "one or two dimensions"),
        (lambda: cp.cell_masses(RING_BAR, [[0.0, 0.0]]), ShapeError, "`centres`"),
        (lambda: cp.freeze_out(RING_BAR, CENTRES, [0.0, 1.0], 1.0), ArgumentError, "`levels`"),
        (lambda: cp.stationary_variance(noise.UHMC(step=1.0, leapfrog=3), [1.0]), RegimeError, "kernel-resonance.*direction 0.*turns by 1 π.*leapfrog=3"),
        (lambda: cp.stationary_variance(noise.UHMC(step=1.0, leapfrog=6), [1.0, 4.0]), RegimeError, "kernel-resonance"),
        (lambda: cp.stationary_variance(noise.ULA(step=2.5, scale="fixed"), [1.0]), ArgumentError, "step below 2 v"),
        (lambda: cp.acceptance(noise.MALA(convention="released"), [1.0]), ArgumentError, "released"),
        (lambda: cp.last_level_bias(RING_BAR, 0.1, (0.0, 0.0)), ShapeError, "`direction`"),
        (lambda: cp.many_posteriors(9, variance=0.1, prior=0.05), RegimeError, "`prior`"),
    ],
)  # fmt: skip
def test_what_is_refused(call, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        call()
