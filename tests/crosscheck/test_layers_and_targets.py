"""Layers, Gram matrices and tangent kernels, and targets other than the identity, against SciPy."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import simtheory as st
from simtheory import observe, sim
from simtheory.errors import ArgumentError, RegimeError, ShapeError

T = np.linspace(0.0, 10.0, 21)
CLOSE = 1e-9
"""Allowed distance from DOP853 at 1e-13, whose own error is about 1e-12 here."""


def product(layers):
    return np.linalg.multi_dot(layers[::-1]) if len(layers) > 1 else layers[0]


def slopes(layers, A, B, *, tied):
    """The gradient of ½E|Wx − Bx|², layer by layer, written down by the product rule."""
    if tied:
        (U,) = layers
        M = (B - U @ U.T) @ A
        return [0.5 * (M + M.T) @ U]
    moves = []
    for l in range(len(layers)):
        above = np.eye(B.shape[0])
        for layer in layers[:l:-1]:
            above = above @ layer
        below = np.eye(B.shape[1])
        for layer in layers[:l]:
            below = layer @ below
        moves.append(above.T @ (B - product(layers)) @ A @ below.T)
    return moves


def followed(layers, A, B, *, tied=False, t=T):
    """The layers over time by DOP853."""
    ends = np.cumsum([layer.size for layer in layers])[:-1]

    def apart(y):
        parts = np.split(y, ends)
        return [part.reshape(layer.shape) for part, layer in zip(parts, layers, strict=True)]

    def slope(_, y):
        return np.concatenate([move.ravel() for move in slopes(apart(y), A, B, tied=tied)])

    y0 = np.concatenate([layer.ravel() for layer in layers])
    found = solve_ivp(slope, (0, t[-1]), y0, method="DOP853", rtol=1e-13, atol=1e-15, t_eval=t)
    return [np.stack(each) for each in zip(*[apart(y) for y in found.y.T], strict=True)]


def drawn(seed, k, d, widths):
    """A second moment of data, a teacher and layers."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(20, d))
    sizes = [d, *widths, k]
    layers = [0.5 * rng.normal(size=(b, a)) for a, b in pairwise(sizes)]
    return x.T @ x / 20, rng.normal(size=(k, d)), layers


