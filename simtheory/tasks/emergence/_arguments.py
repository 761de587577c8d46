"""Checks of the arguments of a concept graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simtheory._checks import as_finite, frozen, not_negative, rounding, shown
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ShapeError, TaskError

__all__ = [
    "as_counts",
    "as_names",
    "as_per_concept",
    "as_sizes",
    "as_weights",
    "as_whole",
    "check_train",
    "check_values",
]


_SIZES = (1e-70, 1e70)
"""Least and largest strength: rates are squares, and beyond these a product of two rates is 0 or infinite."""


def as_whole(name: str, value: ArrayLike) -> IntArray:
    """Return whole numbers as integers."""
    given = as_finite(name, value, error=TaskError)
    if (given != np.rint(given)).any():
        raise TaskError(
            f"Argument `{name}` must hold whole numbers, but it holds {given[given != np.rint(given)][0]:g}."
        )
    return given.astype(np.intp)


def as_per_concept(name: str, given: Array, n: int) -> Array:
    """Return one number for each concept, shape (n,)."""
    if given.shape not in ((), (n,)):
        raise ShapeError(
            f"Argument `{name}` must be a number or have shape ({n},), one for each concept, but its shape "
            f"is {given.shape}."
        )
    return frozen(np.array(np.broadcast_to(given, (n,))))


def as_sizes(name: str, given: Array, n: int) -> Array:
    """Return strengths or spreads, one for each concept, whose squares and their products are numbers."""
    least, most = _SIZES
    wrong = given[(given != 0.0) & ((given < least) | (given > most))]
    if wrong.size:
        raise TaskError(
            f"Argument `{name}` must lie between {least:g} and {most:g}{', or be 0' * (name == 'sigma')}, but it "
            f"holds {wrong[0]:g}. Choose another unit of data."
        )
    return as_per_concept(name, given, n)


def as_names(names: Mapping[str, Any], n: int) -> Mapping[str, tuple[str, ...]]:
    """Return the names of concepts and of their values."""
    if len(names) != n:
        raise TaskError(
            f"Argument `names` must name {n} concepts, as many as `train` has columns, but it names "
            f"{len(names)}."
        )
    for name, words in names.items():
        listed = isinstance(words, list | tuple) and all(isinstance(word, str) for word in words)
        if (
            not isinstance(name, str)
            or not listed
            or len(words) < 2
            or len(set(words)) < len(words)
        ):
            raise TaskError(
                "Argument `names` must give the name of each concept a list of at least two names of values, "
                f"all different, but for {shown(name)} it gives {shown(words)}."
            )
    return {name: tuple(words) for name, words in names.items()}


def as_counts(
    values: ArrayLike | None, names: Mapping[str, tuple[str, ...]] | None, n: int
) -> IntArray:
    """Return the number of values of each concept, shape (n,)."""
    named = None if names is None else np.array([len(words) for words in names.values()])
    if values is None:
        return np.full(n, 2, dtype=np.intp) if named is None else named.astype(np.intp)
    given = np.array(as_per_concept("values", as_whole("values", values).astype(float), n))
    counts = given.astype(np.intp)
    if counts.min() < 2:
        raise TaskError(
            f"Argument `values` must be at least 2 for each concept, but it holds {counts.min()}."
        )
    if named is not None and (named != counts).any():
        i = int(np.argmax(named != counts))
        raise TaskError(
            f"Arguments `values` and `names` must agree, but concept {i + 1} has {counts[i]} values and "
            f"{named[i]} names of values."
        )
    return counts


def check_values(
    name: str, classes: IntArray, counts: IntArray, names: Mapping[str, tuple[str, ...]] | None
) -> None:
    """Refuse a value outside its concept."""
    wrong = (classes < 0) | (classes >= counts)
    if wrong.any():
        row, i = np.argwhere(wrong)[0]
        concept = f"concept {i + 1}" if names is None else repr(tuple(names)[i])
        remedy = "Pass `values=` for more." if name == "train" and names is None else ""
        raise TaskError(
            f"Argument `{name}` must hold values from 0 to {counts[i] - 1} for {concept}, but row {row} holds "
            f"{classes[row, i]}. {remedy}".rstrip()
        )


def check_train(
    trained: IntArray, counts: IntArray, names: Mapping[str, tuple[str, ...]] | None
) -> None:
    """Refuse trained classes that stand twice, and values outside their concept."""
    check_values("train", trained, counts, names)
    distinct, first, times = np.unique(trained, axis=0, return_index=True, return_counts=True)
    if len(distinct) < len(trained):
        row = int(first[np.argmax(times > 1)])
        again = int(np.flatnonzero((trained == trained[row]).all(axis=1))[1])
        raise TaskError(
            f"Argument `train` must hold each class once, but rows {row} and {again} are both "
            f"{trained[row].tolist()}. Give the class the sum of their weights."
        )


def as_weights(weights: ArrayLike | None, trained: IntArray) -> Array:
    """Return the frequencies of the trained classes."""
    count = len(trained)
    if weights is None:
        return frozen(np.full(count, 1.0 / count))
    given = not_negative("weights", weights, error=TaskError)
    if given.shape != (count,):
        raise ShapeError(
            f"Argument `weights` must have shape ({count},), one for each trained class, but its shape is "
            f"{given.shape}."
        )
    if not given.all():
        row = int(np.argmin(given))
        raise TaskError(
            f"Argument `weights` must be positive, but it is 0 for the trained class "
            f"{trained[row].tolist()}. Leave the class out of `train`."
        )
    total = float(given.sum())
    if abs(total - 1.0) > rounding(weights, double=1e-9):
        raise TaskError(
            f"Argument `weights` must sum to one, but the sum is {total:.10g}. Divide the weights by it."
        )
    return frozen(given)
