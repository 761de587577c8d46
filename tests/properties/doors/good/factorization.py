"""Good calls of factorization."""

from typing import Any

OWN: dict[str, dict[str, Any]] = {
    "analytic.factorization": {
        "width": 4.0, "tolerance": 1.0, "n": 50, "side": 32, "spacing": 1.5,
        "sigma": 1.0, "R": 2.0, "r": 1.0, "gx": 12, "gy": 9, "dim": 64, "torus": "doughnut",
    },
}  # fmt: skip

LEFT_OUT = {
    "simtheory.analytic.factorization.Displacements": "a tuple of answers",
    "simtheory.analytic.factorization.NoiseMeans": "a tuple of answers",
}
