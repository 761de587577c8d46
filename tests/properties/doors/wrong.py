"""Wrong arguments: objects that no argument of numbers takes, and numbers of the wrong size or shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse

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
    "another task": lambda: SIMTask(mu=(1.0, 2.0, 3.0), sigma=0.1),
    "a noisy task": lambda: DenoisingTask(np.eye(3), sigma_min=0.1, sigma_max=1.0),
    "a curve": lambda: things.CURVE,
    "samples": lambda: things.POINTS,
    "a run": lambda: things.RUN,
    "a fit": lambda: things.FIT,
}
