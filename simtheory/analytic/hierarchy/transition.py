r"""The class transition: how the belief in the true symbol falls or grows from level to level.

The mean belief in the true symbol of a level follows from that of the level below by the map F. Its
fixed points are certainty, 1, and chance, 1/v. If both attract, an unstable one lies between them, and
the class of a string is known or lost depending on which side of it the belief in the tokens is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simtheory._checks import shares
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.hierarchies import hierarchy
from simtheory.errors import RegimeError
from simtheory.labels import implements
from simtheory.results import axes

__all__ = ["ClassThreshold", "class_map", "class_slopes", "class_threshold"]


@face
@dataclass(frozen=True, slots=True, eq=False)
class ClassThreshold:
    """The unstable fixed point of the class map.

    Parameters
    ----------
    belief : ndarray, shape (...)
        Mean belief in the true token at the transition, p⋆.
    noise : ndarray, shape (...)
        Noise ε⋆ of the erasure process at which the tokens have that belief.
    slope : ndarray, shape (...)
        Slope of the map there, F'(p⋆) > 1.
    nu : ndarray, shape (...)
        Exponent ν = ln s/ln F'(p⋆): the correlation length grows as the power −ν of the distance of ε from ε⋆.
    """

    belief: Array = field(metadata=axes.over("*ensemble"))
    noise: Array = field(metadata=axes.over("*ensemble"))
    slope: Array = field(metadata=axes.over("*ensemble"))
    nu: Array = field(metadata=axes.over("*ensemble"))

    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)


@implements(
    "class-map",
    title="mean belief in the true symbol, from level to level",
    exactness="annealed mean field: within 0.03 of the mean over grammars for v ≥ 32",
    regime="independent beliefs of siblings, rules drawn anew at each node",
    source="sclocchi2025",
    where="Eq. 22",
)
@face
def class_map(p: ArrayLike, *, v: ArrayLike, m: ArrayLike, s: ArrayLike = 2) -> Array:
    r"""Map the mean belief in the true symbol of a level to that of the level above.

    :math:`F(p) = [p^s + c(1-p^s)]/[p^s + \varphi(1-p^s)]`, with :math:`\varphi = (mv-1)/(v^s-1)` and
    :math:`c = (m-1)/(v^s-1)`. The tokens have :math:`p_0 = 1 - \epsilon + \epsilon/v` under the erasure
    process.

    Parameters
    ----------
    p : array_like, shape (...)
        Mean belief in the true symbol, in [0, 1].
    v, m, s : array_like, shape (...)
        Symbols, rules of a symbol, branching.

    Returns
    -------
    ndarray, shape (...)
        The belief one level above.

    Raises
    ------
    TaskError
        If m > v^(s−1).

    Examples
    --------
    >>> noise = np.array([0.5, 0.7, 0.73, 0.8])
    >>> p = 1 - noise + noise / 32
    >>> for _ in range(7):
    ...     p = class_map(p, v=32, m=8)
    >>> print(p.round(4))
    [0.9835 0.6639 0.3067 0.0335]
    """
    belief = shares("p", p)
    v, m, s, _ = hierarchy(v, m, s)
    q, phi, c = belief**s, (m * v - 1.0) / (v**s - 1.0), (m - 1.0) / (v**s - 1.0)
    return np.asarray((q + c * (1.0 - q)) / (q + phi * (1.0 - q)))


@implements(
    "class-slopes",
    title="slopes of the class map at certainty and at chance",
    exactness="exact for the annealed map",
    regime="any branching",
    source="sclocchi2025",
    where="Eq. 28, and derived here at chance",
)
@face
def class_slopes(*, v: ArrayLike, m: ArrayLike, s: ArrayLike = 2) -> tuple[Array, Array]:
    r"""Slopes of the class map at its trivial fixed points, 1 and 1/v.

    :math:`F'(1) = sm(v-1)/(v^s-1)` and :math:`F'(1/v) = s(v-1)v^s/(mv(v^s-1))`. There is a transition if
    both are below 1.

    Parameters
    ----------
    v, m, s : array_like, shape (...)
        Symbols, rules of a symbol, branching.

    Returns
    -------
    certain, chance : ndarray, shape (...)
        F'(1) and F'(1/v).

    Raises
    ------
    TaskError
        If m > v^(s−1).

    Examples
    --------
    >>> certain, chance = class_slopes(v=8, m=3)
    >>> print(certain.round(4), chance.round(4))
    0.6667 0.5926
    """
    v, m, s, _ = hierarchy(v, m, s)
    certain = s * m * (v - 1.0) / (v**s - 1.0)
    chance = s * (v - 1.0) / (m * (v - v ** (1.0 - s)))
    return np.asarray(certain), np.asarray(chance)


@implements(
    "class-threshold",
    title="noise at which the class is lost, and its exponent",
    exactness="exact for the annealed map",
    regime="m ≥ 2 and 2m < v + 1 at s = 2; slopes below 1 at both trivial fixed points",
    source="sclocchi2025",
    where="derived here from Eq. 22",
)
@face
def class_threshold(*, v: ArrayLike, m: ArrayLike, s: ArrayLike = 2) -> ClassThreshold:
    r"""Find the unstable fixed point of the class map.

    At s = 2 :math:`p_\star = (m-1)/(v-m)` and :math:`\epsilon_\star = v(v-2m+1)/((v-m)(v-1))`; at other s
    the root is found numerically.

    Parameters
    ----------
    v, m, s : array_like, shape (...)
        Symbols, rules of a symbol, branching.

    Returns
    -------
    ClassThreshold
        Belief, noise, slope and exponent.

    Raises
    ------
    TaskError
        If m > v^(s−1).
    RegimeError
        If there is no transition.

    Notes
    -----
    ε⋆ belongs to the erasure process, the mean evidence. Under the noise of discrete diffusion the
    class is lost much earlier.

    Examples
    --------
    >>> found = class_threshold(v=32, m=8)
    >>> print(found.belief.round(4), found.noise.round(4), found.nu.round(3))
    0.2917 0.7312 1.893
    """
    certain, chance = class_slopes(v=v, m=m, s=s)
    v, m, s, _ = hierarchy(v, m, s)
    v, m, s, certain, chance = np.broadcast_arrays(v, m, s, certain, chance)
    lost = (certain >= 1.0) | (chance >= 1.0)
    if lost.any():
        at = tuple(int(i) for i in np.argwhere(lost)[0])
        if certain[at] >= 1.0:
            why = "s*m*(v-1) must be below v**s-1, or certainty is unstable"
        else:
            why = "m must exceed s*(v-1)*v**(s-1)/(v**s-1), or chance is unstable"
        raise RegimeError(
            f"Arguments `v`, `m` and `s` have no class transition: {why}, but s*m*(v-1) = "
            f"{s[at] * m[at] * (v[at] - 1):g} and v**s-1 = {v[at] ** s[at] - 1:g}."
        )
    belief = np.array((m - 1.0) / np.where(s == 2, v - m, 1.0))
    for place in map(tuple, np.argwhere(s != 2)):
        belief[place] = _root(float(v[place]), float(m[place]), float(s[place]))
    q, phi = belief**s, (m * v - 1.0) / (v**s - 1.0)
    gain = m * (v - 1.0) / (v**s - 1.0)
    slope = gain * s * belief ** (s - 1.0) / (q + phi * (1.0 - q)) ** 2
    if np.any(slope <= 1.0):
        raise RegimeError(
            "Arguments `v`, `m` and `s` have a class transition whose slope float64 cannot tell from 1; "
            f"the largest v is {v.max():g}."
        )
    return ClassThreshold(
        belief=belief,
        noise=(1.0 - belief) * v / (v - 1.0),
        slope=slope,
        nu=np.log(s) / np.log(slope),
    )


def _root(v: float, m: float, s: float) -> float:
    """Return the fixed point strictly between chance and certainty, of F(p) = p without those two."""
    phi, c = (m * v - 1.0) / (v**s - 1.0), (m - 1.0) / (v**s - 1.0)

    def reduced(p: float) -> float:
        gap = (1.0 - c) * p**s + c - (1.0 - phi) * p ** (s + 1.0) - phi * p
        return gap / ((p - 1.0) * (p - 1.0 / v))

    edge = 1e-9 * (1.0 - 1.0 / v)  # the quotient loses half of its digits that near to its ends
    from scipy.optimize import brentq  # slow to import

    return float(brentq(reduced, 1.0 / v + edge, 1.0 - edge, xtol=1e-15, rtol=1e-14))
