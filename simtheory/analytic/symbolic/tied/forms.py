"""Statements on the tied net f(x) = U Uᵀ x."""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Eq, Function, IndexedBase, Integral, Sum, exp, log, sqrt, symbols

from simtheory.analytic.symbolic._statement import (
    Rule,
    Statement,
    det,
    eye,
    matrices,
    matrix,
    tr,
    transpose,
    written,
)

W, W0, A, I, V, Y, Y0, Lambda_t, Pi_t = matrices("W W0 A I V Y Y0 Lambda_t Pi_t")
t, s, a, w, w0, f, t_f = symbols("t s a w w0 f t_f", positive=True)
a_i, a_j, a_k, D_i, D_j, D_k = symbols("a_i a_j a_k D_i D_j D_k", positive=True)
w_kk, w0_kk, w_ij, w0_ij, w0_ii = symbols("w_kk w0_kk w_ij w0_ij w0_ii", positive=True)
pi_k, pi_kt, ell_i, ell_j, ell_k, t_k = symbols("pi_k pi_kt ell_i ell_j ell_k t_k", positive=True)
Lambda_ij, Lambda_ijt = symbols("Lambda_ij Lambda_ijt")
B, t_peak, w_peak = symbols("B t_peak w_peak", positive=True)
phi, X, g, s1, u_k, g0 = symbols("phi X g s1 u_k g0", positive=True)
log_ratio, learned = symbols("log_ratio learned")
k, d = symbols("k d", integer=True, positive=True)
rate, start = IndexedBase("a"), IndexedBase("u0")

_CLOCK = Integral(1 / (1 - Function("g")(s1) / 2), (s1, 0, s))
_LENGTH = Sum(start[k] ** 2 * exp(2 * rate[k] * s), (k, 1, d))
_W = {W: "W(t)", W0: "W(0)"}


def first_order(rule: Rule, *, W0: Any, a: list[Any], t: Any) -> dict[str, Any]:
    """Evaluate the first-order form entry by entry."""
    d = W0.rows
    growth = [rule("D_k", w0_kk=W0[k, k], a_k=a[k], t=t) for k in range(d)]

    def entry(i: int, j: int) -> Any:
        if i == j:
            return rule("w_kk", w0_kk=W0[i, i], a_k=a[i], D_k=growth[i], t=t)
        pair = {"a_i": a[i], "a_j": a[j], "D_i": growth[i], "D_j": growth[j]}
        return rule("w_ij", w0_ij=W0[i, j], t=t, **pair)

    return {"W": matrix([[entry(i, j) for j in range(d)] for i in range(d)])}


def pivots(rule: Rule, *, W0: Any, a: list[Any], t: Any) -> dict[str, Any]:
    """Evaluate the pivots' resummation; the rates must fall."""
    factor, pi = ldl(rule("Y0", W0=W0))
    return resum(rule, factor, pi, a, t)


def resum(rule: Rule, factor: Any, pi: list[Any], a: list[Any], t: Any) -> dict[str, Any]:
    """Grow the pivots, shrink the factor, and put W together."""
    d = factor.rows
    grown = [rule("pi_kt", pi_k=pi[k], a_k=a[k], t=t) for k in range(d)]
    ell = [rule("ell_k", pi_k=pi[k], pi_kt=grown[k], a_k=a[k]) for k in range(d)]

    def entry(i: int, j: int) -> Any:
        if i <= j:
            return eye(factor)[i, j]
        pair = {"a_i": a[i], "a_j": a[j], "ell_i": ell[i], "ell_j": ell[j]}
        return rule("Lambda_ijt", Lambda_ij=factor[i, j], t=t, **pair)

    turned = matrix([[entry(i, j) for j in range(d)] for i in range(d)])
    diagonal = matrix([[grown[i] * eye(factor)[i, j] for j in range(d)] for i in range(d)])
    logit = rule("Y", Lambda_t=turned, Pi_t=diagonal)
    return {"W": rule("W", Y=logit), "Y": logit, "Lambda": turned, "pi": grown}


def ldl(Y: Any) -> tuple[Any, list[Any]]:
    """Return the unit lower factor and the pivots of Y = Λ diag(π) Λᵀ, rows as they stand."""
    d = Y.rows
    rows = [[eye(Y)[i, j] for j in range(d)] for i in range(d)]
    pi: list[Any] = []
    for j in range(d):
        pi.append(Y[j, j] - sum(rows[j][k] ** 2 * pi[k] for k in range(j)))
        for i in range(j + 1, d):
            shared = sum(rows[i][k] * rows[j][k] * pi[k] for k in range(j))
            rows[i][j] = (Y[i, j] - shared) / pi[j]
    return matrix(rows), pi


