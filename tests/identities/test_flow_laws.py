"""What must hold for every integrated flow, whatever the numbers: conserved laws and symmetries.

The default tolerance promises 1e-9 in the entries of W; two runs compared may differ by twice that.
The laws of the determinant divide by small eigenvalues, so they are held at a tighter tolerance.
"""

from __future__ import annotations

import numpy as np
import pytest

from simtheory import inits, sim
from simtheory.sim.networks import layers_of
from simtheory.tasks import SIMTask

FIG_8 = np.array([0.335833, 0.752500, 1.615833])
U_8 = inits.torch_uniform((3, 3), scale=0.1, seed=233333)
TWICE = 2e-9


def tied(rates, U0, t, **options):
    return sim.integrate(sim.Tied(), np.diag(rates), U0, t, **options)


def draw(d: int, h: int, seed: int, scale: float = 0.1):
    rng = np.random.default_rng(seed)
    return rng.uniform(0.2, 1.5, d), inits.uniform((d, h), scale=scale, rng=rng)


def logit_det(W):
    identity = np.eye(W.shape[-1])
    return np.linalg.slogdet(W)[1] - np.linalg.slogdet(identity - W)[1]


def gauss_panels(end: float, panels: int, points: int = 12):
    """Nodes and weights of composite Gauss-Legendre quadrature on (0, end)."""
    x, w = np.polynomial.legendre.leggauss(points)
    edges = np.linspace(0.0, end, panels + 1)
    half = np.diff(edges)[:, np.newaxis] / 2
    return (edges[:-1, np.newaxis] + half * (1 + x)).ravel(), (half * w).ravel()


def test_determinant_law_at_the_figure_8_start() -> None:
    t = np.linspace(0.0, 3.0, 31)
    law = logit_det(tied(FIG_8, U_8, t))
    np.testing.assert_allclose(law - law[0], 2 * FIG_8.sum() * t, rtol=0, atol=1e-8)
    assert law[-1] - law[0] == pytest.approx(16.2250, abs=1e-4)
    # Without learning the left-hand side would not move: off by 16.
    assert abs(2 * FIG_8.sum() * t[-1]) > 10 * 1e-8


@pytest.mark.parametrize(("d", "h", "seed"), [(2, 2, 0), (4, 4, 1), (6, 9, 2)])
def test_determinant_law_for_any_start(d: int, h: int, seed: int) -> None:
    rates, U0 = draw(d, h, seed)
    t = np.linspace(0.0, 4.0 / rates.max(), 21)
    law = logit_det(tied(rates, U0, t, rtol=1e-11))
    np.testing.assert_allclose(law - law[0], 2 * rates.sum() * t, rtol=0, atol=1e-8)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_sum_rule(d: int) -> None:
    rates, U0 = (FIG_8, U_8) if d == 3 else draw(d, d, d)
    _, fall = np.linalg.slogdet(U0 @ U0.T)
    # The integrand ends as exp(-2 a t) from a size that grew for -fall/2a at the most.
    t, weights = gauss_panels((24.0 - fall) / (2 * rates.min()), panels=400)
    W = tied(rates, U0, t, rtol=1e-11)
    missing = 2 * (rates * (1 - np.diagonal(W, axis1=-2, axis2=-1))).sum(axis=-1)
    assert weights @ missing == pytest.approx(-fall, abs=1e-8)
    if d == 3:
        assert -fall == pytest.approx(17.5213, abs=1e-4)
    # The naive rule, every entry on its own, adds the logarithms of the diagonal: far too little.
    naive = -np.log(np.diag(U0 @ U0.T)).sum()
    assert abs(naive + fall) > 0.1


def test_eigenvalues_stay_between_zero_and_one() -> None:
    rates, U0 = draw(5, 5, 7)
    W = tied(rates, U0, np.linspace(0.0, 60.0, 121))
    np.testing.assert_array_equal(W, np.swapaxes(W, -1, -2))
    values = np.linalg.eigvalsh(W)
    assert values.min() > -1e-15
    assert values.max() < 1 + 1e-9


