r"""Draws from compositions of Gaussian mixtures.

Problem
-------
A composition :math:`p \propto \prod_i p_i^{w_i}` is kept factored. At the noise level λ only
:math:`q_{i,\lambda} = p_i * N(0, \lambda I)` and the scores :math:`s_i` are used, as with trained
networks; but here they are exact, so that what a sample misses is the sampler's fault.

Symbols
-------
:math:`y = z/\alpha` : points in the units of the data; λ : noise level, from Λ down; W : sum of the
weights; S : composed score; :math:`v_\lambda = 1/\sum_{w_i>0} w_i/(c_i + \lambda)`, with the smallest
variance :math:`c_i` of expert i : the unit of the kernels' steps.

Result
------
`Annealed` chains start from N(0, (Λ/W) I), and so do the particles of `Corrected`; reverse diffusion
starts from N(0, Λ I).

Reading
-------
Draws are functions of a key and of the number of a chain. They depend neither on the number of threads
nor on how many other chains there are (but for `Corrected`, whose particles are resampled together).
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite, as_generator, flag, positive, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import RegimeError, ShapeError
from simtheory.noise.levels import Levels
from simtheory.results import Samples
from simtheory.sim.composition.chains import annealed
from simtheory.sim.composition.methods import (
    Annealed,
    Corrected,
    Method,
    Oracle,
    Repaired,
    Reverse,
)
from simtheory.sim.composition.oracle import oracle
from simtheory.sim.composition.paths import corrected, reversed_, superposed
from simtheory.sim.composition.running import Run, composition_of
from simtheory.tasks.composition import Composition, GaussianMixture

__all__ = ["sample"]

_YEAR = 3.2e7  # seconds


@face
def sample(
    method: Method,
    c: Composition | GaussianMixture,
    n: int,
    *,
    levels: Levels,
    rng: np.random.Generator | int,
    start: ArrayLike | None = None,
    record: bool = False,
    threads: int | None = None,
    progress: bool = False,
    max_seconds: float | None = None,
) -> Samples:
    r"""Draw from a composition, as a sampler of diffusion models would with exact scores.

    Parameters
    ----------
    method : Oracle, Reverse, Repaired, Annealed, Corrected, SuperposedOr or SuperposedAnd
        How.
    c : Composition or GaussianMixture
        What is sampled. Its experts are mixtures; a mixture alone is a composition of one.
    n : int
        Number of chains, or particles: points that are returned.
    levels : Levels
        Noise levels, the highest first; points are returned at the last one.
    rng : numpy.random.Generator or int
        Gives the key of all draws.
    start : array_like, shape (n, d), optional
        Points at the first level, in the units of the data. Default: Gaussian, as the module says.
    record : bool
        Whether to keep the points at every level, in the field `path`.
    threads : int, optional
        Threads that share the chains; the result is the same for any number. Default: one for each
        core that this process may use.
    progress : bool
        Show a bar on a terminal.
    max_seconds : float, optional
        Budget of seconds. Default: none.

    Returns
    -------
    Samples
        Points (n, d); `log_weights` for `Corrected`; in `arrays` the ``acceptance`` at each level, the
        ``effective_size`` of the weights after each step, or the ``log_densities`` that superposed
        methods follow; in `stats` the method, the evaluations of the score for each chain, and the key.

    Raises
    ------
    ArgumentError
        If a number does not fit: a step that is not stable at a level, a resonant number of leapfrog
        steps, a start from wide noise at a total weight that is not positive.
    RegimeError
        If chains or weighted particles would pass a level where the composition cannot be normalised;
        or the oracle is asked for a composition that is no mixture.
    SolveError
        If points leave float64, as they do where the composition cannot be normalised; or the budget of
        seconds is spent. Its `partial` holds the samples of the blocks of chains that were finished.
    KeyboardInterrupt
        If it is interrupted. Its attribute `partial` holds the samples of the finished blocks.

    Notes
    -----
    A run ends in whole blocks of 128 chains, or in whole islands.

    Examples
    --------
    >>> from simtheory.noise import MALA
    >>> from simtheory.sim.composition import Annealed
    >>> pair = GaussianMixture([1.0], [[-1.0]], [1.0]) * GaussianMixture([1.0], [[1.0]], [0.25])
    >>> drawn = sample(
    ...     Annealed(MALA()), pair, 4000, levels=Levels.geometric(9.0, 0.01, 40), rng=0
    ... )
    >>> print(f"{drawn.points.mean():.1f} {drawn.points.var():.2f} (0.6 and 0.20 are exact)")
    0.6 0.20 (0.6 and 0.20 are exact)
    """
    run = Run(
        composition_of(c),
        positive_int("n", n),
        levels,
        as_generator(rng).integers(0, 2**64, size=2, dtype=np.uint64),
        _points(start, n, c.dim),
        flag("record", record),
        None if threads is None else positive_int("threads", threads),
        flag("progress", progress),
        None if max_seconds is None else min(positive("max_seconds", max_seconds), _YEAR),
    )
    if isinstance(method, Oracle):
        return oracle(run, method)
    if isinstance(method, Annealed | Corrected):
        _check_path(run)
    if isinstance(method, Annealed):
        return annealed(run, method)
    if isinstance(method, Corrected):
        return corrected(run, method)
    if isinstance(method, Reverse | Repaired):
        return reversed_(run, method)
    return superposed(run, method)


def _check_path(run: Run) -> None:
    """Refuse a composition that cannot be normalised at a level on the way."""
    from simtheory.tasks.composition.tails import failing, worst_level  # loads scipy.optimize

    c, levels = run.composition, run.levels.values
    found = worst_level(c, start=float(levels[0]))
    if found is not None and found[0] >= levels[-1]:
        raise RegimeError(f"Argument `c` must be {failing(c, *found)}")


def _points(start: ArrayLike | None, n: int, d: int) -> Array | None:
    if start is None:
        return None
    points = as_finite("start", start)
    if points.shape != (n, d):
        raise ShapeError(
            f"Argument `start` must have shape ({n}, {d}), a point for each chain, but its shape is "
            f"{points.shape}."
        )
    return points
