"""Regression and kernels on drawn concept graphs: symmetries, ends, times, and hostile numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from simtheory import ConceptGraph
from simtheory.analytic import emergence as em
from simtheory.analytic.emergence.regression import modes_of
from simtheory.tasks.emergence import CODES, Presence, Signed

T = np.array([0.0, 0.03, 0.4, 3.0, 50.0])

TWINS = ConceptGraph(
    [[0, 0, 0], [1, 1, 0], [0, 0, 1], [1, 1, 1]], mu=(0.3, 1.7, 0.9), weights=[0.1, 0.2, 0.3, 0.4]
)
"""Two concepts that are never apart: rounding alone shows the direction between them."""


@st.composite
def graphs(draw: st.DrawFn, code: str | None = None, hostile: bool = False) -> ConceptGraph:
    """Graphs of up to four concepts and three values; hostile ones have up to thirty concepts."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    n = draw(st.integers(1, 30 if hostile else 4))
    values = np.full(n, 2) if code or hostile else rng.integers(2, 4, n)
    rows = rng.integers(0, values, (draw(st.integers(1, 2 * n + 2)), n))
    train = np.unique(rows, axis=0)
    low, high = (-3.0, 3.0) if hostile else (-0.5, 0.5)
    weights = 10.0 ** rng.uniform(-6.0 if hostile else -1.0, 0.0, len(train))
    return ConceptGraph(
        rng.permutation(train),
        mu=10.0 ** rng.uniform(low, high, n),
        sigma=draw(st.sampled_from([0.0, 0.3])) * 10.0 ** rng.uniform(-1, 0, n),
        weights=weights / weights.sum(),
        values=values,
        code=CODES[code or draw(st.sampled_from(sorted(CODES)))],
    )


