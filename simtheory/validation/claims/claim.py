"""Claims: statements of a paper, each with its prediction, its measurement and its band.

A claim is data. Its band is written down before anything is measured, and its *null predictor*
(nothing is learned, the order is chance, the next-cruder law) must fall outside that band: a test
that the null passes too would test nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from simtheory._checks import one_of
from simtheory.validation.claims.record import Band, Record, Verdict

__all__ = ["Budget", "Claim", "Evidence", "budget_named", "claims_of"]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a run of the ledger may spend.

    Parameters
    ----------
    name : str
        ``"quick"`` or ``"full"``.
    seeds : int
        Seeds of each trained network.
    starts : int
        Random starts of each integrated ensemble.
    minutes : float
        Wall time after which one claim is stopped.
    device : str
        Where networks train: ``"auto"``, ``"cpu"`` or ``"gpu"``.
    """

    name: str
    seeds: int
    starts: int
    minutes: float
    device: str = "auto"


_BUDGETS = {
    "quick": Budget("quick", seeds=10, starts=100, minutes=5.0),
    "full": Budget("full", seeds=50, starts=1000, minutes=60.0),
}


def budget_named(name: str, *, device: str = "auto") -> Budget:
    """Return the budget of that name.

    Parameters
    ----------
    name : {"quick", "full"}
        ``quick`` ends within three minutes on two cores.
    device : {"auto", "cpu", "gpu"}
        Where networks train.

    Returns
    -------
    Budget
        Seeds, starts and time.
    """
    chosen = _BUDGETS[one_of("budget", name, _BUDGETS)]
    return replace(chosen, device=one_of("device", device, ("auto", "cpu", "gpu")))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a measurement brought.

    Parameters
    ----------
    predicted : float
        The theory's value of the quantity.
    values : list of float
        The measured quantity, one value per seed.
    null : float
        What the null predictor says.
    seeds : list of int
        Seeds behind `values`.
    draw : callable
        Takes Axes and draws the phenomenon on them.
    """

    predicted: float
    values: list[float]
    null: float
    seeds: list[int]
    draw: Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of a paper that can be tested.

    Parameters
    ----------
    id : str
        Topic and name, such as ``"identity/learning-times"``.
    paper : str
        Key of the paper in the bibliography.
    where : str
        Place in the paper.
    statement : str
        The statement, in one sentence.
    quantity : str
        What is measured, with its unit.
    measure : callable
        Takes a `Budget`, returns `Evidence`.
    band : Band
        Interval in which the mean must fall to agree.
    null_name : str
        What the null predictor assumes.
    expected : Verdict
        The verdict that the ledger expects.
    reason : str
        Why, if that is not agreement.
    errata : str
        Anchor on the errata page, if the paper's statement does not hold.
    """

    id: str
    paper: str
    where: str
    statement: str
    quantity: str
    measure: Callable[[Budget], Evidence]
    band: Band
    null_name: str
    expected: Verdict = Verdict.AGREES
    reason: str = ""
    errata: str = ""

    def record(self, verdict: Verdict, **findings: Any) -> Record:
        """Return a record in the words of this claim.

        Parameters
        ----------
        verdict : Verdict
            How the test ended.
        **findings
            Other fields of `Record`.

        Returns
        -------
        Record
            The record.
        """
        own = {f.name for f in fields(Record)} & {f.name for f in fields(self)}
        return Record(verdict=verdict, **{name: getattr(self, name) for name in own}, **findings)


def claims_of(topic: str, paper: str) -> Callable[..., Claim]:
    """Return a maker of the claims of one topic.

    Parameters
    ----------
    topic : str
        First part of their ids.
    paper : str
        Key of the paper in the bibliography.

    Returns
    -------
    callable
        Takes the rest of the id, the place in the paper, the statement, the quantity, the
        measurement, the ends of the band, the name of the null predictor, and fields of `Claim`.
    """

    def claim(
        name: str,
        where: str,
        statement: str,
        quantity: str,
        measure: Callable[[Budget], Evidence],
        band: tuple[float, float],
        null_name: str,
        **more: Any,
    ) -> Claim:
        return Claim(
            f"{topic}/{name}",
            paper,
            where,
            statement,
            quantity,
            measure,
            Band(*band),
            null_name,
            **more,
        )

    return claim
