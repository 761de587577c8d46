"""Statements on one linear layer."""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Add, Eq, IndexedBase, Sum, exp, sqrt, symbols

from simtheory.analytic.symbolic._statement import (
    Rule,
    Statement,
    blocks,
    matrices,
    matrix,
    transpose,
    written,
)

W, W0, A, I, C, B = matrices("W W0 A I C B")
E, E0, M, m, one = matrices("E E0 M m one")
gamma, a_k, w_star = symbols("gamma a_k w_star", positive=True)
ell, secular = symbols("ell secular")
t, L_test, L_train, S_test, tau = symbols("t L_test L_train S_test tau", positive=True)
k, s, d = symbols("k s d", integer=True, positive=True)
mu, a, mean = IndexedBase("mu"), IndexedBase("a"), IndexedBase("m")
_POLES = Sum(mean[k] ** 2 / (a[k] - ell), (k, 1, d))
_TEST = Sum(mu[k] ** 2 * exp(-2 * a[k] * t), (k, 1, s))
_TRAIN = Sum(a[k] * exp(-2 * a[k] * t), (k, 1, d))


def affine(
    rule: Rule, *, mu: list[Any], p: list[Any], spread: list[Any], E0: Any, t: Any, ell: Any
) -> dict[str, Any]:
    """Evaluate the affine flow, the rates and the secular function of a task in its own axes."""
    d = len(mu)
    rates = [s**2 + q * x**2 for s, q, x in zip(spread, p, mu, strict=True)]
    centre = [q * x for q, x in zip(p, mu, strict=True)]
    zero = mu[0] * 0
    A = matrix([[rates[i] if i == j else zero for j in range(d)] for i in range(d)])
    M = rule("M", A=A, m=matrix([[v] for v in centre]), one=matrix([[zero + 1]]))
    left = rule("E", E0=E0, M=M, t=t)
    values, _ = mpmath.eigsy(M)
    return {
        "W": matrix([[left[i, j] + (i == j) for j in range(d)] for i in range(d)]),
        "b": [left[i, d] for i in range(d)],
        "rates": sorted(values, reverse=True),
        "secular": rule("secular", a=rates, m=centre, ell=ell, d=d),
    }


with written():
    STATEMENTS = (
        Statement(
            "one-layer-flow",
            Eq(W, I + (W0 - I) * exp(-A * t)),
            symbols={
                W: "end-to-end map at time t",
                W0: "start",
                A: "uncentred second moment",
                I: "identity",
                t: "canonical time",
            },
            printed={W: "W(t)", W0: "W(0)"},
        ),
        Statement(
            "one-layer-ood",
            (
                Eq(L_test, _TEST / 2),
                Eq(L_train, _TRAIN / 2),
            ),
            symbols={
                L_test: "loss at the target",
                L_train: "loss on the training distribution",
                mu: "signal strengths",
                a: "rates",
                s: "number of concepts",
                d: "dimension",
                t: "canonical time",
            },
            printed={
                L_test: r"\mathcal{L}_{\mathrm{test}}(t)",
                L_train: r"\mathcal{L}_{\mathrm{train}}(t)",
            },
        ),
        Statement(
            "one-layer-random-start",
            (
                Eq(L_test, (1 + d * tau**2) / 2 * _TEST),
                Eq(L_train, (1 + d * tau**2) / 2 * _TRAIN),
                Eq(S_test, tau * sqrt(1 + d * tau**2 / 2) * _TEST),
            ),
            symbols={
                L_test: "mean loss at the target over starts",
                L_train: "mean loss on the training distribution",
                S_test: "standard deviation of the loss at the target between starts",
                tau: "standard deviation of the entries of W(0)",
                mu: "signal strengths",
                a: "rates",
                s: "number of concepts",
                d: "dimension",
                t: "canonical time",
            },
            printed={
                L_test: r"\mathbb{E}\,\mathcal{L}_{\mathrm{test}}(t)",
                L_train: r"\mathbb{E}\,\mathcal{L}_{\mathrm{train}}(t)",
                S_test: r"\mathrm{sd}\,\mathcal{L}_{\mathrm{test}}(t)",
            },
        ),
        Statement(
            "one-layer-general",
            (
                Eq(B, A + gamma * I),
                Eq(W, W0 * exp(-B * t) + C * B**-1 * (I - exp(-B * t))),
                Eq(w_star, a_k / (a_k + gamma)),
            ),
            symbols={
                W: "end-to-end map at time t",
                W0: "start",
                A: "uncentred second moment of the inputs",
                C: "cross moment E[y xᵀ] of teacher and input; A for the identity",
                B: "rates: second moment with decay",
                gamma: "weight decay: ½γ‖W‖² is added to the loss",
                I: "identity",
                t: "canonical time",
                w_star: "level that concept k reaches when the identity is learned",
                a_k: "its rate without decay",
            },
            printed={W: "W(t)", W0: "W(0)", w_star: "w_k^*"},
        ),
        Statement(
            "one-layer-affine",
            (
                Eq(M, blocks(A, m, transpose(m), one)),
                Eq(E, E0 * exp(-M * t)),
                Eq(secular, Add(1, -ell, -_POLES)),
            ),
            symbols={
                E: "what is missing, the map's and the bias's, side by side",
                E0: "its start",
                M: "augmented moment; its eigenvalues are the rates",
                A: "uncentred second moment, with a_k on its diagonal",
                m: "mean of the inputs",
                secular: "secular function: zero where ℓ is a rate",
                ell: "candidate for a rate",
                a: "rates without a bias",
                k: "index of a coordinate",
                d: "dimension",
                t: "canonical time",
                one: "the constant input, a single one",
            },
            printed={
                E: r"\left[W - I,\ b\right](t)",
                E0: r"\left[W - I,\ b\right](0)",
                one: "1",
                ell: r"\ell",
                secular: r"\frac{\det(M - \ell)}{\prod_k (a_k - \ell)}",
            },
            compute=affine,
        ),
    )
