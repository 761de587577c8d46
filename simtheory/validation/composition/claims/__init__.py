"""The claims about compositions of diffusion models."""

from simtheory.validation.claims.claim import Claim
from simtheory.validation.composition.claims import learned, operators, released, sampling

__all__ = ["CLAIMS"]

CLAIMS: tuple[Claim, ...] = (
    *sampling.CLAIMS,
    *released.CLAIMS,
    *operators.CLAIMS,
    *learned.CLAIMS,
)
