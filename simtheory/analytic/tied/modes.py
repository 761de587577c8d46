"""One mode of a tied net: its curve, with weight decay and any teacher, and under steps of finite size."""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite, as_times, not_negative, positive, share, shares
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.logistic import logistic
from simtheory.errors import RegimeError
from simtheory.labels import implements

__all__ = [
    "decayed_level",
    "decayed_mode",
    "mode",
    "modified_time",
    "time_to_level",
]


@implements(
    "tied-mode",
    title="Tied net: an isolated mode",
    regime="W(0) commutes with the second moment",
    source="saxe2014",
    where="Eq. 7, with the identity as teacher",
)
@face
def mode(rate: ArrayLike, w0: ArrayLike, t: ArrayLike) -> Array:
    r"""Return an isolated mode of a tied net: the logistic :math:`\dot w = 2aw(1-w)`.

    :math:`w(t) = w_0/(w_0 + (1-w_0)e^{-2at})`. Exact for each diagonal entry when W(0) commutes
    with the second moment.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a, in units of inverse canonical time.
    w0 : array_like, shape (...)
        Start, not negative; broadcasts against `rate`.
    t : array_like, shape (T,)
        Canonical times.

    Returns
    -------
    ndarray, shape (..., T)
        The mode over time.

    Raises
    ------
    RegimeError
        If a start or a rate is negative.

    Examples
    --------
    >>> mode(1.0, 0.001, [0.0, 3.45338]).round(4)
    array([0.001, 0.5  ])
    """
    a, start = _mode_arguments(rate, w0)
    values = logistic(a.ravel(), start.ravel(), as_times(t))
    return np.asarray(np.swapaxes(values, 0, 1).reshape(*a.shape, -1))


@face
def time_to_level(rate: ArrayLike, w0: ArrayLike, *, level: float = 0.5) -> Array:
    r"""Return the time that an isolated mode takes to a level f.

    :math:`\frac{1}{2a}\ln\frac{f(1-w_0)}{w_0(1-f)}`: infinite from a zero start or at a zero rate,
    zero for a mode that starts at the level or above.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a.
    w0 : array_like, shape (...)
        Start, not negative.
    level : float
        Level f in (0, 1).

    Returns
    -------
    ndarray, shape (...)
        Canonical time.

    Examples
    --------
    >>> time_to_level(1.0, 0.001).round(5)
    np.float64(3.45338)
    """
    a, start = _mode_arguments(rate, w0)
    aim = share("level", level)
    ahead, moving = start < aim, (start > 0) & (a > 0)
    safe = np.where(ahead & moving, start, 0.5 * aim)
    wait = np.log(aim / safe) + np.log1p(-safe) - np.log1p(-aim)
    reached = wait / np.where(a > 0, 2.0 * a, 1.0)
    return np.where(ahead, np.where(moving, reached, np.inf), 0.0)


def _mode_arguments(rate: ArrayLike, w0: ArrayLike) -> tuple[Array, Array]:
    a, start = np.broadcast_arrays(
        not_negative("Argument `rate` of a mode", rate, error=RegimeError),
        not_negative("Argument `w0` of a mode", w0, error=RegimeError),
    )
    return a, start


