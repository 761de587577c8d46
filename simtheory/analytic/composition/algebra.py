r"""Products, powers and quotients of Gaussian mixtures, which are mixtures again.

Symbols
-------
P : precision, :math:`C^{-1}`; h : :math:`Pm`; log Z : logarithm of the integral of the product, the
*log partition*.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simtheory._checks import as_numbers, number, positive_int, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import RegimeError, ShapeError
from simtheory.labels import implements
from simtheory.tasks.composition.arrays import tilt
from simtheory.tasks.composition.compositions import Composition
from simtheory.tasks.composition.mixtures import GaussianMixture
from simtheory.tasks.composition.tails import require_mixtures, require_normalizable

__all__ = ["Product", "multiply", "posterior_covariance", "power", "product", "quotient"]

Arrays = tuple[Array, Array, Array]


@face
@dataclass(frozen=True, slots=True)
class Product:
    """A composition as one mixture.

    Parameters
    ----------
    mixture : GaussianMixture
        The normalised product.
    log_partition : float
        Logarithm of the integral of the composition's unnormalised density.
    """

    mixture: GaussianMixture
    log_partition: float

    def __post_init__(self) -> None:
        number("log_partition", self.log_partition)


@implements(
    "gmm-product",
    title="A product of mixtures is a mixture",
    regime="any mixtures",
    source="du2023",
    where="derived here by completing squares",
)
@face
def multiply(
    weights: tuple[Array, Array], means: tuple[Array, Array], covariances: tuple[Array, Array]
) -> tuple[Array, Array, Array]:
    r"""Return the product of two mixtures, with the logarithms of its unnormalised weights.

    .. math:: C = (C_1^{-1} + C_2^{-1})^{-1}, \qquad m = C(C_1^{-1}m_1 + C_2^{-1}m_2), \qquad
        w = \pi_1\pi_2N(m_1; m_2, C_1 + C_2) .

    Parameters
    ----------
    weights : tuple of ndarray, shapes (k1,) and (k2,)
        Logarithms of the weights of each.
    means : tuple of ndarray, shapes (k1, d) and (k2, d)
        Means of each.
    covariances : tuple of ndarray, shapes (k1, d, d) and (k2, d, d)
        Covariances of each.

    Returns
    -------
    tuple of ndarray
        Logarithms of the k1·k2 weights, means and covariances. The logarithm of the sum of the weights is
        that of the integral.

    Raises
    ------
    ShapeError
        If an array has another number of axes, or another number of components or dimensions.
    """
    (w1, w2), (m1, m2), (C1, C2) = (
        tuple(as_numbers(name, part) for part in parts)
        for name, parts in (("weights", weights), ("means", means), ("covariances", covariances))
    )
    for name, rank, parts in (
        ("weights", 1, (w1, w2)),
        ("means", 2, (m1, m2)),
        ("covariances", 3, (C1, C2)),
    ):
        if any(part.ndim != rank for part in parts):
            raise ShapeError(
                f"Argument `{name}` must hold two arrays of {rank} axes, but their shapes are "
                f"{parts[0].shape} and {parts[1].shape}."
            )
    d = m1.shape[1]
    for w, m, C in ((w1, m1, C1), (w2, m2, C2)):
        if m.shape != (len(w), d) or C.shape != (len(w), d, d):
            raise ShapeError(
                f"Arguments `weights`, `means` and `covariances` must describe the same components "
                f"in {d} dimensions, but their shapes are {w.shape}, {m.shape} and {C.shape}."
            )
    total = C1[:, None] + C2[None]
    gain = np.linalg.solve(total, np.broadcast_to(C2[None], total.shape))  # (C1 + C2)⁻¹ C2
    spread = np.einsum("aij,abjk->abik", C1, gain)
    gap = m2[None] - m1[:, None]
    pulled = np.linalg.solve(total, gap[..., None])[..., 0]
    centres = m1[:, None] + np.einsum("aij,abj->abi", C1, pulled)
    logs = w1[:, None] + w2[None]
    logs = logs - 0.5 * (
        np.einsum("abi,abi->ab", gap, pulled)
        + np.linalg.slogdet(total)[1]
        + d * np.log(2.0 * np.pi)
    )
    spread = 0.5 * (spread + np.swapaxes(spread, -1, -2))
    return logs.reshape(-1), centres.reshape(-1, d), spread.reshape(-1, d, d)


@face
def product(c: Composition, *, prune: float = 1e-12, max_components: int = 20_000) -> Product:
    r"""Return a composition as one mixture, with its log partition.

    Mixtures may have whole powers, zero or positive; single Gaussians any power that leaves the
    product normalisable.

    .. math:: \prod_ip_i^{w_i} = Z\sum_j\frac{w_j}{Z}N(m_j, C_j), \qquad P_j = \sum_iP_{ij_i}, \qquad
        \log w_j = \sum_i\log\big(\pi_{ij_i}N(0; m_{ij_i}, C_{ij_i})\big)
        + \tfrac12\log|2\pi C_j| + \tfrac12h_j^TC_jh_j .

    Parameters
    ----------
    c : Composition
        Of Gaussian mixtures.
    prune : float
        Components whose weight is below this share of the largest are dropped before the next factor.
    max_components : int
        Largest number of components on the way.

    Returns
    -------
    Product
        The mixture and log Z.

    Raises
    ------
    RegimeError
        If a mixture of several components has a power that is not whole or is negative, the product has
        too many components, or cannot be normalised.

    Examples
    --------
    >>> a, b = GaussianMixture([1.0], [-1.0], [1.0]), GaussianMixture([1.0], [1.0], [0.25])
    >>> found = product(a * b)
    >>> found.mixture.mean.round(6), found.mixture.covariance.round(6)
    (array([0.6]), array([[0.2]]))
    """
    smallest = share("prune", prune, ends="[)")
    largest = positive_int("max_components", max_components)
    experts = require_mixtures(c, "gmm-product")
    folded: Arrays | None = None
    d = c.dim
    P, h, constant = np.zeros((d, d)), np.zeros(d), 0.0
    order = sorted(range(len(experts)), key=lambda i: experts[i].components)
    for index in order:  # those of few components first, so that products on the way stay small
        w, expert = float(c.weights[index]), experts[index]
        if expert.components == 1:
            precision = np.linalg.inv(expert.covariances[0])
            P, h = P + w * precision, h + w * precision @ expert.means[0]
            constant += w * float(expert.log_density(np.zeros(d)))
            continue
        if w < 0.0:
            raise RegimeError(
                f"Argument `c` must not divide by a mixture (label gmm-divide-gaussian), but experts[{index}]"
                f" has {expert.components} components and the weight {w:g}. The composition's score and "
                "log-density are exact all the same: sample it factored."
            )
        if w != int(w):
            raise RegimeError(
                f"Argument `c` must give mixtures whole weights (label gmm-power), but experts[{index}] has "
                f"{expert.components} components and the weight {w:g}. Sample the composition factored."
            )
        factor = (np.log(expert.weights), expert.means, expert.covariances)
        for _ in range(int(w)):
            folded = factor if folded is None else _folded(folded, factor, smallest, largest)
    require_normalizable(c)
    if folded is None:
        spread = np.linalg.inv(P)
        mean = spread @ h
        log_z = constant + 0.5 * float(h @ mean - np.linalg.slogdet(P)[1] + d * np.log(2 * np.pi))
        return Product(GaussianMixture([1.0], mean[None], 0.5 * (spread + spread.T)[None]), log_z)
    logs, centres, covariances = folded
    top = float(logs.max())
    weights, centres, covariances, log_z = tilt(np.exp(logs - top), centres, covariances, h, P)
    mixture = GaussianMixture(weights, centres, covariances, normalised=False)
    return Product(mixture, constant + top + log_z)


def _folded(first: Arrays, second: Arrays, prune: float, largest: int) -> Arrays:
    kept = first[0] >= first[0].max() + (np.log(prune) if prune > 0.0 else -np.inf)
    first = (first[0][kept], first[1][kept], first[2][kept])
    count = len(first[0]) * len(second[0])
    if count > largest:
        raise RegimeError(
            f"Argument `max_components` must be at least {count}, the components of the product so far, but "
            f"it is {largest}. Sample the composition factored: its score costs the sum of the components, "
            "not their product."
        )
    return multiply((first[0], second[0]), (first[1], second[1]), (first[2], second[2]))


@implements(
    "gmm-power",
    title="Powers of mixtures",
    regime="whole powers; any positive one of a Gaussian",
    source="du2023",
    where="derived here by completing squares",
)
@face
def power(mixture: GaussianMixture, exponent: float) -> Product:
    r"""Return a power of a mixture: whole of a mixture, any positive one of a Gaussian.

    .. math:: N(m, C)^\beta = Z N(m, C/\beta), \qquad
        \log Z = \tfrac12(1 - \beta)\log|2\pi C| - \tfrac d2\log\beta .

    Parameters
    ----------
    mixture : GaussianMixture
        The mixture.
    exponent : float
        The power.

    Returns
    -------
    Product
        The mixture and log Z.

    Raises
    ------
    RegimeError
        If the power of a mixture is not whole, or not positive.
    """
    if number("exponent", exponent) == 0.0:
        raise RegimeError(
            "Argument `exponent` must not be 0 (label gmm-power), as the power 0 has no finite integral."
        )
    return product(Composition((mixture,), (exponent,)))


@implements(
    "gmm-divide-gaussian",
    title="A mixture over one Gaussian",
    regime="every difference of precisions is positive definite",
    source="du2023",
    where="derived here by completing squares",
)
@face
def quotient(mixture: GaussianMixture, gaussian: GaussianMixture) -> Product:
    r"""Return the quotient of a mixture by one Gaussian.

    .. math:: P_j = C_j^{-1} - C_b^{-1} \succ 0, \qquad h_j = C_j^{-1}m_j - C_b^{-1}m_b .

    Parameters
    ----------
    mixture : GaussianMixture
        The dividend.
    gaussian : GaussianMixture
        The divisor, of one component.

    Returns
    -------
    Product
        The mixture and log Z.

    Raises
    ------
    RegimeError
        If the divisor has several components, or a difference of precisions is not positive definite.
    """
    return product(Composition((mixture, gaussian), (1.0, -1.0)))


@implements(
    "tweedie-covariance",
    title="Covariance of the clean point, given the noised one",
    regime="any density",
    source="du2023",
    where="derived here from the second derivative of the noised density",
)
@face
def posterior_covariance(mixture: GaussianMixture, x: ArrayLike, *, level: float) -> Array:
    r"""Return the covariance of the clean point, given the noised one.

    .. math:: \operatorname{Cov}(x_0 \mid x) = \lambda I + \lambda^2\nabla^2\log q_\lambda(x) .

    Parameters
    ----------
    mixture : GaussianMixture
        Density of the clean points.
    x : array_like, shape (..., d)
        Noised points.
    level : float
        Variance of the noise.

    Returns
    -------
    ndarray, shape (..., d, d)
        Covariances.
    """
    return level * np.eye(mixture.dim) + level**2 * mixture.hessian(x, level=level)
