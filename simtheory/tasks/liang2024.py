"""Training sets of Liang et al. (liang2024), figure by figure.

Problem
-------
The paper has no public code. Its figures and captions state: images of 32 x 32 pixels of a bump, or of the sum
of two crossing stripes; labels on a lattice, of which a share is kept; a canvas 6 pixels wider on each side for
images of one factor (labels from 0 to 44); in figure 4 a held-out cross with arms at 13 to 19; in figure 5 the
data needed for an accuracy of 60 % against the side, with and without stripes; in figure 6 sets that differ in
the width of the bump alone, with overlaps above .005 or .05 linked; in figure 10 stripes with and without
two-factor images along the rim; in figure 11 lesions of width 1, 3.5 and 8; in figure 12 holes inside and at a
corner.

It does not state: the width σ of the other figures, the spacing d of the lattice, the tolerance of an answer,
which overlap is meant, the width of the rim, and the network's size and training. Here σ is 1 and d is .5 pixels,
1 in figure 6; the rim is one pixel wide; the cross is read in pixels of the window, counted from 0. These are
choices of this project. Change them with `dataclasses.replace`.
"""

from __future__ import annotations

from typing import NamedTuple

from simtheory._checks import flag
from simtheory._faces import face
from simtheory.tasks.factorization import (
    Bump,
    BumpTask,
    Cross,
    Hole,
    Lattice,
    Lesion,
    Stripes,
)

__all__ = [
    "RimSets",
    "StripeSets",
    "figure_4",
    "figure_5",
    "figure_6",
    "figure_10",
    "figure_11",
    "figure_12",
]

_SIDE, _MARGIN = 32, 6  # stated
_SIGMA, _SPACING = 1.0, 0.5  # chosen here
_WINDOW = _SIDE + _SPACING  # a hole of this width holds the rim of the window too
_BAND = (13.0, 19.0)  # stated; read here in pixels of the window


class StripeSets(NamedTuple):
    """The three training sets of figure 4.

    Parameters
    ----------
    two_factors : BumpTask
        Crossing stripes without the cross: values of its arms never appear.
    one_factor : BumpTask
        Single stripes of every value, on the canvas; no two stripes in one image.
    both : BumpTask
        Single stripes of every value, and crossing stripes without the cross.
    """

    two_factors: BumpTask
    one_factor: BumpTask
    both: BumpTask


class RimSets(NamedTuple):
    """The two training sets of figure 10.

    Parameters
    ----------
    stripes : BumpTask
        Single stripes of every value; no two in one image.
    rim : BumpTask
        The same, and crossing stripes along the rim of the window.
    """

    stripes: BumpTask
    rim: BumpTask


@face
def figure_4() -> StripeSets:
    """Return the sets that part composing from interpolating: pairs, stripes, and both.

    Returns
    -------
    StripeSets
        Three tasks. Queries of the first and third fill the cross, those of the second the window.

    References
    ----------
    liang2024, figures 4 and 9.

    Examples
    --------
    >>> figure_4().both.held_out
    Cross(low=19.0, high=25.0)
    """
    low, high = _BAND
    return StripeSets(
        _stripes(0, Cross(low, high)),
        _stripes(_MARGIN, Hole(_WINDOW)),
        _stripes(_MARGIN, Cross(low + _MARGIN, high + _MARGIN)),
    )


@face
def figure_5(side: int, *, stripes: bool, kept: float = 1.0) -> BumpTask:
    """Return a set of bumps on a lattice of which a share is kept, with or without single stripes.

    Parameters
    ----------
    side : int
        Side of the images, in pixels.
    stripes : bool
        Whether the canvas has a margin, where images of one factor are stripes.
    kept : float
        Share of the lattice that is kept, in (0, 1].

    Returns
    -------
    BumpTask
        The task.

    References
    ----------
    liang2024, figure 5.

    Examples
    --------
    >>> figure_5(16, stripes=True).extent
    27.0
    """
    return BumpTask(
        side,
        _SIGMA,
        layout=Lattice(_SPACING, kept),
        margin=_MARGIN if flag("stripes", stripes) else 0,
    )


@face
def figure_6(sigma: float, kept: float) -> BumpTask:
    """Return a set of bumps on a lattice of spacing 1, of which a share is kept.

    Parameters
    ----------
    sigma : float
        Width of the bumps, in pixels; the paper goes down to .1, where a bump lives on one pixel.
    kept : float
        Share of the lattice that is kept, in (0, 1].

    Returns
    -------
    BumpTask
        The task.

    References
    ----------
    liang2024, figures 6 and 14.

    Examples
    --------
    >>> figure_6(0.7, 0.1).layout
    Lattice(spacing=1.0, kept=0.1)
    """
    return BumpTask(_SIDE, sigma, layout=Lattice(1.0, kept))


@face
def figure_10() -> RimSets:
    """Return single stripes alone, and with crossing stripes along a rim of one pixel.

    Returns
    -------
    RimSets
        Two tasks, whose queries fill the window and what the rim leaves of it.

    References
    ----------
    liang2024, figure 10.

    Examples
    --------
    >>> figure_10().rim.held_out
    Hole(width=30, place='interior')
    """
    return RimSets(_stripes(_MARGIN, Hole(_WINDOW)), _stripes(_MARGIN, Hole(_SIDE - 2)))


@face
def figure_11(width: float) -> BumpTask:
    """Return crossing stripes without a strip of values of x.

    Parameters
    ----------
    width : float
        Width of the lesion, in pixels; the paper shows 1, 3.5 and 8.

    Returns
    -------
    BumpTask
        The task.

    References
    ----------
    liang2024, figure 11.

    Examples
    --------
    >>> figure_11(3.5).held_out
    Lesion(width=3.5, axis='x')
    """
    return _stripes(0, Lesion(width))


@face
def figure_12(width: float, place: str, *, shape: Bump | Stripes = Bump()) -> BumpTask:  # noqa: B008
    """Return bumps or crossing stripes without a square of combinations.

    Parameters
    ----------
    width : float
        Width of the hole, in pixels.
    place : {"interior", "corner"}
        Where the hole lies; the paper calls the second exterior.
    shape : Bump or Stripes
        What is drawn; the paper compares both.

    Returns
    -------
    BumpTask
        The task.

    References
    ----------
    liang2024, figure 12.

    Examples
    --------
    >>> figure_12(8, "corner").held_out
    Hole(width=8, place='corner')
    """
    held = Hole(width, place)
    return BumpTask(_SIDE, _SIGMA, shape=shape, layout=Lattice(_SPACING), held_out=held)


def _stripes(margin: int, held_out: Hole | Lesion | Cross) -> BumpTask:
    return BumpTask(
        _SIDE,
        _SIGMA,
        shape=Stripes(),
        layout=Lattice(_SPACING),
        held_out=held_out,
        margin=margin,
    )
