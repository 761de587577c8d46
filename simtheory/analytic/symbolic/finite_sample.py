"""Statements on one layer trained on a finite sample."""

from __future__ import annotations

from typing import Any

import mpmath
import sympy
from sympy import Add, Eq, IndexedBase, Mul, Sum, exp, log, pi, sqrt, symbols

from simtheory.analytic.symbolic._statement import Rule, Statement, matrix, written

a_i, a_j, sigma_i, sigma_j, mu_i, mu_j = symbols("a_i a_j sigma_i sigma_j mu_i mu_j", positive=True)
p_i, p_j, n, t, nu, t_stop = symbols("p_i p_j n t nu t_stop", positive=True)
v_ij, v_ii, f_ij, f_ii, f_iij, f_iii = symbols("v_ij v_ii f_ij f_ii f_iij f_iii")
mean_i, var_ij, noise_j, shift_ij = symbols("mean_i var_ij noise_j shift_ij")
k, z, F, R_i, h_i = symbols("k z F R_i h_i")
g, g_c, sigma, gamma, eigenvalue, overlap, edge = symbols(
    "g g_c spread gamma eigenvalue overlap edge", positive=True
)
j, d = symbols("j d", integer=True, positive=True)
rate, row, pair = IndexedBase("a"), IndexedBase("v"), IndexedBase("f")

_BIAS = Sum(row[j] * pair[j], (j, 1, d))
_SHARES = Sum(rate[j] / (rate[j] + k), (j, 1, d))


class contour(sympy.Function):
    """Integral of its first argument over its second, once round the spectrum; prints as one."""

    def _latex(self, printer: Any) -> str:
        return rf"∮ {printer.doprint(self.args[0])}\, d{printer.doprint(self.args[1])}"


def perturbed(
    rule: Rule, *, mu: list[Any], p: list[Any], spread: list[Any], n: Any, t: Any, nu: Any
) -> dict[str, Any]:
    """Evaluate mean, variance, shifts and stopping times, entry by entry."""
    d = len(mu)
    a = [s**2 + q * m**2 for s, q, m in zip(spread, p, mu, strict=True)]

    def known(i: int, j: int) -> dict[str, Any]:
        return {
            "sigma_i": spread[i], "sigma_j": spread[j], "mu_i": mu[i], "mu_j": mu[j],
            "p_i": p[i], "p_j": p[j], "a_i": a[i], "a_j": a[j], "n": n, "t": t, "nu": nu,
        }  # fmt: skip

    def value(general: str, own: str, i: int, j: int, **extra: Any) -> Any:
        return rule(own if i == j else general, **known(i, j), **extra)

    rows = range(d)
    v = [[value("v_ij", "v_ii", i, j) for j in rows] for i in rows]
    first = [[value("f_ij", "f_ii", i, j) for j in rows] for i in rows]
    second = [[value("f_iij", "f_iii", i, j, f_ij=first[i][j]) for j in rows] for i in rows]
    noise = [rule("noise_j", **known(i, i)) for i in rows]
    spread_of = [[rule("var_ij", v_ij=v[i][j], f_ij=first[i][j]) + noise[j] for j in rows] for i in rows]  # fmt: skip
    shifts = [
        sum(rule("shift_ij", v_ij=v[i][j], a_i=a[i], a_j=a[j]) for j in rows if j != i)
        for i in rows
    ]
    return {
        "mean": [rule("mean_i", a_i=a[i], t=t, v=v[i], f=second[i], d=d) for i in rows],
        "variance": matrix(spread_of),
        "shift": shifts,
        "t_stop": [rule("t_stop", a_i=x, n=n, nu=nu) for x in a],
    }


def round_the_spectrum(rule: Rule, *, a: list[Any], n: Any, t: Any) -> dict[str, Any]:
    """Evaluate the contour integral on a circle in k, which winds round everything."""
    with mpmath.workdps(40):
        right = sum(a) / n
        left = -(max(a) + 1.5 * sum(a) / mpmath.sqrt(n))
        centre, radius, points = (right + left) / 2, (right - left) / 2, 400

        def place(k: Any) -> Any:
            return rule("z", k=k, F=rule("F", a=a, k=k, n=n, d=len(a)))

        total = [mpmath.mpc(0) for _ in a]
        for m in range(points):
            turn = mpmath.expjpi(mpmath.mpf(2 * m) / points)
            k = centre + radius * turn
            z, weight = place(k), mpmath.diff(place, k) * radius * turn / points
            for i, x in enumerate(a):
                # −1/(2πi) ∮ e^(−zt) R dz, with dk = 2πi (k − centre)/points
                total[i] -= mpmath.exp(-z * t) * rule("R_i", k=k, z=z, a_i=x) * weight
        return {"h": [mpmath.re(x) for x in total]}


