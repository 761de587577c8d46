r"""Exact solutions of the untied two-layer net: whitened inputs, equal rates.

Symbols
-------
W_1, W_2 : layers, (h, n) and (m, h); :math:`Q = [W_1^T; W_2]`, (n+m, h); lambda : imbalance;
Sigma : teacher, (m, n); :math:`F = [[-\lambda/2, \Sigma^T], [\Sigma, \lambda/2]]`; f : eigenvalues
of F; q : rows of Q(0) in the eigenvectors of F.

Every exponential here is taken together with what it is divided by, so no time overflows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, overload

import numpy as np

from simtheory._checks import as_finite, as_times, flag, rounding
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import closed_form
from simtheory.analytic._shared.layers import BALANCED, as_two_layers, scalar_imbalance
from simtheory.analytic._shared.rows import new_direction
from simtheory.errors import RegimeError, ShapeError, SolveError
from simtheory.labels import implements, label_of
from simtheory.results import Trajectory
from simtheory.results.grams import Grams
from simtheory.tasks import LinearTask, SIMTask

__all__ = [
    "Grams",
    "grams",
    "isotropic",
    "riccati",
]


@overload
def riccati(
    init: Sequence[ArrayLike],
    teacher: ArrayLike,
    t: ArrayLike,
    *,
    imbalance: ArrayLike | None = ...,
    layers: Literal[False] = ...,
) -> Array: ...


@overload
def riccati(
    init: Sequence[ArrayLike],
    teacher: ArrayLike,
    t: ArrayLike,
    *,
    imbalance: ArrayLike | None = ...,
    layers: Literal[True],
) -> tuple[Array, Array]: ...


@implements(
    "balanced-riccati",
    title="Untied net: λ-balanced layers on whitened inputs",
    regime="whitened inputs, W₂ᵀW₂ − W₁W₁ᵀ = λI, any teacher and widths",
    source="domine2024",
    where="generalised here to any shapes and ranks; λ = 0 in Braun et al. (2022)",
)
@face
def riccati(
    init: Sequence[ArrayLike],
    teacher: ArrayLike,
    t: ArrayLike,
    *,
    imbalance: ArrayLike | None = None,
    layers: bool = False,
) -> Array | tuple[Array, Array]:
    r"""Return the end-to-end map of a λ-balanced two-layer net on whitened inputs.

    The flow is :math:`\dot W_1 = W_2^T(\Sigma-W_2W_1)`, :math:`\dot W_2 = (\Sigma-W_2W_1)W_1^T`.
    With :math:`Q = [W_1^T; W_2]` and :math:`F = [[-\tfrac\lambda2I, \Sigma^T], [\Sigma,
    \tfrac\lambda2I]]`, :math:`QQ^T = \exp(Ft)\,Q_0(I + Q_0^T\varphi Q_0)^{-1}Q_0^T\exp(Ft)` with
    :math:`\varphi = \int_0^t\exp(2Fs)\,ds`, and W is its lower left block.

    Parameters
    ----------
    init : tuple of array_like
        Where it starts: W₁ of shape (..., h, n) and W₂ of shape (..., m, h).
    teacher : array_like, shape (..., m, n)
        Target Σ, the correlation of outputs with whitened inputs.
    t : array_like, shape (T,)
        Canonical times, at unit rate.
    imbalance : array_like, shape (...), optional
        λ of W₂ᵀW₂ − W₁W₁ᵀ = λI. Default: read off the layers.
    layers : bool
        Whether to return W₁ and W₂ over time, of which W is the product, in place of W.

    Returns
    -------
    ndarray, shape (..., T, m, n), or tuple of ndarray
        W over time; with `layers` W₁ of shape (..., T, h, n) and W₂ of shape (..., T, m, h).

    Raises
    ------
    RegimeError
        If the layers' imbalance is not λ times the identity; no closed form is known then.
    SolveError
        If the turn of the hidden units, which is integrated, could not be.

    Notes
    -----
    :math:`QQ^T` leaves an orthogonal turn of the hidden units open, and no closed form of it is known.
    With `layers` the turn is integrated, :math:`\dot Q = FQ - \tfrac12QQ^TQ`, and the rest is closed: products of the
    layers, and their Gram matrices, are those of the closed form. A positive λ needs h ≤ m, a negative one h ≤ n. A row of Q₀ along an eigenvector of F that is a
    combination of the faster rows, to 14 digits, counts as one.

    Examples
    --------
    >>> riccati(([[0.1]], [[0.1]]), [[2.0]], [0.0, 1.0, 9.0]).ravel().round(4)
    array([0.01  , 0.4306, 2.    ])
    >>> W1, W2 = riccati(([[0.1]], [[0.1]]), [[2.0]], [0.0, 9.0], layers=True)
    >>> W1.ravel().round(4)
    array([0.1   , 1.4142])
    """
    stacked, times = _stacked(init, teacher, imbalance), as_times(t)
    return _layers(*stacked, times) if flag("layers", layers) else _riccati(*stacked, times)


@face
def grams(
    init: Sequence[ArrayLike],
    teacher: ArrayLike,
    t: ArrayLike,
    *,
    imbalance: ArrayLike | None = None,
) -> Grams:
    r"""Return what the layers of a λ-balanced net represent, on whitened inputs.

    All three blocks of the :math:`QQ^T` of `riccati`. At rest with full rank the eigenvalues of
    :math:`W_1^TW_1` and of :math:`W_2W_2^T` are :math:`\tfrac12(\sqrt{\lambda^2+4s^2}\mp\lambda)`, s the singular values of
    the teacher.

    Parameters
    ----------
    init : tuple of array_like
        Where it starts: W₁ of shape (..., h, n) and W₂ of shape (..., m, h).
    teacher : array_like, shape (..., m, n)
        Target Σ, the correlation of outputs with whitened inputs.
    t : array_like, shape (T,)
        Canonical times, at unit rate.
    imbalance : array_like, shape (...), optional
        λ of W₂ᵀW₂ − W₁W₁ᵀ = λI. Default: read off the layers.

    Returns
    -------
    Grams
        W₁ᵀW₁, W and W₂W₂ᵀ over time.

    Raises
    ------
    RegimeError
        If the layers' imbalance is not λ times the identity.

    Examples
    --------
    >>> found = grams(([[0.1]], [[0.1]]), [[2.0]], [0.0, 9.0])
    >>> found.inputs.ravel().round(4)
    array([0.01, 2.  ])
    """
    (Q, aim, level), times = _stacked(init, teacher, imbalance), as_times(t)
    n = aim.shape[-1]
    outer = _root(Q, aim, level, times)
    first, second = outer[..., :n, :], outer[..., n:, :]
    into, out = np.swapaxes(first, -1, -2), np.swapaxes(second, -1, -2)
    return Grams(times, first @ into, second @ into, second @ out)


def _stacked(
    init: Sequence[ArrayLike], teacher: ArrayLike, imbalance: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """Return Q = [W₁ᵀ; W₂], the teacher and the imbalance, checked."""
    aim = as_finite("teacher", teacher)
    if aim.ndim < 2 or not all(aim.shape[-2:]):
        raise ShapeError(
            f"Argument `teacher` must have shape (..., outputs, inputs), but its shape is {aim.shape}."
        )
    below, above = as_two_layers(init, rows=aim.shape[-2], columns=aim.shape[-1], name="init")
    level = scalar_imbalance(below, above, imbalance, tolerance=rounding(*init, double=BALANCED))
    turned = np.swapaxes(below, -1, -2)
    shape = np.broadcast_shapes(turned.shape[:-2], above.shape[:-2])
    Q = np.concatenate(
        [np.broadcast_to(block, (*shape, *block.shape[-2:])) for block in (turned, above)], axis=-2
    )
    return Q, aim, level


@face
def isotropic(
    task: SIMTask | LinearTask,
    init: Sequence[ArrayLike],
    t: ArrayLike,
    *,
    probes: ArrayLike | None = None,
    layers: bool = False,
) -> Trajectory:
    r"""Return the exact trajectory of a λ-balanced untied net all of whose rates are equal.

    Equal rates a are whitened inputs on a clock that runs a times as fast: `riccati` with the
    teacher of the task, the identity of a `SIMTask`, at times a t.

    Parameters
    ----------
    task : SIMTask or LinearTask
        What is learned; its rates must be equal in all dimensions.
    init : tuple of array_like
        Where it starts: W₁ of shape (..., h, d) and W₂ of shape (..., k, h), with W₂ᵀW₂ − W₁W₁ᵀ = λI for
        some λ.
    t : array_like, shape (T,)
        Canonical times.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.
    layers : bool
        Whether to keep the layers too, for `observe.layers`, `observe.grams` and what reads them.

    Returns
    -------
    Trajectory
        Exact. With `layers` its `arrays` hold ``W1`` and ``W2``.

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
    as_two_layers(init, rows=task.n_outputs, columns=task.dim, name="init")
    stacked = _stacked(init, task.teacher, None)
    whitened = float(rates.mean()) * times  # all of them 0 for inputs that are 0
    chain = _layers(*stacked, whitened) if flag("layers", layers) else ()
    return closed_form(
        isotropic,
        task,
        times,
        _riccati(*stacked, whitened),
        exact=True,
        probes=probes,
        stats=dict(zip(("W1", "W2"), chain, strict=False)),
        label=label_of(riccati),
    )


