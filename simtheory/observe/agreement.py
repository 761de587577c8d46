r"""How far two results of one kind are apart, where, and against which yardstick.

Two trajectories are compared where both were watched: on the same probes at the same times; two
curves at the same x, row by row. The yardstick is the largest *change* of what was measured, so that
a predictor that never leaves its starting point has a relative error of one.

Samples have no places in common, so their laws are compared: by the energy distance

.. math:: D = 2\,E|X-Y| - E|X-X'| - E|Y-Y'| ,

which is zero only where the laws are equal, and by their means and covariances. The yardstick is
:math:`E|Y-Y'|`, the mean distance of two measured points.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, overload

import numpy as np

from simtheory._checks import warn_caller
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError, ReadingWarning, ShapeError
from simtheory.observe.moments import moments
from simtheory.results import Curve, Recorder, Samples, Trajectory, axes
from simtheory.results.axes import over

__all__ = ["Agreement", "CurveAgreement", "SampleAgreement", "agreement"]

_STILL = 1e-13
"""Change of a measured result, as a share of its largest number, up to which it is rounding."""
_BLOCK = 1024
"""Points whose distances to all others are held at once: 8 MB for every thousand others."""


@face
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
    error_over_time: Array = field(metadata=over("*ensemble", "t"))

    shown: ClassVar[tuple[str, ...]] = ("relative",)
    __reduce__ = axes.reduce
    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)

    @property
    def relative(self) -> float:
        """Largest difference as a share of the scale; a prediction of no change at all has 1."""
        return _share(self.max_error, self.scale)

    def __repr__(self) -> str:
        return (
            f"Agreement(max_error={self.max_error:.3g}, rms_error={self.rms_error:.3g}, "
            f"relative={self.relative:.3g})"
        )


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CurveAgreement:
    """Distance between predicted and measured curves.

    Parameters
    ----------
    predicted, measured : str
        Origins of the two curves.
    max_error : float
        Largest absolute difference, anywhere.
    rms_error : float
        Root mean square of the differences, over all places where both curves have a value.
    scale : float
        Largest absolute change of a measured row since its first value.
    x : float
        Where the largest difference is.
    row : str
        The row in which it is.
    member : tuple of int
        Place on the ensemble axes where it is; () for a single curve.
    standard : float or None
        Largest difference in units of its standard error, where one of the curves has any.
    error_over_x : ndarray, shape (..., X)
        Largest absolute difference over rows; NaN where nothing can be compared.
    """

    predicted: str
    measured: str
    max_error: float
    rms_error: float
    scale: float
    x: float
    row: str
    member: tuple[int, ...]
    standard: float | None
    error_over_x: Array = field(metadata=over("*ensemble", "x", allow="nan"))

    shown: ClassVar[tuple[str, ...]] = ("relative",)
    __reduce__ = axes.reduce
    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)

    @property
    def relative(self) -> float:
        """Largest difference as a share of the scale; a prediction of no change at all has 1."""
        return _share(self.max_error, self.scale)

    def __repr__(self) -> str:
        standard = "" if self.standard is None else f", standard={self.standard:.3g}"
        return (
            f"CurveAgreement(max_error={self.max_error:.3g}, rms_error={self.rms_error:.3g}, "
            f"relative={self.relative:.3g}{standard})"
        )


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SampleAgreement:
    """Distance between the laws of predicted and measured samples.

    Parameters
    ----------
    predicted, measured : str
        Origins of the samples.
    energy : ndarray, shape (...)
        Energy distance, in units of the points. It is never negative.
    floor : ndarray, shape (...)
        What the energy distance is on average where both laws are the measured one, because the
        samples are finite.
    scale : ndarray, shape (...)
        Mean distance of two measured points.
    mean_error : ndarray, shape (...)
        Largest difference of a coordinate of the means, in units of the points.
    covariance_error : ndarray, shape (...)
        Largest difference of an entry of the covariances.
    """

    predicted: str
    measured: str
    energy: Array = field(metadata=over("*ensemble"))
    floor: Array = field(metadata=over("*ensemble"))
    scale: Array = field(metadata=over("*ensemble"))
    mean_error: Array = field(metadata=over("*ensemble"))
    covariance_error: Array = field(metadata=over("*ensemble"))

    shown: ClassVar[tuple[str, ...]] = ("relative",)
    __reduce__ = axes.reduce
    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)

    @property
    def relative(self) -> float:
        """Largest energy distance as a share of its scale."""
        return max(
            (
                _share(float(e), float(s))
                for e, s in zip(self.energy.flat, self.scale.flat, strict=True)
            ),
            default=0.0,
        )

    def __repr__(self) -> str:
        return (
            f"SampleAgreement(energy={self.energy.max():.3g}, floor={self.floor.max():.3g}, "
            f"relative={self.relative:.3g})"
        )


def _share(error: float, scale: float) -> float:
    if scale == 0.0:
        return np.inf if error else 0.0
    return error / scale


@overload
def agreement(predicted: Trajectory, measured: Trajectory | Recorder) -> Agreement: ...


@overload
def agreement(predicted: Curve, measured: Curve) -> CurveAgreement: ...


@overload
def agreement(predicted: Samples, measured: Samples) -> SampleAgreement: ...


@face
def agreement(predicted: Any, measured: Any) -> Any:
    """Return how far a predicted result is from a measured one of the same kind.

    Parameters
    ----------
    predicted : Trajectory, Curve or Samples
        Usually a closed form.
    measured : Trajectory, Recorder, Curve or Samples
        Usually a flow, a training, or what a `Recorder` has watched: trajectories on the same times and probes, curves on the same
        x and rows, samples of the same dimension. Ensemble axes broadcast, so that one prediction
        serves many seeds.

    Returns
    -------
    Agreement, CurveAgreement or SampleAgreement
        Errors of the outputs, of the values, or of the laws.

    Raises
    ------
    ShapeError
        If dimensions or ensembles do not fit.
    ArgumentError
        If the kinds, times, probes, x or rows differ, or no value can be compared.

    Warns
    -----
    ReadingWarning
        If the measured result does not change, or all its points are one: then its scale is zero, and
        a prediction of no change agrees with it as well as any other.

    Notes
    -----
    Curves are compared where both have a value. Samples count with their weights; their energy
    distance costs N² distances of points.

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
    if isinstance(measured, Recorder):
        measured = measured.trajectory()
    for kind, compare in _KINDS.items():
        if isinstance(predicted, kind) and isinstance(measured, kind):
            _broadcast(predicted, measured)
            found = compare(predicted, measured)
            if np.min(found.scale, initial=np.inf) <= _STILL * _size(measured):
                warn_caller(_NOTHING[kind], ReadingWarning)
            return found
    raise ArgumentError(
        "Arguments `predicted` and `measured` must be two trajectories, two curves or two samples, "
        f"but they are {type(predicted).__name__} and {type(measured).__name__}."
    )


