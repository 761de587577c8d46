"""Proofs on percolation of examples."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Rational, erf, exp, log, oo, pi, sqrt, symbols

from derivations._proof import Step, proof
from simtheory.analytic.symbolic import Statement

x, y, dx, dy = symbols("x y Delta_x Delta_y", real=True)
sigma, sx, sy, theta, N, r = symbols("sigma sigma_x sigma_y theta N r", positive=True)


def _line(f: sympy.Expr, of: sympy.Symbol) -> sympy.Expr:
    return sympy.simplify(sympy.integrate(f, (of, -oo, oo)))


def _bump(at: sympy.Expr, width: sympy.Expr, of: sympy.Symbol) -> sympy.Expr:
    return exp(-((of - at) ** 2) / (2 * width**2))


@proof("overlap-link-radius")
def link_radius(statement: Statement) -> Iterator[Step]:
    """Overlaps of two Gaussians are Gaussians of their distance; set them to θ."""
    gap = symbols("Delta", positive=True)
    product = _line(_bump(0, sigma, x) * _bump(gap, sigma, x), x)
    norm = _line(_bump(0, sigma, x) ** 2, x)
    cosine = exp(-(gap**2) / (4 * sigma**2))
    yield Step("The cosine is e^{−Δ²/4σ²};", sympy.simplify(product / norm - cosine))
    density = _bump(0, sigma, x) / sqrt(2 * pi * sigma**2)
    other = _bump(gap, sigma, x) / sqrt(2 * pi * sigma**2)
    bhattacharyya = exp(-(gap**2) / (8 * sigma**2))
    found = _line(sympy.simplify(exp((log(density * other) / 2).expand(force=True))), x)
    yield Step("the Bhattacharyya coefficient e^{−Δ²/8σ²};", sympy.simplify(found - bhattacharyya))
    # In the plane the second axis adds the factor of a bump with itself.
    integral = _line(density * other, x) * _line(density**2, x)
    yield Step(
        "the integral of the product e^{−Δ²/4σ²}/4πσ².",
        sympy.simplify(integral - cosine / (4 * pi * sigma**2)),
    )
    half = sympy.integrate(other.subs(gap, gap), (x, -oo, gap / 2))
    common = 1 - erf(gap / (2 * sqrt(2) * sigma))
    yield Step(
        "The densities meet half way, so the common mass is twice a tail.",
        sympy.simplify((2 * half - common).rewrite(erf)),
    )
    ell = symbols("ell", positive=True)  # the logarithm under the root
    area = 4 * pi * sigma**2
    for name, overlap, level, words in (
        ("r_cos", cosine, exp(-ell), "At r_cos the cosine is θ,"),
        ("r_bha", bhattacharyya, exp(-ell), "at r_B the coefficient,"),
        ("r_pro", cosine / area, exp(-ell) / area, "and at r_product the integral;"),
    ):
        radius = sympy.simplify(statement.rule(name, width=sigma, theta=level))
        at = sympy.simplify(overlap.subs(gap, radius) / level)
        yield Step(words, sympy.simplify(at - 1))
        yield Step("it is a distance: positive.", sympy.simplify(sqrt(radius**2) - radius))
    stated = statement.rule("theta_com", r_com=gap, width=sigma)
    yield Step("The common mass at r_common is θ.", stated - common)


@proof("overlap-anisotropic")
def anisotropic(statement: Statement) -> Iterator[Step]:
    """The integral over the plane is a product over the axes."""
    both = sympy.Integer(1)
    for gap, width, of in ((dx, sx, x), (dy, sy, y)):
        product = _line(_bump(0, width, of) * _bump(gap, width, of), of)
        both *= product / _line(_bump(0, width, of) ** 2, of)
    stated = statement.rule("c", dx=dx, dy=dy, sx=sx, sy=sy)
    yield Step("The cosine is the product of those along x and y.", sympy.simplify(both - stated))


@proof("overlap-stripes")
def stripes(statement: Statement) -> Iterator[Step]:
    """Stripes of one direction overlap as bumps of one axis; crossing ones overlap at a point."""
    along = _line(_bump(0, sigma, x) * _bump(dx, sigma, x), x) * N
    crossing = _line(_bump(0, sigma, x), x) ** 2
    own = along.subs(dx, 0)
    ratio = 2 * crossing / own
    eps = statement.rule("eps", width=sigma, N=N)
    yield Step(
        "Both crossings together are ε of the norm of one stripe.", sympy.simplify(ratio - eps)
    )
    total = along / own + along.subs(dx, dy) / own + ratio
    norm = 2 + ratio
    stated = statement.rule("c", eps=eps, dx=dx, dy=dy, width=sigma)
    yield Step(
        "The cosine adds the stripes along x, those along y and the crossings.",
        sympy.simplify(total / norm - stated),
    )


@proof("clusters-segment")
def segment_clusters(statement: Statement) -> Iterator[Step]:
    """A cluster ends at each inner gap longer than a."""
    a, u = symbols("a u", positive=True)
    for n in (2, 3, 5):
        # The gap after the first of n points: all others lie above u with chance (1 − u)^(n−1).
        density = n * (1 - u) ** (n - 1)
        beyond = sympy.integrate(density.subs(u, u), (u, a, 1))
        yield Step(
            f"A given spacing of {n} points exceeds a with chance (1−a)^{n},",
            sympy.expand(beyond - (1 - a) ** n),
        )
        stated = statement.rule("C", n=n, a=a)
        yield Step(
            f"and all {n - 1} inner ones are alike.", sympy.expand(stated - (1 + (n - 1) * beyond))
        )


@proof("chain-half-number")
def half_number(statement: Statement) -> Iterator[Step]:
    """Long gaps are rare and independent: their number is Poisson."""
    n, b, j = symbols("n b j", positive=True)
    gap = b / n  # of the order of the mean gap
    chance = sympy.limit((1 - gap) ** n, n, oo)
    yield Step("A gap exceeds a with chance e^{−na} in the limit,", chance - exp(-b))
    pairs = sympy.limit((1 - 2 * gap) ** n, n, oo)
    yield Step("two of them independently,", sympy.simplify(pairs - chance**2))
    mean = symbols("m", positive=True)
    none = sympy.summation((-mean) ** j / sympy.factorial(j), (j, 0, oo))
    yield Step(
        "so there is none with chance e^{−m} of their mean m,", sympy.simplify(none - exp(-mean))
    )
    a = symbols("a", positive=True)
    yield Step(
        "which is n e^{−na}.",
        sympy.simplify(statement.rule("half", n=n, a=a) - exp(-n * exp(-n * a))),
    )


@proof("clusters-line")
def line_cluster(statement: Statement) -> Iterator[Step]:
    """Sizes are geometric; a point sees the larger ones more often."""
    q = symbols("q", positive=True)
    rho = symbols("rho", positive=True)
    linked = 1 - exp(-rho * r)
    first = 1 / (1 - q)  # mean size of a cluster
    second = (1 + q) / (1 - q) ** 2  # mean of its square
    terms = sum(k * (1 - q) * q ** (k - 1) for k in range(1, 9))
    yield Step(
        "The mean size is 1/(1−q), to eighth order in q,",
        sympy.series(terms - first, q, 0, 8).removeO(),
    )
    squares = sum(k**2 * (1 - q) * q ** (k - 1) for k in range(1, 9))
    yield Step(
        "and the mean square (1+q)/(1−q)².", sympy.series(squares - second, q, 0, 8).removeO()
    )
    stated = statement.rule("size", rho=rho, r=r)
    yield Step(
        "Over points the mean is their ratio, at q = 1 − e^{−ρr}.",
        sympy.simplify((second / first).subs(q, linked) - stated),
    )


@proof("clusters-ring")
def ring_clusters(statement: Statement) -> Iterator[Step]:
    """A cluster ends at a kept site that is followed by k empty ones."""
    p, M = symbols("p M", positive=True)
    for sites, reach in ((4, 1), (5, 2)):
        mean = sympy.Integer(0)
        for mask in range(2**sites):
            kept = [mask >> c & 1 for c in range(sites)]
            ends = sum(
                kept[c] and not any(kept[(c + j) % sites] for j in range(1, reach + 1))
                for c in range(sites)
            )
            mean += ends * p ** sum(kept) * (1 - p) ** (sites - sum(kept))
        stated = statement.rule("C", M=sites, p=p, k=reach)
        yield Step(
            f"Counted over all states of {sites} sites with reach {reach}.",
            sympy.expand(mean - stated),
        )
    stated = statement.rule("C", M=M, p=p, k=2)
    yield Step(
        "Sites are alike: the mean is M times that of one.",
        sympy.expand(stated - M * p * (1 - p) ** 2),
    )


@proof("n-critical")
def critical_number(statement: Statement) -> Iterator[Step]:
    """Points linked below r are discs of diameter r that touch."""
    eta, n = symbols("eta n", positive=True)
    filling = n * pi * (r * Rational(1, 2)) ** 2 / N**2
    (found,) = sympy.solve(filling - eta, n)
    yield Step(
        "The filling factor is the threshold at the stated number.",
        sympy.simplify(found - statement.rule("n", eta=eta, N=N, r=r)),
    )
    degree = found * pi * r**2 / N**2
    yield Step("A point then has 4η_c links in the mean.", sympy.simplify(degree - 4 * eta))
