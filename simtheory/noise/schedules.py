r"""Schedules: how much of the data and of the noise there is at each diffusion time.

=============  ==========================================================  ========================
schedule       shares                                                      its grid of times
=============  ==========================================================  ========================
``CosineVP``   :math:`\alpha = \cos\frac{\pi u}2`,                         even in the angle
               :math:`\sigma = \sin\frac{\pi u}2`
``LinearVP``   :math:`\alpha = e^{-b(u)/2}`, :math:`b = \beta_0 u +        even in the time of an
               \frac12(\beta_1 - \beta_0)u^2`,                             SDE whose rate β rises
               :math:`\sigma^2 = 1 - \alpha^2`                             linearly
``VE``         :math:`\alpha = 1`, :math:`\sigma = \sigma_0^{1-u}          even in :math:`\ln\sigma`
               \sigma_1^u`
``EDM``        :math:`\alpha = 1`, :math:`\sigma = (\sigma_0^{1/\rho} +    even in
               u(\sigma_1^{1/\rho} - \sigma_0^{1/\rho}))^\rho`             :math:`\sigma^{1/\rho}`
``Straight``   :math:`\alpha = 1 - u`, :math:`\sigma = u`                  even in the share: flow
                                                                           matching
=============  ==========================================================  ========================

VP preserves the variance of standardised data, :math:`\alpha^2 + \sigma^2 = 1`; VE explodes it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simtheory._checks import as_finite, floats, positive, positive_int
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError

__all__ = ["EDM", "VE", "CosineVP", "LinearVP", "Schedule", "Straight"]


@face
class Level(NamedTuple):
    """One point of a schedule, or an array of points.

    Parameters
    ----------
    time : ndarray or jax.Array
        Diffusion time u.
    alpha : ndarray or jax.Array
        Share of the data.
    sigma : ndarray or jax.Array
        Share of the noise.
    """

    time: Any
    alpha: Any
    sigma: Any

    @property
    def value(self) -> Any:
        """The noise level λ = σ²/α²."""
        return self.ratio**2

    @property
    def ratio(self) -> Any:
        """Noise over data, σ/α = √λ."""
        return self.sigma / self.alpha

    @property
    def normalised(self) -> Level:
        """The same level where variance is preserved: shares over √(α² + σ²)."""
        size = (self.alpha**2 + self.sigma**2) ** 0.5
        return Level(self.time, self.alpha / size, self.sigma / size)


@face
class Schedule(ABC):
    """How data and noise are mixed at a diffusion time.

    A schedule of your own gives `alpha`, `sigma` and `ends`; make it a frozen dataclass, so that its
    printed form names its numbers and compiled code may hold it.
    """

    __slots__ = ()

    @abstractmethod
    def alpha(self, u: Any) -> Any:
        """Return the share of the data.

        Parameters
        ----------
        u : ndarray or jax.Array
            Diffusion times.

        Returns
        -------
        ndarray or jax.Array
            The share, of the same shape.
        """

    @abstractmethod
    def sigma(self, u: Any) -> Any:
        """Return the share of the noise.

        Parameters
        ----------
        u : ndarray or jax.Array
            Diffusion times.

        Returns
        -------
        ndarray or jax.Array
            The share, of the same shape.
        """

    @property
    @abstractmethod
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest diffusion time that training and sampling use."""

    @property
    def preserves_variance(self) -> bool:
        """Whether α² + σ² = 1 at every time."""
        return False

    def level(self, u: Any) -> Any:
        """Return the noise level λ = σ²/α².

        Parameters
        ----------
        u : ndarray or jax.Array
            Diffusion times.

        Returns
        -------
        ndarray or jax.Array
            The level, of the same shape.
        """
        return (self.sigma(u) / self.alpha(u)) ** 2

    def at(self, u: Any) -> Level:
        """Return time and shares together.

        Parameters
        ----------
        u : ndarray or jax.Array
            Diffusion times.

        Returns
        -------
        Level
            The point, or points, of the schedule.
        """
        u = floats("u", u)
        return Level(u, self.alpha(u), self.sigma(u))

    def times(self, steps: int) -> Array:
        """Return the diffusion times of a sampler, evenly spaced from the highest to the lowest.

        Parameters
        ----------
        steps : int
            Number of steps.

        Returns
        -------
        ndarray, shape (steps + 1,)
            The times, falling.
        """
        low, high = self.ends
        return np.linspace(high, low, positive_int("steps", steps) + 1)


