"""The arithmetic of observables, against brute force: each test kills a planted slip."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simtheory import observe
from simtheory.errors import ArgumentError, ReadingWarning, ShapeError
from simtheory.observe import agreement, arrays
from simtheory.results import Curve, Samples, Trajectory
from simtheory.tasks import DenoisingTask, SIMTask

TASK = SIMTask(mu=(1.0, 2.0), sigma=0.1)
values = st.lists(st.integers(-4, 4), min_size=1, max_size=12).map(lambda v: np.array(v, float))


@given(values)
def test_climb_is_the_largest_gain_over_any_earlier_point(path: np.ndarray) -> None:
    wanted = max(path[k] - path[: k + 1].min() for k in range(path.size))
    assert arrays.climb(path) == wanted
    # Planted slips: last against first, and the largest single step.
    slips = [(path[-1] - path[0]), np.diff(path).max(initial=0.0)]
    assert all(slip <= wanted for slip in slips)


def test_climb_is_not_the_span_nor_a_single_step() -> None:
    path = np.array([5.0, 1.0, 2.0, 3.0, 0.0, 1.0])
    assert arrays.climb(path) == 2.0  # the span is 5, the largest step 1, last against first −4
    np.testing.assert_array_equal(arrays.climb(np.array([path, -path])), [2.0, 5.0])


@given(values, st.floats(0.1, 3.0))
def test_rises_end_to_end(path: np.ndarray, least: float) -> None:
    found = arrays.rises(path, least)
    assert bool(found) == bool(arrays.climb(path) > least)
    ends = [0, *(k for pair in found for k in pair)]
    assert ends == sorted(ends)
    for low, high in found:
        assert path[high] - path[low] > least
        assert path[low] == path[low : high + 1].min()
        assert path[high] == path[low : high + 1].max()
    for (_, top), (foot, _) in pairwise(found):
        assert path[top] - path[foot] > least


def test_a_rise_as_large_as_the_least_one_does_not_count() -> None:
    path = np.array([1.0, 0.0, 1.0, 0.5])
    assert arrays.rises(path, 1.0) == []
    assert arrays.rises(path, np.nextafter(1.0, 0.0)) == [(1, 2)]
    assert arrays.rises(np.array([3.0, 1.0, 2.0, 1.5, 3.0, 0.0]), 0.6) == [(1, 4)]
    assert arrays.rises(np.array([3.0, 1.0, 2.0, 1.5, 3.0, 0.0]), 0.4) == [(1, 2), (3, 4)]


def test_crossings_run_straight_and_the_first_counts() -> None:
    t = np.array([0.0, 1.0, 3.0, 4.0])
    paths = np.array([[0.0, 0.2, 0.6, 0.1], [0.5, 0.0, 1.0, 1.0], [0.0, 0.1, 0.2, 0.39]])
    np.testing.assert_allclose(arrays.crossings(t, paths, 0.4), [2.0, 0.0, np.inf], rtol=1e-15)
    # Reached is at or above: exactly at a grid point is that point.
    np.testing.assert_array_equal(arrays.crossings(t, paths[0], 0.2), 1.0)
    np.testing.assert_array_equal(arrays.crossings(t, np.array([np.nan, 0.0, 1.0, 1.0]), 0.5), 2.0)


def test_widths_are_differences_of_first_crossings() -> None:
    t = np.array([0.0, 1.0, 2.0, 10.0])
    paths = np.array([[0.0, 0.5, 1.0, 0.0], [0.0, 0.5, 0.6, 0.5], [1.0, 1.0, 1.0, 1.0]])
    found = arrays.widths(t, paths, 0.25, 0.75)
    np.testing.assert_allclose(found, [1.0, np.inf, 0.0], rtol=1e-15)


def test_losses_hold_the_half_and_the_sum() -> None:
    rng = np.random.default_rng(0)
    f, x = rng.normal(size=(5, 3)), rng.normal(size=3)
    wanted = [0.5 * sum((a - b) ** 2 for a, b in zip(row, x, strict=True)) for row in f]
    np.testing.assert_allclose(arrays.losses(f, x), wanted, rtol=1e-14)
    W, A = rng.normal(size=(2, 3, 3)), np.diag([1.0, 2.0, 3.0])
    wanted = [0.5 * np.trace((w - np.eye(3)) @ A @ (w - np.eye(3)).T) for w in W]
    np.testing.assert_allclose(arrays.population_losses(W, A), wanted, rtol=1e-13)
    skew = arrays.symmetric(W) - W
    np.testing.assert_allclose(skew, -np.swapaxes(skew, -1, -2), atol=1e-15)
    assert np.abs(skew).max() > 0.1


def test_slopes_and_averages() -> None:
    rng = np.random.default_rng(1)
    x, y = np.sort(rng.normal(size=9)), rng.normal(size=(4, 9))
    wanted = np.polyfit(x, y.T, 1)[0]
    np.testing.assert_allclose(arrays.slope(x, y), wanted, rtol=1e-12)
    through_origin = y @ x / (x @ x)  # the slip of not taking the mean away
    assert np.abs(through_origin - wanted).max() > 1e-3
    wanted = [[row[k : k + 3].mean() for k in range(7)] for row in y]
    np.testing.assert_allclose(arrays.smoothed(y, 3), wanted, rtol=1e-14, atol=1e-16)


def curve(values: np.ndarray, **changes: object) -> Curve:
    good = {"rows": ["a", "b"], "x_name": "p", "origin": "sim"} | changes
    return Curve(np.arange(1.0, 1 + np.shape(values)[-2]), values, **good)


RISING = np.array([[0.0, 0.2], [0.5, 0.4], [1.0, 0.6]])


def test_readers_of_curves() -> None:
    found = curve(RISING)
    np.testing.assert_allclose(observe.crossings(found, level=0.5), [2.0, 2.5])
    np.testing.assert_allclose(observe.widths(found, low=0.25, high=0.5), [0.5, 1.25])
    np.testing.assert_allclose(observe.slopes(found), [0.5, 0.2])
    power = replace(found, values=found.x[:, None] ** [2.0, -1.0])
    np.testing.assert_allclose(observe.slopes(power, logarithmic=True), [2.0, -1.0], rtol=1e-12)
    with pytest.raises(ArgumentError, match="must be positive for a logarithmic slope"):
        observe.slopes(found, logarithmic=True)
    with pytest.raises(ArgumentError, match="no NaN"):
        observe.slopes(curve(np.where(RISING > 0.5, np.nan, RISING)))
    with pytest.raises(ArgumentError, match="`low` must be below `high`"):
        observe.widths(found, low=0.5, high=0.5)


def test_moments_count_with_weights() -> None:
    found = Samples([[0.0, 0.0], [2.0, 4.0]], np.log([1.0, 3.0]), origin="sim")
    mean, covariance = observe.moments(found)
    np.testing.assert_allclose(mean, [1.5, 3.0])
    np.testing.assert_allclose(covariance, [[0.75, 1.5], [1.5, 3.0]])
    np.testing.assert_allclose(observe.effective_size(found), 1.6)


def test_curves_agree_where_both_have_a_value() -> None:
    truth = curve(RISING)
    guess = curve(RISING + np.array([[0.0, 0.0], [0.0, 0.03], [0.1, np.nan]]))
    found = agreement(guess, truth)
    assert (found.max_error, found.row, found.x) == (pytest.approx(0.1), "a", 3.0)
    assert (found.scale, found.standard) == (1.0, None)
    np.testing.assert_allclose(found.error_over_x, [0.0, 0.03, 0.1])
    assert found.rms_error == pytest.approx(np.sqrt((0.03**2 + 0.1**2) / 5))
    still = curve(np.broadcast_to(RISING[0], RISING.shape))
    assert agreement(still, truth).relative == 1.0  # doing nothing
    seeds = curve(np.stack([RISING, RISING + 0.2]), errors=np.full((2, 3, 2), 0.1))
    found = agreement(replace(truth, errors=np.full((3, 2), 0.0)), seeds)
    assert found.member == (1,)
    assert found.standard == pytest.approx(2.0)
    assert "standard=2" in repr(found)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (curve(RISING, rows=["a", "c"]), "share their rows"),
        (curve(RISING[:2]), r"share their places \(`x`\).*Evaluate the theory at measured\.x"),
        (curve(np.full((3, 2), np.nan)), "share a place where both have a value"),
    ],
)
def test_curves_that_cannot_be_compared(other: Curve, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        agreement(curve(RISING), other)


def test_samples_of_one_law_agree_and_of_another_do_not() -> None:
    rng = np.random.default_rng(3)
    one, two = (Samples(rng.normal(size=(600, 2)), origin=o) for o in ("analytic", "sim"))
    same = agreement(one, two)
    # The floor is the mean over pairs of draws; the law of this quadratic form has a light tail.
    assert 0.0 < same.energy < 4.0 * same.floor
    assert same.scale == pytest.approx(np.sqrt(np.pi), rel=0.05)  # mean distance of two normals
    moved = replace(one, points=one.points + np.array([0.5, 0.0]))
    assert agreement(moved, two).energy > 10.0 * same.energy
    assert agreement(moved, two).mean_error == pytest.approx(0.5, abs=0.15)
    wide = replace(one, points=1.5 * one.points)
    assert agreement(wide, two).energy > 5.0 * same.energy
    assert agreement(wide, two).covariance_error == pytest.approx(1.25, abs=0.4)
    collapsed = replace(one, points=np.zeros((600, 2)))  # doing nothing: all points at the mean
    assert agreement(collapsed, two).relative > 0.3 > 10 * same.relative


def test_weights_make_samples_agree() -> None:
    rng = np.random.default_rng(4)
    drawn = rng.normal(size=(800, 1)) * 2.0
    wanted = Samples(rng.normal(size=(800, 1)), origin="sim")
    bare = Samples(drawn, origin="sim")
    weighted = replace(bare, log_weights=np.log(2.0) + (drawn[:, 0] ** 2) * (1 / 8 - 1 / 2))
    assert agreement(weighted, wanted).energy < 4.0 * agreement(weighted, wanted).floor
    assert agreement(bare, wanted).energy > 10.0 * agreement(weighted, wanted).energy


def test_energy_distance_of_a_few_points_by_hand() -> None:
    one = Samples([[0.0], [3.0]], origin="a")
    two = Samples([[1.0]], origin="b")
    with pytest.warns(ReadingWarning, match="all points of `measured` are the same"):
        found = agreement(one, two)
    assert found.energy == pytest.approx(2 * 1.5 - 1.5 - 0.0)
    same = agreement(one, one)
    assert same.energy == 0.0
    # Two different points are 3 apart; of each sample's two points one is half of it.
    assert (same.scale, same.floor) == (pytest.approx(3.0), pytest.approx((0.5 + 0.5) * 3.0))
    many = Samples(np.stack([one.points, one.points + 1.0]), origin="c")
    np.testing.assert_allclose(agreement(many, one).mean_error, [0.0, 1.0])


def test_kinds_that_do_not_meet() -> None:
    run = Trajectory.from_weights([0.0], np.zeros((1, 2, 2)), TASK, origin="sim", exact=True)
    drawn = Samples([[0.0, 1.0]], origin="sim")
    with pytest.raises(ArgumentError, match="but they are Curve and Samples"):
        agreement(curve(RISING), drawn)
    with pytest.raises(ArgumentError, match="but they are Trajectory and int"):
        agreement(run, 3)
    with pytest.raises(ShapeError, match="samples of one dimension, but theirs are 2 and 1"):
        agreement(drawn, Samples([[0.0]], origin="sim"))
    with pytest.raises(ShapeError, match="must hold a point"):
        agreement(Samples(np.zeros((0, 2)), origin="sim"), drawn)
    with pytest.raises(ShapeError, match="broadcast"):
        agreement(curve(np.stack([RISING] * 2)), curve(np.stack([RISING] * 3)))


@pytest.mark.parametrize(
    "read",
    [
        observe.loss,
        observe.train_loss,
        observe.concept_outputs,
        observe.hierarchy_violation,
        observe.min_eigenvalue,
        observe.law_residuals,
        observe.swing_by,
        observe.descents,
        observe.largest_rise,
        observe.learning_times,
        observe.order,
        observe.terminal_rate,
    ],
)
def test_readers_of_trajectories_refuse_other_kinds(read) -> None:
    for wrong, came in ((curve(RISING), "Curve"), (None, "NoneType"), (RISING, "ndarray")):
        with pytest.raises(ArgumentError, match=f"`traj` must be of the kind Trajectory.*{came}"):
            read(wrong)
    task = DenoisingTask(np.diag([1.0, 2.0]), sigma_min=0.1, sigma_max=2.0)
    run = Trajectory([0.0], [[0.0, 1.0]], np.zeros((1, 1, 2)), None, task, "sim", True)
    with pytest.raises(ArgumentError, match=r"`traj\.task` must be of the kind SIMTask.*Denoising"):
        read(run)


def test_readers_of_curves_and_samples_refuse_other_kinds() -> None:
    for read in (
        lambda x: observe.crossings(x, level=0.5),
        lambda x: observe.widths(x, low=0.1, high=0.5),
        observe.slopes,
    ):
        with pytest.raises(ArgumentError, match="`curve` must be of the kind Curve"):
            read(Samples([[0.0]], origin="sim"))
    for read in (observe.moments, observe.effective_size):
        with pytest.raises(ArgumentError, match="`samples` must be of the kind Samples"):
            read(curve(RISING))
