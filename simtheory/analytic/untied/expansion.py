r"""Expansions of the untied net: the early phase, off-diagonals to first order, and one crossing.

The symbols are those of a crossing, a pair of off-diagonals while the stronger concept is learned.

Symbols
-------
x : the stronger mode, 1 − x its rest; beta = a_j/(2a_i), between 0 and ½; :math:`s = \sqrt{(\tfrac12-
\beta)^2 + 4\beta^2}`; :math:`\alpha = \tfrac12(\beta - \tfrac12 + s)`.

Gauss's function is summed around x = 0 or x = 1; its exponents there differ by s, which lies between
0.44 and 1. Every power of 1 − x is taken with all that multiplies it, so that none overflows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_times, rounding, share
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import closed_form, leave_regime, map_from_concepts
from simtheory.analytic._shared.layers import BALANCED, as_two_layers, on_concepts
from simtheory.analytic._shared.off_diagonal import balanced_first_order
from simtheory.errors import RegimeError, ShapeError
from simtheory.labels import implements
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "Crossing",
    "crossing",
    "early",
    "effective_start",
    "first_order",
]

_SMALL = 0.1
"""Largest norm of W in the early form. Its relative error is W; beyond, it exceeds ten percent."""


_OVERFLOW = 300.0
"""Largest exponent of a layer in the early form. Beyond, products of two layers overflow."""


@face
def effective_start(layers: Sequence[ArrayLike]) -> Array:
    """Return U₀ = ½(W₂ + W₁ᵀ), from which a tied net has the same early growth.

    Parameters
    ----------
    layers : tuple of array_like
        W₁ of shape (..., h, d) and W₂ of shape (..., d, h).

    Returns
    -------
    ndarray, shape (..., d, h)
        The start of the tied net.

    Examples
    --------
    >>> effective_start(([[0.1, 0.3]], [[0.3], [0.5]]))
    array([[0.2],
           [0.4]])
    """
    dim = np.shape(layers[-1])[-2] if len(layers) and np.ndim(layers[-1]) > 1 else 1
    below, above = as_two_layers(layers, rows=dim, columns=dim)
    return np.asarray(0.5 * (above + np.swapaxes(below, -1, -2)))


@implements(
    "untied-early",
    title="Untied net: the early phase",
    exactness="O(W²)",
    regime="while W is small; any second moment, any widths",
    source="yang2024",
    where="derived here from the flow",
)
@face
def early(
    task: SIMTask,
    layers: Sequence[ArrayLike],
    t: ArrayLike,
    *,
    strict: bool = True,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the trajectory of an untied net while W is small.

    :math:`W_2 \pm W_1^T = e^{\pm At}(W_2 \pm W_1^T)(0)`: the symmetric part of the start grows and
    the rest dies, so the net is soon a tied one from `effective_start`.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    layers : tuple of array_like
        W₁ of shape (..., h, d) and W₂ of shape (..., d, h); leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    strict : bool
        Refuse times at which W is no longer small; False evaluates them with a `RegimeWarning`.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Approximate; `arrays` holds ``small_parameter`` (the largest norm of W on the grid) and
        ``error_estimate``, its square.

    Raises
    ------
    RegimeError
        If that norm exceeds 0.1 and `strict`, or the growth exceeds e³⁰⁰ in any case.
    """
    times = as_times(t)
    chain = on_concepts(task, list(as_two_layers(layers, rows=task.dim, columns=task.dim)))
    growth = task.rates * times[:, None]
    if growth.max() > _OVERFLOW:
        raise RegimeError(
            f"The early form grows as e^(at), but the last time is {growth.max():g} in units of 1/a."
        )
    weights = _early_weights(chain[0], chain[1], growth[..., None])
    size = np.linalg.norm(weights, 2, axis=(-2, -1)).max(axis=-1)
    if size.max(initial=0.0) > _SMALL:
        leave_regime(
            f"The early form needs W to stay below {_SMALL:g}, but its norm reaches {size.max():.3g}.",
            strict=strict,
        )
    stats = {"small_parameter": size, "error_estimate": size**2}
    return closed_form(
        early, task, times, map_from_concepts(task, weights), stats=stats, probes=probes
    )


