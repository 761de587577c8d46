"""Good calls of networks, their runs and the parts of the ledger."""

from dataclasses import fields
from typing import Any

import numpy as np

from simtheory import validation
from simtheory.validation.nets.diffusion import ConceptRun, ConceptVectors
from tests.properties.doors.good.things import RUN, SEEDED, TASK

CONCEPTS = ConceptRun(
    steps=np.arange(6),
    prompts=np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]),
    coordinates=np.linspace(0.0, 1.0, 6)[:, None, None] * np.ones((1, 6, 4, 2)),
    accuracy=np.linspace(0.0, 1.0, 6)[:, None, None] * np.ones((1, 6, 4, 2)),
    joint=np.linspace(0.0, 1.0, 6)[:, None] * np.ones((1, 6, 4)),
    examples=np.zeros((1, 6, 4, 2)),
    losses=np.ones((1, 6)),
    trained=np.array([True, True, True, False]),
    names=("a", "b"),
    strengths=np.array([1.0, 2.0]),
    stats={
        "seeds": (0,),
        "steps": 5,
        "lr": 0.1,
        "params": 10,
        "net": "MLP",
        "world": "vectors",
        "device": "cpu",
    },
)

VECTORS = ConceptVectors(TASK)

OWN: dict[str, dict[str, Any]] = {
    "validation.Adam": {"tied": True, "depth": 2, "loss": "sum", "rate": 1.0},
    "validation.SGD": {"tied": True, "depth": 2, "loss": "sum", "rate": 1.0},
    "validation.MLP.step_factors": {"adaptive": True},
    "validation.DefaultInit.layer": {"bias": True, "rng": np.random.default_rng(0)},
    "validation.SmallInit.layer": {"bias": True, "rng": np.random.default_rng(0)},
    "validation.MLP": {"depth": 2, "width": 3},
    "validation.Points": {"x": np.ones((4, 2))},
    "validation.concept_diffusion.experiments": {"steps": 2000},
    "validation.initial_layers": {
        "net": validation.MLP(2, 3),
        "dim": 2,
        "seeds": (0, 1),
        "init": None,
    },
    "validation.identity.experiments.hierarchy_violation": {"run": RUN},
    "validation.identity.experiments.seeds_of": {"run": SEEDED},
    "validation.nets.diffusion.ConceptRun": {
        f.name: getattr(CONCEPTS, f.name) for f in fields(CONCEPTS)
    },
    "validation.nets.diffusion.ConceptImages": {"samples": 4, "values": np.eye(2)},
    "validation.nets.diffusion.ConceptVectors": {"task": TASK, "samples": 4, "values": np.eye(2)},
    "validation.nets.diffusion.ConceptVectors.right": {"placed": np.eye(2), "asked": np.eye(2)},
    "validation.nets.diffusion.ConceptRun.place": {"prompt": (0.0, 1.0)},
    "validation.nets.diffusion.UNetDenoiser.check": {"shape": (32, 32, 3)},
    "validation.nets.diffusion": {"run": CONCEPTS, "runs": [CONCEPTS, CONCEPTS]},
}

FILLING: dict[str, Any] = {"Init": validation.DefaultInit()}

LEFT_OUT = {
    "simtheory.validation.Adam.transform": "the loop of training",
    "simtheory.validation.SGD.transform": "the loop of training",
    "simtheory.validation.nets.diffusion.MLPDenoiser.build": "the loop of training",
    "simtheory.validation.nets.diffusion.UNetDenoiser.build": "the loop of training",
    "simtheory.validation.nets.loop": "the loop of training, under compilation",
    "simtheory.validation.nets.running": "the loop of training",
    "simtheory.validation.nets.store": "the loop of training",
    "simtheory.validation.nets.data": "the loop of training",
    "simtheory.validation.nets.devices": "the loop of training",
    "simtheory.validation.nets.diffusion.classifier": "trains a classifier",
    "simtheory.validation.ledger": "workers of the ledger, which call each other",
    "simtheory.validation.claims": "parts of claims, which the ledger calls",
    "simtheory.validation.identity.experiments": "runs of the ledger",
    "simtheory.validation.composition.experiments": "runs of the ledger",
    "simtheory.validation.hierarchy.experiments": "runs of the ledger",
}

COSTLY = {"train", "image_run", "vector_run", "released_start"}

MAY_BE_NAN = (
    r"simtheory\.validation\.Adam\.stable_below",
    r"simtheory\.validation\.\w+\.[A-Z]\w+",
    r"simtheory\.validation\.[A-Z]\w+",
    r"simtheory\.validation\.nets\.diffusion\.(\w+\.)?\w+",
)
