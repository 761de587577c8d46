r"""Noise levels: points of a schedule, and the grid down which a sampler walks.

The *noise level* is :math:`\lambda = \sigma^2/\alpha^2`, the variance of the noise in units of the data.
Its root, the *ratio* :math:`\sigma/\alpha`, is what `simtheory.analytic.denoiser` calls σ, where
:math:`\alpha = 1`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simtheory._checks import all_positive, as_finite, frozen
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.noise.schedules import Level, Schedule

__all__ = ["Level", "Levels"]


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
        Shares of the noise, positive.

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
            "sigma": all_positive("sigma", self.sigma),
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
        return cls(
            np.linspace(1.0, 0.0, sigma.size).reshape(sigma.shape), np.ones_like(sigma), sigma
        )

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
