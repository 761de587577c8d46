"""Good calls of simulations and nets of concept graphs."""

from dataclasses import fields
from typing import Any

import numpy as np

from simtheory import analytic, sim
from simtheory.tasks import ConceptGraph
from tests.properties.doors.good.nets import CONCEPTS, VECTORS
from tests.properties.doors.good.things import FOLDER

STAR = ConceptGraph.star(2, sigma=0.2)

DENOISERS = sim.emergence.descend(STAR, steps=2, lr=0.1, batch=2, rng=0, levels=2, runs=2)

CLOCK = analytic.emergence.clock(CONCEPTS, STAR)

OWN: dict[str, dict[str, Any]] = {
    "analytic.emergence.clock": {"run": CONCEPTS, "graph": STAR},
    "analytic.emergence.Clock": {f.name: getattr(CLOCK, f.name) for f in fields(CLOCK)},
    "observe.arrays.held": {
        "t": np.arange(4.0),
        "values": np.linspace(0.0, 1.0, 4)[None],
        "level": np.array([0.5]),
        "count": 2,
    },
    "validation.emergence.main_split": {"sigma": 0.1, "f": 0.5},
    "validation.emergence.judged": {"run": DENOISERS, "classes": STAR.train},
    "validation.emergence.Judged": dict.fromkeys(
        ("t", "joint", "marginals", "z", "correlations"), np.ones(1)
    ),
    "sim.emergence.descend": {"graph": STAR, "steps": 2, "lr": 0.1, "batch": 2},
    "sim.emergence.acquire": {"p": 0.1, "n": 2, "steps": 3, "runs": 4},
    "sim.emergence.LinearDenoisers": {
        f.name: getattr(DENOISERS, f.name) for f in fields(DENOISERS)
    },
    "sim.emergence.LinearDenoisers.load": {"path": DENOISERS.save(FOLDER / "denoisers.npz")},
    "sim.emergence.LinearDenoisers.mean": {"classes": STAR.train},
    "validation.nets.diffusion.Mask": {"concept": 0, "given": (1.0, 0.0), "rate": 0.5},
    "validation.nets.diffusion.Mask.check": {"world": VECTORS},
    "validation.nets.diffusion.Mask.applied": {
        "world": VECTORS,
        "condition": VECTORS.condition(VECTORS.trained),
    },
    "validation.nets.diffusion.Thinned": {
        "world": VECTORS,
        "counts": (4,) * len(VECTORS.trained),
        "samples": 4,
        "values": np.eye(2),
        "value": 0,
    },
    "validation.nets.diffusion.ConceptVectors.words": {"value": 0},
    "validation.nets.diffusion.ConceptImages.words": {"value": 0},
}

LEFT_OUT = {"simtheory.validation.emergence.experiments": "runs of the ledger"}

COSTLY = {"linear_run"}
