r"""Noise: schedules, noise levels, samplers, kernels of Markov chains, and what a net predicts.

Problem
-------
Diffusion mixes data x with standard normal noise :math:`\varepsilon`, more and more of it, and samples
by walking back. Theory and trained nets share the same few objects here; they are NumPy, and run on
arrays of any library that follows the array standard, JAX among them.

Symbols
-------
u : diffusion time in [0, 1], no training time; :math:`\alpha, \sigma` : shares of data and noise;
:math:`\lambda = \sigma^2/\alpha^2` : *noise level*; :math:`\sigma/\alpha = \sqrt\lambda` : its *ratio*,
which `simtheory.analytic.denoiser` calls σ; z : noised data; :math:`\hat x` : a guess of the clean
data; r < u : the next diffusion time.

Result
------
.. math:: z_u = \alpha_u x + \sigma_u \varepsilon .

====================================  =========================================================
what                                  what it says
====================================  =========================================================
`CosineVP` `LinearVP` `VE` `EDM`      a `Schedule`: the shares α(u), σ(u), and where it ends
`Straight`
`Level`, `Levels`                     one point of a schedule, and the grid that a sampler takes
`DDIM`, `DDPM`                        a `Sampler`: what one step down is
`sample`                              walks down the levels with any guess of the clean data
`ULA` `MALA` `UHMC` `HMC`             a `Kernel`: moves of a Markov chain at one level
`target_of`, `clean_of`               what a net learns to predict, and the guess it implies
`Uniform`, `Mask`, `Erasure`          noise of tokens, and what a noisy string says (`tokens`)
`alpha_bars`                          share of tokens that is kept, from step to step
`LogNormal`, `MinSNR`                 weights of noise levels in training
====================================  =========================================================

Reading
-------
A schedule matters through its noise levels only: dividing z by :math:`\sqrt{\alpha^2 + \sigma^2}`
turns every schedule into one that preserves variance, with the same :math:`\lambda`. Both ends of the
levels enter every sampled number: what is drawn still holds the noise of the last level, and starts
from one that is finite.
"""

from simtheory._names import public
from simtheory.noise.kernels import HMC, MALA, UHMC, ULA, Kernel, Line
from simtheory.noise.levels import Levels
from simtheory.noise.predictions import PREDICTIONS, clean_of, target_of
from simtheory.noise.samplers import DDIM, DDPM, Ancestral, Sampler, sample
from simtheory.noise.schedules import EDM, VE, CosineVP, Level, LinearVP, Schedule, Straight
from simtheory.noise.tokens import MASKED, Erasure, Mask, TokenNoise, Uniform, alpha_bars
from simtheory.noise.weights import LogNormal, MinSNR

__all__ = [
    "DDIM",
    "DDPM",
    "EDM",
    "HMC",
    "MALA",
    "MASKED",
    "PREDICTIONS",
    "UHMC",
    "ULA",
    "VE",
    "Ancestral",
    "CosineVP",
    "Erasure",
    "Kernel",
    "Level",
    "Levels",
    "Line",
    "LinearVP",
    "LogNormal",
    "Mask",
    "MinSNR",
    "Sampler",
    "Schedule",
    "Straight",
    "TokenNoise",
    "Uniform",
    "alpha_bars",
    "clean_of",
    "sample",
    "target_of",
]

public(__name__)
