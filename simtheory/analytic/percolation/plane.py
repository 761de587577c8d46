r"""Two factors: when linked examples span the plane of labels.

Problem
-------
Examples lie at random places of a canvas of side N, or on a lattice of spacing d of which a share is
kept. Two are linked within a distance r. Above a threshold one cluster spans an infinite plane.

Symbols
-------
r : link radius; :math:`\eta = n\pi(r/2)^2/A` : filling factor of discs of diameter r; z : number of
lattice sites within r; :math:`p_c(z)` : share of kept sites at the threshold.

Result
------
For random places :math:`\eta_c = 1.12808737`, so :math:`n_c = 4\eta_c N^2/(\pi r^2)`: with a radius
that grows as σ it falls as σ⁻². On a lattice the threshold depends on r through z alone, a staircase.

Reading
-------
Thresholds hold for the infinite plane. A canvas a few link lengths wide smears them: at the
threshold of a canvas of seven link lengths the largest cluster holds about .58 of the examples.
"""

from __future__ import annotations

import math
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from simtheory._checks import all_positive, not_negative, one_of, positive, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic.percolation.overlaps import link_radius
from simtheory.errors import ArgumentError
from simtheory.labels import Cited, Computed, Constant, implements

__all__ = [
    "CONTINUUM_THRESHOLD",
    "EXACT_THRESHOLDS",
    "EXPONENTS",
    "WrappingProbabilities",
    "continuum_threshold",
    "critical_kept_fraction",
    "critical_number",
    "exact_threshold",
    "lattice_threshold",
    "plane_connected",
    "spanning_polynomial",
    "square_threshold",
    "window_ratio",
    "wrapping_probabilities",
]

CONTINUUM_THRESHOLD = Constant(1.12808737, 6e-8, "mertens2012")
"""Filling factor of discs at the threshold of the infinite plane."""

EXPONENTS = MappingProxyType(
    {
        "nu": Fraction(4, 3),
        "beta": Fraction(5, 36),
        "gamma": Fraction(43, 18),
        "tau": Fraction(187, 91),
        "sigma": Fraction(36, 91),
        "D": Fraction(91, 48),
    }
)
"""Exponents of percolation in the plane: of the correlation length, the largest cluster, the mean size, the
numbers of clusters (two), and the dimension of the largest cluster."""

EXACT_THRESHOLDS = MappingProxyType(
    {
        "bond, square": 0.5,
        "site, triangular": 0.5,
        "bond, triangular": 2.0 * math.sin(math.pi / 18.0),
        "bond, honeycomb": 1.0 - 2.0 * math.sin(math.pi / 18.0),
        "line": 1.0,
    }
)
"""Thresholds of infinite lattices that are known exactly."""

_SQUARE = Constant(0.59274605079210, 2e-14, "jacobsen2015")
_HERE = "liang2024"
_THRESHOLDS: dict[int, Constant] = {
    4: _SQUARE,
    8: Constant(1.0 - _SQUARE.value, 2e-14, "jacobsen2015"),
    12: Constant(0.28912, 5e-5, _HERE),
    20: Constant(0.19673, 4e-5, _HERE),
    24: Constant(0.16471, 4e-5, _HERE),
    28: Constant(0.14326, 4e-5, _HERE),
    36: Constant(0.11535, 3e-5, _HERE),
    44: Constant(0.09577, 3e-5, _HERE),
    48: Constant(0.08771, 4e-5, _HERE),
    56: Constant(0.07585, 3e-5, _HERE),
    68: Constant(0.06359, 3e-5, _HERE),
    80: Constant(0.05399, 3e-5, _HERE),
    108: Constant(0.04051, 4e-5, _HERE),
    196: Constant(0.02264, 3e-5, _HERE),
    316: Constant(0.01413, 2e-5, _HERE),
}
"""Thresholds of the square lattice with disc neighbourhoods. Errors of numbers without one in print are
those of runs on a torus of side 256."""

