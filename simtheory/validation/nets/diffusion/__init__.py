r"""Conditional diffusion models of concepts, small: vectors in seconds, images in minutes.

Problem
-------
A denoiser learns classes of data, each a combination of *concepts*, and is then asked for the
combination that it never saw. The papers on swing-by dynamics and on hidden capabilities watch where
its samples lie in concept space while it trains.

Result
------
=====================  =======================================================================
module                 what stands there
=====================  =======================================================================
`worlds`               `World`: data and conditions; `Judge`: which samples are right
`vectors`, `images`    two worlds of concepts: coordinates, and rendered images with a classifier
`captions`             `Mask`: words that captions leave out
`thinning`             `Thinned`: a world of which few data are known
`denoisers`            `Denoiser`: an MLP and a small U-Net
`train`                trains one for several seeds and returns a `ConceptRun`
`readings`             numbers of a run: learning steps, the bend, the slowdown
=====================  =======================================================================

Schedules and samplers are those of `simtheory.noise`; the runs that the documentation shows stand in
`simtheory.validation.concept_diffusion`, the linear denoiser in `simtheory.validation.denoiser`.
"""

from simtheory._names import public
from simtheory.validation.nets.diffusion.captions import Mask
from simtheory.validation.nets.diffusion.denoisers import Denoiser, MLPDenoiser, UNetDenoiser
from simtheory.validation.nets.diffusion.images import ConceptImages
from simtheory.validation.nets.diffusion.readings import (
    bend_and_return,
    concept_loss,
    emergence_steps,
    learning_steps,
    speed,
    strength_order,
    terminal_slowdown,
)
from simtheory.validation.nets.diffusion.runs import ConceptRun
from simtheory.validation.nets.diffusion.thinning import Thinned
from simtheory.validation.nets.diffusion.train import train
from simtheory.validation.nets.diffusion.vectors import ConceptVectors
from simtheory.validation.nets.diffusion.worlds import Judge, World

__all__ = [
    "ConceptImages",
    "ConceptRun",
    "ConceptVectors",
    "Denoiser",
    "Judge",
    "MLPDenoiser",
    "Mask",
    "Thinned",
    "UNetDenoiser",
    "World",
    "bend_and_return",
    "concept_loss",
    "emergence_steps",
    "learning_steps",
    "speed",
    "strength_order",
    "terminal_slowdown",
    "train",
]

public(__name__)
