"""One layer and its optimisers on hostile input: right, or a clear refusal; never NaN."""

from __future__ import annotations

import mpmath
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simtheory import SIMTask
from simtheory.analytic import descent, one_layer
from simtheory.errors import ArgumentError, RegimeError
from tests.properties.strategies import rates, scales, seeds, tasks

times = st.floats(-6.0, 6.0).map(
    lambda x: np.concatenate([[0.0], np.geomspace(1e-9, 1.0, 12)]) * 10.0**x
)
momenta = st.one_of(
    st.just(0.0), st.floats(1e-8, 0.99), st.floats(-12, -2).map(lambda x: 1 - 10**x)
)
sizes = st.integers(1, 5)
ROUNDING = 1e-12


def exact_error(x: float, beta: float, k: int, *, nesterov: bool) -> list[mpmath.mpf]:
    """The optimiser's own loop on 60 digits, of the last two steps."""
    with mpmath.workdps(60):
        x, beta = mpmath.mpf(x), mpmath.mpf(beta)
        error, velocity, before = mpmath.mpf(1), mpmath.mpf(0), mpmath.mpf(1)
        for _ in range(k):
            before = error
            velocity = beta * velocity + x * error
            error = error - (x * error + beta * velocity if nesterov else velocity)
        return [before, error]


@given(st.floats(-16.0, 0.7), momenta, st.integers(0, 60), st.booleans())
def test_momentum_of_any_strength(log_x: float, beta: float, k: int, nesterov: bool) -> None:
    x = 10.0**log_x
    found = descent.error(x, [k], lr=1.0, momentum=beta, nesterov=nesterov)[0]
    before, exact = exact_error(x, beta, k, nesterov=nesterov)
    # Relative to its envelope. A root near zero is known to eps over itself, and where it meets
    # the other one to √eps: both weigh on a few steps only.
    size = max(abs(float(before)), abs(float(exact)), 1e-300)
    assert abs(found - float(exact)) <= 1e-9 * size


@given(sizes.flatmap(tasks), st.floats(-9, 2), momenta, st.booleans(), st.integers(0, 10**9))
def test_descent_is_finite_or_refused(task, log_step, beta, nesterov, k) -> None:
    lr = 10.0**log_step / max(task.rates.max(), 1e-300)
    W0 = np.random.default_rng(0).standard_normal((task.dim, task.dim))
    try:
        run = descent.solution(task, W0, [k], lr=min(lr, 1e300), momentum=beta, nesterov=nesterov)
    except RegimeError:
        # Stable steps are never refused: the tighter of the two bounds is 2(1+β)/(1+2β) > 4/3.
        assert 10.0**log_step > 4 / 3 * (1 - ROUNDING)
        return
    except ArgumentError:
        # Times beyond float64 only: with rates of zero the learning rate is up to 1e300.
        assert min(lr, 1e300) / (1 - beta) * max(k, 1) > 1e305
        return
    if 10.0**log_step < 1.0:
        missing, start = np.eye(task.dim) - run.weights[0], np.eye(task.dim) - W0
        # Momentum rings from rest, but never beyond a few times the start.
        assert np.abs(missing).max() <= 3.0 * np.abs(start).max()


@given(sizes.flatmap(lambda d: st.tuples(rates(d), seeds)), scales, times, st.booleans())
def test_any_target_stays_between_start_and_target(problem, decay, t, dense) -> None:
    a, seed = problem
    rng, d = np.random.default_rng(seed), a.size
    Q = np.linalg.qr(rng.standard_normal((d, d)))[0] if dense else np.eye(d)
    A = (Q * a) @ Q.T
    A = 0.5 * (A + A.T)
    W0 = rng.standard_normal((d, d))
    found = one_layer.general(A, A, W0, t, decay=decay * a.max())
    assert np.all(np.isfinite(found))
    np.testing.assert_allclose(found[0], W0, atol=ROUNDING)
    # Along an eigenvector W runs from W(0) to a/(a+γ) ≤ 1 and never leaves the way between.
    assert np.all(np.linalg.norm(found, 2, axis=(1, 2)) <= np.linalg.norm(W0, 2) + 1 + 1e-9)


@given(sizes.flatmap(tasks), seeds, st.floats(0, 1e3), times)
def test_a_bias_never_makes_the_loss_grow(task, seed, signal, t) -> None:
    rng, d = np.random.default_rng(seed), task.dim
    task = SIMTask(mu=signal * rng.random(d), sigma=task.sigma)
    W0, b0 = rng.standard_normal((d, d)), rng.standard_normal(d)
    run = one_layer.affine(task, W0, t, bias=b0)
    left = np.concatenate([run.arrays["map"] - np.eye(d), run.arrays["bias"][..., None]], axis=-1)
    M = np.block([[task.second_moment, task.mean[:, None]], [task.mean, 1.0]])
    loss = 0.5 * np.einsum("tij,jk,tik->t", left, M, left)
    # eps in the map costs eps ‖M‖ in the loss, once by itself and once beside what is left.
    slack = 1e-13 * np.trace(M) * (1 + np.abs(left).max()) ** 2
    assert np.all(np.diff(loss) <= slack)
    values = one_layer.affine_rates(task).rates
    assert np.all(values >= 0)
    np.testing.assert_allclose(values.sum(), np.trace(M), rtol=1e-12)


@given(
    sizes.flatmap(tasks), seeds, st.floats(-6, 1), st.integers(1, 10**6), st.integers(0, 10**9),
    st.floats(0, 10),
)  # fmt: skip
def test_sgd_moments_are_positive_or_refused(task, seed, log_step, batch, k, noise) -> None:
    rng, d = np.random.default_rng(seed), task.dim
    task = SIMTask(mu=np.sqrt(task.rates * rng.random(d)), sigma=task.sigma)
    largest = task.rates.max()
    lr = min(10.0**log_step / max(largest, 1e-300), 1e100)
    W0 = rng.standard_normal((d, d))
    try:
        found = descent.sgd_moments(task, W0, [0, k + 1], lr=lr, batch=batch, label_noise=noise)
    except RegimeError:
        assert 10.0**log_step > 0.01  # trace bound: η E|x|² < 2 is stable; here E|x|² ≤ 25 a_max
        return
    assert np.all(found.loss >= -1e-12 * found.loss[0])
    values = np.linalg.eigvalsh(found.moment)
    assert np.all(values[:, 0] >= -1e-9 * np.maximum(values[:, -1], 1e-300))


@given(sizes.flatmap(tasks), st.floats(-8, 0), st.floats(-5, 5), st.booleans())
def test_adam_takes_one_curve_for_all_rates(task, log_lr, start, tied) -> None:
    run = descent.adam(task, start * np.eye(task.dim), range(50), lr=10.0**log_lr, tied=tied)
    curve = np.diagonal(run.weights, axis1=1, axis2=2)[:, task.rates > 0]
    assert np.all(np.isfinite(run.weights))
    assert np.all(curve == curve[:, :1])


@given(st.floats(-1e3, 1e3), st.floats(-8, 3), st.integers(0, 10**9))
def test_sign_descent_ends_within_a_step(start, log_lr, k) -> None:
    lr = 10.0**log_lr
    found = descent.sign_descent(start, [k], lr=lr)[0]
    walked = min(k * lr, abs(1.0 - start))
    assert abs(abs(1.0 - found) - (abs(1.0 - start) - walked)) <= lr * (1 + 1e-9) + 1e-9
