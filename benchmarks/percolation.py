"""Percolation against C and against graph libraries, on one core: ``python -m benchmarks.percolation``.

A whole sweep (every number of sites, with the largest cluster at each) is compared with the same algorithm in
C, compiled here by ``cc -O3``, and with what other libraries need for *one* share of sites: SciPy's csgraph and
cKDTree, and igraph, rustworkx, networkx and freud where they are installed. Both sides alternate in one process; a
ratio is the median over rounds of CPU time, with its range. Answers are compared before they are timed.
"""

from __future__ import annotations

import ctypes
import shutil
import statistics
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

import simtheory as st

lab = st.sim.percolation
SHARE = 0.5927  # of kept sites, near the threshold
DISCS = 1.128
SOURCE = Path(__file__).parent / "peers" / "newman_ziff.c"


def ratio(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> tuple[float, ...]:
    """Return their CPU time over ours: median, least and largest over rounds; and both least times."""
    found, least = [], [np.inf, np.inf]
    for n in range(rounds + 1):
        times = []
        for call in (ours, theirs):
            begin = time.process_time()
            call()
            times.append(time.process_time() - begin)
        if n:  # the first round warms up
            found.append(times[1] / times[0])
            least = [min(pair) for pair in zip(least, times, strict=True)]
    return statistics.median(found), min(found), max(found), *least


def told(name: str, measured: tuple[float, ...], goal: float, sites: int | None = None) -> None:
    middle, low, high, ours, theirs = measured
    rate = "" if sites is None else f", {sites / ours / 1e6:.1f} Msites/s"
    print(
        f"{name:<58} {middle:8.2f} x ({low:.2f} to {high:.2f}), goal {goal:g}: "
        f"{'yes' if middle >= goal else 'NO'}; {1e3 * ours:.4g} against {1e3 * theirs:.4g} ms{rate}",
        flush=True,
    )


def compiled() -> Any:
    """Return the C peer, or None without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        print("no C compiler: the peer in C is left out")
        return None
    target = Path(tempfile.mkdtemp()) / "peer.so"
    flags = ["-O3", "-march=native", "-shared", "-fPIC", "-o"]
    subprocess.run([compiler, *flags, str(target), str(SOURCE)], check=True)
    return ctypes.CDLL(str(target)).grow


def against_c() -> None:
    grow = compiled()
    if grow is None:
        return
    for side, runs, rounds in ((128, 96, 5), (512, 16, 3), (1024, 2, 5), (2048, 1, 5)):
        n = side**2
        order, parent = np.empty(n, np.int32), np.empty(n, np.int32)
        sums = np.zeros((3, n + 1), np.int64)
        pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (order, parent, sums)]

        def peer(times: int = runs, length: int = side, given: Any = pointers) -> None:
            for k in range(times):
                grow(length, ctypes.c_uint64(k), *given)

        peer()
        kept, sample = round(0.62 * n), 16 if side < 1024 else 2  # above the threshold runs agree
        known = lab.lattice(side, runs=sample, rng=0, record=lab.Largest()).sums.sum(axis=0)
        assert abs(sums[0, kept] / runs / (known[0, kept] / sample) - 1.0) < 0.2, side
        for name, record, goal in (
            ("", lab.Largest(), 0.85),
            (", with winding", lab.Everything(), 0.6),
        ):
            found = ratio(
                lambda: lab.lattice(side, runs=runs, rng=0, record=record, threads=1),  # noqa: B023
                peer,
                rounds,
            )
            told(f"sweep, z=4, L={side}{name}, against C -O3", found, goal, n * runs)


def lattice_edges(side: int) -> tuple[Any, Any]:
    """Return kept sites and the links between them, at one share."""
    kept = np.random.default_rng(0).random((side, side)) < SHARE
    index = np.arange(side * side).reshape(side, side)
    links = []
    for axis in (0, 1):
        both = kept & np.roll(kept, -1, axis)
        links.append(np.stack([index[both], np.roll(index, -1, axis)[both]], -1))
    return kept, np.concatenate(links)


def against_one_share() -> None:
    for side, goal in ((512, 2.5), (1024, 1.3)):
        n = side**2

        def sweep(length: int = side) -> Any:
            return lab.lattice(length, runs=1, rng=0, record=lab.Largest(), threads=1)

        def csgraph(length: int = side, size: int = n) -> Any:
            _, edges = lattice_edges(length)
            graph = coo_array((np.ones(len(edges), bool), tuple(edges.T)), shape=(size, size))
            return np.bincount(connected_components(graph, directed=False)[1]).max()

        told(f"sweep, L={side}, against one share, csgraph", ratio(sweep, csgraph, 7), goal)
        _, edges = lattice_edges(side)
        largest = csgraph()
        igraph = installed("igraph")
        if igraph:
            graph = igraph.Graph(n=n, edges=edges)
            assert max(graph.connected_components().sizes()) == largest
            found = ratio(sweep, lambda: graph.connected_components(), 5)  # noqa: B023
            told(f"sweep, L={side}, against one share, igraph's search alone", found, 3.0)
        rustworkx = installed("rustworkx")
        if rustworkx:
            rusty = rustworkx.PyGraph()
            rusty.add_nodes_from(range(n))
            rusty.add_edges_from_no_data([tuple(e) for e in edges.tolist()])
            assert max(map(len, rustworkx.connected_components(rusty))) == largest
            found = ratio(sweep, lambda: rustworkx.connected_components(rusty), 3)  # noqa: B023
            told(f"sweep, L={side}, against one share, rustworkx's search", found, 3.0)


def against_union_find() -> None:
    networkx = installed("networkx")
    if not networkx:
        return
    side = 48
    index = np.arange(side * side).reshape(side, side)
    edges = np.concatenate(
        [np.stack([index.ravel(), np.roll(index, -1, axis).ravel()], -1) for axis in (0, 1)]
    )
    shuffled = [tuple(e) for e in np.random.default_rng(0).permutation(edges).tolist()]

    def peer() -> list[int]:
        """Return the largest cluster after every bond, from union-find."""
        joined = networkx.utils.UnionFind(range(side * side))
        sizes, found = [1] * (side * side), []
        largest = 1
        for a, b in shuffled:
            p, q = joined[a], joined[b]
            if p != q:
                total = sizes[p] + sizes[q]
                joined.union(a, b)
                sizes[joined[a]] = total
                largest = max(largest, total)
            found.append(largest)
        return found

    assert peer()[-1] == side * side
    runs = 500
    found = ratio(lambda: lab.bonds(edges, side * side, runs=runs, rng=0, threads=1), peer, 7)
    scaled = (*(runs * x for x in found[:3]), found[3] / runs, found[4])
    told("bond sweep, 48 x 48, against networkx UnionFind", scaled, 500.0)


def against_points() -> None:
    freud = installed("freud")
    for side, goal, other in ((256.0, 2.5, 6.0), (512.0, 1.6, 4.0)):
        n = round(DISCS * 4.0 * side**2 / np.pi)
        points = np.random.default_rng(0).uniform(0.0, side, (n, 2))

        def sweep(length: float = side) -> Any:
            return lab.discs(length, runs=1, rng=0, record=lab.Everything(), until=DISCS, threads=1)

        def tree(given: Any = points, length: float = side) -> int:
            pairs = cKDTree(given, boxsize=length).query_pairs(1.0, output_type="ndarray")
            graph = coo_array(
                (np.ones(len(pairs), bool), tuple(pairs.T)), shape=(len(given), len(given))
            )
            return int(np.bincount(connected_components(graph, directed=False)[1]).max())

        told(f"disc sweep with winding, n={n}, against one n, cKDTree", ratio(sweep, tree, 5), goal)
        if freud:
            box = freud.box.Box.square(side)
            flat = np.column_stack([points - side / 2.0, np.zeros(n)])
            found = freud.cluster.Cluster()
            found.compute((box, flat), neighbors={"r_max": 1.0})
            assert (
                abs(np.bincount(found.cluster_idx).max() - tree()) <= 2
            )  # freud has single precision
            freud.parallel.set_num_threads(1)
            measured = ratio(
                sweep,
                lambda: found.compute((box, flat), neighbors={"r_max": 1.0}),  # noqa: B023
                5,
            )
            told(f"disc sweep with winding, n={n}, against one n, freud", measured, other)


def threshold() -> None:
    begin = time.process_time()
    run = lab.lattice(128, runs=8000, rng=0, threads=1)
    found = run.threshold()
    visits = int(run.first.max(axis=1).sum())
    print(
        f"p_c(4) = {found}: {visits:.2e} site visits, goal 2e8 for an error of 1e-4; "
        f"{time.process_time() - begin:.1f} s"
    )


def memory() -> None:
    """Print the peak of the arrays of one run with winding."""
    side = 3163
    lab.lattice(8, runs=1, rng=0, threads=1)  # compiles
    tracemalloc.start()
    lab.lattice(side, runs=1, rng=0, threads=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(
        f"1e7 sites with winding: {peak / 1e6:.0f} MB, {peak / side**2:.2f} bytes a site, goal 11"
    )


def installed(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        print(f"{name} is not installed and is left out")
        return None


def main() -> None:
    """Time all of it and print one line for each comparison."""
    against_c()
    against_one_share()
    against_union_find()
    against_points()
    threshold()
    memory()


if __name__ == "__main__":
    main()