DEPENDENT = 1e-14
"""Share of a row independent of the rows above it, below which the row counts as their combination."""


def _riccati(Q: Array, teacher: Array, imbalance: Array, t: Array) -> Array:
    """Return W of λ-balanced layers on whitened inputs, shape (..., T, m, n)."""
    n = teacher.shape[-1]
    root = _root(Q, teacher, imbalance, t)
    return np.asarray(root[..., n:, :] @ np.swapaxes(root[..., :n, :], -1, -2))


def _layers(Q: Array, teacher: Array, imbalance: Array, t: Array) -> tuple[Array, Array]:
    """Return W₁ and W₂ of λ-balanced layers on whitened inputs, (..., T, h, n) and (..., T, m, h).

    The flow of Q gives the turn of the hidden units; of all roots of the closed Q Qᵀ the one nearest to
    it is taken, so no error of the flow reaches a product of the layers.
    """
    shape = np.broadcast_shapes(Q.shape[:-2], teacher.shape[:-2], imbalance.shape)
    n = teacher.shape[-1]
    Q = np.broadcast_to(Q, (*shape, *Q.shape[-2:]))
    root = np.broadcast_to(
        _root(Q, teacher, imbalance, t), (*shape, t.size, Q.shape[-2], Q.shape[-2])
    )
    F = np.broadcast_to(_generator(teacher, imbalance), (*shape, Q.shape[-2], Q.shape[-2]))
    path = np.empty((*shape, t.size, *Q.shape[-2:]))
    for member in np.ndindex(shape):
        path[member] = _turned(Q[member], F[member], t)
    left, _, right = np.linalg.svd(np.swapaxes(root, -1, -2) @ path, full_matrices=False)
    found = root @ (left @ right)
    return np.swapaxes(found[..., :n, :], -1, -2), found[..., n:, :]


