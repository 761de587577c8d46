"""The paper's statements on hostile input: finite or infinite as they say, never NaN."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simtheory import SIMTask
from simtheory.analytic import tied, yang2024
from simtheory.errors import ArgumentError
from tests.properties.strategies import rates, starts

problems = st.integers(1, 5).flatmap(lambda d: st.tuples(rates(d), starts(d)))
positive = st.floats(-6.0, 3.0).map(lambda x: 10.0**x)


@given(problems, positive, positive)
def test_growth_and_noise_are_bounded_by_input_and_start(problem, t, level) -> None:
    a, U = problem
    task = SIMTask(mu=np.zeros(a.size), sigma=np.sqrt(a))
    z = level * np.ones(a.size)
    growth, noise = yang2024.theorem_4_1(task, U @ U.T, [0.0, t, 1e9 * t], probe=z)
    assert np.all((growth >= 0) & (growth <= level))
    assert np.abs(noise).max() <= level * a.size
    np.testing.assert_allclose(noise[0], U @ U.T @ z, rtol=1e-12, atol=1e-14 * level * a.size)


@given(problems)
def test_the_interaction_takes_from_the_diagonal(problem) -> None:
    a, U = problem
    terms = tied.field_terms(U @ U.T, a)
    assert np.diagonal(terms.interaction).min() >= 0.0
    assert all(np.isfinite(term).all() for term in terms)


@given(problems, positive)
def test_every_assumption_has_an_answer(problem, lr) -> None:
    a, U = problem
    found = yang2024.assumption_check(a, U @ U.T, lr=lr)
    for each in found.assumptions:
        assert not np.isnan([each.value, each.limit, each.excess]).any(), each
        assert each.holds == (each.excess <= 1.0), each
    assert str(found)
    assert found.log10_omega_max < -10
    d1 = found.assumptions[0]
    assert d1.holds == bool(a.min() > 0 and (U @ U.T != 0).all())


@given(problems, positive, st.floats(0.0, 1e6), st.floats(1.01, 5.0))
def test_bounds_bracket_the_start_and_never_overflow(problem, lr, steps, kappa) -> None:
    a, U = problem
    W0 = np.abs(U @ U.T)
    if a.min() == 0 or W0.min() == 0:
        with pytest.raises(ArgumentError, match="positive rates and a W"):
            yang2024.appendix_bounds(a, W0, [0.0], lr=lr)
        return
    found = yang2024.appendix_bounds(a, W0, [0.0, 1.0 + steps], lr=lr, kappa=kappa)
    assert not np.isnan(found.upper).any()
    assert np.all(found.lower <= found.upper)
    np.testing.assert_array_equal(found.upper[0], W0)


def test_constants_out_of_range_are_refused() -> None:
    with pytest.raises(ArgumentError, match="`kappa` must be larger than 1"):
        yang2024.appendix_bounds((1.0, 0.5), np.ones((2, 2)), [0.0], lr=0.1, kappa=0.9)
    with pytest.raises(ArgumentError, match="`lr` must be a positive number"):
        yang2024.assumption_check((1.0, 0.5), np.ones((2, 2)), lr=0.0)
    with pytest.raises(ArgumentError, match="`rates`"):
        yang2024.assumption_check((1.0, -0.5), np.ones((2, 2)), lr=0.1)
