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
`additive_fit`          what the smallest sum over factors makes of held-out combinations
`ideal_denoiser`        what a denoiser returns that only remembers
`examples_needed`       numbers of examples of all laws, side by side
`next_examples`         where further examples cover or connect most
======================  ============================================================================

Reading
-------
A network composes only if it does better than the nearest example does. Growth linear in N against quadratic
follows from coverage alone, without percolation.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.factorization.advisor import ExamplesNeeded, Need, examples_needed
from simtheory.analytic.factorization.geometry import (
    Displacements,
    NoiseMeans,
    displacement_means,
    interaction_fraction,
    local_continuity,
    noise_means,
    participation_ratio,
    ring_spectrum,
    torus_participation,
)
from simtheory.analytic.factorization.learners import AdditiveFit, additive_fit, ideal_denoiser
from simtheory.analytic.factorization.nulls import (
    nearest_factorised,
    nearest_hole,
    nearest_lattice,
    nearest_lesion,
    nearest_random,
)
from simtheory.analytic.factorization.placement import NextExamples, next_examples

__all__ = [
    "AdditiveFit",
    "Displacements",
    "ExamplesNeeded",
    "Need",
    "NextExamples",
    "NoiseMeans",
    "additive_fit",
    "displacement_means",
    "examples_needed",
    "ideal_denoiser",
    "interaction_fraction",
    "local_continuity",
    "nearest_factorised",
    "nearest_hole",
    "nearest_lattice",
    "nearest_lesion",
    "nearest_random",
    "next_examples",
    "noise_means",
    "participation_ratio",
    "ring_spectrum",
    "torus_participation",
]

public(__name__)
