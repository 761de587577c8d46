"""Good calls of simulations."""

from typing import Any

import numpy as np

from simtheory import sim
from tests.properties.doors.good.things import U

COMMON: dict[str, Any] = {"flow": sim.Tied(), "init": U}

OWN: dict[str, dict[str, Any]] = {
    "sim.descend": {"steps": 5},
    "sim.Losses": {"probes": np.eye(2)},
    "sim.Outputs": {"probes": np.eye(2)},
    "sim.summarize": {
        "init": np.stack([U, U / 2]),
        "t": np.linspace(0.0, 2.0, 5),
        "read": sim.Diagonal(),
    },
    "sim.integrate": {"t": np.linspace(0.0, 2.0, 5)},
    "sim.flows.methods.Method": {
        "order": 1,
        "stages": np.zeros((1, 1)),
        "embedded": np.zeros(2),
        "dense": np.zeros((2, 2)),
    },
}

LEFT_OUT = {
    "simtheory.sim.flows.methods": "tables of methods",
    "simtheory.sim.clear_cache": "deletes files",
}

COSTLY = {"warmup"}

MAY_BE_NAN = (r"simtheory\.sim\.[A-Z]\w+",)
