"""The sentences of an outlook: where a composition fails, what samplers return, which one to take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simtheory.analytic.composition import Advice
from simtheory.assess.experts.answers import Drawn, floor
from simtheory.noise import Levels
from simtheory.sim import composition as sim
from simtheory.tasks import Composition
from simtheory.tasks.composition.tails import Tail, weakest_tail

TRIED = 80
"""Moves a level up to which chains are tried where none are predicted."""

_CLOSE = 2.0  # distances of masses below so many floors are called right


def where(level: float, tail: Tail) -> str:
    """Return in words where a composition cannot be normalised."""
    direction = ", ".join(f"{u:.3g}" for u in tail.direction)
    at = "at any high level" if np.isinf(level) else f"at the level {level:.4g} and below"
    return f"{at} it does not fall along the direction ({direction})"


def remedy(c: Composition, levels: Levels, guidance: float | None) -> str:
    """Return in words which weights would give a density at every level."""
    if guidance is not None:
        return f"guidance below {_largest(c, levels, guidance):.4g} gives a density at every level"
    if c.total_weight <= 0.0:
        return "the total weight must be positive, since sampling starts from noise"
    factor = _factor(c, levels)
    fitting = np.where(c.weights < 0.0, factor * c.weights, c.weights)
    return (
        f"negative weights smaller in size than in ({', '.join(f'{w:.4g}' for w in fitting)}) give a "
        "density at every level"
    )


def _factor(c: Composition, levels: Levels) -> float:
    """Return the factor that the negative weights may have, at most, over every fifth level, the last too."""
    return min(weakest_tail(c, level=float(level)).factor for level in levels.values[::-5])


def _largest(c: Composition, levels: Levels, guidance: float) -> float:
    """Return the largest guidance under which every level is a density.

    Along a direction in which the experts fall as a and b, γa must be above (γ − 1)b; the direction that
    fails first depends on γ, so γ is lowered until none fails.
    """
    for _ in range(8):
        guided = Composition.guided(*c.experts, gamma=guidance)
        factor = _factor(guided, levels)
        if factor >= 1.0 - 1e-9:
            break
        guidance = 1.0 / (1.0 - factor * (guidance - 1.0) / guidance)
    return guidance


def advised(
    c: Composition,
    drawn: Sequence[Drawn],
    theory: Advice,
    needed: float | None,
    moves: int,
    n: int,
) -> list[str]:
    """Return in sentences what the samplers return and which one to take."""
    truth, several = drawn[0], len(drawn[0].masses) > 1
    named = {one.name.split(",")[0]: one for one in drawn[1:]}
    right = _CLOSE * floor(truth.masses, n) + 0.01
    off = {name: _width(one, truth) for name, one in named.items()}
    chains = [named["MALA"], named["HMC"]]
    best = min(chains, key=lambda one: one.distance)
    enough = moves
    if needed is not None and np.isfinite(needed) and best is named["MALA"]:
        enough = max(moves, int(needed))
    chosen = best.name.split(",")[0]
    words = [f"take {chosen} with its Metropolis step, {enough} moves or more a level"]
    weighted = named.get("weighted DDPM")
    if several and weighted is not None and weighted.distance <= right < best.distance:
        words = [
            f"take weighted DDPM: its masses are right, those of {moves} moves a level are not"
        ]
    if abs(c.total_weight - 1.0) > 1e-9:
        grows = "shrinks" if c.total_weight > 1.0 else "grows"
        words.append(
            f"DDIM is meaningless here: at total weight {c.total_weight:g} what it returns {grows} with "
            f"the first level Λ as Λ^{1.0 - c.total_weight:g}"
        )
    least = right if several else np.inf
    if named["DDPM"].distance > right or off["DDPM"] > 0.1:
        words.append(f"DDPM misses it: {_missed(named['DDPM'], off['DDPM'], least)}")
    for name in ("repaired score", "weighted DDPM"):
        words.append(_of_repair(name, named.get(name), off, least))
    if several and max(one.distance for one in chains) > right:
        words.append(
            f"chains freeze between modes: with {moves} moves a level the masses of MALA are off by "
            f"{chains[0].distance:.2f}, of HMC by {chains[1].distance:.2f}; more moves help slowly"
        )
    if needed is not None:
        words.append(_of_moves(theory, needed))
    accepted = ", ".join(f"{100.0 * x:.0f} % of {k.upper()}" for k, x in theory.acceptance.items())
    words.append(f"accepted inside a mode, predicted: {accepted}")
    units = sim.narrowest(c, np.zeros(1))
    words.append(
        f"steps at level 0: δ = {0.3 * units[0]:.2g} for Langevin, h = {0.7 * units[0] ** 0.5:.2g} for "
        "leapfrog; at level λ in proportion to the narrowest variance"
    )
    return words


def _width(one: Drawn, truth: Drawn) -> float:
    """Return by which share the variances in the largest mode are off, at most."""
    return float(np.nanmax(np.abs(one.widths / truth.widths - 1.0), initial=0.0))


def _missed(one: Drawn, width: float, least: float) -> str:
    """Say by how much masses and variances are off; distances up to the least are noise, and one mode has none."""
    far = f"the variance of a mode is off by up to {100.0 * width:.0f} %"
    if np.isinf(least):
        return far
    if one.distance <= least:
        return f"masses are right within the noise of the draws, {far}"
    return f"masses are off by {one.distance:.2f}, {far}"


def _of_repair(name: str, one: Drawn | None, off: dict[str, float], least: float) -> str:
    """Say how well reverse diffusion is repaired."""
    if one is None:
        return f"{name}: its draws leave float64 here"
    found = f"{name}: {_missed(one, off[name], least)}"
    if one.effective is not None:
        found += f"; at the least {100.0 * one.effective:.0f} % of the particles of an island count"
    return found


def _of_moves(theory: Advice, needed: float) -> str:
    """Say how many moves bring the masses within the wanted distance."""
    predicted = theory.needed is not None
    how = "predicted from the rates between modes" if predicted else "found with chains"
    if np.isinf(needed):
        most = "a million" if predicted else f"{TRIED}"
        return f"for masses within {theory.within:g} even {most} moves of MALA a level do not do, {how}"
    return (
        f"for masses within {theory.within:g}: {needed:g} move{'s' * (needed > 1)} of MALA at each of {theory.count} "
        f"levels, {how}"
    )
