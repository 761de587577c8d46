"""Percolation: runs against all states of a small torus, thresholds, graphs, points and misuse."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from simtheory.errors import ArgumentError, ShapeError, SolveError
from simtheory.sim import percolation
from simtheory.sim.percolation import Everything, Largest, PercolationRun, Wrapping
from simtheory.sim.percolation.runs import AT_THRESHOLD

DISCS = 1.12808737  # Mertens and Moore 2012
SQUARE = 0.59274605  # Jacobsen 2015
STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1))


def state_of(kept: set[int], side: int) -> tuple[bool, bool, int, int]:
    """Walk through the clusters of a torus: wraps along x and y, largest size, sum of squares."""
    turns: dict[int, tuple[int, int]] = {}
    along_x = along_y = False
    sizes = [0]
    for start in kept:
        if start in turns:
            continue
        turns[start], todo, size = (0, 0), [start], 0
        while todo:
            here = todo.pop()
            size += 1
            for dx, dy in STEPS:
                u, v = here % side + dx, here // side + dy
                there = (v % side) * side + u % side
                if there not in kept:
                    continue
                way = (turns[here][0] + u // side, turns[here][1] + v // side)
                if there not in turns:
                    turns[there] = way
                    todo.append(there)
                along_x |= way[0] != turns[there][0]
                along_y |= way[1] != turns[there][1]
        sizes.append(size)
    return along_x, along_y, max(sizes), sum(s * s for s in sizes)


@pytest.fixture(scope="module")
def all_states() -> list[tuple[int, tuple[bool, bool, int, int]]]:
    """Number of sites and state of all 2^9 choices of sites of a 3 x 3 torus."""
    found = []
    for mask in range(2**9):
        kept = {k for k in range(9) if mask >> k & 1}
        found.append((len(kept), state_of(kept, 3)))
    return found


@pytest.fixture(scope="module")
def small() -> PercolationRun:
    return percolation.lattice(3, runs=40_000, rng=0, record=Everything())


@pytest.mark.parametrize("p", [0.2, 0.55, 0.9])
def test_runs_agree_with_all_states_of_a_small_torus(all_states, small, p: float) -> None:
    exact = np.zeros(5)
    for n, (x, y, largest, squares) in all_states:
        weight = p**n * (1 - p) ** (9 - n)
        share = np.array([largest, squares - largest**2]) / max(n, 1)
        exact += weight * np.array([x or y, (x + y) / 2, x and y, *share])
    wraps = small.wrapping(p)
    sizes = [small.largest(p), small.susceptibility(p)]
    found = [wraps.either, wraps.x, wraps.both, *sizes]
    # Five standard errors of 40 000 runs: a share has at most 0.5 / sqrt(40 000) = 0.0025.
    assert np.all(np.abs(np.array(found) - exact) < [0.0125, 0.0125, 0.0125, 0.0125, 0.02])
    assert abs(wraps.one - wraps.either + wraps.x) < 1e-12
    # Without the walk round the torus, spanning the sheet would be counted: it differs by far.
    if p == 0.55:
        assert abs(exact[0] - exact[2]) > 0.1


def test_identities_hold_in_every_run(small: PercolationRun) -> None:
    p = np.linspace(0.0, 1.0, 11)
    wraps = small.wrapping(p)
    np.testing.assert_allclose(wraps.either + wraps.both, 2 * wraps.x, atol=1e-12)
    assert np.all(wraps.both <= wraps.x)
    assert np.all(wraps.x <= wraps.either)
    assert np.all(np.diff(wraps.either) > 0)
    assert wraps.either[0] == 0.0
    assert wraps.either[-1] == 1.0
    assert np.isclose(small.largest(1.0), 1.0)
    assert small.susceptibility(1.0) < 1e-12


@pytest.mark.parametrize("record", [Wrapping(), Largest(), Everything()])
def test_threads_and_the_record_change_nothing(record) -> None:
    one = percolation.lattice(24, reach=1.5, runs=70, rng=3, record=record, threads=1)
    three = percolation.lattice(24, reach=1.5, runs=70, rng=3, record=record, threads=3)
    assert np.array_equal(one.first, three.first)
    assert np.array_equal(one.sums, three.sums)
    whole = percolation.lattice(24, reach=1.5, runs=70, rng=3, record=Everything())
    if record.winds:
        assert np.array_equal(one.first, whole.first)
    if record.sizes:
        assert np.array_equal(one.sums, whole.sums)


def test_a_run_does_not_depend_on_the_runs_beside_it() -> None:
    few = percolation.lattice(16, runs=10, rng=5)
    many = percolation.lattice(16, runs=100, rng=5)
    assert np.array_equal(few.first, many.first[:10])


@pytest.mark.parametrize(
    ("reach", "z", "threshold"),
    [
        (1.0, 4, SQUARE),
        (1.5, 8, 1 - SQUARE),
        (2.0, 12, 0.28912),
        (2.3, 20, 0.19673),
        (4.61, 68, 0.06359),
    ],
)
def test_thresholds_of_lattices(reach: float, z: int, threshold: float) -> None:
    assert len(percolation.neighbourhood(reach)) == z
    found = percolation.lattice(96, reach=reach, runs=400, rng=1).threshold()
    assert abs(found.value - threshold) < 4 * found.error
    assert found.error < 0.01 * threshold
    # The large-z law is the rival; at z = 4 it is 4 % off.
    if z == 4:
        assert abs(4.51235 / (z + 3.3) - threshold) > 10 * found.error


def test_threshold_of_discs() -> None:
    found = percolation.discs(24.0, runs=600, rng=1)
    for criterion in ("either", "x", "both"):
        estimate = found.threshold(criterion)
        assert abs(estimate.value - DISCS) < 4 * estimate.error
        assert estimate.error < 0.007
    wraps = found.wrapping(DISCS)
    assert abs(wraps.either - AT_THRESHOLD["either"]) < 0.06
    # Squares in place of discs percolate at a mean degree of 4.395, not 4.512.
    assert abs(DISCS * 4.395 / 4.512 - found.threshold().value) > 4 * found.threshold().error


@pytest.mark.slow
def test_stated_errors_are_the_spread_over_seeds() -> None:
    found = [percolation.lattice(48, runs=150, rng=seed).threshold() for seed in range(40)]
    spread = np.std([f.value for f in found], ddof=1)
    # The spread of 40 values is known to 1 / sqrt(78) = 11 %.
    assert abs(np.mean([f.error for f in found]) / spread - 1.0) < 0.3
    discs = [percolation.discs(12.0, runs=150, rng=seed).threshold() for seed in range(40)]
    spread = np.std([f.value for f in discs], ddof=1)
    assert abs(np.mean([f.error for f in discs]) / spread - 1.0) < 0.3


def test_largest_cluster_scales_as_theory_says() -> None:
    sides, scaled = (16.0, 64.0), []
    for side, runs in zip(sides, (600, 100), strict=True):
        found = percolation.discs(side, runs=runs, rng=2, record=Largest(), until=1.3)
        scaled.append(found.largest(DISCS) * side ** (5 / 48))
    assert abs(scaled[0] - 1.10) < 0.04
    assert abs(scaled[1] / scaled[0] - 1.0) < 0.05
    assert 4 ** (5 / 48) - 1.0 > 0.15  # a share that does not depend on the side fails


@pytest.mark.slow
def test_collapse_finds_threshold_and_exponent() -> None:
    runs = [
        percolation.lattice(side, runs=count, rng=1, record=Largest())
        for side, count in ((64, 1000), (128, 500), (256, 150))
    ]
    found = percolation.collapse(runs)
    assert abs(found.threshold - SQUARE) < 4 * found.threshold_error
    assert found.nu_low < 4 / 3 < found.nu_high
    assert found.quality < 2.0
    # Another exponent of the largest cluster does not bring the curves together at the threshold.
    wrong = percolation.collapse(runs, beta=0.5)
    assert abs(wrong.threshold - SQUARE) > 10 * found.threshold_error


def test_bonds_and_sites_of_graphs_agree_with_components() -> None:
    generator = np.random.default_rng(4)
    n, edges = 30, generator.integers(0, 30, size=(60, 2))

    def largest(kept_edges: np.ndarray) -> int:
        graph = coo_array((np.ones(len(kept_edges)), kept_edges.T), shape=(n, n))
        return int(np.bincount(connected_components(graph, directed=False)[1]).max())

    bonds = percolation.bonds(edges, n, runs=4000, rng=0)
    sites = percolation.sites(edges, n, runs=4000, rng=0)
    for p in (0.4,):
        kept = [largest(edges[generator.random(60) < p]) / n for _ in range(600)]
        assert abs(bonds.largest(p) - np.mean(kept)) < 5 * np.std(kept) / np.sqrt(600)
        shares = []
        for _ in range(600):
            there = generator.random(n) < p
            inside = edges[there[edges].all(1)]
            shares.append((largest(inside) if there.any() else 0) / max(there.sum(), 1))
        assert abs(sites.largest(p) - np.mean(shares)) < 5 * np.std(shares) / np.sqrt(600)
    assert np.all(np.diff(bonds.largest(np.linspace(0.0, 1.0, 21))) > 0)
    assert np.all(np.diff(sites.sums[:, 0].sum(axis=0)) >= 0)
    assert bonds.largest(0.0) == 1 / n
    assert bonds.largest(1.0) == largest(edges) / n


def test_bonds_of_the_complete_graph_have_a_giant_cluster_above_one_neighbour() -> None:
    """S = 1 − exp(−c S) at a mean of c neighbours: .797 at 2, none below 1."""
    n = 400
    edges = np.stack(np.triu_indices(n, 1), axis=1)
    run = percolation.bonds(edges, n, runs=30, rng=0)
    giant = [float(run.largest(c / (n - 1))) for c in (0.5, 2.0)]
    assert abs(giant[1] - 0.7968) < 0.02  # the mean of 30 runs fluctuates by .006
    assert giant[0] < 0.05


def test_a_run_reads_its_axes_and_survives_the_disk(tmp_path, small: PercolationRun) -> None:
    again = PercolationRun.load(small.save(tmp_path / "run.npz"))
    assert np.array_equal(again.first, small.first)
    assert np.array_equal(again.sums, small.sums)
    assert again.threshold() == small.threshold()
    assert small.to_xarray().sizes["run"] == small.runs
    assert "lattice" in repr(small)
    assert "runs" in str(small)
    curve = small.curve([0.3, 0.6])
    assert curve.rows == ("wraps either", "wraps x", "wraps both", "largest", "susceptibility")
    assert np.all(curve.errors < 0.02)
    assert np.allclose(curve.row("largest"), small.largest([0.3, 0.6]))


def test_find_threshold_reaches_the_wanted_error() -> None:
    found = percolation.find_threshold(reach=1, error=8e-4, rng=0)
    assert found.error <= 8e-4
    assert abs(found.value - SQUARE) < 4 * found.error
    points = percolation.find_threshold(radius=2.0, error=3e-3, rng=0)
    assert abs(points.value - DISCS * 4 / np.pi / 4.0) < 4 * points.error
    short = percolation.find_threshold(reach=1, error=1e-4, rng=0, max_seconds=0.0)
    assert short.error > 1e-4


def test_clusters_of_points_do_not_depend_on_order_or_place_on_the_torus() -> None:
    generator = np.random.default_rng(1)
    points = generator.random((80, 2)) * 10
    found = percolation.clusters(points, 0.8, period=10.0)
    sizes = np.bincount(found)
    assert np.all(np.diff(sizes) <= 0)
    order = generator.permutation(80)
    moved = percolation.clusters((points[order] + [3.7, -5.2]), 0.8, period=10.0)
    assert np.array_equal(moved[:, None] == moved, (found[:, None] == found)[np.ix_(order, order)])
    coarser = [percolation.clusters(points, r) for r in (0.3, 0.8, 1.5)]
    for fine, coarse in pairwise(coarser):
        together = fine[:, None] == fine
        assert np.all((coarse[:, None] == coarse)[together])
    assert percolation.clusters(points, 0.8).max() >= found.max()


def test_mass_ratio_ends_at_the_largest_cluster_of_all() -> None:
    points = np.random.default_rng(2).random((150, 2)) * 32
    found = percolation.mass_ratio(points, 3.46, [0.2, 0.5, 1.0], rng=0)
    all_points = np.bincount(percolation.clusters(points, 3.46)).max() / 150
    assert np.isclose(found.row("largest")[-1], all_points)
    assert found.errors is not None
    assert found.row("largest")[0] < found.row("largest")[-1]
    apart = percolation.mass_ratio([[0.0], [9.0], [18.0]], 1.0, [1.0], rng=0)
    assert np.isclose(apart.row("largest")[0], 1 / 3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: percolation.lattice(9, reach=0.5, runs=1, rng=0), ArgumentError, "nothing links"),
        (
            lambda: percolation.lattice(8, reach=4, runs=1, rng=0),
            ArgumentError,
            "meet round the torus",
        ),
        (lambda: percolation.lattice(50_000, runs=1, rng=0), ArgumentError, "at most 46340"),
        (
            lambda: percolation.lattice(40_000, runs=999, rng=0, threads=500),
            ArgumentError,
            "must fit the memory",
        ),
        (lambda: percolation.discs(9.0, runs=10**15, rng=0), ArgumentError, "must fit the memory"),
        (lambda: percolation.lattice(8, runs=0, rng=0), ArgumentError, "`runs`"),
        (lambda: percolation.lattice(8, runs=1, rng=None), ArgumentError, "`rng`"),
        (lambda: percolation.discs(2.0, runs=1, rng=0), ArgumentError, "at least 3"),
        (lambda: percolation.discs(1e6, runs=1, rng=0), ArgumentError, "fewer than 2"),
        (lambda: percolation.bonds([(0, 3)], 3, runs=1, rng=0), ArgumentError, "edge 0 is"),
        (
            lambda: percolation.bonds([(0.0, 1.0)], 3, runs=1, rng=0),
            ArgumentError,
            "numbers of nodes",
        ),
        (lambda: percolation.sites([0, 1], 3, runs=1, rng=0), ShapeError, "`edges`"),
        (lambda: percolation.clusters(np.zeros((3, 2, 1)), 1.0), ShapeError, "`points`"),
        (
            lambda: percolation.clusters(np.eye(2), 3.0, period=5.0),
            ArgumentError,
            "twice the radius",
        ),
        (
            lambda: percolation.lattice(8, runs=3, rng=0).largest(0.5),
            ArgumentError,
            "record=Largest",
        ),
        (
            lambda: percolation.lattice(8, runs=3, rng=0).wrapping(1.5),
            ArgumentError,
            "between 0 and 1",
        ),
        (
            lambda: percolation.lattice(8, runs=3, rng=0, record=Largest()).threshold(),
            ArgumentError,
            "record=Wrapping",
        ),
        (
            lambda: percolation.discs(8.0, runs=9, rng=0, until=0.4).threshold(),
            SolveError,
            "raise `until`",
        ),
        (
            lambda: percolation.discs(8.0, runs=9, rng=0, record=Largest(), until=0.5).largest(0.9),
            ArgumentError,
            "Raise `until`",
        ),
        (lambda: percolation.find_threshold(error=0.1, rng=0), ArgumentError, "one only"),
        (
            lambda: percolation.collapse([percolation.lattice(8, runs=3, rng=0)]),
            ArgumentError,
            "two sides",
        ),
    ],
)
def test_misuse_is_answered_by_name(call, error, words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_a_batch_and_shares_that_a_run_does_not_hold_are_named() -> None:
    run = percolation.lattice(8, reach=1, runs=8, rng=0, record=Largest())
    with pytest.raises(ArgumentError, match="`index` must lie below the number of batches"):
        run.batch(200)
    with pytest.raises(ArgumentError, match="`p` must increase strictly"):
        run.curve([0.5, 0.25])
    with pytest.raises(ArgumentError, match="`kept` must increase strictly"):
        percolation.mass_ratio(np.arange(9.0)[:, None], 1.0, [0.5, 0.25], rng=0)
