"""Proofs on the tied net f(x) = U Uᵀ x."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Rational, diag, exp, eye, log, symbols

from derivations._proof import Step, matrix_field, proof, symmetric
from simtheory.analytic.symbolic import Statement
from simtheory.analytic.symbolic.tied.forms import resum

t = symbols("t", positive=True)


@proof("tied-field")
def tied_field(statement: Statement) -> Iterator[Step]:
    """Take the gradient with respect to U, then follow U Uᵀ."""
    for d, A in ((2, symmetric("a", 2)), (3, diag(*symbols("a_1:4")))):
        U = sympy.Matrix(d, d, symbols(f"u_(1:{d + 1})(1:{d + 1})"))
        error = U * U.T - eye(d)
        loss = (error * A * error).trace() / 2
        velocity = U.applyfunc(lambda entry, loss=loss: -sympy.diff(loss, entry) / 2)
        moved = velocity * U.T + U * velocity.T
        stated = statement.substitute(W=U * U.T, A=A)["V"]
        yield Step(
            f"d = {d}: with U̇ = −½∇ of ½E|UUᵀx − x|², the canonical clock, UUᵀ moves along V.",
            moved - stated,
        )
    W, A = symmetric("w", 3), diag(*symbols("a_1:4"))
    stated = statement.substitute(W=W, A=A)["V"]
    yield Step(
        "Learning is reversible: I − W moves backwards along the same field.",
        stated - statement.substitute(W=eye(3) - W, A=A)["V"],
    )


@proof("tied-mode")
def tied_mode(statement: Statement) -> Iterator[Step]:
    """One entry, or a start that commutes: the field is the logistic one."""
    a, w0, f, x = symbols("a w_0 f x", positive=True)
    yield Step(
        "One dimension: V(w) = 2aw(1−w).",
        matrix_field(sympy.Matrix([[x]]), sympy.Matrix([[a]]))[0] - 2 * a * x * (1 - x),
    )
    both = diag(*symbols("w_1:3"))
    rates = diag(*symbols("a_1:3"))
    yield Step(
        "A diagonal start stays diagonal, each entry on its own.",
        matrix_field(both, rates) - 2 * rates * both * (eye(2) - both),
    )
    values = statement.substitute(a=a, w0=w0, t=t, f=f)
    w = values["w"]
    yield Step("The closed form solves ẇ = 2aw(1−w).", sympy.diff(w, t) - 2 * a * w * (1 - w))
    yield Step("It starts at w(0).", w.subs(t, 0) - w0)
    # At t_f the exponential is a ratio; it is put in as such.
    growth = sympy.exp(sympy.expand_log(2 * a * values["t_f"], force=True))
    reached = w0 * growth / (1 + w0 * (growth - 1))
    yield Step("It reaches the level f at the stated time.", sympy.simplify(reached) - f)


@proof("tied-isotropic")
def tied_isotropic(statement: Statement) -> Iterator[Step]:
    """With A = aI the field is a Riccati equation that commutes with W."""
    a = symbols("a", positive=True)
    W = symmetric("w", 2)
    yield Step("Equal rates: V(W) = 2a(W − W²).", matrix_field(W, a * eye(2)) - 2 * a * (W - W**2))
    flow = statement.substitute(W0=W, a=a, t=t)["W"]
    yield Step(
        "The closed form solves it for every symmetric start, d = 2.",
        flow.diff(t) - 2 * a * (flow - flow**2),
    )
    yield Step("It starts at W(0).", flow.subs(t, 0) - W)


@proof("tied-rank-one")
def tied_rank_one(statement: Statement) -> Iterator[Step]:
    """Power iteration in slowed time, with its length kept by one conserved combination."""
    s, g0 = symbols("s g_0", positive=True)
    a, u0 = list(symbols("a_1:3", positive=True)), list(symbols("u_1:3", positive=True))
    u = sympy.Matrix(u0)
    A = diag(*a)
    velocity = A * u - (u * u.T * A * u + A * u * (u.T * u)) / 2
    reduced = (1 - u.dot(u) / 2) * A * u - u.dot(A * u) / 2 * u
    yield Step(
        "Width one: U̇ = (A − ½(WA+AW))U is u̇ = (1−g/2)Au − ½(uᵀAu)u, g = |u|².", velocity - reduced
    )

    rule = statement.rule
    z, x = symbols("z x", positive=True)
    yield Step(
        "With X = z − 1/z its root √(X²+4) is z + 1/z.", (z - 1 / z) ** 2 + 4 - (z + 1 / z) ** 2
    )
    g = rule("g", X=x).subs(sympy.sqrt(x**2 + 4), z + 1 / z).subs(x, z - 1 / z)
    yield Step("Then g = 1 − 1/z²,", g - (1 - 1 / z**2))
    started = rule("X", phi=g0, g0=g0).subs(g0, 1 - 1 / z**2)
    yield Step(
        "which is the right start: φ = g(0) at s = 0.", sympy.simplify(started) - (z - 1 / z)
    )
    slope = sympy.diff(g, z) / sympy.diff(z - 1 / z, z) * (z - 1 / z)
    yield Step(
        "X is proportional to φ, so along s g' = 2g(1−g)/(2−g) · φ'/φ.",
        slope - 2 * g * (1 - g) / (2 - g),
    )
    phi = rule("phi", u0=u0, a=a, s=s, d=2)
    g_s = sympy.Function("g", positive=True)(s)
    entries = [rule("u_k", g=g_s, phi=phi, a=a, u0=u0, s=s, k=k + 1) for k in range(2)]
    yield Step("The stated vector has squared length g.", sum(v**2 for v in entries) - g_s)
    weighted = sum(a[k] * entries[k] ** 2 for k in range(2))
    slope = 2 * (1 - g_s) / (2 - g_s) * g_s * sympy.diff(phi, s) / phi
    residual = [
        sympy.diff(v, s).subs(sympy.diff(g_s, s), slope) * (1 - g_s / 2)
        - ((1 - g_s / 2) * a[k] * v - weighted / 2 * v)
        for k, v in enumerate(entries)
    ]
    yield Step("With dt = ds/(1−g/2) it solves the flow.", sympy.Matrix(residual))
    (clock,) = (eq.rhs for eq in statement.equations if eq.lhs.name == "t")
    passed = 1 / (1 - sympy.Function("g")(s) / 2)
    yield Step("The stated clock is that one.", sympy.diff(clock, s) - passed)
    start = [rule("u_k", g=g0, phi=g0, a=a, u0=u0, s=0, k=k + 1) for k in range(2)]
    yield Step("It starts at u(0).", sympy.Matrix(start) - u)


@proof("det-law")
def det_law(statement: Statement) -> Iterator[Step]:
    """Jacobi's formula for the determinant, with the trace of the field."""
    for d in (2, 3):
        W, A = symmetric("w", d), symmetric("a", d)
        V = matrix_field(W, A)
        up = 2 * (A * (eye(d) - W)).trace()
        down = -2 * (A * W).trace()
        yield Step(
            f"d = {d}: d/dt det W = tr(adj(W) V) = 2 tr(A(I−W)) det W.",
            (W.adjugate() * V).trace() - up * W.det(),
        )
        rest = eye(d) - W
        yield Step(
            f"d = {d}: d/dt det(I−W) = −2 tr(AW) det(I−W).",
            -(rest.adjugate() * V).trace() - down * rest.det(),
        )
        law = statement.substitute(W0=W, A=A, t=t)["log_ratio"]
        yield Step(
            f"d = {d}: the difference of the two logarithms grows at 2 tr A for every W.",
            sympy.diff(law, t) - (up - down),
        )
        start = log(W.det()) - log(rest.det())
        yield Step(
            f"d = {d}: and it starts at ln det W(0) − ln det(I−W(0)).", law.subs(t, 0) - start
        )


