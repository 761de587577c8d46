"""Exact identities of linear denoisers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

from simtheory.analytic import denoiser as dn
from simtheory.errors import ArgumentError, RegimeError, RegimeWarning, ShapeError
from simtheory.tasks import DenoisingTask

ENDS = {"sigma_min": 0.002, "sigma_max": 80.0}
LAM = np.array([0.1, 1.0, 10.0])
TASK = DenoisingTask(LAM, **ENDS)
FINE = DenoisingTask([1e-6], **ENDS)  # below σ_min², which no schedule resolves
T = np.geomspace(0.01, 30.0, 12)
EPS = 1e-12  # a dozen roundings of a logarithm of size ten
NETS = [
    dn.OneLayerDenoiser(0.1),
    dn.TiedDenoiser(0.1),
    dn.OneLayerDenoiser([0.1, 0.0, 0.4]),
    dn.TiedDenoiser([0.1, 0.3, 0.4]),
]


@pytest.mark.parametrize("net", NETS)
def test_untrained_and_trained(net) -> None:
    first = dn.generated_variance(TASK, net, [0.0])[0]
    untrained = 80.0**2 * (0.002 / 80.0) ** (2 * (1 - np.asarray(net.start)))
    np.testing.assert_allclose(first, untrained, rtol=EPS)
    last = dn.generated_variance(TASK, net, [1e9])[0]
    np.testing.assert_allclose(last, dn.asymptotic_variance(TASK), rtol=EPS)
    assert np.abs(first / last - 1).max() > 10 * EPS


@pytest.mark.parametrize("net", NETS)
def test_weights_start_and_end_where_they_should(net) -> None:
    f = LAM / (LAM + 0.25)
    np.testing.assert_array_equal(
        net.mode(LAM, 0.0, sigma=0.5), np.broadcast_to(net.start, LAM.shape)
    )
    np.testing.assert_allclose(net.mode(LAM, 1e4, sigma=0.5), f, rtol=EPS)
    kind = type(net)
    np.testing.assert_allclose(kind(f).mode(LAM, 0.7, sigma=0.5), f, rtol=EPS)


@pytest.mark.parametrize("kind", [dn.OneLayerDenoiser, dn.TiedDenoiser])
def test_two_halves_make_a_whole(kind) -> None:
    half = kind(0.1).mode(LAM, 0.35, sigma=0.5)
    whole = kind(half).mode(LAM, 0.35, sigma=0.5)
    np.testing.assert_allclose(whole, kind(0.1).mode(LAM, 0.7, sigma=0.5), rtol=EPS)


@pytest.mark.parametrize("kind", [dn.OneLayerDenoiser, dn.TiedDenoiser])
def test_sampling_in_two_stretches_is_sampling_at_once(kind) -> None:
    net = kind(0.1)
    whole = net.log_ratio(LAM, 1.3, sigma_min=0.002, sigma_max=80.0)
    low = net.log_ratio(LAM, 1.3, sigma_min=0.002, sigma_max=0.5)
    high = net.log_ratio(LAM, 1.3, sigma_min=0.5, sigma_max=80.0)
    np.testing.assert_allclose(low + high, whole, rtol=EPS)
    none = net.log_ratio(LAM, 1.3, sigma_min=0.5, sigma_max=0.5)
    np.testing.assert_allclose(none, 0.0, atol=EPS)


@pytest.mark.parametrize("net", NETS[:2])
def test_a_stretched_mode_is_a_slower_one(net) -> None:
    """λ → sλ with σ → √s σ: variances gain s and times lose it, so t⋆λ stays."""
    s = 7.3
    stretched = DenoisingTask(s * LAM, sigma_min=0.002 * s**0.5, sigma_max=80.0 * s**0.5)
    np.testing.assert_allclose(
        dn.generated_variance(stretched, net, T / s),
        s * dn.generated_variance(TASK, net, T),
        rtol=EPS,
    )
    one, two = dn.emergence_times(TASK, net), dn.emergence_times(stretched, net)
    np.testing.assert_allclose(two * s, one, rtol=1e-11)
    # Power: over the same schedule the law is only approximate.
    same = dn.emergence_times(DenoisingTask(s * LAM, **ENDS), net)
    assert np.abs(same * s / one - 1).max() > 0.01


@pytest.mark.parametrize("net", NETS[:2])
def test_modes_can_be_listed_in_any_order(net) -> None:
    order = [2, 0, 1]
    other = DenoisingTask(LAM[order], **ENDS)
    np.testing.assert_array_equal(
        dn.generated_variance(other, net, T), dn.generated_variance(TASK, net, T)[:, order]
    )
    np.testing.assert_array_equal(
        dn.emergence_times(other, net), dn.emergence_times(TASK, net)[order]
    )


def test_turned_data_have_the_same_variances() -> None:
    turn = ortho_group.rvs(3, random_state=2)
    turned = DenoisingTask((turn * LAM) @ turn.T, **ENDS)
    np.testing.assert_allclose(
        dn.generated_variance(turned, dn.TiedDenoiser(0.1), T),
        dn.generated_variance(TASK, dn.TiedDenoiser(0.1), T),
        rtol=1e-11,  # eigenvalues of a matrix of condition 100
    )
    W = dn.one_layer_weights(turned, 0.1 * np.eye(3), T, sigma=0.5)
    modes = dn.OneLayerDenoiser(0.1).mode(LAM, T[:, None], sigma=0.5)
    np.testing.assert_allclose(turn.T @ W @ turn, modes[..., None] * np.eye(3), atol=EPS)


def test_zero_and_full_starts() -> None:
    """A zero start of a tied net never learns; a start of one hands on the noise untrained."""
    never = dn.generated_variance(TASK, dn.TiedDenoiser(0.0), [0.0, 1.0, 1e6])
    np.testing.assert_allclose(never, 0.002**2, rtol=EPS)
    assert np.isinf(dn.emergence_times(TASK, dn.TiedDenoiser(0.0))).all()
    for kind in (dn.OneLayerDenoiser, dn.TiedDenoiser):
        first = dn.generated_variance(TASK, kind(1.0), [0.0])
        np.testing.assert_allclose(first, 80.0**2, rtol=EPS)
        # It comes down to the data from above, and emerges on the way.
        times = dn.emergence_times(TASK, kind(1.0), level="geometric")
        reached = [
            dn.generated_variance(TASK, kind(1.0), [when])[0, k] for k, when in enumerate(times)
        ]
        np.testing.assert_allclose(reached, 80.0 * np.sqrt(LAM), rtol=1e-9)


def test_without_a_mean_matrix_and_bias_are_apart() -> None:
    W0, b0 = np.random.default_rng(0).standard_normal((3, 3)), np.array([1.0, -2.0, 0.5])
    found = dn.affine_weights(TASK, W0, b0, T, sigma=0.5)
    np.testing.assert_allclose(found.W, dn.one_layer_weights(TASK, W0, T, sigma=0.5), atol=EPS)
    np.testing.assert_allclose(found.b, b0 * np.exp(-T)[:, None], atol=EPS)


def test_with_a_mean_the_end_is_the_best_affine_map() -> None:
    task = DenoisingTask(LAM, mean=(1.0, -0.5, 0.3), **ENDS)
    ensemble = np.random.default_rng(0).standard_normal((2, 4, 3, 4))
    found = dn.affine_weights(task, ensemble[..., :3], ensemble[..., 3], [0.0, 1e3], sigma=0.5)
    assert found.W.shape == (2, 4, 2, 3, 3)
    best = task.target(sigma=0.5)
    np.testing.assert_allclose(found.W[:, :, 0], ensemble[..., :3], atol=EPS)
    np.testing.assert_allclose(found.W[0, 0, 1], best, atol=EPS)
    np.testing.assert_allclose(found.b[1, 2, 1], task.mean - best @ task.mean, atol=EPS)


def test_the_targets_are_fixed_points_of_the_bridges() -> None:
    turn = ortho_group.rvs(3, random_state=4)
    task = DenoisingTask((turn * LAM) @ turn.T, **ENDS)
    best = task.target(sigma=0.5)
    for bridge, velocity in (
        (dn.tied_bridge, dn.tied_velocity),
        (dn.one_layer_bridge, dn.one_layer_velocity),
    ):
        found = bridge(task, sigma=0.5)
        np.testing.assert_allclose(velocity(best, found), 0.0, atol=1e-13 * LAM.max())
        assert np.abs(velocity(0.9 * best, found)).max() > 1e-3


def test_the_divergence_vanishes_for_the_data_alone() -> None:
    assert dn.kl(LAM, LAM) == 0.0
    assert dn.kl(LAM, LAM, mean_error=0.1 * np.sqrt(LAM)) == pytest.approx(0.015, rel=EPS)
    np.testing.assert_allclose(
        dn.kl(np.stack([LAM, 2 * LAM]), LAM), [0.0, 1.5 * (1 - np.log(2))], rtol=EPS
    )
    # Small differences keep their digits: u²/4 for one mode.
    assert dn.kl([1 + 2.0**-30], [1.0]) == pytest.approx(2.0**-62, rel=1e-8)


def test_unlimited_data_leave_the_noise() -> None:
    assert dn.renormalised_noise(LAM, sigma=0.5, n=10**12) == pytest.approx(0.25, rel=1e-10)
    # One variance: κ solves a quadratic.
    lam, noise, gamma = 2.0, 0.25, 0.5
    b = lam * (1 - gamma) - noise
    root = (-b + (b * b + 4 * lam * noise) ** 0.5) / 2
    assert dn.renormalised_noise([lam], sigma=0.5, n=2) == pytest.approx(root, rel=EPS)
    # With fewer samples than dimensions it stays finite as the noise goes: ridgeless.
    assert dn.renormalised_noise(np.full(4, 2.0), sigma=1e-9, n=2) == pytest.approx(2.0, rel=1e-9)


def test_a_mode_that_cannot_emerge_does_not() -> None:
    """Far below σ_min² the samples keep the noise of the end; their variance is never the data's."""
    task = DenoisingTask((1e-9, 1.0), **ENDS)
    found = dn.emergence_times(task, dn.OneLayerDenoiser(0.1))
    assert np.isinf(found[0])
    assert np.isfinite(found[1])
    with pytest.raises(ArgumentError, match="`times` must be finite"):
        dn.exponent(task.variances, found)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: dn.TiedDenoiser(-0.1), RegimeError, "`start` of a tied net must not be negative"),
        (lambda: dn.OneLayerDenoiser(np.nan), ArgumentError, "`start` must be finite"),
        (
            lambda: dn.one_layer_mode(0.0, 1, sigma=1, start=0),
            ArgumentError,
            "`variance` must be pos",
        ),
        (
            lambda: dn.tied_mode(1.0, -1, sigma=1, start=0),
            ArgumentError,
            "`t` must not be negative",
        ),
        (
            lambda: dn.generated_variance(TASK, dn.OneLayerDenoiser([0.1, 0.2]), [0.0]),
            ShapeError,
            r"`start` of the net must be a scalar or have shape \(3,\)",
        ),
        (
            lambda: dn.generated_variance(DenoisingTask(LAM, mean=1.0, **ENDS), NETS[0], [0.0]),
            RegimeError,
            "needs data without mean",
        ),
        (
            lambda: dn.emergence_times(TASK, NETS[0], level="harmonics"),
            ArgumentError,
            "did you mean",
        ),
        (
            lambda: dn.emergence_times(TASK, NETS[0], width=1.0),
            ArgumentError,
            "`width` must lie in",
        ),
        (lambda: dn.exponent([1.0, 2.0], [1.0]), ShapeError, "must have the same shape"),
        (lambda: dn.exponent([1.0, 1.0], [1.0, 2.0]), ArgumentError, "two distinct"),
        (lambda: dn.kl([0.0], [1.0]), ArgumentError, "`generated` must be positive"),
        (
            lambda: dn.affine_weights(TASK, np.eye(3), np.zeros(2), [0.0], sigma=1.0),
            ShapeError,
            r"`b0` must have shape \(3,\)",
        ),
        (lambda: dn.cutoff_law(FINE, NETS[0], [1e6]), RegimeError, "Pass strict=False"),
    ],
)
def test_bad_arguments_are_refused(call, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_outside_its_regime_the_cutoff_law_warns() -> None:
    with pytest.warns(RegimeWarning, match="sigma_min² well below"):
        found = dn.cutoff_law(FINE, dn.OneLayerDenoiser(0.1), [1e8], strict=False)
    assert np.isfinite(found.variance).all()


def test_the_cutoff_holds_for_the_smallest_variances() -> None:
    net, times = dn.OneLayerDenoiser(0.1), np.array([0.0, 0.5, 3.0])
    near, least, tiny = (
        net.cutoff(np.array(lam), times, sigma_min=0.01, sigma_max=80.0).variance
        for lam in (1e-12, 1e-300, 5e-324)
    )
    assert near[0] > 1e-4  # at t = 0 nothing is learned; the start alone says what is generated
    np.testing.assert_allclose([least, tiny], [near, near], rtol=1e-9, atol=1e-200)
