"""Linear denoisers against integrators, gradients and samples, and against reference numbers.

The numbers are literal: they were found with an independent program (DOP853 and quadrature) and are
compared to the digits to which they were noted.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from scipy.stats import ortho_group

from simtheory import sim
from simtheory.analytic import denoiser as dn
from simtheory.tasks import DenoisingTask
from simtheory.units import Clock

ENDS = {"sigma_min": 0.002, "sigma_max": 80.0}
THREE = DenoisingTask((0.1, 1.0, 10.0), **ENDS)

# ητ of the loss E‖f(y) − x‖²: canonical time is 2ητ for one layer and 4ητ for the tied net.
ETA_TAU = np.array([0.05, 0.25, 1.0, 20.0])
ONE_LAYER = [
    [1.88869e-5, 6.10345e-5, 0.114629],
    [2.55548e-5, 1.85755e-3, 9.26364],
    [9.12018e-5, 0.269706, 9.98440],
    [0.0877427, 0.999848, 9.98440],
]
TIED = [
    [2.02123e-5, 3.61709e-5, 1.43779],
    [2.12046e-5, 1.66001e-3, 9.98440],
    [4.62029e-5, 0.966354, 9.98440],
    [0.100002, 0.999848, 9.98440],
]
DIGITS = 6e-6  # half a unit in the sixth digit
NETS = [(dn.OneLayerDenoiser, 2.0, ONE_LAYER), (dn.TiedDenoiser, 4.0, TIED)]


@pytest.mark.parametrize(("net", "clock", "noted"), NETS)
def test_table_of_generated_variances(net, clock, noted) -> None:
    found = dn.generated_variance(THREE, net(0.1), clock * ETA_TAU)
    np.testing.assert_allclose(found, noted, rtol=DIGITS)
    untrained = dn.generated_variance(THREE, net(0.1), [0.0])
    np.testing.assert_allclose(untrained, 3.330e-5, rtol=2e-4)
    assert np.abs(untrained / noted - 1).max() > 10 * DIGITS
    np.testing.assert_allclose(dn.generated_variance(THREE, net(0.01), [0.0]), 4.944e-6, rtol=2e-4)


def test_trained_variances() -> None:
    found = dn.asymptotic_variance(THREE)
    np.testing.assert_allclose(found, [0.100002, 0.999848, 9.98440], rtol=DIGITS)
    assert abs(found[2] / 10.0 - 1) > 10 * DIGITS, "not the variance of the data"


def test_weights_at_a_noise_level() -> None:
    setting = {"sigma": 0.5, "start": 0.1}
    assert dn.one_layer_mode(1.0, 2 * 0.25, **setting) == pytest.approx(0.425317, abs=5e-7)
    assert dn.tied_mode(1.0, 4 * 0.25, **setting) == pytest.approx(0.410815, abs=5e-7)


@pytest.mark.parametrize(("tied", "aim"), [(False, 0.425317), (True, 0.410815)])
def test_plain_gradient_descent_runs_on_the_clock_of_its_loss(tied: bool, aim: float) -> None:
    """(w−1)²λ + w²σ² without a half, by steps of η: the error of Euler's method is O(η)."""
    eta, lam, noise = 1e-4, 1.0, 0.25
    steps = round(0.25 / eta)
    u = 0.1**0.5 if tied else 0.1
    for _ in range(steps):
        slope = 2 * ((u * u if tied else u) * (lam + noise) - lam)
        u -= eta * slope * (2 * u if tied else 1.0)
    mode = dn.tied_mode if tied else dn.one_layer_mode
    t = Clock(lr=eta, loss="sum", tied=tied).time(steps)
    assert (u * u if tied else u) == pytest.approx(aim, abs=10 * eta)
    assert float(mode(lam, t, sigma=0.5, start=0.1)) == pytest.approx(aim, abs=5e-7)
    # Power: the clock of the loss with the half, or of the other net, is off by far.
    assert abs(float(mode(lam, t / 2, sigma=0.5, start=0.1)) - aim) > 100 * eta