@proof("sum-rule")
def sum_rule(statement: Statement) -> Iterator[Step]:
    """Integrate the first half of the determinant law up to W = I."""
    W, A = symmetric("w", 2), symmetric("a", 2)
    V = matrix_field(W, A)
    rate = 2 * (A * (eye(2) - W)).trace()
    yield Step(
        "d/dt ln det W = 2 tr(A(I−W)), the integrand.", (W.adjugate() * V).trace() - rate * W.det()
    )
    excess = W - eye(2)
    force = ((excess * A + A * excess) * W).trace()
    gap = (A * W**2).trace() - (A * W).trace()
    yield Step(
        "At a critical point (FA+AF)W = 0, F = W−I; its trace says tr(AW²) = tr(AW).",
        force - 2 * gap,
    )
    loss = (A * excess**2).trace()
    yield Step(
        "Then tr(A(I−W)) = tr(A(I−W)²) = 2𝓛 there: were 𝓛 > 0, ln det W would grow without bound, although W ≤ I. "
        "So a start of full rank ends at W = I.",
        loss - rate / 2 - gap,
    )
    yield Step(
        "Hence the integral is ln det I − ln det W(0).",
        statement.substitute(W0=W)["learned"] - (log(eye(2).det()) - log(W.det())),
    )


@proof("first-order")
def first_order(statement: Statement) -> Iterator[Step]:
    """Expand the field in the off-diagonal entries, d = 3."""
    eps = symbols("epsilon", positive=True)
    a = list(symbols("a_1:4", positive=True))
    x = symbols("x_1:4", positive=True)
    y = symmetric("y", 3)
    W = sympy.Matrix(3, 3, lambda i, j: x[i] if i == j else eps * y[i, j])
    V = matrix_field(W, diag(*a))
    first = V.applyfunc(lambda entry: sympy.diff(entry, eps).subs(eps, 0))
    yield Step(
        "The diagonal has no first-order term: its error is O(ε²).",
        sympy.Matrix([first[k, k] for k in range(3)]),
    )
    logistic = sympy.Matrix([V[k, k].subs(eps, 0) - 2 * a[k] * x[k] * (1 - x[k]) for k in range(3)])
    yield Step("To zeroth order each diagonal entry is an isolated mode.", logistic)

    def speed(i: int, j: int) -> sympy.Expr:
        """Return the first-order growth rate of entry (i, j)."""
        return a[i] + a[j] - ((3 * a[i] + a[j]) * x[i] + (3 * a[j] + a[i]) * x[j]) / 2

    pairs = [(0, 1), (0, 2), (1, 2)]
    yield Step(
        "To first order an off-diagonal entry feels its own two diagonal entries only.",
        sympy.Matrix([first[i, j] - speed(i, j) * y[i, j] for i, j in pairs]),
    )
    start = sympy.Matrix(
        2, 2, lambda i, j: symbols(f"w_{min(i, j) + 1}{max(i, j) + 1}", positive=True)
    )
    form = statement.substitute(W0=start, a=a[:2], t=t)["W"]
    yield Step(
        "The stated diagonal is the mode.",
        sympy.Matrix(
            [sympy.diff(form[k, k], t) - 2 * a[k] * form[k, k] * (1 - form[k, k]) for k in range(2)]
        ),
    )
    grows = speed(0, 1).subs({x[0]: form[0, 0], x[1]: form[1, 1]})
    yield Step(
        "The stated off-diagonal entry solves its equation.",
        sympy.expand_log(sympy.diff(sympy.expand_log(log(form[0, 1]), force=True), t) - grows),
    )
    yield Step("Both start where they should.", sympy.simplify(form.subs(t, 0)) - start)


