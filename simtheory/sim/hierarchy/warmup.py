"""A small grammar, which needs all kernels of this package."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simtheory.sim.hierarchy.beliefs import draw_posterior, infer
from simtheory.sim.hierarchy.generation import generate
from simtheory.sim.hierarchy.neighbours import nearest
from simtheory.sim.hierarchy.parsing import parse
from simtheory.tasks.hierarchy import TreeGrammar


def warmup() -> Iterator[str]:
    """Run the kernels on it; yield what was made ready."""
    grammar = TreeGrammar([[[[0, 1], [1, 0]], [[0, 0], [1, 1]]]])
    flat = np.ones((1, 2, 2))
    infer(grammar, flat)
    yield "beliefs of strings"
    draw_posterior(grammar, flat, rng=0)
    yield "strings from a posterior"
    parse(grammar, [[0, 1]])
    yield "parsing"
    generate(grammar, 1, steps=1, rng=0)
    yield "strings from noise"
    generate(grammar, 1, steps=1, rng=0, denoiser=lambda x, _: np.full((*x.shape, 2), 0.5))
    yield "strings from a denoiser"
    nearest([[0, 1]], [[0, 1]])
    yield "nearest strings"
