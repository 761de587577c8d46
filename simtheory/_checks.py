"""Checks of arguments, made once at the public face; formulas and kernels behind it trust them.

Each check takes the name of the argument first and puts it into its error. A name with a space in it
stands there as it is, such as ``"Option --seed"`` or ``"Argument `rate` of a mode"``.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import fields
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from simtheory._names import nearest
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, MissingExtraError, ShapeError, SimTheoryError

Kind = TypeVar("Kind")
Entries = TypeVar("Entries", bound=NDArray[Any])


_EXACT = 2**53  # beyond it float64 skips integers
_LINE = 60  # characters of a value that a message shows; longer ones are cut


def called(name: str) -> str:
    """Return how an error names what was passed."""
    return name if " " in name else f"Argument `{name}`"


def shown(value: object) -> str:
    """Return `value` as a message shows it: on one line, and short."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # the repr of a foreign object may fail
        return f"an object of the kind {type(value).__name__}"
    return text if len(text) <= _LINE else f"{text[: _LINE - 3]}..."


def kind_of(value: object) -> str:
    """Return in words of what kind `value` is, for the end of a message."""
    if isinstance(value, type):
        return f"the class {value.__name__} itself, not an instance of it"
    return f"of the kind {type(value).__name__}"


def _no_numbers(value: Any) -> str | None:
    """Return why `value` is no number or nest of numbers, or None where NumPy may look at it."""
    if isinstance(value, float | np.floating):
        return None
    if value is None:
        return "None"
    if isinstance(value, bool | np.bool_):
        return f"the truth value {value}"
    if isinstance(value, int):
        return None if abs(value) <= _EXACT else "an integer beyond 2**53, which float64 skips"
    if isinstance(value, str | bytes | bytearray):
        return f"the text {shown(value)}"
    if isinstance(value, memoryview) and value.itemsize == 1:
        return "a view on bytes"
    if isinstance(value, list | tuple):
        return next((why for why in map(_no_numbers, value) if why is not None), None)
    if isinstance(value, np.ma.MaskedArray):
        return "a masked array, whose mask would be lost: pass .filled(...) or .compressed()"
    if isinstance(value, np.ndarray):
        plain = type(value) in (np.ndarray, np.matrix, np.memmap)
        more = f"of the kind {type(value).__name__}, which holds more than numbers"
        return None if plain else f"{more}: pass np.asarray of it"
    if isinstance(value, dict | set | frozenset | Iterator):
        return f"of the kind {type(value).__name__}, which has no order or no length: pass a list"
    if hasattr(value, "toarray"):
        return f"of the kind {type(value).__name__}, a sparse matrix: pass .toarray()"
    return None


def _no_reals(given: NDArray[Any]) -> str | None:
    """Return why an array does not hold real numbers that float64 can hold, or None."""
    kind = given.dtype.kind
    if kind == "f":
        return None
    if kind in "iu":
        large = given.size and (int(given.max()) > _EXACT or int(given.min()) < -_EXACT)
        return "an integer beyond 2**53, which float64 skips" if large else None
    if kind == "V" and given.dtype.names is None and given.dtype.type.__module__ == "ml_dtypes":
        return None  # the short floats of JAX
    names = {
        "b": "truth values",
        "c": "complex numbers",
        "M": "dates",
        "m": "time spans",
        "U": "text",
        "S": "text",
        "T": "text",
        "V": "records",
    }
    if kind in names:
        return names[kind]
    first = next(iter(given.flat), None)
    if isinstance(first, int) and not isinstance(first, bool):
        return "an integer beyond 2**53, which float64 skips"
    return f"an object {kind_of(first)}" if given.size else "objects"


def as_numbers(name: str, value: Any, *, error: type[SimTheoryError] = ArgumentError) -> Array:
    """Return `value` as a new float64 array of real numbers, which may be infinite or NaN.

    This is the one place where what a caller passed becomes an array. A container that holds more than
    numbers (a mask, dates, units, text, truth values, imaginary parts, objects) is refused, because
    NumPy would strip it.
    """
    if type(value) is np.ndarray and value.dtype == np.float64:
        return np.array(value)
    wanted = f"{called(name)} must be an array of real numbers, but "
    why = _no_numbers(value)
    if why is not None:
        verb = "holds" if isinstance(value, list | tuple) else "is"
        raise error(f"{wanted}it {verb} {why}.")
    try:
        given = np.asarray(value)
    except Exception as reason:  # a foreign object may raise anything when NumPy asks it
        nested = isinstance(value, list | tuple) and "inhomogeneous" in str(reason)
        came = "its rows differ in length" if nested else f"got {shown(value)}"
        raise error(f"{wanted}{came}.") from reason
    why = _no_reals(given)
    if why is not None:
        raise error(f"{wanted}it holds {why}: {shown(value)}.")
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes infinite
        return np.array(given, dtype=np.float64)


