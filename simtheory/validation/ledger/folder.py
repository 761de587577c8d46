"""The ledger's folder: records, manifest and page, always readable, never half written."""

from __future__ import annotations

import json
import logging
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from simtheory._faces import face
from simtheory._files import digest, write_text
from simtheory._versions import versions
from simtheory.errors import ArgumentError
from simtheory.validation.claims.claim import Claim
from simtheory.validation.claims.record import Record, Verdict
from simtheory.validation.ledger.catalogue import claims
from simtheory.validation.ledger.page import ledger_page

__all__ = ["FORMAT", "Ledger", "code_version", "stores_of"]

FORMAT = "simtheory.ledger/2"
_STORES = "training"
JSON = TypeVar("JSON", dict[str, Any], list[Any])
_PAGE_EVERY = 5.0  # seconds; writing the page after every record would cost more than some claims


@face
def code_version() -> str:
    """Return a digest of the package's source, which changes when any of its files does.

    Returns
    -------
    str
        Twelve hexadecimal digits.
    """
    root = Path(__file__).parents[2]
    files = sorted(root.rglob("*.py"))
    texts = (
        f"{file.relative_to(root).as_posix()}\n".encode() + file.read_bytes() for file in files
    )
    return digest(*texts)[:12]


@face
def stores_of(folder: Path, code: str) -> Path:
    """Return where a ledger's long trainings keep their state, until every claim of the run is tested.

    Parameters
    ----------
    folder : Path
        The ledger's folder.
    code : str
        Which source trains; another one begins anew.

    Returns
    -------
    Path
        A folder, which need not exist.
    """
    return folder / _STORES / code


@face
class Ledger:
    """A folder of records; each record is on disk when it is added, and the page soon after.

    One process at a time may have it open.

    Parameters
    ----------
    folder : Path
        Where it is.
    records : dict
        What it holds so far, by claim id.
    planned : tuple of Claim
        What the current run is to test.
    lock : int or None
        Descriptor that keeps other processes out until it is closed.
    """

    def __init__(
        self, folder: Path, records: dict[str, Record], planned: tuple[Claim, ...], lock: int | None
    ) -> None:
        self.folder = folder
        self._records = records
        self._planned = planned
        self._lock = lock
        self._missing = [claim.id for claim in planned if claim.id not in records]
        self._unwritten: OSError | None = None
        self._shown = float("-inf")  # when the page was written last
        self._manifest = {
            "format": FORMAT,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "planned": [claim.id for claim in planned],
            "versions": versions(),
            "machine": f"{platform.system()} {platform.machine()}",
        }

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        planned: Iterable[Claim],
        keep: Callable[[Record, Claim], bool] | None = None,
    ) -> Ledger:
        """Make the folder, or take up the ledger that it holds.

        Parameters
        ----------
        folder : Path
            New, empty, or an earlier ledger.
        planned : iterable of Claim
            What is to be tested; earlier records of the same claims give way.
        keep : callable, optional
            Says which earlier records stand in spite of that; they are judged again. Default: none.

        Returns
        -------
        Ledger
            Ready for `add`; its page says already what is missing.

        Raises
        ------
        ArgumentError
            If the folder holds something else, cannot be written, or is open in another process.
        """
        planned = tuple(planned)
        records: dict[str, Record] = {}
        lock = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = _locked(folder)
            if any(folder.iterdir()):
                records = _earlier(folder)
            for claim in planned:
                if claim.id in records:
                    if keep and keep(records[claim.id], claim):
                        records[claim.id] = records[claim.id].judged()
                    else:
                        del records[claim.id]
            if keep is None:
                shutil.rmtree(folder / _STORES, ignore_errors=True)
            ledger = cls(folder, records, planned, lock)
            ledger._write(page=True)
        except BaseException as reason:
            if lock is not None:
                os.close(lock)
            if not isinstance(reason, OSError):
                raise
            raise ArgumentError(
                f"Argument `out` must be a folder that can be written, but {folder} is not: {reason.strerror}."
            ) from reason
        return ledger

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def index(self) -> Path:
        """The page."""
        return self.folder / "index.html"

    def finished(self, claim_id: str) -> Record | None:
        """Return what stands of a claim, or None.

        Parameters
        ----------
        claim_id : str
            The claim.

        Returns
        -------
        Record or None
            Its record.
        """
        return self._records.get(claim_id)

    def _tested(self, claim: Claim) -> bool:
        record = self.finished(claim.id)
        return record is not None and record.verdict is not Verdict.FAILED

    def add(self, record: Record) -> None:
        """Keep a finished record, and bring the page up to date if it is some seconds old.

        A disk that is full loses nothing: what was written before stays as it was, and the record
        is written with the next one, or by `close`.

        Parameters
        ----------
        record : Record
            What came of a claim.
        """
        self._records[record.id] = record
        self._missing.remove(record.id)
        try:
            self._write(page=time.monotonic() - self._shown > _PAGE_EVERY)
            self._unwritten = None
        except OSError as reason:
            self._unwritten = reason

    def close(self) -> None:
        """Write the page, and what could not be written before; let other processes open it.

        Raises
        ------
        ArgumentError
            If it still cannot be written; the folder holds what was finished before.
        """
        if all(self._tested(claim) for claim in self._planned):
            shutil.rmtree(self.folder / _STORES, ignore_errors=True)
        try:
            self._write(page=True)
        except OSError as reason:
            raise ArgumentError(
                f"The ledger in {self.folder} could not be brought up to date: {reason.strerror}. What "
                "was written before is whole; make room and run the rest with `resume`."
            ) from reason
        finally:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _write(self, *, page: bool) -> None:
        records = [self._records[c.id] for c in claims() if c.id in self._records]
        manifest = {**self._manifest, "missing": self._missing}
        self._replace("manifest.json", json.dumps(_sealed(manifest), indent=1))
        self._replace("records.json", json.dumps([_sealed(r.to_dict()) for r in records], indent=1))
        if not page:
            return
        files = [self.folder / record.figure for record in records if record.figure]
        pictures = {f.name: f.read_text(encoding="utf-8") for f in files if f.exists()}
        self._replace("index.html", ledger_page(records, pictures=pictures, manifest=manifest))
        self._shown = time.monotonic()

    def _replace(self, name: str, text: str) -> None:
        write_text(self.folder / name, text + "\n")


