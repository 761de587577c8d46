"""Labelled results on the exact structure of the tied two-layer net."""

from __future__ import annotations

from simtheory.equations._equation import Equation

_HERE = "derived here from Eq. 4.3"

EQUATIONS = (
    Equation(
        "eigen-logit-law",
        "Tied net: the eigen-logit law",
        "exact",
        "any second moment, any start",
        "yang2024",
        _HERE,
    ),
    Equation(
        "involution",
        "Tied net: learning is reversible",
        "exact",
        "any second moment, any start",
        "yang2024",
        _HERE,
    ),
    Equation(
        "logit-ode",
        "Tied net: the flow of the logit matrix",
        "exact",
        "any second moment, W < I",
        "yang2024",
        _HERE,
    ),
    Equation(
        "two-by-two-laws",
        "Tied net: the laws of two concepts",
        "exact",
        "d = 2, full-rank start with W(0) < I",
        "yang2024",
        _HERE,
    ),
    Equation(
        "plane-hamiltonian",
        "Tied net: two concepts as a Hamiltonian system",
        "exact",
        "d = 2, tied concepts, 0 < W < I",
        "yang2024",
        _HERE,
    ),
    Equation(
        "tied-projector",
        "Tied net: a start at a projector",
        "exact",
        "W(0)² = W(0), any second moment",
        "yang2024",
        _HERE,
    ),
    Equation(
        "tied-blocks",
        "Tied net: blocks of equal rates",
        "exact",
        "W(0) ties equal rates only",
        "yang2024",
        _HERE,
    ),
    Equation(
        "tied-whitened-target",
        "Tied net: any symmetric target on whitened inputs",
        "exact",
        "second moment aI, symmetric target, any start",
        "yang2024",
        _HERE,
    ),
    Equation(
        "diagonal-upper-bound",
        "Tied net: no entry is earlier than its own mode",
        "exact",
        "any start",
        "yang2024",
        _HERE,
    ),
    Equation(
        "decay-family",
        "Tied net: a mode with weight decay and a target",
        "exact",
        "W(0) and the target commute with the second moment",
        "yang2024",
        _HERE,
    ),
    Equation(
        "tied-rank-one-decay",
        "Tied net of width one with weight decay",
        "exact",
        "width 1, any second moment",
        "yang2024",
        _HERE,
    ),
    Equation(
        "gd-modified",
        "Tied net: a mode under steps of finite size",
        "O(η²), η the canonical time of a step",
        "W(0) commutes with the second moment, ηa < 1",
        "yang2024",
        "derived here from the step of descent on U",
    ),
    Equation(
        "global-convergence",
        "Tied net: every start of full rank ends at W = I",
        "exact",
        "positive rates, U(0) of full row rank, flow",
        "yang2024",
        _HERE,
    ),
)
