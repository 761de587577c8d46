"""One layer, flow and descent, against independent programs and reference numbers.

The numbers are literal, compared to the digits to which they were noted. The independent programs
are SciPy's integrator, the optimiser written out as its textbook loop, and `sim.descend`.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import ortho_group

from simtheory import SIMTask, observe, sim
from simtheory.analytic import descent, one_layer

EYE = np.eye(3)


@pytest.fixture
def task() -> SIMTask:
    return SIMTask(mu=(2.0, 1.2, 0.8), sigma=(0.5, 0.4, 0.3))


@pytest.fixture
def four() -> SIMTask:
    return SIMTask(mu=(2.0, 1.2, 0.8), sigma=(0.5, 0.4, 0.3, 0.6), weights=(0.5, 0.3, 0.2), dim=4)


def integrated(velocity, start: np.ndarray, t: np.ndarray) -> np.ndarray:
    found = solve_ivp(
        lambda _, w: velocity(w.reshape(start.shape)).ravel(),
        (0.0, t[-1]), start.ravel(), method="DOP853", rtol=1e-12, atol=1e-13, t_eval=t,
    )  # fmt: skip
    assert found.success
    return found.y.T.reshape(-1, *start.shape)


INTEGRATED = (
    1e-10  # a hundred times the integrator's tolerance: it adds up over a few hundred steps
)


def test_any_target_against_the_integrator() -> None:
    rng, t = np.random.default_rng(0), np.linspace(0.0, 6.0, 13)
    x = rng.standard_normal((3, 4))
    A, C, W0 = x.T @ x, rng.standard_normal((2, 3)) @ x, rng.standard_normal((2, 4))  # A has rank 3
    for decay in (0.0, 0.3):
        exact = integrated(lambda W, g=decay: C - W @ A - g * W, W0, t)
        found = one_layer.general(A, C, W0, t, decay=decay)
        np.testing.assert_allclose(found, exact, rtol=0, atol=INTEGRATED)
        assert np.abs(W0 - exact).max() > 10 * INTEGRATED


def test_a_bias_against_the_integrator(task: SIMTask) -> None:
    rng, t = np.random.default_rng(1), np.linspace(0.0, 6.0, 13)
    rotation = ortho_group.rvs(3, random_state=2)
    task = SIMTask(mu=task.mu, sigma=task.sigma, rotation=rotation)
    A, m = task.second_moment, task.mean

    def velocity(state: np.ndarray) -> np.ndarray:
        missing, b = EYE - state[:, :3], state[:, 3]
        return np.column_stack([missing @ A - np.outer(b, m), missing @ m - b])

    start = rng.standard_normal((3, 4))
    exact = integrated(velocity, start, t)
    probes = rng.standard_normal((5, 3))
    found = one_layer.affine(task, start[:, :3], t, bias=start[:, 3], probes=probes)
    outputs = probes @ np.swapaxes(exact[..., :3], 1, 2) + exact[:, None, :, 3]
    np.testing.assert_allclose(found.outputs, outputs, rtol=0, atol=INTEGRATED)
    # Power: the layer without a bias is another model.
    plain = one_layer.solution(task, start[:, :3], t, probes=probes).outputs
    assert np.abs(plain - outputs).max() > 10 * INTEGRATED


def test_rates_with_a_bias(task: SIMTask) -> None:
    found = one_layer.affine_rates(task).rates
    np.testing.assert_allclose(found, [2.0685, 0.9435, 0.4283, 0.0864], atol=5e-5)
    np.testing.assert_allclose(np.sort(task.rates), [0.303, 0.640, 1.583], atol=5e-4)
    centred = np.linalg.eigvalsh(task.second_moment - np.outer(task.mean, task.mean))
    np.testing.assert_allclose(centred, [0.120, 0.480, 1.251], atol=5e-4)
    np.testing.assert_allclose(one_layer.secular(task, found), 0.0, atol=1e-12)
    assert np.abs(one_layer.secular(task, 1.01 * found)).min() > 1e-11


@pytest.mark.parametrize(
    ("mu", "rates"), [((1, 2), (0.154, 0.700, 1.913)), ((3, 2), (0.2505, 1.694, 3.489))]
)
def test_rates_with_a_bias_of_the_released_task(mu, rates) -> None:
    task = SIMTask(mu=mu, sigma=0.05**0.5, origin=True)
    np.testing.assert_allclose(one_layer.affine_rates(task).rates[::-1], rates, atol=6e-4)


def test_a_bias_delays() -> None:
    task, t = SIMTask(mu=(1, 2), sigma=0.05**0.5, origin=True), np.linspace(0.0, 12.0, 2401)
    times = []
    for form in (one_layer.affine, one_layer.solution):
        loss = observe.loss(form(task, np.zeros((2, 2)), t))
        assert np.all(np.diff(loss) < 0)
        times.append(t[np.argmax(loss < 0.01 * loss[0])])
    np.testing.assert_allclose(times, [7.4, 3.9], atol=0.05)


def loop(x: float, beta: float, steps: int, *, nesterov: bool) -> np.ndarray:
    """The textbook loop on one mode: velocity from rest, not damped."""
    error, velocity, errors = 1.0, 0.0, [1.0]
    for _ in range(steps):
        velocity = beta * velocity + x * error
        error -= x * error + beta * velocity if nesterov else velocity
        errors.append(error)
    return np.array(errors)


@pytest.mark.parametrize(("nesterov", "noted"), [(False, 0.341225), (True, 0.135506)])
def test_momentum_after_twenty_steps(nesterov: bool, noted: float) -> None:
    found = descent.error(0.3, range(21), lr=0.3, momentum=0.9, nesterov=nesterov)
    assert found[20] == pytest.approx(noted, abs=5e-7)
    # 20 steps of a few roundings each.
    np.testing.assert_allclose(found, loop(0.09, 0.9, 20, nesterov=nesterov), rtol=0, atol=1e-13)
    assert abs(descent.error(0.3, [20], lr=0.3)[0] - noted) > 1e-2


@pytest.mark.parametrize("x", [1e-3, 0.09, 0.25, 1.0, 1.3, 2.5])
@pytest.mark.parametrize("beta", [0.25, 0.9])
@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_is_its_loop(x: float, beta: float, nesterov: bool) -> None:
    k = np.arange(61)
    found = descent.error(x, k, lr=1.0, momentum=beta, nesterov=nesterov)
    exact = loop(x, beta, 60, nesterov=nesterov)
    size = np.maximum.accumulate(np.abs(exact))
    # x = 0.25 is critical for β = 0.25: there the roots meet, known to √eps, and their
    # powers are summed to k eps all the same.
    assert np.all(np.abs(found - exact) <= 1e-12 * size)


def test_gradient_descent_is_the_optimiser(task: SIMTask) -> None:
    W0 = np.random.default_rng(3).standard_normal((2, 3, 3))
    for loss in ("half_sum", "sum", "mean"):
        run = sim.descend(sim.OneLayer(), task, W0, steps=40, lr=0.2, loss=loss)
        found = descent.solution(task, W0, range(41), lr=0.2, loss=loss)
        np.testing.assert_allclose(found.t, run.t, rtol=1e-14)
        np.testing.assert_allclose(found.weights, run.weights, rtol=0, atol=1e-13)
        flow = one_layer.solution(task, W0, run.t).weights
        assert np.abs(flow - run.weights).max() > 1e-12


@pytest.mark.parametrize("beta", [0.5, 0.9])
def test_the_heavy_ball_is_the_optimiser(task: SIMTask, beta: float) -> None:
    rotation = ortho_group.rvs(3, random_state=6)
    task = SIMTask(mu=task.mu, sigma=task.sigma, rotation=rotation)
    W0 = np.random.default_rng(3).standard_normal((2, 3, 3))
    run = sim.descend(sim.OneLayer(), task, W0, steps=60, lr=0.2, momentum=beta)
    found = descent.solution(task, W0, range(61), lr=0.2, momentum=beta)
    np.testing.assert_allclose(found.t, run.t, rtol=1e-14)
    np.testing.assert_allclose(found.weights, run.weights, rtol=0, atol=1e-12)
    plain = descent.solution(task, W0, range(61), lr=0.2)
    assert np.abs(plain.weights - run.weights).max() > 1e-2


NETS = {
    "OneLayer": (sim.OneLayer(), [(5, 5)]),
    "Tied": (sim.Tied(), [(5, 7)]),
    "recurrence": (sim.Tied(), [(5, 7)]),
    "Untied": (sim.Untied(), [(4, 5), (5, 4)]),
    "Deep(3)": (sim.Deep(depth=3), [(6, 5), (3, 6), (5, 3)]),
}


def gradients(net: str, layers: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Gradients of ½E‖f(x)−y‖² in each layer, sample by sample; the recurrence's own step."""
    if net == "recurrence":
        W = layers[0]
        M = 0.5 * (y.T @ x + x.T @ y - W @ x.T @ x - x.T @ x @ W) / len(x)
        return [-(M @ W + W @ M)]
    chain = [layers[0].T, layers[0]] if net == "Tied" else layers
    total = [np.zeros_like(layer) for layer in chain]
    for point, label in zip(x, y, strict=True):
        seen = [point]
        for layer in chain:
            seen.append(layer @ seen[-1])
        error = (seen[-1] - label) / len(x)
        for l in range(len(chain) - 1, -1, -1):
            total[l] += np.outer(error, seen[l])
            error = chain[l].T @ error
    return [total[0].T + total[1]] if net == "Tied" else total


