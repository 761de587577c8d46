"""Labelled statements of the paper of Yang et al. itself."""

from __future__ import annotations

from simtheory.equations._equation import Equation

EQUATIONS = (
    Equation(
        "theorem-4-1",
        "Theorem 4.1: growth and noise",
        "exact",
        "one layer, any start and input",
        "yang2024",
        "Theorem 4.1 and Eq. 4.2, with the sum over all coordinates",
    ),
    Equation(
        "entry-split",
        "Growth, suppression and interaction of an entry",
        "exact",
        "tied net, diagonal second moment",
        "yang2024",
        "Section 4.2, Eq. 4.3",
    ),
    Equation(
        "appendix-bounds",
        "Bounds of Appendix D",
        "bounds on the tied recurrence, as the paper states them",
        "Assumptions D.1 to D.5",
        "yang2024",
        "Appendix D, Lemmas D.1 to D.6, Corollaries D.1 and D.2",
    ),
    Equation(
        "assumption-check",
        "How small a start the assumptions of Appendix D need",
        "exact",
        "distinct rates; D.3 and the second part of D.4 are slack there",
        "yang2024",
        "derived here from Assumptions D.2, D.4 and D.5",
    ),
    Equation(
        "hierarchy-meter",
        "Losses at the vertices, one layer from zero",
        "exact",
        "one layer, zero start; a tied net breaks the order while it swings by",
        "yang2024",
        "Appendix B; derived here from Theorem 4.1",
    ),
    Equation(
        "psd-guard",
        "What a step on W leaves out",
        "exact",
        "tied net, any start, any step",
        "yang2024",
        "derived here from the recurrence of Appendix D",
    ),
)
