"""Exact structure of the tied flow: its mirror image, eigenvalues, logit matrix, and bounds."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import connected_components

from simtheory._checks import as_finite, as_matrix, as_second_moment, as_times
from simtheory._typing import Array, ArrayLike
from simtheory.analytic import _tied_forms as forms
from simtheory.analytic._axes import weights_on_concepts
from simtheory.equations import implements
from simtheory.errors import ArgumentError, RegimeError
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask


@implements("eigen-logit-law")
def eigen_logit_rates(weights: ArrayLike, second_moment: ArrayLike) -> Array:
    r"""Return the speed of the logit of each eigenvalue of W along the tied flow.

    :math:`\frac{d}{dt}\ln\frac{\omega_k}{1-\omega_k} = 2q_k^TAq_k`, with :math:`q_k` the unit
    eigenvector of :math:`\omega_k`. Implements ``eigen-logit-law`` (derived from yang2024, Eq. 4.3;
    exact). Summed over k it is the determinant law.

    Parameters
    ----------
    weights : array_like, shape (..., d, d)
        Symmetric maps W.
    second_moment : array_like, shape (d, d)
        Uncentred second moment A.

    Returns
    -------
    ndarray, shape (..., d)
        Speeds, eigenvalues in rising order; between twice the smallest and twice the largest rate.

    Notes
    -----
    Where eigenvalues coincide their eigenvectors are not unique, and neither are their speeds; the
    sum of them is.

    Examples
    --------
    >>> eigen_logit_rates([[0.5, 0.1], [0.1, 0.5]], [[1.0, 0.0], [0.0, 3.0]]).round(12)
    array([4., 4.])
    """
    moment = as_second_moment(second_moment)
    W = as_matrix("weights", weights, rows=moment.shape[-1], columns=moment.shape[-1])
    q = np.linalg.eigh(0.5 * (W + np.swapaxes(W, -1, -2)))[1]
    return np.asarray(2.0 * np.sum(q * (moment @ q), axis=-2))


@implements("involution")
def reflect(traj: Trajectory) -> Trajectory:
    r"""Return the mirror image of a tied trajectory: what is known and what is not change places.

    :math:`\tilde W(t) = I - W(t_{end} - t)` solves the flow that W solves, because V(I − W) = V(W).
    So a start with I − W of rank one is as solvable as one with W of rank one. Implements
    ``involution`` (derived from yang2024, Eq. 4.3; exact).

    Parameters
    ----------
    traj : Trajectory
        Of a tied net, with weights.

    Returns
    -------
    Trajectory
        On the times t_end − t. It is as exact as what it mirrors; entries of I − W are known to the
        rounding of W.

    Raises
    ------
    ArgumentError
        If the trajectory has no weights.
    """
    if traj.weights is None:
        raise ArgumentError(f"Argument `traj` must have weights, but {traj!r} has none.")
    return Trajectory.from_weights(
        traj.t[-1] - traj.t[::-1],
        np.eye(traj.task.dim) - traj.weights[..., ::-1, :, :],
        traj.task,
        origin=f"{traj.origin}, reflected",
        exact=traj.exact,
        probes=traj.probes,
    )


@implements("logit-ode")
def logit_field(N: ArrayLike, A: ArrayLike) -> Array:
    r"""Return the velocity of the logit matrix N = (I − W)⁻¹ of a tied net.

    :math:`\dot N = AN + NA - A - \tfrac12(NAN^{-1} + N^{-1}AN)`. Implements ``logit-ode`` (derived
    from yang2024, Eq. 4.3; exact). An integrator of N keeps the digits of I − W that one of W
    loses near the end.

    Parameters
    ----------
    N : array_like, shape (..., d, d)
        Logit matrix, symmetric and invertible; I at W = 0, without bound as W → I.
    A : array_like, shape (..., d, d)
        Uncentred second moment.

    Returns
    -------
    ndarray, shape (..., d, d)
        dN/dt.

    Raises
    ------
    RegimeError
        If N is singular.

    Examples
    --------
    >>> logit_field([[2.0]], [[1.0]])
    array([[2.]])
    """
    moment = as_second_moment(A)
    logit = as_matrix("N", N, rows=moment.shape[-1], columns=moment.shape[-1])
    ahead = moment @ logit
    try:
        turned = np.linalg.solve(logit, ahead)
    except np.linalg.LinAlgError as reason:
        raise RegimeError(
            "The logit matrix N = (I − W)⁻¹ is invertible, but `N` is not."
        ) from reason
    back = np.swapaxes(ahead, -1, -2) - 0.5 * np.swapaxes(turned, -1, -2)
    return np.asarray(ahead + back - moment - 0.5 * turned)


def diagonal_interaction(weights: ArrayLike, rates: ArrayLike) -> Array:
    r"""Return what a diagonal entry loses to other concepts: :math:`\sum_{k\ne i}(a_i+a_k)w_{ik}^2`.

    Parameters
    ----------
    weights : array_like, shape (..., d, d)
        Maps in the concept axes.
    rates : array_like, shape (d,)
        Rates.

    Returns
    -------
    ndarray, shape (..., d)
        Never negative: the diagonal of `tied.field_terms`' interaction, without its cancellation.
    """
    a = as_finite("rates", rates)
    W = as_matrix("weights", weights, rows=a.size, columns=a.size)
    others = (a[:, None] + a) * (1.0 - np.eye(a.size))
    return np.asarray(np.sum(others * W**2, axis=-1))


@implements("diagonal-upper-bound")
def diagonal_bound(task: SIMTask, U0: ArrayLike, t: ArrayLike) -> Array:
    r"""Return what no diagonal entry of W ever exceeds: the isolated mode from the same start.

    :math:`\dot w_{ii} = 2a_iw_{ii}(1-w_{ii}) - N_{ii}`, and other concepts only ever take away:
    :math:`N_{ii} = \sum_{k\ne i}(a_i+a_k)w_{ik}^2 \ge 0`. Implements ``diagonal-upper-bound``
    (derived from yang2024, Eq. 4.3; an exact inequality).

    Parameters
    ----------
    task : SIMTask
        What is learned.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.

    Returns
    -------
    ndarray, shape (..., T, d)
        The bound on each diagonal entry in the concept axes. A half-time read off it is never late.
    """
    U = weights_on_concepts(task, U0)
    return forms.logistic(task.rates, np.sum(U**2, axis=-1), as_times(t))


@implements("global-convergence")
def eigenvalue_floor(task: SIMTask, U0: ArrayLike, t: ArrayLike) -> Array:
    r"""Return what no eigenvalue of W ever falls below: why every start of full rank ends at W = I.

    At rest :math:`\mathrm{tr}\,A(I-W) = \mathrm{tr}\,A(I-W)^2`, while ln det W grows at twice the
    left side: so nothing comes to rest short of W = I. In numbers, the eigen-logit law moves every
    logit at :math:`2a_{min}` at least, and the smallest eigenvalue stays above the mode of that
    rate. Implements ``global-convergence`` (derived from yang2024, Eq. 4.3; an exact inequality).

    Parameters
    ----------
    task : SIMTask
        What is learned.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.

    Returns
    -------
    ndarray, shape (..., T)
        The bound; it tends to one unless U(0) lacks full row rank or a rate is zero.
    """
    U, times = weights_on_concepts(task, U0), as_times(t)
    d, h = U.shape[-2:]
    sizes = np.linalg.svd(U, compute_uv=False)
    smallest = sizes[..., -1] if h >= d else np.zeros(U.shape[:-2])
    present = smallest > forms.DEPENDENT * sizes[..., 0]
    # From above one the eigenvalues fall towards it, and one is the floor.
    start = np.minimum(np.where(present, smallest, 0.0) ** 2, 1.0)
    return np.asarray(
        forms.logistic(task.rates.min(keepdims=True), start[..., None], times)[..., 0]
    )


def learnable(task: SIMTask, U0: ArrayLike) -> Array:
    """Return which concepts the flow from a start learns whole, w_kk → 1.

    All of them from a start of full row rank. The flow keeps the rank of W, and it keeps apart
    groups of concepts whose rows are orthogonal to all rows of other groups. In a group of rank r
    the r strongest concepts are learned, and the others are lost.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.

    Returns
    -------
    ndarray of bool, shape (..., s)
        Whether each concept is learned. Among equal rates where the rank runs out only a mixture
        is: all of them count as lost.

    Notes
    -----
    For deficient rank this is what happens from all but a null set of starts: every other limit is
    unstable. A zero pivot (`tied.logit_pivots`) says the same when the lost concepts are the
    weakest. It does not when a strong row depends on still stronger ones by chance: the flow breaks
    that tie at the next order, and the strong concept comes late but displaces a weaker one.

    Examples
    --------
    >>> learnable(SIMTask(mu=(1.0, 3.0, 2.0), sigma=0.0), [[0.1], [0.1], [0.1]])
    array([False,  True, False])
    """
    U = weights_on_concepts(task, U0)
    found = [_learned(task.rates, u) for u in U.reshape(-1, *U.shape[-2:])]
    return np.reshape(found, (*U.shape[:-2], task.dim))[..., : task.n_concepts]


def _learned(rates: Array, U: Array) -> Array:
    size = np.linalg.norm(U, axis=1, keepdims=True)
    rows = U / np.where(size > 0, size, 1.0)
    touching = np.abs(rows @ rows.T) > forms.DEPENDENT
    _, group = connected_components(touching, directed=False)
    learned = np.zeros(rates.size, dtype=bool)
    for g in np.unique(group):
        members = np.flatnonzero(group == g)
        order = members[np.argsort(-rates[members], kind="stable")]
        rank = int(np.linalg.matrix_rank(rows[order], rtol=forms.DEPENDENT))
        strongest_lost = rates[order[rank]] if rank < order.size else 0.0
        kept = order[:rank]
        learned[kept] = rates[kept] > strongest_lost * (1.0 + 1e-12)
    return learned