def as_finite(name: str, value: Any, *, error: type[SimTheoryError] = ArgumentError) -> Array:
    """Return `value` as a float64 array, all of whose entries are finite."""
    array = as_numbers(name, value, error=error)
    finite = np.isfinite(array)
    if not finite.all():
        bad = np.argwhere(~finite)
        where = tuple(int(i) for i in bad[0])
        place = f" at index {where}" if where else ""
        raise error(
            f"{called(name)} must be finite, but it holds {array[where]}{place}"
            f" ({len(bad)} bad of {array.size} entries)."
        )
    return array


def rounding(*given: Any, double: float) -> float:
    """Return the tolerance at which a property of `given` is checked: that of its own precision.

    `double` is the tolerance for double precision. Shorter floats are allowed 64 of their own units.
    """
    kinds = [np.asarray(value).dtype for value in given]
    units = [float(np.finfo(kind).eps) for kind in kinds if kind.kind == "f" and kind.itemsize < 8]
    return max([double, *(64.0 * unit for unit in units)])


def floats(name: str, value: Any) -> Any:
    """Return a float, an array of NumPy or of JAX as it is, and anything else as an array of numbers."""
    if type(value) is float:
        return value
    plain = type(value) is np.ndarray or not isinstance(value, np.ndarray)
    if plain and hasattr(value, "__array_namespace__"):
        short = value.dtype.type.__module__ == "ml_dtypes"  # floats of JAX, as bfloat16
        if value.dtype.kind == "f" or short:
            return value
    return as_numbers(name, value)


def frozen(array: Entries) -> Entries:
    """Mark `array` read-only and return it."""
    array.setflags(write=False)
    return array


def frozen_again(self: Any, state: list[Any]) -> None:
    """Fill a frozen dataclass that is unpickled or copied: its arrays become read-only again."""
    for each, value in zip(fields(self), state, strict=True):
        for array in value if isinstance(value, tuple) else (value,):
            if isinstance(array, np.ndarray):
                frozen(array)
        object.__setattr__(self, each.name, value)


def increasing(name: str, values: Array) -> None:
    """Check that a row of numbers increases strictly."""
    steps = np.diff(values)
    if np.any(steps <= 0):
        k = int(np.argmax(steps <= 0))
        raise ArgumentError(
            f"{called(name)} must increase strictly, but {name}[{k}] = {values[k]:g} is followed by "
            f"{name}[{k + 1}] = {values[k + 1]:g}. Sort it and drop what repeats: np.unique({name})."
        )


def as_times(t: ArrayLike, *, name: str = "t") -> Array:
    """Return `t` as a strictly increasing, non-negative grid of canonical times, shape (T,)."""
    times = as_finite(name, t)
    if times.ndim != 1 or times.size == 0:
        raise ShapeError(
            f"{called(name)} must be a one-dimensional grid of times, but its shape is {times.shape}."
        )
    if times[0] < 0:
        raise ArgumentError(
            f"{called(name)} must hold non-negative times, but its smallest entry is {times.min():g}."
        )
    increasing(name, times)
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
            f"{called(name)} must have shape {wanted}, but its shape is {array.shape}."
        )
    return array


