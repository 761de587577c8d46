"""Good calls on the explorer."""

from typing import Any

OWN: dict[str, dict[str, Any]] = {
    "explore.Explorer": {"topic": "identity"},
    "explore.picture": {"topic": "identity", "values": {"sigma": 0.1}},
}

LEFT_OUT = {
    "simtheory.explore.Picture": "an answer that picture makes",
    "simtheory.explore.serve": "serves until it is interrupted",
}
