"""Networks and flows of the SIM task that several claims read.

An experiment of one claim stands with that claim. Networks use one seed for their data and their
start; flows draw `Budget.starts` random starts from one generator.
"""

from __future__ import annotations

import numpy as np

from simtheory import inits, observe
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.results import Trajectory
from simtheory.sim import Tied, solve
from simtheory.tasks import SIMTask, yang2024
from simtheory.validation.claims.experiment import Budget, experiment
from simtheory.validation.nets.architectures import MLP
from simtheory.validation.nets.data import Data, Points, Samples
from simtheory.validation.nets.train import train

__all__ = [
    "ROW",
    "WEAK_AND_STRONG",
    "deep_nets",
    "figure_5_flow",
    "figure_10_flow",
    "hierarchy_violation",
    "released_start",
    "rows",
    "seeds_of",
    "swing_nets",
    "two_layers",
]

WEAK_AND_STRONG = SIMTask(mu=(0.6**0.5, 2.0**0.5), sigma=0.05)
"""Two concepts whose rates are as 3 to 10."""

ROW = 0.03**0.5
"""Length of a row of U(0): the diagonal of W(0) is .03."""

_DEEP = SIMTask(mu=(2.0, 4.0), sigma=0.05**0.5, origin=True)
_DEEP_LR = 0.005


@face
def seeds_of(run: Trajectory) -> list[int]:
    """Return the seeds of the networks of a run, in their order.

    Parameters
    ----------
    run : Trajectory
        Of trained networks.

    Returns
    -------
    list of int
        The seeds.
    """
    return [int(seed) for seed in run.arrays["seeds"]]


@face
def rows(kind: str, n: int) -> Array:
    """Return random starts with correlated or with nearly orthogonal rows.

    Parameters
    ----------
    kind : {"correlated", "wide"}
        Cosines of the rows from .85 to .98 at width 2, or Gaussian rows of width 64.
    n : int
        How many.

    Returns
    -------
    ndarray, shape (n, 2, h)
        The starts U(0).
    """
    rng = np.random.default_rng(0)
    if kind == "correlated":
        cosines = rng.uniform(0.85, 0.98, n)
        return np.array([inits.correlated((2, 2), cosine=c, scale=ROW, rng=rng) for c in cosines])
    return inits.gaussian((n, 2, 64), scale=ROW, rng=rng)


@face
def two_layers(
    kind: str,
    budget: Budget,
    *,
    task: SIMTask = WEAK_AND_STRONG,
    data: Data = Samples(),  # noqa: B008 (frozen)
) -> Trajectory:
    """Train two-layer linear nets from the starts of `rows`, one per seed.

    Parameters
    ----------
    kind : {"correlated", "wide"}
        Which starts.
    budget : Budget
        How many seeds, and where.
    task : SIMTask
        What is learned.
    data : Samples or Points
        What each seed is trained on.

    Returns
    -------
    Trajectory
        Seeds on the leading axis.
    """
    start = inits.balanced(rows(kind, budget.seeds))
    return train(
        MLP(depth=2, width=start[1].shape[-1]),
        task,
        steps=2000,
        lr=0.01,
        seeds=range(budget.seeds),
        data=data,
        init=start,
        device=budget.device,
    )


@experiment
def swing_nets(budget: Budget, kind: str) -> Trajectory:
    """Two-layer linear nets, trained on samples from correlated or from wide starts."""
    return two_layers(kind, budget)


@experiment
def deep_nets(budget: Budget, depth: int) -> Trajectory:
    """Nets of width 4 from the usual random start, trained on the exact second moment."""
    return train(
        MLP(depth=depth, width=4),
        _DEEP,
        steps=int(20.0 / _DEEP_LR),
        lr=_DEEP_LR,
        seeds=range(4 * budget.seeds),
        data=Points(np.sqrt(_DEEP.dim) * np.diag(np.sqrt(_DEEP.rates))),
        looks="log",
        device=budget.device,
    )


# -- starts released with the paper -----------------------------------------------------------


@face
def released_start(setup: yang2024.Setup) -> Array:
    """Return U(0) of a theory figure, as its released script draws it.

    Parameters
    ----------
    setup : yang2024.Setup
        Of a theory figure.

    Returns
    -------
    ndarray, shape (d, h)
        The start.
    """
    assert setup.init_scale is not None  # the theory figures have one
    return inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)


@experiment
def figure_5_flow(budget: Budget, convention: str, end: float, points: int) -> Trajectory:
    """The tied flow from the start of Fig. 5, with the rates of the text or the released ones."""
    setup = yang2024.figure_5(convention=convention)
    return solve(Tied(), setup.task, released_start(setup), np.linspace(0.0, end, points))


@experiment
def figure_10_flow(budget: Budget) -> Trajectory:
    """The exact tied flow from the start of Fig. 10, in the released rates."""
    setup = yang2024.figure_10(convention="released")
    return solve(Tied(), setup.task, released_start(setup), np.linspace(0.0, 400.0, 8001))


@face
def hierarchy_violation(run: Trajectory) -> Array:
    """Return how far a loss rises above that at a vertex with more concepts, over the first loss.

    Parameters
    ----------
    run : Trajectory
        Of a flow or of nets, leading axes ``...``.

    Returns
    -------
    ndarray, shape (...)
        The largest excess over time.
    """
    first = observe.loss(run)[..., 0]
    return np.asarray(observe.hierarchy_violation(run).max(axis=-1) / first)
