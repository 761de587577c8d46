"""The store of a sweep: a Zarr group, and the order in which the files of a chunk are written.

The chunks of the sweep are the chunks of every array: a chunk is one file in each. Its files are
written beside their places, flushed, and renamed into place, that of `status` last: while that one is
missing the chunk does not count as finished, even if its other files exist. No byte depends on which
process computed a chunk, or when. Several processes may write to one store at a time; a chunk is
computed by the one that holds its lock.

Every file has a checksum, which is compared when the file is read. A chunk with a damaged file counts
as not finished; a damaged array or coordinate is written anew when the sweep runs again.

=====================  ========================================================================
file                   what it holds
=====================  ========================================================================
``manifest.json``      the spec, its digest, the versions that numbers depend on, checksums
``zarr.json``, …       the arrays; their chunks are plain little-endian numbers
``checksums/<chunk>``  checksums of the files of a chunk, which belong to this manifest only
``reasons/<chunk>``    why cells of a chunk failed, by their places in the grid
``partial/``           what is being written; gone when all is done
=====================  ========================================================================
"""

from __future__ import annotations

import json
import math
import os
import platform
import shutil
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import require
from simtheory._faces import face
from simtheory._files import digest
from simtheory._typing import Array
from simtheory.errors import ArgumentError, SweepError
from simtheory.sweep._grid import Grid
from simtheory.sweep.family import Outcome
from simtheory.sweep.spec import STORED_BOX, Spec

__all__ = ["CellStatus", "Store"]

_FORMAT = "simtheory.sweep/2"
_UNSIGNED = (
    "simtheory.sweep/1"  # stores without checksums: chunks are compared by their length only
)
_MANIFEST = "manifest.json"
_BESIDE = "partial"


class CellStatus(IntEnum):
    """How far a cell is."""

    PENDING = 0
    DONE = 1
    FAILED = 2


