"""Coherence of token sequences over their distance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from simtheory._faces import face
from simtheory.assess import Coherence
from simtheory.errors import ArgumentError
from simtheory.plot._axes import axes_or_new, legend
from simtheory.plot.style import GREY, INK, colour

__all__ = ["coherence"]

_LEGEND = 8  # lines that a legend names; more would cover the picture


@face
def coherence(found: Coherence | Mapping[str, Coherence], *, ax: Axes | None = None) -> Axes:
    """Draw squared correlations over the distance, with bars of one standard error.

    Parameters
    ----------
    found : Coherence, or mapping of str to Coherence
        One, or several with their names. The reference of the first is drawn in ink, where it has one.
    ax : Axes, optional
        Where to draw. Default: new Axes.

    Returns
    -------
    Axes
        The Axes, on logarithmic scales. Values that are not positive are left out.
    """
    many = {"samples": found} if isinstance(found, Coherence) else dict(found)
    if not many:
        raise ArgumentError("Argument `found` must hold a coherence at least, but it is empty.")
    ax = axes_or_new(ax)
    first = next(iter(many.values()))
    if np.isfinite(first.ratio).any():
        ax.plot(first.r, _positive(first.reference_C2), color=INK, label="reference")
        ax.plot(
            first.r,
            _positive(4.0 * first.reference_error),
            ":",
            color=GREY,
            label="resolvable above",
        )
    for k, (name, each) in enumerate(many.items()):
        ax.errorbar(
            each.r,
            _positive(each.C2),
            yerr=each.error,
            fmt="o-",
            ms=3,
            lw=1.0,
            color=colour(k),
            label=name if len(many) <= _LEGEND else "_nolegend_",
        )
    ax.set(xscale="log", yscale="log", xlabel="distance r (tokens)", ylabel="squared correlation")
    floor = first.reference_error[first.reference_error > 0]
    if floor.size:
        ax.set_ylim(bottom=floor.min() / 4.0)  # below are values that noise alone gives
    legend(ax)
    return ax


def _positive(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0, values, np.nan)
