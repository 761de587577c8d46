"""Geometry of representations: ideal tori, images, noise, codes of known interaction, and wrong input."""

import json
import math

import numpy as np
import pytest

from simtheory import analytic, assess
from simtheory.errors import ArgumentError, ShapeError


def labels(*sizes):
    """Return the labels of a full grid, one row a cell."""
    return np.stack([each.ravel() for each in np.indices(sizes)], axis=1)


def angles(n):
    return 2 * np.pi * labels(n, n).T / n


def clifford(n=16):
    u, v = angles(n)
    return np.stack([np.cos(u), np.sin(u), np.cos(v), np.sin(v)], axis=1)


def doughnut(n=16, R=2.0, r=1.0):
    u, v = angles(n)
    across = R + r * np.cos(v)
    return np.stack([across * np.cos(u), across * np.sin(u), r * np.sin(v)], axis=1)


NOISE = np.random.default_rng(0).normal(size=(108, 64))


def test_two_circles_are_factorised_and_continuous():
    found = assess.activations(clifford(), labels(16, 16), period=16, rng=0)
    assert found.interaction.value < 1e-12
    assert found.participation_ratio.value == pytest.approx(4.0, abs=1e-9)
    assert found.parallelism.value == pytest.approx(1.0, abs=1e-9)
    assert found.orthogonality.value < 1e-9
    assert found.continuity.value == pytest.approx(0.6366, abs=0.01)  # 2/π; 15 steps of a ring
    # shuffled labels fail every one of these, by ten times its tolerance
    assert found.interaction.null > 0.8
    assert abs(found.parallelism.null) < 0.02
    assert found.orthogonality.null > 0.3
    assert found.continuity.null < 0.5


def test_a_doughnut_has_the_numbers_of_its_closed_forms():
    found = assess.activations(doughnut(), labels(16, 16), period=16, rng=0)
    x, y = found.factors
    assert found.participation_ratio.value == pytest.approx(2.4096, abs=1e-4)
    assert found.interaction.value == pytest.approx(0.1, abs=1e-12)  # r²/2 of R² + r²
    assert x.parallelism.value == pytest.approx(1.0, abs=1e-9)
    # the mean of ½ without pairs of equal values, which have the cosine 1
    assert y.parallelism.value == pytest.approx((16 * 0.5 - 1) / 15, abs=0.01)
    assert found.orthogonality.value == pytest.approx(0.4053, abs=0.01)
    assert found.continuity.value == pytest.approx(0.6366, abs=0.01)
    flat = analytic.factorization.displacement_means("clifford")
    assert abs(found.orthogonality.value - flat.x_on_y) > 10 * 0.01


@pytest.mark.parametrize(
    ("width", "expected"), [(0.5, 0.10), (1.0, 0.18), (2.0, 0.32), (4.0, 0.50)]
)
def test_local_codes_are_discontinuous(width, expected):
    places = np.sort(np.random.default_rng(0).uniform(0, 32, size=300))
    gaps = np.abs(places[:, None] - np.arange(32))
    code = np.exp(-(np.minimum(gaps, 32 - gaps) ** 2) / (2 * width**2))
    grid = labels(300, 2)
    rows = np.concatenate([code[grid[:, 0]], np.eye(2)[grid[:, 1]]], axis=1)
    found = assess.activations(rows, grid, rng=0).factors[0].continuity.value
    assert found == pytest.approx(expected, abs=0.015)
    assert abs(found - 2 / math.pi) > 0.1


