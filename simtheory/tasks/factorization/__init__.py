r"""Images of two factors: a bump, or two crossing stripes, at a labelled place.

Problem
-------
A network is shown images with labels (x, y) and asked for labels that it never saw. Which examples it has,
and which combinations are held out, decides what an answer shows.

Symbols
-------
N : side of the canvas; σ : width of the shape; d : spacing of a lattice of labels; W, w : width of a hole, of
a lesion. Lengths are in pixels.

Result
------
==========================================  ==========================================================
family                                      members
==========================================  ==========================================================
shape                                       `Bump`, `Stripes`, `Stripe`
layout of the examples                      `Random`, `Lattice`, `Islands`, `Lines`
held-out set                                `Hole`, `Lesion`, `Cross`
==========================================  ==========================================================

`BumpTask` joins them.

Reading
-------
Crossing stripes are a sum of a function of x and one of y; a bump is a product. On a canvas with a margin an
image can show one factor alone, as a stripe. `Islands` cover without being connected, `Lines` are connected
without covering: a network tells by its errors which of both it needs.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.tasks.factorization.bumps import BumpTask
from simtheory.tasks.factorization.families import (
    Bump,
    Cross,
    Hole,
    Islands,
    Lattice,
    Lesion,
    Lines,
    Random,
    Stripe,
    Stripes,
)

__all__ = [
    "Bump",
    "BumpTask",
    "Cross",
    "Hole",
    "Islands",
    "Lattice",
    "Lesion",
    "Lines",
    "Random",
    "Stripe",
    "Stripes",
]

public(__name__)
