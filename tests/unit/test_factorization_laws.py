"""Laws of factorisation: numbers, limits, rival laws and misuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from simtheory.analytic import factorization
from simtheory.errors import ArgumentError
from simtheory.tasks.factorization import BumpTask, Hole, Lesion


def test_the_nearest_example_in_lesions_and_holes() -> None:
    np.testing.assert_allclose(
        factorization.nearest_lesion([1.0, 2.0, 3.5, 4.0, 5.0, 8.0], tolerance=1.0),
        [1.0, 1.0, 0.571, 0.5, 0.4, 0.25],
        atol=5e-4,
    )
    assert factorization.nearest_hole(8.0, tolerance=1.0) == 0.4375
    assert factorization.nearest_hole(4.0, tolerance=1.0) == 0.75
    corner = factorization.nearest_hole(8.0, tolerance=1.0, place="corner")
    assert abs(corner - 0.234) < 5e-4
    # With the rim removed the tolerance is less by the spacing of the labels, .1.
    removed = [
        factorization.nearest_hole(w, tolerance=0.9, place=p)
        for w, p in ((8.0, "interior"), (8.0, "corner"), (4.0, "interior"), (4.0, "corner"))
    ]
    np.testing.assert_allclose(removed, [0.399, 0.212, 0.698, 0.399], atol=1e-3)


def test_queries_on_a_lattice_are_answered_less_often() -> None:
    """Spacing .1, strictly within 1, in lesions and in holes of 8; a little wider, their rim is held out too."""
    line, rim = np.arange(321) * 0.1, 1e-6
    for held, wanted in (
        (Lesion(3.5), 0.514), (Lesion(5.0), 0.367), (Lesion(8.0), 0.228),
        (Hole(8.0), 0.404), (Hole(8.0, "corner"), 0.212),
        (Lesion(3.5 + rim), 0.514), (Lesion(5.0 + rim), 0.353), (Lesion(8.0 + rim), 0.222),
        (Hole(8.0 + rim), 0.395), (Hole(8.0 + rim, "corner"), 0.210),
    ):  # fmt: skip
        task = BumpTask(33, held_out=held)
        inside = task.is_held_out(np.stack([line, np.full(321, 16.0)], -1))
        if isinstance(held, Hole) and held.place == "corner":
            inside = task.is_held_out(np.stack([line, line], -1))
        train, asked = line[~inside], line[inside]
        near = np.abs(asked[:, None] - train).min(axis=1) < 1.0 - 1e-9
        share = near.mean() if isinstance(held, Lesion) else 1 - (1 - near.mean()) ** 2
        assert abs(share - wanted) < 5e-4


def test_numbers_of_examples_that_cover() -> None:
    assert factorization.nearest_random(298, side=32, tolerance=1.0) < 0.6
    assert factorization.nearest_random(299, side=32, tolerance=1.0) > 0.6
    # A side of 15 pixels has the area 225.
    found = factorization.nearest_random([76, 199, 357], side=15, tolerance=1.0)
    np.testing.assert_allclose(found, [0.654, 0.938, 0.993], atol=5e-4)
    # 80 % against 20 %: ln 5 / ln 1.25 at every size.
    for side in (8.0, 32.0):
        unit = side**2 / np.pi
        n = unit * np.log([1.25, 5.0])
        np.testing.assert_allclose(
            factorization.nearest_random(n, side=side, tolerance=1.0), [0.2, 0.8], rtol=1e-12
        )
        assert abs(n[1] / n[0] - 7.21) < 5e-3


def test_factors_learned_apart_need_a_number_linear_in_the_side() -> None:
    assert abs(factorization.nearest_factorised(23.8, side=32, tolerance=1.0) - 0.6) < 1e-3
    for factor in (2.0, 4.0):
        same = factorization.nearest_factorised(factor * 23.8, side=32 * factor, tolerance=1.0)
        assert abs(same - 0.6) < 1e-3
        # Random coverage needs the square of the factor.
        assert factorization.nearest_random(factor * 299, side=32 * factor, tolerance=1.0) < 0.4


def test_constants_of_both_memories() -> None:
    """60 % takes .2917 N²/τ² random examples, or .745 N/τ for each factor."""
    for side, tau in ((32.0, 1.0), (15.0, 0.5)):
        n = 0.2917 * (side / tau) ** 2
        assert abs(factorization.nearest_random(n, side=side, tolerance=tau) - 0.6) < 1e-4
        each = factorization.nearest_factorised(0.745 * side / tau, side=side, tolerance=tau)
        assert abs(each - 0.6) < 1e-3
        assert factorization.nearest_factorised(n, side=side, tolerance=tau) > 0.9


def test_coverage_of_a_lattice() -> None:
    found = factorization.nearest_lattice([1.0, 1.5, 1.8, 2.5], tolerance=1.0)
    np.testing.assert_allclose(found, [1.0, 0.9933, 0.8971, 0.5027], atol=5e-5)
    # Without the overlaps of the discs the law is above one.
    assert np.pi / 1.5**2 > 1.3


def test_coverage_by_random_examples_is_measured() -> None:
    rng = np.random.default_rng(0)
    for tau in (1.0, 4.5):  # the wider disc meets itself around a torus of side 8
        right = []
        for _ in range(4000):
            away = rng.random((rng.poisson(3), 2)) * 8.0
            away = np.minimum(away, 8.0 - away)  # from the query at the origin
            right.append(bool((np.hypot(*away.T) < tau).any()))
        stated = float(factorization.nearest_random(3, side=8, tolerance=tau))
        assert abs(np.mean(right) - stated) < 4 * np.sqrt(stated * (1 - stated) / 4000)


@settings(max_examples=40)
@given(
    length=some.floats(0.01, 1e3),
    tau=some.floats(0.01, 1e3),
    n=some.floats(0.0, 1e6),
    scale=some.floats(0.1, 10.0),
)
def test_accuracies_are_shares_that_rise_with_the_tolerance(
    length: float, tau: float, n: float, scale: float
) -> None:
    laws = (
        lambda k, t: factorization.nearest_lesion(k, tolerance=t),
        lambda k, t: factorization.nearest_hole(k, tolerance=t),
        lambda k, t: factorization.nearest_hole(k, tolerance=t, place="corner"),
        lambda k, t: factorization.nearest_lattice(k, tolerance=t),
        lambda k, t: factorization.nearest_random(n, side=k, tolerance=t),
        lambda k, t: factorization.nearest_factorised(n, side=k, tolerance=t),
    )
    for law in laws:
        one = float(law(length, tau))
        assert 0.0 <= one <= 1.0
        assert float(law(length, 1.3 * tau)) >= one - 1e-12
        assert abs(float(law(scale * length, scale * tau)) - one) < 1e-7
    corner = factorization.nearest_hole(length, tolerance=tau, place="corner")
    assert corner <= factorization.nearest_hole(length, tolerance=tau)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: factorization.nearest_lesion(0.0, tolerance=1.0), "`width`"),
        (lambda: factorization.nearest_lesion(1.0, tolerance=-1.0), "`tolerance`"),
        (lambda: factorization.nearest_hole(1.0, tolerance=1.0, place="edge"), "interior"),
        (lambda: factorization.nearest_random(-1, side=8, tolerance=1.0), "`n`"),
        (lambda: factorization.nearest_random(1, side=0, tolerance=1.0), "`side`"),
        (lambda: factorization.nearest_lattice(np.nan, tolerance=1.0), "`spacing`"),
        (lambda: factorization.nearest_factorised(1, side=8, tolerance=0.0), "`tolerance`"),
    ],
)
def test_misuse_is_answered_by_name(call, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        call()


def test_geometry_of_images() -> None:
    widths = (1.0, 2.0, 4.0)
    np.testing.assert_allclose(
        factorization.interaction_fraction(32, widths), [0.8005, 0.6373, 0.3859], atol=5e-5
    )
    for shape, wanted in (("bump", (163.0, 40.85, 10.81)), ("stripes", (23.94, 11.27, 5.29))):
        found = [factorization.participation_ratio(32, w, shape=shape) for w in widths]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=5e-3)
    waves = np.minimum(np.arange(32), 32 - np.arange(32))
    first = 2 * np.pi * 4 / 32 * np.exp(-((4 * np.pi * waves / 32) ** 2))
    assert np.abs(factorization.ring_spectrum(32, 2.0) - first).max() < 1e-15
    assert factorization.participation_ratio(16, 1e9) == 4.0
    assert abs(factorization.participation_ratio(16, 15.9) - 4.0) < 1e-12


def test_tori_and_noise() -> None:
    assert abs(factorization.torus_participation(2.0, 1.0) - 2.4096) < 5e-5
    found = factorization.displacement_means("doughnut")
    np.testing.assert_allclose(found, [1.0, 0.5, 0.4053, 0.6366], atol=5e-5)
    assert factorization.displacement_means("clifford").x_on_y == 0.0
    noise = factorization.noise_means(12, 9, 256)
    assert abs(noise.interaction - 0.8224) < 5e-5
    assert noise.cosine == 0.0
    assert abs(noise.absolute / np.sqrt(2 / (np.pi * 256)) - 1) < 1 / 512
    assert abs(noise.shared - 0.499) < 5e-4


def test_scores_of_noise_are_measured() -> None:
    rng = np.random.default_rng(1)
    cells = rng.normal(size=(200, 12, 9, 5))
    cells -= cells.mean((1, 2), keepdims=True)
    parts = sum(n * (cells.mean(a) ** 2).sum((1, 2)) for a, n in ((1, 12), (2, 9)))
    shares = 1 - parts / (cells**2).sum((1, 2, 3))
    stated = factorization.noise_means(12, 9, 5)
    assert abs(shares.mean() - stated.interaction) < 4 * shares.std() / np.sqrt(200)
    a, b, c = rng.normal(size=(3, 20_000, 5))
    one, two = a - c, b - c
    cosines = (one * two).sum(-1) / np.linalg.norm(one, axis=-1) / np.linalg.norm(two, axis=-1)
    assert abs(cosines.mean() - stated.shared) < 4 * cosines.std() / np.sqrt(20_000)
    assert abs(cosines.mean() - 0.5) > 0.02  # the limit of many dimensions fails at five


@settings(max_examples=40)
@given(side=some.integers(3, 40), sigma=some.floats(1e-3, 100.0), r=some.floats(0.01, 0.99))
def test_geometry_keeps_its_order(side: int, sigma: float, r: float) -> None:
    share = float(factorization.interaction_fraction(side, sigma))
    assert 0.0 <= float(factorization.interaction_fraction(side, 1.1 * sigma)) <= share <= 1.0
    bump = factorization.participation_ratio(side, sigma)
    stripes = factorization.participation_ratio(side, sigma, shape="stripes")
    assert 4.0 - 1e-9 <= stripes <= bump + 1e-9
    assert bump <= side**2
    ratio = factorization.torus_participation(1.0, r)
    assert 2.0 < ratio <= 3.0
    assert abs(factorization.torus_participation(7.0, 7.0 * r) - ratio) < 1e-12


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: factorization.ring_spectrum(2, 1.0), "at least 3"),
        (lambda: factorization.participation_ratio(8, 0.0), "`sigma`"),
        (lambda: factorization.participation_ratio(8, 1.0, shape="stripe"), "stripes"),
        (lambda: factorization.interaction_fraction(0, 1.0), "`side`"),
        (lambda: factorization.torus_participation(1.0, 0.0), "`r`"),
        (lambda: factorization.displacement_means("torus"), "clifford"),
        (lambda: factorization.noise_means(1, 9, 4), "`gx`"),
    ],
)
def test_misuse_of_the_geometry_is_answered_by_name(call, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        call()
