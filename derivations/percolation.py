"""Proofs on percolation of examples."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import sympy
from sympy import Rational, erf, exp, log, oo, pi, sqrt, symbols

from derivations._proof import Step, proof
from simtheory.analytic.symbolic import Statement
from simtheory.analytic.symbolic._statement import theta3

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


@proof("overlap-pixel")
def pixels(statement: Statement) -> Iterator[Step]:
    """Poisson's summation: a sum over pixels is a sum over the waves of its Gaussian."""
    u, delta, n = symbols("u Delta n", real=True)
    k, shift = symbols("k shift", integer=True, positive=True)
    middle = u + delta / 2
    both = (n - u) ** 2 / (2 * sigma**2) + (n - u - delta) ** 2 / (2 * sigma**2)
    one = (n - middle) ** 2 / sigma**2 + delta**2 / (4 * sigma**2)
    yield Step(
        "At each pixel the product of two bumps is a narrower bump half way, times e^{−Δ²/4σ²}.",
        sympy.expand(both - one),
    )
    yield Step(
        "Waves do not change by whole pixels, so the waves of the sum are those of one bump:",
        sympy.expand_trig(
            sympy.cos(2 * pi * k * x + 2 * pi * k * shift) - sympy.cos(2 * pi * k * x)
        ),
    )
    weight = statement.rule("q", width=sigma)
    wave = _line(exp(-(x**2) / sigma**2) * sympy.cos(2 * pi * k * x), x)
    yield Step(
        "number k has the weight σ√π q^{k²},",
        sympy.simplify(wave - sigma * sqrt(pi) * weight ** (k**2)),
    )
    level = _line(exp(-(x**2) / sigma**2), x)
    yield Step("and the level σ√π.", level - sigma * sqrt(pi))
    q = symbols("q", positive=True)

    def total(at: sympy.Expr) -> sympy.Expr:
        """Sum of the squared bump at a place over all pixels, by its waves."""
        return level * theta3(pi * at, q)

    cosine = exp(-(delta**2) / (4 * sigma**2)) * total(middle)
    cosine /= sqrt(total(u) * total(u + delta))
    stated = statement.rule("c", delta=delta, u=u, width=sigma, q=q)
    yield Step("So the cosine is the stated one.", sympy.simplify(cosine - stated))


def _lengths() -> Iterator[Step]:
    """Volumes of lengths that fill what is left of a whole."""
    k, s, g, a = symbols("k s g a", positive=True)
    before = sympy.factorial(k - 1)  # so that k! is k times it
    grown = -((s - g) ** k) / (k * before)
    yield Step(
        "Gaps are uniform on the lengths that add up to one. The volume of k lengths with a sum below s is "
        "s^k/k!, by induction: the integral of (s−g)^{k−1}/(k−1)! over the last one,",
        sympy.powsimp(sympy.diff(grown, g) - (s - g) ** (k - 1) / before),
    )
    yield Step("from 0 on,", grown.subs(g, s) - grown.subs(g, 0) - s**k / (k * before))
    yield Step(
        "or from a on, if it must be longer: each such gap shortens s by a.",
        grown.subs(g, s) - grown.subs(g, a) - (s - a) ** k / (k * before),
    )


def _counted(most: int) -> Iterator[Step]:
    """Inclusion and exclusion: the alternating sum over sets of long gaps counts the wanted states once."""
    for e in range(most + 1):
        for l in range(min(e, 2) + 1):
            found = sum(
                (-1) ** (j - l) * sympy.binomial(j, l) * sympy.binomial(e, j)
                for j in range(l, e + 1)
            )
            yield Step(
                f"A state with {e} long gaps counts {'once' if e == l else 'not'} for {l}.",
                found - int(e == l),
            )


def _gap_law(statement: Statement, more: int, shorter: int, least: int) -> Iterator[Step]:
    """Prove the law of n + `more` gaps out of n − `shorter` free lengths."""
    a = symbols("a", positive=True)
    yield from _lengths()
    yield from _counted(5)
    circle = "l" in {str(symbol) for symbol in statement.symbols}
    for n in range(least, 5):
        for l in range(2) if circle else (0,):
            for last in range(l, n + more + 1):
                wanted = sum(
                    (-1) ** (j - l) * sympy.binomial(j, l) * sympy.binomial(n + more, j)
                    * (1 - j * a) ** (n - shorter)
                    for j in range(l, last + 1)
                )  # fmt: skip
                stated = statement.rule("P", n=n, a=a, J=last, l=l)
                yield Step(
                    f"Sets of up to {last} of {n + more} gaps, {l} of them longer.",
                    sympy.expand(stated - wanted),
                )
    for length, below in ((Rational(3, 10), 3), (Rational(1, 4), 3), (Rational(1, 2), 1)):
        for n in (least, 9):
            stated = statement.rule("J", n=n, a=length)
            yield Step(
                f"No more than {below} gaps can be longer than {length}.",
                stated - min(n + more, below),
            )


