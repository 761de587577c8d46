"""The exact structure of the tied net against SciPy's integrator, and against reference numbers.

The numbers are literal: they were found with an independent program and are compared to the digits to
which they were noted.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import ortho_group

from simtheory import SIMTask, inits
from simtheory.analytic import tied
from tests.truth import tied_flow

ORACLE = 1e-9  # ten times what DOP853 holds at rtol = 1e-12 over these spans
T = np.linspace(0.0, 12.0, 121)
R = ortho_group.rvs(3, random_state=5)


def task_of(rates, **options) -> SIMTask:
    return SIMTask(mu=np.zeros(len(rates)), sigma=np.sqrt(rates), **options)


def flow(velocity: Callable[[np.ndarray], np.ndarray], U0: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return U(t), shape (T, *U0.shape), of U̇ = velocity(U)."""
    found = solve_ivp(
        lambda _, u: velocity(u.reshape(U0.shape)).ravel(), (0.0, t[-1]), U0.ravel(),
        method="DOP853", rtol=1e-12, atol=1e-15, t_eval=t,
    )  # fmt: skip
    assert found.success, found.message
    return found.y.T.reshape(-1, *U0.shape)


def squared(U: np.ndarray) -> np.ndarray:
    return U @ np.swapaxes(U, -1, -2)


def holds(found: np.ndarray, exact: np.ndarray, tolerance: float = ORACLE) -> None:
    """The forms agree, and doing nothing would not have."""
    np.testing.assert_allclose(found, exact, atol=tolerance, rtol=0)
    assert np.abs(exact[0] - exact).max() > 10 * tolerance


@pytest.mark.parametrize("h", [1, 2])
@pytest.mark.parametrize("rates", [(1.0, 0.5, 0.2), (2.0, 2.0, 0.0), (1.0, 0.999, 0.001)])
def test_a_projector_against_the_integrator(rates, h: int) -> None:
    task = task_of(rates, rotation=R)
    U0 = ortho_group.rvs(3, random_state=h)[:, :h]
    holds(
        tied.projector(task, U0, T).weights,
        tied_flow(task.second_moment, U0, T, rtol=1e-12),
    )


def test_blocks_against_the_integrator() -> None:
    task, rng = task_of((0.3, 1.0, 0.3, 1.0)), np.random.default_rng(0)
    U0 = np.zeros((4, 5))
    U0[[0, 2], :2] = 0.3 * rng.standard_normal((2, 2))
    U0[[1, 3], 2:] = 0.3 * rng.standard_normal((2, 3))
    holds(tied.blocks(task, U0, T).weights, tied_flow(task.second_moment, U0, T, rtol=1e-12))


@pytest.mark.parametrize("h", [1, 2, 5])
@pytest.mark.parametrize("levels", [(1.0, 0.5, 2.0), (2.8, -0.4, -1.9), (1.0, 0.0, -2.0)])
def test_a_target_on_whitened_inputs_against_the_integrator(levels, h: int) -> None:
    B, a = R @ np.diag(levels) @ R.T, 0.7
    U0 = 0.2 * np.random.default_rng(h).standard_normal((3, h))
    t = T / 2
    exact = squared(flow(lambda U: a * (B - U @ U.T) @ U, U0, t))
    holds(tied.whitened_teacher(B, U0, t, rate=a), exact)


def with_decay(A: np.ndarray, kappa: float) -> Callable[[np.ndarray], np.ndarray]:
    def velocity(U: np.ndarray) -> np.ndarray:
        AU = A @ U
        return AU - 0.5 * (U @ (U.T @ AU) + AU @ (U.T @ U)) - kappa * U

    return velocity


@pytest.mark.parametrize("kappa", [0.0, 0.1, 0.5, 1.5, 2.5])
def test_width_one_with_decay_against_the_integrator(kappa: float) -> None:
    task, u0 = task_of((0.3, 1.0, 2.0), rotation=R), np.array([0.3, -0.1, 0.02])
    exact = squared(flow(with_decay(task.second_moment, kappa), u0[:, None], T))
    holds(tied.rank_one_decay(task, u0, T, decay=kappa).weights, exact)
    if kappa > 0:  # power: without decay it is another curve
        assert np.abs(tied.rank_one(task, u0, T).weights - exact).max() > 10 * ORACLE


