r"""Gaussian mixtures as plain arrays: the formulas behind `GaussianMixture`.

Symbols
-------
weights (k,), means (k, d), covariances (k, d, d). Eigenvalues of the covariances are *variances* (k, d),
their eigenvectors, as columns, *axes* (k, d, d), so that :math:`(C + \lambda I)^{-1}` costs no inversion
at any level :math:`\lambda`. Points are (n, d).
"""

from __future__ import annotations

import numpy as np

from simtheory._faces import face
from simtheory._names import public
from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError, ShapeError
from simtheory.labels import implements

__all__ = ["condition", "diffuse", "log_terms", "tilt"]


@implements(
    "gmm-noise",
    title="Noise keeps a mixture",
    regime="any mixture and level",
    source="du2023",
    where="derived here from sums of independent variables",
)
@face
def diffuse(
    weights: Array, means: Array, covariances: Array, *, alpha: float, sigma: float
) -> tuple[Array, Array, Array]:
    r"""Return the mixture of :math:`\alpha x + \sigma\varepsilon` with standard normal noise.

    .. math:: \sum_j \pi_j N(\alpha m_j, \alpha^2C_j + \sigma^2I) .

    Parameters
    ----------
    weights : ndarray, shape (k,)
        Weights of the components.
    means : ndarray, shape (k, d)
        Their means.
    covariances : ndarray, shape (k, d, d)
        Their covariances.
    alpha : float
        Share of the data.
    sigma : float
        Share of the noise, a standard deviation.

    Returns
    -------
    tuple of ndarray
        Weights, means and covariances.

    Examples
    --------
    >>> diffuse(np.ones(1), np.ones((1, 1)), np.full((1, 1, 1), 0.5), alpha=2.0, sigma=1.0)
    (array([1.]), array([[2.]]), array([[[3.]]]))
    """
    spread = alpha**2 * covariances + sigma**2 * np.eye(means.shape[-1])
    return weights, alpha * means, spread


@implements(
    "gmm-tilt",
    title="A tilted mixture is a mixture",
    regime="every component stays normalisable",
    source="du2023",
    where="derived here by completing squares",
)
@face
def tilt(
    weights: Array, means: Array, covariances: Array, linear: Array, quadratic: Array
) -> tuple[Array, Array, Array, float]:
    r"""Return the mixture times :math:`\exp(b^Tx - \tfrac12x^TQx)`, normalised.

    .. math:: C_j' = (C_j^{-1} + Q)^{-1}, \qquad m_j' = C_j'(C_j^{-1}m_j + b), \qquad
        \log\pi_j' = \log\pi_j + \tfrac12\log\frac{|C_j'|}{|C_j|}
        + \tfrac12m_j'^TC_j'^{-1}m_j' - \tfrac12m_j^TC_j^{-1}m_j - \log Z .

    Parameters
    ----------
    weights : ndarray, shape (k,)
        Weights of the components.
    means : ndarray, shape (k, d)
        Their means.
    covariances : ndarray, shape (k, d, d)
        Their covariances.
    linear : ndarray, shape (d,)
        The vector b.
    quadratic : ndarray, shape (d, d)
        The symmetric matrix Q. Where a :math:`C_j^{-1} + Q` is not positive definite, the result is NaN.

    Returns
    -------
    tuple
        Weights, means, covariances, and log Z, the logarithm of the integral.

    Raises
    ------
    ShapeError
        If `quadratic` has not the shape of a covariance.
    ArgumentError
        If a tilted precision has no inverse.
    """
    if np.shape(quadratic) != np.shape(covariances)[1:]:
        raise ShapeError(
            f"Argument `quadratic` must have shape {np.shape(covariances)[1:]}, but its shape is "
            f"{np.shape(quadratic)}."
        )
    precisions = np.linalg.inv(covariances)
    tilted = precisions + quadratic
    try:
        spread = np.linalg.inv(tilted)
    except np.linalg.LinAlgError as reason:
        raise ArgumentError(
            "Argument `quadratic` must leave precisions that can be inverted, but one that it is added to "
            "becomes singular."
        ) from reason
    spread = 0.5 * (spread + np.swapaxes(spread, -1, -2))
    pull = np.einsum("kij,kj->ki", precisions, means) + linear
    centres = np.einsum("kij,kj->ki", spread, pull)
    sign, log_volume = np.linalg.slogdet(tilted)
    change = -np.where(sign > 0, log_volume, np.nan) + np.linalg.slogdet(precisions)[1]
    # m'ᵀP'm' − mᵀPm without the difference of two large squares of a common shift
    gain = np.einsum("ki,ki->k", pull, centres) - np.einsum(
        "ki,kij,kj->k", means, precisions, means
    )
    logs = np.log(weights) + 0.5 * change + 0.5 * gain
    log_z = float(np.logaddexp.reduce(logs))
    return np.asarray(np.exp(logs - log_z)), centres, np.asarray(spread), log_z


