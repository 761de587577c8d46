"""Proofs on factorisation."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import exp, oo, pi, sqrt, symbols

from derivations._proof import Step, proof
from simtheory.analytic.symbolic import Statement

n, N, tau, x = symbols("n N tau x", positive=True)


def _none_within(share: sympy.Expr) -> sympy.Expr:
    """Return the chance that none of a Poisson number of examples of mean n falls in a share."""
    count = symbols("m", integer=True, nonnegative=True)
    weight = exp(-n) * n**count / sympy.factorial(count)
    return sympy.simplify(sympy.summation(weight * (1 - share) ** count, (count, 0, oo)))


@proof("nearest-random")
def nearest_random(statement: Statement) -> Iterator[Step]:
    """A query is answered unless its disc is empty."""
    disc = 4 * sympy.integrate(sqrt(tau**2 - x**2), (x, 0, tau))
    yield Step("The disc about a query has area πτ²;", sympy.simplify(disc - pi * tau**2))
    q = symbols("q", positive=True)
    yield Step(
        "a Poisson number of examples leaves a share q empty with chance e^{−nq},",
        sympy.simplify(_none_within(q) - exp(-n * q)),
    )
    stated = statement.rule("acc", n=n, N=N, tau=tau)
    yield Step(
        "and the disc is the share πτ²/N² of the torus.",
        sympy.simplify(stated - (1 - exp(-n * disc / N**2))),
    )


@proof("nearest-factorised")
def nearest_factorised(statement: Statement) -> Iterator[Step]:
    """Each factor is answered unless its interval is empty, independently of the other."""
    interval = sympy.integrate(1, (x, -tau, tau)) / N
    one = 1 - _none_within(interval)
    yield Step(
        "One factor is answered with chance 1 − e^{−2nτ/N},",
        sympy.simplify(one - (1 - exp(-2 * n * tau / N))),
    )
    stated = statement.rule("acc", n=n, N=N, tau=tau)
    yield Step("both with its square.", sympy.simplify(stated - one**2))


@proof("torus-constants")
def torus_constants(statement: Statement) -> Iterator[Step]:
    """The covariance is diagonal; its entries are moments of both angles."""
    R, r = symbols("R r", positive=True)
    u, v = symbols("u v", real=True)

    def mean(f: sympy.Expr) -> sympy.Expr:
        inner = sympy.integrate(sympy.expand(f), (u, 0, 2 * pi))
        return sympy.integrate(sympy.expand(inner), (v, 0, 2 * pi)) / (4 * pi**2)

    point = sympy.Matrix(
        [
            (R + r * sympy.cos(v)) * sympy.cos(u),
            (R + r * sympy.cos(v)) * sympy.sin(u),
            r * sympy.sin(v),
        ]
    )
    covariance = (point * point.T).applyfunc(mean)
    a, b = (statement.rule(name, R=R, r=r) for name in ("A", "B"))
    yield Step("The mean is zero,", point.applyfunc(mean))
    yield Step("and the covariance is A, A, B.", covariance - sympy.diag(a, a, b))
    stated = statement.rule("PR", A=a, B=b)
    ratio = covariance.trace() ** 2 / (covariance * covariance).trace()
    yield Step(
        "The squared trace over that of the square is the ratio.", sympy.simplify(stated - ratio)
    )