@proof("ldl-logit")
def ldl_logit(statement: Statement) -> Iterator[Step]:
    """Check the limits in which the resummation is exact.

    That its error elsewhere is O(ω^(1−ρ)) is not proved: it is measured, in ``tests/orders``.
    """
    a, b, p, q = symbols("a b p q", positive=True)
    lam, eps = symbols("lambda", real=True), symbols("epsilon", positive=True)
    rule = statement.rule
    factor = sympy.Matrix([[1, 0], [lam, 1]])
    Y0 = factor * diag(p, q) * factor.T
    W0 = Y0 * (eye(2) + Y0).inv()
    yield Step(
        "The logit matrix of the start is the one that is factored.",
        sympy.simplify(rule("Y0", W0=W0)) - Y0,
    )

    def form(factor: sympy.Matrix, rates: list[sympy.Expr]) -> dict[str, sympy.Expr]:
        return resum(rule, factor, [p, q], rates, t)

    equal = form(factor, [a, a])["W"]
    yield Step(
        "Equal rates: the form is the exact isotropic flow.",
        sympy.simplify(equal.diff(t)) - 2 * a * (equal - equal**2),
    )
    commuting = form(eye(2), [a, b])["W"]
    yield Step(
        "A diagonal start: the form is the exact modes.",
        commuting.diff(t) - matrix_field(commuting, diag(a, b)),
    )
    Y = form(factor, [a, b])["Y"]
    yield Step(
        "The determinant law holds: ln det W − ln det(I−W) = ln det Y, and det Y grows as e^{2t tr A}.",
        sympy.simplify(Y.det() - exp(2 * (a + b) * t) * Y0.det()),
    )
    turned = form(factor, [a, b])["Lambda"][1, 0]
    small = sympy.expand_log(log(turned.subs({lam: 1, p: eps * p, q: eps * q})), force=True)
    early = sympy.limit(small, eps, 0)
    yield Step(
        "Early phase, W(0) → 0 with any Λ: the factor turns as in the linear flow Y = e^{At}Y(0)e^{At}.",
        early + (a - b) * t,
    )

    start = W0.subs(lam, eps * lam)
    W = form(factor.subs(lam, eps * lam), [a, b])["W"]
    entry = sympy.diff(W[1, 0], eps).subs(eps, 0)
    slope = sympy.diff(start[1, 0], eps).subs(eps, 0)
    x, z = (start[k, k].subs(eps, 0) for k in range(2))
    D1, D2 = 1 + x * (exp(2 * a * t) - 1), 1 + z * (exp(2 * b * t) - 1)
    expected = (
        log(slope / lam)
        + (a + b) * t
        - (3 * a + b) / (4 * a) * log(D1)
        - (3 * b + a) / (4 * b) * log(D2)
    )
    residual = sympy.diff(
        sympy.expand_log(log(sympy.simplify(entry / lam)), force=True) - expected, t
    )
    yield Step(
        "First order in the off-diagonals: the entry grows as the first-order form does,",
        sympy.simplify(residual),
    )
    yield Step("from the same start,", sympy.simplify(entry.subs(t, 0) - slope))
    diagonal = [sympy.diff(W[k, k], eps).subs(eps, 0) for k in range(2)]
    yield Step("and the diagonal has no first-order term.", sympy.Matrix(diagonal))