with written():
    STATEMENTS = (
        Statement(
            "finite-n-perturbation",
            (
                Eq(
                    v_ij,
                    Add(
                        sigma_i**2 * sigma_j**2,
                        p_i * mu_i**2 * sigma_j**2,
                        p_j * mu_j**2 * sigma_i**2,
                    )
                    / n,
                ),
                Eq(
                    v_ii,
                    Add(3 * sigma_i**4, p_i * (6 * sigma_i**2 * mu_i**2 + mu_i**4), -(a_i**2)) / n,
                ),
                Eq(f_ij, (exp(-a_i * t) - exp(-a_j * t)) / (a_i - a_j)),
                Eq(f_ii, -t * exp(-a_i * t)),
                Eq(f_iij, (f_ij + t * exp(-a_i * t)) / (a_j - a_i)),
                Eq(f_iii, t**2 * exp(-a_i * t) / 2),
                Eq(mean_i, Add(1, -exp(-a_i * t), -_BIAS)),
                Eq(var_ij, v_ij * f_ij**2),
                Eq(noise_j, nu**2 * (1 - exp(-a_j * t)) ** 2 / (n * a_j)),
                Eq(shift_ij, v_ij / (a_i - a_j)),
                Eq(t_stop, log(1 + n * a_i / nu**2) / a_i),
            ),
            symbols={
                v_ij: "variance of entry (i, j) of the samples' second moment",
                f_ij: "divided difference f[a_i, a_j] of f(x) = e^(−xt), and the second ones",
                mean_i: "mean of W_ii",
                row: "the variances of row i",
                pair: "the second differences f[a_i, a_i, a_j] of row i",
                var_ij: "variance of W_ij",
                noise_j: "what noisy labels add to it",
                shift_ij: "mean shift of rate i by concept j",
                t_stop: "best time to stop mode i under label noise",
                a_i: "rates",
                sigma_i: "diversities, standard deviations",
                mu_i: "signal strengths",
                p_i: "cluster probabilities",
                n: "samples",
                t: "canonical time",
                nu: "standard deviation of the noise on each label",
                j: "index of a concept",
                d: "dimension",
            },
            printed={
                v_ij: "v_{ij}",
                v_ii: "v_{ii}",
                f_ij: "f_{ij}",
                f_ii: "f_{ii}",
                f_iij: "f_{iij}",
                f_iii: "f_{iii}",
                mean_i: r"\mathbb{E}\,W_{ii}(t)",
                var_ij: r"\mathrm{Var}\,W_{ij}(t)",
                noise_j: r"\mathrm{Var}_\nu W_{ij}(t)",
                shift_ij: r"\mathbb{E}_j\,\hat a_i - a_i",
                t_stop: r"t_i^*",
            },
            compute=perturbed,
        ),
        Statement(
            "finite-n-proportional",
            (
                Eq(F, 1 / n * _SHARES),
                Eq(z, -k * (1 - F)),
                Eq(R_i, Mul(-1, k / (z * (a_i + k)))),
                Eq(h_i, Mul(-1, 1 / (2 * pi * sympy.I), contour(exp(-z * t) * R_i, z))),
            ),
            symbols={
                h_i: "mean of what is left of coordinate i, so that E W = 1 − h",
                R_i: "deterministic equivalent of the resolvent of the samples' second moment",
                z: "point beside its spectrum; the path winds once round the spectrum and zero",
                k: "rate by which the population is damped",
                F: "degrees of freedom per sample",
                rate: "rates",
                n: "samples",
                d: "dimension",
                j: "index of a coordinate",
                t: "canonical time",
            },
            printed={h_i: r"\mathbb{E}\,[e^{-\hat At}]_{ii}"},
            compute=round_the_spectrum,
        ),
        Statement(
            "spike-bbp",
            (
                Eq(g_c, sigma**2 * sqrt(gamma)),
                Eq(edge, sigma**2 * (1 + sqrt(gamma)) ** 2),
                Eq(eigenvalue, (sigma**2 + g) * (1 + gamma * sigma**2 / g)),
                Eq(overlap, (1 - gamma * sigma**4 / g**2) / (1 + gamma * sigma**2 / g)),
            ),
            symbols={
                g_c: "strength below which the direction leaves no trace",
                g: "strength of the direction, whose rate is σ² + g",
                edge: "largest eigenvalue of the noise, and of all for weaker directions",
                eigenvalue: "eigenvalue of a stronger one",
                overlap: "squared cosine of its eigenvector with the direction",
                sigma: "standard deviation of the noise in every direction",
                gamma: "dimensions over samples",
            },
            printed={
                sigma: r"\sigma",
                edge: r"\lambda_{\mathrm{edge}}",
                eigenvalue: r"\lambda",
                overlap: r"\cos^2\theta",
            },
        ),
    )
