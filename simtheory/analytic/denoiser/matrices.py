"""One-layer denoisers as matrices: any start, with a bias, and from finite data."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import all_positive, as_finite, as_matrix, as_times, positive, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ShapeError
from simtheory.labels import implements
from simtheory.tasks.denoiser import DenoisingTask

__all__ = [
    "Affine",
    "affine_moment",
    "affine_weights",
    "one_layer_weights",
    "renormalised_noise",
]


@face
def one_layer_weights(task: DenoisingTask, W0: ArrayLike, t: ArrayLike, *, sigma: float) -> Array:
    r"""Return the matrix of a one-layer denoiser without bias, from any start.

    :math:`W = W_\star + (W_0 - W_\star)e^{-(A+\sigma^2I)t}` with A the uncentred second moment and
    :math:`W_\star = A(A+\sigma^2I)^{-1}`; each mode is `one_layer_mode`.

    Parameters
    ----------
    task : DenoisingTask
        The data.
    W0 : array_like, shape (..., d, d)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times: 2ητ after τ steps of rate η on E‖Wy − x‖².
    sigma : float
        Noise level.

    Returns
    -------
    ndarray, shape (..., T, d, d)
        The map over time.
    """
    start, times = as_matrix("W0", W0, rows=task.dim, columns=task.dim), as_times(t)
    noise = positive("sigma", np.square(positive("sigma", sigma)))
    lam, axes = np.linalg.eigh(task.second_moment)
    rates = lam + noise
    return _relax(start, (axes * (lam / rates)) @ axes.T, (rates, axes), times)


def _relax(start: Array, end: Array, flow: tuple[Array, Array], t: Array) -> Array:
    """Return start e^{−Mt} + end (1 − e^{−Mt}), M by its eigenvalues and eigenvectors."""
    rates, axes = flow
    exponent = (-rates * t[:, None])[:, None, :]
    kept = (start @ axes)[..., None, :, :] * np.exp(exponent)
    return np.asarray((kept - (end @ axes) * np.expm1(exponent)) @ axes.T)


@face
class Affine(NamedTuple):
    """A denoiser W y + b over time.

    Parameters
    ----------
    W : ndarray, shape (..., T, d, d)
        Its matrix.
    b : ndarray, shape (..., T, d)
        Its bias.
    """

    W: Array
    b: Array


@implements(
    "dn-weights-affine",
    title="One-layer denoiser with bias",
    regime="data with any mean and covariance, any start",
    source="wang2025",
    where="derived here from the loss",
)
@face
def affine_weights(
    task: DenoisingTask, W0: ArrayLike, b0: ArrayLike, t: ArrayLike, *, sigma: float
) -> Affine:
    r"""Return a one-layer denoiser with bias, whose mean entangles matrix and bias.

    :math:`\Theta = [W, b]` relaxes as :math:`\Theta_\star + (\Theta_0-\Theta_\star)e^{-Mt}`, M the
    uncentred second moment of (y, 1).

    Parameters
    ----------
    task : DenoisingTask
        The data, with any mean.
    W0 : array_like, shape (..., d, d)
        Start of the matrix; leading axes are an ensemble.
    b0 : array_like, shape (..., d)
        Start of the bias.
    t : array_like, shape (T,)
        Canonical times: 2ητ after τ steps of rate η on E‖Wy + b − x‖².
    sigma : float
        Noise level.

    Returns
    -------
    Affine
        Matrix `W` and bias `b` over time.

    Raises
    ------
    ShapeError
        If a start does not fit.
    """
    times, d = as_times(t), task.dim
    weights, bias = as_matrix("W0", W0, rows=d, columns=d), as_finite("b0", b0)
    if bias.shape != weights.shape[:-1]:
        raise ShapeError(
            f"Argument `b0` must have shape {weights.shape[:-1]}, as W0 has {weights.shape}, "
            f"but its shape is {bias.shape}."
        )
    best = task.target(sigma=sigma)
    end = np.column_stack([best, task.mean - best @ task.mean])
    start = np.concatenate([weights, bias[..., None]], axis=-1)
    flow = np.linalg.eigh(affine_moment(task, sigma=sigma))
    both = _relax(start, end, (flow.eigenvalues, flow.eigenvectors), times)
    return Affine(W=both[..., :d], b=both[..., d])


@face
def affine_moment(task: DenoisingTask, *, sigma: float) -> Array:
    """Return the second moment M of (y, 1), whose eigenvalues are the rates of `affine_weights`.

    Parameters
    ----------
    task : DenoisingTask
        The data.
    sigma : float
        Noise level.

    Returns
    -------
    ndarray, shape (d + 1, d + 1)
        [[Σ + σ²I + mmᵀ, m], [mᵀ, 1]].
    """
    top = task.second_moment + positive("sigma", sigma) ** 2 * np.eye(task.dim)
    centre = task.mean[:, None]
    return np.block([[top, centre], [centre.T, np.ones((1, 1))]])


@implements(
    "dn-finite-n",
    title="Finite data renormalise the noise",
    exactness="leading order in 1/d at fixed d/n",
    regime="n samples in d dimensions, both large",
    source="wang2026",
    where="abstract; derived here by leaving one sample out",
)
@face
def renormalised_noise(variances: ArrayLike, *, sigma: float, n: int) -> float:
    r"""Return the noise variance that a linear denoiser trained on n samples seems to have.

    The mean of :math:`\hat\Sigma(\hat\Sigma+\sigma^2I)^{-1}` over samples is close to
    :math:`\Sigma(\Sigma+\kappa I)^{-1}`, where :math:`\kappa = \sigma^2/(1 -
    \tfrac1n\sum_k\lambda_k/(\lambda_k+\kappa))`.

    Parameters
    ----------
    variances : array_like, shape (d,)
        Variances of the data.
    sigma : float
        Noise level.
    n : int
        Number of samples.

    Returns
    -------
    float
        The renormalised noise variance κ, never below σ².

    Notes
    -----
    The equation is convex, so Newton's method falls onto its one positive root from above.

    Examples
    --------
    >>> round(renormalised_noise([1.0, 1.0], sigma=1.0, n=4), 4)
    1.2808
    """
    lam, noise = all_positive("variances", variances).ravel(), positive("sigma", sigma) ** 2
    size = positive_int("n", n)
    free = 1.0 - lam.size / size
    kappa = noise + lam.sum() / size
    while True:
        kept = kappa / (lam + kappa)
        excess = kappa * (free + kept.sum() / size) - noise
        slope = free + np.sum(kept * (2.0 - kept)) / size
        lower = kappa - excess / slope
        # It falls until rounding: then it rises, or falls by no more than that.
        if not lower < kappa * (1.0 - 4e-16):
            return float(kappa)
        kappa = lower
