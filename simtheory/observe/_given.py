"""What an observable needs of the result that it is read off, checked on the face."""

from __future__ import annotations

from typing import Any

from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.results import Curve, Samples, Trajectory
from simtheory.tasks import SIMTask


def trajectory(traj: Any, *, name: str = "traj") -> Trajectory:
    """Return `traj` if it is a trajectory on an identity task, whose outputs are compared with inputs."""
    if not isinstance(traj, Trajectory):
        raise ArgumentError(f"Argument `{name}` must be a Trajectory, but it is {_kind(traj)}.")
    if not isinstance(traj.task, SIMTask):
        raise ArgumentError(
            f"Argument `{name}` must be a trajectory on a SIMTask, but its task is "
            f"{_kind(traj.task)}."
        )
    return traj


def weights(traj: Any) -> Array:
    """Return the end-to-end maps of a trajectory that has them."""
    found = trajectory(traj).weights
    if found is None:
        raise ArgumentError(f"Argument `traj` must have weights, but {traj!r} has none.")
    return found


def curve(found: Any, *, name: str = "curve") -> Curve:
    """Return `found` if it is a curve."""
    if not isinstance(found, Curve):
        raise ArgumentError(f"Argument `{name}` must be a Curve, but it is {_kind(found)}.")
    return found


def samples(found: Any, *, name: str = "samples") -> Samples:
    """Return `found` if it is samples."""
    if not isinstance(found, Samples):
        raise ArgumentError(f"Argument `{name}` must be Samples, but it is {_kind(found)}.")
    return found


def _kind(value: Any) -> str:
    noun = type(value).__name__
    return noun if noun == "Samples" else f"a{'n' if noun[:1] in 'AEIOUaeiou' else ''} {noun}"
