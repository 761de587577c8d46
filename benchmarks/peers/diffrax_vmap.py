"""diffrax: members batched by `vmap`, the whole solve compiled by XLA."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.problem import Ensemble, gram

jax.config.update("jax_enable_x64", True)

# A chunk ends with its slowest member; small chunks need more launches.
CHUNK = {2: 512, 4: 128, 8: 32, 16: 8, 32: 1, 64: 1}


class Solver:
    """One compiled solve for each shape of chunk."""

    def __init__(self, ensemble: Ensemble, threads: int, variant: str) -> None:
        self.rates, starts = ensemble.draw()
        self.starts = gram(starts)
        self.t = ensemble.t
        self.chunk = CHUNK[ensemble.d]
        self.pool = ThreadPoolExecutor(
            threads
        )  # the threads of XLA do not speed up products this small
        method = getattr(diffrax, variant)()
        term = diffrax.ODETerm(_field)

        def one(start, rates, t, rtol, atol):  # type: ignore[no-untyped-def]
            return diffrax.diffeqsolve(
                term,
                method,
                t0=t[0],
                t1=t[-1],
                dt0=None,
                y0=start,
                args=rates,
                saveat=diffrax.SaveAt(ts=t),
                stepsize_controller=diffrax.PIDController(rtol=rtol, atol=atol),
                max_steps=1_000_000,
            ).ys

        self.batched = jax.jit(jax.vmap(one, in_axes=(0, 0, None, None, None)))

    def __call__(self, rtol: float, atol_ratio: float) -> np.ndarray:
        """Integrate."""
        n, d = self.rates.shape
        out = np.empty((n, self.t.size, d, d))

        def run(begin: int) -> None:
            mine = slice(begin, min(begin + self.chunk, n))
            out[mine] = self.batched(
                self.starts[mine], self.rates[mine], self.t, rtol, atol_ratio * rtol
            )

        list(self.pool.map(run, range(0, n, self.chunk)))
        return out


def _field(t, W, rates):  # type: ignore[no-untyped-def]
    M = -(rates[:, None] + rates) * W + 2.0 * jnp.diag(rates)
    P = M @ W
    return 0.5 * (P + P.T)
