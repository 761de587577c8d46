"""What a sweep of flows may measure: observables of many runs of different tasks at once.

`observe` reads one trajectory, with one task, one grid of times and one set of probes. The cells of
a sweep differ in all three. Here the same observables are read off a batch of maps W, in the axes of
the concepts, over shares of each run's last time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simtheory._faces import face
from simtheory._typing import Array
from simtheory.observe import arrays
from simtheory.sweep.family import Observable, Variable

__all__ = ["OBSERVABLES", "Runs"]


@face
@dataclass(frozen=True, eq=False)
class Runs:
    """A batch of runs of linear nets.

    Parameters
    ----------
    share : ndarray, shape (T,)
        Times as shares of each run's last time.
    t_max : ndarray, shape (M,)
        Last canonical time of each run.
    weights : ndarray, shape (M, T, d, d)
        End-to-end maps in the axes of the concepts.
    mu : ndarray, shape (M, s)
        Signal strengths.
    level : float
        Share of a concept's signal at which it counts as learned.
    threshold : float
        Smallest rise of the loss that counts, as a share of the loss at the first time.
    """

    share: Array
    t_max: Array
    weights: Array
    mu: Array
    level: float
    threshold: float

    @cached_property
    def losses(self) -> Array:
        """Loss at the target, ½‖(W − I)x̂‖², shape (M, T)."""
        s = self.mu.shape[-1]
        outputs = np.sum(self.weights[..., :s] * self.mu[:, None, None, :], axis=-1)
        target = np.pad(self.mu, ((0, 0), (0, outputs.shape[-1] - s)))
        return arrays.losses(outputs, target[:, None, :])

    @cached_property
    def learned(self) -> Array:
        """Learning time of each concept, shape (M, s); infinite where it is not on the grid."""
        concepts = range(self.mu.shape[-1])
        shares = [
            arrays.crossings(self.share, self.weights[..., k, k], self.level) for k in concepts
        ]
        return np.stack(shares, axis=-1) * self.t_max[:, None]

    @cached_property
    def ties(self) -> Array:
        """Largest entry of W off the diagonal, by size, shape (M, T)."""
        d = self.weights.shape[-1]
        return np.abs(self.weights * (1.0 - np.eye(d))).max(axis=(-2, -1))

    @cached_property
    def climbs(self) -> Array:
        """How far the loss ever climbs above an earlier value, shape (M,)."""
        return arrays.climb(self.losses)

    @cached_property
    def descents(self) -> NDArray[Any]:
        """Number of descents of the loss, shape (M,)."""
        least = self.threshold * self.losses[:, 0]
        counts = np.ones(len(self.losses), dtype=int)
        for k in np.flatnonzero(self.climbs > least):  # elsewhere there is no rise to find
            counts[k] += len(arrays.rises(self.losses[k], float(least[k])))
        return counts


def _largest_rise(runs: Runs) -> Array:
    start = runs.losses[:, 0]
    return runs.climbs / np.where(start > 0, start, 1.0)


OBSERVABLES = {
    "descents": Observable(
        lambda runs: runs.descents,
        Variable(
            "number of descents of the test loss, between rises above {observe.threshold} of its start",
            whole=True,
            boundary=1.5,
        ),
    ),
    "swing_by": Observable(
        lambda runs: runs.descents > 1,
        Variable(
            "1 where the test loss rises by more than {observe.threshold} of its start",
            whole=True,
            boundary=0.5,
        ),
    ),
    "largest_rise": Observable(
        _largest_rise,
        Variable(
            "largest rise of the test loss / its start",
            boundary="observe.threshold",
            logarithmic=True,
        ),
    ),
    "learning_times": Observable(
        lambda runs: runs.learned,
        Variable("canonical time at which a concept is learned", ("concept",)),
    ),
    "order": Observable(
        lambda runs: np.argsort(runs.learned, axis=-1, kind="stable"),
        Variable("concepts as they are learned, the first one first", ("concept",), whole=True),
    ),
    "final_loss": Observable(
        lambda runs: runs.losses[:, -1], Variable("test loss at the last time")
    ),
    "peak": Observable(
        lambda runs: runs.ties.max(axis=-1), Variable("largest entry of W off the diagonal")
    ),
    "peak_time": Observable(
        lambda runs: runs.share[np.argmax(runs.ties, axis=-1)] * runs.t_max,
        Variable("canonical time of the largest entry of W off the diagonal"),
    ),
    "loss": Observable(
        lambda runs: runs.losses, Variable("test loss over shares of the last time", ("point",))
    ),
    "t_max": Observable(lambda runs: runs.t_max, Variable("last canonical time of the run")),
}
