"""Small trained networks, and the ledger of claims that they test.

Training needs JAX, Equinox and Optax, ``pip install "simtheory[nets]"``; they are loaded when a
network is trained, and not before.
"""

from simtheory._names import public
from simtheory.validation import (
    composition,
    concept_diffusion,
    denoiser,
    emergence,
    factorization,
    hierarchy,
)
from simtheory.validation.claims.claim import Claim
from simtheory.validation.claims.record import Band, Record, Verdict
from simtheory.validation.ledger.catalogue import claims
from simtheory.validation.ledger.findings import committed as records
from simtheory.validation.ledger.runner import run
from simtheory.validation.nets import diffusion
from simtheory.validation.nets.architectures import MLP, DefaultInit, SmallInit, initial_layers
from simtheory.validation.nets.data import Fresh, Points, Samples
from simtheory.validation.nets.optimisers import SGD, Adam, CosineAdam
from simtheory.validation.nets.train import train

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "Band",
    "Claim",
    "CosineAdam",
    "DefaultInit",
    "Fresh",
    "Points",
    "Record",
    "Samples",
    "SmallInit",
    "Verdict",
    "claims",
    "composition",
    "concept_diffusion",
    "denoiser",
    "diffusion",
    "emergence",
    "factorization",
    "hierarchy",
    "initial_layers",
    "records",
    "run",
    "train",
]

public(__name__)
