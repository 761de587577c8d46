"""Exact laws of the tied net, for any start: field, determinant, eigenvalues, mirror image, bounds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import (
    as_finite,
    as_matrix,
    as_second_moment,
    as_times,
    not_negative,
)
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import weights_on_concepts
from simtheory.analytic._shared.logistic import logistic
from simtheory.analytic._shared.rows import DEPENDENT
from simtheory.errors import ArgumentError, RegimeError
from simtheory.labels import implements, label_of
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "FieldTerms",
    "decayed_log_det_rate",
    "det_law",
    "diagonal_bound",
    "diagonal_interaction",
    "eigen_logit_rates",
    "eigenvalue_floor",
    "field",
    "field_terms",
    "learnable",
    "log_det_rate",
    "log_det_ratio",
    "logit_field",
    "reflect",
    "sum_rule",
]


@implements(
    "tied-field",
    title="Tied net: the flow of W",
    regime="any second moment, any start",
    source="yang2024",
    where="Section 4.2, Eq. 4.3",
)
@face
def field(W: ArrayLike, A: ArrayLike) -> Array:
    r"""Return the velocity of W in a tied net.

    :math:`V(W) = AW + WA - \tfrac12(AW^2 + W^2A + 2WAW)`: half the speed of literal gradient flow
    in U, which is the canonical clock.

    Parameters
    ----------
    W : array_like, shape (..., d, d)
        End-to-end map.
    A : array_like, shape (..., d, d)
        Uncentred second moment.

    Returns
    -------
    ndarray, shape (..., d, d)
        dW/dt.

    Examples
    --------
    >>> field([[0.5]], [[1.0]])
    array([[0.5]])
    """
    moment = as_second_moment(A, name="A")
    weights = as_matrix("W", W, rows=moment.shape[-1], columns=moment.shape[-1])
    ahead, behind = moment @ weights, weights @ moment
    return np.asarray(
        ahead + behind - 0.5 * (ahead @ weights + weights @ behind) - behind @ weights
    )


@face
class FieldTerms(NamedTuple):
    """The tied field in three parts: V = growth − suppression − interaction.

    Parameters
    ----------
    growth : ndarray, shape (..., d, d)
        Part that raises every entry.
    suppression : ndarray, shape (..., d, d)
        Loss of an entry to the diagonal entries of its own row and column.
    interaction : ndarray, shape (..., d, d)
        Loss of an entry through other concepts.
    """

    growth: Array
    suppression: Array
    interaction: Array


@implements(
    "entry-split",
    title="Growth, suppression and interaction of an entry",
    regime="tied net, diagonal second moment",
    source="yang2024",
    where="Section 4.2, Eq. 4.3",
    subject="yang2024",
)
@face
def field_terms(W: ArrayLike, rates: ArrayLike) -> FieldTerms:
    r"""Return the three forces on each entry of W when the second moment is diagonal.

    Growth :math:`w_{ij}(a_i+a_j)`; suppression by the entry's own diagonal partners,
    :math:`\tfrac12w_{ij}[w_{ii}(3a_i+a_j)+w_{jj}(3a_j+a_i)]` (one bracket term where i = j); and
    the interaction :math:`\tfrac12\sum_{k\ne i,j}w_{ik}w_{kj}(a_i+a_j+2a_k)` through other
    concepts, which the paper calls noise.

    Parameters
    ----------
    W : array_like, shape (..., d, d)
        End-to-end map, symmetric, in the concept axes.
    rates : array_like, shape (d,)
        Rates.

    Returns
    -------
    FieldTerms
        Growth, suppression and interaction.
    """
    a = as_finite("rates", rates)
    weights = as_matrix("W", W, rows=a.size, columns=a.size)
    w = np.diagonal(weights, axis1=-2, axis2=-1)
    a_i, a_j = a[:, None], a
    growth = weights * (a_i + a_j)
    pull = w[..., :, None] * (3.0 * a_i + a_j)
    partners = pull + np.swapaxes(pull, -1, -2) * (1.0 - np.eye(a.size))
    suppression = 0.5 * weights * partners
    # Off-diagonal entries alone, multiplied: the sum over k ∉ {i, j}, in which nothing cancels.
    tied = weights * (1.0 - np.eye(a.size))
    interaction = 0.5 * (a_i + a_j) * (tied @ tied) + (tied * a) @ tied
    return FieldTerms(growth, suppression, interaction)


@face
def log_det_ratio(weights: ArrayLike) -> Array:
    """Return ln det W − ln det(I − W), which grows at a constant speed along every tied flow.

    Parameters
    ----------
    weights : array_like, shape (..., d, d)
        Symmetric maps, strictly between 0 and I.

    Returns
    -------
    ndarray, shape (...)
        The invariant of `det_law`.

    Raises
    ------
    RegimeError
        If a map has an eigenvalue outside (0, 1).

    Notes
    -----
    As 1 − w falls to the rounding of W the second determinant loses its digits: stop near 1e-8.
    """
    return _log_det_ratio("weights", weights)


def _log_det_ratio(name: str, weights: ArrayLike) -> Array:
    """Return the ratio of maps that an argument of that name holds."""
    maps = as_finite(name, weights)
    as_matrix(name, maps, rows=maps.shape[-1] if maps.ndim else 1)
    values = np.linalg.eigvalsh(maps)
    if values.size and (values.min() <= 0.0 or values.max() >= 1.0):
        raise RegimeError(
            "The determinant law needs every eigenvalue of W in (0, 1), but they run from "
            f"{values.min():g} to {values.max():g}."
        )
    return np.asarray(
        np.linalg.slogdet(maps)[1] - np.linalg.slogdet(np.eye(maps.shape[-1]) - maps)[1]
    )


@implements(
    "det-law",
    title="Tied net: the determinant law",
    regime="full-rank start with W(0) < I, any second moment",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def det_law(second_moment: ArrayLike, W0: ArrayLike, t: ArrayLike) -> Array:
    """Return what `log_det_ratio` must be along the exact flow: its start plus 2 t tr A.

    It tests an integrator or a training run at no cost.

    Parameters
    ----------
    second_moment : array_like, shape (d, d)
        Uncentred second moment A.
    W0 : array_like, shape (..., d, d)
        Start, strictly between 0 and I.
    t : array_like, shape (T,)
        Canonical times.

    Returns
    -------
    ndarray, shape (..., T)
        ln det W(t) − ln det(I − W(t)).
    """
    growth = 2.0 * np.trace(as_second_moment(second_moment), axis1=-2, axis2=-1) * as_times(t)
    return np.asarray(_log_det_ratio("W0", W0)[..., None] + growth)


@face
def log_det_rate(weights: ArrayLike, second_moment: ArrayLike) -> Array:
    """Return d/dt ln det W = 2 tr(A(I − W)) along the tied flow; the integrand of the sum rule.

    Parameters
    ----------
    weights : array_like, shape (..., d, d)
        Maps.
    second_moment : array_like, shape (d, d)
        Uncentred second moment A.

    Returns
    -------
    ndarray, shape (...)
        The rate.
    """
    moment = as_second_moment(second_moment)
    missing = np.eye(moment.shape[-1]) - as_finite("weights", weights)
    return np.asarray(2.0 * np.trace(moment @ missing, axis1=-2, axis2=-1))


@face
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


@implements(
    "sum-rule",
    title="Tied net: the sum rule",
    regime="full-rank start, second moment of full rank",
    source="yang2024",
    where="derived here from the determinant law",
)
@face
def sum_rule(W0: ArrayLike) -> Array:
    """Return what `log_det_rate` integrates to over all times: ln 1/det W(0).

    It needs a second moment of full rank: along a coordinate of rate zero W never moves.

    Parameters
    ----------
    W0 : array_like, shape (..., d, d)
        Start of full rank.

    Returns
    -------
    ndarray, shape (...)
        ∫ 2 tr(A(I − W)) dt from 0 to infinity.

    Raises
    ------
    RegimeError
        If the start is singular: it never reaches the identity.
    """
    start = as_finite("W0", W0)
    as_matrix("W0", start, rows=start.shape[-1] if start.ndim else 1)
    sign, log_det = np.linalg.slogdet(start)
    if np.any(sign <= 0):
        raise RegimeError("The sum rule needs a start of full rank, but W(0) is singular.")
    return np.asarray(-log_det)


@implements(
    "eigen-logit-law",
    title="Tied net: the eigen-logit law",
    regime="any second moment, any start",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def eigen_logit_rates(weights: ArrayLike, second_moment: ArrayLike) -> Array:
    r"""Return the speed of the logit of each eigenvalue of W along the tied flow.

    :math:`\frac{d}{dt}\ln\frac{\omega_k}{1-\omega_k} = 2q_k^TAq_k`, with :math:`q_k` the unit
    eigenvector of :math:`\omega_k`. Summed over k it is the determinant law.

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


