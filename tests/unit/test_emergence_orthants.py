"""Orthant probabilities against closed values, other quadratures and SciPy; products and their bounds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import log_ndtr, ndtr
from scipy.stats import multivariate_normal, norm

from simtheory.analytic import emergence as em
from simtheory.analytic._shared import lattices, orthants, pairs
from simtheory.errors import ArgumentError, ShapeError


def equal(n: int, rho: float) -> np.ndarray:
    return np.full((n, n), rho) + (1.0 - rho) * np.eye(n)


def drawn(count: int, n: int, *, rank: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw limits and correlations of `rank` random directions, singular for a rank below n."""
    rng = np.random.default_rng(seed)
    L = rng.normal(size=(count, n, rank))
    C = L @ np.swapaxes(L, 1, 2)
    size = np.sqrt(np.diagonal(C, axis1=1, axis2=2))
    return rng.normal(size=(count, n)) + 0.5, C / (size[:, :, None] * size[:, None, :])


def test_closed_values() -> None:
    assert em.orthant([0.0, 0.0], equal(2, 0.5)) == pytest.approx(1 / 3, abs=1e-15)
    rho = np.array([0.3, -0.2, 0.6])
    R = np.eye(3)
    R[0, 1], R[0, 2], R[1, 2] = rho
    R = R + R.T - np.eye(3)
    assert em.orthant([0, 0, 0], R) == pytest.approx(1 / 8 + np.arcsin(rho).sum() / (4 * np.pi))
    for n in (4, 5, 12, 30):  # of n + 1 equal variables each is the largest as often
        assert em.orthant(np.zeros(n), equal(n, 0.5)) == pytest.approx(1 / (n + 1), abs=1e-10)


def test_the_product_fails_where_errors_are_correlated() -> None:
    z, R = drawn(50, 3, rank=6)
    gap = np.abs(em.orthant(z, R) - ndtr(z).prod(axis=1))
    assert np.median(gap) > 1e-2


def test_two_and_three_are_exact() -> None:
    z, R = drawn(6, 3, rank=6)
    found = em.orthant(z, R)
    for k in range(len(z)):
        (first, *limits), to = z[k], R[k, 0, 1:]
        root = np.sqrt(1 - to**2)
        rest = (R[k, 1, 2] - to[0] * to[1]) / root.prod()

        def below(x: float, limits=limits, to=to, root=root, rest=rest) -> float:
            pair = pairs.two(*((limits - to * x) / root), np.float64(rest))
            return float(norm.pdf(x) * pair)

        wanted = quad(below, -9, first, epsabs=1e-12, epsrel=1e-12)[0]
        assert found[k] == pytest.approx(wanted, abs=1e-10)
    z, R = drawn(20, 2, rank=4)
    wanted = [multivariate_normal.cdf(a, cov=C) for a, C in zip(z, R, strict=True)]
    assert np.allclose(em.orthant(z, R), wanted, atol=1e-10, rtol=0)


def test_two_by_nodes_and_by_owen_agree() -> None:
    rng = np.random.default_rng(0)
    r = np.concatenate([np.linspace(-0.9756, 0.9756, 20_001), [0.0, 1.0, -1.0]])  # |τ| up to .8
    h, k = rng.uniform(-7, 7, (2, len(r)))
    k[::3] = h[::3] + 0.2 * rng.normal(size=len(h[::3]))
    found, wanted = pairs.two(h, k, r), pairs.owen(h, k, r)
    assert np.abs(found - wanted).max() < 1e-12
    assert np.abs(ndtr(h) * ndtr(k) - wanted).max() > 0.1
    assert pairs.two(0.0, 0.0, np.array(0.5)) == pytest.approx(1 / 3, abs=1e-15)


def test_three_need_no_more_nodes_near_singular_correlations(monkeypatch) -> None:
    z, R = drawn(16, 3, rank=2)
    ridge = 10.0 ** np.linspace(-11, 0, 16)[:, None, None]
    R = (R + ridge * np.eye(3)) / (1 + ridge)
    found = em.orthant(z, R)
    monkeypatch.setattr(orthants, "NODES", ((-1.0, 600),))
    assert np.allclose(found, em.orthant(z, R), atol=1e-10, rtol=0)
    monkeypatch.setattr(orthants, "NODES", ((-1.0, 8),))
    assert np.abs(found - em.orthant(z, R)).max() > 1e-8


