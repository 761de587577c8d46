"""Exact identities of the closed forms of the untied two-layer net."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

from simtheory import LinearTask, SIMTask
from simtheory.analytic import deep, tied, untied
from simtheory.analytic._shared.off_diagonal import divided
from simtheory.errors import RegimeError, RegimeWarning, ShapeError

T = np.linspace(0.0, 12.0, 25)


@pytest.fixture
def layers() -> tuple[np.ndarray, np.ndarray]:
    """Width one: balanced up to a number, whatever it is."""
    rng = np.random.default_rng(5)
    return 0.1 * rng.standard_normal((1, 4)), 0.3 * rng.standard_normal((3, 1))


@pytest.fixture
def teacher() -> np.ndarray:
    return np.random.default_rng(6).standard_normal((3, 4))


def test_riccati_starts_at_the_start_and_ends_at_the_best_map(layers, teacher) -> None:
    found = untied.riccati(layers, teacher, [0.0, 1e5, 1e9])
    np.testing.assert_allclose(found[0], layers[1] @ layers[0], atol=1e-15)
    left, sizes, right = np.linalg.svd(teacher)
    best = sizes[0] * np.outer(left[:, 0], right[0])
    np.testing.assert_allclose(found[1:], [best, best], atol=1e-12)


def test_riccati_composes_in_time() -> None:
    """From the layers at time 3 on: only a tied net's layers can be read off W."""
    rng = np.random.default_rng(1)
    U = 0.1 * rng.standard_normal((3, 2))
    S = np.diag([2.0, 1.0, 0.5])
    whole = untied.riccati((U.T, U), S, T)
    values, vectors = np.linalg.eigh(whole[6])
    half = vectors[:, 1:] * np.sqrt(values[1:])
    later = untied.riccati((half.T, half), S, T[:19])
    np.testing.assert_allclose(later, whole[6:], atol=1e-11)


def test_riccati_turns_with_its_inputs_and_outputs(layers, teacher) -> None:
    O, R = ortho_group.rvs(3, random_state=1), ortho_group.rvs(4, random_state=2)
    turned = untied.riccati((layers[0] @ R.T, O @ layers[1]), O @ teacher @ R.T, T)
    np.testing.assert_allclose(turned, O @ untied.riccati(layers, teacher, T) @ R.T, atol=1e-13)


def test_riccati_transposes(layers, teacher) -> None:
    """The transposed problem has the layers in the other order, and the other sign of λ."""
    other = untied.riccati((layers[1].T, layers[0].T), teacher.T, T)
    np.testing.assert_allclose(
        other, np.swapaxes(untied.riccati(layers, teacher, T), 1, 2), atol=1e-13
    )


def test_riccati_stands_still_at_zero_and_at_its_target(teacher) -> None:
    zero = (np.zeros((2, 4)), np.zeros((3, 2)))
    assert np.all(untied.riccati(zero, teacher, T) == 0.0)
    left, sizes, right = np.linalg.svd(teacher, full_matrices=False)
    root = np.sqrt(sizes)
    done = untied.riccati((root[:, None] * right, left * root), teacher, T)
    np.testing.assert_allclose(done, np.broadcast_to(teacher, done.shape), atol=1e-12)


def test_riccati_keeps_a_zero_target_at_its_decay() -> None:
    """No teacher: a balanced scalar net decays as ẇ = −2w², so w = w₀/(1 + 2w₀t)."""
    found = untied.riccati(([[0.5]], [[0.5]]), [[0.0]], T)[:, 0, 0]
    np.testing.assert_allclose(found, 0.25 / (1.0 + 0.5 * T), rtol=1e-14)


def test_riccati_runs_over_ensembles(teacher) -> None:
    rng = np.random.default_rng(3)
    below, above = 0.1 * rng.standard_normal((5, 1, 4)), 0.1 * rng.standard_normal((5, 3, 1))
    both = untied.riccati((below, above), teacher, T)
    assert both.shape == (5, T.size, 3, 4)
    np.testing.assert_allclose(
        both[2], untied.riccati((below[2], above[2]), teacher, T), atol=1e-15
    )


def test_a_symmetric_isotropic_start_is_the_tied_one() -> None:
    task = SIMTask(mu=(1.0, 1.0), sigma=0.1)
    U = 0.1 * np.random.default_rng(0).standard_normal((2, 3))
    U = np.linalg.qr(U.T)[0].T * 0.1  # full-width balance needs h ≤ d
    U = U[:, :2]
    found, wanted = untied.isotropic(task, (U.T, U), T), tied.isotropic(task, U, T)
    np.testing.assert_allclose(found.weights, wanted.weights, atol=1e-13)


def test_an_aligned_isotropic_start_is_an_imbalanced_mode() -> None:
    task = SIMTask(mu=(1.0,), sigma=0.3)
    layers = ([[0.3]], [[0.5]])
    found = untied.isotropic(task, layers, T).weights[:, 0, 0]
    mode = untied.imbalanced_mode(task.rates[0], 0.15, T, imbalance=0.16)
    np.testing.assert_allclose(found, mode, rtol=1e-12)


