"""Statements on compositions, mostly along one direction."""

from __future__ import annotations

from sympy import Eq, Rational, acos, erf, exp, log, pi, sqrt, symbols

from simtheory.analytic.symbolic._statement import Statement, written

pi_1, pi_2, c, c_1, c_2, c_b, beta, Q, lam, Lambda = symbols(
    "pi_1 pi_2 c c_1 c_2 c_b beta Q lam Lambda", positive=True
)
m, m_1, m_2, m_b, b, x, w, w_1, w_2, gamma, mu, kappa, delta = symbols(
    "m m_1 m_2 m_b b x w w_1 w_2 gamma mu kappa delta"
)
C, M, P, V, L, d, K, k, eta, alpha, sigma, z, y, log_Z, ratio = symbols(
    "C M P V L d K k eta alpha noise z y log_Z ratio"
)
s, s_1, s_2, s_b, s_c, s_u, S, D, f, KL, h, v, v_1, v_2, A, L_d, A_1, A_2 = symbols(
    "s s_1 s_2 s_b s_c s_u S D f KL h v v_1 v_2 A L_d A_1 A_2"
)
V_ULA, V_UHMC, turn, Delta, accepted, V_target, M_target, V_SDE, M_SDE, V_ODE = symbols(
    "V_ULA V_UHMC turn Delta accepted V_target M_target V_SDE M_SDE V_ODE"
)
m_a, C_aa, C_ab, C_bb, u, q_1, q_2, r_1, log_w, drop, move, dW, change = symbols(
    "m_a C_aa C_ab C_bb u q_1 q_2 r_1 log_w drop move dW change"
)
g, place, curvature, W = symbols("g place curvature W")
p_meant, p_exact, p_sampled, p_learned, e_target, e_sampler, e_score, e_total = symbols(
    "p_meant p_exact p_sampled p_learned e_target e_sampler e_score e_total"
)

_LAM = {lam: r"\lambda"}
_EXPERTS = {
    w_1: "weight of the first expert",
    w_2: "weight of the second",
    c_1: "variance of the first expert along the direction",
    c_2: "variance of the second",
}
_MEANS = {m_1: "mean of the first expert", m_2: "mean of the second"}
_PARTS = {
    pi_1: "weight of a component of one mixture",
    pi_2: "weight of a component of the other",
    c_1: "variance of the one",
    c_2: "variance of the other",
    m_1: "mean of the one",
    m_2: "mean of the other",
}

