"""The integrated flows against other integrators, closed forms and frozen reference numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from benchmarks.problem import Ensemble
from benchmarks.steps import count
from simtheory import inits, sim
from simtheory.errors import SolveError
from simtheory.sim.networks import layers_of
from simtheory.tasks import SIMTask, yang2024

FIG_8 = np.array([0.335833, 0.752500, 1.615833])
U_8 = inits.torch_uniform((3, 3), scale=0.1, seed=233333)


def scipy_weights(flow, rates, init, t):
    """SciPy's own DOP853 on the layers themselves, started anew at every grid time.

    Its dense output is not controlled (errors of 1e-8 inside a step are common), so the grid times
    are ends of steps. With a relative tolerance of 1e-12 it errs below 1e-11 here.
    """
    layers = layers_of(flow, init, len(rates))
    shapes = [layer.shape for layer in layers]
    ends = np.cumsum([layer.size for layer in layers])

    def unpack(y):
        parts = np.split(y, ends[:-1])
        return tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))

    def slope(_, y):
        return np.concatenate(
            [s.ravel() for s in flow.parametrisation.field(unpack(y), np.diag(rates))]
        )

    y, now, weights = np.concatenate([layer.ravel() for layer in layers]), 0.0, []
    for time in t:
        if time > now:
            y = solve_ivp(slope, (now, time), y, method="DOP853", rtol=1e-12, atol=1e-18).y[:, -1]
        now = time
        weights.append(flow.parametrisation.weights(unpack(y)))
    return np.array(weights)


def whole_learning_time(rates, scale):
    return np.log(1.0 / scale**2) / rates.min()


def tied_case(d, h, scale, kind, seed):
    rng = np.random.default_rng(seed)
    task = SIMTask(mu=rng.uniform(1.0, 2.7, d), sigma=0.05)
    U0 = getattr(inits, kind)((d, h), scale=scale, rng=rng)
    return task.rates, U0, np.linspace(0.0, whole_learning_time(task.rates, min(scale, 0.2)), 26)


TIED = [
    (2, 1, 0.1, "gaussian", 0),
    (2, 2, 1e-4, "uniform", 1),
    (3, 64, 0.01, "gaussian", 2),
    (4, 4, 1.0, "uniform", 3),
    (5, 2, 0.05, "uniform", 4),
    (8, 16, 1e-3, "gaussian", 5),
    (16, 16, 0.1, "uniform", 6),
]


@pytest.mark.parametrize(("d", "h", "scale", "kind", "seed"), TIED)
def test_the_default_tied_flow_errs_below_1e_9(d, h, scale, kind, seed) -> None:
    rates, U0, t = tied_case(d, h, scale, kind, seed)
    expected = scipy_weights(sim.Tied(), rates, U0, t)
    W = sim.integrate(sim.Tied(), np.diag(rates), U0, t)
    assert np.abs(W - expected).max() < 1e-9
    assert np.abs(W[0] - expected).max() > 1e-8  # standing still fails


@pytest.mark.parametrize(
    "setup", [yang2024.figure_8(), yang2024.figure_9(), yang2024.figure_10(convention="released")]
)
def test_the_default_errs_below_1e_9_at_the_starts_of_the_figures(setup) -> None:
    U0 = inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)
    rates = setup.task.rates
    t = np.linspace(0.0, whole_learning_time(rates, setup.init_scale), 26)
    W = sim.solve(sim.Tied(), setup.task, U0, t).weights
    assert np.abs(W - scipy_weights(sim.Tied(), rates, U0, t)).max() < 1e-9


CHAINS = [
    (sim.OneLayer(), 1.0),
    (sim.Untied(), 0.02),
    (sim.Untied(), 2.0),
    (sim.Deep(depth=4), 0.3),
]


@pytest.mark.parametrize(("flow", "scale"), CHAINS)
def test_the_default_chain_errs_below_1e_9(flow, scale) -> None:
    rng = np.random.default_rng(9)
    sizes = [4, *range(5, 4 + flow.depth), 4]
    pairs = zip(sizes[1:], sizes[:-1], strict=True)
    init = tuple(rng.normal(0, scale / np.sqrt(n), (m, n)) for m, n in pairs)
    given = init if flow.depth > 1 else init[0]
    rates = np.array([0.3, 0.6, 0.9, 1.6])
    t = np.linspace(0.0, 40.0, 21)
    expected = scipy_weights(flow, rates, given, t)
    W = sim.integrate(flow, np.diag(rates), given, t)
    assert np.abs(W - expected).max() < 1e-9
    assert np.abs(W[0] - expected).max() > 1e-8


@pytest.mark.parametrize("rtol", [1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-11])
@pytest.mark.parametrize("points", [6, 201])
def test_the_error_stays_below_the_request_and_follows_it(rtol: float, points: int) -> None:
    worst = 0.0
    for case in ((3, 3, 0.1, "uniform", 10), (4, 6, 1e-3, "gaussian", 11)):
        rates, U0, t = tied_case(*case)
        t = np.linspace(0.0, t[-1], points)
        exact = sim.integrate(sim.Tied(), np.diag(rates), U0, t, rtol=1e-12)
        W = sim.integrate(sim.Tied(), np.diag(rates), U0, t, rtol=rtol)
        worst = max(worst, np.abs(W - exact).max())
    assert worst < rtol
    if points == 201:
        assert worst > 1e-3 * rtol  # not by always doing the most


def test_the_tightest_request_agrees_with_scipy() -> None:
    # The comparison above leans on it. SciPy at 1e-12 errs by about 1e-12 here.
    rates, U0, t = tied_case(3, 3, 0.1, "uniform", 10)
    W = sim.integrate(sim.Tied(), np.diag(rates), U0, t, rtol=1e-12)
    assert np.abs(W - scipy_weights(sim.Tied(), rates, U0, t)).max() < 5e-12


def test_a_relaxed_concept_does_not_blind_the_step_control() -> None:
    # With the strong concept learned, steps sit at the limit of stability, where the embedded
    # estimate passes through zero. Few grid times, so that nothing else shortens the steps.
    rates = np.array([0.06375625, 0.319225, 1.47015625])
    U0 = inits.gaussian((3, 4), scale=0.095, rng=np.random.default_rng(0))
    t = np.linspace(0.0, 74.0, 6)
    expected = scipy_weights(sim.Tied(), rates, U0, t)
    for rtol in (1e-6, 1e-8, 1e-9, 1e-10):
        W = sim.integrate(sim.Tied(), np.diag(rates), U0, t, rtol=rtol)
        assert np.abs(W - expected).max() < rtol


def test_equal_rates_are_a_riccati_flow() -> None:
    # W = e^{2at} W0 (I + (e^{2at} - 1) W0)^{-1}
    a, t = 0.7, np.linspace(0.0, 9.0, 19)
    U0 = inits.uniform((4, 3), scale=0.05, rng=np.random.default_rng(1))
    W0 = U0 @ U0.T
    grown = np.exp(2 * a * t)[:, np.newaxis, np.newaxis]
    exact = grown * W0 @ np.linalg.inv(np.eye(4) + (grown - 1) * W0)
    W = sim.integrate(sim.Tied(), a * np.eye(4), U0, t)
    assert np.abs(W - exact).max() < 1e-9
    assert np.abs(W0 - exact).max() > 1e-8
    diagonal_only = grown * W0 / (1 + (grown - 1) * np.diag(W0))
    assert np.abs(diagonal_only - exact).max() > 1e-8


@pytest.mark.parametrize("flow", [sim.Tied(), sim.Untied()])
def test_an_aligned_mode_is_logistic(flow) -> None:
    rates, w0, t = np.array([1.0, 0.3]), np.array([1e-4, 1e-2]), np.linspace(0.0, 20.0, 41)
    root = np.diag(np.sqrt(w0))
    init = root if isinstance(flow, sim.Tied) else inits.balanced(root)
    W = sim.integrate(flow, np.diag(rates), init, t)
    grown = w0 * np.exp(2 * np.outer(t, rates))
    np.testing.assert_allclose(
        np.diagonal(W, axis1=1, axis2=2), grown / (1 - w0 + grown), rtol=0, atol=1e-9
    )
    assert np.abs(grown - grown / (1 - w0 + grown)).max() > 1e-8
    time = np.log(0.5 * (1 - 1e-3) / (1e-3 * 0.5)) / 2  # from 1e-3 to one half: a t = 3.45338
    assert time == pytest.approx(3.45338, abs=1e-5)
    root = np.sqrt(1e-3) * np.eye(1)
    init = root if isinstance(flow, sim.Tied) else inits.balanced(root)
    half = sim.integrate(flow, np.eye(1), init, [time])
    assert half[0, 0, 0] == pytest.approx(0.5, abs=1e-9)


def test_one_layer_is_a_matrix_exponential() -> None:
    rng = np.random.default_rng(2)
    draws = rng.standard_normal((20, 4))
    A, W0, t = draws.T @ draws / 20, rng.normal(0, 2.0, (4, 4)), np.linspace(0.0, 12.0, 13)
    exact = np.array([np.eye(4) + (W0 - np.eye(4)) @ expm(-A * time) for time in t])
    W = sim.integrate(sim.OneLayer(), A, W0, t)
    assert np.abs(W - exact).max() < 1e-9 * np.abs(W0).max() * 4
    assert np.abs(W0 - exact).max() > 1e-8


def test_frozen_numbers_of_the_figure_8_start() -> None:
    W = sim.integrate(sim.Tied(), np.diag(FIG_8), U_8, [0.0, 3.0])
    expected = [0.025032, 0.069831, 0.044161, 0.224945, 0.064074, 0.989354]
    np.testing.assert_allclose(W[1][np.triu_indices(3)], expected, rtol=0, atol=5.1e-7)
    assert np.abs(W[0][np.triu_indices(3)] - expected).max() > 5e-6


def test_frozen_numbers_of_a_net_of_width_one() -> None:
    W = sim.integrate(sim.Tied(), np.diag([1.0, 0.5]), [[0.02], [0.05]], [4.0, 8.0])
    for got, u in zip(W, [(0.702673, 0.267168), (0.991524, 0.128693)], strict=True):
        np.testing.assert_allclose(got, np.outer(u, u), rtol=0, atol=1.1e-6)
    swing = sim.integrate(sim.Tied(), np.diag([1.0, 0.5]), [[0.02], [0.05]], [4.8914])[0, 0, 1]
    assert swing == pytest.approx(0.232457, abs=1e-6)


def test_frozen_numbers_of_the_learning_of_figure_10() -> None:
    setup = yang2024.figure_10(convention="released")
    U0 = inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)
    W = sim.solve(sim.Tied(), setup.task, U0, [100.0, 144.0, 400.0]).weights
    assert W[0, 0, 0] == pytest.approx(0.0815, abs=1e-4)
    assert W[1, 0, 0] == pytest.approx(0.5, abs=0.01)
    assert W[2, 0, 0] > 0.99999


def test_the_recurrence_of_figure_10_leaves_the_cone_and_then_float64() -> None:
    setup = yang2024.figure_10(convention="released")
    U0 = inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)
    step = {"lr": 0.01, "loss": "recurrence"}
    run = sim.descend(sim.Tied(), setup.task, U0, steps=10_000, **step)
    lowest = np.linalg.eigvalsh(run.weights).min(axis=1)
    assert lowest[:31].min() > 0
    assert lowest[35] < 0
    assert run.weights[-1, 0, 0] == pytest.approx(-0.0190, abs=1e-4)
    with pytest.raises(SolveError, match="not positive") as failure:
        sim.descend(sim.Tied(), setup.task, U0, steps=20_000, every=100, **step)
    assert failure.value.time == pytest.approx(173.0, abs=2.0)
    # A step on U instead stays near the flow.
    on_u = sim.descend(sim.Tied(), setup.task, U0, steps=10_000, lr=0.005, every=10_000)
    assert on_u.weights[-1, 0, 0] == pytest.approx(0.0815, abs=2e-3)


# Largest deviation of tied descent from the flow at t = 3, for learning rates 1e-2 and 1e-3.
GAPS = {"half_sum": (4.9e-3, 4.9e-4), "sum": (9.6e-3, 9.8e-4), "mean": (3.3e-3, 3.3e-4)}


@pytest.mark.parametrize("loss", GAPS)
def test_descent_keeps_the_clock_and_its_known_distance_from_the_flow(loss: str) -> None:
    task = SIMTask(mu=np.sqrt(3 * (FIG_8 - 0.05**2)), sigma=0.05)
    np.testing.assert_allclose(task.rates, FIG_8, rtol=1e-14)
    for lr, expected in zip((1e-2, 1e-3), GAPS[loss], strict=True):
        clock = {"half_sum": 2.0, "sum": 4.0, "mean": 4.0 / 3.0}[loss] * lr
        steps = round(3.0 / clock)
        run = sim.descend(sim.Tied(), task, U_8, steps=steps, lr=lr, loss=loss)
        flow = sim.solve(sim.Tied(), task, U_8, run.t)
        gap = np.abs(run.weights[-1] - flow.weights[-1]).max()
        assert gap == pytest.approx(expected, rel=0.03)
        # On a clock without the two of the tied net the curves are far apart.
        slow = sim.solve(sim.Tied(), task, U_8, run.t / 2)
        assert np.abs(run.weights[-1] - slow.weights[-1]).max() > 10 * gap


def test_sgd_tends_to_the_flow_as_batches_grow() -> None:
    task = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.3)
    t = 2 * 5e-3 * np.arange(301)
    flow = sim.solve(sim.Tied(), task, U_8, t).weights
    start = np.broadcast_to(U_8, (8, 3, 3))
    gaps = []
    for batch in (4, 400):
        run = sim.descend(
            sim.Tied(),
            task,
            start,
            steps=300,
            lr=5e-3,
            batch=batch,
            rng=np.random.default_rng(3),
        )
        gaps.append(np.sqrt(((run.weights - flow) ** 2).mean(axis=0).max()))
    # Batch noise falls as one over the root of the batch: by 10; the gap of descent is 0.002.
    assert gaps[0] / gaps[1] > 5
    assert gaps[1] < 0.02


@pytest.mark.parametrize(
    ("spectrum", "d", "members", "points"),
    [
        ("std", 4, 2, 201),
        ("wide", 4, 2, 201),
        ("xwide", 4, 2, 201),
        ("std", 4, 2, 6),
        ("std", 26, 1, 201),
        pytest.param("wide", 26, 1, 201, marks=pytest.mark.slow),
    ],
)
def test_the_error_on_the_grid_keeps_to_the_request(spectrum, d, members, points) -> None:
    # Against a Taylor series in long double that shares nothing with the package: rates over a
    # factor of 4, 50 and 1000, the last two in the exponential frame.
    ensemble = Ensemble(d, members, spectrum, points=points)
    loose = 0.0
    for rtol in (1e-11, 1e-7, 1e-4):
        error = count(ensemble, rtol).error
        assert error <= rtol
        assert error > 10 * loose  # the request is heard: a looser one really errs more
        loose = error