def as_second_moment(value: ArrayLike, *, name: str = "second_moment") -> Array:
    """Return `value` as a stack of symmetric positive semidefinite matrices, shape (..., d, d)."""
    moment = as_finite(name, value)
    if moment.ndim < 2 or moment.shape[-1] != moment.shape[-2]:
        raise ShapeError(
            f"{called(name)} must have shape (..., d, d), but its shape is {moment.shape}."
        )
    tolerance = rounding(value, double=1e-10)
    scale = float(np.abs(moment).max(initial=0.0))
    skew = float(np.abs(moment - np.swapaxes(moment, -1, -2)).max(initial=0.0))
    if skew > tolerance * scale:
        raise ArgumentError(
            f"{called(name)} must be symmetric, but it differs from its transpose by {skew:g}."
        )
    diagonal = np.diagonal(moment, axis1=-2, axis2=-1)
    spread = np.count_nonzero(moment) > np.count_nonzero(diagonal)
    lowest = float((np.linalg.eigvalsh(moment) if spread else diagonal).min(initial=0.0))
    if lowest < -tolerance * scale:
        raise ArgumentError(
            f"{called(name)} must be positive semidefinite, but its smallest eigenvalue "
            f"is {lowest:g}."
        )
    if tolerance > 1e-10:  # came in short floats: hold exactly what held to rounding
        moment = 0.5 * (moment + np.swapaxes(moment, -1, -2))
        if lowest < 0:
            sizes, axes = np.linalg.eigh(moment)
            moment = (axes * np.maximum(sizes, 0.0)[..., None, :]) @ np.swapaxes(axes, -1, -2)
            moment = 0.5 * (moment + np.swapaxes(moment, -1, -2))
    return moment


def not_negative(
    name: str, value: ArrayLike, *, error: type[SimTheoryError] = ArgumentError
) -> Array:
    """Return `value` as a finite array without negative entries."""
    array = as_finite(name, value)
    if array.size and array.min() < 0:
        raise error(
            f"{called(name)} must not be negative, but its smallest entry is {array.min():g}."
        )
    return array


def all_positive(
    name: str, value: ArrayLike, *, error: type[SimTheoryError] = ArgumentError
) -> Array:
    """Return `value` as a finite array of positive entries."""
    array = as_finite(name, value)
    if array.size and array.min() <= 0:
        raise error(f"{called(name)} must be positive, but its smallest entry is {array.min():g}.")
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
            raise error(f"{called(name)} must lie in {ends[0]}0, 1{ends[1]}, but {came}.")
    return array


def share(
    name: str, value: float, *, ends: str = "()", error: type[SimTheoryError] = ArgumentError
) -> float:
    """Return `value`, such as a level, as a float from 0 to 1; `ends` is (), [), (] or []."""
    return float(shares(name, number(name, value), ends=ends, error=error))


def between(
    name: str,
    value: ArrayLike,
    low: float,
    high: float,
    *,
    error: type[SimTheoryError] = ArgumentError,
) -> Array:
    """Return `value` as an array of numbers between two, both of which are allowed."""
    array = as_finite(name, value, error=error)
    if array.size and not (array.min() >= low and array.max() <= high):
        ends = f"it runs from {array.min():g} to {array.max():g}"
        came = ends if array.ndim else f"it is {float(array)!r}"
        raise error(f"{called(name)} must lie between {low:g} and {high:g}, but {came}.")
    return array


def number(name: str, value: float) -> float:
    """Return `value` as a finite float."""
    array = as_finite(name, value)
    if array.ndim != 0:
        raise ArgumentError(f"{called(name)} must be a number, but it is {shown(value)}.")
    return float(array)


def positive(name: str, value: float, *, error: type[SimTheoryError] = ArgumentError) -> float:
    """Return `value` as a finite float above zero."""
    array = as_finite(name, value, error=error)
    if array.ndim != 0 or array <= 0:
        raise error(f"{called(name)} must be a positive number, but it is {shown(value)}.")
    return float(array)


def non_negative(name: str, value: float, *, error: type[SimTheoryError] = ArgumentError) -> float:
    """Return `value` as a finite float, zero or more."""
    found = number(name, value)
    if found < 0:
        raise error(f"{called(name)} must not be negative, but it is {found!r}.")
    return found


def extended(name: str, value: float, *, least: float = -np.inf) -> float:
    """Return `value` as a float from `least` on, which may be infinite, but is not NaN."""
    array = as_numbers(name, value)
    if array.ndim != 0 or not array >= least:  # NaN is not
        from_least = "" if np.isinf(least) else f" from {least:g} on"
        raise ArgumentError(
            f"{called(name)} must be a number{from_least} or infinite, but it is {shown(value)}."
        )
    return float(array)


