"""Labelled results on the task and its clock."""

from __future__ import annotations

from simtheory.equations._equation import Equation

EQUATIONS = (
    Equation(
        "moment-rates",
        "Rates of the concepts",
        "exact",
        "axis-aligned clusters, infinite data",
        "yang2024",
        "Theorem 4.1",
    ),
    Equation(
        "unit-map",
        "Optimiser steps and canonical time",
        "exact",
        "learning rate to zero",
        "yang2024",
        "derived here from the loss of section 2.1",
    ),
)
