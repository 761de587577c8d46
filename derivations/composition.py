"""Proofs on compositions of diffusion models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy
from sympy import Function, Rational, diff, exp, limit, log, oo, pi, simplify, sqrt, symbols

from derivations._proof import Step, proof
from simtheory.analytic.symbolic import Statement

c, c_1, c_2, c_b, lam, Lambda, beta, v, h, K, eta = symbols(
    "c c_1 c_2 c_b lambda Lambda beta v h K eta", positive=True
)
m, m_1, m_2, m_b, x, y, w_1, w_2, gamma, mu = symbols(
    "m m_1 m_2 m_b x y w_1 w_2 gamma mu", real=True
)
pi_1, pi_2, alpha, sigma = symbols("pi_1 pi_2 alpha sigma", positive=True)
s_1, s_2, s_b, drop = symbols("s_1 s_2 s_b drop")
EXPERTS = {"w_1": w_1, "w_2": w_2, "c_1": c_1, "c_2": c_2}


def _log_normal(at: Any, mean: Any, variance: Any) -> Any:
    return -((at - mean) ** 2) / (2 * variance) - log(2 * pi * variance) / 2


@proof("gmm-product")
def gmm_product(statement: Statement) -> Iterator[Step]:
    """Complete the square in the product of two components."""
    found = statement.substitute(pi_1=pi_1, pi_2=pi_2, c_1=c_1, c_2=c_2, m_1=m_1, m_2=m_2)
    C, M = found["C"], found["M"]
    gap = (
        log(pi_1)
        + log(pi_2)
        + _log_normal(x, m_1, c_1)
        + _log_normal(x, m_2, c_2)
        - _log_normal(x, M, C)
    )
    yield Step("The quotient of both sides does not depend on x.", simplify(diff(gap, x)))
    yield Step("At x = 0 it is the weight.", _at_numbers(gap.subs(x, 0) - log(found["w"])))


def _at_numbers(expression: Any) -> Any:
    """Return an expression whose logarithms are joined, so that it cancels."""
    return simplify(sympy.logcombine(sympy.expand_log(expression, force=True), force=True))


@proof("gmm-power")
def gmm_power(statement: Statement) -> Iterator[Step]:
    """The power of a Gaussian is a Gaussian and a constant."""
    found = statement.substitute(c=c, beta=beta)
    gap = beta * _log_normal(x, m, c) - _log_normal(x, m, found["V"]) - found["log_Z"]
    yield Step("The power is the Gaussian times its partition function.", _at_numbers(gap))


@proof("gmm-divide-gaussian")
def gmm_divide(statement: Statement) -> Iterator[Step]:
    """Compare slopes: they decide a density up to its constant."""
    found = statement.substitute(c=c, m=m, c_b=c_b, m_b=m_b)
    slope = diff(_log_normal(x, m, c) - _log_normal(x, m_b, c_b), x)
    yield Step(
        "The quotient has the slope of the stated Gaussian.",
        simplify(slope + (x - found["M"]) / found["V"]),
    )


@proof("gmm-tilt")
def gmm_tilt(statement: Statement) -> Iterator[Step]:
    """Complete the square in the tilted component."""
    Q, b = symbols("Q b", positive=True)
    found = statement.substitute(c=c, m=m, b=b, Q=Q)
    gap = (
        _log_normal(x, m, c)
        + b * x
        - Q * x**2 / 2
        - _log_normal(x, found["M"], found["C"])
        - found["log_Z"]
    )
    yield Step("The tilted component is the stated Gaussian times its integral.", _at_numbers(gap))


@proof("gmm-condition")
def gmm_condition(statement: Statement) -> Iterator[Step]:
    """The remainder x_a − gain·x_b is not correlated with what is given."""
    C_aa, C_ab, C_bb, m_a, u = symbols("C_aa C_ab C_bb m_a u", positive=True)
    found = statement.substitute(C_aa=C_aa, C_ab=C_ab, C_bb=C_bb, m_a=m_a, m_b=m_b, u=u)
    gain = diff(found["M"], u)
    yield Step("What is left over has no covariance with x_b.", simplify(C_ab - gain * C_bb))
    yield Step(
        "Its variance is the stated one.",
        simplify(C_aa - 2 * gain * C_ab + gain**2 * C_bb - found["V"]),
    )
    yield Step("At the mean of x_b nothing is learned.", simplify(found["M"].subs(u, m_b) - m_a))


@proof("gmm-noise")
def gmm_noise(statement: Statement) -> Iterator[Step]:
    """Sums of independent Gaussian variables."""
    r = symbols("r")
    found = statement.substitute(alpha=alpha, noise=sigma, m=m, c=c)
    # Logarithms of characteristic functions: of a Gaussian irm − r²c/2, of unit noise −r²/2.
    clean = sympy.I * (alpha * r) * m - (alpha * r) ** 2 * c / 2
    noise = -((sigma * r) ** 2) / 2
    yield Step(
        "Characteristic functions multiply.",
        sympy.expand(clean + noise - sympy.I * r * found["M"] + r**2 * found["V"] / 2),
    )


@proof("tweedie-covariance")
def tweedie(statement: Statement) -> Iterator[Step]:
    """Two clean points of any weights; any density is a limit of such."""
    a_1, a_2 = symbols("a_1 a_2", real=True)
    likes = [p * exp(-((x - a) ** 2) / (2 * lam)) for p, a in ((pi_1, a_1), (pi_2, a_2))]
    total = sum(likes)
    mean = (a_1 * likes[0] + a_2 * likes[1]) / total
    spread = ((a_1 - mean) ** 2 * likes[0] + (a_2 - mean) ** 2 * likes[1]) / total
    stated = statement.substitute(lam=lam, curvature=diff(log(total), x, 2))["V"]
    yield Step(
        "The second derivative of log q gives the variance of the clean point.",
        simplify(spread - stated),
    )


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
    wide = _log_normal(x, 0, lam) - _log_normal(x, 0, lam / K)
    mean = wide.subs(x**2, lam)
    yield Step(
        "It is the mean of the logarithm of the ratio, with E x² = λ.",
        _at_numbers(sympy.expand(mean) - gap / d),
    )


@proof("normalizable")
def normalizable(statement: Statement) -> Iterator[Step]:
    """The tail is the Gaussian of the summed precisions."""
    tail = w_1 * _log_normal(x, m_1, c_1 + lam) + w_2 * _log_normal(x, m_2, c_2 + lam)
    yield Step(
        "Far out, log p falls as −f x²/2.",
        simplify(limit(tail / x**2, x, oo) + statement.substitute(**EXPERTS, lam=lam)["f"] / 2),
    )


def _path() -> tuple[Any, Any, Any, Any]:
    """Return logarithms of two noised densities, the composed one and its score."""
    u_1, u_2 = Function("u_1")(x, lam), Function("u_2")(x, lam)
    total = w_1 * u_1 + w_2 * u_2
    return u_1, u_2, total, diff(total, x)


def _heat(expression: Any, *logs: Any) -> Any:
    """Replace ∂_λ u by ½(u'' + u'²), which ∂_λ q = ½Δq says of u = log q."""
    for u in logs:
        expression = expression.subs(diff(u, lam), (diff(u, x, 2) + diff(u, x) ** 2) / 2)
    return sympy.expand(expression.doit())


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
    u_1, u_2, total, S = _path()
    found = statement.substitute(w_1=w_1, w_2=w_2, s_1=diff(u_1, x), s_2=diff(u_2, x))
    yield Step("S is the slope of the composed log density.", sympy.expand(found["S"] - S))
    # ∂_τ = −∂_λ. Over p, the sampler's flow is −(bS)' − bS·S + ½η²(S' + S²) with b = ½(1 + η²).
    b = (1 + eta**2) / 2
    flow = -b * diff(S, x) - b * S**2 + eta**2 * (diff(S, x) + S**2) / 2
    yield Step(
        "The path gains D beside the sampler's flow.",
        _heat(-diff(total, lam) - flow - found["D"], u_1, u_2),
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


@proof("gaussian-target")
def gaussian_target(statement: Statement) -> Iterator[Step]:
    """Compare slopes."""
    found = statement.substitute(**EXPERTS, m_1=m_1, m_2=m_2)
    slope = diff(w_1 * _log_normal(x, m_1, c_1) + w_2 * _log_normal(x, m_2, c_2), x)
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
        w_1 * _log_normal(z, 0, (1 - beta) * c_1 + beta)
        + w_2 * _log_normal(z, 0, (1 - beta) * c_2 + beta),
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
    slope = diff(g_ * _log_normal(x, mu, 1) + (1 - g_) * _log_normal(x, 0, 2), x)
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
    u_1, u_2, total, S = _path()
    found = statement.substitute(w_1=w_1, w_2=w_2, s_1=diff(u_1, x), s_2=diff(u_2, x), drop=drop)
    yield Step("S is the drift of the particles.", sympy.expand(found["S"] - S))
    flow = -diff(S, x) - S**2 + (diff(S, x) + S**2) / 2
    yield Step(
        "d log w is the path's rate less the sampler's, times dτ.",
        _heat(drop * (-diff(total, lam) - flow) - found["log_w"], u_1, u_2),
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
    yield Step("Second derivatives cancel against the heat equation.", _heat(ito - stated, u))


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


@proof("kernel-bias")
def kernel_bias(statement: Statement) -> Iterator[Step]:
    """Fixed points of the variance."""
    delta = symbols("delta", positive=True)
    found = statement.substitute(v=v, delta=delta, h=h)
    V = found["V_ULA"]
    yield Step("ULA: V = (1 − δ/v)²V + 2δ.", simplify((1 - delta / v) ** 2 * V + 2 * delta - V))
    half = sympy.Matrix([[1, 0], [-h / (2 * v), 1]])
    leap = half * sympy.Matrix([[1, h], [0, 1]]) * half
    kept = sympy.diag(found["V_UHMC"], 1)
    yield Step(
        "A leapfrog step leaves position variance V and unit velocity as they are.",
        (leap * kept * leap.T - kept).applyfunc(simplify),
    )


@proof("kernel-resonance")
def kernel_resonance(statement: Statement) -> Iterator[Step]:
    """A leapfrog step is a rotation in scaled coordinates."""
    L = symbols("L", positive=True)
    turn = statement.substitute(L=L, h=h, v=v)["turn"]
    half = sympy.Matrix([[1, 0], [-h / (2 * v), 1]])
    leap = half * sympy.Matrix([[1, h], [0, 1]]) * half
    yield Step("It keeps areas.", simplify(leap.det() - 1))
    yield Step(
        "Its trace is 2cos θ, θ the angle of one step.",
        simplify(leap.trace() - 2 * sympy.cos(turn / L)),
    )
    yield Step("L steps turn L times as far.", simplify(diff(turn, L) * L - turn))
    small = limit(turn / h, h, 0, "+")
    yield Step("A small step turns by h/√v, with the velocity.", simplify(small - L / sqrt(v)))


@proof("kernel-acceptance")
def kernel_acceptance(statement: Statement) -> Iterator[Step]:
    """The logarithm of the ratio on a Gaussian, its mean and leading variance, and its normal limit."""
    d, delta = symbols("d delta", positive=True)
    found = statement.substitute(d=d, delta=delta, v=v)
    Delta = found["Delta"]
    log_alpha = (x**2 - y**2) / (2 * v) - (
        (x - y + delta * y / v) ** 2 - (y - x + delta * x / v) ** 2
    ) / (4 * delta)
    yield Step(
        "One direction: log α = (δ/4v²)(x² − y²).",
        sympy.expand(log_alpha - delta * (x**2 - y**2) / (4 * v**2)),
    )
    mean_square = (1 - delta / v) ** 2 * v + 2 * delta
    mean = d * delta * (v - mean_square) / (4 * v**2)
    yield Step("Its mean over d directions is −Δ.", simplify(mean + Delta))
    # x² − y² to leading order is −2x√(2δ)z, of variance 8δv.
    yield Step(
        "Its variance is 2Δ to leading order.",
        simplify(d * (delta / (4 * v**2)) ** 2 * 8 * delta * v - 2 * Delta),
    )
    t = symbols("t", positive=True)
    accepted = found["accepted"]
    normal = 1 - sympy.erf(sqrt(Delta) / 2)  # 2Φ(−√(Δ/2)) = E min(1, e^X), X normal (−Δ, 2Δ)
    yield Step(
        "A normal variable of mean −Δ and variance 2Δ is accepted so often.", accepted - normal
    )
    density = exp(-((x + t) ** 2) / (4 * t)) / sqrt(4 * pi * t)
    yield Step(
        "e^X times its density is the density mirrored, so both halves are equal.",
        simplify(exp(x) * density / density.subs(x, -x) - 1),
    )


@proof("last-level-bias")
def last_level_bias(statement: Statement) -> Iterator[Step]:
    """Curvatures of the composition with and without noise."""
    found = statement.substitute(**EXPERTS, lam=lam)
    total = w_1 * _log_normal(x, 0, c_1 + lam) + w_2 * _log_normal(x, 0, c_2 + lam)
    yield Step(
        "At the last level the variance of y is one over the curvature.",
        simplify(1 / found["v_1"] + diff(total, x, 2)),
    )
    yield Step(
        "Without noise it is the clean one.",
        simplify(1 / found["v_2"] + diff(total, x, 2).subs(lam, 0)),
    )
    alpha2 = 1 / (1 + lam)
    yield Step(
        "z = αy with α² = 1/(1 + λ).",
        simplify(found["ratio"] * found["v_2"] - alpha2 * found["v_1"]),
    )
