r"""How fast noise levels learn next to one another: weights of their losses.

A level whose loss has the weight w, or which is drawn w times as often, or which has w times the
learning rate, goes through the same training w times as fast: its canonical time is :math:`w(\sigma)t`.
A weight is any function from noise levels σ (ratios of noise to data) to numbers that are not
negative; these two are what people use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from simtheory._checks import as_numbers, kind_of, not_negative, number, positive
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError

__all__ = ["LogNormal", "MinSNR", "Weight", "largest_weight", "weights_of"]

Weight: TypeAlias = Callable[[Array], Array]
"""A function from noise levels σ to weights of the same shape."""


@face
@dataclass(frozen=True, slots=True)
class LogNormal:
    r"""The density from which EDM draws noise levels in training, Karras et al. 2022.

    .. math:: p(\sigma) = \frac{1}{\sigma s\sqrt{2\pi}}\exp\Bigl(-\frac{(\ln\sigma - m)^2}{2s^2}\Bigr).

    Parameters
    ----------
    mean : float
        Mean m of ln σ.
    std : float
        Standard deviation s of ln σ.

    Examples
    --------
    >>> LogNormal()(np.array([0.1, 0.3, 1.0])).round(4)
    array([2.1797, 1.1082, 0.2016])
    """

    mean: float = -1.2
    std: float = 1.2

    def __post_init__(self) -> None:
        number("mean", self.mean)
        positive("std", self.std)

    def __call__(self, sigma: ArrayLike) -> Array:
        """Return the density at noise levels.

        Parameters
        ----------
        sigma : array_like
            Noise levels σ; at zero the density is zero.

        Returns
        -------
        ndarray
            Density, of the shape of `sigma`.
        """
        s = not_negative("sigma", sigma)
        with np.errstate(divide="ignore"):
            z = (np.log(s) - self.mean) / self.std
        safe = np.where(s > 0, s, 1.0)
        with np.errstate(under="ignore"):
            found = np.exp(-0.5 * z**2 - np.log(safe)) / (self.std * np.sqrt(2.0 * np.pi))
        return np.asarray(np.where(s > 0, found, 0.0))


@face
@dataclass(frozen=True, slots=True)
class MinSNR:
    r"""The min-SNR weight on the loss of the clean data, Hang et al. 2023: :math:`\min(\sigma^{-2}, \gamma)`.

    Parameters
    ----------
    gamma : float
        Largest weight.

    Examples
    --------
    >>> MinSNR()(np.array([0.1, 1.0, 2.0]))
    array([5.  , 1.  , 0.25])
    """

    gamma: float = 5.0

    def __post_init__(self) -> None:
        positive("gamma", self.gamma)

    def __call__(self, sigma: ArrayLike) -> Array:
        """Return the weight at noise levels.

        Parameters
        ----------
        sigma : array_like
            Noise levels σ.

        Returns
        -------
        ndarray
            Weights, of the shape of `sigma`.
        """
        s = not_negative("sigma", sigma)
        return np.asarray(1.0 / np.maximum(s, self.gamma**-0.5) ** 2)


@face
def weights_of(weight: Weight | None, sigma: Array) -> Array:
    """Return the weights of noise levels, checked; ones without a weight.

    Parameters
    ----------
    weight : callable or None
        A function from noise levels to weights.
    sigma : ndarray
        Noise levels.

    Returns
    -------
    ndarray
        Weights, of the shape of `sigma`.

    Raises
    ------
    ArgumentError
        If a weight is negative or not finite, or their shape is another.
    """
    if weight is None:
        return np.ones_like(sigma)
    if not callable(weight) or isinstance(weight, type):
        raise ArgumentError(
            "Argument `weight` must be a function from noise levels to weights, such as "
            f"noise.LogNormal(), but it is {kind_of(weight)}."
        )
    found = as_numbers("weight", weight(sigma))
    if found.shape != sigma.shape:
        raise ArgumentError(
            f"Argument `weight` must return weights of the shape of the levels, {sigma.shape}, but their "
            f"shape is {found.shape}."
        )
    bad = ~(np.isfinite(found) & (found >= 0.0))
    if bad.any():
        raise ArgumentError(
            "Argument `weight` must be finite and not negative at every noise level, or its mean over "
            f"them does not exist, but at {sigma[bad][0]:.4g} it is {found[bad][0]:g}."
        )
    return found


@face
def largest_weight(weight: Weight | None, sigma: Array) -> float:
    """Return the largest weight among noise levels, which must not be zero.

    Parameters
    ----------
    weight : callable or None
        A function from noise levels to weights.
    sigma : ndarray
        Noise levels.

    Returns
    -------
    float
        The largest weight.

    Raises
    ------
    ArgumentError
        If all weights are zero, or as `weights_of` raises it.
    """
    found = float(weights_of(weight, sigma).max())
    if found == 0.0:
        raise ArgumentError(
            "Argument `weight` must let a level learn, but it is zero at all of them."
        )
    return found
