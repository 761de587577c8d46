r"""Reverse diffusion on callables: with summed, repaired, weighted and superposed scores.

The steps are those of `simtheory.sim.composition`; here NumPy walks. Curvatures of a callable are central
differences of its score, over a hundredth of the width of the noise, so that single precision will do.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.noise import Levels
from simtheory.noise.curvatures import Gaussian
from simtheory.results import Arrays, Samples
from simtheory.sim.composition import Corrected, Repaired, Reverse, SuperposedAnd, SuperposedOr
from simtheory.tasks import Composition

_STEP = 0.01  # of a difference, in standard deviations of the noise
_RIDGE = 1e-12  # added to a matrix of scores' differences, over its diagonal and absolutely


def reversed_(
    method: Reverse | Repaired, c: Composition, n: int, levels: Levels, rng: np.random.Generator
) -> Samples:
    """Walk down the levels with summed or repaired scores."""
    x, variance = _start(c, n, levels, rng), getattr(method, "variance", "posterior")
    for here, there in _steps(levels):
        score = (
            _repaired(c, x, here, method)
            if isinstance(method, Repaired)
            else c.score(x, level=here)
        )
        x = _moved(x, score, here, there, method.churn, variance, rng)
    return _samples(method, x, levels)


def corrected(
    method: Corrected, c: Composition, n: int, levels: Levels, rng: np.random.Generator
) -> Samples:
    """Walk down the levels with weighted particles, resampled in islands."""
    if n < method.islands:
        raise ArgumentError(
            f"Argument `n` must be at least the {method.islands} islands, but it is {n}."
        )
    wide = float(levels.values[0]) / c.total_weight
    x, logs = wide**0.5 * rng.standard_normal((n, c.dim)), np.zeros(n)
    if all(getattr(e, "has_density", hasattr(e, "covariance")) for e in c.experts):
        logs += c.log_density(x, level=float(levels.values[0])) + 0.5 * (x**2).sum(axis=1) / wide
    parts = np.array_split(np.arange(n), method.islands)
    falling, effective = list(_steps(levels)), []
    for k, (here, there) in enumerate(falling):
        scores = _scores(c, x, here)
        total = np.einsum("k,kni->ni", c.weights, scores)
        squares = np.einsum("k,kni,kni->n", c.weights, scores, scores)
        logs += 0.5 * ((total**2).sum(axis=1) - squares) * (here - there)
        x = _moved(x, total, here, there, 1.0, "posterior", rng)
        sizes = []
        for part in parts:
            shares = np.exp(logs[part] - logs[part].max())
            sizes.append(float(shares.sum() ** 2 / (shares**2).sum()))
            if sizes[-1] < method.ess * len(part) and k < len(falling) - 1:
                x[part] = x[part][_drawn(shares, rng)]
                logs[part] = logs[part].max() + np.log(shares.mean())
        effective.append(sum(sizes))
    return _samples(
        method, x, levels, log_weights=logs, arrays=Arrays({"effective_size": ("step", effective)})
    )


def superposed(
    method: SuperposedOr | SuperposedAnd,
    c: Composition,
    n: int,
    levels: Levels,
    rng: np.random.Generator,
) -> Samples:
    """Walk down the levels with superposed scores; follow all log-densities."""
    mixes = isinstance(method, SuperposedOr)
    if mixes and c.weights.min() <= 0.0:
        raise ArgumentError(
            "Argument `c` must have positive weights, the shares of the mixture, but its smallest is "
            f"{c.weights.min():g}."
        )
    if not mixes and len(c.experts) < 2:
        raise ArgumentError("Argument `c` must have at least two experts, but it has one.")
    x, top = _start(c, n, levels, rng), float(levels.values[0])
    start = -0.5 * (x**2).sum(axis=1) / top - 0.5 * c.dim * np.log(2.0 * np.pi * top)
    densities = np.repeat(start[:, None], len(c.experts), axis=1)
    for here, there in _steps(levels):
        fall, scores = here - there, _scores(c, x, here)
        noise = fall**0.5 * rng.standard_normal(x.shape)
        if mixes:
            logits = np.log(c.weights) + densities
            shares = np.exp(logits - logits.max(axis=1, keepdims=True))
            drift = np.einsum("nk,kni->ni", shares / shares.sum(axis=1, keepdims=True), scores)
        else:
            drift = _equal(scores, noise, fall)
        step = fall * drift + noise
        gains = np.einsum("kni,ni->nk", scores, step)
        densities += gains - 0.5 * fall * np.einsum("kni,kni->nk", scores, scores)
        x = x + step
    arrays = Arrays({"log_densities": ("sample expert", densities)})
    return _samples(method, x, levels, arrays=arrays)


def _start(c: Composition, n: int, levels: Levels, rng: np.random.Generator) -> Array:
    return np.asarray(levels.ratios[0] * rng.standard_normal((n, c.dim)))


def _steps(levels: Levels) -> Iterator[tuple[float, float]]:
    return pairwise(levels.values.tolist())


def _scores(c: Composition, x: Array, level: float) -> Array:
    return np.stack([np.asarray(e.score(x, level=level)) for e in c.experts])


def _moved(
    x: Array,
    score: Array,
    here: float,
    there: float,
    churn: float,
    variance: str,
    rng: np.random.Generator,
) -> Array:
    """Return points after the step that `Reverse` states."""
    kept, squared = there / here, churn**2
    x = x + here * (1.0 - kept ** (0.5 * (1.0 + squared))) * score
    spread = squared * (here - there)
    if variance == "posterior":
        spread = there * (1.0 - kept**squared)
    return x + spread**0.5 * rng.standard_normal(x.shape) if spread > 0.0 else x


def _repaired(c: Composition, x: Array, level: float, method: Repaired) -> Array:
    """Return the repaired score at a level."""
    eye = np.eye(c.dim)
    total: Any = (1.0 - c.total_weight) * eye[None]
    pull: Any = 0.0
    for weight, expert in zip(c.weights.tolist(), c.experts, strict=True):
        score = np.asarray(expert.score(x, level=level))
        if not isinstance(method.curvature, Gaussian):
            scaled = np.linalg.inv(eye + level * _hessian(expert, x, level))
        elif hasattr(expert, "covariance"):
            scaled = (eye + level * np.linalg.inv(expert.covariance))[None]
        else:
            raise ArgumentError(
                "Argument `method` must be Repaired(Tweedie()) for experts whose covariance is not known, "
                f"but it is {method!r}."
            )
        total = total + weight * scaled
        pull = pull + weight * (scaled @ score[..., None])[..., 0]
    return np.asarray(
        np.linalg.solve(np.broadcast_to(total, (len(x), *eye.shape)), pull[..., None])
    )[..., 0]


def _hessian(expert: Any, x: Array, level: float) -> Array:
    """Return the derivative of an expert's score."""
    if hasattr(expert, "hessian"):
        return np.asarray(expert.hessian(x, level=level))
    step, d = _STEP * level**0.5, x.shape[1]
    found = np.empty((len(x), d, d))
    for i, way in enumerate(step * np.eye(d)):
        up, down = expert.score(x + way, level=level), expert.score(x - way, level=level)
        found[:, i] = (np.asarray(up) - np.asarray(down)) / (2.0 * step)
    return 0.5 * (found + found.transpose(0, 2, 1))


