"""Experiments: training runs and integrations, each made once for all claims that read it.

An *experiment* is a function of a `Budget` and of plain arguments. `Runs` calls it when the first
claim asks for it and keeps its result for the others, so that a claim only reads and never trains
what another claim has trained already.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from simtheory._checks import one_of
from simtheory._faces import face

__all__ = ["BUDGETS", "Budget", "Experiment", "Runs", "budget_named", "experiment"]

T = TypeVar("T")


@face
@dataclass(frozen=True, slots=True)
class Budget:
    """How much a run of the ledger may spend.

    Parameters
    ----------
    name : str
        ``"quick"``, ``"standard"`` or ``"full"``.
    seeds : int
        Seeds of each trained network.
    starts : int
        Random starts of each integrated ensemble.
    minutes : float
        Wall time after which one claim is stopped.
    device : str
        Where networks train: ``"auto"``, ``"cpu"`` or ``"gpu"``.
    folder : Path, optional
        Where long trainings keep their state, so that an interrupted experiment goes on. Default: nowhere.
    """

    name: str
    seeds: int
    starts: int
    minutes: float
    device: str = "auto"
    folder: Path | None = None

    def store(self, *words: Hashable) -> Path | None:
        """Return the file in which a training of these words keeps its state.

        Parameters
        ----------
        *words
            Plain values that tell it from all other trainings.

        Returns
        -------
        Path or None
            For ``store=`` of the trainers; None if nothing is kept.
        """
        if self.folder is None:
            return None
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / ("-".join(map(str, words)) + ".npz")


_BUDGETS = {
    "quick": Budget("quick", seeds=6, starts=100, minutes=5.0),
    "standard": Budget("standard", seeds=10, starts=100, minutes=5.0),
    "full": Budget("full", seeds=50, starts=1000, minutes=60.0),
}

BUDGETS = tuple(_BUDGETS)
"""Names of the budgets, from the smallest; a claim of one belongs to all that follow it."""


@face
def budget_named(name: str, *, device: str = "auto", folder: Path | None = None) -> Budget:
    """Return the budget of that name.

    Parameters
    ----------
    name : {"quick", "standard", "full"}
        ``quick`` tests the claims that decide, ``standard`` all but the longest, and ``full`` every
        claim with more seeds and starts.
    device : {"auto", "cpu", "gpu"}
        Where networks train.
    folder : Path, optional
        Where long trainings keep their state.

    Returns
    -------
    Budget
        Seeds, starts and time.
    """
    chosen = _BUDGETS[one_of("budget", name, _BUDGETS)]
    return replace(chosen, device=one_of("device", device, ("auto", "cpu", "gpu")), folder=folder)


@face
@dataclass(frozen=True, slots=True)
class Experiment(Generic[T]):
    """A training run or an integration that claims read.

    Parameters
    ----------
    run : callable
        Takes a `Budget` and the arguments, returns the result.
    arguments : tuple
        Plain values that tell experiments of one function apart.
    """

    run: Callable[..., T]
    arguments: tuple[Hashable, ...] = ()

    def of(self, *arguments: Hashable) -> Experiment[T]:
        """Return the experiment with these arguments.

        Parameters
        ----------
        *arguments
            Plain values, passed on after the budget.

        Returns
        -------
        Experiment
            Equal to every other one of the same function and arguments.
        """
        return Experiment(self.run, arguments)

    @property
    def name(self) -> str:
        """Name of the function, with the arguments."""
        words = ", ".join(map(str, self.arguments))
        return self.run.__name__.strip("_") + (f"({words})" if words else "")


@face
def experiment(run: Callable[..., T]) -> Experiment[T]:
    """Make an experiment of a function.

    Parameters
    ----------
    run : callable
        Takes a `Budget`, and maybe plain arguments; returns the result.

    Returns
    -------
    Experiment
        Without arguments; `Experiment.of` adds them.
    """
    return Experiment(run)


@face
class Runs:
    """The experiments that this process has made within one budget.

    Parameters
    ----------
    budget : Budget
        How much each may spend.
    """

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.seconds: dict[Experiment[Any], float] = {}
        self._results: dict[Experiment[Any], Any] = {}

    def result(self, wanted: Experiment[T]) -> T:
        """Return the result of an experiment, made now if no claim has asked for it before.

        Parameters
        ----------
        wanted : Experiment
            The experiment.

        Returns
        -------
        object
            What its function returns.
        """
        if wanted not in self._results:
            start = time.process_time()
            self._results[wanted] = wanted.run(self.budget, *wanted.arguments)
            self.seconds[wanted] = time.process_time() - start
        return self._results[wanted]

    def clear(self) -> None:
        """Forget the results, and keep how long they took."""
        self._results.clear()