def learning_times(rule: Rule, *, W0: Any, a: list[Any]) -> dict[str, Any]:
    """Evaluate the learning times; the rates must fall."""
    _, pi = ldl(rule("Y0", W0=W0))
    return {"t_k": [rule("t_k", pi_k=p, a_k=rate) for p, rate in zip(pi, a, strict=True)], "pi": pi}


def rank_one(rule: Rule, *, u0: list[Any], a: list[Any], t: Any) -> dict[str, Any]:
    """Evaluate the width-one solution: find the slowed time s, then the weights there."""

    def size(s: Any) -> tuple[Any, Any]:
        phi = rule("phi", u0=u0, a=a, s=s, d=len(a))
        return phi, rule("g", X=rule("X", phi=phi, g0=sum(v**2 for v in u0)))

    s = slowed_time(lambda s: size(s)[1], t)
    phi, g = size(s)
    return {
        "u": [rule("u_k", g=g, phi=phi, a=a, u0=u0, s=s, k=k + 1) for k in range(len(a))],
        "s": s,
    }


def slowed_time(g: Any, t: Any) -> Any:
    """Return the s at which ∫₀ˢ ds'/(1 − g(s')/2) = t, by quadrature and Newton's method."""
    s = t / 2
    for digits in (15, 60):  # near first, cheaply; then to the end
        with mpmath.workdps(digits):
            for _ in range(50):
                pieces = mpmath.linspace(0, s, 9)
                reached = mpmath.quad(lambda x: 1 / (1 - g(x) / 2), pieces)
                step = (t - reached) * (1 - g(s) / 2)
                s = s + step
                if abs(step) <= mpmath.mpf(10) ** (8 - digits) * t:
                    break
            else:
                raise ArithmeticError("The slowed time did not converge to 50 digits.")
    return s


