"""Steps of simtheory alone: achieved error and counts for each requested tolerance.

``python -m benchmarks.steps`` prints the table. Every member is one call of `sim.solve` on a task
with the member's rates, which gives its own counts in `Trajectory.stats`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.problem import Ensemble
from benchmarks.reference import reference
from simtheory.sim import Tied, solve
from simtheory.tasks import SIMTask

MEMBERS = 4
CASES = (  # spectrum, size of the start
    ("std", 1e-2),
    ("std", 1e-1),
    ("std", 1e-3),
    ("wide", 1e-2),
    ("xwide", 1e-2),
)
RTOLS = tuple(10.0**-k for k in range(4, 12))


@dataclass(frozen=True)
class Count:
    """Mean counts over members, and the largest error of W on the grid."""

    spectrum: str
    eps: float
    d: int
    rtol: float
    error: float
    steps: float
    rejected: float
    field_evaluations: float


def count(ensemble: Ensemble, rtol: float, *, check: bool = True) -> Count:
    """Integrate each member and return the mean counts; without `check` the error is NaN."""
    rates, starts = ensemble.draw()
    stats, values = [], []
    for a, start in zip(rates, starts, strict=True):
        task = SIMTask(mu=np.zeros(ensemble.d), sigma=np.sqrt(a))
        run = solve(Tied(), task, start, ensemble.t, rtol=rtol)
        stats.append([run.stats[key] for key in ("steps", "rejected", "field_evaluations")])
        values.append(run.weights)
    error = float(np.abs(np.array(values) - reference(ensemble)).max()) if check else float("nan")
    return Count(ensemble.spectrum, ensemble.eps, ensemble.d, rtol, error, *np.mean(stats, axis=0))


def measure(*, quick: bool = False, say=print) -> list[dict]:  # type: ignore[no-untyped-def]
    """Count the steps for every spectrum and tolerance, d = 8."""
    counts = []
    for spectrum, eps in CASES:
        ensemble = Ensemble(8, MEMBERS, spectrum, eps)
        say(f"{spectrum}, eps = {eps:g}: requested, achieved, steps (rejected), field evaluations")
        for rtol in RTOLS[::2] if quick else RTOLS:
            c = count(ensemble, rtol)
            say(
                f"  {rtol:.0e} {c.error:9.1e} {c.steps:8.1f} ({c.rejected:.1f}) {c.field_evaluations:9.1f}"
            )
            counts.append(asdict(c))
    return counts


if __name__ == "__main__":
    measure()