@implements(
    "decay-family",
    title="Tied net: a mode with weight decay and a teacher",
    regime="W(0) and the teacher commute with the second moment",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def decayed_mode(
    rate: ArrayLike, w0: ArrayLike, t: ArrayLike, *, decay: ArrayLike, teacher: ArrayLike = 1.0
) -> Array:
    r"""Return an isolated mode of a tied net with weight decay and any teacher.

    :math:`\dot w = 2w(a\beta - aw)` with :math:`\beta = b - \kappa/a`: :math:`w(t) = w_0e^{2a\beta
    t}/[1 + w_0(e^{2a\beta t}-1)/\beta]`. It ends at β, or dies when :math:`\kappa \ge ab`.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a; not negative.
    w0 : array_like, shape (...)
        Start; not negative.
    t : array_like, shape (T,)
        Canonical times.
    decay : array_like, shape (...)
        Decay κ of U on the canonical clock, dU/dt = … − κU; a penalty ½λ|U|² beside the loss
        ½E|f(x) − x|² is κ = λ/2.
    teacher : array_like, shape (...)
        Target b of the mode; 1 is the identity.

    Returns
    -------
    ndarray, shape (..., T)
        The mode over time.

    Raises
    ------
    ArgumentError
        If a rate, a start or a decay is negative.

    Examples
    --------
    >>> decayed_mode([2.0, 0.2], 0.1, [0.0, 50.0], decay=0.5).round(6)
    array([[0.1 , 0.75],
           [0.1 , 0.  ]])
    """
    a, start, kappa, b = np.broadcast_arrays(
        not_negative("rate", rate),
        not_negative("w0", w0),
        not_negative("decay", decay),
        as_finite("teacher", teacher),
    )
    times = as_times(t)
    x = 2.0 * (a * b - kappa)[..., None] * times
    # (e^x − 1)/x or, divided by e^x, (1 − e^{−x})/x: both are (1 − e^{−|x|})/|x|.
    down = np.exp(-np.abs(x))
    size = np.where(x == 0, 1.0, np.abs(x))
    mean = np.where(x == 0, 1.0, -np.expm1(-size) / size)
    first = start[..., None]
    saturation = 2.0 * (a[..., None] * times) * first * mean
    grown, faded = (
        first / np.where(first > 0, down + saturation, 1.0),
        first * down / (1 + saturation),
    )
    return np.asarray(np.where(x > 0, grown, faded))


@face
def decayed_level(rate: ArrayLike, *, decay: ArrayLike, teacher: ArrayLike = 1.0) -> Array:
    r"""Return where a mode with weight decay ends: :math:`\max(b - \kappa/a, 0)`.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a; not negative.
    decay : array_like, shape (...)
        Decay κ of U; at κ ≥ ab the concept dies.
    teacher : array_like, shape (...)
        Target b.

    Returns
    -------
    ndarray, shape (...)
        The level; zero for a concept that dies, and at a rate of zero.

    Examples
    --------
    >>> decayed_level([2.0, 0.2], decay=0.5)
    array([0.75, 0.  ])
    """
    a, kappa = not_negative("rate", rate), not_negative("decay", decay)
    alive = a > 0
    level = as_finite("teacher", teacher) - kappa / np.where(alive, a, 1.0)
    return np.where(alive, np.maximum(level, 0.0), 0.0)


@implements(
    "gd-modified",
    title="Tied net: a mode under steps of finite size",
    exactness="O(η²), η the canonical time of a step",
    regime="W(0) commutes with the second moment, ηa < 1",
    source="yang2024",
    where="derived here from the step of descent on U",
)
@face
def modified_time(rate: ArrayLike, w0: ArrayLike, level: ArrayLike, *, step: float) -> Array:
    r"""Return when gradient descent of finite step brings a tied mode to a level.

    Descent :math:`u \leftarrow u + \eta au(1-u^2)` follows, to second order in its step, the flow
    :math:`\dot w = 2aw(1-w)[1-c(1-3w)]`, :math:`c = \eta a/2`: late at first, faster at the end.
    The time is its quadrature.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a; positive.
    w0 : array_like, shape (...)
        Start, in (0, 1).
    level : array_like, shape (...)
        Level w, in (0, 1).
    step : float
        Canonical time η of one step (`units.Clock.step`).

    Returns
    -------
    ndarray, shape (...)
        Canonical time, η times the number of steps; negative for a level below the start. The
        error is O(η²), below (ηa)² times the flow's own time in what we measured; the flow's is O(η).

    Raises
    ------
    RegimeError
        If ηa reaches one for some rate: there descent does not settle at w = 1.

    Examples
    --------
    >>> modified_time(1.0, 0.001, 0.5, step=0.1).round(4)
    np.float64(3.58)
    """
    a, start, aim = np.broadcast_arrays(
        as_finite("rate", rate), shares("w0", w0, ends="()"), shares("level", level, ends="()")
    )
    c = 0.5 * positive("step", step) * a
    if a.size and (a.min() <= 0 or c.max() >= 0.5):
        raise RegimeError(
            "The modified equation needs positive rates and a step with ηa < 1, beyond which descent "
            f"does not settle, but ηa runs from {2 * c.min():g} to {2 * c.max():g}. Take a smaller step."
        )
    growth = (np.log(aim) - np.log(start)) / (1.0 - c)
    arrival = (np.log1p(-start) - np.log1p(-aim)) / (1.0 + 2.0 * c)
    between = np.log1p(3.0 * c * (aim - start) / (1.0 - c + 3.0 * c * start))
    between *= 3.0 * c / ((1.0 - c) * (1.0 + 2.0 * c))
    return np.asarray((growth + arrival - between) / (2.0 * a))