@implements(
    "involution",
    title="Tied net: learning is reversible",
    regime="any second moment, any start",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def reflect(traj: Trajectory) -> Trajectory:
    r"""Return the mirror image of a tied trajectory, in which W and I − W change places.

    :math:`\tilde W(t) = I - W(t_{end} - t)` solves the flow that W solves, because V(I − W) = V(W).
    So a start with I − W of rank one is as solvable as one with W of rank one.

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
        label=label_of(reflect),
    )


@implements(
    "logit-ode",
    title="Tied net: the flow of the logit matrix",
    regime="any second moment, W < I",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def logit_field(N: ArrayLike, A: ArrayLike) -> Array:
    r"""Return the velocity of the logit matrix N = (I − W)⁻¹ of a tied net.

    :math:`\dot N = AN + NA - A - \tfrac12(NAN^{-1} + N^{-1}AN)`. An integrator of N keeps the
    digits of I − W that one of W loses near the end.

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
    moment = as_second_moment(A, name="A")
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


@face
def diagonal_interaction(weights: ArrayLike, rates: ArrayLike) -> Array:
    r"""Return the rate at which a diagonal entry loses to other concepts: :math:`\sum_{k\ne i}(a_i+a_k)w_{ik}^2`.

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


@implements(
    "diagonal-upper-bound",
    title="Tied net: no entry is earlier than its own mode",
    regime="any start",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def diagonal_bound(task: SIMTask, U0: ArrayLike, t: ArrayLike) -> Array:
    r"""Return the upper bound of each diagonal entry of W: the isolated mode from the same start.

    :math:`\dot w_{ii} = 2a_iw_{ii}(1-w_{ii}) - N_{ii}`, and other concepts only ever take away:
    :math:`N_{ii} = \sum_{k\ne i}(a_i+a_k)w_{ik}^2 \ge 0`.

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
    return logistic(task.rates, np.sum(U**2, axis=-1), as_times(t))


@implements(
    "global-convergence",
    title="Tied net: every start of full rank ends at W = I",
    regime="positive rates, U(0) of full row rank, flow",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def eigenvalue_floor(task: SIMTask, U0: ArrayLike, t: ArrayLike) -> Array:
    r"""Return the lower bound of all eigenvalues of W; for a start of full rank it tends to one.

    At rest :math:`\mathrm{tr}\,A(I-W) = \mathrm{tr}\,A(I-W)^2`, while ln det W grows at twice the
    left side: so nothing comes to rest short of W = I. In numbers, the eigen-logit law moves every
    logit at :math:`2a_{min}` at least, and the smallest eigenvalue stays above the mode of that
    rate.

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
    present = smallest > DEPENDENT * sizes[..., 0]
    # From above one the eigenvalues fall towards it, and one is the floor.
    start = np.minimum(np.where(present, smallest, 0.0) ** 2, 1.0)
    return np.asarray(logistic(task.rates.min(keepdims=True), start[..., None], times)[..., 0])


@face
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
    from scipy.sparse.csgraph import connected_components  # loading it takes a tenth of a second

    rows = U / np.where(size > 0, size, 1.0)
    touching = np.abs(rows @ rows.T) > DEPENDENT
    _, group = connected_components(touching, directed=False)
    learned = np.zeros(rates.size, dtype=bool)
    for g in np.unique(group):
        members = np.flatnonzero(group == g)
        order = members[np.argsort(-rates[members], kind="stable")]
        rank = int(np.linalg.matrix_rank(rows[order], rtol=DEPENDENT))
        strongest_lost = rates[order[rank]] if rank < order.size else 0.0
        kept = order[:rank]
        learned[kept] = rates[kept] > strongest_lost * (1.0 + 1e-12)
    return learned
