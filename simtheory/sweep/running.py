"""Running a sweep: in this process, in a pool, on a Dask cluster, or one shard of several."""

from __future__ import annotations

import logging
import multiprocessing
import os
import platform
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    as_completed,
)
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simtheory._checks import positive_int, require
from simtheory._faces import face
from simtheory.errors import ArgumentError, SweepError
from simtheory.sweep._compute import check, compute
from simtheory.sweep.results import read
from simtheory.sweep.spec import Spec
from simtheory.sweep.store import Store

__all__ = ["dask", "processes", "run"]

_PATIENCE = 30
"""Seconds to wait for the first worker of a cluster; a batch system may take that long to start it."""

_DIED = (
    "A worker or its scheduler died before its chunk was done: killed, or out of memory. What was "
    "finished is kept: run the sweep again to go on."
)


@face(but=("shard",))
def run(
    spec: Spec,
    store: str | Path,
    *,
    executor: Executor | None = None,
    shard: tuple[int, int] = (1, 1),
    progress: bool = False,
) -> Any:
    """Compute what is missing of a sweep, and return all of it.

    Run it again after an interruption: finished chunks stay as they are, the others are computed.
    The store is the same to the last byte wherever its chunks are computed. Runs that share a store
    divide its chunks among themselves.

    Parameters
    ----------
    spec : Spec
        What to compute.
    store : str or Path
        Folder of the results: new, empty, or the store of this very spec.
    executor : concurrent.futures.Executor, optional
        Where chunks are computed, such as `processes` or `dask` give. Default: this process.
    shard : (int, int)
        ``(i, n)`` computes the i-th of n parts of the chunks, i from 1 to n.
    progress : bool
        Show a bar on a terminal.

    Returns
    -------
    xarray.Dataset
        As `read` gives it; cells of other shards may still be missing.

    Raises
    ------
    ArgumentError
        If the folder holds something else, or no cell of the spec can start.
    SweepError
        If it stopped early: a worker died, a disk is full. What was finished is kept.
    """
    part, parts = _checked_shard(shard)
    with _memory():
        check(spec)
    folder = Store.create(store, spec)
    mine = range(part - 1, folder.grid.chunks, parts)
    missing = [chunk for chunk in mine if not _is_kept(folder, chunk)]
    size = {chunk: folder.grid.size(chunk) for chunk in mine}
    total = sum(size.values())
    with _bar(total, total - sum(size[chunk] for chunk in missing), progress) as bar:
        for chunk in _finish(spec, folder, missing, executor):
            bar.update(size[chunk])
    folder.tidy()
    return read(folder.root)


@contextmanager
@face
def processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give a pool of processes, each pinned to one thread.

    Parameters
    ----------
    workers : int
        How many; as many as there are cores is best.

    Yields
    ------
    ProcessPoolExecutor
        For `run`. In a script, use it under ``if __name__ == "__main__":``, because its processes
        import the script.
    """
    # A forked child of a process with threads may hang.
    pool = ProcessPoolExecutor(
        positive_int("workers", workers),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_settle,
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
@face
def dask(scheduler: str) -> Iterator[Executor]:
    """Give a running Dask cluster.

    Parameters
    ----------
    scheduler : str
        Its address, such as ``"tcp://10.0.0.1:8786"``. All workers must see the folder of the store
        under one path.

    Yields
    ------
    Executor
        For `run`.

    Raises
    ------
    ArgumentError
        If nothing answers at the address, or no worker comes within half a minute.
    """
    distributed = require("distributed", extra="sweep")
    try:
        # Checked first: a client of a malformed address takes seconds to close.
        distributed.comm.get_address_host_port(scheduler)
        client = distributed.Client(scheduler, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as reason:
        raise ArgumentError(
            f"Argument `scheduler` must be the address of a running Dask scheduler, but nothing "
            f"answers at {scheduler!r}. Start one with: dask scheduler"
        ) from reason
    try:
        with _quiet("distributed.client", "tornado.application", "asyncio"), client:
            _wait_for_a_worker(client, scheduler)
            yield client.get_executor(pure=False)
    except (distributed.KilledWorker, distributed.comm.CommClosedError) as reason:
        raise SweepError(_DIED) from reason


def _wait_for_a_worker(client: Any, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError as reason:
        raise ArgumentError(
            f"The Dask scheduler at {scheduler} has no workers. Start some with: dask worker "
            f"{scheduler} --nthreads 1"
        ) from reason


@contextmanager
def _quiet(*loggers: str) -> Iterator[None]:
    """Silence Dask's messages about a lost scheduler; the `SweepError` says what they say."""
    logs = [logging.getLogger(name) for name in loggers]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


