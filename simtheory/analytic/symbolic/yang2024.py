"""Statements of the paper of Yang et al. itself."""

from __future__ import annotations

from typing import Any

from sympy import Eq, IndexedBase, Sum, exp, log, sqrt, symbols

from simtheory.analytic.symbolic._statement import (
    Rule,
    Statement,
    matrices,
    matrix,
    transpose,
    written,
)

t, a_i, a_j, a_k, z_k = symbols("t a_i a_j a_k z_k", positive=True)
f_k, growth_k, noise_k = symbols("f_k growth_k noise_k")
i, k, d = symbols("i k d", integer=True, positive=True)
rate, entry, point = IndexedBase("a"), IndexedBase("w0_k"), IndexedBase("z")

w_ij, w_ii, w_jj = symbols("w_ij w_ii w_jj")
G_ij, S_ij, S_ii, N_ij = symbols("G_ij S_ij S_ii N_ij")
row_i, row_j, row = IndexedBase("r_i"), IndexedBase("r_j"), symbols("r_i")

alpha, beta, gamma, omega, eta = symbols("alpha beta gamma omega eta", positive=True)
kappa, K, P, C, rho, n = symbols("kappa K P C rho n", positive=True)
w0_ij, w0_ii, level = symbols("w0_ij w0_ii l", positive=True)
upper, lower, T_ij, T_ii, N_max = symbols("u_ij l_ij T_ij T_ii N_max", positive=True)
factor, ceiling, floor, step = symbols("F c_top c_low c_step", positive=True)
eta_max, margin, P_min, omega_max = symbols("eta_max m P_min omega_max", positive=True)

L_v = symbols("L_v")
vertex, signal, s = IndexedBase("v"), IndexedBase("mu"), symbols("s", integer=True, positive=True)
X, W, A, I, g, gap = matrices("X W A I g Gap")

_PRESENT = Sum(vertex[k] * signal[k] ** 2 * exp(-2 * rate[k] * t), (k, 1, s))
_REST = Sum(exp(-rate[i] * t) * entry[i] * point[i], (i, 1, d))
_THIRD = Sum((a_i + a_j + 2 * rate[k]) * row_i[k] * row_j[k], (k, 1, d))


def theorem_4_1(rule: Rule, *, W0: Any, a: list[Any], z: list[Any], t: Any) -> dict[str, list[Any]]:
    """Evaluate the output entry by entry."""
    d = len(a)
    growth = [rule("growth_k", a_k=a[k], z_k=z[k], t=t) for k in range(d)]
    noise = [
        rule("noise_k", a=a, w0_k=[W0[k, j] for j in range(d)], z=z, t=t, d=d) for k in range(d)
    ]
    whole = [rule("f_k", growth_k=g, noise_k=n) for g, n in zip(growth, noise, strict=True)]
    return {"growth": growth, "noise": noise, "f": whole}


def entry_split(rule: Rule, *, W: Any, a: list[Any]) -> dict[str, Any]:
    """Evaluate the three forces on every entry."""
    d = W.rows
    tied = [[W[i, k] if i != k else 0 * W[i, k] for k in range(d)] for i in range(d)]

    def forces(i: int, j: int) -> tuple[Any, Any, Any]:
        own = {"w_ij": W[i, j], "a_i": a[i], "a_j": a[j]}
        if i == j:
            suppression = rule("S_ii", w_ii=W[i, i], a_i=a[i])
        else:
            suppression = rule("S_ij", w_ii=W[i, i], w_jj=W[j, j], **own)
        pair = {"a_i": a[i], "a_j": a[j], "r_i": tied[i], "r_j": tied[j]}
        return rule("G_ij", **own), suppression, rule("N_ij", a=a, d=d, **pair)

    parts = [[forces(i, j) for j in range(d)] for i in range(d)]
    return {
        name: matrix([[cell[place] for cell in line] for line in parts])
        for place, name in enumerate(("G", "S", "N"))
    }


