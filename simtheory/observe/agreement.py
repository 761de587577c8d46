r"""How far two trajectories are apart, where and when.

Two roads to the same task can be compared where both were watched: on the same probes at the same
times. The yardstick is the largest *change* of the measured outputs, so that a predictor which
never leaves the starting point has a relative error of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simtheory._checks import frozen
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array
from simtheory.errors import ArgumentError, ShapeError
from simtheory.results import Trajectory

__all__ = ["Agreement", "agreement"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Agreement:
    """Distance between predicted and measured outputs.

    Parameters
    ----------
    predicted, measured : str
        Origins of the two trajectories.
    max_error : float
        Largest absolute difference of any output coordinate, anywhere.
    rms_error : float
        Root mean square of the differences, over everything.
    scale : float
        Largest absolute change of a measured output coordinate since the first time.
    time : float
        Canonical time of the largest difference.
    probe : int
        Index of the probe where it is.
    member : tuple of int
        Place on the ensemble axes where it is; () for a single run.
    error_over_time : ndarray, shape (..., T)
        Largest absolute difference over probes and coordinates.
    """

    predicted: str
    measured: str
    max_error: float
    rms_error: float
    scale: float
    time: float
    probe: int
    member: tuple[int, ...]
    error_over_time: Array

    @property
    def relative(self) -> float:
        """Largest difference as a share of the scale; a prediction of no change at all has 1."""
        if self.scale == 0.0:
            return np.inf if self.max_error else 0.0
        return self.max_error / self.scale

    def __repr__(self) -> str:
        return (
            f"Agreement(max_error={self.max_error:.3g}, rms_error={self.rms_error:.3g}, "
            f"relative={self.relative:.3g})"
        )

    def __str__(self) -> str:
        return rows_as_text("Agreement", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("Agreement", self._rows())

    def _rows(self) -> list[tuple[str, str]]:
        member = f", member {self.member}" if self.member else ""
        return [
            ("predicted", self.predicted),
            ("measured", self.measured),
            ("max error", f"{self.max_error:.3g} at t = {self.time:g}, probe {self.probe}{member}"),
            ("rms error", f"{self.rms_error:.3g}"),
            ("relative", f"{self.relative:.3g} of the largest change, {self.scale:.3g}"),
        ]


def agreement(predicted: Trajectory, measured: Trajectory) -> Agreement:
    """Return how far a predicted trajectory is from a measured one.

    Parameters
    ----------
    predicted : Trajectory
        Usually a closed form.
    measured : Trajectory
        Usually a flow or a training, on the same times and probes; its ensemble axes and those of
        the prediction broadcast, so that one prediction serves many seeds.

    Returns
    -------
    Agreement
        Errors of the outputs over all members, times, probes and coordinates.

    Raises
    ------
    ShapeError
        If dimensions or ensembles do not fit.
    ArgumentError
        If times or probes differ.

    Examples
    --------
    >>> from simtheory.tasks import SIMTask
    >>> task, t = SIMTask(mu=(1.0, 2.0), sigma=0.0), np.array([0.0, 1.0])
    >>> learned = np.array([np.zeros((2, 2)), np.eye(2)])
    >>> truth = Trajectory.from_weights(t, learned, task, origin="sim", exact=True)
    >>> guess = Trajectory.from_weights(t, 0.9 * learned, task, origin="analytic", exact=False)
    >>> agreement(guess, truth)
    Agreement(max_error=0.2, rms_error=0.0791, relative=0.1)
    """
    _same_dimension(predicted, measured)
    _same("t", "times", predicted.t, measured.t)
    _same("probes", "probes", predicted.probes, measured.probes)
    try:
        np.broadcast_shapes(predicted.ensemble, measured.ensemble)
    except ValueError as reason:
        raise ShapeError(
            f"Arguments `predicted` and `measured` must have ensembles that broadcast, but theirs "
            f"are {predicted.ensemble} and {measured.ensemble}."
        ) from reason
    error = np.abs(predicted.outputs - measured.outputs)
    *member, when, probe, _ = (int(i) for i in np.unravel_index(error.argmax(), error.shape))
    return Agreement(
        predicted=predicted.origin,
        measured=measured.origin,
        max_error=float(error.max()),
        rms_error=float(np.sqrt(np.mean(error**2))),
        scale=float(np.abs(measured.outputs - measured.outputs[..., :1, :, :]).max()),
        time=float(measured.t[when]),
        probe=probe,
        member=tuple(member),
        error_over_time=frozen(error.max(axis=(-2, -1))),
    )


def _same_dimension(predicted: Trajectory, measured: Trajectory) -> None:
    if predicted.task.dim != measured.task.dim:
        raise ShapeError(
            "Arguments `predicted` and `measured` must belong to tasks of one dimension, but theirs "
            f"are {predicted.task.dim} and {measured.task.dim}."
        )


def _same(name: str, noun: str, predicted: Array, measured: Array) -> None:
    """Times converted from steps may differ in their last digits, no more."""
    if predicted.shape == measured.shape:
        off = float(np.abs(predicted - measured).max())
        if off <= 1e-9 * max(1.0, float(np.abs(measured).max())):
            return
        came = f"they differ by up to {off:.3g}"
    else:
        came = f"their shapes are {predicted.shape} and {measured.shape}"
    raise ArgumentError(
        f"Arguments `predicted` and `measured` must share their {noun} (`{name}`), but {came}. "
        "Evaluate the theory at measured.t and pass probes=measured.probes."
    )
