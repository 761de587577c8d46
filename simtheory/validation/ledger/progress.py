"""The bar of a run: estimated seconds, corrected while it runs, and what runs now."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from simtheory._faces import face
from simtheory.validation.claims.claim import Claim
from simtheory.validation.claims.experiment import Experiment
from simtheory.validation.claims.record import Record
from simtheory.validation.ledger.plan import Costs

__all__ = ["Progress", "duration"]

_COLUMNS = 79  # a line of 80 would wrap on a terminal of 80
_LAYOUT = "{percentage:3.0f}%|{bar:16}| {desc}"


@face
def duration(seconds: float) -> str:
    """Return a length of time, rounded as an estimate is.

    Parameters
    ----------
    seconds : float
        The length.

    Returns
    -------
    str
        Such as ``"25 s"`` or ``"3 min"``.
    """
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5)):d} s"
    return f"{seconds / 60:.0f} min"


@face
class Progress:
    """A bar on a terminal or in a notebook, and nothing elsewhere.

    Parameters
    ----------
    parts : sequence of groups of claims
        What is to run.
    costs : Costs
        What it costs, about.
    workers : int
        How many processes run it.
    shown : bool
        Whether to say how long it takes, and to show a bar where one can be seen.
    """

    def __init__(
        self, parts: Sequence[Sequence[Claim]], costs: Costs, *, workers: int, shown: bool
    ) -> None:
        self._expected: dict[str, float] = {}
        for part in parts:
            made: set[Experiment[Any]] = set()
            for claim in part:
                self._expected[claim.id] = costs.of_claim(claim, made)
                made.update(claim.reads)
        self._wall = costs.wall(parts, workers)
        self._running: dict[str, float] = {}
        self._done, self._spent, self._started = 0.0, 0.0, time.monotonic()
        self._count = len(self._expected)
        if shown and self._count:
            noun = "claim" if self._count == 1 else "claims"
            text = f"{self._count} {noun}, about {duration(self._wall)} on this machine."
            print(text, file=sys.stderr, flush=True)
        self._total = max(sum(self._expected.values()), 1e-9)
        self._bar = tqdm(
            total=self._total,
            disable=not (shown and self._count and _can_be_seen()),
            leave=False,
            ncols=min(_COLUMNS, shutil.get_terminal_size().columns - 1),
            bar_format=_LAYOUT,
            file=sys.stderr,
        )

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def begun(self, claim: Claim) -> None:
        """Note that a claim runs.

        Parameters
        ----------
        claim : Claim
            The claim.
        """
        self._running[claim.id] = time.monotonic()
        self.tick()

    def left(self, claim: Claim | None) -> None:
        """Note that a claim no longer runs.

        Parameters
        ----------
        claim : Claim, optional
            The claim.
        """
        if claim is not None and claim.id in self._running:
            self._spent += time.monotonic() - self._running.pop(claim.id)
            self._done += self._expected[claim.id]

    def finished(self, record: Record) -> None:
        """Count a record.

        Parameters
        ----------
        record : Record
            What came of a claim.
        """
        self._count -= 1
        self.tick()

    def tick(self) -> None:
        """Bring the bar up to date."""
        if self._bar.disable:
            return
        now = time.monotonic()
        under_way = sum(
            min(now - since, 0.95 * self._expected[name]) for name, since in self._running.items()
        )
        done = self._done + under_way
        self._bar.n = min(done, self._total)
        names = list(self._running)
        more = f" +{len(names) - 1}" if len(names) > 1 else ""
        running = f"{names[-1]}{more}" if names else "…"
        text = f"{duration(self.remaining(done))} left, {running}"
        self._bar.set_description_str(text[: self._bar.ncols - 24], refresh=True)

    def remaining(self, done: float) -> float:
        """Return the seconds that are left, corrected by what was seen so far.

        Parameters
        ----------
        done : float
            Estimated seconds of the work that is done.

        Returns
        -------
        float
            Wall time, about.
        """
        share = done / self._total
        elapsed = time.monotonic() - self._started
        seen = elapsed / share if share > 0 else self._wall
        # what was seen counts the more, the more of the work is done
        return (1 - share) * ((1 - share) * self._wall + share * seen)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away while something else is printed.

        Yields
        ------
        None
            Nothing; the block prints.
        """
        self._bar.clear()
        yield
        self._bar.refresh()


def _can_be_seen() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules
