"""The further forms of the tied net on hostile input: right, or a clear refusal; never NaN."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from simtheory import SIMTask
from simtheory.analytic import tied
from simtheory.errors import RegimeError, ShapeError
from tests.properties.strategies import scales, seeds, starts, tasks

times = st.floats(-6.0, 6.0).map(
    lambda x: np.concatenate([[0.0], np.geomspace(1e-9, 1.0, 8)]) * 10.0**x
)
problems = st.integers(1, 4).flatmap(lambda d: st.tuples(tasks(d), starts(d)))

ROUNDING = 1e-12  # a few d² eps of slack on quantities of size one


def evaluated(function, *arguments, **options):
    """Call a face outside its regime too; only the refusals of `strict` are silenced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, strict=False, **options).weights


@given(problems, times)
def test_the_schur_form_starts_at_the_start_and_stays_bounded(problem, t) -> None:
    task, U = problem
    W0, weights = U @ U.T, evaluated(tied.schur, task, U, t)
    size = np.sqrt(np.outer(np.diag(W0), np.diag(W0)))
    assert np.all(np.abs(weights[0] - W0) <= 1e-12 * size)
    diagonal = np.diagonal(weights, axis1=1, axis2=2)
    assert diagonal.min() >= 0.0
    assert diagonal.max() <= 1.0 + ROUNDING
    assert np.abs(weights - np.swapaxes(weights, 1, 2)).max() == 0.0


@given(problems, times, seeds)
def test_the_schur_form_does_not_mind_the_order_of_concepts(problem, t, seed) -> None:
    task, U = problem
    assume(np.unique(task.rates).size == task.dim)  # equal rates keep the order they come in
    order = np.random.default_rng(seed).permutation(task.dim)
    other = SIMTask(mu=np.zeros(task.dim), sigma=task.sigma[order])
    direct = evaluated(tied.schur, task, U, t)[:, order][:, :, order]
    found = evaluated(tied.schur, other, U[order], t)
    np.testing.assert_allclose(found, direct, rtol=1e-9, atol=1e-12)


@given(problems, times)
def test_the_correction_only_takes(problem, t) -> None:
    task, U = problem
    found = tied.diagonal_correction(task, U, t)
    assert np.isfinite(found).all()
    assert found.max() <= 0.0
    assert np.all(found[0] == 0.0)
    weights = evaluated(tied.second_order, task, U, t)
    below = np.diagonal(evaluated(tied.first_order, task, U, t), axis1=1, axis2=2)
    assert np.all(np.diagonal(weights, axis1=1, axis2=2) <= below)


@given(problems, times)
def test_the_early_correction_is_the_correction_while_it_is_early(problem, t) -> None:
    task, U = problem
    i, j = int(np.argmax(task.rates)), int(np.argmin(task.rates))
    # Below a ratio of 1e-6 the hypergeometric bracket has lost its digits against the quadrature.
    assume(1e-6 * task.rates[i] < task.rates[j] < 0.999 * task.rates[i])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = tied.early_correction(task, U, t, i=i, j=j, strict=False)
    assert np.isfinite(found).all()
    pair = SIMTask(mu=np.zeros(2), sigma=task.sigma[[i, j]])
    whole = tied.diagonal_correction(pair, U[[i, j]], t)[:, 0]
    small = tied.mode(pair.rates[1], np.sum(U[j] ** 2), t) < 0.01
    share = pair.rates[0] / pair.rates[1]
    # It leaves out D_j^(−3/2−a_i/2a_j), and loses eps over a_j t, at first, of what it subtracts.
    bound = (3.0 + share) * 0.01 * np.abs(whole) + 1e-13 * (1 + share) * np.sum(U[i] ** 2)
    assert np.all(np.abs(found - whole)[small] <= bound[small])


