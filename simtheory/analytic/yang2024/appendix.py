"""Appendix D of yang2024: its bounds on a tied net, and the difference of its recurrence from descent."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_matrix, as_second_moment, as_times, positive, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic.yang2024.assumptions import constants_of
from simtheory.errors import ArgumentError
from simtheory.labels import implements

__all__ = [
    "AppendixBounds",
    "appendix_bounds",
    "growth_below",
    "recurrence_gap",
    "suppression_cap",
]


@face
class AppendixBounds(NamedTuple):
    """The bounds of Appendix D for one start, over steps of the recurrence.

    Parameters
    ----------
    upper : ndarray, shape (T, d, d)
        Lemma D.1: no entry is larger in size; infinite where a float does not hold it.
    lower : ndarray, shape (T, d, d)
        Lemmas D.2 and D.3: no entry is smaller in size, and each keeps its sign. Zero after
        `horizon`, where they bound nothing.
    horizon : ndarray, shape (d, d)
        Number of steps up to which `lower` is asserted: off the diagonal until the fastest entry can
        have grown by P (Lemma D.2), on it until the entry can have reached P beta omega (D.3).
    interaction : float
        Corollary D.1: the largest interaction of an entry with third ones, as stated.
    ceiling : float
        Lemma D.5: diagonal entries stay at or below it.
    step : float
        Corollary D.2: they move by at most this in a step.
    floor : float
        Lemma D.6: once at or above it, they stay there.
    """

    upper: Array
    lower: Array
    horizon: Array
    interaction: float
    ceiling: float
    step: float
    floor: float


@implements(
    "appendix-bounds",
    title="Bounds of Appendix D",
    exactness="bounds on the tied recurrence, as the paper states them",
    regime="Assumptions D.1 to D.5",
    source="yang2024",
    where="Appendix D, Lemmas D.1 to D.6, Corollaries D.1 and D.2",
)
@face
def appendix_bounds(
    rates: ArrayLike,
    W0: ArrayLike,
    steps: ArrayLike,
    *,
    lr: float,
    K: float = 20.0,
    kappa: float = 1.1,
    P: float = 2.0,
) -> AppendixBounds:
    r"""Return the bounds that Appendix D states for the tied recurrence from a given start.

    :math:`|w_{ij}(0)|e^{\eta k(a_i+a_j)/\kappa} \le |w_{ij}(k)| \le |w_{ij}(0)|e^{\eta
    k(a_i+a_j)\kappa}`, and what goes with it. They are evaluated whether or not the assumptions
    hold, which `assumption_check` tells.

    Parameters
    ----------
    rates : array_like, shape (d,)
        Rates, above zero.
    W0 : array_like, shape (d, d)
        Start, in the concept axes, without zero entries.
    steps : array_like, shape (T,)
        Numbers of steps, increasing.
    lr : float
        Step size eta, above zero.
    K, kappa, P : float
        Free constants of the appendix.

    Returns
    -------
    AppendixBounds
        The bounds.

    Raises
    ------
    ArgumentError
        If a rate or an entry of W(0) is zero, or a constant is not above zero (kappa, P: one).

    Notes
    -----
    Lemma D.4 is `growth_below`, Lemma D.7 is `suppression_cap`. Lemma D.8 closes the assertion that
    off-diagonal entries stay below P beta omega; it has no number of its own.
    """
    a = np.atleast_1d(as_finite("rates", rates))
    start = np.abs(as_matrix("W0", W0, rows=a.size, columns=a.size))
    k = as_times(steps, name="steps")[:, None, None]
    eta, top = positive("lr", lr), positive("K", K)
    for name, value in (("kappa", kappa), ("P", P)):
        if not positive(name, value) > 1.0:
            raise ArgumentError(f"Argument `{name}` must be larger than 1, but it is {value:g}.")
    alpha, gamma, omega, beta = constants_of(a, start)
    if alpha <= 0 or omega <= 0:
        raise ArgumentError(
            "The bounds need positive rates and a W(0) without zeros, but the smallest rate is "
            f"{alpha:g} and the smallest entry of W(0) in size is {omega:g}."
        )
    pair = eta * (a[:, None] + a)
    horizon = np.full(start.shape, np.log(P) / (2.0 * eta * gamma * alpha * kappa))
    own = np.log(P * beta * omega / np.diagonal(start)) / (2.0 * eta * a * kappa)
    np.fill_diagonal(horizon, own)
    with np.errstate(over="ignore"):
        upper = start * np.exp(k * pair * kappa)
    inside = k <= horizon
    lower = np.where(inside, start * np.exp(np.where(inside, k, 0.0) * pair / kappa), 0.0)
    return AppendixBounds(
        upper=upper,
        lower=lower,
        horizon=horizon,
        interaction=2.0 * P * gamma * alpha * a.size * (beta * omega) ** 2,
        ceiling=1.0 + 2.0 / top,
        step=1.0 / top,
        floor=1.0 - 2.0 / top,
    )


@face
def growth_below(
    rate: ArrayLike, steps: ArrayLike, *, lr: float, level: float, kappa: float = 1.1
) -> Array:
    r"""Return the factor by which a diagonal entry at least grows while it is below a level.

    Lemma D.4, for an entry that starts above P beta omega:
    :math:`e^{2\eta k a_i(1-l)/\kappa}`, for levels l below 1 − 1/K.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate of the concept.
    steps : array_like, shape (...)
        Number of steps k; broadcasts against `rate`.
    lr : float
        Step size eta.
    level : float
        Level l in (0, 1).
    kappa : float
        Free constant of the appendix.

    Returns
    -------
    ndarray, shape (...)
        The factor; infinite where a float does not hold it.
    """
    a, k = as_finite("rate", rate), as_finite("steps", steps)
    aim = share("level", level)
    power = 2.0 * positive("lr", lr) * (1.0 - aim) * k * a
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(power / positive("kappa", kappa)))


@face
def suppression_cap(entry: ArrayLike, omega: float) -> Array:
    """Return what an off-diagonal entry stays below once the stronger of its concepts is learned.

    Lemma D.7, from the moment at which that concept's diagonal entry passes 0.8: a cap, not a decay.

    Parameters
    ----------
    entry : array_like, shape (...)
        The entry at that moment.
    omega : float
        Smallest absolute entry of W(0).

    Returns
    -------
    ndarray, shape (...)
        The larger of its size and omega.
    """
    return np.maximum(np.abs(as_finite("entry", entry)), positive("omega", omega))


@implements(
    "psd-guard",
    title="What a step on W leaves out",
    regime="tied net, any start, any step",
    source="yang2024",
    where="derived here from the recurrence of Appendix D",
)
@face
def recurrence_gap(U: ArrayLike, second_moment: ArrayLike, *, lr: float) -> Array:
    r"""Return what a gradient step on U adds to the recurrence W + lr V(W) of Appendix D.

    :math:`\tfrac14\eta^2gg^T` with :math:`g = ((W-I)A + A(W-I))U`: positive semidefinite, and what
    keeps W in the positive cone.

    Parameters
    ----------
    U : array_like, shape (..., d, h)
        Weights of the tied net.
    second_moment : array_like, shape (d, d)
        Uncentred second moment A.
    lr : float
        Step in canonical time.

    Returns
    -------
    ndarray, shape (..., d, d)
        The difference of the two steps.

    Examples
    --------
    >>> recurrence_gap([[0.5]], [[1.0]], lr=0.1)
    array([[0.00140625]])
    """
    A = as_second_moment(second_moment)
    X = as_matrix("U", U, rows=A.shape[-1])
    miss = X @ np.swapaxes(X, -1, -2) - np.eye(A.shape[-1])
    g = (miss @ A + A @ miss) @ X
    return np.asarray(0.25 * positive("lr", lr) ** 2 * g @ np.swapaxes(g, -1, -2))
