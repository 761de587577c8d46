"""The discrete optimiser: gradient descent and SGD of linear networks, step by step."""

from simtheory.sim.descent.optimiser import descend

__all__ = ["descend"]
