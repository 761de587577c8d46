"""Runs of percolation on a lattice, with discs, and on any graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from simtheory._checks import (
    as_generator,
    frozen,
    kind_of,
    positive,
    positive_int,
    refuse_beyond_memory,
)
from simtheory._faces import face
from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError, ShapeError
from simtheory.sim.engine.threads import usable_cpus, work
from simtheory.sim.percolation.records import Largest, Record, Wrapping
from simtheory.sim.percolation.runs import PercolationRun, _split

__all__ = ["bonds", "discs", "lattice", "neighbourhood", "sites"]

_BATCHES = 16
"""Batches of runs whose sizes are summed apart, for errors; fewer where their memory counts."""
_SUMS = 2**24
"""Sums of sizes, three a site and batch, above which there are only two batches."""
_CHUNK = 32
"""Runs of one job of a thread, where only wraps are kept."""
_SIDE_MOST = 46340
"""Largest side of a lattice: beyond, the number of a site does not fit 32 bits."""


@face
def neighbourhood(reach: float) -> IntArray:
    """Return the offsets of the sites of a square lattice that lie within a distance.

    Parameters
    ----------
    reach : float
        Distance in spacings of the lattice, at least 1.

    Returns
    -------
    ndarray of int, shape (z, 2)
        All offsets other than 0 of at most that length: 4 for a reach of 1, 8 for 1.5, 12 for 2.

    Raises
    ------
    ArgumentError
        If the reach is below 1: nothing links, so no share of sites percolates.

    Examples
    --------
    >>> [len(neighbourhood(reach)) for reach in (1, 1.5, 2, 4.61)]
    [4, 8, 12, 68]
    """
    far = positive("reach", reach)
    if far < 1.0:
        raise ArgumentError(
            f"Argument `reach` must be at least 1, but it is {far:g}: nothing links, so no share of sites "
            "percolates."
        )
    if far > _SIDE_MOST:
        raise ArgumentError(f"Argument `reach` must be at most {_SIDE_MOST}, but it is {far:g}.")
    whole = math.floor(far)
    one = np.arange(-whole, whole + 1)
    offsets = np.stack(np.meshgrid(one, one, indexing="ij"), -1).reshape(-1, 2)
    squares = (offsets**2).sum(-1)
    return np.ascontiguousarray(offsets[(squares > 0) & (squares <= far**2 * (1.0 + 1e-12))])


@face
def lattice(
    side: int,
    *,
    reach: float = 1.0,
    runs: int,
    rng: np.random.Generator | int,
    record: Record = Wrapping(),  # noqa: B008
    threads: int | None = None,
) -> PercolationRun:
    """Percolation of the sites of a square lattice on a torus, linked within a distance.

    Parameters
    ----------
    side : int
        Side of the torus in spacings.
    reach : float
        Sites within this distance, in spacings, are linked.
    runs : int
        Number of runs. Each adds the sites in a random order of its own.
    rng : numpy.random.Generator or int
        Gives the key of all draws.
    record : Wrapping, Largest or Everything
        What the runs keep. Sizes take 24 bytes a site and batch of runs, of which there are up to 16, or 2 on
        more than 3.5e5 sites.
    threads : int, optional
        Threads that share the runs; the result is the same for any number. Default: one for each core.

    Returns
    -------
    PercolationRun
        Averages at any share of kept sites.

    Raises
    ------
    ArgumentError
        If the reach is below 1, or neighbours meet round the torus.

    Notes
    -----
    A run costs about side² (z + 4) operations for z neighbours, and 10 bytes a site and thread.

    Examples
    --------
    >>> found = lattice(32, runs=200, rng=0)
    >>> abs(found.threshold().value - 0.592746) < 0.02
    True
    """
    length = positive_int("side", side)
    offsets = neighbourhood(reach)
    if 2 * reach >= length:
        raise ArgumentError(
            f"Argument `side` must be above 2 reach = {2 * reach:g}, but it is {length}: neighbours meet "
            "round the torus."
        )
    if length > _SIDE_MOST:
        raise ArgumentError(f"Argument `side` must be at most {_SIDE_MOST}, but it is {length}.")
    from simtheory.sim.percolation import kernels  # loads Numba

    n = length**2
    reached = offsets.astype(np.int32)

    def grow(key: Any, part: Any, first: Any, sums: Any, stop: Any) -> None:
        kernels.lattice_runs(
            key, part, length, reached, np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32),
            np.empty((n if record.winds else 0, 2), dtype=np.int8),
            np.empty((len(reached), 3), dtype=np.int32), np.empty(kernels.BLOCK, dtype=np.int64), first,
            sums, stop,
        )  # fmt: skip

    each = n * (10 if record.winds else 8)
    first, sums = _run(grow, n, runs, rng, record, threads, each=each)
    stats = {"reach": float(reach), "neighbours": len(offsets)}
    return PercolationRun(
        first, sums, runs=runs, sites=n, kind="lattice", side=float(length), nodes=n,
        origin="sim.percolation.lattice", stats=stats,
    )  # fmt: skip


@face
def discs(
    side: float,
    *,
    runs: int,
    rng: np.random.Generator | int,
    record: Record = Wrapping(),  # noqa: B008
    until: float = 2.0,
    threads: int | None = None,
) -> PercolationRun:
    """Percolation of discs at random places of a torus: points linked below a distance of one.

    Parameters
    ----------
    side : float
        Side of the torus in link lengths, that is in diameters of a disc; at least 3.
    runs : int
        Number of runs.
    rng : numpy.random.Generator or int
        Gives the key of all draws.
    record : Wrapping, Largest or Everything
        What the runs keep.
    until : float
        Filling factor up to which discs are added; the threshold is 1.128.
    threads : int, optional
        Threads that share the runs; the result is the same for any number. Default: one for each core.

    Returns
    -------
    PercolationRun
        Averages at any filling factor η = n π / (4 side²).

    Raises
    ------
    ArgumentError
        If the torus is too small for a disc not to meet itself.

    Examples
    --------
    >>> found = discs(16.0, runs=200, rng=0)
    >>> abs(found.threshold().value - 1.128) < 0.03
    True
    """
    length, most = positive("side", side), positive("until", until)
    if length < 3.0:
        raise ArgumentError(
            f"Argument `side` must be at least 3 link lengths, but it is {length:g}."
        )
    mean = most * 4.0 * length**2 / math.pi
    n = math.ceil(mean + 8.0 * math.sqrt(mean))
    if n >= 2**31 - 1:
        raise ArgumentError(
            f"Arguments `side` = {length:g} and `until` = {most:g} must ask for fewer than 2^31 discs, "
            f"but they ask for {n}."
        )
    from simtheory.sim.percolation import kernels  # loads Numba

    cells = math.floor(length)

    def grow(key: Any, part: Any, first: Any, sums: Any, stop: Any) -> None:
        kernels.disc_runs(
            key, part, length, cells, np.empty((n, 2)), np.empty(n, dtype=np.int32),
            np.empty(cells**2, dtype=np.int32), np.empty(n, dtype=np.int32),
            np.empty((n, 2), dtype=np.int8), np.empty(4, dtype=np.uint64), first, sums, stop,
        )  # fmt: skip

    each = 26 * n + 4 * cells**2
    first, sums = _run(grow, n, runs, rng, record, threads, each=each, winds=True)
    return PercolationRun(
        first, sums, runs=runs, sites=n, kind="discs", side=length, nodes=n,
        origin="sim.percolation.discs", stats={"until": most},
    )  # fmt: skip


@face
def bonds(
    edges: Any,
    nodes: int,
    *,
    runs: int,
    rng: np.random.Generator | int,
    threads: int | None = None,
) -> PercolationRun:
    """Percolation of the bonds of any graph: sizes of clusters at every number of bonds.

    Parameters
    ----------
    edges : array_like of int, shape (E, 2)
        The bonds, as pairs of nodes.
    nodes : int
        Number of nodes.
    runs : int
        Number of runs.
    rng : numpy.random.Generator or int
        Gives the key of all draws.
    threads : int, optional
        Threads that share the runs; the result is the same for any number. Default: one for each core.

    Returns
    -------
    PercolationRun
        `largest` and `susceptibility` at any share of bonds.

    Raises
    ------
    ArgumentError
        If an edge names a node that is not there.
    ShapeError
        If the edges are no pairs.

    Examples
    --------
    >>> ring = [(k, (k + 1) % 50) for k in range(50)]
    >>> found = bonds(ring, 50, runs=100, rng=0)
    >>> found.largest([0.0, 1.0])
    array([0.02, 1.  ])
    """
    pairs, count = _as_edges(edges, nodes)
    from simtheory.sim.percolation import kernels  # loads Numba

    n = len(pairs)

    def grow(key: Any, part: Any, first: Any, sums: Any, stop: Any) -> None:
        kernels.graph_bonds(
            key, part, pairs, np.empty(n, dtype=np.int32), np.empty(count, dtype=np.int32),
            np.empty(kernels.BLOCK, dtype=np.int64), sums, stop,
        )  # fmt: skip

    first, sums = _run(grow, n, runs, rng, Largest(), threads, each=4 * (n + count))
    return PercolationRun(
        first, sums, runs=runs, sites=n, kind="bonds", nodes=count, origin="sim.percolation.bonds"
    )


@face
def sites(
    edges: Any,
    nodes: int,
    *,
    runs: int,
    rng: np.random.Generator | int,
    threads: int | None = None,
) -> PercolationRun:
    """Percolation of the nodes of any graph: sizes of clusters at every number of kept nodes.

    Parameters
    ----------
    edges : array_like of int, shape (E, 2)
        The links, as pairs of nodes.
    nodes : int
        Number of nodes.
    runs : int
        Number of runs.
    rng : numpy.random.Generator or int
        Gives the key of all draws.
    threads : int, optional
        Threads that share the runs; the result is the same for any number. Default: one for each core.

    Returns
    -------
    PercolationRun
        `largest` and `susceptibility` at any share of nodes.

    Raises
    ------
    ArgumentError
        If an edge names a node that is not there.
    ShapeError
        If the edges are no pairs.

    Examples
    --------
    >>> star = [(0, k) for k in range(1, 11)]
    >>> float(sites(star, 11, runs=100, rng=0).largest(1.0))
    1.0
    """
    pairs, count = _as_edges(edges, nodes)
    from simtheory.sim.percolation import kernels  # loads Numba

    both = np.concatenate([pairs, pairs[:, ::-1]])
    ends = both[np.argsort(both[:, 0], kind="stable"), 1].copy()
    starts = np.concatenate([[0], np.cumsum(np.bincount(both[:, 0], minlength=count))])

    def grow(key: Any, part: Any, first: Any, sums: Any, stop: Any) -> None:
        kernels.graph_sites(
            key, part, starts, ends, np.empty(count, dtype=np.int32),
            np.empty(count, dtype=np.int32), np.empty(kernels.BLOCK, dtype=np.int64), sums, stop,
        )  # fmt: skip

    first, sums = _run(grow, count, runs, rng, Largest(), threads, each=8 * count)
    return PercolationRun(
        first,
        sums,
        runs=runs,
        sites=count,
        kind="nodes",
        nodes=count,
        origin="sim.percolation.sites",
    )


def _run(
    grow: Callable[..., None],
    n: int,
    runs: int,
    rng: np.random.Generator | int,
    record: Record,
    threads: int | None,
    *,
    each: int,
    winds: bool | None = None,
) -> tuple[IntArray, IntArray]:
    """Share the runs among threads; return the first wraps and the sums of sizes.

    A thread holds `each` bytes. Nothing is drawn if all threads and the sums do not fit the memory.
    """
    count = positive_int("runs", runs)
    workers = None if threads is None else positive_int("threads", threads)
    key = as_generator(rng).integers(0, 2**64, size=2, dtype=np.uint64)
    noted = record.winds if winds is None else winds
    parts = _BATCHES if 3 * n * _BATCHES <= _SUMS else 2
    cut = min(count, parts if record.sizes else -(-count // _CHUNK))
    shape = (cut if record.sizes else 0, 3, n + 1)
    sizes, side_by_side = 8 * math.prod(shape), min(cut, workers or usable_cpus())
    refuse_beyond_memory(
        f"{count} runs of {n} sites or bonds, {side_by_side} at once"
        + (f", with sizes that take {sizes / 1e9:.3g} GB," if sizes else ""),
        side_by_side * each + sizes + 24 * count,
        "Take a smaller side or graph, fewer `runs` or `threads`, or a smaller `record`.",
    )
    numbers = np.arange(count, dtype=np.uint64)
    first = np.zeros((count if noted else 0, 2), dtype=np.intp)
    batches = _split(count, cut)
    sums = np.zeros(shape, dtype=np.int64)
    stop = np.zeros(1, dtype=np.uint8)
    no_wraps, no_sums = np.zeros((1, 2), dtype=np.intp), np.empty((0, 0), dtype=np.int64)

    def job(k: int) -> Callable[[], None]:
        part = batches[k]
        return lambda: grow(
            key,
            numbers[part],
            first[part] if noted else no_wraps,
            sums[k] if record.sizes else no_sums,
            stop,
        )

    work([job(k) for k in range(len(batches))], stop, None, workers, alone=len(batches) == 1)
    kept = record.winds
    return first if kept else np.empty((0, 2), dtype=np.intp), frozen(sums)


def _as_edges(edges: Any, nodes: int) -> tuple[Array, int]:
    """Return the edges as pairs of 32-bit numbers, shape (E, 2), and the number of nodes."""
    count = positive_int("nodes", nodes)
    try:
        given = np.asarray(edges)
    except ValueError as reason:
        raise ShapeError(
            "Argument `edges` must have shape (E, 2), but its rows differ in length."
        ) from reason
    except TypeError as reason:
        raise ArgumentError(
            f"Argument `edges` must be an array of whole numbers, but it is {kind_of(edges)}."
        ) from reason
    if given.ndim != 2 or given.shape[1] != 2 or not len(given):
        raise ShapeError(
            f"Argument `edges` must have shape (E, 2), but its shape is {given.shape}."
        )
    if given.dtype.kind not in "iu":
        raise ArgumentError(
            f"Argument `edges` must hold numbers of nodes, but its entries are of the kind {given.dtype}."
        )
    if given.min() < 0 or given.max() >= count:
        bad = int(np.argmax((given < 0).any(1) | (given >= count).any(1)))
        raise ArgumentError(
            f"Argument `edges` must name nodes from 0 to {count - 1}, but edge {bad} is "
            f"{tuple(given[bad].tolist())}."
        )
    return np.ascontiguousarray(given, dtype=np.int32), count
