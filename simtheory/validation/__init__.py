"""Small trained networks, and the ledger of claims that they test.

Training needs JAX, Equinox and Optax: ``pip install "simtheory[nets]"``. The ledger's words
(`claims`, `Record`) load without them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from simtheory._checks import require

if TYPE_CHECKING:
    from simtheory.validation.catalogue import claims
    from simtheory.validation.claims import Claim
    from simtheory.validation.nets import MLP
    from simtheory.validation.records import Record, Verdict
    from simtheory.validation.runner import run
    from simtheory.validation.train import train

__all__ = ["MLP", "Claim", "Record", "Verdict", "claims", "run", "train"]

_HOMES = {
    "MLP": "nets",
    "Claim": "claims",
    "Record": "records",
    "Verdict": "records",
    "claims": "catalogue",
    "run": "runner",
    "train": "train",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simtheory.validation' has no attribute {name!r}")
    if name in ("MLP", "train"):
        require("jax", extra="nets")
    value = getattr(import_module(f"simtheory.validation.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