@proof("gaps-circle")
def circle_gaps(statement: Statement) -> Iterator[Step]:
    """n gaps add up to the circle: n − 1 free lengths."""
    yield from _gap_law(statement, 0, 1, 2)
    a, g, h = symbols("a g h", positive=True)
    region = sympy.integrate(sympy.integrate(2, (h, 1 - a - g, a)), (g, 1 - 2 * a, a))
    yield Step(
        "Three points whose gaps are all shorter than a, between a third and a half, by integration.",
        sympy.expand(statement.rule("P", n=3, a=a, J=2, l=0) - region),
    )


@proof("chain-segment")
def segment_chain(statement: Statement) -> Iterator[Step]:
    """n + 1 gaps add up to the segment, of which n − 1 are inner ones."""
    yield from _gap_law(statement, -1, 0, 2)
    a = symbols("a", positive=True)
    near = 1 - 2 * sympy.integrate(sympy.integrate(1, (y, x + a, 1)), (x, 0, 1 - a))
    yield Step(
        "Two points that are no further apart than a, by integration.",
        sympy.expand(statement.rule("P", n=2, a=a, J=1) - near),
    )


@proof("cover-segment")
def segment_cover(statement: Statement) -> Iterator[Step]:
    """n + 1 gaps add up to the segment, both ends among them."""
    yield from _gap_law(statement, 1, 0, 1)
    a = symbols("a", positive=True)
    yield Step(
        "One point that is within a, at least a half, of both ends, by integration.",
        sympy.expand(statement.rule("P", n=1, a=a, J=1) - sympy.integrate(1, (x, 1 - a, a))),
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


@proof("bipartite-giant")
def giant(statement: Statement) -> Iterator[Step]:
    """A value is in the giant component if one of its pairs leads there; pairs branch without loops."""
    c, u, v, nx, ny, m = symbols("c u v n_x n_y m", positive=True)
    # A value of x has n_y combinations, each a training pair with chance m/(n_x n_y) = c/n_y.
    outside = sympy.limit((1 - c * v / ny) ** ny, ny, oo)
    stated = statement.rule("u_x", m=c * nx, nx=nx, v_y=v)
    yield Step(
        "None of the pairs of a value of x leads there with chance e^{−m v/n_x}, for many values;",
        sympy.simplify(1 - outside - stated),
    )
    across = 1 - sympy.limit((1 - c * u / nx) ** nx, nx, oo).subs(c, m / ny)
    yield Step(
        "the same holds for y, and a combination is determined where both of its values are there.",
        sympy.simplify(statement.rule("share", u_x=u, m=m, ny=ny) - u * across),
    )
    rise = sympy.diff(statement.rule("u_x", m=m, nx=nx, v_y=v), v).subs(v, 0)
    rise *= sympy.diff(across, u).subs(u, 0)
    yield Step(
        "Both shares leave zero where m² = n_x n_y.", sympy.simplify(rise - m**2 / (nx * ny))
    )


@proof("bipartite-connected")
def connected_pairs(statement: Statement) -> Iterator[Step]:
    """What keeps the graph in parts is, for many values, a value that no pair shows."""
    for nx, ny, m in ((2, 2, 2), (2, 3, 2), (3, 2, 3), (3, 3, 4)):
        cells = list(itertools.product(range(nx), range(ny)))
        sets = list(itertools.combinations(cells, m))
        missing = sum(nx + ny - len({x for x, _ in s}) - len({y for _, y in s}) for s in sets)
        yield Step(
            f"Values left out by {m} of {nx} × {ny} pairs, over all {len(sets)} choices.",
            statement.rule("E", nx=nx, ny=ny, m=m) - Rational(missing, len(sets)),
        )
    n, b, mean, j = symbols("n b E j", positive=True)
    both = sympy.limit(((1 - 2 / n) / (1 - 1 / n) ** 2) ** (b * n), n, oo)
    yield Step("Two given values are left out independently in the limit,", both - 1)
    none = sympy.summation((-mean) ** j / sympy.factorial(j), (j, 0, oo))
    yield Step("so none is with chance e^{−E}.", sympy.simplify(statement.rule("P", E=mean) - none))
