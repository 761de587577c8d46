r"""Toys of acquisition: skills that are gained by chance and never lost.

Problem
-------
A task needs n skills. Each is gained with probability p in every step, or at a rate that falls with its rank.
When is the task solved?

Symbols
-------
p : probability of a gain in a step; n, k : number of skills; alpha : exponent of ranks, as
:math:`\pi_s \propto s^{-1-\alpha}`.

Reading
-------
The product of n curves starts later and rises hardly more steeply: in units of 1/λ, λ = −ln(1 − p), its width
*grows* from 2.20 to 3.08.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import all_positive, not_negative, positive, positive_int, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.labels import Computed, implements

__all__ = ["acquisition", "acquisition_time", "zipf_miss", "zipf_skills"]

_HEAD = 400
"""Ranks that are summed one by one; of later ones the sum is an integral with corrections below 1e-12."""


@implements(
    "bernoulli-toy",
    title="Chance that n skills are all gained",
    regime="independent gains with probability p in each step, never lost",
    source="okawa2023",
    where="toy model of multiplicative emergence",
)
@face
def acquisition(p: float, n: int, t: ArrayLike) -> Array:
    r"""Return the chance that n skills are all gained after t steps, :math:`(1 - (1 - p)^t)^n`.

    Parameters
    ----------
    p : float
        Probability that a skill is gained in a step, in (0, 1).
    n : int
        Number of skills.
    t : array_like, shape (...)
        Steps, not negative; whole or not.

    Returns
    -------
    ndarray, shape (...)
        The chance.

    Examples
    --------
    >>> acquisition(0.02, 3, [166, 167]).round(4)
    array([0.8988, 0.9007])
    """
    rate = -np.log1p(-share("p", p))
    with np.errstate(divide="ignore"):
        gained = np.log(-np.expm1(-rate * not_negative("t", t)))
    return np.asarray(np.exp(positive_int("n", n) * gained))


@face
def acquisition_time(p: float, n: int, *, level: float = 0.9, whole: bool = True) -> float:
    """Return after how many steps the chance that n skills are all gained reaches a level.

    Parameters
    ----------
    p : float
        Probability that a skill is gained in a step, in (0, 1).
    n : int
        Number of skills.
    level : float
        The chance to reach, in (0, 1).
    whole : bool
        Whether to return the first whole step, or the time at which the curve crosses the level.

    Returns
    -------
    float
        Steps.

    Examples
    --------
    >>> [acquisition_time(0.02, n, level=0.9) for n in (1, 2, 3, 4)]
    [114.0, 147.0, 167.0, 181.0]
    """
    rate = -np.log1p(-share("p", p))
    height = np.log(share("level", level)) / positive_int("n", n)
    time = float(-np.log(-np.expm1(height)) / rate)
    return float(np.ceil(time * (1.0 - 1e-13))) if whole else time


@implements(
    "zipf-skills",
    kind=Computed(
        r"P_k(t) = \Big(1 - \sum_{s \ge 1} \pi_s e^{-\pi_s t}\Big)^k, \quad "
        r"\pi_s = s^{-1-\alpha} / \zeta(1 + \alpha)"
    ),
    title="Chance that k skills of Zipf's ranks are all gained",
    regime="each skill drawn from π, gained at rate π; independent",
    source="okawa2023",
    where="derived here from independent gains",
)
@face
def zipf_skills(alpha: float, k: int, t: ArrayLike) -> Array:
    """Return the chance that k skills, whose ranks follow a power law, are all gained at time t.

    Parameters
    ----------
    alpha : float
        Exponent: the skill of rank s is asked for in proportion to s^(−1−alpha), positive.
    k : int
        Number of skills that a task needs.
    t : array_like, shape (...)
        Times, not negative: samples seen.

    Returns
    -------
    ndarray, shape (...)
        The chance.

    Examples
    --------
    >>> zipf_skills(1.0, 1, [100.0, 10000.0]).round(4)
    array([0.9309, 0.9931])
    """
    from scipy import special

    power = 1.0 + _exponent(alpha)
    times = not_negative("t", t)
    scale = 1.0 / special.zeta(power)
    ranks = np.arange(1.0, _HEAD)
    rates = scale * ranks**-power
    head = (-rates * np.expm1(-times[..., None] * rates)).sum(axis=-1)
    # of the ranks from the last on: Euler-Maclaurin sum of g(s) = π(1 - e^{-πt})
    last = scale * float(_HEAD) ** -power
    x = times * last
    risen = -np.expm1(-x)
    slope = -power / _HEAD * last * (risen + x * np.exp(-x))
    integral = _risen_tail(scale, power, times, x)
    solved = head + integral + 0.5 * last * risen - slope / 12.0
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(positive_int("k", k) * np.log(np.minimum(solved, 1.0))))


def _exponent(alpha: float) -> float:
    found = positive("alpha", alpha)
    if not 1e-2 <= found <= 50.0:
        raise ArgumentError(f"Argument `alpha` must lie between 0.01 and 50, but it is {found:g}.")
    return found


def _risen_tail(scale: float, power: float, times: Array, x: Array) -> Array:
    """Return the integral of π(1 - e^{-πt}) over the ranks from the last one on."""
    from scipy import special

    alpha = power - 1.0
    whole = scale * float(_HEAD) ** -alpha / alpha  # of π
    with np.errstate(divide="ignore", invalid="ignore"):
        stay = (
            scale ** (1.0 / power)
            * times ** (-alpha / power)
            / power
            * special.gammainc(alpha / power, x)
            * special.gamma(alpha / power)
        )
    # where x is small the difference of both is lost: its series is integrated term by term
    series = whole * (
        x * alpha / (alpha + power)
        - x**2 / 2.0 * alpha / (alpha + 2.0 * power)
        + x**3 / 6.0 * alpha / (alpha + 3.0 * power)
        - x**4 / 24.0 * alpha / (alpha + 4.0 * power)
    )
    return np.asarray(np.where(x < 1e-3, series, whole - stay))


@face
def zipf_miss(alpha: float, t: ArrayLike) -> Array:
    r"""Return the power law of the chance that a skill is missing, for late times.

    :math:`\Gamma(\frac{\alpha}{1+\alpha})\, \pi_1^{1/(1+\alpha)} t^{-\alpha/(1+\alpha)} / (1 + \alpha)`; so the time to
    a level grows as :math:`k^{(1+\alpha)/\alpha}` with the number of skills.

    Parameters
    ----------
    alpha : float
        Exponent of the ranks, positive.
    t : array_like, shape (...)
        Times, positive.

    Returns
    -------
    ndarray, shape (...)
        The chance that one skill is missing.

    Examples
    --------
    >>> zipf_miss(1.0, [100.0, 10000.0]).round(4)
    array([0.0691, 0.0069])
    """
    from scipy import special

    power = 1.0 + _exponent(alpha)
    inner = (power - 1.0) / power
    front = special.gamma(inner) * special.zeta(power) ** (-1.0 / power) / power
    return np.asarray(front * all_positive("t", t) ** -inner)
