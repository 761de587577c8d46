"""Small trained networks, and the ledger of claims that they test.

Training needs JAX, Equinox and Optax, ``pip install "simtheory[nets]"``; they are loaded when a
network is trained, and not before.
"""

from simtheory.validation import diffusion
from simtheory.validation.catalogue import claims
from simtheory.validation.claims import Claim
from simtheory.validation.data import Fresh, Points, Samples
from simtheory.validation.nets import MLP, DefaultInit, SmallInit, initial_layers
from simtheory.validation.optimisers import SGD, Adam
from simtheory.validation.records import Band, Record, Verdict
from simtheory.validation.runner import run
from simtheory.validation.train import train

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "Band",
    "Claim",
    "DefaultInit",
    "Fresh",
    "Points",
    "Record",
    "Samples",
    "SmallInit",
    "Verdict",
    "claims",
    "diffusion",
    "initial_layers",
    "run",
    "train",
]
