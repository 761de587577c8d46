"""Statements on further approximate forms of the tied net."""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Eq, Function, IndexedBase, Integral, Sum, exp, log, symbols

from simtheory.analytic.symbolic._statement import Rule, Statement, hyp2f1, matrix, written

t, s, a_i, a_j, a_k, a_1, a_2 = symbols("t s a_i a_j a_k a_1 a_2", positive=True)
D_i, D_j, D_k, delta_i, delta_k = symbols("D_i D_j D_k delta_i delta_k", positive=True)
S_ij, S_ik, S_jk, S_next = symbols("S_ij S_ik S_jk S_next")
c_jk, c_now, c_next, c_kk = symbols("c_jk c_now c_next c_kk")
w_jk, w_kk, w_ij, w_ii = symbols("w_jk w_kk w_ij w_ii")
w0_ii, w0_kk, w0_ij = symbols("w0_ii w0_kk w0_ij", positive=True)
m_i, g_ij, G_ij, xi_ij, xi_early = symbols("m_i g_ij G_ij xi_ij xi_early")
H_i, H_0 = symbols("H_i H_0", positive=True)
b_k, B_k, kappa, b_i, b_j = symbols("b_k B_k kappa b_i b_j")
x0, y0, z0, mu_1, mu_2 = symbols("x0 y0 z0 mu_1 mu_2", positive=True)
Y, delta, t_top, y_top, z_top, loss_top = symbols("Y delta t_top y_top z_top loss_top")
d = symbols("d", integer=True, positive=True)
j = symbols("j", integer=True, positive=True)
correction = IndexedBase("xi_i")

_PAST = Integral(Function("g_ij")(s), (s, 0, t))
_OTHERS = Sum(correction[j], (j, 1, d))


def schur(rule: Rule, *, W0: Any, a: list[Any], t: Any) -> dict[str, Any]:
    """Evaluate the Schur form; the rates must fall."""
    d = W0.rows
    S = [[W0[j, k] for k in range(d)] for j in range(d)]
    seed = [[W0[j, k] for k in range(d)] for j in range(d)]
    growth: list[Any] = []
    pivots: list[Any] = []
    for i in range(d):
        pivots.append(S[i][i])
        growth.append(rule("D_i", delta_i=pivots[i], a_i=a[i], t=t))
        weaker = range(i + 1, d)
        taken = {
            (j, k): {"S_ij": S[i][j], "S_ik": S[i][k], "delta_i": pivots[i]}
            for j in weaker
            for k in weaker
        }
        for (j, k), parts in taken.items():
            pair = {"D_i": growth[i], "a_i": a[i], "a_j": a[j], "a_k": a[k]}
            seed[j][k] = rule("c_next", c_now=seed[j][k], **parts, **pair)
            S[j][k] = rule("S_next", S_jk=S[j][k], **parts)

    def entry(j: int, k: int) -> Any:
        if j == k:
            return rule("w_kk", c_kk=seed[k][k], a_k=a[k], t=t)
        pair = {"a_j": a[j], "a_k": a[k], "D_j": growth[j], "D_k": growth[k]}
        return rule("w_jk", c_jk=seed[min(j, k)][max(j, k)], t=t, **pair)

    whole = matrix([[entry(j, k) for k in range(d)] for j in range(d)])
    return {"W": whole, "delta": pivots, "c": seed}


def second_order(rule: Rule, *, W0: Any, a: list[Any], t: Any) -> dict[str, Any]:
    """Evaluate the diagonal to second order, the weakest concept's share of the first also early."""
    d = W0.rows

    def growth(k: int, time: Any) -> Any:
        return rule("D_k", w0_kk=W0[k, k], a_k=a[k], t=time)

    def correction(i: int, j: int) -> Any:
        if i == j:
            return 0 * t
        pair = {"a_i": a[i], "a_j": a[j]}

        def integrand(s: Any) -> Any:
            return rule("g_ij", D_i=growth(i, s), D_j=growth(j, s), t=s, **pair)

        total = _integral(integrand, t)
        return rule("xi_ij", G_ij=total, D_i=growth(i, t), w0_ij=W0[i, j], t=t, **pair)

    parts = [[correction(i, j) for j in range(d)] for i in range(d)]
    modes = [rule("m_i", w0_ii=W0[i, i], a_i=a[i], D_i=growth(i, t), t=t) for i in range(d)]
    pair = {"a_i": a[0], "a_j": a[-1], "D_i": growth(0, t), "w0_ij": W0[0, d - 1], "t": t}
    H = [rule("H_i", m_i=m, a_i=a[0], a_j=a[-1]) for m in (W0[0, 0], modes[0])]
    return {
        "w_ii": [rule("w_ii", m_i=modes[i], xi_i=parts[i], d=d) for i in range(d)],
        "xi": [sum(row) for row in parts],
        "xi_early": rule("xi_early", H_0=H[0], H_i=H[1], **pair),
    }


