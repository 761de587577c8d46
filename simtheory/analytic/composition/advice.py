r"""Advice before any run: what each sampler would return on a composition, and which one to take.

Nothing is drawn. Gaussian experts have exact laws; on the line mixtures have numerical ones; in more dimensions each
expert is replaced by the Gaussian of its moments, which the answer says. Masses of modes come from
`freeze_out`, in one or two dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simtheory._checks import as_finite, number, positive, positive_int, share
from simtheory._faces import face
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array, ArrayLike
from simtheory.analytic.composition.algebra import product
from simtheory.analytic.composition.freezing import cell_masses, freeze_out, relaxed
from simtheory.analytic.composition.line import terminal_law
from simtheory.analytic.composition.mcmc import acceptance
from simtheory.analytic.composition.naive import GaussianLaw, naive_law
from simtheory.analytic.composition.paths import Validity, validity
from simtheory.errors import ArgumentError, RegimeError
from simtheory.noise import HMC, MALA, Levels
from simtheory.results import axes
from simtheory.results.axes import over
from simtheory.tasks.composition.compositions import Composition
from simtheory.tasks.composition.mixtures import GaussianMixture
from simtheory.tasks.composition.tails import require_mixtures

__all__ = ["Advice", "advice"]

_LEVELS = 40  # at which rates are computed; others share the time
_MOVES = (1, 5, 10, 20, 50)
_MOST = 2**20  # moves a level beyond which masses count as out of reach
_START = 400.0  # of a sampler without a limit, in units of the largest variance
_CONSTANT = (
    1e-6  # spread of the defect, over its scale, below which reverse diffusion counts as exact
)


@face
@dataclass(frozen=True, slots=True, eq=False)
class Advice:
    """What samplers would return on a composition.

    Parameters
    ----------
    validity : Validity
        Whether it is a density on the path, and which samplers have a limit.
    total_weight : float
        Total weight W.
    exact : bool
        Whether the laws are those of the experts, not of Gaussians of their moments.
    laws : dict of str to GaussianLaw
        Mean and covariance of the ``"target"`` where it is a mixture, and of what ``"ddim"``, ``"ddpm"`` and ``"churned"`` (η = 2)
        draw; what has no law is missing.
    step : float
        Langevin step in units of the smallest variance; it must be below 2.
    leapfrog : int
        Leapfrog steps that never resonate with the step 0.7.
    acceptance : dict of str to float
        Predicted acceptance of ``"mala"`` and ``"hmc"`` inside a mode.
    moves : ndarray, shape (n,)
        Moves a level for which masses are predicted.
    distances : ndarray, shape (n,), or None
        Total variation of the modes' masses after MALA with so many moves at each level; None in more than
        two dimensions, or where there is one mode.
    within : float
        Total variation that is wanted.
    needed : float or None
        Fewest moves a level after which the masses are within it; infinite if a million do not do. None
        where `distances` is.
    count : int
        Levels of the annealing.
    sampler : str
        The method of `simtheory.sim.composition` to take.
    reason : str
        Why.
    """

    validity: Validity
    total_weight: float
    exact: bool
    laws: dict[str, GaussianLaw]
    step: float
    leapfrog: int
    acceptance: dict[str, float]
    moves: Array = field(metadata=over("moves", labels=True))
    distances: Array | None = field(metadata=over("moves"))
    within: float
    needed: float | None
    count: int
    sampler: str
    reason: str

    def __post_init__(self) -> None:
        axes.settle(self)
        number("total_weight", self.total_weight)
        positive("step", self.step)
        share("within", self.within)
        if self.needed is not None and not self.needed >= 0.0:
            raise ArgumentError(
                f"Argument `needed` must be a number of moves, but it is {self.needed!r}."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return numbers, words and lists, ready for JSON.

        Returns
        -------
        dict
            What is infinite is None, with a flag beside it.
        """
        level, needed = self.validity.level, self.needed
        endless = level is not None and bool(np.isinf(level))
        return {
            "a_density": self.validity.holds,
            "failing_level": None if endless else level,
            "fails_at_any_noise": endless,
            "limits": dict(self.validity.samplers),
            "total_weight": self.total_weight,
            "laws_are_exact": self.exact,
            "laws": {
                name: {"mean": law.mean.tolist(), "covariance": law.covariance.tolist()}
                for name, law in self.laws.items()
            },
            "step": self.step,
            "leapfrog": self.leapfrog,
            "acceptance": dict(self.acceptance),
            "moves": self.moves.tolist(),
            "distances": None if self.distances is None else self.distances.tolist(),
            "within": self.within,
            "moves_needed": None if needed is None or np.isinf(needed) else needed,
            "out_of_reach": needed is not None and bool(np.isinf(needed)),
            "levels": self.count,
            "sampler": self.sampler,
            "reason": self.reason,
        }

    def __str__(self) -> str:
        return rows_as_text("Advice on a composition", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("Advice on a composition", self._rows())

    def _rows(self) -> list[tuple[str, str]]:
        v = self.validity
        rows = [("total weight", f"{self.total_weight:g}")]
        where = "" if v.level is None else f", not at the level {v.level:.4g} and just below"
        rows.append(("a density", f"{'yes' if v.holds else 'no'}{where}"))
        for name, law in self.laws.items():
            mean, spread = (
                ", ".join(f"{x:.4g}" for x in np.round(part[:4], 12) + 0.0)
                for part in (law.mean, law.variances)
            )
            rows.append((name, f"mean ({mean}), variances ({spread})"))
        rows.append(("laws", "exact" if self.exact else "of Gaussians with the experts' moments"))
        rows.append(("step, leapfrog", f"{self.step:g} v, {self.leapfrog} of 0.7 √v"))
        rows.append(("acceptance", ", ".join(f"{k} {x:.3f}" for k, x in self.acceptance.items())))
        if self.distances is not None:
            pairs = zip(self.moves, self.distances, strict=True)
            rows.append(("masses off by", ", ".join(f"{d:.3f} at {n:g} moves" for n, d in pairs)))
        if self.needed is not None:
            few = f"{self.needed:g}" if np.isfinite(self.needed) else f"more than {_MOST}"
            rows.append((f"for {self.within:g}", f"{few} moves at each of {self.count} levels"))
        return [*rows, ("take", self.sampler), ("because", self.reason)]


@face
def advice(
    c: Composition,
    *,
    budget: int = 1000,
    centres: ArrayLike | None = None,
    within: float = 0.05,
    levels: Levels | None = None,
) -> Advice:
    """Say before any run what samplers would return on a composition, and which one to take.

    Parameters
    ----------
    c : Composition
        Of Gaussian mixtures.
    budget : int
        Evaluations of the score for each draw that may be spent.
    centres : array_like, shape (m, d), optional
        Centres of the modes. Default: the means of the expert with the narrowest components.
    within : float
        Wanted total variation of the modes' masses, in (0, 1).
    levels : Levels, optional
        Levels of the annealing. Default: 40, from four times the largest variance to a tenth of the smallest.

    Returns
    -------
    Advice
        Validity, laws, steps, acceptance, masses against moves, the moves that are needed, the sampler and
        the reason.

    Raises
    ------
    RegimeError
        If an expert is no Gaussian mixture.

    Examples
    --------
    >>> a, b = GaussianMixture([1.0], [-1.0], [1.0]), GaussianMixture([1.0], [1.0], [0.25])
    >>> found = advice(a * b)
    >>> found.sampler, found.laws["ddpm"].covariance.round(4)
    ('Oracle()', array([[0.1448]]))
    """
    experts = require_mixtures(c, "normalizable")
    spent, wanted = positive_int("budget", budget), share("within", within)
    places = None if centres is None else as_finite("centres", centres)
    valid = validity(c)
    exact, laws = _laws(c, experts, valid)
    narrow = np.full(c.dim, 1.0)
    rates = {"mala": acceptance(MALA(step=0.3), narrow), "hmc": acceptance(HMC(), narrow)}
    falling = _annealing(experts) if levels is None else levels
    off = _annealed(c, experts, places, falling) if valid.holds else None
    sampler, reason = _choice(c, experts, valid, max(1, spent // len(falling)))
    return Advice(
        validity=valid,
        total_weight=c.total_weight,
        exact=exact,
        laws=laws,
        step=0.3,
        leapfrog=3,
        acceptance=rates,
        moves=np.array(_MOVES, dtype=float),
        distances=None if off is None else np.array([off(n) for n in _MOVES]),
        within=wanted,
        needed=None if off is None else _fewest(off, wanted),
        count=len(falling),
        sampler=sampler,
        reason=reason,
    )


def _laws(
    c: Composition, experts: tuple[GaussianMixture, ...], valid: Validity
) -> tuple[bool, dict[str, GaussianLaw]]:
    single = all(e.components == 1 for e in experts)
    start = _START * max(float(np.trace(e.covariance)) for e in experts)
    laws: dict[str, GaussianLaw] = {}
    try:
        whole = product(c).mixture
        laws["target"] = GaussianLaw(whole.mean, whole.covariance)
    except RegimeError:  # no mixture: a quotient by one, a power that is not whole, no density
        pass
    if not single and c.dim == 1:
        for name, churn in (("ddim", 0.0), ("ddpm", 1.0), ("churned", 2.0)):
            law = terminal_law(c, churn=churn, start=start, points=401, steps=120)
            laws[name] = GaussianLaw(np.array([law.mean]), np.array([[law.variance]]))
        return True, laws
    plain = c if single else _moments(c, experts)
    for name, churn in (("ddim", 0.0), ("ddpm", 1.0), ("churned", 2.0)):
        finite = valid.samplers["ddim" if churn == 0.0 else "ddpm"]
        laws[name] = naive_law(plain, churn=churn, start=np.inf if finite else start)
    return single, laws


def _moments(c: Composition, experts: tuple[GaussianMixture, ...]) -> Composition:
    return Composition(
        [GaussianMixture([1.0], e.mean[None], e.covariance[None]) for e in experts], c.weights
    )


def _annealing(experts: tuple[GaussianMixture, ...]) -> Levels:
    highest = 4.0 * max(float(np.abs(e.covariance).max()) for e in experts)
    lowest = 0.1 * min(float(e.variances.min()) for e in experts)
    return Levels.geometric(highest, lowest, _LEVELS)


def _annealed(
    c: Composition,
    experts: tuple[GaussianMixture, ...],
    centres: Array | None,
    levels: Levels,
) -> Callable[[int], float] | None:
    """Return the distance of the modes' masses from the exact ones after MALA, by moves a level."""
    if centres is None:
        several = [e for e in experts if e.components > 1]
        if not several:
            return None
        centres = min(several, key=lambda e: float(e.variances.min())).means
    if c.dim > 2 or len(np.atleast_2d(centres)) < 2:
        return None
    count = len(levels)
    if count > _LEVELS:
        lowest = float(levels.values[levels.values > 0.0][-1])
        levels = Levels.geometric(float(levels.values[0]), lowest, _LEVELS)
    precision = sum(
        w / (float(e.variances.min()) + levels.values)
        for w, e in zip(c.weights, experts, strict=True)
        if w > 0
    )
    step = 0.3 * acceptance(MALA(step=0.3), np.ones(c.dim)) / precision * count / len(levels)
    try:
        found = freeze_out(c, centres, levels, step)
        clean = cell_masses(c, np.atleast_2d(centres))
    except RegimeError:  # too fine a grid
        return None

    def off(moves: int) -> float:
        masses = found.exact[0]
        for t in range(len(levels)):
            masses = relaxed(masses, found.rates[t] * step[t] * moves, found.exact[t])
        return 0.5 * float(np.abs(masses - clean).sum())

    return off


def _fewest(off: Callable[[int], float], within: float) -> float:
    """Return the fewest moves with a distance within a wanted one, by doubling and halving."""
    high = 1
    while off(high) > within:
        high *= 2
        if high > _MOST:
            return np.inf
    low = high // 2
    while high - low > max(1, high // 64):
        middle = (low + high) // 2
        low, high = (middle, high) if off(middle) > within else (low, middle)
    return float(high)


def _choice(
    c: Composition, experts: tuple[GaussianMixture, ...], valid: Validity, moves: int
) -> tuple[str, str]:
    if not valid.holds:
        return "none", (
            f"the composition is no density at the level {valid.level:.4g}: lower its negative weights"
        )
    try:
        product(c)
    except RegimeError:  # too many components, a quotient by a mixture, a power that is not whole
        pass
    else:
        return "Oracle()", "the composition is a mixture, of which independent draws are exact"
    if valid.samplers["ddpm"] and _constant(c, experts):
        return "Reverse()", "the defect is constant, so that reverse diffusion is exact"
    return f"Annealed(MALA(step=0.3), steps={moves})", (
        "the composition is no mixture, and summed scores miss it; masses of modes freeze, so that more "
        "moves a level help slowly"
    )


def _constant(c: Composition, experts: tuple[GaussianMixture, ...]) -> bool:
    """Return whether the defect is constant at some points and levels."""
    points = np.concatenate([e.means for e in experts])[:64]
    points = points + np.random.default_rng(0).normal(
        scale=0.3 * points.std() + 0.1, size=points.shape
    )
    for level in (0.01, 0.3, 5.0):
        values = c.defect(points, level=level)
        size = np.abs(values).max() + float(np.square(c.score(points, level=level)).mean())
        if np.ptp(values) > _CONSTANT * size:
            return False
    return True
