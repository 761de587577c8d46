"""What an observable needs of the result that it is read off, checked on the face."""

from __future__ import annotations

from typing import Any

from simtheory._checks import of_kind
from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.results import Trajectory
from simtheory.tasks import LinearTask, SIMTask


def trajectory(traj: Any, *, name: str = "traj") -> Trajectory:
    """Return `traj` if it is a trajectory on an identity task, whose outputs are compared with inputs."""
    found = of_kind(name, traj, Trajectory)
    of_kind(f"{name}.task", found.task, SIMTask)
    return found


def taught(traj: Any) -> Trajectory:
    """Return `traj` if it is a trajectory on a task with a teacher, which may be the identity."""
    found = of_kind("traj", traj, Trajectory)
    return found if isinstance(found.task, LinearTask) else trajectory(found)


def weights(traj: Any) -> Array:
    """Return the end-to-end maps of a trajectory that has them."""
    found = taught(traj).weights
    if found is None:
        raise ArgumentError(f"Argument `traj` must have weights, but {traj!r} has none.")
    return found
