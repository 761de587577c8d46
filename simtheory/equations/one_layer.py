"""Labelled results on one linear layer."""

from __future__ import annotations

from simtheory.equations._equation import Equation

EQUATIONS = (
    Equation(
        "one-layer-flow",
        "One layer: the whole trajectory",
        "exact",
        "any second moment, any start",
        "yang2024",
        "Theorem 4.1, Eq. 4.2",
    ),
    Equation(
        "one-layer-ood",
        "One layer: losses from a zero start",
        "exact",
        "zero start",
        "yang2024",
        "derived here from Theorem 4.1",
    ),
    Equation(
        "one-layer-general",
        "One layer: any target, with weight decay",
        "exact",
        "any target, any second moment (also a singular one), any start",
        "yang2024",
        "derived here as Theorem 4.1",
    ),
    Equation(
        "one-layer-affine",
        "One layer with a trained bias",
        "exact",
        "any task, any start",
        "yang2024",
        "derived here from the loss of section 2.1",
    ),
)
