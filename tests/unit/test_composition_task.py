"""Gaussian mixtures and compositions: numbers known by hand, set-ups of the papers, refused arguments."""

from __future__ import annotations

import json
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import multivariate_normal

import simtheory as st
from simtheory.errors import ArgumentError, RegimeError, ShapeError, TaskError
from simtheory.tasks import Composition, GaussianMixture, du2023, from_dict

FULL = GaussianMixture(
    (0.3, 0.7),
    ((-1.0, 0.0), (0.5, 1.0)),
    (((0.5, 0.2), (0.2, 0.3)), ((0.2, -0.05), (-0.05, 0.1))),
)
LINE = GaussianMixture((0.3, 0.7), (-1.0, 0.5), (0.2, 0.1))
RING, BAR = du2023.ring(), du2023.bar()


def test_the_density_is_that_of_scipy() -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    exact = sum(
        w * multivariate_normal(m, C + 0.3 * np.eye(2)).pdf(x)
        for w, m, C in zip(FULL.weights, FULL.means, FULL.covariances, strict=True)
    )
    np.testing.assert_allclose(FULL.log_density(x, level=0.3), np.log(exact), rtol=1e-12)
    np.testing.assert_allclose(
        FULL.log_density(x, level=0.3), FULL.noised(0.3).log_density(x), rtol=1e-12
    )
    assert not np.allclose(FULL.log_density(x), np.log(exact), rtol=0.1)


def test_one_gaussian_is_known_by_hand() -> None:
    g = GaussianMixture([1.0], [[1.0, -1.0]], [2.0])
    assert g.log_density([1.0, -1.0]) == pytest.approx(-np.log(4.0 * np.pi))
    np.testing.assert_allclose(g.score([[3.0, 0.0]], level=2.0), [[-0.5, -0.25]])
    np.testing.assert_allclose(g.hessian([3.0, 0.0], level=2.0), -0.25 * np.eye(2))


def test_a_diagonal_covariance_is_one_covariance_however_it_is_passed() -> None:
    means = ((0.0, 1.0), (2.0, 3.0))
    ways = [(0.5, 0.2), ((0.5, 0.5), (0.2, 0.2)), (0.5 * np.eye(2), 0.2 * np.eye(2))]
    first, *others = (GaussianMixture((0.5, 0.5), means, way) for way in ways)
    assert all(other == first and hash(other) == hash(first) for other in others)
    assert first.axes is None
    assert FULL.axes.shape == (2, 2, 2)


def test_moments_and_draws() -> None:
    n = 100_000
    x = FULL.sample(n, rng=0)
    # Five standard errors of numbers of size one.
    np.testing.assert_allclose(x.mean(axis=0), FULL.mean, atol=5 / n**0.5)
    np.testing.assert_allclose(np.cov(x.T), FULL.covariance, atol=5 * 2**0.5 / n**0.5)
    np.testing.assert_allclose(FULL.mean, [0.05, 0.7])
    np.testing.assert_array_equal(x, FULL.sample(n, rng=0))
    np.testing.assert_allclose(FULL.responsibilities(x[:9]).sum(axis=1), 1.0)


def test_a_condition_is_the_ratio_of_two_densities() -> None:
    y = np.linspace(-1.0, 2.0, 7)
    both = np.stack([np.full(7, 0.4), y], axis=1)
    ratio = FULL.log_density(both) - FULL.marginal([0]).log_density([0.4])
    np.testing.assert_allclose(FULL.given([0], [0.4]).log_density(y[:, None]), ratio, rtol=1e-12)
    assert FULL.marginal([1, 0]).mean.tolist() == FULL.mean[::-1].tolist()


def test_a_tilt_multiplies_the_density() -> None:
    x = np.random.default_rng(1).normal(size=(20, 2))
    b, Q = np.array([0.3, -1.0]), np.array([[0.4, 0.1], [0.1, -0.2]])
    gap = FULL.tilted(b, Q).log_density(x) - FULL.log_density(x)
    gap -= x @ b - 0.5 * np.einsum("ni,ij,nj->n", x, Q, x)
    np.testing.assert_allclose(gap, gap[0], atol=1e-12)
    with pytest.raises(RegimeError, match=r"`quadratic`.*gmm-tilt.*component 0 has the eigenvalue"):
        FULL.tilted(0.0, -3.0)


