"""Statements on one linear layer."""

from __future__ import annotations

from sympy import Eq, IndexedBase, Sum, exp, symbols

from simtheory.analytic.symbolic._statement import Statement, matrices, written

W, W0, A, I = matrices("W W0 A I")
t, L_test, L_train = symbols("t L_test L_train", positive=True)
k, s, d = symbols("k s d", integer=True, positive=True)
mu, a = IndexedBase("mu"), IndexedBase("a")
_TEST = Sum(mu[k] ** 2 * exp(-2 * a[k] * t), (k, 1, s))
_TRAIN = Sum(a[k] * exp(-2 * a[k] * t), (k, 1, d))

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
    )
