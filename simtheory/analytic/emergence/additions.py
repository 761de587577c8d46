r"""Which class to add to the training set, so that a target class is learned soonest.

Problem
-------
A class is learned late or never. Data of one further class may be added at weight w, and all other frequencies
shrink to 1 − w of themselves. Which class helps most is not obvious: the target itself need not be the best.

Reading
-------
Each candidate is one eigenproblem of affine regression, so the answer is exact there; it is advice elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from simtheory._checks import as_finite, share
from simtheory._faces import face
from simtheory._text import aligned, numeral, table_as_html
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic.emergence.regression import learning_times
from simtheory.errors import ArgumentError, ShapeError
from simtheory.results import axes
from simtheory.tasks.emergence import ConceptGraph

__all__ = ["BestAddition", "best_addition"]

_SHOWN = 12
"""Candidates that are printed, the best ones."""


@face
@dataclass(frozen=True, slots=True, eq=False)
class BestAddition:
    """Candidates for one more trained class, the best first.

    Parameters
    ----------
    names : tuple of str
        Names of the candidates.
    classes : ndarray of int, shape (C, n)
        The candidates.
    times : ndarray, shape (C,)
        When affine regression learns the target with each; inf if never.
    before : float
        When it learns the target without any.
    """

    names: tuple[str, ...] = field(metadata=axes.over("candidate", allow="words", labels=True))
    classes: IntArray = field(metadata=axes.over("candidate", "concept", allow="integer"))
    times: Array = field(metadata=axes.over("candidate", allow="real"))
    before: float

    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)

    def _rows(self) -> list[tuple[str, ...]]:
        pairs = list(zip(self.names, self.times, strict=True))[:_SHOWN]
        rows = [(name, "never" if np.isinf(time) else numeral(time)) for name, time in pairs]
        return [("class to add", "target learned at"), *rows]

    def _beside(self) -> str:
        before = "never" if np.isinf(self.before) else f"at {numeral(self.before)}"
        more = len(self.names) - _SHOWN
        rest = f"; {more} more classes" if more > 0 else ""
        return f"Without any the target is learned {before}; canonical times{rest}."

    def __str__(self) -> str:
        return "\n".join([*aligned(self._rows()), "", self._beside()])

    def _repr_html_(self) -> str:
        return table_as_html(self._rows(), self._beside())

    @property
    def best(self) -> tuple[int, ...]:
        """The best candidate."""
        return tuple(self.classes[0].tolist())


@face
def best_addition(
    graph: ConceptGraph,
    target: ArrayLike,
    *,
    weight: float,
    candidates: ArrayLike | None = None,
    level: float = 0.5,
    bias: bool = True,
) -> BestAddition:
    """Return which training class, added at a weight, lets affine regression learn a target soonest.

    Parameters
    ----------
    graph : ConceptGraph
        The training set.
    target : array_like of int, shape (n,)
        The class to be learned.
    weight : float
        Frequency of the class that is added, in (0, 1); the others keep 1 − weight of theirs.
    candidates : array_like of int, shape (C, n), optional
        Classes that may be added; a trained one gets the weight in addition. Default: all.
    level : float
        Share of the way that counts as learned, in (0, 1).
    bias : bool
        Whether the layer has a constant feature.

    Returns
    -------
    BestAddition
        Candidates and times, the best first.

    Examples
    --------
    >>> from simtheory.tasks import okawa2023
    >>> found = best_addition(okawa2023.adversarial_split(), (0, 0, 1), weight=0.1)
    >>> found.best, found.before.__round__(3), found.times[:2].round(3)
    ((0, 0, 1), 10.134, array([2.279, 4.555]))
    """
    one = as_finite("target", target)
    if one.shape != (graph.n,):
        raise ShapeError(
            f"Argument `target` must be one class, of shape ({graph.n},), but its shape is {one.shape}."
        )
    wanted = graph.checked(one[None], name="target")
    added = share("weight", weight)
    asked = graph.classes if candidates is None else graph.checked(candidates, name="candidates")
    if not len(asked):
        raise ArgumentError("Argument `candidates` must hold a class, but it is empty.")

    def time(with_it: ConceptGraph) -> float:
        return float(learning_times(with_it, classes=wanted, level=level, bias=bias)[0])

    times = np.array([time(with_it) for with_it in _extended(graph, asked, added)])
    order = np.argsort(times, kind="stable")
    return BestAddition(
        names=tuple(graph.name(asked[i]) for i in order),
        classes=asked[order],
        times=times[order],
        before=time(graph),
    )


def _extended(graph: ConceptGraph, asked: IntArray, added: float) -> Iterator[ConceptGraph]:
    for one in asked:
        kept = (1.0 - added) * graph.weights / graph.weights.sum()
        here = (graph.train == one).all(axis=1)
        if here.any():
            yield replace(graph, weights=kept + added * here)
        else:
            train = np.concatenate([graph.train, one[None]])
            yield replace(graph, train=train, weights=np.append(kept, added))
