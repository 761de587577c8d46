"""Cost against members, grid points, accuracy, condition number and threads, d = 8.

``python -m benchmarks.scaling`` prints the tables. Each solver runs in its own process, in turn, at the
tolerance that brings its error below 1e-9 on `std`, except where the tolerance is what varies.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import replace

from benchmarks.calibrate import calibrate
from benchmarks.peers import OURS, PEERS
from benchmarks.problem import Ensemble
from benchmarks.turns import TARGET, Company, compare, plain
from benchmarks.worker import Failed

STD = Ensemble(8, 256)
COMPARED = (OURS, "heyoka", "numbalsoda-dop853", "diffrax-dopri8")
CONDITIONED = (*COMPARED, "heyoka-matrix", "numbalsoda-lsoda", "diffrax-tsit5", "scipy-lsoda")
POINTS = (51, 201, 801)
FEW_POINTS = 21  # more points and 100 000 members exceed the memory
RTOLS = tuple(10.0**-k for k in range(4, 14))


def measure(*, quick: bool = False, say=print) -> dict:  # type: ignore[no-untyped-def]
    """Measure all five dependences; return plain data."""
    rounds = 2 if quick else 3
    with Company() as company:
        playing = _playing(company)
        data = {
            "members": _members(company, playing, 1000 if quick else 100_000, rounds, say),
            "points": _points(company, playing, rounds, say),
            "accuracy": _accuracy(company, playing, rounds, quick, say),
            "condition": _condition(company, rounds, quick, say),
        }
    data["threads"] = _threads(playing, 1000 if quick else 4096, rounds, say)
    return data


def _playing(company: Company) -> dict[str, tuple[float, float]]:
    """Return the tolerances of the solvers that are installed and reach the target."""
    found = {}
    for peer in COMPARED:
        if PEERS[peer].version is not None:
            setting = calibrate(company.worker(peer), peer, STD, TARGET)
            if setting is not None:
                found[peer] = (setting.rtol, setting.atol_ratio)
    return found


def _cost(company, peer, ensemble, tolerances, rounds, measure="cpu"):  # type: ignore[no-untyped-def]
    """Return microseconds per trajectory, warm: the median over rounds."""
    worker = company.worker(peer)
    worker.set_up(ensemble)
    worker.run(*tolerances)
    costs = [getattr(worker.run(*tolerances), measure) for _ in range(rounds)]
    return 1e6 * statistics.median(costs) / ensemble.members


def _members(company, playing, most, rounds, say):  # type: ignore[no-untyped-def]
    rows = []
    for n in (100, 1000, 10_000, 100_000):
        # The whole grid up to 10 000 members; above, fewer times and simtheory alone.
        for points in (STD.points, FEW_POINTS):
            for peer, tolerances in playing.items():
                alone = peer == OURS
                if n > most or (points == FEW_POINTS and not alone):
                    continue
                if n > 10_000 and points == STD.points:
                    continue
                ensemble = replace(STD, members=n, points=points)
                cost = _cost(company, peer, ensemble, tolerances, rounds if n < 10_000 else 1)
                rows.append({"peer": peer, "members": n, "points": points, "cpu": cost})
                say(f"  {PEERS[peer].title:28} {n:6} members, {points} times: {cost:8.1f} µs cpu")
    return rows


def _points(company, playing, rounds, say):  # type: ignore[no-untyped-def]
    rows = []
    for points in POINTS:
        for peer, tolerances in playing.items():
            cost = _cost(company, peer, replace(STD, points=points), tolerances, rounds)
            rows.append({"peer": peer, "points": points, "cpu": cost})
            say(f"  {PEERS[peer].title:28} {points:4} times: {cost:8.1f} µs cpu")
    return rows


def _accuracy(company, playing, rounds, quick, say):  # type: ignore[no-untyped-def]
    rows = []
    for peer, (_, atol_ratio) in playing.items():
        for rtol in RTOLS[1::2] if quick else RTOLS:
            worker = company.worker(peer)
            worker.set_up(STD)
            try:
                error = worker.run(rtol, atol_ratio, check=True).error
                cost = _cost(company, peer, STD, (rtol, atol_ratio), rounds)
            except Failed:  # the solver refuses a tolerance this tight
                continue
            if not math.isfinite(error):
                continue
            rows.append({"peer": peer, "rtol": rtol, "error": error, "cpu": cost})
            say(f"  {PEERS[peer].title:28} rtol {rtol:.0e}: error {error:.1e}, {cost:8.1f} µs cpu")
    return rows


def _condition(company, rounds, quick, say):  # type: ignore[no-untyped-def]
    cases = []
    for spectrum, members in (("wide", 64), ("xwide", 16)):
        if quick and spectrum == "xwide":
            continue
        ensemble = Ensemble(8, members, spectrum)
        say(f"{spectrum}, d = 8, {members} members, error below {TARGET:g}")
        rows, absent = compare(company, ensemble, peers=CONDITIONED, rounds=rounds, say=say)
        cases.append(plain(ensemble, rows, absent))
    return cases


def _threads(playing, members, rounds, say):  # type: ignore[no-untyped-def]
    """Compare one thread with two, alternating, so that a slow phase of the machine affects both.

    Few times: fresh memory for large results is zeroed by the kernel, which two threads do not speed up.
    """
    ensemble, rows = replace(STD, members=members, points=POINTS[0]), []
    with Company(1) as one, Company(2) as two:
        for peer, tolerances in playing.items():
            pairs = []
            for _ in range(rounds):
                pairs.append([_cost(c, peer, ensemble, tolerances, 1, "wall") for c in (one, two)])
            wall = [statistics.median(costs) for costs in zip(*pairs, strict=True)]
            speedup = statistics.median(first / second for first, second in pairs)
            rows.append({"peer": peer, "members": members, "wall": wall, "speedup": speedup})
    for row in rows:
        say(f"  {PEERS[row['peer']].title:28} two threads: {row['speedup']:.2f} times as fast")
    return rows


if __name__ == "__main__":
    import sys

    measure(quick="--quick" in sys.argv)
