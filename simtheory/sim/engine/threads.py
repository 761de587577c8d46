"""Chunks of an ensemble, run side by side in threads: compiled code releases the GIL."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeAlias

import numpy as np

Flag: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint8]]
"""One number that every job reads between steps: the job ends early when it is not zero."""


def work(
    jobs: Sequence[Callable[[], object]],
    stop: Flag,
    max_seconds: float | None,
    threads: int | None,
    *,
    alone: bool,
) -> None:
    """Run the jobs: a single short one in this thread, others in threads that `stop` ends early."""
    if alone and max_seconds is None:
        jobs[0]()
        return
    with ThreadPoolExecutor(min(len(jobs), threads or usable_cpus())) as pool:
        futures = [pool.submit(job) for job in jobs]
        try:
            _, late = wait(futures, timeout=max_seconds, return_when=FIRST_EXCEPTION)
        except BaseException:  # an interrupt must not wait for the rest of the ensemble
            stop[0] = 1
            raise
        if late:
            stop[0] = 1
        for future in futures:
            future.result()


def usable_cpus() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
