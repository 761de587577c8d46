"""Proofs on the untied two-layer net f(x) = W₂ W₁ x."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import diag, exp, eye, symbols

from derivations._proof import Step, proof, symmetric
from simtheory.analytic.symbolic import STATEMENTS, Statement
from simtheory.analytic.symbolic._statement import hyp2f1, matrices
from simtheory.analytic.symbolic.untied import two_factors

t = symbols("t", positive=True)


def layers(h: int, n: int, m: int) -> tuple[sympy.Matrix, sympy.Matrix]:
    """Return layers of symbols, (h, n) and (m, h)."""
    below = sympy.Matrix(h, n, lambda i, j: sympy.Symbol(f"x_{i + 1}{j + 1}", real=True))
    above = sympy.Matrix(m, h, lambda i, j: sympy.Symbol(f"y_{i + 1}{j + 1}", real=True))
    return below, above


@proof("untied-early")
def untied_early(statement: Statement) -> Iterator[Step]:
    """Take the gradient, drop W beside I, and diagonalise what is left."""
    below, above = layers(2, 2, 2)
    A = symmetric("a", 2)
    error = above * below - eye(2)
    loss = (error * A * error.T).trace() / 2
    slopes = [layer.applyfunc(lambda x: -sympy.diff(loss, x)) for layer in (below, above)]
    flow = (-above.T * error * A, -error * A * below.T)
    yield Step(
        "d = 2: the flow is Ẇ₁ = W₂ᵀ(I−W)A, Ẇ₂ = (I−W)AW₁ᵀ.",
        (slopes[0] - flow[0]).row_join((slopes[1] - flow[1]).T),
    )
    linear = (above.T * A, A * below.T)
    yield Step(
        "Without W beside I the sum and the difference of W₂ and W₁ᵀ grow and die: Ṗ = AP, Ṅ = −AN.",
        (linear[1] + linear[0].T - A * (above + below.T)).row_join(
            linear[1] - linear[0].T + A * (above - below.T)
        ),
    )
    a = symbols("a_1:3", positive=True)
    P0 = sympy.Matrix(2, 2, symbols("p_(1:3)(1:3)", real=True))
    N0 = sympy.Matrix(2, 2, symbols("n_(1:3)(1:3)", real=True))
    form = statement.substitute(A=diag(*a), P0=P0, N0=N0, t=t)
    yield Step("The stated sum grows so,", form["P"].diff(t) - diag(*a) * form["P"])
    yield Step("the stated difference dies so,", form["N"].diff(t) + diag(*a) * form["N"])
    start = (form["P"].subs(t, 0) - P0).row_join(form["N"].subs(t, 0) - N0)
    yield Step("both from their starts.", start)
    yield Step("The layers have that sum", form["W_2"] + form["W_1"].T - form["P"])
    yield Step("and that difference,", form["W_2"] - form["W_1"].T - form["N"])
    yield Step("and W is their product.", form["W"] - form["W_2"] * form["W_1"])


@proof("balanced-riccati")
def balanced_riccati(statement: Statement) -> Iterator[Step]:
    """Reduce the flow to one Riccati equation, and solve that by its linear part."""
    lam = symbols("lambda", real=True)
    h, n, m = 2, 2, 1
    below, above = layers(h, n, m)
    teacher = sympy.Matrix(m, n, symbols("s_1:3", real=True))
    error = teacher - above * below
    slopes = (above.T * error, error * below.T)
    gap = above.T * above - below * below.T
    drift = slopes[1].T * above + above.T * slopes[1] - slopes[0] * below.T - below * slopes[0].T
    yield Step("The flow keeps M = W₂ᵀW₂ − W₁W₁ᵀ.", drift)
    F = statement.rule("F", lam=lam, Sigma=teacher, I_n=eye(n), I_m=eye(m))
    Q = below.T.col_join(above)
    moved = slopes[0].T.col_join(slopes[1])
    rest = (-below.T * (gap - lam * eye(h))).col_join(above * (gap - lam * eye(h))) / 2
    yield Step(
        "Q = [W₁ᵀ; W₂] moves as Q̇ = FQ − ½QQᵀQ, but for a part that is proportional to M − λI.",
        moved - (F * Q - Q * Q.T * Q / 2 + rest),
    )
    (spent,) = (eq.rhs for eq in statement.equations if eq.lhs.name == "phi")
    generator, s = matrices("F"), symbols("s", positive=True)
    yield Step(
        "The stated φ collects e^{2Fs}, so its slope is e^{2Ft}.",
        spent.function.doit() - exp(2 * generator * s),
    )
    f = symbols("f_1:3", real=True)
    Q0 = sympy.Matrix(2, 2, symbols("q_(1:3)(1:3)", real=True))
    z = symbols("z_1:3", positive=True)  # e^{f t} of each eigenvalue
    phi = diag(*[(z[k] ** 2 - 1) / (2 * f[k]) for k in range(2)])
    rule = statement.rule
    X = rule("X", F=diag(*f), Q0=Q0, phi=phi, t=t, I_h=eye(2))
    X = X.subs({exp(f[k] * t): z[k] for k in range(2)})
    slope = sum(
        (X.diff(z[k]) * f[k] * z[k] for k in range(2)),
        sympy.zeros(2, 2),
    )
    residual = slope - (diag(*f) * X + X * diag(*f) - X * X)
    yield Step(
        "In the eigenvectors of F, and so in all axes, X = QQᵀ solves Ẋ = FX + XF − X².",
        residual.applyfunc(sympy.together).applyfunc(
            lambda entry: sympy.expand(sympy.fraction(entry)[0])
        ),
    )
    yield Step("It starts at Q₀Q₀ᵀ.", X.subs(dict.fromkeys(z, 1)) - Q0 * Q0.T)
    yield Step("Its lower left block is W₂W₁.", (Q * Q.T)[n:, :n] - above * below)


@proof("imbalanced-mode")
def imbalanced_mode(statement: Statement) -> Iterator[Step]:
    """Two scalars, one conserved difference, and a Riccati equation with constant coefficients."""
    a, lam, w0, x, y, z, v, C = symbols("a lambda w_0 x y z v C", positive=True)
    rule = statement.rule
    speed = {x: a * y * (1 - x * y), y: a * x * (1 - x * y)}
    yield Step("The flow of two scalars keeps λ = y² − x².", y * speed[y] - x * speed[x])
    yield Step(
        "Their product moves as ẇ = a(1−w)(x²+y²),",
        x * speed[y] + y * speed[x] - a * (1 - x * y) * (x**2 + y**2),
    )
    yield Step(
        "and x² + y² = √(λ²+4w²).",
        (x**2 + y**2) ** 2 - ((y**2 - x**2) ** 2 + 4 * (x * y) ** 2),
    )
    w = rule("w", lam=lam, v=v)
    yield Step(
        "With w = ¼λ(v − 1/v) that root is ½λ(v + 1/v),",
        lam**2 + 4 * w**2 - (lam * (v + 1 / v) / 2) ** 2,
    )
    velocity = 2 * a * v * (1 - lam * (v - 1 / v) / 4)
    yield Step(
        "so v̇ = 2av(1−w).",
        sympy.diff(w, v) * velocity - a * (1 - w) * lam * (v + 1 / v) / 2,
    )
    m = rule("m", lam=lam)
    relaxing = -sympy.diff(a * (1 - x) * sympy.sqrt(lam**2 + 4 * x**2), x).subs(x, 1)
    yield Step("Near w = 1 the mode relaxes at the rate a m̃.", sympy.simplify(relaxing - a * m))
    # λ = z − 1/z makes m̃ = z + 1/z, and everything rational.
    level = {lam: z - 1 / z}
    root = z + 1 / z
    yield Step("λ = z − 1/z makes m̃ = z + 1/z.", sympy.expand(m.subs(level) ** 2 - root**2))
    high, low = (rule(f"v_{name}", lam=lam, m=root).subs(level) for name in ("plus", "minus"))
    yield Step(
        "v₊ and v₋ are the fixed points of v,",
        sympy.Matrix([sympy.simplify(velocity.subs(level).subs(v, end)) for end in (high, low)]),
    )
    yield Step("v₊ the one at w = 1.", sympy.simplify(w.subs(level).subs(v, high)) - 1)
    ratio = rule("v", v_plus=high, v_minus=low, C=C)
    yield Step(
        "With Ċ = −a m̃ C the stated v moves so,",
        sympy.simplify(
            sympy.diff(ratio, C) * (-a * root * C) - velocity.subs(level).subs(v, ratio)
        ),
    )
    cross = rule("C", v0=v, v_plus=high, v_minus=low, a=a, m=root, t=t)
    yield Step("C dies at that rate,", sympy.simplify(sympy.diff(cross, t) + a * root * cross))
    yield Step(
        "and starts where v is v(0).",
        sympy.simplify(ratio.subs(C, cross.subs(t, 0)) - v),
    )
    first = rule("w", lam=lam, v=rule("v0", w0=w0, lam=lam))
    yield Step("There w is w(0).", sympy.simplify(first.rewrite(sympy.log)) - w0)


@proof("untied-first-order")
def untied_first_order(statement: Statement) -> Iterator[Step]:
    """Write the flow of W by square roots of WWᵀ and WᵀW, and expand those in the off-diagonals."""
    eps, B, Bbar = symbols("epsilon B Bbar")
    w = symbols("w_1:3", positive=True)
    a = symbols("a_1:3", positive=True)
    turn = sympy.Matrix([[3, -4], [4, 3]]) / 5
    below, above = diag(*w) * turn, turn * diag(*w)
    W = above * below
    yield Step(
        "Balanced layers, hidden units and outputs turned, have W₂W₂ᵀ = (WWᵀ)^(1/2) and W₁ᵀW₁ = (WᵀW)^(1/2).",
        ((above * above.T) ** 2 - W * W.T).row_join((below.T * below) ** 2 - W.T * W),
    )
    W = sympy.Matrix([[w[0], eps * B], [eps * Bbar, w[1]]])

    def first(matrix: sympy.Matrix) -> sympy.Matrix:
        return matrix.applyfunc(lambda entry: sympy.simplify(sympy.diff(entry, eps).subs(eps, 0)))

    def root(tie: sympy.Expr) -> sympy.Matrix:
        return sympy.Matrix([[w[0], eps * tie], [eps * tie, w[1]]])

    left = root((w[0] * Bbar + w[1] * B) / (w[0] + w[1]))
    right = root((w[0] * B + w[1] * Bbar) / (w[0] + w[1]))
    yield Step(
        "To first order these are diag(w) and (w_iW_ji + w_jW_ij)/(w_i+w_j), (w_iW_ij + w_jW_ji)/(w_i+w_j).",
        first(left**2 - W * W.T).row_join(first(right**2 - W.T * W)),
    )
    error = (eye(2) - W) * diag(*a)
    velocity = left * error + error * right
    moved = first(velocity)
    known = {"a_i": a[0], "a_j": a[1], "w_i": w[0], "w_j": w[1], "S": B + Bbar, "D": B - Bbar}
    yield Step(
        "Ẇ = W₂W₂ᵀ(I−W)A + (I−W)A W₁ᵀW₁ moves the sum of a pair as stated,",
        sympy.simplify(moved[0, 1] + moved[1, 0] - statement.rule("S_t", **known)),
    )
    yield Step(
        "and the difference.",
        sympy.simplify(moved[0, 1] - moved[1, 0] - statement.rule("D_t", **known)),
    )
    yield Step(
        "The diagonal has no first-order term, and to zeroth order ẇ = 2aw(1−w):",
        sympy.Matrix(
            [
                *(moved[n, n] for n in range(2)),
                *(velocity[n, n].subs(eps, 0) - 2 * a[n] * w[n] * (1 - w[n]) for n in range(2)),
            ]
        ),
    )
    form = statement.rule("w_k", w0_kk=w[0], a_k=a[0], t=t)
    yield Step("the stated mode.", sympy.diff(form, t) - 2 * a[0] * form * (1 - form))
    yield Step("It starts at w(0).", form.subs(t, 0) - w[0])


@proof("untied-crossing")
def untied_crossing(statement: Statement) -> Iterator[Step]:
    """Take x = w_ii for the time: the pair then obeys Gauss's equation."""
    a_i, a_j, x, w0 = symbols("a_i a_j x w_0", positive=True)
    B, Bbar, alpha, beta = symbols("B Bbar alpha beta")
    pair = STATEMENTS["untied-first-order"]
    known = {"a_i": a_i, "a_j": a_j, "w_i": x, "w_j": 0, "S": B + Bbar, "D": B - Bbar}
    slope = {
        B: a_j * Bbar + (a_i * (1 - x) - a_j * x) * B,
        Bbar: a_j * B + a_i * (1 - 2 * x) * Bbar,
    }
    yield Step(
        "The pair equations at w_jj = 0, entry by entry.",
        sympy.Matrix(
            [
                sympy.expand(pair.rule("S_t", **known) - slope[B] - slope[Bbar]),
                sympy.expand(pair.rule("D_t", **known) - slope[B] + slope[Bbar]),
            ]
        ),
    )
    rule = statement.rule
    mode = rule("x", w0=w0, a_i=a_i, t=t)
    pace = 2 * a_i * x * (1 - x)
    yield Step("x moves as ẋ = 2a_i x(1−x)", sympy.diff(mode, t) - pace.subs(x, mode))
    yield Step("from w(0).", mode.subs(t, 0) - w0)
    mu = sympy.Function("mu")(x)
    partner = rule("Bbar", x=x, mu=mu)
    entry = rule("B", a_i=a_i, a_j=a_j, x=x, mu_x=sympy.diff(mu, x))
    here = {B: entry, Bbar: partner}
    yield Step(
        "The stated entry is what makes its partner move as it must.",
        sympy.simplify((sympy.diff(partner, x) * pace - slope[Bbar].subs(here)) / partner),
    )
    ratio = {a_j: 2 * beta * a_i}
    yield Step(
        "β is half the ratio of the rates.",
        rule("beta", a_i=a_i, a_j=2 * beta * a_i) - beta,
    )
    left = (sympy.diff(entry, x) * pace - slope[B].subs(here)).subs(ratio)
    equation = sympy.expand(sympy.simplify(left / (a_i * sympy.sqrt(x * (1 - x)))).doit())
    weights = [sympy.simplify(equation.coeff(sympy.diff(mu, x, 2)))]
    weights.insert(0, sympy.simplify(equation.coeff(sympy.diff(mu, x))))
    weights.insert(0, sympy.simplify(equation.coeff(mu)))
    stated = rule("alpha", beta=beta)
    bound = alpha**2 + alpha * (sympy.Rational(1, 2) - beta) - beta**2
    yield Step("α solves α² + α(½−β) = β².", sympy.expand(bound.subs(alpha, stated)))
    F = sympy.Function("F")(x)
    for name, sign in (("mu_plus", 1), ("mu_minus", -1)):
        form = rule(name, alpha=alpha, beta=beta, x=x)
        (gauss,) = form.atoms(hyp2f1)
        a, b, c, _ = gauss.args
        second = (a * b * F - (c - (a + b + 1) * x) * sympy.diff(F, x)) / (x * (1 - x))
        power = form.subs(gauss, 1)
        bend = sympy.diff(sympy.expand_log(sympy.log(power), force=True), x)
        slopes = [
            F,
            sympy.diff(F, x) + bend * F,
            second + 2 * bend * sympy.diff(F, x) + (sympy.diff(bend, x) + bend**2) * F,
        ]
        left = sum(weight * part for weight, part in zip(weights, slopes, strict=True))
        top = sympy.fraction(sympy.together(left))[0]
        yield Step(
            f"By Gauss's equation for F, μ{'₊' if sign > 0 else '₋'} makes the entry move as it must,",
            sympy.rem(sympy.expand(top), bound, alpha),
        )
        size = sympy.simplify(form.subs(gauss, 1) / x ** (sign * beta)).subs(x, 0)
        yield Step("and is x^(±β) near x = 0.", size - 1)
    plus, minus = symbols("mu_p mu_m")
    both = rule("mu", c_plus=1, c_minus=1, mu_plus=plus, mu_minus=minus)
    yield Step("The equations are linear: sums of solutions are solutions.", both - plus - minus)


