"""Proofs on repaired scores, weights and superposed paths."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Function, diff, exp, log, simplify, symbols

from derivations._proof import Step, proof
from derivations.composition._common import (
    EXPERTS,
    by_heat,
    c_1,
    c_2,
    drop,
    lam,
    m_1,
    m_2,
    pi_1,
    pi_2,
    s_1,
    s_2,
    two_paths,
    w_1,
    w_2,
    x,
)
from simtheory.analytic.symbolic import Statement


@proof("gaussian-repair")
def gaussian_repair(statement: Statement) -> Iterator[Step]:
    """Compare with the score of the noised product."""
    scores = {"s_1": -(x - m_1) / (c_1 + lam), "s_2": -(x - m_2) / (c_2 + lam)}
    found = statement.substitute(**EXPERTS, lam=lam, **scores)
    V = 1 / (w_1 / c_1 + w_2 / c_2)
    M = V * (w_1 * m_1 / c_1 + w_2 * m_2 / c_2)
    yield Step("It is the score of N(M, V + λ).", simplify(found["S"] + (x - M) / (V + lam)))
    yield Step(
        "A is the precision of clean given noised.",
        simplify(found["A_1"] - 1 / (c_1 - c_1**2 / (c_1 + lam))),
    )
    yield Step("The same of the second.", simplify(found["A_2"] - 1 / (c_2 - c_2**2 / (c_2 + lam))))
    yield Step("L is that of the product.", simplify(found["L_d"] - 1 / V - 1 / lam))


@proof("fkc-weights")
def fkc_weights(statement: Statement) -> Iterator[Step]:
    """Weights follow the rate by which the path gains beyond the sampler."""
    u_1, u_2, total, S = two_paths()
    found = statement.substitute(w_1=w_1, w_2=w_2, s_1=diff(u_1, x), s_2=diff(u_2, x), drop=drop)
    yield Step("S is the drift of the particles.", sympy.expand(found["S"] - S))
    flow = -diff(S, x) - S**2 + (diff(S, x) + S**2) / 2
    yield Step(
        "d log w is the path's rate less the sampler's, times dτ.",
        by_heat(drop * (-diff(total, lam) - flow) - found["log_w"], u_1, u_2),
    )


@proof("or-exact")
def or_exact(statement: Statement) -> Iterator[Step]:
    """Noise acts on each density alone."""
    q_1, q_2 = Function("q_1")(x, lam), Function("q_2")(x, lam)
    found = statement.substitute(
        pi_1=pi_1, pi_2=pi_2, q_1=q_1, q_2=q_2, s_1=diff(log(q_1), x), s_2=diff(log(q_2), x)
    )
    mixed = pi_1 * q_1 + pi_2 * q_2
    yield Step("S is the score of the mixture.", simplify(found["S"] - diff(log(mixed), x)))
    heat = diff(mixed, lam) - diff(mixed, x, 2) / 2
    for q in (q_1, q_2):
        heat = heat.subs(diff(q, lam), diff(q, x, 2) / 2)
    yield Step("The mixture obeys ∂_λ p = ½Δp, as each expert does.", sympy.expand(heat.doit()))
    yield Step("r is the share of the first expert.", simplify(found["r_1"] * mixed - pi_1 * q_1))


@proof("or-offset")
def or_offset(statement: Statement) -> Iterator[Step]:
    """A constant in the log density multiplies the density."""
    delta = symbols("delta", real=True)
    found = statement.substitute(pi_1=pi_1, pi_2=pi_2, delta=delta)["w"]
    yield Step(
        "Odds are multiplied by e^δ.", simplify(found / (1 - found) - pi_1 * exp(delta) / pi_2)
    )


@proof("ito-density")
def ito_density(statement: Statement) -> Iterator[Step]:
    """Itô's formula along a path of unit diffusion, level falling."""
    u, move = Function("u")(x, lam), symbols("move")
    stated = statement.substitute(s=diff(u, x), move=move, drop=drop)["change"]
    ito = diff(u, x) * move + diff(u, x, 2) * drop / 2 - diff(u, lam) * drop
    yield Step("Second derivatives cancel against the heat equation.", by_heat(ito - stated, u))


@proof("superdiff-and")
def superdiff_and(statement: Statement) -> Iterator[Step]:
    """Ask that both log densities change alike, then look at the step."""
    dW = symbols("dW")
    kappa = statement.substitute(s_1=s_1, s_2=s_2, dW=dW, drop=drop)["kappa"]
    move = (kappa * s_1 + (1 - kappa) * s_2) * drop + dW  # along the difference of scores
    change = [s * move - s**2 * drop / 2 for s in (s_1, s_2)]
    yield Step("With it d log q₁ = d log q₂.", simplify(change[0] - change[1]))
    yield Step(
        "The step is half the sum of scores, without noise: not the product's drift.",
        simplify(move - (s_1 + s_2) * drop / 2),
    )
