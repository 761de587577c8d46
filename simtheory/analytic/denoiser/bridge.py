"""Denoisers as identity nets with weight decay: the two learn along the same path."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_matrix, positive
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic.tied.laws import field
from simtheory.labels import implements
from simtheory.tasks.denoiser import DenoisingTask

__all__ = [
    "Bridge",
    "one_layer_bridge",
    "one_layer_velocity",
    "tied_bridge",
    "tied_velocity",
]


@face
class Bridge(NamedTuple):
    """An identity task with decay that learns exactly as a denoiser does.

    Parameters
    ----------
    second_moment : ndarray, shape (d, d)
        Second moment A of the identity task.
    decay : float
        Weight decay in canonical units: on U for a tied net, on W for one layer.
    """

    second_moment: Array
    decay: float


@implements(
    "dsm-tied-bridge",
    title="A tied denoiser is an identity net with decay",
    regime="any start",
    source="wang2025",
    where="derived here from Stein's form of the loss",
)
@face
def tied_bridge(task: DenoisingTask, *, sigma: float) -> Bridge:
    r"""Return the identity task as which a tied denoiser learns.

    Denoising at level :math:`\sigma` is the identity task with second moment :math:`\Sigma +
    \sigma^2I` and decay :math:`\sigma^2` on U, for any start.

    Parameters
    ----------
    task : DenoisingTask
        The data; a mean counts into the uncentred second moment.
    sigma : float
        Noise level.

    Returns
    -------
    Bridge
        Second moment and decay of the identity task.

    Examples
    --------
    >>> task = DenoisingTask((1.0,), sigma_min=0.002, sigma_max=80.0)
    >>> tied_bridge(task, sigma=0.5)
    Bridge(second_moment=array([[1.25]]), decay=0.25)
    """
    noise = positive("sigma", sigma) ** 2
    return Bridge(task.second_moment + noise * np.eye(task.dim), noise)


@implements(
    "dsm-one-layer-bridge",
    title="A one-layer denoiser is an identity net with decay",
    regime="any start",
    source="wang2025",
    where="derived here from the loss",
)
@face
def one_layer_bridge(task: DenoisingTask, *, sigma: float) -> Bridge:
    r"""Return the identity task as which a one-layer denoiser learns.

    It sees the *clean* data and has decay :math:`\sigma^2` on W.

    Parameters
    ----------
    task : DenoisingTask
        The data; a mean counts into the uncentred second moment.
    sigma : float
        Noise level.

    Returns
    -------
    Bridge
        Second moment and decay of the identity task.
    """
    return Bridge(task.second_moment, positive("sigma", sigma) ** 2)


@face
def tied_velocity(W: ArrayLike, bridge: Bridge) -> Array:
    """Return dW/dt of a tied identity net with decay on U, on the canonical clock.

    Parameters
    ----------
    W : array_like, shape (..., d, d)
        End-to-end map U Uᵀ.
    bridge : Bridge
        Second moment and decay.

    Returns
    -------
    ndarray, shape (..., d, d)
        The tied field of W, less 2 κ W.
    """
    return np.asarray(field(W, bridge.second_moment) - 2.0 * bridge.decay * as_finite("W", W))


@face
def one_layer_velocity(W: ArrayLike, bridge: Bridge) -> Array:
    """Return dW/dt of a one-layer identity net with decay on W, on the canonical clock.

    Parameters
    ----------
    W : array_like, shape (..., d, d)
        End-to-end map.
    bridge : Bridge
        Second moment and decay.

    Returns
    -------
    ndarray, shape (..., d, d)
        (I − W)A − κ W.
    """
    d = bridge.second_moment.shape[-1]
    weights = as_matrix("W", W, rows=d, columns=d)
    return np.asarray((np.eye(d) - weights) @ bridge.second_moment - bridge.decay * weights)
