"""Cells of an evaluation, one for each seed, step, class and prompt, and the table that they fill."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.assess.evaluations.table import Accuracies
from simtheory.errors import ArgumentError
from simtheory.tasks import ConceptGraph

__all__: list[str] = []

Key = tuple[str, float, str, float]
"""Seed, step, class and strength of the prompt."""

_LISTED = 5  # classes whose gaps are told one by one


@dataclass(frozen=True)
class Cells:
    """What a reader found, a row for each cell."""

    keys: list[Key]
    concepts: tuple[str, ...]
    marginals: Array  # (C, n)
    joint: Array  # (C,)
    counts: Array  # (C,)
    concept_counts: Array  # (C, n)
    moments: Array | None  # (C, n, n)
    powers: tuple[int, ...]
    paired: bool
    notes: tuple[str, ...] = ()


def assembled(
    cells: Cells, *, graph: ConceptGraph | None, ceiling: float, where: str
) -> Accuracies:
    """Return cells as a table over seeds, steps and classes."""
    if not cells.keys:
        raise ArgumentError(f"{where} must hold accuracies, but it holds none.")
    seeds = sorted({key[0] for key in cells.keys}, key=_natural)
    steps = sorted({key[1] for key in cells.keys})
    classes = sorted({key[2] for key in cells.keys}, key=_natural)
    strengths = sorted({key[3] for key in cells.keys})
    places: list[dict[Any, int]] = [
        {word: k for k, word in enumerate(words)} for words in (seeds, steps, classes, strengths)
    ]
    at: IntArray = np.array(
        [[place[part] for place, part in zip(places, key, strict=True)] for key in cells.keys]
    )
    plain = _plain(at, classes, strengths, where)
    s, t, p, q = (len(words) for words in (seeds, steps, classes, strengths))
    n = len(cells.concepts)
    here = tuple(at[plain, :3].T)

    def spread(values: Array, *more: int) -> Array:
        full = np.full((s, t, p, *more), np.nan)
        full[here] = values[plain]
        return full

    prompted = counted = None
    if q > 1:
        prompted, counted = np.full((s, t, p, q), np.nan), np.full((s, t, p, q), np.nan)
        prompted[tuple(at.T)], counted[tuple(at.T)] = cells.joint, cells.counts
    joint = spread(cells.joint)
    return Accuracies(
        seeds=tuple(seeds),
        steps=np.array(steps, dtype=np.float64),
        classes=tuple(classes),
        concepts=cells.concepts,
        marginals=spread(cells.marginals, n),
        joint=joint,
        counts=spread(cells.counts),
        concept_counts=spread(cells.concept_counts, n),
        powers=np.array(cells.powers, dtype=np.float64),
        paired=cells.paired,
        moments=None if cells.moments is None else spread(cells.moments, n, n),
        strengths=np.array(strengths, dtype=np.float64),
        prompted=prompted,
        prompted_counts=counted,
        ceiling=ceiling,
        graph=graph,
        nodes=None if graph is None else graph.named(classes, what=where),
        notes=(*cells.notes, *_gaps(joint, seeds, classes)),
    )


def _plain(at: IntArray, classes: list[str], strengths: list[float], where: str) -> Any:
    """Return which cells are of the plain prompt, after checking that every class has some."""
    if 1.0 not in strengths:
        raise ArgumentError(
            f"{where} must hold rows of the plain prompt, strength 1, but its strengths are "
            f"{', '.join(f'{x:g}' for x in strengths[:8])}. Evaluate it too, or call the plain one 1."
        )
    plain = np.equal(at[:, 3], strengths.index(1.0))
    without = np.setdiff1d(np.arange(len(classes)), at[plain][:, 2])
    if without.size:
        raise ArgumentError(
            f"{where} must hold rows of the plain prompt, strength 1, of every class, but class "
            f"{classes[without[0]]} has none."
        )
    return plain


def _gaps(joint: Array, seeds: list[str], classes: list[str]) -> list[str]:
    """Say which classes were not evaluated at steps at which others of the same seed were."""
    seen: Any = ~np.isnan(joint)
    looked = seen.any(axis=2, keepdims=True)
    missing = (looked & ~seen).sum(axis=1)
    notes = []
    for k in np.flatnonzero(missing.any(axis=0)):
        worst = int(missing[:, k].argmax())
        notes.append(
            f"class {classes[k]} is missing at {missing[worst, k]} of {int(looked[worst].sum())} steps of "
            f"seed {seeds[worst]}"
        )
    more = len(notes) - _LISTED
    return notes[:_LISTED] + (
        [f"{more} more classes are missing at some steps"] if more > 0 else []
    )


def _natural(word: str) -> tuple[Any, ...]:
    """Order words by the numbers inside."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.findall(r"\d+|\D+", word)
    )
