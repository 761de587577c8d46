"""Independent draws from a composition that is a mixture: factors are multiplied in one by one."""

from __future__ import annotations

import numpy as np

from simtheory._typing import Array
from simtheory.errors import RegimeError
from simtheory.results import Samples
from simtheory.sim.composition.methods import Oracle
from simtheory.sim.composition.running import Run
from simtheory.tasks.composition import Composition, GaussianMixture
from simtheory.tasks.composition.arrays import tilt

_PRUNED = 1e-12
"""Share of the largest weight below which a component is dropped: no draw would find it."""

_MOST = 20_000
"""Components above which the product is refused; its arrays would take longer than chains do."""


def oracle(run: Run, method: Oracle) -> Samples:
    """Draw from the composition, and add the noise of the last level."""
    mixture = expanded(run.composition)
    level = float(run.levels.values[-1])
    rng = np.random.Generator(np.random.Philox(key=run.key))
    return Samples(
        (mixture.noised(level) if level else mixture).sample(run.n, rng=rng),
        levels=run.levels.values,
        origin="sim.composition.sample(Oracle)",
        exact=True,
        stats={
            "method": repr(method),
            "key": [int(word) for word in run.key],
            "components": mixture.components,
            "evaluations": 0,
        },
    )


def expanded(c: Composition) -> GaussianMixture:
    """Return a composition as one mixture.

    Raises
    ------
    RegimeError
        If it is none, as for a power of a mixture that is not whole, or has too many components.
    """
    pairs = list(zip(c.weights.tolist(), c.experts, strict=True))
    several = [(w, expert) for w, expert in pairs if expert.components > 1 and w]
    single = [(w, expert) for w, expert in pairs if expert.components == 1]
    for w, _ in several:
        if w < 0.0 or w != int(w):
            label = "gmm-power" if w > 0.0 else "gmm-divide-gaussian"
            raise RegimeError(
                "Argument `c` must have whole weights, or negative ones on single Gaussians, to be a mixture "
                f"(label {label}), but a mixture of several components has the weight {w:g}. Take chains, "
                "such as Annealed(MALA())."
            )
    factors = [expert for w, expert in several for _ in range(int(w))]
    d = c.dim
    if factors:
        state = factors[0].weights, factors[0].means, factors[0].covariances
    else:  # begin with one Gaussian
        w, first = max(single, key=lambda pair: pair[0])
        if w <= 0.0:
            raise RegimeError("Argument `c` must have a positive weight, but all are negative.")
        single.remove((w, first))
        state = first.weights, first.means, first.covariances / w
    for factor in factors[1:]:
        count = len(state[0]) * factor.components
        if count > _MOST:
            raise RegimeError(
                f"Argument `c` must have at most {_MOST} components as a mixture, but it has {count} so "
                "far. Take chains, such as Annealed(MALA()), which never expand it."
            )
        state = _multiplied(*state, factor)
    for w, factor in single:
        precision = w * np.linalg.inv(factor.covariances[0])
        state = _tilted(*state, precision @ factor.means[0], precision)[:3]
    weights, means, covariances = state
    kept = weights >= _PRUNED * weights.max()
    spread = covariances[kept]
    if np.any(spread[:, ~np.eye(d, dtype=bool)]):
        return GaussianMixture(weights[kept], means[kept], spread, normalised=False)
    diagonals = np.diagonal(spread, axis1=1, axis2=2)
    return GaussianMixture(weights[kept], means[kept], diagonals, normalised=False)


def _multiplied(
    weights: Array, means: Array, covariances: Array, factor: GaussianMixture
) -> tuple[Array, Array, Array]:
    """Return a mixture times another one: tilted by each of its components."""
    parts, logs = list[tuple[Array, Array, Array]](), list[Array]()
    for k in range(factor.components):
        precision = np.linalg.inv(factor.covariances[k])
        pull = precision @ factor.means[k]
        w, m, C, log_z = _tilted(weights, means, covariances, pull, precision)
        constant = 0.5 * (np.linalg.slogdet(precision)[1] - factor.means[k] @ pull)
        with np.errstate(divide="ignore"):
            logs.append(np.log(w) + np.log(factor.weights[k]) + log_z + constant)
        parts.append((w, m, C))
    every = np.concatenate(logs)
    w = np.exp(every - every.max())
    kept = w >= _PRUNED
    m, C = (np.concatenate([part[i] for part in parts])[kept] for i in (1, 2))
    return w[kept] / w[kept].sum(), m, C


def _tilted(
    weights: Array, means: Array, covariances: Array, pull: Array, precision: Array
) -> tuple[Array, Array, Array, float]:
    least = np.linalg.eigvalsh(np.linalg.inv(covariances) + precision)[:, 0]
    if least.min() <= 0.0:
        raise RegimeError(
            "Argument `c` must leave every component normalisable (label gmm-divide-gaussian), but the "
            f"precision of one has the eigenvalue {least.min():g}."
        )
    return tilt(weights, means, covariances, pull, precision)
