"""Good calls of sweeps."""

from typing import Any

COMMON: dict[str, Any] = {"axes": {"task.mu_1": [1.0, 2.0]}}

OWN: dict[str, dict[str, Any]] = {
    "sweep.Spec": {
        "task": {"mu": [1.0, "mu_2"], "sigma": 0.1},
        "measure": ["swing_by"],
        "axes": {"mu_2": [1.0, 2.0]},
    },
}

LEFT_OUT = {
    "simtheory.sweep.families": "parts of families, which a sweep calls",
    "simtheory.sweep.family": "parts of families, which a sweep calls",
    "simtheory.sweep.store": "the store of a sweep, behind `run` and `read`",
    "simtheory.sweep.read": "its argument is a folder",
    "simtheory.sweep.status": "its argument is a folder",
}

COSTLY = {"run", "dask", "processes"}