@pytest.mark.parametrize(
    ("sigma", "share"), [pytest.param(1.0, 0.6373, marks=pytest.mark.slow), (2.0, 0.3859)]
)
def test_images_of_bumps_have_the_interaction_of_their_spectrum(sigma, share):
    gaps = np.abs(np.arange(16)[:, None] - np.arange(16))
    ring = np.exp(-(np.minimum(gaps, 16 - gaps) ** 2) / (2 * sigma**2))
    grid = labels(16, 16)
    bumps = (ring[grid[:, 0]][:, :, None] * ring[grid[:, 1]][:, None, :]).reshape(256, -1)
    stripes = (ring[grid[:, 0]][:, :, None] + ring[grid[:, 1]][:, None, :]).reshape(256, -1)
    found = assess.activations(bumps, grid, period=16, rng=0)
    assert found.interaction.value == pytest.approx(share, abs=2e-3)
    assert found.participation_ratio.value == pytest.approx(
        analytic.factorization.participation_ratio(16, sigma), rel=2e-2
    )
    assert assess.activations(stripes, grid, period=16, rng=0).interaction.value < 1e-12


def test_noise_scores_what_its_closed_forms_say():
    found = assess.activations(NOISE, labels(12, 9), rng=0)
    assert found.interaction.value == pytest.approx(0.8224, abs=0.01)
    assert found.interaction.null == pytest.approx(0.8224, abs=0.004)
    assert found.interaction.null_spread < 0.02
    means = analytic.factorization.noise_means(12, 9, 64)
    assert found.orthogonality.value == pytest.approx(means.absolute, abs=0.005)
    assert found.continuity.value == pytest.approx(means.absolute, abs=0.005)
    assert abs(found.parallelism.value) < 0.02  # a shared base point would give ½
    assert found.participation_ratio.null == pytest.approx(107 * 64 / (107 + 64 + 1), rel=1e-3)
    assert found.participation_ratio.value == pytest.approx(
        found.participation_ratio.null, rel=0.05
    )
    assert "Not factorised" in str(found)


def test_a_sum_and_a_difference_of_both_factors_are_all_interaction():
    u, v = angles(8)
    entangled = np.stack([np.cos(u + v), np.sin(u + v), np.cos(u - v), np.sin(u - v)], axis=1)
    found = assess.activations(entangled, labels(8, 8), period=8, rng=0)
    assert found.interaction.value == pytest.approx(1.0, abs=1e-12)
    assert found.participation_ratio.value == pytest.approx(4.0, abs=1e-9)  # as of two circles


def test_repeats_are_averaged_and_rows_come_in_any_order():
    grid = labels(6, 5)
    rng = np.random.default_rng(1)
    code = rng.normal(size=(6, 8))[grid[:, 0]] + rng.normal(size=(5, 8))[grid[:, 1]]
    noise = rng.normal(size=(30, 8))
    rows = np.concatenate([code + noise, code - noise])
    order = rng.permutation(60)
    found = assess.activations(rows[order], np.concatenate([grid, grid])[order], rng=0)
    assert found.interaction.value < 1e-12  # the noise cancels in each cell
    assert (found.rows, found.shape) == (60, (6, 5))
    once = assess.activations(code, grid, rng=0)
    assert found.parallelism.value == pytest.approx(once.parallelism.value, abs=1e-9)


@pytest.mark.slow
def test_intervals_hold_the_spread_over_draws_of_the_levels():
    grid, values = labels(10, 10), []
    mixing = np.random.default_rng(5).normal(size=(9, 12))
    for seed in range(40):
        rng = np.random.default_rng(seed)
        u, v = rng.normal(size=(2, 10, 3))
        a, b = u[grid[:, 0]], v[grid[:, 1]]
        found = assess.activations(np.hstack([a, b, 0.5 * a * b]) @ mixing, grid, rng=seed)
        values.append((found.interaction.value, found.interaction.low, found.interaction.high))
    value, low, high = np.array(values).T
    assert 0.7 < np.mean(high - low) / 3.92 / value.std() < 1.5
    assert np.mean((low <= value.mean()) & (value.mean() <= high)) > 0.75


