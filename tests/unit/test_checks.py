"""The checks of arguments: accepted values, and the messages of refusals."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

import simtheory as st
from simtheory import _checks as checks
from simtheory.errors import (
    ArgumentError,
    GridWarning,
    MissingExtraError,
    ReadingWarning,
    RegimeError,
    RegimeWarning,
    ShapeError,
    SimTheoryError,
    SolveError,
    TaskError,
)


def refusal(error: type[Exception], *parts: str) -> object:
    """Expect an error whose message holds the parts in this order: name, rule, what came."""
    return pytest.raises(error, match="(?s)" + ".*".join(re.escape(part) for part in parts))


def test_finite_arrays_come_back_as_float64_copies() -> None:
    given = np.array([1, 2, 3])
    got = checks.as_finite("x", given)
    assert got.dtype == np.float64
    given[0] = 7
    assert got[0] == 1.0


@pytest.mark.parametrize(
    ("bad", "came"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")], ids=str
)
def test_entries_that_are_not_finite_are_named_with_their_place(bad: float, came: str) -> None:
    with refusal(
        ArgumentError, "Argument `x` must be finite", came, "(1, 0)", "1 bad of 4 entries"
    ):
        checks.as_finite("x", [[0.0, 1.0], [bad, 2.0]])


@pytest.mark.parametrize(
    "bad", [["a", "b"], [[1.0], [1.0, 2.0]], "a word", [1j], np.array([1j])], ids=repr
)
def test_arguments_that_are_no_real_array_are_refused(bad: object) -> None:
    with refusal(TaskError, "Argument `mu` must be an array of real numbers"):
        checks.as_finite("mu", bad, error=TaskError)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("t", "error", "parts"),
    [
        (0.5, ShapeError, ("one-dimensional", "()")),
        ([], ShapeError, ("one-dimensional", "(0,)")),
        ([[0.0, 1.0]], ShapeError, ("one-dimensional", "(1, 2)")),
        ([-1.0, 0.0], ArgumentError, ("non-negative", "-1")),
        ([0.0, 2.0, 1.0], ArgumentError, ("increase strictly", "t[1] = 2", "t[2] = 1")),
        ([0.0, 1.0, 1.0], ArgumentError, ("increase strictly", "t[1] = 1", "np.unique")),
        ([0.0, np.nan], ArgumentError, ("finite", "nan")),
    ],
    ids=["scalar", "empty", "matrix", "negative", "unsorted", "repeated", "nan"],
)
def test_bad_times(t: object, error: type[Exception], parts: tuple[str, ...]) -> None:
    with refusal(error, "Argument `t` must", *parts):
        checks.as_times(t)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(3,), (2, 3), (3, 0), (3, 4)], ids=str)
def test_bad_matrices(shape: tuple[int, ...]) -> None:
    columns = 3 if shape == (3, 4) else None
    with refusal(ShapeError, "Argument `U0` must have shape (..., 3,", str(shape)):
        checks.as_matrix("U0", np.zeros(shape), rows=3, columns=columns)


def test_matrices_keep_their_ensemble_axes() -> None:
    assert checks.as_matrix("U0", np.zeros((5, 2, 3, 4)), rows=3).shape == (5, 2, 3, 4)


@pytest.mark.parametrize(
    ("moment", "error", "rule"),
    [
        (np.zeros((2, 3)), ShapeError, "(..., d, d)"),
        ([[1.0, 0.5], [0.0, 1.0]], ArgumentError, "symmetric"),
        ([[1.0, 2.0], [2.0, 1.0]], ArgumentError, "positive semidefinite"),
    ],
    ids=["oblong", "skew", "indefinite"],
)
def test_bad_second_moments(moment: object, error: type[Exception], rule: str) -> None:
    with refusal(error, "Argument `second_moment` must", rule):
        checks.as_second_moment(moment)  # type: ignore[arg-type]


def test_second_moments_may_be_stacked_and_singular() -> None:
    assert checks.as_second_moment(np.zeros((4, 2, 2))).shape == (4, 2, 2)


@pytest.mark.parametrize("bad", [0.0, -1.0, [1.0, 2.0], np.nan], ids=repr)
def test_positive_numbers(bad: object) -> None:
    assert checks.positive("lr", 2) == 2.0
    with refusal(ArgumentError, "Argument `lr` must"):
        checks.positive("lr", bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [0, -3, 2.0, True, "4"], ids=repr)
def test_positive_integers(bad: object) -> None:
    assert checks.positive_int("n", np.int64(4)) == 4
    with refusal(ArgumentError, "Argument `n` must be a positive integer", repr(bad)):
        checks.positive_int("n", bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ends", "inside", "outside"),
    [
        ("()", [1e-300, 0.5], [0.0, 1.0, -0.1, 1.1]),
        ("[)", [0.0, 0.5], [1.0, -0.1]),
        ("(]", [0.5, 1.0], [0.0, 1.1]),
        ("[]", [0.0, 1.0], [-1e-9, 1.0 + 1e-9]),
    ],
)
def test_shares(ends: str, inside: list[float], outside: list[float]) -> None:
    rule = f"must lie in {ends[0]}0, 1{ends[1]}, but it "
    for good in inside:
        assert checks.share("level", good, ends=ends) == good
    np.testing.assert_array_equal(checks.shares("level", inside, ends=ends), inside)
    for bad in outside:
        with refusal(RegimeError, f"Argument `level` {rule}is {bad}"):
            checks.share("level", bad, ends=ends, error=RegimeError)
        with refusal(
            ArgumentError, f"Argument `level` of a mode {rule}runs from {bad:g} to {bad:g}"
        ):
            checks.shares("Argument `level` of a mode", [bad, bad], ends=ends)
    for bad in ([0.5, 0.5], True, np.nan, "0.5", None):
        with refusal(ArgumentError, "Argument `level` must be"):
            checks.share("level", bad)  # type: ignore[arg-type]


def test_numbers_that_are_not_negative() -> None:
    assert checks.non_negative("label_noise", 0) == 0.0
    np.testing.assert_array_equal(checks.not_negative("w0", [0, 2]), [0.0, 2.0])
    with refusal(TaskError, "Argument `sigma` must not be negative, but it is -0.5"):
        checks.non_negative("sigma", -0.5, error=TaskError)
    with refusal(TaskError, "Argument `sigma` must not be negative", "smallest entry is -0.5"):
        checks.not_negative("sigma", [1.0, -0.5], error=TaskError)
    with refusal(TaskError, "Argument `sigma` must be positive", "smallest entry is 0"):
        checks.all_positive("sigma", [1.0, 0.0], error=TaskError)


def test_seeds() -> None:
    assert checks.non_negative_int("seed", np.int64(0)) == 0
    assert checks.non_negative_int("seed", 2**40) == 2**40
    assert checks.as_seed("seed", np.int64(2**32 - 1)) == 2**32 - 1
    for bad in (-1, 1.0, True, None, "1"):
        with refusal(ArgumentError, "Option --seed must be a non-negative integer, but", repr(bad)):
            checks.non_negative_int("Option --seed", bad)  # type: ignore[arg-type]
        with refusal(
            ArgumentError, "Argument `seed` must be an integer from 0 to 2**32 - 1", repr(bad)
        ):
            checks.as_seed("seed", bad)  # type: ignore[arg-type]
    with refusal(ArgumentError, "`seed` must be an integer from 0 to 2**32 - 1", "4294967296"):
        checks.as_seed("seed", 2**32)


def test_the_error_of_an_unknown_name_has_the_nearest_name() -> None:
    with refusal(ArgumentError, "Argument `loss` is 'half-sum'", "did you mean half_sum"):
        checks.one_of("loss", "half-sum", ("half_sum", "sum", "mean"))
    assert checks.nearest("zzz", ("b", "a")) == "known are a, b."
    for bad in (3, None, ["sum"]):
        with refusal(
            ArgumentError, "Argument `loss` must be a word, one of half_sum, sum", repr(bad)
        ):
            checks.one_of("loss", bad, ("half_sum", "sum"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad", [None, 1.5, np.random.RandomState(0)], ids=["none", "number", "legacy"]
)
def test_randomness_is_explicit(bad: object) -> None:
    with refusal(ArgumentError, "Argument `rng` must be a seed, such as 0, or a numpy Generator"):
        checks.as_generator(bad)  # type: ignore[arg-type]


def test_a_missing_package_names_the_extra() -> None:
    with refusal(MissingExtraError, "no_such_package", 'pip install "simtheory[sweep]"'):
        checks.require("no_such_package", extra="sweep")


@pytest.mark.parametrize("error", [ArgumentError, TaskError, ShapeError, RegimeError])
def test_errors_are_value_errors_and_simtheory_errors(error: type[Exception]) -> None:
    assert issubclass(error, SimTheoryError)
    assert issubclass(error, ValueError)


def test_a_solve_error_survives_a_process_pool() -> None:
    error = pickle.loads(pickle.dumps(SolveError("too stiff", time=1.5, partial=(1, 2))))
    assert (str(error), error.time, error.partial) == ("too stiff", 1.5, (1, 2))


def test_a_warning_names_the_line_of_the_caller() -> None:
    task = st.SIMTask(mu=(1.0, 2.0), sigma=0.1)
    start, few = 0.1 * np.eye(2), np.linspace(0.0, 30.0, 4)
    coarse = st.sim.solve(st.sim.Tied(), task, start, few)
    still = st.Trajectory.from_weights(few, np.zeros((4, 2, 2)), task, origin="sim", exact=True)
    calls = {
        RegimeWarning: lambda: st.sim.descend(st.sim.Tied(), task, start, steps=2, lr=0.5),
        GridWarning: lambda: st.observe.learning_times(coarse),
        ReadingWarning: lambda: st.agreement(still, still),
    }
    for kind, call in calls.items():
        with pytest.warns(kind) as said:
            call()
        assert said[0].filename == __file__, kind
