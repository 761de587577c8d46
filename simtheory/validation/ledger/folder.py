"""The ledger's folder: records, manifest and page, always readable, never half written."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from simtheory.errors import ArgumentError
from simtheory.validation.claims.claim import Claim
from simtheory.validation.claims.record import Record
from simtheory.validation.ledger.catalogue import claims
from simtheory.validation.ledger.page import page

__all__ = ["FORMAT", "Ledger", "versions"]

FORMAT = "simtheory.ledger/1"
_PACKAGES = (
    "simtheory",
    "numpy",
    "scipy",
    "sympy",
    "numba",
    "matplotlib",
    "jax",
    "equinox",
    "optax",
)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on.

    Returns
    -------
    dict
        Name to version; a package that is missing is ``"not installed"``.
    """
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


class Ledger:
    """A folder of records that is brought up to date after each one.

    Parameters
    ----------
    folder : Path
        Where it is.
    records : dict
        What it holds so far, by claim id.
    planned : tuple of Claim
        What the current run is to test.
    """

    def __init__(
        self, folder: Path, records: dict[str, Record], planned: tuple[Claim, ...]
    ) -> None:
        self.folder = folder
        self._records = records
        self._planned = planned
        self._missing = [claim.id for claim in planned if claim.id not in records]
        self._unwritten: OSError | None = None
        self._started = datetime.now(UTC).isoformat(timespec="seconds")

    @classmethod
    def open(
        cls, folder: Path, *, planned: Iterable[Claim], keep: Callable[[Record], bool] | None = None
    ) -> Ledger:
        """Make the folder, or take up the ledger that it holds.

        Parameters
        ----------
        folder : Path
            New, empty, or an earlier ledger.
        planned : iterable of Claim
            What is to be tested; earlier records of the same claims give way.
        keep : callable, optional
            Says which earlier records stand in spite of that. Default: none.

        Returns
        -------
        Ledger
            Ready for `add`; its page says already what is missing.

        Raises
        ------
        ArgumentError
            If the folder holds something else or cannot be written.
        """
        planned = tuple(planned)
        records: dict[str, Record] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                records = _earlier(folder)
            for claim in planned:
                if claim.id in records and not (keep and keep(records[claim.id])):
                    del records[claim.id]
            ledger = cls(folder, records, planned)
            ledger._write()
        except OSError as reason:
            raise ArgumentError(
                f"Argument `out` must be a folder that can be written, but {folder} is not: {reason.strerror}."
            ) from reason
        return ledger

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

    def add(self, record: Record) -> None:
        """Keep a finished record and bring the page up to date.

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
            self._write()
            self._unwritten = None
        except OSError as reason:
            self._unwritten = reason

    def close(self) -> None:
        """Try once more to write what could not be written.

        Raises
        ------
        ArgumentError
            If it still cannot; the folder holds what was finished before.
        """
        if self._unwritten is None:
            return
        try:
            self._write()
        except OSError as reason:
            raise ArgumentError(
                f"The ledger in {self.folder} could not be brought up to date: {reason.strerror}. What "
                "was written before is whole; make room and run the rest with `resume`."
            ) from reason

    def _write(self) -> None:
        records = [self._records[c.id] for c in claims() if c.id in self._records]
        manifest = {
            "format": FORMAT,
            "started": self._started,
            "planned": [claim.id for claim in self._planned],
            "missing": self._missing,
            "versions": versions(),
            "machine": f"{platform.system()} {platform.machine()}",
        }
        self._replace("manifest.json", json.dumps(manifest, indent=2))
        self._replace("records.json", json.dumps([r.to_dict() for r in records], indent=2))
        files = [self.folder / name for record in records for name in record.figures]
        pictures = {f.name: f.read_text(encoding="utf-8") for f in files if f.exists()}
        self._replace("index.html", page(records, pictures=pictures, manifest=manifest))

    def _replace(self, name: str, text: str) -> None:
        partial = self.folder / f"{name}.part"
        try:
            partial.write_text(text + "\n", encoding="utf-8")
            partial.replace(self.folder / name)
        finally:
            partial.unlink(missing_ok=True)


def _earlier(folder: Path) -> dict[str, Record]:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise KeyError(manifest["format"])
        values = json.loads((folder / "records.json").read_text(encoding="utf-8"))
        return {v["id"]: Record.from_dict(v) for v in values}
    except (FileNotFoundError, NotADirectoryError, KeyError, TypeError, ValueError) as reason:
        raise ArgumentError(
            f"Argument `out` must be a new or empty folder, or a ledger, but {folder} holds something "
            "else. Choose another name."
        ) from reason
