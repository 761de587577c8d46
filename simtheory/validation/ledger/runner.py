"""Run claims side by side in a few long-lived workers, and keep what is finished."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import IO

from simtheory._checks import positive_int
from simtheory._faces import face
from simtheory.validation.claims.claim import Claim
from simtheory.validation.claims.experiment import Budget, budget_named
from simtheory.validation.claims.record import Record, Verdict
from simtheory.validation.ledger.catalogue import select
from simtheory.validation.ledger.folder import Ledger, code_version
from simtheory.validation.ledger.plan import Costs, groups, yardstick
from simtheory.validation.ledger.progress import Progress
from simtheory.validation.ledger.worker import CLEAR

__all__ = ["run"]

_START = Path(__file__).with_name("start_worker.py")
_TICK = 0.5  # seconds between two looks at the clock

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@face
def run(
    claims: Iterable[str] | None = None,
    *,
    budget: str | None = None,
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
    budget : {"quick", "standard", "full"}, optional
        How much to spend, and which claims of a topic to test. Default: ``"quick"`` for all claims,
        ``"standard"`` where `claims` names some.
    out : path, optional
        Folder of the ledger: page, records, figures, manifest. It may be new, empty, or an earlier
        ledger, whose other records are kept. Default: nothing is written.
    device : {"auto", "cpu", "gpu"}
        Where networks train; ``"gpu"`` also tests the claims that need one.
    workers : int, optional
        Processes side by side. Default: one for every core.
    resume : bool
        Keep the records that `out` holds from an interrupted run with the same budget, device and
        source, unless their test broke; judge them again from their values, and test the others.
    progress : bool
        Say how long it takes on this machine, and show a bar on a terminal or in a notebook.
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
        holds something else or is being written by another run.

    Notes
    -----
    Claims that share an experiment run in one process, one after the other, and the experiment is
    made once. A claim that raises, crashes or overruns its time gets the verdict ``failed``; after a
    crash the others of its group go on in a new process. Each record is written when it is
    finished, so an interrupted run leaves a readable ledger that says what is missing.

    Examples
    --------
    >>> (record,) = run(["identity/recurrence-is-descent"])
    >>> str(record.verdict)
    'disagrees'
    """
    named = None if claims is None else [claims] if isinstance(claims, str) else list(claims)
    name = budget if budget is not None else "quick" if named is None else "standard"
    spend = budget_named(name, device=device)
    chosen = select(named, budget=spend.name, device=device)
    if device == "gpu":
        from simtheory.validation.nets.devices import find_device

        find_device(device)  # answers here and now if there is none
    count = (os.cpu_count() or 1) if workers is None else positive_int("workers", workers)
    code = code_version()
    with ExitStack() as stack:
        ledger = None
        if out is not None:
            keep = partial(_stands, spend=spend, code=code) if resume else None
            ledger = stack.enter_context(Ledger.open(Path(out), planned=chosen, keep=keep))
        kept = [] if ledger is None else [ledger.finished(claim.id) for claim in chosen]
        records = {record.id: record for record in kept if record is not None}
        waiting = [claim for claim in chosen if claim.id not in records]
        costs = Costs.here(waiting, spend, measured=yardstick())
        parts = groups(waiting, costs)
        count = min(count, len(parts))
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bar = stack.enter_context(Progress(parts, costs, workers=count, shown=progress))
        settings = {
            "budget": spend.name,
            "device": spend.device,
            "folder": None if ledger is None else str(ledger.folder),
            "code": code,
        }
        crew = _Crew(parts, settings, spend, scratch, count, bar)
        for record in crew.records():
            records[record.id] = record
            if ledger is not None:
                ledger.add(record)
            bar.finished(record)
            if report is not None:
                with bar.aside():
                    report(record)
    return [records[claim.id] for claim in chosen]


def _stands(record: Record, claim: Claim, *, spend: Budget, code: str) -> bool:
    """Whether an earlier record is what this run would make."""
    made = record.provenance
    asked = {
        "budget": spend.name,
        "device": spend.device,
        "simtheory": version("simtheory"),
        "code": code,
    }
    same = all(made.get(name) == value for name, value in asked.items())
    words = all(getattr(record, name) == value for name, value in claim.words(spend.name).items())
    return same and words and record.verdict is not Verdict.FAILED


