"""Claims of the ledger that are quick to test: each ends with the verdict that the ledger expects."""

import pytest

from simtheory.validation.claims.experiment import Budget, Runs
from simtheory.validation.ledger.catalogue import select
from simtheory.validation.ledger.worker import examine

SMALL = Budget("small", seeds=4, starts=60, minutes=1.0, device="cpu")
QUICK = (
    "identity/descents",
    "identity/four-descents-are-rare",
    "identity/every-concept-in-the-end",
    "identity/learning-times",
    "identity/swing-by-map-width",
    "identity/swing-by-without-noise",
    "identity/training-centres-bend",
    "identity/figure-5-rise",
    "identity/figure-10-euler",
    "identity/figure-10-failure",
    "identity/hierarchy-tied",
    "identity/equation-4-2-as-printed",
    "identity/recurrence-is-descent",
    "denoiser/weights-one-layer",
    "denoiser/inverse-variance-law-one-layer",
    "denoiser/trained-variance",
    "denoiser/few-samples",
)


@pytest.mark.parametrize("name", QUICK)
def test_the_verdict_is_the_one_that_the_ledger_expects(name):
    (claim,) = select([name])
    record = examine(claim, Runs(SMALL))
    assert record.as_expected, (record.verdict, record.measured_text, record.error)


@pytest.mark.parametrize(
    "name", ["identity/four-descents-are-rare", "identity/swing-by-without-noise"]
)
def test_the_same_seeds_give_the_same_numbers(name):
    (claim,) = select([name])
    assert examine(claim, Runs(SMALL)).values == examine(claim, Runs(SMALL)).values