def _given(u: Any) -> tuple[Any, Any]:
    """Return diffusion times, and the library that they belong to: NumPy or JAX."""
    u = floats("u", u)
    return u, u.__array_namespace__() if hasattr(u, "__array_namespace__") else np


def _check_ends(low: float, high: float, *, strict: bool) -> None:
    """Refuse ends that are not in order, or where data or noise would be gone."""
    ends = as_finite("low, high", [low, high])
    good = 0.0 < ends[0] < ends[1] and (ends[1] < 1.0 if strict else ends[1] <= 1.0)
    if not good:
        raise ArgumentError(
            f"Arguments `low` and `high` of a schedule must satisfy 0 < low < high {'<' if strict else '≤'} 1, "
            f"but they are {low!r} and {high!r}."
        )


def _check_range(sigma_min: float, sigma_max: float) -> None:
    if positive("sigma_min", sigma_min) >= positive("sigma_max", sigma_max):
        raise ArgumentError(
            f"Argument `sigma_max` must exceed `sigma_min` = {sigma_min:g}, but it is {sigma_max:g}."
        )


@face
@dataclass(frozen=True, slots=True)
class CosineVP(Schedule):
    """The trigonometric schedule, which preserves variance; its level is λ = tan²(πu/2).

    Parameters
    ----------
    low : float
        Where sampling stops and training begins, above 0.
    high : float
        Where sampling starts and training ends, below 1.

    Raises
    ------
    ArgumentError
        If they are not in order inside (0, 1).

    Examples
    --------
    >>> CosineVP().times(2)
    array([0.98, 0.5 , 0.02])
    >>> print(*(f"{level:.3g}" for level in CosineVP().level(CosineVP().times(2))))
    1.01e+03 1 0.000988
    """

    low: float = 0.02
    high: float = 0.98

    def __post_init__(self) -> None:
        _check_ends(self.low, self.high, strict=True)

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest diffusion time that training and sampling use."""
        return self.low, self.high

    @property
    def preserves_variance(self) -> bool:
        """Whether α² + σ² = 1 at every time."""
        return True

    def alpha(self, u: Any) -> Any:
        """Return the share: cos(πu/2)."""
        u, library = _given(u)
        return library.cos(0.5 * np.pi * u)

    def sigma(self, u: Any) -> Any:
        """Return the share: sin(πu/2)."""
        u, library = _given(u)
        return library.sin(0.5 * np.pi * u)


@face
@dataclass(frozen=True, slots=True)
class LinearVP(Schedule):
    """The schedule of an SDE whose rate rises linearly; it preserves variance.

    Parameters
    ----------
    beta_min, beta_max : float
        Rate β at u = 0 and u = 1, positive and rising.
    low : float
        Where sampling stops and training begins, above 0.
    high : float
        Where sampling starts and training ends, at most 1.

    Raises
    ------
    ArgumentError
        If the rates or the ends are not in order.
    """

    beta_min: float = 0.1
    beta_max: float = 20.0
    low: float = 1e-3
    high: float = 1.0

    def __post_init__(self) -> None:
        if positive("beta_min", self.beta_min) > positive("beta_max", self.beta_max):
            raise ArgumentError(
                f"Argument `beta_max` must be at least `beta_min` = {self.beta_min:g}, "
                f"but it is {self.beta_max:g}."
            )
        _check_ends(self.low, self.high, strict=False)

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest diffusion time that training and sampling use."""
        return self.low, self.high

    @property
    def preserves_variance(self) -> bool:
        """Whether α² + σ² = 1 at every time."""
        return True

    def _spent(self, u: Any) -> Any:
        """Integral of β from 0 to u."""
        return u * (self.beta_min + 0.5 * (self.beta_max - self.beta_min) * u)

    def alpha(self, u: Any) -> Any:
        """Return the share: exp(−b/2), b the integral of β from 0 to u."""
        u, library = _given(u)
        return library.exp(-0.5 * self._spent(u))

    def sigma(self, u: Any) -> Any:
        """Return the share: √(1 − e⁻ᵇ), b the integral of β from 0 to u."""
        u, library = _given(u)
        return library.sqrt(-library.expm1(-self._spent(u)))


