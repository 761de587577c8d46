"""The tied net's closed forms on hostile input: right, or a clear refusal; never NaN."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simtheory import SIMTask
from simtheory.analytic import tied
from simtheory.errors import RegimeError
from tests.properties.strategies import rates, seeds, starts, tasks

times = st.floats(-6.0, 6.0).map(
    lambda x: np.concatenate([[0.0], np.geomspace(1e-9, 1.0, 12)]) * 10.0**x
)
problems = st.integers(1, 5).flatmap(lambda d: st.tuples(tasks(d), starts(d)))

ROUNDING = 1e-12  # a few d² eps of slack on quantities of size one


def evaluated(function, *arguments):
    """Call a face outside its regime too; only the refusals of `strict` are silenced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, strict=False).weights


@given(problems, times)
def test_pivots_stay_between_zero_and_the_identity(problem, t) -> None:
    task, U = problem
    weights = evaluated(tied.pivots, task, U, t)
    values = np.linalg.eigvalsh(weights)
    assert values.min() >= -ROUNDING
    assert values.max() <= 1.0 + 1e-9  # W = Z ᵀZ, orthonormal up to the conditioning of its factor


@given(problems, times)
def test_pivots_start_at_the_start(problem, t) -> None:
    task, U = problem
    W0 = U @ U.T
    start = evaluated(tied.pivots, task, U, t)[0]
    size = np.sqrt(np.outer(np.diag(W0), np.diag(W0)))
    # Relative to each entry's bound; near W = I, I − W(0) is known to eps/(1 − w) only.
    assert np.all(np.abs(start - W0) <= 1e-10 * size)


@given(problems, times, seeds)
def test_pivots_do_not_mind_the_order_of_concepts(problem, t, seed) -> None:
    task, U = problem
    assume(np.unique(task.rates).size == task.dim)  # equal rates keep the order they come in
    order = np.random.default_rng(seed).permutation(task.dim)
    other = SIMTask(mu=np.zeros(task.dim), sigma=task.sigma[order])
    direct = evaluated(tied.pivots, task, U, t)[:, order][:, :, order]
    np.testing.assert_allclose(evaluated(tied.pivots, other, U[order], t), direct, atol=1e-9)


@given(problems, times)
def test_first_order_is_finite_and_its_diagonal_bounded(problem, t) -> None:
    task, U = problem
    weights = evaluated(tied.first_order, task, U, t)
    diagonal = np.diagonal(weights, axis1=1, axis2=2)
    assert diagonal.min() >= 0.0
    assert diagonal.max() <= 1.0 + ROUNDING
    assert np.abs(weights).max() <= 1.0 + ROUNDING


@given(problems)
def test_learning_times_are_finite_for_what_can_be_learned(problem) -> None:
    task, U = problem
    pivots, found = tied.logit_pivots(task, U), tied.learning_times(task, U)
    lost = (pivots == 0) | (task.rates == 0)
    assert np.all(np.isinf(found) == lost)
    assert not np.isnan(found).any()


@given(st.integers(1, 5).flatmap(lambda d: st.tuples(st.floats(-6, 6), starts(d))), times)
def test_isotropic_and_pivots_agree_when_the_rates_are_equal(problem, t) -> None:
    level, U = problem
    task = SIMTask(mu=np.zeros(len(U)), sigma=10.0 ** (0.5 * level))
    exact = tied.isotropic(task, U, t).weights
    # Late in learning a small pivot or eigenvalue is the whole: both are known to eps over the share
    # of its row, or of the largest, that is not cancelled. Starts that leave less are not compared.
    rows, sizes = np.sum(U**2, axis=1), np.linalg.svd(U, compute_uv=False)
    pivots = tied.logit_pivots(task, U)
    shares = (pivots / np.where(rows > 0, rows, 1.0))[pivots > 0]
    held = sizes[sizes > 1e-13 * sizes[0]] / max(sizes[0], 1e-300)
    assume(shares.min(initial=1.0) > 1e-8 and held.min(initial=1.0) > 1e-8)
    np.testing.assert_allclose(evaluated(tied.pivots, task, U, t), exact, atol=1e-6)


@given(st.integers(1, 5).flatmap(lambda d: st.tuples(rates(d), seeds)), st.floats(-8, -0.01), times)
def test_rank_one_is_a_shrinking_direction_of_length_below_one(problem, log_scale, t) -> None:
    a, seed = problem
    u0 = np.random.default_rng(seed).standard_normal(a.size)
    u0 *= 10.0**log_scale / np.linalg.norm(u0)
    task = SIMTask(mu=np.zeros(a.size), sigma=np.sqrt(a))
    weights = tied.rank_one(task, u0, t).weights
    length = np.trace(weights, axis1=1, axis2=2)
    assert np.all(length <= 1.0 + ROUNDING)
    assert np.all(np.diff(length) >= -1e-10)  # g' = 2g(1−g)/(2−g)·φ'/φ ≥ 0
    np.testing.assert_allclose(weights[0], np.outer(u0, u0), rtol=1e-12, atol=0)


@given(st.floats(-6, 6), st.floats(-16, -1e-4), times)
def test_a_mode_of_any_rate_never_overflows(log_rate, log_start, t) -> None:
    w = tied.mode(10.0**log_rate, 10.0**log_start, t)
    assert np.all((w >= 0) & (w <= 1))
    assert np.all(np.diff(w) >= -1e-15)


@given(st.integers(1, 4).flatmap(starts), st.floats(1.0, 3.0))
def test_pivots_refuse_a_start_beyond_the_identity(U, factor) -> None:
    norm = np.linalg.norm(U, 2)
    assume(norm > 0)
    task = SIMTask(mu=np.arange(1.0, len(U) + 1), sigma=0.1)
    for strict in (True, False):
        with pytest.raises(RegimeError, match=r"W\(0\) < I"):
            tied.pivots(task, U / norm * factor, [0.0, 1.0], strict=strict)
