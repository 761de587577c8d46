"""The claims about percolation and factorisation."""

from simtheory.validation.claims.claim import Claim
from simtheory.validation.factorization.claims import percolation

__all__ = ["CLAIMS"]

CLAIMS: tuple[Claim, ...] = (*percolation.CLAIMS,)