def textbook(net, layers, x, y, steps, *, lr, momentum, decay) -> np.ndarray:
    """The optimiser as frameworks write it: buffer = momentum · buffer + gradient + decay · weight."""
    buffers = [np.zeros_like(layer) for layer in layers]
    maps = []
    for _ in range(steps + 1):
        maps.append(
            layers[0] @ layers[0].T
            if net == "Tied"
            else np.linalg.multi_dot([*layers[::-1], np.eye(5)])
        )
        slopes = gradients(net, layers, x, y)
        buffers = [
            momentum * v + g + decay * w for v, g, w in zip(buffers, slopes, layers, strict=True)
        ]
        layers = [w - lr * v for w, v in zip(layers, buffers, strict=True)]
    return np.array(maps)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize(("momentum", "decay"), [(0.0, 0.0), (0.8, 0.0), (0.0, 0.2), (0.8, 0.2)])
def test_a_training_set_against_the_textbook_loop(net: str, momentum: float, decay: float) -> None:
    """All data at once, and as a batch of all of them: by moments for six samples, else by samples."""
    flow, shapes = NETS[net]
    rng = np.random.default_rng(8)
    task = SIMTask(
        mu=np.linspace(0.5, 1.5, 5), sigma=0.2, rotation=ortho_group.rvs(5, random_state=1)
    )
    layers = [0.3 * rng.standard_normal((9, *shape)) for shape in shapes]
    init = layers[0] if len(layers) == 1 else tuple(layers)
    start = [layer[8] for layer in layers]
    start = [start[0] @ start[0].T] if net == "recurrence" else start
    for n in (6, 2, 1):
        x = task.from_concept_axes(0.7 * rng.standard_normal((n, 5)))
        options = {"steps": 25, "lr": 0.02, "momentum": momentum, "weight_decay": decay, "data": x}
        options["loss"] = "recurrence" if net == "recurrence" else "half_sum"
        exact = textbook(net, start, x, x, 25, lr=0.02, momentum=momentum, decay=decay)
        whole = sim.descend(flow, task, init, **options).weights[8]
        # 25 steps of a few dozen roundings each
        np.testing.assert_allclose(whole, exact, rtol=0, atol=1e-13)
        drawn = sim.descend(flow, task, init, batch=n, rng=rng, **options).weights[8]
        np.testing.assert_allclose(drawn, exact, rtol=0, atol=1e-13)
        assert np.abs(exact[0] - exact[-1]).max() > 1e-3


