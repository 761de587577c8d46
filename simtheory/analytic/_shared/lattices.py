r"""Orthant probabilities of many coordinates, as means over shifted lattices.

Problem
-------
:math:`\Phi_n(z; R)` is an integral over n − 2 coordinates, one after the other, each below a limit that those
before it move, and of the probability of the last two (Genz 1992 ends with one). Each coordinate is drawn from
a law that is close to the normal one and has a closed inverse,

.. math:: F(x) = \frac1{1 + e^{-y}}, \quad y = ax + bx^3, \qquad
    x = k\sinh\tfrac13\operatorname{arsinh}\frac{3y}{ak}, \quad k = 2\sqrt{a/3b},

truncated at its limit c: x = F⁻¹(uF(c)) for u uniform in [0, 1]. The ratio of the densities, within some per
cent of one, weights it, so the means are exact for any a and b. This law takes a fifth of the time of the
normal distribution and its inverse.

Result
------
The points are :math:`kg/2^m` with one random shift, and one generator g for all sizes :math:`2^m`, so that a
lattice of twice the size keeps the points that there are. Their tent :math:`2|x - \operatorname{round}x|` makes
the integrand periodic. What each doubling changed gives the error. Several shifts would give it as well, but the
mean of small lattices misses by more than one large lattice does. Where a relative error of `ROUNDED` is enough,
the arithmetic is in single precision.
"""

from __future__ import annotations

import numpy as np

from simtheory._later import special
from simtheory._typing import Array, IntArray
from simtheory.analytic._shared.pairs import CHUNK, Ends, parts

__all__ = ["LARGEST", "means"]

SLOPE, CUBE = 1.602, 0.066
"""a and b: of those tried, the pair whose lattices have the least errors."""

STRETCH = 2.0 * np.sqrt(SLOPE / (3.0 * CUBE))
"""k: x = k sinh(…)."""

GENERATOR = (
    1, 891843, 81483, 865555, 569947, 1009699, 179317, 537533, 178325, 506471,
    682351, 266805, 69913, 419083, 848711, 662811, 456731, 965675, 852689, 451811,
    979355, 684859, 158979, 1038111, 618061, 1042829, 943099, 34241, 380905, 221357,
    618439, 882161, 986791, 32455, 489175, 41339, 225329, 721491, 25823, 664277,
)  # fmt: skip
r"""Generator of the lattices, one number a coordinate; further coordinates begin again. Found component by
component, the best of 60 odd numbers each by the worst size, from :math:`2^8` to :math:`2^{21}`, of the mean of
:math:`\prod_j(1 + 0.9^jB_2(x_j))`."""

GROUP = 2**7
"""Points of the least lattice whose mean is looked at."""

FIRST, LARGEST = 11, 21
"""Logarithms to base 2 of the points of the first lattice that may end the work, and of the last."""

WINDOW, DECAY, ERRORS = 4, 0.6, 3.0
"""The error is `ERRORS` times the root mean square of the last `WINDOW` changes, of which each doubling that came
after shrinks one by `DECAY`, about as errors shrink. Of 128 drawn problems of 6 to 16 coordinates, at tolerances
of 3e-5 to 1e-3, two errors in a hundred were larger, the largest 3.5 times."""

ROUNDED = 2e-6
"""Relative error of single precision that the error counts. Measured are 2e-7 to 2e-6, and up to 9e-6 for problems whose
lattices miss a thousand times as much."""

SINGLE = 5.0 * ROUNDED
"""Least tolerance for single precision, as a share of the probability: below it rounding would take more than a fifth."""

RAREST = 1e-20
"""Least tolerance for single precision: the product of densities of rarer orthants may leave its range."""

MOST_SINGLE = 20
"""Most coordinates in single precision: the product of more uniform numbers may leave its range."""

STEEPEST: dict[type[np.floating], float] = {np.float32: 70.0, np.float64: 700.0}
"""Bound on −y, before exp(−y) leaves the range of a precision. Of limits below −9.2 and below −21.5, the mean is wrong."""


