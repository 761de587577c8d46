"""The fit acts on its evidence: intervals under correlated errors, ties, and models that are wrong."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, cauchy, norm
from scipy.stats import f as f_law
from scipy.stats import t as t_law

import simtheory as st
from simtheory.errors import ArgumentError, FitError, FitWarning, RegimeError
from simtheory.fit import Curves, fit, predict
from simtheory.fit import _residuals as residuals
from simtheory.fit import _shapes as shapes
from simtheory.units import Clock
from tests.unit.fit_alarms import few_alarms

ROOT = Path(__file__).parents[2]
NAMES = ("size", "colour")
RATES, STARTS = np.array([1.0, 0.4]), np.array([0.01, 0.02])
TRUTH = {"rate_1": 1.0, "rate_2": 0.4, "start_1": 0.01, "start_2": 0.02}
T = np.linspace(0.0, 9.0, 100)


def modes(t=T):
    return st.analytic.tied.mode(RATES, STARTS, t).T


def layer(t=T):
    return 1.0 - np.exp(-np.outer(t, RATES))


def autoregression(rng, shape, correlation):
    """Errors of variance one whose neighbours are correlated, from their stationary law."""
    new = rng.standard_normal(shape)
    found = new.copy()
    for k in range(1, shape[0]):
        found[k] = correlation * found[k - 1] + np.sqrt(1 - correlation**2) * new[k]
    return found


def counted(clean, truth, correlation, draws, *, times=T, size=0.03, **options):
    """Of all intervals of all draws, those that hold the truth, those of independent errors that do, and
    the draws whose model is called wrong."""
    rng, held, naive, alarms = np.random.default_rng(7), 0, 0, 0
    for _ in range(draws):
        errors = size * autoregression(rng, clean.shape, correlation)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always", FitWarning)
            found = fit(Curves(times, clean + errors, NAMES[: clean.shape[1]]), **options)
        alarms += bool(seen)
        assert bool(seen) == (found.verdict != "fits")
        for name, value in truth.items():
            here = found[name]
            held += here.low <= value <= here.high
            # Student's interval of independent errors: the same, but narrower by the widening.
            naive += (
                abs(value - here.value) <= 0.5 * (here.high - here.low) / found.quality.widening
            )
    return held, naive, alarms


@pytest.mark.parametrize("correlation", [0.0, 0.6, pytest.param(0.8, marks=pytest.mark.slow)])
def test_intervals_hold_the_truth_under_white_and_correlated_errors(correlation):
    """One layer, 120 draws. The errors of a rate and its start are correlated, so that their 240 intervals
    count as 120; right models are called wrong in three of a hundred, by construction."""
    draws, truth = 120, {"rate_1": 1.0, "start_1": 0.1}
    clean = 1.0 - 0.9 * np.exp(-T)[:, None]
    held, naive, alarms = counted(clean, truth, correlation, draws, model="one-layer", ends="one")
    low, high = binom.ppf([1e-3, 1 - 1e-3], draws, 0.95)
    assert 2 * low <= held <= 2 * high
    assert alarms <= binom.isf(1e-3, draws, 0.03)
    if correlation:
        assert naive < 0.85 * 2 * draws


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "correlation"),
    [
        *(("one-layer", correlation) for correlation in (0.0, 0.3, 0.6, 0.8)),
        *(("tied", correlation) for correlation in (0.0, 0.6)),
    ],
)
def test_coverage_lies_between_93_and_97_percent(model, correlation):
    """Through `fit`, which finds the model, ends and ties itself; spread of 400 draws: 0.7% to 1.1%."""
    draws, starts = 400, {"start_1": 0.01, "start_2": 0.02} if model == "tied" else {}
    clean, truth = (
        (modes() if model == "tied" else layer()),
        {"rate_1": 1.0, "rate_2": 0.4} | starts,
    )
    held, _, alarms = counted(clean, truth, correlation, draws, model=model, rows="orthogonal")
    assert 0.93 <= held / (draws * len(truth)) <= 0.97
    assert alarms <= 0.05 * draws  # three in a hundred are expected


def test_the_correlation_is_that_of_the_errors():
    """Without the restricted likelihood it would be too small by what the fit takes away."""
    rng, found = np.random.default_rng(0), []
    t = np.linspace(0.0, 1.0, 60)
    slopes = np.cos(np.pi * np.outer(t, np.arange(6)))[:, None, :]
    plain = []
    for _ in range(200):
        errors = autoregression(rng, (60, 1), 0.6)
        left = errors - slopes[:, 0] @ np.linalg.lstsq(slopes[:, 0], errors, rcond=None)[0]
        found.append(residuals.errors_of(left, slopes).correlation)
        plain.append(float(np.sum(left[1:] * left[:-1]) / np.sum(left**2)))
    spread = np.std(found) / np.sqrt(200)
    assert np.mean(found) == pytest.approx(0.6, abs=0.06)
    assert np.mean(plain) < 0.6 - 10 * spread


def test_whitened_moments_are_those_of_whitened_numbers():
    rng = np.random.default_rng(1)
    left, slopes, phi = rng.standard_normal((30, 2)), rng.standard_normal((30, 2, 3)), 0.7

    def white(table):
        first = np.sqrt(1 - phi**2) * table[:1]
        return np.concatenate([first, table[1:] - phi * table[:-1]])

    flat, design = white(left).ravel(), white(slopes).reshape(60, 3)
    rest = flat - design @ np.linalg.lstsq(design, flat, rcond=None)[0]
    grid = residuals._CORRELATIONS
    at = int(np.argmin(np.abs(grid - phi)))
    assert grid[at] == pytest.approx(phi, abs=1e-12)
    squares, _ = residuals._Moments.of(left, slopes).left()
    assert squares[at] == pytest.approx(rest @ rest, rel=1e-10)
    # and the covariance of sums of such errors
    variance = phi ** np.abs(np.subtract.outer(np.arange(30), np.arange(30))) / (1 - phi**2)
    wanted = sum(slopes[:, k].T @ variance @ slopes[:, k] for k in range(2))
    driven = residuals.coloured(slopes, phi).reshape(60, 3)
    np.testing.assert_allclose(driven.T @ driven, wanted, rtol=1e-10)


def test_a_larger_model_is_judged_over_all_correlations():
    """The F test at each correlation, weighted by the restricted likelihood of the larger model."""
    rng = np.random.default_rng(1)
    left, slopes = rng.standard_normal((30, 2)), rng.standard_normal((30, 2, 3))
    more = np.concatenate([slopes, rng.standard_normal((30, 2, 2))], axis=-1)

    def off(table, design, inverse):
        gram = design.T @ inverse @ design
        part = design.T @ inverse @ table
        return table @ inverse @ table - part @ np.linalg.solve(gram, part), gram

    chances, likelihoods = [], []
    for phi in residuals._CORRELATIONS:
        variance = phi ** np.abs(np.subtract.outer(np.arange(30), np.arange(30))) / (1 - phi**2)
        inverse = np.kron(np.linalg.inv(variance), np.eye(2))
        before, _ = off(left.ravel(), slopes.reshape(60, 3), inverse)
        after, gram = off(left.ravel(), more.reshape(60, 5), inverse)
        chances.append(f_law.sf((before - after) / 2 / (after / 55), 2, 55))
        # two columns, each with ln det V = -ln(1 - phi²)
        likelihoods.append(
            np.log1p(-(phi**2)) - 0.5 * np.linalg.slogdet(gram)[1] - 27.5 * np.log(after)
        )
    weights = np.exp(np.array(likelihoods) - max(likelihoods)) * np.gradient(
        residuals._CORRELATIONS
    )
    wanted = float(weights @ chances / weights.sum())
    assert residuals.gain(left, slopes, left, more) == pytest.approx(wanted, rel=1e-8)
    extra = more[..., 3:]
    assert residuals.missed(left, slopes, [extra]) == pytest.approx(wanted, rel=1e-8)
    # of two changes the mean of Cauchy deviates counts, and one that residuals do not show as 0.9
    together = cauchy.sf(0.5 * (cauchy.isf(wanted) + cauchy.isf(0.9)))
    both = residuals.missed(left, slopes, [extra, slopes])
    assert both == pytest.approx(together, rel=1e-8)
    assert residuals.together([1e-9, 1.0, 1e-9]) == pytest.approx(1.5e-9, rel=1e-6)
    assert residuals.together([0.3, 0.3]) == pytest.approx(0.3, rel=1e-12)
    assert residuals.together([]) == 1.0


def false_ties(correlation, draws, model="one-layer", size=0.03):
    """How many fits of concepts without ties show some, and how many would by AICc alone."""
    rng, mu, false, naive = np.random.default_rng(3), np.array([1.0, 1.8]), 0, 0
    clean = layer() if model == "one-layer" else modes()
    observed = "target" if model == "one-layer" else "concepts"
    for _ in range(draws):
        errors = size * autoregression(rng, (T.size, 2), correlation)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FitWarning)
            found = fit(Curves(T, clean + errors, NAMES, observed, mu), model=model, ends="one")
        loose, tied = (c.quality.aicc for c in found.candidates)
        false += found.rows == "correlated"
        naive += tied < loose
    return false, naive


@pytest.mark.parametrize(
    ("draws", "most", "naively"),
    # 1% is expected: P(more than 3 of 60) = 0.3%, P(more than 2 of 20) = 0.1%
    [(20, 2, 2), pytest.param(60, 3, 10, marks=pytest.mark.slow)],
)
def test_ties_are_believed_only_beyond_their_uncertainty(draws, most, naively):
    """One layer without ties, at the target, where AICc takes ties in a tenth of all fits and more."""
    false, naive = false_ties(0.6, draws)
    assert false <= most
    assert naive >= naively
    rng, mu = np.random.default_rng(3), np.array([1.0, 1.8])
    coupled = st.analytic.one_layer.flow(RATES, np.array([[0.0, 0.3], [-0.3, 0.0]]), T) @ mu / mu
    errors = 0.03 * autoregression(rng, (T.size, 2), 0.6)
    tied_up = fit(Curves(T, coupled + errors, NAMES, "target", mu), model="one-layer")
    assert tied_up.rows == "correlated"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "draws", "correlation"),
    [("one-layer", 240, 0.0), ("one-layer", 240, 0.6), ("tied", 200, 0.6)],
)
def test_false_ties_are_rarer_than_three_percent(model, draws, correlation):
    false, _ = false_ties(correlation, draws, model)
    assert false < 0.03 * draws


def noisy(clean, size=0.005, correlation=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return clean + size * autoregression(rng, np.shape(clean), correlation)


def deep(t=T):
    return st.analytic.deep.mode(1.0, 0.02, t, depth=3)[:, None]


WRONG = {
    "one layer as tied": (layer(), {"model": "tied"}, "try model='one-layer'"),
    "tied as one layer": (modes(), {"model": "one-layer"}, "try model='tied'"),
    "three layers as tied": (deep(), {"model": "tied"}, "try model='deep', depth=3"),
    "a schedule": (modes(T**3 / T[-1] ** 2)[:, 1:], {}, "Possible causes|another net"),
    "an end": (0.9 * modes(), {"ends": "one"}, r"come to rest.*\(size, colour\): try ends='auto'"),
}


@pytest.mark.parametrize("correlation", [0.0, 0.6])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_model_is_said_to_be_wrong_with_its_cause(name, correlation):
    clean, options, cause = WRONG[name]
    measured = Curves(T, noisy(clean, 0.005, correlation), NAMES[: clean.shape[1]])
    with pytest.warns(FitWarning, match=cause):
        found = fit(measured, rows="orthogonal", **options)
    assert found.verdict in " ".join(str(found).split())
    assert re.search(cause, found.verdict)


def answered(
    clean, observed="concepts", *, draws, correlation, size=0.02, times=T, mu=None, **options
):
    """Share of draws in which a wrong model is said to be wrong, or its end is fitted."""
    rng, said = np.random.default_rng(11), 0
    names = ("loss",) if observed == "loss" else NAMES[: clean.shape[1]]
    for _ in range(draws):
        errors = size * autoregression(rng, clean.shape, correlation)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FitWarning)
            found = fit(
                Curves(times, clean + errors, names, observed, mu), rows="orthogonal", **options
            )
        said += found.verdict != "fits" or bool(found.ends)
    return said / draws


GROSS = {
    "an end": (0.9 * modes()[:, :1], {}),
    "an end that is not fitted": (0.9 * modes()[:, :1], {"ends": "one"}),
    "a unit": (1.2 * modes()[:, :1], {}),
    "a floor": (0.5 * (1 - modes()[:, :1]) ** 2 + 0.08, {"observed": "loss"}),
    "one layer as tied": (layer(), {"model": "tied"}),
    "tied as one layer": (modes(), {"model": "one-layer"}),
}


@pytest.mark.parametrize("name", GROSS)
def test_noise_that_is_correlated_hides_no_gross_error(name):
    """Noise of 0.02 whose neighbours are correlated by 0.6 is no excuse: of its slow waves, which look like
    a wrong model, each has 0.04."""
    clean, options = GROSS[name]
    assert answered(clean, draws=4, correlation=0.6, **options) == 1.0


NEVER_RIGHT = {
    **GROSS,
    "a unit below": (0.8 * modes()[:, :1], {"ends": "one"}),
    "a loss in another unit": ((1.0 - modes()[:, :1]) ** 2, {"observed": "loss", "mu": [1.0]}),
    "a late sigmoid": (norm.cdf(1.2 * (T - 4.5))[:, None], {"model": "one-layer"}),
    "a power law": (1.0 - 1.0 / (1.0 + T[:, None]), {"model": "tied"}),
    "an overshoot": (1.0 - np.exp(-0.8 * T)[:, None] * np.cos(1.5 * T)[:, None], {}),
    "two steps": (0.5 * norm.cdf([4 * (T - 2), 3 * (T - 6)]).sum(axis=0)[:, None], {}),
}


def test_a_floor_that_correlated_noise_hides_from_the_eye_is_fitted():
    """The last eighth drifts, so that no plateau is seen, and one layer leaves residuals like a random walk."""
    clean, _ = GROSS["a floor"]
    errors, rng = clean, np.random.default_rng(11)
    for _ in range(25):
        errors = 0.02 * autoregression(rng, clean.shape, 0.6)
    found = fit(Curves(T, clean + errors, ("loss",), "loss"))
    assert (found.model, found.ends, found.verdict) == ("tied", (0,), "fits")
    assert found["floor"].low < 0.08 < found["floor"].high


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.6])
@pytest.mark.parametrize("name", NEVER_RIGHT)
def test_a_grossly_wrong_model_is_named_in_every_drawn_case(name, correlation):
    clean, options = NEVER_RIGHT[name]
    assert answered(clean, draws=12, correlation=correlation, **options) == 1.0


SMALL = {
    "three layers as tied": (deep(), 0.91),
    "time to the power 3/2": (modes(T**1.5 / T[-1] ** 0.5)[:, 1:], 0.60),
    "time to the power 2": (modes(T**2 / T[-1])[:, 1:], 0.78),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_small_misfits_are_found_as_often_as_is_said(name):
    """Left over by 0.7 to 1 of the noise; in white noise of 0.02 always, with 0.6 between neighbours often."""
    (clean, often), draws = SMALL[name], 50
    assert answered(clean, draws=20, correlation=0.0, model="tied", ends="one") == 1.0
    found = answered(clean, draws=draws, correlation=0.6, model="tied", ends="one")
    low, high = binom.ppf([1e-3, 1 - 1e-3], draws, often)
    assert low <= found * draws <= high


def test_a_curve_that_comes_to_rest_below_one_has_an_end():
    clean = modes() * [0.9, 1.0]
    found = fit(Curves(T, noisy(clean), NAMES), rows="orthogonal")
    assert (found.model, found.ends, found.verdict) == ("tied", (0,), "fits")
    assert found["end_1"].low < 0.9 < found["end_1"].high < 0.92
    assert found["rate_1"].low < 1.0 < found["rate_1"].high
    assert "size is learned to 0.90 only" in found.caveat
    ahead = predict(found, until=40.0)
    np.testing.assert_allclose(ahead.values[-1], [0.9, 1.0], atol=0.01)
    late = predict(found, until=40.0, learned=0.95).learning_times
    assert np.isinf(late[0].value)
    assert np.isfinite(late[1].value)
    free = fit(Curves(T, noisy(modes()), NAMES), model="tied", rows="orthogonal", ends="free")
    assert free.ends == (0, 1)
    assert free["end_2"].low < 1.0 < free["end_2"].high


def test_a_curve_that_still_rises_has_no_end():
    """Half of a rise that noise does not explain is no plateau, whatever would fit it."""
    part = T < 3.0
    with pytest.warns(FitWarning):
        found = fit(Curves(T[part], noisy(deep(T)[part]), ("size",)), model="one-layer")
    assert found.ends == ()


def test_a_loss_that_comes_to_rest_above_zero_has_a_floor():
    loss = 0.5 * (1.0 - modes()[:, :1]) ** 2 + 0.05
    found = fit(Curves(T, noisy(loss, 0.001), ("loss",), "loss"))
    assert (found.model, found.verdict) == ("tied", "fits")
    assert found["floor"].low < 0.05 < found["floor"].high < 0.052
    assert found["rate_1"].low < 1.0 < found["rate_1"].high
    assert "ends at 0.05, not at 0" in found.caveat
    assert predict(found, until=40.0).values[-1, 0] == pytest.approx(0.05, abs=1e-3)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (100 * modes(), r"'size' ends near 100.*divide by 100"),
        (1000 * modes(), r"'size' ends near 1e\+03.*value of a concept that is learned"),
        (np.round(modes()), r"'size' holds only 0 and 1.*Average over samples"),
    ],
)
def test_outputs_that_are_no_shares_are_refused(values, words):
    with pytest.raises(FitError, match=words):
        fit(Curves(T, values, NAMES))


def test_outputs_at_the_target_are_known():
    """The file of the docs, as a newcomer types it."""
    read = {"clock": Clock(lr=0.01), "columns": ("size", "colour")}
    with pytest.warns(FitWarning, match="--observed target.*`mu`"):
        fit(st.fit.curves(ROOT / "docs" / "curves.csv", **read))
    with pytest.warns(FitWarning, match=r"--observed target\)\."):
        fit(st.fit.curves(ROOT / "docs" / "curves.csv", mu=(1.0, 1.8), **read), model="tied")


def test_an_untied_net_learns_at_its_own_rates():
    """W₂W₁ from a balanced start: a step of a tied net is worth two of it."""
    task, lr = st.SIMTask(mu=(1.0, 1.5), sigma=0.05), 0.01
    half = np.diag([0.15, 0.1])
    run = st.sim.descend(st.sim.Untied(), task, [half, half], steps=1200, lr=lr, every=6)
    outputs = np.diagonal(run.weights, axis1=1, axis2=2)
    steps = Curves(
        6.0 * np.arange(len(run.t)), noisy(outputs), NAMES, unit="step", clock=Clock(lr=lr)
    )
    found = fit(steps)
    assert found.model == "untied"
    rates = [found[f"rate_{k}"].value for k in (1, 2)]
    np.testing.assert_allclose(rates, task.rates, rtol=0.03)
    tied = fit(steps, model="tied", rows="orthogonal")
    assert 2 * tied["rate_1"].value == pytest.approx(found["rate_1"].value, rel=1e-6)
    assert "one step is 0.01 (lr 0.01, loss half_sum, untied net" in found.time
    assert "one step is 0.02" in tied.time
    # learning times are steps, as the data are
    ahead = predict(found)
    assert ahead.unit == "step"
    assert ahead.learning_times[1].value == pytest.approx(
        st.analytic.tied.time_to_level(task.rates[1], 0.01) / lr, rel=0.03
    )


def random_layers(steps=1200, lr=0.01):
    """Layers of a wide untied net from a random start, whose outputs at the start have no sign."""
    task, rng = st.SIMTask(mu=(1.0, 1.5), sigma=0.05), np.random.default_rng(4)
    layers = [0.05 * rng.standard_normal(shape) for shape in ((30, 2), (2, 30))]
    run = st.sim.descend(st.sim.Untied(), task, layers, steps=steps, lr=lr, every=6)
    return task, np.diagonal(run.weights, axis1=1, axis2=2)


def test_layers_that_differ_at_the_start_are_fitted():
    """As a newcomer has them: one file of a trained two-layer net, steps and a learning rate."""
    task, outputs = random_layers()
    steps = 6.0 * np.arange(len(outputs))
    clock = Clock(lr=0.01)
    found = fit(Curves(steps, noisy(outputs, 0.002), NAMES, unit="step", clock=clock))
    assert (found.model, found.imbalanced, found.verdict) == ("untied", True, "fits")
    rates = [found[f"rate_{k}"].value for k in (1, 2)]
    np.testing.assert_allclose(rates, task.rates, rtol=0.02)
    for k in (1, 2):  # |u - v|²/|u + v|² of thirty random pairs is 1 ± 0.4
        assert 0.3 < found[f"imbalance_{k}"].value < 3.0
    balanced = next(c for c in found.candidates if c.model == "untied" and not c.imbalanced)
    assert balanced.quality.aicc > found.quality.aicc + 50
    assert "layers imbalanced" in str(found)
    ahead = predict(found)
    halves = [np.interp(0.5, column, steps) for column in outputs.T]
    np.testing.assert_allclose([t.value for t in ahead.learning_times], halves, rtol=0.01)
    # taken for tied it warns, and names the net
    canonical = Curves(0.01 * steps, noisy(outputs, 0.002), NAMES)
    with pytest.warns(FitWarning, match="differ at the start.*try model='untied'"):
        fit(canonical, model="tied", rows="orthogonal")


@pytest.mark.parametrize(
    ("seeds", "most"),
    # 1% is expected: P(more than 3 of 40) = 0.07%, P(more than 1 of 10) = 0.4%
    [(10, 1), pytest.param(40, 3, marks=pytest.mark.slow)],
)
def test_balanced_layers_are_not_called_imbalanced(seeds, most):
    false = 0
    with few_alarms(seeds):
        for seed in range(seeds):
            curves = Curves(T, noisy(modes(), 0.02, 0.0, seed), NAMES)
            false += fit(curves, model="untied", ends="one").imbalanced
    assert false <= most


def test_imbalanced_modes_are_those_of_theory():
    start, imbalance = np.array([0.03, 0.2]), np.array([0.6, 0.9])
    rates = np.array([0.5, 2.0])
    found = shapes.imbalanced(rates, start, imbalance, T)
    wanted = st.analytic.untied.imbalanced_mode(
        rates, start * (1 - imbalance), T, imbalance=4 * start * np.sqrt(imbalance)
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    balanced = shapes.imbalanced(rates, start, np.zeros(2), T)
    np.testing.assert_allclose(balanced, st.analytic.tied.mode(rates, start, T), rtol=1e-12)
    assert np.abs(found - balanced).max() > 0.01


@pytest.mark.parametrize("depth", [1.5, 2.0, 3.0, 4.5])
def test_deep_modes_of_the_table_are_those_of_theory(depth):
    rates, start = np.array([0.5, 2.0, 5.0]), np.array([0.3, 0.01, 1e-4])
    found = shapes.mode(rates, np.log(start / (1 - start)), T, depth)
    np.testing.assert_allclose(
        found, st.analytic.deep.mode(rates, start, T, depth=depth), atol=1e-9
    )


def test_a_deep_net_comes_back():
    found = fit(Curves(T, noisy(deep(), 0.01), ("size",)), depth=3)
    assert (found.model, found.depth, found.verdict) == ("deep", 3.0, "fits")
    assert found["rate_1"].low < 1.0 < found["rate_1"].high
    assert found["start_1"].low < 0.02 < found["start_1"].high
    assert found["rate_1"].high < 1.1
    two = fit(Curves(T, noisy(modes()), NAMES), model="deep", depth=2)
    one = fit(Curves(T, noisy(modes()), NAMES), model="tied", rows="orthogonal")
    for name in TRUTH:  # the curves of depth two are logistic
        assert two[name].value == pytest.approx(one[name].value, rel=1e-4)


def test_auto_goes_by_what_is_said_of_the_net():
    def tried(**said):
        clock = Clock(lr=0.1, **said.pop("clock")) if "clock" in said else None
        unit = "t" if clock is None else "step"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FitWarning)
            found = fit(Curves(T, noisy(modes()), NAMES, unit=unit, clock=clock), **said)
        return {candidate.model for candidate in found.candidates}

    assert tried() == {"one-layer", "tied"}
    assert tried(clock={}) == {"one-layer", "untied"}
    assert tried(clock={"tied": True}) == {"tied"}
    assert tried(depth=2) == {"deep"}
    measured = Curves(T, noisy(modes()), NAMES)
    for options, kind, words in (
        ({"model": "deep"}, ArgumentError, "`depth` must say"),
        ({"model": "tied", "depth": 3}, ArgumentError, "`depth` is of a deep net"),
        ({"depth": 0.5}, ArgumentError, "`depth` must lie between 1 and"),
        ({"ends": "two"}, ArgumentError, "`ends`"),
        ({"model": "untied", "rows": "correlated"}, RegimeError, "untied and deep nets"),
    ):
        with pytest.raises(kind, match=words):
            fit(measured, **options)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_intervals_and_bands_have_the_confidence_that_they_say(confidence):
    """A forecast is spread as the parameters are: half a band is Student's factor times its error."""
    measured = Curves(T, noisy(modes()[:, :1], 0.01), ("size",))
    found = fit(measured, model="tied", confidence=confidence)
    wide = t_law.isf(0.5 * (1 - confidence), 98)
    tail = norm.isf(0.5 * (1 - confidence))
    log_rate = found.draws[:, 0]
    half = 0.5 * np.log(found["rate_1"].high / found["rate_1"].low)
    # 512 Sobol points have the spread of a normal law to a few percent.
    assert half == pytest.approx(tail * (log_rate.std() / (wide / tail)) * (wide / tail), rel=0.05)
    ahead = predict(found, t=[4.0, 5.0])
    curves = np.array([st.analytic.tied.mode(r, w, [4.0, 5.0]) for r, w in _natural(found)])
    spread = curves.std(axis=0) * tail
    np.testing.assert_allclose(0.5 * (ahead.high - ahead.low)[:, 0], spread, rtol=0.08)
    time = predict(found).learning_times[0]
    times = np.array([st.analytic.tied.time_to_level(r, w) for r, w in _natural(found)])
    assert 0.5 * (time.high - time.low) == pytest.approx(times.std() * tail, rel=0.08)


def test_bootstrapped_residuals_are_as_large_as_the_noise():
    """A fit of two parameters takes a third of the squares of six points, which the refits give back."""
    few = np.linspace(0.1, 2.5, 6)
    clean = 1.0 - np.exp(-few)[:, None]
    measured = Curves(few, noisy(clean, 0.01, 0.0, 3), ("size",))
    options = {"model": "one-layer", "ends": "one"}
    plain = fit(measured, **options)
    assert plain.quality.correlation == 0.0
    again = fit(measured, **options, bootstrap=300, rng=0)
    # Student's factor of four degrees is in the first; 300 refits have their spread to 4%.
    half = 0.5 * np.log(plain["rate_1"].high / plain["rate_1"].low) / t_law.isf(0.025, 4)
    assert again.draws[:, 0].std() == pytest.approx(half, rel=0.1)


def _natural(found):
    draws = found.draws
    return zip(np.exp(draws[:, 0]) / T[-1], 1 / (1 + np.exp(-draws[:, 1])), strict=True)
