r"""Linear flow matching: the weights and the generated variance through training.

Problem
-------
Noise :math:`x_0` and data :math:`x_1` are joined by :math:`x_s = sx_1 + (1-s)x_0`, and at each flow
time s in [0, 1] a linear net learns the velocity :math:`x_1 - x_0` from :math:`x_s`. Samples follow
:math:`dx/ds = w_sx` from s = 0 to 1, so the variance of a mode is the exponential of twice the
integral of its weight.

Symbols
-------
lambda : variance of the data along a mode; s : flow time (t is the time of *training*);
:math:`\delta = s^2\lambda + (1-s)^2` : variance of :math:`x_s`; :math:`n = s\lambda - (1-s)` : its
covariance with the velocity; :math:`f = n/\delta` : the weight to be learned; Q : *start*, the weight
at t = 0, the same at all flow times; t : canonical time, :math:`2\eta\tau` for one layer and
:math:`4\eta\tau` for a tied net on the loss :math:`E\|v-(x_1-x_0)\|^2`
(``units.Clock(lr, loss="sum", tied=...)``).

Result
------
One layer is exact: its weight relaxes at rate :math:`\delta`, its variance is a closed form in
exponential integrals and error functions (label ``fm-one-layer``). The weight of a tied net is
exact, its variance one integral (label ``fm-tied``).

Reading
-------
Flow matching has no cut-off in the noise: one layer arrives at the variance of the data. A tied net
does not. Its map is positive semidefinite and cannot shrink, as the flow must for s < 1/(1+λ); so it
ends at :math:`1 + \lambda`.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import all_positive, as_finite, not_negative, shares
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.exponential_integrals import learned
from simtheory.errors import ArgumentError
from simtheory.labels import implements

__all__ = [
    "one_layer_variance",
    "one_layer_weight",
    "tied_variance",
    "tied_weight",
]

_PANELS, _NODES = 64, 20
"""Panels of the quadrature on each graded mesh, and Gauss points in each."""


@face
def one_layer_weight(variance: ArrayLike, t: ArrayLike, *, s: ArrayLike, start: ArrayLike) -> Array:
    r"""Return the weight of one mode of a one-layer net, :math:`w = f + (Q-f)e^{-\delta t}`.

    Parameters
    ----------
    variance : array_like
        Variance λ of the data along the mode.
    t : array_like
        Canonical time of training: 2ητ on the loss E‖v − (x₁ − x₀)‖².
    s : array_like
        Flow time in [0, 1].
    start : array_like
        Weight Q at t = 0.

    Returns
    -------
    ndarray
        The weight; all arguments broadcast.

    Examples
    --------
    >>> one_layer_weight(1.0, 0.0, s=0.3, start=0.1)
    array(0.1)
    """
    lam, time, flow = all_positive("variance", variance), not_negative("t", t), _flow_time(s)
    delta, n = flow**2 * lam + (1.0 - flow) ** 2, flow * lam - (1.0 - flow)
    q = as_finite("start", start)
    return np.asarray(q * np.exp(-delta * time) - n / delta * np.expm1(-delta * time))


@implements(
    "fm-one-layer",
    title="Flow matching by one layer",
    regime="aligned start",
    source="wang2025",
    where="released code",
)
@face
def one_layer_variance(variance: ArrayLike, t: ArrayLike, *, start: ArrayLike) -> Array:
    r"""Return the variance that a one-layer net generates.

    :math:`\lambda\exp\{\mathrm{Ei}(-t) - \mathrm{Ei}(-\lambda t) + 2Q\int_0^1e^{-\delta t}ds\}`,
    the integral being a sum of error functions.

    Parameters
    ----------
    variance : array_like
        Variance λ of the data along the mode.
    t : array_like
        Canonical time of training: 2ητ on the loss E‖v − (x₁ − x₀)‖².
    start : array_like
        Weight Q at t = 0, the same at all flow times.

    Returns
    -------
    ndarray
        The variance; all arguments broadcast. It is e^{2Q} untrained and λ at last.

    Examples
    --------
    >>> one_layer_variance([0.1, 1.0, 10.0], 2.0, start=0.1).round(6)
    array([0.360679, 1.056486, 9.60804 ])
    """
    lam, time, q = (
        all_positive("variance", variance),
        not_negative("t", t),
        as_finite("start", start),
    )
    z = np.sqrt(time / (1.0 + lam))
    left = _erf_over(z) + lam * _erf_over(lam * z)
    kept = 0.5 * np.sqrt(np.pi) / (1.0 + lam) * np.exp(-time * (lam / (1.0 + lam))) * left
    return np.asarray(np.exp(learned(np.ones_like(lam), lam, time) + 2.0 * q * kept))


def _erf_over(z: Array) -> Array:
    """Return special.erf(z)/z, 2/√π at zero."""
    small = z < 1e-8
    return np.where(small, 2.0 / np.sqrt(np.pi), special.erf(z) / np.where(small, 1.0, z))


@face
def tied_weight(variance: ArrayLike, t: ArrayLike, *, s: ArrayLike, start: ArrayLike) -> Array:
    r"""Return the weight of one mode of a tied net that starts aligned with the data.

    :math:`\psi = Qe^X/(1 + Q\delta(e^X-1)/n)` with :math:`X = 2nt`: it grows where n > 0 and dies
    where n < 0.

    Parameters
    ----------
    variance : array_like
        Variance λ of the data along the mode.
    t : array_like
        Canonical time of training: 4ητ on the loss E‖v − (x₁ − x₀)‖².
    s : array_like
        Flow time in [0, 1].
    start : array_like
        Weight Q at t = 0, not negative.

    Returns
    -------
    ndarray
        The weight; all arguments broadcast.

    Examples
    --------
    >>> tied_weight(1.0, 0.0, s=0.3, start=0.1)
    array(0.1)
    """
    lam, time, flow = all_positive("variance", variance), not_negative("t", t), _flow_time(s)
    n = flow * lam - (1.0 - flow)
    return _tied(flow**2 * lam + (1.0 - flow) ** 2, n, time, not_negative("start", start))


def _tied(delta: Array, n: Array, t: Array | float, q: Array | float) -> Array:
    """Return the tied weight; the exponential that is divided by is the one that decays."""
    size = np.abs(n)
    kept = np.exp(-2.0 * size * t)
    moving = 2.0 * size * t > 1e-8
    # (1 − e^{−2|n|t})/|n|, which is 2t where n vanishes.
    grown = np.where(moving, -np.expm1(-2.0 * size * t) / np.where(moving, size, 1.0), 2.0 * t)
    up, down = np.where(n > 0, 1.0, kept), np.where(n > 0, kept, 1.0)
    # A zero start stays zero; one stands in where the sum would vanish beside it.
    below = np.where(np.greater(q, 0.0), down + q * delta * grown, 1.0)
    return np.asarray(q * up / below)


@implements(
    "fm-tied",
    title="Flow matching by a tied net",
    regime="aligned start, Q ≥ 0; the variance is one integral",
    source="wang2025",
    where="derived here",
)
@face
def tied_variance(variance: ArrayLike, t: ArrayLike, *, start: ArrayLike) -> Array:
    r"""Return the variance that a tied net generates, :math:`\exp(2\int_0^1\psi\,ds)`.

    It saturates at :math:`1+\lambda`.

    Parameters
    ----------
    variance : array_like
        Variance λ of the data along the mode.
    t : array_like
        Canonical time of training: 4ητ on the loss E‖v − (x₁ − x₀)‖².
    start : array_like
        Weight Q at t = 0, the same at all flow times, not negative.

    Returns
    -------
    ndarray
        The variance; all arguments broadcast.

    Notes
    -----
    Gauss-Legendre quadrature in n, on panels graded towards the flow time at which n changes its
    sign and towards the front where the weight takes off. Its error is below 1e-11.

    Examples
    --------
    >>> tied_variance([0.1, 1.0, 10.0], 4.0, start=0.1).round(6)
    array([ 1.047968,  1.889533, 10.969392])
    """
    lam, time, q = np.broadcast_arrays(
        all_positive("variance", variance), not_negative("t", t), not_negative("start", start)
    )
    if lam.size and not _RANGE[0] <= lam.min() <= lam.max() <= _RANGE[1]:
        raise ArgumentError(
            f"Argument `variance` must lie between {_RANGE[0]:g} and {_RANGE[1]:g}, so that its square and "
            f"fractions of it are numbers, but it runs from {lam.min():g} to {lam.max():g}."
        )
    each = zip(*(x.ravel().tolist() for x in (lam, time, q)), strict=True)
    return np.reshape([_variance(*one) for one in each], lam.shape)


_RANGE = (1e-300, 1e150)  # below, the finest panel underflows to zero; above, squares overflow


def _variance(lam: float, t: float, q: float) -> float:
    """Return the variance of one mode at one time."""
    finest = 1e-4 * min(1.0, lam, lam**0.5, 1.0 / max(t, 1e-300))
    rise, fall = (np.geomspace(finest, end, _PANELS) for end in (lam, 1.0))
    # The weight takes off where e^{−2nt} has fallen to Qδ/n, over a width of 1/2t.
    tiny = max(q, 1e-300)
    front = (np.log1p(1.0 / tiny) + np.log1p(lam)) / (2.0 * max(t, 1e-300))
    edges = np.concatenate(
        [-fall, [0.0], rise, np.linspace(0.0, min(2.0 * front, lam), 8 * _PANELS)]
    )
    edges = np.unique(np.clip(edges, -1.0, lam))
    x, weight = np.polynomial.legendre.leggauss(_NODES)
    half = 0.5 * np.diff(edges)[:, None]
    n = edges[:-1, None] + half * (1.0 + x)
    # In terms of n, δ = (λ + n²)/(1 + λ) and ds = dn/(1 + λ).
    psi = _tied((lam + n**2) / (1.0 + lam), n, t, q)
    return float(np.exp(2.0 * np.sum(half * weight * psi) / (1.0 + lam)))


def _flow_time(s: ArrayLike) -> Array:
    return shares("s", s)
