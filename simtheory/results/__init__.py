"""The frozen results in which every road ends: trajectories, curves and samples.

A network's outputs over time are a `Trajectory`; numbers over anything else that was varied are a
`Curve`; drawn points are `Samples`. One module, `axes`, checks, saves and prints all three.
"""

from simtheory.results.axes import Arrays
from simtheory.results.curve import Curve
from simtheory.results.samples import Samples
from simtheory.results.trajectory import Trajectory

__all__ = ["Arrays", "Curve", "Samples", "Trajectory"]
