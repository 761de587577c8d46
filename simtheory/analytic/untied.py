r"""The untied two-layer net f(x) = W₂ W₁ x: what is exact, and how it differs from the tied net.

Problem
-------
Gradient flow on :math:`\tfrac12E\|Wx - x\|^2` with :math:`W = W_2W_1` moves two layers,

.. math:: \dot W_1 = W_2^T(I-W)A, \qquad \dot W_2 = (I-W)AW_1^T .

Symbols
-------
W_1, W_2 : layers, (..., h, d) and (..., d, h); W : end-to-end map; A : uncentred second moment; a :
rates; t : canonical time, (T,); lambda : imbalance, :math:`W_2^TW_2 - W_1W_1^T = \lambda I`, which the
flow keeps; m : output dimension and n : input dimension where they differ; omega : squared size of
the layers; rho : ratio of a weaker to the next stronger rate.

Result
------
==================  ==============================================  ================================
function            holds                                            error
==================  ==============================================  ================================
`riccati`           whitened inputs, λ-balanced, any shapes          none
`isotropic`         all rates equal, λ-balanced                      none
`imbalanced_mode`   aligned layers, any rate and λ                   none
`early`             W still small                                    O(W²)
`first_order`       balanced, W nearly diagonal                      O(eps²)
`crossing`          the same, weaker mode still small                O(eps²) + O(w_jj)
`ldr`               any small start                                  O(omega^(1−rho)) + O(√omega)
==================  ==============================================  ================================

Reading
-------
Early on, the untied net is a tied net from the symmetric part :math:`U_0 = \tfrac12(W_2 + W_1^T)` of
its start. It does not stay one, unless W commutes with A: the tied nets are not invariant. What a
learned concept leaves in its row and column outlives that of a tied net, so swings last longer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from simtheory._checks import as_finite, as_times
from simtheory._typing import Array, ArrayLike
from simtheory.analytic import _off_faces as off
from simtheory.analytic import _untied_forms as forms
from simtheory.analytic._axes import leave_regime, map_from_concepts, recorded
from simtheory.analytic._crossing import Crossing, crossing
from simtheory.analytic._layers import as_two_layers, on_concepts, scalar_imbalance
from simtheory.analytic._untied_pivots import ldr
from simtheory.equations import implements
from simtheory.errors import RegimeError, ShapeError
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "Crossing",
    "crossing",
    "early",
    "effective_start",
    "first_order",
    "imbalanced_mode",
    "isotropic",
    "ldr",
    "riccati",
]

_SMALL = 0.1
"""The early form errs by W² relative to one: ten percent of W itself there."""

_OVERFLOW = 300.0
"""Beyond e^300 the early form's products of two layers leave the floating-point numbers."""


@implements("balanced-riccati")
def riccati(
    layers: Sequence[ArrayLike],
    target: ArrayLike,
    t: ArrayLike,
    *,
    imbalance: ArrayLike | None = None,
) -> Array:
    r"""Return the end-to-end map of a λ-balanced two-layer net on whitened inputs.

    The flow is :math:`\dot W_1 = W_2^T(\Sigma-W_2W_1)`, :math:`\dot W_2 = (\Sigma-W_2W_1)W_1^T`. With
    :math:`Q = [W_1^T; W_2]` and :math:`F = [[-\tfrac\lambda2I, \Sigma^T], [\Sigma, \tfrac\lambda2I]]`,
    :math:`QQ^T = \exp(Ft)\,Q_0(I + Q_0^T\varphi Q_0)^{-1}Q_0^T\exp(Ft)` with
    :math:`\varphi = \int_0^t\exp(2Fs)\,ds`, and W is its lower left block. Implements ``balanced-riccati`` (after fukumizu1998, braun2022,
    domine2024; exact for any widths, invertible or not).

    Parameters
    ----------
    layers : tuple of array_like
        W₁ of shape (..., h, n) and W₂ of shape (..., m, h).
    target : array_like, shape (..., m, n)
        Target Σ, the correlation of outputs with whitened inputs.
    t : array_like, shape (T,)
        Canonical times, at unit rate.
    imbalance : array_like, shape (...), optional
        λ of W₂ᵀW₂ − W₁W₁ᵀ = λI. Default: read off the layers.

    Returns
    -------
    ndarray, shape (..., T, m, n)
        W over time.

    Raises
    ------
    RegimeError
        If the layers' imbalance is not λ times the identity; no closed form is known then.

    Notes
    -----
    A positive λ needs h ≤ m, a negative one h ≤ n. A row of Q₀ along an eigenvector of F that is a
    combination of the faster rows, to 14 digits, counts as one.

    Examples
    --------
    >>> riccati(([[0.1]], [[0.1]]), [[2.0]], [0.0, 1.0, 9.0]).ravel().round(4)
    array([0.01  , 0.4306, 2.    ])
    """
    aim = as_finite("target", target)
    if aim.ndim < 2 or not all(aim.shape[-2:]):
        raise ShapeError(
            f"Argument `target` must have shape (..., outputs, inputs), but its shape is {aim.shape}."
        )
    times = as_times(t)
    below, above = as_two_layers(layers, rows=aim.shape[-2], columns=aim.shape[-1])
    level = scalar_imbalance(below, above, imbalance)
    turned = np.swapaxes(below, -1, -2)
    shape = np.broadcast_shapes(turned.shape[:-2], above.shape[:-2])
    Q = np.concatenate(
        [np.broadcast_to(block, (*shape, *block.shape[-2:])) for block in (turned, above)], axis=-2
    )
    return forms.riccati(Q, aim, level, times)


