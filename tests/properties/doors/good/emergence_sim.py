"""Good calls of simulations and nets of concept graphs."""

from dataclasses import fields
from typing import Any

from simtheory import sim
from simtheory.tasks import ConceptGraph
from tests.properties.doors.good.nets import VECTORS

STAR = ConceptGraph.star(2, sigma=0.2)
DENOISERS = sim.emergence.descend(STAR, steps=2, lr=0.1, batch=2, rng=0, levels=2, runs=2)

OWN: dict[str, dict[str, Any]] = {
    "sim.emergence.descend": {"graph": STAR, "steps": 2, "lr": 0.1, "batch": 2},
    "sim.emergence.acquire": {"p": 0.1, "n": 2, "steps": 3, "runs": 4},
    "sim.emergence.LinearDenoisers": {
        f.name: getattr(DENOISERS, f.name) for f in fields(DENOISERS)
    },
    "sim.emergence.LinearDenoisers.mean": {"classes": STAR.train},
    "validation.nets.diffusion.Mask": {"concept": 0, "given": (1.0, 0.0), "rate": 0.5},
    "validation.nets.diffusion.Mask.check": {"world": VECTORS},
    "validation.nets.diffusion.Mask.applied": {
        "world": VECTORS,
        "condition": VECTORS.condition(VECTORS.trained),
    },
    "validation.nets.diffusion.ConceptVectors.words": {"value": 0},
    "validation.nets.diffusion.ConceptImages.words": {"value": 0},
}