def test_width_one_without_decay_has_the_noted_entries() -> None:
    found = tied.rank_one_decay(task_of((1.0, 0.5)), [0.02, 0.05], [2.0, 4.0, 8.0], decay=0.0)
    u = np.array([[0.144527, 0.133795], [0.702673, 0.267168], [0.991524, 0.128693]])
    found_u = np.sqrt(np.diagonal(found.weights, axis1=1, axis2=2))
    np.testing.assert_allclose(found_u, u, atol=5e-7)


def test_width_one_without_decay_is_the_quadrature() -> None:
    """Rates, starts and times over many decades, where an integrator might step over a late rise."""
    rng = np.random.default_rng(0)
    for _ in range(60):
        d = rng.integers(1, 5)
        a = 10.0 ** rng.uniform(-6, 6) * (1.0 + 10.0 ** rng.uniform(-6, 2) * rng.random(d))
        u0 = rng.standard_normal(d) * 10.0 ** (-rng.choice([0.0, 3.0, 20.0, 80.0]) * rng.random(d))
        u0 *= rng.choice([0.9, 1e-2, 1e-8]) / np.linalg.norm(u0)
        t = np.geomspace(1e-9, 1.0, rng.choice([5, 60])) * 10.0 ** rng.uniform(-2, 7) / a.max()
        found = tied.rank_one_decay(task_of(a), u0, t, decay=0.0).weights
        exact = tied.rank_one(task_of(a), u0, t).weights
        np.testing.assert_allclose(found, exact, atol=ORACLE)


def test_modes_with_decay_against_the_integrator() -> None:
    a, kappa, b = np.array([2.0, 0.2, 0.5]), 0.5, np.array([1.0, 1.0, 1.2])
    U = flow(lambda u: a * (b - u**2) * u - kappa * u, np.full(3, 0.1), T)
    found = tied.decayed_mode(a, 0.01, T, decay=kappa, teacher=b).T
    holds(found, U**2)


def test_the_determinant_law_with_decay() -> None:
    """Simpson's rule for its speed along the flow, steps of 0.1: a few 1e-5 of 10."""
    from scipy.integrate import simpson

    task, kappa = task_of((0.3, 1.0, 2.0)), 0.25
    U0 = inits.torch_uniform((3, 3), scale=0.3, seed=233333)
    W = squared(flow(with_decay(task.second_moment, kappa), U0, T))
    speed = tied.decayed_log_det_rate(W, task.second_moment, decay=kappa)
    grown = np.diff(np.linalg.slogdet(W)[1][[0, -1]])[0]
    assert simpson(speed, x=T) == pytest.approx(grown, abs=1e-4)
    assert abs(simpson(tied.log_det_rate(W, task.second_moment), x=T) - grown) > 1.0


def test_eigenvalues_follow_their_law() -> None:
    """Central differences over 2h = 2e-3: error h² times the third derivative, and ORACLE/h."""
    A = R @ np.diag([0.3, 1.0, 2.0]) @ R.T
    U0, h = inits.torch_uniform((3, 3), scale=0.3, seed=1), 1e-3
    centres = np.linspace(0.5, 4.0, 8)
    t = np.concatenate([[0.0], np.sort(np.concatenate([centres - h, centres, centres + h]))])
    W = tied_flow(A, U0, t, rtol=1e-12)[1:]
    omega = np.linalg.eigvalsh(W)
    logit = np.log(omega / (1 - omega)).reshape(8, 3, 3)
    speed = (logit[:, 2] - logit[:, 0]) / (2 * h)
    found = tied.eigen_logit_rates(W[1::3], A)
    np.testing.assert_allclose(found, speed, atol=1e-5)
    # Power: the rates in falling order of the eigenvalues are not these speeds.
    assert np.abs(2 * np.linalg.eigvalsh(A) - speed).max() > 1e-2


def test_a_reflected_run_is_a_flow() -> None:
    """A start with I − W of rank one: solved by the mirror image of width one."""
    task = task_of((1.0, 0.5, 0.2), rotation=R)
    mirror = tied.reflect(tied.rank_one(task, [0.3, -0.1, 0.2], T))
    U0 = np.linalg.cholesky(mirror.weights[0])
    # The forward flow grows the rounding of the start along the unlearned direction.
    holds(mirror.weights, tied_flow(task.second_moment, U0, T, rtol=1e-12), 1e-8)