def sampled(net, lam: float, t: float, low: float, high: float) -> float:
    """Return the generated variance by integrating the probability-flow ODE in ln σ."""

    def slope(x: float, log_c: np.ndarray) -> np.ndarray:
        psi = net.mode(lam, t, sigma=np.exp(x))
        return 1.0 - psi + 0.0 * log_c

    found = solve_ivp(
        slope, (np.log(high), np.log(low)), [np.log(high)], method="DOP853", rtol=1e-12, atol=1e-12
    )
    return float(np.exp(2.0 * found.y[0, -1]))


ODE = 1e-9


@pytest.mark.parametrize(
    "net",
    [
        dn.OneLayerDenoiser(0.1),
        dn.OneLayerDenoiser(-0.3),
        dn.TiedDenoiser(0.1),
        dn.TiedDenoiser(0.7),
    ],
)
@pytest.mark.parametrize("lam", [1e-3, 0.1, 1.0, 30.0])
def test_generated_variance_against_the_integrated_flow(net, lam: float) -> None:
    task = DenoisingTask([lam], **ENDS)
    for t in (0.0, 0.01, 0.5, 4.0, 80.0):
        found = dn.generated_variance(task, net, [t])[0, 0]
        exact = sampled(net, lam, t, task.sigma_min, task.sigma_max)
        assert found == pytest.approx(exact, rel=ODE), (t, found / exact - 1)
        if t == 4.0 and lam > 0.01:
            untrained = dn.generated_variance(task, net, [0.0])[0, 0]
            assert abs(untrained / exact - 1) > 10 * ODE


def test_the_power_of_the_cutoff() -> None:
    one, tied = (
        [
            dn.cutoff_law(DenoisingTask([1.0], sigma_min=low, sigma_max=80.0), net, [t])
            for low in (0.02, 0.002, 0.0002)
        ]
        for net, t in ((dn.OneLayerDenoiser(0.1), 0.5), (dn.TiedDenoiser(0.1), 1.0))
    )
    assert one[0].exponent[0, 0] == pytest.approx(1.0918, abs=5e-5)
    assert tied[0].exponent[0, 0] == pytest.approx(1.0983, abs=5e-5)
    noted = [2.2946e-2, 1.8575e-3, 1.5038e-4]
    exact = [
        dn.generated_variance(
            DenoisingTask([1.0], sigma_min=low, sigma_max=80.0), dn.OneLayerDenoiser(0.1), [0.5]
        )[0, 0]
        for low in (0.02, 0.002, 0.0002)
    ]
    np.testing.assert_allclose(exact, noted, rtol=4e-5)
    np.testing.assert_allclose([law.variance[0, 0] for law in one], noted, rtol=1e-4)


# Net, its clock, start; ητ⋆λ at λ = 1e-3, 1, 100; exponents end to end and by least squares.
EMERGENCE = [
    (dn.OneLayerDenoiser(0.1), 2.0, [0.2138, 0.05413, 0.02434], -1.19, -1.18),
    (dn.OneLayerDenoiser(0.01), 2.0, [0.05373, 0.02466, 0.01785], -1.10, -1.09),
    (dn.TiedDenoiser(0.1), 4.0, [0.2368, 0.09428, 0.04977], -1.14, -1.13),
    (dn.TiedDenoiser(0.01), 4.0, [0.3206, 0.2274, 0.1932], -1.04, -1.04),
]


@pytest.mark.parametrize(("net", "clock", "noted", "ends", "fit"), EMERGENCE)
def test_emergence_times_and_their_exponent(net, clock, noted, ends, fit) -> None:
    three = DenoisingTask((1e-3, 1.0, 100.0), **ENDS)
    found = dn.emergence_times(three, net) * three.variances / clock
    np.testing.assert_allclose(found, noted, rtol=3e-4)
    variances = np.geomspace(1e-3, 1e2, 16)
    times = dn.emergence_times(DenoisingTask(variances, **ENDS), net)
    exponent = dn.exponent(variances, times)
    assert exponent.end_to_end == pytest.approx(ends, abs=0.006)  # noted to two digits
    assert exponent.least_squares == pytest.approx(fit, abs=0.006)
    assert abs(exponent.end_to_end) > 0.06, "no dependence on the variance would be 0"


