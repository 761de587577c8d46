r"""What a composition will return, before anything is sampled with a trained net.

Problem
-------
Experts are given as mixtures, or as samples that mixtures are fitted to. Their composition is known
exactly then: whether it is a density at every level, what each sampler returns of it with exact scores,
and how far that is from the truth.

Result
------
Each sampler draws with exact scores, compiled; beside it stand exact draws of the product where it can be
expanded, and else draws of long annealed chains. On Gaussian experts the closed laws stand beside too.

Reading
-------
What a sampler misses here it misses with any score: no training repairs it. What a trained net misses
beyond is its own error, which `error_split` tells apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._checks import as_finite, not_negative, number, positive_int
from simtheory._faces import face
from simtheory._text import rows_as_html
from simtheory._typing import Array, ArrayLike
from simtheory.analytic.composition import naive_law, target_law
from simtheory.analytic.composition.algebra import product
from simtheory.assess.experts.external import External
from simtheory.assess.experts.files import FittedExpert, read_expert, read_score
from simtheory.assess.experts.split import ErrorSplit, error_split, modes
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.noise import HMC, MALA, Levels, Line
from simtheory.results import Samples
from simtheory.sim import composition as sim
from simtheory.tasks import Composition, GaussianMixture
from simtheory.tasks.composition.tails import Tail, weakest_tail, worst_level

__all__ = ["Drawn", "Outlook", "outlook"]

_CHURN = 4.0
_LONG = 400  # moves at each level of the chains that stand in for exact draws
_CLOSE = 2.0  # distances of masses below so many floors are called right


@face
@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What one sampler returns with exact scores.

    Parameters
    ----------
    name : str
        The sampler.
    samples : Samples
        Its draws.
    mean, variances : ndarray, shape (d,)
        Of the draws.
    widths : ndarray, shape (d,)
        Variances of the draws in the cell that should have most mass; NaN if it has none.
    masses : ndarray, shape (m,)
        Of the cells.
    distance : float
        Total variation distance of the masses from the truth.
    law : tuple of ndarray, or None
        Mean and variances in closed form, for Gaussian experts.
    """

    name: str
    samples: Samples
    mean: Array
    variances: Array
    widths: Array
    masses: Array
    distance: float
    law: tuple[Array, Array] | None = None

    def __post_init__(self) -> None:
        for name in ("mean", "masses"):
            as_finite(name, getattr(self, name))
        not_negative("variances", self.variances)
        number("distance", self.distance)
        for each in () if self.law is None else self.law:
            as_finite("law", each)


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Outlook:
    """What a composition is, and what samplers return of it.

    Parameters
    ----------
    experts : tuple of FittedExpert
        The experts, a background last.
    composition : Composition
        What was composed.
    failure : str
        Where it cannot be normalised, in words; empty if it is a density at every level.
    failing_level : float or None
        Highest level at which it fails; infinite if it fails for ever.
    failing_direction : tuple of float or None
        Direction in which it does not fall there.
    centres : ndarray, shape (m, d)
        Modes of the composition, the centres of the cells.
    drawn : tuple of Drawn
        The truth first, then each sampler; empty if the composition is no density.
    exact : bool
        Whether the truth is independent draws, rather than long chains.
    levels : Levels
        Noise levels of the chains.
    steps : int
        Moves at each level.
    words : tuple of str
        What to take, and why.
    split : ErrorSplit or None
        Errors of target, sampler and score, where a score was given.
    """

    experts: tuple[FittedExpert, ...]
    composition: Composition
    failure: str
    failing_level: float | None
    failing_direction: tuple[float, ...] | None
    centres: Array
    drawn: tuple[Drawn, ...]
    exact: bool
    levels: Levels
    steps: int
    words: tuple[str, ...]
    split: ErrorSplit | None = None

    @property
    def valid(self) -> bool:
        """Whether the composition is a density at every level."""
        return not self.failure

    def to_dict(self) -> dict[str, Any]:
        """Return numbers, words and lists, ready for JSON.

        Returns
        -------
        dict
            What is infinite is None, with a flag beside it.
        """
        level = self.failing_level
        return {
            "experts": [
                {
                    "name": one.name,
                    "components": one.mixture.components,
                    "dim": one.mixture.dim,
                    "samples": one.samples,
                    "held_out": one.held_out,
                    "criteria": list(one.criteria),
                }
                for one in self.experts
            ],
            "weights": self.composition.weights.tolist(),
            "total_weight": self.composition.total_weight,
            "valid": self.valid,
            "failure": self.failure or None,
            "failing_level": None if level is None or np.isinf(level) else level,
            "fails_at_any_noise": level is not None and bool(np.isinf(level)),
            "failing_direction": self.failing_direction,
            "centres": self.centres.tolist(),
            "exact": self.exact,
            "steps": self.steps,
            "samplers": [
                {
                    "name": one.name,
                    "mean": one.mean.tolist(),
                    "variances": one.variances.tolist(),
                    "widths": [None if np.isnan(v) else v for v in one.widths.tolist()],
                    "masses": one.masses.tolist(),
                    "distance": one.distance,
                    "law": None if one.law is None else [part.tolist() for part in one.law],
                }
                for one in self.drawn
            ],
            "words": list(self.words),
            "split": None if self.split is None else self.split.to_dict(),
        }

    def summary(self) -> list[str]:
        """Return the answer in sentences.

        Returns
        -------
        list of str
            The experts, whether their composition is a density, and what to take.
        """
        powers = ", ".join(f"{w:g}" for w in self.composition.weights)
        lines = [one.words for one in self.experts]
        lines.append(f"weights {powers}; total weight {self.composition.total_weight:g}")
        lines.append("a density at every level" if self.valid else f"no density: {self.failure}")
        return [*lines, *self.words]

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Return the table of the samplers.

        Returns
        -------
        head : list of str
            Names of the columns.
        rows : list of list of str
            A row for each sampler: how far masses and mean are off, the variance in the largest mode
            over the true one, and the masses.
        """
        head = ["sampler", "masses off", "mean off", "variance of a mode", "masses of the modes"]
        rows = []
        for one in self.drawn:
            truth = self.drawn[0]
            spread = np.sqrt(truth.variances)
            off = float(np.abs((one.mean - truth.mean) / spread).max())
            ratios = one.widths / truth.widths
            low, high = float(ratios.min()), float(ratios.max())
            both = (
                "—"
                if np.isnan(low)
                else f"{low:.2g}"
                if high - low < 0.05 * high
                else f"{low:.2g} to {high:.2g}"
            )
            masses = " ".join(f"{m:.2f}" for m in one.masses[:6])
            rows.append(
                [
                    one.name,
                    f"{one.distance:.3f}",
                    f"{off:.2f} sd",
                    both,
                    masses + (" …" if len(one.masses) > 6 else ""),
                ]
            )
        return head, rows

    def __str__(self) -> str:
        lines = [f"Composition of {len(self.experts)} experts"]
        lines += [f"  {line}" for line in self.summary()]
        if self.drawn:
            head, rows = self.rows()
            widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
            for row in [head, *rows]:
                cells = (word.ljust(width) for word, width in zip(row, widths, strict=True))
                lines.append("  " + "  ".join(cells).rstrip())
        return "\n".join(lines) + ("" if self.split is None else f"\n{self.split}")

    def __repr__(self) -> str:
        state = "a density" if self.valid else "no density"
        return f"Outlook({len(self.experts)} experts, {state})"

    def _repr_html_(self) -> str:
        rows = [(one.name, f"masses off by {one.distance:.3f}") for one in self.drawn]
        return rows_as_html("; ".join(self.summary()), rows)


@face(but=("experts", "background"))
def outlook(
    experts: Sequence[Any],
    *,
    weights: ArrayLike | None = None,
    background: Any = None,
    guidance: float | None = None,
    score: Any = None,
    steps: int = 10,
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
    count, moves = positive_int("n", n), positive_int("steps", steps)
    levels = _levels(c)
    failed = worst_level(c)
    if failed is not None:
        level, tail = failed
        return Outlook(
            tuple(held), c, _where(level, tail), level, tuple(tail.direction.tolist()),
            np.zeros((0, c.dim)), (), False, levels, moves, (_remedy(c, levels, guidance),),
        )  # fmt: skip
    centres, exact = _centres(c)
    truth = _truth(c, levels, count, seed, exact)
    masses = _shares(truth.points, centres)
    drawn = [_seen("exact draws" if exact else "long chains", truth, centres, masses, None)]
    for name, method, churn in _samplers(c, moves):
        samples = sim.sample(method, c, count, levels=levels, rng=seed)
        drawn.append(_seen(name, samples, centres, masses, _law(c, churn, levels)))
    split = None if score is None else _split(c, score, moves, levels, centres, seed)
    return Outlook(
        tuple(held), c, "", None, None, centres, tuple(drawn), exact, levels, moves,
        tuple(_advised(c, drawn, moves, count)), split,
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


def _levels(c: Composition) -> Levels:
    """Return levels from well above the data's size to well below the narrowest direction."""
    sizes = [float(np.linalg.eigvalsh(e.covariance)[-1]) for e in c.experts]
    shifts = [float((e.means**2).sum(axis=1).max()) for e in c.experts]
    least = min(float(e.variances.min()) for e in c.experts)
    return Levels.geometric(8.0 * max(*sizes, *shifts), 0.1 * least, 101)


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


