"""The claims about percolation and factorisation.

An MLP at 16×16 tests the mechanism, not the U-Net at 32×32 of the paper. Every claim about a net is inconclusive where
the net does not answer .95 of its own training labels, by the centre and by the cosine.
"""

from simtheory.validation.claims.claim import Claim
from simtheory.validation.factorization.claims import (
    codes,
    composing,
    coverage,
    larger,
    percolation,
)

__all__ = ["CLAIMS"]

CLAIMS: tuple[Claim, ...] = (
    *percolation.CLAIMS,
    *coverage.CLAIMS,
    *composing.CLAIMS,
    *codes.CLAIMS,
    *larger.CLAIMS,
)
