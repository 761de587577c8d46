"""Proofs on strings of a hierarchy: counts, beliefs on the tree, correlations, and what they cost to see."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import sympy
from sympy import Rational, diff, exp, expand_log, limit, log, oo, simplify, symbols

from derivations._proof import Step, proof
from simtheory.analytic.symbolic import STATEMENTS, Statement
from simtheory.analytic.symbolic.hierarchy import TREE, below, chances

v, m, s, n_c = symbols("v m s n_c", positive=True)
L, l = symbols("L l", integer=True, positive=True)
HIERARCHY = {"v": v, "m": m, "s": s}


def written_share(statement: Statement) -> Step:
    """State that v·m of the v^s tuples are written."""
    return Step(
        "The v·m tuples of a level are the share f of all v^s.",
        simplify(statement.rule("f", **HIERARCHY) * v**s - v * m),
    )


def leading(links: sympy.Expr) -> sympy.Expr:
    """Return the mean square correlation to leading order; ``corr-finite-size`` proves it."""
    rule = STATEMENTS["corr-finite-size"].rule
    return rule("lead", f=rule("f", **HIERARCHY), v=v, m=m, n=links)


@proof("rhm-count")
def rhm_count(statement: Statement) -> Iterator[Step]:
    """A class has m rules, and below each of them s independent blocks."""
    rule = statement.rule
    known = HIERARCHY | {"n_c": n_c}

    def blocks(depth: sympy.Expr) -> sympy.Expr:
        return expand_log(log(rule("N", **known, L=depth)) - log(n_c), force=True) / log(m)

    yield Step(
        "Below a symbol of level 1 there are m tuples,", simplify(blocks(sympy.Integer(1)) - 1)
    )
    yield Step(
        "below one of the next level m times as many as s symbols have.",
        simplify(blocks(L + 1) - 1 - s * blocks(L)),
    )
    yield Step("They are equally likely: the entropy is the logarithm.", simplify((rule("H", **known, L=L) - log(n_c)) / log(m) - blocks(L)))  # fmt: skip
    rules = [rule("n_r", **known, L=depth) for depth in (1, L, L + 1)]
    yield Step("The root has n_c m rules,", rules[0] - n_c * m)
    yield Step("and each level below v m.", rules[2] - rules[1] - v * m)


LAM = [x for i in range(1, 5) for x in (sympy.Integer(1), sympy.Symbol(f"lam_{i}", positive=True))]
"""Likelihood of both tokens at four sites; a factor a site cancels."""

LOW, HIGH, ROOT = list(symbols("a_1:3")), list(symbols("b_1:3")), symbols("p")
SMALL = {"lam": LAM, "low": LOW, "high": HIGH, "root": ROOT}


def trees() -> Iterator[tuple[int, tuple[int, int], tuple[int, ...], sympy.Expr]]:
    """Yield class, level-1 symbols, tokens and probability of every tree of the small grammar."""
    low, high = chances(LOW), chances(HIGH)
    for a, k, i, j in product((0, 1), repeat=4):
        middle = TREE[1][a][k]
        tokens = (*TREE[0][middle[0]][i], *TREE[0][middle[1]][j])
        chance = [ROOT, 1 - ROOT][a] * high[a][k] * low[middle[0]][i] * low[middle[1]][j]
        yield a, middle, tokens, chance


def explained(tokens: tuple[int, ...], sites: range = range(4)) -> sympy.Expr:
    return sympy.prod([LAM[2 * i + tokens[i]] for i in sites])


@proof("bp-exact")
def bp_exact(statement: Statement) -> Iterator[Step]:
    """Sum over all trees of a grammar with symbolic weights, for a symbolic likelihood."""
    found = statement.substitute(**SMALL)
    every = [(middle, tokens, p * explained(tokens)) for _, middle, tokens, p in trees()]
    total = sum(p for *_, p in every)
    yield Step("Messages up to the root sum the likelihood over all trees.", found["Z"] - total)
    joint = [sum(p for middle, _, p in every if middle[i] == a) for i in (0, 1) for a in (0, 1)]
    yield Step(
        "At an inner node the product of both messages is the joint of symbol and evidence.",
        sympy.Matrix(found["joint"]) - sympy.Matrix(joint),
    )
    sites = [sum(p for _, tokens, p in every if tokens[i] == a) for i in range(4) for a in (0, 1)]
    yield Step("So it is at a token,", sympy.Matrix(found["tokens"]) - sympy.Matrix(sites))
    yield from normalised(found["p_a"], found["tokens"])


def normalised(shares: list[sympy.Expr], joint: list[sympy.Expr]) -> Iterator[Step]:
    """State that the posterior of each binary token is its joint over the sum."""
    for i in range(0, len(shares), 2):
        pair = joint[i : i + 2]
        left = [sympy.together(x - y / sum(pair)).as_numer_denom()[0] for x, y in zip(shares[i : i + 2], pair, strict=True)]  # fmt: skip
        yield Step("and normalised it is the posterior.", sympy.Matrix(left))


@proof("bp-truncated")
def bp_truncated(statement: Statement) -> Iterator[Step]:
    """The truth given one block's evidence; then the tower property."""
    found = statement.substitute(**SMALL)
    every = list(trees())
    marginals = [sum(p for _, mid, _, p in every if mid[i] == a) for i in (0, 1) for a in (0, 1)]
    yield Step("The prior of a block's top is its true marginal.", sympy.Matrix(found["M_b"]) - sympy.Matrix(marginals))  # fmt: skip
    for block, name in ((0, "first"), (1, "second")):
        sites = range(2 * block, 2 * block + 2)
        seen = [(mid, tokens, p * explained(tokens, sites)) for _, mid, tokens, p in every]
        tops = [sum(p for mid, _, p in seen if mid[block] == a) for a in (0, 1)]
        yield Step(
            f"The {name} block: its top,",
            sympy.Matrix(found["tops"][2 * block : 2 * block + 2]) - sympy.Matrix(tops),
        )
        for i in sites:
            tokens = [sum(p for _, word, p in seen if word[i] == a) for a in (0, 1)]
            stated = found["tokens"][2 * i : 2 * i + 2]
            yield Step(f"site {i + 1}, jointly with the block's evidence,", sympy.Matrix(stated) - sympy.Matrix(tokens))  # fmt: skip
            yield from normalised(found["p_a"][2 * i : 2 * i + 2], stated)
    errors = symbols("e_1:5")
    mean = sympy.Integer(0)
    for bits in product((0, 1), repeat=2):
        # What is seen at sites 3 and 4 for clean tokens 0 and 1; over both bits each sums to 1.
        seen = [
            [[1 - errors[2 * i], errors[2 * i + 1]], [errors[2 * i], 1 - errors[2 * i + 1]]][bit]
            for i, bit in enumerate(bits)
        ]
        mean += sum(
            p * explained(tokens, range(2)) * seen[0][tokens[2]] * seen[1][tokens[3]]
            for _, _, tokens, p in every
            if tokens[0] == 0
        )
    yield Step(
        "In the mean over the noise of the other block the exact posterior, times the evidence, is that of the "
        "own block: the denoisers are a martingale.",
        mean - found["tokens"][0],
    )
    g1, g2, x1, x2, P0 = symbols("g_1 g_2 x_1 x_2 P_0", positive=True)
    mean = (g1 * x1 + g2 * x2) / (g1 + g2)
    yield Step(
        "Then a later increment averages to zero beside an earlier one: they are orthogonal.",
        simplify(sum(g * (mean - P0) * (x - mean) for g, x in ((g1, x1), (g2, x2)))),
    )


