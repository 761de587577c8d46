"""A picture on disk: rows of Axes to draw on, written whole when it is done.

Everything else in this package takes Axes and returns Axes; this is for those who need a file and
no notebook: the ledger, the command line, scripts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib import style as mpl_style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simtheory._checks import between, one_of
from simtheory._faces import face
from simtheory._files import whole
from simtheory.plot._legends import off_the_curves
from simtheory.plot.style import INCHES, style

__all__ = ["FORMATS", "picture"]

FORMATS = (".png", ".svg", ".pdf")
_MARGINS = {"left": 0.14, "right": 0.97, "bottom": 0.17, "top": 0.92}  # room for a title and labels
_UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


@contextmanager
@face
def picture(
    path: str | Path,
    *,
    widths: Sequence[float] = (4.4,),
    height: float = 3.3,
    rows: int = 1,
    compact: bool = False,
) -> Iterator[list[Axes]]:
    """Give Axes side by side in the house style, and write them to a file at the end.

    A legend that would cover a curve is moved to where none runs, or beside the Axes.

    Parameters
    ----------
    path : str or Path
        The file, ``.png``, ``.svg`` or ``.pdf``; written whole or not at all.
    widths : sequence of float
        Width of each of the Axes, in inches.
    height : float
        Their height, in inches.
    rows : int
        How many rows of them.
    compact : bool
        Keep letters of an SVG as text in the reader's fonts and give Axes fixed margins, for a page of
        many pictures: a quarter of the size and half of the time. Without it letters are outlined,
        which look the same on every machine, and margins are fitted.

    Yields
    ------
    list of Axes
        Left to right, row by row.

    Raises
    ------
    ArgumentError
        If the file name has another suffix.
    """
    target = Path(path)
    one_of("path", target.suffix, FORMATS)
    between("widths", widths, *INCHES)
    between("height", height, *INCHES)
    with mpl_style.context(style()):
        size = (sum(widths), rows * height)
        fitted = {"figure.constrained_layout.use": not compact}
        with mpl_style.context(fitted):
            figure = Figure(figsize=size)
        if compact:
            figure.subplots_adjust(**_MARGINS)
        axes = list(np.ravel(figure.subplots(rows, len(widths), width_ratios=widths)))
        yield axes
        if not compact:
            figure.draw_without_rendering()  # places the Axes
        for ax in axes:
            off_the_curves(ax)
        # With names of its own for its parts and without a date, a picture drawn again is the same
        # file.
        repeatable = {"svg.fonttype": "none" if compact else "path", "svg.hashsalt": "simtheory"}
        with mpl_style.context(repeatable), whole(target) as partial:
            kind = target.suffix.removeprefix(".")
            figure.savefig(partial, format=kind, dpi=200, metadata=_UNDATED.get(kind))
