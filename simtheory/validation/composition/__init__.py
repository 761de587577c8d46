r"""Composed diffusion models: trained experts, their samplers, and the claims about them.

=================================================  =================================================
what                                               what it is
=================================================  =================================================
`ScoreNet`, `EnergyNet`                            nets that learn an expert; an energy has a form,
                                                   `SquaredNorm` or `Residual`
`train_expert`, `ExpertRun`, `NetExpert`           training on a mixture; the nets as experts
`sample`                                           samplers on nets and callables, by the methods and
                                                   kernels of `simtheory.sim.composition`
=================================================  =================================================

`simtheory.assess.error_split` splits the error of composed nets.
"""

from simtheory._names import public
from simtheory.assess.experts import sample
from simtheory.validation.composition.nets import EnergyNet, Residual, ScoreNet, SquaredNorm
from simtheory.validation.composition.training import ExpertRun, NetExpert, train_expert

__all__ = [
    "EnergyNet",
    "ExpertRun",
    "NetExpert",
    "Residual",
    "ScoreNet",
    "SquaredNorm",
    "sample",
    "train_expert",
]

public(__name__)
