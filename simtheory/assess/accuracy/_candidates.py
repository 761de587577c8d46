r"""Laws of accuracy over the number of examples, as functions of their parameters.

Symbols
-------
n : number of examples; N : side of the space of labels; ρ : reach; σ : width of the shapes; k : shape.

Each law has the parameters c of a reach :math:`\rho = c\,\sigma^a`, and some more. A query is right, under
*coverage*, if an example lies within the reach; under *factorised*, if one does in x and one does in y; under
*percolation*, if it belongs to the largest cluster of examples linked within the reach.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from simtheory._typing import Array
from simtheory.assess.accuracy.tables import Counts

__all__ = ["LAWS", "WEIBULL_FIXED", "Law", "Setting", "clustered", "setting"]

_SIDES = 1.5 ** np.arange(12) * 3.0  # of tori in link lengths, at which clusters are simulated
_FULL = 5.0  # filling factor beyond which all but everything is in the largest cluster
_DISCS = 2e5  # discs of the runs of one side


class Setting(NamedTuple):
    """Where a law is evaluated; entries broadcast."""

    n: Array
    side: Array
    sigma: Array
    scale: Array  # tolerance over its mean: reaches of nearest examples grow with it


def setting(given: Counts) -> Setting:
    """Return where laws are evaluated: widths and sides of one where the table has none."""
    one = np.ones_like(given.n)
    tolerance = one if given.tolerance is None else given.tolerance
    return Setting(
        given.n,
        one if given.side is None else given.side,
        one if given.sigma is None else given.sigma,
        np.asarray(tolerance / np.exp(np.log(tolerance).mean())),
    )


@dataclass(frozen=True)
class Law:
    """A law: its parameters, and the accuracy that it gives."""

    name: str
    formula: str
    parameters: tuple[str, ...]  # the first is the coefficient of the reach
    varies: bool  # whether it needs widths that differ
    accuracy: Callable[[Setting, Array], Array]
    linear: bool = False  # whether the reach is proportional to the width


def _reach(at: Setting, theta: Array, power: float) -> Array:
    return np.asarray(math.exp(theta[0]) * at.sigma**power)


def _covered(at: Setting, reach: Array, shape: float = 1.0) -> Array:
    area = np.pi * (reach * at.scale / at.side) ** 2
    return np.asarray(-np.expm1(-((at.n * area) ** shape)))


def _coverage(at: Setting, theta: Array) -> Array:
    return _covered(at, _reach(at, theta, 0.0))


def _scaled(at: Setting, theta: Array) -> Array:
    return _covered(at, _reach(at, theta, theta[1]))


def _weibull(at: Setting, theta: Array) -> Array:
    return _covered(at, _reach(at, theta, theta[1]), math.exp(theta[2]))


def _weibull_fixed(at: Setting, theta: Array) -> Array:
    return _covered(at, _reach(at, theta, 0.0), math.exp(theta[1]))


def _factorised(at: Setting, theta: Array) -> Array:
    reach = _reach(at, theta, 0.0) * at.scale
    return np.asarray(np.expm1(-2.0 * at.n * reach / at.side) ** 2)


def _percolation(at: Setting, theta: Array) -> Array:
    return clustered(at.n, at.side / _reach(at, theta, 1.0))


def clustered(n: Array, sides: Array) -> Array:
    """Return the chance that one more point joins the largest cluster of n on a torus.

    `sides` are in link lengths. By exchange of the points it is the mean share of the largest cluster of
    n + 1, less the point itself.
    """
    count, length = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(sides, dtype=float))
    filling = (count + 1.0) * np.pi / (4.0 * length**2)
    place = np.clip(np.log(length / _SIDES[0]) / math.log(1.5), 0.0, len(_SIDES) - 1.0)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, len(_SIDES) - 1)
    found = [np.zeros(count.shape), np.zeros(count.shape)]
    for row, index in zip(found, (low, high), strict=True):
        for k in np.unique(index):
            known, shares = _largest(int(k))
            here = index == k
            row[here] = np.interp(filling[here], known, shares)
    weight = place - low
    return np.asarray((1.0 - weight) * found[0] + weight * found[1])


@cache
def _largest(k: int) -> tuple[Array, Array]:
    """Return filling factors and the share of the largest cluster, without one point, on one torus."""
    from simtheory.sim import percolation

    side = float(_SIDES[k])
    runs = int(np.clip(_DISCS / (4.0 * _FULL * side**2 / math.pi), 4, 400))
    run = percolation.discs(
        side, runs=runs, rng=k, record=percolation.Largest(), until=_FULL, threads=1
    )
    mean = run.sums[:, 0, :].sum(axis=0) / run.runs
    n = np.arange(1, len(mean))
    return np.asarray(n * np.pi / (4.0 * side**2)), np.asarray((mean[1:] - 1.0) / n)


LAWS = {
    law.name: law
    for law in (
        Law(
            "coverage", "1 - exp(-n π ρ²/N²)", ("reach",), False, _coverage
        ),
        Law(
            "scaled coverage",
            "1 - exp(-n π ρ²/N²), ρ = c σ^a",
            ("reach", "exponent"),
            True,
            _scaled,
        ),
        Law("factorised", "(1 - exp(-2 n ρ/N))²", ("reach",), False, _factorised),
        Law(
            "percolation",
            "share of the largest cluster, linked within ρ = c σ",
            ("reach",),
            False,
            _percolation,
            linear=True,
        ),
        Law(
            "weibull",
            "1 - exp(-(n π ρ²/N²)^k), ρ = c σ^a",
            ("reach", "exponent", "shape"),
            True,
            _weibull,
        ),
    )
}  # fmt: skip
WEIBULL_FIXED = Law("weibull", "1 - exp(-(n π ρ²/N²)^k)", ("reach", "shape"), False, _weibull_fixed)
