"""A function of the user's own, which computes the cells one by one."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from simtheory._checks import nearest, positive_int
from simtheory._faces import face
from simtheory._files import digest
from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.sweep.family import Cell, Family, Outcome, Request, Variable

__all__ = ["Function", "imported"]


@face
@dataclass(frozen=True)
class Function(Family):
    """Cells that a function computes.

    Parameters
    ----------
    function : callable
        From a `Cell` to a mapping from the names of `shapes` to numbers or arrays.
    shapes : mapping of str to mapping of str to int
        For each variable, the names and lengths of its axes beyond those of the cells.
    """

    kind = "function"
    function: Callable[[Cell], Mapping[str, Any]]
    shapes: Mapping[str, Mapping[str, int]]

    def __post_init__(self) -> None:
        lengths: dict[str, int] = {}
        for name, shape in self.shapes.items():
            for axis, size in shape.items():
                if lengths.setdefault(axis, positive_int(f"variables.{name}.{axis}", size)) != size:
                    raise ArgumentError(
                        f"Axis {axis!r} of argument `variables` must have one length, but it has "
                        f"{lengths[axis]} and {size}."
                    )
        self.fingerprint  # noqa: B018 - says now that a function cannot be sent to workers

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes that the spec names for its variables."""
        return tuple(axis for shape in self.shapes.values() for axis in shape)

    @cached_property
    def fingerprint(self) -> str:
        """Name of the function, and a digest of what it is."""
        function: Any = self.function
        try:
            content = pickle.dumps(function)
        except Exception as reason:
            raise ArgumentError(
                "Argument `function` must be importable by other processes: define it at the top of "
                f"a module, not inside another function. ({reason})"
            ) from reason
        with suppress(OSError, TypeError):  # without a source its pickle is all there is
            content = inspect.getsource(function).encode()
        name = getattr(function, "__qualname__", type(function).__qualname__)
        return f"{name} {digest(content)}"

    def check(self, spec: Request) -> None:
        """Let every spec pass."""

    def variables(self, spec: Request) -> dict[str, Variable]:
        """Return the variables that the spec names."""
        return {name: Variable(name, tuple(shape)) for name, shape in self.shapes.items()}

    def sizes(self, spec: Request) -> dict[str, int]:
        """Return the lengths that the spec names."""
        return {axis: size for shape in self.shapes.values() for axis, size in shape.items()}

    def cost(self, spec: Request) -> None:
        """Return None: nothing is known of the function."""

    def start(self, spec: Request, cell: Cell, memory: dict[Any, Any]) -> Cell:
        """Return the cell."""
        return cell

    def compute(self, spec: Request, cells: Sequence[Cell], outcome: Outcome) -> None:
        """Call the function for each cell."""
        for k, cell in enumerate(cells):
            try:
                found = self.function(cell)
                numbers = {name: self._array(name, found[name]) for name in self.shapes}
            except MemoryError:
                raise  # it concerns the machine, not the cell
            except Exception as reason:
                outcome.reasons[k] = f"{type(reason).__name__}: {reason}"
                continue
            for name, array in numbers.items():
                outcome.values[name][k] = array

    def _array(self, name: str, value: Any) -> float | Array:
        shape = tuple(self.shapes[name].values())
        if not shape:
            return float(value)
        array = np.asarray(value)
        if array.shape != shape:
            raise ValueError(
                f"Variable `{name}` must have shape {shape}, but its shape is {array.shape}."
            )
        if np.iscomplexobj(array):  # NumPy would drop the imaginary part
            raise TypeError(f"Variable `{name}` must hold real numbers, but they are complex.")
        return array.astype(np.float64)


@face
def imported(function: Any, *, allow_code: bool) -> Callable[..., Any]:
    """Return a function as it is, or import the one that a text names.

    Parameters
    ----------
    function : callable or str
        The function, or ``"module:name"``.
    allow_code : bool
        Whether the module may be imported, which runs its code.

    Returns
    -------
    callable
        The function.

    Raises
    ------
    ArgumentError
        If its code may not run, or there is no such function.
    """
    if isinstance(function, str):
        module, colon, name = function.partition(":")
        if not (colon and name.isidentifier() and all(p.isidentifier() for p in module.split("."))):
            raise ArgumentError(
                f'Argument `function` must be "module:name" or a callable, but it is {function!r}.'
            )
        if not allow_code:
            raise ArgumentError(
                f"The spec names the function {function!r}, whose code would run here with all your "
                "rights. If you trust it, pass allow_code=True, or --allow-code on a shell."
            )
        try:
            home = import_module(module)
        except Exception as reason:
            raise ArgumentError(
                f"The module of the function {function!r} cannot be imported: "
                f"{type(reason).__name__}: {reason}"
            ) from reason
        if not hasattr(home, name):
            known = [n for n, part in vars(home).items() if inspect.isfunction(part)]
            said = nearest(name, known) if known else "it has no functions."
            raise ArgumentError(f"The module {module!r} has no function {name!r}; {said}")
        function = getattr(home, name)
    if not callable(function):
        raise ArgumentError(f"Argument `function` must be callable, but it is {function!r}.")
    return function