with written():
    STATEMENTS = (
        Statement(
            "tied-field",
            Eq(V, A * W + W * A - (A * W**2 + W**2 * A + 2 * (W * A * W)) / 2),
            symbols={W: "end-to-end map U Uᵀ", V: "its velocity", A: "uncentred second moment"},
            printed={V: r"\dot W"},
        ),
        Statement(
            "tied-mode",
            (
                Eq(w, w0 * exp(2 * a * t) / (1 + w0 * (exp(2 * a * t) - 1))),
                Eq(t_f, log(f * (1 - w0) / (w0 * (1 - f))) / (2 * a)),
            ),
            symbols={
                w: "diagonal entry of W",
                w0: "its start",
                a: "rate",
                t: "canonical time",
                t_f: "time at which it reaches level f",
                f: "level between 0 and 1",
            },
            printed={w: "w(t)", w0: "w(0)"},
        ),
        Statement(
            "tied-isotropic",
            Eq(W, exp(2 * a * t) * W0 * (I + (exp(2 * a * t) - 1) * W0) ** -1),
            symbols={W: "map at time t", W0: "start", a: "the one rate", I: "identity", t: "time"},
            printed=_W,
        ),
        Statement(
            "tied-rank-one",
            (
                Eq(t, _CLOCK),
                Eq(phi, _LENGTH),
                Eq(X, phi / sqrt(1 - g0)),
                Eq(g, 2 * X / (X + sqrt(X**2 + 4))),
                Eq(u_k, sqrt(g / phi) * exp(rate[k] * s) * start[k]),
            ),
            symbols={
                s: "slowed time",
                t: "canonical time",
                phi: "squared length under power iteration",
                X: "twice the sinh of half the logit length",
                g: "squared length of u",
                g0: "its start",
                start: "start of u, along the concepts",
                rate: "rates",
                k: "index of a concept",
                u_k: "entry k of u, where W = u uᵀ",
                d: "dimension",
            },
            printed={
                phi: r"\varphi(s)",
                X: "X(s)",
                g: "g(s)",
                s1: "s'",
                g0: "g(0)",
                start: "u(0)",
                u_k: "u_k(t)",
            },
            compute=rank_one,
        ),
        Statement(
            "det-law",
            Eq(log_ratio, log(det(W0)) - log(det(I - W0)) + 2 * t * tr(A)),
            symbols={
                log_ratio: "ln det W(t) − ln det(I − W(t))",
                W0: "start",
                A: "uncentred second moment",
                I: "identity",
                t: "canonical time",
            },
            printed={W0: "W(0)", log_ratio: r"\ln\det W(t) - \ln\det(I - W(t))"},
        ),
        Statement(
            "sum-rule",
            Eq(learned, -log(det(W0))),
            symbols={learned: "what had to be learned: ∫ 2 tr(A(I − W)) dt", W0: "start"},
            printed={
                W0: "W(0)",
                learned: r"\int_0^\infty 2\,\mathrm{tr}\,[A\,(I - W(t))]\,dt",
            },
        ),
        Statement(
            "first-order",
            (
                Eq(D_k, 1 + w0_kk * (exp(2 * a_k * t) - 1)),
                Eq(w_kk, w0_kk * exp(2 * a_k * t) / D_k),
                Eq(
                    w_ij,
                    w0_ij
                    * exp((a_i + a_j) * t)
                    * D_i ** -((3 * a_i + a_j) / (4 * a_i))
                    * D_j ** -((3 * a_j + a_i) / (4 * a_j)),
                ),
            ),
            symbols={
                w_kk: "diagonal entries",
                w_ij: "off-diagonal entries",
                w0_kk: "diagonal entries at the start",
                w0_ij: "off-diagonal entries at the start",
                D_k: "growth of the k-th mode's denominator",
                a_k: "rates",
                t: "canonical time",
            },
            printed={
                w_kk: "w_{kk}(t)",
                w_ij: "w_{ij}(t)",
                w0_kk: "w_{kk}(0)",
                w0_ij: "w_{ij}(0)",
            },
            compute=first_order,
        ),
        Statement(
            "ldl-logit",
            (
                Eq(Y0, W0 * (I - W0) ** -1),
                Eq(pi_kt, pi_k * exp(2 * a_k * t)),
                Eq(ell_k, log((1 + pi_kt) / (1 + pi_k)) / a_k),
                Eq(
                    Lambda_ijt,
                    Lambda_ij * exp(-(a_j - a_i) * (t + (ell_i - ell_j) / 4)),
                ),
                Eq(Y, Lambda_t * Pi_t * transpose(Lambda_t)),
                Eq(W, Y * (I + Y) ** -1),
            ),
            symbols={
                W0: "start",
                I: "identity",
                Y0: "logit matrix of the start, rows by decreasing rate",
                Y: "logit matrix at time t",
                pi_k: "pivots at the start",
                pi_kt: "pivots at time t",
                ell_k: "twice the time that mode k has spent learned",
                Lambda_ij: "unit lower factor of the start, i below j",
                Lambda_ijt: "unit lower factor at time t",
                Pi_t: "diagonal matrix of the pivots",
                W: "map at time t",
                a_k: "rates, decreasing",
                t: "canonical time",
            },
            printed={
                W: "W(t)",
                Y: "Y(t)",
                Y0: r"\Lambda\,\mathrm{diag}(\pi)\,\Lambda^T",
                W0: "W(0)",
                pi_kt: r"\pi_k(t)",
                Lambda_ijt: r"\Lambda_{ij}(t)",
                Lambda_t: r"\Lambda(t)",
                Pi_t: r"\,\mathrm{diag}(\pi(t))\,",
            },
            compute=pivots,
        ),
        Statement(
            "learning-time",
            (Eq(Y0, W0 * (I - W0) ** -1), Eq(t_k, -(log(pi_k) / (2 * a_k)))),
            symbols={
                t_k: "time at which concept k is half learned",
                pi_k: "its pivot, rows by decreasing rate",
                a_k: "its rate",
                Y0: "logit matrix of the start, rows by decreasing rate",
                W0: "start",
                I: "identity",
            },
            printed={Y0: r"\Lambda\,\mathrm{diag}(\pi)\,\Lambda^T", W0: "W(0)"},
            compute=learning_times,
        ),
        Statement(
            "swing-peak",
            (
                Eq(B, (3 * a_i + a_j) * (1 - w0_ii) / (a_i - a_j)),
                Eq(t_peak, log(1 + (B - 1) / w0_ii) / (2 * a_i)),
                Eq(
                    w_peak,
                    w0_ij * exp((a_i + a_j) * t_peak) * B ** -((3 * a_i + a_j) / (4 * a_i)),
                ),
            ),
            symbols={
                t_peak: "time of the peak",
                w_peak: "height of the off-diagonal entry there",
                a_i: "rate of the stronger concept",
                a_j: "rate of the weaker one, still unlearned",
                w0_ii: "diagonal entry of the stronger at the start",
                w0_ij: "off-diagonal entry at the start",
                B: "growth of the stronger mode's denominator up to the peak",
            },
            printed={
                t_peak: r"t_{\mathrm{peak}}",
                w_peak: r"w_{ij}(t_{\mathrm{peak}})",
                w0_ii: "w_{ii}(0)",
                w0_ij: "w_{ij}(0)",
            },
        ),
    )
