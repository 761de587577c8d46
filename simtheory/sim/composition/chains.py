"""Annealed Markov chains on the path of a composition."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.noise.kernels import HMC, RESONANCE, UHMC, Kernel, Line
from simtheory.results import Samples
from simtheory.sim.composition.methods import Annealed
from simtheory.sim.composition.running import (
    BLOCK,
    Run,
    blocks,
    finished,
    narrowest,
    samples_of,
    tables_for,
)
from simtheory.tasks.composition import Composition

_TUPLES = 4096
"""Combinations of precisions that are looked at; of more, the narrowest direction alone is."""


def annealed(run: Run, method: Annealed) -> Samples:
    """Run the chains."""
    from simtheory.sim.composition.kernels import anneal  # loads Numba
    from simtheory.sim.composition.moves import BY_LINE, ENERGY, FREE, IN_PLACE, RELEASED, STATED
    from simtheory.sim.composition.tables import Moves

    kernel, steps = method.kernel, method.steps
    variance = narrowest(run.composition, run.levels.values)
    sizes = np.array(kernel.size(variance, alpha=run.levels.alpha))
    _check_steps(run, kernel, sizes, variance)
    fixed = kernel.scale == "fixed"
    carry = np.ones(len(run.levels))
    centre = run.centre()
    if fixed:  # the chain carries z = αy
        carry[1:] = run.levels.alpha[:-1] / run.levels.alpha[1:]
        centre = np.zeros(run.dim)
        spread = 1.0 / float(run.levels.alpha[0]) ** 2
    else:
        spread = run.spread(share=run.total_weight)
    points = run.started(np.array(spread), centre)
    leaps = isinstance(kernel, HMC | UHMC)
    by_line = isinstance(getattr(kernel, "density", None), Line)
    moves = Moves(
        leaps,
        FREE if not kernel.corrected else BY_LINE if by_line else ENERGY,
        {"stated": STATED, "released": RELEASED, "in_place": IN_PLACE}[kernel.convention],
        kernel.density.points if by_line else 2,  # type: ignore[attr-defined]
        kernel.leapfrog if leaps else 1,  # type: ignore[attr-defined]
        np.array([getattr(kernel, "damping", 0.0), *sizes]),
    )
    tables = tables_for(run, run.levels.values, centre, moves)
    path, parts = run.path(), blocks(run.n)
    accepted = np.zeros((len(parts), len(run.levels)))

    def act(part: slice, addresses: Any, done: Any, stop: Any) -> None:
        anneal(
            addresses, carry, steps, part.start, points[part], path[:, part],
            accepted[part.start // BLOCK], done, stop,
        )  # fmt: skip

    middle = kernel.density.points - 2 if by_line else 0  # type: ignore[attr-defined]
    each = (kernel.leapfrog if leaps else 1) + middle  # type: ignore[attr-defined]

    def samples(mask: Any) -> Samples:
        taken = accepted[[bool(mask[part.start]) for part in parts]].sum(axis=0)
        rate = taken / (steps * mask.sum())
        return samples_of(
            run, method, mask, points, centre, path,
            stats={"evaluations": len(run.levels) * (1 + steps * each)},
            arrays={"acceptance": ("level", rate)} if kernel.corrected else {},
        )  # fmt: skip

    return finished(run, method, parts, act, samples, tables)


def _check_steps(run: Run, kernel: Kernel, sizes: Array, variance: Array) -> None:
    """Refuse steps that are not stable at a level, and leapfrog steps that do not mix at the last one."""
    leaps = isinstance(kernel, HMC | UHMC)
    if not kernel.corrected or leaps:
        limits = 2.0 * variance**kernel.power
        if np.any(sizes >= limits):
            k = int(np.argmax(sizes / limits))
            raise ArgumentError(
                f"Argument `step` must be below {'2 √v' if leaps else '2 v'} at every level, but at level "
                f"{k}, λ = {run.levels.values[k]:.3g}, it is {sizes[k]:.3g} and the limit is "
                f'{limits[k]:.3g}. Take a smaller one, or scale="level".'
            )
    if not isinstance(kernel, HMC | UHMC):
        return
    last = run.levels.values[-1]
    for v in _directions(run.composition, float(last)):
        angle = float(kernel.angles(v, size=float(sizes[-1])))
        turns = round(angle / np.pi)
        if turns >= 1 and abs(angle - turns * np.pi) < RESONANCE:
            raise ArgumentError(
                f"Argument `leapfrog` must not be resonant, but {kernel.leapfrog} steps of "
                f"{sizes[-1]:.3g} turn the direction of variance {v:.3g} at the last level, "
                f"λ = {last:.3g}, by {angle / np.pi:.3f} π, so that it does not mix. Change `step` or "
                "`leapfrog`; up to 4 steps of at most 0.7 are always safe."
            )


def _directions(c: Composition, level: float) -> Array:
    """Return variances along which chains move: of the tuples of different precisions, if these are few."""
    eye = np.eye(c.dim)
    different = [
        w * np.unique(np.linalg.inv(expert.covariances + level * eye), axis=0)
        for w, expert in zip(c.weights, c.experts, strict=True)
    ]
    if np.prod([len(each) for each in different], dtype=float) > _TUPLES:
        return np.array([float(narrowest(c, level))])
    total: Any = np.zeros((1, c.dim, c.dim))
    for each in different:
        total = (total[:, np.newaxis] + each).reshape(-1, c.dim, c.dim)
    found = np.linalg.eigvalsh(total).ravel()
    return np.asarray(np.unique(1.0 / found[found > 0.0]))
