r"""One layer with any teacher, any second moment and weight decay.

Symbols
-------
W : map from d inputs to q outputs, (..., q, d); A : uncentred second moment, (d, d); C : cross
moment E[y xᵀ] of teacher and input, (q, d); gamma : weight decay, the loss being
:math:`\tfrac12E\|Wx-y\|^2 + \tfrac\gamma2\|W\|^2`; t : canonical time, (T,).

The flow :math:`\dot W = C - W(A + \gamma)` is solved along the eigenvectors of A, each coordinate by
:math:`\varphi_1(a, t) = (1 - e^{-at})/a`, which is t where a = 0: no inverse is taken.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_matrix, as_second_moment, as_times, non_negative
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import closed_form, map_from_concepts, map_on_concepts
from simtheory.errors import ShapeError
from simtheory.labels import implements, label_of
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "decayed",
    "general",
]


def _along(rates: Array, start: Array, teacher: Array, t: Array) -> Array:
    """Return W in the eigenbasis of A, shape (..., T, q, d); `rates` include the decay."""
    x = rates * t[:, None]
    grown = (t[:, None] * special.exprel(-x))[:, None, :]
    return np.asarray(start[..., None, :, :] * np.exp(-x)[:, None, :] + teacher * grown)


@implements(
    "one-layer-general",
    title="One layer: any teacher, with weight decay",
    regime="any teacher, any second moment (also a singular one), any start",
    source="yang2024",
    where="derived here as Theorem 4.1",
)
@face
def general(
    second_moment: ArrayLike,
    cross_moment: ArrayLike,
    W0: ArrayLike,
    t: ArrayLike,
    *,
    decay: float = 0.0,
) -> Array:
    r"""Return the map of one linear layer that learns any teacher, with or without weight decay.

    :math:`W(t) = W(0)e^{-Bt} + C B^{-1}(1 - e^{-Bt})` with :math:`B = A + \gamma`, also where B is
    singular.

    Parameters
    ----------
    second_moment : array_like, shape (d, d)
        Uncentred second moment A of the inputs, dense or singular as it may be.
    cross_moment : array_like, shape (q, d)
        Moment C = E[y xᵀ] of teacher and input; A itself for the identity.
    W0 : array_like, shape (..., q, d)
        Start; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times (loss ½E‖f−y‖²).
    decay : float
        Weight decay γ, not negative: ½γ‖W‖² is added to the loss.

    Returns
    -------
    ndarray, shape (..., T, q, d)
        The map over time.

    Raises
    ------
    ShapeError
        If shapes do not fit.
    ArgumentError
        If the second moment is not symmetric and positive semidefinite, or the decay negative.

    Notes
    -----
    Eigenvalues of a dense A are known to eps‖A‖; those that rounding made negative count as zero.

    Examples
    --------
    >>> general([[1.0]], [[3.0]], [[0.0]], [0.0, 1.0])[:, 0, 0].round(4)
    array([0.    , 1.8964])
    """
    moment = as_second_moment(second_moment)
    if moment.ndim != 2:
        raise ShapeError(
            f"Argument `second_moment` must have shape (d, d), but its shape is {moment.shape}."
        )
    teacher = as_matrix("cross_moment", cross_moment, rows=_rows(cross_moment), columns=len(moment))
    start = as_matrix("W0", W0, rows=len(teacher), columns=len(moment))
    shrink, times = non_negative("decay", decay), as_times(t)
    if np.count_nonzero(moment - np.diag(np.diagonal(moment))):
        values, axes = np.linalg.eigh(moment)
    else:  # a diagonal moment keeps every digit of its rates
        values, axes = np.diagonal(moment), np.eye(len(moment))
    rates = np.maximum(values, 0.0) + shrink
    return np.asarray(_along(rates, start @ axes, teacher @ axes, times) @ axes.T)


def _rows(matrix: ArrayLike) -> int:
    shape = np.shape(matrix)
    return shape[-2] if len(shape) == 2 else 1


@face
def decayed(
    task: SIMTask,
    W0: ArrayLike,
    t: ArrayLike,
    *,
    decay: float,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the exact trajectory of one linear layer with weight decay.

    Concept k is learned at the rate :math:`a_k + \gamma`, but only up to
    :math:`a_k/(a_k + \gamma)`: decay takes weak concepts away first.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    W0 : array_like, shape (..., d, d)
        Start, in the axes of the data; leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times (loss ½E‖f−x‖²).
    decay : float
        Weight decay γ, not negative: ½γ‖W‖² is added to the loss.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact; with ``decay=0`` it is `solution`.

    Examples
    --------
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.0)
    >>> decayed(task, np.zeros((2, 2)), [0.0, 50.0], decay=0.5).weights[1].round(4)
    array([[0.5, 0. ],
           [0. , 0.8]])
    """
    start, times, shrink = map_on_concepts(task, W0), as_times(t), non_negative("decay", decay)
    along = _along(task.rates + shrink, start, np.diag(task.rates), times)
    return closed_form(
        decayed,
        task,
        times,
        map_from_concepts(task, along),
        exact=True,
        probes=probes,
        stats={"decay": shrink},
        label=label_of(general),
    )
