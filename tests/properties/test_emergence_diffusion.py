"""Linear diffusion and orthants on drawn graphs: symmetries, bounds, and what must not matter."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simtheory import ConceptGraph
from simtheory.analytic import emergence as em
from simtheory.analytic._shared import linear_sampling
from simtheory.noise import DDIM, CosineVP, Levels, clean_of, sample
from simtheory.tasks.emergence import Presence, Signed

PREDICTIONS = st.sampled_from(["x0", "v", "eps"])


@st.composite
def graphs(draw: st.DrawFn, code=None) -> ConceptGraph:
    """Graphs of two to four concepts, with rare classes, weak and strong concepts, and no or some spread."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(2, 4))
    train = np.unique(rng.integers(0, 2, (draw(st.integers(1, 2 * n)), n)), axis=0)
    weights = 10.0 ** rng.uniform(-draw(st.floats(0.0, 6.0)), 0.0, len(train))
    mu = 10.0 ** rng.uniform(-1, 1, n) * 10.0 ** draw(st.floats(-2.0, 2.0))
    sigma = mu * draw(st.sampled_from([0.0, 0.05, 0.3]))
    chosen = draw(st.sampled_from([Presence(), Signed()])) if code is None else code
    return ConceptGraph(train, mu=mu, sigma=sigma, weights=weights / weights.sum(), code=chosen)


TIMES = np.array([0.0, 0.03, 1.0, 40.0, 1e5])


@settings(max_examples=20)
@given(graphs(), PREDICTIONS, st.integers(0, 100))
def test_permuted_concepts_permute_everything(graph, prediction, seed) -> None:
    order = np.random.default_rng(seed).permutation(graph.n)
    turned = ConceptGraph(
        graph.train[:, order], mu=graph.mu[order], sigma=graph.sigma[order], weights=graph.weights,
        code=graph.code,
    )  # fmt: skip
    classes = graph.classes
    one = em.diffusion(graph, TIMES, classes=classes, prediction=prediction)
    other = em.diffusion(turned, TIMES, classes=classes[:, order], prediction=prediction)
    assert np.allclose(one.marginals[..., order], other.marginals, atol=1e-6)


@settings(max_examples=20)
@given(graphs(Signed()), PREDICTIONS)
def test_other_names_of_the_values_change_the_presence_code_alone(graph, prediction) -> None:
    kept = {"mu": graph.mu, "sigma": graph.sigma, "weights": graph.weights}
    flipped = ConceptGraph(1 - graph.train, **kept, code=Signed())
    one = em.diffusion(graph, TIMES, prediction=prediction)
    other = em.diffusion(flipped, TIMES, classes=1 - graph.classes, prediction=prediction)
    assert np.allclose(one.marginals, other.marginals, atol=1e-6)


def test_other_names_of_the_values_change_the_presence_code() -> None:
    star = ConceptGraph.star(3, sigma=0.15)
    flipped = ConceptGraph(1 - star.train, sigma=0.15)
    one = em.diffusion(star, [4.0], classes=[[1, 1, 1]]).joint
    assert abs(one - em.diffusion(flipped, [4.0], classes=[[0, 0, 0]]).joint).max() > 0.1


@settings(max_examples=20)
@given(graphs(), PREDICTIONS, st.floats(0.0, 4.0))
def test_bounds_hold_and_guidance_is_a_prompt(graph, prediction, guidance) -> None:
    found = em.diffusion(graph, TIMES, prediction=prediction, guidance=guidance)
    q = found.marginals
    assert np.all((q >= 0.0) & (q <= 1.0))
    low, high = em.frechet_bounds(q)
    slack = found.joint_error + 1e-9
    assert np.all((low - slack <= found.joint) & (found.joint <= high + slack))
    assert np.all(np.abs(found.gap) <= found.bound + slack)
    prompted = em.diffusion(
        graph, TIMES, prediction=prediction, prompts=np.full(graph.dim, 1.0 + guidance)
    )
    assert np.allclose(prompted.mean, found.mean, rtol=1e-12, atol=1e-12 * graph.mu.max())


@settings(max_examples=10)
@given(graphs(), PREDICTIONS, st.floats(0.01, 0.99))
def test_a_class_in_two_parts_is_one_class(graph, prediction, share) -> None:
    levels, root = Levels.of(CosineVP(), 5), np.sqrt(graph.weights)[:, None]
    whole = root * np.column_stack([np.ones(len(root)), graph.centroids])
    parts = np.concatenate([whole, np.sqrt(share) * whole[:1]])
    parts[0] *= np.sqrt(1.0 - share)
    one, two = (
        linear_sampling._flow(rows, graph.spread, levels, DDIM(5), prediction).in_units(graph.mu)
        for rows in (whole, parts)
    )
    for first, second in zip(one.maps(TIMES), two.maps(TIMES), strict=True):
        np.testing.assert_allclose(second, first, atol=1e-8 * np.abs(first).max())


