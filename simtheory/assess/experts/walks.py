r"""Chains on callables: the samplers of `simtheory.sim.composition` for scores and energies of your own.

The methods, kernels and levels are the same descriptions; here NumPy walks, and all chains of a step are
one call of each expert. Of a callable nothing is known but what it returns, so the unit of the steps,
:math:`v_\lambda = 1/\sum_{w_i>0} w_i/(c_i + \lambda)`, takes the smallest variances :math:`c_i` from its `narrowest`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from simtheory._checks import all_positive, as_generator, positive_int
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.assess.experts.reversals import corrected, reversed_, superposed
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.noise import HMC, MALA, UHMC, ULA, Kernel, Levels, Line
from simtheory.results import Arrays, Samples
from simtheory.sim.composition import Annealed, Corrected, Oracle, Repaired, Reverse
from simtheory.sim.composition.methods import Method
from simtheory.tasks import Composition, GaussianMixture

__all__ = ["sample", "unit_variances"]


class _Seen(NamedTuple):
    """Points with what is known of them."""

    x: Array
    score: Array
    log_density: Array


class _Target:
    """A composition at one level, whose calls are counted."""

    def __init__(self, c: Composition, level: float, *, density: bool) -> None:
        self._c, self._level, self._density = c, level, density
        self.calls = 0

    def score(self, x: Array) -> Array:
        self.calls += 1
        return self._c.score(x, level=self._level)

    def see(self, x: Array) -> _Seen:
        self.calls += 1
        if not self._density:
            return _Seen(x, self._c.score(x, level=self._level), np.zeros(len(x)))
        logs, scores = np.zeros(len(x)), np.zeros_like(x)
        for weight, expert in zip(self._c.weights.tolist(), self._c.experts, strict=True):
            if not weight:
                continue
            if hasattr(expert, "density_and_score"):
                log, score = expert.density_and_score(x, level=self._level)
            else:
                log = expert.log_density(x, level=self._level)
                score = expert.score(x, level=self._level)
            logs, scores = logs + weight * log, scores + weight * score
        return _Seen(x, scores, logs)


@face
def unit_variances(c: Composition, levels: Levels) -> Array:
    r"""Return the variance of the narrowest direction at each level, the unit of the kernels' steps.

    .. math:: v_\lambda = 1/\sum_{w_i > 0} \frac{w_i}{c_i + \lambda} .

    Parameters
    ----------
    c : Composition
        Experts that are mixtures, or have `narrowest`.
    levels : Levels
        Noise levels.

    Returns
    -------
    ndarray, shape (T,)
        The variances.

    Raises
    ------
    ArgumentError
        If an expert's smallest variance is not known.
    """
    found = np.zeros(len(levels))
    for weight, expert in zip(c.weights.tolist(), c.experts, strict=True):
        if weight <= 0.0:
            continue
        if isinstance(expert, GaussianMixture):
            least: Any = float(expert.variances.min())
        else:
            least = getattr(expert, "narrowest", None)
        if least is None:
            raise ArgumentError(
                f"The kernels' steps need the smallest variance of {expert!r}: pass "
                "external(narrowest=...)."
            )
        found += weight / (least + levels.values)
    return np.asarray(1.0 / found)


@face
def sample(
    method: Method,
    c: Composition,
    n: int,
    *,
    levels: Levels,
    rng: np.random.Generator | int,
    units: Array | None = None,
) -> Samples:
    """Draw from a composition of callables, nets or mixtures.

    Parameters
    ----------
    method : Annealed, Reverse, Repaired, Corrected, SuperposedOr or SuperposedAnd
        As `simtheory.sim.composition` describes them. `Repaired` takes the curvatures of a callable from
        differences of its score; the weights of `Corrected` begin equal where a log-density is not known.
    c : Composition
        The experts.
    n : int
        Number of chains.
    levels : Levels
        Noise levels.
    rng : Generator or int
        Randomness.
    units : ndarray, shape (T,), optional
        Variance of the narrowest direction at each level. Default: `unit_variances`.

    Returns
    -------
    Samples
        One point of each chain, with the acceptance at each level; `log_weights` for `Corrected`.

    Raises
    ------
    ArgumentError
        If the method is the oracle, which needs mixtures, or asks for what an expert does not have.
    RegimeError
        If the total weight is not positive, so that there is no start.

    Notes
    -----
    One call of each expert for each move, with all chains; L calls for L leapfrog steps. Compositions of
    mixtures alone are many times faster in `simtheory.sim.composition.sample`.
    """
    count, draws = positive_int("n", n), as_generator(rng)
    if c.total_weight <= 0.0:
        raise RegimeError(
            f"Argument `c` must have a positive total weight to start from noise, but it is "
            f"{c.total_weight:g}."
        )
    if isinstance(method, Annealed):
        return _annealed(method, c, count, levels, draws, units)
    if isinstance(method, Oracle):
        raise ArgumentError(
            "Argument `method` must not be Oracle() for experts that are callables: it expands mixtures. "
            "simtheory.sim.composition.sample has it."
        )
    if levels.values[0] == 0.0:
        raise ArgumentError("Argument `levels` must begin above 0, but its first level is 0.")
    if isinstance(method, Corrected):
        return corrected(method, c, count, levels, draws)
    if isinstance(method, Reverse | Repaired):
        return reversed_(method, c, count, levels, draws)
    return superposed(method, c, count, levels, draws)


def _annealed(
    method: Annealed,
    c: Composition,
    n: int,
    levels: Levels,
    rng: np.random.Generator,
    units: Array | None,
) -> Samples:
    kernel: Kernel = method.kernel
    if kernel.convention != "stated":
        raise ArgumentError(
            f"Argument `method` must keep the stated kernel for callables, but its convention is "
            f"{kernel.convention!r}. Replay faults with simtheory.sim.composition.sample."
        )
    scale = unit_variances(c, levels) if units is None else all_positive("units", units)
    if scale.shape != (len(levels),):
        raise ShapeError(
            f"Argument `units` must have shape ({len(levels)},), one for each level, but its shape is "
            f"{scale.shape}."
        )
    density = kernel.corrected and not isinstance(getattr(kernel, "density", None), Line)
    fixed = kernel.scale == "fixed"  # such chains carry z = αy, and start from N(0, I)
    first = 1.0 / levels.alpha[0] ** 2 if fixed else levels.values[0] / c.total_weight
    x = rng.standard_normal((n, c.dim)) * first**0.5
    v = rng.standard_normal(x.shape)
    taken, calls = [], 0
    move = _MOVES[type(kernel)]
    before = levels.alpha[0]
    for level, unit in zip(levels, scale.tolist(), strict=True):
        x = x * (before / level.alpha) if fixed else x
        before = level.alpha
        size = float(kernel.size(unit, alpha=float(level.alpha)))
        target = _Target(c, float(level.value), density=density)
        now, chances = target.see(x), 0.0
        for _ in range(method.steps):
            now, v, chance = move(kernel, target, now, v, size, rng)
            chances += chance
        x = now.x
        taken.append(chances / method.steps)
        calls += target.calls
    return Samples(
        x,
        levels=levels.values,
        origin="validation.sample",
        stats={"method": repr(method), "evaluations": calls},
        arrays=Arrays({"acceptance": ("level", np.array(taken))}),
    )


Moved = tuple[_Seen, Array, float]


def _langevin(
    kernel: Any, target: _Target, now: _Seen, v: Array, size: float, rng: np.random.Generator
) -> Moved:
    z = rng.standard_normal(now.x.shape)
    new = target.see(now.x + size * now.score + (2.0 * size) ** 0.5 * z)
    if isinstance(kernel, ULA):
        return new, v, 1.0
    back = ((now.x - new.x - size * new.score) ** 2).sum(axis=1)
    gain = _gain(kernel, target, now, new)
    taken, chance = _taken(gain - (back - 2.0 * size * (z**2).sum(axis=1)) / (4.0 * size), rng)
    return _chosen(taken, new, now), v, chance


def _leapfrog(
    kernel: Any, target: _Target, now: _Seen, v: Array, size: float, rng: np.random.Generator
) -> Moved:
    kept = kernel.damping
    v = kept * v + (1.0 - kept**2) ** 0.5 * rng.standard_normal(v.shape)
    new, w = now, v
    for _ in range(kernel.leapfrog):
        w = w + 0.5 * size * new.score
        new = target.see(new.x + size * w)
        w = w + 0.5 * size * new.score
    if isinstance(kernel, UHMC):
        return new, w, 1.0
    kinetic = 0.5 * ((v**2).sum(axis=1) - (w**2).sum(axis=1))
    taken, chance = _taken(_gain(kernel, target, now, new) + kinetic, rng)
    return _chosen(taken, new, now), np.where(taken[:, None], w, -v), chance


def _gain(kernel: Any, target: _Target, now: _Seen, new: _Seen) -> Array:
    """Return the log-density at the new points less that at the old ones."""
    if not isinstance(kernel.density, Line):
        return np.asarray(new.log_density - now.log_density)
    step, last = new.x - now.x, kernel.density.points - 1
    total = 0.5 * (now.score + new.score)
    for k in range(1, last):
        total = total + target.score(now.x + (k / last) * step)
    return np.asarray((total * step).sum(axis=1) / last)


def _taken(log_alpha: Array, rng: np.random.Generator) -> tuple[Any, float]:
    """Return which proposals are taken, and the mean of their probabilities."""
    chance = np.exp(np.minimum(log_alpha, 0.0))
    return rng.random(len(chance)) < chance, float(chance.mean())


def _chosen(taken: Any, new: _Seen, now: _Seen) -> _Seen:
    wide = taken[:, None]
    return _Seen(
        np.where(wide, new.x, now.x),
        np.where(wide, new.score, now.score),
        np.where(taken, new.log_density, now.log_density),
    )


_MOVES: dict[type, Callable[..., Moved]] = {
    ULA: _langevin,
    MALA: _langevin,
    UHMC: _leapfrog,
    HMC: _leapfrog,
}