@face
class Store:
    """A folder with the results of a sweep.

    Parameters
    ----------
    root : str or Path
        The folder; `create` makes it.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()
        self.manifest = _manifest(self.root)
        self._key: str | None = self.manifest.get("checksum")
        self.arrays: dict[str, Any] = self.manifest["arrays"]
        self.grid = Grid(tuple(self.manifest["shape"]), tuple(self.manifest["spec"][STORED_BOX]))
        cells = math.prod(self.grid.box)
        self._bytes = {"status": cells} | {
            name: cells * math.prod(array["core"]) * np.dtype(array["dtype"]).itemsize
            for name, array in self.arrays.items()
        }

    @classmethod
    def create(cls, root: str | Path, spec: Spec) -> Store:
        """Open the store of a spec, or make it.

        Parameters
        ----------
        root : str or Path
            The folder: new, empty, or the store of this very spec.
        spec : Spec
            What it is about.

        Returns
        -------
        Store
            The store.

        Raises
        ------
        ArgumentError
            If the folder holds something else, or a sweep of another spec or other versions.
        MissingExtraError
            If xarray or Zarr is not installed.
        SweepError
            If it cannot be written.
        """
        require("xarray", extra="sweep")  # before anything is computed that could not be read
        target = Path(root).absolute()
        if not target.exists() or (target.is_dir() and not any(target.iterdir())):
            fresh = _beside(target)
            with _writing(target):
                try:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    _make(fresh, spec)
                    fresh.rename(target)
                except OSError:
                    if not (target / "manifest.json").exists():  # else another shard was faster
                        raise
                finally:
                    shutil.rmtree(fresh, ignore_errors=True)
        _mend(target, spec)
        store = cls(target)
        store._check(spec)
        return store

    def finished(self, chunk: int) -> bool:
        """Tell whether a chunk is done: all its files lie in their places, whole and undamaged.

        Parameters
        ----------
        chunk : int
            Which chunk.

        Returns
        -------
        bool
            Whether it need not be computed any more.
        """
        return self.whole(chunk) and not self.damaged(chunk)

    def whole(self, chunk: int) -> bool:
        """Tell whether all files of a chunk lie in their places, each of its full length.

        Parameters
        ----------
        chunk : int
            Which chunk.

        Returns
        -------
        bool
            Whether it was written; `damaged` says whether it still is what was written.
        """
        return all(self._whole(name, chunk) for name in self._bytes)

    def damaged(self, chunk: int | None = None) -> list[str]:
        """Return the files whose content does not match their checksum.

        Parameters
        ----------
        chunk : int, optional
            A chunk, all of whose files exist. Default: the files that belong to no chunk.

        Returns
        -------
        list of str
            Their paths within the store.
        """
        if self._key is None:
            return []
        if chunk is None:
            wanted = self.manifest["files"]
            return [name for name in wanted if _sum(self.root / name) != wanted[name]]
        sums = self._sums(chunk)
        try:
            wanted = json.loads(sums.read_text(encoding="utf-8"))
            if wanted != self._signed(wanted["files"]):
                return [self._within(sums)]
        except (OSError, ValueError, TypeError, KeyError):
            return [self._within(sums)]
        return [name for name, known in wanted["files"].items() if _sum(self.root / name) != known]

    @contextmanager
    def taken(self, chunk: int, *, wait: bool) -> Iterator[bool]:
        """Keep other processes from computing a chunk while the block runs.

        The system lets go of the chunk when the process ends, however it ends. Where a file system
        has no locks, two runs may compute the same chunk; both write the same bytes.

        Parameters
        ----------
        chunk : int
            Which chunk.
        wait : bool
            Whether to wait for a process that holds the chunk.

        Yields
        ------
        bool
            False if another process holds the chunk, which happens only without `wait`.
        """
        file = self.root / _BESIDE / f"{chunk}.lock"
        try:
            held = _locked(file, wait=wait)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            if held is not None:
                with suppress(OSError):
                    file.unlink()  # before the lock goes, so that no other lock is removed
                os.close(held)

    def write(self, chunk: int, outcome: Outcome) -> None:
        """Write the results of a chunk, whole or not at all.

        Parameters
        ----------
        chunk : int
            Which chunk.
        outcome : Outcome
            Its numbers.

        Raises
        ------
        SweepError
            If the disk is full, or the folder is read-only or not there.
        """
        marks = np.full(self.grid.size(chunk), CellStatus.DONE, dtype="<u1")
        marks[list(outcome.reasons)] = CellStatus.FAILED
        files = {}
        for name, array in self.arrays.items():
            fill = -1 if array["dtype"] == "int64" else np.nan
            data = outcome.values[name].astype(np.dtype(array["dtype"]).newbyteorder("<"))
            files[self._file(name, chunk)] = self._boxed(chunk, data, fill)
        if outcome.reasons:
            index = self.grid.indices(chunk)
            why = {str(list(index[k])): text for k, text in sorted(outcome.reasons.items())}
            files[self._reasons(chunk)] = json.dumps(why, indent=1).encode()
        status = self._boxed(chunk, marks, CellStatus.PENDING)
        if self._key is not None:
            every = files | {self._file("status", chunk): status}
            sums = {self._within(file): digest(every[file]) for file in every}
            files[self._sums(chunk)] = json.dumps(self._signed(sums), indent=1).encode()
        files[self._file("status", chunk)] = status
        with _writing(self.root):
            try:
                self._land(chunk, files)
            except OSError:
                if not self.finished(chunk):  # else another run has written it
                    raise

    def tidy(self) -> None:
        """Remove what killed processes left beside, once every chunk is finished."""
        beside = self.root / _BESIDE
        if beside.exists() and all(self.finished(chunk) for chunk in range(self.grid.chunks)):
            shutil.rmtree(beside, ignore_errors=True)

    def marks(self, chunk: int) -> NDArray[np.uint8]:
        """Return the status of each of a chunk's cells.

        Parameters
        ----------
        chunk : int
            Which chunk.

        Returns
        -------
        ndarray of int
            One `CellStatus` a cell, in their order.
        """
        if not self.finished(chunk):
            return np.full(self.grid.size(chunk), CellStatus.PENDING, dtype=np.uint8)
        box = np.frombuffer(self._file("status", chunk).read_bytes(), dtype=np.uint8)
        inside = tuple(slice(n) for n in self.grid.extent(chunk))
        return box.reshape(self.grid.box)[inside].ravel()

    def reasons(self, chunk: int) -> list[str]:
        """Return why cells of a chunk failed.

        Parameters
        ----------
        chunk : int
            Which chunk.

        Returns
        -------
        list of str
            One reason for each failed cell.
        """
        if not np.any(self.marks(chunk) == CellStatus.FAILED):
            return []
        return list(json.loads(self._reasons(chunk).read_text(encoding="utf-8")).values())

    def _boxed(self, chunk: int, values: Array, fill: float) -> bytes:
        """Return rows of cells as the bytes of a file; a chunk at the edge of the grid is filled up."""
        extent, core = self.grid.extent(chunk), values.shape[1:]
        box = np.full((*self.grid.box, *core), fill, dtype=values.dtype)
        box[tuple(slice(n) for n in extent)] = values.reshape(*extent, *core)
        return box.tobytes()

    def _signed(self, sums: Any) -> dict[str, Any]:
        """Return the checksums of a chunk with one that binds them to this manifest."""
        return {"files": sums, "checksum": digest(self._key or "", json.dumps(sums))}

    def _sums(self, chunk: int) -> Path:
        return self.root / "checksums" / f"{chunk}.json"

    def _within(self, file: Path) -> str:
        return file.relative_to(self.root).as_posix()

    def _whole(self, name: str, chunk: int) -> bool:
        try:
            return self._file(name, chunk).stat().st_size == self._bytes[name]
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _file(self, name: str, chunk: int) -> Path:
        core = len(self.arrays[name]["core"]) if name in self.arrays else 0
        return self.root.joinpath(name, "c", *map(str, (*self.grid.place(chunk), *[0] * core)))

    def _reasons(self, chunk: int) -> Path:
        return self.root / "reasons" / f"{chunk}.json"

    def _land(self, chunk: int, files: dict[Path, bytes]) -> None:
        """Write files beside their places, flush them, and rename them into place in their order."""
        me = f"{platform.node()}-{os.getpid()}-{threading.get_ident()}"
        beside = self.root / _BESIDE / f"{chunk}-{me}"
        try:
            beside.mkdir(parents=True, exist_ok=True)
            for k, (target, content) in enumerate(files.items()):
                target.parent.mkdir(parents=True, exist_ok=True)
                with (beside / str(k)).open("wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
            for k, target in enumerate(files):
                (beside / str(k)).replace(target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def _check(self, spec: Spec) -> None:
        """Refuse to go on with another spec, or with code that may give other numbers."""
        mine = json.loads(json.dumps(spec.to_dict()))
        if self.manifest["digest"] != spec.digest:
            theirs = self.manifest["spec"]
            known = {STORED_BOX: "cells_per_chunk"}
            keys = [known.get(k, k) for k in {**mine, **theirs} if mine.get(k) != theirs.get(k)]
            raise ArgumentError(
                f"The store {self.root} belongs to another spec: they differ in {', '.join(keys)}. "
                "Name another folder."
            )
        self.check_versions()

    def check_versions(self) -> None:
        """Raise `ArgumentError` if this process might compute other numbers than the store holds."""
        began, now = self.manifest["versions"], versions()
        other = [f"{k} {began.get(k)}, here {now[k]}" for k in now if now[k] != began.get(k)]
        if other:
            raise ArgumentError(
                f"The store {self.root} was begun with {'; '.join(other)}. Go on with what it was "
                "begun with, or name another folder."
            )


@cache
def versions() -> dict[str, str]:
    """Return the versions on which numbers depend, besides the spec."""
    found = {name: version(name) for name in ("simtheory", "numpy", "scipy", "numba")}
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        **found,
        "machine": platform.machine(),
    }


def _manifest(root: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((root / _MANIFEST).read_text(encoding="utf-8"))
        known = manifest["format"] == _FORMAT
        if not known and (manifest["format"] != _UNSIGNED or "checksum" in manifest):
            raise KeyError(manifest["format"])
        if known and manifest["checksum"] != _seal(manifest):
            raise KeyError("checksum")
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise ArgumentError(
            f"Argument `store` must name the folder of a sweep, but {root} is none, or its "
            f"{_MANIFEST} is damaged. Name a new or empty folder to begin one."
        ) from reason
    return manifest


def _seal(manifest: dict[str, Any]) -> str:
    """Return the checksum of a manifest."""
    rest = {name: value for name, value in manifest.items() if name != "checksum"}
    return digest(json.dumps(rest, sort_keys=True))


def _sum(file: Path) -> str | None:
    """Return the checksum of a file; None if it is not there."""
    try:
        return digest(file.read_bytes())
    except OSError:
        return None


def _locked(file: Path, *, wait: bool) -> int | None:
    """Lock a file against other descriptors until the returned one is closed.

    None where the system or the folder takes no locks; `BlockingIOError` if the file is locked.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    while True:
        try:
            file.parent.mkdir(exist_ok=True)
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        except (
            OSError
        ):  # a read-only folder or a full disk, which the results will not fit on either
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if os.path.samestat(os.fstat(descriptor), file.stat()):
                return descriptor
            os.close(descriptor)
        except FileNotFoundError:  # the process that held it has removed the file: lock a new one
            os.close(descriptor)
        except BaseException as reason:
            os.close(descriptor)
            if not isinstance(reason, OSError) or isinstance(reason, BlockingIOError):
                raise
            return None


