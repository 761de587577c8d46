"""Each approximate form approaches the full flow at the power it claims."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from simtheory import SIMTask
from simtheory.analytic import tied
from simtheory.errors import RegimeWarning
from tests.truth import tied_flow


def largest_error(form, rates: tuple[float, ...], W0: np.ndarray) -> float:
    """Return the largest error of any entry, up to well after the weakest concept is learned."""
    task = SIMTask(mu=np.zeros(len(rates)), sigma=np.sqrt(rates))
    U0 = np.linalg.cholesky(W0)
    end = 1.3 * np.log(1 / np.linalg.eigvalsh(W0).min()) / (2 * min(rates))
    t = np.linspace(0.0, end, 1500)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RegimeWarning)
        found = form(task, U0, t, strict=False).weights
    return float(np.abs(found - tied_flow(task.second_moment, U0, t, rtol=1e-11)).max())


@pytest.mark.parametrize("rho", [0.1, 0.3, 0.5, 0.7])
def test_pivots_err_as_omega_to_the_power_one_minus_rho(rho: float) -> None:
    """The slope per decade climbs to 1 − ρ from below; at ω = 1e-6 it is there within 0.045.

    The next order is relative ω^ρ or ω^(1−ρ), whichever is larger: 0.1 to 0.2 of a decade at the
    largest ω, a few hundredths at the smallest.
    """
    M = np.array([[1.0, 0.6], [0.6, 1.0]])
    errors = [largest_error(tied.pivots, (1.0, rho), 10.0**-k * M) for k in (3, 4, 5, 6, 7)]
    slopes = np.log10(errors[:-1]) - np.log10(errors[1:])
    assert slopes[-1] == pytest.approx(1.0 - rho, abs=0.045)
    assert np.all(np.diff(slopes) > 0)
    # The estimate that the trajectory carries bounds the error from above, here by 2 to 60 times.
    for k, error in zip((3, 4, 5, 6, 7), errors, strict=True):
        assert 1 / 60 < error / 10.0 ** (-k * (1.0 - rho)) < 1 / 2


def test_first_order_does_not_improve_with_a_smaller_start() -> None:
    """The power that the pivots have, the first-order form lacks: it fails the test above."""
    M = np.array([[1.0, 0.6], [0.6, 1.0]])
    errors = [largest_error(tied.first_order, (1.0, 0.3), 10.0**-k * M) for k in (3, 5, 7)]
    assert min(errors) > 0.05
    assert max(errors) / min(errors) < 1.2
    for k, error in zip((5, 7), errors[1:], strict=True):
        pivots = largest_error(tied.pivots, (1.0, 0.3), 10.0**-k * M)
        assert error > 10 * pivots


def test_first_order_errs_as_the_square_of_the_cosine() -> None:
    """Halving ε divides the error by 4; the next term is relative ε², 4 % at ε = 0.2."""
    cosines = [0.2, 0.1, 0.05, 0.025]
    first, pivots = (
        np.array(
            [
                largest_error(form, (1.0, 0.5), 1e-3 * np.array([[1.0, eps], [eps, 1.0]]))
                for eps in cosines
            ]
        )
        for form in (tied.first_order, tied.pivots)
    )
    np.testing.assert_allclose(first[:-1] / first[1:], 4.0, rtol=0.04)
    # 0.24 ε², which the trajectory rounds to ε²/4; the pivots' own share is about 0.01 ε².
    np.testing.assert_allclose(first / np.square(cosines), 0.243, rtol=0.02)
    assert np.all(10 * pivots < first)
