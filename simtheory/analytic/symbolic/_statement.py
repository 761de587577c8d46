r"""What a statement is, and how its printed equations are evaluated.

To add a label, write in this folder, in the module of its subject::

    with written():
        STATEMENTS = (
            Statement(
                "tied-mode",
                Eq(w, w0 * exp(2 * a * t) / (1 + w0 * (exp(2 * a * t) - 1))),
                symbols={w: "entry of W", w0: "its start", a: "rate", t: "canonical time"},
                printed={w: "w(t)", w0: "w(0)"},
            ),
        )

What is printed in the docs, what a proof proves and what the stable code is compared with are then
one and the same SymPy expression. Under `written` SymPy leaves the terms in the order in which they
are typed. Matrices are non-commutative symbols (`matrices`), ``I`` among them; ``det``, ``tr`` and
``transpose`` are at hand, and vectors with an index are ``IndexedBase``.

Several equations are evaluated one after the other, each left side becoming known to the next. Where
an index runs (over concepts, or pairs of them), pass ``compute``: a function that calls the equations
by their left sides, once per index. It is plain arithmetic, so it runs on 50-digit numbers and on
symbols alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import mpmath
import numpy as np
import sympy

__all__ = [
    "Rule",
    "Statement",
    "blocks",
    "det",
    "eye",
    "hyp2f1",
    "matrices",
    "matrix",
    "theta3",
    "tr",
    "transpose",
    "wright_omega",
    "written",
]

WORKING_DIGITS = 300
"""The textbook forms subtract huge exponentials; 50 good digits need many spare ones."""


class transpose(sympy.Function):
    """Transpose of a matrix symbol; prints as one."""

    def _latex(self, printer: Any) -> str:
        return f"{printer.doprint(self.args[0])}^T"


class det(sympy.Function):
    """Determinant of a matrix symbol; prints as one."""

    def _latex(self, printer: Any) -> str:
        return rf"\det\left({printer.doprint(self.args[0])}\right)"


class tr(sympy.Function):
    """Trace of a matrix symbol; prints as one."""

    def _latex(self, printer: Any) -> str:
        return rf"\operatorname{{tr}}\left({printer.doprint(self.args[0])}\right)"


class hyp2f1(sympy.Function):
    """Gauss's hypergeometric function; prints as the books write it."""

    def _latex(self, printer: Any) -> str:
        a, b, c, z = (printer.doprint(argument) for argument in self.args)
        return rf"{{}}_2F_1\left({a}, {b}; {c}; {z}\right)"


class theta3(sympy.Function):
    """Jacobi's theta function, 1 + 2 Σ q^(k²) cos 2kz over k > 0; prints as the books write it."""

    def _eval_evalf(self, precision: int) -> Any:
        with mpmath.workprec(precision):
            z, q = (argument._to_mpmath(precision) for argument in self.args)
            return sympy.Float(mpmath.jtheta(3, z, q), precision=precision)

    def _latex(self, printer: Any) -> str:
        z, q = (printer.doprint(argument) for argument in self.args)
        return rf"\vartheta_3\left({z}, {q}\right)"


class blocks(sympy.Function):
    """Matrix of two by two blocks, row by row; prints as one."""

    def _latex(self, printer: Any) -> str:
        a, b, c, d = (printer.doprint(block) for block in self.args)
        return rf"\begin{{pmatrix}} {a} & {b} \\ {c} & {d} \end{{pmatrix}}"


class wright_omega(sympy.Function):
    """Wright's omega function: for real z the solution of ω + ln ω = z."""

    def fdiff(self, argindex: int = 1) -> Any:
        """Return the derivative, ω/(1+ω)."""
        return self / (1 + self)

    def _latex(self, printer: Any) -> str:
        return rf"\omega\left({printer.doprint(self.args[0])}\right)"


def written() -> Any:
    """Return a context in which SymPy keeps an expression as it is typed."""
    return sympy.evaluate(False)


def matrices(names: str) -> Any:
    """Return non-commutative symbols, which stand for matrices."""
    return sympy.symbols(names, commutative=False)