def test_labels_keep_their_noise(task: SIMTask) -> None:
    """One layer ends at the least squares fit of the noisy labels, not at the identity."""
    x = np.random.default_rng(0).standard_normal((12, 3))
    key = np.random.default_rng(9)
    run = sim.descend(
        sim.OneLayer(), task, np.zeros((3, 3)), steps=3000, lr=0.5, data=x, label_noise=0.3, rng=key,
        every=3000,
    )  # fmt: skip
    again = np.random.default_rng(9)
    again.integers(0, 2**64, size=2, dtype=np.uint64)
    y = x + np.sqrt(0.3) * again.standard_normal(x.shape)
    np.testing.assert_allclose(run.weights[-1], np.linalg.lstsq(x, y)[0].T, atol=1e-12)
    assert np.abs(run.weights[-1] - EYE).max() > 1e-2


def mean_loss(task: SIMTask, weights: np.ndarray) -> np.ndarray:
    missing = np.eye(task.dim) - weights
    return 0.5 * np.einsum("...ij,jk,...ik->...", missing, task.second_moment, missing)


def test_losses_under_batches_and_label_noise(four: SIMTask) -> None:
    found = descent.sgd_moments(
        four, np.zeros((4, 4)), [1, 5, 20, 60], lr=0.12, batch=2, label_noise=0.25
    )
    np.testing.assert_allclose(found.loss, [1.21050, 0.49579, 0.15982, 0.07052], atol=6e-6)
    gradient = descent.solution(four, np.zeros((4, 4)), [0, 1, 5, 20, 60], lr=0.12)
    naive = mean_loss(four, gradient.weights)[1:]
    assert np.abs(naive - found.loss).min() > 6e-5


