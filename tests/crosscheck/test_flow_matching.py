"""Linear flow matching against quadrature, an integrator, and reference numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from simtheory.analytic import flow_matching as fm

LAM = np.array([0.1, 1.0, 10.0])


def test_reference_numbers_of_one_layer() -> None:
    """ητ = 1 and 20, canonical time 2ητ."""
    found = fm.one_layer_variance(LAM, [[2.0], [40.0]], start=0.1)
    noted = [[0.360679, 1.056486, 9.608040], [0.100492, 1.0, 10.0]]
    np.testing.assert_allclose(found, noted, rtol=5e-6)
    assert np.abs(np.exp(0.2) / found - 1).max() > 5e-5


def test_reference_numbers_of_the_tied_net() -> None:
    """ητ = 1, 20 and 2000, canonical time 4ητ; it saturates at 1 + λ."""
    found = fm.tied_variance(LAM, [[4.0], [80.0], [8000.0]], start=0.1)
    np.testing.assert_allclose(found[0], [1.047968, 1.889533, 10.969392], rtol=5e-7)
    np.testing.assert_allclose(found[1], [1.1005, 2.0004, 11.0002], atol=5.1e-5)
    np.testing.assert_allclose(found[2], [1.1, 2.0, 11.0], atol=5e-5)
    assert np.abs(np.exp(0.2) / found[0] - 1).max() > 5e-6


def at(s: float, weight, lam: float, t: float) -> float:
    return float(weight(lam, t, s=s, start=0.3))


@pytest.mark.parametrize("lam", [0.02, 0.1, 1.0, 10.0, 300.0])
@pytest.mark.parametrize("t", [0.0, 0.3, 2.0, 50.0])
def test_the_variance_against_quadrature(lam: float, t: float) -> None:
    """quad holds 1e-13 absolute in the logarithm on two smooth pieces."""
    for weight, variance in (
        (fm.one_layer_weight, fm.one_layer_variance),
        (fm.tied_weight, fm.tied_variance),
    ):
        turn = 1 / (1 + lam)
        pieces = (0.0, 0.5 * turn, turn, min(1.0, 3 * turn), 1.0)
        total = sum(
            quad(at, *ends, args=(weight, lam, t), epsabs=1e-13, epsrel=1e-12)[0]
            for ends in pairwise(pieces)
            if ends[0] < ends[1]
        )
        found = float(variance(lam, t, start=0.3))
        assert found == pytest.approx(np.exp(2 * total), rel=1e-11)
        if t > 1.0:
            assert abs(found / np.exp(0.6) - 1) > 1e-3


@pytest.mark.parametrize("s", [0.1, 0.5, 0.9])
def test_the_weights_against_the_integrated_training(s: float) -> None:
    lam, q = 2.0, 0.2
    delta, n = s**2 * lam + (1 - s) ** 2, s * lam - (1 - s)
    options = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-14}
    one = solve_ivp(lambda _, w: n - delta * w, (0, 3), [q], **options).y[0, -1]
    two = solve_ivp(lambda _, w: 2 * w * (n - delta * w), (0, 3), [q], **options).y[0, -1]
    assert fm.one_layer_weight(lam, 3.0, s=s, start=q) == pytest.approx(one, abs=1e-11)
    assert fm.tied_weight(lam, 3.0, s=s, start=q) == pytest.approx(two, abs=1e-11)
    assert min(abs(one - q), abs(two - q)) > 1e-10


def test_training_on_samples_follows_the_moments() -> None:
    """Half the gradient of E‖v − (x₁ − x₀)‖² at w is δw − n, by Monte Carlo."""
    rng, s, lam, w, size = np.random.default_rng(0), 0.4, 3.0, 0.25, 400_000
    x_1, x_0 = lam**0.5 * rng.standard_normal(size), rng.standard_normal(size)
    x = s * x_1 + (1 - s) * x_0
    slopes = (w * x - (x_1 - x_0)) * x
    delta, n = s**2 * lam + (1 - s) ** 2, s * lam - (1 - s)
    bound = 5 * slopes.std() / size**0.5
    assert slopes.mean() == pytest.approx(delta * w - n, abs=bound)
    assert abs(delta * w - n) > 10 * bound