def test_involution_runs_the_flow_backwards() -> None:
    # W -> I - W with t -> -t is a symmetry: from I - W(T) the flow returns to I - W(0).
    rates, U0 = draw(3, 3, 3, scale=0.5)
    end = 2.0
    W = tied(rates, U0, [0.0, end])
    back = np.linalg.cholesky(np.eye(3) - W[-1])
    returned = tied(rates, back, [end])[0]
    np.testing.assert_allclose(returned, np.eye(3) - W[0], rtol=0, atol=1e-8)
    assert np.abs(np.eye(3) - W[-1] - (np.eye(3) - W[0])).max() > 1e-7


def test_going_on_from_the_middle_gives_the_same() -> None:
    t = np.linspace(0.0, 12.0, 25)
    W = tied(FIG_8, U_8, t)
    again = tied(FIG_8, np.linalg.cholesky(W[10]), t[10:] - t[10])
    np.testing.assert_allclose(again, W[10:], rtol=0, atol=1e-8)


def test_only_the_product_of_tied_weights_matters() -> None:
    rng = np.random.default_rng(5)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    padded = np.concatenate([U_8, np.zeros((3, 4))], axis=1)
    t = np.linspace(0.0, 15.0, 16)
    W = tied(FIG_8, U_8, t)
    for other in (U_8 @ turn, padded):
        np.testing.assert_allclose(tied(FIG_8, other, t), W, rtol=0, atol=TWICE)


FLOWS = [
    (sim.OneLayer(), lambda rng: rng.normal(0, 0.3, (3, 3))),
    (sim.Tied(), lambda rng: rng.normal(0, 0.2, (3, 4))),
    (sim.Untied(), lambda rng: (rng.normal(0, 0.2, (4, 3)), rng.normal(0, 0.2, (3, 4)))),
    (sim.Deep(depth=3), lambda rng: tuple(rng.normal(0, 0.4, (3, 3, 3)))),
]
each_flow = pytest.mark.parametrize(("flow", "make"), FLOWS, ids=[f.name for f, _ in FLOWS])


@each_flow
def test_the_grid_begins_with_the_start_and_ends_at_the_target(flow, make) -> None:
    init = make(np.random.default_rng(0))
    W = sim.integrate(flow, np.diag(FIG_8), init, [0.0, 200.0])
    np.testing.assert_allclose(
        W[0], flow.parametrisation.weights(layers_of(flow, init, 3)), rtol=0, atol=1e-15
    )
    np.testing.assert_allclose(W[1], np.eye(3), rtol=0, atol=1e-9)


@each_flow
def test_the_target_is_a_fixed_point(flow, make) -> None:
    shape = make(np.random.default_rng(0))
    init = tuple(np.eye(*layer.shape) for layer in layers_of(flow, shape, 3))
    W = sim.integrate(flow, np.diag(FIG_8), init if len(init) > 1 else init[0], [0.0, 5.0])
    np.testing.assert_array_equal(W, np.broadcast_to(np.eye(3), (2, 3, 3)))


@each_flow
def test_rescaling_the_rates_rescales_time(flow, make) -> None:
    init, t = make(np.random.default_rng(1)), np.linspace(0.0, 9.0, 10)
    W = sim.integrate(flow, np.diag(FIG_8), init, t)
    faster = sim.integrate(flow, 4.0 * np.diag(FIG_8), init, t / 4.0)
    np.testing.assert_allclose(faster, W, rtol=0, atol=TWICE)
    assert np.abs(sim.integrate(flow, 4.0 * np.diag(FIG_8), init, t) - W).max() > 10 * TWICE


@each_flow
def test_flows_commute_with_a_turn_of_the_inputs(flow, make) -> None:
    rng = np.random.default_rng(2)
    init, t = make(rng), np.linspace(0.0, 9.0, 10)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    layers = flow.parametrisation.turned(layers_of(flow, init, 3), turn.T)
    W = sim.integrate(flow, np.diag(FIG_8), init, t)
    dense = sim.integrate(
        flow, (turn * FIG_8) @ turn.T, layers if len(layers) > 1 else layers[0], t
    )
    np.testing.assert_allclose(dense, turn @ W @ turn.T, rtol=0, atol=TWICE)
    assert np.abs(dense - W).max() > 10 * TWICE


