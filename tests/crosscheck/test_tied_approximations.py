"""The further forms of the tied net against SciPy, mpmath and reference numbers.

The numbers are literal: they were found with an independent program (DOP853, rtol 1e-9 to 1e-13) and
are compared to the digits to which they were noted.
"""

from __future__ import annotations

import warnings

import mpmath
import numpy as np
import pytest

from simtheory import SIMTask, inits
from simtheory.analytic import tied
from simtheory.errors import RegimeWarning
from simtheory.tasks import yang2024
from tests.truth import tied_flow


def task_of(rates) -> SIMTask:
    return SIMTask(mu=np.zeros(len(rates)), sigma=np.sqrt(rates))


def quietly(form, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RegimeWarning)
        return form(*arguments, strict=False).weights


def test_pivots_of_the_published_start() -> None:
    setup = yang2024.figure_8()
    U0 = inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)
    pivots = tied.schur_pivots(setup.task, U0)
    np.testing.assert_allclose(pivots, [3.54e-4, 3.00e-3, 2.32e-2], rtol=2e-3)
    assert np.prod(pivots) == pytest.approx(np.linalg.det(U0 @ U0.T), rel=1e-9)


def test_the_two_concept_row() -> None:
    W0, task = np.array([[0.02, 0.013], [0.013, 0.03]]), task_of((1.0, 0.37))
    U0, t = np.linalg.cholesky(W0), np.linspace(0.0, 20.0, 2001)
    exact = tied_flow(task.second_moment, U0, t)
    found = np.abs(tied.schur(task, U0, t).weights - exact).max()
    assert found == pytest.approx(1.6e-2, rel=0.02)
    assert np.abs(W0 - exact).max() > 10 * found
    # Shared leading order: closer to the pivots' form than to the first-order one.
    assert np.abs(quietly(tied.first_order, task, U0, t) - exact).max() > 4 * found


# figure, convention, rates as in its script, largest error, half-learned times
FIGURES = [
    (yang2024.figure_5, "released", 0.065, (7.64, 1.79)),
    (yang2024.figure_5, "stated", 0.135, (3.69, 2.02)),
    (yang2024.figure_8, "stated", 0.037, (11.8, 3.86, 1.16)),
    (yang2024.figure_10, "released", 0.014, (144.5, 3.11, 0.21)),
]


@pytest.mark.parametrize(("figure", "convention", "noted", "half"), FIGURES)
def test_errors_and_half_times_on_the_published_figures(figure, convention, noted, half) -> None:
    """Noted to two digits on another time grid: 3 % for the digits, 2 % for the grid."""
    setup = figure(convention=convention)
    U0 = inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)
    end = 3 * tied.learning_times(setup.task, U0).max()
    t = np.unique(np.concatenate([np.geomspace(1e-2, end, 1500), np.linspace(0, end, 1500)]))
    exact = tied_flow(setup.task.second_moment, U0, t)
    found = tied.schur(setup.task, U0, t).weights
    error = np.abs(found - exact).max()
    assert error == pytest.approx(noted, rel=0.05)
    assert np.abs(quietly(tied.first_order, setup.task, U0, t) - exact).max() > 1.5 * error
    modes = np.diagonal(found, axis1=1, axis2=2)[:, : len(half)]
    times = t[(modes > 0.5).argmax(axis=0)]
    np.testing.assert_allclose(times, half, rtol=0.01, atol=0.006)  # two decimals, and the grid


def test_the_other_rows_of_figures_8_and_9() -> None:
    """Figure 8's caption with squared rates, and figure 9's script with the rates of the text."""
    tasks = [
        (SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05, squared_rates=True), 3, 0.018),
        (SIMTask(mu=(1.0, 1.5, 2.2, 2.7), sigma=0.05, squared_rates=True), 4, 0.113),
        (SIMTask(mu=(1.0, 1.5, 2.2, 2.7), sigma=0.05), 4, 0.215),
    ]
    for task, d, noted in tasks:
        U0 = inits.torch_uniform((d, d), scale=0.1, seed=233333)
        end = 3 * tied.learning_times(task, U0).max()
        t = np.unique(np.concatenate([np.geomspace(1e-2, end, 1200), np.linspace(0, end, 1200)]))
        exact = tied_flow(task.second_moment, U0, t)
        found = np.abs(tied.schur(task, U0, t).weights - exact).max()
        assert found == pytest.approx(noted, rel=0.05)


