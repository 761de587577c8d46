"""Statistics that forget their members, against those of members that are kept."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from simtheory import sim
from simtheory.errors import ArgumentError, ShapeError, SolveError

A = np.diag([0.5, 1.0, 2.0])
T = np.linspace(0.0, 6.0, 13)
U0 = 0.1 * np.random.default_rng(0).standard_normal((250, 3, 4))
READ = sim.Diagonal()


def starts(first: int, last: int):
    return U0[first:last]


def test_statistics_are_those_of_all_members_at_once() -> None:
    edges = np.linspace(0.0, 1.1, 56)
    found = sim.summarize(sim.Tied(), A, starts, T, read=READ, members=250, edges=edges, block=64)
    kept = sim.integrate(sim.Tied(), A, U0, T, read=READ)
    assert (found.count, found.failed) == (250, ())
    np.testing.assert_allclose(found.mean, kept.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(found.std, kept.std(axis=0, ddof=1), rtol=1e-12)
    np.testing.assert_array_equal(found.minimum, kept.min(axis=0))
    np.testing.assert_array_equal(found.maximum, kept.max(axis=0))
    assert (found.histogram.sum(axis=-1) == 250).all()
    for q in (0.0, 0.1, 0.5, 0.9, 1.0):
        # A bin is 0.02 wide, and two neighbours in the order may lie a bin apart.
        exact = np.quantile(kept, q, axis=0)
        np.testing.assert_allclose(found.quantile(q), exact, rtol=0, atol=0.03)
    assert np.abs(kept[0] - found.quantile(0.5)).max() > 0.3  # a member is not the median


def test_threads_move_no_bit_and_arrays_are_as_good_as_a_source() -> None:
    moments = A * np.linspace(0.8, 1.2, 250)[:, np.newaxis, np.newaxis]
    given = sim.summarize(sim.Tied(), moments, U0, T, read=READ, block=100, threads=1)
    drawn = sim.summarize(
        sim.Tied(),
        lambda first, last: moments[first:last],
        starts,
        T,
        read=READ,
        members=250,
        block=100,
        threads=2,
    )
    np.testing.assert_array_equal(given.mean, drawn.mean)
    np.testing.assert_array_equal(given.std, drawn.std)


def test_a_measure_makes_one_number_of_a_curve() -> None:
    def half_time(readings):
        learned = readings > 0.5
        return np.where(learned.any(axis=1), T[learned.argmax(axis=1)], T[-1])

    found = sim.summarize(sim.Tied(), A, U0, T, read=READ, measure=half_time, block=100)
    kept = half_time(sim.integrate(sim.Tied(), A, U0, T, read=READ))
    np.testing.assert_allclose(found.mean, kept.mean(axis=0), rtol=1e-13)
    assert found.mean.shape == (3,)


def test_members_that_fail_are_left_out_and_named() -> None:
    bad = U0.copy()
    bad[[3, 177]] *= 1e90
    found = sim.summarize(sim.Tied(), A, bad, T, read=READ, block=100)
    assert (found.count, found.failed) == (248, (3, 177))
    with pytest.raises(SolveError, match="too large"):
        sim.summarize(sim.Tied(), A, 1e90 * U0, T, read=READ)


def test_memory_does_not_grow_with_the_ensemble() -> None:
    def peak(members: int) -> int:
        tracemalloc.start()
        sim.summarize(
            sim.Tied(), A, lambda a, b: U0[: b - a], T, read=READ, members=members, block=200
        )
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(200)
    assert peak(2000) < 1.3 * peak(400)


def test_chains_are_cut_layer_by_layer() -> None:
    layers = (0.3 * U0.mT, 0.3 * U0)
    found = sim.summarize(sim.Untied(), A, layers, T, read=READ, block=99)
    kept = sim.integrate(sim.Untied(), A, layers, T, read=READ)
    np.testing.assert_allclose(found.mean, kept.mean(axis=0), rtol=1e-13)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ArgumentError, match="`members` is needed"):
        sim.summarize(sim.Tied(), A, starts, T, read=READ)
    with pytest.raises(ArgumentError, match="`members` is 3, but `init` holds 250"):
        sim.summarize(sim.Tied(), A, U0, T, read=READ, members=3)
    with pytest.raises(ShapeError, match="one leading axis"):
        sim.summarize(sim.Tied(), A, U0[0], T, read=READ)
    with pytest.raises(ShapeError, match="must give 250 members"):
        sim.summarize(sim.Tied(), A, lambda a, b: U0[:7], T, read=READ, members=250)
    with pytest.raises(ArgumentError, match="`edges` must hold two increasing"):
        sim.summarize(sim.Tied(), A, U0, T, read=READ, edges=[1.0, 0.0])
    whole = sim.summarize(sim.Tied(), A, U0[:5], T, read=READ, edges=[0.0, 1.0])
    with pytest.raises(ArgumentError, match=r"`q` must lie in \[0, 1\], but it is 1.5"):
        whole.quantile(1.5)
    with pytest.raises(ArgumentError, match="needs a histogram"):
        sim.summarize(sim.Tied(), A, U0[:5], T, read=READ).quantile(0.5)
