"""Between the axes of the data and the concept axes, in which the second moment is diagonal.

Every flow is covariant under rotations: if W(t) solves it for A, then R W(t) Rᵀ solves it for R A Rᵀ.
So the closed forms are written for diagonal A and carried over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from simtheory._checks import as_finite, as_matrix, warn_caller
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, RegimeError, RegimeWarning, ShapeError
from simtheory.labels import label_of
from simtheory.results import Trajectory
from simtheory.tasks import LinearTask, SIMTask


def require_coordinates(task: SIMTask, **places: int) -> None:
    """Refuse arguments that are no coordinates of the task."""
    for name, index in places.items():
        if not 0 <= index < task.dim:
            raise ArgumentError(
                f"Argument `{name}` must be a coordinate from 0 to {task.dim - 1}, but it is {index!r}."
            )


def weights_on_concepts(task: SIMTask, U0: ArrayLike, *, name: str = "U0") -> Array:
    """Return checked weights of shape (..., d, h), their rows along the concepts."""
    weights = as_matrix(name, U0, rows=task.dim)
    return weights if task.rotation is None else np.asarray(task.rotation.T @ weights)


def width_one_on_concepts(task: SIMTask, u0: ArrayLike) -> Array:
    """Return a checked start of width one, given as (..., d) or (..., d, 1), as (..., d, 1)."""
    start = as_finite("u0", u0)
    if start.ndim and start.shape[-1] == task.dim and start.shape[-2:] != (1, 1):
        start = start[..., None]
    u = weights_on_concepts(task, start, name="u0")
    if u.shape[-1] != 1:
        raise ShapeError(
            f"Argument `u0` must have shape (..., {task.dim}) or (..., {task.dim}, 1), "
            f"but its shape is {np.shape(u0)}."
        )
    return u


def map_on_concepts(task: SIMTask, W0: ArrayLike) -> Array:
    """Return a checked end-to-end map of shape (..., d, d), expressed in the concept axes."""
    whole = as_matrix("W0", W0, rows=task.dim, columns=task.dim)
    return whole if task.rotation is None else np.asarray(task.rotation.T @ whole @ task.rotation)


def map_from_concepts(task: SIMTask, weights: Array) -> Array:
    """Return an end-to-end map, given in the concept axes, in the axes of the data."""
    if task.rotation is None:
        return weights
    return np.asarray(task.rotation @ weights @ task.rotation.T)


def leave_regime(message: str, *, strict: bool) -> None:
    """Refuse a request outside a form's regime, or warn when the caller asked for it all the same."""
    if strict:
        raise RegimeError(f"{message} Pass strict=False to evaluate it all the same.")
    warn_caller(message, RegimeWarning)


_MEASURED = {
    "small_parameter": "*ensemble",
    "error_estimate": "*ensemble",
    "ends_at": "coordinate",
    "U": "*ensemble t coordinate hidden_1",
    "W1": "*ensemble t hidden_1 coordinate",
    "W2": "*ensemble t output hidden_1",
}
"""Axes of the arrays that a form reports beside W; all other entries are plain facts."""


def closed_form(
    form: Callable[..., Trajectory],
    task: SIMTask | LinearTask,
    t: Array,
    weights: Array,
    *,
    exact: bool = False,
    probes: ArrayLike | None = None,
    stats: Mapping[str, Any] | None = None,
    label: str | None = None,
) -> Trajectory:
    """Return the trajectory that `form` gives, with its name; maps in the axes of the data.

    `label` names the result that `form` evaluates if it wears no card itself.
    """
    said = stats or {}
    subject = form.__module__.removeprefix("simtheory.").split(".")[1]
    return Trajectory.from_weights(
        t,
        weights,
        task,
        origin=f"analytic.{subject}.{form.__name__}",
        exact=exact,
        probes=probes,
        arrays={name: (_MEASURED[name], said[name]) for name in said if name in _MEASURED},
        stats={name: value for name, value in said.items() if name not in _MEASURED},
        label=label or label_of(form),
    )