def means(
    z: Array,
    R: Array,
    tolerance: float,
    seed: int,
    *,
    largest: int = LARGEST,
    kinds: tuple[type[np.floating], ...] = (np.float32, np.float64),
) -> tuple[Array, Array]:
    """Return probabilities and errors, each (B,), from lattices of at most :math:`2^{largest}` points.

    Parameters
    ----------
    z : ndarray, shape (B, n)
        Finite limits, n at least 3.
    R : ndarray, shape (B, n, n)
        Correlation matrices.
    tolerance : float
        Error at which the work at a problem ends.
    seed : int
        Seed of the shift.
    largest : int
        Logarithm to base 2 of the most points.
    kinds : tuple of type
        Precisions that may be used. Where none is enough, the error is inf.
    """
    value, error = np.zeros(len(z)), np.full(len(z), np.inf)
    left = np.arange(len(z))
    for kind in kinds:
        if kind is np.float32 and (tolerance < RAREST or z.shape[1] > MOST_SINGLE):
            continue
        if left.size:
            value[left], error[left] = _grown(z[left], R[left], tolerance, seed, largest, kind)
            left = left[np.isinf(error[left])]
    return value, error


def _grown(
    z: Array, R: Array, tolerance: float, seed: int, largest: int, kind: type[np.floating]
) -> tuple[Array, Array]:
    """Return probabilities and errors in one precision; the error is inf where the precision is not enough."""
    count, n = z.shape
    limits, L = _ordered(z, R)
    spread = np.diagonal(L, axis1=1, axis2=2).copy()
    spread[:, -1] = np.hypot(L[:, -1, -2], L[:, -1, -1])
    ends = L[:, -1, -2] / spread[:, -1]
    place = np.argsort(np.abs(ends), kind="stable")
    ends = ends[place]
    limits = (limits / spread)[place].astype(kind)
    slopes = (STRETCH * L / spread[:, :, None])[place].astype(kind)
    shift = np.random.default_rng(seed).random((n - 2, 1))
    generator = np.resize(GENERATOR, n - 2)[:, None]

    def totals(rows: IntArray, points: IntArray, size: int) -> Array:
        """Return sums over groups of points k of the lattice of 2^size, shape (rows, groups)."""
        found = np.empty((rows.size, len(points) // GROUP))
        for chosen in parts(np.arange(rows.size), GROUP):
            at = rows[chosen]
            some = limits[at], slopes[at], Ends.of(ends[at], kind)
            block = max(1, CHUNK // (GROUP * at.size))  # groups at once
            for k in range(0, found.shape[1], block):
                part = points[k * GROUP : (k + block) * GROUP]
                u = _tents(part * generator % 2**size / 2**size + shift, kind)
                shown = _integrand(*some, u).reshape(at.size, -1, GROUP)
                found[chosen, k : k + block] = shown.sum(axis=2)
        return found

    left = np.arange(count)
    sums = totals(left, _nested(FIRST), FIRST).cumsum(axis=1)
    sizes = GROUP * 2 ** np.arange(WINDOW + 1)
    seen = sums[:, sizes // GROUP - 1] / sizes  # means of the last sizes
    value, error = np.zeros((2, count))
    for size in range(FIRST, largest + 1):
        if size > FIRST:
            new = totals(left, np.arange(1, 2**size, 2), size).sum(axis=1) / 2 ** (size - 1)
            seen = np.column_stack([seen[:, 1:], 0.5 * (seen[:, -1] + new)])
        changes = np.diff(seen, axis=1) * DECAY ** np.arange(WINDOW - 1, -1, -1)
        value[left] = seen[:, -1]
        scale = np.maximum(np.abs(changes).max(axis=1), 1e-300)  # squares of less may vanish
        error[left] = ERRORS * scale * np.sqrt(np.mean((changes / scale[:, None]) ** 2, axis=1))
        unsure = error[left] > tolerance
        if kind is np.float32:
            rough = tolerance < SINGLE * value[left]
            error[left] = np.where(rough, np.inf, error[left] + ROUNDED * value[left])
            unsure &= ~rough
        left, seen = left[unsure], seen[unsure]
        if not left.size:
            break
    back = np.argsort(place, kind="stable")
    return value[back], error[back]


def _nested(size: int) -> IntArray:
    """Return the numbers below 2^size, those of the lattice of `GROUP` points first, then those that each doubling adds."""
    step = 2**size // GROUP
    found = [np.arange(0, 2**size, step)]
    while step > 1:
        found.append(np.arange(step // 2, 2**size, step))
        step //= 2
    return np.concatenate(found)


def _tents(x: Array, kind: type[np.floating]) -> Array:
    """Return 2|x − round x|, at least a rounding error from 0 and from 1, shape (n − 2, points)."""
    x = x.astype(kind)
    x -= np.rint(x)
    np.abs(x, out=x)
    x *= 2.0
    least = np.finfo(kind).eps
    return np.asarray(np.clip(x, least, 1.0 - least, out=x))


def _ordered(z: Array, R: Array) -> tuple[Array, Array]:
    """Return limits and Cholesky factors in an order in which the least likely condition comes first."""
    count, n = z.shape
    rows = np.arange(count)
    z, C = z.copy(), R.copy()
    L, mean = np.zeros_like(C), np.zeros_like(z)
    for j in range(n):
        left = np.diagonal(C, axis1=1, axis2=2)[:, j:] - np.sum(L[:, j:, :j] ** 2, axis=2)
        root = np.sqrt(np.maximum(left, 1e-14))
        gaps = (z[:, j:] - (L[:, j:, :j] @ mean[:, :j, None])[..., 0]) / root
        best = gaps.argmin(axis=1)
        place = j + best
        z[rows, place], z[:, j] = z[:, j].copy(), z[rows, place]
        C[rows, place], C[:, j] = C[:, j].copy(), C[rows, place]
        C[rows, :, place], C[:, :, j] = C[:, :, j].copy(), C[rows, :, place]
        L[rows, place], L[:, j] = L[:, j].copy(), L[rows, place]
        L[:, j, j] = root[rows, best]
        across = C[:, j + 1 :, j] - (L[:, j + 1 :, :j] @ L[:, j, :j, None])[..., 0]
        L[:, j + 1 :, j] = across / L[:, j, j, None]
        limit = np.clip(gaps[rows, best], -30.0, 30.0)
        mean[:, j] = -np.exp(-0.5 * limit**2) / (np.sqrt(2.0 * np.pi) * special.ndtr(limit))
    return z, L


def _integrand(limits: Array, slopes: Array, ends: Ends, u: Array) -> Array:
    """Return the integrand at points u (n − 2, M) of the cube, for each problem: (B, M)."""
    count, n = limits.shape
    drawn = np.empty((count, n - 2, u.shape[1]), u.dtype)
    density = np.repeat(u.prod(axis=0)[None], count, axis=0)
    steepest = STEEPEST[u.dtype.type]
    square, logs = np.zeros_like(density), np.log(u)
    for j in range(n - 2):
        c = _limit(limits, slopes, drawn, j)
        over = c * c
        over *= -CUBE
        over -= SLOPE
        over *= c
        over = np.exp(np.minimum(over, steepest, out=over), out=over)
        over += 1.0  # 1/F(c)
        rest = over - u[j]
        density *= rest
        density /= over
        np.log(rest, out=rest)
        np.subtract(logs[j], rest, out=rest)
        rest *= 3.0 / (SLOPE * STRETCH)
        np.arcsinh(rest, out=rest)
        rest *= 1.0 / 3.0
        t = np.sinh(rest, out=drawn[:, j])
        np.multiply(t, t, out=rest)
        square += rest
        rest *= 4.0
        rest += 1.0
        density *= rest
    square *= -0.5 * STRETCH**2
    found = ends.chance(*(_limit(limits, slopes, drawn, j) for j in (n - 2, n - 1)))
    found *= np.exp(square, out=square)
    found /= density
    found *= (SLOPE * np.sqrt(2.0 * np.pi)) ** (2 - n)
    return found


def _limit(limits: Array, slopes: Array, drawn: Array, j: int) -> Array:
    """Return the limit of one coordinate, given those that are drawn before it: (B, M), and (B, 1) for the first."""
    if j == 0:
        return limits[:, :1]
    known = drawn[:, :j]
    return np.asarray(limits[:, j, None] - (slopes[:, j, None, : known.shape[1]] @ known)[:, 0])
