r"""Residuals whose neighbours are correlated, and what noise does not explain in them.

The errors of a column are taken as :math:`e_t = \varphi e_{t-1} + \varepsilon_t`, in the order of the
rows, with one :math:`\varphi` and one variance for all columns. The correlation has its restricted
likelihood, in which the parameters of the model cost what they take from the residuals: the plain
correlation of residuals is too small by about :math:`(1 + 3\varphi + \ldots)p/n`.

Intervals take the most likely correlation. Tests compare a model with a larger one, that has more
parameters or directions beside it: F tests in whitened coordinates :math:`\varepsilon_t = e_t -
\varphi e_{t-1}`, linear in the parameters around the optimum, averaged over the correlation with the
likelihood of the *larger* model. So what the smaller one misses does not pass for correlated noise,
and a test counts that the correlation is not known: at the most likely one alone, the probability
0.01 comes up in a tenth of fits of 50 points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from simtheory._typing import Array

_CORRELATIONS = np.concatenate([np.linspace(0.0, 0.9, 37), 1.0 - np.geomspace(0.085, 0.02, 8)])
"""Correlations that are tried; beyond the last one a curve is a random walk."""

_CELLS = np.gradient(_CORRELATIONS)
"""Lengths that they stand for: before the data every correlation is as likely as another."""

_PATTERNS = 10
"""Most slow patterns in a column of residuals that a model must not leave."""

_POINTS_A_PATTERN = 6
"""Fewest points for each of them."""

_UNLIKE = 0.9
"""Probability that a larger one counts as: a change that residuals avoid does not excuse another."""

_SAME = 1e-10
"""Square of the angle below which a slope counts as a combination of others."""

_FEWEST_DEGREES = 3.0
"""Degrees of freedom below which Student's factor is not let grow."""


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors of curves, as the residuals of a fit show them.

    Parameters
    ----------
    correlation : float
        Between neighbours, the most likely one that is not negative.
    innovation : float
        Standard deviation of what is new in an error.
    degrees : float
        Degrees of freedom that are left, correlated points counted less.
    """

    correlation: float
    innovation: float
    degrees: float


def coloured(table: Array, correlation: float) -> Array:
    """Apply the transposed inverse of whitening: AᵀA of the result is the variance of sums with `table`."""
    result = np.array(table)
    for k in range(len(table) - 2, -1, -1):
        result[k] += correlation * result[k + 1]
    result[0] /= np.sqrt(1.0 - correlation**2)
    return result


def errors_of(residuals: Array, slopes: Array) -> Errors:
    """Return what residuals (T, C) of a model with slopes (T, C, p) say of the errors."""
    moments = _Moments.of(residuals, slopes)
    left, depth = moments.left()
    best = int(np.argmax(moments.likelihood(left, depth)))
    phi, n, p = float(_CORRELATIONS[best]), residuals.size, slopes.shape[-1]
    degrees = n * (1.0 - phi) / (1.0 + phi) - p
    return Errors(phi, float(np.sqrt(left[best] / (n - p))), max(degrees, _FEWEST_DEGREES))


def gain(residuals: Array, slopes: Array, more: Array, more_slopes: Array) -> float:
    """Return the probability that a larger model fits so much better by chance.

    Residuals and slopes of the smaller model, then of the larger one.
    """
    return _by_chance(_Moments.of(residuals, slopes), _Moments.of(more, more_slopes))


def missed(residuals: Array, slopes: Array, changes: Sequence[Array]) -> float:
    """Return the probability that residuals of a right model move so far along changes of it.

    Changes are directions, each of shape (T, C, q), and the test of each is one of several.
    """
    model = _Moments.of(residuals, slopes)
    larger = [np.concatenate([slopes, change], axis=-1) for change in changes]
    known = [_Moments.of(residuals, more) for more in larger if more.shape[-1] < residuals.size]
    return together([_by_chance(model, more) for more in known])


def together(chances: Sequence[float]) -> float:
    """Return one probability of several tests that resemble one another.

    The mean of the cotangents of πp has a Cauchy law where all tests are right, however they depend on
    one another, in its upper tail (Liu and Xie, J. Am. Stat. Assoc. 115, 393, 2020). Where several tests
    see the same misfit, the smallest probability times their number would be too large.
    """
    if not chances:
        return 1.0
    angles = np.pi * np.clip(chances, 1e-300, _UNLIKE)
    return float(np.arctan2(1.0, np.mean(1.0 / np.tan(angles))) / np.pi)


def waves(size: int, columns: int) -> Array:
    """Return slow cosines, each in one column, shape (T, C, C·q)."""
    count = min(_PATTERNS, size // _POINTS_A_PATTERN)
    turns = np.cos(np.pi * np.outer(np.arange(size) + 0.5, np.arange(count)) / size)
    return in_columns([turns] * columns)


def in_columns(each: Sequence[Array]) -> Array:
    """Return directions (T, q) of each column, zero in all others, of length one; (T, C, C·q)."""
    size, count = each[0].shape
    result = np.zeros((size, len(each), len(each) * count))
    for k, part in enumerate(each):
        lengths = np.maximum(np.linalg.norm(part, axis=0), 1e-300)
        result[:, k, k * count : (k + 1) * count] = part / lengths
    return result


def _by_chance(small: _Moments, large: _Moments) -> float:
    q, degrees = large.rank - small.rank, large.points - large.rank
    if q < 1 or degrees < 1:
        return 1.0
    before, (after, depth) = small.left()[0], large.left()
    if after.min() <= 0.0:
        return 1.0 if before.min() <= 0.0 else 0.0
    likelihood = large.likelihood(after, depth)
    weights = np.exp(likelihood - likelihood.max()) * _CELLS
    chances = fdtrc(q, degrees, np.maximum(before - after, 0.0) / q / (after / degrees))
    return float(weights @ chances / weights.sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """Sums over products of slopes and residuals, from which those of whitened ones follow."""

    columns: int
    points: int
    products: tuple[Array, Array, Array]
    """Coefficients of 1, φ and φ²; the residuals come last."""

    @classmethod
    def of(cls, residuals: Array, slopes: Array) -> _Moments:
        size, columns = residuals.shape
        flat = slopes.reshape(size * columns, -1)
        flat = flat / np.maximum(np.linalg.norm(flat, axis=0), 1e-300)
        sizes, axes = np.linalg.eigh(flat.T @ flat)
        kept = sizes > _SAME * sizes.max(initial=0.0)
        axes = flat @ (axes[:, kept] / np.sqrt(sizes[kept]))  # the same space, well-conditioned
        both = np.column_stack([axes, residuals.ravel()]).reshape(size, columns, -1)
        whole = np.einsum("tci,tcj->ij", both, both, optimize=True)
        shifted = np.einsum("tci,tcj->ij", both[1:], both[:-1], optimize=True)
        inner = np.einsum("tci,tcj->ij", both[1:-1], both[1:-1], optimize=True)
        return cls(columns, size * columns, (whole, -(shifted + shifted.T), inner))

    @property
    def rank(self) -> int:
        return len(self.products[0]) - 1

    def left(self) -> tuple[Array, Array]:
        """Squares of whitened residuals off the whitened slopes, and ln det of the slopes, at each φ."""
        phi = _CORRELATIONS[:, None, None]
        constant, linear, square = self.products
        gram = constant + phi * linear + phi**2 * square
        whole, inner, cross = gram[:, -1, -1], gram[:, :-1, :-1], gram[:, :-1, -1:]
        if not self.rank:
            return whole, np.zeros(len(whole))
        explained = np.sum(cross * np.linalg.solve(inner, cross), axis=(-1, -2))
        return np.maximum(whole - explained, 0.0), np.linalg.slogdet(inner)[1]

    def likelihood(self, left: Array, depth: Array) -> Array:
        """Restricted log likelihood of each φ, its variance taken as the best."""
        degrees = self.points - self.rank
        return np.asarray(
            0.5 * self.columns * np.log1p(-(_CORRELATIONS**2))
            - 0.5 * depth
            - 0.5 * degrees * np.log(np.maximum(left, 1e-300))
        )