@implements(
    "gmm-condition",
    title="A conditioned mixture is a mixture",
    regime="any mixture",
    source="du2023",
    where="derived here from Gaussian conditions",
)
@face
def condition(
    weights: Array, means: Array, covariances: Array, axes: IntArray, values: Array
) -> tuple[Array, Array, Array]:
    r"""Return the mixture of the other coordinates, given the values of some.

    .. math:: m_j' = m_{a,j} + C_{ab,j}C_{bb,j}^{-1}(v - m_{b,j}), \qquad
        C_j' = C_{aa,j} - C_{ab,j}C_{bb,j}^{-1}C_{ba,j}, \qquad
        \pi_j' \propto \pi_j N(v; m_{b,j}, C_{bb,j}) .

    Parameters
    ----------
    weights : ndarray, shape (k,)
        Weights of the components.
    means : ndarray, shape (k, d)
        Their means.
    covariances : ndarray, shape (k, d, d)
        Their covariances.
    axes : ndarray of int, shape (e,)
        Coordinates b whose values are given.
    values : ndarray, shape (e,)
        Their values.

    Returns
    -------
    tuple of ndarray
        Weights, means and covariances of the coordinates that are left, in their order.
    """
    left = np.setdiff1d(np.arange(means.shape[1]), axes)
    cross = covariances[:, left][:, :, axes]
    inside = covariances[:, axes][:, :, axes]
    gain = np.swapaxes(np.linalg.solve(inside, np.swapaxes(cross, 1, 2)), 1, 2)
    gap = values - means[:, axes]
    centres = means[:, left] + np.einsum("kab,kb->ka", gain, gap)
    spread = covariances[:, left][:, :, left] - gain @ np.swapaxes(cross, 1, 2)
    quadratic = np.einsum("kb,kb->k", gap, np.linalg.solve(inside, gap[..., None])[..., 0])
    logs = np.log(weights) - 0.5 * (quadratic + np.linalg.slogdet(inside)[1])
    return (
        np.exp(logs - np.logaddexp.reduce(logs)),
        centres,
        0.5 * (spread + np.swapaxes(spread, 1, 2)),
    )


@face
def log_terms(
    x: Array,
    weights: Array,
    means: Array,
    variances: Array,
    axes: Array | None,
    level: float,
) -> tuple[Array, Array]:
    """Return the logarithm of each component's share of the density, and each component's score.

    Parameters
    ----------
    x : ndarray, shape (n, d)
        Points.
    weights : ndarray, shape (k,)
        Weights of the components.
    means : ndarray, shape (k, d)
        Their means.
    variances : ndarray, shape (k, d)
        Eigenvalues of their covariances.
    axes : ndarray, shape (k, d, d), or None
        Eigenvectors as columns; None if they are the coordinate axes.
    level : float
        Variance of the noise.

    Returns
    -------
    logs : ndarray, shape (n, k)
        Logarithms of weight times density.
    pulls : ndarray, shape (n, k, d)
        Scores of the components, in the coordinates of `axes`.

    Notes
    -----
    Both are views whose points lie along the fastest axis.
    """
    k, d = means.shape
    columns = np.ascontiguousarray(x.T)  # points along the last axis: inner loops are long
    if axes is None:
        gaps = columns - means[:, :, None]
    else:
        turned = np.swapaxes(axes, 1, 2).reshape(k * d, d) @ columns
        gaps = turned.reshape(k, d, -1) - np.einsum("kd,kde->ke", means, axes)[:, :, None]
    spread = variances + level
    pulls = gaps / -spread[:, :, None]
    constants = np.log(weights) - 0.5 * np.log(2.0 * np.pi * spread).sum(axis=1)
    logs = constants[:, None] + 0.5 * np.einsum("kin,kin->kn", gaps, pulls)
    return logs.T, pulls.transpose(2, 0, 1)


public(__name__)
