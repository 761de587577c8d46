"""Linear denoisers and flow matching on hostile input: right at 40 digits, never NaN."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simtheory.analytic import denoiser as dn
from simtheory.analytic import flow_matching as fm
from simtheory.tasks import DenoisingTask

powers = st.floats(-6.0, 6.0).map(lambda x: 10.0**x)
small = st.floats(-300.0, 0.0).map(lambda x: 10.0**x)
starts = st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0.0, 1.0), small)
times = st.one_of(st.just(0.0), powers)
lows = st.floats(-3.0, -0.5).map(lambda x: 10.0**x)
highs = st.floats(-0.4, 2.0).map(lambda x: 10.0**x)

RIGHT = 1e-12  # a dozen roundings of logarithms up to 40


def one_layer_log(lam, q, t, a, b) -> mpmath.mpf:
    """Return ln λ̃/σ_max² of one layer, a = σ_min² and b = σ_max²."""
    if t == 0:
        return -(1 - q) * mpmath.log(b / a)

    def between(x, y):
        return mpmath.e1(x * t) - mpmath.e1(y * t)

    grown = mpmath.log((b + lam) / (a + lam)) - between(a + lam, b + lam)
    return -((1 - q) * mpmath.exp(-lam * t) * between(a, b) + grown)


def tied_log(lam, q, t, a, b) -> mpmath.mpf:
    """Return ln λ̃/σ_max² of the tied net."""
    e = mpmath.exp(-2 * lam * t)
    total = e + q * (1 - e)
    k, r = q / total, q * (1 - e) / (lam * total)
    return -((1 - k) * mpmath.log(b / a) + k * mpmath.log((1 + r * b) / (1 + r * a)))


@pytest.mark.parametrize(
    ("net", "exact"), [(dn.OneLayerDenoiser, one_layer_log), (dn.TiedDenoiser, tied_log)]
)
@given(powers, starts, times, lows, highs)
def test_generated_variances_are_right(net, exact, lam, q, t, low, high) -> None:
    task = DenoisingTask([lam], sigma_min=low, sigma_max=high)
    found = dn.generated_variance(task, net(q), [t])[0, 0]
    with mpmath.workdps(60):
        numbers = (mpmath.mpf(x) for x in (lam, q, t))
        # The squares as floats take them; their rounding is the input's.
        a, b = mpmath.mpf(task.sigma_min**2), mpmath.mpf(task.sigma_max**2)
        wanted = mpmath.mpf(b) * mpmath.exp(exact(*numbers, a, b))
        assert abs(found / wanted - 1) < RIGHT


@given(powers, starts, times, st.one_of(lows, highs))
def test_weights_stay_between_start_and_target(lam, q, t, sigma) -> None:
    f = lam / (lam + sigma**2)
    for net in (dn.OneLayerDenoiser(q), dn.TiedDenoiser(q)):
        found = net.mode(lam, t, sigma=sigma)
        assert min(q, f) * (1 - RIGHT) <= found <= max(q, f) * (1 + RIGHT)


@given(powers, starts, lows, highs, st.sampled_from(dn.LEVELS))
def test_emergence_is_a_passage_or_never(lam, q, low, high, level) -> None:
    task = DenoisingTask([lam], sigma_min=low, sigma_max=high)
    for net in (dn.OneLayerDenoiser(q), dn.TiedDenoiser(q)):
        (when,) = dn.emergence_times(task, net, level=level)
        assert when >= 0
        if 0 < when < np.inf:
            first, then = dn.generated_variance(task, net, [0.0, when])[:, 0]
            aim = {
                "harmonic": 2 / (1 / first + 1 / lam),
                "geometric": (first * lam) ** 0.5,
                "arithmetic": (first + lam) / 2,
                "band": np.clip(first, 0.8 * lam, 1.2 * lam),
            }[level]
            # The passage is bisected to rounding; a steep curve moves by more than its own.
            before = dn.generated_variance(task, net, [when * (1 - 1e-9)])[0, 0]
            assert abs(then - aim) <= 1e-9 * aim or (before - aim) * (then - aim) <= 0


@given(st.lists(powers, min_size=1, max_size=4), st.lists(powers, min_size=4, max_size=4))
def test_divergences_are_right_and_not_negative(lam, made) -> None:
    variances, generated = np.array(lam), np.array(made[: len(lam)])
    for x in (generated, variances * (1.0 + 1e-7 * generated / generated.max())):
        found = float(dn.kl(x, variances))
        with mpmath.workdps(60):
            ratio = [mpmath.mpf(u) / mpmath.mpf(v) for u, v in zip(x, variances, strict=True)]
            wanted = sum(r - 1 - mpmath.log(r) for r in ratio) / 2
            assert abs(found - wanted) <= RIGHT * wanted
        assert found >= 0


@given(st.lists(powers, min_size=1, max_size=6), st.one_of(lows, highs), st.integers(1, 10**6))
def test_renormalised_noise_solves_its_equation(lam, sigma, n) -> None:
    kappa = dn.renormalised_noise(lam, sigma=sigma, n=n)
    assert kappa >= sigma**2 * (1 - RIGHT)
    with mpmath.workdps(60):
        k, shares = mpmath.mpf(kappa), [mpmath.mpf(v) for v in lam]
        terms = [v / (v + k) for v in shares]
        excess = k * (1 - sum(terms) / n) - mpmath.mpf(sigma) ** 2
        slope = 1 - sum(u * u for u in terms) / n
        assert abs(excess / slope) < 1e-9 * k  # one more step of Newton's moves it no further


@given(powers, starts, times)
def test_flow_matching_by_one_layer_is_right(lam, q, t) -> None:
    found = float(fm.one_layer_variance(lam, t, start=q))
    with mpmath.workdps(60):
        lam, q, t = (mpmath.mpf(x) for x in (lam, q, t))
        if t == 0:
            wanted = mpmath.exp(2 * q)
        else:
            z = mpmath.sqrt(t / (1 + lam))
            width = mpmath.sqrt(mpmath.pi / (t * (1 + lam))) * mpmath.exp(-t * lam / (1 + lam))
            wanted = lam * mpmath.exp(
                mpmath.e1(lam * t)
                - mpmath.e1(t)
                + q * width * (mpmath.erf(z) + mpmath.erf(lam * z))
            )
        assert abs(found / wanted - 1) < RIGHT


@settings(max_examples=25)
@given(powers, starts, times)
def test_flow_matching_by_a_tied_net_is_right(lam, q, t) -> None:
    """Against a quadrature in ln n on either side of n = 0, on pieces around the front."""
    found = float(fm.tied_variance(lam, t, start=q))
    assert 1.0 - RIGHT <= found <= np.exp(2.0) * (1.0 + lam)

    def weight(n: np.ndarray) -> np.ndarray:
        s = (1.0 + n) / (1.0 + lam)
        return fm.tied_weight(lam, t, s=np.clip(s, 0.0, 1.0), start=q)

    # The weight itself is held to its statement elsewhere; here only the quadrature is in question.
    x, h = np.polynomial.legendre.leggauss(40)
    total = 0.0
    for end in (-1.0, lam):
        cuts = np.concatenate(
            [[0.0], np.geomspace(1e-12 * min(1.0, lam, 1.0 / max(t, 1.0)), 1.0, 1500)]
        )
        low, half = cuts[:-1, None] * abs(end), 0.5 * np.diff(cuts)[:, None] * abs(end)
        nodes = low + half + half * x  # all pieces at once
        total += float(np.sum(half[:, 0] * (weight(np.copysign(nodes, end)) @ h)))
    assert found == pytest.approx(np.exp(2.0 * total / (1.0 + lam)), rel=1e-10)