def test_an_imbalanced_mode_in_its_limits() -> None:
    np.testing.assert_allclose(
        untied.imbalanced_mode(0.7, 0.01, T, imbalance=0.0), tied.mode(0.7, 0.01, T), rtol=1e-13
    )
    np.testing.assert_allclose(
        untied.imbalanced_mode(0.7, 0.01, T, imbalance=1e-9), tied.mode(0.7, 0.01, T), rtol=1e-12
    )
    # A large imbalance is one layer on a clock that runs λ times as fast; the rest is 2/λ².
    lazy = untied.imbalanced_mode(0.7e-4, 0.01, T, imbalance=1e4)
    np.testing.assert_allclose(lazy, deep.mode(0.7, 0.01, T, depth=1), rtol=1e-7)
    for lam in (0.0, 0.5):
        assert np.all(untied.imbalanced_mode(1.0, 1.0, T, imbalance=lam) == 1.0)
        assert np.all(untied.imbalanced_mode(0.0, 0.3, T, imbalance=lam) == pytest.approx(0.3))
        late = untied.imbalanced_mode(1.0, [0.2, 3.0], [1e4], imbalance=lam)
        np.testing.assert_allclose(late, 1.0, rtol=1e-15)
    assert np.all(untied.imbalanced_mode(1.0, 0.0, T, imbalance=0.0) == 0.0)
    assert np.all(np.diff(untied.imbalanced_mode(1.0, 0.0, T, imbalance=0.1)) > 0)


def test_an_imbalanced_mode_composes_and_ignores_the_sign() -> None:
    once = untied.imbalanced_mode(2.0, 0.01, T, imbalance=0.3)
    later = untied.imbalanced_mode(2.0, once[4], T[:9], imbalance=-0.3)
    np.testing.assert_allclose(later, once[4:13], rtol=1e-12)
    np.testing.assert_allclose(
        untied.imbalanced_mode(1.0, 0.01, 2.0 * T, imbalance=0.3), once, rtol=1e-13
    )


def test_the_early_form_in_its_limits() -> None:
    rng = np.random.default_rng(2)
    layers = (1e-5 * rng.standard_normal((4, 3)), 1e-5 * rng.standard_normal((3, 4)))
    task = SIMTask(mu=(1.0, 1.5, 2.0), sigma=0.1)
    found = untied.early(task, layers, [0.0, 1.0])
    np.testing.assert_allclose(found.weights[0], layers[1] @ layers[0], atol=1e-24)
    assert not found.exact
    assert found.arrays["error_estimate"] == found.arrays["small_parameter"] ** 2
    U = 1e-5 * rng.standard_normal((3, 2))
    grown = np.exp(task.rates)[:, None] * U
    np.testing.assert_allclose(
        untied.early(task, (U.T, U), [1.0]).weights[0], grown @ grown.T, rtol=1e-12
    )
    np.testing.assert_array_equal(untied.effective_start((U.T, U)), U)


def test_a_form_refuses_what_lies_outside_its_regime(teacher) -> None:
    rng = np.random.default_rng(0)
    task = SIMTask(mu=(1.0, 2.0), sigma=0.1)
    dense = (rng.standard_normal((2, 2)), rng.standard_normal((2, 2)))
    with pytest.raises(RegimeError, match="multiple of the identity"):
        untied.riccati(dense, np.eye(2), T)
    with pytest.raises(RegimeError, match="multiple of the identity"):
        untied.riccati(([[0.1]], [[0.1]]), [[1.0]], T, imbalance=0.3)
    with pytest.raises(RegimeError, match="equal rates"):
        untied.isotropic(task, dense, T)
    with pytest.raises(RegimeError, match="stay below"):
        untied.early(task, dense, [0.0, 1.0])
    with pytest.warns(RegimeWarning, match="stay below"):
        untied.early(task, dense, [0.0, 1.0], strict=False)
    with pytest.raises(RegimeError, match="grows as"):
        untied.early(task, dense, [0.0, 1e4], strict=False)
    with pytest.raises(RegimeError, match="`w0`"):
        untied.imbalanced_mode(1.0, -0.1, T, imbalance=0.1)


def test_wrong_layers_are_refused(teacher) -> None:
    with pytest.raises(ShapeError, match="is one array"):
        untied.riccati(np.eye(3), teacher, T)
    with pytest.raises(ShapeError, match="holds 1"):
        untied.riccati((np.eye(3),), teacher, T)
    with pytest.raises(ShapeError, match="two layers"):
        untied.riccati((np.eye(4),) * 2 + (np.ones((3, 4)),), teacher, T)
    with pytest.raises(ShapeError, match="layer 2 of 2"):
        untied.riccati((np.eye(4), np.eye(4)), teacher, T)
    with pytest.raises(ShapeError, match="Leading axes"):
        untied.riccati((np.ones((2, 1, 4)), np.ones((3, 3, 1))), teacher, T)
    with pytest.raises(ShapeError, match="`teacher`"):
        untied.riccati((np.eye(4), np.eye(4)), 1.0, T)


