"""Starting points of a fit: the best points of coarse grids. Time runs from 0 to 1 over the curves."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.special import expit

from simtheory._typing import Array
from simtheory.analytic import deep
from simtheory.fit import _shapes
from simtheory.fit._forms import LOGISTIC, Form

_POINTS = 80
"""Points of the curves, spread evenly, on which a grid is searched."""

_KEPT = 3
"""Points of a grid from which a fit of a loss is started."""

_IMBALANCE = 0.7
"""Imbalance from which a fit is started: that of wide random layers is near one."""

_COSINES = (0.4, 0.85, -0.4)
"""Cosines between rows from which a fit of ties is started."""


def guesses(form: Form, t: Array, values: Array) -> list[Array]:
    """Return starting points of a form with orthogonal rows, best first."""
    some = np.unique(np.linspace(0, t.size - 1, min(t.size, _POINTS)).astype(int))
    t, values = t[some], values[some]
    if form.observed != "loss":
        pairs = np.array([_mode(form, t, column) for column in values.T])
        return [np.concatenate([pairs[:, 0], pairs[:, 1]])]
    return _of_loss(form, t, values)


def correlated(form: Form, orthogonal: Array) -> list[Array]:
    """Return starting points with ties between rows, from the fit without them.

    A curve shows the part of a later row that is orthogonal to the earlier ones; the start is raised
    so that this part stays.
    """
    if form.model == "one-layer":
        return [np.concatenate([orthogonal, np.zeros(form.n * (form.n - 1))])]
    pairs = form.n * (form.n - 1) // 2
    later = np.argsort(np.argsort(-orthogonal[: form.n]))  # 0 for the fastest
    found = []
    for cosine in _COSINES:
        if cosine < 0 and form.observed == "concepts":
            continue  # diagonal entries do not show the sign
        theta = np.concatenate([orthogonal, np.full(pairs, np.arctanh(cosine))])
        theta[form.n : 2 * form.n] -= later * np.log1p(-(cosine**2))
        found.append(theta)
    return found


def imbalanced(form: Form, balanced: Array) -> list[Array]:
    """Return a starting point with layers that differ, from the fit of those that do not."""
    n = form.n
    return [np.concatenate([balanced[: 2 * n], np.full(n, _IMBALANCE), balanced[2 * n :]])]


def _mode(form: Form, t: Array, column: Array) -> tuple[float, float]:
    if form.model == "one-layer":
        return _exponential(t, column)
    return _logistic(t, column) if form.model in LOGISTIC else _deep(t, column, form.depth)


def _deep(t: Array, values: Array, depth: float) -> tuple[float, float]:
    """ln rate and logit start of the nearest mode of a deep net: a curve for each start, stretched."""
    starts = -np.geomspace(0.5, 24.0, 24)
    length = deep.time_to_level(1.0, expit(starts), depth=depth)
    grid = np.concatenate([np.linspace(0.0, 3.0, 150), np.geomspace(3.1, 60.0, 30)])
    shapes = _shapes.mode(length, starts, grid, depth)  # half is learned at 1
    halves = np.geomspace(0.02, 4.0, 40)
    found = (np.inf, 0.0, 0.0)
    for shape, start, whole in zip(shapes, starts, length, strict=True):
        curves = np.interp(t / halves[:, None], grid, shape)
        errors = np.sum((curves - values) ** 2, axis=-1)
        k = int(errors.argmin())
        found = min(found, (float(errors[k]), float(np.log(whole / halves[k])), float(start)))
    return found[1:]


def _logistic(t: Array, values: Array) -> tuple[float, float]:
    """ln rate and logit start of the nearest logistic on a grid of rates and half-times."""
    rates = np.geomspace(0.3, 300.0, 50)
    halves = np.concatenate([[-1.0, -0.3, 0.0], np.geomspace(0.01, 8.0, 60)])
    curves = expit(2.0 * rates[:, None, None] * (t - halves[:, None]))
    i, j = np.unravel_index(np.sum((curves - values) ** 2, axis=-1).argmin(), (50, halves.size))
    return float(np.log(rates[i])), float(-2.0 * rates[i] * halves[j])


def _exponential(t: Array, values: Array) -> tuple[float, float]:
    """ln rate and start of the nearest 1 − (1 − start) e^{−rate t}; the start is linear."""
    rates = np.geomspace(0.02, 300.0, 120)
    decay = np.exp(-rates[:, None] * t)
    missing = decay @ (1.0 - values) / np.sum(decay**2, axis=-1)
    error = np.sum((1.0 - missing[:, None] * decay - values) ** 2, axis=-1)
    k = int(error.argmin())
    return float(np.log(rates[k])), float(1.0 - missing[k])


def _of_loss(form: Form, t: Array, values: Array) -> list[Array]:
    """Rates as powers of the signals, a common start, and both on grids."""
    if form.mu is None:
        shares = [np.full(form.n, 1.0)] + [0.5 ** np.arange(form.n)] * (form.n > 1)
        signals = [np.sqrt(2.0 * np.abs(values).max() * w / w.sum()) for w in shares]
        slower = [2.0 ** (-q * np.arange(form.n)) for q in ((0, 1, 2) if form.n > 1 else (0,))]
    else:
        signals, slower = [form.mu], [(form.mu / form.mu.max()) ** q for q in (0.5, 1, 2, 3)]
    starts = np.zeros(1) if form.model == "one-layer" else -np.linspace(0.5, 24.0, 32)
    found = []
    rates = np.geomspace(0.3, 300.0, 40)
    if form.model == "deep":  # whose modes take ten times as long to evaluate
        rates, starts = rates[::2], starts[::2]
    for mu, powers, rate, start in product(signals, slower, rates, starts):
        theta = [np.log(rate * powers)]
        if form.model != "one-layer" or not form.amplitudes:
            theta.append(np.full(form.n, start))
        if form.amplitudes:
            theta.append(np.log(np.abs(mu) + 1e-12))
        found.append(np.concatenate(theta))
    grid = np.stack(found)
    errors = np.sum((form.values(grid, t) - values) ** 2, axis=(-1, -2))
    best = np.argsort(errors)
    chosen = [grid[best[0]]]
    for k in best[1:]:  # the next best that are far from those chosen
        if len(chosen) < _KEPT and all(np.abs(grid[k] - c).max() > 0.7 for c in chosen):
            chosen.append(grid[k])
    return chosen
