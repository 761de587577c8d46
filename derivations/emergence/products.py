"""Proofs on joint accuracies and products of learning curves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import sympy
from sympy import Max, Rational, asin, diff, exp, integrate, log, oo, pi, simplify, sqrt, symbols

from derivations._proof import Step, proof
from simtheory.analytic.symbolic import Statement

q = symbols("q_1:4", positive=True)
z = symbols("z_1:4", real=True)
x, y = symbols("x y", real=True)
k, theta, n = symbols("k theta n", positive=True)
CORNERS = list(product((0, 1), repeat=3))


def _named(letters: Any) -> dict[str, Any]:
    return {letter.name: letter for letter in letters}


def _chance(corner: tuple[int, ...]) -> Any:
    """Return the chance of right and wrong answers, if errors are independent."""
    return sympy.prod(p if right else 1 - p for p, right in zip(q, corner, strict=True))


@proof("frechet-bounds")
def frechet_bounds(statement: Statement) -> Iterator[Step]:
    """The bounds hold for every sample, so for the mean; nested and disjoint errors reach them."""
    worst = sum(max(0, b[0] * b[1] * b[2] - b[i]) for b in CORNERS for i in range(3))
    yield Step("All right is never more than one right, in any sample.", sympy.Integer(worst))
    worst = sum(max(0, sum(b) - 2 - b[0] * b[1] * b[2]) for b in CORNERS)
    yield Step("Nor is it less than the sum of all less 2.", sympy.Integer(worst))
    low, high = (statement.rule(name, **_named(q)) for name in ("low", "high"))
    errors = 1 - sum(1 - p for p in q)
    yield Step("Errors that never meet reach the lower bound, or 0.", low - Max(0, errors))
    yield Step(
        "Of nested errors the most frequent one decides.",
        high.subs({q[1]: q[0] + x**2, q[2]: q[0] + y**2}) - q[0],
    )


@proof("product-gap")
def product_gap(statement: Statement) -> Iterator[Step]:
    """The density is expanded in the correlations, and integrated up to the limits."""
    rho = {pair: symbols(f"rho_{pair[0]}{pair[1]}") for pair in ((1, 2), (1, 3), (2, 3))}
    e = symbols("epsilon", positive=True)
    R = sympy.Matrix(3, 3, lambda i, j: 1 if i == j else e * rho[min(i, j) + 1, max(i, j) + 1])
    point = sympy.Matrix(z)
    log_density = -(point.T * R.inv() * point)[0] / 2 - log(R.det()) / 2
    slope = diff(log_density, e).subs(e, 0)
    first = sum(r * z[i - 1] * z[j - 1] for (i, j), r in rho.items())
    yield Step(
        "To first order the density gains Σ ρ_ij z_i z_j of itself.", simplify(slope - first)
    )
    one = exp(-(x**2) / 2) / sqrt(2 * pi)
    below = integrate(x * one, (x, -oo, z[0]))
    yield Step("Up to its limit a factor z of the density gives −φ(z).", below + one.subs(x, z[0]))

    def accuracy(at: Any) -> Any:
        return (1 + sympy.erf(at / sqrt(2))) / 2

    gained = sum(
        r * one.subs(x, z[i - 1]) * one.subs(x, z[j - 1]) * accuracy(z[5 - i - j])
        for (i, j), r in rho.items()
    )
    stated = statement.rule("gap", **_named(z), **{r.name: r for r in rho.values()})
    yield Step("Two factors and one accuracy are the terms of the sum.", simplify(stated - gained))


@proof("product-bound")
def product_bound(statement: Statement) -> Iterator[Step]:
    """Each correlation grows from 0 to its value; what it adds is a density times a probability."""
    r, s = symbols("r s", positive=True)
    density = exp(-(x**2 - 2 * s * x * y + y**2) / (2 * (1 - s**2))) / (2 * pi * sqrt(1 - s**2))
    yield Step(
        "The density of a pair moves with its correlation as its mixed derivative (Plackett), so Φ grows by "
        "that density at the limits, times a probability, at most 1, of the others.",
        simplify((diff(density, s) - diff(density, x, y)) / density),
    )
    square = x**2 - 2 * s * x * y + y**2
    yield Step(
        "The square in the exponent exceeds (1−s)(x²+y²) by s(x−y)²,",
        sympy.expand(square - (1 - s) * (x**2 + y**2) - s * (x - y) ** 2),
    )
    yield Step(
        "and that of a correlation −s by s(x+y)².",
        sympy.expand(square.subs(s, -s) - (1 - s) * (x**2 + y**2) - s * (x + y) ** 2),
    )
    yield Step(
        "So the exponential is at most that of (x²+y²)/(2(1+s)), which grows with s;",
        simplify((1 - s) / (2 * (1 - s**2)) - 1 / (2 * (1 + s))),
    )
    yield Step(
        "the rest of the density is integrated to arcsin r/2π.",
        simplify(diff(asin(r), r) - 1 / sqrt(1 - r**2)),
    )
    sizes = {pair: symbols(f"r_{pair[0]}{pair[1]}") for pair in ((1, 2), (1, 3), (2, 3))}
    added = sum(
        asin(size) / (2 * pi) * exp(-(z[i - 1] ** 2 + z[j - 1] ** 2) / (2 * (1 + size)))
        for (i, j), size in sizes.items()
    )
    stated = statement.rule("bound", **_named(z), **{size.name: size for size in sizes.values()})
    yield Step("All pairs together are the bound.", simplify(stated - added))


@proof("product-noise")
def product_noise(statement: Statement) -> Iterator[Step]:
    """To first order the product of means is a mean, whose variance is that of one sample over n."""
    whole = q[0] * q[1] * q[2]
    gradient = [diff(whole, p) for p in q]

    def mean(of: Any) -> Any:
        return sum(_chance(b) * of(b) for b in CORNERS)

    def sample(b: tuple[int, ...]) -> Any:
        return b[0] * b[1] * b[2] - sum(g * right for g, right in zip(gradient, b, strict=True))

    variance = mean(lambda b: sample(b) ** 2) - mean(sample) ** 2
    stated = statement.substitute(**_named(q), n=n)["v"]
    yield Step(
        "The variance of all right, less what the marginals of the sample say of it, is the bracket.",
        simplify(stated - variance / n),
    )
    second = whole / (q[0] * q[1])
    yield Step(
        "The next term has mean zero, as two independent concepts do not vary together.",
        simplify(second * (mean(lambda b: (b[0] - q[0]) * (b[1] - q[1])))),
    )


@proof("product-logistic")
def product_logistic(statement: Statement) -> Iterator[Step]:
    """One curve is at θ^{1/k} when the product is at θ."""
    crossing = statement.rule("crossing", theta=theta, k=k)
    curve = 1 / (1 + exp(-x))
    yield Step(
        "At the crossing one curve is at θ^{1/k}.",
        simplify(curve.subs(x, crossing) - theta ** (1 / k)),
    )
    low, high = symbols("theta_low theta_high", positive=True)
    width = statement.rule("width", theta_low=low, theta_high=high, k=k)
    yield Step(
        "The width is the time between two crossings.",
        simplify(width - crossing.subs(theta, high) + crossing.subs(theta, low)),
    )
    p = symbols("p", positive=True)
    slope = k * p**k * (1 - p)  # of the product, as a curve moves by p(1−p)
    yield Step("A curve at p moves by p(1−p).", simplify(diff(curve, x) - curve * (1 - curve)))
    best = k / (k + 1)
    yield Step(
        "The slope of the product is stationary where each curve is at k/(k+1),",
        simplify((diff(slope, p) / p ** (k - 1)).subs(p, best)),
    )
    yield Step(
        "where it is the stated one.",
        simplify(sympy.powsimp(slope.subs(p, best) / statement.rule("slope", k=k), force=True) - 1),
    )


@proof("product-bracket")
def product_bracket(statement: Statement) -> Iterator[Step]:
    """Before all factors are at θ one holds the product below; when all are at θ^{1/k} it is above."""
    w_1, tau_1, t = symbols("w_1 tau_1 t", positive=True)
    curve = 1 / (1 + exp(-(t - tau_1) / w_1))
    a, b = symbols("a b", positive=True)
    yield Step(
        "A product is below each factor by what the others miss.",
        sympy.expand(a * b - a + a * (1 - b)),
    )
    for n, name, height in ((0, "low", theta), (2, "high", theta ** Rational(1, 2))):
        stated = statement.equations[n].rhs  # log-odds of θ, and of its root
        odds = stated.subs(dict.fromkeys(stated.free_symbols, theta)).doit()
        values = {"tau_1": tau_1, "tau_2": tau_1, "w_1": w_1, "w_2": w_1, "g": odds}
        time = statement.rule(name, **values)
        yield Step(
            "At the time of the bracket the last factor is at its threshold.",
            simplify(curve.subs(t, time) - height),
        )
    yield Step("Two factors of θ^{1/2} are θ.", simplify((theta ** Rational(1, 2)) ** 2 - theta))
