"""Statements on the discrete optimisers of one linear layer."""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Add, Eq, IndexedBase, Mul, Sum, sqrt, symbols

from simtheory.analytic.symbolic._statement import Rule, Statement, eye, matrices, tr, written

e_gd, e_k, c_1, S_hb, P_hb, S_nag, P_nag = symbols("e_gd e_k c_1 S_hb P_hb S_nag P_nag")
first_hb, first_nag = symbols("first_hb first_nag")
S, P, zeta_1, zeta_2, e_1 = symbols("S P zeta_1 zeta_2 e_1")
eta, a, beta = symbols("eta a beta", positive=True)

V, V_next, A, R_c, Sigma, J_c = matrices("V V_next A R_c Sigma J_c")
mu_c, V_cc, nu, n = symbols("mu_c V_cc nu n", positive=True)
f, T, v_i, a_i, loss = symbols("f T v_i a_i loss", positive=True)
M_c, M_4, Q = matrices("M_c M_4 Q")
c, s, i, d, k = symbols("c s i d k", integer=True, positive=True)
share, part, rate = IndexedBase("p"), IndexedBase("M", commutative=False), IndexedBase("a")

g, m, m_next, v, v_next, w, w_next = symbols("g m m_next v v_next w w_next")
beta_1, beta_2, w_sign, w0 = symbols("beta_1 beta_2 w_sign w0", positive=True)

_MIXED = Sum(share[c] * part[c], (c, 1, s))
_GAIN = Sum(rate[i] / (2 - eta * rate[i] * (1 + 1 / n)), (i, 1, d))


def linear(rule: Rule, *, a: Any, eta: Any, beta: Any, k: Any) -> dict[str, Any]:
    """Evaluate the three errors after k steps."""
    found = {"e_gd": rule("e_gd", a=a, eta=eta, k=k)}
    for kind in ("hb", "nag"):
        values = {
            "S": rule(f"S_{kind}", a=a, eta=eta, beta=beta),
            "P": rule(f"P_{kind}", a=a, eta=eta, beta=beta),
            "e_1": rule(f"first_{kind}", a=a, eta=eta, beta=beta),
        }
        values |= {name: rule(name, **values) for name in ("zeta_1", "zeta_2")}
        values["c_1"] = rule("c_1", **values)
        found[f"e_{kind}"] = mpmath.re(rule("e_k", **values, k=k))
    return found


def batches(
    rule: Rule,
    *,
    mu: list[Any],
    p: list[Any],
    Sigma: Any,
    E: Any,
    eta: Any,
    n: Any,
    nu: Any,
    k: Any,
) -> dict[str, Any]:
    """Evaluate k steps of the second moment, and the stationary law of the rates without means."""
    d = E.rows
    units = [eye(E) * 0 for _ in p]
    for j, unit in enumerate(units):
        if j < d:
            unit[j, j] = 1
    spread = [rule("R_c", Sigma=Sigma, mu_c=m, J_c=J) for m, J in zip(mu, units, strict=True)]
    A = sum((q * R for q, R in zip(p, spread, strict=True)), eye(E) * 0)
    V = E.T * E
    for _ in range(int(k)):
        each = [
            rule("M_c", R_c=R, V=V, mu_c=m, V_cc=V[j, j], J_c=J)
            for j, (R, m, J) in enumerate(zip(spread, mu, units, strict=True))
        ]
        M_4 = rule("M_4", p=p, M=each, s=len(p))
        Q = rule("Q", V=V, A=A, M_4=M_4, n=n)
        V = rule("V_next", V=V, A=A, Q=Q, eta=eta, n=n, nu=nu, d=d)
    rates = [Sigma[j, j] for j in range(d)]
    settled = settle(rule, a=rates, eta=eta, n=n, nu=nu)
    return {"V_next": V, **settled}


def settle(rule: Rule, *, a: list[Any], eta: Any, n: Any, nu: Any) -> dict[str, Any]:
    """Evaluate the stationary law."""
    d = len(a)
    values = {"eta": eta, "n": n, "nu": nu, "d": d}
    f = rule("f", a=a, **values)
    T = rule("T", f=f, **values)
    return {
        "v_i": [rule("v_i", a_i=r, T=T, **values) for r in a],
        "loss": rule("loss", T=T),
        "T": T,
    }


def adam(
    rule: Rule, *, a: list[Any], w0: list[Any], eta: Any, beta_1: Any, beta_2: Any, k: Any
) -> dict[str, Any]:
    """Evaluate k steps of Adam for each entry, and of sign descent."""
    decay = {"beta_1": beta_1, "beta_2": beta_2}
    ends = []
    for r, start in zip(a, w0, strict=True):
        w, m, v = start, r * 0, r * 0
        for step in range(1, int(k) + 1):
            g = rule("g", a=r, w=w)
            m, v = rule("m_next", m=m, g=g, **decay), rule("v_next", v=v, g=g, **decay)
            w = rule("w_next", w=w, eta=eta, m_next=m, v_next=v, k=mpmath.mpf(step), **decay)
        ends.append(w)
    return {"w_next": ends, "w_sign": [rule("w_sign", w0=w, eta=eta, k=k) for w in w0]}


