"""Checks of arguments, made once at the public face; formulas and kernels behind it trust them.

Each check takes the name of the argument first and puts it into its error. A name with a space in it
stands there as it is, such as ``"Option --seed"`` or ``"Argument `rate` of a mode"``.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import TypeVar

import numpy as np

from simtheory._names import nearest
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, MissingExtraError, ShapeError, SimTheoryError

Kind = TypeVar("Kind")


def _called(name: str) -> str:
    """Return how an error names what was passed."""
    return name if " " in name else f"Argument `{name}`"


def as_finite(name: str, value: ArrayLike, *, error: type[SimTheoryError] = ArgumentError) -> Array:
    """Return `value` as a float64 array, all of whose entries are finite."""
    try:
        given = np.asarray(value)
        if np.iscomplexobj(given):  # NumPy would drop the imaginary part
            raise TypeError("complex")
        array = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as reason:
        raise error(
            f"{_called(name)} must be an array of real numbers, but got {value!r}."
        ) from reason
    finite = np.isfinite(array)
    if not finite.all():
        bad = np.argwhere(~finite)
        where = tuple(int(i) for i in bad[0])
        place = f" at index {where}" if where else ""
        raise error(
            f"{_called(name)} must be finite, but it holds {array[where]}{place}"
            f" ({len(bad)} bad of {array.size} entries)."
        )
    return array


def frozen(array: Array) -> Array:
    """Mark `array` read-only and return it."""
    array.setflags(write=False)
    return array


def as_times(t: ArrayLike) -> Array:
    """Return `t` as a strictly increasing, non-negative grid of canonical times, shape (T,)."""
    times = as_finite("t", t)
    if times.ndim != 1 or times.size == 0:
        raise ShapeError(
            f"Argument `t` must be a one-dimensional grid of times, but its shape is {times.shape}."
        )
    if times[0] < 0:
        raise ArgumentError(
            f"Argument `t` must hold non-negative times, but its smallest entry is {times.min():g}."
        )
    steps = np.diff(times)
    if np.any(steps <= 0):
        k = int(np.argmax(steps <= 0))
        raise ArgumentError(
            f"Argument `t` must increase strictly, but t[{k}] = {times[k]:g} is followed by "
            f"t[{k + 1}] = {times[k + 1]:g}. Sort it and drop repeated times: np.unique(t)."
        )
    return times


def as_matrix(name: str, value: ArrayLike, *, rows: int, columns: int | None = None) -> Array:
    """Return `value` as a finite array of shape (..., rows, columns); leading axes are ensembles."""
    array = as_finite(name, value)
    wanted = f"(..., {rows}, {'width' if columns is None else columns})"
    if (
        array.ndim < 2
        or array.shape[-2] != rows
        or (columns is not None and array.shape[-1] != columns)
        or array.shape[-1] == 0
    ):
        raise ShapeError(
            f"{_called(name)} must have shape {wanted}, but its shape is {array.shape}."
        )
    return array


def as_second_moment(value: ArrayLike) -> Array:
    """Return `value` as a stack of symmetric positive semidefinite matrices, shape (..., d, d)."""
    moment = as_finite("second_moment", value)
    if moment.ndim < 2 or moment.shape[-1] != moment.shape[-2]:
        raise ShapeError(
            f"Argument `second_moment` must have shape (..., d, d), but its shape is {moment.shape}."
        )
    scale = float(np.abs(moment).max(initial=0.0))
    skew = float(np.abs(moment - np.swapaxes(moment, -1, -2)).max(initial=0.0))
    if skew > 1e-10 * scale:
        raise ArgumentError(
            f"Argument `second_moment` must be symmetric, but it differs from its transpose by {skew:g}."
        )
    diagonal = np.diagonal(moment, axis1=-2, axis2=-1)
    spread = np.count_nonzero(moment) > np.count_nonzero(diagonal)
    lowest = float((np.linalg.eigvalsh(moment) if spread else diagonal).min(initial=0.0))
    if lowest < -1e-10 * scale:
        raise ArgumentError(
            "Argument `second_moment` must be positive semidefinite, but its smallest eigenvalue "
            f"is {lowest:g}."
        )
    return moment


def not_negative(
    name: str, value: ArrayLike, *, error: type[SimTheoryError] = ArgumentError
) -> Array:
    """Return `value` as a finite array without negative entries."""
    array = as_finite(name, value)
    if array.size and array.min() < 0:
        raise error(
            f"{_called(name)} must not be negative, but its smallest entry is {array.min():g}."
        )
    return array


def all_positive(
    name: str, value: ArrayLike, *, error: type[SimTheoryError] = ArgumentError
) -> Array:
    """Return `value` as a finite array of positive entries."""
    array = as_finite(name, value)
    if array.size and array.min() <= 0:
        raise error(f"{_called(name)} must be positive, but its smallest entry is {array.min():g}.")
    return array


def shares(
    name: str, value: ArrayLike, *, ends: str = "[]", error: type[SimTheoryError] = ArgumentError
) -> Array:
    """Return `value` as an array of numbers from 0 to 1; `ends` is (), [), (] or []."""
    array = as_finite(name, value)
    if array.size:
        least, most = float(array.min()), float(array.max())
        above = least >= 0.0 if ends[0] == "[" else least > 0.0
        below = most <= 1.0 if ends[1] == "]" else most < 1.0
        if not (above and below):
            came = f"it runs from {least:g} to {most:g}" if array.ndim else f"it is {least!r}"
            raise error(f"{_called(name)} must lie in {ends[0]}0, 1{ends[1]}, but {came}.")
    return array


def share(
    name: str, value: float, *, ends: str = "()", error: type[SimTheoryError] = ArgumentError
) -> float:
    """Return `value`, such as a level, as a float from 0 to 1; `ends` is (), [), (] or []."""
    return float(shares(name, number(name, value), ends=ends, error=error))


def number(name: str, value: float) -> float:
    """Return `value` as a finite float."""
    array = as_finite(name, value)
    if array.ndim != 0 or np.asarray(value).dtype.kind in "bUS":  # a truth value or a text
        raise ArgumentError(f"{_called(name)} must be a number, but it is {value!r}.")
    return float(array)


def positive(name: str, value: float, *, error: type[SimTheoryError] = ArgumentError) -> float:
    """Return `value` as a finite float above zero."""
    array = as_finite(name, value, error=error)
    if array.ndim != 0 or array <= 0:
        raise error(f"{_called(name)} must be a positive number, but it is {value!r}.")
    return float(array)


def non_negative(name: str, value: float, *, error: type[SimTheoryError] = ArgumentError) -> float:
    """Return `value` as a finite float, zero or more."""
    found = number(name, value)
    if found < 0:
        raise error(f"{_called(name)} must not be negative, but it is {found!r}.")
    return found


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def positive_int(name: str, value: int) -> int:
    """Return `value` as an int above zero."""
    if not _whole(value) or value < 1:
        raise ArgumentError(f"{_called(name)} must be a positive integer, but it is {value!r}.")
    return int(value)


def non_negative_int(name: str, value: int) -> int:
    """Return `value` as an int, zero or more."""
    if not _whole(value) or value < 0:
        raise ArgumentError(f"{_called(name)} must be a non-negative integer, but it is {value!r}.")
    return int(value)


def as_seed(name: str, value: int) -> int:
    """Return `value` as an int that seeds a generator with 32 bits."""
    if not _whole(value) or not 0 <= value < 2**32:
        raise ArgumentError(
            f"{_called(name)} must be an integer from 0 to 2**32 - 1, but it is {value!r}."
        )
    return int(value)


def one_of(name: str, value: str, known: Iterable[str]) -> str:
    """Return `value` if it is one of the `known` names, else raise with the nearest ones."""
    names = list(known)
    if not isinstance(value, str):
        raise ArgumentError(
            f"{_called(name)} must be a word, one of {', '.join(names)}, but it is {value!r}."
        )
    if value not in names:
        raise ArgumentError(
            f"{_called(name)} is {value!r}, which is unknown; {nearest(value, names)}"
        )
    return value


def of_kind(name: str, value: object, kind: type[Kind]) -> Kind:
    """Return `value` if it is an instance of the class `kind`."""
    if not isinstance(value, kind):
        raise ArgumentError(
            f"{_called(name)} must be of the kind {kind.__name__}, but it is of the kind "
            f"{type(value).__name__}."
        )
    return value


def as_generator(rng: np.random.Generator | int | None) -> np.random.Generator:
    """Return `rng`, or the generator that the seed `rng` gives.

    None is refused: results are reproducible, so no draw takes a hidden seed.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if _whole(rng) and rng >= 0:  # type: ignore[operator]
        return np.random.default_rng(rng)
    raise ArgumentError(
        "Argument `rng` must be a seed, such as 0, or a numpy Generator, such as "
        f"np.random.default_rng(0), but got {rng!r}."
    )


def require(module: str, *, extra: str) -> ModuleType:
    """Import `module`, or say which extra of simtheory brings it."""
    try:
        return import_module(module)
    except ImportError as reason:
        raise MissingExtraError(
            f"This needs {module}, which is not installed. Install it with: "
            f'pip install "simtheory[{extra}]"'
        ) from reason
