r"""The tied net of width one, with weight decay or without: one quadrature and one inversion.

Symbols
-------
u : the weight vector, (d,); g = |u|²; s : slowed time, in which u turns as power iteration does;
:math:`\varphi(s) = u_0^T e^{2As}u_0`; :math:`X = \varphi/\sqrt{1-g_0}`;
:math:`q = X/\sqrt{X^2+4}`, so that canonical time is :math:`t = s + \int_0^s q\,ds'`.

q never falls, runs from 0 to 1, and may do so within a sliver of a long interval. Panels are halved
until two nested rules that both see the panel's ends agree: a monotone function cannot vary between
the nodes without changing the values at the ends.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_times, flag, not_negative
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import closed_form, map_from_concepts, width_one_on_concepts
from simtheory.errors import RegimeError, SolveError
from simtheory.labels import implements
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "rank_one",
    "rank_one_decay",
]


@implements(
    "tied-rank-one",
    title="Tied net of width one",
    regime="width 1, any second moment, u(0) shorter than 1",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def rank_one(
    task: SIMTask,
    u0: ArrayLike,
    t: ArrayLike,
    *,
    probes: ArrayLike | None = None,
    layers: bool = False,
) -> Trajectory:
    r"""Return the exact trajectory of a tied net of width one.

    In a slowed time s the weight vector turns as power iteration does: with :math:`\varphi = u_0^T
    e^{2As}u_0`, :math:`X = \varphi/\sqrt{1-|u_0|^2}` and :math:`g = 2X/(X+\sqrt{X^2+4})`, :math:`u
    = \sqrt{g/\varphi}\,e^{As}u_0` at :math:`t = \int_0^s ds'/(1-g/2)`.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    u0 : array_like, shape (..., d) or (..., d, 1)
        Start, shorter than one; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.
    layers : bool
        Whether to keep u too, for `observe.layers` and what reads them.

    Returns
    -------
    Trajectory
        Exact up to a quadrature, whose error is below 1e-10. With `layers` its `arrays` hold u as
        ``U``, shape (..., T, d, 1).

    Raises
    ------
    RegimeError
        If a start has length one or more.
    """
    u, times = width_one_on_concepts(task, u0), as_times(t)
    longest = float(np.linalg.norm(u, axis=-2).max(initial=0.0))
    if longest >= 1.0:
        raise RegimeError(
            f"The width-one form needs |u0| < 1, but the longest start has {longest:g}."
        )
    members = [_rank_one(task.rates, each, times) for each in u.reshape(-1, task.dim)]
    path = np.reshape(members, (*u.shape[:-2], times.size, task.dim))
    weights = path[..., :, None] * path[..., None, :]
    inside = {"U": task.from_concept_axes(path)[..., None]} if flag("layers", layers) else {}
    return closed_form(
        rank_one,
        task,
        times,
        map_from_concepts(task, weights),
        exact=True,
        probes=probes,
        stats=inside,
    )


@implements(
    "tied-rank-one-decay",
    title="Tied net of width one with weight decay",
    regime="width 1, any second moment",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def rank_one_decay(
    task: SIMTask,
    u0: ArrayLike,
    t: ArrayLike,
    *,
    decay: float,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the trajectory of a tied net of width one with weight decay.

    Power iteration in a slowed time s again, :math:`u = \sqrt{g/\varphi}\,e^{As}u_0`, with two
    equations for s and :math:`g = |u|^2` in place of one quadrature: :math:`\dot s = 1-g/2`,
    :math:`\dot g = 2g[\bar a(1-g)-\kappa]`, where :math:`\bar a = u^TAu/g`.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    u0 : array_like, shape (..., d) or (..., d, 1)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    decay : float
        Decay κ of u on the canonical clock, du/dt = … − κu.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact up to the integration of two equations, whose error is about 1e-9.

    Raises
    ------
    ArgumentError
        If the decay is negative.

    Notes
    -----
    Without decay `tied.rank_one` needs no integration.
    """
    u, times = width_one_on_concepts(task, u0), as_times(t)
    kappa = float(not_negative("decay", decay))
    members = [_rank_one_decay(task.rates, each, times, kappa) for each in u.reshape(-1, task.dim)]
    path = np.reshape(members, (*u.shape[:-2], times.size, task.dim))
    weights = path[..., :, None] * path[..., None, :]
    return closed_form(
        rank_one_decay, task, times, map_from_concepts(task, weights), exact=True, probes=probes
    )


TOLERANCE = 1e-13
"""Largest difference of the two rules on a panel, relative to its right end; beyond, the panel is halved."""


def _clenshaw_curtis(n: int) -> tuple[Array, Array]:
    """Return nodes and weights of the n-interval rule on [0, 1], n even."""
    angles = np.pi * np.arange(n + 1) / n
    even = np.arange(0, n + 1, 2)
    moments = np.where(even == 0, 1.0, 2.0 / (1.0 - even**2.0))
    moments[-1] /= 2.0
    weights = np.cos(np.outer(angles, even)) @ moments / n
    weights[[0, -1]] /= 2.0
    return 0.5 * (1.0 - np.cos(angles)), weights


_NODES, _FINE = _clenshaw_curtis(16)


_COARSE = np.zeros(17)


_COARSE[::2] = _clenshaw_curtis(8)[1]


