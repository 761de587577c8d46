"""Proofs on one linear layer."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Rational, diag, eye, symbols

from derivations._proof import Step, proof, symmetric
from simtheory.analytic.symbolic import Statement

t = symbols("t", positive=True)


@proof("one-layer-flow")
def one_layer_flow(statement: Statement) -> Iterator[Step]:
    """Gradient of the loss, then the linear equation it gives."""
    W, A = sympy.Matrix(2, 2, symbols("w_11 w_12 w_21 w_22")), symmetric("a", 2)
    loss = ((W - eye(2)) * A * (W - eye(2)).T).trace() / 2
    gradient = W.applyfunc(lambda entry: sympy.diff(loss, entry))
    yield Step(
        "The loss ½ tr[(W−I)A(W−I)ᵀ] has the negative gradient (I−W)A.", gradient - (W - eye(2)) * A
    )

    rates = diag(*symbols("a_1:4", positive=True))
    start = sympy.Matrix(3, 3, symbols("w_(1:4)(1:4)"))
    flow = statement.substitute(W0=start, A=rates, t=t)["W"]
    yield Step(
        "Along the concepts, d = 3: the closed form solves Ẇ = (I − W)A.",
        flow.diff(t) - (eye(3) - flow) * rates,
    )
    yield Step("It starts at W(0).", flow.subs(t, 0) - start)

    c, s, a, b = symbols("c s a b", positive=True)
    turn = sympy.Matrix([[c, -s], [s, c]])
    dense, two = turn * diag(a, b) * turn.T, sympy.Matrix(2, 2, start[:2, :2])
    aligned = statement.substitute(W0=turn.T * two * turn, A=diag(a, b), t=t)["W"]
    turned = turn * aligned * turn.T
    residual = turned.diff(t) - (eye(2) - turned) * dense
    yield Step(
        "Turned data: the solution turns with them, so any second moment is covered.",
        residual.applyfunc(lambda entry: sympy.expand(entry).subs(c**2, 1 - s**2)).applyfunc(
            lambda entry: sympy.rem(sympy.expand(entry), c**2 + s**2 - 1, c)
        ),
    )


@proof("one-layer-ood")
def one_layer_ood(statement: Statement) -> Iterator[Step]:
    """Put the zero start into the flow."""
    a, mu = list(symbols("a_1:4", positive=True)), list(symbols("mu_1:3", positive=True))
    losses = statement.substitute(mu=mu, a=a, s=2, d=3, t=t)
    error = -diag(*[sympy.exp(-rate * t) for rate in a])
    W = eye(3) + error
    yield Step("From zero, W − I = −e^{−At} solves the flow.", W.diff(t) - (eye(3) - W) * diag(*a))
    target = sympy.Matrix([*mu, 0])
    missed = error * target
    yield Step(
        "At the target the loss is ½|(W−I)x̂|².",
        Rational(1, 2) * missed.dot(missed) - losses["L_test"],
    )
    train = (error * diag(*a) * error.T).trace() / 2
    yield Step("On the training data it is ½ tr[(W−I)A(W−I)ᵀ].", train - losses["L_train"])
    slope = sympy.diff(losses["L_test"], t)
    fall = -sum(a[k] * mu[k] ** 2 * sympy.exp(-2 * a[k] * t) for k in range(2))
    yield Step("Its slope is a sum of negative terms: the test loss only falls.", slope - fall)


@proof("one-layer-random-start")
def one_layer_random_start(statement: Statement) -> Iterator[Step]:
    """Put a start of independent Gaussian entries into the flow, and average."""
    tau = sympy.Symbol("tau", positive=True)
    a, mu = list(symbols("a_1:4", positive=True)), list(symbols("mu_1:3", positive=True))
    stated = statement.substitute(mu=mu, a=a, s=2, d=3, t=t, tau=tau)
    start = sympy.Matrix(3, 3, symbols("w_(1:4)(1:4)"))
    left = diag(*[sympy.exp(-rate * t) for rate in a])
    error = (start - eye(3)) * left
    yield Step("W − I = (W(0) − I)e^{−At} solves the flow.", error.diff(t) + error * diag(*a))
    seen = sympy.Matrix(symbols("v_1:4", positive=True))
    missed = (start - eye(3)) * seen
    loss, length = missed.dot(missed) / 2, seen.dot(seen)
    mean = _gaussian_mean(loss, start, tau)
    at_target = {v: x * sympy.exp(-rate * t) for v, x, rate in zip(seen, [*mu, 0], a, strict=True)}
    yield Step(
        "With v = e^{−At}x̂ the mean of ½|(W(0)−I)v|² is ½(1 + dτ²)|v|², d = 3.",
        mean.subs(at_target) - stated["L_test"],
    )
    train = (error * diag(*a) * error.T).trace() / 2
    yield Step(
        "On the training data the mean of ½ tr[(W−I)A(W−I)ᵀ] gains the same factor.",
        _gaussian_mean(train, start, tau) - stated["L_train"],
    )
    variance = _gaussian_mean(loss**2, start, tau) - mean**2
    yield Step(
        "The variance of ½|(W(0)−I)v|² is τ²(1 + dτ²/2)|v|⁴.",
        variance - tau**2 * (1 + Rational(3, 2) * tau**2) * length**2,
    )
    root = tau * sympy.sqrt(1 + Rational(3, 2) * tau**2) * length.subs(at_target)
    yield Step("The standard deviation is its positive root.", root - stated["S_test"])


def _gaussian_mean(value: sympy.Expr, entries: sympy.Matrix, tau: sympy.Symbol) -> sympy.Expr:
    """Return the mean of a polynomial in independent Gaussian entries, of degree four at most."""
    moments = {0: 1, 2: tau**2, 4: 3 * tau**4}
    terms = sympy.Poly(value, *entries).terms()
    return sum(c * sympy.prod([moments.get(n, 0) for n in powers]) for powers, c in terms)


@proof("one-layer-general")
def one_layer_general(statement: Statement) -> Iterator[Step]:
    """Gradient of the loss with decay, then the linear equation it gives."""
    gamma, a_k = symbols("gamma a_k", positive=True)
    rule = statement.rule
    W, A = sympy.Matrix(2, 2, symbols("w_11 w_12 w_21 w_22")), symmetric("a", 2)
    C, Y = sympy.Matrix(2, 2, symbols("c_(1:3)(1:3)")), symmetric("y", 2)
    loss = (Y - 2 * W * C.T + W * A * W.T).trace() / 2 + gamma * (W * W.T).trace() / 2
    gradient = W.applyfunc(lambda entry: sympy.diff(loss, entry))
    B = rule("B", A=A, gamma=gamma)
    yield Step(
        "The loss ½E|y − Wx|² + ½γ|W|² has the negative gradient C − WB.", gradient - (W * B - C)
    )

    rates = diag(*symbols("b_1:3", positive=True))
    flow = rule("W", W0=W, C=C, B=rates, t=t)
    yield Step(
        "Along the eigenvectors of B: the closed form solves Ẇ = C − WB.",
        flow.diff(t) - (C - flow * rates),
    )
    yield Step("It starts at W(0).", flow.subs(t, 0) - W)
    yield Step(
        "A coordinate of rate zero grows as its cross moment times t: the limit of the form.",
        (flow[0, 0] - W[0, 0]).subs(W[0, 0], 0).limit(rates[0, 0], 0) - C[0, 0] * t,
    )
    one = rule("W", W0=W, C=rates, B=rates, t=t)
    decay = (-rates * t).exp()
    yield Step(
        "For the identity, C = B = A, it is the flow of one layer.",
        one - (eye(2) + (W - eye(2)) * decay),
    )
    level = rule("w_star", a_k=a_k, gamma=gamma)
    yield Step(
        "The stated level is where C − WB vanishes along a concept.",
        a_k - level * (a_k + gamma),
    )


@proof("one-layer-affine")
def one_layer_affine(statement: Statement) -> Iterator[Step]:
    """Take the bias as the weight of an input that is always one."""
    rule = statement.rule
    A, m = symmetric("a", 2), sympy.Matrix(symbols("m_1:3"))
    M = rule("M", A=A, m=m, one=sympy.Matrix([[1]]))
    E = sympy.Matrix(2, 3, symbols("e_(1:3)(1:4)"))
    missing, bias = E[:, :2], E[:, 2]
    # ½E|(W−I)x + b|², multiplied out with E xxᵀ = A and E x = m.
    loss = (missing * A * missing.T + 2 * missing * m * bias.T + bias * bias.T).trace() / 2
    gradient = E.applyfunc(lambda entry: sympy.diff(loss, entry))
    yield Step("The loss ½E|Wx + b − x|² has the gradient [W − I, b] M.", gradient - E * M)

    c, s = symbols("c s", positive=True)
    rates, start = diag(*symbols("l_1:3", positive=True)), E[:1, :2]
    turn = sympy.Matrix([[c, -s], [s, c]])

    def reduced(residual: sympy.Matrix) -> sympy.Matrix:
        """Use c² + s² = 1."""
        return residual.applyfunc(lambda x: sympy.rem(sympy.expand(x), c**2 + s**2 - 1, c))

    left = rule("E", E0=start * turn, M=rates, t=t) * turn.T
    yield Step(
        "One dimension, M = Q diag(ℓ) Qᵀ: the closed form solves Ė = −EM.",
        reduced(left.diff(t) + left * turn * rates * turn.T),
    )
    yield Step("It starts at E(0).", reduced(left.subs(t, 0) - start))

    ell, a = symbols("ell"), list(symbols("a_1:3", positive=True))
    along = rule("M", A=diag(*a), m=m, one=sympy.Matrix([[1]]))
    value = rule("secular", a=a, m=list(m), ell=ell, d=2)
    determinant = (along - ell * eye(3)).det()
    yield Step(
        "Along the concepts det(M − ℓ) is Π(a_k − ℓ) times the secular function.",
        sympy.simplify(value * (a[0] - ell) * (a[1] - ell)) - determinant,
    )
    fall = -1 - sum(m[k] ** 2 / (a[k] - ell) ** 2 for k in range(2))
    yield Step(
        "Its slope is negative: one root below all a_k, one between two neighbours, one above all.",
        sympy.diff(value, ell) - fall,
    )
