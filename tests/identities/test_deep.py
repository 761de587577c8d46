"""Exact identities of the closed forms of deep nets."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory.analytic import deep, tied
from simtheory.errors import ArgumentError, RegimeError

T = np.linspace(0.0, 12.0, 25)
DEPTHS = [1.0, 1.3, 2.0, 2.7, 4.0]


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_mode_starts_at_the_start_and_ends_at_one(depth: float) -> None:
    w = deep.mode(1.0, 0.01, [0.0, 1e3], depth=depth)
    assert w[0] == 0.01
    assert w[1] == 1.0


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_fixed_points_stay(depth: float) -> None:
    assert np.all(deep.mode(1.0, 1.0, T, depth=depth) == 1.0)
    assert np.all(deep.mode(0.0, 0.3, T, depth=depth) == 0.3)
    if depth >= 2:
        assert np.all(deep.mode(1.0, 0.0, T, depth=depth) == 0.0)
    else:
        assert np.all(np.diff(deep.mode(1.0, 0.0, T, depth=depth)) > 0)


def test_depth_two_is_the_tied_mode() -> None:
    for rate, w0 in ((0.3, 1e-6), (1.0, 0.2)):
        two = deep.mode(rate, w0, T, depth=2)
        np.testing.assert_allclose(two, tied.mode(rate, w0, T), rtol=1e-13)
        assert deep.time_to_level(rate, w0, depth=2, level=0.9) == pytest.approx(
            float(tied.time_to_level(rate, w0, level=0.9)), rel=1e-14
        )


def test_depth_one_relaxes() -> None:
    for w0 in (0.0, 1e-3, 0.7):
        wanted = w0 * np.exp(-0.3 * T) - np.expm1(-0.3 * T)
        np.testing.assert_allclose(deep.mode(0.3, w0, T, depth=1), wanted, rtol=1e-13)
    assert deep.time_to_level(0.3, 0.0, depth=1, level=0.9) == pytest.approx(np.log(10.0) / 0.3)


def test_depth_is_continuous_at_two() -> None:
    """A change δ of the depth moves w by δ times a number of order ten, and no pole shows."""
    around = [deep.mode(1.0, 1e-3, T, depth=2.0 + shift) for shift in (-1e-9, 0.0, 1e-9)]
    np.testing.assert_allclose(around[0], around[1], rtol=1e-7)
    np.testing.assert_allclose(around[2], around[1], rtol=1e-7)


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_time_and_the_mode_invert_each_other(depth: float) -> None:
    for level in (0.02, 0.5, 0.999):
        time = float(deep.time_to_level(1.7, 0.01, depth=depth, level=level))
        assert deep.mode(1.7, 0.01, [time], depth=depth)[0] == pytest.approx(level, rel=1e-12)


@pytest.mark.parametrize("depth", DEPTHS)
def test_time_scales_with_the_rate_and_composes(depth: float) -> None:
    once = deep.mode(2.0, 0.01, T, depth=depth)
    np.testing.assert_allclose(deep.mode(1.0, 0.01, 2.0 * T, depth=depth), once, rtol=1e-13)
    later = deep.mode(2.0, once[4], T[:9], depth=depth)
    np.testing.assert_allclose(later, once[4:13], rtol=1e-12)


def test_rates_and_starts_broadcast() -> None:
    found = deep.mode([[1.0], [2.0]], [0.1, 0.2, 0.3], T, depth=3)
    assert found.shape == (2, 3, T.size)
    np.testing.assert_allclose(found[1, 2], deep.mode(2.0, 0.3, T, depth=3), rtol=1e-14)


def test_infinite_depth_is_the_limit() -> None:
    """The error of depth L falls as 1/L."""
    limit = deep.infinite_depth(1.0, 0.05, T)
    errors = [
        np.abs(deep.mode(1.0 / depth, 0.05, T, depth=depth) - limit).max()
        for depth in (100, 200, 400)
    ]
    ratios = np.divide(errors[:-1], errors[1:])
    np.testing.assert_allclose(ratios, 2.0, rtol=0.05)
    assert np.abs(limit - 0.05).max() > 10 * errors[1]


def test_infinite_depth_solves_its_equation() -> None:
    w = deep.infinite_depth(0.7, 0.2, [3.0 - 1e-4, 3.0, 3.0 + 1e-4])
    # A central difference errs by h² times the third derivative: 1e-8.
    assert (w[2] - w[0]) / 2e-4 == pytest.approx(0.7 * w[1] ** 2 * (1 - w[1]), rel=1e-7)
    assert np.all(deep.infinite_depth(1.0, [0.0, 1.0], T) == [[0.0], [1.0]])


def test_levels_already_passed_and_never_reached() -> None:
    assert deep.time_to_level(1.0, 0.6, depth=3, level=0.5) == 0.0
    assert deep.time_to_level(0.0, 0.1, depth=3) == np.inf
    assert deep.time_to_level(1.0, 0.0, depth=2) == np.inf
    assert np.isfinite(deep.time_to_level(1.0, 0.0, depth=1.9))


def test_a_mode_refuses_what_lies_outside_its_regime() -> None:
    for call in (deep.mode, deep.infinite_depth):
        options = {"depth": 3} if call is deep.mode else {}
        with pytest.raises(RegimeError, match="`w0`"):
            call(1.0, 1.1, T, **options)
        with pytest.raises(RegimeError, match="`rate`"):
            call(-1.0, 0.1, T, **options)
    with pytest.raises(ArgumentError, match="`depth`"):
        deep.mode(1.0, 0.1, T, depth=0.5)
    with pytest.raises(ArgumentError, match="`level`"):
        deep.time_to_level(1.0, 0.1, depth=3, level=0.0)
