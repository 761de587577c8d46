"""Goodness of a fit, and the parameters that the data do not identify."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, ndtr, stdtrit, xlogy

from simtheory._faces import face
from simtheory._typing import Array
from simtheory.fit._forms import SCALES
from simtheory.fit._residuals import coloured, errors_of, gain, in_columns, missed, waves
from simtheory.fit._search import Optimum
from simtheory.fit.curves import Curves
from simtheory.fit.noisy_rises import noise_level

_SINGULAR = 1e-8
"""Singular values of the Jacobian below this share of the largest count as zero."""

_CHANCE = 0.03
"""Probability of patterns in the residuals below which the model counts as wrong."""

MATERIAL = 5e-3
"""Size of these patterns, as a share of the range of a curve, below which a model is good enough: steps
of finite size and drawn data move the curves of a trained net by as much."""

_SMALL = 1e-6
"""Output below which its logarithm is not followed: one layer may start at zero or below."""

_NUDGE = 1e-4
"""Step of the derivatives with respect to depth and schedule: one-sided, so right to as much."""

_EXACT = 1e-7
"""Residual below which only the search differs between models."""

_SHOWN = 0.01
"""Probability below which a better fit shows what it has more: ties between rows, ends, imbalance."""


@face
@dataclass(frozen=True, slots=True)
class Quality:
    """How well a fit describes its data.

    Parameters
    ----------
    points, parameters : int
        Numbers that were fitted, and parameters that were free.
    residual : float
        Standard deviation of the residuals, sqrt(RSS / (points − parameters)).
    noise : float
        Standard deviation of the noise, estimated without the model by differences; root mean
        square over the columns.
    chi2 : float
        RSS / noise² divided by points − parameters: near one if the model leaves noise only.
    runs : float
        Probability that residuals without order change sign so rarely (Wald and Wolfowitz); small
        where the model misses something that lasts.
    pattern : float
        Probability that the residuals of a right model move so far towards other ends, another depth
        or a schedule, or along slow waves: four tests, taken together. Noise may be correlated.
    misfit : float
        Root mean square of these patterns, as a share of the range of the curve; the largest over the
        columns.
    correlation : float
        Between neighbouring errors, the most likely one that is not negative.
    widening : float
        Factor on the standard error of a mean because neighbouring errors are correlated; 1 if they
        are not.
    innovation : float
        Standard deviation of what is new in each error.
    degrees : float
        Degrees of freedom that are left, correlated points counted less.
    aicc, bic : float
        Akaike's criterion, corrected for small samples, and Schwarz's; only differences matter.
    """

    points: int
    parameters: int
    residual: float
    noise: float
    chi2: float
    runs: float
    pattern: float
    misfit: float
    correlation: float
    widening: float
    innovation: float
    degrees: float
    aicc: float
    bic: float

    @property
    def rejected(self) -> bool:
        """Whether the residuals show that the model is wrong, by an amount that matters."""
        return self.pattern < _CHANCE and self.misfit > MATERIAL


def quality(optimum: Optimum, curves: Curves) -> Quality:
    """Return the numbers that judge an optimum."""
    n, p = optimum.residuals.size, optimum.n_free
    squares = optimum.sum_of_squares
    noise = float(np.sqrt(np.mean(noise_level(curves.t, curves.values) ** 2)))
    residual = float(np.sqrt(squares / (n - p)))
    table, slopes = _tables(optimum, curves.values.shape)
    errors = errors_of(table, slopes)
    slow = waves(len(table), table.shape[1])
    size = np.sqrt(np.sum(np.einsum("tc,tcq->cq", table, slow) ** 2, axis=1) / len(table))
    changes = (slow, *_changes(optimum, curves.t / curves.t[-1], curves.values + table))
    range_ = np.maximum(np.ptp(curves.values, axis=0), 1e-300)
    k = p + 1  # the noise is estimated, too
    depth = n * np.log(max(squares / n, 1e-300))
    correction = 2.0 * k * (k + 1) / max(n - k - 1, 1e-9)
    return Quality(
        points=n,
        parameters=p,
        residual=residual,
        noise=noise,
        chi2=float((residual / noise) ** 2) if noise > 0 else np.inf,
        runs=_runs(table),
        pattern=missed(table, slopes, changes),
        misfit=float((size / range_).max()),
        correlation=errors.correlation,
        widening=float(np.sqrt((1.0 + errors.correlation) / (1.0 - errors.correlation))),
        innovation=errors.innovation,
        degrees=errors.degrees,
        aicc=float(depth + 2 * k + correction),
        bic=float(depth + k * np.log(n)),
    )


def spread(optimum: Optimum, found: Quality) -> Array:
    """Return R with R Rᵀ the covariance of the free parameters, J⁺ V J⁺ᵀ with V that of the errors."""
    count = optimum.jacobian.shape[1]
    _, sizes, axes = np.linalg.svd(optimum.jacobian, full_matrices=False)
    if found.correlation == 0.0 or not count:
        return np.asarray(found.innovation * axes.T / np.maximum(sizes, 1e-300))
    _, slopes = _tables(optimum, optimum.shape)
    driven = coloured(slopes, found.correlation).reshape(-1, count)
    # J⁺ V J⁺ᵀ = σ² (JᵀJ)⁻¹ DᵀD (JᵀJ)⁻¹ with D the driven slopes.
    inverse = (axes.T / np.maximum(sizes, 1e-300) ** 2) @ axes
    return np.asarray(found.innovation * inverse @ np.asarray(np.linalg.qr(driven, mode="r")).T)


def factor(found: Quality, confidence: float) -> float:
    """Return Student's factor between a standard error and half an interval."""
    return float(stdtrit(found.degrees, 0.5 * (1.0 + confidence)))


