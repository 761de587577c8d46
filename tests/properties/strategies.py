"""What hypothesis draws: rates, tasks and starts, from mild to hostile."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from simtheory import SIMTask

seeds = st.integers(0, 2**32 - 1)
scales = st.floats(-8.0, 0.0).map(lambda x: 10.0**x)


def rates(d: int) -> st.SearchStrategy[np.ndarray]:
    """Rates from 1e-6 to 1e6: spread out, equal, nearly equal, and some of them zero."""
    spread = st.lists(st.floats(-6.0, 6.0), min_size=d, max_size=d).map(
        lambda x: 10.0 ** np.array(x)
    )
    level = st.floats(-6.0, 6.0).map(lambda x: 10.0**x)
    equal = level.map(lambda a: np.full(d, a))
    nearly = st.tuples(level, st.floats(-15.0, -1.0), seeds).map(
        lambda x: x[0] * (1.0 + 10.0 ** x[1] * np.random.default_rng(x[2]).random(d))
    )
    some_zero = st.tuples(spread, seeds).map(
        lambda x: x[0] * (np.random.default_rng(x[1]).random(d) < 0.6)
    )
    return st.one_of(spread, equal, nearly, some_zero)


def tasks(d: int) -> st.SearchStrategy[SIMTask]:
    """Tasks whose rates are spread alone: σ² = a, μ = 0 is as good as any other split."""
    return rates(d).map(lambda a: SIMTask(mu=np.zeros(d), sigma=np.sqrt(a)))


@st.composite
def starts(draw: st.DrawFn, d: int) -> np.ndarray:
    """Weights (d, h) with |W(0)| < 1: Gaussian or positive, of any width, some rows dependent or zero."""
    rng = np.random.default_rng(draw(seeds))
    h = draw(st.integers(1, d + 2))
    U = rng.standard_normal((d, h)) if draw(st.booleans()) else rng.random((d, h))
    kind = draw(st.sampled_from(["full", "equal rows", "zero row", "graded"]))
    if kind == "equal rows":
        U[-1] = U[0]
    if kind == "zero row":
        U[0] = 0.0
    if kind == "graded":
        U *= 10.0 ** rng.uniform(-6.0, 0.0, (d, 1))
    norm = np.linalg.norm(U, 2)
    return U / (norm if norm > 0 else 1.0) * draw(scales) * 0.999
