r"""Experts that you bring: samples, mixtures, scores and energies, and what their composition will return.

Problem
-------
Experts are combined as :math:`p \propto \prod_ip_i^{w_i}`, at every noise level λ as
:math:`\prod_iq_{i,\lambda}^{w_i}`. Is this a density at every level; what will a sampler return of it; and
when draws are wrong, is it the target, the sampler or the score?

Result
------
=============  =====================================================================================
file           what stands there
=============  =====================================================================================
`external`     a callable as an expert, and the test whether its score is a gradient
`files`        experts from files: mixtures, and samples with the mixture that fits them
`walks`        samplers on callables, by the descriptions of `simtheory.sim.composition`
`reversals`    those of reverse diffusion: summed, repaired, weighted and superposed scores
`split`        the error of draws, split into those of target, sampler and score
`outlook`      what a composition is and what samplers return of it, before any training
`answers`      what the outlook answers with, and `words`, its sentences
=============  =====================================================================================
"""

from simtheory._names import public
from simtheory.assess.experts.answers import Drawn, Outlook
from simtheory.assess.experts.external import External, curl, external
from simtheory.assess.experts.files import FittedExpert, read_expert, read_score
from simtheory.assess.experts.outlook import outlook
from simtheory.assess.experts.split import ErrorSplit, error_split, grid_masses, modes
from simtheory.assess.experts.walks import sample, unit_variances

__all__ = [
    "Drawn",
    "ErrorSplit",
    "External",
    "FittedExpert",
    "Outlook",
    "curl",
    "error_split",
    "external",
    "grid_masses",
    "modes",
    "outlook",
    "read_expert",
    "read_score",
    "sample",
    "unit_variances",
]

public(__name__)
