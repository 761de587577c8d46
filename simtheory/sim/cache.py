"""The compiled kernels on disk: made ahead, looked at, thrown away.

Kernels are compiled when they are first needed, for all dimensions and widths at once, and kept on
disk until a line of them changes. `warmup` does it ahead, say in the image of a container or before
the workers of a cluster start.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simtheory._typing import Array
from simtheory.sim.descent import descend
from simtheory.sim.flows import Deep, Flow, Init, OneLayer, Tied, Untied
from simtheory.sim.solve import integrate
from simtheory.tasks import SIMTask

__all__ = ["KernelCache", "clear_cache", "kernel_cache", "warmup"]


@dataclass(frozen=True, slots=True)
class KernelCache:
    """What is kept on disk of the compiled kernels.

    Parameters
    ----------
    folder : Path or None
        Where; None if no folder can be written to, so that every process compiles anew. The
        environment variable NUMBA_CACHE_DIR chooses another one.
    files : tuple of Path
        Its files.
    size : int
        Bytes in them.
    """

    folder: Path | None
    files: tuple[Path, ...]
    size: int


def kernel_cache() -> KernelCache:
    """Look at the compiled kernels on disk.

    Returns
    -------
    KernelCache
        Folder, files and bytes.
    """
    from simtheory.sim._compile import cache_folder

    folder = cache_folder()
    files = () if folder is None else tuple(sorted(folder.glob("*.nb[ic]")))
    return KernelCache(folder, files, sum(file.stat().st_size for file in files))


def clear_cache() -> KernelCache:
    """Remove the compiled kernels from disk; a running process keeps those it has loaded.

    Returns
    -------
    KernelCache
        What there was.
    """
    found = kernel_cache()
    for file in found.files:
        with contextlib.suppress(FileNotFoundError):  # another process may be clearing, too
            file.unlink()
    return found


def warmup() -> Iterator[str]:
    """Compile every kernel, or load it from disk, by running small nets of every kind.

    Yields
    ------
    str
        What was made ready, one after the other.
    """
    for d in (2, 8, 32):  # small and large nets are carried in groups of their own
        half = 0.5 * np.eye(d)
        for flow, init in (*_nets(half), (Tied(), half[:, :1])):
            for moment in (np.eye(d), np.eye(d) + 0.1):  # on its axes, and turned
                integrate(flow, moment, init, [0.0, 1.0])
        integrate(Tied(), np.eye(d), half, [0.0, 1e3])  # in the frame
        yield f"integrate, d = {d}"
    task, eye = SIMTask(mu=(1.0, 2.0), sigma=0.5), 0.5 * np.eye(2)
    for flow, init in _nets(eye):
        descend(flow, task, init, steps=1, lr=0.01)
        yield f"descend {flow.name}"
    descend(Tied(), task, eye, steps=1, lr=0.01, batch=2, rng=np.random.default_rng(0))
    yield "descend Tied, on samples"


def _nets(layer: Array) -> tuple[tuple[Flow, Init], ...]:
    return (
        (OneLayer(), layer),
        (Tied(), layer),
        (Untied(), (layer, layer)),
        (Deep(depth=3), (layer, layer, layer)),
    )
