"""The store of a sweep: a Zarr group, and the order in which the files of a chunk are written.

The chunks of the sweep are the chunks of every array: a chunk is one file in each. Its files are
written beside their places, flushed, and renamed into place, that of `status` last: while that one is
missing the chunk does not count as finished, even if its other files exist. No byte depends on which
process computed a chunk, or when.

=====================  ========================================================================
file                   what it holds
=====================  ========================================================================
``manifest.json``      the spec, its digest, the versions that numbers depend on
``zarr.json``, …       the arrays; their chunks are plain little-endian numbers
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
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import require
from simtheory._typing import Array
from simtheory.errors import ArgumentError, SweepError
from simtheory.sweep._grid import Grid
from simtheory.sweep.family import Outcome
from simtheory.sweep.spec import STORED_BOX, Spec

__all__ = ["CellStatus", "Store"]

_FORMAT = "simtheory.sweep/1"
_BESIDE = "partial"


class CellStatus(IntEnum):
    """How far a cell is."""

    PENDING = 0
    DONE = 1
    FAILED = 2


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
            fresh = target.with_name(f".{target.name}.{platform.node()}-{os.getpid()}.part")
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
        store = cls(target)
        store._check(spec)
        return store

    def finished(self, chunk: int) -> bool:
        """Tell whether a chunk is done: all its files lie in their places, each of its full length.

        Parameters
        ----------
        chunk : int
            Which chunk.

        Returns
        -------
        bool
            Whether it need not be computed any more.
        """
        return all(self._whole(name, chunk) for name in self._bytes)

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
        files[self._file("status", chunk)] = self._boxed(chunk, marks, CellStatus.PENDING)
        with _writing(self.root):
            self._land(chunk, files)

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
        beside = self.root / _BESIDE / f"{chunk}-{platform.node()}-{os.getpid()}"
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
        manifest: dict[str, Any] = json.loads((root / "manifest.json").read_text(encoding="utf-8"))
        if manifest["format"] != _FORMAT:
            raise KeyError(manifest["format"])
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise ArgumentError(
            f"Argument `store` must name the folder of a sweep, but {root} is none. Name a new or "
            "empty folder to begin one."
        ) from reason
    return manifest


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
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


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
