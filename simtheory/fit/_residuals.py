r"""Residuals whose neighbours are correlated, and patterns in them that noise does not explain.

The errors of a column are taken as :math:`e_t = \varphi e_{t-1} + \varepsilon_t`, in the order of the
rows, with one :math:`\varphi` and one variance for all columns. The correlation maximises the restricted
likelihood, in which the parameters of the model cost what they take from the residuals: the plain
correlation of residuals is too small by about :math:`(1 + 3\varphi + \ldots)p/n`.

All tests are F tests in whitened coordinates :math:`\varepsilon_t = e_t - \varphi e_{t-1}`, linear in the
parameters around the optimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import dct
from scipy.special import fdtrc

from simtheory._typing import Array

_CORRELATIONS = np.concatenate([np.linspace(0.0, 0.9, 46), 1.0 - np.geomspace(0.09, 0.02, 8)])
"""Correlations that are tried; beyond the last one a curve is a random walk."""

_SHOWN = 5.0
"""Twice the gain of log likelihood at which a correlation is believed: independent errors gain more,
with a positive correlation, in one of 80 fits."""

_DOUBT = 1.0
"""Twice the loss of log likelihood up to which a larger correlation is possible: one standard error."""

_DRIFT = 0.8
"""Correlation beyond which slow errors are no longer told from a pattern."""

_PATTERNS = 10
"""Most slow patterns in a column of residuals that a model must not leave."""

_FAST = 4
"""Waves beyond 1/4 of all show the correlation of noise: what a model misses has left them."""

_POINTS_A_PATTERN = 6
"""Fewest points for each of them."""

_FEWEST_DEGREES = 3.0
"""Degrees of freedom below which Student's factor is not let grow."""


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors of curves, as the residuals of a fit show them.

    Parameters
    ----------
    correlation : float
        Between neighbours; 0 where independent errors would look the same.
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
    phi = moments.correlation()
    n, p = residuals.size, slopes.shape[-1]
    degrees = n * (1.0 - phi) / (1.0 + phi) - p
    left = moments.left(phi)[0]
    return Errors(phi, float(np.sqrt(left / (n - p))), max(degrees, _FEWEST_DEGREES))


def gain(
    residuals: Array, slopes: Array, more: Array, more_slopes: Array, correlation: float
) -> float:
    """Return the probability that a larger model fits so much better by chance.

    Residuals and slopes of the smaller model, then of the larger one.
    """
    small = _Moments.of(residuals, slopes).left(correlation)[0]
    large = _Moments.of(more, more_slopes).left(correlation)[0]
    q = more_slopes.shape[-1] - slopes.shape[-1]
    return _f_test(small, large, q, residuals.size - more_slopes.shape[-1])


def pattern(residuals: Array, slopes: Array) -> tuple[float, Array]:
    """Return the probability of slow patterns as large as those in residuals, and their sizes.

    The size, one for each column, is the root mean square of the patterns.
    """
    size, columns = residuals.shape
    count = min(_PATTERNS, size // _POINTS_A_PATTERN, (residuals.size - slopes.shape[-1]) // 2)
    if count < 1:
        return 1.0, np.zeros(columns)
    waves = np.cos(np.pi * np.outer(np.arange(size) + 0.5, np.arange(count)) / size)
    waves /= np.linalg.norm(waves, axis=0)
    each = np.zeros((size, columns, columns * count))
    for k in range(columns):
        each[:, k, k * count : (k + 1) * count] = waves
    model = _Moments.of(residuals, slopes)
    more = _Moments.of(residuals, np.concatenate([slopes, each], axis=-1))
    # The largest correlation that fast waves allow: patterns are not to be noise.
    _, phi = _of_fast_waves(residuals, max(count, size // _FAST))
    large = more.left(phi)[0]
    degrees = residuals.size - more.rank
    chance = _f_test(model.left(phi)[0], large, more.rank - model.rank, degrees)
    return chance, np.sqrt(np.mean((waves @ (waves.T @ residuals)) ** 2, axis=0))


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
        axes, sizes, _ = np.linalg.svd(slopes.reshape(size * columns, -1), full_matrices=False)
        axes = axes[:, sizes > 1e-10 * sizes.max(initial=0.0)]  # the same space, well-conditioned
        both = np.column_stack([axes, residuals.ravel()]).reshape(size, columns, -1)
        whole = np.einsum("tci,tcj->ij", both, both, optimize=True)
        shifted = np.einsum("tci,tcj->ij", both[1:], both[:-1], optimize=True)
        inner = np.einsum("tci,tcj->ij", both[1:-1], both[1:-1], optimize=True)
        return cls(columns, size * columns, (whole, -(shifted + shifted.T), inner))

    @property
    def rank(self) -> int:
        return len(self.products[0]) - 1

    def left(self, phi: float) -> tuple[float, float]:
        """Sum of squares of whitened residuals off the whitened slopes, and ln det of the slopes."""
        constant, linear, square = self.products
        gram = constant + phi * linear + phi**2 * square
        inner, cross = gram[:-1, :-1], gram[:-1, -1]
        if not self.rank:
            return float(gram[-1, -1]), 0.0
        explained = float(cross @ np.linalg.solve(inner, cross))
        return max(float(gram[-1, -1]) - explained, 0.0), float(np.linalg.slogdet(inner)[1])

    def likelihood(self, phi: float) -> float:
        """Restricted log likelihood of a correlation, its variance taken as the best."""
        left, depth = self.left(phi)
        degrees = self.points - self.rank
        return float(
            0.5 * self.columns * np.log1p(-(phi**2))
            - 0.5 * depth
            - 0.5 * degrees * np.log(max(left, 1e-300))
        )

    def correlation(self) -> float:
        """The most likely correlation, 0 if none is shown."""
        return _likely(np.array([self.likelihood(phi) for phi in _CORRELATIONS]))[0]


def _of_fast_waves(residuals: Array, slow: int) -> tuple[float, float]:
    """The most likely correlation and the largest possible one, by Whittle's likelihood.

    The cosine coefficients of an autoregression are nearly independent, with variances 1/(1 − 2φ cos ω +
    φ²); slow ones, which a wrong model changes, are left out.
    """
    size, columns = residuals.shape
    powers = np.sum(dct(residuals, axis=0, norm="ortho")[slow:] ** 2, axis=1)
    turns = np.cos(np.pi * np.arange(slow, size) / size)
    grid = []
    for phi in _CORRELATIONS:
        inverse = 1.0 - 2.0 * phi * turns + phi**2
        mean = max(float(np.mean(powers * inverse)) / columns, 1e-300)
        grid.append(0.5 * columns * float(np.sum(np.log(inverse)) - powers.size * np.log(mean)))
    return _likely(np.array(grid))


def _likely(grid: Array) -> tuple[float, float]:
    """The best of the correlations and the largest possible one; 0 for both if none is shown."""
    best = int(np.argmax(grid))
    if 2.0 * (grid[best] - grid[0]) <= _SHOWN:
        return 0.0, 0.0
    possible = 2.0 * (grid[best] - grid) < _DOUBT
    return float(_CORRELATIONS[best]), min(float(_CORRELATIONS[possible].max()), _DRIFT)


def _f_test(small: float, large: float, q: int, degrees: int) -> float:
    if q < 1 or degrees < 1:
        return 1.0
    if large <= 0.0:
        return 1.0 if small <= 0.0 else 0.0
    return float(fdtrc(q, degrees, max(small - large, 0.0) / q / (large / degrees)))
