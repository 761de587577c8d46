"""Linear diffusion of concept graphs: the numbers of the theory sheet, and other roads to the same."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.special import ndtr

from simtheory import ConceptGraph
from simtheory.analytic import emergence as em
from simtheory.analytic._shared import linear_sampling
from simtheory.errors import ArgumentError, ShapeError, TaskError
from simtheory.noise import DDIM, DDPM, VE, CosineVP, Levels, sample
from simtheory.tasks import okawa2023, park2024
from simtheory.tasks.emergence import OneHot, Signed
from tests.statements.cases.emergence.diffusion import law

STAR = ConceptGraph.star(3, sigma=0.15)
ASKED = [[0, 0, 1], [0, 1, 1], [1, 1, 1]]


def test_the_main_split() -> None:
    found = em.diffusion(STAR, [2.0, 4.0, 8.0, 16.0], classes=ASKED)
    table = [
        [0.745, 0.227, 0.005],
        [0.976, 0.728, 0.108],
        [0.997, 0.934, 0.490],
        [0.999, 0.991, 0.925],
    ]
    assert np.allclose(found.joint, table, atol=5e-4)
    assert np.allclose(found.times(0.5), [1.5939, 2.7536, 8.1036], atol=5e-5)
    assert np.allclose(found.times(), [2.63, 6.71, 14.87], atol=5e-3)
    assert found.joint.shape == found.joint_error.shape == (4, 3)
    assert found.joint_error.max() <= 1e-10
    assert found.marginals.shape == (4, 3, 3)
    assert np.allclose(
        em.diffusion(okawa2023.main_split(sigma=0.15), [8.0], classes=ASKED).joint,
        table[2],
        atol=5e-4,
    )


def test_many_graphs_at_once_give_the_times_of_each() -> None:
    rng = np.random.default_rng(3)
    splits = [STAR.train, [[0, 0, 0], [1, 1, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1]]]
    graphs = [
        ConceptGraph(
            split,
            mu=rng.uniform(0.5, 1.5, 3),
            sigma=rng.uniform(0.1, 0.3, 3),
            weights=rng.dirichlet(np.full(len(split), 3.0)),
            code=Signed(),
        )
        for split in splits * 3
    ]
    for of in ("joint", "product", "marginals"):
        one = [em.diffusion(g, [1.0], prediction="v").times(0.9, of) for g in graphs]
        many = em.diffusion_times(graphs, of=of, prediction="v")
        np.testing.assert_allclose(many, np.stack(one), rtol=1e-9)
        alike = np.broadcast_to(one[0], many.shape)
        assert not np.allclose(many, alike, rtol=0.1)  # graphs do differ
    walks = em.diffusion_times(graphs[:1], classes=ASKED, sampler=DDPM(7))
    alone = em.diffusion(graphs[0], [1.0], classes=ASKED, sampler=DDPM(7)).times()
    np.testing.assert_allclose(walks[0], alone, rtol=1e-9)


def test_graphs_that_do_not_go_together_are_named() -> None:
    with pytest.raises(ArgumentError, match="graph 1 has"):
        em.diffusion_times([STAR, ConceptGraph.star(2)])
    with pytest.raises(ArgumentError, match="graph 1 has"):
        em.diffusion_times([STAR, ConceptGraph.star(3, code=Signed())])
    with pytest.raises(ArgumentError, match="at least one"):
        em.diffusion_times([])


def test_joint_product_and_minimum() -> None:
    found = em.diffusion(STAR, np.geomspace(0.1, 100, 150), classes=ASKED)
    assert np.allclose(np.abs(found.gap).max(axis=0), [0.0002, 0.036, 0.076], atol=6e-4)
    above = (found.marginals.min(axis=-1) - found.joint).max(axis=0)
    assert np.allclose(above, [0.001, 0.285, 0.46], atol=2e-3)
    assert np.all(np.abs(found.gap) <= found.bound + 1e-12)
    R = found.asked.walls.correlations(found.covariance)
    first = em.product_gap(found.limits, R)
    deepest = found.gap.argmin(axis=0)
    k = np.arange(3)
    assert np.allclose(first[deepest, k][1:], [-0.0353, -0.0713], atol=3e-4)
    assert np.allclose(found.gap[deepest, k][1:], [-0.0356, -0.0757], atol=2e-4)
    rms = np.sqrt(np.mean((first - found.gap) ** 2, axis=0) / np.mean(found.gap**2, axis=0))
    assert np.all(rms[1:] < 0.08)  # the sheet says 6 %
    low, high = em.frechet_bounds(found.marginals)
    assert np.all((low - 1e-9 <= found.joint) & (found.joint <= high + 1e-9))


@pytest.mark.parametrize(
    ("code", "prediction", "bias", "times"),
    [
        ("presence", "x0", True, [2.63, 6.71, 14.87]),
        ("presence", "v", True, [16.9, 25.7, 36.5]),
        ("presence", "eps", True, [18.0, 26.7, 37.6]),
        ("presence", "x0", False, [3.73, 4.43, 4.88]),
        ("presence", "v", False, [17.6, 19.6, 21.2]),
        ("signed", "x0", True, [0.124, 0.219, 0.863]),
        ("signed", "v", True, [3.94, 5.63, 8.29]),
        ("signed", "eps", True, [5.27, 6.77, 9.34]),
        ("signed", "x0", False, [0.083] * 3),
        ("signed", "v", False, [4.23] * 3),
        ("signed", "eps", False, [5.51] * 3),
    ],
)
def test_code_prediction_and_bias_decide_the_order(code, prediction, bias, times) -> None:
    graph = STAR if code == "presence" else ConceptGraph.star(3, sigma=0.15, code=Signed())
    found = em.diffusion(graph, [1.0], classes=ASKED, prediction=prediction, bias=bias).times()
    assert np.allclose(found, times, rtol=4e-3)
    if code == "signed" and not bias:
        assert np.ptp(found) < 1e-9 * found[0]


def test_four_signed_concepts_turn_the_order_of_clean_data_around() -> None:
    graph = ConceptGraph.star(4, sigma=0.15, code=Signed())
    asked = [[1] * d + [0] * (4 - d) for d in (1, 2, 3, 4)]

    def times(prediction: str) -> np.ndarray:
        return em.diffusion(graph, [1.0], classes=asked, prediction=prediction).times()

    assert np.allclose(times("x0"), [0.545, 0.469, 0.218, 0.098], atol=1e-3)
    assert all((np.diff(times(prediction)) > 0.5).all() for prediction in ("v", "eps"))


def test_a_rare_class() -> None:
    f = [1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01]
    found = em.frequency_times(STAR, [0, 0, 1], f, classes=[[0, 0, 1], [1, 1, 1]])
    assert np.allclose(found[:, 0], [2.63, 5.15, 12.94, 27.36, 58.1, 158, 326.6], rtol=2e-3)
    assert np.allclose(found[:, 1], [14.87, 14.93, 21.3, 35.0, 65.2, 164.6, 333], rtol=2e-3)
    slopes = np.diff(np.log(found[:, 0])) / np.diff(np.log(f))
    assert np.all((slopes[1:] > -1.2) & (slopes[1:] < -1.0))
    both = em.frequency_times(STAR, [0, 0, 1], [0.01], classes=[[0, 1, 1]])[0, 0]
    assert both / em.frequency_times(STAR, [0, 1, 0], [0.01], classes=[[0, 1, 0]])[0, 0] < 1.02
    with pytest.raises(ArgumentError, match="`rare` must be a trained class"):
        em.frequency_times(STAR, [1, 1, 1], [0.5])


@pytest.mark.parametrize(
    ("weak", "trained", "times"),
    [
        (0.2, 223.5, [323.3, 134.9, 60.4, 37.4]),
        (0.3, 59.3, [109.0, 47.3, 20.6, 13.3]),
        (0.4, 20.0, [52.3, 22.6, 11.6, 16.5]),
        (0.6, 5.88, [19.1, 10.5, 16.7, 22.0]),
        (0.8, 2.89, [10.4, 11.8, 17.5, 21.8]),
    ],
)
def test_strong_prompts_of_weak_and_strong_concepts(weak, trained, times) -> None:
    graph = park2024.two_concepts(weak)
    assert np.allclose(graph.sigma, 0.05)
    window = em.overprompt_window(graph, [1, 1], 0)
    assert np.allclose([window.plain, *window.times], times, rtol=5e-3)
    assert window.ratio == pytest.approx(max(times[0] / min(times), 1.0), rel=5e-3)
    shown = em.diffusion(graph, [1.0], classes=[[1, 0]]).times(of="product")
    assert shown[0] == pytest.approx(trained, rel=5e-3)


def test_a_weak_concept_dips() -> None:
    graph = park2024.two_concepts(0.3)
    found = em.diffusion(graph, [1.0, 2.0, 3.0, 8.0, 12.0, 40.0, 200.0], classes=[[1, 1]])
    weak, strong = (found.mean[:, 0] / graph.mu).T
    assert np.allclose(weak, [0.21, 0.26, 0.26, 0.226, 0.24, 0.49, 0.92], atol=6e-3)
    assert np.allclose(strong, [0.38, 0.54, 0.63, 0.80, 0.86, 0.94, 0.99], atol=6e-3)
    dip = em.memorisation_dip(graph, [1, 1], 0)
    assert dip.exists
    assert dip.top_time == pytest.approx(2.50, abs=5e-3)
    assert dip.top == pytest.approx(0.2610, abs=5e-5)
    assert dip.bottom_time == pytest.approx(8.13, abs=5e-3)
    assert dip.bottom == pytest.approx(0.2258, abs=5e-5)
    assert not em.memorisation_dip(graph, [1, 1], 1).exists
    assert not em.memorisation_dip(graph, [1, 0], 0).exists
    path = found.trajectory()
    assert path.outputs.shape == (7, 1, 2)
    assert path.label == "linear-diffusion"


def test_a_prediction_prints_accuracies() -> None:
    graph = okawa2023.main_split(sigma=0.15)
    found = em.diffusion(graph, np.linspace(1.0, 8.0, 41))
    rows = [line.split("  ") for line in str(found).splitlines()]
    (last,) = [row for row in rows if row[0] == "triangle, small, blue"]
    assert last[-1].strip() == "0.490"  # joint, at t = 8; the product is above it
    assert "37 more times" in str(found)
    assert "<td>0.490</td>" in found._repr_html_()
    many = em.diffusion(ConceptGraph.star(7, sigma=0.15), [1.0, 60.0])
    assert "Product of the concepts' accuracies, canonical times; 116 more classes." in str(many)
    assert max(map(len, str(found).splitlines() + str(many).splitlines())) <= 80


def test_guidance_is_a_stronger_prompt() -> None:
    for prediction in ("x0", "v", "eps"):
        guided = em.diffusion(STAR, [3.0], guidance=1.5, prediction=prediction)
        strong = em.diffusion(STAR, [3.0], prompts=np.full(3, 2.5), prediction=prediction)
        plain = em.diffusion(STAR, [3.0], prediction=prediction)
        assert np.allclose(guided.mean, strong.mean, rtol=1e-13)
        assert np.abs(guided.mean - plain.mean).max() > 0.1
        # by two runs of the sampler: their affine maps, for the class and for none
        none = em.diffusion(STAR, [3.0], prompts=np.zeros(3), prediction=prediction)
        assert np.allclose(guided.mean, 2.5 * plain.mean - 1.5 * none.mean, atol=1e-12)


def test_levels_that_are_trained_by_a_matrix_exponential() -> None:
    graph = ConceptGraph(
        [[0, 0], [1, 0], [0, 1]], mu=(0.4, 1.3), sigma=(0.1, 0.3), weights=[0.2, 0.3, 0.5]
    )
    found = em.diffusion(graph, [0.7, 9.0], classes=[[1, 1]])
    for k, T in enumerate(found.t):
        mean, C = law(graph, float(T), graph.mu)
        assert np.allclose(found.mean[k, 0], mean, atol=1e-11)
        assert np.allclose(found.covariance[k], C, atol=1e-11)
    assert np.abs(found.mean[0] - found.mean[1]).max() > 0.1  # what does nothing fails


@pytest.mark.parametrize("sampler", [DDIM(7), DDPM(7), DDPM(7, variance="beta")])
@pytest.mark.parametrize("schedule", [CosineVP(), VE(0.05, 5.0)])
def test_the_samplers_of_nets_give_the_same_law(sampler, schedule) -> None:
    """The trained weights go through `noise.sample`, with draws of its noise."""
    graph = ConceptGraph([[0, 0], [1, 0], [0, 1]], sigma=0.2)
    found = em.diffusion(graph, [5.0], classes=[[1, 1]], sampler=sampler, schedule=schedule)
    levels = Levels.of(schedule, sampler.steps)
    flow = linear_sampling.flow_of(graph, levels, sampler, "x0", True)
    flow = flow if isinstance(flow, linear_sampling.Flow) else _general(graph, levels, sampler)
    risen = -np.expm1(-flow.rates * 5.0)
    weights = np.einsum("kj,kjf->kf", risen, flow.parts).reshape(-1, 2, 5)
    places = {float(level.time): k for k, level in enumerate(levels)}

    def guess(z, level):
        W = weights[places[float(level.time)]]
        return z @ W[:, 3:].T + W[:, 0] + W[:, 1:3] @ graph.mu

    rng = np.random.default_rng(0)
    count = 40_000
    noise = rng.standard_normal((sampler.steps, count, 2))
    z = flow.start * rng.standard_normal((count, 2))
    drawn = sample(sampler, guess, z, levels, noise=noise if sampler.is_random else None)
    C = found.covariance[0]
    assert np.all(np.abs(drawn.mean(axis=0) - found.mean[0, 0]) < 5 * np.sqrt(np.diag(C) / count))
    assert np.allclose(np.cov(drawn.T), C, atol=6 * np.abs(C).max() / np.sqrt(count))


def _general(graph, levels, sampler):
    root = np.sqrt(graph.weights)[:, None]
    rows = np.concatenate([root, root * graph.centroids], axis=1)
    known = np.linalg.qr(rows, mode="r")
    return linear_sampling._flow(known, graph.spread, levels, sampler, "x0")


def test_a_graph_that_permutations_keep_splits_in_two() -> None:
    graph, levels = ConceptGraph.ball(5, 2, sigma=0.2), Levels.of(CosineVP(), 20)
    split = linear_sampling.flow_of(graph, levels, DDIM(20), "x0", True)
    assert isinstance(split, linear_sampling.Symmetric)
    t = np.array([0.3, 4.0, 60.0, np.inf])
    for one, other in zip(split.maps(t), _general(graph, levels, DDIM(20)).maps(t), strict=True):
        assert np.allclose(one, other, atol=1e-11)
    many = ConceptGraph.star(30, sigma=0.15)
    classes = np.tril(np.ones((31, 30), dtype=int), -1)
    found = em.diffusion(many, [30.0, 300.0], classes=classes)
    assert found.joint_error.max() <= 1e-10
    assert np.all(np.abs(found.gap) <= found.bound + 1e-10)
    assert np.all(np.isfinite(found.joint))
    with pytest.raises(TaskError, match=r"pass `classes=`"):
        em.diffusion(many, [1.0])


@pytest.mark.parametrize("code", [None, OneHot(), Signed()])
def test_more_values_are_counted_alike(code) -> None:
    """Accuracies are the shares of draws that `decode` reads as the class."""
    more = {} if code is None else {"code": code}
    train = [[0, 0], [1, 0], [2, 0], [0, 1]]
    graph = ConceptGraph(train, values=(3, 2), sigma=0.3, **more)
    found = em.diffusion(graph, [2.0, 20.0], classes=[[2, 1], [1, 0]])
    rng = np.random.default_rng(0)
    for k in range(2):
        for p in range(2):
            x = rng.multivariate_normal(found.mean[k, p], found.covariance[k], 40_000)
            right = graph.decode(x) == found.classes[p]
            assert np.allclose(right.mean(axis=0), found.marginals[k, p], atol=0.013)
            assert right.all(axis=1).mean() == pytest.approx(found.joint[k, p], abs=0.013)
    assert found.times(of="marginals").shape == (2, 2)


def test_times_are_of_good_and_may_be_never() -> None:
    hard = ConceptGraph.star(3, sigma=0.6)
    found = em.diffusion(hard, [1.0], classes=ASKED)
    assert np.all(np.isinf(found.times(0.9)))
    reached = found.times(0.3)
    assert np.all(np.isfinite(reached))
    late = found.at(np.unique(reached * 1.0000001))
    assert np.all(np.diagonal(late.joint[np.argsort(np.argsort(reached))]) > 0.3)
    assert np.all(found.times(1e-12) <= found.times(0.3))
    each = em.diffusion(STAR, [1.0], classes=ASKED).times(of="marginals")
    joint = em.diffusion(STAR, [1.0], classes=ASKED).times()
    assert np.all(each.max(axis=1) <= joint)


def test_times_of_six_concepts_end_near_the_error_of_their_accuracy() -> None:
    weights = np.linspace(1.0, 2.0, 7)
    graph = ConceptGraph.star(6, sigma=0.15, weights=weights / weights.sum())
    asked = [[1, 1, 0, 0, 0, 0], [1, 0, 1, 1, 0, 1], [1, 1, 1, 1, 1, 1]]
    for one in asked:
        found = em.diffusion(graph, [1.0], classes=[one])
        at = found.at(found.times(0.8))
        assert abs(at.joint[0, 0] - 0.8) <= max(0.2 * at.joint_error[0, 0], 1e-12)
        assert abs(at.product[0, 0] - at.joint[0, 0]) > 1e-3


def test_any_graph_gives_numbers() -> None:
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in (1, 2, 9, 30):
            train = np.unique(rng.integers(0, 2, (n + 2, n)), axis=0)
            weights = 10.0 ** rng.uniform(-6, 0, len(train))
            graph = ConceptGraph(
                train, mu=10.0 ** rng.uniform(-3, 3, n), sigma=0.0, weights=weights / weights.sum()
            )
            for prediction in ("x0", "v", "eps"):
                found = em.diffusion(
                    graph, [0.0, 1e-3, 1e6], classes=train[:2], prediction=prediction
                )
                assert np.all((found.marginals >= 0) & (found.marginals <= 1))
                assert np.all(np.isfinite(found.bound))


def test_wrong_arguments() -> None:
    with pytest.raises(ArgumentError, match="must not both be given"):
        em.diffusion(STAR, [1.0], steps=20, sampler=DDIM(20))
    with pytest.raises(ArgumentError, match="x0"):
        em.diffusion(STAR, [1.0], prediction="x")
    with pytest.raises(ShapeError, match="`prompts`"):
        em.diffusion(STAR, [1.0], prompts=[1.0, 1.0])
    with pytest.raises(ArgumentError, match="must increase strictly"):
        em.diffusion(STAR, [2.0, 1.0])
    with pytest.raises(ArgumentError, match="level"):
        em.diffusion(STAR, [1.0]).times(1.0)
    with pytest.raises(ArgumentError, match="joint"):
        em.diffusion(STAR, [1.0]).times(of="joints")


@pytest.mark.slow
def test_stochastic_gradient_descent_agrees() -> None:
    """Twenty levels, batch 64, learning rate .02, 400 steps: T = 8."""
    rng, lr, batch = np.random.default_rng(3), 0.02, 64
    levels = list(Levels.of(CosineVP(), 20))
    alpha, noise = (
        np.array([getattr(x, n) for x in levels[:-1]])[:, None, None] for n in ("alpha", "sigma")
    )
    W = np.zeros((20, 3, 7))
    for _ in range(400):
        rows = rng.integers(0, 4, (20, batch))
        c = STAR.centroids[rows]
        x = c + 0.15 * rng.standard_normal(c.shape)
        f = np.concatenate(
            [np.ones((20, batch, 1)), c, alpha * x + noise * rng.standard_normal(c.shape)], axis=2
        )
        miss = f @ np.swapaxes(W, 1, 2) - x
        W -= lr / batch * np.swapaxes(miss, 1, 2) @ f
    places = {float(level.time): k for k, level in enumerate(levels)}

    def guess(z, level):
        here = W[places[float(level.time)]]
        return z @ here[:, 4:].T + here[:, 0] + here[:, 1:4] @ np.ones(3)

    z = np.concatenate([np.zeros((1, 3)), np.eye(3)])
    end = sample(DDIM(20), guess, z, Levels.of(CosineVP(), 20))
    factor = (end[1:] - end[0]).T
    C = factor @ factor.T
    q = ndtr((end[0] - 0.5) / np.sqrt(np.diag(C)))
    found = em.diffusion(STAR, [8.0], classes=[[1, 1, 1]])
    assert np.allclose(q, found.marginals[0, 0], atol=0.06)
    early = em.diffusion(STAR, [2.0], classes=[[1, 1, 1]])
    assert np.abs(q - early.marginals[0, 0]).min() > 0.3
