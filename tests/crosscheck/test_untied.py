"""The untied net's forms against SciPy's integrator, our own, and reference numbers.

The numbers are literal: they were found with an independent program and are compared to the digits
to which they were noted.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simtheory import SIMTask, observe, sim
from simtheory.analytic import tied, untied
from simtheory.analytic.untied import exact as exact_forms
from simtheory.analytic.untied import resummation as factors
from simtheory.errors import RegimeError, RegimeWarning, ShapeError


def two_layer_flow(
    A: np.ndarray, target: np.ndarray, layers: tuple[np.ndarray, np.ndarray], t: np.ndarray
) -> np.ndarray:
    """Return W(t) of a two-layer net by DOP853."""
    W1, W2 = two_layers(A, target, layers, t)
    return np.asarray(W2 @ W1)


def two_layers(
    A: np.ndarray, target: np.ndarray, layers: tuple[np.ndarray, np.ndarray], t: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return both layers of Ẇ₁ = W₂ᵀ(Σ−W)A, Ẇ₂ = (Σ−W)AW₁ᵀ over time by DOP853, which steps them."""
    below, above = layers

    def split(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return y[: below.size].reshape(below.shape), y[below.size :].reshape(above.shape)

    def velocity(_: float, y: np.ndarray) -> np.ndarray:
        W1, W2 = split(y)
        back = (target - W2 @ W1) @ A
        return np.concatenate([(W2.T @ back).ravel(), (back @ W1.T).ravel()])

    start = np.concatenate([below.ravel(), above.ravel()])
    found = solve_ivp(velocity, (0.0, t[-1]), start, "DOP853", t, rtol=1e-12, atol=1e-16)
    assert found.success, found.message
    steps = [split(y) for y in found.y.T]
    return np.array([W1 for W1, _ in steps]), np.array([W2 for _, W2 in steps])


def balanced(n: int, h: int, m: int, lam: float) -> tuple[np.ndarray, np.ndarray]:
    """Return layers (h, n), (m, h) with W₂ᵀW₂ − W₁W₁ᵀ = λI; λ > 0 needs h ≤ m, λ < 0 h ≤ n."""
    if lam < 0:
        below, above = balanced(m, h, n, -lam)
        return above.T, below.T
    rng = np.random.default_rng(100 * n + 10 * h + m)
    rank = min(n, h, m) if lam == 0 else min(n, h)
    inner = np.linalg.qr(rng.standard_normal((h, h)))[0]
    size = np.zeros(h)
    size[:rank] = rng.uniform(0.05, 0.2, rank)
    inputs = np.linalg.qr(rng.standard_normal((n, n)))[0][:, :rank]
    outputs = np.linalg.qr(rng.standard_normal((m, m)))[0][:, :h]
    outputs = np.pad(outputs, ((0, 0), (0, h - outputs.shape[1])))
    above = outputs * np.sqrt(size**2 + lam) @ inner.T
    return inner[:, :rank] * size[:rank] @ inputs.T, above


SHAPES = [(5, 3, 3, lam) for lam in (-1.0, 0.0, 0.3)]
SHAPES += [(3, 4, 6, 0.0), (3, 4, 6, 0.3), (6, 4, 3, -1.0), (6, 4, 3, 0.0), (4, 2, 5, 0.3)]


@pytest.mark.parametrize(("n", "h", "m", "lam"), SHAPES)
def test_riccati_against_scipy(n: int, h: int, m: int, lam: float) -> None:
    layers = balanced(n, h, m, lam)
    np.testing.assert_allclose(
        layers[1].T @ layers[1] - layers[0] @ layers[0].T, lam * np.eye(h), atol=1e-14
    )
    target, t = np.random.default_rng(7).standard_normal((m, n)), np.linspace(0.0, 10.0, 41)
    W1, W2 = two_layers(np.eye(n), target, layers, t)
    exact, found = W2 @ W1, untied.riccati(layers, target, t)
    # DOP853 at 1e-12 a step, stretched by the growth from the start to the target.
    assert np.abs(found - exact).max() < 1e-9
    assert np.abs(exact[0] - exact).max() > 1e-8
    if lam:
        # Power: the balanced formula on the same start.
        Q = np.concatenate([layers[0].T, layers[1]])
        wrong = exact_forms._riccati(Q, target, np.array(0.0), t)
        assert np.abs(wrong - exact).max() > 1e-8
    both = untied.riccati(layers, target, t, layers=True)
    for layer, wanted in zip(both, (W1, W2), strict=True):
        assert np.abs(layer - wanted).max() < 1e-9
        # Power: layers that do not move.
        assert np.abs(wanted[0] - wanted).max() > 1e-8
    assert np.abs(both[1] @ both[0] - found).max() < 1e-14 * np.abs(target).max() * (n + m)


def test_the_turn_of_hidden_units_is_part_of_the_layers() -> None:
    """A root of the closed Gram matrices alone, such as the first, has other layers."""
    layers, t = balanced(3, 4, 6, 0.3), np.array([0.0, 0.5, 40.0, 1e6])
    target = np.random.default_rng(7).standard_normal((6, 3))
    below, above = (np.stack([layer, 2 * layer]) for layer in layers)
    W1, W2 = untied.riccati((below, above), target, t, layers=True)
    assert W1.shape == (2, 4, 4, 3)
    np.testing.assert_allclose(W1[:, 0], below, atol=1e-15)
    np.testing.assert_allclose(W2[:, 0], above, atol=1e-15)
    gap = np.swapaxes(W2, -1, -2) @ W2 - W1 @ np.swapaxes(W1, -1, -2)
    np.testing.assert_allclose(gap[0], np.broadcast_to(0.3 * np.eye(4), gap[0].shape), atol=1e-12)
    # A teacher of zero turns nothing: layers only shrink along where they are.
    still = untied.riccati(([[0.3]], [[0.3]]), [[0.0]], [0.0, 2.0], layers=True)
    assert still[0][1, 0, 0] == pytest.approx(0.3 / np.sqrt(1 + 2 * 0.09 * 2.0), rel=1e-10)


def test_isotropic_against_our_integrator() -> None:
    task, t = SIMTask(mu=np.zeros(3), sigma=0.8, dim=3), np.linspace(0.0, 20.0, 41)
    layers = balanced(3, 2, 3, 0.3)
    run = sim.solve(sim.Untied(), task, layers, t, layers=True)
    found = untied.isotropic(task, layers, t, layers=True)
    assert found.exact
    for ours, wanted in zip(observe.layers(found), observe.layers(run), strict=True):
        assert np.abs(ours - wanted).max() < 1e-10
    ours, wanted = (observe.tangent_kernel(each, probes=np.eye(3)) for each in (found, run))
    assert np.abs(ours - wanted).max() < 1e-9 < 1e-2 * np.abs(wanted).max()
    assert np.abs(found.weights - run.weights).max() < 1e-10  # it promises 1e-11
    assert np.abs(run.weights[0] - run.weights).max() > 1e-9


def test_the_reference_values_of_an_imbalanced_mode() -> None:
    found = untied.imbalanced_mode(1.0, 0.01, [2.0], imbalance=[0.1, 1.0])
    np.testing.assert_allclose(found[:, 0], [0.636895, 0.966412], atol=5e-7)


@pytest.mark.parametrize("lam", [1e-3, 0.1, -1.0, 5.0])
def test_imbalanced_modes_against_scipy(lam: float) -> None:
    rates, w0, t = np.array([0.3, 1.7]), np.array([0.01, 0.2]), np.linspace(0.0, 8.0, 33)
    first = np.sqrt(0.5 * (np.hypot(lam, 2 * w0) - lam))
    layers = (np.diag(first), np.diag(w0 / first))
    exact = two_layer_flow(np.diag(rates), np.eye(2), layers, t)
    found = untied.imbalanced_mode(rates, w0, t, imbalance=lam)
    diagonal = np.diagonal(exact, axis1=1, axis2=2).T
    np.testing.assert_allclose(found, diagonal, rtol=1e-10)  # DOP853 at 1e-12 a step
    # Power: the balanced mode.
    balanced_mode = untied.imbalanced_mode(rates, w0, t, imbalance=0.0)
    assert np.abs(balanced_mode - diagonal).max() > 1e-8


def test_the_early_phase_is_tied_and_then_it_is_not() -> None:
    """Relative errors of the tied net from the effective start: small, then not small."""
    task = SIMTask(mu=np.zeros(4), sigma=np.sqrt([1.0, 0.7, 0.4, 0.2]))
    rng, t = np.random.default_rng(0), np.array([0.0, 1.0, 5.0, 20.0])
    layers = (1e-4 * rng.standard_normal((7, 4)), 1e-4 * rng.standard_normal((4, 7)))
    exact = two_layer_flow(task.second_moment, np.eye(4), layers, t)
    size = np.linalg.norm(exact, 2, axis=(1, 2))
    form = untied.early(task, layers, t[:3]).weights
    error = np.linalg.norm(form - exact[:3], 2, axis=(1, 2)) / size[:3]
    # 4.9e-7 at t = 1 and 6.7e-4 at t = 5 were noted, from another draw of the same size.
    assert 1e-7 < error[1] < 1e-6
    assert 2e-4 < error[2] < 2e-3
    assert np.all(error[1:] < 2 * size[1:3])  # the estimate is W², relative to W: the leading order
    assert np.linalg.norm(exact[0] - exact[2], 2) / size[2] > 10 * error[2]
    tied = sim.solve(sim.Tied(), task, untied.effective_start(layers), t).weights
    apart = np.linalg.norm(tied - exact, 2, axis=(1, 2)) / size
    assert apart[1] > 10 * apart[2]  # the difference dies as e^(−2at)
    assert apart[3] > 2 * apart[2]  # and comes back when W matters: the tied nets are not invariant


def nearly_diagonal(eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Return balanced layers of a W(0) with off-diagonals of relative size eps."""
    W0 = np.array([[0.02, 0.03 * eps], [-0.01 * eps, 0.05]])
    left, sizes, right = np.linalg.svd(W0)
    share = np.sqrt(sizes)
    return share[:, None] * right, left * share


def test_the_first_order_form_against_the_whole_net() -> None:
    task, t = SIMTask(mu=np.zeros(2), sigma=np.sqrt([1.0, 0.4])), np.linspace(0.0, 20.0, 41)
    layers = nearly_diagonal(1e-5)
    exact = two_layer_flow(task.second_moment, np.eye(2), layers, t)
    found = untied.first_order(task, layers, t)
    for place in ((0, 1), (1, 0)):
        path, wanted = found.weights[:, *place], exact[:, *place]
        error = np.abs(path - wanted).max() / np.abs(wanted).max()
        # The next order is relative eps² = 1e-10; the whole net's error is 1e-12 of W ~ 1, which is
        # 1e-6 to 1e-5 times larger than the entry: 1e-8 at most.
        assert error < 1e-7
        tied_like = np.abs(exact[:, 0, 1] - exact[:, 1, 0]).max() / np.abs(wanted).max()
        assert tied_like > 10 * error
    assert np.abs(exact[0] - exact).max() > 0.1


def test_the_reference_numbers_of_a_crossing() -> None:
    """Peak gains 513.15 and 370.13 with the weaker mode left out; late rate −0.200, tied −0.300."""
    t = np.linspace(0.0, 40.0, 40001)
    gain = untied.crossing((1.0, 0.4), 1e-4, t)
    assert gain.entry.max() == pytest.approx(513.15, abs=5e-3)
    assert gain.partner.max() == pytest.approx(370.13, abs=5e-3)
    for path in gain:
        late = np.log(path[25001] / path[25000]) / (t[25001] - t[25000])
        assert late == pytest.approx(-0.2, abs=1e-6)


@pytest.mark.parametrize("ratio", [0.01, 0.4, 0.9])
def test_a_crossing_against_scipy(ratio: float) -> None:
    w0, t = 1e-3, np.linspace(0.0, 15.0, 61)

    def velocity(time: float, pair: np.ndarray) -> list[float]:
        x = 1.0 / (1.0 + (1.0 - w0) / w0 * np.exp(-2.0 * time))
        B, partner = pair
        return [
            ratio * partner + (1.0 - x - ratio * x) * B,
            ratio * B + (1.0 - 2.0 * x) * partner,
        ]

    found = solve_ivp(velocity, (0.0, t[-1]), [1.0, 0.3], "DOP853", t, rtol=1e-13, atol=1e-13)
    gain = untied.crossing((1.0, ratio), w0, t, start=(1.0, 0.3))
    # DOP853 at 1e-13 a step, some hundred of them.
    np.testing.assert_allclose(gain, found.y, rtol=1e-9, atol=1e-10)
    assert np.abs(found.y[0] - 1.0).max() > 1.0


def test_a_crossing_is_the_first_order_form_of_a_small_weaker_mode() -> None:
    """The weaker mode stays below 1e-6 e^(0.8·8), so the two agree to that, 6e-4, and not better."""
    task, t = SIMTask(mu=np.zeros(2), sigma=np.sqrt([1.0, 0.4])), np.linspace(0.0, 8.0, 81)
    W0 = np.array([[1e-4, 1e-12], [1e-12, 1e-6]])
    U = np.linalg.cholesky(W0)
    first = untied.first_order(task, (U.T, U), t).weights
    gain = untied.crossing(task.rates, 1e-4, t)
    for path, other in ((first[:, 0, 1], gain.entry), (first[:, 1, 0], gain.partner)):
        # From the start the weaker mode is 1e-2 of the stronger, and the entries depend on that.
        error = np.abs(path / 1e-12 / other - 1.0).max()
        assert error < 0.02
        assert np.abs(other - 1.0).max() > 10 * error


@pytest.mark.parametrize(
    ("a", "width", "scale", "noted", "surrogate", "swing"),
    [
        ((1.0, 0.6, 0.3), 3, 0.05, 5.6e-3, 2.1e-2, 0.12),
        ((1.0, 0.6, 0.3), 3, 0.005, 1.1e-3, 9.0e-3, 0.050),
        ((1.0, 0.6, 0.3), 10, 0.05, 3.5e-3, 1.1e-2, 4.4e-2),
        ((1.0, 0.6, 0.3), 10, 0.005, 1.9e-4, 3.1e-3, 1.7e-2),
        ((1.0, 0.6, 0.3), 100, 0.05, 1.3e-3, 3.8e-3, 1.6e-2),
        ((1.0, 0.6, 0.3), 100, 0.005, 3.6e-5, 1.2e-3, 6.9e-3),
        ((2.0, 1.0, 0.5, 0.25), 10, 0.005, 4.5e-4, 5.9e-3, 2.7e-2),
    ],
)
def test_the_reference_errors_of_the_two_factors(
    a: tuple[float, ...], width: int, scale: float, noted: float, surrogate: float, swing: float
) -> None:
    """Medians of four starts: of the form, of the tied form from the same start, of the swing."""
    d = len(a)
    task, t = SIMTask(mu=np.zeros(d), sigma=np.sqrt(a)), np.linspace(0.0, 60.0, 601)
    found = []
    for seed in range(4):
        draw, size = np.random.default_rng(seed).standard_normal, scale / np.sqrt(width)
        layers = (size * draw((width, d)), size * draw((d, width)))
        exact = sim.solve(sim.Untied(), task, layers, t).weights
        form = untied.ldr(task, layers, t)
        error = np.abs(form.weights - exact).max()
        assert error < form.arrays["error_estimate"]
        assert np.abs(exact[0] - exact).max() > 10 * error
        symmetric = tied.pivots(task, untied.effective_start(layers), t).weights
        off = np.abs(exact * (1.0 - np.eye(d))).max()
        found.append((error, np.abs(symmetric - exact).max(), off))
    # Noted to two digits, half a unit of the second: at most 5 %, and the grid's share of a peak.
    np.testing.assert_allclose(np.median(found, axis=0), [noted, surrogate, swing], rtol=0.06)
    # Power: the tied form from the same start is worse in every row.
    own, other, _ = np.median(found, axis=0)
    assert own < other / 2.5


def test_the_ratios_against_scipy() -> None:
    """Entry and partner themselves, integrated by DOP853, over the tied entry."""
    w0, t = np.array([1e-4, 1e-6]), np.linspace(0.0, 20.0, 41)
    a = np.array([1.0, 0.4])

    def velocity(time: float, y: np.ndarray) -> list[float]:
        w_j, w_i = w0 / (w0 + (1.0 - w0) * np.exp(-2.0 * a * time))
        g_j, g_i = a[0] * (1.0 - w_j), a[1] * (1.0 - w_i)
        B, partner, _ = y
        outputs, inputs = w_i * partner + w_j * B, w_i * B + w_j * partner
        both = w_i + w_j
        pace = a.sum() - 0.5 * ((3 * a[1] + a[0]) * w_i + (3 * a[0] + a[1]) * w_j)
        return [
            (g_j * outputs + g_i * inputs) / both - both * a[0] * B,
            (g_i * outputs + g_j * inputs) / both - both * a[1] * partner,
            pace,
        ]

    found = solve_ivp(velocity, (0.0, t[-1]), [1.0, 1.0, 0.0], "DOP853", t, rtol=1e-12, atol=1e-13)
    u, log_mean = factors.pair_ratios(a, w0 / (1.0 - w0), t)
    wanted = found.y[:2] * np.exp(-found.y[2])
    got = np.exp(log_mean.T) * np.concatenate([u.T, 2.0 - u.T])
    # Both integrate to 1e-11 or so a step, some hundred steps.
    assert np.abs(got / wanted.max(axis=0) - wanted / wanted.max(axis=0)).max() < 1e-8
    assert np.abs(wanted - 1.0).max() > 1.0


@pytest.mark.parametrize("width", [1, 2, 5])
def test_with_equal_rates_the_two_factors_are_one(width: int) -> None:
    task, t = SIMTask(mu=np.zeros(3), sigma=0.8, dim=3), np.linspace(0.0, 30.0, 31)
    draw = np.random.default_rng(width).standard_normal
    layers = (0.01 * draw((width, 3)), 0.01 * draw((3, width)))
    found = untied.ldr(task, layers, t).weights
    one = tied.pivots(task, untied.effective_start(layers), t).weights
    assert np.abs(found - one).max() < 1e-12  # a few hundred eps; two ways to solve
    assert np.abs(one[0] - one).max() > 1e-11


def test_the_two_factors_refuse_outside_their_regime() -> None:
    task = SIMTask(mu=np.zeros(2), sigma=np.sqrt([1.0, 0.4]))
    with pytest.raises(RegimeError, match="squared singular values"):
        untied.ldr(task, (0.4 * np.eye(2), 0.4 * np.eye(2)), [1.0])
    with pytest.warns(RegimeWarning, match="squared singular values"):
        untied.ldr(task, (0.4 * np.eye(2), 0.4 * np.eye(2)), [1.0], strict=False)
    for strict in (True, False):
        with pytest.raises(RegimeError, match="U0 U0' < I"):
            untied.ldr(task, (np.eye(2), np.eye(2)), [1.0], strict=strict)
    close = SIMTask(mu=np.zeros(4), sigma=np.sqrt([1.0, 0.99, 0.98, 0.97]))
    draw, t = np.random.default_rng(9).standard_normal, np.linspace(0.0, 330.0, 331)
    with pytest.raises(RegimeError, match="close but distinct"):
        untied.ldr(close, (1e-5 * draw((2, 4)), 1e-5 * draw((4, 2))), t)
    with pytest.raises(ShapeError, match="two layers"):
        untied.ldr(task, (np.eye(2), np.eye(2), np.eye(2)), [1.0])


def test_the_two_factors_of_an_ensemble_in_turned_axes_are_those_of_each_member() -> None:
    draw, t = np.random.default_rng(3).standard_normal, np.linspace(0.0, 15.0, 16)
    sigma = np.sqrt([0.3, 1.0, 0.6])  # not in order
    turn = np.linalg.qr(draw((3, 3)))[0]
    turned = SIMTask(mu=np.zeros(3), sigma=sigma, rotation=turn)
    below, above = 0.01 * draw((4, 5, 3)), 0.01 * draw((4, 3, 5))
    whole = untied.ldr(turned, (below @ turn.T, turn @ above), t)
    assert whole.arrays["error_estimate"].shape == (4,)
    order = [1, 2, 0]
    falling = SIMTask(mu=np.zeros(3), sigma=sigma[order])
    for n in range(4):
        one = untied.ldr(falling, (below[n][:, order], above[n][order]), t).weights
        back = np.argsort(order)
        wanted = turn @ one[:, back[:, None], back] @ turn.T
        # Rounding of the turned start, 1e-16, grown by the integration's own choice of steps.
        assert np.abs(whole.weights[n] - wanted).max() < 1e-9
    assert np.abs(whole.weights[1:] - whole.weights[:-1]).max() > 1e-8


def test_grams_and_the_tangent_kernel_against_an_independent_integration() -> None:
    rng = np.random.default_rng(0)
    n, m, h, lam = 3, 4, 3, 0.7
    below = 0.3 * rng.normal(size=(h, n))
    root = np.linalg.cholesky(below @ below.T + lam * np.eye(h)).T
    above = np.linalg.qr(rng.normal(size=(m, h)))[0] @ root  # W₂ᵀW₂ = W₁W₁ᵀ + λI
    teacher, t = rng.normal(size=(m, n)), np.array([0.0, 0.3, 2.0, 40.0])
    found = untied.grams((below, above), teacher, t)

    def split(y):
        return y[: h * n].reshape(h, n), y[h * n :].reshape(m, h)

    def slope(_, y):
        first, second = split(y)
        miss = teacher - second @ first
        return np.concatenate([(second.T @ miss).ravel(), (miss @ first.T).ravel()])

    start = np.concatenate([below.ravel(), above.ravel()])
    path = solve_ivp(slope, (0, 40), start, t_eval=t, method="DOP853", rtol=1e-13, atol=1e-14)
    probes = rng.normal(size=(2, n))
    kernel = found.tangent_kernel(probes)
    assert kernel.shape == (4, 2, 2, m, m)
    for k, y in enumerate(path.y.T):
        first, second = split(y)
        np.testing.assert_allclose(found.inputs[k], first.T @ first, atol=1e-10)
        np.testing.assert_allclose(found.weights[k], second @ first, atol=1e-10)
        np.testing.assert_allclose(found.outputs[k], second @ second.T, atol=1e-10)
        # Output b moves with entry (i, j) of W₁ by W₂[b, i] x[j], and with (b, i) of W₂ by (W₁x)[i].
        slopes = [
            np.concatenate(
                [
                    np.einsum("bi,j->bij", second, x).reshape(m, -1),
                    np.kron(np.eye(m), first @ x),
                ],
                axis=1,
            )
            for x in probes
        ]
        direct = np.array([[p @ q.T for q in slopes] for p in slopes])
        np.testing.assert_allclose(kernel[k], direct, atol=1e-9)
    assert np.abs(kernel[-1] - kernel[0]).max() > 0.5  # a lazy net's kernel would stay
    s = np.linalg.svd(teacher)[1]
    size = np.sqrt(lam**2 + 4.0 * s**2)
    rest = np.linalg.eigvalsh(found.inputs[-1])[::-1], np.linalg.eigvalsh(found.outputs[-1])[:0:-1]
    np.testing.assert_allclose(rest[0], 0.5 * (size - lam), atol=1e-6)
    np.testing.assert_allclose(rest[1], 0.5 * (size + lam), atol=1e-6)
    with pytest.raises(ShapeError, match="probes"):
        found.tangent_kernel(np.ones((2, n + 1)))