@proof("learning-time")
def learning_time(statement: Statement) -> Iterator[Step]:
    """A pivot passes one; a weak concept is then half learned."""
    b, p, q = symbols("b p q", positive=True)
    lam, eps = symbols("lambda", real=True), symbols("epsilon", positive=True)
    rule = statement.rule
    time = rule("t_k", pi_k=q, a_k=b)
    yield Step("At the stated time the pivot π e^{2at} is one.", q * exp(2 * b * time) - 1)
    W = sympy.Matrix([[p * p, lam], [lam, q]]) * eps
    logit = rule("Y0", W0=W)
    schur = logit[1, 1] - logit[0, 1] ** 2 / logit[0, 0]
    leading = sympy.limit(sympy.simplify(schur / eps), eps, 0)
    yield Step(
        "For a small start the second pivot is what the first leaves of w₂₂: w₂₂ − w₁₂²/w₁₁.",
        leading - (q - lam**2 / p**2),
    )
    pivot, turned = symbols("pi_1 Lambda", positive=True)
    factor = sympy.Matrix([[1, 0], [turned, 1]])
    Y = factor * diag(pivot, 1) * factor.T
    weak = (Y * (eye(2) + Y).inv())[1, 1]
    yield Step(
        "When the stronger concept is learned (its pivot large) and has let go (Λ → 0), w_kk is one half there.",
        sympy.limit(weak.subs(turned, 0), pivot, sympy.oo) - Rational(1, 2),
    )


@proof("swing-peak")
def swing_peak(statement: Statement) -> Iterator[Step]:
    """Set the slope of the first-order entry to zero while the weaker concept is small."""
    a, b, w0, y0 = symbols("a_i a_j w_ii w_ij", positive=True)
    peak = statement.substitute(a_i=a, a_j=b, w0_ii=w0, w0_ij=y0)
    D = 1 + w0 * (exp(2 * a * t) - 1)
    curve = log(y0) + (a + b) * t - (3 * a + b) / (4 * a) * log(D)
    growth = sympy.symbols("E", positive=True)
    slope = sympy.diff(curve, t).subs(exp(2 * a * t), growth)
    there = 1 + (peak["B"] - 1) / w0
    yield Step(
        "The stated time is ln(E)/2a with E = 1 + (B−1)/w(0).",
        peak["t_peak"] - log(there) / (2 * a),
    )
    yield Step("There the slope of the entry vanishes.", sympy.simplify(slope.subs(growth, there)))
    level = (w0 * growth / (1 + w0 * (growth - 1))).subs(growth, there)
    yield Step(
        "The stronger entry then stands at 2(a_i+a_j)/(3a_i+a_j).",
        sympy.simplify(level - 2 * (a + b) / (3 * a + b)),
    )
    yield Step("The denominator D there is B,", sympy.simplify(1 + w0 * (there - 1) - peak["B"]))
    first = y0 * exp((a + b) * peak["t_peak"]) * peak["B"] ** (-(3 * a + b) / (4 * a))
    yield Step("which gives the height.", first - peak["w_peak"])
