"""The errors and warnings of simtheory.

Every message follows one grammar: the name of the argument, the rule it breaks, what came, and,
where it helps, what to do. Bad input is answered at the door, so a traceback ends at your call.
"""

from __future__ import annotations

import functools
from typing import Any

__all__ = [
    "ArgumentError",
    "FitError",
    "MissingExtraError",
    "RegimeError",
    "RegimeWarning",
    "ShapeError",
    "SimTheoryError",
    "SolveError",
    "SweepError",
    "TaskError",
    "TrainingWarning",
]


class SimTheoryError(Exception):
    """Base of every error that simtheory raises on purpose."""


class ArgumentError(SimTheoryError, ValueError):
    """An argument breaks a rule that is neither about a task, a shape nor a regime."""


class TaskError(SimTheoryError, ValueError):
    """A task cannot exist as it was described."""


class ShapeError(SimTheoryError, ValueError):
    """An array has the wrong shape."""


class RegimeError(SimTheoryError, ValueError):
    """A closed form was asked for an answer outside the regime where it holds."""


class FitError(SimTheoryError, ValueError):
    """Data cannot identify the parameters of a model.

    Parameters
    ----------
    message : str
        Which parameter, why, and what data would do.
    parameters : tuple of str
        Names of the parameters that are not identified.
    """

    def __init__(self, message: str, *, parameters: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.parameters = parameters

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(FitError, parameters=self.parameters), self.args


class MissingExtraError(SimTheoryError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""


class SolveError(SimTheoryError, RuntimeError):
    """An integration or a training run stopped early.

    Parameters
    ----------
    message : str
        What stopped it, when, and what to try.
    time : float
        Canonical time of the last good state.
    partial : Trajectory, ndarray or None
        What was finished before: a trajectory of finite numbers, or an array that holds NaN from
        where a member stopped.
    status : ndarray of int or None
        Of each member of an ensemble, how it ended; 0 is well. `sim.Status` names the others.
    finished : Trajectory or None
        The members that reached the end, one after the other.
    """

    def __init__(
        self,
        message: str,
        *,
        time: float,
        partial: Any = None,
        status: Any = None,
        finished: Any = None,
    ) -> None:
        super().__init__(message)
        self.time = time
        self.partial = partial
        self.status = status
        self.finished = finished

    def __reduce__(self) -> tuple[Any, ...]:
        # An error that cannot be rebuilt from its pickle takes a whole process pool down.
        named = {
            "time": self.time,
            "partial": self.partial,
            "status": self.status,
            "finished": self.finished,
        }
        return functools.partial(SolveError, **named), self.args


class SweepError(SimTheoryError, RuntimeError):
    """A sweep stopped early; what it finished is kept, and the same sweep goes on from there."""


class RegimeWarning(UserWarning):
    """A closed form was evaluated outside its regime because ``strict=False`` was passed."""


class TrainingWarning(UserWarning):
    """A network is trained, but not all went as asked: the message says what, and what to do."""
