"""Numbers read off trajectories whose numbers are known in closed form."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from simtheory import observe
from simtheory.errors import ArgumentError, ReadingWarning, ShapeError, TaskError
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

TASK = SIMTask(mu=(1.0, 2.0, 1.5), sigma=(0.3, 0.1, 0.5), dim=4)
T = np.linspace(0.0, 12.0, 2401)
coarse = pytest.mark.filterwarnings("ignore:The times are too coarse")  # hand-made, few numbers
R = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]


def one_layer(task: SIMTask, start: np.ndarray, t: np.ndarray = T) -> Trajectory:
    """Exact flow I + (W(0) − I) e^{−At} from starts of shape (..., d, d) in the concept axes."""
    turn = np.eye(task.dim) if task.rotation is None else task.rotation
    miss = (start - np.eye(task.dim))[..., None, :, :] * np.exp(-t[:, None, None] * task.rates)
    weights = turn @ (np.eye(task.dim) + miss) @ turn.T
    return Trajectory.from_weights(t, weights, task, origin="analytic.one_layer", exact=True)


def forget(traj: Trajectory, **arrays: object) -> Trajectory:
    """The same outputs, as a network without end-to-end map would show them."""
    return replace(traj, weights=None, origin="validation.train", arrays=arrays)


def with_loss(values: np.ndarray, t: np.ndarray | None = None) -> Trajectory:
    """A trajectory of one concept whose loss at the target has the given values, shape (..., T)."""
    values = np.asarray(values, dtype=float)
    task = SIMTask(mu=1.0, sigma=0.0)
    t = np.arange(values.shape[-1], dtype=float) if t is None else t
    weights = (1.0 - np.sqrt(2.0 * values))[..., None, None]
    return Trajectory.from_weights(t, weights, task, origin="sim", exact=True)


ZERO = np.zeros((4, 4))
STARTS = np.random.default_rng(2).normal(size=(5, 4, 4)) * 0.3


@pytest.mark.parametrize("rotation", [None, R], ids=["plain", "turned"])
@pytest.mark.parametrize("vertex", [None, (1, 0, 1)])
def test_loss_of_one_layer_from_zero(rotation, vertex) -> None:
    task = replace(TASK, rotation=rotation)
    got = observe.loss(one_layer(task, ZERO), vertex=vertex)
    held = np.array(vertex or (1, 1, 1)) * task.mu
    wanted = 0.5 * np.sum(held**2 * np.exp(-2 * T[:, None] * task.rates[:3]), axis=1)
    # Sums of a dozen products near 1: a few eps of L(0) = 3.6.
    np.testing.assert_allclose(got, wanted, atol=1e-14, rtol=0)
    assert wanted[0] > 10 * 1e-14


def test_loss_needs_no_weights() -> None:
    traj = one_layer(TASK, STARTS)
    got = observe.loss(forget(traj), vertex=(0, 1, 1))
    assert got.shape == (5, T.size)
    np.testing.assert_allclose(got, observe.loss(traj, vertex=(0, 1, 1)), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("rotation", [None, R], ids=["plain", "turned"])
def test_train_loss_of_one_layer_from_zero(rotation) -> None:
    task = replace(TASK, rotation=rotation)
    wanted = 0.5 * np.sum(task.rates * np.exp(-2 * T[:, None] * task.rates), axis=1)
    got = observe.train_loss(one_layer(task, ZERO))
    np.testing.assert_allclose(got, wanted, atol=1e-14, rtol=0)


def test_train_loss_is_the_mean_over_samples_also_with_squared_rates() -> None:
    task = replace(TASK, mu=(2.0, 3.0, 1.0), squared_rates=True, rotation=R)
    traj = one_layer(task, STARTS[0], T[:30:10])
    x, _ = task.sample(40_000, rng=np.random.default_rng(0))
    each = np.stack([0.5 * np.sum((x @ W.T - x) ** 2, axis=1) for W in traj.weights])
    error = 5 * each.std(axis=1) / np.sqrt(len(x))  # 1/√n, five of them
    got = observe.train_loss(traj)
    assert (np.abs(got - each.mean(axis=1)) < error).all()
    assert (got > 10 * error).all()
    miss = traj.weights - np.eye(4)
    descended = 0.5 * np.trace(
        miss @ task.second_moment @ np.swapaxes(miss, 1, 2), axis1=1, axis2=2
    )
    assert abs(descended[0] - got[0]) > 10 * error[0]  # the loss of the squared moment fails


def test_train_loss_of_a_network_is_the_recorded_one() -> None:
    recorded = np.linspace(1, 0, 5 * T.size).reshape(5, -1)
    traj = forget(one_layer(TASK, STARTS), train_loss=("*ensemble t", recorded))
    np.testing.assert_array_equal(observe.train_loss(traj), recorded)
    np.testing.assert_array_equal(observe.train_loss(traj.member(3)), recorded[3])


def test_train_loss_that_is_not_there() -> None:
    bare = forget(one_layer(TASK, ZERO), lr=("", 0.1))
    with pytest.raises(ArgumentError, match=r"weights or a recorded training loss.*\['lr'\]"):
        observe.train_loss(bare)
    with pytest.raises(ShapeError, match=r"train_loss.*\(2401,\), but its shape is \(3,\)"):
        forget(bare, train_loss=("*ensemble t", np.zeros(3)))
    other = forget(bare, train_loss=("epoch", np.zeros(3)))
    with pytest.raises(ShapeError, match=r"train_loss.*must run over .*it runs over epoch"):
        observe.train_loss(other)


def test_concept_outputs_are_turned_back() -> None:
    plain = one_layer(TASK, STARTS)
    turned = one_layer(replace(TASK, rotation=R), STARTS)
    got = observe.concept_outputs(turned)
    assert got.shape == (5, T.size, 3)
    np.testing.assert_allclose(got, observe.concept_outputs(plain), atol=1e-13, rtol=0)
    np.testing.assert_allclose(got[:, -1], np.broadcast_to(TASK.mu, (5, 3)), atol=0.1)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("rotation", [None, R], ids=["plain", "turned"])
def test_learning_times_of_one_layer(level: float, rotation) -> None:
    task = replace(TASK, rotation=rotation)
    got = observe.learning_times(forget(one_layer(task, ZERO)), level=level)
    wanted = -np.log(1 - level) / task.rates[:3]
    # Linear interpolation errs by at most h² max|w''| / (8 w'), w''/w' = a; w' falls by at most
    # e^{ah} ≈ 1 inside a step.
    tolerance = 1.1 * (T[1] - T[0]) ** 2 / 8 * task.rates.max()
    np.testing.assert_allclose(got, wanted, atol=tolerance, rtol=0)
    assert wanted.min() > 10 * tolerance


def test_learning_times_of_an_isotropic_tied_net() -> None:
    """W = e^{2at} W(0) (I + (e^{2at}−1) W(0))⁻¹; the time of w_kk = level by bisection on it."""
    a, start = 1.0, np.array([[0.02, 0.013], [0.013, 0.03]])
    task = SIMTask(mu=(1.0, 1.0), sigma=np.sqrt(0.5))

    def at(t: float) -> np.ndarray:
        return np.exp(2 * a * t) * start @ np.linalg.inv(np.eye(2) + np.expm1(2 * a * t) * start)

    traj = Trajectory.from_weights(
        T, np.array([at(t) for t in T]), task, origin="analytic.tied.isotropic", exact=True
    )
    wanted = []
    for k in range(2):
        low, high = 0.0, 12.0
        while high - low > 1e-12:
            middle = (low + high) / 2
            low, high = (middle, high) if at(middle)[k, k] < 0.5 else (low, middle)
        wanted.append(low)
    # As above: h²/8 · |w''|/w', and a tied mode has |w''|/w' ≤ 2a.
    np.testing.assert_allclose(observe.learning_times(traj), wanted, atol=7e-6, rtol=0)
    np.testing.assert_array_equal(observe.order(traj), [1, 0])


@coarse
def test_times_at_the_edges_of_the_grid() -> None:
    start = np.diag([0.7, 0.0, 0.0, 0.0])
    traj = one_layer(TASK, start, np.array([0.0, 0.3, 0.6]))
    times = observe.learning_times(traj)
    assert times[0] == 0.0  # learned at the start
    assert times[1] == pytest.approx(np.log(2) / TASK.rates[1], abs=0.016)  # h² a/8
    assert times[2] == np.inf  # not on this grid
    np.testing.assert_array_equal(observe.order(traj), [0, 1, 2])


@coarse
def test_the_first_crossing_counts() -> None:
    task, w = SIMTask(mu=1.0, sigma=0.0), np.array([0.0, 0.8, 0.2, 1.0])
    traj = Trajectory.from_weights(np.arange(4.0), w[:, None, None], task, origin="sim", exact=True)
    assert observe.learning_times(traj)[0] == pytest.approx(0.5 / 0.8)


def test_order_over_an_ensemble() -> None:
    got = observe.order(one_layer(TASK, np.zeros((2, 3, 4, 4))))
    assert got.shape == (2, 3, 3)
    np.testing.assert_array_equal(got, np.broadcast_to([1, 2, 0], (2, 3, 3)))


@pytest.mark.parametrize("level", [0.0, 1.0, -1, np.nan, (0.1, 0.2)])
def test_bad_levels(level) -> None:
    with pytest.raises(ArgumentError, match="`level` must"):
        observe.learning_times(one_layer(TASK, ZERO), level=level)


def test_a_concept_without_signal_is_never_learned() -> None:
    task = SIMTask(mu=(1.0, 0.0), sigma=0.5)
    with pytest.raises(ArgumentError, match="`mu` is 0 for concept 1"):
        observe.learning_times(one_layer(task, np.zeros((2, 2))))


def test_a_centroid_that_was_not_watched() -> None:
    traj = forget(one_layer(TASK, ZERO))
    only = replace(traj, probes=traj.probes[-1:], outputs=traj.outputs[:, -1:])
    with pytest.raises(ArgumentError, match="was not watched"):
        observe.learning_times(only)


@coarse
def test_rises_of_a_hand_made_loss() -> None:
    traj = with_loss([2.0, 1.0, 0.5, 0.6, 0.9, 0.4, 0.1, 0.1, 0.3, 0.0])
    swing = observe.swing_by(traj)
    assert swing.descents == 3
    first, second = swing.rises
    assert (first.t_min, first.t_max) == (2.0, 4.0)
    assert (second.t_min, second.t_max) == (7.0, 8.0)  # the last point of a flat bottom
    assert first.size == pytest.approx(0.4)
    assert first.relative == pytest.approx(0.2)
    assert observe.descents(traj) == 3
    assert observe.largest_rise(traj) == pytest.approx(0.2)


@coarse
def test_ripples_neither_make_a_rise_nor_split_one() -> None:
    falls = [2.0, 1.0, 1.01, 0.5, 0.51, 0.5, 0.2]
    rises = [0.2, 0.4, 0.39, 0.8, 0.79, 1.0, 0.0]
    traj = with_loss([*falls, *rises])
    (rise,) = observe.swing_by(traj, threshold=0.05).rises
    assert (rise.t_min, rise.t_max) == (7.0, 12.0)
    assert rise.size == pytest.approx(0.8)
    assert observe.swing_by(traj, threshold=1e-3).descents == 6
    assert observe.swing_by(traj, threshold=0.5).descents == 1


@coarse
@pytest.mark.parametrize(
    ("values", "descents"),
    [([1.0], 1), ([1.0, 1.0, 1.0], 1), ([3.0, 2.0, 1.0], 1), ([1.0, 2.0], 2), ([0.0, 2.0, 0.5], 2)],
    ids=["one time", "flat", "monotone", "rising to the end", "from a loss of zero"],
)
def test_corners_of_the_detector(values: list[float], descents: int) -> None:
    traj = with_loss(values)
    assert observe.swing_by(traj).descents == descents
    assert observe.descents(traj) == descents
    assert (observe.largest_rise(traj) > 0) == (descents > 1)


def test_a_rise_that_is_known_in_closed_form() -> None:
    """One layer, a = (1, 0.3): W(0) = [[0,1],[0,1]] starts at loss 0 and peaks at .0873, t = 1.72."""
    task = SIMTask(mu=(1.0, 1.0), sigma=(np.sqrt(0.3), 0.0), weights=(0.7, 0.3))
    np.testing.assert_allclose(task.rates, [1.0, 0.3], rtol=1e-14)
    traj = one_layer(task, np.array([[0.0, 1.0], [0.0, 1.0]]))
    (rise,) = observe.swing_by(traj).rises
    # The output misses by e^{−.3t} − e^{−t}, largest at t = ln(1/.3)/.7; the grid is h = .005 apart.
    top = np.log(1 / 0.3) / 0.7
    assert rise.t_max == pytest.approx(top, abs=0.0025)
    assert rise.size == pytest.approx(0.5 * (np.exp(-0.3 * top) - np.exp(-top)) ** 2, abs=1e-6)
    assert rise.size == pytest.approx(0.0873, abs=5e-5)
    assert rise.relative == np.inf
    assert observe.largest_rise(traj) == np.inf


@coarse
def test_counting_over_an_ensemble_agrees_with_counting_one_by_one() -> None:
    rng = np.random.default_rng(0)
    values = np.abs(np.cumsum(rng.normal(size=(2, 20, 60)), axis=-1)) + 0.1
    traj = with_loss(values)
    counts, largest = observe.descents(traj, threshold=0.5), observe.largest_rise(traj)
    assert counts.shape == largest.shape == (2, 20)
    assert len(np.unique(counts)) > 3
    for place in np.ndindex(2, 20):
        one = observe.swing_by(traj.member(place), threshold=0.5)
        assert counts[place] == one.descents
        climbs = [values[place][j] - values[place][: j + 1].min() for j in range(60)]
        assert largest[place] == pytest.approx(max(climbs) / values[place][0])
        assert all(rise.relative <= largest[place] * (1 + 1e-12) for rise in one.rises)


def test_swing_by_wants_a_single_run() -> None:
    with pytest.raises(ShapeError, match=r"single run.*\(5,\).*traj.member\(k\).*descents"):
        observe.swing_by(one_layer(TASK, STARTS))


@coarse  # the noise is on purpose
def test_smoothing_takes_noise_away_and_keeps_the_rise() -> None:
    t = np.linspace(0.0, 10.0, 1001)
    clean = np.exp(-t) + 0.2 * np.exp(-((t - 6.0) ** 2))
    noisy = clean + 0.002 * np.random.default_rng(0).normal(size=t.size)
    traj = with_loss(np.abs(noisy), t)
    assert observe.swing_by(traj, threshold=2e-3).descents > 10
    (rise,) = observe.swing_by(traj, threshold=2e-3, smooth=51).rises
    # The window shifts nothing (it is centred) and flattens a peak of curvature 2·.2 by c w²/24.
    assert rise.t_max == pytest.approx(6.0, abs=0.1)
    assert observe.largest_rise(traj, smooth=51) == pytest.approx(rise.relative)
    assert observe.descents(traj, threshold=2e-3, smooth=51) == 2


@coarse
def test_shares_are_of_the_loss_at_the_first_time_also_where_it_is_smoothed() -> None:
    """The average of the first three values is 5/3, and the rise after it 1."""
    traj = with_loss([3.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 0.5, 0.5])
    (rise,) = observe.swing_by(traj, smooth=3, threshold=0.1).rises
    assert (rise.size, rise.relative) == (pytest.approx(1.0), pytest.approx(1.0 / 3.0))
    assert observe.largest_rise(traj, smooth=3) == pytest.approx(1.0 / 3.0)
    for threshold, descents in ((0.3, 2), (0.4, 1)):  # .4 of 5/3 is below the rise, of 3 above it
        assert observe.descents(traj, smooth=3, threshold=threshold) == descents
        assert observe.swing_by(traj, smooth=3, threshold=threshold).descents == descents


def test_the_window_of_a_rate_is_in_shares_of_the_first_loss() -> None:
    """A loss that first climbs to a hundred times its start decays at .5 and, from .01 down, at 2."""
    t = np.linspace(0.0, 30.0, 3001)
    falling = np.where(t < 20.0, -0.5 * t, -10.0 - 2.0 * (t - 20.0))
    values = np.exp(falling)
    values[0] = 0.01
    with pytest.warns(ReadingWarning, match="no straight line"):
        observe.terminal_rate(with_loss(values, t), window=(1e-6, 1e-1))
    # Of the first loss .01: from 1e-5 to 1e-7, where the rate is 2. Of the largest, 1: where it is .5.
    got = observe.terminal_rate(with_loss(values, t), window=(1e-5, 1e-3 * np.exp(-1e-9)))
    assert got == pytest.approx(2.0, rel=1e-9)
    # The tail ends where the loss first falls below the window, so a floor under it does not count.
    floor = np.exp(-t) + 1e-7
    assert observe.terminal_rate(with_loss(floor, t), window=(1e-5, 1e-2)) == pytest.approx(
        1, rel=0.01
    )


@pytest.mark.parametrize("smooth", [0, 2, 2403, 1.0])
def test_bad_smoothing(smooth) -> None:
    with pytest.raises(ArgumentError, match="`smooth` must"):
        observe.swing_by(one_layer(TASK, ZERO), smooth=smooth)


@pytest.mark.parametrize("threshold", [-1e-3, np.nan, (0.1, 0.2)])
def test_bad_thresholds(threshold) -> None:
    with pytest.raises(ArgumentError, match="`threshold` must"):
        observe.descents(one_layer(TASK, ZERO), threshold=threshold)


@pytest.mark.parametrize("vertex", [None, (1, 0, 0), (0, 1, 0), (0, 1, 1)])
def test_terminal_rate_is_that_of_the_slowest_concept_held(vertex) -> None:
    task = SIMTask(mu=(1.0, 2.0, 1.5), sigma=0.0)
    traj = one_layer(task, np.zeros((2, 3, 3)), np.linspace(0, 60, 3001))
    got = observe.terminal_rate(traj, vertex=vertex)
    slowest = 2 * task.rates[np.array(vertex or (1, 1, 1)) > 0].min()
    # Where L = 1e-4 L(0), the next mode, at 1.78 times the rate in the worst case, holds a share of
    # 1.78 (1e-4)^.78 = 1.4e-3 of the loss, and pulls the slope by less. Alone, a mode is straight.
    np.testing.assert_allclose(got, np.full(2, slowest), rtol=1.4e-3)
    if vertex == (1, 0, 0):
        np.testing.assert_allclose(got, slowest, rtol=1e-10)
    others = 2 * np.setdiff1d(task.rates, slowest / 2)
    assert (np.abs(got[0] / others - 1) > 10 * 1.4e-3).all()  # another concept's rate fails


def test_terminal_rate_of_a_tied_mode() -> None:
    """A logistic mode w' = 2a w(1−w) misses by e^{−2at}, so its loss decays at 4a."""
    a, t = 0.8, np.linspace(0, 10, 1001)
    w = 1 / (1 + 99 * np.exp(-2 * a * t))
    traj = with_loss(0.5 * (1 - w) ** 2, t)
    # slope of ln(1−w) is −2a w, and 1−w ≤ √1e-4 in the window, falling fivefold per unit of time
    assert observe.terminal_rate(traj) == pytest.approx(4 * a, rel=0.01)
    tight = observe.terminal_rate(traj, window=(1e-12, 1e-8))
    assert tight == pytest.approx(4 * a, rel=1e-4)


