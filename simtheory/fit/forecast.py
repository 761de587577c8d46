"""Forecasts from a fit: curves, learning times and a swing-by to come, with intervals."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from simtheory._checks import as_times, positive, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.fit._forms import Form
from simtheory.fit.results import Fit
from simtheory.observe import arrays
from simtheory.results import axes
from simtheory.results.axes import named_by, over

__all__ = ["Forecast", "Interval", "SwingForecast", "Withheld", "as_dict", "predict"]

_POINTS = 401
_PAST_LEARNING = 1.5
"""Horizon of a forecast that is given none, in units of the last learning time."""

_FURTHEST = 100.0
"""Largest such horizon, in lengths of the fitted time; a concept learned later has no time."""


@face
@dataclass(frozen=True, slots=True)
class Interval:
    """A predicted number.

    Parameters
    ----------
    value : float
        At the best parameters; infinite for what does not happen on the grid.
    low, high : float
        Ends of its confidence interval.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4g}  [{self.low:.4g}, {self.high:.4g}]"


@face
@dataclass(frozen=True, slots=True)
class SwingForecast:
    """A rise of the test loss that is still to come, or to end.

    Values are those of the best curve; if it has no such rise, medians over those that have one.

    Parameters
    ----------
    probability : float
        Share of the possible parameters that have such a rise.
    start, top : Interval
        Times of the minimum before it and of its maximum.
    size : Interval
        Height, as a share of the loss at time zero.
    """

    probability: float
    start: Interval
    top: Interval
    size: Interval


@face
@dataclass(frozen=True, slots=True)
class Withheld:
    """The error of a forecast on points that were measured but not fitted.

    Parameters
    ----------
    points : int
        Numbers that were withheld.
    error : float
        Root mean square of forecast minus measurement.
    nothing : float
        The same for the forecast that the last fitted value stays.
    covered : float
        Share of the measurements inside the band, widened by the noise of one point.
    """

    points: int
    error: float
    nothing: float
    covered: float


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Forecast:
    """Curves from time zero to a horizon, with bands.

    Parameters
    ----------
    t : ndarray, shape (T,)
        Times, in the unit of the data.
    values, low, high : ndarray, shape (T, C)
        Best curves, and the band in which the noiseless curves lie.
    concepts : tuple of str
        What the concepts are called.
    learning_times : tuple of Interval
        When each of them is learned, on inputs that hold it alone.
    learned : float
        The share that counts as learned.
    swing : SwingForecast or None
        The first rise of the test loss that ends after the fitted times; None if one is unlikely,
        or if signal strengths are not known.
    withheld : Withheld or None
        Measured against what was withheld.
    unit : {"t", "step", "epoch"}
        What times count: canonical time, optimiser steps or epochs, as the data do.
    """

    t: Array = field(metadata=over("t", labels=True))
    values: Array = field(metadata=over("t", "column", allow="real"))
    low: Array = field(metadata=over("t", "column", allow="real"))
    high: Array = field(metadata=over("t", "column", allow="real"))
    concepts: tuple[str, ...]
    learning_times: tuple[Interval, ...] = field(metadata=named_by("concepts"))
    learned: float
    swing: SwingForecast | None
    withheld: Withheld | None
    unit: str = "t"

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)

    def __repr__(self) -> str:
        return f"Forecast(until {self.t[-1]:g}, {len(self.learning_times)} concepts)"


@face
def predict(
    fit: Fit,
    *,
    t: ArrayLike | None = None,
    until: float | None = None,
    learned: float = 0.5,
    threshold: float = 1e-3,
) -> Forecast:
    """Predict the rest of a training from a fit of its beginning.

    Parameters
    ----------
    fit : Fit
        What was fitted.
    t : array_like, shape (T,), optional
        Times to predict, in the unit of the data. Default: from zero to the horizon.
    until : float, optional
        Horizon. Default: half again the last learning time.
    learned : float
        Share of its signal at which a concept counts as learned, in (0, 1).
    threshold : float
        Smallest rise of the test loss that counts, as a share of the loss at time zero.

    Returns
    -------
    Forecast
        Curves, learning times and a coming swing-by, with intervals at the confidence of the fit.

    Notes
    -----
    All intervals are quantiles over the `draws` of the fit: 512 points of a Sobol sequence spread
    as its covariance says, or its bootstrap samples. Errors of the model itself are
    not in them.
    """
    plain = Form.of(fit.curves, fit.model, fit.rows, fit.depth or 2.0, fit.ends)
    form = replace(plain, imbalanced=fit.imbalanced)
    if t is not None and until is not None:
        raise ArgumentError("Arguments `t` and `until` say the same: pass one of them.")
    last = float(fit.curves.t[-1])
    share("learned", learned)
    positive("threshold", threshold)
    if t is None:
        horizon = _horizon(form, fit, learned) if until is None else positive("until", until)
        times = _grid(horizon, last, fit)
    else:
        times = as_times(t)
    span = last
    drawn = np.concatenate([fit.theta[None], fit.draws])
    tail = 0.5 * (1.0 - fit.confidence)
    W = form.weights(drawn, times / span)
    curves = form.observe(drawn, W)
    low, high = np.quantile(curves[1:], (tail, 1.0 - tail), axis=0)
    moments = arrays.crossings(times, np.moveaxis(_own(form, drawn, W), 1, 2), learned)
    names = fit.curves.names
    if fit.curves.observed == "loss":
        names = tuple(f"concept {k + 1}" for k in range(form.n))
    return Forecast(
        t=times,
        values=curves[0],
        low=low,
        high=high,
        concepts=names,
        learning_times=tuple(_interval(column, tail) for column in moments.T),
        learned=float(learned),
        swing=None
        if form.mu is None
        else _swing(times, _test_loss(W, form.mu), last, threshold, tail),
        withheld=_judge(fit, form, drawn, tail),
        unit=fit.curves.unit,
    )