def is_integer(value: object) -> bool:
    """Return whether `value` is an integer; a truth value and a time span are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64)


def positive_int(name: str, value: int) -> int:
    """Return `value` as an int above zero."""
    if not is_integer(value) or value < 1:
        raise ArgumentError(f"{called(name)} must be a positive integer, but it is {shown(value)}.")
    return int(value)


def non_negative_int(name: str, value: int) -> int:
    """Return `value` as an int, zero or more."""
    if not is_integer(value) or value < 0:
        raise ArgumentError(
            f"{called(name)} must be a non-negative integer, but it is {shown(value)}."
        )
    return int(value)


def as_seed(name: str, value: int) -> int:
    """Return `value` as an int that seeds a generator with 32 bits."""
    if not is_integer(value) or not 0 <= value < 2**32:
        raise ArgumentError(
            f"{called(name)} must be an integer from 0 to 2**32 - 1, but it is {shown(value)}."
        )
    return int(value)


def one_of(name: str, value: str, known: Iterable[str]) -> str:
    """Return `value` if it is one of the `known` names, else raise with the nearest ones."""
    names = list(known)
    if not isinstance(value, str):
        raise ArgumentError(
            f"{called(name)} must be a word, one of {', '.join(names)}, but it is {shown(value)}."
        )
    if value not in names:
        raise ArgumentError(
            f"{called(name)} is {shown(value)}, which is unknown; {nearest(value, names)}"
        )
    return value


def flag(name: str, value: bool) -> bool:
    """Return `value` as a bool; numbers and words are refused, as they may mean something else."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentError(f"{called(name)} must be True or False, but it is {shown(value)}.")
    return bool(value)


def of_kind(name: str, value: object, kind: type[Kind]) -> Kind:
    """Return `value` if it is an instance of the class `kind`."""
    if not isinstance(value, kind):
        raise ArgumentError(
            f"{called(name)} must be of the kind {kind.__name__}, but it is {kind_of(value)}."
        )
    return value


def as_strings(
    name: str, value: Any, alphabet: int, *, length: int | None = None, least: int = 0
) -> IntArray:
    """Return strings of tokens below `alphabet`, shape (N, d); messages name the place of a wrong one."""
    try:
        given = np.asarray(value)
    except Exception as reason:  # a foreign object may raise anything when NumPy asks it
        raise ArgumentError(
            f"Argument `{name}` must be an array of integers, but it is {shown(value)}."
        ) from reason
    if given.dtype.kind not in "iu":
        raise ArgumentError(
            f"Argument `{name}` must hold integers, one for each token, but its numbers are of the kind "
            f"{given.dtype}. Convert them with `.astype(int)` if they are whole."
        )
    if given.ndim != 2 or (length is not None and given.shape[1] != length) or not given.shape[1]:
        wanted = "d" if length is None else length
        raise ShapeError(
            f"Argument `{name}` must have shape (N, {wanted}), but its shape is {given.shape}."
        )
    tokens = np.ascontiguousarray(given, dtype=np.intp)
    if tokens.size and (tokens.min() < least or tokens.max() >= alphabet):
        bad = np.argwhere((tokens < least) | (tokens >= alphabet))[0]
        raise ArgumentError(
            f"Argument `{name}` must hold tokens from {least} to {alphabet - 1}, but it holds "
            f"{given[tuple(bad)]} in string {bad[0]} at place {bad[1]}."
        )
    return tokens


def as_generator(
    rng: np.random.Generator | int | None, *, name: str = "rng"
) -> np.random.Generator:
    """Return `rng`, or the generator that the seed `rng` gives.

    None is refused: results are reproducible, so no draw takes a hidden seed.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if is_integer(rng) and rng >= 0:  # type: ignore[operator]
        return np.random.default_rng(rng)
    raise ArgumentError(
        f"{called(name)} must be a seed, such as 0, or a numpy Generator, such as "
        f"np.random.default_rng(0), but got {shown(rng)}."
    )


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn about a call, with the line of the caller outside this package."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_globals["__name__"].partition(".")[0] in _OWN:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


_OWN = ("simtheory", "numpy", "contextlib")
"""Packages whose frames stand between a caller and a warning: faces and their contexts."""


def require(module: str, *, extra: str) -> ModuleType:
    """Import `module`, or say which extra of simtheory brings it."""
    try:
        return import_module(module)
    except ImportError as reason:
        raise MissingExtraError(
            f"This needs {module}, which is not installed. Install it with: "
            f'pip install "simtheory[{extra}]"'
        ) from reason


def refuse_beyond_memory(what: str, size: int, remedy: str) -> None:
    """Raise an error if so many bytes are more than the memory of this machine."""
    try:
        held = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # a system that does not say it
        return
    if size > held:
        raise ArgumentError(
            f"{what} must fit the memory of this machine, {held / 1e9:.3g} GB, but would take "
            f"{size / 1e9:.3g} GB. {remedy}"
        )
