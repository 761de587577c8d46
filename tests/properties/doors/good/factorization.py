"""Good calls of factorization."""

from typing import Any

OWN: dict[str, dict[str, Any]] = {
    "tasks.factorization": {"n": 12, "width": 3.0, "axis": "x", "spacing": 1.0, "count": 4, "gap": 1.0},
    "tasks.factorization.Cross": {"low": 3.0, "high": 6.0},
    "BumpTask": {"side": 12},
    "BumpTask.queries": {"n": 5, "rng": 0},
    "BumpTask.labels": {"rng": 0},
    "BumpTask.render": {"labels": [[3.0, 4.0]]},
    "BumpTask.is_held_out": {"labels": [[3.0, 4.0]]},
    "BumpTask.from_dict": {"values": {"side": 12}},
    "analytic.factorization": {
        "width": 4.0, "tolerance": 1.0, "n": 50, "side": 32, "spacing": 1.5,
        "sigma": 1.0, "R": 2.0, "r": 1.0, "gx": 12, "gy": 9, "dim": 64, "torus": "doughnut",
    },
}  # fmt: skip

LEFT_OUT = {
    "simtheory.analytic.factorization.Displacements": "a tuple of answers",
    "simtheory.analytic.factorization.NoiseMeans": "a tuple of answers",
}
