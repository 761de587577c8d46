r"""Factorisation: what a model answers that combines factors, and what one answers that does not.

Problem
-------
A model is asked for combinations of two factors that it never saw. Which share would be right if it only
showed the nearest example, and which if it learned each factor alone? What do images, tori and noise score
in tests of a representation?

Symbols
-------
τ : tolerance of an answer; n : number of examples; N : side of the space of labels; d : spacing of a lattice;
w, W : width of a lesion, of a hole.

Result
------
======================  ============================================================================
function                what it gives
======================  ============================================================================
`nearest_random`        accuracy of the nearest of n examples: n of the order N²
`nearest_lattice`       the same for a lattice
`nearest_hole`          inside a hole of combinations
`nearest_lesion`        inside a strip of values of one factor
`nearest_factorised`    accuracy of one memory for each factor: n of the order N
`interaction_fraction`  share of the variance of images that no sum of factors explains
======================  ============================================================================

Reading
-------
A network composes only if it does better than the nearest example does. Growth linear in N against quadratic
follows from coverage alone, without percolation.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.factorization.geometry import (
    Displacements,
    NoiseMeans,
    displacement_means,
    interaction_fraction,
    noise_means,
    participation_ratio,
    ring_spectrum,
    torus_participation,
)
from simtheory.analytic.factorization.nulls import (
    nearest_factorised,
    nearest_hole,
    nearest_lattice,
    nearest_lesion,
    nearest_random,
)

__all__ = [
    "Displacements",
    "NoiseMeans",
    "displacement_means",
    "interaction_fraction",
    "nearest_factorised",
    "nearest_hole",
    "nearest_lattice",
    "nearest_lesion",
    "nearest_random",
    "noise_means",
    "participation_ratio",
    "ring_spectrum",
    "torus_participation",
]

public(__name__)
