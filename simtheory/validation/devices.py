"""Where networks train, and in which precision.

Both are scoped: the user's own JAX settings and environment are as they were when training ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from simtheory._checks import one_of, require
from simtheory.errors import ArgumentError

__all__ = ["DEVICES", "find_device", "float64_on"]

DEVICES = ("auto", "cpu", "gpu")
_PREALLOCATE = "XLA_PYTHON_CLIENT_PREALLOCATE"


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
        If the name is unknown, or there is no such device.
    MissingExtraError
        If JAX is not installed.

    Notes
    -----
    Where this is JAX's first look at the machine, a GPU's memory is taken as needed rather than
    most of it at once, unless the environment variable ``XLA_PYTHON_CLIENT_PREALLOCATE`` says
    otherwise.
    """
    one_of("device", name, DEVICES)
    jax = require("jax", extra="nets")
    for platform in ("gpu", "cpu") if name == "auto" else (name,):
        try:
            with _without_preallocation():
                return jax.devices(platform)[0]
        except RuntimeError:  # JAX's answer when it has no such platform
            continue
    seen = ", ".join(sorted({device.platform for device in jax.devices()}))
    raise ArgumentError(
        f"Argument `device` is {name!r}, but JAX finds no such device here; it finds {seen}. "
        'Pass device="auto" to take what there is.'
    )


@contextmanager
def float64_on(device: Any) -> Iterator[None]:
    """Compute on a device in float64 inside the ``with`` block, and nowhere else.

    Parameters
    ----------
    device : jax.Device
        Where arrays are put.

    Yields
    ------
    None
        Nothing; the block runs.
    """
    import jax

    if not hasattr(jax, "enable_x64"):  # before JAX 0.8 it lived elsewhere
        from jax.experimental import enable_x64
    else:
        enable_x64 = jax.enable_x64
    with enable_x64(True), jax.default_device(device):
        yield


@contextmanager
def _without_preallocation() -> Iterator[None]:
    if _PREALLOCATE in os.environ:
        yield
        return
    os.environ[_PREALLOCATE] = "false"
    try:
        yield
    finally:
        del os.environ[_PREALLOCATE]
