"""Statements on the SIM task: its rates, and its clock."""

from __future__ import annotations

from sympy import Eq, symbols

from simtheory.analytic.symbolic._statement import Statement, written

a_k, sigma_k, p_k, mu_k = symbols("a_k sigma_k p_k mu_k", positive=True)
t, k, c, m, eta, beta = symbols("t k c m eta beta", positive=True)

with written():
    STATEMENTS = (
        Statement(
            "moment-rates",
            Eq(a_k, sigma_k**2 + p_k * mu_k**2),
            symbols={
                a_k: "rate of concept k: the diagonal of the uncentred second moment",
                sigma_k: "diversity, a standard deviation",
                p_k: "probability of cluster k",
                mu_k: "signal strength",
            },
        ),
        Statement(
            "unit-map",
            Eq(t, c * m * eta * k / (1 - beta)),
            symbols={
                t: "canonical time",
                k: "optimiser steps",
                eta: "learning rate",
                c: "1, 2 or 2/d for the losses half_sum, sum and mean over d outputs",
                m: "2 for a tied net, else 1",
                beta: "heavy-ball momentum",
            },
        ),
    )