@example((SIMTask(mu=(0.0,), sigma=10.0), np.zeros((1, 1))), np.array([0.0, 1.0]), 0, 0.0)
@given(problems, times, seeds, st.floats(0.0, 2.0))
def test_any_target_and_decay_is_finite_and_ends_where_it_says(problem, t, seed, decay) -> None:
    task, U = problem
    B = np.random.default_rng(seed).choice([-2.0, 0.0, 1e-9, 0.5, 1.0, 30.0], task.dim)
    kappa = decay * float(task.rates.max())
    weights = evaluated(tied.first_order_teacher, task, U, t, teacher=B, decay=kappa)
    diagonal = np.diagonal(weights, axis1=1, axis2=2)
    W0 = U @ U.T
    assert diagonal.min() >= 0.0
    assert diagonal.max() <= max(B.max(), np.diag(W0).max()) + ROUNDING
    np.testing.assert_allclose(diagonal[0], np.diag(W0), rtol=1e-12)


@given(problems, times)
def test_the_identity_without_decay_is_the_first_order_form(problem, t) -> None:
    task, U = problem
    found = evaluated(tied.first_order_teacher, task, U, t)
    # Exponents of size a t are known to eps of that; where they are large the entry has faded.
    np.testing.assert_allclose(found, evaluated(tied.first_order, task, U, t), rtol=1e-9, atol=1e-9)


@given(st.floats(-8.0, -0.01), scales, st.floats(-8.0, 0.0), seeds)
def test_the_top_of_the_bump_is_finite_or_refused(log_ratio, scale, log_tilt, seed) -> None:
    task = SIMTask(mu=(1.0, 10.0 ** (0.5 * log_ratio)), sigma=0.0)
    rng = np.random.default_rng(seed)
    U = 0.5 * scale * np.array([[1.0, 0.0], [1.0, 10.0**log_tilt]]) * rng.choice([-1, 1], (2, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if U[0, 0] * U[1, 0] < 0:
            with pytest.raises(RegimeError, match="lean"):
                tied.bump_top(task, U, strict=False)
            return
        top = tied.bump_top(task, U, strict=False)
    assert np.isfinite(top.time)
    assert np.isfinite(top.loss)
    assert top.loss >= 0.0


def test_refusals_say_what_to_do() -> None:
    task, leaning = SIMTask(mu=(1.0, 1.05), sigma=0.0), 0.3 * np.ones((2, 2)) + 0.1 * np.eye(2)
    with pytest.raises(RegimeError, match=r"use `tied\.pivots`"):
        tied.schur(task, leaning, [0.0, 1.0])
    with pytest.raises(RegimeError, match=r"second-order .* cosines"):
        tied.second_order(task, leaning, [0.0, 1.0])
    with pytest.raises(RegimeError, match=r"first-order .* cosines"):
        tied.first_order_teacher(task, leaning, [0.0, 1.0])
    with pytest.raises(RegimeError, match=r"ratio of at most 0\.45"):
        tied.bump_top(task, 0.1 * leaning)
    with pytest.raises(RegimeError, match="0 < a_j < a_i"):
        tied.early_correction(task, leaning, [0.0, 1.0], i=0, j=1)
    with pytest.raises(RegimeError, match=r"weaker concept below 0\.01"):
        tied.early_correction(task, leaning, [0.0, 1.0], i=1, j=0)
    with pytest.raises(RegimeError, match="two distinct rates"):
        tied.bump_top(SIMTask(mu=(1.0, 1.0), sigma=0.0), 0.1 * leaning)
    with pytest.raises(ShapeError, match="two concepts"):
        tied.bump_top(SIMTask(mu=(1.0, 2.0, 3.0), sigma=0.0), np.eye(3))
    with pytest.raises(ValueError, match="`decay`"):
        tied.first_order_teacher(task, np.eye(2), [0.0, 1.0], decay=-1.0)
    with pytest.raises(ShapeError, match="`teacher`"):
        tied.first_order_teacher(task, np.eye(2), [0.0, 1.0], teacher=(1.0, 2.0, 3.0))
    with pytest.raises(ValueError, match="`j` must be a coordinate"):
        tied.early_correction(task, leaning, [0.0, 1.0], i=1, j=2)