def _turned(Q: Array, F: Array, t: Array) -> Array:
    """Return Q(t) of the flow dQ/dt = F Q − ½ Q Qᵀ Q, shape (T, n + m, h)."""
    from scipy.integrate import solve_ivp  # loading it takes a quarter of a second

    def slope(_: float, state: Array) -> Array:
        q = state.reshape(Q.shape)
        return np.asarray(F @ q - 0.5 * q @ (q.T @ q)).ravel()

    path = np.broadcast_to(Q, (t.size, *Q.shape)).copy()
    later = t > 0
    if later.any() and Q.any():
        tiny = 1e-14 * float(np.abs(Q).max())
        found = solve_ivp(slope, (0.0, t[-1]), Q.ravel(), "LSODA", t[later], rtol=1e-12, atol=tiny)
        if found.status != 0:
            raise SolveError(
                f"The turn of the hidden units stopped: {found.message}", time=found.t[-1]
            )
        path[later] = found.y.T.reshape(-1, *Q.shape)
    return path


def _generator(teacher: Array, imbalance: Array) -> Array:
    """Return F = [[−λ/2, Σᵀ], [Σ, λ/2]]."""
    m, n = teacher.shape[-2:]
    F = np.zeros((*np.broadcast_shapes(teacher.shape[:-2], imbalance.shape), n + m, n + m))
    F[..., n:, :n] = teacher
    F[..., :n, n:] = np.swapaxes(teacher, -1, -2)
    F += 0.5 * imbalance[..., None, None] * np.diag(np.repeat([-1.0, 1.0], [n, m]))
    return F


