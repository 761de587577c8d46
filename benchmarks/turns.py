"""Compare solvers: they alternate in separate processes, and ratios are taken round by round.

``python -m benchmarks.turns`` prints the comparison for each d.

In a round every solver integrates the ensemble once, in its own warm process. The ratio is taken
within a round, because a slow phase of the machine affects both; the median over rounds is reported, with
the smallest and the largest. Cost is CPU time, of user and system and of all threads, where one thread
may be used, and wall time where two may.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from benchmarks.calibrate import Setting, calibrate
from benchmarks.peers import OURS, PEERS
from benchmarks.problem import MEMBERS, Ensemble
from benchmarks.worker import Cost, Failed, Worker

TARGET = 1e-9
LARGE = 10_000  # members of the ensemble on two threads
# Peers that finish it in seconds; the loops in Python take minutes and do not profit from threads.
AT_LARGE = (
    "heyoka",
    "heyoka-matrix",
    "numbalsoda-dop853",
    "numbalsoda-lsoda",
    "diffrax-tsit5",
    "diffrax-dopri8",
)


@dataclass(frozen=True)
class Row:
    """Cost and error of one solver in one comparison; times in microseconds per trajectory.

    `ratio` is its cost over simtheory's; pairs are (median, smallest, largest) over rounds.
    """

    peer: str
    members: int
    rtol: float
    atol_ratio: float
    error: float
    cpu: tuple[float, float, float]
    wall: tuple[float, float, float]
    ratio: tuple[float, float, float]


@dataclass(frozen=True)
class Absent:
    """A solver that is not in the comparison, and the reason."""

    peer: str
    reason: str


class Company:
    """The workers of a run, each started when first needed."""

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self.workers: dict[str, Worker] = {}

    def __enter__(self) -> Company:
        return self

    def __exit__(self, *reason: object) -> None:
        for worker in self.workers.values():
            worker.close()

    def worker(self, peer: str) -> Worker:
        """Return the process of a solver."""
        if peer not in self.workers or not self.workers[peer].process.is_alive():
            self.workers[peer] = Worker(peer, self.threads)
        return self.workers[peer]


def compare(
    company: Company,
    ensemble: Ensemble,
    *,
    peers: Iterable[str] = tuple(PEERS),
    target: float = TARGET,
    rounds: int = 7,
    say=print,  # type: ignore[no-untyped-def]
) -> tuple[list[Row], list[Absent]]:
    """Time solvers in turn on an ensemble, at tolerances that reach the same error."""
    guests = [_invite(company, p, ensemble, target) for p in dict.fromkeys((OURS, *peers))]
    playing = [guest for guest in guests if isinstance(guest, _Guest)]
    absent = [guest for guest in guests if isinstance(guest, Absent)]
    if not playing or playing[0].peer != OURS:
        raise Failed(f"simtheory cannot be compared: {absent[0].reason}")
    costs: dict[str, list[Cost]] = {guest.peer: [] for guest in playing}
    for _ in range(rounds):
        for guest in playing:
            costs[guest.peer].append(guest.worker.run(guest.setting.rtol, guest.setting.atol_ratio))
    measure = "cpu" if company.threads == 1 else "wall"
    rows, ours = [], None
    for guest in playing:
        each = {
            name: [1e6 * getattr(cost, name) / guest.members for cost in costs[guest.peer]]
            for name in ("cpu", "wall")
        }
        ours = ours or each[measure]
        rows.append(
            Row(
                guest.peer,
                guest.members,
                guest.setting.rtol,
                guest.setting.atol_ratio,
                guest.error,
                spread(each["cpu"]),
                spread(each["wall"]),
                spread([a / b for a, b in zip(each[measure], ours, strict=True)]),
            )
        )
        say(line(rows[-1], measure))
    return rows, absent


@dataclass(frozen=True)
class _Guest:
    """A warm solver, its tolerance and its error on this ensemble."""

    peer: str
    worker: Worker
    members: int
    setting: Setting
    error: float


def _invite(company: Company, peer: str, ensemble: Ensemble, target: float) -> _Guest | Absent:
    about = PEERS[peer]
    if about.version is None:
        return Absent(peer, "not installed")
    if ensemble.d > about.largest:
        return Absent(peer, about.reason)
    worker, mine = company.worker(peer), ensemble.first(about.most)
    try:
        # Tolerances do not depend on threads; those found with one thread are used.
        setting = calibrate(worker, peer, ensemble, target)
        if setting is None:
            return Absent(peer, f"no tolerance brings its error below {target:g}")
        worker.set_up(mine)
        warm = worker.run(setting.rtol, setting.atol_ratio, check=True)
    except Failed as reason:
        return Absent(peer, str(reason))
    return _Guest(peer, worker, mine.members, setting, warm.error)


def spread(values: list[float]) -> tuple[float, float, float]:
    """Return median, smallest and largest."""
    return statistics.median(values), min(values), max(values)


def line(row: Row, measure: str) -> str:
    """Return a row as a line for the terminal."""
    time, low, high = getattr(row, measure)
    atol = f"{row.atol_ratio:g} rtol" if row.atol_ratio else "-"
    return (
        f"  {PEERS[row.peer].title:34} {time:10.1f} µs {measure} [{low:.1f}, {high:.1f}]"
        f"  ratio {row.ratio[0]:7.2f} [{row.ratio[1]:.2f}, {row.ratio[2]:.2f}]"
        f"  error {row.error:.1e}  rtol {row.rtol:.1e}  atol {atol}"
    )


def measure(*, quick: bool = False, say=print) -> dict:  # type: ignore[no-untyped-def]
    """Run the comparisons of the page; return them as plain data."""
    dims = (2, 4, 8, 16) if quick else tuple(MEMBERS)
    rounds = 3 if quick else 7
    data = {"target": TARGET, "rounds": rounds, "one_thread": [], "two_threads": None}
    with Company() as company:
        for d in dims:
            ensemble = Ensemble(d, MEMBERS[d])
            say(f"std, d = {d}, {ensemble.members} members, error below {TARGET:g}, one thread")
            rows, absent = compare(company, ensemble, rounds=rounds, say=say)
            data["one_thread"].append(plain(ensemble, rows, absent))
    ensemble = Ensemble(8, 1000 if quick else LARGE)
    say(f"std, d = 8, {ensemble.members} members, error below {TARGET:g}, two threads")
    with Company(threads=2) as company:
        rows, absent = compare(company, ensemble, peers=AT_LARGE, rounds=rounds, say=say)
    data["two_threads"] = plain(ensemble, rows, absent)
    return data


def plain(ensemble: Ensemble, rows: list[Row], absent: list[Absent]) -> dict:
    """Return a comparison as plain data."""
    return {
        "ensemble": asdict(ensemble),
        "rows": [asdict(row) for row in rows],
        "absent": [asdict(one) for one in absent],
    }


if __name__ == "__main__":
    import sys

    measure(quick="--quick" in sys.argv)