def _of_trajectories(predicted: Trajectory, measured: Trajectory) -> Agreement:
    _same_dimension("tasks", predicted.task.dim, measured.task.dim)
    _same_dimension("outputs", predicted.outputs.shape[-1], measured.outputs.shape[-1])
    advice = "Evaluate the theory at measured.t and pass probes=measured.probes."
    _same("t", "times", predicted.t, measured.t, advice)
    _same("probes", "probes", predicted.probes, measured.probes, advice)
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
        error_over_time=error.max(axis=(-2, -1)),
    )


def _of_curves(predicted: Curve, measured: Curve) -> CurveAgreement:
    if predicted.rows != measured.rows:
        raise ArgumentError(
            "Arguments `predicted` and `measured` must share their rows, but theirs are "
            f"{predicted.rows!r} and {measured.rows!r}."
        )
    _same("x", "places", predicted.x, measured.x, "Evaluate the theory at measured.x.")
    error = np.abs(predicted.values - measured.values)
    known = ~np.isnan(error)
    if not known.any():
        raise ArgumentError(
            "Arguments `predicted` and `measured` must share a place where both have a value, but "
            "there is none."
        )
    largest = int(np.where(known, error, -1.0).argmax())
    *member, place, row = (int(i) for i in np.unravel_index(largest, error.shape))
    over_rows = np.where(known, error, -np.inf).max(axis=-1)
    return CurveAgreement(
        predicted=predicted.origin,
        measured=measured.origin,
        max_error=float(error[known].max()),
        rms_error=float(np.sqrt(np.mean(error[known] ** 2))),
        scale=_largest_change(measured.values),
        x=float(measured.x[place]),
        row=measured.rows[row],
        member=tuple(member),
        standard=_in_standard_errors(error, predicted, measured),
        error_over_x=np.where(known.any(axis=-1), over_rows, np.nan),
    )


def _largest_change(values: Array) -> float:
    """Largest change of a row since its first value that is known."""
    known = ~np.isnan(values)
    first = np.take_along_axis(values, known.argmax(axis=-2)[..., None, :], axis=-2)
    change = np.abs(values - first)
    return float(np.where(np.isnan(change), 0.0, change).max(initial=0.0))


def _in_standard_errors(error: Array, predicted: Curve, measured: Curve) -> float | None:
    if predicted.errors is None and measured.errors is None:
        return None
    squares = [curve.errors**2 for curve in (predicted, measured) if curve.errors is not None]
    spread = np.broadcast_to(np.sqrt(np.sum(np.broadcast_arrays(*squares), axis=0)), error.shape)
    good = ~np.isnan(error) & ~np.isnan(spread)
    if not good.any():
        return None
    never = np.where(error > 0, np.inf, 0.0)
    return float(np.divide(error, spread, out=never, where=good & (spread > 0))[good].max())


def _of_samples(predicted: Samples, measured: Samples) -> SampleAgreement:
    _same_dimension("samples", predicted.points.shape[-1], measured.points.shape[-1])
    for name, drawn in (("predicted", predicted), ("measured", measured)):
        if drawn.points.shape[-2] == 0:
            raise ShapeError(f"Argument `{name}` must hold a point, but it holds none.")
    shape = np.broadcast_shapes(predicted.ensemble, measured.ensemble)
    sides = []
    for drawn in (predicted, measured):
        points, weights = drawn.points, drawn.weights
        sides.append(
            (
                np.broadcast_to(points, (*shape, *points.shape[-2:])),
                np.broadcast_to(weights, (*shape, weights.shape[-1])),
            )
        )
    energy, floor, scale = (np.empty(shape) for _ in range(3))
    for place in np.ndindex(shape):
        (x, p), (y, q) = ((points[place], weights[place]) for points, weights in sides)
        spread = _mean_distance(y, q, y, q)
        left, right = float(p @ p), float(q @ q)  # one over the effective number of points
        apart = 2.0 * _mean_distance(x, p, y, q) - _mean_distance(x, p, x, p) - spread
        energy[place] = max(apart, 0.0)  # rounding
        scale[place] = spread / (1.0 - right) if right < 1.0 else 0.0
        floor[place] = (left + right) * scale[place]
    (means, covariances), (true_means, true_covariances) = moments(predicted), moments(measured)
    return SampleAgreement(
        predicted=predicted.origin,
        measured=measured.origin,
        energy=energy,
        floor=floor,
        scale=scale,
        mean_error=np.abs(means - true_means).max(axis=-1),
        covariance_error=np.abs(covariances - true_covariances).max(axis=(-2, -1)),
    )


def _mean_distance(x: Array, p: Array, y: Array, q: Array) -> float:
    """Mean distance between points of two samples with weights."""
    total = 0.0
    for first in range(0, len(x), _BLOCK):
        part = slice(first, first + _BLOCK)
        squares = np.zeros((len(x[part]), len(y)))
        for k in range(x.shape[1]):
            squares += (x[part, k, None] - y[:, k]) ** 2
        total += float(p[part] @ np.sqrt(squares) @ q)
    return total


_KINDS: dict[type, Any] = {
    Trajectory: _of_trajectories,
    Curve: _of_curves,
    Samples: _of_samples,
}


_NOTHING: dict[type, str] = {
    Trajectory: "There is nothing to agree on: no output of `measured` changes over time.",
    Curve: "There is nothing to agree on: no row of `measured` changes over x.",
    Samples: "There is nothing to agree on: all points of `measured` are the same.",
}


def _size(measured: Any) -> float:
    """Return the largest number of a result."""
    name = {Trajectory: "outputs", Curve: "values", Samples: "points"}[type(measured)]
    values = np.abs(getattr(measured, name))
    return float(np.where(np.isnan(values), 0.0, values).max(initial=0.0))


def _broadcast(predicted: Any, measured: Any) -> None:
    try:
        np.broadcast_shapes(predicted.ensemble, measured.ensemble)
    except ValueError as reason:
        raise ShapeError(
            f"Arguments `predicted` and `measured` must have ensembles that broadcast, but theirs "
            f"are {predicted.ensemble} and {measured.ensemble}."
        ) from reason


def _same_dimension(noun: str, predicted: int, measured: int) -> None:
    if predicted != measured:
        raise ShapeError(
            f"Arguments `predicted` and `measured` must belong to {noun} of one dimension, but theirs "
            f"are {predicted} and {measured}."
        )


def _same(name: str, noun: str, predicted: Array, measured: Array, advice: str) -> None:
    """Refuse places that differ by more than the last digits, as converted steps do."""
    if predicted.shape == measured.shape:
        off = float(np.abs(predicted - measured).max(initial=0.0))
        if off <= 1e-9 * max(1.0, float(np.abs(measured).max(initial=0.0))):
            return
        came = f"they differ by up to {off:.3g}"
    else:
        came = f"their shapes are {predicted.shape} and {measured.shape}"
    raise ArgumentError(
        f"Arguments `predicted` and `measured` must share their {noun} (`{name}`), but {came}. {advice}"
    )
