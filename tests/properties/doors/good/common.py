"""Values of parameters and fields that have one meaning in all topics."""

from typing import Any

import numpy as np
import xarray as xr

import simtheory
from tests.properties.doors.good.things import CURVE, NOISY, POINTS, RUN, TASK, T

COMMON: dict[str, Any] = {
    "task": TASK,
    "t": T,
    "x": T,
    "traj": RUN,
    "curve": CURVE,
    "samples": POINTS,
    "predicted": RUN,
    "measured": RUN,
    "values": np.stack([T, T**2], axis=-1),
    "value": 0.5,
    "points": np.eye(2),
    "matrix": np.eye(2),
    "shape": (2, 2),
    "scale": 0.1,
    "rng": 0,
    "seed": 1,
    "n": 50,
    "i": 0,
    "j": 1,
    "count": 5,
    "level": 0.5,
    "low": 0.1,
    "high": 0.9,
    "sigma": 0.5,
    "covariance": np.diag([1.0, 2.0]),
    "name": "mu",
    "kind": "identity",
    "label": "tied-mode",
    "code": simtheory.analytic.tied.mode,
    "path": "x",
    "store": "x",
    "concept": 0,
    "index": 0,
    "dim": 2,
    "dataset": xr.Dataset(),
}

# What fills the fields of an answer, by the start of its annotation.
FILLING: dict[str, Any] = {
    "NDArray[np.bool_]": np.ones(2, dtype=bool),
    "Array": np.ones(2),
    "IntArray": np.ones(2, dtype=int),
    "float": 0.5,
    "int": 1,
    "str": "a",
    "tuple": (),
    "dict": {},
    "Mapping": {},
    "Any": 0,
    "Constant": simtheory.labels.Constant(1.0, 0.1, "a"),
    "bool": True,
    "Kind": simtheory.labels.Proved(),
    "SIMTask": TASK,
    "DenoisingTask": NOISY,
    "ArrayLike": 0.1,
    "Callable": len,
    "NDArray": np.ones(2),
}

LEFT_OUT = {
    "simtheory.validation.composition.SquaredNorm.energy": "the loop of training",
    "simtheory.validation.composition.Residual.energy": "the loop of training",
    "simtheory.cli": "commands, which click calls",
    "simtheory.errors": "errors and warnings, which take any message",
    "simtheory.analytic.symbolic": "statements of proofs, built at import",
    "simtheory.labels.implements": "a decorator",
}
