"""Prediction against measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from simtheory._checks import as_finite
from simtheory._faces import face
from simtheory.errors import ArgumentError
from simtheory.observe import loss
from simtheory.plot._axes import TIME, axes_or_new, legend, line_style, loss_label, members, thin
from simtheory.plot.style import GREY, INK, dash
from simtheory.results import Trajectory

__all__ = ["prediction"]


@face
def prediction(
    predicted: Trajectory,
    measured: Trajectory,
    *,
    ax: Axes | None = None,
    vertex: Sequence[float] | None = None,
    band: tuple[float, float] = (0.1, 0.9),
    **line_kwargs: Any,
) -> Axes:
    """Draw a predicted loss over a measured one.

    The measurement lies below, wide and grey: a single run, or the median of an ensemble with a
    band between two of its quantiles. The prediction lies on top in ink.

    Parameters
    ----------
    predicted : Trajectory
        Usually a closed form; an ensemble is drawn as thin lines.
    measured : Trajectory
        Usually a flow or a training; its times need not be those of the prediction.
    ax : Axes, optional
        Where to draw. Default: new Axes.
    vertex : sequence of {0, 1}, length s, optional
        Which concepts the test point holds. Default: all, the target.
    band : (float, float)
        Quantiles over the ensemble of the measurement.
    **line_kwargs
        For ``Axes.plot``, for the prediction.

    Returns
    -------
    Axes
        The Axes, with a legend that names both origins.
    """
    low, high = _quantiles(band)
    ax = axes_or_new(ax)
    runs = members(measured, loss(measured, vertex=vertex), keep=1)
    label = measured.origin
    if len(runs) > 1:
        label += f", median of {len(runs)} ({100 * low:g}–{100 * high:g}%)"
        edges = np.quantile(runs, [low, high], axis=0)
        ax.fill_between(measured.t, *edges, color=GREY, alpha=0.25, linewidth=0)
    ax.plot(
        measured.t,
        np.median(runs, axis=0),
        color=GREY,
        linewidth=2.8,
        linestyle=dash(measured),
        dash_capstyle="round",
        label=label,
    )
    guesses = members(predicted, loss(predicted, vertex=vertex), keep=1)
    style = {"color": INK, "label": predicted.origin} | line_style(predicted, line_kwargs)
    lines = ax.plot(predicted.t, guesses.T, **thin(style, len(guesses)))
    for line in lines[1:]:
        line.set_label("_nolegend_")
    ax.set_xlabel(TIME)
    ax.set_ylabel(loss_label(vertex))
    legend(ax)
    return ax


def _quantiles(band: tuple[float, float]) -> tuple[float, float]:
    ends = as_finite("band", band)
    if ends.shape != (2,) or not 0.0 <= ends[0] < ends[1] <= 1.0:
        raise ArgumentError(
            f"Argument `band` must be (low, high) with 0 <= low < high <= 1, but it is {band!r}."
        )
    return float(ends[0]), float(ends[1])
