"""Run claims side by side, each in its own process, and keep what is finished."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from simtheory._checks import positive_int
from simtheory.validation.claims.claim import Budget, Claim, budget_named
from simtheory.validation.claims.record import Record, Verdict
from simtheory.validation.ledger.catalogue import select
from simtheory.validation.ledger.costs import SECONDS
from simtheory.validation.ledger.folder import Ledger
from simtheory.validation.nets.devices import find_device

__all__ = ["estimate", "run"]


def run(
    claims: Iterable[str] | None = None,
    *,
    budget: str = "quick",
    out: str | Path | None = None,
    device: str = "auto",
    workers: int | None = None,
    resume: bool = False,
    progress: bool = False,
    report: Callable[[Record], None] | None = None,
) -> list[Record]:
    """Test claims of the ledger.

    Parameters
    ----------
    claims : iterable of str, optional
        Claim ids or whole topics, such as ``["identity"]``. Default: all.
    budget : {"quick", "full"}
        How much to spend.
    out : path, optional
        Folder of the ledger: page, records, figures, manifest. It may be new, empty, or an earlier
        ledger, whose other records are kept. Default: nothing is written.
    device : {"auto", "cpu", "gpu"}
        Where networks train.
    workers : int, optional
        Claims tested at a time. Default: one for every core.
    resume : bool
        Keep the records that `out` holds from an interrupted run with the same budget, device and
        version, unless their test broke, and test the others.
    progress : bool
        Show a progress bar on a terminal, and how long it will take, about.
    report : callable, optional
        Called with each record as it is finished.

    Returns
    -------
    list of Record
        In the order of the ledger.

    Raises
    ------
    ArgumentError
        If a claim, budget or device is unknown, there is no GPU and one was asked for, or `out`
        holds something else.

    Notes
    -----
    Every claim runs in its own process: one that raises, crashes or overruns its time gets the
    verdict ``failed``, and the others go on. Each record is written when it is finished, so an
    interrupted run leaves a readable ledger that says what is missing.

    Examples
    --------
    >>> (record,) = run(["identity/figure-10-euler"])
    >>> str(record.verdict)
    'agrees'
    """
    chosen = select(claims)
    spend = budget_named(budget, device=device)
    if device == "gpu":
        find_device(device)  # answers here and now if there is none
    count = (os.cpu_count() or 1) if workers is None else positive_int("workers", workers)
    keep = partial(_stands, spend=spend) if resume else None
    ledger = None if out is None else Ledger.open(Path(out), planned=chosen, keep=keep)
    kept = [] if ledger is None else [ledger.finished(claim.id) for claim in chosen]
    records = {record.id: record for record in kept if record is not None}
    waiting = [claim for claim in chosen if claim.id not in records]
    hidden = not (progress and sys.stderr.isatty())
    with (
        tempfile.TemporaryDirectory() as scratch,
        tqdm(total=len(waiting), unit="claim", disable=hidden, leave=False) as bar,
    ):
        for record in _finished(waiting, spend, Path(scratch), ledger, count):
            records[record.id] = record
            if ledger is not None:
                ledger.add(record)
            if report is not None:
                bar.clear()
                report(record)
            bar.update()
    if ledger is not None:
        ledger.close()
    return [records[claim.id] for claim in chosen]


def estimate(claims: Iterable[Claim], budget: str, *, workers: int | None = None) -> float:
    """Return how many seconds some claims will take, about.

    Parameters
    ----------
    claims : iterable of Claim
        The claims.
    budget : {"quick", "full"}
        How much they may spend.
    workers : int, optional
        Claims tested at a time. Default: one for every core.

    Returns
    -------
    float
        Sum of what each took on one core of a laptop, over the workers, and at least the longest.
    """
    count = (os.cpu_count() or 1) if workers is None else positive_int("workers", workers)
    place = ("quick", "full").index(budget_named(budget).name)
    costs = [SECONDS[claim.id][place] for claim in claims]
    return max([sum(costs) / count, *costs], default=0.0)


def _stands(record: Record, *, spend: Budget) -> bool:
    """Whether an earlier record is what this run would make."""
    made = record.provenance
    asked = {"budget": spend.name, "device": spend.device, "simtheory": version("simtheory")}
    same = all(made.get(name) == value for name, value in asked.items())
    return same and record.verdict is not Verdict.FAILED


@dataclass(frozen=True, slots=True)
class _Worker:
    """One running process, what it tests, and where its words go."""

    claim: Claim
    process: subprocess.Popen[bytes]
    log: Path
    answer: Path
    started: float

    @classmethod
    def start(cls, claim: Claim, spend: Budget, scratch: Path, ledger: Ledger | None) -> _Worker:
        name = claim.id.replace("/", "-")
        log, answer = scratch / f"{name}.log", scratch / f"{name}.json"
        command = _command(claim, spend, answer, ledger)
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
            )
        return cls(claim, process, log, answer, time.monotonic())

    def record(self, spend: Budget) -> Record | None:
        """Return the record if the process has ended or overrun its time, else None."""
        seconds = time.monotonic() - self.started
        if self.process.poll() is None:
            if seconds < 60 * spend.minutes:
                return None
            self.process.kill()
            self.process.wait()
            return self.claim.record(
                Verdict.FAILED,
                error=f"Stopped after {spend.minutes:g} minutes, the budget of one claim.",
                seconds=seconds,
            )
        if self.answer.exists():
            return Record.from_dict(json.loads(self.answer.read_text(encoding="utf-8")))
        words = self.log.read_text(encoding="utf-8", errors="replace").strip()
        error = f"The process ended with status {self.process.returncode}.\n{words[-2000:]}"
        return self.claim.record(Verdict.FAILED, error=error, seconds=seconds)


def _command(claim: Claim, spend: Budget, answer: Path, ledger: Ledger | None) -> list[str]:
    folder = [] if ledger is None else [str(ledger.folder)]
    module = "simtheory.validation.ledger.worker"
    return [sys.executable, "-m", module, claim.id, spend.name, spend.device, str(answer), *folder]


def _finished(
    claims: Iterable[Claim], spend: Budget, scratch: Path, ledger: Ledger | None, count: int
) -> Iterator[Record]:
    waiting, running = list(claims), list[_Worker]()
    try:
        while waiting or running:
            while waiting and len(running) < count:
                running.append(_Worker.start(waiting.pop(0), spend, scratch, ledger))
            for worker in list(running):
                record = worker.record(spend)
                if record is not None:
                    running.remove(worker)
                    yield record
            time.sleep(0.05)
    finally:
        for worker in running:
            worker.process.kill()
            worker.process.wait()
