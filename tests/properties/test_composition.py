"""Mixtures and compositions that hypothesis draws: derivatives, noise, maps, order of experts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simtheory.tasks import Composition, GaussianMixture

levels = st.floats(0.0, 3.0)
powers = st.floats(-2.0, 3.0).filter(lambda a: abs(a) > 1e-3)


@st.composite
def mixtures(draw: st.DrawFn, d: int = 2) -> GaussianMixture:
    """Mixtures of up to four components, isotropic, diagonal or full."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    k = draw(st.integers(1, 4))
    kind = draw(st.sampled_from(["isotropic", "diagonal", "full"]))
    A = rng.normal(size=(k, d, d))
    spreads = {
        "isotropic": rng.uniform(0.05, 2.0, k),
        "diagonal": rng.uniform(0.05, 2.0, (k, d)),
        "full": 0.3 * A @ np.swapaxes(A, 1, 2) + 0.05 * np.eye(d),
    }
    return GaussianMixture(rng.dirichlet(np.ones(k)), rng.normal(size=(k, d)), spreads[kind])


POINTS = np.random.default_rng(5).normal(size=(6, 2))


def differences(f, x: np.ndarray, step: float = 1e-5) -> np.ndarray:
    shifts = step * np.eye(x.shape[-1])
    return np.stack([(f(x + s) - f(x - s)) / (2 * step) for s in shifts], axis=-1)


@given(mixtures(), levels)
@settings(max_examples=25)
def test_score_and_hessian_are_derivatives(g: GaussianMixture, level: float) -> None:
    score, bend = g.score(POINTS, level=level), g.hessian(POINTS, level=level)
    # Central differences: step² times third derivatives, which grow as the inverse variance cubed.
    np.testing.assert_allclose(
        differences(lambda x: g.log_density(x, level=level), POINTS), score, rtol=1e-4, atol=1e-4
    )
    np.testing.assert_allclose(
        differences(lambda x: g.score(x, level=level), POINTS), bend, rtol=1e-3, atol=1e-3
    )


@given(mixtures(), levels, levels)
@settings(max_examples=25)
def test_noise_adds(g: GaussianMixture, a: float, b: float) -> None:
    twice = g.noised(a).noised(b)
    np.testing.assert_allclose(
        twice.log_density(POINTS), g.noised(a + b).log_density(POINTS), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(
        twice.score(POINTS), g.score(POINTS, level=a + b), rtol=1e-9, atol=1e-9
    )


@given(mixtures(), mixtures(), mixtures(), levels)
@settings(max_examples=25)
def test_the_order_of_experts_is_free(
    p: GaussianMixture, q: GaussianMixture, r: GaussianMixture, level: float
) -> None:
    first, second = (
        Composition((p, q, r), (1.0, 2.0, -0.5)),
        Composition((r, p, q), (-0.5, 1.0, 2.0)),
    )
    for read in ("score", "log_density", "defect"):
        np.testing.assert_allclose(
            getattr(first, read)(POINTS, level=level),
            getattr(second, read)(POINTS, level=level),
            rtol=1e-8,
            atol=1e-8,
        )
    np.testing.assert_array_equal(((p * q) * r).score(POINTS), (p * (q * r)).score(POINTS))


@given(mixtures(), powers, powers, levels)
@settings(max_examples=25)
def test_powers_add(g: GaussianMixture, a: float, b: float, level: float) -> None:
    if abs(a + b) < 1e-3:
        return
    np.testing.assert_allclose(
        (g**a * g**b).log_density(POINTS, level=level),
        (g ** (a + b)).log_density(POINTS, level=level),
        rtol=1e-9,
        atol=1e-9,
    )


@given(mixtures(), mixtures(), levels, st.floats(0.1, 5.0), st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_scales_turns_and_shifts(
    p: GaussianMixture, q: GaussianMixture, level: float, scale: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    turn = scale * np.linalg.qr(rng.normal(size=(2, 2)))[0]
    shift = rng.normal(size=2)
    there = POINTS @ turn.T + shift
    moved = p.moved(turn, shift) * q.moved(turn, shift)
    np.testing.assert_allclose(
        moved.score(there, level=scale**2 * level) @ turn,
        (p * q).score(POINTS, level=level),
        rtol=1e-7,
        atol=1e-7,
    )
    np.testing.assert_allclose(
        moved.defect(there, level=scale**2 * level) * scale**2,
        (p * q).defect(POINTS, level=level),
        rtol=1e-6,
        atol=1e-6,
    )


@given(mixtures(), levels)
@settings(max_examples=25)
def test_one_expert_of_weight_one_has_no_defect(g: GaussianMixture, level: float) -> None:
    score = g.score(POINTS, level=level)
    size = np.sum(score**2, axis=1)
    assert np.all(np.abs(Composition((g,)).defect(POINTS, level=level)) <= 1e-14 * size)
    assert np.all((g**2).defect(POINTS, level=level) >= 0.99 * size)


@given(mixtures(1), mixtures(1), levels)
@settings(max_examples=25)
def test_experts_of_different_coordinates_have_no_defect(
    p: GaussianMixture, q: GaussianMixture, level: float
) -> None:
    """Over a background of independent coordinates, each expert changes one of them."""

    def joint(a: GaussianMixture, b: GaussianMixture) -> GaussianMixture:
        pairs = [(i, j) for i in range(a.components) for j in range(b.components)]
        return GaussianMixture(
            [a.weights[i] * b.weights[j] for i, j in pairs],
            [[a.means[i, 0], b.means[j, 0]] for i, j in pairs],
            [[a.variances[i, 0], b.variances[j, 0]] for i, j in pairs],
            normalised=False,
        )

    base = GaussianMixture([1.0], [0.0], [1.0])
    c = Composition.over([joint(p, base), joint(base, q)], joint(base, base))
    size = np.sum(c.score(POINTS, level=level) ** 2, axis=1) + 1.0
    assert np.all(np.abs(c.defect(POINTS, level=level)) <= 1e-9 * size * 100)


@given(mixtures(), levels)
@settings(max_examples=15)
def test_scores_are_finite_a_thousand_deviations_out(g: GaussianMixture, level: float) -> None:
    far = 1e3 * np.array([[1.0, 1.0], [-1.0, 0.5]])
    for value in (
        g.score(far, level=level),
        g.log_density(far),
        g.hessian(far),
        (g / g**2).score(far),
    ):
        assert np.isfinite(value).all()