class _Worker:
    """One process, the claim that it tests now, and the claims of its group that follow."""

    def __init__(
        self,
        settings: dict[str, str | None],
        scratch: Path,
        inbox: queue.Queue[_Line],
        threads: int,
    ) -> None:
        self.group: list[Claim] = []
        self.claim: Claim | None = None
        self.since = time.monotonic()
        handle, name = tempfile.mkstemp(suffix=".log", dir=scratch)
        self._log = Path(name)
        with os.fdopen(handle, "wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, str(_START)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                env={**dict.fromkeys(_THREADS, str(threads)), **os.environ},
            )
        assert self.process.stdout is not None
        threading.Thread(
            target=self._listen, args=(self.process.stdout, inbox), daemon=True
        ).start()
        self._tell([str(Path(p).absolute()) for p in sys.path])
        self._tell(settings)

    def _listen(self, answers: IO[bytes], inbox: queue.Queue[_Line]) -> None:
        for line in answers:
            inbox.put((self, line))
        inbox.put((self, None))

    def _tell(self, message: object) -> None:
        assert self.process.stdin is not None
        with suppress(OSError):  # it has ended, which its listener reports
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()

    def take(self, group: list[Claim]) -> None:
        """Begin a group."""
        self.group = list(group)
        self._tell(CLEAR)

    def next_claim(self) -> Claim | None:
        """Begin the next claim of the group, if there is one."""
        self.claim = self.group.pop(0) if self.group else None
        self.since = time.monotonic()
        if self.claim is not None:
            self._tell(self.claim.id)
        return self.claim

    def last_words(self) -> str:
        """Return what the process wrote at last, for a person."""
        return self._log.read_text(encoding="utf-8", errors="replace").strip()[-2000:]

    def end(self) -> int:
        """Stop the process and return its status."""
        self.process.kill()
        status = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with suppress(OSError):  # a message that the process did not read
                pipe.close()
        return status


_Line = tuple[_Worker, bytes | None]


class _Crew:
    """Workers, the groups that wait for them, and what they answer."""

    def __init__(
        self,
        parts: list[list[Claim]],
        settings: dict[str, str | None],
        spend: Budget,
        scratch: Path,
        count: int,
        bar: Progress,
    ) -> None:
        self._waiting = list(parts)
        self._settings, self._spend, self._scratch = settings, spend, scratch
        self._count, self._bar = count, bar
        self._inbox: queue.Queue[_Line] = queue.Queue()
        self._busy: list[_Worker] = []

    def records(self) -> Iterator[Record]:
        """Give the record of each claim as its worker answers."""
        try:
            for _ in range(self._count):
                self._go_on(self._new_worker())
            while self._busy:
                try:
                    worker, line = self._inbox.get(timeout=_TICK)
                except queue.Empty:
                    self._bar.tick()
                    yield from self._overdue()
                    continue
                if worker not in self._busy:
                    continue  # one that was stopped
                if line is None:
                    yield self._broken(worker)
                else:
                    self._bar.left(worker.claim)
                    self._go_on(worker)
                    yield Record.from_dict(json.loads(line))
        finally:
            for worker in self._busy:
                worker.end()

    def _new_worker(self) -> _Worker:
        threads = max(1, (os.cpu_count() or 1) // self._count)  # workers share the cores
        worker = _Worker(self._settings, self._scratch, self._inbox, threads)
        self._busy.append(worker)
        return worker

    def _go_on(self, worker: _Worker) -> None:
        """Give a worker its next claim, of the next group if its own is done, or end it."""
        if not worker.group and self._waiting:
            worker.take(self._waiting.pop(0))
        claim = worker.next_claim()
        if claim is None:
            self._busy.remove(worker)
            worker.end()
        else:
            self._bar.begun(claim)

    def _overdue(self) -> Iterator[Record]:
        for worker in list(self._busy):
            if time.monotonic() - worker.since > 60 * self._spend.minutes:
                yield self._replaced(
                    worker,
                    f"Stopped after {self._spend.minutes:g} minutes, the budget of one claim.",
                )

    def _broken(self, worker: _Worker) -> Record:
        status = worker.process.wait()
        return self._replaced(
            worker, f"The process ended with status {status}.\n{worker.last_words()}"
        )

    def _replaced(self, worker: _Worker, error: str) -> Record:
        """End a worker, let a new one go on with its group, and return the record of its claim."""
        claim, seconds = worker.claim, time.monotonic() - worker.since
        assert claim is not None
        self._busy.remove(worker)
        worker.end()
        self._bar.left(claim)
        if worker.group or self._waiting:
            successor = self._new_worker()
            if worker.group:
                successor.take(worker.group)
            self._go_on(successor)
        return claim.record(Verdict.FAILED, budget=self._spend.name, error=error, seconds=seconds)
