"""Numbers off a grid of times: resolved, or a warning; and finer times that resolve them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from simtheory import analytic, inits, observe, sim
from simtheory.errors import GridWarning
from simtheory.observe import arrays
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

FAR = SIMTask(mu=(1.0, 50.0), sigma=0.05)
U0 = inits.uniform((2, 2), scale=0.1, rng=np.random.default_rng(0))


def logistic(t: np.ndarray, w0: float = 0.01, rate: float = 1.0) -> Trajectory:
    w = 1 / (1 + (1 / w0 - 1) * np.exp(-2 * rate * t))
    task = SIMTask(mu=(1.0,), sigma=0.0)
    return Trajectory.from_weights(t, w[:, None, None], task, origin="sim", exact=True)


def resolved(start: np.ndarray, run, rounds: int = 8) -> Trajectory:
    """Evaluate a trajectory at finer times until none is added."""
    t = start
    for _ in range(rounds):
        found = run(t)
        finer = observe.finer_times(found)
        if finer.size == t.size:
            return found
        t = finer
    raise AssertionError("The times keep getting finer.")


def test_rates_far_apart_are_reported_or_resolved() -> None:
    grid = np.linspace(0.0, 20.0, 1001)

    def run(t: np.ndarray) -> Trajectory:
        return sim.solve(sim.Tied(), FAR, U0, t)

    theory = analytic.tied.learning_times(FAR, U0)
    with pytest.warns(GridWarning, match=r"concept 2 is learned between t = 0 and 0\.02"):
        coarse = observe.learning_times(run(grid))
    assert coarse[1] > 2 * theory[1]  # the straight line's number is wrong
    fine = resolved(grid, run)
    times = observe.learning_times(fine)
    # The pivots' law is good to the size of the start, a few per cent.
    np.testing.assert_allclose(times, theory, rtol=0.02)
    assert np.isin(grid, fine.t).all()
    assert fine.t.size < 2 * grid.size


@pytest.mark.parametrize("points", [3, 5, 9, 17, 33, 65, 129, 257])
@pytest.mark.parametrize("offset", [0.0, 0.31, 0.77])
@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_the_bound_on_a_crossing_holds_for_logistic_and_exponential_shares(
    points, offset, level
) -> None:
    h = 12.0 / points
    t = np.concatenate([[0.0], np.arange(1, points + 1) * h - offset * h])
    for share, truth in (
        (1 / (1 + 99 * np.exp(-2 * t)), 0.5 * (np.log(99) + np.log(level / (1 - level)))),
        (-np.expm1(-t), -np.log1p(-level)),
    ):
        error = abs(float(arrays.crossings(t, share, level)) - truth)
        bound = float(arrays.crossing_errors(t, share, level))
        assert error <= bound * (1 + 1e-9)
        assert bound <= t[1:].max() if points < 9 else bound < h


def test_a_learning_time_warns_exactly_where_it_may_be_wrong() -> None:
    truth = 0.5 * np.log(99.0)
    silent, loud = 0, 0
    for points in range(3, 400, 3):
        run = logistic(np.linspace(0.0, 12.0, points))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            (got,) = observe.learning_times(run)
        if not said:
            silent += 1
            assert got == pytest.approx(truth, rel=0.02)
        else:
            loud += 1
            assert issubclass(said[0].category, GridWarning)
            assert "test_resolution" in said[0].filename
            assert run.t[1] > 0.1  # a fine grid is not complained about
    assert silent > 50
    assert loud > 5


def bump(t: np.ndarray, centre: float) -> Trajectory:
    """A loss that falls from 1 and rises by .055 within about .02 of time."""
    loss = np.exp(-t) * 0.2 + 0.8 * np.exp(-4 * t) + 0.055 * np.exp(-(((t - centre) / 0.02) ** 2))
    task = SIMTask(mu=(1.0,), sigma=0.0)
    w = (1.0 - np.sqrt(2.0 * loss))[:, None, None]
    return Trajectory.from_weights(t, w, task, origin="sim", exact=True)


def test_a_rise_between_two_times_is_reported_and_then_resolved() -> None:
    grid = np.linspace(0.0, 6.0, 301)
    centre = 3.0 + 0.4 * (grid[1] - grid[0])
    run = bump(grid, centre)
    for read in (observe.swing_by, observe.largest_rise):
        with pytest.warns(GridWarning, match="too coarse for a rise of the loss"):
            read(run)
    fine = resolved(grid, lambda t: bump(t, centre))
    (rise,) = observe.swing_by(fine).rises
    # Without the fall below it the rise would be .055 exactly; the loss falls by .0005 meanwhile.
    assert rise.relative == pytest.approx(0.0545, abs=5e-4)
    assert observe.largest_rise(fine) == pytest.approx(rise.relative)
    assert observe.descents(fine) == 2


def test_a_fall_that_could_hide_a_rise_is_reported() -> None:
    run = logistic(np.array([0.0, 1.0, 6.0, 7.0]))
    for read in (observe.swing_by, observe.descents, observe.largest_rise):
        with pytest.warns(GridWarning, match="between t = 1 and 6 it moves by more than half"):
            read(run)


def test_a_resolved_trajectory_keeps_its_times() -> None:
    t = np.linspace(0.0, 12.0, 1201)
    np.testing.assert_array_equal(observe.finer_times(logistic(t)), t)
    single = logistic(np.array([0.0]))
    np.testing.assert_array_equal(observe.finer_times(single), [0.0])


def test_one_member_of_an_ensemble_is_enough_for_finer_times() -> None:
    t = np.linspace(0.0, 12.0, 25)
    starts = np.array([0.3, 0.01])[:, None]
    w = 1 / (1 + (1 / starts - 1) * np.exp(-2 * t))
    task = SIMTask(mu=(1.0,), sigma=0.0)
    both = Trajectory.from_weights(t, w[..., None, None], task, origin="sim", exact=True)
    union = np.union1d(observe.finer_times(both.member(0)), observe.finer_times(both.member(1)))
    np.testing.assert_array_equal(observe.finer_times(both), union)
    assert union.size > observe.finer_times(both.member(0)).size


def shares(t: list[float], w: list[float]) -> Trajectory:
    task = SIMTask(mu=(1.0,), sigma=0.0)
    maps = np.array(w)[:, None, None]
    return Trajectory.from_weights(np.array(t), maps, task, origin="sim", exact=True)


def test_times_are_finer_where_a_learning_time_is_uncertain_by_more_than_one_percent() -> None:
    """Half is reached at .5 ± .04 of the first interval, 1 % of it is .005; or .04 of 10.5, where 1 % is .1."""
    early = shares([0.0, 1.0, 2.0], [0.48, 0.52, 0.53])
    found = observe.finer_times(early, step=0.5, parts=2)
    np.testing.assert_array_equal(found, [0.0, 0.5, 1.0, 2.0])
    late = shares([0.0, 10.0, 11.0, 12.0], [0.4, 0.48, 0.52, 0.53])
    np.testing.assert_array_equal(observe.finer_times(late, step=0.5, parts=2), late.t)


@pytest.mark.parametrize("losses", [[1.0, 0.6, 0.7], [1.0, 1.1, 0.7]])
def test_a_rise_is_uncertain_at_either_of_its_ends(losses: list[float]) -> None:
    """One end is the last time or the first, and beside the other the loss moves by .4: an eighth is half the rise."""
    run = shares([0.0, 1.0, 2.0], list(1.0 - np.sqrt(2.0 * np.array(losses))))
    with pytest.warns(GridWarning, match=r"is 0\.1 high on them, and may be off by 0\.05"):
        (rise,) = observe.swing_by(run).rises
    assert rise.size == pytest.approx(0.1)
