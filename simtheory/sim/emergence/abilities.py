"""Abilities that are gained by chance, step by step, and never lost."""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_generator, positive_int
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError

__all__ = ["acquire"]

_BLOCK = 2**22
"""Abilities that are drawn at once; more take memory and no less time."""


@face
def acquire(p: float, n: int, steps: int, *, runs: int, rng: np.random.Generator | int) -> Array:
    """Draw when n abilities have all been gained.

    At every step each missing ability is gained with probability p, whatever the others do.

    Parameters
    ----------
    p : float
        Probability in (0, 1].
    n : int
        Number of abilities.
    steps : int
        Number of steps.
    runs : int
        Number of runs.
    rng : numpy.random.Generator or int
        Source of the draws.

    Returns
    -------
    ndarray, shape (steps + 1,)
        Share of the runs that have all n after 0, 1, …, `steps` steps.

    Raises
    ------
    ArgumentError
        If a number is out of range.

    Examples
    --------
    >>> acquire(0.5, 2, 3, runs=10_000, rng=0).round(2)
    array([0.  , 0.24, 0.56, 0.77])
    """
    if not 0.0 < p <= 1.0:
        raise ArgumentError(f"Argument `p` must lie in (0, 1], but it is {p!r}.")
    count, last, total = (
        positive_int(name, value) for name, value in (("n", n), ("steps", steps), ("runs", runs))
    )
    generator = as_generator(rng)
    ends = np.zeros(last + 2, dtype=np.intp)
    block = max(1, _BLOCK // count)
    for first in range(0, total, block):
        gained = generator.geometric(p, size=(min(block, total - first), count)).max(axis=1)
        ends += np.bincount(np.minimum(gained, last + 1), minlength=last + 2)
    return np.asarray(np.cumsum(ends[:-1]) / total)