@face
@dataclass(frozen=True, slots=True)
class VE(Schedule):
    """Noise of geometrically growing size on data of constant size.

    Parameters
    ----------
    sigma_min, sigma_max : float
        Standard deviation of the noise at u = 0 and u = 1, positive and rising.

    Raises
    ------
    ArgumentError
        If they are not positive and in order.
    """

    sigma_min: float = 0.02
    sigma_max: float = 50.0

    def __post_init__(self) -> None:
        _check_range(self.sigma_min, self.sigma_max)

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest diffusion time that training and sampling use."""
        return 0.0, 1.0

    def alpha(self, u: Any) -> Any:
        """Return one."""
        u, library = _given(u)
        return library.ones_like(u)

    def sigma(self, u: Any) -> Any:
        """Return the share, geometric in u from `sigma_min` to `sigma_max`."""
        u, library = _given(u)
        return self.sigma_min * library.exp(u * float(np.log(self.sigma_max / self.sigma_min)))


@face
@dataclass(frozen=True, slots=True)
class EDM(Schedule):
    """Noise whose root of order ρ grows linearly, on data of constant size: most steps at low noise.

    Parameters
    ----------
    sigma_min, sigma_max : float
        Standard deviation of the noise at u = 0 and u = 1, positive and rising.
    rho : float
        Order of the root, positive; 1 spaces the levels evenly, large values as `VE` does.

    Raises
    ------
    ArgumentError
        If the numbers are not positive and in order.

    Examples
    --------
    >>> EDM().sigma(EDM().times(2)).round(4)
    array([8.0000e+01, 2.5152e+00, 2.0000e-03])
    """

    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 7.0

    def __post_init__(self) -> None:
        _check_range(self.sigma_min, self.sigma_max)
        positive("rho", self.rho)

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest diffusion time that training and sampling use."""
        return 0.0, 1.0

    def alpha(self, u: Any) -> Any:
        """Return one."""
        u, library = _given(u)
        return library.ones_like(u)

    def sigma(self, u: Any) -> Any:
        """Return the share, whose root of order ρ is linear in u."""
        first, last = (end ** (1.0 / self.rho) for end in (self.sigma_min, self.sigma_max))
        return (first + floats("u", u) * (last - first)) ** self.rho


@face
@dataclass(frozen=True, slots=True)
class Straight(Schedule):
    """The straight line from data to noise, as flow matching takes it; its flow time is 1 − u.

    Parameters
    ----------
    low : float
        Where sampling stops and training begins, above 0.
    high : float
        Where sampling starts and training ends, below 1.

    Raises
    ------
    ArgumentError
        If they are not in order inside (0, 1).
    """

    low: float = 0.01
    high: float = 0.99

    def __post_init__(self) -> None:
        _check_ends(self.low, self.high, strict=True)

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest diffusion time that training and sampling use."""
        return self.low, self.high

    def alpha(self, u: Any) -> Any:
        """Return the share: 1 − u."""
        return 1.0 - floats("u", u)

    def sigma(self, u: Any) -> Any:
        """Return the share: u."""
        return 1.0 * floats("u", u)
