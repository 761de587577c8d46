"""Labelled results on the tied two-layer net."""

from __future__ import annotations

from simtheory.equations._equation import Equation

EQUATIONS = (
    Equation(
        "tied-field",
        "Tied net: the flow of W",
        "exact",
        "any second moment, any start",
        "yang2024",
        "Section 4.2, Eq. 4.3",
    ),
    Equation(
        "tied-mode",
        "Tied net: an isolated mode",
        "exact",
        "W(0) commutes with the second moment",
        "saxe2014",
        "Eq. 7, with the identity as target",
    ),
    Equation(
        "tied-isotropic",
        "Tied net: equal rates",
        "exact",
        "all rates equal, any start",
        "yang2024",
        "derived here from Eq. 4.3",
    ),
    Equation(
        "tied-rank-one",
        "Tied net of width one",
        "exact",
        "width 1, any second moment, |u(0)| < 1",
        "yang2024",
        "derived here from Eq. 4.3",
    ),
    Equation(
        "det-law",
        "Tied net: the determinant law",
        "exact",
        "full-rank start with W(0) < I, any second moment",
        "yang2024",
        "derived here from Eq. 4.3",
    ),
    Equation(
        "sum-rule",
        "Tied net: the sum rule",
        "exact",
        "full-rank start, second moment of full rank",
        "yang2024",
        "derived here from the determinant law",
    ),
    Equation(
        "first-order",
        "Tied net: first order in the off-diagonals",
        "O(ε²) on the diagonal, ε the largest cosine between rows of U(0)",
        "nearly orthogonal rows (ε ≲ 0.1)",
        "yang2024",
        "derived here from Eq. 4.3",
    ),
    Equation(
        "ldl-logit",
        "Tied net: the pivots' resummation",
        "O(ω^(1−ρ)), ω the size of W(0), ρ the largest ratio of adjacent rates",
        "W(0) < I, small ω, any width",
        "yang2024",
        "derived here from Eq. 4.3",
    ),
    Equation(
        "learning-time",
        "Tied net: learning times",
        "relative O(ω^(1−ρ)) in the pivot",
        "W(0) < I, small ω, any width",
        "yang2024",
        "derived here from the pivots' resummation",
    ),
    Equation(
        "swing-peak",
        "Tied net: peak of an off-diagonal entry",
        "leading order; w_jj still small at the peak",
        "rate ratio ρ ≤ 0.5, ω ≤ 0.01",
        "yang2024",
        "derived here from the first-order form",
    ),
)
