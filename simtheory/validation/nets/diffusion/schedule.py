r"""The noise schedule, and how samples are drawn down it.

Problem
-------
Data x are mixed with standard normal noise :math:`\varepsilon`, more and more of it, and a net
learns to tell the two apart. Sampling starts from pure noise and walks back.

Symbols
-------
u : diffusion time in (0, 1), no training time; z : the noised data; :math:`\alpha, s` : shares of
data and noise; :math:`\sigma = s/\alpha` : the *noise level* of `simtheory.analytic.denoiser`;
:math:`\hat x` : the net's guess of the clean data; r < u : the next diffusion time.

Result
------
One parametrisation serves everything here, variance-preserving and trigonometric:

.. math::
    z_u = \alpha x + s\varepsilon, \quad \alpha = \cos\tfrac{\pi u}2, \quad s = \sin\tfrac{\pi u}2,
    \quad \sigma = \tan\tfrac{\pi u}2, \quad \gamma = -\ln\frac{\alpha^2}{s^2} = 2\ln\sigma .

The net predicts the velocity :math:`v = \alpha\varepsilon - sx`, from which
:math:`\hat x = \alpha z - sv`. A step of `DDIM` is an Euler step of the probability-flow ODE
:math:`dy/d\sigma = (y - \hat x)/\sigma` for :math:`y = z/\alpha`, and a step of `Ancestral` draws from
the Gaussian posterior of :math:`z_r` given :math:`z_u` and :math:`x = \hat x`:

.. math::
    z_r = \alpha_r\hat x + \frac{s_r}{s_u}(z_u - \alpha_u\hat x), \qquad
    z_r = \alpha_r\hat x + \frac{\alpha_u s_r^2}{\alpha_r s_u^2}(z_u - \alpha_u\hat x)
    + \frac{s_r}{\sigma_u}\sqrt{\sigma_u^2 - \sigma_r^2}\;\xi .

Reading
-------
Both ends of the schedule enter every sampled number: what is drawn still holds the noise
:math:`s(u_{min})`, and starts from a noise level that is finite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from simtheory._checks import as_finite, positive_int
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError

__all__ = ["DDIM", "Ancestral", "Sampler", "Schedule", "data_share", "noise_share", "sample"]


def data_share(u: Any) -> Any:
    """Return α, the share of the data at a diffusion time.

    Parameters
    ----------
    u : ndarray or jax.Array
        Diffusion times.

    Returns
    -------
    ndarray or jax.Array
        cos(πu/2).
    """
    return u.__array_namespace__().cos(0.5 * np.pi * u)


def noise_share(u: Any) -> Any:
    """Return s, the share of the noise at a diffusion time.

    Parameters
    ----------
    u : ndarray or jax.Array
        Diffusion times.

    Returns
    -------
    ndarray or jax.Array
        sin(πu/2).
    """
    return u.__array_namespace__().sin(0.5 * np.pi * u)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The ends of the noise schedule, in diffusion time.

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
    >>> Schedule().times(2)
    array([0.98, 0.5 , 0.02])
    >>> print(*(f"{level:.3g}" for level in Schedule().levels(2)))
    31.8 1 0.0314
    """

    low: float = 0.02
    high: float = 0.98

    def __post_init__(self) -> None:
        ends = as_finite("low, high", [self.low, self.high])
        if not 0.0 < ends[0] < ends[1] < 1.0:
            raise ArgumentError(
                "Arguments `low` and `high` of a schedule must satisfy 0 < low < high < 1, "
                f"but they are {self.low!r} and {self.high!r}."
            )

    def times(self, steps: int) -> Array:
        """Return the diffusion times of a sampler, evenly spaced from `high` down to `low`.

        Parameters
        ----------
        steps : int
            Number of steps.

        Returns
        -------
        ndarray, shape (steps + 1,)
            The times.
        """
        return np.linspace(self.high, self.low, positive_int("steps", steps) + 1)

    def levels(self, steps: int) -> Array:
        """Return the noise levels σ at `times`.

        Parameters
        ----------
        steps : int
            Number of steps.

        Returns
        -------
        ndarray, shape (steps + 1,)
            The levels, falling.
        """
        return np.asarray(np.tan(0.5 * np.pi * self.times(steps)))


