"""Labelled results on one layer trained on a finite sample."""

from __future__ import annotations

from simtheory.equations._equation import Equation

EQUATIONS = (
    Equation(
        "finite-n-perturbation",
        "Finite samples: mean, variance, shifted rates and noisy labels",
        "O(1/n): relative ε², ε = t (max_i Σ_j v_ij)^(1/2)",
        "one layer from zero, n samples with drawn clusters, ε ≤ 0.5",
        "yang2024",
        "derived here from Theorem 4.1",
    ),
    Equation(
        "finite-n-proportional",
        "As many samples as dimensions: the mean",
        "O(1/n) at fixed d/n",
        "one layer from zero, d ≥ 10",
        "yang2024",
        "derived here from Theorem 4.1",
    ),
    Equation(
        "spike-bbp",
        "What samples show of one direction",
        "o(1) as d → ∞ at fixed d/n",
        "one direction above isotropic noise",
        "baik2005",
        "Theorem 1.1; derived here from the proportional limit",
    ),
)
