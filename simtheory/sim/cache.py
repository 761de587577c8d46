"""The compiled kernels on disk: made ahead, looked at, thrown away.

Kernels are compiled when they are first needed, for all dimensions and widths at once, and kept on
disk until a file of their package, or of the engine, changes. `warmup` does it ahead, say in the image
of a container or before the workers of a cluster start.

Each package of kernels beside the engine has a module `warmup` whose function of the same name runs
all its kernels; `warmup` here finds those modules.
"""

from __future__ import annotations

import contextlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simtheory._faces import face

__all__ = ["KernelCache", "clear_cache", "kernel_cache", "warmup"]


@face
@dataclass(frozen=True, slots=True)
class KernelCache:
    """What is kept on disk of the compiled kernels.

    Parameters
    ----------
    folders : tuple of Path
        Where, a folder for each package of kernels; none if nothing can be written to, so that every
        process compiles anew. The environment variable NUMBA_CACHE_DIR chooses another place.
    files : tuple of Path
        The files in them.
    size : int
        Bytes in them.
    """

    folders: tuple[Path, ...]
    files: tuple[Path, ...]
    size: int


@face
def kernel_cache() -> KernelCache:
    """Look at the compiled kernels on disk.

    Returns
    -------
    KernelCache
        Folders, files and bytes.
    """
    from simtheory.sim.engine.compilation import cache_folders  # loads Numba

    folders = cache_folders()
    files = tuple(file for folder in folders for file in sorted(folder.glob("*.nb[ic]")))
    return KernelCache(folders, files, sum(file.stat().st_size for file in files))


@face
def clear_cache() -> KernelCache:
    """Remove the compiled kernels from disk; a running process keeps those it has loaded.

    Returns
    -------
    KernelCache
        What was removed.
    """
    found = kernel_cache()
    for file in found.files:
        with contextlib.suppress(FileNotFoundError):  # another process may be clearing, too
            file.unlink()
    return found


@face
def warmup() -> Iterator[str]:
    """Compile every kernel, or load it from disk, by running small problems of every kind.

    Yields
    ------
    str
        What was made ready, one after the other.
    """
    packages = importlib.import_module("simtheory.sim").__path__
    for found in pkgutil.iter_modules(packages, "simtheory.sim."):
        name = f"{found.name}.warmup"
        if found.ispkg and importlib.util.find_spec(name) is not None:
            yield from importlib.import_module(name).warmup()