def test_a_limit_that_stands_twice_counts_once() -> None:
    z, R = drawn(30, 2, rank=4)
    twice = R[:, [0, 1, 1]][:, :, [0, 1, 1]]
    # a correlation that is rounded by 1e-16 moves the probability by about its root
    assert np.allclose(em.orthant(z[:, [0, 1, 1]], twice), em.orthant(z, R), atol=1e-8, rtol=0)
    z, R = drawn(10, 3, rank=6)
    four = R[:, [0, 1, 2, 2]][:, :, [0, 1, 2, 2]]
    found = em.estimate_orthant(z[:, [0, 1, 2, 2]], four, tolerance=1e-8)
    assert np.all(np.abs(found.value - em.orthant(z, R)) <= np.maximum(found.error, 1e-8))
    # a coordinate that is always below its limit leaves the others
    wide = np.concatenate([z, np.full((10, 1), np.inf)], axis=1)
    big = np.zeros((10, 4, 4))
    big[:, :3, :3], big[:, 3, 3] = R, 1.0
    assert np.allclose(em.orthant(wide, big), em.orthant(z, R), atol=1e-8, rtol=0)
    wide[:, 3] = -np.inf
    assert np.all(em.orthant(wide, big) == 0.0)


@pytest.mark.parametrize("n", [4, 5])
def test_four_and_five_by_other_rules(n: int) -> None:
    z, R = drawn(4, n, rank=2 * n)
    coupled = em.estimate_orthant(z, R, tolerance=1e-9)
    _, lattice, error = orthants._lattice(z, R, 2e-5, 0, np.zeros(4), np.zeros(4))
    assert np.all(coupled.error <= 1e-9)
    assert np.all(np.abs(coupled.value - lattice) <= error + 1e-9)
    assert np.all(error <= 1e-4)
    wanted = multivariate_normal.cdf(z[0], cov=R[0], abseps=1e-6, rng=0)
    assert coupled.value[0] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("n", [4, 5, 6])
def test_four_to_six_by_the_variable_that_all_share(n: int) -> None:
    rng = np.random.default_rng(n)
    load, z = rng.uniform(-0.9, 0.9, (4, n)), rng.normal(size=(4, n)) + 1.0
    R = load[:, :, None] * load[:, None, :]
    R[:, range(n), range(n)] = 1.0
    u = np.linspace(-9.0, 9.0, 1801)[:, None, None]
    inside = ndtr((z - load * u) / np.sqrt(1.0 - load**2)).prod(axis=2)
    wanted = np.sum(norm.pdf(u[..., 0]) * inside, axis=0) * 0.01
    found = em.estimate_orthant(z, R, tolerance=1e-8)
    assert np.all(found.error <= 1e-8)
    assert np.allclose(found.value, wanted, atol=1e-8, rtol=0)
    rough = em.estimate_orthant(z, R, tolerance=1e-3)
    assert np.all(np.abs(rough.value - wanted) <= rough.error + 1e-10)
    assert np.abs(ndtr(z).prod(axis=1) - wanted).max() > 1e-2


@pytest.mark.parametrize("rho", [0.05, 0.6, 0.97, -0.05, -0.2, -0.23])
def test_equal_correlations_by_one_quadrature(rho: float) -> None:
    rng = np.random.default_rng(1)
    z, s = rng.normal(size=(5, 5)), rng.choice([-1.0, 1.0], size=5)
    R = np.broadcast_to(equal(5, rho) * np.outer(s, s), (5, 5, 5))
    found = em.estimate_orthant(z, R, tolerance=1e-9)
    assert np.all(found.error <= 1e-10)
    done, other, _ = orthants._coupled(z, R, 1e-9, 0, np.zeros(5), np.ones(5))
    assert np.allclose(found.value[done], other[done], atol=3e-9, rtol=0)
    assert done.sum() >= 4


