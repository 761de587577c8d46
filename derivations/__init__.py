"""One proof per proved label, step by step, from the loss, its gradient and the flow.

``python -m derivations`` checks them all; ``python -m derivations LABEL ...`` checks some.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from derivations._proof import PROOFS, Step, proof

__all__ = ["PROOFS", "Step", "proof"]

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    if "._" not in _module.name:
        import_module(_module.name)  # each proof there registers itself
