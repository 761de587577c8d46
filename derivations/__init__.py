"""One proof per label, step by step, from the loss, its gradient and the flow.

``python -m derivations`` checks them all; ``python -m derivations LABEL ...`` checks some.
"""

from __future__ import annotations

from derivations import identity, one_layer, tied
from derivations._proof import PROOFS, Step, proof

__all__ = ["PROOFS", "Step", "identity", "one_layer", "proof", "tied"]