_GAUSS, _GAUSS_WEIGHTS = (0.5 * v for v in np.polynomial.legendre.leggauss(16))


_GAUSS = _GAUSS + 0.5


def _rank_one(rates: Array, u0: Array, t: Array) -> Array:
    """Return the weight vector of one net of width one, shape (T, d), in the concept axes.

    Parameters
    ----------
    rates : ndarray, shape (d,)
        Rates.
    u0 : ndarray, shape (d,)
        Start, of length below one.
    t : ndarray, shape (T,)
        Canonical times, increasing.

    Returns
    -------
    ndarray, shape (T, d)
        The weights over time.
    """
    u = np.zeros((t.size, u0.size))
    present = u0 != 0
    if not present.any():
        return u
    a, size = rates[present], np.log(np.abs(u0[present]))
    gap = -0.5 * np.log1p(-np.sum(u0**2))  # X = φ e^gap
    top = float(a.max())

    def log_x(s: Array) -> Array:
        """Return ln X; rates count from the top one, so that equal rates cancel exactly."""
        shares = 2.0 * ((a - top) * s[..., None] + size)
        return np.asarray(2.0 * top * s + special.logsumexp(shares, axis=-1) + gap)

    s = _slowed_time(log_x, t)
    level = log_x(s)
    exponent = (a - top) * s[:, None] + size
    share = exponent - 0.5 * special.logsumexp(2.0 * exponent, axis=-1, keepdims=True)
    # g = 2X/(X + √(X²+4)), written for the side of X = 1 on which nothing overflows.
    below, above = np.minimum(level, 0.0), np.maximum(level, 0.0)
    log_g = np.where(
        level < 0,
        below - np.arcsinh(0.5 * np.exp(below)),
        np.log(2.0) - np.log1p(np.sqrt(1.0 + 4.0 * np.exp(-2.0 * above))),
    )
    u[:, present] = np.sign(u0[present]) * np.exp(share + 0.5 * log_g[:, None])
    return u


def _slowed_time(log_x, t: Array) -> Array:  # type: ignore[no-untyped-def]
    """Return the s at which s + ∫₀ˢ q = t, for each t."""

    def q(s: Array) -> Array:
        level = log_x(s)
        up, down = np.maximum(level, 0.0), np.minimum(level, 0.0)
        x = np.exp(down)
        return np.where(
            level > 0, 1.0 / np.sqrt(1.0 + 4.0 * np.exp(-2.0 * up)), x / np.sqrt(x**2 + 4.0)
        )

    edges, integral = _panels(q, float(t[-1]))
    clock = edges + integral
    panel = np.clip(np.searchsorted(clock, t, side="right") - 1, 0, max(edges.size - 2, 0))
    left, start = edges[panel], clock[panel]
    # dt/ds lies in [1, 2] and hardly varies inside a panel: Newton's step converges in a few.
    width = t - start
    for _ in range(60):
        nodes = left[:, None] + width[:, None] * _GAUSS
        reached = width * (1.0 + q(nodes) @ _GAUSS_WEIGHTS)
        step = (t - start - reached) / (1.0 + q(left + width))
        width = np.clip(width + step, 0.0, t - start)
        if np.all(np.abs(step) <= 1e-14 * t):
            return np.asarray(left + width)
    raise SolveError(
        "The slowed time of the width-one solution did not converge; please report the task and start.",
        time=float(t[0]),
    )


def _panels(q, end: float) -> tuple[Array, Array]:  # type: ignore[no-untyped-def]
    """Return panel edges on [0, end] on which `q` is resolved, and the integral of `q` up to each."""
    left, right = np.array([0.0]), np.array([end])
    starts, areas = [], []
    while left.size:
        width = right - left
        values = q(left[:, None] + width[:, None] * _NODES)
        fine, coarse = width * (values @ _FINE), width * (values @ _COARSE)
        middle = 0.5 * (left + right)
        done = (np.abs(fine - coarse) <= TOLERANCE * right) | (middle <= left) | (middle >= right)
        starts.append(np.stack([left[done], right[done]]))
        areas.append(fine[done])
        left, right = (
            np.concatenate([left[~done], middle[~done]]),
            np.concatenate([middle[~done], right[~done]]),
        )
    spans, area = np.concatenate(starts, axis=1), np.concatenate(areas)
    order = np.argsort(spans[0])
    edges = np.concatenate([[0.0], spans[1, order]])
    return edges, np.concatenate([[0.0], np.cumsum(area[order])])


def _rank_one_decay(rates: Array, u0: Array, t: Array, decay: float) -> Array:
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
    from scipy.integrate import solve_ivp  # loading it takes a quarter of a second

    found = solve_ivp(
        velocity, (0.0, unit * t[-1]), begin, method="LSODA",
        t_eval=unit * t[t > 0], rtol=1e-12, atol=1e-13,
    )  # fmt: skip
    if found.status != 0:
        raise SolveError(f"The two-state system stopped: {found.message}", time=found.t[-1] / unit)
    s, y = found.y
    exponent = log_share + 2.0 * s[:, None] * a
    log_u = 0.5 * (y[:, None] + exponent - special.logsumexp(exponent, axis=1, keepdims=True))
    path[np.ix_(t > 0, alive)] = np.sign(u0[alive]) * np.exp(log_u)
    return path