def test_three_factors_have_three_pairs():
    grid = labels(5, 6, 5)
    rng = np.random.default_rng(2)
    codes = [rng.normal(size=(size, 7)) for size in (5, 6, 5)]
    joint = rng.normal(size=(5, 6, 7))
    rows = sum(code[grid[:, f]] for f, code in enumerate(codes))
    rows = rows + joint[grid[:, 0], grid[:, 1]]
    found = assess.activations(rows, grid, rng=0)
    assert [pair.name for pair in found.pairs] == ["x, y", "x, z", "y, z"]
    assert found.pairs[0].interaction.value > 0.1
    assert max(pair.interaction.value for pair in found.pairs[1:]) < 1e-12
    assert 0.05 < found.interaction.value < found.pairs[0].interaction.value


def test_a_period_joins_values_and_a_baseline_stands_beside():
    grid = labels(8, 8)
    shifted = grid + 8 * np.random.default_rng(0).integers(-2, 3, size=grid.shape)
    found = assess.activations(clifford(8), shifted, period=(8, 8.0), baseline=doughnut(8), rng=0)
    alone = assess.activations(clifford(8), grid, period=8, rng=0)
    assert found.interaction.value == alone.interaction.value
    assert found.periodic
    assert found.baseline.interaction.value == pytest.approx(0.1)
    assert "less than in the baseline" in str(found)


def test_grids_of_many_cells_form_displacements_one_by_one(monkeypatch):
    known = assess.activations(NOISE, labels(12, 9), rng=0)
    monkeypatch.setattr("simtheory.assess.factors._displacements._PRODUCTS", 10)
    found = assess.activations(NOISE, labels(12, 9), rng=0)
    for name, each in found.named.items():
        other = known.named[name]
        assert (each.value, each.null, each.low) == pytest.approx(
            (other.value, other.null, other.low), abs=1e-12
        )


def test_few_levels_withhold_intervals_and_a_blind_layer_is_not_defined():
    grid = labels(4, 6)
    rows = np.random.default_rng(0).normal(size=(6, 3))[grid[:, 1]]
    found = assess.activations(rows, grid, rng=0)
    assert math.isnan(found.interaction.low)
    assert "withheld: x has 4 levels" in str(found)
    assert math.isnan(found.factors[0].parallelism.value)  # no step in x has a length
    assert found.factors[1].parallelism.value == pytest.approx(1.0)
    packed = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert packed["interaction"]["low"] is None
    assert packed["interaction"]["withheld"] is True
    blind = packed["factors"][0]["parallelism"]
    assert (blind["value"], blind["defined"], blind["withheld"]) == (None, False, True)


GRID = labels(5, 5)
GOOD = np.random.default_rng(3).normal(size=(25, 4))


@pytest.mark.parametrize(
    ("rows", "given", "settings", "error", "words"),
    [
        (np.full((25, 4), np.nan), GRID, {}, ArgumentError, "finite"),
        (np.full((25, 4), 7.0), GRID, {}, ArgumentError, "vary"),
        (GOOD[:20], GRID, {}, ShapeError, "25 rows.*20"),
        (GOOD[:, 0], GRID, {}, ShapeError, r"\(P, d\)"),
        (GOOD[1:], GRID[1:], {}, ArgumentError, "1 cells have no row: x = 0, y = 0"),
        (GOOD[4:], GRID[4:], {}, ArgumentError, "x = 0, y = 2, and 1 more|x = 0, y = 2; "),
        (GOOD[:5], GRID[:5], {}, ArgumentError, "factor x is 0 in all rows"),
        (GOOD, GRID[:, :1], {}, ShapeError, "two columns"),
        (GOOD, GRID, {"baseline": GOOD[:24]}, ShapeError, "`baseline`.*25 rows.*24"),
        (GOOD, GRID, {"period": -1.0}, ArgumentError, "period"),
        (GOOD, GRID, {"period": (5, 5, 5)}, ShapeError, "one for each of 2"),
        (GOOD, GRID, {"level": 1.5}, ArgumentError, "level"),
    ],
)
def test_wrong_input_is_refused_by_name(rows, given, settings, error, words):
    with pytest.raises(error, match=words):
        assess.activations(rows, given, rng=0, **settings)
    with pytest.raises(ArgumentError, match="rng"):
        assess.activations(GOOD, GRID, rng=None)
