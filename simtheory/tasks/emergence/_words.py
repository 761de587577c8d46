"""Concept graphs in words: what they print of themselves, and the names of classes read back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simtheory._checks import shown
from simtheory._text import Rows
from simtheory.errors import ArgumentError
from simtheory.tasks._plain import short
from simtheory.tasks.emergence._arguments import as_names

if TYPE_CHECKING:
    from simtheory.tasks.emergence.graph import ConceptGraph

__all__ = ["one_or_all", "rows_in", "rows_of", "values_in"]

_SHOWN = 16
"""Most trained classes that a printed graph lists."""


def rows_of(graph: ConceptGraph) -> Rows:
    """Return names and values of what a graph prints: concepts, strengths and trained classes."""
    rows = [(name, ", ".join(words)) for name, words in (graph.names or {}).items()]
    if not rows:
        rows = [("concepts", str(graph.n)), ("values", one_or_all(graph.values))]
    rows += [("mu", one_or_all(graph.mu)), ("sigma", one_or_all(graph.sigma))]
    rows += [("code", str(graph.code)), ("classes", str(graph.n_classes))]
    rows += [
        (f"trained {i + 1}", f"{graph.name(one)}: {weight:.4g}")
        for i, (one, weight) in enumerate(zip(graph.train, graph.weights, strict=True))
        if i < _SHOWN
    ]
    if len(graph.train) > _SHOWN:
        rows.append(("", f"and {len(graph.train) - _SHOWN} more"))
    return rows


def one_or_all(values: Any) -> str:
    """Return the one value that all have, or the first six of them."""
    return f"{values[0]:g}" if np.ptp(values) == 0 else short(values)


def rows_in(train: Any, names: Any) -> Any:
    """Return trained classes with each word among them as a row of integers."""
    if isinstance(train, str) or not isinstance(train, Sequence):
        return train
    called = as_names(names, len(names)) if isinstance(names, Mapping) else None
    n = None if called is None else len(called)
    return [
        values_in(one, "Argument `train`", n=n, names=called) if isinstance(one, str) else one
        for one in train
    ]


def values_in(
    word: str,
    what: str,
    *,
    n: int | None,
    names: Mapping[str, Any] | None,
    counts: Sequence[int] | None = None,
) -> list[int]:
    """Return the values that a word gives to concepts: by a digit each, by numbers, or by names of values.

    Numbers and names stand between signs ``, ; |``, or between spaces and hyphens. `n` is the number of concepts,
    None where the word says it; `counts` are their numbers of values; `what` begins the message of an error.
    """
    parts = _parts(word, n)
    if not parts:
        many = "a value for each concept" if n is None else f"{n} values, one for each concept"
        example = "010" if n is None else "-".join("0" * n) if n > 10 else "0" * n
        short = n is not None and word.isdecimal() and len(word) < n
        lost = " Write its leading zeros, which spreadsheets drop." if short else ""
        raise ArgumentError(
            f"{what} must name a class by {many}, such as {example}, but one is {shown(word)}.{lost}"
        )
    found = []
    for i, part in enumerate(parts):
        concept, known = (f"concept {i + 1}", ()) if names is None else tuple(names.items())[i]
        if part in known:
            value = list(known).index(part)
        elif part.isdecimal() and part.isascii():
            value = int(part)
        else:
            more = f" or one of {', '.join(map(str, known))}" if len(known) else ""
            raise ArgumentError(
                f"{what} must give each concept a number{more}, but {shown(word)} gives {part!r} to {concept}."
            )
        if counts is not None and value >= counts[i]:
            raise ArgumentError(
                f"{what} must hold values from 0 to {counts[i] - 1} for {concept}, but {shown(word)} holds {value}."
            )
        found.append(value)
    return found


def _parts(word: str, n: int | None) -> list[str]:
    """Return the parts of a word by the first way of parting it that gives one for each concept."""
    by_signs = [part.strip(" ()[]\"'") for part in re.split(r"[,;|]", word)]
    ways = [by_signs, re.findall(r"[^\s\-]+", word), list(word) if word.isdecimal() else []]
    if n is None:
        ways = [way for way in ways if len(way) > 1 or (way and way[0].isdecimal())]
    else:
        ways = [way for way in ways if len(way) == n]
    return ways[-1 if n is None and word.isdecimal() else 0] if ways else []