def shows(loose: Optimum, more: Optimum) -> bool:
    """Tell whether a fit with more parameters is better than without, beyond what noise explains."""
    points = loose.residuals.size
    if np.sqrt(loose.sum_of_squares / points) < _EXACT:
        return False
    return by_chance(loose, more) < _SHOWN


def by_chance(loose: Optimum, more: Optimum) -> float:
    """Return the probability that more parameters fit so much better by chance."""
    return gain(*_tables(loose, loose.shape), *_tables(more, more.shape))


def _changes(optimum: Optimum, t: Array, fitted: Array) -> list[Array]:
    r"""Return how curves move, to first order, if the model is another; each of shape (T, C, q).

    Another start and end of each curve: a constant and the curve. Another depth: a rate that goes as
    a power of w moves w by ẇ∫ln w. A schedule: t to a power moves it by ẇ t ln t.
    """
    form, theta = optimum.form, optimum.theta
    ends = np.stack([np.ones_like(fitted), fitted], axis=-1)
    W = form.weights(theta, t)
    if len(t) < 2:
        return []
    slope = np.gradient(W, t, axis=0)
    logs = np.log(np.clip(np.diagonal(W, axis1=-2, axis2=-1), _SMALL, None))
    area = np.cumsum(0.5 * np.diff(t)[:, None] * (logs[1:] + logs[:-1]), axis=0)
    deeper = np.concatenate([np.zeros((1, form.n)), area])[..., None] * np.eye(form.n)
    later = xlogy(t, t)[:, None, None]
    moved = [
        (form.observe(theta, W + _NUDGE * slope * by) - fitted) / _NUDGE for by in (deeper, later)
    ]
    each = [in_columns(list(np.swapaxes(ends, 0, 1)))]
    return each + [
        change[..., None] / max(float(np.linalg.norm(change)), 1e-300) for change in moved
    ]


def _tables(optimum: Optimum, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Residuals (T, C) and slopes (T, C, p)."""
    return optimum.residuals.reshape(shape), optimum.jacobian.reshape(*shape, optimum.n_free)


def unidentified(optimum: Optimum, found: Quality) -> str:
    """Return the name of a parameter that the data do not identify, and why; '' if there is none."""
    names = [name for name, free in zip(optimum.form.names, optimum.free, strict=True) if free]
    scales = [s for s, free in zip(optimum.form.scales, optimum.free, strict=True) if free]
    if not names:
        return ""
    ends = optimum.at_bounds[optimum.free]
    if ends.any():
        return f"{names[int(np.argmax(ends))]}: the best value is at the end of its range"
    _, sizes, axes = np.linalg.svd(optimum.jacobian, full_matrices=False)
    if sizes[-1] <= _SINGULAR * sizes[0]:
        worst = names[int(np.abs(axes[-1]).argmax())]
        return f"{worst}: the Jacobian has rank {int((sizes > _SINGULAR * sizes[0]).sum())} of {len(names)}"
    errors = np.linalg.norm(spread(optimum, found), axis=1)
    excess = errors / np.array([SCALES[s].loose for s in scales])
    k = int(excess.argmax())
    if excess[k] > 1.0:
        return f"{names[k]}: its standard error is {SCALES[scales[k]].meaning.format(errors[k])}"
    return ""


def flat(t: Array, column: Array) -> bool:
    """Tell whether a curve moves by no more than noise, by the means over stretches of it."""
    noise = float(noise_level(t, column))
    if np.ptp(column) <= 1e-9 * max(1.0, float(np.abs(column).max())):
        return True
    pieces = min(10, column.size // 3)
    if pieces < 2 or noise == 0.0:
        return False
    blocks = np.array_split(column, pieces)
    means, sizes = np.array([b.mean() for b in blocks]), np.array([b.size for b in blocks])
    moved = float(np.sum(sizes * (means - column.mean()) ** 2)) / noise**2
    # The factor 1.5 covers the error of the estimated noise.
    return moved <= 1.5 * float(chdtri(pieces - 1, 1e-4))


def _runs(residuals: Array) -> float:
    """One-sided p-value of the runs test, its counts added over the columns."""
    seen = mean = variance = 0.0
    for column in residuals.T:
        up = column > 0
        n, m = float(up.sum()), float((~up).sum())
        if n == 0 or m == 0:
            continue
        seen += 1 + int(np.sum(up[1:] != up[:-1]))
        mean += 1 + 2 * n * m / (n + m)
        variance += 2 * n * m * (2 * n * m - n - m) / ((n + m) ** 2 * max(n + m - 1, 1))
    return float(ndtr((seen - mean) / np.sqrt(variance))) if variance > 0 else 1.0
