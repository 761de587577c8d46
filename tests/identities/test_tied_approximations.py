"""Exact identities of the further forms of the tied net."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from simtheory import SIMTask, inits
from simtheory.analytic import tied
from simtheory.errors import RegimeWarning

EPS = 1e-11  # factorisations of 3×3 matrices of moderate condition
T = np.linspace(0.0, 12.0, 25)
FORMS = [tied.schur, tied.second_order, tied.first_order_teacher]
TASK = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)
U0 = inits.torch_uniform((3, 3), scale=0.1, seed=233333)


def quietly(form, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RegimeWarning)
        return form(*arguments, strict=False, **options)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_ends_at_the_identity(form) -> None:
    found = quietly(form, TASK, U0, [0.0, 1e3]).weights
    np.testing.assert_allclose(found[-1], np.eye(3), atol=EPS)


@pytest.mark.parametrize("form", FORMS)
def test_a_diagonal_start_stays_on_its_modes(form) -> None:
    U = np.diag([0.1, 0.02, 0.5])
    modes = tied.mode(TASK.rates, np.diag(U) ** 2, T).T
    found = form(TASK, U, T)
    np.testing.assert_allclose(found.weights, modes[:, :, None] * np.eye(3), atol=EPS)
    assert float(found.arrays["error_estimate"]) == 0.0


def test_the_seed_of_a_weak_concept_ends_as_its_pivot() -> None:
    """While it is small, w_kk = δ_k e^{2a_kt} as soon as the stronger ones are learned."""
    task = SIMTask(mu=(0.1, 1.0, 3.0), sigma=0.0)
    t = np.array([0.0, 100.0])
    found = quietly(tied.schur, task, 0.01 * U0, t).weights[1, 0, 0]
    pivot = tied.schur_pivots(task, 0.01 * U0)[0]
    assert found == pytest.approx(pivot * np.exp(2 * task.rates[0] * 100.0), rel=1e-3)
    assert (1e-4 * (U0 @ U0.T)[0, 0]) > 10 * pivot  # power: the diagonal of W(0) is no substitute


def test_parallel_rows_leave_a_concept_no_seed() -> None:
    task, U = SIMTask(mu=(1.0, 2.0), sigma=0.0), np.array([[0.1], [0.2]])
    np.testing.assert_allclose(tied.schur_pivots(task, U), [0.0, 0.04], atol=1e-17)
    found = quietly(tied.schur, task, U, [0.0, 50.0]).weights[1]
    assert abs(found[0, 0]) < 1e-12


def test_decay_kills_a_slow_concept_and_a_zero_rate_decays_alone() -> None:
    task = SIMTask(mu=(1.0, 2.0), sigma=0.0, dim=3)
    t = np.array([0.0, 1.0, 300.0])
    run = tied.first_order_teacher(task, 0.1 * np.eye(3), t, decay=0.6)
    np.testing.assert_allclose(run.arrays["ends_at"], [0.0, 0.7, 0.0])
    np.testing.assert_allclose(np.diagonal(run.weights[-1]), [0.0, 0.7, 0.0], atol=1e-12)
    assert run.weights[1, 2, 2] == pytest.approx(0.01 * np.exp(-1.2), rel=1e-12)


def test_equal_rates_have_no_schur_form_unless_their_rows_are_apart() -> None:
    task = SIMTask(mu=(1.0, 1.0), sigma=0.0)
    assert float(tied.schur(task, 0.1 * np.eye(2), T).arrays["error_estimate"]) == 0.0
    with pytest.warns(RegimeWarning, match="distinct rates"):
        found = tied.schur(task, 0.1 * np.tri(2), T, strict=False)
    assert float(found.arrays["error_estimate"]) == 1.0
