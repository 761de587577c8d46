"""Statements on linear diffusion and guidance."""

from __future__ import annotations

from typing import Any

from sympy import Eq, exp, symbols

from simtheory.analytic.symbolic._statement import Rule, Statement, matrices, matrix, written

W, A, B, I = matrices("W A B I")
T, c, w, p = symbols("T c w p")
a, b, m, C, W_1, W_c, W_z, alpha_next, alpha, noise_next, noise = symbols(
    "a b m C W_1 W_c W_z alpha_next alpha noise_next noise"
)
mean, spread, keep, push = symbols("mean spread keep push")


def sampled(
    rule: Rule, *, T: Any, mu: Any, jitter: Any, share: Any, alpha: Any, noise: Any
) -> dict[str, Any]:
    """Train a level for each but the last of a list, and walk down them; one concept, of value 1."""
    centre, spread = share * mu, 1 + 0 * mu  # E c, and the variance of the start
    second = share * mu**2  # E c²
    found: dict[str, Any] = {"m": 0 * mu, "C": spread}
    for k in range(len(alpha) - 1):
        here, there = (alpha[k], noise[k]), (alpha[k + 1], noise[k + 1])
        power = second + jitter**2  # E x²
        known = {
            "A": matrix(
                [
                    [1 + 0 * mu, centre, here[0] * centre],
                    [centre, second, here[0] * second],
                    [here[0] * centre, here[0] * second, here[0] ** 2 * power + here[1] ** 2],
                ]
            ),
            "B": matrix([[centre, second, here[0] * power]]),
        }
        weights = rule("W", **known, T=T)
        steps = {
            "alpha": here[0],
            "noise": here[1],
            "alpha_next": there[0],
            "noise_next": there[1],
            "W_1": weights[0, 0],
            "W_c": weights[0, 1],
            "W_z": weights[0, 2],
            "c": mu,
        }
        steps["push"] = rule("push", **steps)
        steps["keep"] = rule("keep", **steps)
        found = {
            "m": rule("mean", m=found["m"], **steps),
            "C": rule("spread", C=found["C"], **steps),
        }
    return found


with written():
    STATEMENTS = (
        Statement(
            "linear-diffusion",
            (
                Eq(W, B * A**-1 * (I - exp(-A * T))),
                Eq(push, alpha_next - noise_next / noise * alpha),
                Eq(keep, push * W_z + noise_next / noise),
                Eq(mean, keep * m + push * (W_1 + W_c * c)),
                Eq(spread, keep**2 * C),
            ),
            symbols={
                W: "weights of one noise level, (W_1, W_c, W_z), after training for T",
                A: "second moment of the features, one, class and noised data",
                B: "moment of the clean data with the features",
                I: "identity",
                T: "canonical time",
                c: "class in the prompt, strength times code",
                m: "mean of the samples at the level",
                C: "their variance",
                mean: "mean of the samples at the next level, of less noise",
                spread: "variance at the next level",
                keep: "what a deviation is multiplied by",
                push: "what the guessed clean data are multiplied by",
                W_1: "bias",
                W_c: "weight of the class",
                W_z: "weight of the noised data",
                alpha: "share of the data at the level",
                noise: "share of the noise",
                alpha_next: "share of the data at the next level",
                noise_next: "share of the noise there",
            },
            printed={mean: "m'", spread: "C'", alpha_next: r"\alpha'", noise_next: "s'"}
            | {noise: "s", alpha: r"\alpha", keep: "K", push: "a"},
            compute=sampled,
        ),
        Statement(
            "guidance-is-overprompting",
            Eq(p, (1 + w) * c),
            symbols={
                p: "prompt that gives, without guidance, what guidance of c gives",
                c: "prompt, strength times code",
                w: "strength of the guidance, (1 + w) f(c) − w f(0)",
            },
        ),
    )
