r"""Full-batch descent on one layer, step by step: plain, heavy ball, Nesterov.

Symbols
-------
x = ηa : canonical learning rate times rate; :math:`\beta` : momentum; k : steps; e : error of the
mode relative to its start; :math:`\zeta` : roots of :math:`\zeta^2 - S\zeta + P`.

A slow mode has a root near 1, so the roots are found by their distance u = 1 − ζ from it, which
solves u² − (2 − S)u + x = 0 for both kinds of momentum; 2 − S is a sum of positive terms. The
discriminant S² − 4P is taken in factors. With z the larger root and w the other,
e = zᵏ + (e₁ − z)(zᵏ − wᵏ)/(z − w), which has a limit where the roots meet.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite, not_negative, positive, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import closed_form, map_from_concepts, map_on_concepts
from simtheory.analytic._shared.steps import as_steps
from simtheory.errors import RegimeError
from simtheory.labels import implements
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask
from simtheory.units import Clock

__all__ = [
    "critical_momentum",
    "error",
    "solution",
]


@face
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
    a = not_negative("rates", rates)
    k, beta = as_steps(steps), share("momentum", momentum, ends="[)")
    return errors(positive("lr", lr) * a, beta, k, nesterov=nesterov)


@implements(
    "gd-linear",
    title="Gradient descent, heavy ball and Nesterov",
    regime="one layer, full batch, any step and start",
    source="yang2024",
    where="derived here from the loss of section 2.1",
)
@face
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
    momentum.

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
    beta = share("momentum", momentum, ends="[)")
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
    return closed_form(
        solution,
        task,
        clock.time(k),
        map_from_concepts(task, weights),
        exact=True,
        probes=probes,
        stats={"method": name, "loss": loss, "lr": lr, "momentum": beta},
    )


@face
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


def errors(x: Array, beta: float, k: Array, *, nesterov: bool) -> Array:
    """Return the error of modes after k steps, relative to the start.

    Parameters
    ----------
    x : ndarray, shape (...)
        Canonical learning rate times rate, not negative.
    beta : float
        Momentum in [0, 1).
    k : ndarray, shape (K,)
        Steps, whole numbers.
    nesterov : bool
        Nesterov's momentum in place of the heavy ball's.

    Returns
    -------
    ndarray, shape (..., K)
        The errors; infinite where they outgrow float64.
    """
    with np.errstate(over="ignore"):
        if beta == 0.0:
            return power(x[..., None], k)
        found = [_with_momentum(v, beta, k, nesterov=nesterov) for v in x.ravel().tolist()]
    return np.asarray(found, dtype=np.float64).reshape(*x.shape, k.size)


def power(u: Array | float, k: Array) -> Array:
    """Return (1 − u)ᵏ; a small u keeps its digits."""
    slow = np.exp(k * np.log1p(-np.minimum(u, 0.5)))
    return np.asarray(np.where(np.asarray(u) < 0.5, slow, np.power(1.0 - np.asarray(u), k)))


def _with_momentum(x: float, beta: float, k: Array, *, nesterov: bool) -> Array:
    """Return the error of one mode, shape (K,), for a momentum above zero."""
    rest, more, root_x = 1.0 - beta, 1.0 + beta, np.sqrt(x)
    if nesterov:
        two_minus_sum, product, first = rest + x * more, beta * (1.0 - x), 1.0 - x * more
        gap = (1.0 - x) * (rest - root_x * more) * (rest + root_x * more)
    else:
        two_minus_sum, product, first = rest + x, beta, 1.0 - x
        edge = rest / (1.0 + np.sqrt(beta))  # 1 − √β
        gap = (edge - root_x) * (edge + root_x) * ((1.0 + np.sqrt(beta)) ** 2 - x)
    total = 2.0 - two_minus_sum
    if gap < 0.0:
        return _oscillating(first, total, product, gap, k)
    root = np.sqrt(gap)
    far = 0.5 * (two_minus_sum + root)
    u = x / far if total > 0.0 else far  # of the root of larger size
    z = 1.0 - u
    if z == 0.0:
        return np.where(k == 0, 1.0, np.where(k == 1, first, 0.0))
    w = product / z
    lead = beta * u * w / z if nesterov else u * w  # e₁ − z
    if product > 0.0:
        q = min(root / abs(z), 1.0)
        if q == 0.0:
            spread = k
        elif q == 1.0:  # the other root is below the rounding of this one
            spread = np.minimum(k, 1)
        else:
            spread = -np.expm1(k * np.log1p(-q)) / q
        return power(u, k) * (1.0 + lead / z * spread)
    return power(u, k) * (1.0 + lead * (1.0 - np.power(w / z, k)) / (z - w))


def _oscillating(first: float, total: float, product: float, gap: float, k: Array) -> Array:
    """Return the error of a mode whose roots are complex: a damped oscillation."""
    size = np.sqrt(product)
    height = 0.5 * np.sqrt(-gap)
    angle = np.arctan2(height, 0.5 * abs(total))
    sign = 1.0 if total >= 0.0 else -1.0
    wave = np.cos(k * angle) + sign * (first - 0.5 * total) * np.sin(k * angle) / height
    flips = np.where((sign < 0.0) & (k % 2 == 1), -1.0, 1.0)
    return np.asarray(flips * np.exp(k * np.log(size)) * wave)
