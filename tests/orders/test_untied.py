"""The approximate forms of untied and deep nets approach the whole net at the power they claim."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory import SIMTask, sim
from simtheory.analytic import deep, tied, untied

TASK = SIMTask(mu=np.zeros(2), sigma=np.sqrt([1.0, 0.4]))


@pytest.mark.parametrize("depth", [2, 3])
def test_the_first_order_errs_as_the_square_on_the_diagonal(depth: int) -> None:
    """Halving eps divides the error by 4, up to the next term, relative eps² ~ 1e-3."""
    t, errors = np.linspace(0.0, 12.0, 49), []
    for eps in (0.04, 0.02, 0.01, 0.005):
        W0 = np.array([[0.02, 0.03 * eps], [-0.01 * eps, 0.05]])
        left, sizes, right = np.linalg.svd(W0)
        share = sizes ** (1.0 / depth)
        layers = (share[:, None] * right, *[np.diag(share)] * (depth - 2), left * share)
        exact = sim.solve(sim.Deep(depth), TASK, layers, t).weights
        found = deep.off_diagonals(TASK, layers, t)
        error = np.abs(np.diagonal(found.weights - exact, axis1=1, axis2=2)).max()
        assert error < found.arrays["error_estimate"]
        errors.append(error)
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 4.0, rtol=0.05)


def test_the_early_form_errs_as_the_start_squared() -> None:
    """Half the layers are a quarter of W, and the relative error is W."""
    rng, t = np.random.default_rng(0), np.linspace(0.0, 3.0, 13)
    below, above = rng.standard_normal((3, 2)), rng.standard_normal((2, 3))
    errors = []
    for scale in (4e-3, 2e-3, 1e-3):
        layers = (scale * below, scale * above)
        exact = sim.solve(sim.Untied(), TASK, layers, t, rtol=1e-12).weights
        found = untied.early(TASK, layers, t)
        error = np.linalg.norm(found.weights - exact, 2, axis=(1, 2)).max()
        assert error < 2.0 * found.arrays["error_estimate"]
        assert error > 0.02 * found.arrays["error_estimate"]
        errors.append(error / scale**2)
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 4.0, rtol=0.05)


def test_the_two_factors_err_ever_less_and_less_than_one_does() -> None:
    """Ten times smaller layers, rates 1 and 0.4: what is left out is omega^0.7, a factor of 25."""
    rng, t = np.random.default_rng(1), np.linspace(0.0, 40.0, 401)
    below, above = rng.standard_normal((6, 2)), rng.standard_normal((2, 6))
    errors, tied_errors = [], []
    for scale in (1e-2, 1e-3, 1e-4):
        layers = (scale * below, scale * above)
        exact = sim.solve(sim.Untied(), TASK, layers, t).weights
        found = untied.ldr(TASK, layers, t)
        errors.append(np.abs(found.weights - exact).max())
        one = tied.pivots(TASK, untied.effective_start(layers), t).weights
        tied_errors.append(np.abs(one - exact).max())
        assert errors[-1] < found.arrays["error_estimate"]
    # omega^(1−rho) = omega^0.6 has the smaller factor here. The tied form errs as omega^0.3.
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 10**1.4, rtol=0.1)
    np.testing.assert_allclose(np.divide(tied_errors[:-1], tied_errors[1:]), 10**0.6, rtol=0.1)
    assert np.all(np.array(tied_errors) > 5.0 * np.array(errors))
    assert np.abs(exact[0] - exact).max() > 0.9  # doing nothing
