"""Good calls on representations of factors, accuracies over numbers of examples, and label sets."""

from typing import Any

import numpy as np

from simtheory import assess

_GRID = np.stack([each.ravel() for each in np.indices((5, 5))], axis=1)
_ROWS = np.random.default_rng(0).normal(size=(25, 3))
_FOUND = assess.activations(_ROWS, _GRID, rng=0)
_ESTIMATE = assess.Estimate(0.5, 0.4, 0.6, 0.1)

OWN: dict[str, dict[str, Any]] = {
    "assess.activations": {"activations": _ROWS, "labels": _GRID},
    "assess.Estimate": {"value": 0.5, "low": 0.4, "high": 0.6, "null": 0.1},
    "assess.Geometry": {name: getattr(_FOUND, name) for name in _FOUND.__slots__},
    "assess.topology": {"activations": _ROWS, "landmarks": 20, "nulls": 2},
    "assess.Topology": {
        "betti": (1, 2, 1), "lengths": np.ones((3, 8)), "null": np.ones(3), "landmarks": 30,
        "components": 3, "nulls": 2, "explained": 0.9,
    },
    "assess.factors.Factor": {
        "name": "x", "levels": 5, "parallelism": _ESTIMATE, "continuity": _ESTIMATE
    },
    "assess.factors.Pair": {"name": "x, y", "interaction": _ESTIMATE, "orthogonality": _ESTIMATE},
}  # fmt: skip

MAY_BE_NAN = (
    r"simtheory\.assess\.(Estimate|activations)",  # what is not defined, and intervals that are withheld
)
