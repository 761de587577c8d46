"""Wrong arguments: objects that no argument of numbers takes, and numbers of the wrong size or shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
import xarray as xr

from simtheory import SIMTask
from simtheory.tasks import DenoisingTask
from tests.properties.doors.good import things


class Stranger:
    """An object that no entry takes."""


def _iterator() -> Iterator[float]:
    yield 1.0


# Objects that no argument of numbers takes. A text, a mapping and the like are right in other places.
NO_NUMBERS: dict[str, Callable[[], Any]] = {
    "an object": Stranger,
    "a class": lambda: Stranger,
    "a module": lambda: np,
    "a function": lambda: len,
    "a text": lambda: "abc",
    "a number as text": lambda: "1.5",
    "bytes": lambda: b"1",
    "a truth value": lambda: True,
    "a dict": lambda: {"a": 1.0},
    "a set": lambda: {1.0, 2.0},
    "an iterator": _iterator,
    "a masked array": lambda: np.ma.array([1.0, 2.0], mask=[False, True]),
    "a masked square": lambda: np.ma.array(np.eye(2), mask=np.eye(2) > 0),
    "rows of masked arrays": lambda: [np.ma.array([1.0, 0.0]), np.ma.array([0.0, 1.0])],
    "dates": lambda: np.array(["2020-01-01", "2020-01-02"], dtype="M8[D]"),
    "time spans": lambda: np.array([1, 2], dtype="m8[s]"),
    "words": lambda: np.array(["1", "2"]),
    "truth values": lambda: np.array([True, False]),
    "truth values in a list": lambda: [1.0, True],
    "complex numbers": lambda: np.array([1.0 + 1.0j, 2.0]),
    "a complex number": lambda: 1.0 + 1.0j,
    "records": lambda: np.zeros(2, dtype=[("a", float), ("b", float)]),
    "objects": lambda: np.array([1.0, None], dtype=object),
    "numbers as objects": lambda: np.array([1.0, 2.0], dtype=object),
    "rows of unequal length": lambda: [[1.0, 2.0], [3.0]],
    "a sparse matrix": lambda: scipy.sparse.eye(2, format="csr"),
    "an integer beyond float64": lambda: 10**400,
    "integers beyond float64": lambda: [2**53 + 1, 1],
    "NaN": lambda: float("nan"),
    "an array with NaN": lambda: np.array([1.0, np.nan]),
    "None": lambda: None,
    "a date": lambda: datetime(2020, 1, 1),
    "a time span": lambda: timedelta(seconds=1.0),
    "a time span of NumPy": lambda: np.timedelta64(3, "s"),
    "a truth value of NumPy": lambda: np.True_,
    "a missing value of pandas": lambda: pd.NA,
    "a column with a missing value": lambda: pd.Series([1.0, pd.NA], dtype="Float64"),
    "a column of classes": lambda: pd.Series(["1", "2"], dtype="category"),
    "a column of dates": lambda: pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02"])),
    "a column of truth values": lambda: pd.Series([True, False]),
    "a dataset": lambda: xr.Dataset({"a": ("x", [1.0, 2.0])}),
    "the values of a dict": {"a": 1.0, "b": 2.0}.values,
    "pairs": lambda: zip([1.0], [2.0], strict=True),
    "a slice": lambda: slice(2),
    "an ellipsis": lambda: ...,
    "the bytes of a text": lambda: bytearray(b"12"),
    "a view on bytes": lambda: memoryview(b"12"),
    "texts of bytes": lambda: np.array([b"1", b"2"]),
    "a record": lambda: np.zeros(1, dtype=[("a", float)])[0],
    "raw bytes": lambda: np.void(b"ab"),
    "real complex numbers": lambda: np.array([1.0 + 0.0j, 2.0 + 0.0j]),
    "dicts in a list": lambda: [{"a": 1.0}, {"a": 2.0}],
    "a path": lambda: Path("none"),
    "an enumeration": lambda: Enum("Few", ["ONE"]).ONE,
}
# Numbers of the wrong size or shape: an entry refuses them, or answers without NaN.
NUMBERS: dict[str, Callable[[], Any]] = {
    "minus one": lambda: -1,
    "zero": lambda: 0,
    "a fraction": lambda: 0.3,
    "seven": lambda: 7,
    "infinity": lambda: float("inf"),
    "1e300": lambda: 1e300,
    "no numbers": lambda: np.zeros(0),
    "three numbers": lambda: np.array([1.0, 2.0, 3.0]),
    "one number": lambda: np.array([0.5]),
    "a cube": lambda: np.full((2, 3, 4), 0.1),
    "a square of three": lambda: 0.1 * np.eye(3),
    "a skew square": lambda: np.array([[0.1, 0.2], [0.0, 0.1]]),
    "a negative square": lambda: -np.eye(2),
    "an array with infinity": lambda: np.array([1.0, np.inf]),
    "an empty list": list,
    "single precision": lambda: np.float32(0.5),
    "half precision": lambda: np.float16(0.5),
    "numbers in half precision": lambda: np.array([0.5, 0.25], dtype=np.float16),
    "a negative zero": lambda: -0.0,
    "the smallest number": lambda: 5e-324,
    "a large integer": lambda: 2**53,
    "an unsigned byte": lambda: np.uint8(200),
    "small integers": lambda: np.array([1, 2], dtype=np.int8),
    "a decimal": lambda: Decimal("1.5"),
    "a share of integers": lambda: Fraction(1, 2),
    "a row of no columns": lambda: np.zeros((2, 0)),
    "an empty cube": lambda: np.zeros((0, 2, 2)),
    "a range": lambda: range(1, 3),
    "many axes": lambda: np.full((1,) * 20, 0.5),
    "another task": lambda: SIMTask(mu=(1.0, 2.0, 3.0), sigma=0.1),
    "a noisy task": lambda: DenoisingTask(np.eye(3), sigma_min=0.1, sigma_max=1.0),
    "a curve": lambda: things.CURVE,
    "samples": lambda: things.POINTS,
    "a run": lambda: things.RUN,
    "a fit": lambda: things.FIT,
}


class _Sub(np.ndarray):
    """An array of a user's own class."""


class _Lent:
    """An object that NumPy can ask for its numbers, as tensors of other libraries are."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.values, dtype=dtype)


def _read_only(values: np.ndarray) -> np.ndarray:
    again = values.copy()
    again.flags.writeable = False
    return again


# The same numbers in another container: an entry answers as before, or refuses the container.
SAME: dict[str, Callable[[np.ndarray], Any]] = {
    "read-only": _read_only,
    "in columns": np.asfortranarray,
    "backwards in memory": lambda values: values[..., ::-1].copy()[..., ::-1],
    "big-endian": lambda values: values.astype(">f8"),
    "long doubles": lambda values: values.astype(np.longdouble),
    "of a class of its own": lambda values: values.view(_Sub),
    "a matrix": lambda values: values.view(np.matrix) if values.ndim == 2 else values,
    "nested lists": lambda values: values.tolist(),
    "nested tuples": lambda values: tuple(map(tuple, values)) if values.ndim == 2 else values,
    "a view": lambda values: memoryview(np.ascontiguousarray(values)),
    "lent by an object": _Lent,
    "a labelled array": xr.DataArray,
    "a table": lambda values: pd.DataFrame(values) if values.ndim == 2 else values,
    "a column": lambda values: pd.Series(values) if values.ndim == 1 else values,
}
