r"""Noise levels: points of a schedule, and the grid down which a sampler walks.

The *noise level* is :math:`\lambda = \sigma^2/\alpha^2`, the variance of the noise in units of the data.
Its root, the *ratio* :math:`\sigma/\alpha`, is what `simtheory.analytic.denoiser` calls σ, where
:math:`\alpha = 1`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simtheory._checks import (
    all_positive,
    as_finite,
    flag,
    frozen,
    not_negative,
    positive,
    positive_int,
)
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.noise.schedules import Level, Schedule

__all__ = ["Level", "Levels"]


def _check_count(name: str, values: Array) -> None:
    """Refuse what are not at least two numbers that fall strictly."""
    if values.ndim != 1 or values.size < 2 or np.any(np.diff(values) >= 0.0):
        raise ArgumentError(
            f"Argument `{name}` must hold at least 2 numbers that fall strictly, but "
            + (
                f"it starts with {values[:4]}."
                if values.ndim == 1
                else f"its shape is {values.shape}."
            )
        )


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Levels:
    """Noise levels that fall strictly, with the times and shares that belong to them.

    Iteration gives each `Level`, the highest first.

    Parameters
    ----------
    time : array_like, shape (K,)
        Diffusion times.
    alpha : array_like, shape (K,)
        Shares of the data, positive.
    sigma : array_like, shape (K,)
        Shares of the noise, positive; the last may be zero, a *clean* level.

    Raises
    ------
    ArgumentError
        If there are fewer than two, or λ = σ²/α² does not fall strictly.

    Examples
    --------
    >>> from simtheory.noise import CosineVP
    >>> Levels.of(CosineVP(0.25, 0.75), 2).values.round(3)
    array([5.828, 1.   , 0.172])
    >>> Levels.of_ratios([3.0, 1.0, 0.1]).values.round(3)
    array([9.  , 1.  , 0.01])
    """

    time: Array
    alpha: Array
    sigma: Array

    def __post_init__(self) -> None:
        parts = {
            "time": as_finite("time", self.time),
            "alpha": all_positive("alpha", self.alpha),
            "sigma": not_negative("sigma", self.sigma),
        }
        shapes = {part.shape for part in parts.values()}
        if len(shapes) > 1 or parts["time"].ndim != 1 or parts["time"].size < 2:
            raise ArgumentError(
                "Arguments `time`, `alpha` and `sigma` of levels must have one shape (K,), K at least "
                f"2, but their shapes are {', '.join(str(part.shape) for part in parts.values())}."
            )
        for name, part in parts.items():
            object.__setattr__(self, name, frozen(np.array(part)))
        if np.any(np.diff(self.ratios) >= 0.0):
            raise ArgumentError(
                f"Noise levels must fall strictly, but they start with {self.ratios[:4]} "
                "(noise over data)."
            )

    @classmethod
    def of(cls, schedule: Schedule, steps: int) -> Levels:
        """Return the levels of a sampler that takes some steps down a schedule.

        Parameters
        ----------
        schedule : Schedule
            The schedule.
        steps : int
            Number of steps, one less than there are levels.

        Returns
        -------
        Levels
            The levels, shape (steps + 1,).
        """
        return cls.at(schedule, schedule.times(steps))

    @classmethod
    def at(cls, schedule: Schedule, times: ArrayLike) -> Levels:
        """Return the levels of a schedule at some diffusion times.

        Parameters
        ----------
        schedule : Schedule
            The schedule.
        times : array_like, shape (K,)
            Diffusion times, falling.

        Returns
        -------
        Levels
            The levels.
        """
        u = as_finite("times", times)
        _check_count("times", u)
        return cls(*schedule.at(u))

    @classmethod
    def of_ratios(cls, ratios: ArrayLike) -> Levels:
        """Return levels from the sizes of the noise on data of constant size (α = 1).

        Parameters
        ----------
        ratios : array_like, shape (K,)
            Noise over data, √λ, falling; the σ of `simtheory.analytic.denoiser`.

        Returns
        -------
        Levels
            The levels, whose times run evenly from 1 to 0.
        """
        sigma = all_positive("ratios", ratios)
        _check_count("ratios", sigma)
        return cls(np.linspace(1.0, 0.0, sigma.size), np.ones_like(sigma), sigma)

    @classmethod
    def geometric(cls, high: float, low: float, count: int, *, clean: bool = True) -> Levels:
        """Return levels λ that fall by one factor, on data of constant size (α = 1).

        Parameters
        ----------
        high, low : float
            The first and the last noise level λ, a variance; `low` is positive.
        count : int
            Levels in all, at least 2; with a clean one, at least 3.
        clean : bool
            Whether the last level of the count is λ = 0, after `low`.

        Returns
        -------
        Levels
            The levels.

        Examples
        --------
        >>> Levels.geometric(4.0, 1e-2, 4).values.round(4)
        array([4.  , 0.2 , 0.01, 0.  ])
        """
        first, last = positive("high", high), positive("low", low)
        falling = positive_int("count", count) - flag("clean", clean)
        if first <= last or falling < 2:
            raise ArgumentError(
                "Arguments `high`, `low` and `count` must give at least two levels that fall"
                f"{' before the clean one' if clean else ''}, but they are {first:g}, {last:g} and "
                f"{count}."
            )
        values = [*np.geomspace(first, last, falling), *([0.0] if clean else [])]
        return cls(np.linspace(1.0, 0.0, count), np.ones(count), np.sqrt(values))

    @classmethod
    def cosine(cls, T: int, *, clean: bool = False) -> Levels:
        r"""Return the levels of T steps of the cosine schedule, as discrete diffusion has them.

        .. math::
            \beta_t = \min\Bigl(1 - \frac{f((t+1)/T)}{f(t/T)},\, 0.999\Bigr), \quad
            f(u) = \cos^2\Bigl(\frac{\pi}{2}\,\frac{u + 0.008}{1.008}\Bigr), \quad
            \alpha_t^2 = \prod_{r \le t} (1 - \beta_r) .

        The last level still holds noise: λ = 6.3e-4 for T = 100.

        Parameters
        ----------
        T : int
            Number of steps, at least 2.
        clean : bool
            Whether a level λ = 0 follows.

        Returns
        -------
        Levels
            The levels, T of them, or T + 1 with the clean one.

        Examples
        --------
        >>> print(*(f"{value:.4g}" for value in Levels.cosine(100).values[[0, -1]]))
        4.118e+06 0.0006317
        """
        if positive_int("T", T) < 2:
            raise ArgumentError("Argument `T` must be at least 2, but it is 1.")
        u = np.arange(T + 1) / T
        f = np.cos(0.5 * np.pi * (u + 0.008) / 1.008) ** 2
        kept = np.cumprod(1.0 - np.minimum(1.0 - f[1:] / f[:-1], 0.999))[::-1]
        end = [1.0] if flag("clean", clean) else []
        squares = np.array([*kept, *end])
        times = np.array([*u[:0:-1], *([0.0] if clean else [])])
        return cls(times, np.sqrt(squares), np.sqrt(1.0 - squares))

    @property
    def values(self) -> Array:
        """The noise levels λ = σ²/α², shape (K,)."""
        return np.asarray(self.ratios**2)

    @property
    def ratios(self) -> Array:
        """Noise over data, √λ, shape (K,)."""
        return np.asarray(self.sigma / self.alpha)

    def __len__(self) -> int:
        return len(self.time)

    def __iter__(self) -> Iterator[Level]:
        return (Level(*point) for point in zip(self.time, self.alpha, self.sigma, strict=True))

    def __repr__(self) -> str:
        first, last = self.values[0], self.values[-1]
        return f"Levels({len(self)} from λ = {first:.3g} down to {last:.3g})"