def _integral(integrand: Any, t: Any) -> Any:
    """Return ∫₀ᵗ to 20 digits, in pieces short enough for its scale."""
    with mpmath.workdps(24):
        return mpmath.quad(integrand, mpmath.linspace(0, t, 9))


def first_order_target(
    rule: Rule, *, W0: Any, a: list[Any], B: list[Any], kappa: Any, t: Any
) -> dict[str, Any]:
    """Evaluate the first-order form with a teacher and decay, entry by entry."""
    d = W0.rows
    ends = [rule("b_k", B_k=B[k], kappa=kappa, a_k=a[k]) for k in range(d)]
    growth = [rule("D_k", w0_kk=W0[k, k], b_k=ends[k], a_k=a[k], t=t) for k in range(d)]

    def entry(i: int, j: int) -> Any:
        if i == j:
            own = {"a_k": a[i], "b_k": ends[i], "D_k": growth[i]}
            return rule("w_kk", w0_kk=W0[i, i], t=t, **own)
        pair = {"a_i": a[i], "a_j": a[j], "b_i": ends[i], "b_j": ends[j]}
        return rule("w_ij", w0_ij=W0[i, j], D_i=growth[i], D_j=growth[j], t=t, **pair)

    return {"W": matrix([[entry(i, j) for j in range(d)] for i in range(d)]), "b": ends}


