r"""What reverse diffusion with summed scores returns on Gaussians: exact laws, no sampling.

Problem
-------
In the clock of the level, :math:`y = x/\alpha` and :math:`\tau = -\lambda`, every sampler with summed scores is

.. math:: dy = \tfrac12(1 + \eta^2)S\,d\tau + \eta\,dW .

On Gaussian experts it is linear, so mean and covariance at the end are integrals over levels.

Symbols
-------
eta : *churn*, 0 for the probability-flow ODE and DDIM, 1 for the reverse SDE and DDPM; Lambda : level of
the start, where y is N(0, ΛI); c : variance of an expert along a direction; g : the shrinking
:math:`\prod_i(c_i/(c_i + \lambda))^{w_i}`; W : total weight.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from simtheory._checks import (
    all_positive,
    as_finite,
    non_negative,
    positive,
    positive_int,
)
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.labels import implements
from simtheory.results import axes
from simtheory.results.axes import over
from simtheory.tasks.composition.compositions import Composition
from simtheory.tasks.composition.tails import require_mixtures, require_normalizable

__all__ = [
    "GaussianLaw",
    "churned_variance",
    "equal_shrink",
    "many_posteriors",
    "naive_law",
    "ode_variance",
    "target_law",
]

_FAR = 1e8
"""Start of a matrix flow from infinity, in units of the largest variance; its error is of order 1/_FAR."""


@face
@dataclass(frozen=True, slots=True, eq=False)
class GaussianLaw:
    """A Gaussian: what a target or a sampler on Gaussian experts is.

    Parameters
    ----------
    mean : ndarray, shape (d,)
        Its mean.
    covariance : ndarray, shape (d, d)
        Its covariance.
    """

    mean: Array = field(metadata=over("i"))
    covariance: Array = field(metadata=over("i", "j"))

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)
        if self.covariance.shape != (self.mean.size, self.mean.size):
            raise ShapeError(
                f"Argument `covariance` must have shape {(self.mean.size, self.mean.size)}, as the mean "
                f"has {self.mean.size} entries, but it has shape {self.covariance.shape}."
            )

    @property
    def variances(self) -> Array:
        """Variances along the coordinate axes, shape (d,)."""
        return np.asarray(np.diagonal(self.covariance))


def gaussians(c: Composition, label: str) -> tuple[Array, Array, Array]:
    """Return weights, means and covariances of Gaussian experts, without those of weight 0."""
    experts = require_mixtures(c, label)
    for index, expert in enumerate(experts):
        if expert.components > 1:
            raise RegimeError(
                f"Argument `c` must hold single Gaussians (label {label}), but experts[{index}] has "
                f"{expert.components} components. In one dimension use terminal_law; in more, draw "
                "particles with simtheory.sim.composition."
            )
    used = np.flatnonzero(c.weights)
    return (
        c.weights[used],
        np.array([experts[i].means[0] for i in used]),
        np.array([experts[i].covariances[0] for i in used]),
    )


@implements(
    "gaussian-target",
    title="A composition of Gaussians",
    regime="single Gaussians, normalisable",
    source="du2023",
    where="derived here from precisions",
)
@face
def target_law(c: Composition) -> GaussianLaw:
    r"""Return the composition of Gaussians itself.

    .. math:: V^{-1} = \sum_iw_iC_i^{-1}, \qquad M = V\sum_iw_iC_i^{-1}m_i .

    Parameters
    ----------
    c : Composition
        Of single Gaussians.

    Returns
    -------
    GaussianLaw
        Mean and covariance.

    Raises
    ------
    RegimeError
        If an expert is no single Gaussian, or the composition cannot be normalised.

    Examples
    --------
    >>> from simtheory import GaussianMixture
    >>> a, b = GaussianMixture([1.0], [-1.0], [1.0]), GaussianMixture([1.0], [1.0], [0.25])
    >>> target_law(a * b).mean.round(12), target_law(a * b).covariance.round(12)
    (array([0.6]), array([[0.2]]))
    """
    weights, means, covariances = gaussians(c, "gaussian-target")
    require_normalizable(c)
    precisions = np.linalg.inv(covariances)
    spread = np.linalg.inv(np.einsum("k,kij->ij", weights, precisions))
    mean = spread @ np.einsum("k,kij,kj->i", weights, precisions, means)
    return GaussianLaw(mean, 0.5 * (spread + spread.T))


@implements(
    "gaussian-sde",
    title="What reverse diffusion with summed scores draws from Gaussians",
    regime="single Gaussians; an infinite start needs W > 1/(1 + churn^2)",
    source="du2023",
    where="derived here from the variance equation",
)
@face
def naive_law(c: Composition, *, churn: float = 1.0, start: float = np.inf) -> GaussianLaw:
    r"""Return the law of reverse diffusion with summed scores on Gaussian experts.

    .. math:: V = \eta^2\int_0^\Lambda g^{1+\eta^2}d\lambda + \Lambda g(\Lambda)^{1+\eta^2}, \qquad
        M = \tfrac12(1+\eta^2)\int_0^\Lambda g^{(1+\eta^2)/2}\sum_i\frac{w_im_i}{c_i + \lambda}d\lambda

    along each common axis; covariances without common axes are integrated as matrices.

    Parameters
    ----------
    c : Composition
        Of single Gaussians.
    churn : float
        0 for the ODE (DDIM), 1 for the SDE (DDPM), more for further noise.
    start : float
        Level at which :math:`N(0, \Lambda I)` starts; infinite for the limit.

    Returns
    -------
    GaussianLaw
        Mean and covariance of what is drawn.

    Raises
    ------
    RegimeError
        If an expert is no single Gaussian, or the limit of an infinite start does not exist.

    Examples
    --------
    >>> from simtheory import GaussianMixture
    >>> a, b = GaussianMixture([1.0], [-1.0], [1.0]), GaussianMixture([1.0], [1.0], [0.25])
    >>> naive_law(a * b).mean.round(6), naive_law(a * b).covariance.round(6)
    (array([0.434405]), array([[0.144802]]))
    """
    eta2 = non_negative("churn", churn) ** 2
    if not (isinstance(start, float | int | np.number) and start > 0.0):
        raise ArgumentError(f"Argument `start` must be a positive level, but it is {start!r}.")
    weights, means, covariances = gaussians(c, "gaussian-sde")
    check_limit(float(weights.sum()), weights, covariances, eta2, float(start))
    frame = _common_frame(covariances)
    if frame is None:
        return _matrix_law(weights, means, covariances, eta2, float(start))
    variances = np.einsum("ia,kij,ja->ka", frame, covariances, frame)
    centres = means @ frame
    found = [
        scalar_law(weights, centres[:, a], variances[:, a], eta2, float(start))
        for a in range(frame.shape[1])
    ]
    mean = frame @ np.array([m for m, _ in found])
    spread = (frame * np.array([v for _, v in found])) @ frame.T
    return GaussianLaw(mean, 0.5 * (spread + spread.T))


def check_limit(
    total: float, weights: Array, covariances: Array, eta2: float, start: float
) -> None:
    """Refuse an infinite start from which the variance has no limit."""
    if np.isfinite(start):
        return
    if eta2 == 0.0 and abs(total - 1.0) > 1e-12:
        logs = np.linalg.slogdet(covariances)[1] / covariances.shape[-1]
        limit = float(np.exp(weights @ logs))
        raise RegimeError(
            f"Argument `start` must be finite for the ODE where the total weight is not 1 (label "
            f"validity-rule), but the weight is {total:g}: the variance ends at about "
            f"c^W Λ^(1−W), here {limit:.3g} Λ^{1.0 - total:g}. Pass start=Λ."
        )
    if eta2 > 0.0 and total * (1.0 + eta2) <= 1.0:
        raise RegimeError(
            f"Argument `start` must be finite where the total weight W is at most 1/(1 + η²) = "
            f"{1.0 / (1.0 + eta2):.4g} (label validity-rule), but W is {total:g}: from an infinite start the "
            "variance has no limit. Pass start=Λ, or more churn."
        )


def _common_frame(covariances: Array) -> Array | None:
    """Return orthonormal columns that diagonalise all covariances, or None."""
    d = covariances.shape[-1]
    off = ~np.eye(d, dtype=bool)
    if not np.any(covariances[:, off]):
        return np.eye(d)
    mix = np.random.default_rng(0).uniform(1.0, 2.0, len(covariances))
    frame = np.linalg.eigh(np.einsum("k,kij->ij", mix, covariances))[1]
    turned = np.einsum("ia,kij,jb->kab", frame, covariances, frame)
    size = np.abs(covariances).max()
    return frame if np.abs(turned[:, off]).max() <= 1e-13 * size else None


_STEEPEST = 16.0
"""Logarithm by which g^κ may fall over the first panel twice; 24 nodes integrate it to rounding."""
_NOTHING = -100.0
"""Logarithm of g^κ from which on what lies beyond adds nothing to 16 digits."""


@cache
def _rule() -> tuple[Array, Array]:
    """Return nodes and weights of Gauss and Legendre on [−1, 1]."""
    nodes, weights = special.roots_legendre(24)
    return nodes, weights


def _panels(lowest: float, highest: float, end: float) -> tuple[Array, Array]:
    """Return nodes and weights on [0, end]: up to the lowest variance, then by factors of two."""
    count = max(1, int(np.ceil(np.log2(max(highest, lowest) / lowest))))
    edges = np.concatenate([[0.0, 0.5 * lowest], lowest * 2.0 ** np.arange(count + 1)])
    edges = np.append(edges[edges < end], end)
    width = np.diff(edges)
    points, weights = _rule()
    nodes = edges[:-1, None] + 0.5 * width[:, None] * (1.0 + points)
    return nodes.ravel(), (0.5 * width[:, None] * weights).ravel()


def scalar_law(w: Array, m: Array, c: Array, eta2: float, start: float) -> tuple[float, float]:
    """Return mean and variance along one common axis."""
    total, kappa = float(w.sum()), 0.5 * (1.0 + eta2)
    far = 64.0 * float(c.max())
    end = min(start, far) if np.isinf(start) else start
    # g^κ falls from 1 within c over κ times the weights: much churn needs nodes closer to zero
    steep = kappa * float((np.abs(w) / c).sum()) * float(c.min()) / _STEEPEST
    lowest = max(float(c.min()) / max(1.0, steep), np.finfo(float).tiny)
    nodes, weights = _panels(lowest, end, end)

    def log_g(x: Array) -> Array:
        return np.asarray(-(w * np.log1p(x[:, None] / c)).sum(axis=1))

    fall, pull = log_g(nodes), (w * m / (c + nodes[:, None])).sum(axis=1)
    mean = kappa * float(weights @ (np.exp(kappa * fall) * pull))
    variance = eta2 * float(weights @ np.exp(2.0 * kappa * fall))
    if np.isfinite(start):
        return mean, variance + start * float(np.exp(2.0 * kappa * log_g(np.array([start]))[0]))

    if kappa * log_g(np.array([far]))[0] < _NOTHING:
        return mean, variance

    def tail(power: float) -> tuple[Array, Array, Array]:
        """Nodes λ = far/v with the weight v^power on (0, 1), and what is left of g λ^W."""
        x, weight = special.roots_jacobi(24, 0.0, power)
        v = 0.5 * (1.0 + x)
        rest = (w * np.log(c / (c * v[:, None] + far))).sum(axis=1)
        return v, weight * 0.5 ** (power + 1.0), rest

    v, weight, rest = tail(kappa * total - 1.0)
    pull = (w * m * far / (c * v[:, None] + far)).sum(axis=1)  # λ times the pull
    mean += kappa * float(weight @ (np.exp(kappa * rest) * pull))
    if eta2 > 0.0:
        v, weight, rest = tail(2.0 * kappa * total - 2.0)
        variance += eta2 * far * float(weight @ np.exp(2.0 * kappa * rest))
    else:  # W = 1: Λ g(Λ) tends to the weighted geometric mean
        variance = float(np.exp(w @ np.log(c)))
    return mean, variance


def _matrix_law(w: Array, m: Array, C: Array, eta2: float, start: float) -> GaussianLaw:
    """Return the law where no frame is common, by an integration down the levels."""
    from scipy.integrate import solve_ivp  # slow to import

    d = m.shape[1]
    eye, kappa, total = np.eye(d), 0.5 * (1.0 + eta2), float(w.sum())
    size = float(np.linalg.eigvalsh(C).max())
    least = float(np.linalg.eigvalsh(C).min())
    top = _FAR * size if np.isinf(start) else start
    if np.isfinite(start):
        mean, spread = np.zeros(d), start * eye
    else:
        mean = w @ m / total
        ratio = eta2 / ((1.0 + eta2) * total - 1.0) if eta2 > 0.0 else 1.0
        spread = ratio * top * eye + (np.einsum("k,kij->ij", w, C) if eta2 == 0.0 else 0.0)

    def slope(s: float, state: Array) -> Array:
        level = float(np.exp(s)) - least
        inverse = np.linalg.inv(C + max(level, 0.0) * eye)
        P = np.einsum("k,kij->ij", w, inverse)
        h = np.einsum("k,kij,kj->i", w, inverse, m)
        M, V = state[:d], state[d:].reshape(d, d)
        speed = level + least  # dλ/ds
        dM = -kappa * (h - P @ M)
        dV = kappa * (P @ V + V @ P) - eta2 * eye
        return np.asarray(speed * np.concatenate([dM, dV.ravel()]))

    flow = solve_ivp(
        slope,
        (np.log(top + least), np.log(least)),
        np.concatenate([mean, np.ravel(spread)]),
        method="LSODA",  # much churn is stiff
        rtol=1e-12,
        atol=1e-15 * size,
    )
    M, V = flow.y[:d, -1], flow.y[d:, -1].reshape(d, d)
    return GaussianLaw(M, 0.5 * (V + V.T))


@implements(
    "gaussian-ode",
    title="What the ODE with summed scores draws from Gaussians",
    regime="single Gaussians, finite start",
    source="du2023",
    where="derived here from the variance equation",
)
@face
def ode_variance(variances: ArrayLike, weights: ArrayLike, *, start: float) -> float:
    r"""Return the variance that the probability-flow ODE draws along a common axis.

    .. math:: V = \Lambda\prod_i\Big(\frac{c_i}{c_i + \Lambda}\Big)^{w_i}
        \approx \Lambda^{1-W}\prod_ic_i^{w_i} .

    Parameters
    ----------
    variances : array_like, shape (K,)
        Variances c of the experts.
    weights : array_like, shape (K,)
        Their weights.
    start : float
        Level Λ of the start.

    Returns
    -------
    float
        The variance; a product (W = 2) collapses as the start rises.

    Examples
    --------
    >>> round(ode_variance((1.0, 0.25), (1.0, 1.0), start=100.0), 8)
    0.00246907
    """
    c, w = all_positive("variances", variances), as_finite("weights", weights)
    top = positive("start", start)
    if w.shape != c.shape:
        raise ShapeError(
            f"Argument `weights` must have shape {c.shape}, one for each variance, but its shape is "
            f"{w.shape}."
        )
    return float(top * np.exp(-(w * np.log1p(top / c)).sum()))


@implements(
    "gaussian-churn",
    title="Churn brings K equal Gaussians back to their product",
    regime="K equal Gaussians, infinite start, (1 + churn^2) K > 1",
    source="du2023",
    where="derived here from the variance equation",
)
@face
def churned_variance(variance: float, experts: int, *, churn: float) -> float:
    r"""Return the variance that K equal Gaussians leave under churn.

    .. math:: V = \frac{c\eta^2}{(1 + \eta^2)K - 1} .

    Parameters
    ----------
    variance : float
        Variance c of each.
    experts : int
        Their number K.
    churn : float
        Churn η, positive.

    Returns
    -------
    float
        The variance; c/K in the limit of much churn.

    Examples
    --------
    >>> [round(churned_variance(1.0, 2, churn=eta) * 2, 4) for eta in (1.0, 2.0, 4.0)]
    [0.6667, 0.8889, 0.9697]
    """
    K = positive_int("experts", experts)
    return positive("variance", variance) / K * equal_shrink(K, churn=positive("churn", churn))


@implements(
    "equal-c-shrink",
    title="How far K equal Gaussians shrink",
    regime="K equal Gaussians, infinite start",
    source="du2023",
    where="derived here from the variance equation",
)
@face
def equal_shrink(experts: int, *, churn: float = 1.0) -> float:
    r"""Return the variance that K equal Gaussians leave, over that of their product.

    .. math:: \frac V{V^*} = \frac{\eta^2K}{(1 + \eta^2)K - 1} = \Big(1 + \frac{K - 1}{K\eta^2}\Big)^{-1} .

    Parameters
    ----------
    experts : int
        Number of experts, K.
    churn : float
        Churn, from an infinite start.

    Returns
    -------
    float
        The ratio; 0 for the ODE where K is above 1.

    Examples
    --------
    >>> [round(equal_shrink(K), 4) for K in (2, 3, 4, 8)]
    [0.6667, 0.6, 0.5714, 0.5333]
    """
    K, eta2 = positive("experts", experts), non_negative("churn", churn) ** 2
    return 1.0 if K == 1.0 else eta2 * K / ((1.0 + eta2) * K - 1.0)


@implements(
    "many-posteriors",
    title="Summed posterior scores",
    regime="K posteriors over one prior, infinite start",
    source="du2023",
    where="derived here from the variance equation",
)
@face
def many_posteriors(posteriors: int, *, variance: float, prior: float, churn: float = 1.0) -> float:
    r"""Return the variance of K summed posterior scores over the true one.

    K posteriors N(m, c) over one prior N(m, c_b), weights 1, …, 1, 1 − K: the total weight is 1, so every
    sampler has a limit, and it is wrong.

    .. math:: \frac V{V^*} = \eta^2\Big(\frac Kc - \frac{K-1}{c_b}\Big)\int_0^\infty
        \Big(\frac c{c+\lambda}\Big)^{K(1+\eta^2)}
        \Big(\frac{c_b + \lambda}{c_b}\Big)^{(K-1)(1+\eta^2)}d\lambda \to \frac{\eta^2}{1 + \eta^2} .

    Parameters
    ----------
    posteriors : int
        Number of posteriors, K.
    variance : float
        Variance of each, c.
    prior : float
        Variance of the prior, at least c.
    churn : float
        Churn; for 0 the ratio is :math:`c(c/c_b)^{K-1}` over the true variance.

    Returns
    -------
    float
        The ratio.

    Raises
    ------
    RegimeError
        If the prior is narrower than so many posteriors allow.

    Examples
    --------
    >>> [round(many_posteriors(K, variance=0.1, prior=1.0), 3) for K in (2, 5, 10, 100)]
    [0.703, 0.568, 0.532, 0.503]
    """
    K = positive("posteriors", posteriors)
    c, wide = positive("variance", variance), positive("prior", prior)
    eta2 = non_negative("churn", churn) ** 2
    precision = K / c - (K - 1.0) / wide
    if precision <= 0.0:
        raise RegimeError(
            f"Argument `prior` must be above {(K - 1.0) * c / K:g} for {K:g} posteriors (label "
            f"normalizable), but it is {wide:g}."
        )
    w = np.array([K, 1.0 - K])
    _, found = scalar_law(w, np.zeros(2), np.array([c, wide]), eta2, np.inf)
    return found * precision
