r"""Samplers of compositions, compiled: annealed chains, reverse diffusion, weighted and superposed paths.

Every method takes the experts as trained networks would be taken, by their scores at each noise level
(and, for a Metropolis step, their densities), but the experts are mixtures whose scores are exact. So
what a sample misses is the fault of the sampler.

=======================================  ======================================================
method                                   what it samples
=======================================  ======================================================
`Oracle`                                 the composition, exactly
`Annealed`                               the composition, up to masses that freeze on the way
`Reverse`                                another law, which `analytic.composition` predicts
`Repaired`                               the composition, for Gaussian experts
`Corrected`                              the composition, with weights, as the steps shrink
`SuperposedOr`                           the mixture of the experts, without their densities
`SuperposedAnd`                          points where the experts are equally dense
=======================================  ======================================================

The kernels of `Annealed` are `ULA`, `MALA`, `UHMC` and `HMC`, with `Line` for acceptance from scores.
"""

from simtheory._names import public
from simtheory.noise.curvatures import Gaussian, Tweedie
from simtheory.noise.kernels import HMC, MALA, UHMC, ULA, Line
from simtheory.noise.levels import Levels
from simtheory.sim.composition.methods import (
    Annealed,
    Corrected,
    Oracle,
    Repaired,
    Reverse,
    SuperposedAnd,
    SuperposedOr,
)
from simtheory.sim.composition.running import narrowest
from simtheory.sim.composition.sampling import sample

__all__ = [
    "HMC",
    "MALA",
    "UHMC",
    "ULA",
    "Annealed",
    "Corrected",
    "Gaussian",
    "Levels",
    "Line",
    "Oracle",
    "Repaired",
    "Reverse",
    "SuperposedAnd",
    "SuperposedOr",
    "Tweedie",
    "narrowest",
    "sample",
]

public(__name__)
