"""numbalsoda: compiled integrators called from a compiled loop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import carray, cfunc, njit
from numbalsoda import dop853, lsoda, lsoda_sig

from benchmarks.peers._packed import packed_field, unpack, work_size
from benchmarks.problem import Ensemble, gram, triangle

MOST_STEPS = 1_000_000


class Solver:
    """One compiled loop for each thread."""

    def __init__(self, ensemble: Ensemble, threads: int, variant: str) -> None:
        self.rates, starts = ensemble.draw()
        self.d, self.t, self.threads = ensemble.d, ensemble.t, threads
        _, flat = triangle(ensemble.d)
        self.starts = np.ascontiguousarray(gram(starts).reshape(len(starts), -1)[:, flat])
        self.callback = _callback(self.d)
        self.loop = _loop({"dop853": dop853, "lsoda": lsoda}[variant])
        self.pool = ThreadPoolExecutor(threads)

    def __call__(self, rtol: float, atol_ratio: float) -> np.ndarray:
        """Integrate."""
        out = np.empty((len(self.starts), self.t.size, self.d, self.d))
        parts = np.array_split(np.arange(len(out)), self.threads)

        def run(part: np.ndarray) -> bool:
            mine = slice(part[0], part[-1] + 1)
            work = np.zeros(work_size(self.d))
            return self.loop(
                self.callback.address,
                self.starts[mine],
                self.rates[mine],
                self.t,
                work,
                rtol,
                atol_ratio * rtol,
                out[mine],
            )

        if not all(self.pool.map(run, [part for part in parts if part.size])):
            raise RuntimeError("a member failed")
        return out


def _callback(d: int):  # type: ignore[no-untyped-def]
    field, nv, size = packed_field(d), d * (d + 1) // 2, work_size(d)

    @cfunc(lsoda_sig)
    def callback(t, y, slope, work):  # type: ignore[no-untyped-def]
        field(carray(y, (nv,)), carray(slope, (nv,)), carray(work, (size,)))

    return callback


def _loop(method: Callable[..., tuple[np.ndarray, bool]]):  # type: ignore[no-untyped-def]
    @njit(nogil=True)
    def loop(address, starts, rates, t, work, rtol, atol, out):  # type: ignore[no-untyped-def]
        good = True
        for m in range(len(starts)):
            work[: rates.shape[1]] = rates[m]
            packed, success = method(
                address, starts[m], t, data=work, rtol=rtol, atol=atol, mxstep=MOST_STEPS
            )
            good = good and success
            unpack(packed, out[m])
        return good

    return loop