def test_the_weight_at_a_noise_level_follows_no_inverse_law() -> None:
    """Half learned at σ = 30, one layer: the rate λ + σ² is all but the same for every mode."""
    lam = np.geomspace(1e-3, 1e2, 16)
    half = np.log(2.0) / (lam + 30.0**2)
    assert abs(dn.exponent(lam, half).end_to_end) < 0.02


@pytest.mark.parametrize("net", [dn.OneLayerDenoiser(0.05), dn.TiedDenoiser(0.05)])
@pytest.mark.parametrize("level", dn.LEVELS)
def test_emergence_by_each_level_against_a_root_finder(net, level: str) -> None:
    lam, task = 0.7, DenoisingTask([0.7], **ENDS)
    first = dn.generated_variance(task, net, [0.0])[0, 0]
    aim = {
        "harmonic": 2 / (1 / first + 1 / lam),
        "geometric": (first * lam) ** 0.5,
        "arithmetic": (first + lam) / 2,
        "band": 0.8 * lam,
    }[level]
    exact = brentq(
        lambda t: np.log(sampled(net, lam, t, task.sigma_min, task.sigma_max) / aim),
        1e-3, 30.0, xtol=1e-12, rtol=1e-11,
    )  # fmt: skip
    found = dn.emergence_times(task, net, level=level)[0]
    assert found == pytest.approx(exact, rel=1e-8)  # the integrator's 1e-9 over the slope
    other = dn.emergence_times(task, net, level="geometric" if level != "geometric" else "band")
    assert abs(other[0] / exact - 1) > 1e-6


def test_divergence_of_one_mode() -> None:
    assert dn.kl([0.5], [1.0]) == pytest.approx(0.0965736, abs=5e-8)
    rng = np.random.default_rng(0)
    x = 0.3 + 0.5**0.5 * rng.standard_normal(400_000)
    log_ratio = -0.5 * np.log(0.5) - (x - 0.3) ** 2 + 0.5 * x**2
    found = float(dn.kl([0.5], [1.0], mean_error=[0.3]))
    assert found == pytest.approx(log_ratio.mean(), abs=5 * log_ratio.std() / 400_000**0.5)
    assert found > 10 * 5 * log_ratio.std() / 400_000**0.5


def test_divergence_through_training() -> None:
    t = np.geomspace(0.01, 100.0, 40)
    for net in (dn.OneLayerDenoiser(0.1), dn.TiedDenoiser(0.1)):
        found = dn.kl_through_training(THREE, net, t)
        x = dn.generated_variance(THREE, net, t) / THREE.variances
        direct = 0.5 * np.sum(x - 1 - np.log(x), axis=-1)
        np.testing.assert_allclose(found, direct, rtol=1e-12, atol=1e-13)
        assert found[0] > 1.0
        last = dn.kl(dn.asymptotic_variance(THREE), THREE.variances)
        assert 0 < last < 1e-5, "it ends above zero"


