"""Drawn points: a scatter of two coordinates, or a histogram of one."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from simtheory._checks import of_kind, positive_int, shown
from simtheory._faces import face
from simtheory.errors import ArgumentError
from simtheory.plot._axes import axes_or_new, members
from simtheory.plot.style import INK, dash
from simtheory.results import Samples

__all__ = ["samples"]

_MARKERS: dict[str, dict[str, Any]] = {
    "analytic": {"marker": "o", "facecolors": "none", "edgecolors": INK, "linewidths": 0.6},
    "validation": {"marker": "x", "color": INK, "linewidths": 0.6},
}
_AREA = 9.0
"""Area of the marker of a point of mean weight, in square points of the page."""
_MANY = 500
"""Points from which on a vector picture holds the scatter as pixels: each point takes 200 bytes of an SVG."""


@face(but=("coordinates",))
def samples(
    samples: Samples,
    *,
    ax: Axes | None = None,
    coordinates: tuple[int, int] = (0, 1),
    bins: int = 40,
    **point_kwargs: Any,
) -> Axes:
    """Draw points in the plane of two coordinates; points on a line as a histogram.

    As the dash of a line does, the marker means the road: hollow discs come from a closed form, full
    ones from a simulator, crosses from a network. The area of a marker is proportional to the weight
    of its point. A histogram is a density, drawn with the road's dash.

    Parameters
    ----------
    samples : Samples
        Any road's; the members of an ensemble are drawn together.
    ax : Axes, optional
        Where to draw. Default: new Axes.
    coordinates : (int, int)
        Which coordinates lie along the axes, where there are two or more.
    bins : int
        Number of bins of a histogram.
    **point_kwargs
        For ``Axes.scatter``, or for ``Axes.hist`` in one dimension.

    Returns
    -------
    Axes
        The Axes; a scatter has equal scales.

    Raises
    ------
    ArgumentError
        If `samples` are no Samples, or `coordinates` are not two of theirs.
    """
    found = of_kind("samples", samples, Samples)
    d = found.points.shape[-1]
    points = members(found, found.points, keep=2).reshape(-1, d)
    weights = members(found, found.weights, keep=1).ravel()
    if d == 1:
        number = positive_int("bins", bins)
        ax = axes_or_new(ax)
        outline = {"histtype": "step", "color": INK, "linestyle": dash(found)} | point_kwargs
        ax.hist(points[:, 0], number, density=True, weights=weights, **outline)
        ax.set_xlabel("coordinate 1")
        ax.set_ylabel("density")
        return ax
    known = isinstance(coordinates, tuple | list) and all(isinstance(k, int) for k in coordinates)
    plane = list(coordinates) if known else []
    if len(plane) != 2 or plane[0] == plane[1] or not set(plane) <= set(range(d)):
        raise ArgumentError(
            f"Argument `coordinates` must name two different ones of the {d} coordinates, counted "
            f"from 0, but it is {shown(coordinates)}."
        )
    ax = axes_or_new(ax)
    mean = weights.mean() if weights.size else 1.0
    look = _MARKERS.get(found.road, {"color": INK, "linewidths": 0.0})
    style: dict[str, Any] = (
        {"s": _AREA * np.asarray(weights / mean), "alpha": 0.6, "rasterized": len(points) >= _MANY}
        | look
        | point_kwargs
    )
    ax.scatter(points[:, plane[0]], points[:, plane[1]], **style)
    ax.set_xlabel(f"coordinate {plane[0] + 1}")
    ax.set_ylabel(f"coordinate {plane[1] + 1}")
    ax.set_aspect("equal", adjustable="datalim")
    return ax
