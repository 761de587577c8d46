"""Proofs on deep linear nets f(x) = W_L … W_1 x."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import log, symbols

from derivations._proof import Step, proof
from simtheory.analytic.symbolic import Statement
from simtheory.analytic.symbolic._statement import hyp2f1, wright_omega

t = symbols("t", positive=True)


@proof("depth-mode")
def depth_mode(statement: Statement) -> Iterator[Step]:
    """Follow one layer's share, and integrate its equation of motion term by term."""
    a, L, v, w = symbols("a L v w", positive=True)
    for depth in (2, 3, 4):
        u = symbols(f"u_1:{depth + 1}", positive=True)
        loss = a * (1 - sympy.prod(u)) ** 2 / 2
        velocity = [-sympy.diff(loss, share) for share in u]
        yield Step(
            f"L = {depth}: the flow keeps u_l² − u_m², so layers that start balanced stay so.",
            sympy.Matrix([x * s - u[0] * velocity[0] for x, s in zip(u, velocity, strict=True)]),
        )
        balanced = velocity[0].subs(dict.fromkeys(u, v))
        yield Step(
            f"L = {depth}: with all of them equal, v̇ = a v^(L−1)(1 − v^L).",
            balanced - a * v ** (depth - 1) * (1 - v**depth),
        )
    speed = v ** (L - 1) * (1 - v**L)
    yield Step(
        "So w = v^L moves as ẇ = L a w^(2−2/L)(1−w).",
        sympy.powsimp((L * v ** (L - 1) * speed).subs(v, w ** (1 / L)), force=True)
        - L * w ** (2 - 2 / L) * (1 - w),
    )
    p, k = 2 / L, symbols("k", integer=True, nonnegative=True)
    term = sympy.rf(1, k) * sympy.rf(p, k) / (sympy.rf(1 + p, k) * sympy.factorial(k))
    coefficient = sympy.gammasimp(term.rewrite(sympy.gamma))
    yield Step(
        "F(z) = ₂F₁(1, p; 1+p; z) has coefficients c_k with k c_k = p(1 − c_k), so zF' = p/(1−z) − pF.",
        sympy.simplify(k * coefficient - p * (1 - coefficient)),
    )
    F = symbols("F")
    clock = statement.rule("H", v=v, L=L)
    (stated,) = clock.atoms(hyp2f1)
    yield Step("The stated F is that one, at z = v^L.", stated - hyp2f1(1, p, 1 + p, v**L))
    of_z = sympy.diff(clock.subs(stated, F), F) * (p / (1 - v**L) - p * F) / v**L
    slope = sympy.diff(clock.subs(stated, F), v) + of_z * sympy.diff(v**L, v)
    yield Step(
        "The stated clock runs at one over that speed: H'(v) v^(L−1)(1 − v^L) = 1.",
        sympy.simplify(sympy.expand(slope * speed)) - 1,
    )
    two = statement.rule("H_2", v=v)
    yield Step("So does the clock of depth 2.", sympy.diff(two, v) * speed.subs(L, 2) - 1)
    H, H0 = symbols("H H_0", positive=True)
    time = statement.rule("t_f", H_f=H, H_0=H0, a=a)
    yield Step(
        "Hence a t = H(v) − H(v(0)): the clock runs at the rate a,", a * sympy.diff(time, H) - 1
    )
    yield Step("and shows zero at the start.", time.subs(H, H0))


@proof("depth-infinite")
def depth_infinite(statement: Statement) -> Iterator[Step]:
    """Take the limit of the equation of motion, and check its solution."""
    a, w0, w, L, u = symbols("a w_0 w L u", positive=True)
    speed = a * w**2 * (1 - w)
    yield Step(
        "At a fixed product ã = La the limit of ẇ = ã w^(2−2/L)(1−w) is ẇ = ã w²(1−w).",
        sympy.limit(a * w ** (2 - 2 / L) * (1 - w), L, sympy.oo) - speed,
    )
    form = statement.substitute(a_inf=a, w0=w0, t=t)
    residual = sympy.diff(form["w"], t) - speed.subs(w, form["w"])
    yield Step(
        "The closed form solves it, because ω' = ω/(1+ω).",
        residual.replace(wright_omega, lambda argument: u),
    )
    against = (1 - w0) / w0
    start = sympy.expand_log(-1 - form["T"].subs(t, 0), force=True)
    yield Step(
        "At t = 0 its argument is u + ln u with u = (1−w(0))/w(0), where ω is u,",
        sympy.simplify(start - against - sympy.expand_log(log(against), force=True)),
    )
    z = symbols("z")
    value = statement.rule("w", T=-1 - z).subs(wright_omega(z), against)
    yield Step("so it starts at w(0).", value - w0)


@proof("depth-offdiag")
def depth_offdiag(statement: Statement) -> Iterator[Step]:
    """Write the flow of W by roots of WWᵀ and WᵀW, and expand those in the off-diagonals."""
    eps, B, Bbar, tie = symbols("epsilon B Bbar tie")
    p, q = symbols("p q", positive=True)
    a = symbols("a_1:3", positive=True)
    share = sympy.diag(p, q)
    turn = sympy.Matrix([[3, -4], [4, 3]]) / 5
    chain = [share * turn, turn * share, share * turn.T]
    balance = [chain[n + 1].T * chain[n + 1] - chain[n] * chain[n].T for n in range(2)]
    yield Step(
        "L = 3: balanced layers, their hidden units turned,",
        balance[0].row_join(balance[1]),
    )
    W = chain[2] * chain[1] * chain[0]
    outer = chain[2] * chain[1]
    yield Step(
        "have (W₃W₂)(W₃W₂)ᵀ = (WWᵀ)^(2/3), W₃W₃ᵀ = (WWᵀ)^(1/3): equal cubes.",
        ((outer * outer.T) ** 3 - (W * W.T) ** 2).row_join((chain[2] * chain[2].T) ** 3 - W * W.T),
    )
    for L in (2, 3, 4):
        w_i, w_j = p**L, q**L
        W = sympy.Matrix([[w_i, eps * B], [eps * Bbar, w_j]])

        def first(entry: sympy.Expr) -> sympy.Expr:
            return sympy.expand(sympy.diff(entry, eps).subs(eps, 0))

        def root(square: sympy.Matrix, L: int = L) -> sympy.Matrix:
            guess = sympy.Matrix([[p**2, eps * tie], [eps * tie, q**2]])
            power = first((guess**L)[0, 1])
            wanted = first(square[0, 1])
            return guess.subs(tie, wanted / sympy.diff(power, tie))

        left, right = root(W * W.T), root(W.T * W)
        yield Step(
            f"L = {L}: the L-th roots of WWᵀ and WᵀW, to first order.",
            (left**L - W * W.T)
            .row_join(right**L - W.T * W)
            .applyfunc(lambda entry: sympy.cancel(first(entry))),
        )
        error = (sympy.eye(2) - W) * sympy.diag(*a)
        velocity = sum(
            (left ** (l - 1) * error * right ** (L - l) for l in range(1, L + 1)),
            sympy.zeros(2, 2),
        )
        stated = statement.substitute(
            L=sympy.Integer(L), w_i=w_i, w_j=w_j, a_i=a[0], a_j=a[1], B=B, Bbar=Bbar
        )["B_t"]
        yield Step(
            f"L = {L}: Ẇ = Σ (WWᵀ)^((l−1)/L) (I−W)A (WᵀW)^((L−l)/L) has the stated entry.",
            sympy.cancel(sympy.diff(velocity[0, 1], eps).subs(eps, 0) - stated),
        )
