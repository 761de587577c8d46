"""The least-squares search, and the Jacobian at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from simtheory._typing import Array
from simtheory.errors import SolveError
from simtheory.fit._forms import SCALES, Form

_STEP = 1e-4
"""Step of central differences: the parameters are logarithms, so it is relative."""

_ROUGH, _FEW = 1e-3, 25
"""Tolerance at which starts are compared, and the most evaluations for each."""


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The best point of a search."""

    form: Form
    theta: Array
    free: Any
    residuals: Array
    jacobian: Array
    shape: tuple[int, int]
    """Times and columns of what was fitted."""

    @property
    def sum_of_squares(self) -> float:
        return float(np.sum(self.residuals**2))

    @property
    def n_free(self) -> int:
        return int(self.free.sum())

    @property
    def at_bounds(self) -> Any:
        """Free parameters at the end of their range."""
        low, high = bounds(self.form)
        near = 1e-3 * (high - low)
        return self.free & ((self.theta < low + near) | (self.theta > high - near))


def bounds(form: Form) -> tuple[Array, Array]:
    """Return the lowest and highest parameters that a search may try."""
    low, high = np.array([(SCALES[s].low, SCALES[s].high) for s in form.scales]).T
    return low, high


def jacobian(form: Form, theta: Array, t: Array, which: Any) -> Array:
    """Derivatives of everything observed by some parameters, in one call; shape (T·C, m)."""
    steps = _STEP * np.eye(theta.size)[which]
    both = form.values(np.concatenate([theta + steps, theta - steps]), t)
    up, down = both.reshape(2, len(steps), -1)
    return np.asarray((up - down).T / (2.0 * _STEP))


def search(
    form: Form,
    t: Array,
    values: Array,
    start: Array,
    fixed: dict[int, float],
    *,
    tol: float = 1e-10,
    most: int = 200,
) -> Optimum:
    """Return the least-squares point that a starting point leads to."""
    free = np.ones(start.size, dtype=bool)
    free[list(fixed)] = False
    low, high = bounds(form)
    theta = np.clip(start, low + 1e-6, high - 1e-6)
    for k, value in fixed.items():
        theta[k] = value

    def whole(part: Array) -> Array:
        full = theta.copy()
        full[free] = part
        return full

    def residuals(part: Array) -> Array:
        try:
            return (form.values(whole(part), t) - values).ravel()
        except SolveError:  # rates so far apart that the flow is stiff: turn the search back
            return np.full(values.size, 1e3)

    def slopes(part: Array) -> Array:
        try:
            return jacobian(form, whole(part), t, free)
        except SolveError:  # beside such rates: the search stops
            return np.zeros((values.size, part.size))

    if not free.any():
        return Optimum(
            form, theta, free, residuals(theta[free]), np.zeros((values.size, 0)), values.shape
        )
    done: Any = least_squares(
        residuals,
        theta[free],
        jac=slopes,
        bounds=(low[free], high[free]),
        ftol=tol,
        xtol=tol,
        gtol=1e-14,
        max_nfev=most,
    )
    best = whole(done.x)
    return Optimum(form, best, free, np.asarray(done.fun), slopes(done.x), values.shape)


def best_of(
    form: Form, t: Array, values: Array, starts: list[Array], fixed: dict[int, float]
) -> Optimum:
    """Return the best of the points that several starts lead to: each searched roughly, the best fully."""
    start = starts[0]
    if len(starts) > 1:
        rough = [search(form, t, values, start, fixed, tol=_ROUGH, most=_FEW) for start in starts]
        start = min(rough, key=lambda optimum: optimum.sum_of_squares).theta
    return search(form, t, values, start, fixed)