def test_terminal_rate_says_when_the_logarithm_is_no_line() -> None:
    t = np.linspace(0.0, 400.0, 4001)
    power = with_loss((1.0 + t) ** -2.0, t)
    with pytest.warns(
        ReadingWarning, match=r"no straight line.*its slope goes from -.*Choose another"
    ):
        observe.terminal_rate(power, window=(1e-5, 1e-2))
    pair = np.stack([np.exp(-t / 20), 0.5 * (np.exp(-t / 20) + np.exp(-t / 60))])
    with pytest.warns(ReadingWarning, match=r"of the loss of member \(1,\) is no straight line"):
        got = observe.terminal_rate(with_loss(pair, t), window=(1e-3, 0.3))
    assert got[0] == pytest.approx(1 / 20, rel=1e-9)


def test_terminal_rate_prints_its_result() -> None:
    short = one_layer(TASK, STARTS, T[:400])
    with pytest.raises(ArgumentError, match=r"`window` must hold.*of member \(0,\) has 0 between"):
        observe.terminal_rate(short)
    for window in ((0.1, 0.01), (0.0, 0.1), (0.1, 2.0), 0.1):
        with pytest.raises(ArgumentError, match="`window` must be"):
            observe.terminal_rate(short, window=window)


def test_a_violation_of_the_hierarchy_is_the_largest_over_nested_pairs() -> None:
    task = SIMTask(mu=(1.0, 2.0, 1.5), sigma=0.1)
    maps = np.random.default_rng(5).normal(size=(2, 7, 3, 3))
    traj = Trajectory.from_weights(np.arange(7.0), maps, task, origin="sim", exact=True)
    seen = {v: observe.loss(traj, vertex=v) for v in product((0, 1), repeat=3)}
    nested = [(u, v) for u in seen for v in seen if all(a <= b for a, b in zip(u, v, strict=True))]
    wanted = np.max([seen[u] - seen[v] for u, v in nested], axis=0)
    np.testing.assert_allclose(observe.hierarchy_violation(traj), wanted, rtol=1e-13, atol=1e-13)
    assert wanted.max() > 1.0
    many = SIMTask(mu=np.ones(17), sigma=0.1)
    still = Trajectory.from_weights([0.0], np.zeros((1, 17, 17)), many, origin="sim", exact=True)
    with pytest.raises(TaskError, match="at most 16 concepts"):
        observe.hierarchy_violation(still)


