"""Statements on deep linear nets f(x) = W_L … W_1 x."""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Eq, IndexedBase, Sum, log, symbols

from simtheory.analytic.symbolic._statement import (
    Rule,
    Statement,
    hyp2f1,
    wright_omega,
    written,
)

t, a, L, v, w0, f, t_f, w, T = symbols("t a L v w0 f t_f w T", positive=True)
w_i, w_j, a_i, a_j, q, alpha, gamma, phi, phi_alpha, phi_gamma = symbols(
    "w_i w_j a_i a_j q alpha gamma phi phi_alpha phi_gamma", positive=True
)
B, Bbar, B_l, B_t = symbols("B Bbar B_l B_t")
l = symbols("l", integer=True, positive=True)
part = IndexedBase("b")
H, H_2, H_f, H_0, a_inf = symbols("H H_2 H_f H_0 a_inf", positive=True)


def mode(rule: Rule, *, a: Any, w0: Any, L: Any, f: Any, t: Any) -> dict[str, Any]:
    """Evaluate the time to the level f, and the mode at time t by solving for its level."""

    def time(level: Any) -> Any:
        share = [x ** (1 / L) for x in (level, w0)]
        clock = [rule("H_2", v=v) if L == 2 else rule("H", v=v, L=L) for v in share]
        return rule("t_f", H_f=clock[0], H_0=clock[1], a=a)

    return {"t_f": time(f), "w": level_at(time, t, w0)}


def off_diagonal(rule: Rule, *, L: Any, **pair: Any) -> dict[str, Any]:
    """Evaluate the velocity of an off-diagonal entry: a sum over the layers."""
    modes = {name: pair[name] for name in ("w_i", "w_j")}
    parts = []
    for l in range(1, int(L) + 1):
        powers = {name: rule(name, l=l, L=L) for name in ("alpha", "gamma")}
        ties = {f"phi_{name}": rule("phi", q=q, **modes) for name, q in powers.items()}
        parts.append(rule("B_l", **powers, **ties, **pair))
    return {"B_t": rule("B_t", b=parts, L=L)}


def level_at(time: Any, t: Any, w0: Any) -> Any:
    """Return the level above w0 at which the increasing function `time` is t."""
    if t == 0:
        return w0
    with mpmath.workdps(60):
        low, high = mpmath.log(w0 / (1 - w0)), mpmath.mpf(160)
        for _ in range(220):
            middle = (low + high) / 2
            ahead = time(1 / (1 + mpmath.exp(-middle))) > t
            low, high = (low, middle) if ahead else (middle, high)
        return 1 / (1 + mpmath.exp(-low))


with written():
    STATEMENTS = (
        Statement(
            "depth-mode",
            (
                Eq(
                    H,
                    -(v ** (2 - L)) / (L - 2) + v**2 / 2 * hyp2f1(1, 2 / L, 1 + 2 / L, v**L),
                ),
                Eq(H_2, log(v**2 / (1 - v**2)) / 2),
                Eq(t_f, (H_f - H_0) / a),
            ),
            symbols={
                H: r"the clock of depth $L \ne 2$",
                H_2: "the clock of depth 2",
                v: "share of one layer, the L-th root of the mode w",
                L: "depth",
                a: "rate",
                t_f: "time at which the mode w stands at f",
                f: "level between w(0) and 1",
            },
            printed={
                H: "H(v)",
                H_2: "H_{L=2}(v)",
                H_f: r"H\left(f^{1/L}\right)",
                H_0: r"H\left(w(0)^{1/L}\right)",
            },
            compute=mode,
        ),
        Statement(
            "depth-infinite",
            (
                Eq(T, a_inf * t - 1 / w0 + log(w0 / (1 - w0))),
                Eq(w, 1 / (1 + wright_omega(-1 - T))),
            ),
            symbols={
                w: "mode",
                w0: "its start",
                a_inf: "rate times depth",
                t: "canonical time",
                T: "clock",
                wright_omega(v): "Wright's omega function, ω + ln ω = v",
            },
            printed={w: "w(t)", w0: "w(0)", a_inf: r"\tilde a"},
        ),
        Statement(
            "depth-offdiag",
            (
                Eq(B_t, Sum(part[l], (l, 1, L))),
                Eq(
                    B_l,
                    phi_alpha * (w_i * Bbar + w_j * B) * a_j * (1 - w_j) * w_j ** (2 * gamma)
                    - w_i ** (2 * alpha) * a_j * B * w_j ** (2 * gamma)
                    + w_i ** (2 * alpha) * a_i * (1 - w_i) * phi_gamma * (w_i * B + w_j * Bbar),
                ),
                Eq(alpha, (l - 1) / L),
                Eq(gamma, (L - l) / L),
                Eq(phi, (w_i ** (2 * q) - w_j ** (2 * q)) / (w_i**2 - w_j**2)),
            ),
            symbols={
                B: r"entry $W_{ij}$",
                Bbar: r"its partner $W_{ji}$",
                part: "part of layer l",
                w_i: "diagonal entries of W",
                a_i: "rates",
                alpha: "share of the layers before layer l",
                gamma: "share of the layers after it",
                phi: "divided difference",
                q: "its power",
                L: "depth",
                l: "index of a layer",
            },
            printed={
                B_t: r"\dot B",
                B_l: "b_l",
                Bbar: r"\bar B",
                alpha: r"\alpha",
                gamma: r"\gamma",
                phi: r"\varphi_q",
                phi_alpha: r"\varphi_\alpha",
                phi_gamma: r"\varphi_\gamma",
            },
            compute=off_diagonal,
        ),
    )
