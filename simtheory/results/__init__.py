"""The frozen results in which every road ends: trajectories, curves and samples.

A network's outputs over time are a `Trajectory`; numbers over anything else that was varied are a
`Curve`; drawn points are `Samples`. A `Recorder` makes a trajectory of a training loop of one's own. Their fields declare axes, from which
checks, members and print (`axes`) and files and datasets (`files`) follow.
"""

from simtheory._names import public
from simtheory.results.axes import Arrays
from simtheory.results.curve import Curve
from simtheory.results.grams import Grams
from simtheory.results.recorder import Recorder
from simtheory.results.samples import Samples
from simtheory.results.trajectory import Trajectory

__all__ = ["Arrays", "Curve", "Grams", "Recorder", "Samples", "Trajectory"]

public(__name__)