with written():
    STATEMENTS = (
        Statement(
            "gmm-product",
            (
                Eq(C, 1 / (1 / c_1 + 1 / c_2)),
                Eq(M, C * (m_1 / c_1 + m_2 / c_2)),
                Eq(
                    w,
                    pi_1
                    * pi_2
                    * exp(-((m_1 - m_2) ** 2) / (2 * (c_1 + c_2)))
                    / sqrt(2 * pi * (c_1 + c_2)),
                ),
            ),
            symbols={
                C: "variance of the product's component",
                M: "its mean",
                w: "its weight",
                **_PARTS,
            },
        ),
        Statement(
            "gmm-power",
            (
                Eq(V, c / beta),
                Eq(log_Z, (1 - beta) * log(2 * pi * c) / 2 - log(beta) / 2),
            ),
            symbols={
                V: "variance of the power",
                c: "variance of the Gaussian",
                beta: "the power",
                log_Z: "log partition",
            },
            printed={log_Z: r"\log Z"},
        ),
        Statement(
            "gmm-divide-gaussian",
            (
                Eq(V, 1 / (1 / c - 1 / c_b)),
                Eq(M, V * (m / c - m_b / c_b)),
            ),
            symbols={
                V: "variance of the quotient",
                M: "its mean",
                c: "variance of a component",
                m: "its mean",
                c_b: "variance of the divisor",
                m_b: "its mean",
            },
        ),
        Statement(
            "gmm-tilt",
            (
                Eq(C, 1 / (1 / c + Q)),
                Eq(M, C * (m / c + b)),
                Eq(log_Z, log(C / c) / 2 + M**2 / (2 * C) - m**2 / (2 * c)),
            ),
            symbols={
                C: "variance after the tilt",
                M: "mean after it",
                c: "variance of the component",
                m: "its mean",
                b: "linear tilt",
                Q: "quadratic tilt",
                log_Z: "log of the integral",
            },
            printed={log_Z: r"\log Z"},
        ),
        Statement(
            "gmm-condition",
            (
                Eq(M, m_a + C_ab * (u - m_b) / C_bb),
                Eq(V, C_aa - C_ab**2 / C_bb),
            ),
            symbols={
                M: "mean of the coordinate that is left",
                V: "its variance",
                m_a: "its mean before",
                m_b: "mean of the coordinate that is given",
                u: "its value",
                C_aa: "variances and covariance of both",
            },
        ),
        Statement(
            "gmm-noise",
            (Eq(M, alpha * m), Eq(V, alpha**2 * c + sigma**2)),
            symbols={
                M: "mean of the noised component",
                V: "its variance",
                m: "mean of the component",
                c: "its variance",
                alpha: "share of the data",
                sigma: "share of the noise",
            },
            printed={sigma: r"\sigma"},
        ),
        Statement(
            "tweedie-covariance",
            Eq(V, lam + lam**2 * curvature),
            symbols={
                V: "variance of the clean point, given the noised one",
                lam: "level",
                curvature: "second derivative of log q at the noised point",
            },
            printed={**_LAM, curvature: r"\partial_x^2\log q_\lambda"},
        ),
        Statement(
            "one-clock",
            (Eq(y, z / alpha), Eq(lam, (sigma / alpha) ** 2)),
            symbols={
                y: "state of all schedules",
                z: "noised data",
                lam: "level",
                alpha: "share of the data",
                sigma: "share of the noise",
            },
            printed={**_LAM, sigma: r"\sigma"},
        ),
        Statement(
            "high-noise-gap",
            Eq(KL, d * (K - 1 - log(K)) / 2),
            symbols={
                KL: "divergence of the noised product from the product of noised experts",
                d: "dimension",
                K: "number of experts",
            },
        ),
        Statement(
            "normalizable",
            Eq(f, w_1 / (c_1 + lam) + w_2 / (c_2 + lam)),
            symbols={f: "precision of the tail, which must be positive", **_EXPERTS, lam: "level"},
            printed=_LAM,
        ),
        Statement(
            "validity-rule",
            (Eq(w, 1 / (1 + eta**2)), Eq(ratio, eta**2 / ((1 + eta**2) * W - 1))),
            symbols={
                w: "total weight above which the reverse SDE has a finite end",
                ratio: "variance over level that it then has at high levels",
                eta: "churn",
                W: "total weight",
            },
            printed={w: r"W_{\min}", ratio: r"V/\lambda"},
        ),
        Statement(
            "defect",
            (
                Eq(S, w_1 * s_1 + w_2 * s_2),
                Eq(D, (S**2 - (w_1 * s_1**2 + w_2 * s_2**2)) / 2),
            ),
            symbols={
                S: "composed score",
                D: "defect",
                w_1: "weight of the first expert",
                w_2: "weight of the second",
                s_1: "score of the first",
                s_2: "score of the second",
            },
        ),
        Statement(
            "defect-forms",
            Eq(D, (s_1 - s_b) * (s_2 - s_b)),
            symbols={
                D: "defect of two experts over a background",
                s_1: "score of the first",
                s_2: "score of the second",
                s_b: "score of the background",
            },
        ),
        Statement(
            "factorised-conditionals",
            Eq(S, b + g),
            symbols={
                S: "composed score along a coordinate",
                b: "score of the background there",
                g: "what the expert of this coordinate adds",
            },
        ),
        Statement(
            "background-slots",
            Eq(place, mu / k),
            symbols={
                place: "place of the composed mode in a slot",
                mu: "place of an object alone",
                k: "number of objects",
            },
            printed={place: "c"},
        ),
        Statement(
            "gaussian-target",
            (
                Eq(V, 1 / (w_1 / c_1 + w_2 / c_2)),
                Eq(M, V * (w_1 * m_1 / c_1 + w_2 * m_2 / c_2)),
            ),
            symbols={V: "variance of the composition", M: "its mean", **_EXPERTS, **_MEANS},
        ),
        Statement(
            "gaussian-sde",
            (
                Eq(d, c_2 - c_1),
                Eq(L, log(c_2 / c_1)),
                Eq(V, (c_1 * c_2 / d) ** 2 * (1 / c_1 + 1 / c_2 - 2 * L / d)),
                Eq(M, c_1 * c_2 * (m_1 * (1 / c_1 - L / d) + m_2 * (L / d - 1 / c_2)) / d),
            ),
            symbols={
                d: "difference of variances",
                L: "logarithm of their ratio",
                V: "variance that the reverse SDE draws from a product of two",
                M: "its mean",
                c_1: "variance of the first expert",
                c_2: "variance of the second",
                **_MEANS,
            },
        ),
        Statement(
            "gaussian-ode",
            Eq(V, Lambda * (c_1 / (c_1 + Lambda)) ** w_1 * (c_2 / (c_2 + Lambda)) ** w_2),
            symbols={
                V: "variance that the ODE draws",
                Lambda: "level of the start, N(0, Λ)",
                **_EXPERTS,
            },
            printed={Lambda: r"\Lambda"},
        ),
        Statement(
            "gaussian-churn",
            Eq(V, c * eta**2 / ((1 + eta**2) * K - 1)),
            symbols={
                V: "variance drawn from K equal experts",
                c: "variance of each",
                eta: "churn",
                K: "number of experts",
            },
        ),
        Statement(
            "equal-c-shrink",
            Eq(ratio, eta**2 * K / ((1 + eta**2) * K - 1)),
            symbols={
                ratio: "variance drawn over that of the product",
                eta: "churn",
                K: "number of equal experts",
            },
            printed={ratio: "V/V^*"},
        ),
        Statement(
            "many-posteriors",
            (
                Eq(V, c**2 * (c_b / c - (c / c_b) ** (2 * K - 2)) / ((c_b - c) * (2 * K - 1))),
                Eq(ratio, V * (K / c - (K - 1) / c_b)),
            ),
            symbols={
                V: "variance that the reverse SDE draws from K posteriors over one prior",
                ratio: "the same over the true variance",
                c: "variance of a posterior",
                c_b: "variance of the prior",
                K: "number of posteriors",
            },
            printed={ratio: "V/V^*"},
        ),
        Statement(
            "ddpm-affine",
            (
                Eq(P, w_1 / ((1 - beta) * c_1 + beta) + w_2 / ((1 - beta) * c_2 + beta)),
                Eq(A, (1 - beta * P) / sqrt(1 - beta)),
                Eq(V, A**2 * v + beta),
            ),
            symbols={
                P: "precision of the composed score",
                A: "factor of a step down to the clean level",
                V: "variance after it, noise of variance β added",
                v: "variance before it",
                beta: "variance of the noise of the step",
                **_EXPERTS,
            },
        ),
        Statement(
            "cfg-gaussian",
            (
                Eq(V_target, 2 / (gamma + 1)),
                Eq(M_target, 2 * gamma * mu / (gamma + 1)),
                Eq(V_SDE, (2 - 2 ** (2 - 2 * gamma)) / (2 * gamma - 1)),
                Eq(M_SDE, mu * (2 - 2 ** (1 - gamma))),
                Eq(V_ODE, 2 ** (1 - gamma)),
            ),
            symbols={
                V_target: "variance asked for, and drawn by SDE and ODE",
                M_target: "mean asked for, and drawn by the SDE",
                gamma: "strength of the guidance",
                mu: "the condition",
            },
            printed={
                V_target: r"V^*",
                M_target: r"M^*",
                V_SDE: r"V_{SDE}",
                M_SDE: r"M_{SDE}",
                V_ODE: r"V_{ODE}",
            },
        ),
        Statement(
            "guidance-equivalence",
            (Eq(v_1, 2 * w_1 - 1), Eq(v_2, 2 * w_2)),
            symbols={
                v_1: "weight of the first model in the Langevin part, beside that model's ODE; of the second",
                w_1: "weight of the first model in the composition",
                w_2: "weight of the second",
            },
        ),
        Statement(
            "gaussian-repair",
            (
                Eq(A_1, 1 / c_1 + 1 / lam),
                Eq(A_2, 1 / c_2 + 1 / lam),
                Eq(L_d, w_1 * A_1 + w_2 * A_2 + (1 - w_1 - w_2) / lam),
                Eq(S, (w_1 * A_1 * s_1 + w_2 * A_2 * s_2) / L_d),
            ),
            symbols={
                A_1: "precision of the clean point for an expert",
                L_d: "their sum",
                S: "repaired score",
                s_1: "score of the first expert",
                s_2: "score of the second",
                **_EXPERTS,
                lam: "level",
            },
            printed={**_LAM, L_d: "L"},
        ),
        Statement(
            "fkc-weights",
            (
                Eq(S, w_1 * s_1 + w_2 * s_2),
                Eq(log_w, (S**2 - (w_1 * s_1**2 + w_2 * s_2**2)) * drop / 2),
            ),
            symbols={
                S: "composed score",
                log_w: "gain of a particle's log weight in a step",
                w_1: "weight of the first expert",
                w_2: "weight of the second",
                s_1: "score of the first",
                s_2: "score of the second",
                drop: "by how much the level falls",
            },
            printed={log_w: r"\Delta\log w", drop: r"\Delta\tau"},
        ),
        Statement(
            "or-exact",
            (
                Eq(r_1, pi_1 * q_1 / (pi_1 * q_1 + pi_2 * q_2)),
                Eq(S, r_1 * s_1 + (1 - r_1) * s_2),
            ),
            symbols={
                r_1: "share of the first expert at the point",
                S: "score of the mixture",
                pi_1: "weight of the first expert",
                pi_2: "weight of the second",
                q_1: "noised density of the first",
                q_2: "of the second",
                s_1: "score of the first",
                s_2: "score of the second",
            },
        ),
        Statement(
            "or-offset",
            Eq(w, pi_1 * exp(delta) / (pi_1 * exp(delta) + pi_2)),
            symbols={
                w: "weight that is sampled",
                pi_1: "weight of the first expert that is wanted",
                pi_2: "of the second",
                delta: "constant by which the first log density is off",
            },
        ),
        Statement(
            "ito-density",
            Eq(change, s * move - s**2 * drop / 2),
            symbols={
                change: "change of log q along a path of unit diffusion",
                s: "score",
                move: "step of the path",
                drop: "by how much the level falls",
            },
            printed={change: r"d\log q", move: "dy", drop: r"d\tau"},
        ),
        Statement(
            "superdiff-and",
            Eq(kappa, Rational(1, 2) - dW / ((s_1 - s_2) * drop)),
            symbols={
                kappa: "weight of the first score",
                dW: "noise of the step along the difference of scores",
                s_1: "score of the first expert",
                s_2: "score of the second",
                drop: "by how much the level falls",
            },
            printed={drop: r"d\tau", dW: "dW"},
        ),
        Statement(
            "kernel-bias",
            (Eq(V_ULA, v / (1 - delta / (2 * v))), Eq(V_UHMC, v / (1 - h**2 / (4 * v)))),
            symbols={
                V_ULA: "variance that ULA leaves, and U-HMC",
                v: "variance of the Gaussian",
                delta: "Langevin step",
                h: "leapfrog step",
            },
            printed={V_ULA: r"V_{ULA}", V_UHMC: r"V_{UHMC}", delta: r"\delta"},
        ),
        Statement(
            "kernel-resonance",
            Eq(turn, L * acos(1 - h**2 / (2 * v))),
            symbols={
                turn: "angle by which a move turns a direction; a multiple of π is resonant",
                L: "leapfrog steps",
                h: "leapfrog step",
                v: "variance of the direction",
            },
            printed={turn: r"\theta"},
        ),
        Statement(
            "kernel-acceptance",
            (
                Eq(Delta, d * (delta / v) ** 3 / 4),
                Eq(accepted, 1 - erf(sqrt(Delta) / 2)),
            ),
            symbols={
                Delta: "minus the mean of log α, half its variance",
                accepted: "share of MALA's moves that are accepted",
                d: "number of equal directions",
                delta: "Langevin step",
                v: "variance of each",
            },
            printed={Delta: r"\Delta", accepted: r"\bar a", delta: r"\delta"},
        ),
        Statement(
            "last-level-bias",
            (
                Eq(v_1, 1 / (w_1 / (c_1 + lam) + w_2 / (c_2 + lam))),
                Eq(v_2, 1 / (w_1 / c_1 + w_2 / c_2)),
                Eq(ratio, v_1 / (v_2 * (1 + lam))),
            ),
            symbols={
                v_1: "variance of y at the last level, and without noise",
                ratio: "variance of z over the clean one",
                **_EXPERTS,
                lam: "last level",
            },
            printed={**_LAM, v_1: r"v_\lambda", v_2: "v_0", ratio: "r"},
        ),
        Statement(
            "error-split",
            (
                Eq(e_target, p_exact - p_meant),
                Eq(e_sampler, p_sampled - p_exact),
                Eq(e_score, p_learned - p_sampled),
                Eq(e_total, p_learned - p_meant),
            ),
            symbols={
                e_target: "error of the target in a cell",
                e_sampler: "error of the sampler",
                e_score: "error of the score",
                e_total: "their sum",
                p_meant: "mass of the cell in what was meant",
                p_exact: "mass in what was composed",
                p_sampled: "mass of draws with exact scores",
                p_learned: "mass of draws with the given scores",
            },
            printed={
                e_target: r"e_{target}",
                e_sampler: r"e_{sampler}",
                e_score: r"e_{score}",
                e_total: "e",
                p_meant: r"p_{meant}",
                p_exact: r"p_{exact}",
                p_sampled: r"p_{sampled}",
                p_learned: r"p_{learned}",
            },
        ),
    )
