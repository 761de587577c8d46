r"""Samplers: what one step down the noise levels is.

With r < u the next diffusion time, and :math:`\hat x` the guess of the clean data at :math:`z_u`,

.. math::
    \text{DDIM:}\quad z_r = \alpha_r\hat x + \frac{\sigma_r}{\sigma_u}(z_u - \alpha_u\hat x), \qquad
    \text{DDPM:}\quad z_r = \alpha_r\hat x
    + \frac{\alpha_u\sigma_r^2}{\alpha_r\sigma_u^2}(z_u - \alpha_u\hat x) + s\,\xi .

A step of `DDIM` is an Euler step of the probability-flow ODE
:math:`dy/d\varsigma = (y - \hat x)/\varsigma` for :math:`y = z/\alpha` in the ratio
:math:`\varsigma = \sigma/\alpha`: it is exact for a guess that does not change along the way. The mean
of `DDPM` is that of :math:`z_r` given :math:`z_u` and :math:`x = \hat x`. Its spread s is that of the
step from r to u (*beta*) or that of this posterior, which is smaller:

.. math::
    s_\beta^2 = \sigma_u^2 - \frac{\alpha_u^2}{\alpha_r^2}\sigma_r^2, \qquad
    s_{post}^2 = \frac{\sigma_r^2}{\sigma_u^2}\, s_\beta^2 .

The posterior's spread is right where all data are one point, beta's where data are standard normal;
the truth lies between.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from simtheory._checks import floats, one_of, positive_int
from simtheory._faces import face
from simtheory.errors import ArgumentError
from simtheory.noise.levels import Levels
from simtheory.noise.schedules import Level

__all__ = ["DDIM", "DDPM", "Ancestral", "Sampler", "sample"]

_VARIANCES = ("posterior", "beta")


@face
class Sampler(ABC):
    """What one step down the noise levels is.

    A sampler of your own has a number of `steps`, says whether it `is_random`, and gives `step`; make
    it a frozen dataclass, so that its printed form names its numbers and compiled code may hold it.
    """

    __slots__ = ()

    steps: int

    @property
    @abstractmethod
    def is_random(self) -> bool:
        """Whether a step draws noise."""

    @abstractmethod
    def step(self, z: Any, clean: Any, here: Level, there: Level, noise: Any) -> Any:
        """Return z at the next level.

        Parameters
        ----------
        z : ndarray or jax.Array
            State at `here`.
        clean : ndarray or jax.Array
            The guess of the clean data there.
        here : Level
            Where z is.
        there : Level
            The next level, of less noise.
        noise : ndarray or jax.Array, or None
            Standard normal, shaped as z; None for a sampler that is not random.

        Returns
        -------
        ndarray or jax.Array
            The next state.
        """


@face
@dataclass(frozen=True, slots=True)
class DDIM(Sampler):
    """The deterministic sampler: the probability-flow ODE in Euler steps.

    Parameters
    ----------
    steps : int
        Number of steps.
    """

    steps: int = 20

    def __post_init__(self) -> None:
        positive_int("steps", self.steps)

    @property
    def is_random(self) -> bool:
        """Whether a step draws noise."""
        return False

    def step(self, z: Any, clean: Any, here: Level, there: Level, noise: Any) -> Any:
        """Return z at the next level."""
        z, clean = floats("z", z), floats("clean", clean)
        kept = there.sigma / here.sigma
        return there.alpha * clean + kept * (z - here.alpha * clean)


@face
@dataclass(frozen=True, slots=True)
class DDPM(Sampler):
    """The random sampler: each step draws from a Gaussian around the posterior mean of the guess.

    Parameters
    ----------
    steps : int
        Number of steps.
    variance : {"posterior", "beta"}
        Variance of the draw: that of the posterior which the guess implies (ancestral sampling), or
        that of the noise which the step up adds.

    Raises
    ------
    ArgumentError
        If the number is not a positive integer, or the variance unknown.
    """

    steps: int = 50
    variance: str = "posterior"

    def __post_init__(self) -> None:
        positive_int("steps", self.steps)
        one_of("variance", self.variance, _VARIANCES)

    @property
    def is_random(self) -> bool:
        """Whether a step draws noise."""
        return True

    def step(self, z: Any, clean: Any, here: Level, there: Level, noise: Any) -> Any:
        """Return z at the next level."""
        z, clean, noise = floats("z", z), floats("clean", clean), floats("noise", noise)
        share = (there.sigma / here.sigma) ** 2  # of the noise, left by the posterior
        kept = share * here.alpha / there.alpha
        if self.variance == "posterior":
            spread = (there.sigma**2 - kept**2 * here.sigma**2) ** 0.5
        else:
            spread = (here.sigma**2 - (here.alpha / there.alpha * there.sigma) ** 2) ** 0.5
        return there.alpha * clean + kept * (z - here.alpha * clean) + spread * noise


Ancestral = DDPM
"""`DDPM`, whose variance is the posterior's unless another is asked for."""


@face
def sample(
    sampler: Sampler,
    guess: Callable[[Any, Level], Any],
    z: Any,
    levels: Levels,
    *,
    noise: Any = None,
) -> Any:
    """Run a sampler down the noise levels.

    Parameters
    ----------
    sampler : Sampler
        What a step is.
    guess : callable
        The clean data that are guessed from z at a level, ``guess(z, level)``.
    z : ndarray or jax.Array
        The start, noise of the first level.
    levels : Levels
        Where to stop: ``Levels.of(schedule, sampler.steps)``, or any others.
    noise : ndarray or jax.Array, shape (K - 1, ...), optional
        Standard normal noise of each step, shaped as z, for a random sampler.

    Returns
    -------
    ndarray or jax.Array
        z at the last level; it still holds the noise of that level.

    Raises
    ------
    ArgumentError
        If a random sampler gets no noise.

    Notes
    -----
    Everything but the guess is linear.

    Examples
    --------
    >>> import numpy as np
    >>> from simtheory.noise import CosineVP
    >>> levels = Levels.of(CosineVP(), 20)
    >>> point = sample(DDIM(20), lambda z, level: 0.0 * z + 3.0, np.array([1.0]), levels)
    >>> (point / levels.alpha[-1]).round(3)
    array([3.028])
    """
    z = floats("z", z)
    if sampler.is_random and noise is None:
        raise ArgumentError("Argument `noise` is needed by a random sampler: one array per step.")
    if noise is not None:
        noise = floats("noise", noise)
    for k, (here, there) in enumerate(pairwise(levels)):
        drawn = noise[k] if sampler.is_random else None
        z = sampler.step(z, guess(z, here), here, there, drawn)
    return z
