"""Labelled results on the untied two-layer net."""

from __future__ import annotations

from simtheory.equations._equation import Equation

EQUATIONS = (
    Equation(
        "untied-early",
        "Untied net: the early phase",
        "O(W²)",
        "while W is small; any second moment, any widths",
        "yang2024",
        "derived here from the flow",
    ),
    Equation(
        "balanced-riccati",
        "Untied net: λ-balanced layers on whitened inputs",
        "exact",
        "whitened inputs, W₂ᵀW₂ − W₁W₁ᵀ = λI, any target and widths",
        "domine2024",
        "generalised here to any shapes and ranks; λ = 0 in Braun et al. (2022)",
    ),
    Equation(
        "imbalanced-mode",
        "Untied net: a mode of imbalanced layers",
        "exact",
        "aligned layers, any rate and imbalance",
        "tarmoun2021",
        "the scalar two-layer problem, solved here in closed form",
    ),
    Equation(
        "untied-first-order",
        "Untied net: first order in the off-diagonals",
        "O(ε²) on the diagonal, ε the largest |W_ij| over √(w_ii w_jj)",
        "balanced layers, W nearly diagonal all along (ε ≲ 0.1)",
        "yang2024",
        "derived here from the flow",
    ),
    Equation(
        "untied-crossing",
        "Untied net: one crossing",
        "O(w_jj), and that of the first order",
        "balanced layers, W nearly diagonal, the weaker mode still small, distinct rates",
        "yang2024",
        "derived here from the first-order form",
    ),
    Equation(
        "untied-ldr",
        "Untied net: the pivots' resummation",
        "O(ω^(1−ρ)) + O(√ω), ω the squared size of the layers, ρ the largest ratio of adjacent rates",
        "small layers of any width, W(0) < I",
        "yang2024",
        "derived here from the flow",
    ),
)