def test_a_lattice_knows_its_error_and_its_seed() -> None:
    z, R = drawn(3, 8, rank=16, seed=2)
    exact = np.mean(
        [em.estimate_orthant(z, R, tolerance=3e-6, seed=s).value for s in (1, 2)], axis=0
    )
    found = [em.estimate_orthant(z, R, tolerance=1e-4, seed=s) for s in range(12)]
    assert all(np.all(one.error <= 1e-4) for one in found)
    misses = [np.abs(one.value - exact) > one.error + 3e-6 for one in found]
    assert np.mean(misses) < 0.05
    again = em.estimate_orthant(z, R, tolerance=1e-4, seed=3)
    assert np.array_equal(again.value, found[3].value)
    assert em.orthant(z, R)[0] == found[0].value[0]
    wanted = multivariate_normal.cdf(z[0], cov=R[0], abseps=1e-6, rng=0)
    assert exact[0] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_law_that_lattices_draw_from_is_weighted_right(kind, monkeypatch) -> None:
    """Any law does; another pair (a, b) moves the mean by rounding alone."""
    z, R = drawn(6, 6, rank=12, seed=3)
    exact = em.orthant(z, R, tolerance=1e-9)
    tolerance = 2e-5
    for a, b in ((lattices.SLOPE, lattices.CUBE), (1.7, 0.05)):
        monkeypatch.setattr(lattices, "SLOPE", a)
        monkeypatch.setattr(lattices, "CUBE", b)
        monkeypatch.setattr(lattices, "STRETCH", 2.0 * np.sqrt(a / (3.0 * b)))
        value, error = lattices.means(z, R, tolerance, 0, kinds=(kind,))
        assert np.all(np.abs(value - exact) <= 1.5 * tolerance)
        assert np.all(error <= tolerance)
    monkeypatch.setattr(lattices, "SLOPE", 1.0)  # no longer the law of STRETCH
    value, _ = lattices.means(z, R, tolerance, 0, kinds=(kind,))
    assert np.abs(value - exact).max() > 50.0 * tolerance


def test_a_lattice_that_grew_is_the_mean_of_all_its_points(monkeypatch) -> None:
    z, R = drawn(3, 7, rank=14, seed=5)
    parts = [lattices.means(z, R, 1e-12, 3, largest=m, kinds=(np.float64,))[0] for m in (11, 13)]
    monkeypatch.setattr(lattices, "FIRST", 13)
    monkeypatch.setattr(lattices, "WINDOW", 6)  # sizes from 2^7 to 2^13 at once
    once, _ = lattices.means(z, R, 1e-12, 3, largest=13, kinds=(np.float64,))
    assert np.allclose(parts[1], once, rtol=1e-12, atol=0)
    assert np.abs(parts[0] / once - 1.0).min() > 1e-6


@pytest.mark.parametrize(("low", "rarest"), [(-2.0, 1e-5), (-6.0, 1e-40), (-9.0, 1e-100)])
def test_rare_orthants_keep_their_digits(low: float, rarest: float, monkeypatch) -> None:
    load = np.array([0.7, -0.6, 0.5, 0.4, 0.8, 0.3])
    R, z = np.outer(load, load), np.linspace(low, low + 2.0, 6)
    R[range(6), range(6)] = 1.0
    u = np.linspace(-30.0, 30.0, 6001)[:, None]
    inside = np.exp(log_ndtr((z - load * u) / np.sqrt(1.0 - load**2)).sum(axis=1))
    wanted = np.sum(norm.pdf(u[:, 0]) * inside) * 0.01
    assert wanted < rarest
    (value,), (error,) = lattices.means(z[None], R[None], 1e-3 * wanted, 0)
    assert abs(value - wanted) <= 1.5 * error < 0.05 * wanted
    if low == -9.0:
        monkeypatch.setitem(lattices.STEEPEST, np.float64, 70.0)
        assert lattices.means(z[None], R[None], 1e-3 * wanted, 0)[0] > 2.0 * wanted


def test_chances_in_single_precision() -> None:
    x = np.linspace(-9.0, 9.0, 4001)
    assert np.abs(pairs.chance(x.astype(np.float32)) - ndtr(x)).max() < 2.5e-7
    assert np.array_equal(pairs.chance(x), ndtr(x))


def test_more_coordinates_than_the_generator_has_numbers() -> None:
    n = 50
    load = np.linspace(0.2, 0.8, n)
    R = np.outer(load, load)
    R[range(n), range(n)] = 1.0
    z = np.full(n, 1.5)
    u = np.linspace(-9.0, 9.0, 1801)
    inside = ndtr((z - load * u[:, None]) / np.sqrt(1.0 - load**2)).prod(axis=1)
    wanted = np.sum(norm.pdf(u) * inside) * 0.01
    found = em.estimate_orthant(z, R, tolerance=1e-3)
    assert abs(found.value - wanted) <= 1.5 * found.error
    assert wanted - ndtr(z).prod() > 0.05