def test_the_edge_of_the_positive_cone() -> None:
    U = np.random.default_rng(0).normal(size=(5, T.size, 3, 2))
    task = SIMTask(mu=(1.0, 1.0, 1.0), sigma=0.1)
    inside = Trajectory.from_weights(T, U @ np.swapaxes(U, -1, -2), task, origin="sim", exact=True)
    lowest = observe.min_eigenvalue(inside)
    assert lowest.shape == (5, T.size)
    assert np.abs(lowest).max() < 1e-13  # rank 2 of 3: zero, to eps · ‖W‖ ~ 20
    skew = np.array([[0.0, 1.0, 0], [-1.0, 0, 0], [0, 0, 0]])
    outside = replace(inside, weights=inside.weights + skew - 0.1 * np.eye(3))
    np.testing.assert_allclose(observe.min_eigenvalue(outside), -0.1, atol=1e-13)
    with pytest.raises(ArgumentError, match="must have weights"):
        observe.min_eigenvalue(forget(one_layer(TASK, ZERO)))


def test_the_training_loss_is_on_the_data_also_of_a_task_with_squared_rates() -> None:
    plain = SIMTask(mu=(1.0, 2.0), sigma=0.1)
    squared = replace(plain, squared_rates=True)
    weights = np.zeros((1, 2, 2))
    runs = [
        Trajectory.from_weights([0.0], weights, task, origin="sim", exact=True)
        for task in (plain, squared)
    ]
    losses = [observe.train_loss(run) for run in runs]
    np.testing.assert_array_equal(*losses)
    assert losses[1] == pytest.approx(0.5 * np.trace(plain.second_moment))
    assert abs(losses[1] - 0.5 * np.trace(squared.second_moment)) > 0.1
