"""The discrete optimiser: its clock, its batches, what it refuses and how it fails."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory import sim
from simtheory.errors import ArgumentError, SolveError
from simtheory.sim.descent import _drawn_moment
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


def test_batches_are_drawn_from_the_task() -> None:
    turn = np.linalg.qr(np.random.default_rng(4).standard_normal((4, 4)))[0]
    task = SIMTask(
        mu=(1.0, 2.0, 1.5),
        sigma=(0.3, 0.1, 0.2, 0.4),
        dim=4,
        weights=(0.2, 0.5, 0.3),
        rotation=turn,
    )
    n = 40_000
    drawn = _drawn_moment(task, n, (2,), np.random.default_rng(5))
    assert drawn.shape == (2, 4, 4)
    # An entry is a mean of n products with a spread below E|x|^2, about 3: four of their errors.
    np.testing.assert_allclose(drawn, np.stack([task.second_moment] * 2), atol=12 / np.sqrt(n))
    assert np.abs(drawn[0] - drawn[1]).max() > 0


def test_descent_that_diverges_says_how_to_choose_the_rate() -> None:
    start = 0.1 * np.eye(3)
    bound = 2 / (2 * TASK.rates.max() * 2)  # of depth 2, on a clock of 2 lr
    sim.descend(sim.Tied(), TASK, start, steps=2000, lr=0.95 * bound, every=500)
    with pytest.raises(SolveError, match=rf"outgrew float64 at step .*below {bound:.3g}") as e:
        sim.descend(sim.Tied(), TASK, start, steps=2000, lr=4 * bound)
    failure = e.value
    assert failure.partial.t[-1] == pytest.approx(failure.time)
    assert np.isfinite(failure.partial.weights).all()
    assert failure.partial.origin == "sim.descend(Tied)"


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"steps": 0}, "`steps` must be a positive integer"),
        ({"every": 0}, "`every` must be a positive integer"),
        ({"lr": 0.0}, "`lr` must be a positive number"),
        ({"lr": np.nan}, "`lr` must be finite"),
        ({"batch": 4}, "`rng` must be a numpy Generator"),
        ({"batch": 0, "rng": RNG}, "`batch` must be a positive integer"),
        ({"loss": "half_sun"}, "did you mean half_sum"),
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
