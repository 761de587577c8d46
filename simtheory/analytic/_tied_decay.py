"""The tied net's modes with weight decay, other targets, and steps of finite size."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import logsumexp

from simtheory._checks import as_finite, as_times, not_negative, positive
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._tied_laws import log_det_rate
from simtheory.equations import implements
from simtheory.errors import ArgumentError, RegimeError, SolveError


@implements("decay-family")
def decayed_mode(
    rate: ArrayLike, w0: ArrayLike, t: ArrayLike, *, decay: ArrayLike, target: ArrayLike = 1.0
) -> Array:
    r"""Return an isolated mode of a tied net with weight decay and any target.

    :math:`\dot w = 2w(a\beta - aw)` with :math:`\beta = b - \kappa/a`:
    :math:`w(t) = w_0e^{2a\beta t}/[1 + w_0(e^{2a\beta t}-1)/\beta]`. It ends at β, or dies when
    :math:`\kappa \ge ab`. Implements ``decay-family`` (derived from yang2024, Eq. 4.3; exact when
    W(0) and the target commute with the second moment).

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
    target : array_like, shape (...)
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
        as_finite("target", target),
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


def decayed_level(rate: ArrayLike, *, decay: ArrayLike, target: ArrayLike = 1.0) -> Array:
    r"""Return where a mode with weight decay ends: :math:`\max(b - \kappa/a, 0)`.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a; not negative.
    decay : array_like, shape (...)
        Decay κ of U; at κ ≥ ab the concept dies.
    target : array_like, shape (...)
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
    level = as_finite("target", target) - kappa / np.where(alive, a, 1.0)
    return np.where(alive, np.maximum(level, 0.0), 0.0)


def decayed_log_det_rate(weights: ArrayLike, second_moment: ArrayLike, *, decay: float) -> Array:
    """Return d/dt ln det W = 2 tr(A(I − W)) − 2κd along the tied flow with weight decay.

    Parameters
    ----------
    weights : array_like, shape (..., d, d)
        Maps.
    second_moment : array_like, shape (d, d)
        Uncentred second moment A.
    decay : float
        Decay κ of U on the canonical clock.

    Returns
    -------
    ndarray, shape (...)
        The rate.
    """
    rate = log_det_rate(weights, second_moment)
    return np.asarray(rate - 2.0 * not_negative("decay", decay) * np.shape(second_moment)[-1])


def rank_one_decay(rates: Array, u0: Array, t: Array, decay: float) -> Array:
    """Return the weight vector of one net of width one with decay, shape (T, d), in concept axes.

    Two states: the slowed time s, and y = ln g, whose speeds are 1 − g/2 and 2ā(1−g) − 2κ with ā the
    mean rate under the weights u₀² e^{2as}. Times are counted in units of the largest rate.
    """
    path = np.zeros((t.size, u0.size))
    path[t == 0] = u0
    alive = u0 != 0
    if not alive.any() or t[-1] == 0:
        return path
    unit = max(float(rates[alive].max()), decay)
    if unit == 0:
        return np.broadcast_to(u0, path.shape).copy()
    a, kappa = rates[alive] / unit, decay / unit
    size = np.linalg.norm(u0[alive] / np.abs(u0).max()) * np.abs(u0).max()
    log_share = 2.0 * np.log(np.abs(u0[alive]) / size)

    def velocity(_: float, state: Array) -> Array:
        s, y = state
        exponent = log_share + 2.0 * a * s
        share = np.exp(exponent - exponent.max())
        g = np.exp(min(y, 700.0))
        return np.array([1.0 - 0.5 * g, 2.0 * (share @ a) / share.sum() * (1.0 - g) - 2.0 * kappa])

    begin = np.array([0.0, 2.0 * np.log(size)])
    found = solve_ivp(
        velocity, (0.0, unit * t[-1]), begin, method="LSODA",
        t_eval=unit * t[t > 0], rtol=1e-12, atol=1e-13,
    )  # fmt: skip
    if found.status != 0:
        raise SolveError(f"The two-state system stopped: {found.message}", time=found.t[-1] / unit)
    s, y = found.y
    exponent = log_share + 2.0 * s[:, None] * a
    log_u = 0.5 * (y[:, None] + exponent - logsumexp(exponent, axis=1, keepdims=True))
    path[np.ix_(t > 0, alive)] = np.sign(u0[alive]) * np.exp(log_u)
    return path


@implements("gd-modified")
def modified_time(rate: ArrayLike, w0: ArrayLike, level: ArrayLike, *, step: float) -> Array:
    r"""Return when gradient descent of finite step brings a tied mode to a level.

    Descent :math:`u \leftarrow u + \eta au(1-u^2)` follows, to second order in its step, the flow
    :math:`\dot w = 2aw(1-w)[1-c(1-3w)]`, :math:`c = \eta a/2`: late at first, faster at the end. The
    time is its quadrature. Implements ``gd-modified`` (derived from yang2024, Eq. 4.3).

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
        as_finite("rate", rate), as_finite("w0", w0), as_finite("level", level)
    )
    for name, value in (("w0", start), ("level", aim)):
        if value.size and not (value.min() > 0 and value.max() < 1):
            raise ArgumentError(
                f"Argument `{name}` must lie in (0, 1), but it runs from {value.min():g} to {value.max():g}."
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
