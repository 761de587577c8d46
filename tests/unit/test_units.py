"""The clock: the table of steps and canonical time, row by row."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory.errors import ArgumentError
from simtheory.units import LOSSES, Clock

ETA, D = 0.01, 64

# loss, tied, canonical time of one step in units of the learning rate
TABLE = [
    ("half_sum", False, 1.0),
    ("half_sum", True, 2.0),
    ("sum", False, 2.0),
    ("sum", True, 4.0),
    ("mean", False, 2.0 / D),
    ("mean", True, 4.0 / D),
    ("recurrence", True, 1.0),
]


@pytest.mark.parametrize(("loss", "tied", "factor"), TABLE)
def test_table(loss: str, tied: bool, factor: float) -> None:
    assert Clock(lr=ETA, loss=loss, dim=D, tied=tied).step == pytest.approx(factor * ETA, rel=1e-15)


def test_the_table_is_complete() -> None:
    assert {row[0] for row in TABLE} == set(LOSSES)


@pytest.mark.parametrize(("lr", "dim", "step"), [(0.1, 64, 0.003125), (0.01, 2, 0.01)])
def test_the_two_clocks_of_figure_3(lr: float, dim: int, step: float) -> None:
    assert Clock(lr=lr, loss="mean", dim=dim).step == pytest.approx(step, rel=1e-15)


def test_momentum_stretches_the_step() -> None:
    assert Clock(lr=ETA, momentum=0.9).step == pytest.approx(10 * ETA, rel=1e-14)


def test_steps_undo_time() -> None:
    clock, steps = Clock(lr=0.3, loss="mean", dim=7, tied=True), np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(clock.steps(clock.time(steps)), steps, rtol=1e-15)


@pytest.mark.parametrize(("loss", "tied", "factor"), TABLE[:6])
def test_a_step_of_gradient_descent_is_that_much_of_the_flow(
    loss: str, tied: bool, factor: float
) -> None:
    """The table against a numerical gradient of each loss, at one small step.

    A step moves W by step · field + O(step²): with step 4e-9 the remainder is below 1e-16, so the
    difference is that of the numerical gradient, about 1e-9 of it.
    """
    rng = np.random.default_rng(0)
    d = 3
    root = rng.normal(size=(d, d))
    moment = root @ root.T
    param = 0.5 * rng.normal(size=(d, d))
    clock = Clock(lr=1e-9, loss=loss, dim=d, tied=tied)

    def value(p: np.ndarray) -> float:
        miss = (p @ p.T if tied else p) - np.eye(d)
        scale = {"half_sum": 0.5, "sum": 1.0, "mean": 1.0 / d}[loss]
        return float(scale * np.trace(miss @ moment @ miss.T))

    gradient = np.zeros((d, d))
    for place in np.ndindex(d, d):
        shift = np.zeros((d, d))
        shift[place] = 1e-4
        gradient[place] = (value(param + shift) - value(param - shift)) / 2e-4
    if tied:
        W = param @ param.T
        field = (
            moment @ W + W @ moment - 0.5 * (moment @ W @ W + W @ W @ moment + 2 * W @ moment @ W)
        )
        moved = -(gradient @ param.T + param @ gradient.T)
    else:
        field, moved = (np.eye(d) - param) @ moment, -gradient
    predicted = clock.step / clock.lr * field
    tolerance = 1e-6 * np.abs(moved).max()  # central difference: h² f''' ~ 1e-8, rounding/h ~ 1e-11
    assert np.abs(predicted - moved).max() < tolerance
    assert np.abs(moved).max() > 10 * tolerance  # a clock that stands still fails


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lr": 0.0}, "`lr` must be a positive number"),
        ({"lr": np.nan}, "`lr` must be finite"),
        ({"lr": 0.1, "loss": "mse"}, "`loss` is 'mse', which is unknown"),
        ({"lr": 0.1, "loss": "mean"}, "`dim` is needed"),
        ({"lr": 0.1, "loss": "mean", "dim": 0}, "`dim` must be a positive integer"),
        ({"lr": 0.1, "loss": "recurrence"}, "pass tied=True"),
        ({"lr": 0.1, "momentum": 1.0}, r"`momentum` must lie in \[0, 1\)"),
        ({"lr": 0.1, "momentum": -0.1}, "`momentum` must lie in"),
    ],
)
def test_bad_clocks(arguments: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Clock(**arguments)
