"""The SIM task: its moments, its geometry, its samples, and the arguments that it refuses."""

from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import scipy.linalg

import simtheory as st
from simtheory.errors import ArgumentError, ShapeError, TaskError
from simtheory.tasks import SIMTask
from simtheory.tasks.identity import moment_rates

FOUR = SIMTask(mu=(1.0, 1.5, 2.2, 2.7), sigma=(0.05, 0.3, 0.5, 0.1))


def turned(dim: int, seed: int = 0) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))[0]


def full_task() -> SIMTask:
    return SIMTask(
        mu=(1.0, 2.0),
        sigma=(0.3, 0.2, 0.1),
        dim=3,
        weights=(0.5, 0.3, 0.2),
        origin=True,
        rotation=turned(3),
        squared_rates=True,
    )


def test_rates_reference() -> None:
    np.testing.assert_allclose(FOUR.rates, [0.2525, 0.6525, 1.46, 1.8325], rtol=1e-15)
    np.testing.assert_array_equal(moment_rates(FOUR.mu, FOUR.sigma, FOUR.weights), FOUR.rates)
    np.testing.assert_array_equal(FOUR.second_moment, np.diag(FOUR.rates))


@pytest.mark.parametrize("rotated", [False, True])
def test_the_second_moment_is_that_of_the_samples(rotated: bool) -> None:
    task = replace(FOUR, rotation=turned(4)) if rotated else FOUR
    n = 100_000
    x, _ = task.sample(n, rng=np.random.default_rng(3))
    measured = x.T @ x / len(x)
    # Largest fourth moment of a coordinate: E x⁴ = 3σ⁴ + p(6σ²μ² + μ⁴) < 14.5 (concept 4), so one
    # entry has standard deviation below √14.5/√(4n) = 0.006; five of them.
    tolerance = 5 * np.sqrt(14.5 / (4 * n))
    assert np.abs(measured - task.second_moment).max() < tolerance
    assert np.abs(measured).max() > 10 * tolerance  # predicting nothing fails
    centred = measured - np.outer(x.mean(axis=0), x.mean(axis=0))
    assert np.abs(measured - centred).max() > 10 * tolerance  # so does the centred moment


def test_order_flips_where_diversity_outweighs_signal() -> None:
    mu = np.array([1.0, 1.5])
    gap = np.sqrt((mu[1] ** 2 - mu[0] ** 2) / 2)
    below, above = (SIMTask(mu=mu, sigma=(v, 0.0)).rates for v in (0.999 * gap, 1.001 * gap))
    assert below[0] < below[1]
    assert above[0] > above[1]


