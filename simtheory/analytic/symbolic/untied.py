"""Statements on the untied two-layer net f(x) = W₂ W₁ x."""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Eq, Integral, Rational, asinh, exp, sqrt, symbols

from simtheory.analytic.symbolic._statement import (
    Rule,
    Statement,
    blocks,
    eye,
    hyp2f1,
    matrices,
    matrix,
    transpose,
    written,
)
from simtheory.analytic.symbolic.tied.forms import STATEMENTS as TIED
from simtheory.analytic.symbolic.tied.forms import ldl, resum

W, W_1, W_2, A, F, X, Q0, Sigma, phi = matrices("W W_1 W_2 A F X Q0 Sigma phi")
P, N, P0, N0, I_h, I_n, I_m = matrices("P N P0 N0 I_h I_n I_m")
t, s, a, w, w0, lam, m, v0, v_plus, C, v = symbols("t s a w w0 lam m v0 v_plus C v", positive=True)
v_minus = symbols("v_minus", negative=True)
a_i, a_j, w_i, w_j, w_k, w0_kk, a_k = symbols("a_i a_j w_i w_j w_k w0_kk a_k", positive=True)
S, S_t, D, D_t, B, Bbar, mu, mu_x, mu_plus, mu_minus, c_plus, c_minus = symbols(
    "S S_t D D_t B Bbar mu mu_x mu_plus mu_minus c_plus c_minus"
)
x, alpha, beta = symbols("x alpha beta", positive=True)
U_0, W_10, W_20, I, Y, L_t, R_t, Pi_t = matrices("U_0 W_10 W_20 I Y L_t R_t Pi_t")
sigma, sigma_t, delta, delta_t, h, q = symbols("sigma sigma_t delta delta_t h q")
Lambda_ijt, L_ijt, R_ijt = symbols("Lambda_ijt L_ijt R_ijt")

_SPENT = Integral(exp(2 * F * s), (s, 0, t))
_MINUS_BETA = -beta
_GAUSS_PLUS = hyp2f1(alpha + beta, alpha + Rational(3, 2), 1 + 2 * beta, x)
_GAUSS_MINUS = hyp2f1(alpha - beta, alpha + Rational(3, 2) - 2 * beta, 1 - 2 * beta, x)


def riccati(rule: Rule, *, Q0: Any, Sigma: Any, lam: Any, t: Any) -> dict[str, Any]:
    """Evaluate the solution of the Riccati equation, and read off its lower left block."""
    n, m = Sigma.cols, Sigma.rows
    F = rule("F", lam=lam, Sigma=Sigma, I_n=eye(mpmath.zeros(n)), I_m=eye(mpmath.zeros(m)))
    X = rule("X", F=F, Q0=Q0, phi=integrated(F, t), t=t, I_h=eye(mpmath.zeros(Q0.cols)))
    return {"W": [X[n + i, j] for i in range(m) for j in range(n)]}


def crossing(
    rule: Rule, *, a_i: Any, a_j: Any, w0: Any, t: Any, B0: Any, Bbar0: Any
) -> dict[str, Any]:
    """Evaluate one crossing: weigh both solutions to meet the start, and follow them to time t."""
    beta = rule("beta", a_i=a_i, a_j=a_j)
    alpha = rule("alpha", beta=beta)

    def pair(x: Any, c_plus: Any, c_minus: Any) -> list[Any]:
        def mu(x: Any) -> Any:
            parts = {n: rule(n, alpha=alpha, beta=beta, x=x) for n in ("mu_plus", "mu_minus")}
            return rule("mu", c_plus=c_plus, c_minus=c_minus, **parts)

        slope = mpmath.diff(mu, x)
        return [
            rule("B", a_i=a_i, a_j=a_j, x=x, mu_x=slope),
            rule("Bbar", x=x, mu=mu(x)),
        ]

    zero, one = mpmath.mpf(0), mpmath.mpf(1)
    first = mpmath.matrix([pair(w0, one, zero), pair(w0, zero, one)]).T
    c_plus, c_minus = mpmath.lu_solve(first, mpmath.matrix([B0, Bbar0]))
    entry, partner = pair(rule("x", w0=w0, a_i=a_i, t=t), c_plus, c_minus)
    return {"B": entry, "Bbar": partner}


def ldr(
    rule: Rule, *, W0: Any, a: list[Any], t: Any, means: list[Any], halves: list[Any], w: list[Any]
) -> dict[str, Any]:
    """Evaluate the map, and how its ratios move, given σ and δ of the pairs (2, 1), (3, 1), …"""
    (pivots,) = (each for each in TIED if each.label == "ldl-logit")
    tied = resum(pivots.rule, *ldl(pivots.rule("Y0", W0=W0)), a, t)
    moved: dict[str, Any] = {"sigma_t": [], "delta_t": []}
    pairs = [(i, j) for i in range(len(a)) for j in range(i)]
    for (i, j), sigma, delta in zip(pairs, means, halves, strict=True):
        known = {"a_i": a[i], "a_j": a[j], "w_i": w[i], "w_j": w[j]}
        drive, decay = rule("h", **known), rule("q", **known)
        moved["sigma_t"].append(rule("sigma_t", h=drive, delta=delta))
        moved["delta_t"].append(rule("delta_t", h=drive, q=decay, sigma=sigma, delta=delta))
    return two_factors(rule, tied["Lambda"], tied["pi"], means, halves) | moved


