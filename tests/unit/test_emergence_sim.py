"""Linear denoisers by SGD: the law of a step, its limits, the maps that sample; abilities gained by chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

import simtheory as st
from simtheory import sim
from simtheory.errors import ArgumentError, SolveError
from simtheory.noise import DDIM, CosineVP, Levels, clean_of, sample, target_of
from simtheory.tasks import ConceptGraph
from simtheory.tasks.emergence import OneHot, Signed
from simtheory.validation.emergence import judged

STAR = ConceptGraph.star(3, sigma=0.15)


def _features(graph: ConceptGraph, x: np.ndarray, rows: np.ndarray, z: np.ndarray) -> np.ndarray:
    one = np.ones((*x.shape[:-1], 1))
    return np.concatenate([one, graph.centroids[rows], z], axis=-1)


@pytest.mark.parametrize("prediction", ["x0", "v", "eps"])
@pytest.mark.parametrize(
    "graph", [STAR, ConceptGraph.star(2, sigma=(0.3, 0.1), mu=(2.0, 0.5), code=Signed())]
)
def test_first_step(graph, prediction):
    """A step of rate 1 from zero is B = E[y φᵀ] in the mean, at every level."""
    runs = 2000
    found = sim.emergence.descend(
        graph,
        steps=1,
        lr=1.0,
        batch=16,
        rng=1,
        prediction=prediction,
        runs=runs,
        levels=4,
        looks=[1],
    )
    levels, m = Levels.of(CosineVP(), 4), graph.dim
    for k, level in zip(range(4), levels, strict=False):
        phi = _features(
            graph, graph.centroids, np.arange(len(graph.train)), level.alpha * graph.centroids
        )
        mean = (
            target_of(prediction, graph.centroids, 0.0 * graph.centroids, level).T * graph.weights
        ) @ phi
        # of the spread and of the noise, which enter z and the target
        data, noise = {"x0": (1.0, 0.0), "eps": (0.0, 1.0), "v": (-level.sigma, level.alpha)}[
            prediction
        ]
        mean[:, -m:] += np.diag(level.alpha * data * graph.spread**2 + level.sigma * noise)
        values = found.weights[:, 0, k]
        error = values.std(axis=0) / np.sqrt(runs)
        assert (np.abs(values.mean(axis=0) - mean) <= 5.0 * error + 1e-12).all()
        assert (np.abs(mean) > 50.0 * error).any()  # zero would not pass


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_law_of_a_step(batch):
    """Two steps have the law of two steps on points that are drawn."""
    n, graph = 10_000, STAR
    level = next(iter(Levels.of(CosineVP(0.02, 0.5), 1)))
    found = sim.emergence.descend(
        graph,
        steps=2,
        lr=1.0,
        batch=batch,
        rng=2,
        runs=n,
        levels=Levels.of(CosineVP(0.02, 0.5), 1),
        looks=[2],
    ).weights[:, 0, 0]
    rng, drawn = np.random.default_rng(3), np.zeros((n, 3, 7))
    for _ in range(2):
        rows = rng.choice(4, size=(n, batch))
        x = graph.centroids[rows] + 0.15 * rng.standard_normal((n, batch, 3))
        z = level.alpha * x + level.sigma * rng.standard_normal(x.shape)
        phi = _features(graph, x, rows, z)
        drawn -= np.einsum("nbi,nbj->nij", np.einsum("nij,nbj->nbi", drawn, phi) - x, phi) / batch
    error = np.sqrt((found.var(axis=0) + drawn.var(axis=0)) / n)
    assert (np.abs(found.mean(axis=0) - drawn.mean(axis=0)) < 5.0 * error).all()
    ours, theirs = np.cov(found.reshape(n, -1).T), np.cov(drawn.reshape(n, -1).T)
    # a covariance of n draws is known to √(2/n) of heavy tails, which batches of one have
    assert np.abs(ours - theirs).max() < (0.25 if batch == 1 else 0.15) * np.abs(theirs).max()
    distances = [
        ks_2samp(a, b).statistic
        for a, b in zip(found.reshape(n, -1).T, drawn.reshape(n, -1).T, strict=True)
    ]
    assert max(distances) < 2.2 * np.sqrt(2.0 / n)  # 1 in 10^4 of one entry


def test_shared_batches():
    """Levels of a shared batch move together; those of own batches do not."""
    for shared, low, high in ((True, 0.9, 1.0), (False, -0.1, 0.1)):
        run = sim.emergence.descend(
            STAR, steps=1, lr=1.0, batch=8, rng=0, runs=2000, shared_batch=shared, looks=[1]
        )
        first = run.weights[:, 0, :, 0, 1]  # y times the mark of the first concept, at every level
        assert low <= np.corrcoef(first[:, 3], first[:, 15])[0, 1] <= high


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (ConceptGraph.star(3), (1.865, 2.351, 3.920)),
        (ConceptGraph.ball(4, 2), (1.254, 1.148, 1.037, 0.930)),
    ],
)
def test_regression_times(graph, expected):
    """SGD of the regression crosses ½ at the times of the sheet, on the star and on the ball."""
    steps = round(1.1 * max(expected) / 2.5e-3)
    run = sim.emergence.descend(
        graph,
        steps=steps,
        lr=2.5e-3,
        batch=64,
        rng=0,
        levels=0,
        looks=np.arange(0, steps, 2),
        runs=16,
    )
    asked = [[1] * d + [0] * (graph.n - d) for d in range(1, len(expected) + 1)]
    on = run.mean(asked)[..., 0].mean(axis=0)
    times = [np.interp(0.5, on[:, k], run.t) for k in range(len(asked))]
    # batches of 64 in 16 runs leave an error of 1 % or so
    np.testing.assert_allclose(times, expected, rtol=0.03)
    assert np.abs(np.mean(times) / np.array(expected) - 1.0).max() > 0.12  # one time for all fails


def test_constant_feature():
    run = sim.emergence.descend(STAR, steps=50, lr=0.05, batch=8, rng=0, bias=False)
    assert not run.weights[..., 0].any()
    assert run.weights[..., 1:].any()


def test_runs_do_not_depend_on_each_other():
    few, many = (
        sim.emergence.descend(
            STAR, steps=20, lr=0.05, batch=8, rng=4, runs=n, looks=[20], threads=t
        )
        for n, t in ((3, 1), (35, 2))
    )
    np.testing.assert_array_equal(few.weights, many.weights[:3])
    assert np.unique(many.weights[:, 0, 0, 0, 1]).size == 35


def test_many_classes():
    """With more classes than points only those that occur take part; the mean of a step stays."""
    graph = ConceptGraph.ball(5, 3, sigma=0.1)
    run = sim.emergence.descend(
        graph, steps=1, lr=1.0, batch=4, rng=0, runs=4000, levels=1, looks=[1]
    )
    values, p = run.weights[:, 0, 0], graph.weights
    mean = (graph.centroids.T * p) @ _features(
        graph, graph.centroids, np.arange(len(p)), graph.centroids
    )
    error = values.std(axis=0) / np.sqrt(4000)
    assert (np.abs(values.mean(axis=0) - mean)[:, :6] < 5.0 * error[:, :6]).all()


@pytest.mark.parametrize("prediction", ["x0", "v", "eps"])
def test_maps(prediction):
    """The maps are what the sampler does with the weights."""
    graph = ConceptGraph([[0, 0], [1, 0], [0, 2]], values=(2, 3), sigma=0.2, code=OneHot())
    run = sim.emergence.descend(
        graph,
        steps=60,
        lr=0.05,
        batch=8,
        rng=0,
        prediction=prediction,
        runs=2,
        levels=6,
        looks=[30, 60],
    )
    levels, weights = Levels.of(CosineVP(), 6), run.weights[1, 1]
    c = graph.encode([(1, 2)])[0]
    start = np.random.default_rng(0).standard_normal(graph.dim)
    known = {float(level.sigma): k for k, level in enumerate(levels)}

    def guess(z, level):
        phi = np.concatenate([[1.0], c, z])
        return clean_of(prediction, weights[known[float(level.sigma)]] @ phi, z, level)

    end = sample(DDIM(6), guess, start, levels)
    ours = run.mean([(1, 2)])[1, 1, 0] + run.spreads[1, 1] @ start
    np.testing.assert_allclose(ours, end, atol=1e-12)
    np.testing.assert_allclose(run.covariance[1, 1], run.spreads[1, 1] @ run.spreads[1, 1].T)
    assert np.abs(end - run.mean([(1, 2)])[1, 1, 0]).max() > 1e-3


def test_sgd_against_the_closed_form():
    """SGD of all levels has the joint accuracy of the closed form: the sheet's numbers at T = 2, 4, 8 and 16."""
    run = sim.emergence.descend(
        STAR, steps=800, lr=0.02, batch=64, rng=0, looks=[100, 200, 400, 800], runs=16
    )
    found = judged(run, [(0, 0, 1), (0, 1, 1), (1, 1, 1)])
    expected = [
        [0.745, 0.227, 0.005],
        [0.976, 0.728, 0.108],
        [0.997, 0.934, 0.490],
        [0.999, 0.991, 0.925],
    ]
    # the sheet: single runs lie within .053 at early times, within .005 from T = 8 on
    assert np.abs(found.joint - np.array(expected)).max() < 0.06
    assert np.abs(found.joint[:, 2:].mean(axis=0) - expected[2:]).max() < 0.006
    assert np.abs(found.marginals.prod(axis=-1) - found.joint)[:, 2, 2].min() > 0.03  # no product


