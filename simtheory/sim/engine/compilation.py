"""How kernels are compiled: on first use, and kept on disk until a file they are made of changes."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.ccallback import CFunc
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.extending import register_jitable

from simtheory.sim.engine.lanes import part_of
from simtheory.sim.engine.layout import ABREAST, LANES, Group


class _Unfinished(JITCodeLibrary):
    """Code of a leaf. It is optimised and turned into machine code in the entries that contain it, not alone.

    Numba would do both at every level of calls. Python does not call a leaf, and a leaf raises
    nothing, so it needs neither an address nor an environment.
    """

    def finalize(self) -> None:
        for library in dict.fromkeys(self._linking_libraries):
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return 0

    @property
    def codegen(self) -> Any:
        return self

    def set_env(self, name: str, environment: object) -> None:
        pass


class _LeafCompiler(Compiler):
    """The compiler of leaves, which writes them into a library that stays unfinished."""

    def define_pipelines(self) -> Any:
        self.state.library = _Unfinished(
            self.state.targetctx.codegen(), self.state.func_id.func_qualname
        )
        return super().define_pipelines()


# Without `_nrt` no code counts who holds an array: atomic counts took a quarter of a short step.
_INSIDE = {
    "error_model": "numpy",
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": _LeafCompiler,
}
leaf = njit(**_INSIDE, forceinline=False)
"""Compile a function that compiled code calls, once for each kind of arguments and each literal."""

common = register_jitable(**_INSIDE)
"""As `leaf`, but compiled once whatever literals it is called with; Python can call it, too."""

merged = njit(**_INSIDE, forceinline=True)
"""As `leaf`, but part of its callers: for functions with more arguments than fit the registers."""

inlined = njit(inline="always")
"""Inline a function that is called once into its caller, before types are inferred."""

_ENGINE = Path(__file__).parent
_SIM = _ENGINE.parent


class _Cache(FunctionCache):
    """A cache whose key covers all files that a kernel is made of, and that a full disk does not break."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._files = fingerprint(Path(inspect.getfile(function)))

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return (*super()._index_key(sig, codegen), self._files, LANES)

    @contextlib.contextmanager
    def _guard_against_spurious_io_errors(self) -> Iterator[None]:
        with contextlib.suppress(OSError):
            yield


def fingerprint(file: Path) -> str:
    """Return a hash of the source files that a kernel in `file` may be made of.

    Numba looks for edits in the file of a function only. A kernel of `simtheory.sim` is made of its
    own package and the engine. A kernel elsewhere may use any of `simtheory.sim`, and its own
    package, from the outermost folder with an ``__init__.py`` on, or else the files beside it.
    """
    if _SIM in file.parents:
        return _hashed(_SIM / file.relative_to(_SIM).parts[0]) + _hashed(_ENGINE)
    return _hashed(_outermost(file)) + _hashed(_SIM)


def _outermost(file: Path) -> Path:
    """Return the outermost package that holds a file, or else its folder."""
    folder = file.parent
    while (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    return folder


@cache
def _hashed(place: Path) -> str:
    """Return a hash of the names and texts of a file, or of all Python files of a folder."""
    if place.is_file():
        files = [place]
    elif (place / "__init__.py").is_file():
        files = sorted(place.rglob("*.py"))
    else:
        files = sorted(place.glob("*.py"))
    found = hashlib.sha256()
    for file in filter(Path.is_file, files):  # an editor's lock may be a broken link
        text = file.read_bytes()
        found.update(f"{file.relative_to(place)} {len(text)}\n".encode() + text)
    return found.hexdigest()


def _keep(compiled: Any, function: Callable[..., Any]) -> Any:
    # Without a folder to write to, or with files that cannot be read, every process compiles anew.
    with contextlib.suppress(RuntimeError, OSError):
        compiled._cache = _Cache(function)
    return compiled


def entry(function: Callable[..., Any]) -> Any:
    """Compile an entry for each kind of arguments, when it is first called."""
    return _keep(njit(nogil=True, error_model="numpy", _nrt=False)(function), function)


@cache
def address(function: Callable[..., Any], group: Group = ABREAST) -> int:
    """Compile a part (`lanes.call`) for groups of a kind and return its address."""
    signature = (part_of(group).args, part_of(group).return_type)
    part = _keep(CFunc(function, signature, locals={}, options={"error_model": "numpy"}), function)
    part.compile()
    return int(part.address)


def cache_folders() -> tuple[Path, ...]:
    """Return where compiled kernels of `simtheory.sim` are kept; none if nothing can be written to.

    There is one folder for each folder of source files.
    """
    sources = {file.parent: file for file in _SIM.rglob("*.py") if file.parent != _SIM}
    found = []
    for source, file in sorted(sources.items()):
        if source.relative_to(_SIM).parts[0] == _ENGINE.name:  # holds no entries
            continue
        # Numba finds the folder from the file of a function.
        code = cache_folders.__code__.replace(co_filename=str(file))
        with contextlib.suppress(RuntimeError):
            found.append(Path(FunctionCache(FunctionType(code, {}, "kernel")).cache_path))
    return tuple(found)