def _early_weights(below: Array, above: Array, growth: Array) -> Array:
    turned = np.swapaxes(below, -1, -2)
    grown = 0.5 * np.exp(growth) * (above + turned)[..., None, :, :]
    died = 0.5 * np.exp(-growth) * (above - turned)[..., None, :, :]
    return np.asarray((grown + died) @ np.swapaxes(grown - died, -1, -2))


@implements(
    "untied-first-order",
    title="Untied net: first order in the off-diagonals",
    exactness="O(ε²) on the diagonal, ε the largest size of W_ij over √(w_ii w_jj)",
    regime="balanced layers, W nearly diagonal all along (ε ≲ 0.1)",
    source="yang2024",
    where="derived here from the flow",
)
@face
def first_order(
    task: SIMTask,
    layers: Sequence[ArrayLike],
    t: ArrayLike,
    *,
    strict: bool = True,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the trajectory of a balanced untied net to first order in the off-diagonals of W.

    Diagonal entries are isolated modes; the sum and the difference of :math:`W_{ij}` and
    :math:`W_{ji}` obey two coupled linear equations for each pair.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    layers : tuple of array_like
        W₁ of shape (..., h, d) and W₂ of shape (..., d, h), balanced: W₂ᵀW₂ = W₁W₁ᵀ, as in
        (Uᵀ, U). Leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    strict : bool
        Refuse a trajectory that leaves the regime; False gives it with a `RegimeWarning`.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Approximate; `arrays` holds ``small_parameter`` (eps, the largest :math:`|W_{ij}|` over
        :math:`\sqrt{w_{ii}w_{jj}}` on the grid) and ``error_estimate``, its square.

    Raises
    ------
    RegimeError
        If the layers are not balanced, if a diagonal entry of W(0) lies outside (0, 1), or, when
        `strict`, if eps exceeds 0.1.

    Notes
    -----
    As `simtheory.analytic.deep.off_diagonals` at depth 2: integrated to about 1e-9 of the largest
    entry of the pair.
    """
    times = as_times(t)
    chain = on_concepts(task, list(as_two_layers(layers, rows=task.dim, columns=task.dim)))
    weights, stats = balanced_first_order(
        task.rates, chain, times, strict=strict, tolerance=rounding(*layers, double=BALANCED)
    )
    return closed_form(
        first_order, task, times, map_from_concepts(task, weights), stats=stats, probes=probes
    )


_TERMS = 64
"""Terms of both series, in powers of at most one half: 2^-64 is below rounding."""


@face
class Crossing(NamedTuple):
    """A pair of off-diagonal entries while the stronger of their concepts is learned.

    Parameters
    ----------
    entry : ndarray, shape (T,)
        B = W_ij, in the row of the stronger concept i.
    partner : ndarray, shape (T,)
        Its mirror W_ji, in the column.
    """

    entry: Array
    partner: Array


@implements(
    "untied-crossing",
    title="Untied net: one crossing",
    exactness="O(w_jj), and that of the first order",
    regime="balanced layers, W nearly diagonal, the weaker mode still small, distinct rates",
    source="yang2024",
    where="derived here from the first-order form",
)
@face
def crossing(
    rates: ArrayLike, w0: float, t: ArrayLike, *, start: ArrayLike = (1.0, 1.0)
) -> Crossing:
    r"""Return a pair of off-diagonals of a balanced untied net while its weaker mode is still small.

    In :math:`x = w_{ii}` the partner is :math:`\bar B = \sqrt{x(1-x)}\,\mu` and the entry :math:`B
    = \frac{2a_i}{a_j}(x(1-x))^{3/2}\mu_x`, with :math:`\mu` a sum of two solutions
    :math:`x^{\pm\beta}(1-x)^\alpha\,{}_2F_1(\pm\beta+\alpha, \pm\beta+\alpha+\tfrac32-\beta;
    1\pm2\beta; x)`. Late, both die at the rate :math:`\tfrac12[a_i+a_j-\sqrt{(a_i-a_j)^2+4a_j^2}]`.

    Parameters
    ----------
    rates : array_like, shape (2,)
        Rates of the stronger and of the weaker concept.
    w0 : float
        Start of the stronger mode, between 0 and 1.
    t : array_like, shape (T,)
        Canonical times.
    start : array_like, shape (2,)
        Start of the entry and of its partner; the default gives gains.

    Returns
    -------
    Crossing
        Both entries over time.

    Raises
    ------
    RegimeError
        If w0 lies outside [2.3e-308, 1), or the ratio of the rates outside [1e-6, 0.999]: at equal rates
        the two solutions are one.

    Examples
    --------
    >>> gain = crossing((1.0, 0.4), 1e-4, [0.0, 5.0])
    >>> gain.entry.round(2), gain.partner.round(2)
    (array([  1.  , 457.76]), array([  1.  , 366.03]))
    """
    pair, first, times = as_finite("rates", rates), as_finite("start", start), as_times(t)
    if pair.shape != (2,) or first.shape != (2,):
        raise ShapeError(
            f"Arguments `rates` and `start` must have shape (2,), but have {pair.shape} and {first.shape}."
        )
    begin = share("Argument `w0` of a crossing", w0, error=RegimeError)
    if begin < np.finfo(float).tiny:
        raise RegimeError(
            f"Argument `w0` of a crossing must be at least {np.finfo(float).tiny:.3g}, the least float "
            f"of full precision, but it is {begin!r}."
        )
    strong, weak = pair
    if not (strong > 0 and 1e-6 <= weak / strong <= 0.999):
        raise RegimeError(
            "A crossing needs the weaker rate between 1e-6 and 0.999 of the stronger, but the rates are "
            f"{strong:g} and {weak:g}."
        )
    y = special.logit(begin) + 2.0 * strong * np.concatenate([[0.0], times])
    entries, partners = branches(0.5 * weak / strong, special.expit(y), special.expit(-y), begin)
    weights = np.linalg.solve(np.stack([entries[:, 0], partners[:, 0]]), first)
    return Crossing(weights @ entries[:, 1:], weights @ partners[:, 1:])


def branches(beta: float, x: Array, rest: Array, x0: float) -> tuple[Array, Array]:
    """Return the entries B and their partners of both solutions, (2, T), scaled by x0^(∓β)."""
    root = np.hypot(0.5 - beta, 2.0 * beta)
    alpha = 2.0 * beta**2 / (root + 0.5 - beta)
    entries, partners = [], []
    for sign in (1.0, -1.0):
        a, b, c = sign * beta + alpha, sign * beta + alpha + 1.5 - beta, 1.0 + 2.0 * sign * beta
        grown = np.sqrt(x) * (x / x0) ** (sign * beta)
        value = gauss(a, b, c, x, rest, 0.5 + alpha)
        slope = a * b / c * gauss(a + 1.0, b + 1.0, c + 1.0, x, rest, 1.5 + alpha)
        partners.append(grown * value)
        entries.append(grown * (sign * beta * rest * value + x * (slope - alpha * value)) / beta)
    return np.array(entries), np.array(partners)


def gauss(a: float, b: float, c: float, x: Array, rest: Array, power: float) -> Array:
    """Return (1 − x)^power ₂F₁(a, b; c; x) where c − a − b is not an integer."""
    gap = c - a - b
    low, high = np.minimum(x, 0.5), np.minimum(rest, 0.5)
    one = special.gamma(c) * special.gamma(gap) * special.rgamma(c - a) * special.rgamma(c - b)
    two = special.gamma(c) * special.gamma(-gap) * special.rgamma(a) * special.rgamma(b)
    near_one = one * rest**power * _series(a, b, 1.0 - gap, high)
    near_one += two * rest ** (power + gap) * _series(c - a, c - b, 1.0 + gap, high)
    return np.asarray(np.where(x < 0.5, rest**power * _series(a, b, c, low), near_one))


def _series(a: float, b: float, c: float, z: Array) -> Array:
    k = np.arange(_TERMS)
    ratio = (a + k) * (b + k) / ((c + k) * (1.0 + k))
    weight = np.cumprod(np.concatenate([[1.0], ratio[:-1]]))
    return np.asarray(np.sum(weight * z[..., None] ** k, axis=-1))
