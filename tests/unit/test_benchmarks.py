"""The benchmarks: the reference, the count of the bound, the search for tolerances, and the page."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate._ivp import dop853_coefficients as tableau

from benchmarks import bound, calibrate, page, results
from benchmarks.peers import OURS, PEERS
from benchmarks.problem import SPECTRA, Ensemble, gram, second_moments, triangle
from benchmarks.reference import taylor
from benchmarks.worker import Cost, Failed, Worker
from simtheory.sim import Tied, integrate


@pytest.mark.parametrize("spectrum", SPECTRA)
def test_member_k_does_not_depend_on_the_size_of_the_ensemble(spectrum) -> None:
    many, few = Ensemble(4, 7, spectrum).draw(), Ensemble(4, 7, spectrum).first(3).draw()
    for all_of_them, some in zip(many, few, strict=True):
        np.testing.assert_array_equal(all_of_them[:3], some)
    condition = many[0].max() / many[0].min()
    expected, within = {"std": (4.0, 0.5), "wide": (50.0, 1e-12), "xwide": (1000.0, 1e-12)}[
        spectrum
    ]
    assert condition == pytest.approx(expected, rel=within)  # `std` draws each rate within 20 %


def test_the_packed_triangle_and_back() -> None:
    place, flat = triangle(5)
    W = gram(np.random.default_rng(0).normal(size=(1, 5, 7)))[0]
    np.testing.assert_array_equal(W.ravel()[flat][place], W)


def test_two_orders_of_the_reference_agree_beyond_float64() -> None:
    ensemble = Ensemble(4, 2)
    fine = taylor(ensemble)
    coarse = taylor(ensemble, order=24, tolerance=1e-20, longest=1.7)
    assert np.abs(fine - coarse).max() < 1e-16


def test_the_reference_is_the_flow() -> None:
    """Against the integrator in U, which shares nothing with it; the start alone misses by order one."""
    ensemble = Ensemble(4, 2)
    rates, starts = ensemble.draw()
    truth = taylor(ensemble)
    found = integrate(Tied(), second_moments(rates), starts, ensemble.t, rtol=1e-11)
    assert np.abs(found - truth).max() < 1e-11
    assert np.abs(gram(starts)[:, np.newaxis] - truth).max() > 0.5


def test_the_bound_counts_the_tableau() -> None:
    """From SciPy's table: 12 stages and the step, two estimates, three more stages, four dense rows."""
    d, v = 3, 6
    A, stages = tableau.A, tableau.N_STAGES
    step = np.count_nonzero(A[:stages]) + np.count_nonzero(tableau.B)
    estimates = np.count_nonzero(tableau.E3) + np.count_nonzero(tableau.E5)
    dense = np.count_nonzero(A[stages + 1 :]) + np.count_nonzero(tableau.D)
    one, none = (bound.work(d, steps, 0, 10) for steps in (1, 0))
    assert one[0] - none[0] == 15 * 2 * d**3 + 2 * v * (step + estimates + dense)
    assert none == (10 * 14 * v, 8 * d * d * 10)
    rejected = bound.work(d, 0, 1, 10)[0] - none[0]
    assert rejected == 11 * 2 * d**3 + 2 * v * (step + estimates)


class _Pretend:
    """A worker whose error is a tenth, or ten times, of what is asked."""

    def __init__(self, factor: float, floor: float = 0.0) -> None:
        self.factor, self.floor = factor, floor

    def run(self, rtol: float, atol_ratio: float, *, check: bool = False) -> Cost:
        if rtol < 1e-13:
            raise Failed("too tight")
        return Cost(1.0, 1.0, max(self.factor * rtol, self.floor))


@pytest.mark.parametrize("factor", [0.1, 1.0, 10.0, 1e3])
def test_the_search_finds_a_tolerance_just_below_the_target(factor) -> None:
    setting = calibrate._search(_Pretend(factor), 0.0, 1e-9)
    assert calibrate.GOOD_ENOUGH * 1e-9 <= setting.error <= 1e-9
    assert setting.error == pytest.approx(factor * setting.rtol)


class _Jumping(_Pretend):
    """A worker of variable order: its error jumps from a third of the target to twice it."""

    def run(self, rtol: float, atol_ratio: float, *, check: bool = False) -> Cost:
        return Cost(1.0, 1.0, 0.3e-9 if rtol < 2.3e-10 else 2e-9)


def test_the_search_closes_in_on_a_jump() -> None:
    assert 2.0e-10 < calibrate._search(_Jumping(1.0), 0.0, 1e-9).rtol < 2.3e-10


def test_the_search_gives_up_where_the_target_is_out_of_reach() -> None:
    assert calibrate._search(_Pretend(1.0, floor=1e-8), 0.0, 1e-9) is None


def test_a_worker_measures_and_reports_failures() -> None:
    ensemble = Ensemble(2, 8)
    with Worker(OURS) as worker:
        worker.set_up(ensemble)
        worker.run(1e-6, 0.0)
        cost = worker.run(1e-6, 0.0, check=True)
        assert 0.0 < cost.error < 1e-6
        assert cost.cpu > 0.0
        with pytest.raises(Failed, match="rtol"):
            worker.run(1.0, 0.0)
        worker.run(1e-6, 0.0)  # still there


def test_every_peer_lists_its_settings() -> None:
    for name, peer in PEERS.items():
        assert peer.settings, name
        assert peer.largest == 64 or peer.reason, name


def test_the_page_is_that_of_the_results_on_file(tmp_path) -> None:
    page.write(results.load(), tmp_path / "benchmarks.md")
    assert (tmp_path / "benchmarks.md").read_text() == page.PAGE.read_text()
    for figure in (tmp_path / "_static" / "benchmarks").iterdir():
        assert (page.PAGE.parent / "_static" / "benchmarks" / figure.name).exists()
