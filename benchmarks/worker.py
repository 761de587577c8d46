"""One warm process for each solver, which runs one job at a time and reports its cost.

The packages of a solver are imported in its process only. With one thread the process is pinned to one core,
so a library that starts threads gains nothing.
"""

from __future__ import annotations

import os
import time
import traceback
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.peers import PEERS
from benchmarks.problem import Ensemble

_BLAS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Cost:
    """Seconds of one call, and its error, None without a check."""

    cpu: float
    wall: float
    error: float | None


class Failed(RuntimeError):
    """A solver failed; the message is that of the solver."""


class Worker:
    """A handle on the process of a solver.

    Parameters
    ----------
    peer : str
        A name in `PEERS`.
    threads : int
        How many threads it may use.
    """

    def __init__(self, peer: str, threads: int = 1) -> None:
        context = get_context("spawn")
        self.pipe, far = context.Pipe()
        self.process = context.Process(target=_serve, args=(far, peer, threads), daemon=True)
        for name in _BLAS:
            os.environ[name] = (
                "1"  # threads divide the members; BLAS threads would only slow products this small
            )
        self.process.start()
        far.close()

    def set_up(self, ensemble: Ensemble) -> None:
        """Prepare an ensemble."""
        self._ask("set_up", ensemble)

    def run(self, rtol: float, atol_ratio: float, *, check: bool = False) -> Cost:
        """Integrate the ensemble once; with `check`, compare it with the reference afterwards."""
        return self._ask("run", rtol, atol_ratio, check)

    def _ask(self, *job: Any) -> Any:
        self.pipe.send(job)
        try:
            good, answer = self.pipe.recv()
        except EOFError:
            self.process.join()
            raise Failed(f"its process ended with status {self.process.exitcode}") from None
        if not good:
            raise Failed(answer)
        return answer

    def close(self) -> None:
        """End the process."""
        self.pipe.close()
        self.process.join(10.0)
        if self.process.is_alive():
            self.process.terminate()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()


def _serve(pipe: Connection, name: str, threads: int) -> None:
    if threads == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # some integrators print to standard output
    from benchmarks.reference import error

    ensemble = solver = None
    while True:
        try:
            task, *arguments = pipe.recv()
        except EOFError:
            return
        try:
            if task == "set_up":
                (ensemble,) = arguments
                solver = PEERS[name].solver(ensemble, threads)
                answer = None
            else:
                rtol, atol_ratio, check = arguments
                cpu, wall = time.process_time(), time.perf_counter()
                values = solver(rtol, atol_ratio)
                cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
                found = error(values, ensemble) if check else None
                answer = Cost(cpu, wall, found)
                del values
            pipe.send((True, answer))
        except Exception as reason:
            text = "".join(traceback.format_exception_only(reason)).strip()
            pipe.send((False, text.splitlines()[-1]))