class Rule(Protocol):
    """What `compute` receives: ``rule("w", a=..., t=...)`` is the right side of the equation for w."""

    def __call__(self, name: str, /, **values: Any) -> Any:
        """Return the value of one left side."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A labelled result: its equations, to be printed, proved and evaluated.

    Parameters
    ----------
    label : str
        The label.
    equation : sympy.Eq or tuple of sympy.Eq
        What holds; each left side is one symbol.
    symbols : mapping of Symbol to str
        What every symbol means.
    printed : mapping of Symbol to str
        LaTeX of symbols whose name does not say it, such as ``w0`` for ``w(0)``.
    compute : callable, optional
        How to evaluate equations whose index runs: ``compute(rule, **values)`` returns the values
        of some left sides by name. Default: the equations one after the other.
    """

    label: str
    equation: Any
    symbols: Mapping[Any, str]
    printed: Mapping[Any, str] = field(default_factory=dict)
    compute: Callable[..., dict[str, Any]] | None = None

    @property
    def equations(self) -> tuple[Any, ...]:
        """The equations as a tuple."""
        return self.equation if isinstance(self.equation, tuple) else (self.equation,)

    def latex(self) -> str:
        """Return the equations as LaTeX, aligned when there are several.

        Returns
        -------
        str
            The body of a display, without delimiters.
        """
        lines = [f"{self._latex(eq.lhs)} &= {self._latex(eq.rhs)}" for eq in self.equations]
        if len(lines) == 1:
            return lines[0].replace(" &= ", " = ", 1)
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def glossary(self) -> list[tuple[str, str]]:
        """Return each symbol as LaTeX beside its meaning.

        Returns
        -------
        list of (str, str)
            In the order in which the statement lists them.
        """
        return [(self._latex(symbol), meaning) for symbol, meaning in self.symbols.items()]

    def evaluate(self, **numbers: Any) -> dict[str, Any]:
        """Return the left sides as 50-digit numbers.

        Parameters
        ----------
        **numbers : float, array of floats, or mpmath number or matrix
            Values of the symbols by name; a two-dimensional array is a matrix, a one-dimensional
            one a list. They are taken as they are: a float is a binary fraction.

        Returns
        -------
        dict of str to mpmath number, list or matrix
            By the name of the left side.
        """
        with mpmath.workdps(WORKING_DIGITS):
            return self._values({name: _exact(value) for name, value in numbers.items()})

    def substitute(self, **expressions: Any) -> dict[str, Any]:
        """Return the left sides with SymPy expressions, matrices or lists put in; proofs use this.

        Parameters
        ----------
        **expressions : sympy expression, Matrix or list
            Values of the symbols by name.

        Returns
        -------
        dict of str to sympy expression, list or Matrix
            By the name of the left side.
        """
        return self._values(expressions)

    def rule(self, name: str, /, **values: Any) -> Any:
        """Return the right side of one equation, in the algebra of the values put in.

        Parameters
        ----------
        name : str
            Name of the left side.
        **values : number, expression, list or matrix
            Values of the symbols by name.

        Returns
        -------
        number, expression or matrix
            The right side.
        """
        (right,) = (eq.rhs for eq in self.equations if eq.lhs.name == name)
        return _walk(right, values)

    def _values(self, known: dict[str, Any]) -> dict[str, Any]:
        if self.compute is not None:
            return self.compute(self.rule, **known)
        found: dict[str, Any] = {}
        for equation in self.equations:
            found[equation.lhs.name] = _walk(equation.rhs, known | found)
        return found

    def _latex(self, expression: Any) -> str:
        return str(
            sympy.latex(expression, order="none", symbol_names=dict(self.printed), ln_notation=True)
        )


def matrix(rows: list[list[Any]]) -> Any:
    """Return rows as a matrix of the kind of their entries, mpmath's or SymPy's."""
    if any(isinstance(entry, mpmath.mpf) for row in rows for entry in row):
        return mpmath.matrix(rows)
    return sympy.Matrix(rows)


def eye(like: Any) -> Any:
    """Return the identity of the size and kind of a matrix."""
    return mpmath.eye(like.rows) if isinstance(like, mpmath.matrix) else sympy.eye(like.rows)


def _exact(value: Any) -> Any:
    if isinstance(value, mpmath.mpf | mpmath.matrix):
        return value
    array = np.asarray(value, dtype=np.float64)
    if array.ndim == 2:
        return mpmath.matrix(array.tolist())
    return [mpmath.mpf(v) for v in array.tolist()] if array.ndim else mpmath.mpf(float(array))


def _walk(expression: Any, known: Mapping[str, Any]) -> Any:
    """Return the value of an expression tree, in the algebra of the values that are known."""
    if isinstance(expression, sympy.Symbol):
        return _lookup(expression.name, known)
    if isinstance(expression, sympy.Indexed):
        place = _walk(expression.indices[0], known)
        return known[expression.base.label.name][int(place) - 1]
    if expression.is_Number or expression.is_NumberSymbol:
        return expression
    if isinstance(expression, sympy.Sum):
        return _sum(expression, known)
    values = [_walk(argument, known) for argument in expression.args]
    if expression.is_Add:
        return _fold(lambda x, y: x + y, values)
    if expression.is_Mul:
        return _fold(lambda x, y: x * y, values)
    if expression.is_Pow:
        return _power(*values)
    return _FUNCTIONS[type(expression).__name__](*values)


def _lookup(name: str, known: Mapping[str, Any]) -> Any:
    if name == "I":
        return eye(next(v for v in known.values() if hasattr(v, "rows")))
    return known[name]


