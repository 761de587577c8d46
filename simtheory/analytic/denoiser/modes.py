"""Linear denoisers mode by mode: the weight at a noise level, and its integral over the schedule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simtheory._checks import all_positive, as_finite, between, frozen, not_negative, positive
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.exponential_integrals import learned, learned_from_zero, unlearned
from simtheory.errors import RegimeError
from simtheory.labels import implements

__all__ = [
    "Cutoff",
    "Denoiser",
    "OneLayerDenoiser",
    "TiedDenoiser",
    "one_layer_log_ratio",
    "one_layer_mode",
    "tied_log_ratio",
    "tied_mode",
]


_LARGEST = 1e150
"""Largest noise level; its square and that of its inverse are numbers of float64."""


@implements(
    "dn-weights-one-layer",
    title="One-layer denoiser: its weights at a noise level",
    regime="data without mean; a mode of an aligned start, or the matrix from any start",
    source="wang2025",
    where="released code; the matrix form derived here",
)
@face
def one_layer_mode(
    variance: ArrayLike, t: ArrayLike, *, sigma: ArrayLike, start: ArrayLike
) -> Array:
    r"""Return the weight of one mode of a one-layer denoiser.

    :math:`\psi = f + (q - f)e^{-(\lambda+\sigma^2)t}` with :math:`f = \lambda/(\lambda+\sigma^2)`.
    At high noise the rate hardly depends on the variance, so there the order of learning is lost.

    Parameters
    ----------
    variance : array_like
        Variance λ of the data along the mode.
    t : array_like
        Canonical time: 2ητ after τ steps of rate η on E‖Wy − x‖² (``Clock(loss="sum")``).
    sigma : array_like
        Noise level.
    start : array_like
        Weight q at t = 0.

    Returns
    -------
    ndarray
        The weight ψ; all arguments broadcast.

    Examples
    --------
    >>> one_layer_mode(1.0, 0.5, sigma=0.5, start=0.1).round(6)
    np.float64(0.425317)
    """
    lam, noise = all_positive("variance", variance), _noise(sigma)
    q, time = as_finite("start", start), not_negative("t", t)
    rate = lam + noise
    return np.asarray(q * np.exp(-rate * time) - lam / rate * np.expm1(-rate * time))


@implements(
    "dn-weights-tied",
    title="Tied denoiser: its weights at a noise level",
    regime="W(0) commutes with the covariance, q ≥ 0",
    source="wang2025",
    where="released code",
)
@face
def tied_mode(variance: ArrayLike, t: ArrayLike, *, sigma: ArrayLike, start: ArrayLike) -> Array:
    r"""Return the weight of one mode of a tied denoiser that starts aligned with the data.

    :math:`\psi = fq/(q + (f-q)e^{-2\lambda t})` with :math:`f = \lambda/(\lambda+\sigma^2)`: the
    noise sets the end, not the rate.

    Parameters
    ----------
    variance : array_like
        Variance λ of the data along the mode.
    t : array_like
        Canonical time: 4ητ after τ steps of rate η on E‖Wy − x‖² (``Clock(loss="sum", tied=True)``).
    sigma : array_like
        Noise level.
    start : array_like
        Weight q at t = 0, not negative.

    Returns
    -------
    ndarray
        The weight ψ; all arguments broadcast.

    Examples
    --------
    >>> tied_mode(1.0, 1.0, sigma=0.5, start=0.1).round(6)
    np.float64(0.410815)
    """
    lam, noise = all_positive("variance", variance), _noise(sigma)
    share, slope, _ = _tied_state(lam, not_negative("t", t), not_negative("start", start))
    return np.asarray(share / (1.0 + slope * noise))


def _noise(sigma: ArrayLike) -> Array:
    """Return σ² of noise levels whose square float64 can hold."""
    return np.asarray(between("sigma", not_negative("sigma", sigma), 0.0, _LARGEST) ** 2)


def _square(name: str, sigma: float) -> float:
    """Return σ² of an end of the sampling."""
    return float(between(name, positive(name, sigma), 1.0 / _LARGEST, _LARGEST)) ** 2


def _tied_state(lam: Array, t: Array, q: Array) -> tuple[Array, Array, Array]:
    """Return k, r and 1 − k of the tied weight ψ = k/(1 + rσ²); k is its value without noise."""
    kept, grown = np.exp(-2.0 * lam * t), -np.expm1(-2.0 * lam * t)
    # A zero start stays; one stands in where both terms of the sum would vanish.
    total = np.where(q > 0, kept + q * grown, 1.0)
    share = q / total
    missing = np.where(q > 0, kept * (1.0 - q) / total, 1.0)
    return share, share * grown / lam, missing


@implements(
    "dn-phi-one-layer",
    title="Generated variance of one layer",
    regime="data without mean, aligned start",
    source="wang2025",
    where="derived here with both ends of the schedule kept",
)
@face
def one_layer_log_ratio(
    variance: ArrayLike, t: ArrayLike, *, start: ArrayLike, sigma_min: float, sigma_max: float
) -> Array:
    r"""Return :math:`\ln\Phi(\sigma_{\min})/\Phi(\sigma_{\max})` of a one-layer denoiser.

    It is the logarithm of how much the probability-flow ODE shrinks a mode; with :math:`\ln\Phi =
    \tfrac12\ln(\sigma^2+\lambda) + \tfrac12[(1-q)e^{-\lambda t} \mathrm{Ei}(-\sigma^2t) -
    \mathrm{Ei}(-(\sigma^2+\lambda)t)]`.

    Parameters
    ----------
    variance : array_like
        Variance λ of the data along the mode.
    t : array_like
        Canonical time: 2ητ after τ steps of rate η on E‖Wy − x‖².
    start : array_like
        Weight q at t = 0, the same at all noise levels.
    sigma_min : float
        Noise level at which sampling stops.
    sigma_max : float
        Noise level at which sampling starts.

    Returns
    -------
    ndarray
        The logarithm; `variance`, `t` and `start` broadcast.

    Notes
    -----
    A sum of differences of exponential integrals, which stay finite where each one diverges.
    """
    lam, time, q = (
        all_positive("variance", variance),
        not_negative("t", t),
        as_finite("start", start),
    )
    a, b = _square("sigma_min", sigma_min), _square("sigma_max", sigma_max)
    forgotten = (1.0 - q) * np.exp(-lam * time) * unlearned(a, b, time)
    return np.asarray(-0.5 * (forgotten + learned(a + lam, b + lam, time)))


@implements(
    "dn-phi-tied",
    title="Generated variance of the tied net",
    regime="data without mean, aligned start",
    source="wang2025",
    where="derived here with both ends of the schedule kept",
)
@face
def tied_log_ratio(
    variance: ArrayLike, t: ArrayLike, *, start: ArrayLike, sigma_min: float, sigma_max: float
) -> Array:
    r"""Return :math:`\ln\Phi(\sigma_{\min})/\Phi(\sigma_{\max})` of a tied denoiser.

    With :math:`\ln\Phi = (1-k)\ln\sigma + \tfrac k2\ln(\alpha+\beta\sigma^2)`, k the weight without
    noise.

    Parameters
    ----------
    variance : array_like
        Variance λ of the data along the mode.
    t : array_like
        Canonical time: 4ητ after τ steps of rate η on E‖Wy − x‖².
    start : array_like
        Weight q at t = 0, the same at all noise levels, not negative.
    sigma_min : float
        Noise level at which sampling stops.
    sigma_max : float
        Noise level at which sampling starts.

    Returns
    -------
    ndarray
        The logarithm; `variance`, `t` and `start` broadcast.
    """
    lam, time = all_positive("variance", variance), not_negative("t", t)
    share, slope, missing = _tied_state(lam, time, not_negative("start", start))
    a, b = _square("sigma_min", sigma_min), _square("sigma_max", sigma_max)
    grown = np.log1p(slope * b) - np.log1p(slope * a)
    return np.asarray(-0.5 * (missing * np.log(b / a) + share * grown))


def _checked(
    lam: ArrayLike, t: ArrayLike, sigma_min: float, sigma_max: float
) -> tuple[Array, Array, float, float]:
    """Return variances, times and the noise variances at both ends of the sampling."""
    a, b = _square("sigma_min", sigma_min), _square("sigma_max", sigma_max)
    return all_positive("lam", lam), not_negative("t", t), a, b


@face
class Cutoff(NamedTuple):
    """The generated variance to leading order in the noise at which sampling stops.

    Parameters
    ----------
    variance : ndarray
        Generated variance, to leading order in σ_min².
    exponent : ndarray
        Its power of σ_min.
    error_estimate : ndarray
        Bound on its relative error, to leading order.
    """

    variance: Array
    exponent: Array
    error_estimate: Array


@face
class Denoiser(ABC):
    """A linear denoiser that starts aligned with the data, the same at all noise levels."""

    __slots__ = ()

    start: ArrayLike

    @abstractmethod
    def mode(self, variance: ArrayLike, t: ArrayLike, *, sigma: ArrayLike) -> Array:
        """Return the weight along an axis of the data.

        Parameters
        ----------
        variance : array_like
            Variance of the data.
        t : array_like
            Canonical time.
        sigma : array_like
            Noise level.

        Returns
        -------
        ndarray
            The weight.
        """

    @abstractmethod
    def log_ratio(
        self, variance: ArrayLike, t: ArrayLike, *, sigma_min: float, sigma_max: float
    ) -> Array:
        """Return the logarithm of how much sampling shrinks an axis of the data.

        Parameters
        ----------
        variance : array_like
            Variance of the data.
        t : array_like
            Canonical time.
        sigma_min : float
            Noise level at which sampling stops.
        sigma_max : float
            Noise level at which sampling starts.

        Returns
        -------
        ndarray
            The logarithm.
        """

    @abstractmethod
    def cutoff(self, lam: Array, t: Array, *, sigma_min: float, sigma_max: float) -> Cutoff:
        """Return the generated variance to leading order in `sigma_min`.

        Parameters
        ----------
        lam : ndarray
            Variance of the data.
        t : ndarray
            Canonical time.
        sigma_min : float
            Noise level at which sampling stops.
        sigma_max : float
            Noise level at which sampling starts.

        Returns
        -------
        Cutoff
            Variance, exponent and error.
        """


@face
@dataclass(frozen=True, slots=True, eq=False)
class OneLayerDenoiser(Denoiser):
    """A denoiser W y, one matrix for each noise level; canonical time t = 2ητ on E‖Wy − x‖².

    Parameters
    ----------
    start : array_like, shape () or (d,)
        Weight along each axis of the data at t = 0, the same at all noise levels.
    """

    start: ArrayLike

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", frozen(as_finite("start", self.start)))

    def mode(self, variance: ArrayLike, t: ArrayLike, *, sigma: ArrayLike) -> Array:
        """Return `one_layer_mode` from this start."""
        return one_layer_mode(variance, t, sigma=sigma, start=self.start)

    def log_ratio(
        self, variance: ArrayLike, t: ArrayLike, *, sigma_min: float, sigma_max: float
    ) -> Array:
        """Return `one_layer_log_ratio` from this start."""
        return one_layer_log_ratio(
            variance, t, start=self.start, sigma_min=sigma_min, sigma_max=sigma_max
        )

    def cutoff(self, lam: Array, t: Array, *, sigma_min: float, sigma_max: float) -> Cutoff:
        """Return the generated variance to leading order in `sigma_min`."""
        lam, t, a, b = _checked(lam, t, sigma_min, sigma_max)
        half = (1.0 - np.asarray(self.start)) * np.exp(-lam * t)
        forgotten = half * (np.log(b / a) - learned_from_zero(b, t))
        value = b * np.exp(-forgotten - learned(lam, b + lam, t))
        return Cutoff(value, 2.0 * half, np.abs(half * a * t - a * (np.expm1(-lam * t) / lam)))


@face
@dataclass(frozen=True, slots=True, eq=False)
class TiedDenoiser(Denoiser):
    """A denoiser U Uᵀ y that starts aligned with the data; t = 4ητ on E‖UUᵀy − x‖².

    Parameters
    ----------
    start : array_like, shape () or (d,)
        Weight along each axis of the data at t = 0, the same at all noise levels, not negative.

    Raises
    ------
    RegimeError
        If a start is negative, which U Uᵀ cannot be.
    """

    start: ArrayLike

    def __post_init__(self) -> None:
        q = not_negative("Argument `start` of a tied net", self.start, error=RegimeError)
        object.__setattr__(self, "start", frozen(q))

    def mode(self, variance: ArrayLike, t: ArrayLike, *, sigma: ArrayLike) -> Array:
        """Return `tied_mode` from this start."""
        return tied_mode(variance, t, sigma=sigma, start=self.start)

    def log_ratio(
        self, variance: ArrayLike, t: ArrayLike, *, sigma_min: float, sigma_max: float
    ) -> Array:
        """Return `tied_log_ratio` from this start."""
        return tied_log_ratio(
            variance, t, start=self.start, sigma_min=sigma_min, sigma_max=sigma_max
        )

    def cutoff(self, lam: Array, t: Array, *, sigma_min: float, sigma_max: float) -> Cutoff:
        """Return the generated variance to leading order in `sigma_min`."""
        lam, t, a, b = _checked(lam, t, sigma_min, sigma_max)
        share, slope, missing = _tied_state(lam, t, np.asarray(self.start))
        value = b * np.exp(-missing * np.log(b / a) - share * np.log1p(slope * b))
        return Cutoff(value, 2.0 * missing, share * slope * a)
