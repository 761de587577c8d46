r"""One layer trained on few samples in many dimensions: d and n large, their ratio fixed.

Symbols
-------
n : samples; a : rates of the population, (d,); :math:`\gamma = d/n`; z : a point beside the spectrum
of the samples' second moment Â; k(z) : the rate at which the population has to be damped to look
like Â at z; :math:`F(k) = \tfrac1n\sum_j a_j/(a_j+k)`, :math:`G(k) = \tfrac1n\sum_j a_j^2/(a_j+k)^2`.

The mean of a function of Â is an integral round its spectrum of the resolvent, whose deterministic
equivalent is :math:`(\hat A - z)^{-1} \approx -\tfrac kz (A + k)^{-1}` with z = −k(1 − F(k)). We
integrate over k, where z is explicit and nothing has to be solved. The circle through the two real
points with G = 1, which are the edges of the spectrum, winds round it once: on a circle G is a convex
function of the cosine of the angle, so it stays below one. At the lower edge −zt is at a saddle, so
the integrand is largest there and falls along the circle. Points are spread evenly in the logarithm
of the tangent of the half angle, which resolves rates of any ratio; then the trapezoidal rule
converges exponentially.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import as_finite, as_times, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import closed_form, leave_regime, map_from_concepts
from simtheory.errors import ArgumentError, RegimeError, SolveError
from simtheory.labels import implements
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "Spike",
    "proportional",
    "spike",
    "spikes",
]

_MANY = 10
"""Least dimension that counts as large. Below, the mean errs by more than a tenth of its correction."""


@implements(
    "finite-n-proportional",
    title="As many samples as dimensions: the mean",
    exactness="O(1/n) at fixed d/n",
    regime="one layer from zero, d ≥ 10",
    source="yang2024",
    where="derived here from Theorem 4.1",
)
@face
def proportional(
    task: SIMTask,
    n: int,
    t: ArrayLike,
    *,
    probes: ArrayLike | None = None,
    strict: bool = True,
) -> Trajectory:
    r"""Return the mean of one layer trained on n samples, where n is of the size of the dimension.

    :math:`\mathbb{E}\,e^{-\hat At}` as an integral, round the spectrum of the samples, of the
    deterministic equivalent of its resolvent.

    Parameters
    ----------
    task : SIMTask
        What is learned, from W(0) = 0.
    n : int
        Number of samples; fewer than dimensions are fine.
    t : array_like, shape (T,)
        Canonical times of the flow on these samples.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.
    strict : bool
        Whether to refuse fewer than ten dimensions with variance, or to warn.

    Returns
    -------
    Trajectory
        The mean of W(t). `stats` holds the ratio d/n and, as the small parameter, 1/d.

    Raises
    ------
    RegimeError
        If there are fewer than ten dimensions with variance and `strict` is true.
    SolveError
        If the integral does not converge; it does for all rates and times that were tried.

    Notes
    -----
    An error of 1/n stands beside a correction of d/n. The integral is good to 1e-11.

    Examples
    --------
    >>> task = SIMTask(mu=np.zeros(20), sigma=1.0)
    >>> run = proportional(task, 40, [1.0], probes=np.eye(20)[:1])
    >>> run.weights[0, 0, 0].round(4)
    np.float64(0.5475)
    """
    size, times = positive_int("n", n), as_times(t)
    dim = int(np.count_nonzero(task.rates))
    if dim < _MANY:
        leave_regime(
            f"The proportional limit needs at least {_MANY} dimensions with variance, but there are "
            f"{dim}; use `perturbation`.",
            strict=strict,
        )
    learned = 1.0 - mean_decay(task.rates, size, times)
    return closed_form(
        proportional,
        task,
        times,
        map_from_concepts(task, learned[:, :, None] * np.eye(task.dim)),
        probes=probes,
        stats={"samples": size, "ratio": dim / size, "small_parameter": 1.0 / max(dim, 1)},
    )


@face
class Spike(NamedTuple):
    """What many samples in many dimensions show of one direction.

    Parameters
    ----------
    eigenvalue : ndarray, shape (...)
        Eigenvalue that belongs to it: the rate at which the layer learns along it.
    overlap : ndarray, shape (...)
        Squared cosine between its eigenvector and the direction.
    learnable : ndarray of bool, shape (...)
        Whether it stands out at all.
    """

    eigenvalue: Array
    overlap: Array
    learnable: NDArray[np.bool_]


@implements(
    "spike-bbp",
    title="What samples show of one direction",
    exactness="o(1) as d → ∞ at fixed d/n",
    regime="one direction above isotropic noise",
    source="baik2005",
    where="Theorem 1.1; derived here from the proportional limit",
)
@face
def spike(strength: ArrayLike, noise: ArrayLike, ratio: ArrayLike) -> Spike:
    r"""Return what a sample covariance shows of one direction above isotropic noise.

    It stands out if :math:`g > \sigma^2\sqrt\gamma`; then its eigenvalue is :math:`a(1 +
    \gamma\sigma^2/g)` and its squared overlap :math:`(1 - \gamma\sigma^4/g^2)/(1 +
    \gamma\sigma^2/g)`. Otherwise the largest eigenvalue is the edge of the noise, :math:`\sigma^2(1
    + \sqrt\gamma)^2`, and its direction is independent of the true one.

    Parameters
    ----------
    strength : array_like, shape (...)
        Strength g of the direction: its second moment is σ² + g. Not negative.
    noise : array_like, shape (...)
        Variance σ² in all directions, positive.
    ratio : array_like, shape (...)
        Dimensions over samples, γ = d/n, positive.

    Returns
    -------
    Spike
        Eigenvalue, squared overlap, and whether the direction stands out.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    Examples
    --------
    >>> found = spike(1.35, 0.25, 0.5)
    >>> found.eigenvalue.round(3), found.overlap.round(3)
    (np.float64(1.748), np.float64(0.9))
    """
    g, variance, gamma = np.broadcast_arrays(
        as_finite("strength", strength), as_finite("noise", noise), as_finite("ratio", ratio)
    )
    for name, value, low in (("strength", g, g < 0), ("noise", variance, variance <= 0), ("ratio", gamma, gamma <= 0)):  # fmt: skip
        if np.any(low):
            raise ArgumentError(
                f"Argument `{name}` must be {'not negative' if name == 'strength' else 'positive'}, "
                f"but its smallest entry is {value.min():g}."
            )
    critical = variance * np.sqrt(gamma)
    learnable = g > critical
    x = critical / np.where(learnable, g, critical)  # σ²√γ/g, at most one
    root = np.sqrt(gamma) * x
    eigenvalue = np.where(
        learnable, (variance + g) * (1.0 + root), variance * (1.0 + np.sqrt(gamma)) ** 2
    )
    overlap = np.where(learnable, (1.0 - x) * (1.0 + x) / (1.0 + root), 0.0)
    return Spike(eigenvalue, overlap, learnable)


@face
def spikes(task: SIMTask, n: int, *, strict: bool = True) -> Spike:
    r"""Return what n samples of a task show of each concept, where its noise is isotropic.

    The strength of concept k is :math:`p_k\mu_k^2`.

    Parameters
    ----------
    task : SIMTask
        Where the data come from; its spread must be the same in all dimensions.
    n : int
        Number of samples.
    strict : bool
        Whether to refuse fewer than ten dimensions, or to warn.

    Returns
    -------
    Spike
        Eigenvalue, squared overlap and whether it stands out, of each concept, shape (s,).

    Raises
    ------
    RegimeError
        If the spread differs between dimensions or is zero, or if there are fewer than ten
        dimensions and `strict` is true.

    Examples
    --------
    >>> task = SIMTask(mu=(2.0, 0.5), sigma=np.ones(100), dim=100)
    >>> spikes(task, 200).learnable
    array([ True, False])
    """
    size, noise = positive_int("n", n), task.sigma**2
    if task.squared_rates or noise.min() <= 0.0 or np.ptp(noise) > 1e-12 * noise.max():
        raise RegimeError(
            "Spikes need noise of one positive variance in all dimensions, but it runs from "
            f"{noise.min():g} to {noise.max():g}{', with rates squared' if task.squared_rates else ''}."
        )
    if task.dim < _MANY:
        leave_regime(
            f"Spikes need at least {_MANY} dimensions, but there are {task.dim}.", strict=strict
        )
    strength = task.weights[: task.n_concepts] * task.mu**2
    return spike(strength, noise[0], task.dim / size)


_TOLERANCE = 1e-11
"""Largest difference of two rules, of which one has twice the points; beyond, points are doubled."""


def mean_decay(rates: Array, n: int, t: Array) -> Array:
    """Return the diagonal of E e^{−Ât} in the eigenbasis of A, shape (T, d)."""
    found = np.ones((t.size, rates.size))  # a coordinate without variance keeps its start
    seen = rates > 0.0
    if not seen.any():
        return found
    a = rates[seen] / rates.max()
    found[:, seen] = _contour(a, n, t * rates.max())
    return found


def edge(a: Array, n: int, *, upper: bool) -> float:
    """Return the distance x from the nearest −a at which G = 1, beyond all of them."""
    offset = a.max() - a if upper else a - a.min()

    def excess(log_x: float) -> float:
        return float(np.log(np.sum((a / (offset + np.exp(log_x))) ** 2) / n))

    from scipy.optimize import brentq  # loading it takes a fifth of a second

    near = a.max() if upper else a.min()
    low, high = np.log(near / np.sqrt(n)), 0.5 * np.log(np.sum(a**2) / n)
    return float(np.exp(brentq(excess, low - 1e-9, high + 1e-9, xtol=1e-15, rtol=1e-14)))


def _contour(a: Array, n: int, t: Array) -> Array:
    left, right = -a.max() - edge(a, n, upper=True), edge(a, n, upper=False) - a.min()
    atom = _atom(a, n)
    step = 0.25
    total = _trapezoid(a, n, t, left, right, step, shift=0.0)
    for _ in range(9):
        finer = 0.5 * (total + _trapezoid(a, n, t, left, right, step, shift=0.5))
        step *= 0.5
        if np.abs(finer - total).max() <= _TOLERANCE:
            return np.asarray(np.clip(finer + atom, 0.0, 1.0))
        total = finer
    raise SolveError(
        f"The contour integral did not converge for n={n}, rates from {a.min():.3g} to {a.max():.3g} "
        "of the largest. Take shorter times.",
        time=float(t[-1]),
    )


def _atom(a: Array, n: int) -> Array:
    """Return the share of each coordinate that no sample sees: κ/(a + κ) with F(κ) = 1 if d > n."""
    if a.size <= n:
        return np.zeros(a.size)
    from scipy.optimize import brentq

    high = a.sum() / n
    kappa = brentq(lambda k: np.sum(a / (a + k)) / n - 1.0, 0.0, high, xtol=1e-15, rtol=1e-14)
    return np.asarray(kappa / (a + kappa))


def _trapezoid(
    a: Array, n: int, t: Array, left: float, right: float, step: float, *, shift: float
) -> Array:
    """Return the sum over points spaced by `step`, shape (T, d)."""
    u = step * (np.arange(-round(40 / step), round(40 / step)) + shift)
    w = -1j * np.exp(u)
    k = (right + left * w) / (1.0 + w)
    slope = (left - right) * w / (1.0 + w) ** 2  # dk/du
    # a + k without cancellation near the lower edge: (right + a) + (left − right) w/(1 + w).
    beside = (right + a) + ((left - right) * w / (1.0 + w))[:, None]
    share = a / beside
    z = -k * (1.0 - share.sum(axis=1) / n)
    speed = np.sum(share**2, axis=1) / n - 1.0  # dz/dk
    weight = (k * speed * slope / z)[:, None] / beside
    return np.asarray(step / np.pi * (np.exp(-np.outer(t, z)) @ weight).imag)
