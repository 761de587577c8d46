"""What a proof is: steps in words, each with a residual that must vanish identically.

To add a proof, write in the module of its subject::

    @proof("tied-mode")
    def tied_mode(statement):
        w = statement.substitute(...)["w"]
        yield Step("The closed form solves the equation of motion.", sympy.diff(w, t) - ...)

The formula comes from the statement, so a proof proves what the docs print.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sympy

from simtheory.analytic.symbolic import STATEMENTS, Statement

__all__ = ["PROOFS", "Step", "matrix_field", "proof", "symmetric"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a proof.

    Parameters
    ----------
    text : str
        What is shown.
    residual : sympy expression or Matrix
        What must be zero for every value of its symbols.
    """

    text: str
    residual: Any

    @property
    def holds(self) -> bool:
        """Whether the residual simplifies to zero."""
        entries = self.residual if isinstance(self.residual, sympy.MatrixBase) else [self.residual]
        return all(_vanishes(entry) for entry in entries)


Steps = Callable[[Statement], Iterator[Step]]
Proof = Callable[..., Iterator[Step]]

PROOFS: dict[str, Proof] = {}
"""Label to proof, in the order in which they are read; ``PROOFS[label]()`` yields its steps."""


def proof(label: str) -> Callable[[Steps], Proof]:
    """Register a function as the proof of a label.

    Parameters
    ----------
    label : str
        The label.

    Returns
    -------
    callable
        A decorator. The proof it gives proves the label's statement unless it is handed another.
    """

    def register(steps: Steps) -> Proof:
        @functools.wraps(steps)
        def proved(statement: Statement = STATEMENTS[label]) -> Iterator[Step]:
            return steps(statement)

        PROOFS[label] = proved
        return proved

    return register


def symmetric(letter: str, d: int, **assumptions: bool) -> sympy.Matrix:
    """Return a symmetric matrix of symbols.

    Parameters
    ----------
    letter : str
        Its letter.
    d : int
        Its size.
    **assumptions : bool
        Passed on to each symbol.

    Returns
    -------
    sympy.Matrix
        With one symbol for entries (i, j) and (j, i).
    """

    def entry(i: int, j: int) -> sympy.Symbol:
        return sympy.Symbol(f"{letter}_{min(i, j) + 1}{max(i, j) + 1}", **assumptions)

    return sympy.Matrix(d, d, entry)


def matrix_field(W: sympy.Matrix, A: sympy.Matrix) -> sympy.Matrix:
    """Return the velocity of W in a tied net; ``tied-field`` proves it.

    Parameters
    ----------
    W : sympy.Matrix
        End-to-end map.
    A : sympy.Matrix
        Uncentred second moment.

    Returns
    -------
    sympy.Matrix
        V(W).
    """
    return A * W + W * A - (A * W**2 + W**2 * A + 2 * W * A * W) / 2


def _vanishes(entry: Any) -> bool:
    expanded = sympy.expand(entry)
    if expanded == 0:
        return True
    return not _refuted(expanded) and sympy.simplify(expanded) == 0


def _refuted(entry: Any) -> bool:
    """Whether a residual is plainly not zero at some point, which is much faster to see."""
    letters = sorted(entry.free_symbols, key=str)
    point = {letter: sympy.Rational(2 * k + 3, 5 * k + 17) for k, letter in enumerate(letters)}
    value = entry.subs(point).evalf(30)
    return bool(value.is_number and abs(value) > 1e-12)
