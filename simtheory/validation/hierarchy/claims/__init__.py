"""The claims about hierarchies: what noise hides, what strings show, and what nets learn of it.

A claim on drawn grammars takes the grammars as its seeds. Levels are counted from the tokens. Claims on
exponents rest on correlations that are computed from the rules; nets of this size show orders and onsets.
"""

from simtheory.validation.claims.claim import Claim
from simtheory.validation.hierarchy.claims import beliefs, correlations, strings, training_time

__all__ = ["CLAIMS"]

CLAIMS: tuple[Claim, ...] = (
    *training_time.CLAIMS,
    *strings.CLAIMS,
    *beliefs.CLAIMS,
    *correlations.CLAIMS,
)