@proof("d3pm-optimal-w")
def d3pm_optimal_w(statement: Statement) -> Iterator[Step]:
    """The best reverse step is the mean of the known ones over the posterior; solve it for w."""
    P1, P2, before, beta = symbols("P_1 P_2 alpha_0 beta", positive=True)
    P, seen = [P1, P2, 1 - P1 - P2], [1, 0, 0]
    keep = before * (1 - beta)  # share kept up to t
    found = statement.substitute(P=P, e=seen, alpha=keep, v=sympy.Integer(3))
    q, w = found["q_a"], found["w_a"]
    yield Step("The seen token has probability q given a clean one; over what may be seen it sums to 1.", q[0] + q[1] + q[2] - 1)  # fmt: skip
    yield Step("The stated weights sum to 1.", simplify(sum(w) - 1))
    kept = [(1 - beta) * e + beta / 3 for e in seen]
    exact, stated = [], []
    for b in range(3):
        earlier = [before * int(a == b) + (1 - before) / 3 for a in range(3)]
        exact.append(sum(P[a] * kept[b] * earlier[a] / q[a] for a in range(3)))
        stated.append(kept[b] * (before * w[b] + (1 - before) / 3))
    yield Step(
        "The released reverse step with them is Σ_a P(a|x_t) q(x_{t−1}|x_t, a), which minimises the mean KL:",
        sympy.Matrix([simplify(x * sum(stated) - y) for x, y in zip(exact, stated, strict=True)]),
    )
    yield Step("this mean sums to 1.", simplify(sum(exact) - 1))


