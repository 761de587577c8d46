r"""The path of products through the noise levels: the clock, the tails, and what summed scores miss.

Symbols
-------
y : :math:`z/\alpha`; lambda : level, :math:`\sigma^2/\alpha^2`; q : density of an expert at a level;
S : :math:`\sum_iw_is_i`; W : total weight; D : defect; K : number of experts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simtheory._checks import (
    as_finite,
    extended,
    non_negative,
    number,
    positive,
    positive_int,
)
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.labels import implements
from simtheory.results import axes
from simtheory.results.axes import over
from simtheory.tasks.composition.compositions import Composition
from simtheory.tasks.composition.tails import weakest_tail, worst_level

__all__ = [
    "Validity",
    "attractor",
    "clock",
    "defect",
    "defect_of_pairs",
    "factorised",
    "guidance_defect",
    "high_noise_gap",
    "normalizable",
    "slot_mode",
    "validity",
]


@implements(
    "one-clock",
    title="One clock for all schedules",
    regime="any schedule, continuous time",
    source="du2023",
    where="derived here from the noised law",
)
@face
def clock(z: ArrayLike, *, alpha: float, sigma: float) -> tuple[Array, float]:
    r"""Return the state and the level that all schedules share, :math:`y = z/\alpha, \lambda = \sigma^2/\alpha^2`.

    In it every sampler with summed scores is :math:`dy = \tfrac12(1 + \eta^2)S\,d\tau + \eta\,dW`; schedules
    differ in their start alone.

    Parameters
    ----------
    z : array_like
        Noised data :math:`\alpha x + \sigma\varepsilon`.
    alpha : float
        Share of the data.
    sigma : float
        Share of the noise.

    Returns
    -------
    (ndarray, float)
        y and λ.

    Examples
    --------
    >>> clock([1.0], alpha=0.5, sigma=1.0)
    (array([2.]), 4.0)
    """
    share, noise = positive("alpha", alpha), non_negative("sigma", sigma)
    return as_finite("z", z) / share, (noise / share) ** 2


@implements(
    "high-noise-gap",
    title="Summed scores are wrong at high noise",
    regime="experts of finite variance and weight one, level to infinity",
    source="du2023",
    where="derived here from Gaussian limits",
    exactness="O(1/level)",
)
@face
def high_noise_gap(dim: int, experts: int) -> float:
    r"""Return the divergence of the noised product from the product of the noised experts, at high noise.

    .. math:: KL \to \frac d2(K - 1 - \ln K) \quad (\lambda \to \infty) .

    Parameters
    ----------
    dim : int
        Dimension d.
    experts : int
        Number of experts K, each of weight 1 and finite variance.

    Returns
    -------
    float
        The limit, which does not vanish for two experts or more.

    Examples
    --------
    >>> round(high_noise_gap(2, 3), 4)
    0.9014
    """
    K = positive_int("experts", experts)
    return float(0.5 * positive_int("dim", dim) * (K - 1.0 - np.log(K)))


@implements(
    "normalizable",
    title="When a composition is a density",
    regime="Gaussian tails; mixtures by their slowest components",
    source="du2023",
    where="derived here from the tails",
)
@face
def normalizable(c: Composition, *, level: float = 0.0) -> bool:
    r"""Return whether a composition of mixtures can be normalised at a level.

    .. math:: \sum_iw_i\min_ku^T(C_{ik} + \lambda I)^{-1}u > 0 \quad\text{for every direction } u .

    Parameters
    ----------
    c : Composition
        Of Gaussian mixtures.
    level : float
        Variance of the noise.

    Returns
    -------
    bool
        Whether its integral is finite.

    Examples
    --------
    >>> from simtheory import GaussianMixture
    >>> wide, narrow = (GaussianMixture([1.0], [0.0], [v]) for v in (1.0, 0.25))
    >>> normalizable(wide / narrow), normalizable(narrow / wide)
    (False, True)
    """
    tail = weakest_tail(c, level=non_negative("level", level))
    scale = abs(c.weights).max() / (level + max(float(e.variances.max()) for e in c.experts))
    return bool(tail.value > 1e-12 * scale)


@face
@dataclass(frozen=True, slots=True, eq=False)
class Validity:
    """Whether a composition is a density on the whole path, and which samplers have a limit.

    Parameters
    ----------
    holds : bool
        Whether it can be normalised at every level from the start to 0.
    level : float or None
        Highest level at which it cannot; None if there is none.
    direction : ndarray, shape (d,), or None
        Direction in which it does not fall there.
    largest : ndarray, shape (K,), or None
        Weights, the negative ones shrunk, up to which it could be normalised there.
    total_weight : float
        Total weight W.
    samplers : dict of str to bool
        Whether the end of each sampler stays finite: ``"ddim"``, ``"ddpm"``, ``"annealed"``; with an
        infinite start W = 1 and W > 1/2 decide the first two.
    """

    holds: bool
    level: float | None
    direction: Array | None = field(metadata=over("i"))
    largest: Array | None = field(metadata=over("expert"))
    total_weight: float
    samplers: dict[str, bool]

    def __post_init__(self) -> None:
        axes.settle(self)
        number("total_weight", self.total_weight)
        if self.level is not None:
            extended("level", self.level)


@face
def validity(c: Composition, *, start: float = np.inf, churn: float = 1.0) -> Validity:
    r"""Return whether a composition is a density on its whole path, and which samplers have a limit.

    From :math:`\Lambda \to \infty` reverse diffusion has a finite end iff
    :math:`W > 1/(1 + \eta^2)`, the ODE iff :math:`W = 1`; its variance goes as
    :math:`\Lambda^{1-W}`. A finite end need not be the right one.

    Parameters
    ----------
    c : Composition
        Of Gaussian mixtures.
    start : float
        Highest level; infinite for the limit.
    churn : float
        Churn of the sampler that ``"ddpm"`` stands for.

    Returns
    -------
    Validity
        With a level and a direction where it fails.

    Examples
    --------
    >>> from simtheory import GaussianMixture
    >>> wide, narrow = (GaussianMixture([1.0], [0.0], [v]) for v in (1.0, 0.25))
    >>> found = validity(Composition((wide, narrow), (1.0, -0.4)))
    >>> found.holds, round(found.level, 6)
    (False, 0.25)
    """
    if not start > 0.0:
        raise ArgumentError(f"Argument `start` must be a positive level, but it is {start!r}.")
    eta2, W = non_negative("churn", churn) ** 2, c.total_weight
    found = worst_level(c, start=start)
    finite = bool(np.isfinite(start))
    holds = found is None and (W > 0.0 or finite)
    samplers = {
        "ddim": finite or abs(W - 1.0) < 1e-12,
        "ddpm": finite or W * (1.0 + eta2) > 1.0 + 1e-12,
        "annealed": holds,
    }
    if found is None:
        return Validity(holds, None, None, None, W, samplers)
    level, tail = found
    shrunk = np.where(c.weights < 0.0, tail.factor * c.weights, c.weights)
    largest = shrunk if np.isfinite(tail.factor) else None
    return Validity(holds, level, tail.direction, largest, W, samplers)


@implements(
    "validity-rule",
    title="Which samplers have a finite end",
    regime="Gaussian tails, infinite start",
    source="du2023",
    where="derived here from the variance at high levels",
)
@face
def attractor(total_weight: float, *, churn: float = 1.0) -> float:
    r"""Return the variance over the level that reverse diffusion has at high levels.

    From an infinite start it has a finite end iff :math:`W > 1/(1 + \eta^2)`; then

    .. math:: \frac V\lambda \to \frac{\eta^2}{(1 + \eta^2)W - 1} .

    The ODE has one iff W = 1: its end goes as :math:`\Lambda^{1-W}`.

    Parameters
    ----------
    total_weight : float
        Total weight W.
    churn : float
        Churn η, positive.

    Returns
    -------
    float
        The ratio.

    Raises
    ------
    RegimeError
        If the total weight is too small.

    Examples
    --------
    >>> attractor(1.0), attractor(2.0)
    (1.0, 0.3333333333333333)
    """
    W, eta2 = number("total_weight", total_weight), positive("churn", churn) ** 2
    room = (1.0 + eta2) * W - 1.0
    if room <= 0.0:
        raise RegimeError(
            f"Argument `total_weight` must be above 1/(1 + η²) = {1.0 / (1.0 + eta2):.4g} (label "
            f"validity-rule), but it is {W:g}: from an infinite start the variance has no limit."
        )
    return eta2 / room


@implements(
    "defect",
    title="What summed scores miss",
    regime="any experts, any churn",
    source="du2023",
    where="derived here from the heat equation",
)
@face
def defect(scores: Array, weights: ArrayLike) -> Array:
    r"""Return what the path of products gains beyond reverse diffusion with summed scores.

    For :math:`p_\lambda \propto \prod_iq_{i,\lambda}^{w_i}` and any churn,

    .. math:: \partial_\tau p = \text{(flow of the sampler)} + p\,(D - E_pD), \qquad
        D = \tfrac12\Big(|S|^2 - \sum_iw_i|s_i|^2\Big) .

    So the sampler is exact if and only if D is constant in x at every level.

    Parameters
    ----------
    scores : ndarray, shape (K, ..., d)
        Scores of the experts.
    weights : array_like, shape (K,)
        Their weights.

    Returns
    -------
    ndarray, shape (...)
        Defects.
    """
    w = as_finite("weights", weights)
    if scores.ndim < 2 or w.shape != scores.shape[:1]:
        raise ShapeError(
            f"Argument `weights` must have shape ({scores.shape[0] if scores.ndim else 1},), one for each "
            f"expert's scores (K, ..., d), but its shape is {w.shape}."
        )
    as_finite("scores", scores)
    total = np.einsum("k,k...d->...d", w, scores)
    squares = np.einsum("k,k...d->...", w, scores**2)
    return np.asarray(0.5 * ((total**2).sum(axis=-1) - squares))


@implements(
    "defect-forms",
    title="The defect over a background, and of guidance",
    regime="any experts",
    source="skreta2025",
    where="derived here from the defect",
)
@face
def defect_of_pairs(scores: Array, background: Array) -> Array:
    r"""Return the defect of experts over a background: products of what each adds.

    .. math:: D = \sum_{i<j}\langle s_i - s_b, s_j - s_b\rangle .

    Parameters
    ----------
    scores : ndarray, shape (K, ..., d)
        Scores of the experts, each of weight 1.
    background : ndarray, shape (..., d)
        Score of the background, of weight 1 − K.

    Returns
    -------
    ndarray, shape (...)
        Defects.

    Raises
    ------
    ShapeError
        If the scores have no axis of experts.
    ArgumentError
        If the squares of the scores leave the range of numbers.
    """
    added = as_finite("scores", scores) - as_finite("background", background)
    if added.ndim < 2:
        raise ShapeError(
            f"Argument `scores` must have shape (K, ..., d), but its shape is {np.shape(scores)}."
        )
    total = added.sum(axis=0)
    defects = np.asarray(0.5 * ((total**2).sum(axis=-1) - (added**2).sum(axis=(0, -1))))
    if not np.isfinite(defects).all():
        raise ArgumentError(
            "Argument `scores` must have squares within the range of float64, but its largest entry "
            f"is {np.abs(scores).max():.3g}."
        )
    return defects


@face
def guidance_defect(cond: Array, uncond: Array, gamma: float) -> Array:
    r"""Return the defect of guidance, :math:`D = \tfrac12\gamma(\gamma - 1)|s_c - s_u|^2`.

    Parameters
    ----------
    cond : ndarray, shape (..., d)
        Conditional scores.
    uncond : ndarray, shape (..., d)
        Unconditional scores.
    gamma : float
        Strength.

    Returns
    -------
    ndarray, shape (...)
        Defects.
    """
    apart = as_finite("cond", cond) - as_finite("uncond", uncond)
    return np.asarray(0.5 * number("gamma", gamma) * (gamma - 1.0) * (apart**2).sum(axis=-1))


@implements(
    "factorised-conditionals",
    title="Experts on disjoint coordinates compose exactly",
    regime="experts that differ from the background on coordinates of their own",
    source="bradley2025",
    where="derived here from the defect",
)
@face
def factorised(background: Array, shifts: Array) -> Array:
    r"""Return the composed score of experts that change disjoint coordinates of a background.

    Where expert i adds :math:`g_i` to the background's score on coordinates of its own, each keeps what
    it adds, and the defect :math:`\sum_{i<j}\langle s_i - s_b, s_j - s_b\rangle` vanishes: reverse
    diffusion is exact.

    .. math:: S_i = b_i + g_i .

    Parameters
    ----------
    background : ndarray, shape (d,)
        The background's score b.
    shifts : ndarray, shape (d,)
        What the one expert of each coordinate adds, g.

    Returns
    -------
    ndarray, shape (d,)
        The score, from those of d experts.

    Raises
    ------
    ShapeError
        If `shifts` is no vector.
    """
    if np.ndim(shifts) != 1:
        raise ShapeError(
            f"Argument `shifts` must have shape (d,), but its shape is {np.shape(shifts)}."
        )
    experts = as_finite("background", background) + np.diag(as_finite("shifts", shifts))
    return np.asarray(experts.sum(axis=0) - (len(shifts) - 1) * background)


@implements(
    "background-slots",
    title="The unconditional background divides an object by their number",
    regime="the mode, slots apart",
    source="bradley2025",
    where="derived here from the energy of a slot",
)
@face
def slot_mode(k: int, *, size: float = 1.0) -> float:
    r"""Return where the mode of a slot sits when k objects are composed over the unconditional background.

    .. math:: \arg\min_c\big[(k - 1)c^2 + (\mu - c)^2\big] = \frac\mu k .

    Parameters
    ----------
    k : int
        Number of objects.
    size : float
        Place μ of an object alone.

    Returns
    -------
    float
        The place; with an empty background it is μ for every k.

    Examples
    --------
    >>> [round(slot_mode(k), 3) for k in (1, 2, 3, 5, 9)]
    [1.0, 0.5, 0.333, 0.2, 0.111]
    """
    return number("size", size) / positive_int("k", k)