def _finish(
    spec: Spec, store: Store, chunks: list[int], executor: Executor | None
) -> Iterator[int]:
    """Compute chunks and yield each when it lies in the store.

    Chunks that another run is computing come last: they are awaited, and computed if it has died.
    """
    others: list[int] = []
    for chunk, done in _try(spec, store, chunks, executor, wait=False):
        if done:
            yield chunk
        else:
            others.append(chunk)
    for chunk, _ in _try(spec, store, others, executor, wait=True):
        yield chunk


def _try(
    spec: Spec, store: Store, chunks: list[int], executor: Executor | None, *, wait: bool
) -> Iterator[tuple[int, bool]]:
    """Compute chunks and yield each, with whether it lies in the store."""
    if executor is None:
        for chunk in chunks:
            yield _work(spec, store.root, chunk, wait)
        return
    futures: list[Future[tuple[int, bool]]] = [
        executor.submit(_work, spec, store.root, chunk, wait) for chunk in chunks
    ]
    try:
        for future in as_completed(futures):
            yield future.result()
    except (BrokenExecutor, CancelledError) as reason:
        raise SweepError(_DIED) from reason
    finally:
        for future in futures:
            future.cancel()


def _is_kept(store: Store, chunk: int) -> bool:
    """Return whether a chunk is finished; name its files where they are damaged."""
    broken = store.damaged(chunk) if store.whole(chunk) else []
    if broken:
        logging.getLogger("simtheory").warning(
            "The store %s holds damaged files, which are computed anew: %s.",
            store.root, ", ".join(broken),
        )  # fmt: skip
    return store.whole(chunk) and not broken


def _work(spec: Spec, root: Path, chunk: int, wait: bool) -> tuple[int, bool]:
    """Compute one chunk and write it, in whichever process; a finished one is not computed again.

    Return the chunk, and whether it lies in the store: without `wait`, one that another run is
    computing is left to it.
    """
    from threadpoolctl import threadpool_limits

    if not root.is_dir():
        raise SweepError(
            f"The store {root} is not there on {platform.node()}. All processes of a sweep must see "
            "its folder under one path."
        )
    store = Store(root)
    store.check_versions()
    with store.taken(chunk, wait=wait) as mine:
        if mine and not store.finished(chunk):
            with threadpool_limits(1), _memory():
                outcome = compute(spec, chunk)
            store.write(chunk, outcome)
    return chunk, mine


@contextmanager
def _memory() -> Iterator[None]:
    """Turn a lack of memory into an error that says what to lower."""
    try:
        yield
    except MemoryError as reason:
        raise SweepError(
            "The memory does not hold a chunk of this sweep. Lower `points` or the width, or set "
            "`cells_per_chunk` lower."
        ) from reason


def _settle() -> None:
    """Prepare a process of a pool: one thread, no Ctrl-C of its own, and an end when its parent ends."""
    os.environ["NUMBA_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _checked_shard(shard: tuple[int, int]) -> tuple[int, int]:
    pair = isinstance(shard, tuple | list) and len(shard) == 2
    if not pair or not all(isinstance(k, int) for k in shard) or not 1 <= shard[0] <= shard[1]:
        raise ArgumentError(
            f"Argument `shard` must be (i, n) with i from 1 to n, but it is {shard!r}."
        )
    return shard


def _bar(total: int, done: int, progress: bool) -> Any:
    from tqdm import tqdm

    return tqdm(
        total=total,
        initial=done,
        unit=" cells",
        unit_scale=True,
        disable=None if progress else True,
    )