def test_the_logit_flow_keeps_the_digits_of_what_is_left() -> None:
    """Up to logits of 20: there W holds I − W to 1e-16/1e-9 only."""
    A, t = np.diag([0.6, 0.7, 0.8]), np.array([0.0, 5.0, 17.0])
    U0 = inits.torch_uniform((3, 3), scale=0.48, seed=3)
    W0 = U0 @ U0.T
    N = flow(lambda N: tied.logit_field(N, A), np.linalg.inv(np.eye(3) - W0), t)
    W = tied_flow(A, U0, t, rtol=1e-12)
    np.testing.assert_allclose(np.eye(3) - np.linalg.inv(N), W, atol=ORACLE)
    law = tied.det_law(A, W0, t)
    # ln det Y = ln det(N − I) = ln det W − ln det(I − W)
    kept = np.linalg.slogdet(N - np.eye(3))[1] - law
    lost = np.linalg.slogdet(W)[1] - np.linalg.slogdet(np.eye(3) - W)[1] - law
    assert abs(kept[-1]) < 1e-9
    assert abs(lost[-1]) > 1e-6


def test_the_laws_of_two_concepts() -> None:
    a = np.array([1.0, 0.37])
    W0 = np.array([[0.02, 0.013], [0.013, 0.03]])
    t = np.linspace(0.0, 6.0, 601)
    W = tied_flow(np.diag(a), np.linalg.cholesky(W0), t, rtol=1e-12)
    found = tied.plane_laws(W, a)
    np.testing.assert_allclose(found.log_ratio, found.log_ratio[0] + 2 * a.sum() * t, atol=1e-7)
    determinant = np.linalg.det(W)
    by_trace = tied.plane_determinant(np.trace(W, axis1=1, axis2=2), found.log_ratio)
    away = np.abs(found.log_ratio) > 0.1  # near R = 1 both sides are 0/0
    np.testing.assert_allclose(by_trace[away], determinant[away], atol=1e-8)
    assert np.abs(determinant - determinant[0]).max() > 0.1
    from scipy.integrate import cumulative_simpson

    grown = cumulative_simpson(found.tie_speed, x=t, initial=0.0)  # h⁴ = 1e-8
    np.testing.assert_allclose(found.log_tie, found.log_tie[0] + grown, atol=1e-6)
    assert np.abs(grown).max() > 1.0
    assert (np.sign(W[:, 0, 1]) == 1).all()
    half = float(tied.plane_halfway(W0, a))
    there = tied_flow(np.diag(a), np.linalg.cholesky(W0), np.array([0.0, half]), rtol=1e-12)[1]
    assert np.trace(there) == pytest.approx(1.0, abs=ORACLE)
    assert np.trace(W0) < 0.1


def test_two_concepts_move_as_the_hamiltonian_says() -> None:
    """Central differences over 2h = 2e-3: error h² times the third derivative, and ORACLE/h."""
    a, h, centres = np.array([1.0, 0.37]), 1e-3, np.linspace(0.5, 5.0, 10)
    U0 = np.linalg.cholesky(np.array([[0.02, -0.013], [-0.013, 0.03]]))
    t = np.sort(np.concatenate([[0.0], centres - h, centres, centres + h]))
    W = tied_flow(np.diag(a), U0, t, rtol=1e-12)[1:]
    found = tied.plane_hamiltonian(W, a)
    for value, speed in ((found.P, found.P_dot), (found.Q, found.Q_dot)):
        by_three = value.reshape(10, 3)
        slope = (by_three[:, 2] - by_three[:, 0]) / (2 * h)
        np.testing.assert_allclose(speed[1::3], slope, atol=1e-5)
        assert np.abs(slope).max() > 10 * 1e-5
    np.testing.assert_allclose(np.diff(found.tau), a.sum() * np.diff(t[1:]), atol=1e-7)
    # The energy moves by its clock alone: dH/dt = (a₁+a₂) ∂H/∂τ.
    pull = -0.5 * (a[0] - a[1]) * np.sinh(found.tau) / (np.cosh(found.tau) + np.cosh(found.P))
    energy = found.H.reshape(10, 3)
    slope = (energy[:, 2] - energy[:, 0]) / (2 * h)
    np.testing.assert_allclose(a.sum() * pull[1::3], slope, atol=1e-5)


