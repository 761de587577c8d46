"""Equal achieved error: the loosest tolerance at which a solver's error on the grid is below a target.

Solvers reach different errors at the same requested tolerance, so costs at equal `rtol` cannot be compared.
A solver with an absolute tolerance is tried with each of `ATOL_RATIOS` times rtol; the cheaper one is kept.
Settings are stored in ``benchmarks/.cache``, under the solver's version (and the sources of simtheory).
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.peers import OURS, PEERS
from benchmarks.problem import Ensemble
from benchmarks.reference import CACHE
from benchmarks.worker import Failed, Worker

ATOL_RATIOS = (1e-3, 1e-6)
LOOSEST, TIGHTEST, TRIALS = 1e-2, 3e-14, 9
GOOD_ENOUGH = 0.8  # share of the target; an error above it ends the search


@dataclass(frozen=True)
class Setting:
    """Tolerances, the error that they reach, and its cost."""

    rtol: float
    atol_ratio: float
    error: float
    cpu: float


def calibrate(worker: Worker, peer: str, ensemble: Ensemble, target: float) -> Setting | None:
    """Return the cheapest setting whose error is below the target; None if there is none.

    Leaves the worker set up with the checked members of the ensemble.
    """
    book, key = CACHE / "calibration.json", _key(peer, ensemble.checked(), target)
    found = json.loads(book.read_text()) if book.exists() else {}
    if key not in found:
        worker.set_up(ensemble.checked())
        ratios = ATOL_RATIOS if PEERS[peer].has_atol else (0.0,)
        settings = [s for ratio in ratios if (s := _search(worker, ratio, target)) is not None]
        best = min(settings, key=lambda s: s.cpu, default=None)
        found[key] = None if best is None else asdict(best)
        CACHE.mkdir(exist_ok=True)
        book.write_text(json.dumps(found, indent=1))
    return None if found[key] is None else Setting(**found[key])


def _search(worker: Worker, atol_ratio: float, target: float) -> Setting | None:
    rtol, best, bad = target, None, math.inf
    for _ in range(TRIALS):
        try:
            worker.run(rtol, atol_ratio)  # compiles, in solvers that compile
            cost = worker.run(rtol, atol_ratio, check=True)
        except Failed:
            rtol *= 0.1
            continue
        assert cost.error is not None
        good = cost.error <= target
        if good and (best is None or rtol > best.rtol):
            best = Setting(rtol, atol_ratio, cost.error, cost.cpu)
        if good and (cost.error >= GOOD_ENOUGH * target or rtol == LOOSEST):
            break
        # Errors go as a power of rtol between 0.8 and 1; aim a little below the target.
        wanted = rtol * (0.9 * target / max(cost.error, 1e-300)) ** 0.9
        # Where an error jumps with rtol, halve the interval that holds the jump.
        bad = bad if good else min(bad, rtol)
        if best is None:
            wanted = min(wanted, 0.7 * rtol)
        elif not best.rtol < wanted < bad:
            wanted = math.sqrt(best.rtol * min(bad, LOOSEST))
        wanted = min(LOOSEST, max(TIGHTEST, wanted))
        if wanted == rtol:
            break
        rtol = wanted
    return best


def _key(peer: str, ensemble: Ensemble, target: float) -> str:
    version = PEERS[peer].version
    if peer == OURS:
        sources = sorted(Path(find_spec("simtheory").origin).parent.glob("sim/*.py"))
        digest = hashlib.sha256(b"".join(s.read_bytes() for s in sources)).hexdigest()[:12]
        version = f"{version}+{digest}"
    words = ", ".join(f"{k}={v}" for k, v in asdict(ensemble).items())
    return f"{peer} {version} | {words} | {target:g}"
