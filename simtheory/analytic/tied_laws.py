r"""The tied net's exact structure: laws, mirror image, more starts and settings that have a solution.

Problem
-------
:mod:`simtheory.analytic.tied` evaluates W(t). This module holds what is exactly true of the tied flow

.. math:: \dot W = V(W) = AW + WA - \tfrac12\left(AW^2 + W^2A + 2WAW\right)

even where no closed form is known, and the special cases beyond those there that have one.

Symbols
-------
U : weights, (..., d, h); W = U Uᵀ : end-to-end map, (..., d, d); A : uncentred second moment, (d, d);
a : rates, (d,); t : canonical time, (T,); omega, q : eigenpairs of W; N = (I − W)⁻¹ : logit matrix;
B : target of whitened inputs, (d, d); kappa : weight decay of U; eta : canonical time of a step.

Result
------
======================  ===================================================  =====================
function                what                                                 holds
======================  ===================================================  =====================
`eigen_logit_rates`     speed of every eigenvalue's logit                    any A, any start
`reflect`               I − W backwards in time is a flow too                any A, any start
`logit_field`           the flow of N                                        any A, W < I
`plane_laws`            two concepts: determinant, trace, tie                d = 2
`plane_hamiltonian`     two concepts: a driven Hamiltonian system            d = 2, tied
`diagonal_bound`        no entry w_ii is earlier than its own mode           any start
`eigenvalue_floor`      no eigenvalue is later than the slowest mode         any start
`learnable`             which concepts a start can learn                     any start
`projector`             closed form                                          W(0)² = W(0)
`blocks`                closed form                                          equal rates in a block
`whitened_target`       closed form                                          A = aI, symmetric target
`decayed_mode`          closed form with weight decay and target             W(0) commutes with A
`rank_one_decay`        two equations instead of d                           width 1, any A
`modified_time`         a mode under steps of finite size                    O(eta²)
======================  ===================================================  =====================

Reading
-------
Every eigenvalue of W moves up its own logistic curve, at the rate of the direction in which it points
just then. So none comes to rest below one: whatever a start holds, however little, is learned.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite, as_matrix, as_times, not_negative, positive
from simtheory._typing import Array, ArrayLike
from simtheory.analytic import _tied_forms as forms
from simtheory.analytic import _tied_starts as starts
from simtheory.analytic._axes import (
    map_from_concepts,
    weights_on_concepts,
    width_one_on_concepts,
)
from simtheory.analytic._tied_decay import (
    decayed_level,
    decayed_log_det_rate,
    decayed_mode,
    modified_time,
)
from simtheory.analytic._tied_decay import rank_one_decay as _width_one
from simtheory.analytic._tied_plane import (
    PlaneHamiltonian,
    PlaneLaws,
    plane_determinant,
    plane_halfway,
    plane_hamiltonian,
    plane_laws,
)
from simtheory.analytic._tied_structure import (
    diagonal_bound,
    diagonal_interaction,
    eigen_logit_rates,
    eigenvalue_floor,
    learnable,
    logit_field,
    reflect,
)
from simtheory.equations import implements
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "PlaneHamiltonian",
    "PlaneLaws",
    "blocks",
    "decayed_level",
    "decayed_log_det_rate",
    "decayed_mode",
    "diagonal_bound",
    "diagonal_interaction",
    "eigen_logit_rates",
    "eigenvalue_floor",
    "learnable",
    "logit_field",
    "modified_time",
    "plane_determinant",
    "plane_halfway",
    "plane_hamiltonian",
    "plane_laws",
    "projector",
    "rank_one_decay",
    "reflect",
    "whitened_target",
]


@implements("tied-projector")
def projector(
    task: SIMTask, U0: ArrayLike, t: ArrayLike, *, probes: ArrayLike | None = None
) -> Trajectory:
    r"""Return the exact trajectory of a tied net that starts at a projector.

    W stays one and turns towards the strongest concepts:
    :math:`W(t) = X(X^TX)^{-1}X^T` with :math:`X = e^{At/2}U_0`, the flow of Oja's rule. Implements
    ``tied-projector`` (derived from yang2024, Eq. 4.3; exact).

    Parameters
    ----------
    task : SIMTask
        What is learned; any rates.
    U0 : array_like, shape (..., d, h)
        Start with orthonormal columns, h ≤ d; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact. Where a row of U(0) depends on stronger ones but for a share δ, what grows out of δ
        is known to eps/δ.

    Raises
    ------
    RegimeError
        If the columns are not orthonormal to 1e-10.

    Examples
    --------
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.0)
    >>> projector(task, [[0.8], [0.6]], [0.0, 2.0]).weights[1].diagonal().round(4)
    array([0.0813, 0.9187])
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    overlap = np.swapaxes(U, -1, -2) @ U - np.eye(U.shape[-1])
    off = float(np.abs(overlap).max(initial=0.0))
    if off > 1e-10:
        raise RegimeError(
            "The projector's form needs a U(0) with orthonormal columns, so that W(0)² = W(0), but "
            f"UᵀU differs from I by {off:.3g}. Orthonormalise them: numpy.linalg.qr(U0)[0]."
        )
    return _trajectory(task, times, starts.projector(task.rates, U, times), "projector", probes)


