"""Statements on the exact structure of the tied net."""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import (
    Add,
    Eq,
    IndexedBase,
    Sum,
    cosh,
    coth,
    exp,
    log,
    sinh,
    sqrt,
    symbols,
    tanh,
)

from simtheory.analytic.symbolic._statement import (
    Rule,
    Statement,
    det,
    matrices,
    tr,
    transpose,
    written,
)

W, W0, A, I, V, M, N, Ndot, G = matrices("W W0 A I V M N Ndot G")
B, U0, X, Phi, q = matrices("B U0 X Phi q")
t, a, w, w0, w_ii, w0_ii, a_i = symbols("t a w w0 w_ii w0_ii a_i", positive=True)
a_1, a_2, a_min, omega, omega0 = symbols("a_1 a_2 a_min omega omega0", positive=True)
R, R0, det_W, t_half = symbols("R R0 det_W t_half", positive=True)
y_1, y_2, q_1, q_2 = symbols("y_1 y_2 q_1 q_2", positive=True)
P, Q, tau, H, P_dot, Q_dot = symbols("P Q tau H P_dot Q_dot", real=True)
beta, b, kappa, d = symbols("beta b kappa d", positive=True)
phi, g, g_dot, s, s_dot, abar, u_k = symbols("phi g g_dot s s_dot abar u_k", positive=True)
c, eta, w_dot, t_w = symbols("c eta w_dot t_w", positive=True)
logit_speed, tie_speed, det_speed, N_ii, missing = symbols(
    "logit_speed tie_speed det_speed N_ii missing"
)
k, n = symbols("k n", integer=True, positive=True)
rate, row, start = IndexedBase("a"), IndexedBase("w_i"), IndexedBase("u0")

_MAP = {W: "end-to-end map", A: "uncentred second moment"}
_TIME = {t: "canonical time"}
_GROWN = Sum(start[k] ** 2 * exp(2 * rate[k] * s), (k, 1, n))
_OTHERS = Sum((a_i + rate[k]) * row[k] ** 2, (k, 1, n))
_PULLED = Sum(rate[k] * start[k] ** 2 * exp(2 * rate[k] * s), (k, 1, n))


def width_one_decay(
    rule: Rule, *, u0: list[Any], a: list[Any], kappa: Any, t: Any
) -> dict[str, Any]:
    """Integrate the two equations of s and g by a Taylor series of 30 digits."""
    n = len(a)

    def velocity(_: Any, state: list[Any]) -> list[Any]:
        s, g = state
        phi = rule("phi", u0=u0, a=a, s=s, n=n)
        abar = rule("abar", u0=u0, a=a, s=s, n=n, phi=phi)
        return [rule("s_dot", g=g), rule("g_dot", g=g, abar=abar, kappa=kappa)]

    with mpmath.workdps(30):
        begin = [mpmath.mpf(0), sum(v**2 for v in u0)]
        s, g = mpmath.odefun(velocity, 0, begin, tol=mpmath.mpf(10) ** -18)(t)
        phi = rule("phi", u0=u0, a=a, s=s, n=n)
        u = [rule("u_k", g=g, phi=phi, a=a, u0=u0, s=s, k=i + 1) for i in range(n)]
    return {"u": u, "s": s, "g": g}