def _locked(folder: Path) -> int | None:
    """Lock a folder against other processes until the returned descriptor is closed.

    The system lets go of the lock when the process ends, however it ends. None where the system
    has no such locks.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ArgumentError(
            f"Argument `out` must be a folder that no other run writes to, but {folder} is being "
            "written. Wait for that run, or choose another name."
        ) from None
    return descriptor


def _earlier(folder: Path) -> dict[str, Record]:
    """Return the records of a ledger's folder, by claim id; those that are damaged are left out."""
    damaged: list[str] = []
    manifest = _read(folder / "manifest.json", dict)
    values = _read(folder / "records.json", list)
    try:
        if manifest is None and not values:
            raise ValueError("nothing in it is of a ledger")
        if manifest is not None and manifest["format"] != FORMAT:
            raise KeyError(manifest["format"])
        if manifest is None or manifest != _sealed(manifest):
            damaged.append("manifest.json")
        if values is None:
            damaged.append(f"records.json{_put_aside(folder / 'records.json')}")
            values = []
        damaged += [str(v["id"]) for v in values if v != _sealed(v)]
        found = {v["id"]: Record.from_dict(v) for v in values if v == _sealed(v)}
    except (KeyError, TypeError, ValueError) as reason:
        raise ArgumentError(
            f"Argument `out` must be a new or empty folder, or a ledger of this version, but {folder} "
            "holds something else, or is damaged. Choose another name."
        ) from reason
    if damaged:
        logging.getLogger("simtheory").warning(
            "The ledger %s holds what does not match its checksum, and is not kept: %s.",
            folder, ", ".join(damaged),
        )  # fmt: skip
    return found


def _put_aside(path: Path) -> str:
    """Rename a damaged file, so that none of it is overwritten; return words that say so."""
    if not path.exists():
        return ""
    aside = path.with_suffix(f".damaged{path.suffix}")
    path.replace(aside)
    return f" (now {aside.name})"


def _read(path: Path, kind: type[JSON]) -> JSON | None:
    """Return what a JSON file holds, or None if it is missing, no JSON, or no mapping or list of mappings."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    sound = isinstance(found, kind) and (kind is dict or all(isinstance(v, dict) for v in found))
    return found if sound else None


def _sealed(values: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping with the checksum of all its other entries, as JSON reads them."""
    rest = {name: value for name, value in values.items() if name != "checksum"}
    return rest | {"checksum": digest(json.dumps(rest, sort_keys=True))}
