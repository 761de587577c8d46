"""Proofs on what samplers with summed scores return."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Rational, diff, limit, log, oo, simplify, sqrt, symbols

from derivations._proof import Step, proof
from derivations.composition._common import (
    EXPERTS,
    K,
    Lambda,
    beta,
    c,
    c_1,
    c_2,
    c_b,
    eta,
    lam,
    log_normal,
    m_1,
    m_2,
    mu,
    s_1,
    s_2,
    v,
    w_1,
    w_2,
    x,
)
from simtheory.analytic.symbolic import Statement


@proof("gaussian-target")
def gaussian_target(statement: Statement) -> Iterator[Step]:
    """Compare slopes."""
    found = statement.substitute(**EXPERTS, m_1=m_1, m_2=m_2)
    slope = diff(w_1 * log_normal(x, m_1, c_1) + w_2 * log_normal(x, m_2, c_2), x)
    yield Step(
        "The composition has the slope of the stated Gaussian.",
        simplify(slope + (x - found["M"]) / found["V"]),
    )


@proof("gaussian-sde")
def gaussian_sde(statement: Statement) -> Iterator[Step]:
    """Antiderivatives of g² and of g times the pull, which vanish at infinity."""
    found = statement.substitute(c_1=c_1, c_2=c_2, m_1=m_1, m_2=m_2)
    d, L = c_2 - c_1, log((c_2 + lam) / (c_1 + lam))
    g = c_1 * c_2 / ((c_1 + lam) * (c_2 + lam))
    yield Step("d is the difference of variances.", found["d"] - d)
    yield Step("L is the logarithm of their ratio.", found["L"] - L.subs(lam, 0))
    spread = (c_1 * c_2 / d) ** 2 * (1 / (c_1 + lam) + 1 / (c_2 + lam) - 2 * L / d)
    yield Step(
        "−dV/dλ is g², with g' = −g(1/(c₁+λ) + 1/(c₂+λ)), g(0) = 1.",
        simplify(diff(spread, lam) + g**2),
    )
    yield Step(
        "g shrinks as the drift of the SDE says.",
        simplify(diff(g, lam) + g * (1 / (c_1 + lam) + 1 / (c_2 + lam))),
    )
    yield Step(
        "V is the integral of g² from 0 to infinity.", simplify(spread.subs(lam, 0) - found["V"])
    )
    mean = c_1 * c_2 * (m_1 * (1 / (c_1 + lam) - L / d) + m_2 * (L / d - 1 / (c_2 + lam))) / d
    pull = m_1 / (c_1 + lam) + m_2 / (c_2 + lam)
    yield Step("−dM/dλ is g times the pull of the means.", simplify(diff(mean, lam) + g * pull))
    yield Step("M is the integral.", simplify(mean.subs(lam, 0) - found["M"]))


@proof("gaussian-ode")
def gaussian_ode(statement: Statement) -> Iterator[Step]:
    """Deviations obey a linear equation without noise."""
    V = statement.substitute(**EXPERTS, Lambda=Lambda)["V"]
    at = V * ((c_1 + lam) / c_1) ** w_1 * ((c_2 + lam) / c_2) ** w_2
    rate = w_1 / (c_1 + lam) + w_2 / (c_2 + lam)
    yield Step("dV/dλ = V Σ w/(c + λ): twice the drift ½S.", simplify(diff(at, lam) / at - rate))
    yield Step(
        "V starts at Λ.",
        simplify(
            sympy.powsimp(
                sympy.expand_power_base(at.subs(lam, Lambda) / Lambda, force=True), force=True
            )
            - 1
        ),
    )


@proof("gaussian-churn")
def gaussian_churn(statement: Statement) -> Iterator[Step]:
    """The attractor of dV/dλ = (1+η²)K V/(c+λ) − η², of which the law is the value at 0."""
    V = statement.substitute(c=c, eta=eta, K=K)["V"]
    at = V * (c + lam) / c
    yield Step(
        "It solves the equation of the variance.",
        simplify(diff(at, lam) - (1 + eta**2) * K * at / (c + lam) + eta**2),
    )


@proof("equal-c-shrink")
def equal_shrink(statement: Statement) -> Iterator[Step]:
    """Divide by the variance c/K of the product."""
    ratio = statement.substitute(eta=eta, K=K)["ratio"]
    at = ratio * (c + lam) / K
    yield Step(
        "The ratio times c/K is the law.",
        simplify(diff(at, lam) - (1 + eta**2) * K * at / (c + lam) + eta**2),
    )
    yield Step("For the SDE it tends to a half.", limit(ratio.subs(eta, 1), K, oo) - Rational(1, 2))


@proof("many-posteriors")
def many_posteriors(statement: Statement) -> Iterator[Step]:
    """Substitute u = (c_b + λ)/(c + λ) in the integral of g²."""
    found = statement.substitute(c=c, c_b=c_b, K=K)
    u = (c_b + lam) / (c + lam)
    scale = c**2 * (c / c_b) ** (2 * K - 2) / (c_b - c)
    part = scale * u ** (2 * K - 1) / (2 * K - 1)
    g2 = (c / (c + lam)) ** (2 * K) * ((c_b + lam) / c_b) ** (2 * K - 2)
    ratio = (-diff(part, lam) / g2).subs(c_b, c + symbols("e", positive=True))
    yield Step(
        "−d/dλ of u^(2K−1) is g², up to its factor.",
        simplify(sympy.powsimp(sympy.expand_power_base(ratio, force=True), force=True)) - 1,
    )
    whole = sympy.expand_power_base(
        part.subs(lam, 0) - scale / (2 * K - 1) - found["V"], force=True
    )
    yield Step(
        "V is the difference of its ends, u = c_b/c and 1.",
        simplify(sympy.expand(sympy.powsimp(sympy.expand(whole), force=True))),
    )
    yield Step(
        "The true precision is K/c − (K−1)/c_b.",
        simplify(found["ratio"] - found["V"] * (K / c - (K - 1) / c_b)),
    )


@proof("ddpm-affine")
def ddpm_affine(statement: Statement) -> Iterator[Step]:
    """The step z → (z + βS)/√(1−β) + √β ξ on a score that is linear."""
    found = statement.substitute(**EXPERTS, beta=beta, v=v)
    z = symbols("z", real=True)
    score = diff(
        w_1 * log_normal(z, 0, (1 - beta) * c_1 + beta)
        + w_2 * log_normal(z, 0, (1 - beta) * c_2 + beta),
        z,
    )
    yield Step("The composed score is −Pz.", simplify(score + found["P"] * z))
    yield Step(
        "The step multiplies by A.", simplify((z + beta * score) / sqrt(1 - beta) - found["A"] * z)
    )
    yield Step(
        "Variances transform with A² and gain β.", simplify(found["V"] - found["A"] ** 2 * v - beta)
    )


@proof("cfg-gaussian")
def cfg_gaussian(statement: Statement) -> Iterator[Step]:
    """Two Gaussians of variances 1 and 2, weights γ and 1 − γ."""
    g_ = symbols("gamma", positive=True)
    found = statement.substitute(gamma=g_, mu=mu)
    slope = diff(g_ * log_normal(x, mu, 1) + (1 - g_) * log_normal(x, 0, 2), x)
    yield Step(
        "The target is N(M, V).", simplify(slope + (x - found["M_target"]) / found["V_target"])
    )
    u = (2 + lam) / (1 + lam)
    g2 = (1 + lam) ** (-2 * g_) * (1 + lam / 2) ** (2 * g_ - 2)
    part = 2 ** (2 - 2 * g_) * u ** (2 * g_ - 1) / (2 * g_ - 1)
    same = sympy.powsimp(
        sympy.expand_power_base(
            (-diff(part, lam) / g2).subs(lam, 2 * symbols("e", positive=True)), force=True
        ),
        force=True,
    )
    yield Step(
        "−d/dλ of u^(2γ−1), u = (2+λ)/(1+λ), is the shrinking squared.",
        simplify(simplify(same) - 1),
    )
    yield Step(
        "The SDE's variance is its integral.",
        simplify(
            sympy.expand(part.subs(lam, 0) - 2 ** (2 - 2 * g_) / (2 * g_ - 1) - found["V_SDE"])
        ),
    )
    first = 2 ** (1 - g_) * u**g_ * mu  # of the shrinking times the pull γμ/(1 + λ)
    g1 = (1 + lam) ** (-g_) * (1 + lam / 2) ** (g_ - 1)
    same = sympy.powsimp(
        sympy.expand_power_base(
            (-diff(first, lam) / (g1 * g_ * mu / (1 + lam))).subs(
                lam, 2 * symbols("e", positive=True)
            ),
            force=True,
        ),
        force=True,
    )
    yield Step("−d/dλ of u^γ is the shrinking times the pull.", simplify(simplify(same) - 1))
    yield Step(
        "The SDE's mean is its integral.",
        simplify(sympy.expand(first.subs(lam, 0) - 2 ** (1 - g_) * mu - found["M_SDE"])),
    )
    yield Step(
        "The ODE gives the weighted geometric mean of the variances.",
        simplify(log(found["V_ODE"]) - (g_ * log(1) + (1 - g_) * log(2))),
    )


@proof("guidance-equivalence")
def guidance_equivalence(statement: Statement) -> Iterator[Step]:
    """Half the score of the ODE and half that of Langevin dynamics make the drift."""
    found = statement.substitute(w_1=w_1, w_2=w_2)
    langevin = found["v_1"] * s_1 + found["v_2"] * s_2
    yield Step(
        "½s₁ + ½Σvᵢsᵢ = Σwᵢsᵢ: the reverse SDE's drift, with its noise.",
        sympy.expand(s_1 / 2 + langevin / 2 - w_1 * s_1 - w_2 * s_2),
    )
