"""Small compositions, which need all kernels of this package."""

from __future__ import annotations

from collections.abc import Iterator

from simtheory.noise.curvatures import Gaussian, Tweedie
from simtheory.noise.kernels import HMC, MALA, Line
from simtheory.noise.levels import Levels
from simtheory.sim.composition.methods import (
    Annealed,
    Corrected,
    Method,
    Repaired,
    Reverse,
    SuperposedAnd,
    SuperposedOr,
)
from simtheory.sim.composition.sampling import sample
from simtheory.tasks.composition import GaussianMixture


def warmup() -> Iterator[str]:
    """Draw a point by every method; yield what was made ready."""
    pair = GaussianMixture([1.0], [[-1.0]], [1.0]) * GaussianMixture([1.0], [[1.0]], [0.25])
    levels = Levels.geometric(1.0, 0.1, 3)
    methods: tuple[Method, ...] = (
        Annealed(MALA(), steps=1),
        Annealed(HMC(density=Line()), steps=1),
        Reverse(),
        Repaired(Gaussian()),
        Repaired(Tweedie()),
        Corrected(islands=1),
        SuperposedOr(),
        SuperposedAnd(),
    )
    for method in methods:
        sample(method, pair, 1, levels=levels, rng=0)
        part = getattr(method, "kernel", getattr(method, "curvature", None))
        yield f"sample {type(method).__name__}{f', {type(part).__name__}' if part else ''}"
