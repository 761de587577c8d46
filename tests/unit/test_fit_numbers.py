"""The numbers of a fit and of a forecast, one by one, against what their definitions give by hand."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2 as chi2_law
from scipy.stats import norm
from scipy.stats import t as t_law

import simtheory as st
from simtheory.errors import FitWarning
from simtheory.fit import Curves, fit, forecast, noise_level, predict, rises
from simtheory.fit import _evidence as evidence
from simtheory.fit import _residuals as residuals
from simtheory.fit._forms import Form
from simtheory.fit._search import search
from simtheory.observe import arrays

T = np.linspace(0.0, 6.0, 60)
RATES, STARTS = np.array([1.0, 0.6]), np.array([0.05, 0.1])


def modes(t=T):
    return st.analytic.tied.mode(RATES, STARTS, t).T


def noisy(clean, size, correlation=0.0, seed=0):
    new = np.random.default_rng(seed).standard_normal(np.shape(clean))
    errors = new.copy()
    for k in range(1, len(new)):
        errors[k] = correlation * errors[k - 1] + np.sqrt(1 - correlation**2) * new[k]
    return clean + size * errors


@pytest.fixture(scope="module")
def correlated():
    """A fit of one curve in correlated noise, as `fit` and as its search leave it."""
    measured = Curves(T, noisy(modes()[:, :1], 0.03, 0.6, 2), ("size",))
    form = Form.of(measured, "tied", "orthogonal", 2.0)
    optimum = search(form, T / T[-1], measured.values, np.array([1.8, -3.0]), {})
    return measured, optimum, evidence.quality(optimum, measured)


@pytest.fixture(scope="module")
def unfinished():
    """A fit of the first third of two curves, the rest withheld."""
    measured = Curves(T, noisy(modes(), 0.02, seed=1), ("size", "colour"), mu=np.array([1.0, 2.0]))
    return fit(measured, model="tied", rows="orthogonal", until=3.0, confidence=0.8)


def test_the_runs_test_is_that_of_wald_and_wolfowitz():
    """Four and four signs in four runs: 5 are expected, with variance 12/7."""
    table = np.array([1.0, 2.0, 1.0, -1.0, -3.0, -1.0, 1.0, -1.0])[:, None]
    assert evidence._runs(table) == pytest.approx(norm.cdf(-1.0 / np.sqrt(12 / 7)), rel=1e-12)
    # counts add over columns, and a column of one sign says nothing
    both = np.hstack([table, table, np.ones((8, 1))])
    assert evidence._runs(both) == pytest.approx(norm.cdf(-2.0 / np.sqrt(24 / 7)), rel=1e-12)


def test_the_noise_of_points_that_are_not_even():
    """A third of the way between its neighbours: the variance of 1 - 2/3 - 1/3 is 1 + 4/9 + 1/9."""
    found = noise_level([0.0, 1.0, 3.0], [0.0, 1.0, 0.0])
    assert found == pytest.approx(1.0 / np.sqrt(14 / 9) / norm.ppf(0.75), rel=1e-12)


def test_the_bar_of_a_rise_and_its_share():
    """The bar is 2σΦ⁻¹(1 − α/2n)/√w; the share is of the first loss, not of the first average."""
    loss = np.exp(-T) + 0.6 * np.exp(-((T - 3.0) ** 2)) + 0.01 * (-1.0) ** np.arange(60)
    seen = rises(T, loss, smooth=5, false_alarm=0.05)
    bar = norm.isf(0.05 / 120)
    assert seen.threshold == pytest.approx(2 * seen.noise * bar / np.sqrt(5), rel=1e-9)
    average = np.convolve(loss, np.full(5, 0.2), "valid")
    (rise,) = seen.rises
    low = int(np.argmin(average[:25]))
    high = low + int(np.argmax(average[low:]))
    size = average[high] - average[low]
    assert (rise.size, rise.relative) == pytest.approx((size, size / loss[0]), rel=1e-12)
    assert (rise.t_min, rise.t_max) == (T[low + 2], T[high + 2])


def test_a_curve_is_flat_within_one_and_a_half_times_what_noise_gives():
    """Ten blocks of six points: χ² of 9 degrees is exceeded by 33.7 once in ten thousand."""
    ripple = 0.1 * (-1.0) ** np.arange(60)
    noise = float(noise_level(T, ripple))
    bar = 1.5 * chi2_law.isf(1e-4, 9)
    steps = np.repeat(np.array([-1.0, 1.0] * 5), 6)  # each moves a block by one
    for share, answer in ((0.95, True), (1.05, False)):
        column = ripple + steps * noise * np.sqrt(share * bar / 60)
        again = float(noise_level(T, column))  # the median hardly sees the ends of blocks
        assert again == pytest.approx(noise, rel=1e-9)
        assert evidence.flat(T, column) is answer


def test_what_residuals_say_of_the_errors():
    slopes = np.cos(np.pi * np.outer(np.arange(12) + 0.5, np.arange(3)) / 12)[:, None, :]
    turning = (-1.0) ** np.arange(12)[:, None]  # neighbours differ: no positive correlation
    found = residuals.errors_of(turning, slopes)
    assert (found.correlation, found.degrees) == (0.0, 9.0)
    basis, _ = np.linalg.qr(slopes[:, 0])
    left = turning[:, 0] - basis @ (basis.T @ turning[:, 0])
    assert found.innovation == pytest.approx(np.sqrt(left @ left / 9), rel=1e-9)
    # Errors that hold for long leave fewer degrees than there are points, but Student's factor three.
    drifting = np.sin(np.arange(12) / 4.0)[:, None]
    assert residuals.errors_of(drifting, slopes[..., :1]).degrees == 3.0


def test_the_quality_is_by_its_definitions(correlated):
    measured, optimum, found = correlated
    left, n, p = optimum.residuals, 60, 2
    phi = found.correlation
    assert 0.2 < phi < 0.8
    assert found.residual == pytest.approx(np.sqrt(left @ left / (n - p)), rel=1e-12)
    assert found.widening == pytest.approx(np.sqrt((1 + phi) / (1 - phi)), rel=1e-12)
    assert found.degrees == pytest.approx(n * (1 - phi) / (1 + phi) - p, rel=1e-12)
    distances = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    variance = found.innovation**2 * phi**distances / (1 - phi**2)
    inverse = np.linalg.pinv(optimum.jacobian)
    root = evidence.spread(optimum, found)
    np.testing.assert_allclose(root @ root.T, inverse @ variance @ inverse.T, rtol=1e-9)
    named = replace(found, degrees=5.0)
    assert evidence.factor(named, 0.95) == pytest.approx(2.570582, rel=1e-6)
    ends = fit(measured, model="tied", confidence=0.9, ends="one")
    half = t_law.isf(0.05, found.degrees) * np.sqrt((root @ root.T)[0, 0])
    width = 0.5 * np.log(ends["rate_1"].high / ends["rate_1"].low)
    assert width == pytest.approx(half, rel=1e-3)


def test_the_criteria_are_those_of_the_books():
    """AICc counts the variance of the noise as a parameter, and BIC too."""
    measured = Curves(T, noisy(modes(), 0.03), ("size", "colour"))
    found = fit(measured, model="tied", rows="orthogonal").quality
    n, k = 120, 4 + 1
    squares = found.residual**2 * (n - 4)
    wanted = n * np.log(squares / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
    assert found.aicc == pytest.approx(wanted, rel=1e-12)
    assert found.bic == pytest.approx(n * np.log(squares / n) + k * np.log(n), rel=1e-12)
    assert found.chi2 == pytest.approx((found.residual / found.noise) ** 2, rel=1e-12)
    assert (found.points, found.parameters) == (n, 4)
    kept = n * (1 - found.correlation) / (1 + found.correlation)
    assert found.degrees == pytest.approx(kept - 4, rel=1e-12)


def test_a_model_is_wrong_beyond_chance_and_by_an_amount_that_matters(correlated):
    found = correlated[2]
    for pattern, misfit, wrong in (
        (0.029, 0.0051, True),
        (0.031, 1.0, False),
        (0.0, 0.0049, False),
    ):
        assert replace(found, pattern=pattern, misfit=misfit).rejected is wrong


def test_more_parameters_are_believed_where_chance_gives_one_in_a_hundred(correlated, monkeypatch):
    optimum = correlated[1]
    for chance, shown in ((0.0099, True), (0.0101, False)):
        monkeypatch.setattr(evidence, "by_chance", lambda loose, more, p=chance: p)
        assert evidence.shows(optimum, optimum) is shown
    exact = replace(optimum, residuals=1e-8 * np.ones(60))
    monkeypatch.setattr(evidence, "by_chance", lambda loose, more: 0.0)
    assert not evidence.shows(exact, optimum)  # only the search differs


def test_noise_and_misfit_of_two_columns():
    """Noise is the root of the mean square over columns, the misfit that of the worst one."""
    values = noisy(modes(), 0.01) * [0.85, 1.0]
    measured = Curves(T, values, ("size", "colour"))
    form = Form.of(measured, "tied", "orthogonal", 2.0)
    start = np.array([1.8, 1.3, -3.0, -2.2])
    optimum = search(form, T / T[-1], values, start, {})
    found = evidence.quality(optimum, measured)
    each = noise_level(T, values)
    assert found.noise == pytest.approx(np.sqrt(np.mean(each**2)), rel=1e-12)
    table = optimum.residuals.reshape(60, 2)
    turns = np.cos(np.pi * np.outer(np.arange(60) + 0.5, np.arange(10)) / 60)
    slow = turns @ np.linalg.lstsq(turns, table, rcond=None)[0]
    sizes = np.sqrt(np.mean(slow**2, axis=0)) / np.ptp(values, axis=0)
    assert sizes[0] > 3 * sizes[1]
    assert found.misfit == pytest.approx(sizes[0], rel=1e-9)


def test_forecasts_are_quantiles_over_the_draws(unfinished):
    ahead = predict(unfinished, t=[2.0, 4.0, 5.0], learned=0.9)
    draws = np.concatenate([unfinished.theta[None], unfinished.draws])
    rates = np.exp(draws[:, :2]) / unfinished.curves.t[-1]
    starts = 1 / (1 + np.exp(-draws[:, 2:]))
    modes_ = st.analytic.tied.mode
    every = np.stack([modes_(r, w, [2.0, 4.0, 5.0]).T for r, w in zip(rates, starts, strict=True)])
    np.testing.assert_allclose(ahead.values, every[0], rtol=1e-9)
    low, high = np.quantile(every[1:], (0.1, 0.9), axis=0)  # an interval of 80 %
    np.testing.assert_allclose(ahead.low, low, rtol=1e-9)
    np.testing.assert_allclose(ahead.high, high, rtol=1e-9)


def test_an_interval_of_times_ends_at_times_that_were_drawn():
    times = np.array([3.0, 1.0, 2.0, 4.0, np.inf])
    found = forecast._interval(
        times, 0.3
    )  # between the first and the second of four, and the third
    assert (found.value, found.low, found.high) == (3.0, 1.0, np.inf)


def test_the_horizon_is_half_again_the_last_learning_time(unfinished):
    full = replace(unfinished, withheld=None)
    latest = max(time.value for time in predict(full, learned=0.95).learning_times)
    assert predict(full, learned=0.95).t[-1] == pytest.approx(1.5 * latest, rel=1e-3)
    assert predict(unfinished, learned=0.2).t[-1] == 6.0  # what was withheld


def test_withheld_points_are_judged_by_hand(unfinished):
    later = unfinished.withheld
    judged = predict(unfinished).withheld
    ahead = predict(unfinished, t=later.t)
    room = 2.0 * unfinished.quality.residual
    inside = (later.values >= ahead.low - room) & (later.values <= ahead.high + room)
    assert inside.mean() > ((later.values >= ahead.low) & (later.values <= ahead.high)).mean()
    assert judged.points == later.values.size
    assert judged.covered == inside.mean()
    assert judged.error == pytest.approx(np.sqrt(np.mean((ahead.values - later.values) ** 2)))
    stays = unfinished.curves.values[-1]
    assert judged.nothing == pytest.approx(np.sqrt(np.mean((stays - later.values) ** 2)), rel=1e-12)


def test_a_coming_swing_is_the_first_rise_that_ends_later():
    """Times 0 to 6, fitted until 3. The best loss rises from 2 to 4, though it has begun; the rise to 1 is over."""
    t = np.arange(7.0)
    best = np.array([4.0, 5.0, 1.0, 2.0, 3.0, 0.5, 0.4])
    passed = np.array([4.0, 5.0, 1.0, 0.9, 0.8, 0.7, 0.6])
    late = np.array([4.0, 3.0, 2.0, 1.0, 1.0, 3.0, 0.6])
    found = forecast._swing(t, np.stack([best, best, late, late, passed]), 3.0, 0.1, 0.1)
    assert found.probability == 0.75
    assert (found.start.value, found.top.value, found.size.value) == (2.0, 4.0, 0.5)
    assert (found.top.low, found.top.high) == (4.0, 5.0)
    # without a rise of its own the best loss has the medians of those that have one
    other = forecast._swing(t, np.stack([passed, late, late, best, passed]), 3.0, 0.1, 0.1)
    assert (other.top.value, other.size.value) == (5.0, 0.5)
    assert forecast._swing(t, np.stack([passed, late, passed, passed]), 3.0, 0.1, 0.5) is None
    assert forecast._swing(t, np.stack([passed] * 3), 3.0, 0.1, 0.1) is None


def test_few_points_spread_the_draws_by_students_factor():
    few = np.linspace(0.1, 2.5, 6)
    measured = Curves(few, noisy(1.0 - np.exp(-few)[:, None], 0.01, seed=3), ("size",))
    found = fit(measured, model="one-layer", ends="one")
    assert found.quality.degrees == 4.0
    half = 0.5 * np.log(found["rate_1"].high / found["rate_1"].low)
    # 512 Sobol points have the spread of a normal law to a few percent; Student's factor is 1.4 times it.
    assert found.draws[:, 0].std() == pytest.approx(half / norm.isf(0.025), rel=0.05)


def test_a_bootstrap_draws_blocks_and_reads_quantiles():
    clean = 1.0 - 0.9 * np.exp(-T)[:, None]
    measured = Curves(T, noisy(clean, 0.03, 0.85), ("size",))
    options = {"model": "one-layer", "ends": "one"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        plain = fit(measured, **options)
        again = fit(measured, **options, bootstrap=120, rng=0, confidence=0.8)
    assert plain.quality.widening > 2
    log_rates = again.draws[:, 0]
    low, high = np.exp(np.quantile(log_rates, (0.1, 0.9))) / T[-1]
    assert (again["rate_1"].low, again["rate_1"].high) == pytest.approx((low, high), rel=1e-12)
    # Single residuals would spread the refits as those of independent errors.
    naive = np.log(plain["rate_1"].high / plain["rate_1"].low) / 4 / plain.quality.widening
    assert log_rates.std() > 1.3 * naive


def test_a_level_held_after_a_gap_counts_from_the_first_known_point():
    values = np.array([np.nan, 0.5, 0.5, 0.6])
    assert arrays.held(np.array([0.0, 1.0, 3.0, 4.0]), values, np.array(0.4), 2) == 1.0
    assert arrays.held(np.arange(4.0), values, np.array(0.55), 2) == np.inf


def test_a_crossing_is_off_by_no_more_than_the_longer_part_of_its_interval():
    # J s(1 − s)/(l(1 − l)) is 5 here, and the parts are a half each
    error = arrays.crossing_errors(np.array([0.0, 2.0]), np.array([0.0, 1.8]), 0.9)
    assert error == pytest.approx(1.0)


def test_a_swing_by_that_the_best_curve_lacks_stands_at_the_median_of_the_draws():
    t = np.arange(7.0)
    flat = np.linspace(1.0, 0.0, 7)
    tops = [flat + 0.5 * (t == k) for k in (3, 4, 6)]  # of the loss, at t = 3, 4 and 6
    found = forecast._swing(t, np.array([flat, *tops]), 1.0, 0.01, 0.025)
    assert found.probability == 1.0
    assert (found.top.value, found.top.low, found.top.high) == (4.0, 3.0, 6.0)


def test_an_end_is_believed_once_a_curve_has_gone_nine_tenths_of_its_way():
    t = np.linspace(0.0, 1.0, 60)
    noise = 0.004 * np.random.default_rng(0).standard_normal((60, 1))
    for rate, seen in ((1.2, False), (4.0, True)):  # 70 and 98 % of the way
        curve = 0.6 * (1.0 - np.exp(-rate * t))[:, None] + noise
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            found = fit(Curves(t, curve, ("size",)), model="one-layer")
        assert bool(found.ends) == seen
