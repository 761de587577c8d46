"""Rules, chances and tuples as arrays: checks, draws, searches, and numbers of any size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simtheory._checks import as_finite, rounding, shown
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError, TaskError

WORD = 2**63
"""Number of strings from which on their numbers no longer fit int64 and become Python integers."""


def as_rules(rules: Any) -> list[IntArray]:
    """Return the rules of each level as arrays of integers of three axes."""
    if not isinstance(rules, Sequence | np.ndarray) or isinstance(rules, str) or not len(rules):
        raise ShapeError(
            "Argument `rules` must be a sequence of arrays, the rules of each level from the leaves up, "
            f"but it is {shown(rules)}."
        )
    levels = []
    for l, given in enumerate(rules, start=1):
        try:
            level = np.asarray(given)
        except ValueError as reason:
            raise ShapeError(
                f"Argument `rules` must have one number of rules and one branching at level {l}: pad "
                "with rules of weight zero."
            ) from reason
        if level.dtype.kind not in "iu":
            raise TaskError(
                f"Argument `rules` must hold integers, the symbols, but at level {l} it holds "
                f"{level.dtype.name}."
            )
        if level.ndim != 3 or not level.size:
            raise ShapeError(
                f"Argument `rules` must have shape (symbols, rules, children) at each level, but at "
                f"level {l} its shape is {level.shape}."
            )
        levels.append(level.astype(np.int64))
    return levels


def as_chances(name: str, given: ArrayLike, shape: tuple[int, ...]) -> Array:
    """Return probabilities over the last axis, checked."""
    chances = as_finite(name, given, error=TaskError)
    called = name if " " in name else f"Argument `{name}`"
    if chances.shape != shape:
        raise ShapeError(f"{called} must have shape {shape}, but its shape is {chances.shape}.")
    if chances.min() < 0:
        raise TaskError(f"{called} must not be negative, but it holds {chances.min():g}.")
    worst = float(np.abs(chances.sum(axis=-1) - 1.0).max())
    if worst > rounding(given, double=1e-9):
        raise TaskError(f"{called} must sum to 1 in each row, but a sum is off by {worst:.3g}.")
    return np.array(chances)


def drawn(weights: Array, rows: IntArray, rng: np.random.Generator) -> IntArray:
    """Draw an index for each entry of `rows` by that row of `weights`."""
    if (weights == weights[0, 0]).all():
        return rng.integers(weights.shape[1], size=rows.shape)
    cumulative = np.cumsum(weights, axis=1)
    cumulative /= cumulative[:, -1:]  # exactly 1 from the last positive weight on, above any draw
    u = rng.random(rows.shape)
    found = np.zeros(rows.shape, dtype=np.int64)
    for k in range(weights.shape[1] - 1):
        found += u >= cumulative[rows, k]
    return found


def starts_of(counts: Sequence[int]) -> list[int]:
    """Return the running sums of counts, from 0 to their total."""
    sums = [0]
    for count in counts:
        sums.append(sums[-1] + count)
    return sums


def interval_of(numbers: Any, starts: Any) -> IntArray:
    """Return which interval between neighbouring `starts` (last axis) holds each number."""
    found = np.zeros(numbers.shape, dtype=np.int64)
    for k in range(1, starts.shape[-1] - 1):
        found += (numbers >= starts[..., k]).astype(np.int64)
    return found


def row_of(table: IntArray, words: IntArray, size: int) -> IntArray:
    """Return the row of `table` that equals each row of `words`, or -1.

    The rows are compared place by place: a prefix that occurs in the table has a number, which is less
    than the table's length, so nothing overflows however long the rows are.
    """
    known = np.zeros(len(table), dtype=np.int64)
    given = np.zeros(len(words), dtype=np.int64)
    values = known
    for j in range(table.shape[1]):
        values, known = np.unique(known * size + table[:, j], return_inverse=True)
        wanted = given * size + words[:, j]
        place = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
        given = np.where((given >= 0) & (values[place] == wanted), place, -1)
    rows = np.empty(len(values), dtype=np.int64)
    rows[known.ravel()] = np.arange(len(table))
    return np.where(given < 0, -1, rows[given])


def as_objects(name: str, values: Any) -> Any:
    """Return integers of any size as an array of objects."""
    try:
        return np.array(values, dtype=object)
    except (TypeError, ValueError) as reason:  # containers that carry more than numbers
        raise ArgumentError(
            f"Argument `{name}` must hold integers, but it is {shown(values)}."
        ) from reason


def entropy_of(chances: Array) -> float:
    """Return the entropy of probabilities, in nats."""
    used = chances[chances > 0]
    return float(-(used * np.log(used)).sum())


def production(left: str, sides: Sequence[tuple[str, float]]) -> str:
    return f"{left} -> " + " | ".join(f"{side} [{float(p)!r}]" for side, p in sides if p > 0)
