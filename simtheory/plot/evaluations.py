"""Evaluations through training: curves beside the rules, times with intervals, prompts."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from simtheory._faces import face
from simtheory._typing import Array
from simtheory.assess import Accuracies, EmergenceTimes, HiddenCapability, product_law
from simtheory.errors import ShapeError
from simtheory.plot._axes import axes_or_new
from simtheory.plot.style import GREY, INK, colour

__all__ = ["class_curves", "emergence_times", "prompt_steps"]

_FARTHEST = (
    3.0  # last steps beyond which an end of an interval, or what theory expects, is an arrow
)
_NAMED = 8  # classes that a legend names; more would cover the picture
_ROWS = 16  # rows that are named; of more every second, third, ... is, and marks are smaller


def _inside(ax: Axes) -> None:
    """Name the lines inside the Axes, where learning leaves room: a page cuts off what stands beside."""
    ax.legend(loc="upper left", fontsize="x-small", labelspacing=0.2)


@face
def class_curves(acc: Accuracies, name: str, *, ax: Axes | None = None) -> Axes:
    """Draw the accuracies of a class over steps, beside the product of its marginals and the weakest concept.

    Parameters
    ----------
    acc : Accuracies
        The table.
    name : str
        The class.
    ax : Axes, optional
        Where to draw. Default: new Axes.

    Returns
    -------
    Axes
        The Axes: means over seeds; the band around the product is two standard deviations of independent errors.
    """
    ax, place = axes_or_new(ax), acc.place(name)
    seen = ~np.isnan(acc.joint[:, :, place]).all(axis=0)
    x = acc.steps[seen]
    q, noise = acc.marginals[:, seen, place], product_law(acc).noise[:, seen, place]
    product = np.prod(q**acc.powers, axis=-1)
    middle = _mean(product)
    for k, concept in enumerate(acc.concepts):
        ax.plot(x, _mean(q[..., k]), color=colour(k), lw=1.0, label=concept)
    ax.plot(x, _mean(q.min(axis=-1)), ":", color=GREY, label="weakest concept")
    ax.plot(x, middle, "--", color=INK, label="product")
    if not np.isnan(noise).all():
        half = 2.0 * np.sqrt(_mean(noise**2) / len(noise))
        ax.fill_between(x, middle - half, middle + half, color=INK, alpha=0.15, lw=0)
    ax.plot(x, _mean(acc.joint[:, seen, place]), "o-", ms=3, color=INK, label="joint")
    ax.set(xlabel="step", ylabel="accuracy", ylim=(-0.03, 1.03), title=name)
    _inside(ax)
    return ax


def _mean(values: Array) -> Array:
    """Return means over seeds, of those that are known."""
    seen = ~np.isnan(values)
    return np.asarray(np.nansum(values, axis=0) / np.maximum(seen.sum(axis=0), 1))


@face
def emergence_times(
    found: EmergenceTimes, *, expected: Array | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the times at which classes are learned, the earliest on top.

    Parameters
    ----------
    found : EmergenceTimes
        The times.
    expected : ndarray, shape (P,), optional
        Steps that theory expects, drawn as crosses.
    ax : Axes, optional
        Where to draw. Default: new Axes.

    Returns
    -------
    Axes
        The Axes: dots are seeds, open where censored, diamonds medians, bars their intervals. What lies
        beyond the Axes, or has no end, is an arrow at the edge. Of more than sixteen classes some are named.
    """
    if expected is not None and expected.shape != found.median.shape:
        raise ShapeError(
            f"Argument `expected` must have shape {found.median.shape}, a step for each class, but its shape is "
            f"{expected.shape}."
        )
    ax = axes_or_new(ax)
    order = np.argsort(np.where(np.isnan(found.median), np.inf, found.median), kind="stable")
    shown = [found.times, found.median, found.interval, *([] if expected is None else [expected])]
    every = np.concatenate([np.ravel(part) for part in shown])
    last = float(np.nanmax(found.times)) if not np.isnan(found.times).all() else 1.0
    edge = 1.05 * float(every[np.isfinite(every) & (every <= _FARTHEST * last)].max(initial=last))
    every_so, size = -(-len(order) // _ROWS), min(1.0, np.sqrt(_ROWS / max(len(order), 1)))
    for row, k in enumerate(order):
        lost = np.asarray(found.censored[:, k], dtype=bool)
        times = found.times[:, k]
        ax.plot(times[~lost], np.full((~lost).sum(), row), "o", ms=3 * size, color=GREY)
        ax.plot(times[lost], np.full(lost.sum(), row), "o", ms=4 * size, color=GREY, mfc="none")
        low, high = found.interval[k]
        if not np.isnan(low) and low < edge:
            ax.plot([max(low, 0.0), min(high, edge)], [row, row], color=INK, lw=1.2 * size)
            if high > edge:
                ax.plot([edge], [row], ">", ms=5 * size, color=INK, clip_on=False)
        if np.isfinite(found.median[k]):
            ax.plot([found.median[k]], [row], "d", ms=5 * size, color=INK)
        if expected is not None and np.isfinite(expected[k]):
            beyond = expected[k] > edge
            ax.plot(
                [min(expected[k], edge)], [row + 0.25 * beyond], "4" if beyond else "x",
                ms=6 * size, color=colour(0), clip_on=False,
            )  # fmt: skip
        if row % every_so:
            continue
        side = ax.get_yaxis_transform()  # names stand inside, since they may be long
        ax.text(0.01, row - 0.08, found.classes[k], transform=side, fontsize="x-small", va="bottom")
    ax.set(yticks=[], ylim=(len(order) - 0.5, -0.9), xlim=(-0.03 * edge, edge))
    ax.set_xlabel(f"step to {found.level:.0%} of the ceiling")
    return ax


@face
def prompt_steps(found: HiddenCapability, *, ax: Axes | None = None) -> Axes:
    """Draw the steps from which the best prompt passes against those of the plain one.

    Parameters
    ----------
    found : HiddenCapability
        The steps.
    ax : Axes, optional
        Where to draw. Default: new Axes.

    Returns
    -------
    Axes
        The Axes: a dot for each seed and class; above the line the plain prompt hides the class.
    """
    ax = axes_or_new(ax)
    finite = np.concatenate(
        [found.best[np.isfinite(found.best)], found.plain[np.isfinite(found.plain)]]
    )
    last = float(finite.max()) if finite.size else 1.0
    for k, name in enumerate(found.classes):
        seen = np.isfinite(found.best[:, k])
        lost = seen & np.isinf(found.plain[:, k])
        kept = seen & ~lost
        style: dict[str, Any] = {"ms": 4, "color": colour(k)}
        ax.plot(found.best[kept, k], found.plain[kept, k], "o", label=name, **style)
        ax.plot(found.best[lost, k], np.full(lost.sum(), 1.05 * last), "^", mfc="none", **style)
    ax.plot([0.0, last], [0.0, last], color=GREY, lw=0.8)
    ax.set(xlabel="step of the best prompt", ylabel="step of the plain prompt")
    if len(found.classes) <= _NAMED:
        _inside(ax)
    return ax
