"""Files written whole or not at all, digests by which stores know their content, and files that users bring.

Tables that users bring have columns for times, and columns that loggers write beside what was measured: their names stand here.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._typing import Array
from simtheory.errors import ArgumentError, MissingFileError

__all__ = [
    "TIMES",
    "UNITS",
    "digest",
    "given_array",
    "given_text",
    "given_toml",
    "is_bookkeeping",
    "read_arrays",
    "whole",
    "write_arrays",
    "write_text",
]


TIMES = {
    "t": "t", "time": "t", "step": "step", "steps": "step", "global_step": "step",
    "iteration": "step", "iterations": "step",
}  # fmt: skip
"""Names of a time column, and the unit that each of them means."""

UNITS = TIMES | {"epoch": "epoch", "epochs": "epoch"}
"""The units of columns that may be asked for as times; other names count steps."""

_BOOKKEEPING = {
    "", "index", "unnamed: 0", "epoch", "epochs", "lr", "learning_rate", "learning rate",
    "wall time", "wall_time", "walltime", "timestamp", "relative time (process)",
    "relative time (wall)", "_step", "_runtime", "_timestamp", "batch_size", "seed",
}  # fmt: skip
"""Columns that loggers and spreadsheets write beside the measured ones, in lower case."""


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Give a path beside `path`; what is written there replaces the file `path` when the block ends.

    If the block or the disk fails, the file keeps what it held before, and what was written beside
    it is removed. A process that is killed leaves ``<name>.part``, which the next write replaces.
    One process at a time may write a file.

    Parameters
    ----------
    path : str or Path
        The file; its folder must exist.

    Yields
    ------
    Path
        ``<name>.part`` in the same folder.

    Raises
    ------
    ArgumentError
        If `path` is a folder.
    OSError
        If the folder is read-only or the disk is full; the error names `path`.
    """
    target = Path(path)
    if target.is_dir():
        raise ArgumentError(f"The file {target} cannot be written, because it is a folder.")
    partial = target.with_name(f"{target.name}.part")
    try:
        yield partial
        with partial.open("rb+") as stream:
            os.fsync(stream.fileno())  # or a power cut might leave the new name without its content
        partial.replace(target)
    except OSError as reason:
        if reason.errno is None or reason.filename not in (None, str(partial), partial):
            raise  # it is about another file
        raise OSError(reason.errno, reason.strerror, str(target)) from reason
    finally:
        with suppress(OSError):  # a read-only folder, which the error above names
            partial.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all.

    Parameters
    ----------
    path : str or Path
        The file.
    text : str
        What it will hold.

    Raises
    ------
    ArgumentError, OSError
        As `whole` raises them.
    """
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def digest(*parts: str | bytes | Array) -> str:
    """Return the SHA-256 of texts, bytes and arrays, one after the other.

    Parameters
    ----------
    *parts : str, bytes or ndarray
        Texts count in UTF-8, arrays as the bytes of their entries in C order: neither their shapes
        nor where one part ends and the next begins.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            part = np.ascontiguousarray(part).tobytes()
        found.update(part.encode() if isinstance(part, str) else part)
    return found.hexdigest()


def write_arrays(path: str | Path, head: str, arrays: Mapping[str, Any]) -> Path:
    """Write arrays and a header to one ``.npz`` file with a checksum, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Where to; ``.npz`` is added if the name has no suffix.
    head : str
        A JSON object whose ``format`` says what the file holds.
    arrays : mapping
        Arrays by name; not ``header`` or ``checksum``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ArgumentError, OSError
        As `whole` raises them.
    """
    target = Path(path)
    if not target.suffix:
        target = target.with_suffix(".npz")
    members = {**arrays, "header": np.array(head)}
    members["checksum"] = np.array(_checksum(head, members))
    with whole(target) as partial, partial.open("wb") as stream:
        np.savez_compressed(stream, **members)
    return target


def read_arrays(path: str | Path, form: str, noun: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what `write_arrays` wrote, and verify it.

    Parameters
    ----------
    path : str or Path
        The file.
    form : str
        The ``format`` that its header must have.
    noun : str
        What such a file is called in errors, such as ``"a saved Curve"``.

    Returns
    -------
    header : dict
        Without its ``format``.
    arrays : dict
        By name.

    Raises
    ------
    ArgumentError
        If the file holds something else, or is damaged.
    MissingFileError
        If there is no file.
    """
    source = Path(path)
    name = f"Argument `path` must name {noun}, but {source}"
    try:
        # Opened here, because np.load leaves a damaged file open.
        with source.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            members = {member: file[member] for member in file.files}
        head = str(members["header"])
        header = json.loads(head)
        found = header.pop("format")
    except FileNotFoundError as reason:
        raise MissingFileError(f"{name} does not exist.") from reason
    except PermissionError:
        raise
    except Exception as reason:
        raise ArgumentError(f"{name} holds something else, or is damaged.") from reason
    if found != form:
        raise ArgumentError(f"{name} holds {found!r}, not {form!r}.")
    if str(members.pop("checksum", None)) != _checksum(head, members):
        raise ArgumentError(f"{name} is damaged: its contents do not match their checksum.")
    del members["header"]
    return header, members


def given_array(path: str | Path) -> Any:
    """Return the array of a ``.npy`` file that a user brings, or say why it cannot be read."""
    with _given(path, "array", ValueError, EOFError):
        return np.load(path, allow_pickle=False)


def given_text(path: str | Path) -> str:
    """Return the text of a file in UTF-8 that a user brings, or say why it cannot be read."""
    with _given(path, "text in UTF-8", UnicodeDecodeError):
        return Path(path).read_text(encoding="utf-8")


def given_toml(path: str | Path) -> dict[str, Any]:
    """Return the document of a TOML file that a user brings, or say why it cannot be read."""
    import tomllib  # few commands need it

    with _given(path, "TOML", UnicodeDecodeError, tomllib.TOMLDecodeError):
        return tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))


def is_bookkeeping(name: str) -> bool:
    """Tell whether a column of a table counts times or is kept beside what was measured."""
    low = name.lower()
    return low in _BOOKKEEPING or low in TIMES or low.startswith(("lr-", "lr/"))


@contextmanager
def _given(path: str | Path, noun: str, *faults: type[Exception]) -> Iterator[None]:
    refused: tuple[type[Exception], ...] = (OSError, *faults)
    try:
        yield
    except FileNotFoundError as reason:
        raise MissingFileError(f"The file {path} does not exist.") from reason
    except refused as reason:
        raise ArgumentError(f"The file {path} is no readable {noun}: {reason}") from reason


def _checksum(head: str, arrays: Mapping[str, Any]) -> str:
    """Return the digest of a header and of arrays with their names, types and shapes."""
    found = hashlib.sha256(head.encode())
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
