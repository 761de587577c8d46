"""Small things that every picture needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cbook import normalize_kwargs
from matplotlib.lines import Line2D
from matplotlib.mathtext import MathTextParser
from matplotlib.patheffects import withStroke

from simtheory._checks import of_kind
from simtheory._typing import Array
from simtheory.plot.style import Result, dash

_MANY = 5
"""Lines whose names find a place among the curves; more stand beside them."""
TIME = "canonical time $t$"


def axes_or_new(ax: Axes | None) -> Axes:
    """Return the given Axes, or those of a new pyplot figure."""
    if ax is not None:
        return of_kind("ax", ax, Axes)
    from matplotlib import pyplot as plt  # chooses a backend, so only when it is needed

    return plt.subplots()[1]


def line_style(traj: Result, given: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    """Return what the caller gave, filled up with the road's dash and the picture's defaults."""
    return {
        "linestyle": dash(traj),
        "dash_capstyle": "round",
        **defaults,
        **normalize_kwargs(given, Line2D),
    }


def members(traj: Result, values: Array, keep: int) -> Array:
    """Return `values`, whose last `keep` axes are no ensemble, with one flat ensemble axis."""
    return values.reshape(-1, *values.shape[values.ndim - keep :])


def thin(style: dict[str, Any], n: int) -> dict[str, Any]:
    """Return the style of one line among n: thinner and paler the more there are."""
    if n == 1:
        return style
    return {"linewidth": 0.8, "alpha": max(0.25, min(0.7, 8.0 / n)), **style}


def loss_label(vertex: Sequence[float] | None) -> str:
    """Return the label of the axis of a loss at one point."""
    if vertex is None:
        return r"test loss ½$\,\|f(\hat x)-\hat x\|^2$"
    marks = "".join(f"{int(v)}" for v in vertex)
    return rf"loss ½$\,\|f(x)-x\|^2$ at vertex {marks}"


def once(ax: Axes, label: str) -> str:
    """Return the label, or matplotlib's mark for none if a line on these Axes has it already."""
    taken = {line.get_label() for line in ax.get_lines()}
    return "_nolegend_" if label in taken else label


def plain(text: str) -> str:
    """Return a text that Matplotlib shows as it is, dollar signs included."""
    return text.replace("\\$", "$").replace("$", r"\$")


def shown(text: str) -> str:
    """Return a text whose mathematics Matplotlib can set; as it is, where it cannot."""
    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return plain(text)
    return text


def legend(ax: Axes) -> None:
    """Name the lines, with samples that can be seen; beside the Axes where there are many."""
    many = sum(not str(line.get_label()).startswith("_") for line in ax.get_lines()) > _MANY
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)} if many else {}
    for sample in ax.legend(**place).get_lines():
        sample.set_alpha(1.0)
        sample.set_linewidth(max(1.4, sample.get_linewidth()))


def note(
    ax: Axes, text: str, at: tuple[float, float], offset: tuple[float, float], **style: Any
) -> None:
    """Write a short text beside a point; `offset` is in points of the page."""
    across = "left" if offset[0] > 0 else "right" if offset[0] < 0 else "center"
    up = "bottom" if offset[1] > 0 else "top" if offset[1] < 0 else "center"
    halo = [withStroke(linewidth=2.0, foreground=ax.get_facecolor())]  # readable on a line
    style = {"ha": across, "va": up, "path_effects": halo, **style}
    ax.annotate(text, at, offset, textcoords="offset points", **style)
