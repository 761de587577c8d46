"""Statements on linear flow matching."""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Add, Ei, Eq, Function, Integral, erf, exp, log, pi, sqrt, symbols

from simtheory.analytic.symbolic._statement import Rule, Statement, written

t, lam, s, delta, lt = symbols("t lam s delta lt", positive=True)
n, w, q, L, log_lt, psi, z = symbols("n w q L log_lt psi z")

_PRINTED = {lam: r"\lambda", q: "Q", log_lt: r"\ln\tilde\lambda", lt: r"\tilde\lambda"}
_WORDS = {
    lam: "variance of the data along the mode",
    s: "flow time",
    delta: "variance at flow time s",
    n: "its covariance with the velocity",
    q: "weight at t = 0",
    t: "canonical time of training",
}


def tied(rule: Rule, *, lam: Any, q: Any, t: Any, s: Any) -> dict[str, Any]:
    """Evaluate the weight, and the variance by quadrature."""

    def weight(s: Any) -> Any:
        known = {"lam": lam, "s": s}
        return rule("psi", q=q, t=t, n=rule("n", **known), delta=rule("delta", **known))

    with mpmath.workdps(20):
        turn = 1 / (1 + lam)  # where n = 0, and where the pieces are finest
        near = [mpmath.mpf(10) ** -p for p in range(9)]
        pieces = sorted({mpmath.mpf(0), mpmath.mpf(1), *(turn * (1 - x) for x in near)})
        pieces = sorted({*pieces, *(turn + (1 - turn) * x for x in near)})
        # The weight at n = 0 itself is a limit; no node of the rule falls there.
        L = mpmath.quad(weight, pieces, maxdegree=5)
    return {"psi": weight(s), "L": L, "lt": rule("lt", L=L)}


_WHOLE = Integral(Function("psi")(s), (s, 0, 1))

with written():
    _DELTA = Eq(delta, s**2 * lam + (1 - s) ** 2)
    _N = Eq(n, s * lam - (1 - s))
    STATEMENTS = (
        Statement(
            "fm-one-layer",
            (
                _DELTA,
                _N,
                Eq(w, n / delta + (q - n / delta) * exp(-delta * t)),
                Eq(z, sqrt(t / (1 + lam))),
                Eq(
                    log_lt,
                    Add(
                        log(lam),
                        Ei(-t),
                        -Ei(-lam * t),
                        q
                        * sqrt(pi / (t * (1 + lam)))
                        * exp(-lam * t / (1 + lam))
                        * (erf(z) + erf(lam * z)),
                    ),
                ),
            ),
            symbols={w: "weight along the mode", log_lt: "generated variance", z: "an abbreviation"}
            | _WORDS,
            printed=_PRINTED,
        ),
        Statement(
            "fm-tied",
            (
                _DELTA,
                _N,
                Eq(psi, q * exp(2 * n * t) / (1 + q * delta * (exp(2 * n * t) - 1) / n)),
                Eq(L, _WHOLE),
                Eq(lt, exp(2 * L)),
            ),
            symbols={
                psi: "weight along the mode",
                L: "its integral over flow time",
                lt: "generated variance",
            }
            | _WORDS,
            printed=_PRINTED,
            compute=tied,
        ),
    )
