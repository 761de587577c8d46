"""Labelled results on deep linear nets."""

from __future__ import annotations

from simtheory.equations._equation import Equation

EQUATIONS = (
    Equation(
        "depth-mode",
        "Deep net: a mode of any depth",
        "exact",
        "balanced layers aligned with the concepts, any real depth of at least 1",
        "saxe2014",
        "derived here from the flow of one mode",
    ),
    Equation(
        "depth-infinite",
        "Deep net: a mode of infinite depth",
        "exact",
        "depth to infinity at a fixed product of depth and rate; balanced, aligned layers",
        "saxe2014",
        "derived here as the limit of the flow of one mode",
    ),
    Equation(
        "depth-offdiag",
        "Deep net: first order in the off-diagonals",
        "O(ε²) on the diagonal, ε the largest |W_ij| over √(w_ii w_jj)",
        "balanced layers, W nearly diagonal all along (ε ≲ 0.1)",
        "yang2024",
        "derived here from the flow",
    ),
)
