"""Proofs on linear flow matching."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Ei, erf, exp, log, pi, sqrt, symbols

from derivations._proof import Step, proof
from simtheory.analytic.symbolic import Statement

t, lam, s, q = symbols("t lambda s q", positive=True)


def _moments(statement: Statement) -> tuple[sympy.Expr, sympy.Expr]:
    return tuple(statement.rule(name, lam=lam, s=s) for name in ("delta", "n"))


def _moment_steps(statement: Statement) -> Iterator[Step]:
    delta, n = _moments(statement)
    # x_s = s x₁ + (1−s) x₀ as coefficients of independent x₁, x₀ of variance λ and 1.
    point, velocity, spread = (s, 1 - s), (1, -1), (lam, 1)
    yield Step(
        "The variance of x_s is δ,",
        sum(p**2 * v for p, v in zip(point, spread, strict=True)) - delta,
    )
    yield Step(
        "and its covariance with x₁ − x₀ is n.",
        sum(p * u * v for p, u, v in zip(point, velocity, spread, strict=True)) - n,
    )


@proof("fm-one-layer")
def one_layer(statement: Statement) -> Iterator[Step]:
    """The weight relaxes; its integral over flow time is a sum of three known ones."""
    yield from _moment_steps(statement)
    delta, n = _moments(statement)
    w = statement.rule("w", n=n, delta=delta, q=q, t=t)
    yield Step("The weight solves ẇ = n − δw.", sympy.diff(w, t) - (n - delta * w))
    yield Step("It starts at Q.", w.subs(t, 0) - q)
    centre = 1 / (1 + lam)
    total = (
        log(delta) / 2
        - Ei(-delta * t) / 2
        + q / 2 * sqrt(pi / (t * (1 + lam))) * exp(-lam * t / (1 + lam))
        * erf(sqrt(t * (1 + lam)) * (s - centre))
    )  # fmt: skip
    square = (1 + lam) * (s - centre) ** 2 + lam / (1 + lam)
    yield Step("δ is a square about s = 1/(1+λ).", sympy.expand(sympy.simplify(delta - square)))
    slope = sympy.diff(total, s)
    gauss = exp(-t * (1 + lam) * (s - centre) ** 2) * exp(-lam * t / (1 + lam))
    rest = sympy.simplify(slope.subs(q, 0) - w.subs(q, 0))
    yield Step("ln √δ − ½Ei(−δt) has the slope f(1 − e^{−δt}),", rest)
    yield Step(
        "and the error function that of Qe^{−δt}.", sympy.simplify(sympy.diff(slope, q) - gauss)
    )
    z = statement.rule("z", t=t, lam=lam)
    stated = statement.rule("log_lt", lam=lam, t=t, q=q, z=z)
    between = 2 * (total.subs(s, 1) - total.subs(s, 0))
    root = symbols("root", positive=True)  # √(t/(1+λ))
    yield Step(
        "From s = 0 to 1, twice that is the stated logarithm.",
        sympy.simplify((between - stated).subs(t, root**2 * (1 + lam))),
    )


@proof("fm-tied")
def tied(statement: Statement) -> Iterator[Step]:
    """A Riccati equation at every flow time; what is learned in the end integrates by hand."""
    yield from _moment_steps(statement)
    n, delta = symbols("n delta", positive=True)
    psi = statement.rule("psi", n=n, delta=delta, q=q, t=t)
    yield Step(
        "The weight solves ψ̇ = 2ψ(n − δψ).", sympy.diff(psi, t) - 2 * psi * (n - delta * psi)
    )
    yield Step("It starts at Q.", psi.subs(t, 0) - q)
    weight = sympy.Function("psi")
    (whole,) = (eq.rhs for eq in statement.equations if eq.lhs.name == "L")
    shape = sympy.Lambda(s, s**2)  # any weight would do
    yield Step(
        "Along the flow ln x moves at ψ, from s = 0 to 1,",
        whole.replace(weight, shape).doit() - sympy.integrate(shape(s), (s, 0, 1)),
    )
    growth = symbols("L")
    yield Step("and variance is its square.", statement.rule("lt", L=growth) - exp(growth) ** 2)
    d, m = _moments(statement)
    end = log(d) / 2
    yield Step(
        "Trained, ψ is n/δ, the slope of ½ ln δ, where n > 0 and else zero,",
        sympy.diff(end, s) - m / d,
    )
    reached = statement.rule("lt", L=end.subs(s, 1) - end.subs(s, 1 / (1 + lam)))
    yield Step("so the variance ends at 1 + λ.", sympy.simplify(reached) - (1 + lam))