def test_affine_rates_and_flow() -> None:
    task = DenoisingTask((2.0, 0.5, 0.1), mean=(1.0, -0.5, 0.3), **ENDS)
    sigma = 0.3**0.5
    M = dn.affine_moment(task, sigma=sigma)
    rates = np.linalg.eigvalsh(M)
    np.testing.assert_allclose(rates, [0.31897, 0.53711, 1.10856, 3.87537], atol=5e-6)
    roots = 1 - np.sum(_secular(task, sigma, rates), axis=-1)
    np.testing.assert_allclose(roots, rates, rtol=1e-10)

    rng = np.random.default_rng(3)
    W0, b0, t = rng.standard_normal((3, 3)), rng.standard_normal(3), np.linspace(0, 3, 7)

    def velocity(_: float, theta: np.ndarray) -> np.ndarray:
        W, b = theta[:9].reshape(3, 3), theta[9:]
        miss = (W - np.eye(3)) @ task.mean + b
        dW = (np.eye(3) - W) @ task.matrix - sigma**2 * W - np.outer(miss, task.mean)
        return np.concatenate([dW.ravel(), -miss])

    exact = solve_ivp(
        velocity, (0, 3), np.concatenate([W0.ravel(), b0]), "DOP853", t, rtol=1e-12, atol=1e-14
    ).y.T
    found = dn.affine_weights(task, W0, b0, t, sigma=sigma)
    np.testing.assert_allclose(found.W.reshape(7, 9), exact[:, :9], atol=1e-10)
    np.testing.assert_allclose(found.b, exact[:, 9:], atol=1e-10)
    assert np.abs(exact[0] - exact).max() > 1e-9
    # Power: without the mean the weights are others.
    centred = DenoisingTask((2.0, 0.5, 0.1), **ENDS)
    apart = dn.affine_weights(centred, W0, b0, t, sigma=sigma)
    assert np.abs(apart.W.reshape(7, 9) - exact[:, :9]).max() > 1e-2


def _secular(task: DenoisingTask, sigma: float, ell: np.ndarray) -> np.ndarray:
    """Return the terms m_k²/(a_k − ℓ) of 1 − ℓ = Σ m_k²/(a_k − ℓ)."""
    a, axes = np.linalg.eigh(dn.affine_moment(task, sigma=sigma)[:3, :3])
    return (axes.T @ task.mean) ** 2 / (a - ell[:, None])


COVARIANCE = (TURN := ortho_group.rvs(3, random_state=1)) * [2.0, 0.7, 0.1] @ TURN.T


def denoising_loss(W: np.ndarray, sigma: float) -> float:
    """Return E‖Wy − x‖² for data of the covariance above."""
    miss = W - np.eye(3)
    return float(np.trace(miss @ COVARIANCE @ miss.T) + sigma**2 * np.sum(W * W))


def test_the_bridges_are_gradients_of_the_denoising_loss() -> None:
    """Central differences of step h: error h² on a quartic of size one, and rounding eps/h."""
    task, sigma, h = DenoisingTask(COVARIANCE, **ENDS), 0.6, 1e-4
    rng = np.random.default_rng(2)
    U, basis = 0.5 * rng.standard_normal((3, 4)), np.eye(12).reshape(12, 3, 4)
    up, down = (
        np.array([denoising_loss((U + s * h * e) @ (U + s * h * e).T, sigma) for e in basis])
        for s in (1, -1)
    )
    moved = -(up - down).reshape(3, 4) / (2 * h) / 4  # canonical time
    W = U @ U.T
    velocity = dn.tied_velocity(W, dn.tied_bridge(task, sigma=sigma))
    np.testing.assert_allclose(velocity, moved @ U.T + U @ moved.T, atol=100 * h**2)
    plain = dn.tied_velocity(W, dn.Bridge(task.second_moment, 0.0))
    assert np.abs(velocity - plain).max() > 10 * 100 * h**2

    M, basis = rng.standard_normal((3, 3)), np.eye(9).reshape(9, 3, 3)
    up, down = (np.array([denoising_loss(M + s * h * e, sigma) for e in basis]) for s in (1, -1))
    moved = -(up - down).reshape(3, 3) / (2 * h) / 2
    velocity = dn.one_layer_velocity(M, dn.one_layer_bridge(task, sigma=sigma))
    np.testing.assert_allclose(velocity, moved, atol=100 * h**2)


