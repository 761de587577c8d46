"""Proofs on linear diffusion and guidance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy
from sympy import diag, expand, simplify, symbols

from derivations._proof import Step, proof, symmetric
from simtheory.analytic.symbolic import Statement

T = symbols("T", positive=True)


@proof("linear-diffusion")
def linear_diffusion(statement: Statement) -> Iterator[Step]:
    """The flow of each level is linear, and so is each step of the sampler."""
    A, W = symmetric("a", 2), sympy.Matrix(1, 2, symbols("w_1 w_2"))
    B = sympy.Matrix(1, 2, symbols("b_1 b_2"))
    loss = (
        (W * A * W.T)[0] - 2 * (W * B.T)[0]
    ) / 2  # of E|y − Wφ|²/2, without what W does not change
    gradient = sympy.Matrix(1, 2, [sympy.diff(loss, weight) for weight in W])
    yield Step(
        "The gradient of half the squared error is WA − B.",
        (gradient - (W * A - B)).applyfunc(expand),
    )
    rates = diag(*symbols("ell_1 ell_2", positive=True))
    flow = statement.rule("W", A=rates, B=B, T=T, I=sympy.eye(2))
    yield Step(
        "In the axes of A the closed form solves Ẇ = B − WA.",
        (flow.diff(T) - (B - flow * rates)).applyfunc(simplify),
    )
    yield Step("It starts at 0.", flow.subs(T, 0))
    letters = symbols("z c m C W_1 W_c W_z alpha alpha_next")
    z, c, m, C, W_1, W_c, W_z, alpha, alpha_next = letters
    noise, noise_next = symbols("noise noise_next", positive=True)
    values: dict[str, Any] = {letter.name: letter for letter in letters[1:]}
    values |= {"noise": noise, "noise_next": noise_next}
    values["push"] = statement.rule("push", **values)
    values["keep"] = statement.rule("keep", **values)
    clean = W_1 + W_c * c + W_z * z
    after = alpha_next * clean + noise_next / noise * (z - alpha * clean)
    mean, spread = statement.rule("mean", **values), statement.rule("spread", **values)
    yield Step(
        "A step of the sampler takes the mean to the next mean,", expand(after.subs(z, m) - mean)
    )
    yield Step("and a deviation to its multiple.", expand(sympy.diff(after, z) ** 2 * C - spread))


@proof("guidance-is-overprompting")
def guidance(statement: Statement) -> Iterator[Step]:
    """What a linear model returns for a class is the bias and the data's part, and a multiple of the class."""
    c, w, b, V, W_z, z = symbols("c w b V W_z z")

    def model(prompt: Any) -> Any:
        return b + V * prompt + W_z * z

    guided = (1 + w) * model(c) - w * model(0)
    stated = statement.rule("p", c=c, w=w)
    yield Step(
        "Guidance moves the prediction as the stronger prompt does.", expand(guided - model(stated))
    )
