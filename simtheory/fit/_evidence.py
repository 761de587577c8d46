"""Goodness of a fit, and the parameters that the data do not identify."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2 as chi2_law
from scipy.stats import norm
from scipy.stats import t as t_law

from simtheory._faces import face
from simtheory._typing import Array
from simtheory.fit._forms import SCALES
from simtheory.fit._search import Optimum
from simtheory.fit.curves import Curves
from simtheory.fit.noisy_rises import noise_level

_SINGULAR = 1e-8
"""Singular values of the Jacobian below this share of the largest count as zero."""


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
    correlation : float
        Between neighbouring residuals.
    widening : float
        Factor on all standard errors because neighbouring residuals are correlated; 1 if not.
    aicc, bic : float
        Akaike's criterion, corrected for small samples, and Schwarz's; only differences matter.
    """

    points: int
    parameters: int
    residual: float
    noise: float
    chi2: float
    runs: float
    correlation: float
    widening: float
    aicc: float
    bic: float


def quality(optimum: Optimum, curves: Curves) -> Quality:
    """Return the numbers that judge an optimum."""
    n, p = optimum.residuals.size, optimum.n_free
    squares = optimum.sum_of_squares
    noise = float(np.sqrt(np.mean(noise_level(curves.t, curves.values) ** 2)))
    residual = float(np.sqrt(squares / (n - p)))
    table = optimum.residuals.reshape(curves.values.shape)
    correlation = _correlation(table)
    widening = 1.0
    if correlation > 2.0 / np.sqrt(n):  # a smaller one may come from independent noise
        widening = float(np.sqrt((1.0 + correlation) / (1.0 - min(correlation, 0.99))))
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
        correlation=correlation,
        widening=widening,
        aicc=float(depth + 2 * k + correction),
        bic=float(depth + k * np.log(n)),
    )


def spread(optimum: Optimum, found: Quality) -> Array:
    """Return R with R Rᵀ the Gauss–Newton covariance of the free parameters.

    It is widened for correlated residuals.
    """
    _, sizes, axes = np.linalg.svd(optimum.jacobian, full_matrices=False)
    return np.asarray(found.residual * found.widening * axes.T / np.maximum(sizes, 1e-300))


def factor(found: Quality, confidence: float) -> float:
    """Return Student's factor between a standard error and half an interval."""
    return float(t_law.isf(0.5 * (1.0 - confidence), found.points - found.parameters))


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
    return moved <= 1.5 * float(chi2_law.isf(1e-4, pieces - 1))


def _correlation(residuals: Array) -> float:
    """Correlation of neighbouring residuals, over all columns."""
    centred = residuals - residuals.mean(axis=0)
    whole = float(np.sum(centred**2))
    return float(np.sum(centred[1:] * centred[:-1])) / whole if whole > 0 else 0.0


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
    return float(norm.cdf((seen - mean) / np.sqrt(variance))) if variance > 0 else 1.0
