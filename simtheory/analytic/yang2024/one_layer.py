"""Statements of the paper about one layer: Theorem 4.1 and the hierarchy of losses of Appendix B."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_times
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import map_on_concepts
from simtheory.errors import ShapeError
from simtheory.labels import implements
from simtheory.tasks import SIMTask

__all__ = [
    "OutputTerms",
    "theorem_4_1",
    "vertex_losses",
]


@face
class OutputTerms(NamedTuple):
    """The output of a one-layer net in two parts: f = growth + noise.

    Parameters
    ----------
    growth : ndarray, shape (..., T, d)
        What is learned, the same from every start.
    noise : ndarray, shape (..., T, d)
        What is left of the start.
    """

    growth: Array
    noise: Array


@implements(
    "theorem-4-1",
    title="Theorem 4.1: growth and noise",
    regime="one layer, any start and input",
    source="yang2024",
    where="Theorem 4.1 and Eq. 4.2, with the sum over all coordinates",
)
@face
def theorem_4_1(
    task: SIMTask, W0: ArrayLike, t: ArrayLike, *, probe: ArrayLike | None = None
) -> OutputTerms:
    r"""Return the output of a one-layer net on one input, as growth and noise.

    :math:`f_k(z) = (1-e^{-a_kt})z_k + \sum_{i=1}^{d} e^{-a_it}w_{ki}(0)z_i`. The first term is zero
    beyond the concepts, where a = 0. The sum runs over all d coordinates; the printed one stops
    at s, which is right only for inputs without components beyond the concepts.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    W0 : array_like, shape (..., d, d)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    probe : array_like, shape (d,), optional
        Input z. Default: the test point ``task.target``.

    Returns
    -------
    OutputTerms
        In the axes of the data; their sum is the output of `one_layer.solution`.

    Examples
    --------
    >>> growth, noise = theorem_4_1(SIMTask(mu=(1.0, 2.0), sigma=0.0), np.eye(2), [0.0, 1.0])
    >>> (growth + noise)[1]
    array([1., 2.])
    """
    start, times = map_on_concepts(task, W0), as_times(t)
    z = as_finite("probe", task.target if probe is None else probe)
    if z.shape != (task.dim,):
        raise ShapeError(
            f"Argument `probe` must have shape ({task.dim},), but its shape is {z.shape}."
        )
    turn = np.eye(task.dim) if task.rotation is None else task.rotation
    z = turn.T @ z
    passed = task.rates * times[:, None]
    growth = -np.expm1(-passed) * z
    noise = (np.exp(-passed) * z) @ np.swapaxes(start, -1, -2)
    growth = np.broadcast_to(growth @ turn.T, noise.shape)
    return OutputTerms(np.array(growth), np.asarray(noise @ turn.T))


@implements(
    "hierarchy-meter",
    title="Losses at the vertices, one layer from zero",
    regime="one layer, zero start; a tied net breaks the order while it swings by",
    source="yang2024",
    where="Appendix B; derived here from Theorem 4.1",
)
@face
def vertex_losses(task: SIMTask, t: ArrayLike) -> Array:
    r"""Return the losses at all vertices of a one-layer net that starts at zero.

    :math:`L_v = \tfrac12\sum_k v_k\mu_k^2e^{-2a_kt}`: the more concepts a vertex holds, the larger
    its loss, at all times. During a swing-by the order fails; `observe.hierarchy_violation` says by
    how much.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    t : array_like, shape (T,)
        Canonical times.

    Returns
    -------
    ndarray, shape (2**s, T)
        Losses ½‖f(x)−x‖², in the order of ``task.vertices()``.

    Examples
    --------
    >>> vertex_losses(SIMTask(mu=(1.0, 2.0), sigma=0.0), [0.0]).ravel()
    array([0. , 2. , 0.5, 2.5])
    """
    times, s = as_times(t), task.n_concepts
    present = np.array(list(product((0.0, 1.0), repeat=s)))
    left = task.mu**2 * np.exp(-2.0 * task.rates[:s] * times[:, None])
    return np.asarray(0.5 * present @ left.T)
