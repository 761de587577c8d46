"""The claims about emergence: order, products, frequencies, prompts, and what they rest on.

Linear denoisers have closed forms and are trained by SGD; small nets have not, and train for several seeds. What a
run did not reach counts as reached at its end, so that a ratio is a lower bound.
"""

from simtheory.validation.claims.claim import Claim
from simtheory.validation.emergence.claims import linear, nets, splits, toys

__all__ = ["CLAIMS"]

CLAIMS: tuple[Claim, ...] = (*linear.CLAIMS, *nets.CLAIMS, *toys.CLAIMS, *splits.CLAIMS)
