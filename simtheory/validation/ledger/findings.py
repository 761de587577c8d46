"""What the last committed run of each topic found, and how long it took.

A topic's ``ledger.json`` holds numbers only: values, seeds and seconds. The words and the band of a
claim stand in the source alone, and its verdict is reached anew from the values, so that rewording
a claim touches one file. ``ledger.full.json`` holds those of the full run, with more seeds, of all claims.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simtheory._checks import one_of
from simtheory._faces import face
from simtheory._files import write_text
from simtheory.errors import ArgumentError
from simtheory.validation.claims.claim import Claim
from simtheory.validation.claims.record import Record, Verdict
from simtheory.validation.ledger.catalogue import claims, folder_of, select, topics

__all__ = ["Findings", "commit", "committed", "findings_of"]

_FORMAT = "simtheory.findings/1"
_OWN = ("predicted", "stated", "values", "null", "seeds", "seconds")


@face
@dataclass(frozen=True, slots=True)
class Findings:
    """Numbers of the last committed run of one topic.

    Parameters
    ----------
    budget : str
        The budget of the run.
    yardstick : float
        Processor seconds of `yardstick` on its machine.
    experiments : dict
        Name of each experiment to its processor seconds.
    claims : dict
        Claim id to the numbers of its record.
    ran_on : str
        The device that networks trained on.
    """

    budget: str
    yardstick: float
    experiments: dict[str, float]
    claims: dict[str, dict[str, Any]]
    ran_on: str


def _path(topic: str, budget: str) -> Path:
    return folder_of(topic) / ("ledger.full.json" if budget == "full" else "ledger.json")


@face
def findings_of(topic: str, *, budget: str = "standard") -> Findings | None:
    """Return the committed findings of a topic.

    Parameters
    ----------
    topic : str
        One of `topics`.
    budget : {"standard", "full"}
        Of which run.

    Returns
    -------
    Findings or None
        None for a topic that has none yet.
    """
    path = _path(topic, one_of("budget", budget, ("standard", "full")))
    if not path.exists():
        return None
    values = json.loads(path.read_text(encoding="utf-8"))
    assert values.pop("format") == _FORMAT, path
    return Findings(**values)


@face
def committed(*, budget: str | None = None) -> list[Record]:
    """Return the records of the last committed runs of every topic, judged by today's bands.

    Parameters
    ----------
    budget : {"standard", "full"}, optional
        Of these runs alone. Default: of the standard run, and of the full run the claims that it alone
        tests.

    Returns
    -------
    list of Record
        In the order of the ledger. A claim that no such run has tested is left out.
    """
    runs = ("standard", "full") if budget is None else (budget,)
    found = {topic: [findings_of(topic, budget=name) for name in runs] for topic in topics()}
    records = []
    for claim in claims():
        held = (own for own in found[claim.topic] if own is not None and claim.id in own.claims)
        if (first := next(held, None)) is not None:
            records.append(_record(claim, first))
    return records


def _record(claim: Claim, found: Findings) -> Record:
    numbers = dict(found.claims[claim.id])
    for name in ("values", "seeds"):
        numbers[name] = tuple(numbers[name])
    shared = {one.name: found.experiments[one.name] for one in claim.reads}
    where = {"budget": found.budget, "ran_on": found.ran_on}
    return claim.record(
        Verdict.INCONCLUSIVE, budget=found.budget, experiments=shared, provenance=where, **numbers
    ).judged()


@face
def commit(records: Iterable[Record], *, budget: str, yardstick: float) -> list[str]:
    """Make the records of whole topics what the documentation shows.

    Parameters
    ----------
    records : iterable of Record
        Of one run.
    budget : str
        Its budget.
    yardstick : float
        Processor seconds of `yardstick` on this machine.

    Returns
    -------
    list of str
        The topics whose file was written.

    Raises
    ------
    ArgumentError
        If a record is not as expected, or a claim of a topic that the budget tests is missing; nothing is
        written then.
    """
    by_topic: dict[str, list[Record]] = {}
    for record in records:
        by_topic.setdefault(record.id.partition("/")[0], []).append(record)
    for topic, own in by_topic.items():
        wrong = [r.id for r in own if not r.as_expected]
        wanted = {claim.id for claim in select([topic], budget=budget, device="cpu")}
        missing = sorted(wanted - {r.id for r in own})
        if wrong or missing:
            raise ArgumentError(
                f"The findings of {topic!r} are not committed: "
                + (f"other than expected: {', '.join(wrong)}. " if wrong else "")
                + (f"not tested: {', '.join(missing)}." if missing else "")
            )
    for topic, own in by_topic.items():
        write_text(_path(topic, budget), _text(own, budget, yardstick))
    return list(by_topic)


def _text(records: list[Record], budget: str, yardstick: float) -> str:
    """Return the file's text: one claim a line, so that a changed number is one changed line."""
    seconds = {name: each for record in records for name, each in record.experiments.items()}
    head = {
        "format": _FORMAT,
        "budget": budget,
        "ran_on": " and ".join(sorted({r.provenance["ran_on"] for r in records})),
        "yardstick": round(yardstick, 3),
        "experiments": {name: round(each, 2) for name, each in sorted(seconds.items())},
    }
    lines = []
    for record in records:
        numbers = {name: getattr(record, name) for name in _OWN}
        numbers["seconds"] = round(record.seconds, 2)
        lines.append(f"  {json.dumps(record.id)}: {json.dumps(numbers)}")
    body = json.dumps(head, indent=1)[:-2]
    return body + ',\n "claims": {\n' + ",\n".join(lines) + "\n }\n}\n"