@proof("rh-level-shares")
def rh_level_shares(statement: Statement) -> Iterator[Step]:
    """Orthogonal increments are coordinates."""
    d1, d2, e2, alpha, P = symbols("d_1 d_2 e_2 alpha P", positive=True)
    first = [d1, d1, -d1, -d1]  # depends on the own block
    second = [d2, -d2, e2, -e2]  # vanishes in the mean over the rest
    P_0 = [P] * 4
    P_1 = [x + y for x, y in zip(P_0, first, strict=True)]
    P_2 = [x + y for x, y in zip(P_1, second, strict=True)]
    ladder = {"P_0": P_0, "P_1": P_1, "P_2": P_2}
    mixture = [(1 - alpha) * x + alpha * y for x, y in zip(P_0, P_2, strict=True)]
    for q, wanted, text in (
        (P_0, (0, 0), "The denoiser that knows no level has no shares,"),
        (P_1, (1, 0), "the one that knows level 1 has that level's,"),
        (P_2, (1, 1), "the Bayes denoiser has all,"),
        (mixture, (alpha, alpha), "and a mixture has equal ones."),
    ):
        found = statement.substitute(**ladder, q=q)["c_k"]
        yield Step(text, sympy.Matrix([simplify(x - y) for x, y in zip(found, wanted, strict=True)]))  # fmt: skip


@proof("class-map")
def class_map(statement: Statement) -> Iterator[Step]:
    """Average the products of children's beliefs over the rules."""
    p = symbols("p", positive=True)
    rule = statement.rule
    phi, c = rule("phi", **HIERARCHY), rule("c", **HIERARCHY)
    F = rule("F", p=p, s=s, c=c, phi=phi)
    other = (1 - p**s) / (v**s - 1)
    yield Step(
        "The beliefs of s children in all v^s tuples sum to 1; the true one has p^s, the others share the rest.",
        simplify(p**s + (v**s - 1) * other - 1),
    )
    true, every = p**s + (m - 1) * other, p**s + (m * v - 1) * other
    yield Step("The true symbol has the true tuple and m − 1 others, all symbols m v − 1 others.", simplify(F - true / every))  # fmt: skip
    yield Step("So the shares are c,", simplify((m - 1) * other - c * (1 - p**s)))
    yield Step("and φ.", simplify((m * v - 1) * other - phi * (1 - p**s)))
    yield Step("Certainty is a fixed point,", F.subs(p, 1) - 1)
    yield Step("and chance.", simplify(F.subs(p, 1 / v) - 1 / v))


