"""Charts of numbers read off many runs: crossings, scatter, counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from simtheory._checks import as_finite, of_kind
from simtheory._faces import face
from simtheory._typing import Array, IntArray
from simtheory.errors import ShapeError
from simtheory.plot.style import GREY, INK, colour

__all__ = ["counts", "crossing", "measurements", "scatter"]

_PREDICTED, _NULL = "#1a7f4b", "#b3401f"


@face
def scatter(predicted: Array, measured: Array, *, noun: str, ax: Axes) -> Axes:
    """Draw measured against predicted numbers, one colour per concept, with the line of agreement.

    Parameters
    ----------
    predicted, measured : ndarray, shape (n, s)
        Numbers for n runs and s concepts.
    noun : str
        What they are, for the labels.
    ax : Axes
        Where to draw.

    Returns
    -------
    Axes
        The same Axes, on logarithmic scales.
    """
    of_kind("ax", ax, Axes)
    if predicted.ndim != 2 or predicted.shape != measured.shape or not predicted.size:
        raise ShapeError(
            "Arguments `predicted` and `measured` must have one shape (runs, concepts), but theirs are "
            f"{predicted.shape} and {measured.shape}."
        )
    ends = [min(predicted.min(), measured.min()), max(predicted.max(), measured.max())]
    ax.plot(ends, ends, "--", color=GREY, lw=1.0, label="agreement")
    for k in range(predicted.shape[1]):
        ax.plot(
            predicted[:, k],
            measured[:, k],
            "o",
            ms=3,
            color=colour(k),
            alpha=0.6,
            label=f"concept {k + 1}",
        )
    ax.set(xscale="log", yscale="log", xlabel=f"predicted {noun}", ylabel=f"measured {noun}")
    ax.legend()
    return ax


@face
def crossing(
    x: Array, values: Array, *, predicted: float, xlabel: str, ylabel: str, ax: Axes
) -> Axes:
    """Draw where several measured lines cross zero, and where they should.

    Parameters
    ----------
    x : ndarray, shape (m,)
        What was varied.
    values : ndarray, shape (m, n)
        Measured number for n seeds.
    predicted : float
        Place of the predicted crossing.
    xlabel, ylabel : str
        Labels.
    ax : Axes
        Where to draw.

    Returns
    -------
    Axes
        The same Axes.
    """
    of_kind("ax", ax, Axes)
    ax.plot(x, values, "o-", ms=3, lw=0.8, color=INK, alpha=0.6)
    ax.axhline(0.0, color=GREY, lw=0.8)
    ax.axvline(predicted, color=_PREDICTED, ls="--", lw=1.4, label="predicted crossing")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return ax


@face
def counts(groups: Sequence[IntArray], *, labels: Sequence[str], xlabel: str, ax: Axes) -> Axes:
    """Draw how often each count occurs, side by side for several groups of runs.

    Parameters
    ----------
    groups : sequence of ndarray of int
        Counts of the runs of each group.
    labels : sequence of str
        Names of the groups.
    xlabel : str
        What was counted.
    ax : Axes
        Where to draw.

    Returns
    -------
    Axes
        The same Axes.
    """
    of_kind("ax", ax, Axes)
    held = [np.atleast_1d(np.asarray(group)) for group in groups]
    if len(held) != len(labels) or not all(group.size for group in held) or not held:
        raise ShapeError(
            f"Argument `labels` must name each of the groups, {len(held)}, none of them empty, but it "
            f"holds {len(labels)}."
        )
    values = np.arange(1, max(int(group.max()) for group in held) + 1)
    width = 0.8 / len(held)
    for k, (group, label) in enumerate(zip(held, labels, strict=True)):
        share = [float(np.mean(group == v)) for v in values]
        ax.bar(
            values + (k - (len(held) - 1) / 2) * width, share, width, color=colour(k), label=label
        )
    ax.set_xticks(values)
    ax.set(xlabel=xlabel, ylabel="share of starts")
    ax.legend()
    return ax


@face
def measurements(
    values: Sequence[float],
    *,
    predicted: float,
    band: tuple[float, float],
    null: float,
    ax: Axes,
) -> Axes:
    """Draw measured values against the prediction, its band and the null predictor.

    Parameters
    ----------
    values : sequence of float
        Measured values, one per seed.
    predicted : float
        The theory's value.
    band : (float, float)
        Interval stated before.
    null : float
        What the null predictor says.
    ax : Axes
        Where to draw.

    Returns
    -------
    Axes
        The same Axes.
    """
    of_kind("ax", ax, Axes)
    as_finite("band", band)
    spots = np.linspace(-0.22, 0.22, len(values)) if len(values) > 1 else [0.0]
    ax.axhspan(*band, color=_PREDICTED, alpha=0.13, lw=0, label="band")
    ax.axhline(predicted, color=_PREDICTED, ls="--", lw=1.4, label="predicted")
    ax.plot(spots, values, "o", ms=4.5, color=INK, alpha=0.75, label="measured")
    ax.plot([1.0], [null], "x", ms=8, mew=1.8, color=_NULL, label="null")
    ax.set_xlim(-0.6, 1.6)
    ax.set_xticks([0.0, 1.0], ["measured", "null"])
    ax.margins(y=0.15)
    ax.set_ylabel("measured quantity")
    ax.legend(fontsize="x-small", loc="best")
    return ax
