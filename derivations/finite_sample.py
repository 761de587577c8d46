"""Proofs on one layer trained on a finite sample."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import exp, symbols

from derivations._proof import Step, proof, symmetric
from derivations.descent import gaussian_mean
from simtheory.analytic.symbolic import Statement
from simtheory.analytic.symbolic.finite_sample import contour

t = symbols("t", positive=True)


@proof("finite-n-perturbation")
def finite_n_perturbation(statement: Statement) -> Iterator[Step]:
    """Moments of the data, then the flow to second order in Â − A."""
    rule = statement.rule
    n, nu = symbols("n nu", positive=True)
    noise, sizes = list(symbols("z_1:3")), list(symbols("sigma_1:3", positive=True))
    mu, p = list(symbols("mu_1:3", positive=True)), list(symbols("p_1:3", positive=True))

    def over_clusters(function: sympy.Expr) -> sympy.Expr:
        """Average over two clusters and one at the origin; `function` takes the point."""
        centres = [(mu[0], 0), (0, mu[1]), (0, 0)]
        shares = [p[0], p[1], 1 - p[0] - p[1]]
        squares = [s**2 for s in sizes]
        return sum(
            q * gaussian_mean(function(c[0] + noise[0], c[1] + noise[1]), noise, squares)
            for q, c in zip(shares, centres, strict=True)
        )

    rates = [s**2 + q * m**2 for s, q, m in zip(sizes, p, mu, strict=True)]
    known = {"sigma_i": sizes[0], "sigma_j": sizes[1], "mu_i": mu[0], "mu_j": mu[1],
             "p_i": p[0], "p_j": p[1], "a_i": rates[0], "n": n}  # fmt: skip
    yield Step("Different coordinates are uncorrelated,", over_clusters(lambda x, y: x * y))
    yield Step(
        "so entry (i, j) of Â, a mean over n samples, has the variance E[x_i²x_j²]/n.",
        over_clusters(lambda x, y: x**2 * y**2) / n - rule("v_ij", **known),
    )
    yield Step(
        "A diagonal entry has the variance (E[x_i⁴] − a_i²)/n.",
        (over_clusters(lambda x, y: x**4) - rates[0] ** 2) / n - rule("v_ii", **known),
    )

    a, b = symbols("a_i a_j", positive=True)
    first = rule("f_ij", a_i=a, a_j=b, t=t)
    second = rule("f_iij", f_ij=first, a_i=a, a_j=b, t=t)
    yield Step(
        "With E = e^{−Ât}, Ė = −ÂE: to first order E_ij = δ_ij f_ij with ḟ_ij = −a_i f_ij − e^{−a_jt},",
        sympy.simplify(first.diff(t) + a * first + exp(-b * t)),
    )
    yield Step("from zero;", first.subs(t, 0))
    yield Step(
        "to second order E_ii = Σ_j δ_ij² f_iij with ḟ_iij = −a_i f_iij − f_ij,",
        sympy.simplify(second.diff(t) + a * second + first),
    )
    yield Step("from zero.", second.subs(t, 0))
    own = rule("f_ii", a_i=a, t=t)
    yield Step("Where j = i the same holds:", own.diff(t) + a * own + exp(-a * t))
    twice = rule("f_iii", a_i=a, t=t)
    yield Step("both orders.", sympy.simplify(twice.diff(t) + a * twice + own))
    v, f = list(symbols("v_1:3")), list(symbols("f_1:3"))
    yield Step(
        "The mean of W = 1 − E takes δ_ij² to v_ij,",
        rule("mean_i", a_i=a, t=t, v=v, f=f, d=2) - (1 - exp(-a * t) - v[0] * f[0] - v[1] * f[1]),
    )
    yield Step("and the variance is that of the first order.", rule("var_ij", v_ij=v[0], f_ij=f[0]) - v[0] * f[0] ** 2)  # fmt: skip

    eps, entry = symbols("epsilon entry", positive=True)
    value = (a + b) / 2 + sympy.sqrt((a - b) ** 2 / 4 + eps * entry**2)
    gap = symbols("gap", positive=True)
    slope = value.subs(a, b + gap).diff(eps).subs(eps, 0)
    stated = rule("shift_ij", v_ij=entry**2, a_i=a, a_j=b).subs(a, b + gap)
    yield Step("An entry x between two rates shifts them by x²/(a_i − a_j).", sympy.simplify(slope - stated))  # fmt: skip

    grown = (1 - exp(-b * t)) / b
    yield Step(
        "Noisy labels add Σ ξxᵀ/n to the cross moment, which W turns by (1 − e^{−at})/a: the variance grows.",
        sympy.simplify(nu**2 * b / n * grown**2 - rule("noise_j", a_j=b, n=n, nu=nu, t=t)),
    )
    stop = rule("t_stop", a_i=b, n=n, nu=nu)
    left = symbols("left", positive=True)
    error = (left**2 + nu**2 * (1 - left) ** 2 / (n * b)).diff(left)
    there = sympy.simplify(exp(-b * stop))
    yield Step("The sum of squared bias and noise is least at the stated time.", sympy.simplify(error.subs(left, there)))  # fmt: skip


@proof("finite-n-proportional")
def finite_n_proportional(statement: Statement) -> Iterator[Step]:
    """Leave one sample out; then put the resolvent into Cauchy's formula.

    That xᵀ(Â−z)⁻¹x/n tends to its mean, for many dimensions, is the law of large numbers for
    quadratic forms; it is used, not proved, here. ``tests/orders`` measures what it leaves, O(1/n).
    """
    rule = statement.rule
    z, k, n, a_i = symbols("z k n a_i", positive=True)
    rest, x = symmetric("r", 2), sympy.Matrix(symbols("x_1:3"))
    whole = rest + x * x.T / n
    cavity = rest.inv() * x
    delta = x.dot(cavity) / n
    yield Step(
        "One sample of Â = Â₋ + xxᵀ/n: (Â − z)⁻¹x = (Â₋ − z)⁻¹x/(1 + δ) with δ = xᵀ(Â₋ − z)⁻¹x/n.",
        (whole * cavity - (1 + delta) * x).applyfunc(sympy.simplify),
    )
    stated = rule("R_i", k=k, z=z, a_i=a_i)
    yield Step(
        "The mean of (Â − z)R = 1 is then a_iR_i/(1 + δ) − zR_i = 1. With k = −z(1 + δ),",
        sympy.simplify(stated * (a_i / (-k / z) - z) - 1),
    )
    a = list(symbols("a_1:3", positive=True))
    place = rule("z", k=k, F=rule("F", a=a, k=k, n=n, d=2))
    trace = sum(rate * rule("R_i", k=k, z=place, a_i=rate) for rate in a) / n
    yield Step("and δ = tr(AR)/n fixes z.", sympy.simplify(-k / place - 1 - trace))
    yield Step(
        "With many samples F = 0 and k = −z: the population's resolvent.",
        stated.subs(k, -z) - 1 / (a_i - z),
    )
    eigenvalue = symbols("lambda", positive=True)
    (formula,) = (eq.rhs for eq in statement.equations if eq.lhs.name == "h_i")
    resolvent = symbols("R_i")
    complex_z = symbols("z")
    found = formula.replace(
        contour,
        lambda f, v: 2 * sympy.pi * sympy.I
        * sympy.residue(f.subs(resolvent, 1 / (eigenvalue - complex_z)), complex_z, eigenvalue),
    )  # fmt: skip
    yield Step(
        "Cauchy: an eigenvalue λ contributes e^{−λt} to the integral of its resolvent 1/(λ − z).",
        sympy.simplify(found.doit().subs(symbols("t", positive=True), t) - exp(-eigenvalue * t)),
    )


@proof("spike-bbp")
def spike_bbp(statement: Statement) -> Iterator[Step]:
    """Put one larger rate among many equal ones into the proportional limit."""
    rule = statement.rule
    sigma, gamma, g, k = symbols("sigma gamma g k", positive=True)
    a = sigma**2 + g
    values = statement.substitute(spread=sigma, gamma=gamma, g=g)
    z = -k * (1 - gamma * sigma**2 / (sigma**2 + k))
    slope = sympy.diff(z, k)
    at = {k: -a}
    yield Step(
        "The equivalent −(k/z)/(a + k) has its pole at k = −a: the eigenvalue is z(−a).",
        sympy.simplify(z.subs(at) - values["eigenvalue"]),
    )
    yield Step(
        "Its residue, −(a/λ) dz/dk, is the squared overlap.",
        sympy.simplify(-a / values["eigenvalue"] * slope.subs(at) - values["overlap"]),
    )
    bottom = -(sigma**2) * (1 + sympy.sqrt(gamma))
    yield Step("The spectrum of the noise ends where dz/dk = 0,", sympy.simplify(slope.subs(k, bottom)))  # fmt: skip
    yield Step("at the stated edge.", sympy.simplify(z.subs(k, bottom) - values["edge"]))
    critical = values["g_c"]
    yield Step("At g_c the overlap is gone", sympy.simplify(values["overlap"].subs(g, critical)))
    yield Step(
        "and the eigenvalue has reached the edge.",
        sympy.simplify(rule("eigenvalue", spread=sigma, gamma=gamma, g=critical) - values["edge"]),
    )