def balanced_pair(tie: float) -> tuple[np.ndarray, np.ndarray]:
    U = np.linalg.cholesky(np.array([[0.02, tie], [tie, 0.05]]))
    return U.T, U


def test_the_first_order_form_in_its_limits() -> None:
    task = SIMTask(mu=(1.0, 1.5), sigma=0.1)
    layers = balanced_pair(1e-4)
    found = untied.first_order(task, layers, T)
    np.testing.assert_allclose(found.weights[0], layers[1] @ layers[0], rtol=1e-12)
    diagonal = np.diagonal(found.weights, axis1=1, axis2=2).T
    np.testing.assert_allclose(diagonal, tied.mode(task.rates, [0.02, 0.05], T), rtol=1e-12)
    late = untied.first_order(task, layers, [0.0, 1e3]).weights[1]
    np.testing.assert_allclose(late, np.eye(2), atol=1e-12)
    three = deep.off_diagonals(task, layers, T)
    np.testing.assert_array_equal(three.weights, found.weights)
    assert not found.exact
    assert 0 < found.arrays["small_parameter"] < 0.1


def test_equal_rates_leave_a_symmetric_pair_tied() -> None:
    """First order of the tied net; LSODA holds 1e-9."""
    task = SIMTask(mu=(1.0, 1.0), sigma=0.1)
    layers = balanced_pair(1e-4)
    found = untied.first_order(task, layers, T).weights
    wanted = tied.first_order(task, layers[1], T).weights
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    np.testing.assert_allclose(found, np.swapaxes(found, 1, 2), atol=1e-18)


def test_the_divided_difference_is_smooth_at_equal_arguments() -> None:
    w = np.array([0.3])
    for q in (0.0, 0.25, 0.5, 2 / 3):
        near = divided(w, w * (1.0 + 1e-9), q)
        np.testing.assert_allclose(near, divided(w, w, q), rtol=1e-8)
        np.testing.assert_allclose(divided(w, w, q), q * w ** (2 * q - 2), rtol=1e-14)
        far = divided(w, np.array([1e-7]), q)
        np.testing.assert_allclose(far, (w ** (2 * q) - 1e-7 ** (2 * q)) / (w**2 - 1e-14))


def test_a_crossing_starts_at_the_start_and_is_linear() -> None:
    for start in ((1.0, 1.0), (0.0, 1.0), (2.0, -0.5)):
        gain = untied.crossing((1.0, 0.4), 1e-3, [0.0, 3.0, 1e3], start=start)
        assert gain.entry[0] == pytest.approx(start[0], abs=1e-13)
        assert gain.partner[0] == pytest.approx(start[1], abs=1e-13)
        assert abs(gain.entry[2]) + abs(gain.partner[2]) < 1e-80
    whole = untied.crossing((1.0, 0.4), 1e-3, T, start=(1.0, 2.0))
    parts = [untied.crossing((1.0, 0.4), 1e-3, T, start=s) for s in ((1.0, 0.0), (0.0, 2.0))]
    np.testing.assert_allclose(whole, np.add(*parts), rtol=1e-11)
    np.testing.assert_allclose(
        untied.crossing((3.0, 1.2), 1e-3, T / 3.0, start=(1.0, 2.0)), whole, rtol=1e-11
    )


def test_the_pair_forms_refuse_what_lies_outside_their_regime() -> None:
    task = SIMTask(mu=(1.0, 1.5), sigma=0.1)
    below, above = balanced_pair(1e-2)
    with pytest.raises(RegimeError, match="stay below"):
        untied.first_order(task, (below, above), T)
    with pytest.warns(RegimeWarning, match="stay below"):
        untied.first_order(task, (below, above), T, strict=False)
    with pytest.raises(RegimeError, match="balanced layers"):
        untied.first_order(task, (2.0 * below, above), T)
    with pytest.raises(RegimeError, match="inside"):
        untied.first_order(task, (-below, above), T)
    with pytest.raises(RegimeError, match="weaker rate"):
        untied.crossing((1.0, 1.0), 1e-3, T)
    with pytest.raises(RegimeError, match="`w0`"):
        untied.crossing((1.0, 0.4), 1.0, T)
    with pytest.raises(ShapeError, match="`rates`"):
        untied.crossing((1.0, 0.4, 0.1), 0.1, T)


@pytest.mark.parametrize("layers", [False, True])
def test_inputs_that_are_zero_teach_nothing(layers: bool) -> None:
    start = ([[0.1, 0.2], [0.0, 0.3]], [[0.1, 0.0], [0.2, 0.3]])  # balanced
    task = LinearTask(np.eye(2), np.zeros((2, 2)))
    found = untied.isotropic(task, start, [0.0, 1.0, 2.0], layers=layers)
    W = np.array(start[1]) @ np.array(start[0])
    np.testing.assert_allclose(found.weights, np.repeat(W[None], 3, axis=0), atol=1e-15)
