"""Agreement of two trajectories: how far, where, and against which yardstick."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from simtheory.errors import ArgumentError, ReadingWarning, ShapeError
from simtheory.observe.agreement import agreement
from simtheory.results import Curve, Samples, Trajectory
from simtheory.tasks import SIMTask

TASK = SIMTask(mu=(1.0, 2.0), sigma=0.1)
T = np.linspace(0.0, 5.0, 11)


def flow(start: np.ndarray, origin: str = "sim.solve(OneLayer)") -> Trajectory:
    miss = (start - np.eye(2))[..., None, :, :] * np.exp(-T[:, None, None] * TASK.rates)
    return Trajectory.from_weights(T, np.eye(2) + miss, TASK, origin=origin, exact=True)


def spoilt(traj: Trajectory, place: tuple[int, ...], by: float) -> Trajectory:
    outputs = traj.outputs.copy()
    outputs[place] += by
    return replace(traj, outputs=outputs, weights=None, origin="validation.train")


TRUTH = flow(np.zeros((2, 2)))


def test_a_trajectory_agrees_with_itself() -> None:
    same = agreement(TRUTH, TRUTH)
    assert same.max_error == same.rms_error == same.relative == 0.0
    assert same.error_over_time.shape == (11,)


def test_the_largest_difference_is_found() -> None:
    found = agreement(TRUTH, spoilt(TRUTH, (3, 1, 0), -0.25))
    assert found.max_error == pytest.approx(0.25, rel=1e-15)
    assert (found.time, found.probe, found.member) == (1.5, 1, ())
    assert found.rms_error == pytest.approx(0.25 / np.sqrt(TRUTH.outputs.size))
    np.testing.assert_allclose(found.error_over_time, 0.25 * (np.arange(11) == 3), atol=1e-16)


def test_one_prediction_serves_many_seeds() -> None:
    seeds = flow(np.zeros((4, 3, 2, 2)), "validation.train")
    found = agreement(TRUTH, spoilt(seeds, (2, 1, 10, 3, 1), 0.5))
    assert (found.member, found.time, found.probe) == ((2, 1), 5.0, 3)
    assert found.error_over_time.shape == (4, 3, 11)
    assert agreement(seeds, TRUTH).max_error == 0.0


def test_doing_nothing_has_relative_error_one() -> None:
    still = replace(
        TRUTH, outputs=np.broadcast_to(TRUTH.outputs[:1], TRUTH.outputs.shape), weights=None
    )
    assert agreement(still, TRUTH).relative == 1.0
    assert agreement(TRUTH, TRUTH).relative < 0.1
    for guess, relative in ((still, 0.0), (TRUTH, np.inf)):
        with pytest.warns(ReadingWarning, match="nothing to agree on: no output of `measured`"):
            assert agreement(guess, still).relative == relative


def test_the_scale_is_the_largest_change_since_the_first_time() -> None:
    """Not the spread, not the largest output, not the change of the prediction."""
    w = np.array([0.5, 0.2, 1.5, 0.9])[:, None, None]
    task, t = SIMTask(mu=2.0, sigma=0.0), np.arange(4.0)
    truth = Trajectory.from_weights(t, w, task, origin="sim", exact=True)
    guess = Trajectory.from_weights(t, 3.0 * w, task, origin="analytic", exact=True)
    found = agreement(guess, truth)
    assert found.scale == pytest.approx(2.0 * (1.5 - 0.5))
    assert found.relative == pytest.approx(2.0 * 2.0 * 1.5 / 2.0)
    assert agreement(truth, guess).scale == pytest.approx(6.0)


def test_the_scale_of_a_curve_counts_from_its_first_value_that_is_known() -> None:
    known = Curve([0.0, 1.0, 2.0], [[np.nan], [1.0], [3.0]], rows=["y"], x_name="x", origin="sim")
    guess = Curve([0.0, 1.0, 2.0], [[0.0], [1.0], [2.0]], rows=["y"], x_name="x", origin="sim")
    found = agreement(guess, known)
    assert (found.scale, found.max_error, found.relative) == (2.0, 1.0, 0.5)


def test_standard_errors_of_both_curves_add_in_squares() -> None:
    def curve(values: list[list[float]], error: float) -> Curve:
        errors = np.full((2, 1), error)
        return Curve([0.0, 1.0], values, errors=errors, rows=["y"], x_name="x", origin="sim")

    found = agreement(curve([[0.0], [1.0]], 0.3), curve([[0.0], [2.0]], 0.4))
    assert found.standard == pytest.approx(2.0)


def test_curves_and_samples_that_do_not_change_are_nothing_to_agree_on() -> None:
    flat = Curve([0.0, 1.0], [[0.1 + 0.2], [0.3]], rows=["y"], x_name="x", origin="sim")
    with pytest.warns(ReadingWarning, match="no row of `measured`"):  # 0.1 + 0.2 is 0.3, rounded
        agreement(flat, flat)
    point = Samples([[1.0], [1.0]], origin="sim")
    with pytest.warns(ReadingWarning, match="all points of `measured` are the same"):
        agreement(point, point)


def test_clocks_may_differ_in_their_last_digits() -> None:
    assert agreement(TRUTH, replace(TRUTH, t=T * (1 + 1e-12))).max_error == 0.0


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ArgumentError, match=r"share their times.*by up to 0\.001.*measured\.t"):
        agreement(TRUTH, replace(TRUTH, t=T + 0.001))
    short = Trajectory.from_weights(T[:4], TRUTH.weights[:4], TASK, origin="sim", exact=True)
    with pytest.raises(ArgumentError, match=r"times.*shapes are \(11,\) and \(4,\)"):
        agreement(TRUTH, short)
    other = Trajectory.from_weights(
        T, TRUTH.weights, TASK, origin="sim", exact=True, probes=TASK.probes[:2]
    )
    with pytest.raises(ArgumentError, match=r"share their probes.*probes=measured\.probes"):
        agreement(TRUTH, other)
    with pytest.raises(ShapeError, match=r"broadcast.*\(2,\) and \(3,\)"):
        agreement(flow(np.zeros((2, 2, 2))), flow(np.zeros((3, 2, 2))))
    wide = SIMTask(mu=(1.0, 2.0), sigma=0.1, dim=3)
    with pytest.raises(ShapeError, match="one dimension, but theirs are 2 and 3"):
        agreement(
            TRUTH, Trajectory.from_weights(T, np.zeros((11, 3, 3)), wide, origin="sim", exact=True)
        )


def test_what_it_tells_of_itself() -> None:
    seeds = flow(np.zeros((4, 2, 2)), "validation.train(<MLP>)")
    found = agreement(TRUTH, spoilt(seeds, (2, 4, 3, 1), 0.5))
    assert repr(found) == "Agreement(max_error=0.5, rms_error=0.0267, relative=0.203)"
    shown = dict(line.split(maxsplit=1) for line in str(found).splitlines()[4:] if "  " in line)
    assert (shown["time"], shown["probe"], shown["member"]) == ("2", "3", "(2,)")
    assert found.to_dict()["member"] == [2]
    assert json.loads(json.dumps(found.to_dict()))["max_error"] == found.max_error
    assert found._repr_html_().startswith("<table>")
    named = agreement(TRUTH, seeds)._repr_html_()
    assert "validation.train(&lt;MLP&gt;)" in named
    with pytest.raises(ValueError, match="read-only"):
        found.error_over_time[0] = 0.0


def test_the_floor_of_samples_counts_the_points_of_both() -> None:
    rng = np.random.default_rng(0)
    few, many = rng.normal(size=(10, 2)), rng.normal(size=(40, 2))
    one, other = (Samples(points, origin="sim") for points in (few, many))
    found = agreement(one, other)
    pairs = np.linalg.norm(many[:, None] - many, axis=-1).sum() / (40 * 39)
    assert found.scale == pytest.approx(pairs, rel=1e-12)
    assert found.floor == pytest.approx((1 / 10 + 1 / 40) * pairs, rel=1e-12)
