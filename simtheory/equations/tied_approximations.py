"""Labelled results on further approximate forms of the tied two-layer net."""

from __future__ import annotations

from simtheory.equations._equation import Equation

EQUATIONS = (
    Equation(
        "schur-form",
        "Tied net: sequential Schur complements",
        "O(ω^(1−ρ)), ω the size of W(0), ρ the largest ratio of adjacent rates",
        "small ω, distinct rates, any width",
        "yang2024",
        "derived here from Eq. 4.3",
    ),
    Equation(
        "second-order-diagonal",
        "Tied net: second order on the diagonal",
        "O(ε³), O(ε⁴) in two dimensions, ε the largest cosine between rows of U(0)",
        "nearly orthogonal rows (ε ≲ 0.1); the early form while the weaker concept is small",
        "yang2024",
        "derived here from Eq. 4.3",
    ),
    Equation(
        "bump-top",
        "Tied net: top of the bump in the test loss",
        "leading order; a fraction of a percent for a small start and distant rates",
        "two concepts, w₁₂(0) > 0, rate ratio ρ ≤ 0.45",
        "yang2024",
        "derived here from the Schur form",
    ),
    Equation(
        "first-order-target",
        "Tied net: first order with another target and weight decay",
        "O(ε²) on the diagonal, ε the largest cosine between rows of U(0)",
        "nearly orthogonal rows (ε ≲ 0.1)",
        "yang2024",
        "derived here from Eq. 4.3",
    ),
)
