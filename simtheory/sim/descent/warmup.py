"""Small nets of every kind, which need all kernels of this package."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simtheory.sim.descent.optimiser import descend
from simtheory.sim.networks import Deep, Flow, Init, OneLayer, Tied, Untied
from simtheory.tasks import SIMTask


def warmup() -> Iterator[str]:
    """Train them for a step; yield what was made ready."""
    task, half = SIMTask(mu=(1.0, 2.0), sigma=0.5), 0.5 * np.eye(2)
    nets: tuple[tuple[Flow, Init], ...] = (
        (OneLayer(), half),
        (Tied(), half),
        (Untied(), (half, half)),
        (Deep(depth=3), (half, half, half)),
    )
    for flow, init in nets:
        descend(flow, task, init, steps=1, lr=0.01)
        yield f"descend {flow.name}"
    descend(Tied(), task, half, steps=1, lr=0.01, batch=2, rng=np.random.default_rng(0))
    yield "descend Tied, on samples"
