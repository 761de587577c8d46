r"""The central question, without a run: order, times, what is never learned and why, and which prompts help.

Problem
-------
Given a concept graph, its split, frequencies and strengths: which class is learned when, which never? The answer
rests on a linear model, or on a lazy net whose kernel falls with the distance; it is a forecast for others.

Reading
-------
Ratios of times carry over to nets better than times. What a linear model never learns, because no data tell it,
no model learns; a lazy net forgets more.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simtheory._checks import as_finite, share
from simtheory._faces import face
from simtheory._text import rows_as_html
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic.emergence.kernels import kernel_modes, kernel_times
from simtheory.analytic.emergence.regression import ends_of, learning_times, modes_for
from simtheory.errors import ArgumentError
from simtheory.results import axes
from simtheory.tasks.emergence import ConceptGraph

__all__ = ["Outlook", "outlook"]

_FEW = 64
"""Classes up to which prompts on single concepts are tried; beyond, the whole prompt is strengthened."""

_EQUAL = 1e-9
"""Relative distance of times below which two classes are learned together."""


@face
@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What theory says of the classes of a graph, the earliest first.

    Parameters
    ----------
    names : tuple of str
        Names of the classes.
    classes : ndarray of int, shape (P, n)
        The classes.
    distances : ndarray of int, shape (P,)
        Concepts by which each differs from the nearest trained class.
    times : ndarray, shape (P,)
        Canonical times of learning; inf if never.
    reasons : tuple of str
        Why a class is never learned; empty for the others.
    prompts : tuple of str
        The strengthened prompt that shows the class earliest; empty if none is earlier than the plain one.
    prompted : ndarray, shape (P,)
        The time of that prompt; nan if there is none.
    ordered : bool or None
        Whether every class of a smaller distance is learned before every one of a larger; None if all
        distances are equal.
    model : str
        What learns.
    """

    names: tuple[str, ...] = field(metadata=axes.over("class", allow="words", labels=True))
    classes: IntArray = field(metadata=axes.over("class", "concept", allow="integer"))
    distances: IntArray = field(metadata=axes.over("class", allow="integer"))
    times: Array = field(metadata=axes.over("class", allow="real"))
    reasons: tuple[str, ...]
    prompts: tuple[str, ...]
    prompted: Array = field(metadata=axes.over("class", allow="nan"))
    ordered: bool | None
    model: str

    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)
        for name in ("reasons", "prompts"):
            if len(getattr(self, name)) != len(self.names):
                raise ArgumentError(
                    f"Argument `{name}` must hold {len(self.names)} entries, one for each class, but it holds "
                    f"{len(getattr(self, name))}."
                )

    @property
    def verdict(self) -> str:
        """The answer in a sentence or two."""
        never = int(np.isinf(self.times).sum())
        order = {
            None: "All classes have the same distance.",
            True: "Classes are learned in the order of their distance.",
            False: "Classes are not learned in the order of their distance.",
        }[self.ordered]
        rest = f" {never} of {len(self.names)} classes are never learned." if never else ""
        hidden = sum(map(bool, self.prompts))
        shown = f" A stronger prompt shows {hidden} earlier." if hidden else ""
        return f"{order}{rest}{shown}"

    def rows(self) -> list[tuple[str, ...]]:
        """Return one row for each class: name, distance, time, and what is to be said.

        Returns
        -------
        list of tuple of str
            The rows.
        """
        return [
            (
                name,
                str(distance),
                "never" if np.isinf(time) else f"{time:.4g}",
                reason or (f"{prompt} at {earlier:.4g}" if prompt else ""),
            )
            for name, distance, time, reason, prompt, earlier in zip(
                self.names,
                self.distances,
                self.times,
                self.reasons,
                self.prompts,
                self.prompted,
                strict=True,
            )
        ]

    def __str__(self) -> str:
        rows = [("class", "distance", "learned at", "never because, or earlier with"), *self.rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                cell.rjust(width) if i in (1, 2) else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        return "\n".join([f"{self.model}, canonical times", "", *lines, "", self.verdict])

    def _repr_html_(self) -> str:
        rows = [(name, ", ".join(filter(None, rest))) for name, *rest in self.rows()]
        return rows_as_html(self.verdict, rows)


@face
def outlook(
    graph: ConceptGraph,
    *,
    classes: ArrayLike | None = None,
    level: float = 0.5,
    bias: bool = True,
    rho: float | None = None,
    gains: ArrayLike = (1.5, 2.5, 3.5, 4.5),
) -> Outlook:
    """Return which class is learned when, which never and why, and which prompts show it earlier.

    Parameters
    ----------
    graph : ConceptGraph
        Trained classes, frequencies, strengths, spread and code.
    classes : array_like of int, shape (P, n), optional
        Classes. Default: all.
    level : float
        Share of the way from any other value of a concept to the own one that counts as learned, in
        (0, 1).
    bias : bool
        Whether the linear model has a constant feature.
    rho : float, optional
        The model is a lazy net of kernel ρ^distance, in place of affine regression; it has no prompts that
        ask for more.
    gains : array_like, shape (L,)
        Gains of the prompts that are tried, above 1: of all concepts, and of each alone.

    Returns
    -------
    Outlook
        Classes by their times.

    Examples
    --------
    >>> from simtheory.tasks import okawa2023
    >>> print(outlook(okawa2023.main_split(), rho=0.6).verdict)
    Classes are learned in the order of their distance. 1 of 8 classes are never learned.
    """
    asked = graph.classes if classes is None else graph.checked(classes)
    if not len(asked):
        raise ArgumentError("Argument `classes` must hold a class, but it is empty.")
    height = share("level", level)
    if rho is None:
        model = f"linear regression with{'' if bias else 'out'} a bias"
        times = learning_times(graph, classes=asked, level=height, bias=bias)
        ends = ends_of(modes_for(graph, asked, bias), graph, asked)
        prompts, prompted = _prompts(graph, asked, times, height, bias, _gains(gains))
    else:
        model = f"lazy net, kernel {float(rho):g}^distance"
        times = kernel_times(graph, rho, classes=asked, level=height)
        modes, _, _ = kernel_modes(graph, rho, asked)
        plain = modes._replace(outputs=modes.outputs * graph.mu[graph.concepts])
        ends = ends_of(plain, graph, asked)
        prompts, prompted = [""] * len(asked), np.full(len(asked), np.nan)
    distances = graph.distance(asked)
    reasons = _reasons(graph, asked, times, ends, height)
    order = np.lexsort((distances, times))
    return Outlook(
        names=tuple(graph.name(asked[i]) for i in order),
        classes=asked[order],
        distances=distances[order],
        times=times[order],
        reasons=tuple(reasons[i] for i in order),
        prompts=tuple(prompts[i] for i in order),
        prompted=prompted[order],
        ordered=_ordered(distances, times),
        model=model,
    )


def _gains(gains: ArrayLike) -> Array:
    found = np.atleast_1d(as_finite("gains", gains))
    if found.ndim != 1 or (found.size and found.min() <= 1.0):
        raise ArgumentError(
            "Argument `gains` must be a row of numbers above 1, but "
            + (f"its shape is {found.shape}." if found.ndim != 1 else f"it holds {found.min():g}.")
        )
    return found


def _ordered(distances: IntArray, times: Array) -> bool | None:
    """Return whether all times of a distance lie below all of the next larger one."""
    levels = np.unique(distances)
    if levels.size < 2:
        return None
    lasts = [times[distances == level].max() for level in levels[:-1]]
    firsts = [times[distances == level].min() for level in levels[1:]]
    return all(
        last < first * (1.0 - _EQUAL) or (np.isfinite(last) and np.isinf(first))
        for last, first in zip(lasts, firsts, strict=True)
    )


def _reasons(
    graph: ConceptGraph, classes: IntArray, times: Array, ends: Array, level: float
) -> list[str]:
    """Say why classes are never learned."""
    shown = graph.composable(classes)
    names = graph.concept_names
    found = []
    for one, time, known, end in zip(classes, times, shown, ends, strict=True):
        if np.isfinite(time):
            found.append("")
            continue
        if not known:
            unseen = [
                _value(graph, i, int(v)) for i, v in enumerate(one) if v not in graph.train[:, i]
            ]
            found.append(f"no data show {' or '.join(unseen)}")
            continue
        i = int(np.argmin(end))
        found.append(f"{names[i]} ends at {max(end[i], 0.0):.2g} of the way, {level:g} is needed")
    return found


def _value(graph: ConceptGraph, concept: int, value: int) -> str:
    if graph.names is None:
        return f"value {value} of {graph.concept_names[concept]}"
    return tuple(graph.names.values())[concept][value]


def _prompts(
    graph: ConceptGraph, classes: IntArray, times: Array, level: float, bias: bool, gains: Array
) -> tuple[list[str], Array]:
    """Return for each class the strengthened prompt that shows it earliest, and its time."""
    words, best = [""] * len(classes), np.full(len(classes), np.nan)
    limit = times * (1.0 - 1e-6)
    whole = [(f"prompt × {gain:g}", np.full(graph.n, gain)) for gain in gains]
    single = [
        (f"{name} × {gain:g}", np.where(np.arange(graph.n) == i, gain, 1.0))
        for i, name in enumerate(graph.concept_names)
        for gain in gains
    ]
    for name, factors in whole + (single if len(classes) <= _FEW else []):
        found = learning_times(graph, classes=classes, level=level, bias=bias, gain=factors)
        for k in np.flatnonzero(found < limit):
            words[k], best[k], limit[k] = name, found[k], found[k] * (1.0 - 1e-6)
    return words, best
