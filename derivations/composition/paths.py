"""Proofs on densities along the noise levels."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import diff, limit, log, oo, simplify, symbols

from derivations._proof import Step, proof
from derivations.composition._common import (
    EXPERTS,
    K,
    alpha,
    at_numbers,
    by_heat,
    c_1,
    c_2,
    eta,
    gamma,
    lam,
    log_normal,
    m_1,
    m_2,
    mu,
    s_1,
    s_2,
    s_b,
    sigma,
    two_paths,
    w_1,
    w_2,
    x,
)
from simtheory.analytic.symbolic import Statement


@proof("one-clock")
def one_clock(statement: Statement) -> Iterator[Step]:
    """Divide the noised point by its share of data."""
    e = symbols("e", real=True)
    found = statement.substitute(z=alpha * x + sigma * e, alpha=alpha, noise=sigma)
    yield Step(
        "y = x + √λ ε: noise of variance λ on the data themselves.",
        simplify((found["y"] - x) ** 2 - found["lam"] * e**2),
    )
    yield Step("Its mean is the data.", simplify(found["y"].subs(e, 0) - x))


@proof("high-noise-gap")
def high_noise_gap(statement: Statement) -> Iterator[Step]:
    """At high noise both are Gaussians, of variance λ and λ/K."""
    d = symbols("d", positive=True)
    r = 1 / K
    gap = d * (K - 1 + log(r)) / 2  # divergence of N(0, λ) from N(0, λ/K), each of d directions
    yield Step(
        "The divergence of N(0, λI) from N(0, λI/K).",
        sympy.expand_log(gap - statement.substitute(d=d, K=K)["KL"], force=True),
    )
    wide = log_normal(x, 0, lam) - log_normal(x, 0, lam / K)
    mean = wide.subs(x**2, lam)
    yield Step(
        "It is the mean of the logarithm of the ratio, with E x² = λ.",
        at_numbers(sympy.expand(mean) - gap / d),
    )


@proof("normalizable")
def normalizable(statement: Statement) -> Iterator[Step]:
    """The tail is the Gaussian of the summed precisions."""
    tail = w_1 * log_normal(x, m_1, c_1 + lam) + w_2 * log_normal(x, m_2, c_2 + lam)
    yield Step(
        "Far out, log p falls as −f x²/2.",
        simplify(limit(tail / x**2, x, oo) + statement.substitute(**EXPERTS, lam=lam)["f"] / 2),
    )


@proof("validity-rule")
def validity_rule(statement: Statement) -> Iterator[Step]:
    """At high levels the precision of the composed score is W/λ."""
    W = symbols("W", positive=True)
    found = statement.substitute(eta=eta, W=W)
    V = found["ratio"] * lam
    yield Step(
        "V = aλ solves dV/dλ = (1+η²)WV/λ − η².",
        simplify(diff(V, lam) - (1 + eta**2) * W * V / lam + eta**2),
    )
    yield Step(
        "It has no positive value up to the stated weight.",
        simplify(1 / found["ratio"].subs(W, found["w"])),
    )
    # A start at Λ is forgotten as Λ^(1 − (1+η²)W) falls; for the ODE it is all there is.
    yield Step(
        "The start's exponent vanishes at that weight.", simplify(1 - (1 + eta**2) * found["w"])
    )


@proof("defect")
def defect(statement: Statement) -> Iterator[Step]:
    """Compare the path with the flow of the sampler, for any churn."""
    u_1, u_2, total, S = two_paths()
    found = statement.substitute(w_1=w_1, w_2=w_2, s_1=diff(u_1, x), s_2=diff(u_2, x))
    yield Step("S is the slope of the composed log density.", sympy.expand(found["S"] - S))
    # ∂_τ = −∂_λ. Over p, the sampler's flow is −(bS)' − bS·S + ½η²(S' + S²) with b = ½(1 + η²).
    b = (1 + eta**2) / 2
    flow = -b * diff(S, x) - b * S**2 + eta**2 * (diff(S, x) + S**2) / 2
    yield Step(
        "The path gains D beside the sampler's flow.",
        by_heat(-diff(total, lam) - flow - found["D"], u_1, u_2),
    )


@proof("defect-forms")
def defect_forms(statement: Statement) -> Iterator[Step]:
    """Write the background out."""
    S = s_1 + s_2 - s_b
    whole = (S**2 - (s_1**2 + s_2**2 - s_b**2)) / 2
    yield Step(
        "With weights 1, 1, −1 the defect is the product of what is added.",
        sympy.expand(whole - statement.substitute(s_1=s_1, s_2=s_2, s_b=s_b)["D"]),
    )
    guided = ((gamma * s_1 + (1 - gamma) * s_2) ** 2 - gamma * s_1**2 - (1 - gamma) * s_2**2) / 2
    yield Step(
        "For guidance it is ½γ(γ−1)|s_c − s_u|².",
        sympy.expand(guided - gamma * (gamma - 1) * (s_1 - s_2) ** 2 / 2),
    )


@proof("factorised-conditionals")
def factorised(statement: Statement) -> Iterator[Step]:
    """What one expert adds, the others do not."""
    b_1, b_2, g_1, g_2 = symbols("b_1 b_2 g_1 g_2")
    base = sympy.Matrix([b_1, b_2])
    first, second = sympy.Matrix([b_1 + g_1, b_2]), sympy.Matrix([b_1, b_2 + g_2])
    S = first + second - base
    yield Step(
        "The composed score adds each to its coordinate.",
        sympy.expand(S[0] - statement.substitute(b=b_1, g=g_1)["S"]),
    )
    yield Step("The defect vanishes.", sympy.expand((first - base).dot(second - base)))


@proof("background-slots")
def background_slots(statement: Statement) -> Iterator[Step]:
    """Near the mode the background is its component of one object, so that k − 1 of them pull to zero."""
    k, place = symbols("k place", positive=True)
    energy = (k - 1) * place**2 + (mu - place) ** 2
    found = statement.substitute(mu=mu, k=k)["place"]
    yield Step(
        "The energy of a slot is least there.", simplify(diff(energy, place).subs(place, found))
    )
