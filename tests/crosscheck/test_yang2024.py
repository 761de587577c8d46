"""The paper's statements against SciPy, a recurrence stepped by hand, and reference numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import ortho_group

from simtheory import SIMTask, inits, observe
from simtheory.analytic import one_layer, tied, yang2024
from simtheory.analytic.symbolic import STATEMENTS
from simtheory.errors import ArgumentError, ShapeError
from simtheory.sim import Tied, solve
from simtheory.tasks import yang2024 as figures

T = np.linspace(0.0, 6.0, 25)


@pytest.mark.parametrize("turned", [False, True])
def test_theorem_4_1_is_the_flow_and_the_printed_sum_is_not(turned: bool) -> None:
    rotation = ortho_group.rvs(4, random_state=2) if turned else None
    task = SIMTask(mu=(1.0, 1.5), sigma=0.1, dim=4, rotation=rotation)
    rng = np.random.default_rng(5)
    W0, z = rng.standard_normal((4, 4)), rng.standard_normal(4)
    growth, noise = yang2024.theorem_4_1(task, W0, T, probe=z)
    A = task.second_moment
    exact = np.array([z + (W0 - np.eye(4)) @ expm(-A * t) @ z for t in T])
    np.testing.assert_allclose(growth + noise, exact, atol=1e-13)
    run = one_layer.solution(task, W0, T, probes=[z])
    np.testing.assert_allclose(growth + noise, run.outputs[:, 0], atol=1e-13)
    # The sum of the printed equation stops at the second concept.
    R = np.eye(4) if rotation is None else rotation
    inside = R[:, :2] @ R[:, :2].T
    stopped = yang2024.theorem_4_1(task, W0, T, probe=inside @ z)
    printed = growth + stopped.noise
    assert np.abs(printed - exact).max() > 0.1
    within = one_layer.solution(task, W0, T, probes=[inside @ z]).outputs[:, 0]
    np.testing.assert_allclose(stopped.growth + stopped.noise, within, atol=1e-13)


def test_theorem_4_1_takes_an_ensemble_and_refuses_another_shape() -> None:
    task = SIMTask(mu=(1.0, 1.5), sigma=0.1)
    W0 = np.random.default_rng(0).standard_normal((3, 5, 2, 2))
    whole = yang2024.theorem_4_1(task, W0, T)
    assert whole.growth.shape == whole.noise.shape == (3, 5, T.size, 2)
    alone = yang2024.theorem_4_1(task, W0[1, 2], T)
    np.testing.assert_allclose(whole.noise[1, 2], alone.noise, rtol=1e-13)
    with pytest.raises(ShapeError, match="`probe`"):
        yang2024.theorem_4_1(task, W0, T, probe=(1.0, 2.0, 3.0))


def test_the_three_forces_are_the_field() -> None:
    rng = np.random.default_rng(3)
    for d in (1, 2, 5):
        W = rng.standard_normal((7, d, d))
        W, a = W @ np.swapaxes(W, 1, 2), rng.random(d)
        growth, suppression, interaction = tied.field_terms(W, a)
        field = tied.field(W, np.diag(a))
        size = np.abs(growth).max() + np.abs(suppression).max() + np.abs(interaction).max()
        np.testing.assert_allclose(growth - suppression - interaction, field, atol=1e-13 * size)
        assert np.diagonal(interaction, axis1=1, axis2=2).min() >= 0.0
        if d > 1:  # power: the interaction is not small change
            assert np.abs(growth - suppression - field).max() > 1e-2 * size


# ratio of the rates, dimension; decimal logarithm of the largest start, for K = 20 and kappa = 1.1
STARTS = [(0.1, 2, -62), (0.2, 2, -70), (0.3, 2, -81), (0.1, 64, -86)]


@pytest.mark.parametrize(("rho", "d", "noted"), STARTS)
def test_how_small_a_start_the_assumptions_need(rho: float, d: int, noted: int) -> None:
    stated = STATEMENTS["assumption-check"].evaluate(
        rho=rho, gamma=1.0 / rho, d=d, beta=1.0, kappa=1.1, K=20.0, alpha=1.0
    )
    assert round(float(np.log10(float(stated["omega_max"])))) == noted
    if d == 2:
        found = yang2024.assumption_check((1.0, rho), np.ones((2, 2)), lr=1e-4)
        assert round(found.log10_omega_max) == noted
        # Any larger kappa asks for less still.
        other = yang2024.assumption_check((1.0, rho), np.ones((2, 2)), lr=1e-4, kappa=1.2)
        assert other.log10_omega_max < found.log10_omega_max


def test_the_figures_do_not_meet_them() -> None:
    setup = figures.figure_10(convention="released")
    U0 = inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)
    found = yang2024.assumption_check(setup.task.rates, U0 @ U0.T, lr=0.01)
    assert found.eta_max == pytest.approx(0.0006, abs=2e-5)
    assert not found.holds
    assert repr(found) == "AssumptionCheck(fails D.2, D.4, D.5)"
    text = " ".join(str(found).split())
    assert "FAILS: eta is at most 1/(9 K gamma alpha), but 0.01 is 16.2 times" in text
    assert "<table>" in found._repr_html_()
    step = next(each for each in found.assumptions if each.name == "D.2")
    assert step.excess == pytest.approx(0.01 / found.eta_max)


def lawful() -> tuple[np.ndarray, np.ndarray, float, float]:
    """Return rates, a start, a step and a P that meet all the assumptions, with 5 % to spare."""
    rates = np.array([1.0, 0.1])
    stated = STATEMENTS["assumption-check"].evaluate(
        rho=0.1, gamma=10.0, d=2, beta=1.002, kappa=1.1, K=20.0, alpha=0.1
    )
    P, omega = 1.05 * float(stated["P_min"]), float(stated["omega_max"]) / 1.05
    return rates, omega * np.array([[1.001, 1.0], [1.0, 1.001]]), 0.999 / 180.0, P


def test_a_run_that_meets_them_keeps_every_bound() -> None:
    """A start of 1e-62, which only the recurrence on W can be run from."""
    rates, W, lr, P = lawful()
    found = yang2024.assumption_check(rates, W, lr=lr, P=P)
    assert found.holds, found
    assert repr(found) == "AssumptionCheck(holds)"
    assert "FAILS" not in str(found)
    steps = np.arange(0.0, 16000.0, 1000.0)  # the strong concept is learned at 12 800
    bounds = yang2024.appendix_bounds(rates, W, steps, lr=lr, P=P)
    seen, tie = [], []
    for k in range(16000):
        if k % 1000 == 0:
            seen.append(W)
        tie.append(W[0, 1])
        forces = W * rates + W * rates[:, None]
        W = W + lr * (forces - 0.5 * (forces @ W + W @ forces))
    sizes = np.abs(seen)
    assert np.all(sizes <= bounds.upper)
    assert np.all(sizes >= bounds.lower)
    assert bounds.floor <= sizes[-1, 0, 0] <= bounds.ceiling
    assert max(tie) < P * found.beta * found.omega
    # Power: bounds without growth, or with that of the other concept, do not hold.
    assert sizes[4, 0, 0] > 10 * sizes[0, 0, 0]
    assert sizes[4, 0, 0] > 10 * bounds.upper[4, 1, 1]
    assert bounds.lower[4, 0, 0] > 10 * sizes[4, 1, 1]
    # Lemma D.7, from the moment at which the strong concept passes 0.8.
    passed = next(k for k in range(16) if sizes[k, 0, 0] > 0.8)
    assert np.all(
        sizes[passed:, 0, 1] <= yang2024.suppression_cap(sizes[passed, 0, 1], found.omega)
    )


def test_lemma_d_4_on_an_isolated_mode() -> None:
    """A mode below the level 1/2 grows at least so fast; the bound is not far from it."""
    a, lr, w, k = 0.7, 1e-3, 0.1, 0
    while w < 0.5:
        w, k = w + lr * 2 * a * w * (1 - w), k + 1
    least = yang2024.growth_below(a, k - 1, lr=lr, level=0.5)
    assert 1.5 < least < 5.0
    assert yang2024.growth_below(1e6, 1e6, lr=1.0, level=0.5) == np.inf
    with pytest.raises(ArgumentError, match="`level`"):
        yang2024.growth_below(a, 1.0, lr=lr, level=1.0)


def test_the_stated_bound_of_the_interaction_needs_the_square_of_p() -> None:
    """Entries at P beta omega, which the assertion allows, exceed 2 P gamma alpha d (beta omega)²."""
    d, P, omega = 4, 10.0, 1e-3
    W0 = omega * np.ones((d, d))
    bounds = yang2024.appendix_bounds(np.ones(d), W0, [0.0], lr=1e-3, P=P)
    interaction = tied.field_terms(P * W0, np.ones(d)).interaction
    assert interaction[0, 1] > bounds.interaction
    assert interaction[0, 1] <= P * bounds.interaction


def test_the_hierarchy_holds_for_one_layer_from_zero_and_fails_in_the_swing_by() -> None:
    setup = figures.figure_5()
    t = np.linspace(0.0, 10.0, 2001)
    layer = one_layer.solution(setup.task, np.zeros((3, 3)), t)
    stated = yang2024.vertex_losses(setup.task, t)
    vertices = [(0, 0), (0, 1), (1, 0), (1, 1)]
    for k, v in enumerate(vertices):
        assert np.abs(stated[k] - observe.loss(layer, vertex=v)).max() < 1e-14  # a few eps of 1.6
    assert not observe.hierarchy_violation(layer).any()
    # Reference: loss(1, 1) < loss(1, 0) from t = 2.05 on, by up to .19, rates as stated.
    U0 = inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)
    run = solve(Tied(), setup.task, U0, t)
    gap = observe.loss(run, vertex=(1, 0)) - observe.loss(run)
    assert t[np.flatnonzero(gap > 0)[0]] == pytest.approx(2.05, abs=0.015)
    assert gap.max() == pytest.approx(0.19, abs=0.01)
    assert (observe.hierarchy_violation(run) >= gap).all()


def test_the_recurrence_leaves_out_the_stated_term() -> None:
    rng = np.random.default_rng(3)
    root = rng.standard_normal((3, 3))
    A, U, eta = root @ root.T, 0.5 * rng.standard_normal((3, 4)), 0.05
    g = ((U @ U.T - np.eye(3)) @ A + A @ (U @ U.T - np.eye(3))) @ U
    stepped = U - 0.5 * eta * g
    left_out = stepped @ stepped.T - (U @ U.T + eta * tied.field(U @ U.T, A))
    gap = yang2024.recurrence_gap(U, A, lr=eta)
    assert np.abs(left_out - gap).max() < 1e-14  # eps of the steps it is the difference of
    assert np.abs(left_out).max() > 1e-3  # nothing left out would fail by far
    assert np.linalg.eigvalsh(gap).min() > -1e-16