@proof("class-slopes")
def class_slopes(statement: Statement) -> Iterator[Step]:
    """Differentiate the map."""
    p = symbols("p", positive=True)
    rule = STATEMENTS["class-map"].rule
    F = rule("F", p=p, s=s, c=rule("c", **HIERARCHY), phi=rule("phi", **HIERARCHY))
    for point, name, text in ((sympy.Integer(1), "F_1", "At 1,"), (1 / v, "F_v", "at 1/v.")):
        slope = diff(F, p).subs(p, point)
        yield Step(text, simplify(slope - statement.rule(name, **HIERARCHY)))


@proof("class-threshold")
def class_threshold(statement: Statement) -> Iterator[Step]:
    """Put the stated belief into the map with two children."""
    p = symbols("p", positive=True)
    found = statement.substitute(v=v, m=m, s=sympy.Integer(2))
    rule = STATEMENTS["class-map"].rule
    two = {"v": v, "m": m, "s": sympy.Integer(2)}
    phi = rule("phi", **two)
    yield Step("The same φ.", simplify(found["phi"] - phi))
    F = rule("F", p=p, s=sympy.Integer(2), c=rule("c", **two), phi=phi)
    belief = found["p_star"]
    yield Step("p⋆ is a fixed point,", simplify(F.subs(p, belief) - belief))
    yield Step("which tokens have at ε⋆: 1 − ε + ε/v.", simplify(1 - found["eps"] * (1 - 1 / v) - belief))  # fmt: skip
    yield Step("The stated slope is the derivative there.", simplify(diff(F, p).subs(p, belief) - found["slope"]))  # fmt: skip
    g = symbols("g", positive=True)
    yield Step(
        "A deviation grows by it in each level, the length by s: s = (F')^ν.",
        simplify(exp(statement.rule("nu", slope=g) * log(g)) - 2),
    )


@proof("corr-instance")
def corr_instance(statement: Statement) -> Iterator[Step]:
    """Sum the trees of the small grammar by the tokens at two sites."""
    low, high = chances(LOW), chances(HIGH)
    order = [(a, k) for a in (0, 1) for k in (0, 1)]
    top = [ROOT, 1 - ROOT]
    law = sympy.diag(*[top[a] * high[a][k] for a, k in order])
    writes = [sympy.Matrix(4, 2, lambda i, b, j=j: int(order[i] in below(TREE[1], j, b))) for j in (0, 1)]  # fmt: skip
    for i, j in product((0, 1), repeat=2):
        steps = [
            sympy.Matrix(
                2, 2, lambda a, b, c=child: sum(low[a][k] for k in (0, 1) if TREE[0][a][k][c] == b)
            )
            for child in (i, j)
        ]
        found = statement.substitute(W=law, B_1=writes[0], B_2=writes[1], T_1=steps[0], T_2=steps[1])  # fmt: skip
        both = sympy.zeros(2, 2)
        middle = sympy.zeros(2, 2)
        for _, mid, tokens, p in trees():
            both[tokens[i], tokens[2 + j]] += p
            middle[mid] += p
        yield Step("The joint of both children of the root,", found["J_bc"] - middle)
        yield Step(f"and of sites {i + 1} and {3 + j}.", found["P_bc"] - both)


