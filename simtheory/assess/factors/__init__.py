"""Representations of factors: their geometry and their topology."""

from simtheory._names import public
from simtheory.assess.factors.answers import Estimate, Factor, Geometry, Pair
from simtheory.assess.factors.geometry import activations
from simtheory.assess.factors.homology import Topology, topology

__all__ = ["Estimate", "Factor", "Geometry", "Pair", "Topology", "activations", "topology"]

public(__name__)
