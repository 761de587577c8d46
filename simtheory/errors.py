"""The errors and warnings of simtheory.

Every message follows one grammar: the name of the argument, the rule that it breaks, the value that
was passed, and, where it helps, a remedy. Public functions check their arguments first, so a traceback
ends at the user's call.
"""

from __future__ import annotations

import functools
from typing import Any

from simtheory._names import public

__all__ = [
    "ArgumentError",
    "FitError",
    "FitWarning",
    "GridWarning",
    "MissingExtraError",
    "MissingFileError",
    "ReadingWarning",
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
    """Base class of all errors of simtheory."""


class ArgumentError(SimTheoryError, ValueError):
    """An argument breaks a rule, other than those on tasks, shapes and regimes."""


class TaskError(SimTheoryError, ValueError):
    """No task has the given parameters."""


class ShapeError(SimTheoryError, ValueError):
    """An array has the wrong shape."""


class RegimeError(SimTheoryError, ValueError):
    """A closed form was called outside the regime in which it holds."""


class FitError(SimTheoryError, ValueError):
    """Data cannot identify the parameters of a model.

    Parameters
    ----------
    message : str
        The parameter, the reason, and data that would identify it.
    parameters : tuple of str
        Names of the parameters that are not identified.
    """

    def __init__(self, message: str, *, parameters: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.parameters = parameters

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(FitError, parameters=self.parameters), self.args


class MissingFileError(ArgumentError, FileNotFoundError):
    """A file that an argument names does not exist."""


class MissingExtraError(SimTheoryError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""


class SolveError(SimTheoryError, RuntimeError):
    """An integration or a training run stopped early.

    Parameters
    ----------
    message : str
        Reason and time of the stop, and a remedy.
    time : float
        Canonical time of the last good state.
    partial : Trajectory, ndarray or None
        The run up to the stop: a trajectory of finite numbers, or an array that holds NaN for the
        times after a member stopped.
    status : ndarray of int or None
        Status of each member of an ensemble: 0 if it reached the end, else a value of `sim.Status`.
    finished : Trajectory or None
        The members that reached the end, along one leading axis.
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
        # An error that cannot be unpickled breaks the process pool that returns it.
        named = {
            "time": self.time,
            "partial": self.partial,
            "status": self.status,
            "finished": self.finished,
        }
        return functools.partial(SolveError, **named), self.args


class SweepError(SimTheoryError, RuntimeError):
    """A sweep stopped early; finished cells are stored, and the same sweep resumes from them."""


class FitWarning(UserWarning):
    """A fit whose residuals show that the model is wrong; the message names the likely cause."""


class RegimeWarning(UserWarning):
    """A closed form was evaluated outside its regime because ``strict=False`` was passed."""


class ReadingWarning(UserWarning):
    """A number was read off a result that does not determine it; the message says why."""


class GridWarning(ReadingWarning):
    """A number was read off times that do not resolve it; the message says where they are too coarse."""


class TrainingWarning(UserWarning):
    """A network was trained, but not as requested; the message names the difference and a remedy."""


public(__name__)
