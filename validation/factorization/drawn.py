"""What the figures of this folder share: the net, and what it answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import simtheory as st

NET = st.validation.diffusion.MLPDenoiser(192, blocks=2, prediction="x0")
SEEDS = (0, 1)
SHAPES: dict[str, Any] = {
    "stripes": st.tasks.factorization.Stripes(),
    "bumps": st.tasks.factorization.Bump(),
}
CRITERIA = ("centre within 1 px", "centre within ½ px", "cosine above .9")


def answers(
    world: Any, *, seeds: Sequence[int] = SEEDS, steps: int = 1000, net: Any = NET
) -> dict[str, np.ndarray]:
    """Return the shares of right answers by the criteria of `Answers`, seeds on the leading axis."""
    found = [
        st.validation.factorization.ask(net, world, seed=seed, steps=steps)[1] for seed in seeds
    ]
    return {
        name: np.concatenate([getattr(each, name) for each in found])
        for name in ("known", "right", "axes", "covered")
    }


def half(numbers: np.ndarray, shares: np.ndarray, level: float = 0.5) -> float:
    """Return the number at which rising shares cross a level, linear in ln n, from the ends on with their slope."""
    logs, steps = np.log(numbers), np.diff(shares) / np.diff(np.log(numbers))
    above = np.flatnonzero(shares >= level)
    j = int(np.clip((above[0] if above.size else shares.size) - 1, 0, shares.size - 2))
    return float(np.exp(logs[j] + (level - shares[j]) / max(steps[j], 1e-3)))