def test_what_is_no_correlation_matrix_is_named() -> None:
    for R, words in (
        (equal(3, -0.6), "positive semidefinite"),
        (equal(5, -0.3), "positive semidefinite"),
        (2.0 * np.eye(2), "ones on its diagonal"),
        ([[1.0, 0.5], [0.2, 1.0]], "symmetric"),
    ):
        with pytest.raises(ArgumentError, match=words):
            em.orthant(np.zeros(len(R)), R)
    with pytest.raises(ShapeError, match="`R` must have shape"):
        em.orthant([0.0, 0.0], np.eye(3))
    with pytest.raises(ArgumentError, match="holds NaN"):
        em.orthant([0.0, np.nan], np.eye(2))
    with pytest.raises(ArgumentError, match="`tolerance`"):
        em.orthant([0.0, 0.0], np.eye(2), tolerance=0.0)
    assert "error" in str(em.estimate_orthant([0.0, 0.0], np.eye(2)))


def test_bounds_of_products() -> None:
    low, high = em.frechet_bounds([0.9, 0.8, 0.7])
    assert (low, high) == (pytest.approx(0.4), 0.7)
    assert em.product_noise([0.3, 0.5, 0.8], 256) == pytest.approx(0.01452, abs=5e-6)
    rng = np.random.default_rng(0)
    right = rng.random((4000, 256, 3)) < np.array([0.3, 0.5, 0.8])
    counted = right.all(axis=2).mean(axis=1) - right.mean(axis=1).prod(axis=1)
    assert counted.std() == pytest.approx(0.01452, rel=0.03)
    assert em.product_noise([0.0, 0.5], 10) == 0.0
    half = equal(2, 0.5)  # at the middle the bound is met: 1/3 - 1/4
    assert em.product_bound([0.0, 0.0], half) == pytest.approx(1 / 12, rel=1e-12)
    assert em.orthant([0.0, 0.0], half) - 0.25 == pytest.approx(1 / 12, rel=1e-12)
    assert em.product_gap([0.0, 0.0], half) == pytest.approx(0.25 / np.pi, rel=1e-12)
    with pytest.raises(ArgumentError, match="Divide percentages by 100"):
        em.frechet_bounds([90.0, 80.0])


def test_widths_of_products() -> None:
    k = [1, 2, 3, 4, 10]
    # 3.197 in the sheet at k = 10 is a slip of the last digit: 4.5477 − 1.3513
    assert np.allclose(em.product_width(k), [4.394, 3.688, 3.475, 3.373, 3.1964], atol=5e-4)
    assert em.product_width(1e12) == pytest.approx(3.084, abs=5e-4)
    assert np.allclose(em.product_slope(k), [0.250, 0.296, 0.316, 0.328, 0.350], atol=5e-4)
    assert em.product_slope(1e12) == pytest.approx(np.exp(-1))
    assert 1 / (1 + np.exp(-em.product_crossing(3, 0.5))) ** 1 == pytest.approx(0.5 ** (1 / 3))
    assert np.allclose(em.acquisition_width([1, 2, 3, 4]), [2.197, 2.590, 2.743, 2.823], atol=5e-4)
    assert em.acquisition_width(1e9) == pytest.approx(3.084, abs=5e-4)
    relative = [
        float(em.product_width(k) / (10 + em.product_crossing(k, 0.5))) for k in (1, 3, 1000)
    ]
    assert np.allclose(relative, [0.439, 0.306, 0.179], atol=6e-4)
    for width in (em.product_width, em.acquisition_width):
        with pytest.raises(
            ArgumentError, match=r"`low` must not exceed `high`, but they are 0\.9 and 0\.1"
        ):
            width(2, 0.9, 0.1)


def test_the_bracket_holds_for_any_increasing_curves() -> None:
    rng = np.random.default_rng(0)
    tau, w = rng.uniform(0, 20, (2000, 3)), rng.uniform(0.1, 5, (2000, 3))
    level = 0.8
    low, high = em.product_bracket(lambda q: tau + w * np.log(q / (1 - q)), level)

    def product(t: np.ndarray) -> np.ndarray:
        return (1 / (1 + np.exp(-(t[:, None] - tau) / w))).prod(axis=1)

    assert np.all(product(low) <= level + 1e-12)
    assert np.all(product(high) >= level - 1e-12)
    assert np.mean(high - low < 5.0) > 0.5
    one, two = em.product_bracket([lambda q: q, lambda q: 2 * q], 0.25)
    assert (one, two) == (0.5, 1.0)
    with pytest.raises(ArgumentError, match="`times`"):
        em.product_bracket([], 0.5)
    with pytest.raises(ArgumentError, match=r"`times\[1\]` must be a function, but it is 2.0"):
        em.product_bracket([lambda q: q, 2.0], 0.5)
