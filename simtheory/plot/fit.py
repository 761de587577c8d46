"""Fits of measured curves: the data, the best curve with its band, and what is to come."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from simtheory._checks import of_kind
from simtheory._faces import face
from simtheory.fit import Curves, Fit, Forecast, predict
from simtheory.plot._axes import TIME, axes_or_new, legend, note, plain
from simtheory.plot.style import GREY, INK, colour

__all__ = ["fitted", "residuals"]

_YAXIS = {
    "concepts": "output on each concept, share of target",
    "target": "output at the target, share of target",
    "loss": "loss",
}
_FEW = 150
"""More points than these are drawn smaller."""


@face
def fitted(
    fit: Fit, *, forecast: Forecast | None = None, ax: Axes | None = None, **line_kwargs: Any
) -> Axes:
    """Draw measured curves, the fit with its band, and the forecast.

    Points that were fitted are full, withheld ones are open; a grey line parts them. A diamond with
    a bar marks when a concept is learned, with the interval of that time, and a grey stripe where
    the test loss will have risen to its top.

    Parameters
    ----------
    fit : Fit
        What was fitted.
    forecast : Forecast, optional
        What is to come. Default: ``predict(fit)``.
    ax : Axes, optional
        Where to draw. Default: new Axes.
    **line_kwargs
        For ``Axes.plot``, for the best curves.

    Returns
    -------
    Axes
        The Axes.
    """
    of_kind("fit", fit, Fit)
    ahead = predict(fit) if forecast is None else forecast
    ax = axes_or_new(ax)
    for k, name in enumerate(fit.curves.names):
        hue = _hue(fit.curves, k)
        _points(ax, fit.curves, k, hue, filled=True)
        if fit.withheld is not None:
            _points(ax, fit.withheld, k, hue, filled=False)
        ax.fill_between(ahead.t, ahead.low[:, k], ahead.high[:, k], color=hue, alpha=0.22, lw=0)
        ax.plot(ahead.t, ahead.values[:, k], **{"color": hue, "label": plain(name), **line_kwargs})
    last = float(fit.curves.t[-1])
    if last < ahead.t[-1]:
        ax.axvline(last, color=GREY, linewidth=0.8, zorder=0.5)
        note(ax, "forecast", (last, 1.0), (3, -2), color=GREY, fontsize="small", xycoords=("data", "axes fraction"))  # fmt: skip
    _mark_learning(ax, fit, ahead)
    _mark_swing(ax, ahead)
    ax.set_xlabel(_xlabel(fit.curves))
    ax.set_ylabel(_YAXIS[fit.curves.observed])
    ax.set_xlim(0.0, float(ahead.t[-1]))
    legend(ax)
    return ax


@face
def residuals(fit: Fit, *, ax: Axes | None = None) -> Axes:
    """Draw what a fit leaves over: a model that misses nothing leaves no pattern.

    Parameters
    ----------
    fit : Fit
        What was fitted.
    ax : Axes, optional
        Where to draw. Default: new Axes.

    Returns
    -------
    Axes
        The Axes; the grey stripe is two standard deviations of the noise either way.
    """
    of_kind("fit", fit, Fit)
    ax = axes_or_new(ax)
    seen = fit.curves
    left = seen.values - predict(fit, t=seen.t).values
    noise = 2.0 * fit.quality.noise
    ax.axhspan(-noise, noise, color=GREY, alpha=0.2, linewidth=0)
    ax.axhline(0.0, color=GREY, linewidth=0.8)
    for k, column in enumerate(left.T):
        ax.plot(seen.t, column, color=_hue(seen, k), linewidth=0.7, marker=".", markersize=3.0)
    ax.set_xlabel(_xlabel(seen))
    ax.set_ylabel("measured − fitted")
    ax.set_xlim(0.0, float(seen.t[-1]))
    return ax


def _hue(curves: Curves, k: int) -> str:
    return INK if curves.observed == "loss" else colour(k)


def _xlabel(curves: Curves) -> str:
    return TIME if curves.unit == "t" else "optimiser step"


def _points(ax: Axes, curves: Curves, k: int, hue: str, *, filled: bool) -> None:
    size = 3.2 if curves.t.size <= _FEW else 2.0
    ax.plot(
        curves.t,
        curves.values[:, k],
        linestyle="none",
        marker="o",
        markersize=size,
        markeredgewidth=0.6,
        color=hue,
        markerfacecolor=hue if filled else "none",
        markeredgecolor="none" if filled else hue,
        alpha=0.6,
        label="_nolegend_",
    )


def _mark_learning(ax: Axes, fit: Fit, ahead: Forecast) -> None:
    """A diamond and a bar for each learning time on the grid; for a loss, at the foot."""
    for k, time in enumerate(ahead.learning_times):
        if not np.isfinite(time.value):
            continue
        height = ahead.learned if fit.curves.observed == "concepts" else 0.0
        late = min(time.high, float(ahead.t[-1]))
        ax.errorbar(
            time.value,
            height,
            xerr=[[max(time.value - time.low, 0.0)], [max(late - time.value, 0.0)]],
            color=colour(k),
            marker="D",
            markersize=5.0,
            markeredgecolor="white",
            capsize=3.0,
            zorder=3,
            label=f"concept {k + 1} learned" if fit.curves.observed == "loss" else "_nolegend_",
        )


def _mark_swing(ax: Axes, ahead: Forecast) -> None:
    if ahead.swing is None:
        return
    top, size = ahead.swing.top, ahead.swing.size
    ax.axvspan(top.low, min(top.high, float(ahead.t[-1])), color=GREY, alpha=0.3, linewidth=0)
    text = f"test loss\n+{100 * size.value:.2g}%"
    note(ax, text, (top.value, 0.5), (4, 0), color=INK, fontsize="small", xycoords=("data", "axes fraction"))  # fmt: skip
