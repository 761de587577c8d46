"""heyoka: Taylor series compiled for eight members at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import heyoka as hy
import numpy as np

from benchmarks.peers._packed import unpack
from benchmarks.problem import Ensemble, gram, triangle

# Above, unrolled programs take minutes to compile and are not faster.
COMPACT_FROM = {"products": 12, "matrix": 5}


class Solver:
    """One integrator for each thread and tolerance; its order follows from the tolerance."""

    def __init__(self, ensemble: Ensemble, threads: int, variant: str) -> None:
        self.rates, starts = ensemble.draw()
        self.d, self.t, self.threads = ensemble.d, ensemble.t, threads
        _, flat = triangle(ensemble.d)
        self.starts = gram(starts).reshape(len(starts), -1)[:, flat]
        self.lanes = hy.recommended_simd_size()
        self.system = {"products": _products, "matrix": _matrix}[variant]
        self.compact = ensemble.d >= COMPACT_FROM[variant]
        self.tolerance = 0.0
        self.pool = ThreadPoolExecutor(threads)

    def __call__(self, rtol: float, atol_ratio: float) -> np.ndarray:
        """Integrate."""
        if rtol != self.tolerance:
            self.integrators, self.tolerance = self._compiled(rtol), rtol
        out = np.empty((len(self.starts), self.t.size, self.d, self.d))
        first = np.arange(0, len(out), self.lanes)
        parts = [part for part in np.array_split(first, self.threads) if part.size]

        def run(job: tuple[hy.taylor_adaptive_batch_dbl, np.ndarray]) -> None:
            for begin in job[1]:
                self._lanes(job[0], begin, out)

        list(self.pool.map(run, zip(self.integrators, parts, strict=False)))
        return out

    def _lanes(self, integrator: hy.taylor_adaptive_batch_dbl, begin: int, out: np.ndarray) -> None:
        # Lanes beyond the last member repeat it.
        members = np.minimum(np.arange(begin, begin + self.lanes), len(out) - 1)
        integrator.set_time(0.0)
        integrator.state[:] = self.starts[members].T
        integrator.pars[:] = self.rates[members].T
        grid = np.repeat(self.t[:, np.newaxis], self.lanes, axis=1)
        _, values = integrator.propagate_grid(grid)
        if any(r[0] != hy.taylor_outcome.time_limit for r in integrator.propagate_res):
            raise RuntimeError("a member failed")
        for lane, m in enumerate(dict.fromkeys(members)):
            unpack(values[:, :, lane], out[m])

    def _compiled(self, tolerance: float) -> list[hy.taylor_adaptive_batch_dbl]:
        system = self.system(self.d)
        one = hy.taylor_adaptive_batch(
            system,
            np.ones((len(system), self.lanes)),
            pars=np.ones((self.d, self.lanes)),
            tol=tolerance,
            compact_mode=self.compact,
        )
        return [one] + [deepcopy(one) for _ in range(self.threads - 1)]


def _unknowns(d: int):  # type: ignore[no-untyped-def]
    place, _ = triangle(d)
    w = np.array([hy.expression(f"w{n:05}") for n in range(place.max() + 1)])[place]
    return w, [hy.par[k] for k in range(d)]


def _products(d: int):  # type: ignore[no-untyped-def]
    """Both sums of an entry share the products w_ik w_kj, as do w_ij and w_ji: d³/2 of them."""
    w, a = _unknowns(d)
    system = []
    for i in range(d):
        for j in range(i, d):
            products = [w[i, k] * w[k, j] for k in range(d)]
            s = 0.5 * (a[i] + a[j])
            weighted = hy.sum([a[k] * products[k] for k in range(d)])
            system.append((w[i, j], s * (2.0 * w[i, j] - hy.sum(products)) - weighted))
    return system


def _matrix(d: int):  # type: ignore[no-untyped-def]
    """The symmetric part of M W as a plain product of matrices: d³ products."""
    w, a = _unknowns(d)
    M = -np.add.outer(a, a) * w + 2.0 * np.diag(a)
    P = [[hy.sum([M[i, k] * w[k, j] for k in range(d)]) for j in range(d)] for i in range(d)]
    return [(w[i, j], 0.5 * (P[i][j] + P[j][i])) for i in range(d) for j in range(i, d)]