def test_an_aligned_tied_denoiser_is_an_identity_net_in_units_of_its_target() -> None:
    """ẇ = 2w(λ − (λ+σ²)w) is the logistic of rate λ for w/f: the integrator knows that net."""
    task, sigma, t = DenoisingTask((2.0, 0.7, 0.1), **ENDS), 0.8, np.linspace(0, 6, 25)
    f = task.variances / (task.variances + sigma**2)
    U0 = np.diag(np.sqrt(0.05 / f))
    run = sim.integrate(sim.Tied(), task.matrix, U0, t)
    modes = np.diagonal(run, axis1=1, axis2=2) * f
    found = dn.TiedDenoiser(0.05).mode(task.variances, t[:, None], sigma=sigma)
    np.testing.assert_allclose(found, modes, atol=1e-9)  # the integrator holds 1e-11
    assert np.abs(modes - 0.05).max() > 1e-8


def test_a_one_layer_denoiser_is_an_identity_net_seen_through_its_target() -> None:
    """V = W W⋆⁻¹ obeys V̇ = (I − V)(Σ + σ²I), from any start."""
    task, sigma, t = DenoisingTask(COVARIANCE, **ENDS), 0.8, np.linspace(0, 4, 9)
    best, rng = task.target(sigma=sigma), np.random.default_rng(5)
    W0 = rng.standard_normal((3, 3))
    noisy = dn.tied_bridge(task, sigma=sigma).second_moment
    run = sim.integrate(sim.OneLayer(), noisy, W0 @ np.linalg.inv(best), t) @ best
    found = dn.one_layer_weights(task, W0, t, sigma=sigma)
    np.testing.assert_allclose(found, run, atol=1e-8)
    assert np.abs(W0 - run).max() > 1e-7


def test_a_tied_denoiser_from_any_start_is_the_bridge_integrated() -> None:
    """Integrated in U by the loss, and in W by the bridge's velocity."""
    task, sigma = DenoisingTask(COVARIANCE, **ENDS), 0.6
    A, kappa = dn.tied_bridge(task, sigma=sigma)
    U0 = 0.3 * np.random.default_rng(7).standard_normal((3, 3))

    def by_loss(_: float, u: np.ndarray) -> np.ndarray:
        U = u.reshape(3, 3)
        W = U @ U.T
        miss = W - np.eye(3)
        half = miss @ COVARIANCE + sigma**2 * W
        return -0.5 * ((half + half.T) @ U).ravel()

    def by_bridge(_: float, w: np.ndarray) -> np.ndarray:
        return dn.tied_velocity(w.reshape(3, 3), dn.Bridge(A, kappa)).ravel()

    options = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-14}
    U = solve_ivp(by_loss, (0, 5), U0.ravel(), **options).y[:, -1].reshape(3, 3)
    W = solve_ivp(by_bridge, (0, 5), (U0 @ U0.T).ravel(), **options).y[:, -1].reshape(3, 3)
    np.testing.assert_allclose(W, U @ U.T, atol=1e-9)
    assert np.abs(U0 @ U0.T - W).max() > 1e-8


@pytest.mark.parametrize(
    ("noise", "kappa", "deviation", "naive"),
    [(0.05, 0.08891, 0.014, 0.156), (0.5, 0.68666, 0.019, 0.096)],
)
def test_finite_data(noise: float, kappa: float, deviation: float, naive: float) -> None:
    """Deviations over six draws were noted to two digits; another seed moves them by a third."""
    lam, n = np.linspace(0.05, 2.0, 200), 400
    found = dn.renormalised_noise(lam, sigma=noise**0.5, n=n)
    assert found == pytest.approx(kappa, abs=5.1e-6)
    rng, mean = np.random.default_rng(0), np.zeros(200)
    for _ in range(6):
        x = rng.standard_normal((n, 200)) * np.sqrt(lam)
        S = x.T @ x / n
        mean += np.diagonal(np.linalg.solve(S + noise * np.eye(200), S)) / 6
    errors = [float(np.abs(mean - lam / (lam + k)).max()) for k in (found, noise)]
    assert errors[0] == pytest.approx(deviation, rel=0.6)
    assert errors[1] == pytest.approx(naive, rel=0.15)
    # Averaged over modes the scatter is gone, and the plain noise is off tenfold.
    bias = [abs(float(np.mean(mean - lam / (lam + k)))) for k in (found, noise)]
    assert bias[1] > 10 * bias[0]
