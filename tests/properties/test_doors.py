"""Wrong arguments at all public entries: a typed error that names the argument, or a right answer."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from numpy.typing import ArrayLike

import simtheory as st
from simtheory._faces import is_face
from simtheory.errors import ArgumentError, ShapeError, SimTheoryError, TaskError
from tests.properties import doors
from tests.properties.doors.good.things import RUN

CALLS = 1000
PARTS = 10
FAST = 6
"""Parts that the default run draws; the slow one draws the others."""


@pytest.mark.parametrize(
    "part", [pytest.param(k, marks=[pytest.mark.slow] * (k >= FAST)) for k in range(PARTS)]
)
def test_a_wrong_argument_is_refused_by_name(part: int, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    faults = [
        f"{call}: {fault}"
        for call in doors.drawn(CALLS, seed=20)[part::PARTS]
        if (fault := call.fault()) is not None
    ]
    assert not faults, "\n".join(faults)


def test_every_public_entry_checks_its_arguments_and_has_a_good_call(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    every = list(doors.entries())
    assert len(every) > 250
    assert [entry.name for entry in every if not is_face(entry.code)] == []
    for entry in every:
        arguments = doors.good(entry)
        if entry.short not in doors.COSTLY:
            assert set(entry.required) <= set(arguments), entry.name
            with doors.quiet(), np.errstate(all="raise"):  # a state of the process changes nothing
                entry.call(**arguments)
            with pytest.raises(ArgumentError, match=r"`sigam` is unknown|no place for 'sigam'"):
                entry.call(**arguments, sigam=0.1)


def test_a_slip_in_a_keyword_is_answered_with_the_nearest() -> None:
    with pytest.raises(ArgumentError, match=r"`sigam` is unknown; did you mean sigma"):
        st.SIMTask(mu=(1.0, 2.0), sigam=0.1)
    with pytest.raises(ArgumentError, match=r"`tresh` is unknown; did you mean .*threshold"):
        st.observe.swing_by(RUN, tresh=0.1)
    with pytest.raises(ArgumentError, match=r"`axx` is unknown; did you mean ax"):
        st.plot.loss(RUN, axx=None)
    with pytest.raises(ArgumentError, match=r"`colour` is unknown; .* refused: .*'colour'"):
        st.plot.loss(RUN, colour="red")
    with pytest.raises(ArgumentError, match=r"`membre` is unknown; known are index\."):
        RUN.member(membre=0)


def test_the_judge_notices_each_kind_of_fault() -> None:
    def swallow(rate: ArrayLike) -> float:
        return 1.0

    def fall(rate: ArrayLike) -> float:
        return rate.missing

    def blank(rate: ArrayLike) -> float:
        return float("nan")

    def mumble(rate: ArrayLike) -> float:
        raise ArgumentError("No.")

    def verdict(call, wrong: str) -> str | None:
        entry = doors.Entry.of(f"own.{call.__name__}", call, call)
        return doors.Call(entry, "rate", wrong).fault()

    assert verdict(swallow, "dates") == "accepted in silence"
    assert verdict(swallow, "one number") is None
    assert verdict(fall, "one number").startswith("raw AttributeError")
    assert verdict(blank, "one number") == "NaN in the answer"
    assert verdict(mumble, "one number").startswith("names no argument")


SINGLE = np.random.default_rng(3).normal(size=(40, 3)).astype(np.float32)


def test_single_precision_is_checked_at_its_own_precision_and_made_exact() -> None:
    moment = SINGLE.T @ SINGLE / np.float32(40)
    moment[0, 1] *= np.float32(1.0 + 2e-6)  # the last digits of a product in single precision
    t = np.linspace(0.0, 1.0, 3)
    exact = 0.5 * (moment.astype(float) + moment.T.astype(float))
    got = st.sim.integrate(st.sim.Tied(), moment, 0.1 * np.eye(3), t)
    np.testing.assert_allclose(
        got, st.sim.integrate(st.sim.Tied(), exact, 0.1 * np.eye(3), t), rtol=0, atol=1e-12
    )
    with pytest.raises(ArgumentError, match="`second_moment` must be symmetric"):
        st.sim.integrate(st.sim.Tied(), moment.astype(float), 0.1 * np.eye(3), t)

    turn = np.linalg.qr(SINGLE[:3])[0].astype(np.float32)
    task = st.SIMTask(mu=(1.0, 2.0, 3.0), sigma=0.1, rotation=turn)
    assert abs(task.rotation.T @ task.rotation - np.eye(3)).max() < 1e-15 * 8
    with pytest.raises(TaskError, match="`rotation` must be orthogonal"):
        st.SIMTask(mu=(1.0, 2.0, 3.0), sigma=0.1, rotation=turn.astype(float))

    weights = np.array([0.1, 0.2, 0.7], dtype=np.float32)
    assert st.SIMTask(mu=(1.0, 2.0, 3.0), sigma=0.1, weights=weights).weights.sum() == 1.0
    with pytest.raises(TaskError, match="`weights` must sum to 1"):
        st.SIMTask(mu=(1.0, 2.0, 3.0), sigma=0.1, weights=weights.astype(float))

    scaled = (0.1 * np.linalg.qr(SINGLE[:3])[0]).astype(np.float32)
    plain = st.SIMTask(mu=(0.0, 0.0, 0.0), sigma=1.0)
    layers = st.inits.balanced(scaled)
    singles = [layer.astype(np.float32) for layer in layers]
    singles[0] = singles[0] * np.float32(1.0 + 1e-7)
    assert st.analytic.untied.isotropic(plain, singles, t).weights.shape == (3, 3, 3)


@pytest.mark.parametrize("wrong", [1, 0, "yes", None, np.array([True])])
def test_a_flag_is_a_bool(wrong) -> None:
    with pytest.raises(SimTheoryError, match="`origin` must be True or False"):
        st.SIMTask(mu=(1.0, 2.0), sigma=0.1, origin=wrong)
    with pytest.raises(ArgumentError, match="must be True or False"):
        st.SIMTask.from_dict({"mu": [1.0, 2.0], "sigma": 0.1, "origin": wrong})


@pytest.mark.parametrize("task", [doors.TASK, doors.NOISY])
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda task: pickle.loads(pickle.dumps(task))]
)
def test_copies_of_a_task_stay_read_only(task, again) -> None:
    twin = again(task)
    assert twin == task
    for name in ("mu", "sigma", "weights", "covariance", "mean"):
        if name in type(task).__slots__:
            assert not getattr(twin, name).flags.writeable


def test_shapes_that_do_not_broadcast_are_named() -> None:
    with pytest.raises(ShapeError, match=r"`rate` \(2,\), `w0` \(3,\)"):
        st.analytic.tied.mode([1.0, 2.0], [0.1, 0.2, 0.3], [0.0, 1.0])


def test_a_class_in_place_of_its_instance_is_named() -> None:
    with pytest.raises(
        ArgumentError, match=r"`task` must be of the kind SIMTask.*class SIMTask itself"
    ):
        st.analytic.tied.learnable(st.SIMTask, np.eye(2))


def test_long_values_are_shortened() -> None:
    with pytest.raises(ArgumentError) as caught:
        st.inits.uniform((2, 2), scale="x" * 5000, rng=np.random.default_rng(0))
    assert len(str(caught.value)) < 200


def test_answers_refuse_nan_where_it_says_nothing() -> None:
    shares = st.sim.hierarchy.LevelShares(np.array([np.nan]), np.full((1, 2), np.nan), np.inf, 0)
    assert np.isnan(shares.shares[0])
    with pytest.raises(ArgumentError, match="`excess` must be a number or infinite"):
        st.sim.hierarchy.LevelShares(np.ones(1), np.ones((1, 2)), np.nan, 0)
    with pytest.raises(ArgumentError, match="`low` must be finite"):
        st.assess.Share(0.5, np.nan, 1.0)


def test_rates_that_leave_no_mass_are_refused() -> None:
    relaxed = st.analytic.composition.relaxed
    moved, half = np.array([[-1.0, 1.0], [1.0, -1.0]]), np.full(2, 0.5)
    found = relaxed(np.array([1.0, 0.0]), moved, half)
    np.testing.assert_allclose(found, 0.5 + 0.5 * np.exp(-2.0) * np.array([1.0, -1.0]), rtol=1e-12)
    with pytest.raises(ShapeError, match="`masses` must have a mass for each of `exact`"):
        relaxed(np.zeros(2), moved, half)