def _samplers(c: Composition, moves: int) -> list[tuple[str, Any, float | None]]:
    return [
        ("DDIM", sim.Reverse(churn=0.0), 0.0),
        ("DDPM", sim.Reverse(churn=1.0), 1.0),
        (f"churn {_CHURN:g}", sim.Reverse(churn=_CHURN), _CHURN),
        (f"MALA, {moves} moves", sim.Annealed(MALA(), steps=moves), None),
        (f"HMC, {moves} moves", sim.Annealed(HMC(), steps=moves), None),
    ]


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
    name: str, samples: Samples, centres: Array, truth: Array, law: tuple[Array, Array] | None
) -> Drawn:
    x = samples.points
    masses = _shares(x, centres)
    distance = 0.5 * float(np.abs(masses - truth).sum())
    inside = x[_nearest(x, centres) == int(truth.argmax())]
    widths = inside.var(axis=0) if len(inside) > 1 else np.full(x.shape[1], np.nan)
    return Drawn(name, samples, x.mean(axis=0), x.var(axis=0), widths, masses, distance, law)


def _nearest(x: Array, centres: Array) -> Any:
    return ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)


def _shares(x: Array, centres: Array) -> Array:
    return np.asarray(np.bincount(_nearest(x, centres), minlength=len(centres)) / len(x))


