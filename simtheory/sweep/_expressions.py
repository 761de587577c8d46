"""Small arithmetic in a spec: numbers of a cell from the names of its axes."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

from simtheory._checks import nearest
from simtheory.errors import ArgumentError

__all__ = ["evaluated", "names_in", "value_of"]

_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    # Of floats: a power of whole numbers could fill the memory.
    ast.Pow: lambda base, power: math.pow(base, power),
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "min": min,
    "max": max,
}


def names_in(text: str, *, known: Collection[str]) -> set[str]:
    """Return the axes that an expression names; refuse what is no arithmetic."""
    used = set()
    called = set()
    for node in ast.walk(_parsed(text)):
        match node:
            case ast.Call(func=ast.Name(id=name) as function, keywords=[]) if name in _FUNCTIONS:
                called.add(function)
            case ast.Name(id=name) if name in known:
                used.add(name)
            case ast.Name(id=name):
                if node not in called:
                    raise ArgumentError(
                        f"Expression {text!r} names {name!r}, which is no axis; "
                        f"{nearest(name, [*known, *_FUNCTIONS])}"
                    )
            case ast.BinOp(op=op) | ast.UnaryOp(op=op) if type(op) in _OPERATORS:
                pass
            case ast.Constant(value=int() | float()) | ast.Expression() | ast.Load():
                pass
            case ast.operator() | ast.unaryop():
                pass
            case _:
                raise ArgumentError(
                    f"Expression {text!r} must be arithmetic of axes and numbers, with "
                    f"+ - * / // ** and {', '.join(_FUNCTIONS)}."
                )
    return used


def value_of(text: str, values: Mapping[str, Any]) -> Any:
    """Return the value of an expression that `names_in` has let pass, at one cell."""

    def at(node: ast.AST) -> Any:
        match node:
            case ast.Expression(body=body):
                return at(body)
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return values[name]
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATORS[type(op)](at(left), at(right))
            case ast.UnaryOp(op=op, operand=operand):
                return _OPERATORS[type(op)](at(operand))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return _FUNCTIONS[name](*(at(a) for a in arguments))
        raise AssertionError(node)  # names_in lets nothing else pass

    try:
        return at(_parsed(text))
    except (ArithmeticError, ValueError, TypeError) as reason:
        raise ArgumentError(f"Expression {text!r} has no value here: {reason}.") from reason


@lru_cache
def _parsed(text: str) -> ast.Expression:
    try:
        return ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError) as reason:
        raise ArgumentError(f"Expression {text!r} cannot be read as arithmetic.") from reason


def evaluated(value: Any, values: Mapping[str, Any]) -> Any:
    """Return a value of a table, or a list of them, with arithmetic replaced by its value."""
    if isinstance(value, str):
        return value_of(value, values)
    return [evaluated(part, values) for part in value] if isinstance(value, list) else value
