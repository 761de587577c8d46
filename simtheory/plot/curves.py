"""A curve over whatever was varied, with bands of one standard error."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from simtheory._checks import of_kind
from simtheory._faces import face
from simtheory.errors import ArgumentError
from simtheory.plot._axes import axes_or_new, legend, line_style, members, shown, thin
from simtheory.plot.style import INK, colour
from simtheory.results import Curve

__all__ = ["curve"]


@face
def curve(
    curve: Curve, *, ax: Axes | None = None, logarithmic: bool = False, **line_kwargs: Any
) -> Axes:
    """Draw the rows of a curve over x, with bands of one standard error.

    A single row is drawn in ink, several rows in the colours of the concepts, in their order.

    Parameters
    ----------
    curve : Curve
        Any road's; an ensemble is drawn as thin lines, without bands.
    ax : Axes, optional
        Where to draw. Default: new Axes.
    logarithmic : bool
        Whether x runs over a logarithmic axis.
    **line_kwargs
        For ``Axes.plot``, for all lines.

    Returns
    -------
    Axes
        The Axes; several rows have a legend.

    Raises
    ------
    ArgumentError
        If `curve` is no Curve, or a logarithmic axis is asked of an x that is not positive.
    """
    found = of_kind("curve", curve, Curve)
    if logarithmic and found.x.size and found.x[0] <= 0:
        raise ArgumentError(
            f"Argument `curve` must have positive x on a logarithmic axis, but it has {found.x[0]:g}."
        )
    ax = axes_or_new(ax)
    runs = members(found, found.values, keep=2)
    several = len(found.rows) > 1
    for k, name in enumerate(found.rows):
        style = line_style(found, line_kwargs, color=colour(k) if several else INK)
        label = style.pop("label", shown(name))
        lines = ax.plot(found.x, runs[:, :, k].T, **thin(style, len(runs)))
        for line in lines:
            line.set_label("_nolegend_")
        if lines:
            lines[0].set_label(label)
            if found.errors is not None and not found.ensemble:
                middle, error = found.values[:, k], found.errors[:, k]
                shade = {"color": lines[0].get_color(), "alpha": 0.2, "linewidth": 0}
                ax.fill_between(found.x, middle - error, middle + error, **shade)
    ax.set_xlabel(shown(found.x_name))
    if logarithmic:
        ax.set_xscale("log")
    if several:
        legend(ax)
    else:
        ax.set_ylabel(shown(found.rows[0]) if found.rows else "")
    return ax
