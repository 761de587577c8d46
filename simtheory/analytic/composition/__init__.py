r"""Compositions of diffusion models: what is asked for, what samplers return, and why they differ.

Problem
-------
Experts with densities :math:`p_i` are composed to :math:`\prod_ip_i^{w_i}`, and a sampler that knows only
their noised densities :math:`q_{i,\lambda}` draws from it. Three errors are told apart: the *target* may be
wrong, the *sampler* may follow the wrong path, the *score* may be badly learned. On Gaussian mixtures the
first two are exact numbers.

Symbols
-------
w : weights, W their sum; lambda : level, a variance of noise; Lambda : level of the start; eta : churn; s : scores,
:math:`S = \sum_iw_is_i`; D : defect, :math:`\tfrac12(|S|^2 - \sum_iw_i|s_i|^2)`.

Result
------
=======================  ==========================================================================
function                 what it gives
=======================  ==========================================================================
`product`                the composition as one mixture, with its log partition
`normalizable`,          whether it is a density, at a level or on the path; where it fails
`validity`
`target_law`,            Gaussian experts: what is asked for, and what reverse diffusion returns
`naive_law`
`discrete_law`           the same for DDPM and DDIM, step by step
`terminal_law`,          mixtures on the line: law of the sampler, masses of the ODE
`separatrix_weights`
`repaired_score`         a score that is exact for Gaussians at any weights
`acceptance`,            Markov kernels: how often they accept, what they leave wrong
`stationary_variance`
`cell_masses`,           masses of modes at a level, and where annealing leaves them
`freeze_out`
`error_parts`            errors of target, sampler and score in each cell, and that they add
`advice`                 all of it for one composition, and the sampler to take
=======================  ==========================================================================

Reading
-------
Summed scores are wrong by the variation of the defect. The total weight decides the sampler: the ODE
needs W = 1, the SDE W > 1/2. Markov chains repair the inside of modes at once and their masses only down
to the level where hops freeze.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.composition.advice import Advice, advice
from simtheory.analytic.composition.algebra import (
    Product,
    multiply,
    posterior_covariance,
    power,
    product,
    quotient,
)
from simtheory.analytic.composition.freezing import FreezeOut, cell_masses, freeze_out, relaxed
from simtheory.analytic.composition.guidance import guidance_law, guidance_parts
from simtheory.analytic.composition.line import Law, separatrix_weights, terminal_law
from simtheory.analytic.composition.mcmc import (
    acceptance,
    last_level_bias,
    line_integral,
    local_variance,
    resonances,
    stationary_variance,
)
from simtheory.analytic.composition.naive import (
    GaussianLaw,
    churned_variance,
    equal_shrink,
    many_posteriors,
    naive_law,
    ode_variance,
    target_law,
)
from simtheory.analytic.composition.paths import (
    Validity,
    attractor,
    clock,
    defect,
    defect_of_pairs,
    factorised,
    guidance_defect,
    high_noise_gap,
    normalizable,
    slot_mode,
    validity,
)
from simtheory.analytic.composition.repairs import (
    corrector_weights,
    equal_density_weight,
    ito_error,
    ito_log_density,
    mixture_score,
    offset_weights,
    repaired,
    repaired_score,
)
from simtheory.analytic.composition.split import error_parts
from simtheory.analytic.composition.steps import discrete_law
from simtheory.noise.curvatures import Gaussian, Tweedie

__all__ = [
    "Advice",
    "FreezeOut",
    "Gaussian",
    "GaussianLaw",
    "Law",
    "Product",
    "Tweedie",
    "Validity",
    "acceptance",
    "advice",
    "attractor",
    "cell_masses",
    "churned_variance",
    "clock",
    "corrector_weights",
    "defect",
    "defect_of_pairs",
    "discrete_law",
    "equal_density_weight",
    "equal_shrink",
    "error_parts",
    "factorised",
    "freeze_out",
    "guidance_defect",
    "guidance_law",
    "guidance_parts",
    "high_noise_gap",
    "ito_error",
    "ito_log_density",
    "last_level_bias",
    "line_integral",
    "local_variance",
    "many_posteriors",
    "mixture_score",
    "multiply",
    "naive_law",
    "normalizable",
    "ode_variance",
    "offset_weights",
    "posterior_covariance",
    "power",
    "product",
    "quotient",
    "relaxed",
    "repaired",
    "repaired_score",
    "resonances",
    "separatrix_weights",
    "slot_mode",
    "stationary_variance",
    "target_law",
    "terminal_law",
    "validity",
]

public(__name__)
