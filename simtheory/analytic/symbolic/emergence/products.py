"""Statements on joint accuracies and products of learning curves, for three concepts or for k equal ones."""

from __future__ import annotations

from typing import Any

from sympy import Eq, Max, Min, Rational, asin, erf, exp, log, pi, sqrt, symbols

from simtheory.analytic.symbolic._statement import Statement, written

q_1, q_2, q_3, low, high, gap, bound, v, Pi, n = symbols("q_1 q_2 q_3 low high gap bound v Pi n")
z_1, z_2, z_3, rho_12, rho_13, rho_23 = symbols("z_1 z_2 z_3 rho_12 rho_13 rho_23")
r_12, r_13, r_23 = symbols("r_12 r_13 r_23")
k, theta, theta_low, theta_high, crossing, width, slope = symbols(
    "k theta theta_low theta_high crossing width slope"
)
w_1, w_2, tau_1, tau_2, g = symbols("w_1 w_2 tau_1 tau_2 g")

_MARGINALS: dict[Any, str] = {
    q_1: "accuracy of the first concept",
    q_2: "of the second",
    q_3: "of the third",
}
_LIMITS: dict[Any, str] = {
    z_1: "limit of the first concept, below which a standard normal variable is where it is right",
    z_2: "of the second",
    z_3: "of the third",
}
_THETAS = {theta_low: r"\theta_{low}", theta_high: r"\theta_{high}", theta: r"\theta"}


def _accuracy(z: Any) -> Any:
    return (1 + erf(z / sqrt(2))) / 2


def _pair(x: Any, y: Any) -> Any:
    """Return the product of two normal densities."""
    return exp(-(x**2 + y**2) / 2) / (2 * pi)


def _most(x: Any, y: Any, r: Any) -> Any:
    """Return what two errors of correlation ±r add at most."""
    return asin(r) * exp(-(x**2 + y**2) / (2 * (1 + r))) / (2 * pi)


with written():
    STATEMENTS = (
        Statement(
            "frechet-bounds",
            (Eq(low, Max(0, q_1 + q_2 + q_3 - 2)), Eq(high, Min(q_1, q_2, q_3))),
            symbols={low: "least joint accuracy", high: "largest"} | _MARGINALS,
            printed={low: r"P_{\min}", high: r"P_{\max}"},
        ),
        Statement(
            "product-gap",
            Eq(
                gap,
                rho_12 * _pair(z_1, z_2) * _accuracy(z_3)
                + rho_13 * _pair(z_1, z_3) * _accuracy(z_2)
                + rho_23 * _pair(z_2, z_3) * _accuracy(z_1),
            ),
            symbols={
                gap: "joint accuracy minus product of the marginals, to first order",
                rho_12: "correlation of the errors of the first and the second concept",
                rho_13: "of the first and the third",
                rho_23: "of the second and the third",
            }
            | _LIMITS,
            printed={gap: r"\Phi_3 - q_1q_2q_3", rho_12: r"\rho_{12}", rho_13: r"\rho_{13}"}
            | {rho_23: r"\rho_{23}"},
        ),
        Statement(
            "product-bound",
            Eq(bound, _most(z_1, z_2, r_12) + _most(z_1, z_3, r_13) + _most(z_2, z_3, r_23)),
            symbols={
                bound: "bound on the size of joint accuracy minus product of the marginals",
                r_12: "size of the correlation of the errors of the first and the second concept",
                r_13: "of the first and the third",
                r_23: "of the second and the third",
            }
            | _LIMITS,
            printed={bound: r"\max|\Phi_3 - q_1q_2q_3|", r_12: r"|\rho_{12}|"}
            | {r_13: r"|\rho_{13}|", r_23: r"|\rho_{23}|"},
        ),
        Statement(
            "product-noise",
            (
                Eq(Pi, q_1 * q_2 * q_3),
                Eq(
                    v,
                    Pi / n * (1 - Pi - Pi * ((1 - q_1) / q_1 + (1 - q_2) / q_2 + (1 - q_3) / q_3)),
                ),
            ),
            symbols={
                v: "variance of counted joint accuracy minus product of the counted marginals",
                Pi: "product of the marginals",
                n: "number of samples",
            }
            | _MARGINALS,
            printed={v: r"\operatorname{Var}(\hat\jmath - \hat q_1\hat q_2\hat q_3)", Pi: r"\Pi"},
        ),
        Statement(
            "product-logistic",
            (
                Eq(crossing, log(theta ** (1 / k) / (1 - theta ** (1 / k)))),
                Eq(
                    width,
                    log(theta_high ** (1 / k) / (1 - theta_high ** (1 / k)))
                    - log(theta_low ** (1 / k) / (1 - theta_low ** (1 / k))),
                ),
                Eq(slope, (k / (k + 1)) ** (k + 1)),
            ),
            symbols={
                crossing: "time at which the product crosses θ, after the midpoint, in widths of one curve",
                width: "time between two thresholds, in widths of one curve",
                slope: "largest slope of the product, times the width of one curve",
                k: "number of curves",
                theta: "threshold",
                theta_low: "lower threshold",
                theta_high: "upper threshold",
            },
            printed={crossing: r"\frac{t_\theta - \tau}{w}", width: r"\frac{\Delta t}{w}"}
            | {slope: r"w\max\dot\Pi"}
            | _THETAS,
        ),
        Statement(
            "product-bracket",
            (
                Eq(g, log(theta / (1 - theta))),
                Eq(low, Max(tau_1 + w_1 * g, tau_2 + w_2 * g)),
                Eq(g, log(theta ** Rational(1, 2) / (1 - theta ** Rational(1, 2)))),
                Eq(high, Max(tau_1 + w_1 * g, tau_2 + w_2 * g)),
            ),
            symbols={
                low: "time before which the product of both curves is below θ",
                high: "time after which it is above",
                tau_1: "midpoint of the first logistic curve",
                tau_2: "of the second",
                w_1: "width of the first",
                w_2: "of the second",
                theta: "threshold",
                g: "log-odds of the threshold of a factor",
            },
            printed={low: r"t_{\min}", high: r"t_{\max}", theta: r"\theta"}
            | {tau_1: r"\tau_1", tau_2: r"\tau_2"},
        ),
    )
