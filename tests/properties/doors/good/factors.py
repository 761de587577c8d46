"""Good calls on representations of factors, accuracies over numbers of examples, and label sets."""

from typing import Any

import numpy as np

from simtheory import assess

_GRID = np.stack([each.ravel() for each in np.indices((5, 5))], axis=1)
_ROWS = np.random.default_rng(0).normal(size=(25, 3))
_FOUND = assess.activations(_ROWS, _GRID, rng=0)
_ESTIMATE = assess.Estimate(0.5, 0.4, 0.6, 0.1)

_COUNTS = assess.counts(
    {
        "n": [5, 10, 20, 40],
        "right": [3, 6, 9, 19],
        "asked": [20] * 4,
        "side": [8] * 4,
        "seed": [0, 1, 0, 1],
    }
)
_LAWS = assess.laws(_COUNTS, laws=("coverage", "factorised"))
_LABELS = assess.labels(_GRID, radius=1.0, tolerance=0.5, period=5.0, rng=0)

OWN: dict[str, dict[str, Any]] = {
    "assess.activations": {"activations": _ROWS, "labels": _GRID},
    "assess.Estimate": {"value": 0.5, "low": 0.4, "high": 0.6, "null": 0.1},
    "assess.Geometry": {name: getattr(_FOUND, name) for name in _FOUND.__slots__},
    "assess.topology": {"activations": _ROWS, "landmarks": 20, "nulls": 2},
    "assess.Topology": {
        "betti": (1, 2, 1), "lengths": np.ones((3, 8)), "null": np.ones(3), "landmarks": 30,
        "components": 3, "nulls": 2, "explained": 0.9,
    },
    "assess.counts": {"source": _COUNTS},
    "assess.Counts": {name: getattr(_COUNTS, name) for name in _COUNTS.__slots__},
    "assess.laws": {"counts": _COUNTS, "laws": ("coverage", "factorised")},
    "assess.Laws": {name: getattr(_LAWS, name) for name in _LAWS.__slots__},
    "assess.accuracy.Fitted": {name: getattr(_LAWS.best, name) for name in _LAWS.best.__slots__},
    "assess.accuracy.Parameter": {"name": "reach", "value": 1.0, "low": 0.9, "high": 1.1},
    "assess.accuracy.NextRun": {
        "n": 5, "sigma": None, "side": 8.0, "asked": 10, "laws": ("coverage", "factorised"),
        "predicted": (0.5, 0.6),
    },
    "assess.labels": {"labels": _GRID, "radius": 1.0, "tolerance": 0.5, "period": 5.0},
    "assess.LabelSet": {name: getattr(_LABELS, name) for name in _LABELS.__slots__},
    "assess.factors.Factor": {
        "name": "x", "levels": 5, "parallelism": _ESTIMATE, "continuity": _ESTIMATE
    },
    "assess.factors.Pair": {"name": "x, y", "interaction": _ESTIMATE, "orthogonality": _ESTIMATE},
}  # fmt: skip

MAY_BE_NAN = (
    r"simtheory\.assess\.LabelSet\((covered(_null)?|half|largest_null)\)",  # of an embedding without queries
    r"simtheory\.assess\.labels",
    r"simtheory\.assess\.(Estimate|activations)",  # what is not defined, and intervals that are withheld
)
