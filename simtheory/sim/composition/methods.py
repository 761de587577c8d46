"""What `sample` does: methods, each described by its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from simtheory._checks import non_negative, one_of, positive_int, share
from simtheory._faces import face
from simtheory.noise.curvatures import Gaussian, Tweedie
from simtheory.noise.kernels import Kernel

__all__ = [
    "Annealed",
    "Corrected",
    "Oracle",
    "Repaired",
    "Reverse",
    "SuperposedAnd",
    "SuperposedOr",
]

_VARIANCES = ("posterior", "beta")


@face
@dataclass(frozen=True, slots=True)
class Oracle:
    """Independent draws from the composition itself, with the noise of the last level.

    It needs whole weights, or negative ones on single Gaussians, and expands the product.
    """


@face
@dataclass(frozen=True, slots=True)
class Reverse:
    r"""Reverse diffusion with the summed score, which does not sample the composition.

    From a level λ to the next one λ', with the guess :math:`\hat x = y + \lambda S` held,

    .. math::
        y' = \hat x + \Bigl(\frac{\lambda'}{\lambda}\Bigr)^{(1+\eta^2)/2}(y - \hat x)
        + \sqrt{\lambda'\bigl(1 - (\lambda'/\lambda)^{\eta^2}\bigr)}\,\xi .

    Parameters
    ----------
    churn : float
        η: 0 is DDIM, the probability-flow ODE; 1 is DDPM, the reverse SDE; large η tends to Langevin.
    variance : {"posterior", "beta"}
        ``"beta"`` adds the noise η²(λ − λ') in place of the above, at the last step also.
    """

    churn: float = 1.0
    variance: str = "posterior"

    def __post_init__(self) -> None:
        non_negative("churn", self.churn)
        one_of("variance", self.variance, _VARIANCES)


@face
@dataclass(frozen=True, slots=True)
class Repaired:
    """Reverse diffusion with the repaired score: exact for Gaussians, at any weights.

    Parameters
    ----------
    curvature : Gaussian or Tweedie
        Where the precisions of the experts come from: ``Gaussian()`` or ``Tweedie()``.
    churn : float
        η, as for `Reverse`.
    """

    curvature: Gaussian | Tweedie
    churn: float = 1.0

    def __post_init__(self) -> None:
        non_negative("churn", self.churn)


@face
@dataclass(frozen=True, slots=True)
class Annealed:
    """A Markov chain that goes down the levels, some moves at each, on the product of noised experts.

    Parameters
    ----------
    kernel : Kernel
        What a move is: `ULA`, `MALA`, `UHMC` or `HMC`. Of a kernel with ``scale="fixed"`` the chain
        carries z = αy from level to level and starts from N(0, I), as released programs do.
    steps : int
        Moves at each level.
    """

    kernel: Kernel
    steps: int = 10

    def __post_init__(self) -> None:
        positive_int("steps", self.steps)


@face
@dataclass(frozen=True, slots=True)
class Corrected:
    r"""Weighted reverse diffusion: particles gain weight at the rate of the defect and are resampled.

    The weights make reverse diffusion right as the steps shrink (Feynman–Kac correctors). Particles
    of an island are resampled together, when their effective share falls below `ess`.
    Resampling keeps the mean weight of an island, so that islands weigh as they should beside each
    other, and the mean of all weights estimates the integral of the composition without bias.

    Parameters
    ----------
    ess : float
        Effective share of an island below which it is resampled, in [0, 1]; 0 never resamples.
    islands : int
        Islands, which do not exchange particles.
    """

    ess: float = 0.5
    islands: int = 8

    def __post_init__(self) -> None:
        share("ess", self.ess, ends="[]")
        positive_int("islands", self.islands)


@face
@dataclass(frozen=True, slots=True)
class SuperposedOr:
    r"""The mixture of the experts without their densities: each is followed along the path.

    Along any path of unit diffusion
    :math:`d\log q_i = \langle s_i, dy\rangle - \tfrac12|s_i|^2 d\tau`; the drift is
    :math:`\sum\kappa_is_i` with :math:`\kappa = \mathrm{softmax}(\log w_i + \log q_i)`, where the weights
    of the composition are the shares of the mixture.
    """


@face
@dataclass(frozen=True, slots=True)
class SuperposedAnd:
    """A path on which all densities change alike: it ends where they are equal, not in the product."""


Method: TypeAlias = (
    Oracle | Reverse | Repaired | Annealed | Corrected | SuperposedOr | SuperposedAnd
)