@settings(max_examples=10)
@given(graphs(), PREDICTIONS, st.floats(0.1, 4.0))
def test_guidance_at_every_step_is_what_the_prompt_gives(graph, prediction, w) -> None:
    """Samples from the mean start, with (1 + w) f(class) − w f(none) in place of f(class)."""
    levels, m = Levels.of(CosineVP(), 5), graph.dim
    T = 3.0 / np.mean(np.square(graph.mu))
    rows = np.sqrt(graph.weights)[:, None] * np.column_stack(
        [np.ones(len(graph.train)), graph.centroids]
    )
    flow = linear_sampling._flow(rows, graph.spread, levels, DDIM(5), prediction)
    risen = -np.expm1(-flow.rates * T)
    weights = np.einsum("kj,kjf->kf", risen, flow.parts).reshape(5, m, 1 + 2 * m)
    places = {float(level.time): k for k, level in enumerate(levels)}
    asked = graph.encode(graph.classes)

    def guess(z, level):
        one, of_class, of_z = np.split(weights[places[float(level.time)]], [1, 1 + m], axis=1)
        plain = one[:, 0] + z @ of_z.T
        told = (1.0 + w) * (plain + asked @ of_class.T) - w * plain
        return clean_of(prediction, told, z, level)

    drawn = sample(DDIM(5), guess, np.zeros_like(asked), levels)
    found = em.diffusion(graph, [T], prediction=prediction, guidance=w, steps=5)
    scale = graph.mu * (1.0 + np.abs(drawn / graph.mu).max())
    assert np.abs((found.mean[0] - drawn) / scale).max() < 1e-8


@settings(max_examples=10)
@given(graphs(), PREDICTIONS)
def test_a_time_of_good_is_no_earlier_than_the_first_crossing(graph, prediction) -> None:
    grid = np.geomspace(1e-2, 1e4, 60)
    found = em.diffusion(graph, grid, prediction=prediction)
    times = found.times(0.6, of="product")
    above = found.product > 0.6
    first = np.where(above.any(axis=0), grid[above.argmax(axis=0)], np.inf)
    starts = em.diffusion(graph, [0.0], prediction=prediction).product[0] > 0.6
    before = np.concatenate([[0.0], grid])[above.argmax(axis=0)]
    reached = np.isfinite(times) & ~starts & above.any(axis=0)
    assert np.all(times[reached] >= before[reached] * (1 - 1e-9))
    last = grid[-1]
    never = np.isinf(times) & above[-1]
    later = found.at([1e3 * last]).product[0]
    assert np.all(later[never] < 1.0)
    assert np.all(first[np.isfinite(times) & (times < last)] < np.inf)


@settings(max_examples=25)
@given(st.integers(2, 6), st.integers(0, 2**32 - 1), st.floats(0.0, 3.0))
def test_orthants_lie_between_their_bounds(n, seed, mixed) -> None:
    rng = np.random.default_rng(seed)
    L = rng.normal(size=(3, n, n + 2)) + mixed * rng.normal(size=(3, 1, n + 2))
    C = L @ np.swapaxes(L, 1, 2)
    size = np.sqrt(np.diagonal(C, axis1=1, axis2=2))
    R, z = C / (size[:, :, None] * size[:, None, :]), rng.normal(size=(3, n))
    found = em.estimate_orthant(z, R, tolerance=1e-4)
    q = em.orthant(z[..., None], np.ones((1, 1)))
    low, high = em.frechet_bounds(q)
    assert np.all((low - found.error <= found.value) & (found.value <= high + found.error))
    gap = np.abs(found.value - q.prod(axis=1))
    assert np.all(gap <= em.product_bound(z, R) + found.error)
    order = rng.permutation(n)
    again = em.estimate_orthant(z[:, order], R[:, order[:, None], order], tolerance=1e-4)
    # of two estimates with errors of three standard errors each
    assert np.all(np.abs(again.value - found.value) <= 2 * (again.error + found.error))


@settings(max_examples=15)
@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_the_first_order_of_the_gap_is_its_slope(n, seed) -> None:
    rng = np.random.default_rng(seed)
    L = rng.normal(size=(n, n + 2))
    size = np.sqrt(np.diag(L @ L.T))
    off = L @ L.T / np.outer(size, size) - np.eye(n)
    z = rng.normal(size=n)
    product = em.orthant(z[:, None], np.ones((1, 1))).prod()

    def miss(scale: float) -> float:
        R = np.eye(n) + scale * off
        return float(em.orthant(z, R, tolerance=1e-9) - product - em.product_gap(z, R))

    assert abs(miss(0.02)) < 0.3 * abs(miss(0.04)) + 1e-8  # a quarter, and rounding
