"""Noise levels that learn at different speeds: the generated variance, its times, and training."""

import warnings

import mpmath
import numpy as np
import pytest
from scipy.integrate import IntegrationWarning, quad

import simtheory as st
from simtheory.analytic import denoiser as dn
from simtheory.errors import ArgumentError
from simtheory.noise import LogNormal, MinSNR
from simtheory.tasks import DenoisingTask

NOTEBOOK = DenoisingTask((1.9,), sigma_min=0.002, sigma_max=100.0)
PRINTED = 4.219598971353792
THREE = DenoisingTask((0.1, 1.0, 10.0), sigma_min=0.002, sigma_max=80.0)
NETS = (dn.OneLayerDenoiser(0.1), dn.TiedDenoiser(0.1))


def notebook_integrand(sigma):
    end, density = 1.9 / (sigma**2 + 1.9), LogNormal()(sigma)
    w = end + (0.2 - end) * np.exp(-20.0 * density * (sigma**2 + 1.9))
    return (w - 1.0) / sigma


def test_the_released_notebooks_number_is_its_quadratures_not_the_integrals():
    found = dn.generated_variance(NOTEBOOK, dn.OneLayerDenoiser(0.2), [20.0], weight=LogNormal())
    with mpmath.workdps(30):

        def integrand(u):
            sigma = mpmath.exp(u)
            density = mpmath.npdf(u, mpmath.mpf("-1.2"), mpmath.mpf("1.2")) / sigma
            rate = sigma**2 + mpmath.mpf("1.9")
            end = mpmath.mpf("1.9") / rate
            return end + (mpmath.mpf("0.2") - end) * mpmath.exp(-20 * density * rate) - 1

        ends = [mpmath.log(s) for s in ("0.002", "0.02", "0.2", "1", "5", "20", "100")]
        truth = float(10000 * mpmath.exp(2 * mpmath.quad(integrand, ends)))
    assert truth == pytest.approx(3.651444132192716, rel=1e-14)
    assert found[0, 0] == pytest.approx(truth, rel=1e-13)
    # The notebook integrates over σ itself, from 0.002 to 100, with the defaults of `quad`.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntegrationWarning)
        coarse = 1e4 * np.exp(2.0 * quad(notebook_integrand, 0.002, 100.0)[0])
    assert coarse == pytest.approx(PRINTED, rel=1e-9)
    assert abs(PRINTED - truth) > 0.5


@pytest.mark.parametrize("net", NETS)
def test_equal_weights_are_the_closed_form_at_their_time(net):
    t = np.array([0.0, 0.01, 0.3, 5.0, 100.0])
    weighted = dn.generated_variance(THREE, net, t, weight=lambda s: np.full_like(s, 2.5))
    np.testing.assert_allclose(weighted, dn.generated_variance(THREE, net, 2.5 * t), rtol=1e-11)
    still = np.tile(weighted[:1], (5, 1))
    assert np.abs(still / weighted - 1.0).max() > 0.5  # the untrained net is no such thing
    times = dn.emergence_times(THREE, net, weight=lambda s: np.full_like(s, 2.5))
    np.testing.assert_allclose(times, dn.emergence_times(THREE, net) / 2.5, rtol=1e-9)


@pytest.mark.parametrize(
    ("weight", "one", "tied"),
    [
        (LogNormal(), (0.67067725, 0.05997387, 0.00593276), (2.32294547, 0.21678724, 0.02152677)),
        (MinSNR(), (0.17355004, 0.01378237, 0.001348798), (0.62667604, 0.05415388, 0.00533411)),
    ],
)
def test_emergence_times_meet_their_level(weight, one, tied):
    for net, literal in zip(NETS, (one, tied), strict=True):
        times = dn.emergence_times(THREE, net, weight=weight)
        np.testing.assert_allclose(times, literal, rtol=1e-6)
        first = dn.generated_variance(THREE, net, [0.0])[0]
        level = 2.0 * first * THREE.variances / (first + THREE.variances)
        at = dn.generated_variance(THREE, net, np.sort(times), weight=weight)[::-1]
        np.testing.assert_allclose(np.diagonal(at), level, rtol=1e-8)


def test_a_jump_and_levels_that_never_learn():
    late = THREE.sigma_min, 1.0
    found = dn.generated_variance(
        THREE, NETS[0], [3.0], weight=lambda s: np.where(s < late[1], 1.0, 0.0)
    )
    low = DenoisingTask(THREE.variances, sigma_min=THREE.sigma_min, sigma_max=1.0)
    learned = dn.generated_variance(low, NETS[0], [3.0])  # of unit noise; above it ψ = 0.1
    np.testing.assert_allclose(found, learned * 80.0 ** (2 * 0.1), rtol=1e-10)


def test_training_with_a_weight_follows_the_law():
    task = DenoisingTask((0.3, 2.0), sigma_min=0.05, sigma_max=10.0)
    from simtheory.validation import denoiser

    levels = denoiser.log_levels(task, 400)
    run = denoiser.train_linear(
        NETS[0], task, levels=levels, steps=400, lr=0.001, weight=LogNormal(), looks=[0, 100, 400]
    )
    drawn = denoiser.sampled_covariance(run.weights, levels).diagonal(axis1=-2, axis2=-1)
    law = dn.generated_variance(task, NETS[0], run.t, weight=LogNormal())
    error = np.abs(np.log(drawn / law)).max()
    assert error < 0.02
    for other in (None, MinSNR()):
        apart = np.log(drawn[1:] / dn.generated_variance(task, NETS[0], run.t[1:], weight=other))
        assert np.abs(apart).max() > 10 * error
    assert np.abs(np.log(drawn[0] / drawn[-1])).max() > 10 * error


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (lambda s: -s, r"finite and not negative at every noise level.*it is -0\.00"),
        (lambda s: 1.0 / (s > 1.0), r"finite and not negative"),
        (lambda s: np.zeros_like(s), "let a level learn, but it is zero at all"),
        (lambda s: 1.0, r"shape of the levels, \(201,\), but their shape is \(\)"),
        (3.0, "must be a function"),
        (lambda s: np.random.default_rng(0).random(s.shape) * (s + 1.0), "integrable over ln σ"),
    ],
)
def test_weights_that_are_none(weight, message):
    with np.errstate(divide="ignore"), pytest.raises(ArgumentError, match=message):
        dn.generated_variance(THREE, NETS[0], [1.0], weight=weight)


def test_the_log_normal_density_has_mass_one_and_min_snr_its_cap():
    mass = quad(lambda u: float(LogNormal()(np.exp(u)) * np.exp(u)), -12.0, 10.0, limit=200)[0]
    assert mass == pytest.approx(1.0, abs=1e-10)
    assert LogNormal()(0.0) == 0.0
    np.testing.assert_array_equal(MinSNR(4.0)(np.array([0.0, 0.5, 1.0])), [4.0, 4.0, 1.0])
    for wrong in ({"std": 0.0}, {"mean": np.nan}):
        with pytest.raises(ArgumentError):
            LogNormal(**wrong)
    with pytest.raises(ArgumentError):
        MinSNR(-1.0)
    assert st.noise.MinSNR is MinSNR
