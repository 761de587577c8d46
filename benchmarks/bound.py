r"""Lower bound of the cost on this machine: the floating-point work and stores of every implementation.

Symbols
-------
d : dimension; v = d (d + 1) / 2 : entries of the packed triangle; nnz : non-zero coefficients of the
method's tableau.

Result
------
An accepted step of the pair of order 8 with its interpolant, on packed symmetric matrices, takes

.. math:: 15 \cdot 2d^3 + 2 v\, \mathrm{nnz}

operations: twelve right-hand sides of one product each (the last one is the next step's first) and three
for the interpolant, and one multiplication and one addition for each non-zero coefficient and entry. A
rejected step takes eleven and their share of the tableau. Each time of the grid takes 14 v operations for the seven coefficients of the
interpolant, and 8 d² bytes. The bound is operations over the machine's peak plus
bytes over its bandwidth to memory, both measured here: by products of matrices of dimension 512, in
CPU time, by the library that NumPy calls, and by a = b + s c on arrays far larger than any cache.

Steps are those that simtheory takes at the tolerance of the comparison, so that the bound judges the
implementation; `benchmarks.steps` judges the number of steps.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.problem import MEMBERS, Ensemble
from simtheory.sim.flows.methods import DOP853

_STAGES = 12


@dataclass(frozen=True)
class Machine:
    """Peaks of one core."""

    gflops: float
    gbytes: float


@dataclass(frozen=True)
class Bound:
    """Least work of one trajectory; microseconds."""

    d: int
    steps: float
    rejected: float
    flops: float
    stored: float
    flop_time: float
    store_time: float

    @property
    def total(self) -> float:
        """Sum of arithmetic and stores."""
        return self.flop_time + self.store_time


def work(d: int, steps: float, rejected: float, points: int) -> tuple[float, float]:
    """Return operations and bytes of one trajectory, counted from the tableau."""
    v, product = d * (d + 1) // 2, 2 * d**3
    stages = int(np.count_nonzero(DOP853.stages[: _STAGES + 1]))
    more = int(np.count_nonzero(DOP853.stages[_STAGES + 1 :]))
    embedded, dense = (int(np.count_nonzero(x)) for x in (DOP853.embedded, DOP853.dense))
    tried = (_STAGES - 1) * product + 2 * v * (stages + embedded)
    kept = (len(DOP853.stages) - _STAGES) * product + 2 * v * (more + dense)
    flops = (steps + rejected) * tried + steps * kept + points * 14 * v
    return flops, 8.0 * d * d * points


def machine() -> Machine:
    """Measure the peaks of a core, each as the best of many short runs."""
    from numba import njit

    @njit(fastmath={"contract"})
    def triad(a, b, c, s):  # type: ignore[no-untyped-def]
        for i in range(a.size):
            a[i] = b[i] + s * c[i]

    X = np.random.default_rng(0).standard_normal((512, 512))
    best = min(_time(lambda: X @ X, time.process_time) for _ in range(50))
    gflops = 2.0 * X.size * len(X) / best / 1e9
    a, b, c = (np.ones(30_000_000) for _ in range(3))
    best = min(_time(lambda: triad(a, b, c, 0.5)) for _ in range(7))
    return Machine(gflops, 24.0 * a.size / best / 1e9)


def _time(job, clock=time.perf_counter) -> float:  # type: ignore[no-untyped-def]
    start = clock()
    job()
    return clock() - start


def bound(d: int, rtol: float, peaks: Machine) -> Bound:
    """Return the bound of a trajectory of `std` at a requested tolerance."""
    from benchmarks.steps import count

    ensemble = Ensemble(d, MEMBERS[d]).checked()
    counts = count(ensemble, rtol, check=False)
    flops, stored = work(d, counts.steps, counts.rejected, ensemble.points)
    return Bound(
        d,
        counts.steps,
        counts.rejected,
        flops,
        stored,
        1e-3 * flops / peaks.gflops,
        1e-3 * stored / peaks.gbytes,
    )


def measure(comparison: dict, *, say=print) -> dict:  # type: ignore[no-untyped-def]
    """Compare the times of simtheory in a comparison (`benchmarks.turns`) with the bound."""
    peaks = machine()
    say(f"one core: {peaks.gflops:.0f} GFLOP/s, {peaks.gbytes:.0f} GB/s")
    rows = []
    for case in comparison["one_thread"]:
        ours = case["rows"][0]
        least = bound(case["ensemble"]["d"], ours["rtol"], peaks)
        times = ours["cpu"][0] / least.total
        say(
            f"  d = {least.d:2}: {least.steps:6.1f} steps, {least.flops / 1e6:9.3f} MFLOP, bound "
            f"{least.total:10.1f} µs, taken {ours['cpu'][0]:10.1f} µs: {times:.2f} times the bound"
        )
        rows.append({**asdict(least), "cpu": ours["cpu"][0], "times": times})
    return {"machine": asdict(peaks), "rows": rows}


def main() -> None:
    """Print the bound for the comparison in the results file."""
    from benchmarks.results import load

    results = load()
    if "turns" not in results:
        raise SystemExit("No comparison is on file; run `python -m benchmarks --only turns` first.")
    measure(results["turns"]["data"])


if __name__ == "__main__":
    main()