@proof("corr-finite-size")
def corr_finite_size(statement: Statement) -> Iterator[Step]:
    """One draw of distinct tuples, then a chain of rules."""
    rule = statement.rule
    n, lam = symbols("n lam", integer=True, positive=True)
    f, r, t = (rule(name, **HIERARCHY) for name in ("f", "r", "t"))
    yield written_share(statement)

    share, kept, draw = symbols("f r t", positive=True)

    def rho(level: sympy.Expr) -> sympy.Expr:
        return rule("rho", f=share, r=kept, t=draw, L=L, lam=level)

    def stated(links: sympy.Expr, excess: sympy.Expr) -> sympy.Expr:
        lead = rule("lead", f=f, v=v, m=m, n=links)
        return rule("C2", lead=lead, t=t, v=v, n=links, rho=excess)

    for size, rules in ((2, 1), (3, 1), (3, 2)):
        cells = list(product(range(size), repeat=2))
        total, draws = Rational(0), 0
        centre = sympy.eye(size) - sympy.ones(size, size) / size
        for chosen in combinations(cells, size * rules):
            table = sympy.zeros(size, size)
            for cell in chosen:
                table[cell] = 1
            total += sum(x**2 for x in centre * table * centre)
            draws += 1
        mean = total / draws / size**2 / Rational(size * rules) ** 2
        here = {v: size, m: rules, s: 2}
        yield Step(
            f"All draws of {size * rules} distinct pairs out of {size**2}: the square of the joint of two "
            "siblings below the root, centred in rows and columns.",
            mean - simplify(stated(sympy.Integer(0), rho(L)).subs(here)),
        )
    link = v * m * (1 / v) * (1 - 1 / v) / m**2
    yield Step(
        "A link averages m draws of variance (1/v)(1 − 1/v), in v columns; the mean square takes its factor r.",
        simplify(link - r),
    )
    yield Step(
        "So does each further link.",
        simplify(expand_log(log(stated(n + 1, rho(lam)) / stated(n, rho(lam)) / r), force=True)),
    )
    yield Step("The root's symbols are equally likely: ρ = 0 there.", rho(L))
    yield Step(
        "Below, unequal numbers of rules add (1 − f) r t, and what was above keeps r.",
        simplify(rho(lam) - (1 - share) * kept * draw - kept * rho(lam + 1)),
    )
    small = stated(n, rho(lam)) / rule("lead", f=f, v=v, m=m, n=n)
    small = small.subs({share: f, kept: r, draw: t}).subs({s: 2, L: 3, lam: 2, n: 1})
    yield Step(
        "At fixed f the correction tends to 1 as v grows.",
        limit(simplify(small.subs(m, share * v)), v, oo) - 1,
    )


@proof("noise-floor")
def noise_floor(statement: Statement) -> Iterator[Step]:
    """All samples of two and of three strings, each with two independent features."""
    p, q = symbols("p q", positive=True)
    for count in (2, 3):
        total = sympy.Integer(0)
        for bits in product((0, 1), repeat=2 * count):
            x, y = bits[:count], bits[count:]
            chance = sympy.prod([p if b else 1 - p for b in x] + [q if b else 1 - q for b in y])
            both = Rational(sum(a * b for a, b in zip(x, y, strict=True)), count)
            total += chance * (both - Rational(sum(x), count) * Rational(sum(y), count)) ** 2
        yield Step(f"{count} strings.", total - statement.rule("E2", p=p, q=q, P=sympy.Integer(count)))  # fmt: skip
    P, a, b = symbols("P a b", positive=True)
    # Centred features of variances a and b: mean of x y, less the product of both means.
    square, crossed, margins = a * b / P, a * b / P**2, a * b / P**2
    stated = statement.rule("E2", p=p, q=q, P=P).subs({p: (1 - sympy.sqrt(1 - 4 * a)) / 2})
    stated = stated.subs({q: (1 - sympy.sqrt(1 - 4 * b)) / 2})
    yield Step("Any number: the variance of the mean product, less twice its covariance with the margins, and theirs.", simplify(square - 2 * crossed + margins - stated))  # fmt: skip


def equal_at(threshold: sympy.Expr, floor: sympy.Expr, signal: sympy.Expr) -> sympy.Expr:
    """Return what vanishes if the noise of so many strings is the signal."""
    return simplify(floor / threshold / signal - 1)


@proof("threshold-latent")
def threshold_latent(statement: Statement) -> Iterator[Step]:
    """A tuple of the level against a token below its sibling."""
    yield written_share(statement)
    found = statement.rule("P_lat", f=statement.rule("f", **HIERARCHY), **HIERARCHY, l=l, L=L)
    parents = s ** (L - l - 1)
    signal = leading(l) / m**2  # a tuple is one of m of its symbol; the token is l links down
    yield Step(
        "A tuple has probability 1/(vm), a token 1/v; s^(L−l−1) parents of a string share their rules.",
        equal_at(found, 1 / (v * m) / v / parents, signal),
    )