_SHIFT, _SHIFT_ERROR = 3.3, 0.007
"""The law 4.51235/(z + 3.3) and its relative error between z = 24 and 316; below, it is off by up to 4 %."""
_MOST_SITES = 4 * 10**6
"""Largest z that is counted; a lattice as dense is the continuum to a share of 1e-6."""
_MOST_ROWS = 5


@implements(
    "continuum-threshold",
    kind=Cited(CONTINUUM_THRESHOLD),
    title="filling factor of discs at the threshold",
    regime="discs of one size at random places of the infinite plane",
    source="mertens2012",
    where="abstract",
)
@face
def continuum_threshold() -> Constant:
    """Filling factor of discs at the threshold of the infinite plane.

    Returns
    -------
    Constant
        η_c, with its error and source. The mean number of links of a point is then 4 η_c = 4.512.

    Examples
    --------
    >>> continuum_threshold().value
    1.12808737
    """
    return CONTINUUM_THRESHOLD


@implements(
    "n-critical",
    title="number of random examples at which their links span the plane",
    regime="a canvas of many link radii",
    exactness="vanishing with the radius over the side",
    source="liang2024",
    where="derived here from the threshold of discs",
)
@face
def critical_number(side: ArrayLike, *, radius: ArrayLike) -> Array:
    r"""Number of random examples at the threshold, :math:`4\eta_c N^2/(\pi r^2)`.

    Parameters
    ----------
    side : array_like
        Side N of the canvas of labels, in pixels.
    radius : array_like
        Link radius r, in pixels (`link_radius`); it broadcasts with `side`.

    Returns
    -------
    ndarray
        Numbers of examples. `window_ratio` says how many link radii wide the canvas is.

    Raises
    ------
    ArgumentError
        If a length is not positive.

    Examples
    --------
    >>> float(critical_number(32, radius=link_radius(1.0, theta=0.05)).round(1))
    122.7
    """
    n, far = all_positive("side", side), all_positive("radius", radius)
    return np.asarray(4.0 * CONTINUUM_THRESHOLD.value / np.pi * (n / far) ** 2)


@face
def window_ratio(side: ArrayLike, *, radius: ArrayLike) -> Array:
    """Side of the canvas in link radii; the threshold is smeared over a share (N/r)^(-3/4) of it.

    Parameters
    ----------
    side : array_like
        Side N of the canvas of labels, in pixels.
    radius : array_like
        Link radius r, in pixels; it broadcasts with `side`.

    Returns
    -------
    ndarray
        N / r.

    Raises
    ------
    ArgumentError
        If a length is not positive.
    """
    return np.asarray(all_positive("side", side) / all_positive("radius", radius))


@implements(
    "full-connectivity",
    kind=Computed(r"\exp\left(-n\,e^{-n\pi r^2/N^2}\right)"),
    title="chance that random examples are all in one cluster",
    regime="a torus of many link radii and very many examples",
    exactness="vanishing very slowly: at n = 1600 .18 for .37 and .81 for .87",
    source="penrose1997",
    where="the limit of its theorem; the number of isolated points is evaluated here",
)
@face
def plane_connected(n: ArrayLike, *, side: ArrayLike, radius: ArrayLike) -> Array:
    r"""Chance that n random examples are one cluster, in the limit in which only single points stay apart.

    A point is isolated with the chance :math:`e^{-n\pi r^2/N^2}`. With :math:`n\pi r^2/N^2 = \ln n + c` the
    law is :math:`\exp(-e^{-c})`: a second threshold, far above `critical_number`.

    Parameters
    ----------
    n : array_like
        Number of examples.
    side : array_like
        Side N of the torus of labels, in pixels; it broadcasts with `n`.
    radius : array_like
        Link radius r, in pixels; it broadcasts with `n`.

    Returns
    -------
    ndarray
        Probabilities, too high at any number of examples that is used.

    Raises
    ------
    ArgumentError
        If a length is not positive, or the number of examples negative.

    Examples
    --------
    >>> radius = (np.log(1600.0) / (1600.0 * np.pi)) ** 0.5
    >>> float(plane_connected(1600, side=1.0, radius=radius).round(4))
    0.3679
    """
    number = not_negative("n", n)
    edge, far = all_positive("side", side), all_positive("radius", radius)
    return np.asarray(np.exp(-number * np.exp(-number * np.pi * (far / edge) ** 2)))