def _split(
    c: Composition, score: Any, moves: int, levels: Levels, centres: Array, seed: int
) -> ErrorSplit:
    given = read_score(score) if isinstance(score, str) else score
    each = list(given) if isinstance(given, Sequence) else [given] * len(c.experts)
    if callable(given) and len(c.experts) > 1:
        raise ArgumentError(
            f"Argument `score` must be a sequence of {len(c.experts)} scores, one for each expert (a "
            "background last), but it is one callable."
        )
    experts = [
        one if hasattr(one, "score") else External(one, None, None, None, c.dim, False, 0.0, None)
        for one in each
    ]
    density = "energy" if all(getattr(one, "has_density", False) for one in experts) else Line()
    method = sim.Annealed(MALA(density=density), steps=moves)
    return error_split(
        c, experts, method, levels=levels, n=1000, seeds=[seed, seed + 1], centres=centres
    )


def _where(level: float, tail: Tail) -> str:
    """Return in words where a composition cannot be normalised."""
    direction = ", ".join(f"{u:.3g}" for u in tail.direction)
    at = "at any high level" if np.isinf(level) else f"at the level {level:.4g} and below"
    return f"{at} it does not fall along the direction ({direction})"


def _remedy(c: Composition, levels: Levels, guidance: float | None) -> str:
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


def _advised(c: Composition, drawn: Sequence[Drawn], moves: int, n: int) -> list[str]:
    """Return in sentences what the samplers return and which one to take."""
    truth, _, ddpm, _, mala, hmc = drawn
    cells = len(truth.masses)
    # mean total variation of n draws in m cells around the truth: √(2p(1 − p)/πn) a cell, halved
    floor = float(np.sqrt(truth.masses * (1.0 - truth.masses) * 2.0 / (np.pi * n)).sum()) / 2.0
    words = []
    if abs(c.total_weight - 1.0) > 1e-9:
        grows = "shrinks" if c.total_weight > 1.0 else "grows"
        words.append(
            f"DDIM is meaningless here: at total weight {c.total_weight:g} what it returns {grows} with "
            f"the first level Λ as Λ^{1.0 - c.total_weight:g}"
        )
    far = float(np.nanmax(np.abs(ddpm.widths / truth.widths - 1.0), initial=0.0))
    if ddpm.distance > _CLOSE * floor + 0.01 or far > 0.1:
        masses = f"masses are off by {ddpm.distance:.2f}, " if cells > 1 else ""
        words.append(f"DDPM misses it: {masses}the variance of a mode by up to {100.0 * far:.0f} %")
    best = min((mala, hmc), key=lambda one: one.distance)
    if cells > 1 and best.distance > _CLOSE * floor + 0.01:
        words.append(
            f"chains freeze between modes: with {moves} moves a level masses are off by "
            f"{best.distance:.2f}; more moves help slowly"
        )
    words.append(
        f"take {best.name.split(',')[0]} with its Metropolis step, {moves} moves or more a level"
    )
    units = sim.narrowest(c, np.zeros(1))
    words.append(
        f"steps at level 0: δ = {0.3 * units[0]:.2g} for Langevin, h = {0.7 * units[0] ** 0.5:.2g} for "
        "leapfrog; at level λ in proportion to the narrowest variance"
    )
    return words
