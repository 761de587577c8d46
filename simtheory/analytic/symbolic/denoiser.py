"""Statements on linear denoisers."""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Add, Ei, Eq, EulerGamma, Function, IndexedBase, Integral, Sum, exp, log, symbols

from simtheory.analytic.symbolic._statement import (
    Rule,
    Statement,
    blocks,
    matrices,
    matrix,
    transpose,
    written,
)

W, W0, W_star, Sigma, A, I, V, M, m = matrices("W W0 W_star Sigma A I V M m")
Theta, Theta_0, Theta_star, b_star = matrices("Theta Theta_0 Theta_star b_star")
t, lam, noise, q, f, psi, k = symbols("t lam noise q f psi k", positive=True)
sigma_0, sigma_T, s, L, lt = symbols("sigma_0 sigma_T s L lt", positive=True)
log_phi, alpha, beta, r = symbols("log_phi alpha beta r")
p_1, p_2, C_1, C_2, lt_1, lt_2 = symbols("p_1 p_2 C_1 C_2 lt_1 lt_2", positive=True)
lt_0, lt_star, c, t_k, t_a, t_b = symbols("lt_0 lt_star c t_k t_a t_b", positive=True)
lam_k, lam_a, lam_b, kappa, w_k, D = symbols("lam_k lam_a lam_b kappa w_k D", positive=True)
j, d, n = symbols("j d n", integer=True, positive=True)
made, spectrum, shift = IndexedBase("tilde_lambda"), IndexedBase("lambda"), IndexedBase("delta")

_LAM, _NOISE, _ENDS = (
    {lam: r"\lambda"},
    {noise: r"\sigma"},
    {sigma_0: r"\sigma_{\min}", sigma_T: r"\sigma_{\max}"},
)
_LT = {lt: r"\tilde\lambda"}
_WORDS = {
    lam: "variance of the data along the mode",
    noise: "noise level",
    t: "canonical time of training",
    q: "weight at t = 0",
    sigma_0: "noise level at which sampling stops",
    sigma_T: "noise level at which it starts",
    lt: "generated variance",
}


def _explained(*names: Any) -> dict[Any, str]:
    return {symbol: _WORDS[symbol] for symbol in names}


def affine(
    rule: Rule, *, Sigma: Any, m: Any, noise: Any, W0: Any, b0: Any, t: Any
) -> dict[str, Any]:
    """Evaluate matrix and bias together, as one matrix with a further column."""
    best = rule("W_star", Sigma=Sigma, noise=noise)
    end = _beside(best, rule("b_star", W_star=best, m=m))
    both = rule(
        "Theta",
        Theta_0=_beside(W0, b0),
        Theta_star=end,
        M=rule("M", Sigma=Sigma, noise=noise, m=m),
        t=t,
    )
    d = Sigma.rows
    return {"Theta": both, "W": both[:d, :d], "b": [both[i, d] for i in range(d)]}


def _beside(left: Any, right: Any) -> Any:
    return matrix([[*left.tolist()[i], *right.tolist()[i]] for i in range(left.rows)])


def sampled(rule: Rule, *, lam: Any, q: Any, t: Any, sigma_0: Any, sigma_T: Any) -> dict[str, Any]:
    """Evaluate the generated variance by quadrature, with the weight of one layer."""

    def weight(s: Any) -> Any:
        rate = lam + s**2
        return lam / rate + (q - lam / rate) * mpmath.exp(-rate * t)

    with mpmath.workdps(30):  # in ln σ, on pieces of less than a decade
        pieces = mpmath.linspace(mpmath.log(sigma_0), mpmath.log(sigma_T), 13)
        L = mpmath.quad(lambda x: 1 - weight(mpmath.exp(x)), pieces)
    return {"L": L, "lt": rule("lt", L=L, sigma_T=sigma_T)}


def between_one_layer(
    rule: Rule, *, lam: Any, q: Any, t: Any, sigma_0: Any, sigma_T: Any
) -> dict[str, Any]:
    """Evaluate ln Φ at one end of the schedule less that at the other."""
    low, high = (rule("log_phi", noise=x, lam=lam, q=q, t=t) for x in (sigma_0, sigma_T))
    return {"L": low - high}


def between_tied(
    rule: Rule, *, lam: Any, q: Any, t: Any, sigma_0: Any, sigma_T: Any
) -> dict[str, Any]:
    """Evaluate ln Φ at one end of the schedule less that at the other."""
    low, high = (tied_phi(rule, noise=x, lam=lam, q=q, t=t) for x in (sigma_0, sigma_T))
    return {"L": low - high}


def tied_phi(rule: Rule, *, noise: Any, lam: Any, q: Any, t: Any) -> Any:
    """Evaluate ln Φ of a tied denoiser."""
    r = rule("r", lam=lam, t=t)
    parts = {
        "k": rule("k", q=q, r=r),
        "alpha": rule("alpha", lam=lam, q=q, r=r),
        "beta": rule("beta", q=q, r=r),
    }
    return rule("log_phi", noise=noise, **parts)