def two_factors(
    rule: Rule, factor: Any, pi: list[Any], sigma: list[Any], delta: list[Any]
) -> dict[str, Any]:
    """Turn the factor of the tied net into a left and a right one, and put W together."""
    d = factor.rows
    ratios = iter(zip(sigma, delta, strict=True))
    left, right = ([[eye(factor)[i, j] for j in range(d)] for i in range(d)] for _ in range(2))
    for i in range(d):
        for j in range(i):
            both, apart = next(ratios)
            known = {"Lambda_ijt": factor[i, j], "sigma": both, "delta": apart}
            left[i][j], right[i][j] = rule("L_ijt", **known), rule("R_ijt", **known)
    diagonal = matrix([[pi[i] * eye(factor)[i, j] for j in range(d)] for i in range(d)])
    logit = rule("Y", L_t=matrix(left), R_t=matrix(right), Pi_t=diagonal)
    return {"W": rule("W", Y=logit, I=eye(factor))}


def integrated(F: Any, t: Any) -> Any:
    """Return ∫₀ᵗ e^{2Fs} ds, F singular or not: a block of the exponential of a larger matrix."""
    k = F.rows
    larger = mpmath.zeros(2 * k)
    larger[:k, :k] = 2 * t * F
    larger[:k, k:] = t * mpmath.eye(k)
    return mpmath.expm(larger)[:k, k:]


