"""Calls with one wrong argument, and the rules that their outcomes keep."""

from __future__ import annotations

import contextlib
import inspect
import random
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from simtheory.errors import RegimeError, SimTheoryError
from tests.properties.doors.entries import Entry, entries
from tests.properties.doors.good import COSTLY, MAY_BE_NAN, good
from tests.properties.doors.good.plot import AXES
from tests.properties.doors.wrong import NO_NUMBERS, NUMBERS, SAME

WRONG = {**NO_NUMBERS, **NUMBERS}

# Raw errors that may leave an entry: those of Python's own, about the number and names of arguments.
OWN_WORDS = re.compile(r"missing \d+ required|positional argument")
NUMERIC = re.compile(r"\b(ArrayLike|Array|IntArray|float|int)\b")


@dataclass(frozen=True)
class Call:
    """One call with one wrong argument."""

    entry: Entry
    parameter: str
    wrong: str

    def __str__(self) -> str:
        return f"{self.entry.name}({self.parameter}={self.wrong})"

    def fault(self) -> str | None:
        """Make the call; return the rule that its outcome breaks, or None."""
        arguments = good(self.entry)
        same = self.wrong in SAME
        value = SAME[self.wrong](arguments[self.parameter]) if same else WRONG[self.wrong]()
        arguments = {**arguments, self.parameter: value}
        try:
            with quiet():
                answer = self.entry.call(**arguments)
                if inspect.isgenerator(answer):
                    answer.close()
        except RegimeError:
            return None
        except SimTheoryError as error:
            return self._about(str(error), value)
        except TypeError as error:
            return None if OWN_WORDS.search(str(error)) else f"raw TypeError: {error}"
        except Exception as error:
            return f"raw {type(error).__name__}: {error}"
        if self.wrong in NO_NUMBERS and self._numeric():
            return "accepted in silence"
        if self.wrong in ("an object", "a class", "a module") and self._typed():
            return "accepted in silence"
        if same:
            with quiet():
                plain = self.entry.call(**good(self.entry))
            return None if alike(plain, answer) else "another answer for the same numbers"
        if holds_nan(answer) and not self._may_be_nan():
            return "NaN in the answer"
        return None

    def _may_be_nan(self) -> bool:
        names = (self.entry.name, f"{self.entry.name}({self.parameter})")
        return any(map(MAY_BE_NAN.fullmatch, names))

    def _about(self, text: str, value: Any) -> str | None:
        if len(text) > 600:
            return f"an error of {len(text)} characters: {text[:200]}"
        words = re.findall(
            r"[A-Za-z_0-9]+", f"{text} {text.lower()} {text.replace('axis', 'axes')}"
        )
        keys = set(value) if isinstance(value, Mapping) else set()
        named = {*self.entry.parameters, *self.entry.beside, *keys} & set(words)
        return None if named or text.startswith("The file ") else f"names no argument: {text}"

    def _numeric(self) -> bool:
        kind = self.entry.annotations[self.parameter]
        if self.wrong in ("None",) and "None" in kind:
            return False
        if (
            self.wrong
            in (
                "NaN",
                "an array with NaN",
                "a column with a missing value",
            )
            and self._may_be_nan()
        ):
            return False
        if self.wrong in ("a text", "a number as text") and re.search(r"\bstr\b", kind):
            return False
        other = re.search(
            r"\b(Any|object|Mapping|dict|Callable|Iterable|tuple\[\w+, \.\.\.\])", kind
        )
        return bool(NUMERIC.search(kind)) and not other

    def _typed(self) -> bool:
        kind = self.entry.annotations[self.parameter]
        return not re.search(r"\b(Any|object|Callable|T|R|Code|type|empty)\b", kind)


def holds_nan(answer: Any) -> bool:
    """Return whether NaN stands anywhere in an answer."""
    if isinstance(answer, float):
        return bool(np.isnan(answer))
    if isinstance(answer, np.ndarray):
        return answer.dtype.kind == "f" and bool(np.isnan(answer).any())
    if isinstance(answer, list | tuple):
        return any(map(holds_nan, answer))
    if is_dataclass(answer) and not isinstance(answer, type):
        return any(holds_nan(getattr(answer, each.name)) for each in fields(answer))
    return False


def alike(one: Any, other: Any) -> bool:
    """Return whether two answers hold the same numbers; what holds no numbers is not compared."""
    if isinstance(one, np.ndarray | float | int | np.generic):
        kept = isinstance(other, np.ndarray) == isinstance(one, np.ndarray)
        if np.asarray(one).dtype.kind != "f":
            return kept and np.array_equal(one, other)
        # another order in memory is another order of sums
        return kept and np.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, Mapping):
        return set(one) == set(other) and all(alike(one[key], other[key]) for key in one)
    if is_dataclass(one) and not isinstance(one, type):
        return all(alike(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    return type(one) is type(other)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let warnings pass, and close the figures that a call opened."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            AXES.clear()  # which all calls share: limits of NaN would stay
            if "matplotlib.pyplot" in sys.modules:
                sys.modules["matplotlib.pyplot"].close("all")


def calls() -> list[Call]:
    """Return all calls: every parameter of every entry with every wrong argument that cannot hang it."""
    found = []
    for entry in entries():
        known = good(entry)
        for parameter in entry.parameters:
            kind = entry.annotations[parameter]
            if type(known.get(parameter)) is np.ndarray and known[parameter].dtype == np.float64:
                found.extend(Call(entry, parameter, wrong) for wrong in SAME)
            for wrong in WRONG:
                costly = entry.short in COSTLY
                if costly and (
                    wrong not in ("an object", "a class", "a module") or not NUMERIC.search(kind)
                ):
                    continue
                if wrong in ("an integer beyond float64", "a large integer") and re.search(
                    r"\bint\b", kind
                ):
                    continue  # a count of 10**400 steps is right, and does not end
                if wrong == "integers beyond float64" and kind.startswith("tuple[int, "):
                    continue  # a shape that no memory holds
                if (
                    re.search(r"IntArray|Sequence\[int\]", kind)
                    and wrong == "integers beyond float64"
                ):
                    continue  # they are integers
                if re.match("Callable|.*Blocks", kind) and wrong in ("a function", "a class"):
                    continue  # any function is right
                found.append(Call(entry, parameter, wrong))
    return found


def drawn(count: int, *, seed: int) -> list[Call]:
    """Return `count` of all calls, the same for one seed."""
    every = calls()
    return random.Random(seed).sample(every, min(count, len(every)))