def test_file(tmp_path):
    run = sim.emergence.descend(STAR, steps=4, lr=0.05, batch=8, rng=0, runs=2)
    run.save(tmp_path / "run.npz")
    again = sim.emergence.LinearDenoisers.load(tmp_path / "run.npz")
    np.testing.assert_array_equal(again.weights, run.weights)
    assert again.task == STAR
    assert again.t[-1] == pytest.approx(0.2)
    assert run.member(1).maps.shape == (5, 3, 4)
    assert "runs and looks: 2, 5" in repr(run)
    assert "prediction" in str(run)


def test_arguments():
    call = {"steps": 10, "lr": 0.1, "batch": 4, "rng": 0}
    with pytest.raises(ArgumentError, match="`looks` must rise within 0 and steps = 10"):
        sim.emergence.descend(STAR, **call, looks=[0, 20])
    with pytest.raises(ArgumentError, match="`prediction` is 'x1', which is unknown"):
        sim.emergence.descend(STAR, **call, prediction="x1")
    with pytest.raises(SolveError, match="outgrew float64") as caught:
        sim.emergence.descend(STAR, **call | {"lr": 1e3, "steps": 400})
    assert caught.value.partial is None


def test_acquisition():
    """The sheet's steps for p = .02: nine in ten runs have all n from 114, 147, 167, 181 on."""
    for n, step in zip((1, 2, 3, 4), (114, 147, 167, 181), strict=True):
        found = sim.emergence.acquire(0.02, n, 200, runs=100_000, rng=n)
        assert found[0] == 0.0
        assert (np.diff(found) >= 0.0).all()
        # the share at a step is known to .001, and rises by .002 from step to step
        assert abs(int(np.argmax(found >= 0.9)) - step) <= 2
    with pytest.raises(ArgumentError, match="`p` must lie in"):
        sim.emergence.acquire(1.5, 2, 10, runs=5, rng=0)


def test_adam_does_not_see_the_strength_of_a_concept() -> None:
    (found,) = st.validation.run(["emergence/adam-flat"])
    assert found.measured == pytest.approx(0.0, abs=1e-5)
    assert found.null == pytest.approx(-2.00, abs=5e-3)  # gradient descent
