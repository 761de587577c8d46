"""Good calls of factorization."""

from typing import Any

OWN: dict[str, dict[str, Any]] = {
    "analytic.factorization": {
        "width": 4.0, "tolerance": 1.0, "n": 50, "side": 32, "spacing": 1.5,
    },
}  # fmt: skip