def test_operators() -> None:
    assert (RING * BAR).weights.tolist() == [1.0, 1.0]
    assert (RING**2 / BAR).weights.tolist() == [2.0, -1.0]
    assert (RING * BAR * FULL).total_weight == 3.0
    assert ((RING * BAR) / (FULL * BAR)).weights.tolist() == [1.0, 1.0, -1.0, -1.0]
    x = np.array([[0.1, 0.2]])
    mixed = 0.5 * np.exp(RING.log_density(x)) + 0.5 * np.exp(FULL.log_density(x))
    np.testing.assert_allclose((RING | FULL).log_density(x), np.log(mixed))
    with pytest.raises(TypeError):
        RING * 2.0
    with pytest.raises(TypeError):
        RING | 2.0
    with pytest.raises(ShapeError, match="one dimension"):
        RING * LINE
    with pytest.raises(ShapeError, match="one dimension"):
        RING | LINE


def test_helpers() -> None:
    assert Composition.guided(RING, BAR, gamma=7.5).weights.tolist() == [7.5, -6.5]
    assert Composition.over([RING, BAR, FULL], FULL).weights.tolist() == [1.0, 1.0, 1.0, -2.0]
    assert Composition.negated(RING, BAR).weights.tolist() == [1.3, -0.3]
    classified = Composition.classified(LINE, [0, 1], 1, gamma=3.0)
    assert classified.total_weight == 1.0
    assert classified.experts[0] == GaussianMixture([1.0], [0.5], [0.1])
    x = np.array([[0.2]])
    responsibility = LINE.responsibilities(x, level=0.5)[:, 1]
    expected = LINE.log_density(x, level=0.5) + 3.0 * np.log(responsibility)
    constant = 3.0 * np.log(0.7)  # of p(y), which the composition leaves out
    np.testing.assert_allclose(classified.log_density(x, level=0.5), expected - constant)


def test_the_defect_of_a_pair_is_the_product_of_scores() -> None:
    x = np.random.default_rng(2).normal(size=(5, 2))
    s, t = RING.score(x, level=0.1), BAR.score(x, level=0.1)
    np.testing.assert_allclose((RING * BAR).defect(x, level=0.1), np.sum(s * t, axis=1))
    guided = Composition.guided(RING, BAR, gamma=3.0)
    np.testing.assert_allclose(
        guided.defect(x, level=0.1), 3.0 * np.sum((s - t) ** 2, axis=1), rtol=1e-12
    )
    np.testing.assert_allclose((RING**1).defect(x), 0.0, atol=1e-9)


def test_the_path_misses_the_defect() -> None:
    """The residual of the path's equation at the reference case, by finite differences."""
    other = GaussianMixture((0.6, 0.4), (0.0, 1.5), (0.3, 0.15))
    c = Composition((LINE, other), (1.7, -0.4))
    grid, step, level = np.linspace(-3.0, 3.0, 7)[:, None], 1e-4, 0.3

    def log_p(x: np.ndarray, at: float) -> np.ndarray:
        return c.log_density(x, level=at)

    rate = -(log_p(grid, level + step) - log_p(grid, level - step)) / (2 * step)
    score = c.score(grid, level=level)[:, 0]
    bend = (c.score(grid + step, level=level) - c.score(grid - step, level=level))[:, 0] / (
        2 * step
    )
    # dp/dτ = −∇·(p S) + ½Δp + p D with drift S and unit noise; over p: −½(|S|² + ∇·S) + D
    residual = rate - (-0.5 * (score**2 + bend) - c.defect(grid, level=level))
    assert np.abs(residual).max() > 0.1
    residual = rate - (-0.5 * (score**2 + bend) + c.defect(grid, level=level))
    assert np.abs(residual).max() < 2e-5


