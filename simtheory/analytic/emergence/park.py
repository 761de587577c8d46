r"""The simulation of Park et al. (park2024) in closed form: two relaxations towards an imposed sigmoid.

Problem
-------
.. math:: \dot c_1 = s\Big[\frac{1 - c_1}{2a} + \frac a2(\alpha - c_1)\Big], \qquad
   \dot c_2 = s\Big[\frac a2(1 - c_2) + \frac{\alpha - c_2}{2a}\Big], \qquad
   \alpha(t) = \frac1{1 + e^{-k(t - t_0)}},

from :math:`c_1 = c_2 = \frac12`.

Symbols
-------
a : ratio of the strengths, at least 1; c₁, c₂ : coordinates of the weak and of the strong concept; r = s(a + 1/a)/2 : rate of the
relaxation; :math:`m_1 = (1 + a^2\alpha)/(1 + a^2)`, :math:`m_2 = (a^2 + \alpha)/(1 + a^2)` : what they relax to.

Reading
-------
The turn of the trajectory is put in by the sigmoid; it is not derived. `simtheory.analytic.emergence` derives
the dip before it from a linear denoiser.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_times, number, positive, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.labels import Computed, implements

__all__ = ["park_ode", "park_passing"]

_FORGOTTEN = 45.0
"""Times 1/r after which what came before is smaller than rounding, e^(−45)."""


def _ratio(a: float) -> float:
    if not 1.0 <= (found := number("a", a)) <= 1e6:
        raise ArgumentError(f"Argument `a` must lie between 1 and 1e6, but it is {found:g}.")
    return found


def _rate(ratio: float, s: float) -> float:
    if not 1e-100 <= positive("s", s) <= 1e100:
        raise ArgumentError(f"Argument `s` must lie between 1e-100 and 1e100, but it is {s:g}.")
    return 0.5 * s * (ratio + 1.0 / ratio)


def _logistic(x: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


@implements(
    "b-toy-ode",
    kind=Computed(
        r"c_i(t) = \tfrac12 e^{-rt} + r\int_0^t e^{-r(t-u)} m_i(u)\,du, \quad "
        r"r = \tfrac s2\big(a + \tfrac1a\big)"
    ),
    title="Trajectory of the simulation in concept space",
    regime="the sigmoid α(t) imposed, a ≥ 1",
    source="park2024",
    where="derived here from the equations of the released code",
)
@face
def park_ode(a: float, t: ArrayLike, *, s: float = 3.0, k: float = 0.1, t0: float = 10.0) -> Array:
    """Return the coordinates of the weak and of the strong concept in the simulation.

    Parameters
    ----------
    a : float
        Ratio of the strengths, from 1 on.
    t : array_like, shape (T,)
        Times.
    s : float
        Speed.
    k : float
        Steepness of the imposed sigmoid.
    t0 : float
        Its middle.

    Returns
    -------
    ndarray, shape (T, 2)
        The weak coordinate, then the strong one.

    Raises
    ------
    ArgumentError
        If a is below 1.

    Notes
    -----
    The integral is taken by Gauss-Legendre nodes on panels that are short beside both times, 1/r and
    1/k, to 1e-14.

    Examples
    --------
    >>> park_ode(2.0, [0.0, 10.0, 20.0]).round(4)
    array([[0.5   , 0.5   ],
           [0.5947, 0.8987],
           [0.7806, 0.9452]])
    """
    ratio, times = _ratio(a), as_times(t)
    steep, middle = positive("k", k), number("t0", t0)
    rate = _rate(ratio, s)
    panel = 2.0 * min(1.0, rate / steep)
    if panel < 1e-4:
        raise ArgumentError(
            f"Argument `k` must be below 1e4 times the rate s(a + 1/a)/2 = {rate:g}, but it is {k:g}."
        )
    nodes, heights = np.polynomial.legendre.leggauss(16)
    relaxed = np.empty(times.size)
    for i, now in enumerate(times):
        reach = min(rate * now, _FORGOTTEN)
        count = max(1, int(np.ceil(reach / panel)))
        width = reach / count
        back = width * (np.arange(count)[:, None] + 0.5 * (nodes + 1.0))  # r(t - u)
        told = np.exp(-back) * _logistic(steep * (now - back / rate - middle))
        relaxed[i] = 0.5 * width * (told @ heights).sum()
    gone = np.exp(-rate * times)
    square = ratio * ratio
    weak = ((1.0 - gone) + square * relaxed) / (1.0 + square)
    strong = (square * (1.0 - gone) + relaxed) / (1.0 + square)
    return np.stack([0.5 * gone + weak, 0.5 * gone + strong], axis=1)


@face
def park_passing(
    a: float, *, level: float, s: float = 3.0, k: float = 0.1, t0: float = 10.0
) -> float:
    """Return when the weak coordinate of the simulation passes a level, after the transient.

    Parameters
    ----------
    a : float
        Ratio of the strengths, from 1 on.
    level : float
        The level, above 1/(1 + a²), where the sigmoid starts to lift the coordinate.
    s : float
        Speed.
    k : float
        Steepness of the imposed sigmoid.
    t0 : float
        Its middle.

    Returns
    -------
    float
        t₀ + logit(((1 + a²)·level − 1)/a²)/k + 1/r.

    Raises
    ------
    ArgumentError
        If a is below 1, or the level is not above 1/(1 + a²).

    Notes
    -----
    Right to 0.004 for a in [1, 5], levels in [0.5, 0.9] and crossings after 8/r, when the start is
    forgotten.

    Examples
    --------
    >>> round(park_passing(2.0, level=0.7), 3)
    15.375
    """
    ratio, height = _ratio(a), share("level", level)
    rate = _rate(ratio, s)
    asked = ((1.0 + ratio**2) * height - 1.0) / ratio**2
    if asked <= 0.0:
        raise ArgumentError(
            f"Argument `level` must lie above 1/(1 + a²) = {1.0 / (1.0 + ratio**2):g}, but it is {height:g}."
        )
    return float(
        number("t0", t0) + (np.log(asked) - np.log1p(-asked)) / positive("k", k) + 1.0 / rate
    )