with written():
    STATEMENTS = (
        Statement(
            "schur-form",
            (
                Eq(S_next, S_jk - S_ij * S_ik / delta_i),
                Eq(D_i, 1 + delta_i * (exp(2 * a_i * t) - 1)),
                Eq(
                    c_next,
                    c_now
                    - S_ij * S_ik / delta_i * (1 - D_i ** -((2 * a_i + a_j + a_k) / (4 * a_i))),
                ),
                Eq(
                    w_jk,
                    c_jk
                    * exp((a_j + a_k) * t)
                    * D_j ** -((3 * a_j + a_k) / (4 * a_j))
                    * D_k ** -((3 * a_k + a_j) / (4 * a_k)),
                ),
                Eq(w_kk, c_kk * exp(2 * a_k * t) / (1 + c_kk * (exp(2 * a_k * t) - 1))),
            ),
            symbols={
                S_jk: "W(0) with the rows of all concepts before i eliminated",
                delta_i: "pivot, the diagonal entry of S where row i is next",
                D_i: "growth of the denominator of concept i",
                c_now: "seed of an entry of W, that of W(0) at first, when all concepts before i have taken",
                c_jk: "seed when all those before both j and k have",
                w_jk: "entries of W",
                a_k: "rates, decreasing with the index",
                t: "canonical time",
            },
            printed={
                S_jk: "S_{jk}^{(i)}",
                S_ij: "S_{ij}^{(i)}",
                S_ik: "S_{ik}^{(i)}",
                S_next: "S_{jk}^{(i+1)}",
                c_now: "c_{jk}^{(i)}",
                c_next: "c_{jk}^{(i+1)}",
                w_jk: "w_{jk}(t)",
                w_kk: "w_{kk}(t)",
            },
            compute=schur,
        ),
        Statement(
            "second-order-diagonal",
            (
                Eq(D_k, 1 + w0_kk * (exp(2 * a_k * t) - 1)),
                Eq(m_i, w0_ii * exp(2 * a_i * t) / D_i),
                Eq(
                    g_ij,
                    exp(2 * a_j * t)
                    * D_i ** ((a_i - a_j) / (2 * a_i))
                    * D_j ** -((3 * a_j + a_i) / (2 * a_j)),
                ),
                Eq(G_ij, _PAST),
                Eq(xi_ij, -(a_i + a_j) * (w0_ij * exp(a_i * t) / D_i) ** 2 * G_ij),
                Eq(w_ii, m_i + _OTHERS),
                Eq(H_i, hyp2f1(1, (a_j - a_i) / (2 * a_i), 1 + a_j / a_i, m_i)),
                Eq(
                    xi_early,
                    (a_i + a_j)
                    / (2 * a_j)
                    * (w0_ij * exp(a_i * t) / D_i) ** 2
                    * (H_0 - exp(2 * a_j * t) * D_i ** ((a_i - a_j) / (2 * a_i)) * H_i),
                ),
            ),
            symbols={
                D_k: "growth of the k-th mode's denominator",
                m_i: "isolated mode",
                g_ij: "what is taken at one time, carried back to the start",
                G_ij: "and over all times",
                xi_ij: "correction of entry i by concept j, none by itself; early: while "
                r"the weaker concept j is small ($D_j = 1$)",
                w_ii: "diagonal entries of W",
                H_i: "a factor between 0.4 and 1",
                w0_ij: "entries of W(0)",
                a_k: "rates",
                t: "canonical time",
                d: "dimension",
            },
            printed={
                D_k: "D_k(t)",
                D_i: "D_i",
                g_ij: "g_{ij}(t)",
                w_ii: "w_{ii}(t)",
                w0_ii: "w_{ii}(0)",
                w0_kk: "w_{kk}(0)",
                w0_ij: "w_{ij}(0)",
                H_i: "H_i(t)",
                H_0: "H_i(0)",
                xi_early: r"\xi_{ij}^{\mathrm{early}}",
            },
            compute=second_order,
        ),
        Statement(
            "bump-top",
            (
                Eq(Y, y0 * x0 ** -((3 * a_1 + a_2) / (4 * a_1))),
                Eq(delta, z0 - y0**2 / x0),
                Eq(
                    t_top,
                    2 / (a_1 + 3 * a_2) * log((a_1 - a_2) * mu_1 * Y / (4 * a_2 * mu_2 * delta)),
                ),
                Eq(y_top, Y * exp(-(a_1 - a_2) * t_top / 2)),
                Eq(
                    z_top,
                    delta * exp(2 * a_2 * t_top) / (1 + delta * (exp(2 * a_2 * t_top) - 1)),
                ),
                Eq(loss_top, mu_2**2 / 2 * (1 - z_top - y_top * mu_1 / mu_2) ** 2),
            ),
            symbols={
                x0: "entry 11 of W(0), that of the stronger concept",
                y0: "entry 12",
                z0: "entry 22",
                Y: "height of the fading tie, run back to t = 0",
                delta: "pivot of the weaker concept",
                t_top: "time of the largest test loss after the first descent",
                y_top: "entry 12 there",
                z_top: "entry 22 there",
                loss_top: "test loss there",
                a_1: "rates",
                mu_1: "signals",
            },
            printed={
                x0: "x_0",
                y0: "y_0",
                z0: "z_0",
                Y: r"\hat Y",
                t_top: r"t_\mathrm{top}",
                y_top: r"y_\mathrm{top}",
                z_top: r"z_\mathrm{top}",
                loss_top: r"\mathcal L_\mathrm{top}",
            },
        ),
        Statement(
            "first-order-target",
            (
                Eq(b_k, B_k - kappa / a_k),
                Eq(D_k, 1 + w0_kk / b_k * (exp(2 * a_k * b_k * t) - 1)),
                Eq(w_kk, w0_kk * exp(2 * a_k * b_k * t) / D_k),
                Eq(
                    w_ij,
                    w0_ij
                    * exp((a_i * b_i + a_j * b_j) * t)
                    * D_i ** -((3 * a_i + a_j) / (4 * a_i))
                    * D_j ** -((3 * a_j + a_i) / (4 * a_j)),
                ),
            ),
            symbols={
                B_k: "teacher of concept k, 1 for the identity",
                kappa: "decay of the weights U",
                b_k: "what the diagonal entry ends at, where positive",
                D_k: "growth of the k-th mode's denominator",
                w_kk: "diagonal entries",
                w_ij: "off-diagonal entries",
                w0_kk: "entries of W(0)",
                a_k: "rates",
                t: "canonical time",
            },
            printed={
                w_kk: "w_{kk}(t)",
                w_ij: "w_{ij}(t)",
                w0_kk: "w_{kk}(0)",
                w0_ij: "w_{ij}(0)",
            },
            compute=first_order_target,
        ),
    )
