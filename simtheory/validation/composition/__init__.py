r"""Composed diffusion models: trained experts, their samplers, and the claims about them.

=================================================  =================================================
what                                               what it is
=================================================  =================================================
`ScoreNet`, `EnergyNet`                            nets that learn an expert; an energy has a form,
                                                   `SquaredNorm` or `Residual`
`train_expert`, `ExpertRun`, `NetExpert`           training on a mixture; the nets as experts
`sample`                                           samplers on nets and callables; NumPy walks, compiled
                                                   nets are called with all chains
`Annealed`, `Reverse`, `Repaired`, `Corrected`,    the methods, and the kernels and levels that they
`SuperposedOr`, `SuperposedAnd`; `Levels`, `ULA`,  take, as in `simtheory.sim.composition`
`MALA`, `UHMC`, `HMC`, `Line`, `Gaussian`,
`Tweedie`
=================================================  =================================================

`simtheory.assess.error_split` splits the error of composed nets.
"""

from simtheory._names import public
from simtheory.assess.experts import sample
from simtheory.noise import HMC, MALA, UHMC, ULA, Levels, Line
from simtheory.noise.curvatures import Gaussian, Tweedie
from simtheory.sim.composition import (
    Annealed,
    Corrected,
    Repaired,
    Reverse,
    SuperposedAnd,
    SuperposedOr,
)
from simtheory.validation.composition.nets import EnergyNet, Residual, ScoreNet, SquaredNorm
from simtheory.validation.composition.training import ExpertRun, NetExpert, train_expert

__all__ = [
    "HMC",
    "MALA",
    "UHMC",
    "ULA",
    "Annealed",
    "Corrected",
    "EnergyNet",
    "ExpertRun",
    "Gaussian",
    "Levels",
    "Line",
    "NetExpert",
    "Repaired",
    "Residual",
    "Reverse",
    "ScoreNet",
    "SquaredNorm",
    "SuperposedAnd",
    "SuperposedOr",
    "Tweedie",
    "sample",
    "train_expert",
]

public(__name__)