def _sum(expression: Any, known: Mapping[str, Any]) -> Any:
    (index, first, last) = expression.limits[0]
    places = range(int(_walk(first, known)), int(_walk(last, known)) + 1)
    terms = [_walk(expression.function, {**known, index.name: k}) for k in places]
    return _fold(lambda x, y: x + y, terms) if terms else sympy.Integer(0)


def _fold(combine: Callable[[Any, Any], Any], values: list[Any]) -> Any:
    total = values[0]
    for value in values[1:]:
        total = combine(*_alike(total, value))
    return total


def _alike(x: Any, y: Any) -> tuple[Any, Any]:
    """Bring a SymPy number or constant into mpmath where its partner lives there."""
    if isinstance(y, mpmath.mpf | mpmath.mpc | mpmath.matrix):
        return _number(x), y
    if isinstance(x, mpmath.mpf | mpmath.mpc | mpmath.matrix):
        return x, _number(y)
    return x, y


def _number(x: Any) -> Any:
    """Return a SymPy rational, or a constant such as π, in mpmath; anything else as it is."""
    if isinstance(x, sympy.Rational):
        return mpmath.mpf(x.p) / x.q
    return x._to_mpmath(mpmath.mp.prec) if isinstance(x, sympy.NumberSymbol) else x


def _power(base: Any, exponent: Any) -> Any:
    if hasattr(base, "rows"):
        return base ** int(exponent)
    base, exponent = _alike(base, exponent)
    return base**exponent


def _exponential(x: Any) -> Any:
    if isinstance(x, mpmath.matrix):
        return mpmath.expm(x)
    if isinstance(x, sympy.MatrixBase):
        return x.exp()
    return mpmath.exp(x) if isinstance(x, mpmath.mpf) else sympy.exp(x)


def _hypergeometric(a: Any, b: Any, c: Any, z: Any) -> Any:
    if isinstance(z, mpmath.mpf):
        return mpmath.hyp2f1(*(_alike(x, z)[0] for x in (a, b, c)), z)
    return hyp2f1(a, b, c, z)


def _blocks(a: Any, b: Any, c: Any, d: Any) -> Any:
    rows = [
        [*left.tolist()[k], *(right.tolist()[k] if hasattr(right, "rows") else [right])]
        for left, right in ((a, b), (c, d))
        for k in range(left.rows)
    ]
    return matrix(rows)


def _wright_omega(z: Any) -> Any:
    if isinstance(z, mpmath.mpf):
        return mpmath.lambertw(mpmath.exp(z)).real
    return wright_omega(z)


def _binomial(n: Any, k: Any) -> Any:
    return mpmath.binomial(n, k) if _numbers((n, k)) else sympy.binomial(n, k)


def _theta3(z: Any, q: Any) -> Any:
    return mpmath.jtheta(3, z, q) if isinstance(q, mpmath.mpf) else theta3(z, q)


def _numbers(values: tuple[Any, ...]) -> bool:
    return any(isinstance(value, mpmath.mpf) for value in values)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": _exponential,
    "log": lambda x: mpmath.log(x) if isinstance(x, mpmath.mpf) else sympy.log(x),
    "hyp2f1": _hypergeometric,
    "det": lambda x: mpmath.det(x) if isinstance(x, mpmath.matrix) else x.det(),
    "tr": lambda x: sum((x[k, k] for k in range(1, x.rows)), x[0, 0]),
    "transpose": lambda x: x.T,
    "blocks": _blocks,
    "Ei": lambda x: mpmath.ei(x) if isinstance(x, mpmath.mpf) else sympy.Ei(x),
    "acos": lambda x: mpmath.acos(x) if isinstance(x, mpmath.mpf) else sympy.acos(x),
    "asin": lambda x: mpmath.asin(x) if isinstance(x, mpmath.mpf) else sympy.asin(x),
    "Max": lambda *x: max(map(_number, x)) if _numbers(x) else sympy.Max(*x),
    "Min": lambda *x: min(map(_number, x)) if _numbers(x) else sympy.Min(*x),
    "erf": lambda x: mpmath.erf(x) if isinstance(x, mpmath.mpf) else sympy.erf(x),
    "sinh": lambda x: mpmath.sinh(x) if isinstance(x, mpmath.mpf) else sympy.sinh(x),
    "cosh": lambda x: mpmath.cosh(x) if isinstance(x, mpmath.mpf) else sympy.cosh(x),
    "tanh": lambda x: mpmath.tanh(x) if isinstance(x, mpmath.mpf) else sympy.tanh(x),
    "coth": lambda x: mpmath.coth(x) if isinstance(x, mpmath.mpf) else sympy.coth(x),
    "asinh": lambda x: mpmath.asinh(x) if isinstance(x, mpmath.mpf) else sympy.asinh(x),
    "binomial": _binomial,
    "ceiling": lambda x: mpmath.ceil(x) if isinstance(x, mpmath.mpf) else sympy.ceiling(x),
    "theta3": _theta3,
    "wright_omega": _wright_omega,
}
