"""Percolation: clusters of linked sites, discs and nodes, and the share at which one spans the system."""

from simtheory._names import public
from simtheory.sim.percolation.finding import Collapse, collapse, find_threshold
from simtheory.sim.percolation.points import clusters, links, mass_ratio
from simtheory.sim.percolation.records import Everything, Largest, Wrapping
from simtheory.sim.percolation.runs import PercolationRun, Shares, Threshold
from simtheory.sim.percolation.simulation import bonds, discs, lattice, neighbourhood, sites

__all__ = [
    "Collapse",
    "Everything",
    "Largest",
    "PercolationRun",
    "Shares",
    "Threshold",
    "Wrapping",
    "bonds",
    "clusters",
    "collapse",
    "discs",
    "find_threshold",
    "lattice",
    "links",
    "mass_ratio",
    "neighbourhood",
    "sites",
]

public(__name__)
