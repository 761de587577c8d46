r"""One layer with a trained bias, f(x) = Wx + b: the same flow, one dimension up.

Symbols
-------
W : end-to-end map, (..., d, d); b : bias, (..., d); A : uncentred second moment, (d, d); m : mean
input, (d,); M : augmented moment E[(x, 1)(x, 1)ᵀ], which is A bordered by m with 1 in the corner,
(d+1, d+1); :math:`\ell` : its eigenvalues, the rates; t : canonical time, (T,).

A bias is the weight of an input that is always 1. So [W − I, b] decays as e^{−Mt}, and the rates are
the eigenvalues of M, which interlace those of A: the slowest concept only gets slower.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_matrix, as_times
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError
from simtheory.labels import implements, label_of
from simtheory.results import Arrays, Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "AffineRates",
    "affine",
    "affine_rates",
    "secular",
]

_PRESENT = 1e-14
"""Share of the largest spread. Axes with less are due to rounding and count as empty."""


@face
class AffineRates(NamedTuple):
    """Rates of one layer with a trained bias.

    Parameters
    ----------
    rates : ndarray, shape (d + 1,)
        Eigenvalues of the augmented moment, falling.
    axes : ndarray, shape (d + 1, d + 1)
        Its eigenvectors as columns, in the axes of the data; the last entry is the bias's.
    """

    rates: Array
    axes: Array


@face
def affine_rates(task: SIMTask) -> AffineRates:
    """Return the rates at which one layer with a trained bias learns, and their axes.

    They are the eigenvalues of the augmented moment M = [[A, m], [mᵀ, 1]]. Its eigenvectors are not
    the concept axes.

    Parameters
    ----------
    task : SIMTask
        What is learned.

    Returns
    -------
    AffineRates
        The rates (d + 1,), falling, and their axes (d + 1, d + 1).

    Raises
    ------
    ArgumentError
        If the task squares its rates, for then there is no data that has them.

    Notes
    -----
    M is never formed: its square root stands in the clusters and the spread, and singular values
    of that keep the digits of a slow rate beside a fast one. A rate that is zero but for rounding
    is zero.

    Examples
    --------
    >>> affine_rates(SIMTask(mu=(2.0, 1.2, 0.8), sigma=(0.5, 0.4, 0.3))).rates.round(4)
    array([2.0685, 0.9435, 0.4283, 0.0864])
    """
    if task.squared_rates:
        raise ArgumentError(
            "Argument `task` must have data with its rates, but squared_rates=True changes the rates alone."
        )
    d = task.dim
    root = np.zeros((task.weights.size + d, d + 1))
    clusters, spread = root[: task.weights.size], root[task.weights.size :]
    clusters[:, :d], clusters[:, d] = task.centroids, 1.0
    clusters *= np.sqrt(task.weights)[:, None]
    spread[:, :d] = task.from_concept_axes(np.diag(task.sigma))
    _, sizes, axes = np.linalg.svd(root, full_matrices=False)
    sizes = np.where(sizes > _PRESENT * sizes[0], sizes, 0.0)
    return AffineRates(sizes**2, axes.T)


@face
def secular(task: SIMTask, rate: ArrayLike) -> Array:
    r"""Return the secular function of the augmented moment, whose roots are the affine rates.

    :math:`1 - \ell - \sum_k m_k^2/(a_k - \ell)` along the concepts. Between two neighbouring rates
    of the layer without a bias it has exactly one root.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    rate : array_like, shape (...)
        Where; none of the rates of the task, at which the function has poles.

    Returns
    -------
    ndarray, shape (...)
        Its value.
    """
    place = as_finite("rate", rate)
    mean = task.to_concept_axes(task.mean)
    return np.asarray(1.0 - place - np.sum(mean**2 / (task.rates - place[..., None]), axis=-1))


@implements(
    "one-layer-affine",
    title="One layer with a trained bias",
    regime="any task, any start",
    source="yang2024",
    where="derived here from the loss of section 2.1",
)
@face
def affine(
    task: SIMTask,
    W0: ArrayLike,
    t: ArrayLike,
    *,
    bias: ArrayLike | None = None,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the exact trajectory of one linear layer whose bias is trained, too.

    :math:`[W - I,\; b](t) = [W(0) - I,\; b(0)]\,e^{-Mt}`. The networks of its figures have biases.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    W0 : array_like, shape (..., d, d)
        Start of the map, in the axes of the data; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times (loss ½E‖f−x‖²).
    bias : array_like, shape (..., d), optional
        Start of the bias. Default: zero.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact. It has no weights, because an affine map is no matrix; `arrays` holds the map,
        (..., T, d, d), under ``map`` and the bias, (..., T, d), under ``bias``.

    Raises
    ------
    ShapeError
        If the starts do not fit.
    ArgumentError
        If the task squares its rates.

    Examples
    --------
    >>> run = affine(SIMTask(mu=(1.0, 2.0), sigma=0.5), np.zeros((2, 2)), [0.0, 1.0])
    >>> run.arrays["bias"][1].round(4)
    array([0.2443, 0.2595])
    """
    start, times = as_matrix("W0", W0, rows=task.dim, columns=task.dim), as_times(t)
    offset = np.zeros(task.dim) if bias is None else as_finite("bias", bias)
    if offset.ndim < 1 or offset.shape[-1] != task.dim:
        raise ShapeError(
            f"Argument `bias` must have shape (..., {task.dim}), but its shape is {offset.shape}."
        )
    watched = task.probes if probes is None else as_finite("probes", probes)
    if watched.ndim != 2 or watched.shape[1] != task.dim:
        raise ShapeError(
            f"Argument `probes` must have shape (P, {task.dim}), but its shape is {watched.shape}."
        )
    rates, axes = affine_rates(task)
    ensemble = np.broadcast_shapes(start.shape[:-2], offset.shape[:-1])
    missing = np.empty((*ensemble, task.dim, task.dim + 1))
    missing[..., :-1], missing[..., -1] = start - np.eye(task.dim), offset
    turned = (missing @ axes)[..., None, :, :]
    # What is learned, not what is left, so that nothing is lost at the start.
    learned = -np.expm1(-rates * times[:, None])[:, None, :] * turned @ axes.T
    left = missing[..., None, :, :] - learned
    weights, shift = np.eye(task.dim) + left[..., :-1], left[..., -1]
    outputs = watched @ np.swapaxes(weights, -1, -2) + shift[..., None, :]
    return Trajectory(
        times, watched, outputs, None, task, "analytic.one_layer.affine", True,
        arrays=Arrays(
            {
                "map": ("*ensemble t output coordinate", weights),
                "bias": ("*ensemble t output", shift),
            }
        ),
        label=label_of(affine),
    )  # fmt: skip
