"""Labelled results on the discrete optimisers of one linear layer."""

from __future__ import annotations

from simtheory.equations._equation import Equation

EQUATIONS = (
    Equation(
        "gd-linear",
        "Gradient descent, heavy ball and Nesterov",
        "exact",
        "one layer, full batch, any step and start",
        "yang2024",
        "derived here from the loss of section 2.1",
    ),
    Equation(
        "sgd-moments",
        "SGD on fresh batches: second moments and the loss in the end",
        "exact",
        "one layer, fresh batches; the stationary law: Gaussian data without means, stable steps",
        "yang2024",
        "derived here from the loss of section 2.1",
    ),
    Equation(
        "adam-scale-free",
        "Adam without ε and sign descent do not see the rates",
        "exact",
        "full batch, ε = 0, diagonal second moment and start; one layer (and tied nets)",
        "yang2024",
        "derived here from the loss of section 2.1",
    ),
)