def _root(Q: Array, teacher: Array, imbalance: Array, t: Array) -> Array:
    """Return a root of Q Qᵀ for λ-balanced layers on whitened inputs, shape (..., T, n + m, n + m).

    Q Qᵀ = e^{Ft} Q₀ (I + Q₀ᵀφQ₀)⁻¹ Q₀ᵀ e^{Ft} with φ = ∫₀ᵗ e^{2Fs} ds. In the eigenvectors of F, rows
    by falling eigenvalue, Q₀ is a lower factor times an orthonormal one, which drops out; each column
    of the factor is scaled by the growth of its pivot, which leaves numbers of order one.
    """
    size = sum(teacher.shape[-2:])
    values, vectors = np.linalg.eigh(_generator(teacher, imbalance))
    f, P = values[..., ::-1], vectors[..., ::-1]
    lower = _lower_factor(np.swapaxes(P, -1, -2) @ Q)[..., None, :, :]
    # Of every exponent the part that grows in time is set apart, so that equal parts cancel exactly.
    rise, rest = np.maximum(f, 0.0), _log_time(f, t)
    pivot = np.abs(np.diagonal(lower, axis1=-2, axis2=-1))
    present = pivot > 0
    log_pivot = np.log(np.where(present, pivot, 1.0))
    steady = 0.5 * np.logaddexp(-2.0 * _over(rise, t), 2.0 * (rest + log_pivot))
    grown = lower * _exp(_between(f, rise, t) - steady[..., None, :], lower)
    spent = lower * _exp(_between(rise, rise, t) + rest[..., :, None] - steady[..., None, :], lower)
    scale = np.where(present, _over(rise, t) + steady, 0.0)
    stacked = np.concatenate([np.exp(-scale)[..., None] * np.eye(size), spent], axis=-2)
    inner = np.linalg.qr(stacked, mode="r")
    half = np.linalg.solve(np.swapaxes(inner, -1, -2), np.swapaxes(grown, -1, -2))
    return np.asarray(P[..., None, :, :] @ np.swapaxes(half, -1, -2))


def _over(f: Array, t: Array) -> Array:
    return np.asarray(f[..., None, :] * t[:, None])


def _between(f: Array, g: Array, t: Array) -> Array:
    """Return (f_i − g_j) t, shape (..., T, k, k)."""
    return np.asarray((f[..., :, None] - g[..., None, :])[..., None, :, :] * t[:, None, None])


def _exp(exponent: Array, lower: Array) -> Array:
    """Return the exponential where the factor has an entry; elsewhere it may be beyond all numbers."""
    return np.exp(np.where(lower == 0, 0.0, exponent))


def _log_time(f: Array, t: Array) -> Array:
    """Return ½ ln ∫₀ᵗ e^{2fs} ds, less f t where f > 0, shape (..., T, k); −∞ at t = 0."""
    x = 2.0 * np.abs(_over(f, t))
    still = x < 1e-300
    share = np.where(still, 1.0, -np.expm1(-x) / np.where(still, 1.0, x))
    with np.errstate(divide="ignore"):
        return np.asarray(0.5 * np.log(share * t[:, None]))


def _lower_factor(rows: Array) -> Array:
    """Return the lower triangular L of rows = L G with orthonormal or zero rows of G, (..., k, k).

    Rows are orthogonalised one by one, twice each, so a small row keeps its accuracy beside large
    ones. A row that depends on those above it has a zero pivot and a zero column.
    """
    k = rows.shape[-2]
    frame, lower = np.zeros_like(rows), np.zeros((*rows.shape[:-1], k))
    for i in range(k):
        frame[..., i, :], size, lower[..., i, :] = new_direction(
            frame, rows[..., i, :], dependent=DEPENDENT
        )
        lower[..., i, i] = size
    return lower