with written():
    STATEMENTS = (
        Statement(
            "untied-early",
            (
                Eq(P, exp(A * t) * P0),
                Eq(N, exp(-1 * A * t) * N0),
                Eq(W_2, (P + N) / 2),
                Eq(W_1, (transpose(P) - transpose(N)) / 2),
                Eq(W, W_2 * W_1),
            ),
            symbols={
                W: "end-to-end map",
                W_1: "layers",
                P: r"sum $W_2 + W_1^T$",
                P0: "its start",
                N: r"difference $W_2 - W_1^T$",
                N0: "its start",
                A: "uncentred second moment",
                t: "canonical time",
            },
            printed={P: "P(t)", N: "N(t)", P0: "P(0)", N0: "N(0)", W: "W(t)"},
        ),
        Statement(
            "balanced-riccati",
            (
                Eq(
                    F,
                    blocks(Rational(-1, 2) * lam * I_n, transpose(Sigma), Sigma, lam / 2 * I_m),
                ),
                Eq(phi, _SPENT),
                Eq(
                    X,
                    exp(F * t)
                    * Q0
                    * (I_h + transpose(Q0) * phi * Q0) ** -1
                    * transpose(Q0)
                    * exp(F * t),
                ),
            ),
            symbols={
                X: r"$Q(t)\,Q(t)^T$, whose lower left block is W(t)",
                Q0: r"the start of $Q$, $W_1^T$ above $W_2$",
                lam: r"imbalance, $W_2^TW_2 - W_1W_1^T = \lambda I$",
                Sigma: "teacher",
                F: "generator",
                phi: "its growth, squared and summed",
                I_h: "identity (h hidden units, n inputs, m outputs)",
                t: "canonical time",
                s: "time before t",
            },
            printed={
                lam: r"\lambda",
                Q0: "Q(0)",
                phi: r"\varphi",
                Sigma: r"\Sigma",
                X: "X(t)",
            },
            compute=riccati,
        ),
        Statement(
            "imbalanced-mode",
            (
                Eq(m, sqrt(4 + lam**2)),
                Eq(v_plus, (2 + m) / lam),
                Eq(v_minus, (2 - m) / lam),
                Eq(v0, exp(asinh(2 * w0 / lam))),
                Eq(C, (v0 - v_plus) / (v0 - v_minus) * exp(-a * m * t)),
                Eq(v, (v_plus - C * v_minus) / (1 - C)),
                Eq(w, lam / 4 * (v - 1 / v)),
            ),
            symbols={
                w: "mode",
                w0: "its start",
                a: "rate",
                lam: "imbalance, the squared share of layer 2 less that of layer 1",
                m: "its late rate, in units of a",
                v: "ratio that solves a Riccati equation, with fixed points at v₊ and v₋",
                v0: "its start",
                C: "cross-ratio of v with the fixed points",
                t: "canonical time",
            },
            printed={
                w: "w(t)",
                w0: "w(0)",
                lam: r"\lambda",
                m: r"\tilde m",
                v: "v(t)",
                v0: "v(0)",
                v_plus: "v_+",
                v_minus: "v_-",
                C: "C(t)",
            },
        ),
        Statement(
            "untied-first-order",
            (
                Eq(w_k, w0_kk / (w0_kk + (1 - w0_kk) * exp(-2 * a_k * t))),
                Eq(
                    S_t,
                    (a_i * (1 - w_i) + a_j * (1 - w_j) - (a_i + a_j) * (w_i + w_j) / 2) * S
                    + (a_i - a_j) * (w_i + w_j) / 2 * D,
                ),
                Eq(
                    D_t,
                    (
                        (w_i - w_j) / (w_i + w_j) * (a_i * (1 - w_i) - a_j * (1 - w_j))
                        - (a_i + a_j) * (w_i + w_j) / 2
                    )
                    * D
                    + (a_i - a_j) * (w_i + w_j) / 2 * S,
                ),
            ),
            symbols={
                w_k: "diagonal entry of W",
                w0_kk: "its start",
                a_k: "rates",
                S: r"sum $W_{ij} + W_{ji}$",
                D: r"difference $W_{ij} - W_{ji}$",
                t: "canonical time",
            },
            printed={
                w_k: "w_k(t)",
                w0_kk: "w_k(0)",
                S_t: r"\dot S",
                D: r"\Delta",
                D_t: r"\dot \Delta",
            },
        ),
        Statement(
            "untied-crossing",
            (
                Eq(x, w0 / (w0 + (1 - w0) * exp(-2 * a_i * t))),
                Eq(beta, a_j / (2 * a_i)),
                Eq(
                    alpha,
                    (beta - Rational(1, 2) + sqrt((Rational(1, 2) - beta) ** 2 + 4 * beta**2)) / 2,
                ),
                Eq(mu_plus, x**beta * (1 - x) ** alpha * _GAUSS_PLUS),
                Eq(mu_minus, x**_MINUS_BETA * (1 - x) ** alpha * _GAUSS_MINUS),
                Eq(mu, c_plus * mu_plus + c_minus * mu_minus),
                Eq(Bbar, sqrt(x * (1 - x)) * mu),
                Eq(B, 2 * a_i / a_j * (x * (1 - x)) ** Rational(3, 2) * mu_x),
            ),
            symbols={
                B: r"entry $W_{ij}$, i the stronger concept",
                Bbar: r"its partner $W_{ji}$",
                x: "stronger mode",
                w0: "its start",
                a_i: "rates",
                mu: r"solution, with slope $\mu_x$ in x",
                c_plus: "constants that the start fixes",
                alpha: "exponent at x = 1",
                beta: "exponent at x = 0",
                t: "canonical time",
            },
            printed={
                w0: "w_i(0)",
                Bbar: r"\bar B",
                mu: r"\mu",
                mu_x: r"\mu_x",
                mu_plus: r"\mu_+",
                mu_minus: r"\mu_-",
                c_plus: "c_+",
                c_minus: "c_-",
                alpha: r"\alpha",
                beta: r"\beta",
            },
            compute=crossing,
        ),
        Statement(
            "untied-ldr",
            (
                Eq(U_0, (W_20 + transpose(W_10)) / 2),
                Eq(h, (a_i - a_j) * (w_i + w_j) / 2),
                Eq(q, 2 * (a_i * (1 - w_i) * w_j + a_j * (1 - w_j) * w_i) / (w_i + w_j)),
                Eq(sigma_t, h * delta),
                Eq(delta_t, h * sigma - q * delta),
                Eq(L_ijt, Lambda_ijt * (sigma + delta)),
                Eq(R_ijt, Lambda_ijt * (sigma - delta)),
                Eq(Y, L_t * Pi_t * transpose(R_t)),
                Eq(W, Y * (I + Y) ** -1),
            ),
            symbols={
                W: "map at time t",
                W_10: "layers at the start",
                U_0: "start of the tied net",
                Lambda_ijt: r"its factor at time t, i below j",
                Pi_t: "diagonal matrix of its pivots at time t",
                w_i: r"modes of the pivots, $\pi_k(t)/(1+\pi_k(t))$",
                a_i: "rates, decreasing",
                sigma: r"mean of what the entries (i, j) and (j, i) are to the tied ones; first 1",
                delta: "half their difference; first 0",
                h: "what drives them apart",
                q: "what brings them together",
                L_ijt: "left factor",
                R_ijt: "right factor",
                Y: "logit matrix at time t",
                I: "identity",
            },
            printed={
                W: "W(t)",
                W_10: "W_1(0)",
                W_20: "W_2(0)",
                sigma: r"\sigma",
                sigma_t: r"\dot\sigma",
                delta: r"\delta",
                delta_t: r"\dot\delta",
                Y: "Y(t)",
                Lambda_ijt: r"\Lambda_{ij}(t)",
                L_ijt: r"\Lambda^L_{ij}",
                R_ijt: r"\Lambda^R_{ij}",
                L_t: r"\Lambda^L",
                R_t: r"{\Lambda^R}",
                Pi_t: r"\,\mathrm{diag}(\pi(t))\,",
            },
            compute=ldr,
        ),
    )
