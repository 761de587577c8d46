"""Proofs on linear denoisers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy
from sympy import Ei, EulerGamma, diag, exp, eye, log, oo, sqrt, symbols

from derivations._proof import Step, matrix_field, proof, symmetric
from simtheory.analytic.symbolic import STATEMENTS, Statement
from simtheory.analytic.symbolic.denoiser import tied_phi

t, lam, noise, q = symbols("t lambda sigma q", positive=True)
sigma_0, sigma_T, x, y = symbols("sigma_0 sigma_T x y", positive=True)
MODE = {"lam": lam, "q": q, "t": t}


def _gradient(value: Any, variables: sympy.Matrix) -> sympy.Matrix:
    return variables.applyfunc(lambda entry: sympy.diff(value, entry))


def _loss(W: sympy.Matrix, Sigma: sympy.Matrix) -> Any:
    """Return E|Wy − x|² for y = x + σz."""
    miss = W - eye(2)
    return (miss * Sigma * miss.T).trace() + noise**2 * (W * W.T).trace()


def _logs(expression: Any) -> Any:
    """Split logarithms of products and powers, all of whose factors are positive."""
    return sympy.expand(sympy.expand_log(sympy.logcombine(expression), force=True))


@proof("dn-weights-one-layer")
def weights_one_layer(statement: Statement) -> Iterator[Step]:
    """Average over the noise, then solve the linear flow."""
    w = symbols("w")
    loss = (w - 1) ** 2 * lam + w**2 * noise**2
    yield Step(
        "One mode: E(wy − x)² = (w−1)²λ + w²σ²; canonical time follows half its negative slope.",
        -sympy.diff(loss, w) / 2 - (lam - (lam + noise**2) * w),
    )
    values = {"Sigma": diag(lam), "W0": diag(q)}
    found = statement.substitute(noise=noise, **MODE, **values)
    psi = found["psi"]
    yield Step(
        "The closed form solves ψ̇ = λ − (λ+σ²)ψ.",
        sympy.diff(psi, t) - (lam - (lam + noise**2) * psi),
    )
    yield Step("It starts at q.", psi.subs(t, 0) - q)
    yield Step("Along a mode the matrix form is the same.", found["W"][0] - psi)

    spectrum = diag(*symbols("lambda_1:3", positive=True))
    start = sympy.Matrix(2, 2, symbols("w_(1:3)(1:3)"))
    flow = statement.substitute(noise=noise, **MODE, Sigma=spectrum, W0=start)["W"]
    rates = spectrum + noise**2 * eye(2)
    yield Step(
        "The matrix form solves Ẇ = Σ − W(Σ+σ²I) from any start.",
        flow.diff(t) - (spectrum - flow * rates),
    )
    yield Step("It starts at W(0).", flow.subs(t, 0) - start)


@proof("dn-weights-affine")
def weights_affine(statement: Statement) -> Iterator[Step]:
    """The bias is a weight on a constant input; M is the second moment of input and constant."""
    Sigma, m = symmetric("s", 2), sympy.Matrix(symbols("m_1 m_2"))
    W, b = sympy.Matrix(2, 2, symbols("w_(1:3)(1:3)")), sympy.Matrix(symbols("b_1 b_2"))
    best = statement.rule("W_star", Sigma=Sigma, noise=noise)
    bias = statement.rule("b_star", W_star=best, m=m)
    M = statement.rule("M", Sigma=Sigma, noise=noise, m=m)
    miss = (W - eye(2)) * m + b
    loss = _loss(W, Sigma) + miss.dot(miss)
    theta, end = W.row_join(b), best.row_join(bias)
    yield Step(
        "Half the negative gradient of E|Wy + b − x|² is −(Θ−Θ⋆)M.",
        (-_gradient(loss, theta) / 2 + (theta - end) * M).applyfunc(sympy.cancel),
    )
    lines = diag(*symbols("ell_1:4", positive=True))
    start, aim = (
        sympy.Matrix(2, 3, symbols("a_(1:3)(1:4)")),
        sympy.Matrix(2, 3, symbols("c_(1:3)(1:4)")),
    )
    flow = statement.rule("Theta", Theta_0=start, Theta_star=aim, M=lines, t=t)
    yield Step(
        "In the axes of M the closed form solves Θ̇ = −(Θ−Θ⋆)M.", flow.diff(t) + (flow - aim) * lines
    )
    yield Step("It starts at Θ(0).", flow.subs(t, 0) - start)


@proof("dn-weights-tied")
def weights_tied(statement: Statement) -> Iterator[Step]:
    """One mode u² of an aligned start; its growth rate does not see the noise."""
    u, w = symbols("u w", positive=True)
    loss = (u**2 - 1) ** 2 * lam + u**4 * noise**2
    velocity = -sympy.diff(loss, u) / 4  # canonical time: u̇ = −½∇ of half the loss
    field = 2 * w * (lam - (lam + noise**2) * w)
    yield Step("With w = u², ẇ = 2w(λ − (λ+σ²)w).", 2 * u * velocity - field.subs(w, u**2))
    psi = statement.substitute(noise=noise, **MODE)["psi"]
    yield Step("The closed form solves it.", sympy.diff(psi, t) - field.subs(w, psi))
    yield Step("It starts at q.", psi.subs(t, 0) - q)
    f = statement.rule("f", lam=lam, noise=noise)
    yield Step("The noise sets the end,", f - lam / (lam + noise**2))
    logit = sympy.simplify(psi / (f - psi))
    yield Step(
        "and the odds ψ/(f−ψ) grow at 2λ at every noise level.", sympy.diff(log(logit), t) - 2 * lam
    )


@proof("dn-pfode-ratio")
def pfode_ratio(statement: Statement) -> Iterator[Step]:
    """A linear denoiser makes the probability-flow ODE linear."""
    psi = sympy.Function("psi")
    amplitude = sympy.Function("c")(noise)
    slope = (amplitude - psi(noise) * amplitude) / noise
    yield Step(
        "Along a mode dx/dσ = (x − ψx)/σ, so its variance V = c² obeys dV/dσ = 2(1−ψ)V/σ.",
        sympy.diff(amplitude**2, noise).subs(sympy.diff(amplitude, noise), slope)
        - 2 * (1 - psi(noise)) / noise * amplitude**2,
    )
    (whole,) = (eq.rhs for eq in statement.equations if eq.lhs.name == "L")
    low = whole.limits[0][1]
    found = statement.rule("lt", L=whole, sigma_T=sigma_T)
    slope = sympy.diff(found, low)
    yield Step(
        "The closed form solves it at the end of the schedule.",
        sympy.simplify(slope / found) - 2 * (1 - psi(low)) / low,
    )
    yield Step(
        "A schedule of no length leaves the variance σ_max² of the noise.",
        statement.rule("lt", L=sympy.Integer(0), sigma_T=sigma_T) - sigma_T**2,
    )


@proof("dn-phi-one-layer")
def phi_one_layer(statement: Statement) -> Iterator[Step]:
    """The derivative of Ei(−x) is e^{−x}/x."""
    yield Step("d/dx Ei(−x) = e^{−x}/x.", sympy.diff(Ei(-x), x) - exp(-x) / x)
    psi = STATEMENTS["dn-weights-one-layer"].rule
    f = psi("f", lam=lam, noise=noise)
    weight = psi("psi", f=f, noise=noise, **MODE)
    phi = statement.rule("log_phi", noise=noise, **MODE)
    yield Step(
        "The closed form solves d ln Φ/dσ = (1−ψ)/σ with the weight of one layer.",
        sympy.diff(phi, noise) - (1 - weight) / noise,
    )


@proof("dn-phi-tied")
def phi_tied(statement: Statement) -> Iterator[Step]:
    """The tied weight is a simple fraction in σ²."""
    rule, r = statement.rule, symbols("r", positive=True)
    parts = {"alpha": rule("alpha", lam=lam, q=q, r=r), "beta": rule("beta", q=q, r=r)}
    psi = STATEMENTS["dn-weights-tied"].substitute(noise=noise, **MODE)["psi"]
    left = rule("r", lam=lam, t=t)
    alpha, beta = (part.subs(r, left) for part in parts.values())
    yield Step("The weight is ψ = λq/(α + βσ²).", psi - lam * q / (alpha + beta * noise**2))
    yield Step("At σ = 0 it is k.", rule("k", q=q, r=r) - lam * q / parts["alpha"])
    phi = tied_phi(rule, noise=noise, **MODE)
    yield Step(
        "The closed form solves d ln Φ/dσ = (1−ψ)/σ.", sympy.diff(phi, noise) - (1 - psi) / noise
    )


@proof("dn-cutoff-law")
def cutoff_law(statement: Statement) -> Iterator[Step]:
    """Ei(−x) = γ + ln x + R(x) with R(0) = 0; put R and σ_min to zero in the exact variance."""
    rest = Ei(-x) - EulerGamma - log(x)
    yield Step(
        "R(x) = Ei(−x) − γ − ln x has the slope (e^{−x} − 1)/x, so R = O(x),",
        sympy.diff(rest, x) - (exp(-x) - 1) / x,
    )
    yield Step("and R(0) = 0.", sympy.limit(rest, x, 0, "+"))
    ends = {"sigma_0": sigma_0, "sigma_T": sigma_T}
    law = statement.substitute(**MODE, **ends)

    phi = STATEMENTS["dn-phi-one-layer"].rule
    low, high = (phi("log_phi", noise=s, **MODE) for s in (sigma_0, sigma_T))
    near = low.replace(Ei(-(sigma_0**2) * t), EulerGamma + log(sigma_0**2 * t))
    near = near.subs(sigma_0**2 + lam, lam)
    exact = 2 * log(sigma_T) + 2 * (near - high)
    yield Step(
        "One layer: what is left of ln λ̃ is the stated power of σ_min and its prefactor.",
        _logs(exact) - _logs(log(law["C_1"]) + law["p_1"] * log(sigma_0)),
    )
    yield Step("So λ̃ is their product.", law["lt_1"] - law["C_1"] * sigma_0 ** law["p_1"])

    k = symbols("k", positive=True)
    rule = STATEMENTS["dn-phi-tied"].rule
    yield Step(
        "Tied net: k is the weight without noise.",
        law["k"] - rule("k", q=q, r=rule("r", lam=lam, t=t)),
    )
    a, b = symbols("alpha beta", positive=True)
    low, high = (rule("log_phi", k=k, noise=s, alpha=a, beta=b) for s in (sigma_0, sigma_T))
    exact = 2 * log(sigma_T) + 2 * (low.subs(a + b * sigma_0**2, a) - high)
    e = symbols("r", positive=True)
    share = rule("beta", q=q, r=e) / rule("alpha", lam=lam, q=q, r=e)
    yield Step("There β/α = k(1−r)/λ,", share - rule("k", q=q, r=e) * (1 - e) / lam)
    C_2 = statement.rule("C_2", k=k, lam=lam, t=t, sigma_T=sigma_T)
    C_2 = C_2.subs(exp(-2 * lam * t), 1 - b * lam / (a * k))
    p_2 = statement.rule("p_2", k=k)
    yield Step(
        "and the same limit gives its power and prefactor.",
        sympy.simplify(_logs(exact) - _logs(log(sympy.together(C_2)) + p_2 * log(sigma_0))),
    )
    yield Step("So λ̃ is their product.", law["lt_2"] - law["C_2"] * sigma_0 ** law["p_2"])


@proof("dn-asymptote")
def asymptote(statement: Statement) -> Iterator[Step]:
    """Put the trained weight into the ODE, and infinite time into the closed forms."""
    f = lam / (lam + noise**2)
    V = statement.substitute(lam=lam, sigma_0=noise, sigma_T=sigma_T)["lt"]
    yield Step(
        "With ψ = λ/(λ+σ²) it solves dV/dσ = 2(1−ψ)V/σ.",
        sympy.diff(V, noise) - 2 * (1 - f) * V / noise,
    )
    yield Step("It starts from σ_max².", V.subs(noise, sigma_T) - sigma_T**2)
    yield Step("e^{−λt}Ei(−σ²t) → 0,", sympy.limit(exp(-lam * t) * Ei(-(noise**2) * t), t, oo))
    phi = STATEMENTS["dn-phi-one-layer"].rule("log_phi", noise=noise, **MODE)
    trained = phi.replace(Ei, lambda _: sympy.Integer(0))
    size = exp(2 * trained)
    yield Step(
        "so Φ² of one layer tends to σ² + λ, which gives the same variance.",
        V - sigma_T**2 * size / size.subs(noise, sigma_T),
    )
    rule = STATEMENTS["dn-phi-tied"].rule
    parts = {name: rule(name, lam=lam, q=q, r=sympy.Integer(0)) for name in ("k", "alpha", "beta")}
    size = exp(2 * rule("log_phi", noise=noise, **parts))
    yield Step(
        "Φ² of the tied net tends to q(σ² + λ), with q > 0: the same again.",
        V - sigma_T**2 * size / size.subs(noise, sigma_T),
    )


@proof("dn-emergence")
def emergence(statement: Statement) -> Iterator[Step]:
    """The untrained variance, and what a harmonic mean means far below the variance of the data."""
    found = statement.substitute(lam=lam, q=q, sigma_0=noise, sigma_T=sigma_T)["lt_0"]
    yield Step(
        "Untrained, ψ = q at all noise levels: λ̃(0) solves dV/dσ = 2(1−q)V/σ.",
        sympy.diff(found, noise) - 2 * (1 - q) * found / noise,
    )
    yield Step("It starts from σ_max².", found.subs(noise, sigma_T) - sigma_T**2)
    level = statement.rule("lt_star", lt_0=x, lam=lam)
    yield Step(
        "The level is the harmonic mean: its inverse is the mean of the inverses.",
        1 / level - (1 / x + 1 / lam) / 2,
    )
    yield Step(
        "Far below the variance of the data it marks a doubling of the untrained variance.",
        sympy.limit(level / x, x, 0) - 2,
    )


@proof("dn-inverse-law")
def inverse_law(statement: Statement) -> Iterator[Step]:
    """What is exact is a scaling: t⋆λ depends on σ_min²/λ and σ_max²/λ alone."""
    s, c = symbols("s c", positive=True)
    scaled = {"lam": s * lam, "q": q, "t": t / s}
    one, tied = (STATEMENTS[f"dn-phi-{net}"].rule for net in ("one-layer", "tied"))
    moved = one("log_phi", noise=sqrt(s) * noise, **scaled) - one("log_phi", noise=noise, **MODE)
    yield Step(
        "One layer: λ → sλ, σ → √s σ, t → t/s adds ½ ln s to ln Φ at every noise level.",
        sympy.simplify(_logs(sympy.simplify(moved)) - log(s) / 2),
    )
    alpha, beta, k, e = symbols("alpha beta k e", positive=True)
    before = tied("log_phi", k=k, alpha=alpha, beta=beta, noise=noise)
    after = tied("log_phi", k=k, alpha=s * alpha, beta=beta, noise=sqrt(s) * noise)
    yield Step(
        "Tied net: k and β stay, α becomes sα,",
        tied("alpha", lam=s * lam, q=q, r=e) - s * tied("alpha", lam=lam, q=q, r=e),
    )
    yield Step(
        "and ln Φ gains ½ ln s as well.",
        # Each argument is factored so that its s comes out of the logarithm.
        _logs((after - before).replace(log, lambda z: log(sympy.factor(z)))) - log(s) / 2,
    )
    mean = STATEMENTS["dn-emergence"].rule
    level, scaled = mean("lt_star", lt_0=x, lam=lam), mean("lt_star", lt_0=s * x, lam=s * lam)
    yield Step("Variance and level gain the factor s: t⋆λ stays what it is.", scaled - s * level)
    t_k = statement.rule("t_k", c=c, lam_k=lam)
    yield Step("Where c hardly changes t⋆ is inverse to λ,", t_k * lam - c)
    times = {f"t_{n}": statement.rule("t_k", c=c, lam_k=v) for n, v in (("a", x), ("b", y))}
    exponent = statement.rule("alpha", lam_a=x, lam_b=y, **times)
    yield Step(
        "and the exponent is −1.", sympy.simplify(sympy.expand_log(exponent, force=True)) + 1
    )


@proof("dn-kl")
def kl(statement: Statement) -> Iterator[Step]:
    """Average the difference of two Gaussian log densities."""
    v, w, shift = symbols("v w delta", positive=True)
    z = symbols("z", real=True)
    density = exp(-((z - shift) ** 2) / (2 * v)) / sqrt(2 * sympy.pi * v)
    difference = log(w / v) / 2 - (z - shift) ** 2 / (2 * v) + z**2 / (2 * w)
    divergence = sympy.integrate(sympy.expand(difference) * density, (z, -oo, oo))
    one = statement.substitute(tilde_lambda=[v], delta=[shift], d=1, **{"lambda": [w]})["D"]
    yield Step(
        "One mode: E ln p/p' of two Gaussians is the stated term.",
        sympy.simplify(sympy.expand_log(divergence - one, force=True)),
    )
    two = statement.substitute(tilde_lambda=[v, x], delta=[shift, y], d=2, **{"lambda": [w, lam]})[
        "D"
    ]
    other = statement.substitute(tilde_lambda=[x], delta=[y], d=1, **{"lambda": [lam]})["D"]
    yield Step("Modes are independent, so their terms add up.", two - one - other)


@proof("dsm-tied-bridge")
def tied_bridge(statement: Statement) -> Iterator[Step]:
    """The gradient of the denoising loss of U Uᵀ, against that of the identity task with decay."""
    U = sympy.Matrix(2, 2, symbols("u_(1:3)(1:3)"))
    Sigma, W = symmetric("s", 2), U * U.T
    loss = _loss(W, Sigma)
    A = statement.rule("A", Sigma=Sigma, noise=noise)
    kappa = statement.rule("kappa", noise=noise)
    stein = ((W - eye(2)) * A * (W - eye(2)).T).trace() + 2 * kappa * W.trace()
    yield Step(
        "Stein's form: E|Wy − x|² = E|Wy − y|² + 2σ² tr W + const, with A = E[y yᵀ].",
        sympy.expand(loss - stein + 2 * noise**2),
    )
    velocity = -_gradient(loss, U) / 4  # canonical: −½∇ of half the loss
    yield Step(
        "So U̇ = (A − ½(WA + AW))U − κU: the identity task on A with decay κ = σ² on U,",
        velocity - ((A - (W * A + A * W) / 2) * U - kappa * U),
    )
    stated = statement.substitute(Sigma=Sigma, noise=noise, W=W)["V"]
    yield Step("for which W = UUᵀ moves as stated:", velocity * U.T + U * velocity.T - stated)
    yield Step(
        "the field of the tied net on A, less 2κW.", stated - (matrix_field(W, A) - 2 * kappa * W)
    )
    w = symbols("w", positive=True)
    mode = statement.substitute(Sigma=diag(lam), noise=noise, W=diag(w))["V"][0]
    a, ab = lam + noise**2, lam
    yield Step("One mode: ẇ = 2w(ab − aw), a = λ+σ² and ab = λ.", mode - 2 * w * (ab - a * w))


@proof("dsm-one-layer-bridge")
def one_layer_bridge(statement: Statement) -> Iterator[Step]:
    """The gradient of the denoising loss of W."""
    W, Sigma = sympy.Matrix(2, 2, symbols("w_(1:3)(1:3)")), symmetric("s", 2)
    loss = _loss(W, Sigma)
    found = statement.substitute(W=W, Sigma=Sigma, noise=noise)
    clean = loss.subs(noise, 0)
    yield Step(
        "E|Wy − x|² = E|Wx − x|² + κ|W|² with κ = σ²: a decay of W on the clean data.",
        loss - clean - found["kappa"] * (W * W.T).trace(),
    )
    yield Step(
        "Half its negative gradient is the stated velocity.", -_gradient(loss, W) / 2 - found["V"]
    )
    a = symmetric("a", 2)
    shifted = statement.substitute(W=W, Sigma=a - noise**2 * eye(2), noise=noise)["V"]
    yield Step(
        "On the noisy input A = Σ + σ²I the same velocity is (I−W)A − σ²I, which is no decay.",
        (eye(2) - W) * a - noise**2 * eye(2) - shifted,
    )


@proof("dn-finite-n")
def finite_n(statement: Statement) -> Iterator[Step]:
    """Leave one sample out; for a round spectrum the result is exact, by Marchenko and Pastur."""
    g, n = symbols("g n", positive=True)
    S, v = symmetric("s", 2), sympy.Matrix(symbols("x_1 x_2"))
    resolvent = (S + noise**2 * eye(2)).inv()
    full = (S + v * v.T / n + noise**2 * eye(2)).inv()
    form = (v.T * resolvent * v)[0]
    yield Step(
        "Adding one sample x to a covariance turns g = xᵀRx into xᵀR'x = g/(1 + g/n).",
        sympy.cancel((v.T * full * v)[0] - form / (1 + form / n)),
    )
    scale = 1 + g / n
    mean = lam / scale / (lam / scale + noise**2)
    yield Step(
        "In high dimension g is its mean: the resolvent sees λ/(1+g/n), the noise looks larger.",
        sympy.cancel(mean - statement.rule("w_k", lam_k=lam, kappa=noise**2 * scale)),
    )
    spectrum = list(symbols("lambda_1:3", positive=True))
    kappa = symbols("kappa", positive=True)
    stated = statement.rule("kappa", kappa=kappa, noise=noise, n=n, d=2, **{"lambda": spectrum})
    total = sum(z / (z + kappa) for z in spectrum)
    yield Step(
        "Its mean g = (1+g/n) Σλ/(λ+κ) then closes the equation for κ = σ²(1+g/n).",
        sympy.simplify(stated - noise**2 * (1 + total / (1 - total / n) / n)),
    )
    yield Step("With unlimited data κ is σ².", sympy.limit(stated, n, oo) - noise**2)
    gamma = symbols("gamma", positive=True)
    one = statement.rule("kappa", kappa=kappa, noise=noise, n=1 / gamma, d=1, **{"lambda": [lam]})
    (root,) = sympy.solve(sympy.Eq(kappa, one), noise)
    m = (1 - statement.rule("w_k", lam_k=lam, kappa=kappa)) / noise**2
    z = -(noise**2)
    equation = gamma * lam * z * m**2 + (z - lam * (1 - gamma)) * m + 1
    yield Step(
        "All variances equal: (1−w)/σ² is the Stieltjes transform of Marchenko and Pastur at −σ².",
        sympy.simplify(equation.subs(noise, root)),
    )
