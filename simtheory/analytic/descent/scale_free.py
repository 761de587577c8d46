r"""Optimisers whose step does not depend on the size of the gradient: Adam without ε, and sign descent.

Symbols
-------
w : diagonal entry of W; u : of U in a tied net, w = u²; g : gradient; :math:`\eta` : learning rate;
:math:`\beta_1, \beta_2` : decay of the running means of g and g²; k : steps.

Where the second moment and the start are diagonal the gradient of an entry is its rate times a
function of the entry alone. A step divides by the root mean square of the past gradients, so the
rate drops out, and all concepts are learned at the same time.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite, positive, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import closed_form, weights_on_concepts
from simtheory.analytic._shared.steps import as_steps
from simtheory.errors import RegimeError
from simtheory.labels import implements
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "adam",
    "sign_descent",
]


def _adam(
    start: Array, moving: Array, k: Array, *, lr: float, b1: float, b2: float, tied: bool
) -> Array:
    """Return the entries after k steps, shape (..., K, d): W's, or U's in a tied net."""
    weight = start.copy()
    mean, square = np.zeros_like(weight), np.zeros_like(weight)
    recorded, wanted = [], set(k.tolist())
    for step in range(int(k[-1]) + 1):
        if step > 0:
            slope = (weight**3 - weight if tied else weight - 1.0) * moving
            mean = b1 * mean + (1.0 - b1) * slope
            square = b2 * square + (1.0 - b2) * slope**2
            size = np.sqrt(square / (1.0 - b2**step))
            still = size == 0.0
            move = mean / (1.0 - b1**step) / np.where(still, 1.0, size)
            weight = weight - lr * np.where(still, 0.0, move)
        if step in wanted:
            recorded.append(weight)
    return np.stack(recorded, axis=-2)


@implements(
    "adam-scale-free",
    title="Adam without ε and sign descent do not see the rates",
    regime="full batch, ε = 0, diagonal second moment and start; one layer (and tied nets)",
    source="yang2024",
    where="derived here from the loss of section 2.1",
)
@face
def adam(
    task: SIMTask,
    start: ArrayLike,
    steps: ArrayLike,
    *,
    lr: float,
    b1: float = 0.9,
    b2: float = 0.999,
    tied: bool = False,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the curves of full-batch Adam without ε, which are the same for every concept.

    Rates do not enter: the gradient of an entry is :math:`a_k` times a function of that entry
    alone, and the step :math:`\hat m/\sqrt{\hat v}` does not see the factor.

    Parameters
    ----------
    task : SIMTask
        What is learned. A coordinate of rate zero stays where it is.
    start : array_like, shape (..., d, d)
        W(0) of one layer, or U(0) of a tied net; diagonal. Leading axes are an ensemble.
    steps : array_like of int, shape (K,)
        Steps at which to look, increasing.
    lr : float
        Learning rate η.
    b1, b2 : float
        Decay of the running means of the gradient and of its square, in [0, 1).
    tied : bool
        Whether the net is f = U Uᵀ x.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact. Adam has no canonical clock: its time is η times the step.

    Raises
    ------
    RegimeError
        If the start is not diagonal or the data are rotated: Adam works entry by entry, and only a
        diagonal start in the concept axes stays diagonal.

    Notes
    -----
    With ε > 0 the rates come back for gradients of the size of ε, and with batches through their
    noise. The cost is one pass over all steps.

    Examples
    --------
    >>> slow_and_fast = SIMTask(mu=(0.1, 10.0), sigma=0.0)
    >>> run = adam(slow_and_fast, np.zeros((2, 2)), [0, 10], lr=0.01)
    >>> run.weights[1].diagonal().round(6)
    array([0.09965, 0.09965])
    """
    weights = weights_on_concepts(task, start, name="start")
    diagonal = np.diagonal(weights, axis1=-2, axis2=-1)
    if (
        task.rotation is not None
        or weights.shape[-1] != task.dim
        or np.count_nonzero(weights) > np.count_nonzero(diagonal)
    ):
        raise RegimeError(
            "The rates drop out of Adam for a diagonal start of unrotated data only, but the start "
            f"has shape {weights.shape}, with {np.count_nonzero(weights)} entries that are not zero, "
            f"{np.count_nonzero(diagonal)} of them on the diagonal"
            f"{'' if task.rotation is None else ', and the data are rotated'}."
        )
    k, size = as_steps(steps), positive("lr", lr)
    entries = _adam(
        diagonal,
        (task.rates > 0.0).astype(np.float64),
        k,
        lr=size,
        b1=share("b1", b1, ends="[)"),
        b2=share("b2", b2, ends="[)"),
        tied=tied,
    )
    entries = entries**2 if tied else entries
    return closed_form(
        adam,
        task,
        size * k,
        entries[..., None] * np.eye(task.dim),
        exact=True,
        probes=probes,
        stats={"lr": size, "b1": b1, "b2": b2, "clock": "learning rate times steps"},
    )


@face
def sign_descent(w0: ArrayLike, steps: ArrayLike, *, lr: float) -> Array:
    r"""Return an entry of one layer under sign descent, :math:`w \leftarrow w + \eta\,\mathrm{sign}(1 - w)`.

    It walks to one at the same speed for every rate, and then steps back and forth across it.

    Parameters
    ----------
    w0 : array_like, shape (...)
        Start.
    steps : array_like of int, shape (K,)
        Steps at which to look, increasing.
    lr : float
        Learning rate η.

    Returns
    -------
    ndarray, shape (..., K)
        The entry.

    Examples
    --------
    >>> sign_descent(0.0, [0, 2, 3, 4, 5], lr=0.4).round(4)
    array([0. , 0.8, 1.2, 0.8, 1.2])
    """
    start, k, size = as_finite("w0", w0)[..., None], as_steps(steps), positive("lr", lr)
    missing = np.abs(1.0 - start)
    arrival = np.ceil(missing / size)
    over = missing - arrival * size  # in (−η, 0]
    back = (over < 0.0) & ((k - arrival) % 2 == 1)
    late = over + size * back
    return np.asarray(1.0 - np.sign(1.0 - start) * np.where(k <= arrival, missing - k * size, late))