@implements(
    "exact-thresholds",
    kind=Computed(
        r"p_c = \tfrac12,\quad 2\sin\tfrac{\pi}{18},\quad 1 - 2\sin\tfrac{\pi}{18},\quad"
        r" \tfrac{1}{z-1}\;\text{(Bethe)},\quad 1\;\text{(line)}"
    ),
    title="thresholds of infinite lattices that are known exactly",
    regime="the infinite lattice",
    source="newman2001",
    where="textbook values, evaluated here",
)
@face
def exact_threshold(lattice: str, *, z: int | None = None) -> float:
    """Threshold of an infinite lattice for which it is known exactly.

    Parameters
    ----------
    lattice : str
        A name of `EXACT_THRESHOLDS`, or ``"Bethe"``, a tree.
    z : int, optional
        Neighbours of each site of the tree, at least 2; needed for it alone.

    Returns
    -------
    float
        Share of kept bonds or sites at the threshold.

    Raises
    ------
    ArgumentError
        If the lattice is unknown, or `z` is missing or of no use.

    Examples
    --------
    >>> round(exact_threshold("bond, triangular"), 6), exact_threshold("Bethe", z=3)
    (0.347296, 0.5)
    """
    name = one_of("lattice", lattice, (*EXACT_THRESHOLDS, "Bethe"))
    if name != "Bethe":
        if z is not None:
            raise ArgumentError(
                f"Argument `z` is of the lattice Bethe alone, but it is {z} for {name}."
            )
        return EXACT_THRESHOLDS[name]
    neighbours = 0 if z is None else positive_int("z", z)
    if neighbours < 2:
        raise ArgumentError(f"Argument `z` of the lattice Bethe must be at least 2, but it is {z}.")
    return 1.0 / (neighbours - 1)


def _disc_numbers(z: int) -> IntArray:
    """Return the numbers of sites within a distance of the square lattice, up to the first above z."""
    far = math.ceil(math.sqrt(z / math.pi)) + 3
    one = np.arange(-far, far + 1) ** 2
    squares = np.sort((one[:, None] + one[None, :]).ravel())
    squares = squares[(squares > 0) & (squares <= far**2)]
    ends = np.flatnonzero(np.diff(squares)) + 1
    return np.asarray([*ends, squares.size], dtype=np.intp)


@implements(
    "lattice-threshold",
    kind=Cited(_SQUARE),
    title="share of kept sites of the square lattice at the threshold",
    regime="the infinite lattice; the number is that of four neighbours",
    source="jacobsen2015",
    where="table of the paper; larger neighbourhoods: runs on a torus, in this project",
)
@face
def square_threshold() -> Constant:
    """Share of kept sites of the square lattice with four neighbours at the threshold.

    Returns
    -------
    Constant
        With its error and source.

    Examples
    --------
    >>> round(square_threshold().value, 8)
    0.59274605
    """
    return _SQUARE


@face
def lattice_threshold(z: int) -> Constant:
    """Share of kept sites of a square lattice at the threshold, linked within a disc.

    Parameters
    ----------
    z : int
        Number of sites within the disc: 4, 8, 12, 20, 24, 28, 36, ...

    Returns
    -------
    Constant
        With its error and source. Where no number is known it is 4.51235 / (z + 3.3), right to 0.7 %
        from z = 24 on.

    Raises
    ------
    ArgumentError
        If no disc holds so many sites.

    Examples
    --------
    >>> lattice_threshold(20).value, round(lattice_threshold(88).value, 4)
    (0.19673, 0.0494)
    """
    count = positive_int("z", z)
    if count > _MOST_SITES:
        raise ArgumentError(
            f"Argument `z` must be at most {_MOST_SITES}, but it is {count}; take `critical_number`."
        )
    if count in _THRESHOLDS:
        return _THRESHOLDS[count]
    known = _disc_numbers(count)
    if count not in known:
        above = int(known[np.searchsorted(known, count)])
        below = known[known < count]
        near = f"{int(below[-1])} and {above}" if below.size else str(above)
        raise ArgumentError(
            f"Argument `z` must be the number of lattice sites in a disc, such as {near}, but it is {count}."
        )
    value = 4.0 * CONTINUUM_THRESHOLD.value / (count + _SHIFT)
    return Constant(value, _SHIFT_ERROR * value, "xun2021")


