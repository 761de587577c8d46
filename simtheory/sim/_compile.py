"""How kernels are compiled: on first use, and kept on disk until a line of them changes."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.ccallback import CFunc

from simtheory.sim._lanes import part_of
from simtheory.sim._places import ABREAST, Group

# Without `_nrt` no code counts who holds an array: atomic counts took a quarter of a short step.
_INSIDE = {
    "error_model": "numpy",
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
leaf = njit(**_INSIDE, forceinline=False)
"""Compile what compiled code calls, once for each kind of arguments; a literal is a kind of its own."""

merged = njit(**_INSIDE, forceinline=True)
"""Compile it so, but into its callers: for what takes more arguments than fit the registers."""

inlined = njit(inline="always")
"""Compile what is called once as part of its caller."""

# Numba looks for edits in the file of a function only. Its parts stand in other files.
_SOURCES = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("_*.py")))
).hexdigest()


class _Cache(FunctionCache):
    """A cache that notices an edit in any kernel, and that a full disk does not break."""

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return (*super()._index_key(sig, codegen), _SOURCES)

    @contextlib.contextmanager
    def _guard_against_spurious_io_errors(self) -> Iterator[None]:
        with contextlib.suppress(OSError):
            yield


def _keep(compiled: Any, function: Callable[..., Any]) -> Any:
    with contextlib.suppress(RuntimeError):  # no folder to write to: compile in every process
        compiled._cache = _Cache(function)
    return compiled


def entry(function: Callable[..., Any]) -> Any:
    """Compile an entry for each kind of arguments, when it is first called."""
    return _keep(njit(nogil=True, error_model="numpy", _nrt=False)(function), function)


@cache
def address(function: Callable[..., Any], group: Group = ABREAST) -> int:
    """Compile a part (`_lanes.call`) for groups of a kind and return its address."""
    signature = (part_of(group).args, part_of(group).return_type)
    part = _keep(CFunc(function, signature, locals={}, options={"error_model": "numpy"}), function)
    part.compile()
    return int(part.address)


def cache_folder() -> Path | None:
    """Return where compiled kernels are kept, or None if no folder can be written to."""
    try:
        return Path(_Cache(cache_folder).cache_path)
    except RuntimeError:
        return None
