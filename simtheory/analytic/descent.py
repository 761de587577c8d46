r"""The discrete optimisers of one linear layer: exact at every step size.

Problem
-------
A flow is the limit of small steps. An optimiser takes steps of finite size, with momentum, on
batches, or with its own idea of scale. For f(x) = W x the loss is quadratic, and all of this can be
solved step by step.

Symbols
-------
W : end-to-end map; E = I − W : its error; A : uncentred second moment, a : its diagonal in the
concept axes, the rates, (d,); :math:`\eta` : learning rate in canonical units (`units.Clock`);
:math:`\beta` : momentum; k : steps, (K,); n : batch; :math:`\nu^2` : variance of label noise.

Result
------
==================  ==========================================  ==================================
function            optimiser                                   what
==================  ==========================================  ==================================
`solution`          gradient descent, heavy ball, Nesterov      the whole trajectory
`sgd_moments`       SGD on fresh batches, noisy labels          mean loss, E[EᵀE] at any step
`stationary`        the same, in the end                        its loss
`adam`              full-batch Adam without ε                   curves that do not know the rates
`sign_descent`      sign of the gradient                        the same
==================  ==========================================  ==================================

Reading
-------
Gradient descent keeps the order of concepts that the flow has; momentum shortens the wait of the
slow ones and makes the fast ones ring. Batches add a noise that a realisable target switches off
by itself, and noisy labels do not. Adam removes the order altogether.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite, positive
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._adam import adam, sign_descent
from simtheory.analytic._axes import map_from_concepts, map_on_concepts
from simtheory.analytic._descent_modes import errors
from simtheory.analytic._sgd import SGDMoments, fourth_moment, sgd_moments, stationary
from simtheory.analytic._steps import as_steps, fraction
from simtheory.equations import implements
from simtheory.errors import ArgumentError, RegimeError
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask
from simtheory.units import Clock

__all__ = [
    "SGDMoments",
    "adam",
    "critical_momentum",
    "error",
    "fourth_moment",
    "sgd_moments",
    "sign_descent",
    "solution",
    "stationary",
]


def error(
    rates: ArrayLike,
    steps: ArrayLike,
    *,
    lr: float,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> Array:
    r"""Return what is left of the error of modes after some steps, as a share of the start.

    :math:`(1-\eta a)^k` without momentum; with it, two powers of the roots of a quadratic.

    Parameters
    ----------
    rates : array_like, shape (...)
        Rates a, not negative.
    steps : array_like of int, shape (K,)
        Steps at which to look, increasing.
    lr : float
        Learning rate in canonical units.
    momentum : float
        Momentum β in [0, 1), from rest and not damped.
    nesterov : bool
        Whether the gradient step looks ahead, w ← w − η(g + βv), as PyTorch does.

    Returns
    -------
    ndarray, shape (..., K)
        The shares; infinite where they outgrow float64.

    Notes
    -----
    Relative to its envelope the result is known to a few k eps; within a relative distance δ of the
    critical momentum the roots all but meet and the last digits of η, a and β count 1/√δ-fold.

    Examples
    --------
    >>> error(0.3, [20], lr=0.3, momentum=0.9).round(6)
    array([0.341225])
    >>> error(0.3, [20], lr=0.3, momentum=0.9, nesterov=True).round(6)
    array([0.135506])
    """
    a = as_finite("rates", rates)
    if a.size and a.min() < 0:
        raise ArgumentError(
            f"Argument `rates` must not be negative, but its smallest entry is {a.min():g}."
        )
    k, beta = as_steps(steps), fraction("momentum", momentum)
    return errors(positive("lr", lr) * a, beta, k, nesterov=nesterov)


@implements("gd-linear")
def solution(
    task: SIMTask,
    W0: ArrayLike,
    steps: ArrayLike,
    *,
    lr: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    loss: str = "half_sum",
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the exact trajectory of one layer under full-batch descent, with or without momentum.

    :math:`E_k = E_0(I - \eta A)^k`, and its counterparts for the heavy ball and for Nesterov's
    momentum. Implements ``gd-linear`` (derived from yang2024, section 2.1; exact).

    Parameters
    ----------
    task : SIMTask
        What is learned.
    W0 : array_like, shape (..., d, d)
        Start, in the axes of the data; leading axes are an ensemble.
    steps : array_like of int, shape (K,)
        Steps at which to look, increasing.
    lr : float
        Learning rate of the optimiser.
    momentum : float
        Momentum β in [0, 1), from rest and not damped.
    nesterov : bool
        Whether the gradient step looks ahead, w ← w − η(g + βv), as PyTorch does.
    loss : {"half_sum", "sum", "mean"}
        What is minimised, see `units`.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact at every step. Its time is the canonical time of the steps, the late one with
        momentum; the flow passes through other points at these times.

    Raises
    ------
    ShapeError, ArgumentError
        If an argument does not fit.
    RegimeError
        If the weights outgrow float64: the step is not stable.

    Examples
    --------
    >>> run = solution(SIMTask(mu=(1.0, 2.0), sigma=0.5), np.zeros((2, 2)), [0, 2], lr=0.1)
    >>> run.weights[-1].diagonal().round(6)
    array([0.144375, 0.399375])
    """
    start, k = map_on_concepts(task, W0), as_steps(steps)
    beta = fraction("momentum", momentum)
    clock = Clock(lr, loss, dim=task.dim, momentum=beta)
    step = clock.step * (1.0 - beta)
    left = errors(step * task.rates, beta, k, nesterov=nesterov).T
    eye = np.eye(task.dim)
    with np.errstate(over="ignore", invalid="ignore"):
        weights = eye + (start - eye)[..., None, :, :] * left[:, None, :]
    if not np.isfinite(weights).all():
        raise RegimeError(
            f"The weights outgrow float64: descent with lr={lr:g} and momentum={beta:g} is not stable "
            f"at rate {task.rates.max():g}. Lower `lr`, or look at fewer steps."
        )
    name = "gradient descent" if beta == 0.0 else "Nesterov" if nesterov else "heavy ball"
    return Trajectory.from_weights(
        clock.time(k),
        map_from_concepts(task, weights),
        task,
        origin="analytic.descent.solution",
        exact=True,
        probes=probes,
        stats={"method": name, "loss": loss, "lr": lr, "momentum": beta},
    )


def critical_momentum(rate: ArrayLike, *, lr: float) -> Array:
    r"""Return the heavy ball's momentum at which a mode is fastest, :math:`(1 - \sqrt{\eta a})^2`.

    Above it the mode rings, below it the mode creeps.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a, with ηa at most 1.
    lr : float
        Learning rate in canonical units.

    Returns
    -------
    ndarray, shape (...)
        The momentum.

    Raises
    ------
    RegimeError
        If ηa is negative or above 1: a single step then overshoots.

    Examples
    --------
    >>> critical_momentum(1.0, lr=0.01).round(4)
    np.float64(0.81)
    """
    x = positive("lr", lr) * as_finite("rate", rate)
    if x.size and (x.min() < 0.0 or x.max() > 1.0):
        raise RegimeError(
            f"The critical momentum needs lr * rate in [0, 1], but it runs from {x.min():g} to {x.max():g}."
        )
    return np.asarray((1.0 - np.sqrt(x)) ** 2)
