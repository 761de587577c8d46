"""What a family of cells says of itself: its tables, what is read off, and how cells are computed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import SimTheoryError

__all__ = [
    "Cell",
    "Failure",
    "Family",
    "Field",
    "Observable",
    "Outcome",
    "Variable",
    "attempt",
]

Made = TypeVar("Made")


@face
@dataclass(frozen=True)
class Cell:
    """One cell of a sweep, as a function of your own gets it.

    Parameters
    ----------
    number : int
        Its place in the grid without the seeds, the last axis running fastest.
    values : mapping
        The value of each axis; ``cell["ratio"]`` is short for ``cell.values["ratio"]``.
    seed : int
        Which of the runs of the cell this is.
    entropy : int
        The entropy of the sweep.
    """

    number: int
    values: Mapping[str, Any]
    seed: int = 0
    entropy: int = 0

    def __getitem__(self, axis: str) -> Any:
        return self.values[axis]

    @cached_property
    def rng(self) -> np.random.Generator:
        """Generator of this run alone, the same in every process and order of computation."""
        sequence = np.random.SeedSequence(self.entropy, spawn_key=(self.number, self.seed))
        return np.random.default_rng(sequence)


@face
@dataclass(frozen=True, slots=True)
class Field:
    """A key of a table of a spec.

    Parameters
    ----------
    default : number or str, optional
        Its value where the spec gives none; without a default the key is then absent.
    needed : bool
        Whether a spec must give it.
    words : tuple of str
        The words that it takes, itself or as the values of an axis that it names. The text of a key
        without words is arithmetic of the axes.
    flag : bool
        Whether it is true or false, itself or as the values of an axis that it names.
    fixed : callable, optional
        For a number that is one for the whole sweep: its check, called with the key and the value.
    """

    default: Any = None
    needed: bool = False
    words: tuple[str, ...] = ()
    flag: bool = False
    fixed: Callable[[str, Any], Any] | None = None


@face
@dataclass(frozen=True, slots=True)
class Variable:
    """What a store says of a variable.

    Parameters
    ----------
    meaning : str
        What it is; ``{table.key}`` stands for a number of the spec.
    core : tuple of str
        Names of its axes beyond those of the cells.
    whole : bool
        Whether it counts; an unknown count is −1, an unknown number NaN.
    boundary : float or str, optional
        Value at which a phase diagram draws a boundary; a word ``"table.key"`` takes it from the
        spec.
    logarithmic : bool
        Whether a phase diagram draws it on a logarithmic scale, above its boundary.
    """

    meaning: str
    core: tuple[str, ...] = ()
    whole: bool = False
    boundary: float | str | None = None
    logarithmic: bool = False


@face
@dataclass(frozen=True, slots=True)
class Observable:
    """A number, or a few, that a sweep reads off every run.

    Parameters
    ----------
    read : callable
        From a batch of the family's runs to an array whose first axis runs over the batch.
    variable : Variable
        What the store says of it.
    """

    read: Callable[[Any], NDArray[Any]]
    variable: Variable


@face
@dataclass(frozen=True, slots=True)
class Outcome:
    """The results of a chunk's cells, in their order.

    Parameters
    ----------
    values : dict of str to ndarray
        Each variable, one row a cell; NaN or −1 where it is not known.
    reasons : dict of int to str
        Why a cell failed, by its place in the chunk.
    """

    values: dict[str, Array]
    reasons: dict[int, str] = field(default_factory=dict)

    def sort(self, places: Sequence[int], found: Sequence[Made | Failure]) -> dict[int, Made]:
        """Return what was found by place, and note the reasons of the failures.

        Parameters
        ----------
        places : sequence of int
            Places in the chunk.
        found : sequence
            What was found for each.

        Returns
        -------
        dict of int to object
            All that is no `Failure`.
        """
        good = {}
        for k, part in zip(places, found, strict=True):
            if isinstance(part, Failure):
                self.reasons[k] = part.reason
            else:
                good[k] = part
        return good


@face
@dataclass(frozen=True, slots=True)
class Failure:
    """Why a cell has no numbers.

    Parameters
    ----------
    reason : str
        A sentence for the user.
    """

    reason: str


@face
def attempt(function: Callable[..., Made], *arguments: Any) -> Made | Failure:
    """Return what a function gives, or why a cell has nothing.

    Parameters
    ----------
    function : callable
        What to call.
    *arguments : object
        With what.

    Returns
    -------
    object or Failure
        A failure for errors of this package, and for those that strange numbers of a spec cause.
    """
    try:
        return function(*arguments)
    except SimTheoryError as reason:
        return Failure(str(reason))
    except (ArithmeticError, TypeError, ValueError) as reason:
        return Failure(f"{type(reason).__name__}: {reason}")


class Request(Protocol):
    """What a family reads of a `simtheory.sweep.Spec`, which documents these names."""

    axes: dict[str, tuple[Any, ...]]
    tables: dict[str, dict[str, Any]]
    measure: tuple[str, ...]
    theory: str | None
    uses: dict[str, tuple[str, ...]]

    @property
    def coordinates(self) -> dict[str, tuple[Any, ...]]:
        """Values along each axis of the grid, that of the seeds included."""

    def choices(self, table: str, key: str) -> tuple[str, ...]:
        """Return the words that a key takes over the grid."""

    def table_at(self, table: str, cell: Cell) -> dict[str, Any]:
        """Return a table with words and arithmetic replaced by their values at a cell."""

    def with_boundary(self, variable: Variable) -> Variable:
        """Return a variable whose boundary is a number, taken from the tables where it is a word."""


@face
class Family(ABC):
    """What the cells of a sweep are: the tables of their spec, and how they are computed.

    The grid, the store and the running know families only by what stands here. A family for another
    topic is a final subclass in a file of `simtheory.sweep.families`, named in its table.

    Attributes
    ----------
    kind : str
        What a spec calls the family.
    tables : dict of str to dict of str to Field
        The tables of a spec and their keys.
    observables : dict of str to Observable
        What a spec may measure.
    theories : tuple of str
        Closed forms that a spec may name.
    """

    kind: ClassVar[str]
    tables: ClassVar[dict[str, dict[str, Field]]] = {}
    observables: ClassVar[dict[str, Observable]] = {}
    theories: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def axes(self) -> tuple[str, ...]:
        """Names of axes that variables have beyond those of the cells."""

    @abstractmethod
    def check(self, spec: Request) -> None:
        """Refuse a spec that breaks a rule which no single field can state.

        Parameters
        ----------
        spec : Spec
            Its tables are filled with defaults, and each field was checked.

        Raises
        ------
        ArgumentError
            If it breaks one.
        """

    @abstractmethod
    def variables(self, spec: Request) -> dict[str, Variable]:
        """Return what the store of a spec holds.

        Parameters
        ----------
        spec : Spec
            The spec.

        Returns
        -------
        dict of str to Variable
            By name, in the order of the store.
        """

    @abstractmethod
    def sizes(self, spec: Request) -> dict[str, int]:
        """Return the lengths of the axes that variables have beyond those of the cells.

        Parameters
        ----------
        spec : Spec
            The spec.

        Returns
        -------
        dict of str to int
            By the names in `axes`.
        """

    @abstractmethod
    def cost(self, spec: Request) -> tuple[float, int] | None:
        """Return the seconds that a cell takes, and how many cells fit the memory at once.

        Parameters
        ----------
        spec : Spec
            The spec.

        Returns
        -------
        (float, int) or None
            Counted from the spec and not timed, so that chunks are the same on every machine; None
            if it cannot be known.
        """

    @abstractmethod
    def start(self, spec: Request, cell: Cell, memory: dict[Any, Any]) -> Any:
        """Return what is computed for a cell, before anything is computed.

        Parameters
        ----------
        spec : Spec
            The spec.
        cell : Cell
            One of its cells.
        memory : dict
            Keeps what cells of a chunk have in common.

        Returns
        -------
        object
            What `compute` takes up.

        Raises
        ------
        SimTheoryError
            If the cell cannot start.
        """

    @abstractmethod
    def compute(self, spec: Request, cells: Sequence[Cell], outcome: Outcome) -> None:
        """Compute the cells of a chunk; a cell that fails says why and leaves the others alone.

        Parameters
        ----------
        spec : Spec
            The spec.
        cells : sequence of Cell
            The cells of one chunk.
        outcome : Outcome
            Its arrays are filled; reasons of failures are added.
        """