def test_scores_far_away_are_those_of_the_widest_component() -> None:
    x = np.array([[1e3, 0.0]])
    assert np.isfinite((RING * BAR).score(x)).all()
    np.testing.assert_allclose(RING.score(x), -(x - [[0.5, 0.0]]) / 9e-4, rtol=1e-12)
    assert np.isfinite(RING.hessian(x)).all()


def test_blocks_of_points_are_points() -> None:
    many = np.random.default_rng(0).normal(size=(300_000, 2))
    np.testing.assert_array_equal(RING.log_density(many)[-5:], RING.log_density(many[-5:]))
    assert RING.score(many.reshape(3, 100_000, 2)).shape == (3, 100_000, 2)


def test_set_ups() -> None:
    np.testing.assert_allclose(np.linalg.norm(RING.means, axis=1), 0.5)
    assert (RING.components, BAR.components) == (8, 9)
    np.testing.assert_allclose(BAR.variances[0], [0.04 / 3.0, 0.015625])
    left, right = du2023.two_bars()
    assert (left.mean[0], right.mean[0]) == (-0.2, 0.2)
    assert (du2023.blobs()[0] | du2023.blobs()[1]).components == 6
    box = du2023.frame()
    inside, side, corner = box.log_density([[0.0, 0.0], [0.7, 0.0], [0.7, 0.7]])
    assert inside + 2.0 < side < corner - 2.0
    assert box.total_weight == pytest.approx(1.0)


def test_slots() -> None:
    for background in du2023.BACKGROUNDS:
        c = du2023.slots(3, background=background)
        assert (c.dim, c.total_weight) == (9, 1.0)
    clutter = du2023.slots(2, background="cluttered")
    np.testing.assert_allclose(clutter.experts[-1].mean, 0.3)
    np.testing.assert_allclose(clutter.experts[1].mean, [0.3, 1.0, *[0.3] * 7])
    # Factorised experts: the defect vanishes over an empty background, not over the unconditional one.
    x = np.random.default_rng(0).normal(size=(4, 9))
    assert np.abs(du2023.slots(3, background="empty").defect(x, level=0.5)).max() < 1e-12
    assert np.abs(du2023.slots(3, background="cluttered").defect(x, level=0.5)).max() < 1e-11
    assert np.abs(du2023.slots(3, background="unconditional").defect(x, level=0.5)).max() > 0.01
    with pytest.raises(ArgumentError, match="at most 9"):
        du2023.slots(10, background="empty")
    with pytest.raises(ArgumentError, match="background"):
        du2023.slots(1, background="ful")


def test_files_and_texts() -> None:
    c = Composition.guided(FULL, RING, gamma=2.0)
    for thing in (FULL, RING, LINE, c):
        plain = json.loads(json.dumps(thing.to_dict()))
        for copy in (from_dict(thing.kind, plain), pickle.loads(pickle.dumps(thing))):
            assert copy == thing
            assert hash(copy) == hash(thing)
    assert repr(FULL) == "GaussianMixture(2 components in 2D)"
    assert repr(c) == "Composition(2 experts in 2D, weights (2, -1))"
    assert st.GaussianMixture is GaussianMixture
    assert c != FULL
    assert c != FULL
    with pytest.raises(ValueError, match="read-only"):
        FULL.means[0] = 0.0


def test_a_fit_is_taken_over() -> None:
    diagonal = SimpleNamespace(
        weights_=[0.5, 0.5], means_=[[0.0, 1.0], [2.0, 3.0]], covariances_=[1.0, 2.0],
        covariance_type="spherical",
    )  # fmt: skip
    assert GaussianMixture.from_fitted(diagonal).variances.tolist() == [[1.0, 1.0], [2.0, 2.0]]
    tied = SimpleNamespace(
        **vars(diagonal) | {"covariances_": np.eye(2), "covariance_type": "tied"}
    )
    assert GaussianMixture.from_fitted(tied).variances.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    with pytest.raises(ArgumentError, match=r"no weights_.*\.fit"):
        GaussianMixture.from_fitted(SimpleNamespace())


