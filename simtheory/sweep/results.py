"""The content of a store so far: how many cells, and their numbers as a dataset."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._checks import require
from simtheory._faces import face
from simtheory._text import rows_as_text
from simtheory.errors import ArgumentError
from simtheory.sweep.store import CellStatus, Store

__all__ = ["Progress", "read", "status"]


@face
@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of the cells of a sweep.

    Parameters
    ----------
    cells : int
        Cells of the whole grid.
    done, failed, pending : int
        Cells with numbers, cells without for which there is a reason, and cells to come.
    reasons : dict of str to int
        Why cells failed, the most frequent first, and how many did.
    damaged : tuple of str
        Files whose content does not match their checksum; the cells of such a chunk are to come.
    """

    cells: int
    done: int
    failed: int
    pending: int
    reasons: dict[str, int]
    damaged: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = [(name, str(getattr(self, name))) for name in ("done", "failed", "pending")]
        rows += [(f"failed ×{n}", reason) for reason, n in list(self.reasons.items())[:5]]
        rows += [("damaged", name) for name in self.damaged[:5]]
        return rows_as_text(f"Sweep of {self.cells} cells", rows)


@face
def read(store: str | Path) -> Any:
    """Return the results of a sweep as a labelled dataset.

    Parameters
    ----------
    store : str or Path
        Folder of a sweep, finished or not.

    Returns
    -------
    xarray.Dataset
        One variable for each observable, over the axes of the spec; `status` tells the cells that are
        done (1) from those that failed (2) and those to come (0), which hold NaN or −1. The
        attribute ``measured`` names the observables of the spec, with spaces between.

    Raises
    ------
    ArgumentError
        If the folder holds no sweep, or a damaged one.
    MissingExtraError
        If xarray or Zarr is not installed.
    """
    require("zarr", extra="sweep")
    xarray = require("xarray", extra="sweep")
    source = Store(store)
    broken = _damaged(source)
    if broken:
        raise ArgumentError(
            f"The store {source.root} holds damaged files: {', '.join(broken[:3])}"
            f"{f' and {len(broken) - 3} more' if len(broken) > 3 else ''}. Run the sweep again: they "
            "are computed anew."
        )
    try:
        with xarray.open_zarr(source.root, chunks=None, consolidated=True) as lazy:
            dataset = lazy.load()
    except (OSError, ValueError) as reason:
        raise ArgumentError(
            f"The store {source.root} holds a file that cannot be read: {reason}. Run the sweep again: "
            "chunks whose files are cut short are computed anew."
        ) from reason
    # A chunk that a power cut took apart has a status and no numbers: it is to come.
    marks = np.zeros(source.grid.shape, dtype=np.uint8)
    for chunk in range(source.grid.chunks):
        where = np.ix_(*source.grid.ranges(chunk))
        marks[where] = source.marks(chunk).reshape(source.grid.extent(chunk))
    dims = dataset["status"].dims
    dataset["status"] = (dims, marks, dataset["status"].attrs)
    finished = xarray.DataArray(marks != CellStatus.PENDING, dims=dims)
    for name, array in source.arrays.items():
        unknown = -1 if array["dtype"] == "int64" else np.nan
        dataset[name] = dataset[name].where(finished, unknown).assign_attrs(dataset[name].attrs)
    return _portable(dataset)


def _portable(dataset: Any) -> Any:
    """Return a dataset that every engine writes: words as objects, no encoding of this store.

    The attribute ``variables`` of the store becomes ``measured``, one text: SciPy's writer of netCDF has a
    field of the first name, which the attribute would replace, and no lists of words.
    """
    words = [name for name in dataset.coords if dataset[name].dtype.kind in "OUT"]
    fixed = {
        name: (
            dataset[name].dims,
            np.array(dataset[name].values.tolist(), dtype=object),
            dataset[name].attrs,
        )
        for name in words
    }
    found = dataset.assign_coords(fixed).drop_encoding()
    found.attrs["measured"] = " ".join(found.attrs.pop("variables"))
    return found


def _damaged(source: Store) -> list[str]:
    """Return the files whose content does not match their checksum."""
    chunks = (source.damaged(k) for k in range(source.grid.chunks) if source.whole(k))
    return [*source.damaged(), *(name for names in chunks for name in names)]


@face
def status(store: str | Path) -> Progress:
    """Return how far a sweep is.

    Parameters
    ----------
    store : str or Path
        Folder of a sweep.

    Returns
    -------
    Progress
        Counts of cells, and why some failed.
    """
    source = Store(store)
    counts = np.zeros(len(CellStatus), dtype=int)
    reasons: Counter[str] = Counter()
    for chunk in range(source.grid.chunks):
        counts += np.bincount(source.marks(chunk), minlength=counts.size)
        reasons.update(source.reasons(chunk))
    pending, done, failed = (int(n) for n in counts)
    why = dict(reasons.most_common())
    return Progress(source.grid.cells, done, failed, pending, why, tuple(_damaged(source)))