with written():
    STATEMENTS = (
        Statement(
            "eigen-logit-law",
            Eq(logit_speed, 2 * (transpose(q) * A * q)),
            symbols={
                logit_speed: "speed of the logit of an eigenvalue ω of W",
                q: "its unit eigenvector",
                A: "uncentred second moment",
            },
            printed={logit_speed: r"\frac{d}{dt}\ln\frac{\omega}{1-\omega}"},
        ),
        Statement(
            "involution",
            (
                Eq(M, I - W),
                Eq(V, Add(A * M, M * A, -(Add(A * M**2, M**2 * A, 2 * (M * A * M)) / 2))),
            ),
            symbols={
                M: "mirror image of W",
                V: "velocity of W, and of its mirror image backwards in time",
                **_MAP,
                I: "identity",
            },
            printed={M: r"\tilde W", V: r"\dot W"},
        ),
        Statement(
            "logit-ode",
            (
                Eq(W, I - N**-1),
                Eq(Ndot, Add(A * N, N * A, -A, -((N * A * N**-1 + N**-1 * A * N) / 2))),
            ),
            symbols={N: "logit matrix (I − W)⁻¹", Ndot: "its velocity", **_MAP, I: "identity"},
            printed={Ndot: r"\dot N"},
        ),
        Statement(
            "two-by-two-laws",
            (
                Eq(R0, det(W0 * (I - W0) ** -1)),
                Eq(R, R0 * exp(2 * (a_1 + a_2) * t)),
                Eq(det_W, R * (tr(W) - 1) / (R - 1)),
                Eq(t_half, -(log(R0) / (2 * (a_1 + a_2)))),
                Eq(tie_speed, (a_1 + a_2) * (1 - tr(W))),
            ),
            symbols={
                W: "map at time t",
                W0: "start",
                R: "det W / det(I − W)",
                R0: "its start",
                det_W: "determinant of W, from its trace",
                t_half: "time at which the trace is one",
                tie_speed: "speed of the logarithm of the tie",
                a_1: "rates",
                I: "identity",
                **_TIME,
            },
            printed={
                R: "R(t)",
                R0: "R(0)",
                W0: "W(0)",
                det_W: r"\det W(t)",
                t_half: r"t_{\operatorname{tr} W = 1}",
                tie_speed: r"\frac{d}{dt}\ln\frac{w_{12}^2}{\sqrt{\det W\,\det(I-W)}}",
            },
        ),
        Statement(
            "plane-hamiltonian",
            (
                Eq(P, log(y_1 / y_2) / 2),
                Eq(Q, log(q_2 / q_1)),
                Eq(tau, log(y_1 * y_2) / 2),
                Eq(H, (a_1 - a_2) * (log(sinh(P)) - log(cosh(tau) + cosh(P)) / 2 - log(cosh(Q)))),
                Eq(P_dot, -((a_1 - a_2) * tanh(Q))),
                Eq(Q_dot, -((a_1 - a_2) * (coth(P) - sinh(P) / (2 * (cosh(tau) + cosh(P)))))),
            ),
            symbols={
                y_1: "eigenvalues ω/(1−ω) of W(I−W)⁻¹, the larger first",
                q_1: "entries of the first eigenvector, both positive",
                P: "half the difference of the two logits",
                Q: "logarithm of the tangent of the first eigenvector's angle",
                tau: "mean of the two logits: the clock, at speed a₁ + a₂",
                H: "Hamiltonian",
                P_dot: "speed of P, which is ∂H/∂Q",
                Q_dot: "speed of Q, which is −∂H/∂P",
                a_1: "rates",
            },
            printed={H: r"H(P, Q, \tau)", P_dot: r"\dot P", Q_dot: r"\dot Q"},
        ),
        Statement(
            "tied-projector",
            (
                Eq(X, exp(A * t / 2) * U0),
                Eq(W, X * (transpose(X) * X) ** -1 * transpose(X)),
            ),
            symbols={
                W: "map at time t, a projector",
                X: "the columns of U under half the linear flow",
                U0: "start, with orthonormal columns",
                A: "uncentred second moment",
                **_TIME,
            },
            printed={U0: "U(0)", W: "W(t)", X: "X(t)"},
        ),
        Statement(
            "tied-blocks",
            Eq(W, exp(2 * a * t) * W0 * (I + (exp(2 * a * t) - 1) * W0) ** -1),
            symbols={
                W: "block b of the map at time t",
                W0: "block b of the start",
                a: "rate of block b",
                I: "identity",
                **_TIME,
            },
            printed={W: "W_b(t)", W0: "W_b(0)", a: "a_b"},
        ),
        Statement(
            "tied-whitened-target",
            (
                Eq(Phi, B**-1 * (exp(2 * a * t * B) - I)),
                Eq(W, exp(a * t * B) * W0 * (I + Phi * W0) ** -1 * exp(a * t * B)),
            ),
            symbols={
                B: "teacher, symmetric",
                W: "map at time t",
                W0: "start",
                Phi: "growth by time t; 2at in a direction of B that vanishes",
                a: "the one rate",
                I: "identity",
                **_TIME,
            },
            printed={W: "W(t)", W0: "W(0)", Phi: r"\Phi(t)"},
        ),
        Statement(
            "diagonal-upper-bound",
            (
                Eq(N_ii, _OTHERS - 2 * a_i * w_ii**2),
                Eq(w_dot, 2 * a_i * w_ii * (1 - w_ii) - N_ii),
                Eq(w, w0_ii * exp(2 * a_i * t) / (1 + w0_ii * (exp(2 * a_i * t) - 1))),
            ),
            symbols={
                N_ii: "interaction, a sum over the other concepts alone: not negative",
                w_dot: "speed of a diagonal entry",
                w: "isolated mode from the same start, never below the entry",
                w_ii: "diagonal entry i of W",
                w0_ii: "its start",
                row: "entries of row i",
                rate: "rates",
                n: "dimension",
                k: "index of a concept",
                **_TIME,
            },
            printed={
                N_ii: "N_{ii}",
                w_dot: r"\dot w_{ii}",
                w: r"w_{ii}(t) \le \bar w_{ii}(t)",
                w_ii: "w_{ii}",
                w0_ii: "w_{ii}(0)",
                n: "d",
            },
        ),
        Statement(
            "decay-family",
            (
                Eq(beta, b - kappa / a),
                Eq(w, w0 * exp(2 * a * beta * t) / (1 + w0 * (exp(2 * a * beta * t) - 1) / beta)),
                Eq(det_speed, 2 * tr(A * (I - W)) - 2 * kappa * d),
            ),
            symbols={
                w: "diagonal entry of W",
                w0: "its start",
                a: "rate",
                b: "teacher of the mode; 1 is the identity",
                kappa: "decay of U: dU/dt = … − κU",
                beta: "level it ends at; it dies if this is not positive",
                det_speed: "speed of ln det W, for the identity as teacher and any start",
                **_MAP,
                I: "identity",
                d: "dimension",
                **_TIME,
            },
            printed={w: "w(t)", w0: "w(0)", det_speed: r"\frac{d}{dt}\ln\det W"},
        ),
        Statement(
            "tied-rank-one-decay",
            (
                Eq(phi, _GROWN),
                Eq(abar, _PULLED / phi),
                Eq(s_dot, 1 - g / 2),
                Eq(g_dot, 2 * g * (abar * (1 - g) - kappa)),
                Eq(u_k, sqrt(g / phi) * exp(rate[k] * s) * start[k]),
            ),
            symbols={
                s: "slowed time",
                s_dot: "its speed",
                g: "squared length of u",
                g_dot: "its speed",
                phi: "squared length under power iteration",
                abar: "mean rate of the direction of u",
                kappa: "decay of u",
                start: "start of u, along the concepts",
                rate: "rates",
                k: "index of a concept",
                u_k: "entry k of u, where W = u uᵀ",
                n: "dimension",
            },
            printed={
                phi: r"\varphi(s)",
                abar: r"\bar a(s)",
                s_dot: r"\dot s",
                g_dot: r"\dot g",
                start: "u(0)",
                u_k: "u_k(t)",
                n: "d",
            },
            compute=width_one_decay,
        ),
        Statement(
            "gd-modified",
            (
                Eq(c, eta * a / 2),
                Eq(w_dot, 2 * a * w * (1 - w) * (1 - c * (1 - 3 * w))),
                Eq(
                    t_w,
                    Add(
                        log(w / w0) / (1 - c),
                        -(log((1 - w) / (1 - w0)) / (1 + 2 * c)),
                        -(
                            3
                            * c
                            / ((1 - c) * (1 + 2 * c))
                            * log((1 + c * (3 * w - 1)) / (1 + c * (3 * w0 - 1)))
                        ),
                    )
                    / (2 * a),
                ),
            ),
            symbols={
                w: "diagonal entry of W",
                w_dot: "its speed under steps of finite size, up to O(η²)",
                w0: "its start",
                t_w: "time at which it is w: η times the number of steps",
                a: "rate",
                eta: "canonical time of one step",
                c: "half a step in units of the rate",
            },
            printed={w_dot: r"\dot w", w0: "w(0)", t_w: "t(w)"},
        ),
        Statement(
            "global-convergence",
            (
                Eq(G, (W - I) * A + A * (W - I)),
                Eq(missing, tr(A * (I - W) ** 2) - tr(G * W) / 2),
                Eq(omega, omega0 * exp(2 * a_min * t) / (1 + omega0 * (exp(2 * a_min * t) - 1))),
            ),
            symbols={
                missing: "half the speed of ln det W",
                G: "force: the gradient of the loss is G U, and vanishes at rest",
                **_MAP,
                omega: "smallest eigenvalue of W, at least this",
                omega0: "smallest eigenvalue at the start",
                a_min: "smallest rate",
                I: "identity",
                **_TIME,
            },
            printed={
                missing: r"\operatorname{tr}(A\,(I - W))",
                omega: r"\omega_{\min}(t) \ge \bar\omega(t)",
                omega0: r"\omega_{\min}(0)",
                a_min: r"a_{\min}",
            },
        ),
    )
