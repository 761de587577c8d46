"""The one check on the face of every public entry: arguments are of the kinds that its signature names.

``@face`` reads the annotations of a function, or of the constructor and the public methods of a class,
and refuses what is of another kind before the entry runs: a text for a task, a class for its instance,
a number for a flag, a mask or dates for an array. What a signature cannot say (a range, a shape, a
sum) is checked in the entry. A keyword that the signature does not name is answered with the nearest
that it does. Underflow to zero is harmless in every entry, so ``np.seterr(under="raise")`` does not
reach it. A test demands that every public entry is a face.

Problem
-------
Annotations are text. Each is read once, at the first call, and becomes a list of *tests*; a value
passes if it passes one of them. A name that is imported for type checkers only is compared with the
names of the value's classes.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, overload

import numpy as np

from simtheory._checks import called, shown
from simtheory._kinds import came, kinds_of
from simtheory._names import nearest
from simtheory.errors import ArgumentError, ShapeError, SimTheoryError

__all__ = ["face", "is_face"]

Entry = TypeVar("Entry")


class _Tests(NamedTuple):
    """The checks of one function."""

    ordered: list[Any]  # by place
    named: dict[str, Any]
    rest: Any  # of further keywords
    plain: dict[str, tuple[int, Callable[[Any], Any]]]  # place and conversion of bare numbers


@overload
def face(entry: Entry) -> Entry: ...


@overload
def face(*, but: tuple[str, ...]) -> Callable[[Entry], Entry]: ...


def face(entry: Any = None, *, but: tuple[str, ...] = ()) -> Any:
    """Check the kinds of the arguments of a function, or of a class's constructor and public methods.

    Parameters
    ----------
    entry : function or class
        With annotations. An argument is passed on as it came, but for a list or number where the
        signature names an array rather than what may become one.
    but : tuple of str
        Arguments that the entry checks itself, with words of its own.

    Returns
    -------
    function or class
        The function with its check, or the same class.

    Raises
    ------
    ArgumentError
        At a call, if an argument is not of the kind that the signature names, or if a keyword is unknown.
    ShapeError
        At a call, if NumPy finds that the shapes of the arrays do not fit each other.
    """
    if entry is None:
        return functools.partial(_face, but=but)
    return _face(entry, but=but)


def _face(entry: Any, *, but: tuple[str, ...]) -> Any:
    if not isinstance(entry, type):
        return _checked(entry, None, but)
    for name, member in list(vars(entry).items()):
        if name.startswith("_") and name not in ("__init__", "__call__", "__new__"):
            continue
        if name == "__new__" and not hasattr(entry, "_fields"):
            continue
        if isinstance(member, classmethod | staticmethod):
            wrapped: Any = type(member)(_checked(member.__func__, entry, but))
        elif inspect.isfunction(member):
            wrapped = _checked(member, entry, but)
        else:
            continue
        setattr(entry, name, wrapped)
    entry.__face__ = True  # type: ignore[attr-defined]
    return entry


def is_face(entry: Any) -> bool:
    """Return whether the arguments of `entry` are checked by `face`."""
    return "__face__" in vars(entry)


def _checked(function: Any, home: type | None, but: tuple[str, ...]) -> Any:
    """Return `function` with a check of its arguments in front."""
    tests: _Tests | None = None

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        nonlocal tests
        if tests is None:
            tests = _tests(function, home, but)
        ordered, named, rest, plain = tests
        for test, value in zip(ordered, args, strict=False):
            if test is not None:
                test(value)
        for name, value in kwargs.items():
            if name in named:
                test = named[name]
            elif rest is _UNKNOWN:
                raise _unknown(name, named)
            else:
                test = rest
            if test is not None:
                test(value)
        if plain:
            args, kwargs = _converted(plain, args, kwargs)
        try:
            with np.errstate(under="ignore"):
                return function(*args, **kwargs)
        except OverflowError as reason:  # floats of Python, as in 1e300**2
            raise ArgumentError(_beyond(function, args, kwargs)) from reason
        except AttributeError as reason:  # Matplotlib, about a property that it does not know
            found = _KEYWORD.search(str(reason))
            if rest is _UNKNOWN or found is None or found[1] not in kwargs:
                raise
            raise _unknown(found[1], named, f" It was passed on, and refused: {reason}") from reason
        except (ValueError, IndexError, TypeError) as reason:
            if isinstance(reason, SimTheoryError) or not _of_shapes(reason):
                raise
            shapes = _shapes(function, args, kwargs)
            if not shapes:
                raise
            raise ShapeError(f"{shapes}, which NumPy cannot use here: {reason}") from reason

    checked.__face__ = True  # type: ignore[attr-defined]
    return checked


_UNKNOWN = object()
"""Stands for the check of further keywords where a signature takes none."""

_KEYWORD = re.compile(r"unexpected keyword argument '(\w+)'")


def _unknown(name: str, named: dict[str, Any], more: str = "") -> ArgumentError:
    known = [each for each in named if each not in ("self", "cls")]
    why = nearest(name, known) if known else "this takes none."
    return ArgumentError(f"{called(name)} is unknown; {why}{more}")


_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
"""Floats that compiled code and linear algebra take; big-endian, half and long ones are converted."""


def _plain_array(value: Any) -> Any:
    plain = type(value) is np.ndarray and value.dtype in _FLOATS
    return value if plain else np.asarray(value, dtype=np.float64)


def _plain_integers(value: Any) -> Any:
    return value if type(value) is np.ndarray else np.asarray(value)


def _plain_int(value: Any) -> Any:
    return int(value) if isinstance(value, np.integer) else value  # short ones overflow


def _plain_float(value: Any) -> Any:
    plain = type(value) in (float, int, np.float64)
    return value if plain else float(np.asarray(value))


def _plain_arrays(values: Any) -> Any:
    made = tuple(map(_plain_array, values))
    same = type(values) is tuple and all(a is b for a, b in zip(made, values, strict=True))
    return values if same else made


_PLAIN = {
    "Array": _plain_array,
    "tuple[Array, ...]": _plain_arrays,
    "IntArray": _plain_integers,
    "int": _plain_int,
    "float": _plain_float,
}
"""What is made of an argument whose annotation is one of these, or one of these or None."""
_BARE = re.compile(rf"^(ForwardRef\(')?({'|'.join(map(re.escape, _PLAIN))})( \| None)?('\))?$")


def _converted(
    plain: dict[str, tuple[int, Callable[[Any], Any]]],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments with plain arrays and numbers where the signature names such."""
    for name, (place, convert) in plain.items():
        by_place = 0 <= place < len(args)
        value = args[place] if by_place else kwargs.get(name)
        if value is None:
            continue
        made = convert(value)
        if made is value:
            continue
        if by_place:
            args = (*args[:place], made, *args[place + 1 :])
        else:
            kwargs = {**kwargs, name: made}
    return args, kwargs


