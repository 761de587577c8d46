"""A worker: tests one claim after another and keeps the experiments that they share.

Workers are processes, so that a claim that raises, crashes or overruns costs its own record and no
other. The runner tells a worker claim by claim what to test, and reads the records off a pipe.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

import numpy as np

from simtheory._faces import face
from simtheory.validation.claims.claim import Claim, Evidence
from simtheory.validation.claims.experiment import Budget, Runs, budget_named
from simtheory.validation.claims.record import Record, Verdict, judge
from simtheory.validation.ledger.catalogue import select
from simtheory.validation.ledger.folder import stores_of
from simtheory.validation.nets.devices import find_device

__all__ = ["examine", "work"]

CLEAR = "clear"
"""Message that makes a worker forget its experiments: no claim that follows reads them."""


@face
def examine(claim: Claim, runs: Runs, *, folder: Path | None = None, code: str = "") -> Record:
    """Test a claim and draw its figure.

    Parameters
    ----------
    claim : Claim
        The claim.
    runs : Runs
        The experiments made so far, and the budget of those that are missing.
    folder : Path, optional
        Where the figure goes; none is drawn without.
    code : str
        Which source was run; kept in the record.

    Returns
    -------
    Record
        What came of it.
    """
    start, before = time.process_time(), sum(runs.seconds.values())
    provenance = {
        "simtheory": version("simtheory"),
        "code": code,
        "budget": runs.budget.name,
        "device": runs.budget.device,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }

    def seconds() -> float:
        """Processor time since the start, less that of experiments."""
        return time.process_time() - start - (sum(runs.seconds.values()) - before)

    try:
        evidence = claim.evidence(runs)
        numbers = [evidence.null, *evidence.values]
        numbers += [v for v in (evidence.predicted, evidence.stated) if v is not None]
        if not np.isfinite(numbers).all():
            raise ArithmeticError(f"A number of the evidence is not finite: {evidence}")
        provenance["ran_on"] = _place(runs.budget)
        figure = "" if folder is None else _drawn(claim, evidence, folder)
        reached = judge(evidence.values, band=claim.band, null=evidence.null)
        record = claim.record(
            Verdict.INCONCLUSIVE if evidence.doubt else reached,
            budget=runs.budget.name,
            predicted=None if evidence.predicted is None else float(evidence.predicted),
            stated=None if evidence.stated is None else float(evidence.stated),
            values=tuple(float(v) for v in evidence.values),
            null=float(evidence.null),
            doubt=evidence.doubt,
            seeds=tuple(int(s) for s in evidence.seeds),
            figure=figure,
            seconds=seconds(),
            experiments={one.name: runs.seconds[one] for one in claim.reads},
            provenance=provenance,
        )
    except Exception:  # any failure of a claim's test is a result of the ledger
        return claim.record(
            Verdict.FAILED,
            budget=runs.budget.name,
            error=traceback.format_exc(),
            seconds=seconds(),
            provenance=provenance,
        )
    return record


def _place(spend: Budget) -> str:
    """Name the device that networks trained on; what loads no JAX runs on the processor."""
    return str(find_device(spend.device).device_kind) if "jax" in sys.modules else "cpu"


def _drawn(claim: Claim, evidence: Evidence, folder: Path) -> str:
    """Draw the phenomenon; a full disk costs the figure, not the numbers."""
    from simtheory import report

    name = f"{claim.id.replace('/', '-')}.svg"
    try:
        report.draw(folder / name, evidence.draw)
    except OSError:
        return ""
    return name


@face
def work(receive: Callable[[], bytes], answers: TextIO) -> None:
    """Test the claims whose ids arrive, until the process ends.

    Parameters
    ----------
    receive : callable
        Waits for the next message, a line of JSON: first the settings, then ids of claims, or
        `CLEAR` where a new group begins.
    answers : text stream
        Takes each record as a line of JSON.
    """
    settings = json.loads(receive())
    folder = None if settings["folder"] is None else Path(settings["folder"])
    stores = None if folder is None else stores_of(folder, settings["code"])
    runs = Runs(budget_named(settings["budget"], device=settings["device"], folder=stores))
    while True:
        message = json.loads(receive())
        if message == CLEAR:
            runs.clear()
            continue
        (claim,) = select([message])
        record = examine(claim, runs, folder=folder, code=settings["code"])
        print(json.dumps(record.to_dict()), file=answers, flush=True)