def _beside(target: Path) -> Path:
    """Return a place beside a store that no other thread or process takes."""
    me = f"{platform.node()}-{os.getpid()}-{threading.get_ident()}"
    return target.with_name(f".{target.name}.{me}.part")


def _mend(root: Path, spec: Spec) -> None:
    """Write damaged files of a store anew, but for chunks, if the store is that of the spec.

    A damaged manifest is replaced only where a chunk's checksums show that it belongs to the manifest
    that the spec and these versions give.
    """
    try:
        store = Store(root)
        broken = store.damaged()
        same = store.manifest["digest"] == spec.digest
    except ArgumentError:
        broken, same = [_MANIFEST], (root / "zarr.json").exists() and (root / _MANIFEST).exists()
    if not (broken and same):
        return
    fresh = _beside(root)
    with _writing(root):
        try:
            _make(fresh, spec)
            if broken == [_MANIFEST]:
                mine = Store(fresh)
                kept = [int(file.stem) for file in (root / "checksums").glob("*.json")]
                mine.root = root
                if not any(mine.finished(chunk) for chunk in kept if chunk < mine.grid.chunks):
                    return
                broken += mine.damaged()
            for name in broken:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (fresh / name).replace(root / name)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _make(folder: Path, spec: Spec) -> None:
    """Write the arrays without their chunks, the coordinates and the manifest."""
    zarr = require("zarr", extra="sweep")
    grid, sizes, found = spec.grid, spec.family.sizes(spec), spec.family.variables(spec)
    attributes = {"sweep": spec.digest, "variables": [*(spec.measure or found)]}
    group = zarr.open_group(folder, mode="w", zarr_format=3, attributes=attributes)
    plain: dict[str, Any] = {"compressors": None, "filters": None}
    names = tuple(spec.coordinates)
    for name, values in spec.coordinates.items():
        data = np.array(values)
        kind = str if data.dtype.kind == "U" else data.dtype
        array = group.create_array(
            name, shape=data.shape, chunks=data.shape, dtype=kind, dimension_names=(name,), **plain
        )
        array[:] = data
    group.create_array(
        "status", shape=grid.shape, chunks=grid.box, dtype="uint8", fill_value=CellStatus.PENDING,
        dimension_names=names, **plain,
        attributes={"flag_values": [0, 1, 2], "flag_meanings": "pending done failed"},
    )  # fmt: skip
    for name, variable in found.items():
        core = tuple(sizes[axis] for axis in variable.core)
        group.create_array(
            name,
            shape=(*grid.shape, *core),
            chunks=(*grid.box, *core),
            dtype="int64" if variable.whole else "float64",
            fill_value=-1 if variable.whole else np.nan,
            dimension_names=(*names, *variable.core),
            attributes={"long_name": variable.meaning}
            | ({} if variable.boundary is None else {"boundary": variable.boundary})
            | ({"scale": "log"} if variable.logarithmic else {}),
            **plain,
        )
    with warnings.catch_warnings():
        # Zarr warns that its format 3 does not specify consolidated metadata; xarray reads them faster.
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(folder)
    manifest = {
        "format": _FORMAT,
        "digest": spec.digest,
        "versions": versions(),
        "shape": list(grid.shape),
        "arrays": {
            name: {
                "dtype": "int64" if v.whole else "float64",
                "core": [sizes[axis] for axis in v.core],
            }
            for name, v in found.items()
        },
        "spec": spec.to_dict(),
    }
    manifest = json.loads(json.dumps(manifest))  # as it will be read
    made = sorted(file for file in folder.rglob("*") if file.is_file())
    manifest["files"] = {file.relative_to(folder).as_posix(): _sum(file) for file in made}
    manifest["checksum"] = _seal(manifest)
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Answer a full disk or a read-only folder with one clear line."""
    try:
        yield
    except OSError as reason:
        raise SweepError(
            f"Cannot write to the store {folder}: {reason.strerror or reason}. What was finished is "
            "kept: mend that, and run the sweep again to go on."
        ) from reason