_SHAPE_WORDS = (
    "accumulate on a scalar",
    "len() of unsized object",
    "only 0-dimensional arrays can be converted",
    "tuple index out of range",
    "cannot reshape",
    "must be an integer array",
    "arrays used as indices",
    "values to unpack (expected",
    "invalid index to scalar variable",
    "empty sequence",
    "out of bounds for axis",
    "requires input that is at least",
    "same number of dimensions",
    "broadcast",
    "core dimension",
    "einstein sum",
    "shapes (",
    "enough dimensions",
    "out of bounds for array of dimension",
    "too many indices",
    "window shape",
    "square",
    "more dimensions than allowed",
    "all the input array",
    "zero-size array",
    "at least two-dimensional",
)


def _beyond(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return the message about numbers whose powers float64 cannot hold."""
    bound = inspect.signature(function).bind_partial(*args, **kwargs).arguments
    given = {name: value for name, value in bound.items() if isinstance(value, int | float)}
    named = ", ".join(f"`{name}` = {shown(value)}" for name, value in given.items())
    of = f"Arguments {named}" if len(given) > 1 else f"Argument {named}" if given else "Arguments"
    return f"{of} must give numbers that float64 can hold, but they lead beyond 1.8e308."


def _of_shapes(reason: Exception) -> bool:
    """Return whether NumPy says that shapes do not fit."""
    text = str(reason)
    return any(words in text for words in _SHAPE_WORDS)


def _shapes(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return the names and shapes of the arrays among the arguments of a call."""
    bound = inspect.signature(function).bind_partial(*args, **kwargs).arguments
    found = {}
    for name, value in bound.items():
        whole = isinstance(value, np.ndarray | list | tuple | float | int)
        if whole and not isinstance(value, bool):
            try:
                found[name] = np.shape(value)
            except ValueError:
                continue
    if not found:
        return ""
    named = [f"`{name}` {shape}" for name, shape in found.items()]
    if len(named) == 1:
        return f"Argument {named[0].replace(' ', ' has shape ', 1)}"
    return f"Arguments {', '.join(named[:-1])} and {named[-1]} have shapes"


def _tests(function: Any, home: type | None, but: tuple[str, ...]) -> _Tests:
    """Return the checks of a function."""
    plain: dict[str, tuple[int, Callable[[Any], Any]]] = {}
    ordered: list[Any] = []
    named: dict[str, Any] = {}
    rest: Any = _UNKNOWN
    space = vars(sys.modules[(home or function).__module__]) | getattr(
        inspect.unwrap(function), "__globals__", {}
    )
    for name, parameter in inspect.signature(function).parameters.items():
        test = None if name in but else _check(name, parameter.annotation, space)
        if parameter.kind is parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            rest = test
            continue
        by_place = parameter.kind is not parameter.KEYWORD_ONLY
        bare = _BARE.search(str(parameter.annotation))
        if bare is not None and name not in but:
            plain[name] = len(ordered) if by_place else -1, _PLAIN[bare[2]]
        if by_place:
            ordered.append(test)
        if parameter.kind is not parameter.POSITIONAL_ONLY:
            named[name] = test
    return _Tests(ordered, named, rest, plain)


def _check(name: str, annotation: Any, space: dict[str, Any]) -> Callable[[Any], None] | None:
    """Return the check of one argument, or None where its annotation allows anything."""
    kinds = kinds_of(annotation, space)
    if kinds is None:
        return None
    if len(kinds) == 1:
        only = kinds[0]

        def single(value: Any) -> None:
            why = only.test(name, value)
            if why is not None:
                raise ArgumentError(
                    why or f"{called(name)} must be {only.wanted}, but it is {came(value)}."
                )

        return single

    def several(value: Any) -> None:
        reasons = []
        for kind in kinds:
            why = kind.test(name, value)
            if why is None:
                return
            reasons.append(why)
        given = [r for r in reasons if r]
        if given and all(k.wanted == "None" for k, r in zip(kinds, reasons, strict=True) if not r):
            raise ArgumentError(given[0])
        entries = [r for r in given if r.startswith(called(f"{name}[").rstrip("`"))]
        if len(entries) == 1:  # of one container whose entries are of the wrong kind
            raise ArgumentError(entries[0])
        wanted = " or ".join(k.wanted for k in kinds if k.wanted != "None")
        wanted = wanted.replace(" or of the kind ", " or ")
        raise ArgumentError(f"{called(name)} must be {wanted}, but it is {came(value)}.")

    return several
