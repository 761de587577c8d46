"""Curves over time: losses, outputs along the concepts, the edge of the positive cone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simtheory._checks import as_finite
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError, ShapeError
from simtheory.observe import _given, arrays
from simtheory.results import Trajectory
from simtheory.tasks import LinearTask
from simtheory.tasks.identity import vertex_of

__all__ = ["concept_outputs", "hierarchy_violation", "loss", "min_eigenvalue", "train_loss"]


@face
def loss(traj: Trajectory, *, vertex: Sequence[float] | None = None) -> Array:
    """Return the loss ½‖f(x) − x‖² at the target or another vertex.

    Parameters
    ----------
    traj : Trajectory
        Any road's.
    vertex : sequence of {0, 1}, length s, optional
        Which concepts the test point holds. Default: all, the target.

    Returns
    -------
    ndarray, shape (..., T)
        The loss: with the ½, summed over coordinates.

    Examples
    --------
    >>> from simtheory.tasks import SIMTask
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.1)
    >>> still = Trajectory.from_weights([0, 1], np.zeros((2, 2, 2)), task, origin="sim", exact=True)
    >>> loss(still)
    array([2.5, 2.5])
    """
    point = _test_point(_given.trajectory(traj), vertex)
    return arrays.losses(traj.output(point), point)


@face
def train_loss(traj: Trajectory) -> Array:
    """Return the loss ½E‖f(x) − y‖² over the inputs of the task; y = x, or B x of a `LinearTask`.

    A linear network's is computed from its weights over the population. Any other's is the one
    that its training recorded as ``arrays["train_loss"]``.

    Parameters
    ----------
    traj : Trajectory
        With weights, or from a training that recorded its loss.

    Returns
    -------
    ndarray, shape (..., T)
        The loss: with the ½, summed over coordinates, mean over inputs.

    Raises
    ------
    ArgumentError
        If the trajectory has neither weights nor a recorded loss.

    Notes
    -----
    The mean runs over the inputs that ``task.sample`` draws, also for a task with
    ``squared_rates``: such a flow descends another function, ½ tr (W−I)A²(W−I)ᵀ, but that is not
    a loss on any data of the task.
    """
    if _given.taught(traj).weights is not None:
        task = traj.task
        if isinstance(task, LinearTask):
            moment, teacher = task.second_moment, task.teacher
            return arrays.population_losses(_given.weights(traj), moment, teacher)
        moment = replace(task, squared_rates=False).second_moment
        return arrays.population_losses(_given.weights(traj), moment)
    if "train_loss" not in traj.arrays:
        raise ArgumentError(
            "Argument `traj` must have weights or a recorded training loss, but it is "
            f'{traj!r} and its arrays are {sorted(traj.arrays)}. Record arrays["train_loss"].'
        )
    if traj.arrays.axes("train_loss") != ("*ensemble", "t"):
        raise ShapeError(
            'Entry `arrays["train_loss"]` must run over the axes *ensemble and t, but it runs over '
            f"{' '.join(traj.arrays.axes('train_loss'))}."
        )
    return as_finite("train_loss", traj.arrays["train_loss"])


@face
def concept_outputs(traj: Trajectory, *, vertex: Sequence[float] | None = None) -> Array:
    """Return the output at a vertex, coordinate by coordinate along the concepts.

    Parameters
    ----------
    traj : Trajectory
        Any road's.
    vertex : sequence of {0, 1}, length s, optional
        Which concepts the test point holds. Default: all, the target.

    Returns
    -------
    ndarray, shape (..., T, s)
        Component of the output along each concept, in the units of ``task.mu``: at the target a
        network that has learned concept k has the component ``task.mu[k]``.
    """
    point = _test_point(_given.trajectory(traj), vertex)
    turned = np.asarray(traj.task.to_concept_axes(traj.output(point)))
    return turned[..., : traj.task.n_concepts]


@face
def hierarchy_violation(traj: Trajectory) -> Array:
    """Return by how much the loss at a vertex exceeds that at one which holds more concepts.

    Zero while the losses are ordered as the vertices are, as one layer from zero keeps them; a tied
    net breaks the order while it swings by.

    Parameters
    ----------
    traj : Trajectory
        Any road's; without weights, all vertices must be among its probes.

    Returns
    -------
    ndarray, shape (..., T)
        max over pairs u ≤ v of vertices of loss(u) − loss(v), or 0.

    Raises
    ------
    TaskError
        If the task has more than 16 concepts, whose vertices are too many.
    """
    task = _given.trajectory(traj).task
    losses = np.stack([arrays.losses(traj.output(x), x) for x in task.vertices()])
    axes = losses.shape[1:]
    highest = losses.reshape(*[2] * task.n_concepts, *axes)
    for concept in range(task.n_concepts):  # the highest loss of all vertices below each
        highest = np.maximum.accumulate(highest, axis=concept)
    return np.asarray((highest.reshape(-1, *axes) - losses).max(axis=0))


@face
def min_eigenvalue(traj: Trajectory) -> Array:
    """Return the smallest eigenvalue of the symmetric part of W over time.

    A tied network has W = U Uᵀ, which is positive semidefinite: a negative value shows that an
    integrator stepped W itself, and too far.

    Parameters
    ----------
    traj : Trajectory
        With weights.

    Returns
    -------
    ndarray, shape (..., T)
        The eigenvalue.

    Raises
    ------
    ArgumentError
        If the trajectory has no weights.
    """
    symmetric = arrays.symmetric(_given.weights(traj))
    return np.asarray(np.linalg.eigvalsh(symmetric)[..., 0], dtype=np.float64)


def _test_point(traj: Trajectory, vertex: Sequence[float] | None) -> Array:
    return np.asarray(
        traj.task.target if vertex is None else vertex_of(traj.task, vertex, name="vertex")
    )
