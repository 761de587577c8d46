"""The discrete optimiser: gradient descent and SGD of linear networks, step by step."""

from simtheory._names import public
from simtheory.sim.descent.optimiser import descend

__all__ = ["descend"]

public(__name__)
