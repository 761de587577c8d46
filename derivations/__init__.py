"""One proof per label, step by step, from the loss, its gradient and the flow.

``python -m derivations`` checks them all; ``python -m derivations LABEL ...`` checks some.
"""

from __future__ import annotations

from importlib import import_module

from derivations._proof import PROOFS, Step, proof
from simtheory.analytic.symbolic import TOPICS

__all__ = ["PROOFS", "Step", "proof"]

for _topic in TOPICS:
    import_module(f"{__name__}.{_topic}")  # each proof there registers itself