with written():
    STATEMENTS = (
        Statement(
            "gd-linear",
            (
                Eq(e_gd, (1 - eta * a) ** k),
                Eq(S_hb, Add(1, beta, Mul(-1, eta * a))),
                Eq(P_hb, beta),
                Eq(first_hb, 1 - eta * a),
                Eq(S_nag, (1 - eta * a) * (1 + beta)),
                Eq(P_nag, beta * (1 - eta * a)),
                Eq(first_nag, 1 - eta * a * (1 + beta)),
                Eq(zeta_1, (S + sqrt(S**2 - 4 * P)) / 2),
                Eq(zeta_2, (S - sqrt(S**2 - 4 * P)) / 2),
                Eq(c_1, (e_1 - zeta_2) / (zeta_1 - zeta_2)),
                Eq(e_k, c_1 * zeta_1**k + (1 - c_1) * zeta_2**k),
            ),
            symbols={
                e_gd: "error of a mode after k steps, as a share of its start, without momentum",
                e_k: "the same with momentum",
                first_hb: "the same after one step",
                S_hb: "sum of the roots, for the heavy ball (HB) and for Nesterov (N)",
                P_hb: "product of the roots",
                zeta_1: "the roots",
                c_1: "share of the first root",
                eta: "learning rate in canonical units",
                a: "rate",
                beta: "momentum",
                k: "steps",
            },
            printed={
                e_gd: r"e_k^{\mathrm{GD}}",
                S_hb: r"S^{\mathrm{HB}}",
                P_hb: r"P^{\mathrm{HB}}",
                first_hb: r"e_1^{\mathrm{HB}}",
                S_nag: r"S^{\mathrm{N}}",
                P_nag: r"P^{\mathrm{N}}",
                first_nag: r"e_1^{\mathrm{N}}",
            },
            compute=linear,
        ),
        Statement(
            "sgd-moments",
            (
                Eq(R_c, Sigma + mu_c**2 * J_c),
                Eq(
                    M_c,
                    Add(2 * R_c * V * R_c, tr(V * R_c) * R_c, Mul(-1, 2 * mu_c**4 * V_cc * J_c)),
                ),
                Eq(M_4, _MIXED),
                Eq(Q, (1 - 1 / n) * A * V * A + 1 / n * M_4),
                Eq(
                    V_next,
                    Add(
                        V,
                        Mul(-1, eta * (A * V + V * A)),
                        eta**2 * Q,
                        eta**2 / n * nu**2 * d * A,
                    ),
                ),
                Eq(f, _GAIN),
                Eq(T, eta * d * nu**2 * f / (n - eta * f)),
                Eq(v_i, eta * (T + d * nu**2) / (n * (2 - eta * a_i * (1 + 1 / n)))),
                Eq(loss, T / 2),
            ),
            symbols={
                V: "second moment of the error, E[(I − W)ᵀ(I − W)], and V' a step later",
                A: "uncentred second moment of the data, a its diagonal: the rates",
                R_c: "second moment of cluster c",
                Sigma: "covariance of every cluster",
                mu_c: "signal strength of cluster c",
                J_c: "matrix whose one entry, 1, stands at (c, c)",
                V_cc: "entry (c, c) of V",
                M_c: "fourth moment of cluster c against V",
                M_4: "fourth moment of the data against V",
                part: "the same, listed by cluster",
                Q: "mean over the batch of ÂVÂ, with Â its second moment",
                share: "probabilities of the clusters",
                c: "index of a cluster",
                s: "number of clusters",
                eta: "learning rate in canonical units",
                n: "batch",
                nu: "standard deviation of the noise on each label",
                d: "dimension",
                f: "noise gain of the optimiser",
                T: "where tr(AV) settles, for one cluster without a mean",
                v_i: "where V_ii settles",
                loss: "where the loss settles",
                a_i: "rates",
                i: "index of a coordinate",
            },
            printed={
                V_next: "V'",
                R_c: "R_c",
                loss: r"\mathcal{L}_\infty",
                part: "M",
                share: "p",
            },
            compute=batches,
        ),
        Statement(
            "adam-scale-free",
            (
                Eq(g, -a * (1 - w)),
                Eq(m_next, beta_1 * m + (1 - beta_1) * g),
                Eq(v_next, beta_2 * v + (1 - beta_2) * g**2),
                Eq(
                    w_next,
                    w - eta * (m_next / (1 - beta_1**k)) / sqrt(v_next / (1 - beta_2**k)),
                ),
                Eq(w_sign, w0 + eta * k),
            ),
            symbols={
                g: "gradient of a diagonal entry",
                a: "its rate, which drops out",
                w: "the entry, and w' after step k",
                m: "running mean of the gradient, from zero",
                v: "running mean of its square, from zero",
                beta_1: "decay of the means",
                eta: "learning rate",
                k: "number of the step, from one on",
                w_sign: "the entry under sign descent, until it reaches one",
                w0: "its start",
            },
            printed={
                m_next: "m'",
                v_next: "v'",
                w_next: "w'",
                w_sign: r"w^{\mathrm{sign}}(k)",
                w0: "w(0)",
            },
            compute=adam,
        ),
    )
