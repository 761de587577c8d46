r"""What a composition will return, before anything is sampled with a trained net.

Problem
-------
Experts are given as mixtures, or as samples that mixtures are fitted to. Their composition is known
exactly then: whether it is a density at every level, what each sampler returns of it with exact scores,
and how far that is from the truth.

Result
------
Each sampler draws with exact scores, compiled; beside it stand exact draws of the product where it can be
expanded, and else draws of long annealed chains. On Gaussian experts the closed laws stand beside too. Two
repairs of reverse diffusion draw as well: the repaired score, and weighted particles. How many moves a
level bring the masses of the modes within a wanted distance is predicted (`advice`), or in more than two
dimensions found with chains.

Reading
-------
What a sampler misses here it misses with any score: no training repairs it. What a trained net misses
beyond is its own error, which `error_split` tells apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._checks import as_finite, number, positive_int, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic.composition import Advice, advice, naive_law, target_law
from simtheory.analytic.composition.algebra import product
from simtheory.assess.experts.answers import Drawn, Outlook, floor
from simtheory.assess.experts.external import External
from simtheory.assess.experts.files import FittedExpert, read_expert, read_score
from simtheory.assess.experts.split import ErrorSplit, error_split, modes
from simtheory.assess.experts.words import TRIED, advised, remedy, where
from simtheory.errors import ArgumentError, RegimeError, ShapeError, SolveError
from simtheory.noise import HMC, MALA, Levels, Line
from simtheory.noise.curvatures import Tweedie
from simtheory.results import Samples
from simtheory.sim import composition as sim
from simtheory.tasks import Composition, GaussianMixture
from simtheory.tasks.composition.tails import worst_level

__all__ = ["outlook"]

_CHURN = 4.0
_LONG = 400  # moves at each level of the chains that stand in for exact draws
_PARTICLES = 500  # of an island, at least
_LEVELS = 100  # steps of chains from level to level
_FINER = 4  # times as many steps of reverse diffusion, whose own error is first order in them,
_LOW = 0.002  # and its last level over the narrowest variance: so much of that is lost in the last step


@face(but=("experts", "background"))
def outlook(
    experts: Sequence[Any],
    *,
    weights: ArrayLike | None = None,
    background: Any = None,
    guidance: float | None = None,
    score: Any = None,
    steps: int = 10,
    within: float = 0.05,
    n: int = 4000,
    seed: int = 0,
) -> Outlook:
    """Say what a composition is and what samplers return of it.

    Parameters
    ----------
    experts : sequence of path, GaussianMixture or FittedExpert
        The experts; a path names an npz of samples or of a mixture (`read_expert`).
    weights : array_like, shape (K,), optional
        Their powers. Default: 1 for each.
    background : path, GaussianMixture or FittedExpert, optional
        What the experts share, such as a prior: it gets the weight 1 − K.
    guidance : float, optional
        Strength γ; the two experts are then the conditional and the unconditional one.
    score : callable or sequence, or str, optional
        Your own scores: ``f(y, level)`` for each expert, or experts from `external`, in the order of
        the experts; or ``module:name`` of such a sequence. The error is then split.
    steps : int
        Moves at each level of the annealed chains.
    within : float
        Wanted total variation of the modes' masses, in (0, 1): the moves that reach it are named.
    n : int
        Draws of each sampler.
    seed : int
        Of all draws and fits.

    Returns
    -------
    Outlook
        The answer; `print` shows it.

    Raises
    ------
    ArgumentError, ShapeError, TaskError
        If files, weights or experts do not fit each other.
    """
    held = [_expert(one, seed) for one in experts]
    if not held:
        raise ArgumentError("Argument `experts` must hold at least one expert, but it is empty.")
    c, held = _composed(held, weights, background, guidance, seed)
    scores = None if score is None else _scores(c, score)
    count, moves = positive_int("n", n), positive_int("steps", steps)
    wanted, levels = share("within", within), _levels(c, _LEVELS)
    failed = worst_level(c)
    if failed is not None:
        level, tail = failed
        return Outlook(
            tuple(held), c, where(level, tail), level, tuple(tail.direction.tolist()),
            np.zeros((0, c.dim)), (), False, levels, moves, (remedy(c, levels, guidance),),
            advice(c, within=wanted, levels=levels),
        )  # fmt: skip
    centres, exact = _centres(c)
    theory = advice(c, centres=centres, within=wanted, levels=levels)
    truth = _truth(c, levels, count, seed, exact)
    masses = _shares(truth.points, centres)
    drawn = [_seen("exact draws" if exact else "long chains", truth, centres, masses)]
    fine = _levels(c, _FINER * _LEVELS, _LOW)
    for name, method, churn in _samplers(c, moves, count):
        down = levels if isinstance(method, sim.Annealed) else fine
        try:
            samples = sim.sample(method, c, count, levels=down, rng=seed)
        except (RegimeError, SolveError):  # a repair that leaves the numbers
            continue
        drawn.append(_seen(name, samples, centres, masses, _law(c, churn, levels), seed))
    needed = _needed(c, theory, levels, centres, masses, count, seed)
    split = None if scores is None else _split(c, scores, moves, levels, centres, seed)
    words = advised(c, drawn, theory, needed, moves, count)
    return Outlook(
        tuple(held), c, "", None, None, centres, tuple(drawn), exact, levels, moves, tuple(words),
        theory, needed, split,
    )  # fmt: skip


def _expert(given: Any, seed: int) -> FittedExpert:
    if isinstance(given, FittedExpert):
        return given
    if isinstance(given, GaussianMixture):
        return FittedExpert("mixture", given)
    if isinstance(given, str | Path):
        return read_expert(given, seed=seed)
    raise ArgumentError(
        "Argument `experts` must hold paths of npz files, mixtures or fitted experts, but it holds "
        f"{given!r}."
    )


def _composed(
    held: list[FittedExpert],
    weights: ArrayLike | None,
    background: Any,
    guidance: float | None,
    seed: int,
) -> tuple[Composition, list[FittedExpert]]:
    mixtures = [one.mixture for one in held]
    if sum(part is not None for part in (weights, background, guidance)) > 1:
        raise ArgumentError(
            "Arguments `weights`, `background` and `guidance` each say how experts are weighted: pass one "
            "of them."
        )
    if guidance is not None:
        if len(mixtures) != 2:
            raise ShapeError(
                "Argument `experts` must hold two experts under `guidance`, the conditional and the "
                f"unconditional one, but it holds {len(mixtures)}."
            )
        return Composition.guided(*mixtures, gamma=number("guidance", guidance)), held
    if background is not None:
        shared = _expert(background, seed)
        return Composition.over(mixtures, shared.mixture), [*held, shared]
    powers = None if weights is None else as_finite("weights", weights)
    return Composition(mixtures, powers), held


def _levels(c: Composition, steps: int, low: float = 0.1) -> Levels:
    """Return levels from well above the data's size to well below the narrowest direction."""
    sizes = [float(np.linalg.eigvalsh(e.covariance)[-1]) for e in c.experts]
    shifts = [float((e.means**2).sum(axis=1).max()) for e in c.experts]
    least = min(float(e.variances.min()) for e in c.experts)
    return Levels.geometric(8.0 * max(*sizes, *shifts), low * least, steps + 1)


