"""Accuracies of classes through training, as one table, whatever file they came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simtheory._checks import shown
from simtheory._faces import face
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError
from simtheory.results.axes import over, settle
from simtheory.tasks import ConceptGraph

__all__ = ["Accuracies"]

_NAMED = 6  # seeds, classes or notes that a printed table names; of more it says how many


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Accuracies:
    """Accuracies of every class at every step of every seed, concept by concept and of all concepts.

    Parameters
    ----------
    seeds : tuple of str, length S
        Names of the runs.
    steps : ndarray, shape (T,)
        Steps of the evaluations, rising.
    classes : tuple of str, length P
        Names of the classes.
    concepts : tuple of str, length n
        Names of the concepts.
    marginals : ndarray, shape (S, T, P, n)
        Share of samples whose concept is right; NaN where nothing was evaluated.
    joint : ndarray, shape (S, T, P)
        Share of samples all of whose concepts are right.
    counts : ndarray, shape (S, T, P)
        Samples behind `joint`; NaN where the file does not say how many.
    concept_counts : ndarray, shape (S, T, P, n)
        Samples behind `marginals`.
    powers : ndarray, shape (n,)
        How often the product takes each concept; one for all, but in evaluations such as
        ``color_attr = two_object * colors^2``.
    paired : bool
        Whether joint and marginals were counted on the same samples.
    moments : ndarray, shape (S, T, P, n, n), optional
        Share of samples two of whose concepts are right; None where the file has no single samples.
    strengths : ndarray, shape (Q,)
        Strengths of the prompts; 1 is the plain one, on which everything above is measured.
    prompted : ndarray, shape (S, T, P, Q), optional
        Share of samples all of whose concepts are right, under every prompt.
    prompted_counts : ndarray, shape (S, T, P, Q), optional
        Samples behind `prompted`.
    ceiling : float
        Accuracy of the judge on data that were held out: what a perfect model reaches.
    graph : ConceptGraph, optional
        What was trained.
    nodes : ndarray of int, shape (P, n), optional
        The classes as nodes of the graph.
    notes : tuple of str
        What is missing, in words.
    """

    seeds: tuple[str, ...] = field(metadata=over("seed", allow="words"))
    steps: Array = field(metadata=over("step", labels=True))
    classes: tuple[str, ...] = field(metadata=over("class", allow="words"))
    concepts: tuple[str, ...] = field(metadata=over("concept", allow="words"))
    marginals: Array = field(metadata=over("seed", "step", "class", "concept", allow="nan"))
    joint: Array = field(metadata=over("seed", "step", "class", allow="nan"))
    counts: Array = field(metadata=over("seed", "step", "class", allow="nan"))
    concept_counts: Array = field(metadata=over("seed", "step", "class", "concept", allow="nan"))
    powers: Array = field(metadata=over("concept"))
    paired: bool = True
    moments: Array | None = field(
        default=None, metadata=over("seed", "step", "class", "concept", "other", allow="nan")
    )
    strengths: Array = field(
        default_factory=lambda: np.ones(1), metadata=over("prompt", labels=True)
    )
    prompted: Array | None = field(
        default=None, metadata=over("seed", "step", "class", "prompt", allow="nan")
    )
    prompted_counts: Array | None = field(
        default=None, metadata=over("seed", "step", "class", "prompt", allow="nan")
    )
    ceiling: float = 1.0
    graph: ConceptGraph | None = None
    nodes: IntArray | None = field(default=None, metadata=over("class", "concept", allow="integer"))
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        settle(self)
        if np.any(np.diff(self.steps) <= 0):
            raise ArgumentError("Argument `steps` must rise, each step once, but it does not.")
        for name in ("marginals", "joint", "prompted"):
            values = getattr(self, name)
            if values is not None and not np.all(
                np.isnan(values) | ((values >= 0) & (values <= 1))
            ):
                raise ArgumentError(f"Argument `{name}` must hold shares from 0 to 1.")
        if not 0.0 < self.ceiling <= 1.0:
            raise ArgumentError(
                f"Argument `ceiling` must lie in (0, 1], but it is {shown(self.ceiling)}."
            )

    @property
    def trained(self) -> Any:
        """Whether each class is trained, array of bool, shape (P,); None without a graph."""
        return None if self.distances is None else self.distances == 0

    @property
    def distances(self) -> IntArray | None:
        """Concepts by which each class differs from the nearest trained one, shape (P,); None without a graph."""
        if self.graph is None or self.nodes is None:
            return None
        return self.graph.distance(self.nodes)

    @property
    def prompts_counted(self) -> bool:
        """Whether there are prompts beside the plain one, and the number of samples behind each is known."""
        if self.prompted is None or self.prompted_counts is None:
            return False
        return not bool(np.isnan(self.prompted_counts[~np.isnan(self.prompted)]).any())

    def place(self, name: str) -> int:
        """Return where a class stands.

        Parameters
        ----------
        name : str
            Name of the class.

        Returns
        -------
        int
            Its place along the axis of classes.
        """
        from simtheory._checks import one_of

        return self.classes.index(one_of("name", name, self.classes))

    def sentence(self) -> str:
        """Return what was read in a sentence.

        Returns
        -------
        str
            How many seeds, steps, classes, concepts and samples.
        """
        steps = _many(self.steps.size, "step")
        if self.steps.size > 1:
            steps += f" from {self.steps[0]:g} to {self.steps[-1]:g}"
        words = [
            _many(len(self.seeds), "seed"),
            steps,
            _many(len(self.classes), "class", "es"),
            f"{_many(len(self.concepts), 'concept')} ({', '.join(self.concepts)})",
            f"samples: {_span(self.counts)}",
        ]
        if self.prompted is not None:
            words.append(f"strengths of prompts: {', '.join(f'{x:g}' for x in self.strengths)}")
        return f"Read: {'; '.join(words)}."

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            ("seeds", _listed(self.seeds)),
            ("steps", f"{self.steps.size} from {self.steps[0]:g} to {self.steps[-1]:g}"),
            ("classes", _listed(self.classes)),
            ("concepts", ", ".join(self.concepts)),
            ("samples", _span(self.counts)),
        ]
        if not self.paired:
            rows.append(("counted", "joint and marginals on different samples"))
        if self.prompted is not None:
            rows.append(("prompts", ", ".join(f"{x:g}" for x in self.strengths)))
        if self.distances is not None:
            rows.append(("trained", _listed(np.array(self.classes)[self.trained])))
        return [*rows, *(("note", note) for note in self.notes)]

    def __str__(self) -> str:
        return rows_as_text("Accuracies", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("Accuracies", self._rows())

    def __repr__(self) -> str:
        s, t, p, n = self.marginals.shape
        return f"Accuracies(seeds={s}, steps={t}, classes={p}, concepts={n})"


def _many(count: int, word: str, plural: str = "s") -> str:
    return f"{count} {word}{plural if count != 1 else ''}"


def _listed(words: Any) -> str:
    named = [str(word) for word in words]
    more = len(named) - _NAMED
    shown_words = "; ".join(named[:_NAMED])
    return f"{len(named)}: {shown_words}" + (f" and {more} more" if more > 0 else "")


def _span(counts: Array) -> str:
    known = counts[~np.isnan(counts)]
    if not known.size:
        return "number not known"
    least, most = known.min(), known.max()
    return (
        f"{least:g} in each cell" if least == most else f"from {least:g} to {most:g} in each cell"
    )