def test_geometry() -> None:
    task = SIMTask(mu=(1.0, 2.0), sigma=0.5, dim=4)
    np.testing.assert_array_equal(task.target, [1, 2, 0, 0])
    np.testing.assert_array_equal(task.centroids, [[1, 0, 0, 0], [0, 2, 0, 0]])
    np.testing.assert_array_equal(task.vertex((0, 1)), [0, 2, 0, 0])
    np.testing.assert_array_equal(
        task.vertices(), [[0, 0, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [1, 2, 0, 0]]
    )
    np.testing.assert_array_equal(task.sigma, [0.5, 0.5, 0, 0])
    np.testing.assert_array_equal(task.mean, [0.5, 1.0, 0, 0])
    assert task.n_concepts == 2


def test_the_origin_cluster_takes_its_share() -> None:
    task = SIMTask(mu=(1.0, 2.0), sigma=0.1, origin=True)
    np.testing.assert_array_equal(task.centroids, [[1, 0], [0, 2], [0, 0]])
    np.testing.assert_allclose(task.rates, [0.01 + 1 / 3, 0.01 + 4 / 3], rtol=1e-15)
    assert len(task.sample(5, rng=np.random.default_rng(0))[0]) == 15


def test_probes_are_few_for_many_concepts() -> None:
    assert FOUR.probes.shape == (16, 4)
    assert SIMTask(mu=np.ones(9), sigma=0.1).probes.shape == (10, 9)


def test_squared_rates_touch_the_moment_only() -> None:
    task, squared = FOUR, replace(FOUR, squared_rates=True)
    np.testing.assert_array_equal(squared.rates, task.rates**2)
    np.testing.assert_array_equal(squared.centroids, task.centroids)
    one, two = (s.sample(3, rng=np.random.default_rng(1))[0] for s in (task, squared))
    np.testing.assert_array_equal(one, two)


def test_rotation_turns_everything_and_back() -> None:
    plain = SIMTask(mu=(1.0, 2.0), sigma=(0.3, 0.2, 0.1), dim=3)
    R = turned(3)
    task = replace(plain, rotation=R)
    # Products of orthogonal 3×3 matrices round to a few eps.
    near = {"atol": 1e-14, "rtol": 0}
    np.testing.assert_allclose(task.target, R @ plain.target, **near)
    np.testing.assert_allclose(task.second_moment, R @ plain.second_moment @ R.T, **near)
    points = np.random.default_rng(0).normal(size=(5, 2, 3))
    np.testing.assert_allclose(task.to_concept_axes(task.from_concept_axes(points)), points, **near)
    np.testing.assert_allclose(task.to_concept_axes(task.centroids), plain.centroids, **near)
    x, cluster = task.sample(4, rng=np.random.default_rng(2))
    x0, cluster0 = plain.sample(4, rng=np.random.default_rng(2))
    np.testing.assert_allclose(task.to_concept_axes(x), x0, **near)
    np.testing.assert_array_equal(cluster, cluster0)


def test_samples_come_by_cluster_in_their_shares() -> None:
    task = SIMTask(mu=(1.0, 2.0, 3.0), sigma=0.0, weights=(0.5, 0.3, 0.2))
    x, cluster = task.sample(10, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(np.bincount(cluster), [15, 9, 6])
    np.testing.assert_array_equal(x, task.centroids[cluster])
    odd = SIMTask(mu=(1.0, 2.0, 3.0), sigma=0.0, weights=(1 / 7, 2 / 7, 4 / 7))
    assert len(odd.sample(11, rng=np.random.default_rng(0))[0]) == 33  # rounding loses no point


def test_replace_and_dictionary_keep_every_field() -> None:
    task = full_task()
    assert replace(task) == task
    assert replace(task, origin=False, weights=(0.5, 0.5)) != task
    assert SIMTask.from_dict(json.loads(json.dumps(task.to_dict()))) == task
    assert pickle.loads(pickle.dumps(task)) == task


def test_equal_tasks_hash_alike() -> None:
    one, two = SIMTask(mu=(1, 2), sigma=0.1), SIMTask(mu=[1.0, 2.0], sigma=[0.1, 0.1], dim=2)
    assert one == two
    assert hash(one) == hash(two)
    assert hash(SIMTask(mu=(0.0, 1.0), sigma=0.1)) == hash(SIMTask(mu=(-0.0, 1.0), sigma=0.1))
    assert one != replace(one, squared_rates=True)
    assert one != "SIMTask"


def test_a_task_cannot_be_changed() -> None:
    task = full_task()
    with pytest.raises(FrozenInstanceError):
        task.dim = 4
    with pytest.raises(ValueError, match="read-only"):
        task.mu[0] = 3.0


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (SIMTask(mu=(1, 1), sigma=0.5), "SIMTask(mu=(1, 1), sigma=0.5)"),
        (SIMTask(mu=2, sigma=0.5), "SIMTask(mu=(2,), sigma=0.5)"),
        (SIMTask(mu=(1, 2), sigma=0.5, dim=8), "SIMTask(mu=(1, 2), sigma=0.5, dim=8)"),
        (
            SIMTask(mu=(1, 2), sigma=(0.5,) * 3, dim=3),
            "SIMTask(mu=(1, 2), sigma=(0.5, 0.5, 0.5), dim=3)",
        ),
    ],
    ids=["equal signals", "one concept", "silent coordinates", "noise in all coordinates"],
)
def test_repr_can_be_typed_back(task: SIMTask, text: str) -> None:
    assert repr(task) == text
    assert eval(text) == task