def test_where_sgd_settles() -> None:
    task = SIMTask(mu=(0.0, 0.0, 0.0), sigma=np.sqrt([1.0, 0.5, 0.2]))
    found = descent.stationary(task, lr=0.1, batch=4, label_noise=0.3)
    assert found.loss[0] == pytest.approx(0.0102717, abs=5e-8)
    np.testing.assert_allclose(np.diag(found.moment[0]), [0.012274, 0.011878, 0.011652], atol=5e-7)
    a = task.rates
    f = np.sum(a / (2 - 0.1 * a * 1.25))
    assert f == pytest.approx(0.892664, abs=5e-7)
    late = descent.sgd_moments(task, np.zeros((3, 3)), [0, 10**6], lr=0.1, batch=4, label_noise=0.3)
    assert late.loss[1] == pytest.approx(found.loss[0], rel=1e-12)


@pytest.mark.parametrize(("turned", "noise"), [(False, 0.0), (True, 0.0), (True, 0.25)])
def test_sgd_is_the_optimiser_in_the_mean(four: SIMTask, turned: bool, noise: float) -> None:
    """Mean over 12 000 runs, within three standard errors at each of four steps."""
    if turned:
        rotation = ortho_group.rvs(4, random_state=4)
        four = SIMTask(mu=four.mu, sigma=four.sigma, weights=four.weights, dim=4, rotation=rotation)
    W0 = np.random.default_rng(5).standard_normal((4, 4))
    runs, rng = np.broadcast_to(W0, (12_000, 4, 4)), np.random.default_rng(7)
    options = {"lr": 0.12, "batch": 2, "label_noise": noise}
    run = sim.descend(sim.OneLayer(), four, runs, steps=20, every=5, rng=rng, **options)
    losses = mean_loss(four, run.weights)[:, 1:]
    error = losses.std(axis=0, ddof=1) / np.sqrt(len(losses))
    found = descent.sgd_moments(four, W0, [0, 5, 10, 15, 20], **options)
    assert np.all(np.abs(losses.mean(axis=0) - found.loss[1:]) < 3 * error)
    # Power: descent without batches is ten times as far off.
    plain = mean_loss(four, descent.solution(four, W0, [5, 10, 15, 20], lr=0.12).weights)
    assert np.all(np.abs(losses.mean(axis=0) - plain)[1:] > 30 * error[1:])
    missing = np.eye(4) - run.weights[:, 4]
    moments = np.swapaxes(missing, -1, -2) @ missing
    spread = moments.std(axis=0, ddof=1) / np.sqrt(len(moments))
    # Sixteen entries, ten of them distinct: four standard errors for the largest.
    assert np.all(np.abs(moments.mean(axis=0) - found.moment[4]) < 4 * spread)


@pytest.mark.parametrize("tied", [False, True])
def test_adam_is_its_loop_at_every_rate(tied: bool) -> None:
    """Kingma and Ba's algorithm with ε = 0, gradient and all, at rates 1e-4 to 1e4."""
    rates, lr, b1, b2 = np.array([1e-4, 1.0, 1e4]), 0.01, 0.9, 0.999
    w = np.full(3, 0.1)
    m, v, curve = np.zeros(3), np.zeros(3), [w]
    for step in range(1, 301):
        g = -2.0 * rates * w * (1 - w**2) if tied else -rates * (1 - w)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        w = w - lr * (m / (1 - b1**step)) / np.sqrt(v / (1 - b2**step))
        curve.append(w)
    task = SIMTask(mu=np.zeros(3), sigma=np.sqrt(rates))
    found = descent.adam(task, 0.1 * EYE, range(301), lr=lr, tied=tied).weights
    diagonal = np.diagonal(found, axis1=1, axis2=2)
    # 300 steps of a dozen roundings each, of a step that is at most a few η
    np.testing.assert_allclose(diagonal, np.square(curve) if tied else curve, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(diagonal[:, 0], diagonal[:, 2])
    assert np.abs(diagonal - diagonal[0]).max() > 0.5