@dataclass(frozen=True, slots=True)
class DDIM:
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

    def step(self, z: Any, clean: Any, u: Array, r: Array, noise: Any) -> Any:
        """Return z at diffusion time r.

        Parameters
        ----------
        z : ndarray or jax.Array
            State at time u.
        clean : ndarray or jax.Array
            The guess of the clean data there.
        u : ndarray, shape ()
            Diffusion time.
        r : ndarray, shape ()
            The next one, below u.
        noise : None
            Not used.

        Returns
        -------
        ndarray or jax.Array
            The next state.
        """
        kept = noise_share(r) / noise_share(u)
        return data_share(r) * clean + kept * (z - data_share(u) * clean)


@dataclass(frozen=True, slots=True)
class Ancestral:
    """The random sampler: each step draws from the posterior that the guess implies.

    Parameters
    ----------
    steps : int
        Number of steps.
    """

    steps: int = 50

    def __post_init__(self) -> None:
        positive_int("steps", self.steps)

    @property
    def is_random(self) -> bool:
        """Whether a step draws noise."""
        return True

    def step(self, z: Any, clean: Any, u: Array, r: Array, noise: Any) -> Any:
        """Return z at diffusion time r.

        Parameters
        ----------
        z : ndarray or jax.Array
            State at time u.
        clean : ndarray or jax.Array
            The guess of the clean data there.
        u : ndarray, shape ()
            Diffusion time.
        r : ndarray, shape ()
            The next one, below u.
        noise : ndarray or jax.Array
            Standard normal, shaped as z.

        Returns
        -------
        ndarray or jax.Array
            The next state.
        """
        share = (noise_share(r) / noise_share(u)) ** 2  # of the noise, left by the posterior
        kept = share * data_share(u) / data_share(r)
        spread = (noise_share(r) ** 2 - kept**2 * noise_share(u) ** 2) ** 0.5
        return data_share(r) * clean + kept * (z - data_share(u) * clean) + spread * noise


Sampler: TypeAlias = DDIM | Ancestral


def sample(
    sampler: Sampler,
    guess: Callable[[Any, Array], Any],
    z: Any,
    times: ArrayLike,
    *,
    noise: Any = None,
) -> Any:
    """Run a sampler down a schedule.

    Parameters
    ----------
    sampler : DDIM or Ancestral
        What a step is.
    guess : callable
        The clean data that are guessed from z at diffusion time u, ``guess(z, u)``.
    z : ndarray or jax.Array
        The start, standard normal.
    times : array_like, shape (n + 1,)
        Diffusion times, falling: ``schedule.times(sampler.steps)``, or any other grid.
    noise : ndarray or jax.Array, shape (n, ...), optional
        Standard normal noise of each step, shaped as z, for a random sampler.

    Returns
    -------
    ndarray or jax.Array
        z at the last time; it still holds the noise of that level.

    Raises
    ------
    ArgumentError
        If a random sampler gets no noise.

    Notes
    -----
    Everything but the guess is linear: with linear guesses `linear.sampled_covariance` is exact.

    Examples
    --------
    >>> times = Schedule().times(20)
    >>> point = sample(DDIM(20), lambda z, u: 0.0 * z + 3.0, np.array([1.0]), times)
    >>> (point / data_share(times[-1])).round(3)
    array([3.028])
    """
    if sampler.is_random and noise is None:
        raise ArgumentError("Argument `noise` is needed by a random sampler: one array per step.")
    grid = as_finite("times", times)
    for k, (u, r) in enumerate(pairwise(grid)):
        z = sampler.step(z, guess(z, u), u, r, noise[k] if sampler.is_random else None)
    return z
