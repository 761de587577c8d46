"""Pictures of hierarchies: strings that each level needs."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simtheory._checks import of_kind
from simtheory._faces import face
from simtheory.analytic.hierarchy import StringsNeeded
from simtheory.plot.style import GREY, INK, colour

__all__ = ["strings_needed"]


@face
def strings_needed(table: StringsNeeded, *, ax: Axes) -> Axes:
    """Draw the strings that each level needs: law, one grammar, trained nets, and those at hand.

    Parameters
    ----------
    table : StringsNeeded
        From `analytic.hierarchy.strings_needed`.
    ax : Axes
        Where to draw.

    Returns
    -------
    Axes
        The same Axes, with strings on a logarithmic scale.
    """
    of_kind("ax", ax, Axes)
    levels = table.levels
    ax.fill_between(
        levels, table.low, table.high, color=GREY, alpha=0.25, lw=0, label="trained nets"
    )
    ax.plot(levels, table.law, "o-", color=INK, label="law")
    known = np.isfinite(table.grammar)
    ax.plot(levels[known], table.grammar[known], "s--", color=colour(0), label="this grammar")
    if table.strings is not None:
        ax.axhline(table.strings, color=colour(1), lw=1.0, label=f"{table.strings:,.0f} strings")
    ax.set(yscale="log", xlabel="level of the rules", ylabel="strings needed")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return ax
