"""The values along one axis of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simtheory._checks import one_of, positive_int
from simtheory.errors import ArgumentError

__all__ = ["axis_values", "length"]

_MOST = 1_000_000
"""An axis with more values is refused: every process of a sweep holds all of them."""


def axis_values(name: str, values: Any) -> tuple[Any, ...]:
    """Return the values of an axis: a list as it is, or a spacing."""
    if not isinstance(name, str) or not name.isidentifier():
        raise ArgumentError(
            f"An axis must have a plain name of letters and digits, but it is {name!r}."
        )
    if isinstance(values, Mapping):
        return _spaced(name, values)
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        raise ArgumentError(
            f"Axis `{name}` must be a list of values or a spacing, but it is {values!r}."
        )
    kinds = {bool if isinstance(v, bool) else str if isinstance(v, str) else float for v in values}
    plain = tuple(v.item() if isinstance(v, np.generic) else v for v in values)
    if len(kinds) > 1 or not all(isinstance(v, bool | str | int | float) for v in plain):
        raise ArgumentError(
            f"Axis `{name}` must hold numbers, words or truth values, all of one kind."
        )
    if any(isinstance(v, float) and not np.isfinite(v) for v in plain):
        raise ArgumentError(f"Axis `{name}` must be finite, but it holds {list(plain)}.")
    if len(set(plain)) < len(plain):
        raise ArgumentError(f"Axis `{name}` holds a value twice: {list(plain)}.")
    return (
        plain
        if all(isinstance(v, int) for v in plain) or kinds != {float}
        else tuple(map(float, plain))
    )


def length(name: str, n: Any) -> int:
    """Return how many values an axis has, if that many can be."""
    if positive_int(name, n) > _MOST:
        raise ArgumentError(f"Argument `{name}` must be at most {_MOST}, but it is {n}.")
    return int(n)


def _spaced(name: str, values: Mapping[str, Any]) -> tuple[float, ...]:
    if len(values) != 1:
        raise ArgumentError(f"Axis `{name}` must have one spacing, but it has {sorted(values)}.")
    ((spacing, ends),) = values.items()
    one_of(f"axes.{name}", spacing, ("linspace", "logspace"))
    try:
        first, last, n = ends
        first, last, n = float(first), float(last), length("n", n)
    except (TypeError, ValueError) as reason:
        raise ArgumentError(
            f"Axis `{name}` must be spaced as [first, last, n], with n at most {_MOST}, but it is "
            f"{ends!r}."
        ) from reason
    if spacing == "logspace" and min(first, last) <= 0:
        raise ArgumentError(
            f"Axis `{name}` must have positive ends for a logarithmic spacing, but they are {first:g} and {last:g}."
        )
    space = np.linspace if spacing == "linspace" else np.geomspace
    return axis_values(name, space(first, last, n))
