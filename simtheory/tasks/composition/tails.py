r"""Tails of compositions: whether a product of powers can be normalised, and if not, where it fails.

Far out along a unit vector u a mixture falls as its slowest component,
:math:`\log q_{i,\lambda}(ru) \approx -\tfrac12r^2\min_k u^TP_{ik}u` with
:math:`P_{ik} = (C_{ik} + \lambda I)^{-1}`. So the product is integrable where

.. math:: f(u) = \sum_i w_i\min_k u^TP_{ik}u > 0 \quad\text{for every } u .

Experts of negative weight are ruled by their slowest component too. Only different precisions count, so
mixtures of equal components cost as much as Gaussians. The least f is exact if the experts share their
axes, if no expert of negative weight has several different precisions, or in the plane: there it lies on
an axis of one combination of precisions, or where two components of an expert fall alike. Else it is
searched over directions.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from simtheory._checks import as_finite, extended, non_negative, number
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import RegimeError
from simtheory.tasks.composition.compositions import Composition
from simtheory.tasks.composition.mixtures import GaussianMixture

__all__ = [
    "Tail",
    "failing",
    "require_mixtures",
    "require_normalizable",
    "weakest_tail",
    "worst_level",
]

_TUPLES = 4096
"""Combinations of different precisions that are looked at one by one; more are searched."""

_SCAN = 400  # levels between which a sign change is refined
_SEARCHED = 100  # the same, where each level is a search over directions


@face
@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """The direction in which a composition falls slowest.

    Parameters
    ----------
    value : float
        Least f over directions: the precision of the tail, negative or zero if not integrable.
    direction : ndarray, shape (d,)
        Unit vector where it is reached.
    factor : float
        By which the negative weights may be multiplied, at most, along this direction; infinite if none
        is negative.
    """

    value: float
    direction: Array
    factor: float

    def __post_init__(self) -> None:
        number("value", self.value)
        as_finite("direction", self.direction)
        extended("factor", self.factor, least=0.0)


@face
def require_mixtures(c: Composition, label: str) -> tuple[GaussianMixture, ...]:
    """Return the experts of a composition, all of which must be Gaussian mixtures.

    Parameters
    ----------
    c : Composition
        The composition.
    label : str
        Label of the result that needs them.

    Returns
    -------
    tuple of GaussianMixture
        The experts.

    Raises
    ------
    RegimeError
        If an expert is of another kind.
    """
    for index, expert in enumerate(c.experts):
        if not isinstance(expert, GaussianMixture):
            raise RegimeError(
                f"Argument `c` must hold Gaussian mixtures (label {label}), but experts[{index}] is of "
                f"the kind {type(expert).__name__}."
            )
    return c.experts


@face
def weakest_tail(c: Composition, *, level: float = 0.0) -> Tail:
    """Return the direction in which a composition of mixtures falls slowest.

    Parameters
    ----------
    c : Composition
        Of Gaussian mixtures.
    level : float
        Variance of the noise.

    Returns
    -------
    Tail
        Value, direction, and the factor that the negative weights may have.
    """
    level = non_negative("level", level)
    groups = [
        (w, _different(expert, level))
        for w, expert in zip(c.weights, require_mixtures(c, "normalizable"), strict=True)
        if w
    ]
    d = c.dim
    if all(_diagonal(P) for _, P in groups):
        sides = [np.diagonal(P, axis1=1, axis2=2).min(axis=0) for _, P in groups]
        several = sum(w < 0 and len(P) > 1 for w, P in groups)
        along = np.sum([w * s for (w, _), s in zip(groups, sides, strict=True)], axis=0)
        if not several or d == 1 or all(_isotropic(P) for _, P in groups):
            direction = np.eye(d)[int(along.argmin())]
            return Tail(float(along.min()), direction, _factor(groups, direction))
    return _searched(groups, d)


@face
def worst_level(c: Composition, *, start: float = np.inf) -> tuple[float, Tail] | None:
    """Return the highest level at which a composition of mixtures cannot be normalised.

    Parameters
    ----------
    c : Composition
        Of Gaussian mixtures.
    start : float
        Highest level of the path.

    Returns
    -------
    (float, Tail) or None
        The level, and the tail just below it if it fails from there on down; None if every level from 0
        to `start` is normalisable. Experts with common axes give polynomials in the level, whose
        roots are found; others are searched.
    """
    extended("start", start, least=0.0)
    experts = require_mixtures(c, "normalizable")
    if not np.any(c.weights < 0.0):
        return None
    size = max(float(e.variances.max()) for e in experts)
    if np.isinf(start) and c.total_weight <= 0.0:
        far = weakest_tail(c, level=1e6 * size)
        return np.inf, far
    top = 1e6 * size if np.isinf(start) else float(start)
    marks = {0.0, top, *(root for root in _roots(c, top))}
    least = min(float(e.variances.min()) for e in experts)
    dear = c.dim > 2 and any(e.axes is not None for e in experts)
    count = _SEARCHED if dear else _SCAN
    marks |= set(np.geomspace(1e-6 * least, max(top, 2e-6 * least), count).tolist())
    levels = np.array(sorted(level for level in marks if 0.0 <= level <= top))
    middles = levels[:0] if dear else 0.5 * (levels[1:] + levels[:-1])  # between roots
    between = np.sort(np.concatenate([levels, middles]))
    above = None  # the next higher level, which is normalisable
    for level in between[::-1].tolist():
        tail = weakest_tail(c, level=level)
        if tail.value <= 1e-12 * abs(c.weights).max() / (level + size):
            break
        above = level
    else:
        return None
    if above is not None and tail.value < 0.0:
        from scipy.optimize import brentq  # slow to import

        root = brentq(lambda x: weakest_tail(c, level=x).value, level, above, xtol=1e-14)
        return float(root), tail
    return level, tail


@face
def require_normalizable(c: Composition, *, level: float = 0.0) -> None:
    """Refuse a composition that cannot be normalised at a level.

    Parameters
    ----------
    c : Composition
        Of Gaussian mixtures.
    level : float
        Variance of the noise.

    Raises
    ------
    RegimeError
        With the level, the direction, and the largest weights that would do.
    """
    tail = weakest_tail(c, level=level)
    scale = abs(c.weights).max() / (level + max(float(e.variances.max()) for e in c.experts))
    if tail.value > 1e-12 * scale:
        return
    raise RegimeError(f"Argument `c` must be {failing(c, level, tail)}")


@face
def failing(c: Composition, level: float, tail: Tail) -> str:
    """Return in words where a composition cannot be normalised, and which weights could be.

    Parameters
    ----------
    c : Composition
        The composition.
    level : float
        Where it fails.
    tail : Tail
        Its tail there.

    Returns
    -------
    str
        The words.
    """
    extended("level", level, least=0.0)
    direction = ", ".join(f"{u:.4g}" for u in tail.direction)
    fitting = np.where(c.weights < 0.0, tail.factor * c.weights, c.weights)
    weights = ", ".join(f"{w:.6g}" for w in fitting)
    advice = (
        f" Weights below ({weights}) in size, where negative, would be."
        if tail.factor > 0.0 and np.isfinite(tail.factor)
        else " Give some expert a positive weight."
    )
    return (
        f"normalisable (label normalizable), but at the level {level:.6g} its density does not fall "
        f"along the direction ({direction}): the sum of weights over variances is {tail.value:.4g}.{advice}"
    )


def _different(expert: GaussianMixture, level: float) -> Array:
    """Return the different precisions of a mixture, shape (m, d, d)."""
    if expert.axes is None:
        variances = np.unique(expert.variances, axis=0) + level
        return np.asarray((1.0 / variances)[:, :, None] * np.eye(expert.dim))
    spread = np.unique(expert.covariances, axis=0)
    return np.asarray(np.linalg.inv(spread + level * np.eye(expert.dim)))


def _diagonal(P: Array) -> bool:
    return not np.any(P[:, ~np.eye(P.shape[-1], dtype=bool)])


def _isotropic(P: Array) -> bool:
    sides = np.diagonal(P, axis1=1, axis2=2)
    return bool(np.all(sides == sides[:, :1]))


def _parts(groups: list[tuple[float, Array]], u: Array) -> tuple[Array, Array]:
    """Return the share of positive and of negative weights in f(u), for u of shape (n, d)."""
    found = [np.zeros(len(u)), np.zeros(len(u))]
    for w, P in groups:
        slow = np.einsum("ni,kij,nj->nk", u, P, u).min(axis=1)
        found[int(w < 0)] += abs(w) * slow
    return found[0], found[1]


def _factor(groups: list[tuple[float, Array]], u: Array) -> float:
    plus, minus = _parts(groups, u[None])
    return float(plus[0] / minus[0]) if minus[0] > 0.0 else np.inf


def _searched(groups: list[tuple[float, Array]], d: int) -> Tail:
    counts = int(np.prod([float(len(P)) for _, P in groups]))
    frames = np.zeros((0, d))
    if counts <= _TUPLES:
        totals = [
            np.sum([w * P[k] for (w, P), k in zip(groups, chosen, strict=True)], axis=0)
            for chosen in product(*(range(len(P)) for _, P in groups))
        ]
        frames = np.swapaxes(np.linalg.eigh(np.array(totals))[1], 1, 2).reshape(-1, d)
    exact = bool(len(frames)) and (d == 2 or all(len(P) == 1 for w, P in groups if w < 0))
    if exact:
        trial = np.concatenate([frames, _crossings(groups)]) if d == 2 else frames
    else:
        rng = np.random.default_rng(0)
        trial = np.concatenate([frames, rng.standard_normal((256 * d, d))])
    trial = trial / np.linalg.norm(trial, axis=1, keepdims=True)

    def value(u: Array) -> float:
        plus, minus = _parts(groups, (u / np.linalg.norm(u))[None])
        return float(plus[0] - minus[0])

    plus, minus = _parts(groups, trial)
    order = np.argsort(plus - minus)
    best = trial[order[0]]
    if not exact:
        from scipy.optimize import minimize  # slow to import

        for start in trial[order[:4]]:
            found = minimize(
                value, start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 0}
            )
            if value(found.x) < value(best):
                best = found.x / np.linalg.norm(found.x)
    return Tail(value(best), best, _factor(groups, best))


def _crossings(groups: list[tuple[float, Array]]) -> Array:
    """Return the directions of the plane in which two components of an expert fall alike, shape (n, 2)."""
    pairs = [P[a] - P[b] for _, P in groups for a, b in combinations(range(len(P)), 2)]
    if not pairs:
        return np.zeros((0, 2))
    apart = np.array(pairs)
    # uᵀDu = m + r cos(2θ − φ) for u at the angle θ
    half, across = 0.5 * (apart[:, 0, 0] - apart[:, 1, 1]), apart[:, 0, 1]
    mean, size = 0.5 * (apart[:, 0, 0] + apart[:, 1, 1]), np.hypot(half, across)
    met = np.abs(mean) <= size
    phase, turn = (
        np.arctan2(across, half)[met],
        np.arccos(-mean[met] / np.maximum(size[met], 1e-300)),
    )
    angle = 0.5 * np.concatenate([phase + turn, phase - turn])
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _roots(c: Composition, top: float) -> list[float]:
    """Return the levels where the tail along a common axis vanishes."""
    experts = [(w, e) for w, e in zip(c.weights, c.experts, strict=True) if w]
    if any(e.axes is not None for _, e in experts):
        return []
    found: list[float] = []
    for axis in range(c.dim):
        wide = np.array([e.variances[:, axis].max() for _, e in experts])
        weights = np.array([w for w, _ in experts])
        variances, place = np.unique(wide, return_inverse=True)
        total = np.bincount(place, weights=weights)
        polynomial = np.zeros(len(variances))
        for i in range(len(variances)):
            others = np.poly(-np.delete(variances, i)) if len(variances) > 1 else np.ones(1)
            polynomial += total[i] * others
        roots = np.roots(np.trim_zeros(polynomial, "f")) if polynomial.any() else np.zeros(0)
        real = roots[np.abs(roots.imag) <= 1e-8 * (1.0 + np.abs(roots.real))].real
        found += [float(r) for r in real if 0.0 < r < top]
    return found