def affine(graph: ConceptGraph, bias: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return the second moment of the features, and the features of all classes."""
    data = np.column_stack([np.ones((len(graph.train), int(bias))), graph.centroids])
    spread = np.concatenate([np.zeros(int(bias)), graph.spread**2])
    moment = (data.T * graph.weights) @ data + np.diag(spread)
    codes = graph.encode(graph.classes)
    return moment, np.column_stack([np.ones((len(codes), int(bias))), codes])


@settings(max_examples=20)
@given(graphs(), st.booleans())
def test_the_outputs_are_those_of_a_matrix_exponential(graph: ConceptGraph, bias: bool) -> None:
    moment, features = affine(graph, bias)
    strength = graph.mu[graph.concepts]
    found = em.regression(graph, T, bias=bias)
    for t, outputs in zip(T, found, strict=True):
        exact = (features @ (np.eye(len(moment)) - expm(-moment * t)))[:, int(bias) :] / strength
        assert np.abs(outputs - exact).max() < 1e-9 * (1.0 + np.abs(exact).max())
    assert (found[0] == 0).all()


@settings(max_examples=20)
@given(graphs(), st.booleans())
@example(TWINS, True)
def test_a_class_is_never_learned_where_the_projection_is_on_the_wrong_side(
    graph: ConceptGraph, bias: bool
) -> None:
    moment, features = affine(graph, bias)
    ends = features @ (np.linalg.pinv(moment, rcond=1e-12, hermitian=True) @ moment)
    last = em.regression(graph, [1e60], bias=bias)[0] * graph.mu[graph.concepts]
    np.testing.assert_allclose(last, ends[:, int(bias) :], atol=1e-7 * (1.0 + graph.mu.max()))
    shares = graph.shares(ends[:, int(bias) :], graph.classes).min(axis=1)
    times = em.learning_times(graph, bias=bias)
    clear = np.abs(shares - 0.5) > 1e-7
    assert (np.isinf(times) == (shares <= 0.5))[clear].all()
    assert np.isinf(times)[np.abs(shares - 0.5) < 1e-13].all()


@settings(max_examples=20)
@given(graphs(), st.booleans())
def test_times_are_the_last_crossings(graph: ConceptGraph, bias: bool) -> None:
    times = em.learning_times(graph, bias=bias)
    learned = np.isfinite(times) & (times > 0)
    classes = graph.classes

    def worst(t: float, k: int) -> float:
        out = em.regression(graph, [t], classes=classes[k : k + 1], bias=bias)[0]
        return float(graph.shares(out * graph.mu[graph.concepts], classes[k : k + 1]).min())

    for k in np.flatnonzero(learned)[:6]:
        assert abs(worst(times[k], k) - 0.5) < 1e-9
        later = [worst(times[k] * factor, k) for factor in (1.01, 1.3, 4.0, 50.0)]
        assert min(later) > 0.5
    for k in np.flatnonzero(times == 0)[:4]:
        assert min(worst(t, k) for t in (1e-3, 0.1, 1.0, 10.0)) > 0.5 - 1e-12


@settings(max_examples=15)
@given(graphs(), st.integers(0, 2**31))
def test_permuting_concepts_permutes_everything(graph: ConceptGraph, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(graph.n)
    turned = replace(
        graph,
        train=graph.train[:, order],
        mu=graph.mu[order],
        sigma=graph.sigma[order],
        values=graph.values[order],
    )
    classes = graph.classes
    np.testing.assert_allclose(
        em.learning_times(turned, classes=classes[:, order]), em.learning_times(graph), rtol=1e-9
    )
    columns = np.concatenate([np.flatnonzero(graph.concepts == i) for i in order])
    np.testing.assert_allclose(
        em.kernel_regression(turned, 0.6, T, classes=classes[:, order]),
        em.kernel_regression(graph, 0.6, T)[..., columns],
        atol=1e-10,
    )
    assert turned.distance(classes[:, order]).tolist() == graph.distances.tolist()


@settings(max_examples=15)
@given(graphs("signed"), st.integers(0, 2**31))
def test_relabelling_values_leaves_the_signed_code_as_it_is(graph: ConceptGraph, seed: int) -> None:
    flipped = np.random.default_rng(seed).integers(0, 2, graph.n)
    other = replace(graph, train=graph.train ^ flipped)
    times = em.learning_times(other, classes=graph.classes ^ flipped)
    np.testing.assert_allclose(times, em.learning_times(graph), rtol=1e-8, atol=1e-12)


def test_relabelling_values_changes_the_presence_code() -> None:
    star = ConceptGraph.star(3)
    other = replace(star, train=1 - star.train)
    apart = em.learning_times(other, classes=1 - star.classes) - em.learning_times(star)
    assert np.abs(apart).max() > 1.0
    signed = [replace(one, code=Signed()) for one in (star, other)]
    same = em.learning_times(signed[1], classes=1 - star.classes) - em.learning_times(signed[0])
    assert np.abs(same).max() < 1e-12


@settings(max_examples=15)
@given(graphs(), st.floats(0.01, 0.99))
def test_a_class_in_two_parts_is_one_class(graph: ConceptGraph, share: float) -> None:
    features = np.column_stack([np.ones(len(graph.train)), graph.centroids])
    spread = np.concatenate([[0.0], graph.spread])
    whole = modes_of(features, graph.weights, spread, features, 1)
    parts = np.concatenate([graph.weights, [share * graph.weights[0]]])
    parts[0] *= 1.0 - share
    split = modes_of(np.concatenate([features, features[:1]]), parts, spread, features, 1)
    for t in T:
        one, two = ((m.inputs * -np.expm1(-m.rates * t)) @ m.outputs for m in (whole, split))
        np.testing.assert_allclose(two, one, atol=1e-9)


@settings(max_examples=15)
@given(graphs(), st.floats(0.01, 100.0))
def test_without_a_bias_times_scale_as_one_over_c(graph: ConceptGraph, c: float) -> None:
    scaled = replace(graph, mu=np.sqrt(c) * graph.mu, sigma=np.sqrt(c) * graph.sigma)
    np.testing.assert_allclose(
        c * em.learning_times(scaled, bias=False), em.learning_times(graph, bias=False), rtol=1e-8
    )


@settings(max_examples=12)
@given(graphs())
def test_descent_tends_to_the_flow_at_order_one(graph: ConceptGraph) -> None:
    moment, _ = affine(graph)
    lr = 0.01 / np.linalg.eigvalsh(moment)[-1]
    steps = np.array([0, 40, 160, 640])
    flow = em.regression(graph, steps * lr)
    errors = [
        np.abs(em.regression_descent(graph, m * steps, lr=lr / m) - flow).max() for m in (1, 2)
    ]
    assert errors[0] < 0.05 * (1.0 + np.abs(flow).max())
    still = np.abs(flow).max() < 1e-9  # no concept is on in any trained class
    assert still or 1.9 < errors[0] / errors[1] < 2.1


@settings(max_examples=20)
@given(graphs(hostile=True), st.booleans(), st.integers(0, 2**31))
def test_hostile_numbers_give_answers(graph: ConceptGraph, bias: bool, seed: int) -> None:
    """Frequencies over six decades, strengths over six, singular moments, up to thirty concepts."""
    asked = np.random.default_rng(seed).integers(0, 2, (7, graph.n))
    times = em.learning_times(graph, classes=asked, bias=bias)
    assert not np.isnan(times).any()
    assert (times >= 0).all()
    assert np.isfinite(em.regression(graph, [0.0, 1.0, 1e6, 1e30], classes=asked, bias=bias)).all()
    assert np.isfinite(em.kernel_regression(graph, 0.9, [0.0, 1.0, 1e30], classes=asked)).all()
    linear = np.arange(graph.n + 1.0) / graph.n  # singular where there are more classes than values
    for overlap in (0.9, linear):
        own = em.kernel_regression(graph, overlap, [1e30], classes=graph.train)[0]
        np.testing.assert_allclose(own, graph.centroids / graph.mu[graph.concepts], atol=1e-6)


@settings(max_examples=12)
@given(graphs("presence"), graphs("presence"), st.floats(0.05, 0.95))
def test_fine_tuning_starts_where_training_ended(
    first: ConceptGraph, second: ConceptGraph, rho: float
) -> None:
    if first.n != second.n:
        second = ConceptGraph(np.ones((1, first.n), dtype=int), code=Presence())
    before = em.kernel_regression(first, rho, [2.0])[0]
    after = em.kernel_regression(second, rho, [0.0, 1e9], start=before)
    np.testing.assert_allclose(after[0], before)
    places = [int("".join(map(str, one)), 2) for one in second.train]
    np.testing.assert_allclose(after[1][places], second.train, atol=1e-6)
