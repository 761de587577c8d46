"""The solvers under comparison: one module each, loaded only in the process that runs it.

A module offers ``Solver(ensemble, threads)``, whose instances are called with ``(rtol, atol_ratio)``
and return W on the grid, shape (members, points, d, d), float64. Compilation belongs to the first call,
which is not timed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Protocol

import numpy as np

from benchmarks.problem import Ensemble


class Solver(Protocol):
    """A solver set up for one ensemble."""

    def __call__(self, rtol: float, atol_ratio: float) -> np.ndarray:
        """Integrate all members; atol = atol_ratio · rtol where the solver has one."""


@dataclass(frozen=True)
class Peer:
    """A solver in the comparison.

    Parameters
    ----------
    title : str
        Name in the tables.
    module : str
        Module of this package that runs it.
    package : str
        Distribution whose version is named.
    settings : str
        Settings, as the page lists them.
    variant : str
        Method of the module.
    has_atol : bool
        Whether the solver takes an absolute tolerance.
    largest : int
        Largest dimension in which it is compared.
    reason : str
        Reason for this limit.
    most : int
        Largest number of members that it runs; a loop costs the same for every member.
    """

    title: str
    module: str
    package: str
    settings: str
    variant: str = ""
    has_atol: bool = True
    largest: int = 64
    reason: str = ""
    most: int = 1_000_000

    @property
    def version(self) -> str | None:
        """Version of the package, None if it is not installed."""
        try:
            return metadata.version(self.package)
        except metadata.PackageNotFoundError:
            return None

    def solver(self, ensemble: Ensemble, threads: int = 1) -> Solver:
        """Set the solver up; imports its package."""
        module = import_module(f"benchmarks.peers.{self.module}")
        return module.Solver(ensemble, threads, self.variant)


OURS = "simtheory"
PEERS = {
    OURS: Peer(
        "simtheory",
        "ours",
        "simtheory",
        "`sim.integrate(Tied(), A, U0, t, rtol=...)`, one call for all members",
        has_atol=False,
    ),
    "heyoka": Peer(
        "heyoka, shared products",
        "heyoka_batch",
        "heyoka",
        "`taylor_adaptive_batch`, eight members in the lanes of a register, `propagate_grid`, packed "
        "triangle, unrolled program up to d = 8; each product of two entries of W is written once for "
        "all sums that need it, so that its series is computed once",
        variant="products",
        has_atol=False,
        largest=32,
        reason="its program grows as d³ and no longer fits the caches",
    ),
    "heyoka-matrix": Peer(
        "heyoka, matrix form",
        "heyoka_batch",
        "heyoka",
        "as above, but the right-hand side is written with matrices, sym(MW), and compiled in compact "
        "mode above d = 4: what one writes first",
        variant="matrix",
        has_atol=False,
        largest=16,
        reason="as above",
    ),
    "numbalsoda-dop853": Peer(
        "numbalsoda dop853",
        "numbalsoda_loop",
        "numbalsoda",
        "a compiled loop over members, right-hand side a Numba `cfunc` with d a constant, BLAS from "
        "d = 16, packed triangle",
        variant="dop853",
    ),
    "numbalsoda-lsoda": Peer(
        "numbalsoda lsoda",
        "numbalsoda_loop",
        "numbalsoda",
        "as dop853",
        variant="lsoda",
    ),
    "diffrax-tsit5": Peer(
        "diffrax Tsit5",
        "diffrax_vmap",
        "diffrax",
        "`vmap` over chunks of members under one `jit`, float64, PID controller, full matrices",
        variant="Tsit5",
    ),
    "diffrax-dopri8": Peer(
        "diffrax Dopri8", "diffrax_vmap", "diffrax", "as Tsit5", variant="Dopri8"
    ),
    "scipy-dop853": Peer(
        "solve_ivp DOP853, compiled field",
        "scipy_loop",
        "scipy",
        "a Python loop over members, right-hand side compiled by Numba, packed triangle",
        variant="DOP853",
        most=16,
    ),
    "scipy-dop853-numpy": Peer(
        "solve_ivp DOP853, NumPy field",
        "scipy_loop",
        "scipy",
        "a Python loop over members, right-hand side in NumPy on full matrices",
        variant="DOP853 NumPy",
        most=16,
    ),
    "scipy-lsoda": Peer(
        "solve_ivp LSODA, compiled field",
        "scipy_loop",
        "scipy",
        "as DOP853",
        variant="LSODA",
        most=16,
    ),
}