with written():
    STATEMENTS = (
        Statement(
            "theorem-4-1",
            (
                Eq(growth_k, (1 - exp(-a_k * t)) * z_k),
                Eq(noise_k, _REST),
                Eq(f_k, growth_k + noise_k),
            ),
            symbols={
                f_k: "output k",
                growth_k: "its growth, zero beyond the concepts",
                noise_k: 'and what the paper calls "noise", what is left of the start',
                a_k: "rates, zero beyond the concepts",
                entry: "row k of W(0)",
                z_k: "input",
                t: "canonical time",
                d: "dimension; the printed sum stops at the number of concepts",
            },
            printed={
                growth_k: r"\mathrm{growth}_k",
                noise_k: r"\mathrm{noise}_k",
                f_k: "f_k(z; t)",
                entry: "w_k(0)",
                entry.label: "w_k(0)",
            },
            compute=theorem_4_1,
        ),
        Statement(
            "entry-split",
            (
                Eq(G_ij, w_ij * (a_i + a_j)),
                Eq(S_ij, w_ij * (w_ii * (3 * a_i + a_j) + w_jj * (3 * a_j + a_i)) / 2),
                Eq(S_ii, 2 * a_i * w_ii**2),
                Eq(N_ij, _THIRD / 2),
            ),
            symbols={
                G_ij: "growth",
                S_ij: "suppression",
                N_ij: r"interaction; together $\dot w_{ij} = G_{ij} - S_{ij} - N_{ij}$",
                w_ij: "entries of W, symmetric",
                row: "row i of W without its diagonal entry",
                a_i: "rates",
                d: "dimension",
            },
            compute=entry_split,
        ),
        Statement(
            "appendix-bounds",
            (
                Eq(upper, w0_ij * exp(eta * n * (a_i + a_j) * kappa)),
                Eq(lower, w0_ij * exp(eta * n * (a_i + a_j) / kappa)),
                Eq(T_ij, log(P) / (2 * eta * gamma * alpha * kappa)),
                Eq(T_ii, log(P * beta * omega / w0_ii) / (2 * eta * a_i * kappa)),
                Eq(N_max, 2 * P * gamma * alpha * d * (beta * omega) ** 2),
                Eq(factor, exp(2 * eta * n * a_i * (1 - level) / kappa)),
                Eq(step, 1 / K),
                Eq(ceiling, 1 + 2 / K),
                Eq(floor, 1 - 2 / K),
            ),
            symbols={
                upper: "upper bound of an entry in size (Lemma D.1)",
                lower: "lower bound (D.2, D.3)",
                T_ij: "steps up to which the lower bound is stated, off the diagonal and on it",
                N_max: "bound of the interaction, as stated (Corollary D.1)",
                factor: r"least growth of a diagonal entry below the level $\ell$ (D.4)",
                level: "that level",
                step: "largest step of a diagonal entry (Corollary D.2), its ceiling (D.5), and the "
                "level above which it stays (D.6)",
                w0_ij: "entries of W(0) in size",
                n: "number of steps",
                eta: "step size",
                a_i: "rates",
                alpha: "smallest rate",
                gamma: "largest rate over it",
                omega: "smallest entry of W(0) in size",
                beta: "largest over it",
                d: "dimension",
                kappa: "free constant above 1.1",
                K: "free constant, at least 20",
                P: "free constant, at least 2",
            },
            printed={
                upper: "u_{ij}(n)",
                lower: r"\ell_{ij}(n)",
                w0_ij: "w_{ij}(0)",
                w0_ii: "w_{ii}(0)",
                N_max: r"N_\max",
                level: r"\ell",
                factor: r"F_\ell(n)",
                ceiling: r"c_\mathrm{top}",
                floor: r"c_\mathrm{stay}",
                step: r"c_\mathrm{step}",
            },
        ),
        Statement(
            "assumption-check",
            (
                Eq(eta_max, 1 / (9 * K * gamma * alpha)),
                Eq(margin, 1 - 1 / sqrt(kappa)),
                Eq(
                    P_min,
                    exp(
                        (1 + rho)
                        / (1 - rho)
                        * (10 * kappa**2 * log(K * gamma * d * beta / margin) + log(beta))
                    ),
                ),
                Eq(omega_max, margin / (P_min * K * gamma * d * beta**2)),
            ),
            symbols={
                eta_max: "largest step that D.2 allows",
                margin: r"the smaller of $\kappa - 1$ and $1 - \kappa^{-1/2}$",
                P_min: "smallest P for which some start meets both D.4 and D.5",
                omega_max: "largest smallest entry of such a start",
                rho: "largest ratio of a rate to the next stronger one",
                alpha: "smallest rate",
                gamma: "largest rate over it",
                beta: "largest entry of W(0) over its smallest, in size",
                d: "dimension",
                kappa: "free constant above 1.1",
                K: "free constant, at least 20",
            },
            printed={
                eta_max: r"\eta_\max",
                omega_max: r"\omega_\max",
                P_min: r"P_\min",
            },
        ),
        Statement(
            "hierarchy-meter",
            Eq(L_v, _PRESENT / 2),
            symbols={
                L_v: "loss at the vertex v",
                vertex: "1 for a concept that the vertex holds, else 0",
                signal: "signal strengths",
                rate: "rates",
                s: "number of concepts",
                t: "canonical time",
            },
        ),
        Statement(
            "psd-guard",
            (
                Eq(W, X * transpose(X)),
                Eq(g, ((W - I) * A + A * (W - I)) * X),
                Eq(gap, eta**2 * (g * transpose(g)) / 4),
            ),
            symbols={
                gap: "what a gradient step on U adds to the step W + ηV(W), positive semidefinite",
                g: "gradient of the loss by U",
                X: "weights",
                W: "end-to-end map",
                A: "uncentred second moment",
                I: "identity",
                eta: "step in canonical time",
            },
            printed={X: "U", gap: r"\Delta W"},
        ),
    )