@each_flow
def test_renaming_the_concepts_renames_the_result(flow, make) -> None:
    order = np.array([2, 0, 1])
    init, t = make(np.random.default_rng(3)), np.linspace(0.0, 9.0, 10)
    layers = flow.parametrisation.turned(layers_of(flow, init, 3), np.eye(3)[:, order])
    W = sim.integrate(flow, np.diag(FIG_8), init, t)
    renamed = sim.integrate(
        flow, np.diag(FIG_8[order]), layers if len(layers) > 1 else layers[0], t
    )
    np.testing.assert_allclose(renamed, W[:, order][:, :, order], rtol=0, atol=TWICE)


@each_flow
def test_a_concept_of_rate_zero_is_not_learned(flow, make) -> None:
    rates = np.array([1.0, 0.0, 0.5])
    init = tuple(
        np.zeros(m.shape) + 0.3 * np.eye(*m.shape)
        for m in layers_of(flow, make(np.random.default_rng(0)), 3)
    )
    W = sim.integrate(flow, np.diag(rates), init if len(init) > 1 else init[0], [0.0, 100.0])
    assert W[1, 1, 1] == pytest.approx(W[0, 1, 1], abs=1e-15)
    assert W[1, 0, 0] == pytest.approx(1.0, abs=1e-9)


def test_the_chain_of_two_is_the_untied_net_and_of_one_the_single_layer() -> None:
    rng = np.random.default_rng(6)
    pair, t = (rng.normal(0, 0.2, (5, 3)), rng.normal(0, 0.2, (3, 5))), [0.0, 3.0, 6.0]
    A = np.diag(FIG_8)
    np.testing.assert_array_equal(
        sim.integrate(sim.Deep(depth=2), A, pair, t), sim.integrate(sim.Untied(), A, pair, t)
    )
    W0 = rng.normal(0, 0.2, (3, 3))
    np.testing.assert_array_equal(
        sim.integrate(sim.Deep(depth=1), A, (W0,), t), sim.integrate(sim.OneLayer(), A, W0, t)
    )


def test_a_balanced_untied_net_follows_the_tied_one_only_where_it_commutes() -> None:
    t, A = np.linspace(0.0, 12.0, 13), np.diag(FIG_8)
    straight = np.diag([0.1, 0.05, 0.2])
    gap = sim.integrate(sim.Untied(), A, inits.balanced(straight), t) - tied(FIG_8, straight, t)
    assert np.abs(gap).max() < TWICE
    gap = sim.integrate(sim.Untied(), A, inits.balanced(U_8), t) - tied(FIG_8, U_8, t)
    assert np.abs(gap).max() > 0.01


def test_population_descent_on_one_layer_is_a_power_of_its_first_step() -> None:
    task = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.3)
    W0 = np.random.default_rng(8).normal(0, 0.5, (3, 3))
    lr, steps = 0.2, 30
    run = sim.descend(sim.OneLayer(), task, W0, steps=steps, lr=lr)
    powers = (1 - lr * task.rates) ** np.arange(steps + 1)[:, np.newaxis]
    expected = np.eye(3) - (np.eye(3) - W0) * powers[:, np.newaxis, :]
    np.testing.assert_allclose(run.weights, expected, rtol=0, atol=1e-14)
    flow = np.eye(3) - (np.eye(3) - W0) * np.exp(-task.rates * run.t[:, np.newaxis])[:, np.newaxis]
    assert np.abs(run.weights - flow).max() > 0.01


def test_the_recurrence_differs_from_descent_on_u_by_a_positive_square() -> None:
    # U + hMU has the product W + h(MW + WM) + h² MWM; the recurrence drops the last term.
    task = SIMTask(mu=(0.7, 1.7, 3.0), sigma=0.05)
    lr = 0.05
    on_w = sim.descend(sim.Tied(), task, U_8, steps=1, lr=lr, loss="recurrence").weights[-1]
    on_u = sim.descend(sim.Tied(), task, U_8, steps=1, lr=lr / 2, loss="half_sum").weights[-1]
    W, A = U_8 @ U_8.T, task.second_moment
    M = A - (W @ A + A @ W) / 2
    np.testing.assert_allclose(on_u - on_w, lr**2 * M @ W @ M, rtol=0, atol=1e-16)
    assert np.abs(on_u - on_w).max() > 1e-5
