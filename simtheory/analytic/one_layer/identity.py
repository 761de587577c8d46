"""One layer that learns the identity: its whole trajectory, and its losses from a zero start."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import as_times, non_negative
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import closed_form, map_from_concepts, map_on_concepts
from simtheory.labels import implements
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "RandomStartLoss",
    "ZeroStartLoss",
    "flow",
    "random_start_loss",
    "solution",
    "zero_start_loss",
]


@face
def flow(rates: Array, W0: Array, t: Array) -> Array:
    r"""Return the end-to-end map of one layer in the axes where the second moment is diagonal.

    Entry (i, j) decays to δ_ij at the rate of the *input* coordinate j:
    :math:`w_{ij}(t) = w_{ij}(0) e^{-a_jt} + \delta_{ij}(1 - e^{-a_jt})`.

    Parameters
    ----------
    rates : ndarray, shape (d,)
        Rates, in units of inverse canonical time (loss ½E‖f−x‖²).
    W0 : ndarray, shape (..., d, d)
        Start.
    t : ndarray, shape (T,)
        Canonical times.

    Returns
    -------
    ndarray, shape (..., T, d, d)
        The map over time.

    Notes
    -----
    1 − e^{−at} is taken from ``expm1``, so small entries keep their relative accuracy.
    """
    exponent = -rates * t[:, None]
    kept = W0[..., None, :, :] * np.exp(exponent)[:, None, :]
    return np.asarray(kept - np.eye(len(rates)) * np.expm1(exponent)[:, None, :])


@implements(
    "one-layer-flow",
    title="One layer: the whole trajectory",
    regime="any second moment, any start",
    source="yang2024",
    where="Theorem 4.1, Eq. 4.2",
)
@face
def solution(
    task: SIMTask, W0: ArrayLike, t: ArrayLike, *, probes: ArrayLike | None = None
) -> Trajectory:
    """Return the exact trajectory of one linear layer.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    W0 : array_like, shape (..., d, d)
        Start, in the axes of the data; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times (loss ½E‖f−x‖²; see `simtheory.units` for others).
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact for every task and start.

    Raises
    ------
    ShapeError
        If W0 is not (..., d, d).

    Examples
    --------
    >>> trajectory = solution(SIMTask(mu=(1.0, 2.0), sigma=0.0), np.zeros((2, 2)), [0.0, 1.0])
    >>> trajectory.weights[1].round(4)
    array([[0.3935, 0.    ],
           [0.    , 0.8647]])
    """
    start, times = map_on_concepts(task, W0), as_times(t)
    weights = map_from_concepts(task, flow(task.rates, start, times))
    return closed_form(solution, task, times, weights, exact=True, probes=probes)


@face
class ZeroStartLoss(NamedTuple):
    """Losses of one layer that starts at zero.

    Parameters
    ----------
    test : ndarray, shape (T,)
        ½‖f(x̂)−x̂‖² at the target x̂.
    train : ndarray, shape (T,)
        ½E‖f(x)−x‖² on the training distribution.
    """

    test: Array
    train: Array


@implements(
    "one-layer-ood",
    title="One layer: losses from a zero start",
    regime="zero start",
    source="yang2024",
    where="derived here from Theorem 4.1",
)
@face
def zero_start_loss(task: SIMTask, t: ArrayLike) -> ZeroStartLoss:
    r"""Return the losses at the target and on the training distribution of one layer from W(0) = 0.

    Test: :math:`\tfrac12\sum_k \mu_k^2 e^{-2a_kt}`; training: :math:`\tfrac12\sum_k a_k
    e^{-2a_kt}`. `random_start_loss` gives them for a random start.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    t : array_like, shape (T,)
        Canonical times.

    Returns
    -------
    ZeroStartLoss
        The losses `test` and `train`, each of shape (T,).

    Notes
    -----
    The training loss weighs coordinate k by the second moment of the data, which is a_k itself
    unless the task squares its rates.

    Examples
    --------
    >>> zero_start_loss(SIMTask(mu=(1.0, 2.0), sigma=0.0), [0.0, 1.0]).test.round(4)
    array([2.5   , 0.2206])
    """
    times = as_times(t)
    decay = np.exp(-2.0 * task.rates * times[:, None])
    test = 0.5 * decay[:, : task.n_concepts] @ task.mu**2
    moments = np.sqrt(task.rates) if task.squared_rates else task.rates
    return ZeroStartLoss(test=test, train=0.5 * decay @ moments)


@face
class RandomStartLoss(NamedTuple):
    """Losses of one layer over its random starts.

    Parameters
    ----------
    test : ndarray, shape (T,)
        Mean of ½‖f(x̂)−x̂‖² at the target x̂.
    train : ndarray, shape (T,)
        Mean of ½E‖f(x)−x‖² on the training distribution.
    test_std : ndarray, shape (T,)
        Standard deviation of the loss at the target between starts.
    """

    test: Array
    train: Array
    test_std: Array


@implements(
    "one-layer-random-start",
    title="One layer: losses from a random start",
    regime="independent Gaussian entries of W(0); for the means any of mean zero and variance τ²",
    source="yang2024",
    where="derived here from Theorem 4.1",
)
@face
def random_start_loss(task: SIMTask, t: ArrayLike, *, spread: float) -> RandomStartLoss:
    r"""Return the mean losses of one layer over random starts, and how far single starts differ.

    Both means are those of a zero start times :math:`1 + d\tau^2`; the standard deviation at the
    target is :math:`\tau\sqrt{1 + d\tau^2/2}\,\sum_k\mu_k^2e^{-2a_kt}`. The mean only falls; the loss
    of a single start may rise before it falls.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    t : array_like, shape (T,)
        Canonical times.
    spread : float
        Standard deviation τ of the entries of W(0), not negative.

    Returns
    -------
    RandomStartLoss
        The means `test` and `train` and the standard deviation `test_std`, each of shape (T,).

    Raises
    ------
    ArgumentError
        If `spread` is negative.

    Examples
    --------
    >>> found = random_start_loss(SIMTask(mu=(1.0, 2.0), sigma=0.0), [0.0, 1.0], spread=0.5)
    >>> found.test.round(4), found.test_std.round(4)
    (array([3.75  , 0.3309]), array([2.7951, 0.2466]))
    """
    tau = non_negative("spread", spread)
    zero = zero_start_loss(task, t)
    grown = 1.0 + task.dim * tau**2
    scale = 2.0 * tau * np.sqrt(1.0 + 0.5 * task.dim * tau**2)
    return RandomStartLoss(grown * zero.test, grown * zero.train, scale * zero.test)
