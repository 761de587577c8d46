"""What the lines mean, and a style that is offered, not imposed.

Colour means concept: concept k has the k-th colour of a cycle that colour-blind readers can tell
apart (Okabe and Ito's, without its yellow); lighter and darker ones follow. Whatever belongs to no concept, a loss or a path
through concept space, is ink; what belongs to two, an off-diagonal entry, is grey. Dash means road:
a closed form is dashed, an integrated flow solid, a trained network dotted.
"""

from __future__ import annotations

from colorsys import hls_to_rgb
from typing import Any, TypeAlias

from simtheory._faces import face
from simtheory.errors import ArgumentError
from simtheory.results import Curve, Samples, Trajectory

__all__ = ["GREY", "INK", "colour", "dash", "style"]

Result: TypeAlias = Trajectory | Curve | Samples

INCHES = 0.1, 200.0
"""Smallest and largest side of Axes; beyond it Matplotlib draws nothing or fills the memory."""

INK = "#1c2330"
GREY = "#8d949e"
_CONCEPTS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
_DOTTED = (0, (0.1, 2))
_SHADES = ((1.0, 0.5), (0.0, 0.45))
"""Towards which lightness, and how far, the colours of a further cycle are mixed."""
_GOLDEN = 0.618033988749895
_DASHES = {"analytic": (0, (4, 2)), "sim": "-", "validation": _DOTTED, "elsewhere": _DOTTED}


@face
def colour(concept: int) -> str:
    """Return the colour of a concept, the same in every figure.

    Parameters
    ----------
    concept : int
        Index, from 0.

    Returns
    -------
    str
        Hexadecimal RGB. Six colours come first, then lighter and darker ones of the same hues, then
        hues between; the first hundred are all different.
    """
    cycle, base = divmod(concept, len(_CONCEPTS))
    if cycle == 0:
        return _CONCEPTS[base]
    if cycle <= len(_SHADES):
        towards, share = _SHADES[cycle - 1]
        channels = (int(_CONCEPTS[base][k : k + 2], 16) / 255 for k in (1, 3, 5))
        mixed = [(1.0 - share) * channel + share * towards for channel in channels]
    else:
        lightness = 0.3 + 0.14 * (concept % 3)
        mixed = list(hls_to_rgb((concept * _GOLDEN) % 1.0, lightness, 0.65))
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in mixed)


@face(but=("traj",))
def dash(traj: Result) -> Any:
    """Return the line style of a result's road, the same in every figure.

    Parameters
    ----------
    traj : Trajectory, Curve or Samples
        Any road's.

    Returns
    -------
    matplotlib linestyle
        Dashed for closed forms, solid for flows, dotted for networks.
    """
    road = getattr(traj, "road", None)
    if not isinstance(road, str):
        raise ArgumentError(
            f"Argument `traj` must be a Trajectory, a Curve or Samples, but it is a "
            f"{type(traj).__name__}."
        )
    return _DASHES.get(road, "-")


@face
def style() -> dict[str, Any]:
    """Return settings for figures of a paper's column.

    Returns
    -------
    dict
        For ``with matplotlib.pyplot.style.context(simtheory.plot.style()):``; nothing is set until
        then.

    Examples
    --------
    >>> style()["axes.spines.top"]
    False
    """
    return {
        "figure.figsize": (4.2, 3.1),
        "figure.dpi": 150,
        "figure.constrained_layout.use": True,
        "savefig.dpi": 300,
        "font.size": 9,
        "axes.labelsize": 9,
        "axes.titlesize": 9,
        "legend.fontsize": 8,
        "legend.frameon": False,
        "legend.handlelength": 2.4,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "text.color": INK,
        "axes.linewidth": 0.8,
        "lines.linewidth": 1.6,
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
    }
