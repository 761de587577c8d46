"""Cost of a closed form, over that of its bare arithmetic: ``python -m benchmarks.closed_forms``.

The pivots' form at 10⁵ times, d = 8, against the same formula in plain NumPy, without guards for overflow,
lost concepts or the limit of W < I. They alternate in one process, on one thread; the ratio
is the median over rounds, with its range. The two results must agree to 1e-12 where the plain one is finite.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
from threadpoolctl import threadpool_limits

import simtheory as st

ROUNDS = 9


def typed(rates: np.ndarray, U0: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return W by the textbook formula of the pivots; it overflows on long runs."""
    d = len(rates)
    order = np.argsort(-rates)
    a, W0 = rates[order], (U0 @ U0.T)[np.ix_(order, order)]
    L = np.linalg.cholesky(W0 @ np.linalg.inv(np.eye(d) - W0))
    pivot, unit = np.diag(L) ** 2, L / np.diag(L)
    grown = pivot * np.exp(2 * a * t[:, None])
    learned = np.log((1 + grown) / (1 + pivot)) / a
    turning = -(a - a[:, None]) * (
        t[:, None, None] + 0.25 * (learned[:, :, None] - learned[:, None, :])
    )
    X = unit * np.exp(turning) * np.sqrt(grown / (1 + grown))[:, None, :]
    XT = np.swapaxes(X, 1, 2)
    inner = XT @ X + (1 / (1 + grown))[..., None] * np.eye(d)
    back = np.argsort(order)
    return (X @ np.linalg.solve(inner, XT))[:, back][:, :, back]


def main() -> None:
    """Time both implementations and print the ratio of their costs."""
    d = 8
    task = st.SIMTask(mu=np.linspace(1, 3, d), sigma=0.1)
    U0 = st.inits.gaussian((d, d), scale=0.1, rng=np.random.default_rng(0))
    t = np.linspace(0, 60, 100_000)
    probes = task.target[None]
    ratios = []
    with threadpool_limits(1):
        for n in range(ROUNDS + 1):
            first = time.process_time()
            ours = st.analytic.tied.pivots(task, U0, t, probes=probes).weights
            second = time.process_time()
            bare = typed(task.rates, U0, t)
            third = time.process_time()
            if n:  # the first round warms up
                ratios.append((second - first) / (third - second))
    gap = float(np.abs(ours - bare).max())
    print(
        f"tied.pivots, d = {d}, {t.size} times: {statistics.median(ratios):.2f} x the typed formula"
    )
    print(
        f"  range {min(ratios):.2f} to {max(ratios):.2f} over {ROUNDS} rounds; results differ by {gap:.1e}"
    )


if __name__ == "__main__":
    main()
