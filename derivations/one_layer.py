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
