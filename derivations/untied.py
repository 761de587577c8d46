"""Proofs on the untied two-layer net f(x) = W₂ W₁ x."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import diag, exp, eye, symbols

from derivations._proof import Step, proof, symmetric
from simtheory.analytic.symbolic import Statement
from simtheory.analytic.symbolic._statement import matrices

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
    target = sympy.Matrix(m, n, symbols("s_1:3", real=True))
    error = target - above * below
    slopes = (above.T * error, error * below.T)
    gap = above.T * above - below * below.T
    drift = slopes[1].T * above + above.T * slopes[1] - slopes[0] * below.T - below * slopes[0].T
    yield Step("The flow keeps M = W₂ᵀW₂ − W₁W₁ᵀ.", drift)
    F = statement.rule("F", lam=lam, Sigma=target, I_n=eye(n), I_m=eye(m))
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
            lambda entry: sympy.expand(sympy.numer(entry))
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
