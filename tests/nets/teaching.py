"""What the tests of training share: one small task, and `train` with small defaults on the CPU."""

import numpy as np

from simtheory.tasks import SIMTask
from simtheory.validation.nets.data import Samples
from simtheory.validation.nets.train import train

TASK = SIMTask(mu=(1.0, 1.5, 2.0), sigma=0.3)
EYE = np.eye(3)

# A step rounds by a few eps, and contraction remembers at most 1/(lr·rate) ≲ 1e3 of them: 1e-12 in
# all; this leaves two digits.
TIGHT = 1e-10


def teach(net, task=TASK, **changes):
    """Train a net on the CPU; two seeds, 200 steps on 120 points, 41 looks."""
    settings = {"steps": 200, "lr": 0.05, "seeds": (0, 1), "data": Samples(40), "looks": 41}
    return train(net, task, device="cpu", **(settings | changes))


def gap(a, b):
    """Return the largest distance between two arrays."""
    return float(np.abs(np.asarray(a) - np.asarray(b)).max())


def inputs(task, seed, samples=40):
    """Return the points of a seed."""
    return Samples(samples).draw(task, seeds=(seed,))[0][0]


def moment(task, seed, samples=40):
    """Return the second moment of a seed's own points."""
    x = inputs(task, seed, samples)
    return x.T @ x / len(x)


def exact_points(task):
    """Return points whose second moment, and mean, are those of the population, to rounding.

    Around each centroid, two for each coordinate: c ± √d σ_k e_k.
    """
    steps = np.sqrt(task.dim) * task.from_concept_axes(np.diag(task.sigma))
    return np.concatenate([c + sign * steps for c in task.centroids for sign in (1.0, -1.0)])