@implements(
    "lambda-vs-sigma",
    kind=Computed(
        r"\lambda_c = p_c(z),\quad z = \#\{(i,j) \ne 0 : i^2 + j^2 \le r^2/d^2\},\quad"
        r" r = 2\sigma\sqrt{\ln 1/\theta}"
    ),
    title="share of a lattice of examples at the threshold",
    regime="bumps of at least 0.7 pixels; an infinite lattice",
    exactness="that of the threshold, 0.7 % at most",
    source="liang2024",
    where="derived here from the threshold of the lattice",
)
@face
def critical_kept_fraction(sigma: float, *, spacing: float, theta: float) -> float:
    """Share of a lattice of examples that must be kept for their links to span the plane.

    Parameters
    ----------
    sigma : float
        Width of the bumps, in pixels.
    spacing : float
        Spacing of the lattice of labels, in pixels.
    theta : float
        Threshold in (0, 1) on the cosine of two images.

    Returns
    -------
    float
        The share; infinity where even neighbours are not linked, so that no share percolates.

    Raises
    ------
    ArgumentError
        If a length is not positive, or the threshold is outside (0, 1).

    Examples
    --------
    >>> [critical_kept_fraction(s, spacing=1.0, theta=0.005) for s in (0.2, 0.3, 1.0)]
    [inf, 0.5927460507921, 0.06359]
    """
    reach = float(link_radius(positive("sigma", sigma), theta=theta)) / positive("spacing", spacing)
    if reach < 1.0:
        return math.inf
    if math.pi * reach**2 > _MOST_SITES:
        return float(4.0 * CONTINUUM_THRESHOLD.value / (math.pi * reach**2))
    whole = math.floor(reach)
    i = np.arange(-whole, whole + 1)
    z = int(((i[:, None] ** 2 + i[None, :] ** 2) <= reach**2 * (1.0 + 1e-12)).sum()) - 1
    return lattice_threshold(z).value


class WrappingProbabilities(NamedTuple):
    """Probabilities of wrapping round a torus at the threshold.

    Parameters
    ----------
    either : float
        Round one of the axes or both.
    x : float
        Round a given axis.
    both : float
        Round both.
    one : float
        Round a given axis and not the other.
    """

    either: float
    x: float
    both: float
    one: float


@implements(
    "wrapping-constants",
    kind=Computed(
        r"R_e = 1 - \frac{\theta_3(e^{-3\pi/8})\,\theta_3(e^{-8\pi/3}) - "
        r"\theta_3(e^{-3\pi/2})\,\theta_3(e^{-2\pi/3})}{2\eta^2},\quad"
        r"R_1 = \frac{3\theta_3(e^{-6\pi}) + \theta_3(e^{-2\pi/3}) - 4\theta_3(e^{-8\pi/3})}{\sqrt6\,\eta^2}"
    ),
    title="probabilities of wrapping round a square torus at the threshold",
    regime="the limit of large sides",
    source="newman2001",
    where="after Pinson; evaluated here",
)
@face
def wrapping_probabilities() -> WrappingProbabilities:
    r"""Probabilities of wrapping round a square torus at the threshold.

    With :math:`\theta_3(q) = \sum_n q^{n^2}` and Dedekind's η at :math:`q = e^{-2\pi}`.

    Returns
    -------
    WrappingProbabilities
        ``either``, ``x``, ``both``, ``one``; a spiral counts for both axes.

    Examples
    --------
    >>> [round(p, 6) for p in wrapping_probabilities()]
    [0.690474, 0.521058, 0.351643, 0.169415]
    """
    n = np.arange(-12, 13)

    def theta(rate: float) -> float:
        """Sum e^(-π rate n²)."""
        return math.fsum(np.exp(-math.pi * rate * n**2))

    k = np.arange(1, 12)
    eta = math.exp(-math.pi / 12.0) * float(np.prod(-np.expm1(-2.0 * math.pi * k)))
    either = 1.0 - (theta(3 / 8) * theta(8 / 3) - theta(3 / 2) * theta(2 / 3)) / (2.0 * eta**2)
    one = (3.0 * theta(6) + theta(2 / 3) - 4.0 * theta(8 / 3)) / (math.sqrt(6.0) * eta**2)
    return WrappingProbabilities(either, either - one, either - 2.0 * one, one)