def test_an_expert_may_be_foreign() -> None:
    class Scores:
        dim = 2

        def score(self, x, *, level=0.0):
            return -np.asarray(x) / (1.0 + level)

    c = RING * Scores()
    np.testing.assert_allclose(
        c.score([[1.0, 0.0]], level=1.0), RING.score([[1.0, 0.0]], level=1.0) - [[0.5, 0.0]]
    )
    with pytest.raises(ArgumentError, match="scores alone"):
        c.log_density([[0.0, 0.0]])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (((0.5, 0.6), (0.0, 1.0), (1.0, 1.0)), TaskError, r"`weights` must sum to 1.*1\.1.*normalised=False"),
        (((1.5, -0.5), (0.0, 1.0), (1.0, 1.0)), TaskError, r"`weights` must not be negative.*-0\.5.*component 1"),
        (((np.nan, 0.5), (0.0, 1.0), (1.0, 1.0)), TaskError, r"`weights` must be finite"),
        (((), (0.0, 1.0), (1.0, 1.0)), ShapeError, "`weights`"),
        (((0.5, 0.5), (0.0, 1.0, 2.0), (1.0, 1.0)), ShapeError, r"`means` must have shape \(2, d\)"),
        (((0.5, 0.5), (0.0, np.inf), (1.0, 1.0)), TaskError, "`means` must be finite"),
        (((0.5, 0.5), (0.0, 1.0), (1.0, -1.0)), TaskError, r"`covariances` must be positive definite.*component 1 has the eigenvalue -1"),
        (((0.5, 0.5), (0.0, 1.0), (1.0, 1.0, 1.0)), ShapeError, "`covariances` must have shape"),
        (((1.0,), ((0.0, 0.0),), (((1.0, 0.5), (0.0, 1.0)),)), TaskError, "symmetric.*component 0"),
        (((1.0,), ((0.0, 0.0),), (((1.0, 2.0), (2.0, 1.0)),)), TaskError, "component 0 has the eigenvalue -1"),
    ],
)  # fmt: skip
def test_what_a_mixture_refuses(arguments: tuple, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        GaussianMixture(*arguments)


def test_weights_may_be_divided_by_their_sum() -> None:
    g = GaussianMixture((2.0, 0.0, 2.0), (0.0, 1.0, 2.0), (1.0, 1.0, 1.0), normalised=False)
    assert g.weights.tolist() == [0.5, 0.5]
    assert g.means.ravel().tolist() == [0.0, 2.0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: RING.score([[0.0, 0.0]], level=-1.0), "`level` must not be negative"),
        (lambda: RING.score([[0.0, np.nan]]), "`x` must be finite"),
        (lambda: RING.log_density([[0.0]]), r"`x` must have shape \(\.\.\., 2\)"),
        (lambda: RING.sample(0, rng=0), "`n` must be a positive integer"),
        (lambda: RING.sample(3, rng=None), "`rng`"),
        (lambda: RING.marginal([2]), "`axes`"),
        (lambda: RING.given([0, 1], [0.0, 0.0]), "`axes` and `values`"),
        (lambda: RING.moved(np.ones((2, 2))), "independent rows"),
        (lambda: RING.moved(np.ones((2, 3))), "`matrix`"),
        (lambda: RING.tilted(0.0, [[0.0, 1.0], [0.0, 0.0]]), "symmetric"),
        (lambda: RING.tilted(0.0, np.ones((3, 3))), "`quadratic`"),
        (lambda: Composition(()), "at least one"),
        (lambda: Composition(RING), "sequence"),
        (lambda: Composition((RING, 3.0)), r"experts\[1\]"),
        (lambda: Composition((RING, BAR), (1.0,)), r"`weights` must have shape \(2,\)"),
        (lambda: Composition((RING, BAR), (0.0, 0.0)), "all zero"),
        (lambda: Composition((RING, BAR), (np.nan, 0.0)), "finite"),
        (lambda: Composition.negated(RING, BAR, weights=(1.3, 0.3)), "negative number"),
        (lambda: Composition.classified(LINE, [0], 0, gamma=1.0), "labels"),
        (lambda: Composition.classified(LINE, [0, 1], 2, gamma=1.0), "target"),
    ],
)
def test_what_is_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