def _drawn(shares: Array, rng: np.random.Generator) -> Any:
    """Return which particles are kept, in number to their shares, at even distances."""
    edges = np.cumsum(shares / shares.sum())
    places = (np.arange(len(shares)) + rng.random()) / len(shares)
    return np.minimum(np.searchsorted(edges, places), len(shares) - 1)


def _equal(scores: Array, noise: Array, fall: float) -> Array:
    """Return the drift under which all log-densities change alike."""
    first, gaps = scores[0], scores[1:] - scores[0]
    matrix = np.einsum("eni,fni->nef", gaps, gaps)
    right = 0.5 * ((scores[1:] ** 2).sum(axis=2) - (first**2).sum(axis=1))
    right = right - np.einsum("eni,ni->en", gaps, first + noise / fall)
    index = np.arange(len(gaps))
    matrix[:, index, index] += _RIDGE * (1.0 + matrix[:, index, index])
    weights = np.linalg.solve(matrix, right.T[..., None])[..., 0]
    return np.asarray(first + np.einsum("ne,eni->ni", weights, gaps))


def _samples(method: Any, x: Array, levels: Levels, **more: Any) -> Samples:
    return Samples(
        x,
        levels=levels.values,
        origin="validation.sample",
        stats={"method": repr(method), "evaluations": len(levels) - 1},
        **more,
    )
