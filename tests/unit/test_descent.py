"""The discrete optimiser: its clock, its batches, what it refuses and how it fails."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from simtheory import sim
from simtheory.errors import ArgumentError, RegimeWarning, ShapeError, SolveError
from simtheory.tasks import SIMTask

TASK = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)
RNG = np.random.default_rng(0)

STARTS = {
    "OneLayer": (sim.OneLayer(), RNG.normal(0, 0.3, (4, 3, 3))),
    "Tied": (sim.Tied(), RNG.normal(0, 0.2, (4, 3, 2))),
    "Untied": (sim.Untied(), (RNG.normal(0, 0.2, (4, 5, 3)), RNG.normal(0, 0.2, (4, 3, 5)))),
    "Deep(3)": (sim.Deep(depth=3), tuple(RNG.normal(0, 0.4, (3, 4, 3, 3)))),
}
each_flow = pytest.mark.parametrize(("flow", "ensemble"), STARTS.values(), ids=STARTS)


def member_of(ensemble, m: int):
    return tuple(x[m] for x in ensemble) if isinstance(ensemble, tuple) else ensemble[m]


@each_flow
def test_descent_records_the_canonical_times(flow, ensemble) -> None:
    init = member_of(ensemble, 0)
    run = sim.descend(flow, TASK, init, steps=10, lr=0.05, loss="sum", every=3)
    step = 0.1 * (2 if isinstance(flow, sim.Tied) else 1)
    np.testing.assert_allclose(run.t, step * np.array([0, 3, 6, 9]), rtol=1e-15)
    assert run.weights.shape == (4, 3, 3)
    assert run.origin == f"sim.descend({flow.name})"
    assert not run.exact
    assert run.stats["batch"] == "population"
    fine = sim.descend(flow, TASK, init, steps=10, lr=0.05, loss="sum")
    np.testing.assert_array_equal(fine.weights[::3], run.weights)


@each_flow
def test_descent_takes_ensembles(flow, ensemble) -> None:
    run = sim.descend(flow, TASK, ensemble, steps=5, lr=0.05)
    assert run.weights.shape == (4, 6, 3, 3)
    alone = sim.descend(flow, TASK, member_of(ensemble, 3), steps=5, lr=0.05)
    np.testing.assert_allclose(run.weights[3], alone.weights, rtol=0, atol=1e-15)
    noisy = sim.descend(
        flow, TASK, ensemble, steps=5, lr=0.05, batch=2, rng=np.random.default_rng(0)
    )
    assert noisy.stats["batch"] == 2
    again = sim.descend(
        flow, TASK, ensemble, steps=5, lr=0.05, batch=2, rng=np.random.default_rng(0)
    )
    np.testing.assert_array_equal(noisy.weights, again.weights)
    assert np.abs(noisy.weights - run.weights).max() > 1e-3


def trained(flow, init, **options):
    given = {"steps": 12, "lr": 0.05, "rng": np.random.default_rng(0)} | options
    return sim.descend(flow, TASK, init, **given)


DRAWS = {
    "fresh": {"batch": 1, "label_noise": 0.2},
    "fresh, many": {"batch": 7},
    "own data": {"data": 9, "label_noise": 0.2},
    "batches": {"data": 9, "batch": 1},
    "batches, many": {"data": 9, "batch": 6, "label_noise": 0.2},
}
each_draw = pytest.mark.parametrize("options", DRAWS.values(), ids=DRAWS)


@each_flow
@each_draw
def test_a_member_does_not_know_threads_chunks_or_others(
    flow, ensemble, options, monkeypatch
) -> None:
    """To the last bit, under every division of the work."""
    many = np.arange(20) % 4
    start = tuple(x[many] for x in ensemble) if isinstance(ensemble, tuple) else ensemble[many]
    whole = trained(flow, start, threads=1, momentum=0.5, **options).weights
    for chunk, threads in ((8, 1), (8, 2), (16, 3)):
        monkeypatch.setattr("simtheory.sim.descent.optimiser._CHUNK", chunk)
        parts = trained(flow, start, threads=threads, momentum=0.5, **options).weights
        np.testing.assert_array_equal(parts, whole)
    some = np.array([3, 17, 10])
    chosen = tuple(x[some] for x in start) if isinstance(start, tuple) else start[some]
    alone = trained(flow, chosen, members=some, momentum=0.5, **options).weights
    np.testing.assert_array_equal(alone, whole[some])
    assert np.abs(whole[some] - trained(flow, chosen, momentum=0.5, **options).weights).max() > 1e-3


def test_the_error_of_diverging_descent_gives_the_largest_rate() -> None:
    start = 0.1 * np.eye(3)
    bound = 2 / (2 * TASK.rates.max() * 2)  # of depth 2, on a clock of 2 lr
    sim.descend(sim.Tied(), TASK, start, steps=2000, lr=0.95 * bound, every=500)
    message = rf"outgrew float64 at step .*below {bound:.3g}"
    with pytest.raises(SolveError, match=message) as e, pytest.warns(RegimeWarning):
        sim.descend(sim.Tied(), TASK, start, steps=2000, lr=4 * bound)
    failure = e.value
    assert failure.partial.t[-1] == pytest.approx(failure.time)
    assert np.isfinite(failure.partial.weights).all()
    assert failure.partial.origin == "sim.descend(Tied)"


def test_members_that_finish_are_not_lost() -> None:
    start = np.stack([scale * np.eye(3) for scale in (0.1, 100.0, 0.2, 1000.0)])
    with pytest.raises(SolveError, match=r"member 3 outgrew float64 at step \d.* 1 more of 4") as e:
        sim.descend(sim.Tied(), TASK, start, steps=50, lr=0.05)
    failure = e.value
    np.testing.assert_array_equal(failure.status == sim.Status.OK, [True, False, True, False])
    alone = sim.descend(sim.Tied(), TASK, start[[0, 2]], steps=50, lr=0.05)
    np.testing.assert_array_equal(failure.finished.weights, alone.weights)
    common = failure.partial.t.size
    assert 0 < common < 51
    np.testing.assert_array_equal(failure.partial.weights[[0, 2]], alone.weights[:, :common])


@each_flow
@pytest.mark.parametrize("options", [{}, {"batch": 1}, {"data": 5, "batch": 4}])
def test_a_lost_member_leaves_no_trace_in_later_ones(flow, ensemble, options) -> None:
    """Member 3 is lost; eight members later the same registers hold others."""
    layers = ensemble if isinstance(ensemble, tuple) else (ensemble,)
    starts = [np.concatenate([x] * 5) for x in layers]
    for x in starts:
        x[3] = 1.7e308
    init = tuple(starts) if isinstance(ensemble, tuple) else starts[0]
    with pytest.raises(SolveError, match="member 3 outgrew float64 at step") as e:
        trained(flow, init, **options)
    others = np.delete(np.arange(20), 3)
    alone = tuple(x[others] for x in starts) if isinstance(ensemble, tuple) else starts[0][others]
    expected = trained(flow, alone, members=others, **options).weights
    np.testing.assert_array_equal(e.value.finished.weights, expected)
    assert e.value.partial is None  # it was too large from the first step on


def test_members_that_finish_in_a_turned_task() -> None:
    turn = np.linalg.qr(np.random.default_rng(4).standard_normal((3, 3)))[0]
    task = SIMTask(mu=TASK.mu, sigma=TASK.sigma, rotation=turn)
    start = np.stack([0.1 * np.eye(3), 1000.0 * np.eye(3)])
    with pytest.raises(SolveError, match=r"member 1 outgrew") as e:
        sim.descend(sim.Tied(), task, start, steps=50, lr=0.05)
    assert e.value.finished.weights.shape == (1, 51, 3, 3)


def test_a_step_that_is_too_large_warns() -> None:
    bound = 2 / (2 * TASK.rates.max() * 2)
    for momentum in (0.0, 0.5):
        lr = bound * (1 + momentum)
        options = {"steps": 3, "momentum": momentum}
        sim.descend(sim.Tied(), TASK, 0.1 * np.eye(3), lr=0.99 * lr, **options)
        with pytest.warns(RegimeWarning, match=f"stable below {lr:.3g} only"):
            sim.descend(sim.Tied(), TASK, 0.1 * np.eye(3), lr=1.01 * lr, **options)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"steps": 0}, "`steps` must be a positive integer"),
        ({"every": 0}, "`every` must be a positive integer"),
        ({"lr": 0.0}, "`lr` must be a positive number"),
        ({"lr": np.nan}, "`lr` must be finite"),
        ({"batch": 4}, "`rng` must be a seed, such as 0, or a numpy Generator"),
        ({"batch": 0, "rng": RNG}, "`batch` must be a positive integer"),
        ({"loss": "half_sun"}, "did you mean half_sum"),
        ({"data": 0}, "`data` must be a positive integer"),
        ({"data": 4}, "`rng` must be a seed, such as 0, or a numpy Generator"),
        ({"data": 4, "batch": 5, "rng": RNG}, "`batch` must not exceed the 4 samples of `data`"),
        ({"data": [[np.nan, 0, 0]]}, "`data` must be finite"),
        ({"momentum": 1.0}, r"`momentum` must lie in \[0, 1\)"),
        ({"momentum": -0.1}, r"`momentum` must lie in \[0, 1\)"),
        ({"weight_decay": -0.1}, "`weight_decay` must not be negative"),
        ({"weight_decay": [0.1, 0.2]}, "`weight_decay` must be a number"),
        ({"label_noise": -0.1}, "`label_noise` must not be negative"),
        ({"label_noise": 0.1, "rng": RNG}, "`label_noise` needs samples"),
        ({"label_noise": 0.1, "data": np.eye(3)}, "`rng` must be a seed, such as 0, or a numpy Generator"),
        ({"members": -1}, "`members` must hold integers from 0 on"),
        ({"members": 1.5}, "`members` must hold integers from 0 on"),
        ({"threads": 0}, "`threads` must be a positive integer"),
        ({"flow": sim.OneLayer(), "loss": "recurrence"}, "update of a tied net"),
        ({"flow": None}, "`flow` must be a flow"),
        ({"task": SIMTask((1.0, 1.5, 2.2), 0.1, squared_rates=True), "batch": 4, "rng": RNG},
         "squared_rates=True"),
    ],
)  # fmt: skip
def test_descent_refuses_bad_arguments(options, rule) -> None:
    given = {"flow": sim.Tied(), "task": TASK, "steps": 3, "lr": 0.1} | options
    with pytest.raises(ArgumentError, match=rule):
        sim.descend(given.pop("flow"), given.pop("task"), np.eye(3), **given)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (
            {"data": np.ones((4, 2))},
            r"`data` must be a number of samples or have shape \(..., n, 3\)",
        ),
        ({"data": np.ones((0, 3))}, "`data` must be a number of samples"),
        ({"data": np.ones((2, 5, 3))}, "broadcast"),
        ({"members": [0, 1]}, r"`members` must have the shape \(4,\)"),
    ],
)
def test_descent_refuses_wrong_shapes(options, rule) -> None:
    with pytest.raises(ShapeError, match=rule):
        sim.descend(sim.Tied(), TASK, STARTS["Tied"][1], steps=3, lr=0.1, **options)


def test_an_interrupt_ends_a_long_run() -> None:
    trained(sim.OneLayer(), np.zeros((3, 3)), steps=1)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        trained(sim.OneLayer(), np.zeros((3, 3)), steps=10**12, every=10**12)  # days
