"""Proofs on the SIM task: its rates, and its clock."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Rational, exp, oo, pi, sqrt, symbols

from derivations._proof import Step, matrix_field, proof, symmetric
from simtheory.analytic.symbolic import Statement


@proof("moment-rates")
def moment_rates(statement: Statement) -> Iterator[Step]:
    """Average x xᵀ over each Gaussian cluster, then over the clusters."""
    x, m = symbols("x m", real=True)
    sigma = symbols("sigma_1:4", positive=True)
    mu, p = symbols("mu_1:4", positive=True), symbols("p_1:4", positive=True)
    density = exp(-((x - m) ** 2) / (2 * sigma[0] ** 2)) / (sqrt(2 * pi) * sigma[0])
    second = sympy.integrate(x**2 * density, (x, -oo, oo))
    yield Step("A Gaussian coordinate has E x² = σ² + m².", second - sigma[0] ** 2 - m**2)

    def moment(i: int, j: int) -> sympy.Expr:
        """Return E[x_i x_j]: cluster q has mean μ_q along coordinate q and none elsewhere."""
        spread = sigma[i] ** 2 if i == j else 0
        means = [(mu[i] if q == i else 0) * (mu[j] if q == j else 0) for q in range(3)]
        # The clusters share their spread, so its weights sum to one, an origin cluster's included.
        return spread + sum(p[q] * means[q] for q in range(3))

    rates = [statement.substitute(sigma_k=sigma[k], p_k=p[k], mu_k=mu[k])["a_k"] for k in range(3)]
    yield Step(
        "Only cluster k has a mean along coordinate k, so the diagonal of E[x xᵀ] is σ_k² + p_k μ_k².",
        sympy.Matrix([moment(k, k) - rates[k] for k in range(3)]),
    )
    off = sympy.Matrix([moment(i, j) for i in range(3) for j in range(3) if i != j])
    yield Step("No cluster has means along two coordinates, so the moment is diagonal.", off)


@proof("unit-map")
def unit_map(statement: Statement) -> Iterator[Step]:
    """Compare one gradient step with the canonical flows."""
    eta, k, d, beta = symbols("eta k d beta", positive=True)
    A, W = symmetric("a", 2, real=True), sympy.Matrix(2, 2, symbols("w_11 w_12 w_21 w_22"))
    U = sympy.Matrix(2, 2, symbols("u_11 u_12 u_21 u_22"))
    losses = {"half_sum": (Rational(1, 2), 1), "sum": (1, 2), "mean": (1 / d, 2 / d)}
    error = W - sympy.eye(2)
    tied_error = U * U.T - sympy.eye(2)
    for loss, (factor, c) in losses.items():
        one = statement.substitute(c=c, m=1, eta=eta, k=1, beta=0)["t"]
        two = statement.substitute(c=c, m=2, eta=eta, k=1, beta=0)["t"]
        step = -eta * _gradient(factor * (error * A * error.T).trace(), W)
        yield Step(
            f"One layer, loss {loss}: a gradient step is the canonical velocity (I − W)A times its time.",
            step + one * error * A,
        )
        tied = -eta * _gradient(factor * (tied_error * A * tied_error.T).trace(), U)
        moved = tied * U.T + U * tied.T
        yield Step(
            f"Tied net, loss {loss}: the weight occurs twice, and a step is V(W) times twice that time.",
            moved - two * matrix_field(U * U.T, A),
        )
    force, speed = symbols("force speed")
    settled = sympy.solve(sympy.Eq(speed, beta * speed + eta * force), speed)[0]
    momentum = statement.substitute(c=1, m=1, eta=eta, k=k, beta=beta)["t"]
    yield Step(
        "Heavy ball: once the force hardly changes the step settles at the plain one over 1 − β.",
        k * settled - momentum * force,
    )


def _gradient(value: sympy.Expr, variables: sympy.Matrix) -> sympy.Matrix:
    return variables.applyfunc(lambda entry: sympy.diff(value, entry))
