"""Proofs of statements of the paper of Yang et al."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Rational, diag, expand_log, log, symbols

from derivations._proof import Step, matrix_field, proof, symmetric
from simtheory.analytic.symbolic import Statement

t = symbols("t", positive=True)


@proof("theorem-4-1")
def theorem_4_1(statement: Statement) -> Iterator[Step]:
    """Read W off the stated output, and put it into the flow."""
    rates = [*symbols("a_1:3", positive=True), sympy.Integer(0)]
    z = list(symbols("z_1:4"))
    start = sympy.Matrix(3, 3, symbols("w_(1:4)(1:4)"))
    f = sympy.Matrix(statement.substitute(W0=start, a=rates, z=z, t=t)["f"])
    W = f.jacobian(z)
    yield Step("The output is linear in the input: f = Wz.", f - W * sympy.Matrix(z))
    yield Step(
        "Its W solves the one-layer flow Ẇ = (I−W)A, two concepts in three dimensions,",
        W.diff(t) - (sympy.eye(3) - W) * diag(*rates),
    )
    yield Step("from W(0), the whole of it.", W.subs(t, 0) - start)
    growth = statement.rule("growth_k", a_k=0, z_k=z[2], t=t)
    yield Step("Beyond the concepts, where a = 0, nothing grows.", growth)


@proof("entry-split")
def entry_split(statement: Statement) -> Iterator[Step]:
    """Add the three forces up to the field of the tied net."""
    for d in (2, 3, 4):
        W, rates = symmetric("w", d), list(symbols(f"a_1:{d + 1}", positive=True))
        found = statement.substitute(W=W, a=rates)
        yield Step(
            f"d = {d}: growth − suppression − interaction is the field, entry by entry.",
            found["G"] - found["S"] - found["N"] - matrix_field(W, diag(*rates)),
        )
    alone = found["G"][0, 0] - found["S"][0, 0]
    yield Step(
        "Without interaction a diagonal entry is a mode.",
        alone - 2 * rates[0] * W[0, 0] * (1 - W[0, 0]),
    )


@proof("appendix-bounds")
def appendix_bounds(statement: Statement) -> Iterator[Step]:
    """Show what each stated bound solves, and what its constants are for.

    The lemmas themselves, inequalities on a recurrence, are the paper's; they are not proved here.
    """
    a, b, n, eta, kappa, K, P = symbols("a_i a_j n eta kappa K P", positive=True)
    alpha, beta, gamma, omega, d = symbols("alpha beta gamma omega d", positive=True)
    w, level = symbols("w l", positive=True)
    rule = statement.rule
    eps = symbols("epsilon", positive=True)
    W = symmetric("w", 2)
    early = matrix_field(eps * W, diag(a, b)).applyfunc(lambda entry: sympy.diff(entry, eps))
    yield Step(
        "At the start an entry grows at the rate a_i + a_j.",
        early.subs(eps, 0)[0, 1] - (a + b) * W[0, 1],
    )
    pair = {"w0_ij": w, "eta": eta, "n": n, "a_i": a, "a_j": b, "kappa": kappa}
    upper, lower = rule("u_ij", **pair), rule("l_ij", **pair)
    yield Step(
        "The upper bound grows at κ times that rate, on the clock ηn,",
        sympy.diff(upper, n) - eta * kappa * (a + b) * upper,
    )
    yield Step(
        "the lower one at a κ-th of it,", sympy.diff(lower, n) - eta * (a + b) / kappa * lower
    )
    yield Step(
        "and both start at the entry.",
        sympy.Matrix([upper, lower]).subs(n, 0) - w * sympy.ones(2, 1),
    )
    fastest = {"a_i": gamma * alpha, "a_j": gamma * alpha, "w0_ij": beta * omega}
    horizon = rule("T_ij", P=P, eta=eta, gamma=gamma, alpha=alpha, kappa=kappa)
    yield Step(
        "When the lower bound is stated no longer, the largest and fastest entry may have reached Pβω.",
        rule("u_ij", eta=eta, kappa=kappa, n=horizon, **fastest) - P * beta * omega,
    )
    own = rule("T_ii", P=P, beta=beta, omega=omega, w0_ii=w, eta=eta, a_i=a, kappa=kappa)
    yield Step(
        "On the diagonal that is so for the entry itself.",
        sympy.simplify(rule("u_ij", w0_ij=w, a_i=a, a_j=a, eta=eta, kappa=kappa, n=own))
        - P * beta * omega,
    )
    stated = rule("N_max", P=P, gamma=gamma, alpha=alpha, d=d, beta=beta, omega=omega)
    crude = Rational(1, 2) * d * 4 * gamma * alpha * (P * beta * omega) ** 2
    yield Step(
        "Interaction: d terms of at most ½·4γα·(Pβω)² are P times the stated bound, which has P once, not squared: "
        "as stated it would need one of the two factors to be still at its start.",
        crude - P * stated,
    )
    growth = rule("F", eta=eta, n=n, a_i=a, l=level, kappa=kappa)
    slow = matrix_field(sympy.Matrix([[level]]), sympy.Matrix([[a]]))[0] / level
    yield Step(
        "Below the level ℓ a mode grows at least at 2a(1−ℓ), its rate at ℓ; the stated factor at a κ-th of that,",
        sympy.diff(growth, n) - eta * slow / kappa * growth,
    )
    yield Step("from one.", growth.subs(n, 0) - 1)
    step, top, low = rule("c_step", K=K), rule("c_top", K=K), rule("c_low", K=K)
    limit = 1 / (9 * K * gamma * alpha)
    half, fastest_rate = sympy.Matrix([[Rational(1, 2)]]), sympy.Matrix([[gamma * alpha]])
    yield Step(
        "With D.2 a mode moves by at most ½γα·η ≤ 1/(18K) in a step: the stated step leaves room for the interaction.",
        18 * limit * matrix_field(half, fastest_rate)[0] - step,
    )
    yield Step(
        "One such step from above 1 + 1/K, where a mode falls, ends at the ceiling,",
        top - (1 + 1 / K) - step,
    )
    yield Step(
        "one down from 1 − 1/K, below which it rises, at the level where it stays.",
        low - (1 - 1 / K) + step,
    )


@proof("assumption-check")
def assumption_check(statement: Statement) -> Iterator[Step]:
    """Solve D.4 and D.5, both as equalities, for P and ω."""
    beta, gamma, d, K, alpha = symbols("beta gamma d K alpha", positive=True)
    u, m, P, gap = symbols("u m P g", positive=True)
    kappa, rho = u**2, 1 / (1 + gap)
    rule = statement.rule
    margin = rule("m", kappa=kappa)
    yield Step(
        "With u = √κ > 1, κ − 1 exceeds 1 − κ^(−1/2) by (u−1)(u²+u−1)/u: m is the smaller.",
        sympy.simplify(kappa - 1 - margin - (u - 1) * (u**2 + u - 1) / u),
    )
    numbers = {"K": K, "gamma": gamma, "d": d, "beta": beta, "m": m}
    omega = rule("omega_max", P_min=P, **numbers)
    yield Step("D.4 holds as an equality.", omega * P * K * gamma * d * beta**2 - m)
    log_P = expand_log(log(rule("P_min", rho=rho, kappa=kappa, **numbers)), force=True)
    depth = 10 * kappa**2 * log(1 / (P * beta * omega)) + log(P * beta)
    yield Step(
        "And so does D.5, (1+ρ)/2 = ln P/(10κ² ln(1/(Pβω)) + ln(Pβ)), for the closest pair of rates; a larger P "
        "meets D.5 but lowers ω.",
        sympy.simplify(
            ((1 + rho) / 2 * expand_log(depth, force=True) - log(P)).subs(log(P), log_P)
        ),
    )
    yield Step(
        "The step is the one of D.2.",
        9 * K * gamma * alpha * rule("eta_max", K=K, gamma=gamma, alpha=alpha) - 1,
    )
    slope = expand_log(log(omega), force=True)
    yield Step("ω falls as 1/P.", sympy.diff(slope, P) + 1 / P)


@proof("hierarchy-meter")
def hierarchy_meter(statement: Statement) -> Iterator[Step]:
    """Evaluate the loss of the one-layer net at every vertex of two concepts."""
    mu, a = list(symbols("mu_1:3", positive=True)), list(symbols("a_1:3", positive=True))
    missed = -diag(*[sympy.exp(-rate * t) for rate in a])

    def stated(v: tuple[int, int]) -> sympy.Expr:
        return statement.substitute(v=list(v), mu=mu, a=a, s=2, t=t)["L_v"]

    for v in ((1, 0), (0, 1), (1, 1)):
        left = missed * sympy.Matrix([v[0] * mu[0], v[1] * mu[1]])
        yield Step(f"The loss ½|(W−I)x|² at the vertex {v}.", stated(v) - left.dot(left) / 2)
    more = mu[1] ** 2 * sympy.exp(-2 * a[1] * t) / 2
    yield Step(
        "A further concept adds a positive term, at all times.",
        stated((1, 1)) - stated((1, 0)) - more,
    )


@proof("psd-guard")
def psd_guard(statement: Statement) -> Iterator[Step]:
    """Expand a step on U, and compare it with the step on W."""
    U, A, eta = sympy.Matrix(2, 2, symbols("u_(1:3)(1:3)")), symmetric("a", 2), symbols("eta")
    found = statement.substitute(X=U, A=A, eta=eta)
    W = U * U.T
    miss = W - sympy.eye(2)
    loss = (miss * A * miss).trace() / 2
    gradient = U.applyfunc(lambda entry: sympy.diff(loss, entry))
    yield Step("g is the gradient of ½E|UUᵀx − x|².", found["g"] - gradient)
    stepped = U - eta / 2 * gradient
    yield Step(
        "A step on U is the step W + ηV(W), and the stated term more.",
        stepped * stepped.T - W - eta * matrix_field(W, A) - found["Gap"],
    )
