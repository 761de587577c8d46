"""Small nets of every kind, which need all kernels of this package."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simtheory.sim.flows.integration import integrate
from simtheory.sim.networks import Deep, Flow, Init, Tied, Untied


def warmup() -> Iterator[str]:
    """Run them; yield what was made ready."""
    for d in (2, 8, 32):  # wide groups, groups of eight, single nets
        half = 0.5 * np.eye(d)
        nets: tuple[tuple[Flow, Init], ...] = (
            (Tied(), half),
            (Tied(), half[:, :1]),
            (Untied(), (half, half)),
            (Deep(depth=3), (half, half, half)),
        )
        for flow, init in nets:
            for moment in (np.eye(d), np.eye(d) + 0.1):  # on its axes, and turned
                integrate(flow, moment, init, [0.0, 1.0])
        for init in (half, half[:, :1]):  # in the frame, and until rest
            integrate(Tied(), np.eye(d), init, [0.0, 1e3])
        yield f"integrate, d = {d}"