def test_bounds_hold_along_the_flow_and_are_not_idle() -> None:
    task = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)
    U0 = inits.torch_uniform((3, 3), scale=0.1, seed=233333)
    t = np.linspace(0.0, 20.0, 401)
    W = tied_flow(task.second_moment, U0, t, rtol=1e-12)
    entries = np.diagonal(W, axis1=1, axis2=2)
    bound = tied.diagonal_bound(task, U0, t)
    assert (entries - bound).max() < ORACLE
    assert (bound - entries).max() < 0.9  # and it is not the trivial 1
    lowest = np.linalg.eigvalsh(W)[:, 0]
    floor = tied.eigenvalue_floor(task, U0, t)
    assert (floor - lowest).max() < ORACLE
    assert floor[-1] > 0.9
    # Power: with a rate of 1.2 times the smallest the floor would be broken.
    above = tied.mode(1.2 * task.rates.min(), lowest[0], t)
    assert (above - lowest).max() > 10 * ORACLE


@pytest.mark.parametrize("seed", range(12))
def test_every_start_of_full_rank_converges(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d = 2 + seed % 5
    task = task_of(rng.uniform(0.3, 2.0, d))
    U0 = 10.0 ** rng.uniform(-2, 0.5) * rng.standard_normal((d, d)) / np.sqrt(d)
    assert tied.learnable(task, U0).all()
    # The floor says when an accuracy of 1e-4 is reached for sure.
    start = min(np.linalg.svd(U0, compute_uv=False)[-1] ** 2, 0.5)
    end = float(tied.time_to_level(task.rates.min(), start, level=1 - 1e-5))
    W = tied_flow(task.second_moment, U0, np.array([0.0, end]), rtol=1e-8)
    assert tied.eigenvalue_floor(task, U0, [end])[0] > 1 - 1e-4
    assert np.abs(W[-1] - np.eye(d)).max() < 1e-4
    assert np.abs(W[0] - np.eye(d)).max() > 1e-2


RATES = (2.0, 1.0, 0.5, 0.25)
PARALLEL = [[1.0, 0.3], [0.5, 0.15], [0.2, 0.6], [0.3, 0.2]]
APART = [[1.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.4, 0.3], [0.0, 0.1, 0.6]]
ZERO_ROW = [[0.0, 0.0], [0.4, 0.3], [0.2, -0.3], [0.1, 0.5]]


@pytest.mark.parametrize(
    ("rows", "learned"),
    [
        (PARALLEL, [True, True, False, False]),
        (APART, [True, False, True, True]),
        (ZERO_ROW, [False, True, True, False]),
    ],
)
def test_what_a_start_of_deficient_rank_learns(rows, learned) -> None:
    """The second row depends on the first by chance; two groups; a strong concept with no weight."""
    task, U0 = task_of(RATES), 0.3 * np.array(rows)
    assert tied.learnable(task, U0).tolist() == learned
    W = tied_flow(task.second_moment, U0, np.array([0.0, 200.0]), rtol=1e-10)[-1]
    np.testing.assert_allclose(W, np.diag(np.array(learned, dtype=float)), atol=1e-6)


def test_descent_of_finite_step_has_the_noted_errors() -> None:
    """Largest error of the times on the way from 0.001, in canonical time."""
    noted = {
        0.1: (0.294, 0.0527, 0.0244),
        0.05: (0.146, 0.0136, 0.0062),
        0.025: (0.072, 0.0034, 0.0016),
    }
    for eta, (flow_far, far, near) in noted.items():
        u = [np.sqrt(1e-3)]
        while u[-1] ** 2 < 0.9999:
            u.append(u[-1] * (1 + eta * (1 - u[-1] ** 2)))
        w, steps = np.square(u), eta * np.arange(len(u))
        on_the_way = w < 0.9999
        modified = np.abs(tied.modified_time(1.0, 1e-3, w, step=eta) - steps)
        plain = np.array([float(tied.time_to_level(1.0, 1e-3, level=x)) for x in w]) - steps
        assert modified[on_the_way].max() == pytest.approx(far, rel=0.02)
        assert np.abs(plain[on_the_way]).max() == pytest.approx(flow_far, rel=0.01)
        assert modified[: np.argmax(w >= 0.99) + 1].max() == pytest.approx(near, abs=5e-5)
        assert flow_far > 5 * far
