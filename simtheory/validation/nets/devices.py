"""Where networks train, in which precision, from which random numbers, and where compiled loops are kept.

All four are scoped: the user's own JAX settings and environment are as they were when training
ends. The random numbers of a seed do not depend on those settings.

Compiled loops are kept on disk, in the user's cache folder, so that a second run of the same shapes
loads them. The environment variable ``SIMTHEORY_JAX_CACHE`` names another folder, or ``off``. A
folder that the user gave to JAX itself stays in use, with its settings.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._checks import one_of, require
from simtheory._faces import face
from simtheory._files import digest
from simtheory.errors import ArgumentError

__all__ = [
    "DEVICES",
    "PRECISIONS",
    "compiled_folder",
    "computing_on",
    "find_device",
    "free_memory",
    "random_stream",
]

DEVICES = ("auto", "cpu", "gpu")
PRECISIONS = ("float64", "float32")
_PREALLOCATE = "XLA_PYTHON_CLIENT_PREALLOCATE"
_CACHE = "SIMTHEORY_JAX_CACHE"
_SETTINGS = {
    "default_prng_impl": "threefry2x32",
    "threefry_partitionable": True,
    "debug_key_reuse": False,
    "default_matmul_precision": None,
    "numpy_dtype_promotion": "standard",
    "numpy_rank_promotion": "allow",
    "debug_nans": False,  # a seed that diverges is NaN and is reported
    "debug_infs": False,
}
"""Settings of JAX on which numbers depend, or under which correct code is refused."""
_OFFSET = "jax_random_seed_offset"  # added to every seed
_WORTH_KEEPING = 0.05  # seconds: what compiles faster is compiled again, not written to disk


@face
def find_device(name: str) -> Any:
    """Return the JAX device of that name.

    Parameters
    ----------
    name : {"auto", "cpu", "gpu"}
        ``"auto"`` is the first GPU if there is one, else the CPU.

    Returns
    -------
    jax.Device
        The device.

    Raises
    ------
    ArgumentError
        If the name is unknown, there is no such device, or ``JAX_PLATFORMS`` names one that is not
        there.
    MissingExtraError
        If JAX is not installed.

    Notes
    -----
    Where this is the process's first use of JAX, a GPU's memory is taken as needed rather than most
    of it at once, unless the environment variable ``XLA_PYTHON_CLIENT_PREALLOCATE`` says otherwise.
    Where JAX was imported before, its owner's choice stands.
    """
    one_of("device", name, DEVICES)
    with _without_preallocation(first="jax" not in sys.modules):
        jax = require("jax", extra="nets")
        for platform in ("gpu", "cpu") if name == "auto" else (name,):
            try:
                return jax.devices(platform)[0]
            except (RuntimeError, AssertionError):  # JAX's answers when it has no such platform
                continue
    try:
        seen = ", ".join(sorted({device.platform for device in jax.devices()}))
    except (RuntimeError, AssertionError) as reason:
        raise ArgumentError(
            f"Argument `device` is {name!r}, but JAX finds no device at all, because its setting "
            f"JAX_PLATFORMS is {jax.config.jax_platforms!r}. Unset that environment variable, or "
            "set it to cpu."
        ) from reason
    raise ArgumentError(
        f"Argument `device` is {name!r}, but JAX finds no such device here; it finds {seen}. "
        'Pass device="auto" to use the CPU or the first GPU.'
    )


@contextmanager
@face
def computing_on(device: Any, *, precision: str = "float64") -> Iterator[None]:
    """Compute on a device in one precision inside the ``with`` block, and nowhere else.

    Parameters
    ----------
    device : jax.Device
        Where arrays are put.
    precision : {"float64", "float32"}
        What floating-point arrays are made of.

    Yields
    ------
    None
        Nothing; the block runs.

    Notes
    -----
    Inside the block, compiled functions are kept in `compiled_folder`. JAX has this setting for the
    process and not for a thread: what another thread compiles meanwhile is kept too.
    """
    import jax

    wide = one_of("precision", precision, PRECISIONS) == "float64"
    if not hasattr(jax, "enable_x64"):  # before JAX 0.8 it lived elsewhere
        from jax.experimental import enable_x64
    else:
        enable_x64 = jax.enable_x64
    with (
        enable_x64(wide),
        jax.default_device(device),
        _settled(),
        _keeping_compiled(compiled_folder()),
    ):
        yield


@cache
def random_stream() -> str:
    """Return a digest of the first random numbers of a key: two streams that differ have two digests.

    JAX may draw other numbers in a later version. A run that goes on from a file compares this digest.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    import jax

    with _settled():
        key, places = jax.random.key(0), np.arange(8, dtype=np.int32)
        drawn = jax.random.bits(key, (8,), "uint32"), jax.random.permutation(key, places)
    return digest(*(np.asarray(array).tobytes() for array in drawn))


@face
def compiled_folder() -> Path | None:
    """Return the folder in which compiled loops are kept.

    Returns
    -------
    Path or None
        ``$SIMTHEORY_JAX_CACHE``, or ``simtheory/jax`` in the user's cache folder; None if the
        variable is ``off``, ``0`` or empty.
    """
    named = os.environ.get(_CACHE)
    if named is not None:
        return None if named.strip().lower() in ("", "0", "off") else Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "simtheory" / "jax"


@face
def free_memory(device: Any) -> float | None:
    """Return how many bytes a device has left.

    Parameters
    ----------
    device : jax.Device
        The device.

    Returns
    -------
    float or None
        Bytes; None where the system does not tell.
    """
    if device.platform != "cpu":
        counts = device.memory_stats() or {}
        limit = counts.get("bytes_limit")
        return None if limit is None else float(limit - counts.get("bytes_in_use", 0))
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:  # not Linux
        return None
    left = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return 1024.0 * float(left[0]) if left else None


@contextmanager
def _settled() -> Iterator[None]:
    """Give JAX the settings that the numbers of a run are made with."""
    import jax

    offset = getattr(jax.config, _OFFSET, 0)
    with ExitStack() as stack:
        for name, value in _SETTINGS.items():
            stack.enter_context(getattr(jax, name)(value))
        if offset:  # a setting of the process; JAX has none for a thread
            stack.callback(jax.config.update, _OFFSET, offset)
            jax.config.update(_OFFSET, 0)
        yield


@contextmanager
def _keeping_compiled(folder: Path | None) -> Iterator[None]:
    """Keep what JAX compiles in a folder, unless it has one or the folder cannot be written."""
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    if folder is None or jax.config.jax_compilation_cache_dir is not None:
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a home that cannot be written costs time, and nothing else
        yield
        return
    ours = {
        "jax_compilation_cache_dir": str(folder),
        "jax_persistent_cache_min_compile_time_secs": _WORTH_KEEPING,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    theirs = {name: getattr(jax.config, name) for name in ours}
    try:
        for name, value in ours.items():
            jax.config.update(name, value)
        compilation_cache.reset_cache()  # JAX decides once whether it has a folder
        yield
    finally:
        for name, value in theirs.items():
            jax.config.update(name, value)
        compilation_cache.reset_cache()


@contextmanager
def _without_preallocation(*, first: bool) -> Iterator[None]:
    if not first or _PREALLOCATE in os.environ:
        yield
        return
    os.environ[_PREALLOCATE] = "false"
    try:
        yield
    finally:
        del os.environ[_PREALLOCATE]
