"""Proofs on the discrete optimisers of one linear layer."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Rational, diag, symbols

from derivations._proof import Step, proof, symmetric
from simtheory.analytic.symbolic import Statement
from simtheory.analytic.symbolic.descent import settle


@proof("gd-linear")
def gd_linear(statement: Statement) -> Iterator[Step]:
    """A step is a matrix on (error, velocity); its powers follow from its trace and determinant."""
    a, eta, beta = symbols("a eta beta", positive=True)
    k = symbols("k", integer=True, positive=True)
    rule = statement.rule
    W, A = sympy.Matrix(2, 2, symbols("w_11 w_12 w_21 w_22")), symmetric("a", 2)
    error = sympy.eye(2) - W
    loss = (error * A * error.T).trace() / 2
    gradient = W.applyfunc(lambda entry: sympy.diff(loss, entry))
    stepped = sympy.eye(2) - (W - eta * gradient)
    yield Step("A step of descent multiplies the error I − W by I − ηA.", stepped - error * (sympy.eye(2) - eta * A))  # fmt: skip
    plain = rule("e_gd", a=a, eta=eta, k=k)
    yield Step(
        "Along a concept: e' = (1 − ηa)e,",
        sympy.simplify(plain.subs(k, k + 1) / plain) - (1 - eta * a),
    )
    yield Step("from e = 1.", plain.subs(k, 0) - 1)

    e, v = symbols("e v")
    momentum = {"a": a, "eta": eta, "beta": beta}
    moved = beta * v + a * e
    for name, kind, after in (
        ("Heavy ball: v' = βv + ae, e' = e − ηv'", "hb", e - eta * moved),
        ("Nesterov: v' = βv + ae, e' = e − η(ae + βv')", "nag", e - eta * (a * e + beta * moved)),
    ):
        step = sympy.Matrix([after, moved]).jacobian([e, v])
        yield Step(f"{name}. The trace of this step is S,", step.trace() - rule(f"S_{kind}", **momentum))  # fmt: skip
        yield Step("its determinant is P,", step.det() - rule(f"P_{kind}", **momentum))
        yield Step(
            "and from rest its first error is e₁.", step[0, 0] - rule(f"first_{kind}", **momentum)
        )
    S, P, first = symbols("S P e_1", positive=True)
    roots = [rule(name, S=S, P=P) for name in ("zeta_1", "zeta_2")]
    yield Step(
        "The stated roots solve ζ² = Sζ − P, so their powers obey e'' = Se' − Pe (Cayley–Hamilton):",
        sympy.Matrix([z**2 - S * z + P for z in roots]),
    )
    yield Step("both roots, for they sum to S.", sum(roots) - S)
    z1, z2, c = symbols("zeta_1 zeta_2 c_1")
    form = rule("e_k", zeta_1=z1, zeta_2=z2, c_1=c, k=k)
    yield Step("The closed form starts at one", form.subs(k, 0) - 1)
    share = rule("c_1", e_1=first, zeta_1=z1, zeta_2=z2)
    yield Step("and passes e₁.", sympy.simplify(form.subs(k, 1).subs(c, share) - first))
    later = [sympy.expand(sympy.expand_power_exp(form.subs(k, k + n))) for n in range(3)]
    residual = later[2] - (z1 + z2) * later[1] + z1 * z2 * later[0]
    yield Step("Its recursion is that of its roots.", sympy.expand(residual))


def gaussian_mean(expression: sympy.Expr, noise: list[sympy.Symbol], sizes: list[sympy.Symbol]) -> sympy.Expr:  # fmt: skip
    """Return the mean over independent centred Gaussians of variance `sizes`."""
    total = sympy.Integer(0)
    for powers, factor in sympy.Poly(expression, *noise).terms():
        if all(power % 2 == 0 for power in powers):
            moments = [sympy.factorial2(p - 1) * s ** (p // 2) for p, s in zip(powers, sizes, strict=True)]  # fmt: skip
            total += factor * sympy.prod(moments)
    return total


@proof("sgd-moments")
def sgd_moments(statement: Statement) -> Iterator[Step]:
    """Average a step over its batch; then look for where it stands still."""
    rule = statement.rule
    z, sizes = list(symbols("z_1:3")), list(symbols("sigma_1:3", positive=True))
    mu = symbols("mu", positive=True)
    V, unit = symmetric("v", 2), diag(1, 0)
    x = sympy.Matrix([mu + z[0], z[1]])
    R = rule("R_c", Sigma=diag(*sizes), mu_c=mu, J_c=unit)
    second = (x * x.T).applyfunc(lambda entry: gaussian_mean(entry, z, sizes))
    yield Step("A cluster at μ with spread Σ has E[xxᵀ] = R.", second - R)
    fourth = (x * (x.T * V * x) * x.T).applyfunc(lambda entry: gaussian_mean(entry, z, sizes))
    stated = rule("M_c", R_c=R, V=V, mu_c=mu, V_cc=V[0, 0], J_c=unit)
    yield Step("Its fourth moment E[xxᵀVxxᵀ] is M_c, by Wick's rule.", fourth - stated)
    p, each = list(symbols("p_1:3", positive=True)), [symmetric("m", 2), symmetric("l", 2)]
    mixed = rule("M_4", p=p, M=each, s=2)
    yield Step("A mixture has the mean of its clusters' moments.", mixed - p[0] * each[0] - p[1] * each[1])  # fmt: skip

    eta, n, nu = symbols("eta n nu", positive=True)
    A, M = symmetric("a", 2), symmetric("m", 2)
    # Of the n² pairs in a batch, n(n − 1) are of independent samples.
    pairs = (n * (n - 1) * A * V * A + n * M) / n**2
    # Each of n samples adds noise η ξ xᵀ/n; d labels of variance ν² are independent of x.
    noise = eta**2 * n * 2 * nu**2 * A / n**2
    mean = rule("Q", V=V, A=A, M_4=M, n=n)
    after = rule("V_next", V=V, A=A, Q=mean, eta=eta, n=n, nu=nu, d=2)
    yield Step(
        "One step is E' = E(I − ηÂ) − ηN. Averaged over the batch, E'ᵀE' gives V'.",
        V - eta * (A * V + V * A) + eta**2 * pairs + noise - after,
    )

    rates = list(symbols("a_1:3", positive=True))
    found = settle(rule, a=rates, eta=eta, n=n, nu=nu)
    settled, A = diag(*found["v_i"]), diag(*rates)
    gauss = rule("M_c", R_c=A, V=settled, mu_c=0, V_cc=0, J_c=unit)
    mean = rule("Q", V=settled, A=A, M_4=gauss, n=n)
    once = rule("V_next", V=settled, A=A, Q=mean, eta=eta, n=n, nu=nu, d=2)
    yield Step("Gaussian data: the stated T is tr(AV) at the stated V,", sympy.simplify((A * settled).trace() - found["T"]))  # fmt: skip
    yield Step("which stands still,", (once - settled).applyfunc(sympy.simplify))
    yield Step("and the loss is ½ tr(AV).", found["loss"] - Rational(1, 2) * found["T"])


@proof("adam-scale-free")
def adam_scale_free(statement: Statement) -> Iterator[Step]:
    """Put a = 1 beside any a: the means scale, their quotient does not."""
    a, w, m, v, eta = symbols("a w m v eta", positive=True)
    b1, b2, k = symbols("beta_1 beta_2 k", positive=True)
    rule = statement.rule
    loss = a * (1 - w) ** 2 / 2
    yield Step("A diagonal entry of one layer has the gradient −a(1−w).", sympy.diff(loss, w) - rule("g", a=a, w=w))  # fmt: skip
    decay = {"beta_1": b1, "beta_2": b2}

    def step(rate: sympy.Expr, mean: sympy.Expr, square: sympy.Expr) -> tuple[sympy.Expr, ...]:
        g = rule("g", a=rate, w=w)
        m1, v1 = rule("m_next", m=mean, g=g, **decay), rule("v_next", v=square, g=g, **decay)
        return m1, v1, rule("w_next", w=w, eta=eta, m_next=m1, v_next=v1, k=k, **decay)

    unit, scaled = step(sympy.Integer(1), m, v), step(a, a * m, a**2 * v)
    yield Step("If the mean is a times that of a mode of rate one, it stays so;", scaled[0] - a * unit[0])  # fmt: skip
    yield Step("the mean square, a² times;", scaled[1] - a**2 * unit[1])
    yield Step(
        "and then both modes take the same step. Both start with means of zero: the curves are one.",
        sympy.simplify((scaled[2] - unit[2]) / eta),
    )
    u = symbols("u", positive=True)
    tied = sympy.diff(a * (1 - u**2) ** 2 / 2, u)
    yield Step("In a tied net, w = u², the gradient is a times a function of u, too.", sympy.diff(tied / a, a))  # fmt: skip
    gap = symbols("gap", positive=True)
    _, _, first = (x.subs(k, 1).subs(w, 1 - gap) for x in step(a, sympy.Integer(0), sympy.Integer(0)))  # fmt: skip
    yield Step("The first step goes up by η for every rate,", sympy.simplify(first - (1 - gap + eta)))  # fmt: skip
    w0 = symbols("w_0", positive=True)
    signs = [rule("w_sign", w0=w0, eta=eta, k=step) for step in (k, k + 1, 0)]
    yield Step("and sign descent, w' = w + η sign(a(1−w)), takes every step so,", signs[1] - signs[0] - eta)  # fmt: skip
    yield Step("from its start.", signs[2] - w0)
