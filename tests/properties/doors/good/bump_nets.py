"""Good calls of nets that draw bumps and stripes."""

from typing import Any

import numpy as np

from simtheory.noise import CosineVP
from simtheory.tasks.factorization import BumpTask, Hole, Random
from simtheory.validation.factorization import BumpImages, CentreJudge, Decoder
from simtheory.validation.nets.diffusion import ConceptRun
from simtheory.validation.nets.diffusion.runs import Learned

BUMPS = BumpTask(8, layout=Random(12), held_out=Hole(3.0))
IMAGES = BumpImages(BUMPS)
LABELS = np.array([[1.0, 2.0], [3.0, 4.0]])
SIZES = ((4, 12), (4,), (4, 4), (4,), (64, 4), (64,))  # of the decoder's layers

DRAWN = ConceptRun(
    steps=np.array([3]),
    prompts=LABELS,
    coordinates=np.ones((1, 1, 2, 2)),
    accuracy=np.ones((1, 1, 2, 2)),
    joint=np.ones((1, 1, 2)),
    examples=np.zeros((1, 1, 2, 8, 8, 1)),
    losses=np.ones((1, 1)),
    trained=np.array([False, False]),
    names=("x", "y"),
    strengths=np.ones(2),
    stats={"seeds": (0,)},
    nets=(tuple(np.full(size, 0.1, np.float32) for size in SIZES),),
    learned=Learned(Decoder(4, 1), IMAGES, CosineVP()),
)

OWN: dict[str, dict[str, Any]] = {
    "validation.CosineAdam": {"steps": 1000, "tied": True, "depth": 2, "loss": "sum", "rate": 1.0},
    "validation.factorization": {
        "task": BUMPS,
        "values": LABELS,
        "labels": LABELS,
        "points": np.ones((2, 8, 8, 1)),
        "placed": np.ones((2, 2)),
        "asked": np.zeros((2, 2)),
        "samples": 16,
        "seed": 0,
        "extent": 7.0,
        "periodic": False,
    },
    "validation.factorization.CentreJudge": {"task": BUMPS},
    "validation.factorization.BumpImages.words": {"value": 1},
    "validation.factorization.ask": {"net": Decoder(4, 1), "world": IMAGES, "steps": 20},
    "validation.factorization.hidden": {"run": DRAWN, "labels": LABELS},
}

COSTLY = {"ask"}

FILLING: dict[str, Any] = {"CentreJudge": CentreJudge(task=BUMPS)}

LEFT_OUT = {
    "simtheory.validation.CosineAdam.transform": "the loop of training",
    "simtheory.validation.factorization.Decoder.build": "the loop of training",
    "simtheory.validation.factorization.experiments": "runs of the ledger",
    "simtheory.validation.factorization.Hidden": "a tuple of answers",
    "simtheory.validation.factorization.Answers": "a tuple of answers",
    "simtheory.validation.nets.diffusion.runs.Learned": "a tuple of descriptions",
}

MAY_BE_NAN = (
    r"simtheory\.validation\.CosineAdam\.stable_below",
    r"simtheory\.validation\.factorization\.CentreJudge\.right",  # of a seed that diverged
)