def renormalised(rule: Rule, *, noise: Any, n: Any, d: Any, **values: Any) -> dict[str, Any]:
    """Evaluate κ: the root above σ² of its own equation."""
    spectrum = values["lambda"]
    known = {"lambda": spectrum, "noise": noise, "n": n, "d": d}
    top = noise**2 + sum(spectrum) / n
    # κ over its right side is convex, so secants from above come down to the one positive root.
    root = mpmath.findroot(
        lambda x: x / rule("kappa", kappa=x, **known) - 1, (2 * top, top), tol=1e-100
    )
    return {"kappa": root}


_SHRINKING = Integral((1 - Function("psi")(s)) / s, (s, sigma_0, sigma_T))
_LEARNED = Sum(spectrum[j] / (spectrum[j] + kappa), (j, 1, d))

with written():
    _APART = Add(
        made[j] / spectrum[j], -1, -log(made[j] / spectrum[j]), shift[j] ** 2 / spectrum[j]
    )
_DIVERGENCE = Sum(_APART, (j, 1, d))

with written():
    STATEMENTS = (
        Statement(
            "dn-weights-one-layer",
            (
                Eq(f, lam / (lam + noise**2)),
                Eq(psi, f + (q - f) * exp(-(lam + noise**2) * t)),
                Eq(W_star, Sigma * (Sigma + noise**2 * I) ** -1),
                Eq(W, W_star + (W0 - W_star) * exp(-(Sigma + noise**2 * I) * t)),
            ),
            symbols={
                psi: "weight along a mode",
                f: "weight to be learned",
                W: "map at time t",
                W0: "start",
                W_star: "map to be learned",
                Sigma: "covariance of the data",
                I: "identity",
            }
            | _explained(lam, noise, t, q),
            printed={W: "W(t)", W0: "W(0)", W_star: r"W_\star", psi: r"\psi(t)"} | _LAM | _NOISE,
        ),
        Statement(
            "dn-weights-affine",
            (
                Eq(W_star, Sigma * (Sigma + noise**2 * I) ** -1),
                Eq(b_star, (I - W_star) * m),
                Eq(M, blocks(Add(Sigma, noise**2 * I, m * transpose(m)), m, transpose(m), 1)),
                Eq(Theta, Theta_star + (Theta_0 - Theta_star) * exp(-M * t)),
            ),
            symbols={
                Theta: "matrix and, as a last column, bias of the net",
                W_star: "matrix to be learned",
                b_star: "bias to be learned",
                M: "second moment of the noisy input with a 1 below it",
                Sigma: "covariance of the data",
                m: "mean of the data",
                I: "identity",
            }
            | _explained(noise, t),
            printed={
                W_star: r"W_\star",
                b_star: r"b_\star",
                Theta: r"\Theta(t)",
                Theta_0: r"\Theta(0)",
                Theta_star: r"\Theta_\star",
            }
            | _NOISE,
            compute=affine,
        ),
        Statement(
            "dn-weights-tied",
            (
                Eq(f, lam / (lam + noise**2)),
                Eq(psi, f * q / (q + (f - q) * exp(-2 * lam * t))),
            ),
            symbols={psi: "weight along a mode", f: "weight to be learned"}
            | _explained(lam, noise, t, q),
            printed={psi: r"\psi(t)"} | _LAM | _NOISE,
        ),
        Statement(
            "dn-pfode-ratio",
            (
                Eq(L, _SHRINKING),
                Eq(lt, sigma_T**2 * exp(-2 * L)),
            ),
            symbols={
                L: "how far sampling shrinks a mode, in logarithms",
                psi: "weight along the mode, a function of the noise level",
                s: "noise level",
            }
            | _explained(lt, sigma_0, sigma_T),
            printed={L: r"\ln\frac{\Phi(\sigma_{\max})}{\Phi(\sigma_{\min})}"} | _LT | _ENDS,
            compute=sampled,
        ),
        Statement(
            "dn-phi-one-layer",
            Eq(
                log_phi,
                log(noise**2 + lam) / 2
                + ((1 - q) * exp(-lam * t) * Ei(-(noise**2) * t) - Ei(-(noise**2 + lam) * t)) / 2,
            ),
            symbols={log_phi: "logarithm of the size of a mode at a noise level, up to a constant"}
            | _explained(lam, noise, t, q),
            printed={log_phi: r"\ln\Phi(\sigma)"} | _LAM | _NOISE,
            compute=between_one_layer,
        ),
        Statement(
            "dn-phi-tied",
            (
                Eq(r, exp(-2 * lam * t)),
                Eq(k, q / (r + q * (1 - r))),
                Eq(alpha, lam * (r + q * (1 - r))),
                Eq(beta, q * (1 - r)),
                Eq(log_phi, (1 - k) * log(noise) + k * log(alpha + beta * noise**2) / 2),
            ),
            symbols={
                log_phi: "logarithm of the size of a mode at a noise level, up to a constant",
                k: "weight in the limit of no noise",
                r: "what is left to grow",
                alpha: "part of the denominator without noise",
                beta: "part that goes with the noise",
            }
            | _explained(lam, noise, t, q),
            printed={log_phi: r"\ln\Phi(\sigma)"} | _LAM | _NOISE,
            compute=between_tied,
        ),
        Statement(
            "dn-cutoff-law",
            (
                Eq(p_1, 2 * (1 - q) * exp(-lam * t)),
                Eq(
                    C_1,
                    lam
                    * sigma_T**2
                    / (lam + sigma_T**2)
                    * exp(
                        Add(
                            p_1 * Add(EulerGamma, log(t), -Ei(-(sigma_T**2) * t)) / 2,
                            -Ei(-lam * t),
                            Ei(-(lam + sigma_T**2) * t),
                        )
                    ),
                ),
                Eq(lt_1, C_1 * sigma_0**p_1),
                Eq(k, q / (q + (1 - q) * exp(-2 * lam * t))),
                Eq(p_2, 2 * (1 - k)),
                Eq(
                    C_2,
                    (sigma_T**2 / (1 + k * (1 - exp(-2 * lam * t)) * sigma_T**2 / lam)) ** k,
                ),
                Eq(lt_2, C_2 * sigma_0**p_2),
            ),
            symbols={
                lt_1: "generated variance of one layer, then of the tied net",
                p_1: "power of the cut-off",
                C_1: "its prefactor",
                k: "weight of the tied net in the limit of no noise",
            }
            | _explained(lam, t, q, sigma_0, sigma_T),
            printed={lt_1: r"\tilde\lambda_1", lt_2: r"\tilde\lambda_2"} | _LAM | _ENDS,
        ),
        Statement(
            "dn-asymptote",
            Eq(lt, sigma_T**2 * (lam + sigma_0**2) / (lam + sigma_T**2)),
            symbols=_explained(lt, lam, sigma_0, sigma_T),
            printed={lt: r"\tilde\lambda(\infty)"} | _LAM | _ENDS,
        ),
        Statement(
            "dn-emergence",
            (
                Eq(lt_0, sigma_T**2 * (sigma_0 / sigma_T) ** (2 * (1 - q))),
                Eq(lt_star, 2 * lt_0 * lam / (lt_0 + lam)),
            ),
            symbols={
                lt_0: "generated variance, untrained and at the emergence time",
            }
            | _explained(lam, q, sigma_0, sigma_T),
            printed={lt_0: r"\tilde\lambda(0)", lt_star: r"\tilde\lambda(t^\star)"} | _LAM | _ENDS,
        ),
        Statement(
            "dn-inverse-law",
            (
                Eq(t_k, c / lam_k),
                Eq(alpha, log(t_b / t_a) / log(lam_b / lam_a)),
            ),
            symbols={
                t_k: "emergence time of a mode",
                lam_k: "its variance",
                c: "a constant; for a given schedule nearly one",
                alpha: "exponent that two modes a and b show; −1 where the law holds",
            },
            printed={
                t_k: r"t^\star_k",
                t_a: r"t^\star_a",
                t_b: r"t^\star_b",
                lam_k: r"\lambda_k",
                lam_a: r"\lambda_a",
                lam_b: r"\lambda_b",
            },
        ),
        Statement(
            "dn-kl",
            Eq(D, _DIVERGENCE / 2),
            symbols={
                D: "divergence KL(samples ‖ data)",
                made: "variances of the samples",
                spectrum: "variances of the data",
                shift: "error of the mean",
                d: "dimension",
            },
            printed={made.label: r"\tilde\lambda"},
        ),
        Statement(
            "dsm-tied-bridge",
            (
                Eq(A, Sigma + noise**2 * I),
                Eq(kappa, noise**2),
                Eq(
                    V,
                    Add(
                        A * W,
                        W * A,
                        -(Add(A * W**2, W**2 * A, 2 * W * A * W) / 2),
                        -(2 * kappa * W),
                    ),
                ),
            ),
            symbols={
                A: "second moment of the identity task",
                kappa: "decay of its weights U",
                V: "velocity of W",
                W: "end-to-end map",
                Sigma: "second moment of the clean data",
                I: "identity",
            }
            | _explained(noise),
            printed={V: r"\dot W"} | _NOISE,
        ),
        Statement(
            "dsm-one-layer-bridge",
            (Eq(kappa, noise**2), Eq(V, (I - W) * Sigma - kappa * W)),
            symbols={
                kappa: "decay of W",
                V: "velocity of W",
                W: "map",
                Sigma: "second moment of the clean data, and of the identity task",
                I: "identity",
            }
            | _explained(noise),
            printed={V: r"\dot W"} | _NOISE,
        ),
        Statement(
            "dn-finite-n",
            (
                Eq(kappa, noise**2 / (1 - _LEARNED / n)),
                Eq(w_k, lam_k / (lam_k + kappa)),
            ),
            symbols={
                kappa: "noise variance that the trained net seems to have",
                w_k: "its mean weight along a mode",
                spectrum: "variances of the data",
                lam_k: "the variance along that mode",
                n: "number of samples",
                d: "dimension",
            }
            | _explained(noise),
            printed={lam_k: r"\lambda_k"} | _NOISE,
            compute=renormalised,
        ),
    )