SIM4 = np.linspace(3.0, 1.0, 4) ** 2 / 4 + 0.0025

# positive start, omega; medians over ten seeds of the Schur form's diagonal and off-diagonal error
TABLE = [(False, 1e-2, 0.031, 0.070), (False, 1e-4, 0.005, 0.009), (True, 1e-2, 0.075, 0.121)]


@pytest.mark.parametrize(("positive", "omega", "diagonal", "off"), TABLE)
def test_median_errors_over_random_starts(positive, omega, diagonal, off) -> None:
    """Within a tenth and half a unit of the last digit; the grid is three times coarser."""
    task, errors, lower = task_of(SIM4), [], []
    for seed in range(10):
        rng = np.random.default_rng(4000 + seed)
        U0 = rng.random((4, 4)) * np.sqrt(3.0) if positive else rng.standard_normal((4, 4))
        U0 = U0 * np.sqrt(omega / 4)
        end = 1.3 * np.log(1 / np.linalg.eigvalsh(U0 @ U0.T).min()) / (2 * SIM4.min())
        t = np.unique(np.concatenate([np.linspace(0, end, 500), np.geomspace(1e-3, end, 500)]))
        exact = tied_flow(task.second_moment, U0, t, rtol=1e-8)
        places = ~np.eye(4, dtype=bool)
        error = np.abs(quietly(tied.schur, task, U0, t) - exact)
        errors.append(
            [error[:, ~places].max(), error[:, places].max() / np.abs(exact[:, places]).max()]
        )
        first = np.abs(quietly(tied.first_order, task, U0, t) - exact)
        lower.append(first[:, ~places].max())
    found = np.median(errors, axis=0)
    np.testing.assert_allclose(found, [diagonal, off], rtol=0.1, atol=5e-4)
    assert np.median(lower) > 9 * found[0]  # the next-lower order; 0.484, 0.490 and 0.732 noted


def test_the_second_order_row() -> None:
    """Deviation of the strong diagonal at t = 2, 4, 6, 8, noted to four digits."""
    task, t = task_of((1.0, 0.5)), np.array([2.0, 4.0, 6.0, 8.0])
    U0 = np.linalg.cholesky(np.array([[2e-3, 2e-6], [2e-6, 1e-7]]))
    noted = np.array([-1.724e-9, -2.523e-8, -1.061e-8, -3.874e-9])
    found = tied.diagonal_correction(task, U0, t)[:, 0]
    np.testing.assert_allclose(found, noted, rtol=4e-4)
    early = tied.early_correction(task, U0, t, i=0, j=1)
    # What it leaves out is D_j^(−5/2), a relative 2.5 w_jj, weighted: 4e-4 at the end.
    np.testing.assert_allclose(early, found, rtol=6e-4)
    exact = tied_flow(task.second_moment, U0, np.concatenate([[0.0], t]), rtol=1e-13)[1:, 0, 0]
    deviation = exact - tied.mode(1.0, 2e-3, t)
    np.testing.assert_allclose(deviation, found, rtol=5e-3)  # 1e-13 of the oracle over 4e-9
    assert np.all(np.abs(deviation) > 10 * np.abs(deviation - found))


def test_the_correction_against_a_quadrature_of_many_digits() -> None:
    """The rule's own accuracy, rates and starts apart by up to eight decades."""
    rng = np.random.default_rng(3)
    for _ in range(6):
        a = 10.0 ** rng.uniform(-2, 0, 2)
        w0 = 10.0 ** rng.uniform(-8, -0.5, 2)
        tie, t = 0.1 * np.sqrt(w0.prod()), rng.choice([0.3, 3.0, 60.0]) / a.max()
        U0 = np.linalg.cholesky(np.array([[w0[0], tie], [tie, w0[1]]]))
        found = tied.diagonal_correction(task_of(a), U0, [t])[0, 0]
        assert found == pytest.approx(_correction(*task_of(a).rates, *w0, tie, t), rel=1e-11)


