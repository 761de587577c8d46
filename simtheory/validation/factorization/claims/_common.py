"""What the claims about nets share: the doubt about a net that has not learned, and numbers read off curves."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.validation.claims.claim import Topic
from simtheory.validation.factorization.asking import Answers
from simtheory.validation.factorization.experiments import Scaling

__all__ = ["doubt", "exponent", "liang", "needed", "needed_each"]

liang = Topic("factorization", paper="liang2024").claim

_LEAST = 0.95
"""Share of training labels that a net must answer rightly, by the centre and by the cosine."""


def doubt(found: Iterable[Answers]) -> str:
    """Say if nets have not learned their own training labels, so that their other answers decide nothing."""
    known = np.min([answers.known.mean(axis=0) for answers in found], axis=0)
    centre, alike = float(known[0]), float(known[2])
    if min(centre, alike) >= _LEAST:
        return ""
    return (
        f"in distribution only {centre:.3f} are right by the centre and {alike:.3f} by the cosine, "
        f"where {_LEAST} are needed"
    )


def needed(numbers: Array | IntArray, shares: Array, level: float) -> Array:
    """Return the number of examples at which the share of right answers crosses a level, for each seed.

    Parameters are numbers (n,) and shares (S, n). Interpolation is linear in ln n, and goes on beyond the ends with
    the slope there.
    """
    logs = np.log(numbers)
    found = np.empty(len(shares))
    for k, row in enumerate(shares):
        steps = np.diff(row) / np.diff(logs)
        above = np.flatnonzero(row >= level)
        j = int(np.clip((above[0] if above.size else row.size) - 1, 0, row.size - 2))
        found[k] = np.exp(logs[j] + (level - row[j]) / max(steps[j], 1e-3))
    return found


def needed_each(found: Scaling, *, level: float = 0.5, criterion: int = 0) -> Array:
    """Return the needed numbers, shape (sizes, S), by a criterion of `Answers`."""
    return np.stack(
        [
            needed(numbers, np.stack([each.right[:, criterion] for each in row], axis=1), level)
            for numbers, row in zip(found.numbers, found.answers, strict=True)
        ]
    )


def exponent(sizes: Array, values: Array) -> list[float]:
    """Return the slope of ln values (sizes, S) over ln sizes, for each seed."""
    return np.polyfit(np.log(sizes), np.log(values), 1)[0].tolist()