@proof("threshold-rule")
def threshold_rule(statement: Statement) -> Iterator[Step]:
    """Rules of a level combine latent symbols of the level below, which must be told apart first."""
    yield written_share(statement)
    f = statement.rule("f", **HIERARCHY)
    found = statement.rule("P_rule", f=f, **HIERARCHY, l=l, L=L)
    below_it = STATEMENTS["threshold-latent"].rule("P_lat", f=f, **HIERARCHY, l=l - 1, L=L)
    yield Step("The strings of the latent symbols of level l − 1.", simplify(found / below_it - 1))
    context = symbols("d", positive=True)
    depth = log(context) / log(s)
    top = statement.rule("P_rule", f=f, **HIERARCHY, l=depth, L=depth)
    power = v * m * exp(log(m) / log(s) * log(context)) / (1 - f)
    yield Step("At the top, with d = s^L, a power of the context.", simplify(expand_log(log(top / power), force=True)))  # fmt: skip


@proof("threshold-token")
def threshold_token(statement: Statement) -> Iterator[Step]:
    """Two tokens, each l − 1 links below the children of their ancestor."""
    yield written_share(statement)
    found = statement.rule("P_tok", f=statement.rule("f", **HIERARCHY), **HIERARCHY, l=l)
    yield Step("Both tokens have probability 1/v.", equal_at(found, 1 / v**2, leading(2 * (l - 1))))


@proof("threshold-supervised")
def threshold_supervised(statement: Statement) -> Iterator[Step]:
    """A tuple of tokens against the class, L − 1 links above its symbol."""
    found = statement.rule("P_sup", n_c=n_c, m=m, L=L)
    first = (1 / (v * m)) / n_c**2  # m draws of variance 1/v, for a class of probability 1/n_c
    signal = first / m ** (L - 2) / m**2
    yield Step(
        "The first link gives a mean square 1/(n_c² v m), each of the other L − 2 a factor 1/m, and a tuple is one of m of its symbol.",
        equal_at(found, 1 / (v * m) / n_c, signal),
    )


@proof("threshold-latent-context")
def threshold_latent_context(statement: Statement) -> Iterator[Step]:
    """A tuple against the symbols of the level below, which are known, under its sibling: one link."""
    yield written_share(statement)
    found = statement.rule("P_con", f=statement.rule("f", **HIERARCHY), **HIERARCHY)
    yield Step("A tuple has probability 1/(vm), a symbol below the sibling 1/v.", equal_at(found, 1 / (v * m) / v, leading(sympy.Integer(1)) / m**2))  # fmt: skip


@proof("coherence-length")
def coherence_length(statement: Statement) -> Iterator[Step]:
    """Invert the law of the top level."""
    yield written_share(statement)
    f = statement.rule("f", **HIERARCHY)
    needed = STATEMENTS["threshold-rule"].rule("P_rule", f=f, **HIERARCHY, l=l, L=l)
    found = statement.rule("xi", P=needed, f=f, **HIERARCHY)
    yield Step("As many strings as level l needs give s^l tokens.", simplify(expand_log(log(found / s**l), force=True)))  # fmt: skip


@proof("token-range")
def token_range(statement: Statement) -> Iterator[Step]:
    """Invert the law of token pairs."""
    yield written_share(statement)
    f = statement.rule("f", **HIERARCHY)
    needed = STATEMENTS["threshold-token"].rule("P_tok", f=f, **HIERARCHY, l=l)
    found = statement.rule("l_P", P=needed, f=f, v=v, m=m)
    yield Step("As many strings as level l needs give l.", simplify(expand_log(found, force=True) - l))  # fmt: skip