def isotropic(
    task: SIMTask,
    layers: Sequence[ArrayLike],
    t: ArrayLike,
    *,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the exact trajectory of a λ-balanced untied net all of whose rates are equal.

    Equal rates a are whitened inputs on a clock that runs a times as fast: `riccati` with the
    identity as target, at times a t.

    Parameters
    ----------
    task : SIMTask
        What is learned; its rates must be equal in all dimensions.
    layers : tuple of array_like
        W₁ of shape (..., h, d) and W₂ of shape (..., d, h), with W₂ᵀW₂ − W₁W₁ᵀ = λI for some λ.
    t : array_like, shape (T,)
        Canonical times.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact.

    Raises
    ------
    RegimeError
        If the rates differ, or the imbalance is not a multiple of the identity.
    """
    rates, times = task.rates, as_times(t)
    if np.ptp(rates) > 1e-12 * rates.max():
        raise RegimeError(
            "The isotropic form needs equal rates in all dimensions, but they run from "
            f"{rates.min():g} to {rates.max():g}."
        )
    below, above = as_two_layers(layers, rows=task.dim, columns=task.dim)
    rate = float(rates.mean())
    if rate > 0:
        weights = riccati((below, above), np.eye(task.dim), rate * times)
    else:
        weights = np.repeat((above @ below)[..., None, :, :], times.size, axis=-3)
    return Trajectory.from_weights(
        times, weights, task, origin="analytic.untied.isotropic", exact=True, probes=probes
    )


@implements("imbalanced-mode")
def imbalanced_mode(rate: ArrayLike, w0: ArrayLike, t: ArrayLike, *, imbalance: ArrayLike) -> Array:
    r"""Return one mode of aligned layers of unequal size, :math:`\dot w = a(1-w)\sqrt{\lambda^2+4w^2}`.

    With :math:`\tilde m = \sqrt{4+\lambda^2}`, :math:`v_\pm = (2\pm\tilde m)/\lambda`,
    :math:`v_0 = e^{\mathrm{arsinh}(2w_0/\lambda)}` and
    :math:`C = \frac{v_0-v_+}{v_0-v_-}e^{-a\tilde mt}`:
    :math:`w = \tfrac\lambda4(v-1/v)` at :math:`v = (v_+-Cv_-)/(1-C)`. Late, it relaxes at the rate
    :math:`a\tilde m`. Implements ``imbalanced-mode`` (after tarmoun2021; exact).

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a, in units of inverse canonical time (loss ½E‖f−x‖²).
    w0 : array_like, shape (...)
        Start, not negative; broadcasts against `rate`.
    t : array_like, shape (T,)
        Canonical times.
    imbalance : array_like, shape (...)
        λ, the difference of the squares of the second and the first layer's share; its sign does
        not matter, and 0 gives the balanced mode.

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
    >>> imbalanced_mode(1.0, 0.01, [0.0, 2.0], imbalance=0.1).round(6)
    array([0.01    , 0.636895])
    """
    times = as_times(t)
    a, start, level = np.broadcast_arrays(
        as_finite("rate", rate), as_finite("w0", w0), as_finite("imbalance", imbalance)
    )
    for name, value in (("rate", a), ("w0", start)):
        if value.size and value.min() < 0:
            raise RegimeError(
                f"Argument `{name}` of a mode must not be negative, but its smallest entry is {value.min():g}."
            )
    return forms.imbalanced(a[..., None], start[..., None], level[..., None], times)


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


@implements("untied-early")
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
    the rest dies, so the net is soon a tied one from `effective_start`. Implements
    ``untied-early`` (derived from the flow; leading order in W).

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
    return _trajectory(task, times, weights, "early", stats=stats, probes=probes)


def _early_weights(below: Array, above: Array, growth: Array) -> Array:
    turned = np.swapaxes(below, -1, -2)
    grown = 0.5 * np.exp(growth) * (above + turned)[..., None, :, :]
    died = 0.5 * np.exp(-growth) * (above - turned)[..., None, :, :]
    return np.asarray((grown + died) @ np.swapaxes(grown - died, -1, -2))


@implements("untied-first-order")
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
    :math:`W_{ji}` obey two coupled linear equations for each pair. Implements
    ``untied-first-order`` (derived from the flow).

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
    weights, stats = off.first_order(task.rates, chain, times, strict=strict)
    return _trajectory(task, times, weights, "first_order", stats=stats, probes=probes)


def _trajectory(
    task: SIMTask,
    t: Array,
    weights: Array,
    name: str,
    *,
    probes: ArrayLike | None,
    stats: Mapping[str, Array | float] | None = None,
) -> Trajectory:
    return Trajectory.from_weights(
        t,
        map_from_concepts(task, weights),
        task,
        origin=f"analytic.untied.{name}",
        exact=False,
        probes=probes,
        **recorded(stats),
    )