def _centres(c: Composition) -> tuple[Array, bool]:
    """Return the centres of the cells, and whether the product can be expanded."""
    try:
        return modes(c), True
    except (
        RegimeError
    ):  # a fractional power or a quotient: cells around the modes of the first expert
        return modes(max(c.experts, key=lambda e: e.components)), False


def _truth(c: Composition, levels: Levels, n: int, seed: int, exact: bool) -> Samples:
    if exact:
        return Samples(
            product(c).mixture.sample(n, rng=seed), origin="analytic.product", exact=True
        )
    return sim.sample(sim.Annealed(HMC(), steps=_LONG), c, n, levels=levels, rng=seed)


def _samplers(c: Composition, moves: int, n: int) -> list[tuple[str, Any, float | None]]:
    return [
        ("DDIM", sim.Reverse(churn=0.0), 0.0),
        ("DDPM", sim.Reverse(churn=1.0), 1.0),
        (f"churn {_CHURN:g}", sim.Reverse(churn=_CHURN), _CHURN),
        ("repaired score", sim.Repaired(Tweedie()), None),
        ("weighted DDPM", sim.Corrected(islands=max(1, min(8, n // _PARTICLES))), None),
        (f"MALA, {moves} moves", sim.Annealed(MALA(), steps=moves), None),
        (f"HMC, {moves} moves", sim.Annealed(HMC(), steps=moves), None),
    ]


def _needed(
    c: Composition,
    theory: Advice,
    levels: Levels,
    centres: Array,
    masses: Array,
    n: int,
    seed: int,
) -> float | None:
    """Return how many moves a level bring the masses within the wanted distance."""
    if theory.needed is not None or len(centres) < 2:
        return theory.needed
    near, moves = theory.within + floor(masses, n), 5
    while moves <= TRIED:
        chains = sim.sample(sim.Annealed(MALA(), steps=moves), c, n, levels=levels, rng=seed + 1)
        if 0.5 * float(np.abs(_shares(chains.points, centres) - masses).sum()) <= near:
            return float(moves)
        moves *= 2
    return np.inf


def _law(c: Composition, churn: float | None, levels: Levels) -> tuple[Array, Array] | None:
    """Return mean and variances of reverse diffusion in closed form, where there is one."""
    if any(e.components > 1 for e in c.experts):
        return None
    if churn is None:
        law = target_law(c)
    else:
        law = naive_law(c, churn=churn, start=float(levels.values[0]))
    return law.mean, law.variances


def _seen(
    name: str,
    samples: Samples,
    centres: Array,
    truth: Array,
    law: tuple[Array, Array] | None = None,
    seed: int = 0,
) -> Drawn:
    effective = None
    if samples.log_weights is not None:
        effective = float(samples.arrays["effective_size"].min()) / len(samples.points)
        samples = samples.resampled(seed)
    x = samples.points
    masses = _shares(x, centres)
    distance = 0.5 * float(np.abs(masses - truth).sum())
    inside = x[_nearest(x, centres) == int(truth.argmax())]
    widths = inside.var(axis=0) if len(inside) > 1 else np.full(x.shape[1], np.nan)
    mean, variances = x.mean(axis=0), x.var(axis=0)
    return Drawn(name, samples, mean, variances, widths, masses, distance, law, effective)


def _nearest(x: Array, centres: Array) -> Any:
    return ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)


def _shares(x: Array, centres: Array) -> Array:
    return np.asarray(np.bincount(_nearest(x, centres), minlength=len(centres)) / len(x))


def _scores(c: Composition, score: Any) -> list[Any]:
    """Return the scores of the experts; what is wrong with them is said before anything is drawn."""
    given = read_score(score) if isinstance(score, str) else score
    each = list(given) if isinstance(given, Sequence) else [given] * len(c.experts)
    if callable(given) and len(c.experts) > 1:
        raise ArgumentError(
            f"Argument `score` must be a sequence of {len(c.experts)} scores, one for each expert (a "
            "background last), but it is one callable."
        )
    return [
        one if hasattr(one, "score") else External(one, None, None, None, c.dim, False, 0.0, None)
        for one in each
    ]


def _split(
    c: Composition, experts: list[Any], moves: int, levels: Levels, centres: Array, seed: int
) -> ErrorSplit:
    density = "energy" if all(getattr(one, "has_density", False) for one in experts) else Line()
    method = sim.Annealed(MALA(density=density), steps=moves)
    return error_split(
        c, experts, method, levels=levels, n=1000, seeds=[seed, seed + 1], centres=centres
    )