def _correction(a, b, x0, z0, y0, t) -> float:
    def growth(rate, start, s):
        return 1 + start * mpmath.expm1(2 * rate * s)

    def integrand(s):
        tie = mpmath.exp(2 * b * s) * growth(a, x0, s) ** ((a - b) / (2 * a))
        return tie * growth(b, z0, s) ** (-1.5 - a / (2 * b))

    with mpmath.workdps(25):
        a, b, x0, z0, y0, t = map(mpmath.mpf, (a, b, x0, z0, y0, t))
        total = mpmath.quad(integrand, mpmath.linspace(0, t, 25))
        return float(-mpmath.exp(2 * a * t) / growth(a, x0, t) ** 2 * (a + b) * y0**2 * total)


def test_the_early_form_is_the_one_with_the_growing_argument() -> None:
    """The same function by Pfaff's transformation, whose argument w₀e^{2at}/(w₀−1) is unbounded."""
    a, b, x0, y0, z0, t = 1.0, 0.4, 1e-3, 1e-5, 1e-6, 5.0
    U0 = np.linalg.cholesky(np.array([[x0, y0], [y0, z0]]))
    found = tied.early_correction(task_of((a, b)), U0, [t], i=0, j=1)[0]
    q, r, k = (a - b) / (2 * a), b / a, x0 / (1 - x0)

    def primitive(s):
        z = -k * mpmath.exp(2 * a * s)
        return mpmath.exp(2 * b * s) / (2 * b) * mpmath.hyp2f1(-q, r, 1 + r, z)

    total = (1 - x0) ** q * (primitive(t) - primitive(0))
    D = 1 + x0 * np.expm1(2 * a * t)
    by_hand = -np.exp(2 * a * t) / D**2 * (a + b) * y0**2 * float(total)
    assert found == pytest.approx(by_hand, rel=1e-10)


# rate ratio; formula and exact at omega = 1e-1, 1e-2, 1e-3, all at a cosine of 0.9
BUMPS = [
    (0.1, (8.16, 10.90, 13.65), (8.05, 10.88, 13.64)),
    (0.2, (5.25, 7.56, 9.86), (5.50, 7.62, 9.88)),
    (0.45, (2.34, 4.03, 5.73), (3.14, 4.38, 5.89)),
]


@pytest.mark.parametrize(("rho", "noted", "exact"), BUMPS)
def test_the_top_of_the_bump(rho, noted, exact) -> None:
    task = SIMTask(mu=(np.sqrt(2.0), np.sqrt(2.0 * rho)), sigma=0.0)
    for size, formula, true in zip((1e-1, 1e-2, 1e-3), noted, exact, strict=True):
        U0 = np.linalg.cholesky(size * np.array([[1.0, 0.9], [0.9, 1.0]]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RegimeWarning)  # at 0.45 the top comes soon
            top = tied.bump_top(task, U0, strict=False)
        assert float(top.time) == pytest.approx(formula, abs=0.0051)
        t = np.linspace(0.0, true + 2.0, 4001)
        missed = task.target - tied_flow(task.second_moment, U0, t) @ task.target
        loss = 0.5 * np.sum(missed**2, axis=-1)
        turns = np.flatnonzero((np.diff(loss)[:-1] > 0) & (np.diff(loss)[1:] <= 0)) + 1
        assert t[turns[-1]] == pytest.approx(true, abs=0.006)
        # Its height is as good as its time: of the same first order in what is left out.
        share = abs(formula / true - 1)
        assert float(top.loss) == pytest.approx(loss[turns[-1]], rel=max(2 * share, 2e-3))
        # Power: the peak of the tie, the other turning point, is not the top.
        assert abs(formula / true - 1) < 0.3
    peak = tied.swing_peak(task, U0, 0, 1)  # at the smallest start
    assert abs(float(peak.time) / exact[2] - 1) > 10 * abs(noted[2] / exact[2] - 1)
