"""Closed forms on concept graphs: their reference numbers, their limits, and the arguments they refuse."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import mpmath
import numpy as np
import pytest

import simtheory as st
from simtheory.analytic import emergence as em
from simtheory.errors import ArgumentError, RegimeError, ShapeError, TaskError
from simtheory.tasks import okawa2023
from simtheory.tasks.emergence import OneHot, Signed


def ladder(n: int) -> list[list[int]]:
    """Return one class for each number of concepts that are on, from 1 to n."""
    return [[1] * d + [0] * (n - d) for d in range(1, n + 1)]


def by_name(graph: st.ConceptGraph, values: np.ndarray) -> dict[str, float]:
    return {"".join(map(str, one)): value for one, value in zip(graph.classes, values, strict=True)}


STAR = {
    2: [1.284, 1.614],
    3: [1.865, 2.351, 3.920],
    4: [2.501, 3.107, 4.507, 8.823],
    5: [3.169, 3.857, 5.167, 8.243, 15.201],
    8: [5.240, 6.047, 7.226, 9.091, 12.377, 18.789, 29.849, 42.559],
}


@pytest.mark.parametrize("n", STAR)
def test_times_on_the_star(n: int) -> None:
    graph = st.ConceptGraph.star(n)
    times = em.learning_times(graph, classes=ladder(n))
    np.testing.assert_allclose(times, STAR[n], atol=6e-4)
    assert em.learning_times(graph, classes=[[0] * n]).tolist() == [0.0]
    for d, time in enumerate(times, 1):
        assert em.star(n, d, [time]).on[0] == pytest.approx(0.5, abs=1e-12)
    blind = em.learning_times(graph, classes=ladder(n), bias=False)
    np.testing.assert_allclose(blind, em.time_without_bias(n), rtol=1e-12)
    assert times[-1] / times[0] > 1.25 > blind[-1] / blind[0]  # the bias is what orders them


def test_no_off_concept_reaches_one_half_on_the_star() -> None:
    t = np.geomspace(0.01, 500, 20_000)
    tops = [max(em.star(n, d, t).off.max() for d in range(n)) for n in (2, 3, 4, 5)]
    np.testing.assert_allclose(tops, [0.219, 0.181, 0.154, 0.134], atol=6e-4)


def test_the_slow_mode_gives_the_last_time() -> None:
    found = [em.farthest_time(n) for n in (8, 12, 20)]
    np.testing.assert_allclose(found, [42.56, 98.37, 276.49], atol=6e-3)
    assert em.farthest_time(3) == pytest.approx(3.78, abs=5e-3)
    for n, share in ((4, 0.677), (5, 0.724), (6, 0.758)):  # T = ln(2c)/λ
        p = 1 / (n + 1)
        slow = 0.5 * (1 + p - np.sqrt((1 - p) ** 2 + 4 * p**2 * n))
        assert 0.5 * np.exp(slow * em.farthest_time(n)) == pytest.approx(share, abs=6e-4)
    for n in (4, 6, 12):
        exact = em.learning_times(st.ConceptGraph.star(n), classes=[[1] * n])[0]
        assert em.farthest_time(n) == pytest.approx(exact, abs=1e-3)
    first = em.learning_times(st.ConceptGraph.star(20), classes=ladder(20)[:1])[0]
    assert first / 21 == pytest.approx(0.646, abs=6e-4)
    assert em.farthest_time(20) / 21**2 == pytest.approx(0.627, abs=6e-4)
    assert em.farthest_time(10**6) / (10**6 + 1) ** 2 == pytest.approx(np.log(2), rel=1e-5)
    assert em.time_without_bias(3) == pytest.approx(2.773, abs=5e-4)


def test_exchangeable_splits_and_the_criterion() -> None:
    graph = st.ConceptGraph.ball(4, 2)
    times = em.learning_times(graph, classes=ladder(4))
    np.testing.assert_allclose(times, [1.254, 1.148, 1.037, 0.930], atol=6e-4)
    assert times[3] / times[0] == pytest.approx(0.742, abs=6e-4)  # reversed
    star = em.order_criterion(3, [1.8646], a=1 / 4, b=0.0)
    np.testing.assert_allclose([star.even[0], star.odd[0]], [0.231, 0.373], atol=6e-4)
    ball = em.order_criterion(4, times[:1], a=4 / 11, b=1 / 11)
    np.testing.assert_allclose([ball.even[0], ball.odd[0]], [0.377, 0.290], atol=6e-4)
    assert (star.ordered[0], ball.ordered[0]) == (True, False)


@pytest.mark.parametrize(("n", "radius"), [(3, 1), (4, 2), (5, 1), (5, 3), (8, 2), (8, 3), (6, 6)])
@pytest.mark.parametrize("sigma", [0.0, 0.3, 0.5])
def test_n_plus_one_classes_stand_for_all(n: int, radius: int, sigma: float) -> None:
    graph = st.ConceptGraph.ball(n, radius, sigma=sigma)
    a, b = graph.train[:, 0].mean(), (graph.train[:, 0] * graph.train[:, 1]).mean()
    t = np.linspace(0.0, 20.0, 41)
    whole = em.regression(graph, t, classes=[[0] * n, *ladder(n)])
    for d in range(n + 1):
        closed = em.exchangeable(n, d, t, a=a, b=b, sigma=sigma)
        assert d == 0 or np.abs(closed.on - whole[:, d, 0]).max() < 2e-14
        assert d == n or np.abs(closed.off - whole[:, d, -1]).max() < 2e-14
        parts = em.order_criterion(n, t, a=a, b=b, sigma=sigma)
        if 0 < d < n:
            more = em.exchangeable(n, d + 1, t, a=a, b=b, sigma=sigma).on
            np.testing.assert_allclose(more - closed.on, (parts.even - parts.odd) / n, atol=1e-14)
    wrong = em.exchangeable(n, 1, t, a=a, b=0.5 * (a + b), sigma=sigma).on
    assert n == radius or np.abs(wrong - whole[:, 1, 0]).max() > 1e-3


def test_thirty_concepts() -> None:
    closed = em.exchangeable(30, 30, [400.0, 700.0], a=1 / 31, b=0.0)
    assert closed.on[0] < 0.5 < closed.on[1]
    graph = st.ConceptGraph.ball(30, 2)
    assert np.isfinite(em.learning_times(graph, classes=ladder(30))).all()
    with pytest.raises(TaskError, match="pass `classes=`"):
        em.learning_times(graph)


def test_other_splits_strengths_and_frequencies() -> None:
    split = okawa2023.adversarial_split()
    found = by_name(split, em.learning_times(split))
    wanted = {"110": 0.668, "100": 0.920, "010": 0.920, "111": 0.920, "011": 2.096, "101": 2.096}
    assert found["001"] == pytest.approx(10.134, abs=6e-4)
    assert {k: found[k] for k in wanted} == pytest.approx(wanted, abs=6e-4)
    uneven = okawa2023.main_split(mu=(1.0, 2.0, 0.7))
    found = by_name(uneven, em.learning_times(uneven))
    wanted = {
        "010": 0.582, "100": 1.819, "001": 3.050, "110": 3.500, "101": 6.905, "011": 8.849,
        "111": 18.662,
    }  # fmt: skip
    assert {k: found[k] for k in wanted} == pytest.approx(wanted, abs=6e-4)


RARE = {
    1.0: (1.865, 2.351, 3.920, 2.351),
    0.3: (6.32, 8.40, 11.58, 1.84),
    0.1: (19.68, 23.2, 26.85, 1.69),
    0.03: (68.6, 72.1, 75.4, 1.64),
    0.01: (207.6, 210.7, 213.8, 1.62),
}


def test_a_thinned_class_delays_all_that_need_it() -> None:
    for f, wanted in RARE.items():
        graph = okawa2023.frequency_split(f, "colour")
        classes = [[0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 1, 0]]
        np.testing.assert_allclose(em.learning_times(graph, classes=classes), wanted, rtol=2e-3)
    slopes = em.frequency_slope([0.0766, 1e-6], sigma=0.3)
    np.testing.assert_allclose(slopes, [-0.46, -1.1e-5], atol=5e-4)
    rare = [
        em.learning_times(okawa2023.frequency_split(f), classes=[[0, 0, 1]])[0]
        for f in (1e-3, 1e-4)
    ]
    assert np.log(rare[1] / rare[0]) / np.log(0.1) == pytest.approx(-1.0, abs=0.01)


def test_code_bias_and_split_decide_the_order() -> None:
    signed = st.ConceptGraph.star(8, code=Signed())
    times = em.learning_times(signed, classes=ladder(8))
    np.testing.assert_allclose(times, [1.27, 1.02, 0.70, 0.23, 0, 0.43, 0.73, 0], atol=6e-3)
    assert em.learning_times(st.ConceptGraph.star(3, code=Signed())).tolist() == [0.0] * 8
    words = em.learning_times(st.ConceptGraph.star(3, code=OneHot()), classes=ladder(3))
    assert (np.diff(words) > 0).all()


def test_descent_in_steps_tends_to_the_flow() -> None:
    steps = np.arange(0, 20_001)
    graph, asked = okawa2023.main_split(), [[1, 1, 1]]
    gap = np.abs(
        em.regression_descent(graph, steps, lr=1e-3, classes=asked)
        - em.regression(graph, steps * 1e-3, classes=asked)
    ).max()
    assert gap == pytest.approx(8.7e-5, rel=5e-3)
    half = np.abs(
        em.regression_descent(graph, 2 * steps, lr=5e-4, classes=asked)
        - em.regression(graph, steps * 1e-3, classes=asked)
    ).max()
    assert gap / half == pytest.approx(2.0, rel=1e-3)  # order 1 in the learning rate
    weights = np.zeros((3, 4))  # the net itself, step by step
    data = np.column_stack([np.ones(4), graph.centroids])
    for _ in range(7):
        weights -= 1.2 * (weights @ data.T - graph.centroids.T) * graph.weights @ data
    np.testing.assert_allclose(
        em.regression_descent(graph, [7], lr=1.2)[0],
        np.column_stack([np.ones(8), graph.classes]) @ weights.T,
        atol=1e-14,
    )
    with pytest.raises(RegimeError, match=r"below 2/λ = 1\.6\d* of the fastest mode"):
        em.regression_descent(graph, [7], lr=1.7)


def test_a_class_that_is_never_learned() -> None:
    """Concept 2 is not shown: its output never leaves 0."""
    graph = st.ConceptGraph([[0, 0], [1, 0]])
    assert em.learning_times(graph).tolist()[1::2] == [np.inf, np.inf]
    assert (em.regression(graph, [1e9])[0, :, 1] == 0).all()
    bound = st.ConceptGraph(
        [[0, 0], [1, 1]]
    )  # both concepts always together: 01 and 10 end at one half
    assert em.learning_times(bound)[1:3].tolist() == [np.inf, np.inf]


def test_weak_concepts_beside_strong_ones_keep_their_digits() -> None:
    """Times of rates that are 1e-11 of the largest, and a limit that lies exactly on the level."""
    graph = st.ConceptGraph(
        [[0, 0, 0], [0, 1, 0], [1, 1, 0]],
        mu=(138.0, 0.227, 346.0),
        sigma=(15.4, 0.0, 15.8),
        weights=[7e-6, 1.0 - 1.32e-4, 1.25e-4],
        code=OneHot(),
    )
    modes = []
    with mpmath.workdps(50):
        features = mpmath.matrix(graph.centroids.tolist())
        A = mpmath.matrix(graph.dim)
        for k, p in enumerate(graph.weights):
            A += mpmath.mpf(float(p)) * features[k, :].T * features[k, :]
        for i, s in enumerate(graph.spread):
            A[i, i] += mpmath.mpf(float(s)) ** 2
        rates, axes = mpmath.eigsy(A)
        code = mpmath.matrix(graph.encode([[1, 0, 1]]).tolist())
        walls = graph.boundaries([[1, 0, 1]])
        for normal, offset in zip(walls.normals[0], walls.offsets[0], strict=True):
            told = mpmath.matrix([normal.tolist()])
            parts = [(code * axes[:, j])[0] * (told * axes[:, j])[0] for j in range(graph.dim)]
            modes.append((offset, parts))

        def share(t: mpmath.mpf) -> mpmath.mpf:
            return min(
                mpmath.mpf(float(offset))
                - sum(c * mpmath.expm1(-rates[j] * t) for j, c in enumerate(parts))
                for offset, parts in modes
            )

        found = em.learning_times(graph, classes=[[1, 0, 1]], bias=False)[0]
        slopes = [share(mpmath.mpf(found) * (1 + sign * mpmath.mpf("2e-11"))) for sign in (-1, 1)]
        assert slopes[0] < 0.5 < slopes[1]
    unseen = st.ConceptGraph(
        [[1, 1], [1, 0]], mu=(2.774e-3, 331.7), sigma=(0.0, 184.0), weights=[0.0094, 0.9906],
        code=OneHot(),
    )  # fmt: skip
    assert np.isinf(em.learning_times(unseen, classes=[[0, 0], [0, 1]], bias=False)).all()


def test_the_last_crossing_counts() -> None:
    """A class that is right early, wrong in the middle, and right in the end."""
    rng, again = np.random.default_rng(1), 0
    for _ in range(12):
        graph = st.ConceptGraph(
            [[0, 0, 0], [1, 0, 0], [0, 1, 1], [1, 1, 0]],
            mu=np.exp(rng.normal(size=3)),
            weights=rng.dirichlet(np.ones(4)),
        )
        t = np.concatenate([[0.0], np.geomspace(1e-3, 1e6, 4000)])
        shares = graph.shares(em.regression(graph, t) * graph.mu, graph.classes).min(axis=2)
        right = shares > 0.5
        for k, time in enumerate(em.learning_times(graph)):
            after = right[t > time * (1 + 1e-9), k]
            assert after.all() or time > 1e5
            before = t[t < time * (1 - 1e-9)]
            assert not before.size or not right[before.size - 1, k] or before[-1] < 0.99 * time
            again += int((np.diff(right[1:, k].astype(int)) == 1).sum() > 1)
    assert again > 2  # some classes do cross more than once


def test_the_best_class_to_add() -> None:
    split = okawa2023.adversarial_split()
    found = em.best_addition(split, (0, 0, 1), weight=0.1)
    assert found.best == (0, 0, 1)
    assert found.before == pytest.approx(10.134, abs=6e-4)
    assert found.names[0] == "circle, large, blue"
    by_hand = st.ConceptGraph(
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1], [0, 1, 1]],
        weights=[0.225, 0.225, 0.225, 0.225, 0.1],
    )
    time = em.learning_times(by_hand, classes=[[0, 0, 1]])[0]
    at = found.classes.tolist().index([0, 1, 1])
    assert found.times[at] == pytest.approx(time, rel=1e-12)
    assert (np.diff(found.times) >= 0).all()
    assert found.times[-1] > found.before  # some additions delay the target
    assert str(found).splitlines()[1].split() == ["circle,", "large,", "blue", "2.279"]
    assert "Without any the target is learned at 10.13" in str(found)
    assert "<td>2.279</td>" in found._repr_html_()
    assert set(found.to_dict()) >= {"classes", "times", "before", "names"}


def test_kernels_forget() -> None:
    ends = em.kernel_regression(st.ConceptGraph.star(4), 0.8, [1e7], classes=ladder(4))[0]
    np.testing.assert_allclose(ends[:, 0], [1.0, 0.8, 0.64, 0.512], atol=1e-10)
    np.testing.assert_allclose(ends[0, 1:], 0.0, atol=1e-10)
    np.testing.assert_allclose(
        [em.memorisation_leak(0.8, d) for d in (1, 2, 3, 4)], [1.0, 0.8, 0.64, 0.512], rtol=1e-12
    )
    np.testing.assert_allclose(
        [em.critical_overlap(d) for d in (2, 3, 4, 5)], [0.5, 0.7071, 0.7937, 0.8409], atol=6e-5
    )
    split = okawa2023.adversarial_split()
    ends = em.kernel_regression(split, 0.7, [1e7])[0]
    found = {"".join(map(str, one)): row for one, row in zip(split.classes, ends, strict=True)}
    np.testing.assert_allclose(found["001"], [0.200, 0.200, 0.392], atol=6e-4)
    np.testing.assert_allclose(found["011"], [0.286, 0.986, 0.560], atol=6e-4)
    np.testing.assert_allclose(found["110"], [0.846, 0.846, 0.286], atol=6e-4)
    learned = (split.shares(ends, split.classes) > 0.5).all(axis=1)
    assert by_name(split, learned)["001"] == 0  # never, where affine regression takes 10.134

    tuned = st.ConceptGraph([[1, 1, 0]])
    after = em.kernel_regression(tuned, 0.7, [0.0, 60.0], start=ends)
    np.testing.assert_allclose(after[0], ends)
    kept = (split.shares(after[1], split.classes) > 0.5).all(axis=1)
    lost = by_name(split, learned & ~kept)
    assert [name for name, gone in lost.items() if gone] == ["011", "101"]
    for name, distance in (("011", 2), ("111", 1), ("001", 3)):
        place = int(name, 2)
        closed = em.fine_tuned(
            ends[place, 2], [60.0], rho=0.7, distance=distance, tuned=ends[6, 2], target=0.0
        )
        assert closed[0] == pytest.approx(after[1, place, 2], abs=1e-12)
    lost = em.fine_tuned(0.560, [60.0], rho=0.7, distance=2, tuned=0.286, target=0.0)
    assert lost[0] == pytest.approx(0.420, abs=6e-4)  # the colour of 011 falls below one half


def test_kernels_by_overlap_are_those_of_nets_linear_in_parameters() -> None:
    """Affine regression is the kernel 1 + overlap of the present concepts; here that of a signed code."""
    graph = okawa2023.main_split(code=Signed())
    t = np.linspace(0.0, 9.0, 10)
    kernel = 1.0 + np.array([-3.0, -1.0, 1.0, 3.0])  # 1 + the product of signed codes
    np.testing.assert_allclose(
        em.kernel_regression(graph, kernel, t), em.regression(graph, t), atol=1e-13
    )
    with pytest.raises(ArgumentError, match="positive semidefinite"):
        em.kernel_regression(graph, [5.0, 4.0, 3.0, 1.0], t)
    with pytest.raises(ShapeError, match="at 0 to 3 shared values"):
        em.kernel_regression(graph, [1.0, 2.0], t)
    with pytest.raises(ShapeError, match=r"must have shape \(8, 3\)"):
        em.kernel_regression(graph, 0.5, t, start=np.zeros((4, 3)))


def test_skills_by_chance() -> None:
    found = [em.acquisition_time(0.02, n, level=0.9) for n in (1, 2, 3, 4)]
    assert found == [114.0, 147.0, 167.0, 181.0]
    for n, steps in enumerate(found, 1):
        before, at = em.acquisition(0.02, n, [steps - 1, steps])
        assert before < 0.9 <= at
    rate = -np.log1p(-0.02)

    def time(n: int, level: float) -> float:
        return rate * em.acquisition_time(0.02, n, level=level, whole=False)

    widths = [time(n, 0.9) - time(n, 0.1) for n in (1, 2, 3, 4)]
    np.testing.assert_allclose(widths, [2.197, 2.590, 2.743, 2.823], atol=6e-4)
    ratios = [time(n, 0.9) / time(n, 0.1) for n in (1, 2, 3, 4)]
    np.testing.assert_allclose(ratios, [21.9, 7.81, 5.40, 4.42], rtol=3e-3)
    assert em.acquisition(0.02, 3, 0.0) == 0.0


def test_skills_of_falling_ranks() -> None:
    for alpha, error in ((1.0, 5e-5), (2.0, 1.4e-3)):
        t = np.array([1e2, 1e4])
        miss = 1.0 - em.zipf_skills(alpha, 1, t)
        assert np.abs(em.zipf_miss(alpha, t) / miss - 1.0).max() < error
    t = np.geomspace(10, 1e5, 801)

    def half(k: int) -> float:
        return float(np.exp(np.interp(0.5, em.zipf_skills(1.0, k, t), np.log(t))))

    assert np.log2(half(16) / half(8)) == pytest.approx(1.94, abs=6e-3)  # of (1 + α)/α = 2
    assert em.zipf_skills(1.0, 3, 0.0) == 0.0


def test_one_concept_by_itself() -> None:
    edges = em.critical_frequency([40.0, 20.0], w0=1e-3, mu=1.0, sigma=0.1)
    np.testing.assert_allclose(edges, [0.0763, 0.1627], atol=6e-5)
    assert em.half_times(1.0, w0=1e-3).tied == pytest.approx(3.4534, abs=6e-5)
    times = em.half_times(edges, mu=1.0, sigma=0.1, w0=1e-3)
    np.testing.assert_allclose(times.tied, [40.0, 20.0])
    assert em.frequency_width(40.0, mu=1.0) == pytest.approx(1 / 80)
    task = st.SIMTask(mu=(1.0, 2.0), sigma=0.1, weights=(0.2, 0.8))
    times = em.half_times([0.2, 0.8], mu=[1.0, 2.0], sigma=0.1, w0=0.01)
    run = st.analytic.tied.learning_times(task, 0.1 * np.eye(2))
    np.testing.assert_allclose(times.tied, run)
    slope = np.diff(np.log(em.half_times(0.5, mu=[1.0, 2.0]).one_layer)) / np.log(2)
    assert slope == pytest.approx(-2.0)


def test_tied_nets_swing_by_and_are_late() -> None:
    """The nonlinear counterpart of the dip: starts .02 [[1, c], [c, 1]] with c = 0, .5, .9."""
    task = st.SIMTask(mu=(1.0, 2.0), sigma=0.05, weights=(0.5, 0.5))
    t = np.linspace(0.0, 8.0, 8001)
    rises, half = [], []
    for c in (0.0, 0.5, 0.9):
        start = np.linalg.cholesky(0.02 * np.array([[1.0, c], [c, 1.0]]))
        run = st.sim.solve(st.sim.Tied(), task, start, t)
        left = np.einsum("tij,j->ti", run.weights, task.mu) - task.mu
        loss = 0.5 * np.square(left).sum(axis=1)
        turns = np.flatnonzero(np.diff(np.sign(np.diff(loss)))) + 1
        rises.append([(t[k], loss[k]) for k in turns])
        half.append(np.interp(0.5, run.weights[:, 0, 0], t))
    assert rises[0] == []
    np.testing.assert_allclose([x for _, x in rises[1]], [0.32374, 0.32382], atol=6e-6)
    np.testing.assert_allclose(rises[2], [(1.525, 0.2649), (3.012, 0.3540)], atol=1.1e-3)
    np.testing.assert_allclose([half[0], half[2]], [3.873, 5.471], atol=6e-4)


def test_prompts_that_ask_for_more() -> None:
    gains = [1.5, 2.5, 3.5, 4.5]
    logistic = em.prompt_window(gains, curve=em.Logistic(1.0))
    np.testing.assert_allclose(logistic, [0.69, 1.39, 1.79, 2.08], atol=6e-3)
    exponential = em.prompt_window(gains, curve=em.Exponential(2.0))
    np.testing.assert_allclose(2 * exponential, [0.288, 0.470, 0.539, 0.575], atol=6e-4)
    assert em.prompt_window(1.0, curve=em.Logistic(3.0)) == 0.0
    with pytest.raises(ArgumentError, match=r"at least 1, but it holds 0\.5"):
        em.prompt_window(0.5, curve=em.Logistic(1.0))


def test_captions_that_leave_words_out() -> None:
    shares = [0.0, 0.25, 0.5, 0.75, 0.9, 1.0]
    signed = em.masked_caption(shares, code=Signed())
    np.testing.assert_allclose(signed.colour, [1, 0.6, 0.33, 0.14, 0.05, 0], atol=4e-3)
    blind = em.masked_caption(shares, code=Signed(), bias=False)
    np.testing.assert_allclose(blind.colour, [1, 0.886, 0.793, 0.720, 0.685, 0.667], atol=6e-4)
    words = em.masked_caption([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 1.0], code=OneHot())
    rounded = [4.9, 6.1, 10.3, 24.6, 42, 88, 263.9]
    np.testing.assert_allclose(words.time[:-1], rounded, atol=0.06, rtol=3e-3)
    np.testing.assert_allclose(words.colour, [1, 1, 1, 1, 1, 1, 1, 0.25], atol=1e-12)
    assert words.time[-1] == np.inf
    assert words.time[3] / words.time[0] > 4.8  # a net that does not see the mask would have one
    assert "mask" in str(words)


def test_the_simulation_of_two_concepts() -> None:
    t = np.linspace(10.0, 25.0, 601)
    weak = em.park_ode(2.0, t)[:, 0]
    exact = np.interp(0.7, weak, t)
    assert exact == pytest.approx(15.3758, abs=6e-5)
    assert em.park_passing(2.0, level=0.7) == pytest.approx(exact, abs=4e-3)
    for a in (1.5, 2.0, 4.0):
        late = em.park_ode(a, [20.0, 25.0])
        exits = (1 - late[:, 1]) / (1 - late[:, 0])
        np.testing.assert_allclose(exits, 1 / a**2, rtol=1e-9)
    from scipy.integrate import solve_ivp

    def field(now: float, c: np.ndarray, a: float = 3.0) -> list[float]:
        alpha = 1 / (1 + np.exp(-0.1 * (now - 10)))
        return [
            3 * ((1 - c[0]) / (2 * a) + a / 2 * (alpha - c[0])),
            3 * (a / 2 * (1 - c[1]) + (alpha - c[1]) / (2 * a)),
        ]

    run = solve_ivp(
        field, (0, 25), [0.5, 0.5], method="DOP853", rtol=1e-12, atol=1e-13, t_eval=t[::50]
    )
    closed = em.park_ode(3.0, t[::50])
    assert np.abs(run.y.T - closed).max() < 2e-11
    assert np.abs(run.y.T - 0.5).max() > 0.1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: em.regression(okawa2023.main_split(), [-1.0]), ArgumentError, "non-negative times"),
        (lambda: em.regression(okawa2023.main_split(), [2.0, 1.0]), ArgumentError, "increase strictly"),
        (lambda: em.regression(okawa2023.main_split(), [np.nan]), ArgumentError, "must be finite"),
        (lambda: em.learning_times(okawa2023.main_split(), level=1.0), ArgumentError, "lie in (0, 1)"),
        (lambda: em.learning_times(okawa2023.main_split(), classes=[[0, 0, 2]]), TaskError, "row 0 holds 2"),
        (lambda: em.star(3, 4, [1.0]), ArgumentError, "at most `n` = 3"),
        (lambda: em.exchangeable(3, 1, [1.0], a=0.2, b=0.3), ArgumentError, "b ≤ a"),
        (lambda: em.exchangeable(9, 1, [1.0], a=0.5, b=0.0), ArgumentError, "n a² ≤ a + (n - 1)b"),
        (lambda: em.farthest_time(1), ArgumentError, "at least 2"),
        (lambda: em.critical_overlap(1), ArgumentError, "at least 2"),
        (lambda: em.half_times(0.1, w0=0.5), ArgumentError, "below ½"),
        (lambda: em.park_ode(0.5, [1.0]), ArgumentError, "between 1 and 1e6"),
        (lambda: em.park_passing(2.0, level=0.1), ArgumentError, "above 1/(1 + a²) = 0.2"),
        (lambda: em.best_addition(okawa2023.main_split(), [[0, 0, 1]], weight=0.1), ShapeError, "one class"),
        (lambda: em.regression_descent(okawa2023.main_split(), [0.5], lr=0.1), ArgumentError, "whole numbers"),
    ],
)  # fmt: skip
def test_wrong_arguments(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_extreme_numbers_give_no_nan_and_no_warning() -> None:
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in (1, 3, 12, 30):
            train = np.unique(rng.integers(0, 2, (2 * n, n)), axis=0)
            weights = 10.0 ** rng.uniform(-6, 0, len(train))
            graph = st.ConceptGraph(
                train, mu=10.0 ** rng.uniform(-3, 3, n), weights=weights / weights.sum()
            )
            asked = rng.integers(0, 2, (9, n))
            times = em.learning_times(graph, classes=asked)
            assert not np.isnan(times).any()
            assert np.isfinite(em.regression(graph, [0.0, 1.0, 1e30], classes=asked)).all()
        for mu in (1e-70, 1e70, (1e-70, 1e70)):
            graph = st.ConceptGraph([[0, 1], [1, 0]], mu=mu, sigma=1e-70)
            assert not np.isnan(em.learning_times(graph)).any()
            assert np.isfinite(em.regression(graph, [0.0, 1.0, 1e300])).all()
            assert np.isfinite(em.diffusion(graph, [0.0, 1.0]).joint).all()
