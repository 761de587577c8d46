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
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

import simtheory as st

lab = st.sim.percolation
SHARE = 0.5927  # of kept sites, near the threshold
DISCS = 1.128
SOURCE = Path(__file__).parent / "peers" / "newman_ziff.c"
Say: TypeAlias = Callable[[str], Any]
Row: TypeAlias = dict[str, Any]


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


def told(say: Say, work: str, peer: str, measured: tuple[float, ...], goal: float) -> Row:
    """Say what a comparison found, and return it as a row of the study."""
    middle, low, high, ours, theirs = measured
    say(
        f"{work:<42} against {peer:<28} {middle:8.2f} x ({low:.2f} to {high:.2f}), goal {goal:g}: "
        f"{'yes' if middle >= goal else 'NO'}; {1e3 * ours:.4g} against {1e3 * theirs:.4g} ms"
    )
    return {
        "work": work,
        "peer": peer,
        "ratio": [middle, low, high],
        "goal": goal,
        "ms": [1e3 * ours, 1e3 * theirs],
    }


def compiled() -> Any:
    """Return the C peer, or None without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    target = Path(tempfile.mkdtemp()) / "peer.so"
    flags = ["-O3", "-march=native", "-shared", "-fPIC", "-o"]
    subprocess.run([compiler, *flags, str(target), str(SOURCE)], check=True)
    return ctypes.CDLL(str(target)).grow


def against_c(say: Say) -> Iterator[Row]:
    grow = compiled()
    if grow is None:
        say("no C compiler: the peer in C is left out")
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
            ("largest at every n", lab.Largest(), 0.85),
            ("with winding", lab.Everything(), 0.6),
        ):
            found = ratio(
                lambda: lab.lattice(side, runs=runs, rng=0, record=record, threads=1),  # noqa: B023
                peer,
                rounds,
            )
            per_run = (*found[:3], found[3] / runs, found[4] / runs)
            yield told(say, f"sites, L = {side}, {name}", "C -O3, no winding", per_run, goal)


def lattice_edges(side: int) -> tuple[Any, Any]:
    """Return kept sites and the links between them, at one share."""
    kept = np.random.default_rng(0).random((side, side)) < SHARE
    index = np.arange(side * side).reshape(side, side)
    links = []
    for axis in (0, 1):
        both = kept & np.roll(kept, -1, axis)
        links.append(np.stack([index[both], np.roll(index, -1, axis)[both]], -1))
    return kept, np.concatenate(links)


def against_one_share(say: Say) -> Iterator[Row]:
    for side, goal in ((512, 2.5), (1024, 1.3)):
        n = side**2

        def sweep(length: int = side) -> Any:
            return lab.lattice(length, runs=1, rng=0, record=lab.Largest(), threads=1)

        def csgraph(length: int = side, size: int = n) -> Any:
            _, edges = lattice_edges(length)
            graph = coo_array((np.ones(len(edges), bool), tuple(edges.T)), shape=(size, size))
            return np.bincount(connected_components(graph, directed=False)[1]).max()

        work = f"sites, L = {side}, largest at every n"
        yield told(say, work, "csgraph, one share", ratio(sweep, csgraph, 7), goal)
        _, edges = lattice_edges(side)
        largest = csgraph()
        igraph = installed("igraph", say)
        if igraph:
            graph = igraph.Graph(n=n, edges=edges)
            assert max(graph.connected_components().sizes()) == largest
            found = ratio(sweep, lambda: graph.connected_components(), 5)  # noqa: B023
            yield told(say, work, "igraph, search of one share", found, 3.0)
        rustworkx = installed("rustworkx", say)
        if rustworkx:
            rusty = rustworkx.PyGraph()
            rusty.add_nodes_from(range(n))
            rusty.add_edges_from_no_data([tuple(e) for e in edges.tolist()])
            assert max(map(len, rustworkx.connected_components(rusty))) == largest
            found = ratio(sweep, lambda: rustworkx.connected_components(rusty), 3)  # noqa: B023
            yield told(say, work, "rustworkx, search of one share", found, 3.0)


def against_union_find(say: Say) -> Iterator[Row]:
    networkx = installed("networkx", say)
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
    yield told(say, "bonds, 48 x 48", "networkx UnionFind", scaled, 500.0)


def against_points(say: Say) -> Iterator[Row]:
    freud = installed("freud", say)
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

        work = f"discs, n = {n}, with winding"
        yield told(say, work, "cKDTree and csgraph, one n", ratio(sweep, tree, 5), goal)
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
            yield told(say, work, "freud, one n", measured, other)


def threshold(say: Say) -> Row:
    """Return how many sites are visited for the threshold of the square lattice to an error of 1e-4."""
    begin = time.process_time()
    run = lab.lattice(128, runs=14_000, rng=0, threads=1)
    found, visits = run.threshold(), int(run.first.max(axis=1).sum())
    say(f"p_c(4) = {found}: {visits:.2e} site visits, {time.process_time() - begin:.1f} s")
    return {"value": found.value, "error": found.error, "runs": found.runs, "visits": visits}


def memory(say: Say) -> Row:
    """Return the bytes that a run with winding holds for a site, and for a disc."""
    found = {}
    for name, goal, grow in (
        ("site", 10, lambda: lab.lattice(3163, runs=1, rng=0, threads=1)),
        ("disc", 34, lambda: lab.discs(1024.0, runs=1, rng=0, until=1.2, threads=1)),
    ):
        tracemalloc.start()
        run = grow()
        found[name] = tracemalloc.get_traced_memory()[1] / run.sites
        tracemalloc.stop()
        say(f"with winding: {found[name]:.2f} bytes a {name}, goal {goal}")
    return found


def installed(name: str, say: Say) -> Any:
    try:
        return import_module(name)
    except ImportError:
        say(f"{name} is not installed and is left out")
        return None


def measure(*, quick: bool = False, say: Say = print) -> Row:
    """Time all of it. There is one size of the work: it takes two processor minutes, and `quick` changes nothing."""
    rows = [
        *against_c(say),
        *against_one_share(say),
        *against_union_find(say),
        *against_points(say),
    ]
    return {"rows": rows, "threshold": threshold(say), "bytes": memory(say)}


if __name__ == "__main__":
    measure()