@implements("tied-blocks")
def blocks(
    task: SIMTask, U0: ArrayLike, t: ArrayLike, *, probes: ArrayLike | None = None
) -> Trajectory:
    r"""Return the exact trajectory of a start that ties only concepts of equal rates.

    Every block with one rate :math:`a_b` is on its own:
    :math:`W_b(t) = e^{2a_bt}W_b(0)\,(I + (e^{2a_bt}-1)W_b(0))^{-1}`. With blocks of size one these
    are the modes, with one block the isotropic net. Implements ``tied-blocks`` (derived from
    yang2024, Eq. 4.3; exact).

    Parameters
    ----------
    task : SIMTask
        What is learned; concepts of equal rates make a block.
    U0 : array_like, shape (..., d, h)
        Start whose rows are orthogonal where rates differ; leading axes are an ensemble.
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
        If rows of different rates have a cosine above 1e-12; `tied.pivots` takes them as they are.
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    block = starts.equal_rates(task.rates)
    W0 = U @ np.swapaxes(U, -1, -2)
    apart = (block[:, None] != block) | np.eye(task.dim, dtype=bool)
    cosine = float(forms.row_cosine(np.where(apart, W0, 0.0)).max(initial=0.0))
    if cosine > 1e-12:
        raise RegimeError(
            "The form by blocks needs rows of U(0) that are orthogonal where rates differ, but there "
            f"is a cosine of {cosine:.3g}. Use `tied.pivots`."
        )
    return _trajectory(task, times, starts.blocks(task.rates, block, U, times), "blocks", probes)


@implements("tied-whitened-target")
def whitened_target(target: ArrayLike, U0: ArrayLike, t: ArrayLike, *, rate: float = 1.0) -> Array:
    r"""Return the exact map of a tied net that learns any symmetric target on whitened inputs.

    The loss is :math:`\tfrac a2\|UU^T-B\|^2`; with :math:`\Phi = B^{-1}(e^{2aBt}-I)`,
    :math:`W(t) = e^{aBt}W(0)(I+\Phi W(0))^{-1}e^{aBt}`. A start of full rank ends at the positive
    part of B: negative directions of a target cannot be learned. Implements
    ``tied-whitened-target`` (derived from yang2024, Eq. 4.3; exact, singular B included).

    Parameters
    ----------
    target : array_like, shape (d, d)
        Target B, symmetric; it may be indefinite or singular.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    rate : float
        The one rate a: the second moment is aI.

    Returns
    -------
    ndarray, shape (..., T, d, d)
        W over time.

    Raises
    ------
    ArgumentError
        If the target is not symmetric.

    Examples
    --------
    >>> whitened_target([[2.0, 0.0], [0.0, -1.0]], 0.1 * np.eye(2), [9.0])[0].round(6) + 0.0
    array([[2., 0.],
           [0., 0.]])
    """
    B = as_finite("target", target)
    if B.ndim != 2 or B.shape[0] != B.shape[1]:
        raise ShapeError(f"Argument `target` must have shape (d, d), but its shape is {B.shape}.")
    skew = float(np.abs(B - B.T).max(initial=0.0))
    if skew > 1e-10 * float(np.abs(B).max(initial=0.0)):
        raise ArgumentError(
            f"Argument `target` must be symmetric, but it differs from its transpose by {skew:g}."
        )
    U = as_matrix("U0", U0, rows=len(B))
    levels, axes = np.linalg.eigh(0.5 * (B + B.T))
    turned = starts.whitened(positive("rate", rate), levels, axes.T @ U, as_times(t))
    return np.asarray(axes @ turned @ axes.T)


@implements("tied-rank-one-decay")
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
    equations for s and :math:`g = |u|^2` in place of one quadrature:
    :math:`\dot s = 1-g/2`, :math:`\dot g = 2g[\bar a(1-g)-\kappa]`, where
    :math:`\bar a = u^TAu/g`. Implements ``tied-rank-one-decay`` (derived from yang2024, Eq. 4.3).

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
    members = [_width_one(task.rates, each, times, kappa) for each in u.reshape(-1, task.dim)]
    path = np.reshape(members, (*u.shape[:-2], times.size, task.dim))
    weights = path[..., :, None] * path[..., None, :]
    return _trajectory(task, times, weights, "rank_one_decay", probes)


def _trajectory(
    task: SIMTask, t: Array, weights: Array, name: str, probes: ArrayLike | None
) -> Trajectory:
    return Trajectory.from_weights(
        t,
        map_from_concepts(task, weights),
        task,
        origin=f"analytic.tied_laws.{name}",
        exact=True,
        probes=probes,
    )