def _horizon(form: Form, fit: Fit, learned: float) -> float:
    """Return the horizon of the best parameters, `_PAST_LEARNING` times the last learning time."""
    last = float(fit.curves.t[-1])
    coarse = last * np.geomspace(1e-2, _FURTHEST, 400)
    W = form.weights(fit.theta, coarse / last)
    moments = arrays.crossings(coarse, _own(form, fit.theta, W).T, learned)
    latest = float(np.max(moments[np.isfinite(moments)], initial=0.0))
    return max(last if fit.withheld is None else float(fit.withheld.t[-1]), _PAST_LEARNING * latest)


def _own(form: Form, theta: Array, W: Array) -> Array:
    """Outputs on inputs that hold one concept alone, shape (..., T, n)."""
    return form.shares(theta, np.diagonal(W, axis1=-2, axis2=-1))


def _grid(horizon: float, last: float, fit: Fit) -> Array:
    """Return times spread evenly over the fitted ones and over the horizon, so that neither is coarse."""
    parts = [np.linspace(0.0, horizon, _POINTS)]
    if last < horizon:
        parts.append(np.linspace(0.0, last, _POINTS // 2))
    return np.unique(np.concatenate(parts))


def _interval(values: Array, tail: float) -> Interval:
    """Return the first value with quantiles of the others, which may be infinite."""
    low = float(np.quantile(values[1:], tail, method="lower"))
    high = float(np.quantile(values[1:], 1.0 - tail, method="higher"))
    return Interval(float(values[0]), low, high)


def _test_loss(W: Array, mu: Array) -> Array:
    """Loss at the target, shape (..., T)."""
    return arrays.losses(W @ mu, mu)


def _swing(
    t: Array, losses: Array, last: float, threshold: float, tail: float
) -> SwingForecast | None:
    """Return the first rise that ends after the fitted times, over the best parameters and all draws."""
    found = []
    for loss in losses:
        coming = [
            (t[low], t[high], (loss[high] - loss[low]) / loss[0])
            for low, high in arrays.rises(loss, threshold * loss[0])
            if t[high] > last
        ]
        found.append(coming[0] if coming else None)
    drawn = [rise for rise in found[1:] if rise is not None]
    probability = len(drawn) / (len(found) - 1)
    if not drawn or (found[0] is None and probability < tail):
        return None
    best = np.median(drawn, axis=0) if found[0] is None else np.array(found[0])
    start, top, size = (_interval(column, tail) for column in np.vstack([best, drawn]).T)
    return SwingForecast(probability, start, top, size)


def _judge(fit: Fit, form: Form, drawn: Array, tail: float) -> Withheld | None:
    if fit.withheld is None:
        return None
    measured = fit.withheld.values
    curves = form.values(drawn, fit.withheld.t / fit.curves.t[-1])
    low, high = np.quantile(curves[1:], (tail, 1.0 - tail), axis=0)
    room = 2.0 * fit.quality.residual
    inside = (measured >= low - room) & (measured <= high + room)
    error = np.sqrt(np.mean((curves[0] - measured) ** 2))
    nothing = np.sqrt(np.mean((fit.curves.values[-1] - measured) ** 2))
    return Withheld(measured.size, float(error), float(nothing), float(inside.mean()))


@face
def as_dict(fit: Fit, forecast: Forecast | None = None) -> dict[str, Any]:
    """Return a fit and its forecast as plain numbers and words, for JSON.

    Parameters
    ----------
    fit : Fit
        The fit.
    forecast : Forecast, optional
        Its forecast.

    Returns
    -------
    dict
        Numbers that are not finite are None.
    """
    seen = fit.curves
    answer: dict[str, Any] = {
        "format": "simtheory.Fit/1",
        "data": {
            "columns": list(seen.names),
            "observed": seen.observed,
            "unit": seen.unit,
            "mu": None if seen.mu is None else seen.mu.tolist(),
            "clock": None if seen.clock is None else asdict(seen.clock),
            "fitted_until": float(seen.t[-1]),
        },
        "model": fit.model,
        "depth": fit.depth,
        "verdict": fit.verdict,
        "caveat": fit.caveat,
        "time": fit.time,
        "rows": fit.rows,
        "rates": fit.rate_unit,
        "confidence": fit.confidence,
        "intervals": fit.intervals,
        "parameters": [asdict(parameter) for parameter in fit.parameters],
        "quality": asdict(fit.quality),
        "candidates": [asdict(candidate) for candidate in fit.candidates],
    }
    if forecast is not None:
        answer["forecast"] = {
            "unit": forecast.unit,
            "learned_at": forecast.learned,
            "learning_times": {
                name: asdict(time)
                for name, time in zip(forecast.concepts, forecast.learning_times, strict=True)
            },
            "swing": None if forecast.swing is None else asdict(forecast.swing),
            "withheld": None if forecast.withheld is None else asdict(forecast.withheld),
            "t": forecast.t.tolist(),
            "values": forecast.values.tolist(),
            "low": forecast.low.tolist(),
            "high": forecast.high.tolist(),
        }
    return dict(_plain(answer))


def _plain(value: Any) -> Any:
    """Replace numbers that JSON cannot hold."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
