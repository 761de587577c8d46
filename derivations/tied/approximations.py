"""Proofs on further approximate forms of the tied net."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import diag, exp, expand_log, log, symbols

from derivations._proof import Step, matrix_field, proof, symmetric
from simtheory.analytic.symbolic import Statement
from simtheory.analytic.symbolic._statement import hyp2f1
from simtheory.analytic.symbolic.tied.approximations import schur as sequential

t = symbols("t", positive=True)


def growth_of(rate: sympy.Expr, start: sympy.Expr) -> sympy.Expr:
    """Return the denominator of a logistic mode."""
    return 1 + start * (exp(2 * rate * t) - 1)


def log_slope(expression: sympy.Expr) -> sympy.Expr:
    """Return the growth rate of a product of powers."""
    return sympy.diff(expand_log(log(expression), force=True), t)


@proof("schur-form")
def schur_form(statement: Statement) -> Iterator[Step]:
    """Solve the stage in which one concept is learned; what is left starts the next.

    That the stages follow one another with an error of O(ω^(1−ρ)) is not proved: it is measured, in
    ``tests/orders``.
    """
    a, b, c = symbols("a b c", positive=True)
    x, p, q, y, z = symbols("x p q y z", positive=True)
    eps = symbols("epsilon", positive=True)
    rule = statement.rule

    weak = symmetric("z", 3)
    W = sympy.Matrix(
        3,
        3,
        lambda i, j: (
            x if i == j == 0 else eps * (p, q)[i + j - 1] if 0 in (i, j) else weak[i, j] * eps**2
        ),
    )
    V = matrix_field(W, diag(a, b, c))
    yield Step(
        "While concept 1 is learned, let its row be of order ε and the rest of order ε². Its own entry is a mode;",
        V[0, 0].subs(eps, 0) - 2 * a * x * (1 - x),
    )
    speed = a + b - (3 * a + b) * x / 2
    yield Step(
        "its row feels that mode alone;",
        V[0, 1].expand().coeff(eps, 1) - speed * p,
    )
    yield Step(
        "and the rest loses to its row: ẇ_jk = (a_j+a_k) w_jk − ½(2a_1+a_j+a_k) w_1j w_1k.",
        V[1, 2].expand().coeff(eps, 2) - ((b + c) * weak[1, 2] - (2 * a + b + c) * p * q / 2),
    )

    D = rule("D_i", delta_i=x, a_i=a, t=t)
    mode = rule("w_kk", c_kk=x, a_k=a, t=t)
    yield Step(
        "The stated mode solves its equation,", sympy.diff(mode, t) - 2 * a * mode * (1 - mode)
    )
    yield Step("and starts at its seed.", mode.subs(t, 0) - x)

    def row(seed: sympy.Expr, rate: sympy.Expr, other: sympy.Expr) -> sympy.Expr:
        return rule("w_jk", c_jk=seed, a_j=a, a_k=rate, D_j=D, D_k=other, t=t)

    yield Step("So does the stated row,", log_slope(row(p, b, 1)) - speed.subs(x, mode))
    yield Step("from its seed.", row(p, b, 1).subs(t, 0) - p)
    partner = (3 * b + a) * y * exp(2 * b * t) / growth_of(b, y) / 2
    yield Step(
        "When the weaker concept is learned in its turn it suppresses the entry in the same way.",
        log_slope(row(p, b, growth_of(b, y))) - (speed.subs(x, mode) - partner),
    )
    taking = {"S_ij": p, "S_ik": q, "delta_i": x}
    seed = rule("c_next", c_now=z, D_i=D, a_i=a, a_j=b, a_k=c, **taking)
    slope = sympy.diff(seed, t) * exp((b + c) * t)
    drain = (2 * a + b + c) / 2 * row(p, b, 1) * row(q, c, 1)
    yield Step(
        "The stated seed times e^{(a_j+a_k)t} solves the equation of the rest,",
        sympy.powsimp(sympy.expand_power_base(sympy.simplify(-slope / drain))) - 1,
    )
    yield Step("from the entry itself.", seed.subs(t, 0) - z)
    late = symbols("D", positive=True)
    left = rule("c_next", c_now=z, D_i=late, a_i=a, a_j=b, a_k=c, **taking)
    fading = p * q / x * late ** -((2 * a + b + c) / (4 * a))
    yield Step(
        "As D grows the seed falls to the Schur complement, which starts the next stage.",
        left - rule("S_next", S_jk=z, **taking) - fading,
    )
    start = symmetric("w", 3, positive=True)
    pivots = sequential(rule, W0=start, a=[a, b, c], t=sympy.Integer(0))["delta"]
    yield Step(
        "The pivots multiply to det W(0), as the sum rule wants.",
        sympy.simplify(sympy.prod(pivots) - start.det()),
    )


@proof("second-order-diagonal")
def second_order_diagonal(statement: Statement) -> Iterator[Step]:
    """Expand the diagonal to second order, and integrate along the linearised mode."""
    a, b, x0, y0 = symbols("a_i a_j x_0 y_0", positive=True)
    rule = statement.rule
    W = symmetric("w", 3)
    rates = symbols("a_1:4", positive=True)
    own = 2 * rates[0] * W[0, 0] * (1 - W[0, 0])
    loss = sum((rates[0] + rates[k]) * W[0, k] ** 2 for k in (1, 2))
    yield Step(
        "Exactly, ẇ_ii = 2a_i w_ii(1−w_ii) − Σ_j (a_i+a_j) w_ij².",
        matrix_field(W, diag(*rates))[0, 0] - (own - loss),
    )
    D_i = rule("D_k", w0_kk=x0, a_k=a, t=t)
    mode = rule("m_i", w0_ii=x0, a_i=a, D_i=D_i, t=t)
    yield Step("The mode solves ṁ = 2am(1−m).", sympy.diff(mode, t) - 2 * a * mode * (1 - mode))
    yield Step("It starts at w_ii(0).", mode.subs(t, 0) - x0)

    total = sympy.Function("G")(t)
    pair = {"a_i": a, "a_j": b, "D_i": D_i, "w0_ij": y0, "t": t}
    carried = rule("xi_ij", G_ij=total, **pair)
    factor = carried / total
    yield Step(
        "A small deviation from the mode obeys ξ̇ = 2a(1−2m)ξ, and so does what stands before the integral,",
        sympy.simplify(sympy.diff(factor, t) / factor) - 2 * a * (1 - 2 * mode),
    )
    E_i, E_j = symbols("D_i D_j", positive=True)
    tied = y0 * exp((a + b) * t) * E_i ** (-(3 * a + b) / (4 * a)) * E_j ** (-(3 * b + a) / (4 * b))
    source = rule("g_ij", a_i=a, a_j=b, D_i=E_i, D_j=E_j, t=t)
    before = rule("xi_ij", G_ij=1, a_i=a, a_j=b, D_i=E_i, w0_ij=y0, t=t)
    yield Step(
        "which times the integrand is −(a_i+a_j) w_ij², w_ij to first order.",
        sympy.powsimp(sympy.expand(before * source / tied**2), force=True) + a + b,
    )
    (integral,) = (eq.rhs for eq in statement.equations if eq.lhs.name == "G_ij")
    yield Step(
        "The stated integral is that of this integrand,",
        sympy.diff(integral, t) - sympy.Function("g_ij")(t),
    )
    first, second = symbols("xi_2 xi_3")
    whole = rule("w_ii", m_i=mode, xi_i=[0, first, second], d=3)
    yield Step("and all concepts add up.", whole - (mode + first + second))

    H = rule("H_i", m_i=mode, a_i=a, a_j=b)
    (inner,) = H.atoms(hyp2f1)
    n = symbols("n", positive=True)
    one, beta, gamma, place = inner.args
    ratio = (one + n - 1) * (beta + n - 1) / ((gamma + n - 1) * n)
    r, q = b / a, (a - b) / (2 * a)
    yield Step(
        "Early: the series of H in m has (n + r) c_n = (n − 1 − q) c_{n−1}, r = a_j/a_i and q = (1−r)/2, so that "
        "m(1−m)H' = r(1−H) − qmH.",
        sympy.simplify((n + r) * ratio - (n - 1 - q)),
    )
    yield Step("It stands at the mode.", place - mode)
    value, h0 = sympy.Function("H")(t), symbols("H_0")
    bracket = h0 - exp(2 * b * t) * D_i**q * H.subs(inner, value)
    slope = sympy.diff(bracket, t).subs(
        sympy.diff(value, t), 2 * a * (r * (1 - value) - q * mode * value)
    )
    yield Step(
        "With it the bracket falls at 2a_j times the integrand without D_j,",
        sympy.simplify(slope / (exp(2 * b * t) * D_i**q)) + 2 * b,
    )
    early = rule("xi_early", H_0=h0, H_i=H.subs(inner, value), **pair)
    yield Step(
        "so it is −2a_j times the integral, which the early form says.",
        sympy.simplify(early + factor * bracket / (2 * b)),
    )


@proof("bump-top")
def bump_top(statement: Statement) -> Iterator[Step]:
    """Set the slope of the missing part of the weaker coordinate to zero."""
    b, gap, x0, y0, z0, m1, m2 = symbols("a_2 g x_0 y_0 z_0 mu_1 mu_2", positive=True)
    a = b + gap
    numbers = {"a_1": a, "a_2": b, "mu_1": m1, "mu_2": m2}
    rule = statement.rule
    Y = rule("Y", x0=x0, y0=y0, **numbers)
    first = y0 * exp((a + b) * t) * (x0 * exp(2 * a * t)) ** (-(3 * a + b) / (4 * a))
    yield Step(
        "Once concept 1 is learned, D_1 = w_11(0) e^{2a_1t}: the first-order tie is Ŷ e^{−(a_1−a_2)t/2}.",
        sympy.simplify(
            expand_log(log(first), force=True) - expand_log(log(Y), force=True) + gap * t / 2
        ),
    )
    W0 = sympy.Matrix([[x0, y0], [y0, z0]])
    yield Step(
        "The weaker concept grows from its pivot, the Schur complement.",
        x0 * rule("delta", x0=x0, y0=y0, z0=z0) - W0.det(),
    )
    height, delta = symbols("Y delta", positive=True)
    top = rule("t_top", Y=height, delta=delta, **numbers)
    rise = expand_log(log(2 * b * delta), force=True) + 2 * b * top
    fall = expand_log(log(gap / 2 * m1 / m2 * height), force=True) - gap / 2 * top
    yield Step(
        "The missing part 1 − δe^{2a_2t} − (μ_1/μ_2) Ŷe^{−(a_1−a_2)t/2} is stationary where the growth of the one "
        "makes up for the fall of the other: at the stated time.",
        sympy.simplify(expand_log(rise - fall, force=True)),
    )
    y = rule("y_top", Y=height, t_top=t, **numbers)
    yield Step("There the tie is the one above,", y - height * exp(-gap * t / 2))
    z = rule("z_top", delta=delta, t_top=t, **numbers)
    yield Step(
        "the weaker entry is the mode from its pivot,",
        sympy.simplify(z * (1 - delta) - delta * exp(2 * b * t) * (1 - z)),
    )
    tie, own = symbols("y z", positive=True)
    loss = rule("loss_top", y_top=tie, z_top=own, **numbers)
    missed = sympy.Matrix([m1, m2]) - sympy.Matrix([[1, 0], [tie, own]]) * sympy.Matrix([m1, m2])
    yield Step(
        "and half the squared distance from the test point is the loss, concept 1 being learned.",
        loss - missed.dot(missed) / 2,
    )


@proof("first-order-target")
def first_order_teacher(statement: Statement) -> Iterator[Step]:
    """Take the gradient with teacher and decay, then expand in the off-diagonal entries."""
    a, B = symbols("a_1:4", positive=True), symbols("B_1:4")
    kappa, eps = symbols("kappa epsilon", positive=True)
    U = sympy.Matrix(2, 2, symbols("u_(1:3)(1:3)"))
    A, aim = diag(*a[:2]), diag(*B[:2])
    error = U * U.T - aim
    loss = (error * A * error.T).trace() / 2
    velocity = U.applyfunc(lambda u: -sympy.diff(loss, u) / 2 - kappa * u)
    W = U * U.T
    drive = A * aim - kappa * sympy.eye(2)
    yield Step(
        "With U̇ = −½∇ of ½E|UUᵀx − Bx|² and decay −κU, the term AW + WA of the field becomes (AB−κ)W + W(AB−κ).",
        velocity * U.T
        + U * velocity.T
        - (matrix_field(W, A) - A * W - W * A + drive * W + W * drive),
    )
    x, y = symbols("x_1:4", positive=True), symmetric("y", 3)
    W = sympy.Matrix(3, 3, lambda i, j: x[i] if i == j else eps * y[i, j])
    A, drive = diag(*a), diag(*(a[k] * B[k] - kappa for k in range(3)))
    V = matrix_field(W, A) - A * W - W * A + drive * W + W * drive
    yield Step(
        "To zeroth order a diagonal entry is a mode, ẇ = 2w(ab − aw) with ab = aB − κ.",
        V[0, 0].subs(eps, 0) - 2 * x[0] * (a[0] * B[0] - kappa - a[0] * x[0]),
    )
    speed = drive[0, 0] + drive[1, 1] - ((3 * a[0] + a[1]) * x[0] + (3 * a[1] + a[0]) * x[1]) / 2
    yield Step(
        "To first order an off-diagonal entry feels its own two diagonal entries only.",
        sympy.diff(V[0, 1], eps).subs(eps, 0) - speed * y[0, 1],
    )
    start = symmetric("w", 2, positive=True)
    found = statement.substitute(W0=start, a=list(a[:2]), B=list(B[:2]), kappa=kappa, t=t)
    form = found["W"]
    yield Step(
        "The stated end is where the mode stands still.",
        sympy.Matrix([a[k] * found["b"][k] - (a[k] * B[k] - kappa) for k in range(2)]),
    )
    yield Step(
        "The stated diagonal is the mode.",
        sympy.Matrix(
            [
                sympy.diff(form[k, k], t)
                - 2 * form[k, k] * (a[k] * B[k] - kappa - a[k] * form[k, k])
                for k in range(2)
            ]
        ),
    )
    yield Step(
        "The stated off-diagonal entry solves its equation.",
        sympy.simplify(log_slope(form[0, 1]) - speed.subs({x[0]: form[0, 0], x[1]: form[1, 1]})),
    )
    yield Step("Both start where they should.", sympy.simplify(form.subs(t, 0)) - start)
