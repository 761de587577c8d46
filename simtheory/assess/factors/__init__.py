"""Representations of factors: their geometry and their topology."""

from simtheory._names import public
from simtheory.assess.factors.answers import Estimate, Factor, Geometry, Pair
from simtheory.assess.factors.geometry import activations

__all__ = ["Estimate", "Factor", "Geometry", "Pair", "activations"]

public(__name__)
