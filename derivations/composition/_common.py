"""Symbols and densities that several proofs share."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Function, diff, log, pi, symbols

c, c_1, c_2, c_b, lam, Lambda, beta, v, h, K, eta = symbols(
    "c c_1 c_2 c_b lambda Lambda beta v h K eta", positive=True
)
m, m_1, m_2, m_b, x, y, w_1, w_2, gamma, mu = symbols(
    "m m_1 m_2 m_b x y w_1 w_2 gamma mu", real=True
)
pi_1, pi_2, alpha, sigma = symbols("pi_1 pi_2 alpha sigma", positive=True)
s_1, s_2, s_b, drop = symbols("s_1 s_2 s_b drop")
EXPERTS = {"w_1": w_1, "w_2": w_2, "c_1": c_1, "c_2": c_2}


def log_normal(at: Any, mean: Any, variance: Any) -> Any:
    return -((at - mean) ** 2) / (2 * variance) - log(2 * pi * variance) / 2


def two_paths() -> tuple[Any, Any, Any, Any]:
    """Return logarithms of two noised densities, the composed one and its score."""
    u_1, u_2 = Function("u_1")(x, lam), Function("u_2")(x, lam)
    total = w_1 * u_1 + w_2 * u_2
    return u_1, u_2, total, diff(total, x)


def by_heat(expression: Any, *logs: Any) -> Any:
    """Replace ∂_λ u by ½(u'' + u'²), which ∂_λ q = ½Δq says of u = log q."""
    for u in logs:
        expression = expression.subs(diff(u, lam), (diff(u, x, 2) + diff(u, x) ** 2) / 2)
    return sympy.expand(expression.doit())


def at_numbers(expression: Any) -> Any:
    """Return an expression whose logarithms are joined, so that it cancels."""
    return sympy.simplify(sympy.logcombine(sympy.expand_log(expression, force=True), force=True))
