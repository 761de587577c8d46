"""The closed forms against SciPy's integrator, and against reference numbers.

The numbers are literal: they were found with an independent program (DOP853, rtol 1e-9 to 1e-13) and
are compared to the digits to which they were noted.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import ortho_group

from simtheory import SIMTask, inits, observe
from simtheory.analytic import one_layer, tied
from simtheory.errors import RegimeWarning
from simtheory.tasks import yang2024
from tests.truth import tied_flow


def task_of(rates, **options) -> SIMTask:
    return SIMTask(mu=np.zeros(len(rates)), sigma=np.sqrt(rates), **options)


def quietly(form, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RegimeWarning)
        return form(*arguments, strict=False).weights


@pytest.fixture
def U8() -> np.ndarray:
    return inits.torch_uniform((3, 3), scale=0.1, seed=233333)


@pytest.fixture
def task8() -> SIMTask:
    return SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)


def test_pivots_and_learning_times_of_the_published_start(task8: SIMTask, U8: np.ndarray) -> None:
    np.testing.assert_allclose(
        tied.logit_pivots(task8, U8), [3.5375e-4, 3.0179e-3, 2.42472e-2], rtol=2e-5
    )
    np.testing.assert_allclose(tied.learning_times(task8, U8), [11.832, 3.8559, 1.1509], rtol=5e-5)


def test_learning_times_are_near_the_exact_half_times(task8: SIMTask, U8: np.ndarray) -> None:
    t = np.linspace(0.0, 20.0, 4001)
    diagonal = np.diagonal(tied_flow(task8.second_moment, U8, t), axis1=1, axis2=2)
    half = t[(diagonal > 0.5).argmax(axis=0)]
    np.testing.assert_allclose(half, [11.71, 3.86, 1.19], atol=0.01)
    np.testing.assert_allclose(tied.learning_times(task8, U8), half, rtol=0.04)
    # Power: the diagonal of W(0) in place of the pivots is early by half for the weakest concept.
    naive = tied.time_to_level(task8.rates, np.diag(U8 @ U8.T))
    assert abs(naive[0] / half[0] - 1) > 10 * 0.04


def test_exact_flow_of_the_published_start(task8: SIMTask, U8: np.ndarray) -> None:
    """The oracle itself, against W(3) as noted."""
    W = tied_flow(task8.second_moment, U8, np.array([0.0, 3.0]))[1]
    noted = [0.025032, 0.069831, 0.044161, 0.224945, 0.064074, 0.989354]
    np.testing.assert_allclose(W[np.triu_indices(3)], noted, atol=5e-7)


def test_the_two_concept_row() -> None:
    W0, task = np.array([[0.02, 0.013], [0.013, 0.03]]), task_of((1.0, 0.37))
    U0, t = np.linalg.cholesky(W0), np.linspace(0.0, 20.0, 2001)
    exact = tied_flow(task.second_moment, U0, t)
    np.testing.assert_allclose(
        exact[200][[0, 0, 1], [0, 1, 1]], [0.513911, 0.096665, 0.107974], atol=5e-7
    )
    pivots = np.abs(tied.pivots(task, U0, t).weights - exact).max()
    first = np.abs(quietly(tied.first_order, task, U0, t) - exact).max()
    assert pivots == pytest.approx(9.5e-3, rel=0.01)
    assert first == pytest.approx(7.4e-2, rel=0.01)
    assert np.abs(W0 - exact).max() > 10 * pivots


# figure, convention, largest error of the pivots' form, of the first-order form
FIGURES = [
    (yang2024.figure_5, "released", 0.044, 0.27),
    (yang2024.figure_5, "stated", 0.051, 0.22),
    (yang2024.figure_8, "stated", 0.020, 0.74),
    (yang2024.figure_9, "released", 0.048, 0.62),
    (yang2024.figure_10, "released", 0.0095, 0.75),
]


@pytest.mark.parametrize(("figure", "convention", "pivots", "first"), FIGURES)
def test_errors_on_the_published_figures(figure, convention, pivots, first) -> None:
    """Noted to two digits on another time grid: 3 % for the digits, 2 % for the grid."""
    setup = figure(convention=convention)
    U0 = inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)
    slowest = tied.learning_times(setup.task, U0).max()
    t = np.unique(
        np.concatenate([np.geomspace(1e-2, 3 * slowest, 1500), np.linspace(0, 3 * slowest, 1500)])
    )
    exact = tied_flow(setup.task.second_moment, U0, t)
    found = [
        np.abs(quietly(form, setup.task, U0, t) - exact).max()
        for form in (tied.pivots, tied.first_order)
    ]
    np.testing.assert_allclose(found, [pivots, first], rtol=0.05)
    assert np.abs(exact[0] - exact).max() > 10 * found[0]


SIM4 = np.linspace(3.0, 1.0, 4) ** 2 / 4 + 0.0025
SIM2 = np.linspace(3.0, 1.0, 2) ** 2 / 2 + 0.0025
GEO4 = 0.5 ** np.arange(4.0)

# rates, positive start, omega; medians over ten seeds of the diagonal and off-diagonal error of the
# pivots' form, and of the diagonal error of the first-order form
TABLE = [
    (SIM2, False, 1e-2, 0.002, 0.001, 0.191),
    (SIM4, False, 1e-2, 0.012, 0.030, 0.484),
    (SIM4, False, 1e-4, 0.002, 0.004, 0.490),
    (SIM4, True, 1e-2, 0.020, 0.071, 0.732),
    (GEO4, False, 1e-2, 0.016, 0.027, 0.476),
]


@pytest.mark.parametrize(("rates", "positive", "omega", "diagonal", "off", "first"), TABLE)
def test_median_errors_over_random_starts(rates, positive, omega, diagonal, off, first) -> None:
    """Within a factor two of the noted medians (of one or two digits, on a grid three times finer)."""
    d, task = len(rates), task_of(rates)
    errors, lower = [], []
    for seed in range(10):
        rng = np.random.default_rng(1000 * d + seed)
        U0 = rng.random((d, d)) * np.sqrt(3.0) if positive else rng.standard_normal((d, d))
        U0 = U0 * np.sqrt(omega / d)
        end = 1.3 * np.log(1 / np.linalg.eigvalsh(U0 @ U0.T).min()) / (2 * rates.min())
        t = np.unique(np.concatenate([np.linspace(0, end, 500), np.geomspace(1e-3, end, 500)]))
        exact = tied_flow(task.second_moment, U0, t, rtol=1e-8)
        errors.append(_diagonal_and_off(tied.pivots(task, U0, t).weights, exact))
        lower.append(_diagonal_and_off(quietly(tied.first_order, task, U0, t), exact)[0])
    found = np.median(errors, axis=0)
    assert np.all(found < 2 * np.array([diagonal, off]) + 5e-4)  # half a unit of the last digit
    assert np.all(found > 0.5 * np.array([diagonal, off]) - 5e-4)
    assert np.median(lower) == pytest.approx(first, rel=0.1)
    assert np.median(lower) > 10 * found[0]


def _diagonal_and_off(weights: np.ndarray, exact: np.ndarray) -> tuple[float, float]:
    """Return the largest diagonal error, and the largest other one over the largest such entry."""
    off = ~np.eye(exact.shape[-1], dtype=bool)
    error = np.abs(weights - exact)
    return float(error[:, ~off].max()), float(error[:, off].max() / np.abs(exact[:, off]).max())


def test_the_swing_peak_row() -> None:
    """t = 5.37534 and gain 424.603; the full net gives 424.6026 for a weak tie."""
    task, w0, tie = task_of((1.0, 0.4)), 1e-4, 1e-9
    U0 = np.linalg.cholesky(np.array([[w0, tie], [tie, w0]]))
    peak = tied.swing_peak(task, U0, 0, 1)
    assert float(peak.time) == pytest.approx(5.37534, abs=5e-6)
    assert float(peak.height) / tie == pytest.approx(424.603, abs=5e-4)
    t = np.linspace(peak.time - 0.5, peak.time + 0.5, 2001)
    curve = tied_flow(task.second_moment, U0, np.concatenate([[0.0], t]), rtol=1e-12)[1:, 0, 1]
    # The formula drops the weaker entry, w_jj ~ w0 e^{2·0.4·t} = 0.007 at the peak: same relative size.
    assert t[curve.argmax()] == pytest.approx(float(peak.time), abs=0.02)
    assert curve.max() == pytest.approx(float(peak.height), rel=0.01)
    assert curve[0] < 0.99 * curve.max()


def test_the_width_one_row() -> None:
    task = task_of((1.0, 0.5))
    found = tied.rank_one(task, [0.02, 0.05], [2.0, 4.0, 8.0]).weights
    u = np.array([[0.144527, 0.133795], [0.702673, 0.267168], [0.991524, 0.128693]])
    np.testing.assert_allclose(np.sqrt(np.diagonal(found, axis1=1, axis2=2)), u, atol=5e-7)
    t = np.linspace(4.8, 5.0, 20001)
    curve = tied.rank_one(task, [0.02, 0.05], t).weights[:, 0, 1]
    assert curve.max() == pytest.approx(0.232457, abs=5e-7)
    assert t[curve.argmax()] == pytest.approx(4.8914, abs=5e-5)


ORACLE = 1e-9  # ten times what DOP853 holds at rtol = 1e-12 over these spans


@pytest.mark.parametrize("rates", [(1.0, 0.5, 0.2), (2.0, 2.0, 0.0), (1.0, 0.999, 0.001)])
def test_width_one_against_the_integrator(rates: tuple[float, ...]) -> None:
    task = task_of(rates, rotation=ortho_group.rvs(3, random_state=5))
    u0, t = np.array([0.3, -0.01, 0.2]), np.linspace(0.0, 30.0, 301)
    exact = tied_flow(task.second_moment, u0[:, None], t, rtol=1e-12)
    np.testing.assert_allclose(tied.rank_one(task, u0, t).weights, exact, atol=ORACLE)
    assert np.abs(exact[0] - exact).max() > 10 * ORACLE


def test_equal_rates_against_the_integrator() -> None:
    task = task_of((0.7, 0.7, 0.7))
    U0 = np.random.default_rng(0).standard_normal((3, 2)) * 0.3
    t = np.linspace(0.0, 10.0, 101)
    exact = tied_flow(task.second_moment, U0, t, rtol=1e-12)
    np.testing.assert_allclose(tied.isotropic(task, U0, t).weights, exact, atol=ORACLE)
    assert np.abs(exact[0] - exact).max() > 10 * ORACLE


def test_the_integrator_keeps_the_laws(task8: SIMTask, U8: np.ndarray) -> None:
    """The laws hold along a flow that no closed form knows; a wrong second moment breaks them."""
    t = np.linspace(0.0, 3.0, 31)
    weights = tied_flow(task8.second_moment, U8, t, rtol=1e-12)
    law = tied.det_law(task8.second_moment, weights[0], t)
    np.testing.assert_allclose(tied.log_det_ratio(weights), law, atol=1e-7)
    other = tied.det_law(1.01 * task8.second_moment, weights[0], t)
    assert np.abs(tied.log_det_ratio(weights) - other).max() > 1e-6


def test_the_integrator_keeps_the_sum_rule(task8: SIMTask, U8: np.ndarray) -> None:
    """Simpson's rule on 8001 points up to t = 60, where e^{−2at} has fallen to 1e-17."""
    from scipy.integrate import simpson

    t = np.linspace(0.0, 60.0, 8001)
    weights = tied_flow(task8.second_moment, U8, t, rtol=1e-11)
    total = simpson(tied.log_det_rate(weights, task8.second_moment), x=t)
    assert total == pytest.approx(float(tied.sum_rule(weights[0])), abs=1e-6)
    assert float(tied.sum_rule(weights[0])) == pytest.approx(17.5213, abs=5e-5)


def test_random_starts_of_one_layer_against_drawn_ones() -> None:
    """Means of 16000 draws, to five standard errors; the standard deviation to 5 % (its error is 1 %)."""
    task, t = SIMTask(mu=(1.0, 2.0), sigma=(0.3, 0.1, 0.2), dim=3), np.linspace(0.0, 2.0, 5)
    starts = np.random.default_rng(0).normal(scale=0.7, size=(16_000, 3, 3))
    drawn = observe.loss(one_layer.solution(task, starts, t))
    found = one_layer.random_start_loss(task, t, spread=0.7)
    error = 5.0 * found.test_std / np.sqrt(len(starts))
    assert np.all(np.abs(drawn.mean(axis=0) - found.test) < error)
    np.testing.assert_allclose(drawn.std(axis=0), found.test_std, rtol=0.05)
    zero = one_layer.zero_start_loss(task, t).test
    assert np.all(np.abs(drawn.mean(axis=0) - zero) > 10 * error)
