"""Labelled results on linear flow matching."""

from __future__ import annotations

from simtheory.equations._equation import Equation

EQUATIONS = (
    Equation(
        "fm-one-layer",
        "Flow matching by one layer",
        "exact",
        "aligned start",
        "wang2025",
        "released code",
    ),
    Equation(
        "fm-tied",
        "Flow matching by a tied net",
        "exact",
        "aligned start, Q ≥ 0; the variance is one integral",
        "wang2025",
        "derived here",
    ),
)
