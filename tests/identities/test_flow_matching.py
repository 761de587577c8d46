"""Exact identities of linear flow matching."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory.analytic import flow_matching as fm
from simtheory.errors import ArgumentError

LAM = np.array([0.01, 1.0, 30.0])
EPS = 1e-12  # a dozen roundings


def test_untrained_it_is_a_constant_stretch() -> None:
    for variance in (fm.one_layer_variance, fm.tied_variance):
        np.testing.assert_allclose(variance(LAM, 0.0, start=0.3), np.exp(0.6), rtol=EPS)


def test_trained_one_layer_generates_the_data_and_the_tied_net_more() -> None:
    np.testing.assert_allclose(fm.one_layer_variance(LAM, 1e9, start=0.3), LAM, rtol=1e-10)
    late = fm.tied_variance(LAM, 1e7, start=0.3)
    np.testing.assert_allclose(late, 1.0 + LAM, rtol=1e-5)  # the approach is like ln(t)/t
    assert np.abs(late / LAM - 1).min() > 0.01


def test_a_zero_start_of_the_tied_net_stands_still() -> None:
    np.testing.assert_array_equal(fm.tied_variance(LAM, [[0.0], [1.0], [1e6]], start=0.0), 1.0)


def test_the_weights_start_and_end_where_they_should() -> None:
    s = np.linspace(0, 1, 11)
    delta, n = s**2 * 2.0 + (1 - s) ** 2, s * 2.0 - (1 - s)
    for weight in (fm.one_layer_weight, fm.tied_weight):
        np.testing.assert_allclose(weight(2.0, 0.0, s=s, start=0.3), 0.3, rtol=EPS)
    np.testing.assert_allclose(fm.one_layer_weight(2.0, 1e4, s=s, start=0.3), n / delta, rtol=EPS)
    trained = fm.tied_weight(2.0, 1e4, s=s, start=0.3)
    np.testing.assert_allclose(trained, np.maximum(n, 0) / delta, atol=EPS)


def test_two_halves_make_a_whole() -> None:
    s = np.linspace(0, 1, 11)
    for weight in (fm.one_layer_weight, fm.tied_weight):
        half = weight(2.0, 0.4, s=s, start=0.3)
        whole = weight(2.0, 0.8, s=s, start=0.3)
        np.testing.assert_allclose(weight(2.0, 0.4, s=s, start=half), whole, rtol=EPS)


def test_the_turning_point_is_continuous() -> None:
    """At n = 0 the weight falls as Q/(1 + 2Qδt)."""
    for near in (0.5, 0.5 - 1e-12, 0.5 + 1e-12):
        found = fm.tied_weight(1.0, 3.0, s=near, start=0.3)
        assert found == pytest.approx(0.3 / (1 + 2 * 0.3 * 0.5 * 3.0), rel=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fm.one_layer_weight(1.0, 1.0, s=1.1, start=0.1), r"`s` must lie in \[0, 1\]"),
        (lambda: fm.tied_weight(1.0, 1.0, s=0.1, start=-0.1), "`start` must not be negative"),
        (lambda: fm.one_layer_variance(0.0, 1.0, start=0.1), "`variance` must be positive"),
        (lambda: fm.tied_variance(1.0, -1.0, start=0.1), "`t` must not be negative"),
        (lambda: fm.one_layer_variance(1.0, np.inf, start=0.1), "`t` must be finite"),
    ],
)
def test_bad_arguments_are_refused(call, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()