@proof("sensitivity-curve")
def sensitivity_curve(statement: Statement) -> Iterator[Step]:
    """After one step the features of a tuple are its empirical correlations: signal and noise."""
    a, b, noise, signal, P = symbols("a b noise signal P", positive=True)
    rows = [a, b, -a - b]
    apart = sum((x - y) ** 2 for x, y in combinations(rows, 2)) / 3
    square = sum(x**2 for x in rows) / 3
    yield Step("Correlations of v symbols sum to zero; two differ by 2v/(v − 1) times their mean square (here v = 3).", apart - 2 * Rational(3, 2) * square)  # fmt: skip
    each = noise * (1 - 1 / v) * (1 - 1 / (v * m)) / P  # `noise-floor`, for large P
    same, other = 2 * each, 2 * each + 2 * v / (v - 1) * signal
    kappa = statement.rule("kappa", v=v, m=m)
    found = statement.rule("S", kappa=kappa, x=P * signal / noise)
    yield Step("Synonyms differ by twice the noise, other tuples also by the signal; P_1 = noise/signal.", simplify(found - same / other))  # fmt: skip


@proof("plateau-uniform")
def plateau_uniform(statement: Statement) -> Iterator[Step]:
    """A block has a tree if its s children have, and their tuple is written."""
    yield written_share(statement)
    share = symbols("f", positive=True)
    found = [log(statement.rule("A_j", f=share, s=s, j=k)) for k in (0, l, l + 1)]
    yield Step("The known level is valid.", found[0])
    yield Step("Uniform symbols form a tuple that is written with probability f.", simplify(expand_log(found[2] - log(share) - s * found[1], force=True) / log(share)))  # fmt: skip


@proof("plateau-marginal")
def plateau_marginal(statement: Statement) -> Iterator[Step]:
    """The marginal of a symbol is the share of rules that write it."""
    yield written_share(statement)
    share = symbols("f", positive=True)
    variance = (
        v * m * (1 / v) * (1 - 1 / v) * (v**s - v * m) / (v**s - 1)
    )  # drawn without replacement
    two = variance.subs({s: 2, m: share * v})
    yield Step("The v m rules write a symbol m times in the mean, with variance m(1 − f) at large v.", limit(simplify(two / (share * v * (1 - share))), v, oo) - 1)  # fmt: skip
    counted = (m**2 + m * (1 - share)) / m  # mean of its square over its mean
    stated = statement.rule("A_1", f=share, m=m, s=s)
    yield Step(
        "A symbol met in a rule has that many rules more often: each of v m rules has mass (count/(v m))^s.",
        simplify((v * m * (counted / (v * m)) ** s / stated).subs(share, m / v ** (s - 1)) - 1),
    )


@proof("perfect-generator")
def perfect_generator(statement: Statement) -> Iterator[Step]:
    """A sample is new unless it is one of the strings that were seen."""
    N, n, P = symbols("N n P", positive=True)
    found = [statement.rule("D", N=N, n=k) for k in (0, n, n + 1)]
    yield Step("None at first.", found[0])
    yield Step("The next is new with probability 1 − D/N.", simplify(found[2] - found[1] - (1 - found[1] / N)))  # fmt: skip
    yield Step("P of N strings are copies.", statement.rule("C", P=P, N=N) * N - P)


@proof("unet-cost")
def unet_cost(statement: Statement) -> Iterator[Step]:
    """Count by node of the tree."""
    w = symbols("w", positive=True)
    cost = [statement.rule("macs", w=w, s=s, L=depth) for depth in (L, L + 1)]
    node = s * w * w + s * 2 * w * w  # from s children; to s children, from node and skip
    yield Step("A node of level 1 takes s w² down and 2 s w² up.", simplify(cost[0].subs(L, 1) - node))  # fmt: skip
    yield Step("One level more multiplies the nodes by s and adds a root.", simplify(cost[1] - s * cost[0] - node))  # fmt: skip