@pytest.mark.parametrize(
    ("k", "d", "widths"), [(3, 3, (4,)), (5, 3, (2,)), (2, 3, (4, 2)), (2, 3, ()), (4, 2, ())]
)
def test_layers_and_targets_of_chains(k, d, widths):
    A, B, layers = drawn(k + 10 * len(widths), k, d, widths)
    flow = {0: sim.OneLayer(), 1: sim.Untied(), 2: sim.Deep()}[len(widths)]
    start = tuple(layers) if widths else layers[0]
    task = st.LinearTask(B, A)
    run = sim.solve(flow, task, start, T, layers=True)
    expected = followed(layers, A, B)
    for found, layer in zip(observe.layers(run), expected, strict=True):
        np.testing.assert_allclose(found, layer, rtol=0, atol=CLOSE)
    W = np.stack([product(each) for each in zip(*expected, strict=True)])
    assert abs(W[-1] - W[0]).max() > 0.3  # a net that stays at its start fails
    assert abs(W[-1] - (np.eye(d) if k == d else 0.0)).max() > 0.3  # and so does the identity
    np.testing.assert_allclose(run.weights, W, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(sim.solve(flow, task, start, T).weights, W, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(sim.integrate(flow, A, start, T, teacher=B), W, rtol=0, atol=CLOSE)
    miss = W - B
    loss = 0.5 * np.einsum("tij,jk,tik->t", miss, A, miss)
    np.testing.assert_allclose(observe.train_loss(run), loss, rtol=0, atol=1e-8)


@pytest.mark.parametrize("width", [2, 5])
@pytest.mark.parametrize("identity", [True, False])
def test_layers_and_targets_of_a_tied_net(width, identity):
    A, G, _ = drawn(3, 3, 3, ())
    B = np.eye(3) if identity else G @ G.T
    U = 0.3 * np.random.default_rng(width).normal(size=(3, width))
    task = st.SIMTask.from_second_moment(A) if identity else st.LinearTask(B, A)
    (expected,) = followed([U], A, B, tied=True)
    run = sim.solve(sim.Tied(), task, U, T, layers=True)
    np.testing.assert_allclose(run.arrays["U"], expected, rtol=0, atol=CLOSE)
    W = expected @ expected.mT
    np.testing.assert_allclose(sim.solve(sim.Tied(), task, U, T).weights, W, rtol=0, atol=CLOSE)
    assert abs(expected[-1] - U).max() > 0.3


def test_members_with_teachers_and_moments_of_their_own():
    A, B, layers = drawn(1, 2, 3, (4,))
    aims = np.stack([B, -2 * B])
    found = sim.integrate(sim.Untied(), A, tuple(layers), T, teacher=aims, layers=True)
    assert [layer.shape for layer in found] == [(2, T.size, 4, 3), (2, T.size, 2, 4)]
    for member, aim in enumerate(aims):
        for layer, expected in zip(found, followed(layers, A, aim), strict=True):
            np.testing.assert_allclose(layer[member], expected, rtol=0, atol=CLOSE)


def test_inputs_of_low_rank_leave_what_they_never_show():
    A = np.diag([2.0, 0.0, 1.0])
    task = st.LinearTask.from_moments(A, [[2.0, 0.0, 3.0], [0.0, 0.0, 1.0]])
    np.testing.assert_array_equal(task.teacher, [[1.0, 0.0, 3.0], [0.0, 0.0, 1.0]])
    _, _, layers = drawn(5, 2, 3, (3,))
    run = sim.solve(sim.Untied(), task, tuple(layers), [0.0, 5.0, 60.0], layers=True)
    np.testing.assert_allclose(run.weights[-1][:, [0, 2]], task.teacher[:, [0, 2]], atol=1e-8)
    np.testing.assert_allclose(run.arrays["W1"][:, :, 1], [layers[0][:, 1]] * 3, atol=1e-12)


def balanced(strength, level, width, *, seed):
    """Two layers with W₂ᵀW₂ − W₁W₁ᵀ = level · I whose product is strength · I."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(width, width)))
    root = np.sqrt(level**2 + 4 * strength**2)
    return np.sqrt((root - level) / 2) * q, np.sqrt((root + level) / 2) * q.T


@pytest.mark.parametrize("level", [0.0, 0.7, -2.0])
def test_grams_of_balanced_layers(level):
    start = balanced(1e-2, level, 3, seed=2)
    left, right = (balanced(1.0, 0.0, 3, seed=seed)[0] for seed in (4, 5))
    B = left @ np.diag([0.7, 1.0, 2.0]) @ right
    run = sim.solve(sim.Untied(), st.LinearTask(B), start, np.linspace(0, 60, 61), layers=True)
    found, closed = observe.grams(run), st.analytic.untied.grams(start, B, run.t)
    for name in ("inputs", "weights", "outputs"):
        np.testing.assert_allclose(getattr(found, name), getattr(closed, name), rtol=0, atol=CLOSE)
    s = np.sort(np.linalg.svd(B, compute_uv=False))
    root = np.sqrt(level**2 + 4 * s**2)
    for gram, sign in ((found.inputs, -1), (found.outputs, 1)):
        rest = np.linalg.eigvalsh(gram[-1])
        np.testing.assert_allclose(rest, 0.5 * (root + sign * level), rtol=0, atol=CLOSE)
    below, above = observe.layers(run)
    kept = below @ below.mT - above.mT @ above
    np.testing.assert_allclose(kept, -level * np.eye(3) + 0 * kept, rtol=0, atol=1e-10)


@pytest.mark.parametrize("flow", [sim.Untied(), sim.Deep(), sim.Tied(), sim.OneLayer()])
def test_the_tangent_kernel_moves_the_outputs(flow):
    A, B, layers = drawn(7, 3, 3, (4,) * (flow.depth - 1))
    if flow == sim.Tied():
        layers, B = [layers[0].T], B @ B.T
    x = np.linalg.cholesky(A).T * np.sqrt(3)  # three points that have this second moment
    start = tuple(layers) if len(layers) > 1 else layers[0]
    run = sim.solve(flow, st.LinearTask(B, A), start, [0.0, 0.3], probes=x, layers=True)
    K = observe.tangent_kernel(run)
    factor = 0.5 if flow == sim.Tied() else 1.0
    missed = x @ B.T - run.outputs
    moved = factor * np.einsum("tpqab,tqb->tpa", K, missed) / 3
    tied = flow == sim.Tied()
    for k in range(2):
        parts = [run.arrays[name][k] for name in run.arrays]
        h = 1e-5
        ahead = [w + h * m for w, m in zip(parts, slopes(parts, A, B, tied=tied), strict=True)]
        back = [w - h * m for w, m in zip(parts, slopes(parts, A, B, tied=tied), strict=True)]
        maps = [w[0] @ w[0].T if tied else product(w) for w in (ahead, back)]
        expected = x @ (maps[0] - maps[1]).T / (2 * h)
        np.testing.assert_allclose(moved[k], expected, rtol=0, atol=1e-7)
        assert abs(expected).max() > 1e-2
    if flow == sim.Untied():
        np.testing.assert_allclose(observe.grams(run).tangent_kernel(x), K, atol=1e-13)


def test_small_starts_align_in_silence():
    _, B, layers = drawn(4, 2, 3, (6,))
    left = []
    for scale in (1e-3, 0.4):
        start = tuple(scale * layer for layer in layers)
        run = sim.solve(
            sim.Untied(), st.LinearTask(B[:1]), (start[0], start[1][:1]), np.linspace(0, 40, 2001),
            layers=True,
        )  # fmt: skip
        found = observe.alignment(run)
        assert found.cosine[-1] == pytest.approx(1.0)
        left.append(float(found.loss_when_aligned(0.95)))
    assert left[0] > 0.97  # aligned before the loss moves
    assert left[1] < 0.9


def test_the_vector_of_width_one_over_time():
    task = st.SIMTask(mu=(1.0, 1.5, 2.0), sigma=0.3)
    u = np.array([0.05, -0.03, 0.02])
    run = st.analytic.tied.rank_one(task, u, T, layers=True)
    (expected,) = followed([u[:, None]], task.second_moment, np.eye(3), tied=True)
    np.testing.assert_allclose(run.arrays["U"], expected, rtol=0, atol=CLOSE)
    below, above = observe.layers(run)
    np.testing.assert_allclose(above @ below, run.weights, rtol=0, atol=1e-15)


def test_targets_that_do_not_fit():
    U = 0.1 * np.eye(2)
    skew = [[1.0, 2.0], [0.0, 1.0]]
    with pytest.raises(ArgumentError, match=r"symmetric.*U Uᵀ of Tied reaches no other.*Untied"):
        sim.solve(sim.Tied(), st.LinearTask(skew), U, T)
    with pytest.raises(ArgumentError, match=r"positive semidefinite.*reaches no other"):
        sim.integrate(sim.Tied(), np.eye(2), U, T, teacher=-np.eye(2))
    with pytest.raises(ShapeError, match="as many outputs as inputs"):
        sim.integrate(sim.Tied(), np.eye(2), U, T, teacher=np.ones((3, 2)))
    with pytest.raises(ShapeError, match=r"`teacher` must have shape \(..., outputs, 2\)"):
        sim.integrate(sim.Untied(), np.eye(2), (U, U), T, teacher=np.ones((2, 3)))
    with pytest.raises(ShapeError, match=r"\(..., 3, 2\) in layer 2"):
        sim.solve(sim.Untied(), st.LinearTask(np.ones((3, 2))), (U, U), T)
    with pytest.raises(ArgumentError, match="`read` selects"):
        sim.integrate(sim.Untied(), np.eye(2), (U, U), T, read=sim.Diagonal(), layers=True)
    with pytest.raises(ArgumentError, match="must hold layers"):
        observe.layers(sim.solve(sim.Tied(), st.SIMTask(mu=(1.0, 2.0), sigma=0.1), U, T))
    three = sim.solve(sim.Deep(), st.LinearTask(np.eye(2)), (U, U, U), T, layers=True)
    with pytest.raises(RegimeError, match="two layers"):
        observe.grams(three)


def test_a_run_with_layers_is_saved_and_read(tmp_path):
    run = sim.solve(
        sim.Untied(), st.tasks.saxe2019.hierarchy(), (np.eye(4), np.ones((7, 4))), T, layers=True
    )
    again = st.Trajectory.load(run.save(tmp_path / "run.npz"))
    assert again.task == run.task
    np.testing.assert_array_equal(again.arrays["W2"], run.arrays["W2"])