@implements(
    "spanning-polynomials",
    kind=Computed(r"\sum_k N_k\, p^k (1-p)^{n^2-k}"),
    title="numbers of choices of sites that span a small square from top to bottom",
    regime="squares of side 1 to 5",
    source="newman2001",
    where="counted here",
)
@face
def spanning_polynomial(n: int) -> tuple[int, ...]:
    r"""Number of choices of k sites of an n x n square that hold a path from top to bottom.

    The probability that kept sites span is :math:`\sum_k N_k p^k (1-p)^{n^2-k}`.

    Parameters
    ----------
    n : int
        Side, from 1 to 5.

    Returns
    -------
    tuple of int, length n² + 1
        N_k for k = 0, 1, ..., n².

    Raises
    ------
    ArgumentError
        If the side is not from 1 to 5.

    Examples
    --------
    >>> spanning_polynomial(2), spanning_polynomial(3)
    ((0, 0, 2, 4, 1), (0, 0, 0, 3, 22, 59, 67, 36, 9, 1))
    """
    side = positive_int("n", n)
    if side > _MOST_ROWS:
        raise ArgumentError(f"Argument `n` must be at most {_MOST_ROWS}, but it is {side}.")
    # Row by row: which sites of the row are joined to the top (1) and to each other (2, 3, ...).
    states: dict[tuple[int, ...], list[int]] = {(1,) * side: [1]}
    for _ in range(side):
        grown: dict[tuple[int, ...], list[int]] = {}
        for state, counts in states.items():
            for mask in range(2**side):
                row = tuple(mask >> c & 1 for c in range(side))
                after = _next_row(state, row)
                if 1 not in after:
                    continue
                kept = sum(row)
                total = grown.setdefault(after, [])
                total.extend([0] * (len(counts) + kept - len(total)))
                for k, count in enumerate(counts):
                    total[k + kept] += count
        states = grown
    size = side**2 + 1
    sums = [0] * size
    for counts in states.values():
        for k, count in enumerate(counts):
            sums[k] += count
    return tuple(sums)


def _next_row(state: tuple[int, ...], row: tuple[int, ...]) -> tuple[int, ...]:
    """Return the components of a row below the components `state` of the row above it."""
    side = len(row)
    parent = {("above", part): ("above", part) for part in state if part}
    parent |= {("here", c): ("here", c) for c in range(side) if row[c]}

    def root(node: tuple[str, int]) -> tuple[str, int]:
        while parent[node] != node:
            node = parent[node]
        return node

    for c in range(side):
        if row[c] and state[c]:
            parent[root(("here", c))] = root(("above", state[c]))
        if row[c] and c and row[c - 1]:
            parent[root(("here", c))] = root(("here", c - 1))
    top = root(("above", 1)) if 1 in state else None
    names: dict[tuple[str, int], int] = {} if top is None else {top: 1}
    found = []
    for c in range(side):
        if not row[c]:
            found.append(0)
            continue
        found.append(names.setdefault(root(("here", c)), len(names) + 1 + (top is None)))
    return tuple(found)
