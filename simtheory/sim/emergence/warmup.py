"""A small denoiser, which needs all kernels of this package."""

from __future__ import annotations

from collections.abc import Iterator

from simtheory.sim.emergence.denoisers import descend
from simtheory.tasks import ConceptGraph


def warmup() -> Iterator[str]:
    """Train it for a step; yield what was made ready."""
    descend(ConceptGraph.star(2, sigma=0.1), steps=1, lr=0.01, batch=2, rng=0, levels=1)
    yield "descend linear denoisers of a concept graph"