@proof("untied-ldr")
def untied_ldr(statement: Statement) -> Iterator[Step]:
    """Check the ratios against the pair equations, and the limits in which the form is exact.

    How large its error is elsewhere is not proved: it is measured, in ``tests/orders``.
    """
    rule = statement.rule
    a, p = symbols("a_1:3", positive=True), symbols("p_1:3", positive=True)
    w, lam = symbols("w_1:3", positive=True), symbols("lambda", real=True)
    sigma, delta, eps = symbols("sigma delta epsilon")
    below, above = layers(2, 2, 2)
    start = rule("U_0", W_10=below, W_20=above)
    early = STATEMENTS["untied-early"].substitute(
        A=diag(*a), P0=above + below.T, N0=sympy.zeros(2, 2), t=t
    )
    yield Step(
        "Early on, what grows is the second layer of a tied net that starts from U₀.",
        early["W_2"] - diag(*(exp(rate * t) for rate in a)) * start,
    )
    known = {"a_i": a[1], "a_j": a[0], "w_i": w[1], "w_j": w[0]}
    drive, decay = rule("h", **known), rule("q", **known)
    moved = (
        rule("sigma_t", h=drive, delta=delta),
        rule("delta_t", h=drive, q=decay, sigma=sigma, delta=delta),
    )
    tied = STATEMENTS["untied-first-order"].rule("S_t", **known, S=1, D=0)
    for name, value, slope in (("S_t", sigma, moved[0]), ("D_t", delta, moved[1])):
        stated = STATEMENTS["untied-first-order"].rule(name, **known, S=2 * sigma, D=2 * delta)
        yield Step(
            f"The pair's {'sum' if name == 'S_t' else 'difference'} moves as the tied entry and its ratio do:",
            sympy.simplify(stated - 2 * (tied * value + slope)),
        )
    factor = sympy.Matrix([[1, 0], [lam, 1]])

    def form(factor: sympy.Matrix, both: sympy.Expr, apart: sympy.Expr) -> sympy.Matrix:
        return two_factors(rule, factor, list(p), [both], [apart])["W"]

    Y = factor * diag(*p) * factor.T
    yield Step(
        "where σ = 1 and δ = 0, as at the start, the form is that of the tied net.",
        sympy.simplify(form(factor, sympy.Integer(1), sympy.Integer(0)) - Y * (eye(2) + Y).inv()),
    )
    still = [slope.subs({a[1]: a[0], delta: 0}) for slope in moved]
    yield Step("With equal rates it stays so.", sympy.Matrix(still))
    W = form(factor.subs(lam, eps * lam), sigma, delta)
    yield Step(
        "To zeroth order in Λ the diagonal holds the modes of the pivots,",
        W.subs(eps, 0) - diag(*(pivot / (1 + pivot) for pivot in p)),
    )
    entry = lam * p[0] / ((1 + p[0]) * (1 + p[1]))
    first = W.applyfunc(lambda value: sympy.simplify(sympy.diff(value, eps).subs(eps, 0)))
    yield Step(
        "and to first order the entries are the tied one times σ ± δ, as the pair equations want.",
        first - entry * sympy.Matrix([[0, sigma - delta], [sigma + delta, 0]]),
    )
