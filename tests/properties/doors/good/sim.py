"""Good calls of simulations."""

from dataclasses import fields
from typing import Any

import numpy as np

from simtheory import sim
from tests.properties.doors.good.things import U

SUMMARY = sim.summarize(
    sim.Tied(),
    np.eye(2),
    np.stack([U, U / 2]),
    [0.0, 1.0],
    read=sim.Diagonal(),
    edges=[0.0, 0.5, 1.0],
)

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
    "sim.Deep.layers": {"init": [np.eye(2)] * 3},
    "sim.OneLayer.layers": {"init": np.eye(2)},
    "sim.Untied.layers": {"init": [np.eye(2)] * 2},
    "sim.Diagonal.finish": {"numbers": np.zeros((3, 2))},
    "sim.Entries.finish": {"numbers": np.zeros((3, 4))},
    "sim.LowerTriangle.finish": {"numbers": np.zeros((3, 3))},
    "sim.Losses.finish": {"numbers": np.zeros((3, 4))},
    "sim.Outputs.finish": {"numbers": np.zeros((3, 4))},
    **{
        f"sim.{name}.toward": {"teacher": np.eye(2)}
        for name in ("Diagonal", "Entries", "LowerTriangle", "Losses", "Outputs")
    },
    "sim.Rows.of": {"functions": np.ones((1, 2, 2))},
    "sim.Summary": {f.name: getattr(SUMMARY, f.name) for f in fields(SUMMARY)},
    "sim.Summary.quantile": {"q": 0.5},
    "sim.flows.methods.Method": {
        "order": 1,
        "stages": np.zeros((1, 1)),
        "embedded": np.zeros(2),
        "dense": np.zeros((2, 2)),
    },
}

LEFT_OUT = {
    **{
        f"simtheory.sim.{flow}.layers": "hands on what the integrator checks"
        for flow in ("Deep", "OneLayer", "Tied", "Untied")
    },
    "simtheory.sim.Gram": "the fields of the integrator, on arrays that it made",
    "simtheory.sim.Product": "the fields of the integrator, on arrays that it made",
    "simtheory.sim.flows.methods": "tables of methods",
    "simtheory.sim.clear_cache": "deletes files",
}

COSTLY = {"warmup"}

MAY_BE_NAN = (r"simtheory\.sim\.[A-Z]\w+(\.(finish|layers))?",)
