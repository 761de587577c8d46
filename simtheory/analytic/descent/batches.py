r"""The second moment of the error under SGD on fresh batches: one layer, exactly.

Symbols
-------
E = I − W : error; :math:`V = \mathbb{E}[E^T E]`, (d, d); A : second moment, a its diagonal, the
rates, (d,); h : canonical time of a step; n : batch; :math:`\nu` : standard deviation of the noise
on each of the d labels; p, c : weights and centres of the clusters; :math:`R_k = \Sigma + c_kc_k^T`;
:math:`G_{ij} = \sum_k p_k R_{k,ii} R_{k,jj}`, (d, d).

A step multiplies E by I − hÂ, with Â the second moment of the batch, so V moves linearly and needs
fourth moments of the data, no more. In the concept axes every :math:`R_k` is diagonal: each
off-diagonal entry of V then is a geometric sequence, and the diagonal v obeys
:math:`v \leftarrow Kv + c` with a *symmetric* matrix K, which its eigenvectors solve for any step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import as_matrix, non_negative, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import map_from_concepts, map_on_concepts
from simtheory.analytic._shared.steps import as_steps
from simtheory.analytic.descent.momentum import power
from simtheory.errors import ArgumentError, RegimeError
from simtheory.labels import implements
from simtheory.tasks import SIMTask
from simtheory.units import Clock

__all__ = [
    "SGDMoments",
    "fourth_moment",
    "sgd_moments",
    "stationary",
]


@face
class SGDMoments(NamedTuple):
    """Second moment of the error under SGD, and the loss it means.

    Parameters
    ----------
    t : ndarray, shape (K,)
        Canonical times of the steps.
    moment : ndarray, shape (..., K, d, d)
        E[(I − W)ᵀ(I − W)] over batches, in the axes of the data.
    loss : ndarray, shape (..., K)
        Mean of ½E‖f(x)−x‖² over batches: without the noise of the labels themselves.
    """

    t: Array
    moment: Array
    loss: Array


class _Moments(NamedTuple):
    """Moments of the data in the concept axes."""

    rates: Array
    pairs: Array  # G
    excess: Array  # p_k c_k⁴ at concept k


def _moments(task: SIMTask) -> _Moments:
    if task.squared_rates:
        raise ArgumentError(
            "Argument `task` must have data with its rates, but squared_rates=True changes the rates alone."
        )
    s = task.n_concepts
    clusters = np.tile(task.sigma**2, (task.weights.size, 1))
    clusters[:s, :s] += np.diag(task.mu**2)
    excess = np.zeros(task.dim)
    excess[:s] = task.weights[:s] * task.mu**4
    return _Moments(task.rates, clusters.T @ (task.weights[:, None] * clusters), excess)


@face
def fourth_moment(task: SIMTask, matrix: ArrayLike) -> Array:
    r"""Return E[x xᵀ V x xᵀ] over the data, for a symmetric matrix V.

    :math:`\sum_k p_k\,[2R_kVR_k + R_k\,\mathrm{tr}(VR_k) - 2c_kc_k^TVc_kc_k^T]` over the clusters.

    Parameters
    ----------
    task : SIMTask
        Where the data come from.
    matrix : array_like, shape (..., d, d)
        Symmetric matrix V, in the axes of the data.

    Returns
    -------
    ndarray, shape (..., d, d)
        The moment.

    Examples
    --------
    >>> fourth_moment(SIMTask(mu=(0.0,), sigma=1.0), [[1.0]])
    array([[3.]])
    """
    data = _moments(task)
    V = as_matrix("matrix", matrix, rows=task.dim, columns=task.dim)
    if task.rotation is not None:
        V = np.asarray(task.rotation.T @ V @ task.rotation)
    v = np.diagonal(V, axis1=-2, axis2=-1)
    moment = 2.0 * data.pairs * V
    places = np.arange(task.dim)
    moment[..., places, places] += v @ data.pairs - 2.0 * data.excess * v
    return map_from_concepts(task, moment)


def _contraction(data: _Moments, h: float, n: int) -> Array:
    """Return I − K, shape (d, d); symmetric, and positive definite when SGD is stable."""
    a = data.rates
    own = 2.0 * h * a - h**2 * (1.0 - 1.0 / n) * a**2
    own = own - 2.0 * h**2 / n * (np.diagonal(data.pairs) - data.excess)
    return np.asarray(np.diag(own) - h**2 / n * data.pairs)


def _geometric(u: Array, k: Array) -> Array:
    """Return Σ_{j<k} (1 − u)ʲ, which is k where u = 0."""
    still = u == 0.0
    return np.asarray(np.where(still, k, (1.0 - power(u, k)) / np.where(still, 1.0, u)))


@implements(
    "sgd-moments",
    title="SGD on fresh batches: second moments and the loss in the end",
    regime="one layer, fresh batches; the stationary law: Gaussian data without means, stable steps",
    source="yang2024",
    where="derived here from the loss of section 2.1",
)
@face
def sgd_moments(
    task: SIMTask,
    W0: ArrayLike,
    steps: ArrayLike,
    *,
    lr: float,
    batch: int,
    label_noise: float = 0.0,
    loss: str = "half_sum",
) -> SGDMoments:
    r"""Return the mean loss of one layer under SGD, and the second moment of its error, at any step.

    With fresh batches of n and label noise of variance ν² on each output, V = E[(I−W)ᵀ(I−W)] obeys
    :math:`V \leftarrow V - h(AV+VA) + h^2[(1-\tfrac1n)AVA + \tfrac1n M_4(V)] +
    \tfrac{h^2}n\nu^2dA`.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    W0 : array_like, shape (..., d, d)
        Start, in the axes of the data; leading axes are an ensemble.
    steps : array_like of int, shape (K,)
        Steps at which to look, increasing.
    lr : float
        Learning rate of the optimiser.
    batch : int
        Samples per step, drawn anew each time.
    label_noise : float
        Variance ν² of independent noise on each label.
    loss : {"half_sum", "sum", "mean"}
        What is minimised, see `units`.

    Returns
    -------
    SGDMoments
        Times, second moments and mean losses.

    Raises
    ------
    ShapeError, ArgumentError
        If an argument does not fit, or the task squares its rates.
    RegimeError
        If the moments outgrow float64: at this learning rate SGD is not stable.

    Notes
    -----
    No recursion is run: the cost does not depend on the number of steps.

    Examples
    --------
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.5)
    >>> sgd_moments(task, np.zeros((2, 2)), [0, 10, 100], lr=0.1, batch=4).loss.round(4)
    array([1.5  , 0.092, 0.   ])
    """
    data, k = _moments(task), as_steps(steps)
    clock = Clock(lr, loss, dim=task.dim)
    h, n, noise = clock.step, positive_int("batch", batch), non_negative("label_noise", label_noise)
    error = np.eye(task.dim) - map_on_concepts(task, W0)
    V0 = np.swapaxes(error, -1, -2) @ error
    a = data.rates
    shrink, axes = np.linalg.eigh(_contraction(data, h, n))
    source = axes.T @ (h**2 / n * noise * task.dim * a)
    with np.errstate(over="ignore", invalid="ignore"):
        start = np.diagonal(V0, axis1=-2, axis2=-1) @ axes
        kept = power(shrink, k[:, None])
        diagonal = (start[..., None, :] * kept + source * _geometric(shrink, k[:, None])) @ axes.T
        pair = h * (a[:, None] + a)
        pair = pair - h**2 * ((1.0 - 1.0 / n) * a[:, None] * a + 2.0 / n * data.pairs)
        moment = V0[..., None, :, :] * power(pair, k[:, None, None])
    places = np.arange(task.dim)
    moment[..., places, places] = diagonal
    if not np.isfinite(moment).all():
        raise RegimeError(
            f"The second moments outgrow float64: with lr={lr:g} and batch={n} SGD is not stable. "
            "Lower `lr`."
        )
    return SGDMoments(clock.time(k), map_from_concepts(task, moment), 0.5 * diagonal @ a)


@face
def stationary(
    task: SIMTask, *, lr: float, batch: int, label_noise: float, loss: str = "half_sum"
) -> SGDMoments:
    r"""Return where SGD on noisy labels settles: one layer, in the limit of many steps.

    For Gaussian data without means the loss is :math:`T/2` with
    :math:`T = \tfrac hn d\nu^2 f/(1 - hf/n)` and :math:`f = \sum_i a_i/(2 - ha_i(1 + 1/n))`.

    Parameters
    ----------
    task : SIMTask
        What is learned; every rate must be positive.
    lr : float
        Learning rate of the optimiser.
    batch : int
        Samples per step.
    label_noise : float
        Variance ν² of independent noise on each label.
    loss : {"half_sum", "sum", "mean"}
        What is minimised, see `units`.

    Returns
    -------
    SGDMoments
        One infinite time, the second moment (1, d, d) and the loss (1,).

    Raises
    ------
    RegimeError
        If the moments do not settle: the learning rate is too large for this batch, or a rate is
        zero, along which nothing is forgotten.

    Examples
    --------
    >>> task = SIMTask(mu=(0.0, 0.0, 0.0), sigma=np.sqrt([1.0, 0.5, 0.2]))
    >>> stationary(task, lr=0.1, batch=4, label_noise=0.3).loss.round(7)
    array([0.0102717])
    """
    data, clock = _moments(task), Clock(lr, loss, dim=task.dim)
    h, n, noise = clock.step, positive_int("batch", batch), non_negative("label_noise", label_noise)
    contraction = _contraction(data, h, n)
    # K has no negative entry, so its largest eigenvalue is its spectral radius, here below one.
    if np.linalg.eigvalsh(contraction)[0] <= 0.0:
        raise RegimeError(
            f"SGD does not settle with lr={lr:g}, batch={n} and rates {data.rates}: lower `lr`, or "
            "drop coordinates whose rate is zero."
        )
    v = np.linalg.solve(contraction, h**2 / n * noise * task.dim * data.rates)
    moment = map_from_concepts(task, np.diag(v)[None])
    return SGDMoments(np.array([np.inf]), moment, 0.5 * np.array([v @ data.rates]))
