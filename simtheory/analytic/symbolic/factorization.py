"""Statements on factorisation."""

from __future__ import annotations

from sympy import Eq, exp, pi, symbols

from simtheory.analytic.symbolic._statement import Statement, written

n, N, tau = symbols("n N tau", positive=True)
A, B, PR, R, r = symbols("A B PR R r", positive=True)
acc = symbols("acc")

_COVERED = {
    acc: "share of the queries that are answered",
    N: "side of the torus of labels",
    tau: "tolerance",
}
_ACCURACY = {acc: r"\mathrm{acc}"}

with written():
    STATEMENTS = (
        Statement(
            "nearest-random",
            Eq(acc, 1 - exp(-pi * n * tau**2 / N**2)),
            symbols=_COVERED | {n: "mean number of examples"},
            printed=_ACCURACY,
        ),
        Statement(
            "nearest-factorised",
            Eq(acc, (1 - exp(-2 * n * tau / N)) ** 2),
            symbols=_COVERED | {n: "mean number of examples of each factor"},
            printed=_ACCURACY,
        ),
        Statement(
            "torus-constants",
            (
                Eq(A, (R**2 + r**2 / 2) / 2),
                Eq(B, r**2 / 2),
                Eq(PR, (2 * A + B) ** 2 / (2 * A**2 + B**2)),
            ),
            symbols={
                PR: "participation ratio",
                A: "variance along either axis of the ring",
                B: "variance along the axis of the doughnut",
                R: "distance of the tube from the axis",
                r: "radius of the tube",
            },
            printed={PR: r"\mathrm{PR}"},
        ),
    )
