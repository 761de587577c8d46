"""Files written whole or not at all, and digests by which stores know their content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from simtheory._typing import Array

__all__ = ["digest", "whole", "write_text"]


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
    OSError
        If the folder is read-only or the disk is full; the error names `path`.
    """
    target = Path(path)
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
    OSError
        As `whole` raises it.
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