def test_repr_shows_fields_that_differ_from_the_default() -> None:
    text = repr(full_task())
    for part in ("weights=(0.5, 0.3, 0.2)", "origin=True", "squared_rates=True", "rotation=<3×3>"):
        assert part in text


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"mu": []}, ShapeError, r"Argument `mu` must have shape \(s,\), but its shape is \(0,\)"),
        ({"mu": [[1.0]]}, ShapeError, "Argument `mu` must have shape"),
        ({"mu": (1.0, -2.0)}, TaskError, "Argument `mu` must not be negative, .* -2"),
        ({"mu": (1.0, np.nan)}, TaskError, "Argument `mu` must be finite, .* nan at index"),
        ({"mu": (1.0, np.inf)}, TaskError, "Argument `mu` must be finite"),
        ({"mu": "abc"}, TaskError, "Argument `mu` must be an array of real numbers"),
        ({"sigma": -0.1}, TaskError, "Argument `sigma` must not be negative, .* -0.1"),
        ({"sigma": (0.1, np.nan)}, TaskError, "Argument `sigma` must be finite"),
        ({"sigma": (0.1, 0.1, 0.1)}, ShapeError, r"Argument `sigma` must .* \(3,\)"),
        ({"dim": 1}, ShapeError, "Argument `dim` must be at least the number of concepts, 2"),
        ({"dim": 2.5}, ValueError, "Argument `dim` must be a positive integer, but it is 2.5"),
        ({"weights": (0.5, 0.6)}, TaskError, "Argument `weights` must sum to 1, .* 1.1"),
        ({"weights": (-0.5, 1.5)}, TaskError, "Argument `weights` must not be negative"),
        ({"weights": (0.2, 0.3, 0.5)}, ShapeError, "Argument `weights` must hold one entry"),
        ({"weights": (0.5, 0.5), "origin": True}, ShapeError, "each of 3 clusters"),
        ({"weights": (np.nan, 1.0)}, TaskError, "Argument `weights` must be finite"),
        ({"rotation": np.ones((2, 2))}, TaskError, "Argument `rotation` must be orthogonal"),
        ({"rotation": np.eye(3)}, ShapeError, r"Argument `rotation` must have shape \(2, 2\)"),
        ({"rotation": np.full((2, 2), np.inf)}, TaskError, "Argument `rotation` must be finite"),
    ],
)
def test_tasks_that_cannot_exist(arguments: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        SIMTask(**({"mu": (1.0, 2.0), "sigma": 0.1} | arguments))


@pytest.mark.parametrize(
    ("presence", "error", "message"),
    [
        ((1, 0, 1), ShapeError, "each of 2 concepts"),
        ((1, 2), TaskError, r"only 0 and 1, but it is \(1, 2\)"),
        ((1, np.nan), TaskError, "finite"),
    ],
)
def test_vertices_that_do_not_exist(presence, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        SIMTask(mu=(1.0, 2.0), sigma=0.1).vertex(presence)


def test_bad_dictionaries_are_refused() -> None:
    with pytest.raises(TaskError, match="no argument 'sigmas'; did you mean sigma"):
        SIMTask.from_dict({"mu": [1.0], "sigmas": 0.1})
    with pytest.raises(TaskError, match="needs the argument 'sigma'"):
        SIMTask.from_dict({"mu": [1.0]})


@pytest.mark.parametrize("n", [0, -1, 1.5])
def test_bad_sample_sizes(n: object) -> None:
    with pytest.raises(ValueError, match="`n` must be a positive integer"):
        FOUR.sample(n, rng=np.random.default_rng(0))  # type: ignore[arg-type]


def test_vertices_of_many_concepts_are_refused_before_they_fill_the_memory():
    assert SIMTask(mu=np.ones(4), sigma=0.1).vertices().shape == (16, 4)
    with pytest.raises(TaskError, match=r"at most 16 concepts.*it has 40, and 2\*\*40 vertices"):
        SIMTask(mu=np.ones(40), sigma=0.1).vertices()


def test_a_task_of_a_second_moment_has_it_and_its_closed_forms_solve_the_flow():
    root = np.random.default_rng(3).standard_normal((40, 4)) @ np.diag([2.0, 1.0, 0.7, 0.3])
    moment = root.T @ root / len(root)
    task = SIMTask.from_second_moment(moment)
    np.testing.assert_allclose(task.second_moment, moment, rtol=0, atol=1e-14 * moment.max())
    assert np.all(np.diff(task.rates) < 0)
    t, W0 = np.linspace(0, 3, 7), 0.1 * root[:4]
    closed = st.analytic.one_layer.solution(task, W0, t)
    gap = np.eye(4) - W0
    for time, found in zip(t, closed.weights, strict=True):  # W = 1 - (1 - W0) exp(-A t)
        by_power = np.eye(4) - gap @ scipy.linalg.expm(-moment * time)
        np.testing.assert_allclose(found, by_power, atol=1e-12)
    assert np.abs(closed.weights[-1] - W0).max() > 0.1  # a net that stands still fails
    x, _ = task.sample(50, rng=0)
    np.testing.assert_allclose(x.T @ x / len(x), moment, atol=1e-13)


def test_a_diagonal_second_moment_keeps_its_axes():
    task = SIMTask.from_second_moment(np.diag([0.2, 3.0, 0.0]))
    assert task.rotation is None
    np.testing.assert_allclose(task.rates, [0.2, 3.0, 0.0], rtol=1e-15)


def test_a_task_of_data_has_their_uncentred_second_moment():
    x = 2.0 + np.random.default_rng(0).standard_normal((30, 3))
    task = SIMTask.from_data(x)
    np.testing.assert_allclose(task.second_moment, x.T @ x / 30, atol=1e-13)
    assert np.abs(task.second_moment - np.cov(x.T)).max() > 1.0  # as centring would have it


@pytest.mark.parametrize(
    ("make", "given", "message"),
    [
        (SIMTask.from_second_moment, np.ones((2, 3)), "`second_moment` must have shape"),
        (SIMTask.from_second_moment, np.ones((1, 2, 2)), r"must have shape \(d, d\)"),
        (SIMTask.from_second_moment, [[1.0, 0.5], [0.0, 1.0]], "must be symmetric"),
        (SIMTask.from_second_moment, [[1.0, 2.0], [2.0, 1.0]], "positive semidefinite"),
        (SIMTask.from_data, np.ones(3), r"`x` must have shape \(n, d\)"),
        (SIMTask.from_data, np.ones((0, 3)), r"`x` must have shape \(n, d\)"),
        (SIMTask.from_data, [[np.nan, 1.0]], "`x` must be finite"),
    ],
)
def test_moments_and_data_that_make_no_task(make, given, message):
    with pytest.raises(ValueError, match=message):
        make(given)


def test_a_seed_serves_for_a_generator_and_none_does_not():
    same, _ = FOUR.sample(5, rng=np.random.default_rng(7))
    np.testing.assert_array_equal(FOUR.sample(5, rng=7)[0], same)
    assert np.abs(FOUR.sample(5, rng=8)[0] - same).max() > 0.0
    for refused in (None, -1, True, "0", 1.0):
        with pytest.raises(ArgumentError, match="`rng` must be a seed, such as 0, or a numpy Gen"):
            FOUR.sample(5, rng=refused)


def test_a_task_is_a_table_in_a_notebook():
    shown = SIMTask(mu=(1.0, 2.0), sigma=0.5)._repr_html_()
    assert shown.startswith("<table>")
    assert "(0.75, 2.25)" in shown  # its rates
