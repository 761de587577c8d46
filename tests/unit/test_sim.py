"""The face of the integrator: shapes, ensembles, what is refused, and how failures are reported."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from simtheory import inits, sim
from simtheory.errors import ArgumentError, ShapeError, SolveError
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

TASK = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)
A = TASK.second_moment
T = np.linspace(0.0, 6.0, 7)
RNG = np.random.default_rng(0)

STARTS = {
    "OneLayer": (sim.OneLayer(), RNG.normal(0, 0.3, (3, 3))),
    "Tied": (sim.Tied(), RNG.normal(0, 0.2, (3, 2))),
    "Untied": (sim.Untied(), (RNG.normal(0, 0.2, (5, 3)), RNG.normal(0, 0.2, (3, 5)))),
    "Deep(3)": (
        sim.Deep(depth=3),
        tuple(RNG.normal(0, 0.4, shape) for shape in ((4, 3), (2, 4), (3, 2))),
    ),
}
each_flow = pytest.mark.parametrize(("flow", "init"), STARTS.values(), ids=STARTS)


def stacked(init, members: int):
    """An ensemble around a start: (members, ...) of every layer."""
    factors = (1 + 0.1 * np.arange(members))[:, np.newaxis, np.newaxis]
    return tuple(x * factors for x in init) if isinstance(init, tuple) else init * factors


def member_of(init, m: int):
    return tuple(x[m] for x in init) if isinstance(init, tuple) else init[m]


def test_the_package_loads_no_numba_before_it_is_needed() -> None:
    code = "import sys, simtheory.sim; sys.exit('numba' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@each_flow
def test_solve_gives_a_trajectory(flow, init) -> None:
    run = sim.solve(flow, TASK, init, T)
    assert isinstance(run, Trajectory)
    assert run.weights.shape == (7, 3, 3)
    assert run.outputs.shape == (7, 8, 3)
    assert run.exact
    assert run.origin == f"sim.solve({flow.name})"
    assert run.task is TASK
    assert run.stats["rtol"] == 1e-11
    steps, rejected = run.stats["steps"], run.stats["rejected"]
    if flow.depth == 1:
        assert (run.stats["method"], steps) == ("closed form", 0)
        return
    assert run.stats["method"] == "DOP853"
    assert steps > 0
    # One evaluation to begin; 12 for a step, 5 for its interpolant, which a rejected one may miss.
    lowest = 1 + 17 * steps + 12 * rejected
    assert lowest <= run.stats["field_evaluations"] <= lowest + 5 * rejected


def test_solve_watches_the_probes_it_is_given() -> None:
    flow, init = STARTS["Tied"]
    run = sim.solve(flow, TASK, init, T, probes=[[1.0, 0.0, 0.0]])
    np.testing.assert_array_equal(run.outputs[:, 0], run.weights[:, :, 0])


@each_flow
def test_members_of_an_ensemble_are_the_members_alone_bit_for_bit(flow, init) -> None:
    together = stacked(init, 4)
    W = sim.integrate(flow, A, together, T)
    assert W.shape == (4, 7, 3, 3)
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    mixed = np.stack([A, turn @ A @ turn.T, 2 * A, np.eye(3)])
    mixed = (mixed + np.swapaxes(mixed, -1, -2)) / 2
    dense = sim.integrate(flow, mixed, together, T)
    for m in range(4):
        np.testing.assert_array_equal(sim.integrate(flow, A, member_of(together, m), T), W[m])
        alone = sim.integrate(flow, mixed[m], member_of(together, m), T)
        np.testing.assert_array_equal(alone, dense[m])


@each_flow
def test_leading_axes_broadcast(flow, init) -> None:
    moments = np.stack([A, 2 * A])[:, np.newaxis]
    W = sim.integrate(flow, moments, stacked(init, 3), T)
    assert W.shape == (2, 3, 7, 3, 3)
    one = sim.integrate(flow, 2 * A, member_of(stacked(init, 3), 2), T)
    np.testing.assert_array_equal(W[1, 2], one)
    only_moments = sim.integrate(flow, moments[:, 0], init, T)
    assert only_moments.shape == (2, 7, 3, 3)


@each_flow
def test_an_ensemble_without_members_has_no_numbers(flow, init) -> None:
    one = stacked(init, 1)
    empty = tuple(x[:0] for x in one) if isinstance(one, tuple) else one[:0]
    assert sim.integrate(flow, A, empty, T).shape == (0, 7, 3, 3)


def test_wide_nets_and_their_members_agree() -> None:
    U0 = inits.gaussian((4, 3, 20), scale=0.1, rng=np.random.default_rng(2))
    W = sim.integrate(sim.Tied(), A, U0, T)
    np.testing.assert_array_equal(sim.integrate(sim.Tied(), A, U0[2], T), W[2])
    np.testing.assert_allclose(W[:, 0], U0 @ np.swapaxes(U0, -1, -2), rtol=0, atol=1e-17)


def test_layers_may_have_different_leading_axes() -> None:
    W1, W2 = np.zeros((2, 1, 4, 3)) + 0.1, np.zeros((5, 3, 4)) + 0.2
    assert sim.integrate(sim.Untied(), A, (W1, W2), T).shape == (2, 5, 7, 3, 3)


@pytest.mark.parametrize("t", [[0.0], [3.0], [0.0, 1e-9], [1e-300, 5.0]])
def test_grids_of_any_kind(t) -> None:
    flow, init = STARTS["Tied"]
    W = sim.integrate(flow, A, init, t)
    assert W.shape == (len(t), 3, 3)
    assert np.isfinite(W).all()
    denser = sim.integrate(flow, A, init, np.union1d(t, T))
    np.testing.assert_allclose(W, denser[np.isin(np.union1d(t, T), t)], rtol=0, atol=2e-9)


def test_what_is_zero_stays_zero() -> None:
    init = np.array([[0.1, 0.2], [0.0, 0.0], [0.3, -0.1]])
    W = sim.integrate(sim.Tied(), A, init, T)
    assert not W[:, 1].any()
    assert W[-1, 2, 2] > 0.9
    for flow, start in STARTS.values():
        if flow.depth > 1:
            zero = tuple(0 * x for x in start) if isinstance(start, tuple) else 0 * start
            assert not sim.integrate(flow, A, zero, T).any()


def test_a_row_that_dies_out_does_not_stall_the_steps() -> None:
    # At width one the weak row falls for ever; its square leaves float64 at 1e-154.
    rates = np.array([0.06375625, 3.330625])
    W = sim.integrate(sim.Tied(), np.diag(rates), [[1e-4], [1e-4]], [0.0, 300.0], max_steps=2000)
    np.testing.assert_allclose(W[-1], [[0, 0], [0, 1]], rtol=0, atol=1e-9)


def test_large_weights_are_stiff_but_come_home() -> None:
    U0 = 1e3 * np.random.default_rng(3).standard_normal((3, 3))
    W = sim.integrate(sim.Tied(), A, U0, [0.0, 100.0], max_steps=3000)
    np.testing.assert_allclose(W[-1], np.eye(3), rtol=0, atol=1e-9)


# Refusals


@pytest.mark.parametrize(
    ("flow", "init", "rule"),
    [
        (sim.OneLayer(), np.zeros((3, 2)), r"shape \(\.\.\., 3, 3\)"),
        (sim.OneLayer(), np.zeros(3), r"shape \(\.\.\., 3, 3\)"),
        (sim.Tied(), np.zeros((2, 3)), r"shape \(\.\.\., 3, width\)"),
        (sim.Tied(), np.zeros((3, 0)), r"shape \(\.\.\., 3, width\)"),
        (sim.Tied(), inits.balanced(np.ones((3, 3))), "must be one array"),
        (sim.OneLayer(), [np.ones((3, 3))] * 2, "must be one array"),
        (sim.Untied(), np.ones((3, 3)), "tuple of 2 layers.*one array"),
        (sim.Untied(), (np.ones((3, 3)),) * 3, "tuple of 2 layers.*holds 3"),
        (sim.Untied(), (np.ones((4, 3)), np.ones((3, 5))), r"shape \(\.\.\., 3, 4\) in layer 2"),
        (
            sim.Untied(),
            (np.ones((4, 2)), np.ones((3, 4))),
            r"shape \(\.\.\., width, 3\) in layer 1",
        ),
        (sim.Untied(), (np.ones((4, 3)), np.ones((2, 4))), r"shape \(\.\.\., 3, 4\) in layer 2"),
        (sim.Deep(depth=4), (np.ones((3, 3)),) * 3, "tuple of 4 layers.*holds 3"),
        (sim.Deep(depth=1), (np.ones(3),), "layer 1 of 1"),
        (sim.Untied(), (np.ones((2, 3, 3)), np.ones((5, 3, 3))), "must broadcast"),
    ],
)
def test_starts_of_the_wrong_shape_are_refused(flow, init, rule) -> None:
    with pytest.raises(ShapeError, match=rule):
        sim.solve(flow, TASK, init, T)
    with pytest.raises(ShapeError, match=rule):
        sim.descend(flow, TASK, init, steps=1, lr=0.1)


@each_flow
def test_starts_that_are_not_finite_are_refused(flow, init) -> None:
    bad = stacked(init, 2)
    (bad[-1] if isinstance(bad, tuple) else bad)[1, 0, 0] = np.nan
    with pytest.raises(ArgumentError, match="`init` must be finite"):
        sim.solve(flow, TASK, bad, T)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"t": [1.0, 0.5]}, "increase strictly"),
        ({"t": [0.0, np.nan]}, "must be finite"),
        ({"t": [-1.0, 0.5]}, "non-negative"),
        ({"rtol": 0.0}, "`rtol` must lie in"),
        ({"rtol": 1e-14}, "`rtol` must lie in"),
        ({"rtol": np.nan}, "`rtol` must be finite"),
        ({"rtol": [1e-6, 1e-6]}, "`rtol` must be a number"),
        ({"max_steps": 0}, "`max_steps` must be a positive integer"),
        ({"max_steps": 1.5}, "`max_steps` must be a positive integer"),
        ({"flow": "tied"}, r"`flow` must be a flow, such as sim.Tied\(\)"),
        ({"flow": sim.Tied}, "`flow` must be a flow"),
    ],
)
def test_bad_arguments_are_refused(options, rule) -> None:
    given = {"flow": sim.Tied(), "t": T} | options
    flow, t = given.pop("flow"), given.pop("t")
    with pytest.raises(ArgumentError, match=rule):
        sim.solve(flow, TASK, np.ones((3, 3)), t, **given)
    with pytest.raises(ArgumentError, match=rule):
        sim.integrate(flow, A, np.ones((3, 3)), t, **given)


def test_second_moments_are_checked() -> None:
    for moment, error, rule in (
        (np.ones((3, 2)), ShapeError, "second_moment"),
        ([[1.0, 0.5], [0.0, 1.0]], ArgumentError, "symmetric"),
        ([[1.0, 0.0], [0.0, -1.0]], ArgumentError, "positive semidefinite"),
    ):
        with pytest.raises(error, match=rule):
            sim.integrate(sim.Tied(), moment, np.ones((2, 2)), T)
    with pytest.raises(ShapeError, match=r"must broadcast.*\(2,\), \(5,\)"):
        sim.integrate(sim.Tied(), np.stack([A, A]), np.ones((5, 3, 3)), T)


@pytest.mark.parametrize("depth", [0, -1, 2.0, True])
def test_depth_is_a_positive_integer(depth) -> None:
    with pytest.raises(ArgumentError, match="`depth` must be a positive integer"):
        sim.Deep(depth=depth)


# Failures


def test_a_spent_budget_tells_who_when_and_what_to_do() -> None:
    init = np.stack([np.zeros((3, 3)), 0.1 * np.eye(3), 0.2 * np.eye(3)])
    t = np.linspace(0.0, 40.0, 401)
    with pytest.raises(
        SolveError, match=r"Member 1 stopped at time .*raise `max_steps`.*2 of 3"
    ) as e:
        sim.solve(sim.Tied(), TASK, init, t, max_steps=20)
    failure = e.value
    assert 0 < failure.time < 40
    partial = failure.partial
    assert 1 < partial.t.size < 401
    assert partial.ensemble == (3,)
    np.testing.assert_array_equal(partial.t, t[: partial.t.size])
    whole = sim.solve(sim.Tied(), TASK, init, t)
    np.testing.assert_allclose(
        partial.weights, whole.weights[:, : partial.t.size], rtol=0, atol=2e-9
    )
    np.testing.assert_array_equal(failure.status, [0, 3, 3])
    np.testing.assert_array_equal(failure.finished.weights[0], whole.weights[0])
    with pytest.raises(SolveError) as e:
        sim.integrate(sim.Tied(), A, init, t, max_steps=20)
    np.testing.assert_array_equal(
        e.value.partial[0], whole.weights[0]
    )  # the others are as they were
    kept = np.isfinite(e.value.partial).all(axis=(-2, -1))
    assert kept[0].all()
    assert kept[1:, 0].all()
    assert not kept[1:, -1].any()
    assert (np.diff(kept.astype(int)) <= 0).all()  # numbers first, then NaN


def test_members_on_several_axes_are_named_by_their_place() -> None:
    init = np.zeros((2, 2, 3, 3))
    init[1, 0] = 0.1
    with pytest.raises(SolveError, match=r"Member \(1, 0\) stopped"):
        sim.solve(sim.Tied(), TASK, init, [50.0], max_steps=3)


def test_no_partial_where_no_grid_time_was_reached() -> None:
    with pytest.raises(SolveError, match="The integration stopped") as e:
        sim.solve(sim.Tied(), TASK, 0.1 * np.eye(3), [50.0], max_steps=3)
    assert e.value.partial is None


@pytest.mark.parametrize("scale", [1e60, 1e120, 1e200])
@pytest.mark.parametrize(("flow", "init"), [*STARTS.values()][1:], ids=[*STARTS][1:])
def test_weights_beyond_float64_end_typed(flow, init, scale) -> None:
    huge = tuple(scale * x for x in init) if isinstance(init, tuple) else scale * init
    with pytest.raises(SolveError, match="too large for a float64") as e:
        sim.solve(flow, TASK, huge, T)
    assert e.value.time == 0.0
    assert e.value.partial is None


def test_a_budget_of_seconds_ends_typed_and_keeps_what_was_reached() -> None:
    rates = np.geomspace(1e-4, 1.0, 4)
    chain = (np.full((4, 4), 0.3) + np.eye(4),) * 3  # deep nets have no frame: many short steps
    t = np.linspace(0.0, 1e9, 11)
    with pytest.raises(SolveError, match="raise `max_seconds`") as e:
        sim.integrate(sim.Deep(depth=3), np.diag(rates), chain, t, max_seconds=0.2, max_steps=10**9)
    assert e.value.status == sim.Status.OUT_OF_TIME
    assert 0 < e.value.time < 1e9
    assert np.isfinite(e.value.partial[0]).all()
    assert np.isnan(e.value.partial[-1]).all()


READINGS = {
    "entries": (sim.Entries(), lambda W, x: W.reshape(*W.shape[:-2], 9)),
    "triangle": (sim.LowerTriangle(), lambda W, x: W[..., *np.tril_indices(3)]),
    "diagonal": (sim.Diagonal(), lambda W, x: np.diagonal(W, axis1=-2, axis2=-1)),
    "outputs": (sim.Outputs(TASK.vertices()), lambda W, x: (x @ W.mT).reshape(*W.shape[:-2], -1)),
    "losses": (sim.Losses(TASK.vertices()), lambda W, x: 0.5 * ((x @ W.mT - x) ** 2).sum(-1)),
}


@pytest.mark.parametrize("name", READINGS)
@each_flow
def test_a_reading_is_what_one_would_compute_from_the_weights(flow, init, name) -> None:
    read, computed = READINGS[name]
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    together = stacked(init, 11)
    for moment in (A, turn @ A @ turn.T):
        moment = (moment + moment.T) / 2
        expected = computed(sim.integrate(flow, moment, together, T), TASK.vertices())
        found = sim.integrate(flow, moment, together, T, read=read)
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-14 * np.abs(expected).max())


def test_losses_are_measured_against_the_teacher() -> None:
    rng = np.random.default_rng(3)
    layers = tuple(0.3 * rng.standard_normal((2, 1, 3, 3)))
    teachers, x = rng.standard_normal((4, 3, 3)), rng.standard_normal((5, 3))
    W = sim.integrate(sim.Untied(), A, layers, T, teacher=teachers)
    off = x @ np.swapaxes(W - teachers[:, np.newaxis], -1, -2)
    expected = 0.5 * (off**2).sum(-1)
    found = sim.integrate(sim.Untied(), A, layers, T, teacher=teachers, read=sim.Losses(x))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * expected.max())
    # Power: distances from the inputs are other numbers.
    wrong = 0.5 * ((x @ np.swapaxes(W, -1, -2) - x) ** 2).sum(-1)
    assert np.abs(wrong - expected).max() > 0.1 * expected.max()
    given = sim.integrate(
        sim.Untied(), A, layers, T, teacher=teachers, read=sim.Losses(x, answers=x)
    )
    np.testing.assert_allclose(given, wrong, rtol=0, atol=1e-13 * wrong.max())
    with pytest.raises(ShapeError, match=r"`answers` must have shape \(\.\.\., 5, 3\)"):
        sim.Losses(x, answers=x[1:])


def test_readings_refuse_what_does_not_fit() -> None:
    U0 = 0.1 * np.eye(3)
    with pytest.raises(ShapeError, match=r"`probes` must have shape \(P, 3\)"):
        sim.integrate(sim.Tied(), A, U0, T, read=sim.Outputs(np.eye(2)))
    with pytest.raises(ShapeError, match="`probes`"):
        sim.Losses([1.0, 2.0])
    with pytest.raises(ArgumentError, match=r"`read` must be a reading, such as sim.Diagonal"):
        sim.integrate(sim.Tied(), A, U0, T, read="diagonal")


def test_threads_and_other_members_do_not_move_a_bit() -> None:
    U0 = inits.gaussian((300, 4, 6), scale=0.01, rng=np.random.default_rng(5))
    U0[::7, :, 1:] = 0.0  # rank one: integrated as a factor
    moments = np.random.default_rng(6).uniform(0.3, 2.0, (300, 4))[..., np.newaxis] * np.eye(4)
    t = np.linspace(0.0, 400.0, 31)  # long enough for the frame for some, not for others
    W = sim.integrate(sim.Tied(), moments, U0, t, threads=1)
    for threads in (2, 3):
        again = sim.integrate(sim.Tied(), moments, U0, t, threads=threads)
        np.testing.assert_array_equal(again, W)
    backwards = sim.integrate(sim.Tied(), moments[::-1], U0[::-1], t)
    np.testing.assert_array_equal(backwards[::-1], W)
    for m in (0, 7, 150, 299):
        np.testing.assert_array_equal(sim.integrate(sim.Tied(), moments[m], U0[m], t), W[m])


def test_a_large_net_does_not_depend_on_other_members() -> None:
    d, rng = 27, np.random.default_rng(8)  # squares of eight that do not fit
    U0 = 0.1 * rng.standard_normal((5, d, d + 9)) / np.sqrt(d)
    rates = rng.uniform(0.3, 2.0, (5, d))
    rates[3] *= 20.0  # in the exponential frame
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
    moments = turn @ (rates[..., np.newaxis] * turn.T)
    moments = (moments + moments.mT) / 2
    t = np.linspace(0.0, 12.0, 5)
    W = sim.integrate(sim.Tied(), moments, U0, t, threads=1)
    np.testing.assert_array_equal(sim.integrate(sim.Tied(), moments, U0, t, threads=2), W)
    for m in (0, 3):
        np.testing.assert_array_equal(sim.integrate(sim.Tied(), moments[m], U0[m], t), W[m])
        U = sim.integrate(sim.Tied(), moments[m], U0[m, :, : d - 1], t)  # another form: a factor
        lost = U0[m, :, d - 1 :]
        assert np.abs(U[0] - W[m, 0]).max() < 2 * np.abs(lost @ lost.T).max()
    np.testing.assert_allclose(W, W.mT, rtol=0, atol=1e-15)
    probes = rng.standard_normal((2, d))
    seen = sim.integrate(sim.Tied(), moments, U0, t, read=sim.Outputs(probes))
    np.testing.assert_allclose(seen.reshape(5, 5, 2, d), probes @ W, rtol=0, atol=1e-13)
    bad = U0.copy()
    bad[2] *= 1e80
    with pytest.raises(SolveError, match=r"Member 2 stopped at time 0\.") as e:
        sim.integrate(sim.Tied(), moments, bad, t)
    np.testing.assert_array_equal(e.value.partial[[0, 1, 3, 4]], W[[0, 1, 3, 4]])
