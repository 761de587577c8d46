"""`scipy.integrate.solve_ivp`, member by member."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.peers._packed import packed_field, unpack, work_size
from benchmarks.problem import Ensemble, gram, triangle


class Solver:
    """A loop in Python; the right-hand side is compiled, or in NumPy when the variant says so."""

    def __init__(self, ensemble: Ensemble, threads: int, variant: str) -> None:
        self.rates, starts = ensemble.draw()
        self.d, self.t = ensemble.d, ensemble.t
        self.method, _, plain = variant.partition(" ")
        self.starts = gram(starts).reshape(len(starts), -1)
        self.plain = bool(plain)
        if not plain:
            self.starts = self.starts[:, triangle(self.d)[1]]
            self.work = np.zeros(work_size(self.d))
            self.compiled = packed_field(self.d)

    def _fields(self, rates: np.ndarray):  # type: ignore[no-untyped-def]
        d = self.d
        twice_A, pair_sum = np.diag(2.0 * rates), np.add.outer(rates, rates)

        def plain(t: float, y: np.ndarray) -> np.ndarray:
            W = y.reshape(d, d)
            P = (twice_A - pair_sum * W) @ W
            return (0.5 * (P + P.T)).ravel()

        def compiled(t: float, y: np.ndarray) -> np.ndarray:
            slope = np.empty_like(y)
            self.compiled(y, slope, self.work)
            return slope

        if self.plain:
            return plain
        self.work[:d] = rates
        return compiled

    def __call__(self, rtol: float, atol_ratio: float) -> np.ndarray:
        """Integrate."""
        out = np.empty((len(self.starts), self.t.size, self.d, self.d))
        for rates, start, W in zip(self.rates, self.starts, out, strict=True):
            result = solve_ivp(
                self._fields(rates),
                (0.0, self.t[-1]),
                start,
                method=self.method,
                t_eval=self.t,
                rtol=rtol,
                atol=atol_ratio * rtol,
            )
            if not result.success:
                raise RuntimeError(result.message)
            if self.plain:
                W[:] = result.y.T.reshape(W.shape)
            else:
                unpack(np.ascontiguousarray(result.y.T), W)
        return out
