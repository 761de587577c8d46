"""Small systems of every kind, which need all kernels of this package."""

from __future__ import annotations

from collections.abc import Iterator

from simtheory.sim.percolation.simulation import bonds, discs, lattice, sites


def warmup() -> Iterator[str]:
    """Run them once; yield what was made ready."""
    lattice(4, runs=1, rng=0)
    yield "percolation of a lattice"
    discs(4.0, runs=1, rng=0)
    yield "percolation of discs"
    bonds([(0, 1)], 2, runs=1, rng=0)
    sites([(0, 1)], 2, runs=1, rng=0)
    yield "percolation of a graph"
