"""Records, claims and plans that the tests of the ledger share."""

from simtheory.validation.claims.experiment import Budget
from simtheory.validation.claims.record import Verdict
from simtheory.validation.ledger.catalogue import select

EULER = "identity/figure-10-euler"
TIME = "identity/figure-10-time"
RECURRENCE = "identity/recurrence-is-descent"
SMALL = Budget("small", seeds=2, starts=2, minutes=1.0)
MANIFEST = {"missing": [], "versions": {"python": "3"}, "machine": "m", "started": "now"}


def a_record(claim_id=EULER, **changes):
    (claim,) = select([claim_id])
    findings = {"verdict": Verdict.AGREES, "predicted": 0.4, "values": (0.35,), "null": 100.0}
    return claim.record(budget=SMALL.name, **(findings | changes))
