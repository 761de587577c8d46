"""Claims: statements of a paper, each with its prediction, its measurement and its band.

A claim is data. Its band is written down before anything is measured, and its *null predictor*
(nothing is learned, the order is chance, the next-cruder law) must fall outside that band: a test
that the null passes too would test nothing. `Topic.claim` puts the words of a claim on the function
that measures it, so that both stand in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from simtheory._faces import face
from simtheory.validation.claims.experiment import Experiment, Runs
from simtheory.validation.claims.record import Band, Record, Verdict

__all__ = ["Claim", "Evidence", "Topic", "gathered"]


@face
@dataclass(frozen=True, slots=True)
class Evidence:
    """What a measurement brought.

    Parameters
    ----------
    values : list of float
        The measured quantity, one value per seed.
    null : float
        What the null predictor says.
    seeds : list of int
        Seeds behind `values`.
    draw : callable
        Takes Axes and draws the phenomenon on them.
    predicted : float, optional
        The theory's value of the quantity.
    stated : float, optional
        The paper's value, where it is not the theory's.
    doubt : str
        Why the measurement decides nothing, such as a net that has not learned its data; the verdict is then
        inconclusive. Empty if it decides.
    """

    values: list[float]
    null: float
    seeds: list[int]
    draw: Callable[[Any], object]
    predicted: float | None = None
    stated: float | None = None
    doubt: str = ""


@face
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
    reads : tuple of Experiment
        The experiments behind it.
    measure : callable
        Takes the results of `reads`, one argument each, and returns `Evidence`.
    band : Band
        Interval in which the mean must fall to agree.
    null_name : str
        What the null predictor assumes.
    budget : str
        The smallest budget whose run tests it.
    expected : Verdict
        The verdict that the ledger expects.
    expected_at : dict
        Name of a budget to the verdict that its runs are expected to reach, where that is another: a budget
        of more seeds measures a mean of more values.
    reason : str
        Why, if that is not agreement.
    errata : str
        Anchor on the errata page, if the paper's statement does not hold.
    needs_gpu : bool
        Whether its networks are too large for a CPU: a topic's run tests it only where a GPU was asked for.
    """

    id: str
    paper: str
    where: str
    statement: str
    quantity: str
    reads: tuple[Experiment[Any], ...] = field(repr=False)
    measure: Callable[..., Evidence] = field(repr=False)
    band: Band
    null_name: str
    budget: str = "standard"
    expected: Verdict = Verdict.AGREES
    expected_at: Mapping[str, Verdict] = field(default_factory=dict, hash=False)
    reason: str = ""
    errata: str = ""
    needs_gpu: bool = False

    @property
    def topic(self) -> str:
        """First part of the id."""
        return self.id.partition("/")[0]

    def evidence(self, runs: Runs) -> Evidence:
        """Measure, with the experiments that were made already and those still missing.

        Parameters
        ----------
        runs : Runs
            The experiments of this process.

        Returns
        -------
        Evidence
            What was measured.
        """
        return self.measure(*(runs.result(wanted) for wanted in self.reads))

    def words(self, budget: str) -> dict[str, Any]:
        """Return the fields that a `Record` repeats, by name.

        Parameters
        ----------
        budget : str
            Name of the budget of the run, which decides what is expected.

        Returns
        -------
        dict
            The fields.
        """
        own = {f.name for f in fields(Record)} & {f.name for f in fields(self)}
        expected = self.expected_at.get(budget, self.expected)
        return {name: getattr(self, name) for name in own} | {"expected": expected}

    def record(self, verdict: Verdict, *, budget: str, **findings: Any) -> Record:
        """Return a record in the words of this claim.

        Parameters
        ----------
        verdict : Verdict
            How the test ended.
        budget : str
            Name of the budget of the run.
        **findings
            Other fields of `Record`.

        Returns
        -------
        Record
            The record.
        """
        return Record(verdict=verdict, **self.words(budget), **findings)


@face
@dataclass(frozen=True, slots=True)
class Topic:
    """What the claims of one topic share.

    Parameters
    ----------
    name : str
        First part of their ids.
    paper : str
        Key of the paper in the bibliography.
    """

    name: str
    paper: str

    def claim(
        self,
        name: str,
        *,
        where: str,
        statement: str,
        quantity: str,
        band: tuple[float, float],
        null: str,
        reads: Iterable[Experiment[Any]],
        **more: Any,
    ) -> Callable[[Callable[..., Evidence]], Claim]:
        """Make a claim of the function below, which measures it.

        Parameters
        ----------
        name : str
            The rest of the id.
        where, statement, quantity : str
            As `Claim` has them.
        band : (float, float)
            Ends of the band.
        null : str
            What the null predictor assumes.
        reads : iterable of Experiment
            The experiments whose results the function takes.
        **more
            Other fields of `Claim`.

        Returns
        -------
        callable
            Takes the function and returns the claim.
        """

        def made(measure: Callable[..., Evidence]) -> Claim:
            return Claim(
                id=f"{self.name}/{name}",
                paper=self.paper,
                where=where,
                statement=statement,
                quantity=quantity,
                reads=tuple(reads),
                measure=measure,
                band=Band(*band),
                null_name=null,
                **more,
            )

        return made


@face
def gathered(namespace: Mapping[str, Any]) -> tuple[Claim, ...]:
    """Return the claims that a module defines, in the order of their definition.

    Parameters
    ----------
    namespace : mapping
        ``vars()`` of the module.

    Returns
    -------
    tuple of Claim
        The claims.
    """
    return tuple(value for value in namespace.values() if isinstance(value, Claim))
