"""The claims that hold coverage against percolation once more, for a U-Net at 32×32: for a GPU, and not run yet."""

from __future__ import annotations

from typing import Any

from simtheory.validation.claims.claim import Claim, gathered
from simtheory.validation.claims.record import Verdict
from simtheory.validation.factorization import experiments as runs
from simtheory.validation.factorization.claims import coverage
from simtheory.validation.factorization.claims._common import liang

__all__ = ["CLAIMS"]


def _repeated(claim: Claim, reads: Any) -> Claim:
    """Return a claim about the MLP as one about the U-Net: the same statement, measure, null and band."""
    quantity = claim.quantity.replace(runs.SMALL.name, runs.UNET.name)
    return liang(
        f"{claim.id.partition('/')[2]}-unet",
        where=claim.where,
        statement=claim.statement,
        quantity=quantity,
        band=(claim.band.low, claim.band.high),
        null=claim.null_name,
        reads=[reads],
        budget="full",
        needs_gpu=True,
        expected=Verdict.DISAGREES,
        reason="Not run yet: expected as for the MLP, whose numbers the claim of the same name without -unet has.",
        errata=claim.errata,
    )(claim.measure)


slope = _repeated(coverage.percolation_slope, runs.by_number.of(runs.UNET))
not_needed = _repeated(coverage.percolation_not_needed, runs.islands.of(runs.UNET))
not_enough = _repeated(coverage.percolation_not_enough, runs.lines.of(runs.UNET))

CLAIMS = gathered(globals())
